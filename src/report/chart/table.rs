//! A CSV file as columns.

use crate::model::threshold::{Aggregation, Threshold};

/// A table with a header.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows of as many cells.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a CSV text.
    ///
    /// # Errors
    /// If it is no CSV or has no row.
    pub fn parse(text: &str) -> Result<Table, String> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let failed = |e: csv::Error| format!("this is no CSV: {e}");
        let cells = |r: &csv::StringRecord| r.iter().map(str::to_owned).collect();
        let header = reader.headers().map(cells).map_err(failed)?;
        let rows: Result<Vec<_>, _> = reader.records().map(|r| r.map(|r| cells(&r))).collect();
        let rows = rows.map_err(failed)?;
        if rows.is_empty() {
            return Err("the file has no rows".to_owned());
        }
        Ok(Table { header, rows })
    }

    /// Index of a column.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|h| h == name)
    }

    /// The number in a cell; NaN for an empty one or a text.
    #[must_use]
    pub fn number(&self, row: usize, column: usize) -> f64 {
        self.rows[row][column].parse().unwrap_or(f64::NAN)
    }

    /// Columns whose names satisfy a predicate.
    pub fn columns(&self, wanted: impl Fn(&str) -> bool) -> Vec<usize> {
        (0..self.header.len())
            .filter(|i| wanted(&self.header[*i]))
            .collect()
    }

    /// Whether it is a time line.
    #[must_use]
    pub fn is_timeline(&self) -> bool {
        self.header.first().is_some_and(|h| h == "t_s")
    }

    /// Varied paths of a sweep: the columns between the counts and the outcome.
    #[must_use]
    pub fn varied(&self) -> Vec<usize> {
        let end = self.find("end").or_else(|| self.find("verdict"));
        match (self.header.first().map(String::as_str), end) {
            (Some("point"), Some(end)) => (2..end).collect(),
            _ => Vec::new(),
        }
    }

    /// Thresholds on a metric, from the names of the columns `slo:…`.
    fn thresholds(&self, metric: &str) -> impl Iterator<Item = (&str, Threshold)> {
        self.header.iter().filter_map(move |name| {
            let text = name.strip_prefix("slo:")?.strip_prefix(metric)?;
            let expression = text.strip_prefix(' ')?;
            Some((expression, Threshold::parse(expression).ok()?))
        })
    }

    /// Limits of thresholds on a metric: text and number.
    #[must_use]
    pub fn limits(&self, metric: &str) -> Vec<(String, f64)> {
        let all = self.thresholds(metric);
        all.filter(|(_, threshold)| threshold.aggregation != Aggregation::Count)
            .map(|(text, threshold)| (format!("limit {metric} {text}"), threshold.value))
            .collect()
    }

    /// Statistics of a metric that its thresholds compare, each once.
    #[must_use]
    pub fn compared(&self, metric: &str) -> Vec<Aggregation> {
        let mut all = Vec::new();
        for (_, threshold) in self.thresholds(metric) {
            if !all.contains(&threshold.aggregation) {
                all.push(threshold.aggregation);
            }
        }
        all
    }
}
