//! Open tandem of stations, visited in turn (Burke 1956: the output of M/M/c is Poisson; Jackson
//! 1957: the stations behave as if independent).

use super::mmc::Mmc;

/// The stations of a tandem as M/M/c queues, each given as (service rate, servers).
///
/// The mean response time of the whole is the sum. Returns `None` if one is overloaded or a rate
/// is not positive.
#[must_use]
pub fn tandem(arrival_rate: f64, stations: &[(f64, u32)]) -> Option<Vec<Mmc>> {
    stations
        .iter()
        .map(|&(service_rate, servers)| Mmc::new(arrival_rate, service_rate, servers))
        .collect()
}
