//! Every command takes a k6 script in the place of a model: `capsim COMMAND SCRIPT --system FILE`.
#![cfg(feature = "scripts")]

use std::path::Path;
use std::process::{Command, Output};

const SCRIPT: &str = "
import http from 'k6/http';
import { check, sleep, group } from 'k6';
import { Trend } from 'k6/metrics';
const seen = new Trend('seen', true);
export const options = {
  vus: 20, duration: '20s',
  thresholds: { 'http_req_duration{name:buy}': ['p(95)<400'], http_req_failed: ['rate<0.01'] },
};
export function setup() { return { user: http.get('http://shop.test/items').json('user') }; }
export default function (data) {
  const r = http.get('http://shop.test/items');
  check(r, { 'is 200': (r) => r.status === 200 });
  seen.add(r.timings.duration);
  if (Math.random() < 0.3) group('buy', () => http.post('http://shop.test/buy', { user: data.user }, { tags: { name: 'buy' } }));
  sleep(0.5 + Math.random());
}
export function teardown() { http.get('http://shop.test/items'); }
";

const SYSTEM: &str = "
[stations.server]
servers = 1
[endpoints.items]
route = 'GET /items'
visits = [{ station = 'server', time = { exponential = '10ms' } }]
answer = { body = { user = 7 } }
[endpoints.buy]
route = 'POST /buy'
visits = [{ station = 'server', time = { exponential = '40ms' } }]
";

fn shop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("test.js", SCRIPT), ("system.toml", SYSTEM)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn capsim(folder: &Path, command: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args([command, "test.js", "--system", "system.toml"])
        .args(more)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// What a command printed, which ended with this code.
fn printed(folder: &Path, command: &str, more: &[&str], code: i32) -> String {
    let output = capsim(folder, command, more);
    let (out, errors) = (output.stdout, output.stderr);
    let (out, errors) = (
        String::from_utf8(out).unwrap(),
        String::from_utf8(errors).unwrap(),
    );
    assert_eq!(
        output.status.code(),
        Some(code),
        "{command} {more:?}\n{out}\n{errors}"
    );
    out
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn check_knows_the_load_and_the_demand_of_an_iteration() {
    let shop = shop();
    let text = printed(shop.path(), "check", &[], 0);
    assert!(text.contains("20 looping VUs"), "{text}");
    // 10 ms, and 40 ms in three of ten iterations: 22 ms of one server.
    let line = text
        .lines()
        .find(|l| l.contains("server") && l.contains("/s"));
    assert!(line.is_some(), "{text}");
    assert!(text.contains("as seen in a short run"), "{text}");
}

#[test]
fn replications_are_the_same_on_any_number_of_threads() {
    let shop = shop();
    let run = |threads, out: &str| {
        let more = [
            "--replications",
            "5",
            "--threads",
            threads,
            "--out",
            out,
            "--quiet",
            "--report",
            "r.html",
        ];
        let text = printed(shop.path(), "run", &more, 0);
        (text, read(shop.path(), out.trim_start_matches("csv=")))
    };
    let (one, many) = (run("1", "csv=a.csv"), run("4", "csv=b.csv"));
    assert_eq!(one, many);
    let rows: Vec<&str> = one.1.lines().collect();
    assert_eq!(rows.len(), 6);
    let fingerprint = |row: &str| row.rsplit(',').nth(1).unwrap().to_owned();
    assert_ne!(fingerprint(rows[1]), fingerprint(rows[2]));
    // The first is the run that is made alone.
    let alone = printed(shop.path(), "run", &[], 0);
    assert!(alone.contains(&fingerprint(rows[1])), "{alone}\n{rows:?}");
    assert!(read(shop.path(), "r.html").contains("seen"));
}

#[test]
fn a_sweep_varies_the_system_and_the_options() {
    let shop = shop();
    let of = |more: &[&str]| {
        let first = ["--quiet", "--force", "--out", "s.csv"];
        printed(shop.path(), "sweep", &[&first[..], more].concat(), 0);
        read(shop.path(), "s.csv")
    };
    let vary = [
        "--vary",
        "stations.server.servers=1,2",
        "--vary",
        "scenarios.default.vus=5,20",
    ];
    let (one, two) = (
        of(&[&vary[..], &["--threads", "1"]].concat()),
        of(&[&vary[..], &["--threads", "3"]].concat()),
    );
    assert_eq!(one, two);
    let rows: Vec<Vec<&str>> = one.lines().map(|l| l.split(',').collect()).collect();
    let at = |name: &str| rows[0].iter().position(|c| *c == name).unwrap();
    let iterations = at("iterations");
    let number = |row: usize, column: usize| rows[row][column].parse::<f64>().unwrap();
    assert_eq!(rows.len(), 5);
    assert!(number(2, iterations) > 3.5 * number(1, iterations), "{one}");
    assert!(
        number(2, at("http_req_duration_p95_ms")) > number(4, at("http_req_duration_p95_ms")),
        "{one}"
    );
    // It goes on with the same script, and with no other.
    let rows_before = one.lines().take(3).collect::<Vec<_>>().join("\n") + "\n";
    std::fs::write(shop.path().join("s.csv"), rows_before).unwrap();
    let resume = [&["--quiet", "--resume", "--out", "s.csv"][..], &vary].concat();
    printed(shop.path(), "sweep", &resume, 0);
    assert_eq!(read(shop.path(), "s.csv"), one);
    std::fs::write(shop.path().join("test.js"), SCRIPT.replace("0.3", "0.4")).unwrap();
    let errors = capsim(shop.path(), "sweep", &resume).stderr;
    let errors = String::from_utf8(errors).unwrap();
    assert!(
        errors.contains("the model (or a --set) has changed"),
        "{errors}"
    );
    for (command, option) in [
        ("sweep", "--plan"),
        ("explain", "--store"),
        ("explain", "--runner"),
    ] {
        let errors = capsim(shop.path(), command, &[option, "-"]).stderr;
        let errors = String::from_utf8(errors).unwrap();
        assert!(errors.contains("a script is none"), "{errors}");
    }
}

#[test]
fn questions_are_answered_of_a_script() {
    let shop = shop();
    let text = printed(
        shop.path(),
        "capacity",
        &[
            "--vary",
            "load=0.2..8",
            "--budget",
            "runs=60",
            "--precision",
            "30",
            "--report",
            "c.html",
        ],
        0,
    );
    assert!(text.contains("largest passing"), "{text}");
    let text = printed(
        shop.path(),
        "compare",
        &[
            "--set-b",
            "stations.server.servers=2",
            "--replications",
            "2",
            "--all",
        ],
        0,
    );
    assert!(text.contains("http_req_duration_p95_ms"), "{text}");
    let text = printed(
        shop.path(),
        "explain",
        &[
            "--replications",
            "1",
            "--out",
            "t.csv",
            "--set",
            "scenarios.default.duration=5s",
        ],
        0,
    );
    assert!(text.contains("stations.server.servers"), "{text}");
}

#[test]
fn a_run_has_its_outputs() {
    let shop = shop();
    let more = [
        "--timeline",
        "t.csv",
        "--out",
        "csv=o.csv",
        "--report",
        "r.html",
        "--quiet",
    ];
    printed(shop.path(), "run", &more, 0);
    assert!(read(shop.path(), "t.csv").lines().count() > 20);
    let samples = read(shop.path(), "o.csv");
    assert!(samples.contains("::setup") && samples.contains("::teardown"));
    assert!(
        samples
            .lines()
            .any(|l| l.contains("POST") && l.contains("buy"))
    );
}

#[test]
fn what_is_wrong_with_a_script_is_told_by_every_command() {
    let shop = shop();
    let script = SCRIPT.replace("/items');\n  check", "/goods');\n  check");
    std::fs::write(shop.path().join("test.js"), script).unwrap();
    for (command, more) in [
        ("check", &[][..]),
        ("run", &["--replications", "2"]),
        ("sweep", &["--out", "s.csv"]),
        ("explain", &[]),
        ("compare", &["--set-b", "load=2"]),
    ] {
        let output = capsim(shop.path(), command, more);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(104), "{command}: {errors}");
        assert!(errors.contains("GET /goods"), "{command}: {errors}");
    }
}

/// The times of a system are found again from the samples of a run of the same script.
#[test]
fn fit_finds_the_times_of_the_system_behind_a_script() {
    let shop = shop();
    let script = "
import http from 'k6/http';
import { sleep } from 'k6';
export const options = { vus: 10, duration: '30s' };
export default function () { http.get('http://shop.test/items', { tags: { name: 'items' } }); sleep(0.5 + Math.random()); }
";
    std::fs::write(shop.path().join("test.js"), script).unwrap();
    let system = "[stations.server]\nservers = 1\n[endpoints.items]\nroute = \"GET /items\"\n\
        visits = [{ station = \"server\", time = \"10ms\" }]\n";
    std::fs::write(shop.path().join("system.toml"), system).unwrap();
    printed(shop.path(), "run", &["--quiet", "--out", "csv=run.csv"], 0);
    let guess = system.replace("10ms", "30ms");
    std::fs::write(shop.path().join("system.toml"), guess).unwrap();
    let more = [
        "--to",
        "run.csv",
        "--free",
        "endpoints.items.visits.0.time=2ms..100ms",
        "--budget",
        "runs=40",
        "--replications",
        "2",
        "--out",
        "fitted.toml",
    ];
    printed(shop.path(), "fit", &more, 0);
    let fitted = read(shop.path(), "fitted.toml");
    let line = fitted.lines().find(|l| l.starts_with("visits")).unwrap();
    let text = line.split('"').find(|part| part.ends_with("ms")).unwrap();
    let milliseconds: f64 = text.trim_end_matches("ms").parse().unwrap();
    assert!((9.5..10.5).contains(&milliseconds), "{line}");
    // It runs the script as before.
    std::fs::write(shop.path().join("system.toml"), fitted).unwrap();
    let text = printed(shop.path(), "check", &[], 0);
    assert!(text.contains("10 looping VUs"), "{text}");
}
