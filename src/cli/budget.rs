//! `--budget`: how much work a study may do, in runs, in time, or in both.

use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::model::duration;

/// `runs=200`, `time=60s` or `runs=200,time=60s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Simulated runs.
    pub runs: Option<u64>,
    /// Time on the clock of this machine.
    pub time: Option<Duration>,
}

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Budget, String> {
        let wrong = || "write runs=N, time=60s, or both: runs=200,time=60s".to_owned();
        let mut budget = Budget::default();
        for part in text.split(',') {
            let (name, value) = part.split_once('=').unwrap_or(("runs", part));
            let twice = match name.trim() {
                "runs" => {
                    let runs = value.trim().parse().ok().filter(|runs| *runs >= 1);
                    budget.runs.replace(runs.ok_or_else(wrong)?).is_some()
                }
                "time" => {
                    let span = duration::parse(value.trim()).map_err(|e| e.to_string())?;
                    let time = Duration::from_nanos(span.0);
                    budget.time.replace(time).is_some()
                }
                _ => return Err(wrong()),
            };
            if twice {
                return Err(wrong());
            }
        }
        Ok(budget)
    }
}

/// A budget that is being spent. Only the command line reads a clock: studies are handed a question
/// that they ask between probes, and say so when its answer ended them.
pub struct Clock {
    start: Instant,
    time: Option<Duration>,
}

impl Budget {
    /// Starts the clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "a budget of time ends a search between two runs, and the answer says so"
    )]
    pub fn start(&self) -> Clock {
        Clock {
            start: Instant::now(),
            time: self.time,
        }
    }
}

impl Clock {
    /// Whether there is time left.
    pub fn may_go_on(&self) -> bool {
        self.time.is_none_or(|time| self.start.elapsed() < time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_read() {
        let read = |text: &str| text.parse::<Budget>().ok();
        let of = |runs, seconds: Option<u64>| {
            Some(Budget {
                runs,
                time: seconds.map(Duration::from_secs),
            })
        };
        assert_eq!(read("runs=200"), of(Some(200), None));
        assert_eq!(read("200"), of(Some(200), None));
        assert_eq!(read("time=1m"), of(None, Some(60)));
        assert_eq!(read("runs=200,time=60s"), of(Some(200), Some(60)));
        assert_eq!(read("time=60s, runs=200"), of(Some(200), Some(60)));
        for wrong in [
            "",
            "runs=0",
            "runs=-1",
            "time=60parsecs",
            "time=",
            "runs=1,runs=2",
            "steps=3",
            "runs=1,",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_clock_without_a_limit_never_stops() {
        assert!(Budget::default().start().may_go_on());
        let none = Budget {
            runs: None,
            time: Some(Duration::ZERO),
        };
        assert!(!none.start().may_go_on());
    }
}
