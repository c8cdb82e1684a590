//! Coverage of the 95 % interval of `--steady`: the M/M/1 at ρ = 0.8, 400 independent experiments.
//!
//! Run on demand: `cargo run --release --example coverage`. It prints the share of experiments whose
//! interval holds the true mean response time, 1 / (μ - λ) = 50 ms, and ends with code 1 if that share
//! is not within 92 to 98 %.

use capsim::model::Model;
use capsim::stats::interval::wilson;
use capsim::study::replicate::{Count, Plan, replicate};

const EXPERIMENTS: u64 = 400;
const REPLICATIONS: u64 = 10;
const TRUTH_MS: f64 = 50.0;

const MODEL: &str = r#"
[scenarios.default]
executor = "open-arrivals"
rate = 80
duration = "DURATION"
journey = "ask"
[journeys]
ask = [{ request = "ask" }]
[stations.cpu]
servers = 1
[endpoints.ask]
visits = [{ station = "cpu", time = { exponential = "10ms" } }]
"#;

fn main() -> std::process::ExitCode {
    let duration = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "8000s".to_owned());
    let text = MODEL.replace("DURATION", &duration);
    let model = match Model::from_text("mm1", &text, &[]) {
        Ok(model) => model,
        Err(problems) => {
            eprintln!("{problems}");
            return std::process::ExitCode::from(104);
        }
    };
    let (mut covered, mut mean, mut width) = (0, 0.0, 0.0);
    let (mut experiment, mut refused) = (0, 0);
    while experiment < EXPERIMENTS {
        let plan = Plan {
            seed: 1000 + experiment + refused,
            count: Count::Fixed(REPLICATIONS),
            steady: true,
        };
        let all = match replicate(&model, &plan, |_| true, |_| ()) {
            Ok(all) => all,
            // As a user would: that study gives no interval, and another one is made.
            Err(_) => {
                refused += 1;
                continue;
            }
        };
        let Some(interval) = all.tally.interval("http_req_duration_avg_ms") else {
            return std::process::ExitCode::FAILURE;
        };
        experiment += 1;
        covered += u64::from(interval.contains(TRUTH_MS));
        mean += interval.mean / EXPERIMENTS as f64;
        width += interval.half_width / EXPERIMENTS as f64;
    }
    let share = covered as f64 / EXPERIMENTS as f64;
    println!(
        "{REPLICATIONS} replications of {duration}: {covered} of {EXPERIMENTS} intervals hold {TRUTH_MS} ms \
         ({:.1} %); mean of means {mean:.3} ms, mean half-width {width:.3} ms",
        100.0 * share
    );
    println!("{refused} further studies refused: MSER-5 cut more than half of a replication");
    if let Some(p) = wilson(covered, EXPERIMENTS, 0.95) {
        println!("true coverage between {:.3} and {:.3}", p.low, p.high);
    }
    std::process::ExitCode::from(u8::from(!(0.92..=0.98).contains(&share)))
}
