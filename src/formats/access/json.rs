//! Logs with a JSON object a line.

use serde_json::{Map, Value as Json};

use super::clock::{self, Clock, Written};
use super::{Fields, Moment};

/// Which keys hold what; a dot leads into an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keys {
    time: Option<(String, Moment)>,
    took: Option<(String, Unit)>,
    served: Option<(String, Unit)>,
    path: Option<String>,
    method: Option<String>,
    status: Option<String>,
    session: Option<String>,
}

/// The unit of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    S,
    Ms,
    Us,
    Ns,
}

impl Unit {
    const ALL: [(&'static str, Unit); 4] = [
        ("s", Unit::S),
        ("ms", Unit::Ms),
        ("us", Unit::Us),
        ("ns", Unit::Ns),
    ];

    fn ns(self) -> f64 {
        match self {
            Unit::S => 1e9,
            Unit::Ms => 1e6,
            Unit::Us => 1e3,
            Unit::Ns => 1.0,
        }
    }

    fn name(self) -> &'static str {
        Unit::ALL
            .iter()
            .find(|(_, unit)| *unit == self)
            .map_or("s", |(name, _)| name)
    }
}

/// A line, with its texts.
pub struct Line {
    at: Option<(i64, Moment)>,
    ns: Option<u64>,
    served_ns: Option<u64>,
    status: u16,
    method: String,
    path: String,
    session: String,
}

impl Line {
    /// What it says.
    pub fn fields(&self) -> Fields<'_> {
        Fields {
            at: self.at,
            ns: self.ns,
            served_ns: self.served_ns,
            status: self.status,
            method: &self.method,
            path: &self.path,
            session: &self.session,
            aborted: false,
        }
    }
}

const BEGINS: [&str; 3] = ["StartUTC", "start_time", "StartLocal"];
const ENDS: [&str; 8] = [
    "time_iso8601",
    "msec",
    "time_local",
    "@timestamp",
    "timestamp",
    "time",
    "ts",
    "date",
];
const PATHS: [&str; 7] = [
    "request_uri",
    "RequestPath",
    "request.uri",
    "uri",
    "path",
    "url",
    "request",
];
const METHODS: [&str; 4] = [
    "request_method",
    "RequestMethod",
    "request.method",
    "method",
];
const STATUSES: [&str; 5] = [
    "status",
    "DownstreamStatus",
    "response_code",
    "status_code",
    "code",
];
const STEMS: [&str; 6] = [
    "duration",
    "response_time",
    "latency",
    "elapsed",
    "took",
    "request_time",
];
const ENDINGS: [(&str, Unit); 9] = [
    ("_ms", Unit::Ms),
    ("_msec", Unit::Ms),
    ("_millis", Unit::Ms),
    ("_us", Unit::Us),
    ("_micros", Unit::Us),
    ("_ns", Unit::Ns),
    ("_seconds", Unit::S),
    ("_sec", Unit::S),
    ("_s", Unit::S),
];

impl Keys {
    /// The keys of a line, where their names tell what they hold.
    pub fn of(line: &str) -> Option<Keys> {
        let json: Map<String, Json> = serde_json::from_str(line).ok()?;
        let has = |key: &&&str| find(&json, key).is_some();
        let first = |keys: &'static [&str]| keys.iter().find(has).map(|key| (*key).to_string());
        let begin = first(&BEGINS).map(|key| (key, Moment::Begin));
        let keys = Keys {
            time: begin.or_else(|| first(&ENDS).map(|key| (key, Moment::End))),
            took: took(&json),
            served: served(&json),
            path: first(&PATHS),
            method: first(&METHODS),
            status: first(&STATUSES),
            session: None,
        };
        let enough = keys.time.is_some() && keys.path.is_some() && keys.status.is_some();
        enough.then_some(keys)
    }

    /// `time=KEY,duration=KEY:ms,upstream=KEY:ms,path=KEY,method=KEY,status=KEY`; `begin=KEY` is a time at the
    /// begin of the request.
    pub fn parse(text: &str) -> Result<Keys, String> {
        let mut keys = Keys::default();
        for part in text.split(',') {
            let (what, key) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` is not NAME=KEY"))?;
            let timed = || {
                let (key, unit) = key.rsplit_once(':').unwrap_or((key, ""));
                let found = Unit::ALL.iter().find(|(name, _)| *name == unit);
                let found = found.ok_or_else(|| {
                    format!("`{part}` needs a unit: {what}={key}:ms, or s, us, ns")
                })?;
                Ok::<_, String>((key.to_string(), found.1))
            };
            match what {
                "time" => keys.time = Some((key.to_string(), Moment::End)),
                "begin" => keys.time = Some((key.to_string(), Moment::Begin)),
                "duration" => keys.took = Some(timed()?),
                "upstream" => keys.served = Some(timed()?),
                "path" => keys.path = Some(key.to_string()),
                "method" => keys.method = Some(key.to_string()),
                "status" => keys.status = Some(key.to_string()),
                _ => {
                    return Err(format!(
                        "`{what}` is none of time, begin, duration, upstream, path, method and status"
                    ));
                }
            }
        }
        match (&keys.time, &keys.path) {
            (Some(_), Some(_)) => Ok(keys),
            _ => Err("a JSON log needs time=KEY and path=KEY at least".to_string()),
        }
    }

    /// As [`Keys::parse`] takes it.
    pub fn text(&self) -> String {
        let mut parts = Vec::new();
        if let Some((key, moment)) = &self.time {
            let name = if *moment == Moment::Begin {
                "begin"
            } else {
                "time"
            };
            parts.push(format!("{name}={key}"));
        }
        for (name, timed) in [("duration", &self.took), ("upstream", &self.served)] {
            parts.extend(
                timed
                    .as_ref()
                    .map(|(key, unit)| format!("{name}={key}:{}", unit.name())),
            );
        }
        for (name, key) in [
            ("path", &self.path),
            ("method", &self.method),
            ("status", &self.status),
        ] {
            parts.extend(key.as_ref().map(|key| format!("{name}={key}")));
        }
        format!("json:{}", parts.join(","))
    }

    /// Lets a key tell who sent a request.
    pub fn session(&mut self, key: &str) {
        self.session = Some(key.to_string());
    }

    /// Whether a key tells how long a request took.
    pub fn is_timed(&self) -> bool {
        self.took.is_some() || self.served.is_some()
    }

    /// Reads a line.
    pub fn read(&self, line: &str, clock: &mut Clock) -> Result<Line, String> {
        let json: Map<String, Json> =
            serde_json::from_str(line).map_err(|why| format!("no JSON object: {why}"))?;
        let text = |key: &Option<String>| key.as_ref().and_then(|key| find(&json, key)).map(shown);
        let at = match &self.time {
            None => None,
            Some((key, moment)) => {
                let value = find(&json, key).ok_or_else(|| format!("`{key}` is missing"))?;
                let at = time(value, clock).ok_or_else(|| format!("`{key}` is not a time"))?;
                Some((at, *moment))
            }
        };
        let path = text(&self.path).ok_or("it has no path")?;
        let (own, path) = match path.split_once(' ') {
            // `GET /x HTTP/1.1`
            Some((method, rest)) => (
                method.to_string(),
                rest.split(' ').next().unwrap_or("").to_string(),
            ),
            None => (String::new(), path),
        };
        let duration = |timed: &Option<(String, Unit)>| {
            let (key, unit) = timed.as_ref()?;
            sum(find(&json, key)?, *unit)
        };
        Ok(Line {
            at,
            ns: duration(&self.took),
            served_ns: duration(&self.served),
            status: text(&self.status).and_then(|s| s.parse().ok()).unwrap_or(0),
            method: text(&self.method).unwrap_or(own),
            path,
            session: text(&self.session).unwrap_or_default(),
        })
    }
}

/// The value of a key, or of a path of keys.
fn find<'j>(json: &'j Map<String, Json>, key: &str) -> Option<&'j Json> {
    if let Some(value) = json.get(key) {
        return (!value.is_object()).then_some(value);
    }
    let (first, rest) = key.split_once('.')?;
    find(json.get(first)?.as_object()?, rest)
}

fn shown(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_string)
}

/// The duration whose unit is known.
fn took(json: &Map<String, Json>) -> Option<(String, Unit)> {
    let has = |key: &str| find(json, key).is_some();
    if has("request_time") {
        return Some(("request_time".into(), Unit::S));
    }
    if has("Duration") && has("RequestPath") {
        return Some(("Duration".into(), Unit::Ns));
    }
    if has("duration") && has("request.uri") {
        return Some(("duration".into(), Unit::S));
    }
    if has("duration") && has("response_code") {
        return Some(("duration".into(), Unit::Ms));
    }
    let named = STEMS
        .iter()
        .flat_map(|stem| ENDINGS.map(|(end, unit)| (format!("{stem}{end}"), unit)));
    let mut named = named.filter(|(key, _)| has(key));
    named.next()
}

fn served(json: &Map<String, Json>) -> Option<(String, Unit)> {
    let known = [
        ("upstream_response_time", Unit::S),
        ("OriginDuration", Unit::Ns),
        ("upstream_service_time", Unit::Ms),
    ];
    let found = known.iter().find(|(key, _)| find(json, key).is_some());
    found.map(|(key, unit)| ((*key).to_string(), *unit))
}

fn time(value: &Json, clock: &mut Clock) -> Option<i64> {
    let text = shown(value);
    let number = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let whole = text.split('.').next().map_or(0, str::len);
    let written = match (number, whole) {
        (true, ..=11) => Written::Seconds,
        (true, 12..=14) => Written::Millis,
        (true, _) => Written::Micros,
        (false, _) if text.contains('/') => Written::Clf,
        (false, _) => Written::Iso,
    };
    clock.read(&text, written)
}

/// Nanoseconds of a number, or of a text with one or several.
fn sum(value: &Json, unit: Unit) -> Option<u64> {
    let scaled = |x: f64| {
        (0.0..=3.2e16)
            .contains(&(x * unit.ns()))
            .then(|| (x * unit.ns()).round() as u64)
    };
    if let Some(number) = value.as_f64() {
        return scaled(number);
    }
    let mut all = None;
    for part in value.as_str()?.split([',', ':']).map(str::trim) {
        if part != "-" && !part.is_empty() {
            let ns = clock::seconds(part)? as f64 / 1e9;
            all = Some(all.unwrap_or(0_u64).saturating_add(scaled(ns)?));
        }
    }
    all
}
