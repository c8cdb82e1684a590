//! How long lists grow without being copied.

/// From this size on, in bytes, a list grows as one of the long ones.
const SHORT: usize = 32 << 10;

/// What a long list asks for at least, in bytes.
const LONG: usize = 4 << 20;

/// Adds one.
///
/// A list that is no longer short asks for much more than it needs. Of that it takes addresses, not
/// memory, for the system hands out a page when it is first written to; and what is as large as this the
/// system moves to other addresses as it grows, where smaller ones are copied.
#[inline]
pub fn push<T>(list: &mut Vec<T>, one: T) {
    if list.len() < list.capacity() {
        list.push(one);
    } else {
        grow(list, one);
    }
}

#[cold]
#[inline(never)]
fn grow<T>(list: &mut Vec<T>, one: T) {
    let size = size_of::<T>().max(1);
    let long = list.len() * size >= SHORT;
    list.reserve(if long { LONG / size } else { 1 });
    list.push(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_lists_double_and_long_ones_leap() {
        let mut list: Vec<u32> = Vec::new();
        let mut capacities = Vec::new();
        for n in 0..5_000_000 {
            push(&mut list, n);
            if capacities.last() != Some(&list.capacity()) {
                capacities.push(list.capacity());
            }
        }
        assert!(list.iter().copied().eq(0..5_000_000));
        let leap = capacities.iter().position(|c| *c > 8_192).unwrap();
        assert_eq!(capacities[leap - 1], 8_192);
        assert!(capacities[leap] > 1_000_000 && capacities.len() < leap + 6);
    }
}
