//! What goes to the host: requests, sleeps, samples, lines of the log.

use super::{Desk, Phase, State};
use crate::effect::{Answer, Effect, Failure, Level, LogLine, Request, Response, Tags};
use crate::natives::text::bytes;
use crate::script::Metric;
use rquickjs::function::{Func, Opt};
use rquickjs::{ArrayBuffer, Ctx, Exception, Object, Result, Value};
use std::rc::Rc;
use std::time::Duration;

/// Gives the script the way to its host.
pub(crate) fn install<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    times(natives, desk)?;
    samples(natives, desk)?;
    requests(natives, desk)?;
    questions(natives, desk)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

fn from_milliseconds(ms: f64) -> Duration {
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
        "check",
        Func::from(
            move |ctx: Ctx<'js>, name: String, passed: bool, tags: Option<Tags>| -> Result<()> {
                let group = own.vu().group.borrow().clone();
                let tags = tags.unwrap_or_default();
                own.suspend(
                    &ctx,
                    Effect::Check {
                        name,
                        passed,
                        tags,
                        group,
                    },
                )?;
                Ok(())
            },
        ),
    )?;
    let own = desk.clone();
    natives.set(
        "sample",
        Func::from(
            move |ctx: Ctx<'js>, name: String, value: f64, tags: Option<Tags>| -> Result<()> {
                let group = own.vu().group.borrow().clone();
                let tags = tags.unwrap_or_default();
                own.suspend(
                    &ctx,
                    Effect::MetricAdd {
                        name,
                        value,
                        tags,
                        group,
                    },
                )?;
                Ok(())
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
    let own = desk.clone();
    natives.set(
        "group",
        Func::from(
            move |ctx: Ctx<'js>, path: String, since: Option<f64>| -> Result<()> {
                let Some(since) = since else {
                    let group: Rc<str> = path.into();
                    own.vu().group.replace(group.clone());
                    own.suspend(&ctx, Effect::GroupStart(group))?;
                    return Ok(());
                };
                let duration = own.vu().port.now().saturating_sub(from_milliseconds(since));
                let group = own.vu().group.replace(path.into());
                own.suspend(&ctx, Effect::GroupEnd { group, duration })?;
                Ok(())
            },
        ),
    )
}

fn requests<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    let own = desk.clone();
    natives.set(
        "request",
        Func::from(
            move |ctx: Ctx<'js>, hop: Object<'js>| -> Result<Object<'js>> {
                let request = request(&own.vu(), &hop)?;
                match own.suspend(&ctx, Effect::Request(Box::new(request)))? {
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
        Func::from(move |ctx: Ctx<'js>, hop: Object<'js>| -> Result<u64> {
            let request = request(&own.vu(), &hop)?;
            let id = request.id;
            own.suspend(&ctx, Effect::Send(Box::new(request)))?;
            Ok(id)
        }),
    )?;
    let own = desk.clone();
    natives.set(
        "wait",
        Func::from(
            move |ctx: Ctx<'js>, until: Option<f64>| -> Result<Option<Object<'js>>> {
                let until = until.map(from_milliseconds);
                match own.suspend(&ctx, Effect::Wait(until))? {
                    Answer::Response(response) => shown(&ctx, *response).map(Some),
                    _ => Ok(None),
                }
            },
        ),
    )
}

/// The request that the JavaScript side describes.
fn request(state: &State, hop: &Object) -> Result<Request> {
    let id = state.requests.get() + 1;
    state.requests.set(id);
    let body: Value = hop.get("body")?;
    let expected: Option<Vec<Vec<u16>>> = hop.get("expected")?;
    Ok(Request {
        id,
        method: hop.get("method")?,
        url: hop.get("url")?,
        url_tag: hop.get("urlTag")?,
        name: hop.get("name")?,
        headers: hop
            .get::<_, Vec<Vec<String>>>("headers")?
            .into_iter()
            .filter_map(|h| h.try_into().ok())
            .map(|[name, value]: [String; 2]| (name, value))
            .collect(),
        body: bytes(&body).unwrap_or_default(),
        tags: hop.get::<_, Option<Tags>>("tags")?.unwrap_or_default(),
        timeout: from_milliseconds(hop.get("timeout")?),
        expected: expected.map(|ranges| {
            ranges
                .iter()
                .filter_map(|r| Some((*r.first()?, *r.get(1)?)))
                .collect()
        }),
        group: state.group.borrow().clone(),
    })
}

/// A response as the JavaScript side sees it.
fn shown<'js>(ctx: &Ctx<'js>, response: Response) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("id", response.id)?;
    object.set("status", response.status)?;
    object.set("madeUp", response.made_up)?;
    let headers: Vec<Vec<String>> = response
        .headers
        .into_iter()
        .map(|(name, value)| vec![name, value])
        .collect();
    object.set("headers", headers)?;
    match response.body {
        Some(body) => object.set("body", ArrayBuffer::new(ctx.clone(), body)?)?,
        None => object.set("body", Value::new_null(ctx.clone()))?,
    }
    object.set("ip", response.remote.0)?;
    object.set("port", response.remote.1)?;
    let t = response.timings;
    let parts = [
        t.blocked,
        t.connecting,
        t.tls,
        t.sending,
        t.waiting,
        t.receiving,
    ];
    object.set("timings", parts.map(milliseconds).to_vec())?;
    if let Some(error) = response.error {
        object.set("code", error.code)?;
        object.set("error", error.message)?;
        object.set("detail", error.detail)?;
        object.set("inBody", error.in_body)?;
    }
    Ok(object)
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
        "inInit",
        Func::from(move || own.vu().phase.get() == Phase::Init),
    )?;
    let own = desk.clone();
    natives.set(
        "inIteration",
        Func::from(move || own.vu().in_iteration.get()),
    )?;
    let own = desk.clone();
    natives.set(
        "iteration",
        Func::from(move |ctx: Ctx<'js>| -> Result<Object<'js>> {
            let vu = own.vu();
            let i = vu.iteration.borrow();
            let object = Object::new(ctx)?;
            object.set("scenario", &*i.scenario)?;
            object.set("executor", &*i.executor)?;
            object.set("scenarioStart", milliseconds(i.scenario_start))?;
            object.set("vu", i.vu)?;
            object.set("iteration", i.iteration)?;
            object.set("iterationInScenario", i.iteration_in_scenario)?;
            object.set("iterationInTest", i.iteration_in_test)?;
            object.set("tags", i.tags.clone())?;
            object.set("env", i.env.clone())?;
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
