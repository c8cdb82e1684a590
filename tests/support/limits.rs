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
    [
        of_stations(),
        of_the_pace_of_stations(),
        of_hosts_and_caches(),
        of_what_is_held(),
        of_connections(),
        of_protection(),
        of_users(),
    ]
    .concat()
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

fn of_the_pace_of_stations() -> Vec<Case> {
    let (plain, serve) = (WITH_PLAIN, SERVE);
    vec![
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
            "a speed that falls with the number there",
            plain,
            cpu(
                "servers = \"infinite\"\nspeeds = [1, 0.5, 0.25, 0.1]",
                serve,
            ),
            &["the scalability of station cpu"],
        ),
        case(
            "users who go away for those they see waiting",
            (OPEN, PLAIN),
            cpu("servers = 1\nbalking = [0, 0.9, 1]", serve),
            &["station cpu"],
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
    ]
}

fn of_hosts_and_caches() -> Vec<Case> {
    let (plain, serve) = (WITH_PLAIN, SERVE);
    let on_host = |generator: &str| {
        let servers = "servers = \"infinite\"\non = \"box\"";
        format!("[hosts.box]\ncores = 2\n{generator}{}", cpu(servers, serve))
    };
    let cached = |cache: &str, servers: &str| {
        let visit = r#"{ cache = "pages", visits = [{ station = "cpu", time = "100ms" }] }"#;
        format!("[caches.pages]\n{cache}\n{}", cpu(servers, visit))
    };
    vec![
        case("the cores of a host", plain, on_host(""), &["host box"]),
        case(
            "a load generator beside the system",
            plain,
            on_host("load_generator = \"60ms\"\n"),
            &["host box"],
        ),
        case(
            "another's fetch, until it comes",
            plain,
            cached(
                "key = \"global\"\nttl = \"1ms\"\nsingle_flight = \"wake\"",
                "servers = 64",
            ),
            &["the fetches of cache pages"],
        ),
        case(
            "another's fetch, looked for every so often",
            plain,
            cached(
                "key = \"global\"\nttl = \"1ms\"\nsingle_flight = \"poll\"",
                "servers = 64",
            ),
            &["the fetches of cache pages"],
        ),
        case(
            "the station from which a cache is filled",
            plain,
            cached(
                "keys = 100000\nttl = \"1s\"\nsingle_flight = \"wake\"",
                "servers = 2",
            ),
            &["station cpu"],
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

/// Connections, those of a pool and those of clients, and replicas.
fn of_connections() -> Vec<Case> {
    let (plain, serve) = (WITH_PLAIN, SERVE);
    let held = |pool: &str| {
        let visit = format!("{{ hold = \"db\", visits = [{serve}] }}");
        format!("[pools.db]\n{pool}\n{}", cpu("servers = 64", &visit))
    };
    vec![
        case(
            "a pool whose connections are kept",
            plain,
            held("size = 9\nkeep_alive = \"2s\""),
            &["pool db"],
        ),
        case(
            "the making of connections",
            plain,
            held("size = 60\nconnect = \"50ms\"\nconnects_at_once = 1\nlifetime = \"1ms\""),
            &["the making of connections of pool db"],
        ),
        case(
            "a listener",
            plain,
            format!(
                "[listeners.web]\nbacklog = 100\nconnections = 2\npersistent_connections = false\n[network]\nconnecting = \"1ms\"\n{}",
                cpu("servers = 64", serve)
            ),
            &["the accept queue of listener web"],
        ),
        case(
            "replicas that are too few",
            plain,
            format!(
                "[services.shop]\nreplicas = 2\nendpoints = [\"ask\"]\nstations = [\"cpu\"]\n\
                 balancer = \"least-connections\"\n{}",
                cpu("servers = 1", serve)
            ),
            &["station cpu of service shop"],
        ),
    ]
}

/// What protects a system by letting in less.
fn of_protection() -> Vec<Case> {
    let behind = |visit: &str| cpu("servers = 64", &format!("{visit}, {SERVE}"));
    let open = (OPEN, PLAIN);
    vec![
        case(
            "a limit of the rate with a line",
            open,
            format!(
                "[rate_limits.door]\nrate = 20\nburst = 1000\n{}",
                behind("{ rate_limit = \"door\" }")
            ),
            &["rate limit door"],
        ),
        case(
            "a bucket that refuses",
            open,
            format!(
                "[limits.door]\nrate = 20\n{}",
                behind("{ limit = \"door\" }")
            ),
            &["limit door"],
        ),
        case(
            "a bucket that lets wait",
            open,
            format!(
                "[limits.door]\nrate = 20\nwait = \"1s\"\n{}",
                behind("{ limit = \"door\" }")
            ),
            &["limit door"],
        ),
        case(
            "a limit on requests at once",
            open,
            format!(
                "[limits.door]\nconcurrency = 1\n{}",
                behind("{ limit = \"door\" }")
            ),
            &["limit door"],
        ),
        case(
            "a controlled delay",
            open,
            cpu(
                "servers = 1\ncodel = { target = \"1ms\", interval = \"20ms\" }",
                r#"{ station = "cpu", time = { exponential = "40ms" } }"#,
            ),
            &["station cpu"],
        ),
        case(
            "a breaker, which makes nobody wait",
            (
                CLOSED,
                r#"{ request = "ask" }, { sleep = { exponential = "200ms" } }"#,
            ),
            format!(
                "[breakers.b]\nwindow = {{ calls = 10 }}\nminimum_calls = 10\nopen = \"1s\"\n\
                 [endpoints.back]\nvisits = [{{ fail = 0.7 }}]\n{}",
                cpu(
                    "servers = 2",
                    r#"{ station = "cpu", time = { exponential = "20ms" } }, { call = "back", breaker = "b" }"#
                )
            ),
            &["station cpu"],
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
            "seats on an old list",
            (
                CLOSED,
                r#"{ pick = "event" }, { request = "list", pick = { seat = "first" } }, { request = "ask" }, { sleep = "1s" }"#,
            ),
            "[inventory]\nevents = 1\nseats_per_event = 100000\nlist = { refresh = \"5s\" }\n\
             [endpoints.list]\nvisits = [{ list = \"seats\" }]\n\
             [endpoints.ask]\nvisits = [{ claim = \"seat\" }]\n",
            &["the seats"],
        ),
        case(
            "think time",
            (CLOSED, r#"{ request = "ask" }, { sleep = "2s" }"#),
            cpu(
                "servers = \"infinite\"",
                r#"{ station = "cpu", time = "20ms" }"#,
            ),
            &[
                "Nothing was a bottleneck: nobody waited",
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
