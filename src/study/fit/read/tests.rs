use super::*;
use crate::model::threshold::Aggregation as A;

pub(super) fn good(text: &str) -> Measured {
    read_bytes("run", text.as_bytes(), None).unwrap_or_else(|why| panic!("{why}"))
}

pub(super) fn bad(text: &str) -> String {
    match read_bytes("run", text.as_bytes(), None) {
        Ok(measured) => panic!("read: {measured:?}"),
        Err(why) => why.to_string(),
    }
}

pub(super) const DURATION: &str = "http_req_duration";

#[test]
fn an_export_gives_its_numbers() {
    let run = good(
        r#"{"metrics": {
            "http_req_duration": {"avg": 2.5, "med": 2, "p(95)": 7.5, "thresholds": {"p(95)<9": false}},
            "http_req_duration{name:slow}": {"avg": 4},
            "http_req_failed": {"passes": 3, "fails": 97, "value": 0.03},
            "http_reqs": {"count": 100, "rate": 10},
            "http_req_blocked": {"avg": 1},
            "vus_max": {"value": 20, "min": 20, "max": 20}},
          "root_group": {"checks": {"ok": {"name": "ok", "passes": 97, "fails": 3}}, "groups": {}}}"#,
    );
    assert_eq!(
        run.value(DURATION, Stat::Of(A::Percentile(95.0))),
        Some(7.5)
    );
    assert_eq!(
        run.value("http_req_duration{name:slow}", Stat::Of(A::Avg)),
        Some(4.0)
    );
    assert_eq!(run.value("http_req_failed", Stat::Passes), Some(3.0));
    assert_eq!(run.value("checks{check:ok}", Stat::Fails), Some(3.0));
    assert_eq!(run.value("http_req_blocked", Stat::Of(A::Avg)), None);
    assert_eq!(run.peak_vus, Some(20.0));
}

#[test]
fn the_data_of_handle_summary_are_one_level_deeper() {
    let run = good(
        r#"{"metrics": {"http_req_duration": {"type": "trend", "contains": "time",
            "values": {"avg": 2.5, "max": 9}}}, "state": {"testRunDurationMs": 1500}}"#,
    );
    assert_eq!(run.value(DURATION, Stat::Of(A::Max)), Some(9.0));
    assert_eq!(run.duration, Some(1.5));
}

#[test]
fn the_new_layout_is_read() {
    let run = good(
        r#"{"version": "1.0.0", "config": {"duration": 15.5}, "results": {
            "metrics": [{"name": "http_req_duration", "type": "trend", "values": {"p95": 3, "avg": 1}}],
            "checks": {"results": [{"name": "ok", "passes": 8, "fails": 2}]}}}"#,
    );
    assert_eq!(
        run.value(DURATION, Stat::Of(A::Percentile(95.0))),
        Some(3.0)
    );
    assert_eq!(run.value("checks", Stat::Fails), Some(2.0));
    let why = bad(r#"{"version": "7.0.0", "results": {}}"#);
    assert_eq!(
        why,
        "run: version: layout version 7.0.0 of the summary is not known; known are versions 1.x"
    );
}

#[test]
fn the_text_of_old_and_new_versions_is_read() {
    let old = good(
        "     ✗ seat is mine\n      ↳  89% — ✓ 123 / ✗ 14\n\n   \
         ✗ checks.........................: 97.44% ✓ 534       ✗ 14\n     \
         data_sent......................: 31 kB  1.9 kB/s\n   \
         ✓ http_req_duration..............: avg=4.52s  med=480µs p(95)=1m21s\n       \
         { name:slow }................: avg=51.5ms\n     \
         http_req_failed................: 5.03%  ✓ 14        ✗ 264\n     \
         http_reqs......................: 278    17.29/s\n     \
         vus............................: 0      min=0       max=6\n\
         running (16.1s), 0/6 VUs, 137 complete and 2 interrupted iterations\n",
    );
    assert_eq!(old.value(DURATION, Stat::Of(A::Avg)), Some(4520.0));
    assert_eq!(old.value(DURATION, Stat::Of(A::Med)), Some(0.48));
    assert_eq!(
        old.value(DURATION, Stat::Of(A::Percentile(95.0))),
        Some(81_000.0)
    );
    assert_eq!(
        old.value("http_req_duration{name:slow}", Stat::Of(A::Avg)),
        Some(51.5)
    );
    assert_eq!(
        old.value("checks{check:seat is mine}", Stat::Fails),
        Some(14.0)
    );
    assert_eq!(old.value("http_req_failed", Stat::Passes), Some(14.0));
    assert_eq!(old.value("iterations", Stat::Interrupted), Some(2.0));
    assert_eq!((old.peak_vus, old.duration), (Some(6.0), Some(16.1)));
    let avg = &old
        .readings
        .iter()
        .find(|r| r.stat == Stat::Of(A::Avg))
        .unwrap();
    assert!((avg.resolution - 10.0 / 4520.0).abs() < 1e-12);

    let new = good(
        "  █ TOTAL RESULTS\n\n    checks_total.......: 1774    44.13504/s\n    \
         checks_succeeded...: 99.00% 99 out of 100\n    HTTP\n    \
         http_req_duration..............: avg=1.5ms count=7\n      \
         { name:fast }................: avg=5.37ms\n    \
         http_req_failed................: 0.00%  0 out of 1774\n\n  █ GROUP: buy\n    \
         http_req_duration..............: avg=9ms\n",
    );
    assert_eq!(new.value(DURATION, Stat::Of(A::Avg)), Some(1.5));
    assert_eq!(
        new.value("http_req_duration{name:fast}", Stat::Of(A::Avg)),
        Some(5.37)
    );
    assert_eq!(new.value("checks", Stat::Fails), Some(1.0));
    assert_eq!(new.value("http_req_failed", Stat::Fails), Some(1774.0));
}

#[test]
fn samples_are_gathered_by_name() {
    let csv = "metric_name,timestamp,metric_value,name,extra\n\
               http_req_duration,1,10.0,fast,\nhttp_req_duration,1,30.0,slow,\nvus,1,5,,\n";
    let points = "{\"type\":\"Metric\",\"data\":{\"name\":\"http_req_duration\",\"type\":\"trend\"},\"metric\":\"http_req_duration\"}\n\
        {\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{\"time\":\"t\",\"value\":10.0,\"tags\":{\"name\":\"fast\"}}}\n\
        {\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{\"time\":\"t\",\"value\":30.0,\"tags\":{\"name\":\"slow\"}}}\n\
        {\"metric\":\"vus\",\"type\":\"Point\",\"data\":{\"time\":\"t\",\"value\":5,\"tags\":null}}\n";
    let without = points.replace(",\"tags\":null", "");
    for run in [good(csv), good(points), good(&without)] {
        assert_eq!(
            run.value(DURATION, Stat::Of(A::Avg)),
            Some(20.0),
            "{}",
            run.form
        );
        assert_eq!(
            run.value("http_req_duration{name:slow}", Stat::Of(A::Med)),
            Some(30.0)
        );
        assert_eq!(run.value("http_reqs", Stat::Of(A::Count)), Some(2.0));
        assert_eq!(run.peak_vus, Some(5.0));
    }
}

#[test]
fn a_packed_file_is_unpacked_and_half_of_one_is_an_error() {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let rows = "http_req_duration,1,10.0\n".repeat(50);
    write!(packer, "metric_name,timestamp,metric_value\n{rows}").unwrap();
    let packed = packer.finish().unwrap();
    let run = read_bytes("run", &packed, None).unwrap();
    assert_eq!(run.value(DURATION, Stat::Of(A::Count)), Some(50.0));
    let why = read_bytes("run", &packed[..packed.len() - 12], None).unwrap_err();
    assert!(
        why.message
            .starts_with("the gzip file is cut off or damaged"),
        "{why}"
    );
}

#[test]
fn bad_files_are_refused_with_their_place() {
    let cut = r#"{"metrics": {"http_reqs": {"count": 3"#;
    assert!(
        bad(cut).starts_with("run: line 1, column 37: the file is cut off"),
        "{}",
        bad(cut)
    );
    let negative = r#"{"metrics": {"http_req_duration": {"avg": -2}}}"#;
    let why = bad(negative);
    assert!(
        why.starts_with("run: metrics.http_req_duration.avg: `http_req_duration` is -2"),
        "{why}"
    );
    let words = r#"{"metrics": {"http_req_duration": {"avg": "NaN"}}}"#;
    assert!(bad(words).contains("metrics.http_req_duration.avg: `avg` must be a number"));
    assert!(
        bad("metric_name,timestamp,metric_value\nhttp_reqs,1,NaN\n").starts_with("run: line 2: ")
    );
    assert!(
        bad("metric_name,timestamp,metric_value\nhttp_reqs,1\n")
            .starts_with("run: line 2: 2 columns")
    );
    assert!(bad("metric_name,timestamp,metric_value\nhttp_reqs,1,2").contains("cut off"));
    assert!(bad("metric_name,timestamp,metric_value\nhttp_reqs,1,2ms\n").contains("line 2: `2ms`"));
    assert!(bad("metric_name,value\nhttp_reqs,2\n").contains("`metric_value` is missing"));
    let mixed = "http_req_duration....: avg=2 p(95)=7ms\n";
    assert!(
        bad(mixed).starts_with("run: line 1: `http_req_duration` mixes units"),
        "{}",
        bad(mixed)
    );
    let order = r#"{"metrics": {"http_req_duration": {"med": 2000, "p(95)": 3}}}"#;
    assert!(bad(order).contains("units seem to be mixed"));
    assert!(bad("Requests      [total, rate]  1, 2\n").contains("Vegeta, report has no times"));
    assert!(bad("hello\n").contains("no line of a k6 summary"));
    assert!(bad("").contains("empty"));
    assert!(bad("{}").contains("not a summary of k6"));
    assert!(bad("{\"metrics\": {}}").contains("no metric"));
}

/// Requests that end 0.1, 0.5, 1.0 and 1.5 s after the first of them began.
const TIMED: &str = "metric_name,timestamp_us,metric_value,name,status,error_code\n\
    http_req_duration,1700000000100000,100.0,a,200,\nvus,1700000000900000,5.000,,,\n\
    http_req_duration,1700000000500000,200.0,a,200,\n\
    http_req_duration,1700000001000000,300.0,a,200,\n\
    iteration_duration,1700000001000000,950.0,,,\n\
    http_req_duration,1700000001500000,400.0,a,200,\n";

#[test]
fn a_window_holds_what_ended_in_it() {
    let within = |window: &str| {
        let window = Window::parse(window).unwrap();
        read_bytes("run", TIMED.as_bytes(), Some(window))
    };
    let run = within("500ms..1.5s").unwrap();
    assert_eq!(run.value("http_reqs", Stat::Of(A::Count)), Some(2.0));
    assert_eq!(run.value("http_reqs", Stat::Of(A::Rate)), Some(2.0));
    assert_eq!(run.value("iterations", Stat::Of(A::Count)), Some(1.0));
    assert_eq!(run.value(DURATION, Stat::Of(A::Avg)), Some(250.0));
    assert_eq!(run.peak_vus, Some(5.0));
    assert_eq!(
        within("0..1m").unwrap().value(DURATION, Stat::Of(A::Max)),
        Some(400.0)
    );
    let why = within("2s..3s").unwrap_err().to_string();
    assert!(why.contains("nothing ended in the window 2s..3s"), "{why}");
    for wrong in ["7s", "7s..", "9s..7s", "-1s..7s", "1..2"] {
        assert!(Window::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_window_needs_samples_with_times() {
    let window = Window::parse("0..1m").unwrap();
    let why = |text: &str| {
        let read = read_bytes("run", text.as_bytes(), Some(window));
        read.unwrap_err().to_string()
    };
    let summary = "{\"metrics\": {\"http_reqs\": {\"count\": 5}}}";
    assert!(why(summary).contains("--out csv=run.csv"));
    let thin = "metric_name,metric_value\nhttp_req_duration,1.5\n";
    assert!(why(thin).contains("line 1: the column `timestamp` is missing"));
    let damaged = TIMED.replace("1700000000500000", "soon");
    assert!(why(&damaged).contains("line 4: `soon` is not a time"));
    // k6's own default: whole seconds.
    let coarse = "metric_name,timestamp,metric_value\nhttp_req_duration,1700000000,800.0\n\
                  http_req_duration,1700000002,100.0\nhttp_req_duration,1700000005,100.0\n";
    let window = Window::parse("2s..5s").unwrap();
    let run = read_bytes("run", coarse.as_bytes(), Some(window)).unwrap();
    assert!(run.coarse);
    assert_eq!(run.value("http_reqs", Stat::Of(A::Count)), Some(1.0));
}

#[test]
fn metrics_of_the_script_are_read_from_samples() {
    let run = good("metric_name,timestamp,metric_value\nsold,1,2\nsold,1,3\nsold,2,0\n");
    assert_eq!(run.value("sold", Stat::Of(A::Count)), Some(5.0));
    assert_eq!(run.value("sold", Stat::Passes), Some(2.0));
    assert_eq!(run.value("sold", Stat::Of(A::Avg)), Some(5.0 / 3.0));
}

/// Also what is unpacked has a limit, and to know that takes no more memory than the limit.
#[test]
fn a_run_is_unpacked_to_a_limit() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packer, &[b' '; 4 << 20]).unwrap();
    let packed = packer.finish().unwrap();
    assert!(packed.len() < 10_000);
    let unpacked = |most| unpack(&packed, most).map(|plain| plain.len());
    assert_eq!(unpacked(4 << 20).ok(), Some(4 << 20));
    let refused = unpacked(3 << 20).map_err(|bad| bad.message);
    let why = "the run cannot be read: unpacked, it is larger than 3 MiB";
    assert_eq!(refused, Err(why.to_owned()));
}
