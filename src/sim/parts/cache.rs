//! What a cache holds, and which object is evicted.

use std::collections::BTreeSet;

use crate::engine::stream::Stream;
use crate::engine::{Span, Time};
use crate::measure::time_weighted::TimeWeighted;
use crate::model::cache::Eviction;

/// No object.
const NOBODY: u32 = u32::MAX;

/// The objects of a cache, by number.
#[derive(Clone, Debug)]
pub struct Store {
    policy: Eviction,
    size: u32,
    slots: Vec<Slot>,
    count: u32,
    /// The list of `Lru` and `Fifo`: who goes first, and who came or was asked for last.
    first: u32,
    last: u32,
    /// By how often and when each was asked for, for `Lfu`.
    ranks: BTreeSet<(u64, u64, u32)>,
    /// All objects, for `Random`.
    members: Vec<u32>,
    asked: u64,
    stream: Stream,
}

/// What is known of an object.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// It is there, and fresh until then.
    until: Option<Time>,
    before: u32,
    after: u32,
    /// How often and when it was asked for; `Random`: its place among the members.
    rank: (u64, u64),
    /// Until then it is known that it may not be stored.
    unfit: Time,
}

const EMPTY: Slot = Slot {
    until: None,
    before: NOBODY,
    after: NOBODY,
    rank: (0, 0),
    unfit: Time::ZERO,
};

/// What a look finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The object.
    Fresh,
    /// The object, no longer fresh, but still to be given out.
    Stale,
    /// Nothing.
    Nothing,
    /// Nothing, and it is known that it may not be stored.
    Unfit,
}

/// What a cache measures.
#[derive(Clone, Debug, Default)]
pub struct CacheProbe {
    /// Requests that asked.
    pub asked: u64,
    /// Those for which it was there, fresh or not, at once.
    pub hits: u64,
    /// Hits of objects that were no longer fresh.
    pub stale: u64,
    /// Requests that waited for another's fetch and got the object.
    pub shared: u64,
    /// Requests that went on to fetch the object, to be stored.
    pub fetches: u64,
    /// Fetches that no request waits for.
    pub refreshes: u64,
    /// Fetches, and refreshes, that came to an end.
    pub fetched: u64,
    /// Of these, those whose object was stored.
    pub stored: u64,
    /// Requests that went on for something that was not to be stored.
    pub passed: u64,
    /// Requests that went away while they waited.
    pub left: u64,
    /// Objects that had to go for others.
    pub evicted: u64,
    /// Objects that writes have made invalid.
    pub invalidated: u64,
    /// How often it was emptied.
    pub cleared: u64,
    /// Requests that wait for another's fetch.
    pub queue: TimeWeighted,
}

impl CacheProbe {
    /// Share of the requests that needed no fetch of their own.
    #[must_use]
    pub fn hit_ratio(&self) -> f64 {
        (self.hits + self.shared) as f64 / self.asked.max(1) as f64
    }
}

impl Store {
    /// An empty store of a number of objects. `stream` is for `Random`.
    #[must_use]
    pub fn new(policy: Eviction, size: u32, stream: Stream) -> Store {
        Store {
            policy,
            size,
            slots: Vec::new(),
            count: 0,
            first: NOBODY,
            last: NOBODY,
            ranks: BTreeSet::new(),
            members: Vec::new(),
            asked: 0,
            stream,
        }
    }

    /// How many objects are there, fresh or not.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Whether nothing is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A request looks for an object, which may be given out for `grace` after it was fresh.
    pub fn look(&mut self, now: Time, key: u32, grace: Span) -> Found {
        let Some(slot) = self.slots.get(key as usize) else {
            return Found::Nothing;
        };
        let found = match slot.until {
            Some(until) if now < until => Found::Fresh,
            Some(until) if now < until + grace => Found::Stale,
            _ if now < slot.unfit => Found::Unfit,
            _ => Found::Nothing,
        };
        if matches!(found, Found::Fresh | Found::Stale) {
            self.asked_for(key);
        } else if slot.until.is_some() {
            self.remove(key);
        }
        found
    }

    fn asked_for(&mut self, key: u32) {
        match self.policy {
            Eviction::Lru => {
                self.unlink(key);
                self.link(key);
            }
            Eviction::Lfu => {
                let (times, at) = self.slots[key as usize].rank;
                self.ranks.remove(&(times, at, key));
                self.rank(key, times + 1);
            }
            Eviction::Fifo | Eviction::Random => {}
        }
    }

    /// Puts an object in, fresh until then. Returns whether another one had to go.
    pub fn put(&mut self, key: u32, until: Time) -> bool {
        if self.slots.len() <= key as usize {
            self.slots.resize(key as usize + 1, EMPTY);
        }
        if self.slots[key as usize].until.is_some() {
            self.slots[key as usize].until = Some(until);
            return false;
        }
        let evicts = self.count >= self.size;
        if evicts && let Some(other) = self.next_to_go() {
            self.remove(other);
        }
        let slot = &mut self.slots[key as usize];
        (slot.until, slot.unfit) = (Some(until), Time::ZERO);
        self.count += 1;
        match self.policy {
            Eviction::Lru | Eviction::Fifo => self.link(key),
            Eviction::Lfu => self.rank(key, 1),
            Eviction::Random => {
                self.slots[key as usize].rank = (self.members.len() as u64, 0);
                self.members.push(key);
            }
        }
        evicts
    }

    fn next_to_go(&mut self) -> Option<u32> {
        match self.policy {
            Eviction::Lru | Eviction::Fifo => Some(self.first).filter(|key| *key != NOBODY),
            Eviction::Lfu => self.ranks.first().map(|(_, _, key)| *key),
            Eviction::Random => {
                let place = self.stream.below(self.members.len() as u64) as usize;
                self.members.get(place).copied()
            }
        }
    }

    /// It is known until then that an object may not be stored.
    pub fn is_unfit(&mut self, key: u32, until: Time) {
        if self.slots.len() <= key as usize {
            self.slots.resize(key as usize + 1, EMPTY);
        }
        self.slots[key as usize].unfit = until;
    }

    /// Takes an object out. Returns whether it was there.
    pub fn remove(&mut self, key: u32) -> bool {
        let Some(slot) = self.slots.get_mut(key as usize) else {
            return false;
        };
        if slot.until.take().is_none() {
            return false;
        }
        let rank = slot.rank;
        self.count -= 1;
        match self.policy {
            Eviction::Lru | Eviction::Fifo => self.unlink(key),
            Eviction::Lfu => {
                self.ranks.remove(&(rank.0, rank.1, key));
            }
            Eviction::Random => {
                let place = rank.0 as usize;
                self.members.swap_remove(place);
                if let Some(moved) = self.members.get(place) {
                    self.slots[*moved as usize].rank.0 = rank.0;
                }
            }
        }
        true
    }

    /// Takes everything out, and forgets what may not be stored.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.ranks.clear();
        self.members.clear();
        (self.count, self.first, self.last) = (0, NOBODY, NOBODY);
    }

    fn rank(&mut self, key: u32, times: u64) {
        self.asked += 1;
        self.slots[key as usize].rank = (times, self.asked);
        self.ranks.insert((times, self.asked, key));
    }

    /// Appends an object to the list.
    fn link(&mut self, key: u32) {
        let slot = &mut self.slots[key as usize];
        (slot.before, slot.after) = (self.last, NOBODY);
        match self.last {
            NOBODY => self.first = key,
            last => self.slots[last as usize].after = key,
        }
        self.last = key;
    }

    fn unlink(&mut self, key: u32) {
        let Slot { before, after, .. } = self.slots[key as usize];
        match before {
            NOBODY => self.first = after,
            other => self.slots[other as usize].after = after,
        }
        match after {
            NOBODY => self.last = before,
            other => self.slots[other as usize].before = before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(n: u64) -> Time {
        Time::ZERO + Span::secs(n)
    }

    /// Asks for these one after another, puts what is not there, and gives those that are there at the end.
    fn after(policy: Eviction, size: u32, keys: &[u32]) -> Vec<u32> {
        let mut store = Store::new(policy, size, Stream::new(1, 0, "cache"));
        for key in keys {
            if store.look(secs(0), *key, Span::ZERO) == Found::Nothing {
                store.put(*key, secs(100));
            }
            assert!(store.len() <= size);
        }
        let there = |key: &u32| {
            store
                .slots
                .get(*key as usize)
                .is_some_and(|s| s.until.is_some())
        };
        (0..100).filter(there).collect()
    }

    #[test]
    fn who_goes_is_the_policy() {
        let keys = [1, 2, 3, 1, 1, 2, 4, 5];
        assert_eq!(after(Eviction::Lru, 3, &keys), [2, 4, 5]);
        assert_eq!(after(Eviction::Fifo, 3, &keys), [3, 4, 5]);
        // 3 was asked for once, and goes for 4; that goes for 5.
        assert_eq!(after(Eviction::Lfu, 3, &keys), [1, 2, 5]);
        let many: Vec<u32> = (0..2000).map(|n| n * 7 % 90).collect();
        assert_eq!(after(Eviction::Random, 10, &many).len(), 10);
    }

    #[test]
    fn objects_are_fresh_stale_and_gone() {
        let mut store = Store::new(Eviction::Lru, 2, Stream::new(1, 0, "cache"));
        store.put(7, secs(10));
        let grace = Span::secs(5);
        let found = [9, 10, 14, 15, 16].map(|at| store.look(secs(at), 7, grace));
        let gone = Found::Nothing;
        assert_eq!(
            found,
            [Found::Fresh, Found::Stale, Found::Stale, gone, gone]
        );
        assert!(store.is_empty() && !store.remove(7));
        store.is_unfit(7, secs(30));
        assert_eq!(store.look(secs(29), 7, grace), Found::Unfit);
        assert_eq!(store.look(secs(30), 7, grace), Found::Nothing);
        store.put(7, secs(40));
        assert!(store.remove(7) && store.is_empty());
        store.put(7, secs(40));
        store.clear();
        assert_eq!(store.look(secs(31), 7, grace), Found::Nothing);
    }
}
