//! A case: a system, its parameters, the exact values stated for it and how close a run must come.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::model::suggest::{all_of, nearest};

/// The cases carried in the binary.
const SHIPPED: &str = include_str!("../../../tests/data/reference/cases.json");

/// Values by the name of their quantity. Times are in seconds, rates per second.
pub type Quantities = BTreeMap<String, f64>;

/// One system with exactly known answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The system, in words.
    #[serde(default)]
    pub system: String,
    /// Parameters, in seconds and per second.
    pub parameters: Parameters,
    /// Exact values.
    pub expected: Quantities,
    /// How close, in words.
    #[serde(default)]
    pub tolerance: String,
    /// Where the exact values come from.
    #[serde(default)]
    pub source: String,
    /// What else is to be known.
    #[serde(default)]
    pub note: String,
}

/// Reads a list of cases.
///
/// # Errors
/// If it is not a JSON list of cases, or a tolerance is none: what is wrong and where.
pub fn parse(json: &str) -> Result<Vec<Case>, String> {
    let cases: Vec<Case> = serde_json::from_str(json).map_err(|why| why.to_string())?;
    if let Some(case) = cases.iter().find(|case| case.expected.is_empty()) {
        let why = "`expected` is empty: there is nothing to compare";
        return Err(format!("case `{}`: {why}", case.name));
    }
    cases.iter().try_for_each(check_tolerance)?;
    Ok(cases)
}

/// The cases carried in the binary.
///
/// # Errors
/// Never, unless the binary was built from a broken file.
pub fn shipped() -> Result<Vec<Case>, String> {
    parse(SHIPPED)
}

/// Parameters by name. They remember which were asked for: one that nobody wants is a mistake.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "BTreeMap<String, Value>")]
pub struct Parameters {
    values: BTreeMap<String, Value>,
    asked: RefCell<BTreeSet<String>>,
}

impl From<BTreeMap<String, Value>> for Parameters {
    fn from(values: BTreeMap<String, Value>) -> Parameters {
        let asked = RefCell::default();
        Parameters { values, asked }
    }
}

impl Parameters {
    /// Whether there are all of these names; it does not count as asking for them.
    #[must_use]
    pub fn fit(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.values.contains_key(*key))
    }

    /// What is wrong with the names of the parameters, after all of them were asked for that the system has.
    ///
    /// # Errors
    /// If one was never asked for: its name, and the nearest one that was. `others` are names of parameters of
    /// other kinds of systems.
    pub fn all_known(&self, others: &[&str]) -> Result<(), String> {
        let asked = self.asked.borrow();
        let strange = self.values.keys().filter(|key| !asked.contains(*key));
        let told: Vec<String> = strange
            .map(|key| {
                let known = || asked.iter().map(String::as_str);
                let fix = match nearest(key, known().chain(others.iter().copied())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => all_of("parameters", known()),
                };
                format!("this kind of system has no parameter `{key}`; {fix}")
            })
            .collect();
        match told.is_empty() {
            true => Ok(()),
            false => Err(told.join("\n")),
        }
    }

    /// The value of a name, which counts as asked for.
    fn get(&self, key: &str) -> Option<&Value> {
        self.asked.borrow_mut().insert(key.to_string());
        self.values.get(key)
    }

    /// As `missing`, and which parameter seems to be the one that is meant.
    fn or_misspelt(&self, key: &str, missing: String) -> String {
        if self.values.contains_key(key) {
            return missing;
        }
        let asked = self.asked.borrow();
        let strange = self.values.keys().filter(|k| !asked.contains(*k));
        let meant = nearest(key, strange.map(String::as_str));
        meant.map_or(missing.clone(), |meant| {
            format!("{missing}; is `{meant}` a slip of the pen?")
        })
    }

    /// Whether there is one of this name.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A finite number of zero or more.
    ///
    /// # Errors
    /// If there is none.
    pub fn number(&self, key: &str) -> Result<f64, String> {
        let number = self.get(key).and_then(Value::as_f64);
        number
            .filter(|x| x.is_finite() && *x >= 0.0)
            .ok_or_else(|| {
                self.or_misspelt(key, format!("`{key}` must be a number of zero or more"))
            })
    }

    /// A whole number from 1 to ten million.
    ///
    /// # Errors
    /// If there is none.
    pub fn whole(&self, key: &str) -> Result<u32, String> {
        let number = self.number(key)?;
        if number.fract() == 0.0 && (1.0..=1e7).contains(&number) {
            Ok(number as u32)
        } else {
            Err(format!("`{key}` must be a whole number from 1 to 10000000"))
        }
    }

    /// As [`Parameters::whole`], or a default where it is left out.
    ///
    /// # Errors
    /// If it is there and no such number.
    pub fn whole_or(&self, key: &str, default: u32) -> Result<u32, String> {
        if self.has(key) {
            self.whole(key)
        } else {
            Ok(default)
        }
    }

    /// A text; empty where it is left out.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        self.get(key).and_then(Value::as_str).unwrap_or("")
    }

    /// A list of numbers above zero.
    ///
    /// # Errors
    /// If there is none.
    pub fn numbers(&self, key: &str) -> Result<Vec<f64>, String> {
        let list = self.get(key).and_then(Value::as_array);
        let numbers: Option<Vec<f64>> =
            list.and_then(|list| list.iter().map(Value::as_f64).collect());
        numbers
            .filter(|list| !list.is_empty() && list.iter().all(|x| *x > 0.0 && x.is_finite()))
            .ok_or_else(|| format!("`{key}` must be a list of numbers above zero"))
    }

    /// Stages of a ramp: (seconds, target).
    ///
    /// # Errors
    /// If there are none.
    pub fn stages(&self) -> Result<Vec<(f64, f64)>, String> {
        let stage = |value: &Value| Some((value["duration"].as_f64()?, value["target"].as_f64()?));
        let list = self.get("stages").and_then(Value::as_array);
        let stages: Option<Vec<_>> = list.and_then(|list| list.iter().map(stage).collect());
        stages
            .filter(|stages| !stages.is_empty())
            .ok_or_else(|| "`stages` must be a list of { duration, target }".to_string())
    }
}

/// How far an estimate may lie from the exact value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// This share of the exact value.
    Share(f64),
    /// This much.
    Absolute(f64),
    /// Not at all, but for rounding to ten digits.
    Exact,
}

impl Tolerance {
    /// In the unit of the value.
    #[must_use]
    pub fn of(self, exact: f64) -> f64 {
        match self {
            Tolerance::Share(share) => share * exact.abs(),
            Tolerance::Absolute(width) => width,
            Tolerance::Exact => 1e-9 * exact.abs().max(1.0),
        }
    }
}

/// The kind of a quantity, as tolerances speak of it.
fn words(quantity: &str) -> &'static [&'static str] {
    let starts = |text: &str| quantity.starts_with(text);
    if quantity.ends_with("probability") || starts("probability") {
        &["probability"]
    } else if starts("second_moment") {
        &["second moment"]
    } else if starts('p'.to_string().as_str())
        && quantity[1..].starts_with(|c: char| c.is_ascii_digit())
    {
        &["quantile"]
    } else if starts("throughput") || starts("utilisation") || starts("stopped") {
        &["throughput", "mean"]
    } else if starts("iterations") {
        &["iterations"]
    } else if starts("expected") {
        &["winners", "mean"]
    } else {
        &["the response", "mean"]
    }
}

/// Reads what a text such as "2% of each mean, 0.005 absolute for each probability" says of a
/// quantity; what it does not name gets the first of its clauses, and an empty text 2 %.
#[must_use]
pub fn tolerance(text: &str, quantity: &str) -> Tolerance {
    let clauses: Vec<&str> = text.split([',', ';']).map(str::trim).collect();
    let named = words(quantity)
        .iter()
        .find_map(|word| clauses.iter().find(|clause| clause.contains(word)));
    let clause = named.or(clauses.first()).copied().unwrap_or("");
    read_clause(clause).unwrap_or(Tolerance::Share(0.02))
}

/// Reads one clause: `exact`, or a number with `%` or `absolute` behind it.
fn read_clause(clause: &str) -> Option<Tolerance> {
    if clause.starts_with("exact") {
        return Some(Tolerance::Exact);
    }
    let end = clause.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (digits, unit) = clause.split_at(end);
    let number: f64 = digits.parse().ok()?;
    match unit.trim_start() {
        unit if unit.starts_with('%') => Some(Tolerance::Share(number / 100.0)),
        unit if unit.starts_with("absolute") => Some(Tolerance::Absolute(number)),
        _ => None,
    }
}

/// Sees whether a text is a tolerance.
fn check_tolerance(case: &Case) -> Result<(), String> {
    let clauses = case.tolerance.split([',', ';']).map(str::trim);
    let wrong = |clause: &&str| !case.tolerance.is_empty() && read_clause(clause).is_none();
    match clauses.into_iter().find(wrong) {
        None => Ok(()),
        Some(clause) => Err(format!(
            "case `{}`: `{clause}` is not a tolerance; write `2% of each mean`, \
             `0.005 absolute for each probability` or `exact`, with commas between",
            case.name
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_are_read_from_their_texts() {
        let usual = "2% of each mean, 3% of each quantile, 0.005 absolute for each probability";
        assert_eq!(tolerance(usual, "mean_wait"), Tolerance::Share(0.02));
        assert_eq!(tolerance(usual, "utilisation"), Tolerance::Share(0.02));
        assert_eq!(tolerance(usual, "p99_response"), Tolerance::Share(0.03));
        let probability = tolerance(usual, "blocking_probability");
        assert_eq!(probability, Tolerance::Absolute(0.005));
        let moments = "2% of the mean, 6% of the second moment";
        let second = tolerance(moments, "second_moment_of_wait");
        assert_eq!(second, Tolerance::Share(0.06));
        let closed = "1% of throughput, 2% of the mean response (2% of Z where it is small)";
        assert_eq!(tolerance(closed, "utilisation"), Tolerance::Share(0.01));
        assert_eq!(tolerance(closed, "mean_response"), Tolerance::Share(0.02));
        let usl = "1.5% of throughput, 3% of mean response";
        assert_eq!(tolerance(usl, "mean_response"), Tolerance::Share(0.03));
        let ramp = "1.5% of iterations; 3% of the response during a plateau at the largest target";
        assert_eq!(tolerance(ramp, "iterations"), Tolerance::Share(0.015));
        assert_eq!(
            tolerance(ramp, "peak_mean_response"),
            Tolerance::Share(0.03)
        );
        assert_eq!(tolerance("exact", "max_wait"), Tolerance::Exact);
        let seats = "1% of winners over many replications";
        assert_eq!(
            tolerance(seats, "failure_probability"),
            Tolerance::Share(0.01)
        );
    }

    #[test]
    fn what_is_no_tolerance_is_refused() {
        let case = |tolerance: &str| {
            parse(&format!(
                r#"[{{"name": "a", "parameters": {{}}, "expected": {{"mean_wait": 1}}, "tolerance": "{tolerance}"}}]"#
            ))
        };
        for good in [
            "",
            "exact",
            "3 % of each mean",
            "1% of throughput; 0.1 absolute for each probability",
        ] {
            assert!(case(good).is_ok(), "{good}");
        }
        for bad in ["tight", "2", "of 2%", "2%, much", "1.2.3%", ","] {
            let said = case(bad).unwrap_err();
            assert!(said.starts_with("case `a`: `"), "{said}");
            assert!(
                said.contains("is not a tolerance; write `2% of each mean`"),
                "{said}"
            );
        }
    }

    #[test]
    fn a_case_that_compares_nothing_is_refused() {
        let read = |more: &str| parse(&format!(r#"[{{"name": "a", "parameters": {{}}, {more}}}]"#));
        let said = read(r#""expected": {}"#).unwrap_err();
        assert!(said.starts_with("case `a`: `expected` is empty"), "{said}");
        let said = read(r#""expected": {"mean_wait": 1}, "tolerence": "1%""#).unwrap_err();
        assert!(said.contains("unknown field `tolerence`"), "{said}");
    }

    #[test]
    fn all_shipped_cases_are_read() {
        let cases = shipped().unwrap();
        assert_eq!(cases.len(), 41);
        assert!(cases.iter().all(|case| !case.expected.is_empty()));
    }
}
