//! Straight journeys: each compiled, with the endpoints that it calls, into one flat program.
//!
//! A journey is straight if it only sends requests, sleeps and makes checks, and if the endpoints that it
//! calls only pass time and queue at stations that turn nobody away. Then every answer is a 200, and all that
//! a condition could ask is known before the run: jumps are followed and repetitions written out here.

use std::collections::BTreeSet;

use crate::engine::Span;
use crate::measure::recorder::Origin;
use crate::model::Model;
use crate::model::journey::{CheckId, Condition, Journey, SiteId, Step};
use crate::model::system::{DistId, Op, StationId};

use super::super::event::Kind;

/// What a VU does at one instant, from the end of one pause to the begin of the next: what it does of the
/// following, in this order.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    /// The operation of an endpoint that is over, if its times are noted visit by visit.
    pub over: Option<Over>,
    /// The request that was on its way until now.
    pub request: Option<SiteId>,
    /// It is over: its answer is a 200.
    pub answers: bool,
    /// The series to which the answer belongs, once it has one.
    pub series: Option<u16>,
    /// How many checks are made, and the place of the first one in the program's list.
    pub checks: u16,
    pub first_check: u32,
    /// The iteration is over. What follows is the begin of the next one.
    pub ends: bool,
    /// A request sets out.
    pub sends: Option<SiteId>,
    /// What it waits for then.
    pub pause: Pause,
    /// The leg that follows.
    pub next: u32,
    /// Index of its scenario.
    pub scenario: u16,
}

/// An operation that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Over {
    /// As an index into the world's list.
    pub op: u32,
    /// Whether it was a visit to a simple station.
    pub simple: bool,
}

/// What a VU waits for, or its request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pause {
    /// Nothing: the next leg follows at once.
    None,
    /// Queue and service at a station.
    Serve {
        station: StationId,
        time: DistId,
        class: u8,
    },
    /// The request's time passes: in a lane if it is always the same.
    Delay { time: DistId, lane: Option<u16> },
    /// Think time, likewise.
    Sleep { time: DistId, lane: Option<u16> },
}

impl Leg {
    /// One that does nothing.
    fn empty(scenario: u16) -> Leg {
        Leg {
            over: None,
            request: None,
            answers: false,
            series: None,
            checks: 0,
            first_check: 0,
            ends: false,
            sends: None,
            pause: Pause::None,
            next: 0,
            scenario,
        }
    }

    /// To whom its samples belong.
    #[inline]
    pub fn origin(&self) -> Origin {
        Origin::scenario(usize::from(self.scenario))
    }
}

/// The flat programs of all scenarios, one after another.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    pub legs: Vec<Leg>,
    /// Checks whose results are known.
    pub checks: Vec<(CheckId, bool)>,
    /// Where the journey of each scenario begins.
    pub entry: Vec<u32>,
    /// The pauses of each lane: the event at their end, and how long they last.
    pub pauses: Vec<(Kind, Span)>,
    /// Operations that are alone at their station, by station. Their times are those of the station: once nobody is
    /// there any more, they need not have been noted visit by visit.
    pub alone: Vec<Option<u32>>,
}

/// The longest program: repetitions are written out.
const MOST_LEGS: usize = 4096;

/// Steps that are followed before a journey counts as one that never ends.
const MOST_STEPS: usize = 16 * MOST_LEGS;

impl Program {
    /// Compiles the journey of each scenario; `entry` is where each endpoint begins in the world's list of
    /// operations, and `simple` tells which stations are. `None` if a journey is not straight. `each_visit` has the
    /// times of all operations noted visit by visit.
    pub fn of(
        model: &Model,
        journeys: impl Iterator<Item = u16>,
        entry: &[u32],
        simple: impl Fn(StationId) -> bool,
        each_visit: bool,
    ) -> Option<Program> {
        let mut program = Program::default();
        for (scenario, journey) in journeys.enumerate() {
            let first = program.legs.len();
            program.entry.push(first as u32);
            program.legs.push(Leg::empty(scenario as u16));
            program.follow(model, &model.journeys[usize::from(journey)], entry)?;
            // Else an iteration would never come to rest.
            let passes = |leg: &Leg| leg.pause != Pause::None;
            if !program.legs[first..].iter().any(passes) {
                return None;
            }
            program.link(first);
        }
        program.alone = vec![None; model.stations.len()];
        if !each_visit {
            program.find_alone();
        }
        program.tell_simple(simple);
        Some(program)
    }

    /// Tells visits to simple stations and to others apart.
    fn tell_simple(&mut self, simple: impl Fn(StationId) -> bool) {
        for at in 1..self.legs.len() {
            if let Pause::Serve { station, .. } = self.legs[at - 1].pause
                && let Some(over) = &mut self.legs[at].over
            {
                over.simple = simple(station);
            }
        }
    }

    /// Finds the operations that are alone at their station.
    fn find_alone(&mut self) {
        let mut here = vec![BTreeSet::new(); self.alone.len()];
        for at in 1..self.legs.len() {
            let before = self.legs[at - 1].pause;
            if let (Pause::Serve { station, .. }, Some(over)) = (before, self.legs[at].over) {
                here[station.index()].insert(over.op);
            }
        }
        let alone = |ops: &BTreeSet<u32>| ops.first().copied().filter(|_| ops.len() == 1);
        self.alone = here.iter().map(alone).collect();
        for leg in &mut self.legs {
            leg.over = leg.over.filter(|over| !self.alone.contains(&Some(over.op)));
        }
    }

    /// Says which leg follows which, of those of one scenario.
    fn link(&mut self, first: usize) {
        let begin = self.legs[first].clone();
        for (at, leg) in self.legs.iter_mut().enumerate().skip(first) {
            leg.next = at as u32 + 1;
            if leg.ends {
                leg.next = first as u32;
                // Mostly there is no need to go there: an iteration begins with what may follow its end.
                if begin.checks == 0 && !begin.ends {
                    (leg.sends, leg.pause, leg.next) = (begin.sends, begin.pause, first as u32 + 1);
                }
            }
        }
    }

    /// The leg that is being written, if it has got no further than it may have; else one that follows it.
    fn leg(&mut self, fits: impl Fn(&Leg) -> bool) -> Option<&mut Leg> {
        let last = self.legs.last()?;
        if !fits(last) {
            let scenario = last.scenario;
            self.legs.push(Leg::empty(scenario));
        }
        if self.legs.len() > MOST_LEGS {
            return None;
        }
        self.legs.last_mut()
    }

    /// The leg ends with a pause. The next one begins when it is over.
    fn pause(&mut self, pause: Pause, over: Option<u32>, request: Option<SiteId>) -> Option<()> {
        let leg = self.leg(|leg| !leg.ends)?;
        leg.pause = pause;
        let next = Leg {
            over: over.map(|op| Over { op, simple: false }),
            request,
            ..Leg::empty(leg.scenario)
        };
        self.legs.push(next);
        Some(())
    }

    fn follow(&mut self, model: &Model, journey: &Journey, entry: &[u32]) -> Option<()> {
        let mut loops = vec![0_u32; usize::from(journey.loop_slots)];
        let mut at = 0;
        for _ in 0..MOST_STEPS {
            let step = *journey.steps.get(at)?;
            at += 1;
            match step {
                Step::Request(site) => self.call(model, site, entry)?,
                Step::Sleep(time) => {
                    let lane = self.lane(model, Kind::Wake, time);
                    self.pause(Pause::Sleep { time, lane }, None, None)?;
                }
                Step::Check(check, condition) => {
                    let made = (check, after_success(condition)?);
                    let place = self.checks.len() as u32;
                    let leg = self.leg(|leg| leg.sends.is_none())?;
                    if leg.checks == 0 {
                        leg.first_check = place;
                    }
                    leg.checks = leg.checks.checked_add(1)?;
                    self.checks.push(made);
                }
                Step::Jump(to) => at = to as usize,
                Step::JumpIf(condition, to) => {
                    if after_success(condition)? {
                        at = to as usize;
                    }
                }
                Step::LoopReset(slot) => *loops.get_mut(usize::from(slot))? = 0,
                Step::CountTo { slot, limit, then } => {
                    let count = loops.get_mut(usize::from(slot))?;
                    *count += 1;
                    if *count >= limit {
                        at = then as usize;
                    }
                }
                Step::End => {
                    self.leg(|leg| leg.sends.is_none())?.ends = true;
                    return Some(());
                }
                _ => return None,
            }
        }
        None
    }

    fn call(&mut self, model: &Model, site: SiteId, entry: &[u32]) -> Option<()> {
        let endpoint = model.sites[site.index()].endpoint.index();
        self.leg(|leg| leg.sends.is_none())?.sends = Some(site);
        // An answer that takes no time comes when others have had their turn.
        if let [Op::Done, ..] | [] = model.endpoints[endpoint].ops[..] {
            return None;
        }
        for (operation, op) in model.endpoints[endpoint].ops.iter().zip(entry[endpoint]..) {
            let pause = match *operation {
                Op::Serve {
                    station,
                    time,
                    growth: None,
                    class,
                    patience: None,
                } if model.stations[station.index()].queue == u32::MAX => Pause::Serve {
                    station,
                    time,
                    class,
                },
                Op::Delay(time) => {
                    let lane = self.lane(model, Kind::DelayOver, time);
                    Pause::Delay { time, lane }
                }
                Op::Done => {
                    let untouched =
                        |leg: &Leg| !leg.answers && leg.checks == 0 && leg.sends.is_none();
                    let leg = self.leg(untouched)?;
                    (leg.request, leg.answers) = (Some(site), true);
                    return Some(());
                }
                _ => return None,
            };
            self.pause(pause, Some(op), Some(site))?;
        }
        None
    }

    /// The lane of a time that is always the same; `None` for others.
    fn lane(&mut self, model: &Model, over: Kind, time: DistId) -> Option<u16> {
        let time = Span::from_ns(model.dists[time.index()].dist.is_constant()?);
        let pause = (over, time);
        let known = self.pauses.iter().position(|p| *p == pause);
        let lane = known.unwrap_or_else(|| {
            self.pauses.push(pause);
            self.pauses.len() - 1
        });
        u16::try_from(lane).ok()
    }

    /// Whether a request spends time without standing at a station.
    pub fn has_delays(&self) -> bool {
        let delays = |leg: &Leg| matches!(leg.pause, Pause::Delay { .. });
        self.legs.iter().any(delays)
    }
}

/// Whether a condition holds if every answer so far was a 200; `None` if that does not tell.
fn after_success(condition: Condition) -> Option<bool> {
    match condition {
        Condition::Always | Condition::Ok => Some(true),
        Condition::Status(status) => Some(status == 200),
        Condition::Failed
        | Condition::Admitted
        | Condition::Unsuccessful
        | Condition::NothingFree => Some(false),
        Condition::UserHasToken => None,
    }
}
