//! The kinds of charts: from a table to a figure.

use super::figure::Figure;
use super::over_time::{latency, seats, utilisation_over_time};
use super::sweeps::{capacity, cdf, map, spent, sweep, utilisation};
use super::table::Table;

/// A kind of chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Throughput and response times against load.
    Capacity,
    /// Response times and VUs over time.
    Latency,
    /// Verdicts over two varied values.
    Map,
    /// Utilisation of each resource.
    Utilisation,
    /// Where the time of a request went.
    Time,
    /// Distribution of response times.
    Cdf,
    /// Seats over time.
    Seats,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 7] = [
        Kind::Capacity,
        Kind::Latency,
        Kind::Map,
        Kind::Utilisation,
        Kind::Time,
        Kind::Cdf,
        Kind::Seats,
    ];

    /// Its name, and what it shows.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Kind::Capacity => ("capacity", "Throughput and response times against load"),
            Kind::Latency => ("latency", "Response times and VUs over time"),
            Kind::Map => ("map", "Verdicts over two varied paths"),
            Kind::Utilisation => ("utilisation", "Utilisation of each resource"),
            Kind::Time => ("time", "Where the time of a request went"),
            Kind::Cdf => ("cdf", "Distribution of response times"),
            Kind::Seats => ("seats", "Seats over time"),
        }
    }

    /// The kind that a table asks for by its columns.
    #[must_use]
    pub fn of(table: &Table) -> Kind {
        if table.is_timeline() {
            Kind::Latency
        } else if table.varied().len() >= 2 {
            Kind::Map
        } else {
            Kind::Capacity
        }
    }
}

/// The figure of a kind. `slo` narrows a map to one threshold, such as `http_req_duration p(95)<500`.
///
/// # Errors
/// What the table lacks for it.
pub fn figure(table: &Table, kind: Kind, title: &str, slo: Option<&str>) -> Result<Figure, String> {
    let threshold = slo.map(|text| {
        let column = table.find(&format!("slo:{text}"));
        column.ok_or_else(|| format!("there is no threshold `{text}`; {}", known(table)))
    });
    let threshold = threshold.transpose()?;
    let met = format!("Which points meet {}", slo.unwrap_or("every threshold"));
    let (title, subtitle, panels) = match kind {
        Kind::Capacity => sweep(table, title, "Capacity curve", capacity)?,
        Kind::Utilisation if !table.is_timeline() => {
            sweep(table, title, "Utilisation", utilisation)?
        }
        Kind::Time => sweep(table, title, "Where the time of a request went", spent)?,
        Kind::Cdf => sweep(table, title, "Distribution of response times", cdf)?,
        Kind::Map => sweep(table, title, &met, |along| map(along, threshold))?,
        Kind::Latency | Kind::Seats | Kind::Utilisation => {
            if !table.is_timeline() {
                return Err("this kind needs a time line (capsim run --timeline)".to_owned());
            }
            let (what, panels) = match kind {
                Kind::Latency => ("Response times over time", latency(table)),
                Kind::Seats => ("Seats over time", seats(table)?),
                _ => ("Utilisation over time", utilisation_over_time(table)),
            };
            (format!("{title}: {what}"), window(table, kind), panels)
        }
    };
    Ok(Figure {
        title,
        subtitle,
        panels,
    })
}

/// The thresholds that a table has columns for.
fn known(table: &Table) -> String {
    let names = table.header.iter().filter_map(|h| h.strip_prefix("slo:"));
    let names: Vec<String> = names.map(|n| format!("`{n}`")).collect();
    format!("there are {}", names.join(", "))
}

fn window(table: &Table, kind: Kind) -> String {
    let from = if table.rows.len() > 1 {
        table.number(1, 0) - table.number(0, 0)
    } else {
        table.number(0, 0)
    };
    let span = super::axis::label(from);
    match kind {
        Kind::Latency => format!("of the requests that ended in each window of {span} s"),
        Kind::Seats => format!("at the end of each window of {span} s"),
        _ => format!("means over windows of {span} s"),
    }
}
