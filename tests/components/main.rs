//! What real components did under overload, and what their presets do. The facts are measurements of 27 November 2026
//! (Linux 6.18, two cores, loopback; each module names the program and its version), not documentation. What was measured and
//! is in no test stands in docs/mechanisms/waiting.md.

mod caches;
mod languages;
mod limits;
mod listeners;
mod orders;
mod pools;
mod probes;
mod rows;
mod servers;
mod sessions;
mod waiting;
