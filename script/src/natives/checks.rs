//! Checks: a predicate after the other, and a sample for each.

use super::Desk;
use super::fast::Fast;
use super::host::tags_of;
use crate::effect::{Effect, Tags};
use crate::raw::{Held, Here, Outcome, Word};
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
                let here = Here::of(&ctx);
                let value = Held::of(here, &value);
                let checks = Held::of(here, checks.as_value());
                let tags = Rc::new(tags_of(tags.as_ref())?);
                let (value, checks) = (value.word(), checks.word());
                tagged(&own, &own.fast(), here, value, checks, &tags)
                    .map_err(|_| rquickjs::Error::Exception)
            },
        ),
    )
}

/// Makes the checks of a call that has no tags. Whether all passed.
pub(super) fn all_pass(
    desk: &Desk,
    fast: &Fast,
    here: Here,
    value: Word,
    checks: Word,
) -> Outcome<bool> {
    tagged(desk, fast, here, value, checks, &desk.texts.none())
}

fn tagged(
    desk: &Desk,
    fast: &Fast,
    here: Here,
    value: Word,
    checks: Word,
    tags: &Rc<Tags>,
) -> Outcome<bool> {
    let mut all = true;
    for key in here.names(checks)?.iter() {
        let name = fast.literals.name(here, key);
        if name.contains("::") {
            return Err(desk.refuse(here, "group and check names may not contain '::'"));
        }
        let check = here.get(checks, key)?;
        if check.word().is_async() {
            return Err(desk.refuse(here, ASYNC));
        }
        let group = desk.vu().group.borrow().clone();
        let sample = |passed| Effect::Check {
            name,
            passed,
            tags: tags.clone(),
            group,
        };
        match verdict(here, value, check.word()) {
            Err(_) if !desk.vu().is_stopped() => {
                return Err(here.aside(|| desk.note(here, sample(false))));
            }
            passed => {
                let passed = passed?;
                desk.note(here, sample(passed))?;
                all &= passed;
            }
        }
    }
    Ok(all)
}

/// What a check comes to: what its function says of the value, or itself.
fn verdict(here: Here, value: Word, check: Word) -> Outcome<bool> {
    if here.is_function(check) {
        let said = here.call(check, value)?;
        return here.truth(said.word());
    }
    here.truth(check)
}
