//! Open systems of more than one class, station or try.

use super::case::{Parameters, Quantities};
use super::experiment::{Clock, Experiment, Law, named, service};
use super::open::{add_quantiles, exact_quantiles};
use super::run::{Window, ratio};
use crate::theory::mg1::{Service, pollaczek_khinchine};
use crate::theory::mmc::{Mmc, random_split};
use crate::theory::priority::{Class, non_preemptive};
use crate::theory::{retrial, tandem};

/// Classes of customers before one station, the first class first.
///
/// # Errors
/// If a parameter is missing or makes no sense.
pub fn priority(p: &Parameters) -> Result<Experiment, String> {
    let rates = p.numbers("arrival_rates")?;
    let clock = Clock::new(rates.iter().sum());
    let law = service(p, &clock)?;
    let servers = p.whole_or("servers", 1)?;
    let (mut scenarios, mut journeys, mut endpoints) =
        (String::new(), String::new(), String::new());
    for (class, rate) in rates.iter().enumerate() {
        scenarios += &clock.poisson(&format!("c{class}"), *rate);
        journeys += &format!("c{class} = [{{ request = \"c{class}\" }}]\n");
        endpoints += &format!(
            "[endpoints.c{class}]\ntimeout = \"1000h\"\n\
             visits = [{{ station = \"s\", time = {}, class = {class} }}]\n",
            law.text
        );
    }
    let text = format!(
        "{scenarios}[journeys]\n{journeys}\
         [stations.s]\nservers = {servers}\ndiscipline = \"priority\"\n{endpoints}"
    );
    let classes = rates.len();
    let exact = if servers == 1 {
        cobham(&rates, &law)
    } else {
        None
    };
    Ok(clock.steady(text, exact.unwrap_or_default(), move |w| {
        let of = |class| w.visits(class, 0);
        let mut all = named([("utilisation", w.utilisation(0))]);
        for class in 0..classes {
            let (visits, waited, _) = of(class);
            let wait = ratio(waited, visits) / clock.scale;
            all.insert(format!("mean_wait_class{}", class + 1), wait);
        }
        all
    }))
}

fn cobham(rates: &[f64], law: &Law) -> Option<Quantities> {
    let service = Service {
        mean: law.mean,
        cv2: law.cv2,
    };
    let class = |rate: &f64| Class {
        arrival_rate: *rate,
        service,
    };
    let classes: Vec<Class> = rates.iter().map(class).collect();
    let waits = non_preemptive(&classes)?;
    let mut all = named([("utilisation", rates.iter().sum::<f64>() * law.mean)]);
    for (class, wait) in (1..).zip(waits) {
        all.insert(format!("mean_wait_class{class}"), wait);
    }
    Some(all)
}

/// Stations one after another.
///
/// # Errors
/// If a parameter is missing or makes no sense.
pub fn series(p: &Parameters) -> Result<Experiment, String> {
    let (rate, rates) = (p.number("arrival_rate")?, p.numbers("service_rates")?);
    let clock = Clock::new(rate);
    let (stations, visits) = chain(&clock, rates.iter().map(|rate| 1.0 / rate));
    let text = format!(
        "{}[journeys]\ndefault = [{{ request = \"e\" }}]\n{stations}\
         [endpoints.e]\ntimeout = \"1000h\"\nvisits = [{visits}]\n",
        clock.poisson("default", rate)
    );
    let single: Vec<(f64, u32)> = rates.iter().map(|rate| (*rate, 1)).collect();
    let mut exact = Quantities::new();
    if let Some(queues) = tandem::tandem(rate, &single) {
        let total = queues.iter().map(Mmc::mean_response).sum();
        exact.insert("mean_response".to_string(), total);
        for (n, queue) in (1..).zip(&queues) {
            exact.insert(format!("mean_response_station{n}"), queue.mean_response());
            exact.insert(format!("utilisation_station{n}"), queue.utilisation());
        }
    }
    let count = rates.len();
    Ok(clock.steady(text, exact, move |w| {
        let mut all = named([("mean_response", w.mean_response() / clock.scale)]);
        per_station(&mut all, w, count, clock.scale);
        all
    }))
}

/// Single-server exponential stations with these means, and visits to each in turn.
#[must_use]
pub fn chain(clock: &Clock, means: impl Iterator<Item = f64>) -> (String, String) {
    let (mut stations, mut visits) = (String::new(), Vec::new());
    for (n, mean) in means.enumerate() {
        stations += &format!("[stations.s{n}]\nservers = 1\n");
        let time = clock.exponential(mean);
        visits.push(format!("{{ station = \"s{n}\", time = {time} }}"));
    }
    (stations, visits.join(", "))
}

/// Response and utilisation of each station of a chain.
pub fn per_station(all: &mut Quantities, w: &Window, count: usize, scale: f64) {
    for n in 0..count {
        let (visits, waited, served) = w.visits(0, n);
        let response = ratio(waited + served, visits) / scale;
        all.insert(format!("mean_response_station{}", n + 1), response);
        all.insert(format!("utilisation_station{}", n + 1), w.utilisation(n));
    }
}

/// A balancer that sends each arrival to one of n stations, at random.
///
/// # Errors
/// If a parameter is missing or makes no sense.
pub fn split(p: &Parameters) -> Result<Experiment, String> {
    let (rate, n) = (p.number("arrival_rate")?, p.whole("stations")?);
    let clock = Clock::new(rate);
    let law = service(p, &clock)?;
    if n > 1000 {
        return Err("`stations` may be 1000 at most".to_string());
    }
    let (mut stations, mut endpoints) = (String::new(), String::new());
    for i in 0..n {
        stations += &format!("[stations.s{i}]\nservers = 1\n");
        endpoints += &format!(
            "[endpoints.e{i}]\ntimeout = \"1000h\"\nvisits = [{{ station = \"s{i}\", time = {} }}]\n",
            law.text
        );
    }
    let text = format!(
        "{}[journeys]\ndefault = [{}]\n{stations}{endpoints}",
        clock.poisson("default", rate),
        choose(0, n)
    );
    let mut exact = Quantities::new();
    if let Some(queue) = random_split(rate, 1.0 / law.mean, n).filter(|_| law.cv2 == 1.0) {
        exact.insert("mean_response".to_string(), queue.mean_response());
        exact.insert("utilisation".to_string(), queue.utilisation());
        exact_quantiles(&mut exact, |p| queue.response_quantile(p));
    }
    Ok(clock.steady(text, exact, move |w| {
        let busy: f64 = (0..n as usize).map(|s| w.utilisation(s)).sum();
        let mut all = named([
            ("mean_response", w.mean_response() / clock.scale),
            ("utilisation", busy / f64::from(n)),
        ]);
        add_quantiles(&mut all, w.durations(), clock.scale);
        all
    }))
}

/// A step that requests one of the endpoints `from..to`, each with equal probability: a tree of halves.
fn choose(from: u32, to: u32) -> String {
    let size = to - from;
    if size == 1 {
        return format!("{{ request = \"e{from}\" }}");
    }
    let half = size / 2;
    let share = f64::from(half) / f64::from(size);
    format!(
        "{{ with_probability = {share:?}, steps = [{}], else = [{}] }}",
        choose(from, from + half),
        choose(from + half, to)
    )
}

/// A worker that is held while a call to somebody else is under way.
///
/// # Errors
/// If a parameter is missing or makes no sense.
pub fn held_worker(p: &Parameters) -> Result<Experiment, String> {
    let rate = p.number("arrival_rate")?;
    let (first, call) = (p.number("first_service_rate")?, p.number("call_rate")?);
    let workers = p.whole_or("workers", 1)?;
    let clock = Clock::new(rate);
    let text = format!(
        "{}[journeys]\ndefault = [{{ request = \"e\" }}]\n\
         [pools.workers]\nsize = {workers}\n\
         [stations.own]\nservers = \"infinite\"\n[stations.other]\nservers = \"infinite\"\n\
         [endpoints.e]\ntimeout = \"1000h\"\nhold = \"workers\"\n\
         visits = [{{ station = \"own\", time = {} }}, {{ call = \"other\" }}]\n\
         [endpoints.other]\nvisits = [{{ station = \"other\", time = {} }}]\n",
        clock.poisson("default", rate),
        clock.exponential(1.0 / first),
        clock.exponential(1.0 / call)
    );
    let queue = pollaczek_khinchine(rate, Service::hypoexponential(&[first, call]));
    let exact = queue.filter(|_| workers == 1).map(|queue| {
        named([
            ("mean_wait", queue.mean_wait),
            ("mean_response", queue.mean_response),
            ("worker_utilisation", queue.utilisation),
        ])
    });
    Ok(clock.steady(text, exact.unwrap_or_default(), move |w| {
        let (visits, waited, _) = w.visits(0, 0);
        named([
            ("mean_wait", ratio(waited, visits) / clock.scale),
            ("mean_response", w.mean_response() / clock.scale),
            ("worker_utilisation", w.held(0) / f64::from(workers)),
        ])
    }))
}

/// One server and no queue: who finds it busy tries again later.
///
/// # Errors
/// If a parameter is missing or makes no sense.
pub fn retrials(p: &Parameters) -> Result<Experiment, String> {
    let (rate, retry) = (p.number("arrival_rate")?, p.number("retry_rate")?);
    let clock = Clock::new(rate);
    let law = service(p, &clock)?;
    let text = format!(
        "{}[journeys]\ndefault = [{{ poll = \"e\", until = \"ok\", every = {} }}]\n\
         [stations.s]\nservers = 1\nqueue = 0\n\
         [endpoints.e]\ntimeout = \"1000h\"\nvisits = [{{ station = \"s\", time = {} }}]\n",
        clock.poisson("default", rate),
        clock.exponential(1.0 / retry),
        law.text
    );
    let queue = retrial::mm1_retrial(rate, 1.0 / law.mean, retry).filter(|_| law.cv2 == 1.0);
    let exact = queue.map(|queue| {
        named([
            ("mean_in_orbit", queue.mean_in_orbit),
            ("utilisation", queue.utilisation),
            ("mean_wait", queue.mean_wait),
        ])
    });
    Ok(clock.steady(text, exact.unwrap_or_default(), move |w| {
        let (visits, _, served) = w.visits(0, 0);
        let (stay, left) = w.iterations();
        // Little's law: in orbit is who is here and not in service.
        let away = stay - ratio(served, visits);
        named([
            ("mean_in_orbit", left / w.seconds() * away),
            ("utilisation", w.utilisation(0)),
            ("mean_wait", away / clock.scale),
        ])
    }))
}
