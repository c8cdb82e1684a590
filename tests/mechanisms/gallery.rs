//! The finding of each model of the gallery, and the two behaviours that no formula gives.

use capsim::engine::Time;
use capsim::model::{Model, Override};
use capsim::stats::quantile::percentiles_ns;
use capsim::world::World;
use capsim::world::outcome::Outcome;
use capsim::world::snapshot::Snapshot;

fn text(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{path}: {why}"))
}

fn model(path: &str, set: &[&str]) -> Model {
    let overrides: Vec<Override> = set.iter().map(|s| Override::parse(s).unwrap()).collect();
    Model::from_text(path, &text(path), &overrides).unwrap_or_else(|why| panic!("{why}"))
}

fn gallery(name: &str, set: &[&str]) -> (Model, Outcome) {
    let model = model(&format!("models/gallery/{name}.toml"), set);
    let outcome = World::new(&model, 1, 0).run();
    (model, outcome)
}

/// Answered requests of an endpoint per second of the run.
fn rate(model: &Model, outcome: &Outcome, endpoint: &str) -> f64 {
    durations(model, outcome, endpoint).len() as f64 / outcome.duration.as_secs()
}

/// Durations of the answered requests of an endpoint, in nanoseconds.
fn durations(model: &Model, outcome: &Outcome, endpoint: &str) -> Vec<u64> {
    let record = &outcome.recorder;
    let of = |series: u16| {
        let series = record.series[usize::from(series)];
        let site = &model.sites[series.site.index()];
        model.endpoints[site.endpoint.index()].name == endpoint && series.code.is_expected()
    };
    let all = record.durations.iter().zip(record.request_series.iter());
    all.filter(|(_, series)| of(*series))
        .map(|(d, _)| d)
        .collect()
}

/// Percentile of these durations, in milliseconds.
fn percentile(durations: &[u64], percent: f64) -> f64 {
    percentiles_ns(durations, &[percent]).unwrap()[0]
}

#[test]
fn database_pool_too_small() {
    let (m, small) = gallery("database_pool_too_small", &[]);
    let (_, large) = gallery("database_pool_too_small", &["pools.connections.size=10"]);
    let end = small.end_time();
    assert!((90.0..110.0).contains(&rate(&m, &small, "order")));
    assert!(small.stations[0].in_service.mean(end) / 16.0 < 0.25);
    let waits = durations(&m, &small, "order");
    assert!(percentile(&waits, 50.0) > 1000.0);
    assert!(rate(&m, &large, "order") > 170.0);
    assert!(percentile(&durations(&m, &large, "order"), 95.0) < 500.0);
}

#[test]
fn thread_pool_too_large() {
    let (m, large) = gallery("thread_pool_too_large", &[]);
    let (_, small) = gallery("thread_pool_too_large", &["pools.threads.size=16"]);
    let (few, many) = (rate(&m, &small, "compute"), rate(&m, &large, "compute"));
    assert!(many < few / 2.0, "{many} with 400 threads, {few} with 16");
    let [a, b] = [&small, &large].map(|o| percentile(&durations(&m, o, "compute"), 95.0));
    assert!(a < b / 2.0, "{a} ms with 16 threads, {b} ms with 400");
}

#[test]
fn one_machine() {
    let (m, own) = gallery("one_machine", &[]);
    let (_, apart) = gallery("one_machine", &["hosts.box.load_generator=0ms"]);
    let (with, without) = (rate(&m, &own, "buy"), rate(&m, &apart, "buy"));
    assert!((880.0..910.0).contains(&with), "{with}");
    assert!((1030.0..1112.0).contains(&without), "{without}");
}

#[test]
fn stale_seat_list() {
    let share = |set: &[&str]| {
        let (_, outcome) = gallery("stale_seat_list", set);
        let (probe, _) = outcome.inventory.unwrap();
        let claims = (probe.claimed + probe.lost) as f64;
        (probe.lost as f64 / claims, probe.outdated as f64 / claims)
    };
    let (old, now) = (share(&[]), share(&["inventory.list.refresh=10ms"]));
    assert!((0.35..0.48).contains(&old.0) && old.1 > 0.3, "{old:?}");
    assert!((0.03..0.12).contains(&now.0) && now.1 < 0.02, "{now:?}");
}

#[test]
fn connections_expire_at_once() {
    let jitter = "pools.db.lifetime={ uniform = [\"20s\", \"40s\"] }";
    let slowest = |set: &[&str]| {
        let (m, outcome) = gallery("connections_expire_at_once", set);
        let all = durations(&m, &outcome, "ask");
        let made = outcome.connections[0].unwrap().made;
        (percentile(&all, 50.0), percentile(&all, 100.0), made)
    };
    let (same, differing) = (slowest(&[]), slowest(&[jitter]));
    assert!(same.0 < 50.0 && same.1 > 2500.0, "{same:?}");
    assert!(differing.1 < 1000.0, "{differing:?}");
    // As many are made.
    assert!(
        same.2.abs_diff(differing.2) < same.2 / 4,
        "{same:?} {differing:?}"
    );
}

#[test]
fn slow_third_party() {
    let (m, shared) = gallery("slow_third_party", &[]);
    let (_, apart) = gallery("slow_third_party", &["endpoints.buy.hold=payers"]);
    let browse = |o: &Outcome| percentile(&durations(&m, o, "browse"), 95.0);
    assert!(browse(&shared) > 1000.0, "{} ms", browse(&shared));
    assert!(browse(&apart) < 50.0, "{} ms", browse(&apart));
}

#[test]
fn hot_event() {
    let (m, hot) = gallery("hot_event", &[]);
    let (_, even) = gallery("hot_event", &["inventory.popularity=uniform"]);
    let claim = |o: &Outcome| percentile(&durations(&m, o, "claim"), 95.0);
    assert!(claim(&hot) > 2000.0, "{} ms", claim(&hot));
    assert!(claim(&even) < 100.0, "{} ms", claim(&even));
    let busy = hot.stations[0].in_service.mean(hot.end_time()) / 8.0;
    assert!(busy < 0.35, "the database is {busy} busy");
}

#[test]
fn retry_storm() {
    let (m, storm) = gallery("retry_storm", &[]);
    let budget = "retries.client.budget={ ratio = 0.1 }";
    let (_, cured) = gallery("retry_storm", &[budget]);
    // 70 a second in the first of four minutes, and hardly any afterwards; with a budget, in three of them.
    let answered = |o: &Outcome| durations(&m, o, "ask").len();
    let (a, b) = (answered(&storm), answered(&cured));
    assert!(a < 6_000 && b > 11_000, "{a} without, {b} with a budget");
    let amplification = |o: &Outcome| o.retries[0].amplification();
    assert!(amplification(&storm) > 2.5 && amplification(&cured) < 1.1);
    // At the end the queue is as long as ever, or empty.
    let left = |o: &Outcome| o.in_system;
    assert!(left(&storm) > 5_000 && left(&cured) < 100);
}

#[test]
fn hedging_under_load() {
    let run = |rate: u32, set: &[&str]| {
        let rate = format!("scenarios.default.rate={rate}");
        let (m, o) = gallery("hedging_under_load", &[&[rate.as_str()], set].concat());
        (percentile(&durations(&m, &o, "ask (hedged)"), 99.0), o)
    };
    let never = ["retries.client.hedge.after=1h"];
    let ((hedged, o), (alone, _)) = (run(300, &[]), run(300, &never));
    assert!(hedged < 0.75 * alone, "{hedged} and {alone} ms at 30 %");
    let copies = o.retries[0].amplification();
    assert!((1.3..1.45).contains(&copies), "{copies} copies each");
    let ((hedged, o), (alone, _)) = (run(800, &[]), run(800, &never));
    assert!(
        hedged > 10_000.0 && alone < 550.0,
        "{hedged} and {alone} ms at 80 %"
    );
    assert!(o.retries[0].amplification() > 1.9);
    let (bounded, _) = run(800, &["retries.client.budget={ ratio = 0.05 }"]);
    assert!(bounded < 700.0, "{bounded} ms with a budget");
    let (dropped, _) = run(800, &["retries.client.hedge.cancel=true"]);
    assert!(
        dropped < 0.5 * alone,
        "{dropped} ms where copies are dropped"
    );
}

#[test]
fn overload_without_codel() {
    let (m, fifo) = gallery("overload_without_codel", &[]);
    let codel = "stations.cpu.codel={ target = \"5ms\", interval = \"100ms\" }";
    let lifo = "stations.cpu.discipline=adaptive-lifo";
    let (_, codel) = gallery("overload_without_codel", &[codel, lifo]);
    let good = |o: &Outcome| rate(&m, o, "ask");
    let (a, b) = (good(&fifo), good(&codel));
    assert!(a < 15.0 && b > 65.0, "{a}/s in order, {b}/s with CoDel");
    assert!(percentile(&durations(&m, &codel, "ask"), 95.0) < 150.0);
}

/// One look at the probes each second.
/// Shares of the requests of a service that its replicas got, and the share that failed.
fn shares(outcome: &Outcome) -> (Vec<f64>, f64) {
    let replicas = &outcome.services[0].replicas;
    let all: u64 = replicas.iter().map(|r| r.picked).sum();
    let failed: u64 = replicas.iter().map(|r| r.failed).sum();
    let share = |n: u64| n as f64 / all as f64;
    (
        replicas.iter().map(|r| share(r.picked)).collect(),
        share(failed),
    )
}

#[test]
fn autoscaler_too_slow() {
    let (m, late) = gallery("autoscaler_too_slow", &[]);
    let plan = "services.shop.autoscale.schedule=[{at=\"30s\",replicas=16}]";
    let (_, told) = gallery("autoscaler_too_slow", &[plan]);
    let in_flight =
        ["metric=in-flight", "target=1.2"].map(|key| format!("services.shop.autoscale.{key}"));
    let (_, quicker) = gallery(
        "autoscaler_too_slow",
        &in_flight.each_ref().map(|s| s.as_str()),
    );
    let served =
        |o: &Outcome| durations(&m, o, "order").len() as f64 / o.recorder.requests() as f64;
    let (a, b, c) = (served(&late), served(&told), served(&quicker));
    assert!((0.60..0.72).contains(&a), "{a} served too late");
    assert!(
        b == 1.0 && c > a + 0.05 && c < 0.95,
        "{b} with a plan, {c} by requests in flight"
    );
    assert!(percentile(&durations(&m, &told, "order"), 95.0) < 150.0);
    // 2, 4, 7, 12, 20; with the plan no more than the 16 that it says.
    let [late, told] = [&late, &told].map(|o| &o.services[0]);
    assert_eq!((late.grown, late.up.max(), told.up.max()), (18, 20, 16));
}

#[test]
fn cold_cache() {
    let (m, alone) = gallery("cold_cache", &[]);
    let (_, together) = gallery("cold_cache", &["caches.pages.single_flight=wake"]);
    let lost = |o: &Outcome| o.recorder.requests() - durations(&m, o, "page").len() as u64;
    assert!(
        lost(&alone) > 900 && lost(&together) == 0,
        "{}",
        lost(&alone)
    );
    let [a, b] = [&alone, &together].map(|o| o.caches[0].fetches);
    assert!(a > 1300 && b == 500, "{a} and {b} pages of 500");
}

#[test]
fn one_slow_replica() {
    let (m, turns) = gallery("one_slow_replica", &[]);
    let (_, two) = gallery("one_slow_replica", &["services.shop.balancer=two-choices"]);
    let p95 = |o: &Outcome| percentile(&durations(&m, o, "order"), 95.0);
    assert!(p95(&turns) > 10_000.0, "{} ms", p95(&turns));
    assert!(p95(&two) < 300.0, "{} ms", p95(&two));
    let (slow, other) = (shares(&two).0[2], shares(&two).0[0]);
    assert!(slow < 0.6 * other, "{slow} and {other}");
}

#[test]
fn fails_fast() {
    let least = shares(&gallery("fails_fast", &[]).1);
    // It fails for the last 120 s of 150 s.
    let since = least.1 / 0.8;
    assert!(since > 0.8 && least.0[1] > 0.6, "{least:?}");
    let (_, turns) = gallery("fails_fast", &["services.shop.balancer=round-robin"]);
    let since = shares(&turns).1 / 0.8;
    assert!((0.23..0.27).contains(&since), "{since}");
    let ejects = "services.shop.outliers={ consecutive_errors = 5 }";
    let (_, ejecting) = gallery("fails_fast", &[ejects]);
    assert!(shares(&ejecting).1 < 0.005, "{}", shares(&ejecting).1);
}

fn watched(model: &Model, seconds: u64) -> Vec<Snapshot> {
    let marks: Vec<Time> = (1..=seconds).map(|s| Time(s * 1_000_000_000)).collect();
    World::new(model, 1, 0).run_marked(&marks).snapshots
}

/// Seats that are neither held nor sold, second by second.
fn free_seats(looks: &[Snapshot], seats: u64) -> Vec<u64> {
    let free = |s: &Snapshot| {
        let probe = s.inventory.as_ref().unwrap();
        seats - probe.held.value() - probe.sold
    };
    looks.iter().map(free).collect()
}

fn sold(look: &Snapshot) -> u64 {
    look.inventory.as_ref().unwrap().sold
}

#[test]
fn hold_storm() {
    let model = model("models/gallery/hold_storm.toml", &[]);
    let looks = watched(&model, 900);
    let free = free_seats(&looks, 1000);
    let first = free
        .iter()
        .position(|f| *f == 0)
        .expect("it looks sold out");
    assert!(first < 60, "sold out at first after {first} s");
    // At that time hardly any seat is really sold.
    assert!(sold(&looks[first]) < 150, "{}", sold(&looks[first]));
    // Holds run out in the minute after each two minutes: the waves get smaller.
    let expired = |from: usize, to: usize| {
        let at = |s: usize| looks[s].inventory.as_ref().unwrap().expired;
        at(to) - at(from)
    };
    let (one, two, three) = (expired(90, 200), expired(210, 330), expired(330, 460));
    assert!(
        one > two && two > three && three > 100,
        "{one}, {two}, {three}"
    );
}

#[test]
fn waiting_room_tuned() {
    let (m, steady) = gallery("waiting_room_tuned", &[]);
    let batch = "waiting_room.admit={ batch = 1800, every = \"60s\" }";
    let (_, batches) = gallery("waiting_room_tuned", &[batch]);
    let (_, none) = gallery("waiting_room_tuned", &["waiting_room.order=pass-through"]);
    let shop = |o: &Outcome| percentile(&durations(&m, o, "shop"), 95.0);
    let (a, b, c) = (shop(&steady), shop(&batches), shop(&none));
    assert!(a < 1000.0 && b > 10.0 * a && c > b, "{a}, {b}, {c} ms");
    // The crowd is served in about the same time: the shop decides that.
    let length = |o: &Outcome| o.duration.as_secs();
    assert!(
        length(&steady) < 1.4 * length(&none),
        "{} s",
        length(&steady)
    );
}

#[test]
fn seats_come_back_in_waves() {
    let model = model("models/waves_of_seats.toml", &[]);
    let looks = watched(&model, 300);
    let free = free_seats(&looks, 200);
    let hold = 60;
    let first = free
        .iter()
        .position(|f| *f == 0)
        .expect("it looks sold out");
    assert!(first < 10, "it looks sold out after {first} s");
    let sold_out = looks
        .iter()
        .position(|s| sold(s) == 200)
        .expect("it is sold in the end");
    assert!(sold_out >= 2 * hold, "truly sold after {sold_out} s");
    assert_eq!(sold(&looks[2 * hold - 1]), 0);
    // Two waves: free seats show up around one and two lengths of a hold, and at no other time.
    let wave = |around: usize| free[around - 2..around + 8].iter().max().copied().unwrap();
    assert!(wave(hold) > 20 && wave(2 * hold) > 20, "{free:?}");
    assert!(free[first + 2..hold - 2].iter().all(|f| *f == 0));
    assert!(free[hold + 12..2 * hold - 2].iter().all(|f| *f == 0));
}

#[test]
fn absent_users_hold_places() {
    let path = "models/absent_users.toml";
    let run = |text: &str| {
        let model = Model::from_text(path, text, &[]).unwrap_or_else(|why| panic!("{why}"));
        let outcome = World::new(&model, 1, 0).run();
        // A user who is there asks for a page every five seconds.
        let present = 5.0 * rate(&model, &outcome, "page");
        let admitted = outcome
            .room
            .as_ref()
            .unwrap()
            .active
            .mean(outcome.end_time());
        (present, admitted)
    };
    let (present, admitted) = run(&text(path));
    assert!(admitted > 45.0, "{admitted} places are taken");
    assert!((10.0..28.0).contains(&present), "{present} users are there");
    let strict = text(path).replace(
        "session = \"60s\"",
        "session = \"60s\"\npoll_expiry = \"15s\"",
    );
    let (present, _) = run(&strict);
    assert!(present > 40.0, "{present} users are there");
}

#[test]
fn bots_poll_faster() {
    // Seats that bots have, of all that are sold.
    let share = |set: &[&str]| {
        let (m, outcome) = gallery("bots_poll_faster", set);
        let to_bots = durations(&m, &outcome, "pay_bot").len() as f64;
        let sold = outcome.inventory.unwrap().0.sold;
        assert_eq!(sold, 120);
        to_bots / sold as f64
    };
    let asked = share(&[]);
    let lottery =
        "waiting_room={ preset = \"pre-queue-lottery\", opens_at = \"1m\", admit = { rate = 1 } }";
    let drawn = share(&[lottery]);
    assert!(asked > 0.4, "{asked}");
    assert!((0.03..0.2).contains(&drawn), "{drawn}");
}

#[test]
fn room_hears_late() {
    let look = |set: &[&str]| {
        let path = "models/gallery/room_hears_late.toml";
        let model = model(path, set);
        let marks = [2, 3, 5].map(|minutes| Time(minutes * 60_000_000_000 - 1));
        let marked = World::new(&model, 1, 0).run_marked(&marks);
        let admitted = |at: usize| marked.snapshots[at].room.as_ref().unwrap().admitted;
        let outcome = World::new(&model, 1, 0).run();
        let p95 = percentile(&durations(&model, &outcome, "shop"), 95.0);
        let longest = outcome.room.as_ref().unwrap().longest.as_secs();
        let course = [0, 1, 2].map(admitted);
        (course, p95, longest)
    };
    // 70 at each of ten centres in the first two minutes. Within the third all know of the crowd, and then 25 come in at each.
    let ([two, three, five], late, _) = look(&[]);
    assert_eq!((two, five - three), (1400, 500));
    assert!(three > 1700, "{three}");
    assert!(late > 60_000.0, "{late} ms");
    let (course, divided, last) = look(&["waiting_room.locations.common=0"]);
    assert_eq!(course, [500, 750, 1250]);
    assert!(divided < 40_000.0, "{divided} ms");
    let (_, low, later) = look(&["waiting_room.admit.per_minute=90"]);
    assert!(low < 40_000.0, "{low} ms");
    assert!(later > 2.0 * last, "{later} and {last} s");
}

#[test]
fn every_gallery_model_has_a_lesson_and_a_test() {
    let own = include_str!("gallery.rs");
    let mut names: Vec<String> = std::fs::read_dir("models/gallery")
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    assert!(names.len() >= 8, "{names:?}");
    for name in names {
        assert!(own.contains(&format!("fn {name}()")), "no test of {name}");
        let head = text(&format!("models/gallery/{name}.toml"));
        assert!(
            head.starts_with('#') && head.contains("# Finding:"),
            "{name} states no finding"
        );
    }
}
