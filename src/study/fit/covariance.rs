//! How far the fitted parameters may be from the truth: the covariance of their logarithms.
//!
//! With `J` the derivatives of the residuals, `G = J Jᵀ`, and `B` the covariance of `J r` (the gradient
//! of the distance) from one measured run to the next, the covariance of the least-squares estimate is
//! the sandwich `G⁻¹ B G⁻¹` (Huber 1967; White 1982). It needs no independence of the residuals: those
//! of one run are not independent, because a slow minute moves its mean and all of its percentiles.
//!
//! `B` is estimated in two ways. *By chance*: each replication simulated at the fitted point is one run
//! that might have been measured; to its scatter comes the tolerance of the model, independent from
//! number to number. Both also know the range that a parameter was given: a uniform law over its
//! logarithm has the variance `ln(high / low)² / 12`, and so what the data leave open stays finite.
//! *By run*: from the gradients of the measured runs themselves (Liang & Zeger 1986),
//! which knows of whatever differs from run to run and is not in the model; it takes three runs at least.

use super::Fit;
use super::linear::Eigen;
use super::search::Found;

/// Eigenvalues of `G` below this are nothing.
const NOTHING: f64 = 1e-9;

type Matrix = Vec<Vec<f64>>;

/// Covariances of the logarithms of the smooth parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Covariance {
    /// From chance and the model's tolerance, times the cost per degree of freedom if that is above 1.
    pub chance: Matrix,
    /// From the differences between measured runs; `None` with fewer than three.
    pub by_run: Option<Matrix>,
    /// From chance alone.
    noise: Matrix,
    /// Measured runs.
    pub runs: usize,
}

/// `gᵀ M g`.
fn quadratic(matrix: &Matrix, g: &[f64]) -> f64 {
    let rows = matrix.iter().zip(g);
    let sum: f64 = rows
        .map(|(row, a)| a * row.iter().zip(g).map(|(m, b)| m * b).sum::<f64>())
        .sum();
    sum.max(0.0)
}

impl Covariance {
    /// At the fitted point; `inflation` is the cost per degree of freedom, at least 1.
    pub(super) fn new(fit: &Fit, found: &Found, smooth: &[usize], inflation: f64) -> Covariance {
        let n = smooth.len();
        let slopes = |at: usize| -> Vec<f64> {
            let slope = |i: &usize| found.jacobian[*i].get(at).copied().unwrap_or(0.0);
            smooth.iter().map(slope).collect()
        };
        let mut g = ranges(fit, smooth);
        // The gradient of what is known of the range has a chance of its own.
        let mut chance = square(n);
        let (mut by_run, mut noise) = (g.clone(), g.clone());
        let mut whole = vec![0.0; n];
        let mut gradients = Vec::new();
        let mut at = 0;
        let first_exact = found.residuals.len() - found.exact.len();
        for row in first_exact..found.residuals.len() {
            add(&mut g, &slopes(row), 1.0);
        }
        for (c, case) in fit.cases.iter().enumerate() {
            let logs = &found.evaluation.logs[c];
            let counted = case.targets.iter().enumerate();
            let counted: Vec<(usize, f64)> = counted
                .filter_map(|(t, target)| Some((t, target.scale?)))
                .collect();
            let mut gradient = vec![0.0; n];
            let mut scatter = vec![vec![0.0; n]; logs.len()];
            for (t, tolerance) in counted {
                let slope = slopes(at);
                let scale = found.scales[at];
                add(&mut g, &slope, 1.0);
                // What the model lacks is part of what it may be off by.
                let factor = found.factors[at];
                let off = 1.0 - factor * factor + (tolerance / scale) * (tolerance / scale);
                add(&mut chance, &slope, off);
                plus(&mut gradient, &slope, found.residuals[at]);
                let mean = logs.iter().map(|l| l[t]).sum::<f64>() / logs.len().max(1) as f64;
                for (sum, log) in scatter.iter_mut().zip(logs) {
                    plus(sum, &slope, (log[t] - mean) / scale);
                }
                at += 1;
            }
            exact_parts(found, c, &slopes, &mut gradient, &mut scatter);
            if logs.len() > 1 {
                // The measured run is one; the mean of the simulated ones has their chance, too.
                let r = logs.len() as f64;
                let weight = (1.0 + 1.0 / r) / (r - 1.0);
                for sum in &scatter {
                    add(&mut noise, sum, weight);
                }
            }
            plus(&mut whole, &gradient, 1.0);
            gradients.push(gradient);
        }
        for gradient in &mut gradients {
            plus(gradient, &whole, -1.0 / fit.cases.len() as f64);
            add(&mut by_run, gradient, 1.0);
        }
        for (row, more) in chance.iter_mut().zip(&noise) {
            plus(row, more, 1.0);
        }
        // Had the search gone on, its next step would have led here: that is not known any better.
        add(&mut chance, &whole, 1.0);
        let runs = fit.cases.len();
        let small_sample = runs as f64 / (runs as f64 - 1.0).max(1.0);
        let eigen = Eigen::new(&g);
        let prior = ranges(fit, smooth);
        let known = |matrix| within(matrix, &prior);
        Covariance {
            chance: known(sandwich(&eigen, &chance, inflation)),
            by_run: (runs >= 3).then(|| known(sandwich(&eigen, &by_run, small_sample))),
            noise: sandwich(&eigen, &noise, 1.0),
            runs,
        }
    }

    /// Variance of a linear function of the logarithms: the larger of the two estimates.
    #[must_use]
    pub fn variance(&self, g: &[f64]) -> f64 {
        let by_run = self.by_run.as_ref().map_or(0.0, |m| quadratic(m, g));
        quadratic(&self.chance, g).max(by_run)
    }

    /// Variance of what the function is from one run to the next, beyond what chance explains: the
    /// random effects of DerSimonian & Laird (1986). `None` with fewer than three runs.
    #[must_use]
    pub fn between_runs(&self, g: &[f64]) -> Option<f64> {
        let by_run = quadratic(self.by_run.as_ref()?, g);
        Some(((by_run - quadratic(&self.noise, g)) * self.runs as f64).max(0.0))
    }
}

/// Adds what a case has in the means that are met exactly: to the gradient, and to that of each replication.
fn exact_parts(
    found: &Found,
    case: usize,
    slopes: &dyn Fn(usize) -> Vec<f64>,
    gradient: &mut [f64],
    scatter: &mut [Vec<f64>],
) {
    let logs = &found.evaluation.logs[case];
    let first = found.residuals.len() - found.exact.len();
    for (row, mean) in (first..).zip(&found.exact) {
        let Some((t, share)) = mean.of_case(case) else {
            continue;
        };
        let slope = slopes(row);
        let average = logs.iter().map(|l| l[t]).sum::<f64>() / logs.len().max(1) as f64;
        plus(gradient, &slope, share * average / mean.scale);
        for (sum, log) in scatter.iter_mut().zip(logs) {
            plus(sum, &slope, share * (log[t] - average) / mean.scale);
        }
    }
}

/// What the ranges given say: a uniform law of each parameter's logarithm.
pub(super) fn ranges(fit: &Fit, smooth: &[usize]) -> Matrix {
    let mut g = square(smooth.len());
    for (k, i) in smooth.iter().enumerate() {
        let range = libm::log(fit.free[*i].high / fit.free[*i].low);
        g[k][k] = 12.0 / (range * range);
    }
    g
}

/// A covariance that says no less than the ranges given, whose precisions are `prior`: along each direction at most
/// their variance. Where a model describes nothing, the sandwich of its derivatives may be anything.
fn within(matrix: Matrix, prior: &Matrix) -> Matrix {
    let deviation = |i: usize| 1.0 / prior[i][i].sqrt();
    let all = 0..matrix.len();
    let scaled = |i: usize| -> Vec<f64> {
        let row = matrix[i].iter().enumerate();
        row.map(|(j, x)| x / (deviation(i) * deviation(j)))
            .collect()
    };
    let eigen = Eigen::new(&all.clone().map(scaled).collect::<Matrix>());
    if eigen.values.iter().all(|value| *value <= 1.0) {
        return matrix;
    }
    let row = |i: usize| -> Vec<f64> {
        let mut unit = vec![0.0; matrix.len()];
        unit[i] = deviation(i);
        let row = eigen.apply(&unit, |value| value.clamp(0.0, 1.0));
        row.iter()
            .enumerate()
            .map(|(j, x)| x * deviation(j))
            .collect()
    };
    all.map(row).collect()
}

fn square(n: usize) -> Matrix {
    vec![vec![0.0; n]; n]
}

/// Adds `weight · v vᵀ`.
fn add(matrix: &mut Matrix, v: &[f64], weight: f64) {
    for (row, a) in matrix.iter_mut().zip(v) {
        plus(row, v, weight * a);
    }
}

/// Adds `weight · v`.
fn plus(sum: &mut [f64], v: &[f64], weight: f64) {
    for (s, x) in sum.iter_mut().zip(v) {
        *s += weight * x;
    }
}

/// `factor · G⁻¹ (B + ε) G⁻¹`; a direction of which the data say nothing gets a large variance, not none.
fn sandwich(g: &Eigen, b: &Matrix, factor: f64) -> Matrix {
    let invert = |x: &[f64]| g.apply(x, |e| 1.0 / e.max(NOTHING));
    // G⁻¹ B by columns of B (which is symmetric), then the same once more.
    let mut b = b.clone();
    for (i, row) in b.iter_mut().enumerate() {
        row[i] += NOTHING;
    }
    let half: Matrix = b.iter().map(|row| invert(row)).collect();
    let columns = (0..b.len()).map(|j| half.iter().map(|row| row[j]).collect::<Vec<f64>>());
    let mut whole: Matrix = columns.map(|column| invert(&column)).collect();
    for row in &mut whole {
        for x in row {
            *x *= factor;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::{Eigen, add, quadratic, sandwich, square, within};

    #[test]
    fn nothing_is_known_less_than_its_range() {
        let prior = vec![vec![1.0 / 4.0, 0.0], vec![0.0, 1.0]];
        let small = vec![vec![0.5, 0.1], vec![0.1, 0.3]];
        assert_eq!(within(small.clone(), &prior), small);
        // Far off along one direction, well known along the other.
        let far = vec![vec![4000.01, 2000.0], vec![2000.0, 1000.01]];
        let kept = within(far, &prior);
        assert!(kept[0][0] <= 4.0 && kept[1][1] <= 1.0, "{kept:?}");
        assert!((kept[0][1] - kept[1][0]).abs() < 1e-9);
        assert!(quadratic(&kept, &[1.0, -2.0]) < 0.2, "{kept:?}");
    }

    #[test]
    fn with_equal_sides_the_sandwich_is_the_inverse() {
        let mut g = square(2);
        add(&mut g, &[1.0, 2.0], 1.0);
        add(&mut g, &[3.0, -1.0], 1.0);
        // G = [10 -1; -1 5], of determinant 49.
        let inverse = sandwich(&Eigen::new(&g), &g, 2.0);
        for (got, want) in inverse.concat().iter().zip([5.0, 1.0, 1.0, 10.0]) {
            assert!((got - 2.0 * want / 49.0).abs() < 1e-8, "{got} {want}");
        }
        assert!((quadratic(&inverse, &[1.0, 1.0]) - 2.0 * 17.0 / 49.0).abs() < 1e-8);
    }

    #[test]
    fn what_the_data_do_not_see_may_be_anything() {
        let mut g = square(2);
        add(&mut g, &[1.0, 0.0], 4.0);
        let covariance = sandwich(&Eigen::new(&g), &g, 1.0);
        assert!((covariance[0][0] - 0.25).abs() < 1e-6);
        assert!(covariance[1][1] > 1e6);
    }
}
