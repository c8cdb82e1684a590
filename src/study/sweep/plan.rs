//! Plans: a sweep as lines of text that any engine can carry to any machine.
//!
//! The first line holds what all cells share: capsim's version, the model and its data files, the design. Each line
//! after it is one cell, with a key that is a hash of all that its result depends on. The same key is the same result,
//! whichever sweep asks for it: a sweep with more points or more replications finds the cells that are done.

mod opened;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Columns, Sweep};
use crate::design::Design;
use crate::model::Problems;
use crate::model::document::Document;
use crate::runner::Take;
pub use opened::Opened;

/// The format of plans and of keys.
const FORMAT: u32 = 1;

/// This capsim's version, on which results depend.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The first half of a SHA-256: what a cell's result depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub u128);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Key {
    type Err = ();

    fn from_str(text: &str) -> Result<Key, ()> {
        let digits =
            text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let key = digits
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten();
        key.map(Key).ok_or(())
    }
}

/// A hash of texts, each with its length, so that no two lists of texts give the same bytes.
fn key<'t>(texts: impl IntoIterator<Item = &'t str>) -> Key {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    let half = hash
        .finalize()
        .iter()
        .take(16)
        .fold(0, |key, byte| key << 8 | u128::from(*byte));
    Key(half)
}

/// The first line of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT`].
    capsim_plan: u32,
    /// capsim's.
    version: String,
    /// Tells this sweep from all others.
    pub id: String,
    /// Hash of what all cells share.
    shared: String,
    /// File name of the model, for messages.
    pub model: String,
    text: String,
    /// Data files and logs by the names that the model uses.
    files: BTreeMap<String, String>,
    /// Changes common to all points, as `--set` takes them.
    set: Vec<String>,
    design: Design,
    /// Runs of each point.
    pub replications: u64,
    /// Seed of all random numbers.
    pub seed: u64,
    steady: bool,
    /// What is taken of a run by the cells of a study; those of a sweep are rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    takes: Vec<Take>,
}

/// A line of a plan after the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Hash of all that the result depends on.
    pub key: String,
    /// Number of the cell in its sweep.
    pub cell: u64,
    /// Values of the varied paths, as `--set` takes them.
    pub set: Vec<String>,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Number of the run.
    pub replication: u64,
    /// Which of the plan's takes, in a study.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take: Option<usize>,
    /// The factor by which all times of the system are made longer, in a study.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slower: Option<String>,
}

/// Why a plan or a line of one is of no use.
#[derive(Debug)]
pub enum PlanError {
    /// It is not a plan, or of another version: the reason.
    Text(String),
    /// Its model is not valid.
    Model(Problems),
}

impl From<Problems> for PlanError {
    fn from(problems: Problems) -> PlanError {
        PlanError::Model(problems)
    }
}

impl Plan {
    /// The plan of a sweep whose points were checked.
    ///
    /// # Errors
    /// If the first point makes no valid model.
    pub fn of(sweep: &Sweep<'_>) -> Result<Plan, Problems> {
        let plan = Plan {
            set: sweep.overrides.iter().map(ToString::to_string).collect(),
            design: sweep.design.clone(),
            replications: sweep.replications,
            seed: sweep.seed,
            steady: sweep.steady,
            ..Plan::of_document(sweep.document)?
        };
        Ok(plan.identified(&sweep.columns()?))
    }

    /// The plan of a study, which asks for its cells one batch after another: all changes are those of a cell.
    ///
    /// # Errors
    /// If a log that the model replays cannot be sent with it.
    pub fn of_study(document: &Document, takes: Vec<Take>) -> Result<Plan, Problems> {
        let plan = Plan {
            takes,
            ..Plan::of_document(document)?
        };
        Ok(plan.identified(&Columns::default()))
    }

    /// A plan of one run of a document as it stands, without an identity yet.
    fn of_document(document: &Document) -> Result<Plan, Problems> {
        let (model, text, files) = document.contents()?;
        Ok(Plan {
            capsim_plan: FORMAT,
            version: VERSION.to_owned(),
            id: String::new(),
            shared: String::new(),
            model,
            text,
            files,
            set: Vec::new(),
            design: Design::as_it_stands(),
            replications: 1,
            seed: 0,
            steady: false,
            takes: Vec::new(),
        })
    }

    /// Fills in the hashes, once all else stands.
    fn identified(mut self, columns: &Columns) -> Plan {
        self.shared = self.shared(columns).to_string();
        self.id = self.id(&self.shared);
        self
    }

    /// The key of a cell: a hash of all that its result depends on.
    #[must_use]
    pub fn key(&self, line: &Line) -> Key {
        let numbers = format!("{} {}", line.seed, line.replication);
        let mut texts = vec![self.shared.as_str(), &numbers];
        let take = line.take.and_then(|take| self.takes.get(take));
        let take = take.map(|take| serde_json::to_string(take).unwrap_or_default());
        if let Some(take) = &take {
            let slower = line.slower.as_deref().unwrap_or("");
            texts.extend(["take", take, "slower", slower, "set"]);
        }
        texts.extend(line.set.iter().map(String::as_str));
        key(texts)
    }

    /// Hash of what the results of all cells depend on. The columns are those of the first point: another design may
    /// have others.
    fn shared(&self, columns: &Columns) -> Key {
        let format = self.capsim_plan.to_string();
        let mut texts = vec!["cells", &format, &self.version, &self.text];
        texts.extend(
            self.files
                .iter()
                .flat_map(|(name, text)| [name.as_str(), text]),
        );
        texts.push(if self.steady { "steady" } else { "whole" });
        texts.extend(self.set.iter().map(String::as_str));
        let thresholds: Vec<String> = columns.thresholds.iter().map(|t| t.text()).collect();
        texts.push("columns");
        texts.extend(thresholds.iter().map(String::as_str));
        texts.push("metrics");
        texts.extend(columns.metrics.iter().map(String::as_str));
        key(texts)
    }

    fn id(&self, shared: &str) -> String {
        let design = serde_json::to_string(&self.design).unwrap_or_default();
        let numbers = format!("{} {}", self.replications, self.seed);
        let takes = serde_json::to_string(&self.takes).unwrap_or_default();
        let mut texts = vec!["plan", shared, &design, &numbers, &self.model];
        texts.extend((!self.takes.is_empty()).then_some(takes.as_str()));
        let id = key(texts).to_string();
        id[..16].to_owned()
    }

    /// Reads the first line of a plan.
    ///
    /// # Errors
    /// If it is none, or another version of capsim wrote it.
    pub fn parse(line: &str) -> Result<Plan, PlanError> {
        #[derive(Deserialize)]
        struct Any {
            capsim_plan: u32,
            version: String,
        }
        let text = |why: String| PlanError::Text(why);
        let any: Any = serde_json::from_str(line).map_err(|_| {
            text("it does not begin with the first line of a plan, which `capsim sweep --plan` writes".into())
        })?;
        if (any.capsim_plan, any.version.as_str()) != (FORMAT, VERSION) {
            return Err(text(format!(
                "the plan is of capsim {}, and this is {VERSION}: results of two versions are not mixed",
                any.version
            )));
        }
        serde_json::from_str(line)
            .map_err(|why| text(format!("the first line of the plan is damaged: {why}")))
    }

    /// The first line, with its line break.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn line(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string(self)? + "\n")
    }
}
