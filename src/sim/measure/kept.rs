//! How much a record keeps, for a limit on the memory of a run.

use super::log::Entry;
use super::recorder::{Custom, Recorder, SampleTags, Timings};

/// The samples that a record keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How many.
    pub count: usize,
    /// Bytes that they take, about: what is allocated beyond them is not counted.
    pub bytes: usize,
}

impl Recorder {
    /// What is kept so far. Samples that are counted in histograms are not kept.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let list = |count: usize, each: usize| Kept {
            count,
            bytes: count * each,
        };
        let trends = self.customs.iter().flatten().map(|custom| match custom {
            Custom::Trend(values, _) => {
                list(values.len(), size_of::<f64>() + size_of::<SampleTags>())
            }
            _ => list(0, 0),
        });
        let log = self.log.as_ref().map_or(0, Vec::len);
        let lists = [
            list(self.durations.len(), size_of::<u32>()),
            list(self.iteration_origin.len(), size_of::<u32>()),
            list(
                self.groups.len(),
                size_of::<u64>() + size_of::<SampleTags>(),
            ),
        ];
        let all = lists.into_iter().chain(trends);
        let (count, bytes) = all.fold((0, 0), |(n, b), k| (n + k.count, b + k.bytes));
        // Beside each of these samples.
        let beside = self.timings.len() * size_of::<Timings>() + log * size_of::<Entry>();
        Kept {
            count,
            bytes: bytes + beside,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Span, Time};
    use crate::measure::recorder::{ResponseCode, SampleSource};
    use crate::model::journey::SiteId;

    #[test]
    fn samples_that_are_kept_are_counted() {
        let kept = |counted: bool| {
            let mut recorder = Recorder::new(1, 1, 0, &[]);
            if counted {
                recorder.keep_tallies();
            }
            let took = Span::millis(1);
            recorder.request(
                Time::ZERO + took,
                SampleSource::scenario(0),
                SiteId(0),
                ResponseCode::OK,
                took,
            );
            recorder.iteration(Time::ZERO + took, SampleSource::scenario(0), took);
            recorder.kept()
        };
        assert_eq!(kept(false), Kept { count: 2, bytes: 8 });
        assert_eq!(kept(true), Kept { count: 0, bytes: 0 });
    }
}
