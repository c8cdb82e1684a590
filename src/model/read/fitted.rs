//! The section `[fitted]`, which `capsim fit` writes: to what the model was fitted, and over which load.

use super::Build;
use crate::model::Model;
use crate::model::field::Field;

/// Beyond the range by less than this is not worth a word.
const SLACK: f64 = 1.05;

/// Reads the section, and warns of a load outside the range that the data covered.
pub(super) fn read(build: &Build, field: &Field, model: &Model) {
    let Some(section) = field.section() else {
        return;
    };
    for known in [
        "to",
        "runs",
        "seed",
        "error",
        "intervals",
        "forecast",
        "lack",
    ] {
        let _ = section.optional(known);
    }
    let peak = model.peak_load();
    let (key, other) = if peak.rate {
        ("rate", "vus")
    } else {
        ("vus", "rate")
    };
    let _ = section.optional(other);
    let Some(range) = section.optional(key) else {
        return;
    };
    let Some(items) = range.items() else {
        return;
    };
    let bounds: Vec<f64> = items
        .iter()
        .filter_map(|f| f.number(0.0, f64::MAX))
        .collect();
    let &[low, high] = bounds.as_slice() else {
        range.error(
            format!("`{key}` needs two numbers"),
            format!("write {key} = [20, 120]"),
        );
        return;
    };
    let unit = if peak.rate { "/s" } else { " VUs" };
    if high > 0.0 && peak.value > high * SLACK {
        let factor = (peak.value / high * 10.0).round() / 10.0;
        let message = format!(
            "extrapolating × {factor}: this run goes up to {peak}, and the model was fitted up to {high}{unit}"
        );
        build
            .notes
            .warn(range.at, message, "measure nearer to the load in question");
    } else if peak.value < low / SLACK {
        let message = format!(
            "extrapolating downwards: this run goes up to {peak}, and the model was fitted from {low}{unit}"
        );
        build.notes.warn(range.at, message, "");
    }
}
