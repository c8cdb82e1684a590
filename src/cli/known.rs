//! How certain the answers of a fitted model are: a line beside them, and the ranges of a run's numbers.

use std::cell::RefCell;
use std::path::Path;

use clap::Args;

use super::ModelArgs;
use super::exit::{self, CliError};
use super::ticker::Ticker;
use crate::model::{Document, Override};
use crate::report::known as report;
use crate::report::{predict, ranges};
use crate::study::answers::capacity;
use crate::study::fit::difference::differences;
use crate::study::fit::known::known;
use crate::study::fit::limit::limits;
use crate::study::fit::predict::Question;
use crate::study::fit::prediction::Prediction;
use crate::study::runner::HERE;

/// Runs from which ranges are made by default, at most.
const DRAWS: u64 = 200;
/// Searches from which the ranges of a limit are made by default, at most.
const SEARCHES: u64 = 100;
/// Runs of such a search.
const RUNS: u64 = 5;
/// Events that the ranges of one run may have together: a second or two. A count, so that the text is the same on
/// every machine.
const OF_ONE: u64 = 10_000_000;
/// Events that the ranges of a study of many runs may have together.
const OF_MANY: u64 = 100_000_000;
/// An event of a script costs as much as this many of a model.
const SCRIPT: u64 = 10;
/// Fewer runs than these do not tell where 95 % end.
const FEWEST: u64 = 40;

/// `--ranges`.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Ranges {
    /// Of a fitted model: the ranges that will contain 80 % and 95 % of future runs, from this many runs (pairs of runs
    /// in `compare`, searches of about five in `capacity`), each with parameters drawn from what the fit leaves open; 0
    /// for none. Default: as many as 10 million events allow (100 million where many runs are made), up to 200 (100
    /// searches); none if they would be fewer than 40.
    #[arg(long, value_name = "RUNS", value_parser = draws)]
    ranges: Option<u64>,
}

/// What is known of the command's own runs before ranges are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    /// Seed of all random numbers.
    pub(super) seed: u64,
    /// Events of one run.
    pub(super) events: f64,
    /// Whether there were many.
    pub(super) many: bool,
}

/// Progress on stderr: so many of so many runs.
struct Watch {
    ticker: RefCell<Ticker>,
    all: Option<u64>,
}

impl Watch {
    fn new(all: Option<u64>) -> Watch {
        let watch = Watch {
            ticker: RefCell::new(Ticker::new()),
            all,
        };
        watch.at(0);
        watch
    }

    fn at(&self, made: u64) {
        let of = self.all.map_or(String::new(), |all| format!(" of {all}"));
        let mut ticker = self.ticker.borrow_mut();
        ticker.say(&format!("ranges: {made}{of} runs simulated"));
    }
}

/// Reads `--ranges`.
fn draws(text: &str) -> Result<u64, String> {
    let runs = text.parse().ok();
    let runs = runs.filter(|n| *n == 0 || (20..=100_000).contains(n));
    runs.ok_or_else(|| "write 0, or a number of runs from 20 to 100000".to_owned())
}

impl Ranges {
    /// Whether they are asked for, and not left to what they cost.
    pub(super) fn asked(self) -> bool {
        self.ranges.is_some_and(|runs| runs > 0)
    }

    /// How many draws to make, of so many events each; if none, what is said instead. Nothing is said if there is
    /// nothing to draw.
    fn draws(self, fitted: bool, events: f64, (all, most): (u64, u64)) -> Result<u64, String> {
        let affordable = (all / events.max(1.0) as u64).min(most);
        match self.ranges {
            Some(0) => Err(String::new()),
            Some(draws) => Ok(draws),
            None if !fitted => Err(String::new()),
            None if affordable < FEWEST => Err(format!(
                "ranges: none, as they take {:.0} million events; `--ranges {FEWEST}` makes them\n",
                (FEWEST as f64 * events / 1e6).max(1.0)
            )),
            None => Ok(affordable),
        }
    }

    /// What could not be had: an error if it was asked for.
    fn none(self, why: &str) -> Result<String, CliError> {
        match self.asked() {
            true => Err(CliError::new(
                exit::INVALID,
                format!("error: --ranges: {why}"),
            )),
            // What the line on the fit says already, or a run that came to no end: the answer itself stands.
            false => Ok(format!("ranges: none: {why}\n")),
        }
    }

    /// The ranges of the numbers of a run as text, and the prediction that they are of; nothing for a model that was
    /// never fitted, unless they were asked for.
    ///
    /// # Errors
    /// If they were asked for and cannot be had.
    pub(super) fn of_run(
        self,
        model: &ModelArgs,
        made: Made,
        thresholds: bool,
    ) -> Result<(String, Option<Prediction>), CliError> {
        if self.ranges == Some(0) {
            return Ok((String::new(), None));
        }
        let (document, overrides) = match (model.document(), model.overrides()) {
            (Ok(document), Ok(overrides)) => (document, overrides),
            (Err(why), _) | (_, Err(why)) if self.asked() => return Err(why),
            // A script has no section `[fitted]`; what else is wrong was told before.
            _ => return Ok((String::new(), None)),
        };
        let allowed = if made.many { OF_MANY } else { OF_ONE };
        let events = events(&document, made.events);
        let fitted = is_fitted(&document, &overrides);
        let draws = match self.draws(fitted, events, (allowed, DRAWS)) {
            Ok(draws) => draws,
            Err(said) => return Ok((said, None)),
        };
        let question = question(&document, overrides, made.seed, draws);
        let watch = Watch::new(Some(draws));
        let prediction = question.predict_watched(&|made| watch.at(made));
        drop(watch);
        match prediction {
            Ok(prediction) => {
                let above = if made.many { ranges::SEEDS } else { "" };
                let text = above.to_owned() + &predict::ranges(&prediction, thresholds);
                Ok((text, Some(prediction)))
            }
            Err(why) => self.none(&why).map(|said| (said, None)),
        }
    }

    /// The ranges of the limit that a search found, as text. With `may_go_on` they end as the search does.
    ///
    /// # Errors
    /// If they were asked for and cannot be had.
    pub(super) fn of_limit(
        self,
        asked: &capacity::Question<'_>,
        answer: &capacity::Answer,
        may_go_on: &dyn Fn() -> bool,
    ) -> Result<String, CliError> {
        let fitted = is_fitted(asked.document, &asked.base);
        let mean = answer.events_at_the_limit();
        let events = events(asked.document, mean) * RUNS as f64;
        let draws = match self.draws(fitted, events, (OF_MANY, SEARCHES)) {
            Ok(draws) => draws,
            Err(said) => return Ok(said),
        };
        if !may_go_on() {
            return self.none(NO_TIME);
        }
        let watch = Watch::new(None);
        let found = limits(asked, answer, draws, &|made| watch.at(made), may_go_on);
        drop(watch);
        match found {
            Ok(Some(found)) => Ok(ranges::limits(&found, asked.minimise)),
            Ok(None) => self.none(NO_TIME),
            Err(why) => self.none(&why),
        }
    }

    /// The ranges of the differences of two designs, as text; `made` of both together.
    ///
    /// # Errors
    /// If they were asked for and cannot be had.
    pub(super) fn of_differences(
        self,
        [a, b]: [(&Document, &[Override]); 2],
        made: Made,
        all: bool,
        in_time: bool,
    ) -> Result<String, CliError> {
        let fitted = [a, b].iter().any(|(d, o)| is_fitted(d, o));
        let events = events(a.0, made.events);
        let draws = match self.draws(fitted, events, (OF_MANY, DRAWS)) {
            Ok(draws) => draws,
            Err(said) => return Ok(said),
        };
        if !in_time {
            return self.none(NO_TIME);
        }
        let [a, b] = [a, b].map(|(d, o)| question(d, o.to_vec(), made.seed, draws));
        let watch = Watch::new(Some(2 * draws));
        let found = differences(&a, &b, &|made| watch.at(made));
        drop(watch);
        match found {
            Ok(found) => Ok(ranges::differences(&found, all)),
            Err(why) => self.none(&why),
        }
    }
}

/// Why there are no ranges once a budget of time is spent.
const NO_TIME: &str = "the budget of time is spent; `--ranges RUNS` without one makes them";

fn is_fitted(document: &Document, overrides: &[Override]) -> bool {
    matches!(known(document, overrides), Ok(Some(_)))
}

/// What a run costs, in events of a model.
fn events(document: &Document, events: f64) -> f64 {
    events * document.program().map_or(1, |_| SCRIPT) as f64
}

fn question(document: &Document, overrides: Vec<Override>, seed: u64, draws: u64) -> Question<'_> {
    Question {
        document,
        overrides,
        window: None,
        seed,
        draws,
        runner: &HERE,
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
