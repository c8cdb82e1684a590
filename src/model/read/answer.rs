//! What a script sees of an endpoint: `route`, `entities`, `answer` and `failure`.

use crate::answer::{Answer, Body, Http, Known, Name, Part, Piece, Route, Segment, Template};
use crate::field::Field;
use crate::files::Files;
use crate::section::Section;
use crate::suggest::suggestion;
use crate::tree::Value;
use crate::vocabulary::tables;

/// The key of a list that has an element for each free seat.
const EACH: &str = "each free seat";

/// Free seats that a list shows, unless the model says how many.
const SEATS: u32 = 1_000;

/// The `Content-Type` of a text.
const PLAIN: &str = "text/plain; charset=utf-8";

/// The `Content-Type` of a file that is no JSON, by its ending.
const ENDINGS: [(&str, &str); 8] = [
    ("html", "text/html; charset=utf-8"),
    ("htm", "text/html; charset=utf-8"),
    ("xml", "application/xml"),
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("ndjson", "application/x-ndjson"),
];

tables! {
    /// Parts of a request of a script, such as `body.userId`, `query.token`, `path.id` or `header.Authorization`. The
    /// last number in it counts.
    pub(super) static ENTITIES = "endpoints.NAME.entities" {
        /// The part that names the user, from 1.
        user: Text;
        /// The part that names the token; its owner is the user.
        token: Text;
        /// The part that names the event, from 1.
        event: Text;
        /// The part that names the seat, from 1, over all events.
        seat: Text;
        /// The part that names the hold on a seat.
        hold: Text;
    };

    /// The answer that a script gets. Values in braces are filled in: `{token}`, `{position}`, `{wait}`, `{seat}` …
    pub(super) static ANSWER = "endpoints.NAME.answer" {
        /// The status that the script sees.
        status: Whole(100, 599), otherwise("that of the request");
        /// Headers, each with its value or a list of values. The default `Content-Type` is that of the body:
        /// `application/json`; for `text`, `text/plain; charset=utf-8`; for a file, by its extension.
        headers: Named(&OneOrMore(&Text));
        /// The body: a table, or a text that is JSON.
        body: Any;
        /// A body that is not JSON, such as HTML, with values in braces.
        text: Text;
        /// A file with the body, as the real system sent it. In JSON, values in braces are filled in; anything else is
        /// sent as it is.
        file: Text;
    };
}

/// Reads those keys of an endpoint; `None` if there is none.
pub(super) fn read(section: &Section, files: &Files) -> Option<Http> {
    let route = section.optional("route");
    let entities = section.optional("entities");
    let (answer, failure) = (section.optional("answer"), section.optional("failure"));
    if [&route, &entities, &answer, &failure]
        .iter()
        .all(|f| f.is_none())
    {
        return None;
    }
    let route = route.and_then(|f| self::route(&f));
    let named = entities.and_then(|f| f.section());
    let entities = Name::ALL.into_iter().filter_map(|(name, entity)| {
        let part = named.as_ref()?.optional(name)?;
        Some((entity, part_of(&part)?))
    });
    Some(Http {
        route,
        entities: entities.collect(),
        answer: answer.map(|f| self::answer(&f, files)),
        failure: failure.map(|f| self::answer(&f, files)),
    })
}

/// `"POST /api/events/{event}/occupy"`, or with a host: `"GET https://api.example.com/status"`.
fn route(field: &Field) -> Option<Route> {
    const FIX: &str = "write a method and a path: route = \"POST /api/events/{event}/occupy\"";
    let text = field.text()?;
    let wrong = |why: String| {
        field.error(why, FIX);
        None
    };
    let Some((method, target)) = text.trim().split_once(' ') else {
        return wrong(format!("`{text}` is not a route"));
    };
    if method.is_empty() || !method.chars().all(|c| c.is_ascii_uppercase()) {
        return wrong(format!("`{method}` is not a method"));
    }
    let target = target.trim();
    let bare = target.split_once("://").map_or(target, |(_, rest)| rest);
    let (host, path) = bare.split_at(bare.find('/').unwrap_or(bare.len()));
    if path.contains(['?', '#']) {
        return wrong("a route has no query: requests reach it whatever theirs is".to_string());
    }
    let segment = |part: &str| match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
        Some(name) => Segment::Parameter(name.to_string()),
        None => Segment::Literal(part.to_string()),
    };
    let path: Vec<&str> = path.split('/').skip(1).collect();
    if let Some(part) = path.iter().find(|p| p.matches(['{', '}']).count() % 2 == 1) {
        return wrong(format!("a brace is missing in `{part}`"));
    }
    Some(Route {
        method: method.to_string(),
        host: (!host.is_empty()).then(|| host.to_ascii_lowercase()),
        path: path.into_iter().map(segment).collect(),
    })
}

fn part_of(field: &Field) -> Option<Part> {
    let text = field.text()?;
    let part = part(text);
    if part.is_none() {
        field.error(
            format!("`{text}` is not part of a request"),
            "write \"body.userId\", \"query.token\", \"path.id\" or \"header.Authorization\"",
        );
    }
    part
}

fn part(text: &str) -> Option<Part> {
    let (of, name) = text.split_once('.')?;
    if name.is_empty() {
        return None;
    }
    let name = name.to_string();
    Some(match of {
        "path" => Part::Path(name),
        "query" => Part::Query(name),
        "header" => Part::Header(name),
        "body" => Part::Body(name.split('.').map(str::to_string).collect()),
        _ => return None,
    })
}

fn answer(field: &Field, files: &Files) -> Answer {
    let Some(section) = field.section() else {
        return Answer::default();
    };
    let status = section.integer("status");
    let headers = section.optional("headers").map(|f| f.named());
    let headers = headers.unwrap_or_default();
    let headers = headers.iter().flat_map(|(name, f)| {
        let values = f.one_or_more().into_iter();
        values.filter_map(|f| Some(((*name).to_string(), pieces(&f, f.text()?))))
    });
    let headers = headers.collect();
    let keys = ["body", "text", "file"];
    let given: Vec<_> = keys
        .iter()
        .filter_map(|key| Some((*key, section.optional(key)?)))
        .collect();
    if let [(first, _), .., (last, field)] = &given[..] {
        let both = format!("`{last}` and `{first}` are both given");
        field.error(both, "remove one of them");
    }
    let body = given.first().and_then(|(key, field)| match *key {
        "body" => self::body(field).map(Body::Json),
        "text" => Some(Body::Text(PLAIN, pieces(field, field.text()?))),
        _ => example(field, files),
    });
    Answer {
        status,
        headers,
        body,
    }
}

/// A body: a table or a list as TOML writes them, or a text that is JSON.
fn body(field: &Field) -> Option<Template> {
    match &field.node.value {
        Value::Text(text) => json(field, text),
        _ => template(field),
    }
}

/// The file of an answer that was recorded.
fn example(field: &Field, files: &Files) -> Option<Body> {
    let name = field.text()?;
    let (_, ending) = name.rsplit_once('.').unwrap_or_default();
    let ending = ending.to_ascii_lowercase();
    match files.text(name) {
        Ok(text) if ending == "json" || is_json(&text) => json(field, &text).map(Body::Json),
        Ok(text) => {
            let known = ENDINGS.iter().find(|(of, _)| *of == ending);
            let content = known.map_or(PLAIN, |(_, content)| content);
            Some(Body::Text(content, vec![Piece::Text(text.to_string())]))
        }
        Err(why) => {
            let message = format!("the file `{name}` cannot be read: {why}");
            field.error(message, "a path is relative to the directory of the model");
            None
        }
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn json(field: &Field, text: &str) -> Option<Template> {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => Some(of_json(field, value)),
        Err(error) => {
            let what = "write JSON, or a table: body = { id = \"{seat}\" }; what is no JSON stands in `text` or in a \
                        file without `.json`";
            field.error(format!("this is no JSON: {error}"), what);
            None
        }
    }
}

fn of_json(field: &Field, value: serde_json::Value) -> Template {
    match value {
        serde_json::Value::String(text) => Template::Text(pieces(field, &text)),
        serde_json::Value::Array(items) => {
            let items = items.into_iter().map(|v| of_json(field, v));
            listed(items.collect())
        }
        serde_json::Value::Object(entries) => {
            let entry = |(key, v): (String, _)| (quoted(&key), of_json(field, v));
            Template::Object(entries.into_iter().map(entry).collect())
        }
        plain => Template::Plain(plain.to_string()),
    }
}

fn template(field: &Field) -> Option<Template> {
    Some(match &field.node.value {
        Value::Text(text) => Template::Text(pieces(field, text)),
        Value::Table(_) => {
            let entries = field.named();
            let entry = |(key, f): &(&str, Field)| Some((quoted(key), template(f)?));
            Template::Object(entries.iter().filter_map(entry).collect())
        }
        Value::List(_) => {
            let items = field.items()?;
            listed(items.iter().filter_map(template).collect())
        }
        Value::Integer(n) => Template::Plain(n.to_string()),
        Value::Float(n) if n.is_finite() => Template::Plain(n.to_string()),
        Value::Boolean(b) => Template::Plain(b.to_string()),
        _ => {
            field.expected("a text, a number, true or false, a list or a table");
            return None;
        }
    })
}

/// A key as JSON writes it.
fn quoted(key: &str) -> String {
    serde_json::Value::from(key).to_string()
}

/// A list; one that says so has an element for each free seat.
fn listed(items: Vec<Template>) -> Template {
    if let [Template::Object(entries)] = &items[..]
        && let [(key, each)] = &entries[..]
        && *key == quoted(EACH)
    {
        return Template::EachFreeSeat(Box::new(each.clone()), SEATS);
    }
    Template::List(items)
}

/// A text with values in braces; two braces are one.
fn pieces(field: &Field, text: &str) -> Vec<Piece> {
    let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        plain += &rest[..at];
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            plain += brace;
            rest = after;
            continue;
        }
        let name = rest.find('}').filter(|_| brace == "{");
        let Some(end) = name else {
            field.error(
                format!("a brace in `{text}` has no other"),
                "write {{ or }} for a brace itself",
            );
            break;
        };
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.extend(known(field, rest[..end].trim()).map(Piece::Value));
        rest = &rest[end + 1..];
    }
    plain += rest;
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    pieces
}

/// Names of values that are not entities.
const VALUES: [(&str, Known); 7] = [
    ("position", Known::Position),
    ("wait", Known::Wait),
    ("admitted", Known::Admitted),
    ("free_seats", Known::FreeSeats),
    ("free_count", Known::FreeCount),
    ("seat_of_event", Known::SeatOfEvent),
    ("status", Known::Status),
];

fn known(field: &Field, name: &str) -> Option<Known> {
    let value = VALUES.iter().find(|(n, _)| *n == name);
    let known = Name::of(name)
        .map(Known::Entity)
        .or_else(|| value.map(|(_, known)| known.clone()))
        .or_else(|| part(name).map(Known::Part));
    if known.is_none() {
        let values = VALUES.iter().map(|(n, _)| *n);
        let names = Name::ALL.iter().map(|(n, _)| *n).chain(values);
        let parts = ["body.…", "query.…", "path.…", "header.…"];
        let fix = suggestion(name, "values", names.chain(parts));
        field.error(format!("`{{{name}}}` is not a value of an answer"), fix);
    }
    known
}
