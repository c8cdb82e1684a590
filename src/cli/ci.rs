//! Verdicts for CI systems: `--report-junit FILE`, `--annotations github`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::CliError;
use super::output::write_atomically;
use crate::report::ci;
use crate::report::thresholds::Judged;

/// Whose annotations are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Annotations {
    /// Workflow commands of GitHub Actions
    Github,
}

/// What a CI system reads.
#[derive(Clone, Debug, Args)]
pub struct Ci {
    /// Write the verdict of each threshold as JUnit XML, which Jenkins, GitLab and others show as tests.
    #[arg(long, value_name = "FILE.xml", help_heading = "CI")]
    report_junit: Option<PathBuf>,
    /// Also print crossed thresholds on stderr as annotations, which the CI system shows at the model's file.
    #[arg(long, value_name = "SYSTEM", value_enum, help_heading = "CI")]
    annotations: Option<Annotations>,
}

/// A run or a study, as its verdicts are written.
pub struct Tested<'a> {
    /// The model's file.
    pub file: &'a Path,
    /// Its name.
    pub name: &'a str,
    /// Virtual duration of a single run in seconds.
    pub seconds: Option<f64>,
    /// What limits the system.
    pub limits: &'a str,
    /// Its thresholds.
    pub thresholds: &'a [Judged],
}

impl Ci {
    /// Whether anything is asked for.
    pub fn wanted(&self) -> bool {
        self.report_junit.is_some() || self.annotations.is_some()
    }

    /// Where the JUnit file goes, if it is wanted.
    pub fn file(&self) -> Option<&Path> {
        self.report_junit.as_deref()
    }

    /// Writes and prints what is asked for.
    pub fn write(&self, tested: &Tested<'_>) -> Result<(), CliError> {
        let all = tested.thresholds;
        if self.annotations == Some(Annotations::Github) {
            let file = tested.file.display().to_string();
            let text = ci::github(&file, tested.limits, all);
            if !text.is_empty() {
                tell!("{}", text.trim_end());
            }
        }
        let Some(path) = &self.report_junit else {
            return Ok(());
        };
        let xml = ci::junit(tested.name, tested.seconds, tested.limits, all);
        let xml = xml.map_err(|why| CliError::file(path, why))?;
        write_atomically(path, |out| out.write_all(xml.as_bytes()))
    }
}
