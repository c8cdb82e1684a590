//! A run that counts durations in histograms: the same run, the same summary within the width of a bucket,
//! and nothing kept that grows with the number of requests.

use std::process::{Command, Output};

use capsim::engine::{Span, Time};
use capsim::measure::recorder::Custom;
use capsim::measure::summary::{Metric, Section, Summary, Values};
use capsim::model::threshold::Aggregation;
use capsim::model::{K6Version, Model, Override};
use capsim::report::notes::notes;
use capsim::report::run_text;
use capsim::study::metrics::metrics_of;
use capsim::world::World;
use capsim::world::outcome::Outcome;
use capsim::world::summary::full_summary;
use capsim::world::window::Window;

const STATS: [Aggregation; 8] = [
    Aggregation::Avg,
    Aggregation::Min,
    Aggregation::Med,
    Aggregation::Max,
    Aggregation::Percentile(90.0),
    Aggregation::Percentile(99.0),
    Aggregation::Percentile(99.9),
    Aggregation::Count,
];

fn model(path: &str, set: &[&str]) -> Model {
    let text = std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{path}: {why}"));
    let set: Vec<Override> = set.iter().map(|s| Override::parse(s).unwrap()).collect();
    let mut model = Model::from_text(path, &text, &set).unwrap_or_else(|why| panic!("{why}"));
    model.summary_trend_stats = STATS.to_vec();
    model
}

/// At most half a bucket of a 128th apart, for a percentile; equal for all that is exact.
fn assert_near(place: &str, stat: Aggregation, exact: f64, counted: f64) {
    let share = match stat {
        Aggregation::Med | Aggregation::Percentile(_) => 1.0 / 256.0,
        Aggregation::Avg => 1e-9,
        _ => 0.0,
    };
    let off = (counted - exact).abs();
    let bound = share * exact;
    assert!(
        off <= bound,
        "{place} {stat:?}: {exact} kept, {counted} counted"
    );
}

/// Returns the number of trends compared.
fn assert_alike(place: &str, exact: &[Metric], counted: &[Metric]) -> usize {
    let names = |all: &[Metric]| all.iter().map(|m| m.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(exact), names(counted), "{place}");
    let mut trends = 0;
    for (a, b) in exact.iter().zip(counted) {
        let place = format!("{place} {}", a.name);
        match (&a.values, &b.values) {
            (
                Values::Trend { count, stats },
                Values::Trend {
                    count: n,
                    stats: other,
                },
            ) => {
                assert_eq!(count, n, "{place}");
                assert_eq!(stats.len(), other.len(), "{place}");
                for ((stat, x), (_, y)) in stats.iter().zip(other) {
                    assert_near(&place, *stat, *x, *y);
                }
                trends += usize::from(*count > 0);
            }
            (a, b) => assert_eq!(a, b, "{place}"),
        }
        let passed = |m: &Metric| m.thresholds.iter().map(|t| t.passed).collect::<Vec<_>>();
        assert_eq!(passed(a), passed(b), "{place}");
    }
    trends
}

fn assert_sections_alike(exact: &[Section], counted: &[Section]) -> usize {
    assert_eq!(exact.len(), counted.len());
    let pairs = exact.iter().zip(counted);
    let alike = pairs.map(|(a, b)| {
        assert_eq!((&a.name, &a.checks), (&b.name, &b.checks));
        assert_alike(&a.name, &a.metrics, &b.metrics) + assert_sections_alike(&a.groups, &b.groups)
    });
    alike.sum()
}

/// No sample of a duration or of a custom trend.
fn assert_nothing_kept(outcome: &Outcome) {
    let r = &outcome.recorder;
    assert_eq!(
        [
            r.durations.capacity(),
            r.request_series.capacity(),
            r.iterations.capacity(),
            r.iteration_origin.capacity(),
            r.timings.capacity(),
            r.groups.capacity(),
            r.group_labels.capacity(),
        ],
        [0; 7]
    );
    assert!(r.log.is_none());
    let kept = r.customs.iter().flatten();
    assert_eq!(kept.filter(|c| matches!(c, Custom::Trend(..))).count(), 0);
}

/// Both ways of one run; the number of trends compared.
fn assert_agree(model: &Model) -> usize {
    let kept = World::new(model, 42, 0).explaining().run();
    let counted = World::new(model, 42, 0).explaining().summarising().run();
    assert_eq!(kept.fingerprint, counted.fingerprint);
    assert_eq!(kept.events, counted.events);
    assert_nothing_kept(&counted);
    let summaries: [Summary; 2] = [full_summary(&kept, model), full_summary(&counted, model)];
    let [a, b] = &summaries;
    assert_eq!(format!("{:?}", a.root), format!("{:?}", b.root));
    let trends = assert_alike("", &a.metrics, &b.metrics)
        + assert_sections_alike(&a.sections.groups, &b.sections.groups)
        + assert_sections_alike(&a.sections.scenarios, &b.sections.scenarios);
    let plan = capsim::load::plan::Plan::new(&model.scenarios);
    assert_eq!(
        run_text::last_lines(&kept, model, &plan),
        run_text::last_lines(&counted, model, &plan)
    );
    assert_eq!(notes(&kept, model, a), notes(&counted, model, b));
    let [a, b] = [metrics_of(model, &kept, a), metrics_of(model, &counted, b)];
    assert!(a.keys().eq(b.keys()));
    for (name, x) in &a {
        assert!((x - b[name]).abs() <= x.abs() / 256.0, "{name}");
    }
    trends
}

#[test]
fn shipped_models_agree() {
    for name in ["token", "status", "reserve"] {
        assert!(assert_agree(&model(&format!("models/{name}.toml"), &[])) >= 6);
    }
}

#[test]
fn a_model_of_the_gallery_agrees() {
    let model = model("models/gallery/hot_event.toml", &[]);
    assert!(assert_agree(&model) >= 3);
}

/// Groups, checks, sub-metrics, custom metrics, a network, setup and teardown, all in one model. In the
/// style of 0.53 setup and teardown are samples of iterations, too.
#[test]
fn a_model_with_everything_agrees() {
    let mut model = model("tests/data/models/samples.toml", &[]);
    for version in [K6Version::V0_53, K6Version::V1, K6Version::V2] {
        model.k6_version = version;
        assert!(assert_agree(&model) >= 40);
    }
}

#[test]
fn an_audit_and_an_aborting_threshold_see_the_same() {
    let model = model("tests/data/models/samples.toml", &[]);
    let (kept, exact) = World::new(&model, 3, 0).run_audited();
    let (counted, audit) = World::new(&model, 3, 0).summarising().run_audited();
    assert_eq!(exact.balance, audit.balance);
    assert_eq!((exact.checked, 0), (audit.checked, audit.violations.len()));
    assert_eq!(kept.fingerprint, counted.fingerprint);
    let mut model = model;
    for t in model.thresholds.iter_mut().flat_map(|t| &mut t.thresholds) {
        t.abort_on_fail = true;
    }
    let kept = World::new(&model, 3, 0).run();
    let counted = World::new(&model, 3, 0).summarising().run();
    assert!(!kept.crossed.is_empty());
    assert_eq!(
        (kept.crossed, kept.duration),
        (counted.crossed, counted.duration)
    );
}

#[test]
fn the_last_of_both_ways_to_keep_samples_holds() {
    let model = model("tests/data/models/mm1.toml", &[]);
    let logged = World::new(&model, 1, 0).summarising().logging().run();
    assert!(logged.recorder.tallies.is_none() && !logged.recorder.durations.is_empty());
    assert!(logged.recorder.log.is_some_and(|log| !log.is_empty()));
    let counted = World::new(&model, 1, 0).logging().summarising().run();
    assert_nothing_kept(&counted);
    assert_eq!(
        counted.recorder.requests(),
        logged.recorder.durations.len() as u64
    );
}

fn run(more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(["run", "tests/data/models/mm1.toml"])
        .args(more)
        .output()
        .unwrap()
}

#[test]
fn the_command_line_counts_or_says_what_stands_against_it() {
    let plain = run(&[]);
    let counted = run(&["--samples", "histogram", "--audit"]);
    assert_eq!(plain.status.code(), counted.status.code());
    let last = |output: &Output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().last().unwrap_or_default().to_owned()
    };
    assert!(last(&plain).contains("fingerprint"));
    assert_eq!(last(&plain), last(&counted));
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name).display().to_string();
    let (json, csv) = (format!("json={}", file("a.json")), file("t.csv"));
    for (option, more) in [
        ("--out", vec!["--out", json.as_str()]),
        ("--timeline", vec!["--timeline", csv.as_str()]),
        ("--report", vec!["--report", "page.html"]),
        ("many runs", vec!["--replications", "3"]),
    ] {
        let refused = run(&[&["--samples", "histogram"], more.as_slice()].concat());
        let why = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{why}");
        assert!(why.contains(option) && why.contains("--samples"), "{why}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// What is cut out of the samples needs them.
#[test]
fn windows_of_a_run_keep_the_samples() {
    let model = model("tests/data/models/mm1.toml", &[]);
    let plain = World::new(&model, 1, 0).run();
    let (sampled, _) = World::new(&model, 1, 0)
        .summarising()
        .run_sampled(Span::secs(1));
    assert_eq!(plain.recorder.durations, sampled.recorder.durations);
    let window = Window::parse("2s..5s").unwrap();
    let cut = World::new(&model, 1, 0).summarising().run_within(window);
    assert!(!cut.recorder.durations.is_empty());
    let marked = World::new(&model, 1, 0)
        .summarising()
        .run_marked(&[Time(3_000_000_000)]);
    let before = 0..marked.snapshots[0].requests;
    let before: Vec<u64> = plain.recorder.durations.range(before).iter().collect();
    assert_eq!(marked.outcome.recorder.durations, before[..]);
}
