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

/// How wide what a page has is in a frame of so many pixels, and how wide the frame shows it (without the scroll bar). A
/// frame, since the window of a browser is 500 pixels wide at least.
fn widths(html: &str, pixels: u32, dir: &Path) -> Option<String> {
    let document = html.replace('&', "&amp;").replace('"', "&quot;");
    let measured = "onload = () => { const e = f.contentDocument.documentElement; \
                    document.title = `needs ${e.scrollWidth} has ${e.clientWidth}`; }";
    let frame = dir.join(format!("frame{pixels}.html"));
    let text = format!(
        "<iframe id=f style=\"width:{pixels}px;height:900px;border:0\" srcdoc=\"{document}\"></iframe>\
         <script>{measured}</script>"
    );
    std::fs::write(&frame, text).unwrap_or_else(|e| panic!("{e}"));
    let dom = in_browser(&frame, &dir.join("profile"))?;
    let title = dom.split("<title>").nth(1)?.split("</title>").next()?;
    Some(title.to_owned())
}

#[test]
fn a_page_is_as_wide_as_a_telephone() {
    let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let page = dir.path().join("run.html");
    let path = page.display().to_string();
    let model = "tests/data/models/mm1.toml";
    assert_eq!(
        capsim(&["run", model, "--quiet", "--report", &path]),
        Some(0)
    );
    let html = std::fs::read_to_string(&page).unwrap_or_else(|e| panic!("{e}"));
    for pixels in [360, 1400] {
        let Some(title) = widths(&html, pixels, dir.path()) else {
            eprintln!("skipped: no chromium on this machine");
            return;
        };
        let numbers: Vec<u32> = title
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        let [needs, has] = numbers[..] else {
            panic!("{title}");
        };
        assert!(needs <= has && has <= pixels, "{pixels} pixels: {title}");
    }
}
