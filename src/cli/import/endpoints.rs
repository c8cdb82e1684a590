//! The endpoints that a script calls: their names, their routes, and the sections of the system with numbers to fill in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use capsim_script::record::pattern;

use super::stub;
use super::toml_text::{key, quoted};

/// Endpoints by their names, with what is known of them.
pub type Endpoints = BTreeMap<String, Endpoint>;

/// What a script calls.
#[derive(Debug, Default)]
pub struct Endpoint {
    /// Method and path.
    pub route: String,
    /// Fields of its bodies that the script reads.
    pub reads: BTreeSet<String>,
}

/// The name that an endpoint has in a model of a script: letters, digits and underscores.
pub fn endpoint_name(method: &str, url: &str, tag: &str) -> String {
    let tagged = !tag.contains("://");
    let path = pattern(url);
    let text = if tagged {
        tag.to_string()
    } else if path == "/" {
        "home".to_string()
    } else {
        format!("{method}{path}").replace("{id}", "id")
    };
    let mut name = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.ends_with('_') && !name.is_empty() {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_').to_string();
    if name.is_empty() { "home".into() } else { name }
}

/// A route that two others fit: the parts in which they differ are parameters. `None` if they have no part in common, or
/// not the same method or length.
pub(super) fn merged(one: &str, other: &str) -> Option<String> {
    let (a, b): (Vec<&str>, Vec<&str>) = (one.split('/').collect(), other.split('/').collect());
    if a.len() != b.len() || a[0] != b[0] {
        return None;
    }
    let same = a
        .iter()
        .zip(&b)
        .skip(1)
        .any(|(x, y)| x == y && *x != "{id}");
    let part = |(x, y): (&&str, &&str)| {
        if x == y {
            (*x).to_owned()
        } else {
            "{id}".to_owned()
        }
    };
    let parts: Vec<String> = a.iter().zip(&b).map(part).collect();
    (same || a == b).then(|| parts.join("/"))
}

/// The sections of the system, with numbers to fill in.
pub fn system(endpoints: &Endpoints) -> String {
    if endpoints.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "# FILL IN: the cores of the system, and how long they work on each request. Without an `answer` each field that\n\
         # the script reads is there and counts as 1; the values in braces are those of the model.\n\n\
         [stations.server]\nservers = 2\n\
         discipline = \"processor-sharing\"\n\n",
    );
    for (name, endpoint) in endpoints {
        writeln!(text, "# {}", endpoint.route).ok();
        let reads = endpoint.reads.iter().filter(|field| {
            let deeper = |other: &String| {
                let inside = other.strip_prefix(field.as_str());
                inside.is_some_and(|inside| inside.starts_with(['.', '[']))
            };
            !endpoint.reads.iter().any(deeper)
        });
        let reads: Vec<&str> = reads.map(String::as_str).collect();
        if !reads.is_empty() {
            writeln!(text, "# The script reads of its body: {}", reads.join(", ")).ok();
        }
        writeln!(text, "[endpoints.{}]", key(name)).ok();
        writeln!(text, "route = {}", quoted(&endpoint.route)).ok();
        if !reads.is_empty() {
            let body = stub::body(&reads);
            writeln!(text, "# answer = {{ body = {body} }}").ok();
        }
        text +=
            "visits = [{ station = \"server\", time = { exponential = \"10ms\" } }] # FILL IN\n\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::merged;

    #[test]
    fn routes_that_differ_in_a_part_are_one_with_a_parameter() {
        let one = |a, b| merged(a, b);
        assert_eq!(
            one("GET /p/red/x", "GET /p/blue/x").unwrap(),
            "GET /p/{id}/x"
        );
        assert_eq!(one("GET /p/{id}", "GET /p/7").unwrap(), "GET /p/{id}");
        assert_eq!(one("GET /p", "GET /p").unwrap(), "GET /p");
        assert_eq!(one("GET /list", "POST /list"), None);
        assert_eq!(one("GET /list", "GET /order"), None);
        assert_eq!(one("GET /a", "GET /a/b"), None);
    }
}
