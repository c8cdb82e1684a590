//! A waiting room that empties in batches: plain arithmetic.

use super::positive;

/// Waits of users who all join an empty waiting room at once, of whom `batch` are admitted every
/// `period`, the first batch after one period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchAdmission {
    users: u32,
    batch: u32,
    period: f64,
}

impl BatchAdmission {
    /// Returns `None` for no user, no place in a batch or a period that is not positive.
    #[must_use]
    pub fn new(users: u32, batch: u32, period: f64) -> Option<BatchAdmission> {
        let sound = users > 0 && batch > 0 && positive(period);
        sound.then_some(BatchAdmission {
            users,
            batch,
            period,
        })
    }

    /// Wait of the user at this place in the line, counted from 0.
    #[must_use]
    pub fn wait(&self, place: u32) -> f64 {
        self.period * (f64::from(place / self.batch) + 1.0)
    }

    /// Mean wait.
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        let full = f64::from(self.users / self.batch);
        let rest = f64::from(self.users % self.batch);
        let batch = f64::from(self.batch);
        let periods = batch * full * (full + 1.0) / 2.0 + rest * (full + 1.0);
        self.period * periods / f64::from(self.users)
    }

    /// Longest wait.
    #[must_use]
    pub fn max_wait(&self) -> f64 {
        self.wait(self.users - 1)
    }

    /// Wait at the quantile `p` (0 to 1), interpolated between neighbours as k6 does; `None` for
    /// other p.
    #[must_use]
    pub fn wait_quantile(&self, p: f64) -> Option<f64> {
        if !(0.0..=1.0).contains(&p) {
            return None;
        }
        let index = p * f64::from(self.users - 1);
        let low = self.wait(index.floor() as u32);
        let high = self.wait(index.ceil() as u32);
        Some(low + (high - low) * (index - index.floor()))
    }
}
