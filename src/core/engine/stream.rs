//! Random streams: one per component and purpose, so that a change at one component moves no draw
//! anywhere else (common random numbers).

use crate::engine::ziggurat::{self, LAYERS, Ziggurat};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Fills the second half of the key; a change to what streams mean would change it.
const KEY_LABEL: &[u8; 16] = b"capsim stream v1";

/// 2⁻⁵³: the spacing of the numbers that [`Stream::unit`] gives.
const ULP: f64 = 1.0 / (1_u64 << 53) as f64;

/// Numbers drawn at a time: a power of two, so that a mask keeps an index within.
const BLOCK: usize = 32;

/// The stream number of a component: FNV-1a with 64 bits over the name's UTF-8 bytes (G. Fowler,
/// L. C. Noll, K.-P. Vo), then the finaliser of `SplitMix64` (G. Steele, D. Lea, C. Flood, "Fast
/// Splittable Pseudorandom Number Generators", 2014), which is a bijection.
///
/// Among 10,000 names, two share a number with a probability of about 3·10⁻¹².
#[must_use]
pub fn stream_number(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut z = hash;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of random numbers, the same on every platform: ChaCha with 8 rounds (D. J. Bernstein,
/// "ChaCha, a variant of Salsa20", 2008), its key made of seed and replication, its stream number of
/// the component's name.
#[derive(Clone, Debug)]
pub struct Stream {
    rng: ChaCha8Rng,
    /// The next numbers: ChaCha makes as many at a time.
    block: [u64; BLOCK],
    /// How many of them are used up.
    used: usize,
    // Held here so that a draw does not ask each time whether the tables are there.
    exponential: &'static Ziggurat,
    normal: &'static Ziggurat,
}

impl Stream {
    /// The stream of the component `name` in this replication of a run with this seed.
    ///
    /// The key is the seed (8 bytes, little endian), the replication (likewise) and the 16 bytes of a
    /// constant label; the stream number is [`stream_number`] of the name.
    #[must_use]
    pub fn new(seed: u64, replication: u64, name: &str) -> Stream {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&replication.to_le_bytes());
        key[16..].copy_from_slice(KEY_LABEL);
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(stream_number(name));
        Stream {
            rng,
            block: [0; BLOCK],
            used: BLOCK,
            exponential: &ziggurat::EXPONENTIAL,
            normal: &ziggurat::NORMAL,
        }
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        if self.used == BLOCK {
            self.refill();
        }
        let bits = self.block[self.used % BLOCK];
        self.used += 1;
        bits
    }

    #[inline(never)]
    fn refill(&mut self) {
        self.rng.fill(&mut self.block);
        self.used = 0;
    }

    /// Uniform on [0, 1): a multiple of 2⁻⁵³.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        unit_of(self.bits())
    }

    /// Uniform on (0, 1]: a multiple of 2⁻⁵³, never zero.
    #[inline]
    pub fn open_unit(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 * ULP
    }

    /// A whole number below `n`, each with exactly equal probability; zero if `n` is zero.
    ///
    /// D. Lemire, "Fast Random Integer Generation in an Interval", 2019, algorithm 5.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        let product = u128::from(self.bits()) * u128::from(n);
        if (product as u64) < n {
            return self.below_slow(n, product);
        }
        (product >> 64) as u64
    }

    #[cold]
    fn below_slow(&mut self, n: u64, mut product: u128) -> u64 {
        let rejected = n.wrapping_neg() % n;
        while (product as u64) < rejected {
            product = u128::from(self.bits()) * u128::from(n);
        }
        (product >> 64) as u64
    }

    /// True with probability `p`; never if `p` is zero, less or not a number, always from one up.
    ///
    /// Takes one draw in any case, so that a change of `p` shifts no later draw.
    #[inline]
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// How often something with probability `p` does not happen before it does: geometric, by inversion, and so one draw
    /// however many that are. `u64::MAX` if it never happens.
    pub fn failures_before(&mut self, p: f64) -> u64 {
        let unit = self.open_unit();
        if p <= 0.0 {
            return u64::MAX;
        }
        (libm::log(unit) / libm::log1p(-p.min(1.0))) as u64
    }

    /// Exponential with mean 1, by the ziggurat method (Marsaglia and Tsang 2000).
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        let bits = self.bits();
        let layer = bits as usize % LAYERS;
        let x = unit_of(bits) * self.exponential.edge[layer];
        if x < self.exponential.edge[layer + 1] {
            return x;
        }
        self.exponential_slow(layer, x)
    }

    #[cold]
    fn exponential_slow(&mut self, mut layer: usize, mut x: f64) -> f64 {
        let table = self.exponential;
        let mut passed = 0.0;
        loop {
            if layer == 0 {
                // Without memory: beyond the tail's start the law begins anew.
                passed += ziggurat::EXPONENTIAL_TAIL;
            } else if table.is_under_exponential(layer, x, self.unit()) {
                return passed + x;
            }
            let bits = self.bits();
            layer = bits as usize % LAYERS;
            x = unit_of(bits) * table.edge[layer];
            if x < table.edge[layer + 1] {
                return passed + x;
            }
        }
    }

    /// Normal with mean 0 and standard deviation 1, by the ziggurat method (Marsaglia and Tsang
    /// 2000).
    #[inline]
    pub fn normal(&mut self) -> f64 {
        let bits = self.bits();
        let layer = bits as usize % LAYERS;
        let x = unit_of(bits) * self.normal.edge[layer];
        if x < self.normal.edge[layer + 1] {
            return signed(x, bits);
        }
        self.normal_slow(bits, layer, x)
    }

    #[cold]
    fn normal_slow(&mut self, mut bits: u64, mut layer: usize, mut x: f64) -> f64 {
        let table = self.normal;
        loop {
            if layer == 0 {
                return signed(self.normal_tail(), bits);
            }
            if table.height_within(layer, self.unit()) < ziggurat::normal_density(x) {
                return signed(x, bits);
            }
            bits = self.bits();
            layer = bits as usize % LAYERS;
            x = unit_of(bits) * table.edge[layer];
            if x < table.edge[layer + 1] {
                return signed(x, bits);
            }
        }
    }

    /// The normal law beyond the tail's start: G. Marsaglia, "Generating a Variable from the Tail of
    /// the Normal Distribution", 1964, with exponentials in place of logarithms of uniforms.
    fn normal_tail(&mut self) -> f64 {
        loop {
            let beyond = self.exponential() / ziggurat::NORMAL_TAIL;
            if 2.0 * self.exponential() > beyond * beyond {
                return ziggurat::NORMAL_TAIL + beyond;
            }
        }
    }

    /// Puts the items into a random order, each order with equal probability: R. Durstenfeld,
    /// "Algorithm 235: Random Permutation", 1964.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end as u64 + 1) as usize);
        }
    }
}

/// Of the upper 53 bits; the ziggurat takes its layer and sign from the lower 11.
#[inline]
fn unit_of(bits: u64) -> f64 {
    (bits >> 11) as f64 * ULP
}

/// The sign comes from bit 8: beside the layer's bits and below the magnitude's.
#[inline]
fn signed(x: f64, bits: u64) -> f64 {
    f64::from_bits(x.to_bits() | ((bits & 0x100) << 55))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn failures_before_a_success_are_geometric() {
        let mut stream = Stream::new(3, 0, "geometric");
        let (p, runs) = (0.2, 100_000);
        let all: Vec<u64> = (0..runs).map(|_| stream.failures_before(p)).collect();
        for (k, probability) in [0.2, 0.16, 0.128].into_iter().enumerate() {
            let there = all.iter().filter(|n| **n == k as u64).count() as f64;
            let expected = probability * f64::from(runs);
            let deviation = (expected * (1.0 - probability)).sqrt();
            assert!(
                (there - expected).abs() < 4.0 * deviation,
                "{k}: {there} of {expected}"
            );
        }
        assert_eq!([1.0, 2.0].map(|p| stream.failures_before(p)), [0, 0]);
        assert_eq!(stream.failures_before(0.0), u64::MAX);
    }

    #[test]
    fn stream_numbers_are_mixed_fnv_hashes() {
        // FNV-1a of the empty name is its offset basis; the mixer is checked by its published form.
        let basis = 0xcbf2_9ce4_8422_2325_u64;
        let a = (basis ^ (basis >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        assert_eq!(stream_number(""), b ^ (b >> 31));
        assert_ne!(stream_number("cpu"), stream_number("db"));
    }

    #[test]
    fn blocks_change_no_number() {
        let mut stream = Stream::new(3, 1, "blocks");
        let mut plain = stream.rng.clone();
        for i in 0..1000 {
            assert_eq!(stream.bits(), plain.next_u64(), "number {i}");
        }
    }

    #[test]
    fn unit_and_open_unit_keep_their_ends() {
        assert_eq!(unit_of(0), 0.0);
        assert_eq!(unit_of(u64::MAX), 1.0 - ULP);
        let mut stream = Stream::new(1, 0, "ends");
        for _ in 0..10_000 {
            let u = stream.unit();
            assert!((0.0..1.0).contains(&u));
            let v = stream.open_unit();
            assert!(v > 0.0 && v <= 1.0);
        }
    }

    #[test]
    fn the_sign_is_bit_eight() {
        assert_eq!(signed(1.5, 0x0ff), 1.5);
        assert_eq!(signed(1.5, 0x100), -1.5);
    }

    #[test]
    fn below_stays_below_and_zero_gives_zero() {
        let mut stream = Stream::new(1, 0, "below");
        assert_eq!(stream.below(0), 0);
        assert_eq!(stream.below(1), 0);
        for _ in 0..1000 {
            assert!(stream.below(u64::MAX) < u64::MAX);
            assert!(stream.below((1 << 63) + 1) <= 1 << 63);
        }
    }

    #[test]
    fn chance_takes_one_draw_whatever_the_probability() {
        let mut with = Stream::new(1, 0, "chance");
        let mut without = with.clone();
        assert!(!with.chance(0.0));
        assert!(with.chance(1.0));
        assert!(!with.chance(f64::NAN));
        for _ in 0..3 {
            without.bits();
        }
        assert_eq!(with.bits(), without.bits());
    }

    #[test]
    fn shuffle_keeps_every_item() {
        let mut items: Vec<u32> = (0..100).collect();
        Stream::new(1, 0, "shuffle").shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
        Stream::new(1, 0, "shuffle").shuffle::<u32>(&mut []);
    }
}
