//! The engine's values without a wrapper around each: borrowed for the time of a call, or owned with one reference. Why
//! they are sound is said at the top of [`native`](super::native).

use super::native::{Outcome, Thrown};
use rquickjs::{Ctx, Error, Value, qjs};
use std::ffi::{c_char, c_int};
use std::marker::PhantomData;
use std::ptr::NonNull;
/// The engine's context, during a call.
#[derive(Clone, Copy)]
pub(crate) struct CallContext<'js>(
    pub(super) NonNull<qjs::JSContext>,
    pub(super) PhantomData<&'js ()>,
);

/// A borrowed value.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct ValueRef<'a>(qjs::JSValue, PhantomData<&'a ()>);

/// A value with a reference of its own.
pub(crate) struct OwnedValue<'js>(qjs::JSValue, CallContext<'js>);

impl Drop for OwnedValue<'_> {
    fn drop(&mut self) {
        // SAFETY: it owns this reference.
        unsafe { qjs::JS_FreeValue(self.1.0.as_ptr(), self.0) };
    }
}

impl<'js> OwnedValue<'js> {
    /// A value of `rquickjs`, with another reference.
    pub(crate) fn of(cx: CallContext<'js>, value: &Value<'js>) -> OwnedValue<'js> {
        // SAFETY: a new reference to a value that is alive.
        OwnedValue(
            unsafe { qjs::JS_DupValue(cx.0.as_ptr(), value.as_raw()) },
            cx,
        )
    }

    /// A value whose reference it takes over.
    pub(super) fn of_raw(raw: qjs::JSValue, cx: CallContext<'js>) -> OwnedValue<'js> {
        OwnedValue(raw, cx)
    }

    /// The value.
    pub(crate) fn borrowed(&self) -> ValueRef<'_> {
        ValueRef(self.0, PhantomData)
    }

    pub(super) fn into_raw(self) -> qjs::JSValue {
        std::mem::ManuallyDrop::new(self).0
    }
}

impl Default for ValueRef<'_> {
    /// `undefined`.
    fn default() -> Self {
        ValueRef(qjs::JS_UNDEFINED, PhantomData)
    }
}

impl ValueRef<'_> {
    pub(super) fn raw(self) -> qjs::JSValue {
        self.0
    }

    /// A value that something else holds, for as long as that lives.
    pub(super) fn of_raw(raw: qjs::JSValue) -> Self {
        ValueRef(raw, PhantomData)
    }

    pub(super) fn tag(self) -> i32 {
        // SAFETY: only the tag is looked at.
        unsafe { qjs::JS_VALUE_GET_NORM_TAG(self.0) }
    }

    /// Whether it is `undefined`.
    pub(crate) fn is_undefined(self) -> bool {
        self.tag() == qjs::JS_TAG_UNDEFINED
    }

    /// Whether it is `undefined` or `null`.
    pub(crate) fn is_nullish(self) -> bool {
        self.is_undefined() || self.tag() == qjs::JS_TAG_NULL
    }

    /// Whether it is a text.
    pub(crate) fn is_text(self) -> bool {
        matches!(self.tag(), qjs::JS_TAG_STRING | qjs::JS_TAG_STRING_ROPE)
    }

    /// Whether it is an object.
    pub(crate) fn is_object(self) -> bool {
        self.tag() == qjs::JS_TAG_OBJECT
    }

    /// Whether it is `true`.
    pub(crate) fn is_true(self) -> bool {
        self.boolean() == Some(true)
    }

    /// The boolean that it is.
    pub(crate) fn boolean(self) -> Option<bool> {
        // SAFETY: a boolean holds a number.
        (self.tag() == qjs::JS_TAG_BOOL).then(|| unsafe { qjs::JS_VALUE_GET_BOOL(self.0) })
    }

    /// The number that it is.
    pub(crate) fn number(self) -> Option<f64> {
        // SAFETY: the tag says what it holds.
        unsafe {
            match self.tag() {
                qjs::JS_TAG_INT => Some(f64::from(qjs::JS_VALUE_GET_INT(self.0))),
                qjs::JS_TAG_FLOAT64 => Some(qjs::JS_VALUE_GET_FLOAT64(self.0)),
                _ => None,
            }
        }
    }

    /// Whether it is an async function.
    pub(crate) fn is_async(self) -> bool {
        // SAFETY: the value is alive.
        unsafe { qjs::JS_IsAsyncFunction(self.0) }
    }

    /// The number of its class; texts and numbers have none.
    pub(crate) fn class(self) -> u32 {
        // SAFETY: the value is alive.
        unsafe { qjs::JS_GetClassID(self.0) }
    }
}

impl<'js> CallContext<'js> {
    /// Where `rquickjs` is.
    pub(crate) fn of(ctx: &Ctx<'js>) -> CallContext<'js> {
        CallContext(ctx.as_raw(), PhantomData)
    }

    /// The same as `rquickjs` sees it.
    pub(crate) fn ctx(self) -> Ctx<'js> {
        // SAFETY: the context is alive during the call.
        unsafe { Ctx::from_raw(self.0) }
    }

    /// Whatever `rquickjs` says went wrong, as a pending exception.
    pub(crate) fn thrown(self, error: &Error) -> Thrown {
        if !error.is_exception() {
            rquickjs::Exception::throw_message(&self.ctx(), &error.to_string());
        }
        Thrown
    }

    pub(super) fn owned(self, raw: qjs::JSValue) -> Outcome<OwnedValue<'js>> {
        // SAFETY: only the tag is looked at.
        if unsafe { qjs::JS_IsException(raw) } {
            return Err(Thrown);
        }
        Ok(OwnedValue(raw, self))
    }

    /// A new reference to a value.
    pub(super) fn again(self, value: &OwnedValue) -> qjs::JSValue {
        // SAFETY: the value is alive.
        unsafe { qjs::JS_DupValue(self.0.as_ptr(), value.0) }
    }

    /// `undefined`.
    pub(crate) fn undefined(self) -> OwnedValue<'js> {
        OwnedValue(qjs::JS_UNDEFINED, self)
    }

    /// A boolean.
    pub(crate) fn boolean(self, value: bool) -> OwnedValue<'js> {
        OwnedValue(if value { qjs::JS_TRUE } else { qjs::JS_FALSE }, self)
    }

    /// `null`.
    pub(crate) fn null(self) -> OwnedValue<'js> {
        OwnedValue(qjs::JS_NULL, self)
    }

    /// A whole number.
    pub(crate) fn integer(self, value: i32) -> OwnedValue<'js> {
        OwnedValue(qjs::JS_MKVAL(qjs::JS_TAG_INT, value), self)
    }

    /// A number.
    pub(crate) fn number(self, value: f64) -> OwnedValue<'js> {
        OwnedValue(qjs::JS_NewFloat64(value), self)
    }

    /// A value, as `rquickjs` has it.
    pub(crate) fn value(self, value: ValueRef) -> Value<'js> {
        // SAFETY: a new reference to a value that is alive.
        unsafe {
            let raw = qjs::JS_DupValue(self.0.as_ptr(), value.0);
            Value::from_raw(self.ctx(), raw)
        }
    }

    /// A new text.
    pub(crate) fn new_text(self, text: &str) -> Outcome<OwnedValue<'js>> {
        // SAFETY: the engine copies the text.
        self.owned(unsafe {
            let length = text.len() as qjs::size_t;
            qjs::JS_NewStringLen(self.0.as_ptr(), text.as_ptr().cast(), length)
        })
    }

    /// Calls `f` with a text; `None` if it is none, or none that can be written as UTF-8.
    pub(crate) fn text<R>(self, value: ValueRef, f: impl FnOnce(&str) -> R) -> Option<R> {
        value.is_text().then(|| self.shown(value, f)).flatten()
    }

    /// Calls `f` with a text or a number as a text, likewise.
    pub(crate) fn shown<R>(self, value: ValueRef, f: impl FnOnce(&str) -> R) -> Option<R> {
        // SAFETY: the bytes are the engine's until they are given back.
        unsafe {
            let mut length = 0;
            let bytes = qjs::JS_ToCStringLen2(self.0.as_ptr(), &raw mut length, value.0, false);
            if bytes.is_null() {
                self.ctx().catch();
                return None;
            }
            let slice = std::slice::from_raw_parts(bytes.cast::<u8>(), length as usize);
            let result = str::from_utf8(slice).ok().map(f);
            qjs::JS_FreeCString(self.0.as_ptr(), bytes);
            result
        }
    }

    /// Calls a function with one argument.
    pub(crate) fn call(self, function: ValueRef, argument: ValueRef) -> Outcome<OwnedValue<'js>> {
        let mut argument = argument.0;
        // SAFETY: all are alive; the engine does not keep the argument.
        self.owned(unsafe {
            let (context, this) = (self.0.as_ptr(), qjs::JS_UNDEFINED);
            qjs::JS_Call(context, function.0, this, 1, &raw mut argument)
        })
    }

    /// Whether a value counts as true.
    pub(crate) fn truth(self, of: ValueRef) -> Outcome<bool> {
        // SAFETY: the value is alive.
        match unsafe { qjs::JS_ToBool(self.0.as_ptr(), of.0) } {
            truth @ 0.. => Ok(truth > 0),
            _ => Err(Thrown),
        }
    }

    /// Whether a value may be called.
    pub(crate) fn is_function(self, of: ValueRef) -> bool {
        // SAFETY: the value is alive.
        of.is_object() && unsafe { qjs::JS_IsFunction(self.0.as_ptr(), of.0) }
    }

    /// Throws an error that no `catch` or `finally` of the script sees, as the engine does when it is interrupted.
    pub(crate) fn throw_uncatchable(self) {
        // SAFETY: the error is new, and goes over to the engine.
        unsafe {
            let error = qjs::JS_NewError(self.0.as_ptr());
            if !qjs::JS_IsException(error) {
                // Writing down the calls would need another page of each VU's stack.
                let (stack, nothing) = (c"stack".as_ptr(), qjs::JS_UNDEFINED);
                qjs::JS_SetPropertyStr(self.0.as_ptr(), error, stack, nothing);
                qjs::JS_SetUncatchableError(self.0.as_ptr(), error);
                qjs::JS_Throw(self.0.as_ptr(), error);
            }
        }
    }

    /// Takes the pending exception out for a while: it is pending again after `f`, unless that throws another.
    pub(crate) fn aside(self, f: impl FnOnce() -> Outcome<()>) -> Thrown {
        // SAFETY: the exception is a value of its own, which goes back.
        unsafe {
            let pending = qjs::JS_GetException(self.0.as_ptr());
            match f() {
                Ok(()) => drop(qjs::JS_Throw(self.0.as_ptr(), pending)),
                Err(Thrown) => qjs::JS_FreeValue(self.0.as_ptr(), pending),
            }
        }
        Thrown
    }

    /// A new object.
    pub(crate) fn new_object(self) -> Outcome<OwnedValue<'js>> {
        // SAFETY: the context is alive.
        self.owned(unsafe { qjs::JS_NewObject(self.0.as_ptr()) })
    }

    /// A new array of these values.
    pub(crate) fn new_array(self, values: Vec<OwnedValue<'js>>) -> Outcome<OwnedValue<'js>> {
        let raw: Vec<qjs::JSValue> = values.into_iter().map(OwnedValue::into_raw).collect();
        let count = c_int::try_from(raw.len()).unwrap_or(c_int::MAX);
        // SAFETY: so many values, whose references go over to the array, or are given up.
        self.owned(unsafe { qjs::JS_NewArrayFrom(self.0.as_ptr(), count, raw.as_ptr()) })
    }

    /// Drops the pending exception, if there is one.
    pub(crate) fn forget_exception(self) {
        // SAFETY: the context is alive.
        unsafe {
            if qjs::JS_HasException(self.0.as_ptr()) {
                qjs::JS_FreeValue(self.0.as_ptr(), qjs::JS_GetException(self.0.as_ptr()));
            }
        }
    }

    /// What a JSON text says to the engine; `None` if it is no JSON. There is a NUL behind the text, which is part of the bytes.
    pub(crate) fn json(self, text: &[u8]) -> Option<OwnedValue<'js>> {
        let length = text.len().checked_sub(1).filter(|last| text[*last] == 0)?;
        let name: *const c_char = c"<input>".as_ptr();
        // SAFETY: a NUL follows on the text, as the engine wants it.
        let made = unsafe {
            let length = length as qjs::size_t;
            qjs::JS_ParseJSON(self.0.as_ptr(), text.as_ptr().cast(), length, name)
        };
        match self.owned(made) {
            Ok(value) => Some(value),
            Err(Thrown) => {
                self.ctx().catch();
                None
            }
        }
    }
}
