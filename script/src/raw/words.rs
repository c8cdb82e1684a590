//! Finds where an engine keeps what belongs to a stack.

use super::ValueRef;
use super::frames::{
    ARGUMENTS, FRAME, SHARED, TAKEN_OVER, VARIABLE, VARIABLES, shared_count, word,
};
use super::memory::Counting;
use rquickjs::function::Func;
use rquickjs::{Context, Ctx, Result, Runtime, Value, context, qjs};
use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::ops::Range;
use std::ptr;
use std::rc::Rc;
use std::sync::OnceLock;

/// Places, in words, of what belongs to a stack in the memory of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(super) frame: usize,
    pub(super) jobs: usize,
    /// The class of functions that are written in JavaScript, whose frames have variables.
    pub(super) class: u32,
}

/// Where engines of this program keep what belongs to a stack; `None` if that is not certain.
pub(crate) fn words() -> Option<Words> {
    static FOUND: OnceLock<Option<Words>> = OnceLock::new();
    *FOUND.get_or_init(|| find().ok().flatten())
}

/// The version whose source was read for this.
const VERSION: &CStr = c"0.16.2";

/// Finds these places, as the top of this file says.
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
    context.with(|ctx| {
        let Some(frame) = find_frame(&ctx, start, count)? else {
            return Ok(None);
        };
        let jobs = find_jobs(&ctx, start, count)?;
        let class = find_class(&ctx, start, frame)?;
        Ok(jobs
            .zip(class)
            .map(|(jobs, class)| Words { frame, jobs, class }))
    })
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

/// The class of functions in JavaScript, if their frames are as `frames.rs` takes them to be.
fn find_class(ctx: &Ctx, start: usize, frame: usize) -> Result<Option<u32>> {
    let function: Value = ctx.eval("() => 1")?;
    let class = ValueRef::of_raw(function.as_raw()).class();
    let top = 0usize;
    let top = ptr::from_ref(&top) as usize;
    let fits = move || {
        let here = 0usize;
        let stack = ptr::from_ref(&here) as usize..top;
        // SAFETY: `find_frame` followed these frames; what they lead to is looked at only where it lies on this stack.
        unsafe { is_as_known(read(start, frame), &stack, class) }
    };
    let seen: Rc<Cell<Option<bool>>> = Rc::default();
    let note = seen.clone();
    let look = Func::from(move || note.set(Some(fits())));
    ctx.globals().set("look", look)?;
    // A native function's frame lies between two of JavaScript.
    ctx.eval::<(), _>(
        "((b) => { let a = 77; const f = () => a + b; [1].forEach(() => { let c = 7; look(() => c); }); return f; })(78)",
    )?;
    Ok((seen.get() == Some(true)).then_some(class))
}

/// Whether three frames are those of the calls in `find_class`.
///
/// # Safety
/// They are frames of calls that run on this stack.
unsafe fn is_as_known(frame: usize, stack: &Range<usize>, class: u32) -> bool {
    let shared = |at: usize| -> Option<Vec<usize>> {
        // SAFETY: a frame; its list is looked at if it lies on the stack.
        unsafe {
            let list = word(at, SHARED).read();
            let count = shared_count(at, class);
            (count < 3 && stack.contains(&list))
                .then(|| (0..count).map(|i| word(list, i).read()).collect())
        }
    };
    // What a record of a variable of this frame says that the variable is, as a small number.
    let value = |record: usize, at: usize| -> Option<u32> {
        // SAFETY: the record has so many words, as the version says that was read.
        unsafe {
            let owned = word(record, TAKEN_OVER).cast::<u8>().read() == 0;
            let variable = word(record, VARIABLE).read();
            let known = [ARGUMENTS, VARIABLES].map(|place| word(at, place).read());
            let is_one = known.contains(&variable) && stack.contains(&variable);
            let is = owned && is_one && word(record, FRAME).read() == at;
            is.then(|| (variable as *const u32).read())
        }
    };
    // SAFETY: each leads to the next.
    let (native, outer) = unsafe {
        let native = word(frame, 0).read();
        (native, word(native, 0).read())
    };
    let values = |at: usize| -> Option<Vec<u32>> {
        shared(at)?
            .into_iter()
            .map(|record| value(record, at))
            .collect()
    };
    // SAFETY: a native function has a frame, too.
    let is_native = unsafe { shared_count(native, class) } == 0;
    let mut outer = values(outer).unwrap_or_default();
    outer.sort_unstable();
    is_native && values(frame) == Some(vec![7]) && outer == [77, 78]
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
