//! k6's threshold grammar (k6 v2.2.0, `metrics/thresholds_parser.go`).

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
