//! The answer commands as a user meets them: budgets, pages, words.

use std::path::Path;
use std::process::{Command, Output};

fn capsim(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap_or_else(|e| panic!("{e}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const MODEL: &str = r#"
[model]
name = "shop <1>"
[scenarios.main]
executor = "poisson-arrivals"
rate = 120.0
duration = "1m"
journey = "buy"
[journeys]
buy = [{ request = "buy" }]
[stations.cpu]
servers = 4
[pools.threads]
size = 50
[endpoints.buy]
visits = [{ hold = "threads", visits = [{ station = "cpu", time = { exponential = "20ms" } }] }]
[thresholds]
http_req_duration = ["p(95)<100"]
http_req_failed = ["rate<0.01"]
"#;

fn model() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    std::fs::write(directory.path().join("m.toml"), MODEL).unwrap_or_else(|e| panic!("{e}"));
    directory
}

/// A threshold on a rate without a sample passes in a capacity curve as in a run.
#[test]
fn a_rate_without_a_sample_limits_nothing() {
    let directory = model();
    let changed = MODEL.replace("[thresholds]", "[thresholds]\nchecks = [\"rate>0.9\"]");
    std::fs::write(directory.path().join("m.toml"), changed).unwrap_or_else(|e| panic!("{e}"));
    let line = [
        "capacity",
        "m.toml",
        "--vary",
        "load=0.5..4",
        "--budget",
        "runs=20",
    ];
    let shown = text(&capsim(directory.path(), &line).stdout);
    assert!(!shown.contains("checks"), "{shown}");
    assert!(shown.contains("passes"), "{shown}");
}

/// A page that needs nothing else and has so many charts.
fn page(directory: &Path, charts: usize, parts: &[&str]) {
    let html =
        std::fs::read_to_string(directory.join("page.html")).unwrap_or_else(|e| panic!("{e}"));
    for fetched in ["src=", "@import", "url(", "fetch(", "<link", "NaN", "inf"] {
        let found = html.split("<h2>Model</h2>").next().unwrap_or("");
        assert!(!found.contains(fetched), "{fetched}");
    }
    assert_eq!(html.matches("<svg").count(), charts);
    for part in parts {
        assert!(html.contains(part), "{part} is not in\n{html}");
    }
}

#[test]
fn a_budget_of_time_is_told_and_can_be_had_again() {
    let directory = model();
    let vary = [
        "capacity",
        "m.toml",
        "--vary",
        "load=0.2..3",
        "--quiet",
        "--budget",
    ];
    let timed = capsim(directory.path(), &[vary.as_slice(), &["time=1ms"]].concat());
    let out = text(&timed.stdout);
    assert!(
        out.contains("the budget of time ended the search: the interval is how far"),
        "{out}"
    );
    assert!(
        out.contains("`--budget runs=21` gives this one everywhere"),
        "{out}"
    );
    let counted = capsim(directory.path(), &[vary.as_slice(), &["runs=21"]].concat());
    let first_lines = |out: &str| out.lines().take(6).collect::<Vec<_>>().join("\n");
    assert_eq!(first_lines(&text(&counted.stdout)), first_lines(&out));
    assert_eq!(counted.status.code(), timed.status.code());
    let both = capsim(
        directory.path(),
        &[vary.as_slice(), &["runs=30,time=10m"]].concat(),
    );
    assert!(text(&both.stdout).contains("the budget of runs ended the search"));
    let wrong = capsim(directory.path(), &[vary.as_slice(), &["steps=3"]].concat());
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("runs=N, time=60s, or both"));
}

#[test]
fn a_search_says_where_the_model_stands_and_draws_itself() {
    let directory = model();
    let done = capsim(
        directory.path(),
        &[
            "capacity",
            "m.toml",
            "--vary",
            "load=0.5..3",
            "--budget",
            "runs=100",
            "--report",
            "page.html",
        ],
    );
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let out = text(&done.stdout);
    for part in [
        "station cpu               20ms     4    200/s   200 arrivals/s (load × 1.667)",
        "pool threads            ≥ 20ms    50   2500/s  2500 arrivals/s",
        "the model as it stands, 1, passes; headroom: up to 1.",
        "best estimate of the limit: 1.",
        "breaks first: http_req_duration p(95)<100",
        "utilisation of pool threads: throughput × holding time 0.",
    ] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    page(
        directory.path(),
        1,
        &["margin of http_req_duration p(95)&lt;100"],
    );
}

#[test]
fn a_comparison_is_drawn_with_its_intervals() {
    let directory = model();
    let done = capsim(
        directory.path(),
        &[
            "compare",
            "m.toml",
            "--set-b",
            "stations.cpu.servers=3",
            "--replications",
            "50",
            "--budget",
            "runs=8",
            "--report",
            "page.html",
        ],
    );
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let out = text(&done.stdout);
    assert!(
        out.contains("4 runs of each, the same random numbers for both, seed 1"),
        "{out}"
    );
    assert!(out.contains("two-sided paired t test"), "{out}");
    page(
        directory.path(),
        1,
        &[
            "<title>capsim: shop &lt;1&gt;, A and B</title>",
            "B  m.toml --set stations.cpu.servers=3",
            "<td>http_req_duration_p95_ms</td>",
            "<td>B worse</td>",
            "B - A [% of A]",
            "less than 5 %",
        ],
    );
    let small = capsim(
        directory.path(),
        &["compare", "m.toml", "--budget", "runs=3"],
    );
    assert_eq!(small.status.code(), Some(104));
}

#[test]
fn a_tornado_is_drawn_for_each_number_that_moves() {
    let directory = model();
    let done = capsim(
        directory.path(),
        &[
            "explain",
            "m.toml",
            "--replications",
            "3",
            "--report",
            "page.html",
        ],
    );
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let out = text(&done.stdout);
    assert!(
        out.contains("http_req_duration p(95)<100: ") && out.contains(" ms\n"),
        "{out}"
    );
    assert!(out.contains("10 % lower / 10 % higher"), "{out}");
    // Nothing fails, whatever is moved: one chart, not two.
    page(
        directory.path(),
        1,
        &[
            "What moves http_req_duration p(95)",
            "stations.cpu.servers = 4 (3 / 5)",
            "parameter 10 % lower",
            "change of http_req_duration p(95) [%]",
            "<td>endpoints.buy.visits[0].visits[0].time.exponential</td><td>20ms</td><td>18ms</td><td>22ms</td>",
        ],
    );
    let timed = capsim(
        directory.path(),
        &[
            "explain",
            "m.toml",
            "--replications",
            "10000",
            "--budget",
            "time=1ms",
        ],
    );
    let out = text(&timed.stdout);
    assert!(
        out.contains(
            "the budget of time ended the study; `--replications 1` gives this everywhere"
        ),
        "{out}"
    );
}

#[test]
fn a_fit_is_drawn_with_errors_and_intervals() {
    let directory = model();
    let run = capsim(
        directory.path(),
        &[
            "run",
            "m.toml",
            "--seed",
            "9",
            "--summary-export",
            "run.json",
            "--quiet",
        ],
    );
    assert_eq!(run.status.code(), Some(0));
    let fit = |budget: &str| {
        capsim(
            directory.path(),
            &[
                "fit",
                "m.toml",
                "--to",
                "run.json",
                "--holdout",
                "run.json",
                "--budget",
                budget,
                "--free",
                "endpoints.buy.**.exponential=10ms..40ms",
                "--report",
                "page.html",
            ],
        )
    };
    let done = fit("runs=60");
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    page(
        directory.path(),
        4,
        &[
            "How well the data determine the parameters",
            "Measured against model",
            "fitted to run.json",
            "predicted run.json",
            "within 10 %",
            "measured time [ms], logarithmic",
        ],
    );
    let timed = fit("runs=60,time=1ms");
    assert_eq!(timed.status.code(), Some(0), "{}", text(&timed.stderr));
    assert!(text(&timed.stdout).contains("the budget of time ended the search"));
    assert!(!text(&done.stdout).contains("the budget of time"));
}

/// A value that the model does not allow is told in the words of the command, and once.
#[test]
fn an_impossible_value_is_told_in_one_line() {
    let directory = model();
    let vary = [
        "capacity",
        "m.toml",
        "--vary",
        "stations.cpu.servers=1..1000001",
        "-q",
    ];
    let done = capsim(directory.path(), &vary);
    assert_eq!(done.status.code(), Some(104));
    assert_eq!(
        text(&done.stderr),
        "error: stations.cpu.servers = 1000001: `servers` must be a whole number from 1 to 1000000, \
         and is 1000001\n"
    );
}

/// Where the budget ends a search before the end of its range, that is what is said of the range.
#[test]
fn a_budget_that_ends_a_search_is_said_to_have_done_so() {
    let directory = model();
    let done = capsim(
        directory.path(),
        &[
            "capacity",
            "m.toml",
            "--vary",
            "load=0.01..0.5",
            "--budget",
            "runs=4",
            "-q",
        ],
    );
    let said = text(&done.stdout);
    assert!(
        said.contains("smallest failing none of those tried (0.01 … "),
        "{said}"
    );
    assert!(!said.contains("in the range"), "{said}");
}

/// Values that fail, but not for sure, are not none.
#[test]
fn an_end_that_is_not_sure_is_said_to_be_so() {
    let directory = model();
    let search = |range: &str| {
        let path = format!("load={range}");
        let arguments = [
            "capacity", "m.toml", "--vary", &path, "--budget", "runs=21", "-q",
        ];
        let done = capsim(directory.path(), &arguments);
        assert_eq!(done.status.code(), Some(1));
        text(&done.stdout)
    };
    assert!(search("0.2..1.5").contains("smallest failing none for sure\n"));
    assert!(search("0.2..0.5").contains("smallest failing none in the range\n"));
}

#[test]
fn one_place_is_free_through_one_parameter() {
    let directory = model();
    let run = ["run", "m.toml", "--summary-export", "run.json", "--quiet"];
    assert_eq!(capsim(directory.path(), &run).status.code(), Some(0));
    let fit = ["fit", "m.toml", "--to", "run.json", "--free"];
    let free = [
        "stations.cpu.servers=1..8",
        "--free",
        "stations.*.servers=2..9",
    ];
    let done = capsim(directory.path(), &[&fit[..], &free].concat());
    assert_eq!(done.status.code(), Some(104));
    assert_eq!(
        text(&done.stderr),
        "error: --free stations.*.servers=2..9: `stations.cpu.servers` is free through \
         `stations.cpu.servers` already\n"
    );
}
