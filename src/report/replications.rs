//! The table of a study of replications: means with their intervals, and verdicts.

use crate::report::format;
use crate::study::fit::score::Kept;
use crate::study::replicate::Replications;
use crate::study::replication_stats::ReplicationStats;
use serde_json::{Map, json};

/// Metrics that are shown without being asked for, as far as the model has them.
const SHOWN: [&str; 14] = [
    "http_reqs",
    "http_reqs_per_s",
    "http_req_failed_rate",
    "http_req_duration_avg_ms",
    "http_req_duration_med_ms",
    "http_req_duration_p90_ms",
    "http_req_duration_p95_ms",
    "http_req_duration_p99_ms",
    "http_req_duration_max_ms",
    "iterations",
    "iterations_per_s",
    "iterations_interrupted",
    "dropped_iterations",
    "checks_rate",
];

/// The whole text.
#[must_use]
pub fn text(all: &Replications, name: &str, seed: u64) -> String {
    let tally = &all.tally;
    let runs = tally.runs();
    let plural = format::plural(runs);
    let mut text = format!("\n     {name}: {runs} replication{plural}, seed {seed}\n\n");
    text += &warm_up(all);
    text += &means(tally);
    if !tally.thresholds().is_empty() {
        text += &format!("\n{}", verdicts(tally));
    }
    text + "\n" + &signature(all, seed)
}

/// The file of `--summary-export` of many runs: what the table shows, of every metric and with all digits, and of a fitted
/// model the ranges of all runs to come, as `predict --out` writes them.
#[must_use]
pub fn export(all: &Replications, seed: u64, ranges: Option<&Kept>) -> String {
    let tally = &all.tally;
    let metrics = tally.names().iter().filter_map(|name| {
        let moments = tally.moments(name).filter(|m| m.count() > 0)?;
        let value = json!({
            "count": moments.count(),
            "mean": moments.mean(),
            "half_width": tally.interval(name).map(|i| i.half_width),
            "std_dev": moments.std_dev(),
            "min": moments.min(),
            "max": moments.max(),
        });
        Some((name.clone(), value))
    });
    let thresholds = tally.thresholds().iter().enumerate().map(|(i, t)| {
        let chance = tally.probability(i);
        json!({
            "metric": t.metric,
            "threshold": t.threshold.expression,
            "verdict": tally.judgement(i).to_string(),
            "passes": tally.passes(i),
            "probability": chance.map(|p| p.share),
            "low": chance.map(|p| p.low),
            "high": chance.map(|p| p.high),
        })
    });
    let mut value = json!({
        "seed": seed,
        "replications": tally.runs(),
        "fingerprint": format!("{:016x}", all.fingerprint),
        "verdict": tally.overall().map(|verdict| verdict.to_string()),
        "precise": all.precise,
        "confidence": 0.95,
        "metrics": metrics.collect::<Map<_, _>>(),
        "thresholds": thresholds.collect::<Vec<_>>(),
        "warm_up_s": all.warm_ups,
    });
    if let Some(ranges) = ranges {
        value["ranges"] = json!(ranges);
    }
    format!("{value:#}\n")
}

/// What identifies a study: equal ones have equal lines.
#[must_use]
pub fn signature(all: &Replications, seed: u64) -> String {
    let runs = all.tally.runs();
    let plural = format::plural(runs);
    let print = all.fingerprint;
    format!("seed {seed}, {runs} replication{plural}, fingerprint {print:016x}\n")
}

fn warm_up(all: &Replications) -> String {
    let longest = all.warm_ups.iter().copied().reduce(f64::max);
    let (Some(longest), Some(shortest)) = (longest, all.warm_ups.iter().copied().reduce(f64::min))
    else {
        return String::new();
    };
    format!(
        "     steady state: MSER-5 cut {}s to {}s of warm-up from each replication\n\n",
        number(shortest),
        number(longest)
    )
}

/// Names of the metrics that a reader wants to see, in the order of the table.
#[must_use]
pub fn shown(tally: &ReplicationStats) -> Vec<String> {
    let wanted = |name: &String| {
        SHOWN.contains(&name.as_str())
            || name.ends_with("_utilisation")
            || name == "seats_sold"
            || tally.thresholds().iter().any(|t| t.column == *name)
    };
    tally
        .names()
        .iter()
        .filter(|n| wanted(n))
        .cloned()
        .collect()
}

/// A row of the table: mean, half-width and extremes as texts.
#[must_use]
pub fn row(tally: &ReplicationStats, name: &str) -> Option<[String; 4]> {
    let moments = tally.moments(name)?;
    let half = tally.interval(name).map(|i| i.half_width);
    Some([
        number(moments.mean()?),
        half.map_or("-".into(), number),
        number(moments.min()?),
        number(moments.max()?),
    ])
}

fn means(tally: &ReplicationStats) -> String {
    let head = ["mean", "half-width", "smallest", "largest"].map(str::to_owned);
    let mut rows = vec![("metric (95 % interval of the mean)".to_owned(), head)];
    for name in shown(tally) {
        if let Some(row) = row(tally, &name) {
            rows.push((name, row));
        }
    }
    let wide = rows.iter().map(|r| r.0.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, [mean, half, low, high]) in rows {
        let sign = if mean == "mean" { ' ' } else { '±' };
        text +=
            &format!("     {name:<wide$}  {mean:>12} {sign} {half:<10}  {low:>12}  {high:>12}\n");
    }
    text
}

fn verdicts(tally: &ReplicationStats) -> String {
    let wide = tally.thresholds().iter().map(|t| t.text().chars().count());
    let wide = wide.max().unwrap_or(0);
    let mut text = String::new();
    for (i, threshold) in tally.thresholds().iter().enumerate() {
        text += &format!(
            "     {:<9}  {:<wide$}  {}\n",
            tally.judgement(i).to_string(),
            threshold.text(),
            chance(tally, i)
        );
    }
    text
}

/// `a run passes with probability 0.9 (0.60 to 0.98)`.
#[must_use]
pub fn chance(tally: &ReplicationStats, index: usize) -> String {
    let Some(p) = tally.probability(index) else {
        return String::new();
    };
    format!(
        "{} of {} runs pass; probability {:.2} ({:.2} to {:.2})",
        tally.passes(index),
        tally.runs(),
        p.share,
        p.low,
        p.high
    )
}

/// Four significant digits, or all digits of the whole part.
#[must_use]
pub fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let size = value.abs();
    let mut decimals = 3;
    let mut unit = 10.0;
    while decimals > 0 && size >= unit {
        decimals -= 1;
        unit *= 10.0;
    }
    let mut unit = 1.0;
    while decimals > 0 && decimals < 9 && size < unit {
        decimals += 1;
        unit /= 10.0;
    }
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn four_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (12.3456, "12.35"),
            (123_456.7, "123457"),
            (0.012_345, "0.01235"),
            (-5.55555, "-5.556"),
            (9.9999, "10"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
