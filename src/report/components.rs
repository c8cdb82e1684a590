//! What queues in front of the system, limits and caches did, a line each.

use crate::model::Model;
use crate::report::answers::seconds;
use crate::world::outcome::Outcome;

/// One line for each component that did something worth telling.
#[must_use]
pub fn lines(outcome: &Outcome, model: &Model) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(listener(outcome, model));
    lines
}

fn listener(outcome: &Outcome, model: &Model) -> Option<String> {
    let (spec, probe) = (model.listener.as_ref()?, outcome.listener.as_ref()?);
    let end = outcome.end_time();
    let each = probe.dialling.area(end) as f64 / 1e9 / probe.dialled.max(1) as f64;
    let mut line = format!(
        "listener {}: {} connections, {} of them with more than one SYN; {} SYNs found the queue of {} full; {} \
         connections waited in it at most; a connection took {} on average",
        spec.name,
        probe.connected,
        probe.late,
        probe.lost_syns,
        u64::from(spec.backlog) + 1,
        probe.queue.max(),
        seconds(each),
    );
    if probe.lost_acks > 0 {
        line += &format!(
            "; {} ACKs or data of clients that believed to be connected were lost",
            probe.lost_acks
        );
    }
    if probe.gave_up > 0 {
        line += &format!(
            "; {} clients gave up after {} (status 0, error code 1211)",
            probe.gave_up,
            seconds(spec.dial_timeout.as_secs())
        );
    }
    Some(line)
}
