//! What a script makes of its summary.

use std::process::{Command, Output};

use super::support::{ONE_ENDPOINT, capsim, folder, text};

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
    let output = run_in(&folder);
    (folder, output)
}

/// Runs `test.js` of a folder in that folder.
fn run_in(folder: &tempfile::TempDir) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(["run", "test.js", "--system", "system.toml", "--quiet"])
        .current_dir(folder.path())
        .output()
        .unwrap()
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

/// As in k6, a file that cannot be written is told and changes no exit code; nothing that was read is overwritten.
#[test]
fn handle_summary_writes_over_nothing_that_was_read() {
    for (name, why) in [
        ("test.js", "test.js is the model, and would be lost"),
        (
            "system.toml",
            "system.toml is the system, and would be lost",
        ),
        ("../x.json", "is not below the folder"),
        ("/x.json", "is not below the folder"),
        ("missing/x.json", "handleSummary: missing/x.json: "),
    ] {
        let function = format!("return {{ '{name}': 'x', 'y.txt': 'y', stdout: 'out' }};");
        let (folder, output) = summarised(&function);
        let told =
            format!("ERRO failed to handle the end-of-test summary: could not write '{name}': ");
        let said = text(&output.stderr);
        assert!(said.contains(&told) && said.contains(why), "{name}: {said}");
        assert_eq!(output.status.code(), Some(99), "{name}");
        assert!(text(&output.stdout).contains("out"), "{name}");
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("y.txt"), "y", "{name}");
        assert!(read("test.js").len() > 1 && read("system.toml").len() > 1);
        assert!(!folder.path().join("missing").exists());
    }
}

/// A test that passes has passed, whatever becomes of its summary.
#[test]
fn a_summary_that_cannot_be_written_fails_no_test() {
    let script = "export const options = { iterations: 1 };
export default function () {}
export function handleSummary() { return { 'missing/x.json': 'x', 'test.js': 'x' }; }
";
    let folder = folder(&[("test.js", script), ("system.toml", ONE_ENDPOINT)]);
    let output = run_in(&folder);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("ERRO failed to handle").count(), 2, "{said}");
}
