//! JMeter's JTL files as XML.

use std::io::BufReader;

use quick_xml::events::{BytesStart, Event};

use super::declaration::{Reader, Sink};
use super::jmeter;
use super::reading::{Reading, Record};
use super::source::{Problem, Source};
use super::text;

/// `<testResults>` with a `<httpSample>` or `<sample>` for each request.
pub static XML: Reader = Reader {
    declaration: jmeter::declaration(
        "JMeter, JTL as XML",
        "the element testResults",
        "ts (start, ms since 1970), t (ms, to the last byte, connect included), lb, rc, s; samples inside of others are theirs",
    ),
    recognises: |head| head.contains("<testResults"),
    read,
};

/// What a sample's element says.
#[derive(Default)]
struct Sample {
    start: Option<i64>,
    ms: Option<f64>,
    label: String,
    status: u16,
    failed: bool,
    threads: u32,
}

fn read(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem> {
    let mut reading = Reading::default();
    let mut buffer = Vec::new();
    // How many samples are open: those inside of another are parts of it.
    let (mut open, mut inner, mut ended) = (0_u64, 0_u64, false);
    let broken = {
        let mut xml = quick_xml::Reader::from_reader(BufReader::new(&mut *source));
        loop {
            buffer.clear();
            let position = xml.buffer_position();
            let (element, empty) = match xml.read_event_into(&mut buffer) {
                Ok(Event::Eof) => break None,
                Err(why) => break Some((position, why.to_string())),
                Ok(Event::Start(element)) => (element, false),
                Ok(Event::Empty(element)) => (element, true),
                Ok(Event::End(element)) => {
                    if is_sample(element.name().as_ref()) {
                        open = open.saturating_sub(1);
                    }
                    ended |= element.name().as_ref() == "testResults";
                    continue;
                }
                Ok(_) => continue,
            };
            if !is_sample(element.name().as_ref()) {
                continue;
            }
            if open > 0 {
                inner += 1;
            } else {
                match record(&element) {
                    Ok(sample) => give(&sample, sink),
                    Err(why) => reading.skipped.add(0, &why, &element),
                }
            }
            open += u64::from(!empty);
        }
    };
    if let Some((position, why)) = broken {
        let doubt = format!("the XML breaks at byte {position} ({why}): what follows is not read");
        reading.doubts.push(doubt);
    } else if !ended {
        let doubt = "the file ends before </testResults>: the last requests may be missing";
        reading.doubts.push(doubt.into());
    }
    if inner > 0 {
        let note = format!(
            "{inner} samples inside of others (redirects, embedded resources) are not counted on their own"
        );
        reading.notes.push(note);
    }
    Ok(reading)
}

fn is_sample(name: &str) -> bool {
    name == "httpSample" || name == "sample"
}

fn give(sample: &Sample, sink: &mut dyn FnMut(&Record<'_>)) {
    let Some(ns) = sample.ms.and_then(|ms| text::ns_of_ms(ms).ok()) else {
        return;
    };
    sink(&Record {
        start_us: sample.start.map(|ms| ms.saturating_mul(1_000)),
        ns,
        status: sample.status,
        failed: sample.failed,
        users: sample.threads,
        method: "",
        path: &sample.label,
        ..Record::default()
    });
}

fn record(element: &BytesStart<'_>) -> Result<Sample, String> {
    let mut sample = Sample::default();
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|why| why.to_string())?;
        let value = attribute.value.as_ref().to_string();
        match attribute.key.as_ref() {
            "ts" => sample.start = value.parse().ok(),
            "t" => sample.ms = text::number(&value),
            "rc" => sample.status = value.parse().unwrap_or(0),
            "na" => sample.threads = value.parse().unwrap_or(0),
            "s" => sample.failed = value == "false",
            "lb" => {
                let plain = quick_xml::escape::unescape(&value).map(std::borrow::Cow::into_owned);
                sample.label = plain.unwrap_or(value);
            }
            _ => {}
        }
    }
    let ms = sample.ms.ok_or("no time t")?;
    text::ns_of_ms(ms)?;
    Ok(sample)
}
