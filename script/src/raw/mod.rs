//! The only `unsafe` of the crate, here and in the files of this folder: how a VU hands control to its host, how many VUs share one engine, the stacks they
//! run on, and how bytes and modules are taken out of the engine.
//!
//! **Suspending.** A native function of the script's engine must be able to suspend the coroutine that it runs on, but
//! closures given to the engine may not borrow from the coroutine's stack. So the coroutine's yielder is kept as a
//! pointer. Why this is sound:
//! - [`Port::open`] sets it first thing in the coroutine's body, to the yielder that the body was called with, and its
//!   guard clears it before the body returns. That yielder outlives the body. A port without one answers `Stop`.
//! - The port of a VU is used only by the natives while that VU is the engine's current one, which is while its
//!   coroutine runs: always on this coroutine's stack.
//! - [`Port`] is neither `Send` nor `Sync` (it holds pointers in a `Cell`), so no other thread has it.
//! - A suspended coroutine is never dropped in the middle: the owner first resumes it with `Stop` until its body has
//!   returned (see `Fiber::stop`), so no stack is unwound through frames of the engine.
//!
//! **Sharing an engine.** [`Core::with`] gives out a context without the lock of `rquickjs`, whose only purpose is to
//! keep other threads and re-entrant calls away: an engine stays on one thread, and QuickJS is re-entrant. The engine
//! keeps three things that belong to a stack: the innermost frame, the queue of promise jobs, and the lowest address
//! that a stack may reach. [`Port::hand_over`] takes the first two out and puts them back ([`Words`]); the third is set
//! by the engine's own functions whenever a stack is entered ([`Machine::enter`]). No exception is pending when a
//! native is called. The collector counts references and does not scan stacks, so suspended ones are safe from it.
//! Frame and queue have no public name. [`words`] finds them by what the engine does to its memory in calls that nest
//! and in a promise that is resolved, and refuses unless exactly one place fits and the version is the one this was
//! written for. Then every VU gets an engine of its own, and nothing is swapped.
//!
//! **The stack** ([`CommonStack`]). The coroutines of a run have one stack, with a guard page. What a coroutine has on it
//! is put aside when it waits, and put back to the same addresses before it goes on ([`Fiber`]). Why this is sound:
//! - One coroutine at a time has its words on the stack: one that begins or goes on finds those of the one before put
//!   aside, and none begins within another.
//! - All that is in use on the stack of a coroutine that waits lies above the address that [`Port::hand_over`] notes, less
//!   what the switch writes below it. That much is measured in the same function ([`CommonStack::new`]).
//! - While a coroutine waits, nothing reads or writes its words but through the variables that its frames share with
//!   closures, in an engine for all VUs. What leads there is moved with them: see `frames.rs`, and [`words`], which
//!   checks these places, too. In an engine of its own nobody else runs.
//!
//! **Memory** ([`Counting`]) is that of `rquickjs`'s own allocator, counted.
//!
//! **Bytes** of buffers are copied before anything else happens: no JavaScript runs while they are borrowed.
//!
//! **Natives** that are called often take values as they are: see `native.rs` and `kept.rs`.
//!
//! **Objects** whose fields are made when they are read: see `lazy.rs`.
//!
//! **Bytecode** is trusted by the engine; see `code.rs`.

#![allow(unsafe_code)]

mod code;
mod frames;
mod kept;
mod lazy;
mod memory;
mod native;
mod properties;
mod stack;
mod valgrind;
mod value;
mod words;

pub(crate) use code::{Bytecode, Code, KeptModule};
pub(crate) use kept::{KeptName, KeptValue, KnownNames, Literals, OwnedName};
pub(crate) use lazy::{Fields, Lazy};
pub(crate) use native::{Native, NativeCall, Outcome, Thrown, bound, function, set_host};
pub(crate) use stack::{CommonStack, Fiber};
pub(crate) use value::{CallContext, OwnedValue, ValueRef};
pub(crate) use words::words;

use crate::effect::{Answer, Effect};
use corosensei::Yielder;
use rquickjs::{ArrayBuffer, Context, Ctx, Result, Runtime, TypedArray, context, qjs};
use std::cell::{Cell, RefCell};
use std::ptr;
use std::rc::Rc;
use std::time::Duration;

use memory::Counting;
use words::Words;

/// What hands control to the host; effect and answer go by way of the stack.
pub(crate) type HandOver = Yielder<(), ()>;

/// Bytes of a stack that the engine leaves to native code.
pub(crate) const RESERVE: usize = 128 << 10;

/// The way from the script to its host.
pub(crate) struct Port {
    yielder: Cell<*const HandOver>,
    machine: Cell<Option<Machine>>,
    /// That of the coroutine; as long as the yielder.
    stack: Cell<*const CommonStack>,
    /// Effects that need no answer, for the host's next turn.
    notes: RefCell<Vec<Effect>>,
}

/// Effects that are noted before the host gets its turn.
const MOST_NOTES: usize = 64;

/// Closes a port when the coroutine's body ends.
pub(crate) struct Open<'p>(&'p Port);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.yielder.set(ptr::null());
        self.0.stack.set(ptr::null());
    }
}

impl Port {
    /// A port that is closed.
    pub(crate) fn new() -> Port {
        Port {
            yielder: Cell::new(ptr::null()),
            machine: Cell::new(None),
            stack: Cell::new(ptr::null()),
            notes: RefCell::default(),
        }
    }

    /// Opens the port for the coroutine whose body was called with this yielder and this stack.
    pub(crate) fn open(&self, yielder: &HandOver, stack: &CommonStack) -> Open<'_> {
        self.yielder.set(yielder);
        self.stack.set(stack);
        Open(self)
    }

    fn stack(&self) -> Option<&CommonStack> {
        // SAFETY: a stack that is set lives as long as the port is open.
        unsafe { self.stack.get().as_ref() }
    }

    /// The engine that runs on this coroutine's stack from here on.
    pub(crate) fn enter(&self, core: &Core) {
        if let Some(stack) = self.stack() {
            core.machine.enter(stack.low());
        }
        self.machine.set(Some(core.machine));
    }

    /// Time since the start of the test.
    pub(crate) fn now(&self) -> Duration {
        self.stack().map_or(Duration::ZERO, |stack| stack.now.get())
    }

    /// Keeps an effect that needs no answer until the host's next turn. Gives it back if it must be handed over.
    pub(crate) fn note(&self, effect: Effect) -> std::result::Result<(), Effect> {
        let mut notes = self.notes.borrow_mut();
        if self.yielder.get().is_null() || notes.len() >= MOST_NOTES {
            return Err(effect);
        }
        notes.push(effect);
        Ok(())
    }

    /// The effects that were kept.
    pub(crate) fn notes(&self) -> Vec<Effect> {
        self.notes.take()
    }

    /// Hands an effect to the host and waits for its answer.
    pub(crate) fn suspend(&self, effect: Effect) -> Answer {
        let Some(stack) = self.stack() else {
            return Answer::Stop;
        };
        stack.effect.set(Some(effect));
        self.hand_over(stack);
        stack.answer.take().unwrap_or(Answer::Stop)
    }

    /// Waits for the host. Not inlined: how much of the stack it needs is measured.
    #[inline(never)]
    fn hand_over(&self, stack: &CommonStack) {
        // SAFETY: see the top of this file.
        let Some(yielder) = (unsafe { self.yielder.get().as_ref() }) else {
            return;
        };
        let machine = self.machine.get();
        let parked = machine.map(Machine::park);
        let here = 0usize;
        stack.mark.set(Mark {
            here: ptr::from_ref(&here) as usize,
            shared: machine.zip(parked).and_then(|(m, p)| m.shared(p, stack)),
        });
        yielder.suspend(());
        if let (Some(machine), Some(parked)) = (machine, parked) {
            machine.unpark(parked, stack.low());
        }
    }
}

/// Where a coroutine left off.
#[derive(Clone, Copy, Default)]
struct Mark {
    /// An address on the stack.
    here: usize,
    /// The innermost frame, if variables that closures share lie on the stack.
    shared: Option<usize>,
}

/// What was taken out of an engine: the innermost frame, the first and the last job.
#[derive(Clone, Copy)]
struct Parked(usize, usize, usize);

/// An engine, for what must be done to it when another stack is entered.
#[derive(Clone, Copy)]
struct Machine {
    runtime: *mut qjs::JSRuntime,
    words: Option<Words>,
}

impl Machine {
    fn word(self, at: usize) -> *mut usize {
        // SAFETY: `words` found the place inside the engine's memory.
        unsafe { self.runtime.cast::<usize>().add(at) }
    }

    /// Takes out what belongs to the present stack.
    fn park(self) -> Parked {
        let Some(words) = self.words else {
            return Parked(0, 0, 0);
        };
        let (frame, jobs) = (self.word(words.frame), self.word(words.jobs));
        // SAFETY: `words` found these places; an empty queue points to itself.
        unsafe {
            let parked = Parked(frame.read(), jobs.read(), jobs.add(1).read());
            frame.write(0);
            jobs.write(jobs as usize);
            jobs.add(1).write(jobs as usize);
            parked
        }
    }

    /// The innermost frame, if variables that closures share lie on the stack.
    fn shared(self, parked: Parked, stack: &CommonStack) -> Option<usize> {
        let class = self.words?.class;
        // SAFETY: the frames are those of calls that run on this stack.
        let are = unsafe { frames::are_shared(parked.0, &stack.range(), class) };
        are.then_some(parked.0)
    }

    /// Puts it back.
    fn unpark(self, parked: Parked, low: usize) {
        if let Some(words) = self.words {
            let (frame, jobs) = (self.word(words.frame), self.word(words.jobs));
            // SAFETY: as above; the queue is empty, as every stack leaves it, so no job is lost.
            unsafe {
                frame.write(parked.0);
                jobs.write(parked.1);
                jobs.add(1).write(parked.2);
            }
            self.enter(low);
        }
    }

    /// Sets how far down the present stack may reach.
    fn enter(self, low: usize) {
        let here = 0u8;
        let size = (ptr::from_ref(&here) as usize).saturating_sub(low);
        // SAFETY: the engine is alive and on this thread.
        unsafe {
            qjs::JS_UpdateStackTop(self.runtime);
            qjs::JS_SetMaxStackSize(self.runtime, size.max(1) as _);
        }
    }
}

/// A runtime with one context.
pub(crate) struct Core {
    context: Context,
    pub(crate) runtime: Runtime,
    used: Rc<Cell<usize>>,
    all: Rc<Cell<usize>>,
    peak: Rc<Cell<usize>>,
    limit: Cell<usize>,
    machine: Machine,
}

impl Core {
    /// An engine with these parts of the language; `shared` if many stacks are to run on it.
    pub(crate) fn new<L: context::Intrinsic>(shared: bool, all: &Rc<Cell<usize>>) -> Result<Core> {
        let (used, peak): (Rc<Cell<usize>>, Rc<Cell<usize>>) = Default::default();
        let runtime = Runtime::new_with_alloc(Counting {
            used: used.clone(),
            all: all.clone(),
            peak: peak.clone(),
            first: Rc::default(),
        })?;
        let context = Context::custom::<L>(&runtime)?;
        // SAFETY: the context is alive.
        let pointer = unsafe { qjs::JS_GetRuntime(context.as_raw().as_ptr()) };
        let machine = Machine {
            runtime: pointer,
            words: if shared { words() } else { None },
        };
        Ok(Core {
            context,
            runtime,
            used,
            all: all.clone(),
            peak,
            limit: Cell::new(usize::MAX),
            machine,
        })
    }

    /// Calls `f` with the context.
    pub(crate) fn with<R>(&self, f: impl for<'js> FnOnce(&Ctx<'js>) -> R) -> R {
        // SAFETY: see the top of this file; `f` is for every lifetime, so nothing leaves it.
        let ctx = unsafe { Ctx::from_raw(self.context.as_raw()) };
        f(&ctx)
    }

    /// Calls `f` on the stack of the host.
    pub(crate) fn on_host<R>(&self, f: impl for<'js> FnOnce(&Ctx<'js>) -> R) -> R {
        let here = 0u8;
        self.machine.enter(ptr::from_ref(&here) as usize - RESERVE);
        self.with(f)
    }

    /// Lets the engine take so many bytes more than it has.
    pub(crate) fn allow(&self, more: usize) {
        let limit = self.used.get().saturating_add(more);
        self.limit.set(limit.max(1));
        self.peak.set(self.used.get());
        self.runtime.set_memory_limit(limit.max(1));
    }

    /// Whether all that is allowed was taken. The engine counts somewhat more than we do: a word for each block.
    pub(crate) fn was_full(&self) -> bool {
        let peak = self.peak.get();
        peak.saturating_add(peak / 64) > self.limit.get()
    }

    /// Bytes that the engine has taken.
    pub(crate) fn used(&self) -> usize {
        self.used.get()
    }

    /// Bytes that all engines of the run have taken.
    pub(crate) fn used_in_all(&self) -> usize {
        self.all.get()
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
