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
    /// Variance of the counts of a second by their mean, within the stages; 1 for Poisson arrivals.
    pub dispersion: Option<Dispersion>,
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
    let merged = merged(parts);
    let stages = merged.iter().map(|(count, seconds)| Stage {
        seconds: *seconds as f64,
        rate: *count as f64 / *seconds as f64,
    });
    Arrivals {
        stages: stages.collect(),
        dispersion: dispersion(&counts, &merged),
    }
}

/// Neighbours whose rates chance alone would tell apart are put together, the likest first.
fn merged(mut parts: Vec<(u64, usize)>) -> Vec<(u64, usize)> {
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
            // Twenty stages at most, however much the rate moves.
            Some((k, apart)) if apart < 4.0 || parts.len() > 20 => {
                let (count, seconds) = parts.remove(k + 1);
                parts[k].0 += count;
                parts[k].1 += seconds;
            }
            _ => return parts,
        }
    }
}

fn dispersion(counts: &[u64], parts: &[(u64, usize)]) -> Option<Dispersion> {
    let (mut sum, mut freedom, mut from) = (0.0, 0.0, 0);
    for (count, seconds) in parts {
        let own = &counts[from..from + seconds];
        from += seconds;
        let mean = *count as f64 / *seconds as f64;
        if *seconds > 1 && mean > 0.0 {
            let squares: f64 = own
                .iter()
                .map(|n| (*n as f64 - mean) * (*n as f64 - mean))
                .sum();
            sum += squares / mean;
            freedom += (*seconds - 1) as f64;
        }
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
