//! The way into an iteration, with few steps for a VU that has left nothing of the one before.

use super::{Desk, State};
use crate::effect::Iteration;
use crate::raw::{Here, Outcome, Thrown};
use rquickjs::{Ctx, Error, Result, Value};
use std::rc::Rc;

/// Makes ready for an iteration, if there is nothing else to be done for it. False if that is for the JavaScript side;
/// then nothing has happened.
pub(crate) fn make_ready(
    desk: &Desk,
    ctx: &Ctx,
    state: &State,
    iteration: &Iteration,
) -> Result<bool> {
    let has_own = !(iteration.tags.is_empty() && iteration.env.is_empty());
    if has_own || !desk.has_taken(state) {
        return Ok(false);
    }
    let (here, fast) = (Here::of(ctx), desk.fast());
    let exec = fast.exec(ctx, &iteration.exec)?;
    let ready = || -> Outcome<bool> {
        let (own, exports) = (state.own.borrow(), state.exports.borrow());
        let (Some(own), Some(exports)) = (&*own, &*exports) else {
            return Ok(false);
        };
        let own = own.word();
        let function = here.get(exports.word(), exec.name())?;
        if !here.is_function(function.word()) {
            return Ok(false);
        }
        let is = |name| -> Outcome<bool> { Ok(here.get(own, name)?.word().is_true()) };
        if !(is(fast.clean.name())? && is(fast.plain.name())?) {
            return Ok(false);
        }
        here.set(own, fast.number.name(), iteration.vu as f64)?;
        here.set(own, fast.iteration.name(), iteration.iteration as f64)?;
        Ok(true)
    };
    ready().map_err(|Thrown| Error::Exception)
}

/// Calls the function of an iteration. What it returned; `None` if there is nothing more to be done for it.
pub(crate) fn call<'js>(
    desk: &Desk,
    ctx: &Ctx<'js>,
    state: &State,
    exec: &Rc<str>,
) -> Result<Option<Value<'js>>> {
    let (here, fast) = (Here::of(ctx), desk.fast());
    let exec = fast.exec(ctx, exec)?;
    let called = || -> Outcome<Option<Value<'js>>> {
        let (own, exports) = (state.own.borrow(), state.exports.borrow());
        let (Some(own), Some(exports)) = (&*own, &*exports) else {
            return Ok(Some(Value::new_undefined(ctx.clone())));
        };
        let function = here.get(exports.word(), exec.name())?;
        let data = here.get(own.word(), fast.data.name())?;
        let returned = here.call(function.word(), data.word())?;
        let left = returned.word().is_object()
            || !here.get(own.word(), fast.clean.name())?.word().is_true();
        Ok(left.then(|| here.value(returned.word())))
    };
    called().map_err(|Thrown| Error::Exception)
}
