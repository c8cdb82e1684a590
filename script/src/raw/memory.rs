//! The memory of engines, counted.

use rquickjs::allocator::{Allocator, RustAllocator};
use std::cell::Cell;
use std::rc::Rc;

/// Memory that an engine has taken.
pub(super) struct Counting {
    pub(super) used: Rc<Cell<usize>>,
    /// By all engines of the run.
    pub(super) all: Rc<Cell<usize>>,
    /// The most since the limit was set.
    pub(super) peak: Rc<Cell<usize>>,
    /// Size of the first block.
    pub(super) first: Rc<Cell<usize>>,
}

impl Counting {
    fn grown(&self, at: *mut u8) -> *mut u8 {
        if !at.is_null() {
            // SAFETY: the block is that allocator's.
            let size = unsafe { RustAllocator::usable_size(at) };
            self.used.set(self.used.get() + size);
            self.all.set(self.all.get() + size);
            self.peak.set(self.peak.get().max(self.used.get()));
            if self.first.get() == 0 {
                self.first.set(size);
            }
        }
        at
    }

    /// # Safety
    /// The block is this allocator's, or null.
    unsafe fn shrunk(&self, at: *mut u8) {
        if !at.is_null() {
            // SAFETY: so the caller says.
            let size = unsafe { RustAllocator::usable_size(at) };
            self.used.set(self.used.get().saturating_sub(size));
            self.all.set(self.all.get().saturating_sub(size));
        }
    }
}

// SAFETY: all blocks are those of `RustAllocator`, which keeps the promises.
unsafe impl Allocator for Counting {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        self.grown(RustAllocator.alloc(size))
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        self.grown(RustAllocator.calloc(count, size))
    }

    unsafe fn dealloc(&mut self, at: *mut u8) {
        // SAFETY: as the caller promises.
        unsafe {
            self.shrunk(at);
            RustAllocator.dealloc(at);
        }
    }

    unsafe fn realloc(&mut self, at: *mut u8, size: usize) -> *mut u8 {
        let before = (self.used.get(), self.all.get());
        // SAFETY: as the caller promises.
        unsafe {
            self.shrunk(at);
            let moved = RustAllocator.realloc(at, size);
            if moved.is_null() && size > 0 {
                self.used.set(before.0);
                self.all.set(before.1);
            }
            self.grown(moved)
        }
    }

    unsafe fn usable_size(at: *mut u8) -> usize {
        // SAFETY: as the caller promises.
        unsafe { RustAllocator::usable_size(at) }
    }
}
