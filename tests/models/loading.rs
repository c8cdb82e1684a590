//! Models load as they are meant, and what is wrong with one is said in full, with place and fix.

use capsim::engine::Span;
use capsim::engine::dist::Dist;
use capsim::model::journey::{Condition, CustomKind, Journey, SeatChoice, Step};
use capsim::model::scenario::{Executor, Stage};
use capsim::model::system::{Entity, Op, Popularity, Trigger};
use capsim::model::threshold::Aggregation;
use capsim::model::{Checked, Document, Model, Override};
use std::path::Path;

/// A model in which a test changes one thing.
const SMALL: &str = r#"[scenarios.default]
executor = "constant-vus"
vus = 4
duration = "10s"

[journeys]
visit = [
  { request = "home" },
  { sleep = "1s" },
]

[stations.cpu]
servers = 2

[endpoints.home]
visits = [{ station = "cpu", time = "6ms" }]
"#;

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/models")
        .join(name)
}

fn sets(texts: &[&str]) -> Vec<Override> {
    texts
        .iter()
        .map(|text| Override::parse(text).expect("a sound override"))
        .collect()
}

fn load(text: &str, overrides: &[&str]) -> Model {
    Model::from_text("m.toml", text, &sets(overrides)).unwrap_or_else(|why| panic!("{why}"))
}

/// The model SMALL with `from` replaced.
fn with(from: &str, to: &str) -> String {
    assert_eq!(SMALL.matches(from).count(), 1, "{from}");
    SMALL.replace(from, to)
}

/// All errors of a text, as shown.
fn errors(text: &str, overrides: &[&str]) -> String {
    match Model::from_text("m.toml", text, &sets(overrides)) {
        Ok(_) => panic!("this must not load:\n{text}"),
        Err(problems) => problems.to_string(),
    }
}

/// The message and fix of each error, without its place.
fn said(text: &str) -> Vec<(String, String)> {
    let problems = Model::from_text("m.toml", text, &[]).expect_err("this must not load");
    problems
        .iter()
        .map(|p| (p.message.clone(), p.fix.clone()))
        .collect()
}

fn warnings(text: &str) -> Vec<String> {
    let document = Document::from_text("m.toml", text).expect("TOML");
    let checked: Checked = document.check(&[]).unwrap_or_else(|why| panic!("{why}"));
    checked.warnings
}

fn ms(ms: f64) -> Dist {
    Dist::constant(ms * 1e6).expect("a time")
}

#[test]
fn the_example_of_the_design_loads() {
    let model = Model::from_file(&path("reserve.toml"), &[]).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(model.name, "reserve");
    let names: Vec<&str> = model.endpoints.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "occupy",
            "queue_status",
            "available_seats",
            "reserve",
            "issue_token"
        ]
    );
    let Executor::RampingVus {
        start_vus,
        stages,
        graceful_ramp_down,
    } = &model.scenarios[0].executor
    else {
        panic!("{:?}", model.scenarios);
    };
    assert_eq!((*start_vus, *graceful_ramp_down), (1, Span::secs(30)));
    assert_eq!(
        stages[0],
        Stage {
            duration: Span::secs(60),
            target: 1000.0
        }
    );
    let setup = model.setup.expect("a setup");
    assert_eq!(model.journeys[setup.index()].name, "issue_tokens");
    let stats = &model.summary_trend_stats;
    assert_eq!(stats.last(), Some(&Aggregation::Percentile(95.0)));
    assert_eq!(
        model.thresholds[1].metric,
        "http_req_duration{name:reserve}"
    );
    let inventory = model.inventory.expect("an inventory");
    assert_eq!((inventory.events, inventory.seats_per_event), (50_000, 50));
    assert_eq!(inventory.popularity, Popularity::Uniform);
}

#[test]
fn a_document_is_shared_by_threads() {
    let document = Document::from_file(&path("everything.toml")).expect("TOML");
    let models: Vec<Model> = std::thread::scope(|scope| {
        let check = || document.check(&[]).map(|checked| checked.model);
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(check)).collect();
        let results = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"));
        results.map(|model| model.expect("a sound model")).collect()
    });
    assert!(models.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn the_example_loads_without_a_warning() {
    for name in ["reserve.toml", "everything.toml"] {
        let checked = Document::from_file(&path(name)).and_then(|document| document.check(&[]));
        let warnings = checked.unwrap_or_else(|why| panic!("{why}")).warnings;
        assert_eq!(warnings, Vec::<String>::new(), "{name}");
    }
}

/// The program of the only journey of `steps`, beside endpoints that claim, list and fail.
fn program(steps: &str) -> (Model, Journey) {
    let text = format!(
        "{}[endpoints.list]\nvisits = [{{ delay = \"1ms\" }}]\n\
         [endpoints.claim]\nvisits = [{{ lock = \"seat\" }}, {{ delay = \"2ms\" }}]\n\
         [endpoints.join]\nvisits = [{{ issue = \"token\" }}]\n\
         [inventory]\nevents = 9\nseats_per_event = 50\n[waiting_room]\nadmit = {{ rate = 10 }}\n",
        with("  { request = \"home\" },\n  { sleep = \"1s\" },\n", steps)
    );
    let model = load(&text, &[]);
    let journey = model.journeys[0].clone();
    (model, journey)
}

#[test]
fn a_retry_is_a_bounded_loop_that_a_failed_request_begins_anew() {
    let (model, journey) = program(
        "{ pick = \"event\" },
         { retry = [{ request = \"list\", pick = \"seat\" }, { request = \"claim\", claim = \"seat\" }],
           at_most = 5, pause = \"1s\", else = \"end_iteration\" }",
    );
    let [
        _,
        _,
        Step::Request(list),
        _,
        Step::Request(claim),
        _,
        _,
        _,
        Step::Sleep(pause),
        ..,
    ] = journey.steps[..]
    else {
        panic!("{:?}", journey.steps);
    };
    let expected = vec![
        Step::PickEvent,
        Step::LoopReset(0),
        Step::Request(list),
        Step::JumpIf(Condition::Unsuccessful, 7),
        Step::Request(claim),
        Step::JumpIf(Condition::Failed, 7),
        Step::Jump(11),
        Step::CountTo {
            slot: 0,
            limit: 5,
            then: 10,
        },
        Step::Sleep(pause),
        Step::Jump(2),
        Step::End,
        Step::End,
    ];
    assert_eq!(journey.steps, expected);
    assert_eq!(journey.loop_slots, 1);
    assert_eq!(model.sites[list.index()].pick, Some(SeatChoice::Uniform));
    let name = |index: usize| {
        model
            .endpoints
            .iter()
            .position(|e| e.ops == ops(&model, index))
    };
    assert_eq!(name(1), Some(1));
    // What the requests say that they do is done last, inside the lock.
    let delay = |op: &Op| matches!(op, Op::Delay(_));
    assert_eq!(ops(&model, 1)[1..], [Op::ListSeats, Op::Done]);
    assert!(delay(&ops(&model, 2)[1]));
    assert_eq!(
        ops(&model, 2)[2..],
        [Op::Claim(409), Op::Unlock(Entity::Seat), Op::Done]
    );
}

fn ops(model: &Model, endpoint: usize) -> Vec<Op> {
    model.endpoints[endpoint].ops.clone()
}

#[test]
fn a_poll_sleeps_between_its_requests_only() {
    let (model, journey) = program(
        "{ take = \"token\" },
         { poll = \"home\", until = \"admitted\", every = \"5s\", at_most = 3, else = \"end_iteration\" }",
    );
    let [_, _, Step::Request(site), _, _, Step::Sleep(every), ..] = journey.steps[..] else {
        panic!("{:?}", journey.steps);
    };
    let expected = vec![
        Step::TakeToken,
        Step::LoopReset(0),
        Step::Request(site),
        Step::JumpIf(Condition::Admitted, 8),
        Step::CountTo {
            slot: 0,
            limit: 3,
            then: 7,
        },
        Step::Sleep(every),
        Step::Jump(2),
        Step::End,
        Step::End,
    ];
    assert_eq!(journey.steps, expected);
    assert_eq!(model.dists[every.index()].dist, ms(5000.0));
    assert_eq!(model.dists[every.index()].name, "journeys.visit.1.every");
    assert!(ops(&model, 0).contains(&Op::QueueStatus));
}

#[test]
fn branches_jump_over_each_other() {
    let (_, journey) = program(
        "{ request = \"home\", else = \"end_iteration\" },
         { with_probability = 0.25, steps = [{ pick = \"user\" }], else = [{ pick = \"event\" }] },
         { when = \"status 409\", steps = [{ end = \"iteration\" }] }",
    );
    let expected = vec![
        journey.steps[0],
        Step::JumpIf(Condition::Failed, 3),
        Step::Jump(4),
        Step::End,
        Step::JumpWithProbability(0.25, 7),
        Step::PickEvent,
        Step::Jump(8),
        Step::PickUser,
        Step::JumpIf(Condition::Status(409), 10),
        Step::Jump(11),
        Step::End,
        Step::End,
    ];
    assert_eq!(journey.steps, expected);
}

#[test]
fn groups_are_closed_on_every_way_out() {
    let (model, journey) = program(
        "{ group = \"a\", steps = [{ retry = [
             { group = \"b\", steps = [{ request = \"home\", checks = [\"fine\"] }] },
           ], at_most = 2, else = \"end_iteration\" }] }",
    );
    let paths: Vec<&str> = model
        .groups
        .iter()
        .map(|group| group.path.as_str())
        .collect();
    assert_eq!(paths, ["::a", "::a::b"]);
    assert_eq!(model.sites[0].group, "::a::b");
    assert_eq!(
        (&*model.checks[0].name, &*model.checks[0].group),
        ("fine", "::a::b")
    );
    let [
        Step::GroupStart(a),
        _,
        Step::GroupStart(b),
        request,
        check,
        ..,
    ] = journey.steps[..]
    else {
        panic!("{:?}", journey.steps);
    };
    let expected = vec![
        Step::GroupStart(a),
        Step::LoopReset(0),
        Step::GroupStart(b),
        request,
        check,
        Step::JumpIf(Condition::Failed, 7),
        Step::Jump(9),
        Step::GroupEnd, // b, after a failed request
        Step::Jump(11),
        Step::GroupEnd, // b
        Step::Jump(15),
        Step::CountTo {
            slot: 0,
            limit: 2,
            then: 13,
        },
        Step::Jump(2),
        Step::GroupEnd, // a, before the iteration ends
        Step::End,
        Step::GroupEnd, // a
        Step::End,
    ];
    assert_eq!(journey.steps, expected);
}

#[test]
fn setup_has_a_program_of_its_own_in_its_own_group() {
    let text = format!("{SMALL}[setup]\njourney = \"visit\"\ntimeout = \"5s\"\n");
    let model = load(&text, &[]);
    assert_eq!(model.journeys.len(), 2);
    assert_eq!(model.setup.map(|id| id.index()), Some(1));
    assert_eq!(model.setup_timeout, Span::secs(5));
    let groups: Vec<&str> = model.sites.iter().map(|site| site.group.as_str()).collect();
    assert_eq!(groups, ["", "::setup"]);
    let names: Vec<&str> = model.dists.iter().map(|dist| dist.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "journeys.visit.1.sleep",
            "setup.journeys.visit.1.sleep",
            "endpoints.home.visits.0.time"
        ]
    );
}

#[test]
fn scopes_of_an_endpoint_end_in_reverse() {
    let model =
        Model::from_file(&path("everything.toml"), &[]).unwrap_or_else(|why| panic!("{why}"));
    let find = |name: &str| {
        model
            .endpoints
            .iter()
            .find(|e| e.name == name)
            .expect("an endpoint")
    };
    let claim = find("claim");
    assert_eq!(claim.max_held, 3);
    assert_eq!(claim.abandoned_work, 2.8);
    let kinds: Vec<String> = claim.ops.iter().map(|op| format!("{op:?}")).collect();
    let kinds: Vec<&str> = kinds
        .iter()
        .map(|op| op.split([' ', '(']).next().unwrap_or(""))
        // A model with deadlines asks whether there is time before each wait.
        .filter(|kind| *kind != "InTime")
        .collect();
    // First the load generator works, which shares a host with the system.
    let expected = [
        "Serve", "Acquire", "Lock", "Acquire", "Serve", "Release", "Look", "Claim", "Unlock",
        "Fail", "Respond", "Delay", "Release", "Done",
    ];
    assert_eq!(kinds, expected);
    // The version guards the sale that ends its scope.
    let buy = &find("buy").ops;
    let end = &buy[buy.len() - 5..];
    let (user, confirm) = (Entity::User, Op::Confirm(409));
    assert!(matches!(end[0], Op::Spawn(_)), "{end:?}");
    assert_eq!(
        end[1..],
        [
            Op::CheckVersion(user, 412),
            confirm,
            Op::Unlock(user),
            Op::Done
        ]
    );
    let kinds: Vec<CustomKind> = model.metrics.iter().map(|metric| metric.kind).collect();
    use CustomKind::{Counter, Gauge, Rate, Trend, TrendTime};
    assert_eq!(kinds, [Rate, Counter, Gauge, Trend, TrendTime]);
    let triggers = &model.stations[0].slowdowns;
    assert_eq!(triggers[3].trigger, Trigger::At(Span::secs(30)));
    let arrivals = |name: &str| {
        let scenario = model
            .scenarios
            .iter()
            .find(|s| s.name == name)
            .expect("a scenario");
        match &scenario.executor {
            Executor::TraceArrivals { at } => at.iter().map(|at| at.as_ms()).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(arrivals("trace"), [1000.0, 2500.0, 3000.0]);
    assert_eq!(arrivals("trace-file"), [1.0, 2.5, 4.0]);
}

#[test]
fn load_scales_recorded_arrivals_and_gaps() {
    let executor = |own: &str, load_factor: &str| {
        let text = format!(
            "[scenarios.s]\n{own}\njourney = \"j\"\n[journeys]\nj = [{{ request = \"e\" }}]\n\
             [endpoints.e]\nvisits = [{{ delay = \"1ms\" }}]\n"
        );
        load(&text, &[load_factor]).scenarios[0].executor.clone()
    };
    let trace = "executor = \"trace-arrivals\"\nat = [\"1s\", \"3s\"]";
    let half = ["500ms", "1500ms"].map(|text| capsim::model::duration::parse(text).unwrap());
    assert!(matches!(executor(trace, "load=2"), Executor::TraceArrivals { at } if at == half));
    let gaps = "executor = \"renewal-arrivals\"\ngap = { exponential = \"1s\" }\nduration = \"9s\"";
    let Executor::RenewalArrivals { gap, duration } = executor(gaps, "load=4") else {
        panic!("another executor");
    };
    assert_eq!((gap.mean(), duration.as_secs()), (0.25e9, 9.0));
}

#[test]
fn overrides_change_values_and_load_scales_the_scenarios() {
    let changes = [
        "stations.cpu.servers=8",
        "endpoints.home.visits[0].time={ exponential = \"2ms\" }",
    ];
    let model = load(SMALL, &changes);
    assert_eq!(model.stations[0].servers, 8);
    assert_eq!(model.dists[1].dist, Dist::exponential(2e6).expect("a mean"));
    // A bare text needs no quotes; a key that is left out may be set; a later override wins.
    let model = load(
        SMALL,
        &[
            "endpoints.home.visits[*].time=7ms",
            "model.users=3",
            "model.users=4",
        ],
    );
    assert_eq!(model.dists[1].dist, ms(7.0));
    assert_eq!(model.users, 4);
    let vus = |load_factor: &str| match load(SMALL, &[load_factor]).scenarios[0].executor {
        Executor::ConstantVus { vus, .. } => vus,
        ref other => panic!("{other:?}"),
    };
    assert_eq!(
        [vus("load=1.5"), vus("load=0.4"), vus("load=0.01")],
        [6, 2, 1]
    );
    let document = Document::from_file(&path("reserve.toml")).expect("TOML");
    let checked = document.check(&sets(&["scenarios.default.stages[*].target=500", "load=2"]));
    let model = checked.unwrap_or_else(|why| panic!("{why}")).model;
    let Executor::RampingVus {
        start_vus, stages, ..
    } = &model.scenarios[0].executor
    else {
        panic!("{:?}", model.scenarios);
    };
    assert_eq!(*start_vus, 2);
    assert!(
        stages.iter().all(|stage| stage.target == 1000.0),
        "{stages:?}"
    );
    assert!(
        document
            .paths()
            .contains(&"scenarios.default.stages[1].target".to_string())
    );
    assert_eq!(
        document.number("scenarios.default.stages[1].target"),
        Some(5000.0)
    );
    let unchanged = document
        .check(&[])
        .expect("the document stays as it was")
        .model;
    assert_ne!(unchanged, model);
}

#[test]
fn a_misspelt_key_names_the_nearest() {
    let expected = "\
error: `stations.cpu` has no key `sevrers`
  --> m.toml:13:1
   |
13 | sevrers = 2
   | ^^^^^^^
   |
   = help: did you mean `servers`?";
    assert_eq!(errors(&with("servers = 2", "sevrers = 2"), &[]), expected);
}

#[test]
fn a_negative_duration_is_refused() {
    let expected = "\
error: `time` must not be negative, and is -6ms
  --> m.toml:16:37
   |
16 | visits = [{ station = \"cpu\", time = \"-6ms\" }]
   |                                     ^^^^^^
   |
   = help: write a time of zero or more";
    assert_eq!(errors(&with("\"6ms\"", "\"-6ms\""), &[]), expected);
    let expected = "\
error: the duration must be at least 1s, but is -10s
 --> m.toml:4:12
  |
4 | duration = \"-10s\"
  |            ^^^^^^";
    assert_eq!(errors(&with("\"10s\"", "\"-10s\""), &[]), expected);
}

#[test]
fn an_unknown_endpoint_gets_the_nearest_name() {
    let expected = "\
error: there is no endpoint `hoem`
 --> m.toml:8:15
  |
8 |   { request = \"hoem\" },
  |               ^^^^^^
  |
  = help: did you mean `home`?";
    assert_eq!(
        errors(
            &with("{ request = \"home\" }", "{ request = \"hoem\" }"),
            &[]
        ),
        expected
    );
}

#[test]
fn an_admission_that_cannot_happen_is_unreachable() {
    let room = |room: &str| format!("{SMALL}\n[waiting_room]\n{room}\n");
    let expected = "\
error: unreachable admission: no endpoint issues tokens, so nobody can join the line
  --> m.toml:18:2
   |
18 | [waiting_room]
   |  ^^^^^^^^^^^^
   |
   = help: add { issue = \"token\" } to the visits of the endpoint that lets users join

error: unreachable admission: `rate` is zero, nobody is ever let in
  --> m.toml:19:18
   |
19 | admit = { rate = 0 }
   |                  ^
   |
   = help: write admit = { rate = 125 }, { batch = 1000, every = \"10s\" } or { active = 500 }";
    assert_eq!(errors(&room("admit = { rate = 0 }"), &[]), expected);
    let unreachable = |text: &str| {
        let found = said(text);
        found
            .iter()
            .filter(|(message, _)| message.starts_with("unreachable admission"))
            .count()
    };
    assert_eq!(unreachable(&room("order = \"fifo\"")), 2);
    assert_eq!(unreachable(&room("admit = {}")), 2);
    assert_eq!(
        unreachable(&room("admit = { batch = 0, every = \"1s\" }")),
        2
    );
    assert_eq!(unreachable(&room("admit = { active = 0 }")), 2);
    assert_eq!(
        unreachable(&with("{ sleep = \"1s\" }", "{ await = \"admission\" }")),
        1
    );
    let poll = "{ poll = \"home\", until = \"admitted\", every = \"1s\" }";
    assert_eq!(unreachable(&with("{ sleep = \"1s\" }", poll)), 1);
    // A room that could be joined, and a journey that awaits it without joining.
    let joined = "admit = { rate = 1 }\n[endpoints.join]\nvisits = [{ issue = \"token\" }]";
    let waits = room(joined).replace("{ sleep = \"1s\" }", "{ await = \"admission\" }");
    assert_eq!(unreachable(&waits), 1);
}

#[test]
fn stages_must_not_be_empty() {
    let text = with(
        "executor = \"constant-vus\"\nvus = 4\nduration = \"10s\"",
        "executor = \"ramping-vus\"\nstages = []",
    );
    let expected = "\
error: at least one stage has to be specified
 --> m.toml:3:10
  |
3 | stages = []
  |          ^^
  |
  = help: write stages = [{ duration = \"1m\", target = 100 }]";
    assert_eq!(errors(&text, &[]), expected);
}

#[test]
fn a_distribution_needs_parameters_that_go_together() {
    let expected = "\
error: these parameters do not make a distribution: `lognormal` is given `mean`
  --> m.toml:16:39
   |
16 | visits = [{ station = \"cpu\", time = { lognormal = { mean = \"6ms\" } } }]
   |                                       ^^^^^^^^^
   |
   = help: write lognormal with one of { mean, cv } or { median, p99 } or { median, sigma }";
    let time = |dist: &str| with("\"6ms\"", dist);
    assert_eq!(
        errors(&time("{ lognormal = { mean = \"6ms\" } }"), &[]),
        expected
    );
    let refused = [
        "{ lognormal = { mean = \"6ms\", cv = 1, p99 = \"9ms\" } }",
        "{ lognormal = { median = \"6ms\", p99 = \"6ms\" } }",
        "{ uniform = [\"6ms\"] }",
        "{ uniform = [\"6ms\", \"5ms\"] }",
        "{ erlang = { mean = \"6ms\", stages = 0 } }",
        "{ gamma = { mean = \"6ms\", cv = -1 } }",
        "{ gamma = {} }",
        "{ exponential = 6 }",
        "{ exponential = \"0s\" }",
        "{ hyperexponential = { probabilities = [0.5], means = [\"1ms\", \"2ms\"] } }",
        "{ hyperexponential = { probabilities = [0.5, 0.1], means = [\"1ms\", \"2ms\"] } }",
        "{ mixture = [] }",
        "{ mixture = [{ weight = 0, of = \"1ms\" }] }",
        "{ empirical = [] }",
        "{ empirical = { file = \"no such file.csv\", unit = \"ms\" } }",
        "{ constant = \"1ms\", exponential = \"1ms\" }",
        "{}",
        "6",
        "true",
    ];
    for dist in refused {
        let found = said(&time(dist));
        assert_eq!(found.len(), 1, "{dist}: {found:?}");
    }
}

#[test]
fn all_errors_of_a_file_are_told_at_once_in_the_order_of_the_text() {
    let text = SMALL
        .replace("vus = 4", "vus = 0")
        .replace("\"1s\"", "\"1 s\"")
        .replace("servers = 2", "servers = 0\nqueue = -1\ncolour = 1")
        .replace("time = \"6ms\"", "time = 6");
    let problems = Model::from_text("m.toml", &text, &[]).expect_err("six errors");
    let found: Vec<_> = problems
        .iter()
        .map(|p| (p.line, p.column, p.offending.as_str(), p.message.as_str()))
        .collect();
    let expected = [
        (3, 7, "0", "the number of VUs must be more than 0"),
        (
            9,
            13,
            "\"1 s\"",
            "`sleep` is not a time: time: unknown unit \" s\" in duration \"1 s\"",
        ),
        (
            13,
            11,
            "0",
            "`servers` must be a whole number from 1 to 1000000, and is 0",
        ),
        (
            14,
            9,
            "-1",
            "`queue` must be a whole number from 0 to 4294967294, and is -1",
        ),
        (15, 1, "colour", "`stations.cpu` has no key `colour`"),
        (18, 37, "6", "`time` is a time and needs a unit"),
    ];
    assert_eq!(found, expected);
    assert_eq!(problems.len(), 6);
    assert!(!problems.is_empty());
}

#[test]
fn syntax_errors_have_a_place_and_a_hint() {
    let expected = "\
error: invalid TOML: string values must be quoted, expected literal string
  --> m.toml:16:37
   |
16 | visits = [{ station = \"cpu\", time = 6ms }]
   |                                     ^^^
   |
   = help: put the text in double quotes";
    assert_eq!(errors(&with("\"6ms\"", "6ms"), &[]), expected);
    let twice = format!("{SMALL}[stations.cpu]\nservers = 3\n");
    let found = said(&twice);
    assert_eq!(
        found[0].1,
        "a key may be given once; to add to a table, write its keys in one place"
    );
}

#[test]
fn an_error_in_an_override_points_to_it() {
    let expected = "\
error: `servers` must be a whole number from 1 to 1000000, and is -4
 --> --set:1:22
  |
1 | stations.cpu.servers=-4
  |                      ^^
  |
  = help: write 1 or more

error: the model has no `stations.cup.servers`
 --> --set:1:1
  |
1 | stations.cup.servers=4
  | ^^^^^^^^^^^^^^^^^^^^
  |
  = help: did you mean `stations.cpu.servers`?

error: `stations.cpu` has no key `quee`
 --> --set:1:1
  |
1 | stations.cpu.quee=4
  | ^^^^^^^^^^^^^^^^^
  |
  = help: did you mean `queue`?";
    let changes = [
        "stations.cpu.servers=-4",
        "stations.cup.servers=4",
        "stations.cpu.quee=4",
    ];
    assert_eq!(errors(SMALL, &changes), expected);
    for malformed in ["", "load", "=4", "a[=1", "a[x]=1", "\"a=1", "a..=1="] {
        let parsed = Override::parse(malformed);
        let shown = parsed.err().map(|why| why.to_string()).unwrap_or_default();
        let refused = shown.contains("write path=value") || malformed == "a..=1=";
        assert!(refused, "{malformed:?}: {shown}");
    }
    for load in ["load=0", "load=-1", "load=much", "load=nan", "load=1e9"] {
        assert!(
            errors(SMALL, &[load]).contains("`load` must be a number"),
            "{load}"
        );
    }
    let bad = errors(SMALL, &["endpoints.home.visits={ x = 3"]);
    assert!(
        bad.starts_with("error: the value is invalid TOML: unclosed inline table"),
        "{bad}"
    );
}

#[test]
fn what_no_section_can_know_alone_is_checked() {
    let first = |text: &str| said(text).into_iter().next().unwrap_or_default();
    let message = |text: &str| first(text).0;
    let visits = |visits: &str| with("{ station = \"cpu\", time = \"6ms\" }", visits);
    assert_eq!(
        message(
            &visits("{ station = \"cpu\", time = \"0s\" }").replace("  { sleep = \"1s\" },\n", "")
        ),
        "an iteration of `visit` may take no time: a VU would loop for ever at one instant"
    );
    let twice = format!(
        "{}\n[endpoints.b]\nvisits = [{{ spawn = \"home\" }}]\n",
        visits("{ call = \"b\" }")
    );
    assert_eq!(message(&twice), "calls go in a circle: home → b → home");
    assert_eq!(
        message(&visits("{ call = \"home\" }")),
        "calls go in a circle: home → home"
    );
    assert_eq!(
        message(&visits("{ lock = \"seat\" }")),
        "`lock` needs an inventory, and the model has none"
    );
    let stock = "[inventory]\nevents = 2\nseats_per_event = 5\n";
    let seat = format!("{}{stock}", visits("{ lock = \"seat\" }"));
    assert_eq!(
        message(&seat),
        "`home` needs a seat, and the journey has none here"
    );
    let claim = format!("{}{stock}", visits("{ claim = \"seat\" }"));
    assert_eq!(first(&claim).1, "before it, a request with pick = \"seat\"");
    let listed = format!("{}{stock}", visits("{ list = \"seats\" }"));
    assert_eq!(
        message(&listed),
        "`home` needs an event, and the journey has none here"
    );
    let nested = visits("{ lock = \"global\", visits = [{ lock = \"global\" }] }");
    let waits = "this is locked already: the request would wait for itself";
    assert_eq!(message(&nested), waits);
    // With a single event there is nothing to choose.
    load(&listed.replace("events = 2", "events = 1"), &[]);
    let user = visits("{ lock = \"user\" }, { delay = \"1ms\" }");
    assert_eq!(
        message(&user),
        "`home` needs a user, and the journey has none here"
    );
    let sometimes =
        "{ with_probability = 0.5, steps = [{ pick = \"user\" }] },\n  { request = \"home\" }";
    let doubtful = user.replace("{ request = \"home\" }", sometimes);
    let doubt = "m.toml:9:5: `home` needs a user, and not every way here has one; begin the journey \
                 with { pick = \"user\" } or { take = \"token\" }";
    let idle = "m.toml:13:11: nothing uses the station `cpu`";
    assert_eq!(warnings(&doubtful), [doubt, idle]);
}

#[test]
fn loops_that_never_let_time_pass_are_refused() {
    let journey = |steps: &str| with("  { request = \"home\" },\n  { sleep = \"1s\" },\n", steps);
    let count = |steps: &str| said(&journey(steps)).len();
    assert_eq!(
        count("{ poll = \"home\", until = \"ok\", every = \"0s\" }"),
        1
    );
    let nested = "{ repeat = [{ repeat = [{ sleep = \"1s\" }], times = 100000 }], times = 100000 }";
    assert_eq!(count(nested), 1);
    assert_eq!(count("{ repeat = [{ sleep = \"1s\" }], times = 0 }"), 1);
    assert_eq!(count("{ when = \"ok\", steps = [{ sleep = \"1s\" }] }"), 1);
    // Chance lets time pass at last.
    load(
        &journey("{ with_probability = 0.1, steps = [{ sleep = \"1s\" }] }"),
        &[],
    );
    let rate = SMALL
        .replace("vus = 4", "rate = 3\npre_allocated_vus = 1")
        .replace("constant-vus", "constant-arrival-rate");
    load(
        &rate.replace(
            "  { request = \"home\" },\n  { sleep = \"1s\" },\n",
            "{ pick = \"user\" }",
        ),
        &[],
    );
    let renewal = SMALL
        .replace("vus = 4", "gap = \"0s\"")
        .replace("constant-vus", "renewal-arrivals");
    assert_eq!(
        said(&renewal)[0].0,
        "a `gap` of zero: time would stand still"
    );
    let slow = format!(
        "{SMALL}\n[stations.b]\nservers = 1\nslowdowns = [{{ every = \"0s\", lasts = \"1s\" }}]\n"
    );
    assert_eq!(said(&slow)[0].0, "`every` is zero: time would stand still");
}

#[test]
fn a_scenario_finds_its_journey() {
    let two = with("[journeys]", "[journeys]\nother = [{ sleep = \"1s\" }]");
    let expected = "\
error: `scenarios.default` does not say which journey it runs
 --> m.toml:1:12
  |
1 | [scenarios.default]
  |            ^^^^^^^
  |
  = help: write journey = one of `other`, `visit`";
    assert_eq!(errors(&two, &[]), expected);
    let model = load(&two, &["scenarios.default.journey=visit"]);
    assert_eq!(model.scenarios[0].journey.index(), 1);
    let model = load(&two.replace("scenarios.default", "scenarios.other"), &[]);
    assert_eq!(model.scenarios[0].journey.index(), 0);
    assert_eq!(
        warnings(&two.replace("scenarios.default", "scenarios.other"))[0],
        "m.toml:8:1: no scenario runs the journey `visit`"
    );
}

#[test]
fn arrivals_of_each_kind_need_what_makes_them() {
    for (executor, needs) in [
        ("poisson-arrivals", "rate = 180.0 and a duration, or stages"),
        (
            "renewal-arrivals",
            "gap = { erlang = { mean = \"10ms\", stages = 2 } }",
        ),
        (
            "trace-arrivals",
            "file = \"arrivals.csv\", or at = [\"1s\", \"2s\"]",
        ),
    ] {
        let text = with(
            "executor = \"constant-vus\"\nvus = 4\nduration = \"10s\"",
            &format!("executor = \"{executor}\""),
        );
        let message = "`scenarios.default` says not when users arrive".to_string();
        assert_eq!(said(&text), [(message, format!("write {needs}"))]);
    }
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let missing = Model::from_file(Path::new("no/such/model.toml"), &[]).expect_err("no file");
    let shown = missing.to_string();
    assert!(
        shown.starts_with("error: the model cannot be read: "),
        "{shown}"
    );
    assert!(shown.contains("--> no/such/model.toml"), "{shown}");
    assert!(Model::from_file(&path(""), &[]).is_err());
}

#[test]
fn a_whole_number_is_written_without_a_point() {
    let said = errors(&with("servers = 2", "servers = 2.0"), &[]);
    assert!(
        said.contains("`servers` must be a whole number from 1 to 1000000, and is 2.0"),
        "{said}"
    );
    assert!(said.contains("write 2, without a decimal point"), "{said}");
}

/// Each finding is placed from the one before it.
#[test]
fn places_are_right_however_many_there_are() {
    let line = |n| format!("s{n} = {{ queue = \"ö\", servers = {n}.0 }}\n");
    let text = format!("[stations]\n{}", (0..2_000).map(line).collect::<String>());
    let problems = Model::from_text("m.toml", &text, &[]).expect_err("no model");
    let mut servers = problems.iter().filter(|p| p.message.contains("`servers`"));
    for n in 0..2_000 {
        let problem = servers.next().expect("an error for each");
        let before = format!("s{n} = {{ queue = \"ö\", servers = ")
            .chars()
            .count();
        assert_eq!((problem.line, problem.column), (n + 2, before + 1));
    }
}

/// To find the nearest of thousands of names for each of thousands of unknown ones would take minutes.
#[test]
fn the_first_of_many_unknown_names_have_hints_of_their_own() {
    let names: String = (0..2_000)
        .map(|n| format!("[endpoints.e{n}]\nvisits = []\n"))
        .collect();
    let calls: String = (0..3_000)
        .map(|n| format!("  {{ request = \"x{n}\" }},\n"))
        .collect();
    let text = SMALL.replace("  { request = \"home\" },\n", &calls) + &names;
    let problems = Model::from_text("m.toml", &text, &[]).expect_err("unknown names");
    assert_eq!(problems.len(), 3_000);
    let fixes: Vec<&str> = problems.iter().map(|p| p.fix.as_str()).collect();
    // One more name stands in the model: 499 × 2,001 comparisons are less than a million.
    assert_eq!(fixes[0], "did you mean `e0`?");
    assert_eq!(fixes[498], "did you mean `e498`?");
    assert!(fixes[499].starts_with("endpoints: `"), "{}", fixes[499]);
}
