//! Caches: hit ratios against formulas, one fetch for all, and laws under all that can go wrong.

use capsim::engine::Span;
use capsim::model::{Model, Override};
use capsim::theory::cache::{Group, least_often_asked, lru, most_popular, random, time_to_live};
use capsim::world::World;
use capsim::world::outcome::Outcome;

fn model(text: &str) -> Model {
    Model::from_text("caches.toml", text, &[]).unwrap_or_else(|why| panic!("{why}"))
}

/// Requests at a law of arrivals that ask a cache with these keys, and take so long if they do not find what they want.
fn asking(load: &str, cache: &str, origin: &str) -> String {
    format!(
        "[scenarios.default]\n{load}\njourney = \"go\"\n[journeys]\ngo = [{{ request = \"e\" }}]\n\
         [caches.c]\n{cache}\n[stations.origin]\nservers = \"infinite\"\n\
         [endpoints.e]\nvisits = [{{ cache = \"c\", visits = [{{ station = \"origin\", time = \"{origin}\" }}] }}]\n"
    )
}

fn run(text: &str, replication: u64) -> Outcome {
    World::new(&model(text), 1, replication).run()
}

/// So many requests, 2 ms apart; a fetch takes 1 ms.
fn independent(cache: &str, replication: u64) -> f64 {
    let load = "executor = \"renewal-arrivals\"\ngap = \"2ms\"\nduration = \"200s\"";
    let outcome = run(&asking(load, cache, "1ms"), replication);
    assert_eq!(outcome.caches[0].asked, 100_000);
    outcome.caches[0].hit_ratio()
}

#[test]
fn policies_hit_as_often_as_their_formulas_say() {
    let zipf: Vec<Group> = (1..=1000)
        .map(|k| (libm::exp(-0.8 * libm::log(f64::from(k))), 1.0))
        .collect();
    let formulas = [
        ("lru", lru(&zipf, 100.0)),
        ("fifo", random(&zipf, 100.0)),
        ("random", random(&zipf, 100.0)),
    ];
    for (policy, expected) in formulas {
        let cache = format!(
            "keys = 1000\npopularity = {{ zipf = 0.8 }}\nsize = 100\nwarm = true\npolicy = \"{policy}\""
        );
        let ratios = [0, 1, 2].map(|replication| independent(&cache, replication));
        let mean = ratios.iter().sum::<f64>() / 3.0;
        assert!(
            (mean / expected - 1.0).abs() < 0.01,
            "{policy}: {mean}, {expected}"
        );
    }
    // What was asked for least often is forgotten when it goes, and comes back at the bottom: better than the least recently
    // used, not as good as a memory of all requests.
    let lfu = independent(
        "keys = 1000\npopularity = { zipf = 0.8 }\nsize = 100\npolicy = \"lfu\"",
        0,
    );
    let (least, most) = (lru(&zipf, 100.0), most_popular(&zipf, 100.0));
    assert!(
        (1.02 * least..0.98 * most).contains(&lfu),
        "{least} {lfu} {most}"
    );
}

#[test]
fn those_asked_for_most_stay_and_the_last_place_is_a_cache_of_one() {
    // Five objects with 30 of 195 requests each, and 45 with one.
    let weights: Vec<u32> = (0..50).map(|n| if n < 5 { 30 } else { 1 }).collect();
    let groups = [(30.0, 5.0), (1.0, 45.0)];
    let expected = least_often_asked(&groups, 6.0);
    let cache = |policy: &str, size: u32| {
        format!(
            "keys = 50\npopularity = {{ weights = {weights:?} }}\nsize = {size}\nwarm = true\npolicy = \"{policy}\""
        )
    };
    let mean = |cache: &str| {
        let ratios = [0, 1, 2].map(|replication| independent(cache, replication));
        ratios.iter().sum::<f64>() / 3.0
    };
    // Of 300,000 requests each is a hit or not: within four standard deviations, and far from LRU.
    let deviation = |p: f64| (p * (1.0 - p) / 3e5).sqrt();
    let found = mean(&cache("lfu", 6));
    assert!(
        (found - expected).abs() < 4.0 * deviation(expected),
        "{found} {expected}"
    );
    assert!(lru(&groups, 6.0) < expected - 0.05 && most_popular(&groups, 5.0) < expected);
    // A cache of one object holds what was asked for last, whatever the policy.
    let one = least_often_asked(&groups, 1.0);
    for policy in ["lru", "lfu", "fifo", "random"] {
        let found = mean(&cache(policy, 1));
        assert!(
            (found - one).abs() < 4.0 * deviation(one),
            "{policy}: {found} {one}"
        );
    }
}

#[test]
fn a_time_to_live_hits_as_often_as_its_formula_says() {
    let load = "executor = \"poisson-arrivals\"\nrate = 200\nduration = \"500s\"";
    let cache = "keys = 300\npopularity = { zipf = 1.0 }\nttl = \"3s\"";
    let zipf: Vec<Group> = (1..=300).map(|k| (1.0 / f64::from(k), 1.0)).collect();
    let expected = time_to_live(&zipf, 200.0, 3.0);
    let ratios = [0, 1].map(|replication| {
        let outcome = run(&asking(load, cache, "1us"), replication);
        outcome.caches[0].hit_ratio()
    });
    let mean = (ratios[0] + ratios[1]) / 2.0;
    assert!((mean / expected - 1.0).abs() < 0.01, "{mean}, {expected}");
}

#[test]
fn a_fixed_ratio_is_that_ratio() {
    let hits = independent("hit = 0.7", 0);
    assert!((hits - 0.7).abs() < 0.006, "{hits}");
}

/// A hundred requests in the time that one fetch takes.
fn stampede(flight: &str) -> Outcome {
    let load = "executor = \"renewal-arrivals\"\ngap = \"10ms\"\nduration = \"1s\"";
    run(
        &asking(
            load,
            &format!("key = \"global\"\nsingle_flight = \"{flight}\""),
            "2s",
        ),
        0,
    )
}

#[test]
fn single_flight_sends_exactly_one_request_to_the_origin() {
    let sent = |outcome: &Outcome| outcome.stations[0].completed;
    let [none, woken, looking] = ["none", "wake", "poll"].map(stampede);
    assert_eq!([&none, &woken, &looking].map(sent), [100, 1, 1]);
    let shared = [&woken, &looking].map(|o| o.caches[0].shared);
    assert_eq!(shared, [99, 99]);
    // Woken, all are answered when the fetch is over; looking, so many times 500 ms after they came.
    let longest = |o: &Outcome| o.recorder.durations.iter().max().unwrap_or(0) / 1_000_000;
    assert_eq!([&none, &woken, &looking].map(longest), [2000, 2000, 2000]);
}

#[test]
fn what_comes_at_the_instant_of_a_look_is_found() {
    let load = "executor = \"per-vu-iterations\"\nvus = 3\niterations = 1";
    let outcome = run(
        &asking(load, "key = \"global\"\nsingle_flight = \"poll\"", "500ms"),
        0,
    );
    let times: Vec<u64> = outcome.recorder.durations.iter().collect();
    assert_eq!(times, [500_000_000; 3]);
    assert_eq!(outcome.caches[0].shared, 2);
}

#[test]
fn a_failed_fetch_passes_to_the_next_in_line() {
    let load = "executor = \"per-vu-iterations\"\nvus = 4\niterations = 1";
    let text = asking(load, "key = \"global\"\nsingle_flight = \"wake\"", "1s").replace(
        "time = \"1s\" }",
        "time = \"1s\" }, { fail = 1.0, status = 502 }",
    );
    let outcome = run(&text, 0);
    let times: Vec<u64> = outcome
        .recorder
        .durations
        .iter()
        .map(|ns| ns / 1_000_000_000)
        .collect();
    assert_eq!(times, [1, 2, 3, 4]);
    let probe = &outcome.caches[0];
    assert_eq!((probe.fetches, probe.stored, probe.shared), (4, 0, 0));
}

#[test]
fn a_write_makes_an_object_invalid() {
    // Read at 0, 1 and 3 s, written at 2 s.
    let text = "[scenarios.read]\nexecutor = \"trace-arrivals\"\nat = [\"0s\", \"1s\", \"3s\"]\njourney = \"read\"\n\
                [scenarios.write]\nexecutor = \"trace-arrivals\"\nat = [\"2s\"]\njourney = \"write\"\n\
                [journeys]\nread = [{ request = \"read\" }]\nwrite = [{ request = \"write\" }]\n\
                [caches.c]\nkey = \"global\"\n\
                [endpoints.read]\nvisits = [{ cache = \"c\", visits = [{ delay = \"1ms\" }] }]\n\
                [endpoints.write]\nvisits = [{ delay = \"1ms\" }, { invalidate = \"c\" }]\n";
    let probe = &run(text, 0).caches[0];
    assert_eq!(
        (probe.asked, probe.hits, probe.fetches, probe.invalidated),
        (3, 1, 2, 1)
    );
}

#[test]
fn a_replica_that_was_away_begins_with_an_empty_cache() {
    // Two replicas in turn, each with a cache of its own; the second is away from 5.5 s to 6.5 s.
    let text = "[scenarios.default]\nexecutor = \"renewal-arrivals\"\ngap = \"1s\"\nduration = \"12s\"\njourney = \"go\"\n\
                [journeys]\ngo = [{ request = \"e\" }]\n[caches.c]\nkey = \"global\"\n\
                [services.api]\nreplicas = 2\nendpoints = [\"e\"]\ncaches = [\"c\"]\n\
                faults = [{ lose = 2, at = \"5500ms\", lasts = \"100ms\" }]\n\
                [endpoints.e]\nvisits = [{ cache = \"c\", visits = [{ delay = \"1ms\" }] }]\n";
    let (outcome, audit) = World::new(&model(text), 1, 0).run_audited();
    assert_eq!(audit.violations, []);
    let fetches: Vec<u64> = outcome.caches.iter().map(|c| c.fetches).collect();
    assert_eq!(fetches, [1, 2]);
}

#[test]
fn laws_hold_whatever_goes_wrong() {
    for flight in ["none", "wake", "poll"] {
        for policy in ["lru", "lfu", "fifo", "random"] {
            let text = format!(
                "[scenarios.default]\nexecutor = \"poisson-arrivals\"\nrate = 60\nduration = \"60s\"\njourney = \"go\"\n\
                 [journeys]\ngo = [{{ request = \"e\", timeout = \"1s\" }}, {{ request = \"w\" }}]\n\
                 [caches.c]\nkeys = 40\npopularity = {{ zipf = 1.0 }}\nsize = 15\npolicy = \"{policy}\"\n\
                 single_flight = \"{flight}\"\nttl = {{ exponential = \"2s\" }}\ngrace = \"1s\"\n\
                 uncacheable = 0.2\nremember = \"500ms\"\nclear = [\"10s\", \"20s\"]\n\
                 [stations.origin]\nservers = 4\nqueue = 30\n\
                 [services.api]\nreplicas = 3\nendpoints = [\"e\", \"w\"]\ncaches = [\"c\"]\n\
                 faults = [{{ lose = \"any\", every = \"7s\", lasts = \"2s\" }}]\n\
                 [endpoints.e]\ncancel = true\nvisits = [\n\
                   {{ cache = \"c\", visits = [{{ station = \"origin\", time = {{ exponential = \"150ms\" }} }},\n\
                     {{ fail = 0.1, status = 502 }}] }},\n  {{ delay = \"1ms\" }},\n]\n\
                 [endpoints.w]\nvisits = [{{ delay = \"1ms\" }}, {{ invalidate = \"c\" }}]\n"
            );
            let text = match flight {
                "poll" => text.replace(
                    "clear =",
                    "lock_timeout = \"700ms\"\nlook_every = \"90ms\"\nclear =",
                ),
                _ => text,
            };
            let (outcome, audit) = World::new(&model(&text), 1, 0).run_audited();
            assert_eq!(audit.violations, [], "{flight} {policy}");
            let sum = |of: fn(&capsim::parts::cache::CacheProbe) -> u64| {
                outcome.caches.iter().map(of).sum::<u64>()
            };
            assert!(sum(|p| p.stale) > 10 && sum(|p| p.evicted) > 10 && sum(|p| p.refreshes) > 10);
            assert!(sum(|p| p.invalidated) > 10 && sum(|p| p.passed) > 10);
            assert!(flight == "none" || (sum(|p| p.shared) > 10 && sum(|p| p.left) > 0));
        }
    }
}

#[test]
fn check_knows_what_a_cache_leaves_to_the_origin() {
    let load = "executor = \"poisson-arrivals\"\nrate = 10\nduration = \"1s\"";
    let cache = "keys = 100000\npopularity = { zipf = 0.9 }\nsize = 5000";
    let model = model(&asking(load, cache, "10ms").replace("\"infinite\"", "1"));
    let analysis = &capsim::study::answers::bounds::analyse(&model)[0];
    let zipf: Vec<Group> = (1..=100_000)
        .map(|k| (libm::exp(-0.9 * libm::log(f64::from(k))), 1.0))
        .collect();
    let expected = 0.010 * (1.0 - lru(&zipf, 5000.0));
    let demand = analysis.demands[0].demand;
    assert!(
        (demand / expected - 1.0).abs() < 1e-4,
        "{demand} {expected}"
    );
}

#[test]
fn wrong_caches_are_told() {
    let told = |cache: &str| {
        let load = "executor = \"poisson-arrivals\"\nrate = 10\nduration = \"1s\"";
        let text = asking(load, cache, "1ms");
        Model::from_text("m.toml", &text, &[])
            .unwrap_err()
            .to_string()
    };
    let two = told("hit = 0.5\nkeys = 10");
    assert!(two.contains("one of `hit`, `key` and `keys`"), "{two}");
    let event = told("key = \"event\"");
    assert!(event.contains("needs an inventory"), "{event}");
    let warm = told("key = \"user\"\nwarm = true");
    assert!(warm.contains("not known which objects"), "{warm}");
    let unknown = told("keys = 10\npolicy = \"lur\"");
    assert!(unknown.contains("did you mean `lru`"), "{unknown}");
    let nested = asking(
        "executor = \"poisson-arrivals\"\nrate = 1\nduration = \"1s\"",
        "key = \"user\"",
        "1s",
    )
    .replace(
        "visits = [{ station",
        "visits = [{ cache = \"c\", visits = [{ delay = \"1s\" }] }, { station",
    );
    let nested = Model::from_text("m.toml", &nested, &[])
        .unwrap_err()
        .to_string();
    assert!(nested.contains("wait for itself"), "{nested}");
}

#[test]
fn overrides_reach_a_cache() {
    let load = "executor = \"poisson-arrivals\"\nrate = 10\nduration = \"1s\"";
    let text = asking(load, "keys = 10\nsize = 5", "1ms");
    let set = [
        Override::parse("caches.c.grace=2s").unwrap(),
        Override::parse("caches.c.ttl=1s").unwrap(),
    ];
    let model = Model::from_text("m.toml", &text, &set).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(model.caches[0].grace, Span::secs(2));
}
