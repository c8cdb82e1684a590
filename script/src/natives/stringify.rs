//! `JSON.stringify` for what most bodies are: an object of texts, whole numbers and objects of those.
//!
//! Everything else is left to the engine's own function.

use super::Desk;
use super::fast::Fast;
use crate::raw::{CallContext, Native, NativeCall, Outcome, OwnedValue, ValueRef};
use std::ffi::{CStr, c_int};
use std::fmt::Write;

/// Objects within objects.
const DEEPEST: usize = 8;

/// Whole numbers up to here are written with all their digits.
const LARGEST: f64 = 1e15;

/// The function.
pub(super) struct Stringify;

impl Native for Stringify {
    type Host = Desk;
    const NAME: &'static CStr = c"stringify";
    const LENGTH: c_int = 3;

    fn call<'js>(desk: &Desk, call: NativeCall<'js>) -> Outcome<OwnedValue<'js>> {
        let cx = call.cx;
        let fast = desk.fast();
        if let [object] = call.args
            && fast.is_plain_object(*object)
        {
            let mut text = String::with_capacity(64);
            if written(&fast, cx, *object, DEEPEST, &mut text)? {
                return cx.new_text(&text);
            }
        }
        fast.slow_call(&call, "stringify")
    }
}

/// Writes an object. False if that is for the engine.
fn written(
    fast: &Fast,
    cx: CallContext,
    object: ValueRef,
    depth: usize,
    text: &mut String,
) -> Outcome<bool> {
    if depth == 0
        || !cx
            .get(object, fast.to_json.name())?
            .borrowed()
            .is_undefined()
    {
        return Ok(false);
    }
    text.push('{');
    for (at, key) in cx.names(object)?.iter().enumerate() {
        let name = fast.literals.name(cx, key);
        // What is no UTF-8 has been replaced.
        if !is_plain(&name) || name.contains(char::REPLACEMENT_CHARACTER) {
            return Ok(false);
        }
        if at > 0 {
            text.push(',');
        }
        text.push('"');
        text.push_str(&name);
        text.push_str("\":");
        // A getter must not run twice.
        let Some(value) = cx.own(object, key)? else {
            return Ok(false);
        };
        if !value_written(fast, cx, value.borrowed(), depth, text)? {
            return Ok(false);
        }
    }
    text.push('}');
    Ok(true)
}

fn value_written(
    fast: &Fast,
    cx: CallContext,
    value: ValueRef,
    depth: usize,
    text: &mut String,
) -> Outcome<bool> {
    if let Some(number) = value.number() {
        let whole = number.trunc() == number && number.abs() < LARGEST;
        return Ok(whole && write!(text, "{}", number as i64).is_ok());
    }
    if value.is_text() {
        let plain = cx.text(value, |value| {
            let plain = is_plain(value);
            if plain {
                text.push('"');
                text.push_str(value);
                text.push('"');
            }
            plain
        });
        return Ok(plain == Some(true));
    }
    if fast.is_plain_object(value) {
        return written(fast, cx, value, depth - 1, text);
    }
    Ok(false)
}

/// Whether a text stands in JSON as it is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\')
}
