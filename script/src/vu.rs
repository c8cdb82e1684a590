//! A virtual user: what it does, on stacks that it takes while it is called.

use crate::call::{begin, run};
use crate::effect::{Answer, Effect, End, Failure};
use crate::engine::Engine;
use crate::natives::State;
use crate::raw::{CommonStack, Fiber, words};
use crate::script::Script;
use std::cell::{Cell, OnceCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

/// Where the engine of a VU is, or will be.
pub(crate) type Slot = Rc<OnceCell<Rc<Engine>>>;

/// Makes the VUs of one run.
///
/// They share one engine where that is known to be safe; see [`VuFactory::alone`].
pub struct VuFactory {
    script: Rc<Script>,
    stack: Rc<CommonStack>,
    memory: Rc<Cell<usize>>,
    shared: Option<Slot>,
    alone: Option<String>,
    seed: u64,
}

impl VuFactory {
    /// No VU yet.
    #[must_use]
    pub fn new(script: &Rc<Script>) -> VuFactory {
        let settings = script.settings();
        let alone = if settings.isolate {
            Some("the host wants it so".to_owned())
        } else if words().is_none() {
            Some("the engine is built in a way that is not known".to_owned())
        } else {
            script.alone()
        };
        VuFactory {
            script: script.clone(),
            stack: CommonStack::new(settings.stack),
            memory: Rc::default(),
            shared: alone.is_none().then(Slot::default),
            alone,
            seed: settings.seed,
        }
    }

    /// The same with another seed of the random numbers than that of the script's settings.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> VuFactory {
        VuFactory { seed, ..self }
    }

    /// Why every VU gets an engine of its own; `None` if they share one.
    #[must_use]
    pub fn alone(&self) -> Option<&str> {
        self.alone.as_deref()
    }

    /// The VU with this number, whose random numbers are those of this stream. Its init code has not run: resume it with
    /// [`Answer::Go`].
    #[must_use]
    pub fn vu(&self, number: u64, stream: u64) -> ScriptVu {
        let state = State::new(self.script.clone(), self.seed, stream);
        state.number.set(number);
        ScriptVu {
            fiber: Fiber::new(&self.stack),
            state: Rc::new(state),
            engine: self.shared.clone().unwrap_or_default(),
            shared: self.shared.is_some(),
            memory: self.memory.clone(),
            stage: Stage::New,
            now: Duration::ZERO,
            noted: VecDeque::new(),
        }
    }

    /// What the script has changed that all VUs see, if they share an engine and it has: then what they did means
    /// nothing, and the run is to be made again with [`crate::Settings::isolate`].
    #[must_use]
    pub fn interference(&self) -> Option<String> {
        let engine = self.shared.as_ref()?.get()?;
        let changed = engine.core.on_host(|ctx| engine.changed(ctx));
        changed.unwrap_or_else(|error| Some(error.to_string()))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Ready,
    Over,
}

/// One virtual user.
pub struct ScriptVu {
    fiber: Fiber,
    state: Rc<State>,
    engine: Slot,
    shared: bool,
    memory: Rc<Cell<usize>>,
    stage: Stage,
    now: Duration,
    /// Effects that the host takes before the VU goes on.
    noted: VecDeque<Effect>,
}

impl ScriptVu {
    /// A VU with an engine of its own; see [`VuFactory::vu`].
    #[must_use]
    pub fn new(script: &Rc<Script>, number: u64) -> ScriptVu {
        let factory = VuFactory {
            script: script.clone(),
            stack: CommonStack::new(script.settings().stack),
            memory: Rc::default(),
            shared: None,
            alone: None,
            seed: script.settings().seed,
        };
        factory.vu(number, number)
    }

    /// Goes on with the answer to the last effect, at this time since the start of the test.
    pub fn resume(&mut self, answer: Answer, now: Duration) -> Effect {
        self.now = now;
        if !self.noted.is_empty() {
            let noted = std::mem::take(&mut self.noted);
            if let Answer::Go = answer {
                return self.in_turn(noted);
            }
        }
        let begins = !self.fiber.waits();
        match (self.stage, &answer) {
            _ if !begins => {}
            (Stage::New, Answer::Go) | (Stage::Ready, Answer::Run(_)) => {}
            (Stage::Ready, Answer::Stop) => return ended(),
            _ => {
                self.stage = Stage::Over;
                return ended();
            }
        }
        if let Some(engine) = self.engine.get() {
            engine.limit();
            engine.hand_over(&self.state);
        }
        let went_on = match begins {
            true => self.begin(answer),
            false => Ok(self.fiber.resume(answer, now)),
        };
        let effect = match went_on {
            Ok(effect) => effect.unwrap_or_else(ended),
            Err(error) => {
                let text = format!("no memory for the stack of the VUs: {error}");
                return failed(Failure::Result(text));
            }
        };
        if self.stage == Stage::New && !self.fiber.waits() {
            let fails = matches!(&effect, Effect::Done(end) if end.failure.is_some());
            self.stage = if fails { Stage::Over } else { Stage::Ready };
        }
        let notes = self.state.port.notes();
        if notes.is_empty() {
            return effect;
        }
        let mut noted = VecDeque::from(notes);
        noted.push_back(effect);
        self.in_turn(noted)
    }

    /// The first of these effects; the others follow.
    fn in_turn(&mut self, mut effects: VecDeque<Effect>) -> Effect {
        let first = effects.pop_front();
        self.noted = effects;
        first.unwrap_or_else(ended)
    }

    /// Runs the init code, or a call.
    fn begin(&mut self, answer: Answer) -> std::io::Result<Option<Effect>> {
        let (state, engine) = (self.state.clone(), self.engine.clone());
        let (shared, memory) = (self.shared, self.memory.clone());
        self.fiber.begin(self.now, move |yielder, stack| {
            let open = state.port.open(yielder, stack);
            let effect = match answer {
                Answer::Run(call) => run(&engine, &state, &call),
                _ => begin(&engine, &state, shared, &memory),
            };
            drop(open);
            effect
        })
    }
}

pub(crate) fn ended() -> Effect {
    failed(Failure::Stopped)
}

pub(crate) fn failed(failure: Failure) -> Effect {
    Effect::Done(End {
        value: None,
        failure: Some(failure),
    })
}

impl Drop for ScriptVu {
    fn drop(&mut self) {
        self.fiber.stop();
        self.state.let_go();
        if let Some(engine) = self.engine.get() {
            engine.desk.leave(&self.state);
        }
    }
}
