//! `capsim capacity --minimise cost`: the cheapest design that meets all thresholds.

use std::cell::RefCell;
use std::process::ExitCode;

use super::{Capacity, invalid};
use crate::cli::exit::{self, CliError};
use crate::cli::output::write_atomically;
use crate::cli::outputs::Outputs;
use crate::cli::report::Words;
use crate::cli::ticker::Ticker;
use crate::model::{Document, Override};
use crate::report::answers as report;
use crate::study::answers::cheapest::{Answer, Question, search};
use crate::study::design::{Axis, Design};
use crate::study::fit::free::matching;
use crate::study::vary;

/// Runs that a search may simulate unless a budget says otherwise.
const RUNS: u64 = 1000;

impl Capacity {
    /// Searches and prints.
    pub(super) fn cheapest(&self) -> Result<ExitCode, CliError> {
        if self.ranges.asked() {
            return Err(invalid("--ranges is not for --minimise cost"));
        }
        let checked = self.model.load()?;
        let files = self.model.files(&checked);
        files
            .writes("--out", self.out.as_deref())
            .writes("--report", self.report.file())
            .check()?;
        let model = checked.model;
        let base = self.model.overrides()?;
        let document = self.model.document()?;
        let axes = self.vary.iter().map(|text| axis(text, &document, &base));
        let axes = axes.collect::<Result<Vec<_>, _>>().map_err(invalid)?;
        // What a grid refuses is refused here, too.
        Design::grid(axes.clone()).map_err(invalid)?;
        let runner = self.runs.open(&document)?;
        let question = Question {
            document: &document,
            base,
            axes,
            seed: self.seed,
            budget: self.budget.map_or(RUNS, |b| b.runs.unwrap_or(u64::MAX)),
            precision: self.precision / 100.0,
            runner: &runner,
        };
        let ticker = RefCell::new(Ticker::new());
        let clock = self.budget.unwrap_or_default().start();
        let watch = |runs: u64, design: &str| {
            let mut ticker = ticker.borrow_mut();
            ticker.say(&format!("{runs} runs simulated, now {design}"));
        };
        let answer = search(&question, &watch, &|| clock.may_go_on());
        drop(ticker);
        self.runs.all_made(&runner)?;
        let answer = answer.map_err(invalid)?;
        let words = Words {
            model: &model,
            args: &self.model,
            known: "",
            signature: format!("{} runs, seed {}", answer.runs, self.seed),
        };
        let mut out = Outputs::default();
        out.keep(self.rows(&question, &answer));
        out.keep(self.report.cheapest(&words, &question, &answer));
        out.print(&report::cheapest(&question, &answer, !self.quiet));
        let found = answer.cheapest.is_some() && answer.cut_short.is_none();
        out.end(Ok(u8::from(!found)))
    }

    fn rows(&self, question: &Question<'_>, answer: &Answer) -> Result<(), CliError> {
        let Some(path) = &self.out else {
            return Ok(());
        };
        let failed = |why| CliError::new(exit::OTHER, format!("error: {}: {why}", path.display()));
        let rows = report::rows(question, answer).map_err(failed)?;
        write_atomically(path, |out| out.write_all(&rows))
    }
}

/// Values as `sweep` reads them; of whole numbers, `a..b` is all of them.
fn axis(text: &str, document: &Document, base: &[Override]) -> Result<Axis, String> {
    let whole = |path: &str| document.wants_whole(base, path);
    let axis = vary::parse(text, &whole)?;
    if axis.path == "load" {
        let why = "the load is not part of a design: give --set load=1.5 for all of them";
        return Err(format!("--vary load: {why}"));
    }
    if !axis.values.is_empty() {
        return Ok(axis);
    }
    if whole(&axis.path) {
        return vary::parse(&format!("{text}:1"), &whole);
    }
    let of = |why: String| format!("--vary {}: {why}", axis.path);
    matching(&axis.path, document).map_err(of)?;
    Err(of(
        "a range needs a step (a..b:step) or a number of values (a..b/n)".into(),
    ))
}
