//! What stands after the summary: resources against closed forms, notes on what a run cannot show, and
//! that nothing printed is not a number.

use capsim::engine::Span;
use capsim::load::plan::Plan;
use capsim::model::{K6Version, Model};
use capsim::report::bottleneck::bottleneck;
use capsim::report::notes::notes;
use capsim::report::{self, Mode, SummaryOptions, export, run_text};
use capsim::study::account::{Account, Limit};
use capsim::world::World;
use capsim::world::outcome::Outcome;
use capsim::world::summary::{full_summary, summary};
use proptest::prelude::*;

fn model(text: &str) -> Model {
    Model::from_text("test.toml", text, &[]).unwrap_or_else(|e| panic!("{e}"))
}

/// Ten a second, each 50 ms of one server, for 10 s: 101 starts.
const HALF_BUSY: &str = r#"
[scenarios.s]
executor = "constant-arrival-rate"
rate = 10
duration = "10s"
pre_allocated_vus = 5
[journeys]
s = [{ request = "page" }]
[stations.db]
servers = 1
[pools.threads]
size = 4
[endpoints.page]
visits = [{ hold = "threads", visits = [{ station = "db", time = "50ms" }] }]
"#;

fn only<'a>(all: &'a Account, name: &str) -> &'a Limit {
    all.limits.iter().find(|r| r.name == name).unwrap()
}

#[test]
fn utilisation_is_that_of_littles_law() {
    let model = model(HALF_BUSY);
    let outcome = World::new(&model, 1, 0).run();
    let all = Account::of(&outcome, &model);
    // 101 services of 50 ms in 10.05 s.
    let busy = 101.0 * 0.05 / 10.05;
    let db = only(&all, "station db");
    assert!((db.utilisation - busy).abs() < 1e-12, "{db:?}");
    let line = (db.queue, db.queue_max, db.lost_count);
    assert_eq!((db.in_use_max, line), (1.0, (0.0, 0.0, 0.0)));
    let threads = only(&all, "pool threads");
    assert!((threads.utilisation - busy / 4.0).abs() < 1e-12);
    assert!(
        bottleneck(&all).contains("station db: 50.2% used"),
        "{}",
        bottleneck(&all)
    );
}

#[test]
fn an_overloaded_server_is_the_bottleneck() {
    let text = HALF_BUSY
        .replace("50ms", "250ms")
        .replace("vus = 5", "vus = 50");
    let model = model(&text);
    let outcome = World::new(&model, 1, 0).run();
    let all = Account::of(&outcome, &model);
    assert!(only(&all, "station db").utilisation > 0.99);
    // The pool is full all the time, too, but only because the server is slow.
    assert!(
        bottleneck(&all).contains("station db"),
        "{}",
        bottleneck(&all)
    );
}

/// Each slow request's time is accounted for in full.
#[test]
fn slow_requests_spend_their_time_where_the_table_says() {
    let text = HALF_BUSY
        .replace("\"50ms\"", "{ exponential = \"120ms\" }")
        .replace("vus = 5", "vus = 50");
    let model = model(&text);
    let plain = World::new(&model, 3, 0).run();
    let outcome = World::new(&model, 3, 0).explaining().run();
    assert_eq!(plain.fingerprint, outcome.fingerprint);
    let slow = outcome.slow.unwrap().slower_than(Span::millis(300));
    let (from, asked) = (slow.from.as_ms(), 300.0);
    assert!(
        from <= asked && from > asked * (1.0 - 1.0 / 128.0),
        "{from}"
    );
    let expected: Vec<u64> = plain
        .recorder
        .durations
        .iter()
        .filter(|d| *d >= slow.from.0)
        .collect();
    assert!(expected.len() > 5, "{}", expected.len());
    assert_eq!(slow.requests, [expected.len() as u64]);
    let spent: u128 = slow.op_times.iter().map(|t| t.waited + t.served).sum();
    assert_eq!(spent, expected.iter().map(|d| u128::from(*d)).sum::<u128>());
}

fn notes_of(text: &str) -> Vec<String> {
    let model = model(text);
    let outcome = World::new(&model, 1, 0).run();
    notes(&outcome, &model, &summary(&outcome, &model))
}

fn has(notes: &[String], words: &str) -> bool {
    notes.iter().any(|n| n.contains(words))
}

#[test]
fn notes_say_what_a_test_cannot_show() {
    let plain = notes_of(HALF_BUSY);
    assert!(has(&plain, "No network is modelled"), "{plain:?}");
    assert_eq!(plain.len(), 1, "{plain:?}");
    let thresholds = "[thresholds]\nhttp_req_duration = [\"p(95)<500\", \"p(80)<500\"]\nchecks = [\"rate>0.9\"]\n";
    let notes = notes_of(&format!("{HALF_BUSY}{thresholds}"));
    assert!(
        has(&notes, "101 samples, 5.0 of them beyond p(95)"),
        "{notes:?}"
    );
    assert!(!has(&notes, "p(80)"), "{notes:?}");
    assert!(has(&notes, "checks has no sample"), "{notes:?}");
    let grace = "duration = \"10s\"\ngraceful_stop = \"1s\"";
    let slow = HALF_BUSY
        .replace("50ms", "5s")
        .replace("duration = \"10s\"", grace);
    let slow = notes_of(&slow);
    assert!(has(&slow, "Scenario s dropped"), "{slow:?}");
    assert!(has(&slow, "interrupted"), "{slow:?}");
    let setup = HALF_BUSY.replace("[journeys]", "[setup]\njourney = \"s\"\n[journeys]");
    assert!(has(
        &notes_of(&setup),
        "1 of the 102 requests were made by setup"
    ));
}

#[test]
fn notes_on_seats_and_the_waiting_room() {
    let text = r#"
users = 1
[scenarios.s]
executor = "constant-vus"
vus = 2
duration = "2s"
[journeys]
s = [
  { pick = "user" }, { request = "join" }, { request = "status" }, { pick = "event" },
  { request = "list", pick = "seat" }, { request = "buy" }, { sleep = "500ms" },
]
[endpoints.join]
visits = [{ delay = "1ms" }, { issue = "token" }]
[endpoints.status]
visits = [{ delay = "1ms" }, { status = "queue" }]
[endpoints.list]
visits = [{ delay = "1ms" }, { list = "seats" }]
[endpoints.buy]
visits = [{ lock = "seat", visits = [{ delay = "1ms" }, { claim = "seat", status = 409 }] }]
[inventory]
events = 5000
seats_per_event = 50
[waiting_room]
admit = { active = 1000 }
"#
    .replace("users = 1\n", "");
    let notes = notes_of(&text);
    assert!(has(&notes, "The waiting room never engaged"), "{notes:?}");
    assert!(has(&notes, "lock of one seat"), "{notes:?}");
    assert!(
        has(&notes, "No two users ever wanted the same seat"),
        "{notes:?}"
    );
}

/// Everything a run may print.
fn all_texts(model: &Model, outcome: &Outcome) -> Vec<String> {
    let whole = full_summary(outcome, model);
    let mut texts = Vec::new();
    for style in [K6Version::V0_53, K6Version::V1, K6Version::V2] {
        for mode in [Mode::Legacy, Mode::Compact, Mode::Full] {
            let mut options = SummaryOptions::new(style);
            options.mode = mode;
            options.trend_stats = model.summary_trend_stats.clone();
            texts.push(report::summary(&whole, &options));
            texts.push(export::summary_export(&whole, &options));
        }
    }
    let plan = Plan::new(&model.scenarios);
    texts.push(run_text::last_lines(outcome, model, &plan));
    let explained = World::new(model, 7, 0).explaining().run();
    texts.push(run_text::insight(&explained, model, &whole));
    texts
}

/// A blemish: not a number, minus zero, infinity, or a statistic without a value.
fn blemish(text: &str) -> Option<&str> {
    let bad = |line: &&str| {
        let minus_zero = line.match_indices("-0").any(|(at, _)| {
            let before = line[..at].chars().last();
            let rest = line[at + 2..].trim_start_matches(['.', '0']);
            let alone = before.is_none_or(|c| !c.is_ascii_alphanumeric());
            alone && !rest.starts_with(|c: char| c.is_ascii_digit())
        });
        let empty = line.ends_with('=') || line.contains("= ") || line.contains(": null");
        line.contains("NaN")
            || line.contains("inf") && !line.contains("info")
            || minus_zero
            || empty
    };
    text.lines().find(bad)
}

#[test]
fn blemishes_are_seen() {
    for bad in [
        "avg=NaN",
        "x: -0",
        "x -0.00%",
        "min= max=3",
        "avg=",
        "\"a\": null",
        "+inf",
    ] {
        assert!(blemish(bad).is_some(), "{bad}");
    }
    for good in ["VUs: 2-04", "avg=0s", "x: -0.5", "2.04-0"] {
        assert!(blemish(good).is_none(), "{good}");
    }
}

fn executor() -> impl Strategy<Value = String> {
    prop_oneof![
        (0_u32..4, 0_u32..5).prop_map(|(start, target)| format!(
            "executor = \"ramping-vus\"\nstart_vus = {}\nstages = [{{ duration = \"2s\", target = \
             {target} }}, {{ duration = \"0s\", target = 1 }}]\ngraceful_ramp_down = \"100ms\"",
            start
        )),
        (1_u32..4).prop_map(|vus| format!(
            "executor = \"constant-vus\"\nvus = {vus}\nduration = \"1s\"\ngraceful_stop = \"0s\""
        )),
        (1_u32..4, 4_u32..9).prop_map(|(vus, n)| format!(
            "executor = \"shared-iterations\"\nvus = {vus}\niterations = {n}\nmax_duration = \"1s\""
        )),
        (1_u32..4, 1_u32..9).prop_map(|(vus, n)| format!(
            "executor = \"per-vu-iterations\"\nvus = {vus}\niterations = {n}\nmax_duration = \"1s\""
        )),
        (1_u32..30, 0_u32..4).prop_map(|(rate, vus)| format!(
            "executor = \"constant-arrival-rate\"\nrate = {rate}\nduration = \
             \"1s\"\npre_allocated_vus = {vus}\nmax_vus = 4"
        )),
        (0_u32..30).prop_map(|rate| format!(
            "executor = \"ramping-arrival-rate\"\nstages = [{{ duration = \"1s\", target = {rate} \
             }}]\npre_allocated_vus = 2"
        )),
        (1_u32..30).prop_map(|rate| format!(
            "executor = \"poisson-arrivals\"\nrate = {rate}\nduration = \"1s\""
        )),
    ]
}

fn journey() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        Just("{ request = \"page\", checks = [\"ok\"] }".to_owned()),
        Just("{ request = \"page\", timeout = \"5ms\" }".to_owned()),
        Just("{ request = \"bad\" }".to_owned()),
        Just("{ group = \"g\", steps = [{ request = \"bad\", checks = [\"fine\"] }] }".to_owned()),
        (-3_i32..3).prop_map(|x| format!("{{ record = \"level\", as = \"gauge\", value = {x} }}")),
        (-3_i32..3)
            .prop_map(|x| format!("{{ record = \"sizes\", as = \"trend\", value = {x}.0 }}")),
        Just("{ record = \"zero\", as = \"trend\", value = -0.0 }".to_owned()),
        Just("{ record = \"none\", as = \"rate\", value = \"failed\" }".to_owned()),
        (-2_i32..3).prop_map(|x| format!("{{ record = \"sum\", as = \"counter\", value = {x} }}")),
        Just("{ with_probability = 0.3, steps = [{ end = \"iteration\" }] }".to_owned()),
    ];
    let steps = prop::collection::vec(step, 0..6);
    steps.prop_map(|steps| format!("[{{ sleep = \"30ms\" }}, {}]", steps.join(", ")))
}

const SYSTEMS: [&str; 3] = [
    "",
    "[network]\nlatency = \"1ms\"\nbandwidth = 100_000\n",
    "[network]\n",
];

const THRESHOLDS: [&str; 3] = [
    "",
    "http_req_duration = [\"p(99.9)<1\"]\n\"checks{nobody:x}\" = [\"rate>0.5\"]\nvus = [\"value<3\"]\niteration_duration = [\"avg!=3\", \"min>=0\"]\n",
    "http_req_failed = [{ threshold = \"rate<0.1\", abort_on_fail = true }]\ndropped_iterations = [\"count<1\"]\n",
];

const STATS: [&str; 3] = [
    "",
    "summary_trend_stats = [\"count\", \"p(99.99)\", \"p(0)\"]\n",
    "summary_trend_stats = [\"max\"]\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_run_prints_what_is_not_a_number(
        executors in prop::collection::vec(executor(), 1..3),
        journey in journey(),
        (system, limits, stats) in (0_usize..3, 0_usize..3, 0_usize..3),
        setup in any::<bool>(),
    ) {
        let mut text = format!("[model]\nname = \"any\"\n{}", STATS[stats]);
        for (i, executor) in executors.iter().enumerate() {
            text += &format!("[scenarios.s{i}]\n{executor}\njourney = \"j\"\n");
        }
        if setup {
            text += "[setup]\njourney = \"j\"\n[teardown]\njourney = \"j\"\n";
        }
        text += &format!("[journeys]\nj = {journey}\n");
        text += "[stations.db]\nservers = 1\nqueue = 1\n[stations.cpu]\nservers = 2\n\
                 discipline = \"processor-sharing\"\n[pools.p]\nsize = 2\n\
                 [endpoints.page]\nvisits = [{ station = \"db\", time = { exponential = \"20ms\" } }]\n\
                 [endpoints.bad]\nvisits = [{ hold = \"p\", visits = [{ station = \"cpu\", time = \"8ms\" }, \
                 { fail = 0.5, status = 503 }] }]\n";
        text += SYSTEMS[system];
        text += &format!("[thresholds]\n{}", THRESHOLDS[limits]);
        // Some combinations are refused, such as a ramp that has no VU at all.
        if let Ok(model) = Model::from_text("any.toml", &text, &[]) {
            let outcome = World::new(&model, 7, 0).run();
            for printed in all_texts(&model, &outcome) {
                prop_assert_eq!(blemish(&printed), None, "{}", text);
            }
        }
    }
}
