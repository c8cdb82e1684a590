//! Zeros of monotone functions, by bisection: slow, sure and the same on every machine.

/// More halvings than a 64-bit float can tell apart.
const HALVINGS: usize = 2_000;

/// The point in `low..=high` where a function goes from negative to not negative, to the last
/// bit; `high` if it never does.
pub(super) fn crossing(function: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..HALVINGS {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if function(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The p-quantile (`0 <= p < 1`) of a non-negative time with this survival function `P(T > t)`.
///
/// `scale` is any positive time of the right order, where the search for a bracket starts.
/// Returns `None` for other p, a scale that is not positive, or if the survival function never falls to `1 - p`.
pub fn quantile(survival: impl Fn(f64) -> f64, p: f64, scale: f64) -> Option<f64> {
    if !(0.0..1.0).contains(&p) || !super::positive(scale) {
        return None;
    }
    let above = 1.0 - p;
    if survival(0.0) <= above {
        return Some(0.0);
    }
    let mut high = scale;
    while survival(high) > above {
        high *= 2.0;
        if !high.is_finite() {
            return None;
        }
    }
    Some(crossing(|t| above - survival(t), 0.0, high))
}

/// `(1 - exp(-rate t)) / rate`: the integral of `exp(-rate u)` over `0..t`, also at rate 0.
pub(super) fn decay_integral(rate: f64, t: f64) -> f64 {
    if rate == 0.0 {
        t
    } else {
        -libm::expm1(-rate * t) / rate
    }
}
