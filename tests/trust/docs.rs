//! Every command of the README and of docs/ is run, and where a page shows what it prints, that is compared word by
//! word. `CAPSIM_WRITE_DOCS=1 cargo test --test trust docs` writes the outputs anew; read them before you commit them.
//! What a page may say about its blocks stands in CONTRIBUTING.md.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Before each block: the verdicts 98 and 99 are not errors, anything else is; cargo runs the binary that is there.
const PRELUDE: &str = r#"set -e
capsim() { command capsim "$@" || case $? in 98 | 99) ;; *) exit 1 ;; esac; }
cargo() {
    [ "$1" = run ] || return 0
    while [ "$1" != -- ]; do shift; done
    shift
    capsim "$@"
}
"#;

/// What a page says about the block below, in comments that no reader sees.
#[derive(Default)]
struct Marks<'a> {
    /// Why it is not run.
    not_run: Option<&'a str>,
    /// Commands that are run before it.
    first: Vec<&'a str>,
    /// It is the text of this file.
    file: Option<&'a str>,
    /// What a build needs so that it can be run.
    needs: Option<&'a str>,
}

impl<'a> Marks<'a> {
    /// Those on the lines just above the end of `text`.
    fn above(text: &'a str) -> Marks<'a> {
        let mut marks = Marks::default();
        for line in text.lines().rev() {
            let mark = line
                .strip_prefix("<!-- ")
                .and_then(|l| l.strip_suffix(" -->"));
            match mark.and_then(|mark| mark.split_once(": ")) {
                Some(("not run", why)) => marks.not_run = Some(why),
                Some(("first", command)) => marks.first.insert(0, command),
                Some(("file", name)) => marks.file = Some(name),
                Some(("needs", feature)) => marks.needs = Some(feature),
                _ => return marks,
            }
        }
        marks
    }

    fn is_run(&self) -> bool {
        self.not_run.is_none() && (self.needs != Some("scripts") || cfg!(feature = "scripts"))
    }
}

/// A directory with links to the models and data of the repository.
fn playground(root: &Path) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for name in ["models", "docs", "tests"] {
        let link = directory.path().join(name);
        std::os::unix::fs::symlink(root.join(name), link).expect("a link");
    }
    directory
}

/// What a console block prints to stdout, lines without blanks at their ends; warnings and errors go to stderr.
fn output(page: &Path, script: &str, directory: &Path) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_capsim"))
        .parent()
        .expect("a directory");
    let paths = std::env::join_paths([bin, Path::new("/usr/bin"), Path::new("/bin")]);
    let done = Command::new("sh")
        .args(["-c", &format!("{PRELUDE}{script}")])
        .current_dir(directory)
        .env("PATH", paths.expect("a path"))
        .env("ROOT", env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success(),
        "{}: {script}\n{said}",
        page.display()
    );
    let text = String::from_utf8(done.stdout).expect("UTF-8");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut text = lines.join("\n").trim_matches('\n').to_owned();
    text.push('\n');
    text
}

/// All Markdown files below a directory, in order.
fn pages(directory: &Path, all: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let mut entries: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            pages(&path, all);
        } else if path.extension().is_some_and(|e| e == "md") {
            all.push(path);
        }
    }
}

/// Runs the blocks of a page. Gives the page as it should be, and how many blocks were run.
fn run_page(root: &Path, page: &Path, text: &str) -> (String, usize) {
    let (mut current, mut rest, mut ran) = (String::new(), text, 0);
    let mut directory = None;
    while let Some(at) = rest.find("```") {
        let (before, block) = rest.split_at(at);
        let marks = Marks::above(before);
        let (head, body) = block.split_once('\n').expect("a block begins");
        let language = head.trim_start_matches('`');
        let at = page.display();
        assert!(
            !language.is_empty(),
            "{at}: a block without a language: {before}"
        );
        let (body, after) = body.split_once("```\n").expect("a block ends");
        current += &format!("{before}{head}\n{body}```\n");
        rest = after;
        let mut place = || {
            let directory = directory.get_or_insert_with(|| playground(root));
            directory.path().to_owned()
        };
        if let Some(file) = marks.file {
            std::fs::write(place().join(file), body).expect("the file is written");
        }
        if language != "console" || !marks.is_run() {
            continue;
        }
        for command in &marks.first {
            output(page, command, &place());
        }
        let printed = output(page, body, &place());
        ran += 1;
        if let Some(shown) = rest.strip_prefix("```text\n") {
            let end = match shown.starts_with("```\n") {
                true => 0,
                false => shown.find("\n```\n").expect("a block ends") + 1,
            };
            current += &format!("```text\n{printed}```\n");
            rest = &shown[end + "```\n".len()..];
        }
    }
    (current + rest, ran)
}

#[test]
fn the_commands_of_the_pages_run_and_print_what_stands_below_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = vec![root.join("README.md")];
    pages(&root.join("docs"), &mut all);
    let mut blocks = 0;
    for page in all {
        let text = std::fs::read_to_string(&page).expect("the page");
        let (current, ran) = run_page(root, &page, &text);
        blocks += ran;
        if std::env::var_os("CAPSIM_WRITE_DOCS").is_none() {
            assert_eq!(text, current, "{}", page.display());
        } else if text != current {
            std::fs::write(&page, &current).expect("the page is written");
        }
    }
    assert!(blocks >= 15, "{blocks}");
}

/// Where the links of a page lead that are not addresses on the net.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split("](").skip(1);
    let links = after.filter_map(|rest| rest.split([')', ' ']).next());
    let local = links.filter(|link| !link.contains("://") && !link.starts_with('#'));
    local.map(|link| link.split('#').next().unwrap_or(link))
}

#[test]
fn links_lead_to_files_and_the_contents_to_every_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    pages(&root.join("docs"), &mut all);
    let known = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root.join(name));
    all.extend(known);
    let mut listed = Vec::new();
    for page in &all {
        let text = std::fs::read_to_string(page).expect("the page");
        let folder = page.parent().expect("a folder");
        for link in links(&text) {
            let to = folder.join(link);
            assert!(to.exists(), "{}: {link}", page.display());
            let contents =
                page.ends_with("docs/README.md") || page.ends_with("mechanisms/README.md");
            if contents {
                listed.push(to.canonicalize().expect("it exists"));
            }
        }
    }
    for page in all.iter().filter(|page| !page.ends_with("docs/README.md")) {
        let at = page.canonicalize().expect("it exists");
        let outside = !at.starts_with(root.join("docs").canonicalize().expect("it exists"));
        assert!(
            outside || listed.contains(&at),
            "docs/README.md does not list {}",
            page.display()
        );
    }
}
