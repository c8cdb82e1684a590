//! What a sample says of its request beside a number: who made it, in which group, how it ended, and which parts its time
//! has.

use crate::engine::Span;
use crate::model::journey::{GroupId, SiteId};

/// Who made a sample: setup, teardown or one of the scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SampleSource(pub u16);

impl SampleSource {
    /// The setup function.
    pub const SETUP: SampleSource = SampleSource(0);
    /// The teardown function.
    pub const TEARDOWN: SampleSource = SampleSource(1);

    /// The scenario with this index.
    #[must_use]
    pub fn scenario(index: usize) -> SampleSource {
        SampleSource(index as u16 + 2)
    }

    /// The index of the scenario, if it is one.
    #[must_use]
    pub fn as_scenario(self) -> Option<usize> {
        (self.0 as usize).checked_sub(2)
    }
}

/// Who made a sample, and in which k6 group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SampleTags {
    /// Who made it.
    pub origin: SampleSource,
    /// The innermost open group; `None` outside all groups.
    pub group: Option<GroupId>,
}

/// The parts of a request's time, in nanoseconds, as k6 divides it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Before it could be sent: the set-up of the connection.
    pub blocked: u64,
    /// Of that, the connection to the host.
    pub connecting: u64,
    /// Of that, the TLS handshake.
    pub tls: u64,
    /// Writing the request.
    pub sending: u64,
    /// From the last byte of the request to the first byte of the answer.
    pub waiting: u64,
    /// Reading the answer.
    pub receiving: u64,
}

/// Picks one part of a request's time.
pub type TimingOf = fn(&Timings) -> u64;

impl Timings {
    /// The parts by the names of their metrics.
    pub const PARTS: [(&'static str, TimingOf); 6] = [
        ("http_req_blocked", |t| t.blocked),
        ("http_req_connecting", |t| t.connecting),
        ("http_req_tls_handshaking", |t| t.tls),
        ("http_req_sending", |t| t.sending),
        ("http_req_waiting", |t| t.waiting),
        ("http_req_receiving", |t| t.receiving),
    ];

    /// k6's `http_req_duration`.
    #[must_use]
    pub fn duration(&self) -> Span {
        Span(self.sending + self.waiting + self.receiving)
    }
}

/// How a request ended: an HTTP status, or a k6 error code above 1000 that stands for status 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResponseCode(pub u16);

impl ResponseCode {
    /// 200.
    pub const OK: ResponseCode = ResponseCode(200);
    /// k6's `dial: connection refused`: status 0, error code 1212.
    pub const REFUSED: ResponseCode = ResponseCode(1212);
    /// k6's `dial: i/o timeout`: status 0, error code 1211.
    pub const DIAL_TIMEOUT: ResponseCode = ResponseCode(1211);
    /// k6's `request timeout`: status 0, error code 1050.
    pub const TIMEOUT: ResponseCode = ResponseCode(1050);

    /// The HTTP status; 0 without an answer.
    #[must_use]
    pub fn status(self) -> u16 {
        if self.0 >= 1000 { 0 } else { self.0 }
    }

    /// What k6 says of an error without an answer.
    #[must_use]
    pub fn error_text(self) -> Option<&'static str> {
        Some(match self.0 {
            1000 => "EOF",
            1050 => "request timeout",
            1101 => "lookup: no such host",
            1211 => "dial: i/o timeout",
            1212 => "dial: connection refused",
            1220 => "read: connection reset by peer",
            _ => return None,
        })
    }

    /// k6's default response callback: 200 to 399 is expected.
    #[inline]
    #[must_use]
    pub fn is_expected(self) -> bool {
        (200..400).contains(&self.0)
    }

    /// k6's error code: 1000 + status from 400 on, 0 for none.
    #[must_use]
    pub fn error_code(self) -> u16 {
        match self.0 {
            0..400 => 0,
            400..1000 => 1000 + self.0,
            code => code,
        }
    }
}

/// All requests that have the same tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// Who sent them.
    pub origin: SampleSource,
    /// From which place of a journey.
    pub site: SiteId,
    /// How they ended.
    pub code: ResponseCode,
    /// Whether that is expected, so that it does not count as failed; `None` if nobody asks.
    pub expected: Option<bool>,
}
