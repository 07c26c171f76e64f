//! What sockets have in common: how they open, how long they wait for a client, and how they close.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request};
use axum::http::header;
use axum::response::Response;
use civitas_model::ErrorCode;

use crate::extract::SUBPROTOCOL;
use crate::problem::Problem;
use crate::state::AppState;

/// How often an idle connection is kept open.
pub(crate) const PING_INTERVAL: Duration = Duration::from_secs(30);
/// How long a client may take to answer the close.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);
/// The largest message read from a client.
const HEARD_BYTES_MAX: usize = 64 * 1024;
/// The close code of a client that does not read: it may come back with the last number it saw.
pub(crate) const CLOSE_STALLED: u16 = 4008;
/// The close code of a client whose credential no longer counts.
pub(crate) const CLOSE_CREDENTIAL: u16 = 4001;
/// What such a client reads.
pub(crate) const CREDENTIAL_ENDED: &str =
    "the credential has ended: sign in again, and come back with the last seq";

/// Whether a request asks for a socket, rather than for lines of JSON.
pub(crate) fn is_wanted(request: &Request) -> bool {
    let upgrade = request.headers().get(header::UPGRADE);
    upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Opens a socket and hands it over.
pub(crate) async fn open<F, Fut>(
    state: &AppState,
    request: Request,
    serve: F,
) -> Result<Response, Problem>
where
    F: FnOnce(WebSocket) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, state)
        .await
        .map_err(|rejection| Problem::new(ErrorCode::BadRequest, rejection.body_text()))?;
    Ok(upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(HEARD_BYTES_MAX)
        .on_upgrade(serve))
}

/// Says goodbye with a code.
pub(crate) async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let goodbye = async {
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            // A connection that is dropped before everything was read of it is reset, and the client loses what it has
            // not read yet: so this waits for its answer.
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    // A client that is gone needs no goodbye.
    let _ = tokio::time::timeout(CLOSE_PATIENCE, goodbye).await;
}
