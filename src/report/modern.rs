//! The summary of k6 since 1.0, compact or full.
//!
//! Sections one after another: the thresholds, the totals and, in full, one for each group and
//! scenario. Layout observed on k6 v1.8.1 and v2.2.0.

mod class;
mod thresholds;

use crate::measure::summary::{CheckCount, Metric, Section, Summary, Values};
use crate::report::columns::{Columns, FAILED, PASSED, check_detail, derived, display_name};
use crate::report::options::{Mode, SummaryOptions};
use crate::report::order;
use crate::report::paint::{Ink, Paint};
use crate::report::width::width;
use class::Class;

/// Dots after the longest name.
const MIN_DOTS: usize = 3;
/// The scenario of a script that names none; it gets no section, being the total itself.
const DEFAULT_SCENARIO: &str = "default";

/// The text between the blank lines that k6 puts around it; it begins with a line break.
#[must_use]
pub fn render(summary: &Summary, options: &SummaryOptions) -> String {
    let paint = Paint {
        color: options.color,
        legacy: false,
    };
    let mut page = Page {
        text: String::new(),
        duration: summary.duration,
        options,
        paint,
    };
    if summary.metrics.iter().any(|m| !m.thresholds.is_empty()) {
        page.title("THRESHOLDS");
        thresholds::write(&mut page, &summary.metrics);
        page.gap();
    }
    page.title("TOTAL RESULTS");
    page.results(1, &summary.checks, &summary.metrics);
    page.gap();
    if options.mode == Mode::Full {
        page.sections(summary);
    }
    page.text
}

/// The text under construction. `level` counts indents of two blanks below the section titles.
struct Page<'a> {
    text: String,
    /// Length of the run in seconds.
    duration: f64,
    options: &'a SummaryOptions,
    paint: Paint,
}

impl Page<'_> {
    /// Starts a line.
    fn line(&mut self, indent: usize, text: &str) {
        self.text.push('\n');
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(text);
    }

    /// Ends a block: the next line comes after an empty one.
    fn gap(&mut self) {
        self.text.push('\n');
    }

    /// Starts a section.
    fn title(&mut self, title: &str) {
        let title = self.paint.ink(Ink::Heading, title);
        self.line(2, &format!("█ {title} "));
        self.gap();
    }

    /// The sections of the full summary.
    fn sections(&mut self, summary: &Summary) {
        for group in &summary.sections.groups {
            self.title(&format!("GROUP: {}", group.name));
            self.section(1, group);
            self.gap();
        }
        let named = summary
            .sections
            .scenarios
            .iter()
            .filter(|s| s.name != DEFAULT_SCENARIO);
        let mut scenarios: Vec<&Section> = named.collect();
        scenarios.sort_by(|a, b| order::collate(&a.name, &b.name));
        for scenario in scenarios {
            self.title(&format!("SCENARIO: {}", scenario.name));
            self.section(1, scenario);
            self.gap();
        }
    }

    /// What happened in one group or scenario, and in the groups inside it.
    fn section(&mut self, level: usize, section: &Section) {
        let whole: Vec<Metric> = section
            .metrics
            .iter()
            .filter(|m| !m.name.contains('{'))
            .cloned()
            .collect();
        self.results(level, &section.checks, &whole);
        for group in &section.groups {
            let title = self
                .paint
                .ink(Ink::Heading, &format!("GROUP: {}", group.name));
            self.line(2 * (level + 1), &format!("↳ {title} "));
            self.gap();
            self.section(level + 1, group);
        }
    }

    /// Checks and metrics of a section.
    fn results(&mut self, level: usize, checks: &[CheckCount], metrics: &[Metric]) {
        if let Some(total) = metrics.iter().find(|m| m.name == "checks") {
            self.checks(level, checks, total);
        }
        self.metrics(level, metrics);
    }

    /// The three totals of the checks, then each check.
    fn checks(&mut self, level: usize, checks: &[CheckCount], total: &Metric) {
        let indent = 2 * (level + 1);
        if let Values::Rate { passes, fails } = total.values {
            let count = passes as f64 + fails as f64;
            let rate = if self.duration > 0.0 {
                count / self.duration
            } else {
                0.0
            };
            self.table(
                indent,
                &[
                    &derived("checks_total", Values::Counter { count, rate }),
                    &derived("checks_succeeded", Values::Rate { passes, fails }),
                    &derived(
                        "checks_failed",
                        Values::Rate {
                            passes: fails,
                            fails: passes,
                        },
                    ),
                ],
            );
            self.gap();
        }
        for check in checks {
            if check.fails == 0 {
                let text = format!("{PASSED} {}", check.name);
                self.line(indent, &self.paint.ink(Ink::Good, &text));
            } else {
                let text = format!("{FAILED} {}", check.name);
                self.line(indent, &self.paint.ink(Ink::Bad, &text));
                // k6 indents the detail by twice the level: level 1 looks right, deeper ones do not.
                let detail = self.paint.ink(Ink::Bad, &check_detail(check));
                self.line(2 * (2 * level + 1), &detail);
            }
        }
        self.gap();
    }

    /// The metrics that this mode shows, under the headings of their classes.
    fn metrics(&mut self, level: usize, metrics: &[Metric]) {
        let mode = self.options.mode;
        let mut shown: Vec<&Metric> = metrics
            .iter()
            .filter(|m| class::is_shown(&m.name, mode))
            .collect();
        shown.sort_by(|a, b| order::metrics(&a.name, &b.name));
        let columns = Columns::fit(self.options, self.paint, shown.iter().copied());
        let longest = shown
            .iter()
            .map(|m| width(&indented(&m.name)))
            .max()
            .unwrap_or(0);
        for class in Class::IN_ORDER {
            let of_class = shown.iter().filter(|m| class::of(&m.name) == class);
            for (place, metric) in of_class.clone().enumerate() {
                if place == 0 {
                    let heading = self.paint.ink(Ink::Heading, class.heading());
                    self.line(2 * (level + 1), &heading);
                }
                self.metric(2 * (level + 1), metric, longest, &columns);
            }
            if of_class.count() > 0 {
                self.gap();
            }
        }
    }

    /// Metrics in the order given, aligned among themselves.
    fn table(&mut self, indent: usize, metrics: &[&Metric]) {
        let columns = Columns::fit(self.options, self.paint, metrics.iter().copied());
        let longest = metrics
            .iter()
            .map(|m| width(&indented(&m.name)))
            .max()
            .unwrap_or(0);
        for metric in metrics {
            self.metric(indent, metric, longest, &columns);
        }
    }

    /// The line of one metric.
    fn metric(&mut self, indent: usize, metric: &Metric, longest: usize, columns: &Columns) {
        let name = indented(&metric.name);
        let dots = ".".repeat(longest - width(&name) + MIN_DOTS);
        let dots = self.paint.ink(Ink::Dots, &format!("{dots}:"));
        self.line(indent, &format!("{name}{dots} {}", columns.row(metric)));
    }
}

/// The name as it stands in a table, that of a sub-metric two blanks to the right.
fn indented(name: &str) -> String {
    let shown = display_name(name);
    if name.contains('{') {
        format!("  {shown}")
    } else {
        shown
    }
}
