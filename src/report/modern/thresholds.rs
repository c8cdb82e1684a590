//! The section of the thresholds: each expression with the value it was held against.

use super::Page;
use crate::measure::summary::{Metric, Values};
use crate::model::threshold::Aggregation;
use crate::report::columns::{FAILED, PASSED, stat_text};
use crate::report::format;
use crate::report::options::{SummaryOptions, parse_trend_stat};
use crate::report::order;
use crate::report::paint::Ink;

/// Writes a block for each metric that has thresholds.
pub(super) fn write(page: &mut Page, metrics: &[Metric]) {
    let mut with: Vec<&Metric> = metrics
        .iter()
        .filter(|m| !m.thresholds.is_empty())
        .collect();
    with.sort_by(|a, b| order::metrics(&a.name, &b.name));
    for metric in &with {
        let (parent, tags) = order::split(&metric.name);
        let below_parent = !tags.is_empty() && with.iter().any(|m| m.name == parent);
        let (indent, name) = if below_parent {
            (6, tags)
        } else {
            (4, metric.name.as_str())
        };
        page.line(indent, name);
        for verdict in &metric.thresholds {
            let expression = verdict.expression.trim();
            let statistic = statistic(expression);
            let (ink, mark) = if verdict.passed {
                (Ink::Good, PASSED)
            } else {
                (Ink::Bad, FAILED)
            };
            let paint = page.paint;
            let line = format!(
                "{} {} {}={}",
                paint.ink(ink, mark),
                paint.ink(Ink::Expression, &format!("'{expression}'")),
                paint.ink(Ink::Expression, statistic),
                paint.ink(Ink::Value, &value(metric, statistic, page.options)),
            );
            page.line(indent, &line);
        }
        page.gap();
    }
}

/// What the expression compares, by k6's reading: all before the first `=`, `>` or `<`. Of
/// `p(50)!=3` this is `p(50)!`, of which k6 then finds no value.
fn statistic(expression: &str) -> &str {
    expression
        .split(['=', '>', '<'])
        .next()
        .unwrap_or(expression)
        .trim()
}

/// The value of that statistic. Empty where k6 prints none: for one it cannot read, and for
/// `avg`, `min`, `med` and `max` of a trend when the summary does not list them.
fn value(metric: &Metric, statistic: &str, options: &SummaryOptions) -> String {
    let show = |v: f64| format::value(v, metric.contains, options.time_unit);
    match metric.values {
        Values::Counter { count, .. } if statistic == "count" => show(count),
        Values::Counter { rate, .. } => format!("{}/s", show(rate)),
        Values::Gauge { value, .. } => show(value),
        Values::Rate { .. } => format::share(metric.values.rate_share().unwrap_or(0.0)),
        Values::Trend { .. } => match parse_trend_stat(statistic) {
            Ok(stat) if is_computed(stat, options) => stat_text(metric, stat, options),
            _ => String::new(),
        },
    }
}

/// Whether k6 has this statistic at hand: percentiles of thresholds always.
fn is_computed(stat: Aggregation, options: &SummaryOptions) -> bool {
    matches!(stat, Aggregation::Percentile(_)) || options.trend_stats.contains(&stat)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statistic_ends_where_k6_ends_it() {
        assert_eq!(statistic("p(95) < 500"), "p(95)");
        assert_eq!(statistic("rate===1"), "rate");
        assert_eq!(statistic("p(50)!=3"), "p(50)!");
    }
}
