//! Views of a result: k6's summaries, tables, charts.
