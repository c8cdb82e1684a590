//! What a run cannot show, one line each.

use crate::measure::recorder::{ResponseCode, SampleSource};
use crate::measure::summary::{Summary, Values};
use crate::model::Model;
use crate::model::system::{Entity, Op};
use crate::model::threshold::Aggregation;
use crate::report::answers::seconds;
use crate::study::account::{Account, Kind, Limit};
use crate::study::fit::free::four_digits;
use crate::world::outcome::Outcome;

/// A percentile wants at least this number of samples beyond it.
const MIN_TAIL_SAMPLES: f64 = 10.0;

/// All notes on a run.
#[must_use]
pub fn notes(outcome: &Outcome, model: &Model, summary: &Summary) -> Vec<String> {
    let mut notes = Vec::new();
    waiting_room(outcome, &mut notes);
    collisions(outcome, model, &mut notes);
    thresholds(model, summary, &mut notes);
    load(outcome, model, &mut notes);
    requests(outcome, model, &mut notes);
    retries(outcome, model, &mut notes);
    notes
}

/// Attempts for each request from which on retries are told to have multiplied the load.
const MULTIPLIED: f64 = 1.5;

/// Retries that multiply the load and do not help.
fn retries(outcome: &Outcome, model: &Model, notes: &mut Vec<String>) {
    for (spec, probe) in model.retries.iter().zip(&outcome.retries) {
        let failed = probe.failed() as f64 / probe.requests.max(1) as f64;
        if probe.amplification() >= MULTIPLIED && failed >= 0.2 {
            notes.push(format!(
                "Retries by `{}` made {:.2} requests of each, and {:.0}% failed all the same: they may be what \
                 keeps the overload up. Compare with budget = {{ ratio = 0.1 }}.",
                spec.name,
                probe.amplification(),
                failed * 100.0
            ));
        }
    }
}

fn waiting_room(outcome: &Outcome, notes: &mut Vec<String>) {
    let Some(room) = &outcome.room else { return };
    if room.joined == 0 {
        notes.push("The waiting room was never entered: this test says nothing about it.".into());
    } else if room.waited == 0 && room.waiting.value() == 0 {
        notes.push(format!(
            "The waiting room never engaged: all {} who joined were let through at once.",
            room.joined
        ));
    }
}

fn collisions(outcome: &Outcome, model: &Model, notes: &mut Vec<String>) {
    let keyed = |key: Entity, wanted: fn(&Op, Entity) -> bool| {
        let mut ops = model.endpoints.iter().flat_map(|e| &e.ops);
        ops.any(|op| wanted(op, key))
    };
    let locks: fn(&Op, Entity) -> bool = |op, k| matches!(op, Op::Lock { key, .. } if *key == k);
    let reads: fn(&Op, Entity) -> bool =
        |op, k| matches!(op, Op::CheckVersion(key, _) if *key == k);
    for (key, name) in [
        (Entity::User, "user"),
        (Entity::Token, "token"),
        (Entity::Event, "event"),
        (Entity::Seat, "seat"),
    ] {
        let lock = outcome.locks[key as usize].as_ref();
        if keyed(key, locks)
            && let Some(lock) = lock.filter(|l| l.contended == 0)
        {
            notes.push(format!(
                "No two requests ever met at the lock of one {name} ({} locks taken): the keys are \
                 too uniform to collide, and contention stays untested.",
                lock.granted
            ));
        }
        if keyed(key, reads) && outcome.conflicts[key as usize] == 0 {
            notes.push(format!(
                "No two requests ever wrote to one {name} at once: the keys are too uniform to \
                 collide, and conflicts stay untested."
            ));
        }
    }
    // More claims than seats: a seat was wanted again after its hold had ended.
    if let Some((seats, total)) = &outcome.inventory
        && seats.claimed > 0
        && seats.lost == 0
        && seats.claimed <= *total
    {
        let first = if seats.expired + seats.released == 0 {
            format!(
                "No two users ever wanted the same seat ({} of {total} were claimed)",
                seats.claimed
            )
        } else {
            format!(
                "No claim ever found its seat taken ({} claims of {total} seats)",
                seats.claimed
            )
        };
        notes.push(format!("{first}: collisions stay untested."));
    }
}

fn thresholds(model: &Model, summary: &Summary, notes: &mut Vec<String>) {
    for thresholds in &model.thresholds {
        let shown = thresholds.name.shown();
        let Some(metric) = summary.metrics.iter().find(|m| m.name == shown) else {
            continue;
        };
        match metric.values {
            Values::Rate {
                passes: 0,
                fails: 0,
            } => notes.push(format!(
                "{shown} has no sample: its thresholds pass whatever they say, as in k6."
            )),
            Values::Trend { count, .. } => {
                for threshold in &thresholds.thresholds {
                    let Aggregation::Percentile(p) = threshold.aggregation else {
                        continue;
                    };
                    let beyond = count as f64 * (100.0 - p) / 100.0;
                    if beyond < MIN_TAIL_SAMPLES && p > 50.0 {
                        notes.push(format!(
                            "{shown} has {count} samples, {beyond:.1} of them beyond p({p}): too \
                             few for the threshold {}.",
                            threshold.expression
                        ));
                    }
                }
            }
            _ => {}
        }
    }
}

fn load(outcome: &Outcome, model: &Model, notes: &mut Vec<String>) {
    let record = &outcome.recorder;
    for (index, scenario) in model.scenarios.iter().enumerate() {
        let dropped = record.dropped[SampleSource::scenario(index).0 as usize];
        if dropped == 0 {
            continue;
        }
        let name = &scenario.name;
        notes.push(match scenario.executor.allocation() {
            Some((_, max_vus)) => format!(
                "Scenario {name} dropped {dropped} iterations because all of its VUs (at most \
                 {max_vus}) were busy: the system saw less load than was asked for.{}",
                why_busy(outcome, model, index)
            ),
            None => format!(
                "Scenario {name} ran out of time: {dropped} of its iterations were never begun."
            ),
        });
    }
    if record.interrupted > 0 {
        notes.push(format!(
            "{} iterations were interrupted: they leave no iteration_duration, so that its longest \
             values are missing.",
            record.interrupted
        ));
    }
    if record.vus.is_none() {
        notes.push("The run was shorter than a second: k6 samples no vus then.".into());
    }
}

/// Why the VUs of a scenario with an arrival rate were busy: too few for the rate, or held up.
fn why_busy(outcome: &Outcome, model: &Model, scenario: usize) -> String {
    let account = Account::of(outcome, model);
    let own = |l: &&Limit| l.kind == Kind::Vus(scenario);
    let Some(vus) = account.limits.iter().find(own) else {
        return String::new();
    };
    if vus.best > vus.size.unwrap_or(0.0) {
        return format!(
            " An iteration takes {} if it waits for nothing, so that the rate needs {} VUs at least.",
            seconds(vus.each),
            four_digits(vus.best)
        );
    }
    let choice = account.bottleneck();
    match choice.and_then(|c| c.limits.first().copied()) {
        Some(limit) if limit.kind != vus.kind => format!(" They waited for {}.", limit.name),
        _ => String::new(),
    }
}

fn requests(outcome: &Outcome, model: &Model, notes: &mut Vec<String>) {
    let record = &outcome.recorder;
    let (mut setup, mut refused) = (0_u64, 0_u64);
    for (series, count) in record.series.iter().zip(record.requests_by_series()) {
        if series.origin.as_scenario().is_none() {
            setup += count;
        }
        if series.code == ResponseCode::REFUSED {
            refused += count;
        }
    }
    let all = record.requests();
    if setup > 0 {
        notes.push(format!(
            "{setup} of the {all} requests were made by setup and teardown, and count in every \
             http metric, as in k6."
        ));
    }
    if refused > 0 {
        notes.push(format!(
            "{refused} refused connections count with a duration of zero, as in k6: they make the \
             trends look better."
        ));
    }
    if model.network.is_some() && all > 0 {
        notes.push(
            "The time on the way between clients and system is in no account of where time went."
                .into(),
        );
    }
    if model.network.is_none() && all > 0 {
        notes.push(
            "No network is modelled: http_req_blocked, connecting, tls_handshaking, sending and \
             receiving, data_sent and data_received are zero."
                .into(),
        );
    }
}
