//! Customers who give up waiting; those in service stay.

use super::birth_death::{expect, stationary};
use super::numeric::decay_integral;
use super::positive;

/// States of a chain beyond which no more are added.
const LARGEST: usize = 5_000_000;
/// Share of the most probable state below which a state does not matter.
const NEGLIGIBLE: f64 = 1e-25;

/// Steady state of a queue with abandonment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Abandonment {
    /// Probability that an arrival gives up.
    pub abandoned: f64,
    /// Requests served to the end per unit of time.
    pub throughput: f64,
    /// Share of time that a server is busy.
    pub utilisation: f64,
    /// Mean time in the queue of all arrivals, served or not.
    pub mean_wait: f64,
}

/// Erlang A, M/M/c+M: exponential patience at `patience_rate` (Palm 1957; Garnett, Mandelbaum &
/// Reiman 2002).
///
/// From the birth-death chain, cut where the rest has no weight. Any load is stable. Returns
/// `None` for a rate that is not positive, no server, or patience so long that the chain has over
/// five million states.
#[must_use]
pub fn erlang_a(
    arrival_rate: f64,
    service_rate: f64,
    servers: u32,
    patience_rate: f64,
) -> Option<Abandonment> {
    let sound = positive(arrival_rate) && positive(service_rate) && positive(patience_rate);
    if !sound || servers == 0 || servers as usize >= LARGEST {
        return None;
    }
    let deaths = erlang_a_deaths(arrival_rate, service_rate, servers, patience_rate)?;
    let p = stationary(&vec![arrival_rate; deaths.len()], &deaths)?;
    let c = servers as usize;
    let mean_queue = expect(&p, |n| n.saturating_sub(c) as f64);
    let mean_busy = expect(&p, |n| n.min(c) as f64);
    Some(Abandonment {
        abandoned: patience_rate * mean_queue / arrival_rate,
        throughput: mean_busy * service_rate,
        utilisation: mean_busy / f64::from(servers),
        mean_wait: mean_queue / arrival_rate,
    })
}

/// Rates of departure from the states 1, 2, …, until a state's weight is negligible.
fn erlang_a_deaths(lambda: f64, mu: f64, servers: u32, theta: f64) -> Option<Vec<f64>> {
    let mut deaths = Vec::new();
    // Weight relative to the heaviest state so far.
    let mut weight = 1.0_f64;
    while weight > NEGLIGIBLE || deaths.len() < servers as usize {
        let n = deaths.len() as f64 + 1.0;
        let busy = n.min(f64::from(servers));
        let death = busy * mu + (n - busy) * theta;
        weight = (weight * lambda / death).min(1.0);
        deaths.push(death);
        if deaths.len() > LARGEST {
            return None;
        }
    }
    Some(deaths)
}

/// M/M/1+D: a customer still waiting after the fixed time `timeout` leaves (Barrer 1957;
/// Baccelli & Hebuterne 1981).
///
/// The virtual wait has the density `lambda P0 exp(-(mu - lambda) x)` up to the timeout and falls
/// as `exp(-mu x)` beyond it, where no arrival adds work. Any load is stable. Returns `None` for
/// a rate that is not positive or a negative timeout.
#[must_use]
pub fn mm1_timeout(arrival_rate: f64, service_rate: f64, timeout: f64) -> Option<Abandonment> {
    let sound = positive(arrival_rate) && positive(service_rate) && super::non_negative(timeout);
    if !sound {
        return None;
    }
    // Weights relative to the largest point of the density: at 0, or at the timeout where the
    // queue is overloaded.
    let slope = (service_rate - arrival_rate).abs();
    let overloaded = arrival_rate > service_rate;
    let fallen = libm::exp(-slope * timeout);
    let (empty, at_timeout) = if overloaded {
        (fallen, 1.0)
    } else {
        (1.0, fallen)
    };
    let within = arrival_rate * decay_integral(slope, timeout);
    let beyond = arrival_rate / service_rate * at_timeout;
    let total = empty + within + beyond;
    let from_peak = arrival_rate * first_moment(slope, timeout);
    let waited = if overloaded {
        timeout * within - from_peak
    } else {
        from_peak
    };

    let abandoned = beyond / total;
    let throughput = arrival_rate * (1.0 - abandoned);
    Some(Abandonment {
        abandoned,
        throughput,
        utilisation: throughput / service_rate,
        mean_wait: waited / total + timeout * abandoned,
    })
}

/// The integral of `x exp(-rate x)` over `0..t`, for a rate not below zero.
fn first_moment(rate: f64, t: f64) -> f64 {
    let y = rate * t;
    if y >= 0.5 {
        return (decay_integral(rate, t) - t * libm::exp(-y)) / rate;
    }
    // The closed form loses its digits for small y: sum the power series instead.
    let (mut power, mut sum) = (1.0, 0.0);
    for k in 0..20 {
        let k = f64::from(k);
        sum += power / (k + 2.0);
        power *= -y / (k + 1.0);
    }
    t * t * sum
}
