//! What a fitted model remembers of its fit: the section `[fitted]`, read back.

use std::collections::BTreeMap;

use super::free::{self, Unit};
use crate::model::{Document, Override};

/// A parameter that is not known exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// As it was written with `--free`.
    pub name: String,
    /// The places that share the value.
    paths: Vec<String>,
    unit: Unit,
    /// Its value in the file.
    pub value: f64,
    bounds: (f64, f64),
}

/// All that a fit left in the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remembered {
    /// Parameters, in the order of the covariance.
    pub parameters: Vec<Parameter>,
    /// Covariance of their logarithms.
    pub covariance: Vec<Vec<f64>>,
    /// How much slower one run is than another, if it is known.
    pub run_to_run: Option<f64>,
    /// How far a number is off by itself.
    pub lack: BTreeMap<String, f64>,
    /// Lowest and highest load fitted to.
    pub loads: Option<(f64, f64)>,
    /// Runs fitted to.
    pub runs: usize,
}

impl Parameter {
    /// The overrides that give it another value, within its bounds; `log` is added to the logarithm.
    ///
    /// # Errors
    /// If a path cannot be overridden.
    pub fn moved(&self, log: f64) -> Result<Vec<Override>, String> {
        let value = (self.value * libm::exp(log)).clamp(self.bounds.0, self.bounds.1);
        let text = free::written(self.unit, value);
        let put = |path: &String| Override::new(path, &text).map_err(|e| e.brief());
        self.paths.iter().map(put).collect()
    }
}

impl Remembered {
    /// Reads the section; a model that was never fitted remembers nothing.
    ///
    /// # Errors
    /// If the section is not as `capsim fit` wrote it.
    pub fn read(document: &Document) -> Result<Remembered, String> {
        let table: toml::Table = toml::from_str(document.text()).map_err(|e| e.to_string())?;
        let Some(section) = table.get("fitted").and_then(|f| f.as_table()) else {
            return Ok(Remembered::default());
        };
        let mut all = Remembered {
            runs: section
                .get("to")
                .and_then(|to| to.as_array())
                .map_or(0, Vec::len),
            ..Remembered::default()
        };
        let range = section.get("vus").or_else(|| section.get("rate"));
        if let Some([low, high]) = range.map(numbers).as_deref() {
            all.loads = Some((*low, *high));
        }
        if let Some(lack) = section.get("lack").and_then(|l| l.as_table()) {
            let each = lack.iter();
            let each = each.filter_map(|(name, x)| Some((name.clone(), number(x)?)));
            all.lack = each.filter(|(_, x)| *x >= 0.0).collect();
        }
        let Some(forecast) = section.get("forecast").and_then(|f| f.as_table()) else {
            let why = "`[fitted]` has no `[fitted.forecast]`: an older capsim wrote it";
            return Err(format!("{why}; fit the model again"));
        };
        all.run_to_run = forecast.get("run_to_run").and_then(number);
        let names = forecast.get("parameters").and_then(|n| n.as_array());
        let names: Vec<&str> = names
            .into_iter()
            .flatten()
            .filter_map(|n| n.as_str())
            .collect();
        let rows = |key: &str| -> Vec<Vec<f64>> {
            let rows = forecast.get(key).and_then(|r| r.as_array());
            rows.into_iter().flatten().map(numbers).collect()
        };
        let (bounds, covariance) = (rows("bounds"), rows("covariance"));
        let n = names.len();
        let square = covariance.len() == n && covariance.iter().all(|row| row.len() == n);
        if !square || bounds.len() != n || bounds.iter().any(|b| b.len() != 2) {
            let why =
                "`parameters`, `bounds` and `covariance` of `[fitted.forecast]` do not go together";
            return Err(format!("{why}; fit the model again"));
        }
        for (name, bounds) in names.into_iter().zip(bounds) {
            let paths = free::matching(name, document)
                .map_err(|why| format!("`[fitted.forecast]`: {why}; fit the model again"))?;
            let (unit, value) = free::standing(document, &[], &paths[0])
                .map(|(unit, value, _)| (unit, value))
                .filter(|(_, value)| *value > 0.0)
                .ok_or_else(|| format!("`{}` is no number or time above zero", paths[0]))?;
            // A whole number in the file is one of a quantity that may be any number.
            let unit = if unit == Unit::Whole {
                Unit::Number
            } else {
                unit
            };
            let (low, high) = (bounds[0].min(value), bounds[1].max(value));
            all.parameters.push(Parameter {
                name: name.to_owned(),
                paths,
                unit,
                value,
                bounds: (low, high),
            });
        }
        all.covariance = covariance;
        Ok(all)
    }
}

fn number(value: &toml::Value) -> Option<f64> {
    let number = match value {
        toml::Value::Integer(n) => *n as f64,
        toml::Value::Float(x) => *x,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

fn numbers(value: &toml::Value) -> Vec<f64> {
    let items = value.as_array();
    items.into_iter().flatten().filter_map(number).collect()
}
