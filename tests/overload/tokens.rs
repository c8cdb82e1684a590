//! Several tokens of a pool at once, and the same pool twice in one request.

use super::{complaints, count, durations, model, once, poisson, run, run_seed};
use capsim::theory::erlang::kaufman_roberts;
use capsim::world::World;

/// Requests that hold so many tokens for 100 ms each, sent at once by users of their own.
fn at_once(size: u32, tokens: &[u32]) -> String {
    let mut text = String::new();
    for (n, k) in tokens.iter().enumerate() {
        text += &format!(
            "[scenarios.u{n}]\nexecutor = \"per-vu-iterations\"\nvus = 1\niterations = 1\njourney = \"j{n}\"\n\
             start_time = \"{n}ms\"\n[journeys.j{n}]\nsteps = [{{ request = \"e{n}\" }}]\n\
             [endpoints.e{n}]\nvisits = [{{ hold = \"p\", tokens = {k}, visits = [{{ delay = \"100ms\" }}] }}]\n"
        );
    }
    let journeys: String = (0..tokens.len())
        .map(|n| format!("j{n} = [{{ request = \"e{n}\" }}]\n"))
        .collect();
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("[journeys") && !line.starts_with("steps"))
        .map(|line| format!("{line}\n"))
        .collect();
    format!("[journeys]\n{journeys}[pools.p]\nsize = {size}\n{text}")
}

#[test]
fn nobody_passes_who_waits_for_several_tokens() {
    // At 0 ms 3 of 4 are taken, at 1 ms two are wanted, at 2 ms one, which is free but for who stands before.
    let outcome = run(&at_once(4, &[3, 2, 1]));
    let mut ended = durations(&outcome);
    ended.sort_unstable();
    assert_eq!(ended, [100, 198, 199]);
    let pool = &outcome.pools[0];
    assert_eq!((pool.granted, pool.held.max(), pool.queue.max()), (3, 3, 2));
    // With one token more all three fit.
    assert_eq!(durations(&run(&at_once(6, &[3, 2, 1]))), [100; 3]);
    // One token each is the pool as ever.
    assert_eq!(durations(&run(&at_once(1, &[1, 1]))), [100, 199]);
}

#[test]
fn erlang_loss_with_tokens_is_kaufman_roberts() {
    // Three kinds of requests that hold 1, 2 and 5 of 12 tokens and are lost if there are too few.
    let classes = [(2.0, 1), (1.5, 2), (0.5, 5)];
    let expected = kaufman_roberts(12, &classes).expect("a sound system");
    let mut text = String::from("[pools.p]\nsize = 12\nqueue = 0\n");
    let mut journeys = String::from("[journeys]\n");
    for (n, (offered, tokens)) in classes.iter().enumerate() {
        let rate = offered * 10.0;
        text += &format!(
            "[scenarios.u{n}]\nexecutor = \"poisson-arrivals\"\nrate = {rate:?}\nduration = \"400s\"\njourney = \"j{n}\"\n\
             [endpoints.e{n}]\nvisits = [{{ hold = \"p\", tokens = {tokens}, visits = [{{ delay = \
             {{ exponential = \"100ms\" }} }}] }}]\n"
        );
        journeys += &format!("j{n} = [{{ request = \"e{n}\" }}]\n");
    }
    let text = format!("{journeys}{text}");
    let model = model(&text);
    let mut lost = vec![Vec::new(); 3];
    for seed in 1..=10 {
        let outcome = run_seed(&text, seed);
        let mut all = [(0_u64, 0_u64); 3];
        let record = &outcome.recorder;
        for (series, n) in record.series.iter().zip(record.requests_by_series()) {
            let own = &mut all[model.sites[series.site.index()].endpoint.index()];
            own.0 += n;
            own.1 += if series.code.is_expected() { 0 } else { n };
        }
        for (lost, (sent, failed)) in lost.iter_mut().zip(all) {
            lost.push(failed as f64 / sent as f64);
        }
    }
    for (lost, expected) in lost.iter().zip(expected) {
        let mean = lost.iter().sum::<f64>() / 10.0;
        let variance = lost.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 9.0;
        // Student's t for 99.9 % and 9 degrees of freedom.
        let bound = 4.78 * (variance / 10.0).sqrt();
        assert!((mean - expected).abs() < bound, "{mean} {expected} {bound}");
        assert!(bound < 0.15 * expected, "{bound} {expected}");
    }
}

const TWICE: &str = "[pools.p]\nsize = 3\n[endpoints.e]\nvisits = [{ hold = \"p\", visits = [\
     { delay = \"10ms\" }, { hold = \"p\", visits = [{ delay = \"10ms\" }] }] }]\n";

#[test]
fn a_pool_that_is_held_twice_deadlocks_and_says_so() {
    let users = |n: u32| {
        once("{ request = \"e\", timeout = \"1s\" }, { sleep = \"9s\" }")
            .replace("vus = 1", &format!("vus = {n}"))
    };
    // Two users leave a token free.
    let outcome = run(&format!("{}{TWICE}", users(2)));
    assert_eq!(durations(&outcome), [20, 30]);
    assert!(outcome.deadlocks.pools.is_empty());
    // Three take one each, and wait for another from 10 ms on.
    let text = format!("{}{TWICE}", users(3));
    let outcome = run(&text);
    assert_eq!(count(&outcome, 1050), 3);
    let [stuck] = outcome.deadlocks.pools[..] else {
        panic!("{:?}", outcome.deadlocks);
    };
    assert_eq!(
        (stuck.since.0, stuck.tokens, stuck.waiting),
        (10_000_000, 3, 3)
    );
    let note = outcome.deadlocks.note(&model(&text)).unwrap_or_default();
    assert!(
        note.contains("Pool `p` was deadlocked at 0.010 s: all its 3 tokens were held"),
        "{note}"
    );
    // Before the run, `check` warns of it.
    let document = capsim::model::Document::from_text("m", &text).expect("TOML");
    let warnings = document.check(&[]).expect("a sound model").warnings;
    assert!(
        warnings
            .iter()
            .any(|w| w.contains("`e` holds a token of `p` and waits for another one")),
        "{warnings:?}"
    );
    // Both at once: no deadlock, whoever comes.
    let both = "[pools.p]\nsize = 3\n[endpoints.e]\nvisits = [{ hold = \"p\", tokens = 2, visits = [\
                { delay = \"20ms\" }] }]\n";
    let outcome = run(&format!("{}{both}", users(3)));
    assert_eq!(durations(&outcome), [20, 40, 60]);
}

#[test]
fn a_deadlock_through_a_call_is_found_and_a_timeout_ends_it() {
    let text = once("{ request = \"front\" }, { sleep = \"9s\" }").replace("vus = 1", "vus = 2");
    let system = "[pools.p]\nsize = 2\ntimeout = \"500ms\"\n[endpoints.front]\nhold = \"p\"\nvisits = [\
                  { delay = \"10ms\" }, { call = \"back\" }]\n\
                  [endpoints.back]\nhold = \"p\"\nvisits = [{ delay = \"10ms\" }]\n";
    let outcome = run(&format!("{text}{system}"));
    // The first gives up at 510 ms; its token is the other's then, at that instant.
    assert_eq!((count(&outcome, 503), count(&outcome, 200)), (1, 1));
    assert_eq!(outcome.deadlocks.pools.len(), 1);
    assert_eq!(outcome.deadlocks.pools[0].since.0, 10_000_000);
}

#[test]
fn the_bottleneck_may_be_a_pool_of_which_several_tokens_are_held() {
    // Each request holds 4 of 20 tokens for 50 ms: five at once, 100 a second at most.
    let text = poisson(99.0, "100s", "{ request = \"e\" }");
    let text = format!(
        "{text}[pools.p]\nsize = 20\n[endpoints.e]\nvisits = [{{ hold = \"p\", tokens = 4, visits = [\
         {{ delay = \"50ms\" }}] }}]\n"
    );
    let model = model(&text);
    let outcome = World::new(&model, 1, 0).run();
    let account = capsim::study::account::Account::of(&outcome, &model);
    let limit = account
        .limits
        .iter()
        .find(|limit| limit.name.contains("pool p"))
        .expect("the pool is a limit");
    let ceiling = limit.ceiling.expect("with a ceiling");
    assert!((ceiling - 100.0).abs() < 1.0, "{ceiling}");
    let text = capsim::report::bottleneck::bottleneck(&account);
    assert!(text.contains("pool p"), "{text}");
}

#[test]
fn what_is_wrong_with_tokens_is_told() {
    let with = |pool: &str, hold: &str| {
        let text = once("{ request = \"e\" }, { sleep = \"1s\" }");
        complaints(&format!(
            "{text}[pools.p]\nsize = 3\n{pool}[endpoints.e]\nvisits = [{{ hold = \"p\", {hold} visits = [{{ delay = \
             \"1ms\" }}] }}]\n"
        ))
    };
    assert_eq!(with("", "tokens = 3,"), "");
    for (pool, hold, said) in [
        ("", "tokens = 4,", "would hold 4 tokens of a pool of 3"),
        ("", "tokens = 0,", "from 1 to 10000"),
        ("keep_alive = \"1s\"\n", "tokens = 2,", "with `keep_alive`"),
        ("connect = \"1ms\"\n", "tokens = 2,", "with `connect`"),
        ("order = \"barging\"\n", "tokens = 2,", "with `order`"),
    ] {
        assert!(
            with(pool, hold).contains(said),
            "{said}: {}",
            with(pool, hold)
        );
    }
    let deep = "[pools.p]\nsize = 1\n[endpoints.e]\nvisits = [{ hold = \"p\", visits = [{ hold = \"p\", \
                visits = [{ delay = \"1ms\" }] }] }]\n";
    let told = complaints(&format!(
        "{}{deep}",
        once("{ request = \"e\" }, { sleep = \"1s\" }")
    ));
    assert!(
        told.contains("would hold 2 tokens of a pool of 1"),
        "{told}"
    );
}
