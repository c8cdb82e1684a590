//! Limits on rates and on requests at once.

use capsim::world::limiter::LimitProbe;
use capsim::world::outcome::Outcome;

use super::{complaints, count, durations, once, poisson, run};

const E: &str = "[endpoints.e]\nlimit = \"l\"\nvisits = [{ delay = \"1ms\" }]\n";

fn with(rate: f64, duration: &str, limit: &str) -> Outcome {
    let text = poisson(rate, duration, "{ pick = \"user\" }, { request = \"e\" }");
    run(&format!("{text}[limits.l]\n{limit}\n{E}"))
}

#[test]
fn a_token_bucket_passes_its_burst_and_its_rate() {
    let outcome = with(200.0, "60s", "rate = 50\nburst = 20");
    // Overload from the start: the burst, and then every token as soon as it is there.
    let passed = count(&outcome, 200);
    assert!((3015..=3020).contains(&passed), "{passed}");
    assert_eq!(passed + count(&outcome, 429), outcome.recorder.requests());
    // Underload: hardly anything is refused.
    let outcome = with(25.0, "60s", "rate = 50\nburst = 20");
    assert_eq!(count(&outcome, 429), 0);
}

#[test]
fn each_user_has_a_bucket() {
    let users = "[model]\nusers = 10\n";
    let text = poisson(400.0, "20s", "{ pick = \"user\" }, { request = \"e\" }");
    let outcome = run(&format!(
        "{users}{text}[limits.l]\nrate = 60\nper = \"1m\"\nburst = 3\nby = \"user\"\n{E}"
    ));
    // Ten users, each with three tokens and twenty more in twenty seconds.
    let passed = count(&outcome, 200);
    assert!((220..=230).contains(&passed), "{passed}");
}

#[test]
fn a_leaky_bucket_is_a_queue_with_a_constant_service() {
    // M/D/1 with ρ = 0.8 and 10 ms: the mean wait is 0.8 / 0.4 × 10 ms = 20 ms.
    let outcome = with(
        80.0,
        "1000s",
        "rate = 100\nalgorithm = \"leaky-bucket\"\nqueue = 1000",
    );
    let LimitProbe::Rate(probe) = &outcome.limits[0] else {
        panic!("a limit on a rate");
    };
    let mean = probe.waited as f64 / 1e6 / probe.passed as f64;
    assert!((mean - 20.0).abs() < 1.5, "{mean} ms");
    // At most two wait: refused is who would be the third.
    let text = once("{ request = \"e\" }").replace("vus = 1", "vus = 5");
    let limit = "[limits.l]\nrate = 100\nalgorithm = \"leaky-bucket\"\nqueue = 2\nstatus = 503\n";
    let outcome = run(&format!("{text}{limit}{E}"));
    assert_eq!(
        (durations(&outcome), count(&outcome, 503)),
        (vec![0, 0, 1, 11, 21], 2)
    );
}

#[test]
fn clients_come_again_when_they_are_told_to() {
    let text = once("{ request = \"e\" }, { request = \"e\", retry = { attempts = 2, on = 429 } }");
    let limit = "[limits.l]\nrate = 1\nper = \"3s\"\nburst = 1\nretry_after = true\n";
    let outcome = run(&format!("{text}{limit}{E}"));
    // The token is there 2.999 s after the refusal: whole seconds make three of it.
    assert_eq!((count(&outcome, 429), count(&outcome, 200)), (1, 2));
    assert_eq!(outcome.retries[0].paused, 3_000_000_000);
    // A call is told, too, and a policy may turn a deaf ear.
    let told = |deaf: &str| {
        let text = once("{ request = \"front\" }, { request = \"front\" }");
        let policy = format!("{{ attempts = 2, on = 429, backoff = \"1ms\"{deaf} }}");
        let front = format!("[endpoints.front]\nvisits = [{{ call = \"e\", retry = {policy} }}]\n");
        let outcome = run(&format!("{text}{front}{limit}{E}"));
        (durations(&outcome), count(&outcome, 429))
    };
    assert_eq!(told(""), (vec![1, 3001], 0));
    assert_eq!(told(", retry_after = false"), (vec![1, 1], 1));
}

#[test]
fn a_fixed_limit_is_erlangs_loss_system() {
    // Ten at once, offered 8: B(10, 8) = 0.1217, whatever the law of the times.
    let text = poisson(80.0, "500s", "{ request = \"e\" }");
    let outcome = run(&format!(
        "{text}[limits.l]\nconcurrency = 10\n[endpoints.e]\nlimit = \"l\"\n\
         visits = [{{ delay = {{ erlang = {{ mean = \"100ms\", stages = 3 }} }} }}]\n"
    ));
    let lost = count(&outcome, 503) as f64 / outcome.recorder.requests() as f64;
    let erlang = (1..=10).fold(1.0, |b, n| 8.0 * b / (f64::from(n) + 8.0 * b));
    assert!(
        (erlang - 0.1217).abs() < 1e-4 && (lost - erlang).abs() < 0.006,
        "{lost}"
    );
}

#[test]
fn a_limit_keeps_room_for_the_important_class() {
    let text = poisson(
        200.0,
        "60s",
        "{ with_probability = 0.2, steps = [{ request = \"pay\" }], else = [{ request = \"look\" }] }",
    );
    let run_with = |classes: &str| {
        let outcome = run(&format!(
            "{text}[limits.l]\nconcurrency = 10\n{classes}\n\
             [endpoints.pay]\nlimit = \"l\"\nvisits = [{{ delay = {{ exponential = \"100ms\" }} }}]\n\
             [endpoints.look]\nlimit = \"l\"\nclass = 1\nvisits = [{{ delay = {{ exponential = \"100ms\" }} }}]\n"
        ));
        let LimitProbe::Concurrency(probe) = outcome.limits[0].clone() else {
            panic!("a limit on requests at once");
        };
        probe
    };
    let without = run_with("");
    assert!(
        without.refused * 2 > without.passed,
        "half of 20 are too many for 10"
    );
    let with = run_with("classes = [1.0, 0.5]");
    let pays = with.refused_by_class[0];
    // 2400 payments, at most 4 at once on average, and five places that only they may take.
    assert!(
        pays < 400 && with.refused_by_class[1] > 4000,
        "{:?}",
        with.refused_by_class
    );
    assert_eq!(with.in_flight.max(), 10);
}

#[test]
fn an_adaptive_limit_finds_what_the_servers_can_do() {
    let adaptive = |limit: &str| {
        let text = poisson(300.0, "60s", "{ request = \"e\" }");
        let outcome = run(&format!(
            "{text}[limits.l]\nconcurrency = {{ {limit} }}\n[stations.cpu]\nservers = 4\n\
             [endpoints.e]\nlimit = \"l\"\nvisits = [{{ station = \"cpu\", time = {{ exponential = \"20ms\" }} }}]\n"
        ));
        let LimitProbe::Concurrency(probe) = outcome.limits[0].clone() else {
            panic!("a limit on requests at once");
        };
        let busy = outcome.stations[0].in_service.mean(outcome.end_time()) / 4.0;
        (probe.limit.mean(outcome.end_time()), busy)
    };
    // 1.5 times what four servers can do: the limit stays where requests take as long as they may, and all
    // servers work.
    let (limit, busy) =
        adaptive("adaptive = \"aimd\", initial = 100, min = 1, max = 200, timeout = \"120ms\"");
    assert!(
        (8.0..30.0).contains(&limit) && busy > 0.85,
        "{limit} {busy}"
    );
    let (limit, busy) = adaptive("adaptive = \"gradient\", initial = 5, min = 1, max = 200");
    assert!(
        (5.0..120.0).contains(&limit) && busy > 0.9,
        "{limit} {busy}"
    );
}

#[test]
fn what_is_wrong_with_a_limit_is_told() {
    let text = poisson(1.0, "1s", "{ request = \"e\" }");
    for (limit, said) in [
        ("rate = 0", "`rate` must be"),
        ("burst = 3", "on a rate or on requests at once"),
        ("rate = 1\nconcurrency = 1", "not both"),
        ("rate = 1\nalgorithm = \"leaky-bucket\"", "needs `queue`"),
        ("rate = 1\nalgorithm = \"sieve\"", "cannot be `sieve`"),
        ("rate = 1\nby = \"user\"", "needs a user"),
        ("rate = 1\nretry_after = 5", "true, false or a time"),
        (
            "concurrency = { adaptive = \"aimd\", initial = 5, min = 6 }",
            "between 6 and 200",
        ),
        (
            "concurrency = 3\nclasses = [0.5, 1.0]",
            "less important class",
        ),
        ("concurrency = 3\nburst = 3", "has no key `burst`"),
    ] {
        let told = complaints(&format!("{text}[limits.l]\n{limit}\n{E}"));
        assert!(told.contains(said), "{limit}: {told}");
    }
}
