//! Options of k6 scripts, and the tags and numbers of their samples.

use super::support::{ONE_ENDPOINT, capsim, folder, metrics, passes, run, text};

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
    let folder = folder(&[("test.js", script), ("system.toml", ONE_ENDPOINT)]);
    let shown = passes(&folder, &["--seed", "1"]);
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
    passes(&folder, &[]);
}

/// What is wrong with a script's options is not said to be in the file of the system.
#[test]
fn errors_of_options_name_the_script() {
    let script = "import http from 'k6/http';
export const options = { thresholds: { http_req_failed: ['avg<1'] } };
export default function () { http.get('http://shop/x'); }
";
    let folder = folder(&[("test.js", script), ("system.toml", ONE_ENDPOINT)]);
    let output = run(&folder, &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(104), "{said}");
    assert!(said.contains("the options of "), "{said}");
    assert!(said.contains("test.js, as a model:"), "{said}");
    assert!(!said.contains("system.toml"), "{said}");
}

/// The option `rps` holds requests back; the wait is no part of their times. Unknown options are told as by k6.
#[test]
fn options_that_change_the_test_do_so_or_are_told() {
    let run_with = |options: &str| {
        let script = format!(
            "import http from 'k6/http';
console.log('init');
export function setup() {{ http.get('http://shop/x'); }}
export const options = {{ vus: 5, iterations: 20, {options} }};
export default function () {{ http.get('http://shop/x'); http.asyncRequest('GET', 'http://shop/x'); }}
"
        );
        let folder = folder(&[("test.js", &script), ("system.toml", ONE_ENDPOINT)]);
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
        let folder = folder(&[("test.js", &script), ("system.toml", ONE_ENDPOINT)]);
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
    let ends = |options: &str| {
        let script = format!(
            "import http from 'k6/http';
export const options = {{ {options} }};
export default function () {{ http.get('http://shop/x'); }}
"
        );
        let folder = folder(&[("test.js", &script), ("system.toml", ONE_ENDPOINT)]);
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
        // An empty list is a list (`DeriveScenariosFromShortcuts`, k6 v2.2.0).
        ("vus: 2, stages: []", 1.0),
        ("vus: 2", 2.0),
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

/// What k6 cannot decode is refused, with the file and the option; whole numbers may be texts, and `null` is nothing.
#[test]
fn options_of_a_wrong_type_are_refused() {
    let ends = |exported: &str| {
        let script = format!(
            "import http from 'k6/http';
{exported};
export default function () {{ http.get('http://shop/x'); }}
"
        );
        let folder = folder(&[("test.js", &script), ("system.toml", ONE_ENDPOINT)]);
        let output = run(&folder, &["--quiet"]);
        let imported = capsim(&["import", folder.path().join("test.js").to_str().unwrap()]);
        assert_eq!(output.status.code(), imported.status.code(), "{exported}");
        (output.status.code(), text(&output.stderr))
    };
    for (exported, why) in [
        (
            "export const options = { discardResponseBodies: 'false' }",
            "the option `discardResponseBodies` must be `true` or `false`, not the text \"false\"",
        ),
        (
            "export const options = { tags: { a: 1 } }",
            "the option `tags.a` must be a text, not the number 1",
        ),
        (
            "export const options = { scenarios: { s: { executor: 'shared-iterations', env: { N: 1 } } } }",
            "the option `scenarios.s.env.N` must be a text, not the number 1",
        ),
        (
            "export const options = { stages: [{ duration: '1s', target: NaN }] }",
            "error parsing script options: stages.0.target is NaN, which is no number",
        ),
        (
            "export const options = () => ({})",
            "error parsing script options: options is a function",
        ),
        (
            "export const options = 5",
            "the exported `options` must be an object, not the number 5",
        ),
        (
            "export const options = [1]",
            "the exported `options` must be an object, not a list",
        ),
        (
            "export const setup = 5",
            "exported 'setup' must be a function",
        ),
        (
            "export let teardown",
            "exported 'teardown' must be a function",
        ),
    ] {
        let (code, said) = ends(exported);
        assert_eq!(code, Some(104), "{exported}: {said}");
        assert!(
            said.contains("test.js: ") && said.contains(why),
            "{exported}: {said}"
        );
    }
    for exported in [
        "export const options = null",
        "export let options",
        "export const options = { rps: '5', batch: '', throw: null, maxRedirects: '0', iterations: 2n }",
    ] {
        let (code, said) = ends(exported);
        assert_eq!((code, said.as_str()), (Some(0), ""), "{exported}");
    }
}

/// What is wrong with a script is told in its own words, and where it is.
#[test]
fn errors_are_in_the_words_of_the_script() {
    let ends = |script: &str| {
        let files = [
            ("test.js", script),
            (
                "lib.js",
                "import { x } from './gone.js'; export const y = x;",
            ),
            ("system.toml", ONE_ENDPOINT),
        ];
        let output = run(&folder(&files), &["--quiet"]);
        (output.status.code(), text(&output.stderr))
    };
    let default = "export default function () { work(); }";
    for (script, code, why) in [
        (
            format!(
                "import http from 'k6/http'; const work = () => http.get('http://shop/x');
export const options = {{ scenarios: {{ s: {{ executor: 'constant-vus', vus: 1, duration: '1s', maxVUs: 3 }} }} }};
{default}"
            ),
            104,
            "test.js: scenario `s`: json: unknown field \"maxVUs\"\n  help: constant-vus has vus, duration\n",
        ),
        (
            format!(
                "import {{ sleep }} from 'k6'; const work = () => {{}};
export const options = {{ setupTimeout: '1s' }}; export function setup() {{ sleep(2); }}
{default}"
            ),
            100,
            "setup took longer than its timeout; raise `setupTimeout` in the script's options, or it in [setup]\n",
        ),
        (
            format!("import {{ y }} from './lib.js'; const work = () => y;\n{default}"),
            107,
            "the file 'gone.js' cannot be read: No such file or directory (os error 2) (imported by 'lib.js')",
        ),
        (
            format!("const work = () => {{\n  for (;;);\n}};\n{default}"),
            104,
            "an endless loop? at work (test.js:",
        ),
    ] {
        let (ended, said) = ends(&script);
        assert!(said.contains(why), "{said}");
        assert_eq!(ended, Some(code), "{said}");
    }
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
    passes(&folder, &[]);
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

/// Options of the command line tell the load, over the script and the variables of the shell, as in k6.
#[test]
fn the_command_line_tells_the_load() {
    let script = "import http from 'k6/http';
export const options = { scenarios: { a: { executor: 'shared-iterations', iterations: 50 } } };
export default function () { http.get('http://shop/x'); }
";
    let folder = folder(&[("test.js", script), ("system.toml", ONE_ENDPOINT)]);
    let counted = |more: &[&str]| metrics(&passes(&folder, more))["iterations"];
    assert_eq!(counted(&["--iterations", "7", "--vus", "2"]), 7.0);
    assert_eq!(counted(&["--vus", "3"]), 3.0);
    assert_eq!(counted(&["--vus", "2", "--duration", "1s"]), 200.0);
    assert!(counted(&["--stage", "1s:1", "--stage", "1s:0"]) > 50.0);
    let wrong = run(&folder, &["--vus", "many"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("error: --vus many\n  help: give a whole number"));
    // The load of a system file stands.
    let load = "[scenarios.a]\nexecutor = \"shared-iterations\"\njourney = \"default\"\n\
                [journeys]\ndefault = [{ request = \"x\" }]\n";
    let system = format!("{load}{ONE_ENDPOINT}");
    std::fs::write(folder.path().join("system.toml"), system).unwrap();
    let given = run(&folder, &["--vus", "3"]);
    assert_eq!(given.status.code(), Some(2));
    assert!(text(&given.stderr).contains("--vus goes with the load of a script"));
}

/// Scripts that look at all of `__ENV` see the shell's variables; `-e` stands over them.
#[test]
fn the_variables_of_the_shell_are_listed() {
    let script = "export default function () {
  const own = Object.entries(__ENV).filter(([key]) => key.startsWith('SHOP_'));
  console.log(own.sort().join(' '));
  __ENV.SHOP_D = __ITER;
}";
    let folder = folder(&[("test.js", script), ("system.toml", ONE_ENDPOINT)]);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_capsim"))
        .current_dir(folder.path())
        .args(["run", "test.js", "--system", "system.toml"])
        .args(["-e", "SHOP_B=2", "-e", "SHOP_C=3"])
        .envs([("SHOP_A", "1"), ("SHOP_B", "1"), ("K6_ITERATIONS", "2")])
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(said.contains("SHOP_A,1 SHOP_B,2 SHOP_C,3\n"), "{said}");
    assert!(said.contains("SHOP_C,3 SHOP_D,0\n"), "{said}");
}

/// The shell's variables are in `__ENV`, those named `K6_…` stand over the script's options, and `-e` over both.
#[test]
fn the_shell_sets_variables_and_options_as_in_k6() {
    let script = "import http from 'k6/http';
export const options = {
  thresholds: { http_reqs: ['count>0'] },
  scenarios: { a: { executor: 'shared-iterations', iterations: 50 } },
};
console.log(`${__ENV.SHOP} ${__ENV.COLOUR} ${__ENV['SHOP'] !== undefined}`);
export default function () { http.get(`http://${__ENV.SHOP}/x`); }
";
    let folder = folder(&[("test.js", script), ("system.toml", ONE_ENDPOINT)]);
    let (test, system) = (
        folder.path().join("test.js"),
        folder.path().join("system.toml"),
    );
    let shell = |variables: &[(&str, &str)], more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_capsim"));
        command.arg("run").arg(&test).arg("--system").arg(&system);
        for (name, value) in variables {
            command.env(name, value);
        }
        command.args(more).output().unwrap()
    };
    let iterations = |output: &std::process::Output| {
        let shown = text(&output.stdout);
        let line = shown
            .lines()
            .find(|line| line.contains("iterations."))
            .unwrap_or_default();
        let count = line
            .split_once(": ")
            .map(|(_, count)| count.split(' ').next());
        count.flatten().map(str::to_owned)
    };
    let own = shell(&[("SHOP", "a"), ("COLOUR", "red")], &["-e", "COLOUR=blue"]);
    assert_eq!(
        iterations(&own).as_deref(),
        Some("50"),
        "{}",
        text(&own.stderr)
    );
    assert!(
        text(&own.stderr).contains("a blue true"),
        "{}",
        text(&own.stderr)
    );
    let without = shell(&[("SHOP", "a")], &["--include-system-env-vars=false"]);
    let said = text(&without.stderr);
    assert!(said.contains("undefined undefined false"), "{said}");
    // What tells the load takes the place of all that does.
    let set = shell(
        &[
            ("SHOP", "a"),
            ("K6_ITERATIONS", "7"),
            ("K6_NO_THRESHOLDS", "true"),
        ],
        &[],
    );
    assert_eq!(
        iterations(&set).as_deref(),
        Some("7"),
        "{}",
        text(&set.stderr)
    );
    assert!(
        !text(&set.stdout).contains("count>0"),
        "{}",
        text(&set.stdout)
    );
    let wrong = shell(&[("K6_VUS", "many")], &[]);
    assert_eq!(wrong.status.code(), Some(104));
    assert!(wrong.stdout.is_empty() && text(&wrong.stderr).contains("K6_VUS is `many`"));
}

/// `summaryTimeUnit` of a script is the unit of all times in its summary.
#[test]
fn a_script_says_the_unit_of_times() {
    let script = "import http from 'k6/http';
export const options = { iterations: 3, summaryTimeUnit: 'us' };
export default function () { http.get('http://shop/x'); }
";
    let folder = folder(&[("test.js", script), ("system.toml", ONE_ENDPOINT)]);
    let shown = passes(&folder, &[]);
    assert!(shown.contains("avg=10000.00µs"), "{shown}");
    let seconds = passes(&folder, &["--summary-time-unit", "s"]);
    assert!(seconds.contains("avg=0.01s"), "{seconds}");
    let imported = capsim(&["import", folder.path().join("test.js").to_str().unwrap()]);
    assert!(text(&imported.stdout).contains("summary_time_unit = \"us\""));
}

/// What a script says of the summary holds beside a section `[model]` of the system, unless that says otherwise.
#[test]
fn a_system_with_a_section_model_leaves_the_summary_to_the_script() {
    let script = "import http from 'k6/http';
export const options = { iterations: 3, summaryTimeUnit: 'us', summaryTrendStats: ['med', 'p(99)'] };
export default function () { http.get('http://shop/x'); }
";
    let shown = |model: &str, script: &str| {
        let system = format!("[model]\nname = \"shop\"\n{model}\n{ONE_ENDPOINT}");
        let folder = folder(&[("test.js", script), ("system.toml", &system)]);
        let output = run(&folder, &[]);
        (text(&output.stdout), text(&output.stderr))
    };
    let (out, _) = shown("", script);
    assert!(out.contains("med=10000.00µs p(99)=10000.00µs"), "{out}");
    let (out, _) = shown("summary_time_unit = \"s\"", script);
    assert!(out.contains("med=0.01s p(99)=0.01s"), "{out}");
    let (_, said) = shown("", &script.replace("p(99)", "p99"));
    assert!(
        said.contains("the options of ") && said.contains("p99"),
        "{said}"
    );
}
