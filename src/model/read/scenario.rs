//! Scenarios: their options as written, handed to k6's own checks; what these find is tied to its place.

use super::scenario_options::Options;
use super::scenario_table::{FROM_FILE, executors};
use super::{Build, data_file, dist, replay};
use crate::engine::Span;
use crate::field::Field;
use crate::journey::JourneyId;
use crate::raw_scenario::{Problem as Fault, RawScenario};
use crate::scenario::Scenario;
use crate::scenario_check;
use crate::section::Section;
use crate::suggest::{listed, nearest, suggestion};
use std::cell::RefCell;

/// Reads `[scenarios.NAME]`, in the order of the text. The journey's id is its place in `[journeys]`.
pub(super) fn read<'a>(build: &mut Build<'a>, root: &Section<'a>) -> Vec<Scenario> {
    let example = if root.has("stages") {
        "[scenarios.default] above `stages`, and executor = \"ramping-vus\" beside it"
    } else if root.has("iterations") {
        "[scenarios.default] above `iterations`, and executor = \"shared-iterations\" beside it"
    } else if root.has("vus") {
        "[scenarios.default] above `vus`, and executor = \"constant-vus\" beside it"
    } else {
        "[scenarios.default] with executor = \"constant-vus\", vus = 10, duration = \"1m\""
    };
    let Some(field) = root.required("scenarios", example) else {
        return Vec::new();
    };
    let named = field.named();
    if named.is_empty() && field.node.entries().is_some() {
        field.error("there is no scenario", "write [scenarios.default]");
    }
    named
        .iter()
        .filter_map(|(name, field)| scenario(build, name, field))
        .collect()
}

fn scenario<'a>(build: &mut Build<'a>, name: &str, field: &Field<'a>) -> Option<Scenario> {
    let section = field.section()?;
    let executor = section.optional("executor").and_then(|f| executor(&f));
    let replays = executor == Some("replay");
    let journey = (!replays).then(|| journey(build, name, &section)).flatten();
    let Some(executor) = executor else {
        without_executor(build, &section);
        return None;
    };
    let open = executor.ends_with("-arrivals");
    let unreadable = RefCell::default();
    let options = Options {
        section: &section,
        unreadable,
        load: build.load,
        whole: !open,
    };
    let raw = RawScenario {
        name: name.to_string(),
        executor: Some(if open { "open-arrivals" } else { executor }.to_string()),
        start_time: options.time("start_time"),
        graceful_stop: options.time("graceful_stop"),
        exec: None,
        vus: options.scaled("vus"),
        iterations: options.number("iterations"),
        duration: options.time("duration"),
        max_duration: options.time("max_duration"),
        start_vus: options.scaled("start_vus"),
        stages: options.stages(),
        graceful_ramp_down: options.time("graceful_ramp_down"),
        rate: options.scaled("rate"),
        start_rate: options.scaled("start_rate"),
        time_unit: options.time("time_unit"),
        pre_allocated_vus: options.number("pre_allocated_vus"),
        max_vus: options.number("max_vus"),
        gap: options
            .read("gap", |f| dist::read(f, build.files))
            .map(|gap| options.shortened(&gap)),
        at: arrivals(&options, build, executor),
        replay: None,
        tags: options.read("tags", |f| Some(tags(f))).unwrap_or_default(),
    };
    let default_vus = raw.start_vus.is_none() && executor == "ramping-vus" && build.load != 1.0;
    let start_vus = if default_vus {
        Some(options.scale(1.0))
    } else {
        raw.start_vus
    };
    let mut raw = RawScenario { start_vus, ..raw };
    let journey = match replays {
        true => replayed(build, &section, &mut raw),
        false => {
            replay::KEYS.iter().for_each(|key| section.forget(key));
            journey
        }
    };
    let sound = check_kind(executor, &section) & check_length(&section, &raw);
    let unreadable = options.unreadable.take();
    match scenario_check::resolve(&raw, journey.unwrap_or(JourneyId(0))) {
        Ok(scenario) => (sound && unreadable.is_empty()).then_some(scenario),
        Err(faults) => {
            // What is said already is not said again in other words.
            let fresh = |fault: &&Fault| {
                let said = !sound && fault.text.starts_with("open-arrivals needs");
                !said && (fault.stage.is_some() || !unreadable.contains(&fault.field))
            };
            let fresh = faults.iter().filter(fresh);
            fresh.for_each(|fault| place(&section, fault, executor));
            None
        }
    }
}

/// Reads the log of a replay, which makes the scenario's journey.
fn replayed<'a>(
    build: &mut Build<'a>,
    section: &Section<'a>,
    raw: &mut RawScenario,
) -> Option<JourneyId> {
    section.forget("journey");
    raw.replay = replay::read(build, section, raw.duration);
    let own = raw.replay.as_mut()?;
    Some(replay::journey(build, &section.field, &raw.name, own))
}

/// Reads the options whose meaning no executor changes: which of them may be there, nobody knows.
fn without_executor<'a>(build: &Build<'a>, section: &Section<'a>) {
    let options = Options {
        section,
        unreadable: RefCell::default(),
        load: build.load,
        whole: false,
    };
    for key in [
        "start_time",
        "graceful_stop",
        "duration",
        "max_duration",
        "graceful_ramp_down",
        "time_unit",
    ] {
        let _ = options.time(key);
    }
    for key in [
        "vus",
        "iterations",
        "start_vus",
        "rate",
        "start_rate",
        "pre_allocated_vus",
        "max_vus",
    ] {
        let _ = options.number(key);
    }
    let _ = options.stages();
    section.tolerate();
}

/// The executor that is named; of a slip of the pen, the one that is meant: with it the rest is checked all the same.
fn executor(field: &Field) -> Option<&'static str> {
    let text = field.text()?;
    let found = executors().find(|name| *name == text);
    if found.is_none() {
        let fix = suggestion(text, "executors", executors());
        field.error(format!("there is no executor `{text}`"), fix);
    }
    found.or_else(|| nearest(text, executors()))
}

/// The journey that a scenario names, or the only one, or the one of its own name.
fn journey(build: &Build, name: &str, section: &Section) -> Option<JourneyId> {
    if let Some(field) = section.optional("journey") {
        return build.journeys.find(&field).map(JourneyId);
    }
    let all = build.journeys.all();
    let id = if all.len() == 1 {
        Some(0)
    } else {
        build.journeys.id(name)
    };
    if id.is_none() {
        let fix = match all.len() {
            0 => "write [journeys] with NAME = [ steps ]".to_string(),
            _ => format!(
                "write journey = one of {}",
                listed(all.iter().map(String::as_str))
            ),
        };
        section.error(
            format!("{} does not say which journey it runs", section.title()),
            fix,
        );
    }
    id.map(JourneyId)
}

/// Recorded times of arrival, ascending: `at`, or `file` with `column` and `unit`.
fn arrivals(options: &Options, build: &Build, executor: &str) -> Option<Vec<Span>> {
    let listed = options.read("at", |list| {
        let items = list.some_items("write the times, such as [\"1s\", \"1.5s\"]")?;
        let times: Vec<Option<Span>> = items.iter().map(Field::span).collect();
        times.into_iter().collect::<Option<Vec<Span>>>()
    });
    let section = options.section;
    let traced = executor == "trace-arrivals" || executor == "open-arrivals";
    if !traced || listed.is_some() {
        let own = |key: &&&str| executor != "replay" || **key != "file";
        FROM_FILE
            .iter()
            .filter(own)
            .for_each(|key| section.forget(key));
    }
    let mut times = match listed {
        Some(times) => times,
        None if traced && section.has("file") => {
            let Some(times) = data_file::times(section, build.files) else {
                options.unreadable.borrow_mut().extend(["at", "executor"]);
                return None;
            };
            times.into_iter().map(Span::from_ns).collect()
        }
        None => return None,
    };
    times.sort_unstable();
    if options.load != 1.0 {
        for at in &mut times {
            *at = Span::from_ns(at.0 as f64 / options.load);
        }
    }
    Some(times)
}

/// capsim's three kinds of open arrivals differ in what they need.
fn check_kind(executor: &str, section: &Section) -> bool {
    let (needs, example): (&[&str], _) = match executor {
        "poisson-arrivals" => (
            &["rate", "stages"],
            "rate = 180.0 and a duration, or stages",
        ),
        "renewal-arrivals" => (
            &["gap"],
            "gap = { erlang = { mean = \"10ms\", stages = 2 } }",
        ),
        "trace-arrivals" => (
            &["at", "file"],
            "file = \"arrivals.csv\", or at = [\"1s\", \"2s\"]",
        ),
        _ => return true,
    };
    let has = needs.iter().any(|key| section.has(key));
    if !has {
        section.error(
            format!("{} says not when users arrive", section.title()),
            format!("write {example}"),
        );
    }
    has
}

/// All stages together must fit the clock, and a gap must let time pass.
fn check_length(section: &Section, raw: &RawScenario) -> bool {
    let durations = raw
        .stages
        .iter()
        .flatten()
        .filter_map(|stage| stage.duration);
    let sum = durations.chain(raw.start_time).chain(raw.graceful_stop);
    let sum = sum.fold(0_i64, |sum, ns| sum.saturating_add(ns.max(0)));
    if sum == i64::MAX {
        section.error(
            format!("{} lasts too long", section.title()),
            "stay below 292 years",
        );
    }
    let still = matches!(raw.gap, Some(crate::engine::dist::Dist::Constant(ns)) if ns < 1.0);
    if still {
        section.error(
            "a `gap` of zero: time would stand still",
            "write a time above zero",
        );
    }
    sum != i64::MAX && !still
}

/// Ties a fault that k6's checks found to the option it is about.
fn place(section: &Section, fault: &Fault, executor: &str) {
    let notes = section.field.notes;
    let text = fault.text.replace("open-arrivals", executor);
    let Some(field) = given(section, fault.field, fault.stage) else {
        let fix = match fault.field {
            "name" | "executor" => String::new(),
            "pre_allocated_vus" => {
                "write pre_allocated_vus = 50: the VUs that are there from the start".to_owned()
            }
            missing => format!("`{missing}` is missing"),
        };
        return notes.error(section.field.at, text, fix);
    };
    let fix = match (fault.field, fault.stage) {
        ("stages", None) if text.contains("at least one") => {
            "write stages = [{ duration = \"1m\", target = 100 }]"
        }
        ("stages", _) if text.contains("unknown field") => {
            "remove it, or write executor = \"ramping-vus\" (of arrivals: \"ramping-arrival-rate\")"
        }
        (_, _) if text.contains("unknown field") => "remove it",
        (_, Some(_)) if text.contains("doesn't have a") => {
            "write { duration = \"1m\", target = 100 }"
        }
        ("rate" | "start_rate", _) if text.contains("must be a whole number") => {
            "write a whole number and a longer `time_unit`: rate = 5, time_unit = \"10s\" is one in 2 s"
        }
        _ if text.contains("must be a whole number") => "write it without a fraction",
        ("max_vus", _) if text.contains("can't be less") => {
            "raise it, or leave it out: it is as many as `pre_allocated_vus` then"
        }
        _ => "",
    };
    field.error(text, fix);
}

/// The option that a fault is about, as far as it is written.
fn given<'a>(section: &Section<'a>, key: &'static str, stage: Option<usize>) -> Option<Field<'a>> {
    let Some(stage) = stage else {
        return section.has(key).then(|| section.optional(key)).flatten();
    };
    let stage = section
        .optional("stages")?
        .items()?
        .into_iter()
        .nth(stage)?;
    if !stage.has(key) {
        return Some(stage);
    }
    let inner = stage.section()?;
    inner.tolerate();
    inner.optional(key)
}

/// Keys and values.
pub(super) type Tags = Vec<(String, String)>;

/// Tags: a table of texts.
pub(super) fn tags(field: &Field) -> Tags {
    let text = |(key, value): &(&str, Field)| Some(((*key).to_string(), value.text()?.to_string()));
    field.named().iter().filter_map(text).collect()
}
