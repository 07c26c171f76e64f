//! `civitas telemetry`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::Server;

/// Sends one request to a model and an event, the second of which did not arrive.
fn send(server: &Server) {
    let pair = |key: &str, value: Value| json!({ "key": key, "value": value });
    let record = |number: u64, name: &str, more: Vec<Value>| {
        let mut attributes = vec![
            pair("session.id", json!({ "stringValue": "session-1" })),
            pair("event.name", json!({ "stringValue": name })),
            pair("event.sequence", json!({ "intValue": number })),
            pair("agent.name", json!({ "stringValue": "coder" })),
        ];
        attributes.extend(more);
        json!({ "observedTimeUnixNano": "1", "attributes": attributes })
    };
    let used = vec![
        pair("model", json!({ "stringValue": "claude-opus-4" })),
        pair("request_id", json!({ "stringValue": "req_1" })),
        pair("query_source", json!({ "stringValue": "main" })),
        pair("input_tokens", json!({ "intValue": "1200" })),
        pair("cost_usd", json!({ "doubleValue": 0.5 })),
    ];
    let tool = vec![pair("tool_use_id", json!({ "stringValue": "toolu_1" }))];
    let records = [
        record(1, "api_request", used),
        record(3, "tool_result", tool),
    ];
    let body = json!({ "resourceLogs": [{
        "resource": { "attributes": [pair("service.name", json!({ "stringValue": "claude-code" }))] },
        "scopeLogs": [{ "logRecords": records }],
    }] });
    let body = body.to_string();
    let address = server.address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let request = format!(
        "POST /otlp/v1/logs HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn sessions_and_sums_are_shown_in_tables_and_as_json() {
    let server = Server::start();
    send(&server);
    let listed = server.run(["telemetry", "sessions", "--gaps"]).ok();
    for word in ["session-1", "coder", "1,200", "0.5000", "MISSING"] {
        assert!(listed.out.contains(word), "{word}: {}", listed.out);
    }
    let shown = server.run(["telemetry", "show", "session-1"]).ok();
    for word in ["claude-opus-4", "1 events: 2", "toolu_1", "model_request"] {
        assert!(shown.out.contains(word), "{word}: {}", shown.out);
    }
    let summary = server.run(["telemetry", "summary", "--days", "1"]).ok();
    for word in ["1 requests", "claude-opus-4", "coder"] {
        assert!(summary.out.contains(word), "{word}: {}", summary.out);
    }
    let summary = server.run(["telemetry", "summary", "--json"]).ok().json();
    assert_eq!(summary["total"]["cost_usd"], 0.5);
    let missing = server.run(["telemetry", "show", "nothing"]);
    assert_eq!(missing.code, 5, "{}", missing.err);
    assert!(
        missing.err.contains("civitas telemetry sessions"),
        "{}",
        missing.err
    );
}
