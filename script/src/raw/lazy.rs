//! Objects whose fields are made when they are read.
//!
//! To the script such an object is like any other: its fields are its own, in order, writable, enumerable and
//! configurable (the last one is hidden: writable only). The engine asks for a field that it does not find ([`hooks`]).
//! As soon as the script changes anything but the hidden field, all fields are defined, and nothing is special any more
//! (`whole`). Why this is sound:
//! - Values of fields are counted references, given up when the engine ends the object and shown to its collector.
//! - The fields are shared while one of them is made, and a value is put into its place by a pointer, since the script
//!   may read the same object meanwhile.
//! - The engine walks over an object's own properties while it asks for names and fields, so neither defines any.
//! - What the engine keeps of a class (functions alone) is static, the names are counted by the objects themselves.

mod hooks;

use super::value::{CallContext, OwnedValue, ValueRef};
use hooks::{Hooks, end, mark};
use rquickjs::{Ctx, Error, Exception, Object, Result, Value, qjs};
use std::ffi::c_int;
use std::marker::PhantomData;
use std::ptr;
use std::rc::Rc;

/// Fields of an object at most, with the hidden one.
const MOST: usize = 17;

/// What fields are made of.
pub(crate) trait Fields: 'static {
    /// The value of the field of this number.
    fn field<'js>(&self, ctx: &Ctx<'js>, at: usize) -> Result<Value<'js>>;
}

/// A kind of objects: the names of their fields.
struct Names {
    atoms: Vec<qjs::JSAtom>,
    runtime: *mut qjs::JSRuntime,
}

impl Names {
    fn find(&self, name: qjs::JSAtom) -> Option<usize> {
        self.atoms.iter().position(|atom| *atom == name)
    }

    fn is_hidden(&self, at: usize) -> bool {
        at + 1 == self.atoms.len()
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        for name in &self.atoms {
            // SAFETY: the last object of an engine goes before the engine's names.
            unsafe { qjs::JS_FreeAtomRT(self.runtime, *name) };
        }
    }
}

/// What an object holds.
struct Content<T> {
    fields: T,
    names: Rc<Names>,
    /// Values that were made, or not yet.
    values: [qjs::JSValue; MOST],
    /// All fields are defined.
    whole: bool,
}

/// Makes objects of one kind.
pub(crate) struct Lazy<T> {
    class: qjs::JSClassID,
    names: Rc<Names>,
    of: PhantomData<T>,
}

impl<T: Fields> Lazy<T> {
    /// Fields of these names, which are texts or symbols; the last one is hidden.
    pub(crate) fn new<'js>(ctx: &Ctx<'js>, names: &[Value<'js>]) -> Result<Lazy<T>> {
        assert!(names.len() <= MOST, "room for all fields");
        let context = ctx.as_raw().as_ptr();
        // SAFETY: the context is alive, and so are the names.
        unsafe {
            let runtime = qjs::JS_GetRuntime(context);
            let mut known = Names {
                atoms: Vec::new(),
                runtime,
            };
            for name in names {
                let atom = qjs::JS_ValueToAtom(context, name.as_raw());
                if atom == qjs::JS_ATOM_NULL {
                    return Err(Error::Exception);
                }
                known.atoms.push(atom);
            }
            let mut class = 0;
            qjs::JS_NewClassID(runtime, &raw mut class);
            let definition = qjs::JSClassDef {
                class_name: c"Object".as_ptr(),
                finalizer: Some(end::<T>),
                gc_mark: Some(mark::<T>),
                call: None,
                exotic: ptr::from_ref(Hooks::<T>::ALL).cast_mut(),
            };
            if qjs::JS_NewClass(runtime, class, &raw const definition) < 0 {
                return Err(Error::Allocation);
            }
            Ok(Lazy {
                class,
                names: Rc::new(known),
                of: PhantomData,
            })
        }
    }

    /// An object with these fields.
    pub(crate) fn make<'js>(&self, prototype: &Object<'js>, fields: T) -> Result<Value<'js>> {
        let ctx = prototype.ctx();
        let context = ctx.as_raw().as_ptr();
        let content = Box::new(Content {
            fields,
            names: self.names.clone(),
            values: [qjs::JS_UNINITIALIZED; MOST],
            whole: false,
        });
        // SAFETY: the object takes over the content, which `end` frees; the value is that of the new object.
        unsafe {
            let made = qjs::JS_NewObjectProtoClass(context, prototype.as_raw(), self.class);
            if qjs::JS_IsException(made) {
                return Err(Error::Exception);
            }
            qjs::JS_SetOpaque(made, Box::into_raw(content).cast());
            Ok(Value::from_raw(ctx.clone(), made))
        }
    }

    /// What an object's fields are made of, if it is of this kind, the script has changed no field, and this field has no
    /// value yet; with `hidden`, nor has the hidden one.
    pub(crate) fn untouched<'a>(
        &self,
        of: ValueRef<'a>,
        field: usize,
        hidden: bool,
    ) -> Option<&'a T> {
        // SAFETY: an object of this class holds such a content, as long as it is alive.
        unsafe {
            let content = qjs::JS_GetOpaque(of.raw(), self.class).cast::<Content<T>>();
            let content = content.as_ref()?;
            let is_made =
                |at: usize| qjs::JS_VALUE_GET_TAG(content.values[at]) != qjs::JS_TAG_UNINITIALIZED;
            let touched =
                content.whole || is_made(field) || (hidden && is_made(self.names.atoms.len() - 1));
            (!touched).then_some(&content.fields)
        }
    }

    /// Sets the hidden field of an object of this kind; nothing happens if it has a value.
    pub(crate) fn hide(&self, cx: CallContext, of: ValueRef, value: &OwnedValue) {
        // SAFETY: as above; the object holds a new reference.
        unsafe {
            let content = qjs::JS_GetOpaque(of.raw(), self.class).cast::<Content<T>>();
            if !content.is_null() {
                let at = self.names.atoms.len() - 1;
                let place = (&raw mut (*content).values).cast::<qjs::JSValue>().add(at);
                if qjs::JS_VALUE_GET_TAG(place.read()) == qjs::JS_TAG_UNINITIALIZED {
                    place.write(cx.again(value));
                }
            }
        }
    }

    /// Defines all fields, if it is such an object.
    pub(crate) fn fill(&self, of: &Value) -> Result<()> {
        // SAFETY: an object of this class holds such a content.
        unsafe {
            let content = qjs::JS_GetOpaque(of.as_raw(), self.class).cast::<Content<T>>();
            let context = of.ctx().as_raw().as_ptr();
            if content.is_null() || fill(context, of.as_raw(), content) {
                Ok(())
            } else {
                Err(Error::Exception)
            }
        }
    }
}

/// The content of an object of this class.
unsafe fn content<T>(of: qjs::JSValue) -> *mut Content<T> {
    let mut class = 0;
    // SAFETY: the engine calls the functions of `hooks` with such objects alone.
    unsafe { qjs::JS_GetAnyOpaque(of, &raw mut class).cast() }
}

/// The value of a field, as a new reference; an exception if it cannot be made.
unsafe fn value<T: Fields>(
    context: *mut qjs::JSContext,
    of: *mut Content<T>,
    at: usize,
) -> qjs::JSValue {
    // SAFETY: the object is alive and so is its content; see the top of this file.
    unsafe {
        let place = (&raw mut (*of).values).cast::<qjs::JSValue>().add(at);
        if qjs::JS_VALUE_GET_TAG(place.read()) == qjs::JS_TAG_UNINITIALIZED {
            let ctx = Ctx::from_raw(ptr::NonNull::new_unchecked(context));
            let fields = &(*of).fields;
            match fields.field(&ctx, at) {
                Ok(made) => place.write(qjs::JS_DupValue(context, made.as_raw())),
                Err(error) => {
                    if !error.is_exception() {
                        Exception::throw_message(&ctx, &error.to_string());
                    }
                    return qjs::JS_EXCEPTION;
                }
            }
        }
        qjs::JS_DupValue(context, place.read())
    }
}

/// Defines all fields. Whether that could be done.
unsafe fn fill<T: Fields>(
    context: *mut qjs::JSContext,
    of: qjs::JSValue,
    content: *mut Content<T>,
) -> bool {
    // SAFETY: as above.
    unsafe {
        if (*content).whole {
            return true;
        }
        let names = (*content).names.clone();
        for (at, name) in names.atoms.iter().enumerate() {
            let made = value(context, content, at);
            if qjs::JS_IsException(made) {
                return false;
            }
            let flags = flags(&names, at) | qjs::JS_PROP_NO_EXOTIC;
            if qjs::JS_DefinePropertyValue(context, of, *name, made, flags as c_int) < 0 {
                return false;
            }
        }
        (*content).whole = true;
        true
    }
}

fn flags(names: &Names, at: usize) -> u32 {
    if names.is_hidden(at) {
        qjs::JS_PROP_WRITABLE
    } else {
        qjs::JS_PROP_C_W_E
    }
}
