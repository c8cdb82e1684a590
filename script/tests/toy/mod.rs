//! A small host: some executors, a server and a log, in virtual time.

mod drive;
mod logfmt;
mod options;
mod server;
mod verdict;

use capsim_script::{
    Answer, Call, End, Failure, Level, LogLine, Response, Script, ScriptVu, Settings, VuFactory,
};
use options::{Executor, Scenario};
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

/// What a run came to.
pub struct Outcome {
    pub exit_code: i32,
    pub log: Vec<String>,
    /// Samples and their sum.
    pub metrics: BTreeMap<String, (usize, f64)>,
    /// Every effect with its time and its VU.
    pub trace: Vec<String>,
    /// Why VUs did not share an engine.
    pub alone: Option<String>,
    /// What they changed that all see.
    pub interference: Option<String>,
}

impl Outcome {
    fn failed(exit_code: i32, line: &LogLine) -> Outcome {
        Outcome {
            exit_code,
            log: vec![logfmt::line(line)],
            metrics: BTreeMap::new(),
            trace: Vec::new(),
            alone: None,
            interference: None,
        }
    }
}

enum Event {
    Scenario(usize),
    Tick(usize),
    Stop(usize),
    Next(usize),
    Wake(usize, u64),
    Response(usize, u64, Box<Response>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Idle,
    Sleep,
    One(u64),
    Any,
}

struct User {
    vu: ScriptVu,
    number: u64,
    scenario: Option<usize>,
    iterations: u64,
    in_scenario: u64,
    waiting: Waiting,
    busy: bool,
    /// Its sleep was cut short by an abort: the next wait ends the iteration.
    doomed: bool,
    generation: u64,
    call: u64,
    started: Duration,
    inbox: VecDeque<Box<Response>>,
}

/// The host while it runs.
pub struct Host {
    vus: VuFactory,
    trace: Vec<String>,
    script: Rc<Script>,
    scenarios: Vec<Scenario>,
    begun: Vec<u64>,
    full: Vec<bool>,
    users: Vec<User>,
    queue: BTreeMap<(Duration, u64), Event>,
    sequence: u64,
    now: Duration,
    server: server::Server,
    log: Vec<LogLine>,
    metrics: BTreeMap<String, Vec<f64>>,
    data: Option<Rc<str>>,
    result: Option<End>,
    aborted: Option<String>,
    marked: bool,
    completed: u64,
    interrupted: u64,
}

fn log_line(level: Level, text: &str, fields: &[(&str, &str)]) -> LogLine {
    LogLine {
        level,
        text: text.to_owned(),
        fields: fields
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect(),
    }
}

const TRACE: [(&str, &str); 2] = [("hint", "script exception"), ("source", "stacktrace")];

/// Runs a script against the toy server.
pub fn run(path: &Path) -> Outcome {
    run_with(path, Settings::default())
}

/// Runs a script with these settings.
pub fn run_with(path: &Path, settings: Settings) -> Outcome {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let script = match Script::load(path, settings) {
        Ok(script) => script,
        Err(failure) => {
            let (code, line) = match failure {
                Failure::Abort(text) => {
                    let text = format!(
                        "could not initialize '{name}': could not load JS test '{name}': {text}"
                    );
                    (108, log_line(Level::Error, &text, &[]))
                }
                Failure::Exception(text) | Failure::Endless(text) | Failure::Result(text) => {
                    (107, log_line(Level::Error, &text, &TRACE))
                }
                Failure::Stopped => (107, log_line(Level::Error, "stopped", &[])),
            };
            return Outcome::failed(code, &line);
        }
    };
    let options = script.exports().options.as_deref().unwrap_or("{}");
    let options = serde_json::from_str(options).unwrap_or_default();
    let log = script.init_log();
    let plan = match options::plan(&options) {
        Ok(plan) => plan,
        Err(text) => {
            return Outcome::failed(104, &log_line(Level::Error, &text, &[]));
        }
    };
    let mut host = Host {
        vus: VuFactory::new(&script),
        script,
        trace: Vec::new(),
        begun: vec![0; plan.scenarios.len()],
        full: vec![false; plan.scenarios.len()],
        scenarios: plan.scenarios,
        users: Vec::new(),
        queue: BTreeMap::new(),
        sequence: 0,
        now: Duration::ZERO,
        server: server::Server::default(),
        log,
        metrics: BTreeMap::new(),
        data: None,
        result: None,
        aborted: None,
        marked: false,
        completed: 0,
        interrupted: 0,
    };
    let exit_code = host.all(&plan.thresholds);
    Outcome {
        exit_code,
        alone: host.vus.alone().map(str::to_owned),
        interference: host.vus.interference(),
        trace: host.trace,
        log: host.log.iter().map(logfmt::line).collect(),
        metrics: host
            .metrics
            .into_iter()
            .map(|(name, values)| (name, (values.len(), values.iter().sum())))
            .collect(),
    }
}

impl Host {
    fn all(&mut self, thresholds: &[(String, Vec<String>)]) -> i32 {
        self.add_user(0, None);
        if self.script.exports().has("setup") {
            let end = self.alone(Call::Setup);
            match end.failure {
                None => self.data = end.value.map(Into::into),
                Some(failure) => return self.failed_setup(failure),
            }
        }
        for i in 0..self.scenarios.len() {
            for _ in 0..self.scenarios[i].vus {
                let number = self.users.len() as u64;
                self.add_user(number, Some(i));
            }
            let at = self.now + self.scenarios[i].start;
            self.at(at, Event::Scenario(i));
        }
        self.turn();
        if self.completed == 0 && self.aborted.is_none() {
            let text =
                "No script iterations fully finished, consider making the test duration longer";
            self.log.push(log_line(Level::Warning, text, &[]));
        }
        if self.script.exports().has("teardown") {
            let data = self.data.clone();
            if let Some(Failure::Exception(text)) = self.alone(Call::Teardown(data)).failure {
                self.log.push(log_line(Level::Error, &text, &TRACE));
            }
        }
        let crossed = self.crossed(thresholds);
        self.summary();
        let (code, text) = if let Some(text) = self.aborted.take() {
            (108, text)
        } else if self.marked {
            (110, "test run was marked as failed".to_owned())
        } else if !crossed.is_empty() {
            let names = crossed.join(", ");
            (
                99,
                format!("thresholds on metrics '{names}' have been crossed"),
            )
        } else {
            return 0;
        };
        self.log.push(log_line(Level::Error, &text, &[]));
        code
    }

    fn failed_setup(&mut self, failure: Failure) -> i32 {
        let (code, line) = match failure {
            Failure::Abort(text) => (108, log_line(Level::Error, &text, &[])),
            Failure::Result(text) => (255, log_line(Level::Error, &text, &[])),
            Failure::Exception(text) | Failure::Endless(text) => {
                (107, log_line(Level::Error, &text, &TRACE))
            }
            Failure::Stopped => (107, log_line(Level::Error, "stopped", &[])),
        };
        self.log.push(line);
        code
    }

    fn summary(&mut self) {
        if !self.script.exports().has("handleSummary") {
            return;
        }
        let data = self.summary_data().to_string();
        match self.alone(Call::Summary(data.into())).failure {
            Some(Failure::Exception(text)) => {
                self.log.push(log_line(Level::Error, &text, &TRACE));
            }
            Some(Failure::Result(text)) => {
                let what = "failed to handle the end-of-test summary";
                self.log
                    .push(log_line(Level::Error, what, &[("error", &text)]));
            }
            _ => {}
        }
    }

    fn add_user(&mut self, number: u64, scenario: Option<usize>) {
        let vu = self.vus.vu(number, number);
        self.users.push(User {
            vu,
            number,
            scenario,
            iterations: 0,
            in_scenario: 0,
            waiting: Waiting::Idle,
            busy: true,
            doomed: false,
            generation: 0,
            call: 0,
            started: Duration::ZERO,
            inbox: VecDeque::new(),
        });
        self.drive(self.users.len() - 1, Answer::Go);
    }

    /// Runs a call of the VU that has no scenario.
    fn alone(&mut self, call: Call) -> End {
        self.begin(0, call);
        self.turn();
        self.result.take().unwrap_or_default()
    }

    fn at(&mut self, time: Duration, event: Event) {
        self.sequence += 1;
        self.queue.insert((time, self.sequence), event);
    }

    fn turn(&mut self) {
        while let Some(((time, _), event)) = self.queue.pop_first() {
            let before = self.now;
            match event {
                Event::Wake(user, generation) => {
                    if self.users[user].generation == generation {
                        self.now = time;
                        self.users[user].waiting = Waiting::Idle;
                        self.drive(user, Answer::Go);
                    }
                    continue;
                }
                Event::Stop(_) if !self.users.iter().any(|u| u.busy) => continue,
                _ => self.now = time.max(before),
            }
            match event {
                Event::Response(user, call, response) => self.arrive(user, call, response),
                Event::Scenario(i) => self.start(i),
                Event::Tick(i) => self.tick(i),
                Event::Stop(i) => self.stop(i),
                Event::Next(user) => self.next(user),
                Event::Wake(..) => {}
            }
        }
    }

    fn start(&mut self, i: usize) {
        let s = self.scenarios[i].clone();
        self.at(self.now + s.duration + s.graceful_stop, Event::Stop(i));
        if let Executor::Arrivals(_) = s.executor {
            return self.tick(i);
        }
        for user in self.of(i) {
            self.next(user);
        }
    }

    fn of(&self, scenario: usize) -> Vec<usize> {
        (0..self.users.len())
            .filter(|u| self.users[*u].scenario == Some(scenario))
            .collect()
    }

    fn tick(&mut self, i: usize) {
        let s = self.scenarios[i].clone();
        let Executor::Arrivals(every) = s.executor else {
            return;
        };
        if self.aborted.is_some() {
            return;
        }
        // The VU that has begun least is the one that has been free for longest.
        let free = self.of(i).into_iter().filter(|u| !self.users[*u].busy);
        match free.min_by_key(|u| self.users[*u].in_scenario) {
            Some(user) => self.iterate(user),
            None => {
                self.sample("dropped_iterations", 1.0);
                if !std::mem::replace(&mut self.full[i], true) {
                    let text = format!(
                        "Insufficient VUs, reached {} active VUs and cannot initialize more",
                        s.vus
                    );
                    let fields = [("executor", &*s.kind), ("scenario", &*s.name)];
                    self.log.push(log_line(Level::Warning, &text, &fields));
                }
            }
        }
        if self.now + every <= s.start + s.duration {
            self.at(self.now + every, Event::Tick(i));
        }
    }

    fn stop(&mut self, i: usize) {
        for user in self.of(i) {
            if self.users[user].busy {
                self.drive(user, Answer::Stop);
            }
        }
    }
}
