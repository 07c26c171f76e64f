//! Answers that are lines of JSON, one after the other, as what they tell of happens.

use std::convert::Infallible;
use std::pin::pin;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendTimeoutError;

use crate::state::AppState;

/// Answers with these lines. A client that does not take one for as long as it may is let go: what it held is given back then,
/// and `stalled` is what it reads last, should it ever.
///
/// The lines are made on a task of their own, because nobody asks for the next one while a client does not read.
pub(crate) fn respond(
    state: &AppState,
    lines: impl Stream<Item = Bytes> + Send + 'static,
    stalled: Option<Bytes>,
) -> Response {
    let patience = state.settings.limits.send_patience;
    let (sender, receiver) = mpsc::channel(1);
    let making = tokio::spawn(async move {
        let mut lines = pin!(lines);
        loop {
            let line = tokio::select! {
                () = sender.closed() => return None,
                line = lines.next() => line?,
            };
            match sender.send_timeout(line, patience).await {
                Ok(()) => {}
                Err(SendTimeoutError::Timeout(_)) => return stalled,
                Err(SendTimeoutError::Closed(_)) => return None,
            }
        }
    });
    let body = stream::unfold((receiver, Some(making)), |(mut receiver, making)| async {
        if let Some(line) = receiver.recv().await {
            return Some((Ok::<_, Infallible>(line), (receiver, making)));
        }
        let last = making?.await.ok().flatten()?;
        Some((Ok(last), (receiver, None)))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(body)).into_response()
}
