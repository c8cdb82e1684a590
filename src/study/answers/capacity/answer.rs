//! The answer of a search: its ends, what limits there, and what theory and simulation say of it, side by side.

use super::search::Search;
use super::{Agreement, Answer, Holding, Tried};
use crate::account::{Account, Kind};
use crate::answers::bounds::{Demand, analyse};
use crate::answers::margin::Hold;
use crate::metrics::thresholds_of;
use crate::model::Model;

impl Search<'_, '_> {
    /// What the search has found, with the account and the agreement at the limit.
    pub(super) fn answer(
        self,
        passing: Option<f64>,
        failing: Option<f64>,
        estimate: Option<f64>,
        again: [Vec<f64>; 2],
        now: Option<f64>,
    ) -> Answer {
        let there = failing.or(passing).and_then(|v| self.at(v));
        let names: Vec<String> = self
            .model(self.question.low)
            .map(|(_, m)| thresholds_of(&m).iter().map(|t| t.text()).collect())
            .unwrap_or_default();
        let broken = failing.and_then(|v| self.at(v)).filter(|t| !t.holds());
        let breaks = broken.and_then(|t| names.get(t.worst().0).cloned());
        let critical = broken.or(there).map_or(0, |t| t.worst().0);
        let account = there.map_or(Account::default(), |t| {
            Account::mean(&t.samples.iter().map(|s| &s.account).collect::<Vec<_>>())
        });
        let bottleneck = bottleneck(&account);
        let agreement = there.map_or(Vec::new(), |t| {
            self.model(t.value)
                .map_or(Vec::new(), |(_, m)| agreement(&m, t))
        });
        let [before, again] = again;
        let mut tried: Vec<Tried> = self.tried.into_values().collect();
        tried.sort_by(|a, b| a.value.total_cmp(&b.value));
        Answer {
            passing,
            failing,
            estimate,
            breaks,
            critical,
            bottleneck,
            account,
            agreement,
            before,
            again,
            now,
            unit: self.unit,
            tried,
            runs: self.runs,
            cut_short: self.cut_short,
        }
    }
}

/// Utilisations by the utilisation law, at the simulated throughput, beside the simulated ones; and the
/// mean response where a formula is exact.
fn agreement(model: &Model, tried: &Tried) -> Vec<Agreement> {
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
fn bottleneck(account: &Account) -> Option<(String, f64)> {
    let first = account.bottleneck().and_then(|c| c.limits.first().copied());
    let limit = first.or(account.busiest())?;
    Some((limit.name.clone(), limit.utilisation))
}
