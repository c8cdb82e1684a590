//! Second copies of attempts: exact cases, closed forms, and a simulation that knows nothing of capsim.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::{complaints, count, durations, once, poisson, run, run_seed};
use capsim::parts::retry::RetryProbe;
use capsim::world::outcome::Outcome;

/// Two replicas, the first at a tenth of its speed, that take turns.
const SLOW_AND_QUICK: &str = "[stations.s]\nservers = 1\n[services.w]\nreplicas = 2\nendpoints = [\"e\"]\n\
     stations = [\"s\"]\nspeeds = [0.1, 1]\n[endpoints.e]\nvisits = [{ station = \"s\", time = \"100ms\" }]\n";

fn hedged(hedge: &str) -> String {
    format!("retry = {{ attempts = 1, hedge = {{ {hedge} }} }}")
}

fn journey(hedge: &str) -> String {
    once(&format!("{{ request = \"e\", {} }}", hedged(hedge)))
}

fn call(hedge: &str) -> String {
    let text = once("{ request = \"front\" }");
    let visits = format!("visits = [{{ call = \"e\", {} }}]\n", hedged(hedge));
    format!("{text}[endpoints.front]\n{visits}")
}

#[test]
fn the_first_good_answer_counts_and_the_other_copy_is_dropped_or_not() {
    let pair = RetryProbe {
        requests: 1,
        succeeded: 1,
        hedges: 1,
        hedges_lost: 1,
        ..RetryProbe::default()
    };
    for of in [journey, call] {
        // The first copy would be served until 1 s; the second from 50 to 150 ms.
        let outcome = run(&format!("{}{SLOW_AND_QUICK}", of("after = \"50ms\"")));
        assert_eq!(durations(&outcome), [150]);
        let won = RetryProbe {
            hedges_won: 1,
            hedges_wasted: 150_000_000,
            ..pair
        };
        assert_eq!(outcome.retries, [won]);
        assert_eq!((outcome.stations[0].left, outcome.in_system), (1, 0));
        let outcome = run(&format!(
            "{}{SLOW_AND_QUICK}",
            of("after = \"50ms\", cancel = false")
        ));
        assert_eq!(durations(&outcome), [150]);
        assert_eq!((outcome.stations[0].left, outcome.in_system), (0, 1));
        // At once: the same, but for the 50 ms; with equal servers the first one is first.
        let outcome = run(&format!("{}{SLOW_AND_QUICK}", of("after = \"0s\"")));
        assert_eq!(durations(&outcome), [100]);
        let equal = SLOW_AND_QUICK.replace("0.1", "1");
        let outcome = run(&format!("{}{equal}", of("after = \"30ms\"")));
        assert_eq!(durations(&outcome), [100]);
        let lost = RetryProbe {
            hedges_wasted: 70_000_000,
            ..pair
        };
        assert_eq!(outcome.retries, [lost]);
        // An answer at the instant at which the copy is due comes first.
        let outcome = run(&format!("{}{equal}", of("after = \"100ms\"")));
        assert_eq!(outcome.retries[0].hedges, 0);
    }
}

#[test]
fn a_copy_that_fails_leaves_the_other_to_answer() {
    let fails = "[endpoints.e]\nvisits = [{ delay = \"10ms\" }, { fail = 1.0, status = 503 }]\n";
    for of in [journey, call] {
        let outcome = run(&format!("{}{fails}", of("after = \"50ms\"")));
        // It has failed before: there is nothing to hedge.
        assert_eq!((durations(&outcome), count(&outcome, 503)), (vec![10], 1));
        assert_eq!(outcome.retries[0].hedges, 0);
        let outcome = run(&format!("{}{fails}", of("after = \"4ms\"")));
        assert_eq!((durations(&outcome), count(&outcome, 503)), (vec![14], 1));
        let p = outcome.retries[0];
        assert_eq!(
            (p.hedges, p.hedges_failed, p.hedges_won, p.exhausted),
            (1, 1, 0, 1)
        );
        // The slow replica is lost at once: its copy fails, the other one answers.
        let lost = SLOW_AND_QUICK.replace(
            "speeds",
            "faults = [{ lose = 1, at = \"60ms\", lasts = \"9s\" }]\nspeeds",
        );
        let outcome = run(&format!("{}{lost}", of("after = \"50ms\"")));
        assert_eq!((durations(&outcome), count(&outcome, 200)), (vec![150], 1));
        assert_eq!(outcome.retries[0].hedges_failed, 1);
    }
}

#[test]
fn each_attempt_has_its_second_copy() {
    let fails = "[endpoints.e]\nvisits = [{ delay = \"10ms\" }, { fail = 1.0, status = 503 }]\n";
    let policy = "retry = { attempts = 3, hedge = { after = \"0s\" }, backoff = \"5ms\" }";
    let text = once(&format!("{{ request = \"e\", {policy} }}"));
    let outcome = run(&format!("{text}{fails}"));
    // Three requests to k6, six calls; a refused connection is one to k6 as well.
    assert_eq!(durations(&outcome), [10; 3]);
    assert_eq!(outcome.called.iter().sum::<u64>(), 6);
    let p = outcome.retries[0];
    assert_eq!((p.retries, p.hedges, p.hedges_failed), (2, 3, 3));
    let refuses = "[stations.s]\nservers = 1\nqueue = 0\nrefusal = \"connection\"\n\
                   [endpoints.e]\nvisits = [{ station = \"s\", time = \"1s\" }]\n";
    let two = text.replace("vus = 1", "vus = 2");
    let outcome = run(&format!("{two}{refuses}"));
    // The second copy of the first, and both of each attempt of the second user, are refused.
    assert_eq!((count(&outcome, 1212), count(&outcome, 200)), (3, 1));
}

#[test]
fn a_client_that_gives_up_leaves_both_copies() {
    let e = |cancel: &str| {
        format!(
            "[stations.s]\nservers = 2\n[endpoints.e]\n{cancel}visits = [{{ station = \"s\", time = \"100ms\" }}]\n"
        )
    };
    let step = format!(
        "{{ request = \"e\", timeout = \"40ms\", {} }}",
        hedged("after = \"10ms\"")
    );
    let text = once(&step);
    let outcome = run(&format!("{text}{}", e("")));
    assert_eq!((durations(&outcome), outcome.in_system), (vec![40], 2));
    assert_eq!(outcome.retries[0].hedges, 1);
    let outcome = run(&format!("{text}{}", e("cancel = true\n")));
    assert_eq!((outcome.stations[0].left, outcome.in_system), (2, 0));
    // Each copy of a call has the whole timeout: the second until 10 + 40 ms.
    let visits = format!(
        "visits = [{{ call = \"e\", timeout = \"40ms\", {} }}]\n",
        hedged("after = \"10ms\"")
    );
    let front = format!(
        "{}[endpoints.front]\n{visits}",
        once("{ request = \"front\" }")
    );
    let outcome = run(&format!("{front}{}", e("cancel = true\n")));
    assert_eq!((durations(&outcome), count(&outcome, 504)), (vec![50], 1));
    assert_eq!((outcome.stations[0].left, outcome.in_system), (2, 0));
}

/// Mean of the durations in milliseconds, and what is 4 standard errors of it if they are independent.
fn mean_and_error(outcome: &Outcome) -> (f64, f64) {
    let durations = &outcome.recorder.durations;
    let n = durations.len() as f64;
    let ms = || durations.iter().map(|ns| ns as f64 / 1e6);
    let mean = ms().sum::<f64>() / n;
    let variance = ms().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    (mean, 4.0 * (variance / n).sqrt())
}

#[test]
fn of_two_exponential_servers_without_a_queue_the_first_counts() {
    // T is exponential with mean 1 / mu until d, and then the least of two such: its mean is
    // (1 - e^(-mu d)) / mu + e^(-mu d) / (2 mu).
    let mu = 1.0 / 20.0_f64;
    for (cancel, d) in [
        ("true", 0.0),
        ("false", 0.0),
        ("true", 10.0),
        ("false", 30.0),
    ] {
        let step = hedged(&format!("after = \"{d}ms\", cancel = {cancel}"));
        let text = poisson(300.0, "100s", &format!("{{ request = \"e\", {step} }}"));
        let outcome = run(&format!(
            "{text}[stations.s]\nservers = \"infinite\"\n[endpoints.e]\n\
             visits = [{{ station = \"s\", time = {{ exponential = \"20ms\" }} }}]\n"
        ));
        let open = libm::exp(-mu * d);
        let expected = (1.0 - open) / mu + open / (2.0 * mu);
        let (mean, error) = mean_and_error(&outcome);
        assert!(
            (mean - expected).abs() < error,
            "{d}: {mean} {expected} {error}"
        );
        let p = outcome.retries[0];
        let (share, n) = (p.hedges as f64 / p.requests as f64, p.requests as f64);
        assert!((share - open).abs() <= 4.0 * (open * (1.0 - open) / n).sqrt());
        let won = p.hedges_won as f64 / p.hedges as f64;
        assert!((won - 0.5).abs() < 2.0 / (p.hedges as f64).sqrt(), "{won}");
    }
}

#[test]
fn a_percentile_hedges_that_share_of_the_attempts() {
    // Whether an attempt is hedged says whether it takes longer than the percentile of all: 5 % do, whatever the load.
    let step = hedged("percentile = 95");
    let text = poisson(200.0, "150s", &format!("{{ request = \"e\", {step} }}"));
    let outcome = run(&format!(
        "{text}[stations.s]\nservers = 8\n[endpoints.e]\n\
         visits = [{{ station = \"s\", time = {{ exponential = \"20ms\" }} }}]\n"
    ));
    let p = outcome.retries[0];
    let share = p.hedges as f64 / p.requests as f64;
    assert!((share - 0.05).abs() < 0.004, "{share}");
}

#[test]
fn a_budget_bounds_second_copies() {
    let policy = "retry = { attempts = 1, hedge = { after = \"0s\" }, budget = { ratio = 0.1 } }";
    let text = poisson(100.0, "100s", &format!("{{ request = \"e\", {policy} }}"));
    let outcome = run(&format!(
        "{text}[endpoints.e]\nvisits = [{{ delay = \"1ms\" }}]\n"
    ));
    let p = outcome.retries[0];
    let share = p.hedges as f64 / p.requests as f64;
    assert!(share <= 0.1 && share > 0.09, "{share}");
    assert_eq!(p.hedges + p.hedges_denied, p.requests);
    // Each request in progress may have one more; the two that wait for each other count as one.
    let concurrent = policy.replace("ratio = 0.1", "type = \"concurrent\", ratio = 0, min = 1");
    let text = poisson(
        100.0,
        "100s",
        &format!("{{ request = \"e\", {concurrent} }}"),
    );
    let outcome = run(&format!(
        "{text}[endpoints.e]\nvisits = [{{ delay = \"20ms\" }}]\n"
    ));
    let p = outcome.retries[0];
    assert!(p.hedges > 0 && p.hedges_denied > 0 && p.open == 0);
}

/// A time at which something happens.
#[derive(Clone, Copy, PartialEq)]
struct At(f64);
impl Eq for At {}
impl PartialOrd for At {
    fn partial_cmp(&self, other: &At) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for At {
    fn cmp(&self, other: &At) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Xorshift (Marsaglia 2003).
struct Random(u64);
impl Random {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }
    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(self.unit())
    }
}

/// Two servers with a line each; jobs choose one at random, and a second time if they are there still after `hedge`.
struct TwoServers {
    random: Random,
    /// By server: jobs in line, the first in service, with the number of the service.
    lines: [VecDeque<(usize, u64)>; 2],
    events: BinaryHeap<Reverse<(At, u64, Happens)>>,
    number: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    Comes,
    Again(usize),
    Ends(usize, u64),
}

impl TwoServers {
    fn plan(&mut self, at: f64, what: Happens) {
        self.number += 1;
        self.events.push(Reverse((At(at), self.number, what)));
    }

    fn serve(&mut self, now: f64, server: usize, mean: f64) {
        if let Some(first) = self.lines[server].front_mut() {
            self.number += 1;
            first.1 = self.number;
            let (number, ends) = (self.number, now + self.random.exponential(mean));
            self.plan(ends, Happens::Ends(server, number));
        }
    }

    fn join(&mut self, now: f64, job: usize, mean: f64) {
        let server = usize::from(self.random.unit() < 0.5);
        self.lines[server].push_back((job, 0));
        if self.lines[server].len() == 1 {
            self.serve(now, server, mean);
        }
    }

    /// Response times of so many jobs, in the order in which they came.
    fn run(seed: u64, rate: f64, mean: f64, (hedge, cancel): (f64, bool), jobs: usize) -> Vec<f64> {
        let mut all = TwoServers {
            random: Random(seed),
            lines: [VecDeque::new(), VecDeque::new()],
            events: BinaryHeap::new(),
            number: 0,
        };
        let (mut came, mut took) = (Vec::new(), vec![f64::NAN; jobs]);
        all.plan(0.0, Happens::Comes);
        while let Some(Reverse((At(now), _, what))) = all.events.pop() {
            match what {
                Happens::Comes => {
                    let job = came.len();
                    came.push(now);
                    all.join(now, job, mean);
                    all.plan(now + hedge, Happens::Again(job));
                    if came.len() < jobs {
                        let next = now + all.random.exponential(1.0 / rate);
                        all.plan(next, Happens::Comes);
                    }
                }
                Happens::Again(job) if took[job].is_nan() => all.join(now, job, mean),
                Happens::Again(_) => {}
                Happens::Ends(server, number) => {
                    let Some(&(job, own)) = all.lines[server].front() else {
                        continue;
                    };
                    if own != number {
                        continue;
                    }
                    all.lines[server].pop_front();
                    all.serve(now, server, mean);
                    if took[job].is_nan() {
                        took[job] = now - came[job];
                        for other in 0..2 {
                            let at = all.lines[other].iter().position(|(j, _)| *j == job);
                            if let Some(at) = at.filter(|_| cancel) {
                                all.lines[other].remove(at);
                                if at == 0 {
                                    all.serve(now, other, mean);
                                }
                            }
                        }
                    }
                }
            }
        }
        took
    }
}

/// Mean over runs, and its standard error.
fn over_runs(means: &[f64]) -> (f64, f64) {
    let n = means.len() as f64;
    let mean = means.iter().sum::<f64>() / n;
    let variance = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[test]
fn queues_under_hedging_are_those_of_a_simulation_of_its_own() {
    for (rate, hedge, cancel) in [(20.0, 20, false), (40.0, 20, true), (40.0, 100, false)] {
        let step = hedged(&format!("after = \"{hedge}ms\", cancel = {cancel}"));
        let text = poisson(rate, "200s", &format!("{{ request = \"e\", {step} }}"));
        let text = format!(
            "{text}[stations.s]\nservers = 1\n[services.w]\nreplicas = 2\nendpoints = [\"e\"]\n\
             stations = [\"s\"]\nbalancer = \"random\"\n[endpoints.e]\n\
             visits = [{{ station = \"s\", time = {{ exponential = \"20ms\" }} }}]\n"
        );
        let capsim: Vec<f64> = (1..=12)
            .map(|seed| mean_and_error(&run_seed(&text, seed)).0)
            .collect();
        let own: Vec<f64> = (1..=24)
            .map(|seed| {
                let jobs = (rate * 200.0) as usize;
                let hedge = (f64::from(hedge) / 1000.0, cancel);
                let times = TwoServers::run(seed * 77_777, rate, 0.02, hedge, jobs);
                1000.0 * times.iter().sum::<f64>() / times.len() as f64
            })
            .collect();
        let ((a, ea), (b, eb)) = (over_runs(&capsim), over_runs(&own));
        let bound = 4.0 * (ea * ea + eb * eb).sqrt();
        assert!(
            (a - b).abs() < bound,
            "{rate} {hedge} {cancel}: {a} ± {ea}, {b} ± {eb}"
        );
        assert!(bound < 0.15 * b, "{bound} {b}");
    }
}

#[test]
fn what_is_wrong_with_a_hedge_is_told() {
    let with = |hedge: &str| complaints(&format!("{}[endpoints.e]\nvisits = []\n", journey(hedge)));
    assert_eq!(with("after = \"10ms\""), "");
    for (hedge, said) in [
        ("cancel = true", "after a time or after a percentile"),
        (
            "after = \"1s\", percentile = 95",
            "after a time or after a percentile",
        ),
        ("percentile = 0.95", "from 1 to 99.99"),
        ("after = 5", "a time"),
        ("delay = \"5ms\"", "after a time or after a percentile"),
    ] {
        assert!(with(hedge).contains(said), "{hedge}: {}", with(hedge));
    }
}
