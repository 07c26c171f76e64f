//! What records are understood as.

use civitas_model::Money;
use civitas_model::telemetry::EventKind;
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

fn pairs(attributes: &Value) -> Vec<Value> {
    let attributes = attributes.as_object().unwrap().iter();
    let value = |value: &Value| match value {
        Value::String(text) => json!({ "stringValue": text }),
        Value::Bool(truth) => json!({ "boolValue": truth }),
        Value::Number(number) if number.is_f64() => json!({ "doubleValue": number }),
        other => json!({ "intValue": other.to_string() }),
    };
    attributes
        .map(|(key, said)| json!({ "key": key, "value": value(said) }))
        .collect()
}

/// One record of a client, at a time in nanoseconds.
fn log(time_ns: &str, body: &str, attributes: &Value) -> Vec<batch::Session> {
    let export = json!({ "resourceLogs": [{
        "resource": { "attributes": pairs(&json!({ "service.name": "claude-code", "user.email": "ada@example.com" })) },
        "scopeLogs": [{ "logRecords": [
            { "timeUnixNano": time_ns, "body": { "stringValue": body }, "attributes": pairs(attributes) }
        ] }],
    }] });
    let body = export.to_string().into();
    let batch = Batch::of_logs(&body, Encoding::Json, TelemetrySettings::default(), NOW);
    batch.unwrap().sessions
}

fn span(name: &str, attributes: &Value, status: u32) -> Vec<batch::Session> {
    let export = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{
        "traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "0102030405060708", "name": name,
        "startTimeUnixNano": "1790000000000000000", "endTimeUnixNano": "1790000000250000000",
        "attributes": pairs(attributes), "status": { "code": status },
    }] }] }] });
    let body = export.to_string().into();
    let batch = Batch::of_spans(&body, Encoding::Json, TelemetrySettings::default(), NOW);
    batch.unwrap().sessions
}

#[test]
fn an_event_is_named_by_its_attribute_or_its_text() {
    let at = "1790000000000000000";
    for (body, attributes) in [
        ("claude_code.auth", json!({ "session.id": "s" })),
        ("claude_code.auth", json!({ "event.name": "auth" })),
        ("signed in", json!({ "event.name": "claude_code.auth" })),
    ] {
        let sessions = log(at, body, &attributes);
        assert_eq!(sessions[0].events[0].name, "claude_code.auth", "{body}");
        assert_eq!(sessions[0].events[0].kind, EventKind::Other);
    }
    let nameless = log(at, "some words", &json!({}));
    assert_eq!(nameless[0].session_id, "unattributed");
    assert_eq!(nameless[0].events[0].name, "claude_code.log");
    assert_eq!(nameless[0].events[0].kind, EventKind::Unknown);
    assert_eq!(
        nameless[0].facts.user_email.as_deref(),
        Some("ada@example.com")
    );
}

#[test]
fn the_same_event_has_the_same_key_and_others_have_others() {
    let key = |at: &str, attributes: &Value| {
        let sessions = log(at, "claude_code.auth", attributes);
        sessions[0].events[0].event_key.clone()
    };
    let (one, two) = ("1790000000000000000", "1790000000000000001");
    let numbered = json!({ "session.id": "s", "event.sequence": 4 });
    assert_eq!(key(one, &numbered), key(one, &numbered));
    assert_ne!(key(one, &numbered), key(two, &numbered));
    let next = json!({ "session.id": "s", "event.sequence": 5 });
    assert_ne!(key(one, &numbered), key(one, &next));
    // Without a number, everything that it says tells it apart.
    let (a, b) = (json!({ "x": 1 }), json!({ "x": 2 }));
    assert_eq!(key(one, &a), key(one, &a));
    assert_ne!(key(one, &a), key(one, &b));
    assert!(key(one, &b) < key(two, &a), "keys sort by time");
}

#[test]
fn a_request_is_priced_by_the_whole_number_and_clocks_are_believed_within_reason() {
    let facts = json!({
        "session.id": "s", "event.name": "api_request", "model": "m", "request_id": "r", "input_tokens": "12",
        "output_tokens": 3.0, "cost_usd": 0.001_234_56, "cost_usd_micros": 1235, "query_source": "subagent",
        "agent.name": "helper",
    });
    for time in ["0", "1", "99999999999999999999"] {
        if time.len() < 20 {
            let request = &log(time, "", &facts)[0].requests[0];
            assert_eq!(request.at, NOW, "{time}");
        }
    }
    let sessions = log("1789999999000000000", "", &facts);
    let request = &sessions[0].requests[0];
    assert_eq!(request.at.as_micros(), 1_789_999_999_000_000);
    assert_eq!((request.tokens.input, request.tokens.output), (12, 3));
    assert_eq!(request.cost.unwrap().as_micros(), 1235);
    assert_eq!(request.agent_name.as_deref(), Some("helper"));
    assert_eq!(
        sessions[0].facts.agent_name, None,
        "a sub-agent is not the session's agent"
    );
    let bare = json!({ "event.name": "api_request", "cost_usd": 0.000_002, "input_tokens": -5 });
    let request = &log("0", "", &bare)[0].requests[0];
    assert_eq!(request.cost.unwrap().as_micros(), 2);
    assert_eq!(request.tokens.input, 0);
    assert!(request.request_id.starts_with("event:"));
}

#[test]
fn spans_of_models_are_requests_and_others_events() {
    let facts = json!({
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt", "gen_ai.response.model": "gpt-2",
        "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 4,
    });
    let sessions = span("chat gpt", &facts, 0);
    let request = &sessions[0].requests[0];
    assert_eq!(
        sessions[0].session_id,
        "trace-0102030405060708090a0b0c0d0e0f10"
    );
    assert_eq!(
        (request.model.as_str(), request.duration_ms),
        ("gpt-2", Some(250))
    );
    assert_eq!(
        request.request_id,
        "span:0102030405060708090a0b0c0d0e0f10:0102030405060708"
    );
    let failed = json!({ "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt" });
    assert_eq!(
        span("chat gpt", &failed, 2)[0].events[0].kind,
        EventKind::Error
    );
    let tool = json!({ "gen_ai.operation.name": "execute_tool" });
    assert_eq!(
        span("t", &tool, 0)[0].events[0].kind,
        EventKind::ToolResult(true)
    );
    let inference = json!({
        "openinference.span.kind": "LLM", "llm.model_name": "m", "llm.token_count.prompt": 9,
        "llm.token_count.completion": 2, "session.id": "s", "input.value": "secret",
    });
    let sessions = span("llm", &inference, 0);
    assert_eq!(sessions[0].requests[0].tokens.input, 9);
    let own = json!({ "session.id": "s", "request_id": "req_1", "input_tokens": 5, "model": "m" });
    assert_eq!(
        span("claude_code.llm_request", &own, 0)[0].requests[0].request_id,
        "req_1"
    );
    // Without the id that its event has, too, it would count twice.
    let nameless = json!({ "session.id": "s", "input_tokens": 5 });
    assert!(
        span("claude_code.llm_request", &nameless, 0)[0]
            .requests
            .is_empty()
    );
}

#[test]
fn what_was_said_is_not_kept() {
    let facts = json!({
        "event.name": "user_prompt", "session.id": "s", "prompt": "secret", "prompt_length": 6, "other": "kept",
        "llm.input_messages.0.content": "secret",
    });
    let sessions = log("0", "secret words", &facts);
    let event = &sessions[0].events[0];
    let kept: Value = serde_json::from_str(&event.attributes).unwrap();
    assert_eq!(kept, json!({ "prompt_length": 6, "other": "kept" }));
}

#[test]
fn a_long_report_is_cut_into_pieces_in_order() {
    let records: Vec<Value> = (0..25)
        .map(|number| {
            let attributes =
                json!({ "session.id": "s", "event.name": "auth", "event.sequence": number });
            json!({ "timeUnixNano": "1790000000000000000", "attributes": pairs(&attributes) })
        })
        .collect();
    let export = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": records }] }] });
    let body = export.to_string().into();
    let batch = Batch::of_logs(&body, Encoding::Json, TelemetrySettings::default(), NOW).unwrap();
    let pieces = batch.sessions.into_iter().next().unwrap().pieces(10);
    let numbers: Vec<Vec<u64>> = pieces
        .iter()
        .map(|piece| {
            piece
                .events
                .iter()
                .filter_map(|event| event.sequence)
                .collect()
        })
        .collect();
    assert_eq!(numbers[0], (0..10).collect::<Vec<_>>());
    assert_eq!(numbers[2], (20..25).collect::<Vec<_>>());
}

#[test]
fn a_request_whose_scope_was_lost_is_known_by_its_text() {
    let attributes = json!({ "event.name": "api_request", "session.id": "s", "cost_usd": 0.5 });
    let of = |body: &str| {
        let export = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [{
            "timeUnixNano": "1790000000000000000", "body": { "stringValue": body },
            "attributes": pairs(&attributes),
        }] }] }] });
        let body = export.to_string().into();
        let batch = Batch::of_logs(&body, Encoding::Json, TelemetrySettings::default(), NOW);
        batch.unwrap().sessions.remove(0)
    };
    let known = of("claude_code.api_request");
    assert_eq!(known.requests.len(), 1);
    assert_eq!(known.requests[0].cost.map(Money::as_units), Some(0.5));
    let unknown = of("something else");
    assert_eq!((unknown.requests.len(), unknown.events.len()), (0, 1));
}
