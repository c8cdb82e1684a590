//! Thresholds that end a run before its time (`internal/metrics/engine/engine.go`, k6 v2.2.0).

use crate::engine::{Span, Time};
use crate::load::verdict;

use super::outcome::Termination;
use super::summary::statistics;
use super::values::MetricQuery;
use super::vu::VuState;
use super::{Phase, World};

/// k6 looks every two seconds.
const EVERY: Span = Span::secs(2);

impl World<'_> {
    /// Sets the alarm, if there is a threshold that may abort.
    pub(super) fn watch_thresholds(&mut self) {
        let all = self.model.thresholds.iter().flat_map(|t| &t.thresholds);
        if all.into_iter().any(|t| t.abort_on_fail) {
            self.queue.set_alarm(self.evaluate, Time::ZERO + EVERY);
        }
    }

    /// Evaluates all thresholds of metrics with samples, and aborts if one of them says so.
    pub(super) fn evaluate(&mut self, now: Time) {
        if self.phase == Phase::Teardown {
            return;
        }
        self.queue.set_alarm(self.evaluate, now + EVERY);
        let elapsed = self.elapsed();
        let view = MetricQuery::new(&self.recorder, self.model, elapsed.as_secs());
        let (mut crossed, mut aborts) = (Vec::new(), false);
        for thresholds in &self.model.thresholds {
            let Some(measured) = view.named(&thresholds.name, &statistics(&[thresholds])) else {
                continue;
            };
            if !measured.observed {
                continue;
            }
            let verdicts = verdict::verdicts(thresholds, &measured.values);
            if verdicts.iter().any(|v| !v.passed) {
                crossed.push(thresholds.name.shown());
            }
            aborts |= verdict::aborts(thresholds, &measured.values, elapsed);
        }
        if aborts {
            self.crossed = crossed;
            self.abort(now);
        }
    }

    /// Interrupts all that runs; later scenarios never start, teardown does.
    pub(super) fn abort(&mut self, now: Time) {
        self.end = Termination::Aborted;
        self.queue.clear_alarm(self.evaluate);
        self.queue.clear_alarm(self.phase_timeout);
        let in_setup = self.phase == Phase::Setup;
        if in_setup {
            self.interrupt(0);
        }
        for id in 1..self.vus.len() as u32 {
            let vu = &self.vus[id as usize];
            if vu.state == VuState::Idle || self.is_line(id) {
                continue;
            }
            let index = vu.origin.as_scenario().unwrap_or(0);
            self.interrupt(id);
            self.vu_returned(index);
        }
        for scenario in &mut self.scenarios {
            self.queue.clear_alarm(scenario.load_alarm);
            self.queue.clear_alarm(scenario.hard_alarm);
            scenario.load_over = true;
            if scenario.begun && scenario.spent.is_none() {
                scenario.spent = Some(now.since(scenario.started));
                scenario.cut_short = true;
            }
        }
        if in_setup {
            // There is nothing to tear down.
            self.stop(Termination::Aborted);
        } else {
            self.scenarios_over(now);
        }
    }
}
