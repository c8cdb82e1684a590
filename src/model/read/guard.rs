//! What stands around a call: retries, a circuit breaker, a timeout for each attempt.

use super::breaker;
use super::retry;
use super::visit::Visits;
use super::{Build, names};
use crate::model::field::Field;
use crate::model::retry::{Guard, GuardId};
use crate::model::section::Section;
use crate::model::system::Op;

impl<'a> Visits<'_, 'a> {
    /// `{ call = "pay", retry = "polite", timeout = "500ms" }`
    pub(super) fn guarded_call(&mut self, section: &Section<'a>, endpoint: &Field<'a>) {
        if let Some(guard) = read(self.build, section) {
            let id = names::id(self.build.guards.len(), endpoint, "guarded calls");
            self.build.guards.push(guard);
            self.ops.push(Op::Guard(GuardId(id)));
        }
        self.call(true, endpoint);
    }
}

fn read<'a>(build: &mut Build<'a>, section: &Section<'a>) -> Option<Guard> {
    let retry = section.optional("retry");
    let retry = retry.map(|f| retry::used(build, &f));
    let timeout = section.optional("timeout").and_then(|field| {
        let span = field.span_above_zero()?;
        Some(build.constant(&field, span.0))
    });
    let breaker = section.optional("breaker");
    let breaker = breaker.map(|f| breaker::used(build, &f));
    (retry.is_some() || timeout.is_some() || breaker.is_some()).then(|| Guard {
        name: section.field.path.clone(),
        retry: retry.flatten(),
        breaker: breaker.flatten(),
        timeout,
    })
}
