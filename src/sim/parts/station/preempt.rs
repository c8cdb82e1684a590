//! Pre-emption and ageing at a station: the state that is kept of each job.

use super::super::waiting::QueueEntry;
use super::super::{Admission, Job};
use super::Station;
use crate::engine::Time;
use crate::engine::heap::major;
use crate::engine::time::to_f64;
use crate::model::queueing::{Preemption, Queueing};

/// What a station with pre-emption or ageing knows of its jobs.
#[derive(Clone, Debug)]
pub struct Classes {
    preemption: Preemption,
    /// Of each job that is there, by its number.
    jobs: Vec<Known>,
    /// The job that has just been taken out of service.
    displaced: Job,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    class: u8,
    /// When it came to the station.
    came: Time,
    /// All of its service, as the station keeps it.
    demand: u64,
    /// What is left of its service, while it is interrupted.
    left: u64,
}

impl Classes {
    /// For a station that needs it.
    #[must_use]
    pub fn of(spec: &Queueing) -> Option<Box<Classes>> {
        let needed = spec.preemption != Preemption::No || spec.ageing.is_some();
        needed.then(|| {
            Box::new(Classes {
                preemption: spec.preemption,
                jobs: Vec::new(),
                displaced: 0,
            })
        })
    }

    fn know(&mut self, job: Job, known: Known) {
        let at = job as usize;
        if self.jobs.len() <= at {
            self.jobs.resize(at + 1, Known::default());
        }
        self.jobs[at] = known;
    }

    fn class(&self, job: Job) -> u8 {
        self.jobs[job as usize].class
    }
}

impl Station {
    /// As [`Station::arrive`], where a class may interrupt another, or grows with waiting.
    #[inline(never)]
    pub(super) fn arrive_by_class(
        &mut self,
        now: Time,
        (job, ticket, demand): (Job, u32, u64),
        class: u8,
    ) -> Admission {
        let entry = QueueEntry {
            job,
            ticket,
            demand,
        };
        let known = Known {
            class,
            came: now,
            demand,
            left: demand,
        };
        if let Some(classes) = &mut self.classes {
            classes.know(job, known);
        }
        if self.in_service() < self.servers {
            self.advance(now);
            self.enter(now, entry);
            self.probe.in_service.add(now);
            self.population_changed(now);
            return Admission::Granted;
        }
        if self.interrupts(now, class) {
            self.enter(now, entry);
            return Admission::Displaces;
        }
        if self.wait_queue.len() >= self.queue_limit {
            self.probe.refused += 1;
            return Admission::Refused;
        }
        self.wait_queue.push_aged(now, entry, class);
        self.probe.queue.add(now);
        Admission::Queued
    }

    /// Takes a job of a lower class out of service, if there is one: of the lowest class, that which was begun last.
    fn interrupts(&mut self, now: Time, class: u8) -> bool {
        let Some(classes) = &self.classes else {
            return false;
        };
        if classes.preemption == Preemption::No {
            return false;
        }
        // A key ends with the order of entry and the job.
        let worth = |key: &u128| (classes.class(*key as Job), *key as u64 >> 32);
        let Some(key) = self.serving.keys().max_by_key(worth) else {
            return false;
        };
        let job = key as Job;
        if classes.class(job) <= class {
            return false;
        }
        self.advance(now);
        self.serving.remove_where(|other| other == key);
        let rest = if self.plain {
            major(key).saturating_sub(now.0)
        } else {
            // Not below zero: a job that is due by less than the rounding of an alarm is due now.
            (f64::from_bits(major(key)) - self.clock)
                .max(to_f64(0))
                .to_bits()
        };
        if let Some(classes) = &mut self.classes {
            let restarts = classes.preemption == Preemption::Restart;
            let known = &mut classes.jobs[job as usize];
            known.left = if restarts { known.demand } else { rest };
            classes.displaced = job;
        }
        self.probe.interrupted += 1;
        true
    }

    /// The job that the last arrival has taken out of service, and whether its service begins anew.
    #[must_use]
    pub fn displaced(&self) -> Option<(Job, bool)> {
        let classes = self.classes.as_ref()?;
        Some((classes.displaced, classes.preemption == Preemption::Restart))
    }

    /// A job whose service was interrupted waits with this ticket, before all others of its class.
    pub fn wait_again(&mut self, now: Time, job: Job, ticket: u32) {
        let Some(classes) = &self.classes else { return };
        let known = classes.jobs[job as usize];
        let entry = QueueEntry {
            job,
            ticket,
            demand: known.left,
        };
        self.wait_queue.push_again(known.came, entry, known.class);
        self.probe.queue.add(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Span;
    use crate::engine::stream::Stream;
    use crate::model::system::{self, Discipline};
    use crate::parts::waiting::AllWait;

    fn station(servers: u32, preemption: Preemption, ageing: Option<Span>, whole: bool) -> Station {
        let spec = system::Station {
            servers,
            discipline: Discipline::Priority,
            queueing: Queueing {
                preemption,
                ageing,
                ..Queueing::default()
            },
            ..system::Station::named("s".into())
        };
        Station::new(
            &spec,
            (Stream::new(1, 0, "s"), Stream::new(1, 0, "s")),
            whole,
        )
    }

    /// Feeds arrivals (time, demand, class) and lists (time, job) of all departures.
    fn departures(station: &mut Station, arrivals: &[(u64, u64, u8)]) -> Vec<(u64, Job)> {
        let mut log = Vec::new();
        let mut arrivals = arrivals.iter().enumerate().peekable();
        loop {
            let due = station.next_completion();
            match (arrivals.peek(), due) {
                (Some(&(i, &(at, span, class))), d) if d.is_none_or(|d| d.0 > at) => {
                    let entry = QueueEntry {
                        job: i as Job,
                        ticket: 0,
                        demand: station.demand(Span(span)),
                    };
                    if station.arrive(Time(at), entry, class) == Admission::Displaces {
                        let (victim, _) = station.displaced().expect("a victim");
                        station.wait_again(Time(at), victim, 0);
                    }
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
    fn an_interrupted_service_goes_on_or_begins_anew() {
        let jobs = [(0, 10, 2), (4, 5, 1), (6, 3, 0), (7, 1, 2), (8, 2, 1)];
        for whole in [true, false] {
            // 3 left of the second at 6, 6 of the first at 4. The third is done at 9, then the second, the
            // last, and the first, before the one that came to its class later.
            let mut s = station(1, Preemption::Resume, None, whole);
            let log = departures(&mut s, &jobs);
            assert_eq!(log, [(9, 2), (12, 1), (14, 4), (20, 0), (21, 3)]);
            assert_eq!(s.probe.interrupted, 2);
            let mut s = station(1, Preemption::Restart, None, whole);
            let log = departures(&mut s, &jobs);
            assert_eq!(log, [(9, 2), (14, 1), (16, 4), (26, 0), (27, 3)]);
        }
    }

    #[test]
    fn the_lowest_class_that_was_begun_last_is_interrupted() {
        let mut s = station(2, Preemption::Resume, None, true);
        let log = departures(
            &mut s,
            &[(0, 10, 1), (1, 10, 1), (2, 10, 1), (3, 4, 0), (4, 4, 0)],
        );
        // At 3 the second goes, at 4 the first: 6 left of it, 8 of the second, which waits behind it.
        assert_eq!(log, [(7, 3), (8, 4), (13, 0), (16, 1), (23, 2)]);
    }

    #[test]
    fn who_waits_long_enough_goes_first() {
        let jobs = [(0, 100, 0), (1, 10, 1), (30, 10, 0), (60, 10, 0)];
        let mut s = station(1, Preemption::No, Some(Span(40)), true);
        // The low one is worth as much as those that come 40 later than it: at 41.
        let log = departures(&mut s, &jobs);
        assert_eq!(log, [(100, 0), (110, 2), (120, 1), (130, 3)]);
        let mut s = station(1, Preemption::No, Some(Span(10)), true);
        let log = departures(&mut s, &jobs);
        assert_eq!(log, [(100, 0), (110, 1), (120, 2), (130, 3)]);
    }
}
