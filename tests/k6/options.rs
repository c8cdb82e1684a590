//! Options against what k6 v2.2.0 answered to each of them.

use capsim::model::duration::parse_signed;
use capsim::model::journey::JourneyId;
use capsim::model::raw_scenario::{RawScenario, RawStage, report, report_all};
use capsim::model::scenario::Executor;
use capsim::model::scenario_check::{problems, resolve};
use capsim::model::shortcuts::Shortcuts;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Case {
    options: Options,
    error: Option<String>,
    warning: Option<String>,
    executor: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    vus: Option<f64>,
    duration: Option<String>,
    iterations: Option<f64>,
    stages: Option<Vec<JsonStage>>,
    scenarios: Option<BTreeMap<String, Options>>,
    executor: Option<String>,
    rate: Option<f64>,
    #[serde(rename = "preAllocatedVUs")]
    pre_allocated_vus: Option<f64>,
    #[serde(rename = "maxVUs")]
    max_vus: Option<f64>,
}

#[derive(Clone, Deserialize)]
struct JsonStage {
    duration: Option<String>,
    target: Option<f64>,
}

fn ns(text: Option<&String>) -> Result<Option<i64>, String> {
    text.map(|text| parse_signed(text).map_err(|e| e.to_string()))
        .transpose()
}

impl Options {
    fn raw_stages(&self) -> Result<Option<Vec<RawStage>>, String> {
        let stage = |stage: &JsonStage| {
            Ok(RawStage {
                duration: ns(stage.duration.as_ref())?,
                target: stage.target,
            })
        };
        self.stages
            .as_ref()
            .map(|stages| stages.iter().map(stage).collect())
            .transpose()
    }

    fn raw(&self, name: &str) -> Result<RawScenario, String> {
        Ok(RawScenario {
            name: name.to_string(),
            executor: self.executor.clone(),
            vus: self.vus,
            duration: ns(self.duration.as_ref())?,
            iterations: self.iterations,
            stages: self.raw_stages()?,
            rate: self.rate,
            pre_allocated_vus: self.pre_allocated_vus,
            max_vus: self.max_vus,
            ..RawScenario::default()
        })
    }

    /// Executor and warning, or k6's error.
    fn answer(&self) -> Result<(String, Option<&'static str>), String> {
        let shortcuts = Shortcuts {
            vus: self.vus,
            duration: ns(self.duration.as_ref())?,
            iterations: self.iterations,
            stages: self.raw_stages()?,
            has_scenarios: self.scenarios.is_some(),
        };
        let derived = shortcuts.derive()?;
        let raw = match (derived.scenario, &self.scenarios) {
            (Some(raw), _) => raw,
            (None, scenarios) => {
                let (name, options) = scenarios.iter().flatten().next().expect("a scenario");
                options.raw(name)?
            }
        };
        let found = problems(&raw);
        if let [only] = found.as_slice()
            && only.text.starts_with("unknown executor")
        {
            return Err(only.text.clone());
        }
        if !found.is_empty() {
            return Err(report_all(&[report(&raw.name, &found)]));
        }
        Ok((raw.executor.expect("it was checked"), derived.warning))
    }
}

#[test]
fn every_option_is_answered_as_k6_does() {
    let text = include_str!("../data/k6/options.json");
    let cases: Vec<Case> = serde_json::from_str(text).expect("the fixture is JSON");
    assert_eq!(cases.len(), 21);
    for (i, case) in cases.into_iter().enumerate() {
        let answer = case.options.answer();
        let answer = answer.map(|(executor, warning)| (executor, warning.map(str::to_string)));
        let expected = match case.error {
            Some(error) => Err(error),
            None => Ok((case.executor.expect("a good case has one"), case.warning)),
        };
        assert_eq!(answer, expected, "case {i}");
    }
}

fn raw(executor: &str) -> RawScenario {
    RawScenario {
        name: "a".to_string(),
        executor: Some(executor.to_string()),
        ..RawScenario::default()
    }
}

fn texts(raw: &RawScenario) -> Vec<String> {
    problems(raw)
        .into_iter()
        .map(|problem| problem.text)
        .collect()
}

#[test]
fn all_problems_are_told_at_once_in_k6s_order() {
    let scenario = RawScenario {
        name: "a b".to_string(),
        exec: Some(String::new()),
        start_time: Some(-1),
        graceful_stop: Some(-1),
        start_vus: Some(-1.0),
        stages: Some(vec![
            RawStage::default(),
            RawStage {
                duration: Some(-1),
                target: Some(-1.0),
            },
        ]),
        ..raw("ramping-vus")
    };
    assert_eq!(
        texts(&scenario),
        [
            "the scenario name should contain only numbers, latin letters, underscores, and dashes",
            "exec value cannot be empty",
            "the startTime can't be negative",
            "the gracefulStop timeout can't be negative",
            "the number of start VUs can't be negative",
            "either startVUs or one of the stages' target values must be greater than 0",
            "stage 1 doesn't have a duration",
            "stage 1 doesn't have a target",
            "the duration for stage 2 can't be negative",
            "the target for stage 2 can't be negative",
        ]
    );
    let problems = problems(&scenario);
    assert_eq!(
        (problems[6].field, problems[6].stage),
        ("duration", Some(0))
    );
    assert_eq!((problems[9].field, problems[9].stage), ("target", Some(1)));
}

#[test]
fn problems_of_looping_executors() {
    assert_eq!(texts(&raw("constant-vus")), ["the duration is unspecified"]);
    let vus = RawScenario {
        vus: Some(0.0),
        duration: Some(0),
        ..raw("constant-vus")
    };
    assert_eq!(
        texts(&vus),
        [
            "the number of VUs must be more than 0",
            "the duration must be at least 1s, but is 0s"
        ]
    );
    let shared = RawScenario {
        vus: Some(9.0),
        iterations: Some(5.0),
        ..raw("shared-iterations")
    };
    assert_eq!(
        texts(&shared),
        ["the number of iterations (5) can't be less than the number of VUs (9)"]
    );
    let per_vu = RawScenario {
        iterations: Some(0.0),
        max_duration: Some(1),
        ..raw("per-vu-iterations")
    };
    assert_eq!(
        texts(&per_vu),
        [
            "the number of iterations must be more than 0",
            "the maxDuration must be at least 1s, but is 1ns"
        ]
    );
}

#[test]
fn problems_of_arrival_rates_and_too_many_vus() {
    assert_eq!(
        texts(&RawScenario {
            time_unit: Some(0),
            ..raw("constant-arrival-rate")
        }),
        [
            "the iteration rate isn't specified",
            "the timeUnit must be more than 0",
            "the duration is unspecified",
            "the number of preAllocatedVUs isn't specified"
        ]
    );
    let negative = RawScenario {
        start_rate: Some(-1.0),
        pre_allocated_vus: Some(-1.0),
        ..raw("ramping-arrival-rate")
    };
    assert_eq!(
        texts(&negative),
        [
            "the startRate value can't be negative",
            "at least one stage has to be specified",
            "the number of preAllocatedVUs can't be negative"
        ]
    );
    let many = RawScenario {
        start_vus: Some(2e8),
        stages: Some(vec![RawStage {
            duration: Some(0),
            target: Some(2e8),
        }]),
        ..raw("ramping-vus")
    };
    assert_eq!(
        texts(&many),
        [
            "the startVUs exceed max limit of 100000000",
            "target for stage 1 exceeds max limit of 100000000"
        ]
    );
}

#[test]
fn numbers_and_options_that_do_not_fit() {
    let stages = Some(vec![RawStage {
        duration: Some(1),
        target: Some(2.5),
    }]);
    let half = RawScenario {
        stages,
        ..raw("ramping-vus")
    };
    assert_eq!(
        texts(&half),
        ["the target for stage 1 must be a whole number, but is 2.5"]
    );
    let infinite = RawScenario {
        vus: Some(f64::INFINITY),
        ..raw("constant-vus")
    };
    assert_eq!(texts(&infinite), ["vus must be a whole number, but is inf"]);
    let stranger = RawScenario {
        rate: Some(1.0),
        ..raw("constant-vus")
    };
    assert_eq!(
        texts(&stranger),
        ["unknown field \"rate\" (constant-vus has vus, duration)"]
    );
}

#[test]
fn defaults_are_k6s() {
    let stages = Some(vec![RawStage {
        duration: Some(5_000_000_000),
        target: Some(3.0),
    }]);
    let scenario = resolve(
        &RawScenario {
            stages,
            ..raw("ramping-vus")
        },
        JourneyId(0),
    );
    let scenario = scenario.expect("it is sound");
    assert_eq!(scenario.start_time.0, 0);
    assert_eq!(scenario.graceful_stop.0, 30_000_000_000);
    let Executor::RampingVus {
        start_vus,
        graceful_ramp_down,
        ..
    } = scenario.executor
    else {
        panic!("another executor");
    };
    assert_eq!((start_vus, graceful_ramp_down.0), (1, 30_000_000_000));
    let rate = RawScenario {
        rate: Some(5.0),
        duration: Some(1_000_000_000),
        pre_allocated_vus: Some(4.0),
        ..raw("constant-arrival-rate")
    };
    let scenario = resolve(&rate, JourneyId(0)).expect("it is sound");
    let Executor::ConstantArrivalRate {
        time_unit, max_vus, ..
    } = scenario.executor
    else {
        panic!("another executor");
    };
    assert_eq!((time_unit.0, max_vus), (1_000_000_000, 4));
}

#[test]
fn open_arrivals_are_said_in_one_way() {
    let rate = RawScenario {
        rate: Some(90.0),
        time_unit: Some(60_000_000_000),
        duration: Some(2_000_000_000),
        ..raw("open-arrivals")
    };
    let scenario = resolve(&rate, JourneyId(0)).expect("it is sound");
    let Executor::PoissonArrivals { start_rate, stages } = scenario.executor else {
        panic!("another executor");
    };
    assert_eq!((start_rate, stages[0].target), (1.5, 1.5));
    let both = RawScenario {
        at: Some(vec![]),
        ..rate.clone()
    };
    assert_eq!(
        texts(&both),
        ["open-arrivals needs exactly one of rate, stages, gap and at"]
    );
    let zero = RawScenario {
        rate: Some(0.0),
        ..rate.clone()
    };
    assert_eq!(
        texts(&zero),
        ["either the rate or one of the stages' target values must be greater than 0"]
    );
    let start = RawScenario {
        start_rate: Some(1.0),
        ..rate
    };
    assert_eq!(texts(&start), ["start_rate has no meaning beside rate"]);
}
