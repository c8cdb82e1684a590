//! What a fit leaves open of a limit of capacity, and of the difference of two designs, as text.

use std::fmt::Write;

use super::answers::value;
use super::predict::{NEVER_FITTED, is_main, is_time, percent, short};
use crate::study::fit::difference::{Difference, Differences};
use crate::study::fit::limit::Limits;

/// Said between the means of many runs and their ranges.
pub const SEEDS: &str =
    "the table above: seeds alone, the parameters as fitted; its intervals are those of the mean\n";

/// The limits of all tests to come.
#[must_use]
pub fn limits(found: &Limits, minimise: bool) -> String {
    let mut out = format!(
        "\nranges of the limits of all tests to come, from {} tests ({} runs), seed {}, each under parameters, a speed and \
         a lack drawn anew\n",
        found.draws, found.runs, found.seed
    );
    let name = match minimise {
        true => format!("smallest passing {}", found.limits.metric),
        false => format!("largest passing {}", found.limits.metric),
    };
    let shown = |v: f64| value(found.unit, v);
    let range = |share: f64| {
        let (low, high) = found.limits.range(share);
        format!("{} … {}", shown(low), shown(high))
    };
    let width = name.chars().count();
    let _ = writeln!(
        out,
        "  {:width$}  {:>10}  {:>25}  {:>25}",
        "", "median", "80 %", "95 %"
    );
    let _ = writeln!(
        out,
        "  {name}  {:>10}  {:>25}  {:>25}",
        shown(found.limits.quantile(0.5)),
        range(0.8),
        range(0.95)
    );
    let (low, high) = found.limits.range(0.95);
    let sure = if minimise { high } else { low };
    let _ = writeln!(
        out,
        "  at {} a test passes with probability {:.1} %",
        shown(sure),
        100.0 * (1.0 - found.beyond.0.max(0.025))
    );
    out.push_str(&beyond(found));
    if let [_, _, ..] = found.breaks.as_slice() {
        let each = found.breaks.iter();
        let each: Vec<String> = each
            .map(|(t, p)| format!("{t} ({})", percent(*p)))
            .collect();
        let _ = writeln!(out, "  breaks first: {}", each.join(", "));
    }
    for one in &found.unpredicted {
        let _ = writeln!(out, "  {one}: not predicted, and left out");
    }
    if found.fitted.is_none() {
        out.push_str(NEVER_FITTED);
    }
    out
}

/// Limits that lie outside the range of values.
fn beyond(found: &Limits) -> String {
    let (none, all) = found.beyond;
    let mut out = String::new();
    if none > 0.0 {
        let _ = writeln!(out, "  no value of the range passes in {}", percent(none));
    }
    if all > 0.0 {
        let _ = writeln!(out, "  every value of the range passes in {}", percent(all));
    }
    out
}

/// The differences in all pairs of tests to come; with `all`, of every number.
#[must_use]
pub fn differences(found: &Differences, all: bool) -> String {
    let drawn = match found.common {
        true => "parameters, speed, lack and random numbers drawn anew, the same for both",
        false => {
            "the random numbers the same, and parameters, speed and lack drawn for each, which were fitted apart"
        }
    };
    let mut out = format!(
        "the intervals above: seeds alone, the parameters as fitted\n\nranges of B - A in all tests to come, from {} \
         pairs of runs, seed {}: {drawn}\n",
        found.draws, found.seed
    );
    let shown: Vec<&Difference> = found
        .numbers
        .iter()
        .filter(|n| all || is_main(&n.by, &[], 0))
        .collect();
    let widest = shown.iter().map(|n| n.by.name().chars().count()).max();
    let width = widest.unwrap_or(6).max(6);
    let _ = writeln!(
        out,
        "  {:width$}  {:>10}  {:>10}  {:>10}  {:>25}  {:>25}  {:>7}  {:>7}",
        "number", "A", "B", "B - A", "80 %", "95 %", "B < A", "B > A"
    );
    for n in shown {
        let time = is_time(&n.by.metric, &n.by.stat.to_string());
        let range = |share: f64| {
            let (low, high) = n.by.range(share);
            format!("{} … {}", short(low, time), short(high, time))
        };
        let _ = writeln!(
            out,
            "  {:width$}  {:>10}  {:>10}  {:>10}  {:>25}  {:>25}  {:>7}  {:>7}",
            n.by.name(),
            short(n.a.quantile(0.5), time),
            short(n.b.quantile(0.5), time),
            short(n.by.quantile(0.5), time),
            range(0.8),
            range(0.95),
            percent(n.lower),
            percent(n.higher)
        );
    }
    for (fitted, name) in found.fitted.iter().zip(["A", "B"]) {
        if !fitted {
            let _ = write!(out, "{name} was {NEVER_FITTED}");
        }
    }
    out
}
