//! What real components did under overload, and what their presets do. The facts are measurements of 27 November 2026
//! (Linux 6.18, two cores, loopback; each module names the program and its version), not documentation.

mod caches;
mod limits;
mod listeners;
mod pools;
mod rows;
mod sessions;
mod waiting;
