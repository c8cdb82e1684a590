//! The closed forms against 41 systems with exactly known answers, and against each other.
//!
//! `data/reference/cases.json` states each system and its exact values to ten digits. All have a
//! closed form or an exact finite computation except one: `k6-ramp-five-stages`, whose stated
//! value is the fluid limit itself. The loops with a fixed think time use the law of the
//! exponential one, which is exact (insensitivity of the think time). Erlang A is a birth-death
//! chain cut where it has no weight left; GI/M/1 needs a root and M/M/c quantiles an inversion.

use std::collections::BTreeMap;

use capsim::theory::admission::BatchAdmission;
use capsim::theory::bounds::{Bounds, Resource};
use capsim::theory::discipline::{Order, mm1_wait};
use capsim::theory::erlang::{erlang_b, erlang_c, loss};
use capsim::theory::fluid::FluidLoop;
use capsim::theory::gim1::{Gaps, Gim1};
use capsim::theory::infinite::ramp_mean_in_system;
use capsim::theory::mg1::{Service, pollaczek_khinchine, processor_sharing_response};
use capsim::theory::mmc::{Mmc, random_split};
use capsim::theory::priority::{Class, non_preemptive};
use capsim::theory::seats::{expected_winners, zipf_weights};
use capsim::theory::{birth_death, closed, mmck, mva, patience, retrial, tandem};
use serde_json::Value;

type Computed = BTreeMap<String, f64>;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("../data/reference/cases.json")).expect("the file is JSON")
}

/// The parameters of one case.
struct Parameters(Value);

impl Parameters {
    fn number(&self, key: &str) -> f64 {
        self.0[key]
            .as_f64()
            .unwrap_or_else(|| panic!("{key} is a number"))
    }

    fn whole(&self, key: &str) -> u32 {
        let value = self.0[key]
            .as_u64()
            .unwrap_or_else(|| panic!("{key} is a count"));
        u32::try_from(value).expect("a count fits")
    }

    fn text(&self, key: &str) -> &str {
        self.0[key]
            .as_str()
            .unwrap_or_else(|| panic!("{key} is a text"))
    }

    fn numbers(&self, key: &str) -> Vec<f64> {
        let list = self.0[key]
            .as_array()
            .unwrap_or_else(|| panic!("{key} is a list"));
        list.iter().map(|v| v.as_f64().expect("a number")).collect()
    }
}

fn named<const N: usize>(values: [(&str, f64); N]) -> Computed {
    values.map(|(name, value)| (name.to_string(), value)).into()
}

/// p50 to p99 of the response time.
fn add_quantiles(computed: &mut Computed, quantile: impl Fn(f64) -> Option<f64>) {
    for percent in [50, 90, 95, 99] {
        let value = quantile(f64::from(percent) / 100.0).expect("a quantile");
        computed.insert(format!("p{percent}_response"), value);
    }
}

fn check(name: &str, compute: fn(&Parameters) -> Computed) {
    let case = cases()
        .into_iter()
        .find(|case| case["name"] == name)
        .expect("the case is there");
    let computed = compute(&Parameters(case["parameters"].clone()));
    let expected = case["expected"].as_object().expect("expected values");
    assert!(!expected.is_empty());
    for (key, value) in expected {
        let stated = value.as_f64().expect("a number");
        let ours = *computed
            .get(key)
            .unwrap_or_else(|| panic!("{name}: {key} is not computed"));
        let error = (ours - stated).abs() / stated.abs();
        assert!(error < 1e-9, "{name}: {key} is {ours}, stated {stated}");
    }
}

/// One test for each case, and the list of the cases tested.
macro_rules! reference_cases {
    ($($test:ident: $name:literal by $compute:expr;)*) => {
        mod reference {
            use super::*;
            $(#[test] fn $test() { check($name, $compute); })*
        }
        const TESTED: &[&str] = &[$($name),*];
    };
}

reference_cases! {
    mm1_050: "mm1-rho0.50" by multi_server;
    mm1_080: "mm1-rho0.80" by multi_server;
    mm1_090: "mm1-rho0.90" by multi_server;
    mmc_2: "mmc-c2-rho0.80" by multi_server;
    mmc_10: "mmc-c10-rho0.80" by multi_server;
    mmc_160: "mmc-c160-rho0.95" by multi_server;
    mmck_1_5: "mmck-c1-K5-lam1" by finite_room;
    mmck_10_10: "mmck-c10-K10-lam9" by finite_room;
    mmck_10_20: "mmck-c10-K20-lam30" by finite_room;
    mg1_deterministic: "mg1-deterministic-rho0.70" by general_service;
    mg1_uniform: "mg1-uniform-rho0.70" by general_service;
    mg1_gamma: "mg1-gamma-rho0.60" by general_service;
    mg1_lognormal: "mg1-lognormal-rho0.60" by general_service;
    mg1_hyperexponential: "mg1-hyperexponential-rho0.60" by general_service;
    gim1_erlang: "gim1-erlang2-rho0.80" by general_arrivals;
    gim1_even: "gim1-evenly-spaced-rho0.90" by general_arrivals;
    order_fifo: "mm1-fifo-rho0.70" by order_of_service;
    order_lifo: "mm1-lifo-rho0.70" by order_of_service;
    order_random: "mm1-random-order-rho0.70" by order_of_service;
    ps_exponential: "mg1ps-exponential-rho0.70" by processor_sharing;
    ps_lognormal: "mg1ps-lognormal-rho0.70" by processor_sharing;
    erlang_a: "erlang-a-c100-rho1.10" by exponential_patience;
    timeout: "mm1-timeout-lam0.9-tau2" by fixed_patience;
    priority: "priority-0.3-0.5" by priorities;
    closed_20: "closed-N20-Z10-c1-exponential" by closed_loop;
    closed_200: "closed-N200-Z1-c8-deterministic" by closed_loop;
    closed_5000: "closed-N5000-Z1-c16-deterministic" by closed_loop;
    mva_two: "mva-two-N10" by mean_value_analysis;
    mva_three: "mva-three-N100" by mean_value_analysis;
    tandem_3: "tandem-3-lam0.6" by open_tandem;
    usl: "usl-N200-c64" by usl_loop;
    seats_uniform: "seat-pick-uniform-50" by seat_pick;
    seats_zipf: "seat-pick-zipf1-500" by seat_pick;
    batches: "batch-admission-N1000-B100" by batch_admission;
    holds_deterministic: "seat-holds-n50-deterministic" by seat_holds;
    holds_lognormal: "seat-holds-n50-lognormal cv 1" by seat_holds;
    infinite_ramp: "ramp-infinite-server-2" by infinite_server_ramp;
    k6_ramp: "k6-ramp-five-stages" by k6_ramp_fluid;
    retrials: "retrial-rho0.50" by retrial_queue;
    held_worker: "held-worker-lam0.5" by held_worker_chain;
    split: "random-split-10" by split_at_random;
}

#[test]
fn every_reference_case_is_tested() {
    let stated: Vec<String> = cases()
        .iter()
        .map(|case| case["name"].as_str().expect("a name").to_string())
        .collect();
    assert_eq!(stated, TESTED);
}

fn multi_server(p: &Parameters) -> Computed {
    let queue = Mmc::new(
        p.number("arrival_rate"),
        p.number("service_rate"),
        p.whole("servers"),
    )
    .expect("stable");
    let mut computed = named([
        ("utilisation", queue.utilisation()),
        ("probability_of_waiting", queue.probability_of_waiting()),
        ("mean_wait", queue.mean_wait()),
        ("mean_response", queue.mean_response()),
        ("mean_in_system", queue.mean_in_system()),
    ]);
    add_quantiles(&mut computed, |q| queue.response_quantile(q));
    computed
}

fn finite_room(p: &Parameters) -> Computed {
    let queue = mmck::mmck(
        p.number("arrival_rate"),
        p.number("service_rate"),
        p.whole("servers"),
        p.whole("capacity_in_system"),
    )
    .expect("sound");
    named([
        ("blocking_probability", queue.blocking),
        ("throughput", queue.throughput),
        ("mean_response_of_accepted", queue.mean_response),
        ("utilisation", queue.utilisation),
    ])
}

fn service_law(p: &Parameters) -> Service {
    match p.text("service") {
        "deterministic" => Service::deterministic(p.number("mean")),
        "exponential" => Service::exponential(p.number("mean")),
        "uniform" => Service::uniform(p.number("low"), p.number("high")),
        "gamma" => Service {
            mean: p.number("mean"),
            cv2: p.number("cv2"),
        },
        "lognormal" => Service {
            mean: p.number("mean"),
            cv2: p.number("cv") * p.number("cv"),
        },
        "hyperexponential" => {
            let rates = p.numbers("rates");
            let branches: Vec<(f64, f64)> =
                p.numbers("probabilities").into_iter().zip(rates).collect();
            Service::hyperexponential(&branches)
        }
        other => panic!("no law {other}"),
    }
}

fn general_service(p: &Parameters) -> Computed {
    let queue = pollaczek_khinchine(p.number("arrival_rate"), service_law(p)).expect("stable");
    named([
        ("utilisation", queue.utilisation),
        ("mean_wait", queue.mean_wait),
        ("mean_response", queue.mean_response),
    ])
}

fn processor_sharing(p: &Parameters) -> Computed {
    let (rate, service) = (p.number("arrival_rate"), service_law(p));
    named([
        ("utilisation", rate * service.mean),
        (
            "mean_response",
            processor_sharing_response(rate, service).expect("stable"),
        ),
    ])
}

fn general_arrivals(p: &Parameters) -> Computed {
    let gaps = match p.text("arrivals") {
        "Erlang-2" => Gaps::Erlang(2),
        "evenly spaced" => Gaps::Even,
        other => panic!("no law {other}"),
    };
    let queue =
        Gim1::new(gaps, p.number("arrival_rate"), p.number("service_rate")).expect("stable");
    let mut computed = named([
        ("utilisation", queue.utilisation),
        ("mean_wait", queue.mean_wait),
        ("mean_response", queue.mean_response),
    ]);
    add_quantiles(&mut computed, |q| queue.response_quantile(q));
    computed
}

fn order_of_service(p: &Parameters) -> Computed {
    let order = match p.text("discipline") {
        "FIFO" => Order::Fifo,
        "LIFO" => Order::Lifo,
        "random order" => Order::Random,
        other => panic!("no order {other}"),
    };
    let wait = mm1_wait(order, p.number("arrival_rate"), p.number("service_rate")).expect("stable");
    named([
        ("mean_wait", wait.mean),
        ("second_moment_of_wait", wait.second),
    ])
}

fn exponential_patience(p: &Parameters) -> Computed {
    let queue = patience::erlang_a(
        p.number("arrival_rate"),
        p.number("service_rate"),
        p.whole("servers"),
        p.number("patience_rate"),
    )
    .expect("sound");
    named([
        ("abandonment_probability", queue.abandoned),
        ("mean_wait_of_all", queue.mean_wait),
        ("utilisation", queue.utilisation),
    ])
}

fn fixed_patience(p: &Parameters) -> Computed {
    let queue = patience::mm1_timeout(
        p.number("arrival_rate"),
        p.number("service_rate"),
        p.number("timeout_in_queue"),
    )
    .expect("sound");
    named([
        ("abandonment_probability", queue.abandoned),
        ("utilisation", queue.utilisation),
        ("throughput", queue.throughput),
    ])
}

fn priorities(p: &Parameters) -> Computed {
    let service = Service::exponential(1.0 / p.number("service_rate"));
    let classes: Vec<Class> = p
        .numbers("arrival_rates")
        .into_iter()
        .map(|arrival_rate| Class {
            arrival_rate,
            service,
        })
        .collect();
    let waits = non_preemptive(&classes).expect("stable");
    named([
        ("mean_wait_class1", waits[0]),
        ("mean_wait_class2", waits[1]),
    ])
}

fn closed_loop(p: &Parameters) -> Computed {
    let queue = closed::machine_repair(
        p.whole("users"),
        p.number("mean_think"),
        p.whole("servers"),
        p.number("service_rate"),
    )
    .expect("sound");
    named([
        ("throughput", queue.throughput),
        ("mean_response", queue.mean_response),
        ("utilisation", queue.utilisation),
    ])
}

fn mean_value_analysis(p: &Parameters) -> Computed {
    let network = mva::mva(
        p.whole("users"),
        p.number("mean_think"),
        &p.numbers("service_means"),
    )
    .expect("sound");
    let mut computed = named([
        ("throughput", network.throughput),
        ("mean_response", network.mean_response),
    ]);
    for (index, station) in network.stations.iter().enumerate() {
        computed.insert(
            format!("mean_response_station{}", index + 1),
            station.mean_response,
        );
        computed.insert(
            format!("utilisation_station{}", index + 1),
            station.utilisation,
        );
    }
    computed
}

fn open_tandem(p: &Parameters) -> Computed {
    let stations: Vec<(f64, u32)> = p
        .numbers("service_rates")
        .into_iter()
        .map(|rate| (rate, 1))
        .collect();
    let queues = tandem::tandem(p.number("arrival_rate"), &stations).expect("stable");
    let mut computed = named([("mean_response", queues.iter().map(Mmc::mean_response).sum())]);
    for (index, queue) in queues.iter().enumerate() {
        computed.insert(
            format!("mean_response_station{}", index + 1),
            queue.mean_response(),
        );
    }
    computed
}

fn usl_loop(p: &Parameters) -> Computed {
    let queue = closed::usl_loop(
        p.whole("users"),
        p.number("mean_think"),
        p.whole("workers"),
        p.number("service_rate"),
        p.number("usl_sigma"),
        p.number("usl_kappa"),
    )
    .expect("sound");
    named([
        ("throughput", queue.throughput),
        ("mean_response", queue.mean_response),
    ])
}

fn seat_pick(p: &Parameters) -> Computed {
    let exponent = if p.text("weights").starts_with("zipf1") {
        1.0
    } else {
        0.0
    };
    let winners = expected_winners(p.whole("users"), &zipf_weights(p.whole("seats"), exponent))
        .expect("sound");
    let losers = p.number("users") - winners;
    named([
        ("expected_winners", winners),
        ("expected_losers", losers),
        ("failure_probability", losers / p.number("users")),
    ])
}

fn batch_admission(p: &Parameters) -> Computed {
    let room =
        BatchAdmission::new(p.whole("users"), p.whole("batch"), p.number("period")).expect("sound");
    named([
        ("mean_wait", room.mean_wait()),
        ("max_wait", room.max_wait()),
        ("p90_wait", room.wait_quantile(0.9).expect("a quantile")),
    ])
}

fn seat_holds(p: &Parameters) -> Computed {
    let holds = loss(
        p.whole("seats"),
        p.number("arrival_rate"),
        p.number("mean_hold"),
    )
    .expect("sound");
    named([
        ("turned_away_probability", holds.turned_away),
        ("mean_seats_held", holds.mean_busy),
    ])
}

fn infinite_server_ramp(p: &Parameters) -> Computed {
    let at = |t: f64| {
        ramp_mean_in_system(p.number("slope"), p.number("service_rate"), t).expect("sound")
    };
    named([
        ("mean_in_system_at_10s", at(10.0)),
        ("mean_in_system_at_60s", at(60.0)),
    ])
}

fn k6_ramp_fluid(p: &Parameters) -> Computed {
    let stages: Vec<(f64, f64)> = p.0["stages"]
        .as_array()
        .expect("stages")
        .iter()
        .map(|stage| {
            let stage = Parameters(stage.clone());
            (stage.number("duration"), stage.number("target"))
        })
        .collect();
    let fluid = FluidLoop::new(
        p.number("think"),
        p.number("mean_service"),
        p.number("capacity"),
    )
    .expect("sound");
    let peak = stages.iter().map(|stage| stage.1).fold(0.0, f64::max);
    named([
        ("iterations", fluid.iterations(1.0, &stages).expect("sound")),
        ("peak_mean_response", fluid.response(peak)),
    ])
}

fn retrial_queue(p: &Parameters) -> Computed {
    let queue = retrial::mm1_retrial(
        p.number("arrival_rate"),
        p.number("service_rate"),
        p.number("retry_rate"),
    )
    .expect("stable");
    named([
        ("mean_in_orbit", queue.mean_in_orbit),
        ("utilisation", queue.utilisation),
    ])
}

fn held_worker_chain(p: &Parameters) -> Computed {
    let held = Service::hypoexponential(&[p.number("first_service_rate"), p.number("call_rate")]);
    let queue = pollaczek_khinchine(p.number("arrival_rate"), held).expect("stable");
    named([
        ("mean_wait", queue.mean_wait),
        ("mean_response", queue.mean_response),
        ("worker_utilisation", queue.utilisation),
    ])
}

fn split_at_random(p: &Parameters) -> Computed {
    let station = random_split(
        p.number("arrival_rate"),
        p.number("service_rate"),
        p.whole("stations"),
    )
    .expect("stable");
    named([
        ("mean_response", station.mean_response()),
        (
            "p95_response",
            station.response_quantile(0.95).expect("a quantile"),
        ),
    ])
}

// One formula against another, or against its own limit.

fn close(a: f64, b: f64, tolerance: f64) {
    let scale = a.abs().max(b.abs()).max(f64::MIN_POSITIVE);
    assert!((a - b).abs() / scale < tolerance, "{a} against {b}");
}

#[test]
fn erlang_formulas_on_small_systems_are_the_fractions_they_should_be() {
    // B(2, 1) = (1/2) / (1 + 1 + 1/2) and C(2, 1) = B / (1 - (1 - B)/2).
    close(erlang_b(2, 1.0).expect("sound"), 0.2, 1e-15);
    close(erlang_c(2, 1.0).expect("stable"), 1.0 / 3.0, 1e-15);
    close(erlang_b(1, 3.0).expect("sound"), 0.75, 1e-15);
    close(erlang_c(1, 0.3).expect("stable"), 0.3, 1e-15);
    assert_eq!(erlang_b(0, 3.0), Some(1.0));
    assert_eq!(erlang_b(5, 0.0), Some(0.0));
}

#[test]
fn mmc_response_tail_is_continuous_where_its_two_rates_meet() {
    // With c - 1 = lambda / mu the two exponentials coincide.
    let at = Mmc::new(3.0, 1.0, 4).expect("stable");
    let beside = Mmc::new(3.0 + 1e-9, 1.0, 4).expect("stable");
    for t in [0.0, 0.1, 1.0, 10.0, 50.0] {
        close(at.response_exceeds(t), beside.response_exceeds(t), 1e-7);
    }
    let gamma_tail = |t: f64| {
        let c = at.probability_of_waiting();
        libm::exp(-t) * (1.0 + c * t)
    };
    close(at.response_exceeds(2.5), gamma_tail(2.5), 1e-14);
}

#[test]
fn mmc_quantiles_invert_the_tail_and_tails_integrate_to_the_means() {
    let queue = Mmc::new(7.3, 1.1, 8).expect("stable");
    for p in [0.0, 0.2, 0.5, 0.9, 0.999_999] {
        let t = queue.response_quantile(p).expect("a quantile");
        close(1.0 - p, queue.response_exceeds(t), 1e-9);
    }
    let step = 1e-3;
    let integral = |tail: &dyn Fn(f64) -> f64| -> f64 {
        (0..40_000)
            .map(|i| tail((f64::from(i) + 0.5) * step) * step)
            .sum()
    };
    close(
        integral(&|t| queue.response_exceeds(t)),
        queue.mean_response(),
        1e-6,
    );
    close(
        integral(&|t| queue.wait_exceeds(t)),
        queue.mean_wait(),
        1e-6,
    );
    // Fewer wait than half: the median wait is nothing.
    let idle = Mmc::new(1.0, 1.0, 8).expect("stable");
    assert_eq!(idle.wait_quantile(0.5), Some(0.0));
}

#[test]
fn special_cases_agree_between_formulas() {
    let mm1 = Mmc::new(0.8, 1.0, 1).expect("stable");
    let pk = pollaczek_khinchine(0.8, Service::exponential(1.0)).expect("stable");
    close(mm1.mean_wait(), pk.mean_wait, 1e-14);
    let poisson = Gim1::new(Gaps::Erlang(1), 0.8, 1.0).expect("stable");
    close(mm1.mean_wait(), poisson.mean_wait, 1e-12);
    // Erlang gaps of ever more stages are ever more even.
    let many = Gim1::new(Gaps::Erlang(1_000_000), 0.8, 1.0).expect("stable");
    let even = Gim1::new(Gaps::Even, 0.8, 1.0).expect("stable");
    close(many.mean_wait, even.mean_wait, 1e-5);
    let roomy = mmck::mmck(0.8, 1.0, 1, 400).expect("sound");
    close(mm1.mean_response(), roomy.mean_response, 1e-12);
    let one_class = Class {
        arrival_rate: 0.8,
        service: Service::exponential(1.0),
    };
    close(
        non_preemptive(&[one_class]).expect("stable")[0],
        pk.mean_wait,
        1e-14,
    );
    let full = mmck::mmck(9.0, 1.0, 10, 10).expect("sound");
    close(full.blocking, erlang_b(10, 9.0).expect("sound"), 1e-13);
    // Tries without pause are a queue.
    let eager = retrial::mm1_retrial(0.8, 1.0, 1e12).expect("stable");
    close(eager.mean_wait, mm1.mean_wait(), 1e-11);
}

#[test]
fn patience_formulas_meet_their_limits() {
    // Patience as long as a service: every state n loses n mu, the number there is Poisson.
    let (lambda, mu, servers) = (12.0, 1.0, 10_u32);
    let equal = patience::erlang_a(lambda, mu, servers, mu).expect("sound");
    let mut weight = libm::exp(-lambda);
    let mut idle = 0.0;
    for n in 0..servers {
        idle += f64::from(servers - n) * weight;
        weight *= lambda / f64::from(n + 1);
    }
    close(equal.utilisation, 1.0 - idle / f64::from(servers), 1e-12);
    close(equal.throughput, lambda * (1.0 - equal.abandoned), 1e-12);

    let patient = patience::mm1_timeout(0.8, 1.0, 1e4).expect("sound");
    close(patient.mean_wait, 4.0, 1e-12);
    assert!(patient.abandoned < 1e-100);
    let none = patience::mm1_timeout(0.8, 1.0, 0.0).expect("sound");
    close(none.abandoned, erlang_b(1, 0.8).expect("sound"), 1e-15);
    // At lambda = mu the density is flat: 1 + lambda tau + 1 parts, the last of them lost.
    let flat = patience::mm1_timeout(1.0, 1.0, 3.0).expect("sound");
    close(flat.abandoned, 0.2, 1e-15);
    close(flat.mean_wait, (4.5 + 3.0) / 5.0, 1e-15);
    for side in [1.0 - 1e-9, 1.0 + 1e-9] {
        let beside = patience::mm1_timeout(side, 1.0, 3.0).expect("sound");
        close(beside.abandoned, flat.abandoned, 1e-8);
        close(beside.mean_wait, flat.mean_wait, 1e-8);
    }
    // Far overloaded: the server never idles and everyone waits almost to the timeout.
    let swamped = patience::mm1_timeout(3_000.0, 2_000.0, 60.0).expect("sound");
    close(swamped.throughput, 2_000.0, 1e-12);
    close(swamped.mean_wait, 60.0, 1e-4);
}

#[test]
fn closed_loops_obey_little_the_bounds_and_each_other() {
    for users in [1, 3, 10, 50, 400] {
        let exact = closed::machine_repair(users, 5.0, 1, 2.0).expect("sound");
        let by_mva = mva::mva(users, 5.0, &[0.5]).expect("sound");
        close(exact.throughput, by_mva.throughput, 1e-12);
        close(exact.mean_response, by_mva.mean_response, 1e-11);
        let n = f64::from(users);
        close(exact.throughput * (exact.mean_response + 5.0), n, 1e-12);
        let bounds = Bounds::new(
            5.0,
            &[Resource {
                demand: 0.5,
                servers: 1,
            }],
        )
        .expect("sound");
        assert!(exact.throughput <= bounds.throughput_at_most(n) * (1.0 + 1e-12));
        assert!(exact.throughput >= bounds.throughput_at_least(n) * (1.0 - 1e-12));
        assert!(exact.mean_response >= bounds.response_at_least(n) * (1.0 - 1e-12));
    }
    let no_think = closed::machine_repair(7, 0.0, 4, 2.0).expect("sound");
    close(no_think.throughput, 8.0, 1e-15);
    close(no_think.mean_response, 7.0 / 8.0, 1e-15);
    let linear = closed::usl_loop(50, 1.0, 16, 20.0, 0.0, 0.0).expect("sound");
    let plain = closed::machine_repair(50, 1.0, 16, 20.0).expect("sound");
    assert_eq!(linear, plain);
}

#[test]
fn bounds_name_the_bottleneck_per_server() {
    let resources = [
        Resource {
            demand: 0.004,
            servers: 2,
        },
        Resource {
            demand: 0.003,
            servers: 1,
        },
        Resource {
            demand: 0.0,
            servers: 1,
        },
    ];
    let bounds = Bounds::new(1.0, &resources).expect("sound");
    assert_eq!(bounds.bottleneck, 1);
    close(bounds.max_throughput, 1.0 / 0.003, 1e-15);
    close(bounds.knee, 1.007 / 0.003, 1e-15);
    close(bounds.response_at_least(1_000.0), 2.0, 1e-12);
}

#[test]
fn birth_death_survives_weights_beyond_the_range_of_floats() {
    // Poisson with mean 3,000: its smallest weight is e^-3000.
    let deaths: Vec<f64> = (1..=6_000).map(f64::from).collect();
    let p = birth_death::stationary(&vec![3_000.0; 6_000], &deaths).expect("sound");
    close(p.iter().sum(), 1.0, 1e-12);
    let mean: f64 = p
        .iter()
        .enumerate()
        .map(|(n, share)| n as f64 * share)
        .sum();
    close(mean, 3_000.0, 1e-11);
    assert_eq!(birth_death::stationary(&[], &[]), Some(vec![1.0]));
    assert_eq!(birth_death::stationary(&[1.0], &[0.0]), None);
    assert_eq!(birth_death::stationary(&[1.0], &[]), None);
}

#[test]
fn seats_and_batches_on_small_numbers() {
    // Two users, two seats: they collide half of the time.
    assert_eq!(expected_winners(2, &[1.0, 1.0]), Some(1.5));
    assert_eq!(expected_winners(9, &[4.0]), Some(1.0));
    assert_eq!(expected_winners(0, &[1.0]), Some(0.0));
    let room = BatchAdmission::new(5, 2, 10.0).expect("sound");
    let waits: Vec<f64> = (0..5).map(|place| room.wait(place)).collect();
    assert_eq!(waits, [10.0, 10.0, 20.0, 20.0, 30.0]);
    close(room.mean_wait(), waits.iter().sum::<f64>() / 5.0, 1e-15);
    assert_eq!(room.wait_quantile(0.625), Some(20.0));
    assert_eq!(room.max_wait(), 30.0);
}

#[test]
fn fluid_iterations_equal_a_fine_sum() {
    let fluid = FluidLoop::new(1.0, 0.1, 20.0).expect("sound");
    let stages = [(10.0, 50.0), (5.0, 50.0), (0.0, 10.0), (8.0, 0.0)];
    let mut from = 3.0;
    let mut sum = 0.0;
    for (duration, to) in stages {
        for i in 0..10_000 {
            let users: f64 = from + (to - from) * (f64::from(i) + 0.5) / 10_000.0;
            sum += (users / 1.1).min(20.0) * duration / 10_000.0;
        }
        from = to;
    }
    close(fluid.iterations(3.0, &stages).expect("sound"), sum, 1e-7);
    assert_eq!(fluid.response(10.0), 0.1);
    assert_eq!(fluid.response(50.0), 1.5);
}

#[test]
fn input_outside_a_formula_gives_none() {
    let bad = [0.0, -1.0, f64::NAN, f64::INFINITY];
    for x in bad {
        assert!(Mmc::new(x, 1.0, 1).is_none());
        assert!(Mmc::new(0.5, x, 1).is_none());
        assert!(mmck::mmck(x, 1.0, 1, 5).is_none());
        assert!(pollaczek_khinchine(x, Service::exponential(1.0)).is_none());
        assert!(pollaczek_khinchine(0.5, Service::exponential(x)).is_none());
        assert!(processor_sharing_response(0.5, Service::deterministic(x)).is_none());
        assert!(Gim1::new(Gaps::Even, x, 1.0).is_none());
        assert!(Gim1::new(Gaps::Even, 0.5, x).is_none());
        assert!(mm1_wait(Order::Lifo, x, 1.0).is_none());
        assert!(patience::erlang_a(x, 1.0, 1, 1.0).is_none());
        assert!(patience::erlang_a(1.0, 1.0, 1, x).is_none());
        assert!(patience::mm1_timeout(x, 1.0, 1.0).is_none());
        assert!(closed::machine_repair(5, 1.0, 1, x).is_none());
        assert!(retrial::mm1_retrial(0.5, 1.0, x).is_none());
        assert!(loss(5, x, 1.0).is_none());
        assert!(ramp_mean_in_system(1.0, x, 1.0).is_none());
        assert!(FluidLoop::new(1.0, 0.1, x).is_none());
        assert!(BatchAdmission::new(5, 2, x).is_none());
        assert!(expected_winners(5, &[x]).is_none());
        let class = Class {
            arrival_rate: x,
            service: Service::exponential(0.1),
        };
        assert!(non_preemptive(&[class]).is_none());
    }
    assert!(Mmc::new(2.0, 1.0, 2).is_none(), "no spare capacity");
    assert!(Mmc::new(1.0, 1.0, 0).is_none());
    assert!(erlang_c(0, 0.0).is_none());
    assert!(erlang_b(3, f64::NAN).is_none());
    assert!(Gim1::new(Gaps::Erlang(0), 0.5, 1.0).is_none());
    assert!(Gim1::new(Gaps::Even, 1.0, 1.0).is_none());
    assert!(mmck::mmck(1.0, 1.0, 3, 2).is_none());
    assert!(closed::machine_repair(0, 1.0, 1, 1.0).is_none());
    assert!(closed::machine_repair(5, f64::NAN, 1, 1.0).is_none());
    assert!(mva::mva(0, 1.0, &[1.0]).is_none());
    assert!(mva::mva(5, 0.0, &[]).is_none());
    assert!(Bounds::new(1.0, &[]).is_none());
    assert!(
        Bounds::new(
            1.0,
            &[Resource {
                demand: 0.0,
                servers: 1
            }]
        )
        .is_none()
    );
    assert!(random_split(1.0, 1.0, 0).is_none());
    let queue = Mmc::new(0.5, 1.0, 1).expect("stable");
    for p in [1.0, -0.1, f64::NAN] {
        assert!(queue.response_quantile(p).is_none());
    }
    assert_eq!(queue.response_quantile(0.0), Some(0.0));
}
