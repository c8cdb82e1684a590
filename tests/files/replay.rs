//! Scenarios that replay a log: when its requests come, and what becomes of logs that are wrong.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use capsim::formats::{self, Record};
use capsim::load::replay::Replayed;
use capsim::model::replay::Replay;
use capsim::model::scenario::Executor;
use capsim::model::{Checked, Document, Override};

const ENDPOINTS: &str =
    "[endpoints]\na.visits = [{ delay = \"1ns\" }]\nb.visits = [{ delay = \"1ns\" }]\n";

fn model(keys: &str) -> String {
    format!("[scenarios.log]\nexecutor = \"replay\"\n{keys}\n{ENDPOINTS}")
}

/// A directory with this log, and a model that replays it.
fn directory(log: &str, bytes: &[u8], keys: &str) -> (tempfile::TempDir, Document) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(log), bytes).unwrap();
    let file = directory.path().join("model.toml");
    let keys = format!("file = \"{log}\"\n{keys}");
    std::fs::write(&file, model(&keys)).unwrap();
    let document = Document::from_file(&file).unwrap();
    (directory, document)
}

fn replay(checked: &Checked) -> Arc<Replay> {
    match &checked.model.scenarios[0].executor {
        Executor::Replay(replay) => replay.clone(),
        other => panic!("{other:?}"),
    }
}

/// When the requests come, in microseconds, and whether each is of `b`.
fn times(document: &Document, set: &[(&str, &str)]) -> Vec<(f64, bool)> {
    let set: Vec<Override> = (set.iter())
        .map(|(path, value)| Override::new(path, value).unwrap())
        .collect();
    let checked = document.check(&set).unwrap();
    let replay = replay(&checked);
    let mut replayed = Replayed::new(replay.clone());
    let mut all = Vec::new();
    while let Some(at) = replayed.next_time()
        && at <= replay.duration
    {
        all.push((at.0 as f64 / 1e3, replayed.entry() == replay.entries[1]));
    }
    assert_eq!(replayed.failure(), None);
    all
}

fn seconds(times: &[(f64, bool)]) -> Vec<f64> {
    times.iter().map(|(us, _)| us / 1e6).collect()
}

const TABLE: &[u8] = b"start_us,endpoint\n5000000,a\n15000000,b\n30000000,a\n65000000,a\n";

#[test]
fn a_log_is_shifted_looped_and_compressed_by_exact_numbers() {
    let (_kept, document) = directory("t.csv", TABLE, "");
    let plain = times(&document, &[]);
    assert_eq!(seconds(&plain), [0.0, 10.0, 25.0, 60.0]);
    let b: Vec<bool> = plain.iter().map(|(_, b)| *b).collect();
    assert_eq!(b, [false, true, false, false]);
    // The log takes a minute; a mean gap of 20 s comes before it is played again.
    let thrice = times(&document, &[("scenarios.log.loop", "3")]);
    assert_eq!(
        seconds(&thrice),
        [
            0.0, 10.0, 25.0, 60.0, 80.0, 90.0, 105.0, 140.0, 160.0, 170.0, 185.0, 220.0
        ]
    );
    let twice_as_dense = times(&document, &[("load", "2"), ("scenarios.log.loop", "3")]);
    let half: Vec<f64> = seconds(&thrice).iter().map(|s| s / 2.0).collect();
    assert_eq!(seconds(&twice_as_dense), half);
    let later = [
        ("scenarios.log.offset", "\"20s\""),
        ("scenarios.log.loop", "true"),
        ("scenarios.log.duration", "\"2m\""),
    ];
    assert_eq!(seconds(&times(&document, &later)), [5.0, 40.0, 65.0, 100.0]);
    let short = [("scenarios.log.duration", "\"25s\"")];
    assert_eq!(seconds(&times(&document, &short)), [0.0, 10.0, 25.0]);
    // At the end of the log it is over, whatever `duration` says.
    let long = Override::new("scenarios.log.duration", "\"1h\"").unwrap();
    assert_eq!(
        replay(&document.check(&[long]).unwrap()).duration.as_secs(),
        60.0
    );
}

/// Lines of a log whose times are ends, in milliseconds, in the order of the ends but for those that are moved.
fn log_of(requests: &[(i64, i64, bool)]) -> String {
    let mut log = String::new();
    for (start_ms, ms, b) in requests {
        let end = start_ms + ms;
        let path = if *b { "/b" } else { "/a" };
        log += &format!(
            "{}.{:03} \"GET {path} HTTP/1.1\" 200 {}.{:03}\n",
            end / 1000,
            end % 1000,
            ms / 1000,
            ms % 1000
        );
    }
    log
}

const LOG: &str = "log_format = 'nginx:$msec \"$request\" $status $request_time'\nroutes = { \"GET /b\" = \"b\", \"/*\" = \"a\" }";

#[test]
fn requests_come_in_the_order_of_their_begins_however_the_log_is_ordered() {
    let mut random = 88_172_645_463_325_252_u64;
    let mut next = |n: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % n) as i64
    };
    for far in [0, 1, 7] {
        let mut requests: Vec<(i64, i64, bool)> = (0..5_000)
            .map(|k| {
                // One in a thousand takes longer than a minute.
                let ms = if next(1_000) < far {
                    60_000 + next(600_000)
                } else {
                    next(9_000)
                };
                (1_795_776_000_000 + 100 * k + next(100), ms, next(3) == 0)
            })
            .collect();
        requests.sort_by_key(|(start, ms, _)| start + ms);
        let (_kept, document) = directory("access.log", log_of(&requests).as_bytes(), LOG);
        let found = times(&document, &[]);
        let first = requests.iter().map(|(start, ..)| *start).min().unwrap();
        let mut wanted: Vec<(f64, bool)> = (requests.iter())
            .map(|(start, _, b)| ((start - first) as f64 * 1e3, *b))
            .collect();
        wanted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let starts = |all: &[(f64, bool)]| all.iter().map(|(us, _)| *us).collect::<Vec<_>>();
        assert_eq!(starts(&found), starts(&wanted));
        let count = |all: &[(f64, bool)]| all.iter().filter(|(_, b)| *b).count();
        assert_eq!(count(&found), count(&wanted));
        let warnings = document.check(&[]).unwrap().warnings.concat();
        assert_eq!(
            warnings.contains("begin more than a minute before"),
            far > 0,
            "{warnings}"
        );
    }
}

/// As `learn --replay` spreads them, which holds the whole log.
#[test]
fn requests_of_whole_seconds_are_spread_over_them_as_learn_does() {
    for ends in [false, true] {
        let mut log = String::new();
        for k in 0..900_i64 {
            let second = 1_795_776_000 + k / 7 - (k % 5 == 0) as i64;
            let path = if k % 3 == 0 { "/b" } else { "/a" };
            let took = if ends { k % 40 * 25 } else { 0 };
            log += &format!(
                "{second} \"GET {path} HTTP/1.1\" 200 {}.{:03}\n",
                took / 1000,
                took % 1000
            );
        }
        let (kept, document) = directory("access.log", log.as_bytes(), LOG);
        let format = "nginx:$msec \"$request\" $status $request_time";
        let mut learn = Command::new(env!("CARGO_BIN_EXE_capsim"));
        let learn = learn
            .current_dir(&kept)
            .args(["learn", "access.log", "--log-format", format]);
        let done = learn.args(["--replay", "held"]).output().unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        let held = std::fs::read_to_string(kept.path().join("held/requests.csv")).unwrap();
        let wanted: Vec<(f64, bool)> = (held.lines().skip(1))
            .map(|line| line.split_once(',').unwrap())
            .map(|(us, name)| (us.parse().unwrap(), name == "get_b"))
            .collect();
        let found = times(&document, &[]);
        let first = found[0].0;
        assert_eq!(found.len(), wanted.len());
        let mut found: Vec<(f64, bool)> = found.iter().map(|(us, b)| (us - first, *b)).collect();
        let order = |a: &(f64, bool), b: &(f64, bool)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        found.sort_by(order);
        let mut wanted = wanted;
        wanted.sort_by(order);
        assert_eq!(found, wanted, "ends: {ends}");
        let warnings = document.check(&[]).unwrap().warnings.concat();
        assert!(warnings.contains("whole seconds"), "{warnings}");
    }
}

fn capsim(directory: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
    let done = command.current_dir(directory).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        done.status.code().unwrap(),
        text(&done.stdout),
        text(&done.stderr),
    )
}

fn starts(file: &Path) -> Vec<(i64, bool)> {
    let mut all: Vec<(i64, bool)> = Vec::new();
    let mut sink = |r: &Record<'_>| all.push((r.start_us.unwrap(), r.path.contains('b')));
    formats::each(file, None, &mut sink).unwrap();
    all.sort_unstable();
    all
}

#[test]
fn the_replay_of_a_log_that_a_run_wrote_has_the_same_arrivals() {
    let real = "[scenarios.open]\nexecutor = \"poisson-arrivals\"\nrate = 80\nduration = \"1m\"\n\
        [journeys]\nopen = [{ choose = [{ weight = 2, steps = [{ request = \"a\" }] }, { weight = 1, steps = [{ request = \"b\" }] }] }]\n\
        [stations.cpu]\nservers = 2\n[endpoints]\n\
        a.visits = [{ station = \"cpu\", time = { exponential = \"20ms\" } }]\n\
        b.visits = [{ station = \"cpu\", time = { exponential = \"15ms\" } }]\n";
    let kept = tempfile::tempdir().unwrap();
    let at = |name: &str| kept.path().join(name);
    std::fs::write(at("real.toml"), real).unwrap();
    let ran = |args: &[&str]| {
        let (code, out, err) = capsim(kept.path(), args);
        assert_eq!((code, err.as_str()), (0, ""));
        out
    };
    ran(&["run", "real.toml", "-q", "--out", "nginx=real.log"]);
    let wanted = starts(&at("real.log"));
    let first = wanted[0].0;
    std::fs::write(
        at("replay.toml"),
        model("file = \"real.log\"\nstart_time = \"7s\""),
    )
    .unwrap();
    // The names of the endpoints are those that the log's paths have.
    let shown = ran(&["run", "replay.toml", "-q", "--out", "nginx=again.log"]);
    let own = starts(&at("again.log"));
    let since: Vec<(i64, bool)> = wanted.iter().map(|(us, b)| (us - first, *b)).collect();
    let begin = own[0].0;
    let own: Vec<(i64, bool)> = own.iter().map(|(us, b)| (us - begin, *b)).collect();
    assert_eq!(own, since);
    // The epoch of a log is the begin of the run.
    assert_eq!(begin % 60_000_000, 7_000_000);
    assert!(
        shown.contains(&format!("iterations.....................: {}", since.len())),
        "{shown}"
    );
    let header = ran(&["run", "replay.toml", "--seed", "2"]);
    assert!(
        header.contains(&format!(
            "* log: {} recorded requests of real.log for",
            since.len()
        )),
        "{header}"
    );
    assert!(header.contains("log  ✓ [ 100% ]"), "{header}");
    let again = ran(&["run", "replay.toml", "--seed", "2"]);
    assert_eq!(header.lines().last(), again.lines().last());
    assert!(ran(&["check", "replay.toml"]).contains("The model is sound"));
    ran(&["run", "replay.toml", "-q", "--timeline", "line.csv"]);
    let line = std::fs::read_to_string(at("line.csv")).unwrap();
    assert!(line.lines().count() > 60, "{line}");
}

fn refusal(log: &str, bytes: &[u8], keys: &str) -> String {
    let (_kept, document) = directory(log, bytes, keys);
    document.check(&[]).unwrap_err().to_string()
}

#[test]
fn a_log_that_cannot_be_replayed_is_refused_with_one_error() {
    let table = std::str::from_utf8(TABLE).unwrap();
    let whole = log_of(
        &(0..40_000)
            .map(|k| (1_795_776_000_000 + k * 17, k % 90, false))
            .collect::<Vec<_>>(),
    );
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(whole.as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    let stray = "start_us,endpoint\n1,a\n2,GET /c/7\n3,d\n4,e\n5,f\n";
    let years = format!("{whole}1.000 \"GET /a HTTP/1.1\" 200 0.001\n");
    let cases: [(&str, &[u8], &str, &str); 9] = [
        ("x.log.gz", &packed[..packed.len() / 2], LOG, "cut off"),
        ("x.csv", b"", "", "the file is empty"),
        (
            "x.csv",
            b"start_us,endpoint\n",
            "",
            "no request with a time and an endpoint",
        ),
        ("x.csv", b"time,what\n1,a\n", "", "neither an access log"),
        (
            "x.csv",
            stray.as_bytes(),
            "",
            "4 requests of `x.csv` belong to no endpoint: GET /c/7, d, e, …",
        ),
        ("x.log", years.as_bytes(), LOG, "a replay takes 40 at most"),
        (
            "x.csv",
            table.as_bytes(),
            "offset = \"2m\"",
            "is over before its `offset`",
        ),
        ("x.csv", table.as_bytes(), "loop = true", "needs an end"),
        (
            "x.csv",
            b"start_us,endpoint\n1,a\n1,b\n",
            "loop = 2",
            "cannot be looped",
        ),
    ];
    for (log, bytes, keys, wanted) in cases {
        let why = refusal(log, bytes, keys);
        assert!(why.contains(wanted), "{wanted}: {why}");
        assert_eq!(why.matches("error: ").count(), 1, "{why}");
    }
    let why = refusal("x.csv", TABLE, "routes = { \"/x\" = \"c\" }");
    assert!(why.contains("there is no endpoint `c`"), "{why}");
    let why = refusal("x.csv", TABLE, "vus = 3");
    assert!(why.contains("unknown field \"vus\""), "{why}");
    let why = refusal(
        "x.csv",
        TABLE,
        "[scenarios.other]\nexecutor = \"constant-vus\"\nduration = \"1s\"\nloop = 2\njourney = \"x\"\n[journeys]\nx = [{ request = \"a\" }, { sleep = \"1s\" }]",
    );
    assert!(why.contains("`scenarios.other` has no key `loop`"), "{why}");
}

#[test]
fn lines_that_are_not_understood_are_counted() {
    let good = log_of(&[(1_795_776_000_000, 5, false), (1_795_776_000_900, 5, true)]);
    let other =
        "{\"time\":\"2026-11-27T10:40:00Z\",\"duration_ms\":3,\"path\":\"/a\",\"status\":200}\n";
    // Two formats, a line of two that were written at once, and one that is cut.
    let hostile =
        format!("{good}{other}1795776001.000 \"GET 1795776001.000 \"GET /a HTT\n{good}17957760");
    let (_kept, document) = directory("x.log", hostile.as_bytes(), LOG);
    let checked = document.check(&[]).unwrap();
    let warnings = checked.warnings.concat();
    assert!(
        warnings.contains(
            "3 lines of `x.log` are not understood and left out, the first: 3, 4, 7; the file holds two formats, line 3 \
             looks like a JSON log"
        ),
        "{warnings}"
    );
    assert_eq!(replay(&checked).survey.requests, 4);
    assert_eq!(times(&document, &[]).len(), 4);
    // Requests of no endpoint are left out where the model says so.
    let stray = b"start_us,endpoint\n1,a\n2,GET /c/7\n30,b\n";
    let (_kept, document) = directory("x.csv", stray, "unmatched = \"skip\"");
    let warnings = document.check(&[]).unwrap().warnings.concat();
    assert!(
        warnings.contains("1 requests of `x.csv` belong to no endpoint"),
        "{warnings}"
    );
    assert_eq!(times(&document, &[]), [(0.0, false), (29.0, true)]);
}

#[test]
fn a_log_that_changes_under_the_run_ends_it_with_an_error() {
    let (kept, document) = directory("t.csv", TABLE, "");
    let checked = document.check(&[]).unwrap();
    let file = kept.path().join("t.csv");
    // What has been written since is not played.
    std::fs::write(&file, [TABLE, b"66000000,b\n"].concat()).unwrap();
    let mut replayed = Replayed::new(replay(&checked));
    let count = std::iter::from_fn(|| replayed.next_time()).count();
    assert_eq!((count, replayed.failure()), (4, None));
    std::fs::write(&file, &TABLE[..30]).unwrap();
    let outcome = capsim::world::World::new(&checked.model, 1, 0).run();
    let why = outcome.end.complaint(&checked.model).unwrap();
    assert!(
        why.contains("the log has changed since the model was read"),
        "{why}"
    );
}

#[test]
fn a_log_lies_beside_its_model() {
    let kept = tempfile::tempdir().unwrap();
    std::fs::create_dir(kept.path().join("inside")).unwrap();
    std::fs::write(kept.path().join("t.csv"), TABLE).unwrap();
    let file = kept.path().join("inside/model.toml");
    std::fs::write(&file, model("file = \"../t.csv\"")).unwrap();
    let document = Document::from_file(&file).unwrap();
    let why = document.check(&[]).unwrap_err().to_string();
    assert!(
        why.contains("outside") && why.contains("--allow-path"),
        "{why}"
    );
    let allowed = document.allowing(&[kept.path().to_path_buf()]);
    let files = allowed.check(&[]).unwrap().files;
    assert_eq!(files.len(), 1, "an output may not overwrite it");
}
