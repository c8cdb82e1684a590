//! Retry policies as the retrial queue: who finds the server busy comes again after an exponential time.

use super::{poisson, run_seed};
use capsim::theory::retrial::mm1_retrial;

/// Mean and Student's t interval for 99.9 %, of ten values.
fn interval(values: &[f64]) -> (f64, f64) {
    assert_eq!(values.len(), 10);
    let mean = values.iter().sum::<f64>() / 10.0;
    let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 9.0;
    (mean, 4.78 * (variance / 10.0).sqrt())
}

#[test]
fn a_server_without_a_line_and_clients_that_come_again_are_the_retrial_queue() {
    // M/M/1/1, each of those in orbit tries at rate nu (Falin and Templeton 1997): the mean number in orbit is
    // rho^2 / (1 - rho) (1 + mu / nu). With the chain (busy?, n in orbit): the cuts between n and n + 1 give
    // lambda p(1, n) = (n + 1) nu p(0, n + 1), and the balance of (0, n) gives (lambda + n nu) p(0, n) = mu p(1, n);
    // their generating functions have this mean, which a truncated chain confirms below.
    let mu = 100.0;
    for (lambda, nu) in [(30.0, 20.0), (50.0, 50.0), (70.0, 400.0)] {
        let theory = mm1_retrial(lambda, mu, nu).expect("a stable queue");
        let rho: f64 = lambda / mu;
        let mean = rho * rho / (1.0 - rho) * (1.0 + mu / nu);
        assert!((theory.mean_in_orbit - mean).abs() < 1e-9);
        assert!((truncated_chain(lambda, mu, nu) - mean).abs() < 1e-6 * mean);
        let policy = format!(
            "retry = {{ attempts = 1000, on = [503], backoff = \"{}us\", jitter = \"exponential\" }}",
            1e6 / nu
        );
        let text = poisson(lambda, "400s", &format!("{{ request = \"e\", {policy} }}"));
        let text = format!(
            "{text}[stations.s]\nservers = 1\nqueue = 0\n[endpoints.e]\n\
             visits = [{{ station = \"s\", time = {{ exponential = \"10ms\" }} }}]\n"
        );
        let runs: Vec<_> = (1..=10).map(|seed| run_seed(&text, seed)).collect();
        let of = |value: &dyn Fn(&capsim::world::outcome::Outcome) -> f64| {
            interval(&runs.iter().map(value).collect::<Vec<f64>>())
        };
        // Who pauses is in orbit: the sum of all pauses over the length of the run.
        let (orbit, bound) = of(&|o| o.retries[0].paused as f64 / 1e9 / o.duration.as_secs());
        assert!(
            (orbit - mean).abs() < bound,
            "{lambda} {nu}: {orbit} {mean} {bound}"
        );
        assert!(bound < 0.15 * mean, "{bound} {mean}");
        let (busy, bound) = of(&|o| o.stations[0].in_service.mean(o.end_time()));
        assert!((busy - rho).abs() < bound, "{busy} {rho} {bound}");
        assert!(runs.iter().all(|o| o.retries[0].exhausted == 0));
    }
}

/// Mean number in orbit, with at most 400 there: from the equations above, from n = 0 upwards.
fn truncated_chain(lambda: f64, mu: f64, nu: f64) -> f64 {
    let (mut idle, mut sum, mut orbit) = (1.0, 0.0, 0.0);
    for n in 0..400 {
        let n = f64::from(n);
        let busy = (lambda + n * nu) * idle / mu;
        sum += idle + busy;
        orbit += n * (idle + busy);
        idle = lambda * busy / ((n + 1.0) * nu);
    }
    orbit / sum
}
