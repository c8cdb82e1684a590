//! A command that makes runs: lines of a plan on its standard input, results on its standard output.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitStatus, Stdio};

use super::{Broken, Given, Take};
use crate::model::visible::visible_lines;
use crate::sweep::plan::{Key, Line};
use crate::sweep::segment::{Entry, is_header};

/// So much of a strange line is shown.
const SHOWN: usize = 80;

/// What the command gets: the first line of a plan, and lines of cells.
pub fn text<'l>(first: String, lines: impl Iterator<Item = &'l Line>) -> String {
    lines.fold(first, |mut text, line| {
        text.push_str(&serde_json::to_string(line).unwrap_or_default());
        text.push('\n');
        text
    })
}

/// Runs the command once and waits for its end. Its results may come in any order; each is handed to `keep` as it comes.
///
/// # Errors
/// If a run has no result at the end.
pub fn run(
    command: &str,
    text: &str,
    wanted: &BTreeMap<Key, &Take>,
    keep: &(dyn Fn(&[u8]) -> Result<(), Broken> + Sync),
) -> Result<Vec<(Key, Given)>, Broken> {
    let failed = |why: std::io::Error| Broken::again(format!("--runner `{command}`: {why}"));
    let mut child = shell(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (to, from) = (child.stdin.take(), child.stdout.take());
    let mut came = Came::default();
    std::thread::scope(|scope| {
        // It may print before it has read all: who only wrote would wait for ever.
        scope.spawn(move || {
            // If it reads no more, it has ended: its results tell what is missing.
            to.map(|mut to| to.write_all(text.as_bytes()))
        });
        from.map_or(Ok(()), |from| {
            came.read(BufReader::new(from), wanted, keep, &failed)
        })
    })?;
    let status = child.wait().map_err(failed)?;
    came.verdict(command, status, wanted.len())
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}

/// What a command printed.
#[derive(Default)]
struct Came {
    results: BTreeMap<Key, (String, Given)>,
    /// Why a run will never have a result.
    never: Option<String>,
    /// The first line that is none.
    strange: Option<String>,
    /// Whether two results of a run differ.
    differ: bool,
}

impl Came {
    fn read(
        &mut self,
        mut from: impl BufRead,
        wanted: &BTreeMap<Key, &Take>,
        keep: &dyn Fn(&[u8]) -> Result<(), Broken>,
        failed: &dyn Fn(std::io::Error) -> Broken,
    ) -> Result<(), Broken> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if from.read_until(b'\n', &mut line).map_err(failed)? == 0 {
                return Ok(());
            }
            let entry = Entry::parse(&line);
            let take = entry.as_ref().and_then(|entry| wanted.get(&entry.key));
            match (entry, take) {
                (
                    Some(Entry {
                        key,
                        result: Ok(result),
                    }),
                    Some(take),
                ) => match take.read(result) {
                    Some(given) => {
                        if given.no_end().is_none() {
                            keep(&line)?;
                        }
                        let text = String::from_utf8_lossy(result).into_owned();
                        let before = self.results.insert(key, (text.clone(), given));
                        self.differ |= before.is_some_and(|before| before.0 != text);
                    }
                    None => self.strange(&line),
                },
                (
                    Some(Entry {
                        result: Err(why), ..
                    }),
                    Some(_),
                ) => {
                    self.never
                        .get_or_insert(String::from_utf8_lossy(why).into_owned());
                }
                // A run of a batch before, handed out twice.
                (Some(_), None) => {}
                (None, _) if is_header(&line) => {}
                (None, _) => self.strange(&line),
            }
        }
    }

    fn strange(&mut self, line: &[u8]) {
        if self.strange.is_none() {
            let text = String::from_utf8_lossy(line);
            let start: String = text.trim_end().chars().take(SHOWN).collect();
            self.strange = Some(visible_lines(&start).to_string());
        }
    }

    fn verdict(
        self,
        command: &str,
        status: ExitStatus,
        wanted: usize,
    ) -> Result<Vec<(Key, Given)>, Broken> {
        if let Some(why) = self.never {
            return Err(Broken {
                why: format!("--runner `{command}`: a run failed: {why}"),
                again: false,
            });
        }
        if self.differ {
            let why = format!(
                "--runner `{command}`: two results of one run differ: a machine computes otherwise than another"
            );
            return Err(Broken { why, again: false });
        }
        let missing = wanted - self.results.len();
        if missing == 0 {
            let results = self.results.into_iter();
            return Ok(results.map(|(key, (_, given))| (key, given)).collect());
        }
        let printed = self
            .strange
            .map(|line| format!(", and it printed `{line}`, which is not a result"));
        Err(Broken::again(format!(
            "--runner `{command}`: {missing} of {wanted} runs have no result ({status}{})",
            printed.unwrap_or_default()
        )))
    }
}
