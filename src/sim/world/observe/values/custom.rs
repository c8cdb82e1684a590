//! The values of a script's own metrics: of all samples, or put together from those that carry some tags.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::{Filter, MetricQuery, MetricValue};
use crate::measure::recorder::{Custom, LabelledMetric, SampleSource, SampleTags};
use crate::measure::summary::{Contains, Values};
use crate::model::K6Version;
use crate::model::journey::{CustomKind, GroupId, MetricId};
use crate::model::threshold::Aggregation;
use crate::stats::{NumberHistogram, TrendStats};
use crate::world::observe::tags;
use crate::world::observe::trends::{percents, trend_of};

impl MetricQuery<'_> {
    pub(super) fn custom(
        &self,
        name: &str,
        keep: Filter,
        wanted: &[Aggregation],
    ) -> Option<MetricValue> {
        let at = self.model.metrics.iter().position(|m| m.name == name)?;
        let (id, kind) = (MetricId(at as u16), self.model.metrics[at].kind);
        let whole = self.record.customs[at].as_ref();
        let mut passes = Memo::new(|l| keep.passes(l.origin, &tags::of_label(self.model, l)));
        let mut parts: Vec<&LabelledMetric> = Vec::new();
        if !keep.is_all() {
            let labels = self.record.parts.range(range_of(id));
            parts = labels
                .filter(|((_, label), _)| passes.get(*label))
                .map(|(_, part)| part)
                .collect();
            parts.sort_by_key(|part| part.last);
        }
        let chosen = || -> Vec<&Custom> {
            match whole {
                Some(whole) if keep.is_all() => vec![whole],
                _ => parts.iter().map(|part| &part.samples).collect(),
            }
        };
        let mut observed = !chosen().is_empty();
        let mut contains = Contains::Default;
        let values = match kind {
            CustomKind::Counter => {
                let count = chosen()
                    .into_iter()
                    .map(Custom::sum)
                    .fold(0.0, |a, b| a + b);
                let rate = self.per_second(count);
                Values::Counter { count, rate }
            }
            CustomKind::Gauge => self.gauge_of(&chosen()),
            CustomKind::Rate => {
                let add = |a: (u64, u64), b: (u64, u64)| (a.0 + b.0, a.1 + b.1);
                let (passes, fails) = chosen().into_iter().map(Custom::counts).fold((0, 0), add);
                Values::Rate { passes, fails }
            }
            CustomKind::Trend | CustomKind::TrendTime => {
                if kind == CustomKind::TrendTime {
                    contains = Contains::Time;
                }
                if self.record.tallies.is_some() {
                    let stats = TrendStats::of_numbers(&together(&chosen()), &percents(wanted));
                    let values = trend_of(&stats.unwrap_or_default(), wanted);
                    return Some(MetricValue {
                        contains,
                        values,
                        observed,
                    });
                }
                let samples = match whole {
                    Some(Custom::Trend(values, _)) if keep.is_all() => values.clone(),
                    Some(Custom::Trend(values, labels)) => {
                        let all = values.iter().zip(labels);
                        all.filter(|(_, l)| passes.get(**l))
                            .map(|(v, _)| *v)
                            .collect()
                    }
                    _ => Vec::new(),
                };
                observed = !samples.is_empty();
                let stats = TrendStats::of_values(&samples, &percents(wanted));
                trend_of(&stats.unwrap_or_default(), wanted)
            }
        };
        Some(MetricValue {
            contains,
            values,
            observed,
        })
    }

    /// Of gauges in the order of their last samples.
    fn gauge_of(&self, parts: &[&Custom]) -> Values {
        let mut whole: Option<(f64, f64, f64)> = None;
        for part in parts {
            if let Custom::Gauge(Some((value, min, max))) = part {
                let (_, low, high) = whole.unwrap_or((*value, *min, *max));
                whole = Some((*value, low.min(*min), high.max(*max)));
            }
        }
        let (value, min, mut max) = whole.unwrap_or_default();
        if self.model.k6_version == K6Version::V0_53 {
            // Up to k6 0.53 the largest value began at 0.
            max = max.max(0.0);
        }
        Values::Gauge { value, min, max }
    }
}

/// All values of a trend's parts.
fn together(parts: &[&Custom]) -> NumberHistogram {
    let mut all = NumberHistogram::default();
    for part in parts {
        if let Custom::Counted(values) = part {
            all.merge(values);
        }
    }
    all
}

/// All labels of one custom metric.
fn range_of(id: MetricId) -> RangeInclusive<(MetricId, SampleTags)> {
    let least = SampleTags {
        origin: SampleSource(0),
        group: None,
    };
    let most = SampleTags {
        origin: SampleSource(u16::MAX),
        group: Some(GroupId(u16::MAX)),
    };
    (id, least)..=(id, most)
}

/// Asks once for each label.
struct Memo<F> {
    ask: F,
    known: BTreeMap<SampleTags, bool>,
}

impl<F: Fn(SampleTags) -> bool> Memo<F> {
    fn new(ask: F) -> Memo<F> {
        Memo {
            ask,
            known: BTreeMap::new(),
        }
    }

    fn get(&mut self, label: SampleTags) -> bool {
        let ask = &self.ask;
        *self.known.entry(label).or_insert_with(|| ask(label))
    }
}
