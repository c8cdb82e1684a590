//! What the cases read from a run: rates and means of the window between two readings of the
//! probes.

use crate::model::Model;
use crate::model::system::Op;
use crate::stats::durations::DurationSlice;
use crate::world::OpTime;
use crate::world::snapshot::{Marked, Snapshot};

/// A run, seen between its first and its last mark.
pub struct Window<'r> {
    /// What was run.
    pub model: &'r Model,
    /// The run.
    pub run: &'r Marked,
    /// Beginning of the window.
    pub from: &'r Snapshot,
    /// End of the window.
    pub to: &'r Snapshot,
}

/// A mean of nanoseconds, in seconds; 0 of nothing.
fn mean_secs(values: DurationSlice<'_>) -> f64 {
    ratio(values.sum() as f64 / 1e9, values.len() as f64)
}

/// 0 where there is nothing to divide by.
pub fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

impl<'r> Window<'r> {
    /// The window between two marks of a run; `None` if there are no such marks.
    #[must_use]
    pub fn new(model: &'r Model, run: &'r Marked, from: usize, to: usize) -> Option<Window<'r>> {
        Some(Window {
            model,
            run,
            from: run.snapshots.get(from)?,
            to: run.snapshots.get(to)?,
        })
    }

    /// Its length in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.to.at.since(self.from.at).as_secs()
    }

    /// A time average of a level, from two areas in units × nanoseconds.
    fn average(&self, from: u128, to: u128) -> f64 {
        ratio((to - from) as f64 / 1e9, self.seconds())
    }

    /// Mean number of jobs in service at a station.
    #[must_use]
    pub fn in_service(&self, station: usize) -> f64 {
        let area = |s: &Snapshot| s.stations[station].in_service.area(s.at);
        self.average(area(self.from), area(self.to))
    }

    /// Mean share of a station's servers that work.
    #[must_use]
    pub fn utilisation(&self, station: usize) -> f64 {
        let spec = &self.model.stations[station];
        let area = |s: &Snapshot| s.stations[station].at_work(spec.discipline, s.at);
        self.average(area(self.from), area(self.to)) / f64::from(spec.servers)
    }

    /// Mean share of a station's servers that have a job while the station stands still.
    #[must_use]
    pub fn stopped(&self, station: usize) -> f64 {
        let spec = &self.model.stations[station];
        let area = |s: &Snapshot| s.stations[station].stopped(spec.discipline, s.at);
        self.average(area(self.from), area(self.to)) / f64::from(spec.servers)
    }

    /// Mean number of jobs at a station, waiting or in service.
    #[must_use]
    pub fn at_station(&self, station: usize) -> f64 {
        let area = |s: &Snapshot| s.stations[station].queue.area(s.at);
        self.in_service(station) + self.average(area(self.from), area(self.to))
    }

    /// A counter of a station: (came, completed, refused, walked away).
    fn count(&self, of: impl Fn(&Snapshot) -> u64) -> f64 {
        (of(self.to) - of(self.from)) as f64
    }

    /// Jobs that came to a station.
    #[must_use]
    pub fn arrived(&self, station: usize) -> f64 {
        self.count(|s| s.stations[station].arrived)
    }

    /// Services that a station completed.
    #[must_use]
    pub fn completed(&self, station: usize) -> f64 {
        self.count(|s| s.stations[station].completed)
    }

    /// Jobs that a station refused.
    #[must_use]
    pub fn refused(&self, station: usize) -> f64 {
        self.count(|s| s.stations[station].refused)
    }

    /// Jobs that walked away from a station's queue.
    #[must_use]
    pub fn left(&self, station: usize) -> f64 {
        self.count(|s| s.stations[station].left)
    }

    /// Visits, seconds of waiting and seconds of service at the n-th station visit of an endpoint.
    #[must_use]
    pub fn visits(&self, endpoint: usize, visit: usize) -> (f64, f64, f64) {
        let before: usize = self.model.endpoints[..endpoint]
            .iter()
            .map(|e| e.ops.len())
            .sum();
        let serves = |op: &Op| matches!(op, Op::Serve { .. } | Op::Acquire { .. });
        let ops = self.model.endpoints[endpoint].ops.iter().enumerate();
        let Some((at, _)) = ops.filter(|(_, op)| serves(op)).nth(visit) else {
            return (0.0, 0.0, 0.0);
        };
        let of = |s: &Snapshot| -> OpTime { s.op_times[before + at] };
        let (a, b) = (of(self.from), of(self.to));
        (
            (b.visits - a.visits) as f64,
            (b.waited - a.waited) as f64 / 1e9,
            (b.served - a.served) as f64 / 1e9,
        )
    }

    /// Durations of the requests that ended in the window, in nanoseconds, in the order of ending.
    #[must_use]
    pub fn durations(&self) -> DurationSlice<'r> {
        let all = &self.run.outcome.recorder.durations;
        all.range(self.from.requests..self.to.requests)
    }

    /// Those of the requests that succeeded.
    #[must_use]
    pub fn successful(&self) -> Vec<u64> {
        let recorder = &self.run.outcome.recorder;
        let range = self.from.requests..self.to.requests;
        let mut durations = Vec::new();
        recorder.request_series.for_runs(range, |series, run| {
            if recorder.series[usize::from(series)].expected == Some(true) {
                durations.extend(recorder.durations.range(run).iter());
            }
        });
        durations
    }

    /// Mean duration of the requests that ended in the window, in seconds.
    #[must_use]
    pub fn mean_response(&self) -> f64 {
        mean_secs(self.durations())
    }

    /// Mean duration of those that succeeded, in seconds.
    #[must_use]
    pub fn mean_successful(&self) -> f64 {
        mean_secs(self.successful()[..].into())
    }

    /// Mean length of the iterations that ended in the window, in seconds, and how many they are.
    #[must_use]
    pub fn iterations(&self) -> (f64, f64) {
        let mut all = self.run.outcome.recorder.iteration_durations();
        all.truncate(self.to.iterations);
        all.remove_first(self.from.iterations);
        (mean_secs(all.all()), all.len() as f64)
    }

    /// Waits that were not zero, of all stations, in nanoseconds.
    #[must_use]
    pub fn waits(&self) -> &'r [u64] {
        &self.run.waits[self.from.waits..self.to.waits]
    }
}
