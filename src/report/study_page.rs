//! The pages of runs and sweeps: verdicts, charts, the model, and what identifies the result.

use super::chart::figure::{Content, Figure, Lines, Panel, Series};
use super::chart::{self, Kind, Table};
use super::live_chart;
use super::page::{Page, paragraph, preformatted, table};
use super::replications::{chance, number, row, shown};
use super::thresholds;
use super::{bottleneck, resources};
use crate::measure::summary::Summary;
use crate::stats::interval::mean_interval;
use crate::study::account::Account;
use crate::study::answers::capacity::{Answer, Question, Tried};
use crate::study::replication_stats::ReplicationStats;

/// Margins below this stand at the lower edge of the chart of a search, in per cent.
pub(super) const LOWEST: f64 = -100.0;
/// Most points listed in a table.
const MOST_ROWS: usize = 400;

/// What identifies a result.
#[derive(Clone, Debug)]
pub struct Identity<'a> {
    /// Name of the model.
    pub name: &'a str,
    /// What it is about.
    pub description: &'a str,
    /// Its text.
    pub model: &'a str,
    /// Changes made on the command line.
    pub changes: &'a [String],
    /// What a fit leaves open of the result, as text; empty if there is no fit.
    pub known: &'a str,
    /// Seed, number of runs, fingerprint: one line.
    pub signature: &'a str,
}

pub(super) fn page(identity: &Identity<'_>) -> Page {
    Page::new(&format!("capsim: {}", identity.name), identity.description)
}

pub(super) fn close(mut page: Page, identity: &Identity<'_>) -> String {
    if !identity.known.is_empty() {
        page.section("What the fit leaves open", preformatted(identity.known));
    }
    let mut model = identity.model.to_owned();
    if !identity.changes.is_empty() {
        let changes = identity.changes.join("\n  --set ");
        model = format!("# with\n  --set {changes}\n\n{model}");
    }
    page.section("Model", preformatted(&model));
    let version = env!("CARGO_PKG_VERSION");
    let text = format!("capsim {version}\n{}", identity.signature.trim());
    page.section("How to get this again", preformatted(&text));
    page.html()
}

/// A chart that can be read off in a browser.
pub(super) fn chart_of(figure: &Figure) -> Result<String, String> {
    live_chart::figure(figure, &chart::svg(figure)?)
}

/// Charts of a table, those kinds that it has the columns for.
fn charts(page: &mut Page, data: &Table, kinds: &[Kind], name: &str) -> Result<(), String> {
    let mut pictures = String::new();
    for kind in kinds {
        // A kind that the table lacks columns for is left out.
        if let Ok(figure) = chart::figure(data, *kind, name, None) {
            pictures += &chart_of(&figure)?;
        }
    }
    if !pictures.is_empty() {
        page.section("Charts", pictures);
    }
    Ok(())
}

/// The page of a single run: the verdicts, what limits it, what k6 would print (`text`), where the time went and what to
/// know (`details`), the run over time.
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_run(
    identity: &Identity<'_>,
    summary: &Summary,
    text: &str,
    account: &Account,
    details: &str,
    timeline: &Table,
) -> Result<String, String> {
    let mut page = page(identity);
    let judged = thresholds::of_run(summary);
    let rows: Vec<Vec<String>> = judged
        .into_iter()
        .map(|j| {
            vec![
                j.name.clone(),
                j.judgement.to_string(),
                j.measured.clone(),
                j.distance(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let head = ["threshold", "verdict", "measured", "margin"];
        page.section("Thresholds", table(&head, &rows));
    }
    page.section("What limits it", limits(account));
    page.section("Summary", preformatted(text));
    if !details.is_empty() {
        page.section("Details", preformatted(details));
    }
    over_time(&mut page, timeline, identity.name)?;
    Ok(close(page, identity))
}

/// The sentence on what limits the system, and the table that it is made from.
fn limits(account: &Account) -> String {
    let sentence = paragraph(&bottleneck::bottleneck(account));
    if account.limits.is_empty() {
        return sentence;
    }
    sentence + &preformatted(&resources::resource_table(account))
}

fn over_time(page: &mut Page, timeline: &Table, name: &str) -> Result<(), String> {
    let kinds = [Kind::Latency, Kind::Utilisation, Kind::Seats];
    charts(page, timeline, &kinds, name)
}

/// The page of replications: means with intervals, verdicts, the first run over time.
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_replications(
    identity: &Identity<'_>,
    tally: &ReplicationStats,
    account: &Account,
    timeline: &Table,
) -> Result<String, String> {
    let mut page = page(identity);
    let verdicts: Vec<Vec<String>> = (0..tally.thresholds().len())
        .map(|i| {
            let threshold = tally.thresholds()[i].text();
            vec![threshold, tally.judgement(i).to_string(), chance(tally, i)]
        })
        .collect();
    if !verdicts.is_empty() {
        let head = ["threshold", "verdict", "a single run"];
        page.section("Thresholds", table(&head, &verdicts));
    }
    let rows: Vec<Vec<String>> = shown(tally)
        .into_iter()
        .filter_map(|name| {
            let [mean, half, low, high] = row(tally, &name)?;
            Some(vec![name, mean, format!("± {half}"), low, high])
        })
        .collect();
    let head = ["metric", "mean", "95 %", "smallest", "largest"];
    page.section("Metrics", table(&head, &rows));
    page.section("What limits it, in the first run", limits(account));
    over_time(&mut page, timeline, identity.name)?;
    Ok(close(page, identity))
}

/// The page of a sweep, from its file of points.
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_sweep(identity: &Identity<'_>, points: &Table) -> Result<String, String> {
    let mut page = page(identity);
    let mut kinds = vec![Kind::Capacity, Kind::Utilisation, Kind::Time, Kind::Cdf];
    if points.varied().len() >= 2 {
        kinds.insert(0, Kind::Map);
    }
    charts(&mut page, points, &kinds, identity.name)?;
    let mut columns = points.varied();
    let named = [
        "verdict",
        "pass_probability",
        "http_reqs_per_s",
        "http_req_duration_p95_ms",
        "http_req_failed_rate",
    ];
    columns.extend(named.iter().filter_map(|name| points.find(name)));
    let head: Vec<&str> = columns.iter().map(|c| points.header[*c].as_str()).collect();
    let rows: Vec<Vec<String>> = points
        .rows
        .iter()
        .take(MOST_ROWS)
        .map(|row| columns.iter().map(|c| short(&row[*c])).collect())
        .collect();
    page.section("Points", table(&head, &rows));
    Ok(close(page, identity))
}

/// The page of a search for capacity: the values tried, with the margin of the worst threshold.
///
/// # Errors
/// If the chart cannot be drawn.
pub fn of_capacity(
    identity: &Identity<'_>,
    question: &Question<'_>,
    answer: &Answer,
) -> Result<String, String> {
    let mut page = page(identity);
    page.section(
        "Answer",
        preformatted(&super::answers::capacity(question, answer, true)),
    );
    page.section("The search", chart_of(&search(question, answer))?);
    Ok(close(page, identity))
}

/// Margins against the value that was varied; below zero a threshold is crossed.
fn search(question: &Question<'_>, answer: &Answer) -> Figure {
    let margin = |t: &Tried| {
        let which = answer.critical;
        let mean = t.mean_margin(which);
        let runs: Vec<f64> = t.samples.iter().map(|s| 100.0 * s.margins[which]).collect();
        let interval = mean_interval(&runs, 0.95).map(|i| i.half_width);
        // How far beyond the limit an overload gets says little, and would flatten all else.
        let shown = (100.0 * mean).max(LOWEST);
        let interval = interval.map(|half| half.min(shown - LOWEST));
        (t.value, shown, interval)
    };
    let lines = Lines {
        series: vec![Series {
            name: format!(
                "margin of {}",
                answer.breaks.as_deref().unwrap_or("the nearest threshold")
            ),
            points: answer.tried.iter().map(margin).collect(),
            dots: true,
        }],
        limits: vec![("crossed below".to_owned(), 0.0)],
        mark: answer
            .estimate
            .map(|x| ("estimate of the limit".to_owned(), x)),
        stacked: false,
    };
    Figure {
        title: format!("Where {} breaks the first threshold", question.path),
        subtitle: format!("{} runs; bands are 95 % intervals of the mean", answer.runs),
        panels: vec![Panel {
            x_label: question.path.clone(),
            y_label: format!("margin to the limit [%], {LOWEST} and less"),
            content: Content::Lines(lines),
            ..Panel::default()
        }],
    }
}

fn short(cell: &str) -> String {
    cell.parse::<f64>().map_or_else(|_| cell.to_owned(), number)
}
