//! A first model from single requests: of an access log, or of a load tool's file.
//!
//! What the requests do not show is not put in: a station only where times grow with the number of requests
//! under way, failures as a share, no sessions. Each line of the model says what it rests on.

mod busy;
mod fold;
mod laws;
mod load;
mod part;
mod replay;
mod sessions;
pub mod traces;
mod write;

use std::collections::BTreeMap;

pub use crate::formats::path::Route;
use crate::formats::{Order, path};
use busy::{Growth, Level};
use laws::Law;
use load::Arrivals;
use part::Part;
pub use replay::REQUESTS;
use sessions::Sessions;

/// In microseconds.
const SECOND: i64 = 1_000_000;

/// Longer logs are refused: one wrong time makes years.
const LONGEST_DAYS: f64 = 40.0;

/// Largest number of requests that are kept.
const MOST_REQUESTS: usize = 20_000_000;

/// Templates that are kept apart before they are folded.
const MOST_TEMPLATES: usize = 50_000;

/// Endpoints of a model; all others become one more.
const MOST_ENDPOINTS: usize = 12;

/// A connection that goes on as something else, such as a WebSocket: its time is no answer's.
const UPGRADED: u16 = 101;

/// nginx has this where a client did not wait for the answer.
const GIVEN_UP: u16 = 499;

/// A request, packed.
#[derive(Clone, Copy, Debug)]
struct Request {
    start_us: i64,
    us: u32,
    endpoint: u16,
    timed: bool,
}

/// Requests as they are read.
#[derive(Debug, Default)]
pub struct Learner {
    routes: Vec<Route>,
    templates: Vec<String>,
    index: BTreeMap<String, usize>,
    failures: Vec<BTreeMap<u16, u64>>,
    /// A path of each template; once they are folded, some of each endpoint.
    examples: Vec<String>,
    shown: Vec<Vec<String>>,
    requests: Vec<Request>,
    timeless: u64,
    left_out: u64,
    /// The most users at once of whom the file tells.
    users: u32,
    /// Upgraded connections, which are no requests.
    upgraded: u64,
    /// Requests whose answer nobody has waited for.
    unanswered: u64,
    /// Whether some begin, and some end, lies within a second.
    fine: (bool, bool),
    /// Whether times are milliseconds that were cut off.
    cut: bool,
    /// Those that are not yet among the others.
    part: Part,
    /// Whether those of the file that is read stand in the order of time.
    order: Order,
    replays: bool,
    sessions: Option<Sessions>,
}

/// An endpoint as it was learned.
#[derive(Debug)]
struct Endpoint {
    template: String,
    name: String,
    requests: u64,
    /// Status and count of failed ones.
    failures: BTreeMap<u16, u64>,
    /// The law of the service times, the number of requests it is from, and the most that were under way.
    law: Option<(Law, usize, u32)>,
    /// How many templates were folded into it, and paths of some of them.
    folded: usize,
    examples: Vec<String>,
}

/// What was learned.
#[derive(Debug)]
pub struct Learned {
    origin: String,
    endpoints: Vec<Endpoint>,
    arrivals: Arrivals,
    requests: u64,
    span: f64,
    timed: u64,
    levels: Vec<Level>,
    growth: Option<Growth>,
    most_under_way: u32,
    /// Whether the file is of a load tool whose users wait for answers; then, how many.
    users: Option<u32>,
    /// Whether the file tells how many there were, and not only how many waited at once.
    told_users: bool,
    mean_ms: f64,
    timeless: u64,
    left_out: u64,
    upgraded: u64,
    unanswered: u64,
    doubts: Vec<String>,
    /// Whether times are whole seconds, and requests were spread evenly over each.
    spread: bool,
    /// Whether times are milliseconds that were cut off.
    cut: bool,
    /// When each request began and which endpoint it is of, where they are to be replayed; ascending.
    starts: Vec<(i64, u16)>,
    /// What users do one after the other, if a column tells them apart.
    sessions: Option<sessions::Found>,
}

impl Learner {
    /// With these routes given.
    #[must_use]
    pub fn new(routes: Vec<Route>) -> Learner {
        Learner {
            routes,
            ..Learner::default()
        }
    }

    /// Keeps the times at which requests began, for [`Learned::write_replay`].
    #[must_use]
    pub fn replaying(mut self) -> Learner {
        self.replays = true;
        self
    }

    /// Keeps who sent each request by this column, to learn what users do one after the other.
    #[must_use]
    pub fn with_sessions(mut self, column: &str) -> Learner {
        self.sessions = Some(Sessions::by(column));
        self
    }

    /// Where begins or ends are whole seconds, spreads the requests of a second evenly over it, in the order
    /// of the file. Returns whether it did.
    fn spread(&mut self) -> bool {
        if self.fine.0 && self.fine.1 {
            return false;
        }
        // Of an end that is a whole second, the begin has the fraction of the length.
        let by_end = self.fine.0;
        let second = |r: &Request| {
            let at = r
                .start_us
                .saturating_add(if by_end { i64::from(r.us) } else { 0 });
            at.div_euclid(SECOND)
        };
        let mut counts: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for request in &self.requests {
            counts.entry(second(request)).or_default().0 += 1;
        }
        for request in &mut self.requests {
            let (count, seen) = counts.entry(second(request)).or_default();
            request.start_us = request
                .start_us
                .saturating_add(SECOND * (2 * *seen + 1) / (2 * *count).max(1));
            *seen += 1;
        }
        true
    }

    /// Makes a model of what was read; `origin` says from where, `closed` that users waited for answers.
    ///
    /// # Errors
    /// If there is too little to learn from.
    pub fn learn(
        mut self,
        origin: &str,
        closed: bool,
        doubts: Vec<String>,
    ) -> Result<Learned, String> {
        self.take_part();
        if self.requests.len() < 2 {
            return Err(match self.timeless {
                0 if self.upgraded > 0 => format!(
                    "there are no requests to learn from but {} upgraded connections (status 101)",
                    self.upgraded
                ),
                0 => "there are no requests to learn from".to_string(),
                n => format!(
                    "{n} requests without a time of their begin: a model needs a file of single requests with their times"
                ),
            });
        }
        let spread = self.spread();
        let places = self.fold();
        for request in &mut self.requests {
            request.endpoint = places[usize::from(request.endpoint)];
        }
        self.requests.sort_by_key(|r| r.start_us);
        let span = self.length()?;
        let starts: Vec<i64> = self.requests.iter().map(|r| r.start_us).collect();
        let arrivals = load::arrivals(&starts);
        drop(starts);
        let each = self.requests.iter().map(|r| (r.start_us, r.us));
        let under_way = if spread {
            busy::by_second(each)
        } else {
            busy::under_way(each)
        };
        let mut endpoints = self.endpoints(&under_way, 1);
        let mut levels = self.levels(&under_way, &endpoints);
        // Who waited for whom cannot be told from whole seconds.
        let growth = |levels: &[Level]| if spread { None } else { busy::growth(levels) };
        if !spread {
            // Where nobody waits there is more to learn the service times from.
            let calm = growth(&levels).map_or(u32::MAX, |growth| (0.8 * growth.servers) as u32);
            endpoints = self.endpoints(&under_way, calm);
            levels = self.levels(&under_way, &endpoints);
        }
        let timed = || self.requests.iter().filter(|r| r.timed);
        let count = timed().count();
        let sum: f64 = timed().map(|r| f64::from(r.us) / 1e3).sum();
        let most = under_way.iter().copied().max().unwrap_or(1);
        Ok(Learned {
            origin: origin.to_string(),
            arrivals,
            requests: self.requests.len() as u64,
            span,
            timed: count as u64,
            growth: growth(&levels),
            levels,
            most_under_way: most,
            users: closed.then_some(most.max(self.users)),
            told_users: self.users > 0,
            mean_ms: sum / (count as f64).max(1.0),
            timeless: self.timeless,
            left_out: self.left_out,
            upgraded: self.upgraded,
            unanswered: self.unanswered,
            sessions: self
                .sessions
                .take()
                .map(|sessions| found(sessions, &places, &endpoints)),
            starts: self.starts(&endpoints),
            endpoints: endpoints.into_iter().map(|(_, own)| own).collect(),
            doubts,
            spread,
            cut: self.cut,
        })
    }

    /// From the begin of the first request, they being in order, to the end of the last, in seconds.
    fn length(&self) -> Result<f64, String> {
        let (first, last) = (
            self.requests[0].start_us,
            self.requests
                .iter()
                .map(|r| r.start_us.saturating_add(i64::from(r.us)))
                .max(),
        );
        let span = last.unwrap_or(first).abs_diff(first) as f64 / 1e6;
        if span > LONGEST_DAYS * 86_400.0 {
            return Err(format!(
                "the requests span {:.0} days, and a model takes {LONGEST_DAYS} at most: a time in the file is wrong, \
                 or give a part of it",
                span / 86_400.0
            ));
        }
        Ok(span)
    }

    /// When requests began and the index of the endpoint of each, where they are to be replayed.
    fn starts(&self, endpoints: &[(usize, Endpoint)]) -> Vec<(i64, u16)> {
        if !self.replays {
            return Vec::new();
        }
        let index = |r: &Request| {
            let own = endpoints
                .iter()
                .position(|(place, _)| *place == usize::from(r.endpoint));
            own.and_then(|index| u16::try_from(index).ok()).unwrap_or(0)
        };
        (self.requests.iter())
            .map(|r| (r.start_us, index(r)))
            .collect()
    }

    /// How much longer requests take than their service, in the mean of the mix, by the number under way.
    fn levels(&self, under_way: &[u32], endpoints: &[(usize, Endpoint)]) -> Vec<Level> {
        let mut means = vec![0.0; self.templates.len()];
        let (mut sum, mut count) = (0.0, 0_u64);
        for (place, endpoint) in endpoints {
            if let Some((law, ..)) = &endpoint.law {
                means[*place] = law.mean_ms;
                sum += law.mean_ms * endpoint.requests as f64;
                count += endpoint.requests;
            }
        }
        // Those before a request in line are of all endpoints, so what it waits is of the mean of all.
        let mean = sum / (count as f64).max(1.0);
        let timed = self
            .requests
            .iter()
            .zip(under_way)
            .filter(|(r, _)| r.timed && mean > 0.0);
        busy::levels(timed.map(|(request, n)| {
            let own = means[usize::from(request.endpoint)];
            (
                *n,
                1.0 + (f64::from(request.us) / 1e3 + self.lost_ms() - own) / mean,
            )
        }))
    }

    /// The endpoints that have requests, with their places; service times are those at `calm` under way at most,
    /// or at the fewest at which enough are known.
    fn endpoints(&self, under_way: &[u32], calm: u32) -> Vec<(usize, Endpoint)> {
        let mut samples: Vec<Vec<(u32, u32)>> = vec![Vec::new(); self.templates.len()];
        let mut counts = vec![0_u64; self.templates.len()];
        for (request, n) in self.requests.iter().zip(under_way) {
            let place = usize::from(request.endpoint);
            counts[place] += 1;
            if request.timed {
                samples[place].push((*n, request.us));
            }
        }
        let mut names: Vec<String> = Vec::new();
        let mut endpoints = Vec::new();
        for (place, mut sample) in samples.into_iter().enumerate() {
            if counts[place] == 0 {
                continue;
            }
            let template = self.templates[place].clone();
            let mut name = path::name(&template);
            while names.contains(&name) {
                name.push_str("_2");
            }
            names.push(name.clone());
            let law = laws::of_service(&mut sample, calm, self.lost_ms());
            let endpoint = Endpoint {
                folded: self.index.get(&template).copied().unwrap_or(1),
                examples: self.shown.get(place).cloned().unwrap_or_default(),
                requests: counts[place],
                failures: self.failures[place].clone(),
                template,
                name,
                law,
            };
            endpoints.push((place, endpoint));
        }
        endpoints
    }
}

/// The sessions, by the indices of the endpoints; `places` are those of the templates.
fn found(sessions: Sessions, places: &[u16], endpoints: &[(usize, Endpoint)]) -> sessions::Found {
    let index = |place| {
        let place = usize::from(place);
        endpoints.iter().position(|(own, _)| *own == place)
    };
    let place = |template: u16| places.get(usize::from(template)).copied();
    sessions.find(endpoints.len(), |template| place(template).and_then(index))
}

impl Learned {
    /// The model, as TOML.
    #[must_use]
    pub fn toml(&self) -> String {
        write::toml(self, None)
    }
}
