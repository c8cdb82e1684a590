//! Parts of a request's body, without a tree of the whole.

use super::routes::form;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;
use std::fmt;

/// What a body, which is JSON or a form, has under these names, one within the other; numbers count the members of a
/// list from 0.
pub fn part(body: &[u8], names: &[String]) -> Option<Value> {
    let mut from = serde_json::Deserializer::from_slice(body);
    let found = Part(names).deserialize(&mut from);
    match found.and_then(|found| from.end().map(|()| found)) {
        Ok(found) => found,
        Err(_) => field(body, names),
    }
}

/// The same of a form, in which the last pair of a name counts.
fn field(body: &[u8], names: &[String]) -> Option<Value> {
    let [name] = names else {
        return None;
    };
    let pairs = form(&String::from_utf8_lossy(body));
    let mut own = pairs.into_iter().rev().filter(|(n, _)| n == name);
    own.next().map(|(_, value)| Value::String(value))
}

/// Finds what is under these names.
struct Part<'n>(&'n [String]);

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        match self.0 {
            [] => Value::deserialize(from).map(Some),
            _ => from.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let Some((name, within)) = self.0.split_first() else {
            return Ok(None);
        };
        let mut found = None;
        while let Some(is) = from.next_key_seed(Is(name))? {
            match is {
                true => found = from.next_value_seed(Part(within))?,
                false => drop(from.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let Some((name, within)) = self.0.split_first() else {
            return Ok(None);
        };
        let wanted = name.parse::<usize>().ok();
        let mut found = None;
        for at in 0.. {
            if wanted == Some(at) {
                match from.next_element_seed(Part(within))? {
                    Some(member) => found = member,
                    None => break,
                }
            } else if from.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(found)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Whether the name of a field is this one.
struct Is<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(name == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::part;
    use serde_json::{Value, json};

    fn under(body: &str, names: &str) -> Option<Value> {
        let names: Vec<String> = names.split('.').map(str::to_owned).collect();
        part(body.as_bytes(), &names)
    }

    #[test]
    fn parts_of_json_are_what_a_tree_has() {
        let body =
            r#"{"a": [{"b": 2}, {"b": [3, null]}], "c": {"d": "x", "0": 4}, "c2": 1.5, "n": null}"#;
        let tree: Value = serde_json::from_str(body).unwrap();
        for names in [
            "a", "a.0", "a.0.b", "a.1.b.0", "a.1.b.1", "a.1.b.2", "a.2", "a.b", "a.-1", "c", "c.d",
            "c.0", "c.d.e", "c2", "c2.x", "n", "n.x", "x", "x.y",
        ] {
            let found = names.split('.').try_fold(&tree, |value, name| match value {
                Value::Array(items) => items.get(name.parse::<usize>().ok()?),
                other => other.get(name),
            });
            assert_eq!(under(body, names), found.cloned(), "{names}");
        }
        assert_eq!(under(r#"{"a": 1, "a": {"b": 2}}"#, "a.b"), Some(json!(2)));
        assert_eq!(under(r#"{"a": {"b": 2}, "a": 1}"#, "a.b"), None);
        assert_eq!(under("17", "a"), None);
    }

    #[test]
    fn what_is_not_json_is_a_form() {
        assert_eq!(under("a=1&b=x+y&b=z%21", "b"), Some(json!("z!")));
        assert_eq!(under("a=1", "b"), None);
        assert_eq!(under("a=1", "a.b"), None);
        assert_eq!(under(r#"{"a": 1} x"#, "a"), None);
        assert_eq!(under("", "a"), None);
    }
}
