//! Studies whose runs are made by a command or kept in a store: the same bytes as without, whatever is lost on the way.

use std::path::PathBuf;
use std::process::{Command, Output};

const MODEL: &str = r#"
[scenarios.main]
executor = "poisson-arrivals"
rate = 40.0
duration = "4s"
journey = "buy"
[journeys]
buy = [{ request = "buy" }]
[stations.cpu]
servers = 2
[pools.threads]
size = 50
[endpoints.buy]
visits = [{ hold = "threads", visits = [{ station = "cpu", time = { exponential = "20ms" } }] }]
[thresholds]
http_req_duration = ["p(95)<100"]
http_req_failed = ["rate<0.01"]
[prices]
currency = "EUR"
server_hours = { cpu = 0.3 }
"#;

/// One of each study, and the file that it writes. The later ones read what the earlier ones wrote.
const STUDIES: [(&str, Option<&str>); 6] = [
    ("capacity m.toml --vary load=0.2..3 --budget runs=60", None),
    (
        "capacity m.toml --minimise cost --vary stations.cpu.servers=1..3 --out designs.csv",
        Some("designs.csv"),
    ),
    (
        "explain m.toml --replications 2 --out tornado.csv",
        Some("tornado.csv"),
    ),
    (
        "fit m.toml --to run.csv --to run.csv@window=1s..3s --holdout run.csv --budget runs=100 \
         --free endpoints.buy.**.exponential=5ms..60ms --out fitted.toml --verbose",
        Some("fitted.toml"),
    ),
    (
        "predict fitted.toml --set load=1.3 --runs 30 --window 1s..3s --out p.json",
        Some("p.json"),
    ),
    (
        "capacity fitted.toml --vary load=0.5..4 --budget runs=60 --ranges 20",
        None,
    ),
];

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        std::fs::write(place.at("m.toml"), MODEL).unwrap();
        let run = place.run("run m.toml --seed 9 --out csv=run.csv --quiet", &[]);
        assert!(place.at("run.csv").exists(), "{}", said(&run));
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, line: &str, more: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_capsim"))
            .current_dir(self.0.path())
            .args(line.split_whitespace())
            .args(more)
            .output()
            .unwrap()
    }

    /// What a study prints and writes.
    fn study(&self, (line, file): (&str, Option<&str>), more: &[&str]) -> (String, Vec<u8>) {
        let done = self.run(line, more);
        assert!(
            matches!(done.status.code(), Some(0 | 1)),
            "{line}: {}",
            said(&done)
        );
        let written = file.map(|name| std::fs::read(self.at(name)).unwrap());
        (
            String::from_utf8(done.stdout).unwrap(),
            written.unwrap_or_default(),
        )
    }

    /// The keys of all lines in the store.
    fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for segment in std::fs::read_dir(self.at("store/segments")).unwrap() {
            let text = std::fs::read_to_string(segment.unwrap().path()).unwrap();
            keys.extend(text.lines().skip(1).map(|line| line[..32].to_owned()));
        }
        keys.sort();
        keys
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn runner(command: &str) -> String {
    command.replace("capsim", &format!("'{}'", env!("CARGO_BIN_EXE_capsim")))
}

/// Results that come late, in another order and twice are the same results.
#[cfg(unix)]
#[test]
fn a_runner_changes_no_byte() {
    let place = Place::new();
    let twice = runner("capsim cells | sort -r | sed p");
    for study in STUDIES {
        let plain = place.study(study, &[]);
        assert!(plain.0.len() > 100, "{}", plain.0);
        assert_eq!(
            plain,
            place.study(study, &["--runner", &twice]),
            "{}",
            study.0
        );
    }
}

/// A study that was interrupted goes on: no run is made twice, and the answer is the same.
#[cfg(unix)]
#[test]
fn a_store_keeps_what_was_run() {
    let place = Place::new();
    let dies = runner("head -n 3 | capsim cells");
    let store = ["--store", "store"];
    for study in STUDIES {
        let plain = place.study(study, &[]);
        let broken = place.run(study.0, &["--store", "store", "--runner", &dies]);
        let (code, text) = (broken.status.code(), said(&broken));
        assert_eq!(code, Some(75), "{}: {text}", study.0);
        assert!(
            text.contains("runs have no result") && text.contains("are kept in store"),
            "{text}"
        );
        assert_eq!(text.matches("error:").count(), 1, "{text}");
        assert_eq!(plain, place.study(study, &store), "{}", study.0);
        let keys = place.keys();
        // With nobody to make runs: all are there.
        assert_eq!(
            plain,
            place.study(study, &["--store", "store", "--runner", "false"]),
            "{}",
            study.0
        );
        assert_eq!(keys, place.keys());
    }
    // Only a search that comes back to a point has it twice.
    let mut once = place.keys();
    once.dedup();
    assert!(
        once.len() > 100 && once.len() * 10 > place.keys().len() * 7,
        "{}",
        once.len()
    );
}

#[cfg(unix)]
#[test]
fn a_runner_that_gives_no_results_is_one_error() {
    let place = Place::new();
    let explain = "explain m.toml --replications 1";
    for (command, code, says) in [
        ("false", 75, "runs have no result (exit status: 1)"),
        ("kill -9 $$", 75, "signal: 9"),
        ("cat", 75, "which is not a result"),
        ("no-such-program-at-all", 75, "exit status: 127"),
    ] {
        let done = place.run(explain, &["--runner", command]);
        let text = said(&done);
        assert_eq!(done.status.code(), Some(code), "{command}: {text}");
        assert!(
            text.contains(says) && text.contains("help: "),
            "{command}: {text}"
        );
        assert_eq!(text.matches("error:").count(), 1, "{text}");
        assert!(done.stdout.is_empty(), "{command}");
    }
    // A line of results that was changed on the way is none.
    let changed = runner("capsim cells | sed 's/1/2/'");
    let done = place.run(explain, &["--runner", &changed]);
    assert_eq!(done.status.code(), Some(75), "{}", said(&done));
}
