//! `/api/execution` and `/api/executions`.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, Response};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::server::TestServer;

/// Every line of an NDJSON answer, until it ends.
async fn lines(answer: Response<Body>) -> Vec<Value> {
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX)
        .await
        .unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn numbers(lines: &[Value]) -> Vec<u64> {
    lines
        .iter()
        .map(|line| line["seq"].as_u64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_with_the_execution_or_with_its_patience() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let held = anyone.submit("hold", json!({ "seconds": 3600 })).await;
    let asked = Instant::now();
    let status = anyone
        .get(format!("/api/execution/{held}/status?wait=1"))
        .send()
        .await
        .ok();
    assert!(asked.elapsed() >= Duration::from_secs(1));
    assert_eq!(status["status"], "waiting");
    assert_eq!(status["artifacts"], Value::Null);
    assert_eq!(status["events"], Value::Null);
    let waiting = anyone
        .get(format!("/api/execution/{held}/status?wait=30"))
        .send();
    let cancelling = anyone.post(format!("/api/execution/{held}/cancel/")).send();
    let (waited, cancelled) = tokio::join!(waiting, cancelling);
    assert_eq!(waited.ok()["status"], "cancelled");
    assert_eq!(cancelled.ok()["status"], "cancelled");
    assert!(asked.elapsed() < Duration::from_secs(25));
    let again = anyone
        .post(format!("/api/execution/{held}/cancel"))
        .send()
        .await;
    again.problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_paused_resumed_and_explained() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let held = anyone.submit("hold", json!({ "seconds": 3600 })).await;
    let path = format!("/api/execution/{held}");
    anyone
        .get(format!("{path}/status?wait=1"))
        .send()
        .await
        .ok();
    let why = anyone.get(format!("{path}/why")).send().await.ok();
    assert!(why["summary"].is_string() && why["next"].is_string());
    assert_eq!(why["execution"]["execution_id"], held.as_str());
    let paused = anyone.post(format!("{path}/pause")).send().await.ok();
    assert_eq!(paused["status"], "waiting");
    anyone.post(format!("{path}/resume")).send().await.ok();
    anyone.post(format!("{path}/cancel")).send().await.ok();
    let shown = anyone.get(format!("{path}?limit=2")).send().await.ok();
    assert_eq!(shown["journal"].as_array().unwrap().len(), 2);
    assert_eq!(shown["next_after"], 2);
    assert_eq!(shown["parameters"], json!({ "seconds": 3600 }));
    let rest = anyone
        .get(format!("{path}?after=2&limit=1000"))
        .send()
        .await
        .ok();
    assert_eq!(rest["next_after"], Value::Null);
    assert_eq!(rest["journal"][0]["seq"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_resumed_without_gap_or_repetition() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let execution = anyone.submit("count", json!({ "events": 40 })).await;
    let path = format!("/api/execution/{execution}/stream");
    // From the start, while it runs; and again in two parts once it has ended.
    let all = lines(anyone.get(path.as_str()).open().await).await;
    let last = *numbers(&all).last().unwrap();
    assert_eq!(numbers(&all), (1..=last).collect::<Vec<_>>());
    assert_eq!(all[0]["event_type"], "EXECUTION_ACCEPTED");
    assert_eq!(all.last().unwrap()["event_type"], "EXECUTION_COMPLETED");
    assert_eq!(all.last().unwrap()["status"], "completed");
    assert!(all.iter().all(|line| line["type"] == "execution_update"));
    let middle = last / 2;
    let rest = lines(anyone.get(format!("{path}/?after={middle}")).open().await).await;
    assert_eq!(numbers(&rest), (middle + 1..=last).collect::<Vec<_>>());
    for after in [last, u64::MAX] {
        let nothing = lines(anyone.get(format!("{path}?after={after}")).open().await).await;
        assert!(nothing.is_empty(), "{after}: {nothing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_stream_shows_what_happens_next() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let held = anyone.submit("hold", json!({ "seconds": 3600 })).await;
    let answer = anyone.get(format!("/api/execution/{held}/stream"));
    // A stream is not held back to be compressed.
    let answer = answer.header("accept-encoding", "gzip").open().await;
    assert!(!answer.headers().contains_key("content-encoding"));
    let mut body = answer.into_body().into_data_stream();
    let mut seen = String::new();
    while !seen.contains("EXECUTION_WAITING") {
        seen.push_str(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
    }
    anyone
        .post(format!("/api/execution/{held}/cancel"))
        .send()
        .await
        .ok();
    while let Some(part) = body.next().await {
        seen.push_str(std::str::from_utf8(&part.unwrap()).unwrap());
    }
    assert!(
        seen.trim_end()
            .lines()
            .last()
            .unwrap()
            .contains("EXECUTION_CANCELLED")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_limited_and_given_back_when_a_client_leaves() {
    let server = TestServer::with(|config| config.limits.streams = 1).await;
    let anyone = server.anonymous();
    let held = anyone.submit("hold", json!({ "seconds": 3600 })).await;
    let path = format!("/api/execution/{held}/stream");
    let first = anyone.get(path.as_str()).open().await;
    assert_eq!(first.status().as_u16(), 200);
    let refused = anyone.get(path.as_str()).send().await;
    refused.problem(503, "service_unavailable");
    assert!(!refused.header("retry-after").is_empty());
    drop(first);
    wait_for_a_permit(&server).await;
    let socket = anyone.socket(&path, &[]).await.unwrap();
    assert_eq!(
        anyone.get(path.as_str()).open().await.status().as_u16(),
        503
    );
    drop(socket);
    wait_for_a_permit(&server).await;
    // A HEAD request follows nothing.
    let answered = anyone.request(Method::HEAD, path.as_str()).send().await;
    assert_eq!(answered.status.as_u16(), 200);
    wait_for_a_permit(&server).await;
    anyone
        .post(format!("/api/execution/{held}/cancel"))
        .send()
        .await
        .ok();
}

async fn wait_for_a_permit(server: &TestServer) {
    let permit = server.state.streams.node().acquire();
    let permit = tokio::time::timeout(Duration::from_secs(20), permit).await;
    drop(permit.expect("a permit comes back").unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_are_listed_by_page_and_filter() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for events in 0..3 {
        anyone.run("count", json!({ "events": events })).await;
    }
    let first = anyone
        .get("/api/executions/?limit=2&status=completed,failed")
        .send()
        .await
        .ok();
    assert_eq!(first["executions"].as_array().unwrap().len(), 2);
    assert_eq!(first["executions"][0]["artifacts"], Value::Null);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = anyone
        .get(format!("/api/executions?limit=2&cursor={cursor}"))
        .send()
        .await
        .ok();
    assert_eq!(second["executions"].as_array().unwrap().len(), 1);
    assert_eq!(second["next_cursor"], Value::Null);
    let none = anyone
        .get("/api/executions?intent_type=hold")
        .send()
        .await
        .ok();
    assert_eq!(none["executions"], json!([]));
    let wrong = anyone.get("/api/executions?status=sleeping").send().await;
    assert_eq!(
        wrong.problem(422, "validation_failed")["errors"][0]["pointer"],
        "/status"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_does_not_fit_names_its_parameter() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for (query, pointer) in [
        ("wait=soon", "/wait"),
        ("wait=-1", "/wait"),
        ("include_events=perhaps", "/include_events"),
    ] {
        let refused = anyone
            .get(format!("/api/execution/x/status?{query}"))
            .send()
            .await;
        let document = refused.problem(422, "validation_failed");
        assert_eq!(document["errors"][0]["pointer"], pointer, "{document}");
    }
}
