//! Retries, limits, breakers and what else is done against overload: small cases with answers that can be worked out by
//! hand, and closed forms.

mod breakers;
mod deadlines;
mod hedging;
mod limits;
mod queues;
mod retrials;
mod retries;
mod tokens;

use capsim::measure::recorder::ResponseCode;
use capsim::model::Model;
use capsim::world::World;
use capsim::world::outcome::Outcome;

/// The model of a text; panics with all that is wrong with it.
fn model(text: &str) -> Model {
    Model::from_text("small.toml", text, &[]).unwrap_or_else(|why| panic!("{why}"))
}

/// Runs a model and holds it to all laws.
fn run(text: &str) -> Outcome {
    run_seed(text, 1)
}

fn run_seed(text: &str, seed: u64) -> Outcome {
    let model = model(text);
    let (outcome, audit) = World::new(&model, seed, 0).run_audited();
    assert_eq!(audit.violations, []);
    outcome
}

/// What is wrong with a text.
fn complaints(text: &str) -> String {
    match Model::from_text("small.toml", text, &[]) {
        Ok(_) => String::new(),
        Err(problems) => problems.to_string(),
    }
}

/// Durations of all requests in milliseconds, in the order in which they ended.
fn durations(outcome: &Outcome) -> Vec<u64> {
    let all = outcome.recorder.durations.iter();
    all.map(|ns| ns / 1_000_000).collect()
}

/// How often each code was answered.
fn count(outcome: &Outcome, code: u16) -> u64 {
    let record = &outcome.recorder;
    let all = record.series.iter().zip(record.requests_by_series());
    let own = all.filter(|(series, _)| series.code == ResponseCode(code));
    own.map(|(_, n)| n).sum()
}

/// One VU that goes through these steps once.
fn once(steps: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = 1\niterations = 1\njourney = \"go\"\n\
         [journeys]\ngo = [{steps}]\n"
    )
}

/// Poisson arrivals of users that send these requests.
fn poisson(rate: f64, duration: &str, steps: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"poisson-arrivals\"\nrate = {rate:?}\nduration = \"{duration}\"\n\
         journey = \"go\"\n[journeys]\ngo = [{steps}]\n"
    )
}
