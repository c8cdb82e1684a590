//! The optional network, to the nanosecond: which part of a request's time is which.

use capsim::engine::Time;
use capsim::measure::recorder::{Code, Timings};
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
    assert_eq!(outcome.recorder.series[0].code, Code::TIMEOUT);
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
        "[{ request = \"page\", timeout = \"46ms\" }]",
        "[{ delay = \"20ms\" }]",
        "",
    );
    let outcome = run(&text);
    assert_eq!(outcome.recorder.series[0].code, Code::TIMEOUT);
    assert_eq!(outcome.recorder.iteration_durations().get(0), Some(46 * MS));
    // Without the connection there is time enough.
    assert_eq!(outcome.recorder.series[1].code, Code::OK);
    assert_eq!(outcome.recorder.iteration_durations().get(1), Some(35 * MS));
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
    let codes: Vec<Code> = series.map(|s| record.series[usize::from(s)].code).collect();
    assert_eq!(codes, [Code::TIMEOUT, Code(409), Code::OK, Code::OK]);
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
    let refused = refused.filter(|(s, _)| record.series[*s as usize].code == Code::REFUSED);
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
