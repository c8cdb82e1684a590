//! Log-linear buckets of the whole numbers: 128 equal steps in each power of two.
//!
//! Below 256 each number has a bucket of its own; above, a bucket is at most 1/128 = 0.78 % as
//! wide as its lower edge. The order of the buckets is the order of the numbers.

/// Number of bits kept after the leading one.
const KEPT: u32 = 7;
/// Buckets that cover all of `u64`.
pub const COUNT: usize = ((64 - KEPT as usize) + 1) << KEPT;

/// The bucket of a value; always less than [`COUNT`].
#[inline]
#[must_use]
pub fn index(value: u64) -> usize {
    let dropped = (63 - KEPT) - (value | 0xFF).leading_zeros();
    ((dropped as usize) << KEPT) + (value >> dropped) as usize
}

/// The smallest and the largest value of a bucket.
#[must_use]
pub fn range(bucket: usize) -> (u64, u64) {
    let dropped = (bucket >> KEPT).saturating_sub(1);
    let low = ((bucket - (dropped << KEPT)) as u64) << dropped;
    (low, low + ((1 << dropped) - 1))
}

#[cfg(test)]
mod tests {
    use super::{COUNT, index, range};

    #[test]
    fn buckets_follow_each_other_without_gap_and_cover_everything() {
        let mut next = 0_u64;
        for bucket in 0..COUNT {
            let (low, high) = range(bucket);
            assert_eq!(low, next);
            assert_eq!(index(low), bucket);
            assert_eq!(index(high), bucket);
            assert!((high - low) as f64 <= low as f64 / 128.0);
            next = high.wrapping_add(1);
        }
        assert_eq!(next, 0, "the last bucket ends at u64::MAX");
    }
}
