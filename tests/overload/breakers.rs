//! Circuit breakers around calls.

use super::{complaints, count, durations, once, run};

/// Calls that fail until a time, made every 100 ms.
fn calls(times: usize, breaker: &str, retry: &str) -> String {
    let steps = format!(
        "{{ repeat = [{{ request = \"front\" }}, {{ sleep = \"90ms\" }}], times = {times} }}"
    );
    format!(
        "{}[endpoints.front]\nvisits = [{{ delay = \"4ms\" }}, {{ call = \"e\", breaker = \"b\"{retry} }}]\n\
         [breakers.b]\n{breaker}\n",
        once(&steps)
    )
}

const FAILS: &str = "[endpoints.e]\nvisits = [{ delay = \"6ms\" }, { fail = 1.0, status = 500 }]\n";

#[test]
fn it_opens_after_its_window_and_probes_after_its_time() {
    let breaker =
        "window = { calls = 4 }\nminimum_calls = 4\nopen = \"1s\"\nprobes = 2\nstatus = 599";
    let outcome = run(&format!("{}{FAILS}", calls(40, breaker, "")));
    // Four calls fail, at 10, 110, 210 and 310 ms: open until 1310 ms. Rejected ones take 4 ms, and the next
    // comes 94 ms later: at 404, 498, …, of which the eleventh comes at 1344 ms and probes; so does the next, at
    // 1444 ms, which ends at 1450 ms and opens it again until 2450 ms.
    let ms = durations(&outcome);
    assert_eq!(ms[..4], [10; 4]);
    assert_eq!(ms[4..14], [4; 10]);
    assert_eq!(ms[14..16], [10; 2]);
    assert_eq!(ms[16..26], [4; 10]);
    let probe = &outcome.breakers[0];
    assert_eq!(probe.permitted, count(&outcome, 500));
    assert_eq!(probe.rejected, count(&outcome, 599));
    assert_eq!(probe.permitted + probe.rejected, 40);
    assert_eq!(probe.opened, 4);
}

#[test]
fn good_probes_close_it() {
    // The callee fails for the first second: a station that refuses while it stands still and is full.
    let breaker = "window = { seconds = 2 }\nminimum_calls = 3\nopen = \"500ms\"\nprobes = 1";
    let callee = "[stations.s]\nservers = 1\nslowdowns = [{ at = \"0s\", lasts = \"1s\" }]\n\
                  [endpoints.e]\ncancel = true\nvisits = [{ station = \"s\", time = \"6ms\" }]\n";
    let text = calls(30, breaker, ", timeout = \"20ms\"");
    let outcome = run(&format!("{text}{callee}"));
    let probe = &outcome.breakers[0];
    // Three calls time out; one probe in the first second does, too; then all is well.
    assert_eq!((probe.failed, probe.opened), (4, 2));
    assert_eq!(count(&outcome, 504), 4);
    assert_eq!(count(&outcome, 200), probe.permitted - 4);
    assert!(probe.permitted > 15, "{}", probe.permitted);
    let open = probe.open.mean(outcome.end_time()) * outcome.duration.as_secs();
    assert!((1.0..1.3).contains(&open), "{open} s");
}

#[test]
fn slow_calls_open_it() {
    let breaker = "window = { calls = 10 }\nminimum_calls = 5\nslow = \"5ms\"\nslow_rate = 1.0\nopen = \"10s\"";
    let works = "[endpoints.e]\nvisits = [{ delay = \"6ms\" }]\n";
    let outcome = run(&format!("{}{works}", calls(12, breaker, "")));
    assert_eq!((outcome.breakers[0].slow, count(&outcome, 503)), (5, 7));
}

#[test]
fn each_attempt_asks_the_breaker() {
    let breaker = "window = { calls = 3 }\nminimum_calls = 3\nopen = \"10s\"";
    let retry = ", retry = { attempts = 5, backoff = \"10ms\" }";
    let outcome = run(&format!("{}{FAILS}", calls(1, breaker, retry)));
    // Three attempts and three pauses; the fourth is rejected and not retried.
    assert_eq!(
        (durations(&outcome), outcome.breakers[0].rejected),
        (vec![52], 1)
    );
    assert_eq!(outcome.retries[0].not_retried, 1);
    let retry = ", retry = { attempts = 5, on = [\"5xx\", \"open\"], backoff = \"10ms\" }";
    let outcome = run(&format!("{}{FAILS}", calls(1, breaker, retry)));
    assert_eq!(
        (durations(&outcome), outcome.breakers[0].rejected),
        (vec![62], 2)
    );
}

#[test]
fn what_is_wrong_with_a_breaker_is_told() {
    for (breaker, said) in [
        ("window = { calls = 0 }", "from 1 to 1000000"),
        (
            "window = { calls = 3, seconds = 4 }",
            "of calls or of seconds",
        ),
        ("slow_rate = 0.5", "which calls are slow"),
        ("failure_rate = 50", "write 0.5"),
        ("failures = [404.5]", "a whole number"),
        ("openn = \"1s\"", "did you mean `open`?"),
    ] {
        let told = complaints(&format!("{}{FAILS}", calls(1, breaker, "")));
        assert!(told.contains(said), "{breaker}: {told}");
    }
    let retry = ", retry = { attempts = 2, on = \"open\" }";
    let told = complaints(&format!("{}{FAILS}", calls(1, "", retry)));
    assert!(told.contains("without a pause"), "{told}");
}
