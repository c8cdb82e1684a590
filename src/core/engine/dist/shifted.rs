//! A constant plus another distribution.

use super::{Dist, DistError, check};
use crate::engine::stream::Stream;
use std::sync::Arc;

/// A constant plus another distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Shifted {
    offset: f64,
    rest: Arc<Dist>,
}

impl Dist {
    /// A constant plus another distribution, such as a network's least latency and its jitter.
    ///
    /// # Errors
    /// If the offset is negative, not finite or above 1e30.
    pub fn shifted(offset: f64, rest: Dist) -> Result<Dist, DistError> {
        let offset = check::non_negative("offset", offset)?;
        Ok(match rest {
            rest if offset == 0.0 => rest,
            Dist::Constant(value) => Dist::Constant(offset + value),
            Dist::Shifted(inner) => Dist::Shifted(Shifted {
                offset: offset + inner.offset,
                rest: inner.rest,
            }),
            rest => Dist::Shifted(Shifted {
                offset,
                rest: Arc::new(rest),
            }),
        })
    }
}

impl Shifted {
    pub(super) fn sample(&self, stream: &mut Stream) -> f64 {
        self.offset + self.rest.sample(stream)
    }

    pub(super) fn mean(&self) -> f64 {
        self.offset + self.rest.mean()
    }

    pub(super) fn variance(&self) -> f64 {
        self.rest.variance()
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        if x < self.offset {
            return 0.0;
        }
        self.rest.cdf(x - self.offset)
    }

    pub(super) fn support(&self) -> (f64, f64) {
        let (low, high) = self.rest.support();
        (self.offset + low, self.offset + high)
    }

    pub(super) fn scaled(&self, factor: f64) -> Dist {
        Dist::Shifted(Shifted {
            offset: (self.offset * factor).min(f64::MAX),
            rest: Arc::new(self.rest.scaled(factor)),
        })
    }
}
