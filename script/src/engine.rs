//! An engine: a JavaScript runtime with the JavaScript side of k6's modules, for one VU or for all of them.

use crate::loader::Imports;
use crate::natives::{self, Desk, State};
use crate::raw::{Core, Port, set_host};
use crate::script::Script;
use rquickjs::context::intrinsic;
use rquickjs::{Ctx, Function, Object, Persistent, Result};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

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

type Kept<T> = RefCell<Option<Persistent<T>>>;

/// What of the JavaScript side every iteration calls.
pub(crate) struct Doors {
    ready: Kept<Function<'static>>,
    pump: Kept<Function<'static>>,
}

impl Doors {
    fn of<'js>(ctx: &Ctx<'js>, kit: &Object<'js>) -> Result<Doors> {
        let keep = |name: &str| -> Result<_> {
            Ok(RefCell::new(Some(Persistent::save(
                ctx,
                kit.get::<_, Function>(name)?,
            ))))
        };
        Ok(Doors {
            ready: keep("ready")?,
            pump: keep("pump")?,
        })
    }

    /// Makes ready for an iteration.
    pub(crate) fn ready<'js>(&self, ctx: &Ctx<'js>) -> Result<Function<'js>> {
        restored(&self.ready, ctx)
    }

    /// One turn of the loop that keeps a call alive.
    pub(crate) fn pump<'js>(&self, ctx: &Ctx<'js>) -> Result<Function<'js>> {
        restored(&self.pump, ctx)
    }
}

fn restored<'js>(kept: &Kept<Function<'static>>, ctx: &Ctx<'js>) -> Result<Function<'js>> {
    let kept = kept.borrow().clone();
    kept.ok_or(rquickjs::Error::Unknown)?.restore(ctx)
}

/// A runtime that scripts run in.
pub(crate) struct Engine {
    kit: Kept<Object<'static>>,
    pub(crate) doors: Doors,
    /// What the objects that all VUs see were like before any VU came.
    survey: Kept<Object<'static>>,
    pub(crate) desk: Rc<Desk>,
    pub(crate) core: Core,
    script: Rc<Script>,
    shared: bool,
}

impl Engine {
    /// An engine, on the stack of a VU that has come first; `shared` if it is for all VUs.
    pub(crate) fn new(
        script: &Rc<Script>,
        shared: bool,
        memory: &Rc<Cell<usize>>,
        port: &Port,
    ) -> Result<Rc<Engine>> {
        let core = Core::new::<Language>(shared, memory)?;
        port.enter(&core);
        let desk = Rc::new(Desk::new(script, shared));
        let runtime = &core.runtime;
        core.allow(script.settings().memory);
        let guard = desk.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || guard.vu().poll())));
        let imports = || Imports {
            script: script.clone(),
            desk: desk.clone(),
            shared,
        };
        runtime.set_loader(imports(), imports());
        runtime.set_host_promise_rejection_tracker(Some(Box::new(natives::rejection)));
        let (kit, doors) = core.with(|ctx| -> Result<_> {
            set_host(ctx, Some(&desk));
            let kit = natives::install(ctx, &desk)?;
            desk.learn(ctx, &kit)?;
            let doors = Doors::of(ctx, &kit)?;
            Ok((Persistent::save(ctx, kit), doors))
        })?;
        let engine = Rc::new(Engine {
            kit: RefCell::new(Some(kit)),
            doors,
            survey: RefCell::default(),
            desk,
            core,
            script: script.clone(),
            shared,
        });
        engine.core.with(|ctx| engine.look_around(ctx))?;
        Ok(engine)
    }

    /// The JavaScript side.
    pub(crate) fn kit<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let kit = self.kit.borrow().clone();
        kit.ok_or(rquickjs::Error::Unknown)?.restore(ctx)
    }

    /// Notes what the objects are like that all VUs see, where that will matter.
    fn look_around(&self, ctx: &Ctx) -> Result<()> {
        if self.shared || self.script.is_loading() {
            let survey: Function = self.kit(ctx)?.get("survey")?;
            let seen: Object = survey.call(())?;
            self.survey.replace(Some(Persistent::save(ctx, seen)));
        }
        Ok(())
    }

    /// What the script has changed that all VUs see, if it has.
    pub(crate) fn changed(&self, ctx: &Ctx) -> Result<Option<String>> {
        let Some(survey) = self.survey.borrow().clone() else {
            return Ok(None);
        };
        let changed: Function = self.kit(ctx)?.get("changed")?;
        changed.call((survey.restore(ctx)?,))
    }

    /// From here on this VU runs.
    pub(crate) fn admit(&self, state: &Rc<State>) -> Result<()> {
        self.core.with(|ctx| {
            if !state.is_known() {
                let make: Function = self.kit(ctx)?.get("newVu")?;
                let own: Object = make.call((state.number.get(),))?;
                state.keep_own(&own);
            }
            self.desk.take_over(ctx, state)
        })?;
        self.limit();
        Ok(())
    }

    /// This VU goes on, if it has begun. The JavaScript side is told here, as the stack of the VU is deepest where it
    /// waits.
    pub(crate) fn hand_over(&self, state: &Rc<State>) {
        if self.desk.is_of(state) || !state.is_known() {
            return;
        }
        self.core.on_host(|ctx| {
            if self.desk.take_over(ctx, state).is_err() {
                // It is tried again on the stack of the VU, which takes the error.
                ctx.catch();
                self.desk.leave(state);
            }
        });
    }

    /// Whether it is for all VUs.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared
    }

    /// Sets how much memory may be taken before time goes on.
    pub(crate) fn limit(&self) {
        let settings = self.script.settings();
        let own = match self.shared {
            true => settings.memory,
            false => settings.memory.saturating_sub(self.core.used()),
        };
        let left = settings
            .memory_in_all
            .saturating_sub(self.core.used_in_all());
        self.core.allow(own.min(left));
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // What belongs to the runtime goes before it.
        self.kit.take();
        self.doors.ready.take();
        self.doors.pump.take();
        self.survey.take();
        self.desk.close();
        self.core.with(|ctx| set_host::<Desk>(ctx, None));
    }
}
