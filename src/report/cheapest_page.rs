//! The page of a search for the cheapest design.

use super::answers;
use super::chart::figure::{Content, Figure, Lines, Panel, Series};
use super::page::preformatted;
use super::study_page::{Identity, LOWEST, chart_of, close, page};
use crate::stats::interval::mean_interval;
use crate::study::answers::cheapest::{Answer, Judged, Question};

/// The page: the answer, and cost against the tightest margin.
///
/// # Errors
/// If the chart cannot be drawn.
pub fn of_cheapest(
    identity: &Identity<'_>,
    question: &Question<'_>,
    answer: &Answer,
) -> Result<String, String> {
    let mut page = page(identity);
    let text = answers::cheapest(question, answer, true);
    page.section("Answer", preformatted(&text));
    page.section(
        "Cost against the tightest threshold",
        chart_of(&pareto(answer))?,
    );
    Ok(close(page, identity))
}

/// The designs that no other beats, and below zero what fails.
fn pareto(answer: &Answer) -> Figure {
    let point = |design: &Judged| {
        let (which, mean) = design.tried.worst();
        let samples = design.tried.samples.iter();
        let runs: Vec<f64> = samples.map(|s| 100.0 * s.margins[which]).collect();
        let half = mean_interval(&runs, 0.95).map(|i| i.half_width);
        // How far beyond the limit an overload gets says little, and would flatten all else.
        let shown = (100.0 * mean).max(LOWEST);
        let half = half.map(|half| half.min(shown - LOWEST));
        (design.cost, shown, half)
    };
    let front = answer.pareto();
    let lines = Lines {
        series: vec![Series {
            name: "no design tried is cheaper with a larger margin".to_owned(),
            points: front.iter().map(|at| point(&answer.judged[*at])).collect(),
            dots: true,
        }],
        limits: vec![("crossed below".to_owned(), 0.0)],
        mark: answer
            .cheapest
            .map(|at| ("cheapest that passes".to_owned(), answer.judged[at].cost)),
        stacked: false,
    };
    Figure {
        title: "What a larger margin costs".to_owned(),
        subtitle: format!(
            "{} runs of {} of {} designs; bands are 95 % intervals of the mean",
            answer.runs,
            answer.judged.len(),
            answer.designs
        ),
        panels: vec![Panel {
            x_label: format!("cost of a run [{}]", answer.currency),
            y_label: format!("margin of the tightest threshold [%], {LOWEST} and less"),
            content: Content::Lines(lines),
            ..Panel::default()
        }],
    }
}
