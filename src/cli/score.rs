//! `capsim score`: how a prediction did against the run made since.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::exit::{self, CliError};
use super::outputs::Outputs;
use crate::model::input;
use crate::report::predict as report;
use crate::study::fit::read;
use crate::study::fit::score::{Kept, Score};

/// Score a prediction against the run made since.
///
/// Prints how many numbers lie in their ranges, a proper score (the continuous ranked probability score of the
/// logarithm, which is a relative error), that of the formula beside it, what was missed, and what the misses
/// have in common.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim predict fitted.toml --set load=5 --out prediction.json
  capsim score prediction.json --against run.json

Exit codes: 0 scored, 104 a file is invalid, 1 anything else.")]
pub struct ScoreArgs {
    /// What `capsim predict --out` wrote.
    prediction: PathBuf,
    /// The run: whatever `capsim fit` reads. A prediction of a window needs samples.
    #[arg(long, value_name = "RUN")]
    against: PathBuf,
    /// Show all numbers.
    #[arg(long)]
    all: bool,
}

fn invalid(why: impl std::fmt::Display) -> CliError {
    CliError::new(exit::INVALID, format!("error: {why}"))
}

impl ScoreArgs {
    /// Compares and prints.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let name = self.prediction.display();
        let text = input::text(&self.prediction, input::MODEL)
            .map_err(|why| invalid(format!("{name}: the prediction cannot be read: {why}")))?;
        let unusable = |why: String| {
            invalid(format!(
                "{name}: this is not a prediction: {why}; give a file that `capsim predict --out` wrote"
            ))
        };
        let kept = Kept::parse(&text).map_err(unusable)?;
        let window = kept.window().map_err(unusable)?;
        let run = read::read(&self.against, window).map_err(invalid)?;
        let run = run.comparable_with_k6();
        let score = Score::new(&kept, &run);
        if score.rows.is_empty() {
            let why = "the run has none of the numbers that were predicted";
            return Err(invalid(format!("{}: {why}", self.against.display())));
        }
        let text = report::score(&score, &kept, &run, self.all);
        let mut out = Outputs::default();
        out.print(&text);
        out.done()
    }
}
