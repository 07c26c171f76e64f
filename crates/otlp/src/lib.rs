//! OTLP/HTTP (OpenTelemetry protocol 1.x): requests of logs, metrics and traces, in protobuf and in JSON, read within limits.
//!
//! Both encodings are read into the same records. What is wrong with one record costs that record alone: it is counted in
//! [`Rejected`], which the answer tells the client. Only what cannot be taken apart at all fails as a whole.
//!
//! Invariants:
//! - Nothing is allocated for more than [`RECORDS_MAX`] records, and no record may be larger than [`RECORD_BYTES_MAX`].
//! - Unknown fields are passed by, as both encodings ask for.
//! - Texts over [`TEXT_BYTES_MAX`] are cut, attributes beyond [`ATTRIBUTES_MAX`] left out, and neither rejects a record.

mod answer;
mod attributes;
mod json;
mod message;
mod protobuf;
mod record;
mod unpack;

pub use answer::{answer, status};
pub use attributes::Attributes;
pub use record::{Group, Log, Metric, Point, PointKind, Span};
pub use unpack::{UnpackError, gunzip};

use bytes::Bytes;

/// Records of one request: log records, points of metrics, or spans.
pub const RECORDS_MAX: usize = 10_000;
/// Resources and scopes of one request.
pub const GROUPS_MAX: usize = 1_000;
/// One record, in bytes as it was sent.
pub const RECORD_BYTES_MAX: usize = 256 * 1024;
/// Attributes of one record.
pub const ATTRIBUTES_MAX: usize = 128;
/// The name of an attribute, in bytes.
pub const KEY_BYTES_MAX: usize = 256;
/// A text, in bytes.
pub const TEXT_BYTES_MAX: usize = 8 * 1024;
/// How deep values may lie within values; what is deeper is left out.
pub const DEPTH_MAX: usize = 6;

/// How a request is written, and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`: the proto3 mapping, with ids in hexadecimal.
    Json,
}

/// What a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Log records.
    Logs,
    /// Points of metrics.
    Metrics,
    /// Spans.
    Traces,
}

/// A request that cannot be taken apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// Records that were not taken, and why the first of them was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejected {
    /// How many.
    pub count: u64,
    /// Why.
    pub reason: Option<String>,
}

impl Rejected {
    /// Notes that records are not taken.
    pub fn add(&mut self, count: u64, reason: impl FnOnce() -> String) {
        if count > 0 {
            self.count = self.count.saturating_add(count);
            self.reason.get_or_insert_with(reason);
        }
    }
}

/// What a request says.
#[derive(Debug, Clone, PartialEq)]
pub struct Request<T> {
    /// Its records, by what they have in common.
    pub groups: Vec<Group<T>>,
    /// Those that could not be read.
    pub rejected: Rejected,
}

/// Reads an export of log records.
pub fn logs(body: &Bytes, encoding: Encoding) -> Result<Request<Log>, Malformed> {
    read(body, encoding, Signal::Logs, protobuf::log, json::log)
}

/// Reads an export of metrics. A metric is one record here, whatever the number of its points.
pub fn metrics(body: &Bytes, encoding: Encoding) -> Result<Request<Metric>, Malformed> {
    read(
        body,
        encoding,
        Signal::Metrics,
        protobuf::metric,
        json::metric,
    )
}

/// Reads an export of spans.
pub fn traces(body: &Bytes, encoding: Encoding) -> Result<Request<Span>, Malformed> {
    read(body, encoding, Signal::Traces, protobuf::span, json::span)
}

fn read<T>(
    body: &Bytes,
    encoding: Encoding,
    signal: Signal,
    from_protobuf: fn(Bytes) -> Result<T, Malformed>,
    from_json: fn(&serde_json::Value) -> Result<T, Malformed>,
) -> Result<Request<T>, Malformed> {
    match encoding {
        Encoding::Protobuf => protobuf::request(body, from_protobuf),
        Encoding::Json => json::request(body, signal, from_json),
    }
}

#[cfg(test)]
mod tests;
