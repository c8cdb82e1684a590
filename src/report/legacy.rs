//! The summary of k6 before 1.0, and of 1.x with `--summary-mode=legacy`.
//!
//! The checks as a tree of groups, then all metrics in one table. Layout observed on k6 v0.53.0 and
//! v1.8.1.

use crate::measure::summary::{Group, Metric, Summary};
use crate::report::columns::{Columns, FAILED, PASSED, check_detail, display_name};
use crate::report::options::SummaryOptions;
use crate::report::order;
use crate::report::paint::{Ink, Paint};
use crate::report::width::width;

/// Blanks before the root group's checks.
const ROOT_INDENT: usize = 5;
/// Dots after the longest name.
const MIN_DOTS: usize = 3;

/// The text between the blank lines that k6 puts around it.
#[must_use]
pub fn render(summary: &Summary, options: &SummaryOptions) -> String {
    let paint = Paint {
        color: options.color,
        legacy: true,
    };
    let mut lines = Vec::new();
    group_lines(&mut lines, &summary.root, ROOT_INDENT, paint);
    metric_lines(&mut lines, &summary.metrics, options, paint);
    lines.join("\n")
}

/// The checks of a group, then its sub-groups, two blanks deeper each.
fn group_lines(lines: &mut Vec<String>, group: &Group, indent: usize, paint: Paint) {
    let margin = " ".repeat(indent);
    for check in &group.checks {
        if check.fails == 0 {
            let line = format!("{margin}{PASSED} {}", check.name);
            lines.push(paint.ink(Ink::Good, &line));
        } else {
            let detail = check_detail(check);
            let text = format!("{margin}{FAILED} {}\n{margin} {detail}", check.name);
            lines.push(paint.ink(Ink::Bad, &text));
        }
    }
    if !group.checks.is_empty() {
        lines.push(String::new());
    }
    for sub_group in &group.groups {
        lines.push(format!("{margin}█ {}", sub_group.name));
        lines.push(String::new());
        group_lines(lines, sub_group, indent + 2, paint);
    }
}

/// One line for each metric, sub-metrics indented below their parents.
fn metric_lines(
    lines: &mut Vec<String>,
    metrics: &[Metric],
    options: &SummaryOptions,
    paint: Paint,
) {
    let mut sorted: Vec<&Metric> = metrics.iter().collect();
    sorted.sort_by(|a, b| order::metrics(&a.name, &b.name));
    let columns = Columns::fit(options, paint, sorted.iter().copied());
    let longest = sorted.iter().map(|m| indented_width(m)).max().unwrap_or(0);
    for metric in sorted {
        let dots = ".".repeat(longest - indented_width(metric) + MIN_DOTS);
        lines.push(format!(
            "   {}{} {}{} {}",
            " ".repeat(sub_indent(metric)),
            mark(metric, paint),
            display_name(&metric.name),
            paint.ink(Ink::Dots, &format!("{dots}:")),
            columns.row(metric),
        ));
    }
}

/// How far a name is moved to the right.
fn sub_indent(metric: &Metric) -> usize {
    if order::split(&metric.name).1.is_empty() {
        0
    } else {
        2
    }
}

/// How much of the name column a metric takes.
fn indented_width(metric: &Metric) -> usize {
    sub_indent(metric) + width(&display_name(&metric.name))
}

/// Whether the metric's thresholds all held; a blank if it has none.
fn mark(metric: &Metric, paint: Paint) -> String {
    if metric.thresholds.is_empty() {
        " ".to_owned()
    } else if metric.thresholds.iter().all(|verdict| verdict.passed) {
        paint.ink(Ink::Good, PASSED)
    } else {
        paint.ink(Ink::Bad, FAILED)
    }
}
