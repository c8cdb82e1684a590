//! Frames of the engine's calls, and the variables in them that closures share.
//!
//! While a call runs, a closure made in it finds the variables that they share through a record (`JSVarRef`) that leads
//! to the variable and to the frame of the call. Both lie on the stack. When they are put aside with it, the records
//! are made to lead there, as another VU may come by such a closure through an object that all VUs see; so may whoever
//! frees the record, which is then taken out of the frame's list.

use super::ValueRef;
use rquickjs::qjs;
use std::ops::Range;

/// Places of fields, in words, of a frame (`JSStackFrame`); a value takes two words.
pub(super) const FUNCTION: usize = 1;
pub(super) const ARGUMENTS: usize = 3;
pub(super) const VARIABLES: usize = 4;
pub(super) const SHARED: usize = 5;
/// In units of two bytes.
pub(super) const SHARED_COUNT: usize = 7 * 4;

/// Places of fields, in words, of a record of a shared variable; the first byte of the word before `VARIABLE` says that
/// the record has taken the variable over.
pub(super) const TAKEN_OVER: usize = 2;
pub(super) const VARIABLE: usize = 3;
pub(super) const FRAME: usize = 5;

/// The word at a place behind an address.
///
/// # Safety
/// There is such a word.
pub(super) unsafe fn word(at: usize, place: usize) -> *mut usize {
    (at as *mut usize).wrapping_add(place)
}

/// How many variables of a frame may be shared; 0 for calls of native functions, which have none.
///
/// # Safety
/// The frame's words are at `at`, and its function is alive.
pub(super) unsafe fn shared_count(at: usize, class: u32) -> usize {
    // SAFETY: so the caller says.
    unsafe {
        let function = (at as *const usize).add(FUNCTION).cast::<qjs::JSValue>();
        match ValueRef::of_raw(function.read()).class() == class {
            true => usize::from((at as *const u16).add(SHARED_COUNT).read()),
            false => 0,
        }
    }
}

/// Whether closures share a variable that lies on the stack, in the innermost frame or in one further out.
///
/// # Safety
/// They are frames of calls that run; those outside of the stack have the same fields.
pub(super) unsafe fn are_shared(mut frame: usize, stack: &Range<usize>, class: u32) -> bool {
    while frame != 0 {
        // SAFETY: so the caller says.
        unsafe {
            if stack.contains(&frame) {
                let list = word(frame, SHARED).read();
                let count = shared_count(frame, class);
                if (0..count).any(|i| word(list, i).read() != 0) {
                    return true;
                }
            }
            frame = word(frame, 0).read();
        }
    }
    false
}

/// Moves what leads to shared variables by so many bytes: those of the frames that were at `stack`, and whose words are
/// at `aside` now. Frames keep their way to each other.
///
/// # Safety
/// As above; `by` leads from where the variables were to where they will be found.
pub(super) unsafe fn move_variables(
    mut frame: usize,
    stack: &Range<usize>,
    aside: usize,
    by: usize,
    class: u32,
) {
    // SAFETY: so the caller says.
    unsafe {
        while frame != 0 {
            if !stack.contains(&frame) {
                frame = word(frame, 0).read();
                continue;
            }
            let kept = aside + (frame - stack.start);
            let there = aside..aside + stack.len();
            let count = shared_count(kept, class);
            if count > 0 {
                let list = word(kept, SHARED);
                let moved = list.read().wrapping_add(by);
                let found = if there.contains(&moved) {
                    moved
                } else {
                    list.read()
                };
                for record in (0..count)
                    .map(|i| word(found, i).read())
                    .filter(|r| *r != 0)
                {
                    let is_on_stack = word(record, TAKEN_OVER).cast::<u8>().read() == 0;
                    if is_on_stack {
                        // An argument may lie elsewhere.
                        let variable = word(record, VARIABLE);
                        if stack.contains(&variable.read()) || there.contains(&variable.read()) {
                            variable.write(variable.read().wrapping_add(by));
                        }
                        let owner = word(record, FRAME);
                        owner.write(owner.read().wrapping_add(by));
                    }
                }
                list.write(moved);
            }
            frame = word(kept, 0).read();
        }
    }
}
