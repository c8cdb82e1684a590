//! Something that happens with a probability: what is given back does not go by the order of waiting this time.

use crate::engine::stream::Stream;
use crate::model::waiting::Waiting;

/// A probability, and the stream that it is drawn from.
#[derive(Clone, Debug)]
pub struct Chance {
    probability: f64,
    /// At even intervals instead of by chance: what has come together for the next time.
    even: Option<f64>,
    front: Front,
    stream: Stream,
}

/// Some of those who stand in front are passed over as long as they do.
#[derive(Clone, Copy, Debug, Default)]
struct Front {
    share: f64,
    /// Whether the one who stands there is; not drawn yet.
    passed_over: Option<bool>,
}

impl Chance {
    /// That of what does not go by the order; nothing if all does.
    #[must_use]
    pub fn of(waiting: &Waiting, stream: Stream) -> Option<Box<Chance>> {
        let mut chance = Chance::with(waiting.stray, stream);
        if let Some(chance) = chance.as_mut().filter(|_| waiting.evenly) {
            chance.even = Some(0.0);
        }
        if let Some(chance) = &mut chance {
            chance.front.share = waiting.passed_over;
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
                front: Front::default(),
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

    /// Whether it happens to the one in front, who may be one of those to whom it does not.
    pub fn strikes_front(&mut self) -> bool {
        if self.front.share > 0.0 {
            let (share, stream) = (self.front.share, &mut self.stream);
            let passed = &mut self.front.passed_over;
            if *passed.get_or_insert_with(|| stream.unit() < share) {
                return false;
            }
        }
        let strikes = self.strikes();
        if strikes {
            self.front_changes();
        }
        strikes
    }

    /// Another one stands in front from now on.
    pub fn front_changes(&mut self) {
        self.front.passed_over = None;
    }

    /// One of a number of choices, each as likely.
    pub fn one_of(&mut self, n: usize) -> usize {
        self.stream.below(n as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_comes_by_chance_or_evenly() {
        let of = |evenly: bool| {
            let waiting = Waiting {
                stray: 0.3,
                evenly,
                ..Waiting::default()
            };
            let mut chance = Chance::of(&waiting, Stream::new(1, 0, "chance")).expect("a chance");
            (0..10_000).map(|_| chance.strikes()).collect::<Vec<bool>>()
        };
        let count = |all: &[bool]| all.iter().filter(|strikes| **strikes).count() as f64;
        let (random, even) = (of(false), of(true));
        // Within four standard deviations; and every fourth or third time.
        assert!((count(&random) - 3000.0).abs() < 4.0 * (2100.0_f64).sqrt());
        assert!((count(&even) - 3000.0).abs() <= 1.0);
        assert!(even.chunks(10).all(|ten| (2.0..=4.0).contains(&count(ten))));
        assert!(
            !random
                .chunks(10)
                .all(|ten| (2.0..=4.0).contains(&count(ten)))
        );
        assert!(Chance::with(0.0, Stream::new(1, 0, "chance")).is_none());
    }

    #[test]
    fn who_is_passed_over_is_so_as_long_as_it_stands_in_front() {
        let waiting = Waiting {
            stray: 0.5,
            passed_over: 0.25,
            ..Waiting::default()
        };
        let mut chance = Chance::of(&waiting, Stream::new(1, 0, "chance")).expect("a chance");
        // Of each in front: whether anything is handed to it in twenty times.
        let mut passed = 0;
        for _ in 0..4000 {
            if !(0..20).any(|_| chance.strikes_front()) {
                passed += 1;
                assert!(!(0..100).any(|_| chance.strikes_front()));
                chance.front_changes();
            }
        }
        assert!(
            (f64::from(passed) - 1000.0).abs() < 4.0 * (750.0_f64).sqrt(),
            "{passed}"
        );
    }
}
