//! What lets requests or users in: limits, listeners, caches and the waiting room.

use super::Sums;
use crate::account::stations::NS;
use crate::account::{Kind, Limit};
use crate::measure::time_weighted::TimeWeighted;
use crate::model::cache::Flight;
use crate::model::limit::LimitKind;
use crate::model::system::{AdmissionOrder, Entity, WaitingRoom};
use crate::parts::waiting_room::RoomProbe;
use crate::world::limiter::LimitProbe;

impl Sums<'_> {
    pub(super) fn rate_limit(&self, index: usize) -> Limit {
        let (spec, probe) = (
            &self.model.rate_limits[index],
            &self.outcome.rate_limits[index],
        );
        let name = format!("rate limit {}", spec.name);
        let mut limit = Limit::new(Kind::RateLimit(index), name);
        let end = self.outcome.end_time();
        limit.queue = probe.queue.mean(end);
        limit.queue_max = probe.queue.max() as f64;
        limit.waited = probe.queue.area(end) as f64 * NS;
        limit.caused = limit.waited;
        limit.lost_count = probe.refused as f64;
        limit.lost = limit.lost_count / probe.came.max(1) as f64;
        if spec.per == Entity::Global {
            let most = spec.rate as f64 / 1000.0 * self.seconds.max(f64::MIN_POSITIVE);
            limit.utilisation = (probe.passed as f64 / most).min(1.0);
        }
        limit
    }

    /// The fetches of a cache for which others wait; how many there may be at once is not known, so there is no
    /// ceiling.
    pub(super) fn fetches(&self, index: usize) -> Option<Limit> {
        let (spec, probe) = (&self.model.caches[index], &self.outcome.caches[index]);
        if spec.flight == Flight::Free {
            return None;
        }
        let name = format!("the fetches of cache {}", spec.name);
        let mut limit = Limit::new(Kind::Fetch(index), name);
        let end = self.outcome.end_time();
        limit.queue = probe.queue.mean(end);
        limit.queue_max = probe.queue.max() as f64;
        limit.waited = probe.queue.area(end) as f64 * NS;
        limit.caused = limit.waited;
        limit.each = limit.waited / (probe.shared + probe.left).max(1) as f64;
        limit.lost_count = probe.left as f64;
        limit.lost = limit.lost_count / probe.asked.max(1) as f64;
        Some(limit)
    }

    pub(super) fn listener(&self) -> Option<Limit> {
        let spec = self.model.listener.as_ref()?;
        let probe = self.outcome.listener.as_ref()?;
        let name = format!("the accept queue of listener {}", spec.name);
        let mut limit = Limit::new(Kind::Listener, name);
        self.levels(&mut limit, &probe.open, &probe.queue);
        let end = self.outcome.end_time();
        let area = |level: &TimeWeighted| level.area(end) as f64 * NS;
        limit.waited = area(&probe.queue) + area(&probe.dialling);
        limit.caused = limit.waited;
        limit.size = (spec.connections != u32::MAX).then(|| f64::from(spec.connections));
        limit.utilisation = limit
            .size
            .map_or(0.0, |size| (limit.in_use / size).min(1.0));
        limit.each = limit.waited / probe.dialled.max(1) as f64;
        limit.lost_count = probe.gave_up as f64;
        limit.lost = limit.lost_count / probe.dialled.max(1) as f64;
        Some(limit)
    }

    /// A limit on a rate or on requests at once.
    pub(super) fn limit(&self, index: usize) -> Limit {
        let spec = &self.model.limits[index];
        let mut limit = Limit::new(Kind::Limit(index), format!("limit {}", spec.name));
        let end = self.outcome.end_time();
        let lost = match (&spec.kind, &self.outcome.limits[index]) {
            (LimitKind::Rate(rate), LimitProbe::Rate(probe)) => {
                limit.waited = probe.waited as f64 * NS;
                let buckets = probe.buckets.max(1) as f64;
                let most = buckets * rate.rate * self.seconds / rate.per.as_secs();
                limit.utilisation = (probe.passed as f64 / most.max(f64::MIN_POSITIVE)).min(1.0);
                limit.queue = limit.waited / self.seconds.max(f64::MIN_POSITIVE);
                (probe.refused, probe.passed)
            }
            (_, LimitProbe::Concurrency(probe)) => {
                limit.size = Some(probe.limit.mean(end));
                limit.in_use = probe.in_flight.mean(end);
                limit.in_use_max = probe.in_flight.max() as f64;
                limit.utilisation = (limit.in_use / probe.limit.mean(end).max(1.0)).min(1.0);
                (probe.refused, probe.passed)
            }
            _ => (0, 0),
        };
        limit.caused = limit.waited;
        limit.lost_count = lost.0 as f64;
        limit.lost = limit.lost_count / (lost.0 + lost.1).max(1) as f64;
        limit
    }

    pub(super) fn room(&self) -> Option<Limit> {
        let (spec, probe) = (
            self.model.waiting_room.as_ref()?,
            self.outcome.room.as_ref()?,
        );
        let mut limit = Limit::new(Kind::WaitingRoom, "the waiting room".to_owned());
        self.levels(&mut limit, &probe.active, &probe.waiting);
        limit.size = spec.active_cap.map(f64::from);
        let waited = probe.waiting.area(self.outcome.end_time()) as f64 * NS;
        limit.waited = waited;
        limit.caused = waited;
        limit.each = waited / (probe.joined.max(1) as f64);
        let open = (self.seconds - spec.opens_at.as_secs()).max(1e-9);
        limit.best = probe.admitted as f64 / open;
        limit.utilisation = self.room_used(spec, probe, open);
        let turned = matches!(spec.order, AdmissionOrder::Reject);
        limit.lost_count = if turned { probe.given_up as f64 } else { 0.0 };
        limit.lost = limit.lost_count / (probe.joined.max(1) as f64);
        Some(limit)
    }

    /// How much of what its rules allow the room has let in. Who is inside and waits for the system does not
    /// count.
    pub(super) fn room_used(&self, spec: &WaitingRoom, probe: &RoomProbe, open: f64) -> f64 {
        if spec.order == AdmissionOrder::PassThrough {
            return 0.0;
        }
        let admitted = probe.admitted as f64;
        let by_rate = spec.rate.map_or(0.0, |rate| admitted / (rate * open));
        let by_batch = spec.batch.map_or(0.0, |(size, every)| {
            let batches = (open / every.as_secs().max(1e-9)).floor().max(1.0);
            admitted / (f64::from(size.max(1)) * batches)
        });
        let by_minute = spec.per_minute.map_or(0.0, |most| {
            let minutes = (open / 60.0).ceil().max(1.0);
            admitted / (f64::from(most.max(1)) * minutes)
        });
        let active = probe.active.area(self.outcome.end_time()) as f64 * NS;
        let waits: f64 = self.holding.waited.iter().sum();
        let by_cap = spec.active_cap.map_or(0.0, |cap| {
            (active - waits).max(0.0) / (f64::from(cap.max(1)) * self.seconds.max(1e-9))
        });
        by_rate.max(by_batch).max(by_minute).max(by_cap).min(1.0)
    }
}
