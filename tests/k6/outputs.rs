//! The files of `--out json` and `--out csv`, read by somebody who knows only k6's format, give the
//! numbers of the summary exactly; and what stands in them is written as k6 writes it.

use std::collections::BTreeMap;

use capsim::formats::{self, Record};
use capsim::measure;
use capsim::measure::recorder::ResponseCode;
use capsim::measure::summary::{Metric, Summary, Values};
use capsim::model::threshold::Aggregation;
use capsim::model::{K6Version, Model};
use capsim::report::{out_csv, out_json, out_nginx};
use capsim::world::World;
use capsim::world::outcome::Outcome;
use capsim::world::summary::summary;
use serde_json::Value;

const EVERYTHING: &str = include_str!("../data/models/samples.toml");
const EPOCH: &str = "2026-01-01T00:00:00Z";

/// A sample as a reader of k6's files knows it.
struct Sample {
    metric: String,
    value: f64,
    tags: BTreeMap<String, String>,
}

fn run(version: K6Version) -> (Model, Outcome, Summary) {
    let mut model = Model::from_text("samples.toml", EVERYTHING, &[]).unwrap();
    model.k6_version = version;
    let outcome = World::new(&model, 42, 0).logging().run();
    let summary = summary(&outcome, &model);
    (model, outcome, summary)
}

fn json_text(model: &Model, outcome: &Outcome) -> String {
    let mut bytes = Vec::new();
    out_json::write(outcome, model, EPOCH.parse().unwrap(), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn csv_text(model: &Model, outcome: &Outcome) -> String {
    let mut bytes = Vec::new();
    out_csv::write(outcome, model, 1_767_225_600, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn from_json(text: &str) -> Vec<Sample> {
    let lines = text
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap());
    let points = lines.filter(|l| l["type"] == "Point");
    let tags = |v: &Value| -> BTreeMap<String, String> {
        let object = v.as_object().unwrap().iter();
        object
            .map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned()))
            .collect()
    };
    let sample = |l: Value| Sample {
        metric: l["metric"].as_str().unwrap().to_owned(),
        value: l["data"]["value"].as_f64().unwrap(),
        tags: tags(&l["data"]["tags"]),
    };
    points.map(sample).collect()
}

fn from_csv(text: &str) -> Vec<Sample> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let mut samples = Vec::new();
    for row in reader.records() {
        let row = row.unwrap();
        let mut tags = BTreeMap::new();
        for (key, value) in head.iter().zip(row.iter()).skip(3) {
            if key == "extra_tags" {
                let pairs = value.split('&').filter_map(|pair| pair.split_once('='));
                tags.extend(pairs.map(|(k, v)| (k.to_owned(), v.to_owned())));
            } else if !value.is_empty() {
                tags.insert(key.clone(), value.to_owned());
            }
        }
        samples.push(Sample {
            metric: row[0].to_owned(),
            value: row[2].parse().unwrap(),
            tags,
        });
    }
    samples
}

/// Metric and tags of a sub-metric's name.
fn parts(name: &str) -> (&str, Vec<(&str, &str)>) {
    let Some((metric, inner)) = name.split_once('{') else {
        return (name, Vec::new());
    };
    let pairs = inner.trim_end_matches('}').split(',');
    (metric, pairs.map(|p| p.split_once(':').unwrap()).collect())
}

/// k6's percentile: linear between the two nearest of all values.
fn percentile(sorted: &[f64], p: f64) -> f64 {
    let at = p / 100.0 * (sorted.len() as f64 - 1.0);
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * (at - at.floor())
}

fn statistic(values: &[f64], sorted: &[f64], stat: Aggregation) -> f64 {
    match stat {
        _ if values.is_empty() => 0.0,
        Aggregation::Avg => values.iter().sum::<f64>() / values.len() as f64,
        Aggregation::Min => sorted[0],
        Aggregation::Max => sorted[sorted.len() - 1],
        Aggregation::Med => percentile(sorted, 50.0),
        Aggregation::Percentile(p) => percentile(sorted, p),
        Aggregation::Count => values.len() as f64,
        other => panic!("{other:?} is not a statistic of a trend"),
    }
}

fn compare(metric: &Metric, samples: &[Sample], seconds: f64) {
    let (name, tags) = parts(&metric.name);
    let own = samples.iter().filter(|s| {
        let has = |(k, v): &(&str, &str)| s.tags.get(*k).is_some_and(|own| own == v);
        s.metric == name && tags.iter().all(has)
    });
    let values: Vec<f64> = own.map(|s| s.value).collect();
    let name = &metric.name;
    match &metric.values {
        Values::Counter { count, rate } => {
            let sum: f64 = values.iter().fold(0.0, |a, b| a + b);
            assert_eq!(*count, sum, "{name}");
            assert_eq!(*rate, sum / seconds, "{name}");
        }
        Values::Gauge { value, min, max } => {
            assert_eq!(Some(value), values.last(), "{name}");
            assert_eq!(
                *min,
                values.iter().copied().fold(f64::MAX, f64::min),
                "{name}"
            );
            assert_eq!(
                *max,
                values.iter().copied().fold(f64::MIN, f64::max),
                "{name}"
            );
        }
        Values::Rate { passes, fails } => {
            let ones = values.iter().filter(|v| **v != 0.0).count() as u64;
            assert_eq!(
                (*passes, passes + fails),
                (ones, values.len() as u64),
                "{name}"
            );
        }
        Values::Trend { count, stats } => {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            assert_eq!(*count, values.len() as u64, "{name}");
            assert!(!stats.is_empty(), "{name}");
            for (stat, value) in stats {
                assert_eq!(
                    *value,
                    statistic(&values, &sorted, *stat),
                    "{name} {stat:?}"
                );
            }
        }
    }
}

#[test]
fn both_files_give_the_numbers_of_the_summary() {
    for version in [K6Version::V0_53, K6Version::V2] {
        let (model, outcome, summary) = run(version);
        // All built-in metrics, 6 custom ones, 20 sub-metrics and k6's own.
        assert!(summary.metrics.len() >= 40, "{}", summary.metrics.len());
        for samples in [
            from_json(&json_text(&model, &outcome)),
            from_csv(&csv_text(&model, &outcome)),
        ] {
            for metric in &summary.metrics {
                compare(metric, &samples, summary.duration);
            }
        }
    }
}

/// The model does what the comparison needs: errors, timeouts, refusals, drops, interruptions.
#[test]
fn the_model_has_a_sample_of_everything() {
    let (_, outcome, summary) = run(K6Version::V2);
    assert!(outcome.recorder.interrupted > 0);
    let value = |name: &str| {
        let metric = summary.metrics.iter().find(|m| m.name == name).unwrap();
        match metric.values {
            Values::Counter { count, .. } => count,
            Values::Trend { count, .. } => count as f64,
            Values::Rate { passes, fails } => (passes + fails) as f64,
            Values::Gauge { value, .. } => value,
        }
    };
    for metric in &summary.metrics {
        assert!(value(&metric.name) > 0.0, "{} has no sample", metric.name);
    }
}

/// Keys, order and form of the lines are those of the recording (main-v2.2.0.out.json).
#[test]
fn json_lines_are_written_as_k6_writes_them() {
    let (model, outcome, _) = run(K6Version::V2);
    let text = json_text(&model, &outcome);
    let mut lines = text.lines();
    assert_eq!(
        lines.next().unwrap(),
        r#"{"type":"Metric","data":{"name":"http_reqs","type":"counter","contains":"default","thresholds":[],"submetrics":[{"name":"http_reqs{group:::setup}","suffix":"group:::setup","tags":{"group":"::setup"}},{"name":"http_reqs{error_code:1050}","suffix":"error_code:1050","tags":{"error_code":"1050"}},{"name":"http_reqs{error_code:1212}","suffix":"error_code:1212","tags":{"error_code":"1212"}}]},"metric":"http_reqs"}"#
    );
    let first = lines.next().unwrap();
    let value: Value = serde_json::from_str(first).unwrap();
    let time = value["data"]["time"].as_str().unwrap();
    assert!(
        time.starts_with("2026-01-01T00:00:00.0") && time.ends_with('Z'),
        "{time}"
    );
    assert_eq!(
        first.replace(time, "T"),
        r#"{"metric":"http_reqs","type":"Point","data":{"time":"T","value":1,"tags":{"expected_response":"true","group":"::setup","method":"GET","name":"warm","proto":"HTTP/1.1","status":"200","url":"warm"}}}"#
    );
    assert!(text.contains(
        r#"{"metric":"vus","type":"Point","data":{"time":"2026-01-01T00:00:01Z","value":"#
    ));
    let order: Vec<&str> = text
        .lines()
        .filter(|l| l.contains("\"Point\""))
        .take(9)
        .map(|l| l.split('"').nth(3).unwrap())
        .collect();
    assert_eq!(
        order,
        [
            "http_reqs",
            "http_req_duration",
            "http_req_blocked",
            "http_req_connecting",
            "http_req_tls_handshaking",
            "http_req_sending",
            "http_req_waiting",
            "http_req_receiving",
            "http_req_failed"
        ]
    );
}

#[test]
fn csv_lines_are_written_as_k6_writes_them() {
    let (model, outcome, _) = run(K6Version::V2);
    let text = csv_text(&model, &outcome);
    let mut lines = text.lines();
    assert_eq!(
        lines.next().unwrap(),
        "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,\
         name,proto,scenario,service,status,subproto,tls_version,url,extra_tags,metadata"
    );
    assert_eq!(
        lines.next().unwrap(),
        "http_reqs,1767225600,1.000000,,,,true,::setup,GET,warm,HTTP/1.1,,,200,,,warm,,"
    );
    assert!(text.contains(",POST,slowly,HTTP/1.1,browse,,200,,,slowly,kind=b&part=x,\n"));
}

/// Without being asked, a run keeps no samples in order; with it, it is the same run.
#[test]
fn a_log_changes_nothing() {
    let (model, logged, _) = run(K6Version::V2);
    let plain = World::new(&model, 42, 0).run();
    assert!(plain.recorder.log.is_none());
    assert_eq!(plain.fingerprint, logged.fingerprint);
}

/// The command writes all files; the compressed ones hold the same bytes.
#[test]
fn the_command_writes_its_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("m.toml"), EVERYTHING).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_capsim"));
    command
        .current_dir(directory.path())
        .args(["run", "m.toml", "--seed", "42", "--quiet"]);
    for out in ["json=a.json", "json=a.json.gz", "csv=a.csv", "csv=a.csv.gz"] {
        command.args(["--out", out]);
    }
    let output = command
        .args(["--summary-export", "s.json"])
        .output()
        .unwrap();
    // Some thresholds of the model are crossed.
    assert_eq!(output.status.code(), Some(99), "{output:?}");
    for name in ["a.json", "a.csv"] {
        let plain = std::fs::read_to_string(path(name)).unwrap();
        let zipped = std::fs::File::open(path(&format!("{name}.gz"))).unwrap();
        let mut unzipped = flate2::read::GzDecoder::new(zipped);
        assert_eq!(std::io::read_to_string(&mut unzipped).unwrap(), plain);
    }
    let export = std::fs::read_to_string(path("s.json")).unwrap();
    let export: Value = serde_json::from_str(&export).unwrap();
    assert_eq!(
        export["metrics"]["http_req_duration"]["thresholds"]["max<1"],
        true
    );
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 6, "no half-written file is left");
}

#[test]
fn the_access_log_holds_each_request_that_reached_the_server() {
    let (model, outcome, _) = run(K6Version::V2);
    let mut bytes = Vec::new();
    out_nginx::write(&outcome, &model, EPOCH.parse().unwrap(), &mut bytes).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("access.log");
    std::fs::write(&file, &bytes).unwrap();
    let mut read: Vec<(String, u16, u64)> = Vec::new();
    let mut sink = |r: &Record<'_>| read.push((r.path.to_owned(), r.status, r.ns / 1_000_000));
    let (declaration, reading) = formats::each(&file, None, &mut sink).unwrap();
    assert_eq!((declaration.form, reading.skipped.count), ("nginx log", 0));

    let record = &outcome.recorder;
    let log = record.log.as_deref().unwrap();
    let mut known = Vec::new();
    let mut unseen = 0;
    for entry in log {
        let measure::log::Sample::Request(place) = entry.sample else {
            continue;
        };
        let series = record.series[usize::from(record.request_series.get(place as usize).unwrap())];
        let status = match series.code {
            ResponseCode::TIMEOUT => 499,
            code => code.status(),
        };
        if status == 0 {
            unseen += 1;
            continue;
        }
        // By a clock of whole milliseconds, as nginx has it.
        let took = record.timings_of(place as usize).duration().0;
        let ms = entry.at.0 / 1_000_000 - (entry.at.0 - took) / 1_000_000;
        let path = format!("/{}", model.sites[series.site.index()].name);
        known.push((path, status, ms));
    }
    assert!(known.len() > 100, "{}", known.len());
    assert_eq!(known.len() + unseen, record.durations.len());
    assert_eq!(read, known);
}
