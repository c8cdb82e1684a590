//! `capsim selftest`: systems with exactly known answers, run as models. Each case becomes the text of
//! a model; independent replications are added until the interval of every quantity is well inside
//! what the case tolerates; the exact value must then lie within the tolerance of the estimate.

pub mod case;
mod closed;
pub mod experiment;
mod network;
mod open;
pub mod run;
mod seats;
mod transient;

use rayon::prelude::*;

use crate::engine::Time;
use crate::model::Model;
use crate::stats::Moments;
use crate::stats::interval::{Interval, of_moments};
use crate::world::World;
use case::{Case, Parameters, Quantities, tolerance};
use experiment::Experiment;

/// Coverage of the intervals.
const LEVEL: f64 = 0.95;

/// Replications are added until the half-width is this share of the tolerance.
const AIM: f64 = 0.7;

/// A formula and a stated value that differ by more do not mean the same system.
const FORMULA: f64 = 1e-4;

/// One quantity of one case.
#[derive(Clone, Debug)]
pub struct Line {
    /// The case.
    pub case: String,
    /// The quantity.
    pub quantity: String,
    /// Estimate and 95 % interval over replications.
    pub estimate: Interval,
    /// The stated value.
    pub exact: f64,
    /// What a formula gives, if there is one.
    pub formula: Option<f64>,
    /// How far the estimate may lie from the exact value.
    pub tolerance: f64,
    /// Whether it does not, the interval is no wider, and the formula agrees.
    pub pass: bool,
}

/// What came of one case.
pub type Checked = Result<Vec<Line>, String>;

/// Whether a case is in the short subset: small systems, one of each kind.
#[must_use]
pub fn is_quick(case: &Case) -> bool {
    const QUICK: [&str; 15] = [
        "mm1-rho0.50",
        "mmck-c1-K5-lam1",
        "mmck-c10-K10-lam9",
        "mg1-deterministic-rho0.70",
        "mm1-timeout-lam0.9-tau2",
        "closed-N20-Z10-c1-exponential",
        "closed-N5000-Z1-c16-deterministic",
        "mva-two-N10",
        "usl-N200-c64",
        "seat-pick-uniform-50",
        "seat-pick-zipf1-500",
        "batch-admission-N1000-B100",
        "seat-holds-n50-deterministic",
        "ramp-infinite-server-2",
        "held-worker-lam0.5",
    ];
    QUICK.contains(&case.name.as_str())
}

/// Parameters that tell a kind of system, and who builds it.
type Kind = (
    &'static [&'static str],
    fn(&Parameters) -> Result<Experiment, String>,
);

/// The model of a case and how to read it.
///
/// # Errors
/// If the parameters describe no kind of system that is known, or one of them is none of its kind.
pub fn experiment(p: &Parameters) -> Result<Experiment, String> {
    let kinds: [Kind; 13] = [
        (&["users", "batch"], seats::batches),
        (&["users", "seats"], seats::pick),
        (&["seats", "mean_hold"], seats::holds),
        (&["slope"], transient::infinite_servers),
        (&["stages"], transient::k6_ramp),
        (&["retry_rate"], network::retrials),
        (&["call_rate"], network::held_worker),
        (&["arrival_rate", "stations"], network::split),
        (&["arrival_rate", "service_rates"], network::series),
        (&["users", "service_means"], closed::network),
        (&["arrival_rates"], network::priority),
        (&["users"], closed::station),
        (&["arrival_rate"], open::station),
    ];
    let Some((_, build)) = kinds.iter().find(|(keys, _)| p.fit(keys)) else {
        return Err("these parameters describe no kind of system that is known".to_string());
    };
    let experiment = build(p)?;
    let others: Vec<&str> = kinds.iter().flat_map(|(keys, _)| *keys).copied().collect();
    p.all_known(&others)?;
    Ok(experiment)
}

/// Runs one case.
///
/// # Errors
/// If it describes no system that is known, or asks for a quantity that its kind does not have.
pub fn check(case: &Case, seed: u64) -> Checked {
    let experiment = experiment(&case.parameters)?;
    let model = Model::from_text(&case.name, &experiment.text, &[])
        .map_err(|why| format!("its model is not sound:\n{why}"))?;
    let marks: Vec<Time> = experiment
        .marks
        .iter()
        .map(|s| Time((s * 1e9) as u64))
        .collect();
    let mut moments: Vec<(&String, Moments)> = case
        .expected
        .keys()
        .map(|key| (key, Moments::new()))
        .collect();
    let (mut done, mut wanted) = (0, experiment.replications);
    // Enough for any case shipped, and an end for one that never settles.
    let most = experiment.replications * 200;
    while done < wanted {
        let values: Vec<Option<Quantities>> = (done..wanted)
            .into_par_iter()
            .map(|replication| {
                let run = World::new(&model, seed, replication).run_marked(&marks);
                (experiment.read)(&model, &run)
            })
            .collect();
        done = wanted;
        for values in values {
            let values = values.ok_or("a run shows nothing at its marks")?;
            for (key, moments) in &mut moments {
                let value = values.get(*key);
                moments.push(*value.ok_or_else(|| format!("`{key}` is not known of this kind"))?);
            }
        }
        wanted = moments
            .iter()
            .map(|(key, moments)| replications(case, key, moments))
            .fold(done, u64::max)
            .min(most);
    }
    Ok(moments
        .iter()
        .map(|(key, m)| line(case, &experiment, key, m))
        .collect())
}

/// How many replications a quantity seems to need: half-widths shrink with the square root.
fn replications(case: &Case, key: &str, moments: &Moments) -> u64 {
    let aim = AIM * tolerance(&case.tolerance, key).of(case.expected[key]);
    let width = of_moments(moments, LEVEL).map_or(0.0, |i| i.half_width);
    if width <= aim {
        return moments.count();
    }
    let factor = (width / aim) * (width / aim);
    // A first guess may be far off: no more than tenfold at once, and a tenth at least.
    (moments.count() as f64 * factor.clamp(1.1, 10.0)).ceil() as u64
}

fn line(case: &Case, experiment: &Experiment, key: &str, moments: &Moments) -> Line {
    let exact = case.expected[key];
    let within = tolerance(&case.tolerance, key).of(exact);
    let estimate = of_moments(moments, LEVEL).unwrap_or(Interval {
        mean: f64::NAN,
        half_width: f64::INFINITY,
        count: moments.count(),
    });
    let formula = experiment.exact.get(key).copied();
    let agrees = formula.is_none_or(|f| (f - exact).abs() <= FORMULA * exact.abs().max(1e-9));
    let close = (estimate.mean - exact).abs() <= within && estimate.half_width <= within;
    Line {
        case: case.name.clone(),
        quantity: key.to_string(),
        estimate,
        exact,
        formula,
        tolerance: within,
        pass: close && agrees,
    }
}
