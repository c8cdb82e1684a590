//! A virtual user: an engine of its own on a stack of its own.

use crate::effect::{Answer, Call, Effect, End, Failure};
use crate::loader::{Imports, module};
use crate::natives::{self, Phase, State};
use crate::raw::{Port, Resumed};
use crate::script::{Exports, Metric, Script};
use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use rquickjs::context::intrinsic;
use rquickjs::promise::PromiseState;
use rquickjs::{Context, Ctx, Function, Object, Result, Runtime, Value};
use std::rc::Rc;
use std::time::Duration;

/// Bytes of the stack that the engine leaves to native code.
const RESERVE: usize = 256 << 10;

/// What of the language is there: not weak references, whose end could be seen, nor clocks.
type Language = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// One virtual user.
pub struct ScriptVu {
    coroutine: Coroutine<Resumed, Effect, (), DefaultStack>,
    now: Duration,
}

impl ScriptVu {
    /// A VU with this number that has not begun its init code. Resume it with [`Answer::Go`].
    ///
    /// # Errors
    /// If no memory is left for its stack.
    pub fn new(script: &Rc<Script>, number: u64) -> std::io::Result<ScriptVu> {
        let stack = DefaultStack::new(script.settings().stack.max(2 * RESERVE))?;
        let script = script.clone();
        let coroutine =
            Coroutine::with_stack(stack, move |yielder: &Yielder<_, _>, first: Resumed| {
                body(&script, number, yielder, first);
            });
        Ok(ScriptVu {
            coroutine,
            now: Duration::ZERO,
        })
    }

    /// Goes on with the answer to the last effect, at this time since the start of the test.
    pub fn resume(&mut self, answer: Answer, now: Duration) -> Effect {
        self.now = now;
        if self.coroutine.done() {
            return ended();
        }
        match self.coroutine.resume((answer, now)) {
            CoroutineResult::Yield(effect) => effect,
            CoroutineResult::Return(()) => ended(),
        }
    }
}

fn ended() -> Effect {
    Effect::Done(End {
        value: None,
        failure: Some(Failure::Stopped),
    })
}

impl Drop for ScriptVu {
    fn drop(&mut self) {
        while self.coroutine.started() && !self.coroutine.done() {
            self.coroutine.resume((Answer::Stop, self.now));
        }
    }
}

/// All that happens on the stack of a VU.
fn body(script: &Rc<Script>, number: u64, yielder: &Yielder<Resumed, Effect>, first: Resumed) {
    let port = Rc::new(Port::new(yielder, first.1));
    if matches!(first.0, Answer::Stop) {
        return;
    }
    let state = Rc::new(State::new(script.clone(), port.clone(), number));
    if let Err(error) = session(&state) {
        port.suspend(failed(Failure::Exception(error.to_string())));
    }
}

fn failed(failure: Failure) -> Effect {
    Effect::Done(End {
        value: None,
        failure: Some(failure),
    })
}

/// Makes the engine, runs the init code and then one call after the other.
fn session(state: &Rc<State>) -> Result<()> {
    let settings = state.script.settings();
    let runtime = Runtime::new()?;
    runtime.set_memory_limit(settings.memory);
    runtime.set_max_stack_size(settings.stack.max(2 * RESERVE) - RESERVE);
    let guard = state.clone();
    runtime.set_interrupt_handler(Some(Box::new(move || guard.poll())));
    runtime.set_loader(Imports(state.script.clone()), Imports(state.script.clone()));
    runtime.set_host_promise_rejection_tracker(Some(Box::new(natives::rejection)));
    let context = Context::custom::<Language>(&runtime)?;
    context.with(|ctx| {
        let kit = natives::install(&ctx, state)?;
        let vu = Vu { ctx, kit, state };
        vu.live()
    })
}

/// The engine's side of a VU.
struct Vu<'js, 's> {
    ctx: Ctx<'js>,
    kit: Object<'js>,
    state: &'s Rc<State>,
}

impl<'js> Vu<'js, '_> {
    fn live(&self) -> Result<()> {
        let exports = match self.init() {
            Ok(exports) => exports,
            Err(failure) => {
                self.state.port.suspend(failed(failure));
                return Ok(());
            }
        };
        let mut effect = Effect::Ready;
        loop {
            let Answer::Run(call) = self.state.port.suspend(effect) else {
                return Ok(());
            };
            effect = Effect::Done(self.call(&exports, &call));
        }
    }

    /// Runs the init code; gives what the script exports.
    fn init(&self) -> std::result::Result<Object<'js>, Failure> {
        let name = self.state.script.files().main();
        let run = || -> Result<Object<'js>> {
            let (module, promise) = module(&self.ctx, &self.state.script, name)?.eval()?;
            self.settle()?;
            if promise.state() == PromiseState::Rejected {
                promise.result::<Value>().transpose()?;
            }
            let namespace = module.namespace()?;
            let common: Value = namespace.get("__common")?;
            Ok(common.into_object().unwrap_or(namespace))
        };
        let namespace = run().map_err(|e| self.failure(&e))?;
        let exports = self.exports(&namespace).map_err(|e| self.failure(&e))?;
        self.state.script.set_exports(exports);
        self.state.phase.set(Phase::Call);
        Ok(namespace)
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
    fn call(&self, exports: &Object<'js>, call: &Call) -> End {
        self.state.begin(call);
        let (kind, exec, argument) = match call {
            Call::Setup => ("setup", "setup", None),
            Call::Iteration(i) => ("iteration", &*i.exec, i.data.clone()),
            Call::Teardown(data) => ("teardown", "teardown", data.clone()),
            Call::Summary(data) => ("summary", "handleSummary", Some(data.clone())),
        };
        let argument = argument.as_deref();
        let run = || -> Result<Option<String>> {
            let rejected: Function = self.kit.get("rejected")?;
            let function: Value = exports.get(exec)?;
            let result: Value = self
                .kit
                .get::<_, Function>("run")?
                .call((kind, function, exec, argument))?;
            self.settle()?;
            rejected.call::<_, ()>((true,))?;
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

    /// Runs jobs, timers and requests under way until none is left.
    fn settle(&self) -> Result<()> {
        let pump: Function = self.kit.get("pump")?;
        loop {
            while !self.state.is_stopped() && self.ctx.execute_pending_job() {}
            if self.state.is_stopped() {
                return Err(natives::uncatchable(&self.ctx));
            }
            if !pump.call::<_, bool>(())? {
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
