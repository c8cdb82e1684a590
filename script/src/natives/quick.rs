//! The usual call of `k6/http` without a detour: one request, an answer with a text, nothing that the script set.
//!
//! What is unusual is left to the JavaScript side, which can do everything.

use super::Desk;
use super::answered::Exchange;
use super::host::{from_milliseconds, milliseconds, shown};
use super::texts::Texts;
use crate::effect::{Answer, Effect, Headers, Request, Response};
use rquickjs::function::Func;
use rquickjs::object::Filter;
use rquickjs::{Atom, Coerced, Ctx, Exception, Object, Result, Value};
use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

/// What k6 says it is.
pub(crate) const AGENT: &str = "Grafana k6/2.2.0";

/// How long a request may take unless the script says otherwise.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Gives the script the quick way.
pub(crate) fn install<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    natives.set("agent", AGENT)?;
    let own = desk.clone();
    natives.set(
        "quick",
        Func::from(
            move |ctx: Ctx<'js>,
                  method: String,
                  url: Value<'js>,
                  body: Value<'js>,
                  params: Value<'js>| {
                let Some(request) = planned(&own, &method, &url, &body, &params)? else {
                    return Ok(Value::new_undefined(ctx));
                };
                sent(&own, &ctx, request)
            },
        ),
    )
}

/// Sends a request. Gives the response, or the bare answer where there is more to be done.
fn sent<'js>(desk: &Desk, ctx: &Ctx<'js>, request: Request) -> Result<Value<'js>> {
    let (request, since) = (Rc::new(request), desk.vu().port.now());
    match desk.suspend(ctx, Effect::Request(request.clone()))? {
        Answer::Response(response) if is_plain(&response) => desk.response(ctx, request, *response),
        Answer::Response(response) => {
            let answer = shown(ctx, *response)?;
            answer.set(17, milliseconds(since))?;
            Ok(answer.into_value())
        }
        _ => Err(Exception::throw_message(
            ctx,
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

/// The request of a call; `None` if that is for the JavaScript side.
fn planned(
    desk: &Desk,
    method: &str,
    url: &Value,
    body: &Value,
    params: &Value,
) -> Result<Option<Request>> {
    let texts = &desk.texts;
    let Some(url) = url.as_string() else {
        return Ok(None);
    };
    let url = url.clone().to_cstring()?;
    let Some(host) = plain_host(url.as_str()) else {
        return Ok(None);
    };
    let body = match body.as_string() {
        Some(text) => text.to_string()?.into_bytes(),
        None if body.is_undefined() || body.is_null() => Vec::new(),
        None => return Ok(None),
    };
    let mut given = Params::default();
    if !(params.is_undefined() || params.is_null() || given.read(texts, params)?) {
        return Ok(None);
    }
    let mut headers = Headers::with_capacity(3 + given.headers.len());
    headers.push((texts.kept("Host"), texts.kept(host)));
    headers.push((texts.kept("User-Agent"), texts.kept(AGENT)));
    if has_length(method, &body) {
        let length = texts.kept(&body.len().to_string());
        headers.push((texts.kept("Content-Length"), length));
    }
    given.headers.sort_by(|a, b| a.0.cmp(&b.0));
    headers.append(&mut given.headers);
    let url = texts.kept(url.as_str());
    let tag = |key: &str| {
        let found = given.tags.iter().find(|(k, _)| **k == *key);
        found.map(|(_, value)| value.clone())
    };
    let name = tag("name").unwrap_or_else(|| url.clone());
    let state = desk.vu();
    Ok(Some(Request {
        id: state.next_request(),
        method: texts.kept(method),
        url_tag: tag("url").unwrap_or_else(|| name.clone()),
        url,
        name,
        headers,
        body,
        tags: texts.tags(given.tags),
        timeout: given.timeout.unwrap_or(TIMEOUT),
        expected: Some(state.usual.clone()),
        group: state.group.borrow().clone(),
    }))
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

enum Param {
    Headers,
    Tags,
    Timeout,
}

impl Params {
    /// Reads them. False if there are others, or unusual ones: then nothing was read that could tell.
    fn read(&mut self, known: &Texts, given: &Value) -> Result<bool> {
        let Some(given) = plain_object(given) else {
            return Ok(false);
        };
        let mut keys = Vec::with_capacity(3);
        for key in given.own_keys::<Atom>(Filter::default()) {
            let key = key?;
            let name = match &*key.to_string()? {
                "headers" => Param::Headers,
                "tags" => Param::Tags,
                "timeout" => Param::Timeout,
                _ => return Ok(false),
            };
            keys.push((key, name));
        }
        for (key, name) in keys {
            let value: Value = given.get(key)?;
            let usual = match name {
                Param::Headers => self.read_headers(known, &value)?,
                Param::Tags => self.read_tags(known, &value)?,
                Param::Timeout => {
                    let ms = value.as_number().filter(|ms| !ms.is_nan());
                    self.timeout = ms.map(from_milliseconds);
                    ms.is_some()
                }
            };
            if !usual {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read_headers(&mut self, known: &Texts, given: &Value) -> Result<bool> {
        let Some(texts) = texts(known, given, true)? else {
            return Ok(false);
        };
        for (name, value) in texts {
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

    fn read_tags(&mut self, known: &Texts, given: &Value) -> Result<bool> {
        let texts = texts(known, given, false)?;
        let usual = texts.is_some();
        self.tags.extend(texts.into_iter().flatten());
        Ok(usual)
    }
}

/// An object of which reading a property twice is nothing to notice.
fn plain_object<'a, 'js>(value: &'a Value<'js>) -> Option<&'a Object<'js>> {
    let special = value.is_function() || value.is_array() || value.is_proxy();
    value.as_object().filter(|_| !special)
}

/// Names and values of an object whose values are texts or numbers.
fn texts(known: &Texts, given: &Value, header: bool) -> Result<Option<Headers<Rc<str>>>> {
    let Some(given) = plain_object(given) else {
        return Ok(None);
    };
    let mut texts = Headers::new();
    for entry in given.own_props::<String, Value>(Filter::default()) {
        let (name, value) = entry?;
        let text = match value.as_string() {
            Some(text) => known.kept(text.clone().to_cstring()?.as_str()),
            None if value.is_number() => known.kept(&value.get::<Coerced<String>>()?.0),
            None => return Ok(None),
        };
        let name = if header && !is_canonical(&name) {
            canonical(&name)
        } else {
            name
        };
        texts.push((known.kept(&name), text));
    }
    Ok(Some(texts))
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
    ) -> Result<Value<'js>> {
        let responses = self.responses.borrow();
        let responses = responses.as_ref().ok_or(rquickjs::Error::Unknown)?;
        responses.make(ctx, Exchange::new(request, response))
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
