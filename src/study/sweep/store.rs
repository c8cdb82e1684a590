//! Stores: directories of plans and of results by key. Any number of processes fill one at a time, each with a segment
//! of its own, and none waits for another. What is run twice is stored twice and counts once.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::plan::{Key, Opened, Plan, PlanError};
use super::run::Cells;
use super::segment::{self, Entry, Line, Place, Segment};
use super::shard::Shard;
use crate::atomic_file::write_atomically;
use crate::model::input;

/// A directory with `plans/` and `segments/`.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// A line of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Whose result.
    pub key: Key,
    /// Whether it says that there is none. Results come first.
    pub failed: bool,
    /// Index of the segment.
    segment: u32,
    place: Place,
}

/// All that stands in a store.
#[derive(Debug, Default)]
pub struct Contents {
    /// Segments that were read, in the order of their names.
    pub segments: Vec<PathBuf>,
    /// Their lines by key.
    pub found: Vec<Found>,
    /// Lines that are not as they were written: segment, number from 1.
    pub damaged: Vec<(PathBuf, u64)>,
    /// Last lines that their writers did not finish.
    pub unfinished: u64,
}

/// What a store has of a sweep.
#[derive(Debug, Default)]
pub struct Review {
    /// Cells with a result.
    pub done: u64,
    /// Cells with none, in ascending order.
    pub missing: Vec<u64>,
    /// Cells that failed, and why.
    pub failed: Vec<(u64, String)>,
}

impl Found {
    /// Segment and first byte.
    pub(super) fn at(&self) -> (u32, u64) {
        (self.segment, self.place.at)
    }
}

fn other(why: String) -> io::Error {
    io::Error::other(why)
}

/// The files of a directory in the order of their names.
fn listed(directory: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == ending) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The shard in a segment's name: of which plan, and which of how many.
fn shard_of(segment: &Path) -> Option<(&str, &str, &str)> {
    let mut parts = segment.file_stem()?.to_str()?.split('.');
    let plan = parts.next()?;
    let (number, of) = parts.next()?.split_once("-of-")?;
    Some((plan, number, of))
}

impl Store {
    /// The store in a directory; makes it where there is none.
    ///
    /// # Errors
    /// If it cannot be made, or the directory holds something else.
    pub fn create(root: &Path) -> io::Result<Store> {
        let new = std::fs::read_dir(root).map_or(true, |mut entries| entries.next().is_none());
        if new {
            std::fs::create_dir_all(root.join("plans"))?;
            std::fs::create_dir_all(root.join("segments"))?;
        }
        Store::open(root)
    }

    /// The store in a directory.
    ///
    /// # Errors
    /// If there is none.
    pub fn open(root: &Path) -> io::Result<Store> {
        let plans = root.join("plans");
        // Another process may just be making it.
        if !plans.is_dir() {
            return Err(other(
                "it is not a store: `capsim sweep --store` makes one".into(),
            ));
        }
        std::fs::create_dir_all(root.join("segments"))?;
        Ok(Store {
            root: root.to_path_buf(),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Keeps a plan, so that the store says by itself what it is for.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, plan: &Plan) -> io::Result<()> {
        let path = self.root.join("plans").join(format!("{}.json", plan.id));
        if path.exists() {
            return Ok(());
        }
        let line = plan.line().map_err(io::Error::from)?;
        write_atomically(&path, |out| out.write_all(line.as_bytes()))
    }

    /// The plan whose id begins so; without, the only one.
    ///
    /// # Errors
    /// If there is none or more than one, or it cannot be used.
    pub fn plan(&self, begins: Option<&str>) -> Result<Opened, PlanError> {
        let text = |why: String| PlanError::Text(why);
        let all = listed(&self.root.join("plans"), "json").map_err(|e| text(e.to_string()))?;
        let name = |path: &PathBuf| {
            path.file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        let fits = |path: &&PathBuf| begins.is_none_or(|b| name(path).starts_with(b));
        let fitting: Vec<&PathBuf> = all.iter().filter(fits).collect();
        let names = || all.iter().map(name).collect::<Vec<_>>().join(", ");
        match fitting.as_slice() {
            [one] => {
                let read = input::text(one, input::TABLE).map_err(text)?;
                Plan::parse(&read)?.open()
            }
            [] if all.is_empty() => Err(text(
                "the store has no plan: `capsim sweep --store` writes one; runs that capacity, explain, fit or predict keep \
                 in a store belong to none"
                    .into(),
            )),
            [] => Err(text(format!(
                "the store has no such plan; it has {}",
                names()
            ))),
            _ => Err(text(format!(
                "the store has several plans; say with --plan which one: {}",
                names()
            ))),
        }
    }

    /// Reads what stands in it, without the segments of other shards of the same sharing.
    ///
    /// # Errors
    /// If a segment cannot be read.
    pub fn contents(&self, plan: &Plan, shard: Shard) -> io::Result<Contents> {
        let (number, of) = (shard.number.to_string(), shard.of.to_string());
        self.read(|segment| {
            shard_of(segment).is_none_or(|(its, k, n)| its != plan.id || n != of || k == number)
        })
    }

    /// Reads all that stands in it.
    ///
    /// # Errors
    /// If a segment cannot be read.
    pub fn all(&self) -> io::Result<Contents> {
        self.read(|_| true)
    }

    fn read(&self, wanted: impl Fn(&Path) -> bool) -> io::Result<Contents> {
        let mut contents = Contents::default();
        for path in listed(&self.root.join("segments"), "rows")? {
            if !wanted(&path) {
                continue;
            }
            let number = u32::try_from(contents.segments.len()).unwrap_or(u32::MAX);
            let read = segment::read(&path, |line, _| {
                match line {
                    Line::Entry(Entry { key, result }, place) => contents.found.push(Found {
                        key,
                        failed: result.is_err(),
                        segment: number,
                        place,
                    }),
                    Line::Damaged(line) => contents.damaged.push((path.clone(), line)),
                    Line::Unfinished => contents.unfinished += 1,
                }
                Ok(())
            });
            read.map_err(|why| other(format!("{}: {why}", path.display())))?;
            contents.segments.push(path);
        }
        contents.found.sort_unstable();
        Ok(contents)
    }

    /// Begins a segment for a shard of a plan.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn segment(&self, plan: &Plan, shard: Shard) -> io::Result<Segment> {
        self.fresh(&format!("{}.{}-of-{}", plan.id, shard.number, shard.of))
    }

    /// Begins a segment for results that were computed elsewhere.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn added(&self) -> io::Result<Segment> {
        self.fresh("added")
    }

    /// The first name that no process has yet: on a shared file system, too, only one of several makes it.
    fn fresh(&self, name: &str) -> io::Result<Segment> {
        for attempt in 0u64.. {
            let path = self
                .root
                .join("segments")
                .join(format!("{name}.{attempt}.rows"));
            match Segment::create(&path) {
                Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made,
            }
        }
        Err(other("there is no name left".into()))
    }

    /// Sets damaged segments aside, after their good lines were copied to a new one. Returns how many lines were
    /// saved and how many segments are now called `….damaged`.
    ///
    /// # Errors
    /// If one is still being written, or cannot be moved.
    pub fn repair(&self) -> io::Result<(u64, usize)> {
        let mut broken: Vec<PathBuf> = self
            .all()?
            .damaged
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        broken.dedup();
        let mut saved = 0;
        for path in &broken {
            if File::open(path)?.try_lock().is_err() {
                return Err(other(format!(
                    "{} is being written; let that come to its end",
                    path.display()
                )));
            }
            let mut good = Vec::new();
            segment::read(path, |line, bytes| {
                if matches!(line, Line::Entry(..)) {
                    saved += 1;
                    good.extend_from_slice(bytes);
                }
                Ok(())
            })?;
            self.fresh("repaired")?.write(&good)?;
            let mut aside = path.clone().into_os_string();
            aside.push(".damaged");
            std::fs::rename(path, aside)?;
        }
        Ok((saved, broken.len()))
    }
}

impl Contents {
    /// The line that counts for a key: a result, if there is one.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Found> {
        let first = self.found.partition_point(|found| found.key < key);
        self.found.get(first).filter(|found| found.key == key)
    }

    /// The line of a result, if there is one.
    ///
    /// # Errors
    /// If its segment cannot be read.
    pub fn result(&self, key: Key) -> io::Result<Option<Vec<u8>>> {
        let found = self.get(key).filter(|found| !found.failed);
        found
            .map(|found| self.line(&mut self.open(found)?, found))
            .transpose()
    }

    /// Lines whose key another line has, too.
    #[must_use]
    pub fn duplicates(&self) -> u64 {
        self.found
            .windows(2)
            .filter(|pair| pair[0].key == pair[1].key)
            .count() as u64
    }

    /// The line of a result, read again and verified.
    pub(super) fn line(&self, from: &mut BufReader<File>, found: &Found) -> io::Result<Vec<u8>> {
        let mut line = vec![0; found.place.length as usize];
        // A relative step keeps what was read ahead.
        let here = i64::try_from(from.stream_position()?).unwrap_or(i64::MAX);
        from.seek_relative(i64::try_from(found.place.at).unwrap_or(i64::MAX) - here)?;
        from.read_exact(&mut line)?;
        match Entry::parse(&line).is_some_and(|entry| entry.key == found.key) {
            true => Ok(line),
            false => Err(other(format!(
                "{}: it changes while it is read",
                self.path(found).display()
            ))),
        }
    }

    pub(super) fn path(&self, found: &Found) -> &Path {
        &self.segments[found.segment as usize]
    }

    pub(super) fn open(&self, found: &Found) -> io::Result<BufReader<File>> {
        Ok(BufReader::new(File::open(self.path(found))?))
    }

    /// Pairs of results of one cell that are not equal, by their places.
    ///
    /// # Errors
    /// If a segment cannot be read.
    pub fn conflicts(&self) -> io::Result<Vec<String>> {
        let mut conflicts = Vec::new();
        for pair in self.found.windows(2) {
            let [one, two] = pair else { continue };
            if one.key != two.key || two.failed {
                continue;
            }
            let read = |found| self.line(&mut self.open(found)?, found);
            if read(one)? != read(two)? {
                let at =
                    |found| format!("{} at byte {}", self.path(found).display(), found.place.at);
                conflicts.push(format!("{}: {} and {}", one.key, at(one), at(two)));
            }
        }
        Ok(conflicts)
    }

    /// What there is of a sweep.
    ///
    /// # Errors
    /// If a segment cannot be read.
    pub fn review(&self, plan: &Opened) -> io::Result<Review> {
        let mut review = Review::default();
        for cell in 0..plan.cells() {
            match self.get(plan.key(cell)) {
                None => review.missing.push(cell),
                Some(found) if found.failed => {
                    let line = self.line(&mut self.open(found)?, found)?;
                    let why = Entry::parse(&line).and_then(|entry| entry.result.err());
                    let why = String::from_utf8_lossy(why.unwrap_or_default()).into_owned();
                    review.failed.push((cell, why));
                }
                Some(_) => review.done += 1,
            }
        }
        Ok(review)
    }

    /// The cells of a shard that have no line yet; with `again`, also those that failed.
    #[must_use]
    pub fn to_do(&self, plan: &Opened, shard: Shard, again: bool) -> Cells {
        let open = |cell: &u64| match self.get(plan.key(*cell)) {
            None => true,
            Some(found) => found.failed && again,
        };
        Cells::Listed(shard.cells(plan.cells()).filter(open).collect())
    }
}
