//! The second reading of a log: its requests in the order in which they began.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;

use super::super::reading::Record;
use super::super::source::Problem;
use super::lines::{Line, Lines};
use super::survey::Survey;
use super::{Item, Log, SECOND, Spread, WINDOW};

/// What waits for its turn: the key that it is ordered by, its number in the file, and the request.
type Waiting = BinaryHeap<Reverse<(i64, u64, Ordered)>>;

/// A request in an order that never decides: its number in the file comes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ordered(Item);

impl Ord for Ordered {
    fn cmp(&self, other: &Ordered) -> std::cmp::Ordering {
        self.0.start_us.cmp(&other.0.start_us)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Ordered) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The requests of a log, one after the other.
pub struct Stream {
    log: Log,
    lines: Lines,
    spread: Spread,
    /// Lines that the first reading has seen: a log may grow meanwhile.
    lines_left: u64,
    /// Requests in the order of the file that wait for those before them.
    waiting: Waiting,
    /// The latest key so far.
    latest: i64,
    number: u64,
    /// Requests of seconds that were spread, by their begins, and the second that was spread last.
    spread_out: Waiting,
    spread_to: i64,
    /// Requests that lie far behind one above them.
    early: VecDeque<(i64, u16)>,
    /// The next by the other way, where an early one comes before it.
    next: Option<(i64, u16)>,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Stream({}, line {})",
            self.log.path.display(),
            self.number
        )
    }
}

impl Stream {
    /// Begins the second reading of a log.
    ///
    /// # Errors
    /// If it cannot be opened any more.
    pub fn open(log: &Log, survey: &Survey) -> Result<Stream, Problem> {
        Ok(Stream {
            lines: Lines::open(log)?,
            log: log.clone(),
            spread: survey.spread,
            lines_left: survey.lines,
            waiting: BinaryHeap::new(),
            latest: i64::MIN,
            number: 0,
            spread_out: BinaryHeap::new(),
            spread_to: i64::MIN,
            early: survey.early.iter().copied().collect(),
            next: None,
        })
    }

    /// The begin of the next request in microseconds, and the number of its endpoint; `None` behind the last.
    ///
    /// # Errors
    /// If the file has changed since the first reading, or cannot be read on.
    pub fn next_request(&mut self) -> Result<Option<(i64, u16)>, Problem> {
        if self.next.is_none() {
            self.next = match self.spread {
                Spread::No => self
                    .next_ready()?
                    .map(|item| (item.start_us, item.endpoint)),
                Spread::Begins | Spread::Ends => self.next_spread()?,
            };
        }
        match (self.next, self.early.front()) {
            (Some(next), Some(early)) if *early <= next => Ok(self.early.pop_front()),
            (None, Some(_)) => Ok(self.early.pop_front()),
            _ => Ok(self.next.take()),
        }
    }

    /// The next in the order of the keys: nothing that is still to be read comes before it.
    fn next_ready(&mut self) -> Result<Option<Item>, Problem> {
        loop {
            let first = self.waiting.peek().map(|Reverse((key, ..))| *key);
            let ready = first.is_some_and(|key| key < self.latest.saturating_sub(WINDOW));
            if ready || self.lines_left == 0 {
                let first = self.waiting.pop();
                return Ok(first.map(|Reverse((.., Ordered(item)))| item));
            }
            self.read_one()?;
        }
    }

    fn read_one(&mut self) -> Result<(), Problem> {
        let log = &self.log;
        let mut take = |record: &Record<'_>| {
            Some(Item {
                start_us: record.start_us?,
                us: i64::try_from(record.ns / 1_000).unwrap_or(i64::MAX),
                endpoint: log.endpoint(record.method, record.path)?,
            })
        };
        let Some(line) = self.lines.next(&mut take)? else {
            return Err(Problem {
                place: log.path.display().to_string(),
                message: "the file has become shorter since it was read first".into(),
                fix: "run again".into(),
            });
        };
        self.lines_left -= 1;
        let Line::Request(Some(item)) = line else {
            return Ok(());
        };
        let key = item.key(self.spread);
        self.latest = self.latest.max(key);
        self.number += 1;
        if !item.is_far_behind(self.latest, self.spread) {
            self.waiting
                .push(Reverse((key, self.number, Ordered(item))));
        }
        Ok(())
    }

    /// The next where the requests of a second are spread evenly over it, in the order of the file.
    fn next_spread(&mut self) -> Result<Option<(i64, u16)>, Problem> {
        loop {
            let first = self.spread_out.peek().map(|Reverse((start, ..))| *start);
            // What ends in a later second has begun a minute before it at most.
            let sure = self.spread_to.saturating_sub(WINDOW);
            if first.is_some_and(|start| start < sure) || !self.spread_second()? {
                let first = self.spread_out.pop();
                return Ok(first.map(|Reverse((start, _, Ordered(item)))| (start, item.endpoint)));
            }
        }
    }

    /// Spreads the requests of the next second; whether there is one.
    fn spread_second(&mut self) -> Result<bool, Problem> {
        let Some(first) = self.next_ready()? else {
            return Ok(false);
        };
        let second = first.key(self.spread);
        let mut all = vec![first];
        while let Some(Reverse((key, ..))) = self.waiting.peek()
            && *key == second
            && let Some(Reverse((.., Ordered(item)))) = self.waiting.pop()
        {
            all.push(item);
        }
        let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
        for (seen, item) in (0..).zip(all) {
            let start = item
                .start_us
                .saturating_add(SECOND * (2 * seen + 1) / (2 * count));
            self.spread_out
                .push(Reverse((start, self.number, Ordered(item))));
            self.number += 1;
        }
        self.spread_to = second;
        Ok(true)
    }
}
