//! Requests of a script at once, and what a script is told of its scenario.
#![cfg(feature = "scripts")]

use std::collections::BTreeMap;
use std::process::{Command, Output};

const SYSTEM: &str = "
[stations.server]
servers = 1
[waiting_room]
admit = { batch = 10, every = '1s' }
[endpoints.delay]
route = 'GET /delay/{ms}'
visits = [{ delay = '100ms' }]
[endpoints.long]
route = 'GET /long'
visits = [{ delay = '200ms' }]
[endpoints.token]
route = 'POST /token'
visits = [{ station = 'server', time = '10ms' }, { issue = 'token' }]
answer = { body = { token = '{token}' } }
[endpoints.work]
route = 'GET /work'
visits = [{ station = 'server', time = '50ms' }]
";

fn run(script: &str, more: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("test.js", script), ("system.toml", SYSTEM)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args([
            "run",
            "test.js",
            "--system",
            "system.toml",
            "--summary-mode",
            "legacy",
        ])
        .args(["--quiet", "--audit"])
        .args(more)
        .current_dir(folder.path())
        .output()
        .unwrap()
}

/// Lines of the log, and the first number of each metric.
fn told(script: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let output = run(script, &[]);
    let (out, said) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains(" 0 broken"), "{said}");
    let info = said.lines().filter_map(|l| l.strip_prefix("INFO "));
    let metrics = out.lines().filter_map(|line| {
        let (name, rest) = line.split_once("...: ")?;
        let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        Some((name.to_owned(), rest.split_whitespace().next()?.to_owned()))
    });
    (info.map(str::to_owned).collect(), metrics.collect())
}

/// What one iteration logs.
fn logged(options: &str, body: &str) -> Vec<String> {
    let script = format!(
        "import http from 'k6/http'; import {{ sleep }} from 'k6'; import exec from 'k6/execution';\n\
         export const options = {{ iterations: 1, {options} }};\nconst B = 'http://one.test';\n\
         const timed = (f) => {{ const t = Date.now(); f(); return Date.now() - t; }};\n\
         const many = (n, host = 'one.test') => Array.from({{ length: n }}, (_, i) => `http://${{host}}/delay/${{i}}`);\n\
         export default async function () {{ {body} }}"
    );
    told(&script).0
}

/// The numbers are those that k6 v2.2.0 gave for a server that answers after 100 ms (27 November 2026): twelve requests
/// to one host 200 ms, 25 to several 200 ms, seven with `batch: 3` 300 ms, twelve with `batchPerHost: 0` 100 ms.
#[test]
fn a_batch_has_as_many_requests_under_way_as_its_limits_let() {
    let body = "console.log(timed(() => http.batch(many(12))), timed(() => http.batch(many(6))),
        timed(() => http.batch([...many(6), ...many(6, 'two.test')])),
        timed(() => http.batch([...many(6), ...many(6, 'b.test'), ...many(6, 'c.test'), ...many(6, 'd.test'), ...many(1, 'e.test')])));";
    assert_eq!(logged("", body), ["200 100 100 200"]);
    assert_eq!(
        logged("batch: 3", "console.log(timed(() => http.batch(many(7))));"),
        ["300"]
    );
    assert_eq!(
        logged(
            "batchPerHost: 0",
            "console.log(timed(() => http.batch(many(12))));"
        ),
        ["100"]
    );
}

#[test]
fn responses_of_a_batch_stand_in_the_order_of_its_requests() {
    let body = "const r = http.batch([B + '/long', ['GET', B + '/delay/1'], { method: 'POST', url: B + '/token' }]);
        console.log(r.map((x) => x.url.slice(15)).join(), r.map((x) => x.timings.duration).join(), r[2].json('token'));
        const o = http.batch({ slow: B + '/long', quick: B + '/delay/2' });
        console.log(Object.keys(o).join(), o.slow.timings.duration, o.quick.timings.duration);
        const three = http.batch([B + '/work', B + '/work', B + '/work']);
        console.log(three.map((x) => x.timings.duration).join());";
    assert_eq!(
        logged("", body),
        [
            "/long,/delay/1,/token 200,100,10 token-1",
            "slow,quick 200 100",
            "50,100,150"
        ]
    );
}

#[test]
fn async_requests_are_under_way_at_once() {
    let body = "let t = Date.now();
        await Promise.all(many(12).map((u) => http.asyncRequest('GET', u)));
        console.log(Date.now() - t); t = Date.now();
        const first = http.asyncRequest('GET', B + '/long').then((r) => { console.log('long', Date.now() - t, r.timings.duration); return r; });
        const quick = await http.asyncRequest('GET', B + '/delay/1');
        console.log('quick', Date.now() - t, http.get(B + '/delay/2').timings.duration, Date.now() - t);
        await first; t = Date.now();
        const one = await Promise.race([http.asyncRequest('GET', B + '/long'), http.asyncRequest('GET', B + '/delay/3')]);
        console.log(one.url, Date.now() - t);
        const late = await http.asyncRequest('GET', B + '/long', null, { timeout: '50ms' });
        console.log(late.status, late.error_code, Date.now() - t);";
    assert_eq!(
        logged("", body),
        [
            "100",
            "quick 100 100 200",
            "long 200 200",
            "http://one.test/delay/3 100",
            "0 1050 150",
        ]
    );
}

/// Half of all VUs are told to stop while their requests are under way, and have no time for it.
#[test]
fn requests_under_way_are_left_to_the_system_when_their_vu_is_interrupted() {
    let script = "import http from 'k6/http';
export const options = { scenarios: { s: { executor: 'ramping-vus', startVUs: 10, gracefulRampDown: '0s', gracefulStop: '0s',
  stages: [{ duration: '1s', target: 10 }, { duration: '50ms', target: 5 }, { duration: '950ms', target: 5 }] } } };
export default function () { http.batch(Array.from({ length: 9 }, (_, i) => `http://one.test/delay/${i}`)); }";
    let (_, metrics) = told(script);
    let number = |name: &str| metrics[name].parse::<u64>().unwrap();
    // 200 ms for nine requests: six, then three. Ten VUs end at 1 s, five go on for a second.
    assert_eq!(number("iterations"), 10 * 5 + 5 * 4);
    assert!(
        number("http_reqs") >= 9 * number("iterations"),
        "{metrics:?}"
    );
}

#[test]
fn what_goes_on_at_once_is_the_same_on_every_run() {
    let script = "import http from 'k6/http'; import { sleep } from 'k6';
export const options = { vus: 20, duration: '20s' };
export default function () {
  http.batch(['http://one.test/work', 'http://one.test/delay/1', 'http://two.test/work']);
  sleep(Math.random());
}";
    let all = |threads| {
        let output = run(script, &[]);
        (output.stdout, output.stderr, threads)
    };
    let (a, b) = (all(0), all(0));
    assert_eq!(a, b);
}

#[test]
fn a_script_is_told_of_its_scenario() {
    let script = "import http from 'k6/http'; import { sleep } from 'k6'; import exec from 'k6/execution';
export const options = { scenarios: {
  one: { executor: 'constant-vus', vus: 1, duration: '2s', env: { WHO: 'one', N: '3' }, exec: 'first', tags: { team: 'a' } },
  two: { executor: 'shared-iterations', vus: 2, iterations: 4, startTime: '1s', exec: 'second', env: { WHO: 'two' } },
}, thresholds: { 'http_reqs{team:a}': ['count==2'], 'http_reqs{scenario:two}': ['count==4'] } };
const tell = () => console.log(exec.scenario.name, exec.scenario.executor, __ENV.WHO, __ENV.N,
  new Date(exec.scenario.startTime).toISOString().slice(17, 23), exec.scenario.progress.toFixed(2), exec.instance.vusActive, exec.instance.vusInitialized);
export function first() { tell(); http.get('http://one.test/delay/1'); sleep(0.9); }
export function second() { http.get('http://one.test/delay/1'); tell(); }";
    let (lines, _) = told(script);
    assert_eq!(
        lines,
        [
            "one constant-vus one 3 00.000 0.00 1 3",
            "one constant-vus one 3 00.000 0.50 1 3",
            "two shared-iterations two undefined 01.000 0.00 3 3",
            "two shared-iterations two undefined 01.000 0.25 3 3",
            "two shared-iterations two undefined 01.000 0.50 3 3",
            "two shared-iterations two undefined 01.000 0.75 2 3",
        ]
    );
}
