//! An autoscaler's decisions: how many replicas there should be, from what is measured of each.
//!
//! In proportion to a target it is the Horizontal Pod Autoscaler of Kubernetes (v1.31, documentation "Horizontal Pod
//! Autoscaling", and `replica_calculator.go`, `horizontal.go` of its controller).

use std::collections::VecDeque;

use crate::engine::time::{ceil, to_u64};
use crate::engine::{Span, Time};
use crate::model::autoscale::{Autoscale, Metric, Pace, Policy, Step};

/// The replicas of a service as an autoscaler sees them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Replicas that there are or that boot, without those that are to go.
    pub current: u32,
    /// The metric of each one that is ready.
    pub values: Vec<f64>,
    /// Those that boot, or are lost.
    pub unready: u32,
    /// Those that are ready, and of which nothing is known yet.
    pub unknown: u32,
}

/// An autoscaler at work.
#[derive(Clone, Debug)]
pub struct Autoscaler {
    spec: Autoscale,
    /// The least number by the schedule.
    floor: Option<u32>,
    /// What was wanted of late.
    wanted: VecDeque<(Time, u32)>,
    /// What was done of late: how many more or fewer.
    done: VecDeque<(Time, i64)>,
}

impl Autoscaler {
    /// One that has decided nothing.
    #[must_use]
    pub fn new(spec: &Autoscale) -> Autoscaler {
        Autoscaler {
            spec: spec.clone(),
            floor: None,
            wanted: VecDeque::new(),
            done: VecDeque::new(),
        }
    }

    /// A time of the schedule has come: from now on there are at least `least` replicas.
    pub fn planned(&mut self, replicas: u32) {
        self.floor = Some(replicas);
    }

    /// How many replicas there should be now, by the metric and the schedule.
    pub fn decide(&mut self, now: Time, view: &View) -> u32 {
        let decided = match &self.spec.rule {
            None => view.current,
            Some(_) if self.cools_down(now) => view.current,
            Some(rule) => match &rule.policy {
                Policy::Steps(steps) => by_steps(steps, view),
                Policy::Target {
                    target,
                    tolerance,
                    up,
                    down,
                } => {
                    let full = match rule.metric {
                        Metric::Utilisation(_) | Metric::Tokens(_) => target.max(1.0),
                        _ => *target,
                    };
                    let goal = Goal {
                        target: *target,
                        tolerance: *tolerance,
                        full,
                        whole_percent: rule.whole_percent,
                    };
                    let wanted = proportional(view, &goal);
                    let (up, down) = (*up, *down);
                    let calm = self.stabilised(now, view.current, wanted, (up, down));
                    self.paced(now, view.current, calm, (up, down))
                }
            },
        };
        self.within(decided)
    }

    /// How many there should be by the schedule and the limits alone.
    #[must_use]
    pub fn within(&self, replicas: u32) -> u32 {
        let Some(floor) = self.floor else {
            return replicas.clamp(self.spec.min, self.spec.max);
        };
        if self.spec.rule.is_none() {
            return floor;
        }
        replicas.clamp(self.spec.min, self.spec.max).max(floor)
    }

    /// The number of replicas has been changed.
    pub fn changed(&mut self, now: Time, from: u32, to: u32) {
        if from != to {
            self.done.push_back((now, i64::from(to) - i64::from(from)));
        }
    }

    fn cools_down(&self, now: Time) -> bool {
        let last = self.done.back();
        last.is_some_and(|(at, _)| now < *at + self.spec.cool_down)
    }

    /// The mildest of what was wanted in the windows of both directions (`stabilizeRecommendationWithBehaviors`). The number
    /// of replicas at the first decision counts among it.
    fn stabilised(
        &mut self,
        now: Time,
        current: u32,
        wanted: u32,
        (up, down): (Pace, Pace),
    ) -> u32 {
        if self.wanted.is_empty() {
            self.wanted.push_back((now, current));
        }
        let within = |span: Span| {
            let recent = self.wanted.iter().filter(move |(at, _)| *at + span > now);
            recent.map(|(_, n)| *n)
        };
        let least = within(up.stabilise).fold(wanted, u32::min);
        let most = within(down.stabilise).fold(wanted, u32::max);
        let longest = up.stabilise.max(down.stabilise);
        self.wanted.retain(|(at, _)| *at + longest > now);
        self.wanted.push_back((now, wanted));
        current.max(least).min(most)
    }

    /// What a period allows (`calculateScaleUpLimitWithScalingRules`, and the same for down).
    fn paced(&mut self, now: Time, current: u32, wanted: u32, (up, down): (Pace, Pace)) -> u32 {
        let longest = up.per.max(down.per).max(self.spec.cool_down);
        self.done.retain(|(at, _)| *at + longest > now);
        let at_start = |span: Span| {
            let recent = self.done.iter().filter(|(at, _)| *at + span > now);
            let changed: i64 = recent.map(|(_, n)| n).sum();
            u32::try_from((i64::from(current) - changed).max(0)).unwrap_or(u32::MAX)
        };
        if wanted > current {
            let n = at_start(up.per);
            let grown = ceil(f64::from(n) * (1.0 + up.share));
            let most = u64::from(n.saturating_add(up.replicas)).max(grown);
            return wanted.min(u32::try_from(most).unwrap_or(u32::MAX).max(current));
        }
        let n = at_start(down.per);
        let left = to_u64(f64::from(n) * (1.0 - down.share));
        let least = u64::from(n.saturating_sub(down.replicas)).min(left);
        wanted.max(u32::try_from(least).unwrap_or(u32::MAX).min(current))
    }
}

/// ⌈current × metric / target⌉, and as it is if the ratio is near 1. Of those that are not ready, and of those of which nothing
/// is known, the mildest is supposed: they would do nothing if there are to be more; they would work fully, or as the
/// target has it, if there are to be fewer.
fn proportional(view: &View, goal: &Goal) -> u32 {
    let ready = view.values.len() as f64;
    if view.values.is_empty() {
        return view.current;
    }
    let sum: f64 = view.values.iter().sum();
    let ratio = goal.ratio(sum / ready);
    let near = |ratio: f64| (1.0 - ratio).abs() <= goal.tolerance + HAIR;
    let grows_unready = view.unready > 0 && ratio > 1.0;
    if !grows_unready && view.unknown == 0 {
        if near(ratio) {
            return view.current;
        }
        return up_to_whole(ratio * ready);
    }
    let unknown = f64::from(view.unknown);
    let (mut sum, mut count) = (sum, ready + unknown);
    if ratio < 1.0 {
        sum += unknown * goal.full;
    }
    if grows_unready {
        count += f64::from(view.unready);
    }
    let milder = goal.ratio(sum / count);
    let turned = (ratio < 1.0 && milder > 1.0) || (ratio > 1.0 && milder < 1.0);
    if near(milder) || turned {
        return view.current;
    }
    let wanted = up_to_whole(milder * count);
    let contrary =
        (milder < 1.0 && wanted > view.current) || (milder > 1.0 && wanted < view.current);
    if contrary { view.current } else { wanted }
}

/// What the mean should be.
#[derive(Clone, Copy, Debug)]
struct Goal {
    target: f64,
    /// A ratio this near to 1 changes nothing.
    tolerance: f64,
    /// The metric of a replica that works fully.
    full: f64,
    /// The mean is cut to whole per cent (`GetResourceUtilizationRatio`).
    whole_percent: bool,
}

impl Goal {
    fn ratio(&self, mean: f64) -> f64 {
        if !self.whole_percent {
            return mean / self.target;
        }
        to_u64(mean * 100.0 + HAIR) as f64 / (self.target * 100.0)
    }
}

/// A ratio of sums may be so much above what it should be: that makes no replica more.
const HAIR: f64 = 1e-9;

fn up_to_whole(x: f64) -> u32 {
    u32::try_from(ceil(x - HAIR)).unwrap_or(u32::MAX)
}

/// By the step that lies furthest out of those that the mean has passed.
fn by_steps(steps: &[Step], view: &View) -> u32 {
    if view.values.is_empty() {
        return view.current;
    }
    let mean = view.values.iter().sum::<f64>() / view.values.len() as f64;
    let above = steps.iter().filter(|s| s.above && mean > s.at);
    if let Some(step) = above.max_by(|a, b| a.at.total_cmp(&b.at)) {
        return view.current.saturating_add(step.replicas);
    }
    let below = steps.iter().filter(|s| !s.above && mean < s.at);
    match below.min_by(|a, b| a.at.total_cmp(&b.at)) {
        Some(step) => view.current.saturating_sub(step.replicas),
        None => view.current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::autoscale::Rule;
    use crate::model::system::DistId;

    fn secs(n: u64) -> Time {
        Time::ZERO + Span::secs(n)
    }

    const FAST: Pace = Pace {
        stabilise: Span::ZERO,
        replicas: 1000,
        share: 10.0,
        per: Span(15_000_000_000),
    };

    fn scaler(policy: Policy) -> Autoscaler {
        Autoscaler::new(&Autoscale {
            rule: Some(Rule {
                metric: Metric::Utilisation(0),
                policy,
                whole_percent: false,
                initialisation: Span::ZERO,
            }),
            min: 1,
            max: 100,
            every: Span::secs(15),
            window: Span::secs(15),
            cool_down: Span::ZERO,
            boot: DistId(0),
            warm_up: None,
            schedule: Vec::new(),
        })
    }

    fn target(up: Pace, down: Pace) -> Autoscaler {
        scaler(Policy::Target {
            target: 0.5,
            tolerance: 0.1,
            up,
            down,
        })
    }

    fn ready(values: &[f64]) -> View {
        View {
            current: values.len() as u32,
            values: values.to_vec(),
            ..View::default()
        }
    }

    #[test]
    fn the_number_is_in_proportion_to_the_target() {
        let mut it = target(FAST, FAST);
        // The documentation's own: 200m at a target of 100m doubles, 50m halves.
        assert_eq!(it.decide(secs(0), &ready(&[1.0, 1.0])), 4);
        assert_eq!(it.decide(secs(15), &ready(&[0.25; 4])), 2);
        // ⌈3 × 0.6 / 0.5⌉ = 4; a ratio of 1.1 or 0.9 is near enough.
        assert_eq!(it.decide(secs(30), &ready(&[0.6; 3])), 4);
        assert_eq!(it.decide(secs(45), &ready(&[0.55; 3])), 3);
        assert_eq!(it.decide(secs(60), &ready(&[0.45; 3])), 3);
        assert_eq!(it.decide(secs(75), &ready(&[0.01; 3])), 1, "at least min");
    }

    #[test]
    fn a_mean_in_whole_per_cent_is_cut() {
        let mut it = target(FAST, FAST);
        // 55.9 % over 50 % is 1.118, of three 3.35; cut to 55 % it is 1.1 and near enough.
        let view = ready(&[0.559; 3]);
        assert_eq!(it.decide(secs(0), &view), 4);
        it.spec.rule.as_mut().unwrap().whole_percent = true;
        assert_eq!(it.decide(secs(15), &view), 3);
        // 60.9 %, 69.99 % and 100 %: 60 / 50 × 5 = 6, 69 / 50 × 5 = 6.9, 100 / 50 × 5 = 10.
        let cases = [(0.609, 6), (0.6999, 7), (1.0, 10)];
        for (at, (mean, wanted)) in (2..).zip(cases) {
            assert_eq!(it.decide(secs(15 * at), &ready(&[mean; 5])), wanted);
        }
        // 0.57 × 100 is a hair below 57 in floating point, and 57 % all the same: 57 / 50 × 50 = 57.
        assert_eq!(it.decide(secs(90), &ready(&[0.57; 50])), 57);
    }

    #[test]
    fn those_that_boot_would_do_nothing_and_those_unknown_the_mildest() {
        let mut it = target(FAST, FAST);
        let booting = |values: &[f64], unready: u32, unknown: u32| View {
            current: values.len() as u32 + unready + unknown,
            values: values.to_vec(),
            unready,
            unknown,
        };
        // Two at 1.0 want four; with two that boot the ratio is 1 and nothing is to be done.
        assert_eq!(it.decide(secs(0), &booting(&[1.0; 2], 2, 0)), 4);
        // Three at 1.0 and one that boots: 3 / 4 / 0.5 = 1.5, of four, six.
        assert_eq!(it.decide(secs(15), &booting(&[1.0; 3], 1, 0)), 6);
        // To be fewer: the unknown one counts as fully used: (0.1 × 3 + 1) / 4 / 0.5 = 0.65, of four, three.
        assert_eq!(it.decide(secs(30), &booting(&[0.1; 3], 0, 1)), 3);
    }

    #[test]
    fn growth_is_at_most_four_or_double_in_a_period() {
        let pace = Pace {
            stabilise: Span::ZERO,
            replicas: 4,
            share: 1.0,
            per: Span::secs(15),
        };
        let mut it = target(pace, pace);
        // Twenty are wanted: 1 + 4, then nothing more in the same period, then 5 × 2, then twenty.
        let mut counts = Vec::new();
        let mut current = 1;
        for at in [0, 5, 15, 30] {
            let view = ready(&vec![10.0 / f64::from(current); current as usize]);
            let to = it.decide(secs(at), &view);
            it.changed(secs(at), current, to);
            counts.push(to);
            current = to;
        }
        assert_eq!(counts, [5, 5, 10, 20]);
    }

    #[test]
    fn it_shrinks_to_the_most_that_was_wanted_in_the_window() {
        let slow = Pace {
            stabilise: Span::secs(60),
            ..FAST
        };
        let mut it = target(FAST, slow);
        assert_eq!(it.decide(secs(0), &ready(&[0.5; 8])), 8);
        // Four, then six, then three are wanted; the eight of the beginning count for a minute, the six then.
        assert_eq!(it.decide(secs(20), &ready(&[0.25; 8])), 8);
        assert_eq!(it.decide(secs(40), &ready(&[0.375; 8])), 8);
        assert_eq!(it.decide(secs(70), &ready(&[0.1875; 8])), 6);
        assert_eq!(it.decide(secs(101), &ready(&[0.25; 6])), 3);
    }

    #[test]
    fn steps_add_and_remove_and_it_cools_down() {
        let step = |at, above, replicas| Step {
            at,
            above,
            replicas,
        };
        let steps = vec![
            step(0.7, true, 1),
            step(0.9, true, 5),
            step(0.3, false, 1),
            step(0.1, false, 3),
        ];
        let mut it = scaler(Policy::Steps(steps));
        it.spec.cool_down = Span::secs(60);
        let decided = |it: &mut Autoscaler, value: f64| it.decide(secs(0), &ready(&[value; 10]));
        let all = [0.95, 0.8, 0.5, 0.2, 0.05].map(|value| decided(&mut it, value));
        assert_eq!(all, [15, 11, 10, 9, 7]);
        it.changed(secs(0), 10, 11);
        assert_eq!(it.decide(secs(59), &ready(&[0.95; 11])), 11);
        assert_eq!(it.decide(secs(60), &ready(&[0.95; 11])), 16);
    }

    #[test]
    fn a_schedule_sets_the_least_or_without_a_rule_the_number() {
        let mut it = target(FAST, FAST);
        it.planned(6);
        assert_eq!(it.decide(secs(0), &ready(&[0.5; 2])), 6);
        assert_eq!(it.decide(secs(0), &ready(&[1.0; 6])), 12);
        it.planned(2);
        it.spec.rule = None;
        assert_eq!(it.decide(secs(0), &ready(&[1.0; 6])), 2);
    }
}
