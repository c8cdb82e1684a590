//! Two numbers that should be equal, such as measured and fitted: points about a diagonal.

use plotters::prelude::{Circle, DrawingBackend};
use plotters::style::Color;

use super::axis::Axis;
use super::draw::{
    Area, Drawn, Frame, colour, dashes, extremes, horizontal, labels, legend, vertical,
};
use super::figure::{Panel, Scatter};

/// All points, and the line on which they would lie; both axes alike and logarithmic.
pub fn points<B: DrawingBackend>(
    area: &Area<B>,
    panel: &Panel,
    scatter: &Scatter,
    frame: Frame,
) -> Drawn<B> {
    let mut entries: Vec<_> = scatter
        .groups
        .iter()
        .enumerate()
        .map(|(i, (name, _))| (name.clone(), Some(colour(i))))
        .collect();
    entries.push(("equal".to_owned(), None));
    let frame = legend(area, &entries, frame)?;
    let all = scatter.groups.iter().flat_map(|g| &g.1);
    let (low, high) = extremes(all.flat_map(|p| [p.0, p.1]).filter(|v| *v > 0.0));
    let axis = |from, to| Axis::new(low * 0.8, high * 1.25, true, false, from, to);
    let (x, y) = (axis(frame.left, frame.right), axis(frame.bottom, frame.top));
    vertical(area, frame, &y)?;
    horizontal(area, frame, &x)?;
    labels(area, panel, frame)?;
    dashes(
        area,
        (frame.left, frame.bottom),
        (frame.right, frame.top),
        7,
    )?;
    for (i, (_, points)) in scatter.groups.iter().enumerate() {
        for (across, up) in points.iter().filter(|p| p.0 > 0.0 && p.1 > 0.0) {
            let at = (x.at(*across), y.at(*up));
            area.draw(&Circle::new(at, 4, colour(i).mix(0.8).filled()))?;
        }
    }
    Ok(())
}
