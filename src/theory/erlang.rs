//! Erlang's formulas (Erlang 1917, "Solution of some problems in the theory of probabilities of
//! significance in automatic telephone exchanges").

use super::{non_negative, positive};

/// The largest load of which Erlang B is computed: the recursion is as long.
const LARGEST: f64 = 1e7;

/// Erlang B: the probability that an arrival finds all servers busy and is lost (M/G/c/c).
///
/// `offered` is arrival rate times mean service time. By the stable recursion
/// `1/B(c) = 1 + c/(a B(c-1))` (Jagerman 1974). Returns `None` for a negative load, and for one of more than ten
/// million, which would take as many steps.
#[must_use]
pub fn erlang_b(servers: u32, offered: f64) -> Option<f64> {
    if !non_negative(offered) || offered > LARGEST {
        return None;
    }
    let mut blocking = 1.0;
    for c in 1..=servers {
        blocking = offered * blocking / (f64::from(c) + offered * blocking);
        // With servers enough it is no number above zero any more, and stays so.
        if blocking == 0.0 {
            break;
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn billions_of_servers_take_no_longer_than_those_that_are_needed() {
        assert_eq!(erlang_b(u32::MAX, 10.0), Some(0.0));
        assert_eq!(erlang_c(u32::MAX, 10.0), Some(0.0));
        assert_eq!(erlang_b(u32::MAX, 1e9), None);
        assert_eq!(erlang_b(0, 3.0), Some(1.0));
        assert_eq!(erlang_b(2, 1.0), Some(0.2));
    }
}
