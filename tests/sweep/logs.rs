//! Logs that are replayed travel with a plan, and what is kept belongs to the log that it was made of.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const MODEL: &str = r#"
[scenarios.main]
executor = "replay"
file = "log.csv.gz"
unmatched = "skip"
[stations.cpu]
servers = 2
[endpoints.a]
visits = [{ station = "cpu", time = { exponential = "20ms" } }]
[thresholds]
http_req_duration = ["p(95)<100"]
"#;

struct Place(tempfile::TempDir);

impl Place {
    /// A model in a directory below, with a log of so many milliseconds between requests.
    fn new(gap_ms: u64) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.at("in")).unwrap();
        std::fs::write(place.at("in/m.toml"), MODEL).unwrap();
        place.log(&table(gap_ms));
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn log(&self, text: &str) {
        let file = std::fs::File::create(self.at("in/log.csv.gz")).unwrap();
        let mut packer = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap();
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
        command
            .current_dir(self.0.path())
            .args(line.split_whitespace());
        command
    }

    fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    fn good(&self, line: &str) -> String {
        let done = self.run(line);
        assert!(done.status.success(), "{line}: {}", said(&done));
        String::from_utf8(done.stdout).unwrap()
    }

    /// What a search prints, whatever it finds.
    fn search(&self, line: &str) -> String {
        let done = self.run(line);
        let text = String::from_utf8(done.stdout.clone()).unwrap();
        let found = matches!(done.status.code(), Some(0 | 1));
        assert!(found && text.len() > 100, "{line}: {text}{}", said(&done));
        text
    }

    fn with_input(&self, line: &str, input: &[u8]) -> Vec<u8> {
        let mut command = self.command(line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{line}: {}", said(&done));
        done.stdout
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn table(gap_ms: u64) -> String {
    let row = |k: u64| {
        format!(
            "{},{}\n",
            k * k % 7 + k * gap_ms * 1_000,
            ["a", "b"][k as usize % 2]
        )
    };
    let rows: String = (0..400).map(row).collect();
    format!("start_us,endpoint\n{rows}")
}

const SWEEP: &str = "sweep in/m.toml --vary load=0.5,1,1.5 --replications 2 --quiet";

#[test]
fn a_plan_carries_the_log() {
    let place = Place::new(9);
    place.good(&format!("{SWEEP} --out whole.csv"));
    place.good(&format!("{SWEEP} --plan plan.jsonl"));
    place.good(&format!("{SWEEP} --store s --out kept.csv"));
    // A worker has neither the model nor the log.
    std::fs::remove_dir_all(place.at("in")).unwrap();
    let plan = std::fs::read(place.at("plan.jsonl")).unwrap();
    let results = place.with_input("cells", &plan);
    place.with_input("store add t --plan plan.jsonl", &results);
    place.good("store merge t --out sent.csv");
    for ending in ["csv", "points.csv", "study.json"] {
        let of = |name: &str| std::fs::read(place.at(&format!("{name}.{ending}"))).unwrap();
        assert!(of("whole") == of("sent"), "sent: {ending}");
        assert!(of("whole") == of("kept"), "kept: {ending}");
    }
}

#[test]
fn results_belong_to_the_log_that_they_were_made_of() {
    let place = Place::new(9);
    let search = "capacity in/m.toml --vary load=0.2..3 --budget runs=40";
    let kept = format!("{search} --store s");
    place.good(&format!("{SWEEP} --out whole.csv"));
    place.good(&format!("{SWEEP} --store t"));
    let first = place.search(search);
    assert_eq!(first, place.search(&kept));
    place.log(&table(18));
    let other = place.search(search);
    assert!(first != other, "{first}");
    assert_eq!(other, place.search(&kept));
    let done = place.run(&SWEEP.replace("--quiet", "--store t"));
    assert!(
        said(&done).contains("done, 0 of them before"),
        "{}",
        said(&done)
    );
    // The same number of requests in the same time, one of them a little later.
    place.log(&table(9).replace("\n18004,a\n", "\n18005,a\n"));
    let done = place.run(&format!("{SWEEP} --out whole.csv --resume"));
    assert!(
        said(&done).contains("the model (or a --set) has changed"),
        "{}",
        said(&done)
    );
}

#[test]
fn a_log_that_is_too_large_to_send_is_one_error() {
    let place = Place::new(9);
    let large = table(9) + &"\n".repeat(64 << 20);
    std::fs::write(place.at("in/log.csv"), &large).unwrap();
    let model = MODEL.replace("log.csv.gz", "log.csv");
    std::fs::write(place.at("in/m.toml"), model).unwrap();
    let small = "sweep in/m.toml --quiet";
    place.good(&format!("{small} --out whole.csv"));
    for line in [
        format!("{small} --plan plan.jsonl"),
        format!("{small} --store s"),
        "capacity in/m.toml --vary load=0.2..3 --store r".to_owned(),
    ] {
        let done = place.run(&line);
        let text = said(&done);
        assert_eq!(done.status.code(), Some(104), "{line}: {text}");
        for part in [
            "in/log.csv",
            "it is larger than 64 MiB",
            "pack it with gzip",
        ] {
            assert!(text.contains(part), "{line}: {text}");
        }
        assert_eq!(text.matches("error:").count(), 1, "{line}: {text}");
    }
    // Packed it is small.
    place.log(&large);
    std::fs::write(place.at("in/m.toml"), MODEL).unwrap();
    place.good(&format!("{small} --plan plan.jsonl"));
}
