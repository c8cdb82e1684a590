//! Ranges with whole ends: real parameters take the values between, whole ones stay whole.

use super::{arg, capsim, file, stderr};

const MODEL: &str = "
[scenarios.default]
executor = \"constant-vus\"
vus = 4
duration = \"5s\"
journey = \"j\"
[journeys]
j = [{ request = \"e\" }, { sleep = \"1s\" }]
[stations.s]
servers = 2
[endpoints.e]
visits = [{ station = \"s\", time = { gamma = { mean = \"8ms\", cv = 1 } } }]
";

/// The values of the third column of the rows that a sweep writes: those of the path, one a point.
fn swept(arguments: &[&str]) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let model = file(directory.path(), "m.toml", MODEL);
    let rows = directory.path().join("rows.csv");
    let mut all = vec![
        "sweep",
        arg(&model),
        "--quiet",
        "--replications",
        "1",
        "--out",
        arg(&rows),
    ];
    all.extend(arguments);
    let output = capsim(&all);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = std::fs::read_to_string(rows).unwrap();
    let column = |line: &str| line.split(',').nth(2).unwrap().to_owned();
    text.lines().skip(1).map(column).collect()
}

#[test]
fn a_real_parameter_takes_the_values_between_whole_ends() {
    assert_eq!(
        swept(&["--vary", "load=1..2/5"]),
        ["1", "1.25", "1.5", "1.75", "2"]
    );
    let cv = "endpoints.e.visits[0].time.gamma.cv=1..2/3";
    assert_eq!(swept(&["--vary", cv]), ["1", "1.5", "2"]);
    let drawn = swept(&["--vary", "load=1..2", "--lhs", "6"]);
    let mut slices: Vec<u32> = drawn
        .iter()
        .map(|v| ((v.parse::<f64>().unwrap() - 1.0) * 6.0) as u32)
        .collect();
    slices.sort_unstable();
    assert_eq!(slices, [0, 1, 2, 3, 4, 5], "{drawn:?}");
}

#[test]
fn a_whole_parameter_stays_whole() {
    assert_eq!(
        swept(&["--vary", "stations.s.servers=1..3/5"]),
        ["1", "2", "3"]
    );
    assert_eq!(
        swept(&["--vary", "scenarios.default.vus=1..8/3"]),
        ["1", "5", "8"]
    );
    for value in swept(&["--vary", "scenarios.default.vus=1..8", "--lhs", "5"]) {
        assert!(value.parse::<u32>().is_ok(), "{value}");
    }
}
