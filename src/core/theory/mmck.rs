//! M/M/c/K: at most K in the system, others are refused. Kleinrock (1975, vol. 1, section 3.6).

use super::birth_death::{expect, stationary};
use super::positive;

/// Steady state of an M/M/c/K queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mmck {
    /// Probability that an arrival is refused.
    pub blocking: f64,
    /// Requests accepted and served per unit of time.
    pub throughput: f64,
    /// Mean number in the system.
    pub mean_in_system: f64,
    /// Mean response time of the accepted.
    pub mean_response: f64,
    /// Share of time that a server is busy.
    pub utilisation: f64,
}

/// Steady state of M/M/c/K; any load is stable.
///
/// Returns `None` for rates that are not positive, no server, or a `capacity` (places in service
/// and in queue together) below the number of servers or over ten million.
#[must_use]
pub fn mmck(arrival_rate: f64, service_rate: f64, servers: u32, capacity: u32) -> Option<Mmck> {
    if !positive(arrival_rate) || !positive(service_rate) || servers == 0 || capacity < servers {
        return None;
    }
    if capacity >= 10_000_000 {
        return None;
    }
    let births = vec![arrival_rate; capacity as usize];
    let deaths: Vec<f64> = (1..=capacity)
        .map(|n| f64::from(n.min(servers)) * service_rate)
        .collect();
    let p = stationary(&births, &deaths)?;
    let blocking = *p.last()?;
    let throughput = arrival_rate * (1.0 - blocking);
    let mean_in_system = expect(&p, |n| n as f64);
    Some(Mmck {
        blocking,
        throughput,
        mean_in_system,
        mean_response: mean_in_system / throughput,
        utilisation: throughput / (f64::from(servers) * service_rate),
    })
}
