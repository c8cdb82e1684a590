//! How a VU goes along its flat program.

use crate::engine::Time;
use crate::measure::recorder::Code;
use crate::model::journey::SiteId;
use crate::model::system::{DistId, StationId};
use crate::parts::Admission;
use crate::parts::waiting::Waiting;

use super::super::World;
use super::super::event::{Event, Kind};
use super::Way;
use super::near::Near;
use super::program::Hop;
use super::walker::{Doing, Walker};

impl World<'_> {
    /// A VU goes on from a hop until virtual time must pass.
    #[inline(always)]
    pub(super) fn walk_straight(
        &mut self,
        way: &mut Way,
        walker: &mut Walker,
        mut at: usize,
        now: Time,
        id: u32,
    ) {
        let hops = &way.program.hops[..];
        let mut hop = hops[at];
        loop {
            // In the order of most journeys, so that one hop after the other is foreseen.
            if let Hop::Answer(site) = hop {
                self.answer_straight(walker, now, site);
                if let Some(numbers) = &mut way.numbers {
                    numbers.free(walker.number);
                }
                at += 1;
                hop = hops[at];
            }
            while let Hop::Check(check, passed) = hop {
                self.recorder.check(now, walker.origin, check, passed);
                at += 1;
                hop = hops[at];
            }
            if let Hop::Sleep { time, lane } = hop {
                walker.at = at as u32;
                if let Some(lane) = lane {
                    return way.near.pause(lane, now, self.queue.next_order(), id);
                }
                let over = Event::stale_after(Kind::Wake, id, 0);
                return self.pause_at_random(&mut way.rest, time, over);
            }
            if let Hop::End = hop {
                if !self.end_straight(walker, now, id) {
                    return;
                }
                at = walker.entry as usize;
                hop = hops[at];
            }
            if let Hop::Send(site) = hop {
                if let Some(numbers) = &mut way.numbers {
                    walker.number = numbers.next();
                }
                self.send_straight(&mut way.rest, walker, now, site);
                at += 1;
                hop = hops[at];
            }
            match hop {
                Hop::Serve {
                    station,
                    time,
                    class,
                    op,
                } => {
                    (walker.at, walker.op, walker.since) = (at as u32, op, now);
                    return self.serve_straight(&mut way.near, now, id, (station, time, class));
                }
                Hop::Delay { time, lane, op } => {
                    (walker.at, walker.op, walker.since) = (at as u32, op, now);
                    if let Some(lane) = lane {
                        return way.near.pause(lane, now, self.queue.next_order(), id);
                    }
                    let over = Event::stale_after(Kind::DelayOver, walker.number, id);
                    return self.pause_at_random(&mut way.rest, time, over);
                }
                _ => {}
            }
        }
    }

    #[inline(always)]
    fn answer_straight(&mut self, walker: &mut Walker, now: Time, site: SiteId) {
        let took = now.since(walker.sent);
        self.recorder
            .request(now, walker.origin, site, Code::OK, took);
        walker.doing = Doing::Thinking;
    }

    /// An iteration is over. Returns whether another begins at once.
    #[inline(always)]
    fn end_straight(&mut self, walker: &mut Walker, now: Time, id: u32) -> bool {
        let took = now.since(walker.started);
        self.recorder.iteration(now, walker.origin, took);
        let index = usize::from(walker.scenario);
        let own = (walker.stopping, walker.iterations);
        let goes_on = self.scenarios[index].goes_on(now, id, own, &mut self.recorder);
        if goes_on {
            walker.begin(now);
        } else {
            walker.doing = Doing::Idle;
            self.vu_returned(index);
            self.scenario_over(now, index);
        }
        goes_on
    }

    #[inline(always)]
    fn send_straight(&mut self, rest: &mut u128, walker: &mut Walker, now: Time, site: SiteId) {
        walker.sent = now;
        walker.site = site;
        walker.doing = Doing::Requesting;
        walker.requests = walker.requests.wrapping_add(1);
        self.sent += 1;
        self.arrived += 1;
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
        near: &mut Near,
        now: Time,
        id: u32,
        (station, time, class): (StationId, DistId, u8),
    ) {
        let time = self.samplers[time.index()].span();
        let (part, _) = &mut self.stations[station.index()];
        let entry = Waiting {
            job: id,
            ticket: 0,
            demand: part.demand(time),
        };
        if part.arrive(now, entry, class) == Admission::Granted
            && let Some(at) = part.next_completion()
        {
            near.complete_at(station.index(), at, self.queue.next_order());
        }
    }
}
