//! What a script records, learnt from runs: a model has a place for each check, group and kind of request.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::engine::Span;
use crate::model::Model;
use crate::model::journey::{Check, Expected, Group, Site, SiteId, Usual};
use crate::model::metric_name::MetricName;
use crate::model::system::EndpointId;

/// Tags, sorted by key.
pub type TagList = Vec<(String, String)>;

/// What tells one kind of request from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SiteKey {
    pub endpoint: EndpointId,
    pub name: String,
    pub group: String,
    pub timeout: Span,
    pub expected: Expected,
    pub tags: TagList,
}

/// What tells one check from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckKey {
    pub group: String,
    pub name: String,
    pub tags: TagList,
}

pub fn key_of(site: &Site) -> SiteKey {
    SiteKey {
        endpoint: site.endpoint,
        name: site.name.clone(),
        group: site.group.clone(),
        timeout: site.timeout,
        expected: site.expected.clone(),
        tags: site.tags.clone(),
    }
}

/// Kinds of requests, of checks and of other samples beyond which only tags that thresholds name are told apart.
pub const MOST_TAGGED: usize = 500;

/// Tags that the thresholds of a model name.
pub fn wanted(model: &Model) -> BTreeSet<(String, String)> {
    let names = model.thresholds.iter();
    let parts = names.filter_map(|t| match &t.name {
        MetricName::Part(part) => Some(part.tags.iter().cloned()),
        MetricName::Whole(_) => None,
    });
    parts.flatten().collect()
}

/// Kinds of requests beyond which those of an endpoint are one.
pub const MOST_SITES: usize = 2_000;

/// Iterations without anything new after which a run has shown what the script does.
const LEARN: u32 = 500;

/// What one attempt at a run came to.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// Lines of the script's log.
    pub lines: Vec<String>,
    /// Why the run means nothing, if so.
    pub problem: Option<String>,
    /// What `setup` returned, as JSON.
    pub setup: Option<Rc<str>>,
    /// The script's words when it ended the test.
    pub aborted: Option<String>,
    /// The script marked the test as failed.
    pub failed: bool,
    /// `setup` or `teardown` threw.
    pub threw: bool,
    /// Iterations that came to an end, and those of them that an exception ended.
    pub ended: (u64, u64),
    /// What the script did that the model did not know.
    pub missing: Missing,
}

/// Things in the order in which they were first seen.
#[derive(Clone, Debug)]
struct InOrder<T> {
    known: BTreeSet<T>,
    all: Vec<T>,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        InOrder {
            known: BTreeSet::new(),
            all: Vec::new(),
        }
    }
}

impl<T: Ord + Clone> InOrder<T> {
    fn insert(&mut self, thing: T) -> bool {
        let new = self.known.insert(thing.clone());
        if new {
            self.all.push(thing);
        }
        new
    }
}

/// Checks, groups and kinds of requests to be added to a model.
#[derive(Clone, Debug, Default)]
pub struct Missing {
    checks: InOrder<CheckKey>,
    /// Groups with the tags of samples in them.
    groups: InOrder<(String, TagList)>,
    sites: InOrder<SiteKey>,
    /// Iterations that have ended since the last of them was found.
    since: u32,
    /// The run is made for this alone.
    learns: bool,
    /// What whole iterations of each scenario did, in a run that is made to learn.
    done: Vec<Done>,
}

/// What whole iterations of a scenario did.
#[derive(Clone, Debug, Default)]
struct Done {
    journey: usize,
    iterations: u32,
    requests: BTreeMap<SiteKey, u32>,
    slept: Span,
}

impl Missing {
    /// Nothing is missing yet, of a model with a number of scenarios.
    pub fn new(learns: bool, scenarios: usize) -> Missing {
        Missing {
            learns,
            done: vec![Done::default(); scenarios],
            ..Missing::default()
        }
    }

    pub fn is_empty(&self) -> bool {
        self.checks.all.is_empty() && self.groups.all.is_empty() && self.sites.all.is_empty()
    }

    /// Whether the run is made to learn.
    pub fn learns(&self) -> bool {
        self.learns
    }

    pub fn check(&mut self, key: CheckKey) {
        let new = self.checks.insert(key);
        self.note(new);
    }

    pub fn group(&mut self, path: String, tags: TagList) {
        let new = self.groups.insert((path, tags));
        self.note(new);
    }

    pub fn site(&mut self, key: SiteKey) {
        let new = self.sites.insert(key);
        self.note(new);
    }

    fn note(&mut self, new: bool) {
        if new {
            self.since = 0;
        }
    }

    /// An iteration of a scenario is over, which sent these requests and slept so long. Whether the run has shown
    /// enough, and may end.
    pub fn iteration_over(
        &mut self,
        scenario: usize,
        journey: usize,
        made: &mut Vec<SiteKey>,
        slept: Span,
    ) -> bool {
        self.since += 1;
        let enough = self.since > LEARN;
        if !self.learns {
            return enough && !self.is_empty();
        }
        let done = &mut self.done[scenario];
        done.journey = journey;
        done.iterations += 1;
        done.slept = done.slept + slept;
        for key in made.drain(..) {
            *done.requests.entry(key).or_default() += 1;
        }
        // A scenario that starts later is waited for, but not for ever.
        let all = self.done.iter().all(|d| d.iterations > 0);
        enough && (all || self.since > 20 * LEARN)
    }

    /// Adds all of it to a model.
    pub fn teach(&self, model: &mut Model) {
        let wanted = wanted(model);
        let few = |known: usize, tags: &TagList| {
            known < MOST_TAGGED || tags.iter().all(|tag| is_kept(&wanted, tag))
        };
        for CheckKey { group, name, tags } in self.checks.all.iter().cloned() {
            if few(model.checks.len(), &tags) {
                push_new(&mut model.checks, Check { name, group, tags });
            }
        }
        for (path, tags) in self.groups.all.iter().cloned() {
            if few(model.groups.len(), &tags) {
                push_new(&mut model.groups, Group { path, tags });
            }
        }
        for key in &self.sites.all {
            if few(model.sites.len(), &key.tags) && model.sites.len() < MOST_SITES {
                model.sites.push(site(key.clone()));
            }
        }
    }
}

/// Whether a tag is told apart whatever the number of kinds: one that thresholds name, and the method of a request.
pub fn is_kept(wanted: &BTreeSet<(String, String)>, tag: &(String, String)) -> bool {
    tag.0 == "method" || wanted.contains(tag)
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, thing: T) {
    if !list.contains(&thing) {
        list.push(thing);
    }
}

fn site(key: SiteKey) -> Site {
    Site {
        endpoint: key.endpoint,
        name: key.name,
        tags: key.tags,
        timeout: key.timeout,
        expected: key.expected,
        pick: None,
        group: key.group,
    }
}

/// Whether no request was of this site: it was given to its endpoint, which had none.
pub fn is_stand_in(site: &Site) -> bool {
    site.tags.first().is_some_and(|(key, _)| key == "capsim")
}

/// Gives each endpoint that has no site one, so that a run goes on where a new kind of request is sent.
pub fn add_a_site_for_each_endpoint(model: &mut Model) {
    let have: BTreeSet<EndpointId> = model.sites.iter().map(|s| s.endpoint).collect();
    let all = model.endpoints.iter().zip((0..).map(EndpointId));
    let new: Vec<Site> = all
        .filter(|(_, id)| !have.contains(id))
        .map(|(endpoint, id)| {
            site(SiteKey {
                endpoint: id,
                name: endpoint.name.clone(),
                group: String::new(),
                timeout: Span::secs(60),
                expected: Expected::default(),
                // Like none that a script sends.
                tags: vec![("capsim".to_owned(), "any".to_owned())],
            })
        })
        .collect();
    model.sites.extend(new);
}

/// What was learnt of a script.
#[derive(Debug)]
pub struct Learned(Missing);

impl Learned {
    pub fn of(missing: Missing) -> Learned {
        Learned(missing)
    }

    /// Adds it to a model, with what iterations usually do.
    pub fn teach(&self, model: &mut Model) {
        self.0.teach(model);
        for done in self.0.done.iter().filter(|d| d.iterations > 0) {
            let share = |n: f64| n / f64::from(done.iterations);
            let id = |key: &SiteKey| {
                let at = model.sites.iter().position(|s| key_of(s) == *key)?;
                u16::try_from(at).ok().map(SiteId)
            };
            let requests = done
                .requests
                .iter()
                .filter_map(|(key, n)| Some((id(key)?, share(f64::from(*n)))))
                .collect();
            let sleep = share(done.slept.as_secs());
            model.journeys[done.journey].usual = Some(Usual { requests, sleep });
        }
    }
}
