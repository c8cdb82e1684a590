//! What is known of one kind of file, said once and as data.

use super::reading::{Reading, Record};
use super::rule::Rule;
use super::source::{Problem, Source};

/// What the numbers of one kind of file mean. `capsim read` prints it, docs/formats.md is held to it.
#[derive(Debug)]
pub struct Declaration {
    /// The tool, and its kind of file: `hey, text`.
    pub form: &'static str,
    /// The tool's own name, as the head of its column.
    pub tool: &'static str,
    /// The version whose files and rules were measured.
    pub version: &'static str,
    /// How such a file is told from all others.
    pub recognised_by: &'static str,
    /// The fields that are read, and their units.
    pub fields: &'static str,
    /// How the tool picks a percentile; `None` if it prints none.
    pub rule: Option<Rule>,
    /// The percentiles that the tool prints.
    pub percents: &'static [f64],
    /// The divisor of the tool's standard deviation.
    pub deviation: Deviation,
    /// The smallest step of a time.
    pub resolution: &'static str,
    /// What such a file does not hold.
    pub left_out: &'static str,
    /// What a rate is divided by.
    pub denominator: &'static str,
    /// Whether the times of failed requests are among the others.
    pub failed: &'static str,
    /// Whether the tool corrects its times for requests that it should have sent (coordinated omission).
    pub omission: &'static str,
    /// Whether requests came whatever became of those before, as they do to a server of the public.
    pub is_open: bool,
}

impl Declaration {
    /// Whether such a file is a server's log, and no load tool's.
    #[must_use]
    pub fn is_log(&self) -> bool {
        self.is_open && self.percents.is_empty() && self.deviation == Deviation::None
    }
}

/// How a standard deviation is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deviation {
    /// Divided by n - 1.
    Sample,
    /// Divided by n.
    Population,
    /// None is printed.
    None,
}

/// A function that is given each request of a file in turn.
pub type Sink<'s> = &'s mut dyn FnMut(&Record<'_>);

/// A kind of file: what it means, how it is recognised and how it is read.
#[derive(Debug)]
pub struct Reader {
    /// What its numbers mean.
    pub declaration: Declaration,
    /// Whether a file that begins so is of this kind.
    pub recognises: fn(head: &str) -> bool,
    /// Reads it: what it prints goes to the reading, the single requests that it holds to the sink.
    pub read: fn(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem>,
}
