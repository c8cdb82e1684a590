//! The number of replicas, by hand.

use super::{audited, model};
use capsim::engine::{Span, Time};
use capsim::model::Model;
use capsim::world::World;
use capsim::world::timeline::Sample;

/// Requests that each take a second, at these rates a second for a minute each, at a service of two replicas.
fn staircase(rates: &[u32], scale: &str) -> String {
    let scenario = |(at, rate): (usize, &u32)| {
        format!(
            "[scenarios.s{at}]\nexecutor = \"renewal-arrivals\"\ngap = \"{}us\"\nstart_time = \"{}s\"\n\
             duration = \"60s\"\njourney = \"go\"\n",
            1_000_000 / rate,
            60 * at
        )
    };
    let scenarios: String = rates.iter().enumerate().map(scenario).collect();
    format!(
        "{scenarios}[journeys]\ngo = [{{ request = \"e\" }}]\n[stations.s]\nservers = 100\n\
         [endpoints.e]\nvisits = [{{ station = \"s\", time = \"1s\" }}]\n\
         [services.api]\nreplicas = 2\nendpoints = [\"e\"]\nstations = [\"s\"]\n\
         [services.api.autoscale]\nmax = 50\n{scale}\n"
    )
}

/// Replicas that are there at these seconds.
fn there(model: &Model, seconds: &[u64]) -> Vec<u64> {
    let (_, samples) = World::new(model, 1, 0).run_sampled(Span::secs(1));
    let at = |second: &u64| {
        let here = |s: &&Sample| s.at == Time::ZERO + Span::secs(*second);
        samples.iter().find(here).map_or(0, |s| s.replicas[0].value)
    };
    seconds.iter().map(at).collect()
}

#[test]
fn hpa_counts_of_a_staircase_by_hand() {
    // Two requests for each replica are wanted, and the fleet boots until the next window begins. In the first window of
    // a stair the mean is a thirtieth of the step short, in the second it is the rate.
    let target = "metric = \"in-flight\"\ntarget = 2\nboot = \"15s\"\n";
    let rates = [4, 12, 20, 4];
    let at_once = model(&staircase(
        &rates,
        &format!("{target}down = {{ stabilise = \"0s\" }}"),
    ));
    // 15 s: 3.9 of 4, near enough. 75 s: ⌈11.7 / 2⌉ = 6; 90 s: the four that boot would do nothing, 12 / 6 = 2, and
    // nothing is done. 135 s: ⌈19.7 / 2⌉ = 10. 195 s: ⌈4.5 / 2⌉ = 3. 210 s: ⌈4 / 2⌉ = 2.
    assert_eq!(
        there(&at_once, &[59, 89, 91, 119, 149, 151, 179, 194, 197, 212]),
        [2, 2, 6, 6, 6, 10, 10, 10, 3, 2]
    );
    // Kubernetes waits five minutes before it shrinks: the most that was wanted in them is 10.
    let calm = model(&staircase(&rates, target));
    assert_eq!(there(&calm, &[151, 197, 239]), [10, 10, 10]);
    // Four more or twice as many in 15 s, whichever is more: 2, 6, 12, 20 where 20 are wanted.
    let steep = staircase(&[4, 40], &target.replace("15s", "0s"));
    assert_eq!(there(&model(&steep), &[74, 76, 91, 106]), [2, 6, 12, 20]);
}

#[test]
fn counts_of_a_staircase_by_requests_a_second() {
    // Two a second for each replica. Requests count when they come, so that no window is short of its rate: ⌈12 / 2⌉, ⌈20 / 2⌉,
    // ⌈4 / 2⌉ at the end of the first window of each stair.
    let target =
        "metric = \"requests\"\ntarget = 2\nboot = \"15s\"\ndown = { stabilise = \"0s\" }\n";
    let model = model(&staircase(&[4, 12, 20, 4], target));
    assert_eq!(
        there(&model, &[59, 89, 91, 149, 151, 194, 198, 239]),
        [2, 2, 6, 6, 10, 10, 2, 2]
    );
}

#[test]
fn new_replicas_do_not_count_until_a_whole_window_of_them_was_measured() {
    // Ten servers each, 0.2 of them to be used: two requests in service at each replica. At 75 s the two have 5.87 on
    // average, and ⌈5.87⌉ = 6 are wanted; four more are there at 80 s. At 90 s the old ones have had 3.47 in their window and
    // the new ones 1.9 since 80 s: 2.42 of 2, and ⌈7.27⌉ = 8 are wanted. If the new ones do not count, 3.47 of the old two
    // asks for more, and with four that do nothing 1.16 for fewer: nothing is done, and in the next window all have two.
    let scale = "metric = \"cpu\"\ntarget = 0.2\nboot = \"5s\"\n";
    let stairs = |more: &str| {
        let text = staircase(&[4, 12], &format!("{scale}{more}"));
        there(
            &model(&text.replace("servers = 100", "servers = 10")),
            &[74, 79, 81, 96, 119],
        )
    };
    assert_eq!(stairs(""), [2, 2, 6, 8, 8]);
    let kubernetes = "initialisation = \"5m\"\nwhole_percent = true\n";
    assert_eq!(stairs(kubernetes), [2, 2, 6, 6, 6]);
    // One that began to boot longer ago counts with what was measured of it.
    assert_eq!(stairs("initialisation = \"14s\"\n"), [2, 2, 6, 8, 8]);
}

#[test]
fn the_length_of_the_queues_may_be_the_metric() {
    // Two servers for four requests a second: t - 1 wait at each at time t, 6.5 on average of the first 15 s. At 3.6 for each,
    // ⌈2 × 6.5 / 3.6⌉ = 4 are wanted; at 7.5, 2 × 6.5 / 7.5 is near enough to 2 with a tolerance of 0.2.
    let scale = |target: f64| {
        let keys =
            format!("metric = \"queue\"\ntarget = {target}\ntolerance = 0.2\nboot = \"1s\"\n");
        let text = staircase(&[4], &keys).replace("servers = 100", "servers = 1");
        there(&model(&text), &[14, 17])
    };
    assert_eq!((scale(3.6), scale(7.5)), (vec![2, 4], vec![2, 2]));
}

#[test]
fn the_share_of_a_pools_tokens_in_use_may_be_the_metric() {
    let scale = "metric = \"tokens\"\ntarget = 0.2\nboot = \"5s\"\n";
    let text = staircase(&[4, 12], scale)
        .replace(
            "stations = [\"s\"]\n[services.api.auto",
            "stations = [\"s\"]\npools = [\"p\"]\n[services.api.auto",
        )
        .replace(
            "[endpoints.e]\n",
            "[pools.p]\nsize = 10\n[endpoints.e]\nhold = \"p\"\n",
        );
    // A token is held as long as a server above.
    assert_eq!(
        there(&model(&text), &[74, 79, 81, 96, 119]),
        [2, 2, 6, 8, 8]
    );
}

/// A thousand users who come to a waiting room at once, of whom ten a second are let through to a service of two replicas.
fn crowd(scale: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = 1000\niterations = 1\njourney = \"go\"\n\
         [journeys]\ngo = [{{ pick = \"user\" }}, {{ request = \"join\" }}, {{ poll = \"status\", until = \"admitted\", every = \"1s\", at_most = 200 }}, \
         {{ request = \"e\" }}]\n[waiting_room]\nadmit = {{ rate = 10 }}\n\
         [stations.s]\nservers = 100\n[endpoints.e]\nvisits = [{{ station = \"s\", time = \"1s\" }}]\n\
         [endpoints.join]\nvisits = [{{ issue = \"token\" }}]\n[endpoints.status]\nvisits = [{{ status = \"queue\" }}]\n\
         [services.api]\nreplicas = 2\nendpoints = [\"e\"]\nstations = [\"s\"]\n\
         [services.api.autoscale]\nmax = 50\n{scale}\n"
    )
}

#[test]
fn who_waits_elsewhere_may_be_the_metric() {
    // A queue worker outside the service: four jobs a second come and one a second is done, so that 3 t wait at time t and 22.5 on
    // average of the first 15 s. At 5 for each replica ⌈22.5 / 5⌉ = 5 are wanted, 3 × 22.5 = 67.5 in the second window ask for 14.
    // Those that boot do not make the decision milder: half of what is there boots at the second.
    let jobs = |scale: &str| {
        let text = staircase(&[4], &format!("metric = \"external\"\n{scale}")).replace(
            "[endpoints.e]\n",
            "[stations.worker]\nservers = 1\n[endpoints.e]\n",
        );
        text.replace(
            "visits = [",
            "visits = [{ station = \"worker\", time = \"1s\" }, ",
        )
    };
    let external = "station = \"worker\"\ntarget = 5\nboot = \"20s\"\n\
                    up = { replicas = 50, per = \"15s\" }";
    let counts = there(&model(&jobs(external)), &[34, 36, 49, 51]);
    assert_eq!(counts, [2, 5, 5, 14]);
    // Steps compare the number itself: 22.5 and then 67.5 wait.
    let steps = "station = \"worker\"\nsteps = [{ above = 20, add = 1 }, { above = 60, add = 3 }]\nboot = \"0s\"";
    assert_eq!(there(&model(&jobs(steps)), &[14, 16, 29, 31]), [2, 3, 3, 6]);
}

#[test]
fn users_of_the_waiting_room_may_be_the_metric() {
    // 925 of the thousand are in line on average of the first 15 s: ⌈925 / 100⌉ = 10, and 775 later: ⌈7.75⌉ = 8.
    let scale = "metric = \"external\"\nwaiting_room = \"in-line\"\ntarget = 100\nboot = \"1s\"\n\
                 up = { replicas = 50, per = \"15s\" }\ndown = { stabilise = \"0s\" }";
    let counts = there(&model(&crowd(scale)), &[14, 17, 29, 31]);
    assert_eq!(counts, [2, 10, 10, 8]);
}

#[test]
fn a_percentile_of_how_long_requests_take_may_be_the_metric() {
    // Three come at once every four seconds to servers that need a second for each.
    let text = |percentile: f64, target: f64| {
        let at: Vec<String> = (0..60)
            .flat_map(|n| std::iter::repeat_n(format!("{}s", 4 * n), 3))
            .collect();
        format!(
            "[scenarios.default]\nexecutor = \"trace-arrivals\"\nat = {at:?}\njourney = \"go\"\n\
             [journeys]\ngo = [{{ request = \"e\" }}]\n[stations.s]\nservers = 1\n\
             [endpoints.e]\nvisits = [{{ station = \"s\", time = \"1s\" }}]\n\
             [services.api]\nreplicas = 1\nendpoints = [\"e\"]\nstations = [\"s\"]\n\
             [services.api.autoscale]\nmax = 50\nmetric = \"duration\"\npercentile = {percentile:?}\n\
             target = {target:?}\nevery = \"60s\"\nwindow = \"60s\"\nboot = \"1s\"\n"
        )
    };
    // At 60 s 45 requests have taken 1, 2, 3 s, 15 each: the median is 2 s, and ⌈1 × 2 / 1⌉ = 2 are wanted. Then one of two
    // replicas has two of three: 1, 1 and 2 s, and the median is 1 s, as wanted. Of the percentile 95, 3 s, three are
    // wanted, and then all take 1 s.
    assert_eq!(
        there(&model(&text(50.0, 1.0)), &[59, 62, 119, 122, 200]),
        [1, 2, 2, 2, 2]
    );
    assert_eq!(
        there(&model(&text(95.0, 1.0)), &[59, 62, 119, 122, 200]),
        [1, 3, 3, 3, 3]
    );
    let (_, outcome) = audited(&text(95.0, 1.0), 0);
    assert_eq!(outcome.services[0].grown, 2);
}

#[test]
fn laws_hold_while_replicas_come_and_go() {
    let scale = "metric = \"in-flight\"\ntarget = 2\nboot = { exponential = \"20s\" }\n\
                 down = { stabilise = \"0s\" }\nwarm_up = { lasts = \"30s\", speed = 0.5 }";
    let faults = "[[services.api.faults]]\nlose = \"any\"\nevery = \"13s\"\nlasts = \"9s\"\n\
                  [[services.api.faults]]\nrestart = \"rolling\"\nat = \"100s\"\nlasts = \"7s\"\nat_once = 2\n";
    for replication in 0..5 {
        let text = format!("{}{faults}", staircase(&[4, 30, 2, 20], scale));
        let (_, outcome) = audited(&text, replication);
        let probe = &outcome.services[0];
        let (grown, shrunk) = (probe.grown, probe.shrunk);
        assert!(grown > 10 && shrunk > 5, "{grown} {shrunk}");
        let end = outcome.end_time();
        assert!(probe.paid.area(end) > probe.up.area(end));
    }
}

#[test]
fn a_schedule_alone_sets_the_number() {
    let scale = "boot = \"10s\"\nschedule = [{ at = \"30s\", replicas = 8 }, { at = \"50s\", replicas = 3 }]";
    let text = staircase(&[4], scale).replace("max = 50\n", "");
    let model = model(&text);
    assert_eq!(there(&model, &[39, 41, 49, 53]), [2, 8, 8, 3]);
    let (_, outcome) = audited(&text, 0);
    let probe = &outcome.services[0];
    assert_eq!((probe.grown, probe.shrunk, probe.up.max()), (6, 5, 8));
    // Each has two thirds of a request: those of half a second ago are done within half a second.
    let seconds =
        probe.paid.area(outcome.end_time()) as f64 / 1e9 - 2.0 * outcome.duration.as_secs();
    assert!((125.0..135.0).contains(&seconds), "{seconds}");
}

/// Two replicas that work on ten seconds each when there is to be one.
fn shrinking(drain: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"trace-arrivals\"\nat = [\"0s\", \"1s\"]\njourney = \"go\"\n\
         [journeys]\ngo = [{{ request = \"e\" }}]\n[stations.s]\nservers = 1\n\
         [endpoints.e]\nvisits = [{{ station = \"s\", time = \"10s\" }}]\n\
         [services.api]\nreplicas = 2\nendpoints = [\"e\"]\nstations = [\"s\"]\ndrain = \"{drain}\"\n\
         autoscale = {{ boot = \"1s\", schedule = [{{ at = \"3s\", replicas = 1 }}] }}\n"
    )
}

#[test]
fn one_that_is_dismissed_works_on_until_its_drain_is_over() {
    let (_, outcome) = audited(&shrinking("30s"), 0);
    let probe = &outcome.services[0];
    assert_eq!(
        probe.replicas[1].there.area(outcome.end_time()),
        11_000_000_000
    );
    assert_eq!((probe.replicas[1].failed, probe.up.value()), (0, 1));
    let (_, outcome) = audited(&shrinking("2s"), 0);
    let probe = &outcome.services[0];
    assert_eq!(
        probe.replicas[1].there.area(outcome.end_time()),
        5_000_000_000
    );
    assert_eq!((probe.replicas[1].failed, probe.up.value()), (1, 1));
}

#[test]
fn a_new_replica_warms_up() {
    // The second boots from 1 s to 3 s and works at half its speed until 8 s: what comes at 4 s has two of its ten
    // seconds done then, and is answered at 16 s.
    let text = shrinking("30s")
        .replace("[\"0s\", \"1s\"]", "[\"0s\", \"4s\"]")
        .replace("replicas = 2", "replicas = 1")
        .replace(
            "boot = \"1s\"",
            "boot = \"2s\", warm_up = { lasts = \"5s\", speed = 0.5 }",
        )
        .replace("at = \"3s\", replicas = 1", "at = \"1s\", replicas = 2");
    let (_, outcome) = audited(&text, 0);
    let times: Vec<u64> = outcome
        .recorder
        .durations
        .iter()
        .map(|ns| ns / 1_000_000)
        .collect();
    assert_eq!(times, [10_000, 12_000]);
}

#[test]
fn steps_by_hand() {
    // 20 in flight at two replicas: 10 each, two more every 30 s until there are no more than 4 each.
    let scale = "metric = \"in-flight\"\nboot = \"1s\"\ncool_down = \"30s\"\n\
                 steps = [{ above = 4, add = 1 }, { above = 6, add = 2 }, { below = 2.5, remove = 1 }]";
    let model = model(&staircase(&[20, 20, 20], scale));
    assert_eq!(
        there(&model, &[14, 17, 44, 47, 77, 107]),
        [2, 4, 4, 5, 5, 5]
    );
}

#[test]
fn wrong_scaling_is_told() {
    let told = |scale: &str| {
        let text = staircase(&[4], scale);
        let why = Model::from_text("m.toml", &text, &[]).unwrap_err();
        why.to_string()
    };
    let both = told("target = 2\nsteps = [{ above = 1, add = 1 }]\nboot = \"1s\"");
    assert!(both.contains("two rules"), "{both}");
    let none = told("boot = \"1s\"");
    assert!(
        none.contains("needs `target`, `steps` or `schedule`"),
        "{none}"
    );
    let few = told("target = 2\nboot = \"1s\"\nmin = 3");
    assert!(few.contains("there are 2 replicas at the start"), "{few}");
    let step = told("steps = [{ above = 2, remove = 1 }]\nboot = \"1s\"");
    assert!(step.contains("a step adds above a value"), "{step}");
    let of_what = told("metric = \"external\"\ntarget = 2\nboot = \"1s\"");
    assert!(of_what.contains("`external` counts one thing"), "{of_what}");
    let no_room =
        told("metric = \"external\"\nwaiting_room = \"in-line\"\ntarget = 2\nboot = \"1s\"");
    assert!(no_room.contains("has no waiting room"), "{no_room}");
    let order = told(
        "schedule = [{ at = \"2s\", replicas = 2 }, { at = \"1s\", replicas = 2 }]\nboot = \"1s\"",
    );
    assert!(order.contains("ascend"), "{order}");
}
