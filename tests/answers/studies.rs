//! The answers against closed forms with known results.

use capsim::model::Document;
use capsim::study::answers::bounds::analyse;
use capsim::study::answers::capacity::{Answer, Cut, Question, search};
use capsim::study::answers::compare::{Plan, Verdict, compare};
use capsim::study::answers::explain::{self, explain};
use capsim::study::runner::HERE;
use capsim::theory::mmc::Mmc;

/// M/M/8 with a mean service of 40 ms: 200 per second at most.
const MM8: &str = r#"
[scenarios.open]
executor = "poisson-arrivals"
rate = 100.0
duration = "2m"
journey = "ask"
[journeys]
ask = [{ request = "ask" }]
[stations.cpu]
servers = 8
[endpoints.ask]
visits = [{ station = "cpu", time = { exponential = "40ms" } }]
[thresholds]
http_req_duration = ["p(95)<150"]
"#;

fn document(text: &str) -> Document {
    Document::from_text("model", text).unwrap_or_else(|e| panic!("{e}"))
}

fn ask(document: &Document, path: &str, low: f64, high: f64, minimise: bool, seed: u64) -> Answer {
    let question = Question {
        document,
        base: Vec::new(),
        path: path.into(),
        low,
        high,
        minimise,
        seed,
        budget: 200,
        precision: 0.01,
        runner: &HERE,
    };
    search(&question, &|_, _| {}, &|| true).unwrap_or_else(|e| panic!("{e}"))
}

fn p95(rate: f64, servers: u32) -> f64 {
    let queue = Mmc::new(rate, 25.0, servers);
    queue
        .and_then(|q| q.response_quantile(0.95))
        .unwrap_or(f64::INFINITY)
}

/// The exact largest rate, by bisection.
fn exact_rate() -> f64 {
    let (mut low, mut high) = (100.0, 199.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if p95(middle, 8) < 0.150 {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[test]
fn the_largest_rate_of_mm8_is_found_by_every_seed() {
    finds_the_largest_rate(1..=5);
}

#[test]
#[ignore = "four times as many seeds; .ci/run runs it"]
fn the_largest_rate_of_mm8_is_found_by_twenty_seeds() {
    finds_the_largest_rate(1..=20);
}

fn finds_the_largest_rate(seeds: std::ops::RangeInclusive<u64>) {
    let (document, exact) = (document(MM8), exact_rate());
    let mut ends = Vec::new();
    for seed in seeds {
        let answer = ask(&document, "scenarios.open.rate", 80.0, 199.0, false, seed);
        let (low, high) = (answer.passing.unwrap(), answer.failing.unwrap());
        let estimate = answer.estimate.unwrap();
        println!(
            "seed {seed}: [{low}, {high}], {estimate} exact {exact:.3}, {} runs",
            answer.runs
        );
        assert!(
            (estimate / exact - 1.0).abs() < 0.02,
            "seed {seed}: {estimate} {exact}"
        );
        assert!(
            low <= exact && exact <= high,
            "seed {seed}: [{low}, {high}] {exact}"
        );
        assert!(high / low < 1.10, "seed {seed}: [{low}, {high}]");
        assert_eq!(
            answer.breaks.as_deref(),
            Some("http_req_duration p(95)<150")
        );
        assert!(answer.runs <= 200 && answer.again.is_empty());
        ends.push((low, high));
    }
    // Any two seeds agree: their intervals overlap.
    let (highest_low, lowest_high) = ends.iter().fold((0.0f64, f64::INFINITY), |(l, h), e| {
        (l.max(e.0), h.min(e.1))
    });
    assert!(highest_low <= lowest_high, "{ends:?}");
}

#[test]
fn the_smallest_number_of_servers_is_exact() {
    let document = document(MM8);
    let exact = (5..20).find(|c| p95(100.0, *c) < 0.150).unwrap();
    let answer = ask(&document, "stations.cpu.servers", 1.0, 16.0, true, 1);
    assert_eq!(answer.passing, Some(f64::from(exact)));
    assert_eq!(answer.failing, Some(f64::from(exact - 1)));
    assert_eq!(answer.now, Some(8.0));
    let (name, share) = answer.bottleneck.unwrap();
    assert_eq!(name, "station cpu");
    assert!(share > 0.75 && share <= 1.0, "{share}");
    // Utilisation law and Erlang C agree with the simulation.
    let agreement = &answer.agreement;
    assert_eq!(agreement.len(), 2, "{agreement:?}");
    for a in agreement {
        assert!((a.simulated / a.theory - 1.0).abs() < 0.10, "{a:?}");
    }
}

#[test]
fn a_range_without_a_limit_is_said_to_have_none() {
    let document = document(MM8);
    let all_pass = ask(&document, "load", 0.1, 1.0, false, 1);
    assert_eq!((all_pass.passing, all_pass.failing), (Some(1.0), None));
    let all_fail = ask(&document, "load", 1.9, 2.5, false, 1);
    assert_eq!((all_fail.passing, all_fail.failing), (None, Some(1.9)));
}

#[test]
fn a_small_budget_is_kept_and_what_is_sure_is_told() {
    let document = document(MM8);
    let question = Question {
        document: &document,
        base: Vec::new(),
        path: "load".into(),
        low: 0.5,
        high: 3.0,
        minimise: false,
        seed: 1,
        budget: 25,
        precision: 0.001,
        runner: &HERE,
    };
    let answer = search(&question, &|_, _| {}, &|| true).unwrap();
    assert!(answer.cut_short == Some(Cut::Runs) && answer.runs <= 25);
    let exact = exact_rate() / 100.0;
    assert!(
        answer.passing.unwrap() <= exact && exact <= answer.failing.unwrap(),
        "{answer:?}"
    );
}

#[test]
fn what_is_not_monotone_is_reported() {
    // Too few users miss the rate, too many the response time.
    let text = MM8.replace(
        "[\"p(95)<150\"]",
        "[\"p(95)<150\"]\nhttp_reqs = [\"rate>90\"]",
    );
    let document = document(&text);
    let answer = ask(&document, "load", 0.2, 3.0, false, 1);
    let exact = exact_rate() / 100.0;
    assert!(
        answer.passing.unwrap() <= exact && exact <= answer.failing.unwrap(),
        "{answer:?}"
    );
    assert!(
        !answer.before.is_empty() && answer.before.iter().all(|v| *v < 0.91),
        "{answer:?}"
    );
    assert_eq!(
        answer.breaks.as_deref(),
        Some("http_req_duration p(95)<150")
    );
}

#[test]
fn theory_says_the_same_of_the_same_model() {
    let model = document(MM8).check(&[]).unwrap().model;
    let all = analyse(&model);
    let [one] = all.as_slice() else {
        panic!("{all:?}")
    };
    let bounds = one.bounds.as_ref().unwrap();
    assert!((bounds.max_throughput - 200.0).abs() < 1e-9);
    assert!((one.demands[0].demand - 0.040).abs() < 1e-12);
    let exact = one.exact.as_ref().unwrap();
    let queue = Mmc::new(100.0, 25.0, 8).unwrap();
    assert!((exact.response - queue.mean_response()).abs() < 1e-12);
    assert_eq!(exact.formula, "M/M/8 (Erlang C) at the peak rate");
}

#[test]
fn a_closed_loop_has_a_knee_and_an_exact_answer() {
    let text = MM8
        .replace(
            "executor = \"poisson-arrivals\"\nrate = 100.0",
            "executor = \"constant-vus\"\nvus = 300",
        )
        .replace(
            "{ request = \"ask\" }",
            "{ request = \"ask\" }, { sleep = \"1s\" }",
        );
    let model = document(&text).check(&[]).unwrap().model;
    let all = analyse(&model);
    let bounds = all[0].bounds.as_ref().unwrap();
    assert!((bounds.knee - 200.0 * 1.04).abs() < 1e-9);
    let exact = all[0].exact.as_ref().unwrap();
    assert!(
        exact.throughput > 199.9 && exact.throughput <= 200.0,
        "{exact:?}"
    );
    // Little's law for the whole loop.
    assert!((exact.throughput * (1.0 + exact.response) - 300.0).abs() < 1e-6);
}

#[test]
fn more_servers_are_better_and_the_same_is_the_same() {
    let document = document(&MM8.replace("100.0", "180.0"));
    let set = |text: &str| {
        let change = capsim::model::Override::parse(text).unwrap();
        document.check(&[change]).unwrap().model
    };
    let base = document.check(&[]).unwrap().model;
    let plan = |replications| Plan {
        seed: 1,
        replications,
        effect: 0.05,
    };
    let nine = set("stations.cpu.servers=9");
    let rows = compare(&base, &nine, &plan(6), &|| true).unwrap().rows;
    let row = |name: &str| rows.iter().find(|r| r.name == name).unwrap();
    assert_eq!(row("http_req_duration_avg_ms").verdict, Verdict::Better);
    assert!(row("http_req_duration_avg_ms").difference.high() < 0.0);
    assert_eq!(row("http_reqs_per_s").verdict, Verdict::Same);
    let same = compare(&base, &base, &plan(3), &|| true).unwrap().rows;
    assert!(
        same.iter()
            .all(|r| r.verdict == Verdict::Same && r.difference.mean == 0.0)
    );
}

#[test]
fn the_service_time_and_the_load_matter_most() {
    let plan = explain::Plan {
        share: 0.1,
        seed: 1,
        replications: 5,
        budget: u64::MAX,
    };
    let document = document(&MM8.replace("100.0", "170.0"));
    let found = explain(&document, &[], &plan, &HERE, &|| true).unwrap();
    assert_eq!(found.thresholds, ["http_req_duration p(95)<150"]);
    let paths: Vec<&str> = found.levers.iter().map(|l| l.path.as_str()).collect();
    assert_eq!(paths.len(), 3, "{paths:?}");
    for lever in &found.levers {
        let (down, up) = lever.effects[0];
        let helps_when_up = lever.path == "stations.cpu.servers";
        assert_eq!(up.change < down.change, helps_when_up, "{lever:?}");
        assert!(lever.largest() > 0.1, "{lever:?}");
    }
}

/// One server cannot be fewer, and ten per cent of three VUs are none: both are changed by one, and it is said.
#[test]
fn what_is_few_is_changed_by_one() {
    let model = |vus: u32| {
        document(&format!(
            "[scenarios.s]\nexecutor = \"constant-vus\"\nvus = {vus}\nduration = \"10s\"\njourney = \"j\"
[journeys]\nj = [{{ request = \"e\" }}]
[stations.cpu]\nservers = 1
[endpoints.e]\nvisits = [{{ station = \"cpu\", time = \"10ms\" }}]
[thresholds]\nhttp_req_duration = [\"avg<100\"]\n"
        ))
    };
    let plan = explain::Plan {
        share: 0.1,
        seed: 1,
        replications: 3,
        budget: u64::MAX,
    };
    for (vus, tried, note) in [
        (1, ("1.0", "2.0"), "tried: 2.0"),
        (
            3,
            ("0.666666667", "1.333333333"),
            "tried: 0.666666667 and 1.333333333",
        ),
        (5, ("0.8", "1.1"), "tried: 0.8 and 1.1"),
        (20, ("0.9", "1.1"), ""),
    ] {
        let found = explain(&model(vus), &[], &plan, &HERE, &|| true).unwrap();
        assert_eq!(found.skipped, [""; 0]);
        let lever = |path: &str| found.levers.iter().find(|l| l.path == path).unwrap();
        let load = lever("load");
        assert_eq!((&*load.tried.0, &*load.tried.1), tried);
        let (down, up) = load.effects[0];
        assert!(
            up.change > 0.0 && (vus == 1 || down.change < 0.0),
            "{load:?}"
        );
        let servers = lever("stations.cpu.servers");
        assert_eq!((&*servers.tried.0, &*servers.tried.1), ("1", "2"));
        // The model as it stands, the load, the time and one server more.
        let values = if vus == 1 { 5 } else { 6 };
        assert_eq!(found.runs, 3 * values);
        let text = capsim::report::answers::explain(&found, 9);
        assert!(text.contains("only up: "), "{text}");
        assert!(
            note.is_empty() != text.contains("few VUs") && text.contains(note),
            "{text}"
        );
    }
}

/// A clock that says no after so many questions.
fn patience(questions: u32) -> impl Fn() -> bool {
    let left = std::cell::Cell::new(questions);
    move || {
        let had = left.get();
        left.set(had.saturating_sub(1));
        had > 0
    }
}

#[test]
fn what_a_clock_cut_short_is_had_again_by_the_number_of_runs() {
    is_had_again([0, 2, 5], 3);
}

#[test]
#[ignore = "at more moments; .ci/run runs it"]
fn what_a_clock_cut_short_at_any_moment_is_had_again() {
    is_had_again((0..6).chain((6..60).step_by(6)), 6);
}

fn is_had_again(moments: impl IntoIterator<Item = u32>, at_least: u32) {
    let document = document(MM8);
    let mut question = Question {
        document: &document,
        base: Vec::new(),
        path: "load".into(),
        low: 0.5,
        high: 3.0,
        minimise: false,
        seed: 1,
        budget: u64::MAX,
        precision: 0.01,
        runner: &HERE,
    };
    let mut cut = 0;
    for questions in moments {
        question.budget = u64::MAX;
        let timed = search(&question, &|_, _| {}, &patience(questions)).unwrap();
        if timed.cut_short.is_none() {
            break;
        }
        cut += 1;
        assert_eq!(timed.cut_short, Some(Cut::Time), "{questions}");
        // The first grid is run whatever the time.
        assert!(timed.runs >= 21);
        question.budget = timed.runs;
        let counted = search(&question, &|_, _| {}, &|| true).unwrap();
        assert_eq!(counted.cut_short, Some(Cut::Runs));
        assert_eq!(
            (
                counted.passing,
                counted.failing,
                counted.estimate,
                counted.runs
            ),
            (timed.passing, timed.failing, timed.estimate, timed.runs)
        );
        let text = capsim::report::answers::capacity(&question, &timed, false);
        assert!(text.contains("largest passing ") && text.contains("smallest failing "));
        let again = format!("`--budget runs={}` gives this one everywhere", timed.runs);
        assert!(text.contains(&again), "{text}");
    }
    assert!(cut >= at_least, "{cut}");
}

#[test]
fn a_clock_ends_comparisons_and_sensitivity_between_rounds() {
    let document = document(MM8);
    let model = document.check(&[]).unwrap().model;
    let plan = |replications| Plan {
        seed: 1,
        replications,
        effect: 0.05,
    };
    let cut = compare(&model, &model, &plan(1000), &patience(0)).unwrap();
    assert!(
        (2..1000).contains(&cut.replications),
        "{}",
        cut.replications
    );
    let whole = compare(&model, &model, &plan(cut.replications), &|| true).unwrap();
    assert_eq!(whole.rows.len(), cut.rows.len());
    for (a, b) in cut.rows.iter().zip(&whole.rows) {
        assert_eq!((&a.name, a.a, a.difference), (&b.name, b.a, b.difference));
    }
    let mut plan = explain::Plan {
        share: 0.1,
        seed: 1,
        replications: 50,
        budget: u64::MAX,
    };
    let cut = explain(&document, &[], &plan, &HERE, &patience(1)).unwrap();
    assert_eq!((cut.replications, cut.cut_short), (2, Some(Cut::Time)));
    // The model itself, and three parameters lower and higher.
    assert_eq!(cut.runs, 14);
    plan.budget = 14 + 6;
    let counted = explain(&document, &[], &plan, &HERE, &|| true).unwrap();
    assert_eq!(
        (counted.replications, counted.cut_short),
        (2, Some(Cut::Runs))
    );
    assert_eq!(counted.base, cut.base);
    plan.budget = 6;
    assert!(explain(&document, &[], &plan, &HERE, &|| true).is_err());
}

/// A token of the pool is held while the request waits for one of 8 servers and is served.
const HELD: &str = r#"
[pools.threads]
size = 400
[endpoints.ask]
visits = [
  { delay = "5ms" },
  { hold = "threads", visits = [{ station = "cpu", time = { exponential = "40ms" } }] },
]
"#;

#[test]
fn a_pool_is_held_while_its_holders_wait() {
    let endpoint = MM8.find("[endpoints.ask]").unwrap();
    let thresholds = MM8.find("[thresholds]").unwrap();
    let text = format!("{}{HELD}{}", &MM8[..endpoint], &MM8[thresholds..])
        .replace("\"2m\"", "\"10m\"")
        .replace("rate = 100.0", "rate = 180.0")
        .replace("p(95)<150", "p(95)<400");
    let document = document(&text);
    let all = analyse(&document.check(&[]).unwrap().model);
    let pool = &all[0].demands[1];
    assert_eq!((pool.name.as_str(), pool.pool), ("pool threads", Some(0)));
    assert!((pool.demand - 0.040).abs() < 1e-12 && pool.visits == 1.0);
    let bounds = capsim::report::answers::bounds(&all);
    for line in [
        "pool threads            ≥ 40ms   400  10000/s  10000 arrivals/s (load × 55.56)",
        "≥: held for so long at least; fewer iterations when holders wait for something else",
    ] {
        assert!(bounds.contains(line), "{bounds}");
    }
    let answer = ask(&document, "scenarios.open.rate", 100.0, 199.0, false, 1);
    let of = |name: &str| answer.agreement.iter().find(|a| a.name == name).unwrap();
    // Throughput times holding time is what is held, up to rounding: by two probes.
    let pool = of("utilisation of pool threads");
    assert!(
        (pool.simulated / pool.theory - 1.0).abs() < 1e-9,
        "{pool:?}"
    );
    let holding = pool.holding.unwrap();
    assert!((holding.least - 0.040).abs() < 1e-12);
    // All that is not service is Erlang's wait for a server.
    let queue = Mmc::new(answer.failing.unwrap(), 25.0, 8).unwrap();
    let waiting = 1.0 - 0.040 / queue.mean_response();
    assert!(
        waiting > 0.3 && (holding.waiting() - waiting).abs() < 0.1,
        "{holding:?} {waiting}"
    );
    assert!(of("utilisation of station cpu").holding.is_none());
    let question = Question {
        document: &document,
        base: Vec::new(),
        path: "scenarios.open.rate".into(),
        low: 100.0,
        high: 199.0,
        minimise: false,
        seed: 1,
        budget: 200,
        precision: 0.01,
        runner: &HERE,
    };
    let text = capsim::report::answers::capacity(&question, &answer, false);
    let mut lines = text
        .lines()
        .skip_while(|l| !l.contains("pool threads: through"));
    assert!(lines.next().unwrap().ends_with("they agree"), "{text}");
    let line = lines.next().unwrap();
    assert!(line.contains("a token is held for "), "{text}");
    assert!(line.ends_with("waiting for something else (at least 40ms if nobody waits)"));
}

#[test]
fn changes_of_the_command_line_are_where_the_model_stands() {
    let document = document(MM8);
    let set = |text: &str| capsim::model::Override::parse(text).unwrap();
    let base = vec![set("stations.cpu.servers=20"), set("load=0.5")];
    let plan = explain::Plan {
        share: 0.1,
        seed: 1,
        replications: 1,
        budget: u64::MAX,
    };
    let found = explain(&document, &base, &plan, &HERE, &|| true).unwrap();
    let lever = |path: &str| found.levers.iter().find(|l| l.path == path).unwrap();
    let servers = lever("stations.cpu.servers");
    assert_eq!(servers.now, "20");
    assert_eq!(servers.tried, ("18".to_owned(), "22".to_owned()));
    assert_eq!(lever("load").tried, ("0.45".to_owned(), "0.55".to_owned()));
    for (path, now) in [("stations.cpu.servers", 20.0), ("load", 0.5)] {
        let question = Question {
            document: &document,
            base: base.clone(),
            path: path.into(),
            low: 1.0,
            high: 30.0,
            minimise: false,
            seed: 1,
            budget: 1,
            precision: 0.1,
            runner: &HERE,
        };
        let answer = search(&question, &|_, _| {}, &|| true).unwrap();
        assert_eq!(answer.now, Some(now), "{path}");
    }
}

#[test]
fn the_headroom_says_where_the_model_stands() {
    let document = document(MM8);
    let question = |minimise| Question {
        document: &document,
        base: Vec::new(),
        path: "load".into(),
        low: 0.1,
        high: 3.0,
        minimise,
        seed: 1,
        budget: 200,
        precision: 0.01,
        runner: &HERE,
    };
    let mut answer = ask(&document, "load", 0.5, 3.0, false, 1);
    let mut line = |passing, failing, now, minimise: bool| {
        (answer.passing, answer.failing, answer.now) = (passing, failing, Some(now));
        let text = capsim::report::answers::capacity(&question(minimise), &answer, false);
        let line = text
            .lines()
            .find_map(|l| l.strip_prefix("the model as it stands, "));
        line.unwrap_or("").to_owned()
    };
    let (pass, fail) = (Some(1.5), Some(1.8));
    assert_eq!(
        line(pass, fail, 1.0, false),
        "1, passes; headroom: up to 1.5 (× 1.5)"
    );
    assert_eq!(
        line(pass, fail, 2.0, false),
        "2, fails; it would have to come to 1.5 (× 0.75)"
    );
    let unsure = line(pass, fail, 1.6, false);
    assert!(
        unsure.starts_with("1.6, stands within the unsure range 1.5 … 1.8:"),
        "{unsure}"
    );
    assert_eq!(
        line(None, fail, 2.0, false),
        "2, fails; no value passes for sure"
    );
    assert_eq!(
        line(pass, None, 1.0, false),
        "1, passes; headroom: up to 1.5 (× 1.5), and perhaps beyond"
    );
    assert_eq!(
        line(None, fail, 0.05, false),
        "0.05, is outside the range that was searched"
    );
    // The smallest that is enough: more is easier.
    let (pass, fail) = (Some(6.0), Some(5.0));
    assert_eq!(
        line(pass, fail, 8.0, true),
        "8, passes; headroom: down to 6 (× 0.75)"
    );
    assert_eq!(
        line(pass, fail, 4.0, true),
        "4, fails; it would have to come to 6 (× 1.5)"
    );
    assert_eq!(
        line(pass, fail, 6.0, true),
        "6, passes; it is the last value that passes for sure"
    );
    // Where none of the values tried has passed.
    answer.tried.retain(|tried| !tried.holds());
    (answer.passing, answer.failing, answer.now) = (None, Some(1.8), Some(2.0));
    let text = capsim::report::answers::capacity(&question(false), &answer, false);
    assert!(text.contains("largest passing none in the range, smallest failing 1.8\n"));
    assert!(text.contains("2, fails, and so does every value of the range\n"));
}
