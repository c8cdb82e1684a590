//! Executors whose VUs all start at once and loop: `constant-vus`, `shared-iterations`,
//! `per-vu-iterations` (`lib/executor`, k6 v2.2.0).

use crate::engine::Span;

/// How often the VUs may iterate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Until the regular end.
    Unlimited,
    /// This many iterations for all VUs together.
    Shared(u64),
    /// This many iterations for each VU.
    PerVu(u64),
}

/// What such an executor does; times are since the scenario's start, and all VUs start at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopPlan {
    /// Number of VUs.
    pub vus: u64,
    /// How often they may iterate.
    pub quota: Quota,
    /// No iteration starts at this time or later.
    pub regular_end: Span,
    /// Iterations still running are interrupted.
    pub hard_end: Span,
}

/// The plan of `constant-vus`.
#[must_use]
pub fn constant_vus(vus: u64, duration: Span, graceful_stop: Span) -> LoopPlan {
    plan(vus, Quota::Unlimited, duration, graceful_stop)
}

/// The plan of `shared-iterations`.
#[must_use]
pub fn shared_iterations(vus: u64, iterations: u64, max: Span, graceful_stop: Span) -> LoopPlan {
    plan(vus, Quota::Shared(iterations), max, graceful_stop)
}

/// The plan of `per-vu-iterations`.
#[must_use]
pub fn per_vu_iterations(vus: u64, iterations: u64, max: Span, graceful_stop: Span) -> LoopPlan {
    plan(vus, Quota::PerVu(iterations), max, graceful_stop)
}

fn plan(vus: u64, quota: Quota, regular_end: Span, graceful_stop: Span) -> LoopPlan {
    let hard_end = regular_end + graceful_stop;
    LoopPlan {
        vus,
        quota,
        regular_end,
        hard_end,
    }
}

impl LoopPlan {
    /// Whether a VU that is free at `now` starts an iteration, after `own` attempts of its own and
    /// `all` attempts of all VUs.
    #[must_use]
    pub fn may_start(&self, now: Span, own: u64, all: u64) -> bool {
        let within_quota = match self.quota {
            Quota::Unlimited => true,
            Quota::Shared(iterations) => all < iterations,
            Quota::PerVu(iterations) => own < iterations,
        };
        now < self.regular_end && within_quota
    }

    /// Value of the one `dropped_iterations` sample of `shared-iterations` at its end, after `all`
    /// attempts; interrupted iterations are attempts. `None`: no sample.
    #[must_use]
    pub fn dropped_by_all(&self, all: u64) -> Option<u64> {
        match self.quota {
            Quota::Shared(iterations) if all < iterations => Some(iterations - all),
            _ => None,
        }
    }

    /// Value of the `dropped_iterations` sample of one VU of `per-vu-iterations` that meets the regular
    /// end after `own` attempts. `None`: no sample.
    #[must_use]
    pub fn dropped_by_vu(&self, own: u64) -> Option<u64> {
        match self.quota {
            Quota::PerVu(iterations) if own < iterations => Some(iterations - own),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the plan with iterations of a fixed length: complete, interrupted, dropped.
    fn run(plan: &LoopPlan, iteration: Span) -> (u64, u64, u64) {
        let (mut complete, mut interrupted, mut dropped, mut all) = (0, 0, 0, 0);
        let mut own = vec![0; plan.vus as usize];
        let mut now = Span::ZERO;
        loop {
            let mut running = 0;
            for own in &mut own {
                if plan.may_start(now, *own, all) {
                    *own += 1;
                    all += 1;
                    running += 1;
                } else if now >= plan.regular_end {
                    dropped += plan.dropped_by_vu(*own).unwrap_or(0);
                }
            }
            now = now + iteration;
            if now > plan.hard_end {
                interrupted += running;
            } else {
                complete += running;
            }
            if running == 0 {
                dropped += plan.dropped_by_all(all).unwrap_or(0);
                return (complete, interrupted, dropped);
            }
        }
    }

    /// The recording "drops" of k6 v2.2.0: iterations of 400 ms, 12 complete, 3 interrupted, 15 dropped.
    #[test]
    fn recorded_drops() {
        let second = Span::secs(1);
        let shared = shared_iterations(3, 20, second, Span::millis(100));
        let per_vu = per_vu_iterations(2, 5, second, second);
        let iteration = Span::millis(400);
        assert_eq!(run(&shared, iteration), (6, 3, 11));
        assert_eq!(run(&per_vu, iteration), (6, 0, 4));
    }

    #[test]
    fn no_iteration_starts_at_the_end() {
        let plan = constant_vus(1, Span::secs(2), Span::ZERO);
        assert!(plan.may_start(Span(1_999_999_999), 7, 7));
        assert!(!plan.may_start(Span::secs(2), 7, 7));
        assert_eq!(plan.hard_end, Span::secs(2));
    }
}
