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
    /// Whole-numbered parameters with the values that the data leave possible.
    pub whole: Vec<Whole>,
    /// How much slower one run is than another, if it is known.
    pub run_to_run: Option<f64>,
    /// How far a number is off by itself.
    pub lack: BTreeMap<String, f64>,
    /// Lowest and highest load fitted to.
    pub loads: Option<(f64, f64)>,
    /// Runs fitted to.
    pub runs: usize,
    /// Root mean square of the relative errors over these, if the file says it.
    pub error: Option<f64>,
}

/// A whole-numbered parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// As it was written with `--free`.
    pub name: String,
    paths: Vec<String>,
    choices: Vec<Choice>,
}

/// A value that it may have.
#[derive(Clone, Debug, PartialEq)]
struct Choice {
    value: f64,
    weight: f64,
    moves: Vec<f64>,
}

impl Whole {
    /// The value at a place in 0..1 of all values one after another, each as long as it is probable: its overrides,
    /// and how far the logarithms of the other parameters move with it.
    ///
    /// # Errors
    /// If a path cannot be overridden.
    pub fn at(&self, place: f64) -> Result<(Vec<Override>, &[f64]), String> {
        let all: f64 = self.choices.iter().map(|c| c.weight).sum();
        let mut left = place * all;
        let found = self.choices.iter().find(|choice| {
            left -= choice.weight;
            left < 0.0
        });
        let Some(choice) = found.or(self.choices.last()) else {
            return Ok((Vec::new(), &[]));
        };
        let text = free::written(Unit::Whole, choice.value);
        let put = |path: &String| Override::new(path, &text).map_err(|e| e.brief());
        let overrides: Result<Vec<Override>, String> = self.paths.iter().map(put).collect();
        Ok((overrides?, &choice.moves))
    }

    fn read(name: &str, choices: &toml::Value, document: &Document) -> Result<Whole, String> {
        let paths = free::matching(name, document)
            .map_err(|why| format!("`[fitted.whole]`: {why}; fit the model again"))?;
        let choice = |table: &toml::Value| {
            Some(Choice {
                value: number(table.get("value")?)?,
                weight: number(table.get("weight")?).filter(|w| *w > 0.0)?,
                moves: numbers(table.get("moves")?),
            })
        };
        let all = choices.as_array().into_iter().flatten();
        let choices: Option<Vec<Choice>> = all.map(choice).collect();
        Ok(Whole {
            name: name.to_owned(),
            paths,
            choices: choices.ok_or_else(|| {
                format!("`{name}` of `[fitted.whole]` needs a value, a weight and moves for each; fit the model again")
            })?,
        })
    }
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
    /// Whether two models remember one fit, whatever else was changed in them.
    #[must_use]
    pub fn is_of_the_fit(&self, other: &Remembered) -> bool {
        let names = |of: &Remembered| -> Vec<String> {
            let whole = of.whole.iter().map(|whole| whole.name.clone());
            let smooth = of.parameters.iter().map(|p| p.name.clone());
            smooth.chain(whole).collect()
        };
        names(self) == names(other)
            && self.covariance == other.covariance
            && self.run_to_run == other.run_to_run
            && self.lack == other.lack
            && self.loads == other.loads
            && self.runs == other.runs
    }

    /// Reads the section; a model that was never fitted remembers nothing.
    ///
    /// # Errors
    /// If the section is not as `capsim fit` wrote it.
    pub fn read(document: &Document) -> Result<Remembered, String> {
        let table: toml::Table = toml::from_str(document.text()).map_err(|e| e.to_string())?;
        let Some(section) = table.get("fitted").and_then(|f| f.as_table()) else {
            return Ok(Remembered::default());
        };
        let to = section.get("to").and_then(|to| to.as_array());
        let mut all = Remembered {
            runs: to.map_or(0, Vec::len),
            error: section.get("error").and_then(number),
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
        let whole = section.get("whole").and_then(|w| w.as_table());
        for (name, choices) in whole.into_iter().flatten() {
            all.whole.push(Whole::read(name, choices, document)?);
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
                .ok_or_else(|| format!("`{}` is not a number or time above zero", paths[0]))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_drawn_by_its_weight() {
        let text = "[scenarios.s]\nexecutor = \"constant-vus\"\nvus = 1\nduration = \"1s\"\njourney = \"j\"\n\
                    [journeys]\nj = [{ request = \"e\" }]\n[stations.w]\nservers = 3\n\
                    [endpoints.e]\nvisits = [{ station = \"w\", time = \"1ms\" }]\n\
                    [fitted]\nto = [\"a\", \"b\"]\n[fitted.forecast]\nparameters = []\nbounds = []\ncovariance = []\n\
                    [fitted.whole]\n\"stations.w.servers\" = [\n\
                    { value = 3, weight = 0.75, moves = [0.0] }, { value = 4, weight = 0.25, moves = [0.1] }]\n";
        let read = |text: &str| {
            let document = Document::from_text("m.toml", text).map_err(|e| e.brief())?;
            Remembered::read(&document)
        };
        let memory = read(text).unwrap_or_else(|why| panic!("{why}"));
        let drawn = |place: f64| {
            let (overrides, moves) = memory.whole[0].at(place).unwrap_or_default();
            (overrides[0].value().to_owned(), moves[0])
        };
        assert_eq!(drawn(0.74), ("3".to_owned(), 0.0));
        assert_eq!(drawn(0.76), ("4".to_owned(), 0.1));
        assert_eq!(drawn(1.0), ("4".to_owned(), 0.1));
        let broken = text.replace("weight = 0.25, ", "");
        let why = read(&broken).err().unwrap_or_default();
        assert!(why.contains("needs a value, a weight and moves"), "{why}");
    }
}
