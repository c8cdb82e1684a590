//! `handleSummary`: what a script makes of the end-of-test summary.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Component, Path};
use std::rc::Rc;
use std::time::Duration;

use capsim_script::{
    Answer, Call, Effect, End, Failure as Stop, Instance, Level, RequestError, Response, Script,
    ScriptVu, VuFactory,
};

use super::program::ScriptProgram;
use super::text_of;
use crate::cli::files::Files;
use crate::cli::output::write_atomically;
use crate::measure::summary::Summary;
use crate::model::Model;
use crate::report::{SummaryOptions, export};
use crate::world::program::{Carried, Told};

/// Texts by where they go: `stdout`, `stderr`, or a file.
type Texts = BTreeMap<String, String>;

/// How k6 begins what it says of summaries that fail; they change no exit code (`internal/cmd/run.go`, v2.2.0).
const FAILED: &str = "failed to handle the end-of-test summary";

/// Lets the script of a run handle its summary, and writes the files that it wants. Gives what goes to stdout; `None` if
/// that is the usual summary.
pub fn handle_summary(
    model: &Model,
    told: Option<&Told>,
    (summary, options): (&Summary, &SummaryOptions),
    files: &Files,
) -> Option<String> {
    let program: &ScriptProgram = Carried::by(model)?;
    if !program.0.exports.has("handleSummary") {
        return None;
    }
    let setup = told.and_then(|told| told.setup.as_deref());
    let data = data(summary, options, setup);
    let end = summarise(&program.script().ok()?, &data, summary.duration);
    let texts = match (end.failure, end.value) {
        (Some(Stop::Result(why)), _) => {
            tell!("ERRO {FAILED}: {why}");
            return Some(String::new());
        }
        (Some(stop), _) => {
            tell!("ERRO {}", text_of(stop));
            return None;
        }
        (None, value) => value?,
    };
    let mut texts: Texts = serde_json::from_str(&texts).ok()?;
    let printed = texts.remove("stdout").unwrap_or_default();
    if let Some(text) = texts.remove("stderr") {
        tell!("{}", text.trim_end_matches('\n'));
    }
    for (path, text) in texts {
        if let Err(why) = write(Path::new(&path), &text, files) {
            tell!("ERRO {FAILED}: could not write '{path}': {why}");
        }
    }
    Some(printed)
}

/// The argument of the function, as JSON.
fn data(summary: &Summary, options: &SummaryOptions, setup: Option<&str>) -> Rc<str> {
    let data = export::handle_summary(summary, options);
    let Some(setup) = setup.and_then(|s| serde_json::from_str(s).ok()) else {
        return data.into();
    };
    let mut data: serde_json::Value = serde_json::from_str(&data).unwrap_or_default();
    data["setup_data"] = setup;
    data.to_string().into()
}

/// Calls the function in a VU of its own, as k6 does.
fn summarise(script: &Rc<Script>, data: &Rc<str>, seconds: f64) -> End {
    let now = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let mut vu = VuFactory::new(script).vu(0, 0);
    let mut effect = vu.resume(Answer::Go, now);
    loop {
        effect = match effect {
            Effect::Ready => break,
            Effect::Done(end) => return end,
            _ => vu.resume(Answer::Go, now),
        };
    }
    call(&mut vu, Call::Summary(data.clone()), now)
}

/// Runs a call to its end, at one instant. Nobody answers its requests.
fn call(vu: &mut ScriptVu, call: Call, mut now: Duration) -> End {
    let mut sent = VecDeque::new();
    let mut answer = Answer::Run(Box::new(call));
    loop {
        answer = match vu.resume(answer, now) {
            Effect::Done(end) => return end,
            Effect::Request(request) => unanswered(request.id),
            Effect::Send(request) => {
                sent.push_back(request.id);
                Answer::Go
            }
            Effect::Wait(until) => match (sent.pop_front(), until) {
                (Some(id), _) => unanswered(id),
                (None, Some(until)) => {
                    now = now.max(until);
                    Answer::Go
                }
                (None, None) => Answer::Stop,
            },
            Effect::Sleep(time) => {
                now = now.saturating_add(time);
                Answer::Go
            }
            Effect::Log(line) => {
                match line.level {
                    Level::Debug => {}
                    Level::Info => tell!("INFO {}", line.text),
                    Level::Warning => tell!("WARN {}", line.text),
                    Level::Error => tell!("ERRO {}", line.text),
                }
                Answer::Go
            }
            Effect::Instance => Answer::Instance(Instance::default()),
            _ => Answer::Go,
        };
    }
}

fn unanswered(id: u64) -> Answer {
    Answer::Response(Box::new(Response {
        id,
        error: Some(RequestError {
            code: 1212,
            message: "requests of handleSummary are not simulated".to_string(),
            detail: None,
            in_body: false,
        }),
        ..Response::default()
    }))
}

/// Writes a file of the script, below the folder that the command runs in and over nothing that was read.
fn write(path: &Path, text: &str, files: &Files) -> Result<(), String> {
    let inside = |c: Component| matches!(c, Component::Normal(_) | Component::CurDir);
    if !path.components().all(inside) {
        return Err("it is not below the folder that capsim runs in".to_owned());
    }
    let own = files.clone().writes("handleSummary", Some(path));
    let written = own
        .check()
        .and_then(|()| write_atomically(path, |out| out.write_all(text.as_bytes())));
    written.map_err(|error| error.why().to_owned())
}
