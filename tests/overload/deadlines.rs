//! Deadlines that travel with calls: cases that can be worked out by hand, and a closed form.

use super::{complaints, count, durations, once, poisson, run, run_seed};
use capsim::world::outcome::Outcome;

const STATION: &str = "[stations.s]\nservers = 1\n";

/// So many users that ask at once.
fn users(n: u32, system: &str) -> Outcome {
    let text =
        once("{ request = \"e\" }, { sleep = \"9s\" }").replace("vus = 1", &format!("vus = {n}"));
    run(&format!("{text}{STATION}{system}"))
}

#[test]
fn who_is_late_when_the_turn_comes_is_dropped() {
    let visits = "visits = [{ station = \"s\", time = \"100ms\" }]\n";
    let e = |keys: &str| format!("[endpoints.e]\n{keys}{visits}");
    // Services would begin at 0, 100, 200, 300 and 400 ms.
    let outcome = users(5, &e("deadline = \"250ms\"\n"));
    assert_eq!(durations(&outcome), [100, 200, 300, 300, 300]);
    assert_eq!((count(&outcome, 504), outcome.too_late[0]), (2, 2));
    let s = &outcome.stations[0];
    assert_eq!((s.completed, s.left), (3, 2));
    // At the deadline is too late.
    let outcome = users(5, &e("deadline = \"200ms\"\n"));
    assert_eq!(durations(&outcome), [100, 200, 200, 200, 200]);
    // The client's timeout: it has gone before its turn comes. Without it the server works for who has gone.
    let outcome = users(5, &e("timeout = \"250ms\"\ndeadline = \"client\"\n"));
    assert_eq!(durations(&outcome), [100, 200, 250, 250, 250]);
    assert_eq!((outcome.stations[0].completed, outcome.too_late[0]), (3, 2));
    let outcome = users(5, &e("timeout = \"250ms\"\n"));
    assert_eq!(
        (outcome.stations[0].completed, outcome.too_late.len()),
        (5, 0)
    );
    // In line it keeps its place, and so a full queue refuses; hundreds late at once are dropped at once.
    let outcome = users(900, &e("deadline = \"150ms\"\n"));
    assert_eq!(
        (outcome.too_late[0], outcome.stations[0].completed),
        (898, 2)
    );
    for discipline in ["lifo", "random", "priority"] {
        let with = format!("discipline = \"{discipline}\"\n");
        let text = once("{ request = \"e\" }, { sleep = \"9s\" }").replace("vus = 1", "vus = 5");
        let outcome = run(&format!(
            "{text}{STATION}{with}{}",
            e("deadline = \"250ms\"\n")
        ));
        assert_eq!((outcome.too_late[0], outcome.stations[0].completed), (2, 3));
    }
}

#[test]
fn a_token_is_not_kept_by_who_is_late() {
    let e = |delay: u32| {
        format!(
            "[pools.p]\nsize = 1\n[endpoints.e]\nhold = \"p\"\ndeadline = \"250ms\"\n\
             visits = [{{ delay = \"{delay}ms\" }}, {{ station = \"s\", time = \"{}ms\" }}]\n",
            100 - delay
        )
    };
    // The third has its token at 200 ms and is served from 240 ms; the others' turn comes at 300 ms.
    let outcome = users(5, &e(40));
    assert_eq!(durations(&outcome), [100, 200, 300, 300, 300]);
    // The third would be served from 260 ms.
    let outcome = users(5, &e(60));
    assert_eq!(durations(&outcome), [100, 200, 260, 260, 260]);
    assert_eq!(
        (count(&outcome, 504), outcome.stations[0].completed),
        (3, 2)
    );
    assert_eq!(outcome.pools[0].granted, 5);
}

#[test]
fn a_deadline_travels_with_calls() {
    let text = once("{ request = \"front\" }, { sleep = \"9s\" }");
    let with = |deadline: &str, call: &str| {
        let front = format!(
            "deadline = \"{deadline}\"\nvisits = [{{ delay = \"100ms\" }}, {{ {call} }}]\n"
        );
        let work = "{ station = \"s\", time = \"40ms\" }";
        run(&format!(
            "{text}{STATION}[endpoints.front]\n{front}[endpoints.back]\nvisits = [{work}, {work}]\n"
        ))
    };
    let call = "call = \"back\"";
    // The second service begins at 140 ms.
    let outcome = with("150ms", call);
    assert_eq!((durations(&outcome), count(&outcome, 200)), (vec![180], 1));
    let outcome = with("140ms", call);
    assert_eq!((durations(&outcome), count(&outcome, 504)), (vec![140], 1));
    assert_eq!(outcome.too_late, [0, 1]);
    assert_eq!(outcome.stations[0].completed, 1);
    let outcome = with("140ms", "parallel = [\"back\"]");
    assert_eq!(outcome.too_late, [0, 1]);
    // The call itself is not begun.
    let outcome = with("100ms", call);
    assert_eq!((outcome.too_late, outcome.called[1]), (vec![1, 0], 0));
    // Nobody waits for what is spawned.
    let outcome = with("100ms", "spawn = \"back\"");
    assert_eq!(
        (outcome.too_late, outcome.stations[0].completed),
        (vec![0, 0], 2)
    );
    // Who has been answered is in time for ever.
    let outcome = run(&format!(
        "{text}{STATION}[endpoints.front]\ndeadline = \"50ms\"\nvisits = [{{ delay = \"10ms\" }}, \
         {{ respond = true }}, {{ delay = \"100ms\" }}, {{ station = \"s\", time = \"5ms\" }}]\n"
    ));
    assert_eq!(
        (outcome.too_late, outcome.stations[0].completed),
        (vec![0], 1)
    );
}

#[test]
fn the_timeout_of_a_call_is_a_deadline_and_ends_retries() {
    let text = once("{ request = \"front\" }, { sleep = \"9s\" }");
    let system = |deadline: &str, front: &str| {
        run(&format!(
            "{text}{STATION}[endpoints.front]\n{front}visits = [{{ call = \"back\", timeout = \"50ms\", \
             retry = {{ attempts = 3 }} }}]\n\
             [endpoints.back]\n{deadline}visits = [{{ station = \"s\", time = \"80ms\" }}]\n"
        ))
    };
    // Attempts at 0, 50 and 100 ms. The second is late at 80 ms in either case: its turn comes at 80 ms, within its 50 ms.
    let outcome = system("", "");
    assert_eq!(
        (durations(&outcome), outcome.stations[0].completed),
        (vec![150], 3)
    );
    // With the deadline: served from 0 and from 80 ms; the third, until 150 ms, would begin at 160 ms.
    let outcome = system("deadline = \"client\"\n", "");
    assert_eq!(
        (durations(&outcome), outcome.stations[0].completed),
        (vec![150], 2)
    );
    assert_eq!(outcome.too_late, [0, 1]);
    // The caller's own deadline is the callee's: the second, from 50 ms on, is dropped when its turn comes at 80 ms, and
    // ends the attempts.
    let outcome = system("", "deadline = \"60ms\"\n");
    assert_eq!(
        (durations(&outcome), outcome.retries[0].retries),
        (vec![80], 1)
    );
    assert_eq!(outcome.retries[0].not_retried, 1);
    // Through the front of a hedged request the client is the VU.
    let policy = "retry = { attempts = 1, hedge = { after = \"10ms\" } }";
    let text = once(&format!(
        "{{ request = \"e\", timeout = \"90ms\", {policy} }}, {{ sleep = \"9s\" }}"
    ));
    let outcome = run(&format!(
        "{text}{STATION}[endpoints.e]\ndeadline = \"client\"\nvisits = [{{ station = \"s\", time = \"95ms\" }}]\n"
    ));
    assert_eq!((outcome.too_late[0], outcome.stations[0].completed), (1, 1));
}

#[test]
fn goodput_under_overload_is_what_is_left_in_time() {
    // 120 a second come to a server that does 100, first come, first served, and give up after a second. What is begun
    // is begun less than a second after it came; as the wait hovers below that second, what is left of it is
    // exponential with mean 1 / (lambda - mu) (Baccelli and Hebuterne 1981: the density of the virtual wait grows as
    // e^((lambda - mu) x) up to the patience), so that mu / lambda of the services end in time: mu^2 / lambda a second.
    let (lambda, mu) = (120.0, 100.0);
    let good = |keys: &str, seed: u64| {
        let text = poisson(lambda, "300s", "{ request = \"e\", timeout = \"1s\" }");
        let outcome = run_seed(
            &format!(
                "{text}{STATION}[endpoints.e]\n{keys}visits = [{{ station = \"s\", time = {{ exponential = \"10ms\" }} }}]\n"
            ),
            seed,
        );
        count(&outcome, 200) as f64 / 300.0
    };
    let runs: Vec<f64> = (1..=6)
        .map(|seed| good("deadline = \"client\"\n", seed))
        .collect();
    let mean = runs.iter().sum::<f64>() / 6.0;
    let variance = runs.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / 5.0;
    let expected = mu * mu / lambda;
    // Student's t for 99.9 % and 5 degrees of freedom, and the first second, in which the line grows.
    let bound = 6.87 * (variance / 6.0).sqrt() + 0.3;
    assert!((mean - expected).abs() < bound, "{mean} {expected} {bound}");
    let without = good("", 1);
    assert!(without < 10.0, "{without}");
}

#[test]
fn what_is_wrong_with_a_deadline_is_told() {
    let with = |deadline: &str| {
        let text = once("{ request = \"e\" }, { sleep = \"1s\" }");
        complaints(&format!(
            "{text}[endpoints.e]\ndeadline = {deadline}\nvisits = []\n"
        ))
    };
    assert_eq!(with("\"1s\""), "");
    assert_eq!(with("\"client\""), "");
    for wrong in ["\"0s\"", "\"clients\"", "3"] {
        assert!(with(wrong).contains("deadline"), "{}", with(wrong));
    }
}
