//! Where the runs of a study are made: on the threads of this process, or by a command of the user's, such as
//! `ssh host capsim cells`; and a store that keeps them.
//!
//! This is the one place through which `capacity`, `explain`, `fit` and `predict` run models. A study asks for a batch
//! of runs: each a model with the changes that made it, and what is to be [taken](Take) of the run. Here or elsewhere,
//! the same [`Take::run`] is called; what comes from elsewhere or from a store is read back to the last bit, so that a
//! study gives the same bytes. Elsewhere a run is a cell of a [`Plan`], as those of a sweep are.

mod command;
mod exact;
mod take;

pub use take::{Given, Numbers, Take};

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::answers::margin::Sample;
use super::runs::Job;
use super::sweep::plan::{Key, Line, Plan};
use super::sweep::segment::{Entry, Segment, result_line};
use super::sweep::store::{Contents, Store};
use crate::model::{Document, Model, Override, Problems};

/// What all runs of a study share.
#[derive(Debug)]
pub struct Study<'a> {
    /// The model as written.
    pub document: &'a Document,
    /// Seed of all random numbers.
    pub seed: u64,
    /// What is taken of runs.
    pub takes: Vec<Take>,
}

/// A run that a study asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'m> {
    /// The model, [prepared](Take::prepared) for what is taken of it.
    pub model: &'m Model,
    /// The changes that made it of the document.
    pub set: &'m [Override],
    /// The factor by which all times of the system were made longer after that.
    pub slower: Option<f64>,
    /// Number of the run.
    pub replication: u64,
    /// Which of the study's takes.
    pub take: usize,
}

/// Why a runner gave no results. A study that it ends has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What happened.
    pub why: String,
    /// Whether the same may go well another time.
    pub again: bool,
}

impl Broken {
    fn again(why: String) -> Broken {
        Broken { why, again: true }
    }
}

/// Where runs are made, and where they are kept.
#[derive(Debug)]
pub struct Runner {
    command: Option<String>,
    kept: Option<Kept>,
    broken: Mutex<Option<Broken>>,
    unended: Mutex<Unended>,
}

/// Runs that came to no end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unended {
    /// How many.
    pub runs: u64,
    /// What happened to the first of them.
    pub why: String,
}

/// On the threads of this process, and nowhere kept.
pub static HERE: Runner = Runner {
    command: None,
    kept: None,
    broken: Mutex::new(None),
    unended: Mutex::new(Unended {
        runs: 0,
        why: String::new(),
    }),
};

/// A store, as it was found, and a segment for what is new.
#[derive(Debug)]
struct Kept {
    contents: Contents,
    store: Store,
    segment: Mutex<Option<Segment>>,
}

impl Runner {
    /// Runs are made by this command of the shell, which gets lines of a plan and prints results, as `capsim cells`
    /// does; without one, here. With a directory, they are kept in a store there, and what it has is not run again.
    ///
    /// # Errors
    /// If the store cannot be read or made.
    pub fn new(command: Option<String>, store: Option<&Path>) -> std::io::Result<Runner> {
        let kept = store.map(|root| {
            let store = Store::create(root)?;
            Ok::<Kept, std::io::Error>(Kept {
                contents: store.all()?,
                store,
                segment: Mutex::new(None),
            })
        });
        Ok(Runner {
            command,
            kept: kept.transpose()?,
            broken: Mutex::new(None),
            unended: Mutex::default(),
        })
    }

    /// Whether runs are made by the threads of this process.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.command.is_none()
    }

    /// The runs that came to no end so far. A study gets nothing of them.
    #[must_use]
    pub fn unended(&self) -> Unended {
        let unended = self.unended.lock().unwrap_or_else(PoisonError::into_inner);
        unended.clone()
    }

    /// Why it gave no results, the first time that it did not. Studies that try several models may take that for a
    /// model that cannot be run, so whoever prints an answer asks here first.
    #[must_use]
    pub fn broken(&self) -> Option<Broken> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.clone()
    }

    /// Makes all runs: what was taken of each, in their order.
    ///
    /// # Errors
    /// If one has no result; after that, at once.
    pub fn run(&self, study: &Study<'_>, asked: &[Asked<'_>]) -> Result<Vec<Given>, String> {
        let all = self.made(study, asked)?;
        let mut unended = self.unended.lock().unwrap_or_else(PoisonError::into_inner);
        for why in all.iter().filter_map(Given::no_end) {
            if unended.runs == 0 {
                why.clone_into(&mut unended.why);
            }
            unended.runs += 1;
        }
        drop(unended);
        Ok(all)
    }

    fn made(&self, study: &Study<'_>, asked: &[Asked<'_>]) -> Result<Vec<Given>, String> {
        if let Some(broken) = self.broken() {
            return Err(broken.why);
        }
        if self.command.is_none() && self.kept.is_none() {
            let all = asked.par_iter();
            return Ok(all.map(|asked| here(study, asked)).collect());
        }
        self.by_key(study, asked).map_err(|broken| {
            let why = broken.why.clone();
            let mut first = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(broken);
            why
        })
    }

    /// As [`Runner::run`], of samples.
    ///
    /// # Errors
    /// As [`Runner::run`], and if a run came to no end: with which changes, and why.
    pub fn samples(&self, study: &Study<'_>, asked: &[Asked<'_>]) -> Result<Vec<Sample>, String> {
        let given = self.run(study, asked)?.into_iter().zip(asked);
        given
            .map(|(given, asked)| given.sample().map_err(|why| with_changes(asked.set, &why)))
            .collect()
    }

    /// Runs that are known by their keys.
    fn by_key(&self, study: &Study<'_>, asked: &[Asked<'_>]) -> Result<Vec<Given>, Broken> {
        let plan = Plan::of_study(study.document, study.takes.clone()).map_err(unsent)?;
        let lines: Vec<Line> = (0..)
            .zip(asked)
            .map(|(n, a)| line(&plan, study, n, a))
            .collect();
        let (keys, takes): (Vec<Key>, Vec<&Take>) = lines
            .iter()
            .zip(asked)
            .map(|(line, asked)| (plan.key(line), &study.takes[asked.take]))
            .unzip();
        let mut given: BTreeMap<Key, Given> = BTreeMap::new();
        for (key, take) in keys.iter().zip(&takes) {
            if let Some(found) = self.found(*key, take)? {
                given.insert(*key, found);
            }
        }
        let open: Vec<usize> = (0..keys.len())
            .filter(|at| !given.contains_key(&keys[*at]))
            .collect();
        let new: Vec<(Key, Given)> = match &self.command {
            _ if open.is_empty() => Vec::new(),
            None => {
                let each = open.par_iter().map(|at| {
                    let given = here(study, &asked[*at]);
                    // What a run may take is no part of its key: it may come to its end another time.
                    if given.no_end().is_none() {
                        self.keep(&result_line(keys[*at], given.text().as_bytes()))?;
                    }
                    Ok((keys[*at], given))
                });
                each.collect::<Result<_, Broken>>()?
            }
            Some(command) => {
                let wanted: BTreeMap<Key, &Take> =
                    open.iter().map(|at| (keys[*at], takes[*at])).collect();
                let first = plan.line().map_err(|why| Broken::again(why.to_string()))?;
                let text = command::text(first, open.iter().map(|at| &lines[*at]));
                command::run(command, &text, &wanted, &|line| self.keep(line))?
            }
        };
        given.extend(new);
        Ok(keys
            .iter()
            .filter_map(|key| given.get(key).cloned())
            .collect())
    }

    /// A result that the store has.
    fn found(&self, key: Key, take: &Take) -> Result<Option<Given>, Broken> {
        let Some(kept) = &self.kept else {
            return Ok(None);
        };
        let line = kept
            .contents
            .result(key)
            .map_err(|why| kept.unusable(&why))?;
        let result = line
            .as_deref()
            .and_then(Entry::parse)
            .and_then(|entry| entry.result.ok());
        Ok(result.and_then(|result| take.read(result)))
    }

    /// Keeps a line of a result, if there is a store.
    fn keep(&self, line: &[u8]) -> Result<(), Broken> {
        let Some(kept) = &self.kept else {
            return Ok(());
        };
        let mut segment = kept.segment.lock().unwrap_or_else(PoisonError::into_inner);
        let written = match segment.as_mut() {
            Some(segment) => segment.write(line),
            None => kept
                .store
                .added()
                .and_then(|new| segment.insert(new).write(line)),
        };
        written.map_err(|why| kept.unusable(&why))
    }
}

impl Kept {
    fn unusable(&self, why: &std::io::Error) -> Broken {
        Broken::again(format!("{}: {why}", self.store.root().display()))
    }
}

/// What a study says of a model that cannot be sent.
fn unsent(problems: Problems) -> Broken {
    let each = problems.iter();
    let each = each.map(|p| format!("{}: {}\n  help: {}", p.file, p.message, p.fix));
    Broken {
        why: each.collect::<Vec<_>>().join("\n"),
        again: false,
    }
}

/// What happened to a run, and to which.
fn with_changes(set: &[Override], why: &str) -> String {
    match set {
        [] => why.to_owned(),
        set => {
            let set: Vec<String> = set.iter().map(ToString::to_string).collect();
            format!("{}: {why}", set.join(", "))
        }
    }
}

/// Makes a run in this process.
fn here(study: &Study<'_>, asked: &Asked<'_>) -> Given {
    study.takes[asked.take].run(&Job {
        model: asked.model,
        seed: study.seed,
        replication: asked.replication,
    })
}

/// The line of a run.
fn line(plan: &Plan, study: &Study<'_>, number: u64, asked: &Asked<'_>) -> Line {
    let mut line = Line {
        key: String::new(),
        cell: number,
        set: asked.set.iter().map(ToString::to_string).collect(),
        seed: study.seed,
        replication: asked.replication,
        take: Some(asked.take),
        slower: asked.slower.map(|factor| factor.to_string()),
    };
    line.key = plan.key(&line).to_string();
    line
}
