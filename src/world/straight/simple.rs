//! Stations that serve first come, first served, at full speed, all who come, as straight runs have them: what they
//! do is what [`Station`] does then, and no more.

use crate::engine::heap::key;
use crate::engine::ring::Ring;
use crate::engine::{Span, Time};
use crate::parts::Job;
use crate::parts::station::{Station, StationProbe};

use super::in_service::InService;

/// Servers and a line.
#[derive(Debug)]
pub(super) struct Simple {
    servers: usize,
    /// Who waits, and the service times.
    line: Ring<(Span, Job)>,
    serving: InService,
    /// Counts who was served: of two that leave together, the one that began first is first.
    begun: u32,
    /// What it measured.
    probe: StationProbe,
}

impl Simple {
    /// As this one is, if it is simple; both are idle.
    pub fn of(station: &Station) -> Option<Simple> {
        let servers = station.simple()?;
        Some(Simple {
            servers: servers as usize,
            line: Ring::default(),
            serving: InService::new(servers),
            begun: 0,
            probe: StationProbe::default(),
        })
    }

    /// A job comes. If it is served at once, returns when the next one leaves.
    #[inline(always)]
    pub fn arrive(&mut self, now: Time, job: Job, time: Span) -> Option<Time> {
        self.probe.arrived += 1;
        if self.serving.len() >= self.servers {
            self.line.push((time, job));
            self.probe.queue.add(now);
            return None;
        }
        let finish = self.finish(now, job, time);
        self.serving.push(finish);
        self.probe.in_service.add(now);
        Some(Time(self.serving.first().0))
    }

    /// A job leaves, which there must be. Returns it, and who is served in its place.
    #[inline(always)]
    pub fn complete(&mut self, now: Time) -> (Job, Option<Job>) {
        let (_, done) = self.serving.first();
        self.probe.completed += 1;
        let Some((time, next)) = self.line.pop_parts(|(time, job)| (*time, *job)) else {
            self.serving.pop();
            self.probe.in_service.subtract(now);
            return (done, None);
        };
        self.probe.queue.subtract(now);
        let finish = self.finish(now, next, time);
        self.serving.replace_first(finish);
        (done, Some(next))
    }

    /// When the next job leaves, if anybody is served.
    #[inline(always)]
    pub fn next_completion(&self) -> Option<Time> {
        (!self.serving.is_empty()).then_some(Time(self.serving.first().0))
    }

    #[inline(always)]
    fn finish(&mut self, now: Time, job: Job, time: Span) -> u128 {
        self.begun = self.begun.wrapping_add(1);
        key((now + time).0, u64::from(self.begun) << 32 | u64::from(job))
    }

    /// What it measured.
    pub fn into_probe(self) -> StationProbe {
        self.probe
    }
}
