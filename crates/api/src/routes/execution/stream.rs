//! `/api/execution/{execution_id}/stream`: follows an execution, over a WebSocket or as lines of JSON. Both are resumed
//! with `after=<seq>`: nothing is missed, nothing is seen twice.

use axum::extract::ws::{Message, WebSocket, close_code};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use civitas_model::id::ExecutionKind;
use civitas_model::{Execution, Permission, TenantId};
use civitas_runtime::Watch;
use futures::stream;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use crate::extract::{Params, PathId, SocketCaller, require};
use crate::guard::Guard;
use crate::lines;
use crate::places::Place;
use crate::problem::{Problem, ProblemDocument};
use crate::socket::{self, CLOSE_CREDENTIAL, CLOSE_STALLED, CREDENTIAL_ENDED, PING_INTERVAL};
use crate::state::AppState;
use crate::stream::{message, ping};

/// From where to follow.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// The number of the last entry that was seen; 0 for all.
    #[serde(default)]
    after: u64,
    /// May be left out: the credential implies it.
    #[param(value_type = Option<String>)]
    tenant_id: Option<TenantId>,
    /// The credential of a client that cannot send a header: a ticket from `/api/auth/ws-ticket`, or a token.
    #[serde(rename = "access_token")]
    _access_token: Option<String>,
    /// The same, with the secret of an anonymous session.
    #[serde(rename = "session_token")]
    _session_token: Option<String>,
    /// The session, for older clients; the credential says whose it is.
    #[serde(rename = "session_id")]
    _session_id: Option<String>,
}

/// Follow an execution from its journal's entry `after` on, until it ends.
///
/// With `Upgrade: websocket`, one JSON message per entry; otherwise one line of JSON per entry
/// (`application/x-ndjson`). 30 seconds of silence bring a `ping`. It ends with the execution, with the credential (close code
/// 4001), and when the client does not read (4008).
#[utoipa::path(get, path = "/api/execution/{execution_id}/stream", tag = "executions",
    security(("bearer" = [])), params(("execution_id" = String, Path), StreamQuery),
    responses(
        (status = 200, body = String, content_type = "application/x-ndjson"),
        (status = 101, description = "The WebSocket is open."),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn stream(
    State(state): State<AppState>,
    SocketCaller(caller, standing): SocketCaller,
    PathId(execution_id): PathId<ExecutionKind>,
    Params(query): Params<StreamQuery>,
    request: Request,
) -> Result<Response, Problem> {
    require(&caller, Permission::Read)?;
    let tenant = query.tenant_id.as_ref();
    if tenant.is_some_and(|named| *named != caller.tenant_id) {
        return Err(Problem::not_found("execution"));
    }
    let place = state.streams.take(&caller.tenant_id)?;
    let found = state.runtime.find(&caller.tenant_id, &execution_id).await?;
    let execution = found.ok_or_else(|| Problem::not_found("execution"))?;
    let watch = state
        .runtime
        .watch(&caller.tenant_id, &execution_id, query.after)
        .await?;
    let watch = watch.ok_or_else(|| Problem::not_found("execution"))?;
    let follower = Follower {
        state: state.clone(),
        execution,
        watch,
        guard: Guard::new(&state, standing),
        _place: place,
    };
    if !socket::is_wanted(&request) {
        return Ok(lines_of(follower));
    }
    socket::open(&state, request, move |socket| push(socket, follower)).await
}

/// One client that follows one execution.
struct Follower {
    state: AppState,
    execution: Execution,
    watch: Watch,
    guard: Guard,
    _place: Place,
}

/// What happens next for a follower.
enum Next {
    Message(Value),
    End { code: u16, reason: &'static str },
}

impl Follower {
    async fn next(&mut self) -> Next {
        let entry = tokio::select! {
            () = self.state.stopping.cancelled() => {
                let reason = "the server is stopping: come back with the last seq";
                return Next::End { code: close_code::AWAY, reason };
            }
            () = self.guard.ended() => {
                let (code, reason) = (CLOSE_CREDENTIAL, CREDENTIAL_ENDED);
                return Next::End { code, reason };
            }
            () = tokio::time::sleep(PING_INTERVAL) => {
                return Next::Message(ping(self.state.clock.now()));
            }
            entry = self.watch.next() => entry,
        };
        match entry {
            Ok(Some(entry)) => {
                let intent_id = &self.execution.intent.intent_id;
                Next::Message(message(&self.execution.execution_id, intent_id, &entry))
            }
            Ok(None) => Next::End {
                code: close_code::NORMAL,
                reason: "the execution has ended",
            },
            Err(error) => {
                tracing::warn!(%error, "a stream cannot be read");
                let reason = "storage cannot be read: come back with the last seq";
                Next::End {
                    code: close_code::ERROR,
                    reason,
                }
            }
        }
    }
}

fn lines_of(follower: Follower) -> Response {
    let state = follower.state.clone();
    let events = stream::unfold(follower, |mut follower| async move {
        match follower.next().await {
            Next::Message(value) => Some((Bytes::from(format!("{value}\n")), follower)),
            Next::End { .. } => None,
        }
    });
    lines::respond(&state, events, None)
}

async fn push(mut socket: WebSocket, mut follower: Follower) {
    let patience = follower.state.settings.limits.send_patience;
    loop {
        let next = tokio::select! {
            next = follower.next() => next,
            // What clients say is not needed; that they leave is.
            heard = socket.recv() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
        };
        match next {
            Next::Message(value) => {
                let sent = socket.send(Message::Text(value.to_string().into()));
                match tokio::time::timeout(patience, sent).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return,
                    Err(_) => {
                        let reason = "reading too slowly: come back with the last seq";
                        return socket::close(&mut socket, CLOSE_STALLED, reason).await;
                    }
                }
            }
            Next::End { code, reason } => return socket::close(&mut socket, code, reason).await,
        }
    }
}
