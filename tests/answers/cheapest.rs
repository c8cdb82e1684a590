//! The cheapest design of a search is that of the full grid.

use capsim::model::Document;
use capsim::study::answers::capacity::{Tried, Verdict};
use capsim::study::answers::cheapest::{Answer, Question, search};
use capsim::study::answers::margin::samples;
use capsim::study::design::Axis;
use capsim::study::runner::HERE;
use capsim::study::runs::Job;
use capsim::study::vary;

/// A shop whose replicas have threads and connections to a database.
const SHOP: &str = r#"
[scenarios.default]
executor = "poisson-arrivals"
rate = 60
duration = "15s"
journey = "order"
[journeys]
order = [{ request = "order" }]
[stations.threads]
servers = 4
[stations.connections]
servers = 4
[services.shop]
replicas = 2
endpoints = ["order"]
stations = ["threads"]
balancer = "two-choices"
[endpoints.order]
visits = [{ station = "threads", time = { exponential = "60ms" } }, { station = "connections", time = { exponential = "40ms" } }]
[prices]
replica_hours = { shop = 0.173 }
server_hours = { threads = 0.0131, connections = 0.0297 }
[thresholds]
http_req_duration = ["p(95)<400"]
"#;

/// As it is, but a connection is a token of a pool, held while the database works, and costs nothing; calls do.
const POOLED: &str = r#"
[scenarios.default]
executor = "poisson-arrivals"
rate = 50
duration = "15s"
journey = "order"
[journeys]
order = [{ request = "order" }]
[stations.threads]
servers = 4
[stations.database]
servers = 16
[pools.connections]
size = 4
[services.shop]
replicas = 2
endpoints = ["order"]
stations = ["threads"]
[endpoints.order]
visits = [
  { station = "threads", time = "50ms" },
  { hold = "connections", visits = [{ station = "database", time = { exponential = "80ms" } }] },
]
[prices]
replica_hours = { shop = 0.2 }
server_hours = { threads = 0.03 }
calls = { order = 0.0001 }
[thresholds]
http_req_duration = ["p(95)<450", "avg<200"]
"#;

/// Users in a closed loop, and connections that get slower the more of them are at work (a scalability law).
const CLOSED: &str = r#"
[scenarios.default]
executor = "constant-vus"
vus = 30
duration = "15s"
journey = "order"
[journeys]
order = [{ request = "order" }, { sleep = { exponential = "500ms" } }]
[stations.threads]
servers = 4
[stations.connections]
servers = 4
scalability = { sigma = 0.05, kappa = 0.05 }
[services.shop]
replicas = 2
endpoints = ["order"]
stations = ["threads"]
[endpoints.order]
visits = [{ station = "threads", time = "40ms" }, { station = "connections", time = { exponential = "30ms" } }]
[prices]
replica_hours = { shop = 0.11 }
server_hours = { threads = 0.017, connections = 0.023 }
[thresholds]
http_req_duration = ["p(90)<260"]
http_reqs = ["rate>30"]
"#;

/// Many threads of a replica make one another slow: two replicas of three threads do the load, of nine they collapse, and
/// five replicas do it with any.
const RETROGRADE: &str = r#"
[scenarios.default]
executor = "poisson-arrivals"
rate = 80
duration = "30s"
journey = "order"
[journeys]
order = [{ request = "order" }]
[stations.threads]
servers = 3
scalability = { sigma = 0.0, kappa = 0.1 }
[services.shop]
replicas = 2
endpoints = ["order"]
stations = ["threads"]
[endpoints.order]
visits = [{ station = "threads", time = { exponential = "40ms" } }]
[prices]
replica_hours = { shop = 0.2 }
server_hours = { threads = 0.01 }
[thresholds]
http_req_duration = ["avg<500"]
"#;

fn axes(texts: &[&str]) -> Vec<Axis> {
    let parsed = texts.iter().map(|text| vary::parse(text, &|_| true));
    parsed.collect::<Result<_, _>>().unwrap()
}

fn question<'a>(document: &'a Document, axes: &[Axis]) -> Question<'a> {
    Question {
        document,
        base: Vec::new(),
        axes: axes.to_vec(),
        seed: 7,
        budget: u64::MAX,
        precision: 0.001,
        runner: &HERE,
    }
}

/// Simulates all designs twelve times each, and twenty times if that does not tell: the values and the mean cost of those that pass for sure, cheapest first.
fn grid(document: &Document, axes: &[Axis]) -> Vec<(f64, Vec<String>)> {
    use capsim::model::Override;
    let mut designs: Vec<Vec<String>> = vec![Vec::new()];
    for axis in axes {
        let longer = |design: &Vec<String>| {
            let with = |value: &String| design.iter().chain([value]).cloned().collect();
            axis.values.iter().map(with).collect::<Vec<Vec<String>>>()
        };
        designs = designs.iter().flat_map(longer).collect();
    }
    let mut passing = Vec::new();
    for design in designs {
        let set = axes.iter().zip(&design);
        let set: Vec<Override> = set
            .map(|(axis, value)| Override::new(&axis.path, value).unwrap())
            .collect();
        let model = document.check(&set).unwrap().model;
        let job = |replication| Job {
            model: &model,
            seed: 7,
            replication,
        };
        let run = |runs: u64| Tried {
            value: 0.0,
            samples: samples(&(0..runs).map(job).collect::<Vec<Job>>())
                .unwrap_or_else(|e| panic!("{e}")),
        };
        let mut tried = run(12);
        let costs = tried.samples.iter().map(|s| s.metrics["cost"]);
        let cost = costs.sum::<f64>() / 12.0;
        if tried.verdict() == Verdict::Unsure {
            tried = run(20);
        }
        if tried.verdict() == Verdict::Passes {
            passing.push((cost, design));
        }
    }
    passing.sort_by(|a, b| a.0.total_cmp(&b.0));
    passing
}

/// The answer, which is the grid's, in fewer runs than the grid would need at six a design.
fn same(text: &str, varied: &[&str]) -> Answer {
    let document = Document::from_text("m.toml", text).unwrap();
    let axes = axes(varied);
    let answer = search(&question(&document, &axes), &|_, _| (), &|| true).unwrap();
    let best = &answer.judged[answer.cheapest.unwrap()];
    let grid = grid(&document, &axes);
    // What is relatively nearer than the precision is equally cheap; of that the first values win.
    let equal = grid.iter().filter(|(cost, _)| *cost <= grid[0].0 * 1.001);
    let number =
        |values: &Vec<String>| -> Vec<u32> { values.iter().map(|v| v.parse().unwrap()).collect() };
    let first = equal.min_by_key(|(_, values)| {
        let all = number(values);
        (all.iter().sum::<u32>(), all)
    });
    assert_eq!(
        best.values,
        first.unwrap().1,
        "{:?}",
        &grid[..grid.len().min(4)]
    );
    assert!(answer.judged.len() < answer.designs);
    assert!(
        answer.runs < 6 * answer.designs as u64,
        "{} runs",
        answer.runs
    );
    assert!(answer.cut_short.is_none());
    answer
}

const VARIED: [&str; 3] = [
    "services.shop.replicas=1..4:1",
    "stations.threads.servers=1..4:1",
    "stations.connections.servers=1..5:1",
];

#[test]
fn of_priced_threads_and_connections() {
    let answer = same(SHOP, &VARIED);
    assert!(answer.strongest_passes && answer.contradiction.is_none());
}

#[test]
fn of_a_pool_that_costs_nothing() {
    let varied = [VARIED[0], VARIED[1], "pools.connections.size=2..7:1"];
    let answer = same(POOLED, &varied);
    assert!(answer.strongest_passes && answer.contradiction.is_none());
}

#[test]
fn of_users_in_a_closed_loop() {
    same(CLOSED, &VARIED);
}

#[test]
fn what_was_skipped_in_error_is_found_beside_the_answer() {
    let varied = [
        "services.shop.replicas=1..5:1",
        "stations.threads.servers=3..9:2",
    ];
    let answer = same(RETROGRADE, &varied);
    let best = &answer.judged[answer.cheapest.unwrap()];
    assert_eq!(best.values, ["2", "3"]);
    let (passes, fails) = answer.contradiction.unwrap();
    let at = |index: usize| answer.judged[index].at.clone();
    assert!(answer.strongest_passes && at(passes).iter().zip(at(fails)).all(|(a, b)| *a <= b));
}

/// The command in a directory that holds the shop.
fn capsim(arguments: &[&str], text: &str) -> (Option<i32>, String, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("m.toml"), text).unwrap();
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(["capacity", "m.toml"])
        .args(arguments)
        .current_dir(directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    (done.status.code(), said.into_owned(), directory)
}

const COST: [&str; 4] = [
    "--minimise",
    "cost",
    "--vary",
    "services.shop.replicas=1..3",
];

#[test]
fn the_command_prints_and_writes_what_it_found() {
    let files = ["--set", "load=1.5", "--out", "d.csv", "--report", "d.html"];
    let (code, said, directory) = capsim(&[&COST[..], &files].concat(), SHOP);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("cheapest design: services.shop.replicas = 2\n"),
        "{said}"
    );
    assert!(said.contains("as cheap or cheaper, and fail"), "{said}");
    let rows = std::fs::read_to_string(directory.path().join("d.csv")).unwrap();
    let best: Vec<&str> = rows.lines().filter(|row| row.starts_with("2,")).collect();
    assert!(best.len() == 1 && best[0].contains(",passes,"), "{rows}");
    let page = std::fs::read_to_string(directory.path().join("d.html")).unwrap();
    assert!(page.contains("What a larger margin costs") && page.matches("<svg").count() == 1);
}

#[test]
fn a_budget_that_ends_the_search_is_told() {
    let (code, said, _) = capsim(&[&COST[..], &["--budget", "runs=15"]].concat(), SHOP);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("the budget of runs ended the search"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_answered_is_told() {
    let free = &SHOP[..SHOP.find("[prices]").unwrap()];
    let unjudged = &SHOP[..SHOP.find("[thresholds]").unwrap()];
    let thresholds = &SHOP[SHOP.find("[thresholds]").unwrap()..];
    let cost = |vary| ["--minimise", "cost", "--vary", vary];
    let (two, unsaid) = (cost("services.shop.replicas=1..3"), ["--minimise", "cost"]);
    for (arguments, model, code, part) in [
        (
            &two[..],
            &*format!("{free}{thresholds}"),
            104,
            "no [prices]",
        ),
        (&two, unjudged, 104, "no [thresholds]"),
        (&unsaid, SHOP, 2, "--vary"),
        (&cost("load=1..2:1"), SHOP, 104, "not part of a design"),
        (
            &cost("services.shop.replcas=1..3"),
            SHOP,
            104,
            "did you mean",
        ),
        (&cost("services.shop.replicas=0..3"), SHOP, 104, "from 1"),
        (
            &["--vary", "load=1..2", "--vary", "load=1..2"],
            SHOP,
            104,
            "--minimise cost",
        ),
        (
            &["--vary", "load=1..2", "--out", "d.csv"],
            SHOP,
            104,
            "--minimise cost",
        ),
    ] {
        let (given, said, directory) = capsim(arguments, model);
        assert_eq!(given, Some(code), "{said}");
        assert!(said.contains(part), "{part}: {said}");
        assert!(!directory.path().join("d.csv").exists());
    }
}
