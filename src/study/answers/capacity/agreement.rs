//! What theory and simulation say at the limit, side by side, and what limits there.

use super::{Agreement, Holding, Tried};
use crate::account::{Account, Kind};
use crate::answers::bounds::{Demand, analyse};
use crate::answers::margin::Hold;
use crate::model::Model;

/// Utilisations by the utilisation law, at the simulated throughput, beside the simulated ones; and the
/// mean response where a formula is exact.
pub(super) fn agreement(model: &Model, tried: &Tried) -> Vec<Agreement> {
    let n = tried.samples.len() as f64;
    let mean = |name: &str| {
        let of = tried.samples.iter().filter_map(|s| s.metrics.get(name));
        of.sum::<f64>() / n
    };
    let all = analyse(model);
    let [one] = all.as_slice() else {
        return Vec::new();
    };
    let throughput = mean("iterations_per_s");
    let of = |d: &Demand| {
        let simulated = mean(&format!("{}_utilisation", d.name.replacen(' ', "_", 1)));
        let servers = match d.kind {
            Kind::Host(at) => model.hosts[at].cores,
            _ => f64::from(d.servers),
        };
        let (theory, holding) = match d.pool {
            Some(pool) => {
                let of = |f: &dyn Fn(&Hold) -> f64| {
                    let each = tried.samples.iter().filter_map(|s| s.pools.get(pool));
                    each.map(f).sum::<f64>() / n
                };
                let used = of(&|h| h.per_second * h.mean);
                let holding = Holding {
                    mean: used / of(&|h| h.per_second).max(1e-12),
                    least: d.demand / d.visits,
                };
                (used / servers, Some(holding))
            }
            None => (throughput * d.demand / servers, None),
        };
        Agreement {
            name: format!("utilisation of {}", d.name),
            theory,
            simulated,
            holding,
        }
    };
    // A law, slowdowns or too few cores keep servers for longer than the demand says.
    let plain = |d: &&Demand| match d.kind {
        Kind::Station(at) => d.with.is_none() && model.stations[at].host.is_none(),
        Kind::Pool(_) | Kind::Host(_) => true,
        _ => false,
    };
    let mut found: Vec<Agreement> = one.demands.iter().filter(plain).map(of).collect();
    if let Some(exact) = &one.exact {
        found.push(Agreement {
            name: format!("mean response in s ({})", exact.formula),
            theory: exact.response,
            simulated: mean("http_req_duration_avg_ms") * one.requests / 1000.0,
            holding: None,
        });
    }
    found
}

/// What limits, and how much of it is used; what is busiest if nobody waited.
pub(super) fn bottleneck(account: &Account) -> Option<(String, f64)> {
    let first = account.bottleneck().and_then(|c| c.limits.first().copied());
    let limit = first.or(account.busiest())?;
    Some((limit.name.clone(), limit.utilisation))
}
