//! What `capsim fit` fits: of several models the one that predicts the highest load best, and what may vary in it.

use std::path::PathBuf;

use super::exit::Failure;
use super::fit::{FitArgs, invalid};
use crate::model::{Document, Override};
use crate::study::fit::Fit;
use crate::study::fit::crossing::refuse_crossing;
use crate::study::fit::free::{Free, matching};
use crate::study::fit::structure::{Choice, leave_highest_out};

/// Whether the model takes a bound of a free parameter. Errors elsewhere in it may come from other parameters, which
/// have other values later.
fn within(
    document: &Document,
    base: &[Override],
    parameter: &Free,
    bound: f64,
) -> Result<(), String> {
    let all = [base, &parameter.overrides(bound)?].concat();
    let Err(problems) = document.check(&all) else {
        return Ok(());
    };
    match problems.iter().find(|problem| &*problem.file == "--set") {
        None => Ok(()),
        Some(problem) => Err(format!(
            "--free {}: the bound {} is none: {}",
            parameter.name,
            parameter.shown(bound),
            problem.message
        )),
    }
}

impl FitArgs {
    /// The model to be fitted, and how it was chosen, if there is a choice.
    pub(super) fn structure(
        &self,
        base: &[Override],
    ) -> Result<(Document, Option<Choice>), Failure> {
        let own = self.model.document()?;
        if self.or.is_empty() {
            return Ok((own, None));
        }
        let mut all: Vec<(PathBuf, Document)> = vec![(self.model.model.clone(), own)];
        for path in &self.or {
            all.push((path.clone(), self.model.allow.document(path)?));
        }
        self.every_parameter_is_somewhere(&all)?;
        let (mut tried, mut left_out) = (Vec::new(), String::new());
        for (path, document) in &all {
            let fit = Fit {
                document,
                base: base.to_vec(),
                free: self.free_in(document, base)?,
                cases: self.cases(&self.to, document, base)?,
                seed: self.seed,
            };
            let name = path.display().to_string();
            let (one, load) =
                leave_highest_out(&name, fit, self.search_budget()).map_err(invalid)?;
            tried.push(one);
            left_out = load;
        }
        let choice = Choice::new(tried, left_out);
        let (_, document) = all.swap_remove(choice.taken);
        Ok((document, Some(choice)))
    }

    /// What may vary in a model. With others beside it, a parameter that it does not have is another's.
    pub(super) fn free_in(
        &self,
        document: &Document,
        base: &[Override],
    ) -> Result<Vec<Free>, Failure> {
        let mut free = Vec::new();
        for text in &self.free {
            let known = text
                .rsplit_once('=')
                .is_none_or(|(name, _)| matching(name, document).is_ok());
            if !self.or.is_empty() && !known {
                continue;
            }
            let mut parameter = Free::parse(text, document).map_err(invalid)?;
            parameter.start_from(base);
            for bound in [parameter.low, parameter.high] {
                within(document, base, &parameter, bound).map_err(invalid)?;
            }
            let shared = free.iter().find_map(|former: &Free| {
                let path = parameter.shared_with(former)?;
                Some((path, &former.name))
            });
            if let Some((path, former)) = shared {
                let why = format!("--free {text}: `{path}` is free through `{former}` already");
                return Err(invalid(why));
            }
            free.push(parameter);
        }
        refuse_crossing(&free, document, base).map_err(invalid)?;
        Ok(free)
    }

    /// A parameter that none of the models has is a slip of the pen.
    fn every_parameter_is_somewhere(&self, all: &[(PathBuf, Document)]) -> Result<(), Failure> {
        for text in &self.free {
            let name = text
                .rsplit_once('=')
                .map_or(text.as_str(), |(name, _)| name);
            if all
                .iter()
                .all(|(_, document)| matching(name, document).is_err())
            {
                let why = matching(name, &all[0].1).err().unwrap_or_default();
                return Err(invalid(format!(
                    "--free {text}: in none of the models: {why}"
                )));
            }
        }
        Ok(())
    }
}
