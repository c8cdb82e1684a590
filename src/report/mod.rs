//! Views of a result: k6's summaries, tables, charts.

pub mod format;
pub mod options;
pub mod order;
pub mod width;
