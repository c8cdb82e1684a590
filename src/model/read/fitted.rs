//! The section `[fitted]`, which `capsim fit` writes: to what the model was fitted, and over which load.

use super::Build;
use crate::Model;
use crate::field::Field;
use crate::vocabulary::{Kind, tables};

tables! {
    /// What the model was fitted to, and over which load; `capsim fit` writes it and `capsim predict` reads it.
    pub(crate) static FITTED = "fitted" {
        /// The measured runs.
        to: List(&Text);
        /// How many runs of the model the fit took.
        runs: Whole(0, u64::MAX);
        /// The seed of the fit.
        seed: Whole(0, u64::MAX);
        /// The root mean square of the remaining relative errors.
        error: Number(0.0, f64::MAX);
        /// The interval of each parameter.
        intervals: Named(&Any);
        /// What `capsim predict` needs to know of the parameters.
        forecast: Any;
        /// How far the numbers of each run were from those predicted from the other runs.
        lack: Named(&Any);
        /// The values of whole-numbered parameters that the data leave possible, with their weights.
        whole: Named(&Any);
        /// The smallest and the largest peak of VUs that it was fitted to.
        vus: RANGE;
        /// The smallest and the largest peak rate that it was fitted to.
        rate: RANGE;
    };
}

const RANGE: Kind = Kind::Exactly(2, &Kind::Number(0.0, f64::MAX));

/// Beyond the range by less than this is not worth a word.
const SLACK: f64 = 1.05;

/// Reads the section, and warns of a load outside the range that the data covered.
pub(super) fn read(build: &Build, field: &Field, model: &Model) {
    let Some(section) = field.section() else {
        return;
    };
    let peak = model.peak_load();
    let key = if peak.rate { "rate" } else { "vus" };
    let Some(range) = section.optional(key) else {
        return;
    };
    let Some(items) = range.items() else {
        return;
    };
    let bounds: Vec<f64> = items.iter().filter_map(Field::real).collect();
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
