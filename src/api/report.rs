//! What a run measured, by name.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use super::{Error, Model};
use crate::measure::summary::{Summary, Values};
use crate::model::metric_name::{BUILTINS, MetricName};
use crate::model::suggest::suggestion;
use crate::model::threshold::Aggregation;
use crate::report::{SummaryOptions, bottleneck};
use crate::study::account::{Account, Kind, Limit};
use crate::world::outcome::Outcome;
use crate::world::summary::summary;
use crate::world::values::{Filter, MetricQuery};

/// What a run measured. Shown as text, it is the summary that k6 would print.
pub struct Report {
    model: Model,
    outcome: Outcome,
    summary: OnceLock<Summary>,
}

impl Report {
    pub(super) fn new(model: Model, outcome: Outcome) -> Report {
        Report {
            model,
            outcome,
            summary: OnceLock::new(),
        }
    }

    /// How long the users waited for their answers, in milliseconds.
    #[must_use]
    pub fn http_req_duration(&self) -> Trend<'_> {
        Trend {
            report: self,
            name: MetricName::Whole("http_req_duration".to_owned()),
        }
    }

    /// Requests answered per second of the run.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        self.per_second("http_reqs").unwrap_or(0.0)
    }

    /// A trend, or a part of it: `iteration_duration`, `http_req_duration{name:order}`, a metric of the model.
    ///
    /// # Errors
    /// [`Error::Unknown`] if there is no such metric, or it is not a trend.
    pub fn trend(&self, name: &str) -> Result<Trend<'_>, Error> {
        let parsed = self.parsed(name)?;
        match self.values(&parsed, &[]) {
            Some(Values::Trend { .. }) => Ok(Trend {
                report: self,
                name: parsed,
            }),
            found => Err(self.unlike(name, "trend", found)),
        }
    }

    /// The sum of a counter: `http_reqs`, `iterations`, `dropped_iterations`, `data_received`, or a part of it.
    ///
    /// # Errors
    /// [`Error::Unknown`] if there is no such metric, or it is not a counter.
    pub fn count(&self, name: &str) -> Result<f64, Error> {
        match self.values(&self.parsed(name)?, &[]) {
            Some(Values::Counter { count, .. }) => Ok(count),
            found => Err(self.unlike(name, "counter", found)),
        }
    }

    /// The sum of a counter per second of the run.
    ///
    /// # Errors
    /// As [`Report::count`].
    pub fn per_second(&self, name: &str) -> Result<f64, Error> {
        match self.values(&self.parsed(name)?, &[]) {
            Some(Values::Counter { rate, .. }) => Ok(rate),
            found => Err(self.unlike(name, "counter", found)),
        }
    }

    /// The share of samples of a rate that are not zero: `http_req_failed`, `checks`, or a part of it. `None`
    /// without samples.
    ///
    /// # Errors
    /// [`Error::Unknown`] if there is no such metric, or it is not a rate.
    pub fn share(&self, name: &str) -> Result<Option<f64>, Error> {
        match self.values(&self.parsed(name)?, &[]) {
            Some(Values::Rate { passes, fails }) => {
                let samples = passes + fails;
                Ok((samples > 0).then(|| passes as f64 / samples as f64))
            }
            found => Err(self.unlike(name, "rate", found)),
        }
    }

    /// How a station was used over the whole run.
    ///
    /// # Errors
    /// [`Error::Unknown`] if the model has no such station.
    pub fn station(&self, name: &str) -> Result<Resource, Error> {
        let names = self.model.inner().stations.iter().map(|s| s.name.as_str());
        self.resource("station", name, names, Kind::Station)
    }

    /// How a pool was used over the whole run.
    ///
    /// # Errors
    /// [`Error::Unknown`] if the model has no such pool.
    pub fn pool(&self, name: &str) -> Result<Resource, Error> {
        let names = self.model.inner().pools.iter().map(|p| p.name.as_str());
        self.resource("pool", name, names, Kind::Pool)
    }

    /// What limits the throughput, in one sentence with its figure.
    #[must_use]
    pub fn bottleneck(&self) -> String {
        bottleneck::bottleneck(&Account::of(&self.outcome, self.model.inner()))
    }

    /// Whether every threshold was met.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.crossed().is_empty()
    }

    /// The thresholds that were not met: `http_req_duration: p(95)<500`.
    #[must_use]
    pub fn crossed(&self) -> Vec<String> {
        let metrics = self.summary().metrics.iter();
        let crossed = metrics.flat_map(|metric| {
            let failed = metric.thresholds.iter().filter(|t| !t.passed);
            failed.map(|t| format!("{}: {}", metric.name, t.expression))
        });
        crossed.collect()
    }

    /// How long the run took in virtual time, setup and teardown included.
    #[must_use]
    pub fn virtual_time(&self) -> Duration {
        Duration::from_nanos(self.outcome.duration.0)
    }

    /// A hash of all events: equal runs have equal ones.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.outcome.fingerprint
    }

    /// The model that was run.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    fn summary(&self) -> &Summary {
        self.summary
            .get_or_init(|| summary(&self.outcome, self.model.inner()))
    }

    fn parsed(&self, name: &str) -> Result<MetricName, Error> {
        MetricName::parse(name).map_err(Error::Unknown)
    }

    /// A metric's values with these statistics; `None` if there is no such metric.
    fn values(&self, name: &MetricName, wanted: &[Aggregation]) -> Option<Values> {
        let seconds = self.outcome.duration.as_secs();
        let view = MetricQuery::new(&self.outcome.recorder, self.model.inner(), seconds);
        let sub = match name {
            MetricName::Whole(_) => None,
            MetricName::Part(sub) => Some(sub),
        };
        let keep = Filter {
            sub,
            ..Filter::default()
        };
        let measured = view.measure(name.metric(), keep, wanted)?;
        Some(measured.values)
    }

    /// The error for a metric that is not there or of another kind.
    fn unlike(&self, name: &str, wanted: &str, found: Option<Values>) -> Error {
        let kind = match found {
            None => {
                let own = self.model.inner().metrics.iter().map(|m| m.name.as_str());
                let known = BUILTINS.iter().map(|b| b.name).chain(own);
                let near = suggestion(name, "metrics", known);
                return Error::Unknown(format!("there is no metric `{name}`; {near}"));
            }
            Some(Values::Trend { .. }) => "a trend: use trend()",
            Some(Values::Counter { .. }) => "a counter: use count() or per_second()",
            Some(Values::Rate { .. }) => "a rate: use share()",
            Some(Values::Gauge { .. }) => "a gauge, whose values are in the summary",
        };
        Error::Unknown(format!("`{name}` is no {wanted}; it is {kind}"))
    }

    fn resource<'a>(
        &self,
        what: &str,
        name: &str,
        names: impl Iterator<Item = &'a str> + Clone,
        kind: fn(usize) -> Kind,
    ) -> Result<Resource, Error> {
        let at = names.clone().position(|known| known == name).map(kind);
        let all = Account::of(&self.outcome, self.model.inner()).limits;
        match all.into_iter().find(|limit| Some(limit.kind) == at) {
            Some(limit) => Ok(Resource {
                refused: match limit.kind {
                    Kind::Pool(at) => self.outcome.pools[at].refused,
                    Kind::Station(at) => self.outcome.stations[at].refused,
                    _ => 0,
                },
                limit,
            }),
            None => {
                let near = suggestion(name, &format!("{what}s"), names);
                Err(Error::Unknown(format!(
                    "the model has no {what} `{name}`; {near}"
                )))
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = self.model.inner();
        let options = SummaryOptions {
            trend_stats: model.summary_trend_stats.clone(),
            time_unit: model.summary_time_unit,
            ..SummaryOptions::new(model.k6_version)
        };
        f.write_str(&crate::report::summary(self.summary(), &options))
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("model", &self.model)
            .field("virtual_time", &self.virtual_time())
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

/// A distribution that a run has sampled: milliseconds where the metric is of time. Statistics are computed when they
/// are asked for, from all samples, and are `None` without samples.
#[derive(Clone, Debug)]
pub struct Trend<'r> {
    report: &'r Report,
    name: MetricName,
}

impl Trend<'_> {
    /// Number of samples.
    #[must_use]
    pub fn count(&self) -> u64 {
        match self.report.values(&self.name, &[]) {
            Some(Values::Trend { count, .. }) => count,
            _ => 0,
        }
    }

    /// Mean.
    #[must_use]
    pub fn avg(&self) -> Option<f64> {
        self.statistic(Aggregation::Avg)
    }

    /// Smallest sample.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        self.statistic(Aggregation::Min)
    }

    /// Largest sample.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.statistic(Aggregation::Max)
    }

    /// A percentile, computed as k6 does: `p(99.9)`. `None` also for a percent that is not in 0 to 100.
    #[must_use]
    pub fn p(&self, percent: f64) -> Option<f64> {
        if !(0.0..=100.0).contains(&percent) {
            return None;
        }
        self.statistic(Aggregation::Percentile(percent))
    }

    fn statistic(&self, wanted: Aggregation) -> Option<f64> {
        let values = self.report.values(&self.name, &[wanted])?;
        match values {
            Values::Trend { count: 0, .. } => None,
            values => values.stat(wanted),
        }
    }
}

/// How a station or a pool was used over the whole run.
#[derive(Clone, Debug)]
pub struct Resource {
    limit: Limit,
    refused: u64,
}

impl Resource {
    /// Servers of the station or tokens of the pool; `None` if there are infinitely many.
    #[must_use]
    pub fn size(&self) -> Option<u32> {
        self.limit.size.map(|size| size as u32)
    }

    /// Share of the servers at work, or of the tokens held, 0 to 1; 0 if there are infinitely many.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        match (self.limit.kind, self.limit.size) {
            (Kind::Pool(_), Some(size)) => self.limit.in_use / size,
            _ => self.limit.utilisation,
        }
    }

    /// Requests in service, or tokens held: the mean over time.
    #[must_use]
    pub fn mean_in_use(&self) -> f64 {
        self.limit.in_use
    }

    /// Requests waiting: the mean over time.
    #[must_use]
    pub fn mean_queue(&self) -> f64 {
        self.limit.queue
    }

    /// Requests waiting: the most at any time.
    #[must_use]
    pub fn max_queue(&self) -> u64 {
        self.limit.queue_max as u64
    }

    /// Requests refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }
}
