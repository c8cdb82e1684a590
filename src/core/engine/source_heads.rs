//! The smallest of many keys that change one at a time.

/// Lower bits of a key that tell its source. The 44 bits above count what was scheduled, which would take
/// weeks to overflow.
pub(super) const SOURCE_BITS: u32 = 20;

/// The source in whose key this is.
#[inline]
pub(super) fn source_of(key: u128) -> u32 {
    key as u32 & ((1 << SOURCE_BITS) - 1)
}

/// Capacity of the sorted list, whose first place is a sentinel: a power of two, so that a mask keeps an
/// index within.
const PLACES: usize = 32;

/// The keys of sources, each of which has one at most and stands in it.
///
/// A few sources (the common case) stand in a sorted list: the source that was first mostly comes back
/// among the first. Many play a tournament (D. Knuth, The Art of Computer Programming 3, 5.4.1), in which
/// a change is played up to the root: O(log sources).
#[derive(Clone, Debug)]
pub(super) struct SourceHeads {
    /// The keys there are, the smallest last, behind `u128::MAX`; in a tournament the winner alone.
    sorted: [u128; PLACES],
    /// The place of the smallest key, zero if there is none or in a tournament.
    last: usize,
    /// In a tournament, `nodes[1]` is the winner of all, `nodes[n]` that of `nodes[2 n]` and
    /// `nodes[2 n + 1]`, and the upper half are the keys of the sources, `u128::MAX` for none. Else empty.
    nodes: Vec<u128>,
}

impl Default for SourceHeads {
    fn default() -> Self {
        SourceHeads {
            sorted: [u128::MAX; PLACES],
            last: 0,
            nodes: Vec::new(),
        }
    }
}

impl SourceHeads {
    /// The smallest key, `u128::MAX` if no source has one.
    #[inline]
    pub fn first(&self) -> u128 {
        self.sorted[self.last % PLACES]
    }

    /// Grows to `sources` sources, with ids below that.
    pub fn grow(&mut self, sources: usize, numbers: usize) {
        let half = self.nodes.len() / 2;
        if sources < PLACES || numbers <= half {
            return;
        }
        let mut keys = vec![u128::MAX; numbers.next_power_of_two()];
        let known = self.nodes[half..].iter().chain(&self.sorted[1..=self.last]);
        for key in known.filter(|key| **key != u128::MAX) {
            keys[source_of(*key) as usize] = *key;
        }
        self.nodes = vec![u128::MAX; keys.len()];
        self.nodes.extend(&keys);
        for node in (1..keys.len()).rev() {
            self.nodes[node] = self.nodes[node * 2].min(self.nodes[node * 2 + 1]);
        }
        self.sorted[0] = self.nodes[1];
        self.last = 0;
    }

    /// Gives a source that has none a key.
    #[inline(never)]
    pub fn insert(&mut self, key: u128) {
        if !self.nodes.is_empty() {
            return self.play(source_of(key), key);
        }
        self.last += 1;
        self.sink(self.last, key);
    }

    /// Gives the source of a key a smaller one.
    #[inline(never)]
    pub fn lower(&mut self, from: u128, to: u128) {
        if !self.nodes.is_empty() {
            return self.play(source_of(to), to);
        }
        let sorted = &mut self.sorted[..=self.last];
        let Some(mut at) = sorted.iter().rposition(|key| *key == from) else {
            return;
        };
        while let Some(next) = sorted.get(at + 1).copied().filter(|next| *next > to) {
            sorted[at] = next;
            at += 1;
        }
        sorted[at] = to;
    }

    /// Gives the source that is first a greater key.
    #[inline]
    pub fn replace_first(&mut self, key: u128) {
        if self.last == 0 {
            return self.play(source_of(key), key);
        }
        self.sink(self.last, key);
    }

    /// Takes the key of the source that is first away.
    #[inline]
    pub fn remove_first(&mut self) {
        if self.last == 0 {
            return self.play(source_of(self.sorted[0]), u128::MAX);
        }
        self.last -= 1;
    }

    /// Puts a key where it belongs, at this place or before it; the place is free.
    #[inline]
    fn sink(&mut self, mut at: usize, key: u128) {
        let sorted = &mut self.sorted;
        // Two sources mostly take turns in no order that a processor could foresee: no branch tells them apart.
        let before = sorted[at.wrapping_sub(1) % PLACES];
        let sinks = before < key;
        let later = if sinks { key } else { before };
        sorted[at % PLACES] = if sinks { before } else { key };
        at -= 1;
        while at > 0 {
            let before = sorted[(at - 1) % PLACES];
            if before >= later {
                break;
            }
            sorted[at % PLACES] = before;
            at -= 1;
        }
        sorted[at % PLACES] = later;
    }

    #[inline(never)]
    fn play(&mut self, source: u32, key: u128) {
        let nodes = &mut self.nodes[..];
        let mut at = nodes.len() / 2 + source as usize;
        let mut winner = key;
        nodes[at] = key;
        while at > 1 {
            winner = winner.min(nodes[at ^ 1]);
            at /= 2;
            nodes[at] = winner;
        }
        self.sorted[0] = winner;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::stream::Stream;

    /// Every change at random, against a sorted map from keys.
    fn agrees(sources: u32) {
        let mut stream = Stream::new(u64::from(sources), 0, "heads");
        let (mut heads, mut known) = (SourceHeads::default(), BTreeMap::new());
        let mut key_of = vec![u128::MAX; sources as usize];
        let mut there = 0;
        for i in 1..40_000_u64 {
            if there < sources && stream.chance(0.01) {
                there += 1;
                heads.grow(there as usize, there as usize);
            }
            let source = stream.below(u64::from(there)) as u32;
            let draw = |low: u64, source: u32, stream: &mut Stream| {
                let time = low + stream.below(500);
                u128::from(time) << 64 | u128::from(i << SOURCE_BITS) | u128::from(source)
            };
            let first = heads.first();
            let low = (first.min(u128::from(i / 10) << 64) >> 64) as u64;
            let old = key_of.get(source as usize).copied();
            match (stream.below(3), old) {
                (_, Some(u128::MAX)) => {
                    let new = draw(low, source, &mut stream);
                    heads.insert(new);
                    known.insert(new, source);
                    key_of[source as usize] = new;
                }
                (0, Some(old)) => {
                    let new = draw(low, source, &mut stream);
                    if new < old {
                        heads.lower(old, new);
                        known.remove(&old);
                        known.insert(new, source);
                        key_of[source as usize] = new;
                    }
                }
                (1, Some(_)) => {
                    let source = source_of(first);
                    let new = draw((first >> 64) as u64, source, &mut stream);
                    let new = if new > first { new } else { first + (1 << 64) };
                    heads.replace_first(new);
                    known.remove(&first);
                    known.insert(new, source);
                    key_of[source as usize] = new;
                }
                (_, Some(_)) => {
                    heads.remove_first();
                    known.remove(&first);
                    key_of[source_of(first) as usize] = u128::MAX;
                }
                (_, None) => {}
            }
            let first = known.first_key_value().map_or(u128::MAX, |e| *e.0);
            assert_eq!(heads.first(), first);
        }
        assert_eq!(there, sources);
    }

    #[test]
    fn few_and_many_sources_agree_with_a_sorted_map() {
        for sources in [1, 2, 7, 31, 32, 33, 100] {
            agrees(sources);
        }
    }
}
