//! `/api/v1/webhooks` against a receiver on a real socket; checkpoints that are sent on.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use civitas_governance::webhooks::signature::verify;
use civitas_model::{Clock, SystemClock};
use civitas_storage::SigningSecret;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::agents::agent;
use crate::client::Client;
use crate::server::TestServer;

pub(crate) type Received = (HeaderMap, Bytes);

/// A receiver and what it gets.
pub(crate) async fn receiver() -> (String, mpsc::Receiver<Received>) {
    async fn take(State(told): State<mpsc::Sender<Received>>, headers: HeaderMap, body: Bytes) {
        told.send((headers, body)).await.unwrap();
    }
    let (told, heard) = mpsc::channel(64);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(take)).with_state(told);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, heard)
}

/// The event of a message, whose signature fits.
fn checked((headers, body): &Received, secret: &str) -> Value {
    let header = |name: &str| headers[name].to_str().unwrap();
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
    let secret = SigningSecret::new(secret);
    assert_eq!(verify(&secret, headers, body, SystemClock.now()), Ok(()));
    serde_json::from_slice(body).unwrap()
}

async fn created(client: &Client, body: &Value) -> Value {
    let answer = client.post("/api/v1/webhooks").json(body).send().await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    answer.json()
}

async fn happen(client: &Client, name: &str) {
    let made = client
        .post("/api/v1/agents")
        .json(&agent(name))
        .send()
        .await;
    let id = made.json()["agent_id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/agents/{id}/activate");
    client.post(&path).send().await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_lives_from_its_creation_to_its_removal() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let (url, mut heard) = receiver().await;
    let made = created(&anyone, &json!({ "url": url, "description": "for a test" })).await;
    let secret = made["secret"].as_str().unwrap();
    let path = format!("/api/v1/webhooks/{}", made["webhook_id"].as_str().unwrap());
    let shown = anyone.get(&path).send().await;
    assert!(!shown.text().contains("whsec_"), "{}", shown.text());
    assert_eq!(shown.ok()["state"], "active");
    happen(&anyone, "one").await;
    let event = checked(&heard.recv().await.unwrap(), secret);
    assert_eq!(event["type"], "agent_activated");
    let tested = anyone.post(format!("{path}/test")).send().await.ok();
    assert_eq!(
        (&tested["status"], &tested["log"][0]["status"]),
        (&json!("delivered"), &json!(200))
    );
    assert_eq!(
        checked(&heard.recv().await.unwrap(), secret)["type"],
        "webhook_test"
    );
    let page = anyone
        .get(format!("{path}/deliveries?type=agent_activated"))
        .send()
        .await
        .ok();
    let delivery = page["deliveries"][0]["delivery_id"].as_str().unwrap();
    let one = format!("{path}/deliveries/{delivery}");
    assert_eq!(anyone.get(&one).send().await.ok()["payload"], event);
    let replayed = anyone.post(format!("{one}/replay")).send().await;
    assert_eq!(replayed.status.as_u16(), 202, "{}", replayed.text());
    let again = heard.recv().await.unwrap();
    assert_eq!(again.0["webhook-id"], delivery);
    let rotated = anyone.post(format!("{path}/rotate")).send().await.ok();
    happen(&anyone, "two").await;
    let received = heard.recv().await.unwrap();
    checked(&received, secret);
    checked(&received, rotated["secret"].as_str().unwrap());
    let removed = anyone.delete(&path).send().await;
    assert_eq!(removed.status.as_u16(), 204);
    assert_eq!(anyone.get(&path).send().await.status.as_u16(), 404);
    let entries = anyone.get("/api/v1/audit?category=webhook").send().await;
    let text = entries.text();
    for action in ["create", "test", "replay", "rotate", "remove"] {
        assert!(
            text.contains(&format!("{action}_webhook")),
            "{action}: {text}"
        );
    }
    assert!(
        !text.contains("whsec_") && !text.contains("/hook"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_called_is_refused() {
    let server = TestServer::with(|config| {
        config.webhooks.rules = civitas_providers::outbound::Rules::PUBLIC;
    })
    .await;
    let anyone = server.anonymous();
    for url in [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://0x7f.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest",
        "https://example.com:22/",
        "nonsense",
    ] {
        let refused = anyone
            .post("/api/v1/webhooks")
            .json(&json!({ "url": url }))
            .send()
            .await;
        assert_eq!(refused.status.as_u16(), 422, "{url}: {}", refused.text());
        assert_eq!(refused.json()["errors"][0]["pointer"], "/url");
    }
    let nope = json!({ "url": "https://example.com/", "types": ["halted", "nope"] });
    let refused = anyone.post("/api/v1/webhooks").json(&nope).send().await;
    let problem = refused.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/types/1");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("rbac_decision")
    );
    // A name is found out when it is called.
    let made = created(&anyone, &json!({ "url": "https://localhost:8443/" })).await;
    let path = format!(
        "/api/v1/webhooks/{}/test",
        made["webhook_id"].as_str().unwrap()
    );
    let tested = anyone.post(&path).send().await.ok();
    assert_eq!(tested["status"], "dead");
    let error = tested["log"][0]["error"].as_str().unwrap();
    assert!(error.contains("not public"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_are_sent_on() {
    let (url, mut heard) = receiver().await;
    let server = TestServer::with(|config| {
        config.webhooks.audit = Some(url);
        config.audit.entries = 1;
    })
    .await;
    happen(&server.anonymous(), "one").await;
    let received = heard.recv().await.unwrap();
    let path = server.data_dir().join("audit/webhook.secret");
    let secret = std::fs::read_to_string(path).unwrap();
    let message = checked(&received, &secret);
    assert_eq!(message["type"], "audit_checkpoint");
    let note = message["data"]["note"].as_str().unwrap();
    assert!(note.contains("default_tenant"), "{note}");
    let kept = server
        .anonymous()
        .get("/api/v1/audit/checkpoints")
        .send()
        .await;
    assert!(kept.text().contains(&serde_json::to_string(note).unwrap()));
}
