//! `capsim compare`: which of two designs is better.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::budget::Budget;
use super::exit::{self, CliError};
use super::files::Files;
use super::interrupt::Interrupt;
use super::known;
use super::outputs::Outputs;
use super::report::{Report, read};
use super::ticker::Ticker;
use super::{AllowPath, is_script};
use crate::model::document::{Checked, Document};
use crate::model::{Model, Override};
use crate::report::answers as report;
use crate::report::compare_page::of_comparison;
use crate::report::study_page::Identity;
use crate::study::answers::compare::{Comparison, Plan, compare};

/// Compare two designs under the same random numbers.
///
/// Prints paired differences with 95 % intervals, a verdict against the smallest effect that matters,
/// and how many runs of each design a real test, whose runs share no random numbers, would need to see
/// the difference (two-sided paired t test, level 5 %, power 80 %).
///
/// Better, worse: the whole interval lies beyond the smallest effect. No difference that matters: the whole interval
/// lies within it. Open: neither; more replications are needed to decide. A threshold on a number decides whether lower
/// is better; without one, the metric's name does.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim compare before.toml after.toml
  capsim compare models/token.toml --set-b stations.server.servers=3
  capsim compare models/reserve.toml --set load=0.5 --set-a pools.threads.size=100 \\
      --set-b pools.threads.size=400 --smallest-effect 10
  capsim compare models/status.toml --set-b stations.server.servers=2 --report status.html

Exit codes: 0 compared, 104 a model is invalid.")]
pub struct Compare {
    /// Model A.
    a: PathBuf,
    /// Model B. Default: A, with other `--set-b`.
    b: Option<PathBuf>,
    /// Change a value in both.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Change a value in A.
    #[arg(long, value_name = "PATH=VALUE")]
    set_a: Vec<String>,
    /// Change a value in B.
    #[arg(long, value_name = "PATH=VALUE")]
    set_b: Vec<String>,
    #[command(flatten)]
    allow: AllowPath,
    #[cfg(feature = "scripts")]
    #[command(flatten)]
    script: super::scripted::ScriptArgs,
    /// The system of B, if k6 scripts stand in the place of models and it is another.
    #[cfg(feature = "scripts")]
    #[arg(long, value_name = "FILE", requires = "system")]
    system_b: Option<PathBuf>,
    /// Replications of each.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..=100_000))]
    replications: u64,
    /// Smallest relative difference that matters, in per cent.
    #[arg(long, default_value_t = 5.0, value_name = "PERCENT")]
    smallest_effect: f64,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much work: `runs=40` (20 of each), `time=60s`, or both. If the time is over, the
    /// comparison ends after the present runs, and the output says so.
    #[arg(long, value_name = "runs=N,time=T")]
    budget: Option<Budget>,
    #[command(flatten)]
    report: Report,
    #[command(flatten)]
    ranges: known::Ranges,
    /// Show all numbers, also those without a difference that matters.
    #[arg(long)]
    all: bool,
}

impl Compare {
    /// Runs both and prints the differences.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        Interrupt::ends_at_once();
        if !(0.0..=1000.0).contains(&self.smallest_effect) {
            let why = "error: --smallest-effect is a percentage from 0 to 1000";
            return Err(CliError::new(exit::INVALID, why));
        }
        let second = self.b.as_ref().unwrap_or(&self.a);
        let a = self.model(&self.a, &self.set_a, false)?;
        let b = self.model(second, &self.set_b, true)?;
        let files = Files::of_model(&self.a, &a.files).reads("model B", second);
        #[cfg(feature = "scripts")]
        let files = self.script.files(files);
        b.files
            .iter()
            .fold(files, |files, path| {
                files.reads("a data file of model B", path)
            })
            .writes("--report", self.report.file())
            .check()?;
        let (a, b) = (a.model, b.model);
        if a == b {
            tell!("warning: A and B are the same; change one with --set-a or --set-b");
        }
        let budget = self.budget.unwrap_or_default();
        let pairs = budget.runs.map_or(self.replications, |runs| runs / 2);
        if pairs < 2 {
            let why = "error: the budget is too small: it takes runs=4 at least";
            return Err(CliError::new(exit::INVALID, why));
        }
        let plan = Plan {
            seed: self.seed,
            replications: self.replications.min(pairs),
            effect: self.smallest_effect / 100.0,
        };
        let clock = budget.start();
        let mut ticker = Ticker::new();
        ticker.say(&format!("simulating {} runs", 2 * plan.replications));
        let done = compare(&a, &b, &plan, &|| clock.may_go_on());
        drop(ticker);
        let done = done.map_err(|why| CliError::new(exit::INVALID, format!("error: {why}")))?;
        let designs = self.designs(second, done.replications);
        let mut out = Outputs::default();
        let mut known = self.known(second)?;
        match self.ranges(second, &done, clock.may_go_on()) {
            Ok(ranges) => known.push_str(&ranges),
            Err(why) => out.keep(Err(why)),
        }
        out.keep(self.page(&a, second, (&designs, &known), &done));
        out.print(&format!("{designs}\n"));
        out.print(&report::compare(&done, self.all));
        if done.replications < plan.replications {
            out.print(&format!(
                "the budget of time ended the comparison; `--replications {}` gives this everywhere\n",
                done.replications
            ));
        }
        out.print(&known);
        out.done()
    }

    /// A model with its changes; the second or the first.
    fn model(&self, path: &Path, own: &[String], second: bool) -> Result<Checked, CliError> {
        let overrides = self.overrides(own)?;
        self.document(path, &overrides, second)?
            .check(&overrides)
            .map_err(CliError::model)
    }

    fn overrides(&self, own: &[String]) -> Result<Vec<Override>, CliError> {
        let sets = self.set.iter().chain(own);
        let sets: Result<Vec<Override>, _> = sets.map(|s| Override::parse(s)).collect();
        sets.map_err(CliError::model)
    }

    fn document(
        &self,
        path: &Path,
        overrides: &[Override],
        second: bool,
    ) -> Result<Document, CliError> {
        #[cfg(feature = "scripts")]
        return match second {
            true => self.script.other(self.system_b.as_deref()),
            false => self.script.clone(),
        }
        .document(path, &self.allow.paths, overrides);
        #[cfg(not(feature = "scripts"))]
        {
            let _ = (overrides, second);
            self.allow.document(path)
        }
    }

    /// How well either is known, if it was fitted.
    fn known(&self, second: &Path) -> Result<String, CliError> {
        let mut text = String::new();
        for (path, own) in [(self.a.as_path(), &self.set_a), (second, &self.set_b)] {
            if is_script(path) {
                // What it runs against was never fitted under its name.
                continue;
            }
            let document = self.allow.document(path)?;
            let line = known::of_document(&document, &self.overrides(own)?, path);
            if !text.contains(&line) {
                text.push_str(&line);
            }
        }
        Ok(text)
    }

    /// What the fit of either leaves open of the differences; `in_time` if there is time left.
    fn ranges(&self, second: &Path, done: &Comparison, in_time: bool) -> Result<String, CliError> {
        let (in_a, in_b) = (self.overrides(&self.set_a)?, self.overrides(&self.set_b)?);
        let a = self.document(&self.a, &in_a, false)?;
        let b = self.document(second, &in_b, true)?;
        let made = known::Made {
            seed: self.seed,
            events: done.events,
            many: true,
        };
        let sides = [(&a, in_a.as_slice()), (&b, in_b.as_slice())];
        self.ranges.of_differences(sides, made, self.all, in_time)
    }

    /// What A and B are.
    fn designs(&self, second: &Path, replications: u64) -> String {
        let with = |path: &Path, own: &[String]| {
            let sets: String = self
                .set
                .iter()
                .chain(own)
                .fold(String::new(), |all, set| all + " --set " + set);
            format!("{}{sets}", path.display())
        };
        format!(
            "A  {}\nB  {}\n{replications} runs of each, the same random numbers for both, seed {}\n",
            with(&self.a, &self.set_a),
            with(second, &self.set_b),
            self.seed
        )
    }

    fn page(
        &self,
        a: &Model,
        second: &Path,
        (designs, known): (&str, &str),
        done: &Comparison,
    ) -> Result<(), CliError> {
        if !self.report.wanted() {
            return Ok(());
        }
        let text = read(&self.a)?;
        let other = match &self.b {
            Some(_) => Some(read(second)?),
            None => None,
        };
        let signature = format!("{} runs, seed {}", 2 * done.replications, self.seed);
        let identity = Identity {
            name: &format!("{}, A and B", a.name),
            description: &a.description,
            model: &text,
            changes: &[],
            known,
            signature: &signature,
        };
        let other = other.as_deref();
        self.report
            .put(of_comparison(&identity, designs, other, done))
    }
}
