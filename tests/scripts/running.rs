//! k6 scripts against simulated systems: `capsim run SCRIPT --system FILE`.
#![cfg(feature = "scripts")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn capsim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Writes files into a folder of their own.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Runs `test.js` of a folder against its `system.toml`.
fn run(folder: &tempfile::TempDir, more: &[&str]) -> Output {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (script, system) = (path("test.js"), path("system.toml"));
    let first = [
        "run",
        &script,
        "--system",
        &system,
        "--summary-mode",
        "legacy",
    ];
    capsim(&[&first[..], more].concat())
}

/// Count, or average in milliseconds, of each metric in a summary of k6's older kind.
fn metrics(summary: &str) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    for line in summary.lines() {
        let Some((name, rest)) = line.split_once("...: ").or_else(|| line.split_once(".: ")) else {
            continue;
        };
        let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let words: Vec<&str> = rest.split_whitespace().collect();
        let value = match words[..] {
            [share, "✓", passes, ..] if share.ends_with('%') => passes.parse().ok(),
            [first, ..] => match first.strip_prefix("avg=") {
                Some(time) => Some(milliseconds(time)),
                None => first.parse().ok(),
            },
            [] => None,
        };
        if let Some(value) = value {
            all.entry(name.to_string()).or_insert(value);
        }
    }
    all
}

fn milliseconds(text: &str) -> f64 {
    let units = [("µs", 1e-3), ("ms", 1.0), ("s", 1e3)];
    let found = units
        .iter()
        .find_map(|(unit, factor)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor));
    found.unwrap_or_else(|| panic!("{text}"))
}

/// The published scripts, at a small load, do what the models of the same tests do.
#[test]
fn published_scripts_do_what_their_models_do() {
    let stages = "scenarios.default.stages=[{duration=\"10s\",target=30},{duration=\"20s\",target=30},\
        {duration=\"5s\",target=0}]";
    for (name, env) in [
        ("token", "X=1"),
        ("status", "TOKENS=40"),
        ("reserve", "DRAWS=40"),
    ] {
        let model = root(&format!("models/{name}.toml")).display().to_string();
        let script = root(&format!("models/scripts/{name}.js"))
            .display()
            .to_string();
        let system = root(&format!("models/scripts/{name}.toml"))
            .display()
            .to_string();
        let journey = "journeys.issue_tokens.0.times=40";
        let mut arguments = vec!["run", &model, "--set", stages];
        if name != "token" {
            arguments.extend(["--set", journey]);
        }
        let by_model = capsim(&arguments);
        let by_script = capsim(&[
            "run", &script, "--system", &system, "--set", stages, "-e", env,
        ]);
        let errors = text(&by_script.stderr);
        assert!(!errors.contains("warning"), "{name}: {errors}");
        let (a, b) = (text(&by_model.stdout), text(&by_script.stdout));
        let (model, script) = (metrics(&a), metrics(&b));
        let names = |m: &BTreeMap<String, f64>| m.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&model), names(&script), "{name}\n{a}\n{b}");
        for (metric, bound) in [
            ("iterations", 0.1),
            ("http_reqs", 0.1),
            ("checks", 0.1),
            ("iteration_duration", 0.1),
            ("http_req_duration", 0.15),
            ("data_integrity", 0.1),
        ] {
            let (Some(a), Some(b)) = (model.get(metric), script.get(metric)) else {
                assert_eq!(metric, "data_integrity", "{name}");
                continue;
            };
            let off = (a - b).abs() / a;
            assert!(off < bound, "{name}: {metric} is {b} instead of {a}");
        }
    }
}

const SHOP: &str = "
[stations.server]
servers = 1

[inventory]
events = 3
seats_per_event = 4
hold_expires_after = '1m'

[waiting_room]
admit = { batch = 1, every = '10s' }

[endpoints.join]
route = 'POST /queue'
entities = { user = 'body.user' }
visits = [{ delay = '1ms' }, { issue = 'token' }]
answer = { status = 201, headers = { X-Token = 't={token}' }, body = { token = '{token}', user = '{user}', wait = '{wait}' } }

[endpoints.place]
route = 'GET /queue/{token}'
visits = [{ delay = '1ms' }, { status = 'queue' }]
answer = { body = '{\"position\": \"{position}\", \"wait\": \"{wait}\", \"in\": \"{admitted}\", \"of\": \"{{{query.x}}}\"}' }

[endpoints.list]
route = 'GET /events/{event}/seats'
visits = [{ station = 'server', time = '5ms' }, { list = 'seats' }]
answer = { body = { seats = '{free_seats}', n = '{free_count}', all = [{ 'each free seat' = { id = '{seat}', row = 'row {seat_of_event}' } }] } }

[endpoints.hold]
route = 'POST /events/{event}/seats/{seat}'
entities = { user = 'header.X-User' }
visits = [{ station = 'server', time = '5ms' }, { claim = 'seat', status = 409 }]
answer = { body = { hold = '{hold}', seat = '{seat}', event = '{event}' } }
failure = { body = { error = '{status}', asked = '{path.seat}' } }

[endpoints.buy]
route = 'PUT /holds/{hold}'
visits = [{ station = 'server', time = '5ms' }, { confirm = 'seat', status = 410 }]
answer = { file = 'bought.json' }
";

#[test]
fn answers_tell_the_state_of_the_model() {
    let script = "
import http from 'k6/http';
import { sleep } from 'k6';
export const options = { iterations: 1 };
const B = 'http://shop.test';
export default function () {
  const a = http.post(`${B}/queue`, JSON.stringify({ user: 41 }));
  http.post(`${B}/queue`, { user: '42' });
  const mine = http.post(`${B}/queue`, { user: 'u-43' });
  console.log(a.status, a.headers['X-Token'], a.body, mine.json('user'), mine.json('wait'));
  const place = () => http.get(`${B}/queue/${mine.json('token')}?x=${encodeURIComponent('a b')}`).body;
  console.log(place());
  sleep(15);
  console.log(place());
  sleep(20);
  console.log(place());
  console.log(http.get(`${B}/events/2/seats`).body);
  const take = (seat) => http.post(`${B}/events/2/seats/${seat}`, null, { headers: { 'X-User': '43' } });
  const held = take(6);
  console.log(held.body, take(6).status, take(6).body, take(99).status);
  console.log(http.get(`${B}/events/2/seats`).json('all.#.row'));
  console.log(http.put(`${B}/holds/${held.json('hold')}`).body, http.put(`${B}/holds/${held.json('hold')}`).status);
  console.log(http.get(`${B}/events/9/seats`).body);
}";
    let bought = "{\"seat\": \"{seat}\", \"note\": \"kept as it is\", \"ok\": true}";
    let folder = folder(&[
        ("test.js", script),
        ("system.toml", SHOP),
        ("bought.json", bought),
    ]);
    let output = run(&folder, &["--quiet"]);
    let said = text(&output.stderr);
    let lines: Vec<&str> = said
        .lines()
        .filter_map(|l| l.strip_prefix("INFO "))
        .collect();
    assert_eq!(
        lines,
        [
            r#"201 t=token-1 {"token":"token-1","user":41,"wait":10} 43 30"#,
            r#"{"in":false,"of":"{a b}","position":3,"wait":30}"#,
            r#"{"in":false,"of":"{a b}","position":2,"wait":15}"#,
            r#"{"in":true,"of":"{a b}","position":0,"wait":0}"#,
            r#"{"seats":[5,6,7,8],"n":4,"all":[{"id":5,"row":"row 1"},{"id":6,"row":"row 2"},{"id":7,"row":"row 3"},{"id":8,"row":"row 4"}]}"#,
            r#"{"hold":1,"seat":6,"event":2} 409 {"error":409,"asked":"6"} 409"#,
            r#"[ "row 1", "row 3", "row 4" ]"#,
            r#"{"note":"kept as it is","ok":true,"seat":6} 410"#,
            r#"{"seats":[],"n":0,"all":[]}"#,
        ],
        "{said}"
    );
}

#[test]
fn answers_may_be_texts_and_files_that_are_no_json() {
    let script = "
import http from 'k6/http';
export const options = { iterations: 1 };
export default function () {
  for (const p of ['page', 'own', 'file', 'plain', 'data', 'number']) {
    const r = http.get(`http://a.test/${p}?q=<7>`);
    console.log(p, r.body, r.headers['Content-Type']);
  }
  const r = http.get('http://a.test/file');
  console.log(r.html('title').text(), r.html().find('input[name=csrf]').attr('value'));
  console.log(r.headers['Set-Cookie'], Object.keys(r.cookies).join(), http.cookieJar().cookiesForURL('http://a.test/').b[0]);
}";
    let system = "
[stations.s]
servers = 1
[endpoints.page]
route = 'GET /page'
answer = { text = '<p class=\"a\">{query.q} {{b}} {status}</p>' }
[endpoints.own]
route = 'GET /own'
answer = { text = 'a,b', headers = { content-type = 'text/csv' } }
[endpoints.file]
route = 'GET /file'
answer = { file = 'login.html', headers = { Set-Cookie = ['a={status}; Path=/', 'b=2; Path=/'] } }
[endpoints.plain]
route = 'GET /plain'
answer = { file = 'notes' }
[endpoints.data]
route = 'GET /data'
answer = { file = 'recorded.txt' }
[endpoints.number]
route = 'GET /number'
answer = { text = '{status}' }
";
    let visits = "visits = [{ station = 's', time = '1ms' }]";
    let system = system.replace("answer =", &format!("{visits}\nanswer ="));
    let login =
        "<title>Login {user}</title><style>p { color: red }</style><input name=csrf value='abc'>";
    let folder = folder(&[
        ("test.js", script),
        ("system.toml", &system),
        ("login.html", login),
        ("notes", "no { JSON"),
        ("recorded.txt", "{\"n\": \"{status}\"}"),
    ]);
    let output = run(&folder, &["--quiet"]);
    let said = text(&output.stderr);
    let lines: Vec<&str> = said
        .lines()
        .filter_map(|l| l.strip_prefix("INFO "))
        .collect();
    assert_eq!(
        lines.join("\n"),
        [
            "page <p class=\"a\"><7> {b} 200</p> text/plain; charset=utf-8",
            "own a,b text/csv",
            &format!("file {login} text/html; charset=utf-8"),
            "plain no { JSON text/plain; charset=utf-8",
            "data {\"n\":200} application/json",
            "number 200 text/plain; charset=utf-8",
            "Login {user} abc",
            "a=200; Path=/, b=2; Path=/ a,b 2",
        ]
        .join("\n"),
        "{said}"
    );
}

#[test]
fn errors_in_answers_name_the_place_and_what_to_do() {
    let script = "export default function () {}";
    for (wrong, parts) in [
        ("route = '/x'", vec!["is not a route", "POST /api"]),
        ("route = 'get /x'", vec!["`get` is not a method"]),
        ("route = 'GET /x?y=1'", vec!["has no query"]),
        ("entities = { usr = 'body.x' }", vec!["has no key `usr`"]),
        (
            "entities = { user = 'x' }",
            vec!["is not part of a request", "body.userId"],
        ),
        ("answer = { body = '{' }", vec!["no JSON"]),
        (
            "answer = { body = { a = '{tokn}' } }",
            vec!["`{tokn}`", "did you mean `token`?"],
        ),
        ("answer = { body = { a = 'x}' } }", vec!["a brace in `x}`"]),
        (
            "answer = { file = 'none.json' }",
            vec!["none.json", "relative"],
        ),
        ("answer = { file = '../x.json' }", vec!["outside"]),
        ("answer = { status = 42 }", vec!["status"]),
        ("answer = { body = '<p>x</p>' }", vec!["no JSON", "`text`"]),
        (
            "answer = { text = '{tokn}' }",
            vec!["`{tokn}`", "did you mean `token`?"],
        ),
        (
            "answer = { text = 'a', body = { a = 1 } }",
            vec!["`text` and `body` are both given", "remove one of them"],
        ),
        (
            "answer = { file = 'none.json', text = 'a' }",
            vec!["`file` and `text` are both given"],
        ),
        ("answer = { file = 'broken.json' }", vec!["no JSON"]),
        (
            "answer = { headers = { A = ['x', 1] } }",
            vec!["`A` must be a text"],
        ),
    ] {
        let system = format!(
            "[stations.s]\nservers = 1\n[endpoints.a]\n{wrong}\nvisits = [{{ station = 's', time = '1ms' }}]\n"
        );
        let folder = folder(&[
            ("test.js", script),
            ("system.toml", &system),
            ("broken.json", "<p>"),
        ]);
        let output = run(&folder, &[]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(104), "{wrong}: {said}");
        assert!(said.contains("system.toml:4:"), "{wrong}: {said}");
        for part in parts {
            assert!(said.contains(part), "{wrong}: {said}");
        }
    }
}

#[test]
fn a_stub_has_routes_and_proposes_answers() {
    let script = "
import http from 'k6/http';
export default function () {
  const token = http.post('http://shop.test/queue').json('data.token');
  const r = http.get(`http://shop.test/queue/1?token=${token}`).json();
  if (r.data.queuePosition < 0) return;
  for (const seat of http.get('http://shop.test/seats').json().list) if (seat.id) break;
}";
    let folder = folder(&[("test.js", script)]);
    let path = folder.path().join("test.js").display().to_string();
    let stub = text(&capsim(&["stub", &path]).stdout);
    for part in [
        "route = \"POST /queue\"\n# answer = { body = { data = { token = \"{token}\" } } }\n",
        "route = \"GET /queue/{id}\"\n# answer = { body = { data = { queuePosition = \"{position}\" } } }\n",
    ] {
        assert!(stub.contains(part), "{part} is missing:\n{stub}");
    }
    // It runs as it stands, and with the proposals in force.
    let proposed = stub.replace("# answer", "answer");
    for system in [stub, proposed] {
        std::fs::write(folder.path().join("system.toml"), &system).unwrap();
        let output = run(&folder, &["--quiet"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}\n{system}");
    }
}

/// A script with `setup`, a threshold and a check, whose summary this function handles.
fn summarised(function: &str) -> (tempfile::TempDir, Output) {
    let script = format!(
        "import http from 'k6/http'; import {{ check }} from 'k6';
export const options = {{ iterations: 3, thresholds: {{ http_reqs: ['count>5'] }} }};
export function setup() {{ return {{ tokens: [1, 2] }}; }}
export default function () {{ check(http.get('http://a/x'), {{ ok: (r) => r.status === 200 }}); }}
export function handleSummary(data) {{ {function} }}"
    );
    let system = "[stations.server]\nservers = 1\n[endpoints.x]\nroute = 'GET /x'\n\
        visits = [{ station = 'server', time = '5ms' }]\n";
    let folder = folder(&[("test.js", &script), ("system.toml", system)]);
    let output = Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(["run", "test.js", "--system", "system.toml", "--quiet"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    (folder, output)
}

#[test]
fn a_script_handles_its_summary() {
    let (folder, output) = summarised(
        "console.log('done'); return { stdout: 'mine ' + data.metrics.http_reqs.values.count + '\\n', stderr: 'oops',
         'all.json': JSON.stringify(data) };",
    );
    assert_eq!(output.status.code(), Some(99));
    assert_eq!(text(&output.stdout), "mine 3\n");
    let errors = text(&output.stderr);
    assert!(errors.contains("INFO done\noops\n"), "{errors}");
    let data = std::fs::read_to_string(folder.path().join("all.json")).unwrap();
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data["setup_data"]["tokens"], serde_json::json!([1, 2]));
    assert_eq!(data["metrics"]["http_req_duration"]["values"]["avg"], 5.0);
    assert_eq!(
        data["metrics"]["http_reqs"]["thresholds"]["count>5"]["ok"],
        false
    );
    assert_eq!(data["root_group"]["checks"][0]["passes"], 3);
    assert_eq!(data["state"]["testRunDurationMs"], 15.0);
    assert_eq!(data["options"]["noColor"], true);
}

/// A script that handles its summary with jslib's functions.
const SUMMARY: &str = "import http from 'k6/http'; import { check, group, sleep } from 'k6';
import { Counter, Gauge, Trend } from 'k6/metrics';
import { textSummary, jUnit, humanizeValue } from 'https://jslib.k6.io/k6-summary/0.1.0/index.js';
export const options = { vus: 2, duration: '70s', thresholds: { http_req_duration: ['p(95)<50'], checks: ['rate>0.99'],
  'http_req_duration{name:ping}': ['avg<5'], 'http_reqs{name:ping}': ['count>1'] },
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99.90)', 'count'] };
const [found, level, sizes, waits] = [new Counter('Found'), new Gauge('a_level'), new Trend('sizes'), new Trend('waits', true)];
export default function () {
  const r = http.get('http://a.test/x', { tags: { name: 'ping' } });
  check(r, { ok: (r) => r.status === 200, slow: (r) => r.timings.duration < 12 });
  group('wählen', () => { group('in & out', () => check(1, { deep: true })); check(__ITER, { late: (n) => n > 3 }); });
  found.add(1.5); level.add(__ITER / 3); sizes.add(1234.5678 * __ITER); waits.add(0.0025 * __ITER); waits.add(61000);
  sleep(0.5);
}
export function handleSummary(data) {
  console.log(humanizeValue(1500, data.metrics.http_req_duration), humanizeValue(1500, { contains: 'data' }),
    humanizeValue(0.98765, { type: 'rate' }), humanizeValue(1500, { contains: 'time' }, 's'), humanizeValue(2 / 3, {}));
  return { 'plain.txt': textSummary(data, { indent: ' ', enableColors: false }),
    'deep.txt': textSummary(data, { indent: '   ', enableColors: false, summaryTimeUnit: 'ms' }),
    'colour.txt': textSummary(data), 'junit.xml': jUnit(data), stdout: '' };
}";

/// Runs that script in a folder of its own, once as it is and once without its own summary; gives the folder, what the first
/// said, and k6's older summary of the second.
fn summaries(more: &[&str]) -> (tempfile::TempDir, String, String) {
    let system = "[stations.server]\nservers = 1\n[endpoints.x]\nroute = 'GET /x'\n\
        visits = [{ station = 'server', time = { exponential = '10ms' } }]\n";
    let usual = SUMMARY.replace("function handleSummary", "function other");
    let folder = folder(&[
        ("test.js", SUMMARY),
        ("usual.js", &usual),
        ("system.toml", system),
    ]);
    let run = |script: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_capsim"))
            .args(["run", script, "--system", "system.toml", "--quiet"])
            .args(["--summary-mode", "legacy", "--summary-style", "0.53"])
            .args(more)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(99), "{}", text(&output.stderr));
        output
    };
    let said = text(&run("test.js").stderr);
    let usual = text(&run("usual.js").stdout);
    let usual = usual.trim_matches('\n').to_string();
    (folder, said, usual)
}

/// `textSummary` of jslib prints what k6's older summary prints of the same run.
#[test]
fn the_text_of_a_summary_is_the_older_summary() {
    let (folder, said, usual) = summaries(&[]);
    let told = "INFO 1.5s 1.5 kB 98.76% 1.50s 0.666667";
    assert!(said.contains(told), "{said}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let plain = read("plain.txt");
    assert_eq!(plain, usual);
    for part in [
        "     ✗ slow\n      ↳  ",
        "     █ wählen\n\n       ✗ late\n",
        "       █ in & out\n\n         ✓ deep\n",
        "   ✗ checks.....",
        "     ✓ { name:ping }",
        " p(99.90)=",
    ] {
        assert!(plain.contains(part), "{part}\n{plain}");
    }
    let coloured = read("colour.txt");
    assert!(coloured.contains("\u{1b}[31m     ✗ slow\n      ↳  "));
    let mut bare = String::new();
    for (at, piece) in coloured.split('\u{1b}').enumerate() {
        bare += if at == 0 {
            piece
        } else {
            piece.split_once('m').unwrap().1
        };
    }
    assert_eq!(bare, plain);
    let junit = read("junit.xml");
    assert!(junit.contains("tests=\"4\" failures=\"2\""), "{junit}");
    let case = "<testcase name=\"http_req_duration - p(95)&lt;50\"";
    assert!(junit.contains(case), "{junit}");
}

/// The options of `textSummary`: further to the right, and one unit for all times.
#[test]
fn the_text_of_a_summary_has_options() {
    let (folder, _, usual) = summaries(&["--summary-time-unit", "ms"]);
    let deep = std::fs::read_to_string(folder.path().join("deep.txt")).unwrap();
    let moved = |line: &str| match line {
        "" => String::new(),
        line => format!("  {line}"),
    };
    let moved: Vec<String> = usual.split('\n').map(moved).collect();
    assert_eq!(deep, moved.join("\n"));
    assert!(deep.contains("max=61000.00ms"), "{deep}");
}

/// The totals list checks by their first occurrence, in whichever group that was.
#[test]
fn checks_stand_in_the_order_in_which_they_were_made() {
    let script = "import { check, group, sleep } from 'k6';
export const options = { iterations: 2 };
export function setup() { check(1, { first: true }); }
export default function () {
  group('z', () => check(1, { second: true })); sleep(1); check(1, { third: true });
  group('a', () => check(1, { fourth: true, third: true })); check(1, { fifth: false });
}";
    let system = "[stations.server]\nservers = 1\n";
    let folder = folder(&[("test.js", script), ("system.toml", system)]);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (script, system) = (path("test.js"), path("system.toml"));
    let output = capsim(&["run", &script, "--system", &system, "--quiet"]);
    let lines = text(&output.stdout);
    let checks: Vec<&str> = lines
        .lines()
        .filter_map(|l| l.trim().split_once(' '))
        .filter(|(mark, _)| ["✓", "✗"].contains(mark))
        .map(|(_, name)| name)
        .collect();
    assert_eq!(checks, ["first", "second", "third", "fourth", "fifth"]);
}

#[test]
fn a_summary_that_is_not_handled_is_the_usual_one() {
    for (function, told) in [
        ("throw new Error('hs');", "ERRO Error: hs"),
        ("", ""),
        ("return null;", ""),
    ] {
        let (_folder, output) = summarised(function);
        assert!(text(&output.stdout).contains("http_reqs"), "{function}");
        assert!(text(&output.stderr).contains(told), "{function}");
        assert_eq!(output.status.code(), Some(99));
    }
    let (_folder, output) = summarised("return { stdout: { a: 1 } };");
    assert_eq!(text(&output.stdout), "");
    let told = "error handling summary object stdout: invalid type map[string]interface {}";
    assert!(text(&output.stderr).contains(told));
}

#[test]
fn handle_summary_writes_over_nothing_that_was_read() {
    for name in ["test.js", "../x.json", "/x.json", "system.toml"] {
        let (folder, output) = summarised(&format!("return {{ '{name}': 'x', 'y.txt': 'y' }};"));
        assert!(
            text(&output.stderr).contains("error: handleSummary: "),
            "{name}"
        );
        assert_eq!(output.status.code(), Some(99), "{name}");
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("y.txt"), "y", "{name}");
        assert!(read("test.js").len() > 1 && read("system.toml").len() > 1);
    }
}

/// Tags of checks, of custom metrics and of the VU divide their metrics, as in k6.
#[test]
fn samples_carry_the_tags_that_a_script_gives_them() {
    let script = "import http from 'k6/http';
import exec from 'k6/execution';
import { check, group } from 'k6';
import { Counter, Trend } from 'k6/metrics';
const [counted, timed] = [new Counter('counted'), new Trend('timed')];
export const options = {
  vus: 2, iterations: 20,
  thresholds: {
    'checks{kind:even}': ['rate==1'], 'checks{kind:odd}': ['rate==0'],
    'counted{type:a}': ['count==20'], 'counted{type:b}': ['count==40'], 'counted{vu:1}': ['count>0'],
    'timed{type:a,vu:2}': ['avg==7'], 'group_duration{vu:1}': ['avg>5'], 'http_reqs{vu:1}': ['count>0'],
    'counted{group:::g}': ['count==60'],
  },
};
export default function () {
  const even = exec.scenario.iterationInTest % 2 === 0;
  exec.vu.metrics.tags.vu = exec.vu.idInTest;
  group('g', () => {
    http.get('http://shop/x');
    check(even, { 'is even': (e) => e }, { kind: even ? 'even' : 'odd' });
    counted.add(1, { type: 'a' });
    counted.add(2, { type: 'b' });
    timed.add(7, { type: 'a' });
    timed.add(9);
  });
}
";
    let system = "[endpoints.x]\nroute = \"GET /x\"\nvisits = [{ delay = \"10ms\" }]\n";
    let folder = folder(&[("test.js", script), ("system.toml", system)]);
    let output = run(&folder, &["--seed", "1"]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("{ type:b }"), "{shown}");
    // One line for both kinds of a check.
    assert_eq!(shown.matches("is even").count(), 1, "{shown}");
    let first = folder.path().join("samples.csv");
    let out = format!("csv={}", first.display());
    assert_eq!(run(&folder, &["--out", &out]).status.code(), Some(0));
    let samples = std::fs::read_to_string(first).unwrap();
    let tagged = |name: &str, tag: &str| {
        let lines = samples.lines();
        lines
            .filter(|l| l.starts_with(name) && l.contains(tag))
            .count()
    };
    assert_eq!(tagged("counted,", "type=b"), 20);
    assert_eq!(tagged("checks,", "kind=odd"), 10);
    assert_eq!(tagged("group_duration,", "vu="), 20);
}

/// A script may read what lies outside of its own folder if that is allowed, and is told how.
#[test]
fn files_elsewhere_are_read_where_that_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (name, text) in [
        (
            "tests/load/test.js",
            "import http from 'k6/http';
import { address } from '../../lib/config.js';
const users = JSON.parse(open('../../data/users.json'));
export const options = { vus: 3, iterations: 30 };
export default function () { http.get(`${address}/x?u=${users[__VU % users.length]}`); }
",
        ),
        (
            "lib/config.js",
            "export { address } from './deep/address.js';\n",
        ),
        (
            "lib/deep/address.js",
            "export const address = 'http://shop';\n",
        ),
        ("data/users.json", "[\"a\", \"b\"]"),
        (
            "system.toml",
            "[endpoints.x]\nroute = \"GET /x\"\nvisits = [{ delay = \"10ms\" }]\n",
        ),
    ] {
        std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        std::fs::write(at(name), text).unwrap();
    }
    let run = |more: &[&str]| {
        let line = ["run", "tests/load/test.js", "--system", "system.toml"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
        let command = command.current_dir(folder.path());
        command.args(line).args(more).output().unwrap()
    };
    let refused = run(&[]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(107), "{said}");
    assert!(
        said.contains("'../../lib/config.js' is outside the script's folder: `--allow-path lib`"),
        "{said}"
    );
    let refused = text(&run(&["--allow-path", "lib"]).stderr);
    assert!(refused.contains("`--allow-path data`"), "{refused}");
    for more in [
        &["--allow-path", "."][..],
        &["--allow-path", "lib", "--allow-path", "data"],
    ] {
        let output = run(more);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("iterations.....................: 30"));
    }
    let many = run(&["--allow-path", ".", "--replications", "3"]);
    assert_eq!(many.status.code(), Some(0), "{}", text(&many.stderr));
    let mut stub = Command::new(env!("CARGO_BIN_EXE_capsim"));
    let stub = stub.current_dir(folder.path());
    let stub = stub.args(["stub", "tests/load/test.js", "--allow-path", "."]);
    assert_eq!(stub.output().unwrap().status.code(), Some(0));
}

/// However many values a tag takes, thresholds see those that they name.
#[test]
fn tags_with_many_values_leave_those_that_thresholds_name() {
    let script = "import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import exec from 'k6/execution';
const made = new Counter('made');
export const options = {
  vus: 5, iterations: 3000,
  thresholds: {
    'checks{kind:late}': ['rate<0.5'], 'made{kind:late}': ['count==10'], 'http_reqs{kind:late}': ['count==10'],
    'made{id:2995}': ['count==1'], 'http_reqs{method:POST}': ['count==10'],
  },
};
export default function () {
  const id = exec.scenario.iterationInTest;
  const late = id >= 2990;
  const tags = { id, kind: late ? 'late' : 'early' };
  if (late) http.post('http://shop/x', null, { tags }); else http.get('http://shop/x', { tags });
  check(late, { 'is early': (l) => !l }, tags);
  made.add(1, tags);
}
";
    let endpoint = "visits = [{ delay = \"10ms\" }]\n";
    let system = format!(
        "[endpoints.x]\nroute = \"GET /x\"\n{endpoint}[endpoints.y]\nroute = \"POST /x\"\n{endpoint}"
    );
    let folder = folder(&[("test.js", script), ("system.toml", &system)]);
    let output = run(&folder, &[]);
    let shown = text(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{shown}{}",
        text(&output.stderr)
    );
}

/// What is wrong with a script's options is not said to be in the file of the system.
#[test]
fn errors_of_options_name_the_script() {
    let script = "import http from 'k6/http';
export const options = { thresholds: { http_req_failed: ['avg<1'] } };
export default function () { http.get('http://shop/x'); }
";
    let system = "[endpoints.x]\nroute = \"GET /x\"\nvisits = [{ delay = \"10ms\" }]\n";
    let folder = folder(&[("test.js", script), ("system.toml", system)]);
    let output = run(&folder, &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(104), "{said}");
    assert!(said.contains("the options of "), "{said}");
    assert!(said.contains("test.js, as a model:"), "{said}");
    assert!(!said.contains("system.toml"), "{said}");
}

/// A `setup` that wants other answers than those that are made up does not keep `stub` from writing a system.
#[test]
fn a_stub_says_what_did_not_come_to_its_end() {
    let script = "import http from 'k6/http';
export function setup() {
  const r = http.post('http://shop/login', 'x');
  if (r.json('code') !== 0) throw new Error('no login');
  return 'token';
}
export default function (token) {
  if (__VU === 7) http.get('http://shop/rare');
  http.get(`http://shop/items?t=${token}`);
}
";
    let folder = folder(&[("test.js", script)]);
    let path = folder.path().join("test.js").display().to_string();
    let output = capsim(&["stub", &path]);
    let system = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for part in [
        "# NOT CERTAIN: with made-up answers setup ended early, and iterations had no data of it: Error: no login",
        "route = \"POST /login\"",
        "route = \"GET /items\"",
        "route = \"GET /rare\"",
    ] {
        assert!(system.contains(part), "{part}\n{system}");
    }
    let given = system.replace(
        "# answer = { body = { code = 1 } }",
        "answer = { body = { code = 0 } }",
    );
    let file = folder.path().join("system.toml");
    std::fs::write(&file, &system).unwrap();
    // What setup did is in the summary all the same.
    let thrown = run(&folder, &[]);
    assert_eq!(thrown.status.code(), Some(107));
    assert_eq!(metrics(&text(&thrown.stdout))["http_reqs"], 1.0);
    std::fs::write(&file, given).unwrap();
    let output = run(&folder, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

/// The option `rps` holds requests back; the wait is no part of their times. Unknown options are told as by k6.
#[test]
fn options_that_change_the_test_do_so_or_are_told() {
    let system = "[endpoints.x]\nroute = \"GET /x\"\nvisits = [{ delay = \"10ms\" }]\n";
    let run_with = |options: &str| {
        let script = format!(
            "import http from 'k6/http';
console.log('init');
export function setup() {{ http.get('http://shop/x'); }}
export const options = {{ vus: 5, iterations: 20, {options} }};
export default function () {{ http.get('http://shop/x'); http.asyncRequest('GET', 'http://shop/x'); }}
"
        );
        let folder = folder(&[("test.js", &script), ("system.toml", system)]);
        let output = run(&folder, &[]);
        let (shown, said) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{said}");
        (metrics(&shown), said)
    };
    let (free, said) = run_with("");
    assert_eq!((free["http_reqs"], free["http_req_duration"]), (41.0, 10.0));
    assert_eq!(said, "INFO init\n");
    let (paced, _) = run_with("rps: 10");
    assert_eq!(
        (paced["http_reqs"], paced["http_req_duration"]),
        (41.0, 10.0)
    );
    // Five VUs in turn: one request each half second, of which an iteration waits for two.
    assert!(paced["iteration_duration"] > 900.0, "{paced:?}");
    let (left_out, _) = run_with("noSetup: true");
    assert_eq!(left_out["http_reqs"], 40.0);
    let (_, said) = run_with("Batch: 5, zoo: 1, noSuchOption: 1");
    let unknown = "There were unknown fields in the options exported in the script \
        error=\"json: unknown field \\\"noSuchOption\\\"\"";
    assert_eq!(said, format!("INFO init\nWARN {unknown}\n"));
    let (_, said) = run_with("executionSegment: '0:1/2'");
    assert!(
        said.contains("WARN capsim does not simulate the option executionSegment"),
        "{said}"
    );
}

/// A VU waits until its shortest iteration is over; that is no part of `iteration_duration`, and ends with the test.
#[test]
fn iterations_have_a_shortest_duration() {
    let system = "[endpoints.x]\nroute = \"GET /x\"\nvisits = [{ delay = \"10ms\" }]\n";
    let counts = |options: &str| {
        let script = format!(
            "import http from 'k6/http';
export const options = {{ minIterationDuration: '1s', {options} }};
export function setup() {{}}
export default function () {{
  http.get('http://shop/x');
  if (__ITER === 1) throw new Error('counts, too');
  if (__ITER === 2) http.batch(['http://shop/x', 'http://shop/x', 'http://shop/x']);
}}
"
        );
        let folder = folder(&[("test.js", &script), ("system.toml", system)]);
        let output = run(&folder, &["--audit"]);
        let (shown, said) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains(" 0 broken"), "{said}");
        let all = metrics(&shown);
        (all["iterations"], all["iteration_duration"], shown)
    };
    let (iterations, duration, shown) = counts("vus: 3, iterations: 9");
    assert_eq!(iterations, 9.0);
    // 10 ms, but for those with a batch: 20.
    assert!((10.0..14.0).contains(&duration), "{duration}");
    assert!(shown.contains("running (00m03.0s)"), "{shown}");
    // At 0, 1 and 2 s; the rest of the third is cut off with the test, and nothing is interrupted.
    let (iterations, _, shown) = counts("vus: 2, duration: '2500ms'");
    assert_eq!(iterations, 6.0);
    assert!(
        shown.contains("6 complete and 0 interrupted iterations"),
        "{shown}"
    );
    let (iterations, _, shown) = counts(
        "scenarios: { s: { executor: 'constant-vus', vus: 2, duration: '2500ms', gracefulStop: '0s' } }",
    );
    assert_eq!(iterations, 6.0);
    assert!(
        shown.contains("6 complete and 0 interrupted iterations"),
        "{shown}"
    );
    assert!(shown.contains("running (2.5s)"), "{shown}");
}

/// Options are read as k6 reads them, and what it refuses is refused in its words.
#[test]
fn options_are_read_as_k6_reads_them() {
    let system = "[endpoints.x]\nroute = \"GET /x\"\nvisits = [{ delay = \"10ms\" }]\n";
    let ends = |options: &str| {
        let script = format!(
            "import http from 'k6/http';
export const options = {{ {options} }};
export default function () {{ http.get('http://shop/x'); }}
"
        );
        let folder = folder(&[("test.js", &script), ("system.toml", system)]);
        let output = run(&folder, &["--seed", "1"]);
        let (shown, said) = (text(&output.stdout), text(&output.stderr));
        (
            output.status.code(),
            metrics(&shown).get("iterations").copied(),
            said,
        )
    };
    // Texts of digits, and names in any case.
    for (options, iterations) in [
        ("vus: '3', iterations: '12'", 12.0),
        ("VUs: 2, Iterations: 4", 4.0),
        (
            "scenarios: { s: { executor: 'constant-arrival-rate', rate: '60', timeunit: '1m', duration: '10s', preAllocatedVus: '2', maxVus: 5 } }",
            11.0,
        ),
        ("vus: 2, stages: []", 2.0),
        ("scenarios: {}", 1.0),
    ] {
        let (code, counted, said) = ends(options);
        assert_eq!(
            (code, counted),
            (Some(0), Some(iterations)),
            "{options}: {said}"
        );
    }
    for (options, why) in [
        (
            "iterations: 2, stages: [{ duration: '1s', target: 1 }]",
            "using `iterations` and `stages` options simultaneously",
        ),
        (
            "duration: '1s', scenarios: { s: { executor: 'shared-iterations' } }",
            "using `duration` and `scenarios` options simultaneously",
        ),
        (
            "scenarios: { s: { executor: 'shared-iterations', vuz: 5 } }",
            "scenario `s`: json: unknown field \"vuz\"",
        ),
    ] {
        let (code, _, said) = ends(options);
        assert_eq!(code, Some(104), "{options}: {said}");
        assert!(said.contains(why), "{options}: {said}");
    }
    let (_, _, said) =
        ends("vus: 2, scenarios: { s: { executor: 'shared-iterations', iterations: 7 } }");
    assert_eq!(said, "WARN `vus=2` overrides scenarios configuration\n");
    let (_, _, said) = ends("stages: []");
    assert!(
        said.contains("`stages` was explicitly set to an empty value"),
        "{said}"
    );
}

/// Samples carry the status that the script sees, the tags of the options, and the address that a threshold names.
#[test]
fn samples_carry_what_thresholds_ask_for() {
    let script = "import http from 'k6/http';
import exec from 'k6/execution';
export const options = {
  vus: 1, iterations: 5, tags: { env: 'staging' },
  thresholds: {
    'http_reqs{status:201}': ['count==5'], 'http_reqs{status:404}': ['count==5'], 'http_reqs{error_code:1404}': ['count==5'],
    'http_reqs{status:302,expected_response:true}': ['count==5'], 'http_reqs{env:staging}': ['count==20'],
    'checks{env:staging}': ['rate>=0'], 'http_reqs{name:http://shop/search?q=shoes}': ['count==5'],
    'http_reqs{name:get_search}': ['count==0'], 'http_req_failed{status:404}': ['rate==0'], http_req_failed: ['rate==0'],
  },
};
const found = http.expectedStatuses(404);
export default function () {
  http.post('http://shop/made');
  http.get('http://shop/gone', { responseCallback: found });
  http.get('http://shop/moved', { redirects: 0 });
  http.get('http://shop/search?q=shoes');
}
";
    let system = "[endpoints.made]
route = \"POST /made\"
answer = { status = 201 }
visits = [{ delay = \"10ms\" }]
[endpoints.gone]
route = \"GET /gone\"
failure = { status = 404 }
visits = [{ fail = 1.0, status = 500 }]
[endpoints.moved]
route = \"GET /moved\"
answer = { status = 302, headers = { Location = \"/made\" } }
visits = [{ delay = \"10ms\" }]
[endpoints.get_search]
route = \"GET /search\"
visits = [{ delay = \"10ms\" }]
";
    let folder = folder(&[("test.js", script), ("system.toml", system)]);
    let output = run(&folder, &[]);
    let shown = text(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{shown}{}",
        text(&output.stderr)
    );
}

/// A response tells the parts of its time where a network is modelled; the iteration that ends the test counts.
#[test]
fn responses_tell_the_parts_of_their_time() {
    let script = "import http from 'k6/http';
import exec from 'k6/execution';
export const options = { vus: 1, iterations: 9, thresholds: { http_req_duration: ['max<100'] } };
export default function () {
  const show = (r) => { const t = r.timings; console.log(t.blocked, t.connecting, t.waiting, t.duration); };
  show(http.get('http://shop/x'));
  show(http.get('http://shop/x'));
  http.batch(['http://shop/x']).forEach(show);
  exec.test.abort('enough');
}
";
    let system = "[network]
connecting = \"40ms\"
latency = \"5ms\"
[endpoints.x]
route = \"GET /x\"
visits = [{ delay = \"10ms\" }]
";
    let folder = folder(&[("test.js", script), ("system.toml", system)]);
    let output = run(&folder, &[]);
    let said = text(&output.stderr);
    let lines: Vec<&str> = said.lines().filter(|l| l.starts_with("INFO")).collect();
    assert_eq!(
        lines,
        ["INFO 40 40 20 20", "INFO 0 0 20 20", "INFO 40 40 20 20"],
        "{said}"
    );
    assert_eq!(output.status.code(), Some(108), "{said}");
    assert_eq!(metrics(&text(&output.stdout))["iterations"], 1.0);
}

/// A file that is sent leaves nothing behind that ends the test.
#[test]
fn files_can_be_sent() {
    let script = "import http from 'k6/http';
import { name } from './lib.js';
const bytes = open('./data.bin', 'b');
export const options = { scenarios: { two: { executor: 'per-vu-iterations', vus: 2, iterations: 3, exec: 'two' } } };
export function two() {
  const r = http.post('http://shop/x', { file: http.file(bytes, name), n: 'v' });
  console.log(r.request.body.includes('filename=\"data.bin\"'), http.post('http://shop/x', bytes).status);
}
export function teardown() { console.log('over'); }
";
    let system = "[endpoints.x]\nroute = \"POST /x\"\nvisits = [{ delay = \"10ms\" }]\n";
    let folder = folder(&[
        ("test.js", script),
        ("lib.js", "export const name = 'data.bin';\n"),
        ("data.bin", "\u{1}\u{2}"),
        ("system.toml", system),
    ]);
    let output = run(&folder, &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said, format!("{}INFO over\n", "INFO true 200\n".repeat(6)));
}

/// Two endpoints of one route, and bodies of endpoints that are not there, are told.
#[test]
fn systems_that_cannot_be_meant_are_refused() {
    let script = "import http from 'k6/http';
export default function () { http.get('http://shop/x/1'); }
";
    let delay = "visits = [{ delay = \"10ms\" }]\n";
    let one = format!("[endpoints.x]\nroute = \"GET /x/{{id}}\"\n{delay}");
    let two = format!("{one}[endpoints.y]\nroute = \"GET /x/{{other}}\"\n{delay}");
    let files = folder(&[("test.js", script), ("system.toml", &two)]);
    let output = run(&files, &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(104), "{said}");
    assert!(
        said.contains("the endpoints `x` and `y` have the same route"),
        "{said}"
    );
    let files = folder(&[
        ("test.js", script),
        ("system.toml", &one),
        ("answers.json", "{ \"x\": {}, \"z\": {} }"),
    ]);
    let answers = files.path().join("answers.json").display().to_string();
    let output = run(&files, &["--answers", &answers]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(104), "{said}");
    assert!(
        said.contains("answers.json: no endpoint is named `z`"),
        "{said}"
    );
}
