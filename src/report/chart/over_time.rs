//! Charts of a time line: a point for each of its windows.

use super::figure::{Content, Lines, Panel, Series};
use super::sweeps::resource;
use super::table::Table;
use crate::study::metrics::statistic;

fn over_time(table: &Table, name: &str, column: &str) -> Option<Series> {
    let at = table.find(column)?;
    let points = (0..table.rows.len()).map(|r| (table.number(r, 0), table.number(r, at), None));
    Some(Series {
        name: name.to_owned(),
        points: points.collect(),
        dots: false,
    })
}

/// The same for counts a second, without a last window that is cut short by the end of the run: the few that end in some
/// milliseconds are no rate.
fn rate_over_time(table: &Table, name: &str, column: &str) -> Option<Series> {
    let mut series = over_time(table, name, column)?;
    if let [first, .., before, last] = series.points[..]
        && last.0 - before.0 < first.0 / 2.0
    {
        series.points.pop();
    }
    Some(series)
}

fn time_panel(height: u32, y_label: &str, lines: Lines) -> Panel {
    Panel {
        height,
        x_label: "time since the start of the run [s]".to_owned(),
        y_label: y_label.to_owned(),
        content: Content::Lines(lines),
        ..Panel::default()
    }
}

pub(super) fn latency(table: &Table) -> Vec<Panel> {
    let limits = table.limits("http_req_duration");
    // What thresholds compare; without any, two percentiles that most do.
    let compared = table.compared("http_req_duration").into_iter();
    let mut named: Vec<String> = compared.map(statistic).filter(|s| s != "med").collect();
    if named.is_empty() {
        named = vec!["p95".to_owned(), "p99".to_owned()];
    }
    named.insert(0, "med".to_owned());
    let series = named
        .iter()
        .map(|stat| over_time(table, stat, &format!("http_req_duration_{stat}_ms")));
    let load = [
        over_time(table, "VUs", "vus"),
        rate_over_time(table, "requests per second", "http_reqs_per_s"),
    ];
    vec![
        time_panel(
            340,
            "response time [ms]",
            Lines {
                series: series.flatten().collect(),
                limits,
                ..Lines::default()
            },
        ),
        time_panel(
            220,
            "VUs, requests/s",
            Lines {
                series: load.into_iter().flatten().collect(),
                ..Lines::default()
            },
        ),
    ]
}

pub(super) fn seats(table: &Table) -> Result<Vec<Panel>, String> {
    let all = [("sold", "seats_sold"), ("held", "seats_held")];
    let series: Vec<Series> = all
        .iter()
        .filter_map(|(name, column)| over_time(table, name, column))
        .collect();
    if series.is_empty() {
        return Err("the model of this time line has no seats".to_owned());
    }
    let free = over_time(table, "free", "seats_free");
    let lines = |series, stacked| Lines {
        series,
        stacked,
        ..Lines::default()
    };
    Ok(vec![
        time_panel(300, "seats taken", lines(series, true)),
        time_panel(220, "seats free", lines(free.into_iter().collect(), false)),
    ])
}

pub(super) fn utilisation_over_time(table: &Table) -> Vec<Panel> {
    let columns = table.columns(|h| h.ends_with("_utilisation"));
    let series = columns
        .iter()
        .filter_map(|c| over_time(table, &resource(&table.header[*c]), &table.header[*c]));
    let mut panel = time_panel(
        400,
        "mean share in use",
        Lines {
            series: series.collect(),
            ..Lines::default()
        },
    );
    panel.y_at_least = Some(1.0);
    vec![panel]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(text: &str) -> Vec<f64> {
        let table = Table::parse(text).unwrap_or_else(|why| panic!("{why}"));
        let series = rate_over_time(&table, "requests per second", "http_reqs_per_s");
        let points = series.map_or_else(Vec::new, |s| s.points);
        points.iter().map(|point| point.1).collect()
    }

    #[test]
    fn a_last_window_of_milliseconds_is_no_rate() {
        let rows = "t_s,http_reqs_per_s\n1,100\n2,90\n";
        assert_eq!(rates(rows), [100.0, 90.0]);
        assert_eq!(rates(&format!("{rows}2.001,2000\n")), [100.0, 90.0]);
        assert_eq!(rates(&format!("{rows}2.5,80\n")), [100.0, 90.0, 80.0]);
        assert_eq!(rates("t_s,http_reqs_per_s\n0.001,1000\n"), [1000.0]);
    }
}
