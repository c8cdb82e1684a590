//! k6's `--out csv`, whole or thinned to some of its columns: `metric_name` and `metric_value` are
//! needed, `name` is used if it is there, `timestamp` is needed for a window. k6 writes times in whole
//! seconds unless `K6_CSV_TIME_FORMAT` says otherwise; the size of the number tells the unit. A column
//! `timestamp_us` (`_s`, `_ms`, `_ns`) names its own.

use super::clock::Clock;
use super::samples::{Samples, Taken};
use super::{Measured, ReadError};
use crate::world::window::Window;

pub(super) fn read(text: &str, window: Option<Window>) -> Result<Measured, ReadError> {
    let mut reader = ::csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let columns = reader.headers().cloned().map_err(|why| at_line(&why, 1))?;
    let column = |name: &str| columns.iter().position(|c| c == name);
    let need = |name: &str| {
        column(name).ok_or_else(|| {
            let message = format!("the column `{name}` is missing");
            ReadError::new(
                "line 1",
                message,
                "write the file with k6 run --out csv=run.csv",
            )
        })
    };
    let (metric, value) = (need("metric_name")?, need("metric_value")?);
    let name = column("name");
    let time = columns
        .iter()
        .enumerate()
        .find_map(|(at, name)| Clock::of_column(name).map(|clock| (at, clock)));
    if window.is_some() && time.is_none() {
        need("timestamp")?;
    }
    let mut samples = Samples::within(window);
    let mut record = ::csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(why) => return Err(at_line(&why, line)),
        }
        let field = |index: usize| record.get(index).unwrap_or("");
        let at = format!(
            "line {}",
            record.position().map_or(line, ::csv::Position::line)
        );
        if field(metric) == "metric_name" {
            return Err(ReadError::second(at));
        }
        let number = field(value).trim().parse().map_err(|_| {
            let message = format!(
                "`{}` is not a number of milliseconds or counts",
                field(value)
            );
            ReadError::new(&at, message, "use the file as k6 wrote it, without units")
        })?;
        let taken = Taken {
            metric: field(metric),
            name: name.map_or("", field),
            value: number,
            time: time.map(|(index, clock)| (clock, field(index))),
        };
        samples.add(&at, taken)?;
    }
    if !text.ends_with('\n') {
        let message = "the last line has no end: the file is cut off";
        let at = format!("line {}", text.lines().count());
        return Err(ReadError::new(
            at,
            message,
            "copy the file again, or let k6 end before reading it",
        ));
    }
    samples.finish("k6 --out csv")
}

fn at_line(why: &::csv::Error, line: u64) -> ReadError {
    let line = why.position().map_or(line, ::csv::Position::line);
    let message = match why.kind() {
        ::csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("{len} columns instead of {expected_len}: the line is cut off or damaged")
        }
        _ => format!("this is no CSV: {why}"),
    };
    ReadError::new(
        format!("line {line}"),
        message,
        "copy the file again, or let k6 end before reading it",
    )
}
