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
    /// The metric, where it is one of the whole model; none before its first window has ended.
    pub external: Option<f64>,
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
                    let wanted = match rule.metric {
                        Metric::External(_) => shared(view, &goal),
                        _ => proportional(view, &goal),
                    };
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

/// ⌈metric / target⌉, and as it is if a replica's share of the metric is near the target, whether the replicas are ready or not
/// (`GetExternalPerPodMetricReplicas`).
fn shared(view: &View, goal: &Goal) -> u32 {
    let Some(value) = view.external else {
        return view.current;
    };
    let ratio = value / (goal.target * f64::from(view.current));
    if (1.0 - ratio).abs() <= goal.tolerance + HAIR {
        return view.current;
    }
    up_to_whole(value / goal.target)
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
    let all = view.values.iter().sum::<f64>();
    let mean = (!view.values.is_empty()).then(|| all / view.values.len() as f64);
    let Some(mean) = view.external.or(mean) else {
        return view.current;
    };
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
mod tests;
