//! Names of metrics: k6's built-in ones, and sub-metrics `metric{tag:value,…}` (k6 v2.2.0, `metrics/`).

use super::journey::CustomMetric;
use std::fmt;

/// k6's four types of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// A sum.
    Counter,
    /// Last, smallest and largest value.
    Gauge,
    /// Share of non-zero samples.
    Rate,
    /// A distribution.
    Trend,
}

impl MetricKind {
    /// Names of the statistics a threshold may use, in k6's order.
    #[must_use]
    pub fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Counter => &["count", "rate"],
            Self::Gauge => &["value"],
            Self::Rate => &["rate"],
            Self::Trend => &["avg", "min", "max", "med", "p"],
        }
    }
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Rate => "rate",
            Self::Trend => "trend",
        })
    }
}

/// What the values of a metric measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contains {
    /// Plain numbers.
    Default,
    /// Milliseconds.
    Time,
    /// Bytes.
    Data,
}

/// A metric that k6 measures without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// Name.
    pub name: &'static str,
    /// Type.
    pub kind: MetricKind,
    /// What its values measure.
    pub contains: Contains,
}

const fn builtin(name: &'static str, kind: MetricKind, contains: Contains) -> Builtin {
    Builtin {
        name,
        kind,
        contains,
    }
}

/// k6's built-in metrics of HTTP tests (`metrics/builtin.go`), in k6's order.
pub const BUILTINS: [Builtin; 19] = {
    use Contains::{Data, Default, Time};
    use MetricKind::{Counter, Gauge, Rate, Trend};
    [
        builtin("vus", Gauge, Default),
        builtin("vus_max", Gauge, Default),
        builtin("iterations", Counter, Default),
        builtin("iteration_duration", Trend, Time),
        builtin("dropped_iterations", Counter, Default),
        builtin("checks", Rate, Default),
        builtin("group_duration", Trend, Time),
        builtin("http_reqs", Counter, Default),
        builtin("http_req_failed", Rate, Default),
        builtin("http_req_duration", Trend, Time),
        builtin("http_req_blocked", Trend, Time),
        builtin("http_req_connecting", Trend, Time),
        builtin("http_req_tls_handshaking", Trend, Time),
        builtin("http_req_sending", Trend, Time),
        builtin("http_req_waiting", Trend, Time),
        builtin("http_req_receiving", Trend, Time),
        builtin("data_sent", Counter, Data),
        builtin("data_received", Counter, Data),
        // Always there in k6, though capsim speaks no gRPC: a threshold on it must be no error.
        builtin("grpc_req_duration", Trend, Time),
    ]
};

/// The built-in metric of this name.
#[must_use]
pub fn find_builtin(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|b| b.name == name)
}

/// The type of a metric, k6's own or one of these, and what its values are; `None` if there is none of this name.
#[must_use]
pub fn kind_of(name: &str, custom: &[CustomMetric]) -> Option<(MetricKind, Contains)> {
    if let Some(builtin) = find_builtin(name) {
        return Some((builtin.kind, builtin.contains));
    }
    let own = custom.iter().find(|metric| metric.name == name)?;
    Some(own.kind.meaning())
}

/// The samples of a metric that carry certain tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubMetric {
    /// Name of the metric whose samples are chosen from.
    pub parent: String,
    /// All of them must be there and equal; keys are unique.
    pub tags: Vec<(String, String)>,
    /// The text between the braces as shown: trimmed outside, as written inside.
    pub suffix: String,
}

impl SubMetric {
    /// Name as shown: `parent{suffix}`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}{{{}}}", self.parent, self.suffix)
    }

    /// Whether a sample belongs to it; `tag` gives the sample's value of a tag, if it has that tag.
    pub fn matches<'a>(&self, tag: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.tags
            .iter()
            .all(|(key, value)| tag(key) == Some(value.as_str()))
    }
}

/// A key of the thresholds section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricName {
    /// All samples of a metric.
    Whole(String),
    /// Some of them.
    Part(SubMetric),
}

impl MetricName {
    /// The metric itself, without tags.
    #[must_use]
    pub fn metric(&self) -> &str {
        match self {
            Self::Whole(name) => name,
            Self::Part(sub) => &sub.parent,
        }
    }

    /// Name as shown.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Whole(name) => name.clone(),
            Self::Part(sub) => sub.name(),
        }
    }

    /// Reads `metric` or `metric{tag:value,tag2:value2}`.
    ///
    /// # Errors
    /// In k6's words, if the braces or a tag are malformed.
    pub fn parse(text: &str) -> Result<MetricName, String> {
        let failed = |why: String| format!("parsing metric name failed, metric {why}");
        let (open, close) = match (text.find('{'), text.rfind('}')) {
            (None, None) => return Ok(Self::Whole(text.to_string())),
            (Some(open), Some(close)) => (open, close),
            _ => {
                return Err(failed(format!(
                    "{text:?} has unmatched opening/close curly brace"
                )));
            }
        };
        if close < open {
            let why = "closing curly brace appears before opening one";
            return Err(failed(format!("{text:?} {why}")));
        }
        if close + 1 != text.len() {
            let why = "lacks a closing curly brace in its last position";
            return Err(failed(format!("{text:?} {why}")));
        }
        let inner = &text[open + 1..close];
        let mut tags: Vec<(String, String)> = Vec::new();
        for pair in inner.split(',') {
            let (key, value) = pair
                .split_once(':')
                .filter(|(_, value)| !value.is_empty())
                .ok_or_else(|| failed(format!("{pair:?} tag expression is malformed")))?;
            let (key, value) = (bare(key).to_string(), bare(value).to_string());
            match tags.iter_mut().find(|(known, _)| *known == key) {
                Some(tag) => tag.1 = value,
                None => tags.push((key, value)),
            }
        }
        let (parent, suffix) = (text[..open].to_string(), inner.trim().to_string());
        Ok(Self::Part(SubMetric {
            parent,
            tags,
            suffix,
        }))
    }
}

/// Without the spaces around it, then without quotes.
fn bare(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sub(text: &str) -> SubMetric {
        match MetricName::parse(text) {
            Ok(MetricName::Part(sub)) => sub,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_tags_must_be_equal() {
        let sub = sub("http_req_duration{name:reserve, status : '200'}");
        let tags = |name: &'static str, status: &'static str| {
            move |key: &str| match key {
                "name" => Some(name),
                "status" => Some(status),
                _ => None,
            }
        };
        assert!(sub.matches(tags("reserve", "200")));
        assert!(!sub.matches(tags("reserve", "503")));
        assert!(!sub.matches(tags("Reserve", "200")));
        assert!(!sub.matches(|_| None));
        assert_eq!(
            sub.name(),
            "http_req_duration{name:reserve, status : '200'}"
        );
    }

    #[test]
    fn a_value_may_contain_a_colon() {
        let sub = sub("http_reqs{name:http://x/y?z=1}");
        assert_eq!(
            sub.tags,
            [("name".to_string(), "http://x/y?z=1".to_string())]
        );
    }

    #[test]
    fn an_empty_value_in_quotes_is_the_root_group() {
        assert!(sub("checks{group:''}").matches(|_| Some("")));
        assert!(!sub("checks{group:''}").matches(|_| None));
    }

    #[test]
    fn a_key_given_twice_counts_once() {
        assert_eq!(sub("m{a:1,a:2}").tags, [("a".to_string(), "2".to_string())]);
    }

    #[test]
    fn braces_must_fit() {
        let error = |text: &str| MetricName::parse(text).err();
        let why = "parsing metric name failed, metric \"m}a{\" closing curly brace appears before opening one";
        assert_eq!(error("m}a{").as_deref(), Some(why));
        let why = "parsing metric name failed, metric \"m{a:b}c\" lacks a closing curly brace in its last position";
        assert_eq!(error("m{a:b}c").as_deref(), Some(why));
        assert!(error("m{a:}").is_some());
        assert!(error("m{a:b,}").is_some());
    }
}
