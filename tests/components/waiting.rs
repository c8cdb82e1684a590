//! The order of waiting: what no order may do, and what each does to the spread of the wait.

use super::sessions::{
    answers, closed_loop, closed_loop_text, order, run, sessions, spread, staggered,
};

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
fn a_share_handed_over_lies_between_barging_and_in_order() {
    let waits = |of: &str, keys: &str| {
        let (section, visit) = match of {
            "pool" => (format!("[pools.one]\nsize = 1\n{keys}"), "hold = \"one\""),
            _ => (format!("[locks.global]\n{keys}"), "lock = \"global\""),
        };
        closed_loop(20, ("per-vu-iterations", 200), "", visit, &section, 1)
    };
    for of in ["pool", "lock"] {
        let all = waits(of, "order = \"barging\"\nhand_off = 1.0");
        assert_eq!(all, waits(of, "order = \"in-order\""));
        let none = waits(of, "order = \"barging\"\nhand_off = 0.0");
        assert_eq!(none, waits(of, "order = \"barging\""));
        // A turn is 1/h services long on average, geometrically distributed: of so many waits one waits for 19 turns, whose
        // variance is 19 (1 − h)/h², and all others for nothing.
        let h: f64 = 0.25;
        let cv = ((1.0 + (1.0 - h) / 19.0) / h - 1.0).sqrt();
        let found = spread(&waits(of, &format!("order = \"barging\"\nhand_off = {h}")));
        assert!(
            (found.cv / cv - 1.0).abs() < 0.1,
            "{of}: {found:?}, expected {cv}"
        );
    }
}

/// One token; whoever is woken for it needs the station that others use for 3 ms each.
const NEEDS_A_STATION: &str = "[stations.cpu]\nservers = 1\n\
     [pools.one]\nsize = 1\norder = \"barging\"\nwake = \"1ms\"\nwake_work = \"woken\"\n\
     [endpoints.woken]\nvisits = [{ station = \"cpu\", time = \"2ms\" }]\n";

#[test]
fn who_is_woken_stands_in_line_for_the_station_that_it_needs() {
    // Each works at the station for 3 ms, and then holds the token for 10 ms. The first has the token from 3 to 13 ms, the second
    // waits from 6 on. It is woken at 14 ms, when the station serves the third (which came at 12 ms) until 15: it is awake at
    // 17 ms, and the third, who asks at 15, is served first.
    let system = format!(
        "{NEEDS_A_STATION}[endpoints.e]\nvisits = [{{ station = \"cpu\", time = \"3ms\" }}, \
         {{ hold = \"one\", visits = [{{ delay = \"10ms\" }}] }}]\n"
    );
    let at = |third: f64| -> Vec<(usize, f64)> {
        let all = answers(&sessions(&[0.0, 1.0, third], &system), 1);
        all.iter().map(|a| (a.session, a.at)).collect()
    };
    assert_eq!(at(12.0), [(0, 13.0), (2, 25.0), (1, 38.0)]);
    // A third who comes to the station behind the woken one finds the token taken.
    assert_eq!(at(14.5), [(0, 13.0), (1, 26.0), (2, 39.0)]);
    // Nobody asks for it: woken at 14 ms, awake at 16.
    assert_eq!(at(60.0)[..2], [(0, 13.0), (1, 26.0)]);
}

#[test]
fn who_is_woken_in_vain_by_its_work_is_woken_again() {
    let visit = "hold = \"one\"";
    for rejoin in ["front", "back"] {
        let rest = NEEDS_A_STATION.replace("wake = ", &format!("rejoin = \"{rejoin}\"\nwake = "));
        let text = closed_loop_text(8, ("per-vu-iterations", 20), "", visit, &rest);
        let outcome = run(&text, 1);
        let probe = &outcome.pools[0];
        assert_eq!((probe.granted, probe.queue.value()), (160, 0));
        assert_eq!(probe.held.max(), 1);
        // Whoever gives back asks again at once and gets it: the others are woken in vain each time.
        assert!(probe.in_vain >= 7 * 19 && outcome.stations[0].completed >= probe.in_vain);
    }
}

#[test]
fn waking_up_is_work_at_stations_alone() {
    let model = |keys: &str, visits: &str| {
        let text = format!(
            "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 1\nduration = \"1s\"\njourney = \"one\"\n\
             [journeys]\none = [{{ request = \"e\" }}]\n[stations.cpu]\nservers = 1\n\
             [pools.one]\nsize = 1\n{keys}\n[endpoints.woken]\nvisits = [{visits}]\n\
             [endpoints.e]\nhold = \"one\"\nvisits = [{{ station = \"cpu\", time = \"1ms\" }}]\n"
        );
        let model = capsim::model::Model::from_text("m.toml", &text, &[]);
        model.map_err(|why| why.to_string())
    };
    let cpu = "{ station = \"cpu\", time = \"1ms\" }";
    let barging = "order = \"barging\"\nwake_work = \"woken\"";
    assert!(model(barging, cpu).is_ok());
    for (keys, visits, what) in [
        (
            barging,
            "{ hold = \"one\", visits = [] }",
            "does more than to visit stations",
        ),
        (
            barging,
            "{ call = \"e\" }",
            "does more than to visit stations",
        ),
        (
            "order = \"barging\"\nwake_work = \"waken\"",
            cpu,
            "there is no endpoint `waken`",
        ),
    ] {
        let why = model(keys, visits).map(|_| ()).expect_err(what);
        assert!(why.contains(what), "{why}");
    }
}

#[test]
fn a_share_at_random_lies_between_last_in_first_out_and_random() {
    let pool = |keys: &str| {
        let rest = format!("[pools.one]\nsize = 1\n{keys}");
        let all = closed_loop(
            20,
            ("per-vu-iterations", 200),
            "",
            "hold = \"one\"",
            &rest,
            1,
        );
        spread(&all)
    };
    let none = pool("order = \"last-in-first-out\"\nat_random = 0.0");
    assert_eq!(none.cv, pool("order = \"last-in-first-out\"").cv);
    let (half, all) = (
        pool("order = \"last-in-first-out\"\nat_random = 0.5"),
        pool("order = \"last-in-first-out\"\nat_random = 1.0"),
    );
    let random = pool("order = \"random\"");
    // Geometric: a coefficient of variation near 1.
    assert!((all.cv / random.cv - 1.0).abs() < 0.1, "{all:?} {random:?}");
    assert!(
        none.cv > half.cv && half.cv > all.cv,
        "{none:?} {half:?} {all:?}"
    );
}
