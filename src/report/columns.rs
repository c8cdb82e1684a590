//! The columns in which a summary aligns the values of its metrics.

use crate::measure::summary::{CheckCount, Contains, Metric, Values};
use crate::model::K6Version;
use crate::model::threshold::Aggregation;
use crate::report::format;
use crate::report::options::{Mode, SummaryOptions};
use crate::report::order;
use crate::report::paint::{Ink, Paint};
use crate::report::width::{pad, width};

/// Mark of a passed check or threshold.
pub(crate) const PASSED: &str = "✓";
/// Mark of a failed check or threshold.
pub(crate) const FAILED: &str = "✗";
/// Shown for a statistic that the summary lists but the run did not compute.
const MISSING: &str = "n/a";

/// The widths that align a set of metrics.
pub(crate) struct Columns<'a> {
    options: &'a SummaryOptions,
    paint: Paint,
    /// Width of each trend statistic.
    stats: Vec<usize>,
    /// Width of the first value of all other metrics.
    first: usize,
    /// Widths of what follows the first value.
    extras: [usize; 2],
}

impl<'a> Columns<'a> {
    /// The widths that fit all the given metrics.
    pub(crate) fn fit<'m>(
        options: &'a SummaryOptions,
        paint: Paint,
        metrics: impl IntoIterator<Item = &'m Metric>,
    ) -> Columns<'a> {
        let stats = vec![0; options.trend_stats.len()];
        let mut columns = Columns {
            options,
            paint,
            stats,
            first: 0,
            extras: [0; 2],
        };
        for metric in metrics {
            let cells = cells(metric, options);
            if matches!(metric.values, Values::Trend { .. }) {
                widen(&mut columns.stats, &cells);
            } else {
                widen(std::slice::from_mut(&mut columns.first), &cells);
                widen(&mut columns.extras, &cells[1..]);
            }
        }
        columns
    }

    /// The values of one metric, aligned.
    pub(crate) fn row(&self, metric: &Metric) -> String {
        let cells = cells(metric, self.options);
        if matches!(metric.values, Values::Trend { .. }) {
            return self.trend(&cells);
        }
        let first = self.padded(Ink::Value, &cells[0], self.first);
        let extras = match &cells[1..] {
            // A single extra is not padded, so that no line ends in blanks for it.
            [only] => self.paint.ink(Ink::Extra, only),
            several => several
                .iter()
                .zip(self.extras)
                .map(|(cell, to)| self.padded(Ink::Extra, cell, to))
                .collect::<Vec<_>>()
                .join(" "),
        };
        format!("{first} {extras}")
    }

    /// `name=value` for each statistic.
    fn trend(&self, cells: &[String]) -> String {
        let stats = self.options.trend_stats.iter().zip(&self.stats);
        let stats = stats.zip(cells).map(|((&stat, &to), cell)| {
            format!(
                "{}={}",
                self.options.trend_name(stat),
                self.padded(Ink::Value, cell, to)
            )
        });
        stats.collect::<Vec<_>>().join(" ")
    }

    /// A cell in its colour, the blanks after it in none.
    fn padded(&self, ink: Ink, cell: &str, to: usize) -> String {
        let blanks = &pad(cell, to)[cell.len()..];
        self.paint.ink(ink, cell) + blanks
    }
}

/// Raises each width to that of its cell.
fn widen(widths: &mut [usize], cells: &[String]) {
    for (to, cell) in widths.iter_mut().zip(cells) {
        *to = width(cell).max(*to);
    }
}

/// The texts of a metric: its statistics if it is a trend, else its value and what goes with it.
fn cells(metric: &Metric, options: &SummaryOptions) -> Vec<String> {
    let show = |v: f64| format::value(v, metric.contains, options.time_unit);
    match &metric.values {
        Values::Counter { count, rate } => vec![show(*count), format!("{}/s", show(*rate))],
        Values::Gauge { value, min, max } => {
            vec![
                show(*value),
                format!("min={}", show(*min)),
                format!("max={}", show(*max)),
            ]
        }
        Values::Rate { passes, fails } => {
            let share = format::share(metric.values.rate_share().unwrap_or(0.0));
            if options.mode == Mode::Legacy && options.style == K6Version::V0_53 {
                vec![
                    share,
                    format!("{PASSED} {passes}"),
                    format!("{FAILED} {fails}"),
                ]
            } else {
                vec![
                    share,
                    format!("{passes} out of {}", passes.saturating_add(*fails)),
                ]
            }
        }
        Values::Trend { .. } => {
            let stats = options.trend_stats.iter();
            stats
                .map(|&stat| stat_text(metric, stat, options))
                .collect()
        }
    }
}

/// The text of one statistic of a trend.
pub(crate) fn stat_text(metric: &Metric, stat: Aggregation, options: &SummaryOptions) -> String {
    match (&metric.values, metric.values.stat(stat)) {
        (Values::Trend { count, .. }, _) if stat == Aggregation::Count => count.to_string(),
        (_, Some(value)) => format::value(value, metric.contains, options.time_unit),
        (Values::Trend { count: 0, .. }, None) => {
            format::value(0.0, metric.contains, options.time_unit)
        }
        _ => MISSING.to_owned(),
    }
}

/// A metric's name in a summary: of a sub-metric only its tags, set off by blanks.
pub(crate) fn display_name(name: &str) -> String {
    let (metric, tags) = order::split(name);
    if tags.is_empty() {
        return metric.to_owned();
    }
    let inner = tags.strip_prefix('{').unwrap_or(tags);
    format!("{{ {} }}", inner.strip_suffix('}').unwrap_or(inner))
}

/// How often a check that failed at least once held: `↳  87% — ✓ 119 / ✗ 17`, the percentage cut.
pub(crate) fn check_detail(check: &CheckCount) -> String {
    let (passes, fails) = (u128::from(check.passes), u128::from(check.fails));
    let percent = (100 * passes).checked_div(passes + fails).unwrap_or(0);
    format!("↳  {percent}% — {PASSED} {passes} / {FAILED} {fails}")
}

/// A plain metric without thresholds, for lines that are derived and not measured.
pub(crate) fn derived(name: &str, values: Values) -> Metric {
    Metric {
        name: name.to_owned(),
        contains: Contains::Default,
        values,
        thresholds: Vec::new(),
    }
}
