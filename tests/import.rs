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
            "# Options that a model has no place for: summaryTrendStats.",
            "# look: all 200 recorded iterations took these steps.",
            "# buy: NOT CERTAIN. Of 200 recorded iterations",
            "{ with_probability = 0.",
            "{ group = \"list\", steps = [",
            "name = \"http://other.test/items?page=1\", checks = [\"status is 200\", \"has items\"] },",
            "{ record = \"basket_time\", as = \"time\", value = 0 },",
            "# POST /items/{id}/order\n# The script reads of its body: order.id\n",
            "[endpoints.post_items_id_order]",
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
