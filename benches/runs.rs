//! How long whole runs take: the shipped models and two workloads known from elsewhere.
//!
//!     cargo bench --bench runs [MODEL.toml …]
//!
//! Prints, for each, requests, events, the best of five runs in seconds of wall time, nanoseconds per
//! event, and the fingerprint: a figure whose fingerprint moved measures something else.

use std::path::{Path, PathBuf};
use std::time::Instant;

use capsim::model::Model;
use capsim::world::World;

const MODELS: [&str; 5] = [
    "models/token.toml",
    "models/status.toml",
    "models/reserve.toml",
    "benches/models/closed.toml",
    "benches/models/mm1.toml",
];

const RUNS: usize = 5;

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock; no result depends on it"
)]
fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::args().skip(1).filter(|a| a.ends_with(".toml"));
    let mut models: Vec<PathBuf> = named.map(PathBuf::from).collect();
    if models.is_empty() {
        models = MODELS.iter().map(|model| root.join(model)).collect();
    }
    println!("model     requests     events  seconds  ns/event  fingerprint");
    for path in models {
        let model = match Model::from_file(&path, &[]) {
            Ok(model) => model,
            Err(problems) => {
                eprintln!("{problems}");
                continue;
            }
        };
        let (mut best, mut last) = (f64::INFINITY, None);
        for _ in 0..RUNS {
            let start = Instant::now();
            let outcome = World::new(&model, 42, 0).run();
            best = best.min(start.elapsed().as_secs_f64());
            last = Some(outcome);
        }
        if let Some(outcome) = last {
            println!(
                "{:8} {:9} {:10}  {best:7.3}  {:8.1}  {:016x}",
                model.name,
                outcome.recorder.durations.len(),
                outcome.events,
                best * 1e9 / outcome.events as f64,
                outcome.fingerprint
            );
        }
    }
}
