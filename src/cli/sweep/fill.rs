//! `capsim sweep --plan` and `--store`: what goes beyond one machine.

use std::path::Path;
use std::process::ExitCode;

use super::{SweepCommand, failed};
use crate::cli::bar::Bar;
use crate::cli::exit::{self, CliError};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::write_atomically;
use crate::cli::outputs::Outputs;
use crate::cli::store::{Merge, many, plan_failure};
use crate::study::sweep::plan::{Opened, Plan};
use crate::study::sweep::segment::Filling;
use crate::study::sweep::shard::Shard;
use crate::study::sweep::store::Store;
use crate::study::sweep::{Sweep, SweepError};

impl SweepCommand {
    /// Writes the plan, or fills the store.
    pub(super) fn beyond(
        &self,
        sweep: &Sweep<'_>,
        interrupt: &Interrupt,
    ) -> Result<ExitCode, CliError> {
        let plan = Plan::of(sweep).map_err(CliError::model)?;
        let plan = plan.open().map_err(plan_failure)?;
        if let Some(file) = &self.plan {
            write_plan(&plan, file)?;
            return Outputs::default().done();
        }
        let root = self.store.as_deref().unwrap_or(Path::new(""));
        let store = Store::create(root).map_err(|why| CliError::file(root, why))?;
        self.fill(&plan, &store, sweep.threads, interrupt)?;
        match &self.out {
            None => Outputs::default().done(),
            Some(out) => {
                let merge = Merge {
                    out,
                    force: self.force,
                    with_failed: false,
                };
                merge.write(&plan, &store)?;
                self.tell(sweep, out)
            }
        }
    }

    /// Runs what the store does not have of a shard.
    fn fill(
        &self,
        plan: &Opened,
        store: &Store,
        threads: usize,
        interrupt: &Interrupt,
    ) -> Result<(), CliError> {
        let root = store.root();
        let unusable = |why| CliError::file(root, why);
        let shard = match self.shard {
            None => Shard::WHOLE,
            Some(wanted) => wanted
                .shard(|name| std::env::var(name).ok())
                .map_err(|why| CliError::new(exit::USAGE, format!("error: --shard: {why}")))?,
        };
        store.keep(&plan.plan).map_err(unusable)?;
        let contents = store.contents(&plan.plan, shard).map_err(unusable)?;
        let cells = contents.to_do(plan, shard, self.retry_failed);
        let all = shard.cells(plan.cells()).count() as u64;
        let there = all - cells.len();
        if !cells.is_empty() {
            let segment = store.segment(&plan.plan, shard).map_err(unusable)?;
            let mut bar = Bar::new(all, there, self.quiet);
            let mut sink = Filling { plan, segment };
            let result = plan.sweep(threads).run(&cells, &mut sink, |done| {
                bar.at(there + done);
                !interrupt.asked()
            });
            bar.done();
            result.map_err(|error| match error {
                SweepError::Interrupted(done) => {
                    let at = root.display();
                    let left = cells.len() - done;
                    Interrupt::failure(&format!(
                        "; {} done in {at}, {left} of shard {shard} are left: run it again",
                        many(there + done, "cell")
                    ))
                }
                error => failed(error, root),
            })?;
        }
        if !self.quiet {
            tell!(
                "shard {shard}: {} done, {there} of them before, in {}",
                many(all, "cell"),
                root.display()
            );
        }
        let failed = shard.cells(plan.cells()).filter(|cell| {
            let found = contents.get(plan.key(*cell));
            found.is_some_and(|found| found.failed) && !self.retry_failed
        });
        match failed.count() as u64 {
            0 => Ok(()),
            count => Err(CliError::new(
                exit::INVALID,
                format!(
                    "error: {} of shard {shard} failed before: `capsim store status {}` says why",
                    many(count, "cell"),
                    root.display()
                ),
            )),
        }
    }
}

/// Writes all lines of a plan.
fn write_plan(plan: &Opened, file: &Path) -> Result<(), CliError> {
    let file = match file == Path::new("-") {
        true => Path::new("/dev/stdout"),
        false => file,
    };
    write_atomically(file, |out| {
        out.write_all(plan.plan.line()?.as_bytes())?;
        for cell in 0..plan.cells() {
            serde_json::to_writer(&mut *out, &plan.line(cell))?;
            out.write_all(b"\n")?;
        }
        Ok(())
    })
}
