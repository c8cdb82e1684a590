//! The usual call of `k6/http` without a detour: one request, an answer with a text, nothing that the script set.
//!
//! What is unusual is left to the JavaScript side, which can do everything.

use super::answered::Exchange;
use super::host::{from_milliseconds, milliseconds, shown};
use super::{Desk, State};
use crate::effect::{Answer, Effect, Request, Response, Tags};
use rquickjs::function::Func;
use rquickjs::object::Filter;
use rquickjs::{Coerced, Ctx, Exception, Object, Result, Value};
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
                let Some(request) = planned(&own.vu(), method, &url, &body, &params)? else {
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
    let asks = |(name, _): &(String, String)| {
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
    state: &State,
    method: String,
    url: &Value,
    body: &Value,
    params: &Value,
) -> Result<Option<Request>> {
    let Some(url) = url.as_string() else {
        return Ok(None);
    };
    let url = url.to_string()?;
    let Some(host) = plain_host(&url) else {
        return Ok(None);
    };
    let host = host.to_owned();
    let body = match body.as_string() {
        Some(text) => text.to_string()?.into_bytes(),
        None if body.is_undefined() || body.is_null() => Vec::new(),
        None => return Ok(None),
    };
    let mut given = Params::default();
    if !(params.is_undefined() || params.is_null() || given.read(params)?) {
        return Ok(None);
    }
    let mut headers = vec![
        ("Host".to_owned(), host),
        ("User-Agent".to_owned(), AGENT.to_owned()),
    ];
    headers.extend(content_length(&method, &body));
    given.headers.sort_by(|a, b| a.0.cmp(&b.0));
    headers.append(&mut given.headers);
    let name = given.tags.get("name").unwrap_or(&url).clone();
    Ok(Some(Request {
        id: state.next_request(),
        method,
        url_tag: given.tags.get("url").unwrap_or(&name).clone(),
        url,
        name,
        headers,
        body,
        tags: given.tags,
        timeout: given.timeout.unwrap_or(TIMEOUT),
        expected: Some(state.usual.clone()),
        group: state.group.borrow().clone(),
    }))
}

/// The header that tells how long a body is, if one is sent.
pub(crate) fn content_length(method: &str, body: &[u8]) -> Option<(String, String)> {
    let without = body.is_empty() && matches!(method, "GET" | "HEAD" | "OPTIONS" | "DELETE");
    (!without).then(|| ("Content-Length".to_owned(), body.len().to_string()))
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
    headers: Vec<(String, String)>,
    tags: Tags,
    timeout: Option<Duration>,
}

impl Params {
    /// Reads them. False if there are others, or unusual ones: then nothing was read that could tell.
    fn read(&mut self, given: &Value) -> Result<bool> {
        let Some(given) = plain_object(given) else {
            return Ok(false);
        };
        let keys = given.own_keys::<String>(Filter::default());
        let keys = keys.collect::<Result<Vec<String>>>()?;
        if !keys
            .iter()
            .all(|k| matches!(&**k, "headers" | "tags" | "timeout"))
        {
            return Ok(false);
        }
        for key in keys {
            let value: Value = given.get(&*key)?;
            let usual = match &*key {
                "headers" => self.read_headers(&value)?,
                "tags" => self.read_tags(&value)?,
                _ => {
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

    fn read_headers(&mut self, given: &Value) -> Result<bool> {
        let Some(texts) = texts(given)? else {
            return Ok(false);
        };
        for (name, value) in texts {
            let name = canonical(&name);
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

    fn read_tags(&mut self, given: &Value) -> Result<bool> {
        let texts = texts(given)?;
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
fn texts(given: &Value) -> Result<Option<Vec<(String, String)>>> {
    let Some(given) = plain_object(given) else {
        return Ok(None);
    };
    let mut texts = Vec::new();
    for entry in given.own_props::<String, Value>(Filter::default()) {
        let (name, value) = entry?;
        let text = match value.as_string() {
            Some(text) => text.to_string()?,
            None if value.is_number() => value.get::<Coerced<String>>()?.0,
            None => return Ok(None),
        };
        texts.push((name, text));
    }
    Ok(Some(texts))
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
        let exchange = Exchange { request, response };
        let responses = self.responses.borrow();
        let responses = responses.as_ref().ok_or(rquickjs::Error::Unknown)?;
        responses.make(ctx, exchange)
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
