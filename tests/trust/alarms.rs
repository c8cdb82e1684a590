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

#[test]
fn a_seat_that_was_claimed_twice_was_wanted_twice() {
    let output = capsim(&["run", "tests/data/hostile/hold.toml"]);
    let text = stdout(&output);
    assert!(
        !text.contains("wanted the same seat") && !text.contains("2 of 1"),
        "{text}"
    );
}
