//! Retry policies: whether a failed attempt is followed by another one, and after which pause. Pure decisions: the
//! caller reports how they ended.

use super::hedge::Hedging;
use super::retry_budget::RetryBudget;
use crate::engine::stream::Stream;
use crate::engine::time::to_f64;
use crate::engine::{Span, Time};
use crate::measure::recorder::ResponseCode;
use crate::model::retry::{Backoff, Failures, Jitter, Retry};

/// A policy at work, with what it measured.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    spec: Retry,
    stream: Stream,
    budget: Option<RetryBudget>,
    hedge: Option<Hedging>,
    /// What it measured.
    pub probe: RetryProbe,
}

/// What a retry policy measures. Each request ends in one way: `succeeded`, `exhausted`, `not_retried`, `denied`
/// or `broken_off`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryProbe {
    /// Requests that began, each with its first attempt.
    pub requests: u64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// Requests that succeeded.
    pub succeeded: u64,
    /// Of these, those that needed a retry.
    pub rescued: u64,
    /// Requests that failed when their attempts were used up.
    pub exhausted: u64,
    /// Requests that failed in a way that is not retried.
    pub not_retried: u64,
    /// Requests that failed because the budget allowed no retry.
    pub denied: u64,
    /// Requests that ended before their outcome was known.
    pub broken_off: u64,
    /// Requests that have not ended.
    pub open: u64,
    /// Sum of all pauses before retries, in nanoseconds.
    pub paused: u128,
    /// Second copies of attempts.
    pub hedges: u64,
    /// Of these, those that gave the first good answer.
    pub hedges_won: u64,
    /// Attempts to which the budget allowed no second copy.
    pub hedges_denied: u64,
    /// Attempts with two copies of which one failed before the other had answered.
    pub hedges_failed: u64,
    /// Copies that were under way, and no longer needed, when the other had answered.
    pub hedges_lost: u64,
    /// How long these had been under way then, in nanoseconds.
    pub hedges_wasted: u128,
}

impl RetryProbe {
    /// Attempts for each request, second copies included: how much the policy multiplies the load.
    #[must_use]
    pub fn amplification(&self) -> f64 {
        (self.requests + self.retries + self.hedges) as f64 / self.requests.max(1) as f64
    }

    /// Requests that failed in the end.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.exhausted + self.not_retried + self.denied
    }
}

/// The attempts of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// Attempts made.
    pub made: u32,
    /// The last pause; zero before the first.
    previous: Span,
    /// What the server asked for with its last answer; zero if nothing.
    pub retry_after: Span,
    /// The budget has allowed it something beyond its first copy.
    extra: bool,
}

impl Tries {
    /// Before the first attempt.
    pub const NEW: Tries = Tries {
        made: 0,
        previous: Span::ZERO,
        retry_after: Span::ZERO,
        extra: false,
    };
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The request ends as the attempt did.
    Over,
    /// Another attempt, after this pause.
    Again(Span),
}

impl RetryPolicy {
    /// A policy before its first request.
    #[must_use]
    pub fn new(spec: &Retry, stream: Stream) -> RetryPolicy {
        RetryPolicy {
            budget: spec.budget.map(RetryBudget::new),
            hedge: spec.hedge.map(Hedging::new),
            spec: spec.clone(),
            stream,
            probe: RetryProbe::default(),
        }
    }

    /// A request begins with its first attempt.
    pub fn begin(&mut self, now: Time) -> Tries {
        self.probe.requests += 1;
        self.probe.open += 1;
        if let Some(budget) = &mut self.budget {
            budget.begin(now);
        }
        Tries {
            made: 1,
            ..Tries::NEW
        }
    }

    /// An attempt has ended.
    pub fn ended(&mut self, now: Time, tries: &mut Tries, code: ResponseCode) -> Verdict {
        let retried = includes(&self.spec.on, code);
        self.outcome(now, tries, code.is_expected(), retried)
    }

    fn outcome(&mut self, now: Time, tries: &mut Tries, ok: bool, retried: bool) -> Verdict {
        if let Some(budget) = &mut self.budget {
            budget.attempt_ended(ok);
        }
        let end = if ok {
            self.probe.rescued += u64::from(tries.made > 1);
            &mut self.probe.succeeded
        } else if !retried {
            &mut self.probe.not_retried
        } else if tries.made >= self.spec.attempts {
            &mut self.probe.exhausted
        } else if self.withdraws(now, tries) {
            return Verdict::Again(self.pause(tries));
        } else {
            &mut self.probe.denied
        };
        *end += 1;
        self.closed(tries);
        Verdict::Over
    }

    /// An attempt has ended when it is too late for another one.
    pub fn ended_late(&mut self, now: Time, tries: &mut Tries, code: ResponseCode) {
        self.outcome(now, tries, code.is_expected(), false);
    }

    /// A breaker has rejected an attempt: it was not made, but counts as one.
    pub fn rejected(&mut self, now: Time, tries: &mut Tries) -> Verdict {
        self.outcome(now, tries, false, self.spec.on.open)
    }

    /// A request ends before the outcome of its last attempt is known.
    pub fn broken_off(&mut self, tries: &Tries) {
        self.probe.broken_off += 1;
        self.closed(tries);
    }

    fn closed(&mut self, tries: &Tries) {
        self.probe.open -= 1;
        if let Some(budget) = &mut self.budget {
            budget.end(tries.extra);
        }
    }

    fn withdraws(&mut self, now: Time, tries: &mut Tries) -> bool {
        let budget = self.budget.as_mut();
        let may = budget.is_none_or(|budget| budget.withdraw(now, !tries.extra));
        tries.extra |= may;
        may
    }

    /// How long after the first copy of an attempt that begins now a second one is sent, if there is to be one.
    pub fn hedge_after(&mut self) -> Option<Span> {
        self.hedge.as_mut().and_then(Hedging::after)
    }

    /// Whether the budget allows the second copy of an attempt, which is counted then.
    pub fn hedges(&mut self, now: Time, tries: &mut Tries) -> bool {
        let may = self.withdraws(now, tries);
        self.probe.hedges += u64::from(may);
        self.probe.hedges_denied += u64::from(!may);
        may
    }

    /// An attempt that may have had a second copy has ended.
    pub fn attempt_took(&mut self, time: Span) {
        if let Some(hedge) = &mut self.hedge {
            hedge.attempt_took(time);
        }
    }

    /// Whether copies that are no longer needed are dropped.
    #[must_use]
    pub fn cancels(&self) -> bool {
        self.hedge.as_ref().is_some_and(|hedge| hedge.cancel)
    }

    /// A copy that has been under way for so long is no longer needed.
    pub fn hedge_lost(&mut self, time: Span) {
        self.probe.hedges_lost += 1;
        self.probe.hedges_wasted += u128::from(time.0);
    }

    /// Counts another attempt and gives the pause before it.
    fn pause(&mut self, tries: &mut Tries) -> Span {
        let grown = grown(self.spec.backoff, tries.made);
        let own = jittered(&self.spec, &mut self.stream, grown, tries.previous);
        let asked = std::mem::take(&mut tries.retry_after);
        let pause = match self.spec.retry_after {
            true => own.max(asked),
            false => own,
        };
        tries.previous = own;
        tries.made += 1;
        self.probe.retries += 1;
        self.probe.paused += u128::from(pause.0);
        pause
    }
}

/// Whether an outcome is one of these.
#[must_use]
pub fn includes(failures: &Failures, code: ResponseCode) -> bool {
    match code {
        ResponseCode::TIMEOUT => failures.timeout,
        code if code.status() == 0 => failures.refused,
        ResponseCode(status) => {
            let mut ranges = failures.statuses.iter();
            ranges.any(|(first, last)| (*first..=*last).contains(&status))
        }
    }
}

/// The pause before the n-th retry, not randomised.
fn grown(backoff: Backoff, n: u32) -> Span {
    match backoff {
        Backoff::Fixed(pause) => pause,
        Backoff::Linear { base, cap } => Span(base.0.saturating_mul(u64::from(n))).min(cap),
        Backoff::Exponential { base, factor, cap } => {
            let (mut pause, most) = (to_f64(base.0), to_f64(cap.0));
            for _ in 1..n {
                pause *= factor;
                if pause >= most {
                    return cap;
                }
            }
            Span::from_ns(pause).min(cap)
        }
    }
}

fn jittered(spec: &Retry, stream: &mut Stream, pause: Span, previous: Span) -> Span {
    let up_to = |stream: &mut Stream, span: Span| Span(stream.below(span.0.saturating_add(1)));
    match spec.jitter {
        Jitter::None => pause,
        Jitter::Full => up_to(stream, pause),
        Jitter::Exponential => Span::from_ns(stream.exponential() * to_f64(pause.0)),
        Jitter::Equal => {
            let half = Span(pause.0 / 2);
            Span(half.0 + up_to(stream, Span(pause.0 - half.0)).0)
        }
        Jitter::Decorrelated => {
            let (Backoff::Exponential { base, cap, .. } | Backoff::Linear { base, cap }) =
                spec.backoff
            else {
                return pause;
            };
            let most = previous.max(base).0.saturating_mul(3);
            let drawn = base.0 + up_to(stream, Span(most - base.0)).0;
            Span(drawn).min(cap)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::retry::Budget;

    const EXPONENTIAL: Backoff = Backoff::Exponential {
        base: Span::millis(100),
        factor: 2.0,
        cap: Span::secs(1),
    };

    fn spec(attempts: u32, backoff: Backoff, jitter: Jitter) -> Retry {
        Retry {
            name: "r".into(),
            attempts,
            on: Failures {
                statuses: vec![(500, 599), (429, 429)],
                timeout: true,
                refused: false,
                open: false,
            },
            backoff,
            jitter,
            retry_after: true,
            budget: None,
            hedge: None,
            refusal: 502,
        }
    }

    fn policy(spec: &Retry) -> RetryPolicy {
        RetryPolicy::new(spec, Stream::new(1, 0, "retries.r.jitter"))
    }

    /// The pauses of a request that always fails.
    fn pauses(spec: &Retry) -> Vec<u64> {
        let mut policy = policy(spec);
        let mut tries = policy.begin(Time(0));
        let again = || match policy.ended(Time(0), &mut tries, ResponseCode(503)) {
            Verdict::Again(pause) => Some(pause.0 / 1_000_000),
            Verdict::Over => None,
        };
        std::iter::from_fn(again).collect()
    }

    #[test]
    fn pauses_grow_up_to_the_cap() {
        let fixed = Backoff::Fixed(Span::millis(70));
        assert_eq!(pauses(&spec(4, fixed, Jitter::None)), [70, 70, 70]);
        let linear = Backoff::Linear {
            base: Span::millis(100),
            cap: Span::millis(250),
        };
        assert_eq!(pauses(&spec(5, linear, Jitter::None)), [100, 200, 250, 250]);
        let all = pauses(&spec(7, EXPONENTIAL, Jitter::None));
        assert_eq!(all, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(pauses(&spec(1, EXPONENTIAL, Jitter::None)), [0; 0]);
    }

    /// Mean pauses before the first three retries, in milliseconds.
    fn mean_pauses(jitter: Jitter) -> [f64; 3] {
        let mut policy = policy(&spec(4, EXPONENTIAL, jitter));
        let (mut sums, n) = ([0.0; 3], 20_000);
        for _ in 0..n {
            let mut tries = policy.begin(Time(0));
            for sum in &mut sums {
                if let Verdict::Again(pause) =
                    policy.ended(Time(0), &mut tries, ResponseCode::TIMEOUT)
                {
                    *sum += pause.as_ms();
                }
            }
            policy.ended(Time(0), &mut tries, ResponseCode::TIMEOUT);
        }
        sums.map(|sum| sum / f64::from(n))
    }

    #[test]
    fn jitter_has_the_means_of_its_definition() {
        let near = |jitter, expected: [f64; 3]| {
            for (mean, expected) in mean_pauses(jitter).into_iter().zip(expected) {
                assert!((mean / expected - 1.0).abs() < 0.02, "{mean} {expected}");
            }
        };
        near(Jitter::Full, [50.0, 100.0, 200.0]);
        near(Jitter::Equal, [75.0, 150.0, 300.0]);
        near(Jitter::Exponential, [100.0, 200.0, 400.0]);
        // Uniform on [100, 3 × the last]: means 200, (100 + 3 × 200) / 2, (100 + 3 × 350) / 2; the cap takes
        // from the third what is above 1000: x on [100, 300], y on [100, 3x], z on [100, 3y].
        let third = |steps: u32| {
            let (mut sum, h) = (0.0, f64::from(steps));
            for i in 0..steps {
                let x = 100.0 + 200.0 * (f64::from(i) + 0.5) / h;
                for j in 0..steps {
                    let y = 100.0 + (3.0 * x - 100.0) * (f64::from(j) + 0.5) / h;
                    let most = 3.0 * y;
                    let above = (most - 1000.0_f64).max(0.0);
                    sum += (100.0 + most) / 2.0 - above * above / (2.0 * (most - 100.0));
                }
            }
            sum / (h * h)
        };
        near(Jitter::Decorrelated, [200.0, 350.0, third(400)]);
    }

    #[test]
    fn what_the_server_asks_for_is_kept_if_it_is_longer() {
        let mut policy = policy(&spec(4, Backoff::Fixed(Span::secs(2)), Jitter::None));
        let mut tries = policy.begin(Time(0));
        for (asked, pause) in [(5, 5), (1, 2), (0, 2)] {
            tries.retry_after = Span::secs(asked);
            let verdict = policy.ended(Time(0), &mut tries, ResponseCode(429));
            assert_eq!(verdict, Verdict::Again(Span::secs(pause)));
        }
    }

    #[test]
    fn every_request_ends_in_one_way() {
        let mut retry = spec(2, Backoff::Fixed(Span::ZERO), Jitter::None);
        retry.budget = Some(Budget::Throttle {
            tokens: 4.0,
            ratio: 0.5,
        });
        let mut policy = policy(&retry);
        let mut request = |codes: &[ResponseCode]| {
            let mut tries = policy.begin(Time(0));
            for code in codes {
                policy.ended(Time(0), &mut tries, *code);
            }
            policy.probe
        };
        assert_eq!(request(&[ResponseCode::OK]).succeeded, 1);
        assert_eq!(request(&[ResponseCode(503), ResponseCode::OK]).rescued, 1);
        assert_eq!(request(&[ResponseCode(404)]).not_retried, 1);
        assert_eq!(request(&[ResponseCode::REFUSED]).not_retried, 2);
        // Tokens: 4, 4 - 1 + 0.5, then two failures that are not retried: 1.5, which is below the half.
        let probe = request(&[ResponseCode(500)]);
        assert_eq!((probe.denied, probe.retries, probe.open), (1, 1, 0));
        assert_eq!(probe.requests, probe.succeeded + probe.failed());
        assert!((probe.amplification() - 1.2).abs() < 1e-12);
    }
}
