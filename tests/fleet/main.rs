//! Services and their replicas: balancers against chains and limits that are known exactly, faults, scaling, cost.

mod autoscale;
mod balancers;
mod faults;

use capsim::model::Model;
use capsim::world::World;
use capsim::world::outcome::Outcome;

/// The model of a text, with overrides.
fn model(text: &str) -> Model {
    Model::from_text("fleet.toml", text, &[]).unwrap_or_else(|why| panic!("{why}"))
}

/// A run whose laws are checked all along.
fn audited(text: &str, replication: u64) -> (Model, Outcome) {
    let model = model(text);
    let (outcome, audit) = World::new(&model, 1, replication).run_audited();
    assert_eq!(audit.violations, []);
    (model, outcome)
}

/// Mean and standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}
