//! The usual call of `k6/http` without a detour: one request, an answer with a text, nothing that the script set.
//!
//! What is unusual is left to the JavaScript side, which can do everything.

use super::Desk;
use super::answered::Exchange;
use super::fast::Fast;
use super::host::{from_milliseconds, milliseconds, shown};
use crate::effect::{Answer, Effect, Headers, Request, Response};
use crate::raw::{Held, Here, Outcome, Word};
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
    Response(Held<'js>),
    /// An answer of which there is more to be done.
    Answer(Array<'js>),
}

/// Sends a request.
pub(super) fn sent<'js>(desk: &Desk, here: Here<'js>, request: Rc<Request>) -> Result<Came<'js>> {
    let since = desk.vu().port.now();
    let answer = desk.suspend(&here.ctx(), Effect::Request(request.clone()))?;
    came(desk, here, request, since, answer)
}

/// What came of a request that was sent then. It is no part of `sent`, whose VU waits on a small stack.
#[inline(never)]
fn came<'js>(
    desk: &Desk,
    here: Here<'js>,
    request: Rc<Request>,
    since: Duration,
    answer: Answer,
) -> Result<Came<'js>> {
    match answer {
        Answer::Response(response) if is_plain(&response) => {
            let response = desk.response(&here.ctx(), request, *response)?;
            Ok(Came::Response(response))
        }
        Answer::Response(response) => {
            let answer = shown(&here.ctx(), *response)?;
            answer.set(17, milliseconds(since))?;
            Ok(Came::Answer(answer))
        }
        _ => Err(Exception::throw_message(
            &here.ctx(),
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
    pub(super) url: Word<'a>,
    pub(super) body: Word<'a>,
    pub(super) params: Word<'a>,
}

/// The request of a call; `None` if that is for the JavaScript side.
#[inline(never)]
pub(super) fn planned(
    desk: &Desk,
    fast: &Fast,
    here: Here,
    given: &Given,
) -> Outcome<Option<Rc<Request>>> {
    let texts = &desk.texts;
    let Some(url) = fast.text(desk, here, given.url) else {
        return Ok(None);
    };
    let Some(host) = plain_host(&url) else {
        return Ok(None);
    };
    let body = if given.body.is_nullish() {
        Vec::new()
    } else {
        match here.text(given.body, |text| text.as_bytes().to_vec()) {
            Some(body) => body,
            None => return Ok(None),
        }
    };
    let mut params = Params::default();
    if !(given.params.is_nullish() || params.read(desk, fast, here, given.params)?) {
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
    fn read(&mut self, desk: &Desk, fast: &Fast, here: Here, given: Word) -> Outcome<bool> {
        if !fast.is_plain_object(given) {
            return Ok(false);
        }
        for key in here.names(given)?.iter() {
            let value = here.get(given, key)?;
            let usual = if key == fast.headers.name() {
                self.read_headers(desk, fast, here, value.word())?
            } else if key == fast.tags.name() {
                texts(desk, fast, here, value.word(), &mut self.tags)?
            } else if key == fast.timeout.name() {
                let ms = value.word().number().filter(|ms| !ms.is_nan());
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

    fn read_headers(&mut self, desk: &Desk, fast: &Fast, here: Here, given: Word) -> Outcome<bool> {
        let mut read = Headers::new();
        if !texts(desk, fast, here, given, &mut read)? {
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
    here: Here,
    given: Word,
    into: &mut Headers<Rc<str>>,
) -> Outcome<bool> {
    if !fast.is_plain_object(given) {
        return Ok(false);
    }
    let names = here.names(given)?;
    into.reserve_exact(names.len());
    for name in names.iter() {
        let value = here.get(given, name)?;
        let text = match value.word().number() {
            Some(_) => here.shown(value.word(), |text| desk.texts.kept(text)),
            None => fast.text(desk, here, value.word()),
        };
        let Some(text) = text else {
            return Ok(false);
        };
        into.push((fast.literals.name(here, name), text));
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
    ) -> Result<Held<'js>> {
        let responses = self.responses.borrow();
        let responses = responses.as_ref().ok_or(rquickjs::Error::Unknown)?;
        let made = responses.make(ctx, Exchange::new(request, response))?;
        Ok(Held::of(Here::of(ctx), &made))
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
