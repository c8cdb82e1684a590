//! Pools in front of servers: `PgBouncer` 1.18 (transaction pooling), `HAProxy` 2.6.12, nginx 1.22.1.

use super::sessions::{Answer, answers, order, sessions, staggered};

/// A pool under a preset and these keys, held for so long.
fn pool(preset: &str, keys: &str, hold: &str) -> String {
    format!(
        "[pools.db]\npreset = \"{preset}\"\n{keys}\n\
         [endpoints.e]\ntimeout = \"1h\"\nhold = \"db\"\nvisits = [{{ delay = \"{hold}\" }}]\n"
    )
}

/// Seconds at which the answers came, as far as these statuses are concerned.
fn seconds(answers: &[Answer], status: u16) -> Vec<f64> {
    let of = answers.iter().filter(|a| a.status == status);
    of.map(|a| a.at / 1e3).collect()
}

fn near(times: &[f64], expected: &[f64], by: f64) -> bool {
    times.len() == expected.len() && times.iter().zip(expected).all(|(t, e)| (t - e).abs() <= by)
}

#[test]
fn pgbouncer_serves_in_order() {
    // Pool 2, six clients of 1 s, 5 ms apart: in order, 1 1 2 2 3 3 s.
    let all = answers(
        &staggered(
            6,
            5.0,
            &pool("pgbouncer-1.18/transaction", "size = 2", "1s"),
        ),
        1,
    );
    assert_eq!(order(&all), [0, 1, 2, 3, 4, 5]);
    assert!(near(
        &seconds(&all, 200),
        &[1.0, 1.0, 2.0, 2.0, 3.0, 3.0],
        0.015
    ));
}

#[test]
fn the_reserve_of_pgbouncer_comes_with_its_timer_and_stays() {
    // Pool 2 + reserve 2 after 1 s, six of 3 s: 3.0 3.0 4.24 4.24 6.0 6.0 s, for the reserve is looked at by a timer of a
    // third of a second (here so that it goes off 1.24 s after the first client). Again, while they live: 3.0 3.0 3.0 3.0
    // 6.0 6.0 s.
    let keys = "size = 2\nreserve = 2\nreserve_after = \"1s\"";
    let system = pool("pgbouncer-1.18/transaction", keys, "3s");
    let first: Vec<f64> = (0..6).map(|n| 93.0 + f64::from(n) * 2.0).collect();
    let again = first.iter().map(|at| at + 20_000.0);
    let at: Vec<f64> = first.iter().copied().chain(again).collect();
    let all = answers(&sessions(&at, &system), 1);
    let times = seconds(&all, 200);
    let since =
        |times: &[f64], start: f64| -> Vec<f64> { times.iter().map(|t| t - start).collect() };
    assert!(
        near(
            &since(&times[..6], 0.093),
            &[3.0, 3.0, 4.24, 4.24, 6.0, 6.0],
            0.015
        ),
        "{times:?}"
    );
    assert!(
        near(
            &since(&times[6..], 20.093),
            &[3.0, 3.0, 3.0, 3.0, 6.0, 6.0],
            0.015
        ),
        "{times:?}"
    );
    assert_eq!(order(&all)[..6], [0, 1, 2, 3, 4, 5]);
}

#[test]
fn the_timeouts_of_pgbouncer_strike_together() {
    // Pool 1, query_wait_timeout 1 s, four of 1.5 s: the three waiters fail together at 1.24 and 1.30 s, not at 1.0.
    let system = pool(
        "pgbouncer-1.18/transaction",
        "size = 1\ntimeout = \"1s\"",
        "1500ms",
    );
    for start in [93.0, 33.0] {
        let at: Vec<f64> = (0..4).map(|n| start + f64::from(n) * 5.0).collect();
        let all = answers(&sessions(&at, &system), 1);
        let failed = seconds(&all, 503);
        let expected = 1.333 - start / 1e3;
        assert!(
            near(&failed, &[expected + start / 1e3; 3], 0.002),
            "{failed:?}"
        );
        assert!((1.225..=1.315).contains(&expected));
        assert_eq!(seconds(&all, 200).len(), 1);
    }
}

#[test]
fn the_queue_of_a_haproxy_server_has_a_timeout() {
    // maxconn 2, timeout queue 1s, five of 3 s: 200 at 3.0 3.0; 503 at 1.0 ×3.
    let system = pool(
        "haproxy-2.6/server-queue",
        "size = 2\ntimeout = \"1s\"",
        "3s",
    );
    let all = answers(&staggered(5, 1.0, &system), 1);
    assert!(near(&seconds(&all, 200), &[3.0; 2], 0.015));
    assert!(near(&seconds(&all, 503), &[1.0; 3], 0.015));
    // No timeout queue, timeout connect 5s, five of 6 s: 503 at 5.0 ×3 (the connect timeout stands in).
    let all = answers(
        &staggered(5, 1.0, &pool("haproxy-2.6/server-queue", "size = 2", "6s")),
        1,
    );
    assert!(near(&seconds(&all, 200), &[6.0; 2], 0.015));
    assert!(near(&seconds(&all, 503), &[5.0; 3], 0.015));
}

#[test]
fn max_conns_of_nginx_has_no_queue() {
    // max_conns=2: two served, the rest 502 at once.
    let all = answers(
        &staggered(5, 1.0, &pool("nginx-1.22/max_conns", "size = 2", "1s")),
        1,
    );
    assert_eq!(seconds(&all, 502).len(), 3);
    assert!(seconds(&all, 502).iter().all(|t| *t < 0.005));
    assert!(near(&seconds(&all, 200), &[1.0; 2], 0.015));
}

#[test]
fn max_conns_without_zone_is_of_each_worker() {
    // Without `zone` the number holds for each worker: of 40 at once 2, 4 and 7 or 8 are served with max_conns=2 and 1, 2 and 4
    // workers, the rest get 502 at once. With `zone` 2 in all.
    let served = |workers: u32, keys: &str, seed: u64| {
        let system = format!(
            "{}[services.nginx]\npreset = \"nginx-1.22/workers\"\nreplicas = {workers}\nendpoints = [\"e\"]\n{keys}\n",
            pool("nginx-1.22/max_conns", "size = 2", "1s")
        );
        let all = answers(&staggered(40, 0.1, &system), seed);
        let (good, refused) = (seconds(&all, 200), seconds(&all, 502));
        assert_eq!(good.len() + refused.len(), 40);
        assert!(refused.iter().all(|t| *t < 0.015), "{refused:?}");
        assert!(good.iter().all(|t| (t - 1.0).abs() < 0.015), "{good:?}");
        good.len()
    };
    for seed in 1..=20 {
        for workers in [1, 2, 4] {
            let of_each = served(workers, "pools = [\"db\"]", seed);
            assert_eq!(of_each, 2 * workers as usize, "{workers}");
            // A pool that is not the service's is one for all workers, as in a zone.
            let shared = format!("stations = [\"cpu\"]\n[stations.cpu]\nservers = {workers}");
            assert_eq!(served(workers, &shared, seed), 2, "{workers}");
        }
    }
    // Without `reuseport` an idle fourth worker had one of 40: 7 were served, 8 where it had more.
    let unequal = "pools = [\"db\"]\nweights = [17, 16, 6, 1]";
    let all: Vec<usize> = (1..=40).map(|seed| served(4, unequal, seed)).collect();
    assert!(all.iter().all(|n| (6..=8).contains(n)), "{all:?}");
    let sevens = all.iter().filter(|n| **n == 7).count();
    assert!((6..=24).contains(&sevens), "{all:?}");
}
