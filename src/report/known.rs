//! What a fitted model's answers are based on, in a sentence.

use crate::study::fit::free::four_digits;
use crate::study::fit::known::Known;

/// So much above the highest load fitted to still counts as among the loads.
const NEAR: f64 = 1.02;

/// How well the capacity is known, and where the ranges of the numbers are to be had.
#[must_use]
pub fn known(known: &Known, model: &str) -> String {
    let (low, high) = known.loads;
    let beyond = match known.peak / high.max(f64::MIN_POSITIVE) {
        times if times > NEAR => format!(
            "; {} is {} times the highest of them",
            known.load,
            four_digits(times)
        ),
        _ => String::new(),
    };
    let (most, [least, highest]) = known.most;
    format!(
        "fitted: to {} runs at loads of {} to {}{beyond}. What bounds the throughput, {}, allows {} iterations/s \
         [{} … {}], 95 % of all runs to come; `capsim predict {model}` simulates that for every number.\n",
        known.runs,
        four_digits(low),
        four_digits(high),
        known.bottleneck,
        four_digits(most),
        four_digits(least),
        four_digits(highest),
    )
}
