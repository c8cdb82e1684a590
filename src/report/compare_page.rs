//! The page of a comparison: paired differences with their intervals.

use super::answers::compare::{real_runs, relative, tally, verdict};
use super::chart::figure::{Content, Figure, Forest, Mark, Panel, Tone};
use super::chart::forest::{REST, ROW};
use super::chart::{self};
use super::page::{paragraph, picture, preformatted, table};
use super::study_page::{Identity, close, page};
use crate::study::answers::compare::{Comparison, Row, Verdict};
use crate::study::fit::free::four_digits;

/// Numbers that are shown whatever came of them.
const ALWAYS: [&str; 6] = [
    "http_req_duration_avg_ms",
    "http_req_duration_med_ms",
    "http_req_duration_p95_ms",
    "http_req_duration_p99_ms",
    "http_reqs_per_s",
    "iteration_duration_avg_ms",
];
/// Most rows of the chart.
const MAX_ROWS: usize = 30;
/// Differences beyond this percentage stand at the edge of the chart.
const EDGE: f64 = 200.0;

/// The page of a comparison. `designs` says what A and B are; `other` is the text of B if it is not
/// that of A with changes.
///
/// # Errors
/// If the chart cannot be drawn.
pub fn of_comparison(
    identity: &Identity<'_>,
    designs: &str,
    other: Option<&str>,
    comparison: &Comparison,
) -> Result<String, String> {
    let mut page = page(identity);
    page.section(
        "What is compared",
        preformatted(designs) + &paragraph(&format!("{}.", tally(comparison))),
    );
    let figure = differences(comparison);
    page.section("Differences", picture(&chart::svg(&figure)?));
    let head = [
        "number",
        "A",
        "B",
        "B - A",
        "95 % of B - A",
        "of A",
        "real runs",
        "verdict",
    ];
    let note = "Runs are paired: both designs see the same random numbers. Real runs: how many of each \
                design a real test needs to see the difference (two-sided paired t test, level 5 %, \
                power 80 %).";
    let rows: Vec<Vec<String>> = comparison.rows.iter().map(cells).collect();
    page.section("All numbers", paragraph(note) + &table(&head, &rows));
    if let Some(text) = other {
        page.section("Model B", preformatted(text));
    }
    Ok(close(page, identity))
}

fn cells(row: &Row) -> Vec<String> {
    let number = |v: f64| four_digits(v).to_string();
    let d = &row.difference;
    vec![
        row.name.clone(),
        number(row.a),
        number(row.b),
        number(d.mean),
        format!("{} … {}", number(d.low()), number(d.high())),
        relative(row).map_or("—".to_owned(), |(change, _)| format!("{change:+.1} %")),
        real_runs(row),
        verdict(row.verdict).to_owned(),
    ]
}

/// What is always asked for first, then what differs, the largest difference on top.
fn chosen(comparison: &Comparison) -> Vec<(&Row, f64, f64)> {
    let with = |row| relative(row).map(|(change, half)| (row, change, half));
    let always = ALWAYS
        .iter()
        .filter_map(|name| comparison.rows.iter().find(|r| r.name == *name));
    let mut others: Vec<_> = comparison
        .rows
        .iter()
        .filter(|r| r.verdict != Verdict::Same && !ALWAYS.contains(&r.name.as_str()))
        .filter_map(with)
        .collect();
    others.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let mut all: Vec<_> = always.filter_map(with).collect();
    all.extend(others);
    all.truncate(MAX_ROWS);
    all
}

fn differences(comparison: &Comparison) -> Figure {
    let mark = |(row, change, half): (&Row, f64, f64)| Mark {
        label: row.name.clone(),
        value: change,
        interval: (change - half, change + half),
        tone: match row.verdict {
            Verdict::Better => Tone::Good,
            Verdict::Worse => Tone::Bad,
            Verdict::Different => Tone::Plain,
            Verdict::Same | Verdict::Open => Tone::Faint,
        },
    };
    let marks: Vec<Mark> = chosen(comparison).into_iter().map(mark).collect();
    let effect = 100.0 * comparison.effect;
    let words = [
        (Tone::Good, "B better"),
        (Tone::Bad, "B worse"),
        (Tone::Plain, "different"),
        (Tone::Faint, "no difference that matters, or open"),
    ];
    Figure {
        title: "B against A".to_owned(),
        subtitle: format!(
            "paired differences as a share of A, with 95 % intervals; {} runs of each",
            comparison.replications
        ),
        panels: vec![Panel {
            height: REST + ROW * marks.len().max(1) as u32,
            x_label: "B - A [% of A]".to_owned(),
            content: Content::Forest(Forest {
                marks,
                tones: words.map(|(tone, text)| (tone, text.to_owned())).to_vec(),
                band: Some((effect, format!("less than {} %", four_digits(effect)))),
                most: EDGE,
            }),
            ..Panel::default()
        }],
    }
}
