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

/// What the expression compares: all before the operator. k6 reads `p(50)!` of `p(50)!=3` and then
/// finds no value for it; this is not copied.
fn statistic(expression: &str) -> &str {
    expression
        .split(['=', '>', '<', '!'])
        .next()
        .unwrap_or(expression)
        .trim()
}

/// The value of that statistic. k6 prints none for `avg`, `min`, `med` and `max` of a trend when the
/// summary does not list them; this is not copied.
fn value(metric: &Metric, statistic: &str, options: &SummaryOptions) -> String {
    let show = |v: f64| format::value(v, metric.contains, options.time_unit);
    match metric.values {
        Values::Counter { count, .. } if statistic == "count" => show(count),
        Values::Counter { rate, .. } => format!("{}/s", show(rate)),
        Values::Gauge { value, .. } => show(value),
        Values::Rate { .. } => format::share(metric.values.rate_share().unwrap_or(0.0)),
        Values::Trend { .. } => match parse_trend_stat(statistic) {
            // A run computes what its thresholds compare; k6's own data may lack it.
            Ok(stat) if is_known(metric, stat) => stat_text(metric, stat, options),
            _ => String::new(),
        },
    }
}

fn is_known(metric: &Metric, stat: Aggregation) -> bool {
    metric.values.stat(stat).is_some() || matches!(metric.values, Values::Trend { count: 0, .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statistic_ends_where_k6_ends_it() {
        assert_eq!(statistic("p(95) < 500"), "p(95)");
        assert_eq!(statistic("rate===1"), "rate");
        assert_eq!(statistic("p(50)!=3"), "p(50)");
    }
}
