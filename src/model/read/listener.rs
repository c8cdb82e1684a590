//! The section `[listeners]`.

use super::dist::DISTRIBUTION;
use super::station::idle;
use super::{Build, network};
use crate::field::Field;
use crate::listener::Listener;
use crate::network::Network;
use crate::preset::Presets;
use crate::section::Section;
use crate::vocabulary::tables;

tables! {
    /// Where connections are accepted: a queue that drops SYNs when it is full. A model has at most one.
    // The defaults are those of Linux since 6.5, of Go's dialer as k6 sets it up, and of HZ=250.
    pub(super) static LISTENER = "listeners.NAME" {
        /// How many connections may wait to be accepted.
        backlog: Whole(0, 1_000_000), required("backlog = 100, or preset = \"linux-6.5/accept-queue\"");
        /// How many connections the program has open at once.
        connections: Whole(1, u32::MAX as u64 - 1), otherwise("no limit");
        /// How many SYNs are retransmitted after the same interval, before that interval doubles.
        syn_linear: Whole(0, 100), or_whole(4);
        /// Ticks a second of the kernel's timers.
        timer_hz: Whole(1, 1_000_000), or_whole(250);
        /// Whether a connection serves more than one request; `false`: the answer closes it.
        persistent_connections: Flag, or_flag(true);
        /// When the program starts to accept.
        accepts_from: Time, or_text("0s");
        /// When a lost SYN is retransmitted.
        syn_retry: TimeAboveZero, or_text("1s");
        /// When the client gives up connecting.
        dial_timeout: TimeAboveZero, or_text("30s");
        /// When data of a half-open connection are retransmitted.
        ack_retry: TimeAboveZero, or_text("204ms");
        /// How long the program needs to accept a connection; it accepts one after the other.
        accept_time: Type(&DISTRIBUTION), otherwise("no time");
        /// How many processors the clients run on, each with timers of its own.
        timer_cores: Whole(1, 1024), or_whole(1);
        /// How much later than the tick the timers of all processors but one fire, drawn for each tick.
        timer_skew: Type(&DISTRIBUTION), otherwise("no time");
        /// A real component, whose measured values are the defaults of the other keys.
        preset: Choice(&Presets("listeners"));
        // `keep_alive` of a pool is a time; of a listener it was what RFC 9112 calls persistent connections.
    } rules [Renamed("keep_alive", "persistent_connections")];
}

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
        persistent: section.flag_or_default("persistent_connections"),
        accepts_from: section.time_or_default("accepts_from"),
        syn_retry: section.time_or_default("syn_retry"),
        syn_linear: section.integer_or_default("syn_linear"),
        dial_timeout: section.time_or_default("dial_timeout"),
        ack_retry: section.time_or_default("ack_retry"),
        timer_hz: section.integer_or_default("timer_hz"),
        accept_time: accept_time.filter(|id| build.takes_time(*id)),
        timer_cores,
        timer_skew: timer_skew.filter(|_| timer_cores > 1),
    })
}
