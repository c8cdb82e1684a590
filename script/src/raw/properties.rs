//! Properties of the engine's objects: their names, and reading and setting them.

use super::native::{Outcome, Thrown};
use super::value::{CallContext, OwnedValue, ValueRef};
use rquickjs::qjs;
use std::ffi::c_int;
use std::ptr;

/// A name in the engine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name(pub(super) qjs::JSAtom);

/// Names of properties of an object.
pub(crate) struct Names<'js> {
    list: *mut qjs::JSPropertyEnum,
    count: u32,
    cx: CallContext<'js>,
}

impl Drop for Names<'_> {
    fn drop(&mut self) {
        // SAFETY: the engine made the list.
        unsafe { qjs::JS_FreePropertyEnum(self.cx.0.as_ptr(), self.list, self.count) };
    }
}

impl Names<'_> {
    /// They, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Name> {
        // SAFETY: the list has so many entries.
        (0..self.count as usize).map(|at| unsafe { Name((*self.list.add(at)).atom) })
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.count as usize
    }
}

impl<'js> CallContext<'js> {
    /// A property.
    pub(crate) fn get(self, of: ValueRef, name: Name) -> Outcome<OwnedValue<'js>> {
        // SAFETY: the object and the name are alive.
        self.owned(unsafe { qjs::JS_GetProperty(self.0.as_ptr(), of.raw(), name.0) })
    }

    /// An object's own property, if it has it and it is a plain value.
    pub(crate) fn own(self, of: ValueRef, name: Name) -> Outcome<Option<OwnedValue<'js>>> {
        let mut found = qjs::JSPropertyDescriptor {
            flags: 0,
            value: qjs::JS_UNDEFINED,
            getter: qjs::JS_UNDEFINED,
            setter: qjs::JS_UNDEFINED,
        };
        // SAFETY: the object and the name are alive; what is found is held from here on.
        match unsafe { qjs::JS_GetOwnProperty(self.0.as_ptr(), &raw mut found, of.raw(), name.0) } {
            0 => Ok(None),
            1.. => {
                let [value, ..] =
                    [found.value, found.getter, found.setter].map(|v| OwnedValue::of_raw(v, self));
                let is_value = found.flags & qjs::JS_PROP_GETSET as c_int == 0;
                Ok(is_value.then_some(value))
            }
            _ => Err(Thrown),
        }
    }

    /// Sets a property to a number.
    pub(crate) fn set(self, of: ValueRef, name: Name, number: f64) -> Outcome<()> {
        // SAFETY: the object and the name are alive.
        match unsafe {
            let number = qjs::JS_NewNumber(self.0.as_ptr(), number);
            qjs::JS_SetProperty(self.0.as_ptr(), of.raw(), name.0, number)
        } {
            0.. => Ok(()),
            _ => Err(Thrown),
        }
    }

    /// Names of an object's own enumerable properties, symbols left out.
    pub(crate) fn names(self, of: ValueRef) -> Outcome<Names<'js>> {
        let (mut list, mut count) = (ptr::null_mut(), 0);
        let flags = (qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY) as c_int;
        // SAFETY: the object is alive.
        let failed = unsafe {
            let (list, count) = (&raw mut list, &raw mut count);
            qjs::JS_GetOwnPropertyNames(self.0.as_ptr(), list, count, of.raw(), flags)
        };
        match failed {
            0 => Ok(Names {
                list,
                count,
                cx: self,
            }),
            _ => Err(Thrown),
        }
    }

    /// Gives an object a property of its own, whatever its prototype has.
    pub(crate) fn define(self, of: ValueRef, name: Name, value: OwnedValue) -> Outcome<()> {
        let flags = qjs::JS_PROP_C_W_E as c_int;
        // SAFETY: the object and the name are alive; the value's reference goes over to the engine.
        match unsafe {
            let value = value.into_raw();
            qjs::JS_DefinePropertyValue(self.0.as_ptr(), of.raw(), name.0, value, flags)
        } {
            0.. => Ok(()),
            _ => Err(Thrown),
        }
    }
}
