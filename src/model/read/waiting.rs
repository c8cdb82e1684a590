//! The order of waiting, and the section `[locks]`.

use super::Build;
use super::station::idle;
use crate::Model;
use crate::field::Field;
use crate::preset::Presets;
use crate::section::Section;
use crate::suggest::suggestion;
use crate::system::{Entity, Op};
use crate::vocabulary::{Choice, Kind, keys, tables};
use crate::waiting::{Lock, WaitOrder, Waiting};

keys! {
    /// Which waiting request is next; `by-version` is for locks.
    pub(super) static ORDER = order: Choice(&ORDERS), or_text("in-order");
    /// With `barging`: the time from waking a request until it tries again. For a lock in another order: the time until
    /// the request continues; it holds the lock meanwhile.
    pub(super) static WAKE = wake: Time, or_text("0s");
    /// With `barging`: the endpoint whose visits to stations a woken request makes after `wake`, before it tries again:
    /// it competes for the processor or interpreter with the requests that arrive meanwhile.
    pub(super) static WAKE_WORK = wake_work: Name("endpoint"), otherwise("nothing");
    /// With `barging`: the share of releases that are handed to the first in line instead.
    pub(super) static HAND_OFF = hand_off: Number(0.0, 1.0), or_number(0.0);
    /// Whether `hand_off` or `at_random` takes effect at even intervals instead of at random.
    pub(super) static EVENLY = evenly: Flag, or_flag(false);
}

static REJOIN_KINDS: [Kind; 2] = [Kind::Choice(&REJOINS), Kind::Number(0.0, 1.0)];
keys! {
    /// With `barging`: where a request that was woken in vain queues from then on; a number is the share that goes to
    /// the back.
    pub(super) static REJOIN = rejoin: Either(&REJOIN_KINDS), or_text("front");
}

/// What share of them goes to the back of the line.
static REJOINS: Choice<f64> = Choice::possible(&[("front", 0.0), ("back", 1.0)]);

/// The share of those woken in vain that goes to the back.
pub(super) fn rejoin(field: &Field) -> f64 {
    let share = match field.text_if_any() {
        Some(_) => field.choice(&REJOINS),
        None => field.real(),
    };
    share.unwrap_or_default()
}

keys! {
    /// With `barging`: this number of additional tokens. A token that comes back while `size` are idle is closed, and
    /// no request is woken; a later arrival opens it again.
    pub(super) static OVERFLOW = overflow: Whole(0, u32::MAX as u64 / 2), or_whole(0);
    /// With `hand_off`: the share of requests at the front of the line that are never handed a token: they get one only
    /// if no other request asks for it.
    pub(super) static PASSED_OVER = passed_over: Number(0.0, 1.0), or_number(0.0);
    /// With `last-in-first-out`: the share of releases that go to a waiting request drawn at random.
    pub(super) static AT_RANDOM = at_random: Number(0.0, 1.0), or_number(0.0);
}

static ORDERS: Choice<WaitOrder> = Choice::of("order", "orders", &WaitOrder::NAMES);

tables! {
    /// Settings of all locks of one kind of entity: `seat`, `user`, `token`, `event` or `global`.
    pub(super) static LOCK_RULES = "locks.ENTITY" {
        ..ORDER;
        ..WAKE;
        ..HAND_OFF;
        /// A request that has waited this long fails with status 503; a visit may have a timeout of its own.
        timeout: Time, otherwise("endless");
        /// A real component, whose measured values are the defaults of the other keys.
        preset: Choice(&Presets("locks"));
    };
}

/// Reads `order`, `wake` and `hand_off` of a pool, a lock or a station. `rows` tells that it is a lock: what is waited for
/// has versions, and waits for the one who is handed it.
pub(super) fn waiting(section: &Section, rows: bool) -> Waiting {
    let order = section.optional("order");
    let mut waiting = Waiting {
        order: order.and_then(|f| order_of(&f, rows)).unwrap_or_default(),
        ..Waiting::default()
    };
    let barging = waiting.order == WaitOrder::Barging;
    if barging || rows {
        waiting.wake = section.time("wake").unwrap_or_default();
    } else {
        let why = "nobody has to wake up unless `order = \"barging\"`";
        idle(section, "wake", why);
    }
    if barging {
        waiting.stray = section.real_or_default("hand_off");
    } else {
        let why = "all is handed over unless `order = \"barging\"`";
        idle(section, "hand_off", why);
    }
    waiting
}

fn order_of(field: &Field, rows: bool) -> Option<WaitOrder> {
    let order = field.choice(&ORDERS)?;
    if order == WaitOrder::ByVersion && !rows {
        let fix = "give it to a lock, as in [locks.seat], or write \"random\"";
        field.error("only the rows that locks stand for have versions", fix);
        return None;
    }
    Some(order)
}

/// The kinds of entities that can be locked, by their names.
pub(super) static ENTITIES: Choice<Entity> = Choice::possible(&[
    ("seat", Entity::Seat),
    ("user", Entity::User),
    ("token", Entity::Token),
    ("event", Entity::Event),
    ("global", Entity::Global),
]);

/// The entity of a `lock`, an `optimistic` or a cache, by its name.
pub(super) fn entity_of(field: &Field) -> Option<Entity> {
    field.choice(&ENTITIES)
}

/// Rules for locks that nobody takes are slips, as a rule.
pub(super) fn unused(build: &Build, named: &[(&str, Field)], model: &Model) {
    let taken = |entity: Entity| {
        let locks = |op: &Op| matches!(op, Op::Lock { key, .. } if *key == entity);
        model.endpoints.iter().flat_map(|e| &e.ops).any(locks)
    };
    for (name, field) in named {
        let entity = ENTITIES.pairs.iter().find(|(known, _)| known == name);
        if entity.is_some_and(|(_, entity)| !taken(*entity)) {
            let message = format!("nothing takes a lock of `{name}`");
            build.notes.warn(field.at, message, "");
        }
    }
}

/// Reads all `[locks.ENTITY]`, and gives them as written.
pub(super) fn locks<'a>(build: &mut Build<'a>, root: &Section<'a>) -> Vec<(&'a str, Field<'a>)> {
    let named = root.optional("locks").map(|f| f.named());
    let named = named.unwrap_or_default();
    for (name, field) in &named {
        let Some((_, entity)) = ENTITIES.pairs.iter().find(|(known, _)| known == name) else {
            let fix = suggestion(
                name,
                "kinds of locks",
                ENTITIES.pairs.iter().map(|(name, _)| *name),
            );
            let message = format!("nothing can be locked by `{name}`");
            build.notes.error(field.at, message, fix);
            continue;
        };
        let Some(section) = field.section() else {
            continue;
        };
        let _ = section.text("preset");
        build.locks[*entity as usize] = Lock {
            waiting: waiting(&section, true),
            timeout: section.time("timeout"),
        };
    }
    named
}
