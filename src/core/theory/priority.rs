//! Classes of different priority at one server, nobody in service interrupted.

use super::mg1::Service;
use super::{non_negative, positive};

/// One class of customers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class {
    /// Poisson arrivals per unit of time.
    pub arrival_rate: f64,
    /// Its service time.
    pub service: Service,
}

/// Mean wait of each class, the first class being served first (Cobham 1954, "Priority
/// assignment in waiting line problems").
///
/// `W[k] = W0 / ((1 - s[k-1]) (1 - s[k]))`, where W0 is the mean rest of the service under way
/// and s the load of the classes so far. Returns `None` for a rate or mean that is not positive,
/// a negative cv2 or a total load not below 1.
#[must_use]
pub fn non_preemptive(classes: &[Class]) -> Option<Vec<f64>> {
    let sound = |class: &Class| {
        positive(class.arrival_rate)
            && positive(class.service.mean)
            && non_negative(class.service.cv2)
    };
    let load: f64 = classes
        .iter()
        .map(|c| c.arrival_rate * c.service.mean)
        .sum();
    if !classes.iter().all(sound) || load >= 1.0 {
        return None;
    }
    let residual = classes
        .iter()
        .map(|c| c.arrival_rate * c.service.second_moment() / 2.0)
        .sum::<f64>();
    let mut before = 0.0;
    let wait = |class: &Class| {
        let up_to = before + class.arrival_rate * class.service.mean;
        let mean = residual / ((1.0 - before) * (1.0 - up_to));
        before = up_to;
        mean
    };
    Some(classes.iter().map(wait).collect())
}

/// Mean time in the system of each class, the first class being served first and interrupting the others, which go
/// on later from where they were (Conway, Maxwell and Miller 1967, "Theory of Scheduling", 8-7).
///
/// `T[k] = (E[S_k] (1 - s[k]) + R[k]) / ((1 - s[k-1]) (1 - s[k]))`, where R is the sum of λ E\[S²\] / 2 and s the load, of
/// the classes up to k. Returns `None` as [`non_preemptive`] does.
#[must_use]
pub fn preemptive_resume(classes: &[Class]) -> Option<Vec<f64>> {
    non_preemptive(classes)?;
    let (mut before, mut residual) = (0.0, 0.0);
    let time = |class: &Class| {
        let up_to = before + class.arrival_rate * class.service.mean;
        residual += class.arrival_rate * class.service.second_moment() / 2.0;
        let own = class.service.mean * (1.0 - up_to) + residual;
        let mean = own / ((1.0 - before) * (1.0 - up_to));
        before = up_to;
        mean
    };
    Some(classes.iter().map(time).collect())
}
