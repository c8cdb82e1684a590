//! `capsim fit` without ranges and without a second model: names, rounds, a family of structures; and what a fitted
//! model says of itself.

use std::path::Path;
use std::process::{Command, Output};

use capsim::model::Document;
use capsim::study::fit::free::Free;
use capsim::study::fit::names::named;
use capsim::study::fit::read::read_bytes;
use capsim::study::fit::search::{Budget, Found, Search};
use capsim::study::fit::{Case, Fit};
use capsim::study::runner::HERE;

const SHOP: &str = r#"
[scenarios.main]
executor = "constant-vus"
vus = 6
duration = "4s"
journey = "buy"
[journeys]
buy = [{ request = "list" }, { request = "buy" }, { sleep = "300ms" }]
[pools.threads]
size = 40
warm_up = { lasts = "4s", from = 0.5, since = "load" }
[stations.cpu]
servers = 2
[stations.disk]
servers = "infinite"
setup = { time = "1ms", half_after = "8ms" }
[endpoints.list]
visits = [{ delay = "2ms" }, { station = "cpu", time = { lognormal = { mean = "6ms", cv = 0.5 } } }]
[endpoints.buy]
hold = "threads"
visits = [{ station = "cpu", time = { lognormal = { median = "14ms", p99 = "30ms" } } }]
"#;

fn shop() -> Document {
    Document::from_text("shop.toml", SHOP).unwrap()
}

fn freed(text: &str, already: &[Free]) -> Vec<String> {
    let named = named(text, &shop(), &[], already).unwrap();
    let one = |f: &Free| format!("{}={}..{}", f.name, f.shown(f.low), f.shown(f.high));
    named.free.iter().map(one).collect()
}

#[test]
fn names_free_what_they_say() {
    assert_eq!(
        freed("times", &[]),
        [
            "endpoints.list.visits[0].delay=500µs..8ms",
            "endpoints.list.visits[1].time.lognormal.mean=1.5ms..24ms",
            // Four times the median would pass the p99.
            "endpoints.buy.visits[0].time.lognormal.median=3.5ms..28ms",
        ]
    );
    assert_eq!(
        freed("capacity", &[]),
        ["pools.threads.size=10..160", "stations.cpu.servers=1..8"]
    );
    assert_eq!(
        freed("warm_up", &[]),
        [
            "pools.threads.warm_up.lasts=1s..16s",
            "pools.threads.warm_up.from=0.125..1"
        ]
    );
    assert_eq!(freed("auto", &[]).len(), 7);
    assert_eq!(
        freed("endpoints.list.cpu", &[]),
        [
            "endpoints.list.visits[1].time.lognormal.mean=1.5ms..24ms",
            "endpoints.list.visits[1].time.lognormal.cv=0.125..2",
        ]
    );
    assert_eq!(
        freed("stations.cpu.servers", &[]),
        ["stations.cpu.servers=1..8"]
    );
    assert_eq!(
        freed("stations.disk.setup", &[]),
        [
            "stations.disk.setup.time=250µs..4ms",
            "stations.disk.setup.half_after=2ms..32ms"
        ]
    );
    // Both of a pair: ranges that do not meet.
    assert_eq!(
        freed("endpoints.buy.threads", &[]),
        [
            "endpoints.buy.visits[0].time.lognormal.median=3.5ms..28ms",
            "endpoints.buy.visits[0].time.lognormal.p99=28.57ms..120ms",
        ]
    );
    // What is free already keeps its range.
    let own = Free::parse("stations.cpu.servers=1..3", &shop()).unwrap();
    assert_eq!(freed("capacity", &[own]), ["pools.threads.size=10..160"]);
}

#[test]
fn a_name_that_is_none_is_told() {
    let why = |text: &str| named(text, &shop(), &[], &[]).unwrap_err();
    let unknown = why("endpoints.bye.cpu");
    assert!(
        unknown.contains("the model has no `endpoints.bye.cpu`"),
        "{unknown}"
    );
    assert!(
        unknown.contains("auto, times, capacity, warm_up"),
        "{unknown}"
    );
    assert!(why("scenarios.main.executor").contains("is not a number or time"));
}

#[test]
fn a_larger_budget_goes_on_from_a_smaller_one() {
    let document = shop();
    let run = Document::from_text("run.toml", &SHOP.replace("\"6ms\"", "\"9ms\"")).unwrap();
    let model = run.check(&[]).unwrap().model;
    let outcome = capsim::world::World::new(&model, 7, 0).run();
    let options = capsim::report::SummaryOptions::new(capsim::model::K6Version::V2);
    let measured = capsim::world::summary::summary(&outcome, &model);
    let measured = capsim::report::summary(&measured, &options);
    let found = |runs: u64| -> Found {
        let measured = read_bytes("run.txt", measured.as_bytes(), None).unwrap();
        let free = [
            "endpoints.list.**.mean=1ms..40ms",
            "endpoints.list.**.cv=0.1..3",
        ];
        let fit = Fit {
            document: &document,
            base: Vec::new(),
            free: free.map(|f| Free::parse(f, &document).unwrap()).to_vec(),
            cases: vec![Case::new("run.txt", measured, &document, &[], Vec::new()).unwrap()],
            seed: 1,
            runner: &HERE,
        };
        let budget = Budget {
            runs,
            replications: 4,
        };
        let found = Search::new(&fit, budget, &|_, _| {}).run().unwrap();
        assert!(found.runs <= runs, "{} of {runs}", found.runs);
        found
    };
    let all = [1500, 3000, 6000].map(found);
    assert!(all[0].rounds.is_empty());
    assert_eq!((all[1].rounds.len(), all[2].rounds.len()), (2, 3));
    assert!(all[2].rounds.starts_with(&all[1].rounds));
    // The end is that of the best round, whatever came after it.
    let least = |costs: &[f64]| costs.iter().copied().fold(f64::INFINITY, f64::min);
    let same = all[1].rounds[1] >= all[1].rounds[0];
    assert_eq!(all[0].point == all[1].point, same);
    let same = all[2].rounds[2] >= least(&all[1].rounds);
    assert_eq!(all[1].point == all[2].point, same);
}

fn capsim(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("the command runs")
}

fn stdout(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Two programs that share one core, and models of them that say so or not.
fn two_programs(on: &str) -> String {
    format!(
        "[scenarios.main]\nexecutor = \"constant-vus\"\nvus = 40\nduration = \"10s\"\njourney = \"j\"\n\
         [journeys]\nj = [{{ request = \"e\" }}, {{ sleep = {{ exponential = \"500ms\" }} }}]\n\
         [stations.app]\nservers = 20\n{on}[stations.db]\nservers = 20\n{on}\
         [endpoints.e]\nvisits = [{{ station = \"app\", time = {{ exponential = \"6ms\" }} }}, \
         {{ station = \"db\", time = {{ exponential = \"4ms\" }} }}]\n"
    )
}

/// The runs of three loads of two programs on one core, and a model that does not know of the core.
fn runs_on_one_core(at: &Path) {
    let host = "[hosts.box]\ncores = 1\n";
    let truth = two_programs("on = \"box\"\n") + host;
    std::fs::write(at.join("truth.toml"), truth).unwrap();
    std::fs::write(at.join("m.toml"), two_programs("")).unwrap();
    for load in ["0.25", "0.6", "1"] {
        let (set, out) = (format!("load={load}"), format!("{load}.json"));
        let run = [
            "run",
            "truth.toml",
            "--quiet",
            "--set",
            &set,
            "--summary-export",
            &out,
        ];
        assert!(capsim(at, &run).status.success());
    }
}

/// Twenty servers are more than ever work: any number fits as well, and a small budget tries few of them.
fn a_number_of_which_too_few_values_were_tried_is_named(at: &Path) {
    let fit = |verbose: &[&str]| {
        let free = ["--free", "times", "--free", "stations.db.servers=10..40"];
        let to = ["--to", "0.25.json", "--to", "0.6.json"];
        let rest = ["--budget", "runs=65", "--replications", "1"];
        let all = [["fit", "m.toml"].as_slice(), &free, &to, &rest, verbose].concat();
        stdout(&capsim(at, &all))
    };
    let said = "no interval is known: the budget ended before it was clear which other values of stations.db.servers fit";
    for verbose in [&[][..], &["--verbose"]] {
        let text = fit(verbose);
        assert!(text.contains(said), "{text}");
    }
}

/// Every answer says how well the model is known.
fn answers_say_how_well_it_is_known(at: &Path) {
    let told = |arguments: &[&str]| {
        let text = stdout(&capsim(at, arguments));
        let line = text
            .lines()
            .find(|line| line.starts_with("fitted: to 3 runs"));
        line.unwrap_or_else(|| panic!("{arguments:?}: {text}"))
            .to_owned()
    };
    let run = told(&["run", "fitted.toml"]);
    assert!(
        run.contains("host shared, allows") && run.contains("95 %"),
        "{run}"
    );
    let further = told(&["run", "fitted.toml", "--set", "load=3"]);
    assert!(further.contains("is 3 times the highest"), "{further}");
    let compare = told(&[
        "compare",
        "fitted.toml",
        "--set-b",
        "load=1.1",
        "--replications",
        "2",
    ]);
    assert_eq!(run, compare);
    let never = stdout(&capsim(at, &["run", "m.toml"]));
    assert!(!never.contains("fitted:"), "{never}");
}

/// Below the summary of a run stand the ranges that `predict` has, and whoever reads the summary is not led astray.
fn a_run_shows_the_ranges_of_its_numbers(at: &Path) {
    let run = |more: &[&str]| stdout(&capsim(at, &[&["run", "fitted.toml"], more].concat()));
    let title = "ranges of all runs to come, from 200 runs, seed 1";
    let text = run(&[]);
    assert!(text.contains(title), "{text}");
    let predicted = stdout(&capsim(at, &["predict", "fitted.toml"]));
    let rows: Vec<&str> = predicted.lines().filter(|l| l.contains(" … ")).collect();
    assert!(rows.len() > 5, "{predicted}");
    for row in rows {
        assert!(text.contains(row), "{row}: {text}");
    }
    let few = run(&["--ranges", "20", "--set", "load=3"]);
    assert!(few.contains("from 20 runs"), "{few}");
    let (quiet, none) = (run(&["--quiet"]), run(&["--ranges", "0"]));
    assert!(!quiet.contains(" … ") && !none.contains(title), "{none}");
    let read = |text: &str| {
        read_bytes("run.txt", text.as_bytes(), None)
            .unwrap()
            .readings
    };
    assert!(read(&quiet).len() > 20);
    assert_eq!(read(&text), read(&none));
    let refused = capsim(at, &["run", "fitted.toml", "--ranges", "10"]);
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && errors.contains("from 20 to"),
        "{errors}"
    );
    // A model that was never fitted has ranges if it is asked for them.
    let never = stdout(&capsim(at, &["run", "m.toml", "--ranges", "20"]));
    assert!(
        never.contains("from 20 runs") && never.contains("never fitted"),
        "{never}"
    );
    let never = stdout(&capsim(at, &["run", "m.toml"]));
    assert!(!never.contains(" … "), "{never}");
}

#[test]
fn of_a_family_the_structure_that_predicts_is_fitted_and_says_how_well_it_is_known() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    runs_on_one_core(at);
    let fit = [
        "fit",
        "m.toml",
        "--structures",
        "auto",
        "--free",
        "times",
        "--to",
        "0.25.json",
        "--to",
        "0.6.json",
        "--to",
        "1.json",
        "--budget",
        "runs=250",
        "--replications",
        "2",
        "--out",
        "fitted.toml",
    ];
    let text = stdout(&capsim(at, &fit));
    assert!(
        text.starts_with("structures, each fitted to all runs but those of 40 VUs"),
        "{text}"
    );
    let taken: Vec<&str> = text
        .lines()
        .filter(|line| line.ends_with("taken"))
        .collect();
    assert!(
        taken.len() == 1 && taken[0].contains("on one host"),
        "{text}"
    );
    assert!(
        text.contains("--free 'endpoints.e.visits[0].time.exponential=1.5ms..24ms'"),
        "{text}"
    );
    let fitted = std::fs::read_to_string(at.join("fitted.toml")).unwrap();
    assert!(
        fitted.contains("[hosts.shared]") && fitted.contains("on = \"shared\""),
        "{fitted}"
    );
    assert!(!text.contains("no interval is known"), "{text}");
    a_number_of_which_too_few_values_were_tried_is_named(at);
    answers_say_how_well_it_is_known(at);
    a_run_shows_the_ranges_of_its_numbers(at);
}
