//! What depends on the number of jobs at a station: balking, and the speed of service.

use super::super::waiting::QueueEntry;
use super::Station;
use crate::engine::Time;
use crate::engine::stream::Stream;
use crate::engine::time::{to_f64, to_u64};
use crate::model::system;

/// What a station needs to know for that.
#[derive(Clone, Debug)]
pub struct ByNumber {
    law: system::ByNumber,
    /// Whether who comes stays.
    stream: Stream,
    /// The setup of its host, and whether that is idle.
    host: Option<(system::Setup, Idle)>,
}

/// Whether nothing is at work on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Nothing ever was.
    Always,
    /// Not since then.
    Since(Time),
    /// Something is.
    No,
}

impl Idle {
    /// Nanoseconds that the service of whoever comes now takes in addition.
    fn costs(self, now: Time, setup: system::Setup) -> f64 {
        match self {
            Idle::Always => to_f64(setup.time.0),
            Idle::Since(since) => setup.after(now.since_past(since)),
            Idle::No => 0.0,
        }
    }
}

/// The value for this number; the last one holds beyond.
fn value(list: &[f64], number: u32) -> Option<f64> {
    list.get(number as usize).or(list.last()).copied()
}

impl ByNumber {
    /// For a station that needs it.
    #[must_use]
    pub fn of(spec: &system::Station, stream: Stream) -> Option<Box<ByNumber>> {
        let law = spec.by_number.clone();
        let needed = !law.balking.is_empty() || !law.speeds.is_empty() || law.setup.is_some();
        needed.then(|| ByNumber::new(law, stream))
    }

    fn new(law: system::ByNumber, stream: Stream) -> Box<ByNumber> {
        Box::new(ByNumber {
            law,
            stream,
            host: None,
        })
    }

    /// Whether a job that finds this number waiting balks.
    fn balks(&mut self, waiting: u32) -> bool {
        value(&self.law.balking, waiting).is_some_and(|share| self.stream.chance(share))
    }

    /// Factor on the speed while this number are there, one at least.
    fn speed(&self, there: u32) -> f64 {
        value(&self.law.speeds, there.saturating_sub(1)).unwrap_or(1.0)
    }
}

impl Station {
    /// Jobs that are there and have no server of their own.
    fn in_line(&self) -> u32 {
        let there = self.in_service().saturating_add(self.waiting());
        there.saturating_sub(self.servers)
    }

    /// Whether a job that comes now goes away at once.
    pub(super) fn balks(&mut self) -> bool {
        let waiting = self.in_line();
        let balks = self.by_number.as_mut().is_some_and(|n| n.balks(waiting));
        self.probe.refused += u64::from(balks);
        self.probe.balked += u64::from(balks);
        balks
    }

    /// A job comes: what it needs, and the setup if nobody was here for long enough.
    pub(super) fn set_up(&mut self, now: Time, entry: QueueEntry) -> QueueEntry {
        let longer = self.by_number.as_ref().map_or(0.0, |numbers| {
            let (setup, idle) = match numbers.host {
                // A request that goes from one station of the host to another does not leave it idle.
                Some((_, Idle::Since(since))) if since == now => return 0.0,
                Some((setup, idle)) => (Some(setup), idle),
                None if !self.serving.is_empty() => return 0.0,
                None if self.sequence == 0 => (numbers.law.setup, Idle::Always),
                None => (numbers.law.setup, Idle::Since(self.updated)),
            };
            setup.map_or(0.0, |setup| idle.costs(now, setup))
        });
        if longer <= 0.0 {
            return entry;
        }
        self.probe.setups += 1;
        let demand = if self.plain {
            entry.demand.saturating_add(to_u64(longer))
        } else {
            (f64::from_bits(entry.demand) + longer).to_bits()
        };
        QueueEntry { demand, ..entry }
    }

    /// The first service after nothing was at work on its host for long enough takes longer.
    pub fn set_up_by_host(&mut self, setup: system::Setup) {
        let none = || ByNumber::new(system::ByNumber::default(), Stream::new(0, 0, ""));
        self.by_number.get_or_insert_with(none).host = Some((setup, Idle::Always));
    }

    /// Something begins to be at work on its host, or nothing is any more.
    pub fn host_is_idle(&mut self, idle: Idle) {
        if let Some((_, known)) = self.by_number.as_mut().and_then(|n| n.host.as_mut()) {
            *known = idle;
        }
    }

    /// Factor on the speed by the number of jobs that are there.
    pub(super) fn speed_by_number(&self) -> f64 {
        let there = self.in_service().saturating_add(self.waiting());
        self.by_number.as_ref().map_or(1.0, |n| n.speed(there))
    }

    /// Whether the station works at another speed with another number of jobs that wait.
    #[must_use]
    pub fn paced_by_number(&self) -> bool {
        let speeds = self.by_number.as_ref().map(|n| !n.law.speeds.is_empty());
        speeds == Some(true)
    }

    /// The number of those who wait has changed.
    pub fn repace(&mut self, now: Time) {
        self.advance(now);
        self.set_pace();
    }
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn the_last_value_holds_beyond() {
        let list = [0.0, 0.5, 1.0];
        let values: Vec<_> = [0, 1, 2, 9].map(|n| value(&list, n)).to_vec();
        assert_eq!(values, [Some(0.0), Some(0.5), Some(1.0), Some(1.0)]);
        assert_eq!(value(&[], 3), None);
    }
}
