//! The page of a sensitivity study: a tornado chart for each number that a threshold compares.

use super::answers::explain::{base, compared, pair, tried};
use super::bottleneck::bottleneck;
use super::chart::figure::{Bar, Content, Figure, Panel, Tornado};
use super::chart::forest::{REST, ROW};
use super::chart::{self};
use super::page::{paragraph, picture, table};
use super::study_page::{Identity, close, page};
use crate::study::answers::explain::{Explanation, Lever};
use crate::study::fit::free::four_digits;

/// Most bars of a chart.
const MAX_BARS: usize = 15;
/// Bars shorter than this share of the longest are left out.
const LEAST: f64 = 0.005;

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
        .enumerate()
        .map(|(t, threshold)| vec![threshold.clone(), base(explanation, t)])
        .collect();
    let head = ["threshold", "the number it compares"];
    let limits = paragraph(&bottleneck(&explanation.account));
    page.section("The model as it stands", table(&head, &rows) + &limits);
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
            let (low, high) = (tried(&lever.tried.0), tried(&lever.tried.1));
            let mut row = vec![lever.path.clone(), lever.now.clone(), low, high];
            row.extend((0..explanation.thresholds.len()).map(|t| pair(lever, t)));
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
    let most = levers.iter().map(&sure).fold(0.0, f64::max);
    levers.retain(|lever| sure(lever) > LEAST * most);
    levers.sort_by(|a, b| sure(b).total_cmp(&sure(a)));
    levers.truncate(MAX_BARS);
    if levers.is_empty() {
        return None;
    }
    let bar = |lever: &&Lever| {
        let (down, up) = lever.effects[t];
        Bar {
            label: labelled(lever, explanation.share),
            effects: [down, up].map(|e| (100.0 * e.change, e.sure)),
        }
    };
    let by = four_digits(100.0 * explanation.share);
    // Of nothing there is no share: the effect is the number itself.
    let x_label = if explanation.base[t] == 0.0 {
        format!("{name} [hundredths]")
    } else {
        format!("change of {name} [%]")
    };
    Some(Figure {
        title: format!("What moves {name}"),
        subtitle: format!(
            "now {}; each parameter alone {by} % lower and higher, {} runs at each value",
            base(explanation, t),
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

/// A parameter with its value; and the values tried where they are farther away than asked for, as
/// those of small whole numbers are.
fn labelled(lever: &Lever, share: f64) -> String {
    let number = |text: &str| text.replace('_', "").parse::<f64>().ok();
    let (low, high) = &lever.tried;
    let far = match (number(&lever.now), number(low)) {
        (Some(now), Some(low)) => (1.0 - low / now - share).abs() > 0.01,
        _ => false,
    };
    // Nested visits make paths long; the table below has them whole.
    let path = lever.path.replace(".visits[", "[");
    if far {
        format!("{path} = {} ({low} / {high})", lever.now)
    } else {
        format!("{path} = {}", lever.now)
    }
}
