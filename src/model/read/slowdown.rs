//! Slowdowns and warm-ups, of stations and of pools.

use super::Build;
use super::dist::DISTRIBUTION;
use crate::engine::Span;
use crate::field::Field;
use crate::section::Section;
use crate::system::{Slowdown, Trigger};
use crate::vocabulary::{Choice, keys, tables};

keys! {
    /// The time from start to start; above zero.
    pub(super) static EVERY = every: Type(&DISTRIBUTION);
    /// The time from the end of one to the start of the next; above zero.
    pub(super) static AFTER = after: Type(&DISTRIBUTION);
}

tables! {
    /// A period in which a station, or the work of a pool's holders, is slower.
    pub(super) static SLOWDOWN = "slowdowns[]" {
        /// Its name in reports.
        name: Text, or_text("slowdown");
        ..EVERY;
        ..AFTER;
        /// It begins each time this many more requests have been served.
        after_completions: Whole(1, u32::MAX as u64);
        /// It begins once, at this time of the run.
        at: Time;
        /// How long it lasts.
        lasts: Type(&DISTRIBUTION), required("lasts = \"200ms\"");
        /// The share of the speed that is left.
        leaves: Number(0.0, 1.0), or_number(0.0);
    } rules [OneOf(&[&["every"], &["after"], &["after_completions"], &["at"]])];

    /// A speed that grows linearly from the start of the run or of the load, in 20 steps.
    pub(super) static WARM_UP = "warm_up" {
        /// When full speed is reached.
        lasts: TimeAboveZero, required("lasts = \"30s\"");
        /// The share of the speed at the start.
        from: Number(0.0, 1.0), required("from = 0.2, the share of the speed at the start");
        /// When it begins: with the run, or with its first load.
        since: Choice(&SINCE), or_text("run");
    };
}

/// Whether it begins with the load.
static SINCE: Choice<bool> = Choice::possible(&[("run", false), ("load", true)]);

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
    let name = section.text("name").unwrap_or("slowdown");
    let triggers = section.sets().iter().copied().flatten();
    let given: Vec<_> = triggers.filter_map(|key| section.optional(key)).collect();
    let leaves = section.real_or_default("leaves");
    let lasts = section.optional("lasts");
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
        "after_completions" => Trigger::Completions(trigger.integer()?),
        _ => Trigger::At(trigger.time()?),
    };
    Some(Slowdown {
        name: name.to_string(),
        trigger,
        lasts: lasts?,
        leaves,
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
    let with_load = section.choice_or_default("since", &SINCE);
    let lasts = section.optional("lasts");
    let lasts = lasts.and_then(|f| Some((f.time()?, f)));
    let from = section.real("from");
    let (Some((span, at)), Some(from)) = (lasts, from) else {
        return Vec::new();
    };
    let step = span.0 / u64::from(WARM_UP_STEPS);
    let lasts = build.constant(&at, step);
    let begins = |n: u32| {
        let after = Span(u64::from(n) * step);
        match with_load {
            true => Trigger::Loaded(after),
            false => Trigger::At(after),
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
