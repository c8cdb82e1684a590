//! Fetches of Varnish 7.1.1, and of nginx 1.22.1 with `proxy_cache_lock`.

use super::sessions::{Answer, answers, run, sessions};

/// A cache under these keys before an upstream that takes so long.
fn before(keys: &str, upstream: &str) -> String {
    format!(
        "[caches.c]\nkey = \"global\"\n{keys}\n\
         [endpoints.e]\nvisits = [{{ cache = \"c\", visits = [{{ delay = \"{upstream}\" }}] }}]\n"
    )
}

fn varnish(keys: &str) -> String {
    before(&format!("preset = \"varnish-7/fetch\"\n{keys}"), "300ms")
}

fn nginx(upstream: &str) -> String {
    before("preset = \"nginx-1.22/proxy_cache_lock\"", upstream)
}

/// How long each took, in the order in which they were answered.
fn took(at: &[f64], system: &str) -> Vec<f64> {
    let all: Vec<Answer> = answers(&sessions(at, system), 1);
    all.iter()
        .map(|answer| answer.at - at[answer.session])
        .collect()
}

/// Whether these are the times, within the 15 ms of the measurements.
fn near(found: &[f64], measured: &[f64]) {
    assert_eq!(found.len(), measured.len());
    let far = found
        .iter()
        .zip(measured)
        .find(|(a, b)| (*a - *b).abs() > 15.0);
    assert_eq!(far, None, "{found:?}");
}

fn one_then(first: f64, n: usize, others: f64) -> Vec<f64> {
    let mut all = vec![first];
    all.extend(vec![others; n]);
    all
}

#[test]
fn varnish_fetches_once_and_wakes_all() {
    near(&took(&[0.0; 10], &varnish("")), &[303.0; 10]);
    near(&took(&[0.0; 40], &varnish("")), &[306.0; 40]);
}

#[test]
fn varnish_waits_in_vain_once_for_what_is_not_cacheable() {
    let never = varnish("uncacheable = 1.0");
    near(&took(&[0.0; 10], &never), &one_then(303.0, 9, 605.0));
    // The decision is remembered: all at once.
    let mut at = vec![0.0];
    at.extend(vec![1000.0; 10]);
    near(&took(&at, &never), &[303.0; 11]);
    // Where it is not, one after the other, again each time.
    let serial: Vec<f64> = (1..=10).map(|n| 301.3 * f64::from(n)).collect();
    let unmarked = varnish("uncacheable = 1.0\nremember = \"0s\"");
    near(&took(&[0.0; 10], &unmarked), &serial);
    // Again each time: ten more, 10 s later.
    let mut twice = vec![0.0; 10];
    twice.extend(vec![10_000.0; 10]);
    let again = took(&twice, &unmarked);
    near(&again[..10], &serial);
    near(&again[10..], &serial);
    // 40 clients: the last at 12,052.
    let last = took(&[0.0; 40], &unmarked)[39];
    assert!((last / 12_052.0 - 1.0).abs() < 0.005, "{last}");
}

#[test]
fn varnish_gives_out_what_is_stale_while_it_fetches() {
    let mut at = vec![0.0];
    at.extend(vec![2000.0; 10]);
    let mut expected = vec![303.0];
    expected.extend([1.5; 10]);
    near(&took(&at, &varnish("ttl = \"1s\"")), &expected);
    // One fetch in the background.
    let system = before("preset = \"varnish-7/fetch\"\nttl = \"1s\"", "300ms")
        .replace("[{ delay = \"300ms\" }]", "[{ call = \"origin\" }]");
    let system = format!("{system}[endpoints.origin]\nvisits = [{{ delay = \"300ms\" }}]\n");
    // Who comes a second later finds what it has brought.
    at.push(3000.0);
    assert_eq!(run(&sessions(&at, &system), 1).called[1], 2);
}

#[test]
fn nginx_looks_again_after_half_a_second() {
    near(
        &took(&[0.0; 10], &nginx("120ms")),
        &one_then(122.0, 9, 502.0),
    );
    near(
        &took(&[0.0; 10], &nginx("700ms")),
        &one_then(704.0, 9, 1003.0),
    );
    let at: Vec<f64> = (0..10).map(|n| 30.0 * f64::from(n)).collect();
    let answered = answers(&sessions(&at, &nginx("121ms")), 1);
    let (sessions, times): (Vec<usize>, Vec<f64>) =
        answered.iter().map(|a| (a.session, a.at)).unzip();
    let measured = [
        122.0, 150.0, 180.0, 210.0, 240.0, 270.0, 531.0, 561.0, 591.0, 620.0,
    ];
    near(&times, &measured);
    assert_eq!(sessions, [0, 5, 6, 7, 8, 9, 1, 2, 3, 4]);
}

/// Requests that went upstream, of ten at once.
fn upstream(system: &str) -> u64 {
    run(&sessions(&[0.0; 10], system), 1).called[1]
}

#[test]
fn one_request_goes_upstream_with_a_lock_and_ten_without() {
    let called = |keys: &str, takes: &str| {
        let system = before(keys, takes).replace(
            &format!("[{{ delay = \"{takes}\" }}]"),
            "[{ call = \"origin\" }]",
        );
        upstream(&format!(
            "{system}[endpoints.origin]\nvisits = [{{ delay = \"{takes}\" }}]\n"
        ))
    };
    let nginx = "preset = \"nginx-1.22/proxy_cache_lock\"";
    assert_eq!(called(nginx, "120ms"), 1);
    assert_eq!(called("preset = \"varnish-7/fetch\"", "300ms"), 1);
    assert_eq!(called("", "120ms"), 10);
    // After proxy_cache_lock_timeout the other nine go upstream, too.
    assert_eq!(called(nginx, "8s"), 10);
}

#[test]
fn nginx_goes_upstream_itself_after_its_lock_timeout() {
    near(
        &took(&[0.0; 10], &nginx("8s")),
        &one_then(8000.0, 9, 13_000.0),
    );
}

#[test]
fn nginx_without_the_lock_sends_all_upstream() {
    near(&took(&[0.0; 10], &before("", "120ms")), &[125.0; 10]);
}
