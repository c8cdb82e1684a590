//! From low-load runs to a prediction, and from a prediction to its score.

use std::path::Path;

use assert_file::{capsim, write};
use capsim::model::threshold::Aggregation;
use capsim::model::{Document, K6Version, Override};
use capsim::report::{SummaryOptions, export};
use capsim::study::fit::formula::Formula;
use capsim::study::fit::free::Free;
use capsim::study::fit::predict::Question;
use capsim::study::fit::prediction::Prediction;
use capsim::study::fit::quality::judge;
use capsim::study::fit::read::{Stat, read_bytes};
use capsim::study::fit::score::{Kept, KeptNumber, Score};
use capsim::study::fit::search::{Budget, Search};
use capsim::study::fit::{Case, Fit, file};
use capsim::study::runner::HERE;
use capsim::world::World;
use capsim::world::summary::summary;

use super::samples::samples_of;

pub mod assert_file {
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};

    pub fn capsim(args: &[&str], directory: &Path) -> Output {
        let command = Command::new(env!("CARGO_BIN_EXE_capsim"))
            .args(args)
            .current_dir(directory)
            .output();
        command.unwrap()
    }

    pub fn write(directory: &Path, name: &str, text: &str) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

pub const SHOP: &str = r#"
[scenarios.main]
executor = "constant-vus"
vus = 10
duration = "20s"
journey = "buy"
[journeys]
buy = [{ request = "look" }, { request = "buy" }, { sleep = { exponential = "1s" } }]
[stations.cpu]
servers = 2
[endpoints.look]
visits = [{ delay = "2ms" }]
[endpoints.buy]
visits = [{ station = "cpu", time = { exponential = "20ms" } }]
[thresholds]
"http_req_duration{name:buy}" = ["p(95)<60000", "avg<1"]
"#;

fn samples(vus: u32, seed: u64) -> Vec<u8> {
    let text = SHOP.replace("vus = 10", &format!("vus = {vus}"));
    samples_of(&text, seed)
}

/// The shop, fitted to runs of 10, 20 and 30 users.
pub fn fitted() -> String {
    let wrong = SHOP.replace("20ms", "33ms");
    let document = Document::from_text("shop.toml", &wrong).unwrap();
    let free = ["endpoints.buy.**.exponential=2ms..200ms"];
    let case = |vus: u32| {
        let measured = read_bytes("run.json", &samples(vus, u64::from(vus)), None).unwrap();
        Case::new("run.json", measured, &document, &[], Vec::new()).unwrap()
    };
    let fit = Fit {
        document: &document,
        base: Vec::new(),
        free: free.map(|f| Free::parse(f, &document).unwrap()).to_vec(),
        cases: [10, 20, 30].map(case).to_vec(),
        seed: 1,
        runner: &HERE,
    };
    let budget = Budget {
        runs: 400,
        replications: 6,
    };
    let found = Search::new(&fit, budget, &|_, _| {}).run().unwrap();
    let quality = judge(&fit, &found);
    file::text(&fit, &found, &quality).unwrap()
}

/// As many numbers have wider ranges, by their medians, as have narrower ones.
fn the_half_width_is_the_middle_one(prediction: &Prediction, score: &Score) {
    let of = |number: &KeptNumber| {
        let (low, high) = number.range_95;
        (high - low) / (2.0 * number.median)
    };
    let rows = score.rows.iter().filter(|row| row.number.median > 0.0);
    let all: Vec<f64> = rows.map(|row| of(row.number)).collect();
    let middle = score.half_width().unwrap();
    let wider = all.iter().filter(|w| **w >= middle).count();
    let narrower = all.iter().filter(|w| **w <= middle).count();
    assert!(
        2 * wider >= all.len() && 2 * narrower >= all.len(),
        "{middle} {all:?}"
    );
    // Something is said, and not everything.
    let own = prediction.half_width().unwrap();
    assert!(
        (0.001..1.0).contains(&middle) && (0.001..1.0).contains(&own),
        "{middle} {own}"
    );
    let zero = KeptNumber {
        median: 0.0,
        ..score.rows[0].number.clone()
    };
    assert_eq!(zero.half_width(), None);
}

/// A run of twice the length has other counts: that is why, and not the capacity.
fn longer_runs_are_named(near: &Prediction) {
    let kept = Kept::new(near, "fitted.toml");
    let longer = SHOP.replace("vus = 10", "vus = 40").replace("20s", "40s");
    let longer = Document::from_text("longer.toml", &longer).unwrap();
    let model = longer.check(&[]).unwrap().model;
    let outcome = World::new(&model, 99, 0).run();
    let options = SummaryOptions::new(K6Version::V2);
    let export = export::summary_export(&summary(&outcome, &model), &options);
    let run = read_bytes("longer.json", export.as_bytes(), None).unwrap();
    let score = Score::new(&kept, &run);
    assert!(
        score
            .lengths
            .is_some_and(|(run, test)| run > 39.0 && test < 30.0)
    );
    let cause = score.likely_cause().unwrap_or_default();
    assert!(
        cause.starts_with("the run lasted 4") && cause.contains(" s and the test predicted 2"),
        "{cause}"
    );
}

#[test]
fn a_prediction_holds_the_run_made_since_and_says_so() {
    let text = fitted();
    let document = Document::from_text("fitted.toml", &text).unwrap();
    let question = |load: &str| Question {
        document: &document,
        overrides: vec![Override::new("load", load).unwrap()],
        window: None,
        seed: 3,
        draws: 60,
        runner: &HERE,
    };
    // Two servers and 20 ms: full at 102 users.
    let (near, far) = (
        question("4").predict().unwrap(),
        question("12").predict().unwrap(),
    );
    for (prediction, vus) in [(&near, 40), (&far, 120)] {
        assert_eq!(prediction.peak, f64::from(vus));
        let kept = Kept::new(prediction, "fitted.toml");
        assert_eq!(Kept::parse(&kept.text()).unwrap(), kept);
        let run = read_bytes("since.json", &samples(vus, 99), None).unwrap();
        let score = Score::new(&kept, &run);
        let inside = score.rows.iter().filter(|row| row.in_95).count();
        assert!(score.rows.len() > 15, "{}", score.rows.len());
        assert!(10 * inside >= 8 * score.rows.len(), "{:#?}", score.rows);
        assert!(score.crps() < 0.2, "{}", score.crps());
        the_half_width_is_the_middle_one(prediction, &score);
        let [passes, crossed] = score.thresholds.as_slice() else {
            panic!("{:?}", score.thresholds)
        };
        assert!(passes.held && passes.threshold.passes > 0.99);
        assert!(!crossed.held && crossed.threshold.passes < 0.01);
        assert_eq!(prediction.codes, [(99, 1.0)]);
        let shares = prediction.shares(prediction.in_question());
        let sum = shares.parameters
            + shares.run_to_run
            + shares.drift
            + shares.lack
            + shares.waiting
            + shares.chance;
        assert!((sum - 1.0).abs() < 1e-9);
        assert!(!prediction.measurements(0).is_empty());
    }
    longer_runs_are_named(&near);
    // Further away, and full, it is less sure.
    let width = |p: &Prediction| {
        let number = p
            .numbers
            .iter()
            .find(|n| n.name() == "http_req_duration{name:buy} avg");
        let (low, high) = number.unwrap().range(0.95);
        high / low
    };
    assert!(
        width(&far) > width(&near),
        "{} {}",
        width(&far),
        width(&near)
    );
}

#[test]
fn the_formula_is_exact_where_its_assumptions_hold() {
    let text = SHOP.replace("vus = 10", "vus = 80").replace("20s", "400s");
    let document = Document::from_text("shop.toml", &text).unwrap();
    let model = document.check(&[]).unwrap().model;
    let formula = Formula::new(&model, None).unwrap();
    assert_eq!(formula.name, "M/M/2//80 (station cpu)");
    let outcome = World::new(&model, 5, 0).run();
    let options = SummaryOptions::new(K6Version::V2);
    let export = export::summary_export(&summary(&outcome, &model), &options);
    let run = read_bytes("run.json", export.as_bytes(), None).unwrap();
    for (metric, stat, within) in [
        ("http_reqs", Aggregation::Rate, 0.015),
        ("http_req_duration{name:buy}", Aggregation::Avg, 0.08),
        ("iteration_duration", Aggregation::Avg, 0.02),
    ] {
        let measured = run.value(metric, Stat::Of(stat)).unwrap();
        let said = formula.number(metric, Stat::Of(stat)).unwrap();
        assert!(
            (said / measured - 1.0).abs() < within,
            "{metric} {said} {measured}"
        );
    }
    assert!(formula.number("checks", Stat::Passes).is_none());
}

/// Little's law of the whole: users = throughput × (response + think time), whoever visits the bottleneck how often.
#[test]
fn the_formula_waits_as_often_as_the_bottleneck_is_visited() {
    let text = "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 300\nduration = \"60s\"\njourney = \"j\"\n\
                [journeys]\nj = [{ request = \"twice\" }, { request = \"elsewhere\" }, { sleep = \"1s\" }]\n\
                [stations.s]\nservers = 1\n[stations.rest]\nservers = \"infinite\"\n\
                [endpoints.twice]\nvisits = [{ station = \"s\", time = { exponential = \"5ms\" } }, \
                { station = \"s\", time = { exponential = \"5ms\" } }]\n\
                [endpoints.elsewhere]\nvisits = [{ station = \"rest\", time = \"3ms\" }]\n";
    let document = Document::from_text("twice.toml", text).unwrap();
    let model = document.check(&[]).unwrap().model;
    let formula = Formula::new(&model, None).unwrap();
    let number = |metric: &str, stat| formula.number(metric, Stat::Of(stat)).unwrap();
    let iteration = number("iteration_duration", Aggregation::Avg) / 1e3;
    // Two visits of 5 ms: at most 100 iterations a second.
    assert!((iteration - 3.0).abs() < 0.01, "{iteration}");
    let twice = number("http_req_duration{name:twice}", Aggregation::Avg);
    assert!((twice / 1e3 - (iteration - 1.003)).abs() < 1e-9, "{twice}");
    let median = number("http_req_duration{name:twice}", Aggregation::Med);
    assert!((median / twice - 1.0).abs() < 0.1, "{median} {twice}");
    let elsewhere = number("http_req_duration{name:elsewhere}", Aggregation::Avg);
    assert_eq!(elsewhere, 3.0);
}

#[test]
fn what_is_no_prediction_is_refused_and_a_model_without_a_fit_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let at: &Path = directory.path();
    write(at, "shop.toml", SHOP);
    let args = ["predict", "shop.toml", "--runs", "20", "--out", "p.json"];
    let done = capsim(&args, at);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{done:?}");
    assert!(
        text.contains("never fitted") && text.lines().count() <= 40,
        "{text}"
    );
    for (name, content, says) in [
        ("no.json", "{}", "not a prediction"),
        ("kind.json", "{\"kind\": 3}", "not a prediction"),
        ("text.json", "hello", "not a prediction"),
    ] {
        write(at, name, content);
        let done = capsim(&["score", name, "--against", "p.json"], at);
        let error = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(104), "{error}");
        assert!(error.contains(name) && error.contains(says), "{error}");
    }
    let broken = format!("{SHOP}\n[fitted]\nto = [\"a\"]\n");
    write(at, "old.toml", &broken);
    let done = capsim(&["predict", "old.toml"], at);
    let error = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(104), "{error}");
    assert!(error.contains("fit the model again"), "{error}");
}

#[test]
fn a_bad_fit_is_named_beside_what_it_predicts() {
    let directory = tempfile::tempdir().unwrap();
    let at: &Path = directory.path();
    let good = fitted();
    let error = good.lines().find(|line| line.starts_with("error = "));
    let bad = good.replace(error.unwrap(), "error = 0.36");
    for (name, text, says) in [("good.toml", &good, false), ("bad.toml", &bad, true)] {
        write(at, name, text);
        let done = capsim(&["predict", name, "--runs", "20"], at);
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{done:?}");
        assert_eq!(
            text.contains("the fit was bad: off by 36 %"),
            says,
            "{text}"
        );
    }
}

const GAUGE: &str = "
[scenarios.s]
executor = \"constant-vus\"
vus = 5
duration = \"5s\"
journey = \"j\"
[journeys]
j = [{ request = \"e\" }, { sleep = \"100ms\" }]
[stations.cpu]
servers = 1
[endpoints.e]
visits = [{ station = \"cpu\", time = \"5ms\" }, { fail = 0.3, status = 500 }]
[thresholds]
vus = [\"value>1000\"]
http_req_failed = [\"rate<0.01\"]
";

#[test]
fn a_window_beyond_the_load_is_refused_and_what_is_not_predicted_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let at: &Path = directory.path();
    write(at, "gauge.toml", GAUGE);
    let done = capsim(
        &[
            "predict",
            "gauge.toml",
            "--runs",
            "20",
            "--window",
            "4s..9s",
        ],
        at,
    );
    let error = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(104), "{error}");
    assert!(error.contains("the load ends after 5 s"), "{error}");
    let done = capsim(
        &["predict", "gauge.toml", "--runs", "20", "--out", "p.json"],
        at,
    );
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(text.contains("vus value>1000: not predicted"), "{text}");
    // A run tells a rate by its passes and fails; its threshold is judged all the same.
    let run = [
        "run",
        "gauge.toml",
        "--quiet",
        "--summary-export",
        "run.json",
    ];
    assert_eq!(capsim(&run, at).status.code(), Some(99));
    let done = capsim(&["score", "p.json", "--against", "run.json"], at);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(text.contains("http_req_failed rate<0.01"), "{text}");
}
