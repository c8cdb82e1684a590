//! k6's `ramping-vus`: how many VUs loop at every moment, and when one that was told to stop is killed
//! (`lib/executor/ramping_vus.go`, `vu_handle.go`; the same from k6 v0.52 to v2.2.0).
//!
//! VUs are numbered handles 1, 2, …; going up starts the lowest idle one, going down stops the highest.
//! The *active* steps say which handles loop; the *reserved* steps say which may still be finishing an
//! iteration: a handle above the reserved number is interrupted.

use std::cmp::Ordering;

use crate::engine::Span;
use crate::model::scenario::Stage;

/// From this time on, this number of VUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Since the scenario's start.
    pub at: Span,
    /// Number of VUs.
    pub vus: u64,
}

/// What happens to a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It loops from now on. If its last iteration has not ended since a graceful stop, it goes on with
    /// the same VU and without a gap.
    Start,
    /// It starts no other iteration; the running one may end.
    GracefulStop,
    /// Its running iteration, if any, is interrupted and it starts no other one until the next `Start`.
    HardStop,
}

/// Something that happens to a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandleEvent {
    /// Since the scenario's start; never less than that of the event before.
    pub at: Span,
    /// From 1.
    pub handle: u32,
    /// What happens.
    pub action: Action,
}

/// Options of the executor and the steps that follow from them.
#[derive(Clone, Debug, PartialEq)]
pub struct RampingVus {
    /// How many VUs should be looping; the last step is to 0.
    pub active: Vec<Step>,
    /// How many VUs may be in use; the last step is to 0. In the order in which k6 handles them, which
    /// is not always that of time (see [`RampingVus::into_events`]).
    pub reserved: Vec<Step>,
}

/// k6 runs no more VUs than this.
const MAX_VUS: u64 = 100_000_000;

impl RampingVus {
    /// Works the steps out from the options, of which there is one for each VU that starts or stops: k6
    /// refuses more than 100,000,000 VUs, and here any number beyond counts as that.
    #[must_use]
    pub fn new(
        start_vus: u64,
        stages: &[Stage],
        graceful_ramp_down: Span,
        graceful_stop: Span,
    ) -> RampingVus {
        let (mut active, end) = stage_steps(start_vus.min(MAX_VUS), stages);
        let hard_end = end + graceful_stop;
        let reserved = reserve(&active, graceful_ramp_down, hard_end);
        if active.last().is_some_and(|last| last.vus != 0) {
            active.push(Step { at: end, vus: 0 });
        }
        RampingVus { active, reserved }
    }

    /// Largest number of VUs in use: handles are 1 to this.
    #[must_use]
    pub fn max_vus(&self) -> u64 {
        self.reserved.iter().map(|step| step.vus).max().unwrap_or(0)
    }

    /// When the last VU is told to stop. Stages at 0 at the end are cut off, as in k6.
    #[must_use]
    pub fn regular_duration(&self) -> Span {
        self.active.last().map_or(Span::ZERO, |step| step.at)
    }

    /// When the last VU is killed.
    #[must_use]
    pub fn max_duration(&self) -> Span {
        self.reserved.last().map_or(Span::ZERO, |step| step.at)
    }

    /// All that happens to all handles, in the order of processing: by time, and at one time the active
    /// step before the reserved one.
    ///
    /// k6's bug is kept: after an instant drop by several VUs and a partial ramp-up inside the grace
    /// time, the reserved steps are out of order; the late one kills handles started again meanwhile,
    /// and those are not started a second time. A handle that would start and stop at one instant does neither:
    /// k6 has told it to stop before it can begin an iteration.
    #[must_use]
    pub fn into_events(mut self) -> HandleEvents {
        for i in (1..self.active.len()).rev() {
            if self.active[i - 1].at == self.active[i].at {
                self.active[i - 1].vus = self.active[i - 1].vus.min(self.active[i].vus);
            }
        }
        let (mut before, mut starts_and_stops) = (0, 0);
        for step in &self.active {
            starts_and_stops += step.vus.abs_diff(std::mem::replace(&mut before, step.vus));
        }
        let mut events = HandleEvents {
            steps: self,
            place: Place::default(),
            next: None,
            starts_and_stops,
        };
        events.next = events.place.advance(&events.steps);
        events
    }
}

/// What happens to handles, worked out step by step: an iterator that shows what is next.
#[derive(Clone, Debug)]
pub struct HandleEvents {
    steps: RampingVus,
    /// Behind `next`.
    place: Place,
    next: Option<HandleEvent>,
    /// How many of the events to come are not just kills.
    starts_and_stops: u64,
}

impl HandleEvents {
    /// What happens next.
    #[inline]
    #[must_use]
    pub fn peek(&self) -> Option<HandleEvent> {
        self.next
    }

    /// All that is still to come.
    pub fn to_come(&self) -> impl Iterator<Item = HandleEvent> {
        let (mut next, mut place) = (self.next, self.place);
        std::iter::from_fn(move || {
            let event = next?;
            next = place.advance(&self.steps);
            Some(event)
        })
    }

    /// Whether nothing but kills is to come.
    #[must_use]
    pub fn only_kills(&self) -> bool {
        self.starts_and_stops == 0
    }
}

impl Iterator for HandleEvents {
    type Item = HandleEvent;

    fn next(&mut self) -> Option<HandleEvent> {
        let event = self.next?;
        self.next = self.place.advance(&self.steps);
        self.starts_and_stops -= u64::from(event.action != Action::HardStop);
        Some(event)
    }
}

/// How far the steps have been followed.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Steps of both kinds that are done with.
    done: (usize, usize),
    now: Span,
    /// How many VUs there are by the active steps, and by the reserved ones.
    active: u64,
    reserved: u64,
}

impl Place {
    fn advance(&mut self, steps: &RampingVus) -> Option<HandleEvent> {
        loop {
            let active = steps.active.get(self.done.0);
            let reserved = steps.reserved.get(self.done.1);
            let reserved = reserved.filter(|own| active.is_none_or(|other| own.at < other.at));
            let (handle, action) = if let Some(step) = reserved {
                self.now = self.now.max(step.at);
                if self.reserved <= step.vus {
                    self.reserved = step.vus;
                    self.done.1 += 1;
                    continue;
                }
                self.reserved -= 1;
                (self.reserved + 1, Action::HardStop)
            } else {
                let step = active?;
                self.now = self.now.max(step.at);
                match self.active.cmp(&step.vus) {
                    Ordering::Less => {
                        self.active += 1;
                        (self.active, Action::Start)
                    }
                    Ordering::Equal => {
                        self.done.0 += 1;
                        continue;
                    }
                    Ordering::Greater => {
                        self.active -= 1;
                        (self.active + 1, Action::GracefulStop)
                    }
                }
            };
            return Some(HandleEvent {
                at: self.now,
                handle: u32::try_from(handle).unwrap_or(u32::MAX),
                action,
            });
        }
    }
}

/// A whole number of VUs.
fn vus(target: f64) -> u64 {
    (target as u64).min(MAX_VUS)
}

/// Largest number of VUs in use, as [`RampingVus::max_vus`], without working out the steps.
#[must_use]
pub fn max_vus(start_vus: u64, stages: &[Stage]) -> u64 {
    let targets = stages.iter().map(|stage| vus(stage.target));
    targets.fold(start_vus.min(MAX_VUS), u64::max)
}

/// When the last VU is killed, as [`RampingVus::max_duration`], without working out the steps.
#[must_use]
pub fn max_duration(
    start_vus: u64,
    stages: &[Stage],
    graceful_ramp_down: Span,
    graceful_stop: Span,
) -> Span {
    // When the number changed last, and to what.
    let (mut changed, mut end, mut from) = (Span::ZERO, Span::ZERO, start_vus.min(MAX_VUS));
    for stage in stages {
        end = end + stage.duration;
        let target = vus(stage.target);
        if target != from {
            (changed, from) = (end, target);
        }
    }
    let hard_end = end + graceful_stop;
    if from != 0 {
        return hard_end;
    }
    if graceful_ramp_down == Span::ZERO {
        return changed;
    }
    (changed + graceful_ramp_down).min(hard_end)
}

/// How many steps the stages take at most, the start and the end included.
fn steps(start_vus: u64, stages: &[Stage]) -> usize {
    let targets = stages.iter().map(|stage| vus(stage.target));
    let all = std::iter::once(start_vus).chain(targets.clone());
    let steps: u64 = all.zip(targets).map(|(a, b)| a.abs_diff(b)).sum();
    steps as usize + 2
}

/// Active steps without the artificial end, and the sum of the stages' durations.
fn stage_steps(start_vus: u64, stages: &[Stage]) -> (Vec<Step>, Span) {
    let mut steps = Vec::with_capacity(steps(start_vus, stages));
    steps.push(Step {
        at: Span::ZERO,
        vus: start_vus,
    });
    let mut from = start_vus;
    let mut end = Span::ZERO;
    for stage in stages {
        let target = vus(stage.target);
        end = end + stage.duration;
        if stage.duration == Span::ZERO {
            if target != from {
                steps.push(Step {
                    at: end,
                    vus: target,
                });
            }
        } else if target > from {
            steps.extend((from + 1..=target).map(|n| {
                let at = before(end, stage.duration, target - n, target - from);
                Step { at, vus: n }
            }));
        } else {
            steps.extend((target..from).rev().map(|n| {
                let at = before(end, stage.duration, n - target, from - target);
                Step { at, vus: n }
            }));
        }
        from = target;
    }
    (steps, end)
}

/// `end - floor(duration * part / whole)`.
fn before(end: Span, duration: Span, part: u64, whole: u64) -> Span {
    let back = u128::from(duration.0) * u128::from(part) / u128::from(whole);
    Span(end.0 - back as u64)
}

/// Reserved steps: a fall takes effect `grace` later, unless the number is back by then; all is over at
/// `hard_end`.
fn reserve(active: &[Step], grace: Span, hard_end: Span) -> Vec<Step> {
    let mut reserved = if grace == Span::ZERO {
        active.to_vec()
    } else {
        postpone_falls(active, grace, hard_end)
    };
    if reserved.last().is_some_and(|last| last.vus != 0) {
        reserved.push(Step {
            at: hard_end,
            vus: 0,
        });
    }
    reserved
}

fn postpone_falls(active: &[Step], grace: Span, hard_end: Span) -> Vec<Step> {
    let regained = regained(active);
    let mut reserved: Vec<Step> = Vec::with_capacity(active.len());
    let mut last = 0;
    let mut i = 0;
    while i < active.len() {
        let step = active[i];
        if i > 0 && step.vus < last {
            let killed_at = step.at + grace;
            // Whenever a fall is met, `last` is the number just before it.
            let back = regained[i - 1] as usize;
            match active.get(back).filter(|step| step.at <= killed_at) {
                Some(_) => {
                    i = back;
                    continue;
                }
                None if killed_at >= hard_end => break,
                None => reserved.push(Step {
                    at: killed_at,
                    vus: step.vus,
                }),
            }
        } else if i == 0 || step.vus > last {
            reserved.push(step);
        }
        last = step.vus;
        i += 1;
    }
    reserved
}

/// For each step, the place of the first later one with at least as many VUs, `u32::MAX` if there is none
/// (found with a stack of those that still wait for theirs: O(steps)).
fn regained(steps: &[Step]) -> Vec<u32> {
    let mut answer = vec![u32::MAX; steps.len()];
    let mut waiting: Vec<u32> = Vec::new();
    for (i, step) in (0..).zip(steps) {
        while let Some(&top) = waiting.last() {
            if steps[top as usize].vus > step.vus {
                break;
            }
            answer[top as usize] = i;
            waiting.pop();
        }
        waiting.push(i);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{GracefulStop, HardStop, Start};
    use proptest::prelude::*;

    fn stage(ms: u64, target: f64) -> Stage {
        Stage {
            duration: Span::millis(ms),
            target,
        }
    }

    #[test]
    fn no_more_vus_than_k6_runs() {
        let stages = [stage(0, 1e18), stage(1000, 1e30), stage(0, f64::INFINITY)];
        let grace = Span::secs(30);
        let ramp = RampingVus::new(u64::MAX, &stages, grace, grace);
        assert_eq!(ramp.active[0].vus, MAX_VUS);
        assert_eq!(ramp.active.len(), 2);
        assert_eq!(
            (ramp.max_vus(), max_vus(u64::MAX, &stages)),
            (MAX_VUS, MAX_VUS)
        );
    }

    fn log(ramp: &RampingVus) -> Vec<(u64, u32, Action)> {
        let ms = |event: &HandleEvent| (event.at.0 / 1_000_000, event.handle, event.action);
        ramp.clone().into_events().map(|event| ms(&event)).collect()
    }

    /// The rule of the reserved steps as k6 states it: look ahead from every fall.
    fn reserved_by_looking_ahead(active: &[Step], grace: Span, hard_end: Span) -> Vec<Step> {
        let mut reserved = vec![active[0]];
        let (mut last, mut i) = (active[0].vus, 1);
        while let Some(&step) = active.get(i) {
            let killed_at = step.at + grace;
            let back = |s: &Step| s.at <= killed_at && s.vus >= last;
            if step.vus > last {
                reserved.push(step);
            } else if step.vus < last {
                if let Some(ahead) = active[i + 1..].iter().position(back) {
                    i += 1 + ahead;
                    continue;
                }
                if killed_at >= hard_end {
                    break;
                }
                reserved.push(Step {
                    at: killed_at,
                    vus: step.vus,
                });
            }
            last = step.vus;
            i += 1;
        }
        if reserved[reserved.len() - 1].vus != 0 {
            reserved.push(Step {
                at: hard_end,
                vus: 0,
            });
        }
        reserved
    }

    proptest! {
        #[test]
        fn the_stack_finds_what_looking_ahead_finds(
            start in 0u64..12,
            targets in prop::collection::vec((0u64..4, 0u64..12), 1..8),
            grace in 1u64..5_000,
            stop in 0u64..5_000,
        ) {
            let stages: Vec<Stage> =
                targets.iter().map(|&(s, n)| stage(s * 1_000, n as f64)).collect();
            let (active, end) = stage_steps(start, &stages);
            let (grace, hard_end) = (Span::millis(grace), end + Span::millis(stop));
            prop_assert_eq!(
                reserve(&active, grace, hard_end),
                reserved_by_looking_ahead(&active, grace, hard_end)
            );
        }

        /// A handle never starts twice without a stop in between, and all is quiet at the end.
        #[test]
        fn handles_start_and_stop_in_turn(
            start in 0u64..12,
            targets in prop::collection::vec((0u64..4, 0u64..12), 1..8),
            grace in 0u64..5_000,
        ) {
            let stages: Vec<Stage> =
                targets.iter().map(|&(s, n)| stage(s * 1_000, n as f64)).collect();
            let ramp = RampingVus::new(start, &stages, Span::millis(grace), Span::secs(1));
            prop_assert_eq!(ramp.max_vus(), max_vus(start, &stages));
            let events = ramp.into_events().collect::<Vec<_>>();
            prop_assert!(events.is_sorted_by_key(|event| event.at));
            let mut wanted = [false; 13];
            for event in events.iter().filter(|event| event.action != HardStop) {
                let starts = event.action == Start;
                prop_assert_ne!(wanted[event.handle as usize], starts);
                wanted[event.handle as usize] = starts;
            }
            prop_assert!(!wanted.contains(&true));
        }
    }

    proptest! {
        #[test]
        fn the_end_is_told_without_the_steps(
            start in 0..6_u64,
            stages in prop::collection::vec((prop::sample::select(vec![0, 500, 1_000, 3_000]), 0..6_u8), 1..6),
            grace in prop::sample::select(vec![0, 300, 1_000, 5_000]),
            stop in prop::sample::select(vec![0, 300, 30_000]),
        ) {
            let stages: Vec<Stage> = stages.iter().map(|(ms, n)| stage(*ms, f64::from(*n))).collect();
            prop_assume!(start > 0 || stages.iter().any(|s| s.target > 0.0));
            let (grace, stop) = (Span::millis(grace), Span::millis(stop));
            let ramp = RampingVus::new(start, &stages, grace, stop);
            prop_assert_eq!(max_duration(start, &stages, grace, stop), ramp.max_duration());
            prop_assert_eq!(max_vus(start, &stages), ramp.max_vus());
        }
    }

    #[test]
    fn last_started_is_first_stopped() {
        let stages = [stage(1_000, 2.0), stage(1_000, 0.0)];
        let ramp = RampingVus::new(0, &stages, Span::millis(700), Span::secs(30));
        assert_eq!(
            log(&ramp),
            [
                (500, 1, Start),
                (1_000, 2, Start),
                (1_500, 2, GracefulStop),
                (2_000, 1, GracefulStop),
                (2_200, 2, HardStop),
                (2_700, 1, HardStop),
            ]
        );
    }

    #[test]
    fn who_would_start_and_stop_at_one_instant_does_neither() {
        let ramp = RampingVus::new(0, &[stage(2_000, 2.0)], Span::ZERO, Span::secs(30));
        assert_eq!(ramp.max_vus(), 2);
        let first = [(1_000, 1, Start), (2_000, 1, GracefulStop)];
        assert_eq!(log(&ramp)[..2], first);
        let dropped = [stage(2_000, 3.0), stage(0, 1.0), stage(1_000, 1.0)];
        let ramp = RampingVus::new(0, &dropped, Span::ZERO, Span::ZERO);
        let starts = |(_, handle, action): (u64, u32, Action)| (action == Start).then_some(handle);
        let started: Vec<u32> = log(&ramp).into_iter().filter_map(starts).collect();
        assert_eq!(started, [1, 2]);
    }

    #[test]
    fn at_one_time_the_active_step_comes_first() {
        let ramp = RampingVus::new(2, &[stage(1_000, 2.0)], Span::ZERO, Span::ZERO);
        let end = [
            (1_000, 2, GracefulStop),
            (1_000, 1, GracefulStop),
            (1_000, 2, HardStop),
            (1_000, 1, HardStop),
        ];
        assert_eq!(log(&ramp)[2..], end);
    }

    /// The recording "jumpdown" of k6 v2.2.0: 10 VUs drop to 0, then ramp to 7; 3 are killed and 4 run.
    #[test]
    fn restarted_handles_are_killed_as_in_k6() {
        let stages = [
            stage(2_000, 10.0),
            stage(0, 0.0),
            stage(1_000, 7.0),
            stage(2_000, 7.0),
        ];
        let ramp = RampingVus::new(10, &stages, Span::millis(500), Span::millis(500));
        let events = ramp.into_events().collect::<Vec<_>>();
        let mut looping = [false; 11];
        let mut interrupted = 0;
        for event in events.iter().filter(|event| event.at < Span::secs(5)) {
            let loops = &mut looping[event.handle as usize];
            interrupted += usize::from(*loops && event.action == HardStop);
            *loops = event.action == Start;
        }
        assert_eq!(interrupted, 3);
        assert_eq!(looping.iter().filter(|&&loops| loops).count(), 4);
        assert!(events.is_sorted_by_key(|event| event.at));
    }

    #[test]
    fn stages_at_zero_at_the_end_are_cut_off() {
        let stages = [stage(1_000, 2.0), stage(1_000, 0.0), stage(1_000, 0.0)];
        let ramp = RampingVus::new(1, &stages, Span::ZERO, Span::secs(30));
        assert_eq!(ramp.regular_duration(), Span::secs(2));
        assert_eq!(ramp.max_duration(), Span::secs(2));
    }
}
