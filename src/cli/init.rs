//! `capsim init`: a first model, with comments, that runs.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::exit::{self, CliError};
use super::output::write_atomically;
use super::outputs::Outputs;
use crate::model::Document;

/// Write a first model, which runs as it is, with comments on what to change.
///
/// The load is either a number of users who loop (--users), or iterations that begin at a rate (--rate).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim init shop.toml --users 200 --endpoint list=8ms --endpoint buy=30ms
  capsim init api.toml --rate 50 --endpoint search=20ms --servers 4

Exit codes: 0 the model is written, 104 a value makes no model, 1 the file exists already.")]
pub struct Init {
    /// Where the model goes.
    #[arg(default_value = "model.toml")]
    model: PathBuf,
    /// Users at the peak. Each repeats the journey.
    #[arg(long, value_name = "N", default_value_t = 100, conflicts_with = "rate")]
    users: u32,
    /// Iterations that begin in a second, however long they take.
    #[arg(long, value_name = "PER_SECOND")]
    rate: Option<u32>,
    /// An endpoint and its mean service time, such as `buy=30ms`. May be given several times; the journey calls
    /// them in this order.
    #[arg(long = "endpoint", value_name = "NAME=TIME", default_value = "home=10ms", value_parser = endpoint)]
    endpoints: Vec<(String, String)>,
    /// Servers (cores, workers) that the requests compete for.
    #[arg(long, value_name = "N", default_value_t = 2)]
    servers: u32,
    /// Think time after each request.
    #[arg(long, value_name = "TIME", default_value = "1s")]
    think: String,
    /// How long the load lasts.
    #[arg(long, value_name = "TIME", default_value = "1m")]
    duration: String,
    /// Overwrite the file if it exists.
    #[arg(long)]
    force: bool,
}

fn endpoint(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, time)) if !name.is_empty() && !time.is_empty() => {
            Ok((name.to_owned(), time.to_owned()))
        }
        _ => Err("write NAME=TIME, such as buy=30ms".to_owned()),
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A key as TOML writes it: without quotes where it can.
fn key(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match text.chars().all(plain) {
        true => text.to_owned(),
        false => quoted(text),
    }
}

impl Init {
    /// Writes the model and says what to do next.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let shown = self.model.display().to_string();
        if self.model.exists() && !self.force {
            let why =
                format!("error: {shown} exists; --force overwrites it, another name spares it");
            return Err(CliError::new(exit::OTHER, why));
        }
        let text = self.text();
        let document = Document::from_text(&shown, &text).map_err(CliError::model)?;
        document.check(&[]).map_err(CliError::model)?;
        write_atomically(&self.model, |out| out.write_all(text.as_bytes()))?;
        let mut out = Outputs::default();
        out.print(&format!(
            "{shown} is written. Next:\n  capsim run {shown}      what the test would print, and what limits it\n  \
             capsim check {shown}    what theory says before any run\nThen change what is not yours in it.\n"
        ));
        out.done()
    }

    fn text(&self) -> String {
        let mut text = String::from(
            "# A first model. All times need a unit: \"250us\", \"6ms\", \"1m30s\".\n\n",
        );
        text += &self.scenario();
        text += "\n[journeys]                         # what one iteration does, step by step\nvisit = [\n";
        for (name, _) in &self.endpoints {
            let _ = writeln!(
                text,
                "  {{ request = {}, checks = [\"status is 200\"] }},\n  {{ sleep = {{ exponential = {} }} }},",
                quoted(name),
                quoted(&self.think)
            );
        }
        let _ = writeln!(
            text,
            "]\n\n[stations.cpu]                     # what requests compete for\nservers = {}\n\
             discipline = \"processor-sharing\"     # as a CPU; \"fifo\" for workers who take one request each\n",
            self.servers
        );
        for (name, time) in &self.endpoints {
            let _ = writeln!(
                text,
                "[endpoints.{}]\n# Time that a server works on it, waiting excluded; measure it under little load.\n\
                 visits = [{{ station = \"cpu\", time = {{ exponential = {} }} }}]\n",
                key(name),
                quoted(time)
            );
        }
        text + "[thresholds]                       # k6's grammar; times in milliseconds\n\
                http_req_duration = [\"p(95)<500\"]\nhttp_req_failed = [\"rate<0.01\"]\n"
    }

    fn scenario(&self) -> String {
        let duration = quoted(&self.duration);
        match self.rate {
            Some(rate) => format!(
                "[scenarios.default]                # k6's own options: iterations begin at a rate\n\
                 executor = \"constant-arrival-rate\"\nrate = {rate}\nduration = {duration}\n\
                 pre_allocated_vus = {}            # as many iterations may be under way at once\n\
                 journey = \"visit\"\n",
                rate.saturating_mul(10).clamp(1, 100_000)
            ),
            None => format!(
                "[scenarios.default]                # k6's own options: users who come, stay and leave\n\
                 executor = \"ramping-vus\"\nstart_vus = 0\nstages = [\n  \
                 {{ duration = {duration}, target = {users} }},   # users until then\n  {{ duration = {duration}, target = {users} }},   # and as many go on\n]\n\
                 journey = \"visit\"\n",
                users = self.users
            ),
        }
    }
}
