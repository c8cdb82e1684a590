//! Charts of a sweep: the panels of each kind, seen along one of the varied paths.

use super::axis::short;
use super::figure::{Bars, Content, Lines, Map, Panel, Series};
use super::points::{Point, magnitude, points};
use super::table::Table;

pub(super) type Parts = (String, String, Vec<Panel>);

/// A sweep seen along its first path.
pub(super) struct Along<'a> {
    table: &'a Table,
    points: Vec<Point>,
    axis: usize,
}

impl Along<'_> {
    fn path(&self) -> String {
        let varied = self.table.varied();
        varied
            .get(self.axis)
            .map_or(String::new(), |v| self.table.header[*v].clone())
    }

    fn x(&self, point: &Point) -> f64 {
        magnitude(&point.values[self.axis])
    }

    /// Label of the axis: the path and the unit of its values.
    fn label(&self) -> String {
        let value = self
            .points
            .first()
            .map_or("", |p| p.values[self.axis].as_str());
        let unit: String = value.chars().skip_while(|c| !c.is_alphabetic()).collect();
        let path = self.path();
        let path = if path == "load" {
            "load (factor on the model's)".to_owned()
        } else {
            path
        };
        if unit.is_empty() || magnitude(value).is_nan() {
            path
        } else {
            format!("{path} [{unit}]")
        }
    }

    /// Values far apart by factors are shown on a logarithmic axis.
    fn is_log(&self) -> bool {
        let mut xs: Vec<f64> = self.points.iter().map(|p| self.x(p)).collect();
        xs.sort_by(f64::total_cmp);
        let (Some(&low), Some(&high)) = (xs.first(), xs.last()) else {
            return false;
        };
        xs.len() > 2 && low > 0.0 && high / low >= 30.0 && xs[xs.len() / 2] < (low + high) / 4.0
    }

    fn series(&self, name: &str, metric: &str) -> Option<Series> {
        let mut values: Vec<(f64, f64, Option<f64>)> = Vec::new();
        for point in &self.points {
            if let Some((mean, half)) = point.value(self.table, metric) {
                values.push((self.x(point), mean, half));
            }
        }
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        (!values.is_empty()).then(|| Series {
            name: name.to_owned(),
            points: values,
            dots: true,
        })
    }
}

pub(super) fn sweep(
    table: &Table,
    title: &str,
    what: &str,
    panels: impl Fn(&Along<'_>) -> Result<Vec<Panel>, String>,
) -> Result<Parts, String> {
    let varied = table.varied();
    if varied.is_empty() {
        return Err("this kind needs the CSV of a sweep (capsim sweep --out)".to_owned());
    }
    let all = points(table);
    let whole = what.starts_with("Which");
    let banded = what.starts_with("Capacity") || what.starts_with("Utilisation");
    // Along the path with most values; the others stay at their first.
    let count = |v: usize| {
        let mut seen: Vec<&str> = all.iter().map(|p| p.values[v].as_str()).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len()
    };
    let axis = (0..varied.len())
        .rev()
        .max_by_key(|v| count(*v))
        .unwrap_or(0);
    let first = all.first().map(|p| p.values.clone()).unwrap_or_default();
    let fixed: Vec<usize> = (0..varied.len()).filter(|v| *v != axis && !whole).collect();
    let chosen = |p: &Point| fixed.iter().all(|v| p.values[*v] == first[*v]);
    let mut subtitle = fixed
        .iter()
        .map(|v| format!("{} = {}", table.header[varied[*v]], first[*v]))
        .collect::<Vec<_>>()
        .join(", ");
    let runs = table
        .find("replications")
        .and_then(|c| table.rows[0][c].parse::<usize>().ok())
        .unwrap_or_else(|| all.first().map_or(1, |p| p.rows.len()));
    let note = match runs {
        1 => "one run a point".to_owned(),
        n if !banded => format!("{n} runs a point"),
        n => format!("{n} runs a point; bands are 95 % intervals of the mean"),
    };
    subtitle = if subtitle.is_empty() {
        note
    } else {
        format!("{subtitle}; {note}")
    };
    let along = Along {
        table,
        points: all.into_iter().filter(chosen).collect(),
        axis,
    };
    Ok((format!("{title}: {what}"), subtitle, panels(&along)?))
}

pub(super) fn capacity(along: &Along<'_>) -> Result<Vec<Panel>, String> {
    let throughput = along
        .series("requests per second", "http_reqs_per_s")
        .ok_or("the column http_reqs_per_s is missing")?;
    let mark = knee(&throughput).map(|x| (format!("knee at {}", short(&x.to_string())), x));
    let percentiles = ["p90", "p95", "p99"];
    let series = percentiles.map(|p| along.series(p, &format!("http_req_duration_{p}_ms")));
    let limits = along.table.limits("http_req_duration");
    let panel = |y_label: &str, height, lines| Panel {
        height,
        x_label: along.label(),
        y_label: y_label.to_owned(),
        x_log: along.is_log(),
        content: Content::Lines(lines),
        ..Panel::default()
    };
    Ok(vec![
        panel(
            "throughput [requests/s]",
            270,
            Lines {
                series: vec![throughput],
                mark: mark.clone(),
                ..Lines::default()
            },
        ),
        panel(
            "response time [ms]",
            310,
            Lines {
                series: series.into_iter().flatten().collect(),
                limits,
                mark: mark.map(|(_, x)| (String::new(), x)),
                ..Lines::default()
            },
        ),
    ])
}

/// Where a growing curve bends most: the point farthest above the chord between its ends, in units of
/// the ranges (Satopää et al. 2011, "Finding a kneedle in a haystack"). A curve that hardly bends has
/// none.
fn knee(series: &Series) -> Option<f64> {
    let (first, last) = (series.points.first()?, series.points.last()?);
    let wide = last.0 - first.0;
    let high = series.points.iter().map(|p| p.1).fold(first.1, f64::max) - first.1;
    if wide <= 0.0 || high <= 0.0 || series.points.len() < 4 {
        return None;
    }
    let above = |p: &&(f64, f64, Option<f64>)| (p.1 - first.1) / high - (p.0 - first.0) / wide;
    let best = series
        .points
        .iter()
        .max_by(|a, b| above(a).total_cmp(&above(b)))?;
    (above(&best) > 0.1).then_some(best.0)
}

pub(super) fn utilisation(along: &Along<'_>) -> Result<Vec<Panel>, String> {
    let columns = along.table.columns(|h| h.ends_with("_utilisation"));
    let series = columns.iter().filter_map(|c| {
        let column = &along.table.header[*c];
        along.series(&resource(column), column)
    });
    let series: Vec<Series> = series.collect();
    if series.is_empty() {
        return Err("there are no columns of utilisation".to_owned());
    }
    Ok(vec![Panel {
        x_label: along.label(),
        y_label: "mean share in use".to_owned(),
        x_log: along.is_log(),
        y_at_least: Some(1.0),
        content: Content::Lines(Lines {
            series,
            ..Lines::default()
        }),
        ..Panel::default()
    }])
}

/// `station_cpu_utilisation` is the station cpu.
pub(super) fn resource(column: &str) -> String {
    column
        .trim_end_matches("_utilisation")
        .replacen('_', " ", 1)
}

pub(super) fn spent(along: &Along<'_>) -> Result<Vec<Panel>, String> {
    let columns = along
        .table
        .columns(|h| h.starts_with("time_") && h.ends_with("_ms"));
    let mut parts = Vec::new();
    for column in columns {
        let name = &along.table.header[column];
        let values: Vec<f64> = along
            .points
            .iter()
            .map(|p| p.value(along.table, name).map_or(0.0, |v| v.0))
            .collect();
        if values.iter().any(|v| *v > 0.0) {
            let words = name.trim_start_matches("time_").trim_end_matches("_ms");
            let words = words
                .replacen("wait_", "waiting: ", 1)
                .replacen("service_", "in service: ", 1)
                .replacen("station_", "station ", 1)
                .replacen("pool_", "pool ", 1)
                .replacen("lock_", "lock ", 1);
            parts.push((words, values));
        }
    }
    if parts.is_empty() {
        return Err("there are no columns time_…_ms".to_owned());
    }
    let labels = along.points.iter().map(|p| short(&p.values[along.axis]));
    Ok(vec![Panel {
        x_label: along.label(),
        y_label: "mean time of a request [ms]".to_owned(),
        content: Content::Bars(Bars {
            labels: labels.collect(),
            parts,
        }),
        ..Panel::default()
    }])
}

/// Columns of the distribution and the share that is at most their value.
const QUANTILES: [(&str, f64); 12] = [
    ("min", 0.0),
    ("p1", 1.0),
    ("p5", 5.0),
    ("p10", 10.0),
    ("p25", 25.0),
    ("med", 50.0),
    ("p75", 75.0),
    ("p90", 90.0),
    ("p95", 95.0),
    ("p99", 99.0),
    ("p99.9", 99.9),
    ("max", 100.0),
];

pub(super) fn cdf(along: &Along<'_>) -> Result<Vec<Panel>, String> {
    // A few points, evenly spaced, so that the curves can be told apart.
    let n = along.points.len();
    let shown = n.min(6);
    let chosen = (0..shown).map(|i| {
        if shown > 1 {
            i * (n - 1) / (shown - 1)
        } else {
            0
        }
    });
    let mut series = Vec::new();
    for index in chosen {
        let point = &along.points[index];
        let value = |name: &str| {
            let column = format!("http_req_duration_{name}_ms");
            point.value(along.table, &column).map(|v| v.0)
        };
        let points = QUANTILES
            .iter()
            .filter_map(|(name, share)| Some((value(name).filter(|v| *v > 0.0)?, *share, None)));
        series.push(Series {
            name: format!("{} = {}", along.path(), short(&point.values[along.axis])),
            points: points.collect(),
            dots: true,
        });
    }
    Ok(vec![Panel {
        x_label: "response time [ms], logarithmic".to_owned(),
        y_label: "share of requests at most as long [%]".to_owned(),
        x_log: true,
        content: Content::Lines(Lines {
            series,
            ..Lines::default()
        }),
        ..Panel::default()
    }])
}

pub(super) fn map(along: &Along<'_>, threshold: Option<usize>) -> Result<Vec<Panel>, String> {
    let varied = along.table.varied();
    if varied.len() < 2 {
        return Err("a map needs two varied paths".to_owned());
    }
    let values = |axis: usize| {
        let mut seen: Vec<String> = Vec::new();
        for point in &along.points {
            if !seen.contains(&point.values[axis]) {
                seen.push(point.values[axis].clone());
            }
        }
        seen.sort_by(|a, b| magnitude(a).total_cmp(&magnitude(b)));
        seen
    };
    let (columns, rows) = (values(0), values(1));
    let shorts = |values: &[String]| values.iter().map(|v| short(v)).collect();
    let (column_names, row_names) = (shorts(&columns), shorts(&rows));
    let mut cells = vec![vec![None; columns.len()]; rows.len()];
    for point in &along.points {
        let column = columns.iter().position(|c| *c == point.values[0]);
        let row = rows.iter().position(|r| *r == point.values[1]);
        if let (Some(column), Some(row)) = (column, row) {
            cells[row][column] = point.cell(along.table, threshold);
        }
    }
    Ok(vec![Panel {
        height: 440,
        x_label: along.table.header[varied[0]].clone(),
        y_label: along.table.header[varied[1]].clone(),
        content: Content::Map(Map {
            columns: column_names,
            rows: row_names,
            cells,
        }),
        ..Panel::default()
    }])
}
