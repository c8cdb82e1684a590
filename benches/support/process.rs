//! What a process has used so far.

use std::time::Instant;

/// Time on a processor, which Linux tells in nanoseconds; elsewhere the time that has passed.
pub struct Clock(Instant);

impl Clock {
    /// Begins to count where only wall time is known.
    #[expect(
        clippy::disallowed_methods,
        reason = "a benchmark reads the clock; no result depends on it"
    )]
    pub fn start() -> Clock {
        Clock(Instant::now())
    }

    /// Seconds that this process has used; only differences mean something.
    pub fn seconds(&self) -> f64 {
        // The count moves when the scheduler looks; asked to let others run, it looks now.
        std::thread::yield_now();
        let told = std::fs::read_to_string("/proc/self/schedstat").ok();
        let used = told.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
        used.map_or_else(|| self.0.elapsed().as_secs_f64(), |ns| ns / 1e9)
    }
}

/// The most memory that this process has had at once, in MB; `None` where there is no `/proc`.
pub fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes / 1000.0)
}
