//! What is kept of an engine for its natives: names, values, and the literals of a script.
//!
//! Why this is sound: each holds a reference, so an address stands for what is kept alone; and each is given up before
//! its engine ends, as everything that an engine's `Desk` or a VU's `State` keeps.

use super::properties::Name;
use super::value::{CallContext, ValueRef};
use rquickjs::{Ctx, Error, Result, Value, qjs};
use std::cell::RefCell;
use std::rc::Rc;

/// Places for what is remembered.
const PLACES: usize = 256;

/// Texts that are longer are not remembered.
const LONGEST: usize = 128;

/// Each holds the last one that came to it.
type Places<T> = RefCell<Vec<Option<(T, Rc<str>)>>>;

/// Names and texts that came before, with the same text in Rust: a script's literals are the same each time.
pub(crate) struct Literals {
    runtime: *mut qjs::JSRuntime,
    names: Places<qjs::JSAtom>,
    texts: Places<qjs::JSValue>,
}

impl Literals {
    /// Nothing yet. It must go before its engine.
    pub(crate) fn of(ctx: &Ctx) -> Literals {
        Literals {
            // SAFETY: the context is alive.
            runtime: unsafe { qjs::JS_GetRuntime(ctx.as_raw().as_ptr()) },
            names: RefCell::new(vec![None; PLACES]),
            texts: RefCell::new(vec![None; PLACES]),
        }
    }

    /// A name as a text; what is no UTF-8 is replaced.
    pub(crate) fn name(&self, cx: CallContext, name: Name) -> Rc<str> {
        let mut known = self.names.borrow_mut();
        let place = &mut known[name.0 as usize % PLACES];
        if let Some((_, text)) = place.as_ref().filter(|(atom, _)| *atom == name.0) {
            return text.clone();
        }
        // SAFETY: the name is alive; a reference is taken before its text is kept and given up with it.
        unsafe {
            let context = cx.0.as_ptr();
            let mut length = 0;
            let bytes = qjs::JS_AtomToCStringLen(context, &raw mut length, name.0);
            if bytes.is_null() {
                // No memory for it.
                cx.ctx().catch();
                return "".into();
            }
            let slice = std::slice::from_raw_parts(bytes.cast::<u8>(), length as usize);
            let text: Rc<str> = String::from_utf8_lossy(slice).into();
            qjs::JS_FreeCString(context, bytes);
            let entry = (qjs::JS_DupAtom(context, name.0), text.clone());
            if let Some((before, _)) = place.replace(entry) {
                qjs::JS_FreeAtomRT(self.runtime, before);
            }
            text
        }
    }

    /// A text; `made` makes what is kept of it. `None` if it is no text, or no UTF-8.
    pub(crate) fn text(
        &self,
        cx: CallContext,
        value: ValueRef,
        made: impl FnOnce(&str) -> Rc<str>,
    ) -> Option<Rc<str>> {
        if value.tag() != qjs::JS_TAG_STRING {
            return cx.text(value, made);
        }
        // SAFETY: a text is held by a pointer.
        let address = unsafe { qjs::JS_VALUE_GET_PTR(value.raw()) } as usize;
        let at = (address >> 4) % PLACES;
        // SAFETY: as above.
        let is = |held: qjs::JSValue| unsafe { qjs::JS_VALUE_GET_PTR(held) as usize == address };
        if let Some((_, text)) = self.texts.borrow()[at]
            .as_ref()
            .filter(|(held, _)| is(*held))
        {
            return Some(text.clone());
        }
        let text = cx.text(value, made)?;
        if text.len() <= LONGEST {
            // SAFETY: as for names.
            unsafe {
                let entry = (qjs::JS_DupValue(cx.0.as_ptr(), value.raw()), text.clone());
                if let Some((before, _)) = self.texts.borrow_mut()[at].replace(entry) {
                    qjs::JS_FreeValueRT(self.runtime, before);
                }
            }
        }
        Some(text)
    }
}

impl Drop for Literals {
    fn drop(&mut self) {
        // SAFETY: it goes before its engine.
        unsafe {
            for (atom, _) in self.names.get_mut().drain(..).flatten() {
                qjs::JS_FreeAtomRT(self.runtime, atom);
            }
            for (value, _) in self.texts.get_mut().drain(..).flatten() {
                qjs::JS_FreeValueRT(self.runtime, value);
            }
        }
    }
}

/// Names of fields that came before, by their texts. It must go before its engine.
pub(crate) struct KnownNames(*mut qjs::JSRuntime, Places<qjs::JSAtom>);

impl KnownNames {
    /// None yet.
    pub(crate) fn of(ctx: &Ctx) -> KnownNames {
        // SAFETY: the context is alive.
        let runtime = unsafe { qjs::JS_GetRuntime(ctx.as_raw().as_ptr()) };
        KnownNames(runtime, RefCell::new(vec![None; PLACES]))
    }

    /// A text as a name; `None` if there is no memory for it.
    pub(crate) fn name<'js>(&self, cx: CallContext<'js>, text: &str) -> Option<OwnedName<'js>> {
        let bytes = text.as_bytes();
        let [first, last] = [bytes.first(), bytes.last()].map(|b| b.map_or(0, |b| usize::from(*b)));
        let place = &mut self.1.borrow_mut()[(bytes.len() * 7 + first * 31 + last) % PLACES];
        let context = cx.0.as_ptr();
        // SAFETY: names that are kept are alive; each reference that is taken is given up.
        unsafe {
            if let Some((atom, _)) = place.as_ref().filter(|(_, kept)| **kept == *text) {
                return Some(OwnedName(qjs::JS_DupAtom(context, *atom), cx));
            }
            let atom = qjs::JS_NewAtomLen(context, text.as_ptr().cast(), text.len() as _);
            if atom == qjs::JS_ATOM_NULL {
                return None;
            }
            if text.len() <= LONGEST {
                let entry = (qjs::JS_DupAtom(context, atom), text.into());
                if let Some((before, _)) = place.replace(entry) {
                    qjs::JS_FreeAtomRT(self.0, before);
                }
            }
            Some(OwnedName(atom, cx))
        }
    }
}

impl Drop for KnownNames {
    fn drop(&mut self) {
        for (atom, _) in self.1.get_mut().drain(..).flatten() {
            // SAFETY: it goes before its engine.
            unsafe { qjs::JS_FreeAtomRT(self.0, atom) };
        }
    }
}

/// A name with a reference of its own.
pub(crate) struct OwnedName<'js>(qjs::JSAtom, CallContext<'js>);

impl OwnedName<'_> {
    /// The name.
    pub(crate) fn name(&self) -> Name {
        Name(self.0)
    }
}

impl Drop for OwnedName<'_> {
    fn drop(&mut self) {
        // SAFETY: it owns this reference.
        unsafe { qjs::JS_FreeAtom(self.1.0.as_ptr(), self.0) };
    }
}

/// A name that is kept. It must go before its engine.
pub(crate) struct KeptName(qjs::JSAtom, *mut qjs::JSRuntime);

impl KeptName {
    /// This text or symbol as a name.
    pub(crate) fn of(value: &Value) -> Result<KeptName> {
        // SAFETY: the value is alive, and so is its context.
        unsafe {
            let context = value.ctx().as_raw().as_ptr();
            match qjs::JS_ValueToAtom(context, value.as_raw()) {
                qjs::JS_ATOM_NULL => Err(Error::Exception),
                atom => Ok(KeptName(atom, qjs::JS_GetRuntime(context))),
            }
        }
    }

    /// The name.
    pub(crate) fn name(&self) -> Name {
        Name(self.0)
    }
}

impl Drop for KeptName {
    fn drop(&mut self) {
        // SAFETY: it goes before its engine.
        unsafe { qjs::JS_FreeAtomRT(self.1, self.0) };
    }
}

/// A value that is kept. It must go before its engine.
pub(crate) struct KeptValue(qjs::JSValue, *mut qjs::JSRuntime);

impl KeptValue {
    /// This value.
    pub(crate) fn of(value: &Value) -> KeptValue {
        // SAFETY: the value is alive, and so is its context.
        unsafe {
            let context = value.ctx().as_raw().as_ptr();
            KeptValue(
                qjs::JS_DupValue(context, value.as_raw()),
                qjs::JS_GetRuntime(context),
            )
        }
    }

    /// The value.
    pub(crate) fn borrowed(&self) -> ValueRef<'_> {
        ValueRef::of_raw(self.0)
    }
}

impl Drop for KeptValue {
    fn drop(&mut self) {
        // SAFETY: it goes before its engine.
        unsafe { qjs::JS_FreeValueRT(self.1, self.0) };
    }
}
