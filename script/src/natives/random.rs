//! Random numbers of a VU.

use super::Desk;
use crate::go_random::GoRandom;
use rquickjs::function::Func;
use rquickjs::{Object, Result};
use std::rc::Rc;

/// The numbers of `Math.random`: a stream of the VU's own until the script calls `randomSeed`.
pub(crate) enum Random {
    /// A SplitMix64 generator, whose start is mixed from the seed of the run and the number of the VU.
    Own(u64),
    /// Go's generator.
    Go(Box<GoRandom>),
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Random {
    /// The stream of one VU.
    pub(crate) fn new(seed: u64, vu: u64) -> Random {
        Random::Own(mix(mix(seed.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ vu))
    }

    /// The next number from 0 to 1.
    pub(crate) fn float(&mut self) -> f64 {
        match self {
            Random::Own(state) => {
                *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                (mix(*state) >> 11) as f64 / (1u64 << 53) as f64
            }
            Random::Go(go) => go.float(),
        }
    }
}

/// Gives the script the way to begin Go's stream.
pub(crate) fn install<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    let own = desk.clone();
    natives.set(
        "seed",
        Func::from(move |seed: f64| {
            let seed = if seed.is_finite() { seed as i64 } else { 0 };
            own.vu()
                .random
                .replace(Random::Go(Box::new(GoRandom::new(seed))));
        }),
    )?;
    Ok(())
}
