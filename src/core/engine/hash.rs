//! A hash that is cheap enough for every event.

/// One step of a multiply-rotate hash: `state` is that of all values before.
#[inline]
#[must_use]
pub fn mix(state: u64, value: u64) -> u64 {
    (state.rotate_left(23) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
