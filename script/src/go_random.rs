//! The random numbers of k6's `randomSeed`: the additive lagged Fibonacci generator of Go's `math/rand`.
//!
//! Go starts it from a table, which is the state of a generator with the seed 1 after 7.8e12 steps. Here the table
//! is worked out: the recurrence x\[n\] = x\[n - 607\] + x\[n - 273\] over 64-bit words is linear, so x to the power of
//! 7.8e12 modulo its polynomial gives the state after that many steps.

use std::sync::OnceLock;

const LENGTH: usize = 607;
const TAP: usize = 273;
const STEPS: u64 = 7_800_000_000_000;
const MODULUS: i64 = (1 << 31) - 1;

/// A generator with Go's sequence.
#[derive(Clone)]
pub(crate) struct GoRandom {
    state: Vec<u64>,
    tap: usize,
    feed: usize,
}

fn lehmer(x: i64) -> i64 {
    x * 48_271 % MODULUS
}

/// The words that a seed gives, each put together from three steps with these shifts.
fn words(seed: i64, first: u32, second: u32) -> Vec<u64> {
    let mut x = seed.rem_euclid(MODULUS);
    if x == 0 {
        x = 89_482_311;
    }
    for _ in 0..20 {
        x = lehmer(x);
    }
    (0..LENGTH)
        .map(|_| {
            let a = lehmer(x);
            let b = lehmer(a);
            x = lehmer(b);
            ((a << first) ^ (b << second) ^ x) as u64
        })
        .collect()
}

/// A product modulo the polynomial of the recurrence, x^607 = x^334 + 1.
fn product(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut wide = vec![0u64; 2 * LENGTH - 1];
    for (i, x) in a.iter().enumerate().filter(|(_, x)| **x != 0) {
        for (slot, y) in wide[i..].iter_mut().zip(b) {
            *slot = slot.wrapping_add(x.wrapping_mul(*y));
        }
    }
    for i in (LENGTH..wide.len()).rev() {
        let x = wide[i];
        wide[i - LENGTH] = wide[i - LENGTH].wrapping_add(x);
        wide[i - TAP] = wide[i - TAP].wrapping_add(x);
    }
    wide.truncate(LENGTH);
    wide
}

/// x to this power, modulo the polynomial.
fn power(exponent: u64) -> Vec<u64> {
    let mut result = vec![0u64; LENGTH];
    result[0] = 1;
    for bit in (0..64 - exponent.leading_zeros()).rev() {
        result = product(&result, &result);
        if exponent >> bit & 1 == 1 {
            result.insert(0, 0);
            let last = result.pop().unwrap_or(0);
            result[0] = result[0].wrapping_add(last);
            result[LENGTH - TAP] = result[LENGTH - TAP].wrapping_add(last);
        }
    }
    result
}

/// Go's table, in the order of its state.
fn table() -> &'static [u64] {
    static TABLE: OnceLock<Vec<u64>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let start = words(1, 20, 10);
        let mut sequence: Vec<u64> = (0..LENGTH).map(|k| start[place(k as u64)]).collect();
        for n in LENGTH..2 * LENGTH {
            sequence.push(sequence[n - LENGTH].wrapping_add(sequence[n - TAP]));
        }
        let factors = power(STEPS);
        let mut table = vec![0; LENGTH];
        for k in 0..LENGTH {
            let terms = factors.iter().zip(&sequence[k..]);
            table[place(STEPS + k as u64)] =
                terms.fold(0u64, |sum, (c, s)| sum.wrapping_add(c.wrapping_mul(*s)));
        }
        table
    })
}

/// Where the state keeps the n-th word of the sequence.
fn place(n: u64) -> usize {
    let length = LENGTH as u64;
    ((length - TAP as u64 - 1 + length - n % length) % length) as usize
}

impl GoRandom {
    /// The generator that Go makes from this seed.
    pub(crate) fn new(seed: i64) -> GoRandom {
        let state = words(seed, 40, 20)
            .iter()
            .zip(table())
            .map(|(own, cooked)| own ^ cooked)
            .collect();
        GoRandom {
            state,
            tap: 0,
            feed: LENGTH - TAP,
        }
    }

    /// The next word.
    fn word(&mut self) -> u64 {
        self.tap = self.tap.checked_sub(1).unwrap_or(LENGTH - 1);
        self.feed = self.feed.checked_sub(1).unwrap_or(LENGTH - 1);
        let x = self.state[self.feed].wrapping_add(self.state[self.tap]);
        self.state[self.feed] = x;
        x
    }

    /// The next number from 0 to 1.
    pub(crate) fn float(&mut self) -> f64 {
        loop {
            let f = (self.word() & (u64::MAX >> 1)) as f64 / (1u64 << 63) as f64;
            if f < 1.0 {
                return f;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that k6 v2.2.0 printed.
    #[test]
    fn gives_the_sequence_of_k6() {
        let mut one = GoRandom::new(1);
        let seen = [one.float(), one.float(), one.float()];
        assert_eq!(
            seen,
            [0.6046602879796196, 0.9405090880450124, 0.6645600532184904]
        );
        for (seed, first) in [
            (42, 0.3730283610466326),
            (0, 0.9451961492941164),
            (123_456_789, 0.764978064279259),
            (-5, 0.1964231528691937),
        ] {
            assert_eq!(GoRandom::new(seed).float(), first, "seed {seed}");
        }
    }
}
