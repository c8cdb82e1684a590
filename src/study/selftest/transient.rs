//! Systems that are watched while they change: ramps.

use super::case::{Parameters, Quantities};
use super::experiment::{Experiment, named};
use super::run::Window;
use crate::model::Model;
use crate::theory::fluid::FluidLoop;
use crate::theory::infinite::ramp_mean_in_system;
use crate::world::snapshot::Marked;

/// Arrivals at a growing rate to infinitely many servers, looked at after each second up to the horizon.
///
/// # Errors
/// If a parameter is missing or makes no sense.
pub fn infinite_servers(p: &Parameters) -> Result<Experiment, String> {
    let (slope, rate) = (p.number("slope")?, p.number("service_rate")?);
    let horizon = p.whole_or("horizon", 60)?;
    if horizon > 3600 {
        return Err("`horizon` must be a number of seconds up to 3600".to_string());
    }
    let seconds: Vec<u32> = (1..=horizon).collect();
    // Longer than what is looked at.
    let length = f64::from(horizon.max(60)) * 5.0 / 3.0;
    let text = format!(
        "[scenarios.default]\nexecutor = \"poisson-arrivals\"\nstart_rate = 0.0\n\
         stages = [{{ duration = \"{length}s\", target = {:?} }}]\njourney = \"go\"\n\
         [journeys]\ngo = [{{ request = \"e\" }}]\n\
         [stations.s]\nservers = \"infinite\"\n\
         [endpoints.e]\ntimeout = \"1000h\"\n\
         visits = [{{ station = \"s\", time = {{ exponential = \"{}ns\" }} }}]\n",
        slope * length,
        (1e9 / rate).round() as u64
    );
    let mut exact = Quantities::new();
    for t in &seconds {
        if let Some(mean) = ramp_mean_in_system(slope, rate, f64::from(*t)) {
            exact.insert(format!("mean_in_system_at_{t}s"), mean);
        }
    }
    let marks = seconds.iter().map(|t| f64::from(*t)).collect();
    let read = move |_: &Model, run: &Marked| {
        let name = |t: &u32| format!("mean_in_system_at_{t}s");
        let seen = run.snapshots.iter().map(|s| s.in_system as f64);
        Some(seconds.iter().map(name).zip(seen).collect())
    };
    Ok(Experiment {
        text,
        marks,
        read: Box::new(read),
        exact,
        replications: 200,
    })
}

/// k6's ramping VUs before one station of fixed capacity.
///
/// # Errors
/// If a parameter is missing or makes no sense.
pub fn k6_ramp(p: &Parameters) -> Result<Experiment, String> {
    let stages = p.stages()?;
    let (think, mean) = (p.number("think")?, p.number("mean_service")?);
    let capacity = p.number("capacity")?;
    // Whole servers; the service time makes up the capacity exactly.
    let servers = (capacity * mean).round().max(1.0);
    let ns = |seconds: f64| (seconds * 1e9).round() as u64;
    let listed: Vec<String> = stages
        .iter()
        .map(|(d, n)| format!("{{ duration = \"{}ns\", target = {} }}", ns(*d), *n as u64))
        .collect();
    let text = format!(
        "[scenarios.default]\nexecutor = \"ramping-vus\"\nstages = [{}]\njourney = \"go\"\n\
         [journeys]\ngo = [{{ request = \"e\" }}, {{ sleep = \"{}ns\" }}]\n\
         [stations.s]\nservers = {}\ndiscipline = \"processor-sharing\"\n\
         [endpoints.e]\nvisits = [{{ station = \"s\", time = {{ exponential = \"{}ns\" }} }}]\n",
        listed.join(", "),
        ns(think),
        servers as u32,
        ns(servers / capacity)
    );
    let peak = stages.iter().map(|stage| stage.1).fold(0.0, f64::max);
    let exact = FluidLoop::new(think, mean, capacity).and_then(|fluid| {
        let iterations = fluid.iterations(1.0, &stages)?;
        let response = fluid.response(peak);
        Some(named([
            ("iterations", iterations),
            ("peak_mean_response", response),
        ]))
    });
    let (from, to) = plateau(&stages, peak);
    let read = |model: &Model, run: &Marked| {
        let w = Window::new(model, run, 0, 1)?;
        let iterations = run.outcome.complete_iterations() as f64;
        let response = w.mean_response();
        Some(named([
            ("iterations", iterations),
            ("peak_mean_response", response),
        ]))
    };
    Ok(Experiment {
        text,
        marks: vec![from, to, f64::INFINITY],
        read: Box::new(read),
        exact: exact.unwrap_or_default(),
        replications: 4,
    })
}

/// The stretch of time during which the largest number of users is there, but its first sixth.
fn plateau(stages: &[(f64, f64)], peak: f64) -> (f64, f64) {
    let (mut at, mut before) = (0.0, 1.0);
    for (duration, target) in stages {
        if before == peak && *target == peak {
            return (at + duration / 6.0, at + duration);
        }
        at += duration;
        before = *target;
    }
    (0.0, at)
}
