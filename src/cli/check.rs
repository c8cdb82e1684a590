//! `capsim check`: is the model sound, and what does it mean.

use std::process::ExitCode;

use clap::Args;

use super::ModelArgs;
use super::exit::CliError;
use super::outputs::Outputs;
use crate::report::{answers, run_text};
use crate::study::answers::bounds::analyse;

/// Check a model without running it.
///
/// Prints all that is wrong with it at once, each with its place and the fix, and ends with exit code
/// 104; or says what the test would do, and what theory says of it: how much of each resource one
/// iteration needs, how much it can do and at which load that is used up, which one is the bottleneck, and
/// the saturation point N*, the number of users beyond which some must wait. Warns of an arrival rate that its VUs cannot
/// sustain.
///
/// Reads as: `knee N* = 2692 users; the peak of 5000 is beyond it`. More than 2,692 users at once cannot
/// all be served without waiting, however well the system is tuned otherwise.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim check models/reserve.toml
  capsim check models/token.toml --set stations.server.servers=4 --set load=2

Exit codes: 0 the model is sound, 104 it is not.")]
pub struct Check {
    #[command(flatten)]
    model: ModelArgs,
}

impl Check {
    /// Checks the model.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let model = self.model.load()?.model;
        let script = self.model.model.display().to_string();
        let mut out = Outputs::default();
        out.print(&run_text::header(&model, &script, "-"));
        out.print(&run_text::contents(&model));
        out.print("\n");
        out.print(&answers::bounds(&analyse(&model)));
        out.done()
    }
}
