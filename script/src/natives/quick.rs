//! The usual call of `k6/http` without a detour: one request, an answer with a text, nothing that the script set.
//!
//! What is unusual is left to the JavaScript side, which can do everything.

use super::Desk;
use super::answered::Exchange;
use super::fast::Fast;
use super::host::{milliseconds, shown};
use super::params::{Params, texts};
use crate::effect::{Answer, Effect, Headers, Request, Response};
use crate::raw::{CallContext, KeptName, Outcome, OwnedValue, ValueRef};
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
    mut planned: Planned,
) -> Result<Came<'js>> {
    let vu = desk.vu();
    planned.since = vu.port.now();
    Rc::make_mut(&mut planned.request).id = vu.next_request();
    drop(vu);
    let answer = desk.suspend(&cx.ctx(), Effect::Request(planned.request.clone()))?;
    came(desk, cx, planned, answer)
}

/// What came of a request that was sent. It is no part of `sent`, whose VU waits on a small stack.
#[inline(never)]
fn came<'js>(
    desk: &Desk,
    cx: CallContext<'js>,
    planned: Planned,
    answer: Answer,
) -> Result<Came<'js>> {
    match answer {
        Answer::Response(response) => desk.came_of(&cx.ctx(), planned, *response),
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

/// A request that needs nothing of the JavaScript side.
pub(super) struct Planned {
    pub(super) request: Rc<Request>,
    /// The script does not want the body of the answer.
    pub(super) discards_body: bool,
    /// When it was sent.
    pub(super) since: Duration,
}

impl Planned {
    /// The host of its address.
    pub(super) fn host(&self) -> &str {
        plain_host(&self.request.url).unwrap_or_default()
    }
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
) -> Outcome<Option<Planned>> {
    let texts = &desk.texts;
    let Some(Address { url, template }) = address(desk, fast, cx, given.url)? else {
        return Ok(None);
    };
    let Some(host) = texts.host(&url, plain_host) else {
        return Ok(None);
    };
    let state = desk.vu();
    let defaults = desk.defaults_of(&state);
    let mut params = Params::default();
    let Some(body) = body(desk, fast, cx, given.body, &mut params)? else {
        return Ok(None);
    };
    if !(given.params.is_nullish() || params.read(desk, fast, cx, given.params)?) {
        return Ok(None);
    }
    let mut headers = Headers::with_capacity(3 + params.headers.len());
    let host = params.host.unwrap_or(host);
    headers.push((fast.host.clone(), host));
    let agent = params.agent.unwrap_or_else(|| defaults.agent.clone());
    headers.push((fast.user_agent.clone(), agent));
    if has_length(&given.method, &body) {
        headers.push((fast.content_length.clone(), texts.number(body.len())));
    }
    params.headers.sort_by(|a, b| a.0.cmp(&b.0));
    headers.append(&mut params.headers);
    let tag = |key: &str| {
        let all = params.tags.iter().rev().chain(&defaults.tag_list);
        let mut found = all.filter(|(k, _)| **k == *key);
        found.next().map(|(_, value)| value.clone())
    };
    let name = tag("name").or(template).unwrap_or_else(|| url.clone());
    let request = Rc::new(Request {
        // It gets its number when it is sent.
        id: 0,
        method: given.method.clone(),
        url_tag: tag("url").unwrap_or_else(|| name.clone()),
        url,
        name,
        headers,
        body,
        tags: texts.tags(&defaults, params.tags),
        timeout: params.timeout.unwrap_or(TIMEOUT),
        expected: params.expected.unwrap_or_else(|| defaults.expected.clone()),
        group: state.group.borrow().clone(),
    });
    Ok(Some(Planned {
        request,
        discards_body: params.discards_body.unwrap_or(defaults.discards_bodies),
        since: Duration::ZERO,
    }))
}

/// The address of a call.
struct Address {
    url: Rc<str>,
    /// Its name, if it was made by `http.url`.
    template: Option<Rc<str>>,
}

fn address(desk: &Desk, fast: &Fast, cx: CallContext, given: ValueRef) -> Outcome<Option<Address>> {
    if let Some(url) = fast.text(desk, cx, given) {
        return Ok(Some(Address {
            url,
            template: None,
        }));
    }
    if !fast.is_plain_object(given) {
        return Ok(None);
    }
    let text = |name: &KeptName| -> Outcome<Option<Rc<str>>> {
        let value = cx.own(given, name.name())?;
        Ok(value.and_then(|value| fast.text(desk, cx, value.borrowed())))
    };
    let template = text(&fast.template)?;
    let url = match template {
        Some(_) => text(&fast.url)?,
        None => None,
    };
    Ok(url.map(|url| Address { url, template }))
}

/// The body of a call: a text, or the fields of a form, which say what they are in the headers.
fn body(
    desk: &Desk,
    fast: &Fast,
    cx: CallContext,
    given: ValueRef,
    params: &mut Params,
) -> Outcome<Option<Vec<u8>>> {
    if given.is_nullish() {
        return Ok(Some(Vec::new()));
    }
    if given.is_text() {
        return Ok(cx.text(given, |text| text.as_bytes().to_vec()));
    }
    let mut fields = Headers::new();
    if !texts(desk, fast, cx, given, &mut fields)? {
        return Ok(None);
    }
    fields.sort();
    let kind = (fast.content_type.clone(), fast.form.clone());
    params.headers.push(kind);
    Ok(Some(form(&fields)))
}

/// Fields as a form, as Go's `url.Values.Encode` writes them.
fn form(fields: &[(Rc<str>, Rc<str>)]) -> Vec<u8> {
    let mut written = Vec::new();
    for (name, value) in fields {
        if !written.is_empty() {
            written.push(b'&');
        }
        escape(name, &mut written);
        written.push(b'=');
        escape(value, &mut written);
    }
    written
}

fn escape(text: &str, into: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b' ' => into.push(b'+'),
            b'-' | b'_' | b'.' | b'~' => into.push(byte),
            _ if byte.is_ascii_alphanumeric() => into.push(byte),
            _ => into.extend(format!("%{byte:02X}").bytes()),
        }
    }
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

impl Desk {
    /// What came of a request with this answer.
    pub(super) fn came_of<'js>(
        &self,
        ctx: &Ctx<'js>,
        planned: Planned,
        response: Response,
    ) -> Result<Came<'js>> {
        if is_plain(&response) {
            return self.response(ctx, planned, response).map(Came::Response);
        }
        let answer = shown(ctx, response)?;
        answer.set(17, milliseconds(planned.since))?;
        Ok(Came::Answer(answer))
    }

    /// The response to a request, as the script sees it.
    fn response<'js>(
        &self,
        ctx: &Ctx<'js>,
        planned: Planned,
        mut response: Response,
    ) -> Result<OwnedValue<'js>> {
        let responses = self.responses.borrow();
        let responses = responses.as_ref().ok_or(rquickjs::Error::Unknown)?;
        if planned.discards_body {
            response.body = None;
        }
        let made = responses.make(ctx, Exchange::new(planned.request, response))?;
        Ok(OwnedValue::of(CallContext::of(ctx), &made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
