//! k6's shortcuts: `vus`, `duration`, `iterations` and `stages` outside any scenario stand for a single
//! one called `default` (`lib/executor/execution_config_shortcuts.go`, k6 v2.2.0).

use super::raw_scenario::{RawScenario, RawStage};

/// The options outside `scenarios`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shortcuts {
    /// Number of VUs; with stages, the number at the start.
    pub vus: Option<f64>,
    /// Signed nanoseconds.
    pub duration: Option<i64>,
    /// Shared by all VUs.
    pub iterations: Option<f64>,
    /// Stages of `ramping-vus`; those without a duration are dropped, as in k6.
    pub stages: Option<Vec<RawStage>>,
    /// Whether the model has a `scenarios` section.
    pub has_scenarios: bool,
}

/// What the shortcuts stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// The scenario called `default`; `None`: the `scenarios` section says it all.
    pub scenario: Option<RawScenario>,
    /// k6's warning, if it has one.
    pub warning: Option<&'static str>,
}

impl Shortcuts {
    /// Applies k6's rules; the first that fits wins.
    ///
    /// # Errors
    /// In k6's words, if two ways to say it are used at once.
    pub fn derive(&self) -> Result<Derived, String> {
        let stages: Option<Vec<RawStage>> = self.stages.as_ref().map(|stages| {
            stages
                .iter()
                .filter(|stage| stage.duration.is_some())
                .cloned()
                .collect()
        });
        let ramp = stages.as_ref().is_some_and(|stages| !stages.is_empty());
        let first = [
            ("iterations", self.iterations.is_some()),
            ("duration", self.duration.is_some()),
            ("stages", ramp),
        ];
        let first = first
            .into_iter()
            .find_map(|(name, given)| given.then_some(name));
        if let Some(name) = first {
            let clash = if ramp && name != "stages" {
                Some("stages")
            } else {
                None
            };
            let clash = clash.or(self.has_scenarios.then_some("scenarios"));
            if let Some(other) = clash {
                let both = format!("`{name}` and `{other}`");
                return Err(format!(
                    "using {both} options simultaneously is not allowed"
                ));
            }
        } else if self.has_scenarios {
            return Ok(Derived {
                scenario: None,
                warning: None,
            });
        }
        let warning = (self.stages.is_some() && !ramp && first.is_none()).then_some(
            "`stages` was explicitly set to an empty value, running the script with 1 iteration in 1 VU",
        );
        Ok(Derived {
            scenario: Some(self.scenario(first, stages)),
            warning,
        })
    }

    fn scenario(&self, first: Option<&str>, stages: Option<Vec<RawStage>>) -> RawScenario {
        let of = |executor: &str| RawScenario {
            name: "default".to_string(),
            executor: Some(executor.to_string()),
            ..RawScenario::default()
        };
        match (first, self.vus) {
            (Some("iterations"), vus) => RawScenario {
                vus,
                iterations: self.iterations,
                max_duration: self.duration,
                ..of("shared-iterations")
            },
            (Some("duration"), vus) => RawScenario {
                vus,
                duration: self.duration,
                ..of("constant-vus")
            },
            (Some(_), vus) => RawScenario {
                start_vus: vus,
                stages,
                ..of("ramping-vus")
            },
            (None, Some(vus)) => RawScenario {
                vus: Some(vus),
                iterations: Some(vus),
                ..of("shared-iterations")
            },
            (None, None) => of("per-vu-iterations"),
        }
    }
}
