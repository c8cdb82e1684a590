//! Something that happens with a probability: what is given back does not go by the order of waiting this time.

use crate::engine::stream::Stream;
use crate::model::waiting::Waiting;

/// A probability, and the stream that it is drawn from.
#[derive(Clone, Debug)]
pub struct Chance {
    probability: f64,
    /// At even intervals instead of by chance: what has come together for the next time.
    even: Option<f64>,
    stream: Stream,
}

impl Chance {
    /// That of what does not go by the order; nothing if all does.
    #[must_use]
    pub fn of(waiting: &Waiting, stream: Stream) -> Option<Box<Chance>> {
        let mut chance = Chance::with(waiting.stray, stream);
        if let Some(chance) = chance.as_mut().filter(|_| waiting.evenly) {
            chance.even = Some(0.0);
        }
        chance
    }

    /// A probability above zero.
    #[must_use]
    pub fn with(probability: f64, stream: Stream) -> Option<Box<Chance>> {
        (probability > 0.0).then(|| {
            Box::new(Chance {
                probability,
                even: None,
                stream,
            })
        })
    }

    /// Whether it happens now.
    pub fn strikes(&mut self) -> bool {
        let Some(sum) = &mut self.even else {
            return self.stream.unit() < self.probability;
        };
        *sum += self.probability;
        let due = *sum >= 1.0;
        if due {
            *sum -= 1.0;
        }
        due
    }

    /// One of a number of choices, each as likely.
    pub fn one_of(&mut self, n: usize) -> usize {
        self.stream.below(n as u64) as usize
    }
}
