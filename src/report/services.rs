//! What a run reports of services: each as one line, its replicas below.

use crate::model::Model;
use crate::model::service::Service;
use crate::parts::replicas::{ReplicaProbe, ServiceProbe};
use crate::report::resources::{aligned, amount, percent};
use crate::world::outcome::Outcome;

/// Replicas of a service that have a line of their own.
const SHOWN: usize = 16;

/// The table of services; nothing for a model without them.
#[must_use]
pub fn table(outcome: &Outcome, model: &Model) -> String {
    if model.services.is_empty() {
        return String::new();
    }
    let head = [
        "service", "balancer", "requests", "share", "there", "max", "failed",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    for (spec, probe) in model.services.iter().zip(&outcome.services) {
        let all = total(probe);
        rows.push([
            format!("{}, {}", spec.name, how_many(spec)),
            spec.balancer.name(),
            all.to_string(),
            String::new(),
            amount(
                probe
                    .replicas
                    .iter()
                    .map(|r| r.present.mean(outcome.end_time()))
                    .sum(),
            ),
            String::new(),
            failed(probe).to_string(),
        ]);
        // Of those that might have come, those that did.
        let ever = probe.replicas.iter().rposition(|r| r.there.max() > 0);
        let ever = &probe.replicas[..ever.map_or(0, |last| last + 1)];
        for (number, replica) in (1..).zip(ever).take(SHOWN) {
            rows.push([
                format!("  {}[{number}]", spec.name),
                unlike(spec, number - 1),
                replica.picked.to_string(),
                percent(replica.picked as f64 / all.max(1) as f64),
                amount(replica.present.mean(outcome.end_time())),
                replica.present.max().to_string(),
                replica.failed.to_string(),
            ]);
        }
        if ever.len() > SHOWN {
            rows.push(others(&ever[SHOWN..], outcome, all));
        }
    }
    let happened: String = model
        .services
        .iter()
        .zip(&outcome.services)
        .filter_map(|(spec, probe)| happened(spec, probe, outcome))
        .collect();
    format!(
        "\n  Services and their replicas:\n\n{}\n  share: of the service's requests; there: mean number on which \
         it worked, those included that nobody waits for\n{happened}",
        aligned(&rows)
    )
}

/// What happened to a service's replicas, if anything did.
fn happened(spec: &Service, probe: &ServiceProbe, outcome: &Outcome) -> Option<String> {
    let mut parts = Vec::new();
    if probe.lost > 0 {
        let there = probe.up.mean(outcome.end_time());
        parts.push(format!(
            "a replica went {} times, {} were there on average",
            probe.lost,
            amount(there)
        ));
    }
    if spec.autoscale.is_some() {
        parts.push(format!(
            "{} replicas were added and {} dismissed; {} were there on average, {} at most, and {} were paid for",
            probe.grown,
            probe.shrunk,
            amount(probe.up.mean(outcome.end_time())),
            probe.up.max(),
            amount(probe.paid.mean(outcome.end_time())),
        ));
    }
    if probe.ejected > 0 {
        parts.push(format!("{} ejections", probe.ejected));
    }
    if probe.unserved > 0 {
        parts.push(format!("{} requests found no replica", probe.unserved));
    }
    (!parts.is_empty()).then(|| format!("  {}: {}\n", spec.name, parts.join("; ")))
}

/// `4 replicas`, or between which numbers an autoscaler may choose.
fn how_many(spec: &Service) -> String {
    match &spec.autoscale {
        Some(scale) if scale.rule.is_some() => {
            format!("{} to {} replicas", scale.min, spec.most)
        }
        Some(_) => format!("replicas by a schedule, {} at first", spec.replicas),
        None => format!("{} replicas", spec.replicas),
    }
}

/// All other replicas in one line.
fn others(replicas: &[ReplicaProbe], outcome: &Outcome, all: u64) -> [String; 7] {
    let picked: u64 = replicas.iter().map(|r| r.picked).sum();
    [
        format!("  {} more", replicas.len()),
        String::new(),
        picked.to_string(),
        percent(picked as f64 / all.max(1) as f64),
        amount(
            replicas
                .iter()
                .map(|r| r.present.mean(outcome.end_time()))
                .sum(),
        ),
        replicas
            .iter()
            .map(|r| r.present.max())
            .max()
            .unwrap_or(0)
            .to_string(),
        replicas.iter().map(|r| r.failed).sum::<u64>().to_string(),
    ]
}

/// Requests of a service, those included for which there was no replica.
fn total(probe: &ServiceProbe) -> u64 {
    probe.replicas.iter().map(|r| r.picked).sum::<u64>() + probe.unserved
}

fn failed(probe: &ServiceProbe) -> u64 {
    probe.replicas.iter().map(|r| r.failed).sum::<u64>() + probe.unserved
}

/// In what a replica differs from others.
fn unlike(spec: &Service, at: usize) -> String {
    let mut parts = Vec::new();
    if spec.weights[at] != 1.0 {
        parts.push(format!("weight {}", spec.weights[at]));
    }
    if spec.speeds[at] != 1.0 {
        parts.push(format!("speed {}", spec.speeds[at]));
    }
    parts.join(", ")
}
