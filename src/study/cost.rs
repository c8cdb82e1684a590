//! What one run cost, by the prices of its model.

use crate::model::Model;
use crate::world::outcome::Outcome;

/// What was paid for one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What it is: `replicas of shop`, `servers of database`, `cores of box`, `calls of pay`.
    pub what: String,
    /// How much of it: hours, or calls.
    pub amount: f64,
    /// Whether that are hours.
    pub hours: bool,
    /// The price of one.
    pub price: f64,
}

impl Item {
    /// What it cost.
    #[must_use]
    pub fn cost(&self) -> f64 {
        self.amount * self.price
    }
}

/// Nanoseconds of an hour.
const HOUR: f64 = 3.6e12;

/// What was paid, item by item, in the order of the model; nothing for a model without prices.
#[must_use]
pub fn items(model: &Model, outcome: &Outcome) -> Vec<Item> {
    let Some(prices) = &model.prices else {
        return Vec::new();
    };
    let mut items = Vec::new();
    let mut add = |what: String, amount: f64, hours: bool, price: f64| {
        items.push(Item {
            what,
            amount,
            hours,
            price,
        });
    };
    for (service, price) in &prices.replicas {
        let name = &model.services[*service].name;
        add(
            format!("replicas of {name}"),
            replica_hours(outcome, *service),
            true,
            *price,
        );
    }
    for (name, price) in &prices.servers {
        // All replicas have as many servers.
        let own = |at: &usize| model.station_name(*at) == name;
        let Some(at) = (0..model.stations.len()).find(own) else {
            continue;
        };
        let hours = match model.replica_of_station(at) {
            Some((service, _)) => replica_hours(outcome, service),
            None => outcome.duration.0 as f64 / HOUR,
        };
        let servers = f64::from(model.stations[at].servers);
        add(format!("servers of {name}"), servers * hours, true, *price);
    }
    for (host, price) in &prices.cores {
        let host = &model.hosts[*host];
        let hours = host.cores * outcome.duration.0 as f64 / HOUR;
        add(format!("cores of {}", host.name), hours, true, *price);
    }
    for (endpoint, price) in &prices.calls {
        let name = &model.endpoints[*endpoint].name;
        add(
            format!("calls of {name}"),
            calls(model, outcome, *endpoint),
            false,
            *price,
        );
    }
    items
}

/// Hours for which the replicas of a service are paid, all together.
fn replica_hours(outcome: &Outcome, service: usize) -> f64 {
    let probe = outcome.services.get(service);
    probe.map_or(0.0, |probe| {
        probe.paid.area(outcome.end_time()) as f64 / HOUR
    })
}

/// Requests of an endpoint that users have sent and that ended, and calls by others.
fn calls(model: &Model, outcome: &Outcome, endpoint: usize) -> f64 {
    let counts = outcome.recorder.requests_by_series();
    let series = outcome.recorder.series.iter().zip(counts);
    let own = series.filter(|(s, _)| model.sites[s.site.index()].endpoint.index() == endpoint);
    let sent: u64 = own.map(|(_, n)| n).sum();
    (sent + outcome.called.get(endpoint).copied().unwrap_or(0)) as f64
}

/// All that was paid, and what that is for a thousand iterations, if any was completed.
#[must_use]
pub fn total(items: &[Item], outcome: &Outcome) -> (f64, Option<f64>) {
    let all: f64 = items.iter().map(Item::cost).sum();
    let iterations = outcome.complete_iterations();
    (
        all,
        (iterations > 0).then(|| all / iterations as f64 * 1000.0),
    )
}

/// What an hour costs at least, without a run: servers, cores, and replicas in the number from which no autoscaler goes down.
/// Calls come on top.
#[must_use]
pub fn least_per_hour(model: &Model) -> f64 {
    let Some(prices) = &model.prices else {
        return 0.0;
    };
    let replicas = |service: usize| {
        let service = &model.services[service];
        let scaled = service.autoscale.as_ref().map(|a| {
            let planned = a.schedule.iter().map(|(_, replicas)| *replicas);
            planned.min().unwrap_or(a.min).min(a.min)
        });
        f64::from(scaled.unwrap_or(u32::MAX).min(service.replicas))
    };
    let of_replicas = prices.replicas.iter();
    let of_replicas: f64 = of_replicas.map(|(at, price)| price * replicas(*at)).sum();
    let of_servers = prices.servers.iter().filter_map(|(name, price)| {
        let at = (0..model.stations.len()).find(|at| model.station_name(*at) == name)?;
        let copies = model.replica_of_station(at);
        let copies = copies.map_or(1.0, |(service, _)| replicas(service));
        Some(price * copies * f64::from(model.stations[at].servers))
    });
    let of_cores = prices.cores.iter();
    let of_cores: f64 = of_cores.map(|(at, p)| p * model.hosts[*at].cores).sum();
    of_replicas + of_servers.sum::<f64>() + of_cores
}
