//! Drawing a figure: layout, axes, curves and bars.

use plotters::coord::Shift;
use plotters::prelude::{
    DrawingArea, DrawingAreaErrorKind, DrawingBackend, IntoFont, PathElement, RGBColor, Rectangle,
    Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, ShapeStyle, TextStyle};

use super::axis::{Axis, label};
use super::figure::{Content, Figure, Panel};
use super::{curves, forest, map, scatter, tornado};
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
        Content::Lines(lines) => curves::lines(area, panel, lines, whole),
        Content::Bars(bars) => curves::bars(area, panel, bars, whole),
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

/// The smallest and the largest of finite values.
pub fn extremes(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        })
}
