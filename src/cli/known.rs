//! How well the answers of a fitted model are known: a line beside them, and the ranges of a run's numbers.

use std::path::Path;

use clap::Args;

use super::ModelArgs;
use super::exit::CliError;
use super::ticker::Ticker;
use crate::model::{Document, Override};
use crate::report::known as report;
use crate::report::predict;
use crate::study::fit::known::known;
use crate::study::fit::predict::Question;
use crate::study::runner::HERE;

/// Runs from which ranges are made by default.
const DRAWS: u64 = 200;
/// Events that they may have together: a second or two. A count, so that the text is the same on every machine.
const EVENTS: u64 = 10_000_000;
/// An event of a script costs as much as this many of a model.
const SCRIPT: u64 = 10;
/// Fewer runs than these do not tell where 95 % end.
const FEWEST: u64 = 40;

/// `--ranges`.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Ranges {
    /// Of a fitted model: below the summary, the ranges that hold 80 % and 95 % of all runs to come, from this many
    /// runs with everything drawn anew that the fit leaves open; 0 for none. As `capsim predict` has them with the same
    /// seed and runs. Default: as many as 10 million events allow, up to 200; none if they would be fewer than 40.
    #[arg(long, value_name = "RUNS", value_parser = draws, conflicts_with_all = super::replicate::MANY,
          conflicts_with = "quiet")]
    ranges: Option<u64>,
}

/// Reads `--ranges`.
fn draws(text: &str) -> Result<u64, String> {
    let runs = text.parse().ok();
    let runs = runs.filter(|n| *n == 0 || (20..=100_000).contains(n));
    runs.ok_or_else(|| "write 0, or a number of runs from 20 to 100000".to_owned())
}

impl Ranges {
    /// The ranges as text, of a run with this seed and so many events; nothing for a model that was never fitted,
    /// unless they were asked for.
    ///
    /// # Errors
    /// If they were asked for and cannot be had.
    pub(super) fn text(
        self,
        model: &ModelArgs,
        (seed, events): (u64, u64),
        thresholds: bool,
    ) -> Result<String, CliError> {
        if self.ranges == Some(0) {
            return Ok(String::new());
        }
        let (document, overrides) = match (model.document(), model.overrides()) {
            (Ok(document), Ok(overrides)) => (document, overrides),
            (Err(why), _) | (_, Err(why)) if self.ranges.is_some() => return Err(why),
            // A script has no section `[fitted]`; what else is wrong was told before.
            _ => return Ok(String::new()),
        };
        let fitted = matches!(known(&document, &overrides), Ok(Some(_)));
        let events = events.max(1) * document.program().map_or(1, |_| SCRIPT);
        let affordable = Some((EVENTS / events).min(DRAWS)).filter(|runs| *runs >= FEWEST);
        let Some(draws) = self.ranges.or(affordable.filter(|_| fitted)) else {
            return Ok(String::new());
        };
        let question = Question {
            document: &document,
            overrides,
            window: None,
            seed,
            draws,
            runner: &HERE,
        };
        let mut ticker = Ticker::new();
        ticker.say(&format!("simulating {draws} runs for ranges"));
        let prediction = question.predict();
        drop(ticker);
        match prediction {
            Ok(prediction) => Ok(predict::ranges(&prediction, thresholds)),
            Err(why) if self.ranges.is_some() => Err(CliError::new(
                super::exit::INVALID,
                format!("error: --ranges: {why}"),
            )),
            // What the line on the fit says already, or a run that came to no end: the run itself stands.
            Err(why) => Ok(format!("ranges: none: {why}\n")),
        }
    }
}

/// The line; nothing for a model that was never fitted.
pub(super) fn of_model(model: &ModelArgs) -> String {
    match (model.document(), model.overrides()) {
        (Ok(document), Ok(overrides)) => of_document(&document, &overrides, &model.model),
        // A script has no section `[fitted]`; what else is wrong was told before.
        _ => String::new(),
    }
}

/// As [`of_model`], of a document and what is changed in it.
pub(super) fn of_document(document: &Document, overrides: &[Override], path: &Path) -> String {
    match known(document, overrides) {
        Ok(Some(known)) => report::known(&known, &path.display().to_string()),
        Ok(None) => String::new(),
        Err(why) => format!("fitted: how well is not known: {why}\n"),
    }
}
