//! A line as fields with texts between them, as nginx, Apache and HAProxy describe their logs.

use memchr::memchr;

use super::clock::{self, Clock, Written};
use super::{Fields, Moment};

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Other,
    Time(Written, Moment),
    Request,
    Method,
    Path,
    Status,
    /// How long the request took, in units of this number of nanoseconds.
    Took(u64),
    /// How long the system behind took: one time, or several.
    Served(u64),
    /// Who sent it.
    Session,
}

/// A field, and the text behind it.
#[derive(Debug)]
struct Item {
    name: String,
    role: Role,
    until: String,
}

impl Item {
    fn new(name: &str, role: Role, until: &str) -> Item {
        Item {
            name: name.to_string(),
            role,
            until: until.to_string(),
        }
    }

    /// Where the field ends: before the text behind it, unless that is escaped, or stands between the times of
    /// two tries.
    fn end(&self, rest: &str) -> Option<usize> {
        let (bytes, until) = (rest.as_bytes(), self.until.as_bytes());
        let (first, more) = until.split_first()?;
        let mut from = 0;
        loop {
            let found = from + memchr(*first, &bytes[from..])?;
            from = found + 1;
            let same = more.is_empty() || bytes[from..].starts_with(more);
            if same && !self.goes_on(bytes, found) {
                return Some(found);
            }
        }
    }

    /// Whether the text behind the field, found at this place, is a part of it.
    fn goes_on(&self, bytes: &[u8], found: usize) -> bool {
        let before = found.checked_sub(1).map(|at| bytes[at]);
        let (role, until) = (self.role, self.until.as_bytes());
        let escaped = until[0] == b'"' && before == Some(b'\\');
        let between = || matches!(before, Some(b',' | b':')) || bytes[found..].starts_with(b" : ");
        escaped || matches!(role, Role::Served(_)) && until[0] == b' ' && between()
    }
}

/// A layout of lines.
#[derive(Debug)]
pub struct Pattern {
    /// What stands before the first field.
    begin: String,
    items: Vec<Item>,
}

const S: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;
const US: u64 = 1_000;

impl Pattern {
    /// A `log_format` of nginx.
    pub fn nginx(text: &str) -> Result<Pattern, String> {
        build(text, '$', |rest| {
            let inner = rest.strip_prefix('{').and_then(|r| Some((r, r.find('}')?)));
            let (name, length) = match inner {
                Some((r, end)) => (&r[..end], end + 2),
                None => {
                    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                    let end = end.unwrap_or(rest.len());
                    (&rest[..end], end)
                }
            };
            let role = match name {
                "time_local" => Role::Time(Written::Clf, Moment::End),
                "time_iso8601" => Role::Time(Written::Iso, Moment::End),
                "msec" => Role::Time(Written::Seconds, Moment::End),
                "request" => Role::Request,
                "request_method" => Role::Method,
                "request_uri" | "uri" | "document_uri" => Role::Path,
                "status" => Role::Status,
                "request_time" => Role::Took(S),
                "upstream_response_time" => Role::Served(S),
                _ => Role::Other,
            };
            Ok((format!("${name}"), role, length))
        })
    }

    /// A `LogFormat` of Apache.
    pub fn apache(text: &str) -> Result<Pattern, String> {
        Pattern::signs(text, Moment::Begin, US)
    }

    /// The pattern of Tomcat's valve; its %D has microseconds from 10 on, as Apache's, and milliseconds before.
    pub fn tomcat(text: &str, from_10: bool) -> Result<Pattern, String> {
        Pattern::signs(text, Moment::End, if from_10 { US } else { MS })
    }

    /// A format of Apache's signs; `written` is when the time of a line is, `unit` that of %D.
    fn signs(text: &str, written: Moment, unit: u64) -> Result<Pattern, String> {
        // As it stands in a configuration file: with quotes escaped.
        build(&text.replace("\\\"", "\""), '%', |rest| {
            let bare = rest.trim_start_matches(['>', '<', '!', ',']);
            let bare = bare.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',');
            let bare = bare.trim_start_matches(['>', '<']);
            let inner = bare.strip_prefix('{').and_then(|r| r.split_once('}'));
            let (argument, sign) = inner.unwrap_or(("", bare));
            let Some(sign) = sign.chars().next() else {
                return Err("a % stands at the end".to_string());
            };
            let after = match argument {
                "" => bare.len() - sign.len_utf8(),
                argument => bare.len() - argument.len() - 2 - sign.len_utf8(),
            };
            let moment = match argument.split_once(':') {
                Some(("begin", _)) => Moment::Begin,
                Some(("end", _)) => Moment::End,
                _ => written,
            };
            let role = match (sign, argument) {
                ('t', "") => Role::Time(Written::Clf, moment),
                ('t', a) if a.ends_with("usec") => Role::Time(Written::Micros, moment),
                ('t', a) if a.ends_with("msec") => Role::Time(Written::Millis, moment),
                ('t', a) if a.ends_with("sec") => Role::Time(Written::Seconds, moment),
                ('r', _) => Role::Request,
                ('m', _) => Role::Method,
                ('U', _) => Role::Path,
                ('s', _) => Role::Status,
                ('D', _) => Role::Took(unit),
                ('T', "ms") => Role::Took(MS),
                ('T', "us") => Role::Took(US),
                ('T', _) => Role::Took(S),
                _ => Role::Other,
            };
            let name = format!("%{}", &rest[..rest.len() - after]);
            Ok((name, role, rest.len() - after))
        })
    }

    /// A `log-format` of HAProxy.
    pub fn haproxy(text: &str) -> Result<Pattern, String> {
        build(text, '%', |rest| {
            let mut begin = 0;
            if rest.starts_with('{') {
                begin = rest.find('}').ok_or("a { is not closed")? + 1;
            }
            if rest[begin..].starts_with('[') {
                let end = rest[begin..].find(']').ok_or("a [ is not closed")?;
                return Ok(("%[…]".to_string(), Role::Other, begin + end + 1));
            }
            let end = rest[begin..].find(|c: char| !c.is_ascii_alphabetic());
            let end = begin + end.unwrap_or(rest.len() - begin);
            let role = match &rest[begin..end] {
                "t" | "tr" | "T" | "trl" | "Tl" => Role::Time(Written::Clf, Moment::Begin),
                "Ts" => Role::Time(Written::Seconds, Moment::Begin),
                "HM" => Role::Method,
                "HU" | "HP" | "HPO" => Role::Path,
                "r" => Role::Request,
                "ST" => Role::Status,
                "Ta" => Role::Took(MS),
                // With the queue of the proxy, which is a part of the system, and without what the client took.
                "Tw" | "Tc" | "Tr" => Role::Served(MS),
                _ => Role::Other,
            };
            Ok((format!("%{}", &rest[begin..end]), role, end))
        })
    }

    /// HAProxy's `option httplog`, behind whatever syslog puts in front.
    pub fn httplog() -> Result<Pattern, String> {
        Pattern::haproxy(
            "%ci [%tr] %ft %b %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr\"%r\"",
        )
    }

    /// Envoy's default.
    pub fn envoy() -> Pattern {
        let parts = [
            (
                "START_TIME",
                Role::Time(Written::Iso, Moment::Begin),
                "] \"",
            ),
            ("request", Role::Request, "\" "),
            ("RESPONSE_CODE", Role::Status, " "),
            ("RESPONSE_FLAGS", Role::Other, " "),
            ("BYTES_RECEIVED", Role::Other, " "),
            ("BYTES_SENT", Role::Other, " "),
            ("DURATION", Role::Took(MS), " "),
            ("X-ENVOY-UPSTREAM-SERVICE-TIME", Role::Served(MS), " "),
            ("the rest", Role::Other, ""),
        ];
        let item = |(name, role, until): (&str, Role, &str)| Item::new(name, role, until);
        Pattern {
            begin: "[".to_string(),
            items: parts.into_iter().map(item).collect(),
        }
    }

    /// Whether a field is the time that a request took.
    pub fn is_timed(&self) -> bool {
        let took = |item: &Item| matches!(item.role, Role::Took(_) | Role::Served(_));
        self.items.iter().any(took)
    }

    /// Whether times are whole milliseconds: those who write them so cut off what is less.
    pub fn is_cut_to_ms(&self) -> bool {
        let cut = |item: &Item| matches!(item.role, Role::Took(MS) | Role::Served(MS));
        self.items.iter().any(cut)
    }

    /// Lets a field tell who sent a request: by its name, with or without its sign.
    pub fn session(&mut self, column: &str) -> Result<(), String> {
        let plain = |name: &str| name.trim_start_matches(['$', '%']).to_string();
        let wanted = plain(column);
        let same = |item: &&mut Item| {
            let own = plain(&item.name);
            own == wanted || own.strip_prefix("field_") == Some(wanted.as_str())
        };
        let names: Vec<String> = self.items.iter().map(|item| item.name.clone()).collect();
        match self.items.iter_mut().find(same) {
            Some(item) if item.role == Role::Other => {
                item.role = Role::Session;
                Ok(())
            }
            Some(item) => Err(format!("{} tells no user", item.name)),
            None => Err(format!(
                "the log has no column `{column}`; its columns: {}",
                names.join(", ")
            )),
        }
    }

    /// Reads a line.
    pub fn read<'l>(&self, line: &'l str, clock: &mut Clock) -> Result<Fields<'l>, String> {
        let mut rest = line
            .strip_prefix(self.begin.as_str())
            .ok_or_else(|| format!("it does not begin with `{}`", self.begin))?;
        let mut fields = Fields::default();
        for item in &self.items {
            let end = match item.until.as_str() {
                "" => rest.len(),
                until => item
                    .end(rest)
                    .ok_or_else(|| format!("`{until}` is missing behind {}", item.name))?,
            };
            let text = &rest[..end];
            take(&mut fields, item.role, text, clock)
                .ok_or_else(|| format!("`{text}` is no {}", item.name))?;
            rest = &rest[(end + item.until.len()).min(rest.len())..];
        }
        if fields.aborted {
            fields.served_ns = None;
        }
        Ok(fields)
    }
}

/// Takes a field over; `None` if it cannot be what it should be.
fn take<'l>(fields: &mut Fields<'l>, role: Role, text: &'l str, clock: &mut Clock) -> Option<()> {
    match role {
        Role::Other => {}
        Role::Session if text == "-" => {}
        Role::Session => fields.session = text,
        Role::Time(written, moment) => {
            let text = text.trim_start_matches('[').trim_end_matches(']');
            fields.at = Some((clock.read(text, written)?, moment));
        }
        Role::Request => {
            let space = |text: &str| memchr(b' ', text.as_bytes());
            let (method, rest) = match space(text) {
                Some(end) => (&text[..end], &text[end + 1..]),
                None => ("", text),
            };
            fields.method = method;
            fields.path = &rest[..space(rest).unwrap_or(rest.len())];
        }
        Role::Method => fields.method = text,
        Role::Path => fields.path = text,
        // HAProxy has -1 where nobody waited for one.
        Role::Status if text == "-" || text == "-1" => fields.status = 0,
        Role::Status => fields.status = text.parse().ok().filter(|s| *s < 1_000)?,
        // HAProxy has -1 where there is none, and a + where the answer was still under way.
        Role::Took(_) if text == "-" || text == "-1" => {}
        Role::Took(unit) => fields.ns = Some(times(text.trim_start_matches('+'), unit)?),
        Role::Served(_) if text == "-1" => fields.aborted = true,
        Role::Served(unit) if !text.is_empty() && text.bytes().all(is_of_number) => {
            let more = times(text, unit)?;
            fields.served_ns = Some(fields.served_ns.unwrap_or(0).saturating_add(more));
        }
        Role::Served(unit) => {
            for part in text.split([',', ':']).map(str::trim) {
                if part != "-" && !part.is_empty() {
                    let more = times(part, unit)?;
                    fields.served_ns = Some(fields.served_ns.unwrap_or(0).saturating_add(more));
                }
            }
        }
    }
    Some(())
}

/// Whether a byte is a part of one time, and not between two.
fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'.'
}

/// Nanoseconds of a number of units.
fn times(text: &str, unit: u64) -> Option<u64> {
    // A year at most: more is not a time of a request.
    const LONGEST: u64 = 366 * 86_400 * S;
    let ns = clock::seconds(text)? / (S / unit);
    (ns <= LONGEST).then_some(ns)
}

/// Puts a pattern together: `field` tells name, role and length of what stands behind the sign.
fn build(
    text: &str,
    sign: char,
    field: impl Fn(&str) -> Result<(String, Role, usize), String>,
) -> Result<Pattern, String> {
    let first = text
        .find(sign)
        .ok_or_else(|| format!("`{text}` has no field"))?;
    let (mut items, mut rest): (Vec<Item>, &str) = (Vec::new(), &text[first..]);
    while let Some(behind) = rest.strip_prefix(sign) {
        let (name, role, length) = field(behind)?;
        rest = &behind[length..];
        let end = rest.find(sign).unwrap_or(rest.len());
        if end == 0 && !rest.is_empty() {
            return Err(format!("nothing stands between {name} and the next field"));
        }
        items.push(Item::new(&name, role, &rest[..end]));
        rest = &rest[end..];
    }
    let has = |wanted: &dyn Fn(Role) -> bool| items.iter().any(|item| wanted(item.role));
    if !has(&|role| matches!(role, Role::Request | Role::Path)) {
        return Err(
            "the format has no path: it needs the request, such as $request or %r".to_string(),
        );
    }
    // Of several times of the request the finest counts.
    let unit = |item: &Item| match item.role {
        Role::Took(unit) => Some(unit),
        _ => None,
    };
    if let Some(finest) = items.iter().filter_map(unit).min() {
        for item in &mut items {
            if unit(item).is_some_and(|unit| unit > finest) {
                item.role = Role::Other;
            }
        }
    }
    Ok(Pattern {
        begin: text[..first].to_string(),
        items,
    })
}
