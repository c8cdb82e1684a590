//! Runs the three shipped models over seeds 1 to 20 beside the published load tests, and writes
//! `results/published-runs.csv`, `results/published-runs.md` and the table in README.md:
//!
//!     cargo run --release --example published_runs [SEEDS]

#[path = "../tests/support/published.rs"]
mod published;

use std::fmt::Write;

use published::{Row, VerdictRow};

type Anything = Box<dyn std::error::Error>;

const TESTS: [&str; 3] = ["token", "status", "reserve"];

/// What the README shows of the comparison.
const SHORT: [(&str, &str); 9] = [
    ("http_reqs.count", "http_reqs"),
    ("iterations.count", "iterations"),
    ("iterations.interrupted", "interrupted"),
    ("http_req_duration.avg", "http_req_duration avg (ms)"),
    ("http_req_duration.med", "med"),
    ("http_req_duration.p(90)", "p(90)"),
    ("http_req_duration.p(95)", "p(95)"),
    ("http_req_duration.max", "max"),
    ("iteration_duration.avg", "iteration_duration avg (ms)"),
];

fn main() -> Result<(), Anything> {
    let seeds = std::env::args()
        .nth(1)
        .map_or(Ok(20), |n| n.parse::<u64>())?;
    let compared: Vec<(Vec<Row>, Vec<VerdictRow>)> = TESTS
        .iter()
        .map(|test| published::compare(test, 1..=seeds))
        .collect();
    let mut csv = String::from("test,metric,published,simulated,deviation,error_percent,bound\n");
    let mut table = format!(
        "# Published and simulated\n\nThree k6 load tests of August 2024 and the shipped models, mean \
         over seeds 1 to {seeds}.\nThe deviation is from seed to seed. Written by `cargo run --release \
         --example published_runs`.\n"
    );
    for (test, (rows, verdicts)) in TESTS.iter().zip(&compared) {
        let head = "| metric | published | simulated | ± | error | bound |\n|---|---:|---:|---:|---:|---:|";
        writeln!(table, "\n## {test}\n\n{head}")?;
        for row in rows {
            writeln!(table, "{row}")?;
            let (metric, error, bound) = (&row.metric, row.error(), row.bound_text());
            let Row {
                published,
                mean,
                deviation,
                ..
            } = row;
            writeln!(
                csv,
                "{test},{metric},{published},{mean:.6},{deviation:.6},{error:.4},{bound}"
            )?;
        }
        writeln!(
            table,
            "\n| threshold | published | seeds that agree |\n|---|---|---:|"
        )?;
        for verdict in verdicts {
            writeln!(table, "{verdict}")?;
        }
    }
    std::fs::create_dir_all("results")?;
    std::fs::write("results/published-runs.csv", csv)?;
    std::fs::write("results/published-runs.md", &table)?;
    std::fs::write(
        "README.md",
        with_table(&std::fs::read_to_string("README.md")?, &compared)?,
    )?;
    print!("{table}");
    Ok(())
}

/// The README with its table made anew.
fn with_table(readme: &str, compared: &[(Vec<Row>, Vec<VerdictRow>)]) -> Result<String, Anything> {
    let (start, end) = ("<!-- published-runs -->\n", "<!-- /published-runs -->");
    let (before, rest) = readme
        .split_once(start)
        .ok_or("the README has no place for the table")?;
    let (_, after) = rest
        .split_once(end)
        .ok_or("the README's table has no end")?;
    let mut table = String::from("| published → simulated (error) |");
    for test in TESTS {
        write!(table, " {test} |")?;
    }
    table += "\n|---|---:|---:|---:|\n";
    for (metric, name) in SHORT {
        write!(table, "| {name} |")?;
        for (rows, _) in compared {
            let row = rows
                .iter()
                .find(|r| r.metric == metric)
                .ok_or("a metric is missing")?;
            let digits = if row.published < 100.0 && row.published.fract() != 0.0 {
                2
            } else {
                0
            };
            let (from, to) = (row.published, row.mean);
            write!(
                table,
                " {from:.digits$} → {to:.digits$} ({:+.1} %) |",
                row.error()
            )?;
        }
        table.push('\n');
    }
    let seeds: usize = compared.iter().flat_map(|c| &c.1).map(|v| v.seeds).sum();
    let agree: usize = compared.iter().flat_map(|c| &c.1).map(|v| v.agree).sum();
    let verdicts =
        format!("\nThreshold verdicts that agree with the published run: {agree} of {seeds}.\n");
    Ok(format!("{before}{start}{table}{verdicts}{end}{after}"))
}
