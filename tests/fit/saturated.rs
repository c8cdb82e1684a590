//! A run at a full server of which the model knows nothing does not spoil what the other runs tell, and is named.

use capsim::model::Document;
use capsim::study::fit::free::Free;
use capsim::study::fit::quality::{Quality, judge};
use capsim::study::fit::read::read_bytes;
use capsim::study::fit::search::{Budget, Search, enough};
use capsim::study::fit::{Case, Fit};
use capsim::study::runner::HERE;

use super::samples::samples_of;

const SHOP: &str = r#"
[scenarios.main]
executor = "ramping-vus"
start_vus = 1
stages = [{ duration = "2s", target = 100 }, { duration = "14s", target = 100 }]
journey = "buy"
[journeys]
buy = [{ request = "list" }, { request = "buy" }, { sleep = { uniform = ["800ms", "1200ms"] } }]
[stations.cpu]
servers = 8
[pools.threads]
size = 12
[pools.connections]
size = 3
[endpoints.list]
hold = "threads"
visits = [{ station = "cpu", time = { lognormal = { mean = "3ms", cv = 0.8 } } }]
[endpoints.buy]
hold = "threads"
visits = [
  { station = "cpu", time = { lognormal = { mean = "3ms", cv = 0.8 } } },
  { hold = "connections", visits = [{ delay = { lognormal = { mean = "20ms", cv = 0.5 } } }] },
]
"#;

/// The same with a database that now and then stands nearly still, once there is much to do.
fn full() -> String {
    let stalls = "size = 3\nslowdowns = [{ every = \"3s\", lasts = \"700ms\", leaves = 0.1 }]\n";
    SHOP.replace("size = 3\n", stalls)
}

/// All samples of a run with so many users.
fn samples(text: &str, vus: u64) -> Vec<u8> {
    let text = text.replace("target = 100", &format!("target = {vus}"));
    samples_of(&text, vus)
}

/// Fits times and their spread to runs, from a wrong start.
fn fitted(runs: &[(&str, Vec<u8>)]) -> Quality {
    let wrong = SHOP
        .replace("\"20ms\", cv = 0.5", "\"50ms\", cv = 1.5")
        .replace("\"3ms\", cv = 0.8", "\"8ms\", cv = 0.3");
    let document = Document::from_text("shop.toml", &wrong).unwrap();
    let free = [
        "endpoints.*.visits[0].time.lognormal.mean=0.5ms..30ms",
        "endpoints.*.visits[0].time.lognormal.cv=0.1..4",
        "endpoints.buy.visits[1].**.mean=2ms..200ms",
        "endpoints.buy.visits[1].**.cv=0.1..4",
    ];
    let case = |(name, bytes): &(&str, Vec<u8>)| {
        let measured = read_bytes(name, bytes, None).unwrap();
        Case::new(name, measured, &document, &[], Vec::new()).unwrap()
    };
    let fit = Fit {
        document: &document,
        base: Vec::new(),
        free: free.map(|f| Free::parse(f, &document).unwrap()).to_vec(),
        cases: runs.iter().map(case).collect(),
        seed: 1,
        runner: &HERE,
    };
    let budget = Budget {
        runs: enough(runs.len() as u64),
        replications: 4,
    };
    let found = Search::new(&fit, budget, &|_, _| {}).run().unwrap();
    assert!(found.runs <= budget.runs, "{}", found.runs);
    judge(&fit, &found)
}

#[test]
fn a_run_that_the_model_does_not_describe_spoils_nothing_and_is_named() {
    let mut runs = vec![
        ("20.json", samples(SHOP, 20)),
        ("40.json", samples(SHOP, 40)),
        ("80.json", samples(SHOP, 80)),
    ];
    let without = fitted(&runs);
    assert_eq!(without.undescribed.words(), "");
    runs.push(("130.json", samples(&full(), 130)));
    let with = fitted(&runs);
    let each = without.parameters.iter().zip(&with.parameters);
    for (before, after) in each {
        // Squares of all numbers alike would give a spread of 0.72 instead of 0.5, anything from 0.34 to 1.54.
        let moved = after.value / before.value;
        assert!((moved - 1.0).abs() < 0.1, "{before:?} {after:?}");
        assert!(after.interval.0 < before.value && before.value < after.interval.1);
        assert!(after.interval.1 / after.interval.0 < 2.5, "{after:?}");
    }
    let named: Vec<&str> = with
        .undescribed
        .runs
        .iter()
        .map(|run| run.0.as_str())
        .collect();
    assert_eq!(named, ["130.json"]);
    assert!(with.undescribed.others.unwrap() < 0.1, "{with:?}");
    let words = with.undescribed.words();
    let told = "not described, although fitted to: off by root mean square 130.json (130 VUs) by";
    assert!(
        words.starts_with(told) && words.contains("leave these runs out"),
        "{words}"
    );
}
