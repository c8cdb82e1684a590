//! The thresholds of a script as a section of a model, and the tags that they name.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::toml_text::{key, value};
use crate::model::metric_name::MetricName;

/// The section of the thresholds. Those on metrics that no journey records are left out, as comments.
///
/// # Errors
/// The thresholds of a metric are no list: k6 v2.2.0 refuses that, too.
pub fn thresholds(options: &Value, unrecorded: &[&str]) -> Result<String, String> {
    let Some(thresholds) = options["thresholds"].as_object() else {
        return Ok(String::new());
    };
    let mut text = String::from("[thresholds]\n");
    for (metric, list) in thresholds {
        let Some(items) = list.as_array() else {
            return Err(format!(
                "the thresholds of `{metric}` in the script's options are no list\n  help: write [{list}]"
            ));
        };
        // k6 takes that for no threshold.
        if items.is_empty() {
            continue;
        }
        let name = metric.split('{').next().unwrap_or(metric);
        if unrecorded.contains(&name) {
            text += "# No recorded iteration gave this metric a value:\n# ";
        }
        let line = value("", list);
        writeln!(text, "{} = {line}", key(metric)).ok();
    }
    Ok(text + "\n")
}

/// The values of tags that the thresholds name.
pub fn named(options: &Value) -> BTreeSet<String> {
    let metrics = options["thresholds"].as_object().into_iter().flatten();
    let parts = metrics.filter_map(|(metric, _)| match MetricName::parse(metric) {
        Ok(MetricName::Part(part)) => Some(part.tags),
        _ => None,
    });
    parts.flatten().map(|(_, value)| value).collect()
}
