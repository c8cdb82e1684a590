//! Open systems: one station that customers come to from outside, under any law of arrivals and
//! service, discipline, number of servers, room and patience.

use super::case::{Parameters, Quantities};
use super::experiment::stages;
use super::experiment::{Clock, Experiment, Law, discipline, erlang, mixture, named, service};
use super::run::{Window, ratio};
use crate::stats::TrendStats;
use crate::stats::durations::DurationSlice;
use crate::theory::breakdown::breakdowns;
use crate::theory::discipline::{Order, mm1_wait};
use crate::theory::gim1::{Gaps, Gim1};
use crate::theory::mg1::{Service, pollaczek_khinchine, processor_sharing_response};
use crate::theory::mmc::Mmc;
use crate::theory::{mmck, patience};

/// Builds the experiment.
///
/// # Errors
/// If a parameter is missing or makes no sense.
pub fn station(p: &Parameters) -> Result<Experiment, String> {
    let rate = p.number("arrival_rate")?;
    let clock = Clock::new(rate);
    let law = service(p, &clock)?;
    let servers = p.whole_or("servers", 1)?;
    let mut station = format!(
        "[stations.s]\nservers = {servers}\ndiscipline = \"{}\"\n",
        discipline(p)?
    );
    if p.has("capacity_in_system") {
        let room = p.whole("capacity_in_system")?;
        let queue = room
            .checked_sub(servers)
            .ok_or("`capacity_in_system` must not be below `servers`")?;
        station += &format!("queue = {queue}\n");
    }
    station += &breakdown_text(p, &clock)?;
    let patience = patience_text(p, &clock)?;
    let arrivals = match p.text("arrivals") {
        "" | "Poisson" => clock.poisson("default", rate),
        "evenly spaced" => renewal(&clock, &clock.time(1.0 / rate)),
        "hyperexponential" => {
            let text = mixture(&branches(p, rate)?, |mean| clock.time(mean / rate));
            renewal(&clock, &text)
        }
        other => {
            let k = stages(other).ok_or_else(|| format!("the arrivals `{other}` are unknown"))?;
            renewal(&clock, &erlang(&clock.time(1.0 / rate), k))
        }
    };
    let text = format!(
        "{arrivals}[journeys]\ndefault = [{{ request = \"e\" }}]\n{station}\
         [endpoints.e]\ntimeout = \"1000h\"\n\
         visits = [{{ station = \"s\", time = {}{patience} }}]\n",
        law.text
    );
    let exact = exact(p, rate, &law, servers).unwrap_or_default();
    Ok(clock.steady(text, exact, move |window| read(window, clock.scale)))
}

fn renewal(clock: &Clock, gap: &str) -> String {
    clock.scenario(
        "default",
        &format!("executor = \"renewal-arrivals\"\ngap = {gap}"),
    )
}

/// The branches of hyperexponential gaps: probability and rate in units of the arrival rate.
fn branches(p: &Parameters, rate: f64) -> Result<Vec<(f64, f64)>, String> {
    let (shares, rates) = (p.numbers("gap_probabilities")?, p.numbers("gap_rates")?);
    if shares.len() != rates.len() || (shares.iter().sum::<f64>() - 1.0).abs() > 1e-9 {
        return Err(
            "`gap_probabilities` must add up to 1, one for each of the `gap_rates`".to_string(),
        );
    }
    let mean: f64 = shares.iter().zip(&rates).map(|(p, r)| p / r).sum();
    if (mean * rate - 1.0).abs() > 1e-6 {
        return Err(format!(
            "the gaps have a mean of {mean} s, but `arrival_rate` says {} s",
            1.0 / rate
        ));
    }
    Ok(shares
        .into_iter()
        .zip(rates.iter().map(|r| r / rate))
        .collect())
}

/// A breakdown of the station, now and then, whether anybody is there or not.
fn breakdown_text(p: &Parameters, clock: &Clock) -> Result<String, String> {
    if !p.has("mean_up") && !p.has("mean_repair") {
        return Ok(String::new());
    }
    let (up, repair) = (p.number("mean_up")?, p.number("mean_repair")?);
    if up <= 0.0 || repair <= 0.0 {
        return Err("`mean_up` and `mean_repair` must be above zero".to_string());
    }
    Ok(format!(
        "slowdowns = [{{ name = \"breakdown\", after = {}, lasts = {} }}]\n",
        clock.exponential(up),
        clock.exponential(repair)
    ))
}

fn patience_text(p: &Parameters, clock: &Clock) -> Result<String, String> {
    if p.has("timeout_in_queue") {
        let patience = clock.time(p.number("timeout_in_queue")?);
        return Ok(format!(", patience = {patience}"));
    }
    if p.has("patience_rate") {
        if !matches!(p.text("patience"), "" | "exponential") {
            return Err("`patience` with a `patience_rate` is exponential".to_string());
        }
        let patience = clock.exponential(1.0 / p.number("patience_rate")?);
        return Ok(format!(", patience = {patience}"));
    }
    Ok(String::new())
}

/// All that can be asked of one station.
fn read(w: &Window, scale: f64) -> Quantities {
    let arrived = w.arrived(0);
    let (visits, waited, _) = w.visits(0, 0);
    let squares: f64 = w
        .waits()
        .iter()
        .map(|ns| *ns as f64 * *ns as f64 / 1e18)
        .sum();
    let mut all = named([
        ("utilisation", w.utilisation(0)),
        ("stopped", w.stopped(0)),
        ("throughput", w.completed(0) / w.seconds() * scale),
        ("mean_wait", ratio(waited, visits) / scale),
        ("mean_wait_of_all", ratio(waited, arrived) / scale),
        ("mean_response", w.mean_response() / scale),
        ("mean_response_of_accepted", w.mean_successful() / scale),
        ("mean_in_system", w.at_station(0)),
        (
            "probability_of_waiting",
            ratio(w.waits().len() as f64, arrived),
        ),
        (
            "second_moment_of_wait",
            ratio(squares, visits) / (scale * scale),
        ),
        ("blocking_probability", ratio(w.refused(0), arrived)),
        ("abandonment_probability", ratio(w.left(0), arrived)),
    ]);
    add_quantiles(&mut all, w.durations(), scale);
    all
}

/// p50 to p99 of response times in nanoseconds.
pub fn add_quantiles(all: &mut Quantities, durations: DurationSlice<'_>, scale: f64) {
    let percents = [50.0, 90.0, 95.0, 99.0];
    if durations.is_empty() {
        return;
    }
    let stats = TrendStats::of_durations(durations, &percents).unwrap_or_default();
    for (percent, ms) in stats.percentiles {
        all.insert(format!("p{percent}_response"), ms / 1e3 / scale);
    }
}

/// What the formulas know of the system, if there is one for it.
fn exact(p: &Parameters, rate: f64, law: &Law, servers: u32) -> Option<Quantities> {
    let exponential = law.cv2 == 1.0 && matches!(p.text("service"), "exponential" | "");
    let general = Service {
        mean: law.mean,
        cv2: law.cv2,
    };
    let poisson = matches!(p.text("arrivals"), "" | "Poisson");
    let discipline = discipline(p).ok()?;
    if p.has("mean_up") {
        let plain = poisson && servers == 1 && discipline == "fifo";
        let other = ["capacity_in_system", "patience_rate", "timeout_in_queue"];
        let plain = plain && !other.iter().any(|key| p.has(key));
        return broken(p, rate, general).filter(|_| plain);
    }
    let mu = 1.0 / law.mean;
    if p.has("capacity_in_system") {
        return finite(p, rate, mu, servers).filter(|_| exponential && poisson);
    }
    if p.has("patience_rate") || p.has("timeout_in_queue") {
        let sound = exponential && poisson && discipline == "fifo";
        return impatient(p, rate, mu, servers).filter(|_| sound);
    }
    if !poisson {
        return renewal_exact(p, rate, mu).filter(|_| exponential && servers == 1);
    }
    match (discipline, exponential, servers) {
        ("processor-sharing", _, 1) => Some(named([
            ("utilisation", rate * law.mean),
            ("mean_response", processor_sharing_response(rate, general)?),
        ])),
        ("lifo" | "random", true, 1) => order(discipline, rate, mu),
        ("fifo", true, _) => {
            let mut all = multi_server(&Mmc::new(rate, mu, servers)?);
            if servers == 1 {
                all.extend(order(discipline, rate, mu)?);
            }
            Some(all)
        }
        ("fifo", false, 1) => {
            let queue = pollaczek_khinchine(rate, general)?;
            Some(named([
                ("utilisation", queue.utilisation),
                ("mean_wait", queue.mean_wait),
                ("mean_response", queue.mean_response),
            ]))
        }
        _ => None,
    }
}

fn multi_server(queue: &Mmc) -> Quantities {
    let mut all = named([
        ("utilisation", queue.utilisation()),
        ("probability_of_waiting", queue.probability_of_waiting()),
        ("mean_wait", queue.mean_wait()),
        ("mean_response", queue.mean_response()),
        ("mean_in_system", queue.mean_in_system()),
    ]);
    exact_quantiles(&mut all, |p| queue.response_quantile(p));
    all
}

/// p50 to p99 of a law.
pub fn exact_quantiles(all: &mut Quantities, quantile: impl Fn(f64) -> Option<f64>) {
    for percent in [50, 90, 95, 99] {
        if let Some(value) = quantile(f64::from(percent) / 100.0) {
            all.insert(format!("p{percent}_response"), value);
        }
    }
}

fn broken(p: &Parameters, rate: f64, service: Service) -> Option<Quantities> {
    let (up, repair) = (p.number("mean_up").ok()?, p.number("mean_repair").ok()?);
    let queue = breakdowns(rate, service, up, repair)?;
    Some(named([
        ("utilisation", queue.utilisation),
        ("stopped", queue.stopped),
        ("probability_of_waiting", queue.probability_of_waiting),
        ("mean_wait", queue.mean_wait),
        ("mean_response", queue.mean_response),
        ("mean_in_system", queue.mean_in_system),
    ]))
}

fn order(discipline: &str, rate: f64, mu: f64) -> Option<Quantities> {
    let order = match discipline {
        "fifo" => Order::Fifo,
        "lifo" => Order::Lifo,
        _ => Order::Random,
    };
    let wait = mm1_wait(order, rate, mu)?;
    Some(named([
        ("mean_wait", wait.mean),
        ("second_moment_of_wait", wait.second),
        ("mean_response", wait.mean + 1.0 / mu),
        ("utilisation", rate / mu),
    ]))
}

fn finite(p: &Parameters, rate: f64, mu: f64, servers: u32) -> Option<Quantities> {
    let queue = mmck::mmck(rate, mu, servers, p.whole("capacity_in_system").ok()?)?;
    Some(named([
        ("blocking_probability", queue.blocking),
        ("throughput", queue.throughput),
        ("mean_response_of_accepted", queue.mean_response),
        ("mean_in_system", queue.mean_in_system),
        ("utilisation", queue.utilisation),
    ]))
}

fn impatient(p: &Parameters, rate: f64, mu: f64, servers: u32) -> Option<Quantities> {
    let queue = if p.has("patience_rate") {
        patience::erlang_a(rate, mu, servers, p.number("patience_rate").ok()?)?
    } else if servers == 1 {
        patience::mm1_timeout(rate, mu, p.number("timeout_in_queue").ok()?)?
    } else {
        return None;
    };
    Some(named([
        ("abandonment_probability", queue.abandoned),
        ("mean_wait_of_all", queue.mean_wait),
        ("utilisation", queue.utilisation),
        ("throughput", queue.throughput),
    ]))
}

fn renewal_exact(p: &Parameters, rate: f64, mu: f64) -> Option<Quantities> {
    let gaps = match p.text("arrivals") {
        "evenly spaced" => Gaps::Even,
        "hyperexponential" => Gaps::Hyperexponential(branches(p, rate).ok()?),
        other => Gaps::Erlang(stages(other)?),
    };
    let queue = Gim1::new(gaps, rate, mu)?;
    let mut all = named([
        ("utilisation", queue.utilisation),
        ("mean_wait", queue.mean_wait),
        ("mean_response", queue.mean_response),
        ("probability_of_waiting", queue.probability_of_waiting),
    ]);
    exact_quantiles(&mut all, |q| queue.response_quantile(q));
    Some(all)
}
