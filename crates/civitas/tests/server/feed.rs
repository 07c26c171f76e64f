//! `/api/v1/agents/activity/stream`: greeting, echo, filters, resumption through a restart, and a client that does not read.

use std::time::Duration;

use civitas_model::TenantId;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::agents::agent;
use crate::client::Client;
use crate::server::TestServer;

const STREAM: &str = "/api/v1/agents/activity/stream";

type Socket = WebSocketStream<TcpStream>;

async fn created(client: &Client, name: &str) -> String {
    let made = client
        .post("/api/v1/agents")
        .json(&agent(name))
        .send()
        .await;
    made.json()["agent_id"].as_str().unwrap().to_owned()
}

async fn activate(client: &Client, agent: &str) {
    let path = format!("/api/v1/agents/{agent}/activate");
    client.post(&path).send().await.ok();
}

/// The next message, or the code that the socket is closed with.
async fn next(socket: &mut Socket) -> Result<Value, u16> {
    while let Some(message) = socket.next().await {
        match message.unwrap() {
            Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
            Message::Close(frame) => return Err(frame.unwrap().code.into()),
            _ => {}
        }
    }
    panic!("the socket ended without a close frame");
}

/// A socket behind its greeting.
async fn greeted(client: &Client, path: &str) -> Socket {
    let mut socket = client.socket(path, &[]).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap()["type"], "connection");
    assert_eq!(next(&mut socket).await.unwrap()["type"], "stats");
    socket
}

async fn seqs(socket: &mut Socket, count: usize) -> Vec<u64> {
    let mut seqs = Vec::new();
    while seqs.len() < count {
        seqs.push(next(socket).await.unwrap()["seq"].as_u64().unwrap());
    }
    seqs
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_greeted_echoed_and_told_what_happens() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let id = created(&anyone, "coder").await;
    let mut socket = anyone.socket(STREAM, &[]).await.unwrap();
    let connection = next(&mut socket).await.unwrap();
    assert_eq!(
        connection["message"],
        "Connected to Agent Reality Map WebSocket"
    );
    assert!(connection["timestamp"].is_string());
    let stats = next(&mut socket).await.unwrap();
    assert_eq!(
        stats["data"],
        json!({ "total_agents": 1, "active_connections": 1 })
    );
    socket.send(Message::text("hello")).await.unwrap();
    let echo = next(&mut socket).await.unwrap();
    assert_eq!(
        (&echo["type"], &echo["message"]),
        (&json!("echo"), &json!("Received: hello"))
    );
    activate(&anyone, &id).await;
    let told = next(&mut socket).await.unwrap();
    assert_eq!(
        (&told["type"], &told["data"]["agent_name"]),
        (&json!("agent_activated"), &json!("coder"))
    );
    assert!(told["seq"].as_u64() > connection["seq"].as_u64());
    let health = anyone.get("/api/v1/websocket/health").send().await.ok();
    assert_eq!(
        (&health["status"], &health["active_connections"]),
        (&json!("operational"), &json!(1))
    );
    assert_eq!(health["endpoint"], STREAM);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_is_told_by_type_agent_and_role() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let (coder, other) = (
        created(&anyone, "coder").await,
        created(&anyone, "other").await,
    );
    let mut recorded = greeted(
        &anyone,
        &format!("{STREAM}?types=metric_recorded&agent_id={coder}"),
    )
    .await;
    let mut developers = greeted(
        &anyone,
        &format!("{STREAM}?role=developer&types=metric_recorded"),
    )
    .await;
    let nobody = anyone.get(format!("{STREAM}?role=wizard")).send().await;
    nobody.problem(422, "validation_failed");
    let nothing = anyone
        .get(format!("{STREAM}?types=halted,nope"))
        .send()
        .await;
    let problem = nothing.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/types");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("metric_recorded")
    );
    let mut testers = greeted(&anyone, &format!("{STREAM}?role=tester")).await;
    for id in [&other, &coder] {
        let metric = json!({ "agent_id": id, "metric_type": "execution", "tokens_used": 10 });
        let answer = anyone.post("/api/v1/metrics").json(&metric).send().await;
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    }
    let told = next(&mut recorded).await.unwrap();
    assert_eq!(told["data"]["agent_id"], coder.as_str());
    for id in [&other, &coder] {
        assert_eq!(
            next(&mut developers).await.unwrap()["data"]["agent_id"],
            id.as_str()
        );
    }
    // What it says next is the answer to this, so nothing came before.
    testers.send(Message::text("x")).await.unwrap();
    assert_eq!(next(&mut testers).await.unwrap()["type"], "echo");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_bridged_by_the_last_seq() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let id = created(&anyone, "coder").await;
    let mut socket = greeted(&anyone, STREAM).await;
    activate(&anyone, &id).await;
    activate(&anyone, &id).await;
    let seen = seqs(&mut socket, 1).await;
    let server = server.restarted().await;
    // The one that was under way, then the code of a stop.
    let rest = async {
        loop {
            if let Err(code) = next(&mut socket).await {
                return code;
            }
        }
    };
    assert_eq!(rest.await, 1001);
    let anyone = server.anonymous();
    activate(&anyone, &id).await;
    let mut socket = greeted(&anyone, &format!("{STREAM}?after={}", seen[0])).await;
    assert_eq!(seqs(&mut socket, 2).await, [seen[0] + 1, seen[0] + 2]);
    let mut unknown = anyone
        .socket(&format!("{STREAM}?after=999"), &[])
        .await
        .unwrap();
    assert_eq!(next(&mut unknown).await.unwrap()["type"], "gap");
    assert_eq!(next(&mut unknown).await.unwrap_err(), 4010);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_closed_and_the_others_hear_everything() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let id = created(&anyone, "coder").await;
    let mut stalled = greeted(&anyone, STREAM).await;
    let mut reading = greeted(&anyone, STREAM).await;
    // Enough to fill the kernel's buffers on the way, and then the queue.
    let (count, padding) = (1900, "x".repeat(15 * 1024));
    let metric =
        json!({ "agent_id": id, "metric_type": "execution", "context": { "padding": padding } });
    let writing = async {
        let requests = (0..count).map(|_| async {
            let answer = anyone.post("/api/v1/metrics").json(&metric).send().await;
            assert_eq!(answer.status.as_u16(), 201);
        });
        let mut requests = futures::stream::iter(requests).buffer_unordered(32);
        while requests.next().await.is_some() {}
    };
    let tenant = TenantId::trusted("default_tenant");
    let let_go = async {
        while server.state.feed.watchers(&tenant) == 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Only now it reads again, and finds what was on its way.
        let mut seen = Vec::new();
        loop {
            match next(&mut stalled).await {
                Ok(message) => seen.push(message["seq"].as_u64().unwrap()),
                Err(code) => return (seen, code),
            }
        }
    };
    let (heard, (), (seen, code)) = tokio::join!(seqs(&mut reading, count), writing, let_go);
    assert!(heard.windows(2).all(|two| two[0] + 1 == two[1]));
    assert_eq!(seen, heard[..seen.len()], "what it got has no gap");
    let last = *seen.last().unwrap();
    assert_eq!(code, 4008);
    // It comes back with what it saw.
    let mut back = greeted(&anyone, &format!("{STREAM}?after={last}")).await;
    let missing = usize::try_from(heard[count - 1] - last).unwrap();
    assert!(missing > 0, "it had missed nothing");
    assert_eq!(
        seqs(&mut back, missing).await,
        (last + 1..=heard[count - 1]).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_is_told_nothing_and_lines_do_as_well() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let foreign = server.user("bob@x.example").await;
    let id = created(&operator, "coder").await;
    let mut socket = greeted(&foreign, STREAM).await;
    activate(&operator, &id).await;
    socket.send(Message::text("x")).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap()["type"], "echo");
    let refused = server.anonymous().socket(STREAM, &[]).await.unwrap_err();
    assert_eq!(refused.as_u16(), 401);
    let ticket = operator.post("/api/auth/ws-ticket").send().await.ok();
    let ticket = ticket["ticket"].as_str().unwrap();
    let path = format!("{STREAM}?after=0&access_token={ticket}");
    let mut own = greeted(&server.anonymous(), &path).await;
    assert_eq!(next(&mut own).await.unwrap()["type"], "agent_activated");
    // Without an upgrade: lines, the last of which says why they end.
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let lines = http
        .get(format!("http://{}{STREAM}?after=77", server.address))
        .bearer_auth(operator.token.clone().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(lines.headers()["content-type"], "application/x-ndjson");
    let text = lines.text().await.unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["type"], "gap");
    assert_eq!(lines[1]["code"], 4010);
}
