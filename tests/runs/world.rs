//! Small runs whose every number can be worked out by hand.

#[path = "../support/run.rs"]
mod support;

use capsim::engine::Span;
use capsim::stats::Durations;
use capsim::world::World;
use support::{rate, run};

/// `vus` users who iterate once each, at once.
fn once(vus: u32, rest: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = {vus}\niterations = 1\n\
         journey = \"j\"\n{rest}"
    )
}

fn ms(ns: &Durations) -> Vec<f64> {
    ns.iter().map(|d| d as f64 / 1e6).collect()
}

const STATION: &str = "
    [stations.s]
    servers = 1
    [endpoints.e]
    visits = [{ station = \"s\", time = \"10ms\" }]
";

#[test]
fn three_at_one_server_wait_for_each_other() {
    let model = once(
        3,
        &format!("[journeys]\nj = [{{ request = \"e\" }}]\n{STATION}"),
    );
    let (outcome, summary) = run(&model, 1);
    assert_eq!(ms(&outcome.recorder.durations), [10.0, 20.0, 30.0]);
    assert_eq!(outcome.duration.as_ms(), 30.0);
    assert_eq!(rate(&summary, "http_req_failed"), (0, 3));
    let station = &outcome.stations[0];
    assert_eq!(station.completed, 3);
    assert_eq!(station.queue.max(), 2);
    // Two wait from 0 to 10, one from 10 to 20: 30 ms in a run of 30 ms.
    assert!((station.queue.mean(outcome.end_time()) - 1.0).abs() < 1e-12);
}

#[test]
fn a_full_pool_refuses_and_the_user_goes_on() {
    let model = once(
        3,
        "[journeys]\nj = [{ request = \"e\", checks = [\"ok\"] }]
        [stations.s]\nservers = 8
        [pools.p]\nsize = 1\nqueue = 1\nrefusal = 503
        [endpoints.e]\nhold = \"p\"\nvisits = [{ station = \"s\", time = \"10ms\" }]",
    );
    let (outcome, summary) = run(&model, 1);
    assert_eq!(ms(&outcome.recorder.durations), [0.0, 10.0, 20.0]);
    assert_eq!(rate(&summary, "http_req_failed"), (1, 2));
    assert_eq!(rate(&summary, "checks"), (2, 1));
    assert_eq!(outcome.pools[0].refused, 1);
    assert_eq!(outcome.pools[0].held.value(), 0, "every token came back");
}

#[test]
fn a_refused_connection_puts_zeros_into_the_trends() {
    let model = once(
        2,
        "[journeys]\nj = [{ request = \"e\" }, { sleep = \"5ms\" }]
        [stations.s]\nservers = 1\nqueue = 0\nrefusal = \"connection\"
        [endpoints.e]\nvisits = [{ delay = \"2ms\" }, { station = \"s\", time = \"10ms\" }]",
    );
    let (outcome, summary) = run(&model, 1);
    // The second learns of it after 2 ms, k6 reports 0.
    assert_eq!(ms(&outcome.recorder.durations), [0.0, 12.0]);
    assert_eq!(ms(&outcome.recorder.iteration_durations()), [7.0, 17.0]);
    assert_eq!(rate(&summary, "http_req_failed"), (1, 1));
}

#[test]
fn work_goes_on_for_a_client_that_has_gone() {
    let journey = "[journeys]\nj = [{ request = \"e\", timeout = \"15ms\" }]\n";
    let (outcome, summary) = run(&once(3, &format!("{journey}{STATION}")), 1);
    // The second and third give up at 15 ms; the server works until 30 ms, but k6 ends at 15 ms.
    assert_eq!(ms(&outcome.recorder.durations), [10.0, 15.0, 15.0]);
    assert_eq!(rate(&summary, "http_req_failed"), (2, 1));
    assert_eq!(outcome.in_system, 2);
    let cancel = STATION.replace("[endpoints.e]", "[endpoints.e]\ncancel = true");
    let (outcome, _) = run(&once(3, &format!("{journey}{cancel}")), 1);
    assert_eq!(outcome.in_system, 0);
    assert_eq!(outcome.stations[0].left, 2);
}

#[test]
fn a_retry_pauses_between_attempts_and_not_after_the_last() {
    let model = once(
        1,
        "[journeys]
        j = [
          { retry = [{ request = \"e\" }], at_most = 3, pause = \"1s\", else = \"end_iteration\" },
          { sleep = \"10s\" },
        ]
        [endpoints.e]\nvisits = [{ delay = \"2ms\" }, { fail = 1.0, status = 500 }]",
    );
    let (outcome, _) = run(&model, 1);
    assert_eq!(ms(&outcome.recorder.iteration_durations()), [2006.0]);
    assert_eq!(outcome.recorder.durations.len(), 3);
}

#[test]
fn polling_ends_with_admission_or_gives_up() {
    let poll = |at_most: u32| {
        once(
            1,
            &format!(
                "[journeys]
                j = [
                  {{ pick = \"user\" }},
                  {{ request = \"join\" }},
                  {{ poll = \"status\", until = \"admitted\", every = \"5s\", at_most = {at_most}, else = \"end_iteration\" }},
                  {{ sleep = \"1s\" }},
                ]
                [waiting_room]\nadmit = {{ batch = 1, every = \"12s\" }}
                [endpoints.join]\nvisits = [{{ delay = \"1ms\" }}, {{ issue = \"token\" }}]
                [endpoints.status]\nvisits = [{{ delay = \"1ms\" }}, {{ status = \"queue\" }}]"
            ),
        )
    };
    // Joins at 1 ms, let through at 12 s, asks at 1 ms, 5.002 s, 10.003 s and 15.004 s.
    let (outcome, _) = run(&poll(30), 1);
    assert_eq!(outcome.recorder.durations.len(), 5);
    assert_eq!(ms(&outcome.recorder.iteration_durations()), [16_005.0]);
    // Two polls in vain: no sleep after the last.
    let (outcome, _) = run(&poll(2), 1);
    assert_eq!(ms(&outcome.recorder.iteration_durations()), [5_003.0]);
}

#[test]
fn a_hold_that_expires_is_sold_to_somebody_else() {
    let model = once(
        1,
        "[journeys]
        j = [
          { pick = \"user\" }, { pick = \"event\" },
          { request = \"list\", pick = \"seat\" }, { request = \"claim\" },
          { sleep = \"2s\" },
          { request = \"confirm\", checks = [\"sold\"] },
          { request = \"list\", pick = \"seat\" }, { request = \"claim\" }, { request = \"confirm\", checks = [\"sold\"] },
          { request = \"list\", pick = \"seat\" },
          { check = \"sold out\", passes = \"nothing_free\" },
        ]
        [inventory]\nevents = 1\nseats_per_event = 1\nhold_expires_after = \"1s\"
        [endpoints.list]\nvisits = [{ delay = \"1ms\" }, { list = \"seats\" }]
        [endpoints.claim]\nvisits = [{ delay = \"1ms\" }, { claim = \"seat\" }]
        [endpoints.confirm]\nvisits = [{ delay = \"1ms\" }, { confirm = \"seat\", status = 410 }]",
    );
    let (outcome, summary) = run(&model, 1);
    let (probe, seats) = outcome.inventory.as_ref().unwrap();
    assert_eq!(
        (probe.claimed, probe.expired, probe.sold, *seats),
        (2, 1, 1, 1)
    );
    assert_eq!(rate(&summary, "http_req_failed"), (1, 6));
    let checks: Vec<_> = summary
        .root
        .checks
        .iter()
        .map(|c| (c.name.as_str(), c.passes, c.fails))
        .collect();
    assert_eq!(checks, [("sold", 1, 1), ("sold out", 1, 0)]);
}

#[test]
fn the_second_to_commit_finds_the_row_changed() {
    let model = once(
        3,
        "[model]\nusers = 1
        [journeys]\nj = [{ pick = \"user\" }, { request = \"e\" }]
        [stations.s]\nservers = 2
        [endpoints.e]
        visits = [{ optimistic = \"user\", status = 409, visits = [{ station = \"s\", time = \"10ms\" }] }]",
    );
    let (outcome, summary) = run(&model, 1);
    // All three read at 0; the first commits at 10 ms, the others lose at 10 ms and at 20 ms.
    assert_eq!(ms(&outcome.recorder.durations), [10.0, 10.0, 20.0]);
    assert_eq!(rate(&summary, "http_req_failed"), (2, 1));
}

#[test]
fn a_lock_lets_one_in_at_a_time() {
    let model = once(
        3,
        "[model]\nusers = 1
        [journeys]\nj = [{ pick = \"user\" }, { request = \"e\" }]
        [endpoints.e]
        visits = [{ lock = \"user\", timeout = \"15ms\", visits = [{ delay = \"10ms\" }] }, { delay = \"3ms\" }]",
    );
    let (outcome, summary) = run(&model, 1);
    // The third gives up waiting at 15 ms.
    assert_eq!(ms(&outcome.recorder.durations), [13.0, 15.0, 23.0]);
    assert_eq!(rate(&summary, "http_req_failed"), (1, 2));
}

#[test]
fn setup_counts_as_k6_counts_it() {
    let text = |style: &str| {
        format!(
            "[model]\nsummary_style = \"{style}\"
            [setup]\njourney = \"prepare\"
            [scenarios.default]\nexecutor = \"constant-vus\"\nvus = 2\nduration = \"10s\"\njourney = \"j\"
            [journeys]
            prepare = [{{ repeat = [{{ request = \"e\", checks = [\"made\"] }}], times = 3 }}]
            j = [{{ request = \"e\" }}, {{ sleep = \"4990ms\" }}]
            [endpoints.e]\nvisits = [{{ delay = \"10ms\" }}]"
        )
    };
    let (outcome, summary) = run(&text("0.53"), 1);
    // Two VUs at 0.03 s and at 5.03 s; the regular end is at 10.03 s, when their second ends.
    assert_eq!(outcome.recorder.durations.len(), 3 + 4);
    assert_eq!(outcome.complete_iterations(), 4);
    assert_eq!(outcome.duration.as_ms(), 10_030.0);
    let count =
        |s: &capsim::measure::summary::Summary| match support::values(s, "iteration_duration") {
            capsim::measure::summary::Values::Trend { count, .. } => *count,
            other => panic!("{other:?}"),
        };
    assert_eq!(count(&summary), 5, "up to k6 0.53 setup makes a sample");
    assert_eq!(count(&run(&text("2"), 1).1), 4);
    assert_eq!(summary.root.groups[0].name, "setup");
    assert_eq!(summary.root.groups[0].checks[0].passes, 3);
}

#[test]
fn a_slow_setup_stops_the_test() {
    let model = "
        [setup]\njourney = \"prepare\"\ntimeout = \"50ms\"
        [scenarios.default]\nexecutor = \"constant-vus\"\nvus = 1\nduration = \"1s\"\njourney = \"j\"
        [journeys]\nprepare = [{ sleep = \"1m\" }]\nj = [{ sleep = \"1s\" }]";
    let (outcome, _) = run(model, 1);
    assert_eq!(
        outcome.end,
        capsim::world::outcome::Termination::SetupTimeout
    );
    assert_eq!(outcome.duration.as_ms(), 50.0);
    assert_eq!(
        (outcome.complete_iterations(), outcome.recorder.interrupted),
        (0, 0)
    );
}

#[test]
fn a_periodic_job_takes_part_of_the_capacity() {
    let model = once(
        1,
        "[journeys]\nj = [{ request = \"e\" }]
        [stations.s]\nservers = 1
        slowdowns = [{ name = \"job\", every = \"10ms\", lasts = \"4ms\", leaves = 0.5 }]
        [endpoints.e]\nvisits = [{ station = \"s\", time = \"20ms\" }]",
    );
    // 10 ms done at 10; 4 ms at half speed: 12 done at 14; 6 more: 18 done at 20; then 2 at half
    // speed: 4 ms, done at 24.
    let (outcome, _) = run(&model, 1);
    assert_eq!(ms(&outcome.recorder.durations), [24.0]);
}

#[test]
fn service_grows_with_what_has_accumulated() {
    let model = "
        [scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = 1\niterations = 3\njourney = \"j\"
        [journeys]\nj = [{ request = \"e\" }]
        [stations.s]\nservers = 1
        [endpoints.e]
        visits = [{ station = \"s\", time = \"10ms\", growth = { with = \"requests\", per_thousand = 1000.0 } }]";
    let (outcome, _) = run(model, 1);
    assert_eq!(ms(&outcome.recorder.durations), [20.0, 30.0, 40.0]);
}

#[test]
fn calls_and_branches_are_awaited() {
    let model = once(
        1,
        "[journeys]\nj = [{ request = \"front\", checks = [\"ok\"] }]
        [endpoints.front]
        visits = [{ call = \"a\" }, { parallel = [\"a\", \"b\"] }, { spawn = \"b\" }, { delay = \"1ms\" }]
        [endpoints.a]\nvisits = [{ delay = \"5ms\" }]
        [endpoints.b]\nvisits = [{ delay = \"7ms\" }]",
    );
    let (outcome, summary) = run(&model, 1);
    assert_eq!(ms(&outcome.recorder.durations), [13.0]);
    assert_eq!(rate(&summary, "checks"), (1, 0));
    let failing = model.replace(
        "visits = [{ delay = \"7ms\" }]",
        "visits = [{ delay = \"7ms\" }, { fail = 1.0, status = 502 }]",
    );
    let (outcome, summary) = run(&failing, 1);
    assert_eq!(ms(&outcome.recorder.durations), [12.0]);
    assert_eq!(rate(&summary, "checks"), (0, 1));
}

#[test]
fn long_runs_tell_how_far_they_are_whatever_is_watched() {
    // One event a VU and millisecond, 2.2 million in all.
    let model = "[scenarios.default]
        executor = \"constant-vus\"\nvus = 1_000\nduration = \"2200ms\"\njourney = \"j\"
        [journeys]\nj = [{ sleep = \"1ms\" }]";
    let model = support::model(model);
    let world = || World::new(&model, 1, 0);
    let mut told = [0, 0, 0];
    let [plain, audited, sampled] = &mut told;
    let _ = world().run_watched(|_| *plain += 1);
    let _ = world().run_audited_watched(|_| *audited += 1);
    let _ = world().run_sampled_watched(Span::secs(1), |_| *sampled += 1);
    assert_eq!(told, [1, 1, 1]);
}
