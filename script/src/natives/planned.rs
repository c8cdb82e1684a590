//! Requests of a batch that need nothing of the JavaScript side but to be sent in its order.

use super::host::shown;
use super::quick::{Came, Given, Planned, planned};
use super::{Desk, State};
use crate::effect::{Effect, Request, Response};
use crate::raw::{CallContext, Native, NativeCall, Outcome, OwnedValue};
use rquickjs::function::Func;
use rquickjs::{Array, Ctx, Exception, Object, Result};
use std::ffi::{CStr, c_int};
use std::rc::Rc;

/// Plans a call of a batch, for its key and its host; `undefined` if that is for the JavaScript side.
pub(super) struct Plan;

impl Native for Plan {
    type Host = Desk;
    const NAME: &'static CStr = c"plan";
    const LENGTH: c_int = 4;

    fn call<'js>(desk: &Desk, call: NativeCall<'js>) -> Outcome<OwnedValue<'js>> {
        let cx = call.cx;
        let (fast, vu) = (desk.fast(), desk.vu());
        let &[method, url, body, params] = call.args else {
            return Ok(cx.undefined());
        };
        let Some(method) = fast.text(desk, cx, method) else {
            return Ok(cx.undefined());
        };
        let given = Given {
            method,
            url,
            body,
            params,
        };
        let Some(planned) = planned(desk, &fast, cx, &given)? else {
            return Ok(cx.undefined());
        };
        let mut all = vu.planned.borrow_mut();
        let key = all.last().map_or(0, |(key, _)| key + 1);
        let about = || -> Result<Array<'js>> {
            let about = Array::new(cx.ctx())?;
            about.set(0, key)?;
            about.set(1, planned.host())?;
            Ok(about)
        };
        let about = about().map_err(|error| cx.thrown(&error))?;
        all.push((key, planned));
        Ok(OwnedValue::of(cx, about.as_value()))
    }
}

/// Lets the JavaScript side send what is planned.
pub(super) fn install<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    let own = desk.clone();
    let send = move |ctx: Ctx<'js>, key: u32| -> Result<u64> {
        let request = own.vu().send_planned(key);
        let request =
            request.ok_or_else(|| Exception::throw_message(&ctx, "nothing is planned"))?;
        let id = request.id;
        own.suspend(&ctx, Effect::Send(request))?;
        Ok(id)
    };
    natives.set("sendPlanned", Func::from(send))
}

impl State {
    /// The request of a plan, which is now sent and gets its number.
    fn send_planned(&self, key: u32) -> Option<Rc<Request>> {
        let mut all = self.planned.borrow_mut();
        let (_, planned) = all.iter_mut().find(|(known, _)| *known == key)?;
        planned.since = self.port.now();
        Rc::make_mut(&mut planned.request).id = self.next_request();
        Some(planned.request.clone())
    }

    /// Takes a request out of those that were sent.
    fn take_planned(&self, id: u64) -> Option<Planned> {
        let mut all = self.planned.borrow_mut();
        let at = all.iter().position(|(_, p)| p.request.id == id)?;
        Some(all.remove(at).1)
    }
}

impl Desk {
    /// An answer that was waited for, as the JavaScript side takes it: behind its parts stands the response, if there is
    /// no more to be done.
    pub(super) fn arrived<'js>(&self, ctx: &Ctx<'js>, response: Response) -> Result<Array<'js>> {
        let Some(planned) = self.vu().take_planned(response.id) else {
            return shown(ctx, response);
        };
        let id = response.id;
        match self.came_of(ctx, planned, response)? {
            Came::Answer(answer) => Ok(answer),
            Came::Response(response) => {
                let answer = Array::new(ctx.clone())?;
                answer.set(0, id)?;
                answer.set(18, CallContext::of(ctx).value(response.borrowed()))?;
                Ok(answer)
            }
        }
    }
}
