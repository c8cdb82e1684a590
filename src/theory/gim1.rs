//! GI/M/1: independent gaps between arrivals, exponential service, first come first served.
//!
//! An arrival waits with probability sigma, the root in (0, 1) of `sigma = A*(mu - mu sigma)`,
//! where A* is the transform of the gaps; its response time is exponential with rate
//! `mu (1 - sigma)` (Kendall 1953; Kleinrock 1975, vol. 1, section 6.4).

use super::numeric::crossing;
use super::positive;

/// The law of the gaps between arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gaps {
    /// Sum of this many equal exponentials; with one it is a Poisson stream.
    Erlang(u32),
    /// All the same.
    Even,
}

impl Gaps {
    /// `A*(s) - 1` for s in units of the arrival rate; exact also for small s.
    fn transform_less_one(self, s: f64) -> f64 {
        match self {
            Gaps::Erlang(k) => libm::expm1(-f64::from(k) * libm::log1p(s / f64::from(k))),
            Gaps::Even => libm::expm1(-s),
        }
    }
}

/// A stable GI/M/1 queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gim1 {
    /// Share of time that the server is busy.
    pub utilisation: f64,
    /// Probability that an arrival has to wait (the root sigma).
    pub probability_of_waiting: f64,
    /// Mean time from arrival to the start of service.
    pub mean_wait: f64,
    /// Mean time from arrival to departure.
    pub mean_response: f64,
}

impl Gim1 {
    /// Returns `None` for a rate that is not positive, an Erlang of no stage or a load not
    /// below 1.
    #[must_use]
    pub fn new(gaps: Gaps, arrival_rate: f64, service_rate: f64) -> Option<Gim1> {
        let utilisation = arrival_rate / service_rate;
        let sound = positive(arrival_rate) && positive(service_rate) && gaps != Gaps::Erlang(0);
        if !sound || utilisation >= 1.0 {
            return None;
        }
        // Solved for 1 - sigma, where the other root is zero; between the two roots the balance
        // is negative.
        let balance = |free: f64| gaps.transform_less_one(free / utilisation) + free;
        let free = crossing(balance, 0.0, 1.0);
        let mean_response = 1.0 / (service_rate * free);
        positive(mean_response).then_some(Gim1 {
            utilisation,
            probability_of_waiting: 1.0 - free,
            mean_wait: (1.0 - free) * mean_response,
            mean_response,
        })
    }

    /// Response time that a share `p` of the requests does not exceed; `None` unless `0 <= p < 1`.
    #[must_use]
    pub fn response_quantile(&self, p: f64) -> Option<f64> {
        let within = (0.0..1.0).contains(&p);
        within.then(|| -libm::log1p(-p) * self.mean_response)
    }
}
