//! M/G/1: Poisson arrivals, one server, any service law.

use super::{non_negative, positive};

/// The first two moments of a service time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Service {
    /// Mean.
    pub mean: f64,
    /// Squared coefficient of variation: variance over mean squared.
    pub cv2: f64,
}

impl Service {
    /// Second moment about zero.
    #[must_use]
    pub fn second_moment(&self) -> f64 {
        self.mean * self.mean * (1.0 + self.cv2)
    }

    /// Always the same time.
    #[must_use]
    pub fn deterministic(mean: f64) -> Service {
        Service { mean, cv2: 0.0 }
    }

    /// Exponential.
    #[must_use]
    pub fn exponential(mean: f64) -> Service {
        Service { mean, cv2: 1.0 }
    }

    /// Uniform between two times.
    #[must_use]
    pub fn uniform(low: f64, high: f64) -> Service {
        let (mean, width) = ((low + high) / 2.0, high - low);
        Service {
            mean,
            cv2: width * width / (12.0 * mean * mean),
        }
    }

    /// Exponential with a rate drawn first: with probability `branches[i].0` the rate
    /// `branches[i].1`. Of no branch it is no time, as of no rate below: its moments are not numbers, and
    /// every formula gives `None`.
    #[must_use]
    pub fn hyperexponential(branches: &[(f64, f64)]) -> Service {
        let mean: f64 = branches.iter().map(|(p, rate)| p / rate).sum();
        let second: f64 = branches.iter().map(|(p, r)| 2.0 * p / (r * r)).sum();
        Service {
            mean,
            cv2: second / (mean * mean) - 1.0,
        }
    }

    /// One exponential after another, with these rates: a worker held through a chain of calls. Without any
    /// there is no time to speak of (see [`Service::hyperexponential`]).
    #[must_use]
    pub fn hypoexponential(rates: &[f64]) -> Service {
        let mean: f64 = rates.iter().map(|rate| 1.0 / rate).sum();
        let variance: f64 = rates.iter().map(|rate| 1.0 / (rate * rate)).sum();
        Service {
            mean,
            cv2: variance / (mean * mean),
        }
    }
}

/// Steady state of an M/G/1 queue, first come first served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mg1 {
    /// Share of time that the server is busy.
    pub utilisation: f64,
    /// Mean time from arrival to the start of service.
    pub mean_wait: f64,
    /// Mean time from arrival to departure.
    pub mean_response: f64,
}

/// Pollaczek-Khinchine (Pollaczek 1930, Khinchine 1932): `W = lambda E[S^2] / (2 (1 - rho))`.
///
/// Returns `None` for a rate or mean that is not positive, a negative cv2 or a load not below 1.
#[must_use]
pub fn pollaczek_khinchine(arrival_rate: f64, service: Service) -> Option<Mg1> {
    let utilisation = load(arrival_rate, service)?;
    let mean_wait = arrival_rate * service.second_moment() / (2.0 * (1.0 - utilisation));
    Some(Mg1 {
        utilisation,
        mean_wait,
        mean_response: mean_wait + service.mean,
    })
}

/// Mean response time under processor sharing: `E[S] / (1 - rho)`, whatever the service law
/// (Sakata, Noguchi & Oizumi 1971; Kleinrock 1976, vol. 2, section 4.4).
///
/// A request of length x takes `x / (1 - rho)` on average. Returns `None` as
/// [`pollaczek_khinchine`] does.
#[must_use]
pub fn processor_sharing_response(arrival_rate: f64, service: Service) -> Option<f64> {
    let utilisation = load(arrival_rate, service)?;
    Some(service.mean / (1.0 - utilisation))
}

fn load(arrival_rate: f64, service: Service) -> Option<f64> {
    let sound = positive(arrival_rate) && positive(service.mean) && non_negative(service.cv2);
    let utilisation = arrival_rate * service.mean;
    (sound && utilisation < 1.0).then_some(utilisation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_branch_and_no_phase_is_no_service() {
        for service in [
            Service::hyperexponential(&[]),
            Service::hypoexponential(&[]),
        ] {
            assert!(service.cv2.is_nan());
            assert_eq!(pollaczek_khinchine(1.0, service), None);
            assert_eq!(processor_sharing_response(1.0, service), None);
        }
    }
}
