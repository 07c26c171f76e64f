//! `/otlp/v1` and `/api/v1/telemetry`.

use std::io::Write as _;
use std::time::Duration;

use axum::http::Method;
use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry::trace::{Span as _, SpanKind, Tracer as _, TracerProvider as _};
use opentelemetry::{KeyValue, trace};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_sdk::trace::SdkTracerProvider;
use prost::Message as _;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::server::TestServer;

const LOGS: &str = "/otlp/v1/logs";
const PROTOBUF: &str = "application/x-protobuf";

/// An attribute in the form of the JSON mapping.
fn pair(key: &str, value: &Value) -> Value {
    let value = match value {
        Value::String(text) => json!({ "stringValue": text }),
        Value::Bool(truth) => json!({ "boolValue": truth }),
        Value::Number(number) if number.is_f64() => json!({ "doubleValue": number }),
        number => json!({ "intValue": number.to_string() }),
    };
    json!({ "key": key, "value": value })
}

fn pairs(attributes: &Value) -> Vec<Value> {
    let attributes = attributes.as_object().unwrap().iter();
    attributes.map(|(key, value)| pair(key, value)).collect()
}

/// The server's clock is the machine's: events of the last minute.
fn nanos(number: u64) -> String {
    let now = civitas_model::Clock::now(&civitas_model::SystemClock).as_micros();
    // To the minute, so that an export that is sent again says the same.
    let minute = u64::try_from(now).unwrap() / 60_000_000 * 60_000_000;
    ((minute + number) * 1000).to_string()
}

/// An event as Claude Code sends it.
fn event(session: &str, number: u64, name: &str, more: &Value) -> Value {
    let mut attributes = pairs(&json!({
        "session.id": session,
        "event.name": name,
        "event.sequence": number,
        "prompt.id": "prompt-1",
        "user.email": "ada@example.com",
        "user.account_uuid": "user-1",
        "organization.id": "organization-1",
    }));
    attributes.extend(pairs(more));
    json!({
        "timeUnixNano": nanos(number),
        "observedTimeUnixNano": nanos(number),
        "body": { "stringValue": format!("claude_code.{name}") },
        "attributes": attributes,
    })
}

pub(crate) fn request(session: &str, number: u64, id: &str) -> Value {
    let facts = json!({
        "model": "claude-opus-4", "cost_usd": 0.0015, "cost_usd_micros": 1500, "duration_ms": 900,
        "input_tokens": 100, "output_tokens": 20, "cache_read_tokens": 5000, "cache_creation_tokens": 30,
        "request_id": id, "query_source": "main", "agent.name": "coder", "speed": "normal",
    });
    event(session, number, "api_request", &facts)
}

pub(crate) fn logs(records: &[Value]) -> Value {
    json!({ "resourceLogs": [{
        "resource": { "attributes": pairs(&json!({ "service.name": "claude-code", "service.version": "2.1.240" })) },
        "scopeLogs": [{ "scope": { "name": "com.anthropic.claude_code.events" }, "logRecords": records }],
    }] })
}

/// Events of a session of every kind that is known.
fn session(id: &str) -> Vec<Value> {
    vec![
        event(
            id,
            1,
            "user_prompt",
            &json!({ "prompt": "the secret plan", "prompt_length": 15 }),
        ),
        request(id, 2, "req_1"),
        event(
            id,
            3,
            "tool_decision",
            &json!({ "tool_name": "Bash", "tool_use_id": "toolu_1", "decision": "accept", "source": "config" }),
        ),
        event(
            id,
            4,
            "tool_result",
            &json!({ "tool_name": "Bash", "tool_use_id": "toolu_1", "success": "true", "duration_ms": 12 }),
        ),
        event(
            id,
            5,
            "tool_decision",
            &json!({ "tool_name": "Write", "tool_use_id": "toolu_2", "decision": "reject", "source": "user_reject" }),
        ),
        event(
            id,
            6,
            "api_error",
            &json!({ "model": "claude-opus-4", "error": "overloaded", "status_code": 529 }),
        ),
        event(id, 7, "compaction", &json!({ "trigger": "auto" })),
        event(id, 8, "invented_later", &json!({ "anything": true })),
        request(id, 9, "req_2"),
    ]
}

fn protobuf(export: &Value) -> Vec<u8> {
    let message: ExportLogsServiceRequest = serde_json::from_value(export.clone()).unwrap();
    message.encode_to_vec()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) async fn send(client: &Client, export: &Value) -> Answer {
    client.post(LOGS).json(export).send().await
}

async fn shown(client: &Client, session: &str) -> Value {
    let path = format!("/api/v1/telemetry/sessions/{session}");
    client.get(path).send().await.ok()
}

/// What a session says, whatever it is called.
async fn compared(client: &Client, session: &str) -> Value {
    let mut shown = shown(client, session).await;
    shown["received_at"] = Value::Null;
    serde_json::from_str(&shown.to_string().replace(session, "SESSION")).unwrap()
}

async fn register(client: &Client, name: &str) -> String {
    let agent = crate::agents::agent(name);
    let answer = client.post("/api/v1/agents").json(&agent).send().await;
    answer.json()["agent_id"].as_str().unwrap().to_owned()
}

async fn spent(client: &Client, agent: &str) -> Value {
    let path = format!("/api/v1/agents/{agent}");
    client.get(path).send().await.ok()["budget"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_encodings_plain_and_packed_say_the_same() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let agent = register(&anyone, "coder").await;
    let answer = send(&anyone, &logs(&session("one"))).await;
    assert_eq!(
        (answer.ok(), answer.header("content-type")),
        (json!({}), "application/json")
    );
    let plain = anyone.post(LOGS).header("content-type", PROTOBUF);
    let answer = plain.body(protobuf(&logs(&session("two")))).send().await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), PROTOBUF);
    let response = ExportLogsServiceResponse::decode(&*answer.body).unwrap();
    assert_eq!(response.partial_success, None);
    let packed = anyone
        .post(LOGS)
        .header("content-type", PROTOBUF)
        .header("content-encoding", "gzip");
    let answer = packed
        .body(gzip(&protobuf(&logs(&session("three")))))
        .send()
        .await;
    assert_eq!(answer.status.as_u16(), 200);
    let one = compared(&anyone, "one").await;
    assert_eq!(one, compared(&anyone, "two").await);
    assert_eq!(one, compared(&anyone, "three").await);

    assert_eq!(
        (&one["agent_id"], &one["agent_name"]),
        (&json!(agent), &json!("coder"))
    );
    assert_eq!(
        (&one["user_email"], &one["client_version"]),
        (&json!("ada@example.com"), &json!("2.1.240"))
    );
    assert_eq!(
        (&one["metered"], &one["cost_usd"]),
        (&json!(true), &json!(0.003))
    );
    let tokens = json!({ "input": 200, "output": 40, "cache_read": 10_000, "cache_creation": 60, "charged": 300 });
    assert_eq!(one["tokens"], tokens);
    let counts = json!({
        "requests": 2, "unpriced": 0, "errors": 1, "prompts": 1, "tools_accepted": 1, "tools_rejected": 1,
        "tools_succeeded": 1, "tools_failed": 0, "events": 7, "unknown": 1, "dropped": 0,
    });
    assert_eq!(one["counts"], counts);
    assert_eq!(
        one["sequence"],
        json!({ "last": 9, "missing": 0, "gaps": [] })
    );
    let timeline = one["timeline"].as_array().unwrap();
    let names: Vec<_> = timeline
        .iter()
        .map(|entry| entry["name"].as_str().unwrap())
        .collect();
    assert_eq!(names[0], "model_request");
    assert_eq!(names[1], "claude_code.invented_later");
    assert_eq!(
        timeline[8]["event"]["attributes"],
        json!({ "prompt_length": 15 }),
        "the text is not kept"
    );
    assert_eq!(timeline[6]["event"]["tool_use_id"], "toolu_1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_sent_again_changes_and_charges_nothing() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let agent = register(&anyone, "coder").await;
    send(&anyone, &logs(&session("s"))).await.ok();
    let (once, paid) = (compared(&anyone, "s").await, spent(&anyone, &agent).await);
    assert_eq!(
        (&paid["cost_used_today"], &paid["tokens_used_today"]),
        (&json!(0.003), &json!(300))
    );
    for _ in 0..3 {
        send(&anyone, &logs(&session("s"))).await.ok();
    }
    // The same in another encoding, and in parts.
    let request = anyone.post(LOGS).header("content-type", PROTOBUF);
    let again = request.body(protobuf(&logs(&session("s")))).send().await;
    assert_eq!(again.status.as_u16(), 200);
    for record in session("s").chunks(2) {
        send(&anyone, &logs(record)).await.ok();
    }
    assert_eq!(compared(&anyone, "s").await, once);
    assert_eq!(spent(&anyone, &agent).await, paid);
    let requests = anyone.get("/api/v1/telemetry/requests").send().await.ok();
    assert_eq!(requests["requests"].as_array().unwrap().len(), 2);
    let telemetry = server.state.store.telemetry();
    let tenant = civitas_model::TenantId::trusted("default_tenant");
    let since = server.state.clock.now().minus(Duration::from_mins(10));
    assert!(telemetry.is_metered(&tenant, "s", since).await.unwrap());
    assert!(!telemetry.is_metered(&tenant, "other", since).await.unwrap());
    let begun = anyone
        .get("/api/v1/audit?category=telemetry")
        .send()
        .await
        .ok();
    assert_eq!(begun["entries"].as_array().unwrap().len(), 1);
    assert_eq!(begun["entries"][0]["entry"]["action"], "begin_session");
}

#[tokio::test(flavor = "multi_thread")]
async fn gaps_are_shown_until_what_is_late_arrives() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let all = session("s");
    let parts = [&all[..2], &all[4..5], &all[8..]];
    for part in parts {
        send(&anyone, &logs(part)).await.ok();
    }
    let sequence = shown(&anyone, "s").await["sequence"].clone();
    let gaps = json!([{ "first": 3, "last": 4 }, { "first": 6, "last": 8 }]);
    assert_eq!(sequence, json!({ "last": 9, "missing": 5, "gaps": gaps }));
    let gappy = "/api/v1/telemetry/sessions?gaps=true";
    let listed = anyone.get(gappy).send().await.ok();
    assert_eq!(listed["sessions"][0]["session_id"], "s");
    let late: Vec<Value> = [7, 5, 6, 3, 2].map(|at| all[at].clone()).into();
    send(&anyone, &logs(&late)).await.ok();
    let sequence = shown(&anyone, "s").await["sequence"].clone();
    assert_eq!(sequence, json!({ "last": 9, "missing": 0, "gaps": [] }));
    assert_eq!(anyone.get(gappy).send().await.ok()["sessions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_in_the_encoding_of_the_request() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let post = |content_type: &str, body: Vec<u8>| {
        anyone
            .post(LOGS)
            .header("content-type", content_type)
            .body(body)
    };
    let refused = post("application/json", b"{".to_vec()).send().await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["code"]),
        (400, &json!(3))
    );
    let refused = post(PROTOBUF, b"nonsense".to_vec()).send().await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("content-type")),
        (400, PROTOBUF)
    );
    assert_eq!(
        refused.body[..2],
        [0x08, 3],
        "google.rpc.Status with the code 3"
    );
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let refused = post(content_type, b"{}".to_vec()).send().await;
        assert_eq!(refused.status.as_u16(), 415, "{content_type}");
        assert_eq!(refused.json()["code"], 3);
    }
    // Refused by what it announces: nobody has to send it first.
    let announced = format!(
        "POST {LOGS} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        20 << 20
    );
    let answer = anyone.raw(announced.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    for content in [vec![0; 200 << 20], vec![b' '; 20 << 20]] {
        let bomb = post(PROTOBUF, gzip(&content)).header("content-encoding", "gzip");
        assert_eq!(bomb.send().await.status.as_u16(), 413);
    }
    let damaged = post(PROTOBUF, b"not gzip".to_vec()).header("content-encoding", "gzip");
    assert_eq!(damaged.send().await.status.as_u16(), 400);
    let unknown = post(PROTOBUF, Vec::new()).header("content-encoding", "br");
    assert_eq!(unknown.send().await.status.as_u16(), 415);
    assert_eq!(
        post(PROTOBUF, Vec::new()).send().await.status.as_u16(),
        200,
        "nothing is fine"
    );

    // A broken record costs itself alone.
    let mut records = session("s");
    records[3] = json!({ "timeUnixNano": "tomorrow" });
    records[4] = json!({ "traceId": "xyz" });
    let answer = send(&anyone, &logs(&records)).await.ok();
    assert_eq!(answer["partialSuccess"]["rejectedLogRecords"], "2");
    assert_eq!(
        answer["partialSuccess"]["errorMessage"],
        "a time cannot be \"tomorrow\""
    );
    assert_eq!(shown(&anyone, "s").await["counts"]["requests"], 2);
    let metrics = json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": [{ "name": "m", "sum": { "dataPoints": [{}] } }] }] }] });
    let answer = anyone
        .post("/otlp/v1/metrics")
        .json(&metrics)
        .send()
        .await
        .ok();
    assert_eq!(answer["partialSuccess"]["rejectedDataPoints"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_kept_when_an_administrator_says_so() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let user = server
        .member("user@x.example", civitas_model::Role::User)
        .await;
    let settings = "/api/v1/telemetry/settings";
    let kept = json!({ "keep_texts": true });
    let put = |client: &Client| client.request(Method::PUT, settings).json(&kept);
    put(&user).send().await.problem(403, "forbidden");
    send(&user, &logs(&session("before"))).await.ok();
    put(&operator).send().await.ok();
    assert_eq!(user.get(settings).send().await.ok(), kept);
    send(&user, &logs(&session("after"))).await.ok();
    let before = shown(&user, "before").await.to_string();
    assert!(!before.contains("the secret plan"), "{before}");
    let after = shown(&user, "after").await.to_string();
    assert!(after.contains("the secret plan"), "{after}");
    let entries = operator
        .get("/api/v1/audit?action=change_settings")
        .send()
        .await
        .ok();
    assert_eq!(entries["entries"][0]["body"], kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_the_scope_hooks_is_enough_and_another_tenant_sees_nothing() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let token = async |scope: &str| {
        let new = json!({ "name": scope, "scopes": [scope] });
        let made = operator
            .post("/api/auth/tokens")
            .json(&new)
            .send()
            .await
            .ok();
        Client::new(
            server.address,
            Some(made["token"].as_str().unwrap().to_owned()),
        )
    };
    send(&token("read").await, &logs(&session("s")))
        .await
        .problem(403, "forbidden");
    send(&token("hooks").await, &logs(&session("s"))).await.ok();
    server
        .anonymous()
        .post(LOGS)
        .json(&logs(&[]))
        .send()
        .await
        .problem(401, "unauthorized");
    let stranger = server.user("stranger@x.example").await;
    let sessions = stranger.get("/api/v1/telemetry/sessions").send().await.ok();
    assert_eq!(sessions["sessions"], json!([]));
    let path = "/api/v1/telemetry/sessions/s";
    stranger.get(path).send().await.problem(404, "not_found");
    // The same session and requests are the stranger's own.
    send(&stranger, &logs(&session("s"))).await.ok();
    assert_eq!(shown(&stranger, "s").await["counts"]["requests"], 2);
    assert_eq!(shown(&operator, "s").await["counts"]["requests"], 2);
    let summary = stranger.get("/api/v1/telemetry/summary").send().await.ok();
    assert_eq!(summary["total"]["requests"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_add_up_and_charge_nothing() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let agent = register(&anyone, "coder").await;
    let export = |temporality: u32, name: &str, start: u64, time: u64, value: u64| {
        let attributes = json!({ "session.id": "s", "type": "input", "model": "claude-opus-4", "agent.name": "coder" });
        let point = json!({
            "startTimeUnixNano": nanos(start), "timeUnixNano": nanos(time), "asInt": value.to_string(),
            "attributes": pairs(&attributes),
        });
        let sum = json!({ "aggregationTemporality": temporality, "isMonotonic": true, "dataPoints": [point] });
        json!({ "resourceMetrics": [{ "resource": {}, "scopeMetrics": [{ "scope": {}, "metrics": [{ "name": name, "sum": sum }] }] }] })
    };
    let path = "/otlp/v1/metrics";
    for (start, time, value) in [(0, 10, 5), (10, 20, 7), (10, 20, 7)] {
        let delta = export(1, "claude_code.token.usage", start, time, value);
        anyone.post(path).json(&delta).send().await.ok();
    }
    for (time, value) in [(10, 5), (20, 12), (20, 12)] {
        let cumulative = export(2, "claude_code.cost.usage", 0, time, value);
        let message: ExportMetricsServiceRequest = serde_json::from_value(cumulative).unwrap();
        let request = anyone.post(path).header("content-type", PROTOBUF);
        let answer = request.body(message.encode_to_vec()).send().await;
        assert_eq!(answer.status.as_u16(), 200);
    }
    let session = shown(&anyone, "s").await;
    let total = |metric: &str, total: f64| json!({ "metric": metric, "model": "claude-opus-4", "type": "input", "total": total });
    let expected = json!([
        total("claude_code.cost.usage", 12.0),
        total("claude_code.token.usage", 12.0)
    ]);
    assert_eq!(session["metrics"], expected);
    assert_eq!(
        (&session["metered"], &session["cost_usd"]),
        (&json!(false), &json!(0.0))
    );
    assert_eq!(spent(&anyone, &agent).await["cost_used_today"], 0.0);
}

/// What OpenTelemetry's own exporter sends.
fn export_spans(endpoint: &str) {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint)
        .build()
        .unwrap();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter)
        .build();
    let tracer = provider.tracer("an agent framework");
    let attributes = [
        KeyValue::new("gen_ai.operation.name", "chat"),
        KeyValue::new("gen_ai.conversation.id", "conversation"),
        KeyValue::new("gen_ai.request.model", "gpt"),
        KeyValue::new("gen_ai.response.id", "resp_1"),
        KeyValue::new("gen_ai.usage.input_tokens", 100),
        KeyValue::new("gen_ai.usage.cache_read.input_tokens", 60),
        KeyValue::new("gen_ai.usage.output_tokens", 9),
        KeyValue::new("gen_ai.agent.name", "coder"),
        KeyValue::new("gen_ai.input.messages", "the secret plan"),
    ];
    let span = tracer.span_builder("chat gpt").with_kind(SpanKind::Client);
    span.with_attributes(attributes).start(&tracer).end();
    let attributes = [
        KeyValue::new("gen_ai.operation.name", "execute_tool"),
        KeyValue::new("gen_ai.conversation.id", "conversation"),
        KeyValue::new("gen_ai.tool.call.id", "call_1"),
    ];
    let span = tracer.span_builder("execute_tool search");
    let mut span = span.with_attributes(attributes).start(&tracer);
    span.set_status(trace::Status::error("no index"));
    span.end();
    provider.shutdown().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_of_a_real_exporter_are_understood() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let agent = register(&anyone, "coder").await;
    let endpoint = format!("http://{}/otlp/v1/traces", server.address);
    tokio::task::spawn_blocking(move || export_spans(&endpoint))
        .await
        .unwrap();
    let session = shown(&anyone, "conversation").await;
    assert_eq!(session["models"], json!(["gpt"]));
    let tokens =
        json!({ "input": 40, "output": 9, "cache_read": 60, "cache_creation": 0, "charged": 49 });
    assert_eq!(session["tokens"], tokens);
    assert_eq!(
        (
            &session["counts"]["unpriced"],
            &session["counts"]["tools_failed"]
        ),
        (&json!(1), &json!(1))
    );
    assert!(!session.to_string().contains("the secret plan"));
    let requests = anyone.get("/api/v1/telemetry/requests").send().await.ok();
    assert_eq!(requests["requests"][0]["request_id"], "resp_1");
    assert_eq!(spent(&anyone, &agent).await["tokens_used_today"], 49);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_sums_cover_everything_once() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for number in 0..5 {
        let name = format!("s.{number}");
        let records = [
            request(&name, number + 1, "req.1"),
            request(&name, number + 1, "req.2"),
        ];
        send(&anyone, &logs(&records)).await.ok();
    }
    for (path, list, expected) in [("sessions", "sessions", 5), ("requests", "requests", 10)] {
        let (mut cursor, mut seen) = (String::new(), Vec::new());
        loop {
            let path = format!("/api/v1/telemetry/{path}?limit=2{cursor}");
            let page = anyone.get(path).send().await.ok();
            seen.extend(page[list].as_array().unwrap().iter().map(Value::to_string));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), expected, "{path}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), expected, "{path}");
    }
    let wrong = anyone
        .get("/api/v1/telemetry/requests?cursor=x")
        .send()
        .await;
    wrong.problem(422, "validation_failed");
    let summary = anyone
        .get("/api/v1/telemetry/summary?days=2")
        .send()
        .await
        .ok();
    assert_eq!(summary["total"]["requests"], 10);
    assert_eq!(summary["by_agent"][0]["name"], "coder");
    assert_eq!(summary["by_model"][0]["cost_usd"], 0.015);
    let (mut before, mut seen) = (String::new(), 0);
    send(&anyone, &logs(&session("long"))).await.ok();
    loop {
        let path = format!("/api/v1/telemetry/sessions/long?limit=2{before}");
        let part = anyone.get(path).send().await.ok();
        seen += part["timeline"].as_array().unwrap().len();
        match part["next_before"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    assert_eq!(seen, 9);
}
