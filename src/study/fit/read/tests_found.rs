//! Files as people have them: out of logs, damaged, several in one, or no runs at all.

use super::tests::{DURATION, bad, good};
use super::*;
use crate::model::threshold::Aggregation as A;

const SUMMARY: &str = "     ✗ paid\n      ↳  90% — ✓ 9 / ✗ 1\n\n   \
     ✓ checks.........................: 90.00% ✓ 9         ✗ 1\n     \
     http_req_duration..............: avg=4.52s  med=480µs p(95)=1m21s\n       \
     { name:GET /x }..............: avg=51.5ms\n   \
     ✗ http_reqs......................: 278    17.29/s\n     \
     vus_max........................: 6      min=6       max=6\n\n\
     running (16.1s), 0/6 VUs, 137 complete and 2 interrupted iterations\n\
     default ✓ [ 100% ] 0/6 VUs  15s\n";

#[test]
fn lines_of_logs_are_read_without_what_stands_before_them() {
    let bare = good(SUMMARY);
    assert_eq!(bare.value("checks{check:paid}", Stat::Fails), Some(1.0));
    for prefix in [
        "k6-1  | ",
        "//   bench-k6-1  | ",
        "> ",
        "# ",
        "[pod/k6-7d9/k6] ",
        "2024-05-01T12:00:0N.123456NZ ",
        "[2024-05-01 12:00:0N] stdout: ",
        "{k6} ",
        "    INFO[000N] ",
        "\u{1b}[36mk6-1  |\u{1b}[0m ",
    ] {
        let mut log = String::from("service started on port 8080\n");
        for (index, line) in SUMMARY.lines().enumerate() {
            log += &format!("{}{line}\n", prefix.replace('N', &index.to_string()));
            log += "app-1  | GET /x 200 3ms\n";
        }
        let run = good(&log);
        assert_eq!(run.readings, bare.readings, "{prefix}");
        assert_eq!((run.peak_vus, run.duration), (Some(6.0), Some(16.1)));
    }
    // Another prefix than the first.
    let other = SUMMARY
        .lines()
        .enumerate()
        .map(|(i, line)| format!("{} | {line}\n", if i < 5 { "stdout" } else { "err" }));
    let run = good(&other.collect::<String>());
    assert_eq!(
        run.value("http_req_duration{name:GET /x}", Stat::Of(A::Avg)),
        Some(51.5)
    );
    assert_eq!(run.value("http_reqs", Stat::Of(A::Count)), Some(278.0));
}

/// Totals, a group and a scenario, as k6 1.0 and later print them in full.
const FULL: &str = "\n  █ TOTAL RESULTS \n\n    checks_total.......: 10 1/s\n    \
    checks_succeeded...: 100.00% 10 out of 10\n\n    HTTP\n    \
    http_req_duration..............: avg=41ms  min=1ms med=30ms max=400ms\n    \
    http_reqs......................: 20 2/s\n\n    EXECUTION\n    \
    iterations.....................: 10 1/s\n\n  █ GROUP: pay \n\n    \
    checks_total.......: 10 1/s\n    checks_succeeded...: 100.00% 10 out of 10\n\n    HTTP\n    \
    http_req_duration..............: avg=43ms  min=50ms med=29ms max=400ms\n    \
    http_reqs......................: 10 1/s\n\n  █ SCENARIO: shop \n\n    \
    iterations.....................: 5 1/s\n\n\
    running (10.1s), 0/6 VUs, 10 complete and 0 interrupted iterations\n";

#[test]
fn parts_of_a_full_summary_are_known_without_their_marks() {
    let whole = good(FULL);
    assert_eq!(whole.value("http_reqs", Stat::Of(A::Count)), Some(20.0));
    assert_eq!(whole.value(DURATION, Stat::Of(A::Avg)), Some(41.0));
    assert_eq!(whole.duration, Some(10.1));
    let nothing_left = FULL
        .replace("  █ GROUP: pay \n", "")
        .replace("  █ SCENARIO: shop \n", "")
        .replace("  █ TOTAL RESULTS \n", "");
    for damaged in [
        FULL.replace('█', "#"),
        FULL.replace('█', "?"),
        FULL.replace('█', "â–ˆ"),
        FULL.replace("█ ", ""),
        nothing_left.clone(),
        FULL.lines().map(|l| format!("> {l}\n")).collect(),
        nothing_left
            .lines()
            .map(|l| format!("k6-1 | {l}\n"))
            .collect(),
    ] {
        assert_eq!(good(&damaged).readings, whole.readings, "{damaged}");
    }
}

#[test]
fn a_second_summary_is_named_by_its_line() {
    let why = bad(&format!("{SUMMARY}\n# second run\n{SUMMARY}"));
    assert_eq!(
        why,
        "run: line 17: a second run begins here; give each run a file of its own"
    );
    let why = bad(&format!("{FULL}{FULL}"));
    assert!(why.starts_with("run: line 29: a second run"), "{why}");
    let bare = FULL.replace("  █ TOTAL RESULTS \n", "");
    let why = bad(&format!("{bare}{bare}"));
    assert!(why.contains(": a second run"), "{why}");
    // Two containers at once.
    let both: String = SUMMARY
        .lines()
        .flat_map(|l| [format!("k6-1 | {l}\n"), format!("k6-2 | {l}\n")])
        .collect();
    assert!(bad(&both).contains("a second run"), "{}", bad(&both));
}

#[test]
fn vus_are_those_initialised_wherever_the_file_tells_them() {
    let metrics = "http_reqs......: 30 10/s\n";
    let sampled = "vus............: 5 min=3 max=99\n";
    let ended = "running (1m00.8s), 000/100 VUs, 3000 complete and 0 interrupted iterations\n";
    let header = "scenarios: (100.00%) 1 scenario, 120 max VUs, 1m30s max duration:\n";
    let vus = |text: String| {
        let run = good(&text);
        (run.peak_vus.unwrap(), run.vus_sampled)
    };
    assert_eq!(vus(format!("{metrics}{sampled}")), (99.0, true));
    assert_eq!(vus(format!("{metrics}{sampled}{ended}")), (100.0, false));
    assert_eq!(vus(format!("{header}{metrics}{sampled}")), (120.0, false));
    let all = format!("{header}{metrics}{sampled}vus_max...: 101 min=101 max=101\n{ended}");
    assert_eq!(vus(all), (101.0, false));
    let json = r#"{"metrics": {"http_reqs": {"count": 1}, "vus": {"value": 5, "max": 99}}}"#;
    assert_eq!(vus(json.into()), (99.0, true));
}

#[test]
fn a_run_in_which_nothing_ended_is_an_error() {
    let export = r#"{"metrics": {"checks": {"passes": 0, "fails": 0, "value": 0},
        "http_reqs": {"count": 0, "rate": 0}, "http_req_duration": {"avg": 0, "max": 0},
        "vus_max": {"value": 10, "max": 10}}}"#;
    let setup = r#"{"metrics": {"checks": {"passes": 0, "fails": 0, "value": 0},
        "iteration_duration": {"avg": 60000.5, "max": 60000.5}, "vus_max": {"max": 10}}}"#;
    let text = "checks...: 0.00% ✓ 0 ✗ 0\nhttp_reqs...: 0 0/s\nvus...: 0 min=0 max=0\n";
    let of_setup = "http_reqs.....: 3 0.05/s\nhttp_req_duration...: avg=3s\nvus_max...: 10 min=10 max=10\n\
        running (1m00.5s), 00/10 VUs, 0 complete and 0 interrupted iterations\n";
    for run in [export, setup, text, of_setup] {
        let why = bad(run);
        assert!(
            why.starts_with("run: nothing was measured: no request"),
            "{why}"
        );
    }
    // One long iteration that was cut off is something.
    let cut = of_setup.replace("0 interrupted", "2 interrupted");
    assert_eq!(good(&cut).value("http_reqs", Stat::Of(A::Count)), Some(3.0));
}

#[test]
fn a_second_run_is_named_in_every_form() {
    let json = "{\n\"metrics\": {\"http_reqs\": {\"count\": 3}}}";
    let second = "line 3: a second run begins here";
    assert!(bad(&format!("{json}\n{json}\n")).contains(second));
    let csv = "metric_name,timestamp,metric_value\nhttp_reqs,1,1\n";
    assert!(
        bad(&csv.repeat(2)).contains(second),
        "{}",
        bad(&csv.repeat(2))
    );
    let points = "{\"type\":\"Metric\",\"data\":{\"type\":\"counter\"},\"metric\":\"http_reqs\"}\n\
        {\"metric\":\"http_reqs\",\"type\":\"Point\",\"data\":{\"value\":1,\"tags\":{}}}\n";
    assert!(bad(&points.repeat(2)).contains(second));
}

#[test]
fn what_is_no_run_is_told_with_what_to_give_instead() {
    let page = "<!doctype html>\n<html lang=\"en\">\n<title>k6 report</title></html>\n";
    let junit = "<?xml version=\"1.0\"?>\n<testsuites tests=\"1\">\n\
                 <testsuite name=\"k6 thresholds\" tests=\"1\"></testsuite></testsuites>\n";
    let dashboard = "{\"event\":\"param\",\"data\":{\"period\":1000}}\n\
                     {\"event\":\"snapshot\",\"data\":[[1,2,3]]}\n";
    let log = "{\"level\":\"info\",\"msg\":\"hello\"}\n{\"level\":\"info\",\"msg\":\"there\"}\n";
    for (file, what) in [
        (page, "this is a report, a page of HTML"),
        (&page.to_uppercase(), "this is a report, a page of HTML"),
        (junit, "this is a report as JUnit"),
        (dashboard, "k6's web dashboard"),
        (log, "lines of JSON, but not the samples"),
    ] {
        let why = bad(file);
        assert!(why.contains(what), "{why}");
        assert!(why.contains("k6 run --summary-export=run.json"), "{why}");
    }
    assert!(bad("<?xml version=\"1.0\"?>\n<testResults version=\"1.2\">").contains("JMeter"));
}

#[test]
fn a_share_may_stand_alone() {
    for failed in [
        r#"{"value": 0.03}"#,
        r#"{"values": {"rate": 0.03}}"#,
        r#"{"rate": 0.03, "value": 0.03}"#,
        r#"{"type": "rate", "values": {"value": 0.03}}"#,
    ] {
        let run = good(&format!(
            r#"{{"metrics": {{"http_req_failed": {failed}}}}}"#
        ));
        let share = run.value("http_req_failed", Stat::Of(A::Rate));
        assert_eq!((share, run.readings.len()), (Some(0.03), 1), "{failed}");
    }
    let whole = r#"{"metrics": {"http_req_failed": {"passes": 3, "fails": 97, "value": 0.03}}}"#;
    let run = good(whole);
    assert_eq!(run.value("http_req_failed", Stat::Of(A::Rate)), None);
}

#[test]
fn a_trend_of_the_scripts_own_may_be_negative() {
    let json = r#"{"metrics": {"drift": {"avg": -4, "min": -9, "med": -4, "max": -1, "p(90)": -2},
        "http_reqs": {"count": 3}}}"#;
    assert_eq!(good(json).value("drift", Stat::Of(A::Min)), Some(-9.0));
    let text = "drift...: avg=-4 min=-9 med=-4 max=-1\nlag....: avg=-4ms min=-9000000ns\n\
                http_reqs...: 3 1/s\n";
    let run = good(text);
    assert_eq!(run.value("drift", Stat::Of(A::Avg)), Some(-4.0));
    assert_eq!(run.value("lag", Stat::Of(A::Min)), Some(-9.0));
    let csv = "metric_name,timestamp,metric_value\ndrift,1,-4\ndrift,1,-6\nhttp_reqs,1,1\n";
    assert_eq!(good(csv).value("drift", Stat::Of(A::Avg)), Some(-5.0));
    for wrong in ["http_reqs,1,-1", "http_req_duration,1,-5"] {
        let csv = format!("metric_name,timestamp,metric_value\n{wrong}\n");
        assert!(bad(&csv).contains("never negative"));
    }
    let fails = r#"{"metrics": {"own": {"passes": -1, "fails": 0}}}"#;
    assert!(bad(fails).contains("never negative"));
}

#[test]
fn a_number_stands_for_what_its_rounding_hides() {
    let given = good(
        "http_req_duration...: avg=0.02s min=0.00s med=0.01s p(90)=1.25s p(95)=9.51s\n\
         iteration_duration...: avg=61.23s count=7\n",
    );
    let own = good(
        "http_req_duration...: avg=1.25s med=9.5ms max=1m25s\n\
         iteration_duration...: avg=10ms med=458ns\nsize...: avg=12.5 min=0\n",
    );
    let of = |run: &Measured, metric: &str, stat| {
        let all = &run.readings;
        let reading = all
            .iter()
            .find(|r| r.metric == metric && r.stat == Stat::Of(stat));
        reading.unwrap().clone()
    };
    for (stat, low, high) in [
        (A::Avg, 15.0, 25.0),
        (A::Min, 0.0, 5.0),
        (A::Percentile(90.0), 1245.0, 1255.0),
        (A::Percentile(95.0), 9505.0, 9515.0),
    ] {
        let reading = of(&given, DURATION, stat);
        assert_eq!(
            (reading.hidden, reading.resolution),
            (Some((low, high)), 0.0)
        );
    }
    let avg = of(&given, DURATION, A::Avg);
    assert_eq!(
        [15.5, 24.9, 30.0].map(|s| avg.nearest(s)),
        [15.5, 24.9, 25.0]
    );
    assert_eq!(
        of(&given, "iteration_duration", A::Avg).hidden,
        Some((61_225.0, 61_235.0))
    );
    // In units of its own k6 cuts, and writes no zeros at the end.
    assert_eq!(
        of(&own, DURATION, A::Max).hidden,
        Some((85_000.0, 86_000.0))
    );
    for (metric, stat, resolution) in [
        (DURATION, A::Avg, 10.0 / 1250.0),
        (DURATION, A::Med, 0.01 / 9.5),
        ("iteration_duration", A::Avg, 0.01 / 10.0),
        ("iteration_duration", A::Med, 1.0 / 458.0),
        ("size", A::Avg, 1e-6 / 12.5),
    ] {
        let reading = of(&own, metric, stat);
        let near = (reading.resolution - resolution).abs() < 1e-9;
        assert!(near && reading.hidden.is_none(), "{reading:?}");
    }
}
