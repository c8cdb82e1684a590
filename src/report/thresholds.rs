//! Thresholds beside what was measured, for pages and for CI.

use super::format;
use super::replications::{chance, number};
use crate::load::verdict;
use crate::measure::summary::Summary;
use crate::model::threshold::{Operator, Threshold};
use crate::study::replication_stats::{Judgement, ReplicationStats};

/// A threshold and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Metric and expression as written: `http_req_duration p(95)<500`.
    pub name: String,
    /// Whether it held; of replications it may be open.
    pub judgement: Judgement,
    /// The value that it compares, with its unit: `734.1ms`; of replications the mean. Empty if there is none.
    pub measured: String,
    /// How far the value is from the limit, in shares of the limit: positive on the side that holds. `None` for
    /// `==` and `!=`, a limit of 0, and where nothing was measured.
    pub margin: Option<f64>,
    /// Of replications: how many runs hold it, and the probability that one does. Else empty.
    pub chance: String,
}

impl Judged {
    /// The margin as a text: `46.8 % over`, `12 % left`.
    #[must_use]
    pub fn distance(&self) -> String {
        match self.margin {
            None => String::new(),
            Some(share) if share < 0.0 => format!("{} % over", number(-100.0 * share)),
            Some(share) => format!("{} % left", number(100.0 * share)),
        }
    }

    /// What was measured and how far that is from the limit, as a part of a sentence.
    #[must_use]
    pub fn detail(&self) -> String {
        let parts = [self.measured.clone(), self.distance(), self.chance.clone()];
        let parts: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        parts.join(", ")
    }
}

/// The thresholds of a single run, in the order of the summary.
#[must_use]
pub fn of_run(summary: &Summary) -> Vec<Judged> {
    let mut all = Vec::new();
    for metric in &summary.metrics {
        for verdict in &metric.thresholds {
            let threshold = Threshold::parse(&verdict.expression).ok();
            let value = threshold
                .as_ref()
                .and_then(|t| verdict::value(&metric.values, t.aggregation));
            let is_rate = metric.values.rate_share().is_some();
            let shown = value.map(|v| match is_rate {
                true => format!("{} %", number(100.0 * v)),
                false => format::value(v, metric.contains, None),
            });
            all.push(Judged {
                name: format!("{} {}", metric.name, verdict.expression),
                judgement: match verdict.passed {
                    true => Judgement::Pass,
                    false => Judgement::Fail,
                },
                measured: shown.unwrap_or_default(),
                margin: threshold.zip(value).and_then(|(t, v)| margin(&t, v)),
                chance: String::new(),
            });
        }
    }
    all
}

/// The thresholds of many runs.
#[must_use]
pub fn of_replications(tally: &ReplicationStats) -> Vec<Judged> {
    let judged = |index: usize| Judged {
        name: tally.thresholds()[index].text(),
        judgement: tally.judgement(index),
        measured: String::new(),
        margin: None,
        chance: chance(tally, index),
    };
    (0..tally.thresholds().len()).map(judged).collect()
}

fn margin(threshold: &Threshold, value: f64) -> Option<f64> {
    let limit = threshold.value;
    let left = match threshold.operator {
        Operator::Less | Operator::LessOrEqual => limit - value,
        Operator::Greater | Operator::GreaterOrEqual => value - limit,
        Operator::Equal | Operator::NotEqual => return None,
    };
    (limit != 0.0).then(|| left / limit.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_positive_where_the_threshold_holds() {
        let of = |text: &str, value: f64| margin(&Threshold::parse(text).unwrap(), value);
        assert_eq!(of("p(95)<500", 750.0), Some(-0.5));
        assert_eq!(of("p(95)<=500", 250.0), Some(0.5));
        assert_eq!(of("rate>0.8", 0.9).map(|m| (m * 1e3).round()), Some(125.0));
        assert_eq!(of("count==3", 3.0), None);
        assert_eq!(of("rate<=0", 0.1), None);
    }
}
