//! How much a metric of one run may count, where the model does not describe it.
//!
//! Squares let what a model cannot do outvote what it can: a full server that stalls as a whole has response times
//! of which the model knows nothing, and a hundred times the tolerance squared bends the times of all low loads. So
//! the numbers of one metric in one run count in full while their mean square is what chance and tolerance leave,
//! `MOST` at most. Beyond that they count by the root of it, not by the square (Huber 1964, of groups of numbers), by
//! least squares with weights (Holland & Welsch 1977). So a metric that is missed by far still pulls, but no more the
//! further it is away. A loss that grows more slowly still would give up a metric that a better point meets.

use super::super::Fit;

/// Mean squares of a metric's residuals beyond this are no chance: the same bound from which a fit says so.
const MOST: f64 = 3.0;

/// Which residuals belong together: those of one metric in one run, by their places.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups(Vec<std::ops::Range<usize>>);

impl Groups {
    pub fn new(fit: &Fit) -> Groups {
        let (mut groups, mut at) = (Vec::new(), 0);
        for case in &fit.cases {
            let counted = case.targets.iter().filter(|t| t.scale.is_some());
            let mut former = None;
            let mut start = at;
            for target in counted {
                let metric = &target.reading.metric;
                if former.is_some_and(|f| f != metric) {
                    groups.push(start..at);
                    start = at;
                }
                (former, at) = (Some(metric), at + 1);
            }
            groups.push(start..at);
        }
        groups.retain(|group| !group.is_empty());
        Groups(groups)
    }

    /// Whether every residual counts by its square.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The distance. What belongs to no group counts by its square.
    pub fn cost(&self, residuals: &[f64]) -> f64 {
        let grouped = self.0.last().map_or(0, |last| last.end);
        let groups = self.0.iter().map(|group| {
            let square = mean_square(residuals, group);
            let counts = match square > MOST {
                true => 2.0 * (MOST * square).sqrt() - MOST,
                false => square,
            };
            group.len() as f64 * counts
        });
        let rest: f64 = residuals[grouped..].iter().map(|r| r * r).sum();
        groups.sum::<f64>() + rest
    }

    /// The factors of the residuals at which least squares has the slope of the distance.
    pub fn factors(&self, residuals: &[f64]) -> Vec<f64> {
        let mut factors = vec![1.0; residuals.len()];
        for group in &self.0 {
            let factor = (MOST / mean_square(residuals, group).max(MOST))
                .sqrt()
                .sqrt();
            factors[group.clone()].fill(factor);
        }
        factors
    }
}

fn mean_square(residuals: &[f64], group: &std::ops::Range<usize>) -> f64 {
    let sum: f64 = residuals[group.clone()].iter().map(|r| r * r).sum();
    sum / group.len() as f64
}

#[cfg(test)]
mod tests {
    use super::Groups;

    #[test]
    fn the_slope_of_the_distance_is_that_of_weighted_squares() {
        let groups = Groups(vec![0..2, 2..3]);
        let at = [30.0, -40.0, 0.5, 6.0];
        let factors = groups.factors(&at);
        assert!(factors[0] == factors[1] && factors[0] < 0.3 && factors[2..] == [1.0, 1.0]);
        for i in 0..at.len() {
            let moved = |by: f64| {
                let mut there = at;
                there[i] += by;
                groups.cost(&there)
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            let want = 2.0 * factors[i] * factors[i] * at[i];
            assert!((slope - want).abs() < 1e-6, "{i}: {slope} {want}");
        }
        // Without a jump where chance ends.
        let edge = 3f64.sqrt();
        let near =
            groups.cost(&[edge, edge, 0.0, 0.0]) - groups.cost(&[edge + 1e-9, edge, 0.0, 0.0]);
        assert!(near.abs() < 1e-7);
    }
}
