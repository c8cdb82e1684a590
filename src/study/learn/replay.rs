//! The arrivals of a log exactly as they were: a file of times for each endpoint, and scenarios that start from them.
//!
//! Times are read once, by whoever runs the model: eight bytes an arrival.

use std::fmt::Write;

use super::write::{comment, grouped};
use super::{Endpoint, Learned};

/// A scenario and a journey for each endpoint, whose times stand in files of the directory.
pub(super) fn scenarios(out: &mut String, learned: &Learned, directory: &str) {
    comment(
        out,
        &format!(
            "Arrivals: each request of the log at its own time, from the files in {directory}. load=2 plays them in half \
             the time; `start_time` shifts them."
        ),
    );
    for endpoint in &learned.endpoints {
        let name = &endpoint.name;
        comment(
            out,
            &format!(
                "{} arrivals of {}",
                grouped(endpoint.requests),
                endpoint.template
            ),
        );
        let _ = writeln!(
            out,
            "[scenarios.{name}]\nexecutor = \"trace-arrivals\"\nfile = \"{directory}/{}\"\nunit = \"us\"\n\
             journey = \"{name}\"\n",
            file_name(endpoint)
        );
    }
    out.push_str("[journeys]\n");
    for endpoint in &learned.endpoints {
        let _ = writeln!(out, "{0} = [{{ request = \"{0}\" }}]", endpoint.name);
    }
    out.push('\n');
}

fn file_name(endpoint: &Endpoint) -> String {
    format!("{}.csv", endpoint.name)
}

impl Learned {
    /// The files that a replay needs, by name: a column `start_us` with the microseconds from the first
    /// request of all to the start of each of the endpoint's.
    pub fn replay_files(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let first = self.endpoints.iter().filter_map(|e| e.starts_us.first());
        let first = first.min().copied().unwrap_or(0);
        self.endpoints.iter().map(move |endpoint| {
            let mut text = String::from("start_us\n");
            for start in &endpoint.starts_us {
                let _ = writeln!(text, "{}", start.abs_diff(first));
            }
            (file_name(endpoint), text)
        })
    }

    /// The model whose arrivals are those of the log, with their files in this directory beside it.
    #[must_use]
    pub fn toml_of_replay(&self, directory: &str) -> String {
        super::write::toml(self, Some(directory))
    }
}
