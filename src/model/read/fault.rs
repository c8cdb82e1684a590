//! Faults of replicas, health checks and ejection.

use super::Build;
use super::service_tables::WHOM;
use crate::engine::Span;
use crate::field::Field;
use crate::section::Section;
use crate::service::{Fault, HealthCheck, Outliers, Service, SlowStart, Trouble, Whom};
use crate::system::Trigger;

/// Reads how a balancer learns of its replicas, and what happens to them.
pub(super) fn read<'a>(build: &mut Build<'a>, section: &Section<'a>, service: &mut Service) {
    service.health_check = section
        .optional("health_check")
        .and_then(|f| health_check(&f));
    service.outliers = section.optional("outliers").and_then(|f| outliers(&f));
    service.panic = section.real_or_default("panic");
    service.refusal = section.integer_or_default("refusal");
    service.slow_start = section.optional("slow_start").and_then(|f| slow_start(&f));
    service.drain = section.time_or_default("drain");
    if let Some(list) = section.optional("faults") {
        let items = list.items().unwrap_or_default();
        let read = items
            .iter()
            .filter_map(|f| fault(build, f, service.replicas));
        service.faults = read.collect();
        let learns = service.health_check.is_some() || service.outliers.is_some();
        let lost = |f: &Fault| matches!(f.what, Trouble::Lost);
        if service.faults.iter().any(lost) && !learns {
            let message = "replicas are lost, and their balancer goes on using them";
            let fix = "add health_check = { every = \"5s\" }";
            list.notes.warn(list.at, message, fix);
        }
    }
}

fn health_check(field: &Field) -> Option<HealthCheck> {
    let section = field.section()?;
    Some(HealthCheck {
        fails: section.integer_or_default("fails"),
        passes: section.integer_or_default("passes"),
        every: section.time("every")?,
    })
}

fn slow_start(field: &Field) -> Option<SlowStart> {
    let section = field.section()?;
    Some(SlowStart {
        steps: section.integer_or_default("steps"),
        lasts: section.time("lasts")?,
    })
}

fn outliers(field: &Field) -> Option<Outliers> {
    let section = field.section()?;
    Some(Outliers {
        errors: section.integer_or_default("consecutive_errors"),
        every: section.time_or_default("every"),
        ejection: section.time_or_default("ejection"),
        longest: section.time_or_default("longest"),
        share: section.real_or_default("share"),
    })
}

fn fault<'a>(build: &mut Build<'a>, field: &Field<'a>, replicas: u32) -> Option<Fault> {
    let section = field.section()?;
    let kinds = section.sets().iter().copied().flatten();
    let kinds: Vec<_> = kinds.filter_map(|key| section.optional(key)).collect();
    let lasts = section.optional("lasts").map(|f| build.dist(&f));
    let triggers = ["every", "after", "at"];
    let triggers: Vec<_> = triggers
        .into_iter()
        .filter_map(|key| section.optional(key))
        .collect();
    let ([kind], [trigger]) = (kinds.as_slice(), triggers.as_slice()) else {
        let message = "a fault is one thing that happens at one kind of time";
        let fix = "write one of `lose`, `slow`, `fail`, `restart`, `partition`, and one of `every`, `after`, `at`";
        section.error(message, fix);
        return None;
    };
    let (what, whom) = trouble(build, &section, kind, replicas)?;
    let trigger = match trigger.name() {
        "every" => Trigger::Every(build.dist_above_zero(trigger)),
        "after" => Trigger::After(build.dist_above_zero(trigger)),
        _ => Trigger::At(trigger.time()?),
    };
    Some(Fault {
        what,
        whom,
        trigger,
        lasts: lasts?,
    })
}

fn trouble<'a>(
    build: &mut Build<'a>,
    section: &Section<'a>,
    kind: &Field<'a>,
    replicas: u32,
) -> Option<(Trouble, Whom)> {
    let takes = section.optional("takes");
    let takes = |build: &mut Build<'a>, default: Span| match &takes {
        Some(field) => build.dist(field),
        None => build.constant(kind, default.0),
    };
    Some(match kind.name() {
        "restart" => {
            kind.word()?;
            (
                Trouble::Restart(section.integer_or_default("at_once")),
                Whom::All,
            )
        }
        "partition" => {
            let timeout = takes(build, Span::secs(1));
            let to = build.replicated.find(kind)?;
            (Trouble::Partition { to, timeout }, Whom::All)
        }
        "slow" => (
            Trouble::Slow(section.real_or_default("leaves")),
            whom(kind, replicas)?,
        ),
        "fail" => {
            let takes = takes(build, Span(1_000_000));
            let status = section.integer_or_default("status");
            (Trouble::Fails { status, takes }, whom(kind, replicas)?)
        }
        _ => (Trouble::Lost, whom(kind, replicas)?),
    })
}

fn whom(field: &Field, replicas: u32) -> Option<Whom> {
    if field.text_if_any().is_some() {
        return field.choice(&WHOM);
    }
    let number: u32 = field.integer()?;
    if number > replicas {
        let message = format!("there is no replica {number}: there are {replicas}");
        field.error(message, "name one of them, \"any\", \"each\" or \"all\"");
        return None;
    }
    u16::try_from(number - 1).ok().map(Whom::One)
}
