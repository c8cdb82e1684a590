//! What `capsim fit` fits: of several models the one that predicts the highest load best, and what may vary in it.

use super::exit::CliError;
use super::fit::{FitArgs, invalid};
use crate::model::{Document, Override};
use crate::study::fit::Fit;
use crate::study::fit::crossing::refuse_crossing;
use crate::study::fit::family::family;
use crate::study::fit::free::{Free, matching};
use crate::study::fit::names::{Named, named};
use crate::study::fit::structure::{Choice, leave_highest_out};
use crate::study::runner::Runner;

/// Whether the model takes a bound of a free parameter. Errors elsewhere in it may come from other parameters, which
/// have other values later.
fn within(
    document: &Document,
    base: &[Override],
    parameter: &Free,
    bound: f64,
) -> Result<(), String> {
    let all = [base, &parameter.overrides(bound)?].concat();
    let why = match document.check(&all) {
        Ok(bound) => {
            let own = document.check(base);
            own.ok()
                .and_then(|own| bound.model.crowd_beyond(&own.model))
        }
        Err(problems) => {
            let own = problems.iter().find(|problem| &*problem.file == "--set");
            own.map(|problem| problem.message.clone())
        }
    };
    match why {
        None => Ok(()),
        Some(why) => Err(format!(
            "--free {}: the bound {} is none: {why}",
            parameter.name,
            parameter.shown(bound)
        )),
    }
}

/// The model that is fitted.
pub(super) struct Taken {
    pub document: Document,
    /// How it was chosen, if there was a choice.
    pub choice: Option<Choice>,
    /// What is free in it beside what was asked for.
    pub more: Vec<String>,
}

impl FitArgs {
    /// The model to be fitted, and how it was chosen, if there is a choice.
    pub(super) fn structure(&self, base: &[Override], runner: &Runner) -> Result<Taken, CliError> {
        let mut all = self.candidates(base)?;
        self.every_parameter_is_somewhere(&all, base)?;
        if all.len() == 1 && self.structures.is_none() {
            let (_, document, more) = all.swap_remove(0);
            return Ok(Taken {
                document,
                choice: None,
                more,
            });
        }
        let (mut tried, mut left_out) = (Vec::new(), String::new());
        for (name, document, more) in &all {
            let fit = Fit {
                document,
                base: base.to_vec(),
                free: self.free_in(document, base, more)?.0,
                cases: self.cases(&self.to, document, base)?,
                seed: self.seed,
                runner,
            };
            let one = leave_highest_out(name, fit, self.search_budget());
            self.runs.all_made(runner)?;
            let (one, load) = one.map_err(invalid)?;
            tried.push(one);
            left_out = load;
        }
        let choice = Choice::new(tried, left_out);
        let (_, document, more) = all.swap_remove(choice.taken);
        Ok(Taken {
            document,
            choice: Some(choice),
            more,
        })
    }

    /// All structures there are to choose from: name, model, and what is free in it by itself.
    fn candidates(
        &self,
        base: &[Override],
    ) -> Result<Vec<(String, Document, Vec<String>)>, CliError> {
        let mut all = Vec::new();
        let own = (
            self.model.model.display().to_string(),
            self.model.document()?,
        );
        all.push((own.0, own.1, Vec::new()));
        for path in &self.or {
            let document = self.model.allow.document(path)?;
            all.push((path.display().to_string(), document, Vec::new()));
        }
        if self.structures.is_some() {
            let family = family(&all[0].1, base).map_err(invalid)?;
            all.extend(family.into_iter().map(|m| (m.name, m.document, m.free)));
        }
        Ok(all)
    }

    /// What may vary in a model, and what of it was freed by a name. With others beside it, a parameter that it
    /// does not have is another's.
    pub(super) fn free_in(
        &self,
        document: &Document,
        base: &[Override],
        more: &[String],
    ) -> Result<(Vec<Free>, Named), CliError> {
        let only = self.or.is_empty() && self.structures.is_none();
        let mut free = Vec::new();
        let asked = self.free.iter().chain(more);
        let (ranges, names): (Vec<&String>, Vec<&String>) = asked.partition(|t| t.contains('='));
        for text in ranges {
            if only || is_in(text, document, base) {
                free.push(one(text, document, base, &free)?);
            }
        }
        let mut freed = Named::default();
        for text in names {
            if !only && !is_in(text, document, base) {
                continue;
            }
            let named = named(text, document, base, &free).map_err(invalid)?;
            free.extend(named.free.iter().cloned());
            freed.free.extend(named.free);
            freed.left.extend(named.left);
        }
        refuse_crossing(&free, document, base).map_err(invalid)?;
        Ok((free, freed))
    }

    /// A parameter that none of the models has is a slip of the pen.
    fn every_parameter_is_somewhere(
        &self,
        all: &[(String, Document, Vec<String>)],
        base: &[Override],
    ) -> Result<(), CliError> {
        if all.len() == 1 {
            return Ok(());
        }
        for text in &self.free {
            if !all
                .iter()
                .any(|(_, document, _)| is_in(text, document, base))
            {
                let name = text
                    .rsplit_once('=')
                    .map_or(text.as_str(), |(name, _)| name);
                let why = matching(name, &all[0].1).err().unwrap_or_default();
                return Err(invalid(format!(
                    "--free {text}: in none of the models: {why}"
                )));
            }
        }
        Ok(())
    }
}

/// Whether a model has what a text frees.
fn is_in(text: &str, document: &Document, base: &[Override]) -> bool {
    match text.rsplit_once('=') {
        Some((name, _)) => matching(name, document).is_ok(),
        None => named(text, document, base, &[]).is_ok(),
    }
}

/// A parameter with a range.
fn one(
    text: &str,
    document: &Document,
    base: &[Override],
    former: &[Free],
) -> Result<Free, CliError> {
    let mut parameter = Free::parse(text, document).map_err(invalid)?;
    parameter.start_from(base);
    for bound in [parameter.low, parameter.high] {
        within(document, base, &parameter, bound).map_err(invalid)?;
    }
    let shared = former.iter().find_map(|former| {
        let path = parameter.shared_with(former)?;
        Some((path, &former.name))
    });
    if let Some((path, former)) = shared {
        let why = format!("--free {text}: `{path}` is free through `{former}` already");
        return Err(invalid(why));
    }
    Ok(parameter)
}
