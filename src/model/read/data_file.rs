//! Columns of CSV files: recorded times. A model from someone else may name a file that it should not see: no message
//! quotes what is in one.

use crate::files::Files;
use crate::section::Section;
use crate::vocabulary::{Choice, keys, tables};

keys! {
    /// A CSV file, relative to the model's directory and inside it.
    pub(crate) static FILE = file: Text;
    /// The column of the times.
    pub(crate) static COLUMN = column: Text, otherwise("the only column");
    /// The unit of the numbers in the file.
    pub(crate) static UNIT = unit: Choice(&UNITS);
}

tables! {
    pub(crate) static DATA_FILE = "distribution.empirical" {
        ..FILE.required("file = \"times.csv\"");
        ..COLUMN;
        ..UNIT.required("unit = \"ms\", the unit of the numbers in the file");
    };
}

/// Units of time in nanoseconds.
static UNITS: Choice<f64> = Choice::of(
    "unit of time",
    "units",
    &[
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 60e9),
    ],
);

/// Reads `file`, `column` and `unit` of a section: times in nanoseconds, in the order of the file.
pub(super) fn times(section: &Section, files: &Files) -> Option<Vec<f64>> {
    let file = section.required("file", "file = \"times.csv\"");
    let column = section.optional("column");
    let unit = section.required("unit", "unit = \"ms\", the unit of the numbers in the file");
    let unit_ns = unit.and_then(|unit| unit.choice(&UNITS));
    let file = file?;
    let name = file.text()?;
    let text = match files.text(name) {
        Ok(text) => text,
        Err(why) => {
            let fix = match why.contains("outside") {
                true => "put the file beside the model, or allow its place with --allow-path PATH",
                false => "a path is relative to the directory of the model",
            };
            file.error(format!("the file `{name}` cannot be read: {why}"), fix);
            return None;
        }
    };
    let wanted = match &column {
        Some(field) => Some(field.text()?),
        None => None,
    };
    match numbers(&text, wanted) {
        Ok(numbers) => Some(
            numbers
                .into_iter()
                .map(|x| x * unit_ns.unwrap_or(1.0))
                .collect(),
        ),
        Err((message, fix)) => {
            let at = if column.is_some() {
                column.as_ref()
            } else {
                None
            };
            at.unwrap_or(&file)
                .error(format!("`{name}`: {message}"), fix);
            None
        }
    }
}

type Fault = (String, String);

/// The numbers of one column; without a name, of the only one, which then needs no header.
fn numbers(text: &str, column: Option<&str>) -> Result<Vec<f64>, Fault> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let fault = |why: csv::Error| (why.to_string(), "check that it is CSV".to_string());
    let headers = reader.headers().map_err(fault)?.clone();
    let mut values = Vec::new();
    let index = match column {
        Some(name) => headers
            .iter()
            .position(|header| header == name)
            .ok_or_else(|| {
                let fix = "`column` is a name in the first line of the file".to_string();
                (format!("there is no column `{name}`"), fix)
            })?,
        None if headers.len() == 1 => {
            values.extend(headers.get(0).and_then(time));
            0
        }
        None => {
            let fix = "name one with `column`: it is in the first line of the file".to_string();
            return Err((format!("it has {} columns", headers.len()), fix));
        }
    };
    for record in reader.records() {
        let record = record.map_err(fault)?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = record.get(index).unwrap_or_default();
        let value = time(cell).ok_or_else(|| {
            let fix = "write a number of zero or more in each row".to_string();
            (format!("line {line} has no time in this column"), fix)
        })?;
        values.push(value);
    }
    if values.is_empty() {
        return Err(("there is no number in it".to_string(), String::new()));
    }
    Ok(values)
}

fn time(cell: &str) -> Option<f64> {
    let value: f64 = cell.parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn a_single_column_needs_no_header_and_several_need_a_name() {
        assert_eq!(numbers("1\n2.5\n", None), Ok(vec![1.0, 2.5]));
        assert_eq!(numbers("time\n1\n", None), Ok(vec![1.0]));
        assert_eq!(numbers("a,b\n1,2\n3,4\n", Some("b")), Ok(vec![2.0, 4.0]));
        assert!(numbers("a,b\n1,2\n", None).is_err());
        let wrong = numbers("a\n1\n-2\n", Some("a")).map_err(|(message, _)| message);
        assert_eq!(wrong, Err("line 3 has no time in this column".to_string()));
    }
}
