//! The library's public face: what it does, and that nothing joins it unnoticed.

use std::path::Path;

use capsim::{Error, Model, Simulation, Sweep, set};

const USERS: &str = r#"
[scenarios.users]
executor = "constant-vus"
vus = 20
duration = "30s"
journey = "look"
[journeys]
look = [{ request = "page" }, { sleep = "200ms" }]
[stations.cpu]
servers = 1
[pools."my.threads"]
size = 4
[endpoints.page]
hold = "my.threads"
visits = [{ station = "cpu", time = { exponential = "15ms" } }]
[thresholds]
http_req_duration = ["p(95)<1"]
http_req_failed = ["rate<0.5"]
"#;

fn users() -> Model {
    Model::parse(USERS).unwrap_or_else(|e| panic!("{e}"))
}

fn unknown<T>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Unknown(why)) => why,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it is known"),
    }
}

#[test]
fn a_report_is_that_of_the_command_line() -> Result<(), Error> {
    let report = Simulation::new(&Model::load("docs/mechanisms/pools.toml")?)
        .seed(42)
        .run()?;
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(["run", "docs/mechanisms/pools.toml", "--seed", "42"])
        .output()
        .unwrap_or_else(|e| panic!("{e}"));
    let printed = String::from_utf8_lossy(&run.stdout);
    assert!(printed.contains(&format!("fingerprint {:016x}", report.fingerprint())));
    assert!(printed.contains(&report.to_string()), "{report}\n{printed}");
    assert!(printed.contains(&report.bottleneck()));
    Ok(())
}

#[test]
fn numbers_are_read_by_name() -> Result<(), Error> {
    let report = Simulation::new(&users()).run()?;
    let trend = report.http_req_duration();
    let percentiles: Vec<f64> = [0.0, 50.0, 95.0, 99.9, 100.0]
        .iter()
        .filter_map(|p| trend.p(*p))
        .collect();
    assert_eq!(percentiles.len(), 5);
    assert!(percentiles.is_sorted());
    assert_eq!((trend.min(), trend.max()), (trend.p(0.0), trend.p(100.0)));
    assert_eq!((trend.p(-1.0), trend.p(f64::NAN)), (None, None));
    let answered = report.count("http_reqs")?;
    assert_eq!(trend.count() as f64, answered);
    assert_eq!(report.throughput(), report.per_second("http_reqs")?);
    assert_eq!(report.share("http_req_failed")?, Some(0.0));
    assert_eq!(report.share("checks")?, None);
    assert_eq!(report.crossed(), ["http_req_duration: p(95)<1"]);
    assert!(!report.passed());
    let named = report.trend("http_req_duration{name:page}")?;
    assert_eq!((named.count(), named.avg()), (trend.count(), trend.avg()));
    let none = report.trend("http_req_duration{name:none}")?;
    assert_eq!((none.count(), none.avg(), none.p(95.0)), (0, None, None));
    // Utilisation law: throughput × mean service time; Little's law at the pool.
    let cpu = report.station("cpu")?;
    assert!((cpu.utilisation() - report.throughput() * 0.015).abs() < 0.05);
    let threads = report.pool("my.threads")?;
    assert_eq!((threads.size(), cpu.size()), (Some(4), Some(1)));
    assert!(threads.mean_in_use() >= cpu.mean_in_use() && threads.max_queue() > 0);
    Ok(())
}

#[test]
fn what_is_not_there_is_named_with_what_is() -> Result<(), Error> {
    let report = Simulation::new(&users()).run()?;
    for (why, part) in [
        (unknown(report.station("cpus")), "did you mean `cpu`?"),
        (unknown(report.pool("cpu")), "pools: `my.threads`"),
        (
            unknown(report.trend("http_req_duratoin")),
            "did you mean `http_req_duration`?",
        ),
        (
            unknown(report.trend("http_reqs")),
            "use count() or per_second()",
        ),
        (unknown(report.count("checks")), "use share()"),
        (unknown(report.share("http_req_duration")), "use trend()"),
        (unknown(report.count("vus")), "gauge"),
        (unknown(report.trend("a}b{")), "curly brace"),
    ] {
        assert!(why.contains(part), "{why}");
    }
    Ok(())
}

#[test]
fn settings_have_names_and_types() -> Result<(), Error> {
    let model = users();
    let settings = [
        set::scenario("users").vus(3),
        set::scenario("users").duration(std::time::Duration::from_millis(1500)),
        set::station("cpu").queue(7),
        set::pool("my.threads").size(2),
        set::path("stations.cpu.discipline", "lifo"),
        set::toml("endpoints.page.visits[0].time", "{ constant = \"1ms\" }"),
        set::load(2.0),
    ];
    let report = Simulation::new(&model.with(settings)?).run()?;
    let seconds = report.virtual_time().as_secs_f64();
    assert!((1.5..1.8).contains(&seconds), "{seconds}");
    // Six users, of whom at most one is served and one waits with a token: one millisecond at least, six at most.
    let trend = report.http_req_duration();
    assert_eq!(trend.min(), Some(1.0));
    assert!(
        trend.max().is_some_and(|max| max <= 6.0),
        "{:?}",
        trend.max()
    );
    assert_eq!(report.pool("my.threads")?.size(), Some(2));
    // The model itself is what it was, and settings add up.
    let twice = model
        .with(set::station("cpu").servers(2))?
        .with(set::pool("my.threads").size(9))?;
    let report = Simulation::new(&twice).run()?;
    assert_eq!(
        (
            report.station("cpu")?.size(),
            report.pool("my.threads")?.size()
        ),
        (Some(2), Some(9))
    );
    assert!(
        model
            .parameters()
            .contains(&"stations.cpu.servers".to_owned())
    );
    for (setting, part) in [
        (
            set::station("gpu").servers(1),
            "did you mean `stations.cpu.servers`?",
        ),
        (set::station("cpu").servers(0), "servers"),
        (set::path("=", 1), "path"),
        (set::path("stations.cpu.servers", f64::NAN), "servers"),
        (
            set::path("stations.cpu.discipline", "a\nb\"c"),
            "discipline",
        ),
        (set::scenario("o'\"x").vus(1), ""),
    ] {
        match model.with(setting.clone()) {
            Err(Error::Model(problems)) => {
                assert!(problems.to_string().contains(part), "{setting}: {problems}");
            }
            other => panic!("{setting}: {other:?}"),
        }
    }
    Ok(())
}

#[test]
fn a_model_is_built_from_data() -> Result<(), Error> {
    let data = serde_json::json!({
        "scenarios": { "default": {
            "executor": "per-vu-iterations", "vus": 2, "iterations": 3, "journey": "look",
        } },
        "journeys": { "look": [{ "request": "page" }] },
        "endpoints": { "page": { "visits": [{ "delay": { "constant": "10ms" } }] } },
    });
    let report = Simulation::new(&Model::build(&data)?).run()?;
    assert_eq!(report.count("iterations")?, 6.0);
    assert!(matches!(Model::build(&4), Err(Error::Model(_))));
    assert!(matches!(
        Model::build(&serde_json::json!({ "scenarios": null })),
        Err(Error::Model(_))
    ));
    Ok(())
}

#[test]
fn a_run_that_does_not_finish_is_an_error_with_its_report() -> Result<(), Error> {
    let stopped = USERS.replace(
        "[\"p(95)<1\"]",
        "[{ threshold = \"p(95)<1\", abort_on_fail = true }]",
    );
    let error = match Simulation::new(&Model::parse(&stopped)?).run() {
        Err(error) => error,
        Ok(report) => panic!("{report:?}"),
    };
    assert!(error.to_string().contains("http_req_duration"), "{error}");
    let report = error.report();
    assert!(report.is_some_and(|r| r.throughput() > 0.0), "{error:?}");
    Ok(())
}

#[test]
fn sweeps_stand_in_order_and_are_the_single_runs() -> Result<(), Error> {
    let model = users();
    let points = Sweep::new(&model)
        .vary([1, 2].map(|n| set::station("cpu").servers(n)))
        .vary([4, 8, 16].map(|n| set::pool("my.threads").size(n)))
        .seed(7)
        .replications(2)
        .run(|report| Ok(report.throughput()))?;
    assert_eq!(points.len(), 6);
    let last = &points[5];
    let text: Vec<String> = last.settings.iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        ["stations.cpu.servers=2", "pools.\"my.threads\".size=16"]
    );
    let alone = Simulation::new(&model.with(last.settings.clone())?)
        .seed(7)
        .replication(1);
    assert_eq!(last.results[1], alone.run()?.throughput());
    let (mean, half) = last.mean_interval(0.95).unwrap_or_default();
    assert!(half > 0.0 && (mean - half..mean + half).contains(&last.results[0]));
    let refused = Sweep::new(&model).run(|report| report.trend("nope").map(|t| t.count()));
    assert!(unknown(refused).contains("nope"));
    Ok(())
}

/// The declarations of the public face, file by file.
fn listing() -> String {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |file: &Path| std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{e}"));
    let mut files: Vec<_> = std::fs::read_dir(src.join("api"))
        .unwrap_or_else(|e| panic!("{e}"))
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    // The modules are the inside, and tests/project/architecture.rs has their list.
    let inside = |line: &&str| {
        line.starts_with("pub mod ")
            || line.starts_with("pub use capsim_") && !line.contains("Problem")
    };
    let root = read(&src.join("lib.rs"));
    let root: Vec<&str> = root.lines().filter(|line| !inside(line)).collect();
    let mut text = format!("# lib.rs\n{}", declarations(&root.join("\n")));
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        text += &format!("# api/{name}\n{}", declarations(&read(&file)));
    }
    text
}

/// What a formatted source declares as public: rustfmt's columns tell what stands in what.
fn declarations(source: &str) -> String {
    let (mut text, mut block, mut open) = (String::new(), "", String::new());
    for line in source.lines() {
        let code = line.trim();
        let depth = line.len() - line.trim_start().len();
        let declares = code.starts_with("pub ") || code.starts_with("impl");
        if depth == 0 && declares {
            block = code;
        }
        let in_enum = block.starts_with("pub enum") && !code.starts_with(['/', '#', '}']);
        let item = match depth {
            0 => code.starts_with("pub ") || code.contains(" for ") && declares,
            4 => code.starts_with("pub ") || in_enum,
            _ => in_enum,
        };
        let generated = depth == 0 && code.starts_with("value_from!(");
        if open.is_empty() && !item && !generated {
            continue;
        }
        if open.is_empty() && depth > 0 {
            open = format!(
                "{}: ",
                block.trim_end_matches(" {").trim_start_matches("pub ")
            );
        }
        open += code;
        // A list of arguments or names that goes on in the next lines.
        if code.ends_with('(')
            || code.ends_with('{') && code.starts_with("pub use")
            || code.ends_with(',') && !in_enum && depth > 0 && !code.starts_with("pub ")
        {
            open.push(' ');
            continue;
        }
        text += &one_line(&std::mem::take(&mut open));
    }
    text
}

fn one_line(declaration: &str) -> String {
    let kept = declaration
        .trim_end_matches("{}")
        .trim_end_matches([' ', '{', ';', ',']);
    let kept = kept
        .replace("( ", "(")
        .replace(", )", ")")
        .replace("{ ", "{");
    kept + "\n"
}

#[test]
fn the_public_face_is_what_is_listed() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/public-api.txt");
    let head = "The public face of the library, by source file. A test compares it; written by\n\
                `CAPSIM_WRITE_PUBLIC_API=1 cargo test --test project public_api`.\n\n";
    let now = format!("{head}{}", listing());
    if std::env::var_os("CAPSIM_WRITE_PUBLIC_API").is_some() {
        std::fs::write(&file, &now).unwrap_or_else(|e| panic!("{e}"));
    }
    let held = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        now, held,
        "the public face has changed: read the difference, then write the listing anew"
    );
}
