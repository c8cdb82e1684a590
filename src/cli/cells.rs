//! `capsim cells`: lines of a plan in, results out.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::console::Screen;
use super::exit::{self, CliError};
use super::interrupt::Interrupt;
use super::store::plan_failure;
use crate::model::input;
use crate::study::runs::map_in_order;
use crate::study::sweep::plan::{Opened, Plan};
use crate::study::sweep::segment::{failed_line, result_line};

/// Longest line of a plan: the first one holds a model and its data files.
const LONGEST: u64 = input::TABLE;

/// Run cells of a plan: lines on standard input, results on standard output.
///
/// Reads a plan that `capsim sweep --plan` wrote, or its first line and some of the others, and prints one
/// line a cell, in the same order: key, columns, checksum. Each is flushed before the next cell is run, so that
/// nothing is lost with the process. `capsim store add` keeps such lines.
///
/// A cell whose values make no valid model gives the line `KEY,failed,REASON,CHECKSUM`; the others are run
/// all the same, and the exit code is 104.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim sweep models/token.toml --vary load=0.2..2:0.01 --plan plan.jsonl
  capsim cells < plan.jsonl | capsim store add results --plan plan.jsonl
  sed -n 2,101p plan.jsonl | capsim cells --plan plan.jsonl

Exit codes: 0 done; 104 a line is not a cell of the plan, or a cell failed: never run it again as it is;
105 interrupted, 1 anything else: run it again.")]
pub struct CellsArgs {
    /// A plan, whose first line is used; standard input then has only cells.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Threads; never changes a byte. With more than one, cells are read in batches.
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,
    /// Largest memory of this process, such as 512M or 2G. A cell that asks for more ends the process, so
    /// that its parent knows which cell it was. Linux only.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,
}

/// Reads a number of bytes, with K, M, G or T for powers of 1024.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a size: write 512M or 2G");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let power = match text[digits.len()..].trim_end_matches(['i', 'B']) {
        "" => 0,
        "K" | "k" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number
        .checked_mul(1 << (10 * power))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(wrong)
}

/// Limits the address space of this process: an allocation beyond it fails, which ends the process.
#[cfg(target_os = "linux")]
fn limit(bytes: u64) -> Result<(), CliError> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    setrlimit(Resource::As, limit)
        .map_err(|why| CliError::new(exit::OTHER, format!("error: --memory: {why}")))
}

/// Elsewhere that cannot be had.
#[cfg(not(target_os = "linux"))]
fn limit(_: u64) -> Result<(), CliError> {
    Err(CliError::new(
        exit::USAGE,
        "error: --memory: there is no such limit on this system",
    ))
}

impl CellsArgs {
    /// Runs them.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        Interrupt::ends_at_once();
        if let Some(bytes) = self.memory {
            limit(bytes)?;
        }
        let mut lines = Lines {
            from: std::io::stdin().lock(),
            number: 0,
        };
        let plan = match &self.plan {
            None => lines.next()?.unwrap_or_default(),
            Some(path) => first_line(path)?,
        };
        let plan = Plan::parse(&plan)
            .and_then(Plan::open)
            .map_err(plan_failure)?;
        let threads = rayon::ThreadPoolBuilder::new().num_threads(usize::from(self.threads));
        let pool = threads
            .build()
            .map_err(|why| CliError::new(exit::OTHER, format!("error: {why}")))?;
        // One alone is run as soon as it is read.
        let at_once = if self.threads == 1 {
            1
        } else {
            usize::from(self.threads) * 8
        };
        let (mut out, mut failed) = (Screen::plain(), 0);
        loop {
            let mut cells = Vec::new();
            while cells.len() < at_once {
                match lines.next()? {
                    // The first line again: blocks of a plan, put together.
                    Some(line) if line.starts_with("{\"capsim_plan\"") => {}
                    Some(line) => cells.push((lines.number, line)),
                    None => break,
                }
            }
            if cells.is_empty() {
                break;
            }
            let results = pool.install(|| map_in_order(cells, |(at, line)| run(&plan, at, &line)));
            for result in results {
                let (line, good) = result?;
                failed += usize::from(!good);
                if let Err(why) = out.write_all(&line).and_then(|()| out.flush()) {
                    // The reader has gone: no result would be kept.
                    return Err(CliError::stdout(&why).unwrap_or(CliError::new(exit::OTHER, "")));
                }
            }
        }
        Ok(ExitCode::from(if failed > 0 { exit::INVALID } else { 0 }))
    }
}

/// The line of a cell's result, and whether there is one.
fn run(plan: &Opened, at: u64, line: &str) -> Result<(Vec<u8>, bool), CliError> {
    let (key, result) = plan.run(line).map_err(|why| {
        CliError::new(
            exit::INVALID,
            format!("error: line {at} of standard input: {why}"),
        )
    })?;
    Ok(match result {
        Ok(result) => (result_line(key, &result), true),
        Err(problems) => (failed_line(key, &problems.to_string()), false),
    })
}

/// Lines of standard input, with their numbers.
struct Lines<R> {
    from: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<String>, CliError> {
        self.number += 1;
        let wrong = |why: String| {
            let at = self.number;
            CliError::new(
                exit::INVALID,
                format!("error: line {at} of standard input: {why}"),
            )
        };
        line(&mut self.from).map_err(wrong)
    }
}

/// The next line, without its end.
fn line(from: &mut impl BufRead) -> Result<Option<String>, String> {
    let mut line = String::new();
    let mut limited = std::io::Read::take(from, LONGEST);
    match limited.read_line(&mut line) {
        Err(why) => Err(why.to_string()),
        Ok(0) => Ok(None),
        Ok(length) if length as u64 == LONGEST => Err(input::too_large(LONGEST)),
        Ok(_) => Ok(Some(line.trim_end_matches(['\n', '\r']).to_owned())),
    }
}

/// The first line of a plan's file.
pub fn first_line(path: &std::path::Path) -> Result<String, CliError> {
    let (file, _) = input::open(path).map_err(|why| CliError::file(path, why))?;
    let read = line(&mut std::io::BufReader::new(file));
    Ok(read
        .map_err(|why| CliError::file(path, why))?
        .unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read() {
        assert_eq!(size("512M"), Ok(512 << 20));
        assert_eq!(size("2GiB"), Ok(2 << 30));
        assert_eq!(size("4096"), Ok(4096));
        for wrong in ["", "M", "0", "-1M", "1.5G", "1X", "99999999999T"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
