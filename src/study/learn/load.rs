//! Arrivals of a log: stages of a rate, and whether they are random.

/// A part of the time with one rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// How long, in seconds.
    pub seconds: f64,
    /// Arrivals a second.
    pub rate: f64,
}

/// Arrivals as stages, and how they scatter.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    /// One behind the other.
    pub stages: Vec<Stage>,
    /// Variance of the counts of a second by their mean, within a minute; 1 for Poisson arrivals.
    pub dispersion: Option<Dispersion>,
    /// Whether there would be more stages than a model gets.
    pub coarse: bool,
    /// The most arrivals in a second and in a minute, of at least ten minutes.
    pub busiest: Option<(u64, u64)>,
}

/// The index of dispersion of counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dispersion {
    /// Variance by mean.
    pub index: f64,
    /// How far from 1 Poisson arrivals would come with probability 0.3 % at most.
    pub noise: f64,
    /// Over this number of seconds.
    pub seconds: u64,
}

impl Dispersion {
    /// Whether arrivals at an even pace (index 0) are nearer than those of Poisson (1), chance included.
    #[must_use]
    pub fn is_paced(self) -> bool {
        self.index + self.noise < 0.5
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        if self.index > 1.0 + self.noise {
            "burstier than Poisson arrivals: the model's are tamer than the real ones"
        } else if self.index < 1.0 - self.noise {
            "more even than Poisson arrivals: something paces them"
        } else {
            "as Poisson arrivals have it"
        }
    }
}

/// More parts than these are not told apart.
const PARTS: usize = 120;

/// Stages of a model, however much the rate moves.
const MOST_STAGES: usize = 20;

/// Seconds in which the rate of a day does not move by much.
const MINUTE: usize = 60;

/// The stages of arrivals at these times, in microseconds and in ascending order. Of the last second, which
/// is rarely a whole one, nothing is told unless it is the only one.
#[must_use]
pub fn arrivals(starts_us: &[i64]) -> Arrivals {
    let first = starts_us.first().copied().unwrap_or(0);
    let span = starts_us.last().copied().unwrap_or(0).abs_diff(first) / 1_000_000;
    let mut counts = vec![0_u64; usize::try_from(span).unwrap_or(0).clamp(1, 50 * 86_400)];
    for start in starts_us {
        let second = usize::try_from(start.abs_diff(first) / 1_000_000);
        if let Some(count) = second.ok().and_then(|second| counts.get_mut(second)) {
            *count += 1;
        }
    }
    let width = counts.len().div_ceil(PARTS).max(1);
    let parts: Vec<(u64, usize)> = counts
        .chunks(width)
        .map(|c| (c.iter().sum(), c.len()))
        .collect();
    let (merged, coarse) = merged(parts);
    let stages = merged.iter().map(|(count, seconds)| Stage {
        seconds: *seconds as f64,
        rate: *count as f64 / *seconds as f64,
    });
    Arrivals {
        stages: stages.collect(),
        dispersion: dispersion(&counts, &merged),
        coarse,
        busiest: busiest(&counts),
    }
}

/// The most in a second, and in a minute.
fn busiest(counts: &[u64]) -> Option<(u64, u64)> {
    if counts.len() < 10 * MINUTE {
        return None;
    }
    let minutes = counts.windows(MINUTE).map(|own| own.iter().sum());
    Some((*counts.iter().max()?, minutes.max()?))
}

/// Neighbours whose rates chance alone would tell apart are put together, the likest first; and whether more were, as
/// there would be too many.
fn merged(mut parts: Vec<(u64, usize)>) -> (Vec<(u64, usize)>, bool) {
    let mut coarse = false;
    loop {
        let apart = |pair: &[(u64, usize)]| {
            let rate = |(count, seconds): (u64, usize)| (count as f64 + 0.5) / seconds as f64;
            let (a, b) = (rate(pair[0]), rate(pair[1]));
            (a - b).abs() / (a / pair[0].1 as f64 + b / pair[1].1 as f64).sqrt()
        };
        let likest = parts
            .windows(2)
            .map(apart)
            .enumerate()
            .min_by(|a, b| a.1.total_cmp(&b.1));
        match likest {
            Some((k, apart)) if apart < 4.0 || parts.len() > MOST_STAGES => {
                coarse |= apart >= 4.0;
                let (count, seconds) = parts.remove(k + 1);
                parts[k].0 += count;
                parts[k].1 += seconds;
            }
            _ => return (parts, coarse),
        }
    }
}

/// Counts are compared with the mean of their own minute, and of their stage: that the rate moves over the day is no
/// burst.
fn dispersion(counts: &[u64], parts: &[(u64, usize)]) -> Option<Dispersion> {
    let (mut sum, mut freedom, mut from) = (0.0, 0.0, 0);
    for (_, seconds) in parts {
        for own in counts[from..from + seconds].chunks(MINUTE) {
            let mean = own.iter().sum::<u64>() as f64 / own.len() as f64;
            if own.len() > 1 && mean > 0.0 {
                let squares = own.iter().map(|n| (*n as f64 - mean) * (*n as f64 - mean));
                sum += squares.sum::<f64>() / mean;
                freedom += (own.len() - 1) as f64;
            }
        }
        from += seconds;
    }
    (freedom >= 10.0).then(|| Dispersion {
        index: sum / freedom,
        noise: 3.0 * (2.0 / freedom).sqrt(),
        seconds: counts.len() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Poisson arrivals whose rate goes up and down in six hours, from 2 to 18 a second.
    #[test]
    fn a_rate_that_moves_is_no_burst() {
        let mut state = 1_u64;
        let mut draw = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
        };
        let (mut at, mut all) = (0.0, Vec::new());
        while at < 21_600.0 {
            at -= libm::log(draw()) / 18.0;
            let rate = 10.0 - 8.0 * libm::cos(2.0 * std::f64::consts::PI * at / 21_600.0);
            if draw() * 18.0 < rate {
                all.push((at * 1e6) as i64);
            }
        }
        let found = arrivals(&all);
        let dispersion = found.dispersion.unwrap();
        assert_eq!(
            dispersion.words(),
            "as Poisson arrivals have it",
            "{dispersion:?}"
        );
        assert!(found.coarse && found.stages.len() == MOST_STAGES);
        let (second, minute) = found.busiest.unwrap();
        assert!(
            (18 * 60..18 * 75).contains(&minute) && (30..50).contains(&second),
            "{second} {minute}"
        );
    }

    #[test]
    fn two_rates_are_two_stages_and_even_arrivals_are_no_poisson_ones() {
        let slow = (0..600_i64).map(|k| k * 100_000);
        let fast = (0..3_000_i64).map(|k| 60_000_000 + k * 20_000);
        let all: Vec<i64> = slow.chain(fast).collect();
        let found = arrivals(&all);
        let rates: Vec<f64> = found.stages.iter().map(|s| s.rate).collect();
        assert_eq!(rates, [10.0, 50.0]);
        let dispersion = found.dispersion.unwrap();
        assert!(dispersion.index < 0.01 && dispersion.words().starts_with("more even"));
        assert_eq!((found.coarse, found.busiest), (false, None));
        assert_eq!(arrivals(&[]).stages.len(), 1);
        assert_eq!(
            arrivals(&[5]).stages,
            [Stage {
                seconds: 1.0,
                rate: 1.0
            }]
        );
    }
}
