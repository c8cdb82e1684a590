//! k6's tags of each kind of sample (`metrics/system_tag.go`, k6 v2.2.0, the default system tags).
//! Sorted by key. The method of a request is that of its endpoint's route, or GET, unless its own tags say otherwise.

use crate::measure::recorder::{ResponseCode, SampleSource, SampleTags, Series};
use crate::model::Model;
use crate::model::journey::CheckId;

/// Keys and values, sorted by key.
pub type Tags = Vec<(String, String)>;

/// The value of a tag.
#[must_use]
pub fn find<'a>(tags: &'a Tags, key: &str) -> Option<&'a str> {
    let at = tags.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok()?;
    tags.get(at).map(|(_, value)| value.as_str())
}

/// Of all samples of a request.
#[must_use]
pub fn of_request(model: &Model, series: &Series) -> Tags {
    let site = &model.sites[series.site.index()];
    let endpoint = &model.endpoints[site.endpoint.index()];
    let code = endpoint.http.as_deref().map_or(series.code, |http| {
        ResponseCode(http.status_of(series.code.0))
    });
    let mut tags = of_scenario(model, series.origin);
    if let Some(expected) = series.expected {
        set(
            &mut tags,
            "expected_response",
            if expected { "true" } else { "false" },
        );
    }
    set(&mut tags, "group", &site.group);
    set(&mut tags, "method", endpoint.method());
    set(&mut tags, "name", &site.name);
    set(&mut tags, "url", &site.name);
    set(&mut tags, "status", &code.status().to_string());
    if code.status() > 0 {
        set(&mut tags, "proto", "HTTP/1.1");
    }
    if code.error_code() > 0 {
        set(&mut tags, "error_code", &code.error_code().to_string());
    }
    if let Some(text) = code.error_text() {
        set(&mut tags, "error", text);
    }
    for (key, value) in &site.tags {
        set(&mut tags, key, value);
    }
    tags
}

/// Of what an iteration, setup or teardown measures at its end.
#[must_use]
pub fn of_iteration(model: &Model, origin: SampleSource) -> Tags {
    let mut tags = of_scenario(model, origin);
    set(&mut tags, "group", root_group(origin));
    tags
}

/// Of a group's duration and of custom metrics.
#[must_use]
pub fn of_label(model: &Model, label: SampleTags) -> Tags {
    let mut tags = of_scenario(model, label.origin);
    let group = label.group.and_then(|id| model.groups.get(id.index()));
    let path = group.map_or(root_group(label.origin), |g| g.path.as_str());
    set(&mut tags, "group", path);
    for (key, value) in group.into_iter().flat_map(|g| &g.tags) {
        set(&mut tags, key, value);
    }
    tags
}

/// Of a check.
#[must_use]
pub fn of_check(model: &Model, check: CheckId, origin: SampleSource) -> Tags {
    let check = &model.checks[check.index()];
    let mut tags = of_scenario(model, origin);
    set(&mut tags, "check", &check.name);
    set(&mut tags, "group", &check.group);
    for (key, value) in &check.tags {
        set(&mut tags, key, value);
    }
    tags
}

/// Of all samples: the tags that the whole run was given. A scenario's own tags come before them, and
/// k6's tags `group` and `scenario` before both (`Activate` in `js/runner.go`).
#[must_use]
pub fn of_run(model: &Model) -> Tags {
    let mut tags = Tags::new();
    for (key, value) in &model.run_tags {
        set(&mut tags, key, value);
    }
    tags
}

/// Of what a scenario measures outside its iterations: its name and its own tags.
#[must_use]
pub fn of_scenario(model: &Model, origin: SampleSource) -> Tags {
    let mut tags = of_run(model);
    let scenario = origin.as_scenario().and_then(|i| model.scenarios.get(i));
    if let Some(scenario) = scenario {
        for (key, value) in &scenario.tags {
            set(&mut tags, key, value);
        }
        set(&mut tags, "scenario", &scenario.name);
    }
    tags
}

/// Setup and teardown are groups of their own.
fn root_group(origin: SampleSource) -> &'static str {
    match origin {
        SampleSource::SETUP => "::setup",
        SampleSource::TEARDOWN => "::teardown",
        _ => "",
    }
}

fn set(tags: &mut Tags, key: &str, value: &str) {
    match tags.binary_search_by(|(k, _)| k.as_str().cmp(key)) {
        Ok(at) => value.clone_into(&mut tags[at].1),
        Err(at) => tags.insert(at, (key.to_owned(), value.to_owned())),
    }
}
