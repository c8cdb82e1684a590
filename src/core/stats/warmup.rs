//! Where the warm-up of a steady-state series ends: MSER-5.
//!
//! White (1997, "An effective truncation heuristic for bias reduction in simulation output"),
//! on means of five observations as in White, Cobb & Spratt (2000): cut where the standard error
//! of what remains is smallest.

use std::fmt;

/// Observations averaged into one point.
const BATCH: usize = 5;
/// Fewest points for which a minimum says anything.
const MIN_POINTS: usize = 10;
/// Points at the end where no cut is tried: a few alike by chance would look perfectly steady.
const TAIL: usize = 5;

/// Why no warm-up cut could be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarmupError {
    /// Fewer than fifty observations.
    TooFew,
    /// An observation is not a finite number.
    NotFinite,
    /// The best cut takes more than half of the series: the run is too short, or never steady.
    TooShort {
        /// The cut refused, in observations.
        cut: usize,
    },
}

impl fmt::Display for WarmupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WarmupError::TooFew => write!(f, "too few observations to find a warm-up"),
            WarmupError::NotFinite => write!(f, "an observation is not a finite number"),
            WarmupError::TooShort { cut } => write!(
                f,
                "the warm-up ({cut} observations) takes more than half of the series"
            ),
        }
    }
}

impl std::error::Error for WarmupError {}

/// The number of observations to delete from the start of the series.
///
/// # Errors
/// [`WarmupError`] if the series is shorter than fifty observations, holds one that is not
/// finite, or is best cut in its second half.
pub fn mser5(series: &[f64]) -> Result<usize, WarmupError> {
    if series.iter().any(|x| !x.is_finite()) {
        return Err(WarmupError::NotFinite);
    }
    let points: Vec<f64> = series
        .chunks_exact(BATCH)
        .map(|five| five.iter().sum::<f64>() / BATCH as f64)
        .collect();
    if points.len() < MIN_POINTS {
        return Err(WarmupError::TooFew);
    }
    let best = smallest_error(&points);
    let cut = best * BATCH;
    if 2 * best > points.len() {
        return Err(WarmupError::TooShort { cut });
    }
    Ok(cut)
}

/// The earliest cut that minimises the squared deviations of the rest over its length squared.
fn smallest_error(points: &[f64]) -> usize {
    // Welford's recurrence, run from the end so that each step adds one earlier point.
    let (mut mean, mut squares) = (0.0, 0.0);
    let mut best = (f64::INFINITY, 0);
    for (cut, &point) in points.iter().enumerate().rev() {
        let kept = (points.len() - cut) as f64;
        let before = point - mean;
        mean += before / kept;
        squares += before * (point - mean);
        let error = squares / (kept * kept);
        if points.len() - cut >= TAIL && error <= best.0 {
            best = (error, cut);
        }
    }
    best.1
}
