//! What a VU asks of its host, and what the host answers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// Tags of a sample.
pub type Tags = BTreeMap<String, String>;

/// What a VU does next. The host carries it out and resumes the VU with an [`Answer`].
#[derive(Debug)]
pub enum Effect {
    /// The init code has run. Answer: [`Answer::Run`].
    Ready,
    /// A call is over. Answer: [`Answer::Run`].
    Done(End),
    /// Sends a request and waits for its end. Answer: [`Answer::Response`].
    Request(Rc<Request>),
    /// Sends a request and goes on. Answer: [`Answer::Go`] at once.
    Send(Rc<Request>),
    /// Waits until one of the requests that were sent ends, or until this time, whichever is first.
    /// Answer: [`Answer::Response`] or [`Answer::Go`].
    Wait(Option<Duration>),
    /// Sleeps. Answer: [`Answer::Go`].
    Sleep(Duration),
    /// A check was made.
    Check {
        /// Its name.
        name: Rc<str>,
        /// Whether it passed.
        passed: bool,
        /// Tags of the sample.
        tags: Rc<Tags>,
        /// The group that it is in, `::outer::inner`, or empty.
        group: Rc<str>,
    },
    /// A custom metric got a value.
    MetricAdd {
        /// Its name.
        name: Rc<str>,
        /// The value; 0 or 1 for rates is up to the host: any value but 0 is a hit.
        value: f64,
        /// Tags of the sample.
        tags: Rc<Tags>,
        /// The group that it is in.
        group: Rc<str>,
    },
    /// A group begins.
    GroupStart(Rc<str>),
    /// A group ended.
    GroupEnd {
        /// Its path.
        group: Rc<str>,
        /// Tags of the sample.
        tags: Rc<Tags>,
        /// How long it took.
        duration: Duration,
    },
    /// A line of the log.
    Log(LogLine),
    /// The script marked the test as failed and goes on.
    MarkFailed(String),
    /// The script read a field of a body that was made up ([`Response::made_up`]).
    Read {
        /// Number of the request.
        request: u64,
        /// Path of the field.
        path: String,
    },
    /// The script asks how the run stands. Answer: [`Answer::Instance`].
    Instance,
}

/// What the host resumes a VU with.
#[derive(Debug)]
pub enum Answer {
    /// Goes on.
    Go,
    /// A request ended.
    Response(Box<Response>),
    /// How the run stands.
    Instance(Instance),
    /// Begins a call.
    Run(Box<Call>),
    /// Interrupts the running call: no `catch` or `finally` of the script runs.
    Stop,
}

/// A call into the script.
#[derive(Clone, Debug)]
pub enum Call {
    /// The function `setup`; its data is in [`End::value`].
    Setup,
    /// One iteration.
    Iteration(Iteration),
    /// The function `teardown`, with the data of `setup`.
    Teardown(Option<Rc<str>>),
    /// The function `handleSummary` with its argument as JSON; the outputs are in [`End::value`].
    Summary(Rc<str>),
}

/// What a script can ask about the iteration that it runs.
#[derive(Clone, Debug, Default)]
pub struct Iteration {
    /// The exported function to call, `default` if the scenario names none.
    pub exec: Rc<str>,
    /// Name of the scenario.
    pub scenario: Rc<str>,
    /// Name of the executor.
    pub executor: Rc<str>,
    /// Start of the scenario since the start of the test.
    pub scenario_start: Duration,
    /// Number of the VU, from 1.
    pub vu: u64,
    /// Iterations this VU has begun before, of all scenarios.
    pub iteration: u64,
    /// Iterations this VU has begun before in this scenario.
    pub iteration_in_scenario: u64,
    /// Iterations begun before in this scenario, of all VUs.
    pub iteration_in_test: u64,
    /// Tags of the scenario.
    pub tags: Rc<Tags>,
    /// Environment of the scenario, over that of the script.
    pub env: Rc<Tags>,
    /// What `setup` returned, as JSON.
    pub data: Option<Rc<str>>,
}

/// How the run stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Instance {
    /// Iterations that are over.
    pub completed: u64,
    /// Iterations that were interrupted.
    pub interrupted: u64,
    /// VUs that run an iteration.
    pub active: u64,
    /// VUs that exist.
    pub initialized: u64,
    /// Progress of the scenario, from 0 to 1.
    pub progress: f64,
}

/// How a call ended.
#[derive(Debug, Default)]
pub struct End {
    /// What it returned, as JSON.
    pub value: Option<String>,
    /// What ended it early.
    pub failure: Option<Failure>,
}

/// What ended a call, or the init code, early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The host interrupted it.
    Stopped,
    /// The script threw: name, message and stack as k6 logs them.
    Exception(String),
    /// The script aborted the test, with this text.
    Abort(String),
    /// It ran on and on without any virtual time passing.
    Endless(String),
    /// Its result cannot be handed on: k6's text.
    Result(String),
}

/// Level of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Shown only with `--verbose`.
    Debug,
    /// What `console.log` writes.
    Info,
    /// A warning.
    Warning,
    /// An error.
    Error,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Its level.
    pub level: Level,
    /// Its text.
    pub text: String,
    /// Fields beside the text, such as `error`.
    pub fields: Vec<(String, String)>,
}

/// Names and values of headers.
pub type Headers<T> = Vec<(T, T)>;

/// One request, one hop of a chain of redirects.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its number among the requests of this VU.
    pub id: u64,
    /// Method, in capitals.
    pub method: Rc<str>,
    /// Address with query, without fragment, user and password.
    pub url: Rc<str>,
    /// The tag `url`.
    pub url_tag: Rc<str>,
    /// The tag `name`.
    pub name: Rc<str>,
    /// Headers in the order in which they are sent.
    pub headers: Headers<Rc<str>>,
    /// Body, empty for none.
    pub body: Vec<u8>,
    /// Tags of its samples, beside those of the system.
    pub tags: Rc<Tags>,
    /// How long its end may take; the host ends it with [`RequestError::TIMEOUT`].
    pub timeout: Duration,
    /// Which statuses are expected; `None`: `http_req_failed` gets no sample.
    pub expected: Option<Rc<[(u16, u16)]>>,
    /// The group that it is in.
    pub group: Rc<str>,
}

impl Request {
    /// The answer to a request that cannot be sent, at once.
    #[must_use]
    pub fn refusal(&self) -> Option<Response> {
        let scheme = self.url.split(':').next().unwrap_or_default();
        if matches!(scheme, "http" | "https") {
            return None;
        }
        Some(Response {
            id: self.id,
            error: Some(RequestError {
                code: 1000,
                message: format!("unsupported protocol scheme \"{scheme}\""),
                detail: None,
                in_body: false,
            }),
            ..Response::default()
        })
    }

    /// Whether the answer counts as failed; `None`: nobody asks.
    #[must_use]
    pub fn failed(&self, response: &Response) -> Option<bool> {
        let expected = self.expected.as_ref()?;
        Some(
            response.error.is_some()
                || !expected
                    .iter()
                    .any(|&(from, to)| (from..=to).contains(&response.status)),
        )
    }
}

/// The end of a request.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// Number of the request.
    pub id: u64,
    /// Status; 0 if no answer came.
    pub status: u16,
    /// Headers; a name may stand several times.
    pub headers: Headers<Cow<'static, str>>,
    /// Body; `None` if the answer can have none.
    pub body: Option<Vec<u8>>,
    /// The body is made up: as JSON it has every field that the script reads, and tells which ([`Effect::Read`]).
    pub made_up: bool,
    /// Durations of its parts.
    pub timings: Timings,
    /// Address of the server and its port.
    pub remote: (Cow<'static, str>, u16),
    /// What went wrong.
    pub error: Option<RequestError>,
}

impl Response {
    /// Makes the body up. Its text says whose it is, so that a script that parses it itself finds every field, too.
    pub fn make_up(&mut self) {
        self.made_up = true;
        self.body = Some(format!("{{\"made-up\":{}}}", self.id).into_bytes());
    }
}

/// Durations of the parts of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// Waiting for a connection.
    pub blocked: Duration,
    /// Connecting.
    pub connecting: Duration,
    /// Agreeing on encryption.
    pub tls: Duration,
    /// Sending.
    pub sending: Duration,
    /// Waiting for the first byte.
    pub waiting: Duration,
    /// Receiving.
    pub receiving: Duration,
}

/// Why a request has no answer, or not a whole one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestError {
    /// k6's code.
    pub code: u32,
    /// The text in `response.error`.
    pub message: String,
    /// The text in the log, if it is another.
    pub detail: Option<String>,
    /// The headers had come.
    pub in_body: bool,
}

impl RequestError {
    /// Code of a timeout.
    pub const TIMEOUT: u32 = 1050;

    /// The error of a request that took too long.
    #[must_use]
    pub fn timeout(in_body: bool) -> RequestError {
        RequestError {
            code: RequestError::TIMEOUT,
            message: "request timeout".to_owned(),
            detail: None,
            in_body,
        }
    }
}
