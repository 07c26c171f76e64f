//! What ends an open stream from outside: its credential no longer counts, or nobody reads it. And how many a tenant may have.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Response};
use civitas_api::Access;
use civitas_model::{Role, TenantId};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::agents::agent;
use crate::client::Client;
use crate::server::TestServer;

const STREAM: &str = "/api/v1/agents/activity/stream";

/// Everyone signs in, and credentials of streams are looked at often.
async fn looking() -> TestServer {
    TestServer::with(|config| {
        config.access = Access::Credentials;
        config.limits.stream_checks = Duration::from_millis(20);
    })
    .await
}

/// The code that a socket is closed with.
async fn code(socket: &mut WebSocketStream<tokio::net::TcpStream>) -> u16 {
    while let Some(message) = socket.next().await {
        if let Message::Close(frame) = message.unwrap() {
            return frame.unwrap().code.into();
        }
    }
    panic!("the socket ended without a close frame");
}

/// The last line of an answer that ends.
async fn last(answer: Response<Body>) -> Value {
    assert_eq!(answer.status().as_u16(), 200);
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
    let text = String::from_utf8(body.unwrap().to_vec()).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_token_that_was_revoked() {
    let server = looking().await;
    let operator = server.operator().await;
    let body = json!({ "name": "watcher", "scopes": ["read", "write"] });
    let made = operator.post("/api/auth/tokens").json(&body).send().await;
    let made = made.json();
    let token = made["token"].as_str().unwrap();
    let machine = Client::new(server.address, Some(token.to_owned()));
    let mut socket = machine.socket(STREAM, &[]).await.unwrap();
    let lines = machine.get(STREAM).open().await;
    let held = machine.submit("hold", json!({ "seconds": 3600 })).await;
    let path = format!("/api/execution/{held}/stream");
    let mut execution = machine.socket(&path, &[]).await.unwrap();
    let mut theirs = operator.socket(STREAM, &[]).await.unwrap();
    let path = format!("/api/auth/tokens/{}", made["token_id"].as_str().unwrap());
    let gone = operator.request(Method::DELETE, path).send().await;
    assert!(gone.status.is_success(), "{}", gone.text());
    assert_eq!(code(&mut socket).await, 4001);
    assert_eq!(code(&mut execution).await, 4001);
    let closed = last(lines).await;
    assert_eq!(
        (&closed["type"], &closed["code"]),
        (&json!("closed"), &json!(4001))
    );
    // Whoever else watches goes on.
    futures::SinkExt::send(&mut theirs, Message::text("x"))
        .await
        .unwrap();
    loop {
        if let Message::Text(text) = theirs.next().await.unwrap().unwrap()
            && text.contains("echo")
        {
            break;
        }
    }
    operator
        .post(format!("/api/execution/{held}/cancel"))
        .send()
        .await
        .ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_user_signs_out_is_removed_or_the_token_expires() {
    let server = looking().await;
    let operator = server.operator().await;
    let ada = server.member("ada@x.example", Role::User).await;
    let mut signed_out = ada.socket(STREAM, &[]).await.unwrap();
    let ticket = ada.post("/api/auth/ws-ticket").send().await.ok();
    let path = format!(
        "{STREAM}?access_token={}",
        ticket["ticket"].as_str().unwrap()
    );
    let mut with_ticket = server.anonymous().socket(&path, &[]).await.unwrap();
    ada.post("/api/auth/logout").send().await.ok();
    assert_eq!(code(&mut signed_out).await, 4001);
    assert_eq!(code(&mut with_ticket).await, 4001);

    let bob = server.member("bob@x.example", Role::User).await;
    let me = bob.get("/api/auth/me").send().await.ok();
    let mut removed = bob.socket(STREAM, &[]).await.unwrap();
    let path = format!("/api/auth/members/{}", me["user_id"].as_str().unwrap());
    let gone = operator.request(Method::DELETE, path).send().await;
    assert!(gone.status.is_success(), "{}", gone.text());
    assert_eq!(code(&mut removed).await, 4001);

    let mut expired = operator.socket(STREAM, &[]).await.unwrap();
    server.advance(Duration::from_mins(16));
    assert_eq!(code(&mut expired).await, 4001);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_nobody_reads_give_their_place_back() {
    let server = TestServer::with(|config| {
        config.limits.streams = 1;
        config.limits.send_patience = Duration::from_millis(200);
    })
    .await;
    let anyone = server.anonymous();
    let made = anyone.post("/api/v1/agents").json(&agent("coder")).send();
    let id = made.await.json()["agent_id"].clone();
    // A socket that takes little, and is not read.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut silent = socket.connect(server.address).await.unwrap();
    let request = format!("GET {STREAM} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    silent.write_all(request.as_bytes()).await.unwrap();
    let tenant = TenantId::trusted("default_tenant");
    let padding = "x".repeat(15 * 1024);
    let metric =
        json!({ "agent_id": id, "metric_type": "execution", "context": { "padding": padding } });
    let mut written = 0;
    while written == 0 || server.state.feed.watchers(&tenant) == 1 {
        let answer = anyone.post("/api/v1/metrics").json(&metric).send().await;
        assert_eq!(answer.status.as_u16(), 201);
        written += 1;
        assert!(written < 20_000, "it is never let go");
    }
    let place = server.state.streams.node().acquire();
    let place = tokio::time::timeout(Duration::from_secs(20), place).await;
    drop(place.expect("its place comes back").unwrap());
    let next = anyone.get(STREAM).open().await;
    assert_eq!(next.status().as_u16(), 200, "others may come");
    // Should it read again, it finds what was on its way, and why it ended.
    let mut text = Vec::new();
    silent.read_to_end(&mut text).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    assert!(
        text.contains("\"code\":4008"),
        "{}",
        &text[text.len() - 300..]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenant_does_not_take_the_places_of_all() {
    let server = TestServer::with(|config| {
        config.access = Access::Credentials;
        config.limits.streams = 3;
        config.limits.tenant_streams = 1;
    })
    .await;
    let (ada, bob) = (
        server.user("ada@x.example").await,
        server.user("bob@x.example").await,
    );
    let first = ada.get(STREAM).open().await;
    assert_eq!(first.status().as_u16(), 200);
    let refused = ada.get(STREAM).send().await;
    let refused = refused.problem(503, "service_unavailable");
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("of your tenant")
    );
    assert_eq!(bob.get(STREAM).open().await.status().as_u16(), 200);
    drop(first);
}
