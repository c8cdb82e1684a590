//! Forest plots: values with intervals, one a row, around zero.

use plotters::prelude::{Circle, DrawingBackend, RGBColor, Rectangle};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{Axis, label};
use super::draw::{
    Area, COLOURS, Drawn, Frame, GRID, INK, SIZE, extremes, horizontal, labels, legend, line,
    width, write,
};
use super::figure::{Forest, Mark, Panel, Tone};

/// Pixels of a row.
pub const ROW: u32 = 24;
/// Pixels of all that is not rows.
pub const REST: u32 = 100;
/// Longest label, in letters.
const LONGEST: usize = 58;
/// The band of what does not matter.
const BAND: RGBColor = RGBColor(238, 238, 238);

fn colour(tone: Tone) -> RGBColor {
    match tone {
        Tone::Good => COLOURS[0],
        Tone::Bad => COLOURS[1],
        Tone::Plain => COLOURS[2],
        Tone::Faint => COLOURS[6],
    }
}

/// A label that fits: the middle of a long one is left out.
pub fn fitting(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= LONGEST {
        return text.to_owned();
    }
    let half = (LONGEST - 1) / 2;
    let head: String = letters[..half].iter().collect();
    let tail: String = letters[letters.len() - half..].iter().collect();
    format!("{head}…{tail}")
}

/// The frame right of the labels.
pub fn beside(frame: Frame, names: impl Iterator<Item = String>) -> Frame {
    let longest = names.map(|n| width(&n, SIZE - 2)).max().unwrap_or(0);
    Frame {
        left: 20 + longest + 12,
        right: frame.right - 8,
        ..frame
    }
}

/// The vertical middle of a row.
pub fn middle(frame: Frame, rows: usize, row: usize) -> i32 {
    let high = f64::from(frame.bottom - frame.top) / rows.max(1) as f64;
    (f64::from(frame.top) + high * (row as f64 + 0.5)).round() as i32
}

/// The numbers at the bottom, grid lines and the label.
pub fn ground<B: DrawingBackend>(
    area: &Area<B>,
    panel: &Panel,
    frame: Frame,
    axis: &Axis,
) -> Drawn<B> {
    for tick in axis.ticks() {
        let x = axis.at(tick);
        let (style, top) = (GRID.stroke_width(1), frame.top);
        line(area, vec![(x, top), (x, frame.bottom)], style)?;
    }
    let zero = axis.at(0.0);
    let style = INK.stroke_width(1);
    line(area, vec![(zero, frame.top), (zero, frame.bottom)], style)?;
    horizontal(area, frame, axis)?;
    labels(area, panel, frame)
}

/// All rows.
pub fn marks<B: DrawingBackend>(
    area: &Area<B>,
    panel: &Panel,
    forest: &Forest,
    frame: Frame,
) -> Drawn<B> {
    let shown = |tone: Tone| forest.marks.iter().any(|m| m.tone == tone);
    let mut entries: Vec<(String, Option<RGBColor>)> = Vec::new();
    for (tone, text) in forest.tones.iter().filter(|(tone, _)| shown(*tone)) {
        entries.push((text.clone(), Some(colour(*tone))));
    }
    if let Some((_, text)) = &forest.band {
        entries.push((text.clone(), Some(BAND)));
    }
    let frame = legend(area, &entries, Frame { left: 20, ..frame })?;
    let frame = beside(frame, forest.marks.iter().map(|m| fitting(&m.label)));
    let band = forest.band.as_ref().map_or(0.0, |b| b.0);
    let within = |v: f64| v.clamp(-forest.most, forest.most);
    let ends = forest
        .marks
        .iter()
        .flat_map(|m| [m.interval.0, m.interval.1]);
    let (low, high) = extremes(ends.map(within).chain([-1.5 * band, 1.5 * band, 0.0]));
    let axis = Axis::new(low, high, false, true, frame.left, frame.right);
    if band > 0.0 {
        let corners = [(axis.at(-band), frame.top), (axis.at(band), frame.bottom)];
        area.draw(&Rectangle::new(corners, BAND.filled()))?;
    }
    ground(area, panel, frame, &axis)?;
    for (row, mark) in forest.marks.iter().enumerate() {
        let y = middle(frame, forest.marks.len(), row);
        let at = (frame.left - 8, y);
        let name = fitting(&mark.label);
        write(area, &name, at, SIZE - 2, (HPos::Right, VPos::Center))?;
        one(area, mark, &axis, y)?;
    }
    Ok(())
}

fn one<B: DrawingBackend>(area: &Area<B>, mark: &Mark, axis: &Axis, y: i32) -> Drawn<B> {
    let colour = colour(mark.tone);
    let x = axis.at(mark.value);
    area.draw(&Circle::new((x, y), 4, colour.filled()))?;
    if !axis.holds(mark.value) {
        let text = format!("{} %", label(mark.value.round()));
        let (shift, side) = if mark.value > 0.0 {
            (-10, HPos::Right)
        } else {
            (10, HPos::Left)
        };
        return write(area, &text, (x + shift, y), SIZE - 2, (side, VPos::Center));
    }
    let (low, high) = (axis.at(mark.interval.0), axis.at(mark.interval.1));
    line(area, vec![(low, y), (high, y)], colour.stroke_width(2))?;
    // An interval that goes on beyond the edge has no end there.
    let ends = [(mark.interval.0, low), (mark.interval.1, high)];
    for (_, end) in ends.into_iter().filter(|(value, _)| axis.holds(*value)) {
        line(
            area,
            vec![(end, y - 4), (end, y + 4)],
            colour.stroke_width(2),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_labels_keep_both_ends() {
        assert_eq!(fitting("short"), "short");
        let long = format!("endpoints.{}.mean", "x".repeat(90));
        let text = fitting(&long);
        assert!(
            text.starts_with("endpoints.") && text.ends_with(".mean"),
            "{text}"
        );
        assert_eq!(text.chars().count(), 57);
    }
}
