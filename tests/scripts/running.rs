//! k6 scripts against simulated systems: `capsim run SCRIPT --system FILE`.

use std::collections::BTreeMap;
use std::process::Command;

use super::support::{ONE_ENDPOINT, capsim, folder, logged, metrics, passes, root, run, text};

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

/// A limit's `retry_after` is a header of the refusal, in whole seconds, and `{wait}` of its answer; of no other answer.
#[test]
fn refusals_tell_when_to_come_again() {
    let script = "
import http from 'k6/http';
import { sleep } from 'k6';
export const options = { iterations: 1 };
const told = (r) => [r.status, r.headers['Retry-After'], r.body].join(' ');
const get = (path) => console.log(told(http.get('http://shop.test/' + path)));
export default function () {
  get('a'); get('a'); get('b');
  sleep(2.5); get('a');
  sleep(1); get('a'); get('fixed'); get('a'); get('full');
  http.batch(['a', 'own', 'free'].map((path) => 'http://shop.test/' + path)).forEach((r) => console.log(told(r)));
}
";
    let limited = "limit = 'slow'\nvisits = [{ delay = '1ms' }]\nanswer = { text = 'ok' }\n";
    let system = format!(
        "[limits.slow]\nrate = 1\nper = '3s'\nburst = 1\nretry_after = true
[limits.fixed]\nrate = 1\nper = '1h'\nburst = 1\nretry_after = '1500ms'
[limits.none]\nrate = 1\nper = '1h'\nburst = 1
[endpoints.a]\nroute = 'GET /a'\n{limited}
[endpoints.b]\nroute = 'GET /b'\n{limited}failure = {{ body = {{ wait = '{{wait}}' }} }}
[endpoints.own]\nroute = 'GET /own'\n{limited}failure = {{ headers = {{ retry-after = 'in {{wait}}' }}, text = '' }}
[endpoints.free]\nroute = 'GET /free'\nvisits = [{{ delay = '1ms' }}]\nanswer = {{ text = 'ok' }}
[endpoints.fixed]\nroute = 'GET /fixed'\nlimit = ['fixed', 'slow']\nvisits = [{{ delay = '1ms' }}]\nanswer = {{ text = 'ok' }}
[endpoints.full]\nroute = 'GET /full'\nlimit = 'none'\nvisits = [{{ fail = 1.0, status = 503 }}]\nfailure = {{ text = '{{wait}}' }}
"
    );
    for network in ["", "[network]\nlatency = '5ms'\n"] {
        let folder = folder(&[
            ("test.js", script),
            ("system.toml", &format!("{system}{network}")),
        ]);
        let output = run(&folder, &["--audit"]);
        assert_eq!(
            logged(&output),
            [
                "200  ok",
                "429 3 {}",
                "429 3 {\"wait\":3}",
                "429 1 {}",
                "200  ok",
                "429 3 {}",
                "429 3 {}",
                "503  0",
                "429 3 {}",
                "429 in 3 ",
                "200  ok",
            ],
            "{}",
            text(&output.stderr)
        );
    }
}

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
    let lines = logged(&output);
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
        "{}",
        text(&output.stderr)
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
    let lines = logged(&output);
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
        "{}",
        text(&output.stderr)
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
        ("system.toml", ONE_ENDPOINT),
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

/// That most iterations ended early is told.
#[test]
fn iterations_that_threw_are_counted() {
    let script = |when: &str| {
        format!(
            "import http from 'k6/http';
export const options = {{ iterations: 10 }};
export default function () {{ http.get('http://shop/x'); if ({when}) throw new Error('no'); }}
"
        )
    };
    let said = |when: &str| {
        let folder = folder(&[("test.js", &script(when)), ("system.toml", ONE_ENDPOINT)]);
        let output = run(&folder, &[]);
        assert_eq!(output.status.code(), Some(0));
        text(&output.stderr)
    };
    let most = said("__ITER > 2");
    assert!(
        most.contains("WARN 7 of 10 iterations ended by an exception\n  help: "),
        "{most}"
    );
    assert!(!said("__ITER > 5").contains("WARN"));
}

/// VUs of scenarios that do not overlap have the same numbers, as in k6; their random numbers are their own.
#[test]
fn scenarios_one_after_another_have_the_same_vus() {
    let script = "import http from 'k6/http';
const one = (startTime, vus) => ({ executor: 'per-vu-iterations', vus, startTime, maxDuration: '2s', gracefulStop: '1s' });
export const options = { scenarios: { warm: one('0s', 2), main: one('5s', 3), beside: one('6s', 1) } };
export default function () { http.get('http://shop/x'); console.log(__VU, Math.random()); }
";
    let folder = folder(&[("test.js", script), ("system.toml", ONE_ENDPOINT)]);
    let said = text(&run(&folder, &[]).stderr);
    let (vus, drawn): (Vec<&str>, Vec<&str>) = said
        .lines()
        .filter_map(|line| line.strip_prefix("INFO ")?.split_once(' '))
        .unzip();
    assert_eq!(vus, ["1", "2", "1", "2", "3", "4"], "{said}");
    let apart: std::collections::BTreeSet<&str> = drawn.iter().copied().collect();
    assert_eq!(apart.len(), 6, "{said}");
}

/// A `setup` that wants other answers than those that are made up does not keep `stub` from writing a system.
#[test]
fn a_stub_says_what_did_not_come_to_its_end() {
    let script = "import http from 'k6/http';
export const options = { vus: 10, iterations: 10 };
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

/// Of endpoints with one route a request reaches that of its tag `name`: `stub` writes such systems.
#[test]
fn endpoints_of_one_route_are_told_apart_by_name() {
    let script = "import http from 'k6/http';
export const options = { iterations: 3, thresholds: { 'http_req_duration{name:A}': ['max<15'],
  'http_req_duration{name:B}': ['min>15'] } };
export default function () {
  for (const name of ['A', 'B', 'A']) http.post('http://shop/graphql', name, { tags: { name } });
}
";
    let files = folder(&[("test.js", script)]);
    let path = |name: &str| files.path().join(name);
    let stub = capsim(&["stub", path("test.js").to_str().unwrap()]);
    let stub = text(&stub.stdout);
    let times = stub.replacen("{ exponential = \"10ms\" }", "\"10ms\"", 1);
    let times = times.replacen("{ exponential = \"10ms\" }", "\"20ms\"", 1);
    std::fs::write(path("system.toml"), times).unwrap();
    let shown = passes(&files, &[]);
    assert!(
        shown.contains("{ name:A }") && shown.contains("{ name:B }"),
        "{shown}"
    );
}

/// Two endpoints of one route of which one is not reached, and bodies of endpoints that are not there, are told.
#[test]
fn systems_that_cannot_be_meant_are_told() {
    let script = "import http from 'k6/http';
export default function () { http.get('http://shop/x/1'); }
";
    let delay = "visits = [{ delay = \"10ms\" }]\n";
    let one = format!("[endpoints.x]\nroute = \"GET /x/{{id}}\"\n{delay}");
    let two = format!("{one}[endpoints.y]\nroute = \"GET /x/{{other}}\"\n{delay}");
    let files = folder(&[("test.js", script), ("system.toml", &two)]);
    let output = run(&files, &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("WARN the endpoints `x` and `y` have the same route: `y` is reached by"),
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
