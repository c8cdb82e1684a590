//! Putting a figure on paper: layout, axes, curves and bars.

use plotters::coord::Shift;
use plotters::prelude::{
    Circle, DrawingArea, DrawingAreaErrorKind, DrawingBackend, IntoFont, PathElement, Polygon,
    RGBColor, Rectangle, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, ShapeStyle, TextStyle};

use super::axis::{Axis, label};
use super::figure::{Bars, Content, Figure, Lines, Panel, Series};
use super::{forest, map, scatter, tornado};
use crate::model::visible::visible;

/// Where to draw.
pub type Area<B> = DrawingArea<B, Shift>;
/// What drawing gives.
pub type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Okabe & Ito's colours, those that show on white.
pub const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];
/// Text and axes.
pub const INK: RGBColor = RGBColor(40, 40, 40);
/// Lines behind the data.
pub const GRID: RGBColor = RGBColor(225, 225, 225);
const LIMIT: RGBColor = RGBColor(0, 0, 0);
/// Size of most words, in pixels.
pub const SIZE: i32 = 14;

/// The rectangle that data may take.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Pixels.
    pub left: i32,
    /// Pixels.
    pub right: i32,
    /// Pixels.
    pub top: i32,
    /// Pixels.
    pub bottom: i32,
}

pub fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

/// Text with its anchor at a point.
pub fn write<B: DrawingBackend>(
    area: &Area<B>,
    text: &str,
    at: (i32, i32),
    size: i32,
    anchor: (HPos, VPos),
) -> Drawn<B> {
    let style = TextStyle::from(("sans-serif", size).into_font())
        .color(&INK)
        .pos(Pos::new(anchor.0, anchor.1));
    area.draw(&Text::new(visible(text).into_owned(), at, style))
}

fn write_upwards<B: DrawingBackend>(area: &Area<B>, text: &str, at: (i32, i32)) -> Drawn<B> {
    let font = ("sans-serif", SIZE).into_font();
    let style = TextStyle::from(font.transform(FontTransform::Rotate270))
        .color(&INK)
        .pos(Pos::new(HPos::Center, VPos::Top));
    area.draw(&Text::new(visible(text).into_owned(), at, style))
}

/// A line through points.
pub fn line<B: DrawingBackend>(
    area: &Area<B>,
    points: Vec<(i32, i32)>,
    style: impl Into<ShapeStyle>,
) -> Drawn<B> {
    area.draw(&PathElement::new(points, style))
}

/// A dashed line, with the length of its dashes in pixels.
pub fn dashes<B: DrawingBackend>(
    area: &Area<B>,
    from: (i32, i32),
    to: (i32, i32),
    on: i32,
) -> Drawn<B> {
    let length = (to.0 - from.0).abs().max((to.1 - from.1).abs());
    let along = |d: i32| {
        (
            from.0 + (to.0 - from.0) * d / length.max(1),
            from.1 + (to.1 - from.1) * d / length.max(1),
        )
    };
    let mut at = 0;
    while at < length {
        let end = (at + on).min(length);
        line(area, vec![along(at), along(end)], LIMIT.stroke_width(1))?;
        at += on + 4;
    }
    Ok(())
}

/// About how wide a text is, in pixels.
pub fn width(text: &str, size: i32) -> i32 {
    text.chars().count() as i32 * size * 58 / 100
}

/// The whole figure.
pub fn figure<B: DrawingBackend>(area: &Area<B>, figure: &Figure) -> Drawn<B> {
    area.fill(&RGBColor(255, 255, 255))?;
    write(area, &figure.title, (20, 12), 20, (HPos::Left, VPos::Top))?;
    let below = (20, 40);
    write(
        area,
        &figure.subtitle,
        below,
        SIZE - 1,
        (HPos::Left, VPos::Top),
    )?;
    let mut top = 64;
    for panel in &figure.panels {
        let bottom = top + panel.height as i32;
        self::panel(area, panel, top, bottom)?;
        top = bottom;
    }
    Ok(())
}

fn panel<B: DrawingBackend>(area: &Area<B>, panel: &Panel, top: i32, bottom: i32) -> Drawn<B> {
    let right = super::WIDTH as i32 - 24;
    let whole = Frame {
        left: 84,
        right,
        top: top + 8,
        bottom: bottom - 48,
    };
    match &panel.content {
        Content::Lines(lines) => self::lines(area, panel, lines, whole),
        Content::Bars(bars) => self::bars(area, panel, bars, whole),
        Content::Map(cells) => map::cells(area, panel, cells, whole),
        Content::Forest(content) => forest::marks(area, panel, content, whole),
        Content::Tornado(content) => tornado::bars(area, panel, content, whole),
        Content::Scatter(content) => scatter::points(area, panel, content, whole),
    }
}

/// A legend above the data, in as many rows as it needs; returns the frame that is left.
pub fn legend<B: DrawingBackend>(
    area: &Area<B>,
    entries: &[(String, Option<RGBColor>)],
    frame: Frame,
) -> Result<Frame, DrawingAreaErrorKind<B::ErrorType>> {
    if entries.is_empty() {
        return Ok(frame);
    }
    let (mut x, mut y) = (frame.left, frame.top + 8);
    for (name, colour) in entries {
        let wide = 40 + width(name, SIZE - 1);
        if x > frame.left && x + wide > frame.right {
            (x, y) = (frame.left, y + 20);
        }
        match colour {
            Some(colour) => {
                let shape = Rectangle::new([(x, y - 5), (x + 16, y + 5)], colour.filled());
                area.draw(&shape)?;
            }
            None => dashes(area, (x, y), (x + 18, y), 4)?,
        }
        let at = (x + 25, y);
        write(area, name, at, SIZE - 1, (HPos::Left, VPos::Center))?;
        x += wide;
    }
    Ok(Frame {
        top: y + 18,
        ..frame
    })
}

/// Axis labels and lines around a frame.
pub fn labels<B: DrawingBackend>(area: &Area<B>, panel: &Panel, frame: Frame) -> Drawn<B> {
    let middle = i32::midpoint(frame.left, frame.right);
    let at = (middle, frame.bottom + 26);
    write(area, &panel.x_label, at, SIZE, (HPos::Center, VPos::Top))?;
    let middle = i32::midpoint(frame.top, frame.bottom);
    write_upwards(area, &panel.y_label, (12, middle))
}

/// The vertical axis with its numbers and grid.
pub fn vertical<B: DrawingBackend>(area: &Area<B>, frame: Frame, axis: &Axis) -> Drawn<B> {
    for tick in axis.ticks() {
        let y = axis.at(tick);
        line(
            area,
            vec![(frame.left, y), (frame.right, y)],
            GRID.stroke_width(1),
        )?;
        let at = (frame.left - 6, y);
        write(
            area,
            &label(tick),
            at,
            SIZE - 2,
            (HPos::Right, VPos::Center),
        )?;
    }
    line(
        area,
        vec![(frame.left, frame.top), (frame.left, frame.bottom)],
        INK.stroke_width(1),
    )
}

/// The horizontal axis with its numbers.
pub fn horizontal<B: DrawingBackend>(area: &Area<B>, frame: Frame, axis: &Axis) -> Drawn<B> {
    for tick in axis.ticks() {
        let x = axis.at(tick);
        line(
            area,
            vec![(x, frame.bottom), (x, frame.bottom + 4)],
            INK.stroke_width(1),
        )?;
        let at = (x, frame.bottom + 8);
        write(area, &label(tick), at, SIZE - 2, (HPos::Center, VPos::Top))?;
    }
    line(
        area,
        vec![(frame.left, frame.bottom), (frame.right, frame.bottom)],
        INK.stroke_width(1),
    )
}

/// The values of each series as drawn: stacked ones upon those before.
fn heights(lines: &Lines) -> Vec<Vec<(f64, f64, f64)>> {
    let mut below: Vec<f64> = Vec::new();
    lines
        .series
        .iter()
        .map(|series| {
            below.resize(series.points.len().max(below.len()), 0.0);
            series
                .points
                .iter()
                .enumerate()
                .map(|(i, &(x, y, _))| {
                    let floor = if lines.stacked { below[i] } else { 0.0 };
                    below[i] = floor + y;
                    (x, floor, floor + y)
                })
                .collect()
        })
        .collect()
}

/// The smallest and the largest of finite values.
pub fn extremes(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        })
}

fn lines<B: DrawingBackend>(
    area: &Area<B>,
    panel: &Panel,
    lines: &Lines,
    frame: Frame,
) -> Drawn<B> {
    let mut entries: Vec<(String, Option<RGBColor>)> = Vec::new();
    for (i, series) in lines.series.iter().enumerate() {
        entries.push((series.name.clone(), Some(colour(i))));
    }
    entries.extend(lines.limits.iter().map(|(text, _)| (text.clone(), None)));
    let frame = legend(area, &entries, frame)?;
    let drawn = heights(lines);
    let (low, high) = extremes(drawn.iter().flatten().map(|p| p.0));
    // An axis that all but begins at zero begins there.
    let near_zero = !panel.x_log && low > 0.0 && low < high * 0.03;
    let low = if near_zero { 0.0 } else { low };
    let x = Axis::new(low, high, panel.x_log, false, frame.left, frame.right);
    let tops = drawn.iter().flatten().map(|p| p.2);
    let ends = lines.series.iter().flat_map(|s| &s.points);
    let ends = ends.map(|p| p.1 + p.2.unwrap_or(0.0));
    let limits = lines.limits.iter().map(|l| l.1);
    let (low, high) = extremes(tops.chain(ends).chain(limits).chain(panel.y_at_least));
    let floor = if panel.y_log { low } else { low.min(0.0) };
    let y = Axis::new(floor, high, panel.y_log, true, frame.bottom, frame.top);
    vertical(area, frame, &y)?;
    horizontal(area, frame, &x)?;
    labels(area, panel, frame)?;
    for (i, (series, drawn)) in lines.series.iter().zip(&drawn).enumerate() {
        curve(area, series, drawn, lines.stacked, colour(i), (&x, &y))?;
    }
    for (_, limit) in &lines.limits {
        let at = y.at(*limit);
        dashes(area, (frame.left, at), (frame.right, at), 7)?;
    }
    if let Some((text, value)) = &lines.mark
        && x.holds(*value)
    {
        let at = x.at(*value);
        dashes(area, (at, frame.top), (at, frame.bottom), 2)?;
        let (side, shift) = if at > i32::midpoint(frame.left, frame.right) {
            (HPos::Right, -6)
        } else {
            (HPos::Left, 6)
        };
        let place = (at + shift, frame.bottom - 8);
        write(area, text, place, SIZE - 1, (side, VPos::Bottom))?;
    }
    Ok(())
}

fn curve<B: DrawingBackend>(
    area: &Area<B>,
    series: &Series,
    drawn: &[(f64, f64, f64)],
    stacked: bool,
    colour: RGBColor,
    (x, y): (&Axis, &Axis),
) -> Drawn<B> {
    let band = |low: Vec<(i32, i32)>, high: Vec<(i32, i32)>, opacity: f64| {
        let mut edge = low;
        edge.extend(high.into_iter().rev());
        area.draw(&Polygon::new(edge, colour.mix(opacity).filled()))
    };
    if stacked {
        let low = drawn.iter().map(|p| (x.at(p.0), y.at(p.1))).collect();
        let high = drawn.iter().map(|p| (x.at(p.0), y.at(p.2))).collect();
        return band(low, high, 0.85);
    }
    if series.points.iter().any(|p| p.2.is_some()) {
        let edge = |sign: f64| {
            let points = series.points.iter();
            points
                .map(|p| (x.at(p.0), y.at(p.1 + sign * p.2.unwrap_or(0.0))))
                .collect()
        };
        band(edge(-1.0), edge(1.0), 0.2)?;
    }
    // A value that is missing leaves a gap.
    for run in drawn.split(|p| !p.2.is_finite()) {
        let points: Vec<(i32, i32)> = run.iter().map(|p| (x.at(p.0), y.at(p.2))).collect();
        if series.dots || points.len() == 1 {
            for at in &points {
                area.draw(&Circle::new(*at, 3, colour.filled()))?;
            }
        }
        if points.len() > 1 {
            line(area, points, colour.stroke_width(2))?;
        }
    }
    Ok(())
}

fn bars<B: DrawingBackend>(area: &Area<B>, panel: &Panel, bars: &Bars, frame: Frame) -> Drawn<B> {
    let entries: Vec<_> = bars
        .parts
        .iter()
        .enumerate()
        .map(|(i, (name, _))| (name.clone(), Some(colour(i))))
        .collect();
    let frame = legend(area, &entries, frame)?;
    let n = bars.labels.len().max(1);
    let sum = |bar: usize| bars.parts.iter().map(|p| p.1[bar]).sum::<f64>();
    let (_, high) = extremes((0..bars.labels.len()).map(sum));
    let y = Axis::new(0.0, high, false, true, frame.bottom, frame.top);
    vertical(area, frame, &y)?;
    labels(area, panel, frame)?;
    let slot = f64::from(frame.right - frame.left) / n as f64;
    let every = (width(
        bars.labels
            .iter()
            .map(String::as_str)
            .max_by_key(|l| l.len())
            .unwrap_or(""),
        SIZE - 2,
    ) + 8) as f64
        / slot;
    let every = every.ceil().max(1.0) as usize;
    for (bar, name) in bars.labels.iter().enumerate() {
        let left = f64::from(frame.left) + slot * (bar as f64 + 0.1);
        let right = (left + slot * 0.8).round() as i32;
        let left = left.round() as i32;
        let mut floor = 0.0;
        for (i, (_, values)) in bars.parts.iter().enumerate() {
            let (low, high) = (y.at(floor), y.at(floor + values[bar]));
            floor += values[bar];
            if low > high {
                let shape = Rectangle::new([(left, high), (right, low)], colour(i).filled());
                area.draw(&shape)?;
            }
        }
        if bar.is_multiple_of(every) {
            let at = (i32::midpoint(left, right), frame.bottom + 8);
            write(area, name, at, SIZE - 2, (HPos::Center, VPos::Top))?;
        }
    }
    line(
        area,
        vec![(frame.left, frame.bottom), (frame.right, frame.bottom)],
        INK.stroke_width(1),
    )
}
