//! Kolmogorov-Smirnov distance: the largest gap between two distribution functions.
//!
//! Kolmogorov (1933), Smirnov (1939).

/// Distance between samples (any order) and a distribution given by its continuous cdf.
///
/// Returns `None` without samples or with one that is NaN.
#[must_use]
pub fn distance_to(samples: &[f64], cdf: impl Fn(f64) -> f64) -> Option<f64> {
    let sorted = ascending(samples)?;
    let n = sorted.len() as f64;
    let gaps = sorted.iter().enumerate().map(|(rank, &x)| {
        let theory = cdf(x);
        (theory - rank as f64 / n).max((rank + 1) as f64 / n - theory)
    });
    Some(gaps.fold(0.0, f64::max))
}

/// Distance between two sets of samples (any order, ties allowed).
///
/// Returns `None` if a set is empty or holds a NaN.
#[must_use]
pub fn distance_between(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (ascending(a)?, ascending(b)?);
    let (mut i, mut j, mut distance) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let x = a[i].min(b[j]);
        i += a[i..].iter().take_while(|&&value| value <= x).count();
        j += b[j..].iter().take_while(|&&value| value <= x).count();
        let gap = i as f64 / a.len() as f64 - j as f64 / b.len() as f64;
        distance = distance.max(gap.abs());
    }
    Some(distance)
}

/// The distance that n independent samples of the distribution itself exceed with probability at
/// most `alpha` (Massart 1990, the constant of Dvoretzky, Kiefer & Wolfowitz 1956).
///
/// Returns `None` for n = 0 or an alpha not inside 0 to 1.
#[must_use]
pub fn critical_distance(n: usize, alpha: f64) -> Option<f64> {
    let sound = n > 0 && alpha > 0.0 && alpha < 1.0;
    sound.then(|| (-libm::log(alpha / 2.0) / (2.0 * n as f64)).sqrt())
}

fn ascending(samples: &[f64]) -> Option<Vec<f64>> {
    if samples.is_empty() || samples.iter().any(|x| x.is_nan()) {
        return None;
    }
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Some(sorted)
}
