//! Small cases with exact answers, one for each mechanism, and every example of `docs/mechanisms`.

use capsim::measure::recorder::ResponseCode;
use capsim::model::Model;
use capsim::model::system::Entity;
use capsim::world::World;
use capsim::world::audit::Audit;
use capsim::world::outcome::Outcome;

fn run(text: &str) -> (Outcome, Audit) {
    let model = Model::from_text("small.toml", text, &[]).unwrap_or_else(|why| panic!("{why}"));
    let (outcome, audit) = World::new(&model, 1, 0).run_audited();
    assert_eq!(audit.violations, []);
    (outcome, audit)
}

/// Durations of all requests in milliseconds, in the order in which they ended.
fn durations(outcome: &Outcome) -> Vec<u64> {
    outcome
        .recorder
        .durations
        .iter()
        .map(|ns| ns / 1_000_000)
        .collect()
}

/// So many users at these times, each of whom sends the requests of `steps` once.
fn users(at: &[&str], steps: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"trace-arrivals\"\nat = {at:?}\njourney = \"go\"\n\
         [journeys]\ngo = [{{ pick = \"user\" }}, {steps}]\n[model]\nusers = 1\n"
    )
}

#[test]
fn the_order_of_service_is_the_discipline() {
    let order = |discipline: &str| {
        let text = users(&["1s", "1.001s", "1.002s"], "{ request = \"e\" }");
        let (outcome, _) = run(&format!(
            "{text}[stations.s]\nservers = 1\ndiscipline = \"{discipline}\"\n\
             [endpoints.e]\nvisits = [{{ station = \"s\", time = \"10ms\" }}]\n"
        ));
        durations(&outcome)
    };
    assert_eq!(order("fifo"), [10, 19, 28]);
    // The last to come is served second.
    assert_eq!(order("lifo"), [10, 18, 29]);
    // 1 ms alone, 1 ms by two, then by three: the first has 8.5 ms to go and takes 25.5 ms.
    assert_eq!(order("processor-sharing"), [27, 28, 28]);
}

#[test]
fn a_higher_class_goes_first_but_interrupts_nobody() {
    let text = users(&["1s"], "{ request = \"low\" }").replace("[model]", "[model]\nname = \"p\"");
    let text = text.replace("at = [\"1s\"]", "at = [\"1s\", \"1.001s\"]").replace(
        "[journeys]\n",
        "[scenarios.high]\nexecutor = \"trace-arrivals\"\nat = [\"1.002s\"]\njourney = \"high\"\n\
         [journeys]\nhigh = [{ request = \"high\" }]\n",
    );
    let (outcome, _) = run(&format!(
        "{text}[stations.s]\nservers = 1\ndiscipline = \"priority\"\n\
         [endpoints.low]\nvisits = [{{ station = \"s\", time = \"10ms\", class = 1 }}]\n\
         [endpoints.high]\nvisits = [{{ station = \"s\", time = \"10ms\", class = 0 }}]\n"
    ));
    assert_eq!(durations(&outcome), [10, 18, 29]);
}

#[test]
fn a_warm_up_gains_speed_linearly() {
    // The speed is t s / 10 s: work done by then t²/20 s, so 1.25 s of it take 5 s.
    let text = users(&["0s"], "{ request = \"e\" }");
    let (outcome, _) = run(&format!(
        "{text}[stations.s]\nservers = 1\nwarm_up = {{ lasts = \"10s\", from = 0.0 }}\n\
         [endpoints.e]\nvisits = [{{ station = \"s\", time = \"1.25s\" }}]\n"
    ));
    assert_eq!(durations(&outcome), [5000]);
}

#[test]
fn a_slow_window_and_a_stop_stretch_the_service() {
    // 1 s at full speed, 2 s at a half, 0.5 s not at all, then the last second.
    let text = users(&["0s"], "{ request = \"e\" }");
    let (outcome, _) = run(&format!(
        "{text}[stations.s]\nservers = 1\nslowdowns = [\
         {{ at = \"1s\", lasts = \"2s\", leaves = 0.5 }}, {{ at = \"3s\", lasts = \"500ms\" }}]\n\
         [endpoints.e]\nvisits = [{{ station = \"s\", time = \"3s\" }}]\n"
    ));
    assert_eq!(durations(&outcome), [4500]);
}

#[test]
fn slowdowns_that_overlap_multiply_but_not_with_themselves() {
    let duration = |slowdowns: &str| {
        let text = format!(
            "{}[stations.s]\nservers = 1\nslowdowns = [{slowdowns}]\n\
             [endpoints.e]\nvisits = [{{ station = \"s\", time = \"3s\" }}]\n",
            users(&["0s"], "{ request = \"e\" }")
        );
        durations(&run(&text).0)
    };
    // 1 s at full speed, then at half of it for ever.
    let again = "{ every = \"1s\", lasts = \"3s\", leaves = 0.5 }";
    assert_eq!(duration(again), [5000]);
    // 2 s at half of that: 1 s, 0.5 s, 0.5 s, then 1 s at half speed.
    let other = "{ at = \"2s\", lasts = \"2s\", leaves = 0.5 }";
    assert_eq!(duration(&format!("{again}, {other}")), [6000]);
}

/// How long a request takes that holds a token of a pool with these keys, and does this meanwhile.
fn held(pool: &str, visits: &str) -> Vec<u64> {
    let text = users(&["0s"], "{ request = \"e\" }");
    let (outcome, _) = run(&format!(
        "{text}[stations.s]\nservers = 1\n[pools.q]\nsize = 1\n[pools.p]\nsize = 1\n{pool}\n\
         [endpoints.e]\nvisits = [{visits}]\n"
    ));
    durations(&outcome)
}

#[test]
fn a_slowed_pool_stretches_the_delays_of_its_holders() {
    let windows = "slowdowns = [{ at = \"1s\", lasts = \"2s\", leaves = 0.5 }, \
                   { at = \"3s\", lasts = \"500ms\" }]";
    // 1 s at full speed, 2 s at a half, 0.5 s not at all, then the last second.
    let delay = "{ hold = \"p\", visits = [{ delay = \"3s\" }] }";
    assert_eq!(held(windows, delay), [4500]);
    // Without a token, and under another pool's, at full speed.
    assert_eq!(held(windows, "{ delay = \"3s\" }"), [3000]);
    let other = "{ hold = \"q\", visits = [{ delay = \"3s\" }] }";
    assert_eq!(held(windows, other), [3000]);
    // Speed t / 10 s from nothing: as of a station, 1.25 s of work take 5 s.
    let warm_up = "warm_up = { lasts = \"10s\", from = 0.0 }";
    let delay = "{ hold = \"p\", visits = [{ delay = \"1.25s\" }] }";
    assert_eq!(held(warm_up, delay), [5000]);
}

#[test]
fn slowed_pools_multiply_and_lengthen_services() {
    let half = "slowdowns = [{ at = \"0s\", lasts = \"1m\", leaves = 0.5 }]";
    let both = format!("{half}\n[pools.r]\nsize = 1\n{half}");
    let delay = "{ hold = \"p\", visits = [{ hold = \"r\", visits = [{ delay = \"1s\" }] }] }";
    assert_eq!(held(&both, delay), [4000]);
    // A service takes longer by the speed at which it is asked for, whatever comes then.
    let short = "slowdowns = [{ at = \"0s\", lasts = \"1s\", leaves = 0.25 }]";
    let service = "{ hold = \"p\", visits = [{ station = \"s\", time = \"1s\" }] }";
    assert_eq!(held(short, service), [4000]);
}

#[test]
fn a_warm_up_may_count_from_the_load() {
    // Setup takes 3 s. The speed is t / 10 s from then on.
    let text = users(&["0s"], "{ request = \"e\" }").replace(
        "[journeys]\n",
        "[setup]\njourney = \"before\"\n[journeys]\nbefore = [{ request = \"e\" }]\n",
    );
    let run_since = |since: &str| {
        let (outcome, _) = run(&format!(
            "{text}[pools.p]\nsize = 1\nwarm_up = {{ lasts = \"10s\", from = 0.0{since} }}\n\
             [endpoints.e]\nhold = \"p\"\nvisits = [{{ delay = \"1.25s\" }}]\n"
        ));
        durations(&outcome)
    };
    assert_eq!(run_since(", since = \"load\""), [1250, 5000]);
    // From the start of the run: four steps of 0.5 s at 0.525 … 0.675 do 1.2 s of it, 0.05 s are left for 0.725.
    assert_eq!(run_since(""), [5000, 2068]);
}

#[test]
fn a_request_that_is_dropped_leaves_a_slowed_delay() {
    let text = users(&["0s", "500ms"], "{ request = \"e\", timeout = \"1s\" }");
    let (outcome, _) = run(&format!(
        "{text}[pools.p]\nsize = 1\nslowdowns = [{{ at = \"0s\", lasts = \"1m\", leaves = 0.2 }}]\n\
         [endpoints.e]\nhold = \"p\"\ncancel = true\nvisits = [{{ delay = \"100ms\" }}]\n"
    ));
    // 500 ms at a fifth of the speed; the second waits for the token first, and needs 500 ms, too.
    assert_eq!(durations(&outcome), [500, 500]);
    let text = text
        .replace("1s\\\"", "300ms\\\"")
        .replace("\"1s\" }", "\"300ms\" }");
    let (outcome, _) = run(&format!(
        "{text}[pools.p]\nsize = 1\nslowdowns = [{{ at = \"0s\", lasts = \"1m\", leaves = 0.2 }}]\n\
         [endpoints.e]\nhold = \"p\"\ncancel = true\nvisits = [{{ delay = \"100ms\" }}]\n"
    ));
    assert_eq!(durations(&outcome), [300, 300]);
}

/// One worker, two users at once, each of whom sends two requests of 10 ms with this gap between them.
fn two_users(keep_alive: &str, gap: &str) -> (Outcome, Audit) {
    let steps = format!("{{ request = \"e\" }}, {gap}{{ request = \"e\" }}");
    run(&format!(
        "{}[pools.p]\nsize = 1\n{keep_alive}\n[endpoints.e]\nhold = \"p\"\nvisits = [{{ delay = \"10ms\" }}]\n",
        users(&["0s", "0s"], &steps)
    ))
}

#[test]
fn a_connection_keeps_its_worker_for_the_next_request() {
    let durations = |keep_alive: &str, gap: &str| durations(&two_users(keep_alive, gap).0);
    // By turns: first, second, first again (10 ms in line), second again.
    assert_eq!(durations("", ""), [10, 20, 20, 20]);
    // The first user passes the second, who waits for 20 ms, and for 1 ms in which nobody comes.
    let kept = "keep_alive = \"1ms\"";
    assert_eq!(durations(kept, ""), [10, 10, 31, 10]);
    // What comes after the time stands in line; the worker is idle for 1 ms each time.
    let gap = "{ sleep = \"5ms\" }, ";
    assert_eq!(durations(kept, gap), [10, 21, 17, 17]);
    assert_eq!(durations("keep_alive = \"0s\"", ""), [10, 20, 20, 20]);
    // The run ends with the last answer, after which its token is kept.
    let (outcome, _) = two_users(kept, "");
    let probe = outcome.kept[0].as_ref().expect("a pool that is kept");
    assert_eq!((probe.reused, probe.kept.value()), (2, 1));
}

#[test]
fn a_worker_kept_for_all_of_the_think_time_is_a_worker_per_user() {
    // 3 users, 2 workers, think time 90 ms, work 10 ms: kept through the think time, a worker serves one user, and
    // the third waits for ever; kept for 40 ms, each request takes one for 50 ms, and 3 × 50 of 2 × 100 are used.
    let all = |keep: &str| {
        let (outcome, _) = run(&format!(
            "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 3\nduration = \"10s\"\ngraceful_stop = \"0s\"\n\
             journey = \"j\"\n[journeys]\nj = [{{ request = \"e\" }}, {{ sleep = \"90ms\" }}]\n\
             [pools.p]\nsize = 2\nkeep_alive = \"{keep}\"\n[endpoints.e]\nhold = \"p\"\n\
             visits = [{{ delay = \"10ms\" }}]\n"
        ));
        let end = outcome.end_time();
        (outcome.recorder.requests(), outcome.pools[0].held.mean(end))
    };
    let (requests, held) = all("1h");
    assert_eq!((requests, held), (200, 2.0));
    let (requests, held) = all("40ms");
    assert!(
        requests >= 296 && (held - 1.5).abs() < 0.02,
        "{requests} {held}"
    );
}

#[test]
fn a_new_user_has_a_new_connection() {
    // One slot, two users one after the other, and a third in between who waits: nobody inherits a connection.
    let text = users(&["0s", "1ms", "11ms"], "{ request = \"e\" }");
    let (outcome, _) = run(&format!(
        "{text}[pools.p]\nsize = 1\nkeep_alive = \"1s\"\n[endpoints.e]\nhold = \"p\"\nvisits = [{{ delay = \"10ms\" }}]\n"
    ));
    // The first user's slot, and with it the connection, is closed for the third at 11 ms: the second goes on.
    assert_eq!(durations(&outcome)[..2], [10, 20]);
}

#[test]
fn sharing_servers_scale_with_all_who_share_them() {
    let text = format!(
        "{}[stations.s]\nservers = 2\ndiscipline = \"processor-sharing\"\nscalability = {{ sigma = 0.5 }}\n\
         [endpoints.e]\nvisits = [{{ station = \"s\", time = \"1s\" }}]\n",
        users(&["0s", "0s", "0s", "0s"], "{ request = \"e\" }")
    );
    // Together twice the work of one, over 1 + 0.5 × 3: each at a fifth.
    assert_eq!(durations(&run(&text).0), [5000; 4]);
}

#[test]
fn random_pauses_take_their_share() {
    // Pauses of 1 s, 9 s after the last one on average: a tenth of the time.
    let text = users(&["0s"], "{ request = \"e\" }");
    let (outcome, _) = run(&format!(
        "{text}[stations.s]\nservers = 1\nslowdowns = [\
         {{ after = {{ exponential = \"9s\" }}, lasts = {{ exponential = \"1s\" }} }}]\n\
         [endpoints.e]\ntimeout = \"100h\"\nvisits = [{{ station = \"s\", time = \"9000s\" }}]\n"
    )
    .replace(
        "journey = \"go\"",
        "journey = \"go\"\ngraceful_stop = \"100h\"",
    ));
    let seconds = durations(&outcome)[0] / 1000;
    assert!((9850..10150).contains(&seconds), "{seconds}");
}

/// Two requests that take two locks in opposite orders, 10 ms apart.
fn two_locks(second: &str) -> String {
    let text = users(&["1s"], "{ request = \"forth\" }").replace(
        "[journeys]\n",
        "[scenarios.other]\nexecutor = \"trace-arrivals\"\nat = [\"1.01s\"]\njourney = \"other\"\n\
         [journeys]\nother = [{ pick = \"user\" }, { request = \"back\" }]\n",
    );
    format!(
        "{text}[endpoints.forth]\nvisits = [{{ lock = \"user\", visits = [{{ delay = \"50ms\" }}, \
         {{ lock = \"global\", visits = [{{ delay = \"10ms\" }}] }}] }}]\n\
         [endpoints.back]\nvisits = [{{ lock = \"global\", visits = [{{ delay = \"20ms\" }}, {second}] }}]\n\
         [endpoints.inner]\nvisits = [{{ lock = \"user\", visits = [{{ delay = \"10ms\" }}] }}]\n"
    )
}

#[test]
fn a_deadlock_is_found_and_its_victim_fails() {
    let (outcome, audit) = run(&two_locks(
        "{ lock = \"user\", visits = [{ delay = \"10ms\" }] }",
    ));
    // `back` waits for the user from 1.03 s; at 1.05 s `forth` closes the circle and fails; then
    // `back` goes on for 10 ms.
    assert_eq!(outcome.deadlocks.count, 1);
    let circle = &outcome.deadlocks.first;
    assert_eq!(
        circle.iter().map(|w| w.endpoint).collect::<Vec<_>>(),
        [0, 1]
    );
    assert_eq!(circle[0].lock, Some((Entity::Global, 0)));
    assert_eq!(circle[1].lock, Some((Entity::User, 0)));
    assert_eq!(durations(&outcome), [50, 50]);
    assert_eq!((audit.balance.completed, audit.balance.failed), (1, 1));
}

#[test]
fn a_deadlock_through_a_call_is_found() {
    let (outcome, audit) = run(&two_locks("{ call = \"inner\" }"));
    assert_eq!(outcome.deadlocks.count, 1);
    // `forth` waits for `back`, which waits for its call, which waits for `forth`.
    let endpoints: Vec<u16> = outcome.deadlocks.first.iter().map(|w| w.endpoint).collect();
    assert_eq!(endpoints, [0, 1, 2]);
    assert_eq!(outcome.deadlocks.first[1].lock, None);
    assert_eq!((audit.balance.completed, audit.balance.failed), (1, 1));
}

#[test]
fn locks_in_one_order_wait_and_do_not_fail() {
    let text = two_locks("{ delay = \"1ms\" }").replace(
        "lock = \"user\", visits = [{ delay = \"50ms\" }",
        "lock = \"token\", visits = [{ delay = \"50ms\" }",
    );
    let text = text.replace("lock = \"token\"", "lock = \"user\"");
    let (outcome, _) = run(&text);
    assert_eq!(outcome.deadlocks.count, 0);
    assert_eq!(outcome.deadlocks.first, []);
}

#[test]
fn a_pool_timeout_and_a_full_line_turn_requests_away() {
    let text = users(&["1s", "1.001s", "1.002s"], "{ request = \"e\" }");
    let (outcome, _) = run(&format!(
        "{text}[pools.p]\nsize = 1\nqueue = 1\ntimeout = \"30ms\"\n\
         [endpoints.e]\nhold = \"p\"\nvisits = [{{ delay = \"100ms\" }}]\n"
    ));
    // The third finds the line full, the second gives up, the first is served.
    assert_eq!(durations(&outcome), [0, 30, 100]);
    let probe = &outcome.pools[0];
    assert_eq!((probe.granted, probe.refused, probe.left), (1, 1, 1));
}

#[test]
fn a_fan_out_takes_as_long_as_its_slowest_branch() {
    let text = users(&["1s"], "{ request = \"e\" }");
    let (outcome, _) = run(&format!(
        "{text}[endpoints.e]\nvisits = [{{ parallel = [\"a\", \"b\"] }}, {{ spawn = \"b\" }}]\n\
         [endpoints.a]\nvisits = [{{ delay = \"10ms\" }}]\n\
         [endpoints.b]\nvisits = [{{ delay = \"25ms\" }}]\n"
    ));
    assert_eq!(durations(&outcome), [25]);
}

#[test]
fn a_client_that_has_gone_leaves_its_work_behind() {
    let busy = |option: &str| {
        let text = users(&["1s", "4s"], "{ request = \"e\" }");
        let (outcome, audit) = run(&format!(
            "{text}[stations.s]\nservers = 1\n[endpoints.e]\n{option}timeout = \"1s\"\n\
             visits = [{{ station = \"s\", time = \"2s\" }}]\n"
        ));
        assert_eq!(audit.balance.timed_out, 2);
        outcome.stations[0].in_service.area(outcome.end_time()) / 1_000_000
    };
    // Until the second gives up at 5 s: the first was worked on for 2 s, or dropped after one.
    assert_eq!(busy(""), 3000);
    assert_eq!(busy("cancel = true\n"), 2000);
}

#[test]
fn a_room_that_rejects_has_no_line() {
    let room = |order: &str| {
        let text = users(
            &["1s", "1.5s", "4s"],
            "{ request = \"join\" }, { sleep = \"1s\" }",
        );
        let (outcome, audit) = run(&format!(
            "{text}[endpoints.join]\nvisits = [{{ issue = \"token\" }}]\n\
             [waiting_room]\nadmit = {{ active = 1 }}\nsession = \"2s\"\norder = \"{order}\"\n"
        ));
        let probe = outcome.room.unwrap();
        (audit.balance.failed, probe.admitted, probe.given_up)
    };
    assert_eq!(room("reject"), (1, 2, 1));
    assert_eq!(room("pass-through"), (0, 3, 0));
    // The second waits until 3 s, the third would be next at 5 s, when all users have left.
    assert_eq!(room("fifo"), (0, 2, 0));
}

#[test]
fn a_session_is_renewed_by_pages_and_ended_by_leaving() {
    let active = |end: &str| {
        let steps = format!(
            "{{ request = \"join\" }}, {{ sleep = \"6s\" }}, {{ request = \"page\" }}, {end}{{ sleep = \"20s\" }}"
        );
        let (outcome, _) = run(&format!(
            "{}[endpoints.join]\nvisits = [{{ issue = \"token\" }}]\n\
             [endpoints.page]\nvisits = [{{ renew = \"session\" }}]\n\
             [endpoints.out]\nvisits = [{{ leave = \"room\" }}]\n\
             [waiting_room]\nadmit = {{ active = 1 }}\nsession = \"10s\"\n",
            users(&["0s"], &steps)
        ));
        let end = outcome.end_time();
        outcome.room.unwrap().active.area(end) / 1_000_000_000
    };
    assert_eq!(active(""), 16);
    assert_eq!(active("{ sleep = \"1s\" }, { request = \"out\" }, "), 7);
}

/// Exponential sessions have no memory: one that begins anew lasts no longer on average.
#[test]
fn a_session_that_is_renewed_is_drawn_anew() {
    let journeys = "[journeys]\nj = [{ pick = \"user\" }, { request = \"join\" }, { repeat = [{ sleep = \"1s\" }, \
                    { request = \"page\" }], times = 20 }, { sleep = \"200s\" }]\n\
                    [endpoints.page]\nvisits = [{ renew = \"session\" }]";
    let rules = "admit = { active = 2000 }\nsession = { exponential = \"10s\" }";
    let text = room(2000, journeys, rules).replace("60s", "300s");
    let (outcome, _) = run(&text);
    let end = outcome.end_time();
    let probe = outcome.room.unwrap();
    assert_eq!(probe.ended, 2000);
    let mean = probe.active.area(end) as f64 / 2000e9;
    assert!((9.4..10.6).contains(&mean), "{mean}");
}

#[test]
fn every_mechanism_has_a_page_and_an_example_that_runs() {
    let mut pages = 0;
    for entry in std::fs::read_dir("docs/mechanisms").unwrap() {
        let path = entry.unwrap().path();
        let is_page = path.extension().is_some_and(|e| e == "md");
        if !is_page || path.ends_with("README.md") {
            continue;
        }
        let example = path.with_extension("toml");
        let model = Model::from_file(&example, &[]).unwrap_or_else(|why| panic!("{why}"));
        let (outcome, audit) = World::new(&model, 1, 0).run_audited();
        assert_eq!(audit.violations, [], "{}", example.display());
        assert!(audit.balance.completed > 500, "{}", example.display());
        let name = example.file_stem().unwrap().to_string_lossy().into_owned();
        let index = std::fs::read_to_string("docs/mechanisms/README.md").unwrap();
        assert!(
            index.contains(&format!("({name}.md)")),
            "{name} is not in the index"
        );
        if name == "locks" {
            assert!(outcome.deadlocks.count > 0);
            let note = outcome.deadlocks.note(&model).unwrap();
            assert!(
                note.contains("`forth`") && note.contains("`back`"),
                "{note}"
            );
        }
        pages += 1;
    }
    assert!(pages > 11, "{pages}");
}

/// What a transaction takes after its first read is given back after its commit.
#[test]
fn a_commit_leaves_tokens_and_locks_to_their_own_scopes() {
    let text = r#"
[model]
users = 3
[scenarios.default]
executor = "constant-vus"
vus = 12
duration = "5s"
journey = "j"
[journeys]
j = [{ pick = "user" }, { request = "e" }]
[stations.s]
servers = 4
[pools.p]
size = 4
[endpoints.e]
visits = [
  { optimistic = "user" },
  { hold = "p" },
  { lock = "user" },
  { station = "s", time = { exponential = "8ms" } },
]
"#;
    let model = capsim::model::Model::from_text("m", text, &[]).unwrap_or_else(|e| panic!("{e}"));
    // A version, a token and a lock.
    assert_eq!(model.endpoints[0].max_held, 3);
    let (outcome, audit) = capsim::world::World::new(&model, 1, 0).run_audited();
    assert!(audit.violations.is_empty(), "{:?}", audit.violations);
    // Three users at a time, 8 ms each, for 5 s: about 1,900. A token that is lost stops all of it.
    let requests = outcome.recorder.durations.len();
    assert!(requests > 1_000, "{requests}");
    assert!(outcome.conflicts.iter().sum::<u64>() > 0);
}

/// Iterations in whole seconds, in the order in which they ended, and how many were cut off.
fn iterations(outcome: &Outcome) -> (Vec<u64>, u64) {
    let all = outcome.recorder.iteration_durations();
    let all = all.iter().map(|ns| ns / 1_000_000_000).collect();
    (all, outcome.recorder.interrupted)
}

/// Users who join a waiting room and await their admission.
fn room(vus: u32, journeys: &str, room: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = {vus}\niterations = 1\n\
         max_duration = \"60s\"\ngraceful_stop = \"0s\"\njourney = \"j\"\n{journeys}\n\
         [endpoints.join]\nvisits = [{{ issue = \"token\" }}]\n\
         [endpoints.leave]\nvisits = [{{ leave = \"room\" }}]\n[waiting_room]\n{room}\n"
    )
}

#[test]
fn all_who_await_one_token_are_told() {
    let journeys = "[setup]\njourney = \"s\"\n[journeys]\ns = [{ pick = \"user\" }, { request = \"join\" }]\n\
                    j = [{ take = \"token\" }, { await = \"admission\" }]";
    let (outcome, _) = run(&room(3, journeys, "admit = { batch = 1, every = \"5s\" }"));
    assert_eq!(iterations(&outcome), (vec![5, 5, 5], 0));
}

#[test]
fn who_awaits_is_not_silent() {
    let journeys =
        "[journeys]\nj = [{ pick = \"user\" }, { request = \"join\" }, { await = \"admission\" }]";
    let rules = "admit = { batch = 1, every = \"5s\" }\npoll_expiry = \"7s\"";
    let (outcome, _) = run(&room(3, journeys, rules));
    assert_eq!(iterations(&outcome), (vec![5, 10, 15], 0));
    // Who begins to await too late has lost the place.
    let late = journeys.replace("{ await", "{ sleep = \"8s\" }, { await");
    let (outcome, _) = run(&room(3, &late, rules));
    assert_eq!(iterations(&outcome), (vec![8, 8, 8], 0));
}

#[test]
fn who_loses_the_place_while_awaiting_it_goes_on() {
    let journeys = "[setup]\njourney = \"s\"\n[journeys]\ns = [{ pick = \"user\" }, { request = \"join\" }]\n\
                    j = [{ take = \"token\" }, { await = \"admission\" }, \
                    { when = \"admitted\", steps = [{ sleep = \"20s\" }] }]\n\
                    k = [{ take = \"token\" }, { sleep = \"3s\" }, { request = \"leave\" }]\n\
                    [scenarios.other]\nexecutor = \"per-vu-iterations\"\nvus = 1\niterations = 1\n\
                    journey = \"k\"";
    let (outcome, _) = run(&room(2, journeys, "admit = { batch = 1, every = \"5s\" }"));
    assert_eq!(iterations(&outcome), (vec![3, 3, 3], 0));
    let stays = journeys.replace(", { request = \"leave\" }", "");
    let (outcome, _) = run(&room(2, &stays, "admit = { batch = 1, every = \"5s\" }"));
    assert_eq!(iterations(&outcome), (vec![3, 25, 25], 0));
}

/// Seconds of service given to requests in all.
fn served(outcome: &Outcome) -> f64 {
    let all = outcome.op_times.iter().map(|t| t.served + t.cut_off);
    all.sum::<u128>() as f64 / 1e9
}

#[test]
fn what_is_cancelled_is_not_served_when_its_turn_comes() {
    let text = |limit: &str, first: &str| {
        let users = users(&["0s", "0s"], "{ request = \"e\" }, { sleep = \"10s\" }");
        format!(
            "{users}[pools.p]\nsize = 1\n[stations.s]\nservers = 9\n\
             [endpoints.f]\nvisits = [{{ delay = \"2s\" }}]\n\
             [endpoints.e]\ntimeout = \"1s\"\ncancel = true\n{limit}\n\
             visits = [{first}{{ station = \"s\", time = \"5s\" }}]\n"
        )
    };
    // Both give up at 1 s: what the first gives back must not be used for the second.
    let (outcome, _) = run(&text("hold = \"p\"", ""));
    assert_eq!(served(&outcome), 1.0);
    let (outcome, _) = run(&text("", "{ lock = \"global\" }, "));
    assert_eq!(served(&outcome), 1.0);
    // What was called goes on for its 2 s; nothing comes after it.
    let (outcome, _) = run(&text("", "{ call = \"f\" }, "));
    assert_eq!(served(&outcome), 4.0);
    let (outcome, _) = run(&text("", "{ parallel = [\"f\", \"f\"] }, "));
    assert_eq!(served(&outcome), 8.0);
}

#[test]
fn an_answer_is_for_the_caller_too() {
    let text = |how: &str| {
        let users = users(&["0s"], "{ request = \"e\" }, { sleep = \"10s\" }");
        format!(
            "{users}[stations.s]\nservers = 1\n[endpoints.e]\nvisits = [{how}]\n\
             [endpoints.f]\nabandoned_work = 2.0\nvisits = [{{ delay = \"10ms\" }}, {{ respond = true }}, \
             {{ spawn = \"g\" }}, {{ station = \"s\", time = \"500ms\" }}, {{ fail = 1.0 }}]\n\
             [endpoints.g]\nabandoned_work = 2.0\nvisits = [{{ station = \"s\", time = \"100ms\" }}]\n"
        )
    };
    for how in ["{ call = \"f\" }", "{ parallel = [\"f\"] }"] {
        let (outcome, audit) = run(&text(how));
        assert_eq!(durations(&outcome), [10]);
        assert_eq!((audit.balance.completed, audit.balance.failed), (1, 0));
        assert_eq!(served(&outcome), 0.61);
    }
    // A client that was answered has not gone: what follows costs no more.
    let direct = text("{ spawn = \"f\" }").replace("request = \"e\"", "request = \"f\"");
    let (outcome, _) = run(&direct);
    assert_eq!(durations(&outcome), [10]);
    assert_eq!(served(&outcome), 0.61);
}

#[test]
fn work_for_a_client_that_has_gone_costs_more() {
    let users = users(&["0s"], "{ request = \"e\" }, { sleep = \"10s\" }");
    let text = format!(
        "{users}[stations.s]\nservers = 1\n[endpoints.e]\ntimeout = \"1s\"\nabandoned_work = 2.0\n\
         visits = [{{ delay = \"2s\" }}, {{ respond = true }}, {{ station = \"s\", time = \"500ms\" }}]\n"
    );
    assert_eq!(served(&run(&text).0), 3.0);
}

/// Statuses of all requests and their durations in milliseconds, in the order in which they ended.
fn answers(outcome: &Outcome) -> Vec<(u16, u64)> {
    let record = &outcome.recorder;
    let codes = record
        .request_series
        .iter()
        .map(|s| record.series[usize::from(s)].code.0);
    codes.zip(durations(outcome)).collect()
}

#[test]
fn a_connection_is_refused_where_it_is_made() {
    let busy = |visits: &str| {
        let steps = "{ request = \"e\" }, { sleep = \"9s\" }";
        let text = format!(
            "{}[stations.first]\nservers = 9\n[stations.s]\nservers = 1\nqueue = 0\nrefusal = \"connection\"\n\
             [pools.p]\nsize = 1\nqueue = 0\nrefusal = \"connection\"\n[endpoints.e]\nvisits = {visits}\n\
             [endpoints.f]\nvisits = [{{ station = \"s\", time = \"1s\" }}]\n",
            users(&["0s", "0.1s"], steps)
        );
        answers(&run(&text).0)
    };
    let refused = ResponseCode::REFUSED.0;
    let station = "{ station = \"s\", time = \"1s\" }";
    let held = "{ hold = \"p\", visits = [{ delay = \"1s\" }] }";
    let before = "{ station = \"first\", time = \"10ms\" }";
    for inner in [station, held] {
        assert_eq!(busy(&format!("[{inner}]")), [(refused, 0), (200, 1000)]);
        let way = busy(&format!("[{{ delay = \"10ms\" }}, {inner}]"));
        assert_eq!(way, [(refused, 0), (200, 1010)]);
        let inside = busy(&format!("[{before}, {inner}]"));
        assert_eq!(inside, [(502, 10), (200, 1010)]);
    }
    for call in ["{ call = \"f\" }", "{ parallel = [\"f\"] }"] {
        assert_eq!(busy(&format!("[{call}]")), [(502, 0), (200, 1000)]);
        assert_eq!(
            busy(&format!("[{before}, {call}]")),
            [(502, 10), (200, 1010)]
        );
    }
}

/// As the page on the inventory says: give requests that do not claim an endpoint of their own.
#[test]
fn what_one_request_step_does_belongs_to_the_endpoint() {
    let steps = "{ pick = \"event\" }, { request = \"list\", pick = \"seat\" }, { request = \"buy\", claim = \"seat\" }, \
                 { request = \"buy\" }, { request = \"list\" }, { request = \"other\" }";
    let text = format!(
        "{}[inventory]\nevents = 1\nseats_per_event = 9\n[endpoints]\nlist.visits = []\n\
         buy.visits = []\nother.visits = []\n",
        users(&["0s"], steps)
    );
    let (outcome, _) = run(&text);
    let statuses: Vec<u16> = answers(&outcome).iter().map(|a| a.0).collect();
    // The seat is taken, by the same user.
    assert_eq!(statuses, [200, 200, 409, 200, 200]);
    let (probe, _) = outcome.inventory.unwrap();
    assert_eq!((probe.claimed, probe.lost), (1, 1));
}

#[test]
fn a_start_exactly_at_the_end_comes_before_the_end() {
    let starts = |executor: &str| {
        let text = format!(
            "[scenarios.default]\n{executor}\ngraceful_stop = \"0s\"\njourney = \"j\"\n\
             [journeys]\nj = [{{ sleep = \"100ms\" }}]\n"
        );
        let (outcome, _) = run(&text);
        let dropped: u64 = outcome.recorder.dropped.iter().sum();
        (
            outcome.recorder.iterations.len(),
            outcome.recorder.interrupted,
            dropped,
            outcome.duration.as_ms(),
        )
    };
    let rate = |vus| {
        format!(
            "executor = \"constant-arrival-rate\"\nrate = 5\nduration = \"1s\"\npre_allocated_vus = {vus}"
        )
    };
    assert_eq!(starts(&rate(1)), (5, 1, 0, 1000.0));
    assert_eq!(starts(&rate(0)), (0, 0, 6, 1000.0));
    let trace = "executor = \"trace-arrivals\"\nat = [\"0s\", \"1s\", \"1s\"]";
    assert_eq!(starts(trace), (1, 2, 0, 1000.0));
}

/// Shares of 10,000 iterations, within five standard deviations; an alternative of weight 0 is never taken.
#[test]
fn a_choice_follows_its_weights() {
    let record = |name: &str| format!("steps = [{{ record = \"{name}\", as = \"counter\" }}]");
    let (outcome, _) = run(&format!(
        "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = 10\niterations = 1000\njourney = \"go\"\n\
         [journeys]\ngo = [{{ sleep = \"100ms\" }}, {{ choose = [{{ weight = 7, {} }}, {{ weight = 2, {} }},\n\
         {{ weight = 0, {} }}, {{ weight = 1 }}] }}]\n",
        record("a"),
        record("b"),
        record("never")
    ));
    let taken: Vec<f64> = (outcome.recorder.customs.iter())
        .map(|c| c.as_ref().map_or(0.0, |c| c.sum()))
        .collect();
    assert_eq!(taken.len(), 3);
    for (count, share) in taken.iter().zip([0.7, 0.2, 0.0]) {
        let deviation = (10_000.0 * share * (1.0_f64 - share)).sqrt();
        assert!(
            (count - 10_000.0 * share).abs() <= 5.0 * deviation,
            "{taken:?}"
        );
    }
}
