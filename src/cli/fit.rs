//! `capsim fit`: the parameters of a model from a measured run.

mod results;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Args;
use results::Told;

use super::ModelArgs;
use super::exit::{self, CliError};
use super::files::Files;
use super::interrupt::Interrupt;
use super::output::write_atomically;
use super::outputs::Outputs;
use super::report::{Report, Words};
use super::runs::Runs;
use super::structure::Taken;
use super::ticker::Ticker;
use crate::model::document::Checked;
use crate::model::{Document, Override};
use crate::report::fit as report;
use crate::report::fit_page::of_fit;
use crate::study::fit::quality::{Quality, judge};
use crate::study::fit::read::{self, Measured};
use crate::study::fit::search::{Budget, Found, Search, enough};
use crate::study::fit::{Case, Fit, file};
use crate::world::window::Window;

/// Fit a model's parameters to measured runs.
///
/// A RUN is what k6 left of a test: a --summary-export or handleSummary JSON of any version, the
/// end-of-test summary as text, --out json or --out csv; each plain or packed by gzip. capsim's own
/// work, too, and so do files of other load tools and access logs (docs/formats.md), whose percentiles are compared
/// with simulated ones made by the tool's own rule. Prints how far the fit can be trusted, the parameters with intervals and which of them the data
/// cannot tell apart, the knee, and the worst misses; with --verbose every number.
///
/// The distance is a sum of squares of log ratios: times, counts and rates each in units of a tolerance
/// (1 % for counts and means, 2 % for percentiles up to 95, 4 % up to 99, 25 % for extremes) widened by
/// rounding and by the spread between replications. Per-endpoint numbers count where the run has them.
/// All of it is in docs/fit.md.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim fit models/token.toml --to run.json --report fit.html \\
      --free 'endpoints.issue_token.**.mean=0.2ms..3ms'
  capsim fit shop.toml --to low.txt --to mid.json --holdout high.json \\
      --free 'stations.cpu.servers=1..16' --free 'endpoints.buy.**.mean=1ms..50ms' --out fitted.toml
  capsim fit shop.toml --to 'run.json@scenarios.main.stages[0].target=50' --free '...'
  capsim fit shop.toml --to samples.csv.gz --window 7s..35s --free '...'   # the hold alone

A free value is PATH=a..b; `*` stands for any key or index, `**` for several; paths separated by
commas share one value. A run with another peak of VUs than the model is taken as `load=…` of it;
`RUN@PATH=VALUE@…` says exactly what was different, `RUN@window=7s..35s` or `RUN@window=all` gives a run
another window than --window does.

Exit codes: 0 fitted, 104 the model, a run or an option is invalid, 1 anything else.")]
pub struct FitArgs {
    #[command(flatten)]
    pub(super) model: ModelArgs,
    /// A measured run; may be given several times.
    #[arg(long = "to", value_name = "RUN", required = true)]
    pub(super) to: Vec<String>,
    /// Another model of the same system, of another structure; may be given several times, the simplest first. Each
    /// is fitted to all runs but those of the highest load and predicts these; the one that is nearest is fitted.
    #[arg(long = "or", value_name = "MODEL")]
    pub(super) or: Vec<PathBuf>,
    /// A family of structures to choose from as with --or, made of the model: as written; with a setup after idle
    /// times; with a warm-up of the bottleneck; with connections that keep their token; with all stations and the load
    /// generator on one host.
    #[arg(long, value_name = "auto", value_parser = ["auto"])]
    pub(super) structures: Option<String>,
    /// A parameter that may vary; may be given several times. Without any, the model is compared as it is. With
    /// --or, one that only some of the models have is free in these. Without a range, a name: `auto` (`times`,
    /// `capacity` and `warm_up`), a path, a table such as `endpoints.buy`, or `endpoints.buy.db`, the times there;
    /// ranges are made of the model's values then, and printed.
    #[arg(long = "free", value_name = "PATH=a..b|NAME")]
    pub(super) free: Vec<String>,
    /// A run that is predicted, not fitted to; may be given several times.
    #[arg(long, value_name = "RUN")]
    holdout: Vec<String>,
    /// Only what ended in this part of a run counts, measured and simulated alike: `7s..35s` after the
    /// first request began. Needs the samples: --out csv or --out json.
    #[arg(long, value_name = "A..B", value_parser = Window::parse)]
    window: Option<Window>,
    /// Where the fitted model is written.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where measured and simulated numbers are written as CSV.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// How much work: `runs=1500`, `time=60s`, or both. Default: 500 runs for each measured run, 1500 at least. A time ends the search
    /// after the step that is under way then; the last stage, which gives the intervals, is always done.
    #[arg(long, value_name = "runs=N,time=T")]
    budget: Option<super::budget::Budget>,
    /// Print measured and simulated values of every number of every run.
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    pub(super) runs: Runs,
    #[command(flatten)]
    report: Report,
    /// Replications of the final fit and of predictions.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=1000))]
    replications: u64,
}

pub(super) fn invalid(why: impl std::fmt::Display) -> CliError {
    CliError::new(exit::INVALID, format!("error: {why}"))
}

impl FitArgs {
    /// Fits and prints.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        Interrupt::ends_at_once();
        let base = self.model.overrides()?;
        let document = self.model.document()?;
        let checked = document.check(&base).map_err(CliError::model)?;
        self.files(&checked).check()?;
        let runner = self.runs.open(&document)?;
        let Taken {
            document,
            choice,
            more,
        } = self.structure(&base, &runner)?;
        let (free, named) = self.free_in(&document, &base, &more)?;
        let fitted = self.cases(&self.to, &document, &base)?;
        let held = self.cases(&self.holdout, &document, &base)?;
        let fit = Fit {
            document: &document,
            base,
            free,
            cases: fitted,
            seed: self.seed,
            runner: &runner,
        };
        let budget = self.search_budget();
        let ticker = Mutex::new((Ticker::new(), String::new()));
        let watch = |runs: u64, cost: Option<f64>| {
            if let Ok(mut ticker) = ticker.lock() {
                if let Some(cost) = cost {
                    ticker.1 = format!(", distance {cost:.1}");
                }
                let distance = ticker.1.clone();
                let of = budget.runs.max(runs);
                ticker
                    .0
                    .say(&format!("{runs} of {of} runs simulated{distance}"));
            }
        };
        let (clock, late) = (self.budget.unwrap_or_default().start(), Cell::new(false));
        let may_go_on = || {
            late.set(late.get() || !clock.may_go_on());
            !late.get()
        };
        let search = Search::new(&fit, budget, &watch).while_time(&may_go_on);
        let found = search.run();
        self.runs.all_made(&runner)?;
        let found = found.map_err(invalid)?;
        let quality = judge(&fit, &found);
        drop(ticker);
        let told = self.told(&fit, &held, &found, &quality);
        self.runs.all_made(&runner)?;
        let mut told = told?;
        told.text.insert_str(0, &report::freed(&named));
        if let Some(choice) = &choice {
            told.text.insert_str(0, &report::structures(choice));
        }
        told.end.push_str(&report::unended(&runner.unended()));
        if late.get() {
            told.end.push_str(
                "the budget of time ended the search: another machine may come to other values; \
                 `--budget runs=N` gives the same everywhere\n",
            );
        }
        self.put(&fit, &found, &quality, &told)
    }

    pub(super) fn search_budget(&self) -> Budget {
        let asked = self.budget.and_then(|budget| budget.runs);
        Budget {
            runs: asked.unwrap_or_else(|| enough(self.to.len() as u64)),
            replications: self.replications,
        }
    }

    /// The measured runs, as a model sees them.
    pub(super) fn cases(
        &self,
        texts: &[String],
        document: &Document,
        base: &[Override],
    ) -> Result<Vec<Case>, CliError> {
        let one = |t: &String| case(t, document, base, self.window);
        texts.iter().map(one).collect()
    }

    /// All that is read and written.
    fn files(&self, checked: &Checked) -> Files {
        let runs = self.to.iter().chain(&self.holdout);
        let files = runs.fold(self.model.files(checked), |files, run| {
            files.reads("a measured run", path_of(run))
        });
        let others = self.or.iter();
        others
            .fold(files, |files, other| files.reads("--or", other))
            .writes("--out", self.out.as_deref())
            .writes("--table", self.table.as_deref())
            .writes("--report", self.report.file())
    }

    /// Writes the files, then the text.
    fn put(
        &self,
        fit: &Fit,
        found: &Found,
        quality: &Quality,
        told: &Told,
    ) -> Result<ExitCode, CliError> {
        let mut out = Outputs::default();
        let mut end = told.end.clone();
        if let Some(path) = &self.out {
            let text = file::text(fit, found, quality).map_err(invalid);
            let written =
                text.and_then(|text| write_atomically(path, |out| out.write_all(text.as_bytes())));
            if written.is_ok() {
                end.push_str(&format!("written: {}\n", path.display()));
            }
            out.keep(written);
        }
        if let Some(path) = &self.table {
            out.keep(write_atomically(path, |out| {
                out.write_all(told.csv.as_bytes())
            }));
        }
        if self.report.wanted() {
            let model = fit
                .document
                .check(&fit.base)
                .map_err(CliError::model)?
                .model;
            let words = Words {
                model: &model,
                args: &self.model,
                known: "",
                signature: format!("{} runs, seed {}", found.runs, fit.seed),
            };
            out.keep(self.report.write(&words, |identity| {
                of_fit(identity, fit, quality, told.knee.as_ref(), &told.runs)
            }));
        }
        out.print(&told.text);
        out.print(&end);
        out.done()
    }
}

/// The file of `RUN@…`.
fn path_of(run: &str) -> &str {
    run.split('@').next().unwrap_or("")
}

/// A run, and after `@` what the model has to be changed to for it, or its own window.
fn case(
    text: &str,
    document: &Document,
    base: &[Override],
    mut window: Option<Window>,
) -> Result<Case, CliError> {
    let path = path_of(text);
    let mut overrides = Vec::new();
    for part in text.split('@').skip(1) {
        match part.strip_prefix("window=") {
            Some("all") => window = None,
            Some(own) => window = Some(Window::parse(own).map_err(invalid)?),
            None => overrides.push(Override::parse(part).map_err(CliError::model)?),
        }
    }
    let measured: Measured = read::read(Path::new(path), window).map_err(invalid)?;
    Case::new(path, measured, document, base, overrides).map_err(invalid)
}
