//! Hit ratios of caches under independent references: each request asks for object i with probability pᵢ, whatever was asked
//! for before.

use super::numeric::crossing;

/// Objects that are asked for alike: the weight of each, and how many there are. Weights need not sum to 1.
pub type Group = (f64, f64);

/// Share of requests for which an object is there, of a cache of `size` objects that drops the one not asked for for the
/// longest time. Che's approximation (H. Che, Y. Tung & Z. Wang, "Hierarchical Web caching systems", 2002): an object is there if it was asked for within
/// the characteristic time T, Σ (1 − e^(−pᵢ T)) = size, hence Σ pᵢ (1 − e^(−pᵢ T)).
#[must_use]
pub fn lru(objects: &[Group], size: f64) -> f64 {
    hit_ratio(objects, size, |x| -libm::expm1(-x))
}

/// The same if the oldest one is dropped, or any: pᵢ T / (1 + pᵢ T) in the place of 1 − e^(−pᵢ T) (A. Dan & D. Towsley 1990;
/// E. Gelenbe 1973 shows that both policies are alike).
#[must_use]
pub fn random(objects: &[Group], size: f64) -> f64 {
    hit_ratio(objects, size, |x| x / (1.0 + x))
}

/// The same if those asked for most stay: the share of the `size` most popular ones.
#[must_use]
pub fn most_popular(objects: &[Group], size: f64) -> f64 {
    let mut sorted = objects.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut left, mut kept) = (size, 0.0);
    for (weight, count) in sorted {
        let taken = count.min(left);
        kept += weight * taken;
        left -= taken;
    }
    kept / sum(objects)
}

/// The same of a cache without admission that drops the one asked for least often, once the `size` − 1 most popular objects
/// have been asked for so often that nothing that comes overtakes them: they stay, and the last place is a cache of one
/// object for all others, of which j is there with its share pⱼ of their requests: Σ pᵢ of those that stay and Σ pⱼ² / Σ pⱼ
/// of the others. Whether it forgets how often an object was asked for that goes makes no difference to this. For `size` 1 it is
/// Σ pⱼ², which holds for every policy.
#[must_use]
pub fn least_often_asked(objects: &[Group], size: f64) -> f64 {
    let mut sorted = objects.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut left, mut stay, mut others, mut squares) = (size - 1.0, 0.0, 0.0, 0.0);
    for (weight, count) in sorted {
        let stays = count.min(left);
        stay += weight * stays;
        others += weight * (count - stays);
        squares += weight * weight * (count - stays);
        left -= stays;
    }
    let last = if others > 0.0 { squares / others } else { 0.0 };
    (stay + last) / (stay + others)
}

/// The same if all fit, and each is fresh for `ttl` after it was fetched, with `rate` requests per unit of time in all: of the
/// λᵢ ttl + 1 requests of a round all but the first find it (exact for Poisson arrivals and fetches that take no time; J. Jung,
/// A. Berger & H. Balakrishnan 2003).
#[must_use]
pub fn time_to_live(objects: &[Group], rate: f64, ttl: f64) -> f64 {
    let sum = sum(objects);
    let found = |(weight, count): &Group| {
        let expected = weight / sum * rate * ttl;
        count * weight / sum * expected / (1.0 + expected)
    };
    objects.iter().map(found).sum()
}

fn sum(objects: &[Group]) -> f64 {
    objects.iter().map(|(weight, count)| weight * count).sum()
}

/// Σ pᵢ occupied(pᵢ T) at the T for which Σ occupied(pᵢ T) = size.
fn hit_ratio(objects: &[Group], size: f64, occupied: impl Fn(f64) -> f64) -> f64 {
    let wanted = objects.iter().filter(|(weight, _)| *weight > 0.0);
    if size >= wanted.map(|(_, count)| count).sum() {
        return 1.0;
    }
    let sum = sum(objects);
    let there = |time: f64| {
        let of = |(weight, count): &Group| count * occupied(weight / sum * time);
        objects.iter().map(of).sum::<f64>()
    };
    let mut most = 1.0;
    while there(most) < size && most < 1e300 {
        most *= 2.0;
    }
    let time = crossing(|t| there(t) - size, 0.0, most);
    let found = objects.iter().map(|(weight, count)| {
        let p = weight / sum;
        count * p * occupied(p * time)
    });
    found.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_objects_are_there_by_the_share_that_fits() {
        let even = [(1.0, 150.0), (1.0, 50.0)];
        for ratio in [
            lru(&even, 50.0),
            random(&even, 50.0),
            most_popular(&even, 50.0),
        ] {
            assert!((ratio - 0.25).abs() < 1e-12, "{ratio}");
        }
        assert_eq!(lru(&even, 200.0), 1.0);
        // 10 requests for each within a ttl: 10 of 11 find it.
        assert!((time_to_live(&even, 2000.0, 1.0) - 10.0 / 11.0).abs() < 1e-12);
    }

    #[test]
    fn the_last_place_of_those_asked_for_least_often_is_a_cache_of_one() {
        // Two of weight 3 stay; four of weight 1 share the third place, and find themselves there in one of four cases.
        let ratio = least_often_asked(&[(1.0, 4.0), (3.0, 2.0)], 3.0);
        assert!((ratio - (0.6 + 0.4 * 0.25)).abs() < 1e-12, "{ratio}");
        let one = least_often_asked(&[(1.0, 4.0), (3.0, 2.0)], 1.0);
        assert!((one - 22.0 / 100.0).abs() < 1e-12, "{one}");
        assert_eq!(least_often_asked(&[(1.0, 4.0)], 9.0), 1.0);
    }

    #[test]
    fn policies_that_look_at_popularity_are_better() {
        let zipf: Vec<Group> = (1..=1000).map(|k| (1.0 / f64::from(k), 1.0)).collect();
        let (best, recent, any) = (
            most_popular(&zipf, 100.0),
            lru(&zipf, 100.0),
            random(&zipf, 100.0),
        );
        assert!(best > recent && recent > any, "{best} {recent} {any}");
        // H(100) / H(1000).
        assert!((best - 5.187_377_517_639_621 / 7.485_470_860_550_345).abs() < 1e-12);
    }
}
