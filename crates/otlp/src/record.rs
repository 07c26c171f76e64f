//! Records, the same for both encodings.

use std::sync::Arc;

use crate::attributes::Attributes;

/// Records with what they have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Group<T> {
    /// What sent them.
    pub resource: Arc<Attributes>,
    /// The part of it, such as `com.anthropic.claude_code.events`.
    pub scope: Arc<str>,
    /// The records.
    pub records: Vec<T>,
}

/// A log record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Log {
    /// When it happened, in nanoseconds since 1970; 0 when not said.
    pub time_ns: u64,
    /// When it was noticed; 0 when not said.
    pub observed_ns: u64,
    /// How grave it is, 1 to 24; 0 when not said.
    pub severity: i32,
    /// Which event it is; empty when not said.
    pub event_name: String,
    /// Its text; empty when it has none, and JSON when it is no text.
    pub body: String,
    /// What else it says.
    pub attributes: Attributes,
    /// The trace it belongs to, in lower-case hexadecimal; empty when to none.
    pub trace_id: String,
    /// The span it belongs to.
    pub span_id: String,
}

/// A metric with its points.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// What it is measured in.
    pub unit: String,
    /// Its points.
    pub points: Vec<Point>,
}

/// How the value of a point is to be taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PointKind {
    /// It stands for itself.
    #[default]
    Gauge,
    /// It counts from where the one before ended.
    Delta,
    /// It counts from the start.
    Cumulative,
}

/// A point of a metric. Of a histogram it is the sum of what was recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Point {
    /// How its value is to be taken.
    pub kind: PointKind,
    /// From when on it counts, in nanoseconds since 1970; 0 when not said.
    pub start_ns: u64,
    /// Until when it counts.
    pub time_ns: u64,
    /// The value.
    pub value: f64,
    /// What it is the value of.
    pub attributes: Attributes,
}

/// A span.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Span {
    /// Its trace, in lower-case hexadecimal.
    pub trace_id: String,
    /// Its id.
    pub span_id: String,
    /// The span it is within; empty when in none.
    pub parent_span_id: String,
    /// Its name.
    pub name: String,
    /// When it began, in nanoseconds since 1970.
    pub start_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// What it says.
    pub attributes: Attributes,
    /// Whether it says that it failed.
    pub is_error: bool,
    /// What it says about how it ended.
    pub status: String,
}
