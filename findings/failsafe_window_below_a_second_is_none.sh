#!/usr/bin/env bash
# failsafe 1.3.0 (crates.io, circuit breaker): with a window of 900 ms a single failure after 1000 successes opens it.
#
# `success_rate_over_time_window`: "window - window over which the success rate is tracked". Required rate 50 %, at least
# 20 requests. Seen after 1000 successes and one failure (99.9 % succeeded):
#   window 900 ms: open    window 1000 ms: closed
# The window of a moving average is kept in whole seconds, so one below a second is none at all: the "rate" is the outcome
# of the last call, and each failure opens. A window of 1900 ms is one of 1000 ms.
# The average also weighs an outcome by the time since the one before. So where calls come in groups the first of each
# group stands for the whole pause. Required rate 80 %, at least 5 requests:
#   window 4 s: 1000 successes, 1.5 s without a call, one failure: open
#
# Its documentation has the average, not the whole seconds; no thread of its repository that a search finds tells of
# either. Ends with 0 while this is so, with 1 once it is not.
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
failsafe = { version = "=1.3.0", default-features = false }
[workspace]
TOML
cat > src/main.rs <<'RS'
use failsafe::{backoff, failure_policy, CircuitBreaker, Config};
use std::{thread::sleep, time::Duration};

/// Is the breaker open after a whole window without calls, 1000 successes, a pause and one failure?
fn opens(rate: f64, requests: u32, window_ms: u64, pause_ms: u64) -> bool {
    let window = Duration::from_millis(window_ms);
    let minute = backoff::constant(Duration::from_secs(60));
    let policy = failure_policy::success_rate_over_time_window(rate, requests, window, minute);
    let breaker = Config::new().failure_policy(policy).build();
    sleep(window + Duration::from_millis(200));
    for _ in 0..1000 {
        breaker.call(|| Ok::<(), ()>(())).ok();
    }
    sleep(Duration::from_millis(pause_ms));
    breaker.call(|| Err::<(), ()>(())).ok();
    let open = !breaker.is_call_permitted();
    println!("window {window_ms} ms, 1000 successes, pause of {pause_ms} ms, one failure: open {open}");
    open
}

fn main() {
    let same = opens(0.5, 20, 900, 0) && !opens(0.5, 20, 1000, 0) && opens(0.8, 5, 4000, 1500);
    std::process::exit(i32::from(!same));
}
RS
nice cargo run --quiet
