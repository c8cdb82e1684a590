//! Users who are admitted when they poll, at locations that share the room's limits and learn of a crowd with a delay.
//!
//! The behaviour is that of a waiting room which runs in many data centres, as documented (the preset `minute-buckets`
//! names it): users of one minute stand at one place; a limit is divided among the locations but for a part that each
//! may use; until all know of a crowd, that part is used by several, and more get in than the limit says.

use crate::engine::stream::Stream;
use crate::engine::{Span, Time};
use crate::model::system::{self, Locations};
use crate::stats::reserve;

use super::{Standing, Token, WaitingRoom};

/// By which users are counted.
const MINUTE: Span = Span::secs(60);

/// A limit as locations share it.
#[derive(Clone, Debug)]
struct Budget {
    /// Of all together.
    total: u32,
    /// What each may use as long as it knows of no crowd: its own part, and what is for all.
    alone: u32,
    /// By location: what it uses.
    used: Vec<u32>,
}

impl Budget {
    /// Each location's own part is rounded down; the rest is for all.
    fn new(total: u32, count: u16, common: f64) -> Budget {
        let divided = f64::from(total) * (1.0 - common) / f64::from(count);
        let own = divided as u32;
        Budget {
            total,
            alone: total - own * u32::from(count - 1),
            used: vec![0; usize::from(count)],
        }
    }

    /// Whether a location may let one more through. In a crowd that all know of, nothing is for all: the limit is divided,
    /// and the first locations get the rest.
    fn allows(&self, at: usize, crowd: bool) -> bool {
        let count = self.used.len() as u32;
        let divided = self.total / count + u32::from((at as u32) < self.total % count);
        self.used[at] < if crowd { divided } else { self.alone }
    }
}

/// Who is let through when asking.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    each: Span,
    count: u16,
    propagation: Span,
    /// By token, if there are several.
    location: Vec<u16>,
    /// Users inside.
    active: Option<Budget>,
    /// Users let through in the minute that began then.
    minute: Option<Budget>,
    minute_began: Time,
    /// When somebody was turned down first and last, in the crowd that there is.
    crowd: Option<(Time, Time)>,
    stream: Stream,
}

impl Buckets {
    pub(super) fn new(spec: &system::WaitingRoom, stream: Stream) -> Option<Buckets> {
        let Locations {
            count,
            common,
            propagation,
        } = spec.locations.unwrap_or(Locations {
            count: 1,
            common: 1.0,
            propagation: Span::ZERO,
        });
        let budget = |total| Budget::new(total, count.max(1), common);
        Some(Buckets {
            each: spec.bucket?.max(Span(1)),
            count: count.max(1),
            propagation,
            location: Vec::new(),
            active: spec.active_cap.map(budget),
            minute: spec.per_minute.map(budget),
            minute_began: Time::ZERO,
            crowd: None,
            stream,
        })
    }

    /// A user joins, at one of the locations.
    pub(super) fn joins(&mut self) {
        if self.count > 1 {
            let at = self.stream.below(u64::from(self.count));
            reserve::push(&mut self.location, at as u16);
        }
    }

    fn location(&self, token: Token) -> usize {
        let location = self.location.get(token as usize);
        location.copied().map_or(0, usize::from)
    }

    /// Where who joined then stands: all of one bucket at the same place.
    pub(super) fn bucket(&self, joined: Time) -> u64 {
        joined.0 / self.each.0
    }

    /// Whether the location of a token has a place, which is taken then.
    pub(super) fn take(&mut self, now: Time, token: Token) -> bool {
        let began = Time(now.0 - now.0 % MINUTE.0);
        if began > self.minute_began {
            self.minute_began = began;
            self.minute.iter_mut().for_each(|m| m.used.fill(0));
        }
        let at = self.location(token);
        self.crowd
            .take_if(|(_, last)| now > *last + self.propagation);
        let known = self.crowd.map(|(first, _)| first + self.propagation);
        let crowd = known.is_some_and(|known| known <= now);
        let mut budgets = self.active.iter().chain(&self.minute);
        if !budgets.all(|budget| budget.allows(at, crowd)) {
            self.crowd.get_or_insert((now, now)).1 = now;
            return false;
        }
        for budget in self.active.iter_mut().chain(&mut self.minute) {
            budget.used[at] += 1;
        }
        true
    }

    /// Somebody who was let through has left.
    pub(super) fn gives_back(&mut self, token: Token) {
        let at = self.location(token);
        if let Some(active) = &mut self.active {
            active.used[at] = active.used[at].saturating_sub(1);
        }
    }
}

impl WaitingRoom {
    /// The number that is served, where batches raise it: the number of turns that have come.
    pub(super) fn served(&self, now: Time) -> u32 {
        let (size, every) = self.batch.unwrap_or((u32::MAX, Span(1)));
        let periods = now.since(self.opens_at).0 / every.0;
        u32::try_from(u64::from(size).saturating_mul(periods)).unwrap_or(u32::MAX)
    }

    /// Lets through a user who asks, where users are when they ask: if nobody of an earlier bucket waits, and the
    /// user's location has a place.
    #[inline]
    pub fn claim(&mut self, now: Time, token: Token) -> bool {
        self.buckets.is_some() && self.claim_in_bucket(now, token)
    }

    #[inline(never)]
    fn claim_in_bucket(&mut self, now: Time, token: Token) -> bool {
        if now < self.opens_at || now < self.next_by_rate {
            return false;
        }
        self.open();
        self.drop_absent(now);
        if self.standing(token) != Standing::Waiting {
            return false;
        }
        // A place drawn by lot is that of who joined at that place.
        let own = self.joined[self.turn(token) as usize];
        let first = self.joined[self.head as usize];
        let Some(buckets) = &mut self.buckets else {
            return false;
        };
        if buckets.bucket(own) != buckets.bucket(first) || !buckets.take(now, token) {
            return false;
        }
        if let Some(gap) = self.gap {
            self.next_by_rate = now + gap;
        }
        self.let_through(now, token);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::system::AdmissionOrder;

    fn secs(n: u64) -> Time {
        Time::ZERO + Span::secs(n)
    }

    fn spec() -> system::WaitingRoom {
        system::WaitingRoom {
            bucket: Some(MINUTE),
            ..system::WaitingRoom::default()
        }
    }

    fn room(spec: &system::WaitingRoom, seed: u64) -> WaitingRoom {
        let stream = |name| Stream::new(seed, 0, name);
        WaitingRoom::new(spec, stream("order")).by_asking(spec, stream("locations"))
    }

    /// All ask, one after the other; how many are let through.
    fn all_ask(room: &mut WaitingRoom, now: Time) -> usize {
        let all = 0..room.issued();
        all.filter(|token| room.claim(now, *token)).count()
    }

    #[test]
    fn locations_exceed_the_limit_until_they_know_of_the_crowd() {
        let locations = Locations {
            count: 4,
            common: 0.2,
            propagation: Span::secs(120),
        };
        let spec = system::WaitingRoom {
            per_minute: Some(100),
            locations: Some(locations),
            ..spec()
        };
        let mut room = room(&spec, 1);
        for _ in 0..1000 {
            room.join(secs(0));
        }
        // Each has 20 of its own and 20 that are for all; from 120 s on 25.
        let let_in = [0, 30, 60, 119, 120, 180].map(|at| all_ask(&mut room, secs(at)));
        assert_eq!(let_in, [160, 0, 160, 0, 100, 100]);
        // Nobody has asked for longer than two minutes: they know of no crowd.
        assert_eq!(all_ask(&mut room, secs(301)), 160);
    }

    #[test]
    fn one_location_keeps_the_limits() {
        let spec = system::WaitingRoom {
            per_minute: Some(10),
            active_cap: Some(15),
            ..spec()
        };
        let mut room = room(&spec, 1);
        for _ in 0..30 {
            room.join(secs(0));
        }
        let let_in = [0, 20, 60, 120].map(|at| all_ask(&mut room, secs(at)));
        assert_eq!(let_in, [10, 0, 5, 0]);
        assert!(room.end_session(secs(130), 3));
        assert_eq!(all_ask(&mut room, secs(140)), 1);
        assert_eq!(room.next_admission(secs(140)), None, "nobody has a turn");
    }

    #[test]
    fn who_asks_first_of_a_bucket_is_first_and_the_next_bucket_waits() {
        let spec = system::WaitingRoom {
            active_cap: Some(1),
            ..spec()
        };
        let mut room = room(&spec, 1);
        let tokens = [0, 10, 50, 61].map(|at| room.join(secs(at)));
        assert!(room.claim(secs(70), tokens[2]), "of the first minute");
        room.end_session(secs(80), tokens[2]);
        assert!(!room.claim(secs(81), tokens[3]), "of the second minute");
        assert!(room.claim(secs(82), tokens[1]));
        room.end_session(secs(90), tokens[1]);
        assert!(!room.claim(secs(91), tokens[3]));
        assert!(room.claim(secs(92), tokens[0]));
        room.end_session(secs(99), tokens[0]);
        assert!(room.claim(secs(99), tokens[3]));
    }

    #[test]
    fn who_is_gone_holds_up_the_next_bucket_for_the_grace() {
        let spec = system::WaitingRoom {
            poll_expiry: Some(Span::secs(300)),
            ..spec()
        };
        let mut room = room(&spec, 1);
        let gone = room.join(secs(30));
        let next = room.join(secs(70));
        let asks = |room: &mut WaitingRoom, at| {
            let waits = room.ask(secs(at), next) == Standing::Waiting;
            waits && room.claim(secs(at), next)
        };
        assert!(![90, 200, 330].map(|at| asks(&mut room, at)).contains(&true));
        assert!(asks(&mut room, 331));
        assert_eq!(room.standing(gone), Standing::Expired);
    }

    #[test]
    fn all_who_are_there_at_the_opening_are_equally_likely_to_be_first() {
        let spec = system::WaitingRoom {
            order: AdmissionOrder::RandomAtOpening,
            bucket: None,
            rate: Some(1.0),
            opens_at: Span::secs(10),
            ..spec()
        };
        // 5 before the opening, each first in a fifth of 2,000 draws: 400, with a deviation of 17.9; who came
        // later is last.
        let mut first = [0_u32; 5];
        for seed in 0..2000 {
            let mut room = room(&spec, seed);
            for _ in 0..5 {
                room.join(secs(seed % 10));
            }
            first[room.admit(secs(10)).unwrap() as usize] += 1;
            let late = room.join(secs(11));
            let all = (11..16).filter_map(|at| room.admit(secs(at)));
            assert_eq!(all.last(), Some(late));
        }
        assert!(first.iter().all(|n| n.abs_diff(400) < 72), "{first:?}");
    }

    #[test]
    fn a_number_that_is_served_stays_served() {
        let spec = system::WaitingRoom {
            bucket: None,
            batch: Some((3, MINUTE)),
            numbered: true,
            poll_expiry: Some(Span::secs(90)),
            ..spec()
        };
        let mut room = room(&spec, 1);
        let early = [0, 1].map(|at| room.join(secs(at)));
        assert_eq!(room.next_admission(secs(1)), Some(secs(60)));
        assert_eq!(
            [1, 60, 60].map(|at| room.admit(secs(at))),
            [None, Some(early[0]), Some(early[1])]
        );
        // The third number of the first minute is served when it comes; the fourth waits for the second minute.
        let late = [61, 62, 63].map(|at| room.join(secs(at)));
        assert_eq!(room.admit(secs(63)), Some(late[0]));
        assert_eq!(room.next_admission(secs(63)), Some(secs(120)));
        // Numbers of those who have gone are used up: of 4 and 5 only the second is there at 160 s, of 6 to 8 two.
        room.ask(secs(130), late[2]);
        let more = [160, 160, 160].map(|at| room.join(secs(at)));
        let in_time = (0..3).filter_map(|_| room.admit(secs(160)));
        assert_eq!(in_time.collect::<Vec<_>>(), [late[2], more[0]]);
        assert_eq!(room.next_admission(secs(160)), Some(secs(180)));
    }
}
