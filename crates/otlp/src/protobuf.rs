//! Protobuf. The levels around records are walked by hand, so that their number is known before anything is kept of them, and a
//! record that cannot be read costs itself alone.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use data_encoding::{BASE64, HEXLOWER};
use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use serde_json::{Map, Number, Value};

use crate::attributes::{self, Attributes, cut};
use crate::message::{self, Any, AnyValue, Data, KeyValue};
use crate::record::{Group, Log, Metric, Point, PointKind, Span};
use crate::{
    ATTRIBUTES_MAX, DEPTH_MAX, GROUPS_MAX, Malformed, RECORD_BYTES_MAX, RECORDS_MAX, Rejected,
    Request, TEXT_BYTES_MAX,
};

/// `AGGREGATION_TEMPORALITY_DELTA`.
const DELTA: i32 = 1;
/// `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: i32 = 2;
/// `STATUS_CODE_ERROR`.
pub(crate) const ERROR: i32 = 2;

fn malformed(error: impl std::fmt::Display) -> Malformed {
    Malformed(format!(
        "the body is not the protobuf message it should be: {error}"
    ))
}

/// Calls `each` with the number and the bytes of every field that has a length; passes the others by.
fn fields(
    mut message: Bytes,
    mut each: impl FnMut(u32, Bytes) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    while message.has_remaining() {
        let (tag, wire_type) = decode_key(&mut message).map_err(malformed)?;
        if wire_type != WireType::LengthDelimited {
            let context = DecodeContext::default();
            skip_field(wire_type, tag, &mut message, context).map_err(malformed)?;
            continue;
        }
        let length = decode_varint(&mut message).map_err(malformed)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > message.len() {
            return Err(malformed("a field ends after the body does"));
        }
        each(tag, message.split_to(length))?;
    }
    Ok(())
}

pub(crate) fn request<T>(
    body: &Bytes,
    read: fn(Bytes) -> Result<T, Malformed>,
) -> Result<Request<T>, Malformed> {
    let mut request = Request {
        groups: Vec::new(),
        rejected: Rejected::default(),
    };
    let mut count = 0;
    fields(body.clone(), |tag, part| match tag {
        1 => resource(part, read, &mut request, &mut count),
        _ => Ok(()),
    })?;
    Ok(request)
}

/// A resource with its scopes; either may come first.
fn resource<T>(
    part: Bytes,
    read: fn(Bytes) -> Result<T, Malformed>,
    request: &mut Request<T>,
    count: &mut usize,
) -> Result<(), Malformed> {
    let (mut attributes, mut scopes) = (Attributes::default(), Vec::new());
    fields(part, |tag, part| {
        match tag {
            1 if part.len() <= RECORD_BYTES_MAX => {
                let resource = message::Resource::decode(part).map_err(malformed)?;
                attributes = collect(resource.attributes);
            }
            2 if request.groups.len() + scopes.len() < GROUPS_MAX => scopes.push(part),
            2 => request.rejected.add(1, || {
                format!("a request may have up to {GROUPS_MAX} scopes")
            }),
            _ => {}
        }
        Ok(())
    })?;
    let resource = Arc::new(attributes);
    for part in scopes {
        let (mut scope, mut records) = (String::new(), Vec::new());
        fields(part, |tag, part| {
            match tag {
                1 if part.len() <= RECORD_BYTES_MAX => {
                    scope = message::Scope::decode(part).map_err(malformed)?.name;
                    cut(&mut scope, TEXT_BYTES_MAX);
                }
                2 => take(part, read, &mut records, &mut request.rejected, count),
                _ => {}
            }
            Ok(())
        })?;
        request.groups.push(Group {
            resource: Arc::clone(&resource),
            scope: scope.into(),
            records,
        });
    }
    Ok(())
}

fn take<T>(
    part: Bytes,
    read: fn(Bytes) -> Result<T, Malformed>,
    records: &mut Vec<T>,
    rejected: &mut Rejected,
    count: &mut usize,
) {
    *count += 1;
    if *count > RECORDS_MAX {
        rejected.add(1, || {
            format!("a request may have up to {RECORDS_MAX} records")
        });
    } else if part.len() > RECORD_BYTES_MAX {
        rejected.add(1, || {
            format!("a record may have up to {RECORD_BYTES_MAX} bytes")
        });
    } else {
        match read(part) {
            Ok(record) => records.push(record),
            Err(error) => rejected.add(1, || error.0),
        }
    }
}

fn limited(mut text: String) -> String {
    cut(&mut text, TEXT_BYTES_MAX);
    text
}

fn id(bytes: &[u8]) -> String {
    // An id of nothing but zeros is none.
    if bytes.len() > 16 || bytes.iter().all(|byte| *byte == 0) {
        return String::new();
    }
    HEXLOWER.encode(bytes)
}

fn collect(pairs: Vec<KeyValue>) -> Attributes {
    let mut attributes = Attributes::default();
    for pair in pairs {
        let value = pair.value.map_or(Value::Null, |value| any(value, 0));
        attributes.push(pair.key, value);
    }
    attributes
}

fn any(value: AnyValue, depth: usize) -> Value {
    match value.value {
        None => Value::Null,
        Some(Any::Text(text)) => attributes::text(text),
        Some(Any::Truth(truth)) => Value::Bool(truth),
        Some(Any::Int(number)) => Value::from(number),
        Some(Any::Double(number)) => Number::from_f64(number)
            .map_or_else(|| Value::String(number.to_string()), Value::Number),
        Some(Any::Bytes(bytes)) => attributes::text(BASE64.encode(&bytes)),
        Some(Any::List(_) | Any::Map(_)) if depth >= DEPTH_MAX => Value::Null,
        Some(Any::List(list)) => {
            let values = list.values.into_iter().take(ATTRIBUTES_MAX);
            Value::Array(values.map(|value| any(value, depth + 1)).collect())
        }
        Some(Any::Map(map)) => {
            let pairs = map.values.into_iter().take(ATTRIBUTES_MAX);
            let pairs = pairs.map(|pair| {
                let value = pair
                    .value
                    .map_or(Value::Null, |value| any(value, depth + 1));
                (pair.key, value)
            });
            Value::Object(pairs.collect::<Map<_, _>>())
        }
    }
}

/// A body is a text, or told as JSON.
pub(crate) fn body_text(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => limited(other.to_string()),
    }
}

pub(crate) fn log(part: Bytes) -> Result<Log, Malformed> {
    let record = message::LogRecord::decode(part).map_err(malformed)?;
    Ok(Log {
        time_ns: record.time_unix_nano,
        observed_ns: record.observed_time_unix_nano,
        severity: record.severity_number,
        event_name: limited(record.event_name),
        body: record
            .body
            .map_or_else(String::new, |body| body_text(any(body, 0))),
        attributes: collect(record.attributes),
        trace_id: id(&record.trace_id),
        span_id: id(&record.span_id),
    })
}

pub(crate) fn span(part: Bytes) -> Result<Span, Malformed> {
    let span = message::Span::decode(part).map_err(malformed)?;
    let status = span.status.unwrap_or_default();
    Ok(Span {
        trace_id: id(&span.trace_id),
        span_id: id(&span.span_id),
        parent_span_id: id(&span.parent_span_id),
        name: limited(span.name),
        start_ns: span.start_time_unix_nano,
        end_ns: span.end_time_unix_nano,
        attributes: collect(span.attributes),
        is_error: status.code == ERROR,
        status: limited(status.message),
    })
}

pub(crate) const fn kind_of(temporality: i32) -> Option<PointKind> {
    match temporality {
        DELTA => Some(PointKind::Delta),
        CUMULATIVE => Some(PointKind::Cumulative),
        _ => None,
    }
}

/// A point: from when, until when, its value, and of what.
type Raw = (u64, u64, f64, Vec<KeyValue>);

#[expect(
    clippy::cast_precision_loss,
    reason = "totals are kept as floating-point numbers, exact up to 2^53"
)]
fn number(point: message::NumberPoint) -> Raw {
    let value = match point.value {
        Some(message::Number::Int(value)) => value as f64,
        Some(message::Number::Double(value)) => value,
        None => f64::NAN,
    };
    let (start, end) = (point.start_time_unix_nano, point.time_unix_nano);
    (start, end, value, point.attributes)
}

fn histogram(point: message::HistogramPoint) -> Raw {
    let (start, end) = (point.start_time_unix_nano, point.time_unix_nano);
    (start, end, point.sum.unwrap_or(f64::NAN), point.attributes)
}

fn exponential(point: message::ExponentialPoint) -> Raw {
    let (start, end) = (point.start_time_unix_nano, point.time_unix_nano);
    (start, end, point.sum.unwrap_or(f64::NAN), point.attributes)
}

fn summary(point: message::SummaryPoint) -> Raw {
    let (start, end) = (point.start_time_unix_nano, point.time_unix_nano);
    (start, end, point.sum, point.attributes)
}

fn raw(data: Data) -> Result<(PointKind, Vec<Raw>), Malformed> {
    let kind = |temporality| {
        kind_of(temporality).ok_or_else(|| malformed("a sum does not say its temporality"))
    };
    Ok(match data {
        Data::Gauge(gauge) => {
            let points = gauge.points.into_iter();
            (PointKind::Gauge, points.map(number).collect())
        }
        Data::Sum(sum) => {
            let points = sum.points.into_iter();
            (kind(sum.temporality)?, points.map(number).collect())
        }
        Data::Histogram(data) => {
            let points = data.points.into_iter();
            (kind(data.temporality)?, points.map(histogram).collect())
        }
        Data::Exponential(data) => {
            let points = data.points.into_iter();
            (kind(data.temporality)?, points.map(exponential).collect())
        }
        Data::Summary(data) => {
            let points = data.points.into_iter();
            (PointKind::Cumulative, points.map(summary).collect())
        }
    })
}

pub(crate) fn metric(part: Bytes) -> Result<Metric, Malformed> {
    let metric = message::Metric::decode(part).map_err(malformed)?;
    let data = metric.data.map(raw).transpose()?;
    let (kind, points) = data.unwrap_or_default();
    // What has no number says nothing.
    let points = points
        .into_iter()
        .filter(|(_, _, value, _)| value.is_finite());
    Ok(Metric {
        name: limited(metric.name),
        unit: limited(metric.unit),
        points: points
            .map(|(start_ns, time_ns, value, attributes)| Point {
                kind,
                start_ns,
                time_ns,
                value,
                attributes: collect(attributes),
            })
            .collect(),
    })
}
