//! What a request reads of a seat, and does not change.

use crate::measure::recorder::ResponseCode;

use super::World;

impl World<'_> {
    /// Looks whether the picked seat is free: fails with this status if it is not, or if none was picked.
    #[inline(never)]
    pub(super) fn look(&self, id: u32, status: u16) -> Result<(), ResponseCode> {
        let seat = self.requests[id].context.seat;
        let free = self.inventory.as_ref().is_some_and(|i| i.is_free(seat));
        if free {
            Ok(())
        } else {
            Err(ResponseCode(status))
        }
    }
}
