//! What one iteration of a journey needs, all branches weighted by their probabilities, if requests succeed.

mod program;

use std::collections::BTreeMap;

use crate::model::Model;
use crate::model::journey::{Condition, Journey, Step};
use crate::model::system::{DistId, EndpointId, Op};

/// Steps walked at most, all branches together.
const MOST_STEPS: usize = 200_000;
/// Branches less probable are not followed.
const LEAST: f64 = 1e-5;
/// Seconds in a nanosecond.
const NS: f64 = 1e-9;

/// Expected needs of one iteration.
pub(super) struct Walk<'m> {
    pub model: &'m Model,
    /// Of each station: seconds of service.
    pub stations: Vec<f64>,
    /// Of each pool: seconds held, and tokens taken.
    pub pools: Vec<(f64, f64)>,
    /// Of each pool, the most tokens that are taken at once.
    pub most_tokens: Vec<u32>,
    /// Visits to stations per iteration, with the distribution of each.
    pub serves: Vec<(usize, DistId, f64)>,
    /// Of each cache: the share of requests that do not find what they want, as far as it is known.
    pub misses: BTreeMap<usize, f64>,
    pub think: f64,
    /// Time in the system when nobody waits.
    pub elapsed: f64,
    pub delays: f64,
    pub requests: f64,
    /// Requests of each site.
    pub sites: Vec<f64>,
    pub notes: Vec<String>,
    /// Of each kind of lock: seconds held, and locks taken.
    pub locks: [(f64, f64); 5],
    /// The waiting room, as far as it is used.
    pub room: RoomUse,
}

/// What an iteration does in the waiting room.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RoomUse {
    /// How often it comes in.
    pub joined: f64,
    /// Seconds between coming in and leaving, without waiting, of those who leave.
    pub inside: f64,
    /// How often it comes in and never leaves.
    pub stays: f64,
}

/// The step, the turns of loops, the probability, and where its user stands.
type Path = (usize, Vec<u32>, f64, Standing);

/// Where a user stands on a path through a journey.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Standing {
    /// Not in the waiting room.
    Outside,
    /// In its line.
    InLine,
    /// Let in, this number of seconds ago.
    Inside(f64),
}

impl Standing {
    fn after(self, seconds: f64) -> Standing {
        match self {
            Standing::Inside(since) => Standing::Inside(since + seconds),
            other => other,
        }
    }
}

impl<'m> Walk<'m> {
    pub fn new(model: &'m Model) -> Walk<'m> {
        Walk {
            model,
            stations: vec![0.0; model.stations.len()],
            pools: vec![(0.0, 0.0); model.pools.len()],
            most_tokens: vec![1; model.pools.len()],
            serves: Vec::new(),
            misses: BTreeMap::new(),
            think: 0.0,
            elapsed: 0.0,
            delays: 0.0,
            requests: 0.0,
            sites: vec![0.0; model.sites.len()],
            notes: Vec::new(),
            locks: [(0.0, 0.0); 5],
            room: RoomUse::default(),
        }
    }

    pub fn mean(&self, id: DistId) -> f64 {
        self.model.dists[id.index()].dist.mean() * NS
    }

    pub fn note(&mut self, text: &str) {
        if !self.notes.iter().any(|n| n == text) {
            self.notes.push(text.to_string());
        }
    }

    pub fn journey(&mut self, index: usize) {
        let journey = &self.model.journeys[index];
        let slots = vec![0u32; usize::from(journey.loop_slots)];
        let joins = comes_round(journey);
        let mut open: Vec<Path> = vec![(0, slots, 1.0, Standing::Outside)];
        let mut budget = MOST_STEPS;
        while let Some((mut at, mut slots, weight, mut standing)) = open.pop() {
            let mut over = true;
            while budget > 0 {
                budget -= 1;
                let Some(step) = journey.steps.get(at) else {
                    break;
                };
                at += 1;
                match *step {
                    Step::End => break,
                    Step::Request(site) => {
                        self.requests += weight;
                        self.sites[site.index()] += weight;
                        let endpoint = self.model.sites[site.index()].endpoint;
                        let took = self.request(endpoint, weight);
                        self.elapsed += weight * took;
                        standing = self.passes(endpoint, standing.after(took), weight);
                    }
                    Step::Sleep(dist) => {
                        let time = self.mean(dist);
                        self.think += weight * time;
                        standing = standing.after(time);
                    }
                    Step::AwaitAdmission => {
                        self.note("the wait for admission is left out");
                        standing = self.comes_in(standing, weight);
                    }
                    Step::LoopReset(slot) => slots[usize::from(slot)] = 0,
                    Step::CountTo { slot, limit, then } => {
                        let count = &mut slots[usize::from(slot)];
                        *count += 1;
                        if *count >= limit {
                            at = then as usize;
                        }
                    }
                    Step::External => self.usual(index, weight),
                    Step::Jump(to) => at = to as usize,
                    Step::JumpIf(condition, to) if succeeds(condition) => {
                        at = to as usize;
                        if condition == Condition::Admitted {
                            standing = self.comes_in(standing, weight);
                        }
                    }
                    Step::JumpWithProbability(p, to) => {
                        if weight * p > LEAST {
                            open.push((to as usize, slots.clone(), weight * p, standing));
                        }
                        over = false;
                        if weight * (1.0 - p) <= LEAST {
                            break;
                        }
                        // The rest of this path goes on with what is left of its weight.
                        open.push((at, slots.clone(), weight * (1.0 - p), standing));
                        join(&mut open, joins);
                        break;
                    }
                    _ => {}
                }
            }
            if over {
                self.ends(standing, weight);
            }
        }
        if budget == 0 {
            self.note("the journey is too long to be walked to its end");
        }
    }

    /// What iterations of a journey usually do, where the steps do not say it.
    fn usual(&mut self, journey: usize, weight: f64) {
        let Some(usual) = &self.model.journeys[journey].usual else {
            self.note("what the script does is not known");
            return;
        };
        self.note("what the script does is as seen in a short run; see docs/scripts.md");
        self.think += weight * usual.sleep;
        for (site, often) in &usual.requests {
            self.requests += weight * often;
            self.sites[site.index()] += weight * often;
            let endpoint = self.model.sites[site.index()].endpoint;
            self.elapsed += self.request(endpoint, weight * often) * weight * often;
        }
    }

    /// A request may let its user join the waiting room or leave it.
    fn passes(&mut self, endpoint: EndpointId, standing: Standing, weight: f64) -> Standing {
        let ops = &self.model.endpoints[endpoint.index()].ops;
        let leaves = ops.iter().any(|op| matches!(op, Op::LeaveRoom));
        match standing {
            Standing::Inside(since) if leaves => {
                self.room.inside += weight * since;
                Standing::Outside
            }
            _ if leaves => Standing::Outside,
            Standing::Outside if ops.iter().any(|op| matches!(op, Op::IssueToken)) => {
                Standing::InLine
            }
            other => other,
        }
    }

    /// A user in line is let in.
    fn comes_in(&mut self, standing: Standing, weight: f64) -> Standing {
        if standing == Standing::InLine {
            self.room.joined += weight;
            return Standing::Inside(0.0);
        }
        standing
    }

    /// A path ends. Who is in line still, and does not lose the place by silence, is let in for nobody.
    fn ends(&mut self, standing: Standing, weight: f64) {
        let room = self.model.waiting_room.as_ref();
        let silent = room.is_some_and(|room| room.poll_expiry.is_some());
        if standing == Standing::InLine && !silent {
            self.room.joined += weight;
        }
        if standing != Standing::Outside && !(standing == Standing::InLine && silent) {
            self.room.stays += weight;
        }
    }
}

/// Whether paths through a journey meet again and again, as through a chain: those that stand at one step are one.
fn comes_round(journey: &Journey) -> bool {
    let back = |(at, step): (usize, &Step)| match step {
        Step::JumpWithProbability(_, to) | Step::Jump(to) => *to as usize <= at,
        _ => false,
    };
    journey.loop_slots == 0 && journey.steps.iter().enumerate().any(back)
}

/// Of the paths that have been pushed last, those that stand where others do are joined with them; the heaviest is the
/// next.
fn join(open: &mut Vec<Path>, joins: bool) {
    if !joins {
        return;
    }
    open.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    open.dedup_by(|b, a| {
        let same = a.0 == b.0 && a.1 == b.1 && a.3 == b.3;
        a.2 += if same { b.2 } else { 0.0 };
        same
    });
    open.sort_by(|a, b| a.2.total_cmp(&b.2));
}

/// Whether a condition holds if all goes well.
fn succeeds(condition: Condition) -> bool {
    match condition {
        Condition::Always | Condition::Ok | Condition::Admitted => true,
        Condition::Status(status) => status == 200,
        _ => false,
    }
}
