//! `capsim sweep`: one CSV row for each (point, replication), and a second file of points.

mod fill;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::ModelArgs;
use super::bar::Bar;
use super::exit::{self, CliError};
use super::files::{Files, beside};
use super::interrupt::Interrupt;
use super::origin::{Origin, same_study};
use super::outputs::Outputs;
use super::report::{Report, Words};
use crate::model::document::Checked;
use crate::model::input;
use crate::study::atomic_file::Target;
use crate::study::design::Design;
use crate::study::sweep::points::aggregate;
use crate::study::sweep::rows::{Rows, hold};
use crate::study::sweep::run::Cells;
use crate::study::sweep::shard::Wanted;
use crate::study::sweep::{Sweep, SweepError, replace_file};
use crate::study::vary;

/// Run a model at many points and write CSV.
///
/// FILE.csv gets one row for each (point, replication), FILE.points.csv one for each point with 95 % intervals and
/// verdicts. Each row is on disk as soon as it is finished; --resume continues an interrupted sweep and gives the same
/// bytes. All points see the same random numbers. docs/csv.md names all columns.
///
/// Beyond one machine: --store keeps results in a directory that any number of processes fill, each with its
/// --shard; `capsim store` says what is missing and merges. --plan writes the sweep as lines for `capsim
/// cells`. docs/cluster/ has recipes for Slurm, Kubernetes, Dask, GNU parallel and MPI.
#[derive(Debug, Args)]
#[command(after_help = "\
Values of a path: a..b:step, a..b/n, log:a..b/n (ends included, units as in the model), or a list.
Where the model takes whole numbers, the numbers of a range are rounded.

Examples:
  capsim sweep models/token.toml --vary load=0.2..2:0.2 --replications 5 --out token.csv
  capsim sweep models/reserve.toml --vary waiting_room.admit.rate=60..240:20 \\
      --vary stations.server.servers=1..4:1 --out map.csv
  capsim sweep models/status.toml --vary 'scenarios.default.stages[*].target=500..8000:500' --out s.csv
  capsim sweep models/token.toml --lhs 100 --vary load=0.5..2.0 \\
      --vary pools.threads.size=log:10..1000 --out lhs.csv
  capsim sweep models/token.toml --vary load=0.2..2:0.01 --store results --shard 3/20

Exit codes: 0 done; 104 the model is invalid or a cell failed: never run it again as it is; 105 interrupted,
1 anything else: run it again. `capsim store` has 75: cells are missing.")]
pub struct SweepCommand {
    #[command(flatten)]
    model: ModelArgs,
    /// A path of the model and its values; several make a grid. May be given several times. Without any, the model
    /// as it stands is the only point.
    #[arg(long, value_name = "PATH=VALUES")]
    vary: Vec<String>,
    /// Pair the values of all paths (the first of each, the second of each, …) instead of every
    /// combination.
    #[arg(long, conflicts_with_all = ["design", "lhs"])]
    zip: bool,
    /// Points from a CSV file: a header of paths, then a row of values for each point.
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["vary", "lhs"])]
    design: Option<PathBuf>,
    /// A Latin hypercube of N points over the ranges given by --vary.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    lhs: Option<u32>,
    /// Runs of each point.
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    replications: u64,
    /// Where the rows go.
    #[arg(short, long, value_name = "FILE.csv", required_unless_present_any = ["store", "plan"])]
    out: Option<PathBuf>,
    /// Keep results in this directory and run only what it does not have. With --out, all of it is then merged.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    store: Option<PathBuf>,
    /// Run the cells of one shard: 3/20 is the fourth of twenty; auto/20 takes the number from Slurm, a
    /// Kubernetes Indexed Job or MPI; auto takes both, where the engine gives both.
    #[arg(long, value_name = "K/N", requires = "store", conflicts_with = "out")]
    shard: Option<Wanted>,
    /// Run failed cells again.
    #[arg(long, requires = "store")]
    retry_failed: bool,
    /// Run nothing; write the plan, one line a cell, for `capsim cells`. A file, or - for standard output.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["out", "store", "resume", "report"])]
    plan: Option<PathBuf>,
    /// Continue an interrupted sweep.
    #[arg(long)]
    resume: bool,
    /// Overwrite files that exist.
    #[arg(long, conflicts_with = "resume")]
    force: bool,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; never changes a result. Default: all cores.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Measure the steady state of a fixed load: the warm-up is cut off each run (MSER-5).
    #[arg(long)]
    steady: bool,
    /// No progress.
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    report: Report,
}

impl SweepCommand {
    /// Runs the sweep.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let overrides = self.model.overrides()?;
        let document = self.model.document()?;
        let design = self.points(&|path| document.wants_whole(&overrides, path))?;
        let threads = self.threads.map_or_else(cores, usize::from);
        let sweep = Sweep {
            document: &document,
            overrides: &overrides,
            design: &design,
            replications: self.replications,
            seed: self.seed,
            steady: self.steady,
            threads,
        };
        let checked = document.check(&overrides).map_err(CliError::model)?;
        if let Some(out) = &self.out {
            self.files(&checked, out).check()?;
            must_be_a_file(out)?;
        }
        let interrupt = Interrupt::listen();
        for point in 0..design.len() {
            // Better now than after an hour.
            sweep.model(point).map_err(CliError::model)?;
        }
        if self.plan.is_some() || self.store.is_some() {
            if document.program().is_some() {
                let text = "error: --plan and --store keep a model, and a script is none\n  help: write the rows with \
                            --out, or make a model of the script with `capsim import`";
                return Err(CliError::new(exit::USAGE, text));
            }
            return self.beyond(&sweep, &interrupt);
        }
        let out = self.out.as_deref().unwrap_or(Path::new(""));
        self.local(&sweep, out, &interrupt)?;
        self.tell(&sweep, out)
    }

    /// Runs all cells and writes their rows as they come.
    fn local(&self, sweep: &Sweep<'_>, out: &Path, interrupt: &Interrupt) -> Result<(), CliError> {
        let origin = Origin::of(sweep)?;
        self.may_begin(&origin, out)?;
        let mut file = hold(out).map_err(|e| failed(e, out))?;
        let done = self.begin(&file, sweep, &origin, out)?;
        let mut bar = Bar::new(sweep.rows(), done, self.quiet);
        let mut rows = Rows::of(sweep, &mut file).map_err(|e| failed(e, out))?;
        let result = sweep.run(&Cells::Range(done, sweep.rows()), &mut rows, |rows| {
            bar.at(done + rows);
            !interrupt.asked()
        });
        bar.done();
        result.map_err(|error| match error {
            SweepError::Interrupted(rows) => failed(SweepError::Interrupted(done + rows), out),
            error => failed(error, out),
        })?;
        let points = beside(out, "points.csv");
        aggregate(sweep, out, &points).map_err(|e| failed(e, &points))
    }

    /// Says what stands in the files, and writes the page that was asked for.
    fn tell(&self, sweep: &Sweep<'_>, out: &Path) -> Result<ExitCode, CliError> {
        let points = beside(out, "points.csv");
        let first = sweep.model(0).map_err(CliError::model)?;
        let words = Words {
            model: &first,
            args: &self.model,
            known: "",
            signature: self.signature(sweep.design),
        };
        let mut outputs = Outputs::default();
        outputs.keep(self.report.sweep(&words, &points));
        outputs.print(&written(sweep, out, &points));
        outputs.done()
    }

    /// All that is read and written.
    fn files(&self, checked: &Checked, out: &Path) -> Files {
        let mut files = self.model.files(checked);
        if let Some(design) = &self.design {
            files = files.reads("the design", design);
        }
        files
            .writes("--out", Some(out))
            .writes("the file of points", Some(&beside(out, "points.csv")))
            .writes("the study file", Some(&beside(out, "study.json")))
            .writes("--report", self.report.file())
    }

    fn signature(&self, design: &Design) -> String {
        let paths: Vec<&str> = design.paths().collect();
        if paths.is_empty() {
            return format!("seed {}, {} runs", self.seed, self.replications);
        }
        format!(
            "seed {}, {} points of {}, {} runs each",
            self.seed,
            design.len(),
            paths.join(" × "),
            self.replications
        )
    }

    fn points(&self, whole: &dyn Fn(&str) -> bool) -> Result<Design, CliError> {
        let wrong = |why: String| CliError::new(exit::USAGE, format!("error: {why}"));
        if let Some(path) = &self.design {
            let text = input::text(path, input::TABLE)
                .map_err(|e| CliError::new(1, format!("error: {}: {e}", path.display())))?;
            return Design::from_csv(&text).map_err(wrong);
        }
        if self.vary.is_empty() && (self.lhs.is_some() || self.zip) {
            let why = "nothing to vary: give --vary PATH=VALUES";
            return Err(wrong(why.to_owned()));
        }
        let axes = self.vary.iter().map(|text| vary::parse(text, whole));
        let axes: Result<Vec<_>, String> = axes.collect();
        let axes = axes.map_err(wrong)?;
        match self.lhs {
            Some(n) => Design::latin_hypercube(axes, n as usize, self.seed),
            None if self.zip => Design::zip(axes),
            None => Design::grid(axes),
        }
        .map_err(wrong)
    }

    /// Refuses to overwrite the other files of a sweep that has no rows, without `--force`. Only the study
    /// file may be missing if a sweep had just begun.
    fn may_begin(&self, origin: &Origin, out: &Path) -> Result<(), CliError> {
        let has_rows = std::fs::metadata(out).is_ok_and(|about| about.len() > 0);
        if self.force || has_rows {
            return Ok(());
        }
        let study = beside(out, "study.json");
        for file in [&beside(out, "points.csv"), &study] {
            if !file.exists() {
                continue;
            }
            if self.resume && *file == study {
                same_study(&study, origin).map_err(|why| no_resuming(&why, out))?;
                continue;
            }
            let (at, out) = (file.display(), out.display());
            let why = format!("{at} exists, and {out} has no rows; --force overwrites it");
            return Err(CliError::new(exit::OTHER, format!("error: {why}")));
        }
        Ok(())
    }

    /// Makes the files ready; gives the number of rows that are there already.
    fn begin(
        &self,
        file: &File,
        sweep: &Sweep<'_>,
        origin: &Origin,
        out: &Path,
    ) -> Result<u64, CliError> {
        let beside_it = beside(out, "study.json");
        let unusable = |e| CliError::file(out, e);
        let exists = file.metadata().map_err(unusable)?.len() > 0;
        if self.resume && exists {
            same_study(&beside_it, origin).map_err(|why| no_resuming(&why, out))?;
            return sweep.recover(file).map_err(|error| match error {
                SweepError::Mismatch(why) => no_resuming(&why, out),
                error => failed(error, out),
            });
        }
        if exists && !self.force {
            let text = format!(
                "error: {} exists; --resume goes on with it, --force overwrites it",
                out.display()
            );
            return Err(CliError::new(1, text));
        }
        // Before it is said that what stands there is of this sweep.
        file.set_len(0).map_err(unusable)?;
        write_origin(origin, &beside_it)?;
        Ok(0)
    }
}

/// Refuses a pipe or a device.
pub(super) fn must_be_a_file(out: &Path) -> Result<(), CliError> {
    let target = Target::of(out).map_err(|e| CliError::file(out, e))?;
    if !target.stream {
        return Ok(());
    }
    let at = out.display();
    let why = format!("error: --out: {at} is not a file, and a sweep reads its rows again");
    Err(CliError::new(exit::USAGE, why))
}

/// Says beside the rows what they were made from.
pub(super) fn write_origin(origin: &Origin, path: &Path) -> Result<(), CliError> {
    replace_file(path, |file| {
        let text = serde_json::to_string_pretty(origin).map_err(std::io::Error::from)?;
        Ok(writeln!(file, "{text}")?)
    })
    .map_err(|e| failed(e, path))
}

/// What stands in the files of a sweep that is done.
pub(super) fn written(sweep: &Sweep<'_>, out: &Path, points: &Path) -> String {
    let (rows, out) = (sweep.rows(), out.display());
    let (of, points) = (sweep.design.len(), points.display());
    format!("{rows} rows in {out}, {of} points in {points}\n")
}

fn no_resuming(why: &str, out: &Path) -> CliError {
    let at = out.display();
    CliError::new(exit::OTHER, format!("error: cannot resume {at}: {why}"))
}

pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

pub(super) fn failed(error: SweepError, path: &Path) -> CliError {
    let at = path.display();
    match error {
        SweepError::Model(problems) => CliError::model(problems),
        SweepError::Io(error) => CliError::new(1, format!("error: {at}: {error}")),
        SweepError::Mismatch(why) => CliError::new(1, format!("error: {at}: {why}")),
        SweepError::Interrupted(rows) => {
            Interrupt::failure(&format!("; {rows} rows are safe in {at}, --resume goes on"))
        }
    }
}
