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
        // With servers enough it is not a number above zero any more, and stays so.
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

/// Erlang loss with several tokens a request: the probability that an arrival of each class finds too few of the `size`
/// tokens free and is lost. Each class is its offered load, arrival rate times mean holding time, and the tokens of
/// each of its requests.
///
/// By the recursion `j q(j) = sum over k of a_k b_k q(j - b_k)`; class k is lost where fewer than `b_k` are free
/// (Kaufman 1981, "Blocking in a shared resource environment", eq. 16; Roberts 1981). It holds for any law of the
/// holding times. Returns `None` for a load that is negative or above ten million, for no tokens at all, for a class
/// that wants none, and for more than ten million tokens.
#[must_use]
pub fn kaufman_roberts(size: u32, classes: &[(f64, u32)]) -> Option<Vec<f64>> {
    let sound = |(offered, tokens): &(f64, u32)| {
        non_negative(*offered) && *offered <= LARGEST && *tokens > 0
    };
    if size == 0 || f64::from(size) > LARGEST || !classes.iter().all(sound) {
        return None;
    }
    let size = size as usize;
    let mut weights = vec![0.0; size + 1];
    weights[0] = 1.0;
    let mut sum = 1.0;
    for taken in 1..=size {
        let parts = classes.iter().map(|(offered, tokens)| {
            let before = taken.checked_sub(*tokens as usize);
            before.map_or(0.0, |before| offered * f64::from(*tokens) * weights[before])
        });
        weights[taken] = parts.sum::<f64>() / taken as f64;
        sum += weights[taken];
        if sum > 1e200 {
            weights[..=taken]
                .iter_mut()
                .for_each(|weight| *weight /= sum);
            sum = 1.0;
        }
    }
    let lost = classes.iter().map(|(_, tokens)| {
        let few = (size + 1).saturating_sub(*tokens as usize);
        weights[few..].iter().sum::<f64>() / sum
    });
    Some(lost.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_class_of_one_token_is_erlang_b_and_two_are_a_chain() {
        for (size, offered) in [(1, 0.3), (12, 9.0), (400, 390.0), (3000, 3100.0)] {
            let lost = kaufman_roberts(size, &[(offered, 1)]).expect("sound")[0];
            let b = erlang_b(size, offered).expect("sound");
            assert!((lost / b - 1.0).abs() < 1e-9, "{lost} {b}");
            // Two that each want two of twice as many.
            let two = kaufman_roberts(2 * size, &[(offered, 2)]).expect("sound")[0];
            assert!((two / b - 1.0).abs() < 1e-9, "{two} {b}");
        }
        // Two tokens; loads 1 and 1 with one and two tokens. States (0, 0), (1, 0), (2, 0), (0, 1) with the weights of
        // the product form 1, 1, 1/2, 1: the second class is lost in all but the first.
        let lost = kaufman_roberts(2, &[(1.0, 1), (1.0, 2)]).expect("sound");
        assert!((lost[0] - 1.5 / 3.5).abs() < 1e-12, "{lost:?}");
        assert!((lost[1] - 2.5 / 3.5).abs() < 1e-12, "{lost:?}");
        // Who wants more than there is never gets it.
        assert_eq!(kaufman_roberts(2, &[(1.0, 3)]), Some(vec![1.0]));
        assert_eq!(kaufman_roberts(0, &[(1.0, 1)]), None);
        assert_eq!(kaufman_roberts(2, &[(1.0, 0)]), None);
        assert_eq!(kaufman_roberts(2, &[(-1.0, 1)]), None);
    }

    #[test]
    fn billions_of_servers_take_no_longer_than_those_that_are_needed() {
        assert_eq!(erlang_b(u32::MAX, 10.0), Some(0.0));
        assert_eq!(erlang_c(u32::MAX, 10.0), Some(0.0));
        assert_eq!(erlang_b(u32::MAX, 1e9), None);
        assert_eq!(erlang_b(0, 3.0), Some(1.0));
        assert_eq!(erlang_b(2, 1.0), Some(0.2));
    }
}
