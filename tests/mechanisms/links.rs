//! The network between services: latency, bandwidth, loss.

use capsim::model::Model;
use capsim::world::World;
use capsim::world::outcome::Outcome;

/// Users who ask a shop, which calls a payment service over a link.
fn model(link: &str, call: &str, pay: &str, users: u32) -> Model {
    let text = format!(
        "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = 1\niterations = {users}\nmax_duration = \"10h\"\n\
         journey = \"buy\"\n[journeys]\nbuy = [{{ request = \"order\" }}]\n\
         [stations.bank]\nservers = \"infinite\"\n[services.shop]\nreplicas = 1\nendpoints = [\"order\"]\n\
         [services.payments]\nreplicas = 1\nendpoints = [\"pay\", \"check\"]\nstations = [\"bank\"]\n\
         [endpoints.order]\ntimeout = \"1h\"\nvisits = [{{ call = \"pay\"{call} }}]\n\
         [endpoints.pay]\nvisits = [{pay}]\n[endpoints.check]\nvisits = [{{ station = \"bank\", time = \"5ms\" }}]\n\
         [links.wire]\nto = \"payments\"\n{link}\n"
    );
    Model::from_text("links.toml", &text, &[]).unwrap_or_else(|why| panic!("{why}"))
}

const WORK: &str = "{ station = \"bank\", time = \"5ms\" }";

fn run(model: &Model) -> Outcome {
    let (outcome, audit) = World::new(model, 1, 0).run_audited();
    assert_eq!(audit.violations, []);
    outcome
}

/// Durations of all requests, in microseconds, and whether the last was answered well.
fn durations(model: &Model) -> (Vec<u64>, bool) {
    let outcome = run(model);
    let record = &outcome.recorder;
    let series = record.request_series.iter().last().unwrap();
    let good = record.series[usize::from(series)].code.is_expected();
    (record.durations.iter().map(|d| d / 1000).collect(), good)
}

fn once(link: &str, call: &str, pay: &str) -> (u64, bool) {
    let (durations, good) = durations(&model(link, call, pay, 1));
    assert_eq!(durations.len(), 1);
    (durations[0], good)
}

#[test]
fn a_call_takes_the_way_there_and_back() {
    assert_eq!(once("", "", WORK), (5_000, true));
    assert_eq!(once("latency = \"10ms\"", "", WORK), (25_000, true));
    let quiet = model("latency = \"10ms\"", "", WORK, 1);
    assert_eq!(
        capsim::report::components::lines(&run(&quiet), &quiet),
        ["link wire: 2 messages, on their way for 10ms on average"]
    );
    // 200 bytes there and 800 back at 100,000 a second.
    let bytes =
        "latency = \"10ms\"\nbandwidth = 100_000\nrequest_bytes = 200\nresponse_bytes = 800";
    assert_eq!(once(bytes, "", WORK), (25_000 + 2_000 + 8_000, true));
    // What fails comes back the same way.
    assert_eq!(
        once("latency = \"10ms\"", "", "{ fail = 1.0 }"),
        (20_000, false)
    );
}

#[test]
fn a_timeout_of_the_caller_counts_on_the_way_and_each_attempt_takes_it_anew() {
    let way = "latency = \"10ms\"";
    assert_eq!(once(way, ", timeout = \"15ms\"", WORK), (15_000, false));
    assert_eq!(once(way, ", timeout = \"8ms\"", WORK), (8_000, false));
    assert_eq!(once(way, ", timeout = \"26ms\"", WORK), (25_000, true));
    let thrice = ", retry = { attempts = 3 }";
    assert_eq!(once(way, thrice, "{ fail = 1.0 }"), (60_000, false));
}

#[test]
fn a_link_is_for_callers_outside_or_for_one() {
    let inner = format!("{{ call = \"check\" }}, {WORK}");
    assert_eq!(once("latency = \"10ms\"", "", &inner), (30_000, true));
    let own = "from = \"payments\"\nlatency = \"10ms\"";
    assert_eq!(
        once(own, "", &inner),
        (30_000, true),
        "the call inside alone"
    );
    assert_eq!(once(own, "", WORK), (5_000, true));
    assert_eq!(
        once("from = \"shop\"\nlatency = \"1ms\"", "", WORK),
        (7_000, true)
    );
}

#[test]
fn a_partition_is_met_at_the_end_of_the_way() {
    let link = "latency = \"10ms\"\n[[services.shop.faults]]\npartition = \"payments\"\nat = \"0s\"\nlasts = \"1h\"\n\
                takes = \"1s\"";
    assert_eq!(once(link, "", WORK), (1_020_000, false));
}

#[test]
fn lost_messages_are_sent_again_after_timeouts_that_double() {
    let p = 0.1;
    let n = 20_000;
    let model = model(&format!("latency = \"1ms\"\nloss = {p}"), "", WORK, n);
    let outcome = run(&model);
    let probe = &outcome.links[0];
    let messages = f64::from(2 * n);
    assert_eq!(probe.messages, u64::from(2 * n));
    // The number of losses is geometric: mean p / (1 - p), variance p / (1 - p)².
    let lost = probe.lost as f64 / messages;
    let deviation = (p / messages).sqrt() / (1.0 - p);
    assert!((lost - p / (1.0 - p)).abs() < 4.0 * deviation, "{lost}");
    // A message is late by 200 ms × (2^k - 1) after k losses: on average 0.2 p / (1 - 2 p) s; the mean square by the
    // same geometric series.
    let late = probe.waited as f64 / 1e9 / messages;
    let mean = 0.2 * p / (1.0 - 2.0 * p);
    let square =
        (1.0 - p) * 0.04 * (1.0 / (1.0 - 4.0 * p) - 2.0 / (1.0 - 2.0 * p) + 1.0 / (1.0 - p));
    let deviation = ((square - mean * mean) / messages).sqrt();
    assert!((late - mean).abs() < 4.0 * deviation, "{late} of {mean}");
    // Neither is lost with probability (1 - p)², and then it takes 7 ms; one is, once, with 2 p (1 - p)².
    let (all, _) = durations(&model);
    for (time, probability) in [(7_000, 0.81), (207_000, 0.162)] {
        let there = all.iter().filter(|d| **d == time).count() as f64;
        let expected = probability * f64::from(n);
        let deviation = (expected * (1.0 - probability)).sqrt();
        assert!(
            (there - expected).abs() < 4.0 * deviation,
            "{there} of {expected}"
        );
    }
}

#[test]
fn a_large_answer_is_lost_by_segments() {
    // The call is one segment, the answer is fourteen, of which the last three are not followed by three others.
    let (p, n): (f64, u32) = (0.02, 20_000);
    let link = format!(
        "latency = \"5ms\"\nloss = {p}\nsegment = 1460\nrequest_bytes = 200\nresponse_bytes = 20_000"
    );
    let model = model(&link, "", WORK, n);
    let probe = run(&model).links[0].clone();
    // Each segment is lost p / (1 - p) times on average.
    let sent = 15.0 * f64::from(n);
    let lost = probe.lost as f64 / sent;
    assert!(
        (lost - p / (1.0 - p)).abs() < 4.0 * (p / sent).sqrt() / (1.0 - p),
        "{lost}"
    );
    let (all, _) = durations(&model);
    let through = |most: i32| 1.0 - libm::pow(p, f64::from(most + 1));
    let answer =
        |body: i32, tail: i32| libm::pow(through(body), 11.0) * libm::pow(through(tail), 3.0);
    let in_time = answer(0, 0);
    for (time, probability) in [
        // Nothing is lost.
        (15_000, through(0) * in_time),
        // One of the first eleven segments of the answer, or several: sent again a round trip later.
        (25_000, through(0) * (answer(1, 0) - in_time)),
        // The call, and no more; or one of the last three segments, or what was sent again: after the timeout.
        (
            215_000,
            through(0) * p * in_time + through(0) * (answer(1, 1) - answer(1, 0)),
        ),
    ] {
        let there = all.iter().filter(|d| **d == time).count() as f64;
        let expected = probability * f64::from(n);
        let deviation = (expected * (1.0 - probability)).sqrt();
        assert!(
            (there - expected).abs() < 4.0 * deviation,
            "{time}: {there} of {expected}"
        );
    }
    // A run tells of it.
    let outcome = run(&model);
    let lines = capsim::report::components::lines(&outcome, &model).join("\n");
    let lost = format!(
        "because {} segments were lost and sent again",
        outcome.links[0].lost
    );
    assert!(
        lines.contains("link wire: 40000 messages, on their way for") && lines.contains(&lost),
        "{lines}"
    );
    // All of it as one message is lost as seldom as one segment.
    let whole = link.replace("segment = 1460\n", "bandwidth = 1e12\n");
    let whole = run(&self::model(&whole, "", WORK, n)).links[0].clone();
    assert!(whole.lost * 5 < probe.lost, "{whole:?} {probe:?}");
}

#[test]
fn segments_without_loss_and_too_many_are_told() {
    let told = |link: &str| {
        let text = format!(
            "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 1\nduration = \"1s\"\njourney = \"j\"\n\
             [journeys]\nj = [{{ request = \"a\" }}]\n[endpoints.a]\nvisits = [{{ call = \"b\" }}]\n\
             [endpoints.b]\nvisits = [{{ delay = \"1ms\" }}]\n[services.s]\nreplicas = 1\nendpoints = [\"b\"]\n\
             [links.one]\nto = \"s\"\n{link}\n"
        );
        let document = capsim::model::Document::from_text("m.toml", &text).unwrap();
        match document.check(&[]) {
            Ok(checked) => checked.warnings.join("\n"),
            Err(why) => why.to_string(),
        }
    };
    assert!(told("segment = 1460").contains("`segment` does nothing here"));
    let many = told("loss = 0.1\nsegment = 1\nresponse_bytes = 1000001");
    assert!(many.contains("more than 1000000 segments"), "{many}");
    assert_eq!(
        told("loss = 0.1\nsegment = 1460\nresponse_bytes = 1000001"),
        ""
    );
}

#[test]
fn a_link_between_the_same_services_twice_is_refused() {
    let text = "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 1\nduration = \"1s\"\njourney = \"j\"\n\
        [journeys]\nj = [{ request = \"a\" }]\n[endpoints.a]\nvisits = [{ delay = \"1ms\" }]\n\
        [services.s]\nreplicas = 1\nendpoints = [\"a\"]\n[links.one]\nto = \"s\"\n[links.two]\nto = \"s\"\n";
    let why = Model::from_text("m.toml", text, &[])
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(
        why.contains("`one` is a link between the same services"),
        "{why}"
    );
}

#[test]
fn laws_hold_whatever_goes_wrong() {
    let text = r#"
[scenarios.default]
executor = "poisson-arrivals"
rate = 200
duration = "20s"
journey = "buy"
graceful_stop = "1s"
[journeys]
buy = [{ request = "order" }, { request = "view", timeout = "15ms" }]
[stations.cpu]
servers = 2
[stations.bank]
servers = 4
[pools.threads]
size = 40
timeout = "50ms"
[services.shop]
replicas = 2
endpoints = ["order", "view"]
stations = ["cpu"]
pools = ["threads"]
faults = [
  { lose = "any", every = { exponential = "2s" }, lasts = "300ms" },
  { partition = "payments", every = "5s", lasts = "500ms", takes = "20ms" },
]
[services.payments]
replicas = 3
endpoints = ["pay", "rate", "note"]
stations = ["bank"]
faults = [{ restart = "rolling", at = "5s", lasts = "1s" }, { lose = 2, at = "9s", lasts = "2s" }]
drain = "5ms"
[endpoints.order]
hold = "threads"
timeout = "80ms"
cancel = true
visits = [
  { station = "cpu", time = { exponential = "2ms" } },
  { call = "pay", timeout = "30ms", retry = { attempts = 3, backoff = "1ms" } },
  { spawn = "note" },
]
[endpoints.view]
visits = [{ parallel = ["rate", "pay"] }, { station = "cpu", time = "1ms" }]
[endpoints.pay]
cancel = true
visits = [{ station = "bank", time = { exponential = "5ms" } }, { fail = 0.05 }]
[endpoints.rate]
visits = [{ delay = "1ms" }, { respond = true }, { station = "bank", time = "3ms" }]
[endpoints.note]
visits = [{ station = "bank", time = "1ms" }]
[links.wire]
from = "shop"
to = "payments"
latency = { exponential = "4ms" }
bandwidth = 1e6
loss = 0.05
retransmission = "20ms"
segment = 100
"#;
    let model = Model::from_text("links.toml", text, &[]).unwrap_or_else(|why| panic!("{why}"));
    for replication in 0..3 {
        let (outcome, audit) = World::new(&model, 1, replication).run_audited();
        assert_eq!(audit.violations, []);
        assert!(outcome.links[0].messages > 10_000 && outcome.links[0].lost > 300);
    }
}
