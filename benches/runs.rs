//! What whole runs cost: the shipped models, two workloads known from elsewhere and a large on-sale.
//!
//!     cargo bench -p capsim-sim --profile dist --bench runs [MODEL.toml …]
//!
//! Each model runs in a process of its own. Printed are requests, events, the best of five runs in seconds of
//! processor time (of wall time where there is no `/proc`) without and with the summary's statistics,
//! nanoseconds per event, the most memory that the process had, and the fingerprint: a figure whose
//! fingerprint moved measures something else.

use std::path::{Path, PathBuf};
use std::process::Command;

use capsim_model::Model;
use capsim_sim::world::World;
use capsim_sim::world::summary::summary;

#[path = "support/process.rs"]
mod process;

use process::{Clock, peak_memory};

const MODELS: [&str; 6] = [
    "models/token.toml",
    "models/status.toml",
    "models/reserve.toml",
    "benches/models/closed.toml",
    "benches/models/mm1.toml",
    "benches/models/large.toml",
];

const RUNS: usize = 5;

/// Another number of runs: one, when instructions are counted.
const REPEAT: &str = "CAPSIM_BENCH_RUNS";

/// Tells a child that it is one, and which model is its.
const CHILD: &str = "CAPSIM_BENCH_MODEL";

fn main() {
    if let Some(path) = std::env::var_os(CHILD) {
        return measure(Path::new(&path));
    }
    // The bench belongs to the crate in src/sim.
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let named = std::env::args().skip(1).filter(|a| a.ends_with(".toml"));
    let mut models: Vec<PathBuf> = named.map(PathBuf::from).collect();
    if models.is_empty() {
        models = MODELS.iter().map(|model| root.join(model)).collect();
    }
    println!(
        "model      requests     events  run (s)  + summary  ns/event  peak (MB)  fingerprint"
    );
    for model in models {
        let own = std::env::current_exe().expect("the bench knows its own path");
        let child = Command::new(own).env(CHILD, &model).status();
        if !child.is_ok_and(|status| status.success()) {
            eprintln!("{} could not be measured", model.display());
        }
    }
}

fn measure(path: &Path) {
    let model = match Model::from_file(path, &[]) {
        Ok(model) => model,
        Err(problems) => {
            eprintln!("{problems}");
            std::process::exit(1);
        }
    };
    let (mut run, mut whole, mut last) = (f64::INFINITY, f64::INFINITY, None);
    let clock = Clock::start();
    let repeat = std::env::var(REPEAT).ok();
    for _ in 0..repeat.and_then(|n| n.parse().ok()).unwrap_or(RUNS) {
        let start = clock.seconds();
        let outcome = World::new(&model, 42, 0).run();
        run = run.min(clock.seconds() - start);
        assert!(!summary(&outcome, &model).metrics.is_empty());
        whole = whole.min(clock.seconds() - start);
        last = Some(outcome);
    }
    if let Some(outcome) = last {
        println!(
            "{:8} {:10} {:10}  {run:7.3}  {whole:9.3}  {:8.1}  {:9.1}  {:016x}",
            model.name,
            outcome.recorder.requests(),
            outcome.events,
            run * 1e9 / outcome.events as f64,
            peak_memory().unwrap_or(f64::NAN),
            outcome.fingerprint
        );
    }
}
