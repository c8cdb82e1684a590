//! Functions of the engine that Rust answers in few steps, without a wrapper around each value.
//!
//! Why this is sound:
//! - [`ValueRef`] borrows a value: an argument, of which the engine holds a reference during the call, or an
//!   [`OwnedValue`]. Its lifetime is that of the call or of the borrow, so it does not outlive them.
//! - [`OwnedValue`] owns one reference, and gives it up once.
//! - The host of the functions is set as the context's own pointer ([`set_host`]), to something that lives until it is
//!   cleared; `rquickjs` does not use that pointer.

use super::value::{CallContext, OwnedValue, ValueRef};
use rquickjs::{Ctx, Error, Function, Result, Value, qjs};
use std::ffi::{CStr, c_int};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::rc::Rc;

/// An exception is pending in the engine.
#[derive(Debug)]
pub(crate) struct Thrown;

/// What a step of a native function comes to.
pub(crate) type Outcome<T> = std::result::Result<T, Thrown>;

/// A native function.
pub(crate) trait Native {
    /// Whom it acts for.
    type Host;
    /// Its name, as the script sees it.
    const NAME: &'static CStr;
    /// How many arguments it names.
    const LENGTH: c_int;

    /// Answers a call.
    fn call<'js>(host: &Self::Host, call: NativeCall<'js>) -> Outcome<OwnedValue<'js>>;
}

/// A call of a native function.
#[derive(Clone, Copy)]
pub(crate) struct NativeCall<'js> {
    /// The engine.
    pub cx: CallContext<'js>,
    /// What it is called on.
    pub this: ValueRef<'js>,
    /// Its arguments.
    pub args: &'js [ValueRef<'js>],
}

impl<'js> NativeCall<'js> {
    /// The argument at a place; `undefined` if there are fewer.
    pub(crate) fn argument(&self, at: usize) -> ValueRef<'js> {
        self.args.get(at).copied().unwrap_or_default()
    }
}

/// The function, for the script. Where the context has no host it gives `undefined`; the host must be an `N::Host`.
pub(crate) fn function<'js, N: Native>(ctx: &Ctx<'js>) -> Result<Function<'js>> {
    let (name, length) = (N::NAME.as_ptr(), N::LENGTH);
    let kind = qjs::JSCFunctionEnum_JS_CFUNC_generic;
    // SAFETY: the context is alive; the value is that of the new function.
    let made = unsafe {
        let made = qjs::JS_NewCFunction2(
            ctx.as_raw().as_ptr(),
            Some(enter::<N>),
            name,
            length,
            kind,
            0,
        );
        if qjs::JS_IsException(made) {
            return Err(Error::Exception);
        }
        Value::from_raw(ctx.clone(), made)
    };
    made.into_function().ok_or(Error::Unknown)
}

/// The function, bound to a value: that is its `this`, whatever it is called on.
pub(crate) fn bound<'js, N: Native>(ctx: &Ctx<'js>, to: &Value<'js>) -> Result<Function<'js>> {
    let mut data = to.as_raw();
    // SAFETY: the context and the value are alive, of which the engine takes a reference of its own.
    let made = unsafe {
        let context = ctx.as_raw().as_ptr();
        let (length, data) = (N::LENGTH, &raw mut data);
        let made = qjs::JS_NewCFunctionData(context, Some(enter_bound::<N>), length, 0, 1, data);
        if qjs::JS_IsException(made) {
            return Err(Error::Exception);
        }
        Value::from_raw(ctx.clone(), made)
    };
    made.into_function().ok_or(Error::Unknown)
}

unsafe extern "C" fn enter_bound<N: Native>(
    context: *mut qjs::JSContext,
    _: qjs::JSValue,
    count: c_int,
    args: *mut qjs::JSValue,
    _: c_int,
    data: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: as `enter`; the engine holds the one value that the function is bound to.
    unsafe { enter::<N>(context, *data, count, args) }
}

/// Sets whom the native functions of a context act for; `None` before that is gone.
pub(crate) fn set_host<H>(ctx: &Ctx, host: Option<&Rc<H>>) {
    let host = host.map_or(ptr::null(), Rc::as_ptr);
    // SAFETY: see the top of this file.
    unsafe { qjs::JS_SetContextOpaque(ctx.as_raw().as_ptr(), host.cast_mut().cast()) };
}

unsafe extern "C" fn enter<N: Native>(
    context: *mut qjs::JSContext,
    this: qjs::JSValue,
    count: c_int,
    args: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: the engine calls it with its context and so many arguments, which it holds; for the host see the top.
    unsafe {
        let host = qjs::JS_GetContextOpaque(context).cast::<N::Host>();
        let (Some(context), Some(host)) = (NonNull::new(context), host.as_ref()) else {
            return qjs::JS_UNDEFINED;
        };
        let args = match usize::try_from(count) {
            Ok(count) if count > 0 => std::slice::from_raw_parts(args.cast::<ValueRef>(), count),
            _ => &[],
        };
        let call = NativeCall {
            cx: CallContext(context, PhantomData),
            this: ValueRef::of_raw(this),
            args,
        };
        match N::call(host, call) {
            Ok(value) => value.into_raw(),
            Err(Thrown) => qjs::JS_EXCEPTION,
        }
    }
}
