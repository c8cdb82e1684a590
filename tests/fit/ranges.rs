//! What a fit leaves open of a limit of capacity, of the difference of two designs, and of many runs.

use std::path::Path;

use capsim::model::{Document, Override};
use capsim::study::answers::capacity::{self, search};
use capsim::study::fit::difference::{Differences, differences};
use capsim::study::fit::known::known;
use capsim::study::fit::limit::{Limits, limits};
use capsim::study::fit::predict::Question;
use capsim::study::fit::prediction::Prediction;
use capsim::study::runner::HERE;

use crate::predict::assert_file::{capsim, write};
use crate::predict::{SHOP, fitted};

/// The thresholds of a shop.
fn held_to(text: &str, thresholds: &str) -> Document {
    let text = text.replace("[\"p(95)<60000\", \"avg<1\"]", thresholds);
    Document::from_text("shop.toml", &text).unwrap()
}

fn asked<'a>(
    document: &'a Document,
    path: &str,
    (low, high): (f64, f64),
) -> capacity::Question<'a> {
    capacity::Question {
        document,
        base: Vec::new(),
        path: path.to_owned(),
        low,
        high,
        minimise: path != "load",
        seed: 3,
        budget: 200,
        precision: 0.01,
        runner: &HERE,
    }
}

fn limits_of(asked: &capacity::Question<'_>, draws: u64) -> Limits {
    let answer = search(asked, &|_, _| (), &|| true).unwrap();
    let found = limits(asked, &answer, draws, &|_| (), &|| true).unwrap();
    found.unwrap()
}

fn test_of<'a>(document: &'a Document, changes: &[(&str, &str)], draws: u64) -> Question<'a> {
    let changes = changes.iter();
    Question {
        document,
        overrides: changes.map(|(p, v)| Override::new(p, v).unwrap()).collect(),
        window: None,
        seed: 11,
        draws,
        runner: &HERE,
    }
}

/// The probability that a test passes, by runs that have nothing to do with those of a limit.
fn passes(document: &Document, path: &str, value: f64) -> f64 {
    let question = test_of(document, &[(path, &format!("{value:.6}"))], 200);
    let prediction = question.predict().unwrap();
    let zero = prediction.codes.iter().find(|(code, _)| *code == 0);
    zero.map_or(0.0, |(_, share)| *share)
}

#[test]
fn so_many_tests_pass_at_the_ends_of_a_limits_range() {
    let document = held_to(&fitted(), "[\"p(95)<200\"]");
    let asked = asked(&document, "load", (2.0, 20.0));
    let found = limits_of(&asked, 80);
    let (low, high) = found.limits.range(0.8);
    let (lowest, highest) = found.limits.range(0.95);
    assert!(lowest < low && low < high && high < highest);
    // Of 200 tests a share of 0.1 has a standard deviation of 0.02, and the range, of 80, one of 0.03.
    let (at_low, at_high) = (
        passes(&document, "load", low),
        passes(&document, "load", high),
    );
    assert!((0.8..=1.0).contains(&at_low), "{at_low} {low}");
    assert!((0.0..=0.2).contains(&at_high), "{at_high} {high}");
    let middle = passes(&document, "load", found.limits.quantile(0.5));
    assert!((0.25..=0.75).contains(&middle), "{middle}");
    // What the shop itself takes lies within.
    let truth = held_to(SHOP, "[\"p(95)<200\"]");
    let answer = search(
        &self::asked(&truth, "load", (2.0, 20.0)),
        &|_, _| (),
        &|| true,
    );
    let truth = answer.unwrap().estimate.unwrap();
    assert!(
        lowest < truth && truth < highest,
        "{lowest} {truth} {highest}"
    );
    assert_eq!(found.beyond, (0.0, 0.0));
    // On any number of threads.
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let again = one.install(|| limits_of(&asked, 80));
    assert_eq!(again.limits, found.limits);
}

#[test]
fn limits_beyond_the_range_are_counted_and_whole_numbers_stay_whole() {
    let text = fitted();
    let document = held_to(&text, "[\"p(95)<200\", \"avg<190\"]");
    let near = limits_of(&asked(&document, "load", (0.1, 2.0)), 40);
    assert_eq!(near.beyond, (0.0, 1.0));
    assert!(near.breaks.is_empty());
    assert_eq!(near.limits.range(0.95), (2.0, 2.0));
    let far = limits_of(&asked(&document, "load", (16.0, 17.0)), 40);
    assert_eq!(far.beyond, (1.0, 0.0));
    let shares: f64 = far.breaks.iter().map(|(_, share)| share).sum();
    assert!((shares - 1.0).abs() < 1e-9, "{:?}", far.breaks);
    let mut servers = asked(&document, "stations.cpu.servers", (1.0, 12.0));
    servers.base.push(Override::new("load", "11").unwrap());
    let servers = limits_of(&servers, 40);
    assert!(servers.limits.sample.iter().all(|n| n.fract() == 0.0));
    let (low, high) = servers.limits.range(0.95);
    assert!(
        (2.0..=4.0).contains(&low) && (3.0..=9.0).contains(&high),
        "{low} {high}"
    );
    // What nobody threatens has no limit; what is spent makes none.
    let open = held_to(&text, "[]");
    let asked = asked(&document, "load", (2.0, 20.0));
    let answer = search(&asked, &|_, _| (), &|| true).unwrap();
    let nothing = limits(&asked, &answer, 40, &|_| (), &|| false);
    assert!(nothing.unwrap().is_none());
    let open = self::asked(&open, "load", (2.0, 20.0));
    assert!(limits(&open, &answer, 40, &|_| (), &|| true).is_err());
}

fn compared(a: &Question<'_>, b: &Question<'_>) -> Differences {
    differences(a, b, &|_| ()).unwrap()
}

#[test]
fn a_difference_is_that_of_two_predictions_run_by_run() {
    let text = fitted();
    let document = Document::from_text("fitted.toml", &text).unwrap();
    let a = test_of(&document, &[("load", "9")], 60);
    let b = test_of(
        &document,
        &[("load", "9"), ("stations.cpu.servers", "3")],
        60,
    );
    let found = compared(&a, &b);
    let (in_a, in_b) = (a.predict().unwrap(), b.predict().unwrap());
    assert_eq!(found.numbers.len(), in_a.numbers.len());
    for ((n, a), b) in found.numbers.iter().zip(&in_a.numbers).zip(&in_b.numbers) {
        assert_eq!((&n.a.sample, &n.b.sample), (&a.sample, &b.sample));
    }
    let of = |found: &Differences, name: &str| {
        let mut all = found.numbers.iter();
        all.find(|n| n.by.name() == name).unwrap().clone()
    };
    let name = "http_req_duration{name:buy} avg";
    let buy = of(&found, name);
    assert!(buy.lower == 1.0 && buy.by.range(0.95).1 < 0.0, "{buy:?}");
    // Nothing of the other endpoint changes.
    let look = of(&found, "http_req_duration{name:look} med");
    assert_eq!(look.by.range(0.95), (0.0, 0.0));
    // A design is no better than itself.
    let none = compared(&a, &a);
    assert!(
        none.common
            && none
                .numbers
                .iter()
                .all(|n| n.by.sample.iter().all(|d| *d == 0.0))
    );
    // Of two fits nothing is common, and the difference is less sure.
    let other = text.replace("to = [\"run.json\"", "to = [\"other.json\", \"run.json\"");
    let other = Document::from_text("other.toml", &other).unwrap();
    let apart = compared(&a, &test_of(&other, &[("load", "9")], 60));
    assert!(!apart.common);
    let (low, high) = of(&apart, name).by.range(0.95);
    assert!(low < 0.0 && high > 0.0, "{low} {high}");
    // A number that one of them does not have is left out.
    let renamed = Document::from_text(
        "b.toml",
        &text
            .replace("\"look\"", "\"see\"")
            .replace("endpoints.look", "endpoints.see"),
    )
    .unwrap();
    let both = compared(&a, &test_of(&renamed, &[("load", "9")], 20));
    let names: Vec<String> = both.numbers.iter().map(|n| n.by.name()).collect();
    assert!(names.iter().any(|n| n == name) && !names.iter().any(|n| n.contains("look")));
}

fn printed(at: &Path, arguments: &[&str]) -> String {
    let done = capsim(arguments, at);
    String::from_utf8_lossy(&done.stdout).into_owned()
}

const CAPACITY: &[&str] = &[
    "capacity",
    "fitted.toml",
    "--vary",
    "load=2..20",
    "--budget",
    "runs=60",
];
const COMPARE: &[&str] = &[
    "compare",
    "fitted.toml",
    "--set-b",
    "load=2",
    "--replications",
    "4",
];
const MANY: &[&str] = &["run", "fitted.toml", "--replications", "4"];

fn with_fitted() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let text = fitted().replace("\"avg<1\"", "\"avg<100\"");
    write(directory.path(), "fitted.toml", &text);
    directory
}

#[test]
fn studies_of_a_fitted_model_print_ranges() {
    let directory = with_fitted();
    let at = directory.path();
    for (command, title, also) in [
        (
            CAPACITY,
            "ranges of the limits of all tests to come, from 100 tests",
            "largest passing load",
        ),
        (
            COMPARE,
            "ranges of B - A in all tests to come, from 200 pairs of runs",
            "seeds alone",
        ),
        (
            MANY,
            "ranges of all runs to come, from 200 runs",
            "seeds alone",
        ),
    ] {
        let text = printed(at, command);
        assert!(text.contains(title) && text.contains(also), "{text}");
        assert!(text.contains("fitted: to 3 runs"), "{text}");
        let with = |more: &[&str]| printed(at, &[command, more].concat());
        let few = with(&["--ranges", "20", "--report", "page.html"]);
        assert!(few.contains("from 20 "), "{few}");
        let page = std::fs::read_to_string(at.join("page.html")).unwrap();
        assert!(page.contains("What the fit leaves open") && page.contains("from 20 "));
        let none = with(&["--ranges", "0"]);
        assert!(
            !none.contains("to come, from") && text.starts_with(&none),
            "{none}"
        );
    }
    // The same runs as those of a prediction.
    let predicted = printed(at, &["predict", "fitted.toml", "--out", "kept.json"]);
    let rows: Vec<&str> = predicted.lines().filter(|l| l.contains(" … ")).collect();
    let text = printed(at, MANY);
    assert!(
        rows.len() > 5 && rows.iter().all(|row| text.contains(row)),
        "{text}"
    );
    let json = |name: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(at.join(name)).unwrap()).unwrap()
    };
    let export = ["--summary-export", "many.json"];
    printed(at, &[MANY, &export].concat());
    let (many, kept) = (json("many.json"), json("kept.json"));
    assert!(many["ranges"]["numbers"].as_array().unwrap().len() > 5);
    for part in ["numbers", "thresholds", "exit_codes", "draws"] {
        assert_eq!(many["ranges"][part], kept[part], "{part}");
    }
    printed(at, &[MANY, &export, &["--ranges", "0"]].concat());
    assert!(json("many.json").get("ranges").is_none());
}

#[test]
fn ranges_that_cost_much_or_cannot_be_had_are_told() {
    let directory = with_fitted();
    let at = directory.path();
    let longer = "scenarios.main.duration=20000s";
    let long = printed(at, &["run", "fitted.toml", "--set", longer]);
    assert!(long.contains("ranges: none, as they take"), "{long}");
    let steady = [
        "run",
        "fitted.toml",
        "--steady",
        "--replications",
        "2",
        "--ranges",
        "40",
    ];
    let quiet = ["run", "fitted.toml", "--quiet", "--ranges", "40"];
    let cost = [
        "--minimise",
        "cost",
        "--vary",
        "stations.cpu.servers=1..3",
        "--ranges",
        "40",
    ];
    let cost = [&["capacity", "fitted.toml"][..], &cost].concat();
    for refused in [&steady[..], &quiet, &cost] {
        let done = capsim(refused, at);
        let error = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(
            !done.status.success() && error.contains("--ranges"),
            "{error}"
        );
    }
}

#[test]
fn of_structures_that_are_as_likely_each_is_drawn_as_often() {
    let text = fitted();
    let document = Document::from_text("fitted.toml", &text).unwrap();
    let slower = "cpu\", time = \"20ms\" }, { station = \"cpu\", time =";
    let slower = text.replace("cpu\", time =", slower);
    let slower = Document::from_text("slower.toml", &slower).unwrap();
    let (a, b) = (test_of(&document, &[], 80), test_of(&slower, &[], 80));
    let mean = |p: &Prediction| {
        let mut all = p.numbers.iter();
        let number = all.position(|n| n.name() == "http_req_duration{name:buy} avg");
        number.unwrap()
    };
    let (in_a, in_b) = (a.predict().unwrap(), b.predict().unwrap());
    let both = a.predict_with(std::slice::from_ref(&b), &|_| ()).unwrap();
    assert_eq!((both.structures, both.draws), (2, 80));
    let at = mean(&both);
    let [one, other, mixed] = [&in_a, &in_b, &both].map(|p| &p.numbers[at]);
    assert!(one.quantile(1.0) < other.quantile(0.0), "{one:?} {other:?}");
    let (lower, upper) = mixed.sample.split_at(40);
    // Every run is one that the structure makes by itself with the same number.
    assert!(lower.iter().all(|x| one.sample.contains(x)));
    assert!(upper.iter().all(|x| other.sample.contains(x)));
    let shares = both.shares(at);
    assert!(
        shares.structure > 0.8 && shares.structure < 1.0,
        "{shares:?}"
    );
    let words = shares.words(&both.names);
    assert!(words[0].0.contains("structures"), "{words:?}");
    let sum: f64 = words.iter().map(|(_, share)| share).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    // One structure, or the same twice, has no such share; alone it is what it was.
    let alone = a.predict_with(&[], &|_| ()).unwrap();
    assert_eq!(alone.numbers, in_a.numbers);
    assert_eq!(alone.shares(at).structure, 0.0);
    let twice = a.predict_with(std::slice::from_ref(&a), &|_| ()).unwrap();
    assert!(twice.shares(at).structure < 0.1);
    assert_eq!(twice.numbers, in_a.numbers);
}

#[test]
fn another_structure_is_named_on_the_command_line() {
    let directory = with_fitted();
    let at = directory.path();
    let text = std::fs::read_to_string(at.join("fitted.toml")).unwrap();
    write(at, "host.toml", &on_a_host(&text));
    let predict = [
        "predict",
        "fitted.toml",
        "--runs",
        "40",
        "--or",
        "host.toml",
    ];
    let text = printed(at, &predict);
    assert!(
        text.starts_with("prediction of fitted.toml or host.toml at 10 VUs"),
        "{text}"
    );
    assert!(text.contains("as many of each of 2 structures"), "{text}");
    let done = capsim(&["predict", "fitted.toml", "--or", "none.toml"], at);
    assert!(!done.status.success());
}

fn on_a_host(text: &str) -> String {
    let station = text.replace("servers = 2\n", "servers = 2\non = \"box\"\n");
    station.replace(
        "[endpoints.look]",
        "[hosts.box]\ncores = 2\n[endpoints.look]",
    )
}

#[test]
fn a_model_with_hosts_drifts_either_way() {
    let text = fitted();
    let middle = |text: &str| {
        let document = Document::from_text("m.toml", text).unwrap();
        let load = [Override::new("load", "30").unwrap()];
        let (most, [low, high]) = known(&document, &load).unwrap().unwrap().most;
        (low * high).sqrt() / most
    };
    // 300 users are ten times 30: times are longer by a factor of 10^0.01.
    assert!((middle(&text) / 0.977_237_221 - 1.0).abs() < 1e-6);
    assert!((middle(&on_a_host(&text)) - 1.0).abs() < 1e-9);
}
