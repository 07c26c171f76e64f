//! Log records through OTLP/HTTP, as agents' clients send them: protobuf, a session per connection, every record new.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use civitas_model::{Clock as _, SystemClock};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message as _;

use crate::cases::rate;
use crate::process::Process;
use crate::report::{Case, Report, Times};

/// Records of one request: what an exporter sends at most, unless told otherwise.
const RECORDS: u64 = 512;
/// Connections that send at the same time.
const IN_FLIGHT: u64 = 4;

pub(crate) async fn run(report: &mut Report, folder: &Path, requests: u64) -> anyhow::Result<()> {
    let process = Process::start(&folder.join("telemetry")).await?;
    // Made before the clock runs: the load must not be the one that is measured.
    let sessions: Vec<Vec<Bytes>> = (0..IN_FLIGHT)
        .map(|session| {
            (0..requests)
                .map(|number| export(session, number))
                .collect()
        })
        .collect();
    let began = Instant::now();
    let mut tasks = Vec::new();
    for bodies in sessions {
        let mut client = process.client().await?;
        tasks.push(tokio::spawn(async move {
            let mut times = Vec::with_capacity(bodies.len());
            for body in bodies {
                let sent = Instant::now();
                client.export("/otlp/v1/logs", body).await?;
                times.push(sent.elapsed());
            }
            anyhow::Ok(times)
        }));
    }
    let mut times: Vec<Duration> = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let elapsed = began.elapsed();
    let records = times.len() * usize::try_from(RECORDS)?;
    let times = Times::of(times);
    let figures = [50, 99].into_iter().filter_map(|percent| {
        let name = format!("answer_p{percent}_ms");
        Some((name, times.percentile(percent)?))
    });
    report.add(Case {
        name: format!("telemetry, log records, {RECORDS} a request"),
        in_flight: Some(usize::try_from(IN_FLIGHT)?),
        count: Some(records),
        per_second: Some(rate(records, elapsed)),
        figures: figures.collect(),
    });
    process.kill().await
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    pair(key, Value::StringValue(value.into()))
}

fn number(key: &str, value: u64) -> KeyValue {
    pair(
        key,
        Value::IntValue(i64::try_from(value).unwrap_or_default()),
    )
}

/// One request in four is a request to a model, the others are about tools.
fn record(session: u64, sequence: u64) -> LogRecord {
    let now = u64::try_from(SystemClock.now().as_micros()).unwrap_or_default() * 1000;
    let mut attributes = vec![
        text(
            "session.id",
            format!("00000000-0000-4000-8000-{session:012}"),
        ),
        number("event.sequence", sequence),
        text("event.timestamp", "2026-11-21T23:00:00.000Z"),
        text("prompt.id", format!("prompt-{}", sequence / 40)),
        text("user.id", "5f0c0f0e52a44b8e9a6f0f6f4e0d7a11"),
        text("user.email", "someone@example.com"),
        text("user.account_uuid", "5f0c0f0e-52a4-4b8e-9a6f-0f6f4e0d7a11"),
        text("organization.id", "5f0c0f0e-52a4-4b8e-9a6f-0f6f4e0d7a12"),
        text("terminal.type", "vscode"),
    ];
    let name = if sequence.is_multiple_of(4) {
        attributes.extend([
            text("model", "claude-opus-4"),
            text("request_id", format!("req_{session}_{sequence}")),
            text("query_source", "main"),
            number("cost_usd_micros", 1500),
            number("input_tokens", 100),
            number("output_tokens", 200),
            number("cache_read_tokens", 30_000),
            number("cache_creation_tokens", 400),
            number("duration_ms", 4000),
        ]);
        "api_request"
    } else {
        attributes.extend([
            text("tool_name", "Read"),
            text("tool_use_id", format!("toolu_{session}_{sequence}")),
            text("success", "true"),
            number("duration_ms", 12),
            number("tool_result_size_bytes", 4000),
        ]);
        "tool_result"
    };
    attributes.push(text("event.name", name));
    LogRecord {
        time_unix_nano: now + sequence,
        observed_time_unix_nano: now + sequence,
        body: Some(AnyValue {
            value: Some(Value::StringValue(format!("claude_code.{name}"))),
        }),
        attributes,
        ..LogRecord::default()
    }
}

fn export(session: u64, request: u64) -> Bytes {
    let first = request * RECORDS + 1;
    let records = (first..first + RECORDS).map(|sequence| record(session, sequence));
    let export = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs: vec![ScopeLogs {
                log_records: records.collect(),
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    };
    export.encode_to_vec().into()
}
