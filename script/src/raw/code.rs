//! Modules: each is compiled once in a process, and its code is held once by an engine.
//!
//! **Bytecode** is trusted by the engine. [`Bytecode`] can only be made from a module that this very program's engine
//! has compiled, is kept in memory alone, and cannot be changed; the engine copies it when it reads it. A
//! [`KeptModule`] is dropped before its engine, as it belongs to a VU.
//!
//! **Code that many modules share.** Every VU has a module instance of its own, and reading one makes a copy of the code
//! of all its functions. The engine never writes to code: a closure holds a counted reference to it and has variables
//! of its own, as has a module instance, whose function is made of its code when it is linked. So [`Bytecode::read_again`]
//! puts a reference to the code that the engine has read first into the place of the copy, with the engine's own
//! functions for counting, before the module is linked. The place has no public name. A module that was just read
//! holds code at exactly one place, which is looked for once ([`PLACE`]); where there is none or more than one, or
//! where pointers have no 64 bits, every module keeps its copy.

use rquickjs::module::{Declared, WriteOptions};
use rquickjs::{Ctx, Error, Module, Result, qjs};
use std::cell::Cell;
use std::ffi::c_char;
use std::ptr;
use std::sync::OnceLock;

/// Where a module that was just read holds its code, in bytes from its start; `None` if that is not certain.
static PLACE: OnceLock<Option<usize>> = OnceLock::new();

thread_local! {
    /// The module that was read last, on its way to [`Module`].
    static READ: Cell<*mut qjs::JSModuleDef> = const { Cell::new(ptr::null_mut()) };
}

/// A compiled module.
pub(crate) struct Bytecode(Vec<u8>);

impl Bytecode {
    /// The bytecode of a module that was just compiled.
    pub(crate) fn of(module: &Module<Declared>) -> Result<Bytecode> {
        let options = WriteOptions {
            // Every VU would keep a copy of the text.
            strip_source: true,
            ..WriteOptions::default()
        };
        module.write(options).map(Bytecode)
    }

    /// The module, in another engine.
    pub(crate) fn read<'js>(&self, ctx: &Ctx<'js>) -> Result<Module<'js, Declared>> {
        // SAFETY: the bytes are bytecode of this engine, see the top of this file.
        unsafe { Module::load(ctx.clone(), &self.0) }
    }

    /// The module, which runs the code that an engine has of it; the first time it leaves its own there.
    pub(crate) fn read_again<'js>(
        &self,
        ctx: &Ctx<'js>,
        code: &mut Option<Code>,
    ) -> Result<Module<'js, Declared>> {
        let context = ctx.as_raw().as_ptr();
        // SAFETY: as above; the pointer is that of the module that was just read, which the engine keeps to its end.
        unsafe {
            let flags = qjs::JS_READ_OBJ_BYTECODE as i32;
            let length = self.0.len() as qjs::size_t;
            let read = qjs::JS_ReadObject(context, self.0.as_ptr(), length, flags);
            if qjs::JS_VALUE_GET_TAG(read) != qjs::JS_TAG_MODULE {
                return Err(Error::Exception);
            }
            let module = qjs::JS_VALUE_GET_PTR(read).cast::<qjs::JSModuleDef>();
            share(context, module, code);
            READ.set(module);
            Module::from_load_fn(ctx.clone(), "", just_read)
        }
    }
}

/// Hands over the module that was read last.
unsafe extern "C" fn just_read(_: *mut qjs::JSContext, _: *const c_char) -> *mut qjs::JSModuleDef {
    READ.replace(ptr::null_mut())
}

/// The code of a module that an engine has read.
pub(crate) struct Code {
    function: qjs::JSValue,
    runtime: *mut qjs::JSRuntime,
}

impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: it goes before its engine, as everything that an engine's `Desk` keeps.
        unsafe { qjs::JS_FreeValueRT(self.runtime, self.function) };
    }
}

/// Lets a module that was just read run the code that is known, or makes its own known.
///
/// # Safety
/// The module is of this context and was just read.
unsafe fn share(
    context: *mut qjs::JSContext,
    module: *mut qjs::JSModuleDef,
    code: &mut Option<Code>,
) {
    // SAFETY: the place lies in the module, as `find` sees to, and holds a value with a reference of its own.
    unsafe {
        let Some(place) = *PLACE.get_or_init(|| find(context, module)) else {
            return;
        };
        let place = module.byte_add(place).cast::<qjs::JSValue>();
        let own = place.read();
        if !is_code(own) {
            return;
        }
        match code {
            Some(code) => {
                place.write(qjs::JS_DupValue(context, code.function));
                qjs::JS_FreeValue(context, own);
            }
            None => {
                *code = Some(Code {
                    function: qjs::JS_DupValue(context, own),
                    runtime: qjs::JS_GetRuntime(context),
                });
            }
        }
    }
}

fn is_code(value: qjs::JSValue) -> bool {
    // SAFETY: only the tag is looked at.
    unsafe { qjs::JS_VALUE_GET_TAG(value) == qjs::JS_TAG_FUNCTION_BYTECODE }
}

/// The only place of a module that holds code.
///
/// # Safety
/// The module is of this context.
unsafe fn find(context: *mut qjs::JSContext, module: *mut qjs::JSModuleDef) -> Option<usize> {
    const WORD: usize = size_of::<usize>();
    let value = size_of::<qjs::JSValue>();
    if WORD != 8 || value != 2 * WORD {
        return None;
    }
    // SAFETY: all that is read lies in the block of the module, whose fields are as aligned as words.
    let found: Vec<usize> = unsafe {
        let size = qjs::js_malloc_usable_size(context, module.cast()) as usize;
        let places = (0..=size.saturating_sub(value)).step_by(WORD);
        let holds = |at: &usize| {
            let held = module.byte_add(*at).cast::<qjs::JSValue>().read();
            is_code(held) && !qjs::JS_VALUE_GET_PTR(held).is_null()
        };
        places.filter(holds).collect()
    };
    match found[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// A module that a VU goes on using.
pub(crate) struct KeptModule(Module<'static, Declared>);

impl KeptModule {
    /// Keeps a module.
    pub(crate) fn of<'js>(module: &Module<'js, Declared>) -> KeptModule {
        // SAFETY: only the lifetime changes; see the top of this file.
        KeptModule(unsafe {
            std::mem::transmute::<Module<'js, Declared>, Module<'static, Declared>>(module.clone())
        })
    }

    /// The module, in the engine that it is of.
    pub(crate) fn give<'js>(&self, _: &Ctx<'js>) -> Module<'js, Declared> {
        // SAFETY: as above.
        unsafe {
            std::mem::transmute::<Module<'static, Declared>, Module<'js, Declared>>(self.0.clone())
        }
    }
}
