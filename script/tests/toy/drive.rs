//! How the host drives a VU: it carries out its effects until one takes time.

use super::options::Executor;
use super::{Event, Host, TRACE, Waiting, log_line};
use capsim_script::{
    Answer, Call, Effect, End, Failure, Instance, Iteration, Level, Request, Response,
};

impl Host {
    /// Begins the next iteration of a VU, if there is one.
    pub(super) fn next(&mut self, user: usize) {
        let Some(i) = self.users[user].scenario else {
            return;
        };
        let s = &self.scenarios[i];
        let more = match s.executor {
            _ if self.aborted.is_some() || self.now >= s.start + s.duration => false,
            Executor::Shared(n) => self.begun[i] < n,
            Executor::PerVu(n) => self.users[user].in_scenario < n,
            Executor::Constant => true,
            Executor::Arrivals(_) => false,
        };
        if more {
            self.iterate(user);
        }
    }

    pub(super) fn iterate(&mut self, user: usize) {
        let Some(i) = self.users[user].scenario else {
            return;
        };
        let (s, u) = (&self.scenarios[i], &mut self.users[user]);
        let iteration = Iteration {
            exec: s.exec.as_str().into(),
            scenario: s.name.as_str().into(),
            executor: s.kind.as_str().into(),
            scenario_start: s.start,
            vu: u.number,
            iteration: u.iterations,
            iteration_in_scenario: u.in_scenario,
            iteration_in_test: self.begun[i],
            data: self.data.clone(),
            ..Iteration::default()
        };
        self.begun[i] += 1;
        u.iterations += 1;
        u.in_scenario += 1;
        self.begin(user, Call::Iteration(iteration));
    }

    pub(super) fn begin(&mut self, user: usize, call: Call) {
        let u = &mut self.users[user];
        u.busy = true;
        u.call += 1;
        u.started = self.now;
        u.inbox.clear();
        self.drive(user, Answer::Run(Box::new(call)));
    }

    pub(super) fn arrive(&mut self, user: usize, call: u64, response: Box<Response>) {
        let u = &mut self.users[user];
        if u.call != call || !u.busy {
            return;
        }
        match u.waiting {
            Waiting::One(id) if id == response.id => self.drive(user, Answer::Response(response)),
            Waiting::Any => self.drive(user, Answer::Response(response)),
            _ => u.inbox.push_back(response),
        }
    }

    /// Resumes a VU until it waits.
    pub(super) fn drive(&mut self, user: usize, mut answer: Answer) {
        self.users[user].waiting = Waiting::Idle;
        self.users[user].generation += 1;
        loop {
            let effect = self.users[user].vu.resume(answer, self.now);
            let number = self.users[user].number;
            self.trace
                .push(format!("{:?} {number} {effect:?}", self.now));
            let waits = matches!(
                effect,
                Effect::Request(_) | Effect::Sleep(_) | Effect::Wait(_)
            );
            if waits && self.users[user].doomed {
                answer = Answer::Stop;
                continue;
            }
            match self.carry_out(user, effect) {
                Some(next) => answer = next,
                None => return,
            }
        }
    }

    /// Carries out an effect; `None` if it takes time.
    fn carry_out(&mut self, user: usize, effect: Effect) -> Option<Answer> {
        match effect {
            Effect::Ready => self.users[user].busy = false,
            Effect::Done(end) => self.done(user, end),
            Effect::Request(request) => {
                self.users[user].waiting = Waiting::One(request.id);
                self.send(user, &request);
            }
            Effect::Wait(until) => {
                if let Some(response) = self.users[user].inbox.pop_front() {
                    return Some(Answer::Response(response));
                }
                self.users[user].waiting = Waiting::Any;
                if let Some(until) = until {
                    let generation = self.users[user].generation;
                    self.at(until.max(self.now), Event::Wake(user, generation));
                }
            }
            Effect::Sleep(time) => {
                self.users[user].waiting = Waiting::Sleep;
                let generation = self.users[user].generation;
                self.at(self.now.saturating_add(time), Event::Wake(user, generation));
            }
            other => return Some(self.at_once(user, other)),
        }
        None
    }

    /// Carries out an effect that takes no time.
    fn at_once(&mut self, user: usize, effect: Effect) -> Answer {
        match effect {
            Effect::Send(request) => self.send(user, &request),
            Effect::Check { passed, .. } => self.sample("checks", f64::from(u8::from(passed))),
            Effect::MetricAdd { name, value, .. } => self.sample(&name, value),
            Effect::GroupEnd { duration, .. } => {
                self.sample("group_duration", duration.as_secs_f64() * 1e3);
            }
            Effect::Log(line) => self.log.push(line),
            Effect::MarkFailed(text) => {
                self.marked = true;
                self.log.push(log_line(Level::Error, &text, &[]));
            }
            Effect::Instance => {
                return Answer::Instance(Instance {
                    completed: self.completed,
                    interrupted: self.interrupted,
                    active: self.users.iter().filter(|u| u.busy).count() as u64,
                    initialized: self.users.len() as u64 - 1,
                    progress: 0.5,
                });
            }
            _ => {}
        }
        Answer::Go
    }

    pub(super) fn sample(&mut self, metric: &str, value: f64) {
        self.metrics
            .entry(metric.to_owned())
            .or_default()
            .push(value);
    }

    fn send(&mut self, user: usize, request: &Request) {
        let response = request
            .refusal()
            .unwrap_or_else(|| self.server.answer(request));
        let t = response.timings;
        for (name, time) in [
            ("http_req_blocked", t.blocked),
            ("http_req_connecting", t.connecting),
            ("http_req_tls_handshaking", t.tls),
            ("http_req_sending", t.sending),
            ("http_req_waiting", t.waiting),
            ("http_req_receiving", t.receiving),
            ("http_req_duration", t.sending + t.waiting + t.receiving),
        ] {
            self.sample(name, time.as_secs_f64() * 1e3);
        }
        self.sample("http_reqs", 1.0);
        if let Some(failed) = request.failed(&response) {
            self.sample("http_req_failed", f64::from(u8::from(failed)));
        }
        let at = self.now + t.sending + t.waiting + t.receiving;
        let call = self.users[user].call;
        self.at(at, Event::Response(user, call, Box::new(response)));
    }

    fn done(&mut self, user: usize, end: End) {
        let u = &mut self.users[user];
        u.busy = false;
        u.doomed = false;
        let Some(i) = u.scenario else {
            self.result = Some(end);
            return;
        };
        let took = self.now - u.started;
        match end.failure {
            None | Some(Failure::Result(_)) => {}
            Some(Failure::Exception(text)) => {
                let s = &self.scenarios[i];
                let fields = [
                    ("executor", &*s.kind),
                    ("scenario", &*s.name),
                    TRACE[0],
                    TRACE[1],
                ];
                self.log.push(log_line(Level::Error, &text, &fields));
            }
            Some(Failure::Abort(text) | Failure::Endless(text)) => {
                self.interrupted += 1;
                return self.abort(text);
            }
            Some(Failure::Stopped) => {
                self.interrupted += 1;
                return;
            }
        }
        self.completed += 1;
        self.sample("iterations", 1.0);
        self.sample("iteration_duration", took.as_secs_f64() * 1e3);
        self.at(self.now, Event::Next(user));
    }

    /// Ends the test. A sleep of another VU returns early, as it does in k6; its next wait ends its iteration.
    fn abort(&mut self, text: String) {
        self.aborted = Some(text);
        for user in 1..self.users.len() {
            if !self.users[user].busy {
                continue;
            }
            let sleeps = self.users[user].waiting == Waiting::Sleep;
            self.users[user].doomed = true;
            self.drive(user, if sleeps { Answer::Go } else { Answer::Stop });
        }
    }
}
