//! A calendar queue: R. Brown, "Calendar queues: a fast O(1) priority queue implementation for the simulation
//! event set problem", Comm. ACM 31(10), 1988.

use capsim_core::engine::heap::major;

use super::lists::List;

/// Days of equal length, over which the events of all years are spread. A day is sorted, its first event
/// last in memory. Days are a power of two long, so that a shift tells the day of an event.
pub struct Calendar {
    days: Vec<Vec<(u128, u64)>>,
    /// Length of a day in bits of time.
    bits: u32,
    /// The day, counted from the beginning of time, in which the last event was found.
    today: u64,
    len: usize,
}

/// Fewest days in a year.
const LEAST: usize = 2;

/// How many of the first events tell how long a day should be (Brown 1988, section 4).
const SAMPLE: usize = 25;

impl Default for Calendar {
    fn default() -> Self {
        Calendar {
            days: vec![Vec::new(); LEAST],
            bits: 20,
            today: 0,
            len: 0,
        }
    }
}

impl List for Calendar {
    #[inline]
    fn push(&mut self, key: u128, value: u64) {
        self.insert(key, value);
        self.len += 1;
        if self.len > 2 * self.days.len() {
            self.resize(2 * self.days.len());
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<(u128, u64)> {
        let year = self.days.len() as u64;
        let found = (self.today..self.today + year).find(|date| {
            let day = &self.days[(date & (year - 1)) as usize];
            day.last().is_some_and(|e| major(e.0) >> self.bits == *date)
        });
        // A whole year without events: straight to the first one.
        self.today = found.or_else(|| {
            let firsts = self.days.iter().filter_map(|day| day.last());
            firsts.map(|e| major(e.0) >> self.bits).min()
        })?;
        let first = self.days[(self.today & (year - 1)) as usize].pop();
        self.len -= 1;
        if self.len < self.days.len() / 2 && self.days.len() > LEAST {
            self.resize(self.days.len() / 2);
        }
        first
    }
}

impl Calendar {
    #[inline]
    fn insert(&mut self, key: u128, value: u64) {
        let date = major(key) >> self.bits;
        self.today = self.today.min(date);
        let place = (date & (self.days.len() as u64 - 1)) as usize;
        let day = &mut self.days[place];
        let at = day.partition_point(|e| e.0 > key);
        day.insert(at, (key, value));
    }

    #[cold]
    fn resize(&mut self, days: usize) {
        let mut all: Vec<_> = self.days.drain(..).flatten().collect();
        let sample = SAMPLE.min(all.len() - 1);
        all.select_nth_unstable_by_key(sample, |e| e.0);
        all[..sample].sort_unstable_by_key(|e| e.0);
        let firsts = all[..sample].windows(2);
        let gaps: Vec<u64> = firsts.map(|e| major(e[1].0) - major(e[0].0)).collect();
        let mean = |gaps: &[u64]| gaps.iter().sum::<u64>() / gaps.len().max(1) as u64;
        let rough = mean(&gaps);
        let usual: Vec<u64> = gaps.into_iter().filter(|gap| *gap <= 2 * rough).collect();
        self.bits = (3 * mean(&usual)).max(1).ilog2();
        self.days.resize(days, Vec::new());
        self.today = u64::MAX;
        for (key, value) in all {
            self.insert(key, value);
        }
    }
}
