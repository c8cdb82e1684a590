//! Which replica a request goes to, and what comes of it.

use super::{audited, mean, model};
use capsim::engine::Time;
use capsim::measure::recorder::ResponseCode;
use capsim::model::Document;
use capsim::world::World;

/// Poisson arrivals of requests to replicas with one exponential server each.
fn queues(rate: f64, seconds: u32, replicas: u32, more: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"poisson-arrivals\"\nrate = {rate}\nduration = \"{seconds}s\"\n\
         journey = \"go\"\n[model]\nusers = 50\n[journeys]\ngo = [{{ pick = \"user\" }}, {{ request = \"e\" }}]\n\
         [stations.s]\nservers = 1\n[endpoints.e]\nvisits = [{{ station = \"s\", time = {{ exponential = \"1s\" }} }}]\n\
         [services.api]\nreplicas = {replicas}\nendpoints = [\"e\"]\nstations = [\"s\"]\n{more}\n"
    )
}

/// Mean number in the system of two M/M/1 queues (μ = 1) of which arrivals join the shorter one, at random if they
/// are equal: the chain of both lengths, cut where it has no weight left, solved by Gauss and Seidel.
fn shorter_of_two(rate: f64) -> f64 {
    const N: usize = 30;
    // A guess that is near: most of the time both lengths are equal.
    let guess = |a: usize, b: usize| libm::pow(rate / 2.0, 2.0 * a.max(b) as f64);
    let row = |a: usize| (0..=N).map(|b| guess(a, b)).collect::<Vec<f64>>();
    let mut p: Vec<Vec<f64>> = (0..=N).map(row).collect();
    let joins = |own: usize, other: usize| match own.cmp(&other) {
        std::cmp::Ordering::Less => rate,
        std::cmp::Ordering::Equal => rate / 2.0,
        std::cmp::Ordering::Greater => 0.0,
    };
    for _ in 0..1000 {
        for a in 0..=N {
            for b in 0..=N {
                let mut flow = 0.0;
                if a > 0 {
                    flow += p[a - 1][b] * joins(a - 1, b);
                }
                if b > 0 {
                    flow += p[a][b - 1] * joins(b - 1, a);
                }
                if a < N {
                    flow += p[a + 1][b];
                }
                if b < N {
                    flow += p[a][b + 1];
                }
                let lost = (a == N && joins(a, b) > 0.0) || (b == N && joins(b, a) > 0.0);
                let out = if lost { 0.0 } else { rate };
                p[a][b] = flow / (out + f64::from(u8::from(a > 0)) + f64::from(u8::from(b > 0)));
            }
        }
        let sum: f64 = p.iter().flatten().sum();
        p.iter_mut().flatten().for_each(|x| *x /= sum);
    }
    let all = p.iter().enumerate();
    let all = all.flat_map(|(a, row)| row.iter().enumerate().map(move |(b, x)| (a + b) as f64 * x));
    all.sum()
}

/// Mean number in the system of M/M/2 (Erlang 1917).
fn pooled(rate: f64) -> f64 {
    rate / (1.0 - rate * rate / 4.0)
}

#[test]
fn the_shorter_of_two_queues_is_as_the_chain_says() {
    for rate in [0.5, 1.0, 1.5] {
        let exact = shorter_of_two(rate);
        let two = queues(rate, 3000, 2, "balancer = \"shortest-queue\"");
        // The same arrivals and services at one queue with two servers take most of the noise away.
        let one = queues(rate, 3000, 1, "").replace("servers = 1", "servers = 2");
        let there = |text: &str, n: u64| {
            let (_, outcome) = audited(text, n);
            let end = outcome.end_time();
            let replicas = &outcome.services[0].replicas;
            replicas.iter().map(|r| r.present.mean(end)).sum::<f64>()
        };
        let runs: Vec<f64> = (0..8).map(|n| there(&two, n) - there(&one, n)).collect();
        let (mean, error) = mean(&runs);
        let expected = exact - pooled(rate);
        assert!(
            (mean - expected).abs() < 4.0 * error && error < 0.015 * exact,
            "λ = {rate}: {mean} ± {error} more than M/M/2, and the chain says {expected}"
        );
    }
}

#[test]
fn the_chain_has_the_values_of_its_neighbours() {
    // Between one queue with two servers and two queues that are joined at random.
    for rate in [0.5, 1.0, 1.5] {
        let rho = rate / 2.0;
        let (pooled, random) = (2.0 * rho / (1.0 - rho * rho), 2.0 * rho / (1.0 - rho));
        let exact = shorter_of_two(rate);
        assert!(
            pooled < exact && exact < random,
            "{pooled} {exact} {random}"
        );
    }
    assert!((shorter_of_two(1.0) - 1.426).abs() < 0.001);
}

#[test]
fn of_two_choices_the_tail_is_doubly_exponential() {
    let (n, rho) = (100_u32, 0.7);
    let tail = |balancer: &str| {
        let more = format!("balancer = \"{balancer}\"");
        let model = model(&queues(rho * f64::from(n), 240, n, &more));
        let marks: Vec<Time> = (10..=48).map(|k| Time(k * 5_000_000_000)).collect();
        let looks = World::new(&model, 3, 0).run_marked(&marks).snapshots;
        let lengths = looks.iter().flat_map(|look| &look.stations);
        let lengths: Vec<u64> = lengths
            .map(|probe| probe.in_service.value() + probe.queue.value())
            .collect();
        let share =
            |k: u64| lengths.iter().filter(|l| **l >= k).count() as f64 / lengths.len() as f64;
        [share(1), share(2), share(3)]
    };
    let limit = |exponents: [i32; 3]| exponents.map(|k| libm::pow(rho, f64::from(k)));
    let cases = [
        ("two-choices", limit([1, 3, 7])),
        ("random", limit([1, 2, 3])),
    ];
    for (balancer, limits) in cases {
        for (seen, limit) in tail(balancer).into_iter().zip(limits) {
            assert!((seen - limit).abs() < 0.02, "{balancer}: {seen} of {limit}");
        }
    }
}

/// Requests of each replica.
fn picked(more: &str, replicas: u32) -> Vec<u64> {
    let (_, outcome) = audited(&queues(1.0, 1200, replicas, more), 0);
    let replicas = &outcome.services[0].replicas;
    replicas.iter().map(|r| r.picked).collect()
}

#[test]
fn weights_and_speeds_decide_shares() {
    let all: u64 = picked("", 3).iter().sum();
    assert_eq!(picked("", 3).iter().max(), Some(&all.div_ceil(3)));
    let by_weight = picked("weights = [2]", 3);
    assert!(by_weight[0].abs_diff(all / 2) <= 1, "{by_weight:?}");
    // A replica at a quarter of the speed is avoided by who counts connections.
    let slow = "speeds = [1, 0.25]\nbalancer = \"least-connections\"";
    let [fast, slow] = picked(slow, 2)[..] else {
        panic!("two replicas");
    };
    assert!(slow * 2 < fast && slow > 50, "{slow} and {fast}");
}

#[test]
fn a_speed_is_a_factor_on_the_service() {
    let text = queues(0.1, 3000, 1, "speeds = [0.5]");
    let (_, outcome) = audited(&text, 0);
    let (_, plain) = audited(&text.replace("speeds = [0.5]", ""), 0);
    let busy =
        |o: &capsim::world::outcome::Outcome| o.stations[0].in_service.area(o.end_time()) as f64;
    assert_eq!(outcome.stations[0].completed, plain.stations[0].completed);
    assert!((busy(&outcome) / busy(&plain) - 2.0).abs() < 1e-6);
}

#[test]
fn who_is_hashed_or_sticks_stays_at_one_replica() {
    let vus = |more: &str| {
        let text = queues(1.0, 1, 4, more).replace(
            "executor = \"poisson-arrivals\"\nrate = 1\nduration = \"1s\"",
            "executor = \"per-vu-iterations\"\nvus = 3\niterations = 40",
        );
        let go = "go = [{ pick = \"user\" }, { request = \"e\" }, { request = \"e\" }]";
        let text = text.replace("go = [{ pick = \"user\" }, { request = \"e\" }]", go);
        let (_, outcome) = audited(&text, 0);
        let replicas = &outcome.services[0].replicas;
        replicas.iter().map(|r| r.picked).collect::<Vec<u64>>()
    };
    // Three VUs of 80 requests each.
    assert_eq!(vus("balancer = \"sticky\""), [80, 80, 80, 0]);
    let by_iteration = vus("balancer = { sticky = \"iteration\" }");
    assert_eq!(by_iteration, [60, 60, 60, 60]);
    let hashed = vus("balancer = { hash = \"user\", points = 100 }");
    assert!(hashed.iter().all(|n| *n > 0 && n % 2 == 0), "{hashed:?}");
    assert!(vus("").iter().all(|n| *n == 60));
}

#[test]
fn a_client_that_has_gone_is_no_connection_but_is_worked_for() {
    // Both replicas get two requests, whose clients give up. The first replica works on for 8 s, the second for 2 s.
    let text = "[scenarios.default]\nexecutor = \"trace-arrivals\"\nat = [\"0s\", \"0s\", \"3s\"]\njourney = \"go\"\n\
         [journeys]\ngo = [{ request = \"e\", timeout = \"1s\" }]\n[stations.s]\nservers = 1\n\
         [endpoints.e]\nvisits = [{ station = \"s\", time = \"2s\" }]\n\
         [services.api]\nreplicas = 2\nendpoints = [\"e\"]\nstations = [\"s\"]\nspeeds = [0.25, 1]\nbalancer = \"B\"\n";
    let shares = |balancer: &str| {
        let (_, outcome) = audited(&text.replace('B', balancer), 0);
        let replicas = &outcome.services[0].replicas;
        replicas.iter().map(|r| r.picked).collect::<Vec<u64>>()
    };
    // No connection is open at 3 s, and it is the first one's turn.
    assert_eq!(shares("least-connections"), [2, 1]);
    assert_eq!(shares("shortest-queue"), [1, 2]);
}

#[test]
fn a_call_goes_through_the_balancer_of_its_service() {
    let text = "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = 1\niterations = 6\njourney = \"go\"\n\
         [journeys]\ngo = [{ request = \"a\" }]\n[stations.s]\nservers = 1\n[stations.t]\nservers = 1\n\
         [pools.p]\nsize = 1\nqueue = 0\nrefusal = \"connection\"\n\
         [endpoints.a]\nvisits = [{ station = \"s\", time = \"1s\" }, { parallel = [\"b\", \"b\"] }]\n\
         [endpoints.b]\nhold = \"p\"\nvisits = [{ station = \"t\", time = \"1s\" }]\n\
         [services.front]\nreplicas = 2\nendpoints = [\"a\"]\nstations = [\"s\"]\n\
         [services.back]\nreplicas = 3\nendpoints = [\"b\"]\nstations = [\"t\"]\npools = [\"p\"]\n";
    let (_, outcome) = audited(text, 0);
    let picked = |at: usize| {
        let replicas = &outcome.services[at].replicas;
        replicas.iter().map(|r| r.picked).collect::<Vec<u64>>()
    };
    assert_eq!((picked(0), picked(1)), (vec![3, 3], vec![4, 4, 4]));
    assert_eq!(outcome.duration.as_secs(), 12.0);
    // With one replica the second branch finds no token: the balancer is refused the connection, not the client.
    let (_, outcome) = audited(&text.replace("replicas = 3", "replicas = 1"), 0);
    let codes: Vec<ResponseCode> = outcome.recorder.series.iter().map(|s| s.code).collect();
    assert_eq!(codes, [ResponseCode(502)]);
}

#[test]
fn what_is_wrong_with_a_service_is_told() {
    let said = |more: &str| {
        let text = queues(1.0, 1, 2, more);
        let document = Document::from_text("m", &text).unwrap_or_else(|why| panic!("{why}"));
        match document.check(&[]) {
            Ok(checked) => checked.warnings.join("\n"),
            Err(problems) => problems.to_string(),
        }
    };
    let cases = [
        ("balancer = \"round robin\"", "did you mean `round-robin`?"),
        ("balancer = \"hash\"", "write { hash = \"user\" }"),
        ("balancer = { hash = \"seat\" }", "the model has none"),
        ("balancer = { choices = 2, sticky = \"vu\" }", "one rule"),
        (
            "weights = [1, 2, 3]",
            "more numbers than there are replicas, 2",
        ),
        ("weights = [0]", "`weights` must be a number from"),
        ("speed = [1]", "did you mean `speeds`?"),
        ("pools = [\"p\"]", "there is no pool `p`"),
        (
            "weights = [2]\nbalancer = \"two-choices\"",
            "this balancer looks at the load alone",
        ),
        (
            "[services.b]\nreplicas = 1\nendpoints = [\"e\"]",
            "`e` belongs to the service `api` already",
        ),
        (
            "[endpoints.f]\nvisits = [{ station = \"s\", time = \"1s\" }]",
            "`f` uses `s` of the service `api`, and is none of its endpoints",
        ),
    ];
    for (more, expected) in cases {
        let told = said(more);
        assert!(told.contains(expected), "{more}: {told}");
    }
    assert_eq!(said("balancer = \"two-choices\""), "");
}
