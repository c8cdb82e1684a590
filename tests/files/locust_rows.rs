//! Locust's CSV files that were cut, changed or written by something else: one clear message each.

use std::path::Path;

use capsim::formats::{self, Source, Understood};

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/locust");
    std::fs::read_to_string(path.join(name)).unwrap()
}

fn read(text: &str) -> Result<Understood, String> {
    let mut source = Source::of_bytes("x.csv", text.as_bytes()).unwrap();
    formats::understand(&mut source, None).map_err(|why| why.to_string())
}

fn refused(text: &str) -> String {
    match read(text) {
        Ok(read) => panic!("{text}: {:?}", read.reading),
        Err(why) => why,
    }
}

#[test]
fn statistics_that_are_cut_anywhere_are_refused_and_never_read_as_less() {
    for name in [
        "err-locust",
        "locust-A",
        "locust-B",
        "locust-C",
        "locust-rt",
    ] {
        let text = file(&format!("{name}.lo_stats.csv"));
        let whole = read(&text).unwrap().reading;
        let names = text.find('\n').unwrap();
        for cut in 1..text.len() {
            match read(&text[..cut]) {
                Ok(read) => {
                    // Without its last line end alone it is whole.
                    assert_eq!(read.reading, whole, "{name} cut at {cut}");
                    assert!(cut >= text.trim_end().len(), "{name} cut at {cut}");
                }
                Err(why) if cut > names => {
                    assert!(
                        why.contains("the row Aggregated, which tells of all requests, is not there or not whole"),
                        "{name} cut at {cut}: {why}"
                    );
                }
                Err(why) => assert!(
                    why.contains("is missing")
                        || why.contains("no known file")
                        || why.contains("not whole"),
                    "{name} cut at {cut}: {why}"
                ),
            }
        }
    }
}

#[test]
fn a_history_that_is_cut_tells_the_rows_before() {
    let text = file("locust-A.lo_stats_history.csv");
    let last = text.trim_end().rfind('\n').unwrap();
    let read = read(&text[..last + 40]).unwrap();
    assert!(read.reading.requests.is_some());
    assert_eq!(read.reading.skipped.count, 1, "{:?}", read.reading.skipped);
    let names = text.find('\n').unwrap();
    assert!(refused(&text[..=names]).contains("the row Aggregated"));
}

#[test]
fn other_separators_are_told() {
    for name in ["locust-A.lo_stats.csv", "locust-A.lo_stats_history.csv"] {
        for (separator, word) in [(";", "semicolons"), ("\t", "tabs")] {
            let why = refused(&file(name).replace(',', separator));
            assert!(
                why.contains("this looks like Locust, _stats")
                    && why.contains(&format!("with {word} in the place of commas")),
                "{why}"
            );
        }
    }
    // JMeter has a setting for it.
    assert!(
        read("timeStamp;elapsed;label;responseCode;success\n1795780659796;5;x;200;true\n").is_ok()
    );
}

#[test]
fn counts_that_cannot_be_are_told() {
    let text = file("err-locust.lo_stats.csv");
    let (of_all, of_one) = (",Aggregated,26,3,", "GET,/,26,3,");
    for (own, why) in [
        (",Aggregated,-26,3,", "line 3: `-26` is below zero"),
        (",Aggregated,26,-3,", "line 3: `-3` is below zero"),
        (",Aggregated,26.5,3,", "line 3: `26.5` is not a count"),
        (",Aggregated,26,27,", "line 3: 27 of 26 requests failed"),
        (",Aggregated,,3,", "line 3: `` is not a number"),
    ] {
        let told = refused(&text.replace(of_all, own));
        assert!(told.contains(why), "{told}");
    }
    let read = read(&text.replace(of_one, "GET,/,-26,3,")).unwrap();
    let skipped = read.reading.skipped.summary("line").unwrap();
    assert_eq!(
        skipped,
        "1 line was not understood and left out: line 2: `-26` is below zero"
    );
    assert_eq!(read.reading.requests, Some(26));
    // Rounded numbers are no contradiction, a top below the maximum is one.
    assert!(
        refused(
            &text
                .replace("700,700,700\r\n", "700,700,70\r\n")
                .replace("700,700,700\n", "700,700,70\n")
        )
        .contains("100% is 70 ms and below")
    );
}
