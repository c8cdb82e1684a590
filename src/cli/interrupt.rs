//! Ctrl+C: asks a study to end cleanly; a second one ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::{self, Failure};

/// Whether somebody has asked for the end.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on.
    pub fn listen() -> Interrupt {
        let asked = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&asked);
        // Without a handler Ctrl+C still ends the process, only less politely.
        let _ = ctrlc::set_handler(move || {
            if seen.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(exit::INTERRUPTED));
            }
        });
        Interrupt(asked)
    }

    /// Ends the process at the first Ctrl+C, with k6's code: for commands that have nothing to save.
    /// Files are written whole or not at all. Once it listens, another call does nothing.
    pub fn ends_at_once() {
        let _ = ctrlc::set_handler(|| {
            tell!("interrupted");
            std::process::exit(i32::from(exit::INTERRUPTED));
        });
    }

    /// Whether somebody has.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// How an interrupted command ends.
    pub fn failure(hint: &str) -> Failure {
        Failure::new(exit::INTERRUPTED, format!("interrupted{hint}"))
    }
}
