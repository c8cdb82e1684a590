//! The usual call of `k6/http` without a detour: one request, an answer with a text, nothing that the script set.
//!
//! What is unusual is left to the JavaScript side, which can do everything.

use super::Desk;
use super::answered::Exchange;
use super::fast::Fast;
use super::host::{from_milliseconds, milliseconds, shown};
use crate::effect::{Answer, Effect, Headers, Request, Response};
use crate::raw::{CallContext, Outcome, OwnedValue, ValueRef};
use rquickjs::{Array, Ctx, Exception, Result};
use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

/// What k6 says it is.
pub(crate) const AGENT: &str = "Grafana k6/2.2.0";

/// How long a request may take unless the script says otherwise.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What came of a request.
pub(super) enum Came<'js> {
    /// The response.
    Response(OwnedValue<'js>),
    /// An answer of which there is more to be done.
    Answer(Array<'js>),
}

/// Sends a request.
pub(super) fn sent<'js>(
    desk: &Desk,
    cx: CallContext<'js>,
    request: Rc<Request>,
) -> Result<Came<'js>> {
    let since = desk.vu().port.now();
    let answer = desk.suspend(&cx.ctx(), Effect::Request(request.clone()))?;
    came(desk, cx, request, since, answer)
}

/// What came of a request that was sent then. It is no part of `sent`, whose VU waits on a small stack.
#[inline(never)]
fn came<'js>(
    desk: &Desk,
    cx: CallContext<'js>,
    request: Rc<Request>,
    since: Duration,
    answer: Answer,
) -> Result<Came<'js>> {
    match answer {
        Answer::Response(response) if is_plain(&response) => {
            let response = desk.response(&cx.ctx(), request, *response)?;
            Ok(Came::Response(response))
        }
        Answer::Response(response) => {
            let answer = shown(&cx.ctx(), *response)?;
            answer.set(17, milliseconds(since))?;
            Ok(Came::Answer(answer))
        }
        _ => Err(Exception::throw_message(
            &cx.ctx(),
            "the host did not answer a request",
        )),
    }
}

/// Whether an answer is all there is to a call, and asks nothing of the VU.
fn is_plain(response: &Response) -> bool {
    let asks = |(name, _): &(Cow<str>, Cow<str>)| {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        is("Location") || is("Set-Cookie")
    };
    response.error.is_none()
        && !response.made_up
        && !response.headers.iter().any(asks)
        && matches!(&response.body, Some(body) if str::from_utf8(body).is_ok())
}

/// What a script gives to a call: method, address, body and parameters.
pub(super) struct Given<'a> {
    pub(super) method: Rc<str>,
    pub(super) url: ValueRef<'a>,
    pub(super) body: ValueRef<'a>,
    pub(super) params: ValueRef<'a>,
}

/// The request of a call; `None` if that is for the JavaScript side.
#[inline(never)]
pub(super) fn planned(
    desk: &Desk,
    fast: &Fast,
    cx: CallContext,
    given: &Given,
) -> Outcome<Option<Rc<Request>>> {
    let texts = &desk.texts;
    let Some(url) = fast.text(desk, cx, given.url) else {
        return Ok(None);
    };
    let Some(host) = plain_host(&url) else {
        return Ok(None);
    };
    let body = if given.body.is_nullish() {
        Vec::new()
    } else {
        match cx.text(given.body, |text| text.as_bytes().to_vec()) {
            Some(body) => body,
            None => return Ok(None),
        }
    };
    let mut params = Params::default();
    if !(given.params.is_nullish() || params.read(desk, fast, cx, given.params)?) {
        return Ok(None);
    }
    let mut headers = Headers::with_capacity(3 + params.headers.len());
    headers.push((fast.host.clone(), texts.kept(host)));
    headers.push((fast.user_agent.clone(), fast.agent.clone()));
    if has_length(&given.method, &body) {
        headers.push((fast.content_length.clone(), texts.number(body.len())));
    }
    params.headers.sort_by(|a, b| a.0.cmp(&b.0));
    headers.append(&mut params.headers);
    let tag = |key: &str| {
        let found = params.tags.iter().find(|(k, _)| **k == *key);
        found.map(|(_, value)| value.clone())
    };
    let name = tag("name").unwrap_or_else(|| url.clone());
    let state = desk.vu();
    Ok(Some(Rc::new(Request {
        id: state.next_request(),
        method: given.method.clone(),
        url_tag: tag("url").unwrap_or_else(|| name.clone()),
        url,
        name,
        headers,
        body,
        tags: texts.tags(params.tags),
        timeout: params.timeout.unwrap_or(TIMEOUT),
        expected: Some(state.usual.clone()),
        group: state.group.borrow().clone(),
    })))
}

/// Whether a request tells how long its body is.
pub(crate) fn has_length(method: &str, body: &[u8]) -> bool {
    !(body.is_empty() && matches!(method, "GET" | "HEAD" | "OPTIONS" | "DELETE"))
}

/// The host of an address that is sent as it is written: without fragment, user, or anything to be checked.
fn plain_host(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"))?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let host = &rest[..end];
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    let unusual = |b: u8| b < b' ' || matches!(b, b'#' | b'%' | 0x7f);
    let plain = !name.is_empty()
        && name.bytes().all(named)
        && port.bytes().all(|b| b.is_ascii_digit())
        && !rest[end..].bytes().any(unusual);
    plain.then_some(host)
}

/// The usual parameters of a call.
#[derive(Default)]
struct Params {
    headers: Headers<Rc<str>>,
    tags: Headers<Rc<str>>,
    timeout: Option<Duration>,
}

impl Params {
    /// Reads them. False if there are others, or unusual ones.
    fn read(
        &mut self,
        desk: &Desk,
        fast: &Fast,
        cx: CallContext,
        given: ValueRef,
    ) -> Outcome<bool> {
        if !fast.is_plain_object(given) {
            return Ok(false);
        }
        for key in cx.names(given)?.iter() {
            let value = cx.get(given, key)?;
            let usual = if key == fast.headers.name() {
                self.read_headers(desk, fast, cx, value.borrowed())?
            } else if key == fast.tags.name() {
                texts(desk, fast, cx, value.borrowed(), &mut self.tags)?
            } else if key == fast.timeout.name() {
                let ms = value.borrowed().number().filter(|ms| !ms.is_nan());
                self.timeout = ms.map(from_milliseconds);
                ms.is_some()
            } else {
                false
            };
            if !usual {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read_headers(
        &mut self,
        desk: &Desk,
        fast: &Fast,
        cx: CallContext,
        given: ValueRef,
    ) -> Outcome<bool> {
        let mut read = Headers::new();
        if !texts(desk, fast, cx, given, &mut read)? {
            return Ok(false);
        }
        for (name, value) in read {
            let name = match is_canonical(&name) {
                true => name,
                false => desk.texts.kept(&canonical(&name)),
            };
            if matches!(&*name, "Host" | "User-Agent" | "Cookie" | "Content-Length") {
                return Ok(false);
            }
            match self.headers.iter_mut().find(|(n, _)| *n == name) {
                Some(known) => known.1 = value,
                None => self.headers.push((name, value)),
            }
        }
        Ok(true)
    }
}

/// Adds names and values of an object whose values are texts or numbers. False if it has others.
fn texts(
    desk: &Desk,
    fast: &Fast,
    cx: CallContext,
    given: ValueRef,
    into: &mut Headers<Rc<str>>,
) -> Outcome<bool> {
    if !fast.is_plain_object(given) {
        return Ok(false);
    }
    let names = cx.names(given)?;
    into.reserve_exact(names.len());
    for name in names.iter() {
        let value = cx.get(given, name)?;
        let text = match value.borrowed().number() {
            Some(_) => cx.shown(value.borrowed(), |text| desk.texts.kept(text)),
            None => fast.text(desk, cx, value.borrowed()),
        };
        let Some(text) = text else {
            return Ok(false);
        };
        into.push((fast.literals.name(cx, name), text));
    }
    Ok(true)
}

/// Whether a name is written as Go writes it, as far as that is seen at a glance.
fn is_canonical(name: &str) -> bool {
    let mut first = true;
    name.bytes().all(|b| {
        let fits = if first {
            b.is_ascii_uppercase()
        } else {
            b.is_ascii_lowercase() || b == b'-'
        };
        first = b == b'-';
        fits
    })
}

/// The name of a header as Go writes it.
pub(crate) fn canonical(name: &str) -> String {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+.^_`|~-".contains(&b);
    if !name.bytes().all(token) {
        return name.to_owned();
    }
    let mut first = true;
    let letter = |c: char| {
        let c = if first {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        };
        first = c == '-';
        c
    };
    name.chars().map(letter).collect()
}

impl Desk {
    /// The response to a request, as the script sees it.
    fn response<'js>(
        &self,
        ctx: &Ctx<'js>,
        request: Rc<Request>,
        response: Response,
    ) -> Result<OwnedValue<'js>> {
        let responses = self.responses.borrow();
        let responses = responses.as_ref().ok_or(rquickjs::Error::Unknown)?;
        let made = responses.make(ctx, Exchange::new(request, response))?;
        Ok(OwnedValue::of(CallContext::of(ctx), &made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_named_as_go_names_them() {
        assert_eq!(canonical("content-type"), "Content-Type");
        assert_eq!(canonical("x-REQUEST-iD"), "X-Request-Id");
        assert_eq!(canonical("a b"), "a b");
        assert_eq!(canonical("-x"), "-X");
    }

    #[test]
    fn only_plain_addresses_go_the_quick_way() {
        assert_eq!(
            plain_host("http://localhost:8080/a?b=c d"),
            Some("localhost:8080")
        );
        assert_eq!(plain_host("https://a.b-c"), Some("a.b-c"));
        for other in [
            "http:///a",
            "http://a:x/",
            "http://u@h/",
            "http://h/#f",
            "http://h/%zz",
            "ftp://h/",
            "http://h/\n",
            "/a",
        ] {
            assert_eq!(plain_host(other), None, "{other}");
        }
    }
}
