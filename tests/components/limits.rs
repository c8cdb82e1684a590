//! Limits of the rate: `limit_req` of nginx 1.22.1, `rate-limit sessions` of `HAProxy` 2.6.12.

use super::sessions::{Answer, answers, run, sessions};

/// A limit of nginx under these keys, in front of nothing.
fn nginx(keys: &str) -> String {
    format!(
        "[rate_limits.api]\npreset = \"nginx-1.22/limit_req\"\n{keys}\n\
         [endpoints.e]\nvisits = [{{ rate_limit = \"api\" }}]\n"
    )
}

fn at_once(n: usize, keys: &str) -> Vec<Answer> {
    answers(&sessions(&vec![0.0; n], &nginx(keys)), 1)
}

/// When requests were accepted, in whole milliseconds, and how many were refused.
fn accepted(answers: &[Answer]) -> (Vec<u64>, usize) {
    let ok = answers.iter().filter(|a| a.status == 200);
    let times: Vec<u64> = ok.map(|a| a.at.round() as u64).collect();
    let refused = answers.iter().filter(|a| a.status == 503).count();
    assert_eq!(times.len() + refused, answers.len());
    (times, refused)
}

#[test]
fn a_burst_leaves_one_by_one() {
    // rate=10r/s burst=5, 20 at once: 1 at 0, then one each at 100 … 500; 14 × 503 at once.
    let all = at_once(20, "rate = 10\nburst = 5");
    assert_eq!(accepted(&all), (vec![0, 100, 200, 300, 400, 500], 14));
    assert!(all.iter().all(|a| a.status == 200 || a.at == 0.0));
}

#[test]
fn without_delay_the_burst_goes_on_at_once() {
    // … burst=5 nodelay, 20 at once, then one every 60 ms: 6 at once; later accepted at 120 240 300 420 540 600 720 840
    // 900 1020 1140 1200 ms, refused at 60 180 360 480 660 780 960 1080.
    let mut at = vec![0.0; 20];
    at.extend((1..=20).map(|n| f64::from(n) * 60.0));
    let all = answers(
        &sessions(&at, &nginx("rate = 10\nburst = 5\ndelay = false")),
        1,
    );
    let expected = [
        0, 0, 0, 0, 0, 0, 120, 240, 300, 420, 540, 600, 720, 840, 900, 1020, 1140, 1200,
    ];
    assert_eq!(accepted(&all), (expected.to_vec(), 14 + 8));
}

#[test]
fn with_delay_the_first_part_of_a_burst_goes_on_at_once() {
    // … burst=20 delay=8, 30 at once: 9 at once, 12 at 100 … 1200, 9 × 503.
    let (times, refused) = accepted(&at_once(30, "rate = 10\nburst = 20\ndelay = 8"));
    let mut expected = vec![0; 9];
    expected.extend((1..=12).map(|n| n * 100));
    assert_eq!((times, refused), (expected, 9));
}

#[test]
fn five_per_cent_above_the_rate_halves_what_gets_through() {
    // rate=10r/s without burst, 40 evenly spaced: 9 and 10/s none refused; 10.5 to 15, 19 and 20/s exactly every second
    // one; 21 and 25/s 26 of 40.
    let refused = |rate: f64| {
        let at: Vec<f64> = (0..40)
            .map(|n| (f64::from(n) * 1e6 / rate).round() / 1e3)
            .collect();
        accepted(&answers(&sessions(&at, &nginx("rate = 10")), 1)).1
    };
    assert_eq!([9.0, 10.0].map(refused), [0, 0]);
    assert_eq!([10.5, 11.0, 12.0, 15.0, 19.0, 20.0].map(refused), [20; 6]);
    assert_eq!([21.0, 25.0].map(refused), [26, 26]);
}

/// Share that is refused of Poisson arrivals.
fn refused_of_poisson(limit: u32, rate: f64) -> f64 {
    let text = format!(
        "[scenarios.default]\nexecutor = \"poisson-arrivals\"\nrate = {rate:?}\nduration = \"{}s\"\n\
         journey = \"one\"\n[journeys]\none = [{{ request = \"e\" }}]\n{}",
        (20_000.0 / rate) as u64,
        nginx(&format!("rate = {limit}"))
    );
    let outcome = run(&text, 1);
    let probe = &outcome.rate_limits[0];
    probe.refused as f64 / probe.came as f64
}

#[test]
fn a_limit_without_burst_refuses_poisson_arrivals_far_below_its_rate() {
    // rate=1000r/s: a request in the same millisecond as the last accepted one: 4.3 to 5.8, 12.9 to 14.6, 35.6 to 37.1 %
    // at 100, 300, 1000/s; 1 − (1 − e^−λ)/λ with λ per millisecond.
    for (rate, low, high) in [(100.0, 4.3, 5.8), (300.0, 12.9, 14.6), (1000.0, 35.6, 37.1)] {
        let share = 100.0 * refused_of_poisson(1000, rate);
        let per_ms: f64 = rate / 1000.0;
        let form = 100.0 * (1.0 - (1.0 - libm::exp(-per_ms)) / per_ms);
        assert!((share - form).abs() < 1.0, "{share} {form}");
        assert!((low - 0.5..high + 0.5).contains(&share), "{share}");
    }
    // rate=100r/s: 23, 34, 51 % at 30, 50, 100/s; a dead time D = 1/rate after each accepted one, λD/(1 + λD).
    for (rate, measured) in [(30.0, 23.0), (50.0, 34.0), (100.0, 51.0)] {
        let share = 100.0 * refused_of_poisson(100, rate);
        let dead = rate / 100.0;
        assert!((share - 100.0 * dead / (1.0 + dead)).abs() < 1.6, "{share}");
        // The clock of 1 ms makes the dead time half a millisecond shorter on average.
        assert!((share - measured).abs() < 3.0, "{share}");
    }
}

#[test]
fn sessions_beyond_haproxys_rate_wait_and_none_is_refused() {
    // rate-limit sessions 10, 30 at once: 10 at 0; none until 1.0 s; then 2 at 1.0, 2 at 1.2, 1 to 2 every 100 ms: the last
    // at 2.8 s; none refused.
    let system = "[rate_limits.front]\npreset = \"haproxy-2.6/rate-limit-sessions\"\nrate = 10\n\
                  [endpoints.e]\nvisits = [{ rate_limit = \"front\" }]\n";
    // Two threads on two cores: one, two or three pass where there is room for one, and then there is none for as much longer.
    let (mut together, mut last) = ([0_u32; 3], 0.0);
    for seed in 1..=40 {
        let (times, refused) = accepted(&answers(&sessions(&[0.0; 30], system), seed));
        assert_eq!((times.len(), refused), (30, 0));
        assert_eq!(times[..10], [0; 10]);
        let mut of_steps: Vec<(u64, u64)> = Vec::new();
        for time in &times[10..] {
            match of_steps.last_mut() {
                Some((at, n)) if at == time => *n += 1,
                _ => of_steps.push((*time, 1)),
            }
        }
        assert!(of_steps[0].0.abs_diff(1000) <= 15, "{times:?}");
        assert!(of_steps.iter().all(|(_, n)| *n <= 3), "{times:?}");
        for pair in of_steps.windows(2) {
            // The counter of the second before falls a little faster in the third second.
            let (gap, expected) = (pair[1].0 - pair[0].0, 100 * pair[0].1);
            assert!(gap.abs_diff(expected) <= 20 * pair[0].1, "{times:?}");
        }
        // Measured 2.8 s, and 2.71 to 2.91 in 38 further trials; where the last three go together, sooner.
        assert!((2600..=2915).contains(&times[29]), "{times:?}");
        last += times[29] as f64 / 40.0;
        // The last step ends where nobody waits any more.
        let whole = &of_steps[..of_steps.len() - 1];
        whole
            .iter()
            .for_each(|(_, n)| together[*n as usize - 1] += 1);
    }
    assert!((2710.0..=2905.0).contains(&last), "{last}");
    // Of 253 steps measured, one went on in 155, two in 89 and three in 9: each share within four standard errors of both.
    let steps = f64::from(together.iter().sum::<u32>());
    for (found, measured) in together.into_iter().zip([155.0, 89.0, 9.0]) {
        let (found, share) = (f64::from(found) / steps, measured / 253.0);
        let error = (share * (1.0 - share) * (1.0 / 253.0 + 1.0 / steps)).sqrt();
        assert!((found - share).abs() < 4.0 * error, "{together:?}");
    }
    // One thread lets one through at a time.
    let one = system.replace("rate = 10", "rate = 10\nthreads = 1");
    let (one, refused) = accepted(&answers(&sessions(&[0.0; 30], &one), 1));
    assert_eq!((&one[..10], refused), (&[0; 10][..], 0));
    let single: Vec<u64> = (0..20).map(|n| 1000 + n * 100).collect();
    let far = one[10..]
        .iter()
        .zip(single)
        .find(|(a, b)| a.abs_diff(*b) > 15);
    assert_eq!(far, None, "{one:?}");
}

#[test]
fn what_is_answered_before_the_limit_is_not_limited() {
    // A location that is answered by `return`: no limit at all.
    let system = "[rate_limits.api]\npreset = \"nginx-1.22/limit_req\"\nrate = 10\n\
                  [endpoints.e]\nvisits = [{ respond = true }, { rate_limit = \"api\" }]\n";
    let all = answers(&sessions(&[0.0; 20], system), 1);
    assert_eq!(accepted(&all), (vec![0; 20], 0));
}

#[test]
fn a_client_that_bunches_its_requests_is_refused_more_often() {
    // Poisson arrivals of 300/s at 1000r/s from a client whose timer rounds to milliseconds: 21 to 24 % refused, where 12.9 to
    // 14.6 % were of one that keeps its times. What is due goes out together when the timer looks; a sleep of a millisecond
    // that ends with the next one is 1.5 to 2 ms long, and all but the first of what comes together are refused.
    for step in [1.6, 1.75, 1.9] {
        let mut state = 7_u64;
        let mut unit = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let (mut now, rate) = (0.0, 0.3);
        let at: Vec<f64> = (0..20_000)
            .map(|_| {
                now -= libm::log(1.0 - unit()) / rate;
                ((now / step).ceil() * step * 1000.0).round() / 1000.0
            })
            .collect();
        let probe = run(&sessions(&at, &nginx("rate = 1000")), 1).rate_limits[0].clone();
        let share = probe.refused as f64 / probe.came as f64;
        let form = 1.0 - (1.0 - libm::exp(-rate * step)) / (rate * step);
        assert!((share - form).abs() < 0.01, "{step}: {share} {form}");
        assert!((0.20..0.25).contains(&share), "{step}: {share}");
    }
}
