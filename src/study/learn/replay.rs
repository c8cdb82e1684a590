//! The arrivals of a log exactly as they were: a table of times and endpoints, and a scenario that replays it.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::write::{comment, grouped};
use super::{Endpoint, Learned};

/// The file in the directory of a replay.
pub const REQUESTS: &str = "requests.csv";

/// A scenario whose requests stand in a file of the directory.
pub(super) fn scenarios(out: &mut String, learned: &Learned, directory: &str) {
    comment(
        out,
        &format!(
            "Arrivals: {} requests of the log, each at its own time. load=2 plays them in half the time; `start_time` \
             shifts them, `offset` leaves out the begin of the log, `loop` plays it again.",
            grouped(learned.starts.len() as u64)
        ),
    );
    let _ = writeln!(
        out,
        "[scenarios.load]\nexecutor = \"replay\"\nfile = \"{directory}/{REQUESTS}\"\n"
    );
}

impl Learned {
    /// Writes the file that a replay needs: a line for each request, with the microseconds from the begin of the first
    /// and the name of the endpoint.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_replay(&self, out: &mut dyn Write) -> io::Result<()> {
        let first = self.starts.first().map_or(0, |(start, _)| *start);
        writeln!(out, "start_us,endpoint")?;
        for (start, endpoint) in &self.starts {
            let name = self.endpoints.get(usize::from(*endpoint));
            let name = name.map_or("", |endpoint: &Endpoint| &endpoint.name);
            writeln!(out, "{},{name}", start.abs_diff(first))?;
        }
        Ok(())
    }

    /// The model whose arrivals are those of the log, with their file in this directory beside it.
    #[must_use]
    pub fn toml_of_replay(&self, directory: &str) -> String {
        super::write::toml(self, Some(directory))
    }
}
