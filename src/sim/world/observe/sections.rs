//! The groups and scenarios that k6's full summary shows by themselves.

use crate::measure::recorder::SampleSource;
use crate::measure::summary::{CheckCount, Metric, Section, Sections};

use super::summary::add_check;
use super::values::{Filter, MetricQuery};

/// k6 does not list the scenario of this name, but shows its groups outside of all scenarios.
const UNNAMED: &str = "default";

/// All sections of a run.
pub(crate) fn sections(view: &MetricQuery) -> Sections {
    let scenarios = view.model.scenarios.iter().enumerate();
    let (named, unnamed): (Vec<_>, Vec<_>) = scenarios.partition(|(_, s)| s.name != UNNAMED);
    let mut elsewhere = vec![SampleSource::SETUP, SampleSource::TEARDOWN];
    elsewhere.extend(unnamed.iter().map(|(i, _)| SampleSource::scenario(*i)));
    let scenario = |(index, scenario): &(usize, &crate::model::scenario::Scenario)| {
        let origins = [SampleSource::scenario(*index)];
        Section {
            name: scenario.name.clone(),
            checks: checks(view, &origins, None),
            metrics: metrics(view, &origins, None),
            groups: groups(view, &origins, ""),
        }
    };
    Sections {
        groups: groups(view, &elsewhere, ""),
        scenarios: named
            .iter()
            .map(scenario)
            .filter(|s| !s.metrics.is_empty() || !s.groups.is_empty())
            .collect(),
    }
}

/// The groups opened directly in the one of this path, as far as something was measured in them.
fn groups(view: &MetricQuery, origins: &[SampleSource], parent: &str) -> Vec<Section> {
    let mut names: Vec<&str> = Vec::new();
    for group in &view.model.groups {
        let below = group.path.strip_prefix(parent);
        let inner = below.and_then(|path| path.strip_prefix("::"));
        if let Some(name) = inner.and_then(|path| path.split("::").next())
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    let section = |name: &&str| {
        let path = format!("{parent}::{name}");
        Section {
            name: (*name).to_owned(),
            checks: checks(view, origins, Some(&path)),
            // What setup and teardown measure outside their groups is not shown.
            metrics: match path.as_str() {
                "::setup" | "::teardown" => Vec::new(),
                path => metrics(view, origins, Some(path)),
            },
            groups: groups(view, origins, &path),
        }
    };
    names
        .iter()
        .map(section)
        .filter(|s| !s.metrics.is_empty() || !s.groups.is_empty() || !s.checks.is_empty())
        .collect()
}

fn metrics(view: &MetricQuery, origins: &[SampleSource], group: Option<&str>) -> Vec<Metric> {
    let keep = Filter {
        sub: None,
        origins: Some(origins),
        group,
    };
    let metric = |name: &str| {
        // In a group k6 shows what was measured in it, and an iteration is not.
        let of_iteration = name.starts_with("data_") || name.starts_with("iteration");
        if group.is_some() && of_iteration {
            return None;
        }
        let measured = view.measure(name, keep, &view.model.summary_trend_stats)?;
        measured.observed.then(|| Metric {
            name: name.to_owned(),
            contains: measured.contains,
            values: measured.values,
            thresholds: Vec::new(),
        })
    };
    view.names().filter_map(metric).collect()
}

/// What these made of checks, in a group or anywhere, in the order of first occurrence.
pub(crate) fn checks(
    view: &MetricQuery,
    origins: &[SampleSource],
    group: Option<&str>,
) -> Vec<CheckCount> {
    let mut all = Vec::new();
    for &id in &view.record.check_order {
        let check = &view.model.checks[id.index()];
        if group.is_some_and(|path| path != check.group) {
            continue;
        }
        for &origin in origins {
            let (passes, fails) = view.record.check_of(id, origin);
            if passes + fails > 0 {
                add_check(&mut all, &check.name, passes, fails);
            }
        }
    }
    all
}
