//! What a VU is resumed with: the call of an iteration, or the end of what it waited for.

use std::time::Duration;

use capsim_script::{Answer, Call, Instance, Iteration, Response, Timings};

use super::{ScriptUsers, User, Waits, duration};
use crate::cli::scripted::answers;
use crate::cli::scripted::routes::Sent;
use crate::engine::Span;
use crate::measure::recorder::{self, SampleSource};
use crate::world::users::{StateView, Turn};

/// Iterations of one VU that may begin at the same instant.
const AT_ONCE: u32 = 100_000;

impl ScriptUsers<'_> {
    /// What the last effect of a user has come to.
    pub(super) fn answer(
        &mut self,
        turn: Turn,
        state: &StateView,
        user: &mut User,
    ) -> Result<Answer, String> {
        if user.iteration != turn.iteration {
            if user.in_call {
                // The iteration before was cut off.
                user.vu.resume(Answer::Stop, duration(turn.now));
            }
            (user.iteration, user.begun) = (turn.iteration, turn.now);
            takes_time(turn, user).map_err(|why| self.with_last_error(why))?;
            user.in_call = true;
            user.beside.clear();
            user.then = None;
            user.held = None;
            user.made = Default::default();
            user.waits = Waits::Idle;
            return Ok(Answer::Run(Box::new(self.call(turn, state))));
        }
        match std::mem::replace(&mut user.waits, Waits::Idle) {
            Waits::Answer(id, at) => {
                // It goes while it is at hand.
                let sent = user.sent.take();
                let timings = timings(state.timings(turn.vu), turn.now.since(at));
                Ok(self.response(turn, state, (id, timings), sent.as_deref()))
            }
            Waits::Any => {
                let Some(arrived) = turn.arrived else {
                    return Ok(Answer::Go);
                };
                let (at, sent) = user
                    .beside
                    .remove(&arrived.tag)
                    .ok_or("an answer came that no request asked for")?;
                let timings = timings(arrived.timings, arrived.at.since(at));
                Ok(self.response(turn, state, (arrived.tag, timings), Some(&sent)))
            }
            Waits::Idle | Waits::Sleep => Ok(Answer::Go),
        }
    }

    /// An error, with what the script threw last.
    fn with_last_error(&self, why: String) -> String {
        let told = self.told.borrow();
        let mut errors = told.lines.iter().filter_map(|l| l.strip_prefix("ERRO "));
        match errors.next_back() {
            Some(last) => format!("{why}\n  the script threw: {}", last.trim_end()),
            None => why,
        }
    }

    /// What a new iteration of a user calls.
    fn call(&mut self, turn: Turn, state: &StateView) -> Call {
        match turn.origin {
            SampleSource::SETUP => Call::Setup,
            SampleSource::TEARDOWN => Call::Teardown(self.data.clone()),
            _ => Call::Iteration(self.iteration(turn, state)),
        }
    }

    fn iteration(&mut self, turn: Turn, state: &StateView) -> Iteration {
        let index = turn.origin.as_scenario().unwrap_or(0);
        let vu = self.number(turn, state);
        let begun = &mut self.begun[index];
        *begun += 1;
        Iteration {
            scenario_start: duration(state.progress(index).0),
            vu,
            iteration: u64::from(turn.iteration - 1),
            iteration_in_scenario: u64::from(turn.iteration - 1),
            iteration_in_test: *begun - 1,
            data: self.data.clone(),
            ..self.about[index].clone()
        }
    }

    pub(super) fn instance(turn: Turn, state: &StateView) -> Instance {
        let now = state.standing();
        let scenario = turn.origin.as_scenario();
        Instance {
            completed: now.completed,
            interrupted: now.interrupted,
            active: now.active,
            initialized: now.initialised,
            progress: scenario.map_or(0.0, |index| state.progress(index).1),
        }
    }

    /// The answer to a request: its number and the parts of its time.
    fn response(
        &self,
        turn: Turn,
        state: &StateView,
        (id, timings): (u64, Timings),
        sent: Option<&Sent>,
    ) -> Answer {
        let mut response = Response {
            id,
            timings,
            remote: ("127.0.0.1".into(), 80),
            ..Response::default()
        };
        answers::fill(
            &mut response,
            self.model,
            &self.shared.answers,
            turn,
            state,
            sent,
        );
        Answer::Response(Box::new(response))
    }
}

/// The parts of a request's time as the script sees them: all of it is waiting where no network is modelled.
fn timings(parts: Option<recorder::Timings>, took: Span) -> Timings {
    let Some(parts) = parts else {
        return Timings {
            waiting: Duration::from_nanos(took.0),
            ..Timings::default()
        };
    };
    let time = Duration::from_nanos;
    Timings {
        blocked: time(parts.blocked),
        connecting: time(parts.connecting),
        tls: time(parts.tls),
        sending: time(parts.sending),
        waiting: time(parts.waiting),
        receiving: time(parts.receiving),
    }
}

/// Refuses a VU whose iterations go on and on without any time passing.
fn takes_time(turn: Turn, user: &mut User) -> Result<(), String> {
    let (since, count) = &mut user.at_once;
    if *since != turn.now {
        (*since, *count) = (turn.now, 0);
    }
    *count += 1;
    if *count <= AT_ONCE {
        return Ok(());
    }
    Err(format!(
        "{AT_ONCE} iterations of VU {} took no time at all\n  help: let the function that the scenario calls \
         send a request or sleep, or limit its iterations",
        turn.vu
    ))
}
