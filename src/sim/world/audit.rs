//! The laws that hold on every run, whatever the model: nothing is lost, nothing is made of nothing,
//! and times add up to the nanosecond. Checked at the end of every run in debug builds, and by
//! `capsim run --audit`.

use std::fmt;

use crate::engine::Time;
use crate::measure::recorder::ResponseCode;
use crate::measure::time_weighted::TimeWeighted;
use crate::model::system::{Op, PoolId, StationId};
use crate::parts::inventory::Inventory;
use crate::parts::keep_alive::KeepAlive;

use super::outcome::Outcome;
use super::request::{Held, RequestState};
use super::vu::{NONE, Vu, VuState};
use super::{Phase, World};

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
    pub(super) fn equal(&mut self, law: Law, place: &str, left: (&str, u128), right: (&str, u128)) {
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
        while self.phase != Phase::Over {
            let before = self.queue.now();
            if !self.step() {
                break;
            }
            late += u64::from(self.queue.now() < before);
            self.report_progress(&mut watch);
            if self.events.is_power_of_two() {
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
        self.audit_scenarios(&mut audit);
        self.audit_stations(&mut audit);
        self.audit_pools(&mut audit);
        self.audit_locks(&mut audit);
        self.audit_retries(&mut audit);
        self.audit_connections(&mut audit);
        self.audit_replicas(&mut audit);
        self.audit_rate_limits(&mut audit);
        self.audit_links(&mut audit);
        self.audit_hosts(&mut audit);
        self.audit_caches(&mut audit);
        self.audit_limits(&mut audit);
        self.audit_deadlines(&mut audit);
        if let Some(inventory) = &self.inventory {
            audit_seats(inventory, &mut audit);
        }
        if let Some((room, _)) = &self.room {
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
            sent: self.sent,
            interrupted: self.left_in_flight,
            in_flight: self.answers_on_the_way()
                + self
                    .requests
                    .iter()
                    .filter(|(_, r)| r.client != NONE)
                    .count() as u64,
            ..Balance::default()
        };
        let by_series = self.recorder.requests_by_series();
        for (series, count) in self.recorder.series.iter().zip(by_series) {
            *match series.code {
                code if code.is_expected() => &mut balance.completed,
                ResponseCode::REFUSED => &mut balance.refused,
                ResponseCode::TIMEOUT => &mut balance.timed_out,
                _ => &mut balance.failed,
            } += count;
        }
        balance
    }

    /// Operations that a test on their kind picks, by index.
    fn ops_where<'w>(&'w self, is: impl Fn(&Op) -> bool + 'w) -> impl Iterator<Item = usize> + 'w {
        let ops = self.ops.iter().enumerate();
        ops.filter(move |(_, op)| is(op)).map(|(at, _)| at)
    }

    /// Requests in this state at one of these operations: how many, and how long by now.
    fn there(&self, state: RequestState, is: impl Fn(&Op) -> bool) -> (u64, u128) {
        let now = self.queue.now();
        let at = self.requests.iter().filter(|(_, r)| r.state == state);
        at.filter(|(_, r)| is(&self.ops[r.at as usize]))
            .fold((0, 0), |(n, time), (_, r)| {
                (n + 1, time + u128::from(now.since(r.since).0))
            })
    }

    fn audit_scenarios(&self, audit: &mut Audit) {
        let mut at_work = vec![0_u64; self.scenarios.len()];
        let runs = |(id, vu): &(usize, &Vu)| vu.state != VuState::Idle && !self.is_line(*id as u32);
        for (_, vu) in self.vus.iter().enumerate().filter(runs) {
            if let Some(scenario) = vu.origin.as_scenario() {
                at_work[scenario] += 1;
            }
        }
        for (index, (scenario, at_work)) in self.scenarios.iter().zip(&at_work).enumerate() {
            audit.equal(
                Law::Active,
                &format!("scenario `{}`", self.model.scenarios[index].name),
                ("active VUs", scenario.active.into()),
                ("VUs in an iteration", (*at_work).into()),
            );
        }
        audit.equal(
            Law::Active,
            "all scenarios",
            ("active VUs", self.active_vus.into()),
            ("VUs in an iteration", at_work.iter().sum::<u64>().into()),
        );
    }

    fn audit_stations(&self, audit: &mut Audit) {
        let now = self.queue.now();
        for (index, (part, _)) in self.stations.iter().enumerate() {
            let name = format!("station `{}`", self.model.stations[index].name);
            let here = move |op: &Op| matches!(op, Op::Serve { station, .. } if *station == StationId(index as u16));
            let times = || self.ops_where(here).map(|at| self.op_times[at]);
            let (in_line, waiting) = self.there(RequestState::Waiting, here);
            let (in_service, serving) = self.there(RequestState::InService, here);
            let p = &part.probe;
            let out = p.completed + p.refused + p.left + in_line + in_service;
            let visits: u64 = times().map(|t| t.visits).sum();
            let waited: u128 = times().map(|t| t.waited).sum::<u128>() + waiting;
            let served: u128 = times().map(|t| t.served + t.cut_off).sum::<u128>() + serving;
            audit.equal(
                Law::Flow,
                &name,
                ("came", p.arrived.into()),
                ("left or there", out.into()),
            );
            area(audit, Law::Little, &name, "waiting", &p.queue, now, waited);
            area(
                audit,
                Law::Utilisation,
                &name,
                "in service",
                &p.in_service,
                now,
                served,
            );
            audit.equal(
                Law::Utilisation,
                &name,
                ("completed", p.completed.into()),
                ("services timed", visits.into()),
            );
        }
    }

    fn audit_pools(&self, audit: &mut Audit) {
        let now = self.queue.now();
        for (index, part) in self.pools.iter().enumerate() {
            let spec = &self.model.pools[index];
            let name = format!("pool `{}`", spec.name);
            let id = PoolId(index as u16);
            let here = move |op: &Op| match op {
                Op::Acquire { pool } | Op::AcquireKept { pool } | Op::AcquireMany { pool, .. } => {
                    *pool == id
                }
                _ => false,
            };
            let in_line = self.audit_line(audit, &name, &part.probe.queue, here);
            let kept = self.keepers[index].as_ref().map_or(0, KeepAlive::count);
            let tokens = [Held::Token(id), Held::Connected(id)];
            let several = self
                .requests
                .iter()
                .flat_map(|(id, _)| self.requests.holdings(id));
            let several: u64 = several
                .map(|held| match held {
                    Held::Tokens(pool, tokens) if *pool == id => u64::from(*tokens),
                    _ => 0,
                })
                .sum();
            let known = self.held_where(|held| tokens.contains(&held)) + kept + several;
            let held = u64::from(part.size() - part.free());
            let instants = part.probe.returned_at + u128::from(held) * u128::from(now.0);
            let spent = instants.wrapping_sub(part.probe.granted_at);
            area(
                audit,
                Law::Little,
                &name,
                "held",
                &part.probe.held,
                now,
                spent,
            );
            audit.equal(
                Law::Returned,
                &name,
                ("tokens out", held.into()),
                (
                    "tokens that requests hold or connections keep",
                    known.into(),
                ),
            );
            let level = part.probe.held.value();
            audit.equal(
                Law::Returned,
                &name,
                ("tokens out", held.into()),
                ("level", level.into()),
            );
            let line = u128::from(part.in_line());
            audit.equal(
                Law::Flow,
                &name,
                ("in line", line),
                ("waiting", in_line.into()),
            );
        }
    }

    fn audit_retries(&self, audit: &mut Audit) {
        let specs = self.model.retries.iter().zip(self.retries.probes());
        for (index, (spec, p)) in specs.enumerate() {
            let name = format!("retry policy `{}`", spec.name);
            let open = self.retries.open(index);
            let ended = p.succeeded + p.failed() + p.broken_off;
            audit.equal(
                Law::Attempts,
                &name,
                ("requests", p.requests.into()),
                ("ended or under way", (ended + open).into()),
            );
            audit.equal(
                Law::Attempts,
                &name,
                ("requests open", p.open.into()),
                ("requests under way", open.into()),
            );
            let ended = p.hedges_failed + p.hedges_lost;
            audit.equal(
                Law::Attempts,
                &name,
                ("second copies", p.hedges.into()),
                (
                    "attempts of which one copy was lost, failed, or both are under way",
                    (ended + self.both_under_way(index)).into(),
                ),
            );
        }
    }

    fn audit_replicas(&self, audit: &mut Audit) {
        for (index, probe) in self.replica_probes() {
            let (service, replica) = index;
            let spec = &self.model.services[usize::from(service)];
            let name = format!("replica {} of `{}`", replica + 1, spec.name);
            let known = self.held_where(|held| held == Held::Replica(service, replica));
            let there = probe.present.value();
            audit.equal(
                Law::Replicas,
                &name,
                ("sent to it", probe.picked.into()),
                ("finished or there", (probe.finished + there).into()),
            );
            audit.equal(
                Law::Replicas,
                &name,
                ("there", there.into()),
                ("requests that know it", known.into()),
            );
        }
        self.audit_scaling(audit);
    }

    fn audit_locks(&self, audit: &mut Audit) {
        for (key, locks) in self.locks.iter().enumerate() {
            let Some(locks) = locks else { continue };
            let name = format!("locks {key}");
            let known = self.held_where(|held| {
                matches!(held, Held::Lock(entity, number) if entity as usize == key && number != NONE)
            });
            let level = locks.probe.held.value();
            let taken = locks.held();
            audit.equal(
                Law::Returned,
                &name,
                ("taken", taken.into()),
                ("held", known.into()),
            );
            audit.equal(
                Law::Returned,
                &name,
                ("taken", taken.into()),
                ("level", level.into()),
            );
            let here = |op: &Op| matches!(op, Op::Lock { key: k, .. } if *k as usize == key);
            self.audit_line(audit, &name, &locks.probe.queue, here);
        }
    }

    /// Little's law for the queue before some operations. Returns how many stand in it.
    pub(super) fn audit_line(
        &self,
        audit: &mut Audit,
        name: &str,
        line: &TimeWeighted,
        here: impl Fn(&Op) -> bool + Copy,
    ) -> u64 {
        let (in_line, waiting) = self.there(RequestState::Waiting, here);
        let before = self.ops_where(here).map(|at| self.op_times[at].waited);
        let waited = before.sum::<u128>() + waiting;
        let now = self.queue.now();
        area(audit, Law::Little, name, "waiting", line, now, waited);
        in_line
    }

    pub(super) fn held_where(&self, is: impl Fn(Held) -> bool) -> u64 {
        let all = self
            .requests
            .iter()
            .flat_map(|(id, _)| self.requests.holdings(id));
        all.filter(|held| is(**held)).count() as u64
    }
}

fn area(
    audit: &mut Audit,
    law: Law,
    name: &str,
    what: &str,
    level: &TimeWeighted,
    now: Time,
    times: u128,
) {
    let place = format!("{name}, {what}");
    audit.equal(
        law,
        &place,
        ("area", level.area(now)),
        ("sum of times", times),
    );
}

fn audit_seats(inventory: &Inventory, audit: &mut Audit) {
    let (held, sold, marked) = inventory.count();
    let p = &inventory.probe;
    let ended = p.sold + p.expired + p.released + held;
    let pairs = [
        ("holds in force", held, "level", p.held.value()),
        ("seats sold", sold, "sales", p.sold),
        (
            "claims",
            p.claimed,
            "holds sold, expired, released or in force",
            ended,
        ),
        ("seats taken", held + sold, "seats marked", marked),
    ];
    for (left, a, right, b) in pairs {
        audit.equal(Law::Seats, "seats", (left, a.into()), (right, b.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::{Event, Kind};
    use super::*;
    use crate::model::Model;

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
        while world.queue.now() < Time(5_000_000_000) {
            assert!(world.step());
        }
        assert_eq!(world.audit().violations, []);
        tamper(&mut world);
        while world.phase != Phase::Over && world.step() {}
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
        assert!(audit.checked > 100 && outcome.end == super::super::outcome::Termination::Finished);
    }

    #[test]
    fn a_request_that_vanishes_is_noticed() {
        assert_eq!(broken_by(|w| w.sent += 1), [Law::Conservation]);
        let laws = broken_by(|w| {
            let left = w.recorder.durations.len() - 1;
            w.recorder.durations.truncate(left);
            w.recorder.request_series.truncate(left);
        });
        assert_eq!(laws, [Law::Conservation]);
    }

    #[test]
    fn a_vu_that_is_counted_but_not_there_is_noticed() {
        assert_eq!(broken_by(|w| w.active_vus += 1), [Law::Active]);
        // A run with a scenario that is never over would not end: looked at on the spot.
        broken_by(|w| {
            w.scenarios[0].active += 1;
            let laws: Vec<Law> = w.audit().violations.iter().map(|v| v.law).collect();
            assert_eq!(laws, [Law::Active]);
            w.scenarios[0].active -= 1;
        });
    }

    #[test]
    fn a_job_lost_on_its_way_through_a_station_is_noticed() {
        assert_eq!(
            broken_by(|w| w.stations[0].0.probe.refused += 1),
            [Law::Flow]
        );
    }

    #[test]
    fn a_wait_that_is_not_counted_is_noticed() {
        let serves = |op: &Op| matches!(op, Op::Serve { .. });
        let laws = broken_by(|w| {
            let at = w.ops.iter().position(serves).expect("a visit");
            w.op_times[at].waited += 1;
        });
        assert_eq!(laws, [Law::Little]);
    }

    #[test]
    fn service_that_is_not_work_is_noticed() {
        let laws = broken_by(|w| {
            let now = w.queue.now();
            let in_service = &mut w.stations[0].0.probe.in_service;
            in_service.add(now);
            in_service.subtract(now + crate::engine::Span(1));
            w.stations[0].0.probe.completed += 1;
        });
        assert!(laws.contains(&Law::Utilisation), "{laws:?}");
    }

    #[test]
    fn a_token_that_nobody_returns_is_noticed() {
        let laws = broken_by(|w| {
            // Somebody takes a token and forgets it.
            let now = w.queue.now();
            let (id, ..) = w.requests.next_free();
            w.requests[id].state = RequestState::Calling;
            while w.pools[0].free() == 0 {
                assert!(w.step());
            }
            let now = now.max(w.queue.now());
            let _ = w.pools[0].acquire(now, id, 0);
        });
        assert_eq!(laws, [Law::Returned]);
    }

    #[test]
    fn a_lock_that_nobody_returns_is_noticed() {
        let key = crate::model::system::Entity::Event as usize;
        let laws = broken_by(|w| {
            let now = w.queue.now();
            let locks = w.locks[key].as_mut().expect("a lock");
            let _ = locks.acquire(now, 99, (0, 0), true);
        });
        assert_eq!(laws, [Law::Returned]);
    }

    #[test]
    fn a_seat_sold_twice_or_lost_is_noticed() {
        let sold = |w: &mut World| w.inventory.as_mut().map(|i| i.probe.sold += 1);
        assert_eq!(broken_by(|w| assert!(sold(w).is_some())), [Law::Seats]);
        let lost = |w: &mut World| w.inventory.as_mut().map(|i| i.probe.claimed += 1);
        assert_eq!(broken_by(|w| assert!(lost(w).is_some())), [Law::Seats]);
    }

    #[test]
    fn a_user_lost_in_the_waiting_room_is_noticed() {
        let lost = |w: &mut World| w.room.as_mut().map(|(room, _)| room.probe.joined += 1);
        assert_eq!(broken_by(|w| assert!(lost(w).is_some())), [Law::Room]);
    }

    #[test]
    #[should_panic(expected = "an event in the past")]
    fn an_event_in_the_past_is_noticed() {
        broken_by(|w| w.queue.at(Time(1), Event::of(Kind::Second, 0)));
    }
}
