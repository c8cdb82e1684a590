//! What a script does, seen in some iterations with answers that are made up.
//!
//! Every request is answered with status 200 and a body that has whatever field the script reads, so a script whose
//! way depends on real answers may take another way here.

mod step;

use crate::effect::{
    Answer, Call, Effect, End, Failure, Instance, Iteration, Request, Response, Timings,
};
use crate::script::Script;
use crate::vu::ScriptVu;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

pub use step::{Checked, Sample, Step, pattern};

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
    /// Where answers take long, iterations take other steps.
    pub by_time: bool,
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

/// How long one takes to see what depends on that; no two of an iteration take the same time.
const SLOW: Duration = Duration::from_secs(17);

/// Iterations of each scenario with slow answers.
const SLOW_TIMES: u64 = 20;

/// Steps after which an iteration is ended.
const MOST: usize = 300;

struct Recorder {
    vu: ScriptVu,
    now: Duration,
    steps: Vec<Step>,
    /// Requests that were answered in this call.
    answered: u32,
    /// Answers take long.
    slow: bool,
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
            answered: 0,
            slow: false,
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
        self.answered = 0;
        let mut answer = Answer::Run(Box::new(call));
        for effects in 0.. {
            let effect = self.vu.resume(answer, self.now);
            answer = match effect {
                Effect::Done(end) => return end,
                _ if self.steps.len() >= MOST || effects > 20 * MOST => Answer::Stop,
                Effect::Request(request) => {
                    let id = request.id;
                    self.request(request, false);
                    self.answer(id)
                }
                Effect::Send(request) => {
                    self.sent.push(request.id);
                    self.request(request, true);
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
                Effect::Check {
                    name, tags, passed, ..
                } => self.note(Step::Check(Checked {
                    name: name.to_string(),
                    tags,
                    passed,
                    failed: !passed,
                    by_time: false,
                })),
                Effect::MetricAdd {
                    name, value, tags, ..
                } => {
                    let apart = (value - self.took().as_secs_f64() * 1e3).abs();
                    self.note(Step::Metric(Sample {
                        name: name.to_string(),
                        values: (value, value),
                        is_duration: self.answered > 0 && apart < 1e-7,
                        follows: self.answered > 0,
                        by_time: false,
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

    /// How long the last request took that was answered.
    fn took(&self) -> Duration {
        match self.slow {
            false => TOOK,
            true => SLOW + self.answered * TOOK,
        }
    }

    fn request(&mut self, request: Rc<Request>, beside: bool) {
        self.names.insert(request.id, request.name.to_string());
        self.steps.push(Step::Request(request, beside));
    }

    fn answer(&mut self, id: u64) -> Answer {
        self.answered += 1;
        let waiting = self.took();
        self.now += waiting;
        let mut response = Response {
            id,
            status: 200,
            headers: vec![("Content-Type".into(), "application/json".into())],
            timings: Timings {
                waiting,
                ..Timings::default()
            },
            ..Response::default()
        };
        response.make_up();
        Answer::Response(Box::new(response))
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

/// A scenario that runs a function.
#[derive(Clone, Debug)]
pub struct Load {
    /// What is the same for all of its iterations.
    pub about: Iteration,
    /// VUs that it has at most.
    pub vus: u64,
    /// Iterations of all of them.
    pub iterations: u64,
}

impl Load {
    /// The call of an iteration, of which there are so many before.
    fn call(&self, before: u64, data: &Option<Rc<str>>) -> Call {
        let (i, vus) = (before % self.iterations.max(1), self.vus.clamp(1, VUS));
        // Many scripts choose their way by the number of the VU.
        Call::Iteration(Iteration {
            vu: 1 + i % vus,
            iteration: i / vus,
            iteration_in_scenario: i / vus,
            iteration_in_test: i,
            data: data.clone(),
            ..self.about.clone()
        })
    }
}

/// Runs so many iterations of the function of these scenarios with made-up answers, as many for each; `setup` runs first,
/// if there is one. If that fails, which [`phase`] tells, iterations get no data of it. Numbers of VUs and iterations are
/// some that the scenario has.
///
/// # Errors
/// If the init code fails.
pub fn record(script: &Rc<Script>, loads: &[Load], times: u32) -> Result<Recording, Failure> {
    let mut recorder = Recorder::new(script)?;
    let data: Option<Rc<str>> = recorder.setup(script).map(Into::into);
    let mut seen: Vec<(Vec<Step>, u32)> = Vec::new();
    let mut recording = Recording::default();
    let each = u64::from(times).div_ceil(loads.len().max(1) as u64);
    let turns = |n: u64| {
        let of = move |load| (0..n).map(move |i| (load, i));
        loads.iter().flat_map(of)
    };
    for (load, i) in turns(each) {
        let end = recorder.call(load.call(i, &data));
        recording.iterations += 1;
        recording.note(end.failure);
        count(&mut seen, &recorder.steps);
    }
    let mut others = 0;
    recorder.slow = true;
    for (load, i) in turns(SLOW_TIMES) {
        recorder.call(load.call(i, &data));
        let steps = &recorder.steps;
        match seen.iter_mut().find(|(known, _)| are_same(known, steps)) {
            Some((known, _)) => {
                let pairs = known.iter_mut().zip(steps);
                pairs.for_each(|(step, slow)| step.compare(slow));
            }
            None => others += 1,
        }
    }
    // Where chance decides, some take steps that were not seen before.
    recording.by_time = 2 * others > SLOW_TIMES * loads.len() as u64;
    recording.reads = recorder.reads;
    seen.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    recording.variants = seen;
    Ok(recording)
}

/// Whether two iterations took the same steps.
fn are_same(known: &[Step], steps: &[Step]) -> bool {
    known.len() == steps.len() && known.iter().zip(steps).all(|(a, b)| a.same(b))
}

/// Counts an iteration among those that took the same steps.
fn count(seen: &mut Vec<(Vec<Step>, u32)>, steps: &[Step]) {
    match seen.iter_mut().find(|(known, _)| are_same(known, steps)) {
        Some((known, count)) => {
            *count += 1;
            for (a, b) in known.iter_mut().zip(steps) {
                a.widen(b);
            }
        }
        None => seen.push((steps.to_vec(), 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn numbers_and_identifiers_in_a_path_are_parameters() {
        for (url, path) in [
            ("http://a/items/7?x=1", "/items/{id}"),
            ("http://a/days/2026-12-01/12:30", "/days/{id}/{id}"),
            ("http://a/u/anna%40b.test/x", "/u/{id}/x"),
            ("http://a/o/6f9619ff-8b86-d011-b42d-00c04fc964ff", "/o/{id}"),
            (
                "http://a/v2/list/jquery-3.6.0.min.js",
                "/v2/list/jquery-3.6.0.min.js",
            ),
            ("http://a/api/1.0/product-lists", "/api/1.0/product-lists"),
            ("http://a", "/"),
        ] {
            assert_eq!(pattern(url), path, "{url}");
        }
    }
}
