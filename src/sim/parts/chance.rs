//! Something that happens with a probability: what is given back does not go by the order of waiting this time.

use crate::engine::stream::Stream;
use crate::model::waiting::Waiting;

/// A probability, and the stream that it is drawn from.
#[derive(Clone, Debug)]
pub struct Chance {
    probability: f64,
    stream: Stream,
}

impl Chance {
    /// That of what does not go by the order; nothing if all does.
    #[must_use]
    pub fn of(waiting: &Waiting, stream: Stream) -> Option<Box<Chance>> {
        let probability = waiting.stray;
        (probability > 0.0).then(|| {
            Box::new(Chance {
                probability,
                stream,
            })
        })
    }

    /// Whether it happens now.
    pub fn strikes(&mut self) -> bool {
        self.stream.unit() < self.probability
    }

    /// One of a number of choices, each as likely.
    pub fn one_of(&mut self, n: usize) -> usize {
        self.stream.below(n as u64) as usize
    }
}
