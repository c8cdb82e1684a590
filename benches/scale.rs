//! How the cost of an event and the memory grow with the number of VUs.
//!
//!     cargo bench -p capsim-sim --profile dist --bench scale
//!
//! The same system for each number of VUs, as fast as they need: everybody thinks for 10 s, from a random
//! instant on, and asks 16 servers that are kept three quarters busy. Printed are nanoseconds of processor time per event, best of three
//! runs, its ratio to 5,000 VUs, the bytes that each VU costs while it thinks (the most memory of a run in
//! which nobody has asked yet, less that of a run of one VU), and the bytes at the end of a run.

use std::fmt::Write as _;
use std::process::Command;

use capsim_model::Model;
use capsim_sim::world::World;

#[path = "support/process.rs"]
mod process;

use process::{Clock, peak_memory};

/// Think time in seconds.
const THINK: u64 = 10;

/// Events that a run should have, about.
const EVENTS: u64 = 12_000_000;

const CHILD: &str = "CAPSIM_BENCH_VUS";

fn main() {
    if let Some(job) = std::env::var_os(CHILD) {
        return measure(&job.to_string_lossy());
    }
    println!("     VUs     events  ns/event  of 5,000 VUs  idle VU (B)  run, per VU (B)");
    let empty = child("1 idle").map_or(0.0, |n| n[2]);
    let mut base = f64::NAN;
    for vus in [1_000_u64, 5_000, 20_000, 100_000, 300_000, 1_000_000] {
        let (Some(run), Some(idle)) =
            (child(&format!("{vus} busy")), child(&format!("{vus} idle")))
        else {
            eprintln!("{vus} VUs could not be measured");
            continue;
        };
        if vus == 5_000 {
            base = run[1];
        }
        let bytes = |peak: f64| (peak - empty) * 1e6 / vus as f64;
        println!(
            "{vus:8} {:10}  {:8.1}  {:12.2}  {:11.0}  {:15.0}",
            run[0],
            run[1],
            run[1] / base,
            bytes(idle[2]),
            bytes(run[2])
        );
    }
}

/// Events, nanoseconds per event and peak memory in MB of a run in a process of its own.
fn child(job: &str) -> Option<Vec<f64>> {
    let own = std::env::current_exe().ok()?;
    let told = Command::new(own).env(CHILD, job).output().ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map_while(|n| n.parse().ok())
        .collect();
    (numbers.len() == 3).then_some(numbers)
}

fn measure(job: &str) {
    let (vus, kind) = job.split_once(' ').expect("a number and a kind");
    let vus: u64 = vus.parse().expect("a number");
    let busy = kind == "busy";
    // Of two events a VU and cycle, as many cycles as make enough events.
    let seconds = if busy {
        (EVENTS / (2 * vus)).max(2) * THINK
    } else {
        1
    };
    let model = Model::from_text("scale.toml", &model(vus, seconds, busy), &[]);
    let model = model.unwrap_or_else(|problems| panic!("{problems}"));
    let (clock, mut best, mut events) = (Clock::start(), f64::INFINITY, 0);
    for _ in 0..if busy { 3 } else { 1 } {
        let world = World::new(&model, 42, 0);
        let start = clock.seconds();
        events = world.run().events;
        best = best.min(clock.seconds() - start);
    }
    println!(
        "{events} {} {}",
        best * 1e9 / events as f64,
        peak_memory().unwrap_or(f64::NAN)
    );
}

fn model(vus: u64, seconds: u64, busy: bool) -> String {
    let service_ns = 12 * THINK * 1_000_000_000 / vus;
    let mut text = String::new();
    let steps = if busy {
        format!(
            "{{ sleep = {{ uniform = [\"0s\", \"{THINK}s\"] }} }}, {{ repeat = [{{ request = \"ask\" }}, {{ sleep = \"{THINK}s\" }}], times = 1000000 }}"
        )
    } else {
        format!("{{ sleep = \"{THINK}s\" }}, {{ request = \"ask\" }}")
    };
    let _ = write!(
        text,
        "[model]\nname = \"scale\"\n\
         [scenarios.default]\nexecutor = \"constant-vus\"\nvus = {vus}\nduration = \"{seconds}s\"\n\
         graceful_stop = \"0s\"\njourney = \"think\"\n\
         [journeys]\nthink = [{steps}]\n\
         [stations.server]\nservers = 16\n\
         [endpoints.ask]\nvisits = [{{ station = \"server\", time = {{ exponential = \"{service_ns}ns\" }} }}]\n"
    );
    text
}
