//! The points of a sweep, from a file of points or from rows that are gathered here.

use super::figure::Cell;
use super::table::Table;
use crate::stats::Moments;
use crate::stats::interval::of_moments;

/// One point: the values of the varied paths, and the rows that belong to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Values as written.
    pub values: Vec<String>,
    /// Rows of the table.
    pub rows: Vec<usize>,
}

/// All points in their order.
#[must_use]
pub fn points(table: &Table) -> Vec<Point> {
    let varied = table.varied();
    let mut points: Vec<(String, Point)> = Vec::new();
    for (row, cells) in table.rows.iter().enumerate() {
        let name = &cells[0];
        match points.last_mut() {
            Some((last, point)) if last == name => point.rows.push(row),
            _ => points.push((
                name.clone(),
                Point {
                    values: varied.iter().map(|v| cells[*v].clone()).collect(),
                    rows: vec![row],
                },
            )),
        }
    }
    points.into_iter().map(|(_, point)| point).collect()
}

impl Point {
    /// Mean and half-width of a metric.
    #[must_use]
    pub fn value(&self, table: &Table, metric: &str) -> Option<(f64, Option<f64>)> {
        let column = table.find(metric)?;
        if let Some(half) = table.find(&format!("{metric}_half_width")) {
            let row = *self.rows.first()?;
            let half = table.number(row, half);
            return Some((table.number(row, column), half.is_finite().then_some(half)));
        }
        let numbers = self.rows.iter().map(|r| table.number(*r, column));
        let moments: Moments = numbers.filter(|n| n.is_finite()).collect();
        let half = of_moments(&moments, 0.95).map(|i| i.half_width);
        Some((moments.mean()?, half))
    }

    /// What is known about one of its thresholds (a column `slo:…`), or about all of them.
    #[must_use]
    pub fn cell(&self, table: &Table, threshold: Option<usize>) -> Option<Cell> {
        let of_points = table.find("verdict");
        if let Some(verdict) = of_points {
            let column = threshold.unwrap_or(verdict);
            return match table.rows[*self.rows.first()?][column].as_str() {
                "PASS" => Some(Cell::Pass),
                "FAIL" => Some(Cell::Fail),
                "UNDECIDED" => Some(Cell::Undecided),
                _ => None,
            };
        }
        let column = threshold.or_else(|| table.find("passed"))?;
        let held = self.rows.iter().filter(|r| table.rows[**r][column] == "1");
        match held.count() {
            0 => Some(Cell::Fail),
            n if n == self.rows.len() => Some(Cell::Pass),
            _ => Some(Cell::Undecided),
        }
    }
}

/// The number at the head of a value with a unit; NaN if there is none.
#[must_use]
pub fn magnitude(value: &str) -> f64 {
    let end = value
        .find(|c: char| !(c.is_ascii_digit() || "+-.".contains(c)))
        .unwrap_or(value.len());
    value[..end].parse().unwrap_or(f64::NAN)
}
