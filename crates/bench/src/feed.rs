//! The live feed: how long from a request to the message of its event at each of many clients, while one does not read.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use futures::StreamExt;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::process::Process;
use crate::report::Times;

/// Between two events.
const INTERVAL: Duration = Duration::from_millis(50);
const AGENT: &str = r#"{"name":"bench","role":"developer","capabilities":[],"rbac_allowed_tools":[],"rbac_path_scopes":[],
    "budget_max_tokens_per_session":1000,"budget_max_cost_per_day":1.0,"metadata_category":"bench"}"#;

type Socket = WebSocketStream<TcpStream>;

/// What was measured.
pub(crate) struct Seen {
    /// From sending a request to its event at a client, over all clients and events.
    pub(crate) delays: Times,
    /// How many events.
    pub(crate) events: usize,
}

/// Opens so many sockets and one more that is never read, makes events for a while, and times each at every client.
pub(crate) async fn delays(
    process: &Process,
    clients: usize,
    time: Duration,
) -> anyhow::Result<Seen> {
    let mut publisher = process.client().await?;
    let made = publisher
        .post("/api/v1/agents", Bytes::from_static(AGENT.as_bytes()))
        .await?;
    let made: Value = serde_json::from_slice(&made)?;
    let agent = made["agent_id"].as_str().context("no agent_id")?;
    let path = format!("/api/v1/agents/{agent}/activate");
    let (stalled, base) = open(process.address, &process.token).await?;
    // The instants at which requests were sent; an event's number says which is its own.
    let mut instants = Vec::new();
    let events = usize::try_from(time.as_millis() / INTERVAL.as_millis())?;
    let mut reading = JoinSet::new();
    for _ in 0..clients {
        let (socket, _) = open(process.address, &process.token).await?;
        reading.spawn(arrivals(socket, base, events));
    }
    let mut tick = tokio::time::interval(INTERVAL);
    for _ in 0..events {
        tick.tick().await;
        instants.push(Instant::now());
        publisher.post(&path, Bytes::new()).await?;
    }
    let mut delays = Vec::with_capacity(clients * events);
    while let Some(arrived) = reading.join_next().await {
        let arrived = arrived??;
        delays.extend(instants.iter().zip(arrived).map(|(sent, at)| at - *sent));
    }
    drop(stalled);
    Ok(Seen {
        delays: Times::of(delays),
        events,
    })
}

/// A socket behind its greeting, and the number it begins at.
async fn open(address: SocketAddr, token: &str) -> anyhow::Result<(Socket, u64)> {
    let url = format!("ws://{address}/api/v1/agents/activity/stream");
    let mut request = url.into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("authorization", format!("Bearer {token}").parse()?);
    let stream = TcpStream::connect(address).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    let connection = next(&mut socket).await?;
    let seq = connection["seq"].as_u64().context("no seq")?;
    // The statistics.
    next(&mut socket).await?;
    Ok((socket, seq))
}

async fn next(socket: &mut Socket) -> anyhow::Result<Value> {
    loop {
        match socket.next().await.context("the socket ended")?? {
            Message::Text(text) => return Ok(serde_json::from_str(&text)?),
            Message::Close(frame) => bail!("closed: {frame:?}"),
            _ => {}
        }
    }
}

/// When each of so many events arrived.
async fn arrivals(mut socket: Socket, base: u64, events: usize) -> anyhow::Result<Vec<Instant>> {
    let mut arrived = Vec::with_capacity(events);
    while arrived.len() < events {
        let message = next(&mut socket).await?;
        let at = Instant::now();
        let expected = base + 1 + arrived.len() as u64;
        if message["seq"].as_u64() != Some(expected) {
            bail!("{expected} was expected, not {message}");
        }
        arrived.push(at);
    }
    Ok(arrived)
}
