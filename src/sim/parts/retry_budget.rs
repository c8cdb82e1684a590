//! Retry budgets: what keeps retries a share of the requests, so that clients that retry cannot multiply an
//! overload. Three kinds, each with the arithmetic of the product that it is known from.

use crate::engine::Time;
use crate::model::retry::Budget;

/// Slices into which a window of time is cut, as Finagle's `WindowedAdder` has.
const SLICES: usize = 10;

/// A deposit; a withdrawal is this over the ratio.
const DEPOSIT: f64 = 1_000.0;

/// A budget at work.
#[derive(Clone, Debug)]
pub enum RetryBudget {
    /// Deposits and withdrawals of the last window (Finagle 24.2, `RetryBudget` on `TokenBucket.newLeakyBucket`).
    Window {
        /// Balance of each slice of the window, the present one at `slice % SLICES`.
        balances: [i64; SLICES],
        /// Number of the present slice since the start of the run.
        slice: u64,
        /// Length of a slice, in nanoseconds.
        length: u64,
        /// What each request deposits.
        deposit: i64,
        /// What each retry withdraws.
        withdrawal: i64,
        /// What is there without deposits.
        reserve: i64,
    },
    /// gRPC proposal A6. In thousandths of a token, as gRPC counts.
    Throttle {
        /// Tokens left.
        left: u64,
        /// Tokens at most.
        most: u64,
        /// Given back for a success.
        back: u64,
    },
    /// Envoy's `retry_budget` of a cluster.
    Concurrent {
        /// Requests in progress.
        active: u64,
        /// Of these, those that are being retried.
        retrying: u64,
        /// Retries for each request in progress.
        ratio: f64,
        /// Allowed in any case.
        min: u64,
    },
}

impl RetryBudget {
    /// A budget before the first request.
    #[must_use]
    pub fn new(spec: Budget) -> RetryBudget {
        match spec {
            Budget::Window {
                ratio,
                min_per_second,
                window,
            } => {
                let none = ratio <= 0.0;
                let withdrawal = if none { DEPOSIT } else { DEPOSIT / ratio };
                RetryBudget::Window {
                    balances: [0; SLICES],
                    slice: 0,
                    length: (window.0 / SLICES as u64).max(1),
                    deposit: if none { 0 } else { DEPOSIT as i64 },
                    withdrawal: withdrawal as i64,
                    reserve: (min_per_second * window.as_secs() * withdrawal) as i64,
                }
            }
            Budget::Throttle { tokens, ratio } => RetryBudget::Throttle {
                left: (tokens * 1000.0) as u64,
                most: (tokens * 1000.0) as u64,
                back: (ratio * 1000.0) as u64,
            },
            Budget::Concurrent { ratio, min } => RetryBudget::Concurrent {
                active: 0,
                retrying: 0,
                ratio,
                min: u64::from(min),
            },
        }
    }

    /// A request begins.
    pub fn begin(&mut self, now: Time) {
        self.forget(now);
        match self {
            RetryBudget::Window {
                balances,
                slice,
                deposit,
                ..
            } => balances[*slice as usize % SLICES] += *deposit,
            RetryBudget::Throttle { .. } => {}
            RetryBudget::Concurrent { active, .. } => *active += 1,
        }
    }

    /// An attempt has ended, well or not.
    pub fn attempt_ended(&mut self, ok: bool) {
        if let RetryBudget::Throttle { left, most, back } = self {
            *left = if ok {
                (*left + *back).min(*most)
            } else {
                left.saturating_sub(1000)
            };
        }
    }

    /// A request wants a retry, its first or another one. Returns whether it may, and counts it if so.
    pub fn withdraw(&mut self, now: Time, first: bool) -> bool {
        self.forget(now);
        match self {
            RetryBudget::Window {
                balances,
                slice,
                withdrawal,
                reserve,
                ..
            } => {
                let there = balances.iter().sum::<i64>() + *reserve >= *withdrawal;
                if there {
                    balances[*slice as usize % SLICES] -= *withdrawal;
                }
                there
            }
            RetryBudget::Throttle { left, most, .. } => *left > *most / 2,
            RetryBudget::Concurrent {
                active,
                retrying,
                ratio,
                min,
            } => {
                // A request that is being retried already keeps its place.
                let others = *retrying - u64::from(!first);
                let most = ((*active as f64 * *ratio) as u64).max(*min);
                let may = others < most;
                *retrying += u64::from(may && first);
                may
            }
        }
    }

    /// A request is over; `retried` says whether it had a retry.
    pub fn end(&mut self, retried: bool) {
        if let RetryBudget::Concurrent {
            active, retrying, ..
        } = self
        {
            *active -= 1;
            *retrying -= u64::from(retried);
        }
    }

    /// What is older than the window no longer counts.
    fn forget(&mut self, now: Time) {
        let RetryBudget::Window {
            balances,
            slice,
            length,
            ..
        } = self
        else {
            return;
        };
        let present = now.0 / *length;
        let passed = (present - *slice).min(SLICES as u64);
        for back in 0..passed {
            balances[(present - back) as usize % SLICES] = 0;
        }
        *slice = present;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Span;

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_window_allows_a_share_of_its_requests_and_a_minimum() {
        // A fifth of the requests, and 2 retries a second: 20 in a window of 10 s.
        let mut budget = RetryBudget::new(Budget::Window {
            ratio: 0.2,
            min_per_second: 2.0,
            window: Span::secs(10),
        });
        for i in 0..100 {
            budget.begin(Time(i * S / 100));
        }
        let allowed = |budget: &mut RetryBudget, at: u64| {
            (0..1000)
                .take_while(|_| budget.withdraw(Time(at), true))
                .count()
        };
        assert_eq!(allowed(&mut budget, S), 40);
        assert_eq!(allowed(&mut budget, 9 * S), 0);
        // The requests of the first second have left the window at 10 s: what the retries took beyond them is
        // still in it, until 11 s.
        assert_eq!(allowed(&mut budget, 10 * S), 0);
        assert_eq!(allowed(&mut budget, 11 * S), 20);
    }

    #[test]
    fn no_share_leaves_the_minimum() {
        let mut budget = RetryBudget::new(Budget::Window {
            ratio: 0.0,
            min_per_second: 0.3,
            window: Span::secs(10),
        });
        budget.begin(Time(0));
        let allowed = (0..9).filter(|_| budget.withdraw(Time(1), true)).count();
        assert_eq!(allowed, 3);
    }

    #[test]
    fn a_throttle_stops_at_half_of_its_tokens() {
        let mut budget = RetryBudget::new(Budget::Throttle {
            tokens: 10.0,
            ratio: 0.1,
        });
        let mut may = |failures: u32, successes: u32| {
            (0..failures).for_each(|_| budget.attempt_ended(false));
            (0..successes).for_each(|_| budget.attempt_ended(true));
            budget.withdraw(Time(0), true)
        };
        assert!(may(4, 0));
        assert!(!may(1, 0));
        // 5.1 tokens are more than the half.
        assert!(may(0, 1));
        assert!(!may(20, 50));
        assert!(may(0, 1));
    }

    #[test]
    fn retries_in_progress_are_a_share_of_the_requests_in_progress() {
        let mut budget = RetryBudget::new(Budget::Concurrent { ratio: 0.2, min: 1 });
        (0..10).for_each(|_| budget.begin(Time(0)));
        assert!(budget.withdraw(Time(0), true) && budget.withdraw(Time(0), true));
        assert!(!budget.withdraw(Time(0), true));
        // The second retry of a request that is being retried.
        assert!(budget.withdraw(Time(0), false));
        (0..6).for_each(|_| budget.end(false));
        budget.end(true);
        // Three are left: a fifth of them is none, and one is allowed in any case. One is being retried.
        assert!(!budget.withdraw(Time(0), true));
        budget.end(true);
        assert!(budget.withdraw(Time(0), true));
    }
}
