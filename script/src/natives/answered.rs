//! Responses that are made without the JavaScript side: their fields are made when they are read.

use super::fast::Fast;
use super::host::milliseconds;
use super::json;
use super::params::canonical;
use crate::effect::{Request, Response};
use crate::natives::Desk;
use crate::raw::{CallContext, Fields, KeptName, KnownNames, Lazy, Outcome, OwnedValue, ValueRef};
use rquickjs::function::Func;
use rquickjs::{Ctx, IntoJs, Object, Persistent, Result, Value};
use std::cell::RefCell;
use std::rc::Rc;

/// A request and what came of it.
pub(crate) struct Exchange {
    request: Rc<Request>,
    response: Response,
    /// Until the script reads it; `None`: it has none.
    body: RefCell<Option<Vec<u8>>>,
}

impl Exchange {
    pub(super) fn new(request: Rc<Request>, mut response: Response) -> Exchange {
        let body = RefCell::new(response.body.take());
        Exchange {
            request,
            response,
            body,
        }
    }
}

/// The fields of a response, in k6's order; behind them one that only the kit sees.
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

/// The place of the body among them.
const BODY: usize = 8;

/// How responses are made.
pub(crate) struct Responses {
    kind: Lazy<Exchange>,
    prototype: Persistent<Object<'static>>,
    /// Names of fields of bodies.
    names: KnownNames,
}

impl Responses {
    /// As the JavaScript side wants it: the prototype, and the name of the hidden field.
    pub(crate) fn new<'js>(ctx: &Ctx<'js>, kit: &Object<'js>) -> Result<Responses> {
        let wanted: Object = kit.get("responses")?;
        let mut names = Vec::new();
        for name in FIELDS {
            names.push(name.into_js(ctx)?);
        }
        names.push(wanted.get("hidden")?);
        let prototype: Object = wanted.get("prototype")?;
        Ok(Responses {
            kind: Lazy::new(ctx, &names)?,
            prototype: Persistent::save(ctx, prototype),
            names: KnownNames::of(ctx),
        })
    }

    /// The response of an answer with a text.
    pub(crate) fn make<'js>(&self, ctx: &Ctx<'js>, exchange: Exchange) -> Result<Value<'js>> {
        let prototype = self.prototype.clone().restore(ctx)?;
        self.kind.make(&prototype, exchange)
    }

    /// What the body of a response says as JSON, if the script has neither read the body nor asked before.
    pub(super) fn json<'js>(&self, cx: CallContext<'js>, of: ValueRef) -> Option<OwnedValue<'js>> {
        let value = self.parsed(cx, of, true)?;
        self.kind.hide(cx, of, &value);
        Some(value)
    }

    /// The part of it under these names; `None` if that is for the JavaScript side.
    pub(super) fn selected<'js>(
        &self,
        cx: CallContext<'js>,
        of: ValueRef,
        fast: &Fast,
        names: &[KeptName],
    ) -> Outcome<Option<OwnedValue<'js>>> {
        let Some(mut value) = self.parsed(cx, of, false) else {
            return Ok(None);
        };
        for name in names {
            let inner = match fast.is_plain_object(value.borrowed()) {
                true => cx.own(value.borrowed(), name.name())?,
                false => None,
            };
            match inner {
                Some(inner) => value = inner,
                None => return Ok(Some(cx.undefined())),
            }
        }
        Ok(Some(value))
    }

    fn parsed<'js>(
        &self,
        cx: CallContext<'js>,
        of: ValueRef,
        first: bool,
    ) -> Option<OwnedValue<'js>> {
        let exchange = self.kind.untouched(of, BODY, first)?;
        let mut body = exchange.body.borrow_mut();
        let body = body.as_mut()?;
        if let Some(value) = json::read(cx, &self.names, body) {
            return Some(value);
        }
        body.push(0);
        let value = cx.json(body);
        body.pop();
        value
    }

    /// Makes all fields of a response; other values stay as they are.
    pub(super) fn fill(&self, of: &Value) -> Result<()> {
        self.kind.fill(of)
    }
}

impl Fields for Exchange {
    fn field<'js>(&self, ctx: &Ctx<'js>, at: usize) -> Result<Value<'js>> {
        let response = &self.response;
        let number = |x: u16| Ok(Value::new_int(ctx.clone(), i32::from(x)));
        match FIELDS.get(at).copied().unwrap_or_default() {
            "" => Ok(Value::new_undefined(ctx.clone())),
            "remote_ip" => (&*response.remote.0).into_js(ctx),
            "remote_port" => number(response.remote.1),
            "url" => (&*self.request.url).into_js(ctx),
            "status" => number(response.status),
            "status_text" => status_text(response.status).into_js(ctx),
            "proto" => "HTTP/1.1".into_js(ctx),
            "body" => match self.body.take() {
                Some(body) => String::from_utf8_lossy(&body).into_js(ctx),
                None => Ok(Value::new_null(ctx.clone())),
            },
            "error_code" => number(match response.status {
                failed @ 400.. => 1000 + failed,
                _ => 0,
            }),
            "tls_version" | "tls_cipher_suite" | "error" => "".into_js(ctx),
            name => part(ctx, self, name),
        }
    }
}

/// Gives the script the texts of statuses, and what makes all fields of a response.
pub(crate) fn install<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    natives.set("statusText", Func::from(|status: u16| status_text(status)))?;
    let own = desk.clone();
    natives.set(
        "fill",
        Func::from(move |of: Value<'js>| match &*own.responses.borrow() {
            Some(responses) => responses.fill(&of),
            None => Ok(()),
        }),
    )
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
