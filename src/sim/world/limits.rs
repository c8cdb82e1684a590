//! Limits that no check of a model can foresee: on events at one instant, and on the memory of one run.
//!
//! Both are looked at now and then, between events, and cost an event nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use bytesize::ByteSize;

use crate::engine::Time;
use crate::load::plan;
use crate::model::system::EndpointId;
use crate::model::{Model, duration};

use super::World;
use super::event::{Event, Kind};
use super::load::vu::Vu;
use super::system::System;
use super::system::request::{Held, Request};
use super::system::slowdown::{SlowdownRun, Slowed};
use super::termination::Termination;

/// Bytes that one run may take; what is counted is what grows with the length and the load of a run.
static MEMORY: AtomicU64 = AtomicU64::new(u64::MAX);

/// Events that one instant may hold, or eight for each VU if that is more, before the run counts as stuck.
const EVENTS_PER_INSTANT: u64 = 20_000_000;

/// Limits the memory of every run that begins after this call. Runs at once are each held to it.
pub fn limit_memory_of_a_run(bytes: u64) {
    MEMORY.store(bytes, Ordering::Relaxed);
}

/// The limit in force.
#[must_use]
pub fn memory_of_a_run() -> u64 {
    MEMORY.load(Ordering::Relaxed)
}

/// A part of a model, as a complaint about a run names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The steps of a journey, by its index.
    Journey(u16),
    /// The visits of an endpoint.
    Endpoint(EndpointId),
    /// The slowdowns of a station or a pool.
    Slowdowns(Slowed),
    /// The starts and stops of a scenario's VUs, by its index, or something else of the load.
    Load,
}

impl Place {
    /// Its name in the model.
    #[must_use]
    pub fn name(self, model: &Model) -> String {
        match self {
            Place::Journey(index) => {
                format!("journey `{}`", model.journeys[usize::from(index)].name)
            }
            Place::Endpoint(id) => format!("endpoint `{}`", model.endpoints[id.index()].name),
            Place::Slowdowns(slowed) => format!("slowdowns of {}", slowed.name(model)),
            Place::Load => "load".into(),
        }
    }
}

/// What took most of the memory of a run that took too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hoard {
    /// The number of samples.
    Samples(u64),
    /// The number of requests in the system, and the endpoint that has most of them.
    Requests(u64, EndpointId),
    /// The number of slowdowns under way at once, and what most of them slow.
    Slowdowns(u64, Slowed),
    /// The number of VUs.
    Vus(u64),
    /// The number of pending events.
    Events(u64),
}

/// A run took more memory than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuchMemory {
    /// When.
    pub at: Time,
    /// Bytes that it may take.
    pub limit: u64,
    /// What took most of it.
    pub most: Hoard,
}

impl TooMuchMemory {
    /// The complaint, and what to do.
    #[must_use]
    pub fn complaint(self, model: &Model) -> String {
        let (what, mend) = match self.most {
            Hoard::Samples(n) => (
                format!("{n} samples are kept"),
                "count them instead with `--samples histogram`",
            ),
            Hoard::Requests(n, endpoint) => (
                format!(
                    "{n} requests are in the system, most of them of {}",
                    Place::Endpoint(endpoint).name(model)
                ),
                "let fewer come, or bound its queues",
            ),
            Hoard::Slowdowns(n, slowed) => (
                format!(
                    "{n} slowdowns are under way at once, most of them of {}",
                    slowed.name(model)
                ),
                "let them last shorter, or come less often",
            ),
            Hoard::Vus(n) => (format!("there are {n} VUs"), "let there be fewer"),
            Hoard::Events(n) => (
                format!("{n} events are pending"),
                "let less be under way at once",
            ),
        };
        format!(
            "the run takes more than {} of memory at {} of virtual time: {what}; {mend}, or allow more with \
             `--max-memory`",
            ByteSize(self.limit).display().si(),
            duration::print(self.at.since(Time::ZERO)),
        )
    }
}

/// What a run has seen of its limits.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// Bytes that it may take.
    memory: u64,
    /// Events that one instant may hold.
    events: u64,
    /// Instant of the last look, and the number of events then.
    instant: (Time, u64),
}

impl Limits {
    /// The limits in force now.
    pub(super) fn new() -> Limits {
        Limits {
            memory: memory_of_a_run(),
            events: EVENTS_PER_INSTANT,
            instant: (Time::ZERO, 0),
        }
    }
}

/// Bytes of a pending event.
const EVENT: usize = 32;

impl World<'_> {
    /// Whether the VUs that the load plans have room; else the run ends before it begins.
    pub(super) fn vus_have_room(&mut self) -> bool {
        let vus = plan::planned_vus(&self.model.scenarios);
        let room = vus.saturating_mul(size_of::<Vu>() as u64) <= self.run_limits.memory;
        if !room {
            self.kernel.stop(Termination::TooMuchMemory(TooMuchMemory {
                at: Time::ZERO,
                limit: self.run_limits.memory,
                most: Hoard::Vus(vus),
            }));
        }
        room
    }

    /// Ends a run that is beyond a limit. To be called now and then between two events.
    #[cold]
    pub(super) fn look_at_limits(&mut self) {
        let now = self.kernel.queue.now();
        let (instant, events) = self.run_limits.instant;
        if now != instant {
            self.run_limits.instant = (now, self.kernel.events);
        } else if self.kernel.events - events
            > self.run_limits.events.max(8 * self.load.vus.len() as u64)
            && let Some((time, event)) = self.kernel.queue.pop()
            && time == now
        {
            return self.kernel.stop(Termination::Stuck(self.place(event)));
        }
        let hoards = self.hoards();
        let bytes: u64 = hoards.iter().map(|(bytes, _)| bytes).sum();
        if bytes > self.run_limits.memory
            && let Some(&(_, most)) = hoards.iter().max_by_key(|(bytes, _)| *bytes)
        {
            self.kernel.stop(Termination::TooMuchMemory(TooMuchMemory {
                at: now,
                limit: self.run_limits.memory,
                most,
            }));
        }
    }

    /// What grows in the course of a run: bytes, and of what.
    fn hoards(&self) -> [(u64, Hoard); 5] {
        let bytes = |number: usize, each: usize| (number * each) as u64;
        let slots = self.system.requests.numbers().len();
        let held = bytes(slots, self.system.requests.most_held() * size_of::<Held>());
        let vus = self.load.vus.len();
        let slowdowns: usize = self
            .system
            .slowdowns
            .iter()
            .map(|s| s.open() as usize)
            .sum();
        let most_open = self.system.slowdowns.iter().max_by_key(|s| s.open());
        let slowed = most_open.map_or(Slowed::Station(0), SlowdownRun::slowed);
        let events = self.kernel.queue.pending();
        let samples = self.load.recorder.kept();
        [
            (samples.bytes as u64, Hoard::Samples(samples.count as u64)),
            (
                bytes(slots, size_of::<Request>()) + held,
                Hoard::Requests(
                    self.system.requests.live() as u64,
                    self.system.crowded_endpoint(),
                ),
            ),
            (
                bytes(slowdowns, EVENT),
                Hoard::Slowdowns(slowdowns as u64, slowed),
            ),
            (bytes(vus, size_of::<Vu>()), Hoard::Vus(vus as u64)),
            (
                bytes(events.saturating_sub(slowdowns), EVENT),
                Hoard::Events(events as u64),
            ),
        ]
    }

    /// Whose event it is.
    fn place(&self, event: Event) -> Place {
        let who = event.who() as usize;
        match event.kind {
            Kind::Wake | Kind::Answer => Place::Journey(self.load.vus[who].journey),
            Kind::DelayOver | Kind::PatienceOver => {
                Place::Endpoint(EndpointId(self.system.requests[event.who()].endpoint))
            }
            Kind::SlowdownBegins | Kind::SlowdownEnds => {
                Place::Slowdowns(self.system.slowdowns[who].slowed())
            }
            _ => Place::Load,
        }
    }
}

impl System<'_> {
    /// The endpoint with most requests in the system.
    fn crowded_endpoint(&self) -> EndpointId {
        let mut counts = vec![0_u64; self.model.endpoints.len()];
        for (_, request) in self.requests.iter() {
            counts[usize::from(request.endpoint)] += 1;
        }
        let most = counts.iter().enumerate().max_by_key(|(_, n)| **n);
        EndpointId(most.map_or(0, |(index, _)| index as u16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: &str = r#"
        [scenarios.default]
        executor = "constant-vus"
        vus = 2
        duration = "5s"
        journey = "j"
    "#;

    fn model(rest: &str) -> Model {
        Model::from_text("m", &format!("{LOAD}{rest}"), &[]).expect("a model")
    }

    /// Runs until it ends, and looks at its limits after each event.
    fn end(model: &Model, limits: impl Fn(&mut Limits)) -> Termination {
        let mut world = World::new(model, 1, 0);
        limits(&mut world.run_limits);
        world.start();
        world.drain();
        while world.kernel.phase != crate::world::kernel::Phase::Over && world.step() {
            world.look_at_limits();
        }
        world.kernel.end
    }

    #[test]
    fn slowdowns_that_pile_up_are_named() {
        let model = model(
            r#"
            [journeys]
            j = [{ request = "e" }, { sleep = "100ms" }]
            [stations.cpu]
            servers = 1
            slowdowns = [{ every = "1us", lasts = "160ms", leaves = 0.44 }]
            [endpoints.e]
            visits = [{ station = "cpu", time = "1ms" }]
            "#,
        );
        let ended = end(&model, |limits| limits.memory = 100_000);
        let Termination::TooMuchMemory(TooMuchMemory {
            most: Hoard::Slowdowns(n, Slowed::Station(0)),
            ..
        }) = ended
        else {
            panic!("{ended:?}");
        };
        assert!((1_000..4_000).contains(&n), "{n}");
        let text = ended.complaint(&model).unwrap_or_default();
        assert!(
            text.contains("more than 100.0 kB of memory at 3."),
            "{text}"
        );
        assert!(
            text.contains("most of them of station `cpu`; let them last shorter"),
            "{text}"
        );
    }

    #[test]
    fn requests_that_pile_up_are_named() {
        let model = model(
            r#"
            [journeys]
            j = [{ request = "e" }, { sleep = "1ms" }]
            [endpoints.e]
            visits = [{ spawn = "later" }, { spawn = "later" }, { delay = "1us" }]
            [endpoints.later]
            visits = [{ delay = "1h" }]
            "#,
        );
        let ended = end(&model, |limits| limits.memory = 500_000);
        let later = EndpointId(1);
        let Termination::TooMuchMemory(TooMuchMemory {
            most: Hoard::Requests(_, at),
            ..
        }) = ended
        else {
            panic!("{ended:?}");
        };
        assert_eq!(at, later);
    }

    #[test]
    fn events_at_one_instant_are_limited() {
        let model = model(
            r#"
            [journeys]
            j = [{ request = "e" }, { with_probability = 1e-300, steps = [{ sleep = "1s" }] }]
            [endpoints.e]
            visits = [{ delay = "0s" }]
            "#,
        );
        let ended = end(&model, |limits| limits.events = 10_000);
        assert_eq!(ended, Termination::Stuck(Place::Endpoint(EndpointId(0))));
    }

    #[test]
    fn vus_that_have_no_room_never_start() {
        let model = model(
            r#"
            [journeys]
            j = [{ sleep = "1s" }]
            "#,
        );
        let mut world = World::new(&model, 1, 0);
        world.run_limits.memory = 100;
        let ended = world.run().end;
        let too_much = TooMuchMemory {
            at: Time::ZERO,
            limit: 100,
            most: Hoard::Vus(2),
        };
        assert_eq!(ended, Termination::TooMuchMemory(too_much));
    }
}
