//! Visits of an endpoint: one function for each, and the scopes in which something is held.

use super::endpoint::unplaced;
use super::station::idle;
use super::visit_tables::{ERRORS, VISITS};
use super::waiting::entity_of;
use super::{Build, names};
use crate::cache::CacheId;
use crate::field::Field;
use crate::rate_limit::RateLimitId;
use crate::section::Section;
use crate::suggest::{listed, nearest};
use crate::system::{EndpointId, Entity, Op, PoolId};
use crate::tree::Place;
use crate::waiting::WaitOrder;

/// One endpoint leads to another.
pub(super) struct Call {
    pub from: EndpointId,
    pub to: EndpointId,
    pub place: Place,
    /// What the caller holds meanwhile, if it waits.
    pub held: usize,
}

/// The program of an endpoint in the making.
pub(super) struct Visits<'b, 'a> {
    pub(super) build: &'b mut Build<'a>,
    id: EndpointId,
    calls: &'b mut Vec<Call>,
    pub(super) ops: Vec<Op>,
    /// How what is held here gives itself back, the innermost last.
    pub(super) held: Vec<Op>,
    /// Versions that were read and are not checked yet: they are remembered like things held.
    versions: usize,
    most_held: usize,
}

impl<'b, 'a> Visits<'b, 'a> {
    pub(super) fn new(
        build: &'b mut Build<'a>,
        id: EndpointId,
        calls: &'b mut Vec<Call>,
    ) -> Visits<'b, 'a> {
        Visits {
            build,
            id,
            calls,
            ops: Vec::new(),
            held: Vec::new(),
            versions: 0,
            most_held: 0,
        }
    }

    /// The program, and how much it holds at most, calls not counted.
    pub(super) fn finish(mut self) -> (Vec<Op>, u8) {
        self.ops.push(Op::Done);
        (self.ops, u8::try_from(self.most_held).unwrap_or(u8::MAX))
    }

    /// All visits of an endpoint, behind its limits, in the pools that it holds for all of them.
    pub(super) fn whole(
        &mut self,
        (limits, class): (&[Field<'a>], u8),
        held: &[Field<'a>],
        items: &[Field<'a>],
    ) {
        let mut open = Vec::new();
        self.limits(limits, class, &mut open);
        for pool in held {
            self.hold(pool, 1, &mut open);
        }
        for item in items {
            self.visit(item, &mut open);
        }
        // Effects that requests name happen last, in the scope of all that is still held.
        let effects = unplaced(self.build, self.id, &self.ops);
        self.ops.extend(effects);
        self.close(open);
    }

    pub(super) fn list(&mut self, items: &[Field<'a>], mut open: Vec<Op>) {
        for item in items {
            self.visit(item, &mut open);
        }
        self.close(open);
    }

    /// Ends scopes, the innermost first. A version is checked before the effects that end its scope:
    /// it guards them, as the commit of a transaction does.
    fn close(&mut self, mut open: Vec<Op>) {
        let effect = |op: &Op| matches!(op, Op::Claim(_) | Op::Confirm(_) | Op::ReleaseSeat);
        let effects = self.ops.iter().rev().take_while(|op| effect(op)).count();
        let at = self.ops.len() - effects;
        let checks = open
            .iter()
            .rev()
            .filter(|op| matches!(op, Op::CheckVersion(..)));
        let checks: Vec<Op> = checks.copied().collect();
        self.versions -= checks.len();
        self.ops.splice(at..at, checks);
        while let Some(op) = open.pop() {
            if !matches!(op, Op::CheckVersion(..)) {
                self.ops.push(op);
                self.held.pop();
            }
        }
    }

    fn hold(&mut self, pool: &Field<'a>, tokens: u16, open: &mut Vec<Op>) {
        let Some(id) = self.build.pools.find(pool).map(PoolId) else {
            return;
        };
        let mine = |op: &&Op| **op == Op::Release(id);
        let held = self.held.iter().filter(mine).count();
        let note = self.build.pools_note.get(id.index()).copied();
        let note = note.unwrap_or_default();
        if u64::from(note.size) < held as u64 + u64::from(tokens) {
            let message = format!(
                "a request would hold {} tokens of a pool of {}",
                held as u64 + u64::from(tokens),
                note.size
            );
            pool.error(message, "raise the pool's `size`, or hold fewer");
        }
        if let (true, Some(why)) = (tokens > 1, note.one_by_one) {
            let message = format!("several tokens at once cannot be had of a pool with `{why}`");
            pool.error(message, format!("remove `tokens`, or the pool's `{why}`"));
        }
        let take = match tokens {
            1 => Op::Acquire { pool: id },
            _ => Op::AcquireMany { pool: id, tokens },
        };
        self.take(take, Op::Release(id), open);
        if note.connects {
            self.ops.push(Op::Connect(id));
        }
    }

    pub(super) fn take(&mut self, take: Op, give_back: Op, open: &mut Vec<Op>) {
        self.ops.push(take);
        open.push(give_back);
        self.held.push(give_back);
        self.count_held();
    }

    fn count_held(&mut self) {
        self.most_held = self.most_held.max(self.held.len() + self.versions);
    }

    fn visit(&mut self, field: &Field<'a>, open: &mut Vec<Op>) {
        let Some(section) = field.section() else {
            return;
        };
        let Some(kind) = VISITS.heads().find(|kind| section.has(kind)) else {
            return no_visit(&section);
        };
        let Some(value) = section.optional(kind) else {
            return;
        };
        match kind {
            "station" => self.serve(&section, &value),
            "delay" => {
                let dist = self.build.dist(&value);
                self.ops.push(Op::Delay(dist));
            }
            "limit" => self.limit_visit(&section, &value, open),
            "hold" | "lock" | "optimistic" => self.scope(kind, &section, &value, open),
            "fail" => {
                let probability = value.real().unwrap_or(0.0);
                let status = section.integer_or_default("status");
                let error = section.choice("error", &ERRORS);
                if let (Some(_), Some(status)) = (error, section.optional("status")) {
                    status.error(
                        "where there is no answer, there is no status",
                        "give `status` or `error`",
                    );
                }
                let status = error.unwrap_or(status);
                self.ops.push(Op::Fail {
                    probability,
                    status,
                });
            }
            "call" => self.guarded_call(&section, &value),
            "rate_limit" => {
                let limit = self.build.rate_limits.find(&value).map(RateLimitId);
                self.ops.extend(limit.map(Op::RateLimit));
            }
            "cache" => self.cached(&section, &value),
            "invalidate" => {
                let cache = self.build.caches.find(&value).map(CacheId);
                self.ops.extend(cache.map(Op::Invalidate));
            }
            "spawn" => self.call(false, &value),
            "parallel" => self.parallel(&value),
            "respond" => {
                if self.ops.contains(&Op::Respond) {
                    value.error(
                        "the endpoint has answered already",
                        "remove one { respond = true }",
                    );
                }
                if value.flag() == Some(true) {
                    self.ops.push(Op::Respond);
                }
            }
            _ => self.effect(kind, &section, &value),
        }
        strangers(&section);
    }

    fn scope(&mut self, kind: &str, section: &Section<'a>, value: &Field<'a>, open: &mut Vec<Op>) {
        let inner = section
            .optional("visits")
            .map(|f| f.items().unwrap_or_default());
        let mut own = Vec::new();
        let scope = if inner.is_some() { &mut own } else { open };
        match kind {
            "hold" => {
                let tokens = section.integer_or_default("tokens");
                self.hold(value, tokens, scope);
            }
            "lock" => self.lock(section, value, scope),
            _ => self.optimistic(section, value, scope),
        }
        if let Some(items) = inner {
            self.list(&items, own);
        }
    }

    fn lock(&mut self, section: &Section<'a>, value: &Field<'a>, open: &mut Vec<Op>) {
        let timeout = section.time("timeout");
        let Some(key) = self.entity(value) else {
            return;
        };
        let own = self.build.locks[key as usize];
        let timeout = timeout.or(own.timeout);
        let writes = section.flag_or_default("writes");
        if own.waiting.order != WaitOrder::ByVersion {
            let why = "only where the order of the lock is \"by-version\" it counts who writes";
            idle(section, "writes", why);
        }
        if self.held.contains(&Op::Unlock(key)) {
            value.error(
                "this is locked already: the request would wait for itself",
                "lock it once",
            );
        }
        let lock = Op::Lock {
            key,
            timeout,
            writes,
        };
        self.take(lock, Op::Unlock(key), open);
    }

    fn optimistic(&mut self, section: &Section<'a>, value: &Field<'a>, open: &mut Vec<Op>) {
        let status = section.integer_or_default("status");
        let Some(key) = self.entity(value) else {
            return;
        };
        self.ops.push(Op::ReadVersion(key));
        self.versions += 1;
        self.count_held();
        open.push(Op::CheckVersion(key, status));
    }

    fn entity(&self, value: &Field<'a>) -> Option<Entity> {
        let entity = entity_of(value)?;
        if matches!(entity, Entity::Seat | Entity::Event) {
            self.build.needs_inventory(value);
        }
        if entity == Entity::Token {
            self.needs_waiting_room(value);
        }
        Some(entity)
    }

    fn effect(&mut self, kind: &str, section: &Section<'a>, value: &Field<'a>) {
        let op = match kind {
            "issue" => Op::IssueToken,
            "list" => Op::ListSeats,
            "look" => Op::Look(section.integer_or_default("status")),
            "claim" => Op::Claim(section.integer_or_default("status")),
            "confirm" => Op::Confirm(section.integer_or_default("status")),
            "release" => Op::ReleaseSeat,
            "renew" => Op::RenewSession,
            "leave" => Op::LeaveRoom,
            _ => Op::QueueStatus,
        };
        if value.word().is_none() {
            return;
        }
        match op {
            Op::IssueToken | Op::QueueStatus | Op::RenewSession | Op::LeaveRoom => {
                self.needs_waiting_room(value)
            }
            _ => self.build.needs_inventory(value),
        }
        self.ops.push(op);
    }

    fn needs_waiting_room(&self, field: &Field) {
        let key = format!("`{}`", field.name());
        self.build.waiting_room_for(&key, field);
    }

    fn callee(&mut self, endpoint: &Field<'a>, held: usize) -> Option<EndpointId> {
        let to = self.build.endpoints.find(endpoint).map(EndpointId)?;
        self.calls.push(Call {
            from: self.id,
            to,
            place: endpoint.node.head(),
            held,
        });
        Some(to)
    }

    pub(super) fn call(&mut self, waits: bool, endpoint: &Field<'a>) {
        let held = if waits {
            self.held.len() + self.versions
        } else {
            0
        };
        if let Some(to) = self.callee(endpoint, held) {
            self.ops
                .push(if waits { Op::Call(to) } else { Op::Spawn(to) });
        }
    }

    fn parallel(&mut self, branches: &Field<'a>) {
        let example = "write the endpoints to call at once, such as [\"a\", \"b\"]";
        for branch in branches.some_items(example).unwrap_or_default() {
            if let Some(to) = self.callee(&branch, 0) {
                self.ops.push(Op::Fork(to));
            }
        }
        self.ops.push(Op::Join);
        // Ids are 16 bits wide; more branches than that make no sense either.
        let _ = names::id(self.calls.len().saturating_sub(1), branches, "calls");
    }
}

fn no_visit(section: &Section) {
    section.tolerate();
    let unread = section.unread();
    let first = unread.first().map_or("", String::as_str);
    if first == "sleep" {
        let fix = "write { delay = \"1s\" }: an endpoint delays, a journey sleeps";
        return section.error("a visit with `sleep` is nothing that is known", fix);
    }
    let fix = match unread.iter().find_map(|key| nearest(key, VISITS.heads())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("a visit has one of {}", listed(VISITS.heads())),
    };
    section.error(
        format!("a visit with `{first}` is nothing that is known"),
        fix,
    );
}

/// A key that is a visit itself: two visits in one.
fn strangers(section: &Section) {
    let second = section
        .unread()
        .into_iter()
        .find(|key| VISITS.heads().any(|kind| kind == key));
    if let Some(second) = second {
        let message = format!("a visit does one thing; `{second}` is a second one");
        section.error(message, "give it a table of its own: { … }, { … }");
        section.tolerate();
    }
}
