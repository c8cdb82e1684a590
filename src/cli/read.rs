//! `capsim read`: what a file of another load tool says, and what its numbers mean.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::exit::{self, CliError};
use super::learn::LogFormat;
use super::outputs::Outputs;
use crate::report::formats as report;
use crate::study::logs;

/// Read a file of another load tool, and explain what its numbers mean.
///
/// Prints requests, span, rate and what it is divided by; each time as the tool gives it, by the tool's own
/// rule for a percentile, and as k6 would give it where the file holds the single requests; what is left
/// out, and what of it cannot be trusted. Files may be packed by gzip.
///
/// Known are JMeter, Locust, hey, wrk, ab, oha, autocannon, Artillery, h2load, siege, loadtest, goose and
/// tsung, and access logs of nginx, Apache, HAProxy, Tomcat, Envoy and in JSON: docs/formats.md. Runs of k6 are read by `capsim fit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim read results.jtl
  capsim read load_stats.csv wrk.txt
  capsim read access.log --log-format '$remote_addr [$time_local] \"$request\" $status $request_time'

Exit codes: 0 read, 104 a file is of no known kind or cannot be read, 1 anything else.")]
pub struct ReadArgs {
    /// A file of a load tool; may be given several times.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    log: LogFormat,
}

impl ReadArgs {
    /// Reads and prints.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let mut out = Outputs::default();
        let layout = self.log.layout()?;
        for (k, path) in self.files.iter().enumerate() {
            let read = logs::read(path, layout.as_ref());
            let file = read.map_err(|why| CliError::new(exit::INVALID, format!("error: {why}")))?;
            let text = report::text(&path.display().to_string(), &file);
            out.print(&if k > 0 { format!("\n{text}") } else { text });
        }
        out.done()
    }
}
