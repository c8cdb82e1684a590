//! The files a script may read: those in its own folder and below.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Names of the modules that this crate brings.
pub(crate) const MODULES: [&str; 23] = [
    "k6",
    "k6/http",
    "k6/metrics",
    "k6/data",
    "k6/execution",
    "k6/encoding",
    "k6/crypto",
    "k6/timers",
    "k6/secrets",
    "jslib/k6-utils",
    "jslib/k6-summary",
    "jslib/papaparse",
    "jslib/url",
    "jslib/formdata",
    "jslib/httpx",
    "jslib/k6chaijs",
    "jslib/k6-testing",
    "jslib/k6-reporter",
    "jslib/http-instrumentation-tempo",
    "jslib/http-instrumentation-pyroscope",
    "k6/html",
    "k6/experimental/fs",
    "k6/experimental/csv",
];

/// The module that stands in for one of jslib's, of whatever version.
fn of_jslib(specifier: &str) -> Option<String> {
    let address = specifier.strip_prefix("https://")?;
    let name = match address.strip_prefix("jslib.k6.io/") {
        Some(path) => path.split('/').next()?,
        // It is fetched from where it is developed, or from mirrors of that.
        None if address.contains("/k6-reporter") => "k6-reporter",
        None => return None,
    };
    let module = format!("jslib/{name}");
    MODULES.contains(&&*module).then_some(module)
}

/// A script's files as they were read, of which any thread makes the same script: [`crate::Script::source`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    root: PathBuf,
    main: String,
    read: BTreeMap<String, Arc<[u8]>>,
}

/// Whether a file contains these words.
fn has(bytes: &[u8], words: &str) -> bool {
    memchr::memmem::find(bytes, words.as_bytes()).is_some()
}

/// Whether a file looks at `__ENV` other than by the name of a variable (`__ENV.NAME`, `__ENV["NAME"]`).
fn lists_environment(bytes: &[u8]) -> bool {
    const NAME: &[u8] = b"__ENV";
    memchr::memmem::find_iter(bytes, NAME).any(|at| {
        let rest = bytes[at + NAME.len()..].trim_ascii_start();
        !matches!(rest, [b'.' | b'[', ..] | [b'?', b'.', ..])
    })
}

impl Source {
    /// Whether one of the files contains these words, which are not empty.
    #[must_use]
    pub fn has(&self, words: &str) -> bool {
        self.read.values().any(|bytes| has(bytes, words))
    }

    /// Names and contents of the files that the script read, itself among them, in the order of their names.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.read
            .iter()
            .map(|(name, bytes)| (name.as_str(), &**bytes))
    }
}

/// A script's folder, with what was read from it.
pub(crate) struct Files {
    root: PathBuf,
    main: String,
    /// Files and folders outside of it that may be read.
    allowed: Vec<PathBuf>,
    read: RefCell<BTreeMap<String, Arc<[u8]>>>,
}

impl From<&Source> for Files {
    fn from(source: &Source) -> Files {
        Files {
            root: source.root.clone(),
            main: source.main.clone(),
            allowed: Vec::new(),
            read: RefCell::new(source.read.clone()),
        }
    }
}

impl Files {
    /// The folder of this script.
    pub(crate) fn of(script: &Path) -> Files {
        let root = script.parent().unwrap_or(Path::new(".")).to_path_buf();
        let main = script
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        Files {
            root,
            main,
            allowed: Vec::new(),
            read: RefCell::default(),
        }
    }

    /// The same, and these files and folders may be read, too.
    pub(crate) fn allowing(mut self, paths: &[PathBuf]) -> Files {
        self.allowed = paths.to_vec();
        self
    }

    /// What was read so far.
    pub(crate) fn source(&self) -> Source {
        Source {
            root: self.root.clone(),
            main: self.main.clone(),
            read: self.read.borrow().clone(),
        }
    }

    /// Whether one of the files read so far looks at all of `__ENV`.
    pub(crate) fn lists_environment(&self) -> bool {
        self.read.borrow().values().any(|f| lists_environment(f))
    }

    /// Name of the script itself.
    pub(crate) fn main(&self) -> &str {
        &self.main
    }

    /// The bytes of a file, by its name relative to the script's folder.
    pub(crate) fn bytes(&self, name: &str) -> Result<Arc<[u8]>, String> {
        if let Some(known) = self.read.borrow().get(name) {
            return Ok(known.clone());
        }
        let unread = |e: std::io::Error| format!("the file '{name}' cannot be read: {e}");
        let path = self.root.join(name).canonicalize().map_err(unread)?;
        // The script itself may be a link.
        if name != self.main && !self.holds(&path) {
            return Err(match is_outside(name) {
                true => self.refusal_of(name),
                false => format!(
                    "'{name}' is a link that leads outside the script's folder: put the file itself there"
                ),
            });
        }
        let bytes: Arc<[u8]> = std::fs::read(path).map_err(unread)?.into();
        self.read
            .borrow_mut()
            .insert(name.to_owned(), bytes.clone());
        Ok(bytes)
    }

    /// Whether a path without links may be read: what is in the script's folder, or below, or allowed.
    fn holds(&self, path: &Path) -> bool {
        let root = match self.root.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.root,
        };
        let all = self.allowed.iter().map(PathBuf::as_path).chain([root]);
        let mut whole = all.filter_map(|place| place.canonicalize().ok());
        whole.any(|place| path.starts_with(place))
    }

    /// Why a file outside of the script's folder is not read, and what to do.
    fn refusal_of(&self, name: &str) -> String {
        let folder = match Path::new(name).parent() {
            Some(folder) => without_detours(&self.root.join(folder)),
            None => self.root.clone(),
        };
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => &folder,
        };
        format!(
            "'{name}' is outside the script's folder: `--allow-path {}` lets capsim read it",
            folder.display()
        )
    }

    /// The name of a file that a path in the file `base` means: a path from the script's folder on.
    pub(crate) fn beside(&self, base: &str, path: &str) -> Result<String, String> {
        let name = beside(base, path);
        match self.allowed.is_empty() && is_outside(&name) {
            true => Err(self.refusal_of(&name)),
            false => Ok(name),
        }
    }

    /// The first file that was read and contains these words.
    pub(crate) fn containing(&self, words: &str) -> Option<String> {
        let read = self.read.borrow();
        read.iter()
            .find(|(_, bytes)| has(bytes, words))
            .map(|(name, _)| name.clone())
    }

    /// The text of a module.
    pub(crate) fn text(&self, name: &str) -> Result<String, String> {
        let bytes = self.bytes(name)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|e| format!("the file '{name}' is no UTF-8 text: {e}"))?;
        // A first line with #! is none of JavaScript's in a module with a byte order mark before it.
        Ok(text.trim_start_matches('\u{feff}').to_owned())
    }

    /// The name of what `specifier` means in the file `base`: a module of k6, or a file.
    pub(crate) fn resolve(&self, base: &str, specifier: &str) -> Result<String, String> {
        if MODULES.contains(&specifier) {
            return Ok(specifier.to_owned());
        }
        if let Some(module) = of_jslib(specifier) {
            return Ok(module);
        }
        if let Some(text) = refusal(specifier) {
            return Err(text);
        }
        self.beside(base, specifier)
    }
}

/// Whether the name of a file leads out of the script's folder.
fn is_outside(name: &str) -> bool {
    name.starts_with('/') || name == ".." || name.starts_with("../")
}

/// The name of the file that a path in the file `base` means.
fn beside(base: &str, path: &str) -> String {
    let path = path.strip_prefix("file://").unwrap_or(path);
    let folder = match path.starts_with('/') {
        true => "/",
        false => &base[..base.rfind('/').map_or(0, |at| at + 1)],
    };
    let start = if folder.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if start == "/" => {}
            _ => parts.push(part),
        }
    }
    format!("{start}{}", parts.join("/"))
}

/// A path without the parts that a `..` takes back.
fn without_detours(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(plain.components().next_back(), Some(Component::Normal(_))) =>
            {
                plain.pop();
            }
            _ => plain.push(part),
        }
    }
    plain
}

/// Why a module that is not a file is not to be had, and what to do.
fn refusal(specifier: &str) -> Option<String> {
    if specifier.contains("://") && !specifier.starts_with("file://") {
        return Some(format!(
            "'{specifier}' is not downloaded: save the file beside the script and import './NAME.js' instead"
        ));
    }
    let why = match specifier {
        "k6/browser" | "k6/experimental/browser" => {
            "drives a real browser, which cannot run in virtual time; use k6/http"
        }
        "k6/ws" | "k6/websockets" | "k6/experimental/websockets" => {
            "is not simulated; only requests of k6/http are"
        }
        "k6/net/grpc" | "k6/experimental/grpc" => "is not simulated; only requests of k6/http are",
        _ if specifier.starts_with("k6/x/") => {
            "is an extension of k6, which cannot run here; remove it or put a local module in its place"
        }
        _ if specifier.starts_with("k6/") => {
            "is not simulated; leave out what the script does with it"
        }
        _ if specifier.starts_with('.') || specifier.starts_with("file://") => return None,
        _ if specifier.starts_with('/') => return None,
        _ => "is neither a module of k6 nor a path; local files begin with './'",
    };
    Some(format!("the module '{specifier}' {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_beside_the_file_that_names_them() {
        let files = Files::of(Path::new("tests/load/a.js"));
        let at = |base, path| files.beside(base, path);
        assert_eq!(at("a.js", "./lib.js").unwrap(), "lib.js");
        assert_eq!(at("lib/a.js", "../b.js").unwrap(), "b.js");
        assert_eq!(at("lib/a.js", "./c/d.js").unwrap(), "lib/c/d.js");
        for (path, folder) in [
            ("../x.js", "tests"),
            ("../../lib/x.js", "lib"),
            ("../../../x.js", ".."),
            ("../../x.js", "."),
            ("/etc/passwd", "/etc"),
            ("file:///etc/passwd", "/etc"),
            ("./a/../../x", "tests"),
        ] {
            let why = at("a.js", path).unwrap_err();
            assert!(why.contains("outside"), "{path}: {why}");
            assert!(why.contains(&format!("`--allow-path {folder}`")), "{why}");
        }
        let files = files.allowing(&["lib".into()]);
        let at = |base, path| files.beside(base, path).unwrap();
        assert_eq!(at("a.js", "../../lib/x.js"), "../../lib/x.js");
        assert_eq!(at("../../lib/x.js", "./y.js"), "../../lib/y.js");
        assert_eq!(at("../../lib/x.js", "../z/y.js"), "../../z/y.js");
        assert_eq!(at("a.js", "/data/x.json"), "/data/x.json");
        assert_eq!(at("/data/x.js", "../../y.js"), "/y.js");
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_nowhere_outside() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| inside.path().join(name);
        std::fs::write(outside.path().join("secret"), "x").unwrap();
        std::fs::write(at("plain"), "y").unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), at("link")).unwrap();
        std::os::unix::fs::symlink("plain", at("near")).unwrap();
        let files = Files::of(&at("test.js"));
        assert_eq!(&*files.bytes("plain").unwrap(), b"y");
        assert_eq!(&*files.bytes("near").unwrap(), b"y");
        let text = files.bytes("link").unwrap_err();
        assert!(text.contains("outside the script's folder"), "{text}");
        let allowing = Files::of(&at("test.js")).allowing(&[outside.path().to_path_buf()]);
        assert_eq!(&*allowing.bytes("link").unwrap(), b"x");
        let text = files.bytes("none").unwrap_err();
        assert!(text.contains("cannot be read"), "{text}");
    }

    #[test]
    fn modules_of_jslib_are_those_of_this_crate() {
        let name = "https://jslib.k6.io/k6-utils/1.4.0/index.js";
        assert_eq!(
            Files::of(Path::new("a.js")).resolve("a.js", name).unwrap(),
            "jslib/k6-utils"
        );
        let name = "https://raw.githubusercontent.com/benc-uk/k6-reporter/main/dist/bundle.js";
        assert_eq!(
            Files::of(Path::new("a.js")).resolve("a.js", name).unwrap(),
            "jslib/k6-reporter"
        );
        assert!(
            Files::of(Path::new("a.js"))
                .resolve("a.js", "https://jslib.k6.io/aws/0.12.3/s3.js")
                .is_err()
        );
    }

    #[test]
    fn modules_that_are_not_there_say_what_to_do() {
        for (name, part) in [
            ("https://jslib.k6.io/x.js", "save the file"),
            ("k6/browser", "use k6/http"),
            ("k6/ws", "not simulated"),
            ("k6/net/grpc", "not simulated"),
            ("k6/x/sql", "extension"),
            ("lodash", "'./'"),
        ] {
            let text = Files::of(Path::new("a.js"))
                .resolve("a.js", name)
                .unwrap_err();
            assert!(text.contains(part), "{text}");
        }
    }
}
