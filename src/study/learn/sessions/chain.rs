//! The chain of first order that sessions follow, and whether they do.
//!
//! Transition probabilities are the largest likelihood's: counts over their sum. Whether the next request depends on the
//! last is told by the likelihood ratio of a chain of first order to one of order zero, and whether on the one before it,
//! too, by that of second order to first (T. W. Anderson and L. A. Goodman, 1957, "Statistical inference about Markov
//! chains", Annals of Mathematical Statistics 28, sections 3 and 4): twice its logarithm has a chi-squared distribution.

use std::collections::BTreeMap;

use super::super::laws::{self, Law};
use super::super::load::{self, Arrivals};
use super::{Sent, Session, pause};
use crate::engine::dist::Dist;

/// From this number of known pauses behind one endpoint on, they have a law of their own.
const FEWEST_PAUSES: usize = 100;

/// Below this probability chance alone does not explain it.
const RARE: f64 = 0.01;

/// A likelihood ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Twice its logarithm.
    pub g: f64,
    /// Degrees of freedom.
    pub freedom: f64,
    /// The probability that it is so large by chance.
    pub p: f64,
}

impl Ratio {
    /// Of a sum of n ln(n / expected).
    fn new(sum: f64, freedom: f64) -> Ratio {
        let g = 2.0 * sum.max(0.0);
        let chi = Dist::gamma(freedom / 2.0, 2.0).ok();
        let p = chi.map_or(1.0, |chi| (1.0 - chi.cdf(g)).max(0.0));
        Ratio { g, freedom, p }
    }

    /// Whether chance alone does not explain it.
    #[must_use]
    pub fn is_significant(&self) -> bool {
        self.p < RARE
    }
}

/// The law of a pause, and from how many.
pub type Pause = (Law, usize);

/// The chain of sessions.
#[derive(Debug)]
pub struct Chain {
    /// Sessions whose begin is seen, by their first endpoint.
    pub starts: Vec<u64>,
    /// How often each endpoint followed each; the last column is the end of a session.
    pub counts: Vec<Vec<u64>>,
    /// What is known of pauses behind each endpoint: its own law, if there is enough.
    pub pauses: Vec<Option<Pause>>,
    /// Of all pauses together.
    pub pause: Option<Pause>,
    /// First order against none.
    pub depends: Ratio,
    /// Second order against first.
    pub remembers: Ratio,
    /// How many of all sessions are seen from begin to end.
    pub whole: usize,
    /// Requests of a session, in the mean of whole ones.
    pub length: f64,
    /// When sessions begin.
    pub arrivals: Arrivals,
    /// Sessions a second.
    pub rate: f64,
    /// The share of requests that begin before the one before them is over.
    pub at_once: f64,
}

pub(super) fn of(sent: &[Sent], sessions: &[Session], endpoints: usize, at_once: f64) -> Chain {
    let end = endpoints;
    let mut starts = vec![0; endpoints];
    let mut counts = vec![vec![0; endpoints + 1]; endpoints];
    let mut triples: BTreeMap<(usize, usize), Vec<u64>> = BTreeMap::new();
    let mut pauses: Vec<Vec<u32>> = vec![Vec::new(); endpoints];
    let mut begun = Vec::new();
    let (mut whole, mut requests) = (0, 0);
    for session in sessions {
        let own = &sent[session.requests.clone()];
        if session.begins {
            starts[usize::from(own[0].endpoint)] += 1;
            begun.push(own[0].start_us);
        }
        if session.begins && session.ends {
            whole += 1;
            requests += own.len();
        }
        let mut before = None;
        for (k, request) in own.iter().enumerate() {
            let from = usize::from(request.endpoint);
            let to = match own.get(k + 1) {
                Some(next) => {
                    let us = pause(request, next).max(0);
                    pauses[from].push(u32::try_from(us).unwrap_or(u32::MAX));
                    usize::from(next.endpoint)
                }
                None if session.ends => end,
                None => continue,
            };
            counts[from][to] += 1;
            if let Some(before) = before {
                let row = triples.entry((before, from));
                row.or_insert_with(|| vec![0; endpoints + 1])[to] += 1;
            }
            before = Some(from);
        }
    }
    begun.sort_unstable();
    let span = match (begun.first(), begun.last()) {
        (Some(first), Some(last)) => last.abs_diff(*first) as f64 / 1e6,
        _ => 0.0,
    };
    let mut all: Vec<u32> = pauses.iter().flatten().copied().collect();
    Chain {
        pauses: pauses
            .iter_mut()
            .map(|own| law(own, FEWEST_PAUSES))
            .collect(),
        pause: law(&mut all, 1),
        depends: depends(&counts),
        remembers: remembers(&counts, &triples),
        whole,
        length: requests as f64 / (whole as f64).max(1.0),
        rate: begun.len().saturating_sub(1) as f64 / span.max(1e-9),
        arrivals: load::arrivals(&begun),
        starts,
        counts,
        at_once,
    }
}

fn law(us: &mut [u32], fewest: usize) -> Option<Pause> {
    if us.len() < fewest {
        return None;
    }
    us.sort_unstable();
    Some((laws::law(us, 0.0)?, us.len()))
}

/// The likelihood ratio of rows with probabilities of their own to rows that are all alike.
fn rows<'r>(rows: impl Iterator<Item = &'r [u64]> + Clone) -> (f64, f64) {
    let width = rows.clone().map(<[u64]>::len).max().unwrap_or(0);
    let mut columns = vec![0_u64; width];
    let (mut used, mut all) = (0_u32, 0_u64);
    for row in rows.clone() {
        columns.iter_mut().zip(row).for_each(|(sum, n)| *sum += n);
        let sum = row.iter().sum::<u64>();
        used += u32::from(sum > 0);
        all += sum;
    }
    let mut sum = 0.0;
    for row in rows {
        let of_row = row.iter().sum::<u64>() as f64;
        for (n, column) in row.iter().zip(&columns).filter(|(n, _)| **n > 0) {
            let n = *n as f64;
            sum += n * libm::log(n * all as f64 / (of_row * *column as f64));
        }
    }
    let columns = columns.iter().filter(|n| **n > 0).count();
    let freedom = f64::from(used.saturating_sub(1)) * columns.saturating_sub(1) as f64;
    (sum, freedom)
}

/// Whether the next request depends on the last.
fn depends(counts: &[Vec<u64>]) -> Ratio {
    let (sum, freedom) = rows(counts.iter().map(Vec::as_slice));
    Ratio::new(sum, freedom)
}

/// Whether it also depends on the one before.
fn remembers(counts: &[Vec<u64>], triples: &BTreeMap<(usize, usize), Vec<u64>>) -> Ratio {
    let mut total = (0.0, 0.0);
    for now in 0..counts.len() {
        let own = triples.iter().filter(move |((_, at), _)| *at == now);
        let (sum, freedom) = rows(own.map(|(_, row)| row.as_slice()));
        total = (total.0 + sum, total.1 + freedom);
    }
    Ratio::new(total.0, total.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: G = 2 (30 ln 1.5 + 10 ln 0.5 + 10 ln 0.5 + 30 ln 1.5), which chi-squared with one degree of freedom
    /// exceeds with the probability erfc(sqrt(G / 2)).
    #[test]
    fn the_likelihood_ratio_of_a_table_of_four() {
        let ratio = depends(&[vec![30, 10], vec![10, 30]]);
        let g = 2.0 * (60.0 * libm::log(1.5) + 20.0 * libm::log(0.5));
        assert!(
            (ratio.g - g).abs() < 1e-9 && ratio.freedom == 1.0,
            "{ratio:?}"
        );
        assert!(
            (ratio.p / libm::erfc((g / 2.0).sqrt()) - 1.0).abs() < 1e-6,
            "{ratio:?}"
        );
        let alike = depends(&[vec![30, 10], vec![60, 20], vec![0, 0]]);
        assert!(alike.g.abs() < 1e-9 && alike.freedom == 1.0 && alike.p > 0.99);
    }
}
