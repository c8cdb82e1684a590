//! Stations: servers, a queue and a discipline.
//!
//! One mechanism serves every discipline. A station has a virtual clock that advances, per unit of
//! time, by the speed at which each job in service proceeds; a job that needs `demand` leaves when the
//! clock has advanced by it. FIFO and the other orders admit at most `servers` jobs to service, each
//! at full speed; processor sharing admits all, each at speed min(1, servers / n) (Kleinrock 1967). A
//! slowdown or the Universal Scalability Law changes the speed, never the jobs: every change is
//! O(log n). Where nothing ever changes the speed and all demands are whole nanoseconds, the virtual
//! clock is the clock of the run: the same finishes, without a float.

mod by_number;
mod pace;
mod preempt;
mod probe;

use by_number::ByNumber;
pub use by_number::Idle;
use preempt::Classes;
pub use probe::StationProbe;

use super::waiting::{QueueEntry, Tickets, WaitQueue};
use super::{Admission, Job};
use crate::engine::heap::{MinHeap, key, major};
use crate::engine::stream::Stream;
use crate::engine::time::{ceil, one_to_f64, to_u64};
use crate::engine::{Span, Time};
use crate::model::system::{self, Discipline, Scalability};
use crate::model::waiting::WaitOrder;

/// Servers and a queue.
#[derive(Clone, Debug)]
pub struct Station {
    servers: u32,
    shared: bool,
    /// All are served at once, or jobs arrive specially.
    special: bool,
    /// Classes count in more than who is next, it is on a host, or the number of those there counts.
    arrives_specially: bool,
    /// It shares cores with others, who have to know when a server begins to work.
    hosted: bool,
    /// With pre-emption or ageing: what is known of each job.
    classes: Option<Box<Classes>>,
    by_number: Option<Box<ByNumber>>,
    /// The pace depends on how many are in service.
    crowds: bool,
    /// And that by more than their share of the servers.
    paced: bool,
    queue_limit: u32,
    scalability: Option<Scalability>,
    /// Every job is served at full speed from the first to the last: virtual time is the run's own.
    plain: bool,
    wait_queue: WaitQueue,
    /// Jobs in service by the virtual time at which they leave; the key holds the job, too.
    serving: MinHeap<()>,
    sequence: u32,
    /// Virtual time at `updated`, in nanoseconds of service.
    clock: f64,
    updated: Time,
    /// Share of its speed that slowdowns and its host leave to each server.
    speed: f64,
    /// Virtual nanoseconds per nanosecond for each job in service.
    pace: f64,
    /// What it measured.
    pub probe: StationProbe,
}

impl Station {
    /// An idle station. The streams are for the random discipline and for those who balk; `whole` says that every demand is a whole
    /// number of nanoseconds.
    #[must_use]
    pub fn new(
        spec: &system::Station,
        (stream, balking): (Stream, Stream),
        whole: bool,
    ) -> Station {
        let shared = spec.discipline == Discipline::ProcessorSharing;
        let steady = !shared && spec.scalability.is_none() && spec.slowdowns.is_empty();
        let hosted = spec.host.is_some();
        let classes = Classes::of(&spec.queueing);
        let by_number = ByNumber::of(spec, balking);
        let speeds = !spec.by_number.speeds.is_empty();
        let paced = speeds || spec.scalability.is_some();
        let arrives_specially = classes.is_some() || hosted || by_number.is_some();
        Station {
            servers: spec.servers,
            shared,
            special: shared || arrives_specially,
            arrives_specially,
            hosted,
            classes,
            by_number,
            crowds: shared || paced,
            paced,
            plain: steady && whole && !hosted && !speeds,
            queue_limit: spec.queue,
            scalability: spec.scalability,
            wait_queue: match spec.waiting.order {
                WaitOrder::Barging => WaitQueue::of_order(&spec.waiting, stream),
                _ => WaitQueue::of_station(spec.discipline, &spec.queueing, stream),
            },
            serving: MinHeap::default(),
            sequence: 0,
            clock: 0.0,
            updated: Time::ZERO,
            speed: 1.0,
            pace: 1.0,
            probe: StationProbe::default(),
        }
    }

    /// A service time as [`Station::arrive`] wants it.
    #[inline]
    #[must_use]
    pub fn demand(&self, time: Span) -> u64 {
        if self.plain {
            time.0
        } else {
            one_to_f64(time.0).to_bits()
        }
    }

    /// As [`Station::demand`], of a time that need not be whole nanoseconds.
    #[must_use]
    #[inline(never)]
    pub fn demand_in_ns(&self, ns: f64) -> u64 {
        if self.plain { to_u64(ns) } else { ns.to_bits() }
    }

    /// A job comes with its service time. It is served at once, waits or is refused.
    #[inline(always)]
    pub fn arrive(&mut self, now: Time, entry: QueueEntry, class: u8) -> Admission {
        self.probe.arrived += 1;
        let n = self.serving.len() as u32;
        if self.special {
            if self.arrives_specially {
                return self.arrive_specially(now, entry, class);
            }
            if self.queue_limit != u32::MAX && n >= self.servers.saturating_add(self.queue_limit) {
                self.probe.refused += 1;
                return Admission::Refused;
            }
        } else if n >= self.servers {
            if self.wait_queue.len() >= self.queue_limit {
                self.probe.refused += 1;
                return Admission::Refused;
            }
            self.wait_queue.push(entry, class);
            self.probe.queue.add(now);
            return Admission::Queued;
        }
        self.advance(now);
        self.enter(now, entry);
        self.probe.in_service.add(now);
        self.population_changed(now);
        Admission::Granted
    }

    /// As [`Station::arrive`], where classes count, the cores are shared, or who is there counts.
    #[inline(never)]
    fn arrive_specially(&mut self, now: Time, entry: QueueEntry, class: u8) -> Admission {
        if self.by_number.is_some() && self.balks() {
            return Admission::Refused;
        }
        let entry = self.set_up(now, entry);
        let granted = if self.classes.is_some() {
            self.arrive_by_class(now, (entry.job, entry.ticket, entry.demand), class)
        } else {
            self.arrive_on_host(now, entry, class)
        };
        match granted {
            Admission::Granted if self.hosted => Admission::OnHost,
            Admission::Queued if self.paced_by_number() => {
                self.repace(now);
                Admission::QueuedAnew
            }
            other => other,
        }
    }

    fn arrive_on_host(&mut self, now: Time, entry: QueueEntry, class: u8) -> Admission {
        let n = self.serving.len() as u32;
        let most = match self.shared {
            true => self.servers.saturating_add(self.queue_limit),
            false => self.servers,
        };
        if n < most || most == u32::MAX {
            self.advance(now);
            self.enter(now, entry);
            self.probe.in_service.add(now);
            self.population_changed(now);
            return Admission::Granted;
        }
        if self.shared || self.wait_queue.len() >= self.queue_limit {
            self.probe.refused += 1;
            return Admission::Refused;
        }
        self.wait_queue.push(entry, class);
        self.probe.queue.add(now);
        Admission::Queued
    }

    /// When the next job leaves, if nothing changes until then.
    #[inline(always)]
    #[must_use]
    pub fn next_completion(&self) -> Option<Time> {
        if self.serving.is_empty() {
            return None;
        }
        let first = self.serving.first_key();
        if self.plain {
            return Some(Time(major(first)));
        }
        if self.pace <= 0.0 {
            return None;
        }
        let ahead = f64::from_bits(major(first)) - self.clock;
        let wait = ahead / self.pace;
        // Rounded up: at the alarm the job is due. The cast saturates and sends negatives to zero.
        Some(Time(self.updated.0.saturating_add(ceil(wait))))
    }

    /// The job that is due leaves; the next one in the queue is served in its place. Returns both.
    #[inline(always)]
    pub fn complete(&mut self, now: Time, tickets: &impl Tickets) -> (Option<Job>, Option<Job>) {
        if self.serving.is_empty() {
            return (None, None);
        }
        let first = self.serving.first_key();
        let job = first as Job;
        self.advance(now);
        if !self.plain {
            // The alarm was rounded up to a whole nanosecond: the clock is at the finish or just past it.
            let finish = f64::from_bits(major(first));
            // Neither is undefined.
            self.clock = if self.clock < finish {
                finish
            } else {
                self.clock
            };
        }
        self.probe.completed += 1;
        let next = if self.shared || self.wait_queue.is_empty() {
            None
        } else {
            self.wait_queue.next(tickets)
        };
        if let Some(entry) = next {
            self.probe.queue.subtract(now);
            let k = self.finish_key(now, entry);
            self.serving.replace_first(k, ());
        } else {
            self.serving.pop();
            self.probe.in_service.subtract(now);
            self.population_changed(now);
        }
        (Some(job), next.map(|entry| entry.job))
    }

    /// A waiting job leaves early; its ticket must have been made invalid.
    pub fn renege(&mut self, now: Time) {
        self.wait_queue.renege();
        self.probe.left += 1;
        self.probe.queue.subtract(now);
    }

    /// A job in service is dropped; the next in the queue takes its place. Returns that next one.
    pub fn cancel(&mut self, now: Time, job: Job, tickets: &impl Tickets) -> Option<Job> {
        self.advance(now);
        self.serving.remove_where(|key| key as Job == job)?;
        self.probe.left += 1;
        let next = self.wait_queue.next(tickets);
        if let Some(entry) = next {
            self.probe.queue.subtract(now);
            self.enter(now, entry);
        } else {
            self.probe.in_service.subtract(now);
        }
        self.population_changed(now);
        next.map(|entry| entry.job)
    }

    /// Under barging: the first in line has woken up. Returns it if a server is free for it; else it stays there.
    pub fn wake(&mut self, now: Time, tickets: &impl Tickets) -> Option<Job> {
        if self.in_service() >= self.servers {
            return None;
        }
        let entry = self.wait_queue.next_woken(tickets)?;
        self.probe.queue.subtract(now);
        self.advance(now);
        self.enter(now, entry);
        self.probe.in_service.add(now);
        self.population_changed(now);
        Some(entry.job)
    }

    /// Servers that work now.
    #[must_use]
    pub fn at_work(&self) -> u64 {
        (self.serving.len() as u64).min(u64::from(self.servers))
    }

    /// Jobs in service.
    #[must_use]
    pub fn in_service(&self) -> u32 {
        self.serving.len() as u32
    }

    /// Jobs waiting.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.wait_queue.len()
    }

    #[inline]
    fn advance(&mut self, now: Time) {
        if self.plain {
            return;
        }
        if now > self.updated {
            let passed = now.since_past(self.updated).0;
            self.clock += one_to_f64(passed) * self.pace;
            self.updated = now;
        }
    }

    #[inline(always)]
    fn enter(&mut self, now: Time, entry: QueueEntry) {
        let k = self.finish_key(now, entry);
        self.serving.push(k, ());
    }

    /// Virtual finish, then the order of entry, then the job. Non-negative floats sort as their bits do.
    #[inline]
    fn finish_key(&mut self, now: Time, entry: QueueEntry) -> u128 {
        self.sequence = self.sequence.wrapping_add(1);
        let order = u64::from(self.sequence) << 32 | u64::from(entry.job);
        let finish = if self.plain {
            now.0.saturating_add(entry.demand)
        } else {
            (self.clock + f64::from_bits(entry.demand)).to_bits()
        };
        key(finish, order)
    }

    #[inline(always)]
    fn population_changed(&mut self, now: Time) {
        let n = self.serving.len();
        if n == 0 {
            // An idle station starts its clock anew, so that it never loses precision.
            self.clock = 0.0;
            self.updated = now;
        }
        if self.crowds {
            if self.shared {
                let busy = (n as u64).min(u64::from(self.servers));
                if busy != self.probe.busy.value() {
                    self.probe.busy.set(now, busy);
                }
            }
            self.set_pace();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::waiting::AllWait;

    fn station(servers: u32, discipline: Discipline) -> Station {
        let spec = system::Station {
            servers,
            discipline,
            ..system::Station::named("s".into())
        };
        Station::new(
            &spec,
            (Stream::new(1, 0, "s"), Stream::new(1, 0, "s")),
            false,
        )
    }

    fn job(station: &Station, job: Job, ns: f64) -> QueueEntry {
        QueueEntry {
            job,
            ticket: 0,
            demand: station.demand_in_ns(ns),
        }
    }

    /// A job of 10 ns comes.
    fn comes(station: &mut Station, at: u64, number: Job) -> Admission {
        let entry = job(station, number, 10.0);
        station.arrive(Time(at), entry, 0)
    }

    /// Feeds arrivals (time, demand) and lists (time, job) of all departures.
    fn departures(station: &mut Station, arrivals: &[(u64, f64)]) -> Vec<(u64, Job)> {
        let mut log = Vec::new();
        let mut arrivals = arrivals.iter().enumerate().peekable();
        loop {
            let due = station.next_completion();
            match (arrivals.peek(), due) {
                (Some(&(i, &(t, demand))), d) if d.is_none_or(|d| d.0 > t) => {
                    station.arrive(Time(t), job(station, i as Job, demand), 0);
                    arrivals.next();
                }
                (_, Some(d)) => {
                    let (done, _) = station.complete(d, &AllWait);
                    log.extend(done.map(|j| (d.0, j)));
                }
                _ => return log,
            }
        }
    }

    #[test]
    fn fifo_serves_in_order() {
        let mut s = station(1, Discipline::Fifo);
        let log = departures(&mut s, &[(0, 10.0), (1, 5.0), (2, 1.0), (40, 3.0)]);
        assert_eq!(log, [(10, 0), (15, 1), (16, 2), (43, 3)]);
        assert_eq!(s.probe.completed, 4);
        assert_eq!(s.probe.queue.max(), 2);
    }

    #[test]
    fn two_servers_work_side_by_side() {
        let mut s = station(2, Discipline::Fifo);
        let log = departures(&mut s, &[(0, 10.0), (0, 4.0), (0, 4.0), (0, 4.0)]);
        assert_eq!(log, [(4, 1), (8, 2), (10, 0), (12, 3)]);
    }

    #[test]
    fn a_clock_of_its_own_gives_the_same_finishes() {
        let mut stream = Stream::new(3, 0, "arrivals");
        let mut at = 0;
        let arrivals: Vec<(u64, f64)> = (0..2000)
            .map(|_| {
                at += stream.below(10_000);
                (at, stream.below(27_000) as f64)
            })
            .collect();
        let mut own = station(3, Discipline::Fifo);
        let mut of_the_run = station(3, Discipline::Fifo);
        of_the_run.plain = true;
        assert_eq!(
            departures(&mut own, &arrivals),
            departures(&mut of_the_run, &arrivals)
        );
        assert!(own.probe.queue.max() > 5 && own.probe.completed == 2000);
    }

    #[test]
    fn lifo_serves_the_last_first_without_preemption() {
        let mut s = station(1, Discipline::Lifo);
        let log = departures(&mut s, &[(0, 10.0), (1, 5.0), (2, 1.0)]);
        assert_eq!(log, [(10, 0), (11, 2), (16, 1)]);
    }

    #[test]
    fn sharing_halves_the_speed_of_two() {
        let mut s = station(1, Discipline::ProcessorSharing);
        // 0 alone till 10 (10 done, 20 left); both share: 1 needs 10, ends at 30; 0 has 10 left, ends at 40.
        let log = departures(&mut s, &[(0, 30.0), (10, 10.0)]);
        assert_eq!(log, [(30, 1), (40, 0)]);
    }

    #[test]
    fn nobody_gets_more_than_one_core() {
        let mut s = station(4, Discipline::ProcessorSharing);
        let log = departures(&mut s, &[(0, 10.0), (0, 10.0), (5, 10.0)]);
        assert_eq!(log, [(10, 0), (10, 1), (15, 2)]);
    }

    #[test]
    fn a_full_stop_shifts_all_departures() {
        let mut s = station(2, Discipline::Fifo);
        comes(&mut s, 0, 0);
        let late = job(&s, 1, 20.0);
        s.arrive(Time(0), late, 0);
        s.set_speed(Time(4), 0.0);
        assert_eq!(s.next_completion(), None);
        s.set_speed(Time(104), 0.5);
        // 6 left at half speed.
        assert_eq!(s.next_completion(), Some(Time(116)));
        assert_eq!(s.complete(Time(116), &AllWait).0, Some(0));
        s.set_speed(Time(116), 1.0);
        assert_eq!(s.next_completion(), Some(Time(126)));
    }

    #[test]
    fn who_is_held_by_a_station_that_stands_still_is_not_served() {
        for discipline in [Discipline::Fifo, Discipline::ProcessorSharing] {
            let mut s = station(2, discipline);
            comes(&mut s, 0, 0);
            s.set_speed(Time(4), 0.0);
            // Two at work, were it not for the stop; under processor sharing the third has no server of its own.
            comes(&mut s, 10, 1);
            comes(&mut s, 10, 2);
            assert_eq!(s.probe.stopped(discipline, Time(20)), 6 + 2 * 10);
            // Another slowdown that stops it as well changes nothing; a mere slowdown is work.
            s.set_speed(Time(20), 0.0);
            s.set_speed(Time(30), 0.5);
            s.set_speed(Time(40), 1.0);
            assert_eq!(s.probe.stopped(discipline, Time(40)), 6 + 2 * 20);
            assert_eq!(s.probe.at_work(discipline, Time(40)), 4 + 2 * 10);
        }
    }

    #[test]
    fn a_full_queue_refuses() {
        let mut s = station(1, Discipline::Fifo);
        s.queue_limit = 1;
        assert_eq!(comes(&mut s, 0, 0), Admission::Granted);
        assert_eq!(comes(&mut s, 0, 1), Admission::Queued);
        assert_eq!(comes(&mut s, 0, 2), Admission::Refused);
        let mut shared = station(1, Discipline::ProcessorSharing);
        shared.queue_limit = 1;
        assert_eq!(comes(&mut shared, 0, 0), Admission::Granted);
        assert_eq!(comes(&mut shared, 0, 1), Admission::Granted);
        assert_eq!(comes(&mut shared, 0, 2), Admission::Refused);
    }

    #[test]
    fn a_cancelled_job_makes_room() {
        let mut s = station(1, Discipline::Fifo);
        comes(&mut s, 0, 0);
        comes(&mut s, 0, 1);
        assert_eq!(s.cancel(Time(3), 0, &AllWait), Some(1));
        assert_eq!(s.next_completion(), Some(Time(13)));
    }

    #[test]
    fn scalability_slows_each_job() {
        let mut s = station(8, Discipline::Fifo);
        s.scalability = Some(Scalability {
            sigma: 0.5,
            kappa: 0.25,
        });
        (s.crowds, s.paced) = (true, true);
        // Two in service: each at 1 / (1 + 0.5 + 0.5) = 1/2.
        let log = departures(&mut s, &[(0, 10.0), (0, 10.0)]);
        assert_eq!(log, [(20, 0), (20, 1)]);
    }

    #[test]
    fn levels_are_time_weighted() {
        let mut s = station(1, Discipline::Fifo);
        departures(&mut s, &[(0, 10.0), (0, 10.0)]);
        // One waits from 0 to 10; the server works from 0 to 20.
        assert!((s.probe.queue.mean(Time(40)) - 0.25).abs() < 1e-12);
        assert!((s.probe.in_service.mean(Time(40)) - 0.5).abs() < 1e-12);
    }
}
