//! M/G/1 with a server that breaks down: up times and repairs are exponential and go on whether anybody is there or
//! not; an interrupted service goes on where it was (White & Christie 1958; Avi-Itzhak & Naor 1963, model A).
//!
//! A service with the repairs in it takes the *completion time* C, whose moments are
//! `E[C] = E[S] (1 + R1 / U)` and `E[C^2] = E[S^2] (1 + R1 / U)^2 + E[S] R2 / U` for up times of mean U and repairs with
//! moments R1 and R2 (Gaver 1962). Who comes to an idle station finds it broken with probability
//! `b = (1/U) / (lambda + 1/U + 1/R1)`, and is then served for a repair more. So the queue is an M/G/1 with another
//! first service in each busy period (Welch 1964), with `p = (1 - rho_C) / (1 - rho_C + lambda E[C0])` idle:
//! `E[W] = lambda E[C^2] / (2 (1 - rho_C)) + lambda (E[C0^2] - E[C^2]) / (2 (1 - rho_C + lambda E[C0]))`.

use super::mg1::Service;
use super::{non_negative, positive};

/// Steady state, first come first served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breakdowns {
    /// Share of time that the server works: `lambda E[S]`, breakdowns or not.
    pub utilisation: f64,
    /// Share of time that somebody is in service and the server is broken.
    pub stopped: f64,
    /// Probability that an arrival finds another in service, working or not.
    pub probability_of_waiting: f64,
    /// Mean time from arrival to the start of service.
    pub mean_wait: f64,
    /// Mean time from arrival to departure.
    pub mean_response: f64,
    /// Mean number there, by Little's law.
    pub mean_in_system: f64,
}

/// `mean_up` from a repair to the next breakdown, `mean_repair` from that to the repair.
///
/// Returns `None` for a rate or mean that is not positive, a negative cv2, or a load that the server cannot do in the
/// time that it is up.
#[must_use]
pub fn breakdowns(
    arrival_rate: f64,
    service: Service,
    mean_up: f64,
    mean_repair: f64,
) -> Option<Breakdowns> {
    let sound = [arrival_rate, service.mean, mean_up, mean_repair];
    if !sound.into_iter().all(positive) || !non_negative(service.cv2) {
        return None;
    }
    let (breaks, repair, repair2) = (1.0 / mean_up, mean_repair, 2.0 * mean_repair * mean_repair);
    let stretch = 1.0 + breaks * repair;
    let mean = service.mean * stretch;
    let second = service.second_moment() * stretch * stretch + service.mean * breaks * repair2;
    let load = arrival_rate * mean;
    if load >= 1.0 {
        return None;
    }
    let broken = breaks / (arrival_rate + breaks + 1.0 / repair);
    let first = mean + broken * repair;
    let first2 = second + broken * (2.0 * mean * repair + repair2);
    let cycle = 1.0 - load + arrival_rate * first;
    let idle = (1.0 - load) / cycle;
    let mean_wait = arrival_rate * second / (2.0 * (1.0 - load))
        + arrival_rate * (first2 - second) / (2.0 * cycle);
    let mean_response = mean_wait + idle * first + (1.0 - idle) * mean;
    let utilisation = arrival_rate * service.mean;
    Some(Breakdowns {
        utilisation,
        stopped: 1.0 - idle - utilisation,
        probability_of_waiting: 1.0 - idle,
        mean_wait,
        mean_response,
        mean_in_system: arrival_rate * mean_response,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::mg1::pollaczek_khinchine;

    /// The chain (number there, up or down) of an M/M/1 with these rates, solved by iterating it: 0.6, 9/28 idle.
    #[test]
    fn an_mm1_with_breakdowns_is_its_markov_chain() {
        let found = breakdowns(5.0, Service::exponential(0.1), 2.0, 0.5);
        let found = found.unwrap_or_else(|| panic!("it is stable"));
        assert!((found.mean_response - 0.6).abs() < 1e-12, "{found:?}");
        assert!(
            (found.probability_of_waiting - 19.0 / 28.0).abs() < 1e-12,
            "{found:?}"
        );
        assert!((found.stopped - 5.0 / 28.0).abs() < 1e-12, "{found:?}");
        assert_eq!(found.utilisation, 0.5);
    }

    #[test]
    fn without_breakdowns_it_is_pollaczek_and_khinchine() {
        let service = Service::uniform(1.0, 3.0);
        let (with, without) = (
            breakdowns(0.3, service, 1e12, 1e-6),
            pollaczek_khinchine(0.3, service),
        );
        let (Some(with), Some(without)) = (with, without) else {
            panic!("both are stable")
        };
        assert!((with.mean_response - without.mean_response).abs() < 1e-9);
    }

    #[test]
    fn a_server_that_is_up_too_rarely_has_no_steady_state() {
        let half = |rate| breakdowns(rate, Service::exponential(1.0), 1.0, 1.0);
        assert!(half(0.49).is_some() && half(0.5).is_none() && half(-1.0).is_none());
    }
}
