//! The steps of a journey, one function for each action.

use super::program::Program;
use super::request::{self, otherwise_ends};
use super::scenario::{Tags, tags};
use super::step_tables::{AWAITS, KINDS, PICKS, RELEASES, STEPS, TAKES};
use super::{chain, choose, condition, names};
use crate::field::Field;
use crate::journey::{
    Check, CheckId, Condition, CustomKind, CustomMetric, MetricId, Recorded, Step,
};
use crate::metric_name::find_builtin;
use crate::section::Section;
use crate::suggest::{listed, nearest};
use crate::vocabulary::Choice;

/// No loop takes more turns, alone or nested: 10⁹ turns of no time take a minute already.
const MOST_TURNS: u64 = 1_000_000_000;

/// Writes a list of steps.
pub(super) fn all<'a>(program: &mut Program<'_, 'a>, items: &[Field<'a>]) {
    for item in items {
        step(program, item);
    }
}

fn step<'a>(program: &mut Program<'_, 'a>, field: &Field<'a>) {
    if field.text_if_any().is_some() {
        let fix = "write { request = \"home\" } or { sleep = \"1s\" }";
        return field.error("a step is a table, and this is a text", fix);
    }
    let Some(section) = field.section() else {
        return;
    };
    let Some(action) = STEPS.heads().find(|action| section.has(action)) else {
        return no_action(&section);
    };
    let Some(value) = section.optional(action) else {
        return;
    };
    match action {
        "request" => request::request(program, &section, &value),
        "poll" => request::poll(program, &section, &value),
        "retry" => request::retry(program, &section, &value),
        "repeat" => repeat(program, &section, &value),
        "record" => record(program, &section, &value),
        "group" => group(program, &section, &value),
        "check" => check(program, &section, &value),
        "choose" => choose::choose(program, &value),
        "chain" => chain::chain(program, &section, &value),
        "with_probability" => with_probability(program, &section, &value),
        "when" => when(program, &section, &value),
        "sleep" => {
            let dist = program.build.dist(&value);
            program.push(Step::Sleep(dist));
        }
        "take" => push_choice(program, &value, &TAKES),
        "await" => {
            needs_waiting_room(program, &value);
            program.build.awaits.push(value.at);
            push_choice(program, &value, &AWAITS);
        }
        "release" => {
            program.build.needs_inventory(&value);
            push_choice(program, &value, &RELEASES);
        }
        "pick" => {
            push_choice(program, &value, &PICKS);
            if value.text_if_any() == Some("event") {
                program.build.needs_inventory(&value);
            }
        }
        _ => {
            if value.word().is_some() {
                program.end_iteration();
            }
        }
    }
    strangers(&section);
}

/// What says elsewhere how often something is done.
const HOW_OFTEN: [&str; 5] = ["probability", "chance", "weight", "share", "percent"];

/// A key that is an action itself: the step does two things. Or it says how often the step is done.
fn strangers(section: &Section) {
    let unread = section.unread();
    if let Some(key) = unread.iter().find(|key| HOW_OFTEN.contains(&key.as_str())) {
        let message =
            format!("`{key}` of a step: what is not always done stands in a step of its own");
        let fix = "write { with_probability = 0.3, steps = [{ … }] }";
        section.error(message, fix);
        return section.tolerate();
    }
    let is_action = |key: &String| STEPS.heads().any(|action| action == key);
    let Some(second) = unread.into_iter().find(is_action) else {
        return;
    };
    let message = format!("a step does one thing; `{second}` is a second one");
    section.error(message, "give it a step of its own: { … }, { … }");
    section.tolerate();
}

fn no_action(section: &Section) {
    section.tolerate();
    let unread = section.unread();
    let first = unread.first().map_or("", String::as_str);
    let fix = match unread.iter().find_map(|key| nearest(key, STEPS.heads())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("a step has one of {}", listed(STEPS.heads())),
    };
    let message = match first {
        "" => "an empty step".to_string(),
        first => format!("a step with `{first}` does nothing that is known"),
    };
    section.error(message, fix);
}

fn push_choice(program: &mut Program, value: &Field, choice: &'static Choice<Step>) {
    if let Some(step) = value.choice(choice) {
        program.push(step);
    }
}

/// Complains if there is no waiting room.
pub(super) fn needs_waiting_room(program: &Program, field: &Field) {
    if !program.build.waiting_room {
        let message = "unreachable admission: the model has no waiting room";
        field.error(message, "add [waiting_room] with admit = { rate = 125 }");
    }
}

/// How often: a number of turns that also fits what stands around it.
pub(super) fn turns(program: &Program, field: &Field) -> Option<u32> {
    let turns: u32 = field.integer()?;
    if program.times.saturating_mul(u64::from(turns)) > MOST_TURNS {
        let message = format!("loops that take more than {MOST_TURNS} turns in one iteration");
        field.error(message, "repeat less often");
        return None;
    }
    Some(turns)
}

/// Writes the steps of a loop's body, which runs a fixed number of times.
pub(super) fn body<'a>(program: &mut Program<'_, 'a>, steps: &Field<'a>, turns: u32) {
    let before = program.times;
    program.times = before.saturating_mul(u64::from(turns));
    if let Some(items) = steps.some_items("write at least one step") {
        all(program, &items);
    }
    program.times = before;
}

fn repeat<'a>(program: &mut Program<'_, 'a>, section: &Section<'a>, steps: &Field<'a>) {
    let times = section.optional("times");
    let times = times.and_then(|f| turns(program, &f)).unwrap_or(1);
    let (slot, start) = program.begin_loop(steps);
    body(program, steps, times);
    let done = program.count_to(slot, times);
    program.end_loop(start);
    program.land(done);
}

fn group<'a>(program: &mut Program<'_, 'a>, section: &Section<'a>, name: &Field<'a>) {
    let steps = section.optional("steps");
    let text = name.text().unwrap_or("group");
    if text.contains("::") {
        // k6's rule (lib/models.go).
        name.error(
            "the name of a group cannot contain `::`",
            "nest groups instead",
        );
    }
    program.open_group(text, name);
    if let Some(steps) = steps {
        body(program, &steps, 1);
    }
    program.close_group();
}

fn with_probability<'a>(program: &mut Program<'_, 'a>, section: &Section<'a>, p: &Field<'a>) {
    let p = p.real().unwrap_or(0.5);
    let then = program.jump_with(p);
    branches(program, section, then);
}

fn when<'a>(program: &mut Program<'_, 'a>, section: &Section<'a>, when: &Field<'a>) {
    let condition = condition::read(when).unwrap_or(Condition::Always);
    let then = program.jump_if(condition);
    branches(program, section, then);
}

/// `steps` where the jump leads, `else` where it does not.
fn branches<'a>(program: &mut Program<'_, 'a>, section: &Section<'a>, then: super::program::Jump) {
    if let Some(steps) = section.optional("else") {
        body(program, &steps, 1);
    }
    let after = program.jump();
    program.land(then);
    if let Some(steps) = section.optional("steps") {
        body(program, &steps, 1);
    }
    program.land(after);
}

fn check<'a>(program: &mut Program<'_, 'a>, section: &Section<'a>, name: &Field<'a>) {
    let (passes, tags) = (section.optional("passes"), own_tags(section));
    push_check(program, name, passes.as_ref(), tags);
}

/// Tags of a sample, sorted by key.
fn own_tags(section: &Section) -> Tags {
    let mut tags = section.optional("tags").map_or(Tags::new(), |f| tags(&f));
    tags.sort();
    tags
}

/// Writes the checks that a request makes: texts, or tables with a name and a condition.
pub(super) fn checks<'a>(program: &mut Program<'_, 'a>, list: &Field<'a>) {
    for item in list.one_or_more() {
        if item.text_if_any().is_some() {
            push_check(program, &item, None, Tags::new());
            continue;
        }
        let Some(section) = item.section() else {
            continue;
        };
        let name = section.optional("name");
        let (passes, tags) = (section.optional("passes"), own_tags(&section));
        if let Some(name) = name {
            push_check(program, &name, passes.as_ref(), tags);
        } else if let Some(passes) = passes {
            condition::read(&passes);
        }
    }
}

fn push_check(program: &mut Program, name: &Field, passes: Option<&Field>, tags: Tags) {
    let condition = passes.map_or(Some(Condition::Ok), condition::read);
    let Some(text) = name.text() else {
        return;
    };
    if let (None, Some(meant)) = (passes, condition::meant(text)) {
        let message = "the name of a check asks nothing: it passes if the status is below 400";
        let fix = format!("say what is asked beside the name: passes = \"{meant}\"");
        program.build.notes.warn(name.at, message, fix);
    }
    if text.contains("::") {
        // k6's rule (lib/models.go).
        name.error("the name of a check cannot contain `::`", "");
    }
    let check = Check {
        name: text.to_string(),
        group: program.group(),
        tags,
    };
    let key = (check.group.clone(), check.name.clone(), check.tags.clone());
    let build = &mut *program.build;
    let index = names::once(&mut build.checks, &mut build.known_checks, key, &check);
    let id = CheckId(names::id(index, name, "checks"));
    program.push(Step::Check(id, condition.unwrap_or(Condition::Ok)));
}

fn record<'a>(program: &mut Program<'_, 'a>, section: &Section<'a>, name: &Field<'a>) {
    let kind = section.choice("as", &KINDS);
    let value = match (section.optional("value"), kind) {
        (None, Some(CustomKind::Counter)) => Some(Recorded::Number(1.0)),
        (None, _) => {
            let example = "value = 1, \"ok\", \"duration\" or \"vu\"";
            let _ = section.required("value", example);
            None
        }
        (Some(field), _) => recorded(&field),
    };
    let when = section
        .optional("when")
        .map(|f| condition::read(&f).unwrap_or(Condition::Always));
    let tags = own_tags(section);
    let (Some(kind), Some(value)) = (kind, value) else {
        return;
    };
    let Some(id) = metric(program, name, kind) else {
        return;
    };
    let tagged = (!tags.is_empty()).then(|| program.samples_in(program.group(), tags, name));
    let sample = Step::Record(id, value, tagged);
    let Some(condition) = when else {
        return program.push(sample);
    };
    let then = program.jump_if(condition);
    let after = program.jump();
    program.land(then);
    program.push(sample);
    program.land(after);
}

fn recorded(field: &Field) -> Option<Recorded> {
    match field.text_if_any() {
        None => field.real().map(Recorded::Number),
        Some("duration") => Some(Recorded::LastDuration),
        Some("vu") => Some(Recorded::Vu),
        Some(_) => condition::read(field).map(Recorded::Condition),
    }
}

fn metric(program: &mut Program, name: &Field, kind: CustomKind) -> Option<MetricId> {
    let text = name.text()?;
    let mut letters = text.chars();
    let first = letters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let rest = letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !first || !rest || text.len() > 128 {
        // k6's rule (metrics/registry.go).
        name.error(
            format!("`{text}` is not a name for a metric"),
            "a name has up to 128 letters, digits and underscores, and begins with no digit",
        );
        return None;
    }
    if find_builtin(text).is_some() {
        name.error(
            format!("`{text}` is a metric of k6's own"),
            "choose another name",
        );
        return None;
    }
    let (build, metric) = (
        &mut *program.build,
        CustomMetric {
            name: text.to_string(),
            kind,
        },
    );
    let key = text.to_string();
    let index = names::once(&mut build.metrics, &mut build.known_metrics, key, &metric);
    if build
        .metrics
        .get(index)
        .is_some_and(|known| known.kind != kind)
    {
        let message = format!("the metric `{text}` is recorded as two different types");
        name.error(message, "use one type, or two names");
        return None;
    }
    Some(MetricId(names::id(index, name, "metrics")))
}

/// `else` of a poll or a retry that did not succeed. Where the iteration goes on, the attempt of a `retry` around
/// it has failed, as it has after a request.
pub(super) fn give_up(program: &mut Program, section: &Section) {
    if otherwise_ends(section) {
        program.end_iteration();
    } else {
        program.fail_attempt_if(Condition::Always);
    }
}
