//! Sessions: the requests of one user, one after the other, and the chain that they follow as far as the data carries it.

mod chain;
mod write;

use std::collections::BTreeMap;

pub(super) use chain::Chain;
pub(super) use write::scenario;

/// In microseconds.
const SECOND: i64 = 1_000_000;

/// A user who sends nothing for so long begins a new session.
const LONGEST_PAUSE: i64 = 1_800 * SECOND;

/// Whole sessions that are needed.
pub const FEWEST_SESSIONS: usize = 100;

/// Requests that begin before the one before them is over: beyond this share users do not wait for answers, and there is
/// no chain of requests.
const MOST_AT_ONCE: f64 = 0.2;

/// A request and who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sent {
    user: u32,
    start_us: i64,
    us: u32,
    endpoint: u16,
}

/// Requests with their users, as they are read.
#[derive(Debug, Default)]
pub struct Sessions {
    column: String,
    users: BTreeMap<String, u32>,
    sent: Vec<Sent>,
    /// Requests whose line names nobody.
    nameless: u64,
}

/// What sessions there are.
#[derive(Debug)]
pub struct Found {
    /// The column that tells who sent a request.
    pub column: String,
    pub users: usize,
    pub nameless: u64,
    /// Whole or not.
    pub sessions: usize,
    /// The chain, or why there is none.
    pub chain: Result<Chain, String>,
}

/// One session: its requests by place in the list, and whether the log shows its begin and its end.
#[derive(Clone, Debug)]
struct Session {
    requests: std::ops::Range<usize>,
    begins: bool,
    ends: bool,
}

impl Sessions {
    /// By this column.
    #[must_use]
    pub fn by(column: &str) -> Sessions {
        Sessions {
            column: column.to_string(),
            ..Sessions::default()
        }
    }

    /// Takes one more request; its endpoint is a place that may still be folded.
    pub fn add(&mut self, session: &str, start_us: i64, us: u32, endpoint: u16) {
        if session.is_empty() {
            self.nameless += 1;
            return;
        }
        let next = u32::try_from(self.users.len()).unwrap_or(u32::MAX);
        let user = match self.users.get(session) {
            Some(user) => *user,
            None => *self.users.entry(session.to_string()).or_insert(next),
        };
        self.sent.push(Sent {
            user,
            start_us,
            us,
            endpoint,
        });
    }

    /// The chain of `endpoints` many endpoints; `index` tells the place of each that was folded.
    #[must_use]
    pub fn find(mut self, endpoints: usize, index: impl Fn(u16) -> Option<usize>) -> Found {
        for sent in &mut self.sent {
            let place = index(sent.endpoint).and_then(|place| u16::try_from(place).ok());
            sent.endpoint = place.unwrap_or(0);
        }
        self.sent.sort_unstable();
        let sessions = self.split();
        let chain = self.chain(&sessions, endpoints);
        Found {
            column: self.column,
            users: self.users.len(),
            nameless: self.nameless,
            sessions: sessions.len(),
            chain,
        }
    }

    /// Sessions, and which of them the log shows from begin to end.
    fn split(&self) -> Vec<Session> {
        let gap = |k: usize| pause(&self.sent[k], &self.sent[k + 1]);
        let same = |k: usize| self.sent[k].user == self.sent[k + 1].user && gap(k) <= LONGEST_PAUSE;
        let mut gaps: Vec<i64> = (0..self.sent.len().saturating_sub(1))
            .filter(|k| same(*k))
            .map(gap)
            .collect();
        gaps.sort_unstable();
        // Who is silent for so long near an end of the log may have gone on beyond it.
        let cut = gaps.get(gaps.len() * 99 / 100).copied().unwrap_or(0);
        let begin = self.sent.iter().map(|s| s.start_us).min().unwrap_or(0);
        let end = self.sent.iter().map(|s| s.start_us).max().unwrap_or(0);
        let mut sessions = Vec::new();
        let mut first = 0;
        for k in 0..self.sent.len() {
            if k + 1 < self.sent.len() && same(k) {
                continue;
            }
            sessions.push(Session {
                requests: first..k + 1,
                begins: self.sent[first].start_us - begin >= cut,
                ends: end - self.sent[k].start_us > cut,
            });
            first = k + 1;
        }
        sessions
    }

    fn chain(&self, sessions: &[Session], endpoints: usize) -> Result<Chain, String> {
        let whole = sessions.iter().filter(|s| s.begins && s.ends).count();
        if whole < FEWEST_SESSIONS {
            return Err(format!(
                "{whole} sessions are whole, and a chain needs {FEWEST_SESSIONS}"
            ));
        }
        let steps = sessions.iter().flat_map(|s| {
            let requests = &self.sent[s.requests.clone()];
            requests.windows(2)
        });
        let (mut all, mut at_once) = (0_u64, 0_u64);
        for pair in steps {
            all += 1;
            at_once += u64::from(pause(&pair[0], &pair[1]) < 0);
        }
        if all < FEWEST_SESSIONS as u64 {
            return Err("hardly any session has two requests".to_string());
        }
        let share = at_once as f64 / all as f64;
        if share > MOST_AT_ONCE {
            return Err(format!(
                "{:.0} % of requests begin before the one before them is over: users do not wait for answers, or several \
                 users share a name",
                100.0 * share
            ));
        }
        Ok(chain::of(&self.sent, sessions, endpoints, share))
    }
}

/// From the end of a request to the begin of the next, below zero if they overlap.
fn pause(one: &Sent, next: &Sent) -> i64 {
    next.start_us - one.start_us.saturating_add(i64::from(one.us))
}
