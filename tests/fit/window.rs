//! A window cut out of a run's samples holds what the simulator says of the same window.

use capsim::engine::Span;
use capsim::model::Document;
use capsim::report::out_json;
use capsim::study::fit::read::{Stat, read_bytes};
use capsim::study::fit::{Case, Fit};
use capsim::study::runner::HERE;
use capsim::world::World;
use capsim::world::window::Window;

const SHOP: &str = r#"
[scenarios.main]
executor = "ramping-vus"
stages = [{ duration = "5s", target = 30 }, { duration = "10s", target = 30 }]
journey = "buy"
[journeys]
buy = [
  { request = "list", checks = ["list is 200"] }, { request = "buy" },
  { record = "bought", as = "counter" }, { record = "cost", as = "trend", value = "duration" },
  { sleep = { uniform = ["300ms", "700ms"] } },
]
[stations.cpu]
servers = 2
[endpoints.list]
visits = [{ station = "cpu", time = { lognormal = { mean = "6ms", cv = 0.5 } } }]
[endpoints.buy]
visits = [{ station = "cpu", time = { lognormal = { mean = "14ms", cv = 1.2 } } }]
"#;

#[test]
fn samples_of_a_window_give_what_is_simulated_of_it() {
    let document = Document::from_text("shop.toml", SHOP).unwrap();
    let model = document.check(&[]).unwrap().model;
    let outcome = World::new(&model, 1, 0).logging().run();
    let mut samples = Vec::new();
    let epoch = "2026-01-02T03:04:05Z".parse().unwrap();
    out_json::write(&outcome, &model, epoch, &mut samples).unwrap();
    for window in ["0..1h", "6s..12s", "3.5s..3.6s"] {
        let window = Window::parse(window).unwrap();
        let measured = read_bytes("run.json", &samples, Some(window)).unwrap();
        let case = Case::new("run.json", measured, &document, &[], Vec::new()).unwrap();
        assert!(case.targets.len() > 30, "{}", case.targets.len());
        let fit = Fit {
            document: &document,
            base: Vec::new(),
            free: Vec::new(),
            cases: vec![case],
            seed: 1,
            runner: &HERE,
        };
        let simulated = fit.evaluate(&[Vec::new()], 1).remove(0).unwrap();
        for (target, value) in fit.cases[0].targets.iter().zip(&simulated.values[0]) {
            let (reading, near) = (&target.reading, 1e-9 * value.abs() + 1e-6);
            let same = (reading.value - value).abs() <= near;
            assert!(
                same,
                "{window}: {} {} {value}",
                reading.metric, reading.value
            );
        }
        let counted = |metric: &str, stat| {
            let all = fit.cases[0].targets.iter().map(|t| &t.reading);
            all.filter(|r| r.metric == metric && r.stat == stat).count()
        };
        use capsim::model::threshold::Aggregation as A;
        assert_eq!(counted("bought", Stat::Of(A::Count)), 1);
        assert_eq!(counted("cost", Stat::Of(A::Med)), 1);
        assert_eq!(counted("http_reqs", Stat::Of(A::Rate)), 1);
    }
}

#[test]
fn parts_of_a_run_add_up_to_it() {
    let document = Document::from_text("shop.toml", SHOP).unwrap();
    let model = document.check(&[]).unwrap().model;
    let whole = World::new(&model, 3, 0).run();
    let edges = [0, 2, 7, 11, 60].map(Span::secs);
    let (mut durations, mut checks) = (Vec::new(), (0, 0));
    for pair in edges.windows(2) {
        let window = Window {
            from: pair[0],
            to: pair[1],
        };
        let part = World::new(&model, 3, 0).run_within(window);
        assert_eq!(part.duration, window.length());
        durations.extend(part.recorder.durations.iter());
        for (passes, fails) in part.recorder.checks {
            checks = (checks.0 + passes, checks.1 + fails);
        }
    }
    assert_eq!(whole.recorder.durations, durations[..]);
    let all = whole
        .recorder
        .checks
        .iter()
        .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    assert_eq!(checks, all);
}
