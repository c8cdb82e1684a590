//! The page of a sensitivity study: a tornado chart for each number that a threshold compares.

use super::answers::explain::{compared, share};
use super::chart::figure::{Bar, Content, Figure, Panel, Tornado};
use super::chart::forest::{REST, ROW};
use super::chart::{self};
use super::page::{paragraph, picture, table};
use super::study_page::{Identity, close, page};
use crate::study::answers::explain::{Explanation, Lever};
use crate::study::fit::free::four_digits;

/// Most bars of a chart.
const MOST: usize = 15;

/// The page of a sensitivity study.
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_explanation(
    identity: &Identity<'_>,
    explanation: &Explanation,
) -> Result<String, String> {
    let mut page = page(identity);
    let rows: Vec<Vec<String>> = explanation
        .thresholds
        .iter()
        .zip(&explanation.base)
        .map(|(threshold, value)| vec![threshold.clone(), four_digits(*value).to_string()])
        .collect();
    let head = ["threshold", "the number it compares"];
    page.section("The model as it stands", table(&head, &rows));
    let mut pictures = String::new();
    for figure in tornados(explanation) {
        pictures += &picture(&chart::svg(&figure)?);
    }
    if pictures.is_empty() {
        pictures = paragraph("No parameter has an effect that can be told from chance.");
    }
    page.section("What matters most", pictures);
    page.section("All effects", effects(explanation));
    if !explanation.skipped.is_empty() {
        page.section("Left out", paragraph(&explanation.skipped.join("; ")));
    }
    Ok(close(page, identity))
}

fn effects(explanation: &Explanation) -> String {
    let mut head = vec!["parameter", "now", "lower", "higher"];
    head.extend(explanation.thresholds.iter().map(|t| compared(t)));
    let rows: Vec<Vec<String>> = explanation
        .levers
        .iter()
        .map(|lever| {
            let (low, high) = lever.tried.clone();
            let bare = |text: String| text.trim_matches('"').to_owned();
            let mut row = vec![lever.path.clone(), lever.now.clone(), bare(low), bare(high)];
            let each = lever.effects.iter();
            row.extend(each.map(|(down, up)| format!("{} / {}", share(*down), share(*up))));
            row
        })
        .collect();
    let note = "Change of the number that each threshold compares, with the lower / the higher value of \
                one parameter, the others as they are. What stands in brackets may be chance.";
    paragraph(note) + &table(&head, &rows)
}

/// One chart for each number that is moved by anything; thresholds on the same number share it.
fn tornados(explanation: &Explanation) -> Vec<Figure> {
    let mut seen: Vec<&str> = Vec::new();
    let mut figures = Vec::new();
    for (t, threshold) in explanation.thresholds.iter().enumerate() {
        let name = compared(threshold);
        if !seen.contains(&name) {
            seen.push(name);
            figures.extend(tornado(explanation, t, name));
        }
    }
    figures
}

fn tornado(explanation: &Explanation, t: usize, name: &str) -> Option<Figure> {
    let sure = |lever: &&Lever| {
        let (down, up) = lever.effects[t];
        let each = [down, up].into_iter().filter(|e| e.sure);
        each.map(|e| e.change.abs()).fold(0.0, f64::max)
    };
    let mut levers: Vec<&Lever> = explanation.levers.iter().collect();
    levers.retain(|lever| sure(lever) > 0.0);
    levers.sort_by(|a, b| sure(b).total_cmp(&sure(a)));
    levers.truncate(MOST);
    if levers.is_empty() {
        return None;
    }
    let bar = |lever: &&Lever| {
        let (down, up) = lever.effects[t];
        Bar {
            label: format!("{} = {}", lever.path, lever.now),
            effects: [down, up].map(|e| (100.0 * e.change, e.sure)),
        }
    };
    let by = four_digits(100.0 * explanation.share);
    let base = explanation.base[t];
    // Of nothing there is no share: the effect is the number itself.
    let x_label = if base == 0.0 {
        format!("{name} [hundredths]")
    } else {
        format!("change of {name} [%]")
    };
    Some(Figure {
        title: format!("What moves {name}"),
        subtitle: format!(
            "now {}; each parameter alone {by} % lower and higher, {} runs at each value",
            four_digits(base),
            explanation.replications
        ),
        panels: vec![Panel {
            height: REST + ROW * levers.len() as u32,
            x_label,
            content: Content::Tornado(Tornado {
                bars: levers.iter().map(bar).collect(),
                sides: [
                    format!("parameter {by} % lower"),
                    format!("parameter {by} % higher"),
                ],
            }),
            ..Panel::default()
        }],
    })
}
