//! Makes the CSV file of a sweep from a store: the same bytes as a sweep on one machine writes.

use std::io::{self, Write};
use std::path::Path;

use super::plan::Opened;
use super::rows::line;
use super::segment::Entry;
use super::store::Contents;
use super::{Sweep, SweepError, replace_file};

/// Cells whose rows are in memory at a time. Each segment is opened once for all of them.
const AT_ONCE: u64 = 1 << 16;

/// Writes the rows of a sweep whose cells were reviewed. A cell that failed gets a row whose `end` is `failed`.
///
/// # Errors
/// If a cell has no line, or a file cannot be read or written.
pub fn merge(plan: &Opened, contents: &Contents, out: &Path) -> Result<(), SweepError> {
    let sweep = plan.sweep(1);
    replace_file(out, |file| {
        file.write_all(&line(&plan.columns().header())?)?;
        let mut first = 0;
        while first < plan.cells() {
            let end = plan.cells().min(first + AT_ONCE);
            for row in block(plan, &sweep, contents, first..end)? {
                file.write_all(&row)?;
            }
            first = end;
        }
        Ok(())
    })
}

/// The rows of some cells.
fn block(
    plan: &Opened,
    sweep: &Sweep<'_>,
    contents: &Contents,
    cells: std::ops::Range<u64>,
) -> Result<Vec<Vec<u8>>, SweepError> {
    let mut wanted = Vec::new();
    for cell in cells.clone() {
        let found = contents.get(plan.key(cell));
        let found =
            found.ok_or_else(|| SweepError::Mismatch(format!("cell {cell} has no result")))?;
        wanted.push((found, cell));
    }
    // In the order in which they stand in the segments.
    wanted.sort_unstable_by_key(|(found, _)| found.at());
    let mut rows = vec![Vec::new(); wanted.len()];
    for segment in wanted.chunk_by(|(one, _), (two, _)| contents.path(one) == contents.path(two)) {
        let mut from = contents.open(segment[0].0)?;
        for (found, cell) in segment {
            let line = contents.line(&mut from, found)?;
            let entry = Entry::parse(&line).ok_or_else(|| io::Error::other("a line is damaged"))?;
            let failed = || failed(plan);
            let result = entry.result.map_or_else(|_| failed(), <[u8]>::to_vec);
            rows[(cell - cells.start) as usize] = sweep.row(*cell, &result)?;
        }
    }
    Ok(rows)
}

/// The columns from `end` to `fingerprint` of a cell without a result.
fn failed(plan: &Opened) -> Vec<u8> {
    let columns = plan.columns();
    let empty = columns.thresholds.len() + columns.metrics.len() + 1;
    format!("failed,0{}", ",".repeat(empty)).into_bytes()
}
