//! `capsim run`: one run of a model, and what k6 would print.

mod conclusion;
mod options;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;

use super::ModelArgs;
use super::ci::{Ci, Tested};
use super::console::Progress;
use super::exit::{self, CliError};
use super::files::Files;
use super::interrupt::Interrupt;
use super::known;
use super::output::{self, EPOCH, Out};
use super::outputs::Outputs;
use super::replicate::{MANY, Replicate, RunRows};
use super::report::{Report, Words};
use super::samples::Samples;
use super::timeline::Timeline;
use crate::engine::Span;
use crate::load::plan::Plan;
use crate::measure::summary::Summary;
use crate::model::Model;
use crate::model::document::Checked;
use crate::report::export;
use crate::report::{Mode, SummaryOptions};
use crate::report::{bottleneck, replications, run_text, thresholds};
use crate::stats::Moments;
use crate::study::account::Account;
use crate::study::fit::prediction::Prediction;
use crate::study::fit::score::Kept;
use crate::world::World;
use crate::world::audit::Audit;
use crate::world::outcome::{Outcome, Termination};
use crate::world::program::simulate;
use crate::world::summary::{full_summary, summary};
use crate::world::timeline::Sample;
use conclusion::script_code;
use options::ModeArg;

/// Run a model once and print what k6 would print.
///
/// The end-of-test summary goes to stdout, progress and errors to stderr. Ends with exit code 99 if a
/// threshold is crossed, as k6 does. The same model and seed give the same bytes, everywhere.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim run models/reserve.toml --seed 42
  capsim run models/token.toml --set stations.server.servers=4
  capsim run models/status.toml --set load=1.2 --quiet
  capsim run models/status.toml --no-thresholds --tag env=staging --out json=samples.json
  capsim run models/reserve.toml --replications 20
  capsim run models/token.toml --precision 1% --summary-export means.json --out csv=runs.csv
  capsim run models/reserve.toml --report-junit slo.xml --annotations github
  capsim run huge.toml --samples histogram")]
pub struct Run {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    replicate: Replicate,
    #[command(flatten)]
    timeline: Timeline,
    #[command(flatten)]
    report: Report,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which k6's layout: that of 0.53, of 1.x or of 2.x. Default: what the model says, else 2.
    #[arg(long, value_name = "VERSION", value_parser = ["0.53", "1", "2"], conflicts_with_all = MANY)]
    summary_style: Option<String>,
    /// Which summary (k6's option). Default: legacy for style 0.53, compact otherwise.
    #[arg(long, value_name = "MODE", conflicts_with_all = MANY)]
    summary_mode: Option<ModeArg>,
    /// Statistics shown for trends (k6's option), such as `avg,med,p(99),count`.
    #[arg(long, value_name = "LIST", conflicts_with_all = MANY)]
    summary_trend_stats: Option<String>,
    /// One unit for all times (k6's option).
    #[arg(long, value_name = "UNIT", value_parser = ["s", "ms", "us"], conflicts_with_all = MANY)]
    summary_time_unit: Option<String>,
    /// Write the summary's numbers to a JSON file, as k6 does; of many runs means, intervals and verdicts of all metrics.
    #[arg(long, value_name = "FILE")]
    summary_export: Option<PathBuf>,
    /// Write all samples as k6 does, `json=FILE` or `csv=FILE`, or the requests as a web server logs them,
    /// `nginx=FILE`; compressed if FILE ends in .gz. Of many runs `csv=FILE` has a row for each run, as a sweep has. May
    /// be given several times.
    #[arg(short, long, value_name = "FORMAT=FILE")]
    out: Vec<Out>,
    /// What to keep of the durations of requests, iterations and groups.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t)]
    samples: Samples,
    /// A tag for all samples (k6's option): sub-metrics and the files of --out see it. May be given
    /// several times.
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    tag: Vec<(String, String)>,
    /// Evaluate and show no threshold (k6's option).
    #[arg(long)]
    no_thresholds: bool,
    /// When virtual time begins in those files, RFC 3339.
    #[arg(long, value_name = "TIME", default_value = EPOCH, value_parser = output::epoch)]
    epoch: Timestamp,
    #[command(flatten)]
    ranges: known::Ranges,
    #[command(flatten)]
    ci: Ci,
    /// Print only the summary.
    #[arg(short, long, conflicts_with = "ranges")]
    quiet: bool,
    /// Check the laws that hold in every run (every request is accounted for, times add up) and print the balance to
    /// stderr. Ends with exit code 1 if one is broken.
    #[arg(long, conflicts_with_all = MANY, conflicts_with_all = ["timeline", "report"])]
    audit: bool,
    /// No colours, also on a terminal.
    #[arg(long)]
    no_color: bool,
}

/// Reads `--tag`, as k6 does: a value may be empty, a key may not.
fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE, such as env=staging".to_owned()),
    }
}

/// What one run gave, with what was asked for beside it.
struct Simulated {
    outcome: Outcome,
    samples: Vec<Sample>,
    audit: Option<Audit>,
}

impl Run {
    /// Whether it is a study of many runs.
    pub fn makes_many(&self) -> bool {
        self.replicate.wanted()
    }

    /// Runs the model and prints what came of it.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let checked = self.model.load()?;
        let files = self.files(&checked);
        files.check()?;
        let mut model = checked.model;
        let options = self.options(&mut model)?;
        self.samples.allow(&[
            ("--out", !self.out.is_empty()),
            ("--timeline", self.timeline.every().is_some()),
            ("--report", self.report.wanted()),
            ("a study of many runs", self.replicate.wanted()),
        ])?;
        if self.replicate.wanted() {
            return self.replications(&model);
        }
        let plan = (!self.quiet).then(|| Plan::new(&model.scenarios));
        let mut out = Outputs::coloured();
        if !self.quiet {
            let script = self.model.model.display().to_string();
            out.print(&run_text::header(&model, &script, &self.outputs()));
        }
        let run = |world: World<'_>| self.simulate(world, plan.as_ref());
        let simulated = simulate(&model, (self.seed, 0), run);
        let (run, told, model) = (simulated.result, simulated.told, simulated.model);
        #[cfg(feature = "scripts")]
        let ended = super::scripted::tell(told.as_ref());
        #[cfg(not(feature = "scripts"))]
        let ended: Option<CliError> = None;
        if let Termination::Failed(why) = &run.outcome.end {
            let code = told.map_or(exit::INVALID, |told| script_code(&told, exit::INVALID));
            return Err(CliError::new(code, format!("error: {why}")));
        }
        let outcome = &run.outcome;
        let summary = match options.mode {
            Mode::Full => full_summary(outcome, &model),
            _ => summary(outcome, &model),
        };
        let events = outcome.events as f64;
        // A page is written before anything is printed, and has it, too.
        let early = self.report.wanted() && !self.quiet;
        let known = early.then(|| self.known(&mut out, events).0);
        let page = known.as_deref().unwrap_or_default();
        self.write_files(&mut out, &run, (&model, page), &summary, &options);
        let usual = || crate::report::summary(&summary, &options);
        #[cfg(feature = "scripts")]
        let text =
            super::scripted::handle_summary(&model, told.as_ref(), (&summary, &options), &files)
                .unwrap_or_else(usual);
        #[cfg(not(feature = "scripts"))]
        let text = usual();
        out.print(&text);
        if let Some(plan) = plan {
            out.print(&run_text::last_lines(outcome, &model, &plan));
            out.print(&run_text::insight(outcome, &model, &summary));
            out.print(&run_text::signature(outcome, self.seed));
            let known = known.unwrap_or_else(|| self.known(&mut out, events).0);
            out.print(&known);
        }
        out.end(match ended {
            Some(ended) => Err(ended),
            None => self
                .conclude(&run, &model, &summary)
                .map(|code| match &told {
                    Some(told) if code == 0 || told.threw => script_code(told, code),
                    _ => code,
                }),
        })
    }

    /// How well a fitted model is known, and what other runs of it would give; `events` are those of one run.
    fn known(&self, out: &mut Outputs, events: f64) -> (String, Option<Prediction>) {
        let made = known::Made {
            seed: self.seed,
            events,
            many: self.replicate.wanted(),
        };
        let line = known::of_model(&self.model);
        let thresholds = !self.no_thresholds;
        let ranges = match self.replicate.is_steady() {
            true => Ok((String::new(), None)),
            false => self.ranges.of_run(&self.model, made, thresholds),
        };
        match ranges {
            Ok((ranges, prediction)) => (line + &ranges, prediction),
            Err(why) => {
                out.keep(Err(why));
                (line, None)
            }
        }
    }

    /// All that is read and written.
    fn files(&self, checked: &Checked) -> Files {
        let outs = self.out.iter().map(Out::file);
        let read = self.model.files(checked);
        outs.fold(read, |files, out| files.writes("--out", Some(out)))
            .writes("--summary-export", self.summary_export.as_deref())
            .writes("--timeline", self.timeline.file())
            .writes("--report", self.report.file())
            .writes("--report-junit", self.ci.file())
    }

    /// What the header says about outputs.
    fn outputs(&self) -> String {
        let all: Vec<String> = self.out.iter().map(ToString::to_string).collect();
        if all.is_empty() {
            "-".to_owned()
        } else {
            all.join(", ")
        }
    }

    fn write_files(
        &self,
        to: &mut Outputs,
        run: &Simulated,
        (model, known): (&Model, &str),
        summary: &Summary,
        options: &SummaryOptions,
    ) {
        let Simulated {
            outcome, samples, ..
        } = run;
        to.keep(self.timeline.write(model, outcome, samples));
        if self.report.wanted() {
            let words = self.words(model, known, run_text::signature(outcome, self.seed));
            let run = (outcome, samples.as_slice());
            to.keep(self.report.run(&words, run, summary, options));
        }
        if self.ci.wanted() {
            let thresholds = thresholds::of_run(summary);
            let limits = bottleneck::bottleneck(&Account::of(outcome, model));
            to.keep(self.ci.write(&Tested {
                file: &self.model.model,
                name: &model.name,
                seconds: Some(summary.duration),
                limits: &limits,
                thresholds: &thresholds,
            }));
        }
        for out in &self.out {
            to.keep(out.write(outcome, model, self.epoch));
        }
        if let Some(file) = &self.summary_export {
            let text = export::summary_export(summary, options);
            to.keep(output::write_atomically(file, |out| {
                out.write_all(text.as_bytes())
            }));
        }
    }

    fn words<'a>(&'a self, model: &'a Model, known: &'a str, signature: String) -> Words<'a> {
        Words {
            model,
            known,
            args: &self.model,
            signature,
        }
    }

    fn replications(&self, model: &Model) -> Result<ExitCode, CliError> {
        let mut rows = self.rows(model)?;
        let all = self
            .replicate
            .study(model, self.seed, self.quiet, |run| rows.add(run))?;
        let signature = replications::signature(&all, self.seed);
        let mut out = Outputs::default();
        let events = all.tally.moments("events").and_then(Moments::mean);
        let (known, prediction) = match self.quiet {
            true => (String::new(), None),
            false => self.known(&mut out, events.unwrap_or(0.0)),
        };
        let words = self.words(model, &known, signature);
        for file in &self.out {
            out.keep(file.write_rows(&rows.bytes));
        }
        if let Some(file) = &self.summary_export {
            let ranges = prediction.map(|p| Kept::new(&p, &model.name));
            let text = replications::export(&all, self.seed, ranges.as_ref());
            out.keep(output::write_atomically(file, |out| {
                out.write_all(text.as_bytes())
            }));
        }
        out.keep(self.report.replications(&words, &all.tally, self.seed));
        if self.ci.wanted() {
            let thresholds = thresholds::of_replications(&all.tally);
            out.keep(self.ci.write(&Tested {
                file: &self.model.model,
                name: &model.name,
                seconds: None,
                limits: "",
                thresholds: &thresholds,
            }));
        }
        self.replicate.show(&all, model, self.seed, &known, out)
    }

    /// Where the rows of many runs are kept, if somebody wants them.
    fn rows(&self, model: &Model) -> Result<RunRows, CliError> {
        if let Some(other) = self.out.iter().find(|out| !out.holds_rows()) {
            let why =
                format!("error: of many runs --out writes csv=FILE, a row for each, not {other}");
            return Err(CliError::new(exit::USAGE, why));
        }
        RunRows::of(model, self.replicate.is_steady(), !self.out.is_empty())
    }

    /// Runs the model with whatever is asked to be watched, written down or audited.
    fn simulate(&self, mut world: World<'_>, plan: Option<&Plan>) -> Simulated {
        let every = self.report.wanted().then(|| Span::secs(1));
        let every = self.timeline.every().or(every);
        // The Ctrl+C handler needs a thread. Starting one costs more than most runs, so it is deferred.
        if every.is_some() || self.audit || !self.out.is_empty() {
            Interrupt::ends_at_once();
        }
        if !self.quiet {
            world = world.explaining();
        }
        if !self.out.is_empty() {
            world = world.logging();
        }
        if self.samples == Samples::Histogram {
            world = world.summarising();
        }
        let mut progress = Progress::new(plan.map_or(Span::ZERO, Plan::max_duration), self.quiet);
        let watch = |now| {
            Interrupt::ends_at_once();
            progress.at(now);
        };
        let (outcome, samples, audit) = if let Some(every) = every {
            let (outcome, samples) = world.run_sampled_watched(every, watch);
            (outcome, samples, None)
        } else if self.audit {
            let (outcome, audit) = world.run_audited_watched(watch);
            (outcome, Vec::new(), Some(audit))
        } else {
            (world.run_watched(watch), Vec::new(), None)
        };
        progress.done();
        Simulated {
            outcome,
            samples,
            audit,
        }
    }
}
