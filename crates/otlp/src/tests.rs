//! What others write is read alike in both encodings.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Histogram, HistogramDataPoint, Metric as ProtoMetric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, metric,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as ProtoSpan, Status};
use prost::Message;
use serde_json::{Value, json};

use super::*;

fn any(value: Any) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn pair(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(any(value)),
        ..KeyValue::default()
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    pair(key, Any::StringValue(value.into()))
}

fn resource() -> Resource {
    Resource {
        attributes: vec![text("service.name", "claude-code")],
        ..Resource::default()
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "com.anthropic.claude_code.events".into(),
        ..InstrumentationScope::default()
    }
}

fn log_export(records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource()),
            scope_logs: vec![ScopeLogs {
                scope: Some(scope()),
                log_records: records,
                schema_url: "https://opentelemetry.io/schemas/1.0.0".into(),
            }],
            schema_url: String::new(),
        }],
    }
}

fn record() -> LogRecord {
    let nested = Any::KvlistValue(KeyValueList {
        values: vec![text("inner", "ü")],
    });
    let list = Any::ArrayValue(ArrayValue {
        values: vec![any(Any::IntValue(1)), any(nested)],
    });
    LogRecord {
        time_unix_nano: 1_700_000_000_123_456_789,
        observed_time_unix_nano: 1_700_000_000_200_000_000,
        severity_number: 9,
        severity_text: "INFO".into(),
        body: Some(any(Any::StringValue("claude_code.api_request".into()))),
        attributes: vec![
            text("model", "claude"),
            pair("input_tokens", Any::IntValue(9_007_199_254_740_993)),
            pair("cost_usd", Any::DoubleValue(0.25)),
            pair("fast", Any::BoolValue(true)),
            pair("bytes", Any::BytesValue(vec![1, 2, 255])),
            pair("list", list),
        ],
        dropped_attributes_count: 2,
        flags: 1,
        trace_id: (1..=16).collect(),
        span_id: (1..=8).collect(),
        event_name: "api_request".into(),
    }
}

fn both<T: PartialEq + std::fmt::Debug>(
    message: &(impl Message + serde::Serialize),
    read: fn(&Bytes, Encoding) -> Result<Request<T>, Malformed>,
) -> Request<T> {
    let from_protobuf = read(&message.encode_to_vec().into(), Encoding::Protobuf).unwrap();
    let json = serde_json::to_vec(message).unwrap();
    let from_json = read(&json.into(), Encoding::Json).unwrap();
    assert_eq!(from_protobuf, from_json);
    from_protobuf
}

fn from_json(value: &Value) -> Request<Log> {
    logs(&value.to_string().into(), Encoding::Json).unwrap()
}

#[test]
fn a_log_record_is_the_same_in_both_encodings() {
    let request = both(&log_export(vec![record()]), logs);
    assert_eq!(request.rejected, Rejected::default());
    let group = &request.groups[0];
    assert_eq!(&*group.scope, "com.anthropic.claude_code.events");
    assert_eq!(
        group.resource.text("service.name").as_deref(),
        Some("claude-code")
    );
    let log = &group.records[0];
    assert_eq!(log.time_ns, 1_700_000_000_123_456_789);
    assert_eq!(log.trace_id, "0102030405060708090a0b0c0d0e0f10");
    assert_eq!(log.span_id, "0102030405060708");
    // Beyond what a double holds.
    assert_eq!(
        log.attributes.count("input_tokens"),
        Some(9_007_199_254_740_993)
    );
    assert_eq!(log.attributes.number("cost_usd"), Some(0.25));
    assert_eq!(log.attributes.truth("fast"), Some(true));
    assert_eq!(log.attributes.text("bytes").as_deref(), Some("AQL/"));
    assert_eq!(
        log.attributes.get("list"),
        Some(&json!([1, { "inner": "ü" }]))
    );
}

/// A sum, a gauge and a histogram.
fn metrics_of_every_shape() -> Vec<ProtoMetric> {
    let point = |value, start| NumberDataPoint {
        start_time_unix_nano: start,
        time_unix_nano: 20,
        value: Some(value),
        attributes: vec![text("type", "input")],
        ..NumberDataPoint::default()
    };
    let of = |name: &str, data| ProtoMetric {
        name: name.into(),
        unit: "tokens".into(),
        data: Some(data),
        ..ProtoMetric::default()
    };
    vec![
        of(
            "sum",
            metric::Data::Sum(Sum {
                data_points: vec![point(Number::AsInt(-3), 5), point(Number::AsDouble(1.5), 5)],
                aggregation_temporality: 1,
                is_monotonic: true,
            }),
        ),
        of(
            "gauge",
            metric::Data::Gauge(Gauge {
                data_points: vec![point(Number::AsInt(7), 0)],
            }),
        ),
        of(
            "histogram",
            metric::Data::Histogram(Histogram {
                data_points: vec![HistogramDataPoint {
                    start_time_unix_nano: 1,
                    time_unix_nano: 2,
                    count: 3,
                    sum: Some(4.5),
                    bucket_counts: vec![1, 2],
                    explicit_bounds: vec![1.0],
                    ..HistogramDataPoint::default()
                }],
                aggregation_temporality: 2,
            }),
        ),
    ]
}

#[test]
fn metrics_of_every_shape_are_the_same_in_both_encodings() {
    let message = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource()),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope()),
                metrics: metrics_of_every_shape(),
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    };
    let request = both(&message, metrics);
    let read = &request.groups[0].records;
    let values: Vec<(PointKind, f64)> = read
        .iter()
        .flat_map(|metric| &metric.points)
        .map(|point| (point.kind, point.value))
        .collect();
    assert_eq!(
        values,
        [
            (PointKind::Delta, -3.0),
            (PointKind::Delta, 1.5),
            (PointKind::Gauge, 7.0),
            (PointKind::Cumulative, 4.5)
        ]
    );
}

#[test]
fn a_span_is_the_same_in_both_encodings() {
    let span = ProtoSpan {
        trace_id: (1..=16).collect(),
        span_id: (1..=8).collect(),
        parent_span_id: (2..=9).collect(),
        name: "chat claude".into(),
        kind: 3,
        start_time_unix_nano: 10,
        end_time_unix_nano: 30,
        attributes: vec![pair("gen_ai.usage.input_tokens", Any::IntValue(12))],
        status: Some(Status {
            message: "overloaded".into(),
            code: 2,
        }),
        ..ProtoSpan::default()
    };
    let message = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource()),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope()),
                spans: vec![span],
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    };
    let request = both(&message, traces);
    let span = &request.groups[0].records[0];
    assert!(span.is_error);
    assert_eq!(span.status, "overloaded");
    assert_eq!(span.parent_span_id, "0203040506070809");
    assert_eq!(span.attributes.count("gen_ai.usage.input_tokens"), Some(12));
}

#[test]
fn a_broken_record_costs_itself_alone() {
    let mut bodies = Vec::new();
    for broken in [vec![0x2a, 0x05, b'x'], vec![0x62, 0x02, 0xff, 0xff]] {
        let good = record().encode_to_vec();
        let mut scope = Vec::new();
        for part in [&good, &broken, &good] {
            prost::encoding::bytes::encode(2, part, &mut scope);
        }
        let (mut resource, mut body) = (Vec::new(), Vec::new());
        prost::encoding::bytes::encode(2, &scope, &mut resource);
        prost::encoding::bytes::encode(1, &resource, &mut body);
        bodies.push(body);
    }
    for body in bodies {
        let request = logs(&body.into(), Encoding::Protobuf).unwrap();
        assert_eq!(request.groups[0].records.len(), 2);
        assert_eq!(request.rejected.count, 1);
    }
    let request = from_json(&json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [
        { "timeUnixNano": "1", "body": { "stringValue": "a" } },
        { "timeUnixNano": "1", "traceId": "nonsense" },
        { "timeUnixNano": {} },
        7,
        { "timeUnixNano": 2, "body": null, "unknown": [1, { "deep": null }] },
    ] }] }] }));
    assert_eq!(request.groups[0].records.len(), 2);
    assert_eq!(request.rejected.count, 3);
    let reason = request.rejected.reason.unwrap();
    assert_eq!(reason, "an id in hexadecimal cannot be \"nonsense\"");
}

#[test]
fn json_is_read_as_the_mapping_allows() {
    let attributes = json!([
        { "key": "a", "value": { "intValue": 5 } },
        { "key": "b", "value": { "intValue": "-9223372036854775808" } },
        { "key": "c", "value": { "doubleValue": "NaN" } },
        { "key": "d", "value": { "doubleValue": 3 } },
        { "key": "e", "value": {} },
        { "key": "f", "value": null },
        { "key": "g", "value": { "futureValue": 1, "stringValue": "s" } },
        { "key": "h" },
    ]);
    let request = from_json(&json!({ "resourceLogs": [
        { "resource": null, "scopeLogs": null },
        { "scopeLogs": [{ "scope": {}, "logRecords": [{ "attributes": attributes, "severityNumber": null }] }] },
    ], "more": true }));
    assert_eq!(request.rejected, Rejected::default());
    let log = &request.groups[0].records[0];
    let expected = json!({ "a": 5, "b": i64::MIN, "c": "NaN", "d": 3.0, "e": null, "f": null, "g": "s", "h": null });
    for (key, value) in log.attributes.iter() {
        assert_eq!(value, &expected[key], "{key}");
    }
    assert_eq!(log.attributes.iter().count(), 8);
}

#[test]
fn what_cannot_be_taken_apart_fails() {
    for (body, encoding) in [
        (&b"{"[..], Encoding::Json),
        (b"[]", Encoding::Json),
        (b"{\"resourceLogs\": 5}", Encoding::Json),
        (b"{\"resourceLogs\": [{\"scopeLogs\": {}}]}", Encoding::Json),
        (b"\x0a\xff", Encoding::Protobuf),
        (b"\x0a\x05abc", Encoding::Protobuf),
        (b"nonsense", Encoding::Protobuf),
        (
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            Encoding::Protobuf,
        ),
    ] {
        let body = Bytes::copy_from_slice(body);
        assert!(logs(&body, encoding).is_err(), "{body:?}");
    }
    for encoding in [Encoding::Json, Encoding::Protobuf] {
        let body: &'static [u8] = if encoding == Encoding::Json {
            b"{}"
        } else {
            b""
        };
        let request = logs(&Bytes::from_static(body), encoding).unwrap();
        assert!(request.groups.is_empty());
    }
}

#[test]
fn more_than_may_be_is_counted_and_not_kept() {
    let many = RECORDS_MAX + 5;
    let request = both(&log_export(vec![LogRecord::default(); many]), logs);
    assert_eq!(request.groups[0].records.len(), RECORDS_MAX);
    assert_eq!(request.rejected.count, 5);

    // Two bytes each: a million of them must cost nothing.
    let scope: Vec<u8> = [0x12, 0x00].repeat(1_000_000);
    let (mut resource, mut body) = (Vec::new(), Vec::new());
    prost::encoding::bytes::encode(2, &scope, &mut resource);
    prost::encoding::bytes::encode(1, &resource, &mut body);
    let request = logs(&body.into(), Encoding::Protobuf).unwrap();
    assert_eq!(
        request.rejected.count,
        1_000_000 - u64::try_from(RECORDS_MAX).unwrap()
    );

    let mut wide = record();
    wide.attributes = (0..500)
        .map(|at| text(&format!("key{at}"), &"ö".repeat(TEXT_BYTES_MAX)))
        .take(20)
        .chain((0..200).map(|at| text(&format!("more{at}"), "x")))
        .collect();
    let mut large = record();
    large.body = Some(any(Any::StringValue("x".repeat(RECORD_BYTES_MAX))));
    let mut few = wide.clone();
    few.attributes.drain(..18);
    let request = both(&log_export(vec![few, large]), logs);
    assert_eq!(request.rejected.count, 1);
    let log = &request.groups[0].records[0];
    assert_eq!(log.attributes.iter().count(), ATTRIBUTES_MAX);
    let cut = log.attributes.text("key18").unwrap();
    assert!(cut.len() <= TEXT_BYTES_MAX && cut.ends_with('…'));
}

#[test]
fn what_lies_too_deep_is_left_out() {
    let mut value = Any::StringValue("bottom".into());
    for _ in 0..20 {
        value = Any::ArrayValue(ArrayValue {
            values: vec![any(value)],
        });
    }
    let mut deep = record();
    deep.attributes = vec![pair("deep", value)];
    let request = both(&log_export(vec![deep]), logs);
    let shown = request.groups[0].records[0].attributes.get("deep").unwrap();
    assert_eq!(shown.to_string(), "[[[[[[null]]]]]]");
}

#[test]
fn answers_are_in_the_encoding_of_the_request() {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
    let none = Rejected::default();
    assert!(answer(Signal::Logs, Encoding::Protobuf, &none).is_empty());
    assert_eq!(answer(Signal::Logs, Encoding::Json, &none), b"{}");
    let mut some = Rejected::default();
    some.add(3, || "why".into());
    let body = answer(Signal::Logs, Encoding::Protobuf, &some);
    let read = ExportLogsServiceResponse::decode(&*body).unwrap();
    let partial = read.partial_success.unwrap();
    assert_eq!(
        (partial.rejected_log_records, &*partial.error_message),
        (3, "why")
    );
    let json: Value =
        serde_json::from_slice(&answer(Signal::Traces, Encoding::Json, &some)).unwrap();
    assert_eq!(
        json,
        json!({ "partialSuccess": { "rejectedSpans": "3", "errorMessage": "why" } })
    );
    assert_eq!(
        status(Encoding::Json, 3, "no"),
        br#"{"code":3,"message":"no"}"#
    );
    assert_eq!(
        status(Encoding::Protobuf, 3, "no"),
        [0x08, 3, 0x12, 2, b'n', b'o']
    );
}
