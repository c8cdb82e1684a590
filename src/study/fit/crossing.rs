//! Ranges of free parameters within which the model is not always valid: a median that may pass the p99
//! beside it, a lower end above an upper one.

use super::free::Free;
use crate::model::{Document, Override};

/// Checks the model at both ends of every range, and at those of every pair; the others at their start.
///
/// # Errors
/// If it is invalid at one of them, which a search would come upon only by chance.
pub fn refuse_crossing(
    free: &[Free],
    document: &Document,
    base: &[Override],
) -> Result<(), String> {
    let wrong_at = |ends: &[(usize, f64)]| wrong_at(free, ends, document, base);
    let ends = |i: usize| [(i, free[i].low), (i, free[i].high)];
    let named = |(i, value): (usize, f64)| format!("{} at {}", free[i].name, free[i].shown(value));
    let range = |i: usize| {
        let Free { low, high, .. } = free[i];
        format!(
            "--free {}={}..{}",
            free[i].name,
            free[i].shown(low),
            free[i].shown(high)
        )
    };
    if let Some(why) = wrong_at(&[])? {
        return Err(format!(
            "the model is invalid where the search would start: {why}"
        ));
    }
    for i in 0..free.len() {
        for end in ends(i) {
            if let Some(why) = wrong_at(&[end])? {
                return Err(format!(
                    "{}: with {} the model is invalid: {why}; choose a range that stays clear of it, or \
                     free both parameters in ranges that do not meet",
                    range(i),
                    named(end)
                ));
            }
        }
    }
    for i in 0..free.len() {
        for j in i + 1..free.len() {
            for one in ends(i) {
                for other in ends(j) {
                    if let Some(why) = wrong_at(&[one, other])? {
                        return Err(format!(
                            "{}: with {} and {} the model is invalid: {why}; choose ranges that do not meet",
                            range(i),
                            named(one),
                            named(other)
                        ));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Whether the model is valid with a value of a parameter beside others, wherever these are in their ranges.
#[must_use]
pub fn is_valid_at(
    (new, value): (&Free, f64),
    others: &[Free],
    document: &Document,
    base: &[Override],
) -> bool {
    let free = [others, std::slice::from_ref(new)].concat();
    let own = (others.len(), value);
    let valid = |ends: &[(usize, f64)]| matches!(wrong_at(&free, ends, document, base), Ok(None));
    let beside = |(i, other): (usize, &Free)| {
        let mut ends = [other.low, other.high].into_iter();
        ends.all(|other| valid(&[own, (i, other)]))
    };
    valid(&[own]) && others.iter().enumerate().all(beside)
}

/// What is wrong with the model at some ends of ranges, all other parameters at their start.
fn wrong_at(
    free: &[Free],
    ends: &[(usize, f64)],
    document: &Document,
    base: &[Override],
) -> Result<Option<String>, String> {
    let mut all = base.to_vec();
    for (i, parameter) in free.iter().enumerate() {
        let end = ends.iter().find(|(at, _)| *at == i);
        all.extend(parameter.overrides(end.map_or(parameter.start, |(_, value)| *value))?);
    }
    Ok(document.check(&all).err().map(|why| why.brief()))
}
