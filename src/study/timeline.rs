//! The time line of a run: a row for each window of time. Percentiles are those of the requests that
//! ended in the window, never averages of others.

use super::metrics::{statistic, thresholds_of};
use crate::engine::{Span, Time};
use crate::model::Model;
use crate::model::system::Op;
use crate::model::threshold::Aggregation;
use crate::stats::TrendStats;
use crate::world::outcome::Outcome;
use crate::world::timeline::{LevelSample, Sample, StationSample};
use crate::world::waits::Waits;

/// Percentiles of each window, whatever the thresholds are.
const PERCENTS: [f64; 4] = [50.0, 90.0, 95.0, 99.0];

/// Statistics of the response times in each window: the usual ones, and those that thresholds compare.
fn statistics(model: &Model) -> Vec<Aggregation> {
    let compared = thresholds_of(model).into_iter();
    let compared = compared.filter(|t| t.metric == "http_req_duration");
    let compared: Vec<Aggregation> = compared.map(|t| t.threshold.aggregation).collect();
    let named = compared.iter().filter_map(percent);
    let mut percents: Vec<f64> = PERCENTS.into_iter().chain(named).collect();
    percents.sort_by(f64::total_cmp);
    percents.dedup();
    let mut all = vec![Aggregation::Avg];
    all.extend(
        compared
            .contains(&Aggregation::Min)
            .then_some(Aggregation::Min),
    );
    all.extend(percents.into_iter().map(Aggregation::Percentile));
    all.push(Aggregation::Max);
    all
}

fn percent(stat: &Aggregation) -> Option<f64> {
    match stat {
        Aggregation::Percentile(percent) => Some(*percent),
        _ => None,
    }
}

/// What a row says of waits: their mean, how likely one is, and their mean square.
const WAITS: [&str; 3] = ["wait_avg_ms", "wait_probability", "wait_square_avg_ms2"];

/// Whose waits a time line shows: what its columns begin with, and the operations that count.
struct Waiters {
    name: String,
    ops: Vec<usize>,
}

/// Each station with a limited number of servers; of those that several endpoints visit, also each of these.
fn waiters(model: &Model) -> Vec<Waiters> {
    let mut first = 0;
    let mut visits: Vec<Vec<(usize, usize)>> = vec![Vec::new(); model.stations.len()];
    for (endpoint, spec) in model.endpoints.iter().enumerate() {
        for (at, op) in spec.ops.iter().enumerate() {
            if let Op::Serve { station, .. } = op {
                visits[station.index()].push((endpoint, first + at));
            }
        }
        first += spec.ops.len();
    }
    let mut all = Vec::new();
    for (station, visits) in model.stations.iter().zip(visits) {
        if station.servers == u32::MAX {
            continue;
        }
        let name = format!("station_{}", station.name);
        let mut endpoints: Vec<usize> = visits.iter().map(|(endpoint, _)| *endpoint).collect();
        endpoints.dedup();
        let ops = visits.iter().map(|(_, op)| *op).collect();
        all.push(Waiters {
            name: name.clone(),
            ops,
        });
        for endpoint in endpoints.iter().filter(|_| endpoints.len() > 1) {
            let own = visits.iter().filter(|(of, _)| of == endpoint);
            all.push(Waiters {
                name: format!("{name}_endpoint_{}", model.endpoints[*endpoint].name),
                ops: own.map(|(_, op)| *op).collect(),
            });
        }
    }
    all
}

impl Waiters {
    /// Of the services that began between two looks: mean wait, share that waited, mean square of the wait.
    fn cells(&self, from: &[Waits], to: &[Waits]) -> [Option<f64>; 3] {
        let all = Waits::between(&self.ops, from, to);
        let begun = (all.begun > 0).then_some(all.begun as f64);
        [
            all.sum as f64 / 1e6,
            all.waited as f64,
            all.squares as f64 / 1e12,
        ]
        .map(|sum| begun.map(|begun| sum / begun))
    }
}

/// Metrics whose thresholds a time line shows: those that have a column of their own.
const SHOWN: [&str; 3] = ["http_req_duration", "http_reqs", "http_req_failed"];

/// The header.
#[must_use]
pub fn header(model: &Model) -> Vec<String> {
    let mut header: Vec<String> = [
        "t_s",
        "vus",
        "http_reqs",
        "http_reqs_per_s",
        "http_req_failed_rate",
    ]
    .map(str::to_owned)
    .to_vec();
    let times = statistics(model).into_iter().map(statistic);
    header.extend(times.map(|name| format!("http_req_duration_{name}_ms")));
    header.extend(["iterations", "dropped_iterations"].map(str::to_owned));
    for (index, station) in model.stations.iter().enumerate() {
        header.push(format!("station_{}_utilisation", station.name));
        if model.may_stop(index) {
            header.push(format!("station_{}_stopped", station.name));
        }
        header.push(format!("station_{}_queue_mean", station.name));
    }
    for pool in &model.pools {
        header.push(format!("pool_{}_utilisation", pool.name));
        header.push(format!("pool_{}_queue_mean", pool.name));
    }
    for waiters in waiters(model) {
        header.extend(WAITS.map(|what| format!("{}_{what}", waiters.name)));
    }
    let services = model.services.iter();
    header.extend(services.map(|s| format!("service_{}_jobs_mean", s.name)));
    let scaled = model.services.iter().filter(|s| s.autoscale.is_some());
    header.extend(scaled.map(|s| format!("service_{}_replicas", s.name)));
    if model.waiting_room.is_some() {
        header.extend(["waiting_room_length", "waiting_room_active"].map(str::to_owned));
    }
    if model.inventory.is_some() {
        header.extend(["seats_free", "seats_held", "seats_sold"].map(str::to_owned));
    }
    header.extend(limits(model).map(|(text, _)| format!("slo:{text}")));
    header
}

/// Thresholds of whole metrics, and their limits.
fn limits(model: &Model) -> impl Iterator<Item = (String, f64)> {
    thresholds_of(model)
        .into_iter()
        .filter(|t| SHOWN.contains(&t.metric.as_str()))
        .map(|t| (t.text(), t.threshold.value))
}

/// All rows. Levels are means over the window, or values at its end where no mean is named.
#[must_use]
pub fn rows(model: &Model, outcome: &Outcome, samples: &[Sample]) -> Vec<Vec<String>> {
    let beginning = Sample {
        at: Time::ZERO,
        active_vus: 0,
        requests: 0,
        iterations: 0,
        dropped: 0,
        stations: vec![StationSample::default(); model.stations.len()],
        waits: Vec::new(),
        pools: vec![<(LevelSample, LevelSample)>::default(); model.pools.len()],
        services: vec![LevelSample::default(); model.services.len()],
        replicas: vec![LevelSample::default(); model.services.len()],
        room: None,
        seats: None,
    };
    let from = std::iter::once(&beginning).chain(samples);
    from.zip(samples)
        .filter(|(from, to)| to.at > from.at)
        .map(|(from, to)| row(model, outcome, from, to))
        .collect()
}

fn row(model: &Model, outcome: &Outcome, from: &Sample, to: &Sample) -> Vec<String> {
    let record = &outcome.recorder;
    let window = to.at.since(from.at);
    let seconds = window.as_secs();
    let range = from.requests..to.requests;
    let count = range.len();
    let failed = record.failed_among(range.clone());
    let mut row = vec![
        Some(to.at.since(Time::ZERO).as_secs()),
        Some(to.active_vus as f64),
        Some(count as f64),
        Some(count as f64 / seconds),
        (count > 0).then(|| failed as f64 / count as f64),
    ];
    let times = statistics(model);
    let percents: Vec<f64> = times.iter().filter_map(percent).collect();
    let stats = TrendStats::of_durations(record.durations.range(range), &percents);
    let stats = stats.filter(|_| count > 0);
    let value = |stats: &TrendStats, which: Aggregation| match which {
        Aggregation::Min => Some(stats.min),
        Aggregation::Max => Some(stats.max),
        Aggregation::Percentile(percent) => stats.percentile(percent),
        _ => Some(stats.avg),
    };
    row.extend(times.iter().map(|which| value(stats.as_ref()?, *which)));
    row.push(Some((to.iterations - from.iterations) as f64));
    row.push(Some((to.dropped - from.dropped) as f64));
    for (i, spec) in model.stations.iter().enumerate() {
        let (a, b) = (&from.stations[i], &to.stations[i]);
        let finite = spec.servers != u32::MAX;
        let share = |area: u128| {
            finite.then(|| area as f64 / window.0 as f64 / f64::from(spec.servers.max(1)))
        };
        row.push(share(b.at_work - a.at_work));
        if model.may_stop(i) {
            row.push(share(b.stopped - a.stopped));
        }
        row.push(Some(mean(a.queue, b.queue, window)));
    }
    for (i, spec) in model.pools.iter().enumerate() {
        let held = mean(from.pools[i].0, to.pools[i].0, window);
        row.push(Some(held / f64::from(spec.size.max(1))));
        row.push(Some(mean(from.pools[i].1, to.pools[i].1, window)));
    }
    for waiters in waiters(model) {
        row.extend(waiters.cells(&from.waits, &to.waits));
    }
    let services = from.services.iter().zip(&to.services);
    row.extend(services.map(|(from, to)| Some(mean(*from, *to, window))));
    for (i, spec) in model.services.iter().enumerate() {
        if spec.autoscale.is_some() {
            row.push(Some(mean(from.replicas[i], to.replicas[i], window)));
        }
    }
    if let Some((waiting, active)) = to.room {
        row.extend([Some(waiting as f64), Some(active as f64)]);
    }
    if let Some((free, held, sold)) = to.seats {
        row.extend([free, held, sold].map(|n| Some(n as f64)));
    }
    row.extend(limits(model).map(|(_, limit)| Some(limit)));
    row.into_iter()
        .map(|cell| cell.map_or(String::new(), |n| n.to_string()))
        .collect()
}

fn mean(from: LevelSample, to: LevelSample, window: Span) -> f64 {
    (to.area - from.area) as f64 / window.0 as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    const MODEL: &str = r#"
[scenarios.default]
executor = "constant-vus"
vus = 1
duration = "3s"
journey = "ask"
[journeys]
ask = [{ request = "ask" }, { sleep = "500ms" }]
[stations.cpu]
servers = 2
[endpoints.ask]
visits = [{ station = "cpu", time = "500ms" }]
[thresholds]
http_req_duration = ["p(95)<700"]
"#;

    /// Two users ask at once of one server: the second waits 500 ms in each window of a second. Another endpoint waits
    /// behind both.
    #[test]
    fn waits_are_of_the_services_that_began_in_the_window() {
        let text = MODEL
            .replace("servers = 2", "servers = 1")
            .replace("vus = 1", "vus = 2")
            .replace("time = \"500ms\"", "time = \"300ms\"")
            .replace("{ sleep = \"500ms\" }", "{ request = \"other\" }, { sleep = \"10s\" }")
            .replace("[thresholds]", "[endpoints.other]\nvisits = [{ station = \"cpu\", time = \"100ms\" }]\n[thresholds]");
        let model = Model::from_text("m", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
        let (outcome, samples) = World::new(&model, 1, 0).run_sampled(Span::secs(3));
        let (header, rows) = (header(&model), rows(&model, &outcome, &samples));
        let cell = |name: &str| {
            let at = header.iter().position(|h| h == name);
            at.and_then(|at| rows[0][at].parse::<f64>().ok())
                .unwrap_or_else(|| panic!("{name}: {header:?}"))
        };
        // ask: 0 to 300 and 300 to 600; other of the first waits from 300 to 600, that of the second from 600 to 700.
        assert_eq!(cell("station_cpu_endpoint_ask_wait_avg_ms"), 150.0);
        assert_eq!(cell("station_cpu_endpoint_ask_wait_probability"), 0.5);
        assert_eq!(
            cell("station_cpu_endpoint_ask_wait_square_avg_ms2"),
            45_000.0
        );
        assert_eq!(cell("station_cpu_endpoint_other_wait_avg_ms"), 200.0);
        assert_eq!(cell("station_cpu_wait_avg_ms"), 175.0);
        assert_eq!(cell("station_cpu_wait_probability"), 0.75);
        assert_eq!(cell("station_cpu_wait_square_avg_ms2"), 47_500.0);
    }

    /// A time line has what thresholds compare, and what it always has, once each.
    #[test]
    fn thresholds_have_their_statistics() {
        let text = MODEL.replace(
            "[\"p(95)<700\"]",
            "[\"p(99.9)<700\", \"p(75) < 700\", \"p(50)<700\", \"min<700\", \"p(95)<700\"]",
        );
        let model = Model::from_text("m", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
        let (outcome, samples) = World::new(&model, 1, 0).run_sampled(Span::secs(1));
        let (header, rows) = (header(&model), rows(&model, &outcome, &samples));
        let times = |all: &[String]| all[5..13].join(" ");
        let names = ["avg", "min", "med", "p75", "p90", "p95", "p99", "p99.9"];
        let columns = names.map(|name| format!("http_req_duration_{name}_ms"));
        assert_eq!(times(&header), columns.join(" "));
        assert_eq!(header[13], "http_req_duration_max_ms");
        assert_eq!(times(&rows[0]), ["500"; 8].join(" "));
    }

    #[test]
    fn windows_hold_what_ended_in_them() {
        let model = Model::from_text("m", MODEL, &[]).unwrap_or_else(|e| panic!("{e}"));
        let plain = World::new(&model, 1, 0).run();
        let (outcome, samples) = World::new(&model, 1, 0).run_sampled(Span::secs(1));
        assert_eq!(plain.fingerprint, outcome.fingerprint);
        let header = header(&model);
        let rows = rows(&model, &outcome, &samples);
        // Busy from 0 to 0.5, 1 to 1.5 and 2 to 2.5 of two servers.
        assert_eq!(rows.len(), 3);
        let cell = |row: usize, name: &str| {
            let at = header.iter().position(|h| h == name);
            at.map_or("", |at| rows[row][at].as_str())
        };
        for (row, end) in [(0, "1"), (1, "2"), (2, "3")] {
            assert_eq!(cell(row, "t_s"), end);
            assert_eq!(cell(row, "http_reqs"), "1");
            assert_eq!(cell(row, "http_req_duration_p95_ms"), "500");
            assert_eq!(cell(row, "station_cpu_utilisation"), "0.25");
            assert_eq!(cell(row, "slo:http_req_duration p(95)<700"), "700");
        }
    }
}
