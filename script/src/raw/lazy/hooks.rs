//! What the engine calls to see, change and end an object whose fields are made when they are read. Why this is sound stands at the
//! top of the parent.

use super::{Content, Fields, content, fill, flags, value};
use rquickjs::qjs;
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::ptr;

/// What the engine calls for a kind of objects.
pub(super) struct Hooks<T>(PhantomData<T>);

impl<T: Fields> Hooks<T> {
    pub(super) const ALL: &'static qjs::JSClassExoticMethods = &qjs::JSClassExoticMethods {
        get_own_property: Some(own::<T>),
        get_own_property_names: Some(names::<T>),
        delete_property: Some(delete::<T>),
        define_own_property: Some(define::<T>),
        has_property: None,
        get_property: None,
        set_property: None,
    };
}

/// Describes a field that is not defined.
unsafe extern "C" fn own<T: Fields>(
    context: *mut qjs::JSContext,
    into: *mut qjs::JSPropertyDescriptor,
    of: qjs::JSValue,
    name: qjs::JSAtom,
) -> c_int {
    // SAFETY: as above.
    unsafe {
        let content = content::<T>(of);
        if content.is_null() || (*content).whole {
            return 0;
        }
        let Some(at) = (*content).names.find(name) else {
            return 0;
        };
        if !into.is_null() {
            let made = value(context, content, at);
            if qjs::JS_IsException(made) {
                return -1;
            }
            into.write(qjs::JSPropertyDescriptor {
                flags: flags(&(*content).names, at) as c_int,
                value: made,
                getter: qjs::JS_UNDEFINED,
                setter: qjs::JS_UNDEFINED,
            });
        }
        1
    }
}

/// Names fields that are not defined.
unsafe extern "C" fn names<T: Fields>(
    context: *mut qjs::JSContext,
    into: *mut *mut qjs::JSPropertyEnum,
    count: *mut u32,
    of: qjs::JSValue,
) -> c_int {
    // SAFETY: as above; the engine frees the list and gives up the names.
    unsafe {
        into.write(ptr::null_mut());
        count.write(0);
        let content = content::<T>(of);
        if content.is_null() || (*content).whole {
            return 0;
        }
        let known = (*content).names.clone();
        let atoms = &known.atoms;
        let size = size_of::<qjs::JSPropertyEnum>() * atoms.len();
        let list = qjs::js_malloc(context, size as qjs::size_t).cast::<qjs::JSPropertyEnum>();
        if list.is_null() {
            return -1;
        }
        for (at, atom) in atoms.iter().enumerate() {
            list.add(at).write(qjs::JSPropertyEnum {
                is_enumerable: !known.is_hidden(at),
                atom: qjs::JS_DupAtom(context, *atom),
            });
        }
        into.write(list);
        count.write(atoms.len() as u32);
        0
    }
}

/// Takes a field away that is not defined.
unsafe extern "C" fn delete<T: Fields>(
    context: *mut qjs::JSContext,
    of: qjs::JSValue,
    name: qjs::JSAtom,
) -> c_int {
    // SAFETY: as above.
    unsafe {
        let content = content::<T>(of);
        if content.is_null() || (*content).whole || (*content).names.find(name).is_none() {
            return 1;
        }
        if !fill(context, of, content) {
            return -1;
        }
        qjs::JS_DeleteProperty(context, of, name, 0)
    }
}

/// Changes a field that is not defined, or adds another.
unsafe extern "C" fn define<T: Fields>(
    context: *mut qjs::JSContext,
    of: qjs::JSValue,
    name: qjs::JSAtom,
    given: qjs::JSValue,
    get: qjs::JSValue,
    set: qjs::JSValue,
    how: c_int,
) -> c_int {
    // SAFETY: as above; the caller keeps its references.
    unsafe {
        let content = content::<T>(of);
        if !content.is_null() && !(*content).whole {
            let hidden = (*content).names.find(name);
            if let Some(at) = hidden.filter(|at| (*content).names.is_hidden(*at)) {
                let place = (&raw mut (*content).values).cast::<qjs::JSValue>().add(at);
                let before = place.replace(qjs::JS_DupValue(context, given));
                qjs::JS_FreeValue(context, before);
                return 1;
            }
            if !fill(context, of, content) {
                return -1;
            }
        }
        let how = how | qjs::JS_PROP_NO_EXOTIC as c_int;
        qjs::JS_DefineProperty(context, of, name, given, get, set, how)
    }
}

/// Shows the values to the collector.
pub(super) unsafe extern "C" fn mark<T: Fields>(
    runtime: *mut qjs::JSRuntime,
    of: qjs::JSValue,
    mark: qjs::JS_MarkFunc,
) {
    // SAFETY: as above; nothing is made meanwhile.
    unsafe {
        let content = content::<T>(of);
        if !content.is_null() {
            for value in &(*content).values {
                qjs::JS_MarkValue(runtime, *value, mark);
            }
        }
    }
}

/// Frees the content of an object that is gone.
pub(super) unsafe extern "C" fn end<T: Fields>(runtime: *mut qjs::JSRuntime, of: qjs::JSValue) {
    // SAFETY: the engine calls it once for each object.
    unsafe {
        let content: *mut c_void = content::<T>(of).cast();
        if !content.is_null() {
            let content = Box::from_raw(content.cast::<Content<T>>());
            for value in content.values {
                qjs::JS_FreeValueRT(runtime, value);
            }
        }
    }
}
