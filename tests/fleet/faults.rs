//! What happens to replicas, and what their balancer makes of it.

use super::{audited, mean};
use capsim::measure::recorder::ResponseCode;
use capsim::model::Document;
use capsim::world::outcome::Outcome;

/// A request every 100 ms for so many seconds, each served for 1 ms by one of the replicas.
fn stream(seconds: u32, replicas: u32, more: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"renewal-arrivals\"\ngap = \"100ms\"\nduration = \"{seconds}s\"\n\
         journey = \"go\"\n[journeys]\ngo = [{{ request = \"e\" }}]\n[stations.s]\nservers = 1\n\
         [endpoints.e]\nvisits = [{{ station = \"s\", time = \"1ms\" }}]\n\
         [services.api]\nreplicas = {replicas}\nendpoints = [\"e\"]\nstations = [\"s\"]\n{more}\n"
    )
}

/// Requests that come at these times, of which each takes so long.
fn requests(at: &str, time: &str, replicas: u32, more: &str) -> String {
    stream(1, replicas, more)
        .replace(
            "executor = \"renewal-arrivals\"\ngap = \"100ms\"\nduration = \"1s\"",
            &format!("executor = \"trace-arrivals\"\nat = {at}"),
        )
        .replace("time = \"1ms\"", &format!("time = \"{time}\""))
}

/// How many requests ended with a status.
fn ended(outcome: &Outcome, status: u16) -> u64 {
    let counts = outcome.recorder.requests_by_series();
    let of = outcome.recorder.series.iter().zip(counts);
    of.filter(|(s, _)| s.code == ResponseCode(status))
        .map(|(_, n)| n)
        .sum()
}

/// Status and milliseconds of all requests, in the order in which they ended.
fn answers(outcome: &Outcome) -> Vec<(u16, u64)> {
    let record = &outcome.recorder;
    let all = record.durations.iter().zip(record.request_series.iter());
    all.map(|(ns, s)| (record.series[usize::from(s)].code.0, ns / 1_000_000))
        .collect()
}

#[test]
fn a_lost_replica_is_used_until_checks_tell() {
    let fault = "faults = [{ lose = 2, at = \"11.05s\", lasts = \"20s\" }]";
    let check = "health_check = { every = \"5s\", fails = 2 }";
    // Checks at 15 s and 20 s fail; until then every second of ten requests a second is refused.
    let (_, outcome) = audited(&stream(60, 2, &format!("{fault}\n{check}")), 0);
    let failed = ended(&outcome, 502);
    assert!((44..=46).contains(&failed), "{failed}");
    // It is back at 31.05 s, and two checks pass by 40 s: it gets half of the first and of the last 20 s.
    let picked = outcome.services[0].replicas[1].picked;
    assert!((199..=201).contains(&picked), "{picked}");
    let up = outcome.services[0].up.area(outcome.end_time());
    let expected = 2 * u128::from(outcome.duration.0) - 20_000_000_000;
    assert_eq!((up, outcome.services[0].lost), (expected, 1));
    // Nobody tells a balancer without checks; where there is nobody else, all are refused.
    let (_, outcome) = audited(&stream(60, 2, fault), 0);
    assert!((99..=101).contains(&ended(&outcome, 502)));
    let lost = fault.replace("lose = 2", "lose = \"all\"");
    let (_, outcome) = audited(&stream(60, 2, &format!("{lost}\n{check}")), 0);
    let (refused, none) = (ended(&outcome, 502), ended(&outcome, 503));
    assert!(
        (89..=91).contains(&refused) && (198..=201).contains(&none),
        "{refused} {none}"
    );
    assert_eq!(outcome.services[0].unserved, none);
    let panic = format!("{lost}\n{check}\npanic = 0.5");
    assert_eq!(ended(&audited(&stream(60, 2, &panic), 0).1, 503), 0);
}

#[test]
fn what_a_lost_replica_works_on_fails() {
    let fault = "faults = [{ lose = 1, at = \"3s\", lasts = \"1s\" }]";
    let (_, outcome) = audited(
        &requests("[\"0s\", \"1s\", \"3.5s\", \"5s\"]", "10s", 1, fault),
        0,
    );
    assert_eq!(
        answers(&outcome),
        [(502, 3000), (502, 2000), (502, 0), (200, 10_000)]
    );
    assert_eq!(outcome.stations[0].left, 2);
}

#[test]
fn a_slow_replica_works_slower_for_a_while() {
    let fault = "faults = [{ slow = 1, at = \"1s\", lasts = \"2s\", leaves = 0.5 }]";
    let (_, outcome) = audited(&requests("[\"0s\"]", "3s", 1, fault), 0);
    assert_eq!(answers(&outcome), [(200, 4000)]);
}

#[test]
fn a_rolling_restart_lets_requests_end() {
    let restart = "faults = [{ restart = \"rolling\", at = \"10s\", lasts = \"2s\" }]";
    let text = |more: &str| stream(60, 3, more).replace("1ms", "250ms");
    let (_, outcome) = audited(&text(restart), 0);
    assert_eq!(ended(&outcome, 200), outcome.recorder.requests());
    let service = &outcome.services[0];
    let away = 3 * u128::from(outcome.duration.0) - service.up.area(outcome.end_time());
    assert_eq!((service.lost, away), (3, 6_000_000_000));
    // Without time to drain, those that are being served fail.
    let (_, outcome) = audited(&text(&format!("{restart}\ndrain = \"0s\"")), 0);
    assert!(
        (3..=15).contains(&ended(&outcome, 502)),
        "{}",
        ended(&outcome, 502)
    );
    // All at once: nobody is left for 2 s.
    let all = restart.replace("lasts", "at_once = 3, lasts");
    let (_, outcome) = audited(&text(&all), 0);
    assert!(
        (18..=28).contains(&ended(&outcome, 503)),
        "{}",
        ended(&outcome, 503)
    );
}

#[test]
fn who_answers_errors_is_ejected_for_longer_each_time() {
    let fault =
        "faults = [{ fail = 2, at = \"0s\", lasts = \"1h\", status = 503, takes = \"2ms\" }]";
    let (_, outcome) = audited(&stream(100, 2, fault), 0);
    assert!((499..=501).contains(&ended(&outcome, 503)));
    // Five errors within a second; back at the look at 40 s; five more; away until the one at 110 s.
    let (_, outcome) = audited(&stream(100, 2, &format!("{fault}\noutliers = {{}}")), 0);
    assert_eq!((ended(&outcome, 503), outcome.services[0].ejected), (10, 2));
    let all = fault.replace("fail = 2", "fail = \"all\"");
    let (_, outcome) = audited(&stream(9, 2, &format!("{all}\noutliers = {{}}")), 0);
    // One of two may be ejected; the other is used, well or not.
    assert_eq!(
        (outcome.services[0].ejected, outcome.services[0].unserved),
        (1, 0)
    );
}

#[test]
fn a_partition_cuts_calls_off() {
    let text = "[scenarios.default]\nexecutor = \"trace-arrivals\"\nat = [\"0s\", \"2s\", \"4s\"]\njourney = \"go\"\n\
         [journeys]\ngo = [{ request = \"a\" }]\n[stations.s]\nservers = 1\n[stations.t]\nservers = 1\n\
         [endpoints.a]\nvisits = [{ station = \"s\", time = \"10ms\" }, { call = \"b\" }]\n\
         [endpoints.b]\nvisits = [{ station = \"t\", time = \"10ms\" }]\n\
         [services.front]\nreplicas = 2\nendpoints = [\"a\"]\nstations = [\"s\"]\n\
         faults = [{ partition = \"back\", at = \"1s\", lasts = \"2s\", takes = \"500ms\" }]\n\
         [services.back]\nreplicas = 2\nendpoints = [\"b\"]\nstations = [\"t\"]\n";
    let (_, outcome) = audited(text, 0);
    assert_eq!(answers(&outcome), [(200, 20), (504, 510), (200, 20)]);
}

/// M/M/1 with breakdowns of its server, idle or not, and resumption of the work (White and Christie 1958): λ, μ, rate
/// of breakdowns, rate of repairs.
fn with_breakdowns(l: f64, m: f64, x: f64, e: f64) -> f64 {
    l * ((x + e) * (x + e) + m * x) / ((x + e) * (m * e - l * (x + e)))
}

#[test]
fn breakdowns_with_resumption_are_as_the_formula_says() {
    let text = requests("[]", "1s", 1, "").replace(
        "executor = \"trace-arrivals\"\nat = []",
        "executor = \"poisson-arrivals\"\nrate = 0.5\nduration = \"3000s\"",
    );
    let text = text.replace("time = \"1s\"", "time = { exponential = \"1s\" }");
    let broken = format!(
        "{text}faults = [{{ slow = \"each\", leaves = 0, after = {{ exponential = \"20s\" }}, \
         lasts = {{ exponential = \"5s\" }} }}]\n"
    );
    let runs: Vec<f64> = (0..8)
        .map(|n| {
            let (_, outcome) = audited(&broken, n);
            outcome.services[0].replicas[0]
                .present
                .mean(outcome.end_time())
        })
        .collect();
    let (mean, error) = mean(&runs);
    let exact = with_breakdowns(0.5, 1.0, 0.05, 0.2);
    assert!((exact - 3.0).abs() < 1e-9);
    assert!(
        (mean - exact).abs() < 4.0 * error && error < 0.1 * exact,
        "{mean} ± {error}, and the formula says {exact}"
    );
}

#[test]
fn what_is_wrong_with_a_fault_is_told() {
    let said = |more: &str| {
        let text = stream(1, 2, more);
        let document = Document::from_text("m", &text).unwrap_or_else(|why| panic!("{why}"));
        match document.check(&[]) {
            Ok(checked) => checked.warnings.join("\n"),
            Err(problems) => problems.to_string(),
        }
    };
    let cases = [
        (
            "{ lose = 3, at = \"1s\", lasts = \"1s\" }",
            "there is no replica 3: there are 2",
        ),
        (
            "{ lose = \"on\", at = \"1s\", lasts = \"1s\" }",
            "`lose` cannot be `on`",
        ),
        (
            "{ lose = 1, slow = 1, at = \"1s\", lasts = \"1s\" }",
            "a fault is one thing",
        ),
        (
            "{ lose = 1, lasts = \"1s\" }",
            "one of `every`, `after`, `at`",
        ),
        ("{ lose = 1, at = \"1s\" }", "needs `lasts`"),
        (
            "{ partition = \"db\", at = \"1s\", lasts = \"1s\" }",
            "there is no service `db`",
        ),
        (
            "{ restart = \"all\", at = \"1s\", lasts = \"1s\" }",
            "write restart = \"rolling\"",
        ),
        (
            "{ lose = 1, at = \"1s\", lasts = \"1s\" }",
            "their balancer goes on using them",
        ),
    ];
    for (fault, expected) in cases {
        let told = said(&format!("faults = [{fault}]"));
        assert!(told.contains(expected), "{fault}: {told}");
    }
}
