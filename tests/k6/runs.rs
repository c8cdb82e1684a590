//! Runs of the real k6 (recordings of v2.2.0 and v0.53.0 against a server of fixed delays), as models:
//! the counts that k6 printed must come out. Where the recording's times carry the overhead of a real
//! machine, the test says which number it takes for the delay.

use capsim::load::plan::Plan;
use capsim::measure::summary::{Section, Summary, Values};
use capsim::model::{K6Version, Model};
use capsim::report::{self, Mode, SummaryOptions, run_text};
use capsim::world::World;
use capsim::world::outcome::{Outcome, Termination};
use capsim::world::summary::full_summary;

fn model(text: &str) -> Model {
    Model::from_text("test.toml", text, &[]).unwrap_or_else(|e| panic!("{e}"))
}

fn run(text: &str) -> (Outcome, Summary) {
    let model = model(text);
    let outcome = World::new(&model, 1, 0).run();
    let summary = full_summary(&outcome, &model);
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

/// Wrong options and what k6 says about them (recorded probes and facts of `lib/executor`).
const WRONG: [(&str, &str); 18] = [
    (
        "executor = \"constant-vus\"\nvus = 0\nduration = \"5s\"",
        "the number of VUs must be more than 0",
    ),
    (
        "executor = \"constant-vus\"\nvus = 1",
        "the duration is unspecified",
    ),
    (
        "executor = \"constant-vus\"\nduration = \"500ms\"",
        "the duration must be at least 1s, but is 500ms",
    ),
    (
        "executor = \"constant-vus\"\nduration = \"5s\"\nstart_time = \"-1s\"",
        "the startTime can't be negative",
    ),
    (
        "executor = \"constant-vus\"\nduration = \"5s\"\ngraceful_stop = \"-1s\"",
        "the gracefulStop timeout can't be negative",
    ),
    (
        "executor = \"shared-iterations\"\nvus = 5\niterations = 2",
        "the number of iterations (2) can't be less than the number of VUs (5)",
    ),
    (
        "executor = \"ramping-vus\"\nstages = []",
        "at least one stage has to be specified",
    ),
    (
        "executor = \"ramping-vus\"\nstart_vus = -1\nstages = [{ duration = \"1s\", target = 1 }]",
        "the number of start VUs can't be negative",
    ),
    (
        "executor = \"ramping-vus\"\nstart_vus = 0\nstages = [{ duration = \"1s\", target = 0 }]",
        "either startVUs or one of the stages' target values must be greater than 0",
    ),
    (
        "executor = \"ramping-vus\"\nstages = [{ target = 1 }]",
        "stage 1 doesn't have a duration",
    ),
    (
        "executor = \"ramping-vus\"\nstages = [{ duration = \"1s\" }]",
        "stage 1 doesn't have a target",
    ),
    (
        "executor = \"ramping-vus\"\nstages = [{ duration = \"1s\", target = -1 }]",
        "the target for stage 1 can't be negative",
    ),
    (
        "executor = \"constant-arrival-rate\"\nduration = \"5s\"\npre_allocated_vus = 1",
        "the iteration rate isn't specified",
    ),
    (
        "executor = \"constant-arrival-rate\"\nrate = 0\nduration = \"5s\"\npre_allocated_vus = 1",
        "the iteration rate must be more than 0",
    ),
    (
        "executor = \"constant-arrival-rate\"\nrate = 1\nduration = \"5s\"",
        "the number of preAllocatedVUs isn't specified",
    ),
    (
        "executor = \"constant-arrival-rate\"\nrate = 1\nduration = \"5s\"\npre_allocated_vus = -1",
        "the number of preAllocatedVUs can't be negative",
    ),
    (
        "executor = \"constant-arrival-rate\"\nrate = 1\nduration = \"5s\"\npre_allocated_vus = 3\nmax_vus = 2",
        "maxVUs can't be less than preAllocatedVUs",
    ),
    (
        "executor = \"constant-arrival-rate\"\nrate = 1\ntime_unit = \"0s\"\nduration = \"5s\"\npre_allocated_vus = 3",
        "the timeUnit must be more than 0",
    ),
];

/// The same through a model.
#[test]
fn wrong_options_are_refused_in_k6s_words() {
    for (options, words) in WRONG {
        let text = format!("[scenarios.s]\n{options}\n[journeys]\ns = [{{ sleep = \"1s\" }}]\n");
        let Err(problems) = Model::from_text("test.toml", &text, &[]) else {
            panic!("accepted: {options}");
        };
        assert!(
            problems.to_string().contains(words),
            "{options}: {problems}"
        );
    }
    let text = "[scenarios.s]\nexecutor = \"externally-controlled\"\nvus = 1\nduration = \"5s\"\n\
                [journeys]\ns = [{ sleep = \"1s\" }]\n";
    let Err(problems) = Model::from_text("test.toml", text, &[]) else {
        panic!("accepted an executor that k6 2 does not have");
    };
    assert!(
        problems.to_string().contains("externally-controlled"),
        "{problems}"
    );
}

/// `abort`: a threshold with abortOnFail after its delay; a server of 303 ms, as the recording's mean.
#[test]
fn a_threshold_ends_the_run() {
    let text = format!(
        r#"
[scenarios.a]
executor = "constant-vus"
vus = 2
duration = "20s"
journey = "a"
[scenarios.b]
executor = "constant-vus"
vus = 1
duration = "5s"
start_time = "15s"
journey = "a"
[setup]
journey = "setup"
[teardown]
journey = "teardown"
[journeys]
a = [{{ request = "page" }}, {{ sleep = "200ms" }}]
setup = [{{ sleep = "500ms" }}]
teardown = [{{ request = "last" }}]
{}
[thresholds]
http_req_duration = [{{ threshold = "max<100", abort_on_fail = true, delay_abort_eval = "3s" }}]
http_reqs = ["rate>1"]
"#,
        endpoints(&[("page", 303), ("last", 1000)])
    );
    let (outcome, summary) = run(&text);
    assert_eq!(outcome.end, Termination::Aborted);
    assert_eq!(outcome.complete_iterations(), 12);
    assert_eq!(outcome.recorder.interrupted, 2);
    assert_eq!(count(&summary, "http_reqs"), 15.0);
    assert_eq!(outcome.duration.as_ms(), 5000.0);
    assert_eq!(
        run_text::aborted(&outcome).as_deref(),
        Some(
            "thresholds on metrics 'http_req_duration' were crossed; at least one has abortOnFail \
             enabled, stopping test prematurely"
        )
    );
    // The recording was 3.49 s into the scenario and says 17%; here it is 3.5 s sharp.
    let lines = run_text::last_lines(&outcome, &model(&text), &Plan::new(&model(&text).scenarios));
    assert_eq!(
        lines.trim(),
        "running (05.0s), 0/3 VUs, 12 complete and 2 interrupted iterations\n\
         a    ✗ [  18% ] 2 VUs    03.5s/20s\n\
         b    • [   0% ] waiting  10.5s"
    );
}

/// Without a threshold that aborts, nothing is evaluated during the run.
#[test]
fn a_threshold_without_abort_does_not_end_the_run() {
    let (outcome, _) = run(&format!(
        r#"
[scenarios.a]
executor = "constant-vus"
vus = 1
duration = "5s"
[journeys]
a = [{{ request = "page" }}]
{}
[thresholds]
http_req_duration = ["max<1"]
"#,
        endpoints(&[("page", 400)])
    ));
    assert_eq!(outcome.end, Termination::Finished);
    assert_eq!(outcome.crossed, Vec::<String>::new());
}

const TAGGED: &str = r#"
[scenarios.browse]
executor = "constant-vus"
vus = 2
duration = "2s"
journey = "browse"
tags = { kind = "b" }
[scenarios.buy]
executor = "constant-arrival-rate"
rate = 5
duration = "2s"
pre_allocated_vus = 2
start_time = "1s"
journey = "buy"
[setup]
journey = "setup"
[journeys]
setup = [{ request = "warm", checks = ["warm ok"] }]
browse = [
  { group = "front", steps = [
    { request = "front", checks = ["front ok"] },
    { record = "browse_time", as = "time", value = "duration" },
    { record = "level", as = "gauge", value = 3 },
  ] },
  { record = "pages", as = "counter", value = 2 },
  { sleep = "200ms" },
]
buy = [
  { group = "cart", steps = [
    { group = "pay", steps = [{ request = "pay" }, { record = "pages", as = "counter", value = 1 }] },
    { check = "cartok", passes = "always" },
  ] },
]
[endpoints.warm]
visits = [{ delay = "50ms" }]
[endpoints.front]
visits = [{ delay = "43ms" }]
[endpoints.pay]
visits = [{ delay = "62ms" }]
[thresholds]
"http_req_duration{scenario:buy}" = ["p(99)<500"]
"iteration_duration{scenario:buy}" = ["max<5000"]
"iterations{scenario:browse}" = ["count>1"]
"checks{kind:b}" = ["rate>0.9"]
"checks{group:::setup}" = ["rate>0.9"]
"group_duration{group:::cart::pay}" = ["max<100"]
"pages{scenario:buy}" = ["count==11"]
"pages{group:::front}" = ["count==0"]
"browse_time{kind:b}" = ["avg<100"]
"level{group:::front}" = ["value==3"]
dropped_iterations = ["count<1"]
"http_reqs{group:::setup}" = ["count==1"]
"#;

/// `scenarios`: tags and sub-metrics of every kind of metric; 11 starts of `buy`, 18 of `browse`.
#[test]
fn sub_metrics_take_their_samples_by_tag() {
    let (_, summary) = run(TAGGED);
    let counts = [
        ("http_req_duration{scenario:buy}", 11.0),
        ("iteration_duration{scenario:buy}", 11.0),
        ("iterations{scenario:browse}", 18.0),
        ("checks{kind:b}", 18.0),
        ("checks{group:::setup}", 1.0),
        ("group_duration{group:::cart::pay}", 11.0),
        ("group_duration", 40.0),
        ("pages{scenario:buy}", 11.0),
        ("pages{group:::front}", 0.0),
        ("pages", 47.0),
        ("browse_time{kind:b}", 18.0),
        ("http_reqs{group:::setup}", 1.0),
        ("http_reqs", 30.0),
        ("checks", 30.0),
    ];
    for (name, expected) in counts {
        assert_eq!(count(&summary, name), expected, "{name}");
    }
    assert_eq!(gauge(&summary, "level{group:::front}"), (3.0, 3.0, 3.0));
    for metric in &summary.metrics {
        for verdict in &metric.thresholds {
            assert!(verdict.passed, "{} {}", metric.name, verdict.expression);
        }
    }
}

/// The sections of the full summary are those of the `scenarios` recording.
#[test]
fn the_full_summary_has_a_section_for_each_scenario_and_group() {
    let (_, summary) = run(TAGGED);
    let titles = |text: &str| -> Vec<String> {
        let titles = text
            .lines()
            .filter(|l| l.contains('█') || l.contains("↳ G"));
        titles.map(|l| l.trim_end().to_owned()).collect()
    };
    let mut options = SummaryOptions::new(K6Version::V2);
    options.mode = Mode::Full;
    let recorded = include_str!("../data/k6/scenarios-v2.2.0-full.txt");
    assert_eq!(
        titles(&report::summary(&summary, &options)),
        titles(recorded)
    );
    let browse = &summary.sections.scenarios[0];
    let names = |section: &Section| -> Vec<String> {
        section.metrics.iter().map(|m| m.name.clone()).collect()
    };
    assert!(names(browse).contains(&"iterations".to_owned()));
    assert!(!names(&browse.groups[0]).contains(&"iterations".to_owned()));
    assert!(names(&browse.groups[0]).contains(&"browse_time".to_owned()));
}

/// The exit codes and error lines of the command, as k6's: aborted, crossed, neither.
#[test]
fn the_command_ends_as_k6_does() {
    let directory = tempfile::tempdir().unwrap();
    let model = |threshold: &str| {
        format!(
            "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 1\nduration = \"5s\"\n[journeys]\n\
             s = [{{ request = \"page\" }}]\n{}[thresholds]\nhttp_req_duration = [{threshold}]\n",
            endpoints(&[("page", 400)])
        )
    };
    let end = |threshold: &str| {
        let file = directory.path().join("m.toml");
        std::fs::write(&file, model(threshold)).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_capsim"));
        let output = command.arg("run").arg(&file).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), stderr)
    };
    assert_eq!(end("\"max<500\""), (Some(0), String::new()));
    let crossed = "ERRO thresholds on metrics 'http_req_duration' have been crossed\n";
    assert_eq!(end("\"max<300\""), (Some(99), crossed.to_owned()));
    let aborted = "ERRO thresholds on metrics 'http_req_duration' were crossed; at least one has \
                   abortOnFail enabled, stopping test prematurely\n";
    assert_eq!(
        end("{ threshold = \"max<300\", abort_on_fail = true }"),
        (Some(99), aborted.to_owned())
    );
    let (code, text) = end("\"max>>300\"");
    assert_eq!(code, Some(104));
    assert!(
        text.contains("failed parsing threshold expresion"),
        "{text}"
    );
}

/// k6's warnings on the runs of the recordings `car` (enough VUs at last) and `midreq`.
#[test]
fn warnings_are_k6s() {
    let rate = |max: u32| {
        format!(
            "[scenarios.s]\nexecutor = \"constant-arrival-rate\"\nrate = 10\nduration = \"3s\"\n\
             pre_allocated_vus = 3\nmax_vus = {max}\n[journeys]\ns = [{{ sleep = \"450ms\" }}]\n"
        )
    };
    let warnings = |text: &str| {
        let (outcome, _) = run(text);
        run_text::warnings(&outcome, &model(text))
    };
    assert_eq!(warnings(&rate(5)), Vec::<String>::new());
    let few = warnings(&rate(4));
    assert!(
        few[0].starts_with("Insufficient VUs, reached 4 active VUs"),
        "{few:?}"
    );
    let none = "[scenarios.s]\nexecutor = \"constant-vus\"\nduration = \"1s\"\ngraceful_stop = \"0s\"\n\
                [journeys]\ns = [{ sleep = \"2s\" }]\n";
    assert_eq!(
        warnings(none),
        ["No script iterations fully finished, consider making the test duration longer"]
    );
}

/// Up to k6 0.53 the largest value of a gauge began at 0; setup counted in `iteration_duration`.
#[test]
fn k6_0_53_measures_as_it_did() {
    let text = "[model]\nsummary_style = \"STYLE\"\n[scenarios.s]\nexecutor = \"per-vu-iterations\"\n\
                [setup]\njourney = \"s\"\n[journeys]\n\
                s = [{ sleep = \"1s\" }, { record = \"level\", as = \"gauge\", value = -3 }]\n";
    let (_, old) = run(&text.replace("STYLE", "0.53"));
    assert_eq!(gauge(&old, "level"), (-3.0, -3.0, 0.0));
    assert_eq!(count(&old, "iteration_duration"), 2.0);
    assert_eq!(count(&old, "iterations"), 1.0);
    let (_, new) = run(&text.replace("STYLE", "2"));
    assert_eq!(gauge(&new, "level"), (-3.0, -3.0, -3.0));
    assert_eq!(count(&new, "iteration_duration"), 1.0);
}

/// `rar`: 2/s up to 10/s, flat, down to 0: 38 starts in both, and the last comes before the end.
#[test]
fn a_ramping_arrival_rate_starts_as_often_as_k6() {
    let (outcome, summary) = run(r#"
[scenarios.s]
executor = "ramping-arrival-rate"
start_rate = 2
pre_allocated_vus = 40
stages = [
  { duration = "3s", target = 10 },
  { duration = "1s", target = 10 },
  { duration = "2s", target = 0 },
]
[journeys]
s = [{ sleep = "10ms" }]
"#);
    assert_eq!(count(&summary, "iterations"), 38.0);
    assert_eq!(count(&summary, "dropped_iterations"), 0.0);
    assert_eq!(gauge(&summary, "vus_max"), (40.0, 40.0, 40.0));
    assert_eq!(outcome.end, Termination::Finished);
}

/// `errors`: what a refused connection, a timeout and error statuses do to the metrics.
#[test]
fn failures_are_counted_as_k6_counts_them() {
    let (outcome, summary) = run(r#"
[scenarios.s]
executor = "shared-iterations"
[journeys]
s = [
  { request = "refused" },
  { request = "slow", timeout = "1s" },
  { request = "s500" },
  { request = "s404" },
  { request = "fine", checks = ["ok"] },
]
[stations.shut]
servers = 1
queue = 0
refusal = "connection"
[endpoints.block]
visits = [{ station = "shut", time = "1h" }]
[endpoints.refused]
visits = [{ spawn = "block" }, { delay = "5ms" }, { station = "shut", time = "1s" }]
[endpoints.slow]
visits = [{ delay = "2s" }]
[endpoints.s500]
visits = [{ delay = "10ms" }, { fail = 1.0, status = 500 }]
[endpoints.s404]
visits = [{ delay = "10ms" }, { fail = 1.0, status = 404 }]
[endpoints.fine]
visits = [{ delay = "10ms" }]
[thresholds]
"http_reqs{status:0}" = ["count==2"]
"http_reqs{error_code:1212}" = ["count==1"]
"http_reqs{error_code:1050}" = ["count==1"]
"http_reqs{error_code:1500}" = ["count==1"]
"http_reqs{error_code:1404}" = ["count==1"]
"http_reqs{error:request timeout}" = ["count==1"]
"http_req_failed{expected_response:false}" = ["rate==1"]
"http_req_failed" = ["rate==0.8"]
"http_req_duration" = ["min==0", "max==1000", "med==10", "avg==206"]
"http_req_duration{expected_response:true}" = ["avg==10"]
"#);
    assert_eq!(count(&summary, "http_reqs"), 5.0);
    assert_eq!(outcome.complete_iterations(), 1);
    for metric in &summary.metrics {
        for verdict in &metric.thresholds {
            assert!(
                verdict.passed,
                "{} {}: {:?}",
                metric.name, verdict.expression, metric.values
            );
        }
    }
}

/// `nosamples`: thresholds, custom and http metrics, byte for byte as k6 2.2 printed them; the iteration
/// is as long as the recorded one, for its width is that of the columns.
#[test]
fn metrics_without_samples_are_judged_and_shown_as_k6_does() {
    let mut text = String::from(
        r#"
[scenarios.default]
executor = "shared-iterations"
[journeys]
s = [
  { sleep = "102.85ms" },
  { when = "failed", steps = [
    { request = "page", checks = ["never"] },
    { record = "nt", as = "time", value = "duration" }, { record = "nt2", as = "time", value = "duration" },
    { record = "nr", as = "rate", value = 1 }, { record = "nr2", as = "rate", value = 1 },
    { record = "nc", as = "counter" }, { record = "nc2", as = "counter" },
    { record = "ng", as = "gauge", value = 1 }, { record = "ng2", as = "gauge", value = 1 },
  ] },
]
[thresholds]
nt = ["p(95)<100", "avg>1"]
nt2 = ["min>=0"]
nr = ["rate>0.5"]
nr2 = ["rate<0.01"]
nc = ["count>0"]
nc2 = ["rate<1"]
ng = ["value>0"]
ng2 = ["value<1"]
"http_req_duration{name:none}" = ["p(95)<500", "p(99)>1"]
"http_reqs{name:none}" = ["count==0"]
checks = ["rate==1.0"]
"#,
    );
    text += &endpoints(&[("page", 1)]);
    let (_, summary) = run(&text);
    let ours = report::summary(&summary, &SummaryOptions::new(K6Version::V2));
    let recorded = include_str!("../data/k6/nosamples-v2.2.0.txt");
    let upto = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::to_owned);
        let from = lines.skip_while(|l| !l.contains("THRESHOLDS"));
        from.take_while(|l| !l.contains("EXECUTION")).collect()
    };
    assert!(upto(&ours).len() > 50);
    assert_eq!(upto(&ours), upto(recorded));
}

/// Scenarios that do not overlap share their VUs in k6's plan.
#[test]
fn vus_of_scenarios_that_follow_one_another_are_counted_once() {
    let (_, summary) = run(r#"
[scenarios.one]
executor = "constant-vus"
vus = 3
duration = "2s"
graceful_stop = "0s"
journey = "nap"
[scenarios.two]
executor = "constant-vus"
vus = 2
duration = "2s"
start_time = "3s"
journey = "nap"
[journeys]
nap = [{ sleep = "100ms" }]
"#);
    assert_eq!(gauge(&summary, "vus_max"), (3.0, 3.0, 3.0));
}

/// A VU that begins and is killed at one instant sends nothing, and is not there any more (k6 v2.2.0,
/// `ramping_vus.go`: at one instant the step comes before the kill).
#[test]
fn a_step_up_at_the_instant_of_a_kill_leaves_nobody_behind() {
    let text = format!(
        r#"
[scenarios.default]
executor = "ramping-vus"
stages = [
  {{ duration = "0s", target = 10 }},
  {{ duration = "10s", target = 10 }},
  {{ duration = "0s", target = 0 }},
  {{ duration = "30s", target = 0 }},
  {{ duration = "0s", target = 5 }},
  {{ duration = "30s", target = 5 }},
]
[journeys]
loop = [{{ request = "list" }}, {{ sleep = "1s" }}]
{}"#,
        endpoints(&[("list", 100)])
    );
    let (outcome, summary) = run(&text);
    assert_eq!(
        (outcome.end, outcome.active_vus),
        (Termination::Finished, 0)
    );
    assert_eq!(outcome.recorder.interrupted, 5);
    // Ten VUs for ten seconds; the last iterations end after that.
    assert_eq!(count(&summary, "http_reqs"), 100.0);
    assert_eq!(gauge(&summary, "vus"), (0.0, 0.0, 10.0));
}

/// A VU of `per-vu-iterations` that is interrupted drops what it has not begun (k6 v2.2.0,
/// `per_vu_iterations.go`: after an iteration, however it ended, it sees that the time is over).
#[test]
fn who_is_interrupted_drops_the_rest_of_its_iterations() {
    let text = r#"
[scenarios.default]
executor = "per-vu-iterations"
vus = 2
iterations = 5
max_duration = "10s"
graceful_stop = "1s"
[journeys]
loop = [{ sleep = "4s" }]
"#;
    let (outcome, summary) = run(text);
    assert_eq!(outcome.complete_iterations(), 4);
    assert_eq!(outcome.recorder.interrupted, 2);
    assert_eq!(count(&summary, "dropped_iterations"), 4.0);
}

/// `data_sent` has no sample before the first iteration ends, and a threshold without samples aborts no run.
#[test]
fn a_threshold_on_bytes_waits_for_the_end_of_an_iteration() {
    let text = format!(
        r#"
[scenarios.default]
executor = "constant-vus"
vus = 1
duration = "20s"
[journeys]
loop = [{{ request = "list" }}, {{ sleep = "4900ms" }}]
[network]
latency = "1ms"
[thresholds]
data_sent = [{{ threshold = "count<0", abort_on_fail = true }}]
{}"#,
        endpoints(&[("list", 10)])
    );
    let (outcome, _) = run(&text);
    assert_eq!(outcome.end, Termination::Aborted);
    assert_eq!(outcome.complete_iterations(), 1);
}

/// Open users arrive while their scenario lasts, the first one, too.
#[test]
fn nobody_arrives_after_the_end() {
    let arrivals = |gap: &str| {
        let (outcome, _) = run(&format!(
            r#"
[scenarios.default]
executor = "renewal-arrivals"
gap = "{gap}"
duration = "5s"
[journeys]
visit = [{{ sleep = "10ms" }}]
"#
        ));
        (outcome.complete_iterations(), outcome.end)
    };
    assert_eq!(arrivals("10s"), (0, Termination::Finished));
    assert_eq!(arrivals("5s"), (1, Termination::Finished));
    assert_eq!(arrivals("2s"), (2, Termination::Finished));
}
