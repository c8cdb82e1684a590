//! Stacks for coroutines.

use super::RESERVE;
use corosensei::stack::{DefaultStack, Stack, StackPointer};
use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Stacks of this process that have a guard page. Each takes two mappings, of which Linux gives a process 65,530.
const GUARDED: usize = 12_000;

/// Stacks without one that are made at once. The block is so large that memory is only taken as it is used.
const AT_ONCE: usize = 128;

static GUARDS: AtomicUsize = AtomicUsize::new(0);

enum Kind {
    Guarded(DefaultStack),
    /// Its highest address.
    #[cfg(unix)]
    Plain(StackPointer),
}

/// Stacks of one size, which are used again and again.
pub(crate) struct Stacks {
    size: usize,
    free: RefCell<Vec<Kind>>,
    blocks: RefCell<Vec<(*mut u8, Layout)>>,
    guards: Cell<usize>,
}

impl Stacks {
    /// None yet, of this size each.
    pub(crate) fn new(size: usize) -> Rc<Stacks> {
        Rc::new(Stacks {
            size: size.max(2 * RESERVE).next_multiple_of(1 << 16),
            free: RefCell::default(),
            blocks: RefCell::default(),
            guards: Cell::new(0),
        })
    }

    /// A stack that nobody uses.
    pub(crate) fn take(self: &Rc<Stacks>) -> io::Result<PooledStack> {
        let free = self.free.borrow_mut().pop();
        let kind = match free {
            Some(kind) => kind,
            None => self.make()?,
        };
        Ok(PooledStack {
            kind: Some(kind),
            pool: self.clone(),
        })
    }

    fn make(&self) -> io::Result<Kind> {
        if cfg!(not(unix)) || GUARDS.load(Ordering::Relaxed) < GUARDED {
            let stack = DefaultStack::new(self.size)?;
            GUARDS.fetch_add(1, Ordering::Relaxed);
            self.guards.set(self.guards.get() + 1);
            return Ok(Kind::Guarded(stack));
        }
        #[cfg(unix)]
        {
            let layout = Layout::from_size_align(self.size * AT_ONCE, 16)
                .map_err(|_| io::ErrorKind::OutOfMemory)?;
            // SAFETY: the size is not zero.
            let block = unsafe { std::alloc::alloc_zeroed(layout) };
            if block.is_null() {
                return Err(io::ErrorKind::OutOfMemory.into());
            }
            self.blocks.borrow_mut().push((block, layout));
            let tops = (1..=AT_ONCE).map(|i| block as usize + i * self.size);
            let tops = tops.filter_map(|top| StackPointer::new(top).map(Kind::Plain));
            let mut free = self.free.borrow_mut();
            free.extend(tops);
            free.pop().ok_or_else(|| io::ErrorKind::OutOfMemory.into())
        }
        #[cfg(not(unix))]
        unreachable!("every stack has a guard here")
    }
}

impl Drop for Stacks {
    fn drop(&mut self) {
        // Every stack has come back: each holds its pool.
        GUARDS.fetch_sub(self.guards.get(), Ordering::Relaxed);
        for (block, layout) in self.blocks.take() {
            // SAFETY: it was allocated so, and no stack in it is in use.
            unsafe { std::alloc::dealloc(block, layout) };
        }
    }
}

/// One of them; it goes back when it is dropped.
pub(crate) struct PooledStack {
    kind: Option<Kind>,
    pool: Rc<Stacks>,
}

impl PooledStack {
    /// The lowest address that the engine may use.
    pub(crate) fn low(&self) -> usize {
        self.limit().get() + RESERVE
    }
}

impl Drop for PooledStack {
    fn drop(&mut self) {
        self.pool.free.borrow_mut().extend(self.kind.take());
    }
}

// SAFETY: the addresses are those of a stack that nobody else uses; see the top of this file for guards.
unsafe impl Stack for PooledStack {
    fn base(&self) -> StackPointer {
        match &self.kind {
            Some(Kind::Guarded(stack)) => stack.base(),
            #[cfg(unix)]
            Some(Kind::Plain(top)) => *top,
            None => StackPointer::MIN,
        }
    }

    fn limit(&self) -> StackPointer {
        match &self.kind {
            Some(Kind::Guarded(stack)) => stack.limit(),
            #[cfg(unix)]
            Some(Kind::Plain(top)) => {
                StackPointer::new(top.get() - self.pool.size).unwrap_or(StackPointer::MIN)
            }
            None => StackPointer::MIN,
        }
    }

    #[cfg(windows)]
    fn teb_fields(&self) -> corosensei::stack::StackTebFields {
        match &self.kind {
            Some(Kind::Guarded(stack)) => stack.teb_fields(),
            None => unreachable!("a stack in use"),
        }
    }

    #[cfg(windows)]
    fn update_teb_fields(&mut self, stack_limit: usize, guaranteed_stack_bytes: usize) {
        if let Some(Kind::Guarded(stack)) = &mut self.kind {
            stack.update_teb_fields(stack_limit, guaranteed_stack_bytes);
        }
    }
}
