//! Panels of curves and of stacked bars.

use plotters::prelude::{Circle, DrawingBackend, Polygon, RGBColor, Rectangle};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::Axis;
use super::draw::{
    Area, Drawn, Frame, INK, SIZE, colour, dashes, extremes, horizontal, labels, legend, line,
    vertical, width, write,
};
use super::figure::{Bars, Lines, Panel, Series};

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

pub(super) fn lines<B: DrawingBackend>(
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

pub(super) fn bars<B: DrawingBackend>(
    area: &Area<B>,
    panel: &Panel,
    bars: &Bars,
    frame: Frame,
) -> Drawn<B> {
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
