//! Maps: which combinations of two values meet the thresholds. Cells carry a sign as well as a colour.

use plotters::prelude::{DrawingBackend, RGBColor, Rectangle};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::draw::{Area, Drawn, Frame, SIZE, labels, legend, width, write};
use super::figure::{Cell, Map, Panel};

fn look(cell: Cell) -> (RGBColor, &'static str) {
    match cell {
        Cell::Pass => (RGBColor(86, 180, 233), "✓"),
        Cell::Fail => (RGBColor(230, 140, 60), "✗"),
        Cell::Undecided => (RGBColor(235, 235, 235), "?"),
    }
}

/// All cells with their labels.
pub fn cells<B: DrawingBackend>(
    area: &Area<B>,
    panel: &Panel,
    map: &Map,
    frame: Frame,
) -> Drawn<B> {
    let entries = [
        ("✓ PASS", Cell::Pass),
        ("✗ FAIL", Cell::Fail),
        ("? UNDECIDED", Cell::Undecided),
    ]
    .map(|(text, cell)| (text.to_owned(), Some(look(cell).0)));
    let frame = legend(area, &entries, frame)?;
    labels(area, panel, frame)?;
    let (columns, rows) = (map.columns.len().max(1), map.rows.len().max(1));
    let wide = f64::from(frame.right - frame.left) / columns as f64;
    let high = f64::from(frame.bottom - frame.top) / rows as f64;
    let left = |c: usize| (f64::from(frame.left) + wide * c as f64).round() as i32;
    let bottom = |r: usize| (f64::from(frame.bottom) - high * r as f64).round() as i32;
    for (r, row) in map.cells.iter().enumerate() {
        for (c, cell) in row.iter().enumerate() {
            let Some(cell) = cell else { continue };
            let (colour, sign) = look(*cell);
            let corners = [
                (left(c) + 1, bottom(r + 1) + 1),
                (left(c + 1) - 1, bottom(r) - 1),
            ];
            area.draw(&Rectangle::new(corners, colour.filled()))?;
            if wide > 14.0 && high > 14.0 {
                let middle = (
                    i32::midpoint(corners[0].0, corners[1].0),
                    i32::midpoint(corners[0].1, corners[1].1),
                );
                write(area, sign, middle, SIZE, (HPos::Center, VPos::Center))?;
            }
        }
    }
    let longest = map
        .columns
        .iter()
        .map(|l| width(l, SIZE - 2))
        .max()
        .unwrap_or(0);
    let every = (f64::from(longest + 8) / wide).ceil().max(1.0) as usize;
    for (c, name) in map.columns.iter().enumerate().step_by(every) {
        let at = (i32::midpoint(left(c), left(c + 1)), frame.bottom + 8);
        write(area, name, at, SIZE - 2, (HPos::Center, VPos::Top))?;
    }
    let every = (f64::from(SIZE + 4) / high).ceil().max(1.0) as usize;
    for (r, name) in map.rows.iter().enumerate().step_by(every) {
        let at = (frame.left - 6, i32::midpoint(bottom(r), bottom(r + 1)));
        write(area, name, at, SIZE - 2, (HPos::Right, VPos::Center))?;
    }
    Ok(())
}
