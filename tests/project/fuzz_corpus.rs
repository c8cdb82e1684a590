//! The corpus of the fuzz targets (`fuzz/`), as it is and a little damaged, through what the targets do: nothing panics,
//! and what is understood is understood again. `fuzz/run` goes on from there for as long as one likes;
//! `CAPSIM_FUZZ_ROUNDS=1000` damages each file a thousand times, which needs no C++ compiler.

#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use capsim::engine::stream::Stream;
use std::path::{Path, PathBuf};

fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let entries = std::fs::read_dir(folder).expect("a corpus");
    let mut all: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    all.sort();
    all
}

/// Some of what goes wrong with a text: bytes that are others, missing or twice, and numbers that are too large.
fn damaged(bytes: &[u8], draws: &mut Stream) -> Vec<u8> {
    let mut all = bytes.to_vec();
    for _ in 0..=draws.below(3) {
        if all.is_empty() {
            return all;
        }
        let at = draws.below(all.len() as u64) as usize;
        let end = (at + 1 + draws.below(12) as usize).min(all.len());
        match draws.below(5) {
            0 => all[at] = draws.below(256) as u8,
            1 => drop(all.drain(at..end)),
            2 => {
                let again = all[at..end].to_vec();
                all.splice(at..at, again);
            }
            3 => drop(all.splice(at..at, *b"99999999999")),
            _ => all.truncate(end),
        }
    }
    all
}

/// Runs a target, and keeps what made it panic.
fn harmless(file: &Path, run: fn(&[u8]), bytes: &[u8]) {
    if std::panic::catch_unwind(|| run(bytes)).is_err() {
        let kept = std::env::temp_dir().join("capsim-fuzz-found");
        std::fs::write(&kept, bytes).expect("the file is written");
        panic!("like {}: see {}", file.display(), kept.display());
    }
}

#[test]
fn the_corpus_and_what_is_like_it_harm_nothing() {
    let rounds = std::env::var("CAPSIM_FUZZ_ROUNDS");
    let rounds: u32 = rounds.map_or(20, |n| n.parse().expect("a number of rounds"));
    let mut tried = 0;
    for (target, run) in fuzz::TARGETS {
        let mut draws = Stream::new(1, 0, target);
        for file in corpus(target) {
            let bytes = std::fs::read(&file).expect("a file");
            harmless(&file, run, &bytes);
            for _ in 0..rounds {
                harmless(&file, run, &damaged(&bytes, &mut draws));
                tried += 1;
            }
        }
    }
    assert!(tried > 1000, "{tried}");
}
