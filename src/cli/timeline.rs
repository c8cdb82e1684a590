//! `--timeline FILE.csv`: a run over time.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::CliError;
use super::output::write_atomically;
use super::replicate::MANY;
use crate::engine::Span;
use crate::model::{Model, duration};
use crate::study::timeline;
use crate::world::outcome::Outcome;
use crate::world::timeline::Sample;

/// What to write over time.
#[derive(Clone, Debug, Args)]
pub struct Timeline {
    /// Write load, response times and levels over time, a row for each second.
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = MANY)]
    timeline: Option<PathBuf>,
    /// With --timeline: the length of time that a row covers.
    #[arg(long, value_name = "SPAN", default_value = "1s", value_parser = span)]
    every: Span,
}

fn span(text: &str) -> Result<Span, String> {
    let span = duration::parse(text).map_err(|e| e.to_string())?;
    if span < Span::millis(1) {
        return Err("a millisecond at least".to_owned());
    }
    Ok(span)
}

impl Timeline {
    /// The span between two samples, if a time line is wanted.
    pub fn every(&self) -> Option<Span> {
        self.timeline.as_ref().map(|_| self.every)
    }

    /// Where it goes, if it is wanted.
    pub fn file(&self) -> Option<&Path> {
        self.timeline.as_deref()
    }

    /// Writes the file.
    pub fn write(
        &self,
        model: &Model,
        outcome: &Outcome,
        samples: &[Sample],
    ) -> Result<(), CliError> {
        match &self.timeline {
            Some(path) => write(path, model, outcome, samples),
            None => Ok(()),
        }
    }
}

fn write(
    path: &Path,
    model: &Model,
    outcome: &Outcome,
    samples: &[Sample],
) -> Result<(), CliError> {
    write_atomically(path, |out| {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(timeline::header(model))?;
        for row in timeline::rows(model, outcome, samples) {
            writer.write_record(row)?;
        }
        writer.flush()
    })
}
