//! The page of a run in a real browser, if there is one: what it shows, and that it needs nothing else.

use std::path::Path;
use std::process::Command;

fn capsim(args: &[&str]) -> Option<i32> {
    let done = Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(args)
        .output();
    done.unwrap_or_else(|e| panic!("{e}")).status.code()
}

/// The page as the browser understood it; `None` without a browser.
fn in_browser(page: &Path, profile: &Path) -> Option<String> {
    for browser in ["chromium", "chromium-browser", "google-chrome"] {
        let done = Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("file://{}", page.display()))
            .output();
        if let Ok(done) = done {
            return Some(String::from_utf8_lossy(&done.stdout).into_owned());
        }
    }
    None
}

#[test]
fn a_browser_shows_verdicts_charts_and_model() {
    let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let page = dir.path().join("run.html");
    let path = page.display().to_string();
    let code = capsim(&[
        "run",
        "tests/data/models/mm1.toml",
        "--quiet",
        "--report",
        &path,
    ]);
    assert_eq!(code, Some(0));
    let html = std::fs::read_to_string(&page).unwrap_or_else(|e| panic!("{e}"));
    for fetched in [
        "src=",
        "@import",
        "url(",
        "<link",
        "fetch(",
        "XMLHttpRequest",
    ] {
        assert!(!html.contains(fetched), "{fetched}");
    }
    let Some(dom) = in_browser(&page, &dir.path().join("profile")) else {
        eprintln!("skipped: no chromium on this machine");
        return;
    };
    for part in [
        "<title>capsim: mm1</title>",
        "<td>http_req_duration avg&lt;50</td><td><b class=\"PASS\">PASS</b></td><td>",
        "mm1: Response times over time",
        "mm1: Utilisation over time",
        "[stations.cpu]",
        "seed 1, ",
    ] {
        assert!(dom.contains(part), "{part}\n{dom}");
    }
    // A picture for each chart; the script has drawn their three panels over them, with a legend each.
    assert_eq!(dom.matches("<svg").count(), 2);
    assert_eq!(dom.matches("<figure class=\"chart on\">").count(), 2);
    assert_eq!(dom.matches("<canvas").count(), 3);
    assert_eq!(dom.matches("<table class=\"u-legend").count(), 3);
}
