//! Stationary law of a finite birth-death chain.

/// Largest chain that is worked out, in states.
const LARGEST: usize = 10_000_000;

/// Stationary probabilities of the states `0..=n` of a chain with these rates.
///
/// `births[i]` leads from state i to i + 1, `deaths[i]` from i + 1 to i; both have length n. From
/// detailed balance, `p[i+1] = p[i] births[i] / deaths[i]` (Kleinrock 1975, Queueing Systems
/// vol. 1, section 3.1), worked outwards from the most probable state so that nothing overflows.
/// Returns `None` if the lengths differ, a rate is not positive or there are over ten million
/// states.
#[must_use]
pub fn stationary(births: &[f64], deaths: &[f64]) -> Option<Vec<f64>> {
    let sound = |rates: &[f64]| rates.iter().all(|&rate| super::positive(rate));
    if births.len() != deaths.len() || births.len() >= LARGEST || !sound(births) || !sound(deaths) {
        return None;
    }
    let mode = most_probable(births, deaths);
    let mut p = vec![1.0; births.len() + 1];
    for i in mode..births.len() {
        p[i + 1] = p[i] * (births[i] / deaths[i]);
    }
    for i in (0..mode).rev() {
        p[i] = p[i + 1] * (deaths[i] / births[i]);
    }
    // Smallest terms first: adding from the ends towards the mode keeps the sum's error small.
    let below: f64 = p[..mode].iter().sum();
    let above: f64 = p[mode..].iter().rev().sum();
    let total = below + above;
    p.iter_mut().for_each(|share| *share /= total);
    Some(p)
}

fn most_probable(births: &[f64], deaths: &[f64]) -> usize {
    let (mut log, mut highest, mut mode) = (0.0, 0.0, 0);
    for (i, (birth, death)) in births.iter().zip(deaths).enumerate() {
        log += libm::log(birth / death);
        if log > highest {
            (highest, mode) = (log, i + 1);
        }
    }
    mode
}

/// Expectation of a function of the state.
pub(super) fn expect(p: &[f64], value: impl Fn(usize) -> f64) -> f64 {
    p.iter()
        .enumerate()
        .map(|(n, &share)| share * value(n))
        .sum()
}
