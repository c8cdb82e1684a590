//! Runs cells on threads and hands their results to a sink in the order of the cells.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};

use super::{Sweep, SweepError};
use crate::model::Problems;

/// Cells that may be finished ahead of the one to be written next.
const AHEAD: u64 = 256;

/// A result: the number of its cell, and the columns from `end` to `fingerprint`.
pub type Done = (u64, Vec<u8>);

/// Where results go.
pub trait Sink {
    /// Takes results, whose cells ascend from call to call. They are safe when this returns.
    ///
    /// # Errors
    /// If they cannot be kept.
    fn append(&mut self, results: &[Done]) -> Result<(), SweepError>;
}

/// The cells that are to be run, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cells {
    /// All from the first number to before the second.
    Range(u64, u64),
    /// These.
    Listed(Vec<u64>),
}

impl Cells {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Cells::Range(first, end) => end.saturating_sub(*first),
            Cells::Listed(cells) => cells.len() as u64,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cell at this place.
    fn at(&self, place: u64) -> Option<u64> {
        match self {
            Cells::Range(first, _) => (place < self.len()).then(|| first + place),
            Cells::Listed(cells) => cells.get(place as usize).copied(),
        }
    }
}

impl Sweep<'_> {
    /// Runs cells. `watch` is told how many of them are safe, and says whether to go on.
    ///
    /// # Errors
    /// [`SweepError`]; all results handed over until then are whole and safe.
    pub fn run(
        &self,
        cells: &Cells,
        sink: &mut dyn Sink,
        watch: impl FnMut(u64) -> bool,
    ) -> Result<(), SweepError> {
        let columns = self.columns().map_err(SweepError::Model)?;
        run_by(self.threads, cells, sink, watch, |cell| {
            self.result(cell, &columns)
        })
    }
}

/// As [`Sweep::run`], each cell by a function of the caller's.
///
/// # Errors
/// As [`Sweep::run`].
pub fn run_by(
    threads: usize,
    cells: &Cells,
    sink: &mut dyn Sink,
    mut watch: impl FnMut(u64) -> bool,
    work: impl Fn(u64) -> Result<Vec<u8>, Problems> + Sync,
) -> Result<(), SweepError> {
    let gate = Gate::default();
    let written = std::thread::scope(|scope| {
        let (send, receive) = sync_channel(AHEAD as usize);
        for _ in 0..threads.max(1) {
            let (send, gate, work) = (send.clone(), &gate, &work);
            scope.spawn(move || {
                while let Some((place, cell)) = gate.next(cells) {
                    if send.send((place, (cell, work(cell)))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let written = hand_over(&receive, sink, &gate, &mut watch);
        gate.close();
        drop(receive);
        written
    })?;
    match written == cells.len() {
        true => Ok(()),
        false => Err(SweepError::Interrupted(written)),
    }
}

type Finished = (u64, (u64, Result<Vec<u8>, Problems>));

/// Hands results over in order as they come; returns how many.
fn hand_over(
    receive: &Receiver<Finished>,
    sink: &mut dyn Sink,
    gate: &Gate,
    watch: &mut impl FnMut(u64) -> bool,
) -> Result<u64, SweepError> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    while let Ok(first) = receive.recv() {
        for (place, (cell, result)) in std::iter::once(first).chain(receive.try_iter()) {
            early.insert(place, (cell, result.map_err(SweepError::Model)?));
        }
        let mut ready = Vec::new();
        while let Some(result) = early.remove(&next) {
            ready.push(result);
            next += 1;
        }
        if ready.is_empty() {
            continue;
        }
        sink.append(&ready)?;
        gate.written(next);
        if !watch(next) {
            // What is being run comes to its end and is written; nothing new is started.
            gate.close();
        }
    }
    Ok(next)
}

/// Hands out places in order, none too far ahead of what is written.
#[derive(Default)]
struct Gate {
    /// Next place, number written, closed.
    state: Mutex<(u64, u64, bool)>,
    moved: Condvar,
}

impl Gate {
    fn next(&self, cells: &Cells) -> Option<(u64, u64)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let (next, written, closed) = *state;
            let cell = cells.at(next)?;
            if closed {
                return None;
            }
            if next < written + AHEAD {
                state.0 += 1;
                return Some((next, cell));
            }
            state = self
                .moved
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn written(&self, places: u64) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1 = places;
        self.moved.notify_all();
    }

    fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).2 = true;
        self.moved.notify_all();
    }
}
