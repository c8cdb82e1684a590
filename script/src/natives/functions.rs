//! The functions that scripts call most, as the engine calls them: requests, checks, a sleep, a random number, `json` of a
//! response, `add` of a metric.

use super::Desk;
use super::checks::all_pass;
use super::fast::{Fast, METHODS};
use super::host::from_milliseconds;
use super::planned::Plan;
use super::quick::{AGENT, Came, Given, planned, sent};
use super::stringify::Stringify;
use crate::effect::Effect;
use crate::raw::{CallContext, Native, NativeCall, Outcome, OwnedValue, ValueRef, bound, function};
use rquickjs::function::Func;
use rquickjs::{Array, Object, Result, Value};
use std::ffi::{CStr, c_int};

/// A function named after a method.
struct Send<const METHOD: usize>;

impl<const METHOD: usize> Native for Send<METHOD> {
    type Host = Desk;
    const NAME: &'static CStr = METHODS[METHOD].0;
    const LENGTH: c_int = if METHODS[METHOD].2 { 3 } else { 2 };

    fn call<'js>(desk: &Desk, call: NativeCall<'js>) -> Outcome<OwnedValue<'js>> {
        let cx = call.cx;
        let fast = desk.fast();
        let (name, _, has_body) = METHODS[METHOD];
        let (body, params) = match has_body {
            true => (call.argument(1), call.argument(2)),
            false => (ValueRef::default(), call.argument(1)),
        };
        let given = Given {
            method: fast.methods[METHOD].clone(),
            url: call.argument(0),
            body,
            params,
        };
        // k6 warns of more.
        if !has_body && call.args.len() > 2 {
            return fast.slow_call(&call, &name.to_string_lossy());
        }
        request(desk, &fast, cx, &given)
    }
}

/// The function `http.request`.
struct Ask;

impl Native for Ask {
    type Host = Desk;
    const NAME: &'static CStr = c"request";
    const LENGTH: c_int = 4;

    fn call<'js>(desk: &Desk, call: NativeCall<'js>) -> Outcome<OwnedValue<'js>> {
        let cx = call.cx;
        let fast = desk.fast();
        let [method, url, body, params] = [0, 1, 2, 3].map(|at| call.argument(at));
        if let Some(method) = fast.text(desk, cx, method) {
            let given = Given {
                method,
                url,
                body,
                params,
            };
            return request(desk, &fast, cx, &given);
        }
        fast.slow(cx, "request", call.this, &[method, url, body, params], None)
    }
}

/// Makes a request, a usual one without the JavaScript side.
fn request<'js>(
    desk: &Desk,
    fast: &Fast,
    cx: CallContext<'js>,
    given: &Given,
) -> Outcome<OwnedValue<'js>> {
    let planned = match fast.is_plain(cx, &desk.vu())? {
        true => planned(desk, fast, cx, given)?,
        false => None,
    };
    let Some(planned) = planned else {
        return go_on(fast, cx, given, None);
    };
    match sent(desk, cx, planned) {
        Ok(Came::Response(response)) => Ok(response),
        Ok(Came::Answer(answer)) => go_on(fast, cx, given, Some(answer)),
        Err(error) => Err(cx.thrown(&error)),
    }
}

/// Has the JavaScript side make a request, or do what is more to be done of the answer to one.
#[cold]
#[inline(never)]
fn go_on<'js>(
    fast: &Fast,
    cx: CallContext<'js>,
    given: &Given,
    answer: Option<Array<'js>>,
) -> Outcome<OwnedValue<'js>> {
    let method = cx.new_text(&given.method)?;
    let args = [method.borrowed(), given.url, given.body, given.params];
    let name = if answer.is_some() { "goOn" } else { "request" };
    let answer = answer.map(Array::into_value);
    fast.slow(cx, name, ValueRef::default(), &args, answer)
}

/// The function `check`.
struct Check;

impl Native for Check {
    type Host = Desk;
    const NAME: &'static CStr = c"check";
    const LENGTH: c_int = 3;

    fn call<'js>(desk: &Desk, call: NativeCall<'js>) -> Outcome<OwnedValue<'js>> {
        let cx = call.cx;
        let fast = desk.fast();
        let [value, checks, tags] = [0, 1, 2].map(|at| call.argument(at));
        let usual = fast.is_plain_object(checks) && desk.vu().may_be_short();
        let tags = if usual {
            fast.tags(desk, cx, tags)?
        } else {
            None
        };
        let Some(tags) = tags else {
            return fast.slow_call(&call, "check");
        };
        let passed = all_pass(desk, &fast, cx, value, checks, &tags)?;
        Ok(cx.boolean(passed))
    }
}

/// The function `sleep`.
struct Sleep;

impl Native for Sleep {
    type Host = Desk;
    const NAME: &'static CStr = c"sleep";
    const LENGTH: c_int = 1;

    fn call<'js>(desk: &Desk, call: NativeCall<'js>) -> Outcome<OwnedValue<'js>> {
        let cx = call.cx;
        let (fast, vu) = (desk.fast(), desk.vu());
        let seconds = match call.argument(0).number() {
            Some(seconds) if fast.is_plain(cx, &vu)? => seconds,
            _ => return fast.slow_call(&call, "sleep"),
        };
        // What does not fit 64 bits of nanoseconds overflows, and returns at once.
        if seconds > 0.0 && seconds * 1e9 < 9_223_372_036_854_775_807.0 {
            let time = from_milliseconds(seconds * 1000.0);
            let slept = desk.suspend(&cx.ctx(), Effect::Sleep(time));
            slept.map_err(|error| cx.thrown(&error))?;
        }
        Ok(cx.undefined())
    }
}

/// The function `Math.random`.
struct Random;

impl Native for Random {
    type Host = Desk;
    const NAME: &'static CStr = c"random";
    const LENGTH: c_int = 0;

    fn call<'js>(desk: &Desk, call: NativeCall<'js>) -> Outcome<OwnedValue<'js>> {
        let cx = call.cx;
        Ok(cx.number(desk.vu().random.borrow_mut().float()))
    }
}

/// The method `json` of a response.
struct Json;

impl Native for Json {
    type Host = Desk;
    const NAME: &'static CStr = c"json";
    const LENGTH: c_int = 1;

    fn call<'js>(desk: &Desk, call: NativeCall<'js>) -> Outcome<OwnedValue<'js>> {
        let cx = call.cx;
        let fast = desk.fast();
        if let Some(responses) = &*desk.responses.borrow() {
            let value = match call.args.first() {
                None => responses.json(cx, call.this),
                Some(selector) => match fast.names(cx, *selector) {
                    Some(names) => responses.selected(cx, call.this, &fast, &names)?,
                    None => None,
                },
            };
            if let Some(value) = value {
                return Ok(value);
            }
        }
        fast.slow_call(&call, "json")
    }
}

/// The method `add` of a custom metric, whose name is bound to it.
struct Add;

impl Native for Add {
    type Host = Desk;
    const NAME: &'static CStr = c"add";
    const LENGTH: c_int = 2;

    fn call<'js>(desk: &Desk, call: NativeCall<'js>) -> Outcome<OwnedValue<'js>> {
        let cx = call.cx;
        let fast = desk.fast();
        let value = call.argument(0);
        let number = value.number().filter(|value| !value.is_nan());
        let value = number.or_else(|| value.boolean().map(|b| f64::from(u8::from(b))));
        let tags = match value {
            Some(_) if desk.vu().may_be_short() => fast.tags(desk, cx, call.argument(1))?,
            _ => None,
        };
        match (fast.text(desk, cx, call.this), value, tags) {
            (Some(name), Some(value), Some(tags)) => {
                let group = desk.vu().group.borrow().clone();
                let sample = Effect::MetricAdd {
                    name,
                    value,
                    tags,
                    group,
                };
                desk.note(cx, sample)?;
                Ok(cx.boolean(true))
            }
            _ => fast.slow_call(&call, "add"),
        }
    }
}

/// Gives the script these functions.
pub(crate) fn install<'js>(natives: &Object<'js>) -> Result<()> {
    let ctx = natives.ctx();
    let fast = Object::new(ctx.clone())?;
    fast.set("get", function::<Send<0>>(ctx)?)?;
    fast.set("head", function::<Send<1>>(ctx)?)?;
    fast.set("post", function::<Send<2>>(ctx)?)?;
    fast.set("put", function::<Send<3>>(ctx)?)?;
    fast.set("patch", function::<Send<4>>(ctx)?)?;
    fast.set("del", function::<Send<5>>(ctx)?)?;
    fast.set("options", function::<Send<6>>(ctx)?)?;
    fast.set("request", function::<Ask>(ctx)?)?;
    fast.set("plan", function::<Plan>(ctx)?)?;
    fast.set("check", function::<Check>(ctx)?)?;
    fast.set("sleep", function::<Sleep>(ctx)?)?;
    fast.set("json", function::<Json>(ctx)?)?;
    let adder = |name: Value<'js>| bound::<Add>(name.ctx(), &name);
    natives.set("adder", Func::from(adder))?;
    natives.set("random", function::<Random>(ctx)?)?;
    natives.set("stringify", function::<Stringify>(ctx)?)?;
    natives.set("agent", AGENT)?;
    natives.set("fast", fast)
}
