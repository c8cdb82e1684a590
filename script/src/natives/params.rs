//! The usual parameters of a call of `k6/http`: headers, tags, a timeout, and what is expected of the answer.

use super::fast::Fast;
use super::host::from_milliseconds;
use super::{Desk, Statuses};
use crate::effect::Headers;
use crate::raw::{CallContext, KeptName, Outcome, ValueRef};
use std::rc::Rc;
use std::time::Duration;

/// The usual parameters of a call.
#[derive(Default)]
pub(super) struct Params {
    pub(super) headers: Headers<Rc<str>>,
    pub(super) host: Option<Rc<str>>,
    pub(super) agent: Option<Rc<str>>,
    pub(super) tags: Headers<Rc<str>>,
    pub(super) timeout: Option<Duration>,
    pub(super) expected: Option<Option<Statuses>>,
    pub(super) discards_body: Option<bool>,
}

impl Params {
    /// Reads them. False if there are others, or unusual ones.
    pub(super) fn read(
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
            let value = value.borrowed();
            let is = |name: &KeptName| key == name.name();
            let usual = if is(&fast.headers) {
                self.read_headers(desk, fast, cx, value)?
            } else if is(&fast.tags) {
                value.is_nullish() || texts(desk, fast, cx, value, &mut self.tags)?
            } else if is(&fast.timeout) {
                self.timeout = timeout(cx, value);
                self.timeout.is_some()
            } else if is(&fast.response_callback) {
                self.expected = expected(desk, fast, cx, value)?;
                self.expected.is_some()
            } else if is(&fast.response_type) {
                self.discards_body = cx.text(value, discards).flatten();
                self.discards_body.is_some()
            } else if is(&fast.redirects) || is(&fast.throw) {
                // They tell what becomes of an answer that is for the JavaScript side.
                value.number().is_some() || value.boolean().is_some()
            } else {
                is(&fast.auth)
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
            match &*name {
                "Host" => {
                    self.host = Some(value);
                    continue;
                }
                "User-Agent" => {
                    self.agent = Some(value);
                    continue;
                }
                "Content-Length" => continue,
                "Cookie" => return Ok(false),
                _ => {}
            }
            match self.headers.iter_mut().find(|(n, _)| *n == name) {
                Some(known) => known.1 = value,
                None => self.headers.push((name, value)),
            }
        }
        Ok(true)
    }
}

/// How long a request may take: milliseconds, or a number with one unit.
fn timeout(cx: CallContext, given: ValueRef) -> Option<Duration> {
    let ms = given
        .number()
        .or_else(|| cx.text(given, simple_duration).flatten());
    ms.filter(|ms| !ms.is_nan()).map(from_milliseconds)
}

/// The milliseconds of a number with one unit.
fn simple_duration(text: &str) -> Option<f64> {
    let end = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(end);
    let digits = |b: u8| b.is_ascii_digit() || b == b'.';
    let number: f64 = number.bytes().all(digits).then(|| number.parse().ok())??;
    let unit = match unit {
        "ms" => 1.0,
        "s" => 1e3,
        "m" => 6e4,
        "h" => 3.6e6,
        _ => return None,
    };
    Some(number * unit)
}

/// The statuses that a call expects; the inner `None`: nobody asks. The outer one: for the JavaScript side.
fn expected(
    desk: &Desk,
    fast: &Fast,
    cx: CallContext,
    given: ValueRef,
) -> Outcome<Option<Option<Statuses>>> {
    if given.is_nullish() {
        return Ok(Some(None));
    }
    if !fast.is_plain_object(given) {
        return Ok(None);
    }
    let number = cx.own(given, fast.statuses.name())?;
    let number = number.and_then(|number| number.borrowed().number());
    let statuses = number.and_then(|number| desk.defaults.statuses(number as usize));
    Ok(statuses.map(Some))
}

/// Whether an answer of this type has no body; `None` if that is for the JavaScript side.
fn discards(response_type: &str) -> Option<bool> {
    match response_type {
        "text" => Some(false),
        "none" => Some(true),
        _ => None,
    }
}

/// Adds names and values of an object whose values are texts, numbers or booleans. False if it has others.
pub(super) fn texts(
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
        let value = value.borrowed();
        let text = match value.number().is_some() || value.boolean().is_some() {
            true => cx.shown(value, |text| desk.texts.kept(text)),
            false => fast.text(desk, cx, value),
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

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn headers_are_named_as_go_names_them() {
        assert_eq!(canonical("content-type"), "Content-Type");
        assert_eq!(canonical("x-REQUEST-iD"), "X-Request-Id");
        assert_eq!(canonical("a b"), "a b");
        assert_eq!(canonical("-x"), "-X");
    }
}
