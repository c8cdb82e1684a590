//! Pages whose commands are run and whose outputs are compared, word by word.
//! `CAPSIM_WRITE_DOCS=1 cargo test --test trust docs` writes the outputs anew; read them before you commit them.

use std::path::Path;
use std::process::Command;

const PAGES: [&str; 1] = ["docs/tutorial.md"];

/// What a console block prints to stdout, lines without blanks at their ends; warnings and errors go to stderr.
fn output(script: &str, directory: &Path) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_capsim"))
        .parent()
        .expect("a directory");
    let paths = std::env::join_paths([bin, Path::new("/usr/bin"), Path::new("/bin")]);
    let done = Command::new("sh")
        .args(["-c", script])
        .current_dir(directory)
        .env("PATH", paths.expect("a path"))
        .output()
        .expect("a shell");
    // 98 and 99 are verdicts.
    let code = done.status.code();
    assert!(matches!(code, Some(0 | 98 | 99)), "{script}: {code:?}");
    let text = String::from_utf8(done.stdout).expect("UTF-8");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut text = lines.join("\n").trim_matches('\n').to_owned();
    text.push('\n');
    text
}

#[test]
fn the_commands_of_a_page_print_what_stands_below_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in PAGES {
        let page = root.join(page);
        let text = std::fs::read_to_string(&page).expect("the page");
        let directory = tempfile::tempdir().expect("a directory");
        let mut current = String::new();
        let mut parts = text.split("```console\n");
        current += parts.next().expect("a first part");
        let mut blocks = 0;
        for part in parts {
            let (script, rest) = part.split_once("```\n").expect("a block ends");
            let printed = output(script, directory.path());
            current += &format!("```console\n{script}```\n");
            let rest = match rest.strip_prefix("```text\n") {
                None => rest,
                Some(shown) => {
                    let end = if shown.starts_with("```\n") {
                        0
                    } else {
                        shown.find("\n```\n").expect("a block ends") + 1
                    };
                    current += &format!("```text\n{printed}```\n");
                    &shown[end + "```\n".len()..]
                }
            };
            current += rest;
            blocks += 1;
        }
        assert!(blocks >= 5, "{blocks}");
        if std::env::var_os("CAPSIM_WRITE_DOCS").is_some() {
            std::fs::write(&page, &current).expect("the page is written");
            continue;
        }
        assert_eq!(text, current, "{}", page.display());
    }
}
