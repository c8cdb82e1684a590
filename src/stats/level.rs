//! Time averages of a level that changes in steps: queue length, busy servers, active users.

/// One change of a level: the instant in nanoseconds, and the value from then on.
pub type Step = (u64, f64);

/// Average of a level over `from..to` (nanoseconds), each value weighted by how long it lasted.
///
/// Steps are in ascending order of time; of two at the same instant the later one holds. Before
/// the first step the level is 0. Returns `None` if `to` is not after `from` or a step goes back
/// in time.
#[must_use]
pub fn time_average(steps: &[Step], from: u64, to: u64) -> Option<f64> {
    if to <= from || steps.windows(2).any(|pair| pair[0].0 > pair[1].0) {
        return None;
    }
    let ends = steps.iter().skip(1).map(|step| step.0).chain([u64::MAX]);
    let area: f64 = steps
        .iter()
        .zip(ends)
        .map(|(&(start, value), end)| {
            let lasted = end.min(to).saturating_sub(start.max(from));
            value * lasted as f64
        })
        .sum();
    Some(area / (to - from) as f64)
}
