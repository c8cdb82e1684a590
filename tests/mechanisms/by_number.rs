//! What depends on how many are at a station, against birth–death chains.

use capsim::model::Model;
use capsim::theory::birth_death::stationary;
use capsim::world::World;
use capsim::world::outcome::Outcome;

fn run(text: &str, seed: u64) -> Outcome {
    let model = Model::from_text("number.toml", text, &[]).unwrap_or_else(|why| panic!("{why}"));
    let (outcome, audit) = World::new(&model, seed, 0).run_audited();
    assert_eq!(audit.violations, []);
    outcome
}

/// 40 users a second come to this station, with services of 20 ms, for 20 minutes.
fn station(keys: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"poisson-arrivals\"\nrate = 40\nduration = \"20m\"\njourney = \"go\"\n\
         [journeys]\ngo = [{{ request = \"e\" }}]\n[stations.s]\n{keys}\n\
         [endpoints.e]\nvisits = [{{ station = \"s\", time = {{ exponential = \"20ms\" }} }}]\n"
    )
}

/// Mean number there and share of those who go away, over several seeds, against the chain with these rates.
fn agrees(keys: &str, births: &[f64], deaths: &[f64]) {
    let p = stationary(births, deaths).unwrap();
    let there: f64 = p.iter().enumerate().map(|(n, p)| n as f64 * p).sum();
    // Arrivals see time averages (Wolff 1982).
    let stay: f64 = births.iter().zip(&p).map(|(rate, p)| rate / 40.0 * p).sum();
    agrees_with(keys, there, stay);
}

fn agrees_with(keys: &str, there: f64, stay: f64) {
    let text = station(keys);
    let runs: Vec<[f64; 2]> = (0..12)
        .map(|seed| {
            let outcome = run(&text, seed);
            let (probe, end) = (&outcome.stations[0], outcome.end_time());
            let mean = probe.in_service.mean(end) + probe.queue.mean(end);
            [mean, probe.balked as f64 / probe.arrived as f64]
        })
        .collect();
    for (at, exact) in [there, 1.0 - stay].into_iter().enumerate() {
        let n = runs.len() as f64;
        let mean = runs.iter().map(|r| r[at]).sum::<f64>() / n;
        let square = runs
            .iter()
            .map(|r| (r[at] - mean) * (r[at] - mean))
            .sum::<f64>();
        let error = (square / (n - 1.0) / n).sqrt();
        assert!(
            (mean - exact).abs() <= 4.0 * error + 1e-9,
            "{keys}: {mean} ± {error}, exact {exact}"
        );
        assert!(error < 0.05, "{keys}: {error}");
    }
}

#[test]
fn who_sees_too_many_goes_away() {
    // M/M/1/K with K = 4: who finds three waiting, one in service beside, goes away.
    agrees(
        "servers = 1\nbalking = [0, 0, 0, 1]",
        &[40.0; 4],
        &[50.0; 4],
    );
    // Half of those who find somebody waiting, three quarters of those who find more; two servers.
    let mut births = vec![40.0; 2];
    births.extend([40.0, 20.0]);
    births.extend([10.0; 200]);
    let mut deaths = vec![50.0];
    deaths.extend([100.0; 203]);
    agrees("servers = 2\nbalking = [0, 0.5, 0.75]", &births, &deaths);
    // A queue that is shared: who is there beyond the servers counts as waiting.
    let shared = "servers = 1\ndiscipline = \"processor-sharing\"\nbalking = [0, 0, 0, 1]";
    agrees(shared, &[40.0; 4], &[50.0; 4]);
}

#[test]
fn the_speed_follows_the_number_there() {
    // It hurries: half as fast again with two, twice as fast with three and more.
    let keys = "servers = 1\nspeeds = [1, 1.5, 2]";
    let mut deaths = vec![50.0, 75.0];
    deaths.extend([100.0; 198]);
    agrees(keys, &[40.0; 200], &deaths);
    // It is slower the more there are, with places for five.
    let keys = "servers = 1\nspeeds = [1.2, 1, 0.8, 0.6, 0.4]\nbalking = [0, 0, 0, 0, 1]";
    agrees(keys, &[40.0; 5], &[60.0, 50.0, 40.0, 30.0, 20.0]);
    // Three servers, of which each slows with the number in service and waiting.
    let keys = "servers = 3\nspeeds = [1, 0.8, 0.6]";
    let mut deaths = vec![50.0, 80.0];
    deaths.extend([90.0; 198]);
    agrees(keys, &[40.0; 200], &deaths);
}

/// Of one server by hand: the second comes 10 ms after the first.
#[test]
fn a_service_goes_on_at_another_speed() {
    let text = "[scenarios.default]\nexecutor = \"trace-arrivals\"\nat = [\"1s\", \"1.01s\"]\njourney = \"go\"\n\
                [journeys]\ngo = [{ request = \"e\" }]\n[stations.s]\nservers = 1\nspeeds = [1, 2]\n\
                [endpoints.e]\nvisits = [{ station = \"s\", time = \"20ms\", patience = \"PATIENCE\" }]\n";
    let ends = |patience: &str| {
        let outcome = run(&text.replace("PATIENCE", patience), 1);
        let ms: Vec<u64> = outcome
            .recorder
            .durations
            .iter()
            .map(|ns| ns / 1_000_000)
            .collect();
        ms
    };
    // 10 ms alone, 5 ms at twice the speed; then the second 20 ms alone.
    assert_eq!(ends("1s"), [15, 25]);
    // The second goes away after 3 ms, in which 6 ms were done: 4 ms are left. (The first that ends is the second.)
    assert_eq!(ends("3ms"), [3, 17]);
}

#[test]
fn the_first_service_after_an_idle_time_is_longer() {
    // M/G/1 with setup D: the mean wait grows by (2 E[D] + λ E[D²]) / (2 (1 + λ E[D])) (Welch 1964). Idle times are exponential, so
    // that a setup after a idle milliseconds is there with the probability e^(−λa). Per millisecond: λ = 0.04, E[S] = 20.
    for (setup, after) in [(30.0, 0.0), (30.0, 10.0), (5.0, 40.0)] {
        let (rate, q) = (0.04, libm::exp(-0.04 * after));
        let (first, second) = (q * setup, q * setup * setup);
        let response = 100.0 + (2.0 * first + rate * second) / (2.0 * (1.0 + rate * first));
        let setup = format!("setup = {{ time = \"{setup}ms\", after = \"{after}ms\" }}");
        for keys in ["", "discipline = \"priority\"\npreemption = \"resume\"\n"] {
            let keys = format!("servers = 1\n{keys}{setup}");
            agrees_with(&keys, rate * response, 1.0);
        }
    }
}

#[test]
fn a_gradual_setup_grows_with_the_idle_time() {
    // As above with D = T g / (g + h) after an idle time g, which is exponential: its moments by the midpoint rule.
    let rate = 0.04;
    for (most, half) in [(30.0, 10.0), (30.0, 100.0)] {
        let moment = |of: fn(f64) -> f64| -> f64 {
            let step = 0.01;
            let at = (0..100_000).map(|i| (f64::from(i) + 0.5) * step);
            at.map(|g| of(most * g / (g + half)) * rate * libm::exp(-rate * g) * step)
                .sum()
        };
        let (first, second) = (moment(|d| d), moment(|d| d * d));
        let response = 100.0 + (2.0 * first + rate * second) / (2.0 * (1.0 + rate * first));
        let keys =
            format!("servers = 1\nsetup = {{ time = \"{most}ms\", half_after = \"{half}ms\" }}");
        agrees_with(&keys, rate * response, 1.0);
    }
}

/// Of one server by hand: services of 20 ms, a setup of 5 ms.
#[test]
fn a_setup_is_of_who_comes_to_a_station_that_was_idle_for_long_enough() {
    let ends = |key: &str, after: &str, keys: &str| {
        let text = format!(
            "[scenarios.default]\nexecutor = \"trace-arrivals\"\nat = [\"0s\", \"10ms\", \"60ms\", \"200ms\"]\njourney = \"go\"\n\
             [journeys]\ngo = [{{ request = \"e\" }}]\n[stations.s]\nservers = 1\n\
             setup = {{ time = \"5ms\", {key} = \"{after}\" }}\n{keys}\n\
             [endpoints.e]\nvisits = [{{ station = \"s\", time = \"20ms\" }}]\n"
        );
        let outcome = run(&text, 1);
        let durations = outcome.recorder.durations.iter();
        let ms: Vec<u64> = durations.map(|ns| ns / 1_000_000).collect();
        (ms, outcome.stations[0].setups)
    };
    // Before the first nobody was there. The second waits from 10 to 25 ms; the third comes after 15 ms without anybody, the
    // fourth after 115 or more.
    assert_eq!(ends("after", "0s", ""), (vec![25, 35, 25, 25], 3));
    assert_eq!(ends("after", "15ms", ""), (vec![25, 35, 25, 25], 3));
    assert_eq!(ends("after", "16ms", ""), (vec![25, 35, 20, 25], 2));
    assert_eq!(ends("after", "1s", ""), (vec![25, 35, 20, 20], 1));
    // Another speed while nobody is there is no service.
    let slow = "slowdowns = [{ at = \"50ms\", lasts = \"5ms\", leaves = 0.5 }]";
    assert_eq!(ends("after", "15ms", slow), (vec![25, 35, 25, 25], 3));
    // The third comes after 15 ms without anybody, which is three quarters; the fourth after 120.
    let (ms, setups) = ends("half_after", "5ms", "");
    assert_eq!((ms, setups), (vec![25, 35, 23, 24], 3));
    // Under processor sharing the setup is work as any other: both are there from 10 to 40 ms.
    let shared = "discipline = \"processor-sharing\"";
    assert_eq!(ends("after", "0s", shared).1, 3);
    let both = "setup = { time = \"5ms\", after = \"1s\", half_after = \"1s\" }";
    let why =
        Model::from_text("n.toml", &station(&format!("servers = 1\n{both}")), &[]).unwrap_err();
    let why = why.to_string();
    assert!(why.contains("`half_after` stands beside `after`"), "{why}");
}

#[test]
fn what_goes_with_no_speeds_is_told() {
    let text =
        station("servers = 1\ndiscipline = \"priority\"\npreemption = \"resume\"\nspeeds = [1, 2]");
    let why = Model::from_text("number.toml", &text, &[])
        .unwrap_err()
        .to_string();
    assert!(
        why.contains("`speeds` goes with no pre-emption and no ageing"),
        "{why}"
    );
    let text = station("servers = 1\nscalability = { sigma = 0.1 }\nspeeds = [1, 2]");
    let why = Model::from_text("number.toml", &text, &[])
        .unwrap_err()
        .to_string();
    assert!(
        why.contains("`speeds` says what `scalability` says already"),
        "{why}"
    );
}
