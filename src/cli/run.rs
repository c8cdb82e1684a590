//! `capsim run`: one run of a model, and what k6 would print.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::ModelArgs;
use super::console::{Progress, colour};
use super::exit::{self, Failure};
use super::replicate::Replicate;
use super::report::{Report, Words};
use super::timeline::Timeline;
use crate::engine::Span;
use crate::load::plan::Plan;
use crate::model::{K6Version, Model};
use crate::report::format::TimeUnit;
use crate::report::options::parse_trend_stats;
use crate::report::{Mode, Style, SummaryOptions};
use crate::report::{replications, run_text};
use crate::world::World;
use crate::world::outcome::{End, Outcome};
use crate::world::summary::summary;
use crate::world::timeline::Sample;

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
  capsim run models/reserve.toml --replications 20
  capsim run models/token.toml --precision 1%")]
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
    #[arg(long, value_name = "VERSION")]
    summary_style: Option<StyleArg>,
    /// Which summary (k6's option). Default: legacy for style 0.53, compact otherwise.
    #[arg(long, value_name = "MODE")]
    summary_mode: Option<ModeArg>,
    /// Statistics shown for trends (k6's option), such as `avg,med,p(99),count`.
    #[arg(long, value_name = "LIST")]
    summary_trend_stats: Option<String>,
    /// One unit for all times (k6's option).
    #[arg(long, value_name = "UNIT", value_parser = ["s", "ms", "us"])]
    summary_time_unit: Option<String>,
    /// Print the summary alone.
    #[arg(short, long)]
    quiet: bool,
    /// No colours, also on a terminal.
    #[arg(long)]
    no_color: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StyleArg {
    #[value(name = "0.53")]
    V0_53,
    #[value(name = "1")]
    V1,
    #[value(name = "2")]
    V2,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModeArg {
    Legacy,
    Compact,
    Full,
    None,
}

impl Run {
    /// Runs the model and prints what came of it.
    pub fn execute(self) -> Result<ExitCode, Failure> {
        let mut model = self.model.load()?.model;
        let options = self.options(&mut model)?;
        if self.replicate.wanted() {
            return self.replications(&model);
        }
        let plan = Plan::new(&model.scenarios);
        let mut out = std::io::stdout().lock();
        if !self.quiet {
            let script = self.model.model.display().to_string();
            out.write_all(run_text::header(&model, &script).as_bytes())?;
            out.flush()?;
        }
        let (outcome, samples) = self.run(&model, &plan)?;
        let summary = summary(&outcome, &model);
        if self.report.wanted() {
            let signature = run_text::signature(&outcome, self.seed);
            let words = self.words(&model, signature);
            let run = (&outcome, samples.as_slice());
            self.report.run(&words, run, &summary, &options)?;
        }
        out.write_all(crate::report::summary(&summary, &options).as_bytes())?;
        if !self.quiet {
            out.write_all(run_text::last_lines(&outcome, &model, &plan).as_bytes())?;
            out.write_all(run_text::signature(&outcome, self.seed).as_bytes())?;
        }
        out.flush()?;
        let crossed = run_text::crossed(&summary);
        if let Some(text) = &crossed {
            eprintln!("ERRO {text}");
        }
        Ok(ExitCode::from(self.code(&outcome, crossed.is_some())?))
    }

    fn words<'a>(&'a self, model: &'a Model, signature: String) -> Words<'a> {
        Words {
            model,
            args: &self.model,
            signature,
        }
    }

    fn replications(&self, model: &Model) -> Result<ExitCode, Failure> {
        let all = self.replicate.study(model, self.seed, self.quiet)?;
        let signature = replications::signature(&all, self.seed);
        let words = self.words(model, signature);
        self.report.replications(&words, &all.tally, self.seed)?;
        self.replicate.show(&all, model, self.seed)
    }

    /// One run, with samples if something is to be shown over time.
    fn run(&self, model: &Model, plan: &Plan) -> Result<(Outcome, Vec<Sample>), Failure> {
        let world = World::new(model, self.seed, 0);
        let every = self.report.wanted().then(|| Span::secs(1));
        if let Some(every) = self.timeline.every().or(every) {
            let (outcome, samples) = world.run_sampled(every);
            self.timeline.write(model, &outcome, &samples)?;
            return Ok((outcome, samples));
        }
        let mut progress = Progress::new(plan.max_duration(), self.quiet);
        let outcome = world.run_watched(|now| progress.at(now));
        progress.done();
        Ok((outcome, Vec::new()))
    }

    fn options(&self, model: &mut Model) -> Result<SummaryOptions, Failure> {
        if let Some(style) = self.summary_style {
            model.k6_version = match style {
                StyleArg::V0_53 => K6Version::V0_53,
                StyleArg::V1 => K6Version::V1,
                StyleArg::V2 => K6Version::V2,
            };
        }
        if let Some(list) = &self.summary_trend_stats {
            // k6 ends with 255 here; capsim keeps one code for everything invalid.
            model.summary_trend_stats = parse_trend_stats(list)
                .map_err(|e| Failure::new(exit::INVALID, format!("error: {e}")))?;
        }
        let mut options = SummaryOptions::new(match model.k6_version {
            K6Version::V0_53 => Style::K6_0_53,
            K6Version::V1 => Style::K6_1,
            K6Version::V2 => Style::K6_2,
        });
        options.trend_stats = model.summary_trend_stats.clone();
        options.time_unit = self.summary_time_unit.as_deref().and_then(TimeUnit::parse);
        options.color = colour(self.no_color);
        if let Some(mode) = self.summary_mode {
            options.mode = match mode {
                ModeArg::Legacy => Mode::Legacy,
                ModeArg::Compact => Mode::Compact,
                ModeArg::Full => Mode::Full,
                ModeArg::None => Mode::None,
            };
        }
        Ok(options)
    }

    fn code(&self, outcome: &Outcome, crossed: bool) -> Result<u8, Failure> {
        let limit = |phase: &str| {
            format!("error: {phase} took longer than its timeout; raise it in [{phase}]")
        };
        match outcome.end {
            End::Finished if crossed => Ok(exit::THRESHOLDS),
            End::Finished => Ok(0),
            End::SetupTimeout => Err(Failure::new(exit::SETUP_TIMEOUT, limit("setup"))),
            End::TeardownTimeout => Err(Failure::new(exit::TEARDOWN_TIMEOUT, limit("teardown"))),
            End::Stuck => {
                let text = "error: the journey goes on and on without virtual time passing; \
                            give it a sleep, or its endpoints a service time";
                Err(Failure::new(exit::INVALID, text))
            }
        }
    }
}
