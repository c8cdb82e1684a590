//! How well the answers of a fitted model are known: a line beside them.

use std::path::Path;

use super::ModelArgs;
use crate::model::{Document, Override};
use crate::report::known as report;
use crate::study::fit::known::known;

/// The line; nothing for a model that was never fitted.
pub(super) fn of_model(model: &ModelArgs) -> String {
    match (model.document(), model.overrides()) {
        (Ok(document), Ok(overrides)) => of_document(&document, &overrides, &model.model),
        // A script has no section `[fitted]`; what else is wrong was told before.
        _ => String::new(),
    }
}

/// As [`of_model`], of a document and what is changed in it.
pub(super) fn of_document(document: &Document, overrides: &[Override], path: &Path) -> String {
    match known(document, overrides) {
        Ok(Some(known)) => report::known(&known, &path.display().to_string()),
        Ok(None) => String::new(),
        Err(why) => format!("fitted: how well is not known: {why}\n"),
    }
}
