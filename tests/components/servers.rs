//! Several servers behind a balancer: `HAProxy` 2.6.12, nginx 1.22.1. Which server answered is told by how long it took.

use capsim::model::{Document, Model};

use super::sessions::{Answer, answers, run, sessions};

/// Replicas of one station, which take 10, 20, 40, … ms, under a preset and these keys.
fn service(replicas: u32, keys: &str) -> String {
    let speeds: Vec<String> = (0..replicas)
        .map(|n| format!("{}", libm::pow(0.5, f64::from(n))))
        .collect();
    format!(
        "[stations.s]\nservers = 100\n[services.web]\nreplicas = {replicas}\nendpoints = [\"page\"]\nstations = [\"s\"]\n\
         speeds = [{}]\n{keys}\n[endpoints.page]\nvisits = [{{ station = \"s\", time = \"10ms\" }}]\n",
        speeds.join(", ")
    )
}

/// A proxy in front of it, which tries again by a policy.
fn proxy(keys: &str, retries: &str) -> String {
    format!(
        "{}[retries.proxy]\n{retries}\n[endpoints.e]\ntimeout = \"1h\"\nvisits = [{{ call = \"page\", retry = \"proxy\" }}]\n",
        service(2, keys)
    )
}

/// Requests one after another, so far apart that all servers are idle.
fn one_by_one(n: usize, system: &str) -> Vec<Answer> {
    let at: Vec<f64> = (0..n).map(|i| 1000.0 * i as f64).collect();
    let mut all = answers(&sessions(&at, system), 1);
    all.sort_by_key(|answer| answer.session);
    all
}

/// The numbers of the servers that answered.
fn servers(all: &[Answer]) -> Vec<u32> {
    let took = |a: &Answer| a.at - 1000.0 * a.session as f64;
    all.iter()
        .map(|a| libm::log2(took(a) / 10.0).round() as u32 + 1)
        .collect()
}

fn direct(replicas: u32, keys: &str) -> String {
    service(replicas, keys).replace("page", "e")
}

#[test]
fn idle_servers_take_turns() {
    // HAProxy, balance leastconn, idle servers, sequential: 1 2 3 1 2 3 1 2 3. nginx, least_conn, idle: 1 2 3 1 2 3.
    for preset in ["haproxy-2.6/leastconn", "nginx-1.22/least_conn"] {
        let system = direct(3, &format!("preset = \"{preset}\""));
        assert_eq!(
            servers(&one_by_one(9, &system)),
            [1, 2, 3, 1, 2, 3, 1, 2, 3]
        );
    }
    // nginx, weight 3 for the first: 1 2 1 3 1 1 2 1 3.
    let system = direct(3, "preset = \"nginx-1.22/least_conn\"\nweights = [3, 1, 1]");
    assert_eq!(
        servers(&one_by_one(9, &system)),
        [1, 2, 1, 3, 1, 1, 2, 1, 3]
    );
}

const FIRST_IS_DEAD: &str = "faults = [{ lose = 1, at = \"0s\", lasts = \"1h\" }]";

#[test]
fn redispatch_finds_the_live_server_at_once() {
    // Dead and live server, option redispatch, retries 3, round robin: every request 200 within 1 ms on the live one.
    let system = proxy(FIRST_IS_DEAD, "preset = \"haproxy-2.6/redispatch\"");
    let at: Vec<f64> = (0..6).map(|i| 1.0 + 1000.0 * f64::from(i)).collect();
    let all = answers(&sessions(&at, &system), 1);
    for answer in &all {
        let took = answer.at - at[answer.session];
        assert!(
            answer.status == 200 && (20.0..21.0).contains(&took),
            "{all:?}"
        );
    }
}

#[test]
fn without_redispatch_every_second_request_fails_after_three_pauses() {
    // Two servers, one dead, no checks, no redispatch: every second request 503 after 3.0 s although the other is idle.
    let keys = format!("{FIRST_IS_DEAD}\nbalancer = \"sticky\"");
    let system = proxy(&keys, "preset = \"haproxy-2.6/retries\"");
    let at: Vec<f64> = (0..6).map(|i| 1.0 + 2.0 * f64::from(i)).collect();
    let all = answers(&sessions(&at, &system), 1);
    let failed: Vec<&Answer> = all.iter().filter(|a| a.status >= 500).collect();
    let mut numbers: Vec<usize> = failed.iter().map(|a| a.session).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 2, 4]);
    for answer in failed {
        assert_eq!(answer.status, 503);
        assert!(
            (answer.at - at[answer.session] - 3000.0).abs() < 15.0,
            "{all:?}"
        );
    }
    for answer in all.iter().filter(|a| a.status == 200) {
        assert!((answer.at - at[answer.session] - 20.0).abs() < 1.0);
    }
}

#[test]
fn a_dead_server_alone_is_tried_again_after_pauses() {
    // One dead server, retries 3, connect timeout 5 s / 200 ms: 503 after 3.0 s / 0.60 s.
    for (keys, expected) in [("", 3000.0), ("backoff = \"200ms\"", 600.0)] {
        let retries = format!("preset = \"haproxy-2.6/retries\"\n{keys}");
        let keys = "faults = [{ lose = \"all\", at = \"0s\", lasts = \"1h\" }]";
        let all = answers(&sessions(&[1.0], &proxy(keys, &retries)), 1);
        assert!(
            all[0].status == 503 && (all[0].at - 1.0 - expected).abs() < 15.0,
            "{all:?}"
        );
    }
}

#[test]
fn nginx_tries_the_next_server_for_what_may_be_repeated() {
    // A server that closes without an answer: GET, PUT, DELETE go to the next one, POST and PATCH do not; a refused POST does.
    let closes =
        "faults = [{ fail = 1, at = \"0s\", lasts = \"1h\", status = 502, takes = \"0s\" }]";
    for (fault, preset, second) in [
        (closes, "nginx-1.22/proxy_next_upstream", 200),
        (closes, "nginx-1.22/proxy_next_upstream_post", 502),
        (FIRST_IS_DEAD, "nginx-1.22/proxy_next_upstream", 200),
        (FIRST_IS_DEAD, "nginx-1.22/proxy_next_upstream_post", 200),
    ] {
        let system = proxy(fault, &format!("preset = \"{preset}\""));
        let all = answers(&sessions(&[1.0], &system), 1);
        assert_eq!(all[0].status, second, "{preset}, {fault}");
    }
}

#[test]
fn nginx_does_not_use_a_server_that_failed_for_ten_seconds() {
    // Two servers that refuse, max_fails=1 fail_timeout=10s: the first request makes two attempts, then none until 11 s
    // (whole-second clock), then two again.
    let keys = "preset = \"nginx-1.22/upstream\"\nfaults = [{ lose = \"all\", at = \"0s\", lasts = \"1h\" }]";
    let system = proxy(keys, "preset = \"nginx-1.22/proxy_next_upstream\"");
    let at: Vec<f64> = (0..13).map(|i| 500.0 + 1000.0 * f64::from(i)).collect();
    let attempts = |n: usize| -> u64 {
        let services = run(&sessions(&at[..n], &system), 1).services;
        services[0].replicas.iter().map(|r| r.picked).sum()
    };
    assert_eq!([1, 2, 11, 12, 13].map(attempts), [2, 2, 2, 4, 4]);
    let all = answers(&sessions(&at, &system), 1);
    assert!(all.iter().all(|a| a.status == 502), "{all:?}");
}

#[test]
fn nginx_never_takes_a_single_server_out() {
    let keys = "preset = \"nginx-1.22/upstream\"\npanic = 1.0\n\
                faults = [{ lose = \"all\", at = \"0s\", lasts = \"1h\" }]";
    let system = direct(1, keys);
    let at: Vec<f64> = (0..13).map(|i| 500.0 + 1000.0 * f64::from(i)).collect();
    let services = run(&sessions(&at, &system), 1).services;
    assert_eq!(
        (services[0].replicas[0].picked, services[0].unserved),
        (13, 0)
    );
}

#[test]
fn a_server_that_comes_back_gets_its_share_little_by_little() {
    // HAProxy, slowstart 10s: a share of 11, 36, 48 % at 1, 5, 9 s: weights of 2, 9, 15 sixteenths.
    let keys = "preset = \"haproxy-2.6/slowstart\"\nhealth_check = { every = \"1s\", fails = 1, passes = 1 }\n\
                faults = [{ lose = 1, at = \"0s\", lasts = \"4500ms\" }]";
    // It is used from 5 s on; each second is measured in its first tenth.
    for (second, measured) in [(1.0, 0.11), (5.0, 0.36), (9.0, 0.48), (20.0, 0.5)] {
        let at: Vec<f64> = (0..100)
            .map(|i| 5000.0 + 1000.0 * second + f64::from(i))
            .collect();
        let all = answers(&sessions(&at, &direct(2, keys)), 1);
        let first = all
            .iter()
            .filter(|a| (a.at - at[a.session] - 10.0).abs() < 1.0);
        let share = first.count() as f64 / 100.0;
        assert!((share - measured).abs() < 0.015, "{second}: {share}");
    }
}

#[test]
fn an_idle_pool_uses_the_connection_used_last() {
    // PgBouncer 1.18, idle pool of 2, one request after another: always the connection used last. So the other one idles out.
    let system = "[pools.db]\npreset = \"pgbouncer-1.18/transaction\"\nsize = 2\nconnect = \"100ms\"\nopened = 0\n\
                  idle_timeout = \"5s\"\n[endpoints.e]\nhold = \"db\"\nvisits = [{ delay = \"10ms\" }]\n";
    // Two at once make two connections; then one a second, and two at once again after 20 s.
    let mut at = vec![0.0, 1.0];
    at.extend((1..20).map(|i| 1000.0 * f64::from(i)));
    at.extend([20_000.0, 20_001.0]);
    let all = answers(&sessions(&at, system), 1);
    let took: Vec<f64> = all.iter().map(|a| a.at - at[a.session]).collect();
    let made: Vec<usize> = (0..took.len())
        .filter(|i| took[*i] > 100.0)
        .map(|i| all[i].session)
        .collect();
    assert_eq!(made, [0, 1, 22], "{took:?}");
    // server_round_robin=1: idle connections in turn, so that neither is idle for 5 s.
    let in_turn = system.replace("size = 2", "size = 2\nreuse = \"in-order\"");
    let all = answers(&sessions(&at, &in_turn), 1);
    let took = |a: &Answer| a.at - at[a.session];
    let made: Vec<usize> = all
        .iter()
        .filter(|a| took(a) > 100.0)
        .map(|a| a.session)
        .collect();
    assert_eq!(made, [0, 1]);
}

#[test]
fn a_lock_that_is_polled_keeps_one_client_for_long() {
    // Redis, SET NX PX polled every 50 ms by five clients, 20 ms section: full throughput, but turns like 1, 343, 1, 53, 1 and
    // waits to 8 s. Who gives it back asks again before any other looks.
    let text = "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 5\nduration = \"60s\"\njourney = \"one\"\n\
                [journeys]\none = [{ request = \"e\", timeout = \"1h\", retry = { attempts = 1000, on = [503], backoff = \"50ms\" } }, \
                { sleep = { exponential = \"500us\" } }]\n\
                [endpoints.e]\nvisits = [{ lock = \"global\", timeout = \"0s\", visits = [{ delay = \"20ms\" }] }]\n";
    let outcome = run(text, 1);
    let iterations = outcome
        .recorder
        .iterations
        .collect(&outcome.recorder.durations);
    let mut took: Vec<f64> = iterations.iter().map(|ns| ns as f64 / 1e6).collect();
    took.sort_by(f64::total_cmp);
    let sections = took.len() as f64;
    assert!(
        (sections / (60_000.0 / 20.5) - 1.0).abs() < 0.03,
        "{sections}"
    );
    assert!(took[took.len() / 2] < 22.0, "half are one's own next turn");
    let longest = took[took.len() - 1];
    // In order nobody would wait for longer than the four before it, 0.1 s.
    assert!(longest > 3000.0, "{longest}");
}

#[test]
fn a_preset_where_a_policy_is_used_and_shares_of_other_orders_are_told() {
    let text = |retry: &str, pool: &str| {
        format!(
            "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 2\nduration = \"5s\"\njourney = \"one\"\n\
             [journeys]\none = [{{ request = \"e\"{retry} }}, {{ sleep = \"1s\" }}]\n\
             [pools.p]\nsize = 2\n{pool}\n[endpoints.e]\nhold = \"p\"\nvisits = [{{ delay = \"10ms\" }}]\n"
        )
    };
    let inline = ", retry = { attempts = 3, preset = \"haproxy-2.6/retries\" }";
    let told = Model::from_text("m.toml", &text(inline, ""), &[]).unwrap_err();
    assert!(
        told.to_string()
            .contains("give the policy a name in [retries]")
    );
    let warnings = |pool: &str| {
        let document = Document::from_text("m.toml", &text("", pool)).unwrap();
        document.check(&[]).unwrap().warnings.len()
    };
    assert_eq!(warnings("order = \"random\"\nhand_off = 0.3"), 1);
    assert_eq!(warnings("order = \"barging\"\nat_random = 0.3"), 1);
    assert_eq!(warnings("order = \"barging\"\nhand_off = 0.3"), 0);
    assert_eq!(
        warnings("order = \"last-in-first-out\"\nat_random = 0.3"),
        0
    );
}
