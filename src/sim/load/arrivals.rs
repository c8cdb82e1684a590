//! When k6's arrival-rate executors start iterations (`lib/executor/constant_arrival_rate.go`,
//! `ramping_arrival_rate.go`, k6 v2.2.0). Lazily: a test may have millions of starts.

use crate::engine::Span;
use crate::model::scenario::Stage;

/// The start times of an arrival-rate executor, in ascending order, since the scenario's start.
#[derive(Clone, Debug)]
pub struct Ticks(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Constant(ConstantTicks),
    Ramping(RampingTicks),
}

impl Ticks {
    /// Starts of `constant-arrival-rate`: the first at 0, the last not after `duration` (a start exactly
    /// at the end is made). The period is cut to whole nanoseconds and its error adds up, as in k6.
    #[must_use]
    pub fn constant(rate: u64, time_unit: Span, duration: Span) -> Ticks {
        let period = time_unit.0 as f64 / rate as f64;
        // A period below 1 ns would never leave 0.
        let period = (period as u64).max(1);
        let end = duration;
        Ticks(Kind::Constant(ConstantTicks {
            next: Some(Span::ZERO),
            period,
            end,
        }))
    }

    /// Starts of `ramping-arrival-rate`: the i-th when the integral of the rate reaches i, hence none at
    /// 0. A start exactly at the end is a race in k6 (4 of 6 runs do not make it); it is left out.
    #[must_use]
    pub fn ramping(start_rate: u64, time_unit: Span, stages: &[Stage]) -> Ticks {
        let all = RampingTicks::new(start_rate, time_unit, stages);
        let end = stages.iter().fold(Span::ZERO, |sum, s| sum + s.duration);
        Ticks(Kind::Ramping(RampingTicks { end, ..all }))
    }

    /// All times that k6 computes for `ramping-arrival-rate`, one exactly at the end included.
    #[must_use]
    pub fn ramping_computed(start_rate: u64, time_unit: Span, stages: &[Stage]) -> Ticks {
        Ticks(Kind::Ramping(RampingTicks::new(
            start_rate, time_unit, stages,
        )))
    }
}

impl Iterator for Ticks {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        match &mut self.0 {
            Kind::Constant(ticks) => ticks.next(),
            Kind::Ramping(ticks) => ticks.next(),
        }
    }
}

#[derive(Clone, Debug)]
struct ConstantTicks {
    next: Option<Span>,
    period: u64,
    end: Span,
}

impl ConstantTicks {
    fn next(&mut self) -> Option<Span> {
        let tick = self.next.filter(|&tick| tick <= self.end)?;
        self.next = tick.0.checked_add(self.period).map(Span);
        Some(tick)
    }
}

/// k6's algorithm in double precision, operation by operation: its rounding is part of the result.
#[derive(Clone, Debug)]
struct RampingTicks {
    /// Stages not yet begun: duration in ns, rate per ns at the end.
    stages: std::vec::IntoIter<(u64, f64)>,
    /// Ticks at this time or later are left out.
    end: Span,
    stage: RampingStage,
    stage_end: u64,
    /// Number of the next start.
    i: f64,
}

#[derive(Clone, Copy, Debug)]
struct RampingStage {
    start: u64,
    duration: f64,
    from: f64,
    to: f64,
    /// Area below the rate up to the start of the stage, and up to its end.
    area_before: f64,
    area_after: f64,
}

impl RampingTicks {
    fn new(start_rate: u64, time_unit: Span, stages: &[Stage]) -> RampingTicks {
        let unit = time_unit.0 as f64;
        let stages: Vec<(u64, f64)> = stages
            .iter()
            .map(|stage| (stage.duration.0, stage.target / unit))
            .collect();
        let rate = start_rate as f64 / unit;
        let stage = RampingStage {
            start: 0,
            duration: 0.0,
            from: rate,
            to: rate,
            area_before: 0.0,
            area_after: 0.0,
        };
        let stages = stages.into_iter();
        RampingTicks {
            stages,
            end: Span::MAX,
            stage,
            stage_end: 0,
            i: 1.0,
        }
    }

    fn next(&mut self) -> Option<Span> {
        while self.i > self.stage.area_after {
            let (duration, to) = self.stages.next()?;
            self.stage = self.stage.followed_by(self.stage_end, duration as f64, to);
            self.stage_end = self.stage_end.saturating_add(duration);
        }
        let tick = Span(
            self.stage
                .start
                .saturating_add(self.stage.offset(self.i) as u64),
        );
        self.i += 1.0;
        (tick < self.end).then_some(tick)
    }
}

impl RampingStage {
    fn followed_by(&self, start: u64, duration: f64, to: f64) -> RampingStage {
        let (from, area_before) = (self.to, self.area_after);
        let area = if from == to {
            duration * to
        } else {
            duration * ((to - from) / 2.0 + from)
        };
        let area_after = area_before + area;
        RampingStage {
            start,
            duration,
            from,
            to,
            area_before,
            area_after,
        }
    }

    /// When the i-th start falls, in ns since the start of the stage.
    fn offset(&self, i: f64) -> f64 {
        let RampingStage {
            duration,
            from,
            to,
            area_before,
            ..
        } = *self;
        if from == to {
            return (i - area_before) / to;
        }
        let radicand = duration * (from * from * duration + 2.0 * (i - area_before) * (to - from));
        // Rounding may leave a little less than nothing at the end of a ramp to 0.
        (from * duration - radicand.max(0.0).sqrt()) / (from - to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(rate: u64, unit: Span, duration: Span) -> usize {
        Ticks::constant(rate, unit, duration).count()
    }

    /// Counts of k6 v2.2.0.
    #[test]
    fn a_start_exactly_at_the_end_is_made() {
        let second = Span::secs(1);
        assert_eq!(count(10, second, second), 11);
        assert_eq!(count(3, second, second), 4);
        assert_eq!(count(7, second, second), 8);
        let ticks: Vec<Span> = Ticks::constant(3, second, second).collect();
        assert_eq!(
            ticks,
            [
                Span(0),
                Span(333_333_333),
                Span(666_666_666),
                Span(999_999_999)
            ]
        );
    }

    #[test]
    fn a_rate_beyond_the_clock_still_ends() {
        assert_eq!(count(u64::MAX, Span(1), Span(5)), 6);
        assert_eq!(Ticks::constant(1, Span::MAX, Span::MAX).count(), 2);
    }

    #[test]
    fn a_ramping_start_exactly_at_the_end_is_not_made() {
        let flat = [Stage {
            duration: Span::secs(1),
            target: 10.0,
        }];
        assert_eq!(Ticks::ramping(10, Span::secs(1), &flat).count(), 9);
        assert_eq!(
            Ticks::ramping_computed(10, Span::secs(1), &flat).count(),
            10
        );
        let first = Ticks::ramping(10, Span::secs(1), &flat).next();
        assert_eq!(first, Some(Span::millis(100)));
    }

    #[test]
    fn no_rate_no_start() {
        let none = [Stage {
            duration: Span::secs(5),
            target: 0.0,
        }];
        assert_eq!(Ticks::ramping(0, Span::secs(1), &none).next(), None);
    }
}
