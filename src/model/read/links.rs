//! The section `[links]`: the network between services.

use super::Build;
use super::dist::DISTRIBUTION;
use super::network::{BYTES_PER_SECOND, REQUEST_BYTES, RESPONSE_BYTES};
use super::station::idle;
use crate::field::Field;
use crate::link::Link;
use crate::vocabulary::tables;

tables! {
    /// The network that calls from one service to another and their answers pass through. Without it, messages take no
    /// time.
    pub(super) static LINK = "links.NAME" {
        /// The service whose endpoints call.
        from: Name("service"), otherwise("whoever calls `to` from outside of it");
        /// The service whose endpoints are called.
        to: Name("service"), required("to = \"payments\"");
        /// The one-way delay.
        latency: Type(&DISTRIBUTION);
        /// Bytes a second, each way, for each call.
        bandwidth: BYTES_PER_SECOND;
        ..REQUEST_BYTES.or_whole(200);
        ..RESPONSE_BYTES.or_whole(200);
        /// The probability that a call or an answer is lost each time it is sent.
        loss: Number(0.0, 1.0), or_number(0.0);
        /// With `loss`: the time after which a message is retransmitted; it doubles each time.
        retransmission: TimeAboveZero, or_text("200ms");
        /// With `loss`: the number of bytes that are lost together, 1460 for TCP over Ethernet. A segment that is
        /// followed by three others of its message is retransmitted after a round trip.
        segment: Whole(1, 1 << 30), otherwise("the whole message");
    };
}

/// Each segment of a message is looked at if many are lost.
const MOST_SEGMENTS: u64 = 1_000_000;

/// Reads all links, in the order of the text.
pub(super) fn read_all<'a>(build: &mut Build<'a>, named: &[(&str, Field<'a>)]) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for (name, field) in named {
        let Some(link) = read(build, name, field) else {
            continue;
        };
        let same = |other: &&Link| (other.from, other.to) == (link.from, link.to);
        if let Some(other) = links.iter().find(same) {
            let message = format!("`{}` is a link between the same services", other.name);
            field.error(message, "remove one of them");
        }
        links.push(link);
    }
    links
}

fn read<'a>(build: &mut Build<'a>, name: &str, field: &Field<'a>) -> Option<Link> {
    let section = field.section()?;
    let from = section.optional("from").map(|f| build.replicated.find(&f));
    let to = section.optional("to");
    let to = to.and_then(|f| build.replicated.find(&f));
    let latency = section.optional("latency").map(|f| build.dist(&f));
    let loss = section.real_or_default("loss");
    if loss == 0.0 {
        idle(&section, "retransmission", "nothing is lost");
        idle(&section, "segment", "nothing is lost");
    }
    let bandwidth = section.real("bandwidth");
    let segment = section.integer("segment");
    if bandwidth.is_none() && segment.is_none() {
        for key in ["request_bytes", "response_bytes"] {
            idle(&section, key, "there is no `bandwidth` and no `segment`");
        }
    }
    let request_bytes: u64 = section.integer_or_default("request_bytes");
    let response_bytes: u64 = section.integer_or_default("response_bytes");
    if segment.is_some_and(|size: u64| request_bytes.max(response_bytes) / size > MOST_SEGMENTS) {
        let message = format!("a message has more than {MOST_SEGMENTS} segments");
        section.error(message, "write a larger `segment`, or leave it out");
    }
    Some(Link {
        name: name.to_string(),
        from: match from {
            Some(found) => Some(found?),
            None => None,
        },
        to: to?,
        latency,
        bandwidth,
        request_bytes,
        response_bytes,
        loss,
        retransmission: section.time_or_default("retransmission"),
        segment,
    })
}
