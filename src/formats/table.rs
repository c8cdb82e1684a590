//! Tables with a line of names: CSV and its relatives.

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::declaration::Sink;
use super::reading::{Record, Skipped};
use super::source::{Problem, Source, broken_table};
use super::text;

/// A row of a table, by the columns that were asked for.
pub struct Row<'r> {
    record: &'r StringRecord,
    places: &'r [Option<usize>],
}

impl<'r> Row<'r> {
    /// The text in a column, by its place among those asked for; empty where the file has no such column.
    pub fn text(&self, column: usize) -> &'r str {
        let place = self.places.get(column).copied().flatten();
        place
            .and_then(|place| self.record.get(place))
            .unwrap_or("")
            .trim()
    }

    /// Whether the file has the column.
    pub fn has(&self, column: usize) -> bool {
        self.places.get(column).copied().flatten().is_some()
    }

    /// The number in a column: finite, and zero or more.
    pub fn number(&self, column: usize) -> Result<f64, String> {
        let text = self.text(column);
        text::number(text).ok_or_else(|| match text.parse::<f64>() {
            Ok(value) if value < 0.0 => format!("`{text}` is below zero"),
            _ => format!("`{text}` is not a number"),
        })
    }

    /// The count in a column: a whole number, zero or more.
    pub fn count(&self, column: usize) -> Result<u64, String> {
        let value = self.number(column)?;
        // Beyond it a double has no whole numbers.
        if value.fract() != 0.0 || value > 9e15 {
            return Err(format!("`{}` is not a count", self.text(column)));
        }
        Ok(value as u64)
    }
}

/// Reads a CSV of requests whose columns are the start and the duration, both in seconds, and the status, in
/// this order of `columns`, wherever they stand in the file.
pub fn read_requests(
    source: &mut Source,
    columns: [&str; 3],
    sink: Sink<'_>,
) -> Result<Skipped, Problem> {
    read(source, b',', &columns, 3, |row| {
        let status = row.number(2)? as u16;
        sink(&Record {
            start_us: Some((row.number(0)? * 1e6).round() as i64),
            ns: text::ns_of_ms(row.number(1)? * 1e3)?,
            status,
            failed: status >= 400,
            ..Record::default()
        });
        Ok(())
    })
}

/// Reads a table. The first `needed` of the columns must be there. A row that `each` does not understand is
/// counted, and so is one with another number of fields than the line of names.
pub fn read(
    source: &mut Source,
    delimiter: u8,
    columns: &[&str],
    needed: usize,
    mut each: impl FnMut(&Row<'_>) -> Result<(), String>,
) -> Result<Skipped, Problem> {
    source.limit_lines();
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(&mut *source);
    let names = match reader.headers() {
        Ok(names) => names.clone(),
        Err(why) => {
            let message = format!("the line of names cannot be read: {why}");
            return Err(source.problem("line 1", message, "give the file as the tool wrote it"));
        }
    };
    let place = |column: &&str| names.iter().position(|name| name.trim() == *column);
    let places: Vec<Option<usize>> = columns.iter().map(place).collect();
    if let Some(missing) = places.iter().take(needed).position(Option::is_none) {
        drop(reader);
        let message = format!("the column `{}` is missing", columns[missing]);
        return Err(source.problem("line 1", message, "let the tool write all its columns"));
    }
    let (mut skipped, mut record) = (Skipped::default(), StringRecord::new());
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(skipped),
            Ok(true) => {
                let row = Row {
                    record: &record,
                    places: &places,
                };
                if let Err(why) = each(&row) {
                    let line = record.position().map_or(0, csv::Position::line);
                    let text: Vec<&str> = record.iter().collect();
                    let separator = char::from(delimiter).to_string();
                    skipped.add(line, &why, &text.join(&separator));
                }
            }
            Err(why) => {
                let line = why.position().map_or(0, csv::Position::line);
                if let ErrorKind::Io(why) = why.kind() {
                    let place = format!("{}: line {line}", reader.get_ref().name());
                    return Err(broken_table(&place, why));
                }
                let why = match why.kind() {
                    ErrorKind::UnequalLengths {
                        expected_len, len, ..
                    } => format!("{len} fields instead of {expected_len}"),
                    _ => "no UTF-8 text".to_string(),
                };
                // A quote that is not closed takes the lines behind it, up to the next.
                let lines = reader.position().line().saturating_sub(line).max(1);
                skipped.add_lines(line, lines, &why, "");
            }
        }
    }
}
