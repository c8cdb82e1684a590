//! Replications of one model: a fixed number, or as many as a precision asks for.

use rayon::prelude::*;

use super::metrics::{Metrics, metrics_of, names_of, thresholds_of, verdicts_of};
use super::replication_stats::ReplicationStats;
use super::runs::Job;
use super::steady::{SteadyRun, SteadyStateError, steady_run};
use crate::model::Model;
use crate::world::outcome::Termination;

/// Fewest replications from which a precision is judged: an interval of fewer says little.
const MIN_REPLICATIONS: u64 = 5;

/// How many replications.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Count {
    /// Exactly this number.
    Fixed(u64),
    /// Until the relative half-width of every metric named in a threshold is at most this share.
    Precision {
        /// Share of the mean, such as 0.02.
        share: f64,
        /// At most this number.
        at_most: u64,
    },
}

/// What a study of replications is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Seed of all random numbers.
    pub seed: u64,
    /// How many.
    pub count: Count,
    /// Measure the steady state alone.
    pub steady: bool,
}

/// What one replication gave.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it ended.
    pub end: Termination,
    /// Its metrics.
    pub metrics: Metrics,
    /// Whether it met each threshold, in the order of [`thresholds_of`].
    pub held: Vec<bool>,
    /// Its fingerprint.
    pub fingerprint: u64,
    /// The warm-up cut off, in seconds; `None` unless steady.
    pub warm_up: Option<f64>,
}

/// What all replications gave.
#[derive(Clone, Debug)]
pub struct Replications {
    /// Intervals and verdicts.
    pub tally: ReplicationStats,
    /// Fingerprints of all runs in one.
    pub fingerprint: u64,
    /// Warm-up of each replication in seconds; empty unless steady.
    pub warm_ups: Vec<f64>,
    /// The precision asked for was reached; always so for a fixed number.
    pub precise: bool,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq)]
pub enum Stopped {
    /// `go_on` said no.
    Interrupted,
    /// A run did not come to its end.
    Ended(Termination),
    /// No run can come to its end, for this reason.
    NoEnd(String),
    /// No steady state could be measured.
    NotSteady(SteadyStateError),
}

/// One run with its named numbers.
///
/// # Errors
/// If a steady state is asked for and cannot be measured.
pub fn run_one(job: &Job<'_>, steady: bool) -> Result<Run, SteadyStateError> {
    if steady {
        let SteadyRun {
            outcome,
            metrics,
            held,
            warm_up,
        } = steady_run(job)?;
        return Ok(Run {
            end: outcome.end.clone(),
            fingerprint: outcome.fingerprint,
            metrics,
            held,
            warm_up: Some(warm_up),
        });
    }
    Ok(job.run_and(|outcome, summary| Run {
        end: outcome.end.clone(),
        fingerprint: outcome.fingerprint,
        metrics: metrics_of(job.model, outcome, summary),
        held: verdicts_of(job.model, summary),
        warm_up: None,
    }))
}

/// Runs a model again and again. `go_on` is asked with the number of finished runs before more are
/// started; `each` sees every run that counts, in order. The result does not depend on the number of threads: runs are taken in their order, and
/// those beyond the last one needed are dropped.
///
/// # Errors
/// If `go_on` ends it, or a run does not come to its end.
pub fn replicate(
    model: &Model,
    plan: &Plan,
    mut go_on: impl FnMut(u64) -> bool,
    mut each: impl FnMut(&Run),
) -> Result<Replications, Stopped> {
    let most = match plan.count {
        Count::Fixed(n) => n,
        Count::Precision { at_most, .. } => at_most,
    };
    let at_once = rayon::current_num_threads().max(1) as u64;
    let mut all: Option<Replications> = None;
    let mut next = 0;
    while next < most {
        if !go_on(next) {
            return Err(Stopped::Interrupted);
        }
        let batch: Vec<u64> = (next..most.min(next + at_once)).collect();
        next += batch.len() as u64;
        let runs: Vec<Result<Run, SteadyStateError>> = batch
            .into_par_iter()
            .map(|replication| {
                let job = Job {
                    model,
                    seed: plan.seed,
                    replication,
                };
                run_one(&job, plan.steady)
            })
            .collect();
        for run in runs {
            let run = run.map_err(Stopped::NotSteady)?;
            if run.end != Termination::Finished {
                let why = run.end.complaint(model);
                return Err(why.map_or(Stopped::Ended(run.end), Stopped::NoEnd));
            }
            let so_far = all.get_or_insert_with(|| Replications {
                tally: ReplicationStats::new(names_of(model), thresholds_of(model)),
                fingerprint: 0,
                warm_ups: Vec::new(),
                precise: matches!(plan.count, Count::Fixed(_)),
            });
            add(so_far, &run);
            each(&run);
            if enough(so_far, plan.count) {
                so_far.precise = true;
                go_on(so_far.tally.runs());
                return all.ok_or(Stopped::Interrupted);
            }
        }
    }
    go_on(next);
    all.ok_or(Stopped::Interrupted)
}

fn add(all: &mut Replications, run: &Run) {
    all.tally.push(&run.metrics, &run.held);
    all.warm_ups.extend(run.warm_up);
    all.fingerprint =
        (all.fingerprint.rotate_left(23) ^ run.fingerprint).wrapping_mul(0x9E37_79B9_7F4A_7C15);
}

fn enough(all: &Replications, count: Count) -> bool {
    let Count::Precision { share, .. } = count else {
        return false;
    };
    if all.tally.runs() < MIN_REPLICATIONS {
        return false;
    }
    all.tally.is_precise(watched(&all.tally), share)
}

/// The metrics whose precision counts: those that thresholds compare, or else the two everybody asks
/// for.
#[must_use]
pub fn watched(tally: &ReplicationStats) -> Vec<&str> {
    if tally.thresholds().is_empty() {
        return vec!["http_reqs_per_s", "http_req_duration_p95_ms"];
    }
    tally
        .thresholds()
        .iter()
        .map(|t| t.column.as_str())
        .collect()
}
