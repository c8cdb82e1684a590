//! The inventory: events × seats. A seat is free, held (with an expiry) or sold; it cannot be sold
//! twice.

use super::seat_history::SeatHistory;
use super::seat_map::SeatMap;
use crate::engine::alias::Alias;
use crate::engine::stream::Stream;
use crate::engine::{Span, Time};
use crate::measure::time_weighted::TimeWeighted;
use crate::model::journey::SeatChoice;
use crate::model::system;
use crate::stats::reserve;

/// Numbers a claim: the key to the seat it holds. 0 is none.
pub type Hold = u32;

/// State of a seat: 0 free, `SOLD`, or the number of the hold on it.
const SOLD: u32 = u32::MAX;

/// Events and seats.
#[derive(Clone, Debug)]
pub struct Inventory {
    seats_per_event: u32,
    /// State of each seat, event by event.
    seats: Vec<u32>,
    /// One bit per seat that is not free, in words of 64, event by event.
    taken: Vec<u64>,
    words_per_event: usize,
    /// Seat and user of each hold, by its number minus one.
    holds: Vec<(u32, u32)>,
    /// How often each seat of an event is wanted, if they differ.
    wanted: Option<(Alias, Vec<f64>)>,
    /// What has changed, if lists show the seats as they were.
    history: Option<Box<SeatHistory>>,
    per_user_limit: u32,
    /// Seats each user holds or has bought; empty without a limit.
    of_user: Vec<u32>,
    /// What it measured.
    pub probe: InventoryProbe,
}

/// What an inventory measures.
#[derive(Clone, Debug, Default)]
pub struct InventoryProbe {
    /// Seats on hold.
    pub held: TimeWeighted,
    /// Seats sold.
    pub sold: u64,
    /// Claims that got their seat.
    pub claimed: u64,
    /// Claims that found the seat taken or the user's limit reached.
    pub lost: u64,
    /// Holds that expired.
    pub expired: u64,
    /// Holds given back.
    pub released: u64,
    /// Listings that found no free seat.
    pub sold_out: u64,
    /// Seats picked from a list of some age that were taken when it was shown.
    pub outdated: u64,
}

impl Inventory {
    /// All seats free. `users` bounds the user numbers that claims come from.
    #[must_use]
    pub fn new(spec: &system::Inventory, users: u32) -> Inventory {
        let words_per_event = spec.seats_per_event.div_ceil(64) as usize;
        let events = spec.events as usize;
        Inventory {
            seats_per_event: spec.seats_per_event,
            seats: vec![0; events * spec.seats_per_event as usize],
            taken: vec![0; events * words_per_event],
            words_per_event,
            holds: Vec::new(),
            wanted: spec
                .seat_popularity
                .weights(spec.seats_per_event)
                .and_then(|weights| Some((Alias::new(&weights)?, weights))),
            history: None,
            per_user_limit: spec.per_user_limit.unwrap_or(u32::MAX),
            of_user: if spec.per_user_limit.is_some() {
                vec![0; users as usize + 1]
            } else {
                Vec::new()
            },
            probe: InventoryProbe::default(),
        }
    }

    /// Lists will show the seats as they were, `oldest` ago at most.
    #[must_use]
    pub fn remembering(mut self, oldest: Option<Span>) -> Inventory {
        let events = self.seats() / u64::from(self.seats_per_event.max(1));
        self.history = Some(Box::new(SeatHistory::new(events as u32, oldest)));
        self
    }

    /// Lists the free seats of an event and returns the one that the user picks, as a number among all seats;
    /// `None` if there is none. The list is of now, or as it was before an instant (see
    /// [`Inventory::remembering`]).
    pub fn pick(
        &mut self,
        event: u32,
        before: Option<Time>,
        choice: SeatChoice,
        stream: &mut Stream,
    ) -> Option<u32> {
        let words = words_of(&self.taken, event, self.words_per_event);
        let shown = match (&mut self.history, before) {
            (Some(history), Some(instant)) => history.before(event, instant, words),
            _ => words,
        };
        let map = SeatMap::new(shown, self.seats_per_event);
        let free = map.free_among(self.seats_per_event);
        if free == 0 {
            self.probe.sold_out += 1;
            return None;
        }
        let at = match (choice, &self.wanted) {
            (SeatChoice::First, _) => map.nth_free(0),
            (SeatChoice::Uniform, Some(wanted)) => map.by_popularity(wanted, stream),
            (SeatChoice::Uniform, None) => map.nth_free(stream.below(u64::from(free)) as u32),
            (SeatChoice::HotZone { seats, probability }, _) => {
                let hot = map.free_among(seats);
                let wants_hot = stream.chance(probability);
                let among = if wants_hot && hot > 0 { hot } else { free };
                map.nth_free(stream.below(u64::from(among)) as u32)
            }
        }?;
        let seat = event * self.seats_per_event + at;
        self.probe.outdated += u64::from(self.history.is_some() && self.is_taken(seat));
        Some(seat)
    }

    /// Whether there is such a seat, neither held nor sold.
    #[must_use]
    pub fn is_free(&self, seat: u32) -> bool {
        (seat as usize) < self.seats.len() && !self.is_taken(seat)
    }

    /// A user claims a seat. Returns the hold, or `None` if the seat is not free any more, there is no such
    /// seat, or the user has reached the limit.
    pub fn claim(&mut self, now: Time, seat: u32, user: u32) -> Option<Hold> {
        let over_limit = self
            .of_user
            .get(user as usize)
            .is_some_and(|n| *n >= self.per_user_limit);
        let exists = (seat as usize) < self.seats.len();
        if !exists || self.is_taken(seat) || over_limit || self.holds.len() as u32 >= SOLD - 1 {
            self.probe.lost += 1;
            return None;
        }
        reserve::push(&mut self.holds, (seat, user));
        let hold = self.holds.len() as Hold;
        self.seats[seat as usize] = hold;
        self.mark(now, seat, true);
        if let Some(n) = self.of_user.get_mut(user as usize) {
            *n += 1;
        }
        self.probe.claimed += 1;
        self.probe.held.add(now);
        Some(hold)
    }

    /// The holder buys the seat. Returns whether the hold was still in force.
    pub fn confirm(&mut self, now: Time, hold: Hold) -> bool {
        let Some((seat, _)) = self.in_force(hold) else {
            return false;
        };
        debug_assert_ne!(self.seats[seat as usize], SOLD, "a seat sold twice");
        self.seats[seat as usize] = SOLD;
        self.probe.sold += 1;
        self.probe.held.subtract(now);
        true
    }

    /// The holder gives the seat back. Returns whether the hold was still in force.
    pub fn release(&mut self, now: Time, hold: Hold) -> bool {
        let released = self.free(now, hold);
        self.probe.released += u64::from(released);
        released
    }

    /// The hold's time is over. Returns whether it was still in force.
    pub fn expire(&mut self, now: Time, hold: Hold) -> bool {
        let expired = self.free(now, hold);
        self.probe.expired += u64::from(expired);
        expired
    }

    /// The seat that a hold is or was on.
    #[must_use]
    pub fn seat_of(&self, hold: Hold) -> Option<u32> {
        let hold = self.holds.get((hold as usize).checked_sub(1)?);
        hold.map(|(seat, _)| *seat)
    }

    /// The free seats of an event, as numbers among all seats; none if there is no such event.
    pub fn free_of(&self, event: u32) -> impl Iterator<Item = u32> + '_ {
        let first = event as usize * self.seats_per_event as usize;
        let seats = self.seats.get(first..first + self.seats_per_event as usize);
        let seats = (first as u32..).zip(seats.unwrap_or_default());
        seats
            .filter(|(_, state)| **state == 0)
            .map(|(seat, _)| seat)
    }

    /// Number of all seats.
    #[must_use]
    pub fn seats(&self) -> u64 {
        self.seats.len() as u64
    }

    /// Seats on hold, seats sold and seats marked as taken, counted one by one.
    #[must_use]
    pub fn count(&self) -> (u64, u64, u64) {
        let sold = self.seats.iter().filter(|s| **s == SOLD).count() as u64;
        let free = self.seats.iter().filter(|s| **s == 0).count() as u64;
        let marked: u64 = self.taken.iter().map(|w| u64::from(w.count_ones())).sum();
        (self.seats() - sold - free, sold, marked)
    }

    /// Seats neither held nor sold.
    #[must_use]
    pub fn free_seats(&self) -> u64 {
        self.seats() - self.probe.held.value() - self.probe.sold
    }

    fn in_force(&self, hold: Hold) -> Option<(u32, u32)> {
        let (seat, user) = *self.holds.get((hold as usize).checked_sub(1)?)?;
        (self.seats[seat as usize] == hold).then_some((seat, user))
    }

    fn free(&mut self, now: Time, hold: Hold) -> bool {
        let Some((seat, user)) = self.in_force(hold) else {
            return false;
        };
        self.seats[seat as usize] = 0;
        self.mark(now, seat, false);
        if let Some(n) = self.of_user.get_mut(user as usize) {
            *n -= 1;
        }
        self.probe.held.subtract(now);
        true
    }

    /// Asks the bits, which are in fewer pages of memory than the states.
    fn is_taken(&self, seat: u32) -> bool {
        let (event, at) = (seat / self.seats_per_event, seat % self.seats_per_event);
        let word = self.taken[event as usize * self.words_per_event + at as usize / 64];
        word & 1 << (at % 64) != 0
    }

    fn mark(&mut self, now: Time, seat: u32, taken: bool) {
        let (event, at) = (seat / self.seats_per_event, seat % self.seats_per_event);
        if let Some(history) = &mut self.history {
            history.note(now, event, at, taken);
        }
        let word = &mut self.taken[event as usize * self.words_per_event + at as usize / 64];
        let bit = 1 << (at % 64);
        if taken {
            *word |= bit;
        } else {
            *word &= !bit;
        }
    }
}

/// The bits of an event; none if there is no such event.
fn words_of(taken: &[u64], event: u32, words_per_event: usize) -> &[u64] {
    let first = event as usize * words_per_event;
    taken
        .get(first..first + words_per_event)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::system::Popularity;

    fn inventory(events: u32, seats_per_event: u32, limit: Option<u32>) -> Inventory {
        let spec = system::Inventory {
            events,
            seats_per_event,
            popularity: Popularity::Uniform,
            seat_popularity: Popularity::Uniform,
            hold_expires_after: None,
            sweep_every: None,
            per_user_limit: limit,
            list: None,
        };
        Inventory::new(&spec, 10)
    }

    #[test]
    fn there_is_nothing_beyond_the_last_seat() {
        for (events, seats_per_event) in [(2, 3), (0, 0)] {
            let spec = system::Inventory {
                events,
                seats_per_event,
                popularity: system::Popularity::Uniform,
                seat_popularity: system::Popularity::Uniform,
                hold_expires_after: None,
                sweep_every: None,
                per_user_limit: None,
                list: None,
            };
            let mut inventory = Inventory::new(&spec, 1);
            let mut stream = Stream::new(1, 0, "s");
            let seats = events * seats_per_event;
            for seat in [seats, seats + 100, u32::MAX] {
                assert_eq!(inventory.claim(Time(0), seat, 0), None);
            }
            for event in [events, u32::MAX] {
                assert_eq!(
                    inventory.pick(event, None, SeatChoice::Uniform, &mut stream),
                    None
                );
            }
            assert_eq!((inventory.probe.lost, inventory.probe.sold_out), (3, 2));
        }
    }

    #[test]
    fn a_seat_goes_to_the_first_who_claims_it() {
        let mut i = inventory(2, 3, None);
        let hold = i.claim(Time(0), 4, 1);
        assert_eq!(hold, Some(1));
        assert_eq!(i.claim(Time(1), 4, 2), None);
        assert!(i.confirm(Time(2), 1));
        assert!(!i.confirm(Time(3), 1), "a seat is sold once");
        assert!(!i.expire(Time(4), 1), "a sold seat does not come back");
        assert_eq!((i.probe.sold, i.probe.lost, i.free_seats()), (1, 1, 5));
    }

    #[test]
    fn an_expired_hold_is_worth_nothing() {
        let mut i = inventory(1, 1, None);
        let first = i.claim(Time(0), 0, 1).unwrap();
        assert!(i.expire(Time(5), first));
        let second = i.claim(Time(6), 0, 2).unwrap();
        assert!(!i.confirm(Time(7), first));
        assert!(!i.expire(Time(8), first));
        assert!(i.confirm(Time(9), second));
    }

    #[test]
    fn picks_are_free_seats_of_the_event() {
        let mut stream = Stream::new(1, 0, "pick");
        let mut i = inventory(3, 130, None);
        for seat in 130..258 {
            i.claim(Time(0), seat, 0);
        }
        // Event 1 has seats 130..260; 258 and 259 are left.
        let mut seen = [0; 2];
        for _ in 0..200 {
            let seat = i.pick(1, None, SeatChoice::Uniform, &mut stream).unwrap();
            seen[seat as usize - 258] += 1;
        }
        assert!(seen[0] > 60 && seen[1] > 60, "{seen:?}");
        assert_eq!(i.pick(1, None, SeatChoice::First, &mut stream), Some(258));
        assert_eq!(i.pick(0, None, SeatChoice::First, &mut stream), Some(0));
        i.claim(Time(0), 258, 0);
        i.claim(Time(0), 259, 0);
        assert_eq!(i.pick(1, None, SeatChoice::Uniform, &mut stream), None);
        let hot = SeatChoice::HotZone {
            seats: 2,
            probability: 1.0,
        };
        assert!(i.pick(2, None, hot, &mut stream).is_some_and(|s| s < 262));
    }

    #[test]
    fn wanted_seats_are_picked_in_proportion_among_the_free() {
        let mut stream = Stream::new(1, 0, "pick");
        let spec = system::Inventory {
            events: 2,
            seats_per_event: 4,
            popularity: Popularity::Uniform,
            seat_popularity: Popularity::Weights(vec![1000.0, 3.0, 1.0, 0.0]),
            hold_expires_after: None,
            sweep_every: None,
            per_user_limit: None,
            list: None,
        };
        let mut i = Inventory::new(&spec, 10);
        i.claim(Time(0), 4, 0);
        let mut seen = [0_u32; 4];
        for _ in 0..4000 {
            let seat = i.pick(1, None, SeatChoice::Uniform, &mut stream).unwrap();
            seen[seat as usize - 4] += 1;
        }
        assert_eq!((seen[0], seen[3]), (0, 0));
        assert!((2850..3150).contains(&seen[1]), "{seen:?}");
        i.claim(Time(0), 5, 0);
        i.claim(Time(0), 6, 0);
        // What nobody wants is taken when nothing else is left.
        assert_eq!(i.pick(1, None, SeatChoice::Uniform, &mut stream), Some(7));
    }

    #[test]
    fn a_list_of_some_age_shows_what_is_gone() {
        let mut stream = Stream::new(1, 0, "pick");
        let mut i = inventory(2, 2, None).remembering(Some(Span(10)));
        let mut first = |i: &mut Inventory, before: u64| {
            i.pick(1, Some(Time(before)), SeatChoice::First, &mut stream)
        };
        let hold = i.claim(Time(5), 2, 0).unwrap();
        assert_eq!((first(&mut i, 5), i.probe.outdated), (Some(2), 1));
        assert_eq!((first(&mut i, 6), i.probe.outdated), (Some(3), 1));
        i.claim(Time(7), 3, 0).unwrap();
        assert!(i.expire(Time(9), hold));
        // Both are shown as gone, though one is free again.
        assert_eq!((first(&mut i, 9), i.probe.sold_out), (None, 1));
        assert_eq!(first(&mut i, 10), Some(2));
    }

    #[test]
    fn the_limit_counts_holds_and_purchases() {
        let mut i = inventory(1, 5, Some(2));
        let a = i.claim(Time(0), 0, 3).unwrap();
        let b = i.claim(Time(0), 1, 3).unwrap();
        assert_eq!(i.claim(Time(0), 2, 3), None);
        assert!(i.confirm(Time(1), a));
        assert_eq!(i.claim(Time(1), 2, 3), None);
        assert!(i.release(Time(2), b));
        assert!(i.claim(Time(2), 2, 3).is_some());
    }
}
