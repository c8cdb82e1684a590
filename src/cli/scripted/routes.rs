//! Which endpoint a request of a script reaches, and what the request is about.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use capsim_script::Request;

use super::body;
use crate::cli::import::endpoints::endpoint_name;
use crate::model::Model;
use crate::model::answer::{Http, Name, Part, Route, Segment};
use crate::model::system::EndpointId;
use crate::world::users::Entities;

/// How requests find their endpoints.
pub struct Routes {
    by_name: BTreeMap<String, EndpointId>,
    /// Those with more literal parts first.
    routes: Vec<(Route, EndpointId)>,
    /// Endpoints that have a route with another one, by their names.
    twins: BTreeMap<String, EndpointId>,
    /// Addresses and methods that came before and have no parameters.
    seen: RefCell<Vec<Option<Seen>>>,
}

/// A kind of request: its address, its method and the endpoint that it reaches.
type Seen = (Rc<str>, Rc<str>, EndpointId);

/// Places for addresses: each holds the last one that came to it.
const PLACES: usize = 64;

/// A request that was sent.
pub struct Sent {
    pub endpoint: EndpointId,
    pub request: Rc<Request>,
    path: BTreeMap<String, String>,
}

impl Routes {
    /// Those of a model.
    pub fn of(model: &Model) -> Routes {
        let endpoints = || model.endpoints.iter().zip((0..).map(EndpointId));
        let route = |http: &Option<Box<Http>>| http.as_ref()?.route.clone();
        let mut routes: Vec<(Route, EndpointId)> = endpoints()
            .filter_map(|(e, id)| Some((route(&e.http)?, id)))
            .collect();
        let literal = |s: &&Segment| matches!(s, Segment::Literal(_));
        routes.sort_by_key(|(route, _)| {
            let literals = route.path.iter().filter(literal).count();
            std::cmp::Reverse((literals, route.host.is_some()))
        });
        let twins = twins(model);
        let twins = endpoints().filter(|(_, id)| twins.iter().any(|(a, b)| a == id || b == id));
        Routes {
            twins: twins.map(|(e, id)| (e.name.clone(), id)).collect(),
            by_name: endpoints().map(|(e, id)| (e.name.clone(), id)).collect(),
            routes,
            seen: RefCell::new(vec![None; PLACES]),
        }
    }

    /// The endpoint that a request reaches; the name that one would have if there is none.
    pub fn find(&self, request: &Rc<Request>) -> Result<Sent, String> {
        let place = (Rc::as_ptr(&request.url).addr() >> 4) % PLACES;
        if let Some((url, method, endpoint)) = &self.seen.borrow()[place]
            && Rc::ptr_eq(url, &request.url)
            && *method == request.method
        {
            return Ok(Sent::new(*endpoint, request, BTreeMap::new()));
        }
        let (host, path, _) = parts(&request.url);
        let found = self
            .routes
            .iter()
            .find_map(|(route, id)| Some((*id, matches(route, &request.method, host, path)?)));
        let is_twin = |id: EndpointId| self.twins.values().any(|twin| *twin == id);
        // Without a route, or with one of several endpoints, the tag `name` may lead elsewhere the next time.
        let leads = found.as_ref().is_some_and(|(id, _)| !is_twin(*id));
        let (endpoint, path) = match found {
            Some((id, path)) if is_twin(id) => (self.named(id, request), path),
            Some(found) => found,
            None => {
                let name = endpoint_name(&request.method, &request.url, &request.name);
                let id = self.by_name.get(&name).copied();
                (id.ok_or(name)?, BTreeMap::new())
            }
        };
        if leads && path.is_empty() {
            let seen = (request.url.clone(), request.method.clone(), endpoint);
            self.seen.borrow_mut()[place] = Some(seen);
        }
        Ok(Sent::new(endpoint, request, path))
    }

    /// Of the endpoints that share a route, that with the request's tag `name`; otherwise the first.
    fn named(&self, first: EndpointId, request: &Request) -> EndpointId {
        let name = endpoint_name(&request.method, &request.url, &request.name);
        let named = self.twins.get(&name);
        let fits = |id: &EndpointId| {
            let route = self.routes.iter().find(|(_, own)| own == id);
            let (host, path, _) = parts(&request.url);
            route.is_some_and(|(route, _)| matches(route, &request.method, host, path).is_some())
        };
        named.copied().filter(fits).unwrap_or(first)
    }
}

/// Pairs of endpoints with the same route. Which of them a request reaches is said by its tag `name`: it is that of the
/// endpoint, or the first is reached.
pub fn twins(model: &Model) -> Vec<(EndpointId, EndpointId)> {
    let shape = |route: &Route| {
        let parts = route.path.iter().map(|part| match part {
            Segment::Literal(text) => Some(text.clone()),
            Segment::Parameter(_) => None,
        });
        let parts: Vec<Option<String>> = parts.collect();
        (route.method.clone(), route.host.clone(), parts)
    };
    let mut seen = BTreeMap::new();
    let mut pairs = Vec::new();
    for (endpoint, id) in model.endpoints.iter().zip((0..).map(EndpointId)) {
        let route = endpoint
            .http
            .as_deref()
            .and_then(|http| http.route.as_ref());
        let Some(route) = route else { continue };
        match seen.get(&shape(route)) {
            Some(first) => pairs.push((*first, id)),
            None => {
                seen.insert(shape(route), id);
            }
        }
    }
    pairs
}

/// Host, path and query of an address.
fn parts(url: &str) -> (&str, &str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    (host, path, query)
}

/// The parameters of a path, if the route is that of the request.
fn matches(
    route: &Route,
    method: &str,
    host: &str,
    path: &str,
) -> Option<BTreeMap<String, String>> {
    let own = |h: &String| h.eq_ignore_ascii_case(host);
    if route.method != method || !route.host.as_ref().is_none_or(own) {
        return None;
    }
    let mut parameters = BTreeMap::new();
    let mut given = path.split('/').skip(1);
    for segment in &route.path {
        let part = given.next()?;
        match segment {
            Segment::Literal(text) if text == part => {}
            Segment::Literal(_) => return None,
            Segment::Parameter(name) => {
                parameters.insert(name.clone(), decoded(part));
            }
        }
    }
    given.next().is_none().then_some(parameters)
}

/// The pairs of a query or a form.
pub(super) fn form(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    text.split('&')
        .filter(|p| !p.is_empty())
        .map(pair)
        .collect()
}

/// A text without percent signs and pluses.
fn decoded(text: &str) -> String {
    let (mut out, bytes) = (Vec::new(), text.as_bytes());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3);
        let code = code.and_then(|c| std::str::from_utf8(c).ok());
        let byte = code.and_then(|c| u8::from_str_radix(c, 16).ok());
        match (bytes[at], byte) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (other, _) => out.push(other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl Sent {
    fn new(endpoint: EndpointId, request: &Rc<Request>, path: BTreeMap<String, String>) -> Sent {
        Sent {
            endpoint,
            request: request.clone(),
            path,
        }
    }

    /// A part of it, as JSON.
    pub fn part(&self, part: &Part) -> Option<serde_json::Value> {
        let text = match part {
            Part::Path(name) => self.path.get(name).cloned(),
            Part::Query(name) => {
                let pairs = form(parts(&self.request.url).2);
                let own = pairs.into_iter().find(|(n, _)| n == name);
                own.map(|(_, value)| value)
            }
            Part::Header(name) => {
                let own = |(n, _): &&(Rc<str>, Rc<str>)| n.eq_ignore_ascii_case(name);
                let headers = &self.request.headers;
                headers.iter().find(own).map(|(_, v)| v.to_string())
            }
            Part::Body(keys) => return body::part(&self.request.body, keys),
        };
        text.map(serde_json::Value::String)
    }

    /// What it is about: what the route's parameters and the endpoint's `entities` name.
    pub fn entities(&self, http: &Http) -> Entities {
        let mut entities = Entities::default();
        let text = |value: &String| serde_json::Value::String(value.clone());
        let of_path = self.path.iter();
        let of_path =
            of_path.filter_map(|(name, value)| Some((Name::of(name)?, Some(text(value)))));
        let of_parts = http.entities.iter();
        let of_parts = of_parts.map(|(entity, part)| (*entity, self.part(part)));
        for (entity, value) in of_path.chain(of_parts) {
            let Some(number) = value.and_then(|value| number_of(&value)) else {
                continue;
            };
            let from_one = Some(number.wrapping_sub(1));
            match entity {
                Name::User => entities.user = from_one,
                Name::Token => entities.token = from_one,
                Name::Event => entities.event = from_one,
                Name::Seat => entities.seat = from_one,
                Name::Hold => entities.hold = Some(number),
            }
        }
        entities
    }
}

/// The number that a value stands for: itself, the last number in a text (`Bearer token-17`), or for a text without
/// digits one that is always the same for it.
fn number_of(value: &serde_json::Value) -> Option<u32> {
    let text = match value {
        serde_json::Value::Number(n) => return u32::try_from(n.as_u64()?).ok(),
        serde_json::Value::String(text) => text,
        _ => return None,
    };
    let end = text.rfind(|c: char| c.is_ascii_digit()).map(|at| at + 1);
    let Some(end) = end else {
        let hash = |h: u32, b: u8| (h ^ u32::from(b)).wrapping_mul(0x0100_0193);
        return Some(text.bytes().fold(0x811c_9dc5, hash) >> 1);
    };
    let digits = text[..end].rfind(|c: char| !c.is_ascii_digit());
    let start = digits.map_or(0, |at| {
        at + text[at..].chars().next().map_or(1, char::len_utf8)
    });
    let number = text[start..end].parse::<u64>().ok()?;
    u32::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_the_parameters_of_the_route() {
        let route = Route {
            method: "POST".into(),
            host: None,
            path: vec![
                Segment::Literal("events".into()),
                Segment::Parameter("event".into()),
                Segment::Literal("occupy".into()),
            ],
        };
        let find = |method, path| matches(&route, method, "a:80", path);
        assert_eq!(
            find("POST", "/events/a%20b/occupy").unwrap()["event"],
            "a b"
        );
        assert_eq!(find("GET", "/events/7/occupy"), None);
        assert_eq!(find("POST", "/events/7"), None);
        assert_eq!(find("POST", "/events/7/occupy/8"), None);
        let host = Some("b".to_string());
        let other = Route { host, ..route };
        assert_eq!(matches(&other, "POST", "a:80", "/events/7/occupy"), None);
    }

    #[test]
    fn values_stand_for_numbers() {
        let number = |text: &str| number_of(&serde_json::json!(text)).unwrap();
        assert_eq!(number("17"), 17);
        assert_eq!(number("Bearer token-17"), 17);
        assert_eq!(number("u12-x"), 12);
        assert_eq!(number("ü7"), 7);
        assert_eq!(number_of(&serde_json::json!(5)), Some(5));
        assert_eq!(number_of(&serde_json::json!(null)), None);
        assert_eq!(number("anna"), number("anna"));
        assert_ne!(number("anna"), number("bert"));
    }

    #[test]
    fn addresses_have_a_host_a_path_and_a_query() {
        assert_eq!(parts("http://h:1/p/q?x=1"), ("h:1", "/p/q", "x=1"));
        assert_eq!(parts("http://h"), ("h", "", ""));
    }
}
