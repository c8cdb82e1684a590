//! GI/M/1: independent gaps between arrivals, exponential service, first come first served.
//!
//! An arrival waits with probability sigma, the root in (0, 1) of `sigma = A*(mu - mu sigma)`,
//! where A* is the transform of the gaps; its response time is exponential with rate
//! `mu (1 - sigma)` (Kendall 1953; Kleinrock 1975, vol. 1, section 6.4).

use super::numeric::crossing;
use super::positive;

/// The law of the gaps between arrivals.
#[derive(Clone, Debug, PartialEq)]
pub enum Gaps {
    /// Sum of this many equal exponentials; with one it is a Poisson stream.
    Erlang(u32),
    /// All the same.
    Even,
    /// Exponential with a mean drawn first: of each branch its probability and its rate, in units of the arrival
    /// rate. The probabilities and the means (probability / rate) each add up to 1.
    Hyperexponential(Vec<(f64, f64)>),
}

impl Gaps {
    /// `A*(s) - 1` for s in units of the arrival rate; exact also for small s.
    fn transform_less_one(&self, s: f64) -> f64 {
        match self {
            Gaps::Erlang(k) => libm::expm1(-f64::from(*k) * libm::log1p(s / f64::from(*k))),
            Gaps::Even => libm::expm1(-s),
            Gaps::Hyperexponential(branches) => {
                let each = branches.iter().map(|(p, rate)| p * s / (rate + s));
                -each.sum::<f64>()
            }
        }
    }

    fn is_sound(&self) -> bool {
        match self {
            Gaps::Erlang(stages) => *stages > 0,
            Gaps::Even => true,
            Gaps::Hyperexponential(branches) => {
                let sum = |of: fn(&(f64, f64)) -> f64| branches.iter().map(of).sum::<f64>();
                let one = |x: f64| (x - 1.0).abs() < 1e-6;
                branches
                    .iter()
                    .all(|(p, rate)| positive(*p) && positive(*rate))
                    && one(sum(|(p, _)| *p))
                    && one(sum(|(p, rate)| p / rate))
            }
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
    /// Returns `None` for a rate that is not positive, an Erlang of no stage, branches that do not add up, or a
    /// load not below 1.
    #[must_use]
    pub fn new(gaps: Gaps, arrival_rate: f64, service_rate: f64) -> Option<Gim1> {
        let utilisation = arrival_rate / service_rate;
        let sound = positive(arrival_rate) && positive(service_rate) && gaps.is_sound();
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

#[cfg(test)]
mod tests {
    use super::*;

    /// With the transform `A*(s)` of two branches, sigma is the root in (0, 1) of a quadratic: for probabilities
    /// 1/2, rates 2/3 and 2 (mean 1) and a service rate of 2, `x = 1 - sigma` is that of `3 x^2 + x - 1 = 0`.
    #[test]
    fn hyperexponential_gaps_give_the_root_of_their_quadratic() {
        let branches = vec![(0.5, 2.0 / 3.0), (0.5, 2.0)];
        let queue = Gim1::new(Gaps::Hyperexponential(branches), 1.0, 2.0);
        let queue = queue.unwrap_or_else(|| panic!("it is stable"));
        let x = (13_f64.sqrt() - 1.0) / 6.0;
        assert!(
            (queue.probability_of_waiting - (1.0 - x)).abs() < 1e-9,
            "{queue:?}"
        );
        assert!((queue.mean_response - 0.5 / x).abs() < 1e-9, "{queue:?}");
        // One branch is a Poisson stream.
        let poisson = Gim1::new(Gaps::Hyperexponential(vec![(1.0, 1.0)]), 3.0, 4.0);
        assert!(poisson.is_some_and(|q| (q.mean_response - 1.0).abs() < 1e-9));
        for wrong in [
            vec![],
            vec![(0.5, 1.0)],
            vec![(1.0, 2.0)],
            vec![(1.5, 1.0), (-0.5, 1.0)],
        ] {
            assert_eq!(Gim1::new(Gaps::Hyperexponential(wrong), 1.0, 2.0), None);
        }
    }
}
