//! A model file, parsed once: overrides and checks start from it as often as a study needs.

use super::Model;
use super::files::{Files, file_text};
use super::input;
use super::nesting::too_deep_in_document;
use super::preset;
use super::problem::{Diagnostics, Finding, Problems, Source, warning_line};
use super::program::Program;
use super::read;
use super::set::{self, Override};
use super::syntax;
use super::tree::{self, Node, TooDeep, Value, convert_document};
use super::visible::visible;
use super::vocabulary;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// A line behind which a text is made anew each time: it is not part of the file. Its first line is a comment that says what it
/// is; errors name that in the place of the file.
pub const GENERATED: &str =
    "\n# Behind this line stands the load of a script, which is not part of this file.\n";

/// A model as written. Shared by threads: checking changes nothing in it.
#[derive(Debug)]
pub struct Document {
    source: Source,
    tree: Node,
    files: Files,
    program: Option<Program>,
    /// Values of paths that the text does not give, with what they come from.
    defaults: Vec<(Source, Override)>,
}

/// A model as meant, and what is doubtful about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The model.
    pub model: Model,
    /// One line each: place, doubt and what would remove it.
    pub warnings: Vec<String>,
    /// The data files that it was read from.
    pub files: Vec<PathBuf>,
}

impl Document {
    /// Reads and parses a file.
    ///
    /// # Errors
    /// If the file cannot be read, or is no TOML.
    pub fn from_file(path: &Path) -> Result<Document, Problems> {
        let name = path.display().to_string();
        let text = file_text(path).map_err(|why| {
            let message = format!("the model cannot be read: {why}");
            Problems::of_file(&name, message, "check the path and that it is a TOML file")
        })?;
        Document::from_text(&name, &text)
    }

    /// Parses a text. `name` is shown in errors; files that the model names are looked for beside it.
    ///
    /// # Errors
    /// If it is no TOML: all syntax errors at once.
    pub fn from_text(name: &str, text: &str) -> Result<Document, Problems> {
        let source = Source {
            name: name.into(),
            text: text.into(),
        };
        let sources = std::slice::from_ref(&source);
        if text.len() as u64 > input::MODEL {
            let message = format!(
                "the model cannot be read: {}",
                input::too_large(input::MODEL)
            );
            return Err(Problems::of_file(
                name,
                message,
                "move long lists to CSV files",
            ));
        }
        let nests = |place| {
            let (message, fix) = ("the model nests too deep", "nest less");
            Problems::new(
                sources,
                vec![Finding {
                    place,
                    message: message.to_string(),
                    fix: fix.to_string(),
                }],
            )
        };
        if let Some(at) = too_deep_in_document(text) {
            return Err(nests(tree::place(0, at.start()..at.end())));
        }
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return Err(Problems::new(sources, syntax::errors(text, &errors)));
        }
        let tree = convert_document(0, &table).map_err(|TooDeep(place)| nests(place))?;
        let directory = Path::new(name)
            .parent()
            .unwrap_or(Path::new(""))
            .to_path_buf();
        Ok(Document {
            source,
            tree,
            files: Files::below(directory),
            program: None,
            defaults: Vec::new(),
        })
    }

    /// What [`Document::from_contents`] makes the same document of: the file name, the text, and the contents of the data
    /// files and logs that were read so far.
    ///
    /// # Errors
    /// If a log is too large to be sent, or has changed since it was read.
    pub fn contents(&self) -> Result<(String, String, BTreeMap<String, String>), Problems> {
        let name = Path::new(&*self.source.name).file_name();
        let name = name.map_or_else(
            || self.source.name.to_string(),
            |n| n.to_string_lossy().into_owned(),
        );
        let files = self.files.contents();
        let files = files.map_err(|why| Problems::of_file(&why.place, why.message, &why.fix))?;
        Ok((name, self.source.text.to_string(), files))
    }

    /// Parses a text that came with its data files. No other file is looked for.
    ///
    /// # Errors
    /// As [`Document::from_text`].
    pub fn from_contents(
        name: &str,
        text: &str,
        files: BTreeMap<String, String>,
    ) -> Result<Document, Problems> {
        let document = Document::from_text(name, text)?;
        let files = document.files.sealed(files);
        Ok(Document { files, ..document })
    }

    /// The same document, which may also name data files in these directories and below, or these files. Without it,
    /// a model reads files of its own directory and below alone.
    #[must_use]
    pub fn allowing(mut self, paths: &[PathBuf]) -> Document {
        self.files.allow(paths);
        self
    }

    /// The same document, with values for paths that its text does not give. `origin` is what errors in them name.
    #[must_use]
    pub fn with_defaults(mut self, origin: &str, values: Vec<Override>) -> Document {
        let source = |value: &Override| Source {
            name: origin.into(),
            text: value.to_string().into(),
        };
        let given = |value: &Override| set::find(&self.tree, value.path()).is_some();
        let values = values.into_iter().filter(|value| !given(value));
        self.defaults = values.map(|value| (source(&value), value)).collect();
        self
    }

    /// The same document, whose models this program drives.
    #[must_use]
    pub fn driven_by(mut self, program: Program) -> Document {
        self.program = Some(program);
        self
    }

    /// What drives the users of its models, if something does.
    #[must_use]
    pub fn program(&self) -> Option<&Program> {
        self.program.as_ref()
    }

    /// A document of another text in the place of this one, which may read the same files.
    ///
    /// # Errors
    /// If it is no TOML: all syntax errors at once.
    pub fn with_text(&self, text: &str) -> Result<Document, Problems> {
        let other = Document::from_text(&self.source.name, text)?;
        let other = other.allowing(self.files.allowed());
        Ok(Document {
            program: self.program.clone(),
            defaults: self.defaults.clone(),
            ..other
        })
    }

    /// The model as meant, with overrides applied in their order.
    ///
    /// # Errors
    /// All that is wrong with it. An error in a value that an override gave points to the override.
    pub fn check(&self, overrides: &[Override]) -> Result<Checked, Problems> {
        let given = overrides
            .iter()
            .map(|o| Source::of_override(&o.to_string()));
        let own = self.defaults.iter().map(|(source, _)| source.clone());
        let sources = std::iter::once(self.source.clone()).chain(own).chain(given);
        let sources: Vec<Source> = sources.collect();
        let (mut tree, mut load, mut failed) = (self.tree.clone(), 1.0, Vec::new());
        let defaults = self.defaults.iter().map(|(_, value)| value);
        for (source, change) in (1..).zip(defaults.chain(overrides)) {
            let done = match change.is_load() {
                true => load_factor(change, source).map(|factor| load = factor),
                false => change.apply(source, &mut tree),
            };
            failed.extend(done.err());
        }
        let notes = Diagnostics::default();
        preset::apply(&mut tree, &notes);
        let model = read::model(&tree, load, &self.default_name(), &self.files, &notes);
        let (errors, warnings) = notes.into_parts();
        failed.extend(errors);
        match model {
            Some(mut model) if failed.is_empty() => {
                if let Some(program) = &self.program {
                    program.complete(&mut model);
                }
                let line = |found| warning_line(&sources, found);
                Ok(Checked {
                    model,
                    warnings: warnings.into_iter().map(line).collect(),
                    files: self.files.paths(),
                })
            }
            _ => Err(Problems::new(&sources, failed)),
        }
    }

    /// Whether the value at a path must be a whole number: whether the model refuses another one as such.
    #[must_use]
    pub fn wants_whole(&self, overrides: &[Override], path: &str) -> bool {
        let Ok(probe) = Override::new(path, "1.5") else {
            return false;
        };
        let mut tree = self.tree.clone();
        let (mut source, mut failed) = (0, probe.is_load());
        for change in overrides.iter().filter(|o| !o.is_load()).chain([&probe]) {
            source += 1;
            failed |= change.apply(source, &mut tree).is_err();
        }
        let notes = Diagnostics::default();
        preset::apply(&mut tree, &notes);
        if !failed {
            read::model(&tree, 1.0, "", &self.files, &notes);
        }
        let (errors, _) = notes.into_parts();
        let refused =
            |e: &Finding| e.place.source == source && e.message.contains("a whole number");
        errors.iter().any(refused)
    }

    /// The paths of all values, as an override names them.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        set::paths(&self.tree)
    }

    /// The paths that an override may name: of all values, and of keys that could be added to the tables.
    #[must_use]
    pub fn settable_paths(&self) -> Vec<String> {
        vocabulary::paths(&self.tree)
    }

    /// The value at a path that [`Document::paths`] lists, if it is a number.
    #[must_use]
    pub fn number(&self, path: &str) -> Option<f64> {
        match set::find(&self.tree, path)?.value {
            Value::Integer(n) => Some(n as f64),
            Value::Float(x) => Some(x),
            _ => None,
        }
    }

    /// The value at a path that [`Document::paths`] lists, as the file writes it.
    #[must_use]
    pub fn value_text(&self, path: &str) -> Option<&str> {
        let place = set::find(&self.tree, path)?.place;
        self.source
            .text
            .get(place.start as usize..place.end as usize)
    }

    /// The text of the file with other values at these paths; all else, comments too, stays as it is.
    /// `None` if a path is not in the file.
    #[must_use]
    pub fn rewritten(&self, values: &[(String, String)]) -> Option<String> {
        let mut places = Vec::new();
        for (path, value) in values {
            let place = set::find(&self.tree, path)?.place;
            places.push((place.start as usize, place.end as usize, value));
        }
        places.sort_by_key(|(start, ..)| std::cmp::Reverse(*start));
        let mut text = self.source.text.to_string();
        for (start, end, value) in places {
            if !text.is_char_boundary(start) || !text.is_char_boundary(end) {
                return None;
            }
            text.replace_range(start..end, value);
        }
        Some(text)
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// The file's name without directory and extension.
    fn default_name(&self) -> String {
        let stem = Path::new(&*self.source.name).file_stem();
        stem.map_or("model".to_string(), |stem| {
            visible(&stem.to_string_lossy()).into_owned()
        })
    }
}

fn load_factor(change: &Override, source: u32) -> Result<f64, Finding> {
    let node = change.node(source)?;
    let factor = match node.value {
        Value::Integer(n) => n as f64,
        Value::Float(x) => x,
        _ => f64::NAN,
    };
    if factor > 0.0 && factor <= 1e6 {
        return Ok(factor);
    }
    let message = format!(
        "`load` must be a number above 0, up to 1000000, and is {}",
        change.value()
    );
    Err(Finding {
        place: node.place,
        message,
        fix: "write load=1.5 for half as much again".into(),
    })
}
