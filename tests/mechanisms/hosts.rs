//! Stations that share the cores of a host, against closed forms, and the load generator among them.

use capsim::model::Model;
use capsim::study::account::{Account, Kind};
use capsim::study::answers::bounds::analyse;
use capsim::theory::mmc::Mmc;
use capsim::world::World;
use capsim::world::outcome::Outcome;

#[path = "../support/random_model.rs"]
mod random_model;
#[path = "../support/run.rs"]
#[allow(dead_code)]
mod run;

use run::{model, run};

/// A load of one request per iteration, and the rest of a model.
fn open(rate: u32, seconds: u32, rest: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"poisson-arrivals\"\nrate = {rate}\nduration = \"{seconds}s\"\n\
         journey = \"j\"\n[journeys]\nj = [{{ request = \"e\" }}]\n{rest}"
    )
}

fn loops(vus: u32, steps: &str, rest: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = {vus}\nduration = \"20s\"\ngraceful_stop = \"0s\"\n\
         journey = \"j\"\n[journeys]\nj = [{steps}]\n{rest}"
    )
}

/// Mean number at all stations, in line or in service.
fn present(outcome: &Outcome) -> f64 {
    let end = outcome.end_time();
    let each = outcome.stations.iter();
    each.map(|s| s.in_service.mean(end) + s.queue.mean(end))
        .sum()
}

/// Fails unless the exact value lies within four standard errors of the mean over eight seeds.
fn meets(text: &str, exact: f64, of: impl Fn(&Outcome) -> f64) {
    let model = model(text);
    let n = 8;
    let all: Vec<f64> = (0..n)
        .map(|seed| of(&World::new(&model, seed, 0).run()))
        .collect();
    let mean = all.iter().sum::<f64>() / n as f64;
    let squares: f64 = all.iter().map(|x| (x - mean) * (x - mean)).sum();
    let error = (squares / (n - 1) as f64 / n as f64).sqrt();
    assert!(error < 0.05 * exact, "{all:?} say little");
    assert!(
        (mean - exact).abs() < 4.0 * error,
        "{mean} ± {error}, exact {exact}: {all:?}"
    );
}

#[test]
fn more_servers_than_cores_do_what_the_cores_do() {
    // M/M/2 in number, whoever of the six works: the cores are used alike by all.
    let exact = Mmc::new(60.0, 40.0, 2).unwrap().mean_in_system();
    let endpoint =
        "[endpoints.e]\nvisits = [{ station = \"s\", time = { exponential = \"25ms\" } }]\n";
    for servers in [
        "servers = 6",
        "servers = \"infinite\"",
        "servers = 3\ndiscipline = \"processor-sharing\"",
    ] {
        let rest = format!("[hosts.h]\ncores = 2\n[stations.s]\non = \"h\"\n{servers}\n{endpoint}");
        meets(&open(60, 300, &rest), exact, present);
    }
}

#[test]
fn two_stations_on_one_core_are_one_shared_processor() {
    // M/G/1-PS with the sum of both services: ρ / (1 − ρ), whatever their laws (Kleinrock 1976, eq. 4.18).
    let rest = "[hosts.h]\ncores = 1\n[stations.a]\nservers = \"infinite\"\non = \"h\"\n\
                [stations.b]\nservers = \"infinite\"\non = \"h\"\n[endpoints.e]\nvisits = [\
                { station = \"a\", time = { gamma = { mean = \"8ms\", cv = 2 } } },\
                { station = \"b\", time = \"6ms\" }]\n";
    let rho = 50.0 * 0.014;
    meets(&open(50, 400, rest), rho / (1.0 - rho), present);
}

#[test]
fn the_load_generator_adds_to_what_a_request_needs() {
    // The utilisation law: with all cores in use, cores / (1.5 ms + 0.5 ms) requests a second.
    let rest = |generator: &str| {
        format!(
            "[hosts.h]\ncores = 2\n{generator}[stations.s]\nservers = 8\non = \"h\"\n\
             [endpoints.e]\nvisits = [{{ station = \"s\", time = {{ exponential = \"1.5ms\" }} }}]\n"
        )
    };
    let rate = |outcome: &Outcome| outcome.recorder.requests() as f64 / outcome.duration.as_secs();
    let steps = "{ request = \"e\" }";
    let with = rest("load_generator = { exponential = \"0.5ms\" }\n");
    meets(&loops(40, steps, &with), 1000.0, rate);
    meets(&loops(40, steps, &rest("")), 2.0 / 0.0015, rate);
}

#[test]
fn what_endpoints_call_is_no_work_of_the_load_generator() {
    let rest = "[hosts.h]\ncores = 1\nload_generator = \"1ms\"\n[stations.s]\nservers = 1\non = \"h\"\n\
                [endpoints.e]\nvisits = [{ call = \"f\" }, { station = \"s\", time = \"2ms\" }]\n\
                [endpoints.f]\nvisits = [{ station = \"s\", time = \"3ms\" }]\n";
    let text = loops(
        1,
        "{ request = \"e\" }, { request = \"f\" }, { sleep = \"80ms\" }",
        rest,
    );
    let (outcome, _) = run(&text, 1);
    let generator = outcome.stations.last().unwrap();
    assert_eq!(generator.completed, outcome.recorder.requests());
    // 1 + 3 + 2 ms, then 1 + 3 ms.
    let durations: Vec<u64> = outcome.recorder.durations.iter().collect();
    assert_eq!(durations[..2], [6_000_000, 4_000_000]);
}

#[test]
fn exact_times_with_more_at_work_than_cores() {
    // Two begin at once on one core, 10 ms and 30 ms of work: one is done after 20, the other after 40.
    let text = "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = 1\niterations = 1\njourney = \"j\"\n\
                [journeys]\nj = [{ request = \"e\" }]\n[hosts.h]\ncores = 1\n\
                [stations.a]\nservers = 1\non = \"h\"\n[stations.b]\nservers = 1\non = \"h\"\n\
                [endpoints.e]\nvisits = [{ parallel = [\"f\", \"g\"] }]\n\
                [endpoints.f]\nvisits = [{ station = \"a\", time = \"10ms\" }]\n\
                [endpoints.g]\nvisits = [{ station = \"b\", time = \"30ms\" }]\n";
    let (outcome, _) = run(text, 1);
    assert_eq!(
        outcome.recorder.durations.iter().collect::<Vec<u64>>(),
        [40_000_000]
    );
    let served: Vec<u128> = outcome
        .op_times
        .iter()
        .map(|t| t.served)
        .filter(|ns| *ns > 0)
        .collect();
    assert_eq!(served, [20_000_000, 40_000_000]);
    let host = &outcome.hosts[0];
    assert_eq!(host.lost, [10_000_000.0, 10_000_000.0]);
    assert_eq!(host.used(outcome.end_time()), 40_000_000.0);
}

#[test]
fn cores_enough_for_all_change_no_time() {
    let station = |on: &str| {
        let rest = format!(
            "{on}[endpoints.e]\nvisits = [{{ station = \"s\", time = {{ exponential = \"25ms\" }} }}]\n"
        );
        let (outcome, _) = run(&open(100, 30, &rest), 3);
        outcome.recorder.durations.iter().collect::<Vec<u64>>()
    };
    let alone = station("[stations.s]\nservers = 3\n");
    let on_host = station("[hosts.h]\ncores = 3\n[stations.s]\nservers = 3\non = \"h\"\n");
    assert!(alone.len() > 2500);
    assert_eq!(alone, on_host);
}

#[test]
fn the_host_is_named_and_its_ceiling_told() {
    let text = std::fs::read_to_string("docs/mechanisms/hosts.toml").unwrap();
    let model = model(&text);
    let one = &analyse(&model)[0];
    let first = &one.demands[0];
    assert_eq!(
        (first.kind, first.name.as_str()),
        (Kind::Host(0), "host box")
    );
    // 0.2 + 1 + 0.5 ms on two cores.
    assert!((first.ceiling - 2.0 / 0.0017).abs() < 1e-6);
    let outcome = World::new(&model, 1, 0).run();
    let account = Account::of(&outcome, &model);
    let choice = account.bottleneck().unwrap();
    let kinds: Vec<Kind> = choice.limits.iter().map(|l| l.kind).collect();
    assert_eq!(kinds, [Kind::Host(0)]);
    assert!((0.95..=1.0).contains(&choice.limits[0].utilisation));
    // All that is waited is waited because of it, but for what five backends would make wait on five cores.
    assert!(account.harm(choice.limits[0]) > 0.8);
}

#[test]
fn laws_hold_on_hosts_whatever_else_there_is() {
    // The end of each run is audited.
    for number in 0..60 {
        let cores = 0.5 * (1 + number % 5) as f64;
        let generator = if number % 2 == 0 {
            "load_generator = \"1ms\"\n"
        } else {
            ""
        };
        let mut text = random_model::random_model(number);
        for station in ["s0", "s1", "s2"].iter().take(1 + (number % 3) as usize) {
            let head = format!("[stations.{station}]\n");
            text = text.replace(&head, &format!("{head}on = \"h\"\n"));
        }
        let setup = match number % 3 {
            0 => "setup = { time = \"1ms\", after = \"2ms\" }\n",
            1 => "setup = { time = \"1ms\", half_after = \"2ms\" }\n",
            _ => "",
        };
        text += &format!("[hosts.h]\ncores = {cores}\n{generator}{setup}");
        let Ok(model) = Model::from_text("test.toml", &text, &[]) else {
            continue;
        };
        let [a, b] = [0, 0].map(|_| World::new(&model, number, 0).run());
        assert_eq!(a.fingerprint, b.fingerprint);
        let end = a.end_time();
        assert!(a.hosts[0].used(end) <= cores * end.0 as f64 * (1.0 + 1e-9));
    }
}

#[test]
fn what_cannot_be_is_told() {
    let why = |text: &str| match Model::from_text("m.toml", text, &[]) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(problems) => problems.to_string(),
    };
    let rest = "[endpoints.e]\nvisits = [{ station = \"s\", time = \"1ms\" }]\n";
    let unknown =
        format!("[hosts.box]\ncores = 2\n[stations.s]\nservers = 1\non = \"bix\"\n{rest}");
    let unknown = why(&open(1, 1, &unknown));
    assert!(
        unknown.contains("there is no host `bix`") && unknown.contains("box"),
        "{unknown}"
    );
    let two = format!(
        "[hosts.a]\ncores = 2\nload_generator = \"1ms\"\n[hosts.b]\ncores = 2\nload_generator = \"1ms\"\n\
         [stations.s]\nservers = 1\non = \"a\"\n{rest}"
    );
    assert!(why(&open(1, 1, &two)).contains("the load generator runs on one host"));
    let none = format!("[hosts.a]\n[stations.s]\nservers = 1\non = \"a\"\n{rest}");
    assert!(why(&open(1, 1, &none)).contains("cores"));
}

#[test]
fn the_first_service_on_an_idle_host_is_longer() {
    // M/G/1 with setup, as in by_number.rs (Welch 1964): per millisecond λ = 0.04, E[S] = 20, a setup of 30 after 10.
    let q = libm::exp(-0.4);
    let response = 100.0 + q * (60.0 + 36.0) / (2.0 * (1.0 + q * 1.2));
    let rest = "[hosts.box]\ncores = 1\nsetup = { time = \"30ms\", after = \"10ms\" }\n\
                [stations.s]\nservers = 1\non = \"box\"\n\
                [endpoints.e]\nvisits = [{ station = \"s\", time = { exponential = \"20ms\" } }]\n";
    meets(&open(40, 1200, rest), 0.04 * response, present);
}

#[test]
fn a_host_is_idle_when_none_of_its_stations_works() {
    let text = "[scenarios.default]\nexecutor = \"trace-arrivals\"\nat = [\"0s\", \"60ms\", \"119ms\", \"500ms\"]\n\
                journey = \"j\"\n[journeys]\nj = [{ request = \"e\" }]\n\
                [hosts.box]\ncores = 4\nsetup = { time = \"5ms\", after = \"10ms\" }\n\
                [stations.a]\nservers = 1\non = \"box\"\n[stations.b]\nservers = 1\non = \"box\"\n\
                [endpoints.e]\nvisits = [{ station = \"a\", time = \"10ms\" }, { delay = \"5ms\" }, \
                { station = \"b\", time = \"20ms\" }, { station = \"a\", time = \"10ms\" }]\n";
    let (outcome, _) = run(text, 1);
    let durations = outcome.recorder.durations.iter();
    let ms: Vec<u64> = durations.map(|ns| ns / 1_000_000).collect();
    // 10 + 5 + 20 + 10, and a setup before all but the third, which comes 9 ms after the second has left. The delay of 5 ms is
    // too short for one, and what follows without a pause finds the host at work until then.
    assert_eq!(ms, [50, 50, 45, 50]);
    let setups: Vec<u64> = outcome.stations.iter().map(|s| s.setups).collect();
    assert_eq!(setups, [3, 0]);
}

#[test]
fn a_setup_is_of_the_host_or_of_its_station() {
    let setup = "setup = { time = \"1ms\" }";
    let rest = format!(
        "[hosts.box]\ncores = 1\n{setup}\n[stations.s]\non = \"box\"\nservers = 1\n{setup}\n\
         [endpoints.e]\nvisits = [{{ station = \"s\", time = \"1ms\" }}]\n"
    );
    let why = Model::from_text("host.toml", &open(1, 1, &rest), &[]).unwrap_err();
    let why = why.to_string();
    assert!(why.contains("its station `s` has one, too"), "{why}");
}
