//! How a server ends.

use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_waits_streams_and_sockets_with_a_reason() {
    let server = TestServer::development().await;
    server.allow_unfinished();
    let anyone = server.anonymous();
    let held = anyone.submit("hold", json!({ "seconds": 3600 })).await;
    let path = format!("/api/execution/{held}");
    let mut socket = anyone.socket(&format!("{path}/stream"), &[]).await.unwrap();
    let lines = anyone.get(format!("{path}/stream")).open().await;
    let waiting = tokio::spawn(anyone.get(format!("{path}/status?wait=60")).send());
    // The socket shows that the execution waits, so everything above is under way.
    while !socket
        .next()
        .await
        .unwrap()
        .unwrap()
        .to_text()
        .unwrap()
        .contains("EXECUTION_WAITING")
    {}
    let asked = Instant::now();
    let address = server.address;
    server.stop().await;
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "nothing holds it up"
    );
    let closed = loop {
        if let Message::Close(frame) = socket.next().await.unwrap().unwrap() {
            break frame.unwrap();
        }
    };
    assert_eq!(u16::from(closed.code), 1001);
    assert!(closed.reason.contains("stopping"));
    axum::body::to_bytes(lines.into_body(), usize::MAX)
        .await
        .unwrap();
    assert_eq!(waiting.await.unwrap().ok()["status"], "waiting");
    assert!(
        tokio::net::TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}
