//! Slow start: a replica that a balancer starts to use gets an increasing share of the requests.

use super::balancer::Backend;
use crate::engine::Time;
use crate::model::service::{Service, SlowStart};

/// The replicas of one service whose weight rises.
#[derive(Clone, Debug)]
pub struct SlowStarts {
    spec: SlowStart,
    /// What each replica's weight is in the end.
    own: Vec<f64>,
    /// Whose weight rises, and since when.
    rising: Vec<(u16, Time)>,
}

impl SlowStarts {
    /// Those of a service, if it starts its replicas slowly. All that are there at the start of a run have their weight.
    #[must_use]
    pub fn of(spec: &Service) -> Option<Box<SlowStarts>> {
        let slow = |slow_start| {
            Box::new(SlowStarts {
                spec: slow_start,
                own: spec.weights.clone(),
                rising: Vec::new(),
            })
        };
        spec.slow_start.map(slow)
    }

    /// The balancer uses some from now on; `before` tells of each whether it was used until now.
    pub fn may_use(
        &mut self,
        now: Time,
        replicas: &[u16],
        before: impl Fn(u16) -> bool,
        all: &mut [Backend],
    ) {
        self.rising.retain(|(at, _)| replicas.contains(at));
        for at in replicas.iter().filter(|at| !before(**at)) {
            self.rising.push((*at, now));
        }
        self.rise(now, all);
    }

    /// Sets the weights as they are now. Returns whether any has changed.
    pub fn rise(&mut self, now: Time, all: &mut [Backend]) -> bool {
        let mut changed = false;
        for (at, since) in &self.rising {
            let at = usize::from(*at);
            let weight = self.own[at] * self.share(now.since(*since).0);
            changed |= all[at].weight != weight;
            all[at].weight = weight;
        }
        let lasts = self.spec.lasts;
        self.rising.retain(|(_, since)| now.since(*since) < lasts);
        changed
    }

    /// Whether the weight of any replica rises.
    #[must_use]
    pub fn is_rising(&self) -> bool {
        !self.rising.is_empty()
    }

    /// The share of its weight that a replica has after so many nanoseconds.
    fn share(&self, elapsed: u64) -> f64 {
        let steps = u128::from(self.spec.steps);
        let done = steps * u128::from(elapsed) / u128::from(self.spec.lasts.0.max(1)) + 1;
        done.min(steps) as f64 / steps as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Span;

    #[test]
    fn a_weight_rises_in_equal_steps_and_begins_anew_with_each_return() {
        let mut slow = SlowStarts {
            spec: SlowStart {
                lasts: Span::secs(10),
                steps: 16,
            },
            own: vec![1.0, 2.0],
            rising: Vec::new(),
        };
        let mut all = vec![Backend::new(1.0), Backend::new(2.0)];
        let at = |s: u64| Time::ZERO + Span::secs(s);
        slow.may_use(at(3), &[0, 1], |at| at == 0, &mut all);
        assert_eq!((all[0].weight, all[1].weight), (1.0, 0.125));
        // 1, 5 and 9 s later two, nine and fifteen of sixteen steps are made.
        for (second, steps) in [(4, 2.0), (8, 9.0), (12, 15.0), (13, 16.0)] {
            slow.rise(at(second), &mut all);
            assert_eq!(all[1].weight, 2.0 * steps / 16.0);
        }
        assert!(!slow.is_rising() && !slow.rise(at(20), &mut all));
        slow.may_use(at(20), &[0], |_| true, &mut all);
        slow.may_use(at(21), &[0, 1], |at| at == 0, &mut all);
        assert_eq!(all[1].weight, 0.125);
    }
}
