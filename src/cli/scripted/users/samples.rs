//! What a script does that is recorded: which check, metric, group or kind of request of the model it is.

use capsim_script::record::pattern;
use capsim_script::{Answer, Level, Request};

use super::{MOST_LINES, ScriptUsers, place, span};
use crate::cli::scripted::MOST_SITES;
use crate::model::journey::{CheckId, GroupId, MetricId, SiteId};
use crate::model::system::EndpointId;
use crate::world::users::Turn;

impl ScriptUsers<'_> {
    /// A group that the model does not know is to be added to it.
    pub(super) fn open_group(&mut self, path: String) {
        if self.group(&path).is_none() {
            self.told.borrow_mut().missing.group(path);
        }
    }

    /// Notes a check that the recording of one iteration has not seen.
    pub(super) fn check_is_new(&self, group: String, name: String) {
        self.told.borrow_mut().missing.check(group, name);
    }

    /// The site of a request: one of its endpoint, group, timeout and tags, or some of its endpoint.
    pub(super) fn site(
        &self,
        turn: Turn,
        endpoint: EndpointId,
        request: &Request,
    ) -> Option<SiteId> {
        let tags = request.tags.iter().filter(|(key, _)| *key != "name");
        let tags = tags.map(|(k, v)| (k.clone(), v.clone())).collect();
        let key = (
            endpoint,
            self.name_of(endpoint, request),
            place(turn, &request.group),
            span(request.timeout),
            tags,
        );
        let known = self.sites.get(&key).copied();
        if known.is_none() && self.model.sites.len() < MOST_SITES {
            self.told.borrow_mut().missing.site(key);
        }
        known.or_else(|| self.any.get(&endpoint).copied())
    }

    /// The tag `name` of a request: its own, or the address unless that may differ from one to the next.
    pub(super) fn name_of(&self, endpoint: EndpointId, request: &Request) -> String {
        let own = &request.name;
        if own.contains("://") && (own.contains('?') || pattern(own).contains("{id}")) {
            return self.model.endpoints[endpoint.index()].name.clone();
        }
        own.clone()
    }

    pub(super) fn check(&self, name: &str, group: &str) -> Option<CheckId> {
        let at = self
            .model
            .checks
            .iter()
            .position(|c| c.name == name && c.group == group)?;
        u16::try_from(at).ok().map(CheckId)
    }

    pub(super) fn metric(&self, name: &str) -> Option<MetricId> {
        let at = self.model.metrics.iter().position(|m| m.name == name)?;
        u16::try_from(at).ok().map(MetricId)
    }

    pub(super) fn group(&self, path: &str) -> Option<GroupId> {
        let at = self.model.groups.iter().position(|g| g.path == path)?;
        u16::try_from(at).ok().map(GroupId)
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
