//! How a VU goes along its flat program.

use crate::engine::{Span, Time};
use crate::measure::recorder::Code;
use crate::model::journey::SiteId;
use crate::model::system::{DistId, StationId};
use crate::parts::station::Station;
use crate::parts::waiting::Waiting;
use crate::parts::{Admission, Job};

use super::super::World;
use super::super::event::{Event, Kind};
use super::Way;
use super::near::Near;
use super::notes::Notes;
use super::program::{Leg, Pause};
use super::simple::Simple;
use super::walker::{Walker, pause_over};

impl World<'_> {
    /// A VU goes from a leg on until virtual time must pass.
    #[inline(always)]
    pub(super) fn walk_straight<N: Notes>(
        &mut self,
        way: &mut Way<N>,
        walker: &mut Walker,
        mut at: u32,
        now: Time,
        id: u32,
    ) {
        loop {
            let leg = &mut way.program.legs[at as usize];
            way.notes.pause_over(id, leg, walker, now);
            if leg.answers {
                let took = now.since_past(walker.sent);
                self.answer_straight(leg, now, took);
                if way.numbered {
                    way.numbers.free(walker.number);
                }
            }
            if leg.checks > 0 {
                let first = leg.first_check as usize;
                let made = first..first + usize::from(leg.checks);
                for &(check, passed) in &way.program.checks[made] {
                    self.recorder.check(now, leg.origin(), check, passed);
                }
            }
            if leg.ends && !self.end_straight(&mut way.rest, leg, walker, now, id) {
                return;
            }
            if let Some(site) = leg.sends {
                if way.numbered {
                    walker.number = way.numbers.next();
                }
                self.send_straight(&mut way.rest, walker, now, site);
            }
            at = leg.next;
            let (kind, time, lane) = match leg.pause {
                Pause::None => continue,
                Pause::Serve {
                    station,
                    time,
                    class,
                } => {
                    (walker.at, walker.since) = (at, now);
                    let stations = (&mut way.near, &mut way.simple[..]);
                    let visit = (station, time, class);
                    return self.serve_straight(stations, walker, now, id, visit);
                }
                Pause::Delay { time, lane } => {
                    (walker.since, walker.part) = (now, Span::ZERO);
                    (Kind::DelayOver, time, lane)
                }
                Pause::Sleep { time, lane } => (Kind::Wake, time, lane),
            };
            walker.at = at;
            return match lane {
                Some(lane) => way.near.pause(lane, now, self.queue.next_order(), id),
                None => self.pause_at_random(
                    &mut way.rest,
                    time,
                    pause_over(kind, id, || walker.number),
                ),
            };
        }
    }

    #[inline(always)]
    fn answer_straight(&mut self, leg: &mut Leg, now: Time, took: Span) {
        let series = match (leg.series, leg.request) {
            (Some(series), _) => series,
            (None, Some(site)) => {
                let series = self.recorder.series_of(leg.origin(), site, Code::OK);
                *leg.series.insert(series)
            }
            (None, None) => return,
        };
        self.recorder.request_of_series(now, series, took);
    }

    /// An iteration is over. Returns whether another begins at once.
    #[inline(always)]
    fn end_straight(
        &mut self,
        rest: &mut u128,
        leg: &Leg,
        walker: &mut Walker,
        now: Time,
        id: u32,
    ) -> bool {
        let took = now.since_past(walker.started);
        self.recorder.iteration(now, leg.origin(), took);
        let index = usize::from(leg.scenario);
        let own = (walker.stopping, walker.iterations);
        let scenario = &mut self.scenarios[index];
        let goes_on = scenario.goes_on(now, id, own, &mut self.recorder);
        if goes_on {
            walker.begin(now);
        } else {
            walker.rest();
            scenario.active -= 1;
            self.active_vus -= 1;
            if scenario.load_over {
                self.scenario_over(now, index);
                *rest = 0;
            }
        }
        goes_on
    }

    #[inline(always)]
    fn send_straight(&mut self, rest: &mut u128, walker: &mut Walker, now: Time, site: SiteId) {
        walker.sent = now;
        if self.idle_watches > 0 {
            self.arm(now, self.sites[site.index()].watch);
            *rest = self.queue.first_key();
        }
    }

    #[inline(never)]
    fn pause_at_random(&mut self, rest: &mut u128, time: DistId, over: Event) {
        let pause = self.samplers[time.index()].span();
        self.queue.at(self.queue.now() + pause, over);
        *rest = self.queue.first_key();
    }

    #[inline(always)]
    fn serve_straight(
        &mut self,
        (near, simple): (&mut Near, &mut [Option<Simple>]),
        walker: &mut Walker,
        now: Time,
        id: u32,
        (station, time, class): (StationId, DistId, u8),
    ) {
        let time = self.samplers[time.index()].span();
        let due = if let Some(Some(part)) = simple.get_mut(station.index()) {
            walker.part = time;
            part.arrive(now, id, time)
        } else {
            walker.part = Span::ZERO;
            let part = &mut self.stations[station.index()].0;
            arrive(part, now, (id, time), class)
        };
        if let Some(at) = due {
            let order = self.queue.next_order();
            near.complete_at(station.index(), Some((at, order)));
        }
    }
}

/// A job comes to a station that is not simple. Returns when the next one leaves, if it is served at once.
#[inline(never)]
fn arrive(part: &mut Station, now: Time, (job, time): (Job, Span), class: u8) -> Option<Time> {
    let entry = Waiting {
        job,
        ticket: 0,
        demand: part.demand(time),
    };
    match part.arrive(now, entry, class) {
        Admission::Granted => part.next_completion(),
        _ => None,
    }
}
