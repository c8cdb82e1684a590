//! Straight journeys: each compiled, with the endpoints that it calls, into one flat program.
//!
//! A journey is straight if it only sends requests, sleeps and makes checks, and if the endpoints that it
//! calls only pass time and queue at stations that turn nobody away. Then every answer is a 200, and all that
//! a condition could ask is known before the run: jumps are followed and repetitions written out here.

use crate::engine::Span;
use crate::model::Model;
use crate::model::journey::{CheckId, Condition, Journey, SiteId, Step};
use crate::model::system::{DistId, Op, StationId};

/// An instruction of a flat program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Hop {
    /// A request sets out.
    Send(SiteId),
    /// Queue and service at a station: an operation of the endpoint.
    Serve {
        station: StationId,
        time: DistId,
        class: u8,
        op: u32,
    },
    /// Time passes for the request, an operation of the endpoint: in a lane if it is always the same.
    Delay {
        time: DistId,
        lane: Option<u16>,
        op: u32,
    },
    /// The request is over: its answer is a 200.
    Answer(SiteId),
    /// A check whose result is known.
    Check(CheckId, bool),
    /// Think time: in a lane if it is always the same.
    Sleep { time: DistId, lane: Option<u16> },
    /// The iteration is over.
    End,
}

/// The flat programs of all journeys, one after another.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    pub hops: Vec<Hop>,
    /// Where each journey begins.
    pub entry: Vec<u32>,
    /// How long the pauses of each lane last.
    pub pauses: Vec<Span>,
}

/// The longest program: repetitions are written out.
const MOST_HOPS: usize = 4096;

/// Steps that are followed before a journey counts as one that never ends.
const MOST_STEPS: usize = 16 * MOST_HOPS;

impl Program {
    /// Compiles all journeys of a model; `entry` is where each endpoint begins in the world's list of
    /// operations. `None` if one of them is not straight.
    pub fn of(model: &Model, entry: &[u32]) -> Option<Program> {
        let mut program = Program::default();
        for journey in &model.journeys {
            program.entry.push(program.hops.len() as u32);
            program.follow(model, journey, entry)?;
        }
        Some(program)
    }

    fn add(&mut self, hop: Hop) -> Option<()> {
        self.hops.push(hop);
        (self.hops.len() <= MOST_HOPS).then_some(())
    }

    fn follow(&mut self, model: &Model, journey: &Journey, entry: &[u32]) -> Option<()> {
        let first = self.hops.len();
        let mut loops = vec![0_u32; usize::from(journey.loop_slots)];
        let mut at = 0;
        for _ in 0..MOST_STEPS {
            let step = *journey.steps.get(at)?;
            at += 1;
            match step {
                Step::Request(site) => self.call(model, site, entry)?,
                Step::Sleep(time) => {
                    let lane = self.lane(model, time);
                    self.add(Hop::Sleep { time, lane })?;
                }
                Step::Check(check, condition) => {
                    self.add(Hop::Check(check, after_success(condition)?))?;
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
                    self.add(Hop::End)?;
                    return takes_time(&self.hops[first..]).then_some(());
                }
                _ => return None,
            }
        }
        None
    }

    fn call(&mut self, model: &Model, site: SiteId, entry: &[u32]) -> Option<()> {
        let endpoint = model.sites[site.index()].endpoint.index();
        self.add(Hop::Send(site))?;
        for (operation, op) in model.endpoints[endpoint].ops.iter().zip(entry[endpoint]..) {
            let hop = match *operation {
                Op::Serve {
                    station,
                    time,
                    growth: None,
                    class,
                    patience: None,
                } if model.stations[station.index()].queue == u32::MAX => Hop::Serve {
                    station,
                    time,
                    class,
                    op,
                },
                Op::Delay(time) => {
                    let lane = self.lane(model, time);
                    Hop::Delay { time, lane, op }
                }
                Op::Done => return self.add(Hop::Answer(site)),
                _ => return None,
            };
            self.add(hop)?;
        }
        None
    }

    /// The lane of a time that is always the same; `None` for others.
    fn lane(&mut self, model: &Model, time: DistId) -> Option<u16> {
        let pause = Span::from_ns(model.dists[time.index()].dist.is_constant()?);
        let known = self.pauses.iter().position(|p| *p == pause);
        let lane = known.unwrap_or_else(|| {
            self.pauses.push(pause);
            self.pauses.len() - 1
        });
        u16::try_from(lane).ok()
    }

    /// Whether a request spends time without standing at a station.
    pub fn has_delays(&self) -> bool {
        self.hops.iter().any(|hop| matches!(hop, Hop::Delay { .. }))
    }
}

/// Whether events lie between the begin and the end of an iteration: else it would never come to rest.
fn takes_time(hops: &[Hop]) -> bool {
    let passes = |hop: &Hop| {
        matches!(
            hop,
            Hop::Serve { .. } | Hop::Delay { .. } | Hop::Sleep { .. }
        )
    };
    hops.iter().any(passes)
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
