//! M/M/1/1 with retrials: who finds the server busy tries again later, as often as needed.

use super::positive;

/// Steady state of the retrial queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retrial {
    /// Share of time that the server is busy.
    pub utilisation: f64,
    /// Mean number of customers between two tries.
    pub mean_in_orbit: f64,
    /// Mean time from the first try to the start of service.
    pub mean_wait: f64,
}

/// One server, no queue, exponential pauses at `retry_rate` between the tries of each customer
/// (Falin & Templeton 1997, Retrial Queues, section 1.2):
/// `N = lambda^2 / (mu - lambda) * (1 / mu + 1 / nu)`.
///
/// Returns `None` for a rate that is not positive or a load not below 1.
#[must_use]
pub fn mm1_retrial(arrival_rate: f64, service_rate: f64, retry_rate: f64) -> Option<Retrial> {
    let sound = positive(arrival_rate) && positive(service_rate) && positive(retry_rate);
    if !sound || arrival_rate >= service_rate {
        return None;
    }
    let mean_wait =
        arrival_rate / (service_rate - arrival_rate) * (1.0 / service_rate + 1.0 / retry_rate);
    Some(Retrial {
        utilisation: arrival_rate / service_rate,
        mean_in_orbit: arrival_rate * mean_wait,
        mean_wait,
    })
}
