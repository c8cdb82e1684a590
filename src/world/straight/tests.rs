//! Straight runs against the general engine: the same outcome to the last sample.

use crate::engine::stream::Stream;
use crate::model::Model;
use crate::world::World;

/// Draws the features of one model.
struct Draw(Stream);

impl Draw {
    fn number(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.below(high - low + 1)
    }

    fn some(&mut self, p: f64, text: &str) -> String {
        let wanted = self.0.chance(p);
        if wanted { text.into() } else { String::new() }
    }

    /// A time of some milliseconds, now and then none at all.
    fn time(&mut self, ms: u64) -> String {
        let mean = self.number(0, ms);
        match self.number(0, 3) {
            0 => format!("\"{mean}ms\""),
            1 => format!("{{ uniform = [\"0s\", \"{}ms\"] }}", 2 * mean + 1),
            2 => format!(
                "{{ lognormal = {{ mean = \"{}ms\", cv = 1.5 }} }}",
                mean + 1
            ),
            _ => format!("{{ exponential = \"{}ms\" }}", mean + 1),
        }
    }

    fn scenario(&mut self, journey: u64) -> String {
        let vus = self.number(1, 20);
        let load = match self.number(0, 6) {
            0 => format!("executor = \"constant-vus\"\nvus = {vus}\nduration = \"3s\""),
            1 => format!(
                "executor = \"shared-iterations\"\nvus = {vus}\niterations = {}",
                vus * 3
            ),
            2 => format!("executor = \"per-vu-iterations\"\nvus = {vus}\niterations = 2"),
            3 => format!(
                "executor = \"poisson-arrivals\"\nrate = {}\nduration = \"3s\"",
                vus * 3
            ),
            // The last of them arrives when the load ends.
            4 => format!(
                "executor = \"renewal-arrivals\"\ngap = \"{}ms\"\nduration = \"3s\"",
                3000 / vus
            ),
            5 => "executor = \"trace-arrivals\"\nat = [\"0s\", \"1s\", \"1s\", \"3s\"]".into(),
            _ => format!(
                "executor = \"ramping-vus\"\nstages = [{{ duration = \"1s\", target = {vus} }}, \
                 {{ duration = \"1s\", target = {} }}, {{ duration = \"1s\", target = 0 }}]",
                vus / 2
            ),
        };
        let late = self.some(0.3, "start_time = \"700ms\"\n");
        let grace = self.some(0.3, "graceful_stop = \"100ms\"\n");
        format!("{load}\n{late}{grace}journey = \"j{journey}\"\n")
    }

    fn journey(&mut self) -> String {
        let mut steps = Vec::new();
        for _ in 0..self.number(1, 3) {
            let checks = self.some(0.5, ", checks = [\"status is 200\"]");
            let request = format!("{{ request = \"e{}\"{checks} }}", self.0.below(2));
            steps.push(match self.number(0, 4) {
                0 => format!("{{ repeat = [{request}], times = {} }}", self.number(1, 4)),
                _ => request,
            });
            if self.0.chance(0.7) {
                steps.push(format!("{{ sleep = {} }}", self.time(400)));
            }
        }
        // Something must take time.
        steps.push("{ sleep = \"20ms\" }".into());
        steps.join(", ")
    }

    fn endpoint(&mut self) -> String {
        let timeout = self.some(0.2, "timeout = \"500ms\"\n");
        let none = self.0.chance(0.05);
        let visits: Vec<String> = (0..if none { 0 } else { self.number(1, 3) })
            .map(|_| match self.number(0, 2) {
                0 => format!("{{ delay = {} }}", self.time(50)),
                _ => format!(
                    "{{ station = \"s{}\", time = {} }}",
                    self.0.below(2),
                    self.time(60)
                ),
            })
            .collect();
        format!("{timeout}visits = [{}]\n", visits.join(", "))
    }

    fn model(&mut self) -> String {
        let mut text = String::from("[model]\nname = \"straight\"\n");
        for n in 0..self.number(1, 2) {
            text += &format!("[scenarios.a{n}]\n{}", self.scenario(n));
        }
        text += &format!(
            "[journeys]\nj0 = [{}]\nj1 = [{}]\n",
            self.journey(),
            self.journey()
        );
        for n in 0..2 {
            let discipline = match self.number(0, 4) {
                0 => "discipline = \"processor-sharing\"\n",
                1 => "discipline = \"lifo\"\n",
                2 => "discipline = \"random\"\n",
                _ => "",
            };
            let servers = self.number(1, 18);
            text += &format!("[stations.s{n}]\nservers = {servers}\n{discipline}");
            text += &format!("[endpoints.e{n}]\n{}", self.endpoint());
        }
        text
    }
}

fn model(text: &str) -> Model {
    Model::from_text("straight.toml", text, &[]).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// Whether a run stays straight; `None` if the model is not.
fn stays_straight(model: &Model, seed: u64) -> Option<bool> {
    World::new(model, seed, 0).run_if_straight(&mut |_| ())
}

#[test]
fn straight_runs_are_those_of_the_general_engine() {
    let (mut stayed, mut left) = (0, 0);
    for seed in 0..600 {
        let text = Draw(Stream::new(seed, 0, "straight models")).model();
        let model = model(&text);
        match stays_straight(&model, seed) {
            Some(true) => stayed += 1,
            Some(false) => left += 1,
            None => continue,
        }
        for explained in [false, true] {
            let world = || {
                let world = World::new(&model, seed, 0);
                if explained { world.explaining() } else { world }
            };
            let straight = world().run();
            let general = world().run_generally(|_| ());
            assert_eq!(
                straight.fingerprint, general.fingerprint,
                "seed {seed}\n{text}"
            );
            assert_eq!(
                format!("{straight:?}"),
                format!("{general:?}"),
                "seed {seed}, explained: {explained}\n{text}"
            );
        }
    }
    assert!(
        stayed > 300 && left > 20,
        "{stayed} stayed straight, {left} did not"
    );
}

const PLAIN: &str = r#"
[scenarios.all]
executor = "constant-vus"
vus = 3
duration = "2s"
journey = "j"
[journeys]
j = [{ request = "e" }, { sleep = "100ms" }]
[stations.s]
servers = 1
[endpoints.e]
visits = [{ station = "s", time = "5ms" }]
"#;

#[test]
fn a_user_who_arrives_when_the_load_ends_is_served() {
    let load = "executor = \"renewal-arrivals\"\ngap = \"1s\"\nduration = \"3s\"";
    let text = PLAIN.replace(
        "executor = \"constant-vus\"\nvus = 3\nduration = \"2s\"",
        load,
    );
    let model = model(&text);
    assert_eq!(stays_straight(&model, 1), Some(true));
    let straight = World::new(&model, 1, 0).run();
    let general = World::new(&model, 1, 0).run_generally(|_| ());
    assert_eq!(straight.recorder.iterations.len(), 3);
    assert_eq!(format!("{straight:?}"), format!("{general:?}"));
}

#[test]
fn histograms_are_filled_as_well() {
    let model = model(PLAIN);
    let straight = World::new(&model, 1, 0).summarising().run();
    let general = World::new(&model, 1, 0).summarising();
    let general = general.run_generally(|_| ());
    assert_eq!(format!("{straight:?}"), format!("{general:?}"));
    assert!(straight.recorder.tallies.is_some());
}

#[test]
fn what_may_go_wrong_is_not_straight() {
    let straight = |text: &str| stays_straight(&model(text), 1);
    assert_eq!(straight(PLAIN), Some(true));
    let with = |from: &str, to: &str| straight(&PLAIN.replace(from, to));
    assert_eq!(with("servers = 1", "servers = 1\nqueue = 4"), None);
    assert_eq!(with("visits = [", "visits = [{ fail = 0.1 }, "), None);
    assert_eq!(with("sleep = \"100ms\"", "pick = \"user\""), None);
    assert_eq!(
        with("{ station = \"s\", time = \"5ms\" }", ""),
        None,
        "who is answered at once lets others go first"
    );
    // The second of three waits longer than its client does.
    assert_eq!(
        with("[endpoints.e]", "[endpoints.e]\ntimeout = \"8ms\""),
        Some(false)
    );
    // VUs in the midst of an iteration are interrupted.
    assert_eq!(
        with("vus = 3", "vus = 3\ngraceful_stop = \"0s\""),
        Some(false)
    );
}
