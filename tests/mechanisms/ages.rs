//! What has an age: lists of free seats that are not made anew for each user, and connections of a pool.

use capsim::model::Model;
use capsim::world::World;
use capsim::world::outcome::Outcome;

fn run(text: &str, seed: u64) -> Outcome {
    let model = Model::from_text("ages.toml", text, &[]).unwrap_or_else(|why| panic!("{why}"));
    let (outcome, audit) = World::new(&model, seed, 0).run_audited();
    assert_eq!(audit.violations, []);
    outcome
}

fn refused(text: &str) -> String {
    let read = Model::from_text("ages.toml", text, &[]);
    read.map(|_| String::new())
        .unwrap_or_else(|why| why.to_string())
}

/// Statuses of all requests with a failure, by the order in which they ended: whether each was in conflict.
fn conflicts(outcome: &Outcome) -> Vec<bool> {
    let record = &outcome.recorder;
    let series = record.request_series.iter();
    let codes = series.map(|s| record.series[usize::from(s)].code.0);
    codes.map(|code| code == 409).collect()
}

/// Milliseconds of all requests, in the order in which they ended.
fn durations(outcome: &Outcome) -> Vec<u64> {
    let all = outcome.recorder.durations.iter();
    all.map(|ns| ns / 1_000_000).collect()
}

/// An on-sale of one event: users come at this rate for so long, look, and claim what they pick at once.
fn sale(rate: u32, lasts: &str, pick: &str, inventory: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"constant-arrival-rate\"\nrate = {rate}\nduration = \"{lasts}\"\n\
         pre_allocated_vus = 9\njourney = \"buy\"\n[journeys]\nbuy = [{{ pick = \"user\" }}, {{ pick = \"event\" }}, \
         {{ request = \"list\", pick = {{ seat = \"{pick}\" }} }}, {{ request = \"claim\" }}]\n\
         [endpoints.list]\nvisits = [{{ list = \"seats\" }}]\n\
         [endpoints.claim]\nvisits = [{{ claim = \"seat\" }}]\n[inventory]\nevents = 1\n{inventory}\n"
    )
}

#[test]
fn a_list_that_lags_sells_its_first_seat_again_and_again() {
    // Ten come a second, and all want the first seat of a list that is a second behind. One of them gets it; that
    // it is gone shows with the eleventh after that.
    let text = sale(
        10,
        "10s",
        "first",
        "seats_per_event = 50\nlist = { lag = \"1s\" }",
    );
    let outcome = run(&text, 1);
    let claims: Vec<bool> = conflicts(&outcome).chunks(2).map(|pair| pair[1]).collect();
    let sold: Vec<usize> = (0..claims.len()).filter(|at| !claims[*at]).collect();
    assert_eq!(sold, (0..claims.len()).step_by(11).collect::<Vec<_>>());
    let (probe, _) = outcome.inventory.unwrap();
    // Each of them was gone when the list was shown.
    assert_eq!(probe.lost, probe.outdated);
    assert_eq!(probe.lost as usize, claims.len() - sold.len());
}

#[test]
fn a_list_that_is_refreshed_shows_what_was_free_then() {
    // Every second: of the ten who see one list the first one gets its first seat.
    let text = sale(
        10,
        "10s",
        "first",
        "seats_per_event = 50\nlist = { refresh = \"1s\" }",
    );
    let outcome = run(&text, 1);
    let claims: Vec<bool> = conflicts(&outcome).chunks(2).map(|pair| pair[1]).collect();
    let sold: Vec<usize> = (0..claims.len()).filter(|at| !claims[*at]).collect();
    assert_eq!(sold, (0..claims.len()).step_by(10).collect::<Vec<_>>());
    // A list that is of now knows no conflict.
    let (probe, _) = run(&sale(10, "10s", "first", "seats_per_event = 200"), 1)
        .inventory
        .unwrap();
    assert_eq!((probe.lost, probe.outdated), (0, 0));
}

/// Of n users who pick from one list of m free seats, m (1 − (1 − 1/m)ⁿ) get one (the coupon collector's occupancy:
/// Feller, An Introduction to Probability Theory, vol. 1, IV.2).
fn taken(m: f64, n: f64) -> f64 {
    m * (1.0 - libm::pow(1.0 - 1.0 / m, n))
}

#[test]
fn the_share_of_conflicts_is_that_of_picks_from_one_list() {
    // Five lists of 5 s each, with 200 users on each.
    let inventory = "seats_per_event = 600\nlist = { refresh = \"5s\" }";
    let text = sale(40, "25s", "uniform", inventory);
    let differences: Vec<f64> = (0..200)
        .map(|seed| {
            let outcome = run(&text, seed);
            let claims: Vec<bool> = conflicts(&outcome).chunks(2).map(|pair| pair[1]).collect();
            let (mut free, mut expected, mut sold) = (600.0, 0.0, 0.0);
            // The last arrival is that of the end.
            for list in claims[..1000].chunks(200) {
                expected += taken(free, 200.0);
                let got = list.iter().filter(|conflict| !**conflict).count() as f64;
                (free, sold) = (free - got, sold + got);
            }
            sold - expected
        })
        .collect();
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let square = differences
        .iter()
        .map(|d| (d - mean) * (d - mean))
        .sum::<f64>();
    let error = (square / (n - 1.0) / n).sqrt();
    assert!(mean.abs() < 4.0 * error, "{mean} ± {error}");
    assert!(error < 1.0);
}

#[test]
fn a_random_lag_is_drawn_for_each_list() {
    // The list of each user is up to 2 s old, that of the exponential law may be of any age.
    for lag in ["{ uniform = [\"0s\", \"2s\"] }", "{ exponential = \"1s\" }"] {
        let inventory = format!("seats_per_event = 50\nlist = {{ lag = {lag} }}");
        let (probe, _) = run(&sale(10, "20s", "first", &inventory), 3)
            .inventory
            .unwrap();
        assert!(probe.lost > 0 && probe.claimed > 20, "{lag}: {probe:?}");
    }
    let wrong = refused(&sale(10, "20s", "first", "seats_per_event = 50\nlist = {}"));
    assert!(
        wrong.contains("`list` needs one of `refresh` and `lag`"),
        "{wrong}"
    );
}

/// Users who come at these times, each with one request of 10 ms under a token.
fn pool(at: &[&str], size: u32, keys: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"trace-arrivals\"\nat = {at:?}\njourney = \"go\"\n\
         [journeys]\ngo = [{{ request = \"e\" }}]\n[pools.p]\nsize = {size}\n{keys}\n\
         [endpoints.e]\nhold = \"p\"\nvisits = [{{ delay = \"10ms\" }}]\n"
    )
}

#[test]
fn connections_are_made_age_and_are_closed() {
    let seconds: Vec<String> = (0..24).map(|s| format!("{s}s")).collect();
    let each_second: Vec<&str> = seconds.iter().map(String::as_str).collect();
    let lives = "connect = \"100ms\"\nlifetime = \"10s\"\nopened = 0";
    let outcome = run(&pool(&each_second, 1, lives), 1);
    // One is made at 0 s, there from 0.1 s to 10.1 s; the next from 11.1 s to 21.1 s.
    let slow: Vec<usize> = (0..24).filter(|s| durations(&outcome)[*s] == 110).collect();
    assert_eq!(slow, [0, 11, 22]);
    assert!(durations(&outcome).iter().all(|ms| [10, 110].contains(ms)));
    let probe = outcome.connections[0].unwrap();
    assert_eq!((probe.made, probe.old, probe.unused), (3, 2, 0));
    // All are open at the start, and are of one age then.
    let lives = "connect = \"100ms\"\nlifetime = \"10s\"";
    let both = pool(&["1s", "1s", "20s", "20s"], 2, lives);
    assert_eq!(durations(&run(&both, 1)), [10, 10, 110, 110]);
    // Unused from 0.11 s to 4 s, and from 4.01 s to 10 s.
    let idle = "connect = \"100ms\"\nidle_timeout = \"5s\"\nopened = 0";
    let outcome = run(&pool(&["0s", "4s", "10s"], 1, idle), 1);
    assert_eq!(durations(&outcome), [110, 10, 110]);
    assert_eq!(outcome.connections[0].unwrap().unused, 1);
}

#[test]
fn connections_made_one_at_a_time_wait_for_one_another() {
    let together = ["1s", "1s", "1s"];
    let all = "connect = \"100ms\"\nopened = 0";
    assert_eq!(
        durations(&run(&pool(&together, 3, all), 1)),
        [110, 110, 110]
    );
    let one = format!("{all}\nconnects_at_once = 1");
    assert_eq!(
        durations(&run(&pool(&together, 3, &one), 1)),
        [110, 210, 310]
    );
    // With two tokens the third waits for one of these, and has its connection.
    assert_eq!(
        durations(&run(&pool(&together, 2, &one), 1)),
        [110, 120, 210]
    );
}

#[test]
fn a_request_that_is_dropped_gets_no_connection() {
    // Who is made a connection has gone after 50 ms; the next one has to make another.
    let text = pool(&["1s", "2s"], 1, "connect = \"100ms\"\nopened = 0");
    let text = text.replace(
        "[endpoints.e]\n",
        "[endpoints.e]\ntimeout = \"50ms\"\ncancel = true\n",
    );
    let outcome = run(&text, 1);
    assert_eq!(durations(&outcome), [50, 50]);
    assert_eq!(outcome.connections[0].unwrap().made, 2);
}

/// Users come one by one with a connection that is closed after a second without use: a new one is made after each
/// gap that is longer, e⁻¹ of all.
#[test]
fn an_idle_timeout_closes_as_often_as_gaps_are_longer() {
    let text = "[scenarios.default]\nexecutor = \"poisson-arrivals\"\nrate = 1\nduration = \"3000s\"\njourney = \"go\"\n\
                [journeys]\ngo = [{ request = \"e\" }]\n[pools.p]\nsize = 9\nconnect = \"0s\"\nidle_timeout = \"1s\"\n\
                opened = 0\n[endpoints.e]\nhold = \"p\"\nvisits = []\n";
    let shares: Vec<f64> = (0..20)
        .map(|seed| {
            let outcome = run(text, seed);
            let made = outcome.connections[0].unwrap().made as f64;
            made / outcome.recorder.requests() as f64
        })
        .collect();
    let n = shares.len() as f64;
    let mean = shares.iter().sum::<f64>() / n;
    let square = shares.iter().map(|s| (s - mean) * (s - mean)).sum::<f64>();
    let error = (square / (n - 1.0) / n).sqrt();
    let expected = libm::exp(-1.0);
    assert!(
        (mean - expected).abs() < 4.0 * error,
        "{mean} ± {error}, expected {expected}"
    );
    assert!(error < 0.01);
}

#[test]
fn what_goes_with_no_connection_is_told() {
    let text = |keys: &str| pool(&["1s"], 3, keys);
    let why = refused(&text("connect = \"1ms\"\nopened = 4"));
    assert!(
        why.contains("more connections are `opened` than the pool has: 3"),
        "{why}"
    );
    let why = refused(&text("connect = \"1ms\"\nkeep_alive = \"1s\""));
    assert!(
        why.contains("`keep_alive` is of connections to the system"),
        "{why}"
    );
}
