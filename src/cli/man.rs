//! `capsim man`: the help of all commands as manual pages.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_mangen::Man;

use super::Cli;
use super::exit::CliError;
use super::output::write_atomically;
use super::outputs::Outputs;

/// Write manual pages: one for capsim and one for each command.
///
/// Without a directory, the page of capsim goes to stdout.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim man ~/.local/share/man/man1
  capsim man | man -l -")]
pub struct Manual {
    /// An existing directory, such as one named man1 on the path of man.
    directory: Option<PathBuf>,
}

impl Manual {
    /// Writes the pages.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let mut root = Cli::command();
        root.build();
        let mut out = Outputs::default();
        let Some(directory) = &self.directory else {
            out.print(&page(&root, "capsim"));
            return out.done();
        };
        let commands = root.get_subcommands().filter(|c| c.get_name() != "help");
        let commands = commands.map(|c| (c, format!("capsim-{}", c.get_name())));
        for (command, name) in std::iter::once((&root, "capsim".to_owned())).chain(commands) {
            let text = page(command, &name);
            let path = directory.join(format!("{name}.1"));
            // Where one cannot be written the others cannot either: told once.
            write_atomically(&path, |file| file.write_all(text.as_bytes()))?;
        }
        out.done()
    }
}

fn page(command: &clap::Command, name: &str) -> String {
    let mut text = Vec::new();
    // Into memory nothing fails.
    let _ = Man::new(command.clone().display_name(name))
        .title(name)
        .render(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}
