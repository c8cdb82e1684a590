//! The first reading of a log that is to be replayed.

use super::super::reading::{Record, Skipped};
use super::super::source::Problem;
use super::lines::{Line, Lines};
use super::{Item, Log, SECOND, Spread};
use crate::engine::hash::mix;

/// Longer logs are refused: one wrong time makes years.
const LONGEST_DAYS: i64 = 40;

/// Requests that may lie more than a minute behind one above them: each takes 24 bytes.
const MOST_FAR_BEHIND: usize = 1_000_000;

/// What a log holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// Requests that have a time and an endpoint.
    pub requests: u64,
    /// Of them, the number of each endpoint.
    pub of_endpoint: Vec<u64>,
    /// Requests that belong to no endpoint.
    pub strangers: Skipped,
    /// Lines that are not understood, or have no time.
    pub skipped: Skipped,
    /// The first of these lines that is one of another log, and the form of that.
    pub other: Option<(u64, &'static str)>,
    /// When the first of them began, in microseconds, and the last.
    pub span_us: (i64, i64),
    /// Whether times were whole seconds, so that requests are spread over them.
    pub is_spread: bool,
    /// How many begin more than a minute before one above them.
    pub far_behind: usize,
    /// Of the begins, times and endpoints of all requests, in the order of the file: another log has another.
    pub digest: Digest,
    /// Lines that are not empty ones.
    pub(super) lines: u64,
    pub(super) spread: Spread,
    /// Requests that lie far behind one above them, in their order.
    pub(super) early: Vec<(i64, u16)>,
}

impl Survey {
    /// From the begin of the first request to that of the last, in microseconds.
    #[must_use]
    pub fn length_us(&self) -> u64 {
        self.span_us.1.abs_diff(self.span_us.0)
    }
}

/// What tells the requests of one log from those of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    fn add(&mut self, item: &Item) {
        let parts = [
            item.start_us.cast_unsigned(),
            item.us.cast_unsigned(),
            u64::from(item.endpoint),
        ];
        self.0 = parts.into_iter().fold(self.0, mix);
    }
}

/// By one of the two orders that there may be: what lies far behind, and the first and the last.
#[derive(Default)]
struct Order {
    latest: Option<i64>,
    early: Vec<(i64, u16)>,
}

impl Order {
    fn add(&mut self, item: &Item, spread: Spread) {
        let key = item.key(spread);
        let latest = self.latest.map_or(key, |latest| latest.max(key));
        if item.is_far_behind(latest, spread) && self.early.len() <= MOST_FAR_BEHIND {
            self.early.push((item.start_us, item.endpoint));
        }
        self.latest = Some(latest);
    }
}

/// Reads a log as a whole, and keeps what its replay needs.
///
/// # Errors
/// If it cannot be read to its end, holds no request with a time and an endpoint, spans years, or is not in the order of
/// time.
pub fn survey(log: &Log) -> Result<Survey, Problem> {
    let mut lines = Lines::open(log)?;
    let mut survey = Survey {
        of_endpoint: vec![0; log.names.len()],
        ..Survey::default()
    };
    let (mut by_begin, mut by_end) = (Order::default(), Order::default());
    let (mut fine_begins, mut fine_ends) = (false, false);
    let mut take = |record: &Record<'_>| match log.endpoint(record.method, record.path) {
        Some(endpoint) => Ok((record.start_us, record.ns, endpoint)),
        None => Err(format!("{} {}", record.method, record.path)),
    };
    while let Some(line) = lines.next(&mut take)? {
        survey.lines += 1;
        match line {
            Line::Strange(number, why, text) => {
                if survey.other.is_none() {
                    survey.other = lines.other(&text).map(|form| (number, form));
                }
                survey.skipped.add(number, &why, &text);
            }
            Line::Request(Err(what)) => {
                survey
                    .strangers
                    .add(survey.lines, "no endpoint", what.trim());
            }
            Line::Request(Ok((None, ..))) => survey.skipped.add(survey.lines, "no time", ""),
            Line::Request(Ok((Some(start_us), ns, endpoint))) => {
                let item = Item {
                    start_us,
                    us: i64::try_from(ns / 1_000).unwrap_or(i64::MAX),
                    endpoint,
                };
                survey.digest.add(&item);
                fine_begins |= start_us % SECOND != 0;
                fine_ends |= item.key(Spread::Ends) % SECOND != 0;
                by_begin.add(&item, Spread::No);
                by_end.add(&item, Spread::Ends);
                let (first, last) = match survey.requests {
                    0 => (start_us, start_us),
                    _ => survey.span_us,
                };
                survey.span_us = (first.min(start_us), last.max(start_us));
                survey.requests += 1;
                survey.of_endpoint[usize::from(endpoint)] += 1;
            }
        }
    }
    survey.spread = match (fine_begins, fine_ends) {
        _ if !lines.may_be_cut() => Spread::No,
        (true, true) => Spread::No,
        (true, false) => Spread::Ends,
        (false, _) => Spread::Begins,
    };
    survey.is_spread = survey.spread != Spread::No;
    if survey.is_spread {
        survey.span_us.1 = survey.span_us.1.saturating_add(SECOND);
    }
    survey.early = match survey.spread {
        Spread::Ends => by_end.early,
        Spread::No | Spread::Begins => by_begin.early,
    };
    survey.far_behind = survey.early.len();
    survey.early.sort_unstable();
    check(log, survey)
}

fn check(log: &Log, survey: Survey) -> Result<Survey, Problem> {
    let problem = |message: String, fix: &str| Problem {
        place: log.path.display().to_string(),
        message,
        fix: fix.into(),
    };
    if survey.requests == 0 {
        let first = |skipped: &Skipped| {
            let (line, why, text) = skipped.first.first()?.clone();
            Some(format!(
                "; of {} the first is line {line}, {why}: {text}",
                skipped.count
            ))
        };
        let shown = first(&survey.strangers).or_else(|| first(&survey.skipped));
        return Err(problem(
            format!(
                "no request with a time and an endpoint{}",
                shown.unwrap_or_default()
            ),
            "give routes = { \"GET /path/{id}\" = \"ENDPOINT\" }, or log_format",
        ));
    }
    let days = survey.length_us() / (86_400 * SECOND.unsigned_abs());
    if days >= LONGEST_DAYS.unsigned_abs() {
        return Err(problem(
            format!("the requests span {days} days, and a replay takes {LONGEST_DAYS} at most"),
            "a time in the file is wrong, or give a part of it",
        ));
    }
    if survey.far_behind > MOST_FAR_BEHIND {
        return Err(problem(
            format!(
                "more than {MOST_FAR_BEHIND} requests lie over a minute behind one above them: the clock goes back, or \
                 several logs stand one after the other"
            ),
            "sort the file by time",
        ));
    }
    Ok(survey)
}
