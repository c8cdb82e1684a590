//! Small models whose right answer is k6's.

use super::{capsim, stderr, stdout};

fn run(model: &str, more: &[&str]) -> String {
    let path = format!("tests/data/hostile/{model}.toml");
    let mut all = vec!["run", &path];
    all.extend(more);
    stdout(&capsim(&all))
}

#[test]
fn a_ramp_that_ends_going_up_starts_no_iteration_of_its_last_vu() {
    let text = run("lastup2", &[]);
    assert!(text.contains("Up to 10 looping VUs for 10s"), "{text}");
    assert!(
        text.contains("running (29.0s), 00/10 VUs, 9 complete and 0 interrupted iterations"),
        "{text}"
    );
}

#[test]
fn an_inner_retry_that_gives_up_fails_the_outer_attempt() {
    let text = run("nine", &[]);
    assert!(text.contains("http_reqs............: 9 "), "{text}");
}

#[test]
fn the_line_of_an_arrival_rate_counts_its_own_vus() {
    let text = run("prog", &[]);
    let line = text
        .lines()
        .find(|l| l.starts_with("rate "))
        .unwrap_or(&text);
    assert!(line.contains(" 0/5 VUs "), "{line}");
    assert!(text.contains("running (10.1s), 00/25 VUs"), "{text}");
}

#[test]
fn trend_statistics_are_spelt_as_the_user_spells_them() {
    let list = "p(99.50),med,p(90)";
    let text = run("lastup2", &["--summary-trend-stats", list]);
    assert!(text.contains(" p(99.50)=20s  med=20s p(90)=20s"), "{text}");
    let wrong = capsim(&[
        "run",
        "tests/data/hostile/nine.toml",
        "--summary-trend-stats",
        "avg,p(101)",
    ]);
    assert!(
        stderr(&wrong).contains(
            "invalid percentile trend stat value 'p(101)', provide a number between 0 and 100"
        ),
        "{}",
        stderr(&wrong)
    );
}
