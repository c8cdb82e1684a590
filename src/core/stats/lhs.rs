//! Latin hypercube: points that fill every one of n equal slices of every axis exactly once.
//!
//! McKay, Beckman & Conover (1979).

/// The largest float below 1.
const BELOW_ONE: f64 = 1.0 - f64::EPSILON / 2.0;

/// `points` points of the unit cube with this many dimensions.
///
/// Each call of `draw` must give a fresh number in 0 (included) to 1 (excluded); others are taken
/// as the nearest such number. Draws are used axis by axis: first a shuffle, then one a point.
pub fn latin_hypercube(
    points: usize,
    dimensions: usize,
    mut draw: impl FnMut() -> f64,
) -> Vec<Vec<f64>> {
    let mut cube = vec![vec![0.0; dimensions]; points];
    for axis in 0..dimensions {
        let slices = shuffled(points, &mut draw);
        for (point, slice) in cube.iter_mut().zip(slices) {
            point[axis] = unit((slice as f64 + unit(draw())) / points as f64);
        }
    }
    cube
}

/// The numbers below n in random order (Fisher & Yates; Durstenfeld 1964).
fn shuffled(n: usize, draw: &mut impl FnMut() -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        let chosen = (unit(draw()) * (last + 1) as f64) as usize;
        order.swap(last, chosen.min(last));
    }
    order
}

fn unit(draw: f64) -> f64 {
    // The comparison also sends NaN to 0.
    if draw > 0.0 { draw.min(BELOW_ONE) } else { 0.0 }
}
