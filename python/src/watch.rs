//! Work on a thread of its own, while this one looks for Ctrl+C and tells the progress.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;

use crate::capsim_error;

/// How often it is looked.
const EVERY: Duration = Duration::from_millis(50);

/// What the work and its watcher tell each other.
#[derive(Debug, Default)]
pub struct Watch {
    stop: AtomicBool,
    done: AtomicU64,
}

/// What unwinds work that cannot be asked to end.
struct Stopped;

impl Watch {
    /// So much is done. Whether to go on.
    pub fn at(&self, done: u64) -> bool {
        self.done.store(done, Ordering::Relaxed);
        !self.stop.load(Ordering::Relaxed)
    }

    /// Ends the work here if that is asked for: without a panic's message, for it is none.
    pub fn end_if_asked(&self) {
        if self.stop.load(Ordering::Relaxed) {
            resume_unwind(Box::new(Stopped));
        }
    }
}

/// Does the work with the interpreter released. `progress` is called with what is done, some times a second.
pub fn watched<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Watch) -> T + Send,
) -> PyResult<T> {
    let watch = Watch::default();
    std::thread::scope(|scope| {
        let (send, receive) = channel();
        let shared = &watch;
        scope.spawn(move || {
            let _ = send.send(catch_unwind(AssertUnwindSafe(|| work(shared))));
        });
        // Shared with the closures below, which run while the interpreter is released.
        let receive = Mutex::new(receive);
        let wait = |time| {
            let receive = receive.lock().unwrap_or_else(PoisonError::into_inner);
            receive.recv_timeout(time)
        };
        let mut told = 0;
        let ended = loop {
            match py.detach(|| wait(EVERY)) {
                Ok(done) => break done,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(capsim_error("the work ended without a result"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let asked = py
                .check_signals()
                .and_then(|()| tell(progress, &watch, &mut told));
            if let Err(why) = asked {
                watch.stop.store(true, Ordering::Relaxed);
                // It comes to a halt at its next step.
                py.detach(|| wait(Duration::MAX)).ok();
                return Err(why);
            }
        };
        tell(progress, &watch, &mut told)?;
        match ended {
            Ok(result) => Ok(result),
            Err(panic) => resume_unwind(panic),
        }
    })
}

fn tell(progress: Option<&Bound<'_, PyAny>>, watch: &Watch, told: &mut u64) -> PyResult<()> {
    let done = watch.done.load(Ordering::Relaxed);
    if let Some(progress) = progress.filter(|_| done != *told) {
        *told = done;
        progress.call1((done,))?;
    }
    Ok(())
}
