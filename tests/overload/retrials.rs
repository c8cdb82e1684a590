//! Retry policies as retrial queues: who finds the server busy comes again after an exponential time, each for itself or the
//! first in line alone.

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

/// Mean number in orbit where the first in orbit alone tries, at rate nu (constant retrial, Fayolle 1986). Cuts between n and
/// n + 1 give lambda p(1, n) = nu p(0, n + 1), and the balance of (0, n) gives (lambda + nu) p(0, n) = mu p(1, n) above
/// n = 0: a geometric law with the ratio r = lambda (lambda + nu) / (mu nu), and p(0, 0) = 1 - r.
fn constant_retrial(lambda: f64, mu: f64, nu: f64) -> f64 {
    lambda * lambda * (lambda + mu + nu) / (mu * (mu * nu - lambda * lambda - lambda * nu))
}

/// The same from the equations, with at most 4000 in orbit.
fn constant_chain(lambda: f64, mu: f64, nu: f64) -> f64 {
    let (mut idle, mut sum, mut orbit) = (1.0, 0.0, 0.0);
    for n in 0..4000 {
        let n = f64::from(n);
        let tries = if n > 0.0 { nu } else { 0.0 };
        let busy = (lambda + tries) * idle / mu;
        sum += idle + busy;
        orbit += n * (idle + busy);
        idle = lambda * busy / nu;
    }
    orbit / sum
}

#[test]
fn an_orbit_of_which_the_first_alone_tries_is_the_constant_retrial_queue() {
    // Who finds the server busy stands in the line of a pool of one, whose holder tries until it has the server. `respond`
    // tells it that its service has begun, so that it gives its place to the next.
    let mu = 100.0;
    for (lambda, nu) in [(30.0, 50.0), (50.0, 100.0), (60.0, 400.0)] {
        let mean = constant_retrial(lambda, mu, nu);
        assert!((constant_chain(lambda, mu, nu) - mean).abs() < 1e-6 * mean);
        let pause = format!("\"{}us\"", 1e6 / nu);
        let text = poisson(
            lambda,
            "400s",
            "{ request = \"serve\" }, { when = \"failed\", steps = [{ request = \"orbit\" }] }",
        );
        let text = format!(
            "{text}[pools.server]\nsize = 1\nqueue = 0\n[pools.orbit]\nsize = 1\n\
             [retries.first]\nattempts = 1000\non = [503]\nbackoff = {pause}\njitter = \"exponential\"\n\
             [endpoints.serve]\nhold = \"server\"\nvisits = [{{ respond = true }}, {{ delay = {{ exponential = \"10ms\" }} }}]\n\
             [endpoints.orbit]\nhold = \"orbit\"\n\
             visits = [{{ delay = {{ exponential = {pause} }} }}, {{ call = \"serve\", retry = \"first\" }}]\n"
        );
        let runs: Vec<_> = (1..=10).map(|seed| run_seed(&text, seed)).collect();
        let of = |value: &dyn Fn(&capsim::world::outcome::Outcome) -> f64| {
            interval(&runs.iter().map(value).collect::<Vec<f64>>())
        };
        let (orbit, bound) = of(&|o| {
            let end = o.end_time();
            o.pools[1].held.mean(end) + o.pools[1].queue.mean(end)
        });
        assert!(
            (orbit - mean).abs() < bound && bound < 0.2 * mean,
            "{lambda} {nu}: {orbit} {mean} {bound}"
        );
        let (busy, bound) = of(&|o| o.pools[0].held.mean(o.end_time()));
        assert!((busy - lambda / mu).abs() < bound, "{busy} {bound}");
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
