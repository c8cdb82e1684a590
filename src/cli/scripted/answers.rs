//! What a script is answered: the template of the endpoint, with values of the model's state.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use capsim_script::{Headers, RequestError, Response};
use serde_json::Value;

use super::routes::Sent;
use crate::engine::Span;
use crate::model::Model;
use crate::model::answer::{Answer, Body, Known, Name, Piece, Template};
use crate::world::users::{StateView, Turn};
use crate::world::vu::NONE;

/// Bytes of most bodies.
const USUAL: usize = 128;

/// Bodies by the names of endpoints, as `--answers` gives them.
pub type Bodies = BTreeMap<String, String>;

/// Fills in what a request is answered: as the endpoint says, as `--answers` says, or made up, with every field that
/// the script reads.
pub fn fill(
    response: &mut Response,
    model: &Model,
    bodies: &Bodies,
    turn: Turn,
    state: &StateView,
    sent: Option<&Sent>,
) {
    let code = turn.reply.code;
    response.status = code.status();
    response.error = code.error_text().map(|text| RequestError {
        code: code.error_code().into(),
        message: text.to_string(),
        detail: None,
        in_body: false,
    });
    let Some(sent) = sent.filter(|_| response.error.is_none()) else {
        return;
    };
    let json = || vec![("Content-Type".into(), "application/json".into())];
    let endpoint = &model.endpoints[sent.endpoint.index()];
    let http = endpoint.http.as_deref();
    let (own, other) = (
        http.and_then(|h| h.answer.as_ref()),
        http.and_then(|h| h.failure.as_ref()),
    );
    let answer = if code.is_expected() { own } else { other };
    let (body, headers) = match (answer, bodies.get(&endpoint.name)) {
        (Some(answer), _) => {
            response.status = answer.status.unwrap_or(response.status);
            let facts = Facts {
                model,
                turn,
                state,
                sent,
                status: response.status,
                listed: None,
            };
            (facts.body(answer), facts.headers(answer))
        }
        (None, Some(body)) => (body.clone(), json()),
        (None, None) => ("{}".to_string(), json()),
    };
    response.headers = headers;
    let seconds = retry_after(turn, state);
    if let Some(seconds) = seconds.filter(|_| !has(&response.headers, "Retry-After")) {
        let header = ("Retry-After".into(), seconds.to_string().into());
        response.headers.push(header);
    }
    let is_said = answer.is_some() || bodies.contains_key(&endpoint.name);
    if &*sent.request.method == "HEAD" {
        response.body = Some(Vec::new());
    } else if !is_said && own.is_none() && bodies.is_empty() {
        response.make_up();
    } else {
        response.body = Some(body.into_bytes());
    }
}

/// The whole seconds that a refused request is told to wait, if it is.
fn retry_after(turn: Turn, state: &StateView) -> Option<u64> {
    let wait = state.retry_after(turn.vu);
    let told = wait > Span::ZERO && !turn.reply.code.is_expected();
    told.then(|| in_seconds(wait))
}

fn in_seconds(span: Span) -> u64 {
    span.0.div_ceil(1_000_000_000)
}

fn has(headers: &Headers<Cow<'static, str>>, name: &str) -> bool {
    let mut names = headers.iter().map(|(name, _)| name);
    names.any(|own| own.eq_ignore_ascii_case(name))
}

/// What the values of an answer come from.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    pub model: &'a Model,
    pub turn: Turn,
    pub state: &'a StateView<'a>,
    pub sent: &'a Sent,
    /// The status that the script sees.
    pub status: u16,
    /// The seat of an element of a list, where it is inside one.
    pub listed: Option<u32>,
}

/// Whether a text stands in JSON as it is.
fn is_plain(text: &str) -> bool {
    let stands = |b: u8| (b' '..0x7f).contains(&b) && b != b'"' && b != b'\\';
    text.bytes().all(stands)
}

impl Facts<'_> {
    /// The body of an answer.
    pub fn body(&self, answer: &Answer) -> String {
        match &answer.body {
            Some(Body::Json(template)) => {
                let mut text = String::with_capacity(USUAL);
                self.render(template, &mut text);
                text
            }
            Some(Body::Text(_, pieces)) => self.text(pieces),
            None => String::new(),
        }
    }

    /// Its headers.
    pub fn headers(&self, answer: &Answer) -> Headers<Cow<'static, str>> {
        let own = |name: &str| {
            let mut headers = answer.headers.iter();
            headers.any(|(n, _)| n.eq_ignore_ascii_case(name))
        };
        let mut headers = Headers::new();
        if !own("Content-Type") {
            let content = match answer.body {
                Some(Body::Text(content, _)) => content,
                _ => "application/json",
            };
            headers.push(("Content-Type".into(), content.into()));
        }
        let given = answer.headers.iter();
        headers.extend(given.map(|(name, pieces)| (name.clone().into(), self.text(pieces).into())));
        headers
    }

    fn render(&self, template: &Template, out: &mut String) {
        match template {
            Template::Plain(json) => *out += json,
            Template::Text(pieces) => {
                let value = match &pieces[..] {
                    [Piece::Value(known)] => self.value(known),
                    _ => Value::String(self.text(pieces)),
                };
                match value {
                    Value::String(text) if is_plain(&text) => {
                        out.push('"');
                        *out += &text;
                        out.push('"');
                    }
                    value => drop(write!(out, "{value}")),
                }
            }
            Template::List(items) => {
                self.list(items.iter().map(|item| (*self, item)), out);
            }
            Template::Object(entries) => {
                out.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    *out += key;
                    out.push(':');
                    self.render(value, out);
                }
                out.push('}');
            }
            Template::EachFreeSeat(each, most) => {
                let free = self.state.free_seats();
                let seats = free.into_iter().take(*most as usize);
                let listed = seats.map(|seat| {
                    let listed = Some(seat);
                    (Facts { listed, ..*self }, &**each)
                });
                self.list(listed, out);
            }
        }
    }

    fn list<'t>(&self, items: impl Iterator<Item = (Self, &'t Template)>, out: &mut String) {
        out.push('[');
        for (at, (facts, item)) in items.enumerate() {
            if at > 0 {
                out.push(',');
            }
            facts.render(item, out);
        }
        out.push(']');
    }

    fn text(&self, pieces: &[Piece]) -> String {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(plain) => text += plain,
                Piece::Value(known) => match self.value(known) {
                    Value::String(value) => text += &value,
                    value => text += &value.to_string(),
                },
            }
        }
        text
    }

    fn value(&self, known: &Known) -> Value {
        let state = self.state;
        let seat = || self.listed.or_else(|| state.seat());
        let waits = || match self.turn.reply.admitted || self.model.waiting_room.is_none() {
            true => Some((0, Some(Span::ZERO))),
            false => state.place(),
        };
        match known {
            Known::Entity(name) => self.entity(*name),
            Known::Position => waits().map(|(place, _)| place).into(),
            Known::Wait => {
                let in_line = || waits().and_then(|(_, wait)| wait).map(in_seconds);
                retry_after(self.turn, state).or_else(in_line).into()
            }
            Known::Admitted => (waits().map(|(place, _)| place) == Some(0)).into(),
            Known::FreeSeats => {
                let seats = state.free_seats();
                seats.into_iter().map(|seat| seat + 1).collect()
            }
            Known::FreeCount => state.free_seats().len().into(),
            Known::SeatOfEvent => {
                let seats = self
                    .model
                    .inventory
                    .as_ref()
                    .map_or(1, |i| i.seats_per_event);
                seat().map(|seat| seat % seats.max(1) + 1).into()
            }
            Known::Status => self.status.into(),
            Known::Part(part) => self.sent.part(part).unwrap_or_default(),
        }
    }

    fn entity(&self, name: Name) -> Value {
        let context = self.state.context();
        let from_one = |number: u32| (number != NONE).then(|| number + 1);
        match name {
            Name::User => from_one(context.user).into(),
            Name::Event => from_one(context.event).into(),
            Name::Seat => self
                .listed
                .or_else(|| self.state.seat())
                .and_then(from_one)
                .into(),
            Name::Hold => (context.hold > 0).then_some(context.hold).into(),
            Name::Token => match from_one(context.token) {
                Some(number) => format!("token-{number}").into(),
                None => Value::Null,
            },
        }
    }
}
