//! A log or a table of requests, a line at a time.

use std::sync::Arc;

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::super::access::{self, Clock, Layout};
use super::super::reading::Record;
use super::super::requests::{self, ENDPOINT, TIMES};
use super::super::source::{Problem, Source, broken_table};
use super::Log;

/// What a line is.
pub(super) enum Line<T> {
    /// A request, or what was made of it.
    Request(T),
    /// Nothing that is understood: its number, why, and the line.
    Strange(u64, String, String),
}

/// A file that is read a line at a time.
pub(super) enum Lines {
    Log(Box<Source>, Box<Layout>, Clock),
    Table(Box<Table>),
}

pub(super) struct Table {
    name: String,
    reader: csv::Reader<Source>,
    record: StringRecord,
    /// Places of the time and of the endpoint.
    places: (usize, usize),
    /// Microseconds in the unit of the time.
    unit: f64,
}

impl Lines {
    /// Opens the file of a log.
    pub(super) fn open(log: &Log) -> Result<Lines, Problem> {
        let source = match &log.content {
            Some(bytes) => Source::of_shared(&log.path.to_string_lossy(), Arc::clone(bytes))?,
            None => Source::open(&log.path)?,
        };
        if let Some(text) = &log.layout {
            let layout = Layout::parse(text);
            let layout = layout.map_err(|why| source.problem("", why, "mend `log_format`"))?;
            return Ok(Lines::Log(
                Box::new(source),
                Box::new(layout),
                Clock::default(),
            ));
        }
        if requests::recognises(source.head()) {
            return Table::open(source).map(|table| Lines::Table(Box::new(table)));
        }
        if source.head().trim().is_empty() {
            return Err(source.problem("", "the file is empty", ""));
        }
        match access::first_layout(source.head()) {
            Some(layout) => Ok(Lines::Log(
                Box::new(source),
                Box::new(layout),
                Clock::default(),
            )),
            None => Err(source.zeros().unwrap_or_else(|| {
                source.problem(
                    "line 1",
                    "this is neither an access log whose layout is known nor a CSV with start_us and endpoint",
                    "give the layout as log_format, or the columns",
                )
            })),
        }
    }

    /// Whether times of whole seconds are what the server has cut off, and not what was meant.
    pub(super) fn may_be_cut(&self) -> bool {
        matches!(self, Lines::Log(..))
    }

    /// The form of a log of another layout that a line has, if it has one.
    pub(super) fn other(&self, line: &str) -> Option<&'static str> {
        match self {
            Lines::Log(_, layout, _) => layout.other(line),
            Lines::Table(_) => None,
        }
    }

    /// The next line that is not empty, or `None` behind the last.
    pub(super) fn next<T>(
        &mut self,
        take: &mut dyn FnMut(&Record<'_>) -> T,
    ) -> Result<Option<Line<T>>, Problem> {
        match self {
            Lines::Log(source, layout, clock) => next_of_log(source, layout, clock, take),
            Lines::Table(table) => table.next(take),
        }
    }
}

fn next_of_log<T>(
    source: &mut Source,
    layout: &Layout,
    clock: &mut Clock,
    take: &mut dyn FnMut(&Record<'_>) -> T,
) -> Result<Option<Line<T>>, Problem> {
    loop {
        let number = source.line() + 1;
        let Some(bytes) = source.next_bytes()? else {
            return Ok(None);
        };
        if !access::holds_request(bytes) {
            continue;
        }
        let text = access::text(bytes);
        let mut taken = None;
        let read = layout.record(&text, clock, &mut |record| taken = Some(take(record)));
        return Ok(Some(match (read, taken) {
            (Ok(_), Some(taken)) => Line::Request(taken),
            (Err(why), _) => {
                let text = text.into_owned();
                let why = source.cut().map_or(why, str::to_string);
                Line::Strange(number, why, text)
            }
            (Ok(_), None) => Line::Strange(number, "no request".into(), text.into_owned()),
        }));
    }
}

impl Table {
    fn open(mut source: Source) -> Result<Table, Problem> {
        source.limit_lines();
        let name = source.name().to_string();
        let mut reader = ReaderBuilder::new().from_reader(source);
        let names = reader.headers().map_err(|why| Problem {
            place: format!("{name}: line 1"),
            message: format!("the line of names cannot be read: {why}"),
            fix: "write start_us,endpoint".into(),
        })?;
        let place = |wanted: &str| names.iter().position(|own| own.trim() == wanted);
        let time = TIMES.iter().find_map(|(n, unit)| Some((place(n)?, *unit)));
        let (Some((time, unit)), Some(endpoint)) = (time, place(ENDPOINT)) else {
            return Err(Problem {
                place: format!("{name}: line 1"),
                message: "the columns start_us and endpoint are missing".into(),
                fix: "write start_us,endpoint".into(),
            });
        };
        Ok(Table {
            name,
            reader,
            record: StringRecord::new(),
            places: (time, endpoint),
            unit,
        })
    }

    fn next<T>(
        &mut self,
        take: &mut dyn FnMut(&Record<'_>) -> T,
    ) -> Result<Option<Line<T>>, Problem> {
        match self.reader.read_record(&mut self.record) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(why) => {
                let line = why.position().map_or(0, csv::Position::line);
                return match why.kind() {
                    ErrorKind::Io(io) => {
                        Err(broken_table(&format!("{}: line {line}", self.name), io))
                    }
                    ErrorKind::UnequalLengths {
                        expected_len, len, ..
                    } => {
                        let why = format!("{len} fields instead of {expected_len}");
                        Ok(Some(Line::Strange(line, why, String::new())))
                    }
                    _ => Ok(Some(Line::Strange(
                        line,
                        "no UTF-8 text".into(),
                        String::new(),
                    ))),
                };
            }
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        let field = |place: usize| self.record.get(place).unwrap_or("").trim();
        let (method, path) = requests::method_and_path(field(self.places.1));
        let start = requests::microseconds(field(self.places.0), self.unit);
        Ok(Some(match start {
            Ok(start) if !path.is_empty() => Line::Request(take(&Record {
                start_us: Some(start),
                untimed: true,
                method,
                path,
                ..Record::default()
            })),
            Ok(_) => Line::Strange(line, "no endpoint".into(), self.text()),
            Err(why) => Line::Strange(line, why, self.text()),
        }))
    }

    fn text(&self) -> String {
        self.record.iter().collect::<Vec<_>>().join(",")
    }
}
