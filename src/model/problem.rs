//! What is wrong with a model: all errors of a file at once, each with its place and its fix.

use super::document::GENERATED;
use super::tree::Place;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// More errors than this are counted, not shown.
const MOST_SHOWN: usize = 50;

/// A text that places refer to.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// As shown: the path of a file, or `--set`.
    pub name: Arc<str>,
    /// All of it.
    pub text: Arc<str>,
}

/// Something found while reading, before it is tied to the texts.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub place: Place,
    pub message: String,
    pub fix: String,
}

/// Collects what is found while a model is read, so that reading goes on after an error.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    errors: RefCell<Vec<Finding>>,
    warnings: RefCell<Vec<Finding>>,
}

impl Diagnostics {
    /// The model is wrong here.
    pub fn error(&self, place: Place, message: impl Into<String>, fix: impl Into<String>) {
        let (message, fix) = (message.into(), fix.into());
        let found = Finding {
            place,
            message,
            fix,
        };
        self.errors.borrow_mut().push(found);
    }

    /// The model is doubtful here.
    pub fn warn(&self, place: Place, message: impl Into<String>, fix: impl Into<String>) {
        let (message, fix) = (message.into(), fix.into());
        let found = Finding {
            place,
            message,
            fix,
        };
        self.warnings.borrow_mut().push(found);
    }

    /// Whether an error was found so far.
    pub fn any_error(&self) -> bool {
        !self.errors.borrow().is_empty()
    }

    /// All errors and all warnings.
    pub fn into_parts(self) -> (Vec<Finding>, Vec<Finding>) {
        (self.errors.into_inner(), self.warnings.into_inner())
    }
}

/// One error of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's path, or `--set` for a value that an override gave.
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The text at fault, its first line only.
    pub offending: String,
    /// What is wrong.
    pub message: String,
    /// How to put it right; may be empty.
    pub fix: String,
    /// The text of the file and the range of `offending` in it.
    text: Arc<str>,
    range: (usize, usize),
}

/// All errors of a model, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn new(sources: &[Source], mut found: Vec<Finding>) -> Problems {
        found.sort_by(|a, b| (a.place, &a.message).cmp(&(b.place, &b.message)));
        found.dedup_by(|a, b| a.place == b.place && a.message == b.message);
        let mut cursor = Cursor::default();
        let resolve = |finding| resolve(sources, finding, &mut cursor);
        Problems(found.into_iter().map(resolve).collect())
    }

    /// A problem with a file as a whole.
    pub fn of_file(name: &str, message: String, fix: &str) -> Problems {
        let place = Place {
            source: 0,
            start: 0,
            end: 0,
        };
        let source = Source {
            name: name.into(),
            text: "".into(),
        };
        let fix = fix.to_string();
        Problems::new(
            &[source],
            vec![Finding {
                place,
                message,
                fix,
            }],
        )
    }

    /// The errors, in the order of the text; never empty.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never true for problems that a function of this crate returns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In one line without its place, for who has given the value in other words: the first error, and how many
    /// others there are.
    #[must_use]
    pub fn brief(&self) -> String {
        let first = self.0.first().map_or("", |problem| &problem.message);
        match self.0.len() {
            0 | 1 => first.to_owned(),
            n => format!("{first} (and {} more errors)", n - 1),
        }
    }

    /// As a compiler shows them: message, place, line, marker and fix; coloured for a terminal if
    /// asked.
    #[must_use]
    pub fn render(&self, coloured: bool) -> String {
        let renderer = if coloured {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let shown = self.0.iter().take(MOST_SHOWN);
        let mut parts: Vec<String> = shown.map(|p| p.render(&renderer)).collect();
        if self.0.len() > MOST_SHOWN {
            parts.push(format!("… and {} more errors", self.0.len() - MOST_SHOWN));
        }
        parts.join("\n\n")
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

impl Problem {
    fn render(&self, renderer: &Renderer) -> String {
        let title = Level::ERROR.primary_title(self.message.as_str());
        let (line, range) = self.line_and_range();
        let mut group = if self.text.is_empty() {
            title.element(annotate_snippets::Origin::path(&*self.file))
        } else {
            let marker = AnnotationKind::Primary.span(range);
            let snippet = Snippet::source(line)
                .path(&*self.file)
                .line_start(self.line);
            title.element(snippet.annotation(marker))
        };
        if !self.fix.is_empty() {
            group = group.element(Level::HELP.message(self.fix.as_str()));
        }
        renderer.render(&[group])
    }

    /// The line at fault alone, and the range in it: long files and odd line ends cost nothing then.
    fn line_and_range(&self) -> (&str, std::ops::Range<usize>) {
        let (start, end) = self.range;
        let from = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let to = self.text[start..]
            .find('\n')
            .map_or(self.text.len(), |at| start + at);
        (&self.text[from..to], start - from..end - from)
    }
}

/// A place in the sources, found from the one before it: of thousands of findings none is sought from the start.
#[derive(Debug, Default)]
struct Cursor {
    source: u32,
    at: usize,
    line: usize,
    column: usize,
}

impl Cursor {
    /// Line and column of a place, counted from 1.
    fn go_to(&mut self, source: u32, text: &str, at: usize) -> (usize, usize) {
        if source != self.source || at < self.at {
            *self = Cursor {
                source,
                ..Cursor::default()
            };
        }
        let passed = &text[self.at..at];
        let last_line = match passed.rfind('\n') {
            Some(end) => {
                self.line += passed.matches('\n').count();
                self.column = 0;
                &passed[end + 1..]
            }
            None => passed,
        };
        self.column += last_line.chars().count();
        self.at = at;
        (self.line + 1, self.column + 1)
    }
}

/// Ties a finding to its text. Every range is cut to the first line and to whole characters.
fn resolve(sources: &[Source], found: Finding, cursor: &mut Cursor) -> Problem {
    let nowhere = || Source {
        name: "".into(),
        text: "".into(),
    };
    let source = sources
        .get(found.place.source as usize)
        .cloned()
        .unwrap_or_else(nowhere);
    let Finding { place, .. } = found;
    if let Some(at) = source.text.find(GENERATED) {
        let from = at + GENERATED.len();
        if place.start as usize >= from {
            // The text behind is shown as one of its own.
            let name = source.text[from..].lines().next().unwrap_or_default();
            let generated = Source {
                name: name.trim_start_matches("# ").into(),
                text: source.text[from..].into(),
            };
            let moved = |at: u32| at - from as u32;
            let place = Place {
                source: 0,
                start: moved(place.start),
                end: moved(place.end.max(place.start)),
            };
            let found = Finding { place, ..found };
            return resolve(&[generated], found, &mut Cursor::default());
        }
    }
    let text = &source.text;
    let start = whole_char(text, found.place.start as usize);
    let line_end = text[start..]
        .find(['\n', '\r'])
        .map_or(text.len(), |at| start + at);
    let end = whole_char(text, (found.place.end as usize).clamp(start, line_end));
    let (line, column) = cursor.go_to(found.place.source, text, start);
    Problem {
        file: source.name.clone(),
        line,
        column,
        offending: text[start..end].to_string(),
        message: found.message,
        fix: found.fix,
        range: (start, end),
        text: source.text,
    }
}

/// The nearest boundary between characters that is not after `at`.
fn whole_char(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

/// A warning as one line: place and message.
pub(crate) fn warning_line(sources: &[Source], found: Finding) -> String {
    let problem = resolve(sources, found, &mut Cursor::default());
    let Problem {
        file,
        line,
        column,
        message,
        fix,
        ..
    } = problem;
    match fix.as_str() {
        "" => format!("{file}:{line}:{column}: {message}"),
        fix => format!("{file}:{line}:{column}: {message}; {fix}"),
    }
}
