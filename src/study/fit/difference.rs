//! The difference of two designs in tests to come. Each pair of tests has the parameters, the speed, the lack and the
//! random numbers of one draw, so what the fit leaves open of both cancels out; that is why a difference is surer than
//! either level. Two designs that were fitted apart share the random numbers alone.

use super::draws::{Setting, common, runs};
use super::predict::Question;
use super::prediction::Number;

/// Relative differences as small as this are none.
const ROUNDING: f64 = 1e-9;

/// One number of both designs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// In A.
    pub a: Number,
    /// In B.
    pub b: Number,
    /// B - A, pair by pair.
    pub by: Number,
    /// Share of the pairs in which B is lower.
    pub lower: f64,
    /// Share of the pairs in which it is higher.
    pub higher: f64,
}

/// All numbers that both designs have.
#[derive(Clone, Debug)]
pub struct Differences {
    /// In the order of A.
    pub numbers: Vec<Difference>,
    /// Pairs of runs.
    pub draws: u64,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Whether both have one fit.
    pub common: bool,
    /// Whether A and B were fitted at all.
    pub fitted: [bool; 2],
}

/// Simulates pairs of tests, as many as the first question says; of B, the document and the changes count. `watch` is
/// told how many runs have been made.
///
/// # Errors
/// If a model or its section `[fitted]` cannot be used, or a run comes to no end.
pub fn differences(
    a: &Question<'_>,
    b: &Question<'_>,
    watch: &dyn Fn(u64),
) -> Result<Differences, String> {
    let b = Question {
        seed: a.seed,
        ..b.clone()
    };
    let (in_a, in_b) = (a.model(&[])?, b.model(&[])?);
    let both = common(&[&in_a, &in_b]);
    let of_a = Setting::of(a, &in_a, both.clone(), None)?;
    let mut of_b = Setting::of(&b, &in_b, both, None)?;
    let common = of_a.memory.is_of_the_fit(&of_b.memory);
    if !common {
        of_b = of_b.apart();
    }
    let jobs = |setting| (0..a.draws).map(move |k| (setting, k)).collect::<Vec<_>>();
    let first = runs(&jobs(&of_a), watch)?;
    let second = runs(&jobs(&of_b), &|made| watch(a.draws + made))?;
    let numbers = of_a.targets.iter().enumerate().map(|(i, target)| {
        let values = |side: &[super::draws::Draw]| -> Vec<f64> {
            side.iter().map(|draw| draw.out[i]).collect()
        };
        let (in_a, in_b) = (values(&first), values(&second));
        let by: Vec<f64> = in_a
            .iter()
            .zip(&in_b)
            .map(|(a, b)| beyond_rounding(*a, *b))
            .collect();
        let share = |of: &dyn Fn(f64) -> bool| {
            by.iter().filter(|d| of(**d)).count() as f64 / by.len().max(1) as f64
        };
        Difference {
            lower: share(&|d| d < 0.0),
            higher: share(&|d| d > 0.0),
            a: Number::new(&target.reading, in_a, None),
            b: Number::new(&target.reading, in_b, None),
            by: Number::new(&target.reading, by, None),
        }
    });
    Ok(Differences {
        numbers: numbers.collect(),
        draws: a.draws,
        seed: a.seed,
        common,
        fitted: [&of_a, &of_b].map(|setting| setting.memory.loads.is_some()),
    })
}

/// B - A; what is left of the rounding of equal numbers is nothing.
fn beyond_rounding(a: f64, b: f64) -> f64 {
    match b - a {
        d if d.abs() <= ROUNDING * a.abs().max(b.abs()) => 0.0,
        d => d,
    }
}
