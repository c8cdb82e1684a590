//! tsung: its log and its dump.

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::{Reading, Record};
use super::source::{Problem, Source};
use super::table;
use super::text;

const PRINTED: Declaration = Declaration {
    form: "tsung, tsung.log",
    tool: "tsung",
    version: "1.7.0",
    recognised_by: "# stats: dump at",
    fields: "stats: request COUNT MEAN SD MAX MIN GLOBALMEAN GLOBALCOUNT every ten seconds (ms); stats: STATUS NEW TOTAL; users, connected",
    rule: None,
    percents: &[],
    deviation: Deviation::Population,
    resolution: "1 us",
    left_out: "percentiles",
    denominator: "ten seconds, from one dump to the next",
    failed: "not measured",
    omission: "arrivals are open: sessions begin whatever the answers do",
    is_open: true,
};

/// `tsung.log`
pub static LOG: Reader = Reader {
    declaration: PRINTED,
    recognises: |head| head.starts_with("# stats: dump at"),
    read: read_log,
};

/// `tsung.dump` of `dumptraffic="protocol"`
pub static DUMP: Reader = Reader {
    declaration: Declaration {
        form: "tsung, tsung.dump",
        recognised_by: "a first line that begins with #date;pid;id",
        fields: "date (end, s since 1970), HTTP status, duration (ms), http method, host, URL",
        left_out: "nothing",
        denominator: "begin of the first to end of the last request",
        ..PRINTED
    },
    recognises: |head| head.starts_with("#date;pid;id;"),
    read: read_dump,
};

/// Counts, means and sums of squares of parts, put together.
#[derive(Default)]
struct Sum {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Sum {
    fn add(&mut self, count: f64, mean: f64, deviation: f64) {
        if count == 0.0 {
            return;
        }
        let (both, apart) = (self.count + count, mean - self.mean);
        self.squares += count * deviation * deviation + apart * apart * self.count * count / both;
        self.mean += apart * count / both;
        self.count = both;
    }
}

fn read_log(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let (mut reading, mut sum) = (Reading::default(), Sum::default());
    let mut dumps: Option<(f64, f64)> = None;
    let (mut failed, mut users) = (std::collections::BTreeMap::new(), 0.0_f64);
    loop {
        let line = match source.next_line()? {
            None => break,
            Some(line) => line.into_owned(),
        };
        if let Some(at) = line
            .strip_prefix("# stats: dump at ")
            .and_then(text::number)
        {
            dumps = Some((dumps.map_or(at, |d| d.0), at));
        }
        let Some(rest) = line.strip_prefix("stats: ") else {
            continue;
        };
        let mut words = rest.split_whitespace();
        let name = words.next().unwrap_or("");
        let numbers: Option<Vec<f64>> = words.map(text::number).collect();
        match (name, numbers.as_deref()) {
            ("request", Some(&[count, mean, deviation, max, min, _, _])) => {
                sum.add(count, mean, deviation);
                (reading.max, reading.min) = (Some(max), Some(min));
            }
            ("request", _) => reading
                .skipped
                .add(source.line(), "not seven numbers", &line),
            ("users", Some(&[now, ..])) => users = users.max(now),
            (status, Some(&[_, total])) if status.starts_with(['4', '5']) && status.len() == 3 => {
                failed.insert(status.to_string(), total as u64);
            }
            _ => {}
        }
    }
    if sum.count > 0.0 {
        reading.requests = Some(sum.count as u64);
        reading.failed = Some(failed.values().sum());
        reading.mean = Some(sum.mean);
        reading.deviation = Some((sum.squares / sum.count).sqrt());
    }
    if let Some((first, last)) = dumps {
        reading.notes.push(format!(
            "{} s from the first dump to the last; the first is of what came before it, so there is no rate of all",
            last - first
        ));
    }
    reading.doubts.push("the two global columns: they lag one dump behind; mean and deviation here are put together from all dumps".into());
    Ok(reading)
}

fn read_dump(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem> {
    let columns = ["#date", "duration", "HTTP status", "http method", "URL"];
    let skipped = table::read(source, b';', &columns, 3, |row| {
        let ms = row.number(1)?;
        let status = row.text(2).parse().unwrap_or(0);
        sink(&Record {
            start_us: Some(((row.number(0)? * 1e3 - ms) * 1e3).round() as i64),
            ns: text::ns_of_ms(ms)?,
            status,
            failed: status == 0 || status >= 400,
            method: row.text(3),
            path: row.text(4),
            ..Record::default()
        });
        Ok(())
    })?;
    Ok(Reading {
        skipped,
        ..Reading::default()
    })
}
