//! What a command writes: each output is tried even if others fail, and none decides the verdict.

use std::io::Write;
use std::process::ExitCode;

use super::console::Screen;
use super::exit::CliError;

/// Standard output and the files of a command, and which of them failed.
#[derive(Debug, Default)]
pub struct Outputs {
    /// Whether nothing more can be printed.
    closed: bool,
    coloured: bool,
    failed: Vec<CliError>,
}

impl Outputs {
    /// Outputs of a command whose text has colours.
    pub fn coloured() -> Outputs {
        Outputs {
            coloured: true,
            ..Outputs::default()
        }
    }

    /// Prints a text at once. After an error nothing more is printed; that a reader has closed the pipe is
    /// none.
    pub fn print(&mut self, text: &str) {
        if self.closed {
            return;
        }
        let mut out = match self.coloured {
            true => Screen::coloured(),
            false => Screen::plain(),
        };
        let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        if let Err(why) = printed {
            self.closed = true;
            self.failed.extend(CliError::stdout(&why));
        }
    }

    /// Keeps what became of a file.
    pub fn keep(&mut self, written: Result<(), CliError>) {
        self.failed.extend(written.err());
    }

    /// Tells every failure. The exit code is that of the verdict, and if that is 0 the first failure's.
    pub fn end(self, verdict: Result<u8, CliError>) -> Result<ExitCode, CliError> {
        let mut first = 0;
        for failure in self.failed {
            let code = failure.tell();
            first = if first == 0 { code } else { first };
        }
        let verdict = verdict?;
        Ok(ExitCode::from(if verdict == 0 { first } else { verdict }))
    }

    /// As [`Outputs::end`], of a command that has no verdict.
    pub fn done(self) -> Result<ExitCode, CliError> {
        self.end(Ok(0))
    }
}
