//! Pre-emption, ageing, controlled delay, adaptive LIFO.

use capsim::theory::mg1::Service;
use capsim::theory::priority::{Class, preemptive_resume};
use capsim::world::outcome::Outcome;

use super::{complaints, count, durations, model, once, poisson, run};

fn two_classes(preemption: &str) -> String {
    format!(
        "[scenarios.high]\nexecutor = \"poisson-arrivals\"\nrate = 30.0\nduration = \"1000s\"\njourney = \"high\"\n\
         [scenarios.low]\nexecutor = \"poisson-arrivals\"\nrate = 50.0\nduration = \"1000s\"\njourney = \"low\"\n\
         [journeys]\nhigh = [{{ request = \"high\" }}]\nlow = [{{ request = \"low\" }}]\n\
         [stations.cpu]\nservers = 1\ndiscipline = \"priority\"\n{preemption}\n\
         [endpoints.high]\nvisits = [{{ station = \"cpu\", time = {{ exponential = \"10ms\" }}, class = 0 }}]\n\
         [endpoints.low]\nvisits = [{{ station = \"cpu\", time = {{ exponential = \"10ms\" }}, class = 1 }}]\n"
    )
}

/// Mean time in the system of the requests of each scenario, in milliseconds.
fn means(outcome: &Outcome) -> [f64; 2] {
    let record = &outcome.recorder;
    let mut sums = [(0.0, 0.0); 2];
    let all = record.durations.iter().zip(record.request_series.iter());
    for (ns, series) in all {
        let origin = record.series[usize::from(series)].origin;
        let (sum, n) = &mut sums[origin.as_scenario().unwrap()];
        *sum += ns as f64 / 1e6;
        *n += 1.0;
    }
    sums.map(|(sum, n)| sum / n)
}

#[test]
fn preemptive_resume_has_its_closed_form() {
    let service = Service {
        mean: 0.01,
        cv2: 1.0,
    };
    let class = |arrival_rate| Class {
        arrival_rate,
        service,
    };
    let exact = preemptive_resume(&[class(30.0), class(50.0)]).unwrap();
    // M/M/1 at 30 %: 10 / 0.7 ms; the mean number in the system is that of M/M/1 at 80 %: 4.
    assert!((exact[0] * 1000.0 - 10.0 / 0.7).abs() < 1e-9);
    assert!((30.0 * exact[0] + 50.0 * exact[1] - 4.0).abs() < 1e-9);
    let outcome = run(&two_classes("preemption = \"resume\""));
    let [high, low] = means(&outcome);
    assert!((high / (exact[0] * 1000.0) - 1.0).abs() < 0.03, "{high}");
    assert!((low / (exact[1] * 1000.0) - 1.0).abs() < 0.08, "{low}");
    let interrupted = outcome.stations[0].interrupted;
    assert!(interrupted > 5_000);
    let text = two_classes("preemption = \"resume\"");
    let lines = capsim::report::components::lines(&outcome, &model(&text)).join("\n");
    let told =
        format!("station cpu: services were interrupted {interrupted} times for a higher class");
    assert!(lines.contains(&told), "{lines}");
    // Nothing is lost: the server works as much as without.
    let busy = outcome.stations[0].in_service.mean(outcome.end_time());
    assert!((busy - 0.8).abs() < 0.02, "{busy}");
}

#[test]
fn what_begins_anew_costs_more_and_the_high_class_does_not_notice() {
    let outcome =
        run(&two_classes("preemption = \"restart\"").replace("rate = 50.0", "rate = 30.0"));
    let [high, low] = means(&outcome);
    assert!((high - 10.0 / 0.7).abs() < 0.5, "{high}");
    // Pre-emptive repeat, identical: a service of s takes (e^(λ s) - 1) / λ work of its own on average, and with s
    // exponential of rate μ that is 1 / (μ - λ) = 14.29 ms instead of 10.
    let busy = outcome.stations[0].in_service.mean(outcome.end_time());
    assert!((busy - (0.3 + 30.0 / 70.0)).abs() < 0.03, "{busy}");
    let resumed = means(&run(
        &two_classes("preemption = \"resume\"").replace("rate = 50.0", "rate = 30.0")
    ));
    assert!(low > 1.2 * resumed[1], "{low} {}", resumed[1]);
}

#[test]
fn ageing_bounds_how_far_a_class_falls_behind() {
    let [_, without] = means(&run(&two_classes("")));
    let [high, low] = means(&run(&two_classes("ageing = \"20ms\"")));
    // The difference of the waits is at most the worth of a class, and less than without.
    assert!(low - high <= 20.0 && low - high > 5.0, "{high} {low}");
    assert!(low < without, "{low} {without}");
}

#[test]
fn a_queue_that_stays_is_hurried() {
    // One server, 10 ms each, all there from the start: served at 0, 10, …; the queue is not empty from 0 on.
    let text = once("{ sleep = \"1ms\" }, { request = \"e\" }").replace("vus = 1", "vus = 30");
    let system = "[stations.s]\nservers = 1\ncodel = { target = \"5ms\", interval = \"100ms\" }\n\
                  [endpoints.e]\nvisits = [{ station = \"s\", time = \"10ms\" }]\n";
    let outcome = run(&format!("{text}{system}"));
    // Ten are served within 100 ms, one begins at 100 ms; the others have waited as long as they may.
    let served = count(&outcome, 200);
    assert!((10..=11).contains(&served), "{served}");
    assert_eq!(served + count(&outcome, 503), 30);
    // Under overload from then on, waits are short, and the server has work nearly all the time.
    let text = poisson(200.0, "60s", "{ request = \"e\" }");
    let outcome = run(&format!(
        "{text}{}",
        system
            .replace("time = \"10ms\"", "time = { exponential = \"10ms\" }")
            .replace("5ms", "20ms")
    ));
    let busy = outcome.stations[0].in_service.mean(outcome.end_time());
    assert!(busy > 0.85, "{busy}");
    let queue = outcome.stations[0].queue.mean(outcome.end_time());
    assert!(queue < 15.0, "{queue}");
}

#[test]
fn a_pool_may_hurry_its_queue_too() {
    let text = poisson(100.0, "30s", "{ request = \"e\" }");
    let system = "[pools.p]\nsize = 1\ncodel = {}\n\
                  [endpoints.e]\nhold = \"p\"\nvisits = [{ delay = \"20ms\" }]\n";
    let outcome = run(&format!("{text}{system}"));
    assert!(outcome.pools[0].left > 1000 && outcome.pools[0].queue.mean(outcome.end_time()) < 5.0);
    let endless = run(&format!("{text}{}", system.replace("codel = {}\n", "")));
    assert!(endless.pools[0].queue.mean(endless.end_time()) > 100.0);
}

#[test]
fn adaptive_lifo_serves_the_last_while_many_wait() {
    let order = |above: u32| {
        let text = "[scenarios.default]\nexecutor = \"trace-arrivals\"\n\
                    at = [\"0s\", \"1ms\", \"2ms\", \"3ms\", \"4ms\"]\njourney = \"go\"\n\
                    [journeys]\ngo = [{ request = \"e\" }]\n";
        let outcome = run(&format!(
            "{text}[stations.s]\nservers = 1\ndiscipline = \"adaptive-lifo\"\nlifo_above = {above}\n\
             [endpoints.e]\nvisits = [{{ station = \"s\", time = \"10ms\" }}]\n"
        ));
        durations(&outcome)
    };
    assert_eq!(order(9), [10, 19, 28, 37, 46]);
    // Four wait: the last one, then with three waiting the first.
    assert_eq!(order(3), [10, 16, 29, 38, 47]);
    assert_eq!(order(0), [10, 16, 27, 38, 49]);
}

#[test]
fn what_is_wrong_with_a_queue_is_told() {
    let text = poisson(1.0, "1s", "{ request = \"e\" }");
    let with = |station: &str, visit: &str| {
        complaints(&format!(
            "{text}[stations.s]\nservers = 1\n{station}\n\
             [endpoints.e]\nvisits = [{{ station = \"s\", time = \"1ms\"{visit} }}]\n"
        ))
    };
    let told = with("codel = { target = \"1s\", interval = \"1ms\" }", "");
    assert!(told.contains("longer than `interval`"), "{told}");
    let told = with("codel = {}", ", patience = \"1s\"");
    assert!(told.contains("says how long requests wait"), "{told}");
    let told = with("discipline = \"priority\"\npreemption = \"resum\"", "");
    assert!(told.contains("did you mean `resume`?"), "{told}");
    let sound = format!(
        "{text}[stations.s]\nservers = 1\n[endpoints.e]\nvisits = [{{ station = \"s\", time = \"1ms\" }}]\n"
    );
    assert_eq!(model(&sound).stations[0].queueing, Default::default());
}
