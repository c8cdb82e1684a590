//! Stations.

use super::queueing::{self, AGEING, CODEL, LIFO_ABOVE, PREEMPTION};
use super::slowdown::{SLOWDOWN, WARM_UP};
use super::waiting::{HAND_OFF, ORDER, WAKE, waiting};
use super::{Build, slowdown};
use crate::field::Field;
use crate::queueing::Preemption;
use crate::section::Section;
use crate::system::{ByNumber, Cooling, Discipline, HostId, Scalability, Setup, Station};
use crate::vocabulary::{Choice, Kind, Type, keys, tables};
use crate::waiting::WaitOrder;

tables! {
    /// Servers with a queue, and a discipline that says who is served next.
    pub(crate) static STATION = "stations.NAME" {
        /// How many requests are served at once.
        servers: Either(&[Whole(1, 1_000_000), Word("infinite")]),
            required("servers = 2, or servers = \"infinite\"");
        /// Who is served next.
        discipline: Choice(&DISCIPLINES), or_text("fifo");
        ..QUEUE;
        ..REFUSAL;
        ..ORDER.otherwise("as the `discipline` says");
        ..WAKE;
        ..HAND_OFF;
        ..PREEMPTION;
        ..AGEING;
        ..LIFO_ABOVE;
        ..CODEL;
        /// How much requests that are served at once slow one another down.
        scalability: Table(&SCALABILITY);
        /// The probability that an arriving request leaves at once (balking), by the number waiting: 0, 1, 2 … and
        /// more.
        balking: List(&Number(0.0, 1.0)), otherwise("all stay");
        /// Factor on the speed, by the number in service and waiting: 1, 2, 3 … and more.
        speeds: List(&Number(1e-6, 1e6)), otherwise("always 1");
        /// Additional time of the first service after the station has been idle: a core that wakes up with cold caches,
        /// a disk that spins up.
        setup: Table(&SETUP);
        /// Periods in which it is slower.
        slowdowns: List(&Table(&SLOWDOWN));
        /// Its speed grows linearly at the start.
        warm_up: Table(&WARM_UP);
        /// The host whose cores it shares with others.
        on: Text, otherwise("its servers have cores of their own");
    };
}

static DISCIPLINES: Choice<Discipline> = Choice::of("discipline", "disciplines", Discipline::NAMES);

keys! {
    /// How many requests may wait; one more is refused.
    pub(super) static QUEUE = queue: Whole(0, u32::MAX as u64 - 1), otherwise("endless");
}

static REFUSED_WITH: Kind = Kind::Either(&[Kind::Type(&STATUS), Kind::Word("connection")]);

keys! {
    /// The status of a refused request; `connection`: no connection is made, status 0.
    pub(super) static REFUSAL = refusal: REFUSED_WITH, or_whole(503);
}

/// The HTTP status of a failure.
pub(super) static STATUS: Type = Type {
    name: "status",
    about: "The HTTP status of a failure.",
    kind: Kind::Whole(400, 599),
};

tables! {
    /// The Universal Scalability Law (Gunther 1993): with n requests served at once, throughput is n / (1 + sigma (n −
    /// 1) + kappa n (n − 1)) times that of one.
    static SCALABILITY = "stations.NAME.scalability" {
        /// Contention: the share of the work that is serialised.
        sigma: Number(0.0, 1e6), or_number(0.0);
        /// Crosstalk: the cost of each pair.
        kappa: Number(0.0, 1e6), or_number(0.0);
    } rules [AnyOf(&["sigma", "kappa"])];

    /// The first service after an idle period is longer (Welch 1964), all at once or gradually.
    pub(super) static SETUP = "stations.NAME.setup, hosts.NAME.setup" {
        /// How much longer.
        time: TimeAboveZero, required("time = \"30us\"");
        /// How long the station, or the host, must have been idle for it.
        after: Time, or_text("0s");
        /// Instead of `after`: gradually, half of it after this time, and g / (g + half_after) of it after g.
        half_after: TimeAboveZero;
    } rules [NotBoth("after", "half_after")];
}

/// Reads `[stations.NAME]`. What is left out: FIFO, an endless queue, refusal with 503.
pub(super) fn station<'a>(build: &mut Build<'a>, name: &str, field: &Field<'a>) -> Station {
    let mut station = Station::named(name.to_string());
    let Some(section) = field.section() else {
        return station;
    };
    if let Some(field) = section.optional("servers") {
        station.servers = servers(&field);
    }
    if let Some(discipline) = section.choice("discipline", &DISCIPLINES) {
        station.discipline = discipline;
    }
    (station.queue, station.refusal) = bound(&section);
    if station.servers == u32::MAX {
        for key in ["discipline", "queue", "refusal"] {
            idle(&section, key, "nobody waits where servers are infinite");
        }
    } else if station.queue == u32::MAX {
        idle(&section, "refusal", ENDLESS);
    }
    order(&section, &mut station);
    station.queueing = queueing::read(&section, &station);
    station.scalability = section
        .optional("scalability")
        .and_then(|f| scalability(&f));
    station.slowdowns = slowdown::read(build, &section);
    let on = section.optional("on");
    station.host = on.and_then(|f| build.hosts.find(&f)).map(HostId);
    station.by_number = by_number(&section, &station);
    station
}

/// What depends on how many are there.
fn by_number(section: &Section, station: &Station) -> ByNumber {
    let list = |key: &'static str| -> Vec<f64> {
        let items = section.optional(key).and_then(|f| f.items());
        let items = items.unwrap_or_default();
        items.iter().filter_map(Field::real).collect()
    };
    let law = ByNumber {
        balking: list("balking"),
        speeds: list("speeds"),
        setup: setup(section),
    };
    if station.scalability.is_some() && !law.speeds.is_empty() {
        let message = "`speeds` says what `scalability` says already";
        section.error(message, "remove one of them");
    }
    let classes =
        station.queueing.preemption != Preemption::No || station.queueing.ageing.is_some();
    if classes && !law.speeds.is_empty() {
        section.error(
            "`speeds` goes with no pre-emption and no ageing",
            "remove one of them",
        );
    }
    law
}

/// Reads `setup` of a station or a host.
pub(super) fn setup(section: &Section) -> Option<Setup> {
    let section = section.optional("setup")?.section()?;
    let time = section.time("time");
    let cooling = match section.optional("half_after") {
        Some(half) => Cooling::Half(half.time()?),
        None => Cooling::After(section.time_or_default("after")),
    };
    Some(Setup {
        time: time?,
        cooling,
    })
}

/// The order of waiting, which at a station may also be written as its discipline.
fn order(section: &Section, station: &mut Station) {
    station.waiting = waiting(section, false);
    let Some(field) = section
        .has("order")
        .then(|| section.optional("order"))
        .flatten()
    else {
        return;
    };
    if section.has("discipline") {
        let fix = "remove one of them";
        field.error("`order` says what `discipline` says already", fix);
    }
    if station.servers == u32::MAX {
        idle(section, "order", "nobody waits where servers are infinite");
    }
    station.discipline = match station.waiting.order {
        WaitOrder::LastInFirstOut => Discipline::Lifo,
        WaitOrder::Random => Discipline::Random,
        _ => Discipline::Fifo,
    };
}

/// Why `refusal` does nothing without a bound of the queue.
pub(super) const ENDLESS: &str = "nobody is refused where the queue is endless; `queue` bounds it";

/// Warns of a key that is written and does nothing, and why.
pub(super) fn idle(section: &Section, key: &'static str, why: &str) {
    if let Some(field) = section.has(key).then(|| section.optional(key)).flatten() {
        let message = format!("`{key}` does nothing here: {why}");
        field.notes.warn(field.at, message, "");
    }
}

fn servers(field: &Field) -> u32 {
    match field.text_if_any() {
        Some("infinite") => u32::MAX,
        Some(other) => {
            let message =
                format!("`servers` must be a whole number or \"infinite\", and is \"{other}\"");
            let fix = match (other.parse::<u32>(), other.to_lowercase().as_str()) {
                (Ok(number), _) => format!("write servers = {number}"),
                (_, "unlimited" | "infinity" | "inf" | "endless" | "none" | "∞") => {
                    "write servers = \"infinite\"".to_string()
                }
                _ => "write servers = 2".to_string(),
            };
            field.error(message, fix);
            1
        }
        None => field.integer().unwrap_or(1),
    }
}

/// The longest queue and what a refused request gets.
pub(super) fn bound(section: &Section) -> (u32, u16) {
    let queue = section.optional("queue").and_then(|field| {
        if let Some("unlimited" | "infinite" | "infinity" | "endless" | "none") =
            field.text_if_any()
        {
            let message = format!(
                "`queue` must be a whole number, and is {}",
                field.node.kind()
            );
            field.error(message, "leave it out: a queue without it is endless");
            return None;
        }
        field.integer()
    });
    let refusal = refused_with(section);
    (queue.unwrap_or(u32::MAX), refusal.unwrap_or(503))
}

/// What a refused request gets, if it is given: a status, or 0 for no connection.
pub(super) fn refused_with(section: &Section) -> Option<u16> {
    section
        .optional("refusal")
        .and_then(|f| match f.text_if_any() {
            Some("connection") => Some(0),
            Some(other) => {
                let message =
                    format!("`refusal` is a status or \"connection\", and not \"{other}\"");
                f.error(message, "write refusal = 503, or refusal = \"connection\"");
                None
            }
            None => f.integer(),
        })
}

fn scalability(field: &Field) -> Option<Scalability> {
    let section = field.section()?;
    let (sigma, kappa) = (
        section.real_or_default("sigma"),
        section.real_or_default("kappa"),
    );
    if !section.has("sigma") && !section.has("kappa") {
        section.error(
            "`scalability` has no parameter",
            "write { sigma = 0.05, kappa = 0.001 }",
        );
    }
    Some(Scalability { sigma, kappa })
}
