//! Runs a model given as text.

use capsim::measure::summary::{Summary, Values};
use capsim::model::Model;
use capsim::world::World;
use capsim::world::outcome::Outcome;
use capsim::world::summary::summary;

/// The model of a text that is expected to be sound.
pub fn model(text: &str) -> Model {
    match Model::from_text("test.toml", text, &[]) {
        Ok(model) => model,
        Err(problems) => panic!("{problems}"),
    }
}

/// Outcome and summary of one run.
pub fn run(text: &str, seed: u64) -> (Outcome, Summary) {
    let model = model(text);
    let outcome = World::new(&model, seed, 0).run();
    let summary = summary(&outcome, &model);
    (outcome, summary)
}

/// Values of a metric.
pub fn values<'a>(summary: &'a Summary, name: &str) -> &'a Values {
    &summary
        .metrics
        .iter()
        .find(|m| m.name == name)
        .unwrap_or_else(|| panic!("no {name}"))
        .values
}

/// Non-zero and zero samples of a rate.
pub fn rate(summary: &Summary, name: &str) -> (u64, u64) {
    match values(summary, name) {
        Values::Rate { passes, fails } => (*passes, *fails),
        other => panic!("{name} is {other:?}"),
    }
}
