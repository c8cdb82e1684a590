//! What the functions of a script do, as journeys and endpoints of a model.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use capsim_script::Metric;
use capsim_script::record::{Recording, Sample, Step, pattern};
use capsim_script::{Request, Tags};

use super::endpoints::{Endpoints, endpoint_name, merged};
use super::toml_text::{key, quoted};
use crate::engine::Span;
use crate::model::duration;

/// What the script and its options say of samples.
pub struct Declared<'a> {
    /// Metrics of its own.
    pub metrics: &'a [Metric],
    /// Values of tags that thresholds name.
    pub named: BTreeSet<String>,
}

fn time(time: Duration) -> String {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    // Times of a sleep that is drawn at random: microseconds are enough.
    let rounded = if nanos > 1_000_000 {
        nanos / 1_000 * 1_000
    } else {
        nanos
    };
    duration::print(Span(rounded))
}

/// k6's `timeout` of requests that ask for no other.
const USUAL_TIMEOUT: Duration = Duration::from_secs(60);

/// The key `tags` of a step behind others; nothing without tags. The name and the method have places of their own.
fn own(tags: &Tags) -> String {
    let others = tags.iter().filter(|(key, _)| *key != "name");
    let others: Vec<String> = others
        .map(|(k, v)| format!("{} = {}", key(k), quoted(v)))
        .collect();
    match others.is_empty() {
        true => String::new(),
        false => format!(", tags = {{ {} }}", others.join(", ")),
    }
}

/// The key `expected` of a request behind others; nothing for k6's usual statuses.
fn expected(request: &Request) -> String {
    let ranges = request.expected.as_deref().unwrap_or(&[]);
    if ranges.is_empty() || *ranges == [(200, 399)] {
        return String::new();
    }
    let statuses = ranges.iter().map(|&(min, max)| {
        // A model has no others.
        let (min, max) = (min.max(100), max.min(599));
        match min == max {
            true => min.to_string(),
            false => format!("{{ min = {min}, max = {max} }}"),
        }
    });
    format!(", expected = [{}]", statuses.collect::<Vec<_>>().join(", "))
}

/// Ways that are written out; rarer ones are left out.
const WAYS: usize = 4;

/// One journey: its text, with the endpoints that it calls added to those known.
pub fn journey(
    exec: &str,
    recording: &Recording,
    declared: &Declared,
    endpoints: &mut Endpoints,
) -> String {
    let mut text = String::new();
    let n = recording.iterations;
    let ways = &recording.variants[..recording.variants.len().min(WAYS)];
    let written: u32 = ways.iter().map(|(_, count)| count).sum();
    match ways {
        [_] if written == n => {
            writeln!(
                text,
                "# {exec}: all {n} recorded iterations took these steps."
            )
            .ok();
        }
        _ => {
            let counts: Vec<String> = ways.iter().map(|(_, count)| count.to_string()).collect();
            let counts = counts.join(", ");
            writeln!(
                text,
                "# {exec}: NOT CERTAIN. Of {n} recorded iterations {counts} took these ways."
            )
            .ok();
            if written < n {
                writeln!(text, "# {} iterations took other ways.", n - written).ok();
            }
        }
    }
    text += &doubts(exec, recording);
    writeln!(text, "{} = [", key(exec)).ok();
    let mut writer = Writer {
        text,
        recording,
        declared,
        endpoints,
    };
    writer.ways(ways, written, 1);
    writer.text += "]\n";
    // The system has the endpoints of all ways.
    let others = recording.variants.iter().skip(WAYS).flat_map(|(s, _)| s);
    for step in others {
        if let Step::Request(request, _) = step {
            writer.request(request, &[]);
        }
    }
    writer.text
}

/// Why calls of a function ended early, as comments.
pub fn doubts(exec: &str, recording: &Recording) -> String {
    let told = match exec {
        "setup" => "setup ended early, and iterations had no data of it".to_owned(),
        "teardown" => "teardown ended early".to_owned(),
        _ => format!("iterations of {exec} ended early"),
    };
    let line = |failure: &String| {
        let first = failure.lines().next().unwrap_or("");
        format!("# NOT CERTAIN: with made-up answers {told}: {first}\n")
    };
    let mut text: String = recording.failures.iter().map(line).collect();
    let steps = recording.variants.iter().flat_map(|(steps, _)| steps);
    let failed = steps.filter_map(|step| match step {
        Step::Check(check) if check.failed => Some(quoted(&check.name)),
        _ => None,
    });
    let failed: BTreeSet<String> = failed.collect();
    if !failed.is_empty() {
        let failed = failed.into_iter().collect::<Vec<_>>().join(", ");
        writeln!(
            text,
            "# NOT CERTAIN: with made-up answers checks of {exec} failed: {failed}"
        )
        .ok();
    }
    if recording.by_time {
        writeln!(
            text,
            "# NOT CERTAIN: {exec} takes other steps where answers take long"
        )
        .ok();
    }
    text
}

/// Writes the steps of a journey.
struct Writer<'a> {
    text: String,
    recording: &'a Recording,
    declared: &'a Declared<'a>,
    endpoints: &'a mut Endpoints,
}

impl Writer<'_> {
    /// Writes ways that an iteration takes by chance.
    fn ways(&mut self, ways: &[(Vec<Step>, u32)], among: u32, depth: usize) {
        let indent = "  ".repeat(depth);
        match ways {
            [] => self.text += "  { sleep = \"1ms\" },\n",
            [(steps, _)] => self.steps(steps, depth),
            [(steps, count), others @ ..] => {
                let p = f64::from(*count) / f64::from(among);
                writeln!(self.text, "{indent}{{ with_probability = {p:.3}, steps = [").ok();
                self.steps(steps, depth + 1);
                writeln!(self.text, "{indent}], else = [").ok();
                self.ways(others, among - count, depth + 1);
                writeln!(self.text, "{indent}] }},").ok();
            }
        }
    }

    fn steps(&mut self, steps: &[Step], outside: usize) {
        let mut depth = outside;
        let steps = without_empty_groups(steps);
        if steps.is_empty() {
            let nothing = "{ sleep = \"1ms\" }, # the function does nothing";
            writeln!(self.text, "{}{nothing}", "  ".repeat(depth)).ok();
        }
        let mut rest = steps.iter().peekable();
        while let Some(step) = rest.next() {
            let indent = "  ".repeat(depth);
            match step {
                Step::Request(request, beside) => {
                    let (mut checks, mut by_time) = (Vec::new(), Vec::new());
                    while let Some(Step::Check(check)) = rest.peek() {
                        checks.push(match check.tags.is_empty() {
                            true => quoted(&check.name),
                            false => {
                                let (name, tags) = (quoted(&check.name), own(&check.tags));
                                format!("{{ name = {name}{tags} }}")
                            }
                        });
                        by_time.extend(check.by_time.then(|| quoted(&check.name)));
                        rest.next();
                    }
                    let line = self.request(request, &checks);
                    let mut told = String::new();
                    if *beside {
                        told += " # NOT CERTAIN: it was under way beside others, and is not here";
                    }
                    if !by_time.is_empty() {
                        told += " # NOT CERTAIN: the time decides on ";
                        told += &by_time.join(", ");
                    }
                    writeln!(self.text, "{indent}{{ {line} }},{told}").ok();
                }
                Step::GroupStart(path) => {
                    let name = path.rsplit("::").next().unwrap_or(path);
                    writeln!(self.text, "{indent}{{ group = {}, steps = [", quoted(name)).ok();
                    depth += 1;
                }
                Step::GroupEnd => {
                    depth = depth.saturating_sub(1).max(outside);
                    writeln!(self.text, "{}] }},", "  ".repeat(depth)).ok();
                }
                Step::Metric(sample) => {
                    let line = self.metric(sample);
                    writeln!(self.text, "{indent}{line}").ok();
                }
                other => {
                    writeln!(self.text, "{indent}{}", plain(other)).ok();
                }
            }
        }
        // An iteration that was ended in the midst of a group.
        while depth > outside {
            depth -= 1;
            writeln!(self.text, "{}] }},", "  ".repeat(depth)).ok();
        }
    }

    /// A value for a metric of the script's own.
    fn metric(&self, sample: &Sample) -> String {
        let declared = self.declared.metrics.iter().find(|m| m.name == sample.name);
        let kind = match declared {
            Some(m) if m.kind == "trend" && m.is_time => "time",
            Some(m) => &m.kind,
            None => "trend",
        };
        let (low, high) = sample.values;
        let (value, seen) = match low == high {
            _ if sample.by_time => {
                let text = format!(
                    " # NOT CERTAIN: it depends on the times of requests; seen: {low} where they took 1 ms"
                );
                (low.to_string(), text)
            }
            _ if sample.is_duration => (quoted("duration"), String::new()),
            // Answers were good while it was recorded.
            true if kind == "rate" && sample.follows => {
                let value = if low == 0.0 { "failed" } else { "ok" };
                (quoted(value), format!(" # seen: {low} for status 200"))
            }
            true => (low.to_string(), String::new()),
            false => {
                let middle = (low + high) / 2.0;
                (middle.to_string(), format!(" # seen: {low} to {high}"))
            }
        };
        let (name, tags) = (quoted(&sample.name), own(&sample.tags));
        format!("{{ record = {name}, as = \"{kind}\", value = {value}{tags} }},{seen}")
    }

    /// The endpoint of a route: that of this name, unless other requests have it; their tag may be the same.
    fn endpoint(&self, route: &str, name: String, other: impl Fn() -> String) -> String {
        let is_free = |name: &String| match self.endpoints.get(name) {
            Some(known) => merged(&known.route, route).is_some(),
            None => true,
        };
        if is_free(&name) {
            return name;
        }
        let other = other();
        let numbered = (2..).map(|n| format!("{other}_{n}"));
        let mut names = std::iter::once(other.clone()).chain(numbered);
        names.find(is_free).unwrap_or(name)
    }

    fn request(&mut self, request: &Request, checks: &[String]) -> String {
        let (method, url, name) = (&request.method, &request.url, &*request.name);
        let route = format!("{method} {}", pattern(url));
        let endpoint = self.endpoint(&route, endpoint_name(method, url, name), || {
            endpoint_name(method, url, "://")
        });
        let mut line = format!("request = {}", quoted(&endpoint));
        let many = name.contains("://") && pattern(name).contains("{id}");
        if name != endpoint && (!many || self.declared.named.contains(name)) {
            write!(line, ", name = {}", quoted(name)).ok();
        }
        line += &own(&request.tags);
        if request.timeout != USUAL_TIMEOUT {
            write!(line, ", timeout = {}", quoted(&time(request.timeout))).ok();
        }
        line += &expected(request);
        if !checks.is_empty() {
            write!(line, ", checks = [{}]", checks.join(", ")).ok();
        }
        let known = self.endpoints.entry(endpoint).or_default();
        known.route = merged(&known.route, &route).unwrap_or(route);
        let reads = self.recording.reads.get(name).into_iter().flatten();
        known.reads.extend(reads.cloned());
        line
    }
}

/// A step that is neither a request nor a group.
fn plain(step: &Step) -> String {
    match step {
        Step::Sleep(low, high) if low == high => {
            format!("{{ sleep = {} }},", quoted(&time(*low)))
        }
        Step::Sleep(low, high) => {
            let (low, high) = (quoted(&time(*low)), quoted(&time(*high)));
            format!("{{ sleep = {{ uniform = [{low}, {high}] }} }}, # as seen; put the real bounds")
        }
        Step::Check(check) => {
            let (name, tags) = (quoted(&check.name), own(&check.tags));
            let told = match check.by_time {
                true => " # NOT CERTAIN: the time decides on it",
                false => "",
            };
            format!("{{ check = {name}{tags} }},{told}")
        }
        _ => String::new(),
    }
}

/// The steps but for groups in which nothing happens.
fn without_empty_groups(steps: &[Step]) -> Vec<Step> {
    let mut kept: Vec<Step> = Vec::new();
    for step in steps {
        match (kept.last(), step) {
            (Some(Step::GroupStart(_)), Step::GroupEnd) => {
                kept.pop();
            }
            _ => kept.push(step.clone()),
        }
    }
    kept
}

/// Names of the script's own metrics that got a value.
pub fn metrics(recording: &Recording) -> impl Iterator<Item = String> + '_ {
    let steps = recording.variants.iter().take(WAYS).flat_map(|(s, _)| s);
    steps.filter_map(|step| match step {
        Step::Metric(sample) => Some(sample.name.clone()),
        _ => None,
    })
}
