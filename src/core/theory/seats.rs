//! Users who pick seats from the same map at the same instant.

use super::non_negative;

/// Expected number of users who get the seat they picked: each of `users` picks one seat
/// independently, seat i with a chance in proportion to `weights[i]`, and the first to claim a
/// seat gets it.
///
/// That is the expected number of seats picked at all, `sum of 1 - (1 - w[i])^n` (the occupancy
/// problem, Feller 1968, vol. 1, section IV.2). Returns `None` for a negative weight or weights
/// that sum to nothing.
#[must_use]
pub fn expected_winners(users: u32, weights: &[f64]) -> Option<f64> {
    let total: f64 = weights.iter().sum();
    if !weights.iter().all(|&w| non_negative(w)) || !super::positive(total) {
        return None;
    }
    if users == 0 {
        return Some(0.0);
    }
    let picked = |weight: &f64| {
        let untouched = f64::from(users) * libm::log1p(-(weight / total).min(1.0));
        -libm::expm1(untouched)
    };
    Some(weights.iter().map(picked).sum())
}

/// Weights of Zipf's law (Zipf 1949): seat or event i of n has the weight `i^-exponent`.
#[must_use]
pub fn zipf_weights(n: u32, exponent: f64) -> Vec<f64> {
    let weight = |rank: u32| libm::pow(f64::from(rank), -exponent);
    (1..=n).map(weight).collect()
}
