//! Files of load tools beside the exact times of the server that they hit.
//!
//! The server answers after times that are known, so each printed number must come out of them by the tool's
//! declared rule, apart from the tool's own overhead, which only makes times longer and is bounded here.

use std::path::{Path, PathBuf};

use capsim::formats::rule::{Rank, Rule, Value, wrk_sample};
use capsim::formats::{self, Reading, Understood};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/formats")
        .join(name)
}

fn read(name: &str) -> Understood {
    formats::read(&path(name), None).unwrap_or_else(|why| panic!("{why}"))
}

/// A request at the server.
#[derive(Clone, Copy)]
struct Served {
    /// Nanoseconds that it was to take.
    planned: u64,
    /// Nanoseconds that it took, by the server's clock.
    took: u64,
    /// 0 where the connection was closed.
    status: u16,
}

/// The requests at the server, in their order.
fn server(name: &str) -> Vec<Served> {
    let mut source = formats::Source::open(&path(name)).unwrap();
    let ns = |ms: &str| (ms.parse::<f64>().unwrap() * 1e6).round() as u64;
    let mut rows = Vec::new();
    while let Some(line) = source.next_line().unwrap() {
        let parts: Vec<&str> = line.split(',').collect();
        if is_number(parts[0]) {
            rows.push(Served {
                planned: ns(parts[0]),
                took: ns(parts[1]),
                status: parts[2].parse().unwrap(),
            });
        }
    }
    rows
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

/// The shortest and the longest that a tool may have measured, in ascending order.
struct Bounds {
    low: Vec<u64>,
    high: Vec<u64>,
}

impl Bounds {
    /// Of these requests: what was planned at least, and at most `each` ms more than the server's clock says.
    /// Requests in `slow`, counted from 1, may take so many ms more at the client.
    fn new(times: &[Served], each: f64, slow: &[(usize, f64)]) -> Bounds {
        let more = |k: usize| {
            let slow = slow.iter().find(|s| s.0 == k + 1).map_or(0.0, |s| s.1);
            ((each + slow) * 1e6) as u64
        };
        let mut low: Vec<u64> = times.iter().map(|t| t.planned.min(t.took)).collect();
        let high = times.iter().enumerate();
        let mut high: Vec<u64> = high.map(|(k, t)| t.took.max(t.planned) + more(k)).collect();
        low.sort_unstable();
        high.sort_unstable();
        Bounds { low, high }
    }

    /// Every percentile that was printed lies between what the rule gives for the shortest and the longest
    /// times; `step` is half of the last printed digit. Returns how many were looked at.
    fn hold(&self, name: &str, rule: Rule, reading: &Reading, step: f64) -> usize {
        for (percent, printed) in &reading.percentiles {
            let (Some(low), Some(high)) = (
                rule.percentile(&self.low, *percent),
                rule.percentile(&self.high, *percent),
            ) else {
                panic!(
                    "{name}: {percent} % is beyond the last of {}",
                    self.low.len()
                );
            };
            assert!(
                (low - step..=high + step).contains(printed),
                "{name}: {percent} % is {printed}, by the rule {low} to {high}"
            );
        }
        if let Some(mean) = reading.mean {
            let of = |ns: &[u64]| {
                let max = ns.last().copied().unwrap_or(0);
                let all = ns.iter().map(|ns| match rule.value {
                    Value::CutToMs => rule.value.of(*ns, max),
                    _ => *ns as f64 / 1e6,
                });
                all.sum::<f64>() / ns.len() as f64
            };
            let (low, high) = (of(&self.low), of(&self.high));
            assert!(
                (low - step..=high + step).contains(&mean),
                "{name}: mean {mean}, by the rule {low} to {high}"
            );
        }
        reading.percentiles.len()
    }
}

/// Reads a file that prints percentiles, and holds it to the server's times.
fn held(file: &str, sample: &str, each: f64, slow: &[(usize, f64)], step: f64) -> usize {
    let (read, mut times) = (read(file), server(sample));
    if sample == "ab/ab-B.server.csv" {
        // The server's log ends before its last request, which was to take 16 ms.
        let (planned, took, status) = (16_000_000, 16_000_000, 200);
        times.push(Served {
            planned,
            took,
            status,
        });
    }
    let rule = read.declaration.rule.unwrap();
    let count = read.reading.requests.unwrap_or(times.len() as u64);
    assert!(count as usize <= times.len(), "{file}: {count} requests");
    let bounds = Bounds::new(&times[..count as usize], each, slow);
    bounds.hold(file, rule, &read.reading, step)
}

#[test]
fn hey_prints_what_its_rule_makes_of_the_server_s_times() {
    let mut seen = 0;
    for name in ["A", "B", "C"] {
        let (file, sample) = (
            format!("hey/hey-{name}.out.txt"),
            format!("hey/hey-{name}.server.csv"),
        );
        seen += held(&file, &sample, 2.5, &[(1, 3.0)], 0.05);
    }
    assert_eq!(seen, 7 + 6 + 6);
    let odd = read("hey/hey-n100c30.out.txt");
    assert_eq!(odd.reading.requests, Some(90));
    assert_eq!(server("hey/hey-n100c30.server.csv").len(), 90);
    // One request was sent again unseen: both together are one time.
    let errors = read("hey/err-hey.out.txt");
    assert_eq!(
        (errors.reading.requests, errors.reading.failed),
        (Some(30), Some(3))
    );
    assert_eq!(server("hey/err-hey.server.csv").len(), 31);
    assert_eq!(errors.reading.max, Some(721.0));
}

#[test]
fn ab_prints_what_its_rules_make_of_the_server_s_times() {
    for (name, percents) in [("A", 101), ("B", 99), ("C", 99)] {
        let sample = format!("ab/ab-{name}.server.csv");
        assert_eq!(
            held(
                &format!("ab/ab-{name}.out.txt"),
                &sample,
                6.0,
                &[(1, 5.0)],
                0.5
            ),
            9
        );
        // -e points beyond the last time for few requests, and these percentiles are left out.
        assert_eq!(
            held(
                &format!("ab/ab-{name}.ab-e.csv"),
                &sample,
                6.0,
                &[(1, 5.0)],
                0.0005
            ),
            percents
        );
    }
    held(
        "ab/err-ab.out.txt",
        "ab/err-ab.server.csv",
        4.0,
        &[(1, 5.0)],
        0.5,
    );
}

#[test]
fn ab_s_file_of_requests_gives_the_numbers_of_its_text_exactly() {
    for name in ["A", "B", "C"] {
        let text = read(&format!("ab/ab-{name}.out.txt")).reading;
        let file = read(&format!("ab/ab-{name}.ab-g.tsv"));
        let requests = file.requests.unwrap();
        let sorted = requests.sorted();
        assert_eq!(text.requests, Some(sorted.len() as u64));
        for (percent, printed) in &text.percentiles {
            let own = file.declaration.rule.unwrap().percentile(&sorted, *percent);
            assert_eq!(own, Some(*printed), "{name}: {percent} %");
        }
        // The text has these two from times in us.
        assert!((requests.moments.mean().unwrap() - text.mean.unwrap()).abs() <= 0.6);
        assert!((requests.moments.std_dev().unwrap() - text.deviation.unwrap()).abs() <= 0.2);
    }
    let c = read("ab/ab-C.out.txt").reading;
    assert_eq!((c.median, c.percentile(50.0)), (Some(67.0), Some(47.0)));
    assert!(
        c.doubts.iter().any(|d| d.contains("median of 67 ms")),
        "{:?}",
        c.doubts
    );
}

#[test]
fn oha_prints_what_its_rule_makes_of_the_server_s_times() {
    for name in ["A", "B", "C"] {
        let sample = format!("oha/oha-{name}.server.csv");
        assert_eq!(
            held(
                &format!("oha/oha-{name}.out.txt"),
                &sample,
                3.0,
                &[(1, 6.0)],
                1e-6
            ),
            9
        );
    }
    let errors = read("oha/err-oha.out.txt").reading;
    assert_eq!((errors.requests, errors.failed), (Some(30), Some(4)));
    let answered: Vec<_> = server("oha/err-oha.server.csv")
        .into_iter()
        .filter(|t| t.status > 0)
        .collect();
    let rule = Rule::new(Rank::OneUp, Value::Exact);
    Bounds::new(&answered, 3.0, &[(1, 30.0)]).hold("err-oha", rule, &errors, 1e-6);
    let rows = read("oha/err-ohacsv.out.txt").requests.unwrap();
    assert_eq!((rows.times.len(), rows.failed), (29, 3));
}

#[test]
fn autocannon_prints_what_its_rule_makes_of_the_server_s_times() {
    for name in ["A", "B", "C", "frac"] {
        let file = format!("autocannon/ac-{name}.out.txt");
        let sample = format!("autocannon/ac-{name}.server.csv");
        assert_eq!(held(&file, &sample, 5.0, &[(1, 26.0)], 0.005), 15);
    }
    let says = |name: &str, word: &str| {
        let doubts = read(&format!("autocannon/{name}.out.txt")).reading.doubts;
        doubts.iter().any(|d| d.contains(word))
    };
    assert!(says("ac-R", "-R has added") && says("ac-R10", "-R has added"));
    assert!(!says("ac-RC", "-R has added") && !says("ac-B", "-R has added"));
    assert!(says("ac-sub", "below 1 ms") && !says("ac-A", "below 1 ms"));
    let uncorrected = read("autocannon/ac-RC.out.txt").reading;
    assert_eq!(uncorrected.percentile(50.0), Some(10.0));
}

#[test]
fn artillery_prints_what_its_rule_makes_of_the_server_s_times() {
    for name in ["A", "B", "C"] {
        let file = format!("artillery/art-{name}.rep.json");
        let sample = format!("artillery/art-{name}.server.csv");
        assert_eq!(held(&file, &sample, 4.0, &[(1, 20.0)], 0.05), 6);
    }
    let errors = read("artillery/err-art.rep.json").reading;
    assert_eq!((errors.requests, errors.failed), (Some(21), Some(3)));
    assert!(errors.doubts.iter().any(|d| d.contains("virtual user")));
}

#[test]
fn loadtest_prints_what_its_rule_makes_of_the_server_s_times() {
    for name in ["A", "B", "C"] {
        let file = format!("loadtest/lt-{name}.out.txt");
        let sample = format!("loadtest/lt-{name}.server.csv");
        assert_eq!(held(&file, &sample, 6.0, &[(1, 40.0)], 0.5), 5);
    }
    let errors = read("loadtest/err-lt.out.txt").reading;
    assert_eq!((errors.requests, errors.failed), (Some(30), Some(4)));
    held(
        "loadtest/err-lt.out.txt",
        "loadtest/err-lt.server.csv",
        6.0,
        &[(1, 40.0)],
        0.5,
    );
}

#[test]
fn goose_prints_what_its_rule_makes_of_the_server_s_times() {
    for (name, packed) in [("A", ".gz"), ("B", ""), ("C", "")] {
        let sample = format!("goose/goose-{name}.server.csv");
        assert_eq!(
            held(
                &format!("goose/goose-{name}.out.txt"),
                &sample,
                1.6,
                &[(1, 4.0)],
                0.5
            ),
            6
        );
        let json = format!("goose/goose-{name}.g.json{packed}");
        assert_eq!(held(&json, &sample, 1.6, &[(1, 4.0)], 1e-3), 6);
        // The log of requests of the same run gives the report's numbers exactly.
        let (report, log) = (
            read(&json).reading,
            read(&format!("goose/goose-{name}.r.csv{packed}")),
        );
        let sorted = log.requests.as_ref().unwrap().sorted();
        assert_eq!(report.requests, Some(sorted.len() as u64));
        for (percent, printed) in &report.percentiles {
            let own = log
                .declaration
                .rule
                .unwrap()
                .percentile(&sorted, *percent)
                .unwrap();
            assert!(
                (own - printed).abs() < 1e-9,
                "{name}: {percent} %: {own}, {printed}"
            );
        }
        let printed = read(&format!("goose/goose-{name}.out.txt")).reading;
        for (percent, ms) in &printed.percentiles {
            assert_eq!(
                report.percentile(*percent).map(f64::round),
                Some(*ms),
                "{name}: {percent} %"
            );
        }
    }
    let errors = read("goose/err-goose.r.csv").requests.unwrap();
    assert_eq!((errors.times.len(), errors.failed), (30, 4));
}

#[test]
fn locust_prints_what_its_rule_makes_of_the_server_s_times() {
    for name in ["A", "B", "C", "rt"] {
        let sample = format!("locust/locust-{name}.server.csv");
        // The CSV has the first requests alone, the JSON all.
        assert_eq!(
            held(
                &format!("locust/locust-{name}.lo_stats.csv"),
                &sample,
                6.0,
                &[(1, 40.0), (13, 18.0)],
                1e-6
            ),
            11
        );
        let json = format!("locust/locust-{name}.out.txt");
        assert_eq!(
            held(&json, &sample, 6.0, &[(1, 40.0), (13, 18.0)], 1e-6),
            11
        );
        assert_eq!(
            read(&json).reading.requests,
            Some(server(&sample).len() as u64)
        );
        let last = read(&format!("locust/locust-{name}.lo_stats_history.csv")).reading;
        let stats = read(&format!("locust/locust-{name}.lo_stats.csv")).reading;
        assert_eq!((last.requests, last.median), (stats.requests, stats.median));
    }
    let json = read("locust/locust-B.out.txt").reading;
    assert_eq!(json.percentile(100.0), Some(1300.0));
    let errors = read("locust/err-locust.out.txt").reading;
    assert_eq!((errors.requests, errors.failed), (Some(30), Some(4)));
}

#[test]
fn jmeter_s_aggregate_comes_out_of_its_file_exactly() {
    for name in ["B", "C", "E"] {
        let file = read(&format!("jmeter/jm-{name}.out.jtl"));
        let printed = std::fs::read_to_string(path(&format!("jmeter/jm-{name}.out.txt"))).unwrap();
        let rows = capsim::report::formats::rows(&file);
        let own = |name: &str| rows.iter().find(|row| row.0 == name).unwrap().1.unwrap();
        let requests = file.requests.as_ref().unwrap();
        let span = requests.span().unwrap();
        let rate = requests.times.len() as f64 / span;
        for word in printed.trim().trim_start_matches("aggregate: ").split(' ') {
            let (name, value) = word.split_once('=').unwrap();
            let value: f64 = value.parse().unwrap();
            let ours = match name {
                "n" => requests.times.len() as f64,
                "median" => own("p(50)"),
                "90" | "95" | "99" => own(&format!("p({name})")),
                "rate" => rate,
                other => own(other),
            };
            assert!(
                (ours - value).abs() <= value * 1e-12,
                "{name}: {ours}, printed {value}"
            );
        }
    }
    // The server's times, by the same rule: the first request warms the machine up.
    for name in ["B", "C"] {
        let file = read(&format!("jmeter/jm-{name}.out.jtl"));
        let sorted = file.requests.unwrap().sorted();
        let bounds = Bounds::new(
            &server(&format!("jmeter/jm-{name}.server.csv")),
            6.0,
            &[(1, 80.0)],
        );
        let places = bounds.low.iter().zip(&bounds.high).zip(&sorted);
        for ((low, high), own) in places {
            assert!(
                (*low..=high + 1_000_000).contains(&(own + 999_999)),
                "{low} {own} {high}"
            );
        }
    }
}

#[test]
fn jmeter_s_two_forms_say_the_same() {
    let csv = read("jmeter/jm-E.out.jtl").requests.unwrap();
    let xml = read("jmeter/jm-E.xml");
    let same = xml.requests.unwrap();
    assert_eq!(same.sorted(), csv.sorted());
    assert_eq!((same.failed, same.span_us), (csv.failed, csv.span_us));
    // A redirect inside a sample is not one more.
    assert!(
        xml.reading.notes[0].contains("1 samples inside"),
        "{:?}",
        xml.reading.notes
    );
}

#[test]
fn wrk_prints_what_its_rule_makes_of_the_server_s_times() {
    for (name, slow, each) in [
        ("wrk-A", 4.0, 1.2),
        ("wrk-C", 2.0, 1.2),
        ("err-wrk", 17.0, 0.2),
    ] {
        let read = read(&format!("wrk/{name}.out.txt"));
        let (rule, reading) = (read.declaration.rule.unwrap(), &read.reading);
        let done = reading.requests.unwrap();
        let answered = server(&format!("wrk/{name}.server.csv")).into_iter();
        let answered: Vec<Served> = answered
            .filter(|t| t.status > 0)
            .take(done as usize)
            .collect();
        // Answers above two seconds are counted and have no time.
        let timely = |t: &Served| t.took <= 2_000_000_000;
        let timely: Vec<Served> = answered.into_iter().filter(timely).collect();
        let Bounds { low, high } = Bounds::new(&timely, each, &[(1, slow)]);
        // One connection: wrk expects a request every so often, as its rate says.
        let interval = (1e9 / reading.rate.unwrap()) as u64;
        let bounds = Bounds {
            low: wrk_sample(&low, interval),
            high: wrk_sample(&high, interval),
        };
        assert_eq!(bounds.hold(name, rule, reading, 5.0), 4);
    }
    let c = read("wrk/wrk-C.out.txt").reading;
    assert!(
        c.doubts
            .iter()
            .any(|d| d.contains("times that no request had")),
        "{:?}",
        c.doubts
    );
    assert!(
        c.doubts
            .iter()
            .any(|d| d.contains("longer than the timeout")),
        "{:?}",
        c.doubts
    );
    let a = read("wrk/wrk-A.out.txt").reading;
    assert!(
        a.doubts.iter().any(|d| d.contains("nothing was added")),
        "{:?}",
        a.doubts
    );
}

#[test]
fn h2load_s_text_comes_out_of_its_log_exactly() {
    for name in ["h2load-A", "h2load-B", "err-h2"] {
        let text = read(&format!("h2load/{name}.out.txt")).reading;
        let log = read(&format!("h2load/{name}.h2.log")).requests.unwrap();
        assert_eq!(text.requests, Some(log.times.len() as u64));
        let own = [
            (log.moments.mean(), text.mean),
            (log.moments.std_dev(), text.deviation),
            (log.moments.min(), text.min),
            (log.moments.max(), text.max),
        ];
        for (own, printed) in own {
            let (own, printed) = (own.unwrap(), printed.unwrap());
            // Two decimals of ms below a second, of s above.
            let step = if printed >= 1e3 { 5.01 } else { 0.00501 };
            assert!(
                (own - printed).abs() <= step,
                "{name}: {own}, printed {printed}"
            );
        }
        let bounds = Bounds::new(&server(&format!("h2load/{name}.server.csv")), 7.0, &[]);
        for ((low, high), own) in bounds.low.iter().zip(&bounds.high).zip(log.sorted()) {
            assert!((*low..=*high).contains(&own), "{name}: {low} {own} {high}");
        }
    }
    let errors = read("h2load/err-h2.out.txt").reading;
    assert!(
        errors.doubts.iter().any(|d| d.contains("21 of 30")),
        "{:?}",
        errors.doubts
    );
}

#[test]
fn siege_prints_means_and_extremes_of_the_server_s_times() {
    for name in ["siege-A", "siege-B"] {
        let json = read(&format!("siege/{name}.out.txt")).reading;
        let log = read(&format!("siege/{name}.siege.log")).reading;
        assert_eq!(
            (json.requests, json.mean, json.rate),
            (log.requests, log.mean, log.rate)
        );
        let times = server(&format!("siege/{name}.server.csv"));
        let rule = Rule::new(Rank::Nearest, Value::Exact);
        Bounds::new(&times, 12.0, &[]).hold(name, rule, &json, 5.0);
    }
    let errors = read("siege/err-siege.out.txt").reading;
    assert_eq!((errors.requests, errors.failed), (Some(30), Some(3)));
    // The sum has the two 500 in, the count that divides it has not.
    let sum: u64 = server("siege/err-siege.server.csv")
        .iter()
        .filter(|t| t.status > 0)
        .map(|t| t.took)
        .sum();
    assert_eq!(
        (sum as f64 / 1e9 / 27.0 * 100.0).round() * 10.0,
        errors.mean.unwrap()
    );
}

#[test]
fn tsung_s_log_comes_out_of_its_dump_exactly() {
    let (log, dump) = (
        read("tsung/ts-C.tsung.log").reading,
        read("tsung/ts-C.tsung.dump"),
    );
    let requests = dump.requests.unwrap();
    assert_eq!(log.requests, Some(requests.times.len() as u64));
    let population = (requests.moments.variance().unwrap() * 20.0 / 21.0).sqrt();
    for (own, printed) in [
        (requests.moments.mean(), log.mean),
        (Some(population), log.deviation),
        (requests.moments.min(), log.min),
        (requests.moments.max(), log.max),
    ] {
        assert!((own.unwrap() - printed.unwrap()).abs() < 1e-6);
    }
}

#[test]
fn every_declaration_stands_in_the_docs() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    for reader in formats::READERS {
        let d = &reader.declaration;
        let rule = d.rule.map_or("none", |rule| rule.rank.words());
        let rule = rule.split(", ").next().unwrap();
        let row = docs
            .lines()
            .find(|line| line.starts_with(&format!("| {} |", d.form)));
        let row = row.unwrap_or_else(|| panic!("{} is missing", d.form));
        for part in [
            d.version,
            rule,
            d.resolution,
            d.denominator,
            d.failed,
            d.omission,
        ] {
            assert!(row.contains(part), "{}: `{part}` is not in\n{row}", d.form);
        }
    }
}

fn refused(text: &[u8]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("x.txt");
    std::fs::write(&file, text).unwrap();
    formats::read(&file, None).unwrap_err().to_string()
}

#[test]
fn files_that_cannot_be_used_say_why_once() {
    assert!(refused(b"").contains("the file is empty"));
    assert!(refused(b"\xff\xff\x00\x01").contains("no known file"));
    assert!(refused(b"\xff\xfe\x00\x01").contains("UTF-16"));
    assert!(refused(b"hello\n").contains("docs/formats.md"));
    let header = "timeStamp,elapsed,label,responseCode,success\n";
    assert!(refused(header.as_bytes()).contains("holds no request"));
    let none = format!("{header}yesterday,5,x,200,true\n");
    let why = refused(none.as_bytes());
    assert!(
        why.contains("1 lines were not") && why.contains("timestamp_format=ms"),
        "{why}"
    );
    assert!(refused(b"timeStamp,label,elapsedTime\n1,2,3\n").contains("`elapsed` is missing"));
    let whole = std::fs::read(path("oha/oha-B.out.txt")).unwrap();
    let why = refused(&whole[..whole.len() - 100]);
    assert!(why.contains("the JSON ends or breaks here"), "{why}");
    assert!(formats::read(Path::new(env!("CARGO_MANIFEST_DIR")), None).is_err());
    assert!(
        formats::read(&path("nothing"), None)
            .unwrap_err()
            .to_string()
            .contains("check the path")
    );
}

#[test]
fn lines_that_are_not_understood_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("x.jtl");
    let mut text = std::fs::read_to_string(path("jmeter/jm-B.out.jtl")).unwrap();
    for line in [
        "1795780659796,-4,G,200,X,T,text,true,9,1,1,7,0",
        "cut,off",
        "x",
        "1,2,3",
        "17957",
    ] {
        text.push_str(line);
        text.push('\n');
    }
    std::fs::write(&file, text).unwrap();
    let read = formats::read(&file, None).unwrap();
    assert_eq!(read.requests.as_ref().unwrap().times.len(), 20);
    assert_eq!(
        (read.reading.skipped.count, read.reading.skipped.first.len()),
        (5, 3)
    );
    let shown = capsim::report::formats::text("x.jtl", &read);
    assert!(shown.contains("5 lines were not understood"), "{shown}");
    assert!(shown.contains("line 22: `-4` is below zero"), "{shown}");
}

fn capsim(args: &[&str]) -> (i32, String, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_capsim"));
    let done = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        done.status.code().unwrap(),
        text(&done.stdout),
        text(&done.stderr),
    )
}

#[test]
fn the_command_prints_each_file_and_fit_takes_it() {
    let (code, out, err) = capsim(&[
        "read",
        "tests/formats/jmeter/jm-B.out.jtl",
        "tests/formats/wrk/wrk-C.out.txt",
    ]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.contains("p(95)                 747       771.55"),
        "{out}"
    );
    assert!(out.contains("not to be trusted"), "{out}");
    assert_eq!(capsim(&["read", "Cargo.toml"]).0, 104);
    let oha = "tests/formats/oha/oha-B.out.txt";
    let (code, out, err) = capsim(&["fit", "models/token.toml", "--to", oha]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("made as oha makes them"), "{out}");
}

#[path = "../formats/by_source.rs"]
mod by_source;
