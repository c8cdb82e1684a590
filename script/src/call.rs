//! What runs on the stack of a VU: its init code, and one call after the other.
//!
//! What lies on the stack while a script waits is put aside every time. So what is over before the script is called,
//! or begins after it, is not inlined into what calls it.

use crate::effect::{Call, Effect, End, Failure, Iteration};
use crate::engine::Engine;
use crate::loader::{module, own_module};
use crate::natives::{self, Phase, State};
use crate::option_types;
use crate::script::{Exports, Metric};
use crate::vu::{Slot, ended, failed};
use rquickjs::promise::PromiseState;
use rquickjs::{Ctx, Function, Object, Result, Value};
use std::cell::Cell;
use std::rc::Rc;

/// Makes the engine, if there is none, and runs the init code.
#[inline(never)]
pub(crate) fn begin(
    slot: &Slot,
    state: &Rc<State>,
    shared: bool,
    memory: &Rc<Cell<usize>>,
) -> Effect {
    let known = slot.get().cloned();
    let engine = match known {
        Some(engine) => {
            state.port.enter(&engine.core);
            Ok(engine)
        }
        None => Engine::new(&state.script, shared, memory, &state.port),
    };
    let begun = engine.and_then(|engine| {
        engine.admit(state)?;
        slot.set(engine.clone()).ok();
        Ok(engine)
    });
    let engine = match begun {
        Ok(engine) => engine,
        Err(error) => return failed(Failure::Exception(error.to_string())),
    };
    let done = engine.core.with(|ctx| Vu::of(ctx, &engine, state).init());
    match done {
        Ok(()) => Effect::Ready,
        Err(failure) => failed(failure),
    }
}

/// Runs one call.
#[inline(never)]
pub(crate) fn run(slot: &Slot, state: &Rc<State>, call: &Call) -> Effect {
    let Some(engine) = admitted(slot, state) else {
        return ended();
    };
    engine.core.with(|ctx| {
        let vu = Vu::of(ctx, engine, state);
        let done = match call {
            Call::Iteration(iteration) => vu.iterate(iteration),
            _ => vu.other(call),
        };
        vu.over(done)
    })
}

/// The engine, where the VU may run from here on.
#[inline(never)]
fn admitted<'s>(slot: &'s Slot, state: &Rc<State>) -> Option<&'s Engine> {
    let engine = slot.get()?;
    state.port.enter(&engine.core);
    engine.admit(state).is_ok().then_some(engine)
}

/// The engine's side of a VU.
struct Vu<'js, 'e> {
    ctx: Ctx<'js>,
    state: &'e Rc<State>,
    engine: &'e Engine,
}

impl<'js, 'e> Vu<'js, 'e> {
    fn of(ctx: &Ctx<'js>, engine: &'e Engine, state: &'e Rc<State>) -> Vu<'js, 'e> {
        Vu {
            ctx: ctx.clone(),
            state,
            engine,
        }
    }

    /// Runs the init code and keeps what the script exports.
    fn init(&self) -> std::result::Result<(), Failure> {
        let script = &self.state.script;
        let name = script.files().main();
        let load = || -> Result<Object<'js>> {
            let main = if self.engine.is_shared() {
                own_module(&self.ctx, &self.engine.desk, name)?
            } else {
                module(&self.ctx, script, name)?
            };
            let (module, promise) = main.eval()?;
            self.settle(false)?;
            if promise.state() == PromiseState::Rejected {
                promise.result::<Value>().transpose()?;
            }
            let namespace = module.namespace()?;
            let common: Value = namespace.get("__common")?;
            Ok(common.into_object().unwrap_or(namespace))
        };
        let namespace = load().map_err(|e| self.failure(&e))?;
        if !script.has_exports() {
            self.check(&namespace)?;
        }
        self.adopt(&namespace).map_err(|e| self.failure(&e))?;
        if script.is_loading() {
            let why = self
                .engine
                .changed(&self.ctx)
                .map_err(|e| self.failure(&e))?;
            script.set_alone(why.or_else(|| script.looks_at_itself()));
        }
        self.state.keep_exports(&namespace);
        self.state.phase.set(Phase::Call);
        Ok(())
    }

    /// Refuses exports that k6 refuses (`populateExports`, `internal/js/bundle.go`).
    fn check(&self, namespace: &Object<'js>) -> std::result::Result<(), Failure> {
        let failure = |e| self.failure(&e);
        for name in ["setup", "teardown"] {
            let given = namespace.contains_key(name).map_err(failure)?;
            if given
                && !namespace
                    .get::<_, Value>(name)
                    .map_err(failure)?
                    .is_function()
            {
                let text = format!("exported '{name}' must be a function");
                return Err(Failure::Result(text));
            }
        }
        let written = || -> Result<Option<String>> {
            let written: Function = self.kit()?.get("written")?;
            written.call((namespace.clone(),))
        };
        match written().map_err(failure)? {
            Some(options) => option_types::check(&options).map_err(Failure::Result),
            None => Ok(()),
        }
    }

    /// Takes over what the script exports; the first VU tells it to all.
    fn adopt(&self, namespace: &Object<'js>) -> Result<()> {
        let adopt: Function = self.kit()?.get("adopt")?;
        adopt.call::<_, ()>((namespace.clone(),))?;
        let script = &self.state.script;
        if !script.has_exports() {
            script.set_exports(self.exports(namespace)?);
        }
        Ok(())
    }

    fn exports(&self, namespace: &Object<'js>) -> Result<Exports> {
        let options: Function = self.kit()?.get("options")?;
        let options: Option<String> = options.call((namespace.clone(),))?;
        let mut functions = Vec::new();
        for key in namespace.keys::<String>() {
            let key = key?;
            if namespace.get::<_, Value>(&*key)?.is_function() {
                functions.push(key);
            }
        }
        let metrics: Vec<Metric> = self.state.metrics.borrow().clone();
        Ok(Exports {
            options,
            functions,
            metrics,
        })
    }

    /// A call is over.
    #[inline(never)]
    fn over(&self, done: Result<Option<String>>) -> Effect {
        let (value, failure) = match done {
            Ok(value) => (value, None),
            Err(error) => (None, Some(self.failure(&error))),
        };
        let failure = self.state.take_stop().or(failure);
        Effect::Done(End { value, failure })
    }

    /// Runs a call that is no iteration; what it gives as JSON.
    #[inline(never)]
    fn other(&self, call: &Call) -> Result<Option<String>> {
        self.state.begin(None);
        let (kind, exec, data, argument) = match call {
            Call::Iteration(_) => return Ok(None),
            Call::Setup => ("setup", "setup", None, None),
            Call::Teardown(data) => ("teardown", "teardown", Some(data), None),
            Call::Summary(data) => ("summary", "handleSummary", None, Some(&**data)),
        };
        if let Some(data) = data {
            self.give(data.as_ref())?;
        }
        let function = self.function(exec)?;
        let begin: Function = self.kit()?.get("run")?;
        let result: Value = begin.call((kind, function, argument))?;
        self.settle(true)?;
        let result = self.outcome(result)?;
        let finish: Function = self.kit()?.get("finish")?;
        finish.call((kind, result))
    }

    fn kit(&self) -> Result<Object<'js>> {
        self.engine.kit(&self.ctx)
    }

    /// Gives the JavaScript side what `setup` returned.
    fn give(&self, data: Option<&Rc<str>>) -> Result<()> {
        let desk = &self.engine.desk;
        if desk.has_given(data) {
            return Ok(());
        }
        desk.give_data(&self.kit()?, data)
    }

    /// Runs an iteration to its end; it gives nothing.
    fn iterate(&self, iteration: &Iteration) -> Result<Option<String>> {
        self.prepare(iteration)?;
        let result = natives::call(&self.engine.desk, &self.ctx, self.state, &iteration.exec)?;
        if result.is_some() || self.ctx.execute_pending_job() {
            self.finish(result)?;
        }
        Ok(None)
    }

    /// What comes before the script's function.
    #[inline(never)]
    fn prepare(&self, iteration: &Iteration) -> Result<()> {
        self.state.begin(Some(iteration));
        self.give(iteration.data.as_ref())?;
        if !natives::make_ready(&self.engine.desk, &self.ctx, self.state, iteration)? {
            self.make_ready(iteration)?;
        }
        Ok(())
    }

    /// What comes after it, if anything is left.
    #[inline(never)]
    fn finish(&self, result: Option<Value<'js>>) -> Result<()> {
        self.settle(true)?;
        result.map_or(Ok(()), |result| self.outcome(result).map(drop))
    }

    /// Makes ready for an iteration before which there is something to be done.
    #[inline(never)]
    fn make_ready(&self, iteration: &Iteration) -> Result<()> {
        let function = self.function(&iteration.exec)?;
        let is_other = self.state.takes_scenario_of(iteration);
        let (vu, number) = (iteration.vu, iteration.iteration);
        let ready = self.engine.doors.ready(&self.ctx)?;
        ready.call::<_, ()>((function, &*iteration.exec, vu, number, is_other))?;
        self.engine.desk.took(self.state);
        Ok(())
    }

    /// A function that the script exports.
    fn function(&self, name: &str) -> Result<Value<'js>> {
        let exports = self.state.exports(&self.ctx);
        let exports = exports.and_then(Value::into_object);
        exports.ok_or(rquickjs::Error::Unknown)?.get(name)
    }

    /// What a promise came to; other values as they are.
    fn outcome(&self, result: Value<'js>) -> Result<Value<'js>> {
        let Some(promise) = result.as_promise() else {
            return Ok(result);
        };
        match promise.result::<Value>() {
            Some(outcome) => outcome,
            None => Ok(Value::new_undefined(self.ctx.clone())),
        }
    }

    /// Runs jobs, timers and requests under way until none is left. With `report`, a promise that was rejected and
    /// that nobody looks at is an error then.
    fn settle(&self, report: bool) -> Result<()> {
        let pump = self.engine.doors.pump(&self.ctx)?;
        loop {
            while !self.state.is_stopped() && self.ctx.execute_pending_job() {}
            if self.state.is_stopped() {
                return Err(natives::uncatchable(&self.ctx));
            }
            if !pump.call::<_, bool>((report,))? {
                return Ok(());
            }
        }
    }

    /// An exception as a text.
    fn described(&self, thrown: Value<'js>) -> Result<String> {
        let describe: Function = self.kit()?.get("describe")?;
        describe.call((thrown,))
    }

    /// Where an exception was thrown, `at function (file:line:column)`, if it says so.
    #[cold]
    fn place(&self, thrown: &Value<'js>) -> Option<String> {
        let text = self.described(thrown.clone()).ok()?;
        let mut lines = text.lines().map(str::trim);
        lines
            .find(|line| line.starts_with("at "))
            .map(str::to_owned)
    }

    /// What an error of the engine means.
    #[inline(never)]
    fn failure(&self, error: &rquickjs::Error) -> Failure {
        if !error.is_exception() {
            return Failure::Exception(error.to_string());
        }
        let thrown = self.ctx.catch();
        if thrown.is_null() && self.engine.core.was_full() {
            // No memory was left for the error itself.
            return Failure::Exception("InternalError: out of memory".to_owned());
        }
        let stop = self.state.take_stop();
        if let Some(Failure::Endless(text)) = stop {
            return Failure::Endless(match self.place(&thrown) {
                Some(place) => format!("{text} {place}"),
                None => text,
            });
        }
        if let Some(stop) = stop {
            return stop;
        }
        match self.described(thrown) {
            Ok(text) => match text.strip_prefix("\u{0}") {
                Some(text) => Failure::Result(text.to_owned()),
                None => Failure::Exception(text),
            },
            Err(_) => {
                self.ctx.catch();
                Failure::Exception("an exception that cannot be shown".to_owned())
            }
        }
    }
}
