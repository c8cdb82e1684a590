//! What was read: single requests, and numbers that a tool has printed.

use crate::stats::{Durations, Extremes, Moments};

/// One request of a file that holds them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Record<'a> {
    /// When it began, in microseconds: since 1970, or since the begin of the test.
    pub start_us: Option<i64>,
    /// How long it took, from the side that has written the file.
    pub ns: u64,
    /// Whether the file does not say how long it took.
    pub untimed: bool,
    /// How long the system behind a proxy took, where the proxy tells it.
    pub served_ns: Option<u64>,
    /// The status of the answer; 0 without one.
    pub status: u16,
    /// Whether the tool counts it as failed.
    pub failed: bool,
    /// The method, if the file has it.
    pub method: &'a str,
    /// The path or the tool's name of it, if the file has one.
    pub path: &'a str,
    /// Who sent it, where a column was said to tell.
    pub session: &'a str,
    /// How many users the tool had then, waiting for answers or not; 0 if the file does not tell.
    pub users: u32,
}

/// What a file prints about all its requests together. Times are in milliseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Requests.
    pub requests: Option<u64>,
    /// How many of them failed, in the tool's own sense.
    pub failed: Option<u64>,
    /// Length of the test in seconds.
    pub span: Option<f64>,
    /// Requests a second, as printed.
    pub rate: Option<f64>,
    /// Mean.
    pub mean: Option<f64>,
    /// Standard deviation.
    pub deviation: Option<f64>,
    /// Shortest.
    pub min: Option<f64>,
    /// Median, where the tool prints one beside the percentiles.
    pub median: Option<f64>,
    /// Longest.
    pub max: Option<f64>,
    /// Percent and value.
    pub percentiles: Vec<(f64, f64)>,
    /// Connections, of a tool that adds times for requests that each of them should have sent (wrk).
    pub corrected_for: Option<u64>,
    /// What this file shows beyond that.
    pub notes: Vec<String>,
    /// What of this file cannot be trusted, and why.
    pub doubts: Vec<String>,
    /// Lines that were not understood.
    pub skipped: Skipped,
}

impl Reading {
    /// The value of a percentile, as printed.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        let found = self.percentiles.iter().find(|(p, _)| *p == percent);
        found.map(|(_, value)| *value)
    }
}

/// So many of the lines that were not understood are shown.
const FIRST: usize = 3;

/// Lines that were not understood: how many, and the first three.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many.
    pub count: u64,
    /// Number of the line, why it was not understood, and the line itself.
    pub first: Vec<(u64, String, String)>,
}

impl Skipped {
    /// Counts a line.
    pub fn add(&mut self, line: u64, why: &str, text: &str) {
        self.add_lines(line, 1, why, text);
    }

    /// Counts a line and those behind it that belong to it.
    pub fn add_lines(&mut self, line: u64, lines: u64, why: &str, text: &str) {
        self.count += lines;
        if self.first.len() < FIRST {
            let shown = |text: &str| -> String {
                let plain = text.chars().filter(|c| !c.is_control());
                plain.take(120).collect()
            };
            // Why may quote a part of the line.
            let why = match lines {
                1 => shown(why),
                lines => format!("{}, with {} lines behind it", shown(why), lines - 1),
            };
            self.first.push((line, why, shown(text)));
        }
    }

    /// Adds those that stand behind these.
    pub fn append(&mut self, later: Skipped) {
        self.count += later.count;
        self.first.extend(later.first);
        self.first.truncate(FIRST);
    }

    /// In one line: how many lines or other `things` were not understood, and of the first three where and why.
    #[must_use]
    pub fn summary(&self, thing: &str) -> Option<String> {
        let first: Vec<String> = (self.first.iter())
            .map(|(line, why, _)| format!("{thing} {line}: {why}"))
            .collect();
        let were = match self.count {
            0 => return None,
            1 => " was",
            _ => "s were",
        };
        let more = if self.count > 3 { "; …" } else { "" };
        Some(format!(
            "{} {thing}{were} not understood and left out: {}{more}",
            self.count,
            first.join("; ")
        ))
    }
}

/// Whether there are requests, and when the first and the last of them began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    pub held: bool,
    /// In microseconds since 1970.
    pub begins: Extremes<i64>,
}

impl Extent {
    /// Looks at one more.
    pub fn add(&mut self, record: &Record<'_>) {
        self.held = true;
        if let Some(at) = record.start_us {
            self.begins.add(at);
        }
    }

    /// Looks at those of another part of the file.
    pub fn append(&mut self, other: Extent) {
        self.held |= other.held;
        self.begins.merge(other.begins);
    }
}

/// Whether requests stand in the order of time.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// How many began before the one that stands before them.
    began_back: u64,
    /// How many ended before it: at all, by more than a step of a clock of milliseconds, and of one of seconds.
    ended_back: [u64; 3],
    /// Whether any begin and any end lies between two whole milliseconds, and between two whole seconds.
    between: [[bool; 2]; 2],
    /// By how many microseconds at most an end lies before the one that stands before it.
    furthest: i64,
    /// When the first and the last of those with a time began and ended.
    times: Option<[(i64, i64); 2]>,
    /// Whether a time was shorter than the one before it, and whether one was longer.
    shorter: bool,
    longer: bool,
    /// How long the first and the last took.
    lengths: Option<[u64; 2]>,
}

/// By how many microseconds the end of a request may lie before that of the one before it and time still go on: a clock that cuts
/// off has a step's error, and so has a duration that is cut to milliseconds.
const STEPS: [i64; 3] = [0, 2_000, 1_002_000];

impl Order {
    /// Looks at one more.
    pub fn add(&mut self, record: &Record<'_>) {
        self.follow_length([record.ns; 2]);
        if let Some(start) = record.start_us {
            let end = start.saturating_add_unsigned(record.ns / 1_000);
            for (between, at) in self.between.iter_mut().zip([start, end]) {
                between[0] |= at % 1_000 != 0;
                between[1] |= at % 1_000_000 != 0;
            }
            self.follow([(start, end); 2]);
        }
    }

    /// Looks at those that stand behind these.
    pub fn append(&mut self, later: &Order) {
        self.began_back += later.began_back;
        for (own, more) in self.ended_back.iter_mut().zip(later.ended_back) {
            *own += more;
        }
        for (own, more) in self.between.iter_mut().zip(later.between) {
            own[0] |= more[0];
            own[1] |= more[1];
        }
        self.furthest = self.furthest.max(later.furthest);
        self.shorter |= later.shorter;
        self.longer |= later.longer;
        if let Some(lengths) = later.lengths {
            self.follow_length(lengths);
        }
        if let Some(times) = later.times {
            self.follow(times);
        }
    }

    /// Looks at how long the first and the last of those that follow took.
    fn follow_length(&mut self, [first, last]: [u64; 2]) {
        let [begin, before] = self.lengths.unwrap_or([first; 2]);
        self.shorter |= first < before;
        self.longer |= first > before;
        self.lengths = Some([begin, last]);
    }

    /// Looks at the begins and ends of the first and the last of those that follow.
    fn follow(&mut self, [first, last]: [(i64, i64); 2]) {
        let [begin, before] = self.times.unwrap_or([first; 2]);
        self.began_back += u64::from(first.0 < before.0);
        let behind = before.1.saturating_sub(first.1);
        for (count, step) in self.ended_back.iter_mut().zip(STEPS) {
            *count += u64::from(behind > step);
        }
        self.furthest = self.furthest.max(behind);
        self.times = Some([begin, last]);
    }

    /// How many requests stand neither in the order of their begins nor of their ends, nor of their times.
    fn out_of_order(&self) -> u64 {
        let by_time = self.longer && !self.shorter;
        if by_time {
            0
        } else {
            self.began_back.min(self.ended_back[self.clock()])
        }
    }

    /// Which of [`STEPS`] is that of the log's clock, which shows the begins or the ends.
    fn clock(&self) -> usize {
        let [begins, ends] = self.between;
        if !(begins[1] && ends[1]) {
            2
        } else if !(begins[0] && ends[0]) {
            1
        } else {
            0
        }
    }

    /// What is to be said of it, if time goes back: how often, and by how many seconds.
    #[must_use]
    pub fn doubt(&self) -> Option<(u64, f64)> {
        let back = self.out_of_order();
        (back > 0).then_some((back, self.furthest as f64 / 1e6))
    }
}

/// The requests of a file, as far as all of them are kept.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// How many there are.
    pub count: u64,
    /// How long each took, of those that have a time.
    pub times: Durations,
    /// How long the system behind a proxy took, where the proxy tells it.
    pub served: Durations,
    /// Of the same times, in milliseconds.
    pub moments: Moments,
    /// How many failed.
    pub failed: u64,
    /// When the first began, and when the last was over, in microseconds.
    pub span_us: Option<(i64, i64)>,
    /// Whether they stand in the order of time.
    pub order: Order,
}

impl Collected {
    /// Keeps one more.
    pub fn add(&mut self, record: &Record<'_>) {
        self.count += 1;
        if !record.untimed {
            self.times.push(record.ns);
            self.moments.push(record.ns as f64 / 1e6);
        }
        if let Some(ns) = record.served_ns {
            self.served.push(ns);
        }
        self.failed += u64::from(record.failed);
        self.order.add(record);
        let Some(start) = record.start_us else {
            return;
        };
        let end = start.saturating_add_unsigned(record.ns / 1_000);
        let (first, last) = self.span_us.unwrap_or((start, end));
        self.span_us = Some((first.min(start), last.max(end)));
    }

    /// Keeps those that stand behind these.
    pub fn append(&mut self, later: &Collected) {
        self.count += later.count;
        self.times.append(&later.times);
        self.served.append(&later.served);
        self.moments.merge(&later.moments);
        self.failed += later.failed;
        self.order.append(&later.order);
        if let Some((from, to)) = later.span_us {
            let (first, last) = self.span_us.unwrap_or((from, to));
            self.span_us = Some((first.min(from), last.max(to)));
        }
    }

    /// The times in ascending order.
    #[must_use]
    pub fn sorted(&self) -> Vec<u64> {
        let mut all: Vec<u64> = self.times.iter().collect();
        all.sort_unstable();
        all
    }

    /// From the begin of the first to the end of the last, in seconds.
    #[must_use]
    pub fn span(&self) -> Option<f64> {
        let (first, last) = self.span_us?;
        Some(last.abs_diff(first) as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of requests that began and took so many microseconds.
    fn doubt(requests: &[(i64, u64)]) -> Option<(u64, f64)> {
        let mut order = Order::default();
        for (start, us) in requests {
            order.add(&Record {
                start_us: Some(*start),
                ns: us * 1_000,
                ..Record::default()
            });
        }
        order.doubt()
    }

    #[test]
    fn what_a_clock_cuts_off_is_no_time_that_goes_back() {
        // Begun at 0.1, 1.2 and 0.9 s and ended at 1.9, 2.0 and 2.05 s, by a clock of microseconds, milliseconds and seconds of
        // the begins.
        let ended = [
            (100_001, 1_800_000),
            (1_200_001, 800_000),
            (900_001, 1_150_000),
        ];
        let cut = |to: i64| ended.map(|(start, us)| (start / to * to, us));
        assert_eq!(doubt(&ended), None);
        assert_eq!(doubt(&cut(1_000)), None);
        // By the seconds they ended at 1.8, 1.8 and 1.15 s.
        assert_eq!(doubt(&cut(1_000_000)), None);
        // The last one ended 1.2 s before the one that stands before it, whatever its clock shows.
        let back = [
            (0, 2_000_000),
            (2_000_000, 1_500_000),
            (1_000_000, 1_300_000),
        ];
        assert_eq!(doubt(&back), Some((1, 1.2)));
        // 20 ms are time that goes back where the clock has milliseconds, and not where it has seconds.
        let times = [(1_000, 5_000), (31_000, 5_000), (11_000, 5_000)];
        assert_eq!(doubt(&times), Some((1, 0.02)));
        let seconds = [(2_000_000, 5_000), (1_000_000, 900_000)];
        assert_eq!(doubt(&seconds), None);
    }
}
