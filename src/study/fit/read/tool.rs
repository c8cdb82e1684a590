//! Files of other load tools, and access logs, as measured runs.
//!
//! A percentile of another tool is not a percentile of k6: it is picked by another rule, and rounded. So that equal
//! samples compare as equal, a simulated sample is put through the tool's own rule before it is compared.

use super::{Measured, RunError, Stat};
use crate::engine::time::to_f64;
use crate::formats::rule::{self, Rule, wrk_sample};
use crate::formats::{Collected, Reading as Printed, Source, Understood};
use crate::measure::recorder::Recorder;
use crate::model::threshold::Aggregation as A;

/// Of a file with more percentiles than this, some are taken: a hundred of them would outvote the rate and the mean.
const MOST_PERCENTILES: usize = 20;
const KEPT_PERCENTILES: [f64; 7] = [10.0, 25.0, 75.0, 90.0, 95.0, 99.0, 99.9];

const MADE_AS: &str = "simulated times are made as";

/// How a tool makes a number of a sample.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Made {
    /// How it picks a percentile.
    pub rule: Rule,
    /// Connections of a tool that adds times for requests that it should have sent (wrk).
    pub corrected_for: Option<u64>,
}

impl Measured {
    /// Leaves out what another tool makes by a rule that is not k6's: a prediction holds k6's percentiles, and no
    /// sample that another rule could be applied to.
    #[must_use]
    pub fn comparable_with_k6(mut self) -> Measured {
        let before = self.readings.len();
        self.readings.retain(|r| {
            r.made.is_none_or(|made| {
                made.is_as_k6(matches!(r.stat, Stat::Of(A::Avg | A::Min | A::Max)))
            })
        });
        let dropped = before - self.readings.len();
        if dropped > 0 {
            self.said.retain(|said| !said.starts_with(MADE_AS));
            self.said.push(format!(
                "{dropped} numbers of this {} are left out: the tool makes them by a rule of its own, and a \
                 prediction has k6's",
                self.form
            ));
        }
        self
    }
}

impl Made {
    /// Whether a number is what k6 would have made of the same sample; a mean and the extremes are, unless the
    /// sample was changed.
    fn is_as_k6(self, of_all_rules: bool) -> bool {
        self.rule == rule::K6 || of_all_rules && self.corrected_for.is_none()
    }

    /// What the tool would have printed of a simulated run: `sorted` are its times in ascending order, in
    /// nanoseconds, `run_ns` the length of the run. `None` where the tool prints no time of the sample.
    #[must_use]
    pub fn of(self, sorted: &[u64], run_ns: u64, stat: A) -> Option<f64> {
        let corrected;
        let sample = match self.interval(sorted.len() as u64, run_ns) {
            Some(interval) => {
                corrected = wrk_sample(sorted, interval);
                corrected.as_slice()
            }
            None => sorted,
        };
        let (first, last) = (*sample.first()?, *sample.last()?);
        match stat {
            A::Avg => {
                let sum: u128 = sample.iter().map(|ns| u128::from(*ns)).sum();
                Some(sum as f64 / sample.len() as f64 / 1e6)
            }
            // Tools keep the extremes beside what they round for their percentiles.
            A::Min => Some(to_f64(first) / 1e6),
            A::Max => Some(to_f64(last) / 1e6),
            A::Med => self.rule.percentile(sample, 50.0),
            A::Percentile(percent) => self.rule.percentile(sample, percent),
            A::Count | A::Rate | A::Value => None,
        }
    }

    /// The time that wrk expects between two requests of a connection.
    fn interval(self, requests: u64, run_ns: u64) -> Option<u64> {
        let of_one = requests.checked_div(self.corrected_for?)?;
        run_ns.checked_div(of_one)
    }
}

/// All times of a simulated run in ascending order, for numbers that a tool's rule makes of them.
#[must_use]
pub fn sample(recorder: &Recorder) -> Vec<u64> {
    let mut all: Vec<u64> = recorder.durations.iter().collect();
    all.sort_unstable();
    all
}

/// Reads a file that a reader of `formats` has recognised.
pub(super) fn read(name: &str, text: &str) -> Result<Measured, RunError> {
    let problem = |place: String, message: String, fix: &str| RunError {
        place,
        message,
        fix: fix.into(),
    };
    let understood = Source::of_bytes(name, text.as_bytes())
        .and_then(|mut source| crate::logs::understand(&mut source, None))
        .map_err(|why| problem(why.place, why.message, &why.fix))?;
    measured(&understood).map_err(|(message, fix)| problem(name.into(), message, fix))
}

fn measured(file: &Understood) -> Result<Measured, (String, &'static str)> {
    let mut run = Measured::new(file.declaration.form);
    let held = file.requests.as_ref();
    let printed = &file.reading;
    let bad = |bad: super::ReadError| (bad.message, "give the file as the tool wrote it");
    run.duration = file.span();
    let mut push = |metric, stat, value| run.push("", metric, Stat::Of(stat), value, 0.0);
    if let Some(count) = file.count() {
        push("http_reqs", A::Count, count as f64).map_err(bad)?;
        if let Some(rate) = file.rate() {
            push("http_reqs", A::Rate, rate).map_err(bad)?;
        }
    }
    for (stat, value) in times(file) {
        push("http_req_duration", stat, value).map_err(bad)?;
    }
    let made = file.declaration.rule.map(|rule| Made {
        rule,
        corrected_for: printed.corrected_for,
    });
    let step = held.filter(|_| made.is_none()).map_or(0.0, step_ms);
    for reading in &mut run.readings {
        if reading.metric != "http_req_duration" {
            continue;
        }
        reading.made = made;
        if step > 0.0 {
            // Some servers round a time and others cut it.
            let (low, high) = (reading.value - step, reading.value + step);
            reading.hidden = Some((low.max(0.0), high));
        }
    }
    if !run.readings.iter().any(|r| r.metric == "http_req_duration") {
        let message = format!("this {} has no times of requests", file.declaration.form);
        return Err((message, "`capsim read FILE` tells what it has"));
    }
    run.said = said(file);
    Ok(run)
}

/// The times that the tool prints; of a file of single requests those that the tool's rule makes of them, or
/// k6's where the tool has none.
fn times(file: &Understood) -> Vec<(A, f64)> {
    let printed = &file.reading;
    let mut all = Vec::new();
    let mut add = |stat, value: Option<f64>| all.extend(value.map(|ms| (stat, ms)));
    let printed_any = printed.mean.is_some() || !printed.percentiles.is_empty();
    if let (Some(held), false) = (&file.requests, printed_any) {
        let rule = file.declaration.rule.unwrap_or(rule::K6);
        let made = Made {
            rule,
            corrected_for: None,
        };
        let sorted = held.sorted();
        let percents = [90.0, 95.0, 99.0].map(A::Percentile);
        for stat in [A::Avg, A::Min, A::Med, A::Max].into_iter().chain(percents) {
            add(stat, made.of(&sorted, 0, stat));
        }
        return all;
    }
    let Printed {
        mean,
        min,
        max,
        median,
        percentiles,
        ..
    } = printed;
    add(A::Avg, *mean);
    add(A::Min, *min);
    add(A::Max, *max);
    // Tools that print a median beside a 50th percentile compute it by another rule.
    if printed.percentile(50.0).is_none() {
        add(A::Med, *median);
    }
    let many = percentiles.len() > MOST_PERCENTILES;
    for (percent, value) in percentiles {
        let stat = match *percent {
            50.0 => A::Med,
            0.0 | 100.0 => continue,
            percent if many && !KEPT_PERCENTILES.contains(&percent) => continue,
            percent => A::Percentile(percent),
        };
        add(stat, Some(*value));
    }
    all
}

/// The step in which the times of a file are written, in milliseconds.
fn step_ms(held: &Collected) -> f64 {
    let all_in = |step: u64| held.times.iter().all(|ns| ns % step == 0);
    match () {
        () if all_in(10_000_000) => 10.0,
        () if all_in(1_000_000) => 1.0,
        () if all_in(100_000) => 0.1,
        () if all_in(1_000) => 0.001,
        () => 0.0,
    }
}

/// What a reader of a comparison should know of the file.
fn said(file: &Understood) -> Vec<String> {
    let declaration = file.declaration;
    let mut all = Vec::new();
    match declaration.rule {
        Some(rule) if rule != rule::K6 => all.push(format!(
            "{MADE_AS} {} makes them: {}",
            declaration.tool,
            rule.words()
        )),
        _ => {}
    }
    all.push(format!(
        "failures are not compared: they are counted by {}'s own rule",
        declaration.tool
    ));
    if file.reading.skipped.count > 0 {
        let count = file.reading.skipped.count;
        all.push(format!(
            "{count} lines were not understood: `capsim read` shows the first"
        ));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::rule::{Rank, Value};

    #[test]
    fn a_simulated_sample_is_made_as_the_tool_makes_it() {
        let ns: Vec<u64> = (1..=100).map(|k| k * 10_000_000).collect();
        let made = |rank, value| Made {
            rule: Rule::new(rank, value),
            corrected_for: None,
        };
        let p95 = |made: Made| made.of(&ns, 0, A::Percentile(95.0));
        assert_eq!(p95(made(Rank::OneUp, Value::Exact)), Some(960.0));
        assert_eq!(p95(made(Rank::Below, Value::Sketch)), Some(944.0));
        let k6 = made(Rank::Interpolated, Value::Exact);
        assert_eq!(p95(k6), Some(950.5));
        assert_eq!(k6.of(&ns, 0, A::Avg), Some(505.0));
        assert_eq!(k6.of(&ns, 0, A::Min), Some(10.0));
        assert_eq!(k6.of(&ns, 0, A::Count), None);
        assert_eq!(k6.of(&[], 0, A::Avg), None);
        // Two connections, ten requests, 3.86 s: one is due every 772 ms of each, so 1,600 ms hide one of 828.
        let wrk = Made {
            rule: Rule::new(Rank::RoundedUp, Value::Exact),
            corrected_for: Some(2),
        };
        let mut few = vec![100_000_000; 9];
        few.push(1_600_000_000);
        let mean = (9.0 * 100.0 + 828.0 + 1600.0) / 11.0;
        assert_eq!(wrk.of(&few, 3_860_000_000, A::Avg), Some(mean));
        assert_eq!(wrk.of(&few, 3_860_000_000, A::Max), Some(1600.0));
    }
}
