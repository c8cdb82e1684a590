//! Runs the three shipped models over seeds 1 to 20 beside the published load tests, and writes
//! `results/published-runs.csv` and `results/published-runs.md`:
//!
//!     cargo run --release --example published_runs [SEEDS]

#[path = "../tests/support/published.rs"]
mod published;

use std::fmt::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seeds = std::env::args()
        .nth(1)
        .map_or(Ok(20), |n| n.parse::<u64>())?;
    let mut csv = String::from("test,metric,published,simulated,deviation,error_percent,bound\n");
    let mut table = format!(
        "# Published and simulated\n\nThree k6 load tests of August 2024 and the shipped models, mean \
         over seeds 1 to {seeds}.\nThe deviation is from seed to seed. Written by `cargo run --release \
         --example published_runs`.\n"
    );
    for test in ["token", "status", "reserve"] {
        let (rows, verdicts) = published::compare(test, 1..=seeds);
        write!(
            table,
            "\n## {test}\n\n| metric | published | simulated | ± | error | bound |\n|---|---:|---:|---:|---:|---:|\n"
        )?;
        for row in &rows {
            writeln!(table, "{row}")?;
            writeln!(
                csv,
                "{test},{},{},{:.6},{:.6},{:.4},{}",
                row.metric,
                row.published,
                row.mean,
                row.deviation,
                row.error(),
                row.bound_text()
            )?;
        }
        write!(
            table,
            "\n| threshold | published | seeds that agree |\n|---|---|---:|\n"
        )?;
        for verdict in &verdicts {
            writeln!(table, "{verdict}")?;
        }
    }
    std::fs::create_dir_all("results")?;
    std::fs::write("results/published-runs.csv", csv)?;
    std::fs::write("results/published-runs.md", &table)?;
    println!("{table}");
    Ok(())
}
