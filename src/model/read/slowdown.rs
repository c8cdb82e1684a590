//! Slowdowns and warm-ups, of stations and of pools.

use super::Build;
use super::steps::one_of;
use crate::engine::Span;
use crate::model::field::Field;
use crate::model::section::Section;
use crate::model::system::{Slowdown, Trigger};

/// Reads `slowdowns` and `warm_up` of a station.
pub(super) fn read<'a>(build: &mut Build<'a>, section: &Section<'a>) -> Vec<Slowdown> {
    let mut all = Vec::new();
    if let Some(list) = section.optional("slowdowns") {
        let items = list.items().unwrap_or_default();
        all.extend(items.iter().filter_map(|f| one(build, f)));
    }
    if let Some(field) = section.optional("warm_up") {
        all.extend(warm_up(build, &field));
    }
    all
}

/// As [`read`], of a pool: it completes no services.
pub(super) fn of_pool<'a>(build: &mut Build<'a>, section: &Section<'a>) -> Vec<Slowdown> {
    let all = read(build, section);
    let counts = |s: &Slowdown| matches!(s.trigger, Trigger::Completions(_));
    if all.iter().any(counts) {
        section.error(
            "a pool completes no services: `after_completions` is for stations",
            "write `every`, `after` or `at`",
        );
    }
    all
}

fn one<'a>(build: &mut Build<'a>, field: &Field<'a>) -> Option<Slowdown> {
    let section = field.section()?;
    let name = section
        .optional("name")
        .and_then(|f| f.text())
        .unwrap_or("slowdown");
    let triggers = ["every", "after", "after_completions", "at"];
    let given: Vec<_> = triggers
        .into_iter()
        .filter_map(|key| section.optional(key))
        .collect();
    let lasts = section.required("lasts", "lasts = \"200ms\"");
    let leaves = section
        .optional("leaves")
        .map_or(Some(0.0), |f| f.number(0.0, 1.0));
    let lasts = lasts.map(|f| build.dist(&f));
    let [trigger] = given.as_slice() else {
        let fix = "write one of `every`, `after`, `after_completions`, `at`";
        section.error(
            format!("a slowdown needs one trigger, and has {}", given.len()),
            fix,
        );
        return None;
    };
    let trigger = match trigger.name() {
        "every" => Trigger::Every(build.dist_above_zero(trigger)),
        "after" => Trigger::After(build.dist_above_zero(trigger)),
        "after_completions" => Trigger::Completions(trigger.whole_u32(1, u32::MAX)?),
        _ => Trigger::At(trigger.span()?),
    };
    Some(Slowdown {
        name: name.to_string(),
        trigger,
        lasts: lasts?,
        leaves: leaves?,
    })
}

/// Steps in which a warm-up is modelled: the speed is off by a fortieth of what it gains, at most.
const WARM_UP_STEPS: u32 = 20;

/// A speed that grows linearly from the start of the run, or of its load, as windows that follow one another:
/// each leaves the speed that the line has at its middle.
fn warm_up<'a>(build: &mut Build<'a>, field: &Field<'a>) -> Vec<Slowdown> {
    let Some(section) = field.section() else {
        return Vec::new();
    };
    let lasts = section.required("lasts", "lasts = \"30s\"");
    let from = section.required("from", "from = 0.2, the share of the speed at the start");
    let since = section.optional("since");
    let since = since.and_then(|f| one_of(&f, &["run", "load"]));
    let lasts = lasts.and_then(|f| Some((f.span_above_zero()?, f)));
    let from = from.and_then(|f| f.number(0.0, 1.0));
    let (Some((span, at)), Some(from)) = (lasts, from) else {
        return Vec::new();
    };
    let step = span.0 / u64::from(WARM_UP_STEPS);
    let lasts = build.constant(&at, step);
    let begins = |n: u32| {
        let after = Span(u64::from(n) * step);
        match since {
            Some("load") => Trigger::Loaded(after),
            _ => Trigger::At(after),
        }
    };
    let window = |n: u32| Slowdown {
        name: "warm-up".to_string(),
        trigger: begins(n),
        lasts,
        leaves: from + (1.0 - from) * (f64::from(n) + 0.5) / f64::from(WARM_UP_STEPS),
    };
    (0..WARM_UP_STEPS).map(window).collect()
}
