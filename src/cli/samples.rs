//! `--samples`: what a run keeps of the durations that it measures.

use clap::ValueEnum;

use super::exit::{self, CliError};

/// What is kept of durations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Samples {
    /// Every one: each statistic as k6 computes it, to the last bit. Takes 4 bytes for each request and each
    /// iteration, up to 10 where most take over four seconds and many endpoints alternate, so that a GB
    /// holds 50 to 125 million requests.
    #[default]
    All,
    /// Histograms: memory does not grow with the number of requests. For very long or very large runs,
    /// from some ten million requests on. Counts, min and max stay exact, avg up to rounding; percentiles
    /// are at most 0.4 % off, and thresholds compare them as they are. Tokens that the model issues still
    /// take memory each. Not with --out, --timeline, --report or many runs, which need every sample.
    Histogram,
}

impl Samples {
    /// Refuses options that need every sample.
    pub fn allow(self, options: &[(&str, bool)]) -> Result<(), CliError> {
        let wanting = options.iter().find(|(_, given)| *given);
        match (self, wanting) {
            (Samples::Histogram, Some((option, _))) => Err(CliError::new(
                exit::USAGE,
                format!(
                    "error: {option} needs every sample, and --samples histogram keeps none: leave out \
                     one of them"
                ),
            )),
            _ => Ok(()),
        }
    }
}
