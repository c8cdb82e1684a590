//! Random models made of all mechanisms, each switched on or off by the seed: every law holds, every
//! run ends, and the same seed gives the same run. A failure names its seed; `LAWS_SEED=n` runs that
//! one alone and prints its model, `LAWS_MODELS=n` so many.

use capsim::engine::stream::Stream;
use capsim::model::Model;
use capsim::parts::lock::LockProbe;
use capsim::parts::pool::PoolProbe;
use capsim::parts::retry::RetryProbe;
use capsim::parts::station::StationProbe;
use capsim::world::World;
use capsim::world::audit::Balance;
use capsim::world::limiter::LimitProbe;
use capsim::world::outcome::{Outcome, Termination};
use capsim::world::summary::summary;
use rayon::prelude::*;

#[path = "../support/overload_keys.rs"]
mod overload_keys;

/// Models that one `cargo test` tries, and those that `.ci/run` tries.
const MODELS: u64 = 500;
const MORE_MODELS: u64 = 2000;

/// Draws the features of one model.
struct Draw(Stream);

impl Draw {
    fn yes(&mut self, p: f64) -> bool {
        self.0.chance(p)
    }

    fn number(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.below(high - low + 1)
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.0.below(of.len() as u64) as usize]
    }

    /// A time of up to `ms` milliseconds under some law.
    fn time(&mut self, ms: u64) -> String {
        let mean = self.number(1, ms);
        match self.number(0, 7) {
            0 => format!("\"{mean}ms\""),
            1 => format!("{{ uniform = [\"0s\", \"{}ms\"] }}", 2 * mean),
            2 => format!("{{ gamma = {{ mean = \"{mean}ms\", cv = 0.5 }} }}"),
            3 => format!("{{ lognormal = {{ mean = \"{mean}ms\", cv = 2.0 }} }}"),
            4 => format!("{{ erlang = {{ mean = \"{mean}ms\", stages = 3 }} }}"),
            5 => format!("{{ hyperexponential = {{ mean = \"{mean}ms\", cv = 3.0 }} }}"),
            _ => format!("{{ exponential = \"{mean}ms\" }}"),
        }
    }

    /// `text` with probability `p`, else nothing.
    fn some(&mut self, p: f64, text: &str) -> String {
        if self.yes(p) {
            text.to_string()
        } else {
            String::new()
        }
    }
}

fn scenarios(d: &mut Draw) -> String {
    let mut text = String::new();
    for n in 0..d.number(1, 2) {
        let vus = d.number(1, 25);
        let graceful = d.one(&["0s", "500ms", "30s"]);
        let load = match d.number(0, 6) {
            0 => format!("executor = \"constant-vus\"\nvus = {vus}\nduration = \"3s\""),
            1 => format!(
                "executor = \"ramping-vus\"\nstages = [{{ duration = \"2s\", target = {vus} }}, \
                 {{ duration = \"1s\", target = 0 }}]\ngraceful_ramp_down = \"{graceful}\""
            ),
            2 => format!(
                "executor = \"shared-iterations\"\nvus = {vus}\niterations = {}\nmax_duration = \"5s\"",
                vus * 3
            ),
            3 => format!(
                "executor = \"per-vu-iterations\"\nvus = {vus}\niterations = 2\nmax_duration = \"5s\""
            ),
            4 => format!(
                "executor = \"constant-arrival-rate\"\nrate = {}\nduration = \"2s\"\n\
                 pre_allocated_vus = {vus}\nmax_vus = {}",
                vus * 4,
                vus + 5
            ),
            5 => format!(
                "executor = \"poisson-arrivals\"\nrate = {}.0\nduration = \"2s\"",
                vus * 4
            ),
            _ => format!(
                "executor = \"renewal-arrivals\"\ngap = {}\nduration = \"2s\"",
                d.time(80)
                    .replace("uniform = [\"0s\"", "uniform = [\"1ms\"")
            ),
        };
        text += &format!(
            "[scenarios.s{n}]\n{load}\ngraceful_stop = \"{graceful}\"\njourney = \"j{n}\"\n"
        );
        if d.yes(0.3) {
            text += "start_time = \"700ms\"\n";
        }
    }
    text
}

fn stations(d: &mut Draw) -> String {
    let mut text = String::new();
    for n in 0..3 {
        let servers = match d.number(0, 5) {
            0 => "\"infinite\"".to_string(),
            _ => d.number(1, 4).to_string(),
        };
        let discipline = d.one(&["fifo", "lifo", "random", "processor-sharing", "priority"]);
        text += &format!("[stations.st{n}]\nservers = {servers}\ndiscipline = \"{discipline}\"\n");
        if d.yes(0.3) {
            text += &format!("queue = {}\n", d.number(0, 6));
            text += &d.some(0.5, "refusal = \"connection\"\n");
        }
        text += &d.some(0.2, "scalability = { sigma = 0.05, kappa = 0.002 }\n");
        text += &d.some(0.2, "warm_up = { lasts = \"1s\", from = 0.2 }\n");
        if d.yes(0.4) {
            let leaves = d.one(&["0", "0.3", "1.0"]);
            let trigger = match d.number(0, 3) {
                0 => format!("every = {}", d.time(400)),
                1 => format!("after = {}", d.time(400)),
                2 => format!("after_completions = {}", d.number(1, 30)),
                _ => "at = \"600ms\"".to_string(),
            };
            let trigger = trigger.replace("uniform = [\"0s\"", "uniform = [\"1ms\"");
            let lasts = d.time(100);
            text += &format!("slowdowns = [{{ {trigger}, lasts = {lasts}, leaves = {leaves} }}]\n");
        }
    }
    for n in 0..2 {
        text += &format!("[pools.p{n}]\nsize = {}\n", d.number(1, 6));
        text += &d.some(0.3, "queue = 3\n");
        text += &d.some(0.3, "timeout = \"50ms\"\n");
        text += &d.some(
            0.2,
            "warm_up = { lasts = \"1s\", from = 0.2, since = \"load\" }\n",
        );
        if d.yes(0.2) {
            let every = d
                .time(400)
                .replace("uniform = [\"0s\"", "uniform = [\"1ms\"");
            let lasts = d.time(100);
            text +=
                &format!("slowdowns = [{{ every = {every}, lasts = {lasts}, leaves = 0.3 }}]\n");
        }
    }
    text
}

/// A visit to a station, with its options.
fn serve(d: &mut Draw) -> String {
    let (station, class) = (d.number(0, 2), d.number(0, 2));
    let mut visit = format!(
        "{{ station = \"st{station}\", time = {}, class = {class}",
        d.time(20)
    );
    if d.yes(0.2) {
        visit += &format!(", patience = {}", d.time(30));
    }
    if d.yes(0.2) {
        let with = d.one(&["sales", "claims", "tokens", "requests"]);
        visit += &format!(", growth = {{ with = \"{with}\", per_thousand = 5.0 }}");
    }
    visit + " }"
}

/// Some work, in scopes of locks, versions and pools.
fn work(d: &mut Draw, last: &str) -> String {
    let mut visits = vec![serve(d)];
    if d.yes(0.3) {
        visits.push(format!("{{ delay = {} }}", d.time(10)));
    }
    if d.yes(0.15) {
        visits.push("{ fail = 0.1, status = 502 }".to_string());
    }
    if d.yes(0.3) {
        visits.push(overload_keys::call(d));
    }
    if d.yes(0.15) {
        visits.push("{ parallel = [\"inner\", \"other\", \"inner\"] }".to_string());
    }
    if d.yes(0.15) {
        visits.push("{ spawn = \"other\" }".to_string());
    }
    if !last.is_empty() {
        visits.push(last.to_string());
    }
    let mut text = overload_keys::scoped(d, visits.join(", "));
    // Two locks in either order: requests may wait for one another in a circle.
    let keys = if d.yes(0.5) {
        ["event", "user"]
    } else {
        ["user", "event"]
    };
    for key in keys {
        if d.yes(0.3) {
            let timeout = d.some(0.5, ", timeout = \"40ms\"");
            text = format!("{{ lock = \"{key}\"{timeout}, visits = [{text}] }}");
        }
    }
    if d.yes(0.2) {
        text = format!("{{ optimistic = \"event\", visits = [{text}] }}");
    }
    if d.yes(0.3) {
        text = format!("{{ hold = \"p0\", visits = [{text}] }}");
    }
    if d.yes(0.2) {
        text += ", { respond = true }, { delay = \"5ms\" }";
    }
    text
}

fn endpoints(d: &mut Draw) -> String {
    let mut text = String::new();
    let last = [
        ("list", "{ list = \"seats\" }"),
        ("claim", "{ claim = \"seat\" }"),
        ("confirm", "{ confirm = \"seat\" }"),
        ("give", "{ release = \"seat\" }"),
        ("join", "{ issue = \"token\" }"),
        ("status", "{ status = \"queue\" }"),
        ("renew", "{ renew = \"session\" }"),
        ("leave", "{ leave = \"room\" }"),
        ("plain", ""),
    ];
    for (name, last) in last {
        text += &format!("[endpoints.{name}]\n");
        if d.yes(0.2) {
            text += "cancel = true\n";
        } else {
            text += &d.some(0.3, "abandoned_work = 2.0\n");
        }
        text += &d.some(0.3, "timeout = \"60ms\"\n");
        text += &overload_keys::of_endpoint(d);
        let holds = d.some(0.3, "hold = \"p1\"\n");
        text += &holds;
        text += &format!("visits = [{}]\n", work(d, last));
    }
    let deadline = overload_keys::of_endpoint(d);
    text += &format!(
        "[endpoints.inner]\n{deadline}visits = [{{ station = \"own\", time = {} }}, {{ fail = 0.1 }}]\n",
        d.time(12)
    );
    text += &format!("[endpoints.other]\nvisits = [{}]\n", serve(d));
    text + &overload_keys::parts(d)
}

fn journey(d: &mut Draw) -> String {
    let mut steps = vec![
        "{ pick = \"user\" }, { pick = \"event\" }, { request = \"join\" }".to_string(),
        format!("{{ sleep = {} }}", d.time(50)),
    ];
    steps.push(match d.number(0, 2) {
        0 => "{ await = \"admission\" }".to_string(),
        1 => "{ poll = \"status\", until = \"admitted\", every = { uniform = [\"20ms\", \"60ms\"] }, \
              at_most = 5, else = \"continue\" }"
            .to_string(),
        _ => overload_keys::request(d),
    });
    let otherwise = d.one(&["end_iteration", "continue"]);
    let seat = d.one(&[
        "\"seat\"",
        "{ seat = \"first\" }",
        "{ seat = { hot_zone = 2, probability = 0.8 } }",
    ]);
    let pause = d.time(30);
    steps.push(format!(
        "{{ retry = [{{ request = \"list\", pick = {seat} }}, {{ request = \"claim\" }}], \
         at_most = 3, pause = {pause}, else = \"{otherwise}\" }}"
    ));
    if d.yes(0.4) {
        steps.push("{ with_probability = 0.4, steps = [{ end = \"iteration\" }] }".to_string());
    }
    steps.push(d.some(0.3, "{ request = \"renew\" }"));
    steps.push(d.some(0.7, "{ request = \"confirm\" }"));
    steps.push(d.some(0.3, "{ release = \"seat\" }"));
    steps.push(d.some(0.3, "{ request = \"give\" }"));
    steps.push(d.some(0.3, "{ group = \"g\", steps = [{ request = \"plain\" }] }"));
    steps.push(overload_keys::request(d));
    steps.push(d.some(0.4, "{ request = \"leave\" }"));
    steps.retain(|step| !step.is_empty());
    format!("[{}]", steps.join(", "))
}

fn inventory(d: &mut Draw) -> String {
    let (events, seats) = (d.number(1, 5), d.number(1, 70));
    let mut text = format!("[inventory]\nevents = {events}\nseats_per_event = {seats}\n");
    let law = d.one(&["\"uniform\"", "{ zipf = 1.1 }", "{ hot = 0.6 }"]);
    text += &format!("popularity = {law}\n");
    text += &d.some(0.3, "seat_popularity = { zipf = 0.8 }\n");
    if d.yes(0.6) {
        text += &format!("hold_expires_after = {}\n", d.time(300));
        text += &d.some(0.4, "sweep_every = \"90ms\"\n");
    }
    text += &d.some(0.3, "per_user_limit = 2\n");
    let order = d.one(&["fifo", "random-at-opening", "reject", "pass-through"]);
    text += &format!("[waiting_room]\norder = \"{order}\"\n");
    let mut rules = vec![
        d.some(0.4, "rate = 40.0"),
        d.some(0.3, "batch = 5, every = \"150ms\""),
        d.some(0.4, "active = 12"),
    ];
    rules.retain(|rule| !rule.is_empty());
    if rules.is_empty() {
        rules.push("rate = 100.0".to_string());
    }
    text += &format!("admit = {{ {} }}\n", rules.join(", "));
    if d.yes(0.7) {
        text += &format!("session = {}\n", d.time(400));
    }
    text += &d.some(0.3, "poll_expiry = \"45ms\"\n");
    text += &d.some(0.3, "opens_at = \"300ms\"\n");
    text
}

/// The text of a random model.
fn random_model(seed: u64) -> String {
    let mut d = Draw(Stream::new(seed, 0, "random model"));
    let head = format!(
        "[model]\nname = \"random-{seed}\"\nusers = {}\n",
        d.number(1, 40)
    );
    let scenarios = scenarios(&mut d);
    let (first, second) = (journey(&mut d), journey(&mut d));
    let journeys = format!("[journeys]\nj0 = {first}\nj1 = {second}\n");
    let (stations, endpoints) = (stations(&mut d), endpoints(&mut d));
    format!(
        "{head}{scenarios}{journeys}{stations}{endpoints}{}",
        inventory(&mut d)
    )
}

/// Everything that a run prints or that a study reads.
fn bytes(outcome: &Outcome, model: &Model) -> String {
    format!("{outcome:?}{:?}", summary(outcome, model))
}

/// What a run exercised: the suite must reach every mechanism, not only build it.
fn reached(outcome: &Outcome, balance: &Balance) -> [u64; 32] {
    let stations = |of: fn(&StationProbe) -> u64| outcome.stations.iter().map(of).sum::<u64>();
    let pools = |of: fn(&PoolProbe) -> u64| outcome.pools.iter().map(of).sum::<u64>();
    let locks = |of: fn(&LockProbe) -> u64| outcome.locks.iter().flatten().map(of).sum::<u64>();
    let seats = outcome
        .inventory
        .as_ref()
        .map(|(probe, _)| probe.clone())
        .unwrap_or_default();
    let room = outcome.room.clone().unwrap_or_default();
    let retries = |of: fn(&RetryProbe) -> u64| outcome.retries.iter().map(of).sum::<u64>();
    let replicas = outcome.services.iter().flat_map(|s| &s.replicas);
    let limits = outcome.limits.iter().map(|probe| match probe {
        LimitProbe::Rate(rate) => rate.refused,
        LimitProbe::Concurrency(concurrency) => concurrency.refused,
    });
    [
        balance.completed,
        balance.refused,
        balance.failed,
        balance.timed_out,
        balance.interrupted,
        stations(|s| s.refused),
        stations(|s| s.left),
        pools(|p| p.refused),
        pools(|p| p.left),
        locks(|l| l.contended),
        locks(|l| l.left),
        outcome.deadlocks.count,
        outcome.conflicts.iter().sum(),
        seats.sold,
        seats.expired,
        seats.lost,
        room.given_up,
        room.ended,
        retries(|p| p.rescued),
        retries(|p| p.exhausted),
        retries(|p| p.denied),
        retries(|p| p.broken_off),
        retries(|p| p.hedges_won),
        retries(|p| p.hedges_failed),
        outcome.breakers.iter().map(|b| b.rejected).sum(),
        limits.sum(),
        outcome.too_late.iter().sum(),
        outcome.deadlocks.pools.len() as u64,
        outcome.caches.iter().map(|c| c.hits).sum(),
        replicas.map(|r| r.failed).sum(),
        outcome.links.iter().map(|l| l.messages).sum(),
        outcome.links.iter().map(|l| l.lost).sum(),
    ]
}

fn check(seed: u64) -> Result<[u64; 32], String> {
    let text = random_model(seed);
    let model = Model::from_text("random.toml", &text, &[])
        .map_err(|why| format!("seed {seed}: not a sound model:\n{why}\n{text}"))?;
    let (outcome, audit) = World::new(&model, seed, 0).run_audited();
    if let Some(broken) = audit.violations.first() {
        let count = audit.violations.len();
        return Err(format!(
            "seed {seed}: {count} broken, first {broken}\n{text}"
        ));
    }
    if outcome.end != Termination::Finished {
        return Err(format!("seed {seed}: ended with {:?}\n{text}", outcome.end));
    }
    let (again, _) = World::new(&model, seed, 0).run_audited();
    if bytes(&outcome, &model) != bytes(&again, &model) {
        return Err(format!("seed {seed}: two runs differ\n{text}"));
    }
    Ok(reached(&outcome, &audit.balance))
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn random_models_keep_all_laws_and_repeat_themselves() {
    if let Some(seed) = from_environment("LAWS_SEED") {
        println!("{}", random_model(seed));
        println!("{:?}", check(seed).unwrap());
        return;
    }
    let models = from_environment("LAWS_MODELS").unwrap_or(MODELS);
    keep_all_laws(models, 10);
}

#[test]
#[ignore = "four times as many models; .ci/run runs it"]
fn more_random_models_keep_all_laws_and_repeat_themselves() {
    keep_all_laws(MORE_MODELS, 100);
}

/// `at_least` is how often each mechanism must have come into play.
fn keep_all_laws(models: u64, at_least: u64) {
    let checked: Result<Vec<_>, String> = (0..models).into_par_iter().map(check).collect();
    let mut sums = [0_u64; 32];
    for reached in checked.unwrap_or_else(|why| panic!("{why}")) {
        sums.iter_mut().zip(reached).for_each(|(sum, n)| *sum += n);
    }
    println!("{sums:?}");
    assert!(
        models < MODELS || sums.iter().all(|sum| *sum > at_least),
        "{sums:?}"
    );
}
