//! `capsim selftest`: does this binary reproduce the closed forms on this machine?

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::exit::{self, CliError};
use super::interrupt::Interrupt;
use super::outputs::Outputs;
use crate::model::input;
use crate::study::selftest::case::{Case, parse, shipped};
use crate::study::selftest::{Checked, Line, check, experiment, is_quick};

/// Run systems with exactly known answers and compare.
///
/// Each case is a queueing system with a closed form or an exact computation. It is run as a model,
/// with as many independent replications as its tolerance needs; the exact value must lie within the
/// tolerance of the estimate. Ends with exit code 1 if one does not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim selftest
  capsim selftest --quick
  capsim selftest --cases my-cases.json --only mmc")]
pub struct Selftest {
    /// Cases of your own: a JSON list of { name, parameters, expected, tolerance }.
    #[arg(long, value_name = "FILE")]
    cases: Option<PathBuf>,
    /// A short subset.
    #[arg(long)]
    quick: bool,
    /// Only cases whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Selftest {
    /// Runs the cases and prints the table.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        Interrupt::ends_at_once();
        let cases = self.read()?;
        let mut out = Outputs::default();
        out.print(&format!(
            "{:<34} {:<26} {:>12} {:>12} {:>13} {:>11} {:>6}  result\n",
            "case", "quantity", "estimate", "± 95 %", "exact", "tolerance", "runs"
        ));
        let (mut passed, mut failed) = (0, Vec::new());
        for case in &cases {
            let checked = check(case, self.seed);
            out.print(&rows(case, &checked));
            if checked.is_ok_and(|lines| lines.iter().all(|line| line.pass)) {
                passed += 1;
            } else {
                failed.push(case.name.as_str());
            }
        }
        out.print(&format!("\n{passed} of {} cases pass\n", cases.len()));
        if failed.is_empty() {
            return out.done();
        }
        let why = format!("error: these cases fail: {}", failed.join(", "));
        out.end(Err(CliError::new(exit::OTHER, why)))
    }

    fn read(&self) -> Result<Vec<Case>, CliError> {
        let invalid = |why: String| CliError::new(exit::INVALID, why);
        let mut cases = match &self.cases {
            None => shipped().map_err(invalid)?,
            Some(path) => {
                let name = path.display();
                let text = input::text(path, input::MODEL)
                    .map_err(|why| invalid(format!("error: {name} cannot be read: {why}")))?;
                parse(&text).map_err(|why| invalid(format!("error: {name}: {why}")))?
            }
        };
        cases.retain(|case| {
            let named = self
                .only
                .as_ref()
                .is_none_or(|text| case.name.contains(text.as_str()));
            named && (!self.quick || self.cases.is_some() || is_quick(case))
        });
        let mut wrong: Vec<String> = Vec::new();
        for case in &cases {
            let why = experiment(&case.parameters).err();
            wrong.extend(why.map(|why| format!("error: case `{}`: {why}", case.name)));
        }
        if !wrong.is_empty() {
            return Err(invalid(wrong.join("\n")));
        }
        if cases.is_empty() {
            return Err(invalid("error: no case is left to run".to_string()));
        }
        Ok(cases)
    }
}

fn rows(case: &Case, checked: &Checked) -> String {
    match checked {
        Ok(lines) => lines.iter().map(row).collect(),
        Err(why) => format!("{:<34} FAIL: {why}\n", case.name),
    }
}

fn row(line: &Line) -> String {
    let number = |x: f64| format!("{x:.6}");
    let result = match (line.pass, line.formula) {
        (true, Some(_)) => "pass".to_string(),
        (true, None) => "pass (stated value; no formula here)".to_string(),
        (false, Some(formula)) => format!("FAIL (formula {formula:.6})"),
        (false, None) => "FAIL".to_string(),
    };
    format!(
        "{:<34} {:<26} {:>12} {:>12} {:>13} {:>11} {:>6}  {result}\n",
        line.case,
        line.quantity,
        number(line.estimate.mean),
        number(line.estimate.half_width),
        number(line.exact),
        number(line.tolerance),
        line.estimate.count,
    )
}
