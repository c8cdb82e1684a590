//! Circuit breakers: if calls fail or are slow too often, further ones are rejected for a while. States and rates are
//! those of resilience4j 2.2 (`CircuitBreakerStateMachine`, `FixedSizeSlidingWindowMetrics`,
//! `SlidingTimeWindowMetrics`): the open breaker becomes half-open with the first call after its time, and a result
//! counts in the state in which it comes, whenever its call began.

use std::collections::VecDeque;

use crate::engine::{Span, Time};
use crate::measure::time_weighted::TimeWeighted;
use crate::model::breaker::{Breaker, Window};

const SECOND: u64 = 1_000_000_000;

/// The state of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Calls are made.
    Closed,
    /// Calls are rejected until this time, and at it.
    Open(Time),
    /// The number of calls that may still probe, and the time at which it became half-open.
    HalfOpen(u32, Time),
}

/// A breaker at work.
#[derive(Clone, Debug)]
pub struct CircuitBreaker {
    spec: Breaker,
    state: State,
    results: Results,
    /// What it measured.
    pub probe: BreakerProbe,
}

/// What a breaker measures.
#[derive(Clone, Debug, Default)]
pub struct BreakerProbe {
    /// Calls let through.
    pub permitted: u64,
    /// Calls rejected.
    pub rejected: u64,
    /// Results of calls, whatever they were.
    pub recorded: u64,
    /// Of these, failures.
    pub failed: u64,
    /// Of these, slow ones.
    pub slow: u64,
    /// How often it opened, from closed or half-open.
    pub opened: u64,
    /// 1 while calls are rejected: open, until the call that probes.
    pub open: TimeWeighted,
}

/// How one call, or several of one second, ended.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    calls: u32,
    failed: u32,
    slow: u32,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.calls += other.calls;
        self.failed += other.failed;
        self.slow += other.slow;
    }

    fn subtract(&mut self, other: Counts) {
        self.calls -= other.calls;
        self.failed -= other.failed;
        self.slow -= other.slow;
    }
}

/// The results of a window, single or by second, and their sum.
#[derive(Clone, Debug)]
struct Results {
    window: Window,
    /// Each with its second; of a window of calls, that says nothing.
    kept: VecDeque<(u64, Counts)>,
    sum: Counts,
}

impl Results {
    fn new(window: Window) -> Results {
        Results {
            window,
            kept: VecDeque::new(),
            sum: Counts::default(),
        }
    }

    fn add(&mut self, now: Time, result: Counts) {
        let second = now.0 / SECOND;
        self.sum.add(result);
        match (self.window, self.kept.back_mut()) {
            (Window::Seconds(_), Some((last, counts))) if *last == second => counts.add(result),
            _ => self.kept.push_back((second, result)),
        }
        loop {
            let Some((first, counts)) = self.kept.front() else {
                return;
            };
            let leaves = match self.window {
                Window::Calls(most) => self.sum.calls > most,
                Window::Seconds(most) => first + u64::from(most) <= second,
            };
            if !leaves {
                return;
            }
            self.sum.subtract(*counts);
            self.kept.pop_front();
        }
    }
}

impl CircuitBreaker {
    /// A closed breaker that has seen no call.
    #[must_use]
    pub fn new(spec: &Breaker) -> CircuitBreaker {
        CircuitBreaker {
            spec: spec.clone(),
            state: State::Closed,
            results: Results::new(spec.window),
            probe: BreakerProbe::default(),
        }
    }

    /// Whether a call may be made now.
    pub fn permits(&mut self, now: Time) -> bool {
        self.give_up_probing(now);
        if let State::Open(until) = self.state
            && now > until
        {
            self.become_half_open(now);
        }
        let permitted = match &mut self.state {
            State::Closed => true,
            State::Open(_) => false,
            State::HalfOpen(left, _) => {
                let any = *left > 0;
                *left = left.saturating_sub(1);
                any
            }
        };
        if permitted {
            self.probe.permitted += 1;
        } else {
            self.probe.rejected += 1;
        }
        permitted
    }

    /// A call that was let through has ended.
    pub fn record(&mut self, now: Time, failed: bool, took: Span) {
        let slow = took > self.spec.slow;
        self.probe.recorded += 1;
        self.probe.failed += u64::from(failed);
        self.probe.slow += u64::from(slow);
        self.give_up_probing(now);
        if matches!(self.state, State::Open(_)) {
            return;
        }
        let result = Counts {
            calls: 1,
            failed: u32::from(failed),
            slow: u32::from(slow),
        };
        self.results.add(now, result);
        let half_open = matches!(self.state, State::HalfOpen(..));
        let enough = if half_open {
            self.spec.probes
        } else {
            self.spec.minimum_calls
        };
        let sum = self.results.sum;
        if sum.calls < enough {
            return;
        }
        let share = |count: u32| f64::from(count) / f64::from(sum.calls);
        if share(sum.failed) >= self.spec.failure_rate || share(sum.slow) >= self.spec.slow_rate {
            self.become_open(now);
        } else if half_open {
            self.state = State::Closed;
            self.results = Results::new(self.spec.window);
        }
    }

    /// The present state.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    fn give_up_probing(&mut self, now: Time) {
        if let State::HalfOpen(_, since) = self.state
            && self.spec.half_open > Span::ZERO
            && now >= since + self.spec.half_open
        {
            self.become_open(now);
        }
    }

    fn become_open(&mut self, now: Time) {
        self.state = State::Open(now + self.spec.open);
        self.probe.opened += 1;
        self.probe.open.set(now, 1);
    }

    fn become_half_open(&mut self, now: Time) {
        self.state = State::HalfOpen(self.spec.probes, now);
        self.results = Results::new(Window::Calls(self.spec.probes));
        self.probe.open.set(now, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::retry::Failures;

    fn breaker(window: Window, minimum_calls: u32) -> CircuitBreaker {
        CircuitBreaker::new(&Breaker {
            name: "b".into(),
            window,
            minimum_calls,
            failures: Failures::default(),
            failure_rate: 0.5,
            slow_rate: 0.8,
            slow: Span::secs(1),
            open: Span::secs(10),
            probes: 2,
            half_open: Span::ZERO,
            status: 503,
        })
    }

    const S: u64 = SECOND;

    fn ends(breaker: &mut CircuitBreaker, at: u64, failed: bool) -> State {
        breaker.record(Time(at), failed, Span(1));
        breaker.state()
    }

    #[test]
    fn the_states_follow_one_another() {
        let mut b = breaker(Window::Calls(4), 4);
        for failed in [true, true, false] {
            assert!(b.permits(Time(0)));
            assert_eq!(ends(&mut b, 0, failed), State::Closed);
        }
        // Two of four.
        assert_eq!(ends(&mut b, S, false), State::Open(Time(11 * S)));
        assert!(!b.permits(Time(11 * S)));
        // A result that comes late changes nothing.
        assert_eq!(ends(&mut b, 11 * S, true), State::Open(Time(11 * S)));
        let later = 11 * S + 1;
        assert!(b.permits(Time(later)) && b.permits(Time(later)) && !b.permits(Time(later)));
        assert_eq!(ends(&mut b, later, false), State::HalfOpen(0, Time(later)));
        // One of the two probes.
        assert_eq!(ends(&mut b, 12 * S, true), State::Open(Time(22 * S)));
        assert!(b.permits(Time(23 * S)) && b.permits(Time(23 * S)));
        ends(&mut b, 23 * S, false);
        assert_eq!(ends(&mut b, 23 * S, false), State::Closed);
        // It begins anew: three failures are fewer than the least.
        for _ in 0..3 {
            assert_eq!(ends(&mut b, 24 * S, true), State::Closed);
        }
        assert_eq!((b.probe.opened, b.probe.rejected), (2, 2));
        // Open from 1 s to just after 11 s, and from 12 s to 23 s.
        assert_eq!(b.probe.open.area(Time(30 * S)), u128::from(21 * S + 1));
    }

    #[test]
    fn a_window_of_calls_forgets_the_oldest() {
        let mut b = breaker(Window::Calls(4), 4);
        for _ in 0..20 {
            // One failure in each four that follow one another, whichever they are.
            for failed in [true, false, false, false] {
                assert_eq!(ends(&mut b, 0, failed), State::Closed);
            }
        }
        assert_eq!((b.results.kept.len(), b.results.sum.failed), (4, 1));
        ends(&mut b, 0, true);
        // The second of the last four; the first ones of the run no longer count.
        assert_eq!(b.results.sum.failed, 1);
        assert_eq!(ends(&mut b, 0, true), State::Open(Time(10 * S)));
    }

    #[test]
    fn a_window_of_seconds_forgets_what_is_older() {
        let mut b = breaker(Window::Seconds(3), 3);
        ends(&mut b, S / 2, true);
        ends(&mut b, S / 2, true);
        // At 3 s the first second is out.
        assert_eq!(ends(&mut b, 3 * S, true), State::Closed);
        assert_eq!(ends(&mut b, 4 * S, false), State::Closed);
        assert_eq!(ends(&mut b, 5 * S, true), State::Open(Time(15 * S)));
    }

    #[test]
    fn slow_calls_open_it_too() {
        let mut b = breaker(Window::Calls(10), 5);
        for _ in 0..4 {
            b.record(Time(0), false, Span(S + 1));
        }
        b.record(Time(0), false, Span(S));
        assert_eq!(b.state(), State::Open(Time(10 * S)));
        assert_eq!((b.probe.slow, b.probe.failed), (4, 0));
    }

    #[test]
    fn probes_that_never_return_end_the_wait() {
        let mut b = breaker(Window::Calls(2), 2);
        b.spec.half_open = Span::secs(5);
        ends(&mut b, 0, true);
        ends(&mut b, 0, true);
        let later = 10 * S + 1;
        assert!(b.permits(Time(later)) && b.permits(Time(later)));
        assert!(!b.permits(Time(later + 5 * S - 1)));
        assert!(matches!(b.state(), State::HalfOpen(..)));
        assert!(!b.permits(Time(later + 5 * S)));
        assert_eq!(b.state(), State::Open(Time(later + 15 * S)));
    }
}
