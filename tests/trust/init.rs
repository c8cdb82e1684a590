//! `capsim init`: what it writes runs as it is.

use super::{arg, capsim, stderr, stdout};

#[test]
fn a_first_model_is_sound_and_runs() {
    let directory = tempfile::tempdir().unwrap();
    let cases: [&[&str]; 4] = [
        &[],
        &[
            "--users",
            "20",
            "--endpoint",
            "list=8ms",
            "--endpoint",
            "buy it=30ms",
        ],
        &[
            "--rate",
            "50",
            "--endpoint",
            "search=20ms",
            "--servers",
            "4",
            "--duration",
            "20s",
        ],
        &[
            "--users",
            "5",
            "--think",
            "250ms",
            "--endpoint",
            "a \"quoted\" name=1ms",
        ],
    ];
    for (i, flags) in cases.into_iter().enumerate() {
        let model = directory.path().join(format!("m{i}.toml"));
        let all = [&["init", arg(&model)], flags].concat();
        let output = capsim(&all);
        assert!(output.status.success(), "{flags:?}: {}", stderr(&output));
        assert!(
            stdout(&output).contains("capsim run "),
            "{}",
            stdout(&output)
        );
        for command in ["check", "run"] {
            let output = capsim(&[command, arg(&model)]);
            assert_eq!(
                (output.status.code(), stderr(&output).as_str()),
                (Some(0), ""),
                "{flags:?}"
            );
        }
    }
}

#[test]
fn it_overwrites_nothing_and_writes_nothing_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let model = directory.path().join("m.toml");
    let wrong = capsim(&["init", arg(&model), "--endpoint", "a=fast"]);
    assert_eq!(wrong.status.code(), Some(104));
    assert!(stderr(&wrong).contains("= help: "), "{}", stderr(&wrong));
    assert!(!model.exists());
    std::fs::write(&model, "mine").unwrap();
    let again = capsim(&["init", arg(&model)]);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&model).unwrap(), "mine");
    assert!(capsim(&["init", arg(&model), "--force"]).status.success());
}

#[test]
fn shells_get_their_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = capsim(&["completions", shell]);
        assert!(output.status.success(), "{shell}: {}", stderr(&output));
        let script = stdout(&output);
        assert!(
            script.contains("capacity") && script.contains("allow-path"),
            "{shell}"
        );
    }
}

#[test]
fn each_command_has_a_manual_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = capsim(&["man", arg(directory.path())]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = |name: &str| std::fs::read_to_string(directory.path().join(name)).expect("a page");
    assert!(page("capsim.1").contains("Run a k6 load test in virtual time"));
    let run = page("capsim-run.1");
    assert!(
        run.starts_with(".ie") || run.contains(".TH capsim-run 1"),
        "{run}"
    );
    assert!(run.contains("\\-\\-seed"), "{run}");
    let missing = directory.path().join("none");
    let output = capsim(&["man", arg(&missing)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("none"), "{}", stderr(&output));
}
