//! What a parameter may be, and what is said when it is not.

use std::error::Error;
use std::fmt;

/// Why parameters give no distribution: one sentence that says what is wrong and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistError {
    parameter: &'static str,
    text: String,
}

impl DistError {
    pub(super) fn new(parameter: &'static str, text: impl Into<String>) -> DistError {
        DistError {
            parameter,
            text: text.into(),
        }
    }

    /// The parameter at fault, by the name it has in the constructor.
    #[must_use]
    pub fn parameter(&self) -> &'static str {
        self.parameter
    }
}

impl fmt::Display for DistError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for DistError {}

/// An item of a list, finite, zero or more; the error names the item.
pub(super) fn listed(
    parameter: &'static str,
    name: impl Fn() -> String,
    x: f64,
) -> Result<f64, DistError> {
    non_negative(parameter, x)
        .map_err(|error| DistError::new(parameter, error.text.replacen(parameter, &name(), 1)))
}

/// Values beyond it are refused, so that no later product overflows: 10³⁰ ns are 3·10¹³ years.
const LARGEST: f64 = 1e30;
/// Positive values below it are refused, so that no later quotient overflows.
const SMALLEST: f64 = 1e-30;

/// A finite number, zero or more.
pub(super) fn non_negative(parameter: &'static str, x: f64) -> Result<f64, DistError> {
    if x == 0.0 {
        return Ok(0.0); // not -0.0, which would sort and print otherwise
    }
    if !x.is_finite() || x < 0.0 {
        let text = format!("{parameter} must be a number of zero or more, and is {x}");
        return Err(DistError::new(parameter, text));
    }
    positive(parameter, x)
}

/// A finite number above zero.
pub(super) fn above_zero(parameter: &'static str, x: f64) -> Result<f64, DistError> {
    if !x.is_finite() || x <= 0.0 {
        let text = format!("{parameter} must be a number above zero, and is {x}");
        return Err(DistError::new(parameter, text));
    }
    Ok(x)
}

/// As [`above_zero`], and between 1e-30 and 1e30.
pub(super) fn positive(parameter: &'static str, x: f64) -> Result<f64, DistError> {
    above_zero(parameter, x)?;
    if !(SMALLEST..=LARGEST).contains(&x) {
        let text = format!("{parameter} must lie between 1e-30 and 1e30, and is {x:e}");
        return Err(DistError::new(parameter, text));
    }
    Ok(x)
}

/// A number from `low` to `high`.
pub(super) fn within(
    parameter: &'static str,
    x: f64,
    low: f64,
    high: f64,
) -> Result<f64, DistError> {
    if (low..=high).contains(&x) {
        return Ok(x);
    }
    let text = format!("{parameter} must lie between {low} and {high}, and is {x}");
    Err(DistError::new(parameter, text))
}

/// A coefficient of variation that a family can have: 0.001 to 1000, or zero for a constant.
pub(super) fn cv(cv: f64) -> Result<f64, DistError> {
    if cv == 0.0 || (0.001..=1000.0).contains(&cv) {
        return Ok(cv);
    }
    let text = format!("cv must lie between 0.001 and 1000, or be 0 for a constant, and is {cv}");
    Err(DistError::new("cv", text))
}

/// A median and a 99th percentile above it; gives both and the quotient p99 / median.
///
/// `(low, high)` bound the quotient: those that the family can have.
pub(super) fn median_p99(
    median: f64,
    p99: f64,
    (low, high): (f64, f64),
) -> Result<(f64, f64), DistError> {
    let median = positive("median", median)?;
    let p99 = positive("p99", p99)?;
    if p99 <= median {
        let text = format!(
            "p99 must be above the median ({median}), and is {p99}; if all values are the same, \
             use a constant"
        );
        return Err(DistError::new("p99", text));
    }
    let ratio = p99 / median;
    if !(low..=high).contains(&ratio) {
        let text = format!(
            "p99 must be between {low} and {high:e} times the median for this family, and is \
             {ratio} times"
        );
        return Err(DistError::new("p99", text));
    }
    Ok((median, ratio))
}

/// Probabilities, not negative, that sum to 1 within a millionth; gives them divided by their sum.
pub(super) fn probabilities(given: &[f64]) -> Result<Vec<f64>, DistError> {
    let shares = shares("probabilities", given)?;
    let sum: f64 = given.iter().sum();
    if (sum - 1.0).abs() > 1e-6 {
        let text = format!("probabilities must sum to 1, and sum to {sum}");
        return Err(DistError::new("probabilities", text));
    }
    Ok(shares)
}

/// Weights, not negative, one at least positive; gives them divided by their sum.
pub(super) fn shares(parameter: &'static str, given: &[f64]) -> Result<Vec<f64>, DistError> {
    if given.is_empty() {
        let text = format!("{parameter} must name at least one part, and are empty");
        return Err(DistError::new(parameter, text));
    }
    let weights = given
        .iter()
        .map(|&weight| non_negative(parameter, weight))
        .collect::<Result<Vec<_>, _>>()?;
    let sum: f64 = weights.iter().sum();
    if sum <= 0.0 {
        let text = format!("{parameter} must have at least one above zero, and all are zero");
        return Err(DistError::new(parameter, text));
    }
    Ok(weights.into_iter().map(|weight| weight / sum).collect())
}

/// Sums of the shares so far; the last is infinite, so that no rounding leaves a gap.
pub(super) fn upper_bounds(shares: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut bounds: Vec<f64> = shares
        .iter()
        .map(|share| {
            sum += share;
            sum
        })
        .collect();
    if let Some(last) = bounds.last_mut() {
        *last = f64::INFINITY;
    }
    bounds
}

/// The nearest factor that no parameter in range overflows by.
pub(super) fn clamped(factor: f64) -> f64 {
    factor.clamp(SMALLEST, LARGEST)
}

/// A scale parameter times a positive factor, kept positive and finite.
pub(super) fn scale(parameter: f64, factor: f64) -> f64 {
    (parameter * factor).clamp(f64::MIN_POSITIVE, f64::MAX)
}
