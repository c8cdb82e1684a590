//! What goes off while a request waits for a token or a lock: its patience is over, or the reserve of the pool comes.
//! Mostly the request has what it waits for before: then it is forgotten, and no event is left behind.

use crate::engine::queue::{EventQueue, TimeoutsId};
use crate::engine::{Span, Time, Turn};
use crate::model::Model;
use crate::model::system::Op;

use super::System;
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// How long a wait takes until something goes off; with the interval at which a timer looks, if one does.
type Wait = (Span, Option<Span>);

/// All waits that are as long and after which the same happens: who began later is due later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitTimer {
    kind: Kind,
    wait: Wait,
    pending: TimeoutsId,
}

/// Those of a model.
pub(crate) fn wait_timers(model: &Model, queue: &mut EventQueue<Event>) -> Vec<WaitTimer> {
    let locks = model.endpoints.iter().flat_map(|e| &e.ops);
    let locks = locks.filter_map(|op| match op {
        Op::Lock { timeout, .. } => Some((Kind::PatienceOver, ((*timeout)?, None))),
        _ => None,
    });
    let pools = model.pools.iter().flat_map(|pool| {
        let timer = pool.waiting.timer;
        let timeout = pool.timeout.map(|t| (Kind::PatienceOver, (t, timer)));
        let reserve = pool.waiting.reserve;
        timeout
            .into_iter()
            .chain(reserve.map(|(_, after)| (Kind::ReserveDue, (after, timer))))
    });
    let mut timers: Vec<WaitTimer> = Vec::new();
    for (kind, wait) in pools.chain(locks) {
        if !timers.iter().any(|t| t.kind == kind && t.wait == wait) {
            let pending = queue.timeouts(Turn::Late);
            timers.push(WaitTimer {
                kind,
                wait,
                pending,
            });
        }
    }
    timers
}

impl System<'_> {
    /// If a request still waits then, this happens to it; `wait` is what makes the time, one of the model's waits.
    pub(crate) fn goes_off(
        &mut self,
        kernel: &mut Kernel,
        time: Time,
        id: u32,
        kind: Kind,
        wait: Wait,
    ) {
        let event = Event::stale_after(kind, id, self.requests[id].ticket);
        let timers = self.wait_timers.iter();
        let mut same = timers.filter(|t| t.kind == kind && t.wait == wait);
        let Some(timer) = same.next() else {
            return kernel.queue.at_turn(time, Turn::Late, event);
        };
        let requests = &self.requests;
        let waits = |event: Event| requests[event.who()].ticket == event.ticket();
        kernel.queue.add_timeout(timer.pending, time, event, waits);
    }

    /// Something went off for a request that had not waited for so long: others may not have, either.
    #[inline(never)]
    pub(crate) fn forget_waits(&mut self, kernel: &mut Kernel) {
        let requests = &self.requests;
        let waits = |event: Event| requests[event.who()].ticket == event.ticket();
        for timer in &self.wait_timers {
            kernel.queue.forget_timeouts(timer.pending, waits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;
    use crate::world::outcome::Outcome;

    /// Twenty users, of whom most wait, in this part of a system.
    fn outcome(sections: &str, visit: &str) -> Outcome {
        let text = format!(
            "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 20\nduration = \"20s\"\njourney = \"j\"\n\
             [journeys]\nj = [{{ request = \"e\" }}, {{ sleep = {{ exponential = \"20ms\" }} }}]\n{sections}\n\
             [endpoints.e]\nvisits = [{{ {visit}, visits = [{{ delay = {{ exponential = \"10ms\" }} }}] }}]\n"
        );
        let model = Model::from_text("test.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
        World::new(&model, 1, 0).run()
    }

    #[test]
    fn a_timeout_that_never_strikes_makes_next_to_no_events() {
        let pool = |rest: &str| outcome(&format!("[pools.p]\nsize = 4\n{rest}"), "hold = \"p\"");
        let plain = pool("");
        for rest in [
            "timeout = \"1s\"",
            "timeout = \"2s\"\ntimer = \"300ms\"\nreserve = 1\nreserve_after = \"1s\"",
        ] {
            let timed = pool(rest);
            assert_eq!(timed.recorder.durations, plain.recorder.durations);
            assert!(
                timed.events - plain.events < 100,
                "{rest}: {}",
                timed.events
            );
        }
        let lock = |visit: &str| outcome("", visit);
        let plain = lock("lock = \"global\"");
        let timed = lock("lock = \"global\", timeout = \"5s\"");
        assert_eq!(timed.recorder.durations, plain.recorder.durations);
        assert!(timed.events - plain.events < 100, "{}", timed.events);
    }

    #[test]
    fn timeouts_strike_those_who_wait_for_so_long_alone() {
        let timed = outcome("[pools.p]\nsize = 4\ntimeout = \"30ms\"", "hold = \"p\"");
        let record = &timed.recorder;
        let failed = |series: u16| record.series[usize::from(series)].code.0 == 503;
        let all = record.request_series.iter().zip(record.durations.iter());
        let failed: Vec<u64> = all.filter(|r| failed(r.0)).map(|r| r.1).collect();
        assert_eq!(failed.len() as u64, timed.pools[0].left);
        assert!(failed.len() > 100, "{}", failed.len());
        assert!(failed.iter().all(|ns| *ns == Span::millis(30).0));
    }
}
