//! What theory says of a model without a run, and that it says what it leaves out: the most that locks,
//! scalability laws, slowdowns, waiting rooms and the VUs of an arrival rate allow, against the simulation.

use capsim::model::Model;
use capsim::report::answers;
use capsim::study::account::Kind;
use capsim::study::answers::bounds::{Analysis, analyse};
use capsim::study::fit::knee::{Knee, Range};
use capsim::world::World;

fn model(text: &str) -> Model {
    Model::from_text("test.toml", text, &[]).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn one(text: &str) -> Analysis {
    analyse(&model(text)).remove(0)
}

const LOAD: &str = r#"[scenarios.default]
executor = "constant-vus"
vus = 100
duration = "1m"
journey = "j"
[journeys]
j = [{ request = "ask" }, { sleep = "1s" }]
"#;

#[test]
fn a_lock_is_in_the_bound() {
    let text = format!(
        "{LOAD}[stations.cpu]\nservers = 64\n[endpoints.ask]\n\
         visits = [{{ lock = \"global\", visits = [{{ station = \"cpu\", time = \"20ms\" }}] }}]\n"
    );
    let found = one(&text);
    let bounds = found.bounds.unwrap();
    assert!((bounds.max_throughput - 50.0).abs() < 1e-9, "{bounds:?}");
    assert!((bounds.knee - 51.0).abs() < 1e-9, "{bounds:?}");
    assert_eq!(found.bottleneck(), "lock of the system");
    // Of ten events one is wanted half of the time: its lock is used up first.
    let text = text.replace("global", "event").replace(
        "request = \"ask\" }",
        "pick = \"event\" }, { request = \"ask\" }",
    ) + "[inventory]\nevents = 10\nseats_per_event = 4\npopularity = { hot = 0.5 }\n";
    let bounds = one(&text).bounds.unwrap();
    assert!((bounds.max_throughput - 100.0).abs() < 1e-9, "{bounds:?}");
    // Which seat is wanted most shows in a run alone: there is no number without that being said.
    let text = text
        .replace("\"event\", visits", "\"seat\", visits")
        .replace(
            "{ request",
            "{ request = \"list\", pick = \"seat\" }, { request",
        )
        + "[endpoints.list]\nvisits = [{ list = \"seats\" }]\n";
    let said = answers::bounds(&analyse(&model(&text)));
    assert!(
        said.contains("requests/s (locks of single seats and tokens are left out"),
        "{said}"
    );
}

#[test]
fn a_law_is_in_the_bound() {
    let text = format!(
        "{LOAD}[stations.db]\nservers = 1000\nscalability = {{ sigma = 0.0277, kappa = 0.000104 }}\n\
         [endpoints.ask]\nvisits = [{{ station = \"db\", time = \"11.11ms\" }}]\n"
    );
    // Without think time the knee is the best number of users: √((1 − σ)/κ).
    let bounds = one(&text.replace(", { sleep = \"1s\" }", ""))
        .bounds
        .unwrap();
    assert!((bounds.knee - 96.69).abs() < 0.01, "{bounds:?}");
    assert!((bounds.max_throughput - 1886.5).abs() < 1.0, "{bounds:?}");
    let thinking = one(&text).bounds.unwrap();
    assert!(
        (thinking.knee - 96.69 - thinking.max_throughput).abs() < 0.01,
        "{thinking:?}"
    );
    let contention = text
        .replace("0.000104", "0.0")
        .replace("1000\n", "\"infinite\"\n");
    let bounds = one(&contention.replace(", { sleep = \"1s\" }", ""))
        .bounds
        .unwrap();
    assert!((bounds.knee - 1.0 / 0.0277).abs() < 1e-6, "{bounds:?}");
}

#[test]
fn an_arrival_rate_that_its_vus_cannot_do_is_told() {
    let text = LOAD.replace(
        "executor = \"constant-vus\"\nvus = 100",
        "executor = \"constant-arrival-rate\"\nrate = 100\npre_allocated_vus = 10\nmax_vus = 10",
    );
    let text = format!(
        "{text}[stations.web]\nservers = \"infinite\"\n[endpoints.ask]\n\
         visits = [{{ station = \"web\", time = \"1s\" }}]\n"
    );
    let text = text.replace(", { sleep = \"1s\" }", "");
    let said = answers::bounds(&analyse(&model(&text)));
    for part in [
        "too few VUs: 100/s × 1s need 100 at least, and there are 10: about 90 of 100 starts will be dropped",
        "VUs of scenario default              ≥ 1s    10     10/s  10 arrivals/s (load × 0.1)",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let enough = text.replace("max_vus = 10", "max_vus = 100");
    assert!(!answers::bounds(&analyse(&model(&enough))).contains("too few"));
}

#[test]
fn no_run_does_more_than_theory_allows() {
    for case in crate::limits::cases() {
        let text = case.text();
        let model = model(&text);
        let found = analyse(&model).remove(0);
        let outcome = World::new(&model, 1, 0).run();
        // Whoever is refused costs nothing, and is not bounded by what serves the others.
        let record = &outcome.recorder;
        let all = record.durations.len();
        let served = 1.0 - record.failed_among(0..all) as f64 / all.max(1) as f64;
        let done = served * outcome.complete_iterations() as f64 / outcome.duration.as_secs();
        // What chance makes of the mean service time of a short run is not a fault of a bound.
        for demand in found.demands.iter().chain(&found.vus) {
            let most = demand.ceiling * 1.1 + 1.0;
            let what = (case.what, case.names);
            assert!(done <= most, "{what:?}: {done} beyond {demand:?}");
        }
        let all = [
            (
                "one lock",
                Kind::Lock(capsim::model::system::Entity::Global),
            ),
            ("a waiting room's rate", Kind::WaitingRoom),
            ("a waiting room's batches", Kind::WaitingRoom),
            ("how many a waiting room lets be inside", Kind::WaitingRoom),
            ("a pool", Kind::Pool(0)),
            ("a row", Kind::Lock(capsim::model::system::Entity::Event)),
            ("scalability past its maximum", Kind::Station(0)),
        ];
        if let Some((_, kind)) = all.iter().find(|(what, _)| *what == case.what) {
            assert_eq!(found.demands[0].kind, *kind, "{}", case.what);
            if case.what != "scalability past its maximum" {
                assert!(
                    done >= 0.85 * found.demands[0].ceiling,
                    "{}: {done} {found:?}",
                    case.what
                );
            }
        }
    }
}

#[test]
fn a_fit_names_the_knee_with_what_it_leaves_out() {
    let range = |value: f64, low: f64, high: f64| Range { value, low, high };
    let mut knee = Knee {
        users: range(93.0, 90.0, 95.0),
        requests: range(1900.0, 1850.0, 1960.0),
        bottleneck: "station db".into(),
        left_out: vec!["other scenarios are left out".into()],
    };
    assert_eq!(
        capsim::report::fit::knee(&knee),
        "knee of the fitted model: 93 [90 … 95] users, at most 1900 [1850 … 1960] requests/s, bounded by \
         station db (other scenarios are left out)\n"
    );
    // Intervals over hundreds of powers of ten were printed digit by digit.
    knee.users = range(43.59, 7.8e-99, 2.4e98);
    let said = capsim::report::fit::knee(&knee);
    assert!(
        said.contains("43.59 [the data do not determine it] users"),
        "{said}"
    );
}
