//! What a station measures.

use crate::engine::Time;
use crate::measure::time_weighted::TimeWeighted;
use crate::model::system::Discipline;

/// What a station measures.
#[derive(Clone, Debug, Default)]
pub struct StationProbe {
    /// Jobs in service.
    pub in_service: TimeWeighted,
    /// Servers at work under processor sharing: `in_service`, but at most all of them.
    pub busy: TimeWeighted,
    /// Jobs waiting.
    pub queue: TimeWeighted,
    /// Services completed.
    pub completed: u64,
    /// Jobs that came, refused ones included.
    pub arrived: u64,
    /// Jobs refused because the queue was full, and those that balked.
    pub refused: u64,
    /// Of these, jobs that went away at once for those they saw waiting.
    pub balked: u64,
    /// Services that were longer by a setup.
    pub setups: u64,
    /// Jobs that walked away or were cancelled.
    pub left: u64,
    /// Services that a higher class has interrupted.
    pub interrupted: u64,
    /// Servers that had a job while the station stood still, in all stops that are over, in servers × nanoseconds.
    stopped: u128,
    /// While it stands still: the area of [`StationProbe::occupied`] when that began.
    stopped_at: Option<u128>,
}

impl StationProbe {
    /// Servers that have a job, at work or standing still, whatever the discipline: where nobody shares, each job
    /// in service has one.
    #[must_use]
    pub fn occupied(&self, discipline: Discipline) -> &TimeWeighted {
        match discipline {
            Discipline::ProcessorSharing => &self.busy,
            _ => &self.in_service,
        }
    }

    /// Servers that had a job while slowdowns left the station no speed at all: integral from the start of the
    /// run to `now`, in servers × nanoseconds.
    #[must_use]
    pub fn stopped(&self, discipline: Discipline, now: Time) -> u128 {
        let since = |at: u128| self.occupied(discipline).area(now).saturating_sub(at);
        self.stopped + self.stopped_at.map_or(0, since)
    }

    /// Servers at work: those that had a job and were not stopped. Integral from the start of the run to `now`,
    /// in servers × nanoseconds.
    #[must_use]
    pub fn at_work(&self, discipline: Discipline, now: Time) -> u128 {
        let occupied = self.occupied(discipline).area(now);
        occupied.saturating_sub(self.stopped(discipline, now))
    }

    /// The station goes on at this share of its speed. `shared`: under processor sharing.
    pub(super) fn speed_changed(&mut self, now: Time, shared: bool, speed: f64) {
        let occupied = if shared { &self.busy } else { &self.in_service };
        let area = occupied.area(now);
        if let Some(at) = self.stopped_at.take() {
            self.stopped += area.saturating_sub(at);
        }
        self.stopped_at = (speed <= 0.0).then_some(area);
    }
}
