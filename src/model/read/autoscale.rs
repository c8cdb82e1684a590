//! Autoscaling of services.

use super::Build;
use super::autoscale_tables::{METRICS, Measured, ROOM};
use super::station::idle;
use crate::autoscale::{Autoscale, Metric, Pace, Policy, Rule as ScaleRule, Source, Step, WarmUp};
use crate::engine::Span;
use crate::field::Field;
use crate::section::Section;
use crate::service::Service;

/// Reads how the number of a service's replicas changes.
pub(super) fn read<'a>(
    build: &mut Build<'a>,
    field: &Field<'a>,
    service: &Service,
) -> Option<Autoscale> {
    let section = field.section()?;
    let schedule = section.optional("schedule").map(|f| schedule(&f));
    let schedule = schedule.unwrap_or_default();
    let boot = section.optional("boot").map(|f| build.dist(&f));
    let warm_up = section.optional("warm_up");
    let warm_up = warm_up.and_then(|f| self::warm_up(build, &f));
    let rule = rule(build, &section, service);
    let max: Option<u32> = section.integer("max");
    let min: u32 = section.integer_or_default("min");
    let planned = schedule.iter().map(|(_, n)| *n);
    let planned = planned.fold(service.replicas, u32::max);
    if rule.is_none() {
        if schedule.is_empty() {
            if !section.has("target") && !section.has("steps") {
                let fix = "write target = 0.6 and max = 20, or a schedule";
                section.error("`autoscale` needs `target`, `steps` or `schedule`", fix);
            }
            return None;
        }
        for key in [
            "metric",
            "station",
            "pool",
            "waiting_room",
            "percentile",
            "whole_percent",
            "initialisation",
            "min",
            "max",
            "every",
            "window",
            "cool_down",
        ] {
            let why = "without `target` and `steps` the schedule alone decides";
            idle(&section, key, why);
        }
    } else if max.is_none() {
        section.error("`autoscale` needs `max`", "write max = 20");
    }
    let (min, max) = match rule {
        Some(_) => (min, max.unwrap_or(planned)),
        None => (1, planned),
    };
    if !(min..=max).contains(&service.replicas) {
        let message = format!(
            "there are {} replicas at the start, and at least {min} and at most {max} by `autoscale`",
            service.replicas
        );
        section.error(message, "change `replicas`, `min` or `max`");
    }
    Some(Autoscale {
        rule,
        min,
        max,
        every: section.time_or_default("every"),
        window: section.time_or_default("window"),
        cool_down: section.time_or_default("cool_down"),
        boot: boot?,
        warm_up,
        schedule,
    })
}

fn rule<'a>(build: &Build<'a>, section: &Section<'a>, service: &Service) -> Option<ScaleRule> {
    let target = section.real("target");
    let steps = section.optional("steps");
    let policy = match (target, steps) {
        (Some(_), Some(steps)) => {
            steps.error("`target` and `steps` are two rules", "remove one of them");
            return None;
        }
        (Some(target), None) => Policy::Target {
            target,
            tolerance: section.real_or_default("tolerance"),
            up: pace(section, "up", (0, 4)),
            down: pace(section, "down", (300, 0)),
        },
        (None, Some(steps)) => {
            for key in ["tolerance", "up", "down"] {
                idle(section, key, "it goes with `target`");
            }
            let items = steps.items().unwrap_or_default();
            Policy::Steps(items.iter().filter_map(step).collect())
        }
        (None, None) => return None,
    };
    let metric = metric(build, section, service)?;
    let whole_percent = section.flag_or_default("whole_percent");
    let share = matches!(metric, Metric::Utilisation(_) | Metric::Tokens(_));
    if target.is_none() || !share {
        idle(
            section,
            "whole_percent",
            "it goes with `target` and a share",
        );
    }
    if target.is_none() {
        idle(section, "initialisation", "it goes with `target`");
    }
    Some(ScaleRule {
        metric,
        policy,
        whole_percent: whole_percent && share,
        initialisation: section.time_or_default("initialisation"),
    })
}

fn metric<'a>(build: &Build<'a>, section: &Section<'a>, service: &Service) -> Option<Metric> {
    let measured = section.choice_or_default("metric", &METRICS);
    if !matches!(measured, Measured::Tokens | Measured::External) {
        idle(
            section,
            "pool",
            "it goes with metric = \"tokens\" or \"external\"",
        );
    }
    if !matches!(measured, Measured::Cpu | Measured::External) {
        idle(
            section,
            "station",
            "it goes with metric = \"cpu\" or \"external\"",
        );
    }
    if measured != Measured::Duration {
        idle(section, "percentile", "it goes with metric = \"duration\"");
    }
    if measured != Measured::External {
        idle(
            section,
            "waiting_room",
            "it goes with metric = \"external\"",
        );
    }
    match measured {
        Measured::Cpu => servers(build, section, service),
        Measured::InFlight => Some(Metric::InFlight),
        Measured::Queue => Some(Metric::Queue),
        Measured::Requests => Some(Metric::Requests),
        Measured::Tokens => tokens(build, section, service),
        Measured::Duration => Some(Metric::Duration(section.real_or_default("percentile"))),
        Measured::External => external(build, section).map(Metric::External),
    }
}

/// The share of a station's servers at work.
fn servers<'a>(build: &Build<'a>, section: &Section<'a>, service: &Service) -> Option<Metric> {
    let named = section.optional("station");
    let id = match &named {
        Some(field) => Some(build.stations.find(field)?),
        None => service.stations.first().map(|copies| copies.first),
    };
    let own = |id: u16| service.stations.iter().position(|c| c.first == id);
    let Some(at) = id.and_then(own) else {
        let message = format!(
            "`cpu` is of a station of the service, and that is none of `{}`",
            service.name
        );
        let fix = "name one of its `stations`, or write metric = \"in-flight\"";
        named.map_or_else(|| section.error(&message, fix), |f| f.error(&message, fix));
        return None;
    };
    let (_, servers) = build.services.get(usize::from(id?)).copied()?;
    if servers == u32::MAX {
        let message = "there are no servers to be used up: their number is infinite";
        section.error(message, "write metric = \"in-flight\"");
        return None;
    }
    u16::try_from(at).ok().map(Metric::Utilisation)
}

/// What an external metric counts: exactly one of a station, a pool and the waiting room.
fn external<'a>(build: &Build<'a>, section: &Section<'a>) -> Option<Source> {
    let station = section.optional("station");
    let pool = section.optional("pool");
    let room = section.choice("waiting_room", &ROOM);
    match (station, pool, room) {
        (Some(field), None, None) => {
            let id = build.stations.find(&field)?;
            let servers = build.services.get(usize::from(id)).map(|s| s.1);
            if servers == Some(u32::MAX) {
                let message = "nobody waits for this station: it has a server for each job";
                field.error(message, "name one with a number of `servers`");
            }
            Some(Source::Station(id))
        }
        (None, Some(field), None) => build.pools.find(&field).map(Source::Pool),
        (None, None, Some(source)) => {
            if !build.waiting_room {
                let message = "the model has no waiting room";
                let fix = "add [waiting_room] with admit = { rate = 125 }";
                section.error(message, fix);
            }
            Some(source)
        }
        _ => {
            let message = "`external` counts one thing: who waits for a station or a pool, or users of the waiting room";
            let fix = "write one of station = \"…\", pool = \"…\" and waiting_room = \"in-line\"";
            section.error(message, fix);
            None
        }
    }
}

/// The share of a pool's tokens in use.
fn tokens<'a>(build: &Build<'a>, section: &Section<'a>, service: &Service) -> Option<Metric> {
    let named = section.optional("pool");
    let id = match &named {
        Some(field) => Some(build.pools.find(field)?),
        None => service.pools.first().map(|copies| copies.first),
    };
    let own = |id: u16| service.pools.iter().position(|c| c.first == id);
    let at = id.and_then(own).and_then(|at| u16::try_from(at).ok());
    if at.is_none() {
        let message = format!(
            "`tokens` is of a pool of the service, and that is none of `{}`",
            service.name
        );
        let fix = "name one of its `pools`, or write metric = \"in-flight\"";
        named.map_or_else(|| section.error(&message, fix), |f| f.error(&message, fix));
    }
    at.map(Metric::Tokens)
}

fn step(field: &Field) -> Option<Step> {
    let section = field.section()?;
    let (above, below) = (section.real("above"), section.real("below"));
    let (add, remove) = (section.integer("add"), section.integer("remove"));
    match (above, below, add, remove) {
        (Some(at), None, Some(replicas), None) => Some(Step {
            at,
            above: true,
            replicas,
        }),
        (None, Some(at), None, Some(replicas)) => Some(Step {
            at,
            above: false,
            replicas,
        }),
        _ => {
            let fix = "write { above = 0.7, add = 2 } or { below = 0.3, remove = 1 }";
            section.error("a step adds above a value, or removes below one", fix);
            None
        }
    }
}

/// The pace in one direction, with its seconds and replicas if nothing is said.
fn pace(section: &Section, key: &'static str, (seconds, replicas): (u64, u32)) -> Pace {
    let mut pace = Pace {
        stabilise: Span::secs(seconds),
        replicas,
        share: 1.0,
        per: Span::secs(15),
    };
    let Some(section) = section.optional(key).and_then(|f| f.section()) else {
        return pace;
    };
    let given: (Option<u32>, Option<f64>) = (section.integer("replicas"), section.real("share"));
    if given != (None, None) {
        pace.replicas = given.0.unwrap_or(0);
        pace.share = given.1.unwrap_or(0.0);
    }
    pace.stabilise = section.time_or_default("stabilise");
    pace.per = section.time_or_default("per");
    pace
}

fn warm_up<'a>(build: &mut Build<'a>, field: &Field<'a>) -> Option<WarmUp> {
    let section = field.section()?;
    let lasts = section.optional("lasts").map(|f| build.dist(&f));
    Some(WarmUp {
        speed: section.real("speed")?,
        lasts: lasts?,
    })
}

fn schedule(field: &Field) -> Vec<(Span, u32)> {
    let mut planned: Vec<(Span, u32)> = Vec::new();
    for item in field.items().unwrap_or_default() {
        let Some(section) = item.section() else {
            continue;
        };
        let (at, replicas) = (section.time("at"), section.integer("replicas"));
        let (Some(at), Some(replicas)) = (at, replicas) else {
            continue;
        };
        if planned.last().is_some_and(|(last, _)| *last >= at) {
            item.error("the times of a schedule ascend", "put them in order");
        }
        planned.push((at, replicas));
    }
    planned
}
