//! Summaries are the bytes that k6 printed.
//!
//! `tests/data/k6/README.md` says where the recorded texts and the values behind them come from.

use capsim::measure::summary::{
    CheckCount, Contains, Group, Metric, Section, Sections, Summary, Values, Verdict,
};
use capsim::model::K6Version;
use capsim::report::format::TimeUnit;
use capsim::report::options::{parse_trend_stat, parse_trend_stats};
use capsim::report::{self, Mode, SummaryOptions, export};
use proptest::prelude::*;
use serde_json::Value;

/// Renders the values of a recording and compares the whole text with what k6 printed.
macro_rules! recordings {
    ($($test:ident $name:literal;)*) => {$(
        #[test]
        fn $test() {
            let (summary, options) = read(include_str!(concat!("../data/k6/", $name, ".json")));
            let text = report::summary(&summary, &options);
            assert_lines(&text, include_str!(concat!("../data/k6/", $name, ".txt")));
        }
    )*};
}

recordings! {
    legacy_0_52 "main-v0.52.0";
    legacy_0_53 "main-v0.53.0";
    legacy_0_53_closed_loop "closedloop-v0.53.0";
    legacy_0_53_without_samples "nosamples-v0.53.0";
    legacy_0_53_order_of_names_and_a_fixed_unit "sorting-v0.53.0";
    legacy_0_53_in_colour "tty-v0.53.0";
    legacy_1_8 "main-v1.8.1-legacy";
    compact_1_8 "main-v1.8.1-compact";
    compact_2_2 "main-v2.2.0-compact";
    compact_2_2_closed_loop "closedloop-v2.2.0";
    compact_2_2_without_samples "nosamples-v2.2.0";
    compact_2_2_order_of_names_and_a_fixed_unit "sorting-v2.2.0";
    compact_2_2_several_scenarios "scenarios-v2.2.0-compact";
    compact_2_2_in_colour "tty-v2.2.0";
    compact_2_2_aborted "abort-v2.2.0";
    compact_2_2_failed_requests "errors-v2.2.0";
    compact_2_2_dropped_iterations "drops-v2.2.0";
    compact_2_2_interrupted_requests "midreq-v2.2.0";
    compact_2_2_interrupted_iterations "interrupt-v2.2.0";
    compact_2_2_constant_arrival_rate "car-v2.2.0";
    compact_2_2_ramping_arrival_rate "rar-v2.2.0";
    compact_2_2_steps "steps-v2.2.0";
    full_2_2_groups "main-v2.2.0-full";
    full_2_2_scenarios "scenarios-v2.2.0-full";
}

#[test]
fn mode_none_prints_nothing() {
    let (summary, mut options) = read(include_str!("../data/k6/main-v2.2.0-full.json"));
    options.mode = Mode::None;
    assert_eq!(report::summary(&summary, &options), "");
}

#[test]
fn an_empty_summary_is_printed_all_the_same() {
    for mode in [Mode::Legacy, Mode::Compact, Mode::Full] {
        let options = SummaryOptions {
            mode,
            ..SummaryOptions::default()
        };
        let text = report::summary(&Summary::default(), &options);
        assert!(text.ends_with("\n\n"), "{text:?}");
    }
}

#[test]
fn no_value_of_a_metric_line_is_empty_even_if_nothing_was_computed() {
    let nan = Values::Trend {
        count: 3,
        stats: vec![(parse_trend_stat("avg").unwrap(), f64::NAN)],
    };
    let counter = Values::Counter {
        count: -0.0,
        rate: f64::NAN,
    };
    let metric = |name: &str, values| Metric {
        name: name.to_owned(),
        contains: Contains::Time,
        values,
        thresholds: Vec::new(),
    };
    let metrics = vec![metric("a_trend", nan), metric("a_counter", counter)];
    let summary = Summary {
        metrics,
        ..Summary::default()
    };
    for style in [K6Version::V0_53, K6Version::V1, K6Version::V2] {
        let text = report::summary(&summary, &SummaryOptions::new(style));
        assert!(
            text.contains("avg=0s min=n/a med=n/a max=n/a p(90)=n/a p(95)=n/a"),
            "{text}"
        );
        assert!(text.contains(": 0s 0s/s"), "{text}");
    }
}

/// Any double at all, but no negative time: no model has one.
fn a_double() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(|bits| f64::from_bits(bits).abs()),
        0.0..1e6,
        Just(f64::NAN),
        Just(-0.0),
        Just(f64::INFINITY),
    ]
}

fn a_metric() -> impl Strategy<Value = Metric> {
    let counts = (0..=u64::MAX / 2, 0..=u64::MAX / 2);
    let values = prop_oneof![
        (a_double(), a_double()).prop_map(|(count, rate)| Values::Counter { count, rate }),
        [a_double(), a_double(), a_double()].prop_map(|[value, min, max]| Values::Gauge {
            value,
            min,
            max
        }),
        counts.prop_map(|(passes, fails)| Values::Rate { passes, fails }),
        (0..3u64, a_double(), a_double()).prop_map(|(count, avg, p95)| {
            let stat = |name| parse_trend_stat(name).expect("a statistic");
            Values::Trend {
                count,
                stats: vec![(stat("avg"), avg), (stat("p(95)"), p95)],
            }
        }),
    ];
    let contains = prop_oneof![
        Just(Contains::Default),
        Just(Contains::Time),
        Just(Contains::Data)
    ];
    ("[a-z]{1,9}([{][a-z]:[a-zµ]{0,5}[}])?", contains, values).prop_map(
        |(name, contains, values)| Metric {
            name,
            contains,
            values,
            thresholds: Vec::new(),
        },
    )
}

proptest! {
    #[test]
    fn no_cell_is_empty_or_not_a_number(
        metrics in prop::collection::vec(a_metric(), 0..6),
        duration in a_double(),
        unit in prop::option::of(prop_oneof![Just(TimeUnit::Seconds), Just(TimeUnit::Microseconds)]),
    ) {
        let section = Section { metrics: metrics.clone(), ..Section::default() };
        let sections = Sections { groups: vec![section.clone()], scenarios: vec![section] };
        let summary = Summary { metrics, duration, sections, ..Summary::default() };
        for (style, mode) in [
            (K6Version::V0_53, Mode::Legacy),
            (K6Version::V1, Mode::Legacy),
            (K6Version::V2, Mode::Compact),
            (K6Version::V2, Mode::Full),
        ] {
            let options = SummaryOptions { mode, time_unit: unit, ..SummaryOptions::new(style) };
            for line in report::summary(&summary, &options).lines() {
                prop_assert!(!line.contains("NaN"), "{line}");
                prop_assert!(!line.contains("= ") && !line.ends_with('='), "{line}");
                let Some((_, cells)) = line.split_once("...: ") else { continue };
                for cell in cells.split([' ', '=']) {
                    let zero = cell.starts_with("-0") && !cell.contains(|c| ('1'..='9').contains(&c));
                    prop_assert!(!zero, "{line}");
                }
                prop_assert!(!cells.trim().is_empty(), "{line}");
            }
        }
        for json in [
            export::summary_export(&summary, &SummaryOptions::default()),
            export::handle_summary(&summary, &SummaryOptions::default()),
        ] {
            prop_assert!(serde_json::from_str::<Value>(&json).is_ok());
        }
    }
}

#[test]
fn the_exported_file_is_that_of_k6() {
    for (values, exported) in [
        (
            include_str!("../data/k6/main-v0.53.0.json"),
            include_str!("../data/k6/main-v0.53.0.export.json"),
        ),
        (
            include_str!("../data/k6/main-v2.2.0-compact.json"),
            include_str!("../data/k6/main-v2.2.0-compact.export.json"),
        ),
    ] {
        let (summary, options) = read(values);
        let ours: Value =
            serde_json::from_str(&export::summary_export(&summary, &options)).unwrap();
        let theirs: Value = serde_json::from_str(exported).unwrap();
        assert_eq!(ours, theirs);
    }
}

#[test]
fn the_data_of_handle_summary_have_the_shape_of_k6() {
    let (summary, options) = read(include_str!("../data/k6/sorting-v0.53.0.json"));
    let ours: Value = serde_json::from_str(&export::handle_summary(&summary, &options)).unwrap();
    let recorded = include_str!("../data/k6/handle-summary-v0.53.0.export.json");
    let theirs: Value = serde_json::from_str(recorded).unwrap();
    // Another run of the same script, so keys and types agree and values do not.
    assert_eq!(shape(&ours), shape(&theirs));
    let threshold = &ours["metrics"]["http_req_duration{name:b}"]["thresholds"];
    assert_eq!(
        threshold.as_object().unwrap().values().next().unwrap()["ok"],
        false
    );
    assert_eq!(
        ours["root_group"]["groups"][0]["checks"][1]["path"],
        "::G::c2"
    );
}

/// Every key of a JSON value with the type of what it holds; expressions of thresholds left out.
fn shape(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, inner)| {
                let key = if key.contains(['<', '>']) {
                    "expression"
                } else {
                    key
                };
                let below = shape(inner);
                below
                    .into_iter()
                    .map(move |path| format!("{key}/{path}"))
                    .collect::<Vec<_>>()
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .flat_map(shape)
            .map(|p| format!("[]/{p}"))
            .collect(),
        Value::Number(_) => vec!["number".to_owned()],
        Value::String(_) => vec!["text".to_owned()],
        Value::Bool(_) => vec!["bool".to_owned()],
        Value::Null => vec!["null".to_owned()],
    }
}

/// Compares two texts and shows the first line that differs.
fn assert_lines(ours: &str, theirs: &str) {
    for (number, (our, their)) in ours.lines().zip(theirs.lines()).enumerate() {
        assert_eq!(our, their, "line {}", number + 1);
    }
    assert_eq!(ours, theirs);
}

/// Reads the values of a recording.
fn read(text: &str) -> (Summary, SummaryOptions) {
    let recording: Value = serde_json::from_str(text).expect("JSON");
    let root = group(&recording["root"]);
    let mut checks = Vec::new();
    flatten(&root, &mut checks);
    let summary = Summary {
        root,
        checks,
        metrics: metrics(&recording["metrics"]),
        duration: recording["duration"].as_f64().expect("seconds"),
        sections: Sections {
            groups: list(&recording["groups"]).iter().map(section).collect(),
            scenarios: list(&recording["scenarios"]).iter().map(section).collect(),
        },
        ..Summary::default()
    };
    (summary, options(&recording["options"]))
}

/// All checks of a recording, whose root group made its own first.
fn flatten(group: &Group, into: &mut Vec<CheckCount>) {
    for check in &group.checks {
        match into.iter_mut().find(|known| known.name == check.name) {
            Some(known) => {
                known.passes += check.passes;
                known.fails += check.fails;
            }
            None => into.push(check.clone()),
        }
    }
    for sub_group in &group.groups {
        flatten(sub_group, into);
    }
}

fn options(value: &Value) -> SummaryOptions {
    SummaryOptions {
        style: match value["style"].as_str() {
            Some("0.53") => K6Version::V0_53,
            Some("1") => K6Version::V1,
            Some("2") => K6Version::V2,
            other => panic!("unknown style {other:?}"),
        },
        mode: match value["mode"].as_str() {
            Some("legacy") => Mode::Legacy,
            Some("compact") => Mode::Compact,
            Some("full") => Mode::Full,
            other => panic!("unknown mode {other:?}"),
        },
        trend_stats: parse_trend_stats(name(&value["trend_stats"])).expect("known statistics"),
        trend_names: Vec::new(),
        time_unit: value["time_unit"].as_str().and_then(TimeUnit::parse),
        color: value["color"].as_bool().expect("a bool"),
    }
}

fn group(value: &Value) -> Group {
    Group {
        name: name(&value["name"]).to_owned(),
        checks: list(&value["checks"]).iter().map(check).collect(),
        groups: list(&value["groups"]).iter().map(group).collect(),
    }
}

fn section(value: &Value) -> Section {
    Section {
        name: name(&value["name"]).to_owned(),
        checks: list(&value["checks"]).iter().map(check).collect(),
        metrics: metrics(&value["metrics"]),
        groups: list(&value["groups"]).iter().map(section).collect(),
    }
}

fn check(value: &Value) -> CheckCount {
    CheckCount {
        name: name(&value[0]).to_owned(),
        passes: value[1].as_u64().expect("a count"),
        fails: value[2].as_u64().expect("a count"),
    }
}

fn metrics(value: &Value) -> Vec<Metric> {
    let metric = |value: &Value| Metric {
        name: name(&value["name"]).to_owned(),
        contains: match name(&value["contains"]) {
            "time" => Contains::Time,
            "data" => Contains::Data,
            _ => Contains::Default,
        },
        values: values(name(&value["type"]), &value["values"]),
        thresholds: list(&value["thresholds"]).iter().map(verdict).collect(),
    };
    list(value).iter().map(metric).collect()
}

fn verdict(value: &Value) -> Verdict {
    Verdict {
        expression: name(&value[0]).to_owned(),
        passed: value[1].as_bool().expect("a bool"),
    }
}

fn values(kind: &str, values: &Value) -> Values {
    let number = |key: &str| values[key].as_f64().expect("a number");
    let count = |key: &str| values[key].as_u64().expect("a count");
    match kind {
        "counter" => Values::Counter {
            count: number("count"),
            rate: number("rate"),
        },
        "gauge" => Values::Gauge {
            value: number("value"),
            min: number("min"),
            max: number("max"),
        },
        "rate" => Values::Rate {
            passes: count("passes"),
            fails: count("fails"),
        },
        "trend" => {
            let stats = values.as_object().expect("an object").iter();
            let stats = stats.map(|(stat, value)| {
                (
                    parse_trend_stat(stat).expect("a statistic"),
                    value.as_f64().expect("a number"),
                )
            });
            // A summary that does not list the count does not tell it.
            let count = values["count"].as_u64().unwrap_or(1);
            Values::Trend {
                count,
                stats: stats.collect(),
            }
        }
        other => panic!("unknown type {other}"),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn name(value: &Value) -> &str {
    value.as_str().expect("a text")
}
