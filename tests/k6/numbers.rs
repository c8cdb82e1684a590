//! Numbers are written as k6 writes them: 384 pairs of value and text from k6's own functions.

use capsim::measure::summary::Contains;
use capsim::report::format::{self, TimeUnit};
use serde_json::Value;

#[test]
fn every_recorded_number_has_the_text_of_k6() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../data/k6/humanize-vectors.json")).expect("JSON");
    assert_eq!(vectors.len(), 384);
    let mut wrong = Vec::new();
    for vector in &vectors {
        let value = vector["value"].as_f64().expect("a number");
        let text = vector["text"].as_str().expect("a text");
        let unit = TimeUnit::parse(vector["summaryTimeUnit"].as_str().expect("a text"));
        let ours = if vector["type"] == "rate" {
            format::share(value)
        } else {
            format::value(value, contains(&vector["contains"]), unit)
        };
        if ours != text {
            wrong.push((value, unit, text, ours));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn contains(name: &Value) -> Contains {
    match name.as_str() {
        Some("time") => Contains::Time,
        Some("data") => Contains::Data,
        Some("default") => Contains::Default,
        other => panic!("unknown contents {other:?}"),
    }
}
