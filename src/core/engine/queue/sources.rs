//! Adding the sources of events while a run is built: fixed-delay queues and alarms, and which of them are compared
//! directly.

use super::{Alarm, AlarmId, EventQueue, FixedDelayId, LISTED};
use crate::engine::fixed_delay::FixedDelayQueue;
use crate::engine::source_heads::SOURCE_BITS;
use crate::engine::{Span, Turn};

impl<E: Copy> EventQueue<E> {
    /// Adds a queue for a constant delay, whose events have this turn.
    pub fn fixed_delay(&mut self, delay: Span, turn: Turn) -> FixedDelayId {
        let id = FixedDelayId(self.fixed_delays.len() as u32);
        let queue = FixedDelayQueue::new(delay, turn, id.source());
        self.fixed_delays.push(queue);
        let place = self.place();
        self.fixed_delays[id.0 as usize].place = place;
        if place != LISTED {
            self.delay_at[usize::from(place)] = id.0;
        }
        id
    }

    /// As [`EventQueue::fixed_delay`], of a delay that is scheduled hardly ever.
    pub fn rare_fixed_delay(&mut self, delay: Span, turn: Turn) -> FixedDelayId {
        let id = FixedDelayId(self.fixed_delays.len() as u32);
        let queue = FixedDelayQueue::new(delay, turn, id.source());
        self.fixed_delays.push(queue);
        self.list();
        id
    }

    /// Adds an alarm that goes off often, cleared. `event` is what it will deliver.
    pub fn busy_alarm(&mut self, event: E) -> AlarmId {
        let id = self.alarm(event);
        self.listed -= 1;
        let place = self.place();
        if place != LISTED {
            self.alarm_at[usize::from(place)] = Some(event);
        }
        AlarmId { place, ..id }
    }

    /// Adds an alarm that goes off now and then, cleared. `event` is what it will deliver.
    pub fn alarm(&mut self, event: E) -> AlarmId {
        self.alarms.push(Alarm {
            event,
            due: u128::MAX,
            listed: u128::MAX,
        });
        self.list();
        AlarmId {
            number: self.alarms.len() as u32 - 1,
            place: LISTED,
        }
    }

    /// The place of a new source among those that are compared directly, while there is room.
    fn place(&mut self) -> u8 {
        let Some(place) = self.direct.add() else {
            self.list();
            return LISTED;
        };
        place as u8
    }

    /// One more source stands in `heads`.
    fn list(&mut self) {
        self.listed += 1;
        let numbers = 2 * self.fixed_delays.len().max(self.alarms.len());
        // The greatest number is that in `u128::MAX`.
        assert!(
            numbers < 1 << SOURCE_BITS,
            "too many fixed-delay queues and alarms"
        );
        self.heads.grow(self.listed, numbers);
    }
}
