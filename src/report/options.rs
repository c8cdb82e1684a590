//! What a summary shows, and in which k6's manner.

use crate::model::threshold::Aggregation;
use crate::model::{K6Version, TimeUnit};

/// Which summary is printed (k6's `--summary-mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The only layout before k6 1.0; gone in 2.0.
    Legacy,
    /// The default since k6 1.0: totals only, without the parts of a request's time.
    Compact,
    /// As compact, with all metrics and a section for each group and scenario.
    Full,
    /// Nothing.
    None,
}

/// The choices that shape a summary.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryOptions {
    /// Whose summary is printed.
    pub style: K6Version,
    /// Which summary is printed.
    pub mode: Mode,
    /// The statistics shown for a trend, in this order.
    pub trend_stats: Vec<Aggregation>,
    /// How the user spells them: `p(99.50)`. One that is not there is spelt as short as can be.
    pub trend_names: Vec<String>,
    /// One unit for all times; without it each time picks its own.
    pub time_unit: Option<TimeUnit>,
    /// Whether to colour the text for a terminal.
    pub color: bool,
}

impl SummaryOptions {
    /// The defaults of a k6 of this style: `avg,min,med,max,p(90),p(95)`, plain text, and the mode
    /// that this k6 prints unless told otherwise.
    #[must_use]
    pub fn new(style: K6Version) -> SummaryOptions {
        SummaryOptions {
            style,
            mode: if style == K6Version::V0_53 {
                Mode::Legacy
            } else {
                Mode::Compact
            },
            trend_stats: default_trend_stats(),
            trend_names: Vec::new(),
            time_unit: None,
            color: false,
        }
    }
}

impl SummaryOptions {
    /// The name under which a statistic of a trend is shown.
    #[must_use]
    pub fn trend_name(&self, stat: Aggregation) -> String {
        let same = |name: &&String| parse_trend_stat(name) == Ok(stat);
        let given = self.trend_names.iter().find(same);
        given.map_or_else(|| stat_name(stat), Clone::clone)
    }
}

impl Default for SummaryOptions {
    fn default() -> SummaryOptions {
        SummaryOptions::new(K6Version::V2)
    }
}

/// k6's default `summaryTrendStats`.
#[must_use]
pub fn default_trend_stats() -> Vec<Aggregation> {
    use Aggregation::{Avg, Max, Med, Min, Percentile};
    vec![Avg, Min, Med, Max, Percentile(90.0), Percentile(95.0)]
}

/// A trend statistic that k6 does not know; displayed in k6's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTrendStat(pub String);

impl std::fmt::Display for InvalidTrendStat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = &self.0;
        if text.starts_with("p(") && text.ends_with(')') {
            let range = "provide a number between 0 and 100";
            return write!(f, "invalid percentile trend stat value '{text}', {range}");
        }
        write!(f, "invalid trend stat '{text}', unknown format")
    }
}

impl std::error::Error for InvalidTrendStat {}

/// Reads a comma-separated list of trend statistics (k6's `--summary-trend-stats`).
///
/// # Errors
/// `InvalidTrendStat` names the first that is not one of `parse_trend_stat`'s.
pub fn parse_trend_stats(list: &str) -> Result<Vec<Aggregation>, InvalidTrendStat> {
    list.split(',').map(parse_trend_stat).collect()
}

/// Reads `avg`, `min`, `med`, `max`, `count` or `p(X)` with X in 0..=100.
///
/// # Errors
/// `InvalidTrendStat` for any other text.
pub fn parse_trend_stat(text: &str) -> Result<Aggregation, InvalidTrendStat> {
    let stat = match text {
        "avg" => Some(Aggregation::Avg),
        "min" => Some(Aggregation::Min),
        "med" => Some(Aggregation::Med),
        "max" => Some(Aggregation::Max),
        "count" => Some(Aggregation::Count),
        _ => parse_percentile(text),
    };
    stat.ok_or_else(|| InvalidTrendStat(text.to_owned()))
}

/// `p(X)`; nothing if the text has another form or X lies outside 0..=100.
fn parse_percentile(text: &str) -> Option<Aggregation> {
    let percent: f64 = text.strip_prefix("p(")?.strip_suffix(')')?.parse().ok()?;
    (0.0..=100.0)
        .contains(&percent)
        .then_some(Aggregation::Percentile(percent))
}

/// The name k6 prints for a statistic: `avg`, `p(95)`.
#[must_use]
pub fn stat_name(stat: Aggregation) -> String {
    match stat {
        Aggregation::Count => "count".to_owned(),
        Aggregation::Rate => "rate".to_owned(),
        Aggregation::Value => "value".to_owned(),
        Aggregation::Avg => "avg".to_owned(),
        Aggregation::Min => "min".to_owned(),
        Aggregation::Max => "max".to_owned(),
        Aggregation::Med => "med".to_owned(),
        Aggregation::Percentile(percent) => format!("p({percent})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trend_stats_are_read_in_order_and_named_as_written() {
        let list = "avg,count,p(99.99),p(50),med,min,max,p(0),p(100)";
        let stats = parse_trend_stats(list).unwrap();
        let names: Vec<String> = stats.into_iter().map(stat_name).collect();
        assert_eq!(names.join(","), list);
    }

    #[test]
    fn an_unknown_stat_is_refused_in_the_words_of_k6() {
        let error = parse_trend_stats("p(95),foo").unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid trend stat 'foo', unknown format"
        );
        for text in [
            "", "p(101)", "p(-1)", "p()", "p(nan)", "P(95)", "p( 95 )", "rate", "p95",
        ] {
            assert_eq!(
                parse_trend_stat(text),
                Err(InvalidTrendStat(text.to_owned()))
            );
        }
        assert_eq!(
            parse_trend_stats("avg,p(101)").unwrap_err().to_string(),
            "invalid percentile trend stat value 'p(101)', provide a number between 0 and 100"
        );
    }
}
