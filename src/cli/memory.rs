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
                Some(all) => all / 4 * 3 / at_once.max(1) as u64,
                None => return Ok(()),
            },
        };
        limits::limit_memory_of_a_run(bytes);
        Ok(())
    }
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
