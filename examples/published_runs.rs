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
            let (bound, error) = (row.bound_text(), row.error());
            let mark = if row.holds() { "" } else { " **missed**" };
            writeln!(
                table,
                "| {} | {} | {:.2} | {:.2} | {error:+.2} % | {bound}{mark} |",
                row.metric, row.published, row.mean, row.deviation
            )?;
            writeln!(
                csv,
                "{test},{},{},{:.6},{:.6},{error:.4},{bound}",
                row.metric, row.published, row.mean, row.deviation
            )?;
        }
        write!(
            table,
            "\n| threshold | published | seeds that agree |\n|---|---|---:|\n"
        )?;
        for v in &verdicts {
            let verdict = if v.published { "passed" } else { "crossed" };
            writeln!(
                table,
                "| {} | {verdict} | {} of {} |",
                v.threshold, v.agree, v.seeds
            )?;
        }
    }
    std::fs::create_dir_all("results")?;
    std::fs::write("results/published-runs.csv", csv)?;
    std::fs::write("results/published-runs.md", &table)?;
    println!("{table}");
    Ok(())
}
