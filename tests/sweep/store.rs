//! Stores: however a sweep is shared out, whatever is killed, damaged or done twice, the merged file has the bytes of
//! the sweep on one machine, or is refused with a list.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use capsim::study::sweep::segment::{Entry, failed_line, result_line};

const MODEL: &str = "
[scenarios.default]
executor = \"open-arrivals\"
rate = 20
duration = \"2s\"
journey = \"j\"
[journeys]
j = [{ request = \"e\" }]
[stations.cpu]
servers = 1
[endpoints.e]
visits = [{ station = \"cpu\", time = { empirical = { file = \"times.csv\", unit = \"ms\" } } }]
[thresholds]
http_req_duration = [\"p(95)<40\"]
";

const DESIGN: &str = "--vary load=0.5,1,1.5 --vary stations.cpu.servers=1,2";

/// Of three points × two × four replications.
const CELLS: usize = 24;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        std::fs::write(place.at("m.toml"), MODEL).unwrap();
        std::fs::write(place.at("times.csv"), "ms\n5\n12.5\n40\n").unwrap();
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
        command
            .current_dir(self.0.path())
            .args(line.split_whitespace());
        for name in [
            "SLURM_ARRAY_TASK_ID",
            "JOB_COMPLETION_INDEX",
            "OMPI_COMM_WORLD_RANK",
        ] {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    fn good(&self, line: &str) -> String {
        let done = self.run(line);
        assert_eq!(done.status.code(), Some(0), "{line}: {}", said(&done));
        String::from_utf8(done.stdout).unwrap()
    }

    /// The exit code and what is said.
    fn bad(&self, line: &str, code: i32) -> String {
        let done = self.run(line);
        let text = said(&done) + &String::from_utf8_lossy(&done.stdout);
        assert_eq!(done.status.code(), Some(code), "{line}: {text}");
        text
    }

    fn sweep(&self, more: &str) -> String {
        self.good(&format!(
            "sweep m.toml {DESIGN} --replications 4 --quiet {more}"
        ))
    }

    fn with_input(&self, line: &str, input: &[u8]) -> Output {
        let mut command = self.command(line);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.at(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
    }

    /// Whether both sweeps have the same three files.
    fn assert_same(&self, one: &str, other: &str) {
        for ending in ["csv", "points.csv", "study.json"] {
            let of = |name: &str| self.bytes(&format!("{name}.{ending}"));
            assert!(of(one) == of(other), "{one} and {other} differ in {ending}");
        }
    }

    fn segments(&self, store: &str) -> Vec<PathBuf> {
        let all = std::fs::read_dir(self.at(store).join("segments")).unwrap();
        let mut all: Vec<PathBuf> = all.map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn lines(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

#[test]
fn shards_on_other_machines_give_the_bytes_of_one() {
    let place = Place::new();
    place.sweep("--out whole.csv");
    // Each engine numbers its tasks in its own way.
    let engines = [
        ("SLURM_ARRAY_TASK_ID", "0"),
        ("JOB_COMPLETION_INDEX", "1"),
        ("OMPI_COMM_WORLD_RANK", "2"),
    ];
    for (variable, number) in engines {
        let line = format!("sweep m.toml {DESIGN} --replications 4 --store s --shard auto/3");
        let done = place.command(&line).env(variable, number).output().unwrap();
        assert!(done.status.success(), "{}", said(&done));
        let text = format!("shard {number}/3: 8 cells done, 0 of them before, in s");
        assert!(said(&done).contains(&text), "{}", said(&done));
    }
    assert_eq!(place.segments("s").len(), 3);
    assert_eq!(place.good("store missing s --shards 3"), "");
    place.good("store merge s --out merged.csv");
    place.assert_same("whole", "merged");
    // What is merged is a file like any other.
    place.sweep("--resume --out merged.csv");
    let text = place.bad("store merge s --out merged.csv", 1);
    assert!(text.contains("exists"), "{text}");
    // A plan needs neither the model nor its data files.
    place.sweep("--plan plan.jsonl");
    let plan = place.bytes("plan.jsonl");
    for name in ["m.toml", "times.csv"] {
        std::fs::remove_file(place.at(name)).unwrap();
    }
    let results = place.with_input("cells --threads 2", &plan);
    assert!(results.status.success(), "{}", said(&results));
    let added = place.with_input("store add t --plan plan.jsonl", &results.stdout);
    assert!(added.status.success(), "{}", said(&added));
    place.good("store merge t --out added.csv");
    place.assert_same("whole", "added");
}

#[test]
fn a_store_knows_the_cells_of_other_sweeps() {
    let place = Place::new();
    place.sweep("--store s");
    for (more, old) in [
        ("--replications 6", 24),
        ("--replications 3", 18),
        ("--replications 6 --seed 2", 0),
    ] {
        let done = place.run(&format!("sweep m.toml {DESIGN} {more} --store s"));
        let text = said(&done);
        assert!(
            text.contains(&format!("done, {old} of them before")),
            "{more}: {text}"
        );
    }
    // Its results depend on the data file.
    std::fs::write(place.at("times.csv"), "ms\n5\n12.5\n41\n").unwrap();
    let done = place.run(&format!("sweep m.toml {DESIGN} --store s"));
    assert!(
        said(&done).contains("done, 0 of them before"),
        "{}",
        said(&done)
    );
    let text = place.bad("store status s", 104);
    assert!(text.contains("several plans"), "{text}");
}

#[test]
fn holes_are_listed_and_not_merged() {
    let place = Place::new();
    place.sweep("--out whole.csv");
    for number in [0, 3] {
        place.sweep(&format!("--store s --shard {number}/5"));
    }
    assert_eq!(place.bad("store missing s --shards 5", 75), "1-2,4\n");
    let text = place.bad("store status s", 75);
    assert!(text.contains("10 done, 14 missing, 0 failed"), "{text}");
    let text = place.bad("store merge s --out m.csv", 75);
    let first = "has no result: cell 1: load=0.5, stations.cpu.servers=1, replication 1";
    assert!(
        text.contains(first) && text.contains("and 4 more"),
        "{text}"
    );
    assert!(!place.at("m.csv").exists());
    place.sweep("--store s --out m.csv");
    place.assert_same("whole", "m");
}

#[test]
fn damage_is_found_set_aside_and_run_again() {
    let place = Place::new();
    place.sweep("--out whole.csv");
    place.sweep("--store s");
    let segment = place.segments("s").remove(0);
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&segment, &bytes).unwrap();
    let text = place.bad("store merge s --out m.csv", 75);
    assert!(
        text.contains("is not as it was written: s/segments/"),
        "{text}"
    );
    assert!(text.contains("capsim store repair s"), "{text}");
    let text = place.good("store repair s");
    assert!(
        text.contains(&format!("{} results of them kept", CELLS - 1)),
        "{text}"
    );
    assert_eq!(place.bad("store missing s", 75).lines().count(), 1);
    place.sweep("--store s --out m.csv");
    place.assert_same("whole", "m");
}

#[test]
fn a_writer_that_is_killed_loses_what_it_did_not_finish() {
    let place = Place::new();
    place.sweep("--out whole.csv");
    let line = format!("sweep m.toml {DESIGN} --replications 4 --quiet --threads 1 --store s");
    let mut child = place.command(&line).spawn().unwrap();
    let some = || {
        let segments = std::fs::read_dir(place.at("s").join("segments"));
        let mut sizes = segments.into_iter().flatten().flatten();
        sizes.any(|segment| segment.metadata().is_ok_and(|about| about.len() > 1_000))
    };
    while !some() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let _ = child.kill();
    let _ = child.wait();
    // It was in the middle of a line.
    let segment = place.segments("s").remove(0);
    let bytes = std::fs::read(&segment).unwrap();
    std::fs::write(&segment, &bytes[..bytes.len() - 9]).unwrap();
    let text = place.bad("store status s", 75);
    assert!(text.contains("1 last line unfinished"), "{text}");
    place.sweep("--store s --out m.csv");
    place.assert_same("whole", "m");
    assert_eq!(place.segments("s").len(), 2);
}

#[test]
fn what_is_done_twice_counts_once_if_it_is_equal() {
    let place = Place::new();
    place.sweep("--out whole.csv");
    place.sweep("--store s --shard 1/2");
    let segment = place.segments("s").remove(0);
    std::fs::copy(&segment, segment.with_file_name("added.9.rows")).unwrap();
    place.sweep("--store s --out m.csv");
    place.assert_same("whole", "m");
    let text = place.good("store status s");
    assert!(
        text.contains("36 lines in 3 segments, 12 there twice"),
        "{text}"
    );
    // One that differs, with a checksum that fits.
    let line = &lines(&segment)[1];
    let entry = Entry::parse(line).unwrap();
    let other = result_line(entry.key, b"finished,0,,,0");
    let added = place.with_input("store add s", &other);
    assert!(added.status.success(), "{}", said(&added));
    let text = place.bad("store merge s --out n.csv", 1);
    assert!(text.contains("results of one cell differ"), "{text}");
}

#[test]
fn a_cell_that_failed_is_reported_alone() {
    let place = Place::new();
    place.sweep("--plan plan.jsonl");
    let plan = String::from_utf8(place.bytes("plan.jsonl")).unwrap();
    let results = place.with_input("cells", plan.as_bytes());
    let mut results: Vec<Vec<u8>> = results
        .stdout
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let key = Entry::parse(&results[5]).unwrap().key;
    results[5] = failed_line(key, "killed by signal 9");
    place.with_input("store add s --plan plan.jsonl", &results.concat());
    let text = place.bad("store status s", 104);
    assert!(text.contains("23 done, 0 missing, 1 failed"), "{text}");
    assert!(text.contains("replication 1: killed by signal 9"), "{text}");
    place.bad(
        &format!("sweep m.toml {DESIGN} --replications 4 -q --store s"),
        104,
    );
    let text = place.bad("store merge s --out m.csv", 104);
    assert!(text.contains("--with-failed"), "{text}");
    place.good("store merge s --out m.csv --with-failed");
    let rows = String::from_utf8(place.bytes("m.csv")).unwrap();
    let width = rows.lines().next().unwrap().split(',').count();
    let row = rows.lines().nth(6).unwrap();
    assert!(row.starts_with("1,1,0.5,2,failed,0,"), "{row}");
    assert_eq!(row.split(',').count(), width);
    place.sweep("--out whole.csv");
    place.sweep("--store s --retry-failed --out n.csv");
    place.assert_same("whole", "n");
}

#[test]
fn lines_that_are_not_of_the_plan_are_refused() {
    let place = Place::new();
    place.sweep("--plan plan.jsonl");
    let plan = String::from_utf8(place.bytes("plan.jsonl")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let refused: [(String, &str); 5] = [
        (
            plan.replace(
                &format!("\"version\":\"{version}\""),
                "\"version\":\"0.0.1\"",
            ),
            "is of capsim 0.0.1",
        ),
        (
            plan.replace("rate = 20", "rate = 21"),
            "does not fit its own hash",
        ),
        (
            plan.replace("load=0.5", "load=0.6"),
            "line 2 of standard input: its key is not",
        ),
        (
            plan.replace("\"replication\":2", "\"replication\":9"),
            "line 4 of standard input: its key is not",
        ),
        ("x\n".to_owned(), "first line of a plan"),
    ];
    for (text, why) in refused {
        let done = place.with_input("cells", text.as_bytes());
        assert_eq!(done.status.code(), Some(104), "{why}");
        assert!(said(&done).contains(why), "{why}: {}", said(&done));
    }
    let done = place.with_input("store add s", b"0123,finished\n");
    assert_eq!(done.status.code(), Some(1));
    assert!(
        said(&done).contains("line 1 is not a result"),
        "{}",
        said(&done)
    );
    std::fs::write(place.at("x.txt"), "mine").unwrap();
    let text = place.bad(&format!("sweep m.toml {DESIGN} --store ."), 1);
    assert!(text.contains("it is not a store"), "{text}");
    place.bad(&format!("sweep m.toml {DESIGN} --store s --shard 5/5"), 2);
    place.bad(&format!("sweep m.toml {DESIGN} --store s --shard auto"), 2);
    place.bad(&format!("sweep m.toml {DESIGN} --shard 0/5"), 2);
}
