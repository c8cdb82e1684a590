//! `capsim import`: the model of a k6 script; and what is said of a script in the place of a model.

use std::path::Path;
use std::process::{Command, Output};

fn capsim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(arguments)
        .output()
        .unwrap()
}

fn shop() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scripts/shop.js");
    path.display().to_string()
}

#[test]
fn a_script_in_the_place_of_a_model_is_told_what_to_do() {
    for command in ["run", "check", "explain"] {
        let output = capsim(&[command, &shop()]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(104), "{command}: {text}");
        assert_eq!(text.lines().count(), 2, "{command}: {text}");
        assert!(text.contains("capsim import"), "{command}: {text}");
    }
}

#[cfg(feature = "scripts")]
mod models {
    use super::{capsim, shop};

    #[test]
    fn the_model_of_a_script_has_its_load_and_its_steps_and_runs() {
        let output = capsim(&["import", &shop(), "-e", "BASE_URL=http://other.test"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success());
        for part in [
            "executor = \"ramping-vus\"",
            "graceful_ramp_down = \"10s\"",
            "journey = \"buy\"",
            "http_req_duration = [\"p(95)<500\", { abort_on_fail = true, delay_abort_eval = \"10s\"",
            "\"http_req_duration{name:item}\" = [\"avg<200\"]",
            "summary_trend_stats = [",
            "# look: all 200 recorded iterations took these steps.",
            "# buy: NOT CERTAIN. Of 200 recorded iterations",
            "{ with_probability = 0.",
            "{ group = \"list\", steps = [",
            "name = \"http://other.test/items?page=1\", checks = [\"status is 200\", \"has items\"] },",
            "{ record = \"basket_time\", as = \"time\", value = \"duration\" },",
            "# POST /items/{id}/order\n# The script reads of its body: order.id\n",
            "[endpoints.post_items_id_order]",
            "[setup]\njourney = \"setup\"",
            "{ request = \"post_login\", name = \"http://other.test/login\" },",
        ] {
            assert!(text.contains(part), "{part} is missing:\n{text}");
        }
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("shop.toml");
        std::fs::write(&model, &text).unwrap();
        let output = capsim(&["run", model.to_str().unwrap(), "--quiet"]);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{errors}");
        assert_eq!(errors, "");
    }

    /// What thresholds ask for by tags has samples in the imported model, with the values of the script's own metrics.
    #[test]
    fn samples_of_an_imported_model_carry_the_tags_of_the_script() {
        let script = "import http from 'k6/http';
import { check, group } from 'k6';
import { Rate, Trend } from 'k6/metrics';
const time = new Trend('own_time', true), errors = new Rate('errors');
export const options = {
  iterations: 20,
  tags: { env: 'test' },
  thresholds: {
    'http_reqs{kind:api}': ['count==20'],
    'http_reqs{method:POST}': ['count==20'],
    'http_reqs{env:test}': ['count==40'],
    'http_reqs{name:http://shop/items/1}': ['count==20'],
    'checks{type:read}': ['rate==1'],
    'own_time{kind:a}': ['avg>1'],
    'errors': ['rate==0'],
    'http_req_failed': ['rate==0'],
  },
};
export default function () {
  group('a', () => {
    const r = http.get('http://shop/items/1', { tags: { kind: 'api' } });
    check(r, { ok: (r) => r.status === 200 }, { type: 'read' });
    time.add(r.timings.duration, { kind: 'a' });
    errors.add(r.status !== 200);
  });
  http.post('http://shop/login', null, { timeout: '5s', responseCallback: http.expectedStatuses({ min: 200, max: 299 }, 404) });
}
";
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("test.js"), script).unwrap();
        let text = String::from_utf8(capsim(&["import", &path("test.js")]).stdout).unwrap();
        for part in [
            "checks = [{ name = \"ok\", tags = { type = \"read\" } }]",
            "{ record = \"own_time\", as = \"time\", value = \"duration\", tags = { kind = \"a\" } }",
            "{ record = \"errors\", as = \"rate\", value = \"failed\" }",
            "timeout = \"5s\", expected = [{ min = 200, max = 299 }, 404] }",
        ] {
            assert!(text.contains(part), "{part} is missing:\n{text}");
        }
        std::fs::write(path("test.toml"), &text).unwrap();
        let run = |more: &[&str]| {
            let model = path("test.toml");
            let output = capsim(&[&["run", &model], more].concat());
            let shown = String::from_utf8(output.stdout).unwrap();
            (output.status.code(), shown)
        };
        let (code, shown) = run(&[]);
        assert_eq!(code, Some(0), "{shown}");
        assert!(!shown.contains("has no sample"), "{shown}");
        // The rate follows what the model answers.
        let fails = "endpoints.get_items_id.visits=[{ fail = 0.999, status = 500 }]";
        let (code, shown) = run(&["--set", fails]);
        assert_eq!(code, Some(99), "{shown}");
        assert!(shown.contains("✗ 'rate==0'"), "{shown}");
    }

    /// What made-up answers cannot tell is said where it stands.
    #[test]
    fn what_depends_on_answers_and_times_is_not_certain() {
        let script = "import http from 'k6/http';
import { check, sleep } from 'k6';
import { Rate, Trend } from 'k6/metrics';
import exec from 'k6/execution';
const sum = new Trend('sum', true), slow = new Rate('slow'), names = ['a', 'b', 'c'];
const one = (more) => ({ executor: 'per-vu-iterations', vus: 3, ...more });
export const options = { rps: 50, scenarios: { x: one({ env: { KIND: 'x' } }), y: one({ env: { KIND: 'y' } }) } };
export default function () {
  const r = http.get('http://shop/one'), other = http.get(`http://shop/of_${__ENV.KIND}_${names[__VU - 1]}`);
  check(other, { fast: (o) => o.timings.duration < 100, welcome: (o) => o.body.includes('Welcome') });
  sum.add(r.timings.duration + other.timings.duration);
  slow.add(other.timings.duration > 100);
  http.batch(['http://shop/p', 'http://shop/q']);
  const parsed = JSON.parse(r.body);
  if (exec.scenario.name === 'x') sleep(parsed.user.id + parsed.userId);
}
";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.js").display().to_string();
        std::fs::write(&path, script).unwrap();
        let output = capsim(&["import", &path]);
        let text = String::from_utf8(output.stdout).unwrap();
        for part in [
            "# NOT CERTAIN: a model has no place for rps,",
            "# NOT CERTAIN: with made-up answers checks of default failed: \"welcome\"",
            "checks = [\"fast\", \"welcome\"] }, # NOT CERTAIN: the time decides on \"fast\"",
            "{ record = \"sum\", as = \"time\", value = 2.000274 }, # NOT CERTAIN: it depends on the times",
            "{ record = \"slow\", as = \"rate\", value = 0 }, # NOT CERTAIN: it depends on the times",
            "{ request = \"get_q\", name = \"http://shop/q\" }, # NOT CERTAIN: it was under way beside others",
            "# The script reads of its body: user.id, userId\n",
        ] {
            assert!(text.contains(part), "{part} is missing:\n{text}");
        }
        // All VUs of both scenarios, and none besides.
        for kind in ["x", "y"] {
            for name in ["a", "b", "c", "undefined"] {
                let route = format!("route = \"GET /of_{kind}_{name}\"");
                assert_eq!(
                    text.contains(&route),
                    name != "undefined",
                    "{route}\n{text}"
                );
            }
        }
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("lines say NOT CERTAIN"), "{said}");
    }

    #[test]
    fn a_script_that_does_not_run_is_told_where() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("bad.js");
        std::fs::write(&script, "export default function () {}\nlet a = ;\n").unwrap();
        let output = capsim(&["import", script.to_str().unwrap()]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(104));
        assert!(text.contains("bad.js:2:9"), "{text}");
    }
}

#[cfg(feature = "scripts")]
mod runs {
    use super::capsim;
    use std::path::Path;

    fn script(name: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scripts");
        path.join(name).display().to_string()
    }

    /// A system whose endpoints take this time each.
    fn system(script: &str, visits: &str) -> (tempfile::TempDir, String) {
        let output = capsim(&["stub", script]);
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let text = text.replace(
            "{ station = \"server\", time = { exponential = \"10ms\" } }",
            visits,
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("system.toml");
        std::fs::write(&path, text).unwrap();
        let path = path.display().to_string();
        (folder, path)
    }

    fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = capsim(arguments);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    #[test]
    fn a_script_makes_as_many_iterations_as_in_k6() {
        for (name, lines) in [
            (
                "closed_loop.js",
                [
                    "iterations.....................: 410 ",
                    "http_reqs......................: 410 ",
                ],
            ),
            (
                "drops.js",
                ["iterations...........: 12 ", "dropped_iterations...: 15 "],
            ),
        ] {
            let script = script(name);
            let (_folder, system) = system(&script, "{ delay = \"100ms\" }");
            let arguments = ["run", &script, "--system", &system];
            let (code, out, _) = run(&arguments);
            assert_eq!(code, Some(0), "{out}");
            for line in lines {
                assert!(out.contains(line), "{line} is missing:\n{out}");
            }
            assert_eq!(out, run(&arguments).1, "the same bytes every time");
        }
    }

    #[test]
    fn a_script_decides_by_what_is_answered() {
        let script = script("queue.js");
        let (folder, system) = system(&script, "{ delay = \"100ms\" }");
        let answers = folder.path().join("answers.json");
        std::fs::write(&answers, r#"{ "get_position": { "position": 3 } }"#).unwrap();
        let answers = answers.display().to_string();
        let arguments = [
            "run",
            &script,
            "--system",
            &system,
            "--answers",
            &answers,
            "-q",
        ];
        let (code, out, errors) = run(&arguments);
        assert_eq!(code, Some(0), "{out}{errors}");
        // Three VUs, four iterations, of which every third throws after its work; two polls, two requests.
        for line in [
            "✓ polled once",
            "bought.........................: 24 ",
            "http_reqs......................: 48 ",
            "iterations.....................: 12 ",
        ] {
            assert!(out.contains(line), "{line} is missing:\n{out}{errors}");
        }
        assert_eq!(errors.matches("ERRO Error: third").count(), 3, "{errors}");
        // Made-up bodies: the position is 1, and nobody polls.
        let (_, out, _) = run(&["run", &script, "--system", &system, "-q"]);
        assert!(
            out.contains("http_reqs......................: 36 "),
            "{out}"
        );
        // The script ends the test.
        let mut arguments = arguments.to_vec();
        arguments.extend(["-e", "ABORT=1"]);
        let (code, out, errors) = run(&arguments);
        assert_eq!(code, Some(108), "{errors}");
        assert!(errors.contains("test aborted: enough"), "{errors}");
        assert!(out.contains("iterations"), "{out}");
    }

    #[test]
    fn setup_and_teardown_run_in_virtual_time_and_hand_on_their_data() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("phases.js");
        let text = "import http from 'k6/http';
            export const options = { vus: 1, iterations: 2 };
            const B = 'http://shop.test';
            export function setup() { http.post(`${B}/login`); return { at: Date.now() }; }
            export default function (data) { console.log('after', Date.now() - data.at); http.get(`${B}/page`); }
            export function teardown(data) { console.log('end', Date.now() - data.at); http.get(`${B}/bye`); }";
        std::fs::write(&script, text).unwrap();
        let script = script.display().to_string();
        let (_folder, system) = system(&script, "{ delay = \"100ms\" }");
        let (code, out, errors) = run(&["run", &script, "--system", &system, "-q"]);
        assert_eq!(code, Some(0), "{out}{errors}");
        for line in ["INFO after 0", "INFO after 100", "INFO end 200"] {
            assert!(errors.contains(line), "{errors}");
        }
        assert!(
            out.contains("http_reqs...............: 4 ") || out.contains(": 4 "),
            "{out}"
        );
    }

    #[test]
    fn a_request_that_the_system_does_not_know_is_an_error() {
        let script = script("queue.js");
        let folder = tempfile::tempdir().unwrap();
        let system = folder.path().join("system.toml");
        let text = "[endpoints.get_position]\nvisits = [{ delay = \"1ms\" }]\n[endpoints.post_seats_id]\nvisits = []\n\
                    [endpoints.get_seats_id]\nvisits = []\n[endpoints.other]\nvisits = []\n";
        std::fs::write(&system, text.replace("get_seats_id", "seats")).unwrap();
        let system = system.display().to_string();
        let (code, _, errors) = run(&["run", &script, "--system", &system, "-q"]);
        assert_eq!(code, Some(104), "{errors}");
        assert!(errors.contains("get_seats_id"), "{errors}");
    }
}
