//! The page of a run in a real browser, if there is one: what it shows, and that it needs nothing else.

use std::path::Path;
use std::process::Command;

fn capsim(args: &[&str]) -> Option<i32> {
    let done = Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(args)
        .output();
    done.unwrap_or_else(|e| panic!("{e}")).status.code()
}

/// The page as the browser understood it, and what it says on its console; `None` without a browser.
fn browsed(page: &Path, profile: &Path, more: &[&str]) -> Option<(String, String)> {
    for browser in ["chromium", "chromium-browser", "google-chrome"] {
        let done = Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
            .args(["--enable-logging=stderr", "--disable-background-networking"])
            .args(more)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("file://{}", page.display()))
            .output();
        if let Ok(done) = done {
            let said = String::from_utf8_lossy(&done.stderr);
            let console = said.lines().filter(|line| line.contains(":CONSOLE"));
            let console = console.collect::<Vec<_>>().join("\n");
            let dom = String::from_utf8_lossy(&done.stdout).into_owned();
            return Some((dom, console));
        }
    }
    eprintln!("skipped: no chromium on this machine");
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
    let Some((dom, _)) = browsed(&page, &dir.path().join("profile"), &[]) else {
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
    let (dom, _) = browsed(&frame, &dir.join("profile"), &[])?;
    let title = dom.split("<title>").nth(1)?.split("</title>").next()?;
    Some(title.to_owned())
}

const MODEL: &str = "tests/data/models/mm1.toml";

/// Each kind of page, and what writes it. `RUN` is a measured run.
const PAGES: [(&str, &str); 7] = [
    ("run", "run MODEL --quiet"),
    ("replications", "run MODEL --quiet --replications 4"),
    (
        "compare",
        "compare MODEL --set-b stations.cpu.servers=2 --replications 4",
    ),
    (
        "capacity",
        "capacity MODEL --vary load=0.5..3 --budget runs=40",
    ),
    ("explain", "explain MODEL --budget runs=30"),
    (
        "cheapest",
        "capacity docs/mechanisms/cost.toml --minimise cost --vary services.shop.replicas=1..3 --budget runs=40",
    ),
    (
        "fit",
        "fit MODEL --to RUN --free stations.cpu.servers=1..3 --budget runs=60",
    ),
];

/// A page fits the screen of a telephone as well as a wide one, light and dark, and has nothing to complain of.
#[test]
fn each_kind_of_page_is_right_on_every_screen() {
    let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let profile = dir.path().join("profile");
    let at = |name: &str| dir.path().join(name).display().to_string();
    let blank = dir.path().join("blank.html");
    std::fs::write(&blank, "<p>").unwrap_or_else(|e| panic!("{e}"));
    if browsed(&blank, &profile, &[]).is_none() {
        return;
    }
    let run = at("run.json");
    assert_eq!(
        capsim(&["run", MODEL, "--quiet", "--summary-export", &run]),
        Some(0)
    );
    for (name, arguments) in PAGES {
        let page = at(&format!("{name}.html"));
        let arguments = arguments.replace("MODEL", MODEL).replace("RUN", &run);
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let code = capsim(&[&arguments[..], &["--report", page.as_str()]].concat());
        assert!(matches!(code, Some(0 | 1)), "{name}: {code:?}");
        let html = std::fs::read_to_string(&page).unwrap_or_else(|e| panic!("{name}: {e}"));
        for scheme in [&[][..], &["--blink-settings=preferredColorScheme=0"]] {
            let Some((dom, console)) = browsed(Path::new(&page), &profile, scheme) else {
                return;
            };
            assert_eq!(console, "", "{name}");
            let drawn = dom.matches("<figure class=\"chart on\">").count();
            assert_eq!(
                drawn,
                html.matches("<figure class=\"chart\">").count(),
                "{name}"
            );
        }
        for pixels in [360, 1400] {
            let Some(title) = widths(&html, pixels, dir.path()) else {
                return;
            };
            let numbers: Vec<u32> = title
                .split(' ')
                .filter_map(|word| word.parse().ok())
                .collect();
            let [needs, has] = numbers[..] else {
                panic!("{name}: {title}");
            };
            assert!(
                needs <= has && has <= pixels,
                "{name}, {pixels} pixels: {title}"
            );
        }
    }
}
