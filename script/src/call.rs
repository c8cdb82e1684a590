//! What runs on the stack of a VU: its init code, and one call after the other.

use crate::effect::{Call, Effect, End, Failure, Iteration};
use crate::engine::Engine;
use crate::loader::{module, own_module};
use crate::natives::{self, Begun, Phase, State};
use crate::script::{Exports, Metric};
use crate::vu::{Slot, ended, failed};
use rquickjs::promise::PromiseState;
use rquickjs::{Ctx, Function, Object, Result, Value};
use std::cell::Cell;
use std::rc::Rc;

/// Makes the engine, if there is none, and runs the init code.
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
    let done = engine.core.with(|ctx| Vu::of(ctx, &engine, state)?.init());
    match done {
        Ok(()) => Effect::Ready,
        Err(failure) => failed(failure),
    }
}

/// Runs one call.
pub(crate) fn run(slot: &Slot, state: &Rc<State>, call: &Call) -> Effect {
    let Some(engine) = slot.get() else {
        return ended();
    };
    state.port.enter(&engine.core);
    engine.core.with(|ctx| {
        if engine.admit(state).is_err() {
            return ended();
        }
        match Vu::of(ctx, engine, state) {
            Ok(vu) => Effect::Done(vu.call(call)),
            Err(failure) => failed(failure),
        }
    })
}

/// The engine's side of a VU.
struct Vu<'js, 'e> {
    ctx: Ctx<'js>,
    kit: Object<'js>,
    state: &'e Rc<State>,
    engine: &'e Engine,
}

impl<'js, 'e> Vu<'js, 'e> {
    fn of(
        ctx: &Ctx<'js>,
        engine: &'e Engine,
        state: &'e Rc<State>,
    ) -> std::result::Result<Vu<'js, 'e>, Failure> {
        Ok(Vu {
            ctx: ctx.clone(),
            kit: engine
                .kit(ctx)
                .map_err(|e| Failure::Exception(e.to_string()))?,
            state,
            engine,
        })
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
        let exports = self.exports(&namespace).map_err(|e| self.failure(&e))?;
        script.set_exports(exports);
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

    fn exports(&self, namespace: &Object<'js>) -> Result<Exports> {
        let options: Option<String> = self
            .kit
            .get::<_, Function>("adopt")?
            .call((namespace.clone(),))?;
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

    /// Runs one call to its end.
    fn call(&self, call: &Call) -> End {
        self.state.begin(call);
        let (kind, exec, data) = match call {
            Call::Setup => ("setup", "setup", None),
            Call::Iteration(i) => ("iteration", &*i.exec, Some(&i.data)),
            Call::Teardown(data) => ("teardown", "teardown", Some(data)),
            Call::Summary(_) => ("summary", "handleSummary", None),
        };
        let argument = match call {
            Call::Summary(data) => Some(&**data),
            _ => None,
        };
        let run = || -> Result<Option<String>> {
            if let Some(data) = data {
                self.engine.desk.give_data(&self.kit, data.as_ref())?;
            }
            if let Call::Iteration(iteration) = call {
                self.iterate(iteration)?;
                return Ok(None);
            }
            let function = self.function(exec)?;
            let begin: Function = self.kit.get("run")?;
            let result: Value = begin.call((kind, function, argument))?;
            self.settle(true)?;
            let result = self.outcome(result)?;
            self.kit.get::<_, Function>("finish")?.call((kind, result))
        };
        let (value, failure) = match run() {
            Ok(value) => (value, None),
            Err(error) => (None, Some(self.failure(&error))),
        };
        let failure = self.state.take_stop().or(failure);
        End { value, failure }
    }

    /// Runs an iteration to its end.
    fn iterate(&self, iteration: &Iteration) -> Result<()> {
        let (ctx, desk) = (&self.ctx, &self.engine.desk);
        match natives::begin(desk, ctx, self.state, iteration)? {
            Begun::Not => {}
            Begun::Over if !ctx.execute_pending_job() => return Ok(()),
            Begun::Over => return self.settle(true),
            Begun::Returned(result) => {
                self.settle(true)?;
                return self.outcome(result).map(drop);
            }
        }
        let function = self.function(&iteration.exec)?;
        let about = !(iteration.tags.is_empty() && iteration.env.is_empty());
        let (vu, number) = (iteration.vu, iteration.iteration);
        let begin = self.engine.doors.iterate(&self.ctx)?;
        let result: Value = begin.call((function, &*iteration.exec, vu, number, about))?;
        desk.took(self.state);
        if result.as_bool() == Some(true) && !self.ctx.execute_pending_job() {
            return Ok(());
        }
        self.settle(true)?;
        self.outcome(result).map(drop)
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

    /// What an error of the engine means.
    fn failure(&self, error: &rquickjs::Error) -> Failure {
        if !error.is_exception() {
            return Failure::Exception(error.to_string());
        }
        let thrown = self.ctx.catch();
        if thrown.is_null() && self.engine.core.was_full() {
            // No memory was left for the error itself.
            return Failure::Exception("InternalError: out of memory".to_owned());
        }
        if let Some(stop) = self.state.take_stop() {
            return stop;
        }
        let text = self
            .kit
            .get::<_, Function>("describe")
            .and_then(|f| f.call::<_, String>((thrown,)));
        match text {
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
