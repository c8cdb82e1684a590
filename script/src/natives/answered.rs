//! Responses that are made without the JavaScript side: what is seldom read of them is made when it is read.

use super::host::milliseconds;
use super::quick::canonical;
use crate::effect::{Request, Response};
use crate::raw::{Held, Holder, Layout};
use rquickjs::function::Func;
use rquickjs::object::Property;
use rquickjs::{Array, Ctx, Function, IntoJs, Object, Persistent, Result, Value};
use std::rc::Rc;

/// A request and what came of it.
pub(crate) struct Exchange {
    pub(crate) request: Rc<Request>,
    pub(crate) response: Response,
}

/// The fields of a response, in k6's order, and behind them one that only the kit sees.
const FIELDS: [&str; 16] = [
    "remote_ip",
    "remote_port",
    "url",
    "status",
    "status_text",
    "proto",
    "headers",
    "cookies",
    "body",
    "timings",
    "tls_version",
    "tls_cipher_suite",
    "ocsp",
    "error",
    "error_code",
    "request",
];

/// Those of them that are made when they are read.
const LAZY: [&str; 5] = ["headers", "cookies", "timings", "ocsp", "request"];

/// How responses are made.
pub(crate) struct Responses {
    layout: Layout,
    /// A response for each number of fields: the engine goes from shape to shape of objects that it knows.
    _begun: Persistent<Vec<Object<'static>>>,
    prototype: Persistent<Object<'static>>,
    protocol: Persistent<Value<'static>>,
    empty: Persistent<Value<'static>>,
}

impl Responses {
    /// As the JavaScript side wants it: the prototype, the name of the hidden field, and a function that makes getter
    /// and setter of a lazy field of this name.
    pub(crate) fn new<'js>(ctx: &Ctx<'js>, kit: &Object<'js>) -> Result<Responses> {
        let wanted: Object = kit.get("responses")?;
        let pair: Function = wanted.get("lazy")?;
        let mut lazy = Vec::new();
        for (at, name) in LAZY.into_iter().enumerate() {
            let pair: Array = pair.call((name, at))?;
            lazy.push((pair.get(0)?, pair.get(1)?));
        }
        let mut names = Vec::new();
        for name in FIELDS {
            names.push(name.into_js(ctx)?);
        }
        names.push(wanted.get("hidden")?);
        let prototype: Object = wanted.get("prototype")?;
        let layout = Layout::new(ctx, &names, &lazy)?;
        let mut begun = Vec::new();
        for fields in 1..=names.len() {
            let object = Object::new_proto(ctx.clone(), Some(&prototype))?;
            for at in 0..fields {
                let nothing = Value::new_undefined(ctx.clone());
                match LAZY.iter().position(|lazy| FIELDS.get(at) == Some(lazy)) {
                    Some(by) => layout.lazy(&object, at, by)?,
                    None if at < FIELDS.len() => layout.part(&object, at, &nothing)?,
                    None => layout.hidden(&object, at, &nothing)?,
                }
            }
            begun.push(object);
        }
        Ok(Responses {
            layout,
            _begun: Persistent::save(ctx, begun),
            prototype: Persistent::save(ctx, prototype),
            protocol: Persistent::save(ctx, "HTTP/1.1".into_js(ctx)?),
            empty: Persistent::save(ctx, "".into_js(ctx)?),
        })
    }

    /// The response of an answer with a text.
    pub(crate) fn make<'js>(&self, ctx: &Ctx<'js>, mut exchange: Exchange) -> Result<Value<'js>> {
        let response = &mut exchange.response;
        let status = response.status;
        let body = response.body.take().unwrap_or_default();
        let ip = (&*response.remote.0).into_js(ctx)?;
        let port = response.remote.1;
        let url = (&*exchange.request.url).into_js(ctx)?;
        let prototype = self.prototype.clone().restore(ctx)?;
        let made = Holder::instance_proto(Held(exchange), prototype)?.into_inner();
        let empty = self.empty.clone().restore(ctx)?;
        let number = |x: u16| Value::new_int(ctx.clone(), i32::from(x));
        let layout = &self.layout;
        layout.part(&made, 0, &ip)?;
        layout.part(&made, 1, &number(port))?;
        layout.part(&made, 2, &url)?;
        layout.part(&made, 3, &number(status))?;
        layout.part(&made, 4, &status_text(status).into_js(ctx)?)?;
        layout.part(&made, 5, &self.protocol.clone().restore(ctx)?)?;
        layout.lazy(&made, 6, 0)?;
        layout.lazy(&made, 7, 1)?;
        layout.part(&made, 8, &String::from_utf8_lossy(&body).into_js(ctx)?)?;
        layout.lazy(&made, 9, 2)?;
        layout.part(&made, 10, &empty)?;
        layout.part(&made, 11, &empty)?;
        layout.lazy(&made, 12, 3)?;
        layout.part(&made, 13, &empty)?;
        let code = if status >= 400 { 1000 + status } else { 0 };
        layout.part(&made, 14, &number(code))?;
        layout.lazy(&made, 15, 4)?;
        layout.hidden(&made, FIELDS.len(), &Value::new_undefined(ctx.clone()))?;
        Ok(made.into_value())
    }
}

/// Gives the script the parts of such responses.
pub(crate) fn install<'js>(natives: &Object<'js>) -> Result<()> {
    natives.set("statusText", Func::from(|status: u16| status_text(status)))?;
    natives.set("part", Func::from(made_now))
}

/// Makes a field of a response that is read for the first time, and keeps it there. `of` may stand for the response.
fn made_now<'js>(ctx: Ctx<'js>, of: Value<'js>, at: usize) -> Result<Value<'js>> {
    let name = LAZY.get(at).copied().unwrap_or_default();
    let mut of = of.into_object();
    while let Some(object) = of {
        if let Some(holder) = Holder::<Exchange>::from_object(&object) {
            let value = part(&ctx, &holder.borrow().0, name)?;
            let field = Property::from(value.clone());
            object.prop(name, field.writable().configurable().enumerable())?;
            return Ok(value);
        }
        of = match object.as_proxy() {
            Some(proxy) => Some(proxy.target()?),
            None => object.get_prototype(),
        };
    }
    Ok(Value::new_undefined(ctx))
}

fn part<'js>(ctx: &Ctx<'js>, of: &Exchange, name: &str) -> Result<Value<'js>> {
    let object = Object::new(ctx.clone())?;
    match name {
        "headers" => {
            for (name, value) in &of.response.headers {
                let name = canonical(name);
                let before: Option<String> = object.get(&*name)?;
                match before {
                    Some(before) => object.set(name, format!("{before}, {value}"))?,
                    None => object.set(name, &**value)?,
                }
            }
        }
        "timings" => timings(&object, &of.response)?,
        "ocsp" => {
            for name in ["produced_at", "this_update", "next_update", "revoked_at"] {
                object.set(name, 0)?;
            }
            object.set("revocation_reason", "")?;
            object.set("status", "")?;
        }
        "request" => asked(&object, &of.request)?,
        _ => {}
    }
    Ok(object.into_value())
}

fn timings(object: &Object, response: &Response) -> Result<()> {
    let t = response.timings;
    let [sending, waiting, receiving] = [t.sending, t.waiting, t.receiving].map(milliseconds);
    object.set("duration", sending + waiting + receiving)?;
    object.set("blocked", milliseconds(t.blocked))?;
    object.set("looking_up", 0)?;
    object.set("connecting", milliseconds(t.connecting))?;
    object.set("tls_handshaking", milliseconds(t.tls))?;
    object.set("sending", sending)?;
    object.set("waiting", waiting)?;
    object.set("receiving", receiving)
}

fn asked<'js>(object: &Object<'js>, request: &Request) -> Result<()> {
    object.set("method", &*request.method)?;
    object.set("url", &*request.url)?;
    let headers = Object::new(object.ctx().clone())?;
    for (name, value) in &request.headers {
        if !matches!(&**name, "Host" | "Content-Length") {
            headers.set(&**name, vec![&**value])?;
        }
    }
    object.set("headers", headers)?;
    object.set("body", &*String::from_utf8_lossy(&request.body))?;
    object.set("cookies", Object::new(object.ctx().clone())?)
}

/// A status with its reason.
fn status_text(status: u16) -> String {
    let reason = match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        418 => "I'm a teapot",
        422 => "Unprocessable Entity",
        423 => "Locked",
        425 => "Too Early",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return status.to_string(),
    };
    format!("{status} {reason}")
}
