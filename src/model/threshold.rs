//! k6's threshold grammar (k6 v2.2.0, `metrics/thresholds_parser.go`).

use super::metric_name::{MetricKind, MetricName};

/// A statistic that a threshold compares or a summary prints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregation {
    /// `count` of a counter or trend.
    Count,
    /// `rate` of a counter (per second) or of a rate (share of non-zero samples).
    Rate,
    /// `value` of a gauge: the last one.
    Value,
    /// `avg` of a trend.
    Avg,
    /// `min` of a trend.
    Min,
    /// `max` of a trend.
    Max,
    /// `med` of a trend.
    Med,
    /// `p(X)` of a trend, X in 0..=100.
    Percentile(f64),
}

/// All thresholds of one metric or sub-metric.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricThresholds {
    /// As written: `http_req_duration{name:reserve}`.
    pub metric: String,
    /// What that names.
    pub name: MetricName,
    /// In the order written.
    pub thresholds: Vec<Threshold>,
}

/// One threshold expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The expression as written, trimmed.
    pub expression: String,
    /// The statistic compared.
    pub aggregation: Aggregation,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with; milliseconds for a metric that contains time.
    pub value: f64,
    /// Ends the test as soon as it fails (k6's `abortOnFail`).
    pub abort_on_fail: bool,
    /// No abort before this time (k6's `delayAbortEval`).
    pub delay_abort_eval: Option<crate::engine::Span>,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==` and `===`
    Equal,
    /// `!=`
    NotEqual,
}

/// Operators in the order in which k6 looks for them: the first one found splits the expression.
const OPERATORS: [(&str, Operator); 7] = [
    ("<=", Operator::LessOrEqual),
    ("<", Operator::Less),
    (">=", Operator::GreaterOrEqual),
    (">", Operator::Greater),
    ("===", Operator::Equal),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
];

impl Operator {
    /// Whether `left operator right` holds, as doubles, without tolerance.
    #[must_use]
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Operator::Less => left < right,
            Operator::LessOrEqual => left <= right,
            Operator::Greater => left > right,
            Operator::GreaterOrEqual => left >= right,
            Operator::Equal => left == right,
            Operator::NotEqual => left != right,
        }
    }
}

impl Aggregation {
    /// k6's name of the method, without the argument of a percentile.
    #[must_use]
    pub fn method(self) -> &'static str {
        match self {
            Aggregation::Count => "count",
            Aggregation::Rate => "rate",
            Aggregation::Value => "value",
            Aggregation::Avg => "avg",
            Aggregation::Min => "min",
            Aggregation::Max => "max",
            Aggregation::Med => "med",
            Aggregation::Percentile(_) => "p",
        }
    }

    /// Reads the left side of a threshold.
    ///
    /// # Errors
    /// k6's reason, if it is not a method or its percentile is not in 0..=100.
    pub fn parse(method: &str) -> Result<Aggregation, String> {
        Ok(match method {
            "count" => Aggregation::Count,
            "rate" => Aggregation::Rate,
            "value" => Aggregation::Value,
            "avg" => Aggregation::Avg,
            "min" => Aggregation::Min,
            "max" => Aggregation::Max,
            "med" => Aggregation::Med,
            _ => {
                let inner = method.strip_prefix("p(").and_then(|m| m.strip_suffix(')'));
                let inner = inner.ok_or("failed parsing method from expression")?;
                let p = parse_float(inner)
                    .map_err(|why| format!("malformed percentile value; reason: {why}"))?;
                if !(0.0..=100.0).contains(&p) {
                    let why = "malformed percentile value, provide a number between 0 and 100";
                    return Err(why.to_string());
                }
                Aggregation::Percentile(p)
            }
        })
    }

    /// Reads one entry of k6's `summaryTrendStats`: `avg`, `min`, `med`, `max`, `count` or `p(X)`.
    ///
    /// # Errors
    /// In k6's words, if it is none of them.
    pub fn parse_trend_stat(text: &str) -> Result<Aggregation, String> {
        match Aggregation::parse(text) {
            Err(_) if text.starts_with("p(") && text.ends_with(')') => {
                let range = "provide a number between 0 and 100";
                Err(format!(
                    "invalid percentile trend stat value '{text}', {range}"
                ))
            }
            Ok(Aggregation::Rate | Aggregation::Value) | Err(_) => {
                Err(format!("invalid trend stat '{text}', unknown format"))
            }
            Ok(stat) => Ok(stat),
        }
    }
}

/// A number in the syntax of Go's `strconv.ParseFloat`, hexadecimal ones excepted.
fn parse_float(text: &str) -> Result<f64, String> {
    let failed = |why: &str| format!("strconv.ParseFloat: parsing {text:?}: {why}");
    let value: f64 = text.parse().map_err(|_| failed("invalid syntax"))?;
    // A number too large for a double; the words "inf" and "infinity" have no digit.
    if value.is_infinite() && text.contains(|c: char| c.is_ascii_digit()) {
        return Err(failed("value out of range"));
    }
    Ok(value)
}

impl Threshold {
    /// Reads an expression such as `p(95) < 500`. It aborts nothing until told to.
    ///
    /// # Errors
    /// In k6's words, if it is not a method, an operator and a number.
    pub fn parse(expression: &str) -> Result<Threshold, String> {
        let (method, operator, number) = split(expression).ok_or_else(|| {
            let why = "malformed threshold expression";
            format!("failed parsing threshold expression {expression:?}; reason: {why}")
        })?;
        let aggregation = Aggregation::parse(method).map_err(|why| {
            let side = format!("{expression:?} left hand side");
            format!("failed parsing threshold expression's {side}; reason: {why}")
        })?;
        let value = parse_float(number).map_err(|why| {
            // "expresion's" is k6's own spelling.
            let side = format!("{expression:?} right hand side");
            format!("failed parsing threshold expresion's {side}; reason: {why}")
        })?;
        Ok(Threshold {
            expression: expression.trim().to_string(),
            aggregation,
            operator,
            value,
            abort_on_fail: false,
            delay_abort_eval: None,
        })
    }

    /// Whether a measured value of the aggregation meets the threshold.
    #[must_use]
    pub fn compare(&self, measured: f64) -> bool {
        self.operator.holds(measured, self.value)
    }

    /// Whether a metric of this type has the statistic; `metric` is the name as written.
    ///
    /// # Errors
    /// In k6's words, if it has not.
    pub fn check(&self, metric: &str, kind: MetricKind) -> Result<(), String> {
        let method = self.aggregation.method();
        if kind.methods().contains(&method) {
            return Ok(());
        }
        Err(format!(
            "invalid threshold {:?} applied on metric {metric}; reason: unsupported aggregation \
             method {method} on metric of type {kind}. supported aggregation methods for this \
             metric are: {}",
            self.expression,
            kind.methods().join(", "),
        ))
    }
}

/// Method, operator and number of an expression, trimmed.
fn split(expression: &str) -> Option<(&str, Operator, &str)> {
    OPERATORS.iter().find_map(|&(token, operator)| {
        let (left, right) = expression.split_once(token)?;
        (!right.is_empty()).then_some((left.trim(), operator, right.trim()))
    })
}

/// Reads the name of a metric that has thresholds and checks them against the metric's type, which
/// `kind_of` tells for a metric that exists.
///
/// # Errors
/// In k6's words: a malformed name, an unknown metric, a statistic the metric does not have.
pub fn resolve(
    metric: &str,
    thresholds: &[Threshold],
    kind_of: impl Fn(&str) -> Option<MetricKind>,
) -> Result<(MetricName, MetricKind), String> {
    let name = MetricName::parse(metric)
        .map_err(|why| format!("unable to validate threshold expressions; reason: {why}"))?;
    let kind = kind_of(name.metric()).ok_or_else(|| {
        format!("invalid threshold defined on {metric}; reason: no metric name {metric:?} found")
    })?;
    for threshold in thresholds {
        threshold.check(metric, kind)?;
    }
    Ok((name, kind))
}
