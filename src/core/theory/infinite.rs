//! Infinitely many servers, arrivals that grow: M(t)/M/infinity.

use super::numeric::decay_integral;
use super::{non_negative, positive};

/// Mean number in the system at time t of a Poisson stream of rate `slope * t` from an empty
/// start, each staying an exponential time.
///
/// `(slope / mu) (t - (1 - exp(-mu t)) / mu)`: the load lags the ramp by one mean stay (Eick,
/// Massey & Whitt 1993). The number itself is Poisson. Returns `None` for a service rate that is
/// not positive, or a negative slope or time.
#[must_use]
pub fn ramp_mean_in_system(slope: f64, service_rate: f64, t: f64) -> Option<f64> {
    let sound = non_negative(slope) && positive(service_rate) && non_negative(t);
    sound.then(|| slope / service_rate * (t - decay_integral(service_rate, t)))
}
