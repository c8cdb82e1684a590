//! Coroutines that run on one stack: what each has on it is put aside while it waits.

use super::frames::move_variables;
use super::{HandOver, Mark, Port, RESERVE, valgrind, words};
use crate::effect::{Answer, Effect};
use corosensei::stack::{DefaultStack, Stack, StackPointer};
use corosensei::{Coroutine, CoroutineResult};
use std::cell::{Cell, OnceCell, RefCell};
use std::io;
use std::ops::Range;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::Duration;

/// Bytes of a word.
const WORD: usize = size_of::<usize>();

/// The stack that the coroutines of a run take in turn.
pub(crate) struct CommonStack {
    size: usize,
    /// Made when the first coroutine begins.
    stack: OnceCell<RefCell<DefaultStack>>,
    /// How far below the address that is noted a coroutine writes when it waits, in bytes.
    below: usize,
    /// What a coroutine asks of the host when it waits, or when it ends.
    pub(super) effect: Cell<Option<Effect>>,
    /// What the host answers.
    pub(super) answer: Cell<Option<Answer>>,
    /// Time since the start of the test.
    pub(super) now: Cell<Duration>,
    /// Where the coroutine that has just waited left off.
    pub(super) mark: Cell<Mark>,
    /// A coroutine runs.
    busy: Cell<bool>,
}

impl CommonStack {
    /// A stack of this many bytes, at least.
    pub(crate) fn new(size: usize) -> Rc<CommonStack> {
        static BELOW: OnceLock<usize> = OnceLock::new();
        CommonStack::with(size, *BELOW.get_or_init(measure))
    }

    fn with(size: usize, below: usize) -> Rc<CommonStack> {
        Rc::new(CommonStack {
            size: size.max(2 * RESERVE).next_multiple_of(1 << 16),
            stack: OnceCell::new(),
            below,
            effect: Cell::default(),
            answer: Cell::default(),
            now: Cell::default(),
            mark: Cell::default(),
            busy: Cell::new(false),
        })
    }

    fn make(&self) -> io::Result<()> {
        if self.stack.get().is_none() {
            self.stack
                .set(RefCell::new(DefaultStack::new(self.size)?))
                .ok();
        }
        Ok(())
    }

    fn with_stack<R>(&self, f: impl FnOnce(&DefaultStack) -> R) -> Option<R> {
        self.stack.get().map(|stack| f(&stack.borrow()))
    }

    /// Its addresses.
    pub(super) fn range(&self) -> Range<usize> {
        let range = self.with_stack(|s| s.limit().get()..s.base().get());
        range.unwrap_or_default()
    }

    /// The lowest address that the engine may use.
    pub(super) fn low(&self) -> usize {
        self.range().start + RESERVE
    }
}

/// The common stack, as a coroutine has it.
struct Taken(Rc<CommonStack>);

// SAFETY: the addresses are those of a stack that lives as long as this, and which one coroutine at a time has its
// words on; see the top of this folder.
unsafe impl Stack for Taken {
    fn base(&self) -> StackPointer {
        self.0.with_stack(Stack::base).unwrap_or(StackPointer::MIN)
    }

    fn limit(&self) -> StackPointer {
        self.0.with_stack(Stack::limit).unwrap_or(StackPointer::MIN)
    }

    #[cfg(windows)]
    fn teb_fields(&self) -> corosensei::stack::StackTebFields {
        let fields = self.0.with_stack(Stack::teb_fields);
        fields.unwrap_or_else(|| unreachable!("a stack in use"))
    }

    #[cfg(windows)]
    fn update_teb_fields(&mut self, stack_limit: usize, guaranteed_stack_bytes: usize) {
        if let Some(stack) = self.0.stack.get() {
            let mut stack = stack.borrow_mut();
            stack.update_teb_fields(stack_limit, guaranteed_stack_bytes);
        }
    }
}

/// A coroutine on the common stack.
pub(crate) struct Fiber {
    running: Option<Coroutine<(), (), (), Taken>>,
    stack: Rc<CommonStack>,
    /// What it has on the stack while it waits, from the address `from` to the stack's top.
    aside: Vec<usize>,
    from: usize,
    /// The innermost frame of the engine, if variables that closures share lie on the stack.
    shared: Option<usize>,
}

impl Fiber {
    /// No coroutine yet.
    pub(crate) fn new(stack: &Rc<CommonStack>) -> Fiber {
        Fiber {
            running: None,
            stack: stack.clone(),
            aside: Vec::new(),
            from: 0,
            shared: None,
        }
    }

    /// Whether its coroutine waits.
    pub(crate) fn waits(&self) -> bool {
        self.running.is_some()
    }

    /// Begins a coroutine, which runs until it waits or ends: what it asks then, at this time since the start of the
    /// test. Its body opens the port with the stack.
    ///
    /// # Errors
    /// The system has no memory for the stack; nothing has run.
    pub(crate) fn begin(
        &mut self,
        now: Duration,
        body: impl FnOnce(&HandOver, &CommonStack) -> Effect + 'static,
    ) -> io::Result<Option<Effect>> {
        self.stack.make()?;
        assert!(!self.stack.busy.get() && !self.waits(), "one at a time");
        let own = self.stack.clone();
        let body = move |yielder: &HandOver, ()| {
            let effect = body(yielder, &own);
            own.effect.set(Some(effect));
        };
        // Nothing is on the stack: what waits is aside.
        self.running = Some(Coroutine::with_stack(Taken(self.stack.clone()), body));
        self.stack.now.set(now);
        Ok(self.run())
    }

    /// Goes on after a wait, until the next or the end: what it asks then. `None` if it does not wait.
    pub(crate) fn resume(&mut self, answer: Answer, now: Duration) -> Option<Effect> {
        assert!(!self.stack.busy.get(), "one at a time");
        self.running.as_ref()?;
        self.put_back();
        self.stack.answer.set(Some(answer));
        self.stack.now.set(now);
        self.run()
    }

    fn run(&mut self) -> Option<Effect> {
        let running = self.running.as_mut()?;
        let busy = Busy::of(&self.stack);
        let result = running.resume(());
        drop(busy);
        match result {
            CoroutineResult::Yield(()) => self.put_aside(),
            CoroutineResult::Return(()) => {
                self.running = None;
                // One that went deep for once gives its memory back.
                if self.aside.capacity() > 4096 {
                    self.aside = Vec::new();
                }
            }
        }
        self.stack.effect.take()
    }

    /// Takes what the coroutine has on the stack.
    fn put_aside(&mut self) {
        let (mark, top) = (self.stack.mark.get(), self.stack.range().end);
        let from = (mark.here - self.stack.below) & !(WORD - 1);
        let words = (top - from) / WORD;
        self.aside.clear();
        self.aside.reserve_exact(words);
        valgrind::is_readable(from, mark.here - from);
        // SAFETY: the words are those of the stack from there to its top; nothing runs on it.
        unsafe {
            let to = self.aside.as_mut_ptr();
            std::ptr::copy_nonoverlapping(from as *const usize, to, words);
            self.aside.set_len(words);
        }
        self.from = from;
        self.shared = mark.shared;
        if let Some(frame) = mark.shared {
            self.move_variables(frame, true);
        }
    }

    /// Puts it where it was.
    fn put_back(&mut self) {
        if let Some(frame) = self.shared.take() {
            self.move_variables(frame, false);
        }
        valgrind::is_readable(self.from, self.aside.len() * WORD);
        // SAFETY: as above; every address in these words is right again.
        unsafe {
            let (from, words) = (self.aside.as_ptr(), self.aside.len());
            std::ptr::copy_nonoverlapping(from, self.from as *mut usize, words);
        }
    }

    /// Lets closures find the variables that they share with these frames of the engine: aside, or on the stack.
    fn move_variables(&mut self, frame: usize, aside: bool) {
        let on_stack = self.from..self.from + self.aside.len() * WORD;
        let there = self.aside.as_mut_ptr() as usize;
        let by = match aside {
            true => there.wrapping_sub(self.from),
            false => self.from.wrapping_sub(there),
        };
        if let Some(words) = words() {
            // SAFETY: the words of these frames are aside, and `by` leads there or back.
            unsafe { move_variables(frame, &on_stack, there, by, words.class) };
        }
    }

    /// Answers with [`Answer::Stop`] until the coroutine has ended.
    pub(crate) fn stop(&mut self) {
        while self.running.as_ref().is_some_and(|running| !running.done()) {
            self.resume(Answer::Stop, self.stack.now.get());
        }
        self.running = None;
    }
}

impl Drop for Fiber {
    fn drop(&mut self) {
        self.stop();
    }
}

/// How far below the address that is noted a coroutine writes when it waits, and some more: found in one that does.
fn measure() -> usize {
    const LOOKED_AT: usize = 16 << 10;
    const UNTOUCHED: usize = 0xA5A5;
    const MORE: usize = 32;
    let stack = CommonStack::with(0, LOOKED_AT / 4);
    if stack.make().is_err() {
        return LOOKED_AT / 4;
    }
    let top = stack.range().end;
    let looked_at = (top - LOOKED_AT..top).step_by(WORD);
    for at in looked_at.clone() {
        // SAFETY: a word of a stack that nobody uses.
        unsafe { (at as *mut usize).write_volatile(UNTOUCHED) };
    }
    let mut fiber = Fiber::new(&stack);
    let begun = fiber.begin(Duration::ZERO, |yielder, stack| {
        let port = Port::new();
        let open = port.open(yielder, stack);
        port.suspend(Effect::Ready);
        drop(open);
        Effect::Ready
    });
    let here = stack.mark.get().here;
    // SAFETY: a word of a stack on which nothing runs.
    let touched = |at: &usize| unsafe { (*at as *const usize).read_volatile() } != UNTOUCHED;
    let mut looked_at = looked_at.filter(touched);
    match (begun, looked_at.next()) {
        (Ok(_), Some(lowest)) => here.saturating_sub(lowest) + MORE,
        _ => LOOKED_AT / 4,
    }
}

/// Says that a coroutine runs, also if it panics.
struct Busy<'s>(&'s CommonStack);

impl Busy<'_> {
    fn of(stack: &CommonStack) -> Busy<'_> {
        stack.busy.set(true);
        Busy(stack)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.set(false);
    }
}
