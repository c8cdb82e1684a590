//! The section `[caches]`, and the visits that ask one.

use super::Build;
use super::dist::DISTRIBUTION;
use super::inventory::{POPULARITY, popularity};
use super::station::idle;
use super::visit::Visits;
use super::waiting::{ENTITIES, entity_of};
use crate::cache::{Cache, CacheId, Eviction, Flight, Lookup};
use crate::engine::Span;
use crate::field::Field;
use crate::preset::Presets;
use crate::section::Section;
use crate::system::{Entity, Op, Popularity};
use crate::vocabulary::{Choice, tables};

/// Objects that a cache may be asked for.
const MOST_KEYS: u64 = 1_000_000;

tables! {
    /// A cache: on a hit, the visits behind it are skipped.
    pub(super) static CACHE = "caches.NAME" {
        /// A real component, whose measured values are the defaults of the other keys.
        preset: Choice(&Presets("caches"));
        /// The hit ratio, the same for all objects.
        hit: Number(0.0, 1.0);
        /// Requests want the object of this entity of theirs; `global`: all want the same.
        key: Choice(&ENTITIES);
        /// Number of objects; each request wants one, independently of all others.
        keys: Whole(1, MOST_KEYS);
        /// With `keys`: how often each is wanted.
        popularity: Type(&POPULARITY), or_text("uniform");
        /// How many objects fit.
        size: Whole(1, MOST_KEYS), otherwise("all");
        /// Which object is evicted when the cache is full: the least recently used, the least frequently used, the
        /// oldest, or a random one.
        policy: Choice(&POLICIES), or_text("lru");
        /// How long an object is fresh.
        ttl: Type(&DISTRIBUTION), otherwise("for ever");
        /// For this long after that it is still served stale, while one request in the background refreshes it.
        grace: Time, or_text("0s");
        /// What a request does on a miss that another request is already fetching: fetches it as well; waits and is
        /// woken; or checks again every `look_every`.
        single_flight: Choice(&FLIGHTS), or_text("none");
        /// With `poll`: the time from one check to the next.
        look_every: TimeAboveZero, or_text("500ms");
        /// With `poll`: a request that has waited this long fetches the object itself and does not store it.
        lock_timeout: Time, or_text("5s");
        /// The share of answers that may not be stored.
        uncacheable: Number(0.0, 1.0), or_number(0.0);
        /// How long the cache remembers that an object may not be stored; meanwhile no request waits for it.
        remember: Time, or_text("0s");
        /// Times of the run at which it is emptied.
        clear: OneOrMore(&Time);
        /// With `keys`: at the start it holds as many of the most popular objects as fit.
        warm: Flag, or_flag(false);
    } rules [OneOf(&[&["hit"], &["key"], &["keys"]])];
}

static POLICIES: Choice<Eviction> = Choice::of(
    "policy",
    "policies",
    &[
        ("lru", Eviction::Lru),
        ("lfu", Eviction::Lfu),
        ("fifo", Eviction::Fifo),
        ("random", Eviction::Random),
    ],
);

#[derive(Clone, Copy, PartialEq)]
enum Waits {
    No,
    Woken,
    Looks,
}

static FLIGHTS: Choice<Waits> = Choice::possible(&[
    ("none", Waits::No),
    ("wake", Waits::Woken),
    ("poll", Waits::Looks),
]);

/// Reads all of `[caches]`, in the order of the text.
pub(super) fn read_all<'a>(build: &mut Build<'a>, named: &[(&str, Field<'a>)]) -> Vec<Cache> {
    named
        .iter()
        .map(|(name, f)| cache(build, name, f))
        .collect()
}

fn cache<'a>(build: &mut Build<'a>, name: &str, field: &Field<'a>) -> Cache {
    let mut cache = Cache {
        name: name.to_string(),
        lookup: Lookup::Ratio(0.0),
        policy: Eviction::Lru,
        size: u32::MAX,
        ttl: None,
        grace: Span::ZERO,
        flight: Flight::Free,
        uncacheable: 0.0,
        remember: Span::ZERO,
        clear: Vec::new(),
        warm: false,
    };
    let Some(section) = field.section() else {
        return cache;
    };
    let _ = section.text("preset");
    cache.lookup = lookup(build, &section).unwrap_or(Lookup::Ratio(0.0));
    if matches!(cache.lookup, Lookup::Ratio(_)) {
        let all = [
            "size",
            "policy",
            "ttl",
            "grace",
            "single_flight",
            "look_every",
            "lock_timeout",
            "uncacheable",
            "remember",
            "clear",
            "warm",
        ];
        for key in all {
            idle(&section, key, "with `hit` there are no objects");
        }
        return cache;
    }
    cache.size = section.integer("size").unwrap_or(u32::MAX);
    cache.policy = section.choice_or_default("policy", &POLICIES);
    if cache.size == u32::MAX {
        idle(&section, "policy", "without `size` nothing has to go");
    }
    cache.ttl = section.optional("ttl").map(|f| build.dist(&f));
    cache.grace = section.time_or_default("grace");
    if cache.ttl.is_none() {
        idle(
            &section,
            "grace",
            "without `ttl` objects are fresh for ever",
        );
    }
    cache.flight = flight(&section);
    cache.uncacheable = section.real_or_default("uncacheable");
    cache.remember = section.time_or_default("remember");
    if let Some(times) = section.optional("clear") {
        cache.clear = times.one_or_more().iter().filter_map(Field::time).collect();
    }
    let warm = section.optional("warm");
    cache.warm = warm.as_ref().and_then(Field::flag).unwrap_or(false);
    if let (Some(warm), true) = (
        warm,
        cache.warm && !matches!(cache.lookup, Lookup::Drawn { .. }),
    ) {
        let message = "it is not known which objects of this cache are wanted most";
        warm.error(message, "remove `warm`, or write `keys` and `popularity`");
    }
    cache
}

fn flight(section: &Section) -> Flight {
    let waits = section.choice_or_default("single_flight", &FLIGHTS);
    if waits != Waits::Looks {
        for key in ["look_every", "lock_timeout"] {
            idle(section, key, "it goes with single_flight = \"poll\"");
        }
    }
    match waits {
        Waits::No => Flight::Free,
        Waits::Woken => Flight::Wake,
        Waits::Looks => Flight::Poll {
            every: section.time_or_default("look_every"),
            timeout: section.time_or_default("lock_timeout"),
        },
    }
}

fn lookup(build: &Build, section: &Section) -> Option<Lookup> {
    let (hit, key, keys) = (
        section.real("hit"),
        section.optional("key"),
        section.integer::<u32>("keys"),
    );
    if keys.is_none() {
        for other in ["popularity", "warm"] {
            idle(section, other, "it goes with `keys`");
        }
    }
    match (hit, key, keys) {
        (Some(hit), None, None) => Some(Lookup::Ratio(hit)),
        (None, Some(key), None) => {
            let entity = entity_of(&key)?;
            if matches!(entity, Entity::Event | Entity::Seat) {
                build.inventory_for("this key", &key);
            }
            Some(Lookup::Entity(entity))
        }
        (None, None, Some(keys)) => {
            let law = section.optional("popularity");
            let law = law.and_then(|f| popularity(&f, keys));
            Some(Lookup::Drawn {
                keys,
                popularity: law.unwrap_or(Popularity::Uniform),
            })
        }
        _ => {
            let fix = "write `hit = 0.9`, `key = \"event\"`, or `keys = 10000` and a popularity";
            section.error("a cache has one of `hit`, `key` and `keys`", fix);
            None
        }
    }
}

impl<'a> Visits<'_, 'a> {
    /// Visits that are not made if a cache has what they would bring.
    pub(super) fn cached(&mut self, section: &Section<'a>, name: &Field<'a>) {
        let items = section.optional("visits");
        let items = items
            .map(|f| f.items().unwrap_or_default())
            .unwrap_or_default();
        let Some(cache) = self.build.caches.find(name).map(CacheId) else {
            return;
        };
        if self.held.contains(&Op::Store(cache)) {
            let message = "this cache is asked already: the request would wait for itself";
            name.error(message, "ask it once");
        }
        let at = self.ops.len();
        let mut own = Vec::new();
        self.take(Op::Cache { cache, skip: 0 }, Op::Store(cache), &mut own);
        self.list(&items, own);
        // Programs are texts of some bytes, whose size has a limit.
        let skip = u16::try_from(self.ops.len() - 1 - at).unwrap_or(u16::MAX);
        self.ops[at] = Op::Cache { cache, skip };
    }
}
