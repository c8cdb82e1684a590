//! The order of waiting: what no order may do, and what each does to the spread of the wait.

use capsim::theory::discipline::{Order, mm1_wait};

use super::sessions::{answers, closed_loop, order, run, spread, staggered};

const ORDERS: [&str; 4] = ["in-order", "last-in-first-out", "random", "barging"];

/// Poisson users of one pool, lock or station, and all their waits in milliseconds.
fn poisson_waits(of: &str, order: &str, time: &str, seed: u64) -> Vec<f64> {
    let (section, visit) = match of {
        "pool" => (
            "[pools.one]\nsize = 1",
            format!("hold = \"one\", visits = [{{ delay = {time} }}]"),
        ),
        "lock" => (
            "[locks.global]",
            format!("lock = \"global\", visits = [{{ delay = {time} }}]"),
        ),
        _ => (
            "[stations.one]\nservers = 1",
            format!("station = \"one\", time = {time}"),
        ),
    };
    let text = format!(
        "[scenarios.default]\nexecutor = \"poisson-arrivals\"\nrate = 70.0\nduration = \"60s\"\njourney = \"one\"\n\
         graceful_stop = \"600s\"\n[journeys]\none = [{{ request = \"e\" }}]\n\
         [endpoints.e]\ntimeout = \"1h\"\nvisits = [{{ {visit} }}]\n{section}\norder = \"{order}\"\n"
    );
    let outcome = run(&text, seed);
    outcome
        .recorder
        .durations
        .iter()
        .map(|ns| ns as f64 / 1e6)
        .collect()
}

#[test]
fn equal_services_give_equal_mean_waits_in_every_order() {
    // With equal service times the instants at which somebody is served are the same, whoever it is: so is the sum of
    // the waits, to the nanosecond (here to the rounding of a sum of floats). The run's own audit sees that nobody
    // is lost and nobody served twice.
    for of in ["pool", "lock", "station"] {
        let sums: Vec<f64> = ORDERS
            .iter()
            .map(|order| poisson_waits(of, order, "\"10ms\"", 4).iter().sum())
            .collect();
        for (sum, order) in sums.iter().zip(ORDERS) {
            assert!(
                (sum - sums[0]).abs() < 1e-3,
                "{of}, {order}: {sum} and {}",
                sums[0]
            );
        }
    }
    let by_version: f64 = poisson_waits("lock", "by-version", "\"10ms\"", 4)
        .iter()
        .sum();
    let in_order: f64 = poisson_waits("lock", "in-order", "\"10ms\"", 4)
        .iter()
        .sum();
    assert!((by_version - in_order).abs() < 1e-3);
}

#[test]
fn random_order_has_the_variance_of_the_closed_form() {
    // M/M/1 at a load of 0.7: E[W²] in random order is that in order over 1 − ρ/2 (Kingman 1962, Takács 1963).
    for of in ["pool", "lock", "station"] {
        let mut sums = [0.0; 3];
        for seed in 1..=12 {
            for response in poisson_waits(of, "random", "{ exponential = \"10ms\" }", seed) {
                sums = [
                    sums[0] + 1.0,
                    sums[1] + response,
                    sums[2] + response * response,
                ];
            }
        }
        // The wait and the service are independent, whatever the order: Var T = Var W + Var S.
        let (mean, second) = (sums[1] / sums[0], sums[2] / sums[0]);
        let theory = mm1_wait(Order::Random, 70.0, 100.0).unwrap();
        let (wait, variance) = (mean - 10.0, second - mean * mean - 100.0);
        let expected = (theory.second - theory.mean * theory.mean) * 1e6;
        assert!(
            (wait / (theory.mean * 1e3) - 1.0).abs() < 0.06,
            "{of}: mean {wait}"
        );
        assert!(
            (variance / expected - 1.0).abs() < 0.2,
            "{of}: {variance}, expected {expected}"
        );
    }
}

#[test]
fn the_last_in_is_the_first_out() {
    let system = |section: &str, visit: &str| {
        format!(
            "{section}\norder = \"last-in-first-out\"\n[endpoints.e]\nvisits = [{{ {visit}, visits = [{{ delay = \"10ms\" }}] }}]\n"
        )
    };
    for system in [
        system("[pools.one]\nsize = 1", "hold = \"one\""),
        system("[locks.global]", "lock = \"global\""),
    ] {
        assert_eq!(
            order(&answers(&staggered(5, 1.0, &system), 1)),
            [0, 4, 3, 2, 1]
        );
    }
}

#[test]
fn who_gives_back_and_asks_at_once_is_served_first_under_barging() {
    let pool = |wake: &str, think: &str| {
        let rest = format!("[pools.two]\nsize = 2\norder = \"barging\"\n{wake}");
        spread(&closed_loop(
            20,
            ("per-vu-iterations", 40),
            think,
            "hold = \"two\"",
            &rest,
            1,
        ))
    };
    // Two users run to their end, then the next two: the last waits for all others.
    let starved = pool("", "");
    assert_eq!((starved.median, starved.p95), (0.0, 0.0));
    assert_eq!(starved.max, 9.0 * 40.0 * 10.0);
    // Who thinks for longer than the woken one needs has to wait behind it.
    let think = ", { sleep = \"5ms\" }";
    for wake in ["", "wake = \"50us\"\n"] {
        let fair = pool(wake, think);
        assert!(fair.cv < 0.2, "{fair:?}");
    }
}

#[test]
fn the_pools_of_languages_differ_in_their_spread() {
    // A pool of two, twenty users, hold 10 ms, 40 rounds each. Measured: handed over in order 91, 92, 93, 94, CV 0.10
    // (psycopg_pool 3.3.3; also node pg, tarn, deadpool); Go 1.25.5 database/sql mean 85, median 61, p95 260, max 512 to
    // 635, CV 1.0, with 5 ms of think time 80, 57, 242 to 273, 490, 1.0; barging (SQLAlchemy, DBUtils, redis-py, urllib3,
    // queue.Queue) 46, 0, 0, 3,685, CV 7.4, with 5 ms of think time 85, 86, 87, 90, CV 0.09.
    let pool = |preset: &str, think: &str| {
        let rest = format!("[pools.two]\nsize = 2\npreset = \"{preset}\"\n");
        let rounds = ("per-vu-iterations", 40);
        spread(&closed_loop(20, rounds, think, "hold = \"two\"", &rest, 1))
    };
    let think = ", { sleep = \"5ms\" }";
    let near = |value: f64, expected: f64, by: f64| (value - expected).abs() <= by;
    for preset in [
        "psycopg_pool-3.3/pool",
        "node-pg-8.23/pool",
        "deadpool-0.12/pool",
    ] {
        let s = pool(preset, "");
        assert!(
            near(s.mean, 89.0, 3.0) && near(s.median, 90.0, 3.0) && s.max < 95.0,
            "{s:?}"
        );
        assert!(s.cv < 0.15 && pool(preset, think).cv < 0.15);
    }
    for (think, mean) in [("", 85.0), (think, 80.0)] {
        let s = pool("go-1.25/database-sql", think);
        assert!(
            near(s.mean, mean, 6.0) && (0.85..1.15).contains(&s.cv),
            "{s:?}"
        );
        assert!(
            (220.0..300.0).contains(&s.p95) && (400.0..800.0).contains(&s.max),
            "{s:?}"
        );
    }
    for preset in [
        "sqlalchemy-2.0/queue-pool",
        "redis-py-8.1/blocking-pool",
        "bb8-0.9/pool",
    ] {
        let s = pool(preset, "");
        assert!(
            near(s.mean, 46.0, 4.0) && near(s.max, 3670.0, 400.0),
            "{s:?}"
        );
        assert!(
            s.median == 0.0 && s.p95 == 0.0 && near(s.cv, 7.4, 0.4),
            "{s:?}"
        );
        let s = pool(preset, think);
        assert!(
            near(s.mean, 85.0, 3.0) && s.cv < 0.15 && s.max < 95.0,
            "{s:?}"
        );
    }
}
