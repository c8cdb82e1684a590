//! Control characters in names, texts, options and file names: shown, never acted on.

use super::{arg, capsim, file, stderr, stdout};

const MODEL: &str = "tests/data/hostile/escapes-and-markup.toml";

/// Whether a terminal would act on a character, or XML forbids it.
fn acts(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202a}'..='\u{202e}')
}

fn assert_harmless(what: &str, text: &str) {
    if let Some(at) = text.find(acts) {
        let from = text[..at].rfind('\n').map_or(0, |at| at + 1);
        panic!("{what}: {:?}", text[from..].lines().next());
    }
}

#[test]
fn no_command_brings_a_control_character_of_a_model_to_the_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let out = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let station = "stations.\"=HYPERLINK(1)\u{1b}[35m\".servers";
    let vary = format!("{station}=1..2");
    let values = format!("{station}=1,2");
    let calls: [&[&str]; 9] = [
        &["check", MODEL],
        &["run", MODEL],
        &["run", MODEL, "--summary-mode", "full"],
        &["run", MODEL, "--summary-style", "0.53"],
        &["run", MODEL, "--replications", "2"],
        &["capacity", MODEL, "--vary", &vary],
        &[
            "compare",
            MODEL,
            "--set-b",
            "load=2",
            "--replications",
            "2",
            "--all",
        ],
        &["explain", MODEL, "--replications", "2"],
        &[
            "sweep",
            MODEL,
            "--vary",
            &values,
            "--replications",
            "2",
            "--out",
            &out("s\u{1b}[31m.csv"),
        ],
    ];
    for call in calls {
        let output = capsim(call);
        assert!(
            matches!(output.status.code(), Some(0 | 1 | 98 | 99)),
            "{call:?}: {}",
            stderr(&output)
        );
        assert_harmless(&format!("{call:?}"), &stdout(&output));
        assert_harmless(&format!("{call:?}"), &stderr(&output));
    }
    let run = stdout(&capsim(&["run", MODEL]));
    assert!(
        run.contains("✓ a␊b") && run.contains("station =HYPERLINK(1)␛[35m"),
        "{run}"
    );
}

#[test]
fn errors_show_control_characters_instead_of_acting() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(
        directory.path(),
        "a\u{1b}[31mred\u{7}.toml",
        "[scenarios.\"x\\u001b[2J\"]\nexecutor = \"no\\u001b]0;t\\u0007\"\njourney = \"j\\u009b2J\"\n\"k\\u001b\" = 1\n\
         [journeys]\n[endpoints.e]\nvisits = [{ station = \"s\\u202e\" }]\n",
    );
    let missing = directory.path().join("no\u{1b}[31mfile.toml");
    for call in [
        vec!["check", arg(&path)],
        vec!["check", arg(&missing)],
        vec!["check", MODEL, "--set", "stations.a\u{1b}[1m.servers=2"],
        vec!["plot", arg(&missing)],
        vec!["fit", MODEL, "--to", arg(&missing), "--free", "load=1..2"],
    ] {
        let output = capsim(&call);
        assert!(!output.status.success(), "{call:?}");
        assert!(!stderr(&output).is_empty());
        assert_harmless(&format!("{call:?}"), &stderr(&output));
    }
}

#[test]
fn pages_and_pictures_stay_xml() {
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("r.html");
    capsim(&["run", MODEL, "--quiet", "--report", arg(&page)]);
    let html = std::fs::read_to_string(page).unwrap();
    assert_harmless("the page", &html);
    assert!(!html.contains("<script>alert") && !html.contains("<img"));

    let csv = file(
        directory.path(),
        "t.csv",
        "t_s,http_reqs_per_s,\"station_<b>\u{1b}&_utilisation\"\n1,2,0.5\n2,3,0.6\n",
    );
    let svg = directory.path().join("t.svg");
    let title = "bell \u{7}\u{1b}[31m & <b>\u{fffe}";
    let output = capsim(&["plot", arg(&csv), "--title", title, "--out", arg(&svg)]);
    assert!(output.status.success(), "{}", stderr(&output));
    let svg = std::fs::read_to_string(svg).unwrap();
    assert_harmless("the picture", &svg);
    assert!(svg.contains("bell ␇␛[31m &amp; &lt;b&gt;\u{fffd}"), "{svg}");
}
