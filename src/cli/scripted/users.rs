//! VUs that a script drives: translates the script's effects for the engine, and responses for the script.

mod pace;
mod resume;
mod samples;
mod scenarios;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use capsim_script::record::pattern;
use capsim_script::{
    Answer, Effect, End, Failure as Stop, Iteration, Level, Request, ScriptVu, VuFactory,
};

use self::pace::{Pace, shortest};
use self::samples::{Seen, SeenCheck, place, said};
use super::learned::{Attempt, SiteKey, key_of, wanted};
use super::program::Shared;
use super::routes::{Routes, Sent};
use super::text_of;
use crate::engine::{Span, Time};
use crate::measure::recorder::SampleSource;
use crate::model::Model;
use crate::model::journey::SiteId;
use crate::model::system::EndpointId;
use crate::world::users::{Entities, StateView, Turn, UserAction, UserSource};

/// Lines of a script that are shown; the others are counted.
const MOST_LINES: usize = 100;

/// VUs of a scenario whose script runs where a run is made to learn; the others do nothing. What they alone would do is
/// learnt in the run itself, which is then made again.
const MOST_LEARNERS: usize = 1_000;

/// How long those sleep.
const LONG: Span = Span(3_600_000_000_000);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    Idle,
    Sleep,
    /// For the answer to this request, which was sent then.
    Answer(u64, Time),
    /// For the answer to any of those that were sent without waiting, or until a time.
    Any,
}

struct User {
    vu: ScriptVu,
    iteration: u32,
    /// When that began.
    begun: Time,
    /// Iterations without any time between them, and when they began.
    at_once: (Time, u32),
    in_call: bool,
    waits: Waits,
    /// Requests under way beside others, and when they were sent.
    beside: BTreeMap<u64, (Time, Box<Sent>)>,
    /// The request that it waits for.
    sent: Option<Box<Sent>>,
    /// What it does once the world knows what its request is about.
    then: Option<UserAction>,
    /// The request that waits for its turn among all, and whether it is sent beside others.
    held: Option<(Rc<Request>, bool)>,
    /// Kinds of requests that its iteration has sent and how long it slept or was held back, in a run that is made to learn.
    made: (Vec<SiteKey>, Span),
}

pub struct ScriptUsers<'m> {
    factory: Rc<VuFactory>,
    data: Option<Rc<str>>,
    shared: Arc<Shared>,
    model: &'m Model,
    vus: Vec<Option<Box<User>>>,
    begun: Vec<u64>,
    /// VUs of each scenario that have come to learn.
    learners: Vec<usize>,
    /// What scripts are told of each scenario.
    about: Vec<Iteration>,
    /// The number of each scenario's first VU.
    numbers: Vec<u64>,
    routes: Routes,
    sites: BTreeMap<SiteKey, SiteId>,
    /// Kinds of requests that were sent before, by endpoint.
    seen: Vec<Vec<Seen>>,
    /// Checks that scenarios made before.
    checks: Vec<SeenCheck>,
    /// Tags that thresholds name.
    wanted: BTreeSet<(String, String)>,
    /// Some site of each endpoint.
    any: BTreeMap<EndpointId, SiteId>,
    /// The script's limit on requests a second.
    pace: Option<Pace>,
    /// How long an iteration takes at least, with the rest behind it.
    shortest: Span,
    told: Rc<RefCell<Attempt>>,
    learns: bool,
    hidden: usize,
}

fn duration(time: Time) -> Duration {
    Duration::from_nanos(time.0)
}

fn span(time: Duration) -> Span {
    Span(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

impl UserSource for ScriptUsers<'_> {
    fn next(&mut self, turn: Turn, state: &StateView) -> UserAction {
        match self.go_on(turn, state) {
            Ok(deed) => deed,
            Err(problem) => {
                let why = problem.as_str().into();
                self.told.borrow_mut().problem.get_or_insert(problem);
                UserAction::Fail(why)
            }
        }
    }
}

impl<'m> ScriptUsers<'m> {
    /// The users of one run.
    pub fn new(
        shared: Arc<Shared>,
        factory: Rc<VuFactory>,
        model: &'m Model,
        told: Rc<RefCell<Attempt>>,
    ) -> ScriptUsers<'m> {
        let learns = told.borrow().missing.learns();
        let about = scenarios::told(model, &shared.options);
        let (mut sites, mut any) = (BTreeMap::new(), BTreeMap::new());
        for (site, id) in model.sites.iter().zip(0..) {
            sites.entry(key_of(site)).or_insert(SiteId(id));
            any.entry(site.endpoint).or_insert(SiteId(id));
        }
        ScriptUsers {
            pace: Pace::of(&shared.options),
            shortest: shortest(&shared.options),
            factory,
            data: None,
            shared,
            model,
            vus: Vec::new(),
            begun: vec![0; model.scenarios.len()],
            learners: vec![0; model.scenarios.len()],
            about,
            numbers: scenarios::first_numbers(&model.scenarios),
            routes: Routes::of(model),
            sites,
            seen: model.endpoints.iter().map(|_| Vec::new()).collect(),
            checks: Vec::new(),
            wanted: wanted(model),
            any,
            learns,
            told,
            hidden: 0,
        }
    }
}

impl ScriptUsers<'_> {
    fn go_on(&mut self, turn: Turn, state: &StateView) -> Result<UserAction, String> {
        let at = turn.vu as usize;
        if self.vus.len() <= at {
            self.vus.resize_with(at + 1, || None);
        }
        let mut user = match self.vus[at].take() {
            Some(user) => user,
            None if self.has_enough(turn) => return Ok(UserAction::Sleep(LONG)),
            None => Box::new(self.new_user(turn, state)?),
        };
        let action = match user
            .then
            .take()
            .filter(|_| user.iteration == turn.iteration)
        {
            Some(then) => Ok(then),
            None => match user
                .held
                .take()
                .filter(|_| user.iteration == turn.iteration)
            {
                Some((request, beside)) => self.request(turn, &mut user, &request, beside),
                None => self.drive(turn, state, &mut user),
            },
        };
        self.vus[at] = Some(user);
        action
    }

    /// The number that the script sees of a VU.
    fn number(&self, turn: Turn, state: &StateView) -> u64 {
        let of_scenario = |index: usize| {
            let before = turn.vu.saturating_sub(state.first_vu(index));
            Some(*self.numbers.get(index)? + u64::from(before))
        };
        let own = turn.origin.as_scenario().and_then(of_scenario);
        own.unwrap_or(u64::from(turn.vu))
    }

    /// Whether a run that is made to learn needs no more VUs of a scenario.
    fn has_enough(&mut self, turn: Turn) -> bool {
        let Some(index) = turn.origin.as_scenario().filter(|_| self.learns) else {
            return false;
        };
        self.learners[index] += 1;
        self.learners[index] > MOST_LEARNERS
    }

    fn new_user(&mut self, turn: Turn, state: &StateView) -> Result<User, String> {
        let number = self.number(turn, state);
        let mut vu = self.factory.vu(number, u64::from(turn.vu));
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
            begun: turn.now,
            at_once: (turn.now, 0),
            in_call: false,
            waits: Waits::Idle,
            beside: BTreeMap::new(),
            sent: None,
            then: None,
            held: None,
            made: Default::default(),
        })
    }

    /// Resumes a user until it does something that the world must know of.
    fn drive(
        &mut self,
        turn: Turn,
        state: &StateView,
        user: &mut User,
    ) -> Result<UserAction, String> {
        let mut answer = self.answer(turn, state, user)?;
        loop {
            answer = match user.vu.resume(answer, duration(turn.now)) {
                Effect::Request(request) => return self.pace(turn, user, request, false),
                Effect::Send(request) => return self.pace(turn, user, request, true),
                Effect::Wait(until) => {
                    if until.is_none() && user.beside.is_empty() {
                        return Err("the script waits for nothing".to_owned());
                    }
                    user.waits = Waits::Any;
                    let left = |until: Duration| span(until.saturating_sub(duration(turn.now)));
                    return Ok(UserAction::WaitForAny(until.map(left)));
                }
                Effect::Sleep(time) => {
                    user.waits = Waits::Sleep;
                    user.made.1 = user.made.1 + span(time);
                    return Ok(UserAction::Sleep(span(time)));
                }
                Effect::Check {
                    name,
                    passed,
                    tags,
                    group,
                } => match self.check(turn, (&name, &group), &tags) {
                    Some(check) => return Ok(UserAction::Check(check, passed)),
                    None => Answer::Go,
                },
                Effect::MetricAdd {
                    name,
                    value,
                    tags,
                    group,
                } => match self.metric(&name) {
                    Some(metric) => {
                        let label = self.label(turn, &group, &tags);
                        return Ok(UserAction::Record(metric, label, value));
                    }
                    None => Answer::Go,
                },
                Effect::GroupEnd {
                    group,
                    tags,
                    duration,
                } => match self.label(turn, &group, &tags) {
                    Some(label) => return Ok(UserAction::GroupEnd(label, span(duration))),
                    None => Answer::Go,
                },
                Effect::GroupStart(path) => {
                    self.open_group(&place(turn, &path));
                    Answer::Go
                }
                Effect::Log(line) => self.tell(line.level, &said(&line)),
                Effect::MarkFailed(text) => {
                    self.told.borrow_mut().failed = true;
                    self.tell(Level::Error, &text)
                }
                Effect::Instance => Answer::Instance(Self::instance(turn, state)),
                Effect::Read { .. } | Effect::Ready => Answer::Go,
                Effect::Done(end) => {
                    user.in_call = false;
                    return self.done(turn, user, end);
                }
            };
        }
    }

    /// What the end of a call means to the world.
    fn done(&mut self, turn: Turn, user: &mut User, end: End) -> Result<UserAction, String> {
        if turn.origin == SampleSource::SETUP {
            self.data = end.value.map(Into::into);
            self.told.borrow_mut().setup.clone_from(&self.data);
        }
        let over = self.over(turn, user);
        if let UserAction::Rest(time) = over {
            user.made.1 = user.made.1 + time;
        }
        if let Some(scenario) = turn.origin.as_scenario() {
            let told = &mut *self.told.borrow_mut();
            let (all, threw) = &mut told.ended;
            *all += 1;
            *threw += u64::from(matches!(end.failure, Some(Stop::Exception(_))));
            let journey = self.model.scenarios[scenario].journey.index();
            let (made, slept) = &mut user.made;
            if told.missing.iteration_over(scenario, journey, made, *slept) {
                // This run has shown enough, but for teardown.
                return Ok(UserAction::Abort);
            }
        }
        match end.failure {
            None | Some(Stop::Stopped) => Ok(over),
            Some(Stop::Exception(text) | Stop::Result(text))
                if turn.origin == SampleSource::SETUP =>
            {
                // The summary is printed all the same, and nothing else runs.
                self.told.borrow_mut().threw = true;
                self.tell(Level::Error, text.trim_end());
                Ok(UserAction::End)
            }
            Some(Stop::Result(text)) => Err(text),
            Some(Stop::Exception(text)) => {
                self.told.borrow_mut().threw |= turn.origin == SampleSource::TEARDOWN;
                self.tell(Level::Error, text.trim_end());
                Ok(over)
            }
            Some(Stop::Endless(text)) => Err(text),
            Some(Stop::Abort(text)) => {
                self.told.borrow_mut().aborted.get_or_insert(text);
                Ok(UserAction::Abort)
            }
        }
    }

    fn request(
        &mut self,
        turn: Turn,
        user: &mut User,
        request: &Rc<Request>,
        beside: bool,
    ) -> Result<UserAction, String> {
        let sent = self.routes.find(request).map_err(|name| {
            let (method, path) = (&request.method, pattern(&request.url));
            format!(
                "the script calls {method} {path}, but the system has no endpoint for it\n  help: add \
                 [endpoints.{name}] with route = \"{method} {path}\" and visits = [{{ station = \"server\", time = \
                 {{ exponential = \"10ms\" }} }}]"
            )
        })?;
        let endpoint = sent.endpoint;
        let site = self.site(turn, endpoint, request, user);
        // Without a site this run is made again, with one.
        let action = site.map_or(UserAction::End, |site| match beside {
            true => UserAction::Send(site, request.id),
            false => UserAction::Request(site),
        });
        let http = self.model.endpoints[endpoint.index()].http.as_deref();
        let about = http.map(|http| sent.entities(http)).unwrap_or_default();
        if beside {
            user.beside.insert(request.id, (turn.now, Box::new(sent)));
        } else {
            user.waits = Waits::Answer(request.id, turn.now);
            user.sent = Some(Box::new(sent));
        }
        if about == Entities::default() {
            return Ok(action);
        }
        user.then = Some(action);
        Ok(UserAction::Identify(about))
    }
}
