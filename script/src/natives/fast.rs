//! The functions that scripts call most, without a detour over JavaScript: a usual request, checks, a sleep.
//!
//! What is unusual is left to the function of the same name on the JavaScript side, which can do everything.

use super::checks::all_pass;
use super::host::from_milliseconds;
use super::planned::Plan;
use super::quick::{AGENT, Came, Given, planned, sent, texts};
use super::stringify::Stringify;
use super::{Desk, State};
use crate::effect::{Effect, Headers, Tags};
use crate::raw::{
    CallContext, KeptName, KeptValue, Literals, Native, NativeCall, Outcome, OwnedValue, ValueRef,
    bound, function,
};
use rquickjs::function::{Func, Rest, This};
use rquickjs::{Array, Ctx, Function, IntoJs, Object, Persistent, Result, Value};
use std::cell::RefCell;
use std::ffi::{CStr, c_int};
use std::rc::Rc;

/// What the natives know of an engine.
pub(crate) struct Fast {
    pub(super) literals: Literals,
    pub(super) headers: KeptName,
    pub(super) tags: KeptName,
    pub(super) timeout: KeptName,
    pub(super) response_callback: KeptName,
    pub(super) response_type: KeptName,
    pub(super) redirects: KeptName,
    pub(super) throw: KeptName,
    pub(super) auth: KeptName,
    /// Where the number of a list of statuses stands.
    pub(super) statuses: KeptName,
    /// Where the name of an address stands, and the address.
    pub(super) template: KeptName,
    pub(super) url: KeptName,
    pub(super) plain: KeptName,
    pub(super) to_json: KeptName,
    pub(super) clean: KeptName,
    pub(super) number: KeptName,
    pub(super) iteration: KeptName,
    pub(super) data: KeptName,
    /// Makes it a VU's turn.
    pub(super) enter: KeptValue,
    /// The class of an object that is nothing but an object.
    object: u32,
    pub(super) host: Rc<str>,
    pub(super) user_agent: Rc<str>,
    pub(super) content_length: Rc<str>,
    pub(super) content_type: Rc<str>,
    pub(super) form: Rc<str>,
    methods: [Rc<str>; METHODS.len()],
    /// Names of the functions that scenarios call.
    exec: RefCell<Vec<(Rc<str>, Rc<KeptName>)>>,
    /// Selectors of `json`.
    selectors: RefCell<Vec<Selector>>,
    /// The functions of the JavaScript side.
    slow: Persistent<Object<'static>>,
}

/// Functions of scenarios whose names are kept.
const MOST_EXEC: usize = 16;

/// A selector, and its names if it has nothing else.
type Selector = (Rc<str>, Option<Rc<[KeptName]>>);

/// Selectors that are kept.
const MOST_SELECTORS: usize = 16;

/// Whether a part of a selector is a name and nothing else.
fn is_name(part: &str) -> bool {
    let mut bytes = part.bytes();
    let begins = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    bytes.next().is_some_and(begins) && bytes.all(|b| begins(b) || b.is_ascii_digit() || b == b'-')
}

/// Methods of the functions that are named after them: the function, the method, and whether it takes a body.
const METHODS: [(&CStr, &str, bool); 7] = [
    (c"get", "GET", false),
    (c"head", "HEAD", false),
    (c"post", "POST", true),
    (c"put", "PUT", true),
    (c"patch", "PATCH", true),
    (c"del", "DELETE", true),
    (c"options", "OPTIONS", true),
];

impl Fast {
    /// Learns what an engine has.
    pub(crate) fn of<'js>(ctx: &Ctx<'js>, kit: &Object<'js>) -> Result<Fast> {
        let name = |name: &str| KeptName::of(&name.into_js(ctx)?);
        let marks: Object = kit.get("marks")?;
        let mark = |name: &str| KeptName::of(&marks.get(name)?);
        let cx = CallContext::of(ctx);
        let object = OwnedValue::of(cx, Object::new(ctx.clone())?.as_value());
        Ok(Fast {
            literals: Literals::of(ctx),
            headers: name("headers")?,
            tags: name("tags")?,
            timeout: name("timeout")?,
            response_callback: name("responseCallback")?,
            response_type: name("responseType")?,
            redirects: name("redirects")?,
            throw: name("throw")?,
            auth: name("auth")?,
            statuses: mark("statuses")?,
            template: mark("template")?,
            url: name("url")?,
            plain: name("plain")?,
            to_json: name("toJSON")?,
            clean: name("clean")?,
            number: name("number")?,
            iteration: name("iteration")?,
            data: name("data")?,
            enter: KeptValue::of(&kit.get("enter")?),
            exec: RefCell::default(),
            selectors: RefCell::default(),
            object: object.borrowed().class(),
            host: "Host".into(),
            user_agent: "User-Agent".into(),
            content_length: "Content-Length".into(),
            content_type: "Content-Type".into(),
            form: "application/x-www-form-urlencoded".into(),
            methods: METHODS.map(|(_, method, _)| method.into()),
            slow: Persistent::save(ctx, kit.get::<_, Object>("slow")?),
        })
    }

    /// Whether the VU has neither cookies nor a request under way, on which requests and sleeps depend.
    fn is_plain(&self, cx: CallContext, vu: &State) -> Outcome<bool> {
        match &*vu.own.borrow() {
            Some(own) => Ok(cx
                .get(own.borrowed(), self.plain.name())?
                .borrowed()
                .is_true()),
            None => Ok(false),
        }
    }

    /// The name of a function that a scenario calls.
    pub(super) fn exec(&self, ctx: &Ctx, name: &Rc<str>) -> Result<Rc<KeptName>> {
        let mut known = self.exec.borrow_mut();
        if let Some((_, kept)) = known.iter().find(|(text, _)| Rc::ptr_eq(text, name)) {
            return Ok(kept.clone());
        }
        let kept = Rc::new(KeptName::of(&name.into_js(ctx)?)?);
        if known.len() >= MOST_EXEC {
            known.clear();
        }
        known.push((name.clone(), kept.clone()));
        Ok(kept)
    }

    /// The names of a selector that has nothing else, which most have.
    fn names(&self, cx: CallContext, selector: ValueRef) -> Option<Rc<[KeptName]>> {
        let text = self.literals.text(cx, selector, |text| text.into())?;
        let mut known = self.selectors.borrow_mut();
        if let Some((_, names)) = known.iter().find(|(k, _)| Rc::ptr_eq(k, &text)) {
            return names.clone();
        }
        let parts = || text.split('.');
        let ctx = cx.ctx();
        let names: Option<Vec<KeptName>> = match parts().all(is_name) {
            true => parts()
                .map(|part| KeptName::of(&part.into_js(&ctx).ok()?).ok())
                .collect(),
            false => None,
        };
        let names: Option<Rc<[KeptName]>> = names.map(Rc::from);
        if known.len() >= MOST_SELECTORS {
            known.clear();
        }
        known.push((text, names.clone()));
        names
    }

    /// Whether a value is an object of which reading a property twice is nothing to notice.
    pub(super) fn is_plain_object(&self, value: ValueRef) -> bool {
        value.is_object() && value.class() == self.object
    }

    /// The tags of a sample that is given these; `None` if they are for the JavaScript side.
    pub(super) fn tags(
        &self,
        desk: &Desk,
        cx: CallContext,
        given: ValueRef,
    ) -> Outcome<Option<Rc<Tags>>> {
        let mut more = Headers::new();
        let usual = given.is_nullish() || texts(desk, self, cx, given, &mut more)?;
        let defaults = desk.defaults_of(&desk.vu());
        Ok(usual.then(|| desk.texts.tags(&defaults, more)))
    }

    /// A text.
    pub(super) fn text(&self, desk: &Desk, cx: CallContext, of: ValueRef) -> Option<Rc<str>> {
        self.literals.text(cx, of, |text| desk.texts.kept(text))
    }

    /// Has the JavaScript side answer a call as it is.
    pub(super) fn slow_call<'js>(
        &self,
        call: &NativeCall<'js>,
        name: &str,
    ) -> Outcome<OwnedValue<'js>> {
        self.slow(call.cx, name, call.this, call.args, None)
    }

    /// Has the JavaScript side answer a call.
    #[cold]
    #[inline(never)]
    pub(super) fn slow<'js>(
        &self,
        cx: CallContext<'js>,
        name: &str,
        this: ValueRef,
        args: &[ValueRef],
        more: Option<Value<'js>>,
    ) -> Outcome<OwnedValue<'js>> {
        let call = || -> Result<Value<'js>> {
            let slow = self.slow.clone().restore(&cx.ctx())?;
            let function: Function = slow.get(name)?;
            let args = args.iter().map(|arg| cx.value(*arg)).chain(more);
            function.call((This(cx.value(this)), Rest(args.collect())))
        };
        match call() {
            Ok(value) => Ok(OwnedValue::of(cx, &value)),
            Err(error) => Err(cx.thrown(&error)),
        }
    }
}

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
