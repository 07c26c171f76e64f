//! `/api/intent`, `/api/intents`, `/api/realms`.

use civitas_model::Role;
use serde_json::{Value, json};

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_shows_realms_and_schemas() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for path in ["/api/realms", "/api/realms/"] {
        let realms = anyone.get(path).send().await.ok();
        assert_eq!(realms["realm_names"], json!(["content", "fleet", "tests"]));
        assert_eq!(realms["total"], 3);
        let content = &realms["realms"][0];
        let intents = content["intents"].as_array().unwrap();
        assert_eq!(content["intents_supported"], intents.len());
    }
    let intents = anyone.get("/api/intents/").send().await.ok();
    assert_eq!(
        intents["total"],
        intents["intents"].as_array().unwrap().len()
    );
    let count = anyone.get("/api/intents/count").send().await.ok();
    assert_eq!(count["artifact"], "done");
    assert_eq!(count["aliases"], json!(["finished"]));
    assert_eq!(count["parameters"]["required"], json!(["events"]));
    let unknown = anyone.get("/api/intents/parse_contents").send().await;
    let unknown = unknown.problem(404, "not_found");
    assert_eq!(unknown["suggestions"][0], "parse_content");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_is_accepted_and_then_runs() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    let body = json!({ "intent_type": "count", "intent_id": "mine", "parameters": { "events": 2 }, "metadata": null });
    let accepted = user
        .post("/api/intent/submit/")
        .json(&body)
        .send()
        .await
        .ok();
    assert_eq!(accepted["status"], "accepted");
    assert_eq!(accepted["intent_id"], "mine");
    assert!(accepted["created_at"].as_str().unwrap().ends_with('Z'));
    let ended = user.ended(accepted["execution_id"].as_str().unwrap()).await;
    assert_eq!(ended["status"], "completed");
    assert_eq!(ended["intent_id"], "mine");
    assert_eq!(ended["error"], Value::Null);
    let done = &ended["artifacts"]["done"];
    assert_eq!(done["semantic_payload"]["value"], 2);
    assert!(done["result_type"].is_string());
    assert!(done["renderings"].is_object());
    assert_eq!(
        ended["artifacts"]["finished"], *done,
        "under the alias, too"
    );
    let events = ended["events"].as_array().unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(events[1]["type"], "counted");
    assert_eq!(events[1]["data"], json!({ "number": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_of_a_submission_that_is_wrong() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    let submit = |body: Value| user.post("/api/intent/submit").json(&body).send();
    let unknown = submit(json!({ "intent_type": "parse_contnt" })).await;
    let unknown = unknown.problem(422, "unknown_intent_type");
    assert_eq!(unknown["suggestions"][0], "parse_content");
    assert_eq!(unknown["errors"][0]["pointer"], "/intent_type");
    let invalid = json!({ "intent_type": "count", "parameters": { "events": "many" } });
    let invalid = submit(invalid).await.problem(422, "validation_failed");
    assert_eq!(invalid["errors"][0]["pointer"], "/parameters/events");
    let foreign = json!({ "intent_type": "count", "tenant_id": "default_tenant", "parameters": { "events": 1 } });
    submit(foreign).await.problem(403, "forbidden");
    submit(json!({})).await.problem(422, "validation_failed");
    submit(json!({ "intent_type": 7 }))
        .await
        .problem(422, "validation_failed");
    let listed = user.get("/api/executions").send().await.ok();
    assert_eq!(listed["executions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_the_same_execution() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    let body = json!({ "intent_type": "count", "parameters": { "events": 1 } });
    let with_header = || {
        user.post("/api/intent/submit")
            .header("idempotency-key", "once")
            .json(&body)
            .send()
    };
    let first = with_header().await.ok();
    let again = with_header().await.ok();
    assert_eq!(first["execution_id"], again["execution_id"]);
    let mut in_body = body.clone();
    in_body["idempotency_key"] = json!("once");
    let field = user
        .post("/api/intent/submit")
        .json(&in_body)
        .send()
        .await
        .ok();
    assert_eq!(
        first["execution_id"], field["execution_id"],
        "as a field, too"
    );
    in_body["parameters"]["events"] = json!(2);
    let other = user.post("/api/intent/submit").json(&in_body).send().await;
    other.problem(422, "idempotency_key_reused");
    let bob = server.user("bob@x.example").await;
    in_body["parameters"]["events"] = json!(1);
    let foreign = bob
        .post("/api/intent/submit")
        .json(&in_body)
        .send()
        .await
        .ok();
    assert_ne!(
        first["execution_id"], foreign["execution_id"],
        "another tenant's key is another key"
    );
    user.ended(first["execution_id"].as_str().unwrap()).await;
    bob.ended(foreign["execution_id"].as_str().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_submit_readings_only() {
    let server = TestServer::credentials().await;
    let viewer = server.member("viewer@x.example", Role::Viewer).await;
    viewer.run("list_files", json!({})).await;
    let body = json!({ "intent_type": "count", "parameters": { "events": 1 } });
    let refused = viewer.post("/api/intent/submit").json(&body).send().await;
    refused.problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_intents_are_prepared_and_listed_per_tenant() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    let body = json!({
        "intent_type": "parse_content", "target_artifact_id": "some-file", "context": { "a": 1 },
    });
    let made = user
        .post("/api/intent/pending/create")
        .json(&body)
        .send()
        .await
        .ok();
    assert_eq!(made["status"], "pending");
    let filter = json!({ "target_artifact_id": "some-file" });
    let list = || user.post("/api/intent/pending/list").json(&filter).send();
    let listed = list().await.ok();
    assert_eq!(listed["total"], 1);
    assert_eq!(listed["intents"][0]["intent_id"], made["intent_id"]);
    assert_eq!(listed["intents"][0]["context"], json!({ "a": 1 }));
    let bob = server.user("bob@x.example").await;
    let foreign = bob
        .post("/api/intent/pending/list")
        .json(&json!({}))
        .send()
        .await
        .ok();
    assert_eq!(foreign["total"], 0);
    let unknown = json!({ "intent_type": "x", "target_artifact_id": "f", "context": {} });
    let unknown = user
        .post("/api/intent/pending/create")
        .json(&unknown)
        .send()
        .await;
    unknown.problem(422, "unknown_intent_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_that_is_too_long_is_an_invalid_field() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let body = json!({ "intent_type": "count", "parameters": { "events": 1 } });
    let submit = |key: String| {
        let request = anyone.post("/api/intent/submit").json(&body);
        request.header("idempotency-key", &key).send()
    };
    let document = submit("k".repeat(257))
        .await
        .problem(422, "validation_failed");
    assert_eq!(document["errors"][0]["pointer"], "/idempotency_key");
    let accepted = submit("k".repeat(256)).await.ok();
    anyone
        .ended(accepted["execution_id"].as_str().unwrap())
        .await;
}
