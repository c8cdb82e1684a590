//! Retries of requests and calls.

use super::{complaints, count, durations, once, poisson, run};
use capsim::parts::retry::RetryProbe;

const FAILS: &str =
    "[endpoints.e]\nvisits = [{ delay = \"10ms\" }, { fail = 1.0, status = 503 }]\n";

#[test]
fn a_request_is_sent_again_after_its_pauses() {
    let policy = "retry = { attempts = 4, backoff = { exponential = \"100ms\", cap = \"300ms\" } }";
    let text = once(&format!(
        "{{ request = \"e\", {policy}, checks = [\"fine\"] }}, {{ sleep = \"1s\" }}"
    ));
    let outcome = run(&format!("{text}{FAILS}"));
    // Four attempts of 10 ms; pauses of 100, 200 and 300 ms; one check, of the last answer.
    assert_eq!(durations(&outcome), [10; 4]);
    let iteration = outcome.recorder.iteration_durations().get(0);
    assert_eq!(iteration, Some(1_640_000_000));
    assert_eq!(
        outcome
            .recorder
            .checks
            .iter()
            .map(|c| c.0 + c.1)
            .sum::<u64>(),
        1
    );
    let expected = RetryProbe {
        requests: 1,
        retries: 3,
        exhausted: 1,
        paused: 600_000_000,
        ..RetryProbe::default()
    };
    assert_eq!(outcome.retries, [expected]);
}

#[test]
fn retries_inside_retries_multiply() {
    let steps = "{ retry = [{ retry = [{ request = \"e\" }], at_most = 3 }], at_most = 3 }";
    assert_eq!(
        run(&format!("{}{FAILS}", once(steps))).recorder.requests(),
        9
    );
    let steps = "{ retry = [{ request = \"e\", retry = { attempts = 3 } }], at_most = 3 }";
    assert_eq!(
        run(&format!("{}{FAILS}", once(steps))).recorder.requests(),
        9
    );
    // A policy of the client, and one of the service that it calls.
    let text = once("{ request = \"front\", retry = { attempts = 3 } }");
    let front = "[endpoints.front]\nvisits = [{ call = \"e\", retry = { attempts = 3 } }]\n";
    let outcome = run(&format!("{text}{front}{FAILS}"));
    assert_eq!(outcome.recorder.requests(), 3);
    assert_eq!(outcome.op_times.iter().map(|t| t.visits).max(), Some(9));
    assert_eq!(durations(&outcome), [30; 3]);
    // An inner attempt that succeeds ends both.
    let steps = "{ retry = [{ retry = [{ request = \"ok\" }], at_most = 3 }], at_most = 3 }";
    let ok = "[endpoints.ok]\nvisits = [{ delay = \"1ms\" }]\n";
    assert_eq!(run(&format!("{}{ok}", once(steps))).recorder.requests(), 1);
}

#[test]
fn only_what_is_named_is_tried_again() {
    let with = |on: &str| {
        let steps = format!("{{ request = \"e\", retry = {{ attempts = 3, on = {on} }} }}");
        run(&format!("{}{FAILS}", once(&steps))).recorder.requests()
    };
    assert_eq!([with("[503]"), with("[\"5xx\"]")], [3, 3]);
    assert_eq!(
        [with("[500, 429]"), with("[\"timeout\", \"refused\"]")],
        [1, 1]
    );
    let timeout =
        once("{ request = \"e\", timeout = \"5ms\", retry = { attempts = 3, on = \"timeout\" } }");
    assert_eq!(durations(&run(&format!("{timeout}{FAILS}"))), [5; 3]);
    let refuses = "[stations.s]\nservers = 1\nqueue = 0\nrefusal = \"connection\"\n\
                   [endpoints.e]\nvisits = [{ station = \"s\", time = \"1s\" }]\n";
    let policy = "[retries.p]\nattempts = 3\non = \"refused\"\nbackoff = \"400ms\"\n";
    let two = "{ request = \"e\", retry = \"p\" }";
    let text = once(two).replace("vus = 1", "vus = 2");
    let outcome = run(&format!("{text}{policy}{refuses}"));
    // Refused at 0, 0.4 and 0.8 s; the first one is served until 1 s.
    assert_eq!(count(&outcome, 1212), 3);
    assert_eq!(outcome.retries[0].exhausted, 1);
}

#[test]
fn a_call_is_given_up_after_its_timeout_and_made_again() {
    let text = once("{ request = \"front\" }");
    let system = |cancel: &str| {
        format!(
            "[endpoints.front]\nvisits = [{{ call = \"slow\", timeout = \"40ms\", \
             retry = {{ attempts = 3, on = \"timeout\", backoff = \"5ms\" }} }}]\n\
             [stations.s]\nservers = 1\n\
             [endpoints.slow]\n{cancel}visits = [{{ station = \"s\", time = \"70ms\" }}]\n"
        )
    };
    // Served from 0 to 70 ms, from 70 ms to 140 ms: given up at 40, 85 and 130 ms.
    let outcome = run(&format!("{text}{}", system("")));
    assert_eq!((durations(&outcome), count(&outcome, 504)), (vec![130], 1));
    assert_eq!(outcome.in_system, 2);
    let outcome = run(&format!("{text}{}", system("cancel = true\n")));
    assert_eq!((outcome.in_system, outcome.stations[0].left), (0, 3));
    // Each in an empty station once what is there is dropped: one that takes 30 ms is in time.
    let quick = system("cancel = true\n").replace("70ms", "30ms");
    let outcome = run(&format!("{text}{quick}"));
    assert_eq!(
        (durations(&outcome), outcome.retries[0].succeeded),
        (vec![30], 1)
    );
}

#[test]
fn a_caller_that_is_dropped_tries_no_more() {
    let text = once("{ request = \"front\", timeout = \"25ms\" }, { sleep = \"1s\" }");
    let front = "visits = [{ call = \"e\", retry = { attempts = 5 } }]\n";
    let outcome = run(&format!("{text}[endpoints.front]\n{front}{FAILS}"));
    let visits = |o: &capsim::world::outcome::Outcome| o.op_times.iter().map(|t| t.visits).max();
    assert_eq!(visits(&outcome), Some(5));
    let outcome = run(&format!(
        "{text}[endpoints.front]\ncancel = true\n{front}{FAILS}"
    ));
    assert_eq!(visits(&outcome), Some(3));
    assert_eq!(outcome.retries[0].broken_off, 1);
}

#[test]
fn attempts_and_failures_are_those_of_independent_trials() {
    let text = poisson(
        200.0,
        "100s",
        "{ request = \"e\", retry = { attempts = 3 } }",
    );
    let outcome = run(&format!(
        "{text}[endpoints.e]\nvisits = [{{ delay = \"1ms\" }}, {{ fail = 0.4 }}]\n"
    ));
    let probe = outcome.retries[0];
    let expected = 1.0 + 0.4 + 0.16;
    let amplification = probe.amplification();
    assert!(
        (amplification / expected - 1.0).abs() < 0.01,
        "{amplification}"
    );
    let failed = probe.failed() as f64 / probe.requests as f64;
    assert!((failed - 0.064).abs() < 0.006, "{failed}");
}

#[test]
fn a_budget_bounds_the_attempts() {
    let system = "[endpoints.e]\nvisits = [{ delay = \"1ms\" }, { fail = 1.0 }]\n";
    let of = |budget: &str| {
        let policy = format!("retry = {{ attempts = 5, budget = {{ {budget} }} }}");
        let text = poisson(100.0, "50s", &format!("{{ request = \"e\", {policy} }}"));
        run(&format!("{text}{system}")).retries[0]
    };
    // Everything fails: a fifth of all requests may be tried again, and one a second beside that.
    let window = of("ratio = 0.2, min_per_second = 1");
    let allowed = window.requests as f64 * 0.2 + 50.0 + 10.0;
    assert!(window.retries as f64 <= allowed && window.retries as f64 > 0.9 * allowed);
    assert_eq!(window.denied + window.exhausted, window.requests);
    // Ten tokens, and nothing gives one back: 5 are left after 5 failures, of which 4 were tried again.
    let throttle = of("type = \"throttle\", tokens = 10, ratio = 0.1");
    assert_eq!(throttle.retries, 4);
    // Hardly ever more than one request at once: what is allowed in any case.
    let concurrent = of("type = \"concurrent\", ratio = 0.1, min = 0");
    assert_eq!(concurrent.retries, 0);
}

#[test]
fn a_stopped_vu_breaks_its_attempts_off() {
    let text = "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 3\nduration = \"1s\"\n\
                graceful_stop = \"0s\"\njourney = \"go\"\n\
                [journeys]\ngo = [{ request = \"e\", retry = { attempts = 9, backoff = \"300ms\" } }]\n";
    let probe = run(&format!("{text}{FAILS}")).retries[0];
    assert_eq!((probe.requests, probe.broken_off, probe.open), (3, 3, 0));
}

#[test]
fn what_is_wrong_with_a_policy_is_told() {
    let with = |policy: &str| {
        let text = once("{ request = \"e\", retry = \"p\" }");
        complaints(&format!("{text}[retries.p]\n{policy}\n{FAILS}"))
    };
    assert_eq!(with("attempts = 2"), "");
    for (policy, said) in [
        ("backoff = \"1s\"", "`retries.p` needs `attempts`"),
        ("attempts = 0", "a whole number from 1 to 1000"),
        (
            "attempts = 2\non = [\"5XX\"]",
            "`5XX` is not an outcome of a request",
        ),
        ("attempts = 2\non = [200]", "from 400 to 599"),
        (
            "attempts = 2\nbackoff = { linear = \"1s\", fixed = \"1s\" }",
            "has 2",
        ),
        (
            "attempts = 2\nbackoff = { linear = \"2s\", cap = \"1s\" }",
            "shorter than the first pause",
        ),
        ("attempts = 2\njitter = \"ful\"", "did you mean `full`?"),
        (
            "attempts = 2\nbackoff = \"1s\"\njitter = \"decorrelated\"",
            "needs a base and a cap",
        ),
        (
            "attempts = 2\nbudget = { ratio = 0 }",
            "never allows a retry",
        ),
        (
            "attempts = 2\nbudget = { type = \"throttle\", ratio = 1 }",
            "needs `tokens`",
        ),
    ] {
        assert!(with(policy).contains(said), "{policy}: {}", with(policy));
    }
    let text = once("{ request = \"e\", retry = \"q\" }");
    let told = complaints(&format!("{text}[retries.p]\nattempts = 2\n{FAILS}"));
    assert!(told.contains("there is no retry policy `q`"), "{told}");
}
