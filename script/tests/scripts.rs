//! Scripts of many idioms, and the guards against scripts that do not end.

#[allow(dead_code, reason = "each test file uses a part of the host")]
mod toy;

use capsim_script::{
    Answer, Call, Effect, Failure, Iteration, Script, ScriptVu, Settings, VuFactory,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/scripts")
        .join(name)
}

fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.js");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn lines(text: &str) -> Vec<String> {
    let (_folder, path) = written(text);
    toy::run(&path).log
}

/// What the log says after its level.
fn said(text: &str) -> Vec<String> {
    let lines = lines(text);
    lines
        .iter()
        .map(|l| l.split_once("msg=").unwrap().1.trim_matches('"').to_owned())
        .collect()
}

#[test]
fn calls_may_wait_in_every_place_of_the_language() {
    let outcome = toy::run(&script("language.js"));
    let line = |count| {
        format!(
            "level=info msg=\"200,200,200 1,2,3 a200c 200 200 201 200,200 200,200 client 200 200 200 200 \
             200 inner 200 1,2 200 true 2 2 4 {count} data 42 words object 430 true\""
        )
    };
    let mut got = outcome.log.clone();
    got.sort();
    assert_eq!(got, [1, 1, 2, 2].map(line));
    assert_eq!(outcome.metrics["hits"], (4, 4.0));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let (_folder, path) = written(
            "import {sleep} from 'k6'; export const options = {vus: 3, iterations: 9};
             export default function () { sleep(Math.random()); console.log(__VU, Math.random(), Date.now()); }",
        );
        let settings = Settings {
            seed,
            ..Settings::default()
        };
        toy::run_with(&path, settings).log
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn bundles_of_the_older_kind_of_module_run() {
    let outcome = toy::run(&script("bundle.js"));
    assert_eq!(outcome.log, ["level=info msg=\"201 t\""]);
}

#[test]
fn encodings_and_digests_are_those_of_k6() {
    let outcome = toy::run(&script("encoding.js"));
    assert_eq!(
        outcome.log,
        [
            "level=info msg=\"aGVsbG8= YT8- hello\"",
            "level=info msg=\"5d41402abc4b2a76b9719d911017c592 aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\"",
            "level=info msg=\"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ= \
             5031fe3d989c6d1537a013fa6e739da23463fdaec3b70137d828e36ace221bd0\"",
            "level=info msg=\"9b71d224bd62f378 4 2\"",
            "level=info msg=\"2026-01-02T03:04:00.000Z 3 Thu Jan 01 1970 00:00:00 GMT+0000 (UTC)\"",
        ]
    );
}

#[test]
fn modules_of_jslib_that_everybody_uses_are_there() {
    let outcome = toy::run(&script("jslib.js"));
    assert_eq!(
        outcome.log,
        [
            "level=info msg=\"true 7 5 36 c\"",
            "level=info msg=\"2 b, c 30 a,b\\r\\n1,\\\"x,y\\\"\"",
        ]
    );
}

#[test]
fn an_endless_loop_ends_the_test() {
    let (_folder, path) = written(
        "export const options = {iterations: 1};
         export default function () { try { for (;;) {} } catch (e) { console.log('caught'); } finally { console.log('finally'); } }",
    );
    let settings = Settings {
        budget: 50,
        ..Settings::default()
    };
    let outcome = toy::run_with(&path, settings.clone());
    assert_eq!(outcome.exit_code, 108);
    assert!(
        outcome.log[0].contains("an endless loop?"),
        "{:?}",
        outcome.log
    );
    assert_eq!(outcome.log.len(), 1);
    // In the init code, too.
    let (_folder, path) = written("for (;;) {}");
    let Err(Failure::Endless(text)) = Script::load(&path, settings).map(|_| ()) else {
        panic!("it ended");
    };
    assert!(text.contains("500,000 steps"), "{text}");
}

#[test]
fn endless_recursion_is_an_error_that_a_script_can_catch() {
    let said = said(
        "let depth = 0; const f = () => { depth++; return f() + 1; };
         export default function () { try { f(); } catch (e) { console.log(e.name, depth > 100); } }",
    );
    assert_eq!(said, ["RangeError true"]);
}

#[test]
fn too_much_memory_is_an_error_of_the_script() {
    let (_folder, path) = written(
        "export default function () { const all = []; for (;;) all.push(new Array(100000).fill('x' + all.length)); }",
    );
    let settings = Settings {
        memory: 32 << 20,
        ..Settings::default()
    };
    let outcome = toy::run_with(&path, settings);
    assert!(
        outcome.log[0].contains("out of memory"),
        "{:?}",
        outcome.log
    );
    assert_eq!(outcome.exit_code, 0);
}

#[test]
fn errors_name_file_line_and_column() {
    for (text, parts) in [
        (
            "let a = 1;\nlet b = ;\n",
            vec!["SyntaxError", "test.js:2:9"],
        ),
        (
            "export default function () {}\nfoo();",
            vec!["ReferenceError", "foo", "test.js:2:1"],
        ),
        (
            "import x from 'https://jslib.example/x.js';",
            vec!["is not downloaded"],
        ),
        (
            "import { browser } from 'k6/browser';",
            vec!["k6/browser", "use k6/http"],
        ),
        (
            "import x from '../x.js';",
            vec!["outside the script's folder"],
        ),
        (
            "import x from './missing.js';",
            vec!["missing.js", "cannot be read"],
        ),
        (
            "import http from 'k6/http'; http.get('http://a/');",
            vec!["init context"],
        ),
        ("open('../x');", vec!["outside"]),
    ] {
        let lines = lines(text);
        for part in parts {
            assert!(lines[0].contains(part), "{text}: {lines:?}");
        }
    }
}

#[test]
fn an_interrupted_call_sees_nothing_and_the_vu_goes_on() {
    let (_folder, path) = written(
        "import {sleep} from 'k6'; let seen = '';
         export default function () { try { sleep(10); } catch (e) { seen += 'c'; } finally { seen += 'f'; } seen += 'd'; }
         export function tell() { console.log('seen', seen); }",
    );
    let script = Script::load(&path, Settings::default()).unwrap();
    let mut vu = ScriptVu::new(&script, 1);
    let call = |exec: &str| {
        let iteration = Iteration {
            exec: exec.into(),
            vu: 1,
            ..Iteration::default()
        };
        Answer::Run(Box::new(Call::Iteration(iteration)))
    };
    let second = Duration::from_secs(1);
    assert!(matches!(
        vu.resume(Answer::Go, Duration::ZERO),
        Effect::Ready
    ));
    assert!(matches!(
        vu.resume(call("default"), Duration::ZERO),
        Effect::Sleep(_)
    ));
    let Effect::Done(end) = vu.resume(Answer::Stop, second) else {
        panic!("it goes on");
    };
    assert_eq!(end.failure, Some(Failure::Stopped));
    let Effect::Log(line) = vu.resume(call("tell"), second) else {
        panic!("no line");
    };
    assert_eq!(line.text, "seen ");
    assert!(matches!(vu.resume(Answer::Go, second), Effect::Done(_)));
    // One that is dropped in the middle of a call frees all it holds.
    assert!(matches!(
        vu.resume(call("default"), second),
        Effect::Sleep(_)
    ));
    drop(vu);
}

#[test]
fn a_thousand_vus_can_wait_at_once() {
    let (_folder, path) = written(
        "import http from 'k6/http'; import {sleep} from 'k6'; export const options = {vus: 300, iterations: 300};
         export default function () { http.get('http://127.0.0.1:8080/delay/5'); sleep(1); }",
    );
    let outcome = toy::run(&path);
    assert_eq!(outcome.metrics["iterations"], (300, 300.0));
}

#[test]
fn promises_end_as_in_k6() {
    let said = said(
        "export const options = {iterations: 2};
         export default async function () {
           if (__ITER === 0) throw new Error('async');
           Promise.reject(new Error('nobody'));
           setTimeout(() => console.log('late'), 1000);
         }",
    );
    assert!(
        said[0].starts_with("Uncaught (in promise) Error: async"),
        "{said:?}"
    );
    assert_eq!(said[1], "late");
    assert!(
        said[2].starts_with("Uncaught (in promise) Error: nobody"),
        "{said:?}"
    );
}

/// Scripts that use the language in one way each, with a common beginning.
fn idioms() -> Vec<(String, String)> {
    let sections = include_str!("idioms.js").split("//// ").skip(1);
    let whole = |section: &str| {
        let (name, text) = section.split_once('\n').unwrap();
        let options = if text.contains("options") {
            ""
        } else {
            "export const options = { vus: 3, iterations: 7 };\n"
        };
        let begin = "import http from 'k6/http'; import { sleep, check, group } from 'k6';\n\
            const B = 'http://127.0.0.1:8080';\n\
            const get = (ms = 10) => http.get(`${B}/delay/${ms + __VU}`).status;\n";
        (name.to_owned(), format!("{begin}{options}{text}"))
    };
    sections.map(whole).collect()
}

/// Writes a script beside the modules that it may import.
fn beside_lib(text: &str) -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = written(text);
    let lib = folder.path().join("lib");
    std::fs::create_dir(&lib).unwrap();
    for entry in std::fs::read_dir(script("lib")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), lib.join(entry.file_name())).unwrap();
    }
    (folder, path)
}

#[test]
fn vus_that_share_an_engine_do_what_they_do_in_engines_of_their_own() {
    let idioms = idioms();
    assert!(idioms.len() >= 50);
    for (name, text) in idioms {
        let (_folder, path) = beside_lib(&text);
        let run = |isolate| {
            let settings = Settings {
                isolate,
                ..Settings::default()
            };
            toy::run_with(&path, settings)
        };
        let (shared, own) = (run(false), run(true));
        assert_eq!(shared.alone, None, "{name}");
        assert_eq!(shared.interference, None, "{name}");
        assert!(own.alone.is_some(), "{name}");
        assert!(shared.trace.len() > 10, "{name}: {:?}", shared.trace);
        for (at, (a, b)) in shared.trace.iter().zip(&own.trace).enumerate() {
            assert_eq!(a, b, "{name}: effect {at}");
        }
        assert_eq!(shared.trace.len(), own.trace.len(), "{name}");
        assert_eq!(shared.log, own.log, "{name}");
        assert_eq!(shared.exit_code, own.exit_code, "{name}");
    }
}

/// Rust makes the usual requests and responses, the JavaScript side the others; it can make all of them.
#[test]
fn the_quick_way_of_a_request_is_no_other_way() {
    let mut scripts = idioms();
    scripts.retain(|(_, text)| text.contains("vus: 3, iterations: 7"));
    assert!(scripts.len() >= 50);
    let own = "userAgent: 'own', discardResponseBodies: true, maxRedirects: 2, batchPerHost: 2";
    let scenario = "scenarios: { s: { executor: 'per-vu-iterations', vus: 2, iterations: 3, env: { A: 'b' }, tags: { c: 'd' } } }";
    for (name, text, options) in [
        ("responses", include_str!("responses.js"), ""),
        ("calls", include_str!("calls.js"), ""),
        ("calls with options", include_str!("calls.js"), own),
        ("calls of a scenario", include_str!("calls.js"), scenario),
    ] {
        let size = if options == scenario {
            ""
        } else {
            "vus: 3, iterations: 7,"
        };
        let first = format!("export const options = {{ {size} {options} }};\n");
        scripts.push((name.to_owned(), first + text));
    }
    for (name, text) in scripts {
        let [quick, long] = [true, false].map(|shortcuts| {
            let (_folder, path) = beside_lib(&text);
            let settings = Settings {
                shortcuts,
                ..Settings::default()
            };
            toy::run_with(&path, settings)
        });
        for (at, (a, b)) in quick.trace.iter().zip(&long.trace).enumerate() {
            assert_eq!(a, b, "{name}: effect {at}");
        }
        assert_eq!(quick.trace.len(), long.trace.len(), "{name}");
        assert_eq!(quick.log, long.log, "{name}");
    }
}

#[test]
fn scripts_that_change_what_all_vus_see_are_found() {
    for (text, what) in [
        ("globalThis.count = 0;", "globalThis.count"),
        (
            "Array.prototype.last = function () {};",
            "Array.prototype.last",
        ),
        (
            "Object.defineProperty(String.prototype, 'x', { value: 1 });",
            "String.prototype.x",
        ),
        (
            "import http from 'k6/http'; http.get = () => ({ status: 200 });",
            "k6/http.get",
        ),
        ("Error.stackTraceLimit = 3;", "Error.stackTraceLimit"),
        ("Object.freeze(Math);", "Math"),
        ("console.log = () => {};", "console.log"),
        (
            "Object.setPrototypeOf(Map.prototype, null);",
            "Map.prototype",
        ),
        ("const x = import.meta;", "import.meta"),
    ] {
        // In the init code: known before any VU is there.
        let (_folder, path) = written(&format!("{text} export default function () {{}}"));
        let script = Script::load(&path, Settings::default()).unwrap();
        let alone = VuFactory::new(&script)
            .alone()
            .unwrap_or_default()
            .to_owned();
        assert!(alone.contains(what), "{text}: {alone}");
        let Some((_, call)) = text.split_once(';').filter(|_| !text.contains("import")) else {
            continue;
        };
        assert!(call.is_empty());
        // In a call: known afterwards.
        let (_folder, path) = written(&format!("export default function () {{ {text} }}"));
        let outcome = toy::run(&path);
        assert_eq!(outcome.alone, None, "{text}");
        let found = outcome.interference.unwrap_or_default();
        assert!(found.contains(what), "{text}: {found}");
    }
}

/// What a call that waits has on the stack lies elsewhere meanwhile: closures find their variables there.
#[test]
fn closures_find_the_variables_of_a_call_that_waits() {
    let text = r"
import { group, sleep } from 'k6';
export const options = { scenarios: {
  first: { executor: 'per-vu-iterations', vus: 1, iterations: 1, exec: 'first' },
  second: { executor: 'per-vu-iterations', vus: 1, iterations: 1, exec: 'second', startTime: '1s' },
} };
export function first() {
  let sum = 1;
  const seen = [];
  const wait = (argument, seconds) => {
    let inner = 0;
    globalThis.add = (by) => { seen.push(by); sum += by; argument += by; inner += by; return [sum, argument, inner]; };
    group('waits', () => { sleep(seconds); inner += 0.5; });
    return [argument, inner];
  };
  const [argument, inner] = wait(10, 4);
  sleep(3);
  console.log('first', sum, seen.join(), argument, inner);
}
export function second() {
  const deep = (n) => { let own = n; const read = () => own; if (n > 0) { return deep(n - 1) + read(); } sleep(1); return own; };
  console.log('second', globalThis.add(2).join(), deep(300), globalThis.add(3).join());
  sleep(1);
  console.log('third', globalThis.add(4).join());
  sleep(2);
  console.log('closed', globalThis.add(5).join());
  globalThis.add = undefined;
}
";
    let said = said(text);
    // The frame of `wait` is over after four seconds, that of `first` after seven.
    let expected = [
        "second 3,12,2 45150 6,15,5",
        "third 10,19,9",
        "closed 15,24,14.5",
        "first 15 2,3,4,5 19 9.5",
    ];
    assert_eq!(said, expected);
}

/// Times that are no whole nanoseconds, as `Math.random()` gives them, come all the same.
#[test]
fn waits_of_any_length_come_to_an_end() {
    let text = r"
import http from 'k6/http';
import { sleep } from 'k6';
export const options = { vus: 2, iterations: 40 };
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default async function () {
  const request = http.asyncRequest('GET', 'http://127.0.0.1:8080/delay/1');
  for (let i = 0; i < 20; i++) sleep(Math.random() / 100);
  for (let i = 0; i < 20; i++) await wait(Math.random() * 10);
  let left = 10;
  await new Promise((resolve) => { const id = setInterval(() => { if (--left === 0) { clearInterval(id); resolve(); } }, 1 + Math.random()); });
  console.log((await request).status);
}
";
    assert_eq!(said(text), vec!["200"; 40]);
}

#[test]
fn less_used_parts_of_jslib_and_k6_are_there() {
    let text = r"
import exec from 'k6/execution';
import { check, getCurrentStageIndex } from 'https://jslib.k6.io/k6-utils/1.5.0/index.js';
import { Httpx } from 'https://jslib.k6.io/httpx/0.1.0/index.js';
import chai, { expect } from 'https://jslib.k6.io/k6chaijs/4.3.4.3/index.js';
import tempo from 'https://jslib.k6.io/http-instrumentation-tempo/1.0.0/index.js';
import { parseHTML } from 'k6/html';
chai.config.truncateVariableThreshold = 20;
tempo.instrumentHTTP({ propagator: 'w3c' });
export const options = { stages: [{ duration: '1s', target: 1 }], userAgent: 'me' };
const session = new Httpx({ baseURL: 'http://127.0.0.1:8080' });
const later = (x) => new Promise((resolve) => setTimeout(() => resolve(x), 100));
export default async function () {
  const { scenarios, paused, userAgent, stages } = exec.test.options;
  console.log(scenarios.default.executor, scenarios.default.stages[0].target, paused, userAgent, stages.length, getCurrentStageIndex());
  console.log(check(1, { now: (x) => x === 1, never: 0 }), await check(2, { soon: async (x) => (await later(x)) === 2, too: later(true) }));
  console.log(session.options('/delay/1').status, (await session.asyncGet('/delay/1')).status, (await session.asyncPost('/delay/1', 'x')).status);
  expect([1, 2]).to.have.ordered.members([1, 2]).but.not.have.ordered.members([2, 1]);
  expect('foo').to.have.lengthOf.at.least(2);
  expect('foo').to.have.lengthOf(3);
  const page = parseHTML('<dl><dt id=a></dt><dd></dd><dd></dd><dt id=b></dt><dd></dd></dl>');
  console.log(page.find('#a').nextUntil('dt').size(), page.find('#b').prevUntil('#a', 'dd').size(), page.find('#b').parentsUntil('body').size());
  console.log(`${exec.vu.metrics.tags}`);
  try { crypto.subtle.digest('SHA-256', new Uint8Array()); } catch (e) { console.log(e.message.slice(0, 30)); }
  exec.test.abort('seen');
}
";
    let said = said(text);
    let expected = [
        "ramping-vus 1 null me 1 0",
        "false true",
        "200 200 200",
        "2 2 1",
        "[object Object]",
        "crypto.subtle is not simulated",
    ];
    assert_eq!(said[..expected.len()], expected);
}
