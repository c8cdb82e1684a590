//! How good a fit is: errors, intervals of the parameters, and what the data cannot tell apart.

use super::covariance::Covariance;
use super::distance::{Target, log_ratio};
use super::free::Unit;
use super::linear::Eigen;
use super::search::{Found, Tried};
use super::undescribed::Undescribed;
use super::{Case, Fit};
use crate::stats::interval::student_t;

/// A direction in which the logarithms may move by this much (one standard deviation) without the
/// data noticing is not determined: a factor of 1.35.
const BLIND: f64 = 0.3;
/// A model that is off by more, root mean square, does not behave like the system.
pub(super) const BAD: f64 = 0.25;
/// Cost that a parameter may add before it is excluded: the 95 % point of chi-squared with one degree.
pub(super) const EXCLUDED: f64 = 3.84;

/// What is known of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Fitted value in the parameter's own unit.
    pub value: f64,
    /// About 95 %: lower and upper end.
    pub interval: (f64, f64),
    /// Whether the data say anything about it alone.
    pub determined: bool,
    /// Whether the value is one of its bounds.
    pub at_bound: bool,
}

/// Parameters that the data cannot tell apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Blind {
    /// Indices of the parameters, with their exponents: the product of the powers is not determined.
    pub members: Vec<(usize, f64)>,
    /// Which measurement would decide, in words.
    pub advice: String,
}

/// The verdict on a fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// One for each free parameter.
    pub parameters: Vec<Parameter>,
    /// Of the logarithms of those that vary continuously, in their order.
    pub covariance: Covariance,
    /// Numbers that count less parameters.
    pub freedom: usize,
    /// Directions that are not determined.
    pub blind: Vec<Blind>,
    /// Root mean square of the relative errors of all numbers that count.
    pub rms: f64,
    /// Squares per degree of freedom: well above 1, the model lacks something.
    pub chi2_per_freedom: f64,
    /// The same of what counts, at least 1: intervals are wider by it.
    pub inflation: f64,
    /// Numbers that count.
    pub numbers: usize,
    /// Which runs the model does not describe.
    pub undescribed: Undescribed,
    /// Parameters that are whole numbers, of which the budget did not reach all values that may fit as well.
    pub untried: Vec<String>,
}

impl Quality {
    /// Why no interval is known, if that is so; else empty.
    #[must_use]
    pub fn untried_words(&self) -> String {
        if self.untried.is_empty() {
            return String::new();
        }
        format!(
            "no interval is known: the budget ended before it was clear which other values of {} fit as well. Leave out what \
             is configured (--free times), give the values that may be (--free '{}=8..12'), or a larger --budget\n",
            self.untried.join(", "),
            self.untried[0]
        )
    }

    /// One honest sentence.
    #[must_use]
    pub fn words(&self) -> String {
        let size = size(self.rms);
        let how = match self.rms {
            r if r <= 0.03 => "good",
            r if r <= 0.10 => "fair",
            r if r <= BAD => "poor",
            _ => "bad: the model does not behave like the system",
        };
        let chance = if self.chi2_per_freedom > 3.0 {
            "; the differences are larger than chance explains, so the model lacks something"
        } else {
            "; what is left can be chance"
        };
        format!(
            "{how}: {size} root mean square over {} numbers{chance}",
            self.numbers
        )
    }
}

/// Judges a fit. Runs a few more simulations to find the load at which parameters that cannot be told
/// apart would differ.
#[must_use]
pub fn judge(fit: &Fit, found: &Found) -> Quality {
    let smooth: Vec<usize> = (0..fit.free.len())
        .filter(|&i| fit.free[i].unit != Unit::Whole)
        .collect();
    let (rms, numbers) = rms(&fit.cases, &found.evaluation.values);
    let freedom = numbers.saturating_sub(fit.free.len()).max(1);
    let chi2 = found.cost / freedom as f64;
    let targets = found.residuals.len() - found.exact.len();
    let counted: f64 = found.residuals[..targets].iter().map(|r| r * r).sum();
    let inflation = (counted / freedom as f64).max(1.0);
    let matrix = products(&found.jacobian, &smooth);
    let eigen = Eigen::new(&matrix);
    let covariance = Covariance::new(fit, found, &smooth, inflation);
    let t = student_t(0.95, freedom as u64).unwrap_or(2.0);
    let untried = untried_numbers(fit, found, inflation);
    let mut parameters = Vec::new();
    for (i, free) in fit.free.iter().enumerate() {
        let value = libm::exp(found.point[i]);
        let near = |bound: f64| (found.point[i] - libm::log(bound)).abs() < 1e-6;
        let at_bound = near(free.low) || near(free.high);
        let (interval, determined) = match smooth.iter().position(|&s| s == i) {
            Some(k) => {
                let unit: Vec<f64> = (0..smooth.len())
                    .map(|j| f64::from(u8::from(j == k)))
                    .collect();
                let width = t * covariance.variance(&unit).sqrt();
                // Another start that ended in as good a point stretches the interval to it, and so does
                // another whole number with which the others fit as well.
                let tried = found.profiles.iter().flat_map(|p| as_good(p, inflation));
                let rivals = found.rivals.iter().chain(tried.map(|tried| &tried.point));
                let centres = rivals.map(|point| point[i]).chain([found.point[i]]);
                let low = centres.clone().fold(f64::INFINITY, f64::min) - width;
                let high = centres.fold(f64::NEG_INFINITY, f64::max) + width;
                let ends = (libm::exp(low).max(free.low), libm::exp(high).min(free.high));
                if !untried.is_empty() {
                    // With other whole numbers it might be anything.
                    ((free.low, free.high), false)
                } else {
                    (ends, (high - low) / 2.0 < t * BLIND)
                }
            }
            None => whole_interval(&found.profiles[i], value, inflation, free.low, free.high),
        };
        parameters.push(Parameter {
            value,
            interval,
            determined,
            at_bound,
        });
    }
    let mut blind = Vec::new();
    for (value, vector) in eigen.values.iter().zip(&eigen.vectors) {
        let variance = covariance.variance(vector).max(inflation / value.max(1e-9));
        if variance.sqrt() > BLIND {
            let members = directions(&smooth, vector);
            let advice = advice(fit, found, &members);
            for member in &members {
                parameters[member.0].determined = false;
            }
            blind.push(Blind { members, advice });
        }
    }
    Quality {
        undescribed: Undescribed::new(fit, found),
        untried,
        parameters,
        covariance,
        freedom,
        blind,
        rms,
        chi2_per_freedom: chi2,
        inflation,
        numbers,
    }
}

/// Values whose cost is within chance of the best.
fn whole_interval(
    profile: &[Tried],
    value: f64,
    inflation: f64,
    low: f64,
    high: f64,
) -> ((f64, f64), bool) {
    let mut ends = (value, value);
    for tried in as_good(profile, inflation) {
        ends = (ends.0.min(tried.value), ends.1.max(tried.value));
    }
    // Where nothing was tried that the data exclude, nobody knows how far it goes.
    let (below, above) = untried(profile, ends);
    ends = (
        if below { low } else { ends.0 },
        if above { high } else { ends.1 },
    );
    (ends, ends.1 / ends.0.max(1.0) < 2.0)
}

/// The scalar products of these rows of the derivatives.
fn products(jacobian: &[Vec<f64>], rows: &[usize]) -> Vec<Vec<f64>> {
    let dot = |i: usize, j: usize| -> f64 {
        let (a, b) = (&jacobian[i], &jacobian[j]);
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    };
    let row = |&i: &usize| rows.iter().map(|&j| dot(i, j)).collect();
    rows.iter().map(row).collect()
}

/// Whether nothing below, and nothing above, was tried.
fn untried(profile: &[Tried], ends: (f64, f64)) -> (bool, bool) {
    (
        profile.iter().all(|tried| tried.value >= ends.0),
        profile.iter().all(|tried| tried.value <= ends.1),
    )
}

/// Whole numbers of which the budget ended before it was known which values fit as well.
fn untried_numbers(fit: &Fit, found: &Found, inflation: f64) -> Vec<String> {
    let all = fit.free.iter().zip(&found.profiles);
    let open = all.filter(|(free, profile)| {
        let good: Vec<f64> = as_good(profile, inflation).map(|t| t.value).collect();
        let low = good.iter().copied().fold(f64::INFINITY, f64::min);
        let high = good.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (below, above) = untried(profile, (low, high));
        !profile.is_empty() && (below && low > free.low || above && high < free.high)
    });
    open.map(|(free, _)| free.name.clone()).collect()
}

/// What was tried and is about as good as the best.
fn as_good(profile: &[Tried], inflation: f64) -> impl Iterator<Item = &Tried> + Clone {
    let costs = profile.iter().map(|tried| tried.cost);
    let best = costs.fold(f64::INFINITY, f64::min);
    let good = move |tried: &&Tried| tried.cost - best <= EXCLUDED * inflation;
    profile.iter().filter(good)
}

/// The members of a direction that matter, the largest first and positive.
fn directions(smooth: &[usize], vector: &[f64]) -> Vec<(usize, f64)> {
    let mut members: Vec<(usize, f64)> =
        smooth.iter().copied().zip(vector.iter().copied()).collect();
    members.retain(|(_, v)| v.abs() > 0.25);
    members.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let sign = members.first().map_or(1.0, |m| m.1.signum());
    for m in &mut members {
        m.1 *= sign;
    }
    members
}

/// Simulates both ends of an undetermined direction under other loads, and names the number that
/// would differ most.
fn advice(fit: &Fit, found: &Found, members: &[(usize, f64)]) -> String {
    let end = |sign: f64| {
        let mut point = found.point.clone();
        for &(i, v) in members {
            let free = &fit.free[i];
            let (low, high) = (libm::log(free.low), libm::log(free.high));
            point[i] = (point[i] + sign * v * 0.5).clamp(low, high);
        }
        point
    };
    let ends = [end(1.0), end(-1.0)];
    let Some(last) = fit.cases.iter().max_by(|a, b| a.peak.total_cmp(&b.peak)) else {
        return String::new();
    };
    let mut most: Option<(f64, String)> = None;
    for factor in [0.1, 0.3, 1.5, 2.0, 4.0] {
        // A load that was measured already tells no more.
        let near = |case: &Case| (case.peak / (factor * last.peak) - 1.0).abs() < 0.25;
        if fit.cases.iter().any(near) {
            continue;
        }
        let mut case = last.clone();
        let Some(load) = scaled(&case, factor) else {
            continue;
        };
        case.overrides = load;
        let case = [case];
        let done = fit.evaluate_cases(&case, &ends, 2);
        let [Ok(one), Ok(other)] = done.as_slice() else {
            continue;
        };
        for (t, target) in case[0].targets.iter().enumerate() {
            if target.scale.is_none() {
                continue;
            }
            let apart = log_ratio(&target.reading, one.values[0][t])
                - log_ratio(&target.reading, other.values[0][t]);
            // Rare events and extremes differ by chance.
            let apart = apart.abs() / target.scale.map_or(1.0, |s| s.max(0.02) / 0.02);
            if most.as_ref().is_none_or(|m| apart > m.0) {
                let share = 100.0 * (libm::exp(apart) - 1.0);
                let unit = if last.load.ends_with("/s") {
                    "/s"
                } else {
                    " VUs"
                };
                let words = format!(
                    "a run at {:.0}{unit} would tell: {} {} would differ by {share:.0} %",
                    factor * last.peak,
                    target.reading.metric,
                    target.reading.stat
                );
                most = Some((apart, words));
            }
        }
    }
    match most {
        Some((apart, words)) if apart > 0.1 => words,
        _ if members.len() == 1 => {
            "no other load would tell: measure it directly, on the server".into()
        }
        _ => "no load tells them apart: measure one of them directly, on the server".into(),
    }
}

/// The overrides of a case with its load multiplied.
fn scaled(case: &Case, factor: f64) -> Option<Vec<crate::model::Override>> {
    let mut all = case.overrides.clone();
    let of_load = all.iter().position(|o| o.path() == "load");
    let now = of_load.map_or(Some(1.0), |at| all[at].value().parse::<f64>().ok())?;
    if let Some(at) = of_load {
        all.remove(at);
    }
    all.push(crate::model::Override::new("load", &format!("{}", now * factor)).ok()?);
    Some(all)
}

/// A root mean square of logarithms in words: per cent, or a factor where per cent could not be read.
#[must_use]
pub fn size(rms: f64) -> String {
    match rms {
        r if r < 1.0 => format!("{:.1} %", 100.0 * r),
        r if r < 10.0 => format!("a factor of {:.1}", libm::exp(r)),
        r => format!("a factor of {:.1e}", libm::exp(r)),
    }
}

/// Root mean square of the relative errors of the numbers that count, and how many there are. Extremes
/// and rare events are weighted down as in the fit.
#[must_use]
pub fn rms(cases: &[Case], values: &[Vec<f64>]) -> (f64, usize) {
    let (mut sum, mut weights, mut numbers) = (0.0, 0.0, 0);
    for (case, values) in cases.iter().zip(values) {
        for (target, value) in case.targets.iter().zip(values) {
            let Some(scale) = target.scale else { continue };
            let weight = (0.02 / scale.max(0.02)) * (0.02 / scale.max(0.02));
            let error = log_ratio(&target.reading, *value);
            sum += weight * error * error;
            weights += weight;
            numbers += 1;
        }
    }
    ((sum / f64::max(weights, 1e-12)).sqrt(), numbers)
}

/// Relative error of a simulated value.
#[must_use]
pub fn error(target: &Target, simulated: f64) -> f64 {
    let measured = target.reading.nearest(simulated);
    if measured == 0.0 {
        return if simulated == 0.0 { 0.0 } else { f64::INFINITY };
    }
    (simulated - measured) / measured.abs()
}
