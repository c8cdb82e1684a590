//! `--out nginx`: the requests of a run as a web server before the system would have logged them.
//!
//! nginx's combined format, with `$msec`, `$request_time` and `$upstream_response_time` behind it as
//! `msec=… rt=… urt="…"` (`ngx_http_log_module` and `ngx_http_upstream_module`, nginx 1.22: the line is
//! written when a request ends, times in seconds with three decimals). Its clock has whole milliseconds, so that a time
//! is the difference of two that are cut, and right in the mean.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::measure::log::Sample;
use crate::measure::recorder::ResponseCode;
use crate::model::Model;
use crate::world::outcome::Outcome;
use crate::world::tags;

/// nginx's own status of a request whose client went away before the answer.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Writes a line for each request that reached the server, in the order in which they ended. `epoch` is
/// the start mark.
///
/// A request whose connection failed is in no server's log; one whose client gave up has status 499.
///
/// # Errors
/// Those of the writer.
pub fn write(
    outcome: &Outcome,
    model: &Model,
    epoch: Timestamp,
    mut out: impl Write,
) -> io::Result<()> {
    let record = &outcome.recorder;
    let lines: Vec<Option<Line>> = record
        .series
        .iter()
        .map(|series| {
            let status = status(series.code)?;
            let tags = tags::of_request(model, series);
            let of = |key| tags::find(&tags, key).unwrap_or("");
            Some(Line {
                status,
                request: request_line(of("method"), of("url")),
            })
        })
        .collect();
    let log = record.log.as_deref().unwrap_or_default();
    for entry in log {
        let Sample::Request(place) = entry.sample else {
            continue;
        };
        let place = place as usize;
        let series = record.request_series.get(place).map_or(0, usize::from);
        let Some(line) = &lines[series] else {
            continue;
        };
        let timings = record.timings_of(place);
        let since = SignedDuration::from_nanos(i64::try_from(entry.at.0).unwrap_or(i64::MAX));
        let at = epoch.checked_add(since).map_err(io::Error::other)?;
        let local = at.to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S %z");
        let msec = at.as_millisecond();
        let (begun, waited) = (timings.duration().0, timings.waiting);
        let request_time = Seconds::between(at, begun, 0)?;
        let upstream_time = Seconds::between(
            at,
            timings.receiving.saturating_add(waited),
            timings.receiving,
        )?;
        write!(
            out,
            "127.0.0.1 - - [{local}] \"{}\" {} 0 \"-\" \"capsim\" msec={}.{:03} rt={} urt=\"",
            line.request,
            line.status,
            msec.div_euclid(1000),
            msec.rem_euclid(1000),
            request_time,
        )?;
        match line.status {
            CLIENT_CLOSED_REQUEST => writeln!(out, "-\"")?,
            _ => writeln!(out, "{upstream_time}\"")?,
        }
    }
    out.flush()
}

/// What all requests of a series have in common.
struct Line {
    status: u16,
    request: String,
}

/// The status in the log; `None` if the server has not seen the request.
fn status(code: ResponseCode) -> Option<u16> {
    match code {
        ResponseCode::TIMEOUT => Some(CLIENT_CLOSED_REQUEST),
        code => Some(code.status()).filter(|status| *status > 0),
    }
}

/// `GET /path HTTP/1.1`, of a tag `url` that is an address, a path, a method and a path, or any name.
fn request_line(method: &str, url: &str) -> String {
    let (method, url) = match url.split_once(' ') {
        Some((own, path)) if is_method(own) => (own, path),
        _ => (method, url),
    };
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => url,
    };
    let mut line = format!("{method} ");
    if !path.starts_with('/') {
        line.push('/');
    }
    for byte in path.bytes() {
        // As a client has to send it, so that no line of the log can be broken.
        match byte {
            b'"' | b'\\' | 0..=b' ' | 0x7f.. => line.push_str(&format!("%{byte:02X}")),
            byte => line.push(char::from(byte)),
        }
    }
    line.push_str(" HTTP/1.1");
    line
}

fn is_method(text: &str) -> bool {
    text.len() >= 3 && text.bytes().all(|b| b.is_ascii_uppercase())
}

/// Milliseconds as seconds with three decimals.
struct Seconds(i64);

impl Seconds {
    /// From so many nanoseconds before a moment to so many before it, by a clock of whole milliseconds.
    fn between(moment: Timestamp, from: u64, to: u64) -> io::Result<Seconds> {
        let read = |before: u64| {
            let before = SignedDuration::from_nanos(i64::try_from(before).unwrap_or(i64::MAX));
            let at = moment.checked_sub(before).map_err(io::Error::other)?;
            Ok::<_, io::Error>(at.as_millisecond())
        };
        Ok(Seconds(read(to)? - read(from)?))
    }
}

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_paths_and_no_line_breaks() {
        for (method, url, line) in [
            ("GET", "status", "GET /status HTTP/1.1"),
            ("POST", "/a/{id}", "POST /a/{id} HTTP/1.1"),
            ("GET", "PUT /seats/7", "PUT /seats/7 HTTP/1.1"),
            ("GET", "http://host:8080/a?b=c", "GET /a?b=c HTTP/1.1"),
            ("GET", "https://host", "GET / HTTP/1.1"),
            ("GET", "a \"b\"\n", "GET /a%20%22b%22%0A HTTP/1.1"),
        ] {
            assert_eq!(request_line(method, url), line);
        }
        assert_eq!(Seconds(1_234).to_string(), "1.234");
        // 1.6 ms from 0.7 ms on end in the third millisecond and begin in the first; from 0.2 ms on they are one.
        let took = |end_us: i64| {
            let end = Timestamp::from_microsecond(1_795_776_000_000_000 + end_us).unwrap();
            Seconds::between(end, 1_600_000, 0).unwrap().to_string()
        };
        assert_eq!((took(2_300), took(1_800)), ("0.002".into(), "0.001".into()));
        assert_eq!(status(ResponseCode::REFUSED), None);
        assert_eq!(status(ResponseCode::TIMEOUT), Some(499));
        assert_eq!(status(ResponseCode::OK), Some(200));
    }
}
