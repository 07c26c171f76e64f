//! How a server ends.

use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_waits_streams_and_sockets_with_a_reason() {
    let server = TestServer::development().await;
    server.allow_unfinished();
    let anyone = server.anonymous();
    let held = anyone.submit("hold", json!({ "seconds": 3600 })).await;
    let path = format!("/api/execution/{held}");
    let request = format!("GET {path}/status?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut waiting = TcpStream::connect(server.address).await.unwrap();
    waiting.write_all(request.as_bytes()).await.unwrap();
    let mut socket = anyone.socket(&format!("{path}/stream"), &[]).await.unwrap();
    let lines = anyone.get(format!("{path}/stream")).open().await;
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
    let mut waited = String::new();
    waiting.read_to_string(&mut waited).await.unwrap();
    assert!(waited.contains("\"status\":\"waiting\""), "{waited}");
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}
