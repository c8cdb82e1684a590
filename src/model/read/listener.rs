//! The section `[listeners]`.

use super::dist::DISTRIBUTION;
use super::station::idle;
use super::{Build, network};
use crate::engine::Span;
use crate::field::Field;
use crate::listener::Listener;
use crate::network::Network;
use crate::preset::Presets;
use crate::section::Section;
use crate::vocabulary::{Key, Kind, Rule, Table};

/// `[listeners.NAME]`; the defaults are those of Linux since 6.5, of Go's dialer as k6 sets it up, and of HZ=250.
pub(super) static LISTENER: Table = Table {
    name: "listeners.NAME",
    about: "Where connections are accepted: a queue that loses SYNs when it is full. A model has one at most.",
    keys: &[
        Key::new(
            "backlog",
            Kind::Whole(0, 1_000_000),
            "How many connections may wait to be accepted.",
        )
        .required("backlog = 100, or preset = \"linux-6.5/accept-queue\""),
        Key::new(
            "connections",
            Kind::Whole(1, u32::MAX as u64 - 1),
            "How many connections the program has open at once.",
        )
        .otherwise("no limit"),
        Key::new(
            "syn_linear",
            Kind::Whole(0, 100),
            "How many SYNs are sent again after the same time each, before that time doubles.",
        )
        .or_whole(4),
        Key::new(
            "timer_hz",
            Kind::Whole(1, 1_000_000),
            "Ticks a second of the kernel's timers.",
        )
        .or_whole(250),
        Key::new(
            "persistent_connections",
            Kind::Flag,
            "Whether a connection serves more than one request; `false`: the answer closes it.",
        )
        .or_flag(true),
        Key::new(
            "accepts_from",
            Kind::Time,
            "When the program begins to accept.",
        )
        .or_text("0s"),
        Key::new(
            "syn_retry",
            Kind::TimeAboveZero,
            "When a lost SYN is sent again.",
        )
        .or_text("1s"),
        Key::new(
            "dial_timeout",
            Kind::TimeAboveZero,
            "When the client gives up to connect.",
        )
        .or_text("30s"),
        Key::new(
            "ack_retry",
            Kind::TimeAboveZero,
            "When data of a half-open connection are sent again.",
        )
        .or_text("204ms"),
        Key::new(
            "accept_time",
            Kind::Type(&DISTRIBUTION),
            "How long the program needs for each connection until it has accepted it, one after the other.",
        )
        .otherwise("no time"),
        Key::new(
            "timer_cores",
            Kind::Whole(1, 1024),
            "How many processors the clients run on, each with timers of its own.",
        )
        .or_whole(1),
        Key::new(
            "timer_skew",
            Kind::Type(&DISTRIBUTION),
            "How much later than the tick the timers of each processor but one go off, drawn for each tick.",
        )
        .otherwise("no time"),
        Key::new(
            "preset",
            Kind::Choice(&Presets("listeners")),
            "A real component, whose measured keys hold where none are given.",
        ),
    ],
    // `keep_alive` of a pool is a time; of a listener it was what RFC 9112 calls persistent connections.
    rules: &[Rule::Renamed("keep_alive", "persistent_connections")],
};

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

/// Reads `[listeners.NAME]`: none, or one, because a VU has one connection.
fn read<'a>(build: &mut Build<'a>, field: &Field<'a>) -> Option<Listener> {
    let named = field.named();
    if let Some((_, second)) = named.get(1) {
        let message = "a second listener: a VU has one connection, and so the model one listener";
        build.notes.error(second.at, message, "remove one of them");
    }
    let (name, field) = named.first()?;
    let section = field.section()?;
    let span = |key: &'static str, default: Span| section.time(key).unwrap_or(default);
    let _ = section.text("preset");
    let timer_cores = section.integer_or_default("timer_cores");
    if timer_cores == 1 {
        idle(
            &section,
            "timer_skew",
            "one processor has no skew: write `timer_cores = 2`, or more",
        );
    }
    let mut drawn = |key| section.optional(key).map(|f| build.dist(&f));
    let (accept_time, timer_skew) = (drawn("accept_time"), drawn("timer_skew"));
    Some(Listener {
        name: (*name).to_string(),
        backlog: section.integer("backlog").unwrap_or(0),
        connections: section.integer("connections").unwrap_or(u32::MAX),
        persistent: section.flag("persistent_connections").unwrap_or(true),
        accepts_from: section.time("accepts_from").unwrap_or_default(),
        syn_retry: span("syn_retry", Span::secs(1)),
        syn_linear: section.integer_or_default("syn_linear"),
        dial_timeout: span("dial_timeout", Span::secs(30)),
        ack_retry: span("ack_retry", Span::from_ns(204e6)),
        timer_hz: section.integer_or_default("timer_hz"),
        accept_time: accept_time.filter(|id| build.takes_time(*id)),
        timer_cores,
        timer_skew: timer_skew.filter(|_| timer_cores > 1),
    })
}
