//! How many VUs a run had, told from whatever its file says of them.

use super::Measured;

/// What tells the number of VUs; the first one counts that a file has.
#[derive(Clone, Copy, Debug)]
pub(super) enum VuSource {
    /// k6's gauge `vus_max`.
    Initialised,
    /// The line of progress: `running (1m00.8s), 000/100 VUs`.
    Progress,
    /// The description before the run: `1 scenario, 100 max VUs`.
    Planned,
    /// k6's gauge `vus`, of the VUs at work, one sample a second.
    Sampled,
}

/// The largest number of VUs by what tells it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Vus([Option<f64>; 4]);

impl Vus {
    pub fn add(&mut self, source: VuSource, number: Option<f64>) {
        let known = &mut self.0[source as usize];
        *known = larger(*known, number);
    }

    /// Of k6's gauges `vus` and `vus_max`; false for other metrics.
    pub fn gauge(&mut self, metric: &str, number: Option<f64>) -> bool {
        match metric {
            "vus_max" => self.add(VuSource::Initialised, number),
            "vus" => self.add(VuSource::Sampled, number),
            _ => return false,
        }
        true
    }
}

/// The larger of two numbers that may be missing.
fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}

impl Measured {
    /// Keeps what a run's VUs were, once all of the file is read.
    pub(super) fn set_vus(&mut self, vus: Vus) {
        let Vus(known) = vus;
        let first = known.iter().position(Option::is_some);
        self.peak_vus = first.and_then(|i| known[i]);
        self.vus_sampled = first == Some(VuSource::Sampled as usize);
    }
}
