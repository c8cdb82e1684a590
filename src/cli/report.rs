//! `--report FILE.html`: one page that can be sent around.

use std::path::{Path, PathBuf};

use clap::Args;

use super::ModelArgs;
use super::exit::{self, CliError};
use super::output::write_atomically;
use crate::measure::summary::Summary;
use crate::model::{Model, input};
use crate::report::chart::Table;
use crate::report::study_page::{self, Identity};
use crate::report::{Mode, SummaryOptions};
use crate::report::{cheapest_page, explain_page, run_text};
use crate::study::account::Account;
use crate::study::answers::capacity::{Answer, Question};
use crate::study::answers::cheapest;
use crate::study::answers::explain::Explanation;
use crate::study::replication_stats::ReplicationStats;
use crate::study::timeline;
use crate::world::outcome::Outcome;
use crate::world::program::simulate;
use crate::world::timeline::Sample;

/// Where the page goes.
#[derive(Clone, Debug, Args)]
pub struct Report {
    /// Write a page with verdicts, charts and the model: one file, no network needed.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
}

/// The words that identify a result.
pub struct Words<'a> {
    /// Name and description come from here.
    pub model: &'a Model,
    /// Where the model came from.
    pub args: &'a ModelArgs,
    /// What a fit leaves open of the result, as text; empty if there is no fit.
    pub known: &'a str,
    /// One line.
    pub signature: String,
}

impl Report {
    /// Whether a page is wanted.
    pub fn wanted(&self) -> bool {
        self.report.is_some()
    }

    /// Where it goes, if it is wanted.
    pub fn file(&self) -> Option<&Path> {
        self.report.as_deref()
    }

    /// The page of a single run.
    pub fn run(
        &self,
        words: &Words<'_>,
        (outcome, samples): (&Outcome, &[Sample]),
        summary: &Summary,
        options: &SummaryOptions,
    ) -> Result<(), CliError> {
        let mut options = options.clone();
        options.color = false;
        if options.mode == Mode::None {
            options.mode = Mode::Compact;
        }
        let text = crate::report::summary(summary, &options);
        let table = over_time(words.model, outcome, samples);
        let account = Account::of(outcome, words.model);
        let details = run_text::details(outcome, words.model, summary);
        self.write(words, |identity| {
            study_page::of_run(identity, summary, &text, &account, &details, &table)
        })
    }

    /// The page of replications. The first one is run once more, to show it over time.
    pub fn replications(
        &self,
        words: &Words<'_>,
        tally: &ReplicationStats,
        seed: u64,
    ) -> Result<(), CliError> {
        if !self.wanted() {
            return Ok(());
        }
        let every = crate::engine::Span::secs(1);
        let done = simulate(words.model, (seed, 0), |world| world.run_sampled(every));
        let (outcome, samples) = done.result;
        let table = over_time(&done.model, &outcome, &samples);
        let account = Account::of(&outcome, &done.model);
        self.write(words, |identity| {
            study_page::of_replications(identity, tally, &account, &table)
        })
    }

    /// The page of a sweep, from its file of points.
    pub fn sweep(&self, words: &Words<'_>, points: &Path) -> Result<(), CliError> {
        if !self.wanted() {
            return Ok(());
        }
        let table = Table::parse(&read(points)?).map_err(failed)?;
        self.write(words, |identity| study_page::of_sweep(identity, &table))
    }

    /// The page of a search for capacity.
    pub fn capacity(
        &self,
        words: &Words<'_>,
        question: &Question<'_>,
        answer: &Answer,
    ) -> Result<(), CliError> {
        self.write(words, |identity| {
            study_page::of_capacity(identity, question, answer)
        })
    }

    /// The page of a search for the cheapest design.
    pub fn cheapest(
        &self,
        words: &Words<'_>,
        question: &cheapest::Question<'_>,
        answer: &cheapest::Answer,
    ) -> Result<(), CliError> {
        self.write(words, |identity| {
            cheapest_page::of_cheapest(identity, question, answer)
        })
    }

    /// The page of a sensitivity study.
    pub fn explanation(
        &self,
        words: &Words<'_>,
        explanation: &Explanation,
    ) -> Result<(), CliError> {
        self.write(words, |identity| {
            explain_page::of_explanation(identity, explanation)
        })
    }

    pub(super) fn write(
        &self,
        words: &Words<'_>,
        page: impl Fn(&Identity<'_>) -> Result<String, String>,
    ) -> Result<(), CliError> {
        if !self.wanted() {
            return Ok(());
        }
        let text = read(&words.args.model)?;
        let identity = Identity {
            name: &words.model.name,
            description: &words.model.description,
            model: &text,
            changes: &words.args.set,
            known: words.known,
            signature: &words.signature,
        };
        self.put(page(&identity))
    }

    /// Writes a page that is drawn.
    pub fn put(&self, html: Result<String, String>) -> Result<(), CliError> {
        let Some(path) = &self.report else {
            return Ok(());
        };
        let html = html.map_err(failed)?;
        write_atomically(path, |out| out.write_all(html.as_bytes()))
    }
}

/// Reads a text that a page is made from.
pub fn read(path: &Path) -> Result<String, CliError> {
    input::text(path, input::TABLE).map_err(|why| CliError::file(path, why))
}

fn failed(why: String) -> CliError {
    CliError::new(
        exit::OTHER,
        format!("error: the page cannot be drawn: {why}"),
    )
}

fn over_time(model: &Model, outcome: &Outcome, samples: &[Sample]) -> Table {
    Table {
        header: timeline::header(model),
        rows: timeline::rows(model, outcome, samples),
    }
}
