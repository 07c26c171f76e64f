//! `/api/session`.

use axum::http::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn someone_works_anonymously_and_signs_in_later() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    let body = json!({ "metadata": { "from": "a test" } });
    let session = anyone
        .post("/api/session/create-anonymous")
        .json(&body)
        .send()
        .await
        .ok();
    assert_eq!(session["tenant_id"], Value::Null);
    assert_eq!(session["user_id"], Value::Null);
    assert!(session["created_at"].as_str().unwrap().ends_with('Z'));
    let id = session["session_id"].as_str().unwrap();
    let secret = session["session_token"].as_str().unwrap();
    let anonymous = Client::new(server.address, Some(secret.to_owned()));
    let path = format!("/api/session/{id}");
    let state = anonymous.get(path.as_str()).send().await.ok();
    assert_eq!(state["is_anonymous"], true);
    assert_eq!(state["status"], "active");
    assert_eq!(state["metadata"]["from"], "a test");
    let same = anonymous.get(format!("{path}/state/")).send().await.ok();
    assert_eq!(same, state);
    anonymous.run("count", json!({ "events": 1 })).await;

    let user = server.user("ada@x.example").await;
    user.get(path.as_str())
        .send()
        .await
        .problem(404, "not_found");
    let upgrade = |body: Value| {
        anyone
            .request(Method::PATCH, format!("{path}/upgrade"))
            .json(&body)
            .send()
    };
    upgrade(json!({})).await.problem(401, "unauthorized");
    upgrade(json!({ "access_token": "nonsense" }))
        .await
        .problem(401, "unauthorized");
    let wrong = json!({ "access_token": user.token, "session_token": "session_wrong" });
    upgrade(wrong).await.problem(401, "unauthorized");
    let right =
        json!({ "access_token": user.token, "session_token": secret, "metadata": { "n": 1 } });
    let upgraded = upgrade(right).await.ok();
    assert_eq!(upgraded["session_id"], id);
    assert_eq!(upgraded["is_anonymous"], false);
    assert_eq!(upgraded["metadata"], json!({ "from": "a test", "n": 1 }));
    assert!(upgraded["upgraded_at"].is_string());
    // The handle stays, the secret ends.
    user.get(path.as_str()).send().await.ok();
    anonymous
        .get(path.as_str())
        .send()
        .await
        .problem(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_its_owners_alone() {
    let server = TestServer::credentials().await;
    let ada = server.user("ada@x.example").await;
    let bob = server.user("bob@x.example").await;
    let body = json!({ "session_id": "my own/handle?", "metadata": {} });
    let session = ada
        .post("/api/session/create")
        .json(&body)
        .send()
        .await
        .ok();
    assert_eq!(session["session_id"], "my own/handle?");
    assert!(session["session_token"].is_null());
    let path = "/api/session/my%20own%2Fhandle%3F";
    assert_eq!(
        ada.get(path).send().await.ok()["session_id"],
        "my own/handle?"
    );
    bob.get(path).send().await.problem(404, "not_found");
    let taken = bob.post("/api/session/create").json(&body).send().await;
    taken.problem(409, "already_exists");
    let foreign = json!({ "tenant_id": "default_tenant" });
    let refused = ada.post("/api/session/create").json(&foreign).send().await;
    refused.problem(403, "forbidden");
    // A body may be left out.
    ada.post("/api/session/create").send().await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_opens_thirty_anonymous_sessions_a_minute() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    let open = || anyone.post("/api/session/create-anonymous").send();
    for _ in 0..30 {
        open().await.ok();
    }
    let limited = open().await;
    assert_eq!(limited.header("x-ratelimit-limit"), "30");
    assert_eq!(limited.header("x-ratelimit-window"), "60");
    let document = limited.problem(429, "rate_limit_exceeded");
    assert!(document["retry_after"].as_u64().unwrap() >= 1);
}
