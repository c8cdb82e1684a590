//! Scenarios that replay a log: their keys, the first reading of the log, and the journey that its requests make.

use super::Build;
use super::journey::Programs;
use super::request::plain_site;
use crate::engine::Span;
use crate::field::Field;
use crate::files::Found;
use crate::formats::Layout;
use crate::formats::path::Route;
use crate::formats::replay::{Log, Survey};
use crate::journey::{Journey, JourneyId, Step};
use crate::replay::Replay;
use crate::scenario::Scenario;
use crate::section::Section;
use crate::system::EndpointId;
use crate::tree::Value;
use crate::vocabulary::{Choice, keys};
use std::sync::Arc;

/// Keys that other executors do not have.
pub(super) const KEYS: [&str; 5] = ["log_format", "routes", "unmatched", "offset", "loop"];

keys! {
    /// The layout of the log, as in `--log-format` of `capsim read`.
    pub(super) static LOG_FORMAT = log_format: Text, otherwise("told by its first line");
    /// The endpoint of each request by its route: `"GET /seats/{id}"`, `"/static/*"`; the first that fits counts.
    pub(super) static ROUTES = routes: Named(&Name("endpoint")),
        otherwise("by its path without the first `/`, or by the name that `capsim learn` gives it");
    /// What happens to requests that belong to no endpoint.
    pub(super) static UNMATCHED = unmatched: Choice(&UNMATCHEDS), or_text("error");
    /// How much of the beginning of the log is skipped, in the log's time.
    pub(super) static OFFSET = offset: Time, or_text("0s");
    /// How often the log is played; `true`: repeatedly until `duration` is over.
    pub(super) static LOOP = loop: Either(&[Flag, Whole(1, 1_000_000_000)]), or_whole(1);
}

/// Whether they are left out.
static UNMATCHEDS: Choice<bool> = Choice::possible(&[("error", false), ("skip", true)]);

/// Reads the keys of a replay and its log. `duration` is what the scenario says, in nanoseconds.
pub(super) fn read<'a>(
    build: &mut Build<'a>,
    section: &Section<'a>,
    duration: Option<i64>,
) -> Option<Arc<Replay>> {
    let file = section.required("file", "file = \"access.log\"");
    let layout = section.optional("log_format");
    let routes = section.optional("routes").map(|f| routes(build, &f));
    let skips = section.choice_or_default("unmatched", &UNMATCHEDS);
    let offset = section.time_or_default("offset");
    let times = section
        .optional("loop")
        .map_or(Some(Some(1)), |f| times(&f));
    let layout = match &layout {
        Some(field) => Some(layout_of(field)?),
        None => None,
    };
    let (file, times) = (file?, times?);
    let name = file.text()?;
    let (path, content) = located(build, &file, name)?;
    let log = Log {
        path,
        content,
        layout,
        routes: routes.unwrap_or_default(),
        names: build.endpoints.all().to_vec(),
    };
    let survey = match build.files.survey(&log) {
        Ok(survey) => survey,
        Err(why) => {
            file.error(why.to_string(), "");
            return None;
        }
    };
    told(build, &file, name, &survey, skips);
    let mut replay = Replay {
        log,
        survey,
        load: build.load,
        offset,
        times,
        duration: Span::ZERO,
        entries: Vec::new(),
    };
    if replay.length_us() < 0.0 {
        let message = format!("`{name}` is over before its `offset`");
        let field = section.optional("offset");
        field
            .as_ref()
            .unwrap_or(&file)
            .error(message, "give a shorter one");
        return None;
    }
    if times != Some(1) && replay.survey.length_us() == 0 {
        file.error(
            format!("all requests of `{name}` come at one instant: it cannot be looped"),
            "leave `loop` out",
        );
        return None;
    }
    replay.duration = length(section, &replay, duration)?;
    Some(Arc::new(replay))
}

/// How long the scenario starts requests.
fn length(section: &Section, replay: &Replay, duration: Option<i64>) -> Option<Span> {
    let given = match (duration, section.optional("duration")) {
        (Some(ns), Some(field)) => {
            let given = u64::try_from(ns).ok().filter(|ns| *ns > 0);
            if given.is_none() {
                field.error("`duration` must be longer than zero", "");
            }
            Some(Span(given?))
        }
        _ => None,
    };
    match (given, replay.whole()) {
        (Some(given), Some(whole)) => Some(given.min(whole)),
        (Some(given), None) => Some(given),
        (None, Some(whole)) => Some(whole),
        (None, None) => {
            let message = "a log that is played again and again needs an end";
            section.error(message, "write duration = \"1h\", or loop = 3");
            None
        }
    }
}

/// What the first reading of the log found that should be known.
fn told(build: &Build, file: &Field, name: &str, survey: &Survey, skips: bool) {
    let strangers = &survey.strangers;
    if strangers.count > 0 {
        let mut first: Vec<&str> = strangers
            .first
            .iter()
            .map(|(.., what)| what.as_str())
            .collect();
        first.dedup();
        let message = format!(
            "{} requests of `{name}` belong to no endpoint: {}{}",
            strangers.count,
            first.join(", "),
            if strangers.count > 3 { ", …" } else { "" }
        );
        match skips {
            true => build.notes.warn(file.at, message, "they are left out"),
            false => file.error(
                message,
                "give routes = { \"GET /path/{id}\" = \"ENDPOINT\" }, or leave them out with unmatched = \"skip\"",
            ),
        }
    }
    if survey.skipped.count > 0 {
        let lines: Vec<String> = (survey.skipped.first.iter())
            .map(|(line, ..)| line.to_string())
            .collect();
        let other = (survey.other).map(|(line, form)| {
            format!("; the file holds two formats, line {line} looks like a {form}")
        });
        let message = format!(
            "{} lines of `{name}` are not understood and left out, the first: {}{}",
            survey.skipped.count,
            lines.join(", "),
            other.unwrap_or_default()
        );
        build
            .notes
            .warn(file.at, message, format!("`capsim read {name}` shows them"));
    }
    if survey.far_behind > 0 {
        let message = format!(
            "{} requests of `{name}` begin more than a minute before one above them: the clock goes back, or they took \
             that long",
            survey.far_behind
        );
        build
            .notes
            .warn(file.at, message, "they come at their own times");
    }
    if survey.is_spread {
        let message = format!(
            "the times of `{name}` are whole seconds: the requests of each are spread evenly over it"
        );
        build.notes.warn(file.at, message, "");
    }
}

fn times(field: &Field) -> Option<Option<u64>> {
    match field.node.value {
        Value::Boolean(true) => Some(None),
        Value::Boolean(false) => Some(Some(1)),
        _ => field.integer().map(Some),
    }
}

fn layout_of(field: &Field) -> Option<String> {
    let text = field.text()?;
    match Layout::parse(text) {
        Ok(_) => Some(text.to_string()),
        Err(why) => {
            field.error(why, "");
            None
        }
    }
}

fn located(build: &Build, file: &Field, name: &str) -> Option<Found> {
    match build.files.log(name) {
        Ok(found) => Some(found),
        Err(why) => {
            let fix = match why.contains("outside") {
                true => "put the file beside the model, or allow its place with --allow-path PATH",
                false => "a path is relative to the directory of the model",
            };
            file.error(format!("the file `{name}` cannot be read: {why}"), fix);
            None
        }
    }
}

fn routes(build: &Build, field: &Field) -> Vec<(Route, u16)> {
    let route = |(text, field): &(&str, Field)| {
        let endpoint = build.endpoints.find(field);
        match Route::parse(text) {
            Ok(route) => Some((route, endpoint?)),
            Err(why) => {
                field.error(why.replace("--route ", "route "), "");
                None
            }
        }
    };
    field.named().iter().filter_map(route).collect()
}

/// Writes the journey of a replay: by chance one request in the log's own mix. A run begins at the request that the
/// log has. Gives its place among those of replays.
pub(super) fn journey(
    build: &mut Build,
    at: &Field,
    name: &str,
    replay: &mut Arc<Replay>,
) -> JourneyId {
    let called: Vec<(EndpointId, u64)> = replay.called().collect();
    let (last, others) = match called.split_last() {
        Some((last, others)) => (*last, others.to_vec()),
        None => ((EndpointId(0), 1), Vec::new()),
    };
    let one_event = build.events == Some(1);
    let width = 2 + u32::from(one_event);
    let mut entries = vec![0; replay.log.names.len()];
    let mut steps = Vec::new();
    let mut left: u64 = called.iter().map(|(_, count)| count).sum();
    let first = u32::try_from(others.len()).unwrap_or(u32::MAX);
    for (k, (_, count)) in (1..).zip(&others) {
        let share = *count as f64 / left.max(1) as f64;
        steps.push(Step::JumpWithProbability(share, first + k * width));
        left -= count;
    }
    for (k, (endpoint, _)) in (0..).zip(std::iter::once(&last).chain(&others)) {
        if let Some(entry) = entries.get_mut(endpoint.index()) {
            *entry = first + k * width;
        }
        if one_event {
            steps.push(Step::PickEvent);
        }
        steps.push(Step::Request(plain_site(build, at, *endpoint)));
        steps.push(Step::End);
    }
    Arc::make_mut(replay).entries = entries;
    build.replayed.push(Journey {
        usual: None,
        name: name.to_string(),
        steps,
        loop_slots: 0,
    });
    JourneyId(u16::try_from(build.replayed.len() - 1).unwrap_or(u16::MAX))
}

/// The journeys that scenarios name: all but those of replays.
pub(super) fn written(scenarios: &[Scenario]) -> Vec<JourneyId> {
    let named = scenarios.iter().filter(|s| !s.is_replay());
    named.map(|s| s.journey).collect()
}

/// Leads scenarios to their programs, of which those of replays stand behind the others.
pub(super) fn place(build: &mut Build, scenarios: &mut [Scenario], programs: &mut Programs) {
    programs.of_scenarios.apply(scenarios);
    let base = programs.journeys.len();
    for scenario in scenarios.iter_mut().filter(|s| s.is_replay()) {
        let place = base + scenario.journey.index();
        scenario.journey = JourneyId(u16::try_from(place).unwrap_or(u16::MAX));
    }
    programs.journeys.append(&mut build.replayed);
}
