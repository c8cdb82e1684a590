//! Drawing one of n entities by weight in constant time.

use super::stream::Stream;

/// An alias table (Walker 1977; built as Vose 1991): one draw, one comparison, whatever the weights.
#[derive(Clone, Debug)]
pub struct Alias {
    /// Of each column: the chance to keep it, and whom it yields to otherwise.
    columns: Vec<(f64, u32)>,
}

impl Alias {
    /// A table for these weights; `None` without a positive, finite sum or with a negative weight.
    #[must_use]
    pub fn new(weights: &[f64]) -> Option<Alias> {
        let sum: f64 = weights.iter().sum();
        if !(sum > 0.0 && sum.is_finite()) || weights.iter().any(|w| *w < 0.0) {
            return None;
        }
        let n = weights.len();
        let mut share: Vec<f64> = weights.iter().map(|w| w * n as f64 / sum).collect();
        let mut columns: Vec<(f64, u32)> = (0..n as u32).map(|i| (1.0, i)).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..n).rev().partition(|&i| share[i] < 1.0);
        while let (Some(&l), Some(s)) = (large.last(), small.pop()) {
            columns[s] = (share[s], l as u32);
            share[l] -= 1.0 - share[s];
            if share[l] < 1.0 {
                large.pop();
                small.push(l);
            }
        }
        Some(Alias { columns })
    }

    /// An index, drawn in proportion to its weight.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> u32 {
        let i = stream.below(self.columns.len() as u64) as usize;
        let (keep, other) = self.columns[i];
        if stream.unit() < keep {
            i as u32
        } else {
            other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_in_proportion() {
        let table = Alias::new(&[1.0, 0.0, 3.0, 4.0]).unwrap();
        let mut stream = Stream::new(7, 0, "alias");
        let mut seen = [0_u32; 4];
        for _ in 0..80_000 {
            seen[table.draw(&mut stream) as usize] += 1;
        }
        assert_eq!(seen[1], 0);
        // Binomial, standard deviation below 142: four of them.
        for (count, expected) in [(seen[0], 10_000), (seen[2], 30_000), (seen[3], 40_000)] {
            assert!(count.abs_diff(expected) < 570, "{seen:?}");
        }
        assert!(Alias::new(&[]).is_none());
        assert!(Alias::new(&[0.0]).is_none());
        assert!(Alias::new(&[1.0, -1.0, 5.0]).is_none());
    }
}
