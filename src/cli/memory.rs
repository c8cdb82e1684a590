//! How much memory a run may take.

use std::path::Path;

use bytesize::ByteSize;
use clap::Args;

use super::exit::{self, CliError};
use crate::model::input;
use crate::world::limits;

/// How much memory a run may take.
#[derive(Debug, Args)]
pub struct MaxMemory {
    /// Memory that one run may take, such as `500MB` or `8GB`.
    ///
    /// A run that would take more ends with an error that names what fills it. By default three quarters of
    /// this machine's memory, shared by the runs that a command makes at once.
    #[arg(long, value_name = "SIZE", global = true, help_heading = "Limits")]
    max_memory: Option<ByteSize>,
}

impl MaxMemory {
    /// Limits all runs from now on, of which a number are made at once.
    pub fn limit(&self, at_once: usize) -> Result<(), CliError> {
        let bytes = match self.max_memory {
            Some(ByteSize(0)) => {
                let text =
                    "error: `--max-memory 0`: a run takes some memory; give a size such as `500MB`";
                return Err(CliError::new(exit::USAGE, text));
            }
            Some(size) => size.0,
            None => match machine() {
                Some(all) => share(all, at_once),
                None => return Ok(()),
            },
        };
        limits::limit_memory_of_a_run(bytes);
        Ok(())
    }
}

/// What each of so many runs at once may take of all memory.
fn share(all: u64, at_once: usize) -> u64 {
    all / 4 * 3 / at_once.max(1) as u64
}

/// The memory of the machine, or of the container if that has less; `None` where it is not known.
fn machine() -> Option<u64> {
    let total = physical()?;
    let container = input::text(Path::new("/sys/fs/cgroup/memory.max"), 1 << 10).ok();
    let container = container.and_then(|text| text.trim().parse().ok());
    Some(container.map_or(total, |limit: u64| limit.min(total)))
}

#[cfg(target_os = "linux")]
fn physical() -> Option<u64> {
    let info = rustix::system::sysinfo();
    (info.totalram as u64).checked_mul(u64::from(info.mem_unit))
}

#[cfg(not(target_os = "linux"))]
fn physical() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_at_once_share_three_quarters() {
        assert_eq!(share(16 << 30, 1), 12 << 30);
        assert_eq!(share(16 << 30, 4), 3 << 30);
        assert_eq!(share(16 << 30, 0), 12 << 30);
    }

    /// Without `--max-memory` there is a limit all the same, and it is less than what the machine has.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_run_has_a_limit_that_nobody_asked_for() {
        let all = machine().unwrap_or_default();
        let known = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kib = known
            .split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse().ok());
        assert!(all > 0 && all / 1024 <= kib.unwrap_or(0), "{all} {known}");
        let before = limits::memory_of_a_run();
        let unsaid = MaxMemory { max_memory: None };
        assert!(unsaid.limit(2).is_ok());
        assert_eq!(limits::memory_of_a_run(), share(all, 2));
        limits::limit_memory_of_a_run(before);
    }
}
