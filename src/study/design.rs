//! The points of a sweep: which values the varied paths have at each.

use serde::{Deserialize, Serialize};

use super::vary::Range;
use crate::engine::stream::Stream;
use crate::stats::lhs::latin_hypercube;

/// One varied path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// Path of the model, as an override names it.
    pub path: String,
    /// Its values in order; empty for a range without a step.
    pub values: Vec<String>,
    /// The range, if the values come from one: what draws a Latin hypercube, and nothing once that is drawn.
    #[serde(skip)]
    pub range: Option<Range>,
}

/// How the values of several paths are put together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Every combination, the last path fastest.
    Grid,
    /// Side by side.
    Zip,
    /// As listed.
    Table(Vec<Vec<String>>),
}

/// All points. They are made when asked for: a large grid takes no memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Design {
    axes: Vec<Axis>,
    kind: Kind,
}

impl Design {
    /// One point, at which nothing varies.
    #[must_use]
    pub fn as_it_stands() -> Design {
        Design {
            axes: Vec::new(),
            kind: Kind::Grid,
        }
    }

    /// Every combination of the values.
    ///
    /// # Errors
    /// If an axis is a range without a step, or two name the same path.
    pub fn grid(axes: Vec<Axis>) -> Result<Design, String> {
        stepped(&axes)?;
        Design::new(axes, Kind::Grid)
    }

    /// The first values of all paths, the second ones, and so on.
    ///
    /// # Errors
    /// If the paths do not have the same number of values, and as [`Design::grid`].
    pub fn zip(axes: Vec<Axis>) -> Result<Design, String> {
        stepped(&axes)?;
        if let Some(pair) = axes
            .windows(2)
            .find(|p| p[0].values.len() != p[1].values.len())
        {
            return Err(format!(
                "--zip needs as many values of each: `{}` has {} and `{}` has {}",
                pair[0].path,
                pair[0].values.len(),
                pair[1].path,
                pair[1].values.len()
            ));
        }
        Design::new(axes, Kind::Zip)
    }

    /// A Latin hypercube of n points: each path takes a value in each of n equal slices
    /// of its range once.
    ///
    /// # Errors
    /// If two axes name the same path.
    pub fn latin_hypercube(axes: Vec<Axis>, points: usize, seed: u64) -> Result<Design, String> {
        let mut stream = Stream::new(seed, 0, "design.latin_hypercube");
        let cube = latin_hypercube(points, axes.len(), || stream.unit());
        let value = |axis: &Axis, share: f64| match &axis.range {
            Some(range) => range.at(share),
            None => axis.values[(share * axis.values.len() as f64) as usize].clone(),
        };
        let rows = cube
            .iter()
            .map(|point| axes.iter().zip(point).map(|(a, &s)| value(a, s)).collect())
            .collect();
        Design::new(axes, Kind::Table(rows))
    }

    /// A table: CSV with a header of paths and a row of values for each point.
    ///
    /// # Errors
    /// If it is no such CSV.
    pub fn from_csv(text: &str) -> Result<Design, String> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let failed = |e: csv::Error| format!("the design is no CSV: {e}");
        let header = reader.headers().map_err(failed)?.clone();
        let axes = header
            .iter()
            .map(|path| Axis {
                path: path.to_owned(),
                values: Vec::new(),
                range: None,
            })
            .collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(failed)?;
            rows.push(record.iter().map(str::to_owned).collect());
        }
        if rows.is_empty() {
            return Err(
                "the design has no points: a header of paths, then a row of values each".into(),
            );
        }
        Design::new(axes, Kind::Table(rows))
    }

    fn new(axes: Vec<Axis>, kind: Kind) -> Result<Design, String> {
        for (i, axis) in axes.iter().enumerate() {
            if axes[..i].iter().any(|a| a.path == axis.path) {
                return Err(format!("`{}` is varied twice", axis.path));
            }
        }
        let design = Design { axes, kind };
        if design.checked_len().is_none_or(|n| n > MOST_POINTS) {
            return Err(format!("more than {MOST_POINTS} points"));
        }
        Ok(design)
    }

    fn checked_len(&self) -> Option<u64> {
        match &self.kind {
            Kind::Grid => self
                .axes
                .iter()
                .try_fold(1u64, |n, axis| n.checked_mul(axis.values.len() as u64)),
            Kind::Zip => Some(self.axes.first().map_or(1, |a| a.values.len() as u64)),
            Kind::Table(rows) => Some(rows.len() as u64),
        }
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.checked_len().unwrap_or(u64::MAX)
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The varied paths in the order given.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().map(|a| a.path.as_str())
    }

    /// Values of all paths at the point with this index.
    #[must_use]
    pub fn point(&self, index: u64) -> Vec<String> {
        match &self.kind {
            Kind::Table(rows) => rows.get(index as usize).cloned().unwrap_or_default(),
            Kind::Zip => self
                .axes
                .iter()
                .filter_map(|a| a.values.get(index as usize).cloned())
                .collect(),
            Kind::Grid => {
                let mut rest = index;
                let mut values: Vec<String> = Vec::with_capacity(self.axes.len());
                for axis in self.axes.iter().rev() {
                    let n = axis.values.len() as u64;
                    values.push(axis.values[(rest % n) as usize].clone());
                    rest /= n;
                }
                values.reverse();
                values
            }
        }
    }
}

/// More points than anybody has time for.
const MOST_POINTS: u64 = 100_000_000;

fn stepped(axes: &[Axis]) -> Result<(), String> {
    match axes.iter().find(|a| a.values.is_empty()) {
        Some(axis) => Err(format!(
            "--vary {}: a range needs a step (a..b:step) or a number of values (a..b/n), unless --lhs \
             draws them",
            axis.path
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::vary::parse;
    use super::*;

    fn axes(texts: &[&str]) -> Vec<Axis> {
        texts
            .iter()
            .map(|t| parse(t, &|_| true).unwrap_or_else(|e| panic!("{e}")))
            .collect()
    }

    #[test]
    fn a_grid_turns_its_last_path_fastest() {
        let design = Design::grid(axes(&["a=1,2", "b=x,y,z"])).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(design.len(), 6);
        assert_eq!(design.point(1), ["1", "y"]);
        assert_eq!(design.point(3), ["2", "x"]);
    }

    #[test]
    fn zipped_paths_go_side_by_side() {
        let design = Design::zip(axes(&["a=1,2", "b=x,y"])).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(
            (design.len(), design.point(1)),
            (2, vec!["2".into(), "y".into()])
        );
        assert!(Design::zip(axes(&["a=1,2", "b=x"])).is_err());
        assert!(Design::grid(axes(&["a=1..2"])).is_err());
        assert!(Design::grid(axes(&["a=1", "a=2"])).is_err());
    }

    #[test]
    fn a_hypercube_fills_each_slice_once() {
        let axes = axes(&["a=0..1000", "b=x,y"]);
        let design = Design::latin_hypercube(axes, 10, 7).unwrap_or_else(|e| panic!("{e}"));
        let mut slices: Vec<u64> = (0..10)
            .map(|i| design.point(i)[0].parse::<u64>().unwrap_or(0) / 100)
            .collect();
        slices.sort_unstable();
        assert_eq!(slices, (0..10).collect::<Vec<_>>());
        let xs = (0..10).filter(|i| design.point(*i)[1] == "x").count();
        assert_eq!(xs, 5);
    }

    #[test]
    fn a_table_is_read_as_it_stands() {
        let design = Design::from_csv("load, stations.cpu.servers\n1.5, 2\n2, 4\n")
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(
            design.paths().collect::<Vec<_>>(),
            ["load", "stations.cpu.servers"]
        );
        assert_eq!(design.point(1), ["2", "4"]);
        assert!(Design::from_csv("load\n").is_err());
    }
}
