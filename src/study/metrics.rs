//! The named numbers of one run: the columns that sweeps write and searches compare.
//!
//! A name says what, of what, in which unit: `http_req_duration_p95_ms`, `http_reqs_per_s`,
//! `station_server_utilisation`. `docs/csv.md` lists them all. Quantities that a model does not have
//! (a rate of checks without checks) are absent.

use std::collections::BTreeMap;

use crate::cost;
use crate::load::verdict;
use crate::measure::summary::Summary;
use crate::model::Model;
use crate::model::metric_name::{Contains, MetricKind, MetricName, kind_of};
use crate::model::system::Op;
use crate::model::threshold::{Aggregation, Threshold};
use crate::stats::TrendStats;
use crate::world::OpTime;
use crate::world::outcome::Outcome;
use crate::world::summary::summary;

/// The numbers of one run by their column's name.
pub type Metrics = BTreeMap<String, f64>;

/// Percentiles of response times that every run reports.
pub const PERCENTS: [f64; 10] = [1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9];

/// One threshold of a model and the column that holds the number it compares.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedThreshold {
    /// The metric as written: `http_req_duration{name:reserve}`.
    pub metric: String,
    /// The expression and its limit.
    pub threshold: Threshold,
    /// Name of the column compared: `http_req_duration{name:reserve}_p95_ms`.
    pub column: String,
}

impl NamedThreshold {
    /// Metric and expression: `http_req_duration p(95)<500`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} {}", self.metric, self.threshold.expression)
    }
}

/// All thresholds of a model in the order written.
#[must_use]
pub fn thresholds_of(model: &Model) -> Vec<NamedThreshold> {
    let mut all = Vec::new();
    for of_metric in &model.thresholds {
        let name = &of_metric.name;
        for threshold in &of_metric.thresholds {
            all.push(NamedThreshold {
                metric: name.shown(),
                threshold: threshold.clone(),
                column: column(model, name, threshold.aggregation),
            });
        }
    }
    all
}

/// Whether each threshold of a run held, in the order of [`thresholds_of`].
#[must_use]
pub fn verdicts_of(model: &Model, summary: &Summary) -> Vec<bool> {
    let held = |t: &NamedThreshold| {
        let metric = summary.metrics.iter().find(|m| m.name == t.metric);
        metric.is_some_and(|m| verdict::holds(&t.threshold, &m.values))
    };
    thresholds_of(model).iter().map(held).collect()
}

/// The column of one statistic of a metric.
fn column(model: &Model, name: &MetricName, aggregation: Aggregation) -> String {
    let unknown = (MetricKind::Trend, Contains::Default);
    let (kind, contains) = kind_of(name.metric(), &model.metrics).unwrap_or(unknown);
    let shown = name.shown();
    match (kind, aggregation) {
        (MetricKind::Counter, Aggregation::Count) => shown,
        (MetricKind::Counter, _) => format!("{shown}_per_s"),
        (MetricKind::Rate, _) => format!("{shown}_rate"),
        (MetricKind::Gauge, _) => format!("{shown}_value"),
        (MetricKind::Trend, stat) => {
            let unit = if contains == Contains::Time && stat != Aggregation::Count {
                "_ms"
            } else {
                ""
            };
            format!("{shown}_{}{unit}", statistic(stat))
        }
    }
}

/// How a column names a statistic: `avg`, `med`, `p95`, `p99.9`.
#[must_use]
pub fn statistic(stat: Aggregation) -> String {
    match stat {
        Aggregation::Percentile(p) => percentile_name(p),
        other => other.method().to_owned(),
    }
}

/// `med` for 50, else `p95`, `p99.9`.
pub(crate) fn percentile_name(percent: f64) -> String {
    if percent == 50.0 {
        "med".to_owned()
    } else {
        format!("p{percent}")
    }
}

/// Everything named that one run measured.
#[must_use]
pub fn metrics_of(model: &Model, outcome: &Outcome, summary: &Summary) -> Metrics {
    let all = named(model, outcome, summary).into_iter();
    all.filter(|(_, value)| !value.is_nan()).collect()
}

/// The names of [`metrics_of`] in the order in which a table shows them. They depend on what the
/// model is made of, not on its numbers.
#[must_use]
pub fn names_of(model: &Model) -> Vec<String> {
    let nothing = Outcome::nothing(model);
    let mut names: Vec<String> = Vec::new();
    for (name, _) in named(model, &nothing, &summary(&nothing, model)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A number that a run does not have is NaN.
fn named(model: &Model, outcome: &Outcome, summary: &Summary) -> Vec<(String, f64)> {
    let mut table = Table(Vec::new());
    load_side(&mut table, outcome);
    for t in thresholds_of(model) {
        let metric = summary.metrics.iter().find(|m| m.name == t.metric);
        let value = metric.and_then(|m| verdict::value(&m.values, t.threshold.aggregation));
        table.put(t.column, value.unwrap_or(f64::NAN));
    }
    resources(&mut table, model, outcome);
    time_spent(&mut table, model, outcome);
    users(&mut table, outcome);
    table.put("events", outcome.events as f64);
    table.0
}

struct Table(Vec<(String, f64)>);

impl Table {
    fn put(&mut self, name: impl Into<String>, value: f64) {
        self.0.push((name.into(), value));
    }

    fn trend(&mut self, name: &str, stats: Option<TrendStats>) {
        let Some(stats) = stats else {
            return;
        };
        self.put(format!("{name}_avg_ms"), stats.avg);
        self.put(format!("{name}_min_ms"), stats.min);
        for (percent, value) in stats.percentiles {
            self.put(format!("{name}_{}_ms", percentile_name(percent)), value);
        }
        self.put(format!("{name}_max_ms"), stats.max);
    }
}

fn load_side(table: &mut Table, outcome: &Outcome) {
    let record = &outcome.recorder;
    let seconds = outcome.duration.as_secs();
    let per_second = |n: f64| if seconds > 0.0 { n / seconds } else { 0.0 };
    let requests = record.requests() as f64;
    let of_series = record.series.iter().zip(record.requests_by_series());
    let failures = of_series
        .filter(|(series, _)| series.expected == Some(false))
        .map(|(_, count)| count)
        .sum::<u64>() as f64;
    table.put("duration_s", seconds);
    table.put("http_reqs", requests);
    table.put("http_reqs_per_s", per_second(requests));
    table.put(
        "http_req_failed_rate",
        if requests > 0.0 {
            failures / requests
        } else {
            0.0
        },
    );
    table.trend("http_req_duration", record.request_stats(&PERCENTS));
    let iterations = outcome.complete_iterations() as f64;
    table.put("iterations", iterations);
    table.put("iterations_per_s", per_second(iterations));
    table.put("iterations_interrupted", record.interrupted as f64);
    table.put(
        "dropped_iterations",
        record.dropped.iter().sum::<u64>() as f64,
    );
    if let Some(stats) = record.iteration_stats(&[50.0, 90.0, 95.0, 99.0]) {
        table.put("iteration_duration_avg_ms", stats.avg);
        for (percent, value) in stats.percentiles {
            let name = format!("iteration_duration_{}_ms", percentile_name(percent));
            table.put(name, value);
        }
    }
    let (passes, fails) = record
        .checks
        .iter()
        .fold((0, 0), |(p, f), c| (p + c.0, f + c.1));
    if !record.checks.is_empty() {
        let share = passes as f64 / (passes + fails).max(1) as f64;
        table.put("checks_rate", share);
    }
    table.put("vus_max", record.vus.map_or(0, |v| v.2) as f64);
}

fn resources(table: &mut Table, model: &Model, outcome: &Outcome) {
    let end = outcome.end_time();
    let stations = model.stations.iter().zip(&outcome.stations);
    for (index, (spec, probe)) in stations.enumerate() {
        let name = format!("station_{}", spec.name);
        if spec.servers != u32::MAX {
            let (all, servers) = (end.0.max(1) as f64, f64::from(spec.servers.max(1)));
            let at_work = probe.at_work(spec.discipline, end) as f64 / all;
            table.put(format!("{name}_utilisation"), at_work / servers);
            if model.may_stop(index) {
                let stopped = probe.stopped(spec.discipline, end) as f64 / all;
                table.put(format!("{name}_stopped"), stopped / servers);
            }
        }
        let present = probe.in_service.mean(end) + probe.queue.mean(end);
        table.put(format!("{name}_jobs_mean"), present);
        table.put(format!("{name}_queue_mean"), probe.queue.mean(end));
        table.put(format!("{name}_queue_max"), probe.queue.max() as f64);
        if spec.servers != u32::MAX {
            let ops = ops_at(model, index);
            let sum = |of: &dyn Fn(usize) -> u64| ops.iter().map(|op| of(*op)).sum::<u64>() as f64;
            let waits = sum(&|op| outcome.op_times[op].waits);
            let likely = waits / sum(&|op| outcome.begun[op]);
            table.put(format!("{name}_wait_probability"), likely);
        }
        table.put(format!("{name}_refused"), probe.refused as f64);
    }
    services(table, model, outcome);
    for (spec, probe) in model.hosts.iter().zip(&outcome.hosts) {
        let name = format!("host_{}", spec.name);
        let used = probe.used(end) / end.0.max(1) as f64;
        table.put(format!("{name}_utilisation"), used / spec.cores);
        let without = (probe.wanted.mean(end) - used).max(0.0);
        table.put(format!("{name}_queue_mean"), without);
    }
    caches(table, model, outcome);
    if model.prices.is_some() {
        let (all, each) = cost::total(&cost::items(model, outcome), outcome);
        table.put("cost", all);
        table.put("cost_per_thousand_iterations", each.unwrap_or(f64::NAN));
    }
    for (spec, probe) in model.pools.iter().zip(&outcome.pools) {
        let name = format!("pool_{}", spec.name);
        let share = probe.held.mean(end) / f64::from(spec.size.max(1));
        table.put(format!("{name}_utilisation"), share);
        table.put(format!("{name}_queue_mean"), probe.queue.mean(end));
        table.put(format!("{name}_queue_max"), probe.queue.max() as f64);
        table.put(format!("{name}_refused"), probe.refused as f64);
    }
}

/// The operations of all endpoints that are a visit of this station, in the order of [`Outcome::op_times`].
pub(super) fn ops_at(model: &Model, index: usize) -> Vec<usize> {
    let ops = model.endpoints.iter().flat_map(|e| &e.ops);
    let here = |op: &Op| matches!(op, Op::Serve { station, .. } if station.index() == index);
    let all = ops.enumerate().filter(|(_, op)| here(op));
    all.map(|(at, _)| at).collect()
}

fn caches(table: &mut Table, model: &Model, outcome: &Outcome) {
    for (spec, probe) in model.caches.iter().zip(&outcome.caches) {
        let name = format!("cache_{}", spec.name);
        table.put(format!("{name}_hit_ratio"), probe.hit_ratio());
        table.put(
            format!("{name}_fetches"),
            (probe.fetches + probe.refreshes) as f64,
        );
        table.put(format!("{name}_evicted"), probe.evicted as f64);
    }
}

fn services(table: &mut Table, model: &Model, outcome: &Outcome) {
    let end = outcome.end_time();
    for (spec, probe) in model.services.iter().zip(&outcome.services) {
        let name = format!("service_{}", spec.name);
        let present = probe.replicas.iter().map(|r| r.present.mean(end));
        table.put(format!("{name}_jobs_mean"), present.sum());
        let picked = probe.replicas.iter().map(|r| r.picked);
        let (all, most) = (picked.clone().sum::<u64>(), picked.max().unwrap_or(0));
        let share = most as f64 / all.max(1) as f64;
        table.put(format!("{name}_largest_share"), share);
        let failed = probe.replicas.iter().map(|r| r.failed).sum::<u64>();
        table.put(format!("{name}_failed"), (failed + probe.unserved) as f64);
        table.put(format!("{name}_unserved"), probe.unserved as f64);
        if spec.autoscale.is_some() {
            table.put(format!("{name}_replicas_mean"), probe.up.mean(end));
            table.put(format!("{name}_replicas_max"), probe.up.max() as f64);
            table.put(format!("{name}_replicas_paid"), probe.paid.mean(end));
        }
    }
}

/// Where the time of an average request went: the parts add up to what the system spent on requests.
fn time_spent(table: &mut Table, model: &Model, outcome: &Outcome) {
    let requests = outcome.recorder.requests().max(1);
    let mut spent: Vec<(String, u128)> = Vec::new();
    let mut add = |name: String, ns: u128| match spent.iter_mut().find(|(n, _)| *n == name) {
        Some((_, sum)) => *sum += ns,
        None => spent.push((name, ns)),
    };
    let ops = model.endpoints.iter().flat_map(|e| &e.ops);
    for (op, time) in ops.zip(&outcome.op_times) {
        let OpTime { waited, served, .. } = *time;
        match op {
            Op::Serve { station, .. } => {
                let name = &model.stations[station.index()].name;
                add(format!("time_wait_station_{name}_ms"), waited);
                add(format!("time_service_station_{name}_ms"), served);
            }
            Op::Acquire { pool } | Op::AcquireMany { pool, .. } => {
                let name = &model.pools[pool.index()].name;
                add(format!("time_wait_pool_{name}_ms"), waited);
            }
            Op::Cache { cache, .. } => {
                let name = &model.caches[cache.index()].name;
                add(format!("time_wait_cache_{name}_ms"), waited);
            }
            Op::Connect(pool) => {
                let name = &model.pools[pool.index()].name;
                add(format!("time_connect_pool_{name}_ms"), waited);
            }
            Op::Lock { key, .. } => {
                add(format!("time_wait_lock_{}_ms", key.name()), waited);
            }
            Op::Delay(_) => add("time_delay_ms".to_owned(), served),
            _ => {}
        }
    }
    for (name, ns) in spent {
        table.put(name, ns as f64 / 1e6 / requests as f64);
    }
}

fn users(table: &mut Table, outcome: &Outcome) {
    let end = outcome.end_time();
    if let Some((probe, seats)) = &outcome.inventory {
        table.put("seats", *seats as f64);
        table.put("seats_sold", probe.sold as f64);
        table.put("seats_held_max", probe.held.max() as f64);
        table.put("claims_lost", probe.lost as f64);
        table.put("holds_expired", probe.expired as f64);
    }
    if let Some(room) = &outcome.room {
        table.put("waiting_room_joined", room.joined as f64);
        table.put("waiting_room_admitted", room.admitted as f64);
        table.put("waiting_room_length_mean", room.waiting.mean(end));
        table.put("waiting_room_length_max", room.waiting.max() as f64);
        let each = room.waited as f64 / 1e9 / room.admitted.max(1) as f64;
        table.put("waiting_room_wait_avg_s", each);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::Job;

    const MODEL: &str = r#"
[scenarios.default]
executor = "constant-vus"
vus = 3
duration = "2s"
journey = "ask"
[journeys]
ask = [{ request = "ask", checks = ["is 200"] }, { sleep = "90ms" }]
[stations.cpu]
servers = 1
[endpoints.ask]
visits = [{ station = "cpu", time = "10ms" }]
[thresholds]
http_req_duration = ["p(95)<500", "avg<40"]
"http_req_duration{name:ask}" = ["max<40"]
http_reqs = ["rate>1", "count>10"]
"#;

    #[test]
    fn names_and_numbers_of_a_run() {
        let model = Model::from_text("m", MODEL, &[]).unwrap_or_else(|e| panic!("{e}"));
        let job = Job {
            model: &model,
            seed: 1,
            replication: 0,
        };
        let (outcome, summary) = job.run();
        let metrics = metrics_of(&model, &outcome, &summary);
        // All three ask at 0; the last waits for two services. Later they come 10 ms apart.
        assert_eq!(metrics["http_req_duration_max_ms"], 30.0);
        assert_eq!(metrics["http_req_duration{name:ask}_max_ms"], 30.0);
        assert_eq!(metrics["http_req_duration_med_ms"], 10.0);
        assert_eq!(metrics["checks_rate"], 1.0);
        assert_eq!(metrics["vus_max"], 3.0);
        let served = metrics["http_reqs"] * 10e-3 / metrics["duration_s"];
        assert!(
            (metrics["station_cpu_utilisation"] - served).abs() < 1e-9,
            "{} {served}",
            metrics["station_cpu_utilisation"]
        );
        let columns: Vec<String> = thresholds_of(&model)
            .into_iter()
            .map(|t| t.column)
            .collect();
        // Two of the first three wait; later nobody does.
        let waited = metrics["station_cpu_wait_probability"] * metrics["http_reqs"];
        assert!((waited - 2.0).abs() < 1e-9, "{waited}");
        for column in &columns {
            assert!(metrics.contains_key(column), "{column}");
        }
        assert_eq!(
            verdicts_of(&model, &summary),
            [true; 5],
            "{columns:?} {metrics:?}"
        );
        let names = names_of(&model);
        assert_eq!(names.len(), metrics.len());
    }
}
