//! `capsim store`: what a store contains, what is missing, and the CSV file made of it.

use std::fmt::Write as _;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::cells::first_line;
use super::exit::{self, CliError};
use super::files::{Files, beside};
use super::origin::Origin;
use super::outputs::Outputs;
use super::sweep::{failed, must_be_a_file, write_origin, written};
use crate::study::sweep::merge::merge;
use crate::study::sweep::plan::{Opened, Plan, PlanError};
use crate::study::sweep::points::aggregate;
use crate::study::sweep::segment::add;
use crate::study::sweep::shard::array;
use crate::study::sweep::store::{Contents, Review, Store};

/// Entries of a list that are named.
const NAMED: usize = 10;

/// Look at a store of results, and make the CSV file of a sweep from it.
///
/// A store is the directory that `capsim sweep --store DIR` fills, one shard or many at a time, in any order and on any
/// machine that reaches it. Each process appends to a segment of its own; each line has the key of its cell and a
/// checksum. A cell that is run twice counts once.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 all is there; 75 cells are missing or damaged: run them, and this again; 104 a cell failed, or the
plan is of no use: running again does not help; 1 anything else.")]
pub struct StoreArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what is done, what is missing, what failed and what is damaged.
    Status(Which),
    /// Print the numbers of the shards that have cells to run, as sbatch --array takes them.
    Missing {
        #[command(flatten)]
        which: Which,
        /// How many shards the sweep has. Default: each cell is one.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        shards: Option<u64>,
    },
    /// Write the rows and the points of the sweep: the same bytes as on one machine.
    Merge {
        #[command(flatten)]
        which: Which,
        /// Where the rows go.
        #[arg(short, long, value_name = "FILE.csv")]
        out: PathBuf,
        /// Overwrite files that exist.
        #[arg(long)]
        force: bool,
        /// Give each cell that failed a row without numbers, whose `end` is `failed`.
        #[arg(long)]
        with_failed: bool,
    },
    /// Store results from standard input, such as those of `capsim cells`.
    Add {
        /// The store; it is made if there is none.
        store: PathBuf,
        /// The plan that they are of. It is kept, too.
        #[arg(long, value_name = "FILE")]
        plan: Option<PathBuf>,
    },
    /// Set damaged segments aside and keep their good lines.
    Repair {
        /// The store.
        store: PathBuf,
    },
}

/// A sweep in a store.
#[derive(Debug, Args)]
struct Which {
    /// The store.
    store: PathBuf,
    /// The plan, where there are several: the first characters of its id.
    #[arg(long, value_name = "ID")]
    plan: Option<String>,
}

impl Which {
    fn open(&self) -> Result<(Store, Opened), CliError> {
        let store = Store::open(&self.store).map_err(|why| CliError::file(&self.store, why))?;
        let plan = store.plan(self.plan.as_deref()).map_err(plan_failure)?;
        Ok((store, plan))
    }

    fn review(&self) -> Result<(Opened, Contents, Review), CliError> {
        let (store, plan) = self.open()?;
        let (contents, review) = review(&store, &plan)?;
        Ok((plan, contents, review))
    }
}

fn review(store: &Store, plan: &Opened) -> Result<(Contents, Review), CliError> {
    let unusable = |why| CliError::file(store.root(), why);
    let contents = store.all().map_err(unusable)?;
    let review = contents.review(plan).map_err(unusable)?;
    Ok((contents, review))
}

impl StoreArgs {
    /// Does what is asked.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        match self.command {
            Command::Status(which) => status(&which),
            Command::Missing { which, shards } => missing(&which, shards),
            Command::Merge {
                which,
                out,
                force,
                with_failed,
            } => {
                let (store, plan) = which.open()?;
                let merge = Merge {
                    out: &out,
                    force,
                    with_failed,
                };
                merge.write(&plan, &store)?;
                let mut outputs = Outputs::default();
                outputs.print(&written(&plan.sweep(1), &out, &beside(&out, "points.csv")));
                outputs.done()
            }
            Command::Add { store, plan } => add_lines(&store, plan.as_deref()),
            Command::Repair { store } => {
                let opened = Store::open(&store).map_err(|why| CliError::file(&store, why))?;
                let (lines, segments) =
                    opened.repair().map_err(|why| CliError::file(&store, why))?;
                let mut outputs = Outputs::default();
                outputs.print(&format!(
                    "{} set aside, {} of them kept\n",
                    many(segments as u64, "damaged segment"),
                    many(lines, "result")
                ));
                outputs.done()
            }
        }
    }
}

fn status(which: &Which) -> Result<ExitCode, CliError> {
    let (plan, contents, review) = which.review()?;
    let mut text = format!(
        "plan {}: {}, {} × {}, seed {}\n",
        plan.plan.id,
        plan.plan.model,
        many(plan.sweep(1).design.len(), "point"),
        many(plan.plan.replications, "replication"),
        plan.plan.seed
    );
    let (done, missing) = (review.done, review.missing.len());
    let _ = writeln!(
        text,
        "cells: {done} done, {missing} missing, {} failed",
        review.failed.len()
    );
    let _ = writeln!(
        text,
        "store: {} in {}, {} there twice, {} unfinished",
        many(contents.found.len() as u64, "line"),
        many(contents.segments.len() as u64, "segment"),
        contents.duplicates(),
        many(contents.unfinished, "last line")
    );
    for fault in faults(&plan, &contents, &review) {
        let _ = write!(text, "{fault}");
    }
    let code = verdict(&contents, &review);
    let mut outputs = Outputs::default();
    outputs.print(&text);
    outputs.end(Ok(code))
}

fn verdict(contents: &Contents, review: &Review) -> u8 {
    if !review.missing.is_empty() || !contents.damaged.is_empty() {
        return exit::RUN_AGAIN;
    }
    if review.failed.is_empty() {
        0
    } else {
        exit::INVALID
    }
}

fn missing(which: &Which, shards: Option<u64>) -> Result<ExitCode, CliError> {
    let (plan, contents, review) = which.review()?;
    let shards = shards.unwrap_or(plan.cells());
    let mut numbers: Vec<u64> = review.missing.iter().map(|cell| cell % shards).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut outputs = Outputs::default();
    if !numbers.is_empty() {
        outputs.print(&format!("{}\n", array(&numbers)));
    }
    outputs.end(Ok(verdict(&contents, &review)))
}

fn add_lines(root: &Path, plan: Option<&Path>) -> Result<ExitCode, CliError> {
    let unusable = |why| CliError::file(root, why);
    let store = Store::create(root).map_err(unusable)?;
    if let Some(path) = plan {
        let plan = Plan::parse(&first_line(path)?)
            .and_then(Plan::open)
            .map_err(plan_failure)?;
        store.keep(&plan.plan).map_err(unusable)?;
    }
    let mut segment = store.added().map_err(unusable)?;
    let lines = BufReader::new(std::io::stdin().lock());
    let kept = add(&mut segment, lines).map_err(|why| failed(why, Path::new("standard input")))?;
    let mut outputs = Outputs::default();
    outputs.print(&format!(
        "{} kept in {}\n",
        many(kept, "result"),
        segment.path().display()
    ));
    outputs.done()
}

/// A sweep to be merged.
pub struct Merge<'a> {
    /// Where the rows go.
    pub out: &'a Path,
    /// Whether files may be overwritten.
    pub force: bool,
    /// Whether cells may have failed.
    pub with_failed: bool,
}

impl Merge<'_> {
    /// Writes rows, points and what they were made from; refuses a store with holes or damage.
    pub fn write(&self, plan: &Opened, store: &Store) -> Result<(), CliError> {
        let (points, study) = (
            beside(self.out, "points.csv"),
            beside(self.out, "study.json"),
        );
        let files = Files::default().writes("--out", Some(self.out));
        let files = files.writes("the file of points", Some(&points));
        files.writes("the study file", Some(&study)).check()?;
        must_be_a_file(self.out)?;
        let there = [self.out, &points, &study]
            .into_iter()
            .find(|file| file.exists());
        if let Some(file) = there.filter(|_| !self.force) {
            let text = format!("error: {} exists; --force overwrites it", file.display());
            return Err(CliError::new(exit::OTHER, text));
        }
        let (contents, review) = review(store, plan)?;
        self.refuse(plan, store, &contents, &review)?;
        let sweep = plan.sweep(1);
        merge(plan, &contents, self.out).map_err(|why| failed(why, self.out))?;
        write_origin(&Origin::of(&sweep)?, &study)?;
        aggregate(&sweep, self.out, &points).map_err(|why| failed(why, &points))
    }

    fn refuse(
        &self,
        plan: &Opened,
        store: &Store,
        contents: &Contents,
        review: &Review,
    ) -> Result<(), CliError> {
        let at = store.root().display();
        let refused = |code, list: &str, fix: &str| {
            Err(CliError::new(
                code,
                format!("error: {at} is not merged\n{list}  help: {fix}"),
            ))
        };
        let conflicts = contents
            .conflicts()
            .map_err(|why| CliError::file(store.root(), why))?;
        if !conflicts.is_empty() {
            let list = named("results of one cell differ", &conflicts);
            let fix = "the same version of capsim gives the same bytes everywhere: find the machine that does \
                       not, remove its segments, and run the sweep again";
            return refused(exit::OTHER, &list, fix);
        }
        let list = faults(plan, contents, review).concat();
        if !contents.damaged.is_empty() {
            let fix = format!(
                "`capsim store repair {at}` sets damaged lines aside; then run what is missing"
            );
            return refused(exit::RUN_AGAIN, &list, &fix);
        }
        if !review.missing.is_empty() {
            let fix = format!("run the sweep again with --store {at}: it runs what is missing");
            return refused(exit::RUN_AGAIN, &list, &fix);
        }
        if !review.failed.is_empty() && !self.with_failed {
            let fix =
                "--with-failed merges all others; `capsim sweep --retry-failed` runs these again";
            return refused(exit::INVALID, &list, fix);
        }
        Ok(())
    }
}

/// What is wrong with a store, a few lines each.
fn faults(plan: &Opened, contents: &Contents, review: &Review) -> Vec<String> {
    let cell = |cell: &u64| {
        let line = plan.line(*cell);
        format!(
            "cell {cell}: {}, replication {}",
            line.set.join(", "),
            line.replication
        )
    };
    let damaged = contents
        .damaged
        .iter()
        .map(|(path, line)| format!("{}, line {line}", path.display()));
    let missing = review.missing.iter().take(NAMED + 1).map(cell);
    let failed = review
        .failed
        .iter()
        .map(|(number, why)| format!("{}: {why}", cell(number)));
    let lists = [
        (
            contents.damaged.len(),
            "is not as it was written",
            damaged.take(NAMED + 1).collect::<Vec<_>>(),
        ),
        (review.missing.len(), "has no result", missing.collect()),
        (
            review.failed.len(),
            "failed",
            failed.take(NAMED + 1).collect(),
        ),
    ];
    let lists = lists.into_iter().filter(|(count, ..)| *count > 0);
    lists
        .map(|(count, what, list)| listed(what, count, &list))
        .collect()
}

fn named(what: &str, list: &[String]) -> String {
    listed(what, list.len(), list)
}

fn listed(what: &str, count: usize, list: &[String]) -> String {
    let mut text = String::new();
    for one in list.iter().take(NAMED) {
        let _ = writeln!(text, "  {what}: {one}");
    }
    if count > NAMED {
        let _ = writeln!(text, "  … and {} more", count - NAMED);
    }
    text
}

/// A number and what is counted.
pub fn many(count: u64, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// How a command ends whose plan is of no use.
pub fn plan_failure(error: PlanError) -> CliError {
    match error {
        PlanError::Model(problems) => CliError::model(problems),
        PlanError::Text(why) => CliError::new(exit::INVALID, format!("error: {why}")),
    }
}
