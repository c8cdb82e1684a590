//! The section `[listeners]`.

use super::{Build, network};
use crate::engine::Span;
use crate::model::field::Field;
use crate::model::listener::Listener;
use crate::model::network::Network;
use crate::model::section::Section;

/// Reads the sections `[network]` and `[listeners]`. Where there is a listener and no network, a connection takes no time
/// but the wait for it.
pub(super) fn with_network<'a>(
    build: &mut Build<'a>,
    root: &Section<'a>,
) -> (Option<Network>, Option<Listener>) {
    let network = root.optional("network");
    let network = network.and_then(|f| network::read(build, &f));
    let listener = root.optional("listeners").and_then(|f| read(build, &f));
    let implied = listener.as_ref().map(|_| Network::default());
    (network.or(implied), listener)
}

/// Reads `[listeners.NAME]`: none, or one, for a VU has one connection.
fn read<'a>(build: &Build<'a>, field: &Field<'a>) -> Option<Listener> {
    let named = field.named();
    if let Some((_, second)) = named.get(1) {
        let message = "a second listener: a VU has one connection, and so the model one listener";
        build.notes.error(second.at, message, "remove one of them");
    }
    let (name, field) = named.first()?;
    let section = field.section()?;
    let span = |key: &'static str, default: Span| {
        let given = section.optional(key).and_then(|f| f.span_above_zero());
        given.unwrap_or(default)
    };
    let backlog = section.required(
        "backlog",
        "backlog = 100, or preset = \"linux-6.5/accept-queue\"",
    );
    let connections = section.optional("connections");
    let linear = section.optional("syn_linear");
    let hz = section.optional("timer_hz");
    Some(Listener {
        name: (*name).to_string(),
        backlog: backlog.and_then(|f| f.whole_u32(0, 1_000_000)).unwrap_or(0),
        connections: connections
            .and_then(|f| f.whole_u32(1, u32::MAX - 1))
            .unwrap_or(u32::MAX),
        keep_alive: section
            .optional("keep_alive")
            .and_then(|f| f.flag())
            .unwrap_or(true),
        accepts_from: section
            .optional("accepts_from")
            .and_then(|f| f.span())
            .unwrap_or_default(),
        // The defaults are those of Linux since 6.5, of Go's dialer as k6 sets it up, and of HZ=250.
        syn_retry: span("syn_retry", Span::secs(1)),
        syn_linear: linear.and_then(|f| f.whole_u32(0, 100)).unwrap_or(4),
        dial_timeout: span("dial_timeout", Span::secs(30)),
        ack_retry: span("ack_retry", Span::from_ns(200e6)),
        timer_hz: hz.and_then(|f| f.whole_u32(1, 1_000_000)).unwrap_or(250),
    })
}
