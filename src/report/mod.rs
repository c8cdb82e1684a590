//! Views of a result: k6's summaries, tables, charts.
//!
//! `summary` is the text that k6 prints at the end of a test, in the layout of the k6 that the
//! options name; `export` holds the same data as JSON.
//!
//! What lives here: functions from a result to text, JSON, CSV, HTML or a picture. It may use `study` and what is
//! below it. It must not know where its output goes or what the command line was: it runs no model and opens no file.

pub mod answers;
pub mod bottleneck;
pub mod chart;
pub mod cheapest_page;
pub mod ci;
mod columns;
pub mod compare_page;
pub mod components;
pub mod cost;
pub mod explain_page;
pub mod export;
pub mod fit;
pub mod fit_page;
pub mod fit_short;
pub mod fit_table;
pub mod format;
pub mod formats;
pub mod known;
pub mod legacy;
pub mod limits;
pub mod live_chart;
pub mod modern;
pub mod notes;
pub mod options;
pub mod order;
pub mod out_csv;
pub mod out_json;
pub mod out_nginx;
pub mod page;
mod paint;
pub mod predict;
pub mod presets;
pub mod ranges;
pub mod readable;
pub mod reference;
pub mod replications;
pub mod resources;
pub mod retries;
pub mod run_text;
pub mod samples;
pub mod schema;
pub mod services;
pub mod study_page;
pub mod thresholds;
pub mod width;

pub use options::{Mode, SummaryOptions};

use crate::measure::summary::Summary;

/// The end-of-test summary as k6 writes it to standard output, the blank lines around it included.
///
/// Empty in mode `None`. The mode alone chooses the layout; the style decides what differs between
/// versions within it.
#[must_use]
pub fn summary(summary: &Summary, options: &SummaryOptions) -> String {
    match options.mode {
        Mode::None => String::new(),
        Mode::Legacy => format!("\n{}\n\n", legacy::render(summary, options)),
        Mode::Compact | Mode::Full => format!("\n{}\n\n", modern::render(summary, options)),
    }
}
