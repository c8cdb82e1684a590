//! The shipped models against the three published load tests (README, results/published-runs.md).

// The example prints more of it than the tests look at.
#[allow(dead_code)]
#[path = "../support/published.rs"]
mod published;

/// Compares the mean over seeds 1 to `seeds` and the verdict of every threshold of every seed.
fn holds(test: &'static str, seeds: u64) {
    let (rows, verdicts) = published::compare(test, 1..=seeds);
    for row in &rows {
        println!("{row}");
    }
    let missed: Vec<_> = rows
        .iter()
        .filter(|r| !r.holds())
        .map(ToString::to_string)
        .collect();
    assert!(missed.is_empty(), "{test}: {missed:#?}");
    let other: Vec<_> = verdicts
        .iter()
        .filter(|v| v.agree != v.seeds)
        .map(ToString::to_string)
        .collect();
    assert!(other.is_empty(), "{test}: {other:#?}");
}

#[test]
fn token() {
    holds("token", 20);
}

#[test]
fn status() {
    holds("status", 20);
}

#[test]
fn reserve() {
    holds("reserve", 20);
}
