//! `capsim schema`: which keys a model may have.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::exit::CliError;
use super::outputs::Outputs;
use crate::report::{reference, schema};

/// Print which tables and keys a model may have, as a JSON Schema for editors.
///
/// With the schema, an editor completes keys, shows what they mean, and marks what is wrong while a model is written:
/// put `#:schema ./capsim.schema.json` into the first line of the model (Taplo, Even Better TOML).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim schema > capsim.schema.json
  capsim schema --markdown > reference.md
  capsim schema --paths models/token.toml | grep servers
  capsim run models/token.toml --set \"$(capsim schema --paths models/token.toml | fzf)=8\"")]
pub struct Schema {
    /// Print the reference of all keys instead, in Markdown.
    #[arg(long)]
    markdown: bool,
    /// Print the paths of a model instead, one a line: those that `--set` and `--vary` may name.
    #[arg(long, value_name = "MODEL", conflicts_with = "markdown")]
    paths: Option<PathBuf>,
}

impl Schema {
    /// Prints it.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let text = match (&self.paths, self.markdown) {
            (Some(model), _) => {
                let paths = super::document(model)?.settable_paths();
                paths.iter().map(|path| format!("{path}\n")).collect()
            }
            (None, true) => reference::reference(),
            (None, false) => schema::schema(),
        };
        let mut out = Outputs::default();
        out.print(&text);
        out.done()
    }
}
