//! Paths as templates: identifiers in them are one and the same endpoint.

use std::collections::BTreeMap;

/// A route that was given: `GET /seats/{id}` or `/seats/{id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    method: Option<String>,
    segments: Vec<String>,
    text: String,
}

impl Route {
    /// Reads a route; segments in braces stand for anything, and `*` at the end for any rest.
    ///
    /// # Errors
    /// If it has no path.
    pub fn parse(text: &str) -> Result<Route, String> {
        let text = text.trim();
        let (method, path) = match text.split_once(' ') {
            Some((method, path)) => (Some(method.to_string()), path.trim()),
            None => (None, text),
        };
        if !path.starts_with('/') {
            return Err(format!(
                "--route {text}: a path begins with /, such as `GET /seats/{{id}}`"
            ));
        }
        Ok(Route {
            method,
            segments: segments(path).map(str::to_string).collect(),
            text: path.to_string(),
        })
    }

    /// Whether a request belongs to it; of its path, without a query.
    #[must_use]
    pub fn takes(&self, method: &str, path: &str) -> bool {
        if self.method.as_deref().is_some_and(|own| own != method) {
            return false;
        }
        let open = self.segments.last().is_some_and(|s| s == "*");
        let own = &self.segments[..self.segments.len() - usize::from(open)];
        let mut given = segments(path);
        let fits = own.iter().all(|own| {
            given
                .next()
                .is_some_and(|given| own.starts_with('{') && !given.is_empty() || own == given)
        });
        fits && (open || given.next().is_none())
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.trim_start_matches('/').split('/')
}

/// The path alone, without host and query.
#[must_use]
pub fn plain(path: &str) -> &str {
    let path = path.split(['?', '#']).next().unwrap_or("");
    match path.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => path,
    }
}

/// The endpoint that a request belongs to: method and template of its path.
#[must_use]
pub fn template(method: &str, path: &str, routes: &[Route]) -> String {
    let mut text = String::new();
    write_template(&mut text, method, path, routes);
    text
}

/// As [`template`], behind what stands in a text.
pub fn write_template(text: &mut String, method: &str, path: &str, routes: &[Route]) {
    let path = plain(path);
    if !method.is_empty() {
        text.push_str(method);
        text.push(' ');
    }
    if let Some(route) = routes.iter().find(|route| route.takes(method, path)) {
        text.push_str(&route.text);
    } else if !path.starts_with('/') {
        // A tool's own name of a request.
        text.push_str(if path.is_empty() { "/" } else { path });
    } else {
        for segment in segments(path) {
            text.push('/');
            text.push_str(if is_id(segment) { "{id}" } else { segment });
        }
    }
}

/// Whether a segment is an identifier: digits, a UUID, a hash, or mostly digits.
fn is_id(segment: &str) -> bool {
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    if segment.is_empty() || digits == 0 {
        return false;
    }
    let hex = segment.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let word = segment
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    digits == segment.len()
        || hex && segment.len() >= 8
        || word && (digits >= 4 || segment.len() >= 20)
}

/// From this number of values at one place of otherwise equal paths on, they are identifiers, whatever they look like.
const MANY: usize = 20;

/// Folds templates that differ in one segment alone, where there are many of them; `counts` tells how many requests
/// each has. Gives the new template of each.
///
/// An API with thirty resources has many names at one place, too: those that a hundredth of all requests has, and ten
/// times as many as the median, are kept apart where they make up more than half of what stands there; behind the first
/// segment not of hundreds, as those are names, however popular the first of them are.
#[must_use]
pub fn fold(templates: &[String], counts: &[u64]) -> Vec<String> {
    let mut folded: Vec<String> = templates.to_vec();
    let all: u64 = counts.iter().sum();
    let depth = templates
        .iter()
        .map(|t| t.matches('/').count())
        .max()
        .unwrap_or(0);
    for place in 1..=depth.min(12) {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (k, template) in folded.iter().enumerate() {
            let mut parts: Vec<&str> = template.split('/').collect();
            if parts.len() > place && !parts[place].is_empty() {
                parts[place] = "{name}";
                groups.entry(parts.join("/")).or_default().push(k);
            }
        }
        for (template, members) in groups {
            let mut names: BTreeMap<&str, u64> = BTreeMap::new();
            let is_id = |k: usize| folded[k].split('/').nth(place) == Some("{id}");
            for k in members.iter().filter(|k| !is_id(**k)) {
                *names.entry(&folded[*k]).or_default() += counts[*k];
            }
            keep_apart(&mut names, all, place);
            if names.len() >= MANY {
                let fits = |k: &usize| is_id(*k) || names.contains_key(folded[*k].as_str());
                let all: Vec<usize> = members.into_iter().filter(fits).collect();
                for k in all {
                    folded[k].clone_from(&template);
                }
            }
        }
    }
    folded
}

/// Takes those out of the names at one place that are resources of their own, as [`fold`] tells.
fn keep_apart(names: &mut BTreeMap<&str, u64>, all: u64, place: usize) {
    let mut counts: Vec<u64> = names.values().copied().collect();
    counts.sort_unstable();
    let median = counts.get(counts.len() / 2).copied().unwrap_or(0);
    let frequent = |n: u64| n.saturating_mul(100) >= all && n >= 10 * median;
    let of_frequent: u64 = counts.iter().filter(|n| frequent(**n)).sum();
    let many = place > 1 && names.len() >= 10 * MANY;
    if !many && 2 * of_frequent > counts.iter().sum() {
        names.retain(|_, n| !frequent(*n));
    }
}

/// A name for a model, of letters, digits and `_`.
#[must_use]
pub fn name(template: &str) -> String {
    let mut name = String::new();
    for c in template.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.ends_with('_') && !name.is_empty() {
            name.push('_');
        }
    }
    let name: String = name.trim_end_matches('_').chars().take(60).collect();
    if name.is_empty() {
        "root".to_string()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_folded_and_names_are_not() {
        let of = |path: &str| template("GET", path, &[]);
        assert_eq!(of("/seats/17?x=1"), "GET /seats/{id}");
        assert_eq!(
            of("/u/550e8400-e29b-41d4-a716-446655440000/a"),
            "GET /u/{id}/a"
        );
        assert_eq!(of("/v1/orders/ORD-2026-0017"), "GET /v1/orders/{id}");
        assert_eq!(of("/api/v2/oauth2/added"), "GET /api/v2/oauth2/added");
        assert_eq!(of("http://h:80/a/7"), "GET /a/{id}");
        assert_eq!(of(""), "GET /");
        assert_eq!(template("", "home page", &[]), "home page");
    }

    #[test]
    fn routes_come_first() {
        let routes = [
            Route::parse("GET /u/{name}").unwrap(),
            Route::parse("/s/*").unwrap(),
        ];
        assert_eq!(template("GET", "/u/anna", &routes), "GET /u/{name}");
        assert_eq!(template("PUT", "/u/anna", &routes), "PUT /u/anna");
        assert_eq!(template("GET", "/s/a/b/c.js", &routes), "GET /s/*");
        assert!(Route::parse("seats").is_err());
    }

    #[test]
    fn resources_of_an_api_are_no_names_and_names_may_look_like_identifiers() {
        let letters = |k: u8| format!("{}{}", char::from(b'a' + k / 26), char::from(b'a' + k % 26));
        // Thirty resources, and forty pages that are hardly asked for.
        let mut all: Vec<String> = (0..70)
            .map(|k| format!("GET /api/{}", letters(k)))
            .collect();
        let mut counts = vec![100; 30];
        counts.resize(70, 1);
        let folded = fold(&all, &counts);
        assert_eq!(folded[..30], all[..30]);
        assert!(
            folded[30..].iter().all(|t| t == "GET /api/{name}"),
            "{folded:?}"
        );
        // Names of products, the first of which is asked for most, and some of which end in a number.
        all.push("GET /api/{id}".into());
        let counts: Vec<u64> = (0..71)
            .map(|k| if k == 0 { 20 } else { 1 + k % 3 })
            .collect();
        let folded = fold(&all, &counts);
        assert!(folded.iter().all(|t| t == "GET /api/{name}"), "{folded:?}");
    }

    #[test]
    fn many_names_at_one_place_are_one_endpoint() {
        let mut all: Vec<String> = (0..30)
            .map(|k| format!("GET /u/{}", char::from(b'a' + k % 26)) + &"x".repeat(usize::from(k)))
            .collect();
        all.push("GET /login".into());
        let folded = fold(&all, &vec![1; all.len()]);
        assert!(
            folded[..30].iter().all(|t| t == "GET /u/{name}"),
            "{folded:?}"
        );
        assert_eq!(folded[30], "GET /login");
        assert_eq!(name("GET /u/{name}"), "get_u_name");
        assert_eq!(name("/"), "root");
    }
}
