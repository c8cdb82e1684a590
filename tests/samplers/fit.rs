//! Tests of goodness of fit, at a level of one in a thousand; the draws are fixed, so a test that
//! passes once passes always.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// The largest distance between the sample's cdf and a continuous law's (Kolmogorov, 1933).
pub fn ks_statistic(sample: &mut [f64], cdf: impl Fn(f64) -> f64) -> f64 {
    sample.sort_unstable_by(f64::total_cmp);
    let n = sample.len() as f64;
    let distances = sample.iter().enumerate().map(|(index, &x)| {
        let p = cdf(x);
        (p - index as f64 / n).max((index + 1) as f64 / n - p)
    });
    distances.fold(0.0, f64::max)
}

/// What the statistic exceeds once in a thousand samples of this size: √(ln(2000) / 2n).
pub fn ks_bound(n: usize) -> f64 {
    1.949_5 / (n as f64).sqrt()
}

/// Pearson's statistic (1900) for classes of equal probability.
pub fn chi_square_uniform(counts: &[u64]) -> f64 {
    let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    let squares = counts.iter().map(|&count| {
        let apart = count as f64 - expected;
        apart * apart / expected
    });
    squares.sum()
}

/// What Pearson's statistic exceeds once in a thousand times.
pub fn chi_square_bound(degrees: u32) -> f64 {
    ChiSquared::new(f64::from(degrees))
        .expect("degrees of freedom")
        .inverse_cdf(0.999)
}
