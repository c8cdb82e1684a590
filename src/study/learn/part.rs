//! The requests of a part of a file, packed: parts are read apart from each other, and learned from in their order.

use std::collections::BTreeMap;

use super::{GIVEN_UP, Learner, MOST_REQUESTS, MOST_TEMPLATES, Request, Route, SECOND, UPGRADED};
use crate::formats::{self, Declaration, Layout, Order, Problem, Reading, Record, Source, path};
use crate::logs;

/// Requests of a part that are packed before they are learned from, where a file is read one by one.
const LARGE: usize = 1 << 16;

/// Stands for a time that is not known: no request takes 584 years.
const UNKNOWN: u64 = u64::MAX;

/// A request, its texts as places in lists.
#[derive(Debug)]
struct Packed {
    start_us: i64,
    ns: u64,
    served_ns: u64,
    endpoint: u32,
    session: u32,
    users: u32,
    status: u16,
    failed: bool,
    untimed: bool,
}

/// Requests of a part of a file.
#[derive(Debug, Default)]
pub struct Part {
    /// Templates of paths, and a path of each.
    templates: Vec<(String, String)>,
    index: BTreeMap<String, u32>,
    /// Users, the first of whom is nobody.
    users: Vec<String>,
    users_index: BTreeMap<String, u32>,
    requests: Vec<Packed>,
    timeless: u64,
    upgraded: u64,
    /// Whether the requests stand in the order of time.
    order: Order,
    /// The path that was looked up last, where its method ends, and its place: logs repeat themselves.
    last: (String, usize, u32),
    template: String,
}

impl Part {
    /// Takes one more request.
    pub fn add(&mut self, record: &Record<'_>, routes: &[Route]) {
        self.order.add(record);
        let Some(start_us) = record.start_us else {
            self.timeless += 1;
            return;
        };
        if record.status == UPGRADED {
            self.upgraded += 1;
            return;
        }
        let endpoint = self.endpoint(record.method, record.path, routes);
        let session = match record.session {
            "" => 0,
            name => self.user(name),
        };
        self.requests.push(Packed {
            start_us,
            ns: record.ns,
            served_ns: record.served_ns.unwrap_or(UNKNOWN),
            endpoint,
            session,
            users: record.users,
            status: record.status,
            failed: record.failed,
            untimed: record.untimed,
        });
    }

    /// Whether it should be learned from now.
    fn is_large(&self) -> bool {
        self.requests.len() >= LARGE
    }

    fn endpoint(&mut self, method: &str, path: &str, routes: &[Route]) -> u32 {
        let (last, split, place) = &self.last;
        if !self.templates.is_empty() && last[..*split] == *method && last[*split..] == *path {
            return *place;
        }
        self.template.clear();
        path::write_template(&mut self.template, method, path, routes);
        let place = match self.index.get(&self.template) {
            Some(place) => *place,
            None => {
                let next = self.templates.len() as u32;
                let example = path::plain(path).chars().take(60).collect();
                self.templates.push((self.template.clone(), example));
                self.index.insert(self.template.clone(), next);
                next
            }
        };
        let (last, split, kept) = &mut self.last;
        last.clear();
        last.push_str(method);
        *split = last.len();
        last.push_str(path);
        *kept = place;
        place
    }

    fn user(&mut self, name: &str) -> u32 {
        if let Some(place) = self.users_index.get(name) {
            return *place;
        }
        self.users.push(name.to_string());
        let place = self.users.len() as u32;
        self.users_index.insert(name.to_string(), place);
        place
    }
}

impl Learner {
    /// Takes one more request.
    pub fn add(&mut self, record: &Record<'_>) {
        self.part.add(record, &self.routes);
        if self.part.is_large() {
            self.take_part();
        }
    }

    /// Takes the requests of a file that follow those of the files before it; an access log is read on all threads.
    /// Also tells whether they stand in the order of time.
    ///
    /// # Errors
    /// As [`formats::read`].
    pub fn read(
        &mut self,
        source: &mut Source,
        layout: Option<&Layout>,
    ) -> Result<(&'static Declaration, Reading, Order), Problem> {
        self.take_part();
        self.order = Order::default();
        let own = match layout {
            Some(_) => None,
            None => formats::layout_of_log(source)?,
        };
        let (declaration, reading) = match layout.or(own.as_ref()) {
            Some(layout) => {
                self.cut |= layout.is_cut_to_ms();
                let routes = std::mem::take(&mut self.routes);
                let parts = logs::Parts {
                    begin: Part::default,
                    take: |part: &mut Part, record: &Record<'_>| part.add(record, &routes),
                    append: |part: Part| self.append(part),
                };
                let reading = logs::each_block(source, layout, parts);
                self.routes = routes;
                (layout.declaration, reading?)
            }
            None => formats::each_of(source, None, &mut |record| self.add(record))?,
        };
        self.take_part();
        Ok((declaration, reading, std::mem::take(&mut self.order)))
    }

    pub(super) fn take_part(&mut self) {
        let part = std::mem::take(&mut self.part);
        self.append(part);
    }

    /// What times lack in the mean that were cut to whole milliseconds.
    pub(super) fn lost_ms(&self) -> f64 {
        if self.cut { 0.5 } else { 0.0 }
    }

    /// Takes the requests of a part that follows those before it.
    fn append(&mut self, part: Part) {
        self.order.append(&part.order);
        self.timeless += part.timeless;
        self.upgraded += part.upgraded;
        let mut places: Vec<Option<u16>> = vec![None; part.templates.len()];
        for packed in &part.requests {
            if self.requests.len() >= MOST_REQUESTS {
                self.left_out += 1;
                continue;
            }
            let own = packed.endpoint as usize;
            let place = places[own].unwrap_or_else(|| {
                let (template, example) = &part.templates[own];
                self.place(template, example)
            });
            places[own] = Some(place);
            let session = packed.session.checked_sub(1);
            let session = session.map_or("", |user| part.users[user as usize].as_str());
            self.take(packed, place, session);
        }
    }

    /// Takes one more request, of an endpoint at this place.
    fn take(&mut self, packed: &Packed, endpoint: u16, session: &str) {
        self.users = self.users.max(packed.users);
        // How long an answer would have taken is not known; while it was waited for it was under way.
        let unanswered = packed.failed && matches!(packed.status, 0 | GIVEN_UP);
        self.unanswered += u64::from(unanswered);
        if packed.failed {
            let failures = &mut self.failures[usize::from(endpoint)];
            *failures.entry(packed.status).or_default() += 1;
        }
        let start_us = packed.start_us;
        let end_us = start_us.saturating_add_unsigned(packed.ns / 1_000);
        self.fine.0 |= start_us % SECOND != 0;
        self.fine.1 |= end_us % SECOND != 0;
        if let Some(sessions) = &mut self.sessions {
            let us = u32::try_from(packed.ns / 1_000).unwrap_or(u32::MAX);
            sessions.add(session, start_us, us, endpoint);
        }
        let is_served = packed.served_ns != UNKNOWN;
        let ns = if is_served {
            packed.served_ns
        } else {
            packed.ns
        };
        self.requests.push(Request {
            start_us,
            us: u32::try_from(ns / 1_000).unwrap_or(u32::MAX),
            endpoint,
            timed: !unanswered && (!packed.untimed || is_served),
        });
    }

    /// The place of a template.
    fn place(&mut self, template: &str, example: &str) -> u16 {
        const OTHER: &str = "(other paths)";
        let is_known = self.index.contains_key(template);
        let is_full = self.templates.len() >= MOST_TEMPLATES && !is_known;
        let template = if is_full { OTHER } else { template };
        let next = self.templates.len();
        let place = *self.index.entry(template.to_string()).or_insert(next);
        if place == next {
            self.templates.push(template.to_string());
            self.failures.push(BTreeMap::new());
            self.examples.push(example.to_string());
        }
        place as u16
    }
}
