//! Thresholds that end a run before its time (`internal/metrics/engine/engine.go`, k6 v2.2.0).

use crate::engine::{Span, Time};
use crate::load::verdict;

use super::World;
use super::kernel::{Kernel, Phase};
use super::load::Load;
use super::load::vu::VuState;
use super::summary::statistics;
use super::termination::Termination;
use super::values::MetricQuery;

/// k6 looks every two seconds.
const EVERY: Span = Span::secs(2);

impl World<'_> {
    /// Evaluates all thresholds of metrics with samples, and aborts if one of them says so.
    pub(super) fn evaluate(&mut self, now: Time) {
        if self.kernel.phase == Phase::Teardown {
            return;
        }
        self.kernel.queue.set_alarm(self.load.evaluate, now + EVERY);
        let elapsed = self.kernel.elapsed();
        let view = MetricQuery::new(&self.load.recorder, self.model, elapsed.as_secs());
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
            self.load.crossed = crossed;
            self.abort(now);
        }
    }

    /// Interrupts all that runs; later scenarios never start, teardown does.
    pub(super) fn abort(&mut self, now: Time) {
        self.kernel.end = Termination::Aborted;
        self.kernel.queue.clear_alarm(self.load.evaluate);
        self.kernel.queue.clear_alarm(self.load.phase_timeout);
        let in_setup = self.kernel.phase == Phase::Setup;
        if in_setup {
            self.interrupt(0);
        }
        for id in 1..self.load.vus.len() as u32 {
            let vu = &self.load.vus[id as usize];
            if vu.state == VuState::Idle || self.load.is_line(id) {
                continue;
            }
            let index = vu.origin.as_scenario().unwrap_or(0);
            self.interrupt(id);
            self.load.vu_returned(index);
        }
        for scenario in &mut self.load.scenarios {
            self.kernel.queue.clear_alarm(scenario.load_alarm);
            self.kernel.queue.clear_alarm(scenario.hard_alarm);
            scenario.load_over = true;
            if scenario.begun && scenario.spent.is_none() {
                scenario.spent = Some(now.since(scenario.started));
                scenario.cut_short = true;
            }
        }
        if in_setup {
            // There is nothing to tear down.
            self.kernel.stop(Termination::Aborted);
        } else {
            self.scenarios_over(now);
        }
    }
}

impl Load<'_> {
    /// Sets the alarm, if there is a threshold that may abort.
    pub(super) fn watch_thresholds(&mut self, kernel: &mut Kernel) {
        let all = self.model.thresholds.iter().flat_map(|t| &t.thresholds);
        if all.into_iter().any(|t| t.abort_on_fail) {
            kernel.queue.set_alarm(self.evaluate, Time::ZERO + EVERY);
        }
    }
}
