//! What stands on the disk is lost to nobody who has not said `--force`.

use super::{capsim, directory, listed, stderr};

const MODEL: &str = "
[scenarios.default]
executor = \"constant-vus\"
vus = 2
duration = \"1s\"
journey = \"j\"
[journeys]
j = [{ request = \"e\" }, { sleep = \"100ms\" }]
[endpoints.e]
visits = [{ delay = { empirical = { file = \"times.csv\", unit = \"ms\" } } }]
";

fn cases() -> tempfile::TempDir {
    directory(&[("m.toml", MODEL), ("times.csv", "time\n1\n2\n")])
}

const SWEEP: &str = "sweep m.toml --vary load=1,2 --quiet --out s.csv";

#[test]
fn a_sweep_overwrites_none_of_its_files_unasked() {
    for name in ["s.points.csv", "s.study.json", "s.csv"] {
        let at = cases();
        std::fs::write(at.path().join(name), "somebody's work").unwrap();
        let before = listed(at.path());
        for more in ["", "--resume"] {
            let done = capsim(at.path(), &format!("{SWEEP} {more}")).output();
            let done = done.unwrap();
            let said = stderr(&done);
            assert_eq!(done.status.code(), Some(1), "{name} {more}: {said}");
            assert!(said.contains(name) && said.contains("--force") || more == "--resume");
            assert!(before == listed(at.path()), "{name} {more}: {said}");
        }
        let done = capsim(at.path(), &format!("{SWEEP} --force")).output();
        assert!(done.unwrap().status.success(), "{name}");
        assert_eq!(listed(at.path()).len(), 5, "{name}");
    }
}

/// Killed before its first row, it has a study file and no rows.
#[test]
fn a_sweep_that_has_only_begun_goes_on() {
    let at = cases();
    let sweep = |more: &str| {
        let done = capsim(at.path(), &format!("{SWEEP} --resume {more}"));
        { done }.output().unwrap()
    };
    assert!(sweep("").status.success());
    let whole = listed(at.path());
    for rows in ["s.csv", "s.points.csv"] {
        std::fs::remove_file(at.path().join(rows)).unwrap();
    }
    let other = sweep("--seed 2");
    let said = stderr(&other);
    assert_eq!(other.status.code(), Some(1), "{said}");
    assert!(said.contains("the seed was 1 and is 2"), "{said}");
    assert!(sweep("").status.success());
    assert!(whole == listed(at.path()));
}

/// A hard link is the file itself.
#[test]
fn an_output_that_is_a_hard_link_of_an_input_is_refused() {
    let at = cases();
    let path = |name: &str| at.path().join(name);
    std::fs::hard_link(path("m.toml"), path("model.link")).unwrap();
    std::fs::hard_link(path("times.csv"), path("times.link")).unwrap();
    let before = listed(at.path());
    for (arguments, input) in [
        (
            "sweep m.toml --vary load=1,2 --force --out model.link",
            "the model",
        ),
        (
            "sweep m.toml --vary load=1,2 --force --out times.link",
            "a data file of the model",
        ),
        ("run m.toml --out csv=model.link", "the model"),
        ("plot times.csv --out times.link", "the file to be drawn"),
    ] {
        let done = capsim(at.path(), arguments).output().unwrap();
        let said = stderr(&done);
        assert_eq!(done.status.code(), Some(2), "{arguments}: {said}");
        assert!(said.contains(&format!("is {input}")), "{arguments}: {said}");
        assert!(before == listed(at.path()), "{arguments}");
    }
}
