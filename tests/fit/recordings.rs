//! Runs as the real k6 left them: every recording of an end-of-test summary can be read.

use std::path::{Path, PathBuf};

use capsim::model::threshold::Aggregation;
use capsim::study::fit::read::{Measured, Stat, read};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn good(name: &str) -> Measured {
    read(&data(name), None).unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn every_text_of_k6_is_read() {
    let mut read_texts = 0;
    for entry in std::fs::read_dir(data("k6")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "txt") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match read(&path, None) {
            Ok(run) => assert!(
                run.value("iterations", Stat::Of(Aggregation::Count))
                    .is_some()
                    || run.peak_vus.is_some(),
                "{name}: {run:?}"
            ),
            // A run without a single sample has nothing to be held to.
            Err(why) => assert!(name.starts_with("nosamples"), "{why}"),
        }
        read_texts += 1;
    }
    assert!(read_texts > 15, "{read_texts}");
}

#[test]
fn the_text_and_the_export_of_a_run_say_the_same() {
    for name in ["main-v0.53.0", "main-v2.2.0-compact"] {
        let text = good(&format!("k6/{name}.txt"));
        let export = good(&format!("k6/{name}.export.json"));
        let mut compared = 0;
        for r in &text.readings {
            let Some(exact) = export.value(&r.metric, r.stat) else {
                continue;
            };
            let slack = (r.resolution * r.value).max(1e-6 * exact.abs()) * 1.01 + 1e-9;
            assert!((exact - r.value).abs() <= slack, "{name}: {r:?} {exact}");
            compared += 1;
        }
        assert!(compared > 20, "{name}: {compared}");
        assert_eq!(text.peak_vus, export.peak_vus);
    }
}

#[test]
fn the_published_summaries_are_read() {
    let token = good("runs/token.txt");
    assert_eq!(
        token.value("http_reqs", Stat::Of(Aggregation::Count)),
        Some(556_414.0)
    );
    assert_eq!(token.peak_vus, Some(5000.0));
    assert_eq!(token.duration, Some(300.9));
    let reserve = good("runs/reserve.txt");
    assert_eq!(reserve.value("iterations", Stat::Interrupted), Some(2200.0));
    assert_eq!(
        reserve.value("checks{check:reserve status is 200}", Stat::Fails),
        Some(135.0)
    );
}
