//! Random models with one planted limit, whose ceiling is lower than all others by a fifth at least: how often
//! the sentence on what limits names it.

use std::collections::BTreeMap;
use std::fmt::Write;

use capsim::engine::stream::Stream;
use capsim::model::Model;
use capsim::study::account::Account;
use capsim::world::World;
use rayon::prelude::*;

/// Models; `CAPSIM_PLANTED` asks for another number.
const MODELS: u64 = 300;

/// What is planted, and what stands beside it.
const KINDS: [&str; 9] = [
    "station", "sharing", "law", "slowdown", "pool", "lock", "row", "room", "vus",
];

struct Draw(Stream);

impl Draw {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.below(1 << 30) as f64 / f64::from(1 << 30)
    }

    fn whole(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.below(high - low + 1)
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.0.below(of.len() as u64) as usize]
    }
}

fn time(law: &str, seconds: f64) -> String {
    let ns = (seconds * 1e9).round();
    match law {
        "constant" => format!("\"{ns}ns\""),
        "erlang" => format!("{{ gamma = {{ mean = \"{ns}ns\", cv = 0.5 }} }}"),
        _ => format!("{{ exponential = \"{ns}ns\" }}"),
    }
}

/// A model under way.
#[derive(Default)]
struct Parts {
    system: String,
    visits: Vec<String>,
    /// Seconds of one iteration that waits for nothing.
    alone: f64,
    rate: Option<f64>,
    vus: Option<f64>,
    event: bool,
    count: u64,
}

impl Parts {
    /// Adds what does so much at most; returns its name.
    fn add(&mut self, draw: &mut Draw, kind: &str, ceiling: f64) -> String {
        self.count += 1;
        let at = self.count;
        let (visit, seconds, name) = match kind {
            "room" => {
                self.rate = Some(ceiling);
                return "the waiting room".into();
            }
            "vus" => {
                self.vus = Some(ceiling);
                return "the VUs of scenario s".into();
            }
            "pool" => self.pool(draw, at, ceiling),
            "lock" => {
                let held = 1.0 / ceiling;
                let (law, inside) = (draw.one(&["constant", "exponential"]), draw.whole(0, 1));
                let inner = match inside {
                    0 => format!("{{ delay = {} }}", time(law, held)),
                    _ => format!("{{ station = \"many\", time = {} }}", time(law, held)),
                };
                let visit = format!("{{ lock = \"global\", visits = [{inner}] }}");
                (visit, held, "the lock of the system".to_owned())
            }
            "row" => {
                // Of 20 events one is wanted so often.
                let hot = draw.between(0.2, 0.7);
                let held = 1.0 / (ceiling * hot);
                self.event = true;
                let _ = write!(
                    self.system,
                    "[inventory]\nevents = 20\nseats_per_event = 2\npopularity = {{ hot = {hot} }}\n"
                );
                let inner = format!("{{ delay = {} }}", time("exponential", held));
                let visit = format!("{{ lock = \"event\", visits = [{inner}] }}");
                (visit, held, "the lock of the event".to_owned())
            }
            _ => self.station(draw, kind, at, ceiling),
        };
        self.alone += seconds;
        self.visits.push(visit);
        name
    }

    fn station(
        &mut self,
        draw: &mut Draw,
        kind: &str,
        at: u64,
        ceiling: f64,
    ) -> (String, f64, String) {
        let law = draw.one(&["constant", "exponential", "exponential", "erlang"]);
        let mut servers = [1, 1, 2, 4, 8][draw.whole(0, 4) as usize];
        let mut seconds = f64::from(servers) / ceiling;
        let extra = match kind {
            "law" => {
                let (best, sigma) = (draw.between(10.0, 60.0), draw.between(0.005, 0.05));
                let kappa = (1.0 - sigma) / (best * best);
                seconds = best / (1.0 + (best - 1.0) * (sigma + kappa * best)) / ceiling;
                servers = 5000;
                format!("scalability = {{ sigma = {sigma}, kappa = {kappa} }}\n")
            }
            "slowdown" => {
                let (gap, share) = (draw.between(500.0, 4000.0), draw.between(0.1, 0.5));
                seconds *= 1.0 - share;
                let lasts = gap * share;
                format!(
                    "slowdowns = [{{ name = \"gc\", every = \"{gap:.3}ms\", lasts = \"{lasts:.3}ms\" }}]\n"
                )
            }
            "sharing" => "discipline = \"processor-sharing\"\n".to_owned(),
            _ => String::new(),
        };
        let _ = write!(
            self.system,
            "[stations.s{at}]\nservers = {servers}\n{extra}"
        );
        let visit = format!("{{ station = \"s{at}\", time = {} }}", time(law, seconds));
        (visit, seconds, format!("station s{at}"))
    }

    /// Half of all pools are held while a station works that does much more.
    fn pool(&mut self, draw: &mut Draw, at: u64, ceiling: f64) -> (String, f64, String) {
        let (mut inner, mut inside) = (String::new(), 0.0);
        if draw.whole(0, 1) == 1 {
            let more = ceiling * draw.between(1.25, 4.0);
            let kind = draw.one(&["station", "sharing"]);
            let (visit, seconds, _) = self.station(draw, kind, 100 + at, more);
            (inner, inside) = (format!(", {visit}"), seconds);
        }
        let size = (ceiling * inside).ceil() + draw.whole(1, 6) as f64;
        let held = size / ceiling;
        let _ = write!(self.system, "[pools.p{at}]\nsize = {size}\n");
        let delay = time("exponential", held - inside);
        let visit = format!("{{ hold = \"p{at}\", visits = [{{ delay = {delay} }}{inner}] }}");
        (visit, held, format!("pool p{at}"))
    }

    /// The whole model, loaded up to so many times what the planted limit can do.
    fn text(&self, draw: &mut Draw, planted: f64, open: bool) -> String {
        let mut text = String::new();
        let length = 4000.0 / planted;
        let mut think = draw.between(0.0, 10.0) / planted;
        let executor = if let Some(ceiling) = self.vus {
            // So many VUs that they do what they should: what is missing is think time.
            let vus = (ceiling * (self.alone + think)).ceil().max(1.0);
            think = vus / ceiling - self.alone;
            let rate = (planted * draw.between(0.85, 1.5)).round().max(1.0);
            format!(
                "\"constant-arrival-rate\"\nrate = {rate}\npre_allocated_vus = {vus}\nmax_vus = {vus}"
            )
        } else if open {
            let rate = planted * draw.between(0.7, 1.2);
            format!("\"poisson-arrivals\"\nrate = {rate:.3}")
        } else {
            let users = planted * (self.alone + think) * draw.between(0.8, 3.0);
            format!("\"constant-vus\"\nvus = {}", users.ceil().max(2.0) + 3.0)
        };
        let mut steps = Vec::new();
        if self.event {
            steps.push("{ pick = \"event\" }".to_owned());
        }
        if let Some(rate) = self.rate {
            steps.push(
                "{ pick = \"user\" }, { request = \"join\" }, { await = \"admission\" }".to_owned(),
            );
            let _ = write!(
                text,
                "[waiting_room]\nadmit = {{ rate = {rate} }}\n[endpoints.join]\nvisits = [{{ issue = \
                 \"token\" }}]\n"
            );
        }
        let (half, ns) = (self.visits.len() / 2, (think.max(1e-6) * 1e9).round());
        steps.push(format!(
            "{{ request = \"a\" }}, {{ request = \"b\" }}, {{ sleep = \"{ns}ns\" }}"
        ));
        let _ = write!(
            text,
            "[scenarios.s]\nexecutor = {executor}\nduration = \"{length:.3}s\"\njourney = \"j\"\n[journeys]\nj = \
             [{}]\n[stations.many]\nservers = 100000\n[endpoints.a]\nvisits = [{}]\n[endpoints.b]\nvisits = \
             [{}]\n{}",
            steps.join(", "),
            self.visits[..half].join(", "),
            self.visits[half..].join(", "),
            self.system
        );
        text
    }
}

/// What one model shows: the kind that was planted, whether more than a twentieth of the time was waiting for
/// it, whether it was named (and if so, alone), and what to read otherwise.
fn shown(seed: u64) -> (&'static str, bool, Option<bool>, String) {
    let mut draw = Draw(Stream::new(seed, 0, "planted"));
    let kind = KINDS[(seed % KINDS.len() as u64) as usize];
    let planted = draw.between(20.0, 200.0);
    let mut parts = Parts::default();
    let mut others: Vec<&str> = Vec::new();
    for _ in 0..draw.whole(1, 4) {
        let other = KINDS[draw.whole(0, 8) as usize];
        let once = ["lock", "row", "room", "vus"].contains(&other);
        if !(once && (other == kind || others.contains(&other))) {
            others.push(other);
        }
    }
    let at = draw.whole(0, others.len() as u64) as usize;
    let mut name = String::new();
    for place in 0..=others.len() {
        if place == at {
            name = parts.add(&mut draw, kind, planted);
        }
        if let Some(other) = others.get(place) {
            let ceiling = planted * draw.between(1.25, 4.0);
            parts.add(&mut draw, other, ceiling);
        }
    }
    let open = draw.whole(0, 2) == 0;
    let text = parts.text(&mut draw, planted, open);
    let model = Model::from_text("p.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let outcome = World::new(&model, seed, 0).run();
    let account = Account::of(&outcome, &model);
    let own = account.limits.iter().filter(|l| l.name.ends_with(&name));
    let waits: f64 = own.map(|l| account.share(l, l.waited).max(l.lost)).sum();
    let choice = account.bottleneck();
    let names: Vec<&str> = choice
        .map(|c| c.limits.iter().map(|l| l.name.as_str()).collect())
        .unwrap_or_default();
    let named = names.iter().any(|n| n.ends_with(&name));
    let rows = capsim::report::resources::resource_table(&account);
    let told = format!("seed {seed}: {name}, not {names:?}\n{rows}");
    (kind, waits > 0.05, named.then_some(names.len() == 1), told)
}

#[test]
fn a_planted_limit_is_named() {
    let asked = std::env::var("CAPSIM_PLANTED").ok();
    let models = asked.and_then(|n| n.parse().ok()).unwrap_or(MODELS);
    let all: Vec<_> = (0..models).into_par_iter().map(shown).collect();
    let mut missed: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut waited, mut named, mut alone) = (0, 0, 0);
    for (kind, waits, found, told) in &all {
        if !waits {
            continue;
        }
        waited += 1;
        if let Some(only) = found {
            named += 1;
            alone += u64::from(*only);
        } else {
            *missed.entry(kind).or_default() += 1;
            println!("{told}");
        }
    }
    println!(
        "{named} of {waited} among {models} are named, {alone} alone; not named, by kind: {missed:?}"
    );
    assert!(waited * 2 > models, "only {waited} of {models} wait");
    assert!(
        named * 100 >= waited * 99,
        "{named} of {waited}: {missed:?}"
    );
}
