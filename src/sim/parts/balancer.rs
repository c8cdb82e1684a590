//! Balancers: which replica of a service a request goes to.
//!
//! A balancer sees what a real one sees: which replicas it may use, how many requests it has sent to each that
//! are not answered, and (for `shortest-queue` alone) how many each works on.

use crate::engine::stream::{Stream, stream_number};
use crate::model::service::{self, Service};

/// What a balancer knows of one replica.
#[derive(Clone, Debug)]
pub struct Backend {
    /// Share of the requests that it is to get, in relation to the others.
    pub weight: f64,
    /// Requests sent to it whose client or caller waits for the answer.
    pub connections: u32,
    /// Requests on which it works.
    pub present: u32,
    /// What smooth weighted round robin has saved for it.
    credit: f64,
}

impl Backend {
    /// An idle one.
    #[must_use]
    pub fn new(weight: f64) -> Backend {
        Backend {
            weight,
            connections: 0,
            present: 0,
            credit: 0.0,
        }
    }
}

/// The balancer of one service.
#[derive(Clone, Debug)]
pub struct Balancer {
    rule: service::Balancer,
    /// Replicas that it may use: ascending, unless some are drawn of them.
    usable: Vec<u16>,
    /// All weights are equal.
    even: bool,
    /// Where the next turn begins.
    turn: u16,
    ring: Vec<(u64, u16)>,
    stream: Stream,
}

impl Balancer {
    /// A balancer that may use the replicas of the start of a run.
    #[must_use]
    pub fn new(spec: &Service, stream: Stream) -> Balancer {
        let ring = match spec.balancer {
            service::Balancer::Hash { points, .. } => ring(spec, points),
            _ => Vec::new(),
        };
        Balancer {
            rule: spec.balancer,
            usable: (0..spec.replicas as u16).collect(),
            even: spec.weights.iter().all(|w| *w == spec.weights[0]),
            turn: 0,
            ring,
            stream,
        }
    }

    /// From now on it may use these, in ascending order.
    pub fn may_use(&mut self, replicas: Vec<u16>) {
        self.usable = replicas;
    }

    /// The weights of its replicas are others from now on.
    pub fn weights_changed(&mut self, all: &[Backend]) {
        self.even = all.iter().all(|b| b.weight == all[0].weight);
    }

    /// Whether it may use a replica.
    #[must_use]
    pub fn uses(&self, replica: u16) -> bool {
        self.usable.contains(&replica)
    }

    /// Picks the replica of a request, or nobody if it may use none. `key` is the number of the request's entity
    /// where its rule looks at one.
    pub fn pick(&mut self, all: &mut [Backend], key: Option<u32>) -> Option<u16> {
        if self.usable.is_empty() {
            return None;
        }
        match self.rule {
            service::Balancer::RoundRobin | service::Balancer::Sticky { .. } => {
                Some(self.round_robin(all))
            }
            service::Balancer::Random => Some(self.random(all)),
            service::Balancer::LeastConnections if self.even => {
                self.least(|at| f64::from(all[at].connections))
            }
            service::Balancer::LeastConnections => {
                let load = |b: &Backend| f64::from(b.connections) / b.weight;
                let loads = self.usable.iter().map(|at| load(&all[usize::from(*at)]));
                let least = loads.fold(f64::INFINITY, f64::min);
                // As nginx's least_conn: equal ones take turns by their weights.
                Some(smooth(&self.usable, all, |backend| load(backend) <= least))
            }
            service::Balancer::ShortestQueue => self.least(|at| f64::from(all[at].present)),
            service::Balancer::Choices(d) => Some(self.of_some(d, all)),
            service::Balancer::Hash { .. } => match key {
                Some(key) => self.on_the_ring(key),
                None => Some(self.round_robin(all)),
            },
        }
    }

    fn round_robin(&mut self, all: &mut [Backend]) -> u16 {
        if self.even {
            let from = self.usable.partition_point(|r| *r < self.turn);
            let picked = self.usable[from % self.usable.len()];
            self.turn = picked + 1;
            return picked;
        }
        smooth(&self.usable, all, |_| true)
    }

    fn random(&mut self, all: &[Backend]) -> u16 {
        if self.even {
            return self.usable[self.stream.below(self.usable.len() as u64) as usize];
        }
        let weight = |at: &u16| all[usize::from(*at)].weight;
        let mut left = self.stream.unit() * self.usable.iter().map(weight).sum::<f64>();
        for at in &self.usable {
            left -= weight(at);
            if left < 0.0 {
                return *at;
            }
        }
        self.usable[self.usable.len() - 1]
    }

    /// The least of all; of equal ones the first from that on whose turn it is.
    fn least(&mut self, load: impl Fn(usize) -> f64) -> Option<u16> {
        let from = self.usable.partition_point(|r| *r < self.turn);
        let (late, early) = self.usable.split_at(from);
        let mut best: Option<(u16, f64)> = None;
        for &at in early.iter().chain(late) {
            let own = load(usize::from(at));
            if best.is_none_or(|(_, least)| own < least) {
                best = Some((at, own));
            }
        }
        let (picked, _) = best?;
        self.turn = picked + 1;
        Some(picked)
    }

    /// Of `d` different ones drawn at random, that with the fewest open requests; of equal ones the first drawn.
    fn of_some(&mut self, d: u32, all: &[Backend]) -> u16 {
        let n = self.usable.len();
        let d = (d as usize).min(n);
        // Floyd's sampling without replacement (Bentley and Floyd 1987) takes d draws; what it gives is a set, and
        // its order is not random. The first `d` steps of a shuffle are, and swaps of a permutation stay one.
        let mut best = None;
        for i in 0..d {
            let j = i + self.stream.below((n - i) as u64) as usize;
            self.usable.swap(i, j);
            let at = self.usable[i];
            let open = all[usize::from(at)].connections;
            if best.is_none_or(|(_, least)| open < least) {
                best = Some((at, open));
            }
        }
        best.map_or(self.usable[0], |(at, _)| at)
    }

    /// The first usable replica from the key's place on the ring on.
    fn on_the_ring(&self, key: u32) -> Option<u16> {
        let place = mixed(u64::from(key).wrapping_add(0x9e37_79b9_7f4a_7c15));
        let from = self.ring.partition_point(|(point, _)| *point < place);
        let (before, after) = self.ring.split_at(from);
        let mut owners = after.iter().chain(before).map(|(_, owner)| *owner);
        owners.find(|owner| self.usable.binary_search(owner).is_ok())
    }
}

/// Smooth weighted round robin (I. Sysoev, nginx 1.3.1) among those who take part: everybody earns the own weight, the
/// richest is picked and pays all that was earned. `usable` is not empty.
fn smooth(usable: &[u16], all: &mut [Backend], takes_part: impl Fn(&Backend) -> bool) -> u16 {
    let mut earned = 0.0;
    let mut best: Option<(u16, f64)> = None;
    for &at in usable {
        let backend = &mut all[usize::from(at)];
        if !takes_part(backend) {
            continue;
        }
        backend.credit += backend.weight;
        earned += backend.weight;
        if best.is_none_or(|(_, most)| backend.credit > most) {
            best = Some((at, backend.credit));
        }
    }
    let picked = best.map_or(usable[0], |(at, _)| at);
    all[usize::from(picked)].credit -= earned;
    picked
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood 2014): neighbours come to lie anywhere.
fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The points of all replicas on the ring of 64-bit numbers, ascending.
fn ring(spec: &Service, points: u32) -> Vec<(u64, u16)> {
    let name = stream_number(&spec.name);
    let mut ring = Vec::new();
    for (at, weight) in (0..spec.most as u16).zip(&spec.weights) {
        let own = (f64::from(points) * weight + 0.5) as u32;
        for point in 0..own.max(1) {
            let place = mixed(name ^ (u64::from(at) << 32 | u64::from(point)));
            ring.push((place, at));
        }
    }
    ring.sort_unstable();
    ring
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::system::Entity;

    fn spec(rule: service::Balancer, weights: &[f64]) -> Service {
        Service {
            replicas: weights.len() as u32,
            most: weights.len() as u32,
            balancer: rule,
            weights: weights.to_vec(),
            speeds: vec![1.0; weights.len()],
            ..Service::named("s".into())
        }
    }

    fn made(rule: service::Balancer, weights: &[f64]) -> (Balancer, Vec<Backend>) {
        let balancer = Balancer::new(&spec(rule, weights), Stream::new(1, 0, "b"));
        (balancer, weights.iter().map(|w| Backend::new(*w)).collect())
    }

    fn picks(rule: service::Balancer, weights: &[f64], n: usize) -> Vec<u16> {
        let (mut balancer, mut all) = made(rule, weights);
        let picks = (0..n).map(|_| balancer.pick(&mut all, None));
        picks.map(|p| p.expect("somebody")).collect()
    }

    #[test]
    fn turns_are_taken_and_weights_are_smooth() {
        let rule = service::Balancer::RoundRobin;
        assert_eq!(picks(rule, &[1.0; 3], 5), [0, 1, 2, 0, 1]);
        // The example of nginx's change: a a b a c a a.
        assert_eq!(picks(rule, &[5.0, 1.0, 1.0], 7), [0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn a_turn_passes_who_is_not_there() {
        let (mut balancer, mut all) = made(service::Balancer::RoundRobin, &[1.0; 4]);
        assert_eq!(balancer.pick(&mut all, None), Some(0));
        balancer.may_use(vec![0, 2, 3]);
        assert_eq!(balancer.pick(&mut all, None), Some(2));
        balancer.may_use(Vec::new());
        assert_eq!(balancer.pick(&mut all, None), None);
    }

    #[test]
    fn random_picks_follow_the_weights() {
        let picks = picks(service::Balancer::Random, &[3.0, 1.0], 4000);
        let first = picks.iter().filter(|p| **p == 0).count();
        // 3000 ± 27.
        assert!((2880..3120).contains(&first), "{first}");
    }

    #[test]
    fn the_least_is_picked_and_equals_take_turns() {
        let (mut balancer, mut all) = made(service::Balancer::LeastConnections, &[1.0, 1.0, 2.0]);
        (all[0].connections, all[1].connections, all[2].connections) = (1, 1, 1);
        assert_eq!(balancer.pick(&mut all, None), Some(2));
        // nginx 1.22.1, least_conn, idle: 1 2 3 1 2 3; weight 3 for the first: 1 2 1 3 1 1 2 1 3.
        let rule = service::Balancer::LeastConnections;
        assert_eq!(picks(rule, &[1.0; 3], 6), [0, 1, 2, 0, 1, 2]);
        let weighted = picks(rule, &[3.0, 1.0, 1.0], 9);
        assert_eq!(weighted, [0, 1, 0, 2, 0, 0, 1, 0, 2]);
        let (mut balancer, mut all) = made(service::Balancer::ShortestQueue, &[1.0, 1.0]);
        (all[0].present, all[1].connections) = (1, 9);
        assert_eq!(balancer.pick(&mut all, None), Some(1));
    }

    #[test]
    fn the_lesser_of_two_different_ones_is_picked() {
        let (mut balancer, mut all) = made(service::Balancer::Choices(2), &[1.0; 3]);
        all[1].connections = 5;
        let picked: Vec<_> = (0..3000)
            .filter_map(|_| balancer.pick(&mut all, None))
            .collect();
        // Of each pair the other one; of the two idle ones that which is drawn first.
        let count = |at| picked.iter().filter(|p| **p == at).count();
        assert_eq!(count(1), 0);
        assert!((1380..1620).contains(&count(0)), "{}", count(0));
    }

    #[test]
    fn a_ring_moves_only_the_keys_of_who_leaves() {
        let rule = service::Balancer::Hash {
            key: Entity::User,
            points: 160,
        };
        let (mut balancer, mut all) = made(rule, &[1.0; 8]);
        let owners = |balancer: &mut Balancer, all: &mut Vec<Backend>| -> Vec<u16> {
            (0..8000)
                .filter_map(|key| balancer.pick(all, Some(key)))
                .collect()
        };
        let before = owners(&mut balancer, &mut all);
        balancer.may_use(vec![0, 1, 2, 4, 5, 6, 7]);
        let after = owners(&mut balancer, &mut all);
        for (old, new) in before.iter().zip(&after) {
            assert!(if *old == 3 { *new != 3 } else { old == new });
        }
        for at in 0..8 {
            let share = before.iter().filter(|o| **o == at).count();
            // 160 points spread 1000 keys each by about a twelfth.
            assert!((700..1350).contains(&share), "{share} keys at {at}");
        }
    }

    #[test]
    fn one_key_in_n_moves_when_a_replica_leaves_or_joins() {
        const KEYS: u32 = 2000;
        let rule = service::Balancer::Hash {
            key: Entity::User,
            points: 160,
        };
        for n in [2_u16, 5, 10, 20] {
            // Rings of other names lie otherwise; the mean share over them is 1/n.
            let moved = |ring: u32| {
                let mut spec = spec(rule, &vec![1.0; usize::from(n)]);
                spec.name = format!("ring {ring}");
                let mut balancer = Balancer::new(&spec, Stream::new(1, 0, "b"));
                let mut all = vec![Backend::new(1.0); usize::from(n)];
                let mut owners = |usable: Vec<u16>| -> Vec<u16> {
                    balancer.may_use(usable);
                    let owners = (0..KEYS).filter_map(|key| balancer.pick(&mut all, Some(key)));
                    owners.collect()
                };
                let (full, less) = (owners((0..n).collect()), owners((0..n - 1).collect()));
                assert_eq!(owners((0..n).collect()), full, "it joins where it was");
                let pairs = full.iter().zip(&less);
                let moved = pairs.filter(|(old, new)| old != new).count();
                // No key moves between those that stay.
                assert_eq!(moved, full.iter().filter(|owner| **owner == n - 1).count());
                moved as f64 / f64::from(KEYS)
            };
            let shares: Vec<f64> = (0..40).map(moved).collect();
            let mean = shares.iter().sum::<f64>() / 40.0;
            let square = |s: &f64| (s - mean) * (s - mean);
            let deviation = (shares.iter().map(square).sum::<f64>() / 39.0).sqrt();
            // Student's t of 39 degrees of freedom, 99.9 %.
            let (expected, bound) = (1.0 / f64::from(n), 3.56 * deviation / 40.0_f64.sqrt());
            assert!((mean - expected).abs() < bound, "{n}: {mean} ± {bound}");
            // Gaps between 160 points a replica: the share of one spreads by about 1/√160 of itself, and keys are counted.
            let p = expected;
            let spread = (p * p * (1.0 - p) / 160.0 + p * (1.0 - p) / f64::from(KEYS)).sqrt();
            assert!(deviation < 1.6 * spread, "{n}: {deviation} of {spread}");
        }
    }
}
