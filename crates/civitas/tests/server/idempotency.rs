//! `Idempotency-Key`: what comes again with its key is answered as before and done once.

use std::time::Duration;

use civitas_model::Role;
use civitas_sql::{Database, Row, Statement};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::{Answer, Client};
use crate::server::TestServer;

async fn send(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/{path}");
    let request = client.post(path).header("Idempotency-Key", key);
    request.json(body).send().await
}

/// Sends it twice; answers the answer, which is both times the same.
async fn twice(client: &Client, path: &str, key: &str, body: &Value) -> Value {
    let first = send(client, path, key, body).await;
    assert!(first.status.is_success(), "{path}: {}", first.text());
    assert!(!first.headers.contains_key("idempotent-replayed"), "{path}");
    let again = send(client, path, key, body).await;
    assert_eq!(again.status, first.status, "{path}: {}", again.text());
    assert_eq!(again.json(), first.json(), "{path}");
    assert_eq!(again.headers["idempotent-replayed"], "true", "{path}");
    assert_eq!(
        again.headers["content-type"], first.headers["content-type"],
        "{path}"
    );
    first.json()
}

/// What a statement answers of the table of answers, behind the server's back.
async fn answers(server: &TestServer, statement: &'static str) -> Vec<String> {
    let database = server.data_dir().join("civitas.db");
    let (_, mut writer) = Database::open_sqlite(&database).unwrap();
    let rows = writer.query(&Statement::new(statement), &[]).await;
    let body = |row: Row| row.text("body").unwrap().to_owned();
    rows.unwrap().into_iter().map(body).collect()
}

async fn coder(client: &Client) -> String {
    let body = crate::agents::agent("coder");
    let made = client.post("/api/v1/agents").json(&body).send().await;
    made.json()["agent_id"].as_str().unwrap().to_owned()
}

async fn cost(client: &Client) -> Value {
    let shown = client.get("/api/v1/budgets/agent:coder").send().await.ok();
    shown["cost_used_usd"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_again_is_answered_as_before_and_done_once() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let agent = coder(&anyone).await;
    // One key for all: at another address it is another one.
    let event = json!({ "agent_id": agent, "cost_usd": 1, "operation_type": "tool_use" });
    twice(&anyone, "events/ingest", "k", &event).await;
    let spent = json!({ "agent_id": agent, "cost_usd": 2 });
    twice(&anyone, "budget/deduct", "k", &spent).await;
    // A charge that has an id of its own is no reason to answer otherwise.
    let with_id = json!({ "agent_id": agent, "cost_usd": 2, "id": "once" });
    twice(&anyone, "budget/deduct", "k2", &with_id).await;
    twice(&anyone, "budget/deduct", "k3", &with_id).await;
    let metric = json!({ "agent_id": agent, "cost_usd": 4, "metric_type": "task" });
    twice(&anyone, "metrics", "k", &metric).await;
    let reserved = json!({ "agent_id": agent, "cost_usd": 1 });
    let reserved = twice(&anyone, "budget/reservations", "k", &reserved).await;
    let settle = format!(
        "budget/reservations/{}/settle",
        reserved["reservation_id"].as_str().unwrap()
    );
    twice(&anyone, &settle, "k", &json!({ "cost_usd": 0.5 })).await;
    assert_eq!(cost(&anyone).await, 9.5);

    let second = crate::agents::agent("second");
    twice(&anyone, "agents", "k", &second).await;
    let files = json!({ "files": [{ "path": "x.md", "text": "---\nname: third\ndescription: d\n---\nx" }] });
    let imported = twice(&anyone, "registry/import", "k", &files).await;
    assert_eq!(imported["files"][0]["action"], "created", "{imported}");
    let halt = json!({ "scope": { "kind": "session", "id": "s" }, "reason": "r" });
    twice(&anyone, "halts", "k", &halt).await;
    let halts = anyone.get("/api/v1/halts").send().await.ok();
    assert_eq!(halts.as_array().unwrap().len(), 1, "{halts}");
    twice(
        &anyone,
        "agents/unregistered/adopt",
        "k",
        &json!({ "name": "fourth" }),
    )
    .await;
    let audit = anyone.get("/api/v1/events/audit").send().await.ok();
    let written = audit.to_string().matches("tool_use\"").count();
    assert_eq!(written, 1, "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_for_one_body_one_caller_and_one_day() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    coder(&operator).await;
    let event = json!({ "agent_name": "coder", "cost_usd": 1 });
    let first = send(&operator, "events/ingest", "k", &event).await;
    assert_eq!(first.status.as_u16(), 201);
    let other = json!({ "agent_name": "coder", "cost_usd": 2 });
    let refused = send(&operator, "events/ingest", "k", &other).await;
    refused.problem(422, "idempotency_key_reused");
    let refused = send(&operator, "events/ingest?x=1", "k", &event).await;
    refused.problem(422, "idempotency_key_reused");
    // Spaces and the order of members do not count.
    let path = "/api/v1/events/ingest";
    let request = operator.post(path).header("Idempotency-Key", "k");
    let request = request.header("Content-Type", "application/json");
    let spaced = r#" { "cost_usd" : 1, "agent_name":"coder" }"#;
    let again = request.body(spaced).send().await;
    assert_eq!(again.json(), first.json());
    assert_eq!(cost(&operator).await, 1.0);

    // A colleague's key, and another tenant's, are others.
    let colleague = server.member("bob@example.com", Role::User).await;
    let theirs = send(&colleague, "events/ingest", "k", &event).await;
    assert_eq!(theirs.status.as_u16(), 201, "{}", theirs.text());
    assert_ne!(theirs.json(), first.json());
    assert_eq!(cost(&operator).await, 2.0);
    let stranger = server.user("eve@example.com").await;
    let theirs = send(&stranger, "events/ingest", "k", &other).await;
    assert_eq!(theirs.status.as_u16(), 201, "{}", theirs.text());
    assert!(!theirs.headers.contains_key("idempotent-replayed"));

    let nobody = server.anonymous();
    let refused = send(&nobody, "events/ingest", "k", &event).await;
    refused.problem(401, "unauthorized");
    for key in [String::new(), "k".repeat(257), "\u{e9}".to_owned()] {
        let refused = send(&operator, "events/ingest", &key, &event).await;
        refused.problem(422, "validation_failed");
    }
    let request = operator.post(path).header("Idempotency-Key", "a");
    let refused = request.header("Idempotency-Key", "b").json(&event);
    refused.send().await.problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_leaves_its_key_free() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    coder(&anyone).await;
    let taken = crate::agents::agent("coder");
    let refused = send(&anyone, "agents", "k", &taken).await;
    refused.problem(409, "already_exists");
    twice(&anyone, "agents", "k", &crate::agents::agent("second")).await;
    let reserved = json!({ "agent_id": "coder", "cost_usd": 100 });
    let refused = send(&anyone, "budget/reservations", "k", &reserved).await;
    refused.problem(402, "budget_exceeded");
    let raised = json!({ "max_cost_usd": 200 });
    let path = "/api/v1/budgets/agent:coder";
    let put = anyone.request(axum::http::Method::PUT, path);
    put.json(&raised).send().await.ok();
    twice(&anyone, "budget/reservations", "k", &reserved).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_the_same_time_one_is_done() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    coder(&anyone).await;
    let event = json!({ "agent_name": "coder", "cost_usd": 1 });
    let all = (0..20).map(|_| send(&anyone, "events/ingest", "k", &event));
    let answers = futures::future::join_all(all).await;
    let mut done = 0;
    for answer in answers {
        if answer.status.as_u16() == 201 {
            done += 1;
        } else {
            assert_eq!(answer.headers["retry-after"], "1");
            answer.problem(409, "idempotency_key_in_flight");
        }
    }
    assert!(done > 0);
    assert_eq!(cost(&anyone).await, 1.0);
    let again = send(&anyone, "events/ingest", "k", &event).await;
    assert_eq!(again.status.as_u16(), 201);
    assert_eq!(cost(&anyone).await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_went_away_finds_the_answer_also_after_a_restart() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    coder(&anyone).await;
    let event = json!({ "agent_name": "coder", "cost_usd": 1 });
    let text = event.to_string();
    let request = format!(
        "POST /api/v1/events/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    );
    let mut gone = TcpStream::connect(server.address).await.unwrap();
    gone.write_all(request.as_bytes()).await.unwrap();
    drop(gone);
    let answered = loop {
        let again = send(&anyone, "events/ingest", "k", &event).await;
        if again.status.as_u16() == 201 {
            break again.json();
        }
        again.problem(409, "idempotency_key_in_flight");
    };
    let server = server.restarted().await;
    let anyone = server.anonymous();
    let again = send(&anyone, "events/ingest", "k", &event).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.json(), answered);
    assert_eq!(cost(&anyone).await, 1.0);
    // After a day it is forgotten, when the server looks for what is, and new.
    server.advance(Duration::from_hours(25));
    let server = server.restarted().await;
    let anyone = server.anonymous();
    loop {
        let new = send(&anyone, "events/ingest", "k", &event).await;
        assert_eq!(new.status.as_u16(), 201);
        if !new.headers.contains_key("idempotent-replayed") {
            assert_ne!(new.json(), answered);
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_not_kept_and_what_is_erased_is_not_told_again() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let webhook = json!({ "url": "https://example.com/hook" });
    let made = send(&anyone, "webhooks", "k", &webhook).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text());
    let made = made.json();
    let secret = made["secret"].as_str().unwrap();
    let again = send(&anyone, "webhooks", "k", &webhook).await;
    let problem = again.problem(409, "idempotency_answer_not_kept");
    assert!(!problem.to_string().contains(secret), "{problem}");
    let rotate = format!("webhooks/{}/rotate", made["webhook_id"].as_str().unwrap());
    let rotated = send(&anyone, &rotate, "k", &json!({})).await;
    let rotated = rotated.ok();
    let again = send(&anyone, &rotate, "k", &json!({})).await;
    again.problem(409, "idempotency_answer_not_kept");
    let listed = anyone.get("/api/v1/webhooks").send().await.ok();
    assert_eq!(listed["webhooks"].as_array().unwrap().len(), 1, "{listed}");
    let kept = answers(
        &server,
        "SELECT body FROM kept_answers WHERE body IS NOT NULL",
    )
    .await;
    assert_eq!(kept, Vec::<String>::new(), "{rotated}");

    let event = json!({ "agent_id": "met", "operation_detail": "said about someone" });
    twice(&anyone, "events/ingest", "k", &event).await;
    let erase = json!({ "id": "met" });
    let erased = twice(&anyone, "audit/erasures", "k", &erase).await;
    assert_eq!(erased["erased"], 1);
    let again = send(&anyone, "events/ingest", "k", &event).await;
    again.problem(409, "idempotency_answer_not_kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_off_is_not_done_again_and_says_so() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    coder(&anyone).await;
    let event = json!({ "agent_name": "coder", "cost_usd": 1 });
    twice(&anyone, "events/ingest", "k", &event).await;
    // As a server leaves it that is killed between the commit and the answer.
    let cut_off = "UPDATE kept_answers SET status = NULL, body = NULL RETURNING answer_key AS body";
    assert_eq!(answers(&server, cut_off).await.len(), 1);
    let again = send(&anyone, "events/ingest", "k", &event).await;
    let problem = again.problem(409, "idempotency_answer_not_kept");
    assert!(problem["detail"].as_str().unwrap().contains("cut off"));
    assert_eq!(cost(&anyone).await, 1.0);
}
