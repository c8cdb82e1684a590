//! Checks: a predicate after the other, and a sample for each.

use super::Desk;
use super::host::tags_of;
use crate::effect::Effect;
use rquickjs::function::Func;
use rquickjs::object::Filter;
use rquickjs::{Array, Atom, Coerced, Ctx, Error, Object, Result, Value};
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
                  tags: Option<Array<'js>>| {
                all_pass(&own, &ctx, &value, &checks, tags.as_ref())
            },
        ),
    )
}

/// Makes the checks of a call. Whether all passed.
fn all_pass<'js>(
    desk: &Desk,
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    checks: &Object<'js>,
    tags: Option<&Array<'js>>,
) -> Result<bool> {
    let tags = tags_of(tags)?;
    let names = checks.own_keys::<Atom>(Filter::default());
    let names = names.collect::<Result<Vec<Atom>>>()?;
    let mut passed = true;
    for key in names {
        let name = key.to_string()?;
        if name.contains("::") {
            return Err(desk.fail(ctx, "group and check names may not contain '::'"));
        }
        let check: Value = checks.get(key)?;
        if check.as_object().is_some_and(|c| desk.is_async(c)) {
            return Err(desk.fail(ctx, ASYNC));
        }
        let group = desk.vu().group.borrow().clone();
        let sample = |passed| Effect::Check {
            name,
            passed,
            tags: tags.clone(),
            group,
        };
        let result = match verdict(value, check) {
            Err(Error::Exception) if !desk.vu().is_stopped() => {
                let thrown = ctx.catch();
                desk.suspend(ctx, sample(false))?;
                return Err(ctx.throw(thrown));
            }
            result => result?,
        };
        desk.suspend(ctx, sample(result))?;
        passed &= result;
    }
    Ok(passed)
}

/// What a check comes to: what its function says of the value, or itself.
fn verdict<'js>(value: &Value<'js>, check: Value<'js>) -> Result<bool> {
    let result = match check.as_function() {
        Some(function) => function.call((value.clone(),))?,
        None => check,
    };
    Ok(result.get::<Coerced<bool>>()?.0)
}
