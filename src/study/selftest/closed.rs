//! Closed loops: a fixed number of users who think and ask.

use super::case::{Parameters, Quantities};
use super::experiment::{Clock, Experiment, discipline, mean_service, named, service};
use super::network::{chain, per_station};
use super::open::add_quantiles;
use super::run::Window;
use crate::theory::closed::{machine_repair, usl_loop};
use crate::theory::mva;

fn users(p: &Parameters, clock: &Clock) -> Result<String, String> {
    let users = p.whole("users")?;
    let loops = format!("executor = \"constant-vus\"\nvus = {users}");
    let mean = mean_think(p)?;
    let think = match p.text("think") {
        "deterministic" | "constant" | "fixed" => clock.time(mean),
        "exponential" | "" => clock.exponential(mean),
        "uniform" => {
            let (low, high) = (p.number("think_low")?, p.number("think_high")?);
            format!(
                "{{ uniform = [{}, {}] }}",
                clock.time(low),
                clock.time(high)
            )
        }
        other => return Err(format!("the law `{other}` of the think time is unknown")),
    };
    let scenario = clock.scenario("default", &loops);
    Ok(format!(
        "{scenario}[journeys]\ndefault = [{{ request = \"e\" }}, {{ sleep = {think} }}]\n"
    ))
}

/// The mean of the think time: of a uniform one between its ends.
fn mean_think(p: &Parameters) -> Result<f64, String> {
    if p.text("think") != "uniform" {
        return p.number("mean_think");
    }
    let (low, high) = (p.number("think_low")?, p.number("think_high")?);
    match low < high {
        true => Ok((low + high) / 2.0),
        false => Err("`think_low` must be below `think_high`".to_string()),
    }
}

/// Users before one station, whose speed may follow the Universal Scalability Law.
///
/// # Errors
/// If a parameter is missing or makes no sense.
pub fn station(p: &Parameters) -> Result<Experiment, String> {
    let (n, think, mean) = (p.whole("users")?, mean_think(p)?, mean_service(p)?);
    let servers = p.whole(if p.has("workers") {
        "workers"
    } else {
        "servers"
    })?;
    // A thousand requests a second at most, whatever the law does to the station.
    let fastest = f64::from(servers) / mean;
    let clock = Clock::new(fastest.min(f64::from(n) / (think + mean)));
    let law = service(p, &clock)?;
    let mut station = format!(
        "[stations.s]\nservers = {servers}\ndiscipline = \"{}\"\n",
        discipline(p)?
    );
    let (sigma, kappa) = if p.has("usl_sigma") {
        (p.number("usl_sigma")?, p.number("usl_kappa")?)
    } else {
        (0.0, 0.0)
    };
    if p.has("usl_sigma") {
        station += &format!("scalability = {{ sigma = {sigma:?}, kappa = {kappa:?} }}\n");
    }
    let text = format!(
        "{}{station}[endpoints.e]\ntimeout = \"1000h\"\n\
         visits = [{{ station = \"s\", time = {} }}]\n",
        users(p, &clock)?,
        law.text
    );
    let exponential = law.cv2 == 1.0;
    let queue = if p.has("usl_sigma") {
        usl_loop(n, think, servers, 1.0 / mean, sigma, kappa)
    } else {
        machine_repair(n, think, servers, 1.0 / mean)
    };
    let exact = queue.filter(|_| exponential).map(|queue| {
        named([
            ("throughput", queue.throughput),
            ("mean_response", queue.mean_response),
            ("mean_in_system", queue.mean_at_station),
            ("utilisation", queue.utilisation),
        ])
    });
    Ok(clock.steady(text, exact.unwrap_or_default(), move |w| {
        let mut all = whole(w, clock.scale);
        all.insert("utilisation".to_string(), w.utilisation(0));
        all.insert("mean_in_system".to_string(), w.at_station(0));
        add_quantiles(&mut all, w.durations(), clock.scale);
        all
    }))
}

fn whole(w: &Window, scale: f64) -> Quantities {
    named([
        (
            "throughput",
            w.durations().len() as f64 / w.seconds() * scale,
        ),
        ("mean_response", w.mean_response() / scale),
    ])
}

/// Users who visit one station after another.
///
/// # Errors
/// If a parameter is missing or makes no sense.
pub fn network(p: &Parameters) -> Result<Experiment, String> {
    let means = p.numbers("service_means")?;
    let (n, think) = (p.whole("users")?, mean_think(p)?);
    let slowest = means.iter().copied().fold(0.0, f64::max);
    let total: f64 = means.iter().sum();
    let clock = Clock::new((1.0 / slowest).min(f64::from(n) / (think + total)));
    let (stations, visits) = chain(&clock, means.iter().copied());
    let text = format!(
        "{}{stations}[endpoints.e]\ntimeout = \"1000h\"\nvisits = [{visits}]\n",
        users(p, &clock)?
    );
    let mut exact = Quantities::new();
    if let Some(network) = mva::mva(n, think, &means) {
        exact.extend(named([
            ("throughput", network.throughput),
            ("mean_response", network.mean_response),
        ]));
        for (n, station) in (1..).zip(&network.stations) {
            exact.insert(format!("mean_response_station{n}"), station.mean_response);
            exact.insert(format!("utilisation_station{n}"), station.utilisation);
        }
    }
    let count = means.len();
    Ok(clock.steady(text, exact, move |w| {
        let mut all = whole(w, clock.scale);
        per_station(&mut all, w, count, clock.scale);
        all
    }))
}
