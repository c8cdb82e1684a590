//! How a budget of runs is shared out.

/// Steps at the end that put the means right.
pub(super) const CORRECTIONS: u64 = 2;
/// Replications of each of them at most.
pub(super) const MOST_CORRECTING: u64 = 40;

/// Runs of the first round of a search for each measured run.
const FIRST_ROUND: u64 = 500;

/// Runs that a search needs by default: those of one round. More measured runs take more simulated ones at each
/// point, and a search among them is as thorough as among three.
#[must_use]
pub fn enough(cases: u64) -> u64 {
    FIRST_ROUND * cases.max(3)
}

/// The budgets of the rounds of a search: all of a budget up to that of the first round; from then on each round
/// has as many runs as all before it, as far as the budget goes. So a larger budget has the same rounds and more.
pub(super) fn rounds(runs: u64, cases: u64) -> Vec<u64> {
    let first = enough(cases);
    let mut rounds = vec![runs.min(first)];
    let mut all = rounds[0];
    while all >= first && all <= runs / 2 {
        rounds.push(all);
        all *= 2;
    }
    rounds
}

/// How a budget of runs is shared out among the stages of a search.
pub(super) struct Shares {
    /// Replications of each point.
    pub replications: u64,
    /// Runs of the best point and of both sides of it along every parameter.
    pub own: u64,
    /// Runs of each correction of the means.
    pub correcting: u64,
    /// Runs that the end keeps for itself.
    pub last: u64,
}

impl Shares {
    /// Shares a number of runs among `one` case or more, each with a number of points at the end; `None` if they are too few.
    pub fn of(runs: u64, one: u64, points: u64, most: u64, corrects: bool) -> Option<Shares> {
        let replications = (runs / 3 / (one * points)).clamp(2, most.max(2));
        let own = one * points * replications;
        let correcting = match corrects {
            true => (runs / 20 / one).min(MOST_CORRECTING).max(replications),
            false => 0,
        };
        let last = own + (CORRECTIONS + 1) * one * correcting;
        (3 * last + 10 * one + 2 * one * replications <= 2 * runs).then_some(Shares {
            replications,
            own,
            correcting,
            last,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_budget_has_the_rounds_of_a_smaller_one() {
        assert_eq!(rounds(200, 3), [200]);
        assert_eq!(rounds(2999, 1), [1500]);
        assert_eq!(rounds(3000, 3), [1500, 1500]);
        assert_eq!(rounds(15_000, 2), [1500, 1500, 3000, 6000]);
        assert_eq!(rounds(2000, 7), [2000]);
        assert_eq!(rounds(7000, 7), [3500, 3500]);
        for cases in 1..20 {
            assert_eq!(rounds(enough(cases), cases), [enough(cases)]);
            assert!(enough(cases) >= enough(3) && enough(cases) >= FIRST_ROUND * cases);
        }
        let mut former = rounds(1500, 3);
        for runs in (1500..60_000).step_by(500) {
            let now = rounds(runs, 3);
            assert!(now.starts_with(&former) && now.iter().sum::<u64>() <= runs);
            former = now;
        }
    }

    #[test]
    fn the_least_budget_that_is_told_is_enough() {
        for (one, points, most) in [(1, 3, 5), (2, 7, 5), (3, 9, 100)] {
            for corrects in [false, true] {
                let enough = |runs: &u64| Shares::of(*runs, one, points, most, corrects).is_some();
                let least = (1..).find(enough).unwrap_or(0);
                assert!(least > one * points, "{least}");
                assert!((20..least).all(|runs| (runs..).find(enough) == Some(least)));
            }
        }
    }
}
