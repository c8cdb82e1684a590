//! `capsim capacity`: how much load the system takes, how little of a resource is enough, or which design is cheapest.

mod cheapest;

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::ModelArgs;
use super::budget::Budget;
use super::exit::{self, CliError};
use super::interrupt::Interrupt;
use super::known;
use super::outputs::Outputs;
use super::report::{Report, Words};
use super::runs::Runs;
use super::ticker::Ticker;
use crate::model::duration;
use crate::report::answers as report;
use crate::study::answers::bounds::analyse;
use crate::study::answers::capacity::{Answer, Question, search};
use crate::study::fit::free::matching;

/// Runs that a search may simulate unless a budget says otherwise.
const RUNS: u64 = 200;

/// Find the largest load that meets all thresholds, or the smallest resource.
///
/// Brackets the limit, bisects with the same random numbers at every value, and confirms both ends with more
/// replications: an end is printed only if it is sure (99 %). A value passes if the mean over its runs
/// meets every threshold.
///
/// Reads as: `load: largest passing 1.12, smallest failing 1.15`. Up to 1.12 times the model's load every threshold
/// holds; from 1.15 times on, one is crossed; between the two, more runs are needed to decide. Below it: which
/// threshold breaks first, what limits there, and how far the model as it stands is from the limit. The output begins
/// with analytical bounds, which need no simulation.
///
/// `--minimise cost` with one --vary or several finds the cheapest design by the model's [prices] that meets all
/// thresholds. Values are as for `sweep`, from the weakest to the strongest (`1..8` for whole numbers); a design is tried
/// if it is not weaker than one that fails. A table has what a larger margin costs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim capacity models/status.toml --vary load=0.1..3
  capsim capacity models/token.toml --vary stations.server.servers=1..8 --minimise
  capsim capacity models/reserve.toml --vary waiting_room.admit.batch=500..3000 \\
      --budget runs=100,time=60s --report capacity.html
  capsim capacity docs/mechanisms/cost.toml --minimise cost --vary services.shop.replicas=1..6 \\
      --vary stations.cpu.servers=1..3 --vary stations.database.servers=2..8:2 --out designs.csv

Exit codes: 0 a limit was found (or the cheapest design), 1 no value passes, or none fails, for sure, 104 the model is
invalid.")]
pub struct Capacity {
    #[command(flatten)]
    model: ModelArgs,
    /// What varies, from where to where: `load=0.1..3` or any path of the model. With `--minimise cost` several times, with
    /// values as in `sweep`.
    #[arg(long, value_name = "PATH=a..b", required = true)]
    vary: Vec<String>,
    /// Look for the smallest value that passes, or with `cost` for the cheapest design.
    #[arg(long, alias = "minimize", value_name = "WHAT", num_args = 0..=1, default_missing_value = "value")]
    minimise: Option<Minimise>,
    /// Write all designs tried as rows (with `--minimise cost`).
    #[arg(short, long, value_name = "FILE.csv")]
    out: Option<PathBuf>,
    /// How much work: `runs=200` (the default; 1000 for cost), `time=60s`, or both. If the time is over, the search
    /// ends after the present value; the answer says so, and how many runs give the same answer.
    #[arg(long, value_name = "runs=N,time=T")]
    budget: Option<Budget>,
    /// Relative width at which bisection ends, in per cent; of costs, the difference that does not matter.
    #[arg(long, default_value_t = 1.0, value_name = "PERCENT")]
    precision: f64,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    runs: Runs,
    #[command(flatten)]
    report: Report,
    #[command(flatten)]
    ranges: known::Ranges,
    /// Print only the answer, without bounds, the values tried and ranges.
    #[arg(short, long, conflicts_with = "ranges")]
    quiet: bool,
}

/// What is to be as small as possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Minimise {
    /// The value that varies.
    Value,
    /// What a run costs.
    Cost,
}

fn invalid(why: impl std::fmt::Display) -> CliError {
    CliError::new(exit::INVALID, format!("error: {why}"))
}

/// `PATH=a..b`; times with a unit, in nanoseconds.
fn range(text: &str) -> Option<(String, f64, f64)> {
    let (path, range) = text.rsplit_once('=')?;
    let (low, high) = range.split_once("..")?;
    let number = |t: &str| -> Option<f64> {
        let plain = t.trim().parse::<f64>().ok().filter(|x| x.is_finite());
        plain.or_else(|| duration::parse_signed(t.trim()).ok().map(|ns| ns as f64))
    };
    let (low, high) = (number(low)?, number(high)?);
    (low > 0.0 && low < high).then(|| (path.trim().to_string(), low, high))
}

impl Capacity {
    /// How well the model is known, if it was fitted, and what that leaves open of the limit.
    fn known(
        &self,
        out: &mut Outputs,
        question: &Question<'_>,
        answer: &Answer,
        may_go_on: &dyn Fn() -> bool,
    ) -> String {
        if self.quiet {
            return String::new();
        }
        let line = known::of_document(question.document, &question.base, &self.model.model);
        match self.ranges.of_limit(question, answer, may_go_on) {
            Ok(ranges) => line + &ranges,
            Err(why) => {
                out.keep(Err(why));
                line
            }
        }
    }

    /// Searches and prints.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        Interrupt::ends_at_once();
        if !(self.precision > 0.0 && self.precision <= 50.0) {
            return Err(invalid("--precision is a percentage from above 0 to 50"));
        }
        if self.minimise == Some(Minimise::Cost) {
            return self.cheapest();
        }
        let [vary] = self.vary.as_slice() else {
            return Err(invalid("several --vary are for --minimise cost"));
        };
        if self.out.is_some() {
            return Err(invalid("--out is for --minimise cost"));
        }
        let wrong = "--vary needs PATH=a..b with 0 < a < b, such as load=0.1..3";
        let (path, low, high) = range(vary).ok_or_else(|| invalid(wrong))?;
        let checked = self.model.load()?;
        self.model
            .files(&checked)
            .writes("--report", self.report.file())
            .check()?;
        let model = checked.model;
        let base = self.model.overrides()?;
        let document = self.model.document()?;
        if path != "load" {
            matching(&path, &document).map_err(|why| invalid(format!("--vary {path}: {why}")))?;
        }
        let runner = self.runs.open(&document)?;
        let question = Question {
            document: &document,
            base,
            path,
            low,
            high,
            minimise: self.minimise.is_some(),
            seed: self.seed,
            budget: self.budget.map_or(RUNS, |b| b.runs.unwrap_or(u64::MAX)),
            precision: self.precision / 100.0,
            runner: &runner,
        };
        let mut out = Outputs::default();
        if !self.quiet {
            out.print(&(report::bounds(&analyse(&model)) + "\n"));
        }
        let ticker = RefCell::new(Ticker::new());
        let clock = self.budget.unwrap_or_default().start();
        let watch = |runs: u64, value: f64| {
            let mut ticker = ticker.borrow_mut();
            ticker.say(&format!("{runs} runs simulated, now at {value:.4}"));
        };
        let answer = search(&question, &watch, &|| clock.may_go_on());
        drop(ticker);
        self.runs.all_made(&runner)?;
        let answer = answer.map_err(invalid)?;
        let known = self.known(&mut out, &question, &answer, &|| clock.may_go_on());
        self.runs.all_made(&runner)?;
        let words = Words {
            model: &model,
            args: &self.model,
            known: &known,
            signature: format!("{} runs, seed {}", answer.runs, self.seed),
        };
        out.keep(self.report.capacity(&words, &question, &answer));
        out.print(&report::capacity(&question, &answer, !self.quiet));
        out.print(&known);
        let found = answer.passing.is_some() && answer.failing.is_some();
        out.end(Ok(u8::from(!found)))
    }
}
