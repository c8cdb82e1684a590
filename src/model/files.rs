//! The files that a model names: data files, and logs that are replayed.

use super::input;
use super::sealed;
use crate::formats;
use crate::formats::replay::{Log, Survey, survey};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What the first reading of a log found.
type Surveyed = Result<Arc<Survey>, formats::Problem>;

/// Data files that a model names, read once: those in its own directory and below, and where else they are allowed.
#[derive(Debug, Default)]
pub(crate) struct Files {
    directory: PathBuf,
    allowed: Vec<PathBuf>,
    /// Whether there are no files but those in `read`, which came with the model.
    sealed: bool,
    read: Mutex<BTreeMap<PathBuf, Result<Arc<str>, String>>>,
    /// Logs that are replayed, each with what its first reading found.
    logs: Mutex<Vec<(Log, Surveyed)>>,
    /// Bytes of logs that came with the model.
    bytes: Mutex<BTreeMap<PathBuf, Arc<[u8]>>>,
    /// Logs as they are sent with the model.
    sent: Mutex<BTreeMap<PathBuf, Arc<str>>>,
}

/// A file that is read bit by bit: where it is, and its bytes if it came with the model.
pub(crate) type Found = (PathBuf, Option<Arc<[u8]>>);

impl Files {
    /// The files of a directory and below.
    pub fn below(directory: PathBuf) -> Files {
        Files {
            directory,
            ..Files::default()
        }
    }

    /// Files that came with the model, by the names that it uses, and no others.
    pub fn sealed(&self, contents: BTreeMap<String, String>) -> Files {
        let read = contents
            .into_iter()
            .map(|(name, text)| (self.directory.join(name), Ok(Arc::from(text))));
        Files {
            directory: self.directory.clone(),
            sealed: true,
            read: Mutex::new(read.collect()),
            ..Files::default()
        }
    }

    /// Lets the model name files of these places, too.
    pub fn allow(&mut self, paths: &[PathBuf]) {
        self.allowed.extend_from_slice(paths);
    }

    /// The places outside of its directory that the model may name.
    pub fn allowed(&self) -> &[PathBuf] {
        &self.allowed
    }

    /// The text of a file, named relative to the model's directory.
    pub fn text(&self, name: &str) -> Result<Arc<str>, String> {
        let path = self.directory.join(name);
        if !self.sealed {
            self.permit(&path)?;
        }
        let mut read = self
            .read
            .lock()
            .map_err(|_| "another reader has failed".to_string())?;
        let text = read
            .entry(path)
            .or_insert_with_key(|path| match self.sealed {
                true => Err("it did not come with the model".to_string()),
                false => file_text(path).map(Arc::from),
            });
        text.clone()
    }

    /// A file that is read bit by bit.
    pub fn log(&self, name: &str) -> Result<Found, String> {
        let path = self.directory.join(name);
        if !self.sealed {
            self.permit(&path)?;
            return Ok((path, None));
        }
        let mut known = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = known.get(&path) {
            return Ok((path, Some(Arc::clone(bytes))));
        }
        let bytes = sealed::bytes(self.text(name)?)?;
        known.insert(path.clone(), Arc::clone(&bytes));
        Ok((path, Some(bytes)))
    }

    /// What the first reading of a log finds; it is read once for all models of this document.
    pub fn survey(&self, log: &Log) -> Surveyed {
        let Ok(mut known) = self.logs.lock() else {
            return survey(log).map(Arc::new);
        };
        if let Some((_, found)) = known.iter().find(|(own, _)| own == log) {
            return found.clone();
        }
        let found = survey(log).map(Arc::new);
        known.push((log.clone(), found.clone()));
        found
    }

    /// Whether a model may name the file. What lies elsewhere is not even looked for, wherever links lead.
    fn permit(&self, path: &Path) -> Result<(), String> {
        let outside = || "it lies outside of the model's directory".to_string();
        let root = |path: &Path| match path.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => path.to_path_buf(),
        };
        let roots = std::iter::once(&self.directory).chain(&self.allowed);
        let roots: Vec<PathBuf> = roots.map(|path| root(path)).collect();
        let below = |roots: &[PathBuf], path: &Path| roots.iter().any(|r| path.starts_with(r));
        let written: Vec<PathBuf> = roots.iter().filter_map(|r| lexical(r)).collect();
        if !lexical(path).is_some_and(|path| below(&written, &path)) {
            return Err(outside());
        }
        // A link below the directory may lead out of it.
        let real: Vec<PathBuf> = roots.iter().filter_map(|r| r.canonicalize().ok()).collect();
        match path.canonicalize() {
            Ok(path) if !below(&real, &path) => Err(outside()),
            Ok(_) => Ok(()),
            Err(why) => Err(why.to_string()),
        }
    }

    /// The contents of all that was read so far, by the names that the model uses.
    pub fn contents(&self) -> Result<BTreeMap<String, String>, formats::Problem> {
        let name = |path: &Path| {
            let name = path.strip_prefix(&self.directory).unwrap_or(path);
            name.to_string_lossy().into_owned()
        };
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = read.iter().filter_map(|(path, text)| {
            let text = text.as_ref().ok()?.to_string();
            Some((name(path), text))
        });
        let mut all: BTreeMap<String, String> = texts.collect();
        if !self.sealed {
            let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
            for (log, found) in logs.iter() {
                if let Ok(survey) = found {
                    let text = self.sent(log, survey)?;
                    all.insert(name(&log.path), text.to_string());
                }
            }
        }
        Ok(all)
    }

    /// A log as it is sent with the model, if it still is as it was when it was read.
    fn sent(&self, log: &Log, found: &Survey) -> Result<Arc<str>, formats::Problem> {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = sent.get(&log.path) {
            return Ok(Arc::clone(text));
        }
        let problem = |message: String, fix: &str| formats::Problem {
            place: log.path.display().to_string(),
            message,
            fix: fix.into(),
        };
        let bytes = input::bytes(&log.path, input::MODEL).map_err(|why| {
            let message = format!("a log that is sent with its model, or whose results are kept, is read as a whole: {why}");
            problem(
                message,
                "pack it with gzip, give a part of it, or write its times and endpoints with `capsim learn LOG --replay \
                 DIRECTORY`",
            )
        })?;
        let content = Some(Arc::from(bytes.as_slice()));
        let now = survey(&Log {
            content,
            ..log.clone()
        })?;
        if now != *found {
            let message = "the log has changed since the model was read".to_string();
            return Err(problem(message, "run again once nothing writes to it"));
        }
        let text: Arc<str> = Arc::from(sealed::text(bytes));
        sent.insert(log.path.clone(), Arc::clone(&text));
        Ok(text)
    }

    /// The files that were read so far.
    pub fn paths(&self) -> Vec<PathBuf> {
        let read = self.read.lock().map(|read| read.keys().cloned().collect());
        let mut paths: Vec<PathBuf> = read.unwrap_or_default();
        if let Ok(logs) = self.logs.lock() {
            paths.extend(logs.iter().map(|(log, _)| log.path.clone()));
        }
        paths
    }
}

/// The absolute path without `.` and `..`, as it is written: links are not followed.
fn lexical(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in std::path::absolute(path).ok()?.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    Some(plain)
}

/// The text of a file, which is read more than once and so is not a pipe.
pub(crate) fn file_text(path: &Path) -> Result<String, String> {
    let about = std::fs::metadata(path).map_err(|why| why.to_string())?;
    if !about.is_file() {
        return Err("it is not a regular file".to_string());
    }
    input::text(path, input::MODEL)
}
