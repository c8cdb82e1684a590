//! Interprets journeys: what a VU does next, and the random choices on the way.

use super::vu::{Context, Effect, NONE, Reply, Vu};
use crate::engine::alias::Alias;
use crate::engine::stream::Stream;
use crate::engine::table::Table;
use crate::engine::{Span, Time};
use crate::measure::recorder::{Recorder, SampleSource, SampleTags};
use crate::model::Model;
use crate::model::journey::{Condition, GroupId, Journey, Recorded, Step};
use crate::model::system::Popularity;
use crate::parts::tokens::Tokens;

/// The random choices of one journey, each with its own stream.
#[derive(Clone, Debug)]
pub struct Choices {
    user: Stream,
    event: Stream,
    token: Stream,
    branch: Stream,
}

impl Choices {
    /// Streams named after the journey.
    #[must_use]
    pub fn new(seed: u64, replication: u64, journey: &str) -> Choices {
        let stream = |what| Stream::new(seed, replication, &format!("journeys.{journey}.{what}"));
        Choices {
            user: stream("user"),
            event: stream("event"),
            token: stream("token"),
            branch: stream("branch"),
        }
    }
}

/// How events are chosen.
#[derive(Clone, Debug)]
pub enum EventChoice {
    /// All alike, out of this many.
    Uniform(u32),
    /// By weight.
    Weighted(Alias),
}

impl EventChoice {
    /// The choice for a popularity; `None` if the weights are unusable, which a checked model's are not.
    #[must_use]
    pub fn new(popularity: &Popularity, events: u32) -> Option<EventChoice> {
        let Some(weights) = popularity.weights(events) else {
            return Some(EventChoice::Uniform(events));
        };
        Alias::new(&weights).map(EventChoice::Weighted)
    }

    fn draw(&self, stream: &mut Stream) -> u32 {
        match self {
            EventChoice::Uniform(n) => stream.below(u64::from(*n)) as u32,
            EventChoice::Weighted(table) => table.draw(stream),
        }
    }
}

/// Interprets the journeys of all VUs, and keeps their loop counters and open groups.
#[derive(Clone, Debug)]
pub struct JourneyInterpreter {
    /// The steps of all journeys, one after another.
    steps: Table<Step>,
    /// Where each journey begins.
    entry: Table<u32>,
    /// Loop counters of all VUs.
    loops: Vec<u32>,
    /// Open groups and their start times: `group_depth` for each VU.
    groups: Vec<(Time, GroupId)>,
    /// Most groups that a VU can have open.
    group_depth: usize,
    /// Random choices of all journeys.
    choices: Table<Choices>,
    /// How events are chosen, if there are any.
    events: Option<EventChoice>,
    /// Number of users in the population.
    users: u32,
    /// Whether a journey records how long a request took.
    records_durations: bool,
    /// How long the last request of each VU took, if so.
    last_durations: Vec<Span>,
}

/// Steps a user may take without virtual time passing before it counts as stuck.
pub(crate) const MOST_STEPS_AT_ONE_INSTANT: u32 = 1_000_000;

impl JourneyInterpreter {
    /// For the journeys of a model; VUs get their counters by [`JourneyInterpreter::vu`].
    #[must_use]
    pub fn new(model: &Model, choices: Vec<Choices>) -> JourneyInterpreter {
        let (mut steps, mut entry) = (Vec::new(), Vec::new());
        for journey in &model.journeys {
            let base = steps.len() as u32;
            entry.push(base);
            steps.extend(journey.steps.iter().map(|step| step.moved_by(base)));
        }
        Step::join_checks(&mut steps);
        let group_starts = |j: &Journey| {
            let starts = |s: &&Step| matches!(s, Step::GroupStart(_));
            j.steps.iter().filter(starts).count()
        };
        let inventory = model.inventory.as_ref();
        JourneyInterpreter {
            steps: steps.into(),
            entry: entry.into(),
            loops: Vec::new(),
            groups: Vec::new(),
            group_depth: model.journeys.iter().map(group_starts).max().unwrap_or(0),
            choices: choices.into(),
            events: inventory.and_then(|i| EventChoice::new(&i.popularity, i.events)),
            users: model.users,
            records_durations: steps_of(model).any(records_duration),
            last_durations: Vec::new(),
        }
    }

    /// An idle VU on a journey, with room for this number of loop counters; its number must be `number`.
    pub fn vu(&mut self, number: usize, origin: SampleSource, journey: u16, slots: usize) -> Vu {
        let first = self.loops.len();
        self.loops.resize(first + slots, 0);
        let groups = (number + 1) * self.group_depth;
        self.groups.resize(groups, (Time::ZERO, GroupId(0)));
        if self.records_durations {
            self.last_durations.resize(number + 1, Span::ZERO);
        }
        let mut vu = Vu::new(origin, first as u32);
        self.assign_journey(&mut vu, journey);
        vu
    }

    /// Gives a VU another journey.
    pub fn assign_journey(&self, vu: &mut Vu, journey: u16) {
        vu.journey = journey;
        vu.at = self.entry[journey as usize];
    }

    /// A user begins an iteration: nothing is remembered of the last one.
    #[inline]
    pub fn begin(&mut self, number: u32, vu: &mut Vu, now: Time) {
        vu.at = self.entry[vu.journey as usize];
        vu.started = now;
        vu.iterations += 1;
        vu.context = Context::default();
        vu.reply = Reply::default();
        vu.groups = 0;
        self.answered(number, Span::ZERO);
    }

    /// Notes how long the last request of a user took, if a journey asks for that.
    #[inline]
    pub fn answered(&mut self, number: u32, after: Span) {
        if let Some(last) = self.last_durations.get_mut(number as usize) {
            *last = after;
        }
    }

    /// Resumes the user of this number and returns what it does next. Checks on the way are recorded.
    #[inline(always)]
    pub fn resume(
        &mut self,
        now: Time,
        number: u32,
        vu: &mut Vu,
        tokens: &Tokens,
        recorder: &mut Recorder,
    ) -> Effect {
        let mut at = vu.at as usize;
        let mut step = &self.steps[at];
        if !matches!(step, Step::Request(_) | Step::Sleep(_) | Step::End) {
            // The usual ones at the begin of an iteration and after an answer.
            if matches!(step, Step::PickUser | Step::TakeToken) {
                if matches!(step, Step::PickUser) {
                    self.pick_user(vu);
                } else {
                    self.take_token(vu, tokens);
                }
                at += 1;
                step = &self.steps[at];
            }
            loop {
                match *step {
                    Step::Checks(first, count) => {
                        let passed = vu.reply.code.is_expected();
                        recorder.checks(now, vu.origin, (first, count), passed);
                        at += usize::from(count);
                    }
                    Step::Check(check, condition) => {
                        recorder.checks(now, vu.origin, (check, 1), holds(condition, vu, tokens));
                        at += 1;
                    }
                    _ => break,
                }
                step = &self.steps[at];
            }
        }
        vu.at = at as u32 + 1;
        match *step {
            Step::Request(site) => Effect::Request(site),
            Step::Sleep(time) => Effect::Sleep(time),
            Step::End => Effect::Done,
            _ => self.run_steps(at, now, number, vu, tokens, recorder),
        }
    }

    /// Takes steps from this one on until one has an effect.
    #[inline(never)]
    fn run_steps(
        &mut self,
        mut at: usize,
        now: Time,
        number: u32,
        vu: &mut Vu,
        tokens: &Tokens,
        recorder: &mut Recorder,
    ) -> Effect {
        for _ in 0..MOST_STEPS_AT_ONE_INSTANT {
            match self.steps[at] {
                Step::Request(site) => return Effect::Request(site),
                Step::Sleep(time) => return Effect::Sleep(time),
                Step::End => return Effect::Done,
                // Those are counted against the most steps that one instant may have, one by one.
                Step::Checks(check, _) => {
                    return Effect::Check(check, vu.reply.code.is_expected());
                }
                Step::Check(check, condition) => {
                    return Effect::Check(check, holds(condition, vu, tokens));
                }
                Step::JumpIf(condition, to) => {
                    if holds(condition, vu, tokens) {
                        vu.at = to;
                    }
                }
                Step::Jump(to) => vu.at = to,
                Step::LoopReset(slot) => self.loops[vu.loops as usize + slot as usize] = 0,
                Step::CountTo { slot, limit, then } => {
                    let count = &mut self.loops[vu.loops as usize + slot as usize];
                    *count += 1;
                    if *count >= limit {
                        vu.at = then;
                    }
                }
                _ => {
                    if let Some(effect) = self.take_step(at, now, number, vu, tokens, recorder) {
                        return effect;
                    }
                }
            }
            at = vu.at as usize;
            vu.at += 1;
        }
        Effect::Stuck
    }

    /// Takes one step of the rarer ones. Returns its effect, if it has one.
    // A call for each: within the loop, all that any step may need would be made ready before the first.
    #[inline(never)]
    fn take_step(
        &mut self,
        at: usize,
        now: Time,
        number: u32,
        vu: &mut Vu,
        tokens: &Tokens,
        recorder: &mut Recorder,
    ) -> Option<Effect> {
        match self.steps[at] {
            Step::PickUser => self.pick_user(vu),
            Step::TakeToken => self.take_token(vu, tokens),
            Step::AwaitAdmission => return Some(Effect::AwaitAdmission),
            Step::RetryBegin(policy) => return Some(Effect::RetryBegin(policy)),
            Step::Retry(_) => return Some(Effect::Retry),
            Step::ReleaseSeat => return Some(Effect::ReleaseSeat),
            Step::External => {
                vu.at -= 1;
                return Some(Effect::External);
            }
            _ => self.instant(at, now, number, vu, tokens, recorder),
        }
        None
    }

    /// One of all users.
    #[inline(always)]
    fn pick_user(&mut self, vu: &mut Vu) {
        let stream = &mut self.choices[vu.journey as usize].user;
        vu.context.user = stream.below(u64::from(self.users)) as u32;
    }

    /// One of all tokens issued so far.
    #[inline(never)]
    fn take_token(&mut self, vu: &mut Vu, tokens: &Tokens) {
        let issued = tokens.issued();
        if issued > 0 {
            let stream = &mut self.choices[vu.journey as usize].token;
            let token = stream.below(u64::from(issued)) as u32;
            vu.context.token = token;
            vu.context.user = tokens.owner(token).unwrap_or(NONE);
        }
    }

    /// Rarer steps that change only the VU or the record, and take no virtual time.
    #[inline(never)]
    fn instant(
        &mut self,
        at: usize,
        now: Time,
        number: u32,
        vu: &mut Vu,
        tokens: &Tokens,
        recorder: &mut Recorder,
    ) {
        let choices = &mut self.choices[vu.journey as usize];
        match self.steps[at] {
            Step::PickEvent => {
                if let Some(events) = &self.events {
                    vu.context.event = events.draw(&mut choices.event);
                }
            }
            Step::JumpWithProbability(p, to) => {
                let jumps = choices.branch.chance(p);
                vu.at = if jumps { to } else { vu.at };
            }
            Step::Record(metric, recorded, tagged) => {
                let value = match recorded {
                    Recorded::Number(x) => x,
                    Recorded::Condition(c) => f64::from(u8::from(holds(c, vu, tokens))),
                    Recorded::LastDuration => self.last_durations[number as usize].as_ms(),
                    Recorded::Vu => f64::from(number),
                };
                let mut label = self.label(number, vu);
                label.group = tagged.or(label.group);
                recorder.custom(now, metric, label, value);
            }
            Step::GroupStart(group) => {
                let at = self.open_group(number, vu);
                self.groups[at] = (now, group);
                vu.groups += 1;
            }
            Step::GroupEnd => {
                let label = self.label(number, vu);
                vu.groups -= 1;
                let (started, _) = self.groups[self.open_group(number, vu)];
                recorder.group(now, label, now.since(started));
            }
            _ => {}
        }
    }

    /// Who the user is to the record, and in which group it is.
    fn label(&self, number: u32, vu: &Vu) -> SampleTags {
        let innermost = self.open_group(number, vu).checked_sub(1);
        SampleTags {
            origin: vu.origin,
            group: innermost
                .filter(|_| vu.groups > 0)
                .map(|at| self.groups[at].1),
        }
    }

    /// Where the VU's next group stands.
    fn open_group(&self, number: u32, vu: &Vu) -> usize {
        number as usize * self.group_depth + usize::from(vu.groups)
    }
}

fn steps_of(model: &Model) -> impl Iterator<Item = &Step> {
    model.journeys.iter().flat_map(|journey| &journey.steps)
}

fn records_duration(step: &Step) -> bool {
    matches!(step, Step::Record(_, Recorded::LastDuration, _))
}

#[inline]
fn holds(condition: Condition, vu: &Vu, tokens: &Tokens) -> bool {
    if condition == Condition::Ok {
        return vu.reply.code.is_expected();
    }
    holds_otherwise(condition, vu, tokens)
}

#[inline]
fn holds_otherwise(condition: Condition, vu: &Vu, tokens: &Tokens) -> bool {
    let reply = &vu.reply;
    match condition {
        Condition::Always => true,
        Condition::Ok => reply.code.is_expected(),
        Condition::Failed => !reply.code.is_expected(),
        Condition::Status(status) => reply.code.status() == status,
        Condition::Admitted => reply.admitted && reply.code.is_expected(),
        Condition::Unsuccessful => !reply.code.is_expected() || reply.nothing_free,
        Condition::NothingFree => reply.nothing_free,
        Condition::UserHasToken => tokens.has_token(vu.context.user),
    }
}
