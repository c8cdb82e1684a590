//! Finds where an engine keeps what belongs to a stack.

use super::memory::Counting;
use rquickjs::function::Func;
use rquickjs::{Context, Ctx, Result, Runtime, context, qjs};
use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::ptr;
use std::rc::Rc;
use std::sync::OnceLock;

/// Places, in words, of what belongs to a stack in the memory of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(super) frame: usize,
    pub(super) jobs: usize,
}

/// Where engines of this program keep what belongs to a stack; `None` if that is not certain.
pub(crate) fn words() -> Option<Words> {
    static FOUND: OnceLock<Option<Words>> = OnceLock::new();
    *FOUND.get_or_init(|| find().ok().flatten())
}

/// The version whose source was read for this.
const VERSION: &CStr = c"0.16.2";

/// Finds the two places, as the top of this file says.
fn find() -> Result<Option<Words>> {
    // SAFETY: a constant of the engine.
    if unsafe { CStr::from_ptr(qjs::JS_GetVersion()) } != VERSION {
        return Ok(None);
    }
    let first = Rc::new(Cell::new(0));
    let runtime = Runtime::new_with_alloc(Counting {
        used: Rc::default(),
        all: Rc::default(),
        peak: Rc::default(),
        first: first.clone(),
    })?;
    type Parts = (context::intrinsic::Eval, context::intrinsic::Promise);
    let context = Context::custom::<Parts>(&runtime)?;
    // SAFETY: the context is alive.
    let start = unsafe { qjs::JS_GetRuntime(context.as_raw().as_ptr()) } as usize;
    let count = first.get() / size_of::<usize>();
    let (frame, jobs) = context.with(|ctx| -> Result<_> {
        Ok((
            find_frame(&ctx, start, count)?,
            find_jobs(&ctx, start, count)?,
        ))
    })?;
    Ok(frame.zip(jobs).map(|(frame, jobs)| Words { frame, jobs }))
}

/// Reads a word of the engine's memory, which is the first block that it took, of this size, and zeroed.
fn read(start: usize, at: usize) -> usize {
    // SAFETY: `at` is inside the block, as both callers see to.
    unsafe { (start as *const usize).add(at).read_volatile() }
}

fn only(found: &[usize]) -> Option<usize> {
    match found {
        [one] => Some(*one),
        _ => None,
    }
}

/// The word that leads to the innermost frame: from there on as many frames as calls are nested.
fn find_frame(ctx: &Ctx, start: usize, count: usize) -> Result<Option<usize>> {
    let read = move |at| read(start, at);
    let before: Rc<[usize]> = (0..count).map(read).collect();
    let at_rest = before.clone();
    let top = 0usize;
    let top = ptr::from_ref(&top) as usize;
    // How many frames each word leads to, if it is the innermost one.
    let chains = move || {
        let here = 0usize;
        let here = ptr::from_ref(&here) as usize;
        let follow = |at| {
            // Other words may lead into parts of the stack that nobody has written to.
            let (mut frame, mut frames) = (if at_rest[at] == 0 { read(at) } else { 0 }, 0);
            while frame != 0 {
                if !(here..top).contains(&frame) || !frame.is_multiple_of(8) || frames > 9 {
                    return 0;
                }
                frames += 1;
                // SAFETY: an aligned address in the part of this stack that is in use.
                frame = unsafe { (frame as *const usize).read_volatile() };
            }
            frames
        };
        (0..count).map(follow).collect::<Vec<usize>>()
    };
    let seen: Rc<RefCell<Vec<Vec<usize>>>> = Rc::default();
    let note = seen.clone();
    ctx.globals()
        .set("look", Func::from(move || note.borrow_mut().push(chains())))?;
    ctx.eval::<(), _>("(() => { look(); (() => { look(); })(); })(); look()")?;
    let seen = seen.borrow();
    let [outer, inner, again] = &seen[..] else {
        return Ok(None);
    };
    let fits = |at: &usize| {
        before[*at] == 0 && read(*at) == 0 && (outer[*at], inner[*at], again[*at]) == (2, 3, 1)
    };
    Ok(only(&(0..count).filter(fits).collect::<Vec<usize>>()))
}

/// The head of the list of jobs: as many members as promises are resolved, and none once their jobs have run. Lists
/// of blocks of memory may be empty before and after, too, but do not grow with the jobs one by one.
fn find_jobs(ctx: &Ctx, start: usize, count: usize) -> Result<Option<usize>> {
    let own = |at: usize| start + at * size_of::<usize>();
    let empty = |at: &usize| read(start, *at) == own(*at) && read(start, *at + 1) == own(*at);
    let members = |at: usize| {
        let (mut link, mut members) = (read(start, at + 1), 0);
        while link != own(at) && members < 9 {
            members += 1;
            // SAFETY: the word was the head of an empty list, so it leads to members of that list, of which each
            // begins with the addresses of those before and after it.
            link = unsafe { (link as *const usize).add(1).read_volatile() };
        }
        members
    };
    let mut heads: Vec<usize> = (0..count.saturating_sub(1)).collect();
    for jobs in 1..5 {
        heads.retain(empty);
        for _ in 0..jobs {
            ctx.eval::<(), _>("Promise.resolve().then(() => 1); 0")?;
        }
        heads.retain(|at| members(*at) == jobs);
        while ctx.execute_pending_job() {}
        heads.retain(empty);
    }
    Ok(only(&heads))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_of_this_build_is_known() {
        assert!(words().is_some());
        assert_eq!(find().unwrap(), words(), "another engine, the same places");
    }
}
