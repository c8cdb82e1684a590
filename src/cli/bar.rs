//! Progress of a study: a bar with rate and time left on a terminal, plain lines otherwise.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Progress in runs. Silent when asked to be.
pub struct Bar {
    bar: Option<ProgressBar>,
    lines: bool,
    total: u64,
    told: u64,
}

impl Bar {
    /// `total` runs, of which `done` are done already.
    pub fn new(total: u64, done: u64, quiet: bool) -> Bar {
        let terminal = std::io::stderr().is_terminal();
        let bar = (terminal && !quiet).then(|| {
            let bar = ProgressBar::new(total);
            let template = "{bar:30} {pos}/{len} runs, {per_sec}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_position(done);
            bar.reset_eta();
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Bar {
            bar,
            lines: !terminal && !quiet,
            total,
            told: 0,
        }
    }

    /// Reports that `done` runs are done. A line is printed at each tenth of the way.
    pub fn at(&mut self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
        let tenth = (done * 10).checked_div(self.total).unwrap_or(10);
        if self.lines && tenth > self.told {
            self.told = tenth;
            tell!("{done} of {} runs", self.total);
        }
    }

    /// Clears the bar.
    pub fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
