//! What the order of service changes in M/M/1: not the mean wait, but its spread.

use super::positive;

/// Who is taken next when a server frees up; nobody in service is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// First come, first served.
    Fifo,
    /// Last come, first served.
    Lifo,
    /// Any of those waiting, with equal chance.
    Random,
}

/// First two moments of the wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaitMoments {
    /// Mean, the same for every order.
    pub mean: f64,
    /// Mean of the square.
    pub second: f64,
}

/// Moments of the wait in M/M/1.
///
/// `E[W^2]` is `2 rho / (mu (1 - rho))^2` first come first served, that over `1 - rho` last come
/// first served, and over `1 - rho/2` in random order (Takács 1963, "Delay distributions for one
/// line with Poisson input, general holding times, and various orders of service"). Returns
/// `None` for a rate that is not positive or a load not below 1.
#[must_use]
pub fn mm1_wait(order: Order, arrival_rate: f64, service_rate: f64) -> Option<WaitMoments> {
    let load = arrival_rate / service_rate;
    if !positive(arrival_rate) || !positive(service_rate) || load >= 1.0 {
        return None;
    }
    let spare = service_rate - arrival_rate;
    let stretch = match order {
        Order::Fifo => 1.0,
        Order::Lifo => 1.0 - load,
        Order::Random => 1.0 - load / 2.0,
    };
    Some(WaitMoments {
        mean: load / spare,
        second: 2.0 * load / (spare * spare) / stretch,
    })
}
