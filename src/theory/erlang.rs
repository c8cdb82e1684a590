//! Erlang's formulas (Erlang 1917, "Solution of some problems in the theory of probabilities of
//! significance in automatic telephone exchanges").

use super::{non_negative, positive};

/// Erlang B: the probability that an arrival finds all servers busy and is lost (M/G/c/c).
///
/// `offered` is arrival rate times mean service time. By the stable recursion
/// `1/B(c) = 1 + c/(a B(c-1))` (Jagerman 1974). Returns `None` for a negative load.
#[must_use]
pub fn erlang_b(servers: u32, offered: f64) -> Option<f64> {
    if !non_negative(offered) {
        return None;
    }
    let blocking = (1..=servers).fold(1.0, |b, c| offered * b / (f64::from(c) + offered * b));
    Some(blocking)
}

/// Erlang C: the probability that an arrival has to wait (M/M/c).
///
/// `offered` is arrival rate times mean service time. From Erlang B by
/// `C = B / (1 - rho (1 - B))` (Kleinrock 1975, vol. 1, section 3.5). Returns `None` for a
/// negative load or one that is not below the number of servers.
#[must_use]
pub fn erlang_c(servers: u32, offered: f64) -> Option<f64> {
    let load = offered / f64::from(servers);
    if load.is_nan() || load >= 1.0 {
        return None;
    }
    let b = erlang_b(servers, offered)?;
    Some(b / (1.0 - load * (1.0 - b)))
}

/// A loss system: who finds every server busy is turned away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// Probability that an arrival is turned away.
    pub turned_away: f64,
    /// Mean number of busy servers.
    pub mean_busy: f64,
}

/// M/G/c/c: the seats of an event as servers, a hold as the service.
///
/// Insensitive to the law of the hold beyond its mean (Sevastyanov 1957). Returns `None` for no
/// server, or a rate or mean that is not positive.
#[must_use]
pub fn loss(servers: u32, arrival_rate: f64, mean_hold: f64) -> Option<Loss> {
    if servers == 0 || !positive(arrival_rate) || !positive(mean_hold) {
        return None;
    }
    let offered = arrival_rate * mean_hold;
    let turned_away = erlang_b(servers, offered)?;
    Some(Loss {
        turned_away,
        mean_busy: offered * (1.0 - turned_away),
    })
}
