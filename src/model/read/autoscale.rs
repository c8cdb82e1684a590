//! Autoscaling of services.

use super::Build;
use super::dist::DISTRIBUTION;
use super::service_tables::MAX_REPLICAS;
use super::station::idle;
use crate::autoscale::{Autoscale, Metric, Pace, Policy, Rule as ScaleRule, Step, WarmUp};
use crate::engine::Span;
use crate::field::Field;
use crate::section::Section;
use crate::service::Service;
use crate::vocabulary::{Choice, Key, Kind, Rule, Table};

/// `[services.NAME.autoscale]`
pub(super) static AUTOSCALE: Table = Table {
    name: "services.NAME.autoscale",
    about: "How the number of replicas follows the load, with all its lag, or a schedule. With `target` it is the Horizontal Pod Autoscaler of Kubernetes.",
    keys: &[
        Key::new(
            "metric",
            Kind::Choice(&METRICS),
            "What is measured of each replica: the share of servers at work at `station`, requests on which it works, requests that wait for its stations and pools, requests a second that it is given, the share of the tokens of `pool` in use, or, of all together, a percentile of the seconds that requests took.",
        )
        .or_text("cpu"),
        Key::new(
            "station",
            Kind::Name("station"),
            "With `cpu`: whose servers.",
        )
        .otherwise("the first of the service"),
        Key::new("pool", Kind::Name("pool"), "With `tokens`: whose tokens.")
            .otherwise("the first of the service"),
        Key::new(
            "percentile",
            Kind::Number(1.0, 99.99),
            "With `duration`: which.",
        )
        .or_number(95.0),
        Key::new(
            "whole_percent",
            Kind::Flag,
            "With `target` and a share: the mean is cut to whole per cent, as Kubernetes does with the CPU.",
        )
        .or_flag(false),
        Key::new(
            "initialisation",
            Kind::Time,
            "With `target`: a replica that began to boot less than so long ago counts as not ready until a whole window of it was measured; 5m with Kubernetes and the CPU.",
        )
        .or_text("0s"),
        Key::new(
            "target",
            Kind::Number(1e-6, 1e9),
            "What the mean of the metric should be: 0.6 for 60 % of the servers.",
        ),
        Key::new(
            "tolerance",
            Kind::Number(0.0, 1.0),
            "With `target`: a ratio of metric to target that is this near to 1 changes nothing.",
        )
        .or_number(0.1),
        Key::new(
            "steps",
            Kind::Some(&Kind::Table(&STEP)),
            "How many more or fewer beyond some values; of those passed, the furthest counts.",
        ),
        Key::new("min", Kind::Whole(1, MAX_REPLICAS), "Fewest replicas.").or_whole(1),
        Key::new(
            "max",
            Kind::Whole(1, MAX_REPLICAS),
            "Most replicas; needed with `target` and `steps`.",
        ),
        Key::new(
            "every",
            Kind::TimeAboveZero,
            "From one decision to the next.",
        )
        .or_text("15s"),
        Key::new(
            "window",
            Kind::TimeAboveZero,
            "The metric is a mean over so long, and known at its end.",
        )
        .or_text("15s"),
        Key::new(
            "cool_down",
            Kind::Time,
            "After a change of the number there is none for so long; the schedule does not wait for it.",
        )
        .or_text("0s"),
        Key::new(
            "up",
            Kind::Table(&UP),
            "With `target`: how fast the number may grow.",
        ),
        Key::new(
            "down",
            Kind::Table(&DOWN),
            "With `target`: how fast it may shrink.",
        ),
        Key::new(
            "boot",
            Kind::Type(&DISTRIBUTION),
            "From the decision until a new replica may get requests.",
        )
        .required("boot = \"45s\""),
        Key::new(
            "warm_up",
            Kind::Table(&WARM_UP),
            "How a new replica works at first.",
        )
        .otherwise("as later"),
        Key::new(
            "schedule",
            Kind::Some(&Kind::Table(&PLANNED)),
            "Smallest number of replicas from these times on; without `target` and `steps`, the exact number.",
        ),
    ],
    rules: &[Rule::AnyOf(&["target", "steps", "schedule"])],
};

#[derive(Clone, Copy, PartialEq)]
enum Measured {
    Cpu,
    InFlight,
    Queue,
    Requests,
    Tokens,
    Duration,
}

static METRICS: Choice<Measured> = Choice {
    one: "metric",
    many: "metrics",
    pairs: &[
        ("cpu", Measured::Cpu),
        ("in-flight", Measured::InFlight),
        ("queue", Measured::Queue),
        ("requests", Measured::Requests),
        ("tokens", Measured::Tokens),
        ("duration", Measured::Duration),
    ],
};

static STEP: Table = Table {
    name: "services.NAME.autoscale.steps[]",
    about: "Adds replicas above a value of the metric, or removes some below one.",
    keys: &[
        Key::new("above", Kind::Number(0.0, 1e9), "It counts above this."),
        Key::new("below", Kind::Number(0.0, 1e9), "It counts below this."),
        Key::new(
            "add",
            Kind::Whole(1, MAX_REPLICAS),
            "With `above`: how many more.",
        ),
        Key::new(
            "remove",
            Kind::Whole(1, MAX_REPLICAS),
            "With `below`: how many fewer.",
        ),
    ],
    rules: &[Rule::OneOf(&[&["above", "add"], &["below", "remove"]])],
};

static UP: Table = Table {
    name: "services.NAME.autoscale.up",
    about: "How fast the number of replicas may grow: by what allows more of `replicas` and `share`.",
    keys: &[
        Key::new(
            "stabilise",
            Kind::Time,
            "Of what was wanted in so long, the least is done.",
        )
        .or_text("0s"),
        REPLICAS.otherwise("4, if `share` is not given either"),
        SHARE.otherwise("1, if `replicas` is not given either"),
        PERIOD,
    ],
    rules: &[],
};

static DOWN: Table = Table {
    name: "services.NAME.autoscale.down",
    about: "How fast it may shrink, likewise.",
    keys: &[
        Key::new(
            "stabilise",
            Kind::Time,
            "Of what was wanted in so long, the most is done.",
        )
        .or_text("300s"),
        REPLICAS.otherwise("none"),
        SHARE.otherwise("1, if `replicas` is not given either"),
        PERIOD,
    ],
    rules: &[],
};

const REPLICAS: Key = Key::new(
    "replicas",
    Kind::Whole(1, MAX_REPLICAS),
    "Replicas in a period.",
);
const SHARE: Key = Key::new(
    "share",
    Kind::Number(1e-6, 1e4),
    "This share of those at the beginning of the period: 1 doubles them.",
);
const PERIOD: Key = Key::new("per", Kind::TimeAboveZero, "The period.").or_text("15s");

static WARM_UP: Table = Table {
    name: "services.NAME.autoscale.warm_up",
    about: "A new replica's stations work at a share of their speed at first.",
    keys: &[
        Key::new("lasts", Kind::Type(&DISTRIBUTION), "For so long.").required("lasts = \"60s\""),
        Key::new("speed", Kind::Number(1e-6, 1.0), "The share.").required("speed = 0.5"),
    ],
    rules: &[],
};

static PLANNED: Table = Table {
    name: "services.NAME.autoscale.schedule[]",
    about: "A number of replicas from a time on.",
    keys: &[
        Key::new("at", Kind::Time, "Time of the run.").required("at = \"10m\""),
        Key::new("replicas", Kind::Whole(1, MAX_REPLICAS), "How many.").required("replicas = 12"),
    ],
    rules: &[],
};

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
    let time = |key, default| section.time(key).unwrap_or(Span::secs(default));
    Some(Autoscale {
        rule,
        min,
        max,
        every: time("every", 15),
        window: time("window", 15),
        cool_down: time("cool_down", 0),
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
    let whole_percent = section.flag("whole_percent").unwrap_or(false);
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
        initialisation: section.time("initialisation").unwrap_or(Span::ZERO),
    })
}

fn metric<'a>(build: &Build<'a>, section: &Section<'a>, service: &Service) -> Option<Metric> {
    let measured = section.choice("metric", &METRICS);
    let measured = measured.unwrap_or(Measured::Cpu);
    if measured != Measured::Tokens {
        idle(section, "pool", "it goes with metric = \"tokens\"");
    }
    if measured != Measured::Duration {
        idle(section, "percentile", "it goes with metric = \"duration\"");
    }
    if measured != Measured::Cpu {
        idle(section, "station", "it goes with metric = \"cpu\"");
        return Some(match measured {
            Measured::Queue => Metric::Queue,
            Measured::Requests => Metric::Requests,
            Measured::Duration => Metric::Duration(section.real_or_default("percentile")),
            Measured::Tokens => return tokens(build, section, service),
            _ => Metric::InFlight,
        });
    }
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
    pace.stabilise = section.time("stabilise").unwrap_or(pace.stabilise);
    pace.per = section.time("per").unwrap_or(pace.per);
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
