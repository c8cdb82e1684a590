//! What the probes of `examples/probes` measured of components of Debian 12 (results/probes/measured.csv, whose script is
//! `examples/probes/run`), beside what the presets give in the same experiment.

use std::collections::BTreeMap;

use super::sessions::{
    Answer, answers, closed_loop, inversions, order, sessions, spread, staggered,
};

/// What was measured, by component, case and quantity.
fn measured() -> BTreeMap<(String, String, String), String> {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/results/probes/measured.csv"
    ))
    .unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().map(|row| row.unwrap());
    rows.map(|row| {
        let cell = |at: usize| row[at].to_string();
        ((cell(1), cell(2), cell(3)), cell(4))
    })
    .collect()
}

/// The quantity of the case of the component whose names contain these.
fn find(component: &str, case: &str, what: &str) -> String {
    let all = measured();
    let fits = all
        .iter()
        .filter(|((a, b, c), _)| a.contains(component) && b == case && c == what);
    let found: Vec<&String> = fits.map(|(_, value)| value).collect();
    assert_eq!(found.len(), 1, "{component}, {case}, {what}");
    found[0].clone()
}

fn number(component: &str, case: &str, what: &str) -> f64 {
    find(component, case, what).parse().unwrap()
}

fn list(component: &str, case: &str, what: &str) -> Vec<f64> {
    let text = find(component, case, what);
    text.split_whitespace()
        .map(|n| n.parse().unwrap())
        .collect()
}

/// Milliseconds at which requests with this outcome were answered.
fn times(all: &[Answer], good: bool) -> Vec<f64> {
    let of = all.iter().filter(|a| (a.status == 200) == good);
    of.map(|a| a.at).collect()
}

/// As measured: as many, and each within so many milliseconds.
fn alike(found: &[f64], measured: &[f64], by: f64) {
    assert_eq!(found.len(), measured.len(), "{found:?} {measured:?}");
    let far = found
        .iter()
        .zip(measured)
        .find(|(a, b)| (*a - *b).abs() > by);
    assert_eq!(far, None, "{found:?} {measured:?}");
}

fn row(preset: &str, lock: &str) -> String {
    format!(
        "[locks.global]\npreset = \"{preset}\"\n[endpoints.e]\ntimeout = \"1h\"\n\
         visits = [{{ lock = \"global\"{lock}, visits = [{{ delay = \"50ms\" }}] }}]\n"
    )
}

#[test]
fn rows_are_served_in_the_order_of_the_probes() {
    for (component, case, preset, lock) in [
        ("postgresql", "update", "postgresql/row", ""),
        (
            "postgresql",
            "select for update, update",
            "postgresql/row",
            "",
        ),
        (
            "postgresql",
            "select for update",
            "postgresql/row",
            ", writes = false",
        ),
        (
            "postgresql",
            "advisory lock, update",
            "postgresql/advisory-lock",
            "",
        ),
        ("mariadb", "update", "innodb/row", ""),
        ("mariadb", "select for update", "innodb/row", ""),
        ("mariadb", "select for update, update", "innodb/row", ""),
    ] {
        let by_version = preset == "postgresql/row" && lock.is_empty();
        let found = number(component, case, "inversions_of_190");
        let all = answers(&staggered(20, 20.0, &row(preset, lock)), 1);
        let simulated = inversions(&order(&all)) as f64;
        if by_version {
            // One draw of a wide distribution each.
            assert!((15.0..=75.0).contains(&found) && (15.0..=75.0).contains(&simulated));
        } else {
            assert_eq!((found, simulated), (0.0, 0.0), "{component} {case}");
        }
        // The closed loop: 20 sessions, 10 ms each, 800 grants.
        let rest = format!("[locks.global]\npreset = \"{preset}\"\n");
        let visit = format!("lock = \"global\"{lock}");
        let rounds = ("shared-iterations", 800);
        let s = spread(&closed_loop(20, rounds, "", &visit, &rest, 1));
        let of = |what: &str| number(component, case, &format!("closed_loop_{what}"));
        // A transaction takes longer than its hold: the means are not the simulator's to know.
        let (mean, p95) = (s.p95 / s.mean, of("p95") / of("mean"));
        if by_version {
            assert!((0.85..1.15).contains(&of("cv")) && (0.75..1.25).contains(&s.cv));
            assert!(
                (2.5..3.6).contains(&p95) && (2.4..3.6).contains(&mean),
                "{p95} {mean}"
            );
        } else {
            assert!(of("cv") < 0.2 && s.cv < 0.2);
            assert!(
                (p95 - mean).abs() < 0.15,
                "{component} {case}: {p95} {mean}"
            );
        }
    }
}

#[test]
fn pgbouncer_answers_when_the_probes_say() {
    let pool = |keys: &str, hold: &str| {
        format!(
            "[pools.db]\npreset = \"pgbouncer-1.18/transaction\"\n{keys}\n\
             [endpoints.e]\ntimeout = \"1h\"\nhold = \"db\"\nvisits = [{{ delay = \"{hold}\" }}]\n"
        )
    };
    let name = "pgbouncer 1.18.0, pool 2";
    let all = answers(&staggered(6, 5.0, &pool("size = 2", "1s")), 1);
    alike(
        &times(&all, true),
        &list(name, "6 clients of 1 s", "answered_ms"),
        15.0,
    );
    assert_eq!(inversions(&order(&all)), 0);
    // The phase of its clock, a third of a second, is read from when it struck: within a third after the second that is waited
    // for. All that strikes then strikes together, in both.
    let phase = |struck: f64| 1333.333 - struck;
    let since = |times: &[f64], start: f64| times.iter().map(|t| t - start).collect::<Vec<f64>>();
    let keys = "size = 2\nreserve = 2\nreserve_after = \"1s\"";
    let name = "reserve 2 after 1 s";
    let measured = list(name, "6 clients of 3 s, time 1", "answered_ms");
    let start = phase(measured[2] - 3000.0).floor();
    let first = (0..6).map(|n| start + f64::from(n) * 5.0);
    let at: Vec<f64> = first.clone().chain(first.map(|at| at + 20_000.0)).collect();
    let all = times(&answers(&sessions(&at, &pool(keys, "3s")), 1), true);
    alike(&since(&all[..6], start), &measured, 15.0);
    let measured = list(name, "6 clients of 3 s, time 2", "answered_ms");
    alike(&since(&all[6..], start + 20_000.0), &measured, 15.0);
    let keys = "size = 1\ntimeout = \"1s\"";
    let name = "query_wait_timeout 1";
    let failed = list(name, "4 clients of 1.5 s", "failed_ms");
    let start = phase(failed[0]).floor();
    let at: Vec<f64> = (0..4).map(|n| start + f64::from(n) * 5.0).collect();
    let all = answers(&sessions(&at, &pool(keys, "1500ms")), 1);
    alike(&since(&times(&all, false), start), &failed, 15.0);
    alike(
        &since(&times(&all, true), start),
        &list(name, "4 clients of 1.5 s", "answered_ms"),
        15.0,
    );
}

#[test]
fn haproxy_answers_when_the_probes_say() {
    let system = "[pools.s]\npreset = \"haproxy-2.6/server-queue\"\nsize = 2\ntimeout = \"1s\"\n\
                  [endpoints.e]\ntimeout = \"1h\"\nhold = \"s\"\nvisits = [{ delay = \"3s\" }]\n";
    let all = answers(&staggered(5, 1.0, system), 1);
    let name = "maxconn 2, timeout queue 1s";
    alike(
        &times(&all, true),
        &list(name, "5 at once", "answered_ms"),
        15.0,
    );
    alike(
        &times(&all, false),
        &list(name, "5 at once", "refused_ms"),
        15.0,
    );
    let system = "[rate_limits.f]\npreset = \"haproxy-2.6/rate-limit-sessions\"\nrate = 10\n\
                  [endpoints.e]\nvisits = [{ rate_limit = \"f\" }]\n";
    let all = times(&answers(&staggered(30, 1.0, system), 1), true);
    let measured = list("rate-limit sessions 10", "30 at once", "answered_ms");
    alike(&all[..10], &measured[..10], 15.0);
    // How many go on together is chance; the first and the last are at 1.0 and 2.8 s, and the steps between follow from the
    // counter (tested at the limit itself).
    alike(&all[10..11], &measured[10..11], 15.0);
    let last = (all[29] - measured[29]).abs();
    assert!(last < 130.0, "{all:?}");
}

#[test]
fn nginx_answers_when_the_probes_say() {
    let limit = |keys: &str| {
        format!(
            "[rate_limits.a]\npreset = \"nginx-1.22/limit_req\"\n{keys}\n\
             [endpoints.e]\nvisits = [{{ rate_limit = \"a\" }}]\n"
        )
    };
    for (name, keys, n) in [
        ("burst=5", "rate = 10\nburst = 5", 20),
        ("burst=5 nodelay", "rate = 10\nburst = 5\ndelay = false", 20),
        ("burst=20 delay=8", "rate = 10\nburst = 20\ndelay = 8", 30),
    ] {
        let all = answers(&staggered(n, 4.0, &limit(keys)), 1);
        let name = format!("nginx 1.22.1, rate=10r/s {name}");
        let of = |what: &str| {
            let all = measured();
            let key = (name.clone(), format!("{n} at once"), what.to_string());
            let value = all.get(&key).unwrap_or_else(|| panic!("{key:?}"));
            let numbers = value.split_whitespace().map(|n| n.parse().unwrap());
            numbers.collect::<Vec<f64>>()
        };
        alike(&times(&all, true), &of("answered_ms"), 15.0);
        alike(&times(&all, false), &of("refused_ms"), 15.0);
    }
    for (rate, text) in [(9.0, "9"), (10.5, "10.5"), (15.0, "15"), (21.0, "21")] {
        let at: Vec<f64> = (0..40)
            .map(|n| (f64::from(n) * 1e6 / rate).round() / 1e3)
            .collect();
        let all = answers(&sessions(&at, &limit("rate = 10")), 1);
        let share = times(&all, false).len() as f64 / 40.0;
        let case = format!("evenly spaced at {text}/s");
        let found = number("nginx 1.22.1, rate=10r/s", &case, "refused_share");
        // A client that is late by a millisecond now and then.
        assert!((share - found).abs() <= 0.051, "{rate}: {share} {found}");
    }
    let system = "[pools.two]\npreset = \"nginx-1.22/max_conns\"\nsize = 2\n\
                  [endpoints.e]\nhold = \"two\"\nvisits = [{ delay = \"1s\" }]\n";
    let all = answers(&staggered(5, 1.0, system), 1);
    alike(
        &times(&all, true),
        &list("max_conns=2", "5 at once", "answered_ms"),
        15.0,
    );
    alike(
        &times(&all, false),
        &list("max_conns=2", "5 at once", "refused_ms"),
        15.0,
    );
}

#[test]
fn clients_of_a_full_accept_queue_come_back_when_the_probes_say() {
    for (backlog, clients, from, text) in [
        (1, 6, "500ms", "0.5"),
        (1, 6, "1500ms", "1.5"),
        (1, 6, "2500ms", "2.5"),
        (0, 6, "500ms", "0.5"),
        (5, 8, "500ms", "0.5"),
    ] {
        let case = format!("backlog {backlog}, accepts from {text} s");
        let late = list("Linux", &case, "connected_late_ms");
        let at_once = number("Linux", &case, "connected_at_once") as usize;
        assert_eq!((at_once, late.len()), (backlog + 1, clients - backlog - 1));
        // The wheel of the client's timers has steps of 32 ms, 8 ticks of 4 ms; in which tick the clients came is read from the
        // first that came back. The program accepts so much later.
        let run = |tick: u32| {
            let start = f64::from(4 * tick) + 1.0;
            let system = format!(
                "[listeners.web]\npreset = \"linux-6.5/accept-queue\"\npersistent_connections = false\n\
                 backlog = {backlog}\naccepts_from = \"{from}\"\n[network]\nconnecting = \"50us\"\n\
                 [endpoints.e]\nvisits = [{{ delay = \"1ms\" }}]\n"
            );
            let at: Vec<f64> = (0..clients).map(|n| start + n as f64 * 0.1).collect();
            let all = answers(&sessions(&at, &system), 1);
            let mut connecting: Vec<f64> = all.iter().map(|a| a.connecting).collect();
            connecting.sort_by(f64::total_cmp);
            assert!(connecting[..at_once].iter().all(|c| *c < 1.0), "{case}");
            (connecting[at_once..].to_vec(), all, at)
        };
        let far = |tick: &u32| (run(*tick).0[0] - late[0]).abs();
        let tick = (0..8).min_by(|a, b| far(a).total_cmp(&far(b))).unwrap();
        let (found, all, at) = run(tick);
        alike(&found, &late, 15.0);
        // Who believes to be connected sends its data again: measured 208 to 212 and 424 ms later.
        let steps = list("Linux", &case, "answered_after_ms");
        for again in steps.iter().filter(|ms| **ms > 150.0) {
            let near = |step: f64| (again - step).abs() <= 15.0;
            assert!(near(208.0) || near(416.0), "{case}: {again}");
        }
        for a in all.iter().filter(|a| a.connecting > 500.0) {
            let step = a.at - at[a.session] - a.connecting;
            let near = |ms: f64| (step - ms).abs() <= 15.0;
            assert!(near(0.0) || near(208.0) || near(416.0), "{case}: {step}");
        }
    }
}

#[test]
fn pages_show_what_was_measured_and_remade() {
    let text = |path: &str| std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let rows = text("docs/mechanisms/rows.md");
    assert!(rows.contains(&text("results/rows/table.md")));
    let page = text("docs/probes.md");
    let shown = page.split("```text\n").nth(1).expect("a run");
    let shown = shown.split("```").next().unwrap();
    let all = text("results/probes/measured.txt");
    let lines: Vec<&str> = all.lines().collect();
    assert!(shown.lines().count() > 15);
    for line in shown.lines() {
        assert!(lines.contains(&line), "{line}");
    }
}
