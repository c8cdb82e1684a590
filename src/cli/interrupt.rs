//! Ctrl+C and SIGTERM: ask a study to end cleanly; a second one ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::{self, CliError};
use crate::study::partial_file;

/// Whether somebody has asked for the end.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on.
    pub fn listen() -> Interrupt {
        let asked = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&asked);
        on_signal(move || {
            if seen.swap(true, Ordering::SeqCst) {
                end();
            }
        });
        Interrupt(asked)
    }

    /// Ends the process at the first signal, with k6's code: for commands that have nothing to save.
    /// Files are written whole or not at all. Once it listens, another call does nothing.
    pub fn ends_at_once() {
        on_signal(|| {
            tell!("interrupted");
            end();
        });
    }

    /// Whether somebody has.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// How an interrupted command ends.
    pub fn failure(hint: &str) -> CliError {
        CliError::new(exit::INTERRUPTED, format!("interrupted{hint}"))
    }
}

/// Ends the process, half-written files with it.
fn end() -> ! {
    partial_file::forget_all(|| std::process::exit(i32::from(exit::INTERRUPTED)))
}

/// Calls a function at each SIGINT and SIGTERM, if none is called yet. SIGHUP keeps its meaning: `nohup`
/// relies on it. Without a handler a signal still ends the process, only less politely.
#[cfg(unix)]
fn on_signal(mut act: impl FnMut() + Send + 'static) {
    use signal_hook::consts::{SIGINT, SIGTERM};
    static LISTENING: AtomicBool = AtomicBool::new(false);
    if LISTENING.swap(true, Ordering::SeqCst) {
        return;
    }
    // Who hears the signals is there before they are caught: without a thread they end the process.
    let _ = std::thread::Builder::new().spawn(move || {
        if let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) {
            signals.forever().for_each(|_| act());
        }
    });
}

/// Calls a function at each Ctrl+C, if none is called yet.
#[cfg(windows)]
fn on_signal(act: impl FnMut() + Send + 'static) {
    let _ = ctrlc::set_handler(act);
}

/// Nobody sends signals to a WebAssembly program.
#[cfg(not(any(unix, windows)))]
fn on_signal(_: impl FnMut() + Send + 'static) {}
