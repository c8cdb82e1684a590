//! What `capsim fit` says of its runs: the account on the screen, in short or in full, the table as CSV, and the runs of the page.

use super::super::exit::CliError;
use super::{FitArgs, invalid};
use crate::report::fit_page::Run;
use crate::report::fit_short::{Shown, short};
use crate::report::{fit as report, fit_table as table};
use crate::study::fit::forecast::deviations;
use crate::study::fit::formula::Formula;
use crate::study::fit::knee::{Knee, knee};
use crate::study::fit::quality::{Quality, rms, size};
use crate::study::fit::search::Found;
use crate::study::fit::{Case, Evaluation, Fit};

/// Runs at least, of each prediction, under parameters drawn from their intervals.
const DRAWS: u64 = 20;

/// What a fit tells of its runs.
pub(super) struct Told<'a> {
    pub text: String,
    /// Stands below it.
    pub end: String,
    /// The table of all numbers.
    pub csv: String,
    pub knee: Option<Knee>,
    /// For the page.
    pub runs: Vec<Run<'a>>,
}

impl FitArgs {
    /// What the fit says of the runs that it was fitted to, and of those that are predicted.
    pub(super) fn told<'a>(
        &self,
        fit: &'a Fit,
        held: &'a [Case],
        found: &Found,
        quality: &Quality,
    ) -> Result<Told<'a>, CliError> {
        let knee = knee(fit, found, quality);
        let predicted = self.predicted(fit, held, found, quality)?;
        let mut text = match self.verbose {
            true => self.in_full(fit, held, found, quality, &predicted),
            false => in_short(fit, held, found, quality, &predicted, knee.as_ref()),
        };
        if let (true, Some(knee)) = (self.verbose, &knee) {
            text.push_str(&report::knee(knee));
        }
        if !held.is_empty() {
            let values = &predicted.evaluation.values;
            let (rms, numbers) = rms(held, values);
            text.push_str(&format!(
                "\nprediction: {} root mean square over {numbers} numbers\n",
                size(rms)
            ));
            text.push_str(&table::against_formula(held, values, &predicted.formulas));
        }
        let end = format!("{} runs simulated, seed {}\n", found.runs, fit.seed);
        Ok(Told {
            text,
            end,
            csv: csv(fit, held, found, &predicted),
            knee,
            runs: pages(fit, held, found, &predicted),
        })
    }

    /// What the fitted model says of the runs that were held out.
    fn predicted(
        &self,
        fit: &Fit,
        held: &[Case],
        found: &Found,
        quality: &Quality,
    ) -> Result<Predicted, CliError> {
        let at = std::slice::from_ref(&found.point);
        let done = fit.evaluate_cases(held, at, self.replications.max(5));
        let evaluation = done
            .into_iter()
            .next()
            .ok_or_else(|| invalid("nothing ran"))?;
        let draws = self.replications.max(DRAWS);
        Ok(Predicted {
            evaluation: evaluation.map_err(invalid)?,
            deviations: deviations(fit, held, found, quality, draws).map_err(invalid)?,
            formulas: held.iter().map(|case| fit.formula(case, found)).collect(),
        })
    }

    /// All numbers of all runs, and the parameters.
    fn in_full(
        &self,
        fit: &Fit,
        held: &[Case],
        found: &Found,
        quality: &Quality,
        predicted: &Predicted,
    ) -> String {
        let at = &found.evaluation;
        let mut text = String::new();
        for (case, (values, spread)) in fit.cases.iter().zip(at.values.iter().zip(&at.variances)) {
            text.push_str(&table::table(case, values, spread, None));
        }
        for (i, case) in held.iter().enumerate() {
            let (values, spread, beside) = predicted.of(i);
            text.push_str(&table::table(case, values, spread, Some(beside)));
        }
        text.push_str(&report::parameters(fit, quality));
        text
    }
}

/// The short account.
fn in_short(
    fit: &Fit,
    held: &[Case],
    found: &Found,
    quality: &Quality,
    predicted: &Predicted,
    knee: Option<&Knee>,
) -> String {
    let at = &found.evaluation;
    let deviations = |of: &Vec<f64>| of.iter().map(|v| v.sqrt()).collect();
    let chance: Vec<Vec<f64>> = at.variances.iter().map(deviations).collect();
    let (values, deviations) = (&predicted.evaluation.values, &predicted.deviations);
    let mut runs = shown(false, &fit.cases, &at.values, &chance);
    runs.extend(shown(true, held, values, deviations));
    short(fit, quality, knee, &runs)
}

/// Runs for the short account.
fn shown<'a>(
    held: bool,
    cases: &'a [Case],
    values: &'a [Vec<f64>],
    deviations: &'a [Vec<f64>],
) -> Vec<Shown<'a>> {
    let each = cases.iter().zip(values.iter().zip(deviations));
    let shown = each.map(|(case, (values, deviations))| Shown {
        case,
        values,
        deviations,
        held,
    });
    shown.collect()
}

/// What the fitted model says of the runs that were held out.
struct Predicted {
    evaluation: Evaluation,
    deviations: Vec<Vec<f64>>,
    formulas: Vec<Option<Formula>>,
}

impl Predicted {
    fn of(&self, i: usize) -> (&[f64], &[f64], table::Beside<'_>) {
        let beside = table::Beside {
            deviations: &self.deviations[i],
            formula: self.formulas[i].as_ref(),
        };
        (
            &self.evaluation.values[i],
            &self.evaluation.variances[i],
            beside,
        )
    }
}

/// All numbers as CSV.
fn csv(fit: &Fit, held: &[Case], found: &Found, predicted: &Predicted) -> String {
    let mut csv =
        String::from("role,run,load,window,number,measured,model,error,spread,deviation,formula\n");
    let at = &found.evaluation;
    for (case, (values, spread)) in fit.cases.iter().zip(at.values.iter().zip(&at.variances)) {
        csv.push_str(&table::csv_lines(case, values, spread, None));
    }
    for (i, case) in held.iter().enumerate() {
        let (values, spread, beside) = predicted.of(i);
        csv.push_str(&table::csv_lines(case, values, spread, Some(beside)));
    }
    csv
}

/// All runs for the page.
fn pages<'a>(fit: &'a Fit, held: &'a [Case], found: &Found, predicted: &Predicted) -> Vec<Run<'a>> {
    let at = &found.evaluation;
    let fitted = fit.cases.iter().zip(at.values.iter().zip(&at.variances));
    let fitted = fitted.map(|(case, (values, spread))| Run::new("fitted to", case, values, spread));
    let held = held.iter().enumerate().map(|(i, case)| {
        let (values, spread, _) = predicted.of(i);
        Run::new("predicted", case, values, spread)
    });
    fitted.chain(held).collect()
}
