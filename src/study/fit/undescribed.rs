//! Runs that a model does not describe although it was fitted to them: of what happens at such a load it knows nothing.

use super::Fit;
use super::quality::{BAD, rms, size};
use super::search::Found;

/// The runs fitted to that a model is off of by more than any good one is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Undescribed {
    /// Their names and loads, and the root mean square of the relative errors of each.
    pub runs: Vec<(String, String, f64)>,
    /// Root mean square of the relative errors of the other runs; `None` if there are no others.
    pub others: Option<f64>,
}

impl Undescribed {
    /// Judges each run by itself.
    #[must_use]
    pub fn new(fit: &Fit, found: &Found) -> Undescribed {
        let mut all = Undescribed::default();
        let (mut cases, mut near) = (Vec::new(), Vec::new());
        for (case, values) in fit.cases.iter().zip(&found.evaluation.values) {
            let (off, _) = rms(std::slice::from_ref(case), std::slice::from_ref(values));
            if off > BAD {
                all.runs.push((case.name.clone(), case.load.clone(), off));
            } else {
                cases.push(case.clone());
                near.push(values.clone());
            }
        }
        all.others = (!cases.is_empty()).then(|| rms(&cases, &near).0);
        all
    }

    /// Which they are and what to do; empty if there are none.
    #[must_use]
    pub fn words(&self) -> String {
        if self.runs.is_empty() {
            return String::new();
        }
        let each = self.runs.iter();
        let each = each.map(|(name, load, off)| format!("{name} ({load}) by {}", size(*off)));
        let others = match self.others {
            Some(rms) => format!("; the other runs by {}", size(rms)),
            None => String::new(),
        };
        format!(
            "not described, although fitted to: off by root mean square {}{others}\n\
             What is missing there is a mechanism, not a value, and predictions of such loads are as far off. See the \
             worst numbers, try `--structures auto` or another model with `--or`, or leave these runs out\n",
            each.collect::<Vec<String>>().join(", ")
        )
    }
}
