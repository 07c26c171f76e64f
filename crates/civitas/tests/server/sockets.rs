//! `/api/execution/{execution_id}/stream` as a WebSocket: credentials in every form, and resumption.

use civitas_api::Access;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::client::Client;
use crate::server::TestServer;

/// Every message until the server closes, and the close code.
async fn messages(mut socket: WebSocketStream<TcpStream>) -> (Vec<Value>, u16) {
    let mut messages = Vec::new();
    while let Some(message) = socket.next().await {
        match message.unwrap() {
            Message::Text(text) => messages.push(serde_json::from_str(&text).unwrap()),
            Message::Close(frame) => return (messages, frame.unwrap().code.into()),
            _ => {}
        }
    }
    panic!("the socket ended without a close frame");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_resumed_without_gap_or_repetition() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let execution = anyone.submit("count", json!({ "events": 40 })).await;
    let path = format!("/api/execution/{execution}/stream");
    let mut socket = anyone.socket(&path, &[]).await.unwrap();
    // What a client says, however odd, disturbs nothing.
    for said in [
        Message::text("not json"),
        Message::binary(vec![0xff; 100]),
        Message::Ping(b"x".to_vec().into()),
    ] {
        // The server may have closed already.
        let _ = socket.send(said).await;
    }
    let (all, code) = messages(socket).await;
    assert_eq!(code, 1000);
    let numbers = |all: &[Value]| {
        all.iter()
            .map(|message| message["seq"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let last = *numbers(&all).last().unwrap();
    assert_eq!(numbers(&all), (1..=last).collect::<Vec<_>>());
    let middle = last / 2;
    let socket = anyone
        .socket(&format!("{path}?after={middle}"), &[])
        .await
        .unwrap();
    let (rest, _) = messages(socket).await;
    assert_eq!(numbers(&rest), (middle + 1..=last).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_credential_opens_a_socket() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    let execution = user.submit("count", json!({ "events": 1 })).await;
    let path = format!("/api/execution/{execution}/stream");
    let token = user.token.clone().unwrap();
    let anyone = server.anonymous();
    assert_eq!(
        messages(user.socket(&path, &[]).await.unwrap()).await.1,
        1000
    );
    let offered = format!("civitas.v1, bearer.{token}");
    let socket = anyone
        .socket(&path, &[("sec-websocket-protocol", &offered)])
        .await;
    assert_eq!(messages(socket.unwrap()).await.1, 1000);
    for name in ["access_token", "session_token"] {
        let socket = anyone.socket(&format!("{path}?{name}={token}"), &[]).await;
        assert_eq!(messages(socket.unwrap()).await.1, 1000, "{name}");
    }
    let ticket = user.post("/api/auth/ws-ticket").send().await.ok();
    assert_eq!(ticket["expires_in"], 30);
    let with_ticket = format!("{path}?access_token={}", ticket["ticket"].as_str().unwrap());
    assert!(anyone.socket(&with_ticket, &[]).await.is_ok());
    let again = anyone.socket(&with_ticket, &[]).await;
    assert_eq!(again.unwrap_err().as_u16(), 401, "a ticket counts once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_secret_opens_a_socket() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    let session = anyone
        .post("/api/session/create-anonymous")
        .send()
        .await
        .ok();
    let secret = session["session_token"].as_str().unwrap();
    let someone = Client::new(server.address, Some(secret.to_owned()));
    let execution = someone.submit("count", json!({ "events": 1 })).await;
    let path = format!("/api/execution/{execution}/stream?session_token={secret}");
    let (messages, _) = messages(anyone.socket(&path, &[]).await.unwrap()).await;
    assert!(!messages.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_come_before_the_upgrade() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    let bob = server.user("bob@x.example").await;
    let execution = user.submit("count", json!({ "events": 1 })).await;
    let path = format!("/api/execution/{execution}/stream");
    let anyone = server.anonymous();
    let status = |refused: Result<_, axum::http::StatusCode>| {
        refused
            .map(|_: WebSocketStream<TcpStream>| ())
            .unwrap_err()
            .as_u16()
    };
    assert_eq!(status(anyone.socket(&path, &[]).await), 401);
    assert_eq!(
        status(
            anyone
                .socket(&format!("{path}?access_token=nonsense"), &[])
                .await
        ),
        401
    );
    assert_eq!(
        status(
            anyone
                .socket(
                    &path,
                    &[("sec-websocket-protocol", "civitas.v1, bearer.nonsense")]
                )
                .await
        ),
        401
    );
    assert_eq!(status(bob.socket(&path, &[]).await), 404);
    assert_eq!(
        status(user.socket("/api/execution/unknown/stream", &[]).await),
        404
    );
    assert_eq!(
        status(user.socket(&format!("{path}?after=x"), &[]).await),
        422
    );
    assert_eq!(
        status(
            user.socket(&path, &[("origin", "https://evil.example")])
                .await
        ),
        403
    );
    let own = format!("http://{}", server.address);
    assert!(
        user.socket(&path, &[("origin", &own)]).await.is_ok(),
        "a page of ours"
    );
    user.ended(&execution).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lived_tokens_can_be_kept_out_of_urls() {
    let server = TestServer::with(|config| {
        config.access = Access::Credentials;
        config.query_tokens = false;
    })
    .await;
    let user = server.user("ada@x.example").await;
    let execution = user.submit("count", json!({ "events": 1 })).await;
    let path = format!("/api/execution/{execution}/stream?access_token=");
    let anyone = server.anonymous();
    let token = user.token.as_deref().unwrap();
    let refused = anyone.socket(&format!("{path}{token}"), &[]).await;
    assert_eq!(refused.unwrap_err().as_u16(), 401);
    let ticket = user.post("/api/auth/ws-ticket").send().await.ok();
    let ticket = ticket["ticket"].as_str().unwrap();
    assert!(anyone.socket(&format!("{path}{ticket}"), &[]).await.is_ok());
    user.ended(&execution).await;
}
