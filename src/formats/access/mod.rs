//! Access logs: one request a line, in a layout that is told by the first line or given as text.

mod blocks;
mod clock;
mod guess;
mod json;
mod pattern;

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::{Reading, Record};
use super::source::{Problem, Source};
pub use blocks::Seen;
pub(super) use blocks::{holds_request, read_as, text};
pub(super) use clock::Clock;
use json::Keys;
use pattern::Pattern;

/// How the lines of a log are read.
#[derive(Debug)]
pub struct Layout {
    form: Form,
    /// The layout as text: `--log-format` would take it.
    pub text: String,
    /// Whose it is.
    pub declaration: &'static Declaration,
}

#[derive(Debug)]
enum Form {
    Pattern(Pattern),
    Json(Keys),
}

/// When a line's time is: at the begin of the request or at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Begin,
    End,
}

/// What a line says.
#[derive(Debug, Default)]
pub(super) struct Fields<'l> {
    at: Option<(i64, Moment)>,
    ns: Option<u64>,
    served_ns: Option<u64>,
    status: u16,
    method: &'l str,
    path: &'l str,
    session: &'l str,
    /// Whether the system behind did not answer: then its time is not known.
    aborted: bool,
}

const LOG: Declaration = Declaration {
    form: "nginx log",
    tool: "nginx",
    version: "1.22.1",
    recognised_by: "$remote_addr - $remote_user [$time_local] \"$request\" $status, seconds with decimals behind it",
    fields: "$time_local or $msec (end of the request), $request_time (s, from the first byte of the request to the last of the answer), $upstream_response_time (s, the sum of all tries), $status, $request",
    rule: None,
    percents: &[],
    deviation: Deviation::None,
    resolution: "1 ms; $time_local 1 s",
    left_out: "what never reached the proxy; the queue before it",
    denominator: "begin of the first to end of the last request",
    failed: "in; 4xx and 5xx are counted as failed",
    omission: "no; $request_time grows with slow clients, $upstream_response_time does not",
    is_open: true,
};

/// nginx.
pub static NGINX: Reader = Reader {
    declaration: LOG,
    recognises: |head| is(head, "nginx"),
    read,
};

/// Apache's httpd.
pub static APACHE: Reader = Reader {
    declaration: Declaration {
        form: "Apache log",
        tool: "Apache",
        version: "2.4.71",
        recognised_by: "%h %l %u %t \"%r\" %>s %b without a time behind it; with %D it has to be given as --log-format",
        fields: "%t (begin of the request), %D (us, to the last byte handed over), %>s, %r",
        resolution: "1 us; %t 1 s",
        omission: "no; %D grows with slow clients",
        ..LOG
    },
    recognises: |head| is(head, "Apache"),
    read,
};

/// HAProxy.
pub static HAPROXY: Reader = Reader {
    declaration: Declaration {
        form: "HAProxy log",
        tool: "HAProxy",
        version: "2.6.12",
        recognised_by: "[time with ms] frontend backend/server TR/Tw/Tc/Tr/Ta status",
        fields: "the time in brackets (begin), Ta (ms, from the first byte of the request to the last of the answer, without idle time), Tw, Tc and Tr (ms, its queue, the connection and the server, together the system behind), status, the request in quotes",
        resolution: "1 ms",
        omission: "no; Ta grows with slow clients, Tr with slow uploads",
        ..LOG
    },
    recognises: |head| is(head, "HAProxy"),
    read,
};

/// Tomcat, whose %D has a unit of its own.
pub static TOMCAT: Reader = Reader {
    declaration: Declaration {
        form: "Tomcat log",
        tool: "Tomcat",
        version: "documentation of 9 and 11",
        recognised_by: "nothing: give it as --log-format 'tomcat10:…' from Tomcat 10 on, 'tomcat:…' before",
        fields: "%t (end of the request), %D (us from Tomcat 10 on, ms before), %s, %r",
        resolution: "1 us from Tomcat 10 on, 1 ms before; %t 1 s",
        omission: "no",
        ..LOG
    },
    recognises: |_| false,
    read,
};

/// Envoy's default.
pub static ENVOY: Reader = Reader {
    declaration: Declaration {
        form: "Envoy log",
        tool: "Envoy",
        version: "documentation",
        recognised_by: "[2026-01-01T00:00:00.000Z] \"GET /x HTTP/1.1\" status flags",
        fields: "START_TIME (begin), DURATION (ms), x-envoy-upstream-service-time (ms), RESPONSE_CODE",
        resolution: "1 ms",
        omission: "no",
        ..LOG
    },
    recognises: |head| is(head, "Envoy"),
    read,
};

/// A JSON object a line.
pub static JSON: Reader = Reader {
    declaration: Declaration {
        form: "JSON log",
        tool: "log",
        version: "nginx, Caddy, Traefik, Envoy by documentation",
        recognised_by: "an object a line with a time, a duration whose unit its name tells, and a path",
        fields: "request_time (s), duration_ms and its like, Duration (ns, Traefik), duration (s of Caddy, ms of Envoy); time, ts, msec, time_iso8601, StartUTC, start_time; status; path, uri, request",
        resolution: "as written",
        omission: "no",
        ..LOG
    },
    recognises: |head| is(head, "log"),
    read,
};

/// Whether a file that begins so is a log of this tool.
fn is(head: &str, tool: &str) -> bool {
    first_layout(head).is_some_and(|layout| layout.declaration.tool == tool)
}

/// The layout of the first line that has one: some logs begin with a line that was cut.
pub(super) fn first_layout(head: &str) -> Option<Layout> {
    let lines = head.lines().filter(|line| !line.trim().is_empty());
    lines.take(5).find_map(guess::layout)
}

fn read(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem> {
    let layout = Layout::of(source)?;
    read_as(source, &layout, sink)
}

impl Layout {
    /// A layout given as text: `nginx:$remote_addr …`, `apache:%h …`, `tomcat:%h …` (`tomcat10:%h …` from Tomcat 10 on, whose %D
    /// has another unit), `haproxy:%ci …` or `json:time=…,duration=…:ms,path=…`; without a name in front the signs tell whose it is.
    ///
    /// # Errors
    /// If a part of it is not known, or it names no time and no path.
    pub fn parse(text: &str) -> Result<Layout, String> {
        let known = ["nginx", "apache", "tomcat", "tomcat10", "haproxy", "json"];
        let named = text
            .split_once(':')
            .filter(|(name, _)| known.contains(name));
        let (name, rest) = match named {
            Some(named) => named,
            None if text.contains('$') => ("nginx", text),
            None if text.contains("%ST")
                || text.contains("%HU")
                || text.contains("%T") && text.contains("%ci") =>
            {
                ("haproxy", text)
            }
            None if text.contains('%') => ("apache", text),
            None => {
                return Err(format!(
                    "`{text}` is not a log format: nginx's has $names, Apache's and HAProxy's have %signs"
                ));
            }
        };
        let (form, declaration) = match name {
            "nginx" => (Form::Pattern(Pattern::nginx(rest)?), &NGINX.declaration),
            "tomcat" | "tomcat10" => (
                Form::Pattern(Pattern::tomcat(rest, name == "tomcat10")?),
                &TOMCAT.declaration,
            ),
            "haproxy" => (Form::Pattern(Pattern::haproxy(rest)?), &HAPROXY.declaration),
            "json" => (Form::Json(Keys::parse(rest)?), &JSON.declaration),
            _ => (Form::Pattern(Pattern::apache(rest)?), &APACHE.declaration),
        };
        Ok(Layout {
            form,
            text: text.to_string(),
            declaration,
        })
    }

    /// The layout that the lines of a log have, where they tell it.
    ///
    /// # Errors
    /// If its layout is not known.
    pub fn of(source: &Source) -> Result<Layout, Problem> {
        first_layout(source.head()).ok_or_else(|| {
            source.problem(
                "line 1",
                "the layout of this log is not known",
                "give it as --log-format",
            )
        })
    }

    /// The same layout, one of whose columns tells who sent a request: `$cookie_id`, `%h`, a key of a JSON log.
    ///
    /// # Errors
    /// If there is no such column, or it is something else.
    pub fn with_session(mut self, column: &str) -> Result<Layout, String> {
        match &mut self.form {
            Form::Pattern(pattern) => pattern.session(column)?,
            Form::Json(keys) => keys.session(column),
        }
        Ok(self)
    }

    /// Reads one line, and gives its request to a sink. Returns the time that stands in it.
    pub(super) fn record(
        &self,
        line: &str,
        clock: &mut Clock,
        sink: Sink<'_>,
    ) -> Result<Option<i64>, String> {
        match &self.form {
            Form::Pattern(pattern) => {
                let fields = pattern.read(line, clock)?;
                give(&fields, sink);
                Ok(fields.at.map(|(at, _)| at))
            }
            Form::Json(keys) => {
                let line = keys.read(line, clock)?;
                let fields = line.fields();
                give(&fields, sink);
                Ok(fields.at.map(|(at, _)| at))
            }
        }
    }

    /// The form of a log of another layout that this line has, if it has one.
    pub(super) fn other(&self, line: &str) -> Option<&'static str> {
        let found = guess::layout(line).filter(|other| other.text != self.text);
        found.map(|other| other.declaration.form)
    }

    /// Whether its times are whole milliseconds with what is less cut off, as HAProxy's, Envoy's and the older Tomcats' are.
    #[must_use]
    pub fn is_cut_to_ms(&self) -> bool {
        match &self.form {
            Form::Pattern(pattern) => pattern.is_cut_to_ms(),
            Form::Json(_) => false,
        }
    }

    /// Whether this layout tells how long a request took.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        match &self.form {
            Form::Pattern(pattern) => pattern.is_timed(),
            Form::Json(keys) => keys.is_timed(),
        }
    }
}

fn give(fields: &Fields<'_>, sink: &mut dyn FnMut(&Record<'_>)) {
    let ns = fields.ns.unwrap_or(0);
    let start = fields.at.map(|(at, moment)| match moment {
        Moment::Begin => at,
        Moment::End => at.saturating_sub_unsigned(ns / 1_000),
    });
    sink(&Record {
        start_us: start,
        ns,
        untimed: fields.ns.is_none(),
        served_ns: fields.served_ns,
        status: fields.status,
        failed: fields.status == 0 || fields.status >= 400,
        method: fields.method,
        path: fields.path,
        session: fields.session,
        users: 0,
    });
}
