//! Which heading a metric comes under, and which metrics a mode hides.

use crate::report::options::Mode;

/// A heading of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Metrics that the script itself defines.
    Custom,
    /// Of HTTP requests.
    Http,
    /// Of iterations and virtual users.
    Execution,
    /// Of bytes sent and received.
    Network,
    /// Of the browser module.
    Browser,
    /// Of pages in the browser module.
    WebVitals,
    /// Of gRPC calls.
    Grpc,
    /// Of WebSocket sessions.
    WebSocket,
}

impl Class {
    /// The order of the headings.
    pub(super) const IN_ORDER: [Class; 8] = [
        Class::Custom,
        Class::Http,
        Class::Execution,
        Class::Network,
        Class::Browser,
        Class::WebVitals,
        Class::Grpc,
        Class::WebSocket,
    ];

    /// The heading.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Class::Custom => "CUSTOM",
            Class::Http => "HTTP",
            Class::Execution => "EXECUTION",
            Class::Network => "NETWORK",
            Class::Browser => "BROWSER",
            Class::WebVitals => "WEBVITALS",
            Class::Grpc => "GRPC",
            Class::WebSocket => "WEBSOCKET",
        }
    }
}

/// Metrics that no mode lists; the checks have lines of their own.
const NEVER_LISTED: [&str; 2] = ["checks", "group_duration"];

/// The parts of a request's time, which the compact mode leaves out.
const REQUEST_PARTS: [&str; 6] = [
    "http_req_blocked",
    "http_req_connecting",
    "http_req_receiving",
    "http_req_sending",
    "http_req_tls_handshaking",
    "http_req_waiting",
];

/// The beginnings of k6's own names. As in k6 the beginning decides: a custom metric that starts
/// like a built-in one is taken for it. The first match counts.
const BUILT_IN: [(Class, &[&str]); 7] = [
    (
        Class::Http,
        &["http_reqs", "http_req_duration", "http_req_failed"],
    ),
    (Class::Http, &REQUEST_PARTS),
    (
        Class::Execution,
        &[
            "vus",
            "iterations",
            "iteration_duration",
            "dropped_iterations",
        ],
    ),
    (Class::Network, &["data_sent", "data_received"]),
    (Class::WebVitals, &["browser_web_vital_"]),
    (Class::Browser, &["browser_"]),
    (Class::Grpc, &["grpc_req_duration", "grpc_streams"]),
];

/// As `BUILT_IN`, of the WebSocket module.
const WEB_SOCKET: [&str; 6] = [
    "ws_connecting",
    "ws_msgs_received",
    "ws_msgs_sent",
    "ws_ping",
    "ws_session_duration",
    "ws_sessions",
];

/// The class of a metric or sub-metric.
pub(super) fn of(name: &str) -> Class {
    if begins_with_any(name, &WEB_SOCKET) {
        return Class::WebSocket;
    }
    let known = BUILT_IN
        .iter()
        .find(|(_, beginnings)| begins_with_any(name, beginnings));
    known.map_or(Class::Custom, |&(class, _)| class)
}

/// Whether the mode lists this metric.
pub(super) fn is_shown(name: &str, mode: Mode) -> bool {
    let hidden = begins_with_any(name, &NEVER_LISTED)
        || (mode != Mode::Full && begins_with_any(name, &REQUEST_PARTS));
    !hidden
}

fn begins_with_any(name: &str, beginnings: &[&str]) -> bool {
    beginnings
        .iter()
        .any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_the_name_decides() {
        assert_eq!(of("http_reqs_total"), Class::Http);
        assert_eq!(of("http_req2"), Class::Custom);
        assert_eq!(of("vus_x"), Class::Execution);
        assert_eq!(of("browser_web_vital_lcp"), Class::WebVitals);
        assert_eq!(of("http_req_duration{name:a}"), Class::Http);
    }

    #[test]
    fn compact_leaves_out_the_parts_of_a_request() {
        assert!(is_shown("http_req_waiting", Mode::Full));
        assert!(!is_shown("http_req_waiting", Mode::Compact));
        assert!(!is_shown("checks_x", Mode::Full));
        assert!(!is_shown("group_duration", Mode::Full));
    }
}
