//! A run looked at from time to time. A run that is not looked at pays nothing: it has a loop of its
//! own.

use crate::engine::{Span, Time};
use crate::measure::time_weighted::TimeWeighted;

use super::outcome::Outcome;
use crate::world::World;
use crate::world::kernel::Phase;
use crate::world::system::System;
use crate::world::system::waits::{WaitLog, Waits};

/// A level at an instant, and its integral from the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelSample {
    /// Its value now.
    pub value: u64,
    /// Units × nanoseconds.
    pub area: u128,
}

impl LevelSample {
    fn of(level: &TimeWeighted, now: Time) -> LevelSample {
        LevelSample {
            value: level.value(),
            area: level.area(now),
        }
    }
}

/// A station at an instant, its integrals from the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StationSample {
    /// Servers at work, in servers × nanoseconds.
    pub at_work: u128,
    /// Servers that had a job while the station stood still, in servers × nanoseconds.
    pub stopped: u128,
    /// Jobs waiting.
    pub queue: LevelSample,
}

/// State and counts of a run at an instant, what happens at that very instant included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The instant.
    pub at: Time,
    /// VUs that run an iteration.
    pub active_vus: u64,
    /// Requests that have ended: an index into the recorder's durations.
    pub requests: usize,
    /// Iterations that have ended.
    pub iterations: usize,
    /// Starts dropped for want of a VU.
    pub dropped: u64,
    /// In the order of `Model::stations`.
    pub stations: Vec<StationSample>,
    /// Waits at the operations of all endpoints, endpoint by endpoint; only of those that are visits to stations.
    pub waits: Vec<Waits>,
    /// Tokens held and requests waiting, in the order of `Model::pools`.
    pub pools: Vec<(LevelSample, LevelSample)>,
    /// Requests at all replicas of each service, in the order of `Model::services`.
    pub services: Vec<LevelSample>,
    /// Replicas of each service that are there, in the same order.
    pub replicas: Vec<LevelSample>,
    /// Users in line and users let through, if there is a waiting room.
    pub room: Option<(u64, u64)>,
    /// Seats free, held and sold, if there are any.
    pub seats: Option<(u64, u64, u64)>,
}

impl World<'_> {
    /// As [`World::run`], with a sample after every span (which must not be zero) and one at the end. Takes
    /// back [`World::summarising`]: windows are cut out of the samples.
    #[must_use]
    pub fn run_sampled(self, every: Span) -> (Outcome, Vec<Sample>) {
        self.run_sampled_watched(every, |_| ())
    }

    /// As [`World::run_sampled`], and tells now and then how far it has come.
    #[must_use]
    pub fn run_sampled_watched(
        mut self,
        every: Span,
        mut watch: impl FnMut(Time),
    ) -> (Outcome, Vec<Sample>) {
        let mut samples = Vec::new();
        let mut due = Time::ZERO + every;
        self.load.recorder.keep_samples();
        self.system.waits = Some(WaitLog::new(self.system.ops.len(), false));
        self.start();
        self.drain();
        while self.kernel.phase != Phase::Over {
            let Some((now, event)) = self.kernel.queue.pop() else {
                break;
            };
            while now > due {
                samples.push(self.sample(due));
                due += every;
            }
            self.process_event(now, event);
            self.report_progress(&mut watch);
        }
        samples.push(self.sample(self.kernel.queue.now()));
        (self.into_outcome(), samples)
    }

    fn sample(&self, at: Time) -> Sample {
        let stations = self.system.stations.iter().zip(&self.model.stations);
        Sample {
            at,
            active_vus: self.load.active_vus,
            requests: self.load.recorder.durations.len(),
            iterations: self.load.recorder.iterations.len(),
            dropped: self.load.recorder.dropped.iter().sum(),
            stations: stations
                .map(|((part, _), spec)| StationSample {
                    at_work: part.probe.at_work(spec.discipline, at),
                    stopped: part.probe.stopped(spec.discipline, at),
                    queue: LevelSample::of(&part.probe.queue, at),
                })
                .collect(),
            waits: self.system.waits_by_op(),
            pools: self
                .system
                .pools
                .iter()
                .map(|pool| {
                    (
                        LevelSample::of(&pool.probe.held, at),
                        LevelSample::of(&pool.probe.queue, at),
                    )
                })
                .collect(),
            services: self.system.sampled_services(at),
            replicas: self.system.replicas_there(at),
            room: self
                .system
                .room
                .as_ref()
                .map(|(room, _)| (room.probe.waiting.value(), room.probe.active.value())),
            seats: self.system.inventory.as_ref().map(|inventory| {
                let (held, sold) = (inventory.probe.held.value(), inventory.probe.sold);
                (inventory.seats() - held - sold, held, sold)
            }),
        }
    }
}

impl System<'_> {
    fn sampled_services(&self, at: Time) -> Vec<LevelSample> {
        let mut sums = vec![LevelSample::default(); self.model.services.len()];
        for ((service, _), probe) in self.replica_probes() {
            let sum = &mut sums[usize::from(service)];
            sum.value += probe.present.value();
            sum.area += probe.present.area(at);
        }
        sums
    }

    fn replicas_there(&self, at: Time) -> Vec<LevelSample> {
        let services = self.fleet.iter().flat_map(|fleet| &fleet.services);
        let there = services.map(|run| LevelSample::of(&run.replicas.probe.up, at));
        there.collect()
    }
}
