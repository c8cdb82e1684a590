//! What a page tells of a run, and what a fingerprint does not tell.

use super::{arg, capsim, file, stdout};

const MODEL: &str = r#"
[scenarios.default]
executor = "constant-vus"
vus = 20
duration = "10s"
journey = "j"
[journeys]
j = [
  { choose = [{ weight = 1, steps = [{ request = "a" }] }, { weight = 1, steps = [{ request = "b" }] }] },
  { sleep = "100ms" },
]
[stations.cpu]
servers = 2
[endpoints.a]
visits = [{ station = "cpu", time = "10ms" }]
[endpoints.b]
visits = [{ station = "cpu", time = "10ms" }]
[thresholds]
http_req_duration = ["p(90)<200", "avg<1"]
"http_req_duration{name:a}" = ["max<1000"]
"#;

/// Beside each threshold its value and margin, what limits the system, where the time went, and the percentile that a
/// threshold names over time, drawn by what stands in the page.
#[test]
fn the_page_of_a_run_tells_the_whole_story() {
    let directory = tempfile::tempdir().unwrap();
    let model = file(directory.path(), "m.toml", MODEL);
    let page = directory.path().join("page.html");
    capsim(&["run", arg(&model), "--quiet", "--report", arg(&page)]);
    let html = std::fs::read_to_string(&page).unwrap();
    for part in [
        "<th>threshold</th><th>verdict</th><th>measured</th><th>margin</th>",
        "<td>http_req_duration p(90)&lt;200</td><td><b class=\"PASS\">PASS</b></td>",
        "<td>http_req_duration avg&lt;1</td><td><b class=\"FAIL\">FAIL</b></td>",
        "<h2>What limits it</h2>",
        "station cpu",
        "Where the time went",
        "uPlot",
        "{\"name\":\"p90\"",
    ] {
        assert!(html.contains(part), "{part} is not in the page");
    }
    assert!(
        !html.contains("{\"name\":\"p99\""),
        "no threshold names p(99)"
    );
}

/// Whatever statistic a threshold names has its curve, and nothing is drawn that none names beside the median.
#[test]
fn a_page_draws_what_thresholds_compare() {
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("page.html");
    for (thresholds, drawn) in [
        ("\"p(75) < 200\", \"p(99.9)<200\"", "med p75 p99.9"),
        ("\"max<200\", \"min<200\", \"p(50)<200\"", "med max min"),
        ("\"med<200\"", "med p95 p99"),
    ] {
        let model = MODEL.replace("\"p(90)<200\", \"avg<1\"", thresholds);
        let model = file(directory.path(), "m.toml", &model);
        capsim(&["run", arg(&model), "--quiet", "--report", arg(&page)]);
        let html = std::fs::read_to_string(&page).unwrap();
        let (_, series) = html.split_once("\"series\":[").unwrap();
        let (series, _) = series.split_once(']').unwrap();
        let names = series.split("{\"name\":\"").skip(1);
        let names: Vec<&str> = names.filter_map(|name| name.split('"').next()).collect();
        assert_eq!(names.join(" "), drawn, "{thresholds}");
        assert!(html.contains("limit http_req_duration"), "{thresholds}");
    }
}

/// It is of the kind, the time and the number of each event: who did what else is in the summary.
#[test]
fn a_fingerprint_does_not_tell_what_was_chosen() {
    let directory = tempfile::tempdir().unwrap();
    let model = file(directory.path(), "m.toml", MODEL);
    let run = |seed: &str| {
        let summary = directory.path().join("x.json");
        let done = capsim(&[
            "run",
            arg(&model),
            "--summary-mode",
            "none",
            "--seed",
            seed,
            "--summary-export",
            arg(&summary),
        ]);
        let text = stdout(&done);
        let fingerprint = text.split("fingerprint ").nth(1).map(str::to_owned);
        (fingerprint.unwrap(), std::fs::read(summary).unwrap())
    };
    let (one, other) = (run("1"), run("2"));
    assert_eq!(one.0, other.0);
    assert!(one.1 != other.1, "the summaries tell the difference");
    for page in ["README.md", "docs/csv.md", "docs/determinism.md"] {
        let text =
            std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(page));
        let text = text.unwrap().replace('\n', " ");
        let says = text.contains("kind, time and number of every event")
            || text.contains("of the kind, the time and the number of each");
        assert!(says, "{page}");
    }
}
