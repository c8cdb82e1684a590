//! VUs that a script drives: translates the script's effects for the engine, and responses for the script.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use capsim_script::record::pattern;
use capsim_script::{
    Answer, Call, Effect, End, Failure as Stop, Instance, Iteration, Level, Request, RequestError,
    Response, ScriptVu, Timings, VuFactory,
};

use super::{MOST_SITES, Scripted, SiteKey, Told, key_of, text_of};
use crate::cli::import::journey::endpoint_name;
use crate::engine::{Span, Time};
use crate::measure::recorder::{Code, Origin};
use crate::model::Model;
use crate::model::journey::{CheckId, GroupId, MetricId, SiteId};
use crate::model::system::EndpointId;
use crate::world::users::{Turn, UserAction, UserSource};

/// Lines of a script that are shown; the others are counted.
const MOST_LINES: usize = 100;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    Idle,
    Sleep,
    /// For the answer to this request, which was sent then.
    Answer(u64, Time),
}

struct User {
    vu: ScriptVu,
    iteration: u32,
    /// Iterations without any time between them, and when they began.
    at_once: (Time, u32),
    in_call: bool,
    waits: Waits,
    /// Requests of a batch that are sent one after another.
    queued: VecDeque<Request>,
    endpoint: String,
}

pub struct ScriptUsers<'m> {
    factory: Rc<VuFactory>,
    data: Option<Rc<str>>,
    answers: BTreeMap<String, String>,
    model: &'m Model,
    vus: BTreeMap<u32, User>,
    begun: Vec<u64>,
    endpoints: BTreeMap<String, EndpointId>,
    sites: BTreeMap<SiteKey, SiteId>,
    /// Some site of each endpoint.
    any: BTreeMap<EndpointId, SiteId>,
    told: Rc<RefCell<Told>>,
    hidden: usize,
}

fn duration(time: Time) -> Duration {
    Duration::from_nanos(time.0)
}

fn span(time: Duration) -> Span {
    Span(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

impl UserSource for ScriptUsers<'_> {
    fn next(&mut self, turn: Turn) -> UserAction {
        match self.go_on(turn) {
            Ok(deed) => deed,
            Err(problem) => {
                self.told.borrow_mut().problem.get_or_insert(problem);
                UserAction::End
            }
        }
    }
}

impl<'m> ScriptUsers<'m> {
    /// The users of one run.
    pub fn new(
        scripted: &Scripted,
        factory: Rc<VuFactory>,
        model: &'m Model,
        told: Rc<RefCell<Told>>,
    ) -> ScriptUsers<'m> {
        let (mut sites, mut any) = (BTreeMap::new(), BTreeMap::new());
        for (site, id) in model.sites.iter().zip(0..) {
            sites.entry(key_of(site)).or_insert(SiteId(id));
            any.entry(site.endpoint).or_insert(SiteId(id));
        }
        let names = model.endpoints.iter().zip(0..);
        let endpoints = names
            .map(|(e, id)| (e.name.clone(), EndpointId(id)))
            .collect();
        ScriptUsers {
            factory,
            data: None,
            answers: scripted.answers.clone(),
            model,
            vus: BTreeMap::new(),
            begun: vec![0; model.scenarios.len()],
            endpoints,
            sites,
            any,
            told,
            hidden: 0,
        }
    }
}

impl ScriptUsers<'_> {
    fn go_on(&mut self, turn: Turn) -> Result<UserAction, String> {
        let mut user = match self.vus.remove(&turn.vu) {
            Some(user) => user,
            None => self.new_user(turn)?,
        };
        let deed = self.drive(turn, &mut user);
        self.vus.insert(turn.vu, user);
        deed
    }

    fn new_user(&mut self, turn: Turn) -> Result<User, String> {
        let number = u64::from(turn.vu);
        let mut vu = self.factory.vu(number);
        let mut effect = vu.resume(Answer::Go, duration(turn.now));
        loop {
            match effect {
                Effect::Ready => break,
                Effect::Done(end) => return Err(text_of(end.failure.unwrap_or(Stop::Stopped))),
                _ => effect = vu.resume(Answer::Go, duration(turn.now)),
            }
        }
        Ok(User {
            vu,
            iteration: 0,
            at_once: (turn.now, 0),
            in_call: false,
            waits: Waits::Idle,
            queued: VecDeque::new(),
            endpoint: String::new(),
        })
    }

    /// What the last effect of a user has come to.
    fn answer(&mut self, turn: Turn, user: &mut User) -> Result<Answer, String> {
        if user.iteration != turn.iteration {
            if user.in_call {
                // The iteration before was cut off.
                user.vu.resume(Answer::Stop, duration(turn.now));
            }
            user.iteration = turn.iteration;
            takes_time(turn, user)?;
            user.in_call = true;
            user.queued.clear();
            user.waits = Waits::Idle;
            return Ok(Answer::Run(Box::new(self.call(turn))));
        }
        match std::mem::replace(&mut user.waits, Waits::Idle) {
            Waits::Answer(id, sent) => Ok(Answer::Response(Box::new(
                self.response(turn, user, id, sent),
            ))),
            Waits::Idle | Waits::Sleep => Ok(Answer::Go),
        }
    }

    /// What a new iteration of a user calls.
    fn call(&mut self, turn: Turn) -> Call {
        match turn.origin {
            Origin::SETUP => Call::Setup,
            Origin::TEARDOWN => Call::Teardown(self.data.clone()),
            _ => Call::Iteration(self.iteration(turn)),
        }
    }

    fn iteration(&mut self, turn: Turn) -> Iteration {
        let index = turn.origin.as_scenario().unwrap_or(0);
        let scenario = &self.model.scenarios[index];
        let begun = &mut self.begun[index];
        *begun += 1;
        let exec = &self.model.journeys[scenario.journey.index()].name;
        Iteration {
            exec: exec.as_str().into(),
            scenario: scenario.name.as_str().into(),
            executor: "".into(),
            vu: u64::from(turn.vu),
            iteration: u64::from(turn.iteration - 1),
            iteration_in_scenario: u64::from(turn.iteration - 1),
            iteration_in_test: *begun - 1,
            data: self.data.clone(),
            ..Iteration::default()
        }
    }

    fn response(&self, turn: Turn, user: &User, id: u64, sent: Time) -> Response {
        let code = turn.reply.code;
        let error = match code {
            Code::TIMEOUT => Some(RequestError::timeout(false)),
            Code::REFUSED => Some(RequestError {
                code: 1212,
                message: "dial: connection refused".to_string(),
                detail: None,
                in_body: false,
            }),
            _ => None,
        };
        let body = self
            .answers
            .get(&user.endpoint)
            .map_or("{}", String::as_str);
        Response {
            id,
            status: code.status(),
            headers: vec![("Content-Type".to_string(), "application/json".to_string())],
            body: error.is_none().then(|| body.as_bytes().to_vec()),
            timings: Timings {
                waiting: Duration::from_nanos(turn.now.since(sent).0),
                ..Timings::default()
            },
            remote: ("127.0.0.1".to_string(), 80),
            error,
        }
    }

    /// Resumes a user until it does something that the world must know of.
    fn drive(&mut self, turn: Turn, user: &mut User) -> Result<UserAction, String> {
        let mut answer = self.answer(turn, user)?;
        loop {
            answer = match user.vu.resume(answer, duration(turn.now)) {
                Effect::Request(request) => return self.request(turn, user, &request),
                Effect::Send(request) => {
                    user.queued.push_back(*request);
                    Answer::Go
                }
                Effect::Wait(until) => {
                    if let Some(request) = user.queued.pop_front() {
                        return self.request(turn, user, &request);
                    }
                    let until = until.ok_or("the script waits for nothing")?;
                    user.waits = Waits::Sleep;
                    return Ok(UserAction::Sleep(span(
                        until.saturating_sub(duration(turn.now)),
                    )));
                }
                Effect::Sleep(time) => {
                    user.waits = Waits::Sleep;
                    return Ok(UserAction::Sleep(span(time)));
                }
                Effect::Check {
                    name,
                    passed,
                    group,
                    ..
                } => match self.check(&name, &place(turn, &group)) {
                    Some(check) => return Ok(UserAction::Check(check, passed)),
                    None => {
                        self.check_is_new(place(turn, &group), name);
                        Answer::Go
                    }
                },
                Effect::MetricAdd {
                    name, value, group, ..
                } => match self.metric(&name) {
                    Some(metric) => {
                        return Ok(UserAction::Record(
                            metric,
                            self.group(&place(turn, &group)),
                            value,
                        ));
                    }
                    None => Answer::Go,
                },
                Effect::GroupEnd { group, duration } => match self.group(&place(turn, &group)) {
                    Some(id) => return Ok(UserAction::GroupEnd(id, span(duration))),
                    None => Answer::Go,
                },
                Effect::GroupStart(path) => {
                    self.open_group(place(turn, &path));
                    Answer::Go
                }
                Effect::Log(line) => {
                    self.tell(line.level, &line.text);
                    Answer::Go
                }
                Effect::MarkFailed(text) => {
                    self.tell(Level::Error, &text);
                    Answer::Go
                }
                Effect::Instance => Answer::Instance(Instance::default()),
                Effect::Read { .. } | Effect::Ready => Answer::Go,
                Effect::Done(end) => {
                    user.in_call = false;
                    return self.done(turn, end);
                }
            };
        }
    }

    /// A group that the model does not know is to be added to it.
    fn open_group(&mut self, path: String) {
        if self.group(&path).is_none() {
            self.told.borrow_mut().missing.groups.insert(path);
        }
    }

    /// Notes a check that the recording of one iteration has not seen.
    fn check_is_new(&self, group: String, name: String) {
        self.told.borrow_mut().missing.checks.insert((group, name));
    }

    /// What the end of a call means to the world.
    fn done(&mut self, turn: Turn, end: End) -> Result<UserAction, String> {
        if turn.origin == Origin::SETUP {
            self.data = end.value.map(Into::into);
        }
        match end.failure {
            None | Some(Stop::Stopped) => Ok(UserAction::Done),
            Some(Stop::Exception(text) | Stop::Result(text)) if turn.origin == Origin::SETUP => {
                Err(format!("setup: {}", text.trim_end()))
            }
            Some(Stop::Result(text)) => Err(text),
            Some(Stop::Exception(text)) => {
                self.tell(Level::Error, text.trim_end());
                Ok(UserAction::Done)
            }
            Some(Stop::Endless(text)) => Err(text),
            Some(Stop::Abort(text)) => {
                self.told.borrow_mut().aborted = Some(text);
                Ok(UserAction::End)
            }
        }
    }

    fn request(
        &mut self,
        turn: Turn,
        user: &mut User,
        request: &Request,
    ) -> Result<UserAction, String> {
        let name = endpoint_name(&request.method, &request.url, &request.name);
        let Some(&endpoint) = self.endpoints.get(&name) else {
            let (method, path) = (&request.method, pattern(&request.url));
            return Err(format!(
                "the script calls {method} {path}, but the system has no endpoint `{name}`\n  help: add \
                 [endpoints.{name}] with visits = [{{ station = \"server\", time = {{ exponential = \"10ms\" }} }}]"
            ));
        };
        let tags = request.tags.iter().filter(|(key, _)| *key != "name");
        let tags = tags.map(|(k, v)| (k.clone(), v.clone())).collect();
        let key = (
            endpoint,
            place(turn, &request.group),
            span(request.timeout),
            tags,
        );
        let known = self.sites.get(&key).copied();
        if known.is_none() && self.model.sites.len() < MOST_SITES {
            self.told.borrow_mut().missing.sites.insert(key);
        }
        user.endpoint = name;
        user.waits = Waits::Answer(request.id, turn.now);
        match known.or_else(|| self.any.get(&endpoint).copied()) {
            Some(site) => Ok(UserAction::Request(site)),
            // This run is made again, with a site of that endpoint.
            None => Ok(UserAction::End),
        }
    }

    fn check(&self, name: &str, group: &str) -> Option<CheckId> {
        let at = self
            .model
            .checks
            .iter()
            .position(|c| c.name == name && c.group == group)?;
        u16::try_from(at).ok().map(CheckId)
    }

    fn metric(&self, name: &str) -> Option<MetricId> {
        let at = self.model.metrics.iter().position(|m| m.name == name)?;
        u16::try_from(at).ok().map(MetricId)
    }

    fn group(&self, path: &str) -> Option<GroupId> {
        let at = self.model.groups.iter().position(|g| g.path == path)?;
        u16::try_from(at).ok().map(GroupId)
    }

    fn tell(&mut self, level: Level, text: &str) {
        let mut told = self.told.borrow_mut();
        if told.lines.len() > MOST_LINES {
            self.hidden += 1;
            let hidden = self.hidden;
            if let Some(last) = told.lines.last_mut() {
                *last = format!("… and {hidden} more lines of the script's log");
            }
            return;
        }
        let word = match level {
            Level::Debug => return,
            Level::Info => "INFO",
            Level::Warning => "WARN",
            Level::Error => "ERRO",
        };
        told.lines.push(format!("{word} {text}"));
    }
}

/// Iterations of one VU that may begin at the same instant.
const AT_ONCE: u32 = 100_000;

/// Refuses a VU whose iterations go on and on without any time passing.
fn takes_time(turn: Turn, user: &mut User) -> Result<(), String> {
    let (since, count) = &mut user.at_once;
    if *since != turn.now {
        (*since, *count) = (turn.now, 0);
    }
    *count += 1;
    if *count <= AT_ONCE {
        return Ok(());
    }
    Err(format!(
        "{AT_ONCE} iterations of VU {} took no time at all\n  help: let the function that the scenario calls \
         send a request or sleep, or limit its iterations",
        turn.vu
    ))
}

/// The group that a sample is in: those of setup and teardown are in groups of these names, as in k6.
fn place(turn: Turn, group: &str) -> String {
    let phase = match turn.origin {
        Origin::SETUP => "::setup",
        Origin::TEARDOWN => "::teardown",
        _ => "",
    };
    format!("{phase}{group}")
}
