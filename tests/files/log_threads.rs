//! A log of several blocks says the same on any number of threads, and what it says read line by line.

use std::fmt::Write as _;
use std::io::Write as _;

use capsim::formats::{self, Layout, Record, Source, Understood};
use capsim::study::learn::Learner;
use capsim::study::logs;

const THREADS: [usize; 4] = [1, 2, 3, 8];

fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().unwrap().install(work)
}

/// A line of nginx: who, what, and when the request ended in milliseconds.
fn line(k: u64, end_ms: u64) -> String {
    let (second, ms) = (1_795_780_800 + end_ms / 1_000, end_ms % 1_000);
    let of_day = end_ms / 1_000 + 12 * 3_600;
    let (path, took) = match k % 5 {
        0 => ("/orders".to_string(), 40 + k % 7),
        1 | 2 => (format!("/seats/{}", k * 7_919 % 9_000), 12 + k % 11),
        _ => (format!("/search?q={}", k % 50), 5 + k % 3),
    };
    let status = if k.is_multiple_of(97) { 503 } else { 200 };
    format!(
        "10.0.{}.{} - - [27/Nov/2026:{:02}:{:02}:{:02} +0000] \"GET {path} HTTP/1.1\" {status} 512 \"-\" \"Mozilla/5.0\" \
         msec={second}.{ms:03} rt=0.{took:03} urt=\"0.{:03}\"",
        k % 3,
        k % 40,
        of_day / 3_600,
        of_day / 60 % 60,
        of_day % 60,
        took - 1
    )
}

/// Some megabytes of lines, 100 a second.
fn lines(count: u64) -> Vec<String> {
    (0..count).map(|k| line(k, k * 10)).collect()
}

/// Many lines, of which each kind of trouble hits some, in several blocks.
fn troubled() -> Vec<u8> {
    let mut bytes = Vec::new();
    for (k, line) in lines(20_000).iter().enumerate() {
        match k {
            2_000 | 9_000 | 9_001 | 15_000 => bytes.extend(&line.as_bytes()[..60]),
            7_000 => bytes.extend(vec![b'x'; 2_500_000]),
            7_500 => bytes.extend(b"# a comment\r\n\r\n   \n\xff\xfe of no tongue"),
            12_000 => bytes.extend(
                br#"{"time":"2026-11-27T10:40:22.1Z","path":"/a","status":200,"duration_ms":226}"#,
            ),
            13_000 => bytes.extend(line.replace("/seats/", "/s\u{e9}ats/").as_bytes()),
            14_000 => bytes.extend(self::line(5, 30_000).as_bytes()),
            16_000 => bytes.extend(line.replace("msec=1795", "msec=0000").as_bytes()),
            _ => bytes.extend(line.as_bytes()),
        }
        bytes.extend(if k % 3 == 0 { &b"\r\n"[..] } else { b"\n" });
    }
    // The end is missing.
    bytes.truncate(bytes.len() - 30);
    bytes
}

fn text(read: &Understood) -> String {
    capsim::report::formats::text("access.log", read)
}

/// What `read` and `learn` say: on one thread after the other, which has to be the same.
fn said(bytes: &[u8], column: Option<&str>, on_threads: &[usize]) -> (String, String) {
    let learned = |learner: Learner| {
        let learned = learner.learn("access.log", false, Vec::new());
        learned.map_or_else(|why| why, |learned| learned.toml())
    };
    let learner = || {
        let learner = Learner::new(Vec::new());
        match column {
            Some(column) => learner.with_sessions(column),
            None => learner,
        }
    };
    let source = || Source::of_bytes("access.log", bytes).unwrap();
    let layout = || {
        let layout = Layout::of(&source()).unwrap();
        column.map(|column| layout.with_session(column).unwrap())
    };
    let mut one_by_one = learner();
    let mut sink = |record: &Record<'_>| one_by_one.add(record);
    formats::each_of(&mut source(), layout().as_ref(), &mut sink).unwrap();
    let expected = (
        text(&formats::understand(&mut source(), None).unwrap()),
        learned(one_by_one),
    );
    for &threads in on_threads {
        let (read, model) = on(threads, || {
            let read = logs::understand(&mut source(), None).unwrap();
            let mut learner = learner();
            learner.read(&mut source(), layout().as_ref()).unwrap();
            (text(&read), learned(learner))
        });
        assert_eq!(read, expected.0, "on {threads} threads");
        assert_eq!(model, expected.1, "on {threads} threads");
    }
    expected
}

#[test]
fn a_log_says_the_same_on_any_number_of_threads() {
    let bytes = (lines(20_000).join("\n") + "\n").into_bytes();
    assert!(bytes.len() > 2 << 20, "it has to be of several blocks");
    let (read, model) = said(&bytes, None, &THREADS);
    assert!(
        read.contains("requests     20000, 207 failed\nspan         200.03 s"),
        "{read}"
    );
    assert!(
        read.contains("p(50)                  14           13\n"),
        "{read}"
    );
    assert!(!read.contains("not to be trusted"), "{read}");
    assert!(model.contains("[endpoints.get_seats_id]"), "{model}");
    let (_, model) = said(&bytes, Some("$remote_addr"), &THREADS);
    assert!(model.contains("120 sessions by $remote_addr"), "{model}");
}

/// Packed, it has to say the same.
#[test]
fn what_is_wrong_with_a_log_is_told_the_same_on_any_number_of_threads() {
    let bytes = troubled();
    let (read, model) = said(&bytes, None, &THREADS);
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&bytes).unwrap();
    let packed = packer.finish().unwrap();
    assert_eq!((read.clone(), model.clone()), said(&packed, None, &THREADS));
    is_told_where_it_was_cut_off(&packed[..packed.len() * 2 / 3]);
    for told in [
        "requests     19992, ",
        "line 12004 looks like a JSON log",
        "the clock: line 16004 is of before the year 2000",
        "the clock: time goes back 2 times, by ",
        "8 lines were not understood, the first:\n  line 2001: ",
        "\n  line 7001: the line is longer than 1 MiB: xxx",
        "\n  line 7504: ` - ` is missing behind",
    ] {
        assert!(read.contains(told), "{told}:\n{read}");
    }
    assert!(model.contains("the requests span "), "{model}");
}

#[test]
fn the_end_of_a_log_is_told_wherever_its_blocks_end() {
    let all = lines(8_000).join("\n");
    for cut in [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, (1 << 20) + 200] {
        let bytes = &all.as_bytes()[..cut];
        let whole = bytes.iter().filter(|byte| **byte == b'\n').count();
        let (read, _) = said(bytes, None, &[2, 8]);
        let count = read.lines().find(|line| line.starts_with("requests"));
        let count: usize = count.unwrap()["requests".len()..]
            .split(',')
            .next()
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        assert!((whole..=whole + 1).contains(&count), "{read}");
        let last = format!("line {}: the file ends within this line", whole + 1);
        assert_eq!(count == whole, read.contains(&last), "{read}");
    }
}

fn is_told_where_it_was_cut_off(part: &[u8]) {
    let mut whys = THREADS.map(|threads| {
        let mut source = Source::of_bytes("access.log.gz", part).unwrap();
        on(threads, || {
            logs::understand(&mut source, None).unwrap_err().to_string()
        })
    });
    assert!(
        whys[0].contains("it may be cut off") && whys[0].contains("access.log.gz: line "),
        "{whys:?}"
    );
    whys.sort();
    assert_eq!(whys[0], whys[3]);
}

#[test]
fn a_log_in_which_nothing_is_understood_is_refused_on_any_number_of_threads() {
    let mut text = line(1, 10) + "\n";
    while text.len() < 5 << 18 {
        let _ = writeln!(text, "no line of a log {}", text.len());
    }
    let layout = Layout::parse("nginx:<$time_local> $request $status").unwrap();
    for threads in THREADS {
        let mut source = Source::of_bytes("access.log", text.as_bytes()).unwrap();
        let why = on(threads, || {
            logs::understand(&mut source, Some(&layout))
                .unwrap_err()
                .to_string()
        });
        let lines = text.lines().count();
        assert!(
            why.contains(&format!(
                "no request was understood; {lines} lines were not, the first is line 1: it does"
            )),
            "{why}"
        );
    }
}
