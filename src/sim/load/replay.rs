//! When the requests of a replayed log come. Lazily: the log is read as the run goes on.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::engine::Span;
use crate::formats::Problem;
use crate::formats::replay::Stream;
use crate::model::replay::Replay;

/// The requests of a log, in ascending order, since the scenario's start.
#[derive(Debug)]
pub struct Replayed {
    replay: Arc<Replay>,
    stream: Option<Stream>,
    /// Which playing of the log this is, from 0.
    playing: u64,
    /// Endpoints of requests that were told and have not come, the next first: two at most.
    endpoints: VecDeque<u16>,
    /// Whether the log could not be read on.
    failed: Option<String>,
}

impl Replayed {
    /// At the begin of the log.
    #[must_use]
    pub fn new(replay: Arc<Replay>) -> Replayed {
        Replayed {
            replay,
            stream: None,
            playing: 0,
            endpoints: VecDeque::with_capacity(4),
            failed: None,
        }
    }

    /// When the next request comes, or `None` behind the last.
    pub fn next_time(&mut self) -> Option<Span> {
        match self.read() {
            Ok(next) => next.map(|(at, endpoint)| {
                self.endpoints.push_back(endpoint);
                at
            }),
            Err(why) => {
                self.failed = Some(format!(
                    "the log has changed since the model was read: {why}"
                ));
                None
            }
        }
    }

    fn read(&mut self) -> Result<Option<(Span, u16)>, Problem> {
        let first = self.replay.survey.span_us.0;
        let offset_us = self.replay.offset.0 as f64 / 1e3;
        // Where a playing brings nothing, as behind an offset, the next would bring nothing either.
        for _ in 0..2 {
            if self.replay.times.is_some_and(|times| self.playing >= times) {
                return Ok(None);
            }
            let stream = match &mut self.stream {
                Some(stream) => stream,
                none => {
                    let opened = Stream::open(&self.replay.log, &self.replay.survey);
                    none.insert(opened?)
                }
            };
            while let Some((start, endpoint)) = stream.next_request()? {
                // Spread over a second, the first comes a little after the begin of it.
                let us = start.saturating_sub(first).max(0) as f64 - offset_us;
                if us >= 0.0 {
                    return Ok(Some((self.replay.at(us, self.playing), endpoint)));
                }
            }
            self.stream = None;
            self.playing += 1;
        }
        Ok(None)
    }

    /// The step of the journey at which the request that comes now begins.
    pub fn entry(&mut self) -> u32 {
        let endpoint = self.endpoints.pop_front().map_or(0, usize::from);
        self.replay.entries.get(endpoint).copied().unwrap_or(0)
    }

    /// Why the log could not be read to the end that it had when the model was read.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failed.as_deref()
    }
}
