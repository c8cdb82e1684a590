//! What the functions that scripts call most know of an engine: names, texts and the JavaScript side.
//!
//! What is unusual is left to the function of the same name on the JavaScript side, which can do everything.

use super::params::texts;
use super::{Desk, State};
use crate::effect::{Headers, Tags};
use crate::raw::{
    CallContext, KeptName, KeptValue, Literals, NativeCall, Outcome, OwnedValue, ValueRef,
};
use rquickjs::function::{Rest, This};
use rquickjs::{Ctx, Function, IntoJs, Object, Persistent, Result, Value};
use std::cell::RefCell;
use std::ffi::CStr;
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
    pub(super) methods: [Rc<str>; METHODS.len()],
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
pub(super) const METHODS: [(&CStr, &str, bool); 7] = [
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
    pub(super) fn is_plain(&self, cx: CallContext, vu: &State) -> Outcome<bool> {
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
    pub(super) fn names(&self, cx: CallContext, selector: ValueRef) -> Option<Rc<[KeptName]>> {
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
