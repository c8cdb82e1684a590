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

/// How long one waits before an M/M/c station in a closed loop of N users.
///
/// By the arrival theorem (Sevcik & Mitrani 1981; Lavenberg & Reiser 1980) an arriving user sees the loop
/// as it is with one user less. Who finds n ≥ c there waits for n - c + 1 completions, each exponential
/// with the rate of all servers.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedWait {
    /// Steady state of the loop itself.
    pub steady: ClosedLoop,
    /// Probability that at least one, two, … completions must be waited for.
    at_least: Vec<f64>,
    rate: f64,
}

impl ClosedWait {
    /// Returns `None` as [`machine_repair`] does.
    #[must_use]
    pub fn new(users: u32, mean_think: f64, servers: u32, service_rate: f64) -> Option<ClosedWait> {
        let steady = machine_repair(users, mean_think, servers, service_rate)?;
        let others = users - 1;
        let seen = match (others, mean_think > 0.0) {
            (0, _) => vec![1.0],
            (_, false) => {
                let mut all_there = vec![0.0; others as usize];
                all_there.push(1.0);
                all_there
            }
            _ => {
                let births: Vec<f64> = (0..others)
                    .map(|n| f64::from(others - n) / mean_think)
                    .collect();
                let busy = |n: u32| f64::from(n.min(servers));
                let deaths: Vec<f64> = (1..=others).map(|n| busy(n) * service_rate).collect();
                stationary(&births, &deaths)?
            }
        };
        let mut at_least: Vec<f64> = seen.get(servers as usize..).unwrap_or_default().to_vec();
        let mut sum = 0.0;
        for p in at_least.iter_mut().rev() {
            sum += *p;
            *p = sum;
        }
        Some(ClosedWait {
            steady,
            at_least,
            rate: f64::from(servers) * service_rate,
        })
    }

    /// Mean wait.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.at_least.iter().sum::<f64>() / self.rate
    }

    /// Probability that the wait exceeds `t`: the sum over j of Poisson(j; rate t) times the probability
    /// that more than j completions must be waited for.
    #[must_use]
    pub fn exceeds(&self, t: f64) -> f64 {
        if t < 0.0 {
            return 1.0;
        }
        let mean = self.rate * t;
        if mean == 0.0 {
            return self.at_least.first().copied().unwrap_or(0.0);
        }
        let (mut log, mut sum) = (-mean, 0.0);
        for (j, more) in self.at_least.iter().enumerate() {
            if j > 0 {
                log += libm::log(mean / j as f64);
            }
            sum += libm::exp(log) * more;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::{ClosedWait, machine_repair};

    #[test]
    fn the_law_of_the_wait_has_the_mean_that_little_gives() {
        for (users, think, servers, rate) in
            [(1, 3.0, 2, 5.0), (40, 3.0, 2, 5.0), (600, 3.0, 8, 70.0)]
        {
            let wait = ClosedWait::new(users, think, servers, rate).unwrap();
            let steady = machine_repair(users, think, servers, rate).unwrap();
            let by_little = steady.mean_response - 1.0 / rate;
            assert!((wait.mean() - by_little).abs() < 1e-9 * steady.mean_response);
            // The integral of the survival function is the mean, too.
            let step = wait.mean().max(1e-3) / 200.0;
            let sum: f64 = (0..4000)
                .map(|i| wait.exceeds((f64::from(i) + 0.5) * step))
                .sum();
            assert!(
                (sum * step - wait.mean()).abs() < 1e-3 * wait.mean() + 1e-12,
                "{users}"
            );
        }
        assert!(ClosedWait::new(0, 1.0, 1, 1.0).is_none());
    }
}
