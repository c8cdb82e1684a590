//! What no order of waiting may do, whoever comes when: lose a waiter, serve one twice, serve more at once than there are
//! places, leave a place idle while somebody waits, or change the sum of the waits of equal services.

use capsim::theory::discipline::{Order, mm1_wait};
use proptest::prelude::*;

use super::sessions::{Answer, answers, run, sessions};

/// A mechanism that lets `places` in at once, in this order, for so long; by the kind of queue.
fn queue(of: &str, places: u32, order: &str, time: &str) -> String {
    let (section, visit) = match of {
        "pool" => (
            format!("[pools.one]\nsize = {places}"),
            format!("hold = \"one\", visits = [{{ delay = {time} }}]"),
        ),
        "lock" => (
            "[locks.global]".to_string(),
            format!("lock = \"global\", visits = [{{ delay = {time} }}]"),
        ),
        _ => (
            format!("[stations.one]\nservers = {places}"),
            format!("station = \"one\", time = {time}"),
        ),
    };
    format!("{section}\n{order}\n[endpoints.e]\ntimeout = \"1h\"\nvisits = [{{ {visit} }}]\n")
}

/// Every order of each kind of queue.
fn all() -> Vec<(&'static str, &'static str)> {
    let common = [
        "order = \"in-order\"",
        "order = \"last-in-first-out\"",
        "order = \"random\"",
        "order = \"barging\"",
        "order = \"barging\"\nhand_off = 0.3",
    ];
    let mut all: Vec<_> = ["pool", "lock", "station"]
        .into_iter()
        .flat_map(|of| common.map(|order| (of, order)))
        .collect();
    all.push(("lock", "order = \"by-version\""));
    for pool in [
        "order = \"last-in-first-out\"\nat_random = 0.3",
        "order = \"barging\"\nrejoin = \"back\"",
        "order = \"barging\"\nrejoin = 0.5\nhand_off = 0.3\nevenly = true",
        "order = \"barging\"\nhand_off = 0.3\npassed_over = 0.4",
        "order = \"barging\"\nwake_work = \"woken\"\n[stations.cpu]\nservers = 1\n[endpoints.woken]\nvisits = [{ station = \"cpu\", time = \"0s\" }]",
    ] {
        all.push(("pool", pool));
    }
    all
}

/// The sessions, each of which must be there once, and have been served.
fn numbers(all: &[Answer]) -> Vec<usize> {
    assert!(all.iter().all(|answer| answer.status == 200), "{all:?}");
    let mut numbers: Vec<usize> = all.iter().map(|answer| answer.session).collect();
    numbers.sort_unstable();
    numbers
}

/// The times of arrivals with these gaps between them.
fn arrivals(gaps: &[u32]) -> Vec<f64> {
    let mut now = 0;
    let mut next = |gap: &u32| {
        now += gap;
        f64::from(now)
    };
    gaps.iter().map(&mut next).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn nobody_is_lost_or_served_twice_and_no_place_is_idle(
        gaps in prop::collection::vec(1_u32..25, 2..40),
        places in 1_u32..4,
        seed in 1_u64..1000,
    ) {
        let at = arrivals(&gaps);
        for (of, order) in all() {
            let places = if of == "lock" { 1 } else { places };
            let found = answers(&sessions(&at, &queue(of, places, order, "\"20ms\"")), seed);
            prop_assert_eq!(numbers(&found), (0..at.len()).collect::<Vec<_>>(), "{} {}", of, order);
            // Equal services: the instants at which somebody is done are those of a queue in order, whoever it is.
            let mut free = vec![0.0; places as usize];
            let expected: Vec<f64> = at.iter().map(|came| {
                free.sort_by(f64::total_cmp);
                free[0] = f64::max(free[0], *came) + 20.0;
                free[0]
            }).collect();
            let done: Vec<f64> = found.iter().map(|answer| answer.at).collect();
            prop_assert_eq!(done, expected, "{} {}", of, order);
        }
    }

    // Tokens that are closed leave places idle, but nobody is left behind.
    #[test]
    fn an_overflow_loses_nobody_and_is_never_too_many_at_once(
        gaps in prop::collection::vec(0_u32..15, 2..40),
        (size, overflow) in (1_u32..4, 1_u32..4),
        seed in 1_u64..1000,
    ) {
        let at = arrivals(&gaps);
        let order = format!("order = \"barging\"\nwake = \"1ms\"\nrejoin = \"back\"\noverflow = {overflow}");
        let system = queue("pool", size, &order, "{ uniform = [\"10ms\", \"30ms\"] }");
        let outcome = run(&sessions(&at, &system), seed);
        let probe = &outcome.pools[0];
        prop_assert_eq!(probe.granted, at.len() as u64);
        prop_assert!(probe.held.max() <= u64::from(size + overflow));
        prop_assert!(probe.opened <= probe.closed && probe.closed - probe.opened <= u64::from(overflow));
        prop_assert_eq!(probe.queue.value(), 0);
    }

    #[test]
    fn unequal_services_lose_nobody_and_are_never_too_many_at_once(
        gaps in prop::collection::vec(1_u32..15, 2..40),
        places in 1_u32..4,
        seed in 1_u64..1000,
    ) {
        let at = arrivals(&gaps);
        for (of, order) in all() {
            let places = if of == "lock" { 1 } else { places };
            let text = sessions(&at, &queue(of, places, order, "{ exponential = \"20ms\" }"));
            let outcome = run(&text, seed);
            let (held, granted) = match of {
                "pool" => (outcome.pools[0].held.max(), outcome.pools[0].granted),
                "lock" => {
                    let probe = outcome.locks[4].as_ref().expect("a lock");
                    (probe.held.max(), probe.granted)
                }
                _ => (outcome.stations[0].in_service.max(), outcome.stations[0].completed),
            };
            prop_assert!(held <= u64::from(places), "{} {}: {} at once", of, order, held);
            prop_assert_eq!(granted, at.len() as u64, "{} {}", of, order);
            prop_assert_eq!(outcome.recorder.durations.iter().count(), at.len());
        }
    }
}

/// Response times in milliseconds of M/M/1 at a load of 0.7, which is 70 a second.
fn mm1(of: &str, order: &str, seed: u64) -> Vec<f64> {
    let text = format!(
        "[scenarios.default]\nexecutor = \"poisson-arrivals\"\nrate = 70.0\nduration = \"60s\"\njourney = \"one\"\n\
         graceful_stop = \"600s\"\n[journeys]\none = [{{ request = \"e\" }}]\n{}",
        queue(of, 1, order, "{ exponential = \"10ms\" }")
    );
    let outcome = run(&text, seed);
    let durations = outcome.recorder.durations.iter();
    durations.map(|ns| ns as f64 / 1e6).collect()
}

/// Mean of some numbers, and its standard error.
fn mean_and_error(of: &[f64]) -> (f64, f64) {
    let n = of.len() as f64;
    let mean = of.iter().sum::<f64>() / n;
    let variance = of.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[test]
fn the_second_moment_of_the_wait_is_that_of_theory_in_each_order() {
    // M/M/1: E[W] is the same in all orders; E[W²] at random is that in order over 1 − ρ/2 (Kingman 1962, Takács 1963), and
    // last in, first out over 1 − ρ. By response times: E[T²] = E[W²] + 2 E[W] E[S] + E[S²], for wait and service are
    // independent. Twenty runs; within four standard errors.
    let orders = [
        ("order = \"in-order\"", Order::Fifo),
        ("order = \"random\"", Order::Random),
        ("order = \"last-in-first-out\"", Order::Lifo),
    ];
    for of in ["pool", "lock", "station"] {
        for (name, order) in orders {
            let theory = mm1_wait(order, 70.0, 100.0).expect("a stable queue");
            let (wait, second) = (theory.mean * 1e3, theory.second * 1e6);
            let runs: Vec<Vec<f64>> = (1..=20).map(|seed| mm1(of, name, seed)).collect();
            let means: Vec<f64> = runs.iter().map(|r| mean_and_error(r).0 - 10.0).collect();
            let (found, error) = mean_and_error(&means);
            assert!(
                (found - wait).abs() < 4.0 * error,
                "{of} {name}: E[W] {found} ± {error}, {wait}"
            );
            let squares = |r: &Vec<f64>| r.iter().map(|t| t * t).sum::<f64>() / r.len() as f64;
            let seconds: Vec<f64> = runs.iter().map(squares).collect();
            let (found, error) = mean_and_error(&seconds);
            let expected = second + 2.0 * wait * 10.0 + 200.0;
            assert!(
                (found - expected).abs() < 4.0 * error && error < 0.1 * expected,
                "{of} {name}: E[T²] {found} ± {error}, {expected}"
            );
        }
    }
}
