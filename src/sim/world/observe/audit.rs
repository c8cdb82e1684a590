//! The laws that hold on every run, whatever the model: nothing is lost, nothing is made of nothing,
//! and times add up to the nanosecond. Checked at the end of every run in debug builds, and by
//! `capsim run --audit`.

use std::fmt;

use crate::engine::Time;
use crate::measure::recorder::ResponseCode;

use super::outcome::Outcome;
use crate::world::World;
use crate::world::kernel::Phase;
use crate::world::load::vu::NONE;
use crate::world::system::laws::audit_seats;

/// A law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// Requests sent = answered + refused + failed + timed out + left by their VU + in flight.
    Conservation,
    /// Jobs that came to a station = served + refused + gone + still there.
    Flow,
    /// The area under a queue or under the jobs in service = the sum of the times of all who were
    /// there (Little 1961, as an identity of areas: Stidham 1974).
    Little,
    /// Busy time = completed services × mean service time (Denning & Buzen 1978, eq. 1).
    Utilisation,
    /// Every token and every lock is free or held by a request that knows it.
    Returned,
    /// Every hold is in force, sold, expired or released; every sold seat was sold once.
    Seats,
    /// Who joined the waiting room waits, is active, or has left.
    Room,
    /// No event lies in the past.
    Time,
    /// Requests with a retry policy = succeeded + failed + broken off + under way.
    Attempts,
    /// Connections asked for came into the accept queue, were given up, or are under way.
    Connections,
    /// Requests sent to a replica = finished by it + still there, and those are the requests that know it.
    Replicas,
    /// Requests that came to a limit or a breaker = let through + refused; no more tokens of a rate were taken than
    /// its buckets held.
    Limits,
    /// The VUs that a scenario counts as active are those that are in an iteration.
    Active,
    /// No service begins after the deadline of its request.
    Deadlines,
}

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which law.
    pub law: Law,
    /// Where, and the two numbers that differ.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.law, self.what)
    }
}

/// What became of all requests of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Sent by VUs.
    pub sent: u64,
    /// Answered with a status below 400.
    pub completed: u64,
    /// Connections refused.
    pub refused: u64,
    /// Answered with an error status.
    pub failed: u64,
    /// Given up by k6's client after its timeout.
    pub timed_out: u64,
    /// In flight when their VU was interrupted: k6 does not count them.
    pub interrupted: u64,
    /// Still awaited at the end.
    pub in_flight: u64,
}

impl Balance {
    /// Whether every request sent is accounted for.
    #[must_use]
    pub fn holds(&self) -> bool {
        let answered = self.completed + self.refused + self.failed + self.timed_out;
        self.sent == answered + self.interrupted + self.in_flight
    }
}

/// What an audit found.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Where all requests went.
    pub balance: Balance,
    /// Comparisons made.
    pub checked: u64,
    /// Those that failed.
    pub violations: Vec<Violation>,
}

impl Audit {
    pub(crate) fn equal(&mut self, law: Law, place: &str, left: (&str, u128), right: (&str, u128)) {
        self.checked += 1;
        if left.1 != right.1 {
            let what = format!(
                "{place}: {} {} is not {} {}",
                left.0, left.1, right.0, right.1
            );
            self.violations.push(Violation { law, what });
        }
    }
}

impl World<'_> {
    /// Runs to the end, watching the clock and auditing on the way and at the end.
    #[must_use]
    pub fn run_audited(self) -> (Outcome, Audit) {
        self.run_audited_watched(|_| ())
    }

    /// As [`World::run_audited`], and tells now and then how far it has come.
    #[must_use]
    pub fn run_audited_watched(mut self, mut watch: impl FnMut(Time)) -> (Outcome, Audit) {
        self.start();
        self.drain();
        let (mut late, mut found) = (0_u64, Audit::default());
        while self.kernel.phase != Phase::Over {
            let before = self.kernel.queue.now();
            if !self.step() {
                break;
            }
            late += u64::from(self.kernel.queue.now() < before);
            self.report_progress(&mut watch);
            if self.kernel.events.is_power_of_two() {
                let here = self.audit();
                found.checked += here.checked;
                found.violations.extend(here.violations);
            }
        }
        let mut audit = self.audit();
        audit.checked += found.checked;
        audit.violations.splice(0..0, found.violations);
        audit.equal(
            Law::Time,
            "the clock",
            ("steps back", u128::from(late)),
            ("", 0),
        );
        (self.into_outcome(), audit)
    }

    /// Compares the books at this instant.
    #[must_use]
    pub fn audit(&self) -> Audit {
        let mut audit = Audit {
            balance: self.balance(),
            ..Audit::default()
        };
        let b = audit.balance;
        let answered = b.completed + b.refused + b.failed + b.timed_out;
        audit.equal(
            Law::Conservation,
            "requests",
            ("sent", b.sent.into()),
            (
                "accounted for",
                (answered + b.interrupted + b.in_flight).into(),
            ),
        );
        self.load.audit_scenarios(&mut audit);
        self.system.audit_stations(&self.kernel, &mut audit);
        self.system.audit_pools(&self.kernel, &mut audit);
        self.system.audit_locks(&self.kernel, &mut audit);
        self.system.audit_retries(&mut audit);
        self.system.audit_connections(&mut audit);
        self.system.audit_replicas(&mut audit);
        self.system.audit_rate_limits(&self.kernel, &mut audit);
        self.system.audit_links(&mut audit);
        self.system.audit_hosts(&mut audit);
        self.system.audit_caches(&self.kernel, &mut audit);
        self.system.audit_limits(&self.kernel, &mut audit);
        self.system.audit_deadlines(&mut audit);
        if let Some(inventory) = &self.system.inventory {
            audit_seats(inventory, &mut audit);
        }
        if let Some((room, _)) = &self.system.room {
            let probe = &room.probe;
            let there = probe.waiting.value() + probe.admitted + probe.given_up;
            audit.equal(
                Law::Room,
                "waiting room",
                ("joined", probe.joined.into()),
                ("waiting, admitted or given up", there.into()),
            );
            let gone = probe.active.value() + probe.ended;
            audit.equal(
                Law::Room,
                "waiting room",
                ("admitted", probe.admitted.into()),
                ("active or left", gone.into()),
            );
        }
        audit
    }

    fn balance(&self) -> Balance {
        let mut balance = Balance {
            sent: self.load.sent,
            interrupted: self.load.left_in_flight,
            in_flight: self.system.answers_on_the_way()
                + self
                    .system
                    .requests
                    .iter()
                    .filter(|(_, r)| r.client != NONE)
                    .count() as u64,
            ..Balance::default()
        };
        let by_series = self.load.recorder.requests_by_series();
        for (series, count) in self.load.recorder.series.iter().zip(by_series) {
            *match series.code {
                code if code.is_expected() => &mut balance.completed,
                ResponseCode::REFUSED => &mut balance.refused,
                ResponseCode::TIMEOUT => &mut balance.timed_out,
                _ => &mut balance.failed,
            } += count;
        }
        balance
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::model::system::Op;
    use crate::world::event::{Event, Kind};
    use crate::world::system::request::RequestState;

    /// A model with every kind of thing that a law speaks of.
    const MODEL: &str = r#"
[scenarios.default]
executor = "constant-vus"
vus = 30
duration = "20s"
graceful_stop = "0s"
journey = "buy"
[journeys]
buy = [
  { pick = "user" },
  { pick = "event" },
  { request = "join" },
  { await = "admission" },
  { request = "list", pick = "seat", else = "end_iteration" },
  { request = "claim", timeout = "300ms", else = "end_iteration" },
  { with_probability = 0.5, steps = [{ request = "confirm" }] },
  { sleep = { exponential = "100ms" } },
]
[pools.threads]
size = 4
queue = 10
[stations.cpu]
servers = 2
[endpoints.join]
visits = [{ issue = "token" }, { station = "cpu", time = { exponential = "10ms" } }]
[endpoints.list]
hold = "threads"
visits = [{ station = "cpu", time = { exponential = "30ms" } }, { list = "seats" }]
[endpoints.claim]
cancel = true
hold = "threads"
visits = [{ lock = "event", visits = [{ station = "cpu", time = { exponential = "30ms" } }, { claim = "seat" }] }]
[endpoints.confirm]
visits = [{ fail = 0.05 }, { station = "cpu", time = { exponential = "30ms" } }, { confirm = "seat" }]
[inventory]
events = 3
seats_per_event = 2000
hold_expires_after = "2s"
[waiting_room]
admit = { active = 20 }
session = "100ms"
"#;

    /// The laws that break when somebody tampers with a world in the middle of a run.
    fn broken_by(tamper: impl FnOnce(&mut World)) -> Vec<Law> {
        let model = Model::from_text("audited.toml", MODEL, &[]).expect("the model is sound");
        let mut world = World::new(&model, 7, 0);
        world.start();
        world.drain();
        while world.kernel.queue.now() < Time(5_000_000_000) {
            assert!(world.step());
        }
        assert_eq!(world.audit().violations, []);
        tamper(&mut world);
        while world.kernel.phase != Phase::Over && world.step() {}
        let mut laws: Vec<Law> = world.audit().violations.iter().map(|v| v.law).collect();
        laws.sort_unstable();
        laws.dedup();
        laws
    }

    #[test]
    fn an_honest_run_keeps_all_laws() {
        let model = Model::from_text("audited.toml", MODEL, &[]).expect("the model is sound");
        let (outcome, audit) = World::new(&model, 7, 0).run_audited();
        assert_eq!(audit.violations, []);
        assert!(audit.balance.holds());
        assert!(audit.balance.completed > 500 && audit.balance.timed_out > 0);
        assert!(
            audit.balance.interrupted > 0 && audit.balance.failed > 0,
            "{:?}",
            audit.balance
        );
        assert!(
            audit.checked > 100
                && outcome.end == crate::world::observe::outcome::Termination::Finished
        );
    }

    #[test]
    fn a_request_that_vanishes_is_noticed() {
        assert_eq!(broken_by(|w| w.load.sent += 1), [Law::Conservation]);
        let laws = broken_by(|w| {
            let left = w.load.recorder.durations.len() - 1;
            w.load.recorder.durations.truncate(left);
            w.load.recorder.request_series.truncate(left);
        });
        assert_eq!(laws, [Law::Conservation]);
    }

    #[test]
    fn a_vu_that_is_counted_but_not_there_is_noticed() {
        assert_eq!(broken_by(|w| w.load.active_vus += 1), [Law::Active]);
        // A run with a scenario that is never over would not end: looked at on the spot.
        broken_by(|w| {
            w.load.scenarios[0].active += 1;
            let laws: Vec<Law> = w.audit().violations.iter().map(|v| v.law).collect();
            assert_eq!(laws, [Law::Active]);
            w.load.scenarios[0].active -= 1;
        });
    }

    #[test]
    fn a_job_lost_on_its_way_through_a_station_is_noticed() {
        assert_eq!(
            broken_by(|w| w.system.stations[0].0.probe.refused += 1),
            [Law::Flow]
        );
    }

    #[test]
    fn a_wait_that_is_not_counted_is_noticed() {
        let serves = |op: &Op| matches!(op, Op::Serve { .. });
        let laws = broken_by(|w| {
            let at = w.system.ops.iter().position(serves).expect("a visit");
            w.system.op_times[at].waited += 1;
        });
        assert_eq!(laws, [Law::Little]);
    }

    #[test]
    fn service_that_is_not_work_is_noticed() {
        let laws = broken_by(|w| {
            let now = w.kernel.queue.now();
            let in_service = &mut w.system.stations[0].0.probe.in_service;
            in_service.add(now);
            in_service.subtract(now + crate::engine::Span(1));
            w.system.stations[0].0.probe.completed += 1;
        });
        assert!(laws.contains(&Law::Utilisation), "{laws:?}");
    }

    #[test]
    fn a_token_that_nobody_returns_is_noticed() {
        let laws = broken_by(|w| {
            // Somebody takes a token and forgets it.
            let now = w.kernel.queue.now();
            let (id, ..) = w.system.requests.next_free();
            w.system.requests[id].state = RequestState::Calling;
            while w.system.pools[0].free() == 0 {
                assert!(w.step());
            }
            let now = now.max(w.kernel.queue.now());
            let _ = w.system.pools[0].acquire(now, id, 0);
        });
        assert_eq!(laws, [Law::Returned]);
    }

    #[test]
    fn a_lock_that_nobody_returns_is_noticed() {
        let key = crate::model::system::Entity::Event as usize;
        let laws = broken_by(|w| {
            let now = w.kernel.queue.now();
            let locks = w.system.locks[key].as_mut().expect("a lock");
            let _ = locks.acquire(now, 99, (0, 0), true);
        });
        assert_eq!(laws, [Law::Returned]);
    }

    #[test]
    fn a_seat_sold_twice_or_lost_is_noticed() {
        let sold = |w: &mut World| w.system.inventory.as_mut().map(|i| i.probe.sold += 1);
        assert_eq!(broken_by(|w| assert!(sold(w).is_some())), [Law::Seats]);
        let lost = |w: &mut World| w.system.inventory.as_mut().map(|i| i.probe.claimed += 1);
        assert_eq!(broken_by(|w| assert!(lost(w).is_some())), [Law::Seats]);
    }

    #[test]
    fn a_user_lost_in_the_waiting_room_is_noticed() {
        let lost = |w: &mut World| {
            w.system
                .room
                .as_mut()
                .map(|(room, _)| room.probe.joined += 1)
        };
        assert_eq!(broken_by(|w| assert!(lost(w).is_some())), [Law::Room]);
    }

    #[test]
    #[should_panic(expected = "an event in the past")]
    fn an_event_in_the_past_is_noticed() {
        broken_by(|w| w.kernel.queue.at(Time(1), Event::of(Kind::Second, 0)));
    }
}
