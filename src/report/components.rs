//! What queues in front of the system, limits and caches did, a line each.

use crate::model::Model;
use crate::model::cache::Cache;
use crate::model::link::Link;
use crate::model::rate_limit::RateLimit;
use crate::model::system::Pool;
use crate::parts::cache::CacheProbe;
use crate::parts::pool::PoolProbe;
use crate::parts::rate_limit::LimiterProbe;
use crate::report::answers::seconds;
use crate::report::resources::percent;
use crate::world::links::LinkProbe;
use crate::world::outcome::Outcome;

/// One line for each component that did something worth telling.
#[must_use]
pub fn lines(outcome: &Outcome, model: &Model) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(listener(outcome, model));
    lines.extend(rate_limits(outcome, model));
    lines.extend(links(outcome, model));
    lines.extend(stations(outcome, model));
    lines.extend(reserves(outcome, model));
    lines.extend(barging(outcome, model));
    lines.extend(caches(outcome, model));
    lines
}

fn links(outcome: &Outcome, model: &Model) -> Vec<String> {
    let used = model.links.iter().zip(&outcome.links);
    let used = used.filter(|(_, probe)| probe.messages > 0);
    let line = |(spec, probe): (&Link, &LinkProbe)| {
        let each = |ns: u128| seconds(ns as f64 / 1e9 / probe.messages as f64);
        let mut line = format!(
            "link {}: {} messages, on their way for {} on average",
            spec.name,
            probe.messages,
            each(probe.takes)
        );
        if probe.lost > 0 {
            let what = if spec.segment.is_some() {
                "segments were"
            } else {
                "times one was"
            };
            line += &format!(
                ", {} of that because {} {what} lost and sent again",
                each(probe.waited),
                probe.lost
            );
        }
        line
    };
    used.map(line).collect()
}

/// Services that were interrupted, and requests that went away at the sight of a line.
fn stations(outcome: &Outcome, model: &Model) -> Vec<String> {
    let mut lines = Vec::new();
    for (spec, probe) in model.stations.iter().zip(&outcome.stations) {
        let (name, begun) = (&spec.name, probe.completed);
        if probe.interrupted > 0 {
            let times = probe.interrupted;
            let line = format!(
                "station {name}: services were interrupted {times} times for a higher class; {begun} were completed"
            );
            lines.push(line);
        }
        if probe.setups > 0 {
            lines.push(format!(
                "station {name}: {} of {begun} services were longer by a setup, for nobody was served before",
                probe.setups
            ));
        }
        if probe.balked > 0 {
            let (balked, came) = (probe.balked, probe.arrived);
            lines.push(format!(
                "station {name}: {balked} of {came} requests went away at the sight of the line"
            ));
        }
    }
    lines
}

/// What came of handing nothing over.
fn barging(outcome: &Outcome, model: &Model) -> Vec<String> {
    let pools = model.pools.iter().zip(&outcome.pools);
    let line = |(spec, probe): (&Pool, &PoolProbe)| {
        if probe.in_vain == 0 && probe.closed == 0 {
            return None;
        }
        let mut line = format!(
            "pool {}: {} times somebody was woken and found that another had come first; {} tokens were given",
            spec.name, probe.in_vain, probe.granted
        );
        if probe.closed > 0 {
            line += &format!(
                "; of the overflow {} tokens were closed while others waited, and {} opened by who came",
                probe.closed, probe.opened
            );
        }
        Some(line)
    };
    pools.filter_map(line).collect()
}

fn rate_limits(outcome: &Outcome, model: &Model) -> Vec<String> {
    let limits = model.rate_limits.iter().zip(&outcome.rate_limits);
    let line = |(spec, probe): (&RateLimit, &LimiterProbe)| {
        let waited = probe.queue.area(outcome.end_time()) as f64 / 1e9;
        let each = waited / probe.delayed.max(1) as f64;
        format!(
            "rate limit {}: of {} requests {} passed, {} of them after a wait of {} on average, and {} were refused",
            spec.name,
            probe.came,
            probe.passed,
            probe.delayed,
            seconds(each),
            probe.refused
        )
    };
    limits.map(line).collect()
}

fn caches(outcome: &Outcome, model: &Model) -> Vec<String> {
    let line = |(spec, probe): (&Cache, &CacheProbe)| {
        let mut line = format!(
            "cache {}: of {} requests {} were hits, {} after another's fetch; {} fetched what they wanted",
            spec.name,
            probe.asked,
            percent(probe.hit_ratio()),
            probe.shared,
            probe.fetches
        );
        let also = [
            (probe.passed, "went for what was not to be stored"),
            (probe.stale, "hits were stale"),
            (probe.left, "went away while they waited"),
            (probe.evicted, "objects had to go for others"),
            (probe.invalidated, "objects were made invalid by writes"),
        ];
        for (count, what) in also.iter().filter(|(count, _)| *count > 0) {
            line += &format!(", {count} {what}");
        }
        if probe.cleared > 0 {
            line += &format!("; it was emptied {} times", probe.cleared);
        }
        line
    };
    model.caches.iter().zip(&outcome.caches).map(line).collect()
}

fn reserves(outcome: &Outcome, model: &Model) -> Vec<String> {
    let pools = model.pools.iter().zip(&outcome.pools);
    let line = |(spec, probe): (&Pool, &PoolProbe)| {
        let (tokens, after) = spec.waiting.reserve?;
        Some(format!(
            "pool {}: {} of {tokens} tokens of the reserve were opened, which comes after a wait of {}",
            spec.name,
            probe.opened,
            seconds(after.as_secs())
        ))
    };
    pools.filter_map(line).collect()
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
