//! Tables of the ziggurat method: G. Marsaglia, W. W. Tsang, "The Ziggurat Method for Generating
//! Random Variables", J. Statistical Software 5(8), 2000.
//!
//! A decreasing density is covered by 256 layers of equal area. Layer 0 is the base strip with the
//! tail; its edge is the width of a rectangle of that area. Computed with `libm` alone, so the bits
//! are the same on every platform.

use std::fmt;
use std::sync::LazyLock;

/// Number of layers: eight random bits choose one.
pub(super) const LAYERS: usize = 256;

/// Where the exponential density's tail begins (Marsaglia and Tsang 2000, table for 256 layers).
pub(super) const EXPONENTIAL_TAIL: f64 = 7.697_117_470_131_05;

/// Where the normal density's tail begins with 256 layers. Solved from the condition that the
/// uppermost layer ends at the density's peak; a test holds it.
pub(super) const NORMAL_TAIL: f64 = 3.654_152_885_361_009;

/// Layers under a decreasing density `f` with `f(0) = 1`.
#[derive(Clone)]
pub(super) struct Ziggurat {
    /// Right edge of each layer, falling from the base strip's to zero.
    pub edge: [f64; LAYERS + 1],
    /// Density at each edge.
    pub height: [f64; LAYERS + 1],
}

/// For the exponential density with mean 1.
pub(super) static EXPONENTIAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    let r = EXPONENTIAL_TAIL;
    let tail_area = libm::exp(-r);
    Ziggurat::new(r, tail_area, exponential_density, |y| -libm::log(y))
});

/// For the positive half of the normal density, scaled to a peak of 1.
pub(super) static NORMAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    let r = NORMAL_TAIL;
    let tail_area =
        (std::f64::consts::PI / 2.0).sqrt() * libm::erfc(r * std::f64::consts::FRAC_1_SQRT_2);
    Ziggurat::new(r, tail_area, normal_density, |y| {
        (-2.0 * libm::log(y)).sqrt()
    })
});

/// `exp(-x)`.
pub(super) fn exponential_density(x: f64) -> f64 {
    libm::exp(-x)
}

/// `exp(-x²/2)`: the normal density with its peak scaled to 1.
pub(super) fn normal_density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x)
}

impl Ziggurat {
    fn new(
        tail: f64,
        tail_area: f64,
        density: fn(f64) -> f64,
        inverse: fn(f64) -> f64,
    ) -> Ziggurat {
        let area = tail * density(tail) + tail_area;
        let mut edge = [0.0; LAYERS + 1];
        let mut height = [1.0; LAYERS + 1];
        edge[0] = area / density(tail);
        height[0] = 0.0;
        edge[1] = tail;
        height[1] = density(tail);
        for layer in 1..LAYERS - 1 {
            height[layer + 1] = height[layer] + area / edge[layer];
            edge[layer + 1] = inverse(height[layer + 1]);
        }
        // The last edge is the peak: zero, with height one, as initialised.
        Ziggurat { edge, height }
    }

    /// A height within a layer: at this share of the way from its lower to its upper side.
    #[inline]
    pub fn height_within(&self, layer: usize, share: f64) -> f64 {
        let low = self.height[layer];
        low + (self.height[layer + 1] - low) * share
    }

    /// Whether a point of a layer beside its rectangle, given by its distance from the peak and by the share of
    /// its height within the layer, lies under the exponential density.
    ///
    /// That is convex, so that it lies below its chord through the layer and above its tangents: nearly always they
    /// tell, and the density itself is not needed.
    #[inline]
    pub fn is_under_exponential(&self, layer: usize, x: f64, share: f64) -> bool {
        let height = self.height_within(layer, share);
        self.is_surely_under_exponential(layer, x, height)
            .unwrap_or_else(|| height < exponential_density(x))
    }

    #[inline]
    fn is_surely_under_exponential(&self, layer: usize, x: f64, height: f64) -> Option<bool> {
        // Far more than all that was rounded.
        const MARGIN: f64 = 1e-9;
        let (low, high) = (self.height[layer], self.height[layer + 1]);
        let (right, left) = (self.edge[layer], self.edge[layer + 1]);
        let chord = low + (high - low) * ((right - x) / (right - left));
        if height > chord * (1.0 + MARGIN) {
            return Some(false);
        }
        // At the layer's right side the density falls as steeply as it is high.
        let tangent = low + low * (right - x);
        (height < tangent * (1.0 - MARGIN)).then_some(true)
    }
}

impl fmt::Debug for Ziggurat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ziggurat").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chord_and_tangent_tell_what_the_density_tells() {
        let mut random = crate::engine::stream::Stream::new(1, 0, "wedges");
        let (mut told, mut all) = (0, 0);
        for layer in 1..LAYERS {
            let (right, left) = (EXPONENTIAL.edge[layer], EXPONENTIAL.edge[layer + 1]);
            for n in 0..400 {
                let x = left + (right - left) * random.unit();
                // Every other point is as near to the density as can be.
                let height = match n % 2 {
                    0 => EXPONENTIAL.height_within(layer, random.unit()),
                    _ => exponential_density(x) * (1.0 + (random.unit() - 0.5) * 1e-15),
                };
                let sure = EXPONENTIAL.is_surely_under_exponential(layer, x, height);
                if let Some(under) = sure {
                    assert_eq!(under, height < exponential_density(x), "layer {layer}, {x}");
                }
                if n % 2 == 0 {
                    (told, all) = (told + u32::from(sure.is_some()), all + 1);
                }
            }
        }
        assert!(told * 100 > all * 98, "{told} of {all}");
    }

    #[test]
    fn the_uppermost_layer_has_the_area_of_all_others() {
        for zig in [&*EXPONENTIAL, &*NORMAL] {
            let area = zig.edge[0] * zig.height[1];
            for layer in 1..LAYERS {
                let here = zig.edge[layer] * (zig.height[layer + 1] - zig.height[layer]);
                assert!(
                    (here / area - 1.0).abs() < 1e-11,
                    "layer {layer}: {here} against {area}"
                );
                assert!(zig.edge[layer + 1] < zig.edge[layer]);
            }
        }
    }
}
