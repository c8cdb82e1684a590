//! Runs of k6 (or capsim) as files: what they measured, whatever the form they were kept in.

mod clock;
mod csv;
mod error;
mod foreign;
mod json;
mod measured;
mod points;
mod prefix;
mod reading;
mod samples;
mod text;
pub mod tool;
mod vus;

use std::io::Read;
use std::path::Path;

use crate::formats;
use crate::measure::recorder::Timings;
use crate::model::input;
use crate::model::metric_name::MetricName;
use crate::world::window::Window;
use error::ReadError;
pub use error::RunError;
pub use measured::Measured;
use measured::sound;
pub use reading::{Reading, Stat};
use vus::{VuSource, Vus};

/// Bytes between two looks at what has been unpacked.
const UNPACKED_AT_ONCE: u64 = 1 << 20;

/// Whether a metric says something that a model may say, too.
fn is_used(metric: &str) -> bool {
    let Ok(name) = MetricName::parse(metric) else {
        return false;
    };
    !matches!(
        name.metric(),
        "data_sent" | "data_received" | "grpc_req_duration" | "vus" | "vus_max"
    )
}

/// Whether a metric is a part of a request's time, of which only a model with a network says something.
#[must_use]
pub fn is_part_of_request(metric: &str) -> bool {
    let of_part = |name: &MetricName| {
        Timings::PARTS
            .iter()
            .any(|(part, _)| *part == name.metric())
    };
    MetricName::parse(metric).is_ok_and(|name| of_part(&name))
}

/// Reads a run: a `--summary-export` or `handleSummary` JSON of any version, the summary as text,
/// `--out json` or `--out csv`, the file of another load tool, or an access log; each plain or packed by gzip. A window leaves only the samples that
/// ended in it.
///
/// # Errors
/// If the file cannot be read, is cut off, comes from another tool, or holds numbers that cannot be; if
/// a window is asked for and the file is a summary, or nothing ended in it.
pub fn read(path: &Path, window: Option<Window>) -> Result<Measured, RunError> {
    let name = path.display().to_string();
    let fail = |message: String, fix: &str| RunError {
        place: name.clone(),
        message,
        fix: fix.into(),
    };
    let fix = "check the path; of a very long run give the summary, or fewer of its samples";
    let bytes = input::bytes(path, input::RUN)
        .map_err(|why| fail(format!("the run cannot be read: {why}"), fix))?;
    read_bytes(&name, &bytes, window)
}

/// As [`read`], of bytes already at hand; `name` is shown in errors.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(name: &str, bytes: &[u8], window: Option<Window>) -> Result<Measured, RunError> {
    let fail = |at: &str, message: String, fix: &str| RunError {
        place: match at {
            "" => name.to_string(),
            at => format!("{name}: {at}"),
        },
        message,
        fix: fix.into(),
    };
    let unpacked = unpack(bytes, input::RUN).map_err(|bad| fail(&bad.at, bad.message, &bad.fix))?;
    let text = std::str::from_utf8(&unpacked).map_err(|why| {
        let at = format!("byte {}", why.valid_up_to());
        fail(
            &at,
            "this is no UTF-8 text".into(),
            "give a file that k6 wrote",
        )
    })?;
    if formats::reader_of(text.trim_start_matches('\u{feff}')).is_some() {
        if window.is_some() {
            let message = "a window is cut out of runs of k6 alone";
            return Err(fail("", message.into(), "leave --window out"));
        }
        return tool::read(name, text);
    }
    let measured = sniff(text, window).and_then(|m| m.check_order().map(|()| m));
    let measured = measured.map_err(|bad| fail(&bad.at, bad.message, &bad.fix))?;
    if let (Some(window), true) = (window, measured.readings.is_empty()) {
        let message = format!("nothing ended in the window {window}");
        let fix = "the window counts from the begin of the first request";
        return Err(fail("", message, fix));
    }
    if measured.readings.is_empty() {
        let message = format!(
            "this {} has no metric that a model could be held to",
            measured.form
        );
        return Err(fail(
            "",
            message,
            "a run needs at least `http_req_duration` or `http_reqs`",
        ));
    }
    if !measured.measured_anything() {
        let message = "nothing was measured: no request and no iteration ended";
        let fix =
            "look into the log of the run why, such as a setup that timed out; then test again";
        return Err(fail("", message.into(), fix));
    }
    Ok(measured)
}

/// Unpacks gzip data, to at most a number of bytes. What is not text is known at once, however much
/// of it is to come.
fn unpack(bytes: &[u8], most: u64) -> Result<std::borrow::Cow<'_, [u8]>, ReadError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes.into());
    }
    let mut plain = Vec::new();
    let mut line = 0;
    let mut unpacker = flate2::read::MultiGzDecoder::new(bytes);
    loop {
        let before = plain.len();
        make_room(&mut plain, most);
        let part = unpacker.by_ref().take(UNPACKED_AT_ONCE);
        let read = { part }.read_to_end(&mut plain).map_err(|why| {
            let message = format!("the gzip file is cut off or damaged: {why}");
            ReadError::new(
                "",
                message,
                "copy the file again, or let k6 end before reading it",
            )
        })?;
        if plain[before..].contains(&0) {
            let message = "what is packed in it is not text";
            return Err(ReadError::new("", message, "give a file that k6 wrote"));
        }
        let end = plain[before..].iter().rposition(|byte| *byte == b'\n');
        line = end.map_or(line + read, |at| read - at - 1);
        if line as u64 > input::MODEL {
            let message = "what is packed in it has a line without an end";
            return Err(ReadError::new("", message, "give a file that k6 wrote"));
        }
        if plain.len() as u64 > most {
            let message = format!(
                "the run cannot be read: unpacked, {}",
                input::too_large(most)
            );
            let fix = "give the summary of the run, or fewer of its samples";
            return Err(ReadError::new("", message, fix));
        }
        if read == 0 {
            return Ok(plain.into());
        }
    }
}

/// Room for one more part: twice as much each time, but no more than is ever wanted.
fn make_room(plain: &mut Vec<u8>, most: u64) {
    let part = UNPACKED_AT_ONCE as usize;
    if plain.capacity() - plain.len() < part {
        let wanted = usize::try_from(most).unwrap_or(usize::MAX);
        let left = wanted.saturating_sub(plain.len());
        plain.reserve_exact(plain.len().min(left).max(part));
    }
}

/// The beginning of a file tells what it is.
fn sniff(text: &str, window: Option<Window>) -> Result<Measured, ReadError> {
    let text = text.trim_start_matches('\u{feff}');
    let start = text.trim_start();
    let first = start.lines().next().unwrap_or("");
    if start.is_empty() {
        return Err(ReadError::new("", "the file is empty", ""));
    }
    if let Some(why) = foreign::refusal(start) {
        return Err(why);
    }
    if first.starts_with("metric_name,") {
        return csv::read(text, window);
    }
    let is_point =
        |line: &str| line.contains("\"type\":\"Metric\"") || line.contains("\"type\":\"Point\"");
    if first.starts_with('{') && is_point(first) {
        return points::read(text, window);
    }
    let json = first.starts_with(['{', '[']) && !text::is_summary(text);
    if let Some(why) = json.then(|| foreign::several_values(text)).flatten() {
        return Err(why);
    }
    if window.is_some() {
        let message =
            "a summary does not say when what happened, so no window can be cut out of it";
        let fix = "give the samples: k6 run --out csv=run.csv or --out json=run.json";
        return Err(ReadError::new("", message, fix));
    }
    match json {
        true => json::read(text),
        // Lines of a log may begin with a bracket, too.
        false => text::read(text),
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_found;
