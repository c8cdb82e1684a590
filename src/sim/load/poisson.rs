//! capsim's own open arrivals: a Poisson stream whose rate is linear within each stage.
//!
//! A Poisson process of rate λ(t) is a unit-rate one whose time is Λ(t) = ∫λ (Çınlar 1975, *Introduction
//! to Stochastic Processes*, §4.7). So the next arrival is where Λ has grown by a unit-exponential draw;
//! Λ is piecewise quadratic and is inverted exactly, no thinning.

use std::ops::Range;

use crate::engine::Span;
use crate::model::scenario::Stage;

/// An arrival rate over time: linear within stages, zero after the last.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCurve {
    pieces: Vec<Piece>,
    /// Of the piece of the last arrival asked for, if its rate is constant; else empty.
    steady: Range<Span>,
    /// That rate, per second.
    rate: f64,
}

/// A stage of some length.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    start: Span,
    end: Span,
    /// Arrivals per second at the start and at the end.
    from: f64,
    to: f64,
}

impl RateCurve {
    /// Rates are arrivals per second and not negative.
    #[must_use]
    pub fn new(start_rate: f64, stages: &[Stage]) -> RateCurve {
        let mut pieces = Vec::with_capacity(stages.len());
        let (mut start, mut from) = (Span::ZERO, start_rate);
        for stage in stages {
            let (end, to) = (start + stage.duration, stage.target);
            if end > start {
                pieces.push(Piece {
                    start,
                    end,
                    from,
                    to,
                });
            }
            (start, from) = (end, to);
        }
        let mut curve = RateCurve {
            pieces,
            steady: Span::ZERO..Span::ZERO,
            rate: 0.0,
        };
        curve.go_to(0);
        curve
    }

    /// The first arrival after an arrival (or the start) at `after`, given a draw from the exponential
    /// distribution of mean 1; to the nearest nanosecond. `None`: no arrival any more.
    #[inline(always)]
    pub fn next(&mut self, after: Span, draw: f64) -> Option<Span> {
        // A constant rate, the common case: the same numbers by a shorter way.
        let at = after + Span::from_ns(draw / self.rate * 1e9);
        if self.steady.start <= after && at < self.steady.end {
            return Some(at);
        }
        self.search(after, draw)
    }

    fn go_to(&mut self, piece: usize) {
        let piece = self.pieces.get(piece).filter(|p| p.from == p.to);
        (self.steady, self.rate) = match piece {
            Some(piece) => (piece.start..piece.end, piece.to),
            None => (Span::ZERO..Span::ZERO, 0.0),
        };
    }

    #[inline(never)]
    fn search(&mut self, after: Span, draw: f64) -> Option<Span> {
        let first = self.pieces.partition_point(|piece| piece.end <= after);
        self.go_to(first);
        let mut wanted = draw;
        for piece in &self.pieces[first..] {
            let from = after.max(piece.start);
            if piece.from == piece.to {
                let at = from + Span::from_ns(wanted / piece.to * 1e9);
                if at < piece.end {
                    return Some(at);
                }
            }
            let area = piece.area_from(from);
            if wanted <= area {
                return Some(piece.invert(from, wanted));
            }
            wanted -= area;
        }
        None
    }

    /// Expected number of arrivals in all.
    #[must_use]
    pub fn expected(&self) -> f64 {
        self.pieces
            .iter()
            .map(|piece| piece.area_from(piece.start))
            .sum()
    }

    /// When the rate ends.
    #[must_use]
    pub fn end(&self) -> Span {
        self.pieces.last().map_or(Span::ZERO, |piece| piece.end)
    }
}

impl Piece {
    fn length(&self) -> f64 {
        seconds(self.start, self.end)
    }

    fn rate_at(&self, t: Span) -> f64 {
        self.from + (self.to - self.from) * (seconds(self.start, t) / self.length())
    }

    /// Expected arrivals from `t` to the end of the piece.
    fn area_from(&self, t: Span) -> f64 {
        seconds(t, self.end) * (self.rate_at(t) + self.to) / 2.0
    }

    /// The time at which `area` has passed since `t`; `area` is not more than what is left.
    fn invert(&self, t: Span, area: f64) -> Span {
        let rate = self.rate_at(t);
        let slope = (self.to - self.from) / self.length();
        let radicand = (rate * rate + 2.0 * slope * area).max(0.0);
        // The root of slope/2 x² + rate x = area in the form that loses no digits when slope is small.
        let x = 2.0 * area / (rate + radicand.sqrt());
        // 0/0 when nothing is left of both: then it is now.
        let x = if x.is_finite() { x } else { 0.0 };
        (t + Span::from_ns(x * 1e9)).min(self.end)
    }
}

fn seconds(from: Span, to: Span) -> f64 {
    to.0.saturating_sub(from.0) as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stage(s: u64, target: f64) -> Stage {
        Stage {
            duration: Span::secs(s),
            target,
        }
    }

    #[test]
    fn a_constant_rate_is_a_division() {
        let mut curve = RateCurve::new(4.0, &[stage(10, 4.0)]);
        assert_eq!(curve.next(Span::ZERO, 1.0), Some(Span::millis(250)));
        assert_eq!(curve.next(Span::secs(9), 4.0), Some(Span::secs(10)));
        assert_eq!(curve.next(Span::secs(9), 4.001), None);
        assert_eq!(curve.expected(), 40.0);
    }

    #[test]
    fn a_ramp_is_a_square_root() {
        // Λ(t) = t²/2 while the rate climbs from 0 by 1/s².
        let mut curve = RateCurve::new(0.0, &[stage(10, 10.0)]);
        assert_eq!(curve.next(Span::ZERO, 2.0), Some(Span::secs(2)));
        assert_eq!(curve.next(Span::secs(2), 6.0), Some(Span::secs(4)));
    }

    #[test]
    fn a_ramp_to_zero_is_met_at_its_end() {
        let mut curve = RateCurve::new(10.0, &[stage(10, 0.0)]);
        assert_eq!(curve.next(Span::ZERO, 50.0), Some(Span::secs(10)));
        assert_eq!(curve.next(Span::secs(8), 1.5), Some(Span::secs(9)));
    }

    #[test]
    fn stages_without_arrivals_are_crossed() {
        let stages = [stage(5, 0.0), stage(0, 2.0), stage(5, 2.0)];
        let mut curve = RateCurve::new(0.0, &stages);
        assert_eq!(curve.next(Span::ZERO, 1.0), Some(Span::millis(5_500)));
        assert_eq!(curve.end(), Span::secs(10));
    }

    proptest! {
        /// The area between two arrivals is the draw.
        #[test]
        fn inversion_undoes_integration(
            start in 0.0..50.0_f64,
            targets in prop::collection::vec((0u64..20, 0.0..50.0_f64), 1..6),
            after_ms in 0u64..20_000,
            draw in 1e-6..20.0_f64,
        ) {
            let stages: Vec<Stage> = targets.iter().map(|&(s, to)| stage(s, to)).collect();
            let mut curve = RateCurve::new(start, &stages);
            let after = Span::millis(after_ms);
            let next = curve.next(after, draw);
            let left = |t: Span| -> f64 {
                let open = |p: &&Piece| p.end > t;
                curve.pieces.iter().filter(open).map(|p| p.area_from(t.max(p.start))).sum()
            };
            match next {
                Some(next) => {
                    prop_assert!(next >= after);
                    // A nanosecond at 50/s, and the rounding of sums of up to 5,000.
                    prop_assert!((left(after) - left(next) - draw).abs() < 1e-7);
                }
                None => prop_assert!(left(after) <= draw + 1e-9),
            }
        }
    }
}
