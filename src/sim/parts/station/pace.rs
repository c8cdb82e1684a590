//! The pace at which jobs are served: the speed that slowdowns and the host leave, shared by those in service, and laws
//! of how many are there.

use super::Station;
use crate::engine::Time;
use crate::engine::time::one_to_f64;
use crate::model::system::Scalability;

impl Station {
    /// Slowdowns and the host leave this share of the speed from now on.
    pub fn set_speed(&mut self, now: Time, speed: f64) {
        let idle_since = self.updated;
        self.advance(now);
        if self.by_number.is_some() && self.serving.is_empty() {
            // Its clock stands; how long it has been idle counts.
            self.updated = idle_since;
        }
        self.probe.speed_changed(now, self.shared, speed);
        self.speed = speed;
        self.set_pace();
    }

    #[inline]
    pub(super) fn set_pace(&mut self) {
        let n = self.serving.len() as u64;
        self.pace = if self.shared && n > u64::from(self.servers) {
            self.speed * (f64::from(self.servers) / one_to_f64(n))
        } else {
            self.speed
        };
        if self.paced {
            self.set_pace_by_number();
        }
    }

    /// The pace follows a law of how many are there, beside the share of each.
    #[inline(never)]
    fn set_pace_by_number(&mut self) {
        if let Some(law) = self.scalability {
            self.pace *= scaled_pace(law, self.serving.len() as f64);
        }
        if self.by_number.is_some() {
            self.pace *= self.speed_by_number();
        }
    }
}

/// Pace of each of `n` jobs under the Universal Scalability Law: the total completion rate is
/// n / (1 + sigma (n - 1) + kappa n (n - 1)) times that of one (Gunther, Guerrilla Capacity Planning,
/// 2007, eq. 4.31).
#[inline]
fn scaled_pace(law: Scalability, n: f64) -> f64 {
    if n <= 1.0 {
        return 1.0;
    }
    1.0 / (1.0 + law.sigma * (n - 1.0) + law.kappa * n * (n - 1.0))
}
