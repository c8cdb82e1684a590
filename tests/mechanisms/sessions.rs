//! Chains of states in a journey, and chains that are learned from the sessions of a log.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use capsim::model::Document;

fn capsim(directory: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
    let done = command.current_dir(directory).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        done.status.code().unwrap(),
        text(&done.stdout),
        text(&done.stderr),
    )
}

const STATES: [&str; 4] = ["home", "list", "item", "cart"];
const START: [f64; 4] = [0.7, 0.3, 0.0, 0.0];
const NEXT: [[f64; 4]; 4] = [
    [0.0, 0.6, 0.2, 0.0],
    [0.0, 0.15, 0.7, 0.0],
    [0.0, 0.4, 0.0, 0.3],
    [0.1, 0.0, 0.0, 0.0],
];
/// Mean and coefficient of variation of the pause behind each, in seconds.
const PAUSE: [(f64, f64); 4] = [(3.0, 1.0), (8.0, 0.8), (5.0, 1.0), (2.0, 1.0)];

fn probabilities(row: [f64; 4]) -> String {
    let some = STATES.iter().zip(row).filter(|(_, p)| *p > 0.0);
    let each = some.map(|(name, p)| format!("{name} = {p}"));
    format!("{{ {} }}", each.collect::<Vec<_>>().join(", "))
}

/// The journey `visit` with this chain, and its endpoints.
fn known(start: [f64; 4], next: [[f64; 4]; 4]) -> String {
    let mut text = format!("[[journeys.visit]]\nstart = {}\n", probabilities(start));
    for ((name, row), (mean, cv)) in STATES.iter().zip(next).zip(PAUSE) {
        let law = match cv {
            1.0 => format!("{{ exponential = \"{mean}s\" }}"),
            cv => format!("{{ lognormal = {{ mean = \"{mean}s\", cv = {cv} }} }}"),
        };
        let _ = writeln!(
            text,
            "[journeys.visit.chain.{name}]\nsteps = [{{ request = \"{name}\" }}]\nnext = {}\npause = {law}",
            probabilities(row)
        );
    }
    text.push_str("[endpoints]\n");
    for name in STATES {
        let _ = writeln!(
            text,
            "{name}.visits = [{{ delay = {{ exponential = \"40ms\" }} }}]"
        );
    }
    text
}

/// Numbers from 0 to 1, always the same.
fn randoms() -> impl FnMut() -> f64 {
    let mut state = 88_172_645_463_325_252_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Requests of so many sessions that capsim has run, each in a scenario of its own, which begin as a Poisson stream of
/// one in four seconds: milliseconds of the end, of the time, the endpoint, the session; in the order of the ends.
fn simulated(directory: &Path, journey: &str, sessions: usize) -> Vec<(i64, i64, String, String)> {
    let mut random = randoms();
    let (mut model, mut at) = (String::new(), 0.0_f64);
    for k in 0..sessions {
        at -= 4.0 * libm::log(1.0 - random());
        let _ = writeln!(
            model,
            "[scenarios.s{k}]\nexecutor = \"per-vu-iterations\"\nstart_time = \"{:.0}ms\"\njourney = \"visit\"",
            at * 1e3
        );
    }
    std::fs::write(directory.join("known.toml"), model + journey).unwrap();
    let args = [
        "run",
        "known.toml",
        "-q",
        "--seed",
        "7",
        "--out",
        "json=samples.json",
    ];
    let (code, _, err) = capsim(directory, &args);
    assert_eq!((code, err.as_str()), (0, ""));
    let samples = std::fs::read_to_string(directory.join("samples.json")).unwrap();
    let mut all = Vec::new();
    for line in samples
        .lines()
        .filter(|line| line.contains("\"http_req_duration\""))
    {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        if line["type"] != "Point" {
            continue;
        }
        let time: jiff::Timestamp = line["data"]["time"].as_str().unwrap().parse().unwrap();
        let tag = |name: &str| line["data"]["tags"][name].as_str().unwrap().to_string();
        let ms = line["data"]["value"].as_f64().unwrap();
        all.push((
            time.as_millisecond(),
            ms as i64,
            tag("name"),
            tag("scenario"),
        ));
    }
    all.sort();
    all
}

const FORMAT: &str = "$msec \"$request\" $status $request_time $cookie_id";

fn log(requests: &[(i64, i64, String, String)]) -> String {
    let mut text = String::new();
    for (end, ms, name, session) in requests {
        let _ = writeln!(
            text,
            "{}.{:03} \"GET /{name} HTTP/1.1\" 200 {}.{:03} {session}",
            end / 1000,
            end % 1000,
            ms / 1000,
            ms % 1000
        );
    }
    text
}

/// What `learn` says of `access.log` with users by this column.
fn by_column(directory: &Path, column: &str, more: &[&str]) -> (i32, String, String) {
    let args = [
        "learn",
        "access.log",
        "--log-format",
        FORMAT,
        "--session",
        column,
    ];
    capsim(directory, &[&args, more].concat())
}

fn learned(directory: &Path, text: &str, more: &[&str]) -> String {
    std::fs::write(directory.join("access.log"), text).unwrap();
    let (code, model, err) = by_column(directory, "cookie_id", more);
    assert_eq!((code, err.as_str()), (0, ""), "{model}");
    model
}

/// How often each state is visited: v = start + v P, by going on until nothing changes.
fn visits(start: [f64; 4], next: [[f64; 4]; 4]) -> [f64; 4] {
    let mut visits = start;
    for _ in 0..1_000 {
        let mut more = start;
        for (from, row) in visits.iter().zip(next) {
            more.iter_mut().zip(row).for_each(|(to, p)| *to += from * p);
        }
        visits = more;
    }
    visits
}

#[test]
fn a_chain_is_walked_with_its_probabilities_and_pauses() {
    let directory = tempfile::tempdir().unwrap();
    let requests = simulated(directory.path(), &known(START, NEXT), 1_500);
    let exact = visits(START, NEXT);
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    for (.., name, _) in &requests {
        *counts.entry(name).or_default() += 1.0;
    }
    for (name, exact) in STATES.iter().zip(exact) {
        // The number of visits of a session varies by less than 1.5 around its mean.
        let mean = counts[name] / 1_500.0;
        assert!(
            (mean - exact).abs() < 4.0 * 1.5 / 1_500_f64.sqrt(),
            "{name}: {mean} {exact}"
        );
    }
    // The bounds of `check` walk the chain, too.
    let model = format!(
        "[scenarios.load]\nexecutor = \"poisson-arrivals\"\nrate = 1\nduration = \"1m\"\n{}",
        known(START, NEXT)
    );
    std::fs::write(directory.path().join("one.toml"), model).unwrap();
    let (code, out, err) = capsim(directory.path(), &["check", "one.toml"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let line = out
        .lines()
        .find(|line| line.contains("per iteration"))
        .unwrap();
    let number = line
        .split_whitespace()
        .find_map(|word| word.parse::<f64>().ok())
        .unwrap();
    let all: f64 = exact.iter().sum();
    assert!((number / all - 1.0).abs() < 0.002, "{line}; {all}");
}

#[test]
fn the_chain_of_sessions_is_learned_from_their_log() {
    let directory = tempfile::tempdir().unwrap();
    let requests = simulated(directory.path(), &known(START, NEXT), 1_500);
    let text = learned(directory.path(), &log(&requests), &[]);
    assert!(text.contains("depend on the last? Yes"), "{text}");
    assert!(
        text.contains("which a chain forgets? Chance alone explains"),
        "{text}"
    );
    let model: toml::Table = text.parse().unwrap();
    let step = &model["journeys"]["mix"][0];
    // Few sessions are cut by an end of the log: what is learned is what the log holds.
    let mut of_session: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (.., name, session) in &requests {
        of_session.entry(session).or_default().push(name);
    }
    let pairs: Vec<(&str, &str)> = (of_session.values())
        .flat_map(|names| names.windows(2).map(|pair| (pair[0], pair[1])))
        .collect();
    let of = |from: &str| requests.iter().filter(|(.., name, _)| name == from).count() as f64;
    for (from, to) in [
        ("home", "list"),
        ("list", "list"),
        ("item", "cart"),
        ("cart", "home"),
    ] {
        let held = pairs.iter().filter(|pair| **pair == (from, to)).count() as f64 / of(from);
        let next = &step["chain"][format!("get_{from}")]["next"];
        let found = number(next, &format!("get_{to}"));
        assert!(
            (found - held).abs() < 0.01,
            "{from} to {to}: {found}, in the log {held}"
        );
    }
    states_are_near_the_known_ones(step, &text);
    // One session in four seconds.
    let rate = text
        .split("# Arrivals: ")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let rate: f64 = rate.parse().unwrap();
    assert!((rate / 0.25 - 1.0).abs() < 4.0 / 1_450_f64.sqrt(), "{rate}");
    // The model runs as it is, and its sessions are as long.
    std::fs::write(directory.path().join("learned.toml"), &text).unwrap();
    let (code, out, err) = capsim(directory.path(), &["run", "learned.toml", "-q"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let length = count(&out, "http_reqs") / count(&out, "iterations");
    let all: f64 = visits(START, NEXT).iter().sum();
    // A session's length varies by about its mean; both samples have some 1,400.
    assert!(
        (length / all - 1.0).abs() < 4.0 * (2.0 / 1_400_f64).sqrt(),
        "{length} {all}"
    );
}

/// The count of a metric in a summary.
fn count(out: &str, metric: &str) -> f64 {
    let line = out
        .lines()
        .find(|line| line.trim_start().starts_with(metric))
        .unwrap();
    let values = line.split(": ").nth(1).unwrap();
    values.split_whitespace().next().unwrap().parse().unwrap()
}

fn number(value: &toml::Value, key: &str) -> f64 {
    value.get(key).map_or(0.0, |p| p.as_float().unwrap())
}

/// Probabilities and pauses of a learned chain, `step`, are those of `START`, `NEXT` and `PAUSE`, within four standard errors.
fn states_are_near_the_known_ones(step: &toml::Value, text: &str) {
    let near = |what: &str, found: f64, p: f64, n: f64| {
        let error = 4.0 * (p * (1.0 - p) / n).sqrt() + 2e-6;
        assert!(
            (found - p).abs() <= error,
            "{what}: {found}, not {p} ± {error}\n{text}"
        );
    };
    let exact = visits(START, NEXT);
    for (k, name) in STATES.iter().enumerate() {
        let endpoint = format!("get_{name}");
        near(name, number(&step["start"], &endpoint), START[k], 1_450.0);
        let state = &step["chain"][&endpoint];
        let n = exact[k] * 1_450.0;
        for (to, p) in STATES.iter().zip(NEXT[k]) {
            let found = number(&state["next"], &format!("get_{to}"));
            near(&format!("{name} to {to}"), found, p, n);
        }
        let (mean, cv) = PAUSE[k];
        let goes_on: f64 = NEXT[k].iter().sum();
        let line = text.split(&format!("chain.{endpoint}]")).nth(1).unwrap();
        let line = line.lines().find(|line| line.starts_with("pause")).unwrap();
        let of_all = line.contains("of all endpoints");
        let found = line
            .split("# mean ")
            .nth(1)
            .unwrap()
            .split("ms")
            .next()
            .unwrap();
        let found: f64 = found.parse::<f64>().unwrap() / 1e3;
        let error = 4.0 * cv * mean / (n * goes_on).sqrt() + 0.002;
        assert!(
            of_all || (found - mean).abs() < error,
            "{name}: {line}, not {mean} ± {error}"
        );
        assert_eq!(of_all, n * goes_on < 100.0, "{line}");
    }
}

#[test]
fn sessions_without_memory_are_told_from_those_with_more_than_a_chain_has() {
    let directory = tempfile::tempdir().unwrap();
    let same = [[0.4, 0.2, 0.1, 0.0]; 4];
    let requests = simulated(directory.path(), &known([0.5, 0.3, 0.2, 0.0], same), 800);
    let text = learned(directory.path(), &log(&requests), &[]);
    assert!(
        text.contains("depend on the last? Chance alone explains"),
        "{text}"
    );
    let model: toml::Table = text.parse().unwrap();
    let next = &model["journeys"]["mix"][0]["chain"]["request"]["next"]["request"];
    let error = 4.0 * (0.7 * 0.3 / 2_500_f64).sqrt();
    assert!((next.as_float().unwrap() - 0.7).abs() < error, "{next}");
    // Behind `list` comes what did not come behind the last one.
    let mut random = randoms();
    let mut requests = Vec::new();
    for session in 0..400_i64 {
        let mut at = 1_795_776_000_000 + session * 5_000;
        let mut item = random() < 0.5;
        for k in 0..4 + (random() * 6.0) as i64 {
            let name = match (k % 2, item) {
                (0, _) => "list",
                (_, true) => "item",
                (_, false) => "cart",
            };
            item ^= k % 2 == 1;
            requests.push((at, 20, name.to_string(), format!("u{session}")));
            at += 1_000 + (random() * 2_000.0) as i64;
        }
    }
    requests.sort();
    let text = learned(directory.path(), &log(&requests), &[]);
    assert!(text.contains("which a chain forgets? Yes"), "{text}");
    assert!(text.contains("session goes on here however long"), "{text}");
    Document::from_text("learned", &text)
        .unwrap()
        .check(&[])
        .unwrap();
}

type Row = (i64, i64, String, String);

/// The `k`-th of requests that come each `gap` ms and take `ms`.
fn row(k: i64, gap: i64, ms: i64, who: String) -> Row {
    let end = 1_795_776_000_000 + k * gap + ms;
    (end, ms, STATES[(k % 4) as usize].to_string(), who)
}

/// 400 requests of 40 users.
fn few() -> Vec<Row> {
    (0..400)
        .map(|k| row(k, 1_000, 20, format!("u{}", k / 4 % 40)))
        .collect()
}

#[test]
fn without_enough_sessions_there_is_no_chain_and_the_model_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let few = few();
    let text = learned(directory.path(), &log(&few), &[]);
    assert!(
        text.contains("sessions are whole, and a chain needs 100") && !text.contains("chain."),
        "{text}"
    );
    assert!(text.contains("with_probability"), "the mix: {text}");
    // Four at once from everybody, as a browser's.
    let at_once: Vec<_> = (0..4_000)
        .map(|k| {
            let (end, ms, name, _) = row(k, 10, 900, String::new());
            (end + k / 4 * 1_000, ms, name, format!("u{}", k / 8))
        })
        .collect();
    let text = learned(directory.path(), &log(&at_once), &[]);
    assert!(text.contains("users do not wait for answers"), "{text}");
    // Nobody has a name.
    let nameless: Vec<_> = few
        .iter()
        .map(|r| (r.0, r.1, r.2.clone(), "-".to_string()))
        .collect();
    let text = learned(directory.path(), &log(&nameless), &[]);
    assert!(text.contains("0 sessions are whole"), "{text}");
}

#[test]
fn the_column_of_users_may_be_unknown_useless_or_a_key_of_json() {
    let directory = tempfile::tempdir().unwrap();
    let few = few();
    std::fs::write(directory.path().join("access.log"), log(&few)).unwrap();
    let (code, _, err) = by_column(directory.path(), "sid", &[]);
    assert_eq!(code, 104);
    assert!(
        err.contains("no column `sid`; its columns: $msec, $request"),
        "{err}"
    );
    let (code, _, err) = by_column(directory.path(), "status", &[]);
    assert!(
        code == 104 && err.contains("$status tells no user"),
        "{err}"
    );
    // A key of a JSON log.
    let mut json = String::new();
    for (end, ms, name, who) in &few {
        let _ = writeln!(
            json,
            "{{\"time\":{},\"duration_ms\":{ms},\"path\":\"/{name}\",\"method\":\"GET\",\"status\":200,\"user\":{{\"id\":\"{who}\"}}}}",
            *end as f64 / 1e3
        );
    }
    std::fs::write(directory.path().join("json.log"), json).unwrap();
    let (code, out, err) = capsim(
        directory.path(),
        &["learn", "json.log", "--session", "user.id"],
    );
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("sessions by user.id carry no chain"), "{out}");
}

#[test]
fn a_chain_that_cannot_be_is_refused() {
    let refused = |chain: &str| {
        let text = format!(
            "[scenarios.load]\nexecutor = \"poisson-arrivals\"\nrate = 1\nduration = \"1m\"\n\
             [journeys]\nvisit = [{{ {chain} }}]\n[endpoints]\na.visits = [{{ delay = \"1ms\" }}]\n"
        );
        Document::from_text("model.toml", &text)
            .unwrap()
            .check(&[])
            .unwrap_err()
            .to_string()
    };
    for (chain, why) in [
        (
            "start = \"a\", chain = { a = { next = { a = 1.0 }, pause = \"1s\" } }",
            "the chain is never left",
        ),
        (
            "start = \"a\", chain = { a = { next = { a = 0.7, b = 0.4 } }, b = {} }",
            "add up to 1.1",
        ),
        (
            "start = \"c\", chain = { a = {}, b = {} }",
            "the chain has no state `c`",
        ),
        (
            "start = { a = 2 }, chain = { a = {} }",
            "must be a number from 0 to 1",
        ),
        ("chain = { a = {} }", "needs `start`"),
        ("start = \"a\", chain = {}", "a chain without states"),
        (
            "start = \"a\", chain = { a = { nxt = { a = 0.5 } } }",
            "has no key `nxt`",
        ),
    ] {
        let text = refused(chain);
        assert!(text.contains(why), "{why}: {text}");
    }
}
