//! Access logs, and the models that are learned from them.

#[path = "../formats/hostile.rs"]
mod hostile;
#[path = "../formats/real_logs.rs"]
mod real_logs;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use capsim::formats::{self, Layout, Record, Understood};
use capsim::theory::mmc::Mmc;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/formats/logs")
        .join(name)
}

fn capsim(args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
    let root = env!("CARGO_MANIFEST_DIR");
    let done = command.current_dir(root).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        done.status.code().unwrap(),
        text(&done.stdout),
        text(&done.stderr),
    )
}

/// Path, status, milliseconds of the request and of the system behind.
type Row = (String, u16, Option<f64>, Option<f64>);

fn rows(file: &Path, layout: Option<&str>) -> Vec<Row> {
    let layout = layout.map(|text| Layout::parse(text).unwrap());
    let mut rows = Vec::new();
    let ms = |ns: u64| ns as f64 / 1e6;
    let mut sink = |r: &Record<'_>| {
        let took = (!r.untimed).then(|| ms(r.ns));
        rows.push((r.path.to_string(), r.status, took, r.served_ns.map(ms)));
    };
    formats::each(file, layout.as_ref(), &mut sink).unwrap_or_else(|why| panic!("{why}"));
    rows
}

fn of_text(text: &str, layout: Option<&str>) -> (Result<Understood, String>, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("access.log");
    std::fs::write(&file, text).unwrap();
    let layout = layout.map(|text| Layout::parse(text).unwrap());
    let read = formats::read(&file, layout.as_ref());
    (read.map_err(|why| why.to_string()), directory)
}

fn row(rows: &[Row], path: &str) -> (u16, Option<f64>, Option<f64>) {
    let found = rows.iter().find(|row| row.0.starts_with(path)).unwrap();
    (found.1, found.2, found.3)
}

#[test]
fn the_logs_of_three_proxies_are_read_with_their_own_timers() {
    let format = "nginx:$request_uri st=$status rt=$request_time urt=\"$upstream_response_time\" uct=\"$upstream_connect_time\" uht=\"$upstream_header_time\" ua=\"$upstream_addr\" us=\"$upstream_status\"";
    let nginx = rows(&path("nginx-1.22.1.log"), Some(format));
    assert_eq!(nginx.len(), 14);
    assert_eq!(row(&nginx, "/h-500ms"), (200, Some(701.0), Some(200.0)));
    // Two tries, also by way of another location; refused at once; none.
    assert_eq!(row(&nginx, "/two"), (200, Some(305.0), Some(305.0)));
    assert_eq!(row(&nginx, "/redir"), (200, Some(351.0), Some(351.0)));
    assert_eq!(row(&nginx, "/dead"), (502, Some(0.0), Some(0.0)));
    assert_eq!(row(&nginx, "/static"), (200, Some(0.0), None));

    let format = "haproxy:%HU st=%ST TR=%TR Tw=%Tw Tc=%Tc Tr=%Tr Ta=%Ta Tt=%Tt Th=%Th Ti=%Ti Tq=%Tq Td=%Td rc=%rc tsc=%tsc srv=%b/%s";
    let haproxy = rows(&path("haproxy-2.6.12.log"), Some(format));
    assert_eq!(haproxy.len(), 14);
    // Idle time of the connection is not the request's.
    assert_eq!(row(&haproxy, "/k2-after"), (200, Some(201.0), Some(201.0)));
    assert_eq!(row(&haproxy, "/hang"), (504, Some(1001.0), None));
    // Its queue is a part of the system.
    assert_eq!(row(&haproxy, "/q2"), (200, Some(604.0), Some(604.0)));

    let apache = rows(
        &path("apache-2.4.71.log"),
        Some("apache:%U st=%>s D=%D T=%T ms=%{ms}T"),
    );
    assert_eq!(apache.len(), 8);
    assert_eq!(row(&apache, "/k1-plain"), (200, Some(200.806), None));
}

const COMMON: &str = "10.0.0.1 - - [27/Nov/2026:10:40:22 +0000] \"GET /a/7?x HTTP/1.1\" 200 5";

#[test]
fn layouts_are_told_by_a_line() {
    let one = |line: &str, form: &str| {
        let (read, directory) = of_text(&format!("{line}\n{line}\n"), None);
        let read = read.unwrap_or_else(|why| panic!("{line}: {why}"));
        assert_eq!(
            (read.declaration.form, read.reading.skipped.count),
            (form, 0),
            "{line}"
        );
        assert_eq!(read.requests.unwrap().count, 2);
        rows(&directory.path().join("access.log"), None).swap_remove(0)
    };
    let expected = |took, served| ("/a/7?x".to_string(), 200, took, served);
    let agents = "\"-\" \"Mozilla/5.0 (X11; \\\"odd\\\")\"";
    for (rest, served) in [
        ("0.204 0.201", Some(201.0)),
        ("0.204 -", None),
        ("rt=0.204 uct=\"0.000\" urt=\"0.100, 0.101\"", Some(201.0)),
        ("0.204 0.100, 0.101 .", Some(201.0)),
        (
            "request_time=0.204 upstream_response_time=0.201",
            Some(201.0),
        ),
    ] {
        let line = format!("{COMMON} {agents} {rest}");
        assert_eq!(
            one(&line, "nginx log"),
            expected(Some(204.0), served),
            "{line}"
        );
    }
    // A bare whole number may be anything: no time.
    for line in [
        COMMON.to_string(),
        format!("{COMMON} {agents}"),
        format!("{COMMON} {agents} 204123"),
    ] {
        assert_eq!(one(&line, "Apache log"), expected(None, None), "{line}");
    }
    let line = "Nov 27 10:40:22 host haproxy[14389]: 10.0.1.2:33317 [27/Nov/2026:10:40:22.655] in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {a} {} \"GET /a/7?x HTTP/1.1\"";
    assert_eq!(one(line, "HAProxy log"), expected(Some(109.0), Some(99.0)));
    let line = "[2026-11-27T10:40:22.310Z] \"GET /a/7?x HTTP/2\" 200 - 154 0 226 100 \"10.0.35.28\" \"ua\" \"id\" \"host\" \"10.0.2.1:80\"";
    assert_eq!(one(line, "Envoy log"), expected(Some(226.0), Some(100.0)));
    for line in [
        r#"{"time_iso8601":"2026-11-27T10:40:22+00:00","request":"GET /a/7?x HTTP/1.1","status":200,"request_time":0.226,"upstream_response_time":"0.100"}"#,
        r#"{"time":"2026-11-27T10:40:22.1Z","method":"GET","path":"/a/7?x","status":"200","duration_ms":226,"upstream_service_time":100}"#,
        r#"{"StartUTC":"2026-11-27T10:40:22.1Z","RequestMethod":"GET","RequestPath":"/a/7?x","DownstreamStatus":200,"Duration":226000000,"OriginDuration":100000000}"#,
    ] {
        assert_eq!(
            one(line, "JSON log"),
            expected(Some(226.0), Some(100.0)),
            "{line}"
        );
    }
    let line = r#"{"ts":1795776022.25,"request":{"method":"GET","uri":"/a/7?x"},"status":200,"duration":0.226}"#;
    assert_eq!(one(line, "JSON log"), expected(Some(226.0), None));
}

#[test]
fn layouts_are_given_as_text() {
    for (format, line) in [
        (
            "apache:%h %l %u %t \\\"%r\\\" %>s %b %D",
            format!("{COMMON} 204000"),
        ),
        (
            "tomcat:%h %l %u %t \"%r\" %s %b %D",
            format!("{COMMON} 204"),
        ),
        (
            "$remote_addr - - [$time_local] \"$request\" $status $body_bytes_sent ${request_time}s",
            format!("{COMMON} 0.204s"),
        ),
        (
            "json:time=when,duration=took:ms,path=where,status=code",
            r#"{"when":1795776022,"took":204,"where":"/a/7?x","code":200}"#.to_string(),
        ),
    ] {
        let (read, directory) = of_text(&line, Some(format));
        assert_eq!(read.unwrap().reading.skipped.count, 0, "{format}");
        let rows = rows(&directory.path().join("access.log"), Some(format));
        assert_eq!(
            rows,
            [("/a/7?x".to_string(), 200, Some(204.0), None)],
            "{format}"
        );
    }
    for (format, why) in [
        ("hello", "is not a log format"),
        ("nginx:$status$request", "nothing stands between"),
        ("nginx:$status", "the format has no path"),
        ("apache:%r %", "a % stands at the end"),
        ("json:time=a,path=b,duration=c", "needs a unit"),
        ("json:path=b", "time=KEY"),
    ] {
        let refused = Layout::parse(format).unwrap_err();
        assert!(refused.contains(why), "{format}: {refused}");
    }
}

#[test]
fn hostile_logs_get_one_clear_message_each_and_nothing_is_dropped_in_silence() {
    let line = |second: u32| {
        format!(
            "10.0.0.1 - - [27/Nov/2026:10:40:{second:02} +0000] \"GET /a HTTP/1.1\" 200 5 0.204 0.201"
        )
    };
    let good: Vec<String> = (0..40).map(line).collect();
    let shown = |text: &str| {
        let read = of_text(text, None).0.unwrap();
        assert_eq!(
            read.requests.as_ref().unwrap().count + read.reading.skipped.count,
            text.lines().count() as u64
        );
        capsim::report::formats::text("access.log", &read)
    };
    let whole = good.join("\n");
    let cut = shown(&whole[..whole.len() - 40]);
    assert!(
        cut.contains("1 line was not understood")
            && cut.contains("line 40: the file ends within this line"),
        "{cut}"
    );
    let mut mixed = good.clone();
    mixed.insert(20, format!("{}{}", &good[3][..30], good[4]));
    let mixed = shown(&(mixed.join("\n") + "\n"));
    assert!(
        mixed.contains("1 line was not understood") || mixed.contains("time goes back"),
        "{mixed}"
    );
    let json = r#"{"time":"2026-11-27T10:40:22.1Z","method":"GET","path":"/a","status":"200","duration_ms":226}"#;
    let two = shown(&format!("{whole}\n{json}\n{json}\n"));
    assert!(
        two.contains("two formats, line 41 looks like a JSON log"),
        "{two}"
    );
    let mut back = good.clone();
    back.swap(3, 30);
    let back = shown(&(back.join("\n") + "\n"));
    assert!(back.contains("time goes back"), "{back}");
    let early = whole.replace("Nov/2026", "Jan/1970");
    assert!(shown(&(early + "\n")).contains("line 1 is of before the year 2000"));
    let (none, _directory) = of_text("[27/Nov\n\u{1}\u{2}\nGET /\n", None);
    assert!(none.unwrap_err().contains("no known file"));
}

/// The log of a run in another format of nginx, with a number behind each path.
fn log_of(run: &str) -> String {
    let line = |(k, line): (usize, &str)| {
        let path = line.split_once("\"GET ").unwrap().1;
        let value = |key: &str| {
            let (_, rest) = line.split_once(key).unwrap();
            rest.split(' ').next().unwrap().trim_matches('"')
        };
        format!(
            "{} \"GET {}/{} HTTP/1.1\" 200 {}\n",
            value(" msec="),
            path.split_once(' ').unwrap().0,
            k * 7_919 % 977,
            value(" rt=")
        )
    };
    run.lines().enumerate().map(line).collect()
}

fn p95(model: &Path, load: f64, directory: &Path) -> f64 {
    let summary = directory.join("summary.json");
    let (model, summary) = (model.to_str().unwrap(), summary.to_str().unwrap());
    let load = format!("load={load}");
    let (code, _, err) = capsim(&[
        "run",
        model,
        "--set",
        &load,
        "--seed",
        "5",
        "-q",
        "--summary-export",
        summary,
    ]);
    assert_eq!(code, 0, "{err}");
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(summary).unwrap()).unwrap();
    json["metrics"]["http_req_duration"]["p(95)"]
        .as_f64()
        .unwrap()
}

#[test]
fn a_model_learned_from_a_log_predicts_higher_loads() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let model = "[scenarios.s]\nexecutor = \"open-arrivals\"\nrate = 100\nduration = \"5m\"\njourney = \"j\"\n\
        [journeys]\nj = [{ with_probability = 0.7, steps = [{ request = \"list\" }], else = [{ request = \"buy\" }] }]\n\
        [stations.cpu]\nservers = 4\n\
        [endpoints.list]\nvisits = [{ station = \"cpu\", time = { lognormal = { mean = \"20ms\", cv = 0.8 } } }]\n\
        [endpoints.buy]\nvisits = [{ station = \"cpu\", time = { gamma = { mean = \"40ms\", cv = 0.5 } } }]\n";
    std::fs::write(at("real.toml"), model).unwrap();
    let run = format!("nginx={}", at("run.log").display());
    let (code, _, err) = capsim(&[
        "run",
        at("real.toml").to_str().unwrap(),
        "-q",
        "--seed",
        "2",
        "--out",
        &run,
    ]);
    assert_eq!(code, 0, "{err}");
    let run = std::fs::read_to_string(at("run.log")).unwrap();
    let mut log = std::fs::File::create(at("access.log")).unwrap();
    log.write_all(log_of(&run).as_bytes()).unwrap();
    let format = "nginx:$msec \"$request\" $status $request_time";
    let (code, learned, err) = capsim(&[
        "learn",
        at("access.log").to_str().unwrap(),
        "--log-format",
        format,
    ]);
    assert_eq!(code, 0, "{err}");
    std::fs::write(at("learned.toml"), &learned).unwrap();
    assert!(
        learned.contains("GET /list/{id}") && learned.contains("servers = 4\n"),
        "{learned}"
    );
    assert!(learned.contains("as Poisson arrivals have it"), "{learned}");
    for load in [1.1, 1.25, 1.4] {
        let (real, own) = (
            p95(&at("real.toml"), load, directory.path()),
            p95(&at("learned.toml"), load, directory.path()),
        );
        assert!(
            (own / real - 1.0).abs() < 0.15,
            "load {load}: {own:.1} for {real:.1}\n{learned}"
        );
    }
}

/// A shipped model, with what is known of it.
struct Shipped {
    name: &'static str,
    /// How long its run is there.
    lasts: &'static str,
    /// The load of the log, and three higher ones.
    low: f64,
    higher: [f64; 3],
    /// Requests a second at a load of one, the mean time in seconds and the servers of its limit.
    rate: f64,
    service: f64,
    servers: u32,
    /// What the learned model has for its arrivals.
    executor: &'static str,
    /// Whether M/M/c, with the same servers and mean, is the model itself but for what its users do when they wait too
    /// long: then the formula is as near.
    is_formula: bool,
}

const SHIPPED: [Shipped; 2] = [
    // 76 requests/s, of 100 at most. Arrivals of k6 are paced, and the limit is five connections.
    Shipped {
        name: "database_pool_too_small",
        lasts: "duration = \"60s\"",
        low: 0.42,
        higher: [0.46, 0.48, 0.5],
        rate: 180.0,
        service: 0.05,
        servers: 5,
        executor: "\"ramping-arrival-rate\"",
        is_formula: false,
    },
    // 59 requests/s, of 100 at most; random arrivals, and users who wait half a second.
    Shipped {
        name: "overload_without_codel",
        lasts: "duration = \"1m\"",
        low: 0.45,
        higher: [0.52, 0.58, 0.63],
        rate: 130.0,
        service: 0.01,
        servers: 1,
        executor: "\"open-arrivals\"",
        is_formula: true,
    },
];

#[test]
fn shipped_models_are_learned_from_the_logs_of_their_runs() {
    for shipped in SHIPPED {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let text =
            std::fs::read_to_string(format!("models/gallery/{}.toml", shipped.name)).unwrap();
        assert!(text.contains(shipped.lasts));
        let longer = text.replace(shipped.lasts, "duration = \"10m\"");
        std::fs::write(at("real.toml"), longer).unwrap();
        let out = format!("nginx={}", at("access.log.gz").display());
        let real = at("real.toml");
        let low = format!("load={}", shipped.low);
        let args = ["run", real.to_str().unwrap(), "--seed", "1", "-q"];
        let more = ["--set", &low, "--out", &out];
        assert_eq!(capsim(&[args.as_slice(), &more].concat()).0, 0);
        let (code, learned, err) = capsim(&["learn", at("access.log.gz").to_str().unwrap()]);
        assert_eq!((code, err.as_str()), (0, ""));
        std::fs::write(at("learned.toml"), &learned).unwrap();
        let servers = format!("\nservers = {}\n", shipped.servers);
        assert!(
            learned.contains(shipped.executor) && learned.contains(&servers),
            "{learned}"
        );
        for load in shipped.higher {
            let measured = p95(&real, load, directory.path());
            let own = p95(&at("learned.toml"), load / shipped.low, directory.path());
            // M/M/c with the same servers and mean time is all that a formula of a few lines has.
            let rate = shipped.rate * load;
            let formula = Mmc::new(rate, 1.0 / shipped.service, shipped.servers).unwrap();
            let formula = 1e3 * formula.response_quantile(0.95).unwrap();
            let off = |predicted: f64| (predicted / measured - 1.0).abs();
            let told = format!(
                "{} at load {load}: {measured:.1}, predicted {own:.1}, by formula {formula:.1}",
                shipped.name
            );
            println!("{told}");
            assert!(off(own) < 0.15, "{told}\n{learned}");
            assert!(
                shipped.is_formula || off(own) < off(formula),
                "{told}\n{learned}"
            );
        }
    }
}

#[test]
fn a_log_is_replayed_request_by_request() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(path("shop.log.gz"), directory.path().join("access.log.gz")).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
        let done = command.current_dir(&directory).args(args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            done.status.code().unwrap(),
            text(&done.stdout),
            text(&done.stderr),
        )
    };
    let (code, model, err) = run(&["learn", "access.log.gz", "--replay", "arrivals"]);
    assert_eq!((code, err.as_str()), (0, ""));
    // No service time: what ends then has begun then.
    let at = |name: &str| directory.path().join(name);
    let instant = model.split("[stations.system]").next().unwrap().to_string()
        + "[endpoints]\nget_seats_id.visits = [{ delay = \"1ns\" }]\npost_orders.visits = [{ delay = \"1ns\" }]\n";
    std::fs::write(at("replay.toml"), instant).unwrap();
    let starts = |file: &str| {
        let mut all: Vec<(i64, bool)> = Vec::new();
        let mut sink = |r: &Record<'_>| {
            all.push((r.start_us.unwrap(), r.path.contains("orders")));
        };
        formats::each(&at(file), None, &mut sink).unwrap();
        all.sort_unstable();
        let first = all[0].0;
        all.iter()
            .map(|(us, order)| (us - first, *order))
            .collect::<Vec<_>>()
    };
    let log = starts("access.log.gz");
    for (load, out) in [(1, "one.log"), (2, "two.log")] {
        let (load_text, file) = (format!("load={load}"), format!("nginx={out}"));
        let (code, _, err) = run(&[
            "run",
            "replay.toml",
            "-q",
            "--set",
            &load_text,
            "--out",
            &file,
        ]);
        assert_eq!((code, err.as_str()), (0, ""));
        let played = starts(out);
        assert_eq!(played.len(), 3_000);
        // A log's times are milliseconds.
        let orders = |all: &[(i64, bool)]| all.iter().filter(|(_, order)| *order).count();
        assert_eq!(orders(&played), orders(&log));
        if load == 1 {
            assert_eq!(played, log);
        }
        for ((us, _), (own, _)) in log.iter().zip(&played) {
            assert!((us / load - own).abs() <= 1_000, "{us} {own}");
        }
    }
    let (code, _, err) = run(&["learn", "access.log.gz", "--replay", "arrivals"]);
    assert!(code == 104 && err.contains("is there already"), "{err}");
    let (code, _, err) = run(&["learn", "access.log.gz", "--replay", "../elsewhere"]);
    assert!(code == 104 && err.contains("beside it"), "{err}");
    assert!(!at("../elsewhere").exists());
}

#[test]
fn files_without_an_end_and_lines_without_one_are_no_trap() {
    #[cfg(unix)]
    for command in ["read", "learn"] {
        let (code, _, err) = capsim(&[command, "/dev/zero"]);
        assert_eq!(code, 104);
        assert!(err.contains("not a regular file"), "{err}");
    }
    let long = "x".repeat(3 << 20);
    let (read, _directory) = of_text(&format!("{COMMON}\n{long}\n{COMMON}\n"), None);
    let read = read.unwrap();
    assert_eq!(
        (read.requests.unwrap().count, read.reading.skipped.count),
        (2, 1)
    );
    let table = format!("timeStamp,elapsed\n1795780659796,5\n{long},3\n");
    let why = of_text(&table, None).0.unwrap_err();
    assert!(why.contains("a line is longer than 1 MiB"), "{why}");
}

#[test]
fn odd_logs_give_models_that_are_valid() {
    let directory = tempfile::tempdir().unwrap();
    let learned = |text: &str| {
        let file = directory.path().join("odd.log");
        std::fs::write(&file, text).unwrap();
        let format = "nginx:$msec \"$request\" $status $request_time";
        capsim(&["learn", file.to_str().unwrap(), "--log-format", format])
    };
    // More endpoints than a model gets, names that are the same, no time at all, all statuses.
    let mut many = String::new();
    for k in 0..3_000_u32 {
        let path = ["/a-b", "/a_b", "/\u{202e}ü", "/", "//x", "/404.html", "*"][k as usize % 7];
        let other = format!("/p{}/q", char::from(b'a' + (k / 3 % 15) as u8));
        let path = if k % 3 == 0 { other.as_str() } else { path };
        let status = [200, 304, 404, 500, 0, 999][k as usize % 6];
        many.push_str(&format!(
            "{}.{:03} \"GET {path} HTTP/1.1\" {status} 0.000\n",
            1_795_776_000 + k / 50,
            k % 50 * 20
        ));
    }
    let (code, out, err) = learned(&many);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(
        out.contains("[endpoints.get_a_b_2]") && out.contains("(other paths)"),
        "{out}"
    );
    let one = "1795776000.000 \"GET / HTTP/1.1\" 200 0.001\n";
    assert!(
        learned(one)
            .2
            .contains("there are no requests to learn from")
    );
    let (code, _, err) = learned(&one.repeat(2));
    assert_eq!((code, err.as_str()), (0, ""));
    let (code, _, err) = learned(&format!("{one}1.000 \"GET / HTTP/1.1\" 200 0.001\n"));
    assert_eq!(code, 104);
    assert!(err.contains("a time in the file is wrong"), "{err}");
}

#[test]
fn files_of_load_tools_are_learned_from_as_closed_loads() {
    let (code, out, err) = capsim(&["learn", "tests/formats/jmeter/jm-E.out.jtl"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.contains("executor = \"constant-vus\"") && out.contains("vus = 1\n"),
        "{out}"
    );
    assert!(out.contains("status = 404 }, # 1 with status 404"), "{out}");
    let (code, _, err) = capsim(&["learn", "tests/formats/wrk/wrk-C.out.txt"]);
    assert_eq!(code, 104);
    assert!(err.contains("and no single ones"), "{err}");
}

#[test]
fn the_page_from_logs_to_a_verdict_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/logs.md")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_capsim")).parent().unwrap();
    let mut blocks = 0;
    for block in page.split("```console\n").skip(1) {
        let script = block.split("```").next().unwrap();
        // In a directory of its own, beside the log that the page speaks of.
        std::fs::copy(path("shop.log.gz"), directory.path().join("access.log.gz")).unwrap();
        std::fs::copy(
            path("sessions.log.gz"),
            directory.path().join("sessions.log.gz"),
        )
        .unwrap();
        let toml = page.split("```toml\n").nth(1).unwrap().split("```").next();
        std::fs::write(directory.path().join("morning.toml"), toml.unwrap()).unwrap();
        let paths = std::env::join_paths([bin, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-e", "-c", script])
            .current_dir(directory.path())
            .env("PATH", paths);
        let done = command.output().unwrap();
        assert!(
            done.status.success(),
            "{script}\n{}",
            String::from_utf8_lossy(&done.stderr)
        );
        blocks += 1;
    }
    assert!(blocks >= 4, "{blocks}");
}
