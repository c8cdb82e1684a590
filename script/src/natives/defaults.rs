//! What the calls of a VU have unless they say otherwise: by the script's options, the VU's tags and its response callback.

use super::host::tags_of;
use super::quick::AGENT;
use super::texts::listed;
use super::{Desk, Statuses};
use crate::effect::{Headers, Tags};
use rquickjs::function::Func;
use rquickjs::{Array, Object, Result};
use std::cell::RefCell;
use std::rc::Rc;

/// Defaults that are kept to be shared by VUs.
const MOST: usize = 64;

/// What calls have unless they say otherwise.
#[derive(Debug, PartialEq)]
pub(crate) struct Defaults {
    pub(super) agent: Rc<str>,
    /// Statuses that requests expect; `None`: nobody asks.
    pub(super) expected: Option<Statuses>,
    /// Tags of all samples.
    pub(super) tags: Rc<Tags>,
    /// The same, to be added to.
    pub(super) tag_list: Headers<Rc<str>>,
    /// Bodies of answers are dropped.
    pub(super) discards_bodies: bool,
}

/// The defaults of an engine's VUs.
pub(crate) struct KnownDefaults {
    usual: Rc<Defaults>,
    others: RefCell<Vec<Rc<Defaults>>>,
    statuses: RefCell<Vec<Statuses>>,
}

impl Default for KnownDefaults {
    fn default() -> Self {
        let usual: Statuses = Rc::new([(200, 399)]);
        KnownDefaults {
            usual: Rc::new(Defaults {
                agent: AGENT.into(),
                expected: Some(usual.clone()),
                tags: Rc::default(),
                tag_list: Headers::new(),
                discards_bodies: false,
            }),
            others: RefCell::default(),
            statuses: RefCell::new(vec![usual]),
        }
    }
}

impl KnownDefaults {
    /// Those of a VU that has set nothing.
    pub(super) fn usual(&self) -> Rc<Defaults> {
        self.usual.clone()
    }

    /// A list of statuses by its number.
    pub(super) fn statuses(&self, number: usize) -> Option<Statuses> {
        self.statuses.borrow().get(number).cloned()
    }

    /// The number of a list of statuses.
    fn number_of(&self, ranges: Statuses) -> usize {
        let mut known = self.statuses.borrow_mut();
        known.iter().position(|k| *k == ranges).unwrap_or_else(|| {
            known.push(ranges);
            known.len() - 1
        })
    }

    fn shared(&self, defaults: Defaults) -> Rc<Defaults> {
        if *self.usual == defaults {
            return self.usual.clone();
        }
        let mut known = self.others.borrow_mut();
        if let Some(same) = known.iter().find(|k| ***k == defaults) {
            return same.clone();
        }
        let made = Rc::new(defaults);
        if known.len() < MOST {
            known.push(made.clone());
        }
        made
    }
}

/// Lets the JavaScript side set the defaults of a VU.
pub(crate) fn install<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    let own = desk.clone();
    let number_of = move |ranges: Vec<Vec<f64>>| {
        // What is beyond 16 bits is cut to them: no status is there.
        let range = |r: &Vec<f64>| Some((*r.first()? as u16, *r.get(1)? as u16));
        own.defaults
            .number_of(ranges.iter().filter_map(range).collect())
    };
    natives.set("statuses", Func::from(number_of))?;
    let own = desk.clone();
    natives.set(
        "defaults",
        Func::from(
            move |agent: Option<String>,
                  statuses: Option<usize>,
                  tags: Option<Array<'js>>,
                  discards_bodies: bool|
                  -> Result<()> {
                let tags = tags_of(tags.as_ref())?;
                let defaults = Defaults {
                    agent: agent.map_or_else(|| AGENT.into(), Rc::from),
                    expected: statuses.and_then(|number| own.defaults.statuses(number)),
                    tag_list: listed(&tags),
                    tags: Rc::new(tags),
                    discards_bodies,
                };
                own.vu().set_defaults(own.defaults.shared(defaults));
                Ok(())
            },
        ),
    )
}
