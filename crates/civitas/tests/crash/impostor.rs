//! The planted defect: someone between clients and server who acknowledges a submission, and answers a
//! tool call, before it is durable.

use std::net::SocketAddr;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::gate::HOOK;

/// What is acknowledged and not forwarded.
const WAITING: usize = 256;

const SUBMIT: &str = "/api/intent/submit";

/// What is to be forwarded, and where to.
type Forward = mpsc::Sender<(&'static str, Value)>;

/// The one in between.
pub(crate) struct Impostor {
    address: SocketAddr,
    serving: JoinHandle<()>,
    forwarding: JoinHandle<()>,
}

impl Impostor {
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let (forward, mut waiting) = mpsc::channel::<(&'static str, Value)>(WAITING);
        let app = Router::new()
            .route(SUBMIT, post(acknowledge))
            .route(HOOK, post(allow))
            .with_state(forward);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let mut client = Client::connect(server).await.unwrap();
        let forwarding = tokio::spawn(async move {
            while let Some((path, body)) = waiting.recv().await {
                let sent = client.call("POST", path, Some(&body));
                if sent.await.is_err() {
                    return;
                }
            }
        });
        Self {
            address,
            serving,
            forwarding,
        }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Dies together with the server: what was not forwarded is lost.
    pub(crate) async fn stop(self) {
        self.serving.abort();
        self.forwarding.abort();
        let _ = self.serving.await;
    }
}

async fn acknowledge(State(forward): State<Forward>, Json(submission): Json<Value>) -> Json<Value> {
    let answer =
        json!({ "execution_id": "", "intent_id": submission["intent_id"], "status": "accepted" });
    // Nobody forwards once the server is gone; the client is told that all is well.
    let _ = forward.send((SUBMIT, submission)).await;
    Json(answer)
}

async fn allow(State(forward): State<Forward>, Json(event): Json<Value>) -> Json<Value> {
    let _ = forward.send((HOOK, event)).await;
    let said = json!({
        "hookEventName": "PreToolUse", "permissionDecision": "allow", "permissionDecisionReason": "",
    });
    Json(json!({ "hookSpecificOutput": said }))
}
