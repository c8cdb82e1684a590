//! The page of a fit: measured against model, the errors, the parameters with their intervals.

use super::chart::figure::{Content, Figure, Forest, Mark, Panel, Scatter, Tone};
use super::chart::forest::{REST, ROW};
use super::chart::{self};
use super::fit::{is_time, knee, number};
use super::page::{paragraph, picture, preformatted, table};
use super::readable;
use super::study_page::{Identity, close, page};
use crate::study::fit::distance::Target;
use crate::study::fit::knee::Knee;
use crate::study::fit::quality::{Quality, error};
use crate::study::fit::{Case, Fit};

/// Errors of this percentage are usual in a fit.
const FAIR: f64 = 10.0;
/// Values farther away than this percentage stand at the edge.
const EDGE: f64 = 100.0;

/// One measured run and what the model makes of it.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// `fitted to` or `predicted`.
    pub role: &'static str,
    /// The run.
    pub case: &'a Case,
    /// Simulated numbers.
    pub values: Vec<f64>,
    /// Variance of their logarithm from run to run.
    pub variances: Vec<f64>,
}

/// One number of a run.
struct Number<'a> {
    name: String,
    target: &'a Target,
    model: f64,
    spread: f64,
}

impl<'a> Run<'a> {
    /// One run.
    #[must_use]
    pub fn new(role: &'static str, case: &'a Case, values: &[f64], variances: &[f64]) -> Run<'a> {
        Run {
            role,
            case,
            values: values.to_vec(),
            variances: variances.to_vec(),
        }
    }

    fn numbers(&self) -> impl Iterator<Item = Number<'_>> {
        let simulated = self.values.iter().zip(&self.variances);
        let all = self.case.targets.iter().zip(simulated);
        all.map(|(target, (model, variance))| Number {
            name: format!("{} {}", target.reading.metric, target.reading.stat),
            target,
            model: *model,
            spread: variance.sqrt(),
        })
    }

    fn title(&self) -> String {
        format!("{} {} ({})", self.role, self.case.name, self.case.load)
    }
}

/// The page of a fit; `at` is the knee, if it has one.
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_fit(
    identity: &Identity<'_>,
    fit: &Fit<'_>,
    quality: &Quality,
    at: Option<&Knee>,
    runs: &[Run<'_>],
) -> Result<String, String> {
    let mut page = page(identity);
    let words = super::fit::parameters(fit, quality) + &at.map_or(String::new(), knee);
    page.section("Parameters", preformatted(&words));
    if !fit.free.is_empty() {
        let picture = picture(&chart::svg(&intervals(fit, quality))?);
        page.section("Intervals", picture + &parameters(fit, quality));
    }
    page.section("Measured and model", picture(&chart::svg(&against(runs))?));
    let mut errors = String::new();
    for run in runs {
        errors += &picture(&chart::svg(&residuals(run))?);
    }
    page.section("Errors", errors);
    for run in runs {
        page.section(&run.title(), numbers(run));
    }
    Ok(close(page, identity))
}

fn parameters(fit: &Fit<'_>, quality: &Quality) -> String {
    let rows: Vec<Vec<String>> = fit
        .free
        .iter()
        .zip(&quality.parameters)
        .map(|(free, p)| {
            let word = match (p.determined, p.at_bound) {
                (false, _) => "not determined by the data",
                (true, true) => "at its bound",
                (true, false) => "determined",
            };
            vec![
                free.name.clone(),
                free.shown(p.value),
                free.shown(p.interval.0),
                free.shown(p.interval.1),
                word.to_owned(),
            ]
        })
        .collect();
    let head = ["parameter", "fitted", "95 % from", "to", ""];
    table(&head, &rows)
}

/// Each parameter's interval relative to its value.
fn intervals(fit: &Fit<'_>, quality: &Quality) -> Figure {
    let marks: Vec<Mark> = fit
        .free
        .iter()
        .zip(&quality.parameters)
        .map(|(free, p)| {
            let relative = |v: f64| 100.0 * (v / p.value - 1.0);
            Mark {
                label: format!("{} = {}", free.name, free.shown(p.value)),
                value: 0.0,
                interval: (relative(p.interval.0), relative(p.interval.1)),
                tone: if p.determined { Tone::Good } else { Tone::Bad },
            }
        })
        .collect();
    Figure {
        title: "How well the data determine the parameters".to_owned(),
        subtitle: "about 95 %, relative to the fitted value".to_owned(),
        panels: vec![Panel {
            height: REST + ROW * marks.len().max(2) as u32,
            x_label: "distance from the fitted value [%]".to_owned(),
            content: Content::Forest(Forest {
                marks,
                tones: vec![
                    (Tone::Good, "determined".to_owned()),
                    (Tone::Bad, "not determined by the data".to_owned()),
                ],
                band: None,
                most: EDGE,
            }),
            ..Panel::default()
        }],
    }
}

/// Measured against model, times and other numbers apart; each run has a colour while there are few.
fn against(runs: &[Run<'_>]) -> Figure {
    let few = runs.len() <= 6;
    let groups = |times: bool| {
        let mut groups: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
        for run in runs {
            let name = if few {
                run.title()
            } else {
                run.role.to_owned()
            };
            let own = run.numbers().filter(|n| is_time(n.target) == times);
            let points = own.map(|n| (n.target.reading.value, n.model));
            match groups.iter_mut().find(|g| g.0 == name) {
                Some(group) => group.1.extend(points),
                None => groups.push((name, points.collect())),
            }
        }
        groups
    };
    let kinds = [(true, "time [ms]"), (false, "count, rate or share")];
    let panels = kinds.into_iter().filter_map(|(times, what)| {
        let groups = groups(times);
        let positive = |p: &(f64, f64)| p.0 > 0.0 && p.1 > 0.0;
        let any = groups.iter().any(|g| g.1.iter().any(positive));
        any.then(|| Panel {
            height: 380,
            x_label: format!("measured {what}, logarithmic"),
            y_label: format!("model: {what}"),
            content: Content::Scatter(Scatter { groups }),
            ..Panel::default()
        })
    });
    Figure {
        title: "Measured against model".to_owned(),
        subtitle: "every number of every run; on the dashed line they are equal".to_owned(),
        panels: panels.collect(),
    }
}

/// The relative error of each number of a run, and the chance in one run.
fn residuals(run: &Run<'_>) -> Figure {
    let marks: Vec<Mark> = run
        .numbers()
        .filter(|n| error(n.target, n.model).is_finite())
        .map(|n| {
            let value = 100.0 * error(n.target, n.model);
            let chance = 100.0 * n.spread;
            Mark {
                label: n.name,
                value,
                interval: (value - chance, value + chance),
                tone: match (n.target.scale.is_some(), value.abs() <= FAIR) {
                    (false, _) => Tone::Faint,
                    (true, true) => Tone::Good,
                    (true, false) => Tone::Bad,
                },
            }
        })
        .collect();
    Figure {
        title: run.title(),
        subtitle: "(model - measured) / measured; bars are one standard deviation of a single run"
            .to_owned(),
        panels: vec![Panel {
            height: REST + ROW * marks.len().max(2) as u32,
            x_label: "error [%]".to_owned(),
            content: Content::Forest(Forest {
                marks,
                tones: vec![
                    (Tone::Good, format!("within {FAIR} %")),
                    (Tone::Bad, format!("beyond {FAIR} %")),
                    (Tone::Faint, "not counted in the fit".to_owned()),
                ],
                band: Some((FAIR, format!("± {FAIR} %"))),
                most: EDGE,
            }),
            ..Panel::default()
        }],
    }
}

fn numbers(run: &Run<'_>) -> String {
    let rows: Vec<Vec<String>> = run
        .numbers()
        .map(|n| {
            let time = is_time(n.target);
            let apart = readable::error(error(n.target, n.model));
            vec![
                n.name,
                number(n.target.reading.value, time),
                number(n.model, time),
                apart,
                format!("± {}", readable::spread(n.spread)),
            ]
        })
        .collect();
    let head = ["number", "measured", "model", "error", "chance in one run"];
    let mut html = table(&head, &rows);
    if !run.case.unknown.is_empty() {
        let unknown = run.case.unknown.join(", ");
        html += &paragraph(&format!("Not in the model: {unknown}"));
    }
    html
}
