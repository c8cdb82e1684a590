//! What a station may do beyond its discipline: pre-emption, ageing, adaptive LIFO, controlled delay.

use super::station::idle;
use crate::field::Field;
use crate::queueing::{Codel, Preemption, Queueing};
use crate::section::Section;
use crate::system::{Discipline, Station};
use crate::vocabulary::{Choice, keys, tables};

keys! {
    /// With `priority`: whether a higher class pre-empts the service of a lower one, which is later resumed or
    /// restarted.
    pub(super) static PREEMPTION = preemption: Choice(&PREEMPTIONS), or_text("none");
    /// With `priority`: a request that has waited this long counts as one class higher.
    pub(super) static AGEING = ageing: TimeAboveZero, otherwise("waiting is worth nothing");
    /// With `adaptive-lifo`: last come, first served while more than this number wait.
    pub(super) static LIFO_ABOVE = lifo_above: Whole(0, 1_000_000), or_whole(0);
    /// How long requests may wait while the queue does not become empty; after that they fail with status 503.
    pub(super) static CODEL = codel: Table(&CONTROLLED), otherwise("endless");
}

static PREEMPTIONS: Choice<Preemption> = Choice::possible(&[
    ("none", Preemption::No),
    ("resume", Preemption::Resume),
    ("restart", Preemption::Restart),
]);

tables! {
    /// Controlled delay of a queue of requests (Maurer 2015).
    static CONTROLLED = "stations.NAME.codel" {
        /// Longest wait while the queue has not been empty for `interval`.
        target: TimeAboveZero, or_text("5ms");
        /// Longest wait otherwise.
        interval: TimeAboveZero, or_text("100ms");
    };
}

/// Reads what a station says of its queue.
pub(super) fn read(section: &Section, station: &Station) -> Queueing {
    let preemption = section.choice("preemption", &PREEMPTIONS);
    let queueing = Queueing {
        preemption: preemption.unwrap_or_default(),
        ageing: section.time("ageing"),
        lifo_above: section.integer("lifo_above").unwrap_or(0),
        codel: section.optional("codel").and_then(|f| codel(&f)),
    };
    if station.discipline != Discipline::Priority {
        for key in ["preemption", "ageing"] {
            idle(section, key, "the station's discipline is not \"priority\"");
        }
    }
    if station.discipline != Discipline::AdaptiveLifo {
        let why = "the station's discipline is not \"adaptive-lifo\"";
        idle(section, "lifo_above", why);
    }
    let shared = station.discipline == Discipline::ProcessorSharing;
    if shared || station.servers == u32::MAX {
        idle(section, "codel", "nobody waits here");
    }
    queueing
}

/// The rule of a station or a pool.
pub(super) fn codel(field: &Field) -> Option<Codel> {
    let section = field.section()?;
    let codel = Codel {
        target: section.time_or_default("target"),
        interval: section.time_or_default("interval"),
    };
    if codel.target > codel.interval {
        section.error(
            "`target` is longer than `interval`",
            "the target is the short wait, of a queue that does not get empty",
        );
    }
    Some(codel)
}
