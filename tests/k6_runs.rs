//! Runs of the real k6 (recordings of v2.2.0 and v0.53.0 against a server of fixed delays), as models:
//! the counts that k6 printed must come out. Where the recording's times carry the overhead of a real
//! machine, the test says which number it takes for the delay.

use capsim::measure::summary::{Summary, Values};
use capsim::model::Model;
use capsim::world::World;
use capsim::world::outcome::Outcome;
use capsim::world::summary::summary;

fn model(text: &str) -> Model {
    Model::from_text("test.toml", text, &[]).unwrap_or_else(|e| panic!("{e}"))
}

fn run(text: &str) -> (Outcome, Summary) {
    let model = model(text);
    let outcome = World::new(&model, 1, 0).run();
    let summary = summary(&outcome, &model);
    (outcome, summary)
}

/// The sum of a counter; 0 if it was not observed.
fn count(summary: &Summary, name: &str) -> f64 {
    let metric = summary.metrics.iter().find(|m| m.name == name);
    match metric.map(|m| &m.values) {
        Some(Values::Counter { count, .. }) => *count,
        Some(Values::Rate { passes, fails }) => (passes + fails) as f64,
        Some(Values::Trend { count, .. }) => *count as f64,
        _ => 0.0,
    }
}

fn gauge(summary: &Summary, name: &str) -> (f64, f64, f64) {
    let metric = summary.metrics.iter().find(|m| m.name == name);
    match metric.map(|m| &m.values) {
        Some(&Values::Gauge { value, min, max }) => (value, min, max),
        other => panic!("{name} is {other:?}"),
    }
}

/// Endpoints that take exactly so many milliseconds.
fn endpoints(all: &[(&str, u32)]) -> String {
    all.iter()
        .map(|(name, ms)| format!("[endpoints.{name}]\nvisits = [{{ delay = \"{ms}ms\" }}]\n"))
        .collect()
}

/// `closedloop`: 410 iterations in both versions of k6.
#[test]
fn a_closed_loop_makes_410_iterations() {
    let text = format!(
        r#"
[scenarios.default]
executor = "ramping-vus"
stages = [
  {{ duration = "5s", target = 20 }},
  {{ duration = "5s", target = 20 }},
  {{ duration = "5s", target = 0 }},
]
[journeys]
loop = [{{ request = "list", checks = ["status is 200"] }}, {{ sleep = "400ms" }}]
{}"#,
        endpoints(&[("list", 100)])
    );
    let (outcome, summary) = run(&text);
    assert_eq!(outcome.complete_iterations(), 410);
    assert_eq!(outcome.recorder.interrupted, 0);
    for name in ["iterations", "http_reqs", "checks", "http_req_duration"] {
        assert_eq!(count(&summary, name), 410.0, "{name}");
    }
    assert_eq!(gauge(&summary, "vus_max"), (20.0, 20.0, 20.0));
}

/// `interrupt`: kills by gracefulRampDown, requests of 100 ms, 1 s and 4 s.
#[test]
fn a_ramp_down_interrupts_what_outlasts_its_grace() {
    let text = format!(
        r#"
[scenarios.s]
executor = "ramping-vus"
start_vus = 6
graceful_ramp_down = "1s"
graceful_stop = "2s"
stages = [
  {{ duration = "2s", target = 6 }},
  {{ duration = "2s", target = 3 }},
  {{ duration = "3s", target = 3 }},
]
[journeys]
s = [{{ request = "a" }}, {{ request = "b" }}, {{ sleep = "3.3s" }}, {{ request = "c" }}]
{}"#,
        endpoints(&[("a", 100), ("b", 1000), ("c", 4000)])
    );
    let (outcome, summary) = run(&text);
    assert_eq!(outcome.complete_iterations(), 3);
    assert_eq!(outcome.recorder.interrupted, 3);
    assert_eq!(count(&summary, "http_reqs"), 15.0);
    assert_eq!(count(&summary, "iteration_duration"), 3.0);
    assert_eq!(gauge(&summary, "vus"), (3.0, 3.0, 6.0));
    assert_eq!(outcome.duration.as_ms(), 8400.0);
}

/// `midreq`: a request in flight at the kill counts nowhere, its group neither.
#[test]
fn a_request_in_flight_at_the_kill_leaves_no_sample() {
    let text = format!(
        r#"
[scenarios.s]
executor = "constant-vus"
vus = 2
duration = "3s"
graceful_stop = "1s"
[journeys]
s = [
  {{ group = "g", steps = [{{ request = "long", checks = ["ok"] }}] }},
  {{ request = "after" }},
]
{}"#,
        endpoints(&[("long", 2500), ("after", 2500)])
    );
    let (outcome, summary) = run(&text);
    assert_eq!(outcome.complete_iterations(), 0);
    assert_eq!(outcome.recorder.interrupted, 2);
    assert_eq!(count(&summary, "http_reqs"), 2.0);
    assert_eq!(count(&summary, "checks"), 2.0);
    assert_eq!(count(&summary, "group_duration"), 2.0);
    assert_eq!(outcome.duration.as_ms(), 4000.0);
    let shown = |name: &str| summary.metrics.iter().any(|m| m.name == name);
    assert!(!shown("iterations") && !shown("iteration_duration"));
}

/// `drops`: shared-iterations counts interrupted iterations as attempted, per-vu-iterations gives one
/// sample for each VU.
#[test]
fn executors_with_a_quota_drop_what_they_do_not_reach() {
    let (outcome, summary) = run(r#"
[scenarios.si]
executor = "shared-iterations"
vus = 3
iterations = 20
max_duration = "1s"
graceful_stop = "100ms"
journey = "nap"
[scenarios.pv]
executor = "per-vu-iterations"
vus = 2
iterations = 5
max_duration = "1s"
graceful_stop = "1s"
journey = "nap"
[journeys]
nap = [{ sleep = "400ms" }]
"#);
    assert_eq!(outcome.complete_iterations(), 12);
    assert_eq!(outcome.recorder.interrupted, 3);
    assert_eq!(count(&summary, "dropped_iterations"), 15.0);
    assert_eq!(outcome.duration.as_ms(), 1200.0);
    assert_eq!(gauge(&summary, "vus_max"), (5.0, 5.0, 5.0));
}

/// `car`: 31 ticks, of which two find no VU while two more VUs come up.
#[test]
fn a_constant_arrival_rate_drops_what_finds_no_vu() {
    let (outcome, summary) = run(r#"
[scenarios.s]
executor = "constant-arrival-rate"
rate = 10
duration = "3s"
pre_allocated_vus = 3
max_vus = 5
[journeys]
s = [{ sleep = "450ms" }]
"#);
    assert_eq!(outcome.complete_iterations(), 29);
    assert_eq!(count(&summary, "dropped_iterations"), 2.0);
    assert_eq!(gauge(&summary, "vus_max"), (5.0, 5.0, 5.0));
    assert_eq!(outcome.duration.as_ms(), 3450.0);
}

/// `jumpdown`: k6 kills freshly restarted VUs after an instant drop, and does not start them again.
/// Iterations of 20.5 ms (the recording's median), so that none ends at a kill.
#[test]
fn an_instant_drop_kills_the_restarted_as_in_k6() {
    let (outcome, summary) = run(r#"
[scenarios.s]
executor = "ramping-vus"
start_vus = 10
graceful_ramp_down = "500ms"
graceful_stop = "500ms"
stages = [
  { duration = "2s", target = 10 },
  { duration = "0s", target = 0 },
  { duration = "1s", target = 7 },
  { duration = "2s", target = 7 },
]
[journeys]
s = [{ sleep = "20.5ms" }]
"#);
    assert_eq!(outcome.recorder.interrupted, 3);
    assert_eq!(gauge(&summary, "vus"), (4.0, 3.0, 10.0));
    let iterations = count(&summary, "iterations");
    // The recording: 1426 at a mean of 20.8 ms, on a machine that pauses now and then.
    assert!((iterations / 1426.0 - 1.0).abs() < 0.03, "{iterations}");
    assert!(outcome.duration.as_ms() > 5000.0 && outcome.duration.as_ms() < 5021.0);
}

/// What k6 says about wrong options (recorded probes and facts of `lib/executor`), through a model.
#[test]
fn wrong_options_are_refused_in_k6s_words() {
    let cases = [
        ("executor = \"constant-vus\"\nvus = 0\nduration = \"5s\"", "the number of VUs must be more than 0"),
        ("executor = \"constant-vus\"\nvus = 1", "the duration is unspecified"),
        ("executor = \"constant-vus\"\nduration = \"500ms\"", "the duration must be at least 1s, but is 500ms"),
        ("executor = \"constant-vus\"\nduration = \"5s\"\nstart_time = \"-1s\"", "the startTime can't be negative"),
        ("executor = \"constant-vus\"\nduration = \"5s\"\ngraceful_stop = \"-1s\"", "the gracefulStop timeout can't be negative"),
        ("executor = \"shared-iterations\"\nvus = 5\niterations = 2", "the number of iterations (2) can't be less than the number of VUs (5)"),
        ("executor = \"ramping-vus\"\nstages = []", "at least one stage has to be specified"),
        ("executor = \"ramping-vus\"\nstart_vus = -1\nstages = [{ duration = \"1s\", target = 1 }]", "the number of start VUs can't be negative"),
        ("executor = \"ramping-vus\"\nstart_vus = 0\nstages = [{ duration = \"1s\", target = 0 }]", "either startVUs or one of the stages' target values must be greater than 0"),
        ("executor = \"ramping-vus\"\nstages = [{ target = 1 }]", "stage 1 doesn't have a duration"),
        ("executor = \"ramping-vus\"\nstages = [{ duration = \"1s\" }]", "stage 1 doesn't have a target"),
        ("executor = \"ramping-vus\"\nstages = [{ duration = \"1s\", target = -1 }]", "the target for stage 1 can't be negative"),
        ("executor = \"constant-arrival-rate\"\nduration = \"5s\"\npre_allocated_vus = 1", "the iteration rate isn't specified"),
        ("executor = \"constant-arrival-rate\"\nrate = 0\nduration = \"5s\"\npre_allocated_vus = 1", "the iteration rate must be more than 0"),
        ("executor = \"constant-arrival-rate\"\nrate = 1\nduration = \"5s\"", "the number of preAllocatedVUs isn't specified"),
        ("executor = \"constant-arrival-rate\"\nrate = 1\nduration = \"5s\"\npre_allocated_vus = -1", "the number of preAllocatedVUs can't be negative"),
        ("executor = \"constant-arrival-rate\"\nrate = 1\nduration = \"5s\"\npre_allocated_vus = 3\nmax_vus = 2", "maxVUs can't be less than preAllocatedVUs"),
        ("executor = \"constant-arrival-rate\"\nrate = 1\ntime_unit = \"0s\"\nduration = \"5s\"\npre_allocated_vus = 3", "the timeUnit must be more than 0"),
    ];
    for (options, words) in cases {
        let text = format!("[scenarios.s]\n{options}\n[journeys]\ns = [{{ sleep = \"1s\" }}]\n");
        let Err(problems) = Model::from_text("test.toml", &text, &[]) else {
            panic!("accepted: {options}");
        };
        assert!(problems.to_string().contains(words), "{options}: {problems}");
    }
    let text = "[scenarios.s]\nexecutor = \"externally-controlled\"\nvus = 1\nduration = \"5s\"\n\
                [journeys]\ns = [{ sleep = \"1s\" }]\n";
    let Err(problems) = Model::from_text("test.toml", text, &[]) else {
        panic!("accepted an executor that k6 2 does not have");
    };
    assert!(problems.to_string().contains("externally-controlled"), "{problems}");
}
