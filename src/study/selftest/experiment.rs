//! How a case becomes a model: the pieces of text that the kinds share.

use super::case::{Parameters, Quantities};
use super::run::Window;
use crate::model::Model;
use crate::world::snapshot::Marked;

/// Reads the quantities of a case from a run of its model.
pub type Reading = Box<dyn Fn(&Model, &Marked) -> Option<Quantities> + Send + Sync>;

/// A case made ready to run.
pub struct Experiment {
    /// The model.
    pub text: String,
    /// When to look at the probes, in seconds of virtual time, ascending.
    pub marks: Vec<f64>,
    /// What to read then.
    pub read: Reading,
    /// Values that formulas give.
    pub exact: Quantities,
    /// Independent replications to begin with.
    pub replications: u64,
}

/// Requests that one replication of a steady system makes.
const REQUESTS: f64 = 300_000.0;

/// Share of a replication that is cut off as warm-up.
const WARM_UP: f64 = 0.1;

/// The clock of a case. Slow systems are run faster, a thousand requests per second of virtual time,
/// for what k6 does each second would cost more than the system itself.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Virtual seconds per second of the case.
    pub scale: f64,
    /// Length of a replication in virtual seconds.
    pub length: f64,
}

impl Clock {
    /// A clock for a number of requests per second of the case.
    #[must_use]
    pub fn new(rate: f64) -> Clock {
        let scale = (rate / 1000.0).min(1.0);
        Clock {
            scale,
            length: (REQUESTS * scale / rate).max(2.0),
        }
    }

    /// A time of the case, as a model writes it.
    #[must_use]
    pub fn time(&self, seconds: f64) -> String {
        format!("\"{}ns\"", (seconds * self.scale * 1e9).round() as u64)
    }

    /// An exponential time of the case.
    #[must_use]
    pub fn exponential(&self, mean: f64) -> String {
        format!("{{ exponential = {} }}", self.time(mean))
    }

    /// An experiment that looks at the time after the warm-up.
    pub fn steady(
        &self,
        text: String,
        exact: Quantities,
        read: impl Fn(&Window) -> Quantities + Send + Sync + 'static,
    ) -> Experiment {
        Experiment {
            text,
            marks: vec![WARM_UP * self.length, self.length],
            read: Box::new(move |model, run| Some(read(&Window::new(model, run, 0, 1)?))),
            exact,
            replications: 8,
        }
    }

    /// The scenario of open Poisson arrivals, at a rate per second of the case, that run a journey.
    #[must_use]
    pub fn poisson(&self, name: &str, rate: f64) -> String {
        let arrivals = format!(
            "executor = \"poisson-arrivals\"\nrate = {:?}",
            rate / self.scale
        );
        self.scenario(name, &arrivals)
    }

    /// A scenario that lasts a little longer than the last mark.
    #[must_use]
    pub fn scenario(&self, name: &str, arrivals: &str) -> String {
        let length = (self.length * 1e9 * 1.01) as u64;
        format!(
            "[scenarios.{name}]\n{arrivals}\nduration = \"{length}ns\"\n\
             graceful_stop = \"0s\"\njourney = \"{name}\"\n"
        )
    }
}

/// Quantities by name.
#[must_use]
pub fn named<const N: usize>(values: [(&str, f64); N]) -> Quantities {
    values.map(|(name, value)| (name.to_string(), value)).into()
}

/// The law of a case's times: its text in a model, its mean and its squared coefficient of variation.
#[derive(Clone, Debug)]
pub struct Law {
    /// A distribution as a model writes it.
    pub text: String,
    /// In seconds of the case.
    pub mean: f64,
    /// Squared coefficient of variation.
    pub cv2: f64,
}

/// Mean of a law given by `mean` or by a rate.
fn mean(p: &Parameters, rate: &str) -> Result<f64, String> {
    let mean = if p.has(rate) {
        1.0 / p.number(rate)?
    } else {
        p.number("mean")?
    };
    if mean > 0.0 && mean.is_finite() {
        Ok(mean)
    } else {
        Err(format!("`{rate}` or `mean` must be above zero"))
    }
}

/// The mean of a case's service.
///
/// # Errors
/// If a parameter is missing.
pub fn mean_service(p: &Parameters) -> Result<f64, String> {
    match p.text("service") {
        "uniform" => Ok((p.number("low")? + p.number("high")?) / 2.0),
        "hyperexponential" => {
            let (shares, rates) = (p.numbers("probabilities")?, p.numbers("rates")?);
            Ok(shares.iter().zip(&rates).map(|(p, rate)| p / rate).sum())
        }
        _ => mean(p, "service_rate"),
    }
}

/// The service law of a case.
///
/// # Errors
/// If it is unknown, or a parameter is missing.
pub fn service(p: &Parameters, clock: &Clock) -> Result<Law, String> {
    let mean = mean_service(p)?;
    let m = clock.time(mean);
    let (text, cv2) = match p.text("service") {
        "exponential" | "" => (clock.exponential(mean), 1.0),
        "deterministic" | "constant" => (m, 0.0),
        "uniform" => {
            let (low, high) = (p.number("low")?, p.number("high")?);
            let text = format!(
                "{{ uniform = [{}, {}] }}",
                clock.time(low),
                clock.time(high)
            );
            (text, (high - low) * (high - low) / 12.0 / (mean * mean))
        }
        law @ ("gamma" | "lognormal" | "weibull") => {
            let cv = cv(p)?;
            (
                format!("{{ {law} = {{ mean = {m}, cv = {cv:?} }} }}"),
                cv * cv,
            )
        }
        "hyperexponential" => {
            let (shares, rates) = (p.numbers("probabilities")?, p.numbers("rates")?);
            let second: f64 = shares
                .iter()
                .zip(&rates)
                .map(|(p, r)| 2.0 * p / (r * r))
                .sum();
            let branches: Vec<(f64, f64)> = shares.into_iter().zip(rates).collect();
            let text = mixture(&branches, |mean| clock.time(mean));
            (text, second / (mean * mean) - 1.0)
        }
        other => match stages(other) {
            Some(k) => (erlang(&m, k), 1.0 / f64::from(k)),
            None => return Err(format!("the service law `{other}` is unknown")),
        },
    };
    Ok(Law { text, mean, cv2 })
}

/// A hyperexponential law of these branches, each its probability and its rate; `time` writes a mean.
#[must_use]
pub fn mixture(branches: &[(f64, f64)], time: impl Fn(f64) -> String) -> String {
    let shares: Vec<f64> = branches.iter().map(|(share, _)| *share).collect();
    let means = branches.iter().map(|(_, rate)| time(1.0 / rate));
    format!(
        "{{ hyperexponential = {{ probabilities = {shares:?}, means = [{}] }} }}",
        means.collect::<Vec<_>>().join(", ")
    )
}

fn cv(p: &Parameters) -> Result<f64, String> {
    if p.has("cv2") {
        Ok(p.number("cv2")?.sqrt())
    } else {
        p.number("cv")
    }
}

/// k of "Erlang-k".
#[must_use]
pub fn stages(law: &str) -> Option<u32> {
    let digits = law
        .strip_prefix("Erlang-")
        .or(law.strip_prefix("erlang-"))?;
    digits.parse().ok().filter(|k| *k > 0)
}

/// An Erlang law with this mean, already written.
#[must_use]
pub fn erlang(mean: &str, stages: u32) -> String {
    format!("{{ erlang = {{ mean = {mean}, stages = {stages} }} }}")
}

/// The discipline of a case, as a model names it.
///
/// # Errors
/// If it is unknown.
pub fn discipline(p: &Parameters) -> Result<&'static str, String> {
    Ok(match p.text("discipline") {
        "" | "FIFO" | "fifo" => "fifo",
        "LIFO" | "lifo" => "lifo",
        "random order" | "random" => "random",
        "processor sharing" | "processor-sharing" | "PS" => "processor-sharing",
        other => return Err(format!("the discipline `{other}` is unknown")),
    })
}
