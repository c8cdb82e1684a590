//! A model that was read and checked, and the settings that changed it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::{Error, Setting};
use crate::model::{Checked, Document, Override, Problems};

/// What errors call a model that has no file.
const NO_FILE: &str = "model";

/// A valid model. Copies are cheap: they share what was read.
#[derive(Clone)]
pub struct Model {
    document: Arc<Document>,
    overrides: Vec<Override>,
    checked: Arc<Checked>,
}

impl Model {
    /// Loads a model from a TOML file. Data files that it names are looked for beside it.
    ///
    /// # Errors
    /// [`Error::Model`] lists everything that is wrong with it.
    pub fn load(path: impl AsRef<Path>) -> Result<Model, Error> {
        Model::checked(Document::from_file(path.as_ref())?)
    }

    /// Reads a model from TOML text.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn parse(toml: &str) -> Result<Model, Error> {
        Model::checked(Document::from_text(NO_FILE, toml)?)
    }

    /// Builds a model from data: structs of your own, `toml::toml!` or `serde_json::json!`, with the keys that a
    /// model file has.
    ///
    /// # Errors
    /// As [`Model::load`]. Places of errors are lines of the data written as TOML.
    pub fn build(data: &impl Serialize) -> Result<Model, Error> {
        let text = toml::to_string(data).map_err(|why| {
            let message = format!("the data cannot be written as TOML: {why}");
            Problems::of_file(
                NO_FILE,
                message,
                "give a table with the keys of a model file",
            )
        })?;
        Model::parse(&text)
    }

    /// The same model with one setting or several changed, checked anew.
    ///
    /// # Errors
    /// [`Error::Model`] if the model has no such parameter, or the value makes no valid model.
    pub fn with(&self, settings: impl IntoIterator<Item = Setting>) -> Result<Model, Error> {
        let mut overrides = self.overrides.clone();
        for setting in settings {
            overrides.push(setting.to_override()?);
        }
        Ok(Model {
            checked: Arc::new(self.document.check(&overrides)?),
            document: Arc::clone(&self.document),
            overrides,
        })
    }

    /// The name: as the model says, else that of its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner().name
    }

    /// What is doubtful about the model, one line each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.checked.warnings
    }

    /// The paths of all parameters that the model gives a value, as [`set::path`](super::set::path) takes them.
    #[must_use]
    pub fn parameters(&self) -> Vec<String> {
        self.document.paths()
    }

    pub(super) fn inner(&self) -> &crate::model::Model {
        &self.checked.model
    }

    fn checked(document: Document) -> Result<Model, Error> {
        Ok(Model {
            checked: Arc::new(document.check(&[])?),
            document: Arc::new(document),
            overrides: Vec::new(),
        })
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Vec<String> = self.overrides.iter().map(ToString::to_string).collect();
        f.debug_struct("Model")
            .field("name", &self.name())
            .field("settings", &settings)
            .finish()
    }
}
