//! Checks: a predicate after the other, and a sample for each.

use super::Desk;
use super::fast::Fast;
use super::host::tags_of;
use crate::effect::{Effect, Tags};
use crate::raw::{CallContext, Outcome, OwnedValue, ValueRef};
use rquickjs::function::Func;
use rquickjs::{Array, Ctx, Object, Result, Value};
use std::rc::Rc;

const ASYNC: &str = "the built-in check() does not support async functions as arguments. Use the JavaScript utils \
    library as a replacement. Refer to https://grafana.com/docs/k6/latest/javascript-api/jslib/utils/check/ for more info";

/// Gives the script its checks.
pub(crate) fn install<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    let own = desk.clone();
    natives.set(
        "checks",
        Func::from(
            move |ctx: Ctx<'js>,
                  value: Value<'js>,
                  checks: Object<'js>,
                  tags: Option<Array<'js>>|
                  -> Result<bool> {
                let cx = CallContext::of(&ctx);
                let value = OwnedValue::of(cx, &value);
                let checks = OwnedValue::of(cx, checks.as_value());
                let tags = Rc::new(tags_of(tags.as_ref())?);
                let (value, checks) = (value.borrowed(), checks.borrowed());
                all_pass(&own, &own.fast(), cx, value, checks, &tags)
                    .map_err(|_| rquickjs::Error::Exception)
            },
        ),
    )
}

/// Makes the checks of a call. Whether all passed.
pub(super) fn all_pass(
    desk: &Desk,
    fast: &Fast,
    cx: CallContext,
    value: ValueRef,
    checks: ValueRef,
    tags: &Rc<Tags>,
) -> Outcome<bool> {
    let mut all = true;
    for key in cx.names(checks)?.iter() {
        let name = fast.literals.name(cx, key);
        if name.as_bytes().windows(2).any(|two| two == b"::") {
            return Err(desk.refuse(cx, "group and check names may not contain '::'"));
        }
        let check = cx.get(checks, key)?;
        if check.borrowed().is_async() {
            return Err(desk.refuse(cx, ASYNC));
        }
        let group = desk.vu().group.borrow().clone();
        let sample = |passed| Effect::Check {
            name,
            passed,
            tags: tags.clone(),
            group,
        };
        match verdict(cx, value, check.borrowed()) {
            Err(_) if !desk.vu().is_stopped() => {
                return Err(cx.aside(|| desk.note(cx, sample(false))));
            }
            passed => {
                let passed = passed?;
                desk.note(cx, sample(passed))?;
                all &= passed;
            }
        }
    }
    Ok(all)
}

/// What a check comes to: what its function says of the value, or itself.
fn verdict(cx: CallContext, value: ValueRef, check: ValueRef) -> Outcome<bool> {
    if cx.is_function(check) {
        let said = cx.call(check, value)?;
        return cx.truth(said.borrowed());
    }
    cx.truth(check)
}
