//! The optional network, to the nanosecond: which part of a request's time is which.

use capsim::engine::Time;
use capsim::measure::recorder::{ResponseCode, Timings};
use capsim::model::Model;
use capsim::world::World;
use capsim::world::outcome::Outcome;

fn run(text: &str) -> Outcome {
    let model = Model::from_text("test.toml", text, &[]).unwrap_or_else(|e| panic!("{e}"));
    World::new(&model, 1, 0).run()
}

fn model(journey: &str, visits: &str, more: &str) -> String {
    format!(
        r#"
[scenarios.s]
executor = "per-vu-iterations"
vus = 1
iterations = 2
[journeys]
s = {journey}
[endpoints.page]
visits = {visits}
[network]
latency = "2ms"
connecting = "4ms"
tls = "8ms"
upload = 1_000_000
download = 500_000
request_bytes = 1_000
response_bytes = 5_000
{more}"#
    )
}

const MS: u64 = 1_000_000;

#[test]
fn a_connection_is_paid_for_once_and_every_byte_each_time() {
    let text = model(
        "[{ request = \"page\" }, { sleep = \"1s\" }]",
        "[{ delay = \"20ms\" }]",
        "",
    );
    let outcome = run(&text);
    let first = Timings {
        blocked: 12 * MS,
        connecting: 4 * MS,
        tls: 8 * MS,
        sending: MS,
        waiting: 24 * MS,
        receiving: 10 * MS,
    };
    let second = Timings {
        blocked: 0,
        connecting: 0,
        tls: 0,
        ..first
    };
    assert_eq!(outcome.recorder.timings, [first, second]);
    assert_eq!(outcome.recorder.durations, [35 * MS, 35 * MS]);
    // An iteration also waits for its connection.
    assert_eq!(
        outcome.recorder.iteration_durations(),
        [1047 * MS, 1035 * MS]
    );
    assert_eq!(outcome.recorder.data[2], (2_000, 10_000));
    assert_eq!(outcome.end_time(), Time(2082 * MS));
}

/// As recorded (`errors`): the timeout covers the connection, the duration does not.
#[test]
fn a_timeout_counts_from_the_start_of_the_connection() {
    let text = model(
        "[{ request = \"page\", timeout = \"100ms\" }]",
        "[{ delay = \"500ms\" }]",
        "",
    );
    let outcome = run(&text);
    let first = &outcome.recorder.timings[0];
    assert_eq!(outcome.recorder.series[0].code, ResponseCode::TIMEOUT);
    assert_eq!((first.blocked, first.sending), (12 * MS, MS));
    assert_eq!((first.waiting, first.receiving), (87 * MS, 0));
    assert_eq!(first.duration().0, 88 * MS);
    assert_eq!(
        outcome.recorder.iteration_durations().get(0),
        Some(100 * MS)
    );
}

/// The answer is on its way when the client gives up.
#[test]
fn an_answer_that_comes_too_late_is_a_timeout() {
    let text = model(
        "[{ request = \"page\", timeout = \"46ms\" }, { request = \"page\" }]",
        "[{ delay = \"20ms\" }]",
        "",
    );
    let outcome = run(&text);
    let series = outcome.recorder.request_series.iter();
    let codes: Vec<ResponseCode> = series
        .map(|s| outcome.recorder.series[usize::from(s)].code)
        .collect();
    // With a connection there is time enough.
    assert_eq!(
        codes,
        [
            ResponseCode::TIMEOUT,
            ResponseCode::OK,
            ResponseCode::OK,
            ResponseCode::OK
        ]
    );
    assert_eq!(
        outcome.recorder.iteration_durations(),
        [(46 + 47) * MS, 70 * MS]
    );
}

/// k6 closes the connection of a request that times out, as recorded (`errors`).
#[test]
fn after_a_timeout_or_an_interruption_there_is_a_new_connection() {
    for (timeout, delay) in [("46ms", "20ms"), ("100ms", "500ms"), ("5ms", "20ms")] {
        let text = model(
            &format!("[{{ request = \"page\", timeout = \"{timeout}\" }}]"),
            &format!("[{{ delay = \"{delay}\" }}]"),
            "",
        );
        let outcome = run(&text);
        let connecting = outcome.recorder.timings.iter().map(|t| t.connecting);
        assert_eq!(connecting.collect::<Vec<_>>(), [4 * MS, 4 * MS]);
        assert_eq!(outcome.recorder.series[0].code, ResponseCode::TIMEOUT);
    }
    // The VU is killed in the middle of its second request (or its answer), and starts again at 3 s.
    for delay in ["700ms", "982ms", "988ms"] {
        let text = model(
            "[{ request = \"page\" }]",
            &format!("[{{ delay = \"{delay}\" }}]"),
            "",
        )
        .replace("per-vu-iterations", "ramping-vus")
        .replace(
            "vus = 1\niterations = 2",
            "start_vus = 1\ngraceful_ramp_down = \"0s\"\nstages = [\
                 { duration = \"2s\", target = 1 }, { duration = \"0s\", target = 0 }, \
                 { duration = \"1s\", target = 0 }, { duration = \"0s\", target = 1 }, \
                 { duration = \"2s\", target = 1 }]",
        );
        let outcome = run(&text);
        let connecting: Vec<u64> = outcome
            .recorder
            .timings
            .iter()
            .map(|t| t.connecting)
            .collect();
        let made = connecting.iter().filter(|c| **c > 0).count();
        assert_eq!((connecting[0], made), (4 * MS, 2), "{delay} {connecting:?}");
    }
}

/// A seat that is on its way when the client gives up is nobody's pick.
#[test]
fn an_answer_that_comes_too_late_says_nothing() {
    let journey = "[{ pick = \"event\" }, { request = \"page\", pick = \"seat\", timeout = \"46ms\" }, \
                   { request = \"claim\", claim = \"seat\" }]";
    let more = "[endpoints.claim]\nvisits = [{ delay = \"1ms\" }]\n\
                [inventory]\nevents = 1\nseats_per_event = 9\n";
    let record = run(&model(journey, "[{ delay = \"20ms\" }]", more)).recorder;
    let series = record.request_series.iter();
    let codes: Vec<ResponseCode> = series.map(|s| record.series[usize::from(s)].code).collect();
    assert_eq!(
        codes,
        [
            ResponseCode::TIMEOUT,
            ResponseCode(409),
            ResponseCode::OK,
            ResponseCode::OK
        ]
    );
}

#[test]
fn a_refused_connection_has_no_times() {
    let text = model(
        "[{ request = \"page\" }]",
        "[{ fail = 1.0, status = 0 }]",
        "",
    );
    let refused = Model::from_text("test.toml", &text, &[]);
    let text = if refused.is_ok() {
        text
    } else {
        let visits = "[{ station = \"full\", time = \"1s\" }]";
        let more = "[stations.full]\nservers = 1\nqueue = 0\nrefusal = \"connection\"\n";
        let journey = "[{ request = \"page\" }]";
        model(journey, visits, more).replace("vus = 1", "vus = 2")
    };
    let outcome = run(&text);
    let record = &outcome.recorder;
    let refused = record.request_series.iter().zip(&record.timings);
    let refused = refused.filter(|(s, _)| record.series[*s as usize].code == ResponseCode::REFUSED);
    let timings: Vec<Timings> = refused.map(|(_, t)| *t).collect();
    assert!(!timings.is_empty());
    assert!(timings.iter().all(|t| *t == Timings::default()));
}

/// What is on the way when its VU is interrupted counts nowhere, but its bytes were sent.
#[test]
fn an_interruption_takes_what_is_on_the_way() {
    let text = model("[{ request = \"page\" }]", "[{ delay = \"20ms\" }]", "")
        .replace("per-vu-iterations", "constant-vus")
        .replace(
            "iterations = 2",
            "duration = \"1s\"\ngraceful_stop = \"0s\"",
        );
    let outcome = run(&text);
    // 47 ms, then 35 ms each: 28 are answered before 1 s, the next is on the way.
    assert_eq!(outcome.recorder.durations.len(), 28);
    assert_eq!(outcome.recorder.interrupted, 1);
    assert_eq!(outcome.recorder.data[2], (29_000, 28 * 5_000));
    assert_eq!(outcome.end_time(), Time(1000 * MS));
}

/// k6's `noConnectionReuse` and `noVUConnectionReuse`, by either spelling.
#[test]
fn connections_are_closed_as_the_options_say() {
    let made = |option: &str| {
        let twice = "[{ request = \"page\" }, { request = \"page\" }, { sleep = \"1s\" }]";
        let text = model(
            twice,
            "[{ delay = \"20ms\" }]",
            &format!("[model]\n{option}"),
        );
        let outcome = run(&text);
        let timings = outcome.recorder.timings.iter();
        let anew: Vec<bool> = timings.map(|t| t.connecting == 4 * MS).collect();
        anew
    };
    assert_eq!(made(""), [true, false, false, false]);
    for key in ["no_vu_connection_reuse", "noVUConnectionReuse"] {
        assert_eq!(made(&format!("{key} = true")), [true, false, true, false]);
    }
    for key in ["no_connection_reuse", "noConnectionReuse"] {
        assert_eq!(made(&format!("{key} = true")), [true; 4]);
    }
}

/// k6's `expectedStatuses`: what is expected does not count as failed, whatever it is; the error code stays.
#[test]
fn what_is_expected_does_not_fail() {
    let counts = |of_model: &str, of_step: &str| {
        let text = format!(
            "[model]\n{of_model}\n[scenarios.s]\nexecutor = \"per-vu-iterations\"\nvus = 1\niterations = 5\n\
             [journeys]\ns = [{{ request = \"gone\"{of_step}, checks = [\"found\"] }}, {{ request = \"page\" }}]\n\
             [endpoints.gone]\nvisits = [{{ fail = 1.0, status = 409 }}]\n\
             [endpoints.page]\nvisits = [{{ delay = \"1ms\" }}]\n"
        );
        let outcome = run(&text);
        let record = &outcome.recorder;
        let all = record.series.iter().zip(record.requests_by_series());
        let failed = all
            .filter(|(series, _)| series.expected == Some(false))
            .map(|(_, n)| n);
        // The check goes by the status.
        assert_eq!(record.checks[2], (0, 5));
        failed.sum::<u64>()
    };
    assert_eq!(counts("", ""), 5);
    assert_eq!(counts("expected = [200, 409]", ""), 0);
    assert_eq!(counts("", ", expected = [200, 409]"), 0);
    // 200 is not expected then.
    assert_eq!(counts("expected = [409]", ""), 5);
    let range = "{ min = 200, max = 409 }";
    assert_eq!(counts(&format!("expected = [{range}]"), ""), 0);
    assert_eq!(counts(&format!("expected = [201, {range}]"), ""), 0);
    assert_eq!(counts("expected = [409]", ", expected = [200]"), 10);
}
