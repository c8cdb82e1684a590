//! A plan whose model was read: its cells, their keys, and the running of one.

use super::{Key, Line, Plan, PlanError};
use crate::model::Problems;
use crate::model::document::Document;
use crate::model::set::Override;
use crate::runs::Job;
use crate::sweep::{Columns, Sweep, result};

/// A plan whose model was read.
#[derive(Debug)]
pub struct Opened {
    /// As it was written.
    pub plan: Plan,
    document: Document,
    overrides: Vec<Override>,
    columns: Columns,
    shared: Key,
}

impl Plan {
    /// Reads its model.
    ///
    /// # Errors
    /// If that is not valid, or the plan is not as it was written.
    pub fn open(self) -> Result<Opened, PlanError> {
        let changed = || {
            let why =
                "the first line of the plan does not fit its own hash: it is not as it was written";
            PlanError::Text(why.to_owned())
        };
        if self.replications == 0 || self.design.is_empty() {
            return Err(changed());
        }
        let document = Document::from_contents(&self.model, &self.text, self.files.clone())?;
        let overrides = self.set.iter().map(|text| Override::parse(text));
        let overrides = overrides.collect::<Result<Vec<_>, _>>()?;
        let mut opened = Opened {
            document,
            overrides,
            columns: Columns::default(),
            shared: Key(0),
            plan: self,
        };
        if opened.plan.takes.is_empty() {
            opened.columns = opened.sweep(1).columns()?;
        }
        opened.shared = opened.plan.shared(&opened.columns);
        let shared = opened.shared.to_string();
        if shared != opened.plan.shared || opened.plan.id(&shared) != opened.plan.id {
            return Err(changed());
        }
        Ok(opened)
    }
}

impl Opened {
    /// The sweep, on a number of threads.
    #[must_use]
    pub fn sweep(&self, threads: usize) -> Sweep<'_> {
        Sweep {
            document: &self.document,
            overrides: &self.overrides,
            design: &self.plan.design,
            replications: self.plan.replications,
            seed: self.plan.seed,
            steady: self.plan.steady,
            threads,
        }
    }

    /// Number of cells.
    #[must_use]
    pub fn cells(&self) -> u64 {
        self.sweep(1).rows()
    }

    /// The columns of its results.
    #[must_use]
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    fn set(&self, cell: u64) -> Vec<String> {
        let values = self.plan.design.point(cell / self.plan.replications);
        let paths = self.plan.design.paths();
        paths
            .zip(values)
            .map(|(path, value)| format!("{path}={value}"))
            .collect()
    }

    /// The key of a cell.
    #[must_use]
    pub fn key(&self, cell: u64) -> Key {
        self.plan.key(&self.without_key(cell))
    }

    /// The line of a cell.
    #[must_use]
    pub fn line(&self, cell: u64) -> Line {
        let mut line = self.without_key(cell);
        line.key = self.plan.key(&line).to_string();
        line
    }

    fn without_key(&self, cell: u64) -> Line {
        Line {
            key: String::new(),
            cell,
            set: self.set(cell),
            seed: self.plan.seed,
            replication: cell % self.plan.replications,
            take: None,
            slower: None,
        }
    }

    /// Runs the cell of a line: its key and its result.
    ///
    /// # Errors
    /// If it is not a line of this plan, or its values make no valid model.
    pub fn run(&self, line: &str) -> Result<(Key, Result<Vec<u8>, Problems>), String> {
        let read: Line = serde_json::from_str(line)
            .map_err(|why| format!("it is not a cell of a plan: {why}"))?;
        let key = self.plan.key(&read);
        let of_study = !self.plan.takes.is_empty();
        let known = match read.take {
            Some(take) => take < self.plan.takes.len(),
            None => !of_study && read.slower.is_none(),
        };
        if key.to_string() != read.key || !known {
            return Err("its key is not that of its values: it is of another plan, or not as it was written".into());
        }
        Ok((key, self.run_line(&read)))
    }

    fn run_line(&self, line: &Line) -> Result<Vec<u8>, Problems> {
        let mut overrides = self.overrides.clone();
        for set in &line.set {
            overrides.push(Override::parse(set)?);
        }
        let model = self.document.check(&overrides)?.model;
        let take = line.take.and_then(|take| self.plan.takes.get(take));
        let slower = line.slower.as_deref().and_then(|text| text.parse().ok());
        let model = match take {
            Some(take) => take.prepared(model, slower),
            None => model,
        };
        let job = Job {
            model: &model,
            seed: line.seed,
            replication: line.replication,
        };
        Ok(match take {
            Some(take) => take.run(&job).text().into_bytes(),
            None => result(&job, self.plan.steady, &self.columns),
        })
    }
}
