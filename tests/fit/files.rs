//! Files that people have, given to `capsim fit`: read as what they are, or refused with a reason.

use std::path::Path;
use std::process::{Command, Output};

/// Runs `capsim fit` on a model and a run.
fn fit(model: &str, name: &str, run: &str) -> Output {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("m.toml"), model).unwrap();
    std::fs::write(directory.path().join(name), run).unwrap();
    capsim(
        directory.path(),
        &["fit", "m.toml", "--to", name, "--verbose"],
    )
}

fn capsim(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("the command runs")
}

fn stdout(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(104), "{output:?}");
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

const SHOP: &str = r#"
[scenarios.default]
executor = "constant-vus"
vus = 10
duration = "10s"
graceful_stop = "0s"
journey = "j"
[journeys]
j = [{ request = "r" }, { sleep = "1s" }]
[endpoints.r]
visits = [{ delay = "100ms" }]
"#;

#[test]
fn a_run_without_a_number_in_common_is_an_error() {
    let sockets = r#"{"metrics": {"ws_connecting": {"avg": 12.1, "max": 50},
        "ws_sessions": {"count": 100, "rate": 10}, "vus_max": {"value": 10, "max": 10}}}"#;
    let why = refused(&fit(SHOP, "ws.json", sockets));
    assert!(why.contains("ws.json: nothing to compare"), "{why}");
    assert!(why.contains("ws_connecting, ws_sessions"), "{why}");
    // Numbers that are shown only are none to judge by.
    let shown = r#"{"metrics": {"http_req_duration{expected_response:true}": {"avg": 100}}}"#;
    let why = refused(&fit(SHOP, "shown.json", shown));
    assert!(why.contains("nothing to compare"), "{why}");
}

/// The text of `capsim fit` of a model to what it exported itself under some changes.
fn to_own_export(model: &str, changes: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("m.toml"), model).unwrap();
    let mut run = vec!["run", "m.toml", "--summary-export", "own.json"];
    changes.iter().for_each(|c| run.extend(["--set", c]));
    stdout(&capsim(directory.path(), &run));
    stdout(&capsim(
        directory.path(),
        &["fit", "m.toml", "--to", "own.json", "--verbose"],
    ))
}

/// Two scenarios of the shop; `second` is the options of the other.
fn with(second: &str) -> String {
    format!("{SHOP}\n[scenarios.second]\ngraceful_stop = \"0s\"\njourney = \"j\"\n{second}\n")
}

#[test]
fn a_run_of_the_models_own_load_is_known_as_that() {
    let later =
        with("executor = \"constant-vus\"\nvus = 10\nduration = \"10s\"\nstart_time = \"60s\"");
    let rate = "executor = \"constant-arrival-rate\"\nrate = 20\nduration = \"10s\"\n";
    let mixed = with(&format!("{rate}pre_allocated_vus = 50"));
    let growing = with(&format!("{rate}pre_allocated_vus = 1\nmax_vus = 100"));
    let few = with("executor = \"per-vu-iterations\"\nvus = 30\niterations = 2");
    let alone = mixed.replace(
        "[scenarios.default]",
        "[scenarios.default]\nstart_time = \"1m\"",
    );
    for model in [SHOP, &later, &mixed, &growing, &few, &alone] {
        let text = to_own_export(model, &[]);
        assert!(text.contains("good: 0.0 %"), "{model}\n{text}");
        assert!(!text.contains("load="), "{model}\n{text}");
    }
    let text = to_own_export(&later, &[]);
    assert!(text.contains("10 to 10 VUs at the peak"), "{text}");
}

#[test]
fn a_run_of_another_load_is_taken_as_that_and_says_so() {
    let rate = "executor = \"constant-arrival-rate\"\nrate = 20\nduration = \"10s\"\n";
    let mixed = with(&format!("{rate}pre_allocated_vus = 90"));
    let text = to_own_export(&mixed, &["load=2"]);
    assert!(text.contains("good: 0.0 %"), "{text}");
    let said = "the run had 110 VUs and the model has 100: simulated under load=2 of it";
    assert!(text.contains(said), "{text}");
    // Arrivals alone: the VUs say nothing, the iterations do.
    let begin = mixed.find("[journeys]").unwrap();
    let second = mixed.find("[scenarios.second]").unwrap();
    let alone = format!("{}{}", &mixed[second..], &mixed[begin..second]);
    assert!(to_own_export(&alone, &[]).contains("good: 0.0 %"));
    let text = to_own_export(&alone, &["load=2"]);
    assert!(text.contains("good: 0.0 %"), "{text}");
    assert!(text.contains("the run started 40"), "{text}");
    assert!(text.contains("simulated under load=2 of it"), "{text}");
    // More VUs for the same rate are the same load.
    let text = to_own_export(&alone, &["scenarios.second.pre_allocated_vus=300"]);
    assert!(
        text.contains("good: 0.0 %") && !text.contains("load="),
        "{text}"
    );
}

#[test]
fn a_run_of_another_length_is_named_and_compared_by_rates() {
    let text = to_own_export(SHOP, &["scenarios.default.duration=60s"]);
    let said = "the run lasted 60.0 s and the model generates load for 10.0 s";
    assert!(text.contains(said), "{text}");
    assert!(
        text.contains("http_reqs rate") && !text.contains("reqs count"),
        "{text}"
    );
    assert!(text.contains("fit: good"), "{text}");
    let shorter = to_own_export(SHOP, &["scenarios.default.duration=2s"]);
    assert!(shorter.contains("the run lasted 2.0 s"), "{shorter}");
    // Iterations that take longer are no longer test.
    let counted = SHOP
        .replace("constant-vus", "per-vu-iterations")
        .replace("duration = \"10s\"", "iterations = 5");
    let text = to_own_export(&counted, &["endpoints.r.visits[0].delay=2s"]);
    assert!(!text.contains("the run lasted"), "{text}");
    // A run that waited a minute for its setup did as much as the model.
    let setup = r#"{"metrics": {"iterations": {"count": 90, "rate": 1.2857},
        "http_reqs": {"count": 90, "rate": 1.2857}, "vus_max": {"max": 10},
        "iteration_duration": {"avg": 1100, "max": 1100}}}"#;
    let text = stdout(&fit(SHOP, "setup.json", setup));
    assert!(!text.contains("the run lasted"), "{text}");
}

#[test]
fn a_negative_trend_of_the_scripts_own_comes_back() {
    let model = SHOP.replace(
        "{ sleep = \"1s\" }",
        "{ sleep = \"1s\" }, { record = \"drift\", as = \"trend\", value = -4 }",
    );
    let text = to_own_export(&model, &[]);
    assert!(text.contains("good: 0.0 %"), "{text}");
    let row = text.lines().find(|l| l.contains("drift avg")).unwrap();
    assert!(row.contains("-4 ") && row.contains("+0.0 %"), "{row}");
    let other = r#"{"metrics": {"drift": {"avg": -8}, "http_reqs": {"count": 90}}}"#;
    let text = stdout(&fit(&model, "other.json", other));
    let row = text.lines().find(|l| l.contains("drift avg")).unwrap();
    assert!(row.contains("+50.0 %"), "{row}");
}

#[test]
fn a_summary_in_whole_seconds_is_compared_within_its_rounding() {
    let run = "http_req_duration...: avg=0.10s min=0.10s med=0.10s max=0.10s\n\
                iteration_duration...: avg=1.10s min=1.10s med=1.10s max=1.10s\n\
                http_reqs...: 100 10/s\nvus_max...: 10 min=10 max=10\n";
    let text = stdout(&fit(&SHOP.replace("100ms", "97ms"), "run.txt", run));
    assert!(text.contains("fit: good: 0.0 %"), "{text}");
    let off = stdout(&fit(&SHOP.replace("100ms", "110ms"), "run.txt", run));
    let row = off.lines().find(|l| l.contains("http_req_duration avg"));
    assert!(row.unwrap().contains("+4.8 %"), "{off}");
}

#[test]
fn numbers_are_shown_with_digits_that_say_something() {
    let once = SHOP
        .replace("constant-vus", "shared-iterations")
        .replace("vus = 10\nduration = \"10s\"", "vus = 1\niterations = 3");
    let text = "iteration_duration...: avg=700ns min=250ns med=458ns max=3µs\n\
                http_reqs...: 3 1/s\niterations...: 3 1/s\nvus_max...: 1 min=1 max=1\n";
    let text = stdout(&fit(&once, "run.txt", text));
    let row = text
        .lines()
        .find(|l| l.contains("iteration_duration med"))
        .unwrap();
    assert!(row.contains("458 ns") && row.contains("× 2.4e6"), "{row}");
    assert!(row.contains("1.100 s"), "{row}");
    assert!(text.contains("bad: the model does not behave like the system: a factor of"));
    let failing = SHOP.replace(
        "[{ delay = \"100ms\" }]",
        "[{ delay = \"100ms\" }, { fail = 0.02 }]",
    );
    let rate =
        r#"{"metrics": {"http_req_failed": {"value": 0.0005}, "http_reqs": {"count": 100}}}"#;
    let text = stdout(&fit(&failing, "run.json", rate));
    let row = text
        .lines()
        .find(|l| l.contains("http_req_failed rate"))
        .unwrap();
    assert!(row.contains(" 0.0005 ") && row.contains(" 0.0"), "{row}");
    assert!(row.contains("× "), "{row}");
}

#[test]
fn ranges_that_can_cross_are_refused_before_the_search() {
    let lognormal = "[{ delay = { lognormal = { median = \"90ms\", p99 = \"150ms\" } } }]";
    let model = SHOP.replace("[{ delay = \"100ms\" }]", lognormal);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("m.toml"), &model).unwrap();
    let run = r#"{"metrics": {"http_reqs": {"count": 90}, "http_req_duration": {"avg": 100}}}"#;
    std::fs::write(directory.path().join("run.json"), run).unwrap();
    let with = |free: &[&str]| {
        let mut all = vec!["fit", "m.toml", "--to", "run.json", "--budget", "runs=60"];
        free.iter().for_each(|f| all.extend(["--free", f]));
        capsim(directory.path(), &all)
    };
    let why = refused(&with(&["endpoints.r.**.median=10ms..400ms"]));
    let said = "--free endpoints.r.**.median=10ms..400ms: with endpoints.r.**.median at 400ms the model is invalid";
    assert!(why.contains(said), "{why}");
    let why = refused(&with(&["endpoints.r.**.p99=10ms..400ms"]));
    assert!(why.contains("p99") && why.contains("10ms"), "{why}");
    let both = [
        "endpoints.r.**.median=10ms..140ms",
        "endpoints.r.**.p99=120ms..400ms",
    ];
    let why = refused(&with(&both));
    assert!(
        why.contains("median at 140ms and endpoints.r.**.p99 at 120ms"),
        "{why}"
    );
    let apart = [
        "endpoints.r.**.median=10ms..140ms",
        "endpoints.r.**.p99=145ms..400ms",
    ];
    stdout(&with(&apart));
}

#[test]
fn the_parts_of_a_request_are_compared_where_the_network_models_them() {
    let network = "[network]\nlatency = \"5ms\"\nconnecting = \"30ms\"\n";
    let text = to_own_export(&format!("{SHOP}{network}"), &[]);
    assert!(text.contains("good: 0.0 %"), "{text}");
    let row = |text: &str, of: &str| text.lines().find(|l| l.contains(of)).map(str::to_owned);
    let avg = row(&text, "http_req_connecting avg").unwrap();
    assert!(
        avg.contains("+0.0 %") && !avg.contains("not fitted"),
        "{avg}"
    );
    assert!(
        row(&text, "http_req_connecting p(95)")
            .unwrap()
            .contains("(not fitted to)")
    );
    assert!(row(&text, "http_req_tls_handshaking").is_none(), "{text}");
    let text = to_own_export(&format!("{SHOP}{network}"), &["network.connecting=60ms"]);
    let avg = row(&text, "http_req_connecting avg").unwrap();
    assert!(avg.contains("-50.0 %"), "{avg}");
    // A model without a network says nothing of them.
    let text = to_own_export(SHOP, &[]);
    assert!(row(&text, "http_req_connecting").is_none(), "{text}");
    assert!(!text.contains("not in the model"), "{text}");
}

#[test]
fn of_two_structures_the_one_that_predicts_the_highest_load_is_fitted() {
    let one = |discipline: &str| {
        format!(
            "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 16\nduration = \"10s\"\njourney = \"j\"\n\
             [journeys]\nj = [{{ request = \"long\" }}, {{ request = \"short\" }}, {{ sleep = {{ exponential = \"1s\" }} }}]\n\
             [stations.cpu]\nservers = 1\ndiscipline = \"{discipline}\"\n\
             [endpoints.long]\nvisits = [{{ station = \"cpu\", time = \"60ms\" }}]\n\
             [endpoints.short]\nvisits = [{{ station = \"cpu\", time = \"4ms\" }}]\n"
        )
    };
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::write(at.join("workers.toml"), one("fifo")).unwrap();
    std::fs::write(at.join("sharing.toml"), one("processor-sharing")).unwrap();
    for load in ["0.25", "0.5", "1"] {
        let (set, out) = (format!("load={load}"), format!("{load}.json"));
        let run = [
            "run",
            "sharing.toml",
            "--quiet",
            "--set",
            &set,
            "--summary-export",
            &out,
        ];
        assert!(capsim(at, &run).status.success());
    }
    let fit = |first: &str, other: &str, free: &str| {
        let runs = ["--to", "0.25.json", "--to", "0.5.json", "--to", "1.json"];
        let choice = [
            &["fit", first, "--or", other, "--free", free][..],
            &runs[..],
        ]
        .concat();
        capsim(
            at,
            &[
                &choice[..],
                &["--budget", "runs=120", "--replications", "2"],
            ]
            .concat(),
        )
    };
    let free = "endpoints.short.visits[0].time=1ms..20ms";
    // Whichever is written first.
    for (first, other) in [
        ("workers.toml", "sharing.toml"),
        ("sharing.toml", "workers.toml"),
    ] {
        let text = stdout(&fit(first, other, free));
        assert!(
            text.starts_with("structures, each fitted to all runs but those of 16 VUs"),
            "{text}"
        );
        let taken: Vec<&str> = text
            .lines()
            .filter(|line| line.ends_with("taken"))
            .collect();
        assert!(
            taken.len() == 1 && taken[0].contains("sharing.toml"),
            "{text}"
        );
    }
    let why = refused(&fit(
        "workers.toml",
        "sharing.toml",
        "endpoints.shirt.visits[0].time=1ms..20ms",
    ));
    assert!(
        why.contains("in none of the models") && why.contains("endpoints.short"),
        "{why}"
    );
}

#[test]
fn a_step_beyond_a_bound_at_which_the_model_is_none_is_no_error() {
    // A share that ends at its upper bound, 4 % above which it would be more than 1.
    let model = SHOP.replace(
        "[endpoints.r]\nvisits = [{ delay = \"100ms\" }]",
        "[pools.p]\nsize = 20\nwarm_up = { lasts = \"5s\", from = 0.9 }\n\
         [endpoints.r]\nhold = \"p\"\nvisits = [{ delay = \"100ms\" }]",
    );
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::write(at.join("m.toml"), model).unwrap();
    let warm = "pools.p.warm_up.from=1.0";
    let run = [
        "run",
        "m.toml",
        "--quiet",
        "--set",
        warm,
        "--summary-export",
        "run.json",
    ];
    assert!(capsim(at, &run).status.success());
    let free = "pools.p.warm_up.from=0.5..0.999";
    let fit = [
        "fit", "m.toml", "--to", "run.json", "--free", free, "--budget", "runs=100",
    ];
    let text = stdout(&capsim(at, &fit));
    assert!(text.contains("pools.p.warm_up.from"), "{text}");
}

/// Ten VUs that wait 1,251.7 ms for each answer, and nothing else.
const SLOW: &str = r#"
[scenarios.default]
executor = "constant-vus"
vus = 10
duration = "10s"
graceful_stop = "0s"
journey = "j"
[journeys]
j = [{ request = "r" }]
[endpoints.r]
visits = [{ delay = "1251.7ms" }]
"#;

#[test]
fn simulated_times_are_made_by_the_rule_of_the_tool_that_measured() {
    // Locust keeps two digits of 1,251.7 ms, and the mean and the extremes as they are.
    let head = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,\
        Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,\
        50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%\n";
    let row = "70,0,1300,1251.7,1251.7,1251.7,3,7.0,0,1300,1300,1300,1300,1300,1300,1300,1300,1300,1300,1300\n";
    let stats = format!("{head}GET,/,{row},Aggregated,{row}");
    let text = stdout(&fit(SLOW, "stats.csv", &stats));
    assert!(
        text.contains("simulated times are made as Locust makes them"),
        "{text}"
    );
    for number in ["avg", "min", "max", "med", "p(95)", "p(99.9)"] {
        let name = format!("http_req_duration {number} ");
        let line = text.lines().find(|line| line.contains(&name));
        let line = line.unwrap_or_else(|| panic!("{number}: {text}"));
        assert!(line.contains(" +0.0 %"), "{line}");
    }
    // autocannon cuts to whole milliseconds.
    let cut = r#"{"url":"http://h","connections":10,"duration":10.0,"requests":{"average":7,"mean":7,"total":70},
        "sampleInt":1000,"latency":{"average":1251,"mean":1251,"stddev":0,"min":1251,"max":1251,"p50":1251,
        "p90":1251,"p97_5":1251,"p99":1251},"errors":0,"timeouts":0,"non2xx":0,"2xx":70,"4xx":0,"5xx":0}"#;
    let text = stdout(&fit(SLOW, "cut.json", cut));
    let line = text.lines().find(|line| line.contains("p(97.5)")).unwrap();
    assert!(line.contains("1.251 s       1.251 s    +0.0 %"), "{text}");
}

#[test]
fn every_file_of_another_tool_is_compared_or_refused_with_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats");
    let (mut compared, mut refused) = (0, 0);
    let entries = std::fs::read_dir(root).unwrap();
    let folders = entries.map(|entry| entry.unwrap().path());
    for folder in folders.filter(|path| path.is_dir()) {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            match capsim::study::fit::read::read(&path, None) {
                Ok(run) => {
                    compared += 1;
                    let timed = |r: &capsim::study::fit::read::Reading| {
                        r.metric == "http_req_duration" && r.value.is_finite()
                    };
                    assert!(run.readings.iter().any(timed), "{}", path.display());
                }
                Err(why) => {
                    refused += 1;
                    assert!(!why.message.is_empty() && !why.fix.is_empty(), "{why}");
                }
            }
        }
    }
    assert!(compared > 80 && refused > 0, "{compared} {refused}");
}

#[test]
fn a_prediction_is_scored_by_what_another_tool_makes_as_k6_does() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("m.toml", SLOW);
    let summary = r#"{"metrics": {"http_reqs": {"count": 70, "rate": 7}, "http_req_duration": {"avg": 1251.7,
        "p(95)": 1251.7}, "vus_max": {"value": 10, "max": 10}}}"#;
    write("run.json", summary);
    let free = "endpoints.r.visits[0].delay=1s..2s";
    let fit = [
        "fit", "m.toml", "--to", "run.json", "--free", free, "--budget", "runs=60",
    ];
    stdout(&capsim(
        directory.path(),
        &[&fit[..], &["--out", "f.toml"]].concat(),
    ));
    stdout(&capsim(
        directory.path(),
        &["predict", "f.toml", "--out", "p.json"],
    ));
    // oha's percentiles are one rank above the nearest.
    let oha = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/oha/oha-A.out.txt");
    let score = [
        "score",
        "p.json",
        "--all",
        "--against",
        oha.to_str().unwrap(),
    ];
    let text = stdout(&capsim(directory.path(), &score));
    assert!(
        text.contains("a rule of its own, and a prediction has k6's"),
        "{text}"
    );
    assert!(
        text.contains("http_req_duration avg") && !text.contains("p(95)"),
        "{text}"
    );
}
