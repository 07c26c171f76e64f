//! `/api/v1/agents/activity/stream`: what agents do, as it is committed, over a WebSocket or as lines of JSON. Both are
//! resumed with `after=<seq>`: nothing is missed, nothing is seen twice.

use std::sync::Arc;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket, close_code};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use civitas_governance::event_type;
use civitas_governance::feed::{Filter, Joined, Start};
use civitas_model::agent::Role;
use civitas_model::{ErrorCode, Permission, TenantId};
use futures::{SinkExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use utoipa::IntoParams;

use crate::extract::{Params, SocketCaller, require};
use crate::guard::Guard;
use crate::lines;
use crate::places::Place;
use crate::problem::{Problem, ProblemDocument};
use crate::socket::{self, CLOSE_CREDENTIAL, CLOSE_STALLED, CREDENTIAL_ENDED, PING_INTERVAL};
use crate::state::AppState;
use crate::stream::ping;

/// The close code of a client whose number is not known here: it must read the state again and begin anew.
const CLOSE_UNKNOWN_SEQ: u16 = 4010;
/// Messages written in one go.
const BATCH_MAX: usize = 64;
/// Types that one filter names, at most.
const TYPES_MAX: usize = 50;
/// Pings without any answer after which a client counts as gone.
const PINGS_UNANSWERED_MAX: u32 = 2;

/// What to follow, and from where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActivityQuery {
    /// The `seq` of the last message that was seen; what is new when absent. Messages are kept for seven days.
    after: Option<u64>,
    /// Only these types, with commas between, such as `rbac_decision,budget_updated`.
    types: Option<String>,
    /// Only about this agent, by its id or its name.
    agent_id: Option<String>,
    /// Only of this agent session.
    session_id: Option<String>,
    /// Only about agents in this role.
    role: Option<String>,
    /// May be left out: the credential implies it.
    #[param(value_type = Option<String>)]
    tenant_id: Option<TenantId>,
    /// The credential of a client that cannot send a header: a ticket from `/api/auth/ws-ticket`, or a token.
    #[serde(rename = "access_token")]
    _access_token: Option<String>,
    /// The same, with the secret of an anonymous session.
    #[serde(rename = "session_token")]
    _session_token: Option<String>,
}

impl ActivityQuery {
    fn filter(&mut self) -> Result<Filter, Problem> {
        let types = self.types.take().unwrap_or_default();
        let types = types.split(',').map(str::trim);
        let types = types.filter(|kind| !kind.is_empty()).map(str::to_owned);
        let filter = Filter {
            types: types.collect(),
            agent_id: self.agent_id.take(),
            session_id: self.session_id.take(),
            role: self.role.take(),
        };
        if filter.types.len() > TYPES_MAX {
            let detail = format!("may name up to {TYPES_MAX} types");
            return Err(Problem::invalid("/types", detail));
        }
        for kind in &filter.types {
            event_type(kind).map_err(|detail| Problem::invalid("/types", detail))?;
        }
        let role = filter.role.as_deref();
        if role.is_some_and(|role| Role::parse(role).is_none()) {
            let detail = "must be one of the roles that agents have, such as `developer`";
            return Err(Problem::invalid("/role", detail));
        }
        Ok(filter)
    }
}

/// Follow what the tenant's agents do.
///
/// First `{type: "connection", message, timestamp, seq}` and `{type: "stats", data: {total_agents, active_connections}}`,
/// then one message `{type, data, timestamp, seq}` for each event, in order. With `Upgrade: websocket` these are messages,
/// any text is echoed, and the close code says why it ended: 4001 the credential has ended, 4008 reading too slowly, 4010 `after` is too old or not known
/// (a message `gap` before it says what is), 1001 the server stops, 1011 storage cannot be read. Otherwise they are lines of
/// JSON (`application/x-ndjson`), and the last one says `{type: "closed", code, message}`.
#[utoipa::path(get, path = "/api/v1/agents/activity/stream", tag = "agents",
    security(("bearer" = [])), params(ActivityQuery),
    responses(
        (status = 200, body = String, content_type = "application/x-ndjson"),
        (status = 101, description = "The WebSocket is open."),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn stream(
    State(state): State<AppState>,
    SocketCaller(caller, standing): SocketCaller,
    Params(mut query): Params<ActivityQuery>,
    request: Request,
) -> Result<Response, Problem> {
    require(&caller, Permission::Read)?;
    let named = query.tenant_id.as_ref();
    if named.is_some_and(|named| *named != caller.tenant_id) {
        let detail = "the tenant `tenant_id` names is not yours: leave it out";
        return Err(Problem::new(ErrorCode::Forbidden, detail));
    }
    let filter = query.filter()?;
    let place = state.streams.take(&caller.tenant_id)?;
    let mut greeting = Vec::new();
    let joined = match state.feed.start(query.after).await? {
        Start::After(seq) => {
            let joined = state.feed.join(&caller.tenant_id, filter, seq);
            let joined = joined.map_err(|full| {
                Problem::new(ErrorCode::ServiceUnavailable, full.to_string()).retry_after(5)
            })?;
            greeting = greet(&state, &caller.tenant_id, seq).await?;
            Some(joined)
        }
        Start::Unknown { oldest, newest } => {
            greeting.push(json!({
                "type": "gap",
                "message": "the number in `after` is too old or not known: read the state again, and follow without it",
                "data": { "oldest": oldest, "newest": newest },
                "timestamp": state.clock.now(),
            }));
            None
        }
    };
    let client = Client {
        state: state.clone(),
        joined,
        greeting,
        guard: Guard::new(&state, standing),
        _place: place,
    };
    if !socket::is_wanted(&request) {
        return Ok(lines_of(client));
    }
    socket::open(&state, request, move |socket| push(socket, client)).await
}

async fn greet(state: &AppState, tenant: &TenantId, seq: u64) -> Result<Vec<Value>, Problem> {
    let agents = state.store.agents().stats(tenant).await?;
    let total: u64 = agents.iter().map(|kind| kind.count).sum();
    let now = state.clock.now();
    Ok(vec![
        json!({
            "type": "connection",
            "message": "Connected to Agent Reality Map WebSocket",
            "timestamp": now,
            "seq": seq,
        }),
        json!({
            "type": "stats",
            "data": { "total_agents": total, "active_connections": state.feed.watchers(tenant) },
            "timestamp": now,
        }),
    ])
}

/// One client of the feed.
struct Client {
    state: AppState,
    /// Nothing, when the number it came with is not known.
    joined: Option<Joined>,
    greeting: Vec<Value>,
    guard: Guard,
    _place: Place,
}

/// Why it ends.
#[derive(Clone, Copy)]
struct End {
    code: u16,
    reason: &'static str,
}

const STALLED: End = End {
    code: CLOSE_STALLED,
    reason: "reading too slowly: come back with the last seq",
};

impl Client {
    /// The next event.
    async fn next(&mut self) -> Result<Arc<civitas_governance::feed::Message>, End> {
        let Some(joined) = &mut self.joined else {
            return Err(End {
                code: CLOSE_UNKNOWN_SEQ,
                reason: "after is too old or not known: begin anew",
            });
        };
        let next = tokio::select! {
            () = self.state.stopping.cancelled() => {
                return Err(End {
                    code: close_code::AWAY,
                    reason: "the server is stopping: come back with the last seq",
                });
            }
            () = self.guard.ended() => {
                return Err(End {
                    code: CLOSE_CREDENTIAL,
                    reason: CREDENTIAL_ENDED,
                });
            }
            next = joined.next() => next,
        };
        match next {
            Ok(Some(message)) => Ok(message),
            Ok(None) => Err(STALLED),
            Err(error) => {
                tracing::warn!(%error, "the feed cannot be read");
                Err(End {
                    code: close_code::ERROR,
                    reason: "storage cannot be read: come back with the last seq",
                })
            }
        }
    }

    /// Writes, unless the client is let go meanwhile; `None` when it is gone.
    async fn write(
        &self,
        socket: &mut WebSocket,
        messages: impl IntoIterator<Item = Message>,
    ) -> Option<Result<(), End>> {
        let writing = async {
            for message in messages {
                socket.feed(message).await?;
            }
            socket.flush().await
        };
        let stalled = self.joined.as_ref().map(Joined::stalled);
        let stalled = async {
            match &stalled {
                Some(stalled) => stalled.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            written = timeout(self.state.settings.limits.send_patience, writing) => match written {
                Ok(Ok(())) => Some(Ok(())),
                Ok(Err(_)) => None,
                Err(_) => Some(Err(STALLED)),
            },
            () = stalled => Some(Err(STALLED)),
        }
    }

    /// An event and those behind it that are ready.
    fn batch(&mut self, first: &civitas_governance::feed::Message) -> Vec<Message> {
        let mut batch = vec![text(&first.text)];
        while batch.len() < BATCH_MAX
            && let Some(next) = self.joined.as_mut().and_then(Joined::ready)
        {
            batch.push(text(&next.text));
        }
        batch
    }
}

/// The shared text; only its few bytes of framing are each client's own.
fn text(shared: &Bytes) -> Message {
    // The text was made from strings.
    Message::Text(Utf8Bytes::try_from(shared.clone()).unwrap_or_default())
}

fn lines_of(client: Client) -> Response {
    let state = client.state.clone();
    let greeting: Vec<Bytes> = client.greeting.iter().map(line).collect();
    let events = stream::unfold(Some(client), |client| async move {
        let mut client = client?;
        let next = timeout(PING_INTERVAL, client.next()).await;
        Some(match next {
            Ok(Ok(message)) => {
                let mut line = message.text.to_vec();
                line.push(b'\n');
                (line.into(), Some(client))
            }
            Ok(Err(end)) => (closed(&client.state, end), None),
            Err(_) => {
                let ping = ping(client.state.clock.now());
                (line(&ping), Some(client))
            }
        })
    });
    let stalled = closed(&state, STALLED);
    let events = futures::StreamExt::chain(stream::iter(greeting), events);
    lines::respond(&state, events, Some(stalled))
}

/// What a client reads last.
fn closed(state: &AppState, End { code, reason }: End) -> Bytes {
    let timestamp = state.clock.now();
    line(&json!({ "type": "closed", "code": code, "message": reason, "timestamp": timestamp }))
}

fn line(value: &Value) -> Bytes {
    format!("{value}\n").into()
}

async fn push(mut socket: WebSocket, client: Client) {
    // By the end of it the place among the watchers is free.
    if let Some(End { code, reason }) = converse(&mut socket, client).await {
        socket::close(&mut socket, code, reason).await;
    }
}

/// Serves a client until it is to be closed, or is gone.
async fn converse(socket: &mut WebSocket, mut client: Client) -> Option<End> {
    let greeting = std::mem::take(&mut client.greeting);
    let mut outgoing: Vec<Message> = greeting
        .iter()
        .map(|value| Message::Text(value.to_string().into()))
        .collect();
    let mut pings = 0;
    let mut next_ping = Instant::now() + PING_INTERVAL;
    loop {
        match client.write(socket, outgoing.drain(..)).await {
            Some(Ok(())) => {}
            Some(Err(end)) => return Some(end),
            None => return None,
        }
        tokio::select! {
            next = client.next() => match next {
                Ok(message) => outgoing = client.batch(&message),
                Err(end) => return Some(end),
            },
            heard = socket.recv() => {
                pings = 0;
                match heard {
                    Some(Ok(Message::Text(said))) => {
                        let echo = json!({
                            "type": "echo",
                            "message": format!("Received: {said}"),
                            "timestamp": client.state.clock.now(),
                        });
                        outgoing.push(Message::Text(echo.to_string().into()));
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(_)) => {}
                }
            }
            () = tokio::time::sleep_until(next_ping) => {
                if pings >= PINGS_UNANSWERED_MAX {
                    return None;
                }
                pings += 1;
                next_ping = Instant::now() + PING_INTERVAL;
                outgoing.push(Message::Ping(Bytes::new()));
            }
        }
    }
}
