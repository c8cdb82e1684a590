//! What a script does that is recorded: which check, metric, group or kind of request of the model it is.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

use capsim_script::record::pattern;
use capsim_script::{Answer, Level, LogLine, Request, Tags};

use super::{MOST_LINES, ScriptUsers, User, span};
use crate::cli::scripted::learned::{CheckKey, MOST_SITES, MOST_TAGGED, SiteKey, TagList, is_kept};
use crate::measure::recorder::SampleSource;
use crate::model::journey::{Check, CheckId, Expected, GroupId, MetricId, SiteId};
use crate::model::system::EndpointId;
use crate::world::users::Turn;

/// Kinds of requests of an endpoint that are known again at a glance.
const MOST_SEEN: usize = 16;

/// Checks that are known again at a glance.
const MOST_CHECKS: usize = 16;

/// Options that change what a test does, and that are left out.
const NOT_SIMULATED: [&str; 4] = [
    "executionSegment",
    "executionSegmentSequence",
    "blockHostnames",
    "blacklistIPs",
];

/// A line of a script's log as one text.
pub(super) fn said(line: &LogLine) -> String {
    let fields = line
        .fields
        .iter()
        .map(|(name, value)| format!(" {name}={value:?}"));
    fields.fold(line.text.clone(), |text, field| text + &field)
}

/// A kind of request that was sent before, and its site.
pub(super) struct Seen {
    phase: &'static str,
    name: Rc<str>,
    group: Rc<str>,
    timeout: Duration,
    expected: Option<Rc<[(u16, u16)]>>,
    method: Rc<str>,
    tags: Rc<Tags>,
    site: SiteId,
}

impl Seen {
    fn of(phase: &'static str, request: &Request, site: SiteId) -> Seen {
        Seen {
            phase,
            name: request.name.clone(),
            group: request.group.clone(),
            timeout: request.timeout,
            expected: request.expected.clone(),
            method: request.method.clone(),
            tags: request.tags.clone(),
            site,
        }
    }

    fn is_of(&self, phase: &str, request: &Request) -> bool {
        self.phase == phase
            && self.name == request.name
            && self.group == request.group
            && self.timeout == request.timeout
            && self.method == request.method
            && self.expected == request.expected
            && self.tags == request.tags
    }
}

/// A check that was made before.
pub(super) struct SeenCheck {
    name: Rc<str>,
    group: Rc<str>,
    tags: Rc<Tags>,
    check: CheckId,
}

impl SeenCheck {
    /// Whether it is of this name, group and tags, as far as that is seen at a glance.
    fn is_of(&self, name: &Rc<str>, group: &Rc<str>, tags: &Rc<Tags>) -> bool {
        Rc::ptr_eq(&self.name, name)
            && (Rc::ptr_eq(&self.group, group) || self.group.is_empty() && group.is_empty())
            && (Rc::ptr_eq(&self.tags, tags) || self.tags.is_empty() && tags.is_empty())
    }
}

/// Tags as a list, in order.
fn list(tags: &Tags) -> TagList {
    tags.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}

impl ScriptUsers<'_> {
    /// A group that the model does not know is to be added to it.
    pub(super) fn open_group(&mut self, path: &str) {
        if self.group(path, &TagList::new()).is_none() {
            self.told
                .borrow_mut()
                .missing
                .group(path.to_owned(), Vec::new());
        }
    }

    /// The site of a request: one of its endpoint, group, timeout and tags, or some of its endpoint.
    pub(super) fn site(
        &mut self,
        turn: Turn,
        endpoint: EndpointId,
        request: &Request,
        user: &mut User,
    ) -> Option<SiteId> {
        if self.learns {
            user.made.0.push(self.key(turn, endpoint, request));
        }
        let phase = phase(turn);
        let seen = &self.seen[endpoint.index()];
        if let Some(kind) = seen.iter().find(|kind| kind.is_of(phase, request)) {
            return Some(kind.site);
        }
        let site = self.site_by_key(turn, endpoint, request)?;
        let seen = &mut self.seen[endpoint.index()];
        if seen.len() < MOST_SEEN && self.told.borrow().missing.is_empty() {
            seen.push(Seen::of(phase, request, site));
        }
        Some(site)
    }

    fn site_by_key(&self, turn: Turn, endpoint: EndpointId, request: &Request) -> Option<SiteId> {
        let mut key = self.key(turn, endpoint, request);
        let mut known = self.sites.get(&key).copied();
        if known.is_none() && self.model.sites.len() >= MOST_TAGGED {
            key.tags.retain(|tag| is_kept(&self.wanted, tag));
            known = self.sites.get(&key).copied();
        }
        if known.is_none() && self.model.sites.len() < MOST_SITES {
            self.told.borrow_mut().missing.site(key);
        }
        known.or_else(|| self.any.get(&endpoint).copied())
    }

    /// What kind of request it is.
    fn key(&self, turn: Turn, endpoint: EndpointId, request: &Request) -> SiteKey {
        let tags = request.tags.iter().filter(|(key, _)| *key != "name");
        let mut tags: Vec<_> = tags.map(|(k, v)| (k.clone(), v.clone())).collect();
        let usual = self.model.endpoints[endpoint.index()].method();
        if &*request.method != usual && !request.tags.contains_key("method") {
            tags.push(("method".to_owned(), request.method.to_string()));
            tags.sort();
        }
        SiteKey {
            endpoint,
            name: self.name_of(endpoint, request),
            group: place(turn, &request.group).into_owned(),
            timeout: span(request.timeout),
            expected: self.expected(endpoint, request),
            tags,
        }
    }

    /// The statuses that a request expects. An answer whose status differs from the model's counts as the script sees it.
    fn expected(&self, endpoint: EndpointId, request: &Request) -> Expected {
        let Some(ranges) = &request.expected else {
            return Expected::Unasked;
        };
        let http = self.model.endpoints[endpoint.index()].http.as_deref();
        let is_expected = |s: u16| {
            let seen = http.map_or(s, |http| http.status_of(s));
            ranges
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&seen))
        };
        let all: Vec<u16> = (100..1000).filter(|s| is_expected(*s)).collect();
        match all == (200..400).collect::<Vec<u16>>() {
            true => Expected::Usual,
            false => Expected::Statuses(all),
        }
    }

    /// The tag `name` of a request: its own, or the address, unless that may differ from one to the next and no threshold
    /// names it.
    pub(super) fn name_of(&self, endpoint: EndpointId, request: &Request) -> String {
        let own = &request.name;
        let is_named = |key: &str| {
            let mut tags = self.wanted.iter();
            tags.any(|(k, value)| k == key && **value == **own)
        };
        if is_named("name") || is_named("url") {
            return own.to_string();
        }
        if own.contains("://") && (own.contains('?') || pattern(own).contains("{id}")) {
            return self.model.endpoints[endpoint.index()].name.clone();
        }
        own.to_string()
    }

    /// The check of a name, group and tags; one that the model does not know is to be added to it.
    pub(super) fn check(
        &mut self,
        turn: Turn,
        (name, group): (&Rc<str>, &Rc<str>),
        tags: &Rc<Tags>,
    ) -> Option<CheckId> {
        let is_usual = turn.origin.as_scenario().is_some();
        let known = self.checks.iter().find(|c| c.is_of(name, group, tags));
        if let Some(known) = known.filter(|_| is_usual) {
            return Some(known.check);
        }
        let place = place(turn, group);
        let find = |tags: &TagList| {
            let mut checks = self.model.checks.iter();
            let is = |c: &Check| *c.name == **name && c.group == place && c.tags == *tags;
            u16::try_from(checks.position(is)?).ok().map(CheckId)
        };
        let full = self.model.checks.len() >= MOST_TAGGED;
        let tag_list = list(tags);
        let found = find(&tag_list);
        let (check, key) = match found.is_none() && full {
            true => {
                let few = self.few(tag_list);
                (find(&few), few)
            }
            false => (found, tag_list),
        };
        let Some(check) = check else {
            self.told.borrow_mut().missing.check(CheckKey {
                group: place.into_owned(),
                name: name.to_string(),
                tags: key,
            });
            return None;
        };
        if is_usual && self.checks.len() < MOST_CHECKS {
            self.checks.push(SeenCheck {
                name: name.clone(),
                group: group.clone(),
                tags: tags.clone(),
                check,
            });
        }
        Some(check)
    }

    pub(super) fn metric(&self, name: &str) -> Option<MetricId> {
        let at = self.model.metrics.iter().position(|m| m.name == name)?;
        u16::try_from(at).ok().map(MetricId)
    }

    /// The group and tags of a sample that is none of a request or check; those that the model does not know are to be
    /// added to it.
    pub(super) fn label(&self, turn: Turn, group: &str, tags: &Tags) -> Option<GroupId> {
        let place = place(turn, group);
        let mut key = list(tags);
        let mut known = self.group(&place, &key);
        if known.is_none() && self.model.groups.len() >= MOST_TAGGED {
            key = self.few(key);
            known = self.group(&place, &key);
        }
        if known.is_none() && !key.is_empty() {
            let missing = &mut self.told.borrow_mut().missing;
            missing.group(place.into_owned(), key);
        }
        known
    }

    /// Those of some tags that are told apart whatever the number of kinds.
    fn few(&self, mut tags: TagList) -> TagList {
        tags.retain(|tag| is_kept(&self.wanted, tag));
        tags
    }

    fn group(&self, path: &str, tags: &TagList) -> Option<GroupId> {
        let mut groups = self.model.groups.iter();
        let at = groups.position(|g| g.path == path && g.tags == *tags)?;
        u16::try_from(at).ok().map(GroupId)
    }

    /// Keeps what the init code said, and which of its options change nothing here.
    pub fn tell_of_init(&mut self, log: &[LogLine]) {
        for line in log {
            self.tell(line.level, &said(line));
        }
        let shared = self.shared.clone();
        for name in NOT_SIMULATED
            .iter()
            .filter(|name| !shared.options[**name].is_null())
        {
            let text =
                format!("capsim does not simulate the option {name}: the run is made without it");
            self.tell(Level::Warning, &text);
        }
    }

    /// Keeps a line of the script's log.
    pub(super) fn tell(&mut self, level: Level, text: &str) -> Answer {
        let mut told = self.told.borrow_mut();
        if told.lines.len() > MOST_LINES {
            self.hidden += 1;
            let hidden = self.hidden;
            if let Some(last) = told.lines.last_mut() {
                *last = format!("… and {hidden} more lines of the script's log");
            }
            return Answer::Go;
        }
        let word = match level {
            Level::Debug => return Answer::Go,
            Level::Info => "INFO",
            Level::Warning => "WARN",
            Level::Error => "ERRO",
        };
        told.lines.push(format!("{word} {text}"));
        Answer::Go
    }
}

/// The group that setup or teardown is to k6.
fn phase(turn: Turn) -> &'static str {
    match turn.origin {
        SampleSource::SETUP => "::setup",
        SampleSource::TEARDOWN => "::teardown",
        _ => "",
    }
}

/// The group that a sample is in: those of setup and teardown are in groups of these names.
pub(super) fn place(turn: Turn, group: &str) -> Cow<'_, str> {
    match phase(turn) {
        "" => Cow::Borrowed(group),
        phase => Cow::Owned(format!("{phase}{group}")),
    }
}
