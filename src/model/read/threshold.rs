//! Thresholds by metric.

use crate::Model;
use crate::field::Field;
use crate::journey::CustomMetric;
use crate::metric_name::{BUILTINS, MetricKind, MetricName, kind_of};
use crate::suggest::suggestion;
use crate::threshold::{MetricThresholds, Threshold, resolve};
use crate::vocabulary::{Kind, tables};

/// What must hold of a metric.
pub(crate) const THRESHOLD: Kind = Kind::Either(&[EXPRESSION, Kind::Table(&WITH_OPTIONS)]);

/// A statistic, a comparison and a number.
const EXPRESSION: Kind = Kind::Pattern(
    r"^\s*(count|rate|value|avg|min|max|med|p\([0-9.]+\))\s*(<=|<|>=|>|===|==|!=)\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$",
    "p(95)<500",
);

tables! {
    /// A threshold with k6's options. Times are in milliseconds, rates from 0 to 1.
    static WITH_OPTIONS = "thresholds.METRIC[]" {
        /// A statistic, a comparison and a number, such as `p(95)<500`.
        threshold: EXPRESSION, required("threshold = \"p(95)<500\"");
        /// Whether the run ends when the threshold is crossed.
        abort_on_fail: Flag, k6("abortOnFail"), or_flag(false);
        /// The run does not end before this time.
        delay_abort_eval: Time, k6("delayAbortEval"), or_text("0s");
    };
}

/// Reads `[thresholds]`.
pub(super) fn read(field: Option<Field>, model: &Model) -> Vec<MetricThresholds> {
    let metrics = field.map(|field| field.named()).unwrap_or_default();
    metrics
        .iter()
        .map(|(metric, list)| of_metric(metric, list, model))
        .collect()
}

fn of_metric(metric: &str, list: &Field, model: &Model) -> MetricThresholds {
    let items = list.one_or_more();
    if items.is_empty() && list.node.kind() == "a list" {
        list.error(
            format!("`{metric}` has no threshold"),
            "write [\"p(95)<500\"]",
        );
    }
    let thresholds: Vec<Threshold> = items.iter().filter_map(threshold).collect();
    let name = check(metric, &thresholds, &model.metrics).unwrap_or_else(|why| {
        let own = model.metrics.iter().map(|metric| metric.name.as_str());
        let known: Vec<&str> = own
            .chain(BUILTINS.iter().map(|metric| metric.name))
            .collect();
        let whole = metric.split('{').next().unwrap_or_default();
        let fix = if known.contains(&whole) {
            statistics(whole, model).to_string()
        } else {
            suggestion(whole, "metrics", known.iter().copied())
        };
        list.notes.error(list.at, why, fix);
        MetricName::Whole(whole.to_string())
    });
    unmatched(metric, list, model);
    MetricThresholds {
        metric: metric.to_string(),
        name,
        thresholds,
    }
}

/// An expression that goes with a metric, for what it measures.
fn statistics(metric: &str, model: &Model) -> &'static str {
    match kind_of(metric, &model.metrics).map(|(kind, _)| kind) {
        Some(MetricKind::Counter) => "write one such as \"count>1000\" or \"rate>10\"",
        Some(MetricKind::Rate) => "write one such as \"rate<0.01\"",
        Some(MetricKind::Gauge) => "write one such as \"value<10\"",
        Some(MetricKind::Trend) => "write one such as \"p(95)<500\" or \"avg<200\"",
        None => "",
    }
}

/// Warns of a threshold on requests of a name, or of a scenario, that there is none of: nothing can cross it.
fn unmatched(metric: &str, list: &Field, model: &Model) {
    let Some((of, tags)) = metric.split_once('{') else {
        return;
    };
    if !of.starts_with("http_req") || model.sites.is_empty() {
        return;
    }
    let names: Vec<&str> = model.sites.iter().map(|site| site.name.as_str()).collect();
    let scenarios: Vec<&str> = model.scenarios.iter().map(|s| s.name.as_str()).collect();
    for tag in tags.trim_end_matches('}').split(',') {
        let Some((key, value)) = tag.split_once(':') else {
            continue;
        };
        let value = value.trim().trim_matches(['"', '\'']);
        let (known, what, many) = match key.trim() {
            "name" => (&names, "no request has the name", "names of requests"),
            "scenario" => (&scenarios, "there is no scenario", "scenarios"),
            _ => continue,
        };
        if !known.contains(&value) {
            let mut known = known.clone();
            known.sort_unstable();
            known.dedup();
            let message = format!("{what} `{value}`: nothing can cross this threshold");
            list.notes
                .warn(list.at, message, suggestion(value, many, known));
        }
    }
}

fn threshold(field: &Field) -> Option<Threshold> {
    if field.text_if_any().is_some() {
        return expression(field);
    }
    let section = field.section()?;
    let text = section.optional("threshold");
    let abort = section.flag("abort_on_fail");
    let delay = section.time("delay_abort_eval");
    let mut threshold = expression(&text?)?;
    threshold.abort_on_fail = abort.unwrap_or(false);
    threshold.delay_abort_eval = delay;
    Some(threshold)
}

fn expression(field: &Field) -> Option<Threshold> {
    let text = field.text()?;
    let fix = if text
        .trim_end()
        .ends_with(|c: char| c.is_alphabetic() || c == '%')
    {
        "write the number without a unit: times are in milliseconds, rates from 0 to 1"
    } else {
        "write a statistic, a comparison and a number, such as \"p(95)<500\" or \"rate>0.99\""
    };
    Threshold::parse(text)
        .map_err(|why| field.error(why, fix))
        .ok()
}

/// Reads the name of a metric and checks that it has the statistics its thresholds compare.
fn check(
    metric: &str,
    thresholds: &[Threshold],
    custom: &[CustomMetric],
) -> Result<MetricName, String> {
    let kind_of = |name: &str| kind_of(name, custom).map(|(kind, _)| kind);
    resolve(metric, thresholds, kind_of).map(|(name, _)| name)
}
