//! What a script does, seen in some iterations with answers that are made up.
//!
//! Every request is answered with status 200 and a body that has whatever field the script reads, so a script whose
//! way depends on real answers may take another way here.

use crate::effect::{
    Answer, Call, Effect, End, Failure, Instance, Iteration, Request, Response, Tags, Timings,
};
use crate::script::Script;
use crate::vu::ScriptVu;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

/// One step of a recorded iteration.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A request, as sent the first time.
    Request(Rc<Request>),
    /// A sleep, between these.
    Sleep(Duration, Duration),
    /// A check of this name and these tags.
    Check(String, Rc<Tags>),
    /// A value for a custom metric.
    Metric(Sample),
    /// A group of this path begins.
    GroupStart(String),
    /// The innermost group ends.
    GroupEnd,
}

/// What a script gave a custom metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The metric's name.
    pub name: String,
    /// The least value and the largest.
    pub values: (f64, f64),
    /// All of them were the time that the request before had taken, in milliseconds.
    pub is_duration: bool,
    /// A request was sent before.
    pub follows: bool,
    /// Tags of its own.
    pub tags: Rc<Tags>,
}

impl Step {
    /// Whether the steps of two iterations are the same but for durations and values.
    fn same(&self, other: &Step) -> bool {
        match (self, other) {
            (Step::Sleep(..), Step::Sleep(..)) => true,
            (Step::Metric(a), Step::Metric(b)) => a.name == b.name && a.tags == b.tags,
            (Step::Request(a), Step::Request(b)) => {
                a.method == b.method
                    && a.tags == b.tags
                    && (a.name == b.name || pattern(&a.url) == pattern(&b.url))
            }
            (a, b) => a == b,
        }
    }

    /// Widens durations and values so that those of the other fit.
    fn widen(&mut self, other: &Step) {
        match (self, other) {
            (Step::Sleep(low, high), Step::Sleep(l, h)) => {
                *low = (*low).min(*l);
                *high = (*high).max(*h);
            }
            (Step::Metric(a), Step::Metric(b)) => {
                a.values = (a.values.0.min(b.values.0), a.values.1.max(b.values.1));
                a.is_duration &= b.is_duration;
                a.follows &= b.follows;
            }
            _ => {}
        }
    }
}

/// The path of an address, with `{id}` for parts that are numbers or long identifiers, without its query.
#[must_use]
pub fn pattern(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    let path = path.split(['?', '#']).next().unwrap_or("/");
    let parts = path.split('/').map(|part| {
        let digits = part.chars().filter(char::is_ascii_digit).count();
        let word = part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if digits > 0 && (digits == part.len() || (word && part.len() >= 16)) {
            "{id}"
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// What some iterations did.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// The steps that iterations took, and how many took them; the most frequent first.
    pub variants: Vec<(Vec<Step>, u32)>,
    /// How many iterations there were.
    pub iterations: u32,
    /// What the call of [`phase`] returned, as JSON.
    pub value: Option<String>,
    /// What ended iterations early.
    pub failures: BTreeSet<String>,
    /// Fields of bodies that were read, by the tag `name` of the request.
    pub reads: BTreeMap<String, BTreeSet<String>>,
}

impl Recording {
    /// Notes why an iteration ended early, if it did.
    fn note(&mut self, failure: Option<Failure>) {
        match failure {
            Some(Failure::Exception(text) | Failure::Abort(text) | Failure::Endless(text)) => {
                self.failures.insert(text);
            }
            Some(Failure::Stopped) => {
                let text = "it goes on without an end when answers are made up";
                self.failures.insert(text.to_owned());
            }
            _ => {}
        }
    }
}

/// VUs whose iterations are recorded, in turn.
const VUS: u64 = 10;

/// How long a request takes: no time that a script has of its own, so that one is known that it hands on.
const TOOK: Duration = Duration::from_nanos(1_000_137);

/// Steps after which an iteration is ended.
const MOST: usize = 300;

struct Recorder {
    vu: ScriptVu,
    now: Duration,
    steps: Vec<Step>,
    /// A request was answered in this call.
    answered: bool,
    names: BTreeMap<u64, String>,
    sent: Vec<u64>,
    reads: BTreeMap<String, BTreeSet<String>>,
}

impl Recorder {
    /// A VU whose init code has run.
    fn new(script: &Rc<Script>) -> Result<Recorder, Failure> {
        let mut vu = ScriptVu::new(script, 1);
        let mut effect = vu.resume(Answer::Go, Duration::ZERO);
        loop {
            effect = match effect {
                Effect::Ready => break,
                Effect::Done(end) => return Err(end.failure.unwrap_or(Failure::Stopped)),
                _ => vu.resume(Answer::Go, Duration::ZERO),
            };
        }
        Ok(Recorder {
            vu,
            now: Duration::ZERO,
            steps: Vec::new(),
            answered: false,
            names: BTreeMap::new(),
            sent: Vec::new(),
            reads: BTreeMap::new(),
        })
    }

    /// What `setup` returns, as JSON, if there is one that comes to its end.
    fn setup(&mut self, script: &Script) -> Option<String> {
        let has = script.exports().has("setup");
        has.then(|| self.call(Call::Setup).value).flatten()
    }

    /// Runs one call to its end.
    fn call(&mut self, call: Call) -> End {
        self.steps.clear();
        self.sent.clear();
        self.answered = false;
        let mut answer = Answer::Run(Box::new(call));
        for effects in 0.. {
            let effect = self.vu.resume(answer, self.now);
            answer = match effect {
                Effect::Done(end) => return end,
                _ if self.steps.len() >= MOST || effects > 20 * MOST => Answer::Stop,
                Effect::Request(request) => {
                    let id = request.id;
                    self.request(request);
                    self.answer(id)
                }
                Effect::Send(request) => {
                    self.sent.push(request.id);
                    self.request(request);
                    Answer::Go
                }
                Effect::Wait(until) => match (self.sent.is_empty(), until) {
                    (false, _) => {
                        let id = self.sent.remove(0);
                        self.answer(id)
                    }
                    (true, Some(until)) => {
                        let time = until.saturating_sub(self.now);
                        self.sleep(time)
                    }
                    (true, None) => Answer::Stop,
                },
                Effect::Sleep(time) => self.sleep(time),
                Effect::Check { name, tags, .. } => self.note(Step::Check(name.to_string(), tags)),
                Effect::MetricAdd {
                    name, value, tags, ..
                } => {
                    let apart = (value - TOOK.as_secs_f64() * 1e3).abs();
                    self.note(Step::Metric(Sample {
                        name: name.to_string(),
                        values: (value, value),
                        is_duration: self.answered && apart < 1e-7,
                        follows: self.answered,
                        tags,
                    }))
                }
                Effect::GroupStart(path) => self.note(Step::GroupStart(path.to_string())),
                Effect::GroupEnd { .. } => self.note(Step::GroupEnd),
                Effect::Instance => Answer::Instance(Instance {
                    active: 1,
                    initialized: 1,
                    ..Instance::default()
                }),
                Effect::Read { request, path } => {
                    let name = self.names.get(&request).cloned().unwrap_or_default();
                    self.reads.entry(name).or_default().insert(path);
                    Answer::Go
                }
                Effect::Log(_) | Effect::MarkFailed(_) | Effect::Ready => Answer::Go,
            };
        }
        End::default()
    }

    fn note(&mut self, step: Step) -> Answer {
        self.steps.push(step);
        Answer::Go
    }

    fn sleep(&mut self, time: Duration) -> Answer {
        self.now += time.min(Duration::from_secs(86_400));
        self.note(Step::Sleep(time, time))
    }

    fn request(&mut self, request: Rc<Request>) {
        self.names.insert(request.id, request.name.to_string());
        self.steps.push(Step::Request(request));
    }

    fn answer(&mut self, id: u64) -> Answer {
        self.now += TOOK;
        self.answered = true;
        Answer::Response(Box::new(Response {
            id,
            status: 200,
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: Some(b"{}".to_vec()),
            made_up: true,
            timings: Timings {
                waiting: TOOK,
                ..Timings::default()
            },
            ..Response::default()
        }))
    }
}

/// What `setup` or `teardown` does when its requests are answered as in a recording: a recording of one call.
///
/// # Errors
/// If the init code fails.
pub fn phase(script: &Rc<Script>, call: Call) -> Result<Recording, Failure> {
    let mut recorder = Recorder::new(script)?;
    let end = recorder.call(call);
    let mut recording = Recording {
        iterations: 1,
        ..Recording::default()
    };
    recording.note(end.failure);
    recording.value = end.value;
    recording.variants = vec![(recorder.steps, 1)];
    recording.reads = recorder.reads;
    Ok(recording)
}

/// Runs so many iterations of an exported function with made-up answers; `setup` runs first, if there is one. If that
/// fails, which [`phase`] tells, iterations get no data of it.
///
/// # Errors
/// If the init code fails.
pub fn record(script: &Rc<Script>, about: &Iteration, times: u32) -> Result<Recording, Failure> {
    let mut recorder = Recorder::new(script)?;
    let data: Option<Rc<str>> = recorder.setup(script).map(Into::into);
    let mut seen: Vec<(Vec<Step>, u32)> = Vec::new();
    let mut recording = Recording::default();
    for i in 0..u64::from(times) {
        // Many scripts choose their way by the number of the VU.
        let (vu, iteration) = (1 + i % VUS, i / VUS);
        let end = recorder.call(Call::Iteration(Iteration {
            vu,
            iteration,
            iteration_in_scenario: iteration,
            iteration_in_test: i,
            data: data.clone(),
            ..about.clone()
        }));
        recording.iterations += 1;
        recording.note(end.failure);
        count(&mut seen, &recorder.steps);
    }
    recording.reads = recorder.reads;
    seen.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    recording.variants = seen;
    Ok(recording)
}

/// Counts an iteration among those that took the same steps.
fn count(seen: &mut Vec<(Vec<Step>, u32)>, steps: &[Step]) {
    let same = |known: &[Step]| {
        known.len() == steps.len() && known.iter().zip(steps).all(|(a, b)| a.same(b))
    };
    match seen.iter_mut().find(|(known, _)| same(known)) {
        Some((known, count)) => {
            *count += 1;
            for (a, b) in known.iter_mut().zip(steps) {
                a.widen(b);
            }
        }
        None => seen.push((steps.to_vec(), 1)),
    }
}
