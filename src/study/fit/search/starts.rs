//! Where a search begins, the other ends that it follows, and whole numbers tried one by one.

use super::super::exact;
use super::super::free::{Free, Unit};
use super::super::quality::EXCLUDED;
use super::super::read::Stat;
use super::super::{Case, Fit};
use super::{Budget, Candidate, Search, Tried};
use crate::engine::stream::Stream;
use crate::model::threshold::Aggregation;
use crate::stats::lhs::latin_hypercube;

/// The share of its runs that a search spends on low loads alone, if there are others.
pub(super) const LOWER: f64 = 0.6;
/// Mean response times beyond this multiple of the least of all runs are mostly waiting.
const WAITING: f64 = 1.5;
/// Starts that are followed down.
const FOLLOWED: usize = 5;

impl Search<'_, '_> {
    /// The model's own start and a Latin hypercube of others; the best few of them are followed down.
    pub(super) fn starts(&mut self, start: Vec<f64>) -> Result<Vec<Candidate>, String> {
        let mut points = vec![start];
        points.extend(self.cube(self.limit));
        let tried = self.candidates(&points, 1);
        let own = tried.first().cloned();
        let mut good: Vec<Candidate> = tried.into_iter().filter_map(Result::ok).collect();
        if good.is_empty() {
            return Err(match own {
                Some(Err(why)) => why,
                _ => "the model is invalid everywhere within the bounds".into(),
            });
        }
        good.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        good.truncate(FOLLOWED);
        if let Some(Ok(own)) = own
            && !good.iter().any(|g| g.point == own.point)
        {
            good.insert(0, own);
        }
        self.followed(good)
    }

    /// Where each of some starts leads to, the best end first.
    fn followed(&mut self, good: Vec<Candidate>) -> Result<Vec<Candidate>, String> {
        let smooth = self.smooth();
        let mut ends = Vec::new();
        for candidate in good {
            ends.push(self.descend(candidate, &smooth, 1, 10)?);
        }
        ends.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        Ok(ends)
    }

    /// As [`Search::starts`], from where the runs of low loads lead to: that point, and what is nearer to all runs.
    pub(super) fn starts_beside(&mut self, lower: Vec<f64>) -> Result<Vec<Candidate>, String> {
        let mut points = vec![lower];
        points.extend(self.cube(self.limit.saturating_sub(self.runs)));
        let mut tried = self.candidates(&points, 1).into_iter();
        let lower = tried.next().ok_or("nothing was run")??;
        let mut good: Vec<Candidate> = tried.filter_map(Result::ok).collect();
        good.retain(|other| other.cost < lower.cost);
        good.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        good.truncate(FOLLOWED);
        let mut ends = self.followed(good)?;
        ends.push(lower);
        ends.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        Ok(ends)
    }

    /// Points of a Latin hypercube within the bounds, as many as a quarter of a number of runs allows.
    fn cube(&self, runs: u64) -> Vec<Vec<f64>> {
        let dimensions = self.fit.free.len();
        let per_point = self.fit.cases.len() as u64;
        let spare = runs / 4 / per_point.max(1);
        let count = (6 * dimensions).min(spare as usize).max(1);
        let mut stream = Stream::new(self.fit.seed, self.round, "fit.starts");
        let cube = latin_hypercube(count, dimensions, || stream.unit());
        let point = |row: Vec<f64>| -> Vec<f64> {
            let each = row.iter().zip(&self.fit.free).map(|(u, free)| {
                let (low, high) = (libm::log(free.low), libm::log(free.high));
                round_whole(free.unit, low + u * (high - low))
            });
            each.collect()
        };
        cube.into_iter().map(point).collect()
    }

    /// Where a search among the runs of low loads alone ends; `None` if all runs are of low loads or none is, or the
    /// budget is too small. Near a knee and beyond it a model that is a little too slow or too fast has many times the
    /// response times, and what it lacks of a full server bends all its parameters: no way leads from there to service
    /// times that low loads tell by themselves.
    pub(super) fn lower_first(&mut self, start: &[f64]) -> Option<Vec<f64>> {
        let low = self.lower();
        if low.is_empty() || low.len() == self.fit.cases.len() {
            return None;
        }
        let fit = Fit {
            document: self.fit.document,
            base: self.fit.base.clone(),
            free: self.fit.free.clone(),
            cases: low.iter().map(|c| self.fit.cases[*c].clone()).collect(),
            seed: self.fit.seed,
            runner: self.fit.runner,
        };
        let budget = Budget {
            runs: (LOWER * self.budget.runs as f64) as u64,
            ..self.budget
        };
        let watch = |runs, cost: Option<f64>| (self.watch)(runs, cost.and(None));
        let search = Search::new(&fit, budget, &watch).while_time(self.may_go_on);
        let found = search.one_round(start.to_vec()).ok()?;
        self.runs += found.runs;
        Some(found.point)
    }

    /// The runs in which hardly anybody waits, as far as their own response times tell.
    fn lower(&self) -> Vec<usize> {
        let mean = |case: &Case| {
            let mean = Stat::Of(Aggregation::Avg);
            case.measured.value("http_req_duration", mean)
        };
        let means: Vec<Option<f64>> = self.fit.cases.iter().map(mean).collect();
        let least = means
            .iter()
            .flatten()
            .copied()
            .fold(f64::INFINITY, f64::min);
        let low = |c: &usize| means[*c].is_some_and(|mean| mean <= WAITING * least);
        (0..means.len()).filter(low).collect()
    }

    /// Follows the ends of other starts further, with as many replications; a better one takes the place
    /// of the best. Gives all that are about as good.
    pub(super) fn rivals(
        &mut self,
        best: &mut Candidate,
        others: Vec<Candidate>,
        smooth: &[usize],
        (reps, corrects): (u64, bool),
    ) -> Result<Vec<Vec<f64>>, String> {
        let targets = best.residuals.len() - self.exact.len();
        // Means that are put right at the end count as well as they are known until then: by their full weight, a point
        // that misses one by a little would lose to another that describes nothing else.
        let heavier = exact::HEAVIER * exact::HEAVIER;
        let weight = if corrects { 1.0 / heavier } else { 1.0 };
        let limit = self.limit;
        let mut left = others.len() as u64;
        let mut ends = Vec::new();
        for other in others {
            self.limit = self.runs + limit.saturating_sub(self.runs) / left.max(1);
            left = left.saturating_sub(1);
            if self.spent(self.fit.cases.len() as u64 * reps) {
                break;
            }
            let again = self.candidates(std::slice::from_ref(&other.point), reps);
            let Some(Ok(again)) = again.into_iter().next() else {
                continue;
            };
            let mut end = self.descend(again, smooth, reps, 8)?;
            let merit = |end: &Candidate| {
                let (own, means) = self.split_cost(end, targets);
                own + weight * means
            };
            if merit(&end) < merit(best) {
                std::mem::swap(&mut end, best);
            }
            ends.push(end);
        }
        self.limit = limit;
        // Of the percentiles; a rival that misses the means is none.
        let cost = |end: &Candidate| self.split_cost(end, targets);
        let (least, freedom) = (cost(best).0, targets.saturating_sub(self.fit.free.len()));
        let chance = EXCLUDED * (least / freedom.max(1) as f64).max(1.0);
        let off = heavier * EXCLUDED;
        ends.retain(|end| {
            let (own, means) = cost(end);
            own - least < chance && means < off.max(cost(best).1)
        });
        Ok(ends.into_iter().map(|end| end.point).collect())
    }

    /// What the targets of a point cost, and its means.
    fn split_cost(&self, end: &Candidate, targets: usize) -> (f64, f64) {
        let (own, means) = end.residuals.split_at(targets);
        (self.groups.cost(own), means.iter().map(|r| r * r).sum())
    }

    /// Tries the values of each whole-numbered parameter in turn, the smooth ones fitted anew.
    pub(super) fn profile(
        &mut self,
        mut best: Candidate,
        whole: &[usize],
        smooth: &[usize],
        profiles: &mut [Vec<Tried>],
    ) -> Result<Candidate, String> {
        let rounds = if whole.len() > 1 { 2 } else { 1 };
        for _ in 0..rounds {
            for &i in whole {
                let now = libm::exp(best.point[i]).round();
                let mut costs = vec![Tried::new(now, &best)];
                // Outwards from the present value, each start next to the last end.
                for upwards in [true, false] {
                    let mut from = best.clone();
                    let mut worse = 0;
                    for value in ladder(&self.fit.free[i], now, upwards) {
                        if self.spent(self.fit.cases.len() as u64) {
                            break;
                        }
                        from.point[i] = libm::log(value);
                        let at = self.candidates(std::slice::from_ref(&from.point), 1);
                        let Some(Ok(candidate)) = at.into_iter().next() else {
                            continue;
                        };
                        from = self.descend(candidate, smooth, 1, 4)?;
                        costs.push(Tried::new(value, &from));
                        if from.cost < best.cost {
                            best = from.clone();
                            worse = 0;
                        } else if from.cost > 4.0 * best.cost + 40.0 {
                            worse += 1;
                        }
                        if worse == 2 {
                            break;
                        }
                    }
                }
                costs.push(Tried::new(libm::exp(best.point[i]).round(), &best));
                let order = |a: &Tried, b: &Tried| a.value.total_cmp(&b.value);
                costs.sort_by(|a, b| order(a, b).then(a.cost.total_cmp(&b.cost)));
                costs.dedup_by(|later, first| later.value == first.value);
                profiles[i] = costs;
            }
        }
        Ok(best)
    }
}

/// Whether two ends differ by more than 3 % in some parameter.
pub(super) fn apart(a: &Candidate, b: &Candidate) -> bool {
    a.point
        .iter()
        .zip(&b.point)
        .any(|(x, y)| (x - y).abs() > 0.03)
}

/// A whole-numbered parameter's logarithm is that of a whole number.
fn round_whole(unit: Unit, log: f64) -> f64 {
    match unit {
        Unit::Whole => libm::log(libm::exp(log).round().max(1.0)),
        _ => log,
    }
}

/// Values from the present one outwards: every one while near, then in steps of an eighth.
fn ladder(free: &Free, now: f64, upwards: bool) -> Vec<f64> {
    let mut values = Vec::new();
    let mut value = now;
    loop {
        let step = (value / 8.0).floor().max(1.0);
        value += if upwards { step } else { -step };
        if value > free.high || value < free.low.max(1.0) || values.len() >= 24 {
            return values;
        }
        values.push(value);
    }
}
