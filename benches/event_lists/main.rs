//! Which event list is the fastest for few, for thousands and for a million pending events.
//!
//!     cargo bench -p capsim-sim --profile dist --bench event_lists [-- MOST_PENDING]
//!
//! The hold model (J. G. Vaucher, P. Duval, "A comparison of simulation event list algorithms", Comm. ACM
//! 18(4), 1975; D. W. Jones, "An empirical comparison of priority-queue and event-set implementations",
//! Comm. ACM 29(4), 1986): the first event is taken out and one is put in at a random increment from it, so
//! that the number of pending events stays. Printed are nanoseconds of processor time for one such hold, the
//! best of some rounds in which all lists take turns. Increments are drawn beforehand. All lists must give
//! the same events in the same order, which a fingerprint checks.

use capsim_core::engine::heap::{MinHeap, key, major};
use capsim_core::engine::ladder::Ladder;
use capsim_core::engine::stream::Stream;

mod calendar;
mod lists;
#[path = "../support/process.rs"]
#[expect(dead_code, reason = "memory is not measured here")]
mod process;

use calendar::Calendar;
use lists::{Implicit, List, Sorted, Standard};
use process::Clock;

const PENDING: [usize; 7] = [10, 30, 100, 1_000, 10_000, 100_000, 1_000_000];

const ROUNDS: usize = 5;

/// Increments drawn beforehand; many enough that the list never sees the same order again.
const DRAWN: usize = 1 << 20;

/// Mean increment in nanoseconds: one second.
const MEAN: f64 = 1e9;

/// A distribution of the increments by name, as multiples of their mean.
type Increment = (&'static str, fn(&mut Stream) -> f64);

const INCREMENTS: [Increment; 3] = [
    ("exponential", |s| s.exponential()),
    ("uniform", |s| 2.0 * s.unit()),
    // Nine near, one far, as Jones (1986) has it, scaled to a mean of 1.
    ("bimodal", |s| {
        let far = if s.chance(0.1) { 9.5238 } else { 0.0 };
        (0.95238 * s.unit() + far) / 1.42857
    }),
];

/// A list in the contest: its name, the most pending events it is made for, and how it is measured.
type Contestant = (&'static str, usize, fn(usize, &[u64]) -> (f64, u64));

const CONTESTANTS: [Contestant; 8] = [
    ("MinHeap", usize::MAX, hold::<MinHeap<u64>>),
    ("Ladder", usize::MAX, hold::<Ladder<u64>>),
    ("sorted", 1_000, hold::<Sorted>),
    ("std", usize::MAX, hold::<Standard>),
    ("2-ary", usize::MAX, hold::<Implicit<2>>),
    ("4-ary", usize::MAX, hold::<Implicit<4>>),
    ("8-ary", usize::MAX, hold::<Implicit<8>>),
    ("calendar", usize::MAX, hold::<Calendar>),
];

fn main() {
    let most = std::env::args().find_map(|a| a.parse().ok());
    let most: usize = most.unwrap_or(usize::MAX);
    print!("{:11} {:>9}", "increments", "pending");
    for (name, ..) in CONTESTANTS {
        print!(" {name:>9}");
    }
    println!("  fingerprint");
    for (name, draw) in INCREMENTS {
        let mut stream = Stream::new(42, 0, name);
        let increments: Vec<u64> = (0..DRAWN)
            .map(|_| (draw(&mut stream) * MEAN) as u64)
            .collect();
        for pending in PENDING.into_iter().filter(|n| *n <= most) {
            print!("{name:11} {pending:9}");
            contest(pending, &increments);
        }
    }
}

/// All lists in turn, some rounds of it, and the rest of a row of the table.
fn contest(pending: usize, increments: &[u64]) {
    let mut best = [f64::INFINITY; CONTESTANTS.len()];
    let mut fingerprints = Vec::new();
    for _ in 0..ROUNDS {
        for ((_, most, measure), best) in CONTESTANTS.iter().zip(&mut best) {
            if pending > *most {
                continue;
            }
            let (nanoseconds, fingerprint) = measure(pending, increments);
            *best = best.min(nanoseconds);
            fingerprints.push(fingerprint);
        }
    }
    let first = fingerprints[0];
    assert!(
        fingerprints.iter().all(|f| *f == first),
        "the lists do not agree on the order of events"
    );
    for nanoseconds in best {
        if nanoseconds.is_finite() {
            print!(" {nanoseconds:9.1}");
        } else {
            print!(" {:>9}", "-");
        }
    }
    println!("  {first:016x}");
}

/// Processor time; a process that yields has its account brought up to date, which else happens once a tick.
fn exact(clock: &Clock) -> f64 {
    std::thread::yield_now();
    clock.seconds()
}

/// Nanoseconds for one hold, and a fingerprint of what was held.
fn hold<L: List>(pending: usize, increments: &[u64]) -> (f64, u64) {
    let mut list = L::default();
    let mut drawn = increments.iter().cycle().copied();
    let mut increment = || drawn.next().unwrap_or(1);
    for sequence in 0..pending as u64 {
        list.push(key(increment(), sequence), sequence);
    }
    let mut sequence = pending as u64;
    let mut fingerprint = 0_u64;
    let mut holds = |count: usize| {
        for _ in 0..count {
            let (k, value) = list.pop().unwrap_or_default();
            fingerprint = (fingerprint ^ major(k) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            sequence += 1;
            list.push(key(major(k) + increment(), sequence), sequence);
        }
    };
    // Until the list is as it stays: every event of the beginning has gone, or nearly.
    holds(3 * pending + 1_000);
    let measured = pending.max(1_000_000);
    let clock = Clock::start();
    let start = exact(&clock);
    holds(measured);
    let seconds = exact(&clock) - start;
    (seconds * 1e9 / measured as f64, fingerprint)
}
