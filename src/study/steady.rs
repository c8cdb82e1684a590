//! The steady state of a fixed load: the warm-up is cut off, and what remains is measured.
//!
//! The load's time is cut into a thousand windows, and MSER-5 on their mean response times tells the cut.
//! (On single response times, which follow one another closely, it now and then finds a few alike at the
//! very end and takes them for the steady state.) Levels and rates are cut at the same instant. Measuring stops when the load does: what drains afterwards is not steady.

use std::fmt;

use super::metrics::{
    Metrics, PERCENTS, metrics_of, ops_at, percentile_name, thresholds_of, verdicts_of,
};
use super::runs::Job;
use crate::engine::{Span, Time};
use crate::model::Model;
use crate::model::scenario::Scenario;
use crate::stats::TrendStats;
use crate::stats::warmup::{WarmupError, mser5};
use crate::world::outcome::Outcome;
use crate::world::program::simulate;
use crate::world::summary::summary;
use crate::world::timeline::Sample;
use crate::world::waits::Waits;

/// Windows into which a run is cut.
const WINDOWS: u64 = 1000;

/// Why no steady state was measured.
#[derive(Clone, Debug, PartialEq)]
pub enum SteadyStateError {
    /// This scenario's load changes in the course of the run, or it has no fixed length.
    NotFixed(String),
    /// No warm-up cut could be given in this replication.
    WarmUp {
        /// Number of the replication.
        replication: u64,
        /// Why.
        why: WarmupError,
        /// Length of the load.
        length: Span,
    },
}

impl fmt::Display for SteadyStateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SteadyStateError::NotFixed(name) => write!(
                f,
                "--steady needs a fixed load from the start to the end, and that of scenario {name:?} \
                 changes; use constant-vus, constant-arrival-rate or open-arrivals of one rate"
            ),
            SteadyStateError::WarmUp {
                replication, why, ..
            } => write!(
                f,
                "no steady state in replication {replication}: {why}; make the run longer, or the load \
                 one that the system can carry"
            ),
        }
    }
}

/// One run, cut.
#[derive(Clone, Debug)]
pub struct SteadyRun {
    /// The whole run.
    pub outcome: Outcome,
    /// Its metrics; those of requests, rates and levels are of the steady part.
    pub metrics: Metrics,
    /// Whether each threshold holds, of the steady part where its metric has one.
    pub held: Vec<bool>,
    /// What was cut off, in seconds from the start of the load.
    pub warm_up: f64,
}

/// Runs a model of a fixed load and measures its steady part.
///
/// # Errors
/// If the load is not fixed, or its warm-up takes more than half of it.
pub fn steady_run(job: &Job<'_>) -> Result<SteadyRun, SteadyStateError> {
    let length = fixed_length(job.model)?;
    let every = Span((length.0 / WINDOWS).max(1));
    let of = (job.seed, job.replication);
    let done = simulate(job.model, of, |world| world.run_sampled(every));
    let (outcome, samples) = done.result;
    let setup = outcome.recorder.setup.unwrap_or(Span::ZERO);
    let begins = Time::ZERO + setup;
    let refused = |why| SteadyStateError::WarmUp {
        replication: job.replication,
        why,
        length,
    };
    let from = samples.partition_point(|s| s.at < begins);
    let to = samples.partition_point(|s| s.at <= begins + length);
    let whole = (samples.get(from), samples.get(to.saturating_sub(1)));
    let (Some(first), Some(last)) = whole else {
        return Err(refused(WarmupError::TooFew));
    };
    if last.requests <= first.requests {
        return Err(refused(WarmupError::TooFew));
    }
    let cut = warm_up(&window_means(&outcome, &samples[from..to])).map_err(refused)?;
    let start = &samples[(from + cut).min(to - 1)];
    let summary = summary(&outcome, &done.model);
    let mut metrics = metrics_of(job.model, &outcome, &summary);
    cut_metrics(&mut metrics, job.model, &outcome, start, last);
    let held = thresholds_of(job.model)
        .iter()
        .zip(verdicts_of(job.model, &summary))
        .map(|(t, whole)| {
            let number = metrics.get(&t.column).filter(|_| is_cut(&t.column));
            number.map_or(whole, |n| t.threshold.compare(*n))
        })
        .collect();
    Ok(SteadyRun {
        warm_up: start.at.since(begins).as_secs(),
        outcome,
        metrics,
        held,
    })
}

/// The cut of MSER-5. A few windows alike at the very end, by chance, can look steadier than all the
/// rest; a cut in the second half must therefore stand without them, too. A series that is never steady
/// is refused each time.
fn warm_up(series: &[f64]) -> Result<usize, WarmupError> {
    let without = |tenths: usize| mser5(&series[..series.len() - series.len() * tenths / 10]);
    match without(0) {
        Err(WarmupError::TooShort { cut }) => without(1)
            .or_else(|_| without(2))
            .map_err(|_| WarmupError::TooShort { cut }),
        other => other,
    }
}

/// Mean response time of the requests that ended in each window, in nanoseconds. A window without
/// any is like the one before.
fn window_means(outcome: &Outcome, samples: &[Sample]) -> Vec<f64> {
    let mut mean = None;
    let means: Vec<Option<f64>> = samples
        .windows(2)
        .map(|pair| {
            let ended = outcome
                .recorder
                .durations
                .range(pair[0].requests..pair[1].requests);
            if !ended.is_empty() {
                mean = Some(ended.sum() as f64 / ended.len() as f64);
            }
            mean
        })
        .collect();
    let first = means.iter().flatten().next().copied().unwrap_or(0.0);
    means.iter().map(|m| m.unwrap_or(first)).collect()
}

/// Whether a column is of the steady part alone; the others are of the whole run.
#[must_use]
pub fn is_cut(column: &str) -> bool {
    let of_requests = column.starts_with("http_req_duration_") && column.ends_with("_ms");
    let shares = [
        "_utilisation",
        "_stopped",
        "_queue_mean",
        "_wait_probability",
    ];
    let shares = shares.iter().any(|end| column.ends_with(end));
    of_requests
        || shares
        || matches!(
            column,
            "http_reqs" | "http_reqs_per_s" | "http_req_failed_rate" | "duration_s"
        )
}

fn cut_metrics(
    metrics: &mut Metrics,
    model: &Model,
    outcome: &Outcome,
    start: &Sample,
    end: &Sample,
) {
    let record = &outcome.recorder;
    let seconds = end.at.since(start.at).as_secs();
    let range = start.requests..end.requests;
    let requests = range.len() as f64;
    let failed = record.failed_among(range.clone()) as f64;
    let mut put = |name: String, value: f64| {
        metrics.insert(name, value);
    };
    put("duration_s".into(), seconds);
    put("http_reqs".into(), requests);
    put("http_reqs_per_s".into(), requests / seconds);
    put("http_req_failed_rate".into(), failed / requests.max(1.0));
    let mut percents = PERCENTS.to_vec();
    for t in thresholds_of(model) {
        if let crate::model::threshold::Aggregation::Percentile(p) = t.threshold.aggregation
            && t.metric == "http_req_duration"
            && !percents.contains(&p)
        {
            percents.push(p);
        }
    }
    if let Some(stats) = TrendStats::of_durations(record.durations.range(range), &percents) {
        for (name, value) in [("avg", stats.avg), ("min", stats.min), ("max", stats.max)] {
            put(format!("http_req_duration_{name}_ms"), value);
        }
        for (percent, value) in stats.percentiles {
            let name = percentile_name(percent);
            put(format!("http_req_duration_{name}_ms"), value);
        }
    }
    let mean = |from: u128, to: u128| (to - from) as f64 / 1e9 / seconds;
    for (i, spec) in model.stations.iter().enumerate() {
        let (a, b) = (&start.stations[i], &end.stations[i]);
        let name = format!("station_{}", spec.name);
        if spec.servers != u32::MAX {
            let servers = f64::from(spec.servers.max(1));
            let share = mean(a.at_work, b.at_work) / servers;
            put(format!("{name}_utilisation"), share);
            if model.may_stop(i) {
                let share = mean(a.stopped, b.stopped) / servers;
                put(format!("{name}_stopped"), share);
            }
            if let Some(likely) = wait_probability(model, i, (start, end)) {
                put(format!("{name}_wait_probability"), likely);
            }
        }
        put(
            format!("{name}_queue_mean"),
            mean(a.queue.area, b.queue.area),
        );
    }
    for (i, spec) in model.pools.iter().enumerate() {
        let (a, b) = (&start.pools[i], &end.pools[i]);
        let share = mean(a.0.area, b.0.area) / f64::from(spec.size.max(1));
        put(format!("pool_{}_utilisation", spec.name), share);
        let queue = mean(a.1.area, b.1.area);
        put(format!("pool_{}_queue_mean", spec.name), queue);
    }
}

/// How likely a service that began at this station between two looks began after a wait.
fn wait_probability(model: &Model, station: usize, (from, to): (&Sample, &Sample)) -> Option<f64> {
    let all = Waits::between(&ops_at(model, station), &from.waits, &to.waits);
    (all.begun > 0).then(|| all.waited as f64 / all.begun as f64)
}

/// The length of the load, which all scenarios must share from the start to the end.
fn fixed_length(model: &Model) -> Result<Span, SteadyStateError> {
    let mut length = None;
    for scenario in &model.scenarios {
        let own = scenario.executor.regular_duration();
        let fixed = is_fixed(scenario) && *length.get_or_insert(own) == own;
        if !fixed {
            return Err(SteadyStateError::NotFixed(scenario.name.clone()));
        }
    }
    length.ok_or_else(|| SteadyStateError::NotFixed(String::new()))
}

fn is_fixed(scenario: &Scenario) -> bool {
    scenario.start_time == Span::ZERO && scenario.executor.is_level()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::set::Override;

    fn run(changes: &[&str]) -> Result<SteadyRun, SteadyStateError> {
        let text = include_str!("../../tests/data/models/mm1.toml");
        let changes: Vec<Override> = changes
            .iter()
            .map(|c| Override::parse(c).unwrap_or_else(|e| panic!("{e}")))
            .collect();
        let model = Model::from_text("mm1", text, &changes).unwrap_or_else(|e| panic!("{e}"));
        steady_run(&Job {
            model: &model,
            seed: 1,
            replication: 0,
        })
    }

    #[test]
    fn the_steady_part_of_an_mm1_is_near_its_closed_form() {
        let steady = run(&[
            "scenarios.default.rate=50",
            "scenarios.default.duration=1000s",
        ]);
        let steady = steady.unwrap_or_else(|e| panic!("{e}"));
        // 1 / (100 - 50) s.
        let mean = steady.metrics["http_req_duration_avg_ms"];
        assert!((mean - 20.0).abs() < 0.8, "{mean}");
        let share = steady.metrics["station_cpu_utilisation"];
        assert!((share - 0.5).abs() < 0.01, "{share}");
        // Poisson arrivals see time averages: who comes waits as often as the server is busy.
        let likely = steady.metrics["station_cpu_wait_probability"];
        assert!((likely - 0.5).abs() < 0.015, "{likely}");
        assert!(steady.warm_up < 500.0);
        assert_eq!(steady.held, [true]);
    }

    #[test]
    fn an_overload_is_never_steady_and_a_ramp_is_not_fixed() {
        let overload = run(&["scenarios.default.rate=150"]);
        let refused = matches!(
            overload,
            Err(SteadyStateError::WarmUp {
                why: WarmupError::TooShort { .. },
                ..
            })
        );
        assert!(refused, "{:?}", overload.map(|r| r.warm_up));
        let text = include_str!("../../tests/data/models/mm1.toml")
            .replace("open-arrivals", "ramping-vus")
            .replace("rate = 80", "stages = [{ duration = \"9s\", target = 5 }]")
            .replace("duration = \"60s\"", "");
        let model = Model::from_text("ramp", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
        let job = Job {
            model: &model,
            seed: 1,
            replication: 0,
        };
        assert!(
            matches!(steady_run(&job), Err(SteadyStateError::NotFixed(name)) if name == "default")
        );
    }
}
