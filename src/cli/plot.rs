//! `capsim plot`: charts from CSV alone.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::exit::{self, CliError};
use super::files::{Files, beside};
use super::output::write_atomically;
use crate::model::input;
use crate::report::chart::{self, Kind, Table};

/// Draw a chart of a CSV file that capsim wrote.
///
/// SVG by default; PNG if the name of --out ends with .png. The kind is chosen from the columns by default: a time line
/// gives response times over time, a sweep of one path a capacity curve, one of two a map of verdicts.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim plot token.points.csv --out token.svg
  capsim plot token.points.csv --kind time --out time.png
  capsim plot timeline.csv --kind seats --out seats.svg")]
pub struct Plot {
    /// Rows or points of a sweep, or a time line.
    file: PathBuf,
    /// Where the picture goes. Default: beside the CSV file, x.svg for x.csv.
    #[arg(short, long, value_name = "FILE.svg|FILE.png")]
    out: Option<PathBuf>,
    /// What to draw.
    #[arg(short, long)]
    kind: Option<Kind>,
    /// For a map: only one threshold, such as `http_req_duration p(95)<500`. Default: all of them.
    #[arg(long, value_name = "THRESHOLD")]
    slo: Option<String>,
    /// Text before the kind in the title. Default: the name of the CSV file.
    #[arg(long)]
    title: Option<String>,
}

impl ValueEnum for Kind {
    fn value_variants<'a>() -> &'a [Kind] {
        &Kind::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, about) = self.words();
        Some(PossibleValue::new(name).help(about))
    }
}

impl Plot {
    /// Draws the chart.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let at = self.file.display();
        let failed = |why: String| CliError::new(exit::OTHER, format!("error: {at}: {why}"));
        let out = self.out.clone();
        let out = out.unwrap_or_else(|| beside(&self.file, "svg"));
        Files::default()
            .reads("the file to be drawn", &self.file)
            .writes("--out", Some(&out))
            .check()?;
        let text = input::text(&self.file, input::TABLE).map_err(failed)?;
        let table = Table::parse(&text).map_err(failed)?;
        let kind = self.kind.unwrap_or_else(|| Kind::of(&table));
        let title = self.title.clone().unwrap_or_else(|| {
            let name = self.file.file_name().unwrap_or_default().to_string_lossy();
            name.split('.').next().unwrap_or_default().to_owned()
        });
        let figure = chart::figure(&table, kind, &title, self.slo.as_deref()).map_err(failed)?;
        if out
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("png"))
        {
            let png = chart::png(&figure).map_err(failed)?;
            write_atomically(&out, |file| file.write_all(&png))?;
        } else {
            let svg = chart::svg(&figure).map_err(failed)?;
            write_atomically(&out, |file| file.write_all(svg.as_bytes()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
