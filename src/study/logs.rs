//! Access logs on all cores: blocks of whole lines are read apart from each other, and what they hold is put together in
//! the order of the file. The result is the same on any number of threads.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::formats::{
    self, Block, Collected, Layout, Problem, Reading, Record, Seen, Source, Understood,
};

/// What becomes of the requests of a block, which is read apart from all others: how it begins, what one more request
/// adds, and how it is put behind the blocks before it.
pub struct Parts<Begin, Take, Append> {
    /// Begins a block.
    pub begin: Begin,
    /// Adds a request to a block.
    pub take: Take,
    /// Puts a block behind all that stand before it in the file.
    pub append: Append,
}

/// Reads a file as [`formats::read`] does, an access log on all threads.
///
/// # Errors
/// As [`formats::read`].
pub fn read(path: &Path, layout: Option<&Layout>) -> Result<Understood, Problem> {
    understand(&mut Source::open(path)?, layout)
}

/// As [`read`], of a source already open.
///
/// # Errors
/// As [`formats::read`].
pub fn understand(source: &mut Source, layout: Option<&Layout>) -> Result<Understood, Problem> {
    let own = match layout {
        Some(_) => None,
        None => formats::layout_of_log(source)?,
    };
    let Some(layout) = layout.or(own.as_ref()) else {
        return formats::understand(source, None);
    };
    let mut requests = Collected::default();
    let reading = each_block(
        source,
        layout,
        Parts {
            begin: Collected::default,
            take: |part: &mut Collected, record: &Record<'_>| part.add(record),
            append: |part: Collected| requests.append(&part),
        },
    )?;
    let held = requests.count > 0;
    Ok(Understood {
        declaration: layout.declaration,
        reading,
        requests: held.then_some(requests),
    })
}

/// Reads a log in this layout on all threads.
///
/// # Errors
/// If the file cannot be read on, or nothing in it is understood.
pub fn each_block<T: Send>(
    source: &mut Source,
    layout: &Layout,
    parts: Parts<impl Fn() -> T + Sync, impl Fn(&mut T, &Record<'_>) + Sync, impl FnMut(T) + Send>,
) -> Result<Reading, Problem> {
    let Parts {
        begin,
        take,
        append,
    } = parts;
    let file = Mutex::new(File {
        source: &mut *source,
        failed: None,
    });
    let ordered = Mutex::new(Ordered {
        append,
        seen: Seen::default(),
        next: 0,
        waiting: BTreeMap::new(),
    });
    rayon::broadcast(|_| {
        let mut block = Block::default();
        while lock(&file).next(&mut block) {
            let mut part = begin();
            let seen = layout.read_block(&block, &mut |record| take(&mut part, record));
            lock(&ordered).add(block.number(), part, seen);
        }
    });
    let file = file.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(why) = file.failed {
        return Err(why);
    }
    let ordered = ordered.into_inner();
    let seen = ordered.unwrap_or_else(PoisonError::into_inner).seen;
    formats::reading_of_log(source, layout, seen)
}

/// The file, of which one thread at a time takes a block.
struct File<'s> {
    source: &'s mut Source,
    failed: Option<Problem>,
}

impl File<'_> {
    /// Takes the next block, if there is one.
    fn next(&mut self, block: &mut Block) -> bool {
        if self.failed.is_some() {
            return false;
        }
        match self.source.next_block(block) {
            Ok(more) => more,
            Err(why) => {
                self.failed = Some(why);
                false
            }
        }
    }
}

/// The blocks that have been read, put together in their order.
struct Ordered<T, Append> {
    append: Append,
    seen: Seen,
    /// The number of the block that is to be put behind the others.
    next: u64,
    /// Those that were read before others that stand before them.
    waiting: BTreeMap<u64, (T, Seen)>,
}

impl<T, Append: FnMut(T)> Ordered<T, Append> {
    fn add(&mut self, number: u64, part: T, seen: Seen) {
        self.waiting.insert(number, (part, seen));
        while let Some((part, seen)) = self.waiting.remove(&self.next) {
            (self.append)(part);
            self.seen.append(seen);
            self.next += 1;
        }
    }
}

/// A thread that has panicked is told of by the others' end: what it held is not used.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
