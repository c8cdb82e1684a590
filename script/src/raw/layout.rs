//! Objects that are made of many parts at once.

use rquickjs::class::{Class, JsClass, Readable, Trace, Tracer};
use rquickjs::function::Constructor;
use rquickjs::{Ctx, Function, JsLifetime, Object, Result, Value, qjs};
use std::ptr;

/// The names of the parts of objects of one kind, and the functions that get and set those that are made when they
/// are first read.
pub(crate) struct Layout {
    names: Vec<qjs::JSAtom>,
    lazy: Vec<(qjs::JSValue, qjs::JSValue)>,
    runtime: *mut qjs::JSRuntime,
}

impl Layout {
    /// Parts of these names, which are texts or symbols.
    pub(crate) fn new<'js>(
        ctx: &Ctx<'js>,
        names: &[Value<'js>],
        lazy: &[(Function<'js>, Function<'js>)],
    ) -> Result<Layout> {
        let context = ctx.as_raw().as_ptr();
        // SAFETY: the context is alive, and so are the values; each is kept by a reference of its own.
        let mut layout = unsafe {
            let kept = |f: &Function<'js>| qjs::JS_DupValue(context, f.as_raw());
            Layout {
                names: Vec::new(),
                lazy: lazy
                    .iter()
                    .map(|(get, set)| (kept(get), kept(set)))
                    .collect(),
                runtime: qjs::JS_GetRuntime(context),
            }
        };
        for name in names {
            // SAFETY: as above.
            let atom = unsafe { qjs::JS_ValueToAtom(context, name.as_raw()) };
            if atom == qjs::JS_ATOM_NULL {
                return Err(rquickjs::Error::Exception);
            }
            layout.names.push(atom);
        }
        Ok(layout)
    }

    /// Gives an object the part of this number.
    pub(crate) fn part<'js>(&self, of: &Object<'js>, at: usize, value: &Value<'js>) -> Result<()> {
        self.define(of, at, value, qjs::JS_PROP_C_W_E)
    }

    /// Gives an object a part that is not enumerated.
    pub(crate) fn hidden<'js>(
        &self,
        of: &Object<'js>,
        at: usize,
        value: &Value<'js>,
    ) -> Result<()> {
        self.define(of, at, value, qjs::JS_PROP_WRITABLE)
    }

    fn define<'js>(
        &self,
        of: &Object<'js>,
        at: usize,
        value: &Value<'js>,
        flags: u32,
    ) -> Result<()> {
        let context = of.ctx().as_raw().as_ptr();
        // SAFETY: the context and both values are alive; the property takes a reference of its own.
        let done = unsafe {
            let value = qjs::JS_DupValue(context, value.as_raw());
            qjs::JS_DefinePropertyValue(context, of.as_raw(), self.names[at], value, flags as _)
        };
        if done < 0 {
            Err(rquickjs::Error::Exception)
        } else {
            Ok(())
        }
    }

    /// Gives an object a part that the function of number `by` makes when it is first read.
    pub(crate) fn lazy(&self, of: &Object, at: usize, by: usize) -> Result<()> {
        let context = of.ctx().as_raw().as_ptr();
        let (get, set) = self.lazy[by];
        let flags = qjs::JS_PROP_CONFIGURABLE | qjs::JS_PROP_ENUMERABLE;
        // SAFETY: as above.
        let done = unsafe {
            let (get, set) = (
                qjs::JS_DupValue(context, get),
                qjs::JS_DupValue(context, set),
            );
            qjs::JS_DefinePropertyGetSet(context, of.as_raw(), self.names[at], get, set, flags as _)
        };
        if done < 0 {
            Err(rquickjs::Error::Exception)
        } else {
            Ok(())
        }
    }
}

impl Drop for Layout {
    fn drop(&mut self) {
        // SAFETY: it goes before its engine, as everything that an engine's `Desk` keeps.
        unsafe {
            for name in &self.names {
                qjs::JS_FreeAtomRT(self.runtime, *name);
            }
            for (get, set) in &self.lazy {
                qjs::JS_FreeValueRT(self.runtime, *get);
                qjs::JS_FreeValueRT(self.runtime, *set);
            }
            self.runtime = ptr::null_mut();
        }
    }
}

/// What an object of the engine holds that only Rust sees.
pub(crate) struct Held<T>(pub(crate) T);

// SAFETY: `T` is for ever, so it holds nothing of an engine.
unsafe impl<'js, T: 'static> JsLifetime<'js> for Held<T> {
    type Changed<'to> = Held<T>;
}

impl<'js, T: 'static> Trace<'js> for Held<T> {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js, T: 'static> JsClass<'js> for Held<T> {
    const NAME: &'static str = "Object";

    type Mutable = Readable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

/// An object that holds a value.
pub(crate) type Holder<'js, T> = Class<'js, Held<T>>;
