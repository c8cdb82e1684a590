//! What the JavaScript side of k6's modules can ask of Rust.

mod answered;
mod checks;
mod defaults;
mod desk;
mod fast;
mod functions;
mod host;
mod iteration;
mod json;
mod params;
mod planned;
mod quick;
mod random;
mod stringify;
mod text;
mod texts;

use crate::effect::{Failure, Iteration, Tags};
use crate::options::SHOWN;
use crate::raw::{Bytecode, CallContext, KeptModule, KeptValue, Port};
use crate::script::{Metric, Script};
use defaults::Defaults;
pub(crate) use desk::Desk;
pub(crate) use iteration::{call, make_ready};
use quick::Planned;
use random::Random;
use rquickjs::context::EvalOptions;
use rquickjs::function::Func;
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Function, Module, Object, Result, Value};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::Duration;

/// The JavaScript side, put together to one function.
const KIT: &str = concat!(
    "export default (function (n) {\n",
    include_str!("../js/base.js"),
    include_str!("../js/clock.js"),
    include_str!("../js/console.js"),
    include_str!("../js/net.js"),
    include_str!("../js/request.js"),
    include_str!("../js/response.js"),
    include_str!("../js/http.js"),
    include_str!("../js/k6.js"),
    include_str!("../js/metrics.js"),
    include_str!("../js/data.js"),
    include_str!("../js/execution.js"),
    include_str!("../js/encoding.js"),
    include_str!("../js/setup.js"),
    include_str!("../js/survey.js"),
    include_str!("../js/entry.js"),
    "});"
);

/// Name of that module; stacks leave its lines out.
const KIT_NAME: &str = "k6:kit";

/// Parts that few scripts need; they are read when first asked for.
const RARE: [(&str, &str); 11] = [
    ("gjson", include_str!("../js/gjson.js")),
    ("jslib/k6-utils", include_str!("../js/jslib/utils.js")),
    ("jslib/k6-summary", include_str!("../js/jslib/summary.js")),
    ("jslib/papaparse", include_str!("../js/jslib/papaparse.js")),
    ("jslib/url", include_str!("../js/jslib/url.js")),
    ("jslib/formdata", include_str!("../js/jslib/formdata.js")),
    ("jslib/httpx", include_str!("../js/jslib/httpx.js")),
    ("jslib/k6-reporter", include_str!("../js/jslib/reporter.js")),
    (
        "instrumentation",
        include_str!("../js/jslib/instrumentation.js"),
    ),
    ("assertions", include_str!("../js/jslib/assertions.js")),
    ("html", include_str!("../js/html.js")),
];

/// What a VU is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its init code runs.
    Init,
    /// It can be called.
    Call,
}

/// Ranges of statuses that a request expects.
type Statuses = Rc<[(u16, u16)]>;

/// What belongs to one VU.
pub(crate) struct State {
    pub(crate) script: Rc<Script>,
    pub(crate) port: Port,
    pub(crate) number: Cell<u64>,
    pub(crate) phase: Cell<Phase>,
    pub(crate) metrics: RefCell<Vec<Metric>>,
    iteration: RefCell<Iteration>,
    in_iteration: Cell<bool>,
    group: RefCell<Rc<str>>,
    /// What its calls have unless they say otherwise; `None` before it sets something.
    defaults: RefCell<Option<Rc<Defaults>>>,
    /// Tags and variables of the scenario that it has taken over.
    scenario: RefCell<Option<(Rc<Tags>, Rc<Tags>)>>,
    random: RefCell<Random>,
    stop: RefCell<Option<Failure>>,
    polls: Cell<u32>,
    /// When the steps were counted from.
    counted: Cell<Duration>,
    requests: Cell<u64>,
    /// Requests of a batch that the natives answer for, by keys that go up.
    planned: RefCell<Vec<(u32, Planned)>>,
    /// Its object on the JavaScript side.
    own: RefCell<Option<KeptValue>>,
    /// What its script exports.
    exports: RefCell<Option<KeptValue>>,
    /// The data of `setup` that it has taken over.
    taken: RefCell<Option<Option<Rc<str>>>>,
    /// Its modules, where many VUs share an engine.
    modules: RefCell<Vec<(Rc<str>, KeptModule)>>,
}

impl State {
    pub(crate) fn new(script: Rc<Script>, seed: u64, number: u64) -> State {
        let random = Random::new(seed, number);
        State {
            script,
            port: Port::new(),
            number: Cell::new(number),
            phase: Cell::new(Phase::Init),
            metrics: RefCell::default(),
            iteration: RefCell::default(),
            in_iteration: Cell::new(false),
            group: RefCell::new("".into()),
            defaults: RefCell::default(),
            scenario: RefCell::default(),
            random: RefCell::new(random),
            stop: RefCell::default(),
            polls: Cell::new(0),
            counted: Cell::default(),
            requests: Cell::new(0),
            planned: RefCell::default(),
            own: RefCell::default(),
            taken: RefCell::default(),
            exports: RefCell::default(),
            modules: RefCell::default(),
        }
    }

    /// The number of its next request.
    fn next_request(&self) -> u64 {
        self.requests.set(self.requests.get() + 1);
        self.requests.get()
    }

    /// Sets what its calls have unless they say otherwise.
    fn set_defaults(&self, defaults: Rc<Defaults>) {
        self.defaults.replace(Some(defaults));
    }

    /// Whether the tags and variables of an iteration's scenario are those that it has taken over.
    fn is_in_scenario_of(&self, iteration: &Iteration) -> bool {
        let same = |a: &Rc<Tags>, b: &Rc<Tags>| Rc::ptr_eq(a, b) || (a.is_empty() && b.is_empty());
        match &*self.scenario.borrow() {
            Some((tags, env)) => same(tags, &iteration.tags) && same(env, &iteration.env),
            None => iteration.tags.is_empty() && iteration.env.is_empty(),
        }
    }

    /// It takes over the tags and variables of an iteration's scenario. Whether they are others than before.
    pub(crate) fn takes_scenario_of(&self, iteration: &Iteration) -> bool {
        let is_other = !self.is_in_scenario_of(iteration);
        if is_other {
            let own = (iteration.tags.clone(), iteration.env.clone());
            self.scenario.replace(Some(own));
        }
        is_other
    }

    /// Whether the JavaScript side knows it.
    pub(crate) fn is_known(&self) -> bool {
        self.own.borrow().is_some()
    }

    /// Keeps its object on the JavaScript side.
    pub(crate) fn keep_own(&self, own: &Object) {
        self.own.replace(Some(KeptValue::of(own.as_value())));
    }

    /// Keeps what its script exports.
    pub(crate) fn keep_exports(&self, exports: &Object) {
        self.exports
            .replace(Some(KeptValue::of(exports.as_value())));
    }

    /// What its script exports.
    pub(crate) fn exports<'js>(&self, ctx: &Ctx<'js>) -> Option<Value<'js>> {
        let exports = self.exports.borrow();
        exports
            .as_ref()
            .map(|e| CallContext::of(ctx).value(e.borrowed()))
    }

    /// A module that it has loaded.
    pub(crate) fn loaded<'js>(&self, ctx: &Ctx<'js>, name: &str) -> Option<Module<'js, Declared>> {
        let modules = self.modules.borrow();
        let found = modules.iter().find(|(known, _)| **known == *name);
        found.map(|(_, module)| module.give(ctx))
    }

    /// Keeps a module that it has loaded.
    pub(crate) fn keep_loaded(&self, name: &Rc<str>, module: &Module<Declared>) {
        let mut modules = self.modules.borrow_mut();
        modules.reserve_exact(1);
        modules.push((name.clone(), KeptModule::of(module)));
    }

    /// Gives up all that is of its engine.
    pub(crate) fn let_go(&self) {
        self.own.take();
        self.exports.take();
        self.modules.take();
    }

    /// Steps are counted anew once time has gone on.
    fn forget_steps(&self) {
        if self.counted.replace(self.port.now()) != self.port.now() {
            self.polls.set(0);
        }
    }

    /// The engine asks, every ten thousand steps, whether to stop the script.
    pub(crate) fn poll(&self) -> bool {
        if self.is_stopped() {
            return true;
        }
        self.polls.set(self.polls.get() + 1);
        let budget = self.script.settings().budget;
        if self.polls.get() > budget {
            self.stop.replace(Some(Failure::Endless(format!(
                "the script went {} steps without any virtual time passing: an endless loop?",
                grouped(u64::from(budget) * 10_000)
            ))));
            return true;
        }
        false
    }

    /// Whether calls of its script may be answered without the JavaScript side: not in its init code.
    fn may_be_short(&self) -> bool {
        self.phase.get() == Phase::Call && self.script.settings().shortcuts
    }

    /// Whether the running call is to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.borrow().is_some()
    }

    /// Why the running call was to end, if it was.
    pub(crate) fn take_stop(&self) -> Option<Failure> {
        self.polls.set(0);
        self.stop.borrow_mut().take()
    }

    /// A call begins: this iteration, or another.
    pub(crate) fn begin(&self, iteration: Option<&Iteration>) {
        self.polls.set(0);
        self.planned.take();
        if !self.group.borrow().is_empty() {
            self.group.replace("".into());
        }
        if let Some(iteration) = iteration {
            self.number.set(iteration.vu);
            self.iteration.replace(iteration.clone());
        }
        self.in_iteration.set(iteration.is_some());
    }

    /// Ends the running call for this reason; no `catch` of the script sees it.
    fn stop_with(&self, ctx: &Ctx, reason: Failure) -> Error {
        if !self.is_stopped() {
            self.stop.replace(Some(reason));
        }
        uncatchable(ctx)
    }
}

/// A number with a comma between thousands.
fn grouped(number: u64) -> String {
    match number / 1000 {
        0 => number.to_string(),
        more => format!("{},{:03}", grouped(more), number % 1000),
    }
}

/// Throws an error that no `catch` or `finally` of the script sees.
#[cold]
#[inline(never)]
pub(crate) fn uncatchable(ctx: &Ctx) -> Error {
    CallContext::of(ctx).throw_uncatchable();
    Error::Exception
}

/// Notes promises that were rejected and that nobody looks at.
pub(crate) fn rejection<'a>(ctx: Ctx<'a>, promise: Value<'a>, reason: Value<'a>, handled: bool) {
    let note = || -> Result<()> {
        let kit: Object = ctx.globals().get("__capsim")?;
        kit.get::<_, Function>("rejection")?
            .call((promise, reason, handled))
    };
    if note().is_err() {
        ctx.catch();
    }
}

/// Reads the JavaScript side and gives it the natives.
pub(crate) fn install<'js>(ctx: &Ctx<'js>, desk: &Rc<Desk>) -> Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    host::install(&natives, desk)?;
    functions::install(&natives)?;
    answered::install(&natives, desk)?;
    checks::install(&natives, desk)?;
    defaults::install(&natives, desk)?;
    planned::install(&natives, desk)?;
    random::install(&natives, desk)?;
    text::install(&natives, desk)?;
    let script = &desk.nobody.script;
    let shared = desk.shared;
    natives.set("shared", Func::from(move || shared))?;
    natives.set("source", Func::from(rare))?;
    natives.set("optionNames", SHOWN.to_vec())?;
    natives.set("shortcuts", script.settings().shortcuts)?;
    natives.set("main", script.files().main())?;
    let reading = desk.clone();
    let lists = move || reading.nobody.script.files().lists_environment();
    natives.set("listsEnvironment", Func::from(lists))?;
    natives.set("env", script.settings().env.clone())?;
    natives.set("shell", script.settings().shell.clone())?;
    natives.set("setOptions", script.settings().options.clone())?;
    let (module, promise) = kit(ctx)?.eval()?;
    promise.finish::<()>()?;
    let make: Function = module.namespace()?.get("default")?;
    make.call((natives,))
}

/// The module of the JavaScript side; it is compiled once.
fn kit<'js>(ctx: &Ctx<'js>) -> Result<Module<'js, Declared>> {
    static CODE: OnceLock<Bytecode> = OnceLock::new();
    if let Some(code) = CODE.get() {
        return code.read(ctx);
    }
    let module = Module::declare(ctx.clone(), KIT_NAME, KIT)?;
    CODE.set(Bytecode::of(&module)?).ok();
    Ok(module)
}

fn rare<'js>(ctx: Ctx<'js>, name: String) -> Result<Value<'js>> {
    let text = RARE
        .iter()
        .find(|(n, _)| *n == name)
        .map_or("undefined", |(_, text)| text);
    let mut options = EvalOptions::default();
    options.filename = Some("k6:rare".to_owned());
    ctx.eval_with_options(text, options)
}
