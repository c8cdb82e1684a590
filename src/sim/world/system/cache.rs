//! Requests that ask a cache: what they want of it, what they find there, and what empties it.

mod fetches;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::engine::alias::Alias;
use crate::engine::stream::Stream;
use crate::engine::{Time, Turn};
use crate::model::Model;
use crate::model::cache::{Cache, CacheId, Flight, Lookup};
use crate::model::system::Op;
use crate::parts::Job;
use crate::parts::cache::{CacheProbe, Found, Store};

use super::System;
use super::request::{Held, NONE};
use crate::world::audit::{Audit, Law};
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// All caches of a run.
pub(crate) struct Caches {
    all: Vec<CacheRun>,
    /// Requests that fetch what was stale, for nobody.
    refreshing: BTreeSet<Job>,
    /// What those who look again want, and since when they wait.
    looking: BTreeMap<Job, (u32, Time)>,
}

/// A cache at work.
struct CacheRun {
    store: Store,
    /// Whose draws it uses: those of the first replica's.
    draws: usize,
    /// What is wanted, and whether it is there or may be stored.
    stream: Stream,
    popularity: Option<Alias>,
    /// By object: who fetches it, and who waits.
    flights: BTreeMap<u32, FlightRun>,
    probe: CacheProbe,
}

struct FlightRun {
    fetcher: Job,
    waiters: VecDeque<(Job, u32)>,
}

impl FlightRun {
    /// A request begins to fetch, and nobody waits for it yet.
    fn of(fetcher: Job) -> FlightRun {
        let waiters = VecDeque::new();
        FlightRun { fetcher, waiters }
    }
}

impl Caches {
    /// The caches of a model, if it has any; `stream` gives the random stream of a name.
    pub(crate) fn of(model: &Model, stream: impl Fn(&str) -> Stream) -> Option<Box<Caches>> {
        if model.caches.is_empty() {
            return None;
        }
        let draws = (0..model.caches.len()).map(|at| model.first_of_cache(at));
        let all = model.caches.iter().zip(draws).map(|(spec, draws)| {
            let name = &spec.name;
            let order = stream(&format!("caches.{name}.order"));
            let popularity = match &spec.lookup {
                Lookup::Drawn { keys, popularity } => popularity.weights(*keys),
                _ => None,
            };
            CacheRun {
                store: filled(spec, order, popularity.as_deref()),
                draws,
                stream: stream(&format!("caches.{name}.draws")),
                popularity: popularity.and_then(|weights| Alias::new(&weights)),
                flights: BTreeMap::new(),
                probe: CacheProbe::default(),
            }
        });
        Some(Box::new(Caches {
            all: all.collect(),
            refreshing: BTreeSet::new(),
            looking: BTreeMap::new(),
        }))
    }

    pub(crate) fn probes(self) -> Vec<CacheProbe> {
        self.all.into_iter().map(|run| run.probe).collect()
    }

    /// A request goes away while it waits.
    pub(crate) fn renege(&mut self, now: Time, id: Job, cache: CacheId) {
        self.looking.remove(&id);
        let probe = &mut self.all[cache.index()].probe;
        probe.queue.subtract(now);
        probe.left += 1;
    }
}

/// A store as it is at the start: warm ones hold the most popular objects, the most popular one asked for last.
fn filled(spec: &Cache, stream: Stream, weights: Option<&[f64]>) -> Store {
    let mut store = Store::new(spec.policy, spec.size, stream);
    let Lookup::Drawn { keys, .. } = spec.lookup else {
        return store;
    };
    if spec.warm {
        let mut all: Vec<u32> = (0..keys).collect();
        if let Some(weights) = weights {
            all.sort_by(|a, b| weights[*b as usize].total_cmp(&weights[*a as usize]));
        }
        all.truncate(spec.size as usize);
        // A cache that has been at work for long has objects of all ages; without a clock of its own they are fresh.
        all.iter().rev().for_each(|key| {
            store.put(*key, Time(u64::MAX / 2));
        });
    }
    store
}

impl<'m> System<'m> {
    fn cache_spec(&self, cache: CacheId) -> &'m Cache {
        &self.model.caches[cache.index()]
    }

    fn cache_run(&mut self, cache: CacheId) -> Option<&mut CacheRun> {
        self.caches.as_mut()?.all.get_mut(cache.index())
    }

    /// Plans the times at which caches are emptied.
    pub(crate) fn plan_clears(&mut self, kernel: &mut Kernel) {
        for (cache, spec) in self.model.caches.iter().enumerate() {
            for at in &spec.clear {
                let event = Event::of(Kind::CacheCleared, cache);
                kernel.queue.at_turn(Time::ZERO + *at, Turn::Late, event);
            }
        }
    }

    /// A cache is emptied.
    pub(crate) fn clear_cache(&mut self, cache: usize) {
        if let Some(run) = self.cache_run(CacheId(cache as u16)) {
            run.store.clear();
            run.probe.cleared += 1;
        }
    }

    /// The caches of a replica begin anew.
    pub(crate) fn clear_caches_of(&mut self, service: u16, at: u16) {
        let spec = &self.model.services[usize::from(service)];
        for copies in &spec.caches {
            self.clear_cache(usize::from(copies.first + at));
        }
    }

    /// What a request wants of a cache; `None` if there is no saying.
    fn wanted(&mut self, id: Job, cache: CacheId) -> Option<u32> {
        match self.cache_spec(cache).lookup {
            Lookup::Ratio(_) => None,
            Lookup::Entity(entity) => Some(self.entity(id, entity)).filter(|key| *key != NONE),
            Lookup::Drawn { keys, .. } => {
                let caches = self.caches.as_mut()?;
                let draws = caches.all.get(cache.index())?.draws;
                let run = caches.all.get_mut(draws)?;
                Some(match &run.popularity {
                    Some(table) => table.draw(&mut run.stream),
                    None => run.stream.below(u64::from(keys)) as u32,
                })
            }
        }
    }

    /// A chance of a cache's own.
    fn cache_chance(&mut self, cache: CacheId, probability: f64) -> bool {
        let run = self.cache_run(cache);
        run.is_some_and(|run| run.stream.chance(probability))
    }

    /// A request asks a cache. Returns how many operations it skips, if it goes on.
    // Out of the way of models without caches.
    #[inline(never)]
    pub(crate) fn ask_cache(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: Job,
        at: usize,
    ) -> Option<usize> {
        let Op::Cache { cache, skip } = self.ops[at] else {
            return Some(0);
        };
        self.op_times[at].visits += 1;
        let spec = self.cache_spec(cache);
        let key = self.wanted(id, cache);
        let run = self.cache_run(cache)?;
        run.probe.asked += 1;
        let Some(key) = key else {
            let hit = match spec.lookup {
                Lookup::Ratio(hit) => self.cache_chance(cache, hit),
                _ => false,
            };
            return Some(if hit {
                self.cache_run(cache)?.probe.hits += 1;
                usize::from(skip)
            } else {
                self.goes_past(id, cache)
            });
        };
        let found = run.store.look(now, key, spec.grace);
        if matches!(found, Found::Fresh | Found::Stale) {
            run.probe.hits += 1;
            run.probe.stale += u64::from(found == Found::Stale);
            if found == Found::Stale && !run.flights.contains_key(&key) {
                self.refresh(kernel, now, id, cache, (key, at));
            }
            return Some(usize::from(skip));
        }
        if found == Found::Unfit {
            return Some(self.goes_past(id, cache));
        }
        if spec.flight == Flight::Free || !run.flights.contains_key(&key) {
            return Some(self.fetches(id, cache, key));
        }
        self.awaits_fetch(kernel, now, id, cache, key);
        None
    }

    /// A request goes on for something that will not be stored.
    fn goes_past(&mut self, id: Job, cache: CacheId) -> usize {
        self.requests.hold(id, Held::Fetch(cache, NONE));
        if let Some(run) = self.cache_run(cache) {
            run.probe.passed += 1;
        }
        0
    }

    /// A write makes the object of a request invalid.
    #[inline(never)]
    pub(crate) fn invalidate(&mut self, id: Job, cache: CacheId) {
        let key = self.wanted(id, cache);
        if let (Some(key), Some(run)) = (key, self.cache_run(cache)) {
            run.probe.invalidated += u64::from(run.store.remove(key));
        }
    }

    /// Who asked a cache found it, went on, waits or has left; what was fetched came or is on its way.
    pub(crate) fn audit_caches(&self, kernel: &Kernel, audit: &mut Audit) {
        let Some(caches) = &self.caches else { return };
        for (index, run) in caches.all.iter().enumerate() {
            let spec = &self.model.caches[index];
            let name = format!("cache `{}`", spec.name);
            let p = &run.probe;
            let out = p.hits + p.shared + p.fetches + p.passed + p.left + p.queue.value();
            audit.equal(
                Law::Flow,
                &name,
                ("asked", p.asked.into()),
                ("found, went on, left or wait", out.into()),
            );
            let own = CacheId(index as u16);
            let under_way = self.held_where(
                |held| matches!(held, Held::Fetch(cache, key) if cache == own && key != NONE),
            );
            audit.equal(
                Law::Returned,
                &name,
                ("fetches", (p.fetches + p.refreshes).into()),
                ("over or under way", (p.fetched + under_way).into()),
            );
            let too_many = u64::from(run.store.len()).saturating_sub(u64::from(spec.size));
            let left = ("objects beyond its size", too_many.into());
            audit.equal(Law::Returned, &name, left, ("", 0));
            let here = |op: &Op| matches!(op, Op::Cache { cache, .. } if *cache == own);
            self.audit_line(kernel, audit, &name, &p.queue, here);
        }
    }
}
