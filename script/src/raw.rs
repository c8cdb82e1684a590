//! The only `unsafe` of the crate: how a VU hands control to its host, how bytes are copied out of the engine, and
//! how a module that one engine compiled is read by another.
//!
//! A native function of the script's engine must be able to suspend the
//! coroutine that it runs on, but closures given to the engine may not borrow from the coroutine's stack. So the
//! coroutine's yielder is kept as a pointer.
//!
//! Why this is sound:
//! - The pointer is set first thing in the coroutine's body, to the yielder that the body was called with. That
//!   yielder outlives the body.
//! - The engine, its context and every closure that holds the port are made in the body and dropped before the
//!   body returns; the port leaves the body nowhere else. `suspend` is private to the crate, and only those
//!   closures and the body call it: always on this coroutine's stack, while the body runs.
//! - [`Port`] is neither `Send` nor `Sync` (it holds a pointer in a `Cell`), so no other thread has it.
//! - A suspended coroutine is never dropped in the middle: the owner first resumes it with `Stop` until its body
//!   has returned (see `ScriptVu::drop`), so no stack is unwound through frames of the engine.
//!
//! Bytes of buffers are copied before anything else happens: no JavaScript runs while they are borrowed.
//!
//! The engine trusts bytecode. [`Bytecode`] can only be made from a module that this very program's engine has
//! compiled, is kept in memory alone, and cannot be changed; the engine copies it when it reads it.

#![allow(unsafe_code)]

use crate::effect::{Answer, Effect};
use corosensei::Yielder;
use rquickjs::module::{Declared, WriteOptions};
use rquickjs::{ArrayBuffer, Ctx, Module, Result, TypedArray};
use std::cell::Cell;
use std::time::Duration;

/// What a coroutine is resumed with: the answer, and the time since the start of the test.
pub(crate) type Resumed = (Answer, Duration);

/// The way from the script to its host.
pub(crate) struct Port {
    yielder: *const Yielder<Resumed, Effect>,
    now: Cell<Duration>,
}

impl Port {
    /// The port of the coroutine whose body was called with this yielder.
    pub(crate) fn new(yielder: &Yielder<Resumed, Effect>, now: Duration) -> Port {
        Port {
            yielder,
            now: Cell::new(now),
        }
    }

    /// Time since the start of the test.
    pub(crate) fn now(&self) -> Duration {
        self.now.get()
    }

    /// Hands an effect to the host and waits for its answer.
    pub(crate) fn suspend(&self, effect: Effect) -> Answer {
        // SAFETY: see the top of this file.
        let (answer, now) = unsafe { (*self.yielder).suspend(effect) };
        self.now.set(now);
        answer
    }
}

/// A copy of the bytes of a buffer; `None` if it is detached.
pub(crate) fn buffer_bytes(buffer: &ArrayBuffer) -> Option<Vec<u8>> {
    // SAFETY: copied at once, see the top of this file.
    unsafe { buffer.as_bytes() }.map(<[u8]>::to_vec)
}

/// A copy of the bytes of an array; `None` if it is detached.
pub(crate) fn array_bytes(array: &TypedArray<u8>) -> Option<Vec<u8>> {
    // SAFETY: copied at once, see the top of this file.
    unsafe { array.as_bytes() }.map(<[u8]>::to_vec)
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
}
