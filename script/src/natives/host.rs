//! What goes to the host: requests, sleeps, samples, lines of the log.

use super::Desk;
use super::quick::has_length;
use crate::effect::{Answer, Effect, Failure, Headers, Level, LogLine, Request, Response, Tags};
use crate::natives::text::bytes;
use crate::script::Metric;
use rquickjs::function::{Func, Opt};
use rquickjs::{Array, ArrayBuffer, Ctx, Exception, IntoJs, Object, Result, Value};
use std::rc::Rc;
use std::time::Duration;

/// Gives the script the way to its host.
pub(crate) fn install<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    times(natives, desk)?;
    samples(natives, desk)?;
    requests(natives, desk)?;
    questions(natives, desk)
}

pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

pub(super) fn from_milliseconds(ms: f64) -> Duration {
    if ms.is_nan() || ms <= 0.0 {
        return Duration::ZERO;
    }
    Duration::from_nanos((ms * 1e6).round().min(9.2e18) as u64)
}

fn times<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    natives.set("epoch", milliseconds(desk.vu().script.settings().epoch))?;
    let own = desk.clone();
    natives.set(
        "elapsed",
        Func::from(move || milliseconds(own.vu().port.now())),
    )?;
    let own = desk.clone();
    natives.set(
        "sleep",
        Func::from(move |ctx: Ctx<'js>, ms: f64| -> Result<()> {
            own.suspend(&ctx, Effect::Sleep(from_milliseconds(ms)))?;
            Ok(())
        }),
    )?;
    let own = desk.clone();
    natives.set(
        "log",
        Func::from(
            move |ctx: Ctx<'js>,
                  level: String,
                  text: String,
                  fields: Opt<Vec<Vec<String>>>|
                  -> Result<()> {
                let level = match &*level {
                    "debug" => Level::Debug,
                    "warning" => Level::Warning,
                    "error" => Level::Error,
                    _ => Level::Info,
                };
                let fields = fields.0.unwrap_or_default();
                let fields = fields
                    .into_iter()
                    .filter_map(|f| f.try_into().ok())
                    .map(|[name, value]: [String; 2]| (name, value))
                    .collect();
                own.suspend(
                    &ctx,
                    Effect::Log(LogLine {
                        level,
                        text,
                        fields,
                    }),
                )?;
                Ok(())
            },
        ),
    )
}

fn samples<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    let own = desk.clone();
    natives.set(
        "sample",
        Func::from(
            move |ctx: Ctx<'js>,
                  name: String,
                  value: f64,
                  tags: Option<Array<'js>>|
                  -> Result<()> {
                let group = own.vu().group.borrow().clone();
                let tags = Rc::new(tags_of(tags.as_ref())?);
                own.tell(
                    &ctx,
                    Effect::MetricAdd {
                        name: own.texts.kept(&name),
                        value,
                        tags,
                        group,
                    },
                )
            },
        ),
    )?;
    let own = desk.clone();
    natives.set(
        "declare",
        Func::from(move |name: String, kind: String, is_time: bool| {
            own.vu().metrics.borrow_mut().push(Metric {
                name,
                kind,
                is_time,
            });
        }),
    )?;
    groups(natives, desk)
}

fn groups<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    let own = desk.clone();
    let open = move |ctx: Ctx<'js>, name: String| -> Result<String> {
        let vu = own.vu();
        let outer = vu.group.borrow().to_string();
        let group = own.kept(&format!("{outer}::{name}"));
        vu.group.replace(group.clone());
        own.tell(&ctx, Effect::GroupStart(group))?;
        Ok(outer)
    };
    natives.set("openGroup", Func::from(open))?;
    let own = desk.clone();
    let opened = move || own.vu().group.borrow().to_string();
    natives.set("openedGroup", Func::from(opened))?;
    let own = desk.clone();
    let close = move |ctx: Ctx<'js>, outer: String, since: f64| -> Result<()> {
        let vu = own.vu();
        let ended = Effect::GroupEnd {
            group: vu.group.replace(own.kept(&outer)),
            tags: own.defaults_of(&vu).tags.clone(),
            duration: vu.port.now().saturating_sub(from_milliseconds(since)),
        };
        own.tell(&ctx, ended)
    };
    natives.set("closeGroup", Func::from(close))
}

fn requests<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    let own = desk.clone();
    natives.set(
        "request",
        Func::from(
            move |ctx: Ctx<'js>, hop: Array<'js>| -> Result<Array<'js>> {
                let request = request(&own, &hop)?;
                match own.suspend(&ctx, Effect::Request(Rc::new(request)))? {
                    Answer::Response(response) => shown(&ctx, *response),
                    _ => Err(Exception::throw_message(
                        &ctx,
                        "the host did not answer a request",
                    )),
                }
            },
        ),
    )?;
    let own = desk.clone();
    natives.set(
        "send",
        Func::from(move |ctx: Ctx<'js>, hop: Array<'js>| -> Result<u64> {
            let request = request(&own, &hop)?;
            let id = request.id;
            own.suspend(&ctx, Effect::Send(Rc::new(request)))?;
            Ok(id)
        }),
    )?;
    let own = desk.clone();
    natives.set(
        "wait",
        Func::from(
            move |ctx: Ctx<'js>, until: Option<f64>| -> Result<Option<Array<'js>>> {
                let until = until.map(from_milliseconds);
                match own.suspend(&ctx, Effect::Wait(until))? {
                    Answer::Response(response) => own.arrived(&ctx, *response).map(Some),
                    _ => Ok(None),
                }
            },
        ),
    )
}

/// Names and values that stand in turn.
fn pairs<T: From<String>>(list: &Array) -> Result<Vec<(T, T)>> {
    let text = |at| list.get::<String>(at).map(T::from);
    let count = list.len() / 2;
    (0..count)
        .map(|i| Ok((text(2 * i)?, text(2 * i + 1)?)))
        .collect()
}

pub(super) fn tags_of(list: Option<&Array>) -> Result<Tags> {
    list.map_or(Ok(Tags::new()), |list| {
        Ok(pairs(list)?.into_iter().collect())
    })
}

/// The request that the JavaScript side describes; see `Flow.hop` there.
fn request(desk: &Desk, hop: &Array) -> Result<Request> {
    let state = desk.vu();
    let text = |at| hop.get::<String>(at).map(Rc::from);
    let method: Rc<str> = text(0)?;
    let body: Value = hop.get(5)?;
    let body = bytes(&body).unwrap_or_default();
    let mut headers: Headers<Rc<str>> = pairs(&hop.get(4)?)?;
    if has_length(&method, &body) {
        let length = ("Content-Length".into(), body.len().to_string().into());
        headers.insert(headers.len().min(2), length);
    }
    let statuses: Option<usize> = hop.get(8)?;
    Ok(Request {
        id: state.next_request(),
        method,
        url: text(1)?,
        url_tag: text(2)?,
        name: text(3)?,
        headers,
        body,
        tags: Rc::new(tags_of(hop.get::<Option<Array>>(7)?.as_ref())?),
        timeout: from_milliseconds(hop.get(6)?),
        expected: statuses.and_then(|number| desk.defaults.statuses(number)),
        group: state.group.borrow().clone(),
    })
}

/// A response as the JavaScript side takes it: see `Response` there.
pub(super) fn shown<'js>(ctx: &Ctx<'js>, response: Response) -> Result<Array<'js>> {
    let list = Array::new(ctx.clone())?;
    let headers = Array::new(ctx.clone())?;
    let mut at = 0;
    for (name, value) in &response.headers {
        headers.set(at, &**name)?;
        headers.set(at + 1, &**value)?;
        at += 2;
    }
    let t = response.timings;
    let parts = [
        t.blocked,
        t.connecting,
        t.tls,
        t.sending,
        t.waiting,
        t.receiving,
    ];
    list.set(0, response.id)?;
    list.set(1, response.status)?;
    list.set(2, response.made_up)?;
    list.set(3, headers)?;
    list.set(4, content(ctx, response.body)?)?;
    list.set(5, &*response.remote.0)?;
    list.set(6, response.remote.1)?;
    for (at, part) in (7..).zip(parts) {
        list.set(at, milliseconds(part))?;
    }
    if let Some(error) = response.error {
        list.set(13, error.code)?;
        list.set(14, error.message)?;
        list.set(15, error.detail)?;
        list.set(16, error.in_body)?;
    }
    Ok(list)
}

/// A body: a text, if it is one.
fn content<'js>(ctx: &Ctx<'js>, body: Option<Vec<u8>>) -> Result<Value<'js>> {
    let Some(body) = body else {
        return Ok(Value::new_null(ctx.clone()));
    };
    match str::from_utf8(&body) {
        Ok(text) => text.into_js(ctx),
        Err(_) => ArrayBuffer::new(ctx.clone(), body)?.into_js(ctx),
    }
}

fn questions<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    let own = desk.clone();
    natives.set(
        "read",
        Func::from(
            move |ctx: Ctx<'js>, request: u64, path: String| -> Result<()> {
                own.suspend(&ctx, Effect::Read { request, path })?;
                Ok(())
            },
        ),
    )?;
    let own = desk.clone();
    natives.set(
        "inIteration",
        Func::from(move || own.vu().in_iteration.get()),
    )?;
    let own = desk.clone();
    natives.set(
        "iteration",
        Func::from(move |ctx: Ctx<'js>, what: String| -> Result<Value<'js>> {
            let vu = own.vu();
            let i = vu.iteration.borrow();
            match &*what {
                "scenario" => (&*i.scenario).into_js(&ctx),
                "executor" => (&*i.executor).into_js(&ctx),
                "scenarioStart" => milliseconds(i.scenario_start).into_js(&ctx),
                "vu" => i.vu.into_js(&ctx),
                "iteration" => i.iteration.into_js(&ctx),
                "iterationInScenario" => i.iteration_in_scenario.into_js(&ctx),
                "iterationInTest" => i.iteration_in_test.into_js(&ctx),
                _ => Ok(Value::new_undefined(ctx)),
            }
        }),
    )?;
    let own = desk.clone();
    natives.set(
        "scenario",
        Func::from(move |ctx: Ctx<'js>| -> Result<Object<'js>> {
            let vu = own.vu();
            let i = vu.iteration.borrow();
            let object = Object::new(ctx)?;
            object.set("tags", Tags::clone(&i.tags))?;
            object.set("env", Tags::clone(&i.env))?;
            Ok(object)
        }),
    )?;
    let own = desk.clone();
    natives.set(
        "instance",
        Func::from(move |ctx: Ctx<'js>| -> Result<Object<'js>> {
            let Answer::Instance(now) = own.suspend(&ctx, Effect::Instance)? else {
                return Err(Exception::throw_message(
                    &ctx,
                    "the host did not say how the run stands",
                ));
            };
            let object = Object::new(ctx)?;
            object.set("completed", now.completed)?;
            object.set("interrupted", now.interrupted)?;
            object.set("active", now.active)?;
            object.set("initialized", now.initialized)?;
            object.set("progress", now.progress)?;
            Ok(object)
        }),
    )?;
    verdicts(natives, desk)
}

/// How a script ends or marks the test.
fn verdicts<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    let own = desk.clone();
    natives.set(
        "abort",
        Func::from(move |ctx: Ctx<'js>, text: String| -> Result<()> {
            Err(own.vu().stop_with(&ctx, Failure::Abort(text)))
        }),
    )?;
    let own = desk.clone();
    natives.set(
        "markFailed",
        Func::from(move |ctx: Ctx<'js>, text: String| -> Result<()> {
            own.suspend(&ctx, Effect::MarkFailed(text))?;
            Ok(())
        }),
    )
}
