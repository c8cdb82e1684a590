//! Distributed traces as files: OpenTelemetry's JSON (OTLP, as its file exporter writes it), Jaeger's and Zipkin's.
//!
//! A trace is a tree of spans: who called whom, when, and how long it took. One file per form; each gives spans
//! in one shape. Times are microseconds since 1970.

mod jaeger;
mod otlp;
mod stream;
mod zipkin;

use std::collections::BTreeMap;
use std::io::BufReader;

use data_encoding::BASE64;
use serde::{Deserialize, Deserializer};
use serde_json::de::IoRead;
use serde_json::error::Category;

use super::reading::Skipped;
use super::source::{Problem, Source, unreadable};

/// On which side of a call a span was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// A piece of work inside a service.
    Internal,
    /// A request that a service answers.
    Server,
    /// A call, as its caller sees it.
    Client,
    /// A message sent, or received: nobody waits for it.
    Message,
}

/// A span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which trace.
    pub trace: u128,
    /// Which span of it.
    pub id: u64,
    /// The span that caused it.
    pub parent: Option<u64>,
    /// Place of its service in [`Traces::services`].
    pub service: u32,
    /// Place of its name in [`Traces::names`].
    pub name: u32,
    /// On which side it was measured.
    pub kind: SpanKind,
    /// Start, in microseconds since 1970.
    pub start_us: i64,
    /// Length in microseconds.
    pub us: u32,
    /// Whether it is marked as failed.
    pub failed: bool,
}

/// The spans of a file.
#[derive(Debug)]
pub struct Traces {
    /// The forms of the files.
    pub form: String,
    /// Names of services.
    pub services: Vec<String>,
    /// Names of spans.
    pub names: Vec<String>,
    /// All spans, in the order of the file.
    pub spans: Vec<Span>,
    /// Spans that were not understood.
    pub skipped: Skipped,
}

/// A JSON value of a file that is about to be read.
type Json<'j, 's> = &'j mut serde_json::Deserializer<IoRead<BufReader<&'s mut Source>>>;

/// Adds the spans of one JSON value of a file.
type Adder = fn(json: Json<'_, '_>, to: &mut Builder) -> Result<(), serde_json::Error>;

/// Spans that are kept: some gigabytes of files, and less than one of memory.
const MOST_SPANS: usize = 5_000_000;

/// Form, and who reads it, of a file that begins so.
fn form(head: &str) -> Option<(&'static str, Adder)> {
    let begins = head.trim_start_matches('\u{feff}').trim_start();
    let has = |key: &str| begins.contains(key);
    match begins.chars().next()? {
        '{' if has("\"resourceSpans\"") => Some(("OpenTelemetry traces", otlp::add)),
        '{' if has("\"batches\"") && (has("\"resource\"") || has("\"scopeSpans\"")) => {
            Some(("OpenTelemetry traces", otlp::add))
        }
        '{' if has("\"traceID\"") && has("\"spans\"") => Some(("Jaeger traces", jaeger::add)),
        '[' if has("\"traceID\"") && has("\"spanID\"") => Some(("Jaeger traces", jaeger::add)),
        '[' if has("\"traceId\"") && has("\"id\"") => Some(("Zipkin traces", zipkin::add)),
        _ => None,
    }
}

/// Whether a file holds traces.
#[must_use]
pub fn are_in(source: &Source) -> bool {
    form(source.head()).is_some()
}

/// Reads the spans of files, each plain or packed by gzip: one JSON value, or one after the other. The spans of a
/// trace may stand in several files.
///
/// # Errors
/// If one cannot be read, holds no traces, or is no JSON; if there is no span in any, or more than five million in all.
pub fn read(sources: impl IntoIterator<Item = Result<Source, Problem>>) -> Result<Traces, Problem> {
    read_at_most(sources, MOST_SPANS)
}

fn read_at_most(
    sources: impl IntoIterator<Item = Result<Source, Problem>>,
    most: usize,
) -> Result<Traces, Problem> {
    let mut builder = Builder {
        most,
        ..Builder::default()
    };
    let mut forms: Vec<&'static str> = Vec::new();
    let mut last = None;
    for source in sources {
        let mut source = source?;
        forms.push(add_file(&mut source, &mut builder)?);
        last = Some(source);
    }
    if let (true, Some(source)) = (builder.spans.is_empty(), last) {
        let message = match builder.skipped.first.first() {
            Some((_, why, _)) => format!("no span was understood: {why}"),
            None => "there is no span in it".to_string(),
        };
        return Err(source.problem("", message, "give traces with at least one request"));
    }
    forms.dedup();
    builder.leave_out_repeated();
    Ok(Traces {
        form: forms.join(", "),
        services: builder.services.names,
        names: builder.names.names,
        spans: builder.spans,
        skipped: builder.skipped,
    })
}

/// Adds the spans of a file; gives its form.
fn add_file(source: &mut Source, to: &mut Builder) -> Result<&'static str, Problem> {
    let Some((form, add)) = form(source.head()) else {
        let message = "these are not traces in a known format";
        let fix = "give OTLP JSON as OpenTelemetry's file exporter writes it, or JSON of Jaeger or Zipkin";
        return Err(source.problem("", message, fix));
    };
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(&mut *source));
    let done = loop {
        match json.end() {
            Ok(()) => break Ok(()),
            // Behind one value there may be another.
            Err(why) if why.is_syntax() => {}
            Err(why) => break Err(why),
        }
        if let Err(why) = add(&mut json, to) {
            break Err(why);
        }
    };
    done.map_err(|why| {
        if to.is_full() {
            let message = format!("there are more than {} spans", to.most);
            let fix = "give fewer traces, each as a whole: every tenth tells as much";
            return source.problem("", message, fix);
        }
        let at = format!("line {}", why.line());
        let (at, message) = match why.classify() {
            Category::Io => return unreadable(source.name(), &why.to_string()),
            Category::Data => ("", format!("these {form} are not as they should be: {why}")),
            _ => (at.as_str(), format!("the JSON ends or breaks here: {why}")),
        };
        let fix = "give the file as it was written; the last line of one that is still written to is not whole";
        source.problem(at, message, fix)
    })?;
    Ok(form)
}

/// Texts by number.
#[derive(Debug, Default)]
struct Names {
    names: Vec<String>,
    index: BTreeMap<String, u32>,
}

impl Names {
    fn of(&mut self, name: &str) -> u32 {
        if let Some(place) = self.index.get(name) {
            return *place;
        }
        let place = self.names.len() as u32;
        self.names.push(name.to_string());
        self.index.insert(name.to_string(), place);
        place
    }
}

/// What the readers of the forms add to.
#[derive(Debug, Default)]
struct Builder {
    services: Names,
    names: Names,
    spans: Vec<Span>,
    skipped: Skipped,
    seen: u64,
    /// Spans that are kept at most.
    most: usize,
}

/// A span as a form has it.
struct Raw<'a> {
    trace: &'a str,
    id: &'a str,
    parent: Option<&'a str>,
    service: &'a str,
    name: &'a str,
    kind: SpanKind,
    start_us: i64,
    /// `None` if the span has no end.
    us: Option<i64>,
    failed: bool,
}

impl Builder {
    /// Whether no more spans are kept.
    fn is_full(&self) -> bool {
        self.spans.len() >= self.most
    }

    /// An error ends the reading.
    fn add(&mut self, raw: &Raw<'_>) -> Result<(), String> {
        self.seen += 1;
        if self.is_full() {
            return Err("too many spans".to_string());
        }
        if let Err(why) = self.try_add(raw) {
            let shown = format!("{} of {}", raw.name, raw.service);
            self.skipped.add(self.seen, why, &shown);
        }
        Ok(())
    }

    /// Files that overlap, and stores that have a span twice, give it more than once: the first counts.
    fn leave_out_repeated(&mut self) {
        let key = |s: &Span| (s.trace, s.id, s.start_us, s.service, s.name, s.us);
        let spans = std::mem::take(&mut self.spans);
        let mut order: Vec<usize> = (0..spans.len()).collect();
        order.sort_by_key(|at| (key(&spans[*at]), *at));
        let mut repeated: Vec<usize> = order
            .windows(2)
            .filter(|pair| key(&spans[pair[0]]) == key(&spans[pair[1]]))
            .map(|pair| pair[1])
            .collect();
        repeated.sort_unstable();
        let mut next = repeated.into_iter().peekable();
        for (at, span) in spans.into_iter().enumerate() {
            if next.next_if_eq(&at).is_none() {
                self.spans.push(span);
                continue;
            }
            let (service, name) = (span.service as usize, span.name as usize);
            let shown = format!(
                "{} of {}",
                self.names.names[name], self.services.names[service]
            );
            self.skipped
                .add(at as u64 + 1, "a span that stands there before", &shown);
        }
    }

    fn try_add(&mut self, raw: &Raw<'_>) -> Result<(), &'static str> {
        const NO_ID: &str = "an identifier is neither hexadecimal nor base64";
        let trace = trace_id(raw.trace).ok_or(NO_ID)?;
        let id = id(raw.id).ok_or(NO_ID)?;
        let parent = match raw.parent.filter(|parent| !parent.is_empty()) {
            Some(text) => Some(self::id(text).ok_or(NO_ID)?),
            None => None,
        };
        let us = raw.us.ok_or("a span without an end")?;
        let us = u32::try_from(us)
            .map_err(|_| "a span that ends before it starts, or takes over an hour")?;
        if raw.start_us <= 0 {
            return Err("a span without a start");
        }
        self.spans.push(Span {
            trace,
            id,
            // Zero stands for none, as a span's own identifier does.
            parent: parent.filter(|parent| *parent != 0 && *parent != id),
            service: self.services.of(raw.service),
            name: self.names.of(raw.name),
            kind: raw.kind,
            start_us: raw.start_us,
            us,
            failed: raw.failed,
        });
        Ok(())
    }
}

/// The number of a trace.
fn trace_id(text: &str) -> Option<u128> {
    match packed(text, 16) {
        Some(number) => number,
        None => u128::from_str_radix(text, 16).ok(),
    }
}

/// As protocol buffers write bytes in JSON, and so Tempo its identifiers: in base64, which ends with `=` for 8 and for
/// 16 bytes. Some writers pack the digits of the hexadecimal number.
fn packed(text: &str, most: usize) -> Option<Option<u128>> {
    if !text.ends_with('=') {
        return None;
    }
    let number = |bytes: Vec<u8>| {
        if bytes.len() <= most {
            let next = |sum: u128, b: &u8| sum << 8 | u128::from(*b);
            return Some(bytes.iter().fold(0, next));
        }
        let digits = String::from_utf8(bytes).ok()?;
        let fits = digits.len() <= 2 * most;
        fits.then(|| u128::from_str_radix(&digits, 16).ok())?
    };
    Some(BASE64.decode(text.as_bytes()).ok().and_then(number))
}

/// A value that may be `null`, as some writers have it for nothing.
fn or_default<'d, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'d>,
    T: Default + Deserialize<'d>,
{
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// The number of a span.
fn id(text: &str) -> Option<u64> {
    match packed(text, 8) {
        Some(number) => u64::try_from(number?).ok(),
        None => u64::from_str_radix(text, 16).ok(),
    }
}

#[cfg(test)]
mod tests;
