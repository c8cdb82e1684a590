//! A scenario whose load is a recorded log, as meant.

use super::system::EndpointId;
use crate::engine::Span;
use crate::formats::replay::{Log, Survey};
use std::sync::Arc;

/// Requests of a log, each at its own time.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// The file, and which endpoint each request belongs to.
    pub log: Log,
    /// What the first reading of it has found.
    pub survey: Arc<Survey>,
    /// Of `load` 2 the log is played in half of its time.
    pub load: f64,
    /// So much of the begin of the log is left out, in the log's time.
    pub offset: Span,
    /// How often it is played; `None` again and again.
    pub times: Option<u64>,
    /// No request begins after it.
    pub duration: Span,
    /// In the scenario's journey, the step that each endpoint's requests begin at, by number of the endpoint.
    pub entries: Vec<u32>,
}

impl Replay {
    /// From one playing of the log to the next, in the log's time: its length, and a mean gap.
    #[must_use]
    pub fn period_us(&self) -> f64 {
        self.length_us() + self.gap_us()
    }

    /// From the first request that is played to the last, in microseconds of the log's time.
    #[must_use]
    pub fn length_us(&self) -> f64 {
        self.survey.length_us() as f64 - self.offset.0 as f64 / 1e3
    }

    fn gap_us(&self) -> f64 {
        let gaps = self.survey.requests.saturating_sub(1).max(1);
        self.survey.length_us() as f64 / gaps as f64
    }

    /// When a request comes that begins this number of microseconds after the begin of what is played of the log, in the n-th
    /// playing, from 0.
    #[must_use]
    pub fn at(&self, us: f64, playing: u64) -> Span {
        Span::from_ns((us + playing as f64 * self.period_us()) * 1e3 / self.load)
    }

    /// When the last request comes, if nothing else ends the scenario before.
    #[must_use]
    pub fn whole(&self) -> Option<Span> {
        let playing = self.times?.saturating_sub(1);
        Some(self.at(self.length_us(), playing))
    }

    /// Requests a second, in the mean.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.survey.requests as f64 / (self.survey.length_us() as f64 / 1e6).max(1e-9) * self.load
    }

    /// The endpoints that are called, and their numbers of requests.
    pub fn called(&self) -> impl Iterator<Item = (EndpointId, u64)> + '_ {
        let all = (0..).zip(&self.survey.of_endpoint);
        all.filter(|(_, count)| **count > 0)
            .map(|(number, count)| (EndpointId(number), *count))
    }
}
