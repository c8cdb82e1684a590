//! Seats and the waiting room.

use super::case::Parameters;
use super::experiment::{Clock, Experiment, Law, named, service};
use super::run::{Window, ratio};
use crate::model::Model;
use crate::stats::quantile::percentiles_ns;
use crate::theory::admission::BatchAdmission;
use crate::theory::erlang::loss;
use crate::theory::seats::{expected_winners, zipf_weights};
use crate::world::snapshot::Marked;

/// The law of popularity as a model writes it, and its weights: "uniform-50", "zipf1.2-500" or a list.
fn popularity(p: &Parameters, seats: u32) -> Result<(String, Vec<f64>), String> {
    if p.has("weights") && p.text("weights").is_empty() {
        let weights = p.numbers("weights")?;
        return Ok((format!("{{ weights = {weights:?} }}"), weights));
    }
    let exponent = exponent(p.text("weights"))?;
    let text = format!("{{ zipf = {exponent:?} }}");
    Ok((text, zipf_weights(seats, exponent)))
}

/// Exponent of a law of popularity: "uniform-50" or "zipf1.2-500".
fn exponent(weights: &str) -> Result<f64, String> {
    let unknown = || format!("the weights `{weights}` are unknown");
    let law = weights.split('-').next().unwrap_or(weights);
    match law {
        "uniform" | "" => Ok(0.0),
        _ => {
            let exponent = law.strip_prefix("zipf").ok_or_else(unknown)?;
            exponent.parse().map_err(|_| unknown())
        }
    }
}

/// Users who look at one seat map at one instant, each of whom picks one seat.
///
/// # Errors
/// If a parameter is missing or makes no sense.
pub fn pick(p: &Parameters) -> Result<Experiment, String> {
    let (users, seats) = (p.whole("users")?, p.whole("seats")?);
    let (law, weights) = popularity(p, seats)?;
    let text = format!(
        "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = {users}\niterations = 1\n\
         journey = \"buy\"\n\
         [journeys]\nbuy = [{{ pick = \"user\" }}, {{ request = \"list\", pick = \"seat\" }}, \
         {{ sleep = \"1s\" }}, {{ request = \"claim\" }}]\n\
         [endpoints.list]\nvisits = [{{ list = \"seats\" }}]\n\
         [endpoints.claim]\nvisits = [{{ claim = \"seat\" }}]\n\
         [inventory]\nevents = 1\nseats_per_event = {seats}\n\
         seat_popularity = {law}\n"
    );
    let n = f64::from(users);
    let exact = expected_winners(users, &weights).map(|winners| {
        named([
            ("expected_winners", winners),
            ("expected_losers", n - winners),
            ("failure_probability", (n - winners) / n),
        ])
    });
    let read = move |_: &Model, run: &Marked| {
        let (probe, _) = run.outcome.inventory.as_ref()?;
        let lost = probe.lost as f64;
        Some(named([
            ("expected_winners", probe.claimed as f64),
            ("expected_losers", lost),
            ("failure_probability", lost / n),
        ]))
    };
    Ok(Experiment {
        text,
        marks: vec![30.0],
        read: Box::new(read),
        exact: exact.unwrap_or_default(),
        replications: 400,
    })
}

/// Users who hold a free seat for a while and give it back.
///
/// # Errors
/// If a parameter is missing or makes no sense.
pub fn holds(p: &Parameters) -> Result<Experiment, String> {
    let (rate, seats) = (p.number("arrival_rate")?, p.whole("seats")?);
    let mean = p.number("mean_hold")?;
    let clock = Clock::new(rate);
    let hold = hold_law(p, &clock)?;
    let text = format!(
        "{}[journeys]\ndefault = [{{ pick = \"user\" }}, \
         {{ request = \"list\", pick = \"seat\", else = \"end_iteration\" }}, \
         {{ request = \"claim\" }}, {{ sleep = {} }}, {{ release = \"seat\" }}]\n\
         [endpoints.list]\nvisits = [{{ list = \"seats\" }}]\n\
         [endpoints.claim]\nvisits = [{{ claim = \"seat\" }}]\n\
         [inventory]\nevents = 1\nseats_per_event = {seats}\n",
        clock.poisson("default", rate),
        hold.text
    );
    let exact = loss(seats, rate, mean).map(|holds| {
        named([
            ("turned_away_probability", holds.turned_away),
            ("mean_seats_held", holds.mean_busy),
        ])
    });
    Ok(clock.steady(text, exact.unwrap_or_default(), |w| {
        let (away, claimed, held) = w.seats();
        named([
            ("turned_away_probability", ratio(away, away + claimed)),
            ("mean_seats_held", held),
        ])
    }))
}

/// "deterministic", "exponential" or "lognormal cv 1".
fn hold_law(p: &Parameters, clock: &Clock) -> Result<Law, String> {
    let mut words = p.text("hold_law").split(' ');
    let law = words.next().unwrap_or("exponential");
    let cv: f64 = match (words.next(), words.next()) {
        (Some("cv"), Some(cv)) => cv.parse().map_err(|_| format!("`{cv}` is not a cv"))?,
        _ => 1.0,
    };
    let parameters = serde_json::json!({
        "service": law, "mean": p.number("mean_hold")?, "cv": cv
    });
    let parameters: Parameters =
        serde_json::from_value(parameters).map_err(|why| why.to_string())?;
    service(&parameters, clock)
}

/// Users who join an empty waiting room at once and are let in by batches.
///
/// # Errors
/// If a parameter is missing or makes no sense.
pub fn batches(p: &Parameters) -> Result<Experiment, String> {
    let (users, batch) = (p.whole("users")?, p.whole("batch")?);
    let period = p.number("period")?;
    let text = format!(
        "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = {users}\niterations = 1\n\
         max_duration = \"10000h\"\njourney = \"wait\"\n\
         [journeys]\nwait = [{{ pick = \"user\" }}, {{ request = \"join\" }}, \
         {{ group = \"wait\", steps = [{{ await = \"admission\" }}] }}]\n\
         [endpoints.join]\nvisits = [{{ issue = \"token\" }}]\n\
         [waiting_room]\nadmit = {{ batch = {batch}, every = \"{}ns\" }}\n",
        (period * 1e9).round() as u64
    );
    let room = BatchAdmission::new(users, batch, period);
    let exact = room.map(|room| {
        named([
            ("mean_wait", room.mean_wait()),
            ("max_wait", room.max_wait()),
            ("p90_wait", room.wait_quantile(0.9).unwrap_or(0.0)),
        ])
    });
    let read = |_: &Model, run: &Marked| {
        let waits = &run.outcome.recorder.groups;
        let ms = percentiles_ns(waits, &[90.0, 100.0])?;
        let sum: u128 = waits.iter().map(|w| u128::from(*w)).sum();
        Some(named([
            ("mean_wait", ratio(sum as f64 / 1e9, waits.len() as f64)),
            ("max_wait", ms.get(1)? / 1e3),
            ("p90_wait", ms.first()? / 1e3),
        ]))
    };
    Ok(Experiment {
        text,
        marks: vec![f64::INFINITY],
        read: Box::new(read),
        exact: exact.unwrap_or_default(),
        replications: 2,
    })
}

impl Window<'_> {
    /// Users who found no seat, users who got one, and the mean number of seats on hold.
    fn seats(&self) -> (f64, f64, f64) {
        let (Some(a), Some(b)) = (&self.from.inventory, &self.to.inventory) else {
            return (0.0, 0.0, 0.0);
        };
        let held = b.held.area(self.to.at) - a.held.area(self.from.at);
        (
            (b.sold_out - a.sold_out) as f64,
            (b.claimed - a.claimed) as f64,
            ratio(held as f64 / 1e9, self.seconds()),
        )
    }

    /// Mean number of tokens held of a pool.
    #[must_use]
    pub fn held(&self, pool: usize) -> f64 {
        let (a, b) = (&self.from.pools[pool].held, &self.to.pools[pool].held);
        let area = b.area(self.to.at) - a.area(self.from.at);
        ratio(area as f64 / 1e9, self.seconds())
    }
}
