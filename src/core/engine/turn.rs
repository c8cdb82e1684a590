//! The order of events at one instant.

/// When an event has its turn among those of its instant. Within a turn they come in the order in which they were
/// scheduled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u64)]
pub enum Turn {
    /// What ends or goes on.
    #[default]
    Usual = 0,
    /// Behind all of these: deadlines, which are over only after their instant, and what begins to hinder.
    Late = 1 << 62,
    /// Behind all others.
    Last = 1 << 63,
}

impl Turn {
    /// The upper bits of an event's order within its instant, which sequence numbers never reach.
    #[inline]
    pub(super) fn bits(self) -> u64 {
        self as u64
    }
}
