//! Models in each of which one thing alone limits.

/// Users whose number is fixed.
const CLOSED: &str = r#"[scenarios.default]
executor = "constant-vus"
vus = 60
duration = "20s"
journey = "j"
[journeys]
j = [JOURNEY]
"#;

/// Arrivals, as many as come.
const OPEN: &str = r#"[scenarios.default]
executor = "poisson-arrivals"
rate = 50.0
duration = "40s"
journey = "j"
[journeys]
j = [JOURNEY]
"#;

const PLAIN: &str = r#"{ request = "ask" }, { sleep = { exponential = "200ms" } }"#;

const DOOR: &str = r#"{ pick = "user" }, { request = "join" }, { await = "admission" }, { request = "ask" },
  { request = "leave" }, { sleep = { exponential = "200ms" } }"#;

const DOOR_SYSTEM: &str = r#"[stations.cpu]
servers = 64
[endpoints.join]
visits = [{ station = "cpu", time = "1ms" }, { issue = "token" }]
[endpoints.leave]
visits = [{ station = "cpu", time = "1ms" }, { leave = "room" }]
[endpoints.ask]
visits = [{ station = "cpu", time = { exponential = "100ms" } }]
"#;

const SEATS: &str = r#"[stations.cpu]
servers = 64
[inventory]
events = 20
seats_per_event = 9
popularity = { zipf = 1.2 }
[endpoints.ask]
visits = [{ lock = "KEY", visits = [{ station = "cpu", time = { exponential = "20ms" } }] }]
[endpoints.list]
visits = [{ list = "seats" }]
"#;

#[derive(Clone)]
pub struct Case {
    /// What limits.
    pub what: &'static str,
    load: &'static str,
    journey: &'static str,
    system: String,
    /// What the sentence begins with, up to the name.
    pub names: &'static [&'static str],
}

fn case(
    what: &'static str,
    (load, journey): (&'static str, &'static str),
    system: impl Into<String>,
    names: &'static [&'static str],
) -> Case {
    Case {
        what,
        load,
        journey,
        system: system.into(),
        names,
    }
}

fn ask(visits: &str) -> String {
    format!("[endpoints.ask]\nvisits = [{visits}]\n")
}

fn cpu(servers: &str, visits: &str) -> String {
    format!("[stations.cpu]\n{servers}\n{}", ask(visits))
}

const SERVE: &str = r#"{ station = "cpu", time = { exponential = "20ms" } }"#;

const WITH_PLAIN: (&str, &str) = (CLOSED, PLAIN);

/// All of them.
pub fn cases() -> Vec<Case> {
    [of_stations(), of_what_is_held(), of_users()].concat()
}

fn of_stations() -> Vec<Case> {
    let (plain, serve) = (WITH_PLAIN, SERVE);
    vec![
        case(
            "a station",
            plain,
            cpu("servers = 2", serve),
            &["station cpu"],
        ),
        case(
            "servers that are shared",
            plain,
            cpu("servers = 2\ndiscipline = \"processor-sharing\"", serve),
            &["station cpu"],
        ),
        case(
            "a queue with an end",
            (OPEN, PLAIN),
            cpu("servers = 1\nqueue = 0", serve),
            &["station cpu"],
        ),
        case(
            "scalability past its maximum",
            plain,
            cpu(
                "servers = 1000\nscalability = { sigma = 0.05, kappa = 0.01 }",
                serve,
            ),
            &["the scalability of station cpu"],
        ),
        case(
            "contention without a maximum",
            plain,
            cpu(
                "servers = \"infinite\"\nscalability = { sigma = 0.3, kappa = 0.0 }",
                serve,
            ),
            &["the scalability of station cpu"],
        ),
        case(
            "a slowdown with a line",
            (OPEN, PLAIN),
            cpu(
                "servers = 4\nslowdowns = [{ name = \"gc\", every = \"10s\", lasts = \"2s\" }]",
                serve,
            ),
            &["slowdown gc of station cpu"],
        ),
        case(
            "a slowdown without a line",
            (OPEN, PLAIN),
            cpu(
                "servers = \"infinite\"\nslowdowns = [{ name = \"gc\", every = \"10s\", lasts = \"2s\" }]",
                serve,
            ),
            &["slowdown gc of station cpu"],
        ),
        case(
            "two stations alike",
            plain,
            format!(
                "[stations.db]\nservers = 2\n{}",
                cpu(
                    "servers = 2",
                    r#"{ station = "cpu", time = "20ms" }, { station = "db", time = "20ms" }"#
                )
            ),
            &["The bottlenecks are", "station cpu", "station db"],
        ),
    ]
}

fn of_what_is_held() -> Vec<Case> {
    let (plain, serve) = (WITH_PLAIN, SERVE);
    let under = |key: &str| format!("{{ lock = \"{key}\", visits = [{serve}] }}");
    let seats = |key: &str| SEATS.replace("KEY", key);
    let with_event = r#"{ pick = "event" }, { request = "list", pick = { seat = "first" } }, { request = "ask" }"#;
    vec![
        case(
            "a pool",
            plain,
            format!(
                "[pools.threads]\nsize = 2\n{}",
                cpu(
                    "servers = 64",
                    &format!(
                        "{{ hold = \"threads\", visits = [{{ delay = \"10ms\" }}, {serve}] }}"
                    )
                )
            ),
            &["pool threads"],
        ),
        case(
            "one lock",
            plain,
            cpu("servers = 64", &under("global")),
            &["the lock of the system"],
        ),
        case(
            "a row",
            (CLOSED, with_event),
            seats("event"),
            &["the lock of the event"],
        ),
        case(
            "a seat",
            (CLOSED, with_event),
            seats("seat"),
            &["the lock of the seat"],
        ),
        case(
            "a pool whose holders wait for a lock",
            plain,
            format!(
                "[pools.threads]\nsize = 20\n{}",
                cpu(
                    "servers = 64",
                    &format!("{{ hold = \"threads\", visits = [{}] }}", under("global"))
                )
            ),
            &["the lock of the system"],
        ),
        case(
            "a lock and the server below it",
            plain,
            cpu("servers = 1", &under("global")),
            &[
                "The bottlenecks are",
                "the lock of the system",
                "station cpu",
            ],
        ),
    ]
}

fn of_users() -> Vec<Case> {
    vec![
        case(
            "a waiting room's rate",
            (CLOSED, DOOR),
            format!("{DOOR_SYSTEM}[waiting_room]\nadmit = {{ rate = 10 }}\n"),
            &["the waiting room"],
        ),
        case(
            "a waiting room's batches",
            (CLOSED, DOOR),
            format!("{DOOR_SYSTEM}[waiting_room]\nadmit = {{ batch = 10, every = \"1s\" }}\n"),
            &["the waiting room"],
        ),
        case(
            "how many a waiting room lets be inside",
            (CLOSED, DOOR),
            format!("{DOOR_SYSTEM}[waiting_room]\nadmit = {{ active = 3 }}\n"),
            &["the waiting room"],
        ),
        case(
            "VUs of an arrival rate",
            (TOO_FEW, r#"{ request = "ask" }"#),
            cpu(
                "servers = \"infinite\"",
                r#"{ station = "cpu", time = "1s" }"#,
            ),
            &["the VUs of scenario default"],
        ),
        case(
            "a station that keeps the VUs",
            (TOO_FEW, r#"{ request = "ask" }"#),
            cpu("servers = 1", r#"{ station = "cpu", time = "50ms" }"#),
            &["station cpu"],
        ),
        case(
            "think time",
            (CLOSED, r#"{ request = "ask" }, { sleep = "2s" }"#),
            cpu(
                "servers = \"infinite\"",
                r#"{ station = "cpu", time = "20ms" }"#,
            ),
            &[
                "Nothing was a bottleneck, for nobody waited",
                "think time of scenario default",
            ],
        ),
    ]
}

const TOO_FEW: &str = r#"[scenarios.default]
executor = "constant-arrival-rate"
rate = 100
duration = "20s"
pre_allocated_vus = 10
max_vus = 10
journey = "j"
[journeys]
j = [JOURNEY]
"#;

impl Case {
    /// The model.
    pub fn text(&self) -> String {
        let load = self.load.replace("JOURNEY", self.journey);
        let thresholds = "[thresholds]\nhttp_req_duration = [\"p(95)<1000000\"]\n";
        format!("{load}{}{thresholds}", self.system)
    }
}
