//! Sessions that come at known times, and what became of each.

use capsim::measure::log::Sample;
use capsim::model::{Model, Override};
use capsim::world::World;
use capsim::world::outcome::Outcome;

/// One request that ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// Which session's, by the order of the times at which they came.
    pub session: usize,
    /// When, in milliseconds.
    pub at: f64,
    /// Its status; 0 without an answer.
    pub status: u16,
    /// Milliseconds of `http_req_connecting`.
    pub connecting: f64,
}

/// A model of sessions that come at these times (milliseconds, increasing) and send one request each to `endpoint`;
/// `system` is the rest of the model.
pub fn sessions(at: &[f64], system: &str) -> String {
    let at: Vec<String> = at.iter().map(|ms| format!("{}us", ms * 1000.0)).collect();
    format!(
        "[scenarios.default]\nexecutor = \"trace-arrivals\"\nat = {at:?}\njourney = \"one\"\n\
         graceful_stop = \"300s\"\n[journeys]\none = [{{ pick = \"user\" }}, {{ request = \"e\" }}]\n{system}\n"
    )
}

/// As [`sessions`], `n` of them, `gap` milliseconds apart.
pub fn staggered(n: usize, gap: f64, system: &str) -> String {
    let at: Vec<f64> = (0..n).map(|i| i as f64 * gap).collect();
    sessions(&at, system)
}

pub fn model(text: &str, set: &[&str]) -> Model {
    let set: Vec<Override> = set.iter().map(|s| Override::parse(s).unwrap()).collect();
    Model::from_text("m.toml", text, &set).unwrap_or_else(|why| panic!("{why}"))
}

pub fn run(text: &str, seed: u64) -> Outcome {
    let model = model(text, &[]);
    let outcome = World::new(&model, seed, 0).logging().run();
    assert_eq!(outcome.in_system, 0, "nobody is left behind");
    outcome
}

/// The answers of a run in the order in which they came. Sessions are told apart by when they came, so that all must
/// have come at different times, or all at once: then they are numbered as they are answered.
pub fn answers(text: &str, seed: u64) -> Vec<Answer> {
    let model = model(text, &[]);
    let outcome = World::new(&model, seed, 0).logging().run();
    let record = &outcome.recorder;
    let log = record.log.as_ref().expect("a log");
    let mut found = Vec::new();
    for entry in log {
        let Sample::Request(number) = entry.sample else {
            continue;
        };
        let timings = record.timings_of(number as usize);
        let took = timings.blocked + record.durations.iter().nth(number as usize).unwrap();
        let series = record.request_series.iter().nth(number as usize).unwrap();
        found.push((
            entry.at.0 - took,
            Answer {
                session: 0,
                at: entry.at.0 as f64 / 1e6,
                status: record.series[usize::from(series)].code.status(),
                connecting: timings.connecting as f64 / 1e6,
            },
        ));
    }
    let mut came: Vec<u64> = found.iter().map(|(came, _)| *came).collect();
    came.sort_unstable();
    for (number, (at, answer)) in found.iter_mut().enumerate() {
        answer.session = came.binary_search(at).unwrap_or(number);
    }
    found.into_iter().map(|(_, answer)| answer).collect()
}

/// The sessions in the order in which they were answered.
pub fn order(answers: &[Answer]) -> Vec<usize> {
    answers.iter().map(|a| a.session).collect()
}

/// Pairs that were answered in the other order than they came.
pub fn inversions(order: &[usize]) -> usize {
    let later = |at: usize| order[at + 1..].iter().filter(|o| **o < order[at]).count();
    (0..order.len()).map(later).sum()
}

/// Mean, median, 95th percentile, maximum and coefficient of variation.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub mean: f64,
    pub median: f64,
    pub p95: f64,
    pub max: f64,
    pub cv: f64,
}

pub fn spread(values: &[f64]) -> Spread {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let variance = sorted.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
    let part = |p: f64| sorted[((n * p) as usize).min(sorted.len() - 1)];
    Spread {
        mean,
        median: part(0.5),
        p95: part(0.95),
        max: sorted[sorted.len() - 1],
        cv: variance.sqrt() / mean,
    }
}

/// The model of a closed loop: `users` without think time (or with one), each of whom takes what `visit` names for
/// 10 ms; `rounds` is an executor and its iterations.
pub fn closed_loop_text(
    users: u32,
    (executor, iterations): (&str, u32),
    think: &str,
    visit: &str,
    rest: &str,
) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"{executor}\"\nvus = {users}\niterations = {iterations}\n\
         journey = \"one\"\nmax_duration = \"1h\"\n\
         [journeys]\none = [{{ pick = \"user\" }}, {{ request = \"e\" }}{think}]\n\
         [endpoints.e]\ntimeout = \"1h\"\nvisits = [{{ {visit}, visits = [{{ delay = \"10ms\" }}] }}]\n{rest}\n"
    )
}

/// Waits in such a loop, in milliseconds.
pub fn closed_loop(
    users: u32,
    rounds: (&str, u32),
    think: &str,
    visit: &str,
    rest: &str,
    seed: u64,
) -> Vec<f64> {
    let outcome = run(&closed_loop_text(users, rounds, think, visit, rest), seed);
    let durations = outcome.recorder.durations.iter();
    durations.map(|ns| ns as f64 / 1e6 - 10.0).collect()
}
