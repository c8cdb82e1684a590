//! JSON texts as values of the engine. `serde_json` reads them; the engine makes the values.

use crate::raw::{CallContext, KnownNames, OwnedName, OwnedValue, Thrown};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Lists and objects within each other; the engine reads what has more, as it minds its stack.
const DEEPEST: usize = 32;

/// What a JSON text says; `None` if it is not JSON, or is left to the engine: texts that are not UTF-8, halves of
/// surrogate pairs, numbers out of range.
pub(super) fn read<'js>(
    cx: CallContext<'js>,
    names: &KnownNames,
    text: &[u8],
) -> Option<OwnedValue<'js>> {
    let reading = Reading {
        cx,
        names,
        left: DEEPEST,
    };
    let mut from = serde_json::Deserializer::from_slice(text);
    let read = reading.deserialize(&mut from);
    let read = read.and_then(|value| from.end().map(|()| value));
    if read.is_err() {
        // The engine finds out by itself that it has no memory.
        cx.forget_exception();
    }
    read.ok()
}

/// What reads a value.
#[derive(Clone, Copy)]
struct Reading<'n, 'js> {
    cx: CallContext<'js>,
    names: &'n KnownNames,
    /// Lists and objects that may still begin within this one.
    left: usize,
}

impl Reading<'_, '_> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        let left = self.left.checked_sub(1);
        let left = left.ok_or_else(|| E::custom("too deep"))?;
        Ok(Reading { left, ..self })
    }
}

fn thrown<E: Error>(_: Thrown) -> E {
    E::custom("an exception")
}

impl<'de, 'js> DeserializeSeed<'de> for Reading<'_, 'js> {
    type Value = OwnedValue<'js>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, 'js> Visitor<'de> for Reading<'_, 'js> {
    type Value = OwnedValue<'js>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(self.cx.null())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(self.cx.boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(match i32::try_from(value) {
            Ok(value) => self.cx.integer(value),
            Err(_) => self.cx.number(value as f64),
        })
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(match i32::try_from(value) {
            Ok(value) => self.cx.integer(value),
            Err(_) => self.cx.number(value as f64),
        })
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(self.cx.number(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        self.cx.new_text(value).map_err(thrown)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let inner = self.inner()?;
        let mut values = Vec::new();
        while let Some(value) = from.next_element_seed(inner)? {
            values.push(value);
        }
        self.cx.new_array(values).map_err(thrown)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let inner = self.inner()?;
        let object = self.cx.new_object().map_err(thrown)?;
        while let Some(name) = from.next_key_seed(Key(inner))? {
            let value = from.next_value_seed(inner)?;
            let defined = self.cx.define(object.borrowed(), name.name(), value);
            defined.map_err(thrown)?;
        }
        Ok(object)
    }
}

/// What reads the name of a field.
struct Key<'n, 'js>(Reading<'n, 'js>);

impl<'de, 'js> DeserializeSeed<'de> for Key<'_, 'js> {
    type Value = OwnedName<'js>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'js> Visitor<'_> for Key<'_, 'js> {
    type Value = OwnedName<'js>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let name = self.0.names.name(self.0.cx, text);
        name.ok_or_else(|| thrown(Thrown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rquickjs::{Context, Function, Runtime, Value};

    /// What the engine's own reader makes of a text, and whether that is the same.
    const SAME: &str = "(read, text) => {
        const same = (a, b) => Object.is(a, b) || (typeof a === 'object' && a !== null && b !== null
            && Object.getPrototypeOf(a) === Object.getPrototypeOf(b)
            && JSON.stringify(Reflect.ownKeys(a)) === JSON.stringify(Reflect.ownKeys(b))
            && Reflect.ownKeys(a).every((key) => {
                const [x, y] = [a, b].map((o) => Object.getOwnPropertyDescriptor(o, key));
                return same(x.value, y.value) && x.writable === y.writable
                    && x.enumerable === y.enumerable && x.configurable === y.configurable;
            }));
        return same(read, JSON.parse(text));
    }";

    fn check(text: &str, is_read: bool) {
        let runtime = Runtime::new().unwrap();
        let context = Context::full(&runtime).unwrap();
        context.with(|ctx| {
            let (cx, names) = (CallContext::of(&ctx), KnownNames::of(&ctx));
            for _ in 0..2 {
                let value = read(cx, &names, text.as_bytes());
                assert_eq!(value.is_some(), is_read, "{text}");
                let Some(value) = value else { continue };
                let same: Function = ctx.eval(SAME).unwrap();
                let value: Value = cx.value(value.borrowed());
                assert!(same.call::<_, bool>((value, text)).unwrap(), "{text}");
            }
        });
    }

    #[test]
    fn texts_say_what_they_say_to_the_engine() {
        for text in [
            "null",
            " true ",
            "-0",
            "5.0",
            "2147483648",
            "-2147483649",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "0.1",
            "123456789012345678901234567890.5",
            "2.2250738585072011e-308",
            "1e23",
            r#""a\u00e9\ud83d\ude00\n\"""#,
            "\"\u{e9}\u{1F600}\"",
            "[]",
            "{}",
            r#"[1, [2, "3"], {"a": [null, false]}]"#,
            r#"{"data": {"token": "abc", "wait": 12.5}, "list": [{"id": 1}, {"id": 2}]}"#,
            r#"{"b": 1, "a": 2, "10": 3, "2": 4, "": 5, "b": 6}"#,
            r#"{"__proto__": {"x": 1}, "constructor": 2, "length": 3}"#,
            r#"{"a long name that is kept no more, as it has more than a hundred and twenty-eight bytes, which is the most that one may have": 1}"#,
        ] {
            check(text, true);
        }
        check(&("[".repeat(31) + "7" + &"]".repeat(31)), true);
    }

    #[test]
    fn the_engine_reads_what_is_unusual() {
        for text in [
            "",
            "{",
            "nul",
            "[1,]",
            "{a: 1}",
            "1 2",
            "1e400",
            r#""\ud800""#,
        ] {
            check(text, false);
        }
        check(&("[".repeat(60) + &"]".repeat(60)), false);
    }
}
