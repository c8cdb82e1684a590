//! Large logs of HAProxy, Envoy, Apache and Tomcat, of a system whose laws are known: what is learned from them.
//!
//! Random arrivals wait for one of four servers, first come first served; each log is written as its server writes one,
//! with all that stands in such logs beside the requests of the users.

use std::path::{Path, PathBuf};
use std::process::Command;

use capsim::engine::dist::Dist;
use capsim::engine::stream::Stream;

const MS: f64 = 1e6;
const SERVERS: usize = 4;

/// 10:40:00 on 27 November 2026, in microseconds since 1970.
const BEGIN_US: u64 = 1_795_776_000_000_000;

/// A request: times in microseconds.
#[derive(Clone)]
struct Sent {
    begin: u64,
    waited: u64,
    served: u64,
    request: String,
    status: u16,
}

impl Sent {
    fn took(&self) -> u64 {
        self.waited + self.served
    }

    fn end(&self) -> u64 {
        self.begin + self.took()
    }
}

/// Share, template and service time of the endpoints.
fn endpoints() -> [(f64, &'static str, Dist); 3] {
    [
        (
            0.6,
            "GET /list/",
            Dist::lognormal_mean_cv(20.0 * MS, 0.8).unwrap(),
        ),
        (
            0.3,
            "POST /buy/",
            Dist::gamma_mean_cv(40.0 * MS, 0.5).unwrap(),
        ),
        (0.1, "GET /page/", Dist::exponential(10.0 * MS).unwrap()),
    ]
}

/// The mean of all service times, in seconds.
const MEAN: f64 = 0.025;

/// Requests in the order of their ends.
fn requests(count: usize, rate: f64) -> Vec<Sent> {
    let mut stream = Stream::new(7, 0, "logs");
    let gap = Dist::exponential(1e6 / rate).unwrap();
    let endpoints = endpoints();
    let mut free = [0_u64; SERVERS];
    let mut now = BEGIN_US as f64;
    let mut all: Vec<Sent> = (0..count)
        .map(|k| {
            now += gap.sample(&mut stream);
            let mut u = stream.unit();
            let chosen = endpoints.iter().find(|(share, ..)| {
                u -= share;
                u < 0.0
            });
            let (_, path, law) = chosen.unwrap_or(&endpoints[0]);
            let served = (law.sample(&mut stream) / 1e3) as u64;
            let begin = now as u64;
            let server = free.iter_mut().min().unwrap();
            let start = begin.max(*server);
            *server = start + served;
            Sent {
                begin,
                waited: start - begin,
                served,
                request: format!("{path}{}", k * 7_919 % 9_973),
                status: if k % 200 == 17 { 503 } else { 200 },
            }
        })
        .collect();
    all.sort_by_key(Sent::end);
    all
}

/// `27/Nov/2026:10:40:22`, and the microseconds beyond it.
fn clf(us: u64) -> (String, u64) {
    let second = us / 1_000_000 - BEGIN_US / 1_000_000;
    let second = 10 * 3_600 + 40 * 60 + second;
    let text = format!(
        "27/Nov/2026:{:02}:{:02}:{:02}",
        second / 3_600,
        second / 60 % 60,
        second % 60
    );
    (text, us % 1_000_000)
}

const AGENT: &str =
    r#""https://shop.example/?q=\"x\"" "Mozilla/5.0 (X11; Linux x86_64) \"quoted\"""#;

fn haproxy(r: &Sent, k: usize) -> String {
    let (at, us) = clf(r.begin);
    // What it waits for it waits in the server's queue.
    let (tw, ta) = (r.waited / 1_000, r.took() / 1_000);
    let tr = r.served / 1_000;
    let (syslog, ms) = (&at[12..], us / 1_000);
    let head = format!(
        "Nov 27 {syslog} lb haproxy[14389]: 10.0.1.{}:{}",
        k % 250,
        1_024 + k % 60_000
    );
    let (then, beyond) = clf(r.end());
    let then = format!("[{then}.{:03}]", beyond / 1_000);
    let odd = match k % 500 {
        // A client that leaves early, a server that is away, a request that is none.
        1 => format!(
            "{head} {then} http-in shop/web{} 0/0/1/-1/12 -1 0 - - CH-- 2/2/1/1/0 0/0 \"GET /list/7 HTTP/1.1\"\n",
            k % 4
        ),
        2 => format!(
            "{head} {then} http-in http-in/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 2/2/0/0/0 0/0 \"<BADREQ>\"\n"
        ),
        _ => String::new(),
    };
    format!(
        "{odd}{head} [{at}.{ms:03}] http-in shop/web{} 0/{tw}/0/{tr}/{ta} {} 2750 - - ---- 5/5/{}/1/0 0/{} \"{} HTTP/1.1\"\n",
        k % 4,
        r.status,
        k % 5,
        k % 3,
        r.request
    )
}

fn envoy(r: &Sent, k: usize) -> String {
    let at = |us: u64| {
        let (clf, us) = clf(us);
        format!("2026-11-27T{}.{:03}Z", &clf[12..], us / 1_000)
    };
    let took = r.took() / 1_000;
    let odd = match k % 500 {
        1 => format!(
            "[{}] \"- - HTTP/1.1\" 400 DPE 0 11 0 - \"-\" \"-\" \"-\" \"-\" \"-\"\n",
            at(r.end())
        ),
        2 => format!(
            "[{}] \"GET /list/5 HTTP/2\" 0 DC 0 0 9 - \"10.0.0.8\" \"curl/8\" \"6d-1\" \"shop\" \"10.2.0.4:80\"\n",
            at(r.end())
        ),
        _ => String::new(),
    };
    format!(
        "{odd}[{}] \"{} HTTP/2\" {} - 0 154 {took} {took} \"10.0.1.{}\" \"Mozilla/5.0 (X11)\" \"cc21d9b0-cf5c-432b-8c7e-{k:012x}\" \"shop.example\" \"10.2.0.4:80\"\n",
        at(r.begin),
        r.request,
        r.status,
        k % 250
    )
}

fn odd_of_apache(at: &str, k: usize) -> String {
    match k % 500 {
        1 => format!("10.0.0.9 - - {at} \"-\" 408 - \"-\" \"-\" 51\n"),
        2 => format!("10.0.0.9 - - {at} \"\\x16\\x03\\x01\\x02\" 400 226 \"-\" \"-\" 84\n"),
        _ => String::new(),
    }
}

fn apache(r: &Sent, k: usize) -> String {
    let at = format!("[{} +0000]", clf(r.begin).0);
    format!(
        "{}2001:db8::{:x} - anna {at} \"{} HTTP/1.1\" {} 512 {AGENT} {}\n",
        odd_of_apache(&at, k),
        k % 999,
        r.request,
        r.status,
        r.took()
    )
}

fn apache_fine(r: &Sent, k: usize) -> String {
    let at = format!("{}", r.begin);
    format!(
        "{}10.0.0.{} - - {at} \"{} HTTP/1.1\" {} 512 {AGENT} {}\n",
        odd_of_apache(&at, k),
        k % 250,
        r.request,
        r.status,
        r.took()
    )
}

fn tomcat(r: &Sent, k: usize, unit: u64) -> String {
    let at = clf(r.end()).0;
    let odd = match k % 500 {
        1 => format!("10.0.0.9 - - [{at} +0000] \"-\" 400 - 0\n"),
        _ => String::new(),
    };
    format!(
        "{odd}10.0.0.{} - - [{at} +0000] \"{} HTTP/1.1\" {} {} {}\n",
        k % 250,
        r.request,
        r.status,
        if k.is_multiple_of(9) { "-" } else { "512" },
        r.took() / unit
    )
}

fn capsim(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
    let done = command.args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{args:?}: {}", text(&done.stderr));
    text(&done.stdout)
}

struct Learned {
    read: String,
    text: String,
    toml: toml::Table,
    model: PathBuf,
    _directory: tempfile::TempDir,
}

/// What `read` says of a log and `learn` makes of it.
fn learned(log: impl Iterator<Item = String>, format: Option<&str>) -> Learned {
    let directory = tempfile::tempdir().unwrap();
    let (file, model) = (
        directory.path().join("access.log"),
        directory.path().join("m.toml"),
    );
    let mut text = String::new();
    log.for_each(|line| text.push_str(&line));
    std::fs::write(&file, text).unwrap();
    let more = format.map(|format| ["--log-format", format]);
    let more = more.as_ref().map_or(&[][..], |more| &more[..]);
    let file = file.to_str().unwrap();
    let read = capsim(&[&["read", file], more].concat());
    let text = capsim(&[&["learn", file], more].concat());
    std::fs::write(&model, &text).unwrap();
    Learned {
        read,
        toml: text.parse().unwrap(),
        text,
        model,
        _directory: directory,
    }
}

impl Learned {
    /// The mean of the law of an endpoint in milliseconds, and its family.
    fn law(&self, endpoint: &str) -> (f64, String) {
        let visits = self.toml["endpoints"][endpoint]["visits"]
            .as_array()
            .unwrap();
        let visit = visits
            .iter()
            .find_map(|v| v.get("time").or(v.get("delay")))
            .unwrap();
        let law = visit.as_table().unwrap();
        let (family, own) = law.iter().next().unwrap();
        let of = |key: &str| {
            let value = own.get(key).unwrap_or(own);
            let text = value.as_str().unwrap_or_default().trim_end_matches("ms");
            text.parse::<f64>()
                .or_else(|_| value.to_string().parse())
                .unwrap()
        };
        let mean = match family.as_str() {
            // As an exponential law, but for a parameter more.
            "weibull" if (of("shape") - 1.0).abs() < 0.05 => {
                return (
                    of("scale") * libm::tgamma(1.0 + 1.0 / of("shape")),
                    "exponential".to_string(),
                );
            }
            "lognormal" => of("median") * libm::exp(of("sigma") * of("sigma") / 2.0),
            "weibull" => of("scale") * libm::tgamma(1.0 + 1.0 / of("shape")),
            "gamma" => of("mean"),
            _ => of(""),
        };
        (mean, family.clone())
    }

    /// The laws are those of the system; `off` is how far means may be away, as a share.
    fn finds_the_laws(&self, off: f64) {
        for (name, family, mean) in [
            ("get_list_id", "lognormal", 20.0),
            ("post_buy_id", "gamma", 40.0),
            ("get_page_id", "exponential", 10.0),
        ] {
            let (own, found) = self.law(name);
            println!("{name}: {own:.2} ms, {found}");
            assert!(
                (own / mean - 1.0).abs() < off,
                "{name}: {own} ms\n{}",
                self.text
            );
            assert_eq!(found, family, "{name}\n{}", self.text);
        }
    }

    fn p95(&self, load: f64) -> f64 {
        p95(&self.model, load)
    }
}

fn p95(model: &Path, load: f64) -> f64 {
    let summary = model.with_extension("json");
    let load = format!("load={load}");
    let (model, out) = (model.to_str().unwrap(), summary.to_str().unwrap());
    capsim(&[
        "run",
        model,
        "--set",
        &load,
        "--seed",
        "3",
        "-q",
        "--summary-export",
        out,
    ]);
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(summary).unwrap()).unwrap();
    json["metrics"]["http_req_duration"]["p(95)"]
        .as_f64()
        .unwrap()
}

/// The nearest rank of the times in milliseconds.
fn p95_of(all: &[Sent]) -> f64 {
    let mut times: Vec<u64> = all.iter().map(Sent::took).collect();
    times.sort_unstable();
    times[times.len() * 95 / 100] as f64 / 1e3
}

/// Of a log, and of one that `.ci/run` reads.
const REQUESTS: usize = 40_000;
const MORE_REQUESTS: usize = 120_000;

/// Of the four servers: where some wait, and much more.
const BUSY: f64 = 0.62;
const BUSIER: f64 = 0.8;

fn rate(of_all: f64) -> f64 {
    of_all * SERVERS as f64 / MEAN
}

#[test]
fn logs_with_milliseconds_show_the_servers_and_their_laws() {
    with_milliseconds(REQUESTS);
}

#[test]
#[ignore = "three times as many requests; .ci/run runs it"]
fn longer_logs_with_milliseconds_show_the_servers_and_their_laws() {
    with_milliseconds(MORE_REQUESTS);
}

fn with_milliseconds(count: usize) {
    let all = requests(count, rate(BUSY));
    let more = requests(count, rate(BUSIER));
    let each = all.iter().enumerate();
    let logs: [(&str, Learned); 3] = [
        (
            "HAProxy log",
            learned(each.clone().map(|(k, r)| haproxy(r, k)), None),
        ),
        (
            "Envoy log",
            learned(each.clone().map(|(k, r)| envoy(r, k)), None),
        ),
        (
            "Apache log",
            learned(
                each.map(|(k, r)| apache_fine(r, k)),
                Some(
                    r#"apache:%h %l %u %{begin:usec}t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D"#,
                ),
            ),
        ),
    ];
    for (form, log) in logs {
        println!("{form}\n{}\n{}", log.read, log.text);
        assert!(log.read.contains(form), "{}", log.read);
        assert!(!log.read.contains("not understood"), "{}", log.read);
        assert!(log.text.contains("\nservers = 4\n"), "{form}: {}", log.text);
        assert!(
            log.text.contains("as Poisson arrivals have it"),
            "{form}: {}",
            log.text
        );
        log.finds_the_laws(0.05);
        for (load, own) in [(1.0, p95_of(&all)), (BUSIER / BUSY, p95_of(&more))] {
            let predicted = log.p95(load);
            println!("{form}: p(95) {predicted:.2} for {own:.2} at {load:.2}");
            assert!(
                (predicted / own - 1.0).abs() < 0.1,
                "{form} at {load:.2}: {predicted} for {own}"
            );
        }
    }
}

#[test]
fn logs_of_whole_seconds_show_the_laws_where_nobody_waits() {
    of_whole_seconds(REQUESTS);
}

#[test]
#[ignore = "three times as many requests; .ci/run runs it"]
fn longer_logs_of_whole_seconds_show_the_laws_where_nobody_waits() {
    of_whole_seconds(MORE_REQUESTS);
}

fn of_whole_seconds(count: usize) {
    let all = requests(count, rate(0.1));
    let each = || all.iter().enumerate();
    let logs: [(&str, Learned); 3] = [
        (
            "Apache log",
            learned(
                each().map(|(k, r)| apache(r, k)),
                Some(r#"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" %D"#),
            ),
        ),
        (
            "Tomcat log",
            learned(
                each().map(|(k, r)| tomcat(r, k, 1_000)),
                Some(r#"tomcat:%h %l %u %t "%r" %s %b %D"#),
            ),
        ),
        (
            "Tomcat log",
            learned(
                each().map(|(k, r)| tomcat(r, k, 1)),
                Some(r#"tomcat10:%h %l %u %t "%r" %s %b %D"#),
            ),
        ),
    ];
    for (form, log) in logs {
        println!("{form}\n{}\n{}", log.read, log.text);
        assert!(log.read.contains(form), "{}", log.read);
        assert!(!log.read.contains("not understood"), "{}", log.read);
        assert!(log.text.contains("whole seconds"), "{}", log.text);
        assert!(!log.text.contains("[stations"), "{}", log.text);
        log.finds_the_laws(0.05);
        let (predicted, own) = (log.p95(1.0), p95_of(&all));
        println!("{form}: p(95) {predicted:.2} for {own:.2}");
        assert!(
            (predicted / own - 1.0).abs() < 0.1,
            "{form}: {predicted} for {own}"
        );
    }
}
