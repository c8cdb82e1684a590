//! Tornado charts: what each parameter does when it is lower and when it is higher.

use plotters::prelude::{DrawingBackend, RGBColor, Rectangle};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::Axis;
use super::draw::{Area, COLOURS, Drawn, Frame, SIZE, extremes, legend, write};
use super::figure::{Panel, Tornado};
use super::forest::{beside, fitting, ground, middle};

/// Opacity of a bar that may be chance.
const PALE: f64 = 0.3;
/// Half the height of a bar, in pixels.
const HALF: i32 = 7;

/// A colour as it looks where it is pale, on white.
fn pale(colour: RGBColor) -> RGBColor {
    let mix = |c: u8| (255.0 + (f64::from(c) - 255.0) * PALE).round() as u8;
    RGBColor(mix(colour.0), mix(colour.1), mix(colour.2))
}

/// All bars. Effects to the same side share the height of the row.
pub fn bars<B: DrawingBackend>(
    area: &Area<B>,
    panel: &Panel,
    tornado: &Tornado,
    frame: Frame,
) -> Drawn<B> {
    let colours = [COLOURS[5], COLOURS[1]];
    let [lower, higher] = &tornado.sides;
    let mut entries = vec![
        (lower.clone(), Some(colours[0])),
        (higher.clone(), Some(colours[1])),
    ];
    let effects = || tornado.bars.iter().flat_map(|b| b.effects);
    let most = effects().map(|e| e.0.abs()).fold(0.0, f64::max);
    if effects().any(|(value, sure)| !sure && value.abs() > 0.005 * most) {
        entries.push(("pale: may be chance".to_owned(), Some(pale(colours[1]))));
    }
    let frame = legend(area, &entries, Frame { left: 20, ..frame })?;
    let frame = beside(frame, tornado.bars.iter().map(|b| fitting(&b.label)));
    let (low, high) = extremes(effects().map(|e| e.0).chain([-1.0, 1.0]));
    let axis = Axis::new(low, high, false, true, frame.left, frame.right);
    ground(area, panel, frame, &axis)?;
    for (row, bar) in tornado.bars.iter().enumerate() {
        let y = middle(frame, tornado.bars.len(), row);
        let at = (frame.left - 8, y);
        let name = fitting(&bar.label);
        write(area, &name, at, SIZE - 2, (HPos::Right, VPos::Center))?;
        let same_side = bar.effects[0].0 * bar.effects[1].0 > 0.0;
        for (side, (value, sure)) in bar.effects.into_iter().enumerate() {
            let (top, bottom) = match (same_side, side) {
                (false, _) => (y - HALF, y + HALF),
                (true, 0) => (y - HALF, y),
                (true, _) => (y, y + HALF),
            };
            let (from, to) = (axis.at(0.0), axis.at(value));
            let own = colours[side];
            let style = if sure { own } else { pale(own) }.filled();
            let corners = [(from.min(to), top), (from.max(to), bottom)];
            area.draw(&Rectangle::new(corners, style))?;
        }
    }
    Ok(())
}
