//! JSON: the proto3 mapping with the protocol's exceptions. Ids are hexadecimal, enumerations are numbers, integers of 64 bits
//! come as texts or numbers, null is absence, and unknown members are passed by.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::attributes::{self, Attributes, cut};
use crate::protobuf::{ERROR, body_text, kind_of};
use crate::record::{Group, Log, Metric, Point, PointKind, Span};
use crate::{
    ATTRIBUTES_MAX, DEPTH_MAX, GROUPS_MAX, Malformed, RECORD_BYTES_MAX, RECORDS_MAX, Rejected,
    Request, Signal, TEXT_BYTES_MAX,
};

/// A list of which no more than `MAX` entries are kept.
struct Capped<T, const MAX: usize> {
    kept: Vec<T>,
    over: u64,
}

impl<T, const MAX: usize> Default for Capped<T, MAX> {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            over: 0,
        }
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Capped<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T, const MAX: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for List<T, MAX> {
            type Value = Capped<T, MAX>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Capped::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut capped = Capped::default();
                while capped.kept.len() < MAX {
                    match list.next_element()? {
                        Some(entry) => capped.kept.push(entry),
                        None => return Ok(capped),
                    }
                }
                while list.next_element::<IgnoredAny>()?.is_some() {
                    capped.over += 1;
                }
                Ok(capped)
            }
        }
        deserializer.deserialize_any(List(PhantomData))
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow, default)]
    resource_logs: Capped<ResourceRecords<'a>, GROUPS_MAX>,
    #[serde(borrow, default)]
    resource_metrics: Capped<ResourceRecords<'a>, GROUPS_MAX>,
    #[serde(borrow, default)]
    resource_spans: Capped<ResourceRecords<'a>, GROUPS_MAX>,
}

#[derive(serde::Deserialize)]
struct ResourceRecords<'a> {
    #[serde(borrow, default)]
    resource: Option<&'a RawValue>,
    #[serde(
        borrow,
        default,
        alias = "scopeLogs",
        alias = "scopeMetrics",
        alias = "scopeSpans"
    )]
    scopes: Capped<ScopeRecords<'a>, GROUPS_MAX>,
}

#[derive(serde::Deserialize)]
struct ScopeRecords<'a> {
    #[serde(borrow, default)]
    scope: Option<&'a RawValue>,
    #[serde(
        borrow,
        default,
        alias = "logRecords",
        alias = "metrics",
        alias = "spans"
    )]
    records: Capped<&'a RawValue, RECORDS_MAX>,
}

pub(crate) fn request<T>(
    body: &Bytes,
    signal: Signal,
    read: fn(&Value) -> Result<T, Malformed>,
) -> Result<Request<T>, Malformed> {
    let malformed = |error: serde_json::Error| {
        let what = match signal {
            Signal::Logs => "log records",
            Signal::Metrics => "metrics",
            Signal::Traces => "spans",
        };
        Malformed(format!(
            "the body is not an export of {what} in JSON: {error}"
        ))
    };
    // Left to itself, serde would also read an object from an array, by the order of its members.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        let problem = "the body is not a JSON object".to_owned();
        return Err(Malformed(problem));
    }
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(malformed)?;
    let resources = match signal {
        Signal::Logs => envelope.resource_logs,
        Signal::Metrics => envelope.resource_metrics,
        Signal::Traces => envelope.resource_spans,
    };
    let mut rejected = Rejected::default();
    rejected.add(resources.over, || {
        format!("a request may have up to {GROUPS_MAX} resources")
    });
    let (mut groups, mut count) = (Vec::new(), 0);
    for part in resources.kept {
        let resource = part.resource.map(value).transpose()?;
        let resource = resource.map(|value| collect(&value["attributes"], 0));
        let resource = Arc::new(resource.transpose()?.unwrap_or_default());
        rejected.add(part.scopes.over, || {
            format!("a request may have up to {GROUPS_MAX} scopes")
        });
        for part in part.scopes.kept {
            if groups.len() >= GROUPS_MAX {
                rejected.add(1, || {
                    format!("a request may have up to {GROUPS_MAX} scopes")
                });
                continue;
            }
            let scope = part.scope.map(value).transpose()?;
            let scope = scope.map(|value| text(&value["name"])).transpose()?;
            let mut records = Vec::with_capacity(part.records.kept.len());
            let over = || format!("a request may have up to {RECORDS_MAX} records");
            rejected.add(part.records.over, over);
            for raw in part.records.kept {
                count += 1;
                if count > RECORDS_MAX {
                    rejected.add(1, over);
                    continue;
                }
                match value(raw).and_then(|value| read(&value)) {
                    Ok(record) => records.push(record),
                    Err(error) => rejected.add(1, || error.0),
                }
            }
            groups.push(Group {
                resource: Arc::clone(&resource),
                scope: scope.unwrap_or_default().into(),
                records,
            });
        }
    }
    Ok(Request { groups, rejected })
}

fn wrong(what: &str, value: &Value) -> Malformed {
    let mut shown = value.to_string();
    cut(&mut shown, 80);
    Malformed(format!("{what} cannot be {shown}"))
}

fn value(raw: &RawValue) -> Result<Value, Malformed> {
    if raw.get().len() > RECORD_BYTES_MAX {
        return Err(Malformed(format!(
            "a record may have up to {RECORD_BYTES_MAX} bytes"
        )));
    }
    let value: Value =
        serde_json::from_str(raw.get()).map_err(|error| Malformed(error.to_string()))?;
    if value.is_object() {
        return Ok(value);
    }
    Err(wrong("a record", &value))
}

fn text(value: &Value) -> Result<String, Malformed> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => {
            let mut text = text.clone();
            cut(&mut text, TEXT_BYTES_MAX);
            Ok(text)
        }
        other => Err(wrong("a text", other)),
    }
}

/// A number of 64 bits without a sign, as a text or a number.
fn unsigned(value: &Value) -> Result<u64, Malformed> {
    let number = match value {
        Value::Null => Some(0),
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    number.ok_or_else(|| wrong("a time", value))
}

/// A number of 64 bits with a sign.
fn signed(value: &Value) -> Result<i64, Malformed> {
    let number = match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    };
    number.ok_or_else(|| wrong("an integer", value))
}

/// A double, which may also be one of the words that JSON has no numbers for.
fn double(value: &Value) -> Result<f64, Malformed> {
    let number = match value {
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => text.parse().ok(),
        },
        other => other.as_f64(),
    };
    number.ok_or_else(|| wrong("a number", value))
}

/// An enumeration's number. Names are not of the protocol, and some clients send them.
fn enumeration(value: &Value, names: &[(&str, i32)]) -> Result<i32, Malformed> {
    let number = match value {
        Value::Null => Some(0),
        Value::String(name) => names
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, number)| *number),
        other => other.as_i64().and_then(|number| i32::try_from(number).ok()),
    };
    number.ok_or_else(|| wrong("an enumeration", value))
}

fn id(value: &Value, bytes: usize) -> Result<String, Malformed> {
    let id = text(value)?.to_ascii_lowercase();
    if id.is_empty() || id.bytes().all(|digit| digit == b'0') {
        return Ok(String::new());
    }
    if id.len() == bytes * 2 && id.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(id);
    }
    Err(wrong("an id in hexadecimal", value))
}

fn list(value: &Value) -> Result<&[Value], Malformed> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(list) => Ok(list),
        other => Err(wrong("a list", other)),
    }
}

fn collect(pairs: &Value, depth: usize) -> Result<Attributes, Malformed> {
    let mut attributes = Attributes::default();
    for pair in list(pairs)?.iter().take(ATTRIBUTES_MAX) {
        attributes.push(text(&pair["key"])?, any(&pair["value"], depth)?);
    }
    Ok(attributes)
}

fn any(value: &Value, depth: usize) -> Result<Value, Malformed> {
    let Some(members) = value.as_object() else {
        return match value {
            Value::Null => Ok(Value::Null),
            other => Err(wrong("a value", other)),
        };
    };
    for (member, value) in members {
        return Ok(match member.as_str() {
            _ if value.is_null() => continue,
            // Bytes are in base64, and stay so.
            "stringValue" | "bytesValue" => attributes::text(text(value)?),
            "boolValue" => match value {
                Value::Bool(truth) => Value::Bool(*truth),
                other => return Err(wrong("a truth", other)),
            },
            "intValue" => Value::from(signed(value)?),
            "doubleValue" => {
                let number = double(value)?;
                serde_json::Number::from_f64(number)
                    .map_or_else(|| Value::String(number.to_string()), Value::Number)
            }
            "arrayValue" | "kvlistValue" if depth >= DEPTH_MAX => Value::Null,
            "arrayValue" => {
                let values = list(&value["values"])?.iter().take(ATTRIBUTES_MAX);
                let values = values.map(|value| any(value, depth + 1));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            "kvlistValue" => {
                let mut map = Map::new();
                for pair in list(&value["values"])?.iter().take(ATTRIBUTES_MAX) {
                    map.insert(text(&pair["key"])?, any(&pair["value"], depth + 1)?);
                }
                Value::Object(map)
            }
            _ => continue,
        });
    }
    Ok(Value::Null)
}

pub(crate) fn log(record: &Value) -> Result<Log, Malformed> {
    Ok(Log {
        time_ns: unsigned(&record["timeUnixNano"])?,
        observed_ns: unsigned(&record["observedTimeUnixNano"])?,
        severity: enumeration(&record["severityNumber"], &[])?,
        event_name: text(&record["eventName"])?,
        body: body_text(any(&record["body"], 0)?),
        attributes: collect(&record["attributes"], 0)?,
        trace_id: id(&record["traceId"], 16)?,
        span_id: id(&record["spanId"], 8)?,
    })
}

pub(crate) fn span(span: &Value) -> Result<Span, Malformed> {
    const CODES: &[(&str, i32)] = &[
        ("STATUS_CODE_UNSET", 0),
        ("STATUS_CODE_OK", 1),
        ("STATUS_CODE_ERROR", ERROR),
    ];
    let status = &span["status"];
    Ok(Span {
        trace_id: id(&span["traceId"], 16)?,
        span_id: id(&span["spanId"], 8)?,
        parent_span_id: id(&span["parentSpanId"], 8)?,
        name: text(&span["name"])?,
        start_ns: unsigned(&span["startTimeUnixNano"])?,
        end_ns: unsigned(&span["endTimeUnixNano"])?,
        attributes: collect(&span["attributes"], 0)?,
        is_error: enumeration(&status["code"], CODES)? == ERROR,
        status: text(&status["message"])?,
    })
}

pub(crate) fn metric(metric: &Value) -> Result<Metric, Malformed> {
    const TEMPORALITIES: &[(&str, i32)] = &[
        ("AGGREGATION_TEMPORALITY_DELTA", 1),
        ("AGGREGATION_TEMPORALITY_CUMULATIVE", 2),
    ];
    let mut points = Vec::new();
    for member in [
        "gauge",
        "sum",
        "histogram",
        "exponentialHistogram",
        "summary",
    ] {
        let data = &metric[member];
        if data.is_null() {
            continue;
        }
        let kind = match member {
            "gauge" => PointKind::Gauge,
            "summary" => PointKind::Cumulative,
            _ => {
                let temporality = enumeration(&data["aggregationTemporality"], TEMPORALITIES)?;
                kind_of(temporality).ok_or_else(|| wrong("a temporality", data))?
            }
        };
        for point in list(&data["dataPoints"])? {
            let value = match member {
                "gauge" | "sum" if !point["asInt"].is_null() => number(signed(&point["asInt"])?),
                "gauge" | "sum" => or_none(&point["asDouble"])?,
                _ => or_none(&point["sum"])?,
            };
            if value.is_finite() {
                points.push(Point {
                    kind,
                    start_ns: unsigned(&point["startTimeUnixNano"])?,
                    time_ns: unsigned(&point["timeUnixNano"])?,
                    value,
                    attributes: collect(&point["attributes"], 0)?,
                });
            }
        }
    }
    Ok(Metric {
        name: text(&metric["name"])?,
        unit: text(&metric["unit"])?,
        points,
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "totals are kept as floating-point numbers, exact up to 2^53"
)]
const fn number(value: i64) -> f64 {
    value as f64
}

/// What is not there is no number.
fn or_none(value: &Value) -> Result<f64, Malformed> {
    if value.is_null() {
        return Ok(f64::NAN);
    }
    double(value)
}
