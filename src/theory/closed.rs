//! Closed loops: N users who think, send one request to a station and wait for it.
//!
//! The station's completion rate depends on how many are there; the number at the station is a
//! birth-death chain (the machine repair problem: Palm 1947; Kleinrock 1975, vol. 1, section
//! 3.8). With exponential service the result is the same for every law of the think time with the
//! same mean (Baskett, Chandy, Muntz & Palacios 1975), a fixed one included.

use super::birth_death::{expect, stationary};
use super::{non_negative, positive};

/// Most users worked out.
const MOST_USERS: u32 = 5_000_000;

/// Steady state of a closed loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClosedLoop {
    /// Requests completed per unit of time.
    pub throughput: f64,
    /// Mean time at the station, queue and service.
    pub mean_response: f64,
    /// Mean number of users at the station.
    pub mean_at_station: f64,
    /// Mean share of the servers that have a request.
    pub utilisation: f64,
}

/// N users before an M/M/c station. A mean think time of 0 keeps all users at the station.
///
/// Returns `None` for no user, no server, a rate that is not positive, a negative think time or
/// over five million users.
#[must_use]
pub fn machine_repair(
    users: u32,
    mean_think: f64,
    servers: u32,
    service_rate: f64,
) -> Option<ClosedLoop> {
    closed_loop(users, mean_think, servers, |busy| busy * service_rate)
}

/// N users before a station of `workers` whose speed follows the Universal Scalability Law.
///
/// Returns `None` as [`machine_repair`] does, and for a negative coefficient.
#[must_use]
pub fn usl_loop(
    users: u32,
    mean_think: f64,
    workers: u32,
    service_rate: f64,
    sigma: f64,
    kappa: f64,
) -> Option<ClosedLoop> {
    if !non_negative(sigma) || !non_negative(kappa) {
        return None;
    }
    closed_loop(users, mean_think, workers, |busy| {
        usl_rate(busy, service_rate, sigma, kappa)
    })
}

/// Completion rate of n requests in service by the Universal Scalability Law (Gunther 1993,
/// 2007): `mu n / (1 + sigma (n - 1) + kappa n (n - 1))`, sigma for contention, kappa for
/// coherency.
#[must_use]
pub fn usl_rate(n: f64, service_rate: f64, sigma: f64, kappa: f64) -> f64 {
    service_rate * n / (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0))
}

/// N users before a station of `servers` whose total completion rate is a function of how many
/// servers are busy.
///
/// Returns `None` for no user, no server, a completion rate that is not positive, a negative
/// think time or over five million users.
pub fn closed_loop(
    users: u32,
    mean_think: f64,
    servers: u32,
    completion_rate: impl Fn(f64) -> f64,
) -> Option<ClosedLoop> {
    if users == 0 || users > MOST_USERS || servers == 0 || !non_negative(mean_think) {
        return None;
    }
    let busy = |n: usize| (n as f64).min(f64::from(servers));
    let p = if mean_think == 0.0 {
        let mut all_there = vec![0.0; users as usize];
        all_there.push(1.0);
        all_there
    } else {
        let births: Vec<f64> = (0..users)
            .map(|n| f64::from(users - n) / mean_think)
            .collect();
        let deaths: Vec<f64> = (1..=users as usize)
            .map(|n| completion_rate(busy(n)))
            .collect();
        stationary(&births, &deaths)?
    };
    let rate = |n: usize| {
        if n == 0 {
            0.0
        } else {
            completion_rate(busy(n))
        }
    };
    let throughput = expect(&p, rate);
    let mean_at_station = expect(&p, |n| n as f64);
    positive(throughput).then(|| ClosedLoop {
        throughput,
        mean_response: mean_at_station / throughput,
        mean_at_station,
        utilisation: expect(&p, busy) / f64::from(servers),
    })
}
