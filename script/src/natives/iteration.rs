//! An iteration of a VU that has left nothing of the one before: its function is called at once.

use super::{Desk, State};
use crate::effect::Iteration;
use crate::raw::{Here, Outcome, Thrown};
use rquickjs::{Ctx, Value};

/// What an iteration that began came to.
pub(crate) enum Begun<'js> {
    /// It is for the JavaScript side; nothing has happened.
    Not,
    /// It is over and has left nothing.
    Over,
    /// Its function has returned this.
    Returned(Value<'js>),
}

/// Runs the function of an iteration, if there is nothing to be done before.
pub(crate) fn begin<'js>(
    desk: &Desk,
    ctx: &Ctx<'js>,
    state: &State,
    iteration: &Iteration,
) -> rquickjs::Result<Begun<'js>> {
    let has_own = !(iteration.tags.is_empty() && iteration.env.is_empty());
    if has_own || !desk.has_taken(state) {
        return Ok(Begun::Not);
    }
    let here = Here::of(ctx);
    let exec = desk.fast().exec(ctx, &iteration.exec)?;
    let begun = || -> Outcome<Begun<'js>> {
        let (own, exports) = (state.own.borrow(), state.exports.borrow());
        let (Some(own), Some(exports)) = (&*own, &*exports) else {
            return Ok(Begun::Not);
        };
        let fast = desk.fast();
        let is = |name| -> Outcome<bool> { Ok(here.get(own.word(), name)?.word().is_true()) };
        if !(is(fast.clean.name())? && is(fast.plain.name())?) {
            return Ok(Begun::Not);
        }
        let function = here.get(exports.word(), exec.name())?;
        if !here.is_function(function.word()) {
            return Ok(Begun::Not);
        }
        here.set(own.word(), fast.number.name(), iteration.vu as f64)?;
        here.set(
            own.word(),
            fast.iteration.name(),
            iteration.iteration as f64,
        )?;
        let data = here.get(own.word(), fast.data.name())?;
        let returned = here.call(function.word(), data.word())?;
        if !returned.word().is_object() && is(fast.clean.name())? {
            return Ok(Begun::Over);
        }
        Ok(Begun::Returned(here.value(returned.word())))
    };
    begun().map_err(|Thrown| rquickjs::Error::Exception)
}
