//! Charts of curves that can be read off in a browser: uPlot draws them from data that stand in the page, over the
//! picture that is there for paper and for readers without JavaScript.

use serde::Serialize;

use super::chart::figure::{Content, Figure, Lines, Panel};
use super::page::picture;

/// x, y, half-width of its interval.
type Point = (f64, f64, Option<f64>);

/// uPlot 1.6.32 (MIT, Leon Sorokin), as k6's own dashboard uses it.
const LIBRARY: &str = include_str!("../../assets/uplot/uPlot.iife.min.js");
const LIBRARY_STYLE: &str = include_str!("../../assets/uplot/uPlot.min.css");
const SCRIPT: &str = include_str!("../../assets/charts.js");
const STYLE: &str = ".live{padding:.75rem;color:#1c1c1c;font-size:.85rem}.live p{margin:.25rem 0;color:#5c5c5c}\
.live .u-legend{text-align:left;overflow-wrap:anywhere}.live .u-inline *{max-width:100%}\
.live .u-legend th,.live .u-legend td{white-space:normal;border:0;padding:.25rem;text-align:left}\
.live .u-legend .u-label{display:inline}.chart.on>svg{display:none}\
@media print{.chart.on>svg{display:block}.live{display:none}}";

/// What the script reads of a figure.
#[derive(Serialize)]
struct Chart<'f> {
    title: &'f str,
    subtitle: &'f str,
    panels: Vec<Plot<'f>>,
}

#[derive(Serialize)]
struct Plot<'f> {
    height: u32,
    x_label: &'f str,
    y_label: &'f str,
    x_log: bool,
    y_log: bool,
    y_at_least: Option<f64>,
    stacked: bool,
    limits: &'f [(String, f64)],
    mark: Option<&'f (String, f64)>,
    series: Vec<Curve<'f>>,
    /// The values of x, then those of each curve; `null` where a curve has none.
    data: Vec<Vec<Option<f64>>>,
}

#[derive(Serialize)]
struct Curve<'f> {
    name: &'f str,
    dots: bool,
    half: Option<Vec<Option<f64>>>,
}

/// A figure for a page: a picture, and where all of it are curves, what a browser draws instead.
///
/// # Errors
/// If the data cannot be written as JSON: why.
pub fn figure(figure: &Figure, svg: &str) -> Result<String, String> {
    let picture = picture(svg);
    let panels: Option<Vec<Plot>> = figure.panels.iter().map(plot).collect();
    let Some(panels) = panels else {
        return Ok(picture);
    };
    let chart = Chart {
        title: &figure.title,
        subtitle: &figure.subtitle,
        panels,
    };
    let data = serde_json::to_string(&chart).map_err(|why| why.to_string())?;
    // Nothing in the data can end the element that they stand in.
    let data = data.replace('<', "\\u003c");
    let inner = picture.trim_start_matches("<figure>");
    Ok(format!(
        "<figure class=\"chart\"><script type=\"application/json\">{data}</script>{inner}"
    ))
}

/// What a page with such a chart has in its head, and at the end of its body.
#[must_use]
pub fn library() -> (String, String) {
    let head = format!("<style>{LIBRARY_STYLE}{STYLE}</style>\n");
    (head, format!("<script>{LIBRARY}\n{SCRIPT}</script>\n"))
}

fn plot(panel: &Panel) -> Option<Plot<'_>> {
    let Content::Lines(lines) = &panel.content else {
        return None;
    };
    let xs = all_x(lines);
    let of = |get: fn(&Point) -> Option<f64>, at: usize| {
        // Points stand from left to right, as do the values of x.
        let mut points = lines.series[at].points.iter().peekable();
        let value = |x: &f64| points.next_if(|p| p.0 == *x).and_then(get);
        xs.iter().map(value).collect::<Vec<_>>()
    };
    let mut data = vec![xs.iter().copied().map(Some).collect()];
    let mut series = Vec::new();
    for (at, curve) in lines.series.iter().enumerate() {
        data.push(of(|p| Some(p.1), at));
        let half = curve.points.iter().any(|p| p.2.is_some());
        series.push(Curve {
            name: &curve.name,
            dots: curve.dots,
            half: half.then(|| of(|p| p.2, at)),
        });
    }
    Some(Plot {
        height: panel.height,
        x_label: &panel.x_label,
        y_label: &panel.y_label,
        x_log: panel.x_log,
        y_log: panel.y_log,
        y_at_least: panel.y_at_least,
        stacked: lines.stacked,
        limits: &lines.limits,
        mark: lines.mark.as_ref(),
        series,
        data,
    })
}

/// Every x of a panel, once, from left to right.
fn all_x(lines: &Lines) -> Vec<f64> {
    let points = lines.series.iter().flat_map(|s| &s.points);
    let mut xs: Vec<f64> = points.map(|p| p.0).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    xs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chart::figure::Series;

    fn curve(name: &str, points: &[(f64, f64)]) -> Series {
        Series {
            name: name.into(),
            points: points.iter().map(|p| (p.0, p.1, None)).collect(),
            dots: false,
        }
    }

    #[test]
    fn curves_share_their_x_and_have_gaps() {
        let lines = Lines {
            series: vec![
                curve("a", &[(0.0, 1.0), (2.0, 3.0)]),
                curve("b</script>", &[(1.0, 5.0), (2.0, 6.0)]),
            ],
            limits: vec![("limit".into(), 4.0)],
            ..Lines::default()
        };
        let panel = Panel {
            content: Content::Lines(lines),
            ..Panel::default()
        };
        let drawn = Figure {
            panels: vec![panel],
            ..Figure::default()
        };
        let html = figure(&drawn, "<svg></svg>").unwrap();
        assert!(
            html.contains("\"data\":[[0.0,1.0,2.0],[1.0,null,3.0],[null,5.0,6.0]]"),
            "{html}"
        );
        assert!(html.contains("\"limits\":[[\"limit\",4.0]]"), "{html}");
        assert_eq!(html.matches("</script>").count(), 1, "{html}");
        assert!(html.ends_with("<svg></svg></figure>"), "{html}");
    }
}
