//! A law for a sample: the family of the largest likelihood, or a table where none fits.

use crate::engine::dist::Dist;
use crate::stats::ks;

/// The times at the smallest number under way at which this number of an endpoint's times are known are its service times.
const SERVICE_SAMPLE: usize = 100;

/// A law as a model has it, and how well it fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    /// TOML.
    pub text: String,
    /// In words: the family, and how far it is from the sample.
    pub words: String,
    /// The mean in milliseconds.
    pub mean_ms: f64,
}

/// More values are thinned out: the law does not get better.
const ENOUGH: usize = 20_000;

/// A family this far from the sample (Kolmogorov-Smirnov) is none for it.
const FAR: f64 = 0.05;

/// Values of an empirical table.
const TABLE: usize = 40;

/// The law of times in microseconds, in any order, which lack so many milliseconds in the mean. `None` without any.
#[must_use]
pub fn law(us: &[u32], lost_ms: f64) -> Option<Law> {
    let sample = spread(us, lost_ms);
    let n = sample.len() as f64;
    if sample.is_empty() {
        return None;
    }
    let mean = sample.iter().sum::<f64>() / n;
    let square = sample.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    let cv = square.sqrt() / mean;
    if sample.len() < 8 || cv < 0.005 {
        return Some(Law {
            text: format!("\"{}\"", time(mean)),
            words: format!("the mean of {} alone", sample.len()),
            mean_ms: mean,
        });
    }
    let best = candidates(&sample, mean, cv)
        .into_iter()
        .filter(|c| c.likelihood.is_finite())
        .max_by(|a, b| a.score().total_cmp(&b.score()));
    if let Some(best) = best {
        let distance = ks::distance_to(&sample, |x| best.law.cdf(x * 1e6)).unwrap_or(1.0);
        let noise = ks::critical_distance(sample.len(), 0.01).unwrap_or(0.0);
        if distance <= FAR.max(noise) {
            return Some(Law {
                text: best.text,
                words: format!(
                    "{}, at most {:.1} % of the probability away",
                    best.family,
                    100.0 * distance
                ),
                mean_ms: mean,
            });
        }
        let words = format!(
            "a table: {} is {:.0} % of the probability away",
            best.family,
            100.0 * distance
        );
        return Some(table(sample, mean, words));
    }
    Some(table(sample, mean, "a table".into()))
}

/// The law of times at few under way: of the smallest number at which enough are known.
pub fn of_service(sample: &mut [(u32, u32)], calm: u32, lost_ms: f64) -> Option<(Law, usize, u32)> {
    sample.sort_by_key(|(n, _)| *n);
    let wanted = SERVICE_SAMPLE.max(sample.len() / 20).min(sample.len());
    let most = sample.get(wanted.checked_sub(1)?)?.0.max(calm);
    let end = sample.partition_point(|(n, _)| *n <= most);
    let mut times: Vec<u32> = sample[..end].iter().map(|(_, us)| *us).collect();
    times.sort_unstable();
    // Thinned out later, evenly: no order may stay in what is left.
    let law = law(&times, lost_ms)?;
    let reached = sample.get(end.checked_sub(1)?)?.0;
    Some((law, end, most.min(reached)))
}

/// Values in milliseconds, thinned out, and spread over the width of the smallest step in which they were
/// written.
fn spread(us: &[u32], lost_ms: f64) -> Vec<f64> {
    let step = us.iter().fold(0, |step, us| gcd(step, *us));
    let step = if step == 0 { 1_000 } else { step.min(1_000) };
    let every = us.len().div_ceil(ENOUGH).max(1);
    let kept = us.iter().step_by(every).enumerate();
    let place = |k: usize| (k * 61 % 97) as f64 / 97.0 - 0.5;
    let lost = 1e3 * lost_ms;
    let spread = kept.map(|(k, us)| f64::from(*us) + lost + place(k) * f64::from(step));
    // Below half a step: what was rounded to nothing took some time.
    spread
        .map(|us| us.abs().max(f64::from(step) / 100.0) / 1e3)
        .collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

struct Candidate {
    family: &'static str,
    text: String,
    law: Dist,
    likelihood: f64,
    parameters: f64,
}

impl Candidate {
    /// Akaike's: a parameter costs one.
    fn score(&self) -> f64 {
        self.likelihood - self.parameters
    }
}

fn candidates(x: &[f64], mean: f64, cv: f64) -> Vec<Candidate> {
    let logs: Vec<f64> = x.iter().map(|x| libm::log(*x)).collect();
    let log_mean = logs.iter().sum::<f64>() / x.len() as f64;
    let all = [
        exponential(x, mean),
        lognormal(&logs, log_mean),
        gamma(x, mean, log_mean),
        weibull(x, &logs, log_mean, cv),
    ];
    all.into_iter().flatten().collect()
}

fn exponential(x: &[f64], mean: f64) -> Option<Candidate> {
    let n = x.len() as f64;
    Some(Candidate {
        family: "exponential",
        text: format!("{{ exponential = \"{}\" }}", time(mean)),
        law: Dist::exponential(mean * 1e6).ok()?,
        likelihood: -n * libm::log(mean) - n,
        parameters: 1.0,
    })
}

fn lognormal(logs: &[f64], log_mean: f64) -> Option<Candidate> {
    let n = logs.len() as f64;
    let squares = logs.iter().map(|l| (l - log_mean) * (l - log_mean));
    let variance = squares.sum::<f64>() / n;
    let half_log = 0.5 * libm::log(2.0 * std::f64::consts::PI * variance);
    let mean = libm::exp(log_mean + variance / 2.0);
    let cv = (libm::exp(variance) - 1.0).sqrt();
    let (median, sigma) = (time(libm::exp(log_mean)), variance.sqrt());
    Some(Candidate {
        family: "lognormal",
        text: format!("{{ lognormal = {{ median = \"{median}\", sigma = {sigma:.4} }} }}"),
        law: Dist::lognormal_mean_cv(mean * 1e6, cv).ok()?,
        likelihood: -log_mean * n - n * half_log - n / 2.0,
        parameters: 2.0,
    })
}

/// Its shape by Minka (2002).
fn gamma(x: &[f64], mean: f64, log_mean: f64) -> Option<Candidate> {
    let n = x.len() as f64;
    let shape = gamma_shape(libm::log(mean) - log_mean);
    let scale = mean / shape;
    let cv = 1.0 / shape.sqrt();
    let of_one = shape * libm::log(scale) + libm::lgamma(shape) + mean / scale;
    Some(Candidate {
        family: "gamma",
        text: format!(
            "{{ gamma = {{ mean = \"{}\", cv = {cv:.4} }} }}",
            time(mean)
        ),
        law: Dist::gamma_mean_cv(mean * 1e6, cv).ok()?,
        likelihood: n * ((shape - 1.0) * log_mean - of_one),
        parameters: 2.0,
    })
}

fn weibull(x: &[f64], logs: &[f64], log_mean: f64, cv: f64) -> Option<Candidate> {
    let n = x.len() as f64;
    let shape = weibull_shape(x, logs, log_mean, cv);
    let powers = x.iter().map(|x| libm::pow(*x, shape)).sum::<f64>();
    let scale = libm::pow(powers / n, 1.0 / shape);
    let of_one = libm::log(shape) - shape * libm::log(scale) + (shape - 1.0) * log_mean - 1.0;
    let written = time(scale);
    Some(Candidate {
        family: "weibull",
        text: format!("{{ weibull = {{ shape = {shape:.4}, scale = \"{written}\" }} }}"),
        law: Dist::weibull(shape, scale * 1e6).ok()?,
        likelihood: n * of_one,
        parameters: 2.0,
    })
}

/// The shape of a gamma law from the gap between the logarithm of the mean and the mean of logarithms.
fn gamma_shape(gap: f64) -> f64 {
    let mut shape = (3.0 - gap + ((gap - 3.0) * (gap - 3.0) + 24.0 * gap).sqrt()) / (12.0 * gap);
    for _ in 0..8 {
        let h = 1e-4 * shape;
        let digamma = |k: f64| (libm::lgamma(k + h) - libm::lgamma(k - h)) / (2.0 * h);
        let error = libm::log(shape) - digamma(shape) - gap;
        let slope = 1.0 / shape - (digamma(shape + h) - digamma(shape - h)) / (2.0 * h);
        let next = shape - error / slope;
        if next.is_finite() && next > shape / 4.0 && next < shape * 4.0 {
            shape = next;
        }
    }
    shape.clamp(0.02, 1e4)
}

/// The shape of a Weibull law, by Newton's method.
fn weibull_shape(x: &[f64], logs: &[f64], log_mean: f64, cv: f64) -> f64 {
    let mut shape = libm::pow(cv.max(0.01), -1.086).clamp(0.1, 50.0);
    for _ in 0..20 {
        let (mut a, mut b, mut c) = (0.0, 0.0, 0.0);
        for (x, l) in x.iter().zip(logs) {
            let power = libm::pow(*x, shape);
            a += power;
            b += power * l;
            c += power * l * l;
        }
        let error = b / a - 1.0 / shape - log_mean;
        let slope = (c * a - b * b) / (a * a) + 1.0 / (shape * shape);
        let next = (shape - error / slope).clamp(shape / 2.0, shape * 2.0);
        if !next.is_finite() || (next - shape).abs() < 1e-9 * shape {
            break;
        }
        shape = next;
    }
    shape
}

/// Values at equal steps of probability.
fn table(mut sample: Vec<f64>, mean: f64, words: String) -> Law {
    sample.sort_unstable_by(f64::total_cmp);
    let rows = TABLE.min(sample.len());
    let at = |k: usize| sample[(2 * k + 1) * sample.len() / (2 * rows)];
    let values: Vec<String> = (0..rows).map(|k| format!("\"{}\"", time(at(k)))).collect();
    Law {
        text: format!("{{ empirical = [{}] }}", values.join(", ")),
        words,
        mean_ms: mean,
    }
}

/// Milliseconds as a model writes them.
#[must_use]
pub fn time(ms: f64) -> String {
    let us = (ms * 1e3).round();
    if us < 10.0 {
        return format!("{}ns", (ms * 1e6).round().max(1.0));
    }
    let text = format!("{:.3}", us / 1e3);
    format!("{}ms", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of a law at equal steps, in microseconds.
    fn sample(law: &Dist, rounded_to: f64) -> Vec<u32> {
        let one = |k: u32| {
            (law.quantile((f64::from(k) + 0.5) / 2_000.0) / 1e3 / rounded_to).round() * rounded_to
        };
        (0..2_000).map(|k| one(k) as u32).collect()
    }

    #[test]
    fn each_family_is_found_in_its_own_sample() {
        let ms = 1e6;
        for (family, law) in [
            ("exponential", Dist::exponential(20.0 * ms).unwrap()),
            (
                "lognormal",
                Dist::lognormal_mean_cv(20.0 * ms, 0.8).unwrap(),
            ),
            ("gamma", Dist::gamma_mean_cv(20.0 * ms, 0.4).unwrap()),
            ("weibull", Dist::weibull(3.0, 20.0 * ms).unwrap()),
        ] {
            // Microseconds, and whole milliseconds as proxies write them.
            for step in [1.0, 1_000.0] {
                let found = super::law(&sample(&law, step), 0.0).unwrap();
                assert!(
                    found.words.starts_with(family),
                    "{family} at {step}: {found:?}"
                );
                assert!((found.mean_ms / 20.0 - 1.0).abs() < 0.12, "{found:?}");
            }
        }
    }

    #[test]
    fn what_no_family_fits_is_a_table() {
        let mut two: Vec<u32> = (0..900).map(|k| 2_000 + k).collect();
        two.extend((0..100).map(|k| 90_000 + 10 * k));
        let found = law(&two, 0.0).unwrap();
        assert!(found.words.starts_with("a table"), "{found:?}");
        assert_eq!(law(&[], 0.0), None);
        assert!(
            law(&[5_000; 40], 0.0).unwrap().text.contains("empirical")
                || law(&[5_000; 40], 0.0).unwrap().text.contains("ms")
        );
        assert!(law(&[0; 40], 0.0).is_some() && law(&[u32::MAX; 3], 0.0).is_some());
        assert_eq!(
            (time(1.5), time(0.0025), time(12_345.678_9)),
            ("1.5ms".into(), "2500ns".into(), "12345.679ms".into())
        );
    }
}
