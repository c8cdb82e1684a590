//! What random models have against overload: retries with hedges, breakers, limits, deadlines, several tokens of a pool,
//! caches, and a service with replicas that fail, behind a link.

use super::Draw;

/// A call of `inner` under some guard.
pub fn call(d: &mut Draw) -> String {
    let mut keys = String::from("call = \"inner\"");
    keys += &d.some(0.6, ", retry = \"of_calls\"");
    keys += &d.some(0.5, ", timeout = \"25ms\"");
    keys += &d.some(0.4, ", breaker = \"b\"");
    format!("{{ {keys} }}")
}

/// A request of `plain` under some policy.
pub fn request(d: &mut Draw) -> String {
    let timeout = d.some(0.3, ", timeout = \"40ms\"");
    let policy = d.one(&["", ", retry = \"of_users\"", ", retry = \"of_users\""]);
    format!("{{ request = \"plain\"{policy}{timeout} }}")
}

/// Keys of an endpoint.
pub fn of_endpoint(d: &mut Draw) -> String {
    let mut text = String::new();
    if d.yes(0.2) {
        let deadline = d.one(&["client", "15ms", "60ms"]);
        text += &format!("deadline = \"{deadline}\"\n");
    }
    if d.yes(0.15) {
        let limit = d.one(&["\"rate\"", "\"at_once\"", "[\"rate\", \"at_once\"]"]);
        text += &format!("limit = {limit}\n");
    }
    text
}

/// Visits inside of a scope, or as they are.
pub fn scoped(d: &mut Draw, visits: String) -> String {
    match d.number(0, 12) {
        0 => format!(
            "{{ hold = \"p2\", tokens = {}, visits = [{visits}] }}",
            d.number(1, 3)
        ),
        // The same pool twice: it may deadlock until its timeout.
        1 => format!(
            "{{ hold = \"p2\", visits = [{visits}, {{ hold = \"p2\", tokens = 2, visits = [{{ delay = \"2ms\" }}] }}] }}"
        ),
        2 => format!(
            "{{ cache = \"c\", visits = [{{ delay = \"4ms\" }}] }}, {visits}, {{ invalidate = \"c\" }}"
        ),
        3 => format!("{{ cache = \"c\", visits = [{{ delay = \"4ms\" }}] }}, {visits}"),
        _ => visits,
    }
}

fn policy(d: &mut Draw, name: &str) -> String {
    let jitter = d.one(&["none", "full", "equal", "decorrelated", "exponential"]);
    let mut text = format!(
        "[retries.{name}]\nattempts = {}\njitter = \"{jitter}\"\nbackoff = {{ exponential = \"5ms\", cap = \"20ms\" }}\n\
         on = [\"5xx\", 429, 409, \"timeout\", \"refused\"]\n",
        d.number(1, 4)
    );
    if d.yes(0.5) {
        let budget = d.one(&[
            "ratio = 0.3",
            "type = \"throttle\", tokens = 6, ratio = 0.2",
            "type = \"concurrent\", ratio = 0.2, min = 1",
        ]);
        text += &format!("budget = {{ {budget} }}\n");
    }
    if d.yes(0.6) {
        let after = d.one(&[
            "after = \"0s\"",
            "after = \"6ms\"",
            "after = \"20ms\"",
            "percentile = 60",
        ]);
        let cancel = d.some(0.5, ", cancel = false");
        text += &format!("hedge = {{ {after}{cancel} }}\n");
    }
    text
}

/// The network that calls of `inner` pass through.
fn links(d: &mut Draw) -> String {
    if !d.yes(0.4) {
        return String::new();
    }
    let mut text = String::from("[links.wire]\nto = \"sv\"\n");
    if d.yes(0.7) {
        text += &format!("latency = {}\n", d.time(6));
    }
    text += &d.some(0.4, "bandwidth = 100_000\nrequest_bytes = 300\n");
    if d.yes(0.4) {
        text += "loss = 0.1\nretransmission = \"10ms\"\n";
        text += &d.some(0.5, "segment = 40\n");
    }
    text
}

/// The parts that the keys above name, and `inner` as a service.
pub fn parts(d: &mut Draw) -> String {
    let mut text = policy(d, "of_calls") + &policy(d, "of_users");
    text += "[breakers.b]\nwindow = { calls = 10 }\nminimum_calls = 5\nfailure_rate = 0.5\nopen = \"80ms\"\nprobes = 2\n";
    text += &format!(
        "[limits.rate]\nrate = {}\nburst = 3\nretry_after = true\n",
        d.number(5, 80)
    );
    text += &d
        .some(0.4, "algorithm = \"leaky-bucket\"\nqueue = 4\n")
        .replace("burst", "");
    text += &format!("[limits.at_once]\nconcurrency = {}\n", d.number(1, 8));
    text += "[pools.p2]\nsize = 4\ntimeout = \"60ms\"\n";
    text += &d.some(0.3, "queue = 2\n");
    text += &d.some(0.2, "order = \"random\"\n");
    text += &format!(
        "[caches.c]\nkeys = 40\npopularity = {{ zipf = 0.9 }}\nsize = {}\nttl = \"200ms\"\n",
        d.number(1, 30)
    );
    text += &d.some(0.4, "single_flight = \"wake\"\n");
    let balancer = d.one(&[
        "round-robin",
        "random",
        "least-connections",
        "two-choices",
        "shortest-queue",
        "sticky",
    ]);
    text += &format!(
        "[services.sv]\nreplicas = {}\nendpoints = [\"inner\"]\nstations = [\"own\"]\nbalancer = \"{balancer}\"\n",
        d.number(1, 3)
    );
    if d.yes(0.4) {
        let fault = d.one(&[
            "lose = \"any\", after = \"300ms\", lasts = \"150ms\"",
            "slow = 1, every = \"500ms\", lasts = \"200ms\"",
            "fail = \"any\", after = \"400ms\", lasts = \"100ms\"",
            "restart = \"rolling\", at = \"1s\", lasts = \"100ms\"",
        ]);
        text += &format!("faults = [{{ {fault} }}]\n");
        text += &d.some(
            0.5,
            "health_check = { every = \"50ms\", fails = 1, passes = 1 }\n",
        );
    }
    text += &links(d);
    text + &format!("[stations.own]\nservers = {}\n", d.number(1, 3))
}
