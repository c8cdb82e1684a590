//! The load side against k6: the step lists and start times that k6 itself computed, and the texts of
//! recorded runs.

use capsim::engine::Span;
use capsim::load::arrivals::Ticks;
use capsim::load::describe::header;
use capsim::load::plan::Plan;
use capsim::load::progress::{Bar, Moment, TestMoment, block};
use capsim::load::ramping_vus::{Action, RampingVus, Step};
use capsim::model::duration::parse;
use capsim::model::journey::JourneyId;
use capsim::model::scenario::{Executor, Scenario, Stage};
use serde::Deserialize;

#[derive(Deserialize)]
struct StepVector {
    name: String,
    #[serde(rename = "startVUs")]
    start_vus: u64,
    stages_ms_target: Vec<(u64, f64)>,
    #[serde(rename = "gracefulRampDown_ms")]
    graceful_ramp_down_ms: u64,
    #[serde(rename = "gracefulStop_ms")]
    graceful_stop_ms: u64,
    active_steps_ns_vus: Vec<(u64, u64)>,
    reserved_steps_ns_vus: Vec<(u64, u64)>,
    max_duration_ms: u64,
}

fn stages(stages: &[(u64, f64)]) -> Vec<Stage> {
    let stage = |&(ms, target): &(u64, f64)| Stage {
        duration: Span::millis(ms),
        target,
    };
    stages.iter().map(stage).collect()
}

fn step_vectors() -> Vec<StepVector> {
    let text = include_str!("../data/k6/ramping-vus-steps.json");
    serde_json::from_str(text).expect("the fixture is JSON")
}

impl StepVector {
    fn ramp(&self) -> RampingVus {
        RampingVus::new(
            self.start_vus,
            &stages(&self.stages_ms_target),
            Span::millis(self.graceful_ramp_down_ms),
            Span::millis(self.graceful_stop_ms),
        )
    }
}

#[test]
fn ramping_vus_steps_are_k6s_to_the_nanosecond() {
    let vectors = step_vectors();
    assert_eq!(vectors.len(), 12);
    let pairs = |steps: &[Step]| -> Vec<(u64, u64)> {
        steps.iter().map(|step| (step.at.0, step.vus)).collect()
    };
    for vector in vectors {
        let ramp = vector.ramp();
        assert_eq!(
            pairs(&ramp.active),
            vector.active_steps_ns_vus,
            "{}",
            vector.name
        );
        assert_eq!(
            pairs(&ramp.reserved),
            vector.reserved_steps_ns_vus,
            "{}",
            vector.name
        );
        assert_eq!(
            ramp.max_duration(),
            Span::millis(vector.max_duration_ms),
            "{}",
            vector.name
        );
    }
}

#[test]
fn handle_events_follow_the_steps() {
    for vector in step_vectors() {
        let ramp = vector.ramp();
        let events: Vec<_> = ramp.clone().into_events().collect();
        assert!(events.is_sorted_by_key(|event| event.at), "{}", vector.name);
        let mut looping = vec![false; ramp.max_vus() as usize + 1];
        let mut planned = 0i64;
        for event in &events {
            planned += match event.action {
                Action::Start => 1,
                Action::GracefulStop => -1,
                Action::HardStop => 0,
            };
            looping[event.handle as usize] = event.action == Action::Start;
        }
        assert_eq!(planned, 0, "{}", vector.name);
        assert!(!looping.contains(&true), "{}", vector.name);
    }
}

/// 5 s up to 20 VUs, 5 s hold, 5 s down, iterations of 0.5 s: k6 v0.53.0 and v2.2.0 both ran 410.
#[test]
fn the_recorded_closed_loop_runs_410_iterations() {
    let ramp = [(5_000, 20.0), (5_000, 20.0), (5_000, 0.0)];
    let ramp = RampingVus::new(1, &stages(&ramp), Span::secs(30), Span::secs(30));
    let mut iterations = 0;
    let mut started = [Span::ZERO; 21];
    for event in ramp.into_events() {
        let start = &mut started[event.handle as usize];
        match event.action {
            Action::Start => *start = event.at,
            // The running iteration is finished.
            Action::GracefulStop => {
                iterations += (event.at.0 - start.0).div_ceil(500_000_000);
            }
            Action::HardStop => {}
        }
    }
    assert_eq!(iterations, 410);
}

#[derive(Deserialize)]
struct TickVector {
    #[serde(rename = "startRate")]
    start_rate: u64,
    #[serde(rename = "timeUnit_ms")]
    time_unit_ms: u64,
    stages_ms_target: Vec<(u64, f64)>,
    ticks_ns: Vec<u64>,
}

#[test]
fn ramping_arrival_rate_starts_are_k6s_to_the_nanosecond() {
    let text = include_str!("../data/k6/ramping-arrival-rate-ticks.json");
    let vectors: Vec<TickVector> = serde_json::from_str(text).expect("the fixture is JSON");
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let stages = stages(&vector.stages_ms_target);
        let unit = Span::millis(vector.time_unit_ms);
        let ticks = Ticks::ramping_computed(vector.start_rate, unit, &stages);
        let ticks: Vec<u64> = ticks.map(|tick| tick.0).collect();
        assert_eq!(ticks, vector.ticks_ns);
    }
}

fn span(text: &str) -> Span {
    parse(text).expect("a valid duration")
}

fn scenario(name: &str, executor: Executor) -> Scenario {
    Scenario {
        name: name.to_string(),
        executor,
        journey: JourneyId(0),
        start_time: Span::ZERO,
        graceful_stop: Span::secs(30),
        tags: Vec::new(),
    }
}

fn ramping(name: &str, ramp: &[(u64, f64)], ramp_down: &str) -> Scenario {
    let graceful_ramp_down = span(ramp_down);
    scenario(
        name,
        Executor::RampingVus {
            start_vus: 1,
            stages: stages(ramp),
            graceful_ramp_down,
        },
    )
}

fn constant(name: &str, vus: u64, duration: &str) -> Scenario {
    scenario(
        name,
        Executor::ConstantVus {
            vus,
            duration: span(duration),
        },
    )
}

fn constant_rate(name: &str, rate: u64, unit: &str, max_vus: u64) -> Scenario {
    scenario(
        name,
        Executor::ConstantArrivalRate {
            rate,
            time_unit: span(unit),
            duration: Span::secs(2),
            pre_allocated_vus: 2,
            max_vus,
        },
    )
}

fn shared(name: &str, vus: u64, iterations: u64, max: &str) -> Scenario {
    scenario(
        name,
        Executor::SharedIterations {
            vus,
            iterations,
            max_duration: span(max),
        },
    )
}

fn per_vu(name: &str, iterations: u64, max: &str) -> Scenario {
    scenario(
        name,
        Executor::PerVuIterations {
            vus: 2,
            iterations,
            max_duration: span(max),
        },
    )
}

/// The script desc.js: every executor at once.
fn desc() -> Vec<Scenario> {
    let rising = Executor::RampingArrivalRate {
        start_rate: 1,
        time_unit: Span::secs(1),
        stages: stages(&[(2_000, 7.0)]),
        pre_allocated_vus: 2,
        max_vus: 2,
    };
    vec![
        Scenario {
            start_time: Span::millis(500),
            ..shared("si", 2, 5, "1m30s")
        },
        per_vu("pv", 3, "10m"),
        Scenario {
            graceful_stop: Span::ZERO,
            ..constant("cv", 2, "1500ms")
        },
        ramping("rv", &[(1_000, 3.0), (90_000, 0.0)], "0s"),
        ramping("rv2", &[(1_000, 3.0), (1_000, 0.0)], "5s"),
        constant_rate("ca", 90, "1m", 10),
        scenario("ra", rising),
    ]
}

#[test]
fn header_of_every_executor() {
    let exec = |scenario: &Scenario| (scenario.name == "pv").then(|| "f".to_string());
    let expected = "     execution: local
        script: scripts/desc.js
        output: -

     scenarios: (100.00%) 7 scenarios, 24 max VUs, 10m30s max duration (incl. graceful stop):
              * ca: 1.50 iterations/s for 2s (maxVUs: 2-10, gracefulStop: 30s)
              * cv: 2 looping VUs for 1.5s
              * pv: 3 iterations for each of 2 VUs (maxDuration: 10m0s, exec: f, gracefulStop: 30s)
              * ra: Up to 7.00 iterations/s for 2s over 1 stages (maxVUs: 2, gracefulStop: 30s)
              * rv: Up to 3 looping VUs for 1m31s over 2 stages (gracefulRampDown: 0s, gracefulStop: 30s)
              * rv2: Up to 3 looping VUs for 2s over 2 stages (gracefulRampDown: 5s, gracefulStop: 30s)
              * si: 5 iterations shared among 2 VUs (maxDuration: 1m30s, startTime: 500ms, gracefulStop: 30s)
";
    assert_eq!(
        header("local", "scripts/desc.js", "-", &desc(), exec),
        expected
    );
}

#[test]
fn headers_of_single_and_overlapping_scenarios() {
    let published = [(60, 1e3), (60, 2e3), (60, 5e3), (60, 5e3), (60, 0.0)];
    let published: Vec<(u64, f64)> = published.iter().map(|&(s, n)| (s * 1_000, n)).collect();
    let seed = [ramping("default", &published, "30s")];
    let text = header("local", "test.js", "-", &seed, |_| None);
    assert!(text.ends_with(
        "     scenarios: (100.00%) 1 scenario, 5000 max VUs, 5m30s max duration (incl. graceful stop):
              * default: Up to 5000 looping VUs for 5m0s over 5 stages (gracefulRampDown: 30s, gracefulStop: 30s)
"
    ));
    let main = [
        (4_000, 6.0),
        (4_000, 6.0),
        (2_000, 2.0),
        (2_000, 4.0),
        (2_000, 0.0),
    ];
    let text = header(
        "local",
        "main.js",
        "-",
        &[ramping("default", &main, "30s")],
        |_| None,
    );
    assert!(
        text.contains("1 scenario, 6 max VUs, 44s max duration"),
        "{text}"
    );
    let jump = [(2_000, 10.0), (0, 0.0), (1_000, 7.0), (2_000, 7.0)];
    let graceful_stop = Span::millis(500);
    let jump = Scenario {
        graceful_stop,
        ..ramping("s", &jump, "500ms")
    };
    let text = header("local", "jumpdown.js", "-", &[jump], |_| None);
    assert!(text.contains("10 max VUs, 5.5s max duration"), "{text}");
    let (buy, a, b) = (
        constant_rate("buy", 5, "1s", 2),
        constant("a", 2, "20s"),
        constant("b", 1, "5s"),
    );
    let buy = Scenario {
        start_time: Span::secs(1),
        ..buy
    };
    let plan = Plan::new(&[constant("browse", 2, "2s"), buy]);
    assert_eq!((plan.max_vus(), plan.max_duration()), (4, Span::secs(33)));
    let b = Scenario {
        start_time: Span::secs(15),
        ..b
    };
    let plan = Plan::new(&[a, b]);
    assert_eq!((plan.max_vus(), plan.max_duration()), (3, Span::secs(50)));
}

#[test]
fn scenarios_one_after_the_other_share_their_vus() {
    let first = Scenario {
        graceful_stop: Span::ZERO,
        ..constant("a", 7, "10s")
    };
    let second = Scenario {
        start_time: Span::secs(10),
        ..constant("b", 5, "10s")
    };
    assert_eq!(Plan::new(&[second, first]).max_vus(), 7);
}

/// Milliseconds spent, active VUs, complete iterations.
fn at(ms: u64, active_vus: u64, complete: u64) -> Moment {
    Moment {
        spent: Span::millis(ms),
        active_vus,
        initialised_vus: 2,
        complete,
        gap: Span::ZERO,
    }
}

#[test]
fn last_block_of_the_main_recording() {
    let main = [
        (4_000, 6.0),
        (4_000, 6.0),
        (2_000, 2.0),
        (2_000, 4.0),
        (2_000, 0.0),
    ];
    let main = ramping("default", &main, "30s");
    let mut test = TestMoment {
        elapsed: Span::millis(16_073),
        max_duration: Span::secs(44),
        active_vus: 0,
        initialised_vus: 6,
        max_vus: 6,
        complete: 137,
        interrupted: 0,
    };
    assert_eq!(
        block(&test, &[Bar::finished(&main, &at(14_300, 0, 137), false)]),
        "
running (16.1s), 0/6 VUs, 137 complete and 0 interrupted iterations
default ✓ [ 100% ] 0/6 VUs  14s
"
    );
    (test.elapsed, test.active_vus, test.complete) = (Span::millis(4_999), 5, 20);
    assert_eq!(
        block(&test, &[Bar::running(&main, &at(3_402, 5, 20))]),
        "
running (05.0s), 5/6 VUs, 20 complete and 0 interrupted iterations
default   [  24% ] 5/6 VUs  03.4s/14.0s
"
    );
    assert_eq!(
        capsim::load::progress::bars(&[Bar::idle("default")]),
        "default   [   0% ]\n"
    );
}

#[test]
fn published_status_line() {
    let now = TestMoment {
        elapsed: Span(300_913_700_000),
        max_duration: span("5m30s"),
        active_vus: 0,
        initialised_vus: 5000,
        max_vus: 5000,
        complete: 556_414,
        interrupted: 0,
    };
    assert_eq!(
        capsim::load::progress::status_line(&now),
        "running (5m00.9s), 0000/5000 VUs, 556414 complete and 0 interrupted iterations"
    );
}

#[test]
fn blocks_of_the_scenarios_recording() {
    let browse = constant("browse", 2, "2s");
    let start_time = Span::secs(1);
    let buy = Scenario {
        start_time,
        ..constant_rate("buy", 5, "1s", 2)
    };
    let test = |ms, active_vus, complete| TestMoment {
        elapsed: Span::millis(ms),
        max_duration: Span::secs(33),
        active_vus,
        initialised_vus: 4,
        max_vus: 4,
        complete,
        interrupted: 0,
    };
    let bars = [
        Bar::running(&browse, &at(1_000, 2, 8)),
        Bar::waiting(&buy, Span::millis(1)),
    ];
    assert_eq!(
        block(&test(1_000, 2, 8), &bars),
        "
running (01.0s), 2/4 VUs, 8 complete and 0 interrupted iterations
browse   [  50% ] 2 VUs    1.0s/2s
buy    • [   0% ] waiting  0.0s
"
    );
    let bars = [
        Bar::finished(&browse, &at(2_100, 0, 18), false),
        Bar::running(&buy, &at(1_999, 0, 10)),
    ];
    assert_eq!(
        block(&test(2_999, 0, 28), &bars),
        "
running (03.0s), 0/4 VUs, 28 complete and 0 interrupted iterations
browse ✓ [ 100% ] 2 VUs    2s     \x20
buy      [ 100% ] 0/2 VUs  2.0s/2s  5.00 iters/s
"
    );
    let bars = [
        Bar::finished(&browse, &at(2_100, 0, 18), false),
        Bar::finished(&buy, &at(2_063, 0, 11), false),
    ];
    assert_eq!(
        block(&test(3_063, 0, 29), &bars),
        "
running (03.1s), 0/4 VUs, 29 complete and 0 interrupted iterations
browse ✓ [ 100% ] 2 VUs    2s\x20
buy    ✓ [ 100% ] 0/2 VUs  2s  5.00 iters/s
"
    );
}

#[test]
fn first_block_of_the_desc_recording() {
    let scenarios = desc();
    let by_name = |name: &str| {
        let found = scenarios.iter().find(|scenario| scenario.name == name);
        found.expect("the script has it")
    };
    // Between the start at 868.517 ms and that at 1,119.633 ms.
    let gap = Span(251_116_000);
    let bars = [
        Bar::running(by_name("ca"), &at(988, 0, 0)),
        Bar::running(by_name("cv"), &at(988, 2, 0)),
        Bar::finished(by_name("pv"), &at(1, 0, 6), false),
        Bar::running(
            by_name("ra"),
            &Moment {
                gap,
                ..at(988, 0, 0)
            },
        ),
        Bar::running(by_name("rv"), &at(988, 2, 0)),
        Bar::running(by_name("rv2"), &at(988, 2, 0)),
        Bar::finished(by_name("si"), &at(1, 0, 5), false),
    ];
    let plan = Plan::new(&scenarios);
    let now = TestMoment {
        elapsed: Span::millis(988),
        max_duration: plan.max_duration(),
        active_vus: 6,
        initialised_vus: 16,
        max_vus: plan.max_vus(),
        complete: 191_139,
        interrupted: 0,
    };
    assert_eq!(plan.planned_vus(), 16);
    assert_eq!(
        block(&now, &bars),
        "
running (00m01.0s), 06/16 VUs, 191139 complete and 0 interrupted iterations
ca     [  49% ] 00/02 VUs  1.0s/2s         1.50 iters/s
cv     [  66% ] 2 VUs      1.0s/1.5s     \x20
pv   ✓ [ 100% ] 2 VUs      00m00.0s/10m0s  6/6 iters, 3 per VU
ra     [  49% ] 0/2 VUs    1.0s/2s         3.98 iters/s
rv     [   1% ] 2/3 VUs    0m01.0s/1m31.0s
rv2    [  49% ] 2/3 VUs    1.0s/2.0s     \x20
si   ✓ [ 100% ] 2 VUs      0m00.0s/1m30s   5/5 shared iters
"
    );
}

/// In the recording the names are one column narrower: there k6's own line already said `Run`, not
/// `Init`, when it measured them. The other recordings have this width.
#[test]
fn last_block_of_the_drops_recording() {
    let graceful_stop = Span::secs(1);
    let pv = Scenario {
        graceful_stop,
        ..per_vu("pv", 5, "1s")
    };
    let si = Scenario {
        graceful_stop: Span::millis(100),
        ..shared("si", 3, 20, "1s")
    };
    let scenarios = [pv, si];
    let plan = Plan::new(&scenarios);
    let now = TestMoment {
        elapsed: Span::millis(1_202),
        max_duration: plan.max_duration(),
        active_vus: 0,
        initialised_vus: 5,
        max_vus: plan.max_vus(),
        complete: 12,
        interrupted: 3,
    };
    let running = [
        Bar::running(&scenarios[0], &at(1_001, 2, 4)),
        Bar::running(&scenarios[1], &at(1_001, 3, 6)),
    ];
    assert_eq!(
        capsim::load::progress::bars(&running),
        "pv   ↓ [ 100% ] 2 VUs  1s       04/10 iters, 5 per VU
si   ↓ [  30% ] 3 VUs  1.0s/1s  06/20 shared iters
"
    );
    let finished = [
        Bar::finished(&scenarios[0], &at(1_202, 0, 6), false),
        Bar::finished(&scenarios[1], &at(1_101, 0, 6), false),
    ];
    assert_eq!(
        block(&now, &finished),
        "
running (1.2s), 0/5 VUs, 12 complete and 3 interrupted iterations
pv   ✓ [ 100% ] 2 VUs  1s       06/10 iters, 5 per VU
si   ✗ [  30% ] 3 VUs  1.1s/1s  06/20 shared iters
"
    );
}
