#!/usr/bin/env bash
# exponential-backoff 2.1.1 (crates.io): with its jitter half of all clients retry at the same moment.
#
# "An exponential backoff generator with jitter", by default 0.3. 10 000 clients, min 100 ms, max 1 s. Seen:
#   first retry: 5000 of them after exactly 100 ms
#   third retry (400 ms without jitter): none between 400 and 460 ms, mean 415 ms
#   fifth retry (1600 ms, so 1 s): all after exactly 1 s
# The jitter is applied before the delay is held between min and max, so what it takes off the first delay comes back, and
# what it takes off a delay beyond the maximum is lost. Half of those whose requests failed together come back together,
# and in a long outage all of them. What is added is never less than half of the jitter, which makes the hole and the mean.
#
# Its documentation tells of neither, nor does a thread of its repository that a search finds. Ends with 0 while this is
# so, with 1 once it is not.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CARGO_TARGET_DIR=$dir/target
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "run"
version = "0.0.0"
edition = "2021"
[dependencies]
exponential-backoff = "=2.1.1"
[workspace]
TOML
cat > src/main.rs <<'RS'
use exponential_backoff::Backoff;
use std::time::Duration;

const CLIENTS: usize = 10_000;

fn main() {
    let ms = Duration::from_millis;
    let delays: Vec<Vec<Duration>> = (0..CLIENTS)
        .map(|_| Backoff::new(8, ms(100), ms(1000)).into_iter().flatten().collect())
        .collect();
    let first = delays.iter().filter(|d| d[0] == ms(100)).count();
    let hole = delays.iter().filter(|d| d[2] > ms(400) && d[2] < ms(460)).count();
    let mean = delays.iter().map(|d| d[2].as_secs_f64()).sum::<f64>() / CLIENTS as f64 * 1e3;
    let fifth = delays.iter().filter(|d| d[4] == ms(1000)).count();
    println!("first retry: {first} of {CLIENTS} after exactly 100 ms");
    println!("third retry (400 ms): {hole} between 400 and 460 ms, mean {mean:.0} ms");
    println!("fifth retry: {fifth} of {CLIENTS} after exactly 1000 ms");
    let same = first > CLIENTS * 4 / 10 && hole == 0 && mean > 410.0 && fifth == CLIENTS;
    std::process::exit(i32::from(!same));
}
RS
nice cargo run --quiet
