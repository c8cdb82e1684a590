//! What the probes of a running world show at chosen instants: a study cuts the warm-up, or a window,
//! out of a run by the difference of two of them. A run that is not looked at pays nothing for it.

use crate::engine::Time;
use crate::parts::inventory::InventoryProbe;
use crate::parts::pool::PoolProbe;
use crate::parts::station::StationProbe;
use crate::parts::waiting_room::RoomProbe;

use super::outcome::Outcome;
use crate::world::World;
use crate::world::kernel::Phase;
use crate::world::system::OpTime;
use crate::world::system::waits::WaitLog;

/// The probes at one instant.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The instant, or the end of the run if that came first.
    pub at: Time,
    /// In the order of `Model::stations`.
    pub stations: Vec<StationProbe>,
    /// In the order of `Model::pools`.
    pub pools: Vec<PoolProbe>,
    /// Time spent at each operation, endpoint by endpoint.
    pub op_times: Vec<OpTime>,
    /// Seats, if there are any.
    pub inventory: Option<InventoryProbe>,
    /// The waiting room, if there is one.
    pub room: Option<RoomProbe>,
    /// Samples of requests so far: an index into `Recorder::durations`.
    pub requests: usize,
    /// Complete iterations so far: an index into `Recorder::iterations`.
    pub iterations: usize,
    /// Waits logged so far, if they are: an index into [`Marked::waits`].
    pub waits: usize,
    /// Requests in the system.
    pub in_system: u64,
}

/// A run and what was seen on the way.
#[derive(Clone, Debug)]
pub struct Marked {
    /// What the run gave, up to the last mark.
    pub outcome: Outcome,
    /// One for each mark.
    pub snapshots: Vec<Snapshot>,
    /// Every wait at a station that was not zero, in nanoseconds, in the order in which service began.
    pub waits: Vec<u64>,
}

impl World<'_> {
    /// Runs to the last of these ascending marks or to the end of the run, whichever comes first, and
    /// looks at the probes at each mark. At a mark, all that is due earlier has happened. Takes back
    /// [`World::summarising`].
    #[must_use]
    pub fn run_marked(mut self, marks: &[Time]) -> Marked {
        self.load.recorder.keep_samples();
        self.system.waits = Some(WaitLog::new(self.system.ops.len(), true));
        let mut snapshots = Vec::with_capacity(marks.len());
        self.start();
        self.drain();
        while self.kernel.phase != Phase::Over && snapshots.len() < marks.len() {
            let next = self.kernel.queue.next_time().unwrap_or(Time::NEVER);
            match marks.get(snapshots.len()) {
                Some(mark) if *mark <= next && *mark != Time::NEVER => {
                    snapshots.push(self.snapshot(*mark));
                }
                _ => {
                    if !self.step() {
                        break;
                    }
                }
            }
        }
        let last = self.snapshot(self.kernel.queue.now());
        snapshots.resize(marks.len(), last);
        let waits = self.system.waits.take().and_then(|log| log.each);
        let waits = waits.unwrap_or_default();
        self.assert_laws();
        Marked {
            outcome: self.into_outcome(),
            snapshots,
            waits,
        }
    }

    fn snapshot(&self, at: Time) -> Snapshot {
        Snapshot {
            at,
            stations: self
                .system
                .stations
                .iter()
                .map(|(s, _)| s.probe.clone())
                .collect(),
            pools: self.system.pools.iter().map(|p| p.probe.clone()).collect(),
            op_times: self.system.op_times.to_vec(),
            inventory: self.system.inventory.as_ref().map(|i| i.probe.clone()),
            room: self.system.room.as_ref().map(|(r, _)| r.probe.clone()),
            requests: self.load.recorder.durations.len(),
            iterations: self.load.recorder.iterations.len(),
            waits: self
                .system
                .waits
                .as_ref()
                .and_then(|log| log.each.as_ref())
                .map_or(0, Vec::len),
            in_system: self.system.requests.live() as u64,
        }
    }
}
