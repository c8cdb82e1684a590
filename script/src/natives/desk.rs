//! Whose turn it is, and what the natives need of the JavaScript side.

use super::answered::Responses;
use super::defaults::{Defaults, KnownDefaults};
use super::fast::Fast;
use super::texts::Texts;
use super::{State, uncatchable};
use crate::effect::{Answer, Effect, Failure};
use crate::raw::{Bytecode, CallContext, Code, Outcome, Thrown};
use crate::script::Script;
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Function, Module, Object, Persistent, Result};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Whose turn it is: the natives of an engine act for this VU.
pub(crate) struct Desk {
    current: RefCell<Rc<State>>,
    pub(super) nobody: Rc<State>,
    /// It is that of an engine for all VUs.
    pub(super) shared: bool,
    /// The data of `setup` that the JavaScript side has.
    given: RefCell<Option<Rc<str>>>,
    /// Throws an error as k6 does, with this text.
    fail: RefCell<Option<Persistent<Function<'static>>>>,
    pub(super) responses: RefCell<Option<Responses>>,
    fast: RefCell<Option<Rc<Fast>>>,
    pub(super) texts: Texts,
    pub(super) defaults: KnownDefaults,
    /// The code of modules that every VU has an instance of.
    codes: RefCell<BTreeMap<String, Option<Code>>>,
}

impl Desk {
    /// Nobody's turn.
    pub(crate) fn new(script: &Rc<Script>, shared: bool) -> Desk {
        let nobody = Rc::new(State::new(script.clone(), script.settings().seed, 0));
        Desk {
            current: RefCell::new(nobody.clone()),
            nobody,
            shared,
            given: RefCell::default(),
            fail: RefCell::default(),
            responses: RefCell::default(),
            fast: RefCell::default(),
            texts: Texts::default(),
            defaults: KnownDefaults::default(),
            codes: RefCell::default(),
        }
    }

    /// A module of its own for the current VU, which runs the code that all of them share.
    pub(crate) fn read_again<'js>(
        &self,
        ctx: &Ctx<'js>,
        name: &str,
        compiled: &Bytecode,
    ) -> Result<Module<'js, Declared>> {
        // Other modules are read meanwhile.
        let mut code = self.codes.borrow_mut().remove(name).flatten();
        let module = compiled.read_again(ctx, &mut code);
        self.codes.borrow_mut().insert(name.to_owned(), code);
        module
    }

    /// Whether a VU has taken over what `setup` returned.
    pub(super) fn has_taken(&self, state: &State) -> bool {
        match (&*self.given.borrow(), &*state.taken.borrow()) {
            (Some(given), Some(Some(taken))) => Rc::ptr_eq(given, taken),
            (None, Some(None)) => true,
            _ => false,
        }
    }

    /// A VU takes over what `setup` returned.
    pub(crate) fn took(&self, state: &State) {
        if !self.has_taken(state) {
            state.taken.replace(Some(self.given.borrow().clone()));
        }
    }

    /// Whether the JavaScript side has this data of `setup`.
    pub(crate) fn has_given(&self, data: Option<&Rc<str>>) -> bool {
        match (&*self.given.borrow(), data) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }

    /// Gives the JavaScript side what `setup` returned.
    pub(crate) fn give_data(&self, kit: &Object, data: Option<&Rc<str>>) -> Result<()> {
        let give: Function = kit.get("give")?;
        give.call::<_, ()>((data.map(|d| &**d),))?;
        self.given.replace(data.cloned());
        Ok(())
    }

    /// The VU whose turn it is.
    pub(crate) fn vu(&self) -> Rc<State> {
        self.current.borrow().clone()
    }

    /// Learns what the natives need of the JavaScript side.
    pub(crate) fn learn<'js>(&self, ctx: &Ctx<'js>, kit: &Object<'js>) -> Result<()> {
        let function = |name: &str| -> Result<_> {
            let function: Function = kit.get(name)?;
            Ok(Some(Persistent::save(ctx, function)))
        };
        self.fail.replace(function("fail")?);
        self.responses.replace(Some(Responses::new(ctx, kit)?));
        self.fast.replace(Some(Rc::new(Fast::of(ctx, kit)?)));
        Ok(())
    }

    /// What the calls of a VU have unless they say otherwise.
    pub(super) fn defaults_of(&self, vu: &State) -> Rc<Defaults> {
        let own = vu.defaults.borrow().clone();
        own.unwrap_or_else(|| self.defaults.usual())
    }

    /// A text that comes again and again.
    pub(crate) fn kept(&self, text: &str) -> Rc<str> {
        self.texts.kept(text)
    }

    /// What the natives know of the engine.
    pub(super) fn fast(&self) -> Rc<Fast> {
        let fast = self.fast.borrow().clone();
        fast.expect("an engine that runs has told what it has")
    }

    /// Throws an error as k6 does, with this text.
    pub(super) fn refuse(&self, cx: CallContext, text: &str) -> Thrown {
        cx.thrown(&self.fail(&cx.ctx(), text))
    }

    /// Tells the host of an effect that needs no answer, at its next turn.
    pub(super) fn tell(&self, ctx: &Ctx, effect: Effect) -> Result<()> {
        let vu = self.vu();
        let left = match vu.is_stopped() {
            true => Err(effect),
            false => vu.port.note(effect),
        };
        left.or_else(|effect| self.suspend(ctx, effect).map(drop))
    }

    /// The same for natives that take the engine's values as they are.
    pub(super) fn note(&self, cx: CallContext, effect: Effect) -> Outcome<()> {
        let told = self.tell(&cx.ctx(), effect);
        told.map_err(|error| cx.thrown(&error))
    }

    /// An error of the script, as k6 throws it, with this text.
    pub(super) fn fail(&self, ctx: &Ctx, text: &str) -> Error {
        let fail = self.fail.borrow().clone();
        match fail.ok_or(Error::Unknown).and_then(|f| f.restore(ctx)) {
            Ok(fail) => fail.call::<_, ()>((text,)).err().unwrap_or(Error::Unknown),
            Err(error) => error,
        }
    }

    /// It is this VU's turn.
    pub(crate) fn take_over(&self, ctx: &Ctx, state: &Rc<State>) -> Result<()> {
        if self.is_of(state) {
            return Ok(());
        }
        self.current.replace(state.clone());
        if let (Some(fast), Some(own)) = (&*self.fast.borrow(), &*state.own.borrow()) {
            let entered = CallContext::of(ctx).call(fast.enter.borrowed(), own.borrowed());
            entered.map_err(|_| Error::Exception)?;
        }
        Ok(())
    }

    /// Whether it is this VU's turn.
    pub(crate) fn is_of(&self, state: &Rc<State>) -> bool {
        Rc::ptr_eq(&self.current.borrow(), state)
    }

    /// This VU is gone.
    pub(crate) fn leave(&self, state: &Rc<State>) {
        if self.is_of(state) {
            self.current.replace(self.nobody.clone());
        }
    }

    /// The engine is about to go.
    pub(crate) fn close(&self) {
        self.current.replace(self.nobody.clone());
        self.fail.take();
        self.responses.take();
        self.fast.take();
        self.codes.take();
    }

    /// Hands an effect of the current VU to the host; an error if the host stops the call.
    pub(super) fn suspend(&self, ctx: &Ctx, effect: Effect) -> Result<Answer> {
        let vu = self.vu();
        if vu.is_stopped() {
            return Err(uncatchable(ctx));
        }
        let answer = vu.port.suspend(effect);
        if matches!(answer, Answer::Stop) {
            vu.stop.replace(Some(Failure::Stopped));
        }
        self.take_over(ctx, &vu)?;
        if matches!(answer, Answer::Stop) {
            return Err(uncatchable(ctx));
        }
        vu.forget_steps();
        Ok(answer)
    }
}
