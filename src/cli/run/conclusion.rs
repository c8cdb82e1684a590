//! How a run ends: notes, warnings and errors on stderr, the balance of an audit, and the exit code.

use super::{Run, Simulated};
use crate::cli::exit::{self, CliError};
use crate::measure::summary::Summary;
use crate::model::Model;
use crate::report::run_text;
use crate::world::audit::Audit;
use crate::world::outcome::{Outcome, Termination};
use crate::world::program::Told;

impl Run {
    /// Warnings and errors on stderr, and the exit code.
    pub(super) fn conclude(
        &self,
        run: &Simulated,
        model: &Model,
        summary: &Summary,
    ) -> Result<u8, CliError> {
        let outcome = &run.outcome;
        if let Some(note) = outcome.deadlocks.note(model) {
            tell!("note: {note}");
        }
        if let Some(audit) = &run.audit {
            report_room(outcome);
            report_audit(audit)?;
        }
        for text in run_text::warnings(outcome, model) {
            tell!("WARN {text}");
        }
        // A run that a threshold ended keeps that error, as in k6.
        let crossed = run_text::aborted(outcome).or_else(|| run_text::crossed(summary));
        if let Some(text) = &crossed {
            tell!("ERRO {text}");
        }
        self.code(outcome, model, crossed.is_some())
    }

    fn code(&self, outcome: &Outcome, model: &Model, crossed: bool) -> Result<u8, CliError> {
        let limit = |phase: &str| {
            let place = match &model.program {
                Some(_) => {
                    format!("raise `{phase}Timeout` in the script's options, or it in [{phase}]")
                }
                None => format!("raise it in [{phase}]"),
            };
            format!("error: {phase} took longer than its timeout; {place}")
        };
        match &outcome.end {
            Termination::Finished if crossed => Ok(exit::THRESHOLDS),
            Termination::Finished => Ok(0),
            Termination::Aborted => Ok(exit::THRESHOLDS),
            Termination::SetupTimeout => Err(CliError::new(exit::SETUP_TIMEOUT, limit("setup"))),
            Termination::TeardownTimeout => {
                Err(CliError::new(exit::TEARDOWN_TIMEOUT, limit("teardown")))
            }
            end => {
                let why = end.complaint(model).unwrap_or_default();
                Err(CliError::new(exit::INVALID, format!("error: {why}")))
            }
        }
    }
}

/// The exit code of a run by what its script did, if that asks for one.
#[cfg(feature = "scripts")]
pub(super) fn script_code(told: &Told, otherwise: u8) -> u8 {
    match (told.threw, told.failed) {
        (true, _) => exit::SCRIPT_EXCEPTION,
        (false, true) => exit::MARKED_AS_FAILED,
        (false, false) => otherwise,
    }
}

/// Nothing else than journeys drives users.
#[cfg(not(feature = "scripts"))]
pub(super) fn script_code(_: &Told, otherwise: u8) -> u8 {
    otherwise
}

/// Prints what the waiting room told its users, and how far from the truth it was.
fn report_room(outcome: &Outcome) {
    let Some(room) = outcome.room.as_ref().filter(|room| room.admitted > 0) else {
        return;
    };
    let mean = |sum: f64, count: u64| sum / 1e9 / count.max(1) as f64;
    tell!(
        "waiting room: {} joined, {} let through after {:.1} s on average, {} gave up",
        room.joined,
        room.admitted,
        mean(room.waited as f64, room.admitted),
        room.given_up
    );
    if room.told > 0 {
        tell!(
            "waiting room: {} were told their wait; it was {:+.1} s longer on average, off by {:.1} s",
            room.told,
            mean(room.error as f64, room.told),
            mean(room.absolute_error as f64, room.told)
        );
    }
}

/// Prints where all requests went, and every broken law.
fn report_audit(audit: &Audit) -> Result<(), CliError> {
    let b = &audit.balance;
    tell!(
        "audit: {} requests sent = {} completed + {} refused + {} failed + {} timed out + \
         {} interrupted + {} in flight; {} comparisons, {} broken",
        b.sent,
        b.completed,
        b.refused,
        b.failed,
        b.timed_out,
        b.interrupted,
        b.in_flight,
        audit.checked,
        audit.violations.len()
    );
    if audit.violations.is_empty() {
        return Ok(());
    }
    let broken: Vec<String> = audit.violations.iter().map(ToString::to_string).collect();
    Err(CliError::new(
        1,
        format!("error: laws are broken\n{}", broken.join("\n")),
    ))
}
