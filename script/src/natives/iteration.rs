//! The way into an iteration, with few steps for a VU that has left nothing of the one before.

use super::{Desk, State};
use crate::effect::Iteration;
use crate::raw::{CallContext, Outcome, Thrown};
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
    if !(state.is_in_scenario_of(iteration) && desk.has_taken(state)) {
        return Ok(false);
    }
    let (cx, fast) = (CallContext::of(ctx), desk.fast());
    let exec = fast.exec(ctx, &iteration.exec)?;
    let ready = || -> Outcome<bool> {
        let (own, exports) = (state.own.borrow(), state.exports.borrow());
        let (Some(own), Some(exports)) = (&*own, &*exports) else {
            return Ok(false);
        };
        let own = own.borrowed();
        let function = cx.get(exports.borrowed(), exec.name())?;
        if !cx.is_function(function.borrowed()) {
            return Ok(false);
        }
        let is = |name| -> Outcome<bool> { Ok(cx.get(own, name)?.borrowed().is_true()) };
        if !(is(fast.clean.name())? && is(fast.plain.name())?) {
            return Ok(false);
        }
        cx.set(own, fast.number.name(), iteration.vu as f64)?;
        cx.set(own, fast.iteration.name(), iteration.iteration as f64)?;
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
    let (cx, fast) = (CallContext::of(ctx), desk.fast());
    let exec = fast.exec(ctx, exec)?;
    let called = || -> Outcome<Option<Value<'js>>> {
        let (own, exports) = (state.own.borrow(), state.exports.borrow());
        let (Some(own), Some(exports)) = (&*own, &*exports) else {
            return Ok(Some(Value::new_undefined(ctx.clone())));
        };
        let function = cx.get(exports.borrowed(), exec.name())?;
        let data = cx.get(own.borrowed(), fast.data.name())?;
        let returned = cx.call(function.borrowed(), data.borrowed())?;
        let left = returned.borrowed().is_object()
            || !cx
                .get(own.borrowed(), fast.clean.name())?
                .borrowed()
                .is_true();
        Ok(left.then(|| cx.value(returned.borrowed())))
    };
    called().map_err(|Thrown| Error::Exception)
}
