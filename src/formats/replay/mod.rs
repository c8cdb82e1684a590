//! The requests of a log in the order in which they began, one after the other: the log is read twice, and never held.
//!
//! The first reading ([`survey`]) counts, and finds what the order needs; the second ([`Stream`]) gives the requests.
//! A server writes a request when it is over, so that its begin lies before those of lines above it. Requests wait in a
//! heap for a minute of the log; what lies further back, as a request of an hour does, is found by the first reading and
//! kept apart. Memory is that of the requests of a minute, however long the log is.

mod lines;
mod stream;
mod survey;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::path::{self, Route};
pub use stream::Stream;
pub use survey::{Survey, survey};

/// In microseconds.
const SECOND: i64 = 1_000_000;

/// How far a request may lie behind one above it, in microseconds, and still wait for its turn in the heap.
const WINDOW: i64 = 60 * SECOND;

/// A log, and which endpoint each of its requests belongs to.
#[derive(Clone, PartialEq)]
pub struct Log {
    /// The file.
    pub path: PathBuf,
    /// Its bytes, where it came with the model: then no file is opened.
    pub content: Option<Arc<[u8]>>,
    /// Its layout, as `--log-format` has it; told by the first line without it.
    pub layout: Option<String>,
    /// Routes in their order and the number of the endpoint that each leads to: the first that fits counts.
    pub routes: Vec<(Route, u16)>,
    /// Names of endpoints, by number: a request that no route takes belongs to the one with the name of its path, or with
    /// that which `learn` gives it.
    pub names: Vec<String>,
}

/// Not where it lies: a log is what it holds, which its [`Survey`] tells.
impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Log {
            layout,
            routes,
            names,
            ..
        } = self;
        write!(f, "Log({layout:?}, {routes:?}, {names:?})")
    }
}

impl Log {
    /// The number of the endpoint that a request belongs to.
    fn endpoint(&self, method: &str, target: &str) -> Option<u16> {
        let plain = path::plain(target);
        let route = self.routes.iter().find(|(r, _)| r.takes(method, plain));
        if let Some((_, endpoint)) = route {
            return Some(*endpoint);
        }
        let by_name = |name: &str| self.names.iter().position(|own| own == name);
        let found = by_name(plain.trim_start_matches('/')).or_else(|| {
            let template = path::template(method, target, &[]);
            by_name(&path::name(&template))
        });
        found.and_then(|number| u16::try_from(number).ok())
    }
}

/// Whether times are whole seconds, so that the requests of each are spread evenly over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Spread {
    /// They are finer.
    #[default]
    No,
    /// Begins are whole seconds.
    Begins,
    /// Ends are.
    Ends,
}

/// A request as it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Item {
    start_us: i64,
    us: i64,
    endpoint: u16,
}

impl Item {
    /// By what the order goes: the begin, or the second that is written.
    fn key(&self, spread: Spread) -> i64 {
        match spread {
            Spread::Ends => self.start_us.saturating_add(self.us),
            Spread::No | Spread::Begins => self.start_us,
        }
    }

    /// Whether it lies so far behind the latest so far that it is kept apart.
    fn is_far_behind(&self, latest: i64, spread: Spread) -> bool {
        latest.saturating_sub(self.key(spread)) > WINDOW
            || spread == Spread::Ends && self.us > WINDOW
    }
}
