//! The shipped models against the three published load tests (README, results/published-runs.md).

// The example prints more of it than the tests look at.
#[allow(dead_code)]
#[path = "support/published.rs"]
mod published;

/// Fewer seeds than the published comparison, to save time: the bounds are the same.
fn holds(test: &'static str, seeds: u64) {
    let (rows, verdicts) = published::compare(test, 1..=seeds);
    let mut missed = Vec::new();
    for row in &rows {
        println!(
            "{test} {}: {} {:.3} ({:+.2} %)",
            row.metric,
            row.published,
            row.mean,
            row.error()
        );
        if !row.holds() {
            missed.push(format!(
                "{} {:+.2} % (bound {})",
                row.metric,
                row.error(),
                row.bound_text()
            ));
        }
    }
    for v in &verdicts {
        if v.agree != v.seeds {
            missed.push(format!(
                "{}: {} of {} seeds agree",
                v.threshold, v.agree, v.seeds
            ));
        }
    }
    assert!(missed.is_empty(), "{test}: {missed:#?}");
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
