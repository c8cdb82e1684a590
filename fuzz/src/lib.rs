//! What each fuzz target does with its bytes. Nothing here may panic, take long or take much memory, whatever the bytes
//! are; where a text is understood, what it means must be written again and be understood alike. `tests/project/fuzz_corpus.rs`
//! includes this file, too.

use std::io::Write;

use capsim::formats::{self, Layout};
use capsim::model::document::Document;
use capsim::model::metric_name::MetricName;
use capsim::model::set::Override;
use capsim::model::threshold::{Aggregation, Threshold};
use capsim::model::{Model, duration};
use capsim::report::chart::{self, Kind, Table};
use capsim::study::answers::bounds::analyse;
use capsim::study::design::Design;
use capsim::study::fit::read;
use capsim::study::learn::Learner;
use capsim::study::sweep::plan::Plan;
use capsim::study::vary;

/// A target and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All targets by the names of their folders in `corpus`.
pub const TARGETS: [Target; 9] = [
    ("models", models),
    ("thresholds", thresholds),
    ("durations", durations),
    ("distributions", distributions),
    ("logs", logs),
    ("k6_files", k6_files),
    ("sweeps", sweeps),
    ("plots", plots),
    ("tool_files", tool_files),
];

/// The text, if it is one of a length that says something.
fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok().filter(|t| t.len() < 1 << 16)
}

/// Reads and checks a model: its problems can be told, or its bounds and paths exist.
pub fn models(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let _ = checked(text);
}

fn checked(text: &str) -> Option<Model> {
    let document = match Document::from_text("model.toml", text) {
        Ok(document) => document,
        Err(problems) => {
            assert!(!problems.to_string().is_empty());
            return None;
        }
    };
    match document.check(&[]) {
        Ok(checked) => {
            let _ = (analyse(&checked.model), document.settable_paths());
            Some(checked.model)
        }
        Err(problems) => {
            assert!(!problems.to_string().is_empty());
            None
        }
    }
}

/// Parses an expression and the name of a metric; what is understood is shown and understood alike.
pub fn thresholds(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let (metric, expression) = text.split_once('\n').unwrap_or(("http_reqs", text));
    if let Ok(threshold) = Threshold::parse(expression) {
        let again = Threshold::parse(&threshold.expression).expect("what was understood");
        assert_eq!(threshold.value.to_bits(), again.value.to_bits());
        let _ = threshold.compare(f64::NAN);
    }
    let _ = (
        Aggregation::parse(expression),
        Aggregation::parse_trend_stat(expression),
    );
    if let Ok(name) = MetricName::parse(metric) {
        let _ = name.shown();
    }
}

/// Parses a duration; what is understood is printed and understood alike.
pub fn durations(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(span) = duration::parse(text) {
        assert_eq!(duration::parse(&duration::print(span)), Ok(span), "{text}");
    }
    if let Ok(ns) = duration::parse_signed(text) {
        assert_eq!(
            duration::parse_signed(&duration::print_signed(ns)),
            Ok(ns),
            "{text}"
        );
    }
}

/// Reads a distribution where a model has one; its mean and its draws are times.
pub fn distributions(data: &[u8]) {
    let Some(text) = text(data).filter(|t| !t.contains('\n')) else {
        return;
    };
    let model = checked(&format!(
        "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = 1\niterations = 40\njourney = \"j\"\n\
         [journeys]\nj = [{{ request = \"e\" }}]\n[endpoints.e]\nvisits = [{{ delay = {text} }}]\n"
    ));
    let Some(model) = model else { return };
    // A text may also close the array and write keys of its own: then it is for the target `models`.
    let usual = model.scenarios.len() == 1 && model.endpoints.len() == 1 && model.dists.len() == 1;
    if usual {
        let mean = model.dists[0].dist.mean();
        assert!(mean >= 0.0 || mean.is_nan(), "{mean}");
        let outcome = capsim::world::World::new(&model, 1, 0).run();
        assert!(outcome.recorder.requests() <= 40);
    }
}

/// Reads an access log, the first line of the input as its layout if it is one; what is learnt from it is a model.
pub fn logs(data: &[u8]) {
    let (first, rest) = match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[] as &[u8]),
    };
    let layout = std::str::from_utf8(first)
        .ok()
        .and_then(|l| Layout::parse(l).ok());
    let bytes = if layout.is_some() { rest } else { data };
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("it is written");
    let mut learner = Learner::new(Vec::new());
    let read = formats::each(file.path(), layout.as_ref(), &mut |record| {
        learner.add(record)
    });
    if read.is_err() {
        return;
    }
    if let Ok(learned) = learner.learn("log", false, Vec::new()) {
        let text = learned.toml();
        assert!(checked(&text).is_some(), "{text}");
    }
}

/// Reads a measured run of k6: a summary or samples.
pub fn k6_files(data: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(data).expect("it is written");
    if let Err(why) = read::read(file.path(), None) {
        assert!(!why.to_string().is_empty());
    }
}

/// Reads what a sweep varies, a design, a plan of cells, and an override.
pub fn sweeps(data: &[u8]) {
    let Some(text) = text(data) else { return };
    for whole in [false, true] {
        let Ok(axis) = vary::parse(text, &|_| whole) else {
            continue;
        };
        for value in axis.values.iter().take(100) {
            let _ = Override::new(&axis.path, value);
        }
    }
    if let Ok(design) = Design::from_csv(text) {
        let _ = (design.len(), design.point(0));
    }
    if let Ok(plan) = Plan::parse(text) {
        let _ = plan.open();
    }
    let _ = Override::parse(text);
}

/// Draws each kind of chart of a CSV file.
pub fn plots(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(table) = Table::parse(text) else {
        return;
    };
    for kind in Kind::ALL {
        if let Ok(figure) = chart::figure(&table, kind, "title", None) {
            let _ = chart::svg(&figure);
        }
    }
}

/// Reads a file of another load tool, and tells what it says.
pub fn tool_files(data: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(data).expect("it is written");
    match formats::read(file.path(), None) {
        Ok(understood) => {
            let _ = capsim::report::formats::text("file", &understood);
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}
