//! What is held: tokens of pools, their connections, and locks.

use super::Sums;
use crate::account::replicas::{What, family, there};
use crate::account::stations::NS;
use crate::account::{Kind, Limit};
use crate::model::Model;
use crate::model::system::Entity;

impl Sums<'_> {
    pub(super) fn pool(&self, index: usize) -> Option<Limit> {
        let run = (self.model, self.outcome);
        let there = there(run, What::Pool, index);
        if there <= 0.0 {
            return None;
        }
        let (spec, probe) = (&self.model.pools[index], &self.outcome.pools[index]);
        let place = self.places.pool(index);
        let mut limit = Limit::new(Kind::Pool(index), format!("pool {}", spec.name));
        let size = f64::from(spec.size.max(1));
        limit.family = family(run, What::Pool, index);
        limit.size = Some(size);
        self.levels(&mut limit, &probe.held, &probe.queue);
        let came = probe.granted + probe.refused + probe.left + probe.queue.value();
        self.held(&mut limit, place, (size, came, probe.refused + probe.left));
        limit.utilisation = (limit.utilisation / there).min(1.0);
        let kept = self.outcome.kept[index].as_ref();
        let reused = kept.map_or(0, |kept| kept.reused);
        limit.each = self.holding.held[place] / ((probe.granted + reused).max(1) as f64);
        if let Some(kept) = kept {
            limit.best = reused as f64 / (probe.granted + reused).max(1) as f64;
            let all = kept.kept.area(self.outcome.end_time()) as f64 * NS;
            limit.alone = all / self.holding.held[place].max(f64::MIN_POSITIVE);
        }
        Some(limit)
    }

    /// What is told of tokens and locks alike.
    pub(super) fn held(
        &self,
        limit: &mut Limit,
        place: usize,
        (size, came, lost): (f64, u64, u64),
    ) {
        let all = size * self.seconds.max(f64::MIN_POSITIVE);
        limit.utilisation = (self.holding.own(place) / all).min(1.0);
        limit.waited = self.holding.waited[place];
        limit.caused = self.caused[place];
        limit.lost_count = lost as f64;
        limit.lost = lost as f64 / came.max(1) as f64;
    }

    pub(super) fn lock(&self, key: Entity) -> Option<Limit> {
        let probe = self.outcome.locks[key as usize].as_ref()?;
        let place = self.places.lock(key as usize);
        let mut limit = Limit::new(Kind::Lock(key), lock_name(key).to_owned());
        self.levels(&mut limit, &probe.held, &probe.queue);
        let came = probe.granted + probe.left + probe.queue.value();
        self.held(&mut limit, place, (1.0, came, probe.left));
        limit.each = self.holding.own(place) / (probe.granted.max(1) as f64);
        limit.size = (self.most_wanted(key) == Some(1.0)).then_some(1.0);
        if limit.size.is_none() {
            // Of many entities the one that is wanted most counts; who comes sees how often it is held.
            let hottest = self.most_wanted(key).unwrap_or(0.0) * limit.in_use;
            let met = probe.contended as f64 / came.max(1) as f64;
            let own = self.holding.own_share(place);
            limit.utilisation = (hottest.max(met) * own).min(1.0);
        }
        Some(limit)
    }

    /// How often the entity that is wanted most is wanted, where the model says it.
    pub(super) fn most_wanted(&self, key: Entity) -> Option<f64> {
        most_wanted(self.model, key)
    }

    /// The making of a pool's connections: who has a token waits for it.
    pub(super) fn connecting(&self, index: usize) -> Option<Limit> {
        let spec = self.model.pools[index].connections?;
        let probe = self.outcome.connections.get(index).copied().flatten()?;
        let name = format!(
            "the making of connections of pool {}",
            self.model.pool_name(index)
        );
        let mut limit = Limit::new(Kind::Connecting(index), name);
        let place = self.places.connecting(index);
        limit.waited = self.holding.waited[place];
        limit.caused = self.caused[place];
        limit.queue = limit.waited / self.seconds.max(f64::MIN_POSITIVE);
        let making = probe.making as f64 * NS;
        limit.in_use = making / self.seconds.max(f64::MIN_POSITIVE);
        limit.each = making / probe.made.max(1) as f64;
        limit.best = probe.made as f64;
        limit.size = spec.at_once.map(f64::from);
        limit.utilisation = limit.size.map_or(0.0, |n| (limit.in_use / n).min(1.0));
        Some(limit)
    }
}

/// The lock of one entity of a kind.
fn lock_name(key: Entity) -> &'static str {
    match key {
        Entity::User => "the lock of the user",
        Entity::Token => "the lock of the token",
        Entity::Event => "the lock of the event",
        Entity::Seat => "the lock of the seat",
        Entity::Global => "the lock of the system",
    }
}

/// How often the entity of a kind that is wanted most is wanted, as a share of all; none where the model does
/// not say it.
#[must_use]
pub fn most_wanted(model: &Model, key: Entity) -> Option<f64> {
    match key {
        Entity::Global => Some(1.0),
        Entity::User => Some(1.0 / f64::from(model.users.max(1))),
        Entity::Event => {
            let inventory = model.inventory.as_ref()?;
            let even = 1.0 / f64::from(inventory.events.max(1));
            let weights = inventory.popularity.weights(inventory.events);
            Some(weights.map_or(even, |weights| {
                let sum: f64 = weights.iter().sum();
                weights.iter().copied().fold(0.0, f64::max) / sum.max(f64::MIN_POSITIVE)
            }))
        }
        Entity::Token | Entity::Seat => None,
    }
}
