//! `check` and the notes of a run: no false alarm, and no key that does nothing without a word.

use super::{arg, capsim, file, stderr, stdout};

/// What `check` says of a model: stdout and stderr.
fn check(text: &str) -> (String, String) {
    let directory = tempfile::tempdir().unwrap();
    let output = capsim(&["check", arg(&file(directory.path(), "m.toml", text))]);
    assert!(output.status.success(), "{}", stderr(&output));
    (stdout(&output), stderr(&output))
}

/// A model of 500 arrivals a second at a station that serves 100.
fn overloaded(executor: &str, station: &str, visit: &str) -> String {
    format!(
        "[scenarios.default]\n{executor}\nduration = \"10s\"\njourney = \"j\"\n[journeys]\nj = [{{ request = \"e\" }}]\n\
         [stations.s]\nservers = 1\n{station}\n\
         [endpoints.e]\nvisits = [{{ station = \"s\", time = \"10ms\"{visit} }}]\n"
    )
}

const POISSON: &str = "executor = \"poisson-arrivals\"\nrate = 500";
const RATE: &str = "executor = \"constant-arrival-rate\"\nrate = 500\npre_allocated_vus = 5";

#[test]
fn only_a_queue_that_may_grow_is_called_endless() {
    let (endless, refused) = ("grows without end", "is refused or gives up");
    let (text, _) = check(&overloaded(POISSON, "", ""));
    assert!(text.contains(endless), "{text}");
    for model in [
        overloaded(POISSON, "queue = 10", ""),
        overloaded(POISSON, "queue = 0", ""),
        overloaded(POISSON, "", ", patience = \"1s\""),
    ] {
        let (text, _) = check(&model);
        assert!(!text.contains(endless) && text.contains(refused), "{text}");
    }
    let (text, _) = check(&overloaded(RATE, "", ""));
    assert!(
        text.contains("VUs run out, and iterations are dropped"),
        "{text}"
    );
}

#[test]
fn a_pool_that_refuses_is_no_deadlock() {
    let nested = |queue: &str| {
        format!(
            "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 9\nduration = \"1s\"\njourney = \"j\"\n\
             [journeys]\nj = [{{ request = \"a\" }}, {{ request = \"b\" }}]\n[stations.s]\nservers = 1\n\
             [pools.x]\nsize = 2\n{queue}\n[pools.y]\nsize = 2\n\
             [endpoints.a]\nvisits = [{{ hold = \"x\", visits = [{{ hold = \"y\", visits = [{{ station = \"s\", time = \"1ms\" }}] }}] }}]\n\
             [endpoints.b]\nvisits = [{{ hold = \"y\", visits = [{{ hold = \"x\", visits = [{{ station = \"s\", time = \"1ms\" }}] }}] }}]\n"
        )
    };
    let (_, warnings) = check(&nested(""));
    assert!(warnings.contains("in a circle"), "{warnings}");
    let (_, warnings) = check(&nested("queue = 0"));
    assert_eq!(warnings, "");
    // With room for one to wait, it is one again.
    let (_, warnings) = check(&nested("queue = 1"));
    assert!(warnings.contains("in a circle"), "{warnings}");
}

#[test]
fn a_key_that_does_nothing_is_told() {
    for (station, visit, told) in [
        (
            "",
            ", class = 1",
            ":12:43: `class` does nothing here: the station's discipline is not \"priority\"",
        ),
        (
            "discipline = \"processor-sharing\"",
            ", patience = \"1s\"",
            "`patience` does nothing here: under processor sharing",
        ),
        (
            "discipline = \"processor-sharing\"",
            ", class = 1",
            "`class` does nothing here",
        ),
        (
            "refusal = 429",
            "",
            "`refusal` does nothing here: nobody is refused where the queue is endless",
        ),
    ] {
        let (_, warnings) = check(&overloaded(POISSON, station, visit));
        assert!(warnings.contains(told), "{told:?} is not in {warnings}");
        assert_eq!(warnings.lines().count(), 1, "{warnings}");
    }
    let infinite = overloaded(
        POISSON,
        "queue = 3\ndiscipline = \"lifo\"",
        ", patience = \"1s\"",
    );
    let (_, warnings) = check(&infinite.replace("servers = 1", "servers = \"infinite\""));
    for key in ["queue", "discipline", "patience"] {
        assert!(
            warnings.contains(&format!("`{key}` does nothing here: nobody waits")),
            "{warnings}"
        );
    }
    for (station, visit) in [
        (
            "discipline = \"priority\"",
            ", class = 1, patience = \"1s\"",
        ),
        ("queue = 2\nrefusal = \"connection\"", ", patience = \"1s\""),
        ("discipline = \"processor-sharing\"\nqueue = 2", ""),
    ] {
        let (_, warnings) = check(&overloaded(POISSON, station, visit));
        assert_eq!(warnings, "", "{station} {visit}");
    }
}

/// A service of four steps, a pause and a timeout: `"5m"` where `"5ms"` is meant.
fn services(times: [&str; 4], sleep: &str, more: &str) -> String {
    let [a, b, c, d] = times;
    format!(
        "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 2\nduration = \"10s\"\njourney = \"j\"\n\
         [journeys]\nj = [{{ sleep = \"200ms\" }}, {{ request = \"e\"{more} }}, {{ sleep = \"300ms\" }}, {{ sleep = {sleep} }}]\n\
         [stations.s]\nservers = 1\n[endpoints.e]\n\
         visits = [{{ station = \"s\", time = {a} }}, {{ delay = {b} }}, {{ station = \"s\", time = {c} }}, {{ delay = {d} }}]\n"
    )
}

#[test]
fn minutes_for_milliseconds_are_told_once() {
    let usual = ["\"5ms\"", "\"8ms\"", "{ exponential = \"2ms\" }", "\"1ms\""];
    let (first, pause, law) = (
        ":11:35: the service takes 5m, and all clients give up after 1m0s; milliseconds are written \"5ms\"\n",
        ":7:77: 5m stands among sleeps below a second; milliseconds are written \"5ms\"\n",
        ":11:48: the service takes 2m30s, and all clients give up after 1m0s; say the unit that is meant: us, ms or s\n",
    );
    let with = |at: usize, text: &'static str| {
        let mut times = usual;
        times[at] = text;
        times
    };
    for (times, sleep, more, told) in [
        (with(0, "\"5m\""), "\"1s\"", "", first),
        (
            with(0, "{ uniform = [\"2m30s\", \"5m\"] }"),
            "\"1s\"",
            "",
            law,
        ),
        (usual, "\"5m\"", "", pause),
    ] {
        let (_, warnings) = check(&services(times, sleep, more));
        assert!(warnings.ends_with(told), "{told:?} is not in {warnings}");
        assert_eq!(warnings.lines().count(), 1, "{warnings}");
    }
    // A client that waits long enough may mean it, unless all the others are of milliseconds.
    let long = ", timeout = \"10m\"";
    let (_, warnings) = check(&services(with(0, "\"5m\""), "\"1s\"", long));
    assert!(
        warnings.contains("5m stands among service times below a second"),
        "{warnings}"
    );
    let batch = ["\"5m\"", "\"2m\"", "\"3s\"", "\"1ms\""];
    for (times, sleep, more) in [
        (usual, "\"1s\"", ""),
        (usual, "{ uniform = [\"5s\", \"2m\"] }", ""),
        (with(0, "\"20s\""), "\"500ms\"", ""),
        (batch, "\"500ms\"", long),
    ] {
        let (_, warnings) = check(&services(times, sleep, more));
        assert_eq!(warnings, "");
    }
    // Nobody waits for what is done after the answer.
    let (_, warnings) = check(
        &services(with(3, "\"5m\""), "\"1s\"", "")
            .replace("{ delay = \"5m\"", "{ respond = true }, { delay = \"5m\""),
    );
    assert_eq!(warnings, "");
    for folder in [
        "models",
        "models/gallery",
        "docs/mechanisms",
        "tests/data/models",
    ] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path());
        for model in files.filter(|path| path.extension().is_some_and(|e| e == "toml")) {
            let warnings = stderr(&capsim(&["check", arg(&model)]));
            for slip in ["stands among", "all clients give up"] {
                assert!(!warnings.contains(slip), "{warnings}");
            }
        }
    }
}

#[test]
fn a_seat_that_was_claimed_twice_was_wanted_twice() {
    let output = capsim(&["run", "tests/data/hostile/hold.toml"]);
    let text = stdout(&output);
    assert!(
        !text.contains("wanted the same seat") && !text.contains("2 of 1"),
        "{text}"
    );
}

/// A check may be called as in a script, where its name is often what it asks.
#[test]
fn a_name_that_looks_like_a_question_is_told_to_ask_nothing() {
    let model = |checks: &str| {
        format!(
            "[scenarios.s]\nexecutor = \"per-vu-iterations\"\nvus = 1\niterations = 1\njourney = \"j\"\n\
             [journeys]\nj = [{{ request = \"e\", checks = [{checks}] }}]\n\
             [endpoints.e]\nvisits = [{{ fail = 1.0, status = 500 }}]\n"
        )
    };
    let name = "r => r.status === 200";
    let (_, said) = check(&model(&format!("\"{name}\"")));
    assert!(said.contains("m.toml:7:"), "{said}");
    assert!(
        said.contains("it passes if the status is below 400"),
        "{said}"
    );
    assert!(said.contains("passes = \"status 200\""), "{said}");
    // What is asked decides, and the summary shows the name.
    let asked = model(&format!("{{ name = \"{name}\", passes = \"status 200\" }}"));
    assert_eq!(check(&asked).1, "");
    let directory = tempfile::tempdir().unwrap();
    let asked = file(directory.path(), "m.toml", &asked);
    let shown = stdout(&capsim(&["run", arg(&asked)]));
    assert!(shown.contains(&format!("✗ {name}\n")), "{shown}");
    assert!(shown.contains("0% — ✓ 0 / ✗ 1"), "{shown}");
}

#[test]
fn a_threshold_that_nothing_can_cross_is_told() {
    let model = |metric: &str| {
        let model = overloaded(POISSON, "queue = 9", "");
        check(&format!(
            "{model}[thresholds]\n{metric} = [\"p(95)<500\"]\n"
        ))
        .1
    };
    assert!(
        model("\"http_req_duration{name:ee}\"").contains(
            ":14:1: no request has the name `ee`: nothing can cross this threshold; did you mean `e`?"
        ),
        "{}",
        model("\"http_req_duration{name:ee}\"")
    );
    assert!(model("\"http_req_duration{scenario:main}\"").contains(
        ":14:1: there is no scenario `main`: nothing can cross this threshold; scenarios: `default`"
    ));
    for sound in [
        "http_req_duration",
        "\"http_req_duration{scenario:default,name:e}\"",
    ] {
        assert_eq!(model(sound), "");
    }
}
