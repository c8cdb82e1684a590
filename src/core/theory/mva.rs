//! Exact mean value analysis of a closed network, one class of users (Reiser & Lavenberg 1980,
//! "Mean-value analysis of closed multichain queueing networks").

use super::{non_negative, positive};

/// Steady state of a closed network of single-server stations and a think time.
#[derive(Clone, Debug, PartialEq)]
pub struct Mva {
    /// Journeys completed per unit of time.
    pub throughput: f64,
    /// Mean time of one journey at all stations together, think time excluded.
    pub mean_response: f64,
    /// Each station, in the order given.
    pub stations: Vec<Station>,
}

/// One station of the network.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Station {
    /// Mean time that one journey spends here.
    pub mean_response: f64,
    /// Mean number of users here.
    pub mean_in_station: f64,
    /// Share of time that the server is busy.
    pub utilisation: f64,
}

/// N users who think and then need `demands[k]` of the one server of each station k.
///
/// Exact where stations are exponential and first come first served, or processor sharing with
/// any law. A demand is visits times mean service time. Returns `None` for no user, a negative
/// time, or no time at all.
#[must_use]
pub fn mva(users: u32, mean_think: f64, demands: &[f64]) -> Option<Mva> {
    let sound = non_negative(mean_think) && demands.iter().all(|&d| non_negative(d));
    if users == 0 || !sound || !positive(mean_think + demands.iter().sum::<f64>()) {
        return None;
    }
    let mut throughput = 0.0;
    let mut mean_response = 0.0;
    let mut stations = vec![Station::default(); demands.len()];
    for population in 1..=users {
        // Arrival theorem: a user sees the network as it is with one user less.
        for (station, demand) in stations.iter_mut().zip(demands) {
            station.mean_response = demand * (1.0 + station.mean_in_station);
        }
        mean_response = stations.iter().map(|s| s.mean_response).sum();
        throughput = f64::from(population) / (mean_think + mean_response);
        for station in &mut stations {
            station.mean_in_station = throughput * station.mean_response;
        }
    }
    for (station, demand) in stations.iter_mut().zip(demands) {
        station.utilisation = throughput * demand;
    }
    Some(Mva {
        throughput,
        mean_response,
        stations,
    })
}
