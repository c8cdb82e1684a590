//! What happens at one and the same instant has an order: a test for each rule of docs/simultaneous-events.md.

use capsim::measure::recorder::ResponseCode;
use capsim::model::Model;
use capsim::world::World;
use capsim::world::outcome::Outcome;

fn run(text: &str) -> Outcome {
    let model = Model::from_text("ties.toml", text, &[]).unwrap_or_else(|why| panic!("{why}"));
    let (outcome, audit) = World::new(&model, 1, 0).run_audited();
    assert_eq!(audit.violations, []);
    outcome
}

/// The code of a request whose client has given up.
const TIMEOUT: u16 = ResponseCode::TIMEOUT.0;

/// Status and milliseconds of all requests, in the order in which they ended.
fn answers(outcome: &Outcome) -> Vec<(u16, u64)> {
    let record = &outcome.recorder;
    let series = record.request_series.iter();
    let codes = series.map(|s| record.series[usize::from(s)].code.0);
    let ms = record.durations.iter().map(|ns| ns / 1_000_000);
    codes.zip(ms).collect()
}

/// Users who come at these times, each of whom takes `steps` once.
fn users(at: &[&str], steps: &str, system: &str) -> Outcome {
    run(&format!(
        "[scenarios.default]\nexecutor = \"trace-arrivals\"\nat = {at:?}\njourney = \"go\"\n\
         [journeys]\ngo = [{{ pick = \"user\" }}, {steps}]\n{system}"
    ))
}

fn asks(at: &[&str], system: &str) -> Vec<(u16, u64)> {
    answers(&users(at, "{ request = \"e\" }", system))
}

/// One server that takes a second, with something beside.
fn server(beside: &str) -> String {
    format!(
        "[endpoints.e]\nvisits = [{{ station = \"s\", time = \"1s\" }}]\n[stations.s]\n{beside}\n"
    )
}

/// It stands still from 2 s to 12 s.
const STOP: &str = "slowdowns = [{ at = \"2s\", lasts = \"10s\" }]";

#[test]
fn work_that_ends_as_a_slowdown_begins_is_done() {
    let one = server(&format!("servers = 1\n{STOP}"));
    assert_eq!(asks(&["1s"], &one), [(200, 1000)]);
    // Nothing is left of what both have had; the next one in line is stopped with all its work before it.
    let two = server(&format!("servers = 2\n{STOP}"));
    assert_eq!(
        asks(&["1s", "1s", "1.5s"], &two),
        [(200, 1000), (200, 1000), (200, 11_500)]
    );
    let shared = server(&format!(
        "servers = 1\ndiscipline = \"processor-sharing\"\n{STOP}"
    ));
    assert_eq!(asks(&["0s", "0s"], &shared), [(200, 2000), (200, 2000)]);
    // A delay under a token of a slowed pool.
    let pool = format!(
        "[pools.p]\nsize = 9\n{STOP}\n[endpoints.e]\nhold = \"p\"\nvisits = [{{ delay = \"1s\" }}]\n"
    );
    assert_eq!(asks(&["1s", "1.5s"], &pool), [(200, 1000), (200, 11_000)]);
    // As often as it begins: each begins as the second request of its ten seconds ends.
    let again = server("servers = 1\nslowdowns = [{ every = \"10s\", lasts = \"5s\" }]");
    assert_eq!(
        asks(&["9s", "19s", "28.5s"], &again),
        [(200, 1000), (200, 1000), (200, 1000)]
    );
}

#[test]
fn work_that_ends_as_a_replica_is_lost_is_done() {
    let lost = "[services.web]\nreplicas = 1\nendpoints = [\"e\"]\nstations = [\"s\"]\n\
                faults = [{ lose = 1, at = \"2s\", lasts = \"10s\" }]\n";
    let system = server("servers = 1") + lost;
    assert_eq!(asks(&["1s"], &system), [(200, 1000)]);
    assert_eq!(asks(&["1.001s"], &system), [(502, 999)]);
    // Who comes at that instant finds it gone.
    assert_eq!(asks(&["2s"], &system), [(502, 0)]);
}

#[test]
fn arrivals_come_last() {
    // A server, a token and a VU that become free at an instant are free for who comes then.
    let rate = "[scenarios.default]\nexecutor = \"constant-arrival-rate\"\nrate = 1\nduration = \"20s\"\n\
                pre_allocated_vus = 1\njourney = \"go\"\n[journeys]\ngo = [{ request = \"e\" }]\n";
    let pool = "[pools.p]\nsize = 1\nqueue = 0\n[endpoints.e]\nhold = \"p\"\nvisits = [{ delay = \"1s\" }]\n";
    for system in [&server("servers = 1\nqueue = 0"), pool] {
        let outcome = run(&format!("{rate}{system}"));
        assert_eq!(outcome.recorder.dropped.iter().sum::<u64>(), 0);
        let all = answers(&outcome);
        assert!(
            all.len() >= 20 && all.iter().all(|a| *a == (200, 1000)),
            "{all:?}"
        );
        // Nobody has stood in line.
        let queues = outcome.stations.iter().map(|s| s.queue.max());
        assert_eq!(
            queues
                .chain(outcome.pools.iter().map(|p| p.queue.max()))
                .max(),
            Some(0)
        );
    }
    // A slowdown that begins with an arrival holds for it, one that ends then does not.
    let stop = server(&format!("servers = 1\n{STOP}"));
    assert_eq!(asks(&["2s"], &stop), [(200, 11_000)]);
    assert_eq!(asks(&["12s"], &stop), [(200, 1000)]);
}

#[test]
fn an_answer_at_the_instant_of_a_timeout_is_in_time() {
    let clients = |timeout: &str| {
        let text = server("servers = 1");
        text.replace(
            "[endpoints.e]\n",
            &format!("[endpoints.e]\ntimeout = \"{timeout}\"\n"),
        )
    };
    assert_eq!(asks(&["1s"], &clients("1s")), [(200, 1000)]);
    assert_eq!(asks(&["1s"], &clients("999ms")), [(TIMEOUT, 999)]);
    // The second waits for the first.
    assert_eq!(
        asks(&["1s", "1.5s"], &clients("1500ms")),
        [(200, 1000), (200, 1500)]
    );
    // An attempt of a call.
    let call = |timeout: &str| {
        let outer =
            format!("[endpoints.e]\nvisits = [{{ call = \"b\", timeout = \"{timeout}\" }}]\n");
        outer + &server("servers = 1").replace("endpoints.e", "endpoints.b")
    };
    assert_eq!(asks(&["1s"], &call("1s")), [(200, 1000)]);
    assert_eq!(asks(&["1s"], &call("999ms")), [(504, 999)]);
}

#[test]
fn what_is_waited_for_comes_in_time_at_the_end_of_the_patience() {
    // The first holds it from 1 s to 2 s, the second waits from 1.5 s on.
    let at = ["1s", "1.5s"];
    let in_time = [(200, 1000), (200, 1500)];
    let too_late = [(503, 499), (200, 1000)];
    let pool = |timeout: &str| {
        format!(
            "[pools.p]\nsize = 1\ntimeout = \"{timeout}\"\n[endpoints.e]\nhold = \"p\"\nvisits = [{{ delay = \"1s\" }}]\n"
        )
    };
    let lock = |timeout: &str| {
        format!(
            "[endpoints.e]\nvisits = [{{ lock = \"global\", timeout = \"{timeout}\", visits = [{{ delay = \"1s\" }}] }}]\n"
        )
    };
    let station = |timeout: &str| {
        server("servers = 1").replace(
            "time = \"1s\"",
            &format!("time = \"1s\", patience = \"{timeout}\""),
        )
    };
    for system in [pool, lock, station] {
        assert_eq!(asks(&at, &system("500ms")), in_time);
        assert_eq!(asks(&at, &system("499ms")), too_late);
    }
}

#[test]
fn a_token_goes_to_who_waits_before_who_comes() {
    let pool = "[pools.p]\nsize = 1\n[endpoints.e]\nhold = \"p\"\nvisits = [{ delay = \"1s\" }]\n";
    // At 2 s the token comes back, the second waits for it and the third comes.
    assert_eq!(
        asks(&["1s", "1.2s", "2s"], pool),
        [(200, 1000), (200, 1800), (200, 2000)]
    );
}

#[test]
fn a_booking_at_the_instant_at_which_the_hold_expires_is_in_time() {
    let system = "[inventory]\nevents = 1\nseats_per_event = 1\nhold_expires_after = \"10s\"\n\
                  [endpoints.list]\nvisits = [{ list = \"seats\" }]\n[endpoints.claim]\nvisits = [{ claim = \"seat\" }]\n\
                  [endpoints.buy]\nvisits = [{ confirm = \"seat\" }]\n";
    let steps = |after: &str| {
        format!(
            "{{ pick = \"event\" }}, {{ request = \"list\", pick = {{ seat = \"first\" }} }}, \
             {{ request = \"claim\" }}, \
             {{ sleep = \"{after}\" }}, {{ request = \"buy\" }}"
        )
    };
    let buys = |at: &[&str], after: &str| {
        let mut outcome = users(at, &steps(after), system);
        let status = answers(&outcome).iter().map(|a| a.0).collect::<Vec<_>>();
        (status, outcome.inventory.take().map_or(0, |i| i.0.sold))
    };
    assert_eq!(buys(&["1s"], "10s"), (vec![200, 200, 200], 1));
    assert_eq!(buys(&["1s"], "10.001s"), (vec![200, 200, 409], 0));
    // Who comes at that instant finds the seat free again.
    assert_eq!(
        buys(&["1s", "11s"], "10.001s"),
        (vec![200, 200, 200, 200, 409, 409], 0)
    );
}

#[test]
fn a_connection_keeps_its_token_to_the_end_of_the_last_instant() {
    let with = |gap: &str| {
        let text = format!(
            "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = 1\niterations = 1\njourney = \"go\"\n\
             [journeys]\ngo = [{{ request = \"e\" }}, {{ sleep = \"{gap}\" }}, {{ request = \"e\" }}]\n\
             [pools.p]\nsize = 1\nkeep_alive = \"5s\"\n[endpoints.e]\nhold = \"p\"\nvisits = [{{ delay = \"1s\" }}]\n"
        );
        let outcome = run(&text);
        outcome.kept[0].as_ref().map_or(0, |kept| kept.reused)
    };
    assert_eq!((with("5s"), with("5.001s")), (1, 0));
}

#[test]
fn a_slowdown_that_follows_another_leaves_nothing_between() {
    // One ends as the next begins, ten seconds long each: 1 s of work in 20 s of half the speed.
    let text =
        server("servers = 1\nslowdowns = [{ every = \"10s\", lasts = \"10s\", leaves = 0.5 }]");
    assert_eq!(asks(&["19s"], &text), [(200, 2000)]);
}
