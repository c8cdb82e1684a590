//! `capsim completions`: what a shell needs to complete commands and options.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::Cli;
use super::exit::CliError;
use super::outputs::Outputs;

/// Print a script that completes commands and options in a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim completions bash > ~/.local/share/bash-completion/completions/capsim
  capsim completions fish > ~/.config/fish/completions/capsim.fish
  capsim completions zsh > \"${fpath[1]}/_capsim\"")]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "capsim", &mut script);
        let mut out = Outputs::default();
        out.print(&String::from_utf8_lossy(&script));
        out.done()
    }
}
