//! No text makes the reader panic, hang or give a model that is unsound.

use capsim::model::journey::{Journey, Step};
use capsim::model::retry::GuardId;
use capsim::model::scenario::Executor;
use capsim::model::system::{DistId, Endpoint, Op, Patience, Trigger};
use capsim::model::{Document, Model, Override};
use proptest::prelude::*;

const SOUND: [&str; 2] = [
    include_str!("../data/models/reserve.toml"),
    include_str!("../data/models/everything.toml"),
];

/// Where the files that the models name are.
fn name() -> String {
    format!(
        "{}/tests/data/models/hostile.toml",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// Reads a text and shows what is wrong with it; what loads must be sound.
fn survive(text: &str, overrides: &[Override]) {
    let checked = Document::from_text(&name(), text).and_then(|document| {
        let paths = document.paths();
        assert!(
            paths
                .iter()
                .all(|path| document.number(path).is_none_or(|_| !path.is_empty()))
        );
        document.check(overrides)
    });
    match checked {
        Ok(checked) => sound(&checked.model),
        Err(problems) => {
            assert!(!problems.is_empty());
            assert!(problems.iter().all(|problem| !problem.message.is_empty()));
            assert!(!problems.render(false).is_empty());
            assert!(!problems.render(true).is_empty());
        }
    }
}

/// Every id leads somewhere, every jump stays in its program, every program ends.
fn sound(model: &Model) {
    assert!(!model.scenarios.is_empty());
    for scenario in &model.scenarios {
        assert!(scenario.journey.index() < model.journeys.len());
        if let Executor::RampingVus { stages, .. } = &scenario.executor {
            assert!(!stages.is_empty());
        }
    }
    for phase in [model.setup, model.teardown].into_iter().flatten() {
        assert!(phase.index() < model.journeys.len());
    }
    model
        .journeys
        .iter()
        .for_each(|journey| sound_journey(model, journey));
    for site in &model.sites {
        assert!(site.endpoint.index() < model.endpoints.len());
        assert!(site.timeout.0 > 0);
    }
    model
        .endpoints
        .iter()
        .for_each(|endpoint| sound_endpoint(model, endpoint));
    for slowdown in model.stations.iter().flat_map(|station| &station.slowdowns) {
        sound_dist(model, slowdown.lasts);
        if let Trigger::Every(dist) | Trigger::After(dist) = slowdown.trigger {
            sound_dist(model, dist);
        }
    }
    let mut names: Vec<&str> = model.dists.iter().map(|dist| dist.name.as_str()).collect();
    names.sort_unstable();
    assert!(
        names.windows(2).all(|pair| pair[0] != pair[1]),
        "two streams of one name: {names:?}"
    );
}

fn sound_dist(model: &Model, id: DistId) {
    assert!(id.index() < model.dists.len());
}

fn sound_journey(model: &Model, journey: &Journey) {
    let inside = |to: u32| assert!((to as usize) < journey.steps.len());
    assert_eq!(journey.steps.last(), Some(&Step::End));
    for step in &journey.steps {
        match *step {
            Step::Request(site) => assert!(site.index() < model.sites.len()),
            Step::RetryBegin(policy) | Step::Retry(policy) => {
                assert!(policy.index() < model.retries.len());
            }
            Step::Sleep(dist) => sound_dist(model, dist),
            Step::LoopReset(slot) => assert!(slot < journey.loop_slots),
            Step::CountTo { slot, limit, then } => {
                assert!(slot < journey.loop_slots && limit > 0);
                inside(then);
            }
            Step::Jump(to) | Step::JumpIf(_, to) => inside(to),
            Step::JumpWithProbability(p, to) => {
                assert!((0.0..=1.0).contains(&p));
                inside(to);
            }
            Step::Check(check, _) => assert!(check.index() < model.checks.len()),
            Step::Checks(first, count) => {
                assert!(count > 0 && first.index() + usize::from(count) <= model.checks.len());
            }
            Step::Record(metric, _, tagged) => {
                assert!(metric.index() < model.metrics.len());
                assert!(tagged.is_none_or(|id| id.index() < model.groups.len()));
            }
            Step::GroupStart(group) => assert!(group.index() < model.groups.len()),
            Step::AwaitAdmission => assert!(model.waiting_room.is_some()),
            Step::PickEvent | Step::ReleaseSeat => assert!(model.inventory.is_some()),
            Step::PickUser | Step::TakeToken | Step::GroupEnd | Step::External | Step::End => {}
        }
    }
}

fn sound_guard(model: &Model, guard: GuardId) {
    let guard = &model.guards[guard.index()];
    guard
        .timeout
        .iter()
        .for_each(|dist| sound_dist(model, *dist));
    let retries = model.retries.len();
    let breakers = model.breakers.len();
    assert!(
        guard
            .breaker
            .is_none_or(|breaker| breaker.index() < breakers)
    );
    assert!(guard.retry.is_none_or(|policy| policy.index() < retries));
}

/// Also: what is taken is given back once, the last first, and never more than the endpoint says.
fn sound_endpoint(model: &Model, endpoint: &Endpoint) {
    assert_eq!(endpoint.ops.last(), Some(&Op::Done));
    let mut held = Vec::new();
    for op in &endpoint.ops {
        match *op {
            Op::Serve {
                station,
                time,
                patience,
                growth,
                ..
            } => {
                assert!(station.index() < model.stations.len());
                sound_dist(model, time);
                if let Some(Patience::Drawn(dist)) = patience {
                    sound_dist(model, dist);
                }
                assert!(growth.is_none_or(|growth| growth.per_unit >= 0.0));
            }
            Op::Delay(dist) => sound_dist(model, dist),
            Op::Guard(guard) => sound_guard(model, guard),
            Op::Acquire { pool } => {
                assert!(pool.index() < model.pools.len());
                held.push(Op::Release(pool));
            }
            Op::AcquireMany { pool, tokens } => {
                assert!(pool.index() < model.pools.len() && tokens > 1);
                held.push(Op::Release(pool));
            }
            Op::Connect(pool) => assert_eq!(held.last(), Some(&Op::Release(pool))),
            Op::Lock { key, .. } => held.push(Op::Unlock(key)),
            Op::Limit(limit) => assert!(limit.index() < model.limits.len()),
            Op::RateLimit(limit) => assert!(limit.index() < model.rate_limits.len()),
            Op::Enter { limit, .. } => {
                assert!(limit.index() < model.limits.len());
                held.push(Op::Leave(limit));
            }
            Op::Cache { cache, .. } => {
                assert!(cache.index() < model.caches.len());
                held.push(Op::Store(cache));
            }
            Op::Invalidate(cache) => assert!(cache.index() < model.caches.len()),
            Op::Release(_) | Op::Unlock(_) | Op::Leave(_) | Op::Store(_) => {
                assert_eq!(held.pop(), Some(*op))
            }
            Op::Call(to) | Op::Spawn(to) | Op::Fork(to) => {
                assert!(to.index() < model.endpoints.len());
            }
            Op::Fail {
                probability,
                status,
            } => {
                assert!((0.0..=1.0).contains(&probability) && status >= 400);
            }
            Op::ListSeats | Op::Look(_) | Op::Claim(_) | Op::Confirm(_) | Op::ReleaseSeat => {
                assert!(model.inventory.is_some());
            }
            Op::IssueToken | Op::QueueStatus | Op::RenewSession | Op::LeaveRoom => {
                assert!(model.waiting_room.is_some());
            }
            Op::ReadVersion(_) | Op::CheckVersion(..) | Op::Join | Op::Respond | Op::Done => {}
            Op::Deadline(_) | Op::InTime => {}
            Op::Balance { service, .. } => assert!(usize::from(service) < model.services.len()),
            Op::SlowedDelay { .. } | Op::AcquireKept { .. } | Op::Keep(_) => {
                panic!("{op:?} is made for a run and in no model that was read")
            }
        }
        assert!(held.len() <= usize::from(endpoint.max_held));
    }
    assert_eq!(held, []);
}

#[test]
fn the_models_that_are_mutated_are_sound_as_they_are() {
    for text in SOUND {
        let model = Model::from_text(&name(), text, &[]);
        sound(&model.unwrap_or_else(|why| panic!("{why}")));
    }
}

/// Values that do not belong where they are put.
fn hostile_value() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "0",
        "-1",
        "1e308",
        "-0.0",
        "nan",
        "inf",
        "-inf",
        "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999999",
        "0xffffffffffffffff",
        "4294967295",
        "65536",
        "1.5",
        "true",
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "\"\"",
        "\"0\"",
        "\"0s\"",
        "\"-1s\"",
        "\"292y\"",
        "\"9999999h\"",
        "\"2562047h47m\"",
        "\"106751d\"",
        "\"1e9s\"",
        "\"ms\"",
        "\"seat\"",
        "\"token\"",
        "\"status 999\"",
        "\"::\"",
        "\"\\u0000\"",
        "\"\\U0001F600 é\u{301}\"",
        "1979-05-27",
        "07:32:00",
        "'''\n'''",
        "{ constant = \"0s\" }",
        "{ exponential = \"1ns\" }",
        "{ pareto = { minimum = \"1ns\", shape = 1e-300 } }",
        "{ erlang = { mean = \"1ns\", stages = 4294967295 } }",
        "{ mean = \"1s\", cv = 1e300 }",
        "{ empirical = { file = \".\", unit = \"ms\" } }",
        "{ empirical = { file = \"reserve.toml\", unit = \"ms\" } }",
    ]);
    prop_oneof![4 => fixed.prop_map(str::to_string), 1 => any::<f64>().prop_map(|x| format!("{x:?}"))]
}

/// A change to a text.
#[derive(Clone, Debug)]
enum Mutation {
    /// Cuts these parts per thousand.
    Cut(usize, usize),
    /// Puts a text there.
    Insert(usize, String),
    /// Replaces the n-th value.
    Value(usize, String),
    /// Removes the n-th line.
    DropLine(usize),
    /// Puts the n-th line where the m-th is.
    MoveLine(usize, usize),
    /// Puts one word of the text in the place of another.
    Word(usize, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = || 0_usize..1000;
    let inserted = prop_oneof![
        "[\\[\\]{}=\"'.,#\\n\\r\\t \\\\a-z0-9é😀-]{0,8}",
        any::<String>(),
        hostile_value(),
    ];
    prop_oneof![
        1 => (at(), 0_usize..20).prop_map(|(at, length)| Mutation::Cut(at, length)),
        1 => (at(), inserted).prop_map(|(at, text)| Mutation::Insert(at, text)),
        6 => (any::<usize>(), hostile_value()).prop_map(|(n, value)| Mutation::Value(n, value)),
        2 => any::<usize>().prop_map(Mutation::DropLine),
        1 => any::<(usize, usize)>().prop_map(|(n, m)| Mutation::MoveLine(n, m)),
        4 => any::<(usize, usize)>().prop_map(|(n, m)| Mutation::Word(n, m)),
    ]
}

/// The nearest boundary between characters at or before so many parts per thousand.
fn boundary(text: &str, per_mille: usize) -> usize {
    let at = text.len() * per_mille.min(1000) / 1000;
    (0..=at)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

/// Ranges of the words of a text: letters, digits and what stands inside names and numbers.
fn words(text: &str) -> Vec<(usize, usize)> {
    let inside = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (inside(c), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// Ranges of the values that stand after `=`, up to the next separator.
fn values(text: &str) -> Vec<(usize, usize)> {
    let value = |(equals, _): (usize, &str)| {
        let from = equals + 1;
        let length = text[from..].find([',', '}', '\n']);
        (from, length.map_or(text.len(), |length| from + length))
    };
    text.match_indices('=').map(value).collect()
}

fn mutate(text: &mut String, mutation: &Mutation) {
    let lines = || text.lines().map(str::to_string).collect::<Vec<_>>();
    let nth = |ranges: Vec<(usize, usize)>, n: usize| ranges.get(n % ranges.len().max(1)).copied();
    match mutation {
        Mutation::Cut(at, length) => {
            let (from, to) = (boundary(text, *at), boundary(text, at + length));
            text.replace_range(from..to, "");
        }
        Mutation::Insert(at, inserted) => text.insert_str(boundary(text, *at), inserted),
        Mutation::Value(n, value) => {
            if let Some((from, to)) = nth(values(text), *n) {
                text.replace_range(from..to, value);
            }
        }
        Mutation::DropLine(n) => {
            let mut lines = lines();
            if !lines.is_empty() {
                lines.remove(n % lines.len());
            }
            *text = lines.join("\n");
        }
        Mutation::MoveLine(n, m) => {
            let mut lines = lines();
            if !lines.is_empty() {
                let line = lines.remove(n % lines.len());
                lines.insert(m % (lines.len() + 1), line);
            }
            *text = lines.join("\n");
        }
        Mutation::Word(n, m) => {
            let other = nth(words(text), *m).map(|(from, to)| text[from..to].to_string());
            if let (Some((from, to)), Some(other)) = (nth(words(text), *n), other) {
                text.replace_range(from..to, &other);
            }
        }
    }
}

/// A sound model with some changes.
fn mutated() -> impl Strategy<Value = String> {
    let base = prop::sample::select(SOUND.to_vec());
    let mutations = prop::collection::vec(mutation(), 1..4);
    (base, mutations).prop_map(|(base, mutations)| {
        let mut text = base.to_string();
        for mutation in &mutations {
            mutate(&mut text, mutation);
        }
        text
    })
}

/// A sound model, the number of one of its paths, a value for that, and a load.
fn overridden() -> impl Strategy<Value = (&'static str, usize, String, String)> {
    let base = prop::sample::select(SOUND.to_vec());
    let value = prop_oneof![4 => hostile_value(), 1 => any::<String>()];
    let load = prop_oneof![Just("1".to_string()), hostile_value()];
    (base, any::<usize>(), value, load)
}

fn survive_overrides((base, which, value, load): (&str, usize, String, String)) {
    let document = Document::from_text(&name(), base).expect("TOML");
    let paths = document.paths();
    let path = &paths[which % paths.len()];
    let overrides = [Override::new(path, &value), Override::new("load", &load)];
    let overrides: Vec<Override> = overrides.into_iter().flatten().collect();
    survive(base, &overrides);
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn mutated_models_do_no_harm(text in mutated()) {
        survive(&text, &[]);
    }

    #[test]
    fn hostile_overrides_do_no_harm(overridden in overridden()) {
        survive_overrides(overridden);
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    #[ignore = "five times as many models; .ci/run runs it"]
    fn more_mutated_models_do_no_harm(text in mutated()) {
        survive(&text, &[]);
    }

    #[test]
    #[ignore = "five times as many overrides; .ci/run runs it"]
    fn more_hostile_overrides_do_no_harm(overridden in overridden()) {
        survive_overrides(overridden);
    }

    #[test]
    fn any_text_does_no_harm(text in any::<String>(), path in any::<String>()) {
        survive(&text, &[]);
        if let Ok(change) = Override::parse(&path) {
            survive(SOUND[0], &[change]);
        }
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        survive(&String::from_utf8_lossy(&bytes), &[]);
    }

    #[test]
    fn any_toml_like_text_does_no_harm(text in "([a-c.\"]{0,3}[=\\[\\]{},\\n #'1-3-]{0,3}){0,30}") {
        survive(&text, &[]);
    }
}

#[test]
fn deep_nesting_is_refused() {
    let deep = [
        format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("a = {}1{}", "{ b = ".repeat(100_000), " }".repeat(100_000)),
        format!("{} = 1", vec!["a"; 100_000].join(".")),
        format!("[{}]", vec!["a"; 100_000].join(".")),
        format!(
            "a = {}1{}",
            format!("{{ {} = ", vec!["b"; 70].join(".")).repeat(70),
            " }".repeat(70)
        ),
        format!(
            "[{}]\nx = {}1{}",
            vec!["a"; 70].join("."),
            "[".repeat(70),
            "]".repeat(70)
        ),
        // Shallow enough for TOML, and then for the reader.
        format!(
            "[journeys]\na = {}{}",
            "[{ repeat = ".repeat(30),
            "}]".repeat(30)
        ),
        format!("a = {}1{}", "[".repeat(60), "]".repeat(60)),
    ];
    for text in deep {
        survive(&text, &[]);
        assert!(Model::from_text("m.toml", &text, &[]).is_err());
    }
    let change = Override::new("model.name", &"[".repeat(100_000)).expect("a path");
    survive(SOUND[0], &[change]);
}

#[test]
fn what_is_too_many_for_an_id_is_refused() {
    let many = |line: &dyn Fn(usize) -> String| (0..66_000).map(line).collect::<String>();
    let texts = [
        many(&|n| format!("[stations.s{n}]\nservers = 1\n")),
        many(&|n| format!("[endpoints.e{n}]\nvisits = [{{ delay = \"1ms\" }}]\n")),
        format!(
            "[journeys]\na = [{}]\n",
            many(&|_| "{ sleep = \"1s\" },".to_string())
        ),
        format!(
            "[journeys]\na = [{}]\n",
            many(&|_| "{ request = \"home\" },".to_string())
        ),
        format!(
            "[journeys]\na = [{}]\n",
            many(&|n| format!("{{ record = \"m{n}\", as = \"counter\" }},"))
        ),
        many(&|n| format!("[endpoints.e{n}]\nvisits = [{{ call = \"e{}\" }}]\n", n + 1)),
    ];
    for text in texts {
        let journeys = if text.contains("[journeys]") {
            ""
        } else {
            "[journeys]\na = [{ sleep = \"1s\" }]\n"
        };
        let text = format!(
            "{text}{journeys}[scenarios.a]\nexecutor = \"constant-vus\"\nvus = 1\nduration = \"1s\"\n[endpoints.home]\nvisits = []\n"
        );
        let problems = Model::from_text("m.toml", &text, &[]).expect_err("too many");
        let said = problems
            .iter()
            .next()
            .is_some_and(|p| p.message.starts_with("there are more than 65535"));
        assert!(
            said,
            "{}",
            problems
                .render(false)
                .chars()
                .take(2000)
                .collect::<String>()
        );
    }
}

#[test]
fn what_would_not_fit_the_memory_or_the_clock_is_refused() {
    let refused = [
        ("events = 50_000", "events = 100_000_000"),
        ("seats_per_event = 50", "seats_per_event = 4294967296"),
        ("duration = \"1m\"", "duration = \"106751d\""),
        ("size = 200", "size = 5_000_000_000"),
        ("target = 1000 }", "target = 1e300 }"),
        ("at_most = 5", "at_most = 4_000_000_000"),
        (
            "hold_expires_after = \"5m\"",
            "hold_expires_after = \"999999999h\"",
        ),
    ];
    for (from, to) in refused {
        assert!(SOUND[0].contains(from), "{from}");
        let text = SOUND[0].replace(from, to);
        assert!(Model::from_text("m.toml", &text, &[]).is_err(), "{to}");
    }
}
