//! Intervals of fitted parameters hold the truth about as often as they say.

use capsim::model::Document;
use capsim::model::K6Version;
use capsim::report::{SummaryOptions, export};
use capsim::study::fit::forecast::deviations;
use capsim::study::fit::free::Free;
use capsim::study::fit::knee::knee;
use capsim::study::fit::quality::{Quality, error, judge};
use capsim::study::fit::read::read_bytes;
use capsim::study::fit::search::{Budget, Found, Search};
use capsim::study::fit::{Case, Fit};
use capsim::study::runner::HERE;
use capsim::world::World;
use capsim::world::summary::summary;

use super::samples::samples_of;

const SHOP: &str = r#"
[scenarios.main]
executor = "constant-vus"
vus = 12
duration = "20s"
journey = "buy"
[journeys]
buy = [{ request = "buy" }, { sleep = { uniform = ["100ms", "300ms"] } }]
[stations.cpu]
servers = 2
[endpoints.buy]
visits = [{ station = "cpu", time = { lognormal = { mean = "14ms", cv = 1.2 } } }]
"#;

/// All samples of a run of the shop with so many users.
fn samples(vus: u32, seed: u64) -> Vec<u8> {
    let text = SHOP.replace("vus = 12", &format!("vus = {vus}"));
    samples_of(&text, seed)
}

/// Fits mean and cv to runs, from a wrong start.
fn fitted<T>(runs: &[Vec<u8>], seed: u64, then: impl Fn(&Fit, &Found, &Quality) -> T) -> T {
    let wrong = SHOP.replace("mean = \"14ms\", cv = 1.2", "mean = \"20ms\", cv = 0.7");
    let document = Document::from_text("shop.toml", &wrong).unwrap();
    let free = [
        "endpoints.buy.**.mean=2ms..80ms",
        "endpoints.buy.**.cv=0.2..3",
    ];
    let case = |bytes: &Vec<u8>| {
        let measured = read_bytes("run.json", bytes, None).unwrap();
        Case::new("run.json", measured, &document, &[], Vec::new()).unwrap()
    };
    let fit = Fit {
        document: &document,
        base: Vec::new(),
        free: free.map(|f| Free::parse(f, &document).unwrap()).to_vec(),
        cases: runs.iter().map(case).collect(),
        seed,
        runner: &HERE,
    };
    let budget = Budget {
        runs: 250 * runs.len() as u64,
        replications: 12,
    };
    let found = Search::new(&fit, budget, &|_, _| {}).run().unwrap();
    let quality = judge(&fit, &found);
    then(&fit, &found, &quality)
}

#[test]
fn intervals_hold_the_truth() {
    let (held, all) = held(4);
    // At 95 %, 5 of 8 or fewer have a probability of 0.6 %.
    assert!(held > 5, "{held} of {all}");
}

#[test]
#[ignore = "three times as many fits; .ci/run runs it"]
fn intervals_of_more_fits_hold_the_truth() {
    let (held, all) = held(12);
    // At 95 %, 20 of 24 or fewer have a probability of 3 %.
    assert!(held > 20, "{held} of {all}");
}

/// How many intervals of two parameters hold what was planted, and how many there are.
fn held(fits: u64) -> (u32, u32) {
    let (mut held, mut all, mut widest) = (0, 0, 0.0f64);
    for seed in 0..fits {
        let data = [samples(12, 100 + seed)];
        let parameters = fitted(&data, seed, |_, _, quality| quality.parameters.clone());
        for (parameter, truth) in parameters.iter().zip([14e6, 1.2]) {
            let (low, high) = parameter.interval;
            held += u32::from(low <= truth && truth <= high);
            all += 1;
            widest = widest.max(high / low);
        }
    }
    println!("{held} of {all}, widest {widest}");
    assert!(widest < 2.0, "{widest}");
    (held, all)
}

#[test]
fn the_seed_of_the_search_hardly_matters() {
    let data = [samples(12, 7)];
    let of = |seed| fitted(&data, seed, |_, _, quality| quality.parameters.clone());
    for (one, other) in of(1).iter().zip(of(2)) {
        for (value, (low, high)) in [(one.value, other.interval), (other.value, one.interval)] {
            assert!(low <= value && value <= high, "{one:?} {other:?}");
        }
    }
}

#[test]
fn knee_and_predictions_say_how_far_off_they_may_be() {
    let data = [8, 10, 12, 14, 16].map(|vus| samples(vus, 40 + u64::from(vus)));
    let (knee, far) = fitted(&data, 3, |fit, found, quality| {
        let measured = read_bytes("high.json", &samples(40, 99), None).unwrap();
        let high = [Case::new("high.json", measured, fit.document, &[], Vec::new()).unwrap()];
        let at = std::slice::from_ref(&found.point);
        let predicted = fit.evaluate_cases(&high, at, 12).remove(0).unwrap();
        let all = deviations(fit, &high, found, quality, 20).unwrap();
        let errors = high[0].targets.iter().zip(&predicted.values[0]);
        let far: Vec<f64> = errors
            .zip(&all[0])
            .filter(|((target, _), _)| target.scale.is_some())
            .map(|((target, value), all)| error(target, *value) / all.max(0.01))
            .collect();
        // Unknown parameters make a prediction less sure than chance alone.
        let wider = all[0].iter().zip(&predicted.variances[0]);
        let wider = wider.filter(|(all, run)| **all > run.sqrt()).count();
        assert!(2 * wider > far.len(), "{wider} of {}", far.len());
        (knee(fit, found, quality).unwrap(), far)
    });
    println!("{knee:?}\n{far:?}");
    // Two cores and 14 ms: 142.9 requests a second; the knee at (200 ms + 14 ms) / 7 ms users.
    assert!(knee.requests.low < 142.86 && 142.86 < knee.requests.high);
    assert!(knee.users.low < 30.57 && 30.57 < knee.users.high);
    assert!(knee.users.low > 20.0 && knee.users.high < 45.0, "{knee:?}");
    assert!(far.len() > 10);
    let outside = far.iter().filter(|f| f.abs() > 3.0).count();
    assert!(5 * outside < far.len(), "{outside} of {}", far.len());
}

/// Servers and their speed trade against one another under one load: the intervals say so.
#[test]
fn whole_numbers_that_the_data_do_not_tell_apart_stretch_all_intervals() {
    let four = SHOP
        .replace("vus = 12", "vus = 100")
        .replace("servers = 2", "servers = 4")
        .replace(
            "lognormal = { mean = \"14ms\", cv = 1.2 }",
            "exponential = \"20ms\"",
        )
        .replace(
            "uniform = [\"100ms\", \"300ms\"]",
            "exponential = \"500ms\"",
        )
        .replace("duration = \"20s\"", "duration = \"60s\"");
    let truth = Document::from_text("shop.toml", &four).unwrap();
    let model = truth.check(&[]).unwrap().model;
    let outcome = World::new(&model, 5, 0).run();
    let options = SummaryOptions::new(K6Version::V2);
    let run = export::summary_export(&summary(&outcome, &model), &options);
    let wrong = four
        .replace("servers = 4", "servers = 7")
        .replace("20ms", "35ms");
    let document = Document::from_text("shop.toml", &wrong).unwrap();
    let free = [
        "stations.cpu.servers=1..12",
        "endpoints.buy.**.exponential=2ms..100ms",
    ];
    for runs in [60, 400] {
        let measured = read_bytes("run.json", run.as_bytes(), None).unwrap();
        let fit = Fit {
            document: &document,
            base: Vec::new(),
            free: free.map(|f| Free::parse(f, &document).unwrap()).to_vec(),
            cases: vec![Case::new("run.json", measured, &document, &[], Vec::new()).unwrap()],
            seed: 1,
            runner: &HERE,
        };
        let budget = Budget {
            runs,
            replications: 5,
        };
        let found = Search::new(&fit, budget, &|_, _| {}).run().unwrap();
        let quality = judge(&fit, &found);
        let holds = |i: usize, x: f64| {
            let (low, high) = quality.parameters[i].interval;
            assert!(
                low <= x && x <= high,
                "{x} is not in {low} … {high} after {runs} runs"
            );
        };
        holds(0, 4.0);
        holds(1, 20e6);
    }
}
