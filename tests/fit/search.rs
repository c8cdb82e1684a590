//! Fits against runs whose parameters are known.

use capsim::model::{Document, K6Version, Override};
use capsim::report::SummaryOptions;
use capsim::study::fit::free::Free;
use capsim::study::fit::quality::{Quality, judge};
use capsim::study::fit::read::{Measured, read_bytes};
use capsim::study::fit::search::{Budget, Found, Search};
use capsim::study::fit::{Case, Fit, file};
use capsim::study::runner::HERE;
use capsim::world::World;
use capsim::world::summary::summary;

const SHOP: &str = r#"
# A shop: this comment stays.
[model]
summary_trend_stats = ["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"]
[scenarios.main]
executor = "ramping-vus"
stages = [{ duration = "10s", target = 60 }, { duration = "40s", target = 60 }]
journey = "buy"
[journeys]
buy = [{ request = "list" }, { request = "buy" }, { sleep = { uniform = ["300ms", "700ms"] } }]
[stations.cpu]
servers = 2
discipline = "processor-sharing"
[endpoints.list]
visits = [{ delay = "2ms" }, { station = "cpu", time = { lognormal = { mean = "6ms", cv = 0.5 } } }] # list
[endpoints.buy]
visits = [{ station = "cpu", time = { lognormal = { mean = "14ms", cv = 1.2 } } }]
[thresholds]
"http_req_duration{name:list}" = ["max>=0"]
"http_req_duration{name:buy}" = ["max>=0"]
"#;

/// What a run of the model prints, as k6 would.
fn run(text: &str, seed: u64) -> String {
    let document = Document::from_text("shop.toml", text).unwrap();
    let model = document.check(&[]).unwrap().model;
    let outcome = World::new(&model, seed, 0).run();
    {
        let mut options = SummaryOptions::new(K6Version::V2);
        options.trend_stats = model.summary_trend_stats.clone();
        capsim::report::summary(&summary(&outcome, &model), &options)
    }
}

fn fit(document: &Document, measured: &[&str], free: &[&str]) -> (Found, Quality, String) {
    let free = free.iter().map(|f| Free::parse(f, document).unwrap());
    let case = |text: &&str| {
        let measured: Measured = read_bytes("run.txt", text.as_bytes(), None).unwrap();
        Case::new("run.txt", measured, document, &[], Vec::new()).unwrap()
    };
    let fit = Fit {
        document,
        base: Vec::new(),
        free: free.collect(),
        cases: measured.iter().map(case).collect(),
        seed: 1,
        runner: &HERE,
    };
    let budget = Budget {
        runs: 900,
        replications: 8,
    };
    let found = Search::new(&fit, budget, &|_, _| {}).run().unwrap();
    let quality = judge(&fit, &found);
    let text = file::text(&fit, &found, &quality).unwrap();
    assert!(found.runs <= budget.runs, "{}", found.runs);
    (found, quality, text)
}

#[test]
fn known_parameters_are_found_again_from_wrong_starts() {
    // With cores to spare, the laws of service show in the response times; a long run has little noise.
    let long = SHOP
        .replace("40s", "150s")
        .replace("servers = 2", "servers = 5");
    let data = run(&long, 77);
    let wrong = long
        .replace("mean = \"6ms\", cv = 0.5", "mean = \"12ms\", cv = 1.0")
        .replace("mean = \"14ms\", cv = 1.2", "mean = \"7ms\", cv = 0.6");
    let document = Document::from_text("shop.toml", &wrong).unwrap();
    let (_, quality, text) = fit(
        &document,
        &[&data],
        &[
            "endpoints.list.**.mean=1ms..50ms",
            "endpoints.buy.**.mean=1ms..50ms",
            "endpoints.list.**.cv=0.1..3",
            "endpoints.buy.**.cv=0.1..3",
        ],
    );
    println!("{quality:#?}\n{text}");
    for (parameter, truth) in quality.parameters.iter().zip([6e6, 14e6, 0.5, 1.2]) {
        let error = parameter.value / truth - 1.0;
        assert!(error.abs() < 0.05, "{truth}: {parameter:?}");
        assert!(parameter.determined && !parameter.at_bound);
        let (low, high) = parameter.interval;
        assert!(low <= truth && truth <= high, "{truth}: {parameter:?}");
    }
    assert!(quality.words().starts_with("good"), "{}", quality.words());
    assert!(quality.blind.is_empty());
    // The file keeps what the user wrote and can be run; beyond the data, it says so.
    assert!(text.contains("# A shop: this comment stays.") && text.contains("# list"));
    let fitted = Document::from_text("fitted.toml", &text).unwrap();
    assert_eq!(fitted.check(&[]).unwrap().warnings, Vec::<String>::new());
    let twice = Override::parse("load=2").unwrap();
    let warnings = fitted.check(&[twice]).unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("extrapolating × 2"), "{warnings:?}");
}

#[test]
fn what_the_data_cannot_tell_apart_is_reported() {
    let two = SHOP.replace(
        "{ delay = \"2ms\" }",
        "{ delay = \"20ms\" }, { delay = \"30ms\" }",
    );
    let data = run(&two, 5);
    let document = Document::from_text("shop.toml", &two).unwrap();
    let (_, quality, _) = fit(
        &document,
        &[&data],
        &[
            "endpoints.list.visits[0].delay=10ms..60ms",
            "endpoints.list.visits[1].delay=10ms..60ms",
        ],
    );
    println!("{quality:#?}");
    let [blind] = quality.blind.as_slice() else {
        panic!("{quality:?}")
    };
    let mut members: Vec<usize> = blind.members.iter().map(|m| m.0).collect();
    members.sort_unstable();
    assert_eq!(members, [0, 1]);
    assert!(
        blind.advice.contains("measure one of them directly"),
        "{}",
        blind.advice
    );
    assert!(quality.parameters.iter().all(|p| !p.determined));
}

#[test]
fn a_whole_number_is_found_where_it_shows() {
    // 60 users on two cores are near the knee: the number of cores matters.
    let data = run(SHOP, 9);
    let document =
        Document::from_text("shop.toml", &SHOP.replace("servers = 2", "servers = 5")).unwrap();
    let (_, quality, text) = fit(
        &document,
        &[&data],
        &[
            "stations.cpu.servers=1..8",
            "endpoints.buy.**.mean=1ms..50ms",
        ],
    );
    println!("{quality:#?}");
    assert_eq!(quality.parameters[0].value, 2.0);
    assert!(quality.parameters[0].determined);
    assert!((quality.parameters[1].value / 14e6 - 1.0).abs() < 0.05);
    assert!(text.contains("servers = 2"));
}

#[test]
fn wrong_free_parameters_are_refused_with_a_reason() {
    let document = Document::from_text("shop.toml", SHOP).unwrap();
    let why = |text: &str| Free::parse(text, &document).unwrap_err();
    assert!(why("stations.cpu.servers").contains("PATH=a..b"));
    assert!(why("stations.cpu.servers=4").contains("needs `..`"));
    assert!(why("stations.cpu.server=1..4").contains("did you mean `stations.cpu.servers`"));
    assert!(why("stations.cpu.servers=4..1").contains("ascending"));
    assert!(why("endpoints.buy.**.mean=1..4").contains("is a time"));
    assert!(why("stations.cpu.servers=1ms..4").contains("one bound is a time"));
}

/// A law of the wrong shape: percentiles pull the mean away, and with it the capacity.
#[test]
fn the_means_of_low_loads_are_met_whatever_the_percentiles_say() {
    let law = "lognormal = { mean = \"14ms\", cv = 1.2 }";
    let few = SHOP.replace("target = 60", "target = 20");
    let mixture =
        "mixture = [{ weight = 4, of = \"9ms\" }, { weight = 1, of = { exponential = \"34ms\" } }]";
    let data = [3, 4].map(|seed| run(&few.replace(law, mixture), seed));
    let wrong = few.replace(law, "lognormal = { mean = \"9ms\", cv = 0.3 }");
    let document = Document::from_text("shop.toml", &wrong).unwrap();
    let texts: Vec<&str> = data.iter().map(String::as_str).collect();
    let free = [
        "endpoints.list.**.mean=1ms..50ms",
        "endpoints.buy.**.mean=1ms..50ms",
    ];
    let (found, _, _) = fit(&document, &texts, &free);
    assert_eq!(found.exact.len(), 2);
    for row in 0..2 {
        let residual = found.residuals[found.residuals.len() - 2 + row];
        let apart = residual * found.exact[row].scale;
        println!("{}: {apart}", found.exact[row].metric);
        assert!(apart.abs() < 0.005, "{}: {apart}", found.exact[row].metric);
    }
}
