//! Optimistic locking: a row carries a version; a writer that read an older one fails.

/// The row versions of all entities of one kind.
#[derive(Clone, Debug)]
pub struct Versions {
    of: Vec<u32>,
    /// Writes that found another version than they had read.
    pub conflicts: u64,
}

impl Versions {
    /// Rows of `entities` entities, all at version 0; more are added as they come up.
    #[must_use]
    pub fn new(entities: usize) -> Versions {
        Versions {
            of: vec![0; entities],
            conflicts: 0,
        }
    }

    /// The current version.
    #[inline]
    #[must_use]
    pub fn read(&self, entity: u32) -> u32 {
        self.of.get(entity as usize).copied().unwrap_or(0)
    }

    /// Writes the row if it still has the version that was read. Returns whether it did.
    #[inline]
    pub fn write(&mut self, entity: u32, read: u32) -> bool {
        if self.of.len() <= entity as usize {
            self.of.resize(entity as usize + 1, 0);
        }
        let version = &mut self.of[entity as usize];
        if *version == read {
            *version = version.wrapping_add(1);
            true
        } else {
            self.conflicts += 1;
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_writer_loses() {
        let mut rows = Versions::new(2);
        let (first, second) = (rows.read(1), rows.read(1));
        assert!(rows.write(1, first));
        assert!(!rows.write(1, second));
        assert!(rows.write(1, rows.read(1)));
        assert_eq!(rows.conflicts, 1);
        assert_eq!(rows.read(0), 0);
    }
}
