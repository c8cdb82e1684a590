//! `--runner` and `--store`: where the runs of a study are made and kept.

use std::path::PathBuf;

use clap::Args;

use super::exit::{self, CliError};
use crate::model::Document;
use crate::study::runner::Runner;

/// Where the runs of a study are made, and where they are kept.
#[derive(Clone, Debug, Args)]
pub struct Runs {
    /// Make the runs with this command of the shell, once for each batch: it reads a plan and prints results, as
    /// `capsim cells` does: 'ssh host capsim cells', 'parallel --pipe --header : -N 10 capsim cells'. Never changes
    /// the answer (docs/cluster/README.md).
    #[arg(long, value_name = "COMMAND")]
    runner: Option<String>,
    /// Keep each run in this directory, and make only those that it does not have: an interrupted study continues.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
}

impl Runs {
    /// The runner asked for, for runs of this document.
    pub fn open(&self, document: &Document) -> Result<Runner, CliError> {
        if document.program().is_some() && (self.runner.is_some() || self.store.is_some()) {
            let text = "error: --runner and --store carry a model, and a script is none\n  help: leave them out, or make \
                        a model of the script with `capsim import`";
            return Err(CliError::new(exit::USAGE, text));
        }
        let store = self.store.as_deref();
        Runner::new(self.runner.clone(), store).map_err(|why| match store {
            Some(root) => CliError::file(root, why),
            None => CliError::new(exit::OTHER, format!("error: {why}")),
        })
    }

    /// Fails if runs have no result: whatever a study then says is not an answer.
    pub fn all_made(&self, runner: &Runner) -> Result<(), CliError> {
        let Some(broken) = runner.broken() else {
            return Ok(());
        };
        let why = broken.why;
        Err(match (broken.again, &self.store) {
            (false, _) => CliError::new(exit::INVALID, format!("error: {why}")),
            (true, None) => CliError::new(
                exit::RUN_AGAIN,
                format!(
                    "error: {why}\n  help: mend it and run this again; --store DIR keeps the runs that are made"
                ),
            ),
            (true, Some(store)) => CliError::new(
                exit::RUN_AGAIN,
                format!(
                    "error: {why}\n  help: mend it and run this again: the runs that were made are kept in {}",
                    store.display()
                ),
            ),
        })
    }
}
