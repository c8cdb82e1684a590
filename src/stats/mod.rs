//! Moments, quantiles and intervals: numbers in, numbers out.
