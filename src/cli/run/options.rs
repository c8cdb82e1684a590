//! What the options of a run say of its summary.

use clap::ValueEnum;

use super::Run;
use crate::cli::console::colour;
use crate::cli::exit::{self, CliError};
use crate::model::{K6Version, Model, TimeUnit};
use crate::report::options::parse_trend_stats;
use crate::report::{Mode, SummaryOptions};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ModeArg {
    Legacy,
    Compact,
    Full,
    None,
}

impl Run {
    pub(super) fn options(&self, model: &mut Model) -> Result<SummaryOptions, CliError> {
        // As in k6, they take the place of those in a script's options.
        if !self.tag.is_empty() {
            model.run_tags.clone_from(&self.tag);
        }
        if self.no_thresholds {
            model.thresholds.clear();
        }
        let style = self.summary_style.as_deref();
        model.k6_version = style.and_then(K6Version::parse).unwrap_or(model.k6_version);
        if let Some(list) = &self.summary_trend_stats {
            // k6 ends with 255 here; capsim keeps one code for everything invalid.
            model.summary_trend_stats = parse_trend_stats(list)
                .map_err(|e| CliError::new(exit::INVALID, format!("error: {e}")))?;
            model.summary_trend_names = list.split(',').map(str::to_owned).collect();
        }
        let mut options = SummaryOptions::new(model.k6_version);
        options.trend_stats = model.summary_trend_stats.clone();
        options.trend_names = model.summary_trend_names.clone();
        let unit = self.summary_time_unit.as_deref().and_then(TimeUnit::parse);
        options.time_unit = unit.or(model.summary_time_unit);
        options.color = colour(self.no_color);
        if let Some(mode) = self.summary_mode {
            options.mode = match mode {
                ModeArg::Legacy => Mode::Legacy,
                ModeArg::Compact => Mode::Compact,
                ModeArg::Full => Mode::Full,
                ModeArg::None => Mode::None,
            };
        }
        Ok(options)
    }
}
