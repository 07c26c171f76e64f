//! `/api/content/validation-rules`: what a tenant states once about its files.

use axum::http::Method;
use civitas_model::Role;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::server::TestServer;

const RULES: &str = "/api/content/validation-rules";

async fn state(client: &Client, body: Value) -> Answer {
    client.request(Method::PUT, RULES).json(&body).send().await
}

async fn shown(client: &Client) -> Value {
    client.get(RULES).send().await.ok()
}

async fn validated(client: &Client, file: &Value, more: Value) -> Value {
    let mut parameters = json!({ "file_id": file["file_id"] });
    parameters
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let artifacts = client.run("validate_file", parameters).await;
    artifacts["validation_results"]["semantic_payload"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_stated_once_and_apply_to_every_file_of_the_tenant_alone() {
    let server = TestServer::credentials().await;
    let admin = server.operator().await;
    let none = shown(&admin).await;
    assert_eq!(
        (&none["version"], &none["validation_rules"]),
        (&json!(0), &json!({}))
    );
    let file = admin.upload("a.csv", b"id,name\n1,x\n").await;
    let rules = json!({ "required_columns": ["id", "amount"] });
    let stated = state(&admin, json!({ "validation_rules": rules, "version": 0 })).await;
    let stated = stated.ok();
    assert_eq!(stated, shown(&admin).await);
    assert_eq!(stated["validation_rules"], rules);
    assert_eq!(stated["version"], 1);
    assert_eq!(stated["changed_by"], "operator@x.example");

    let member = server.member("member@x.example", Role::User).await;
    let results = validated(&member, &file, json!({})).await;
    assert_eq!(results["valid"], false, "{results}");
    assert_eq!(results["rules_from"], "tenant");
    assert_eq!(results["rules_version"], 1);
    assert_eq!(results["rules_applied"], rules);
    let own = json!({ "validation_rules": { "required_columns": ["name"] } });
    let results = validated(&member, &file, own).await;
    assert_eq!(
        (&results["valid"], &results["rules_from"]),
        (&json!(true), &json!("call"))
    );

    // Another tenant neither sees nor has them, and its own are its own.
    let stranger = server.user("stranger@x.example").await;
    assert_eq!(shown(&stranger).await["version"], 0);
    let theirs = stranger.upload("a.csv", b"id,name\n1,x\n").await;
    let results = validated(&stranger, &theirs, json!({})).await;
    assert_eq!(
        (&results["valid"], &results["rules_from"]),
        (&json!(true), &json!("nobody"))
    );
    state(
        &stranger,
        json!({ "validation_rules": { "allowed_types": ["pdf"] } }),
    )
    .await
    .ok();
    assert_eq!(shown(&admin).await, stated);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_sees_the_rules_and_does_not_change_them() {
    let server = TestServer::credentials().await;
    let viewer = server.member("viewer@x.example", Role::Viewer).await;
    let user = server.member("user@x.example", Role::User).await;
    let rules = json!({ "validation_rules": { "rows_min": 1 } });
    state(&user, rules).await.ok();
    let refused = state(&viewer, json!({ "validation_rules": {} })).await;
    refused.problem(403, "forbidden");
    let seen = shown(&viewer).await;
    assert_eq!(
        (&seen["version"], &seen["changed_by"]),
        (&json!(1), &json!("user@x.example"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_are_none_are_pointed_at_and_change_nothing() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    state(&anyone, json!({ "validation_rules": { "rows_min": 1 } }))
        .await
        .ok();
    for (rules, pointer, says) in [
        (
            json!({ "colour": "red" }),
            "/validation_rules/colour",
            "not known",
        ),
        (
            json!({ "required_colums": ["id"] }),
            "/validation_rules/required_colums",
            "required_columns",
        ),
        (
            json!({ "rows_min": "three" }),
            "/validation_rules/rows_min",
            "",
        ),
        (json!({ "rows_min": -1 }), "/validation_rules/rows_min", ""),
        (
            json!({ "column_types": { "id": "colour" } }),
            "/validation_rules/column_types/id",
            "",
        ),
        (
            json!({ "required_text": [" "] }),
            "/validation_rules/required_text",
            "characters",
        ),
        (
            json!({ "size_min": 2, "size_max": 1 }),
            "/validation_rules/size_max",
            "no file",
        ),
    ] {
        let refused = state(&anyone, json!({ "validation_rules": rules })).await;
        let problem = refused.problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!(error["pointer"], pointer, "{problem}");
        let detail = error["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{detail}");
        // `validate_file` refuses the same before anything is recorded.
        let body = json!({ "intent_type": "validate_file", "parameters": { "file_id": "f", "validation_rules": rules } });
        let refused = anyone.post("/api/intent/submit").json(&body).send().await;
        refused.problem(422, "validation_failed");
    }
    for body in [
        json!({}),
        json!({ "validation_rules": [] }),
        json!({ "validation_rules": {}, "when": 1 }),
    ] {
        state(&anyone, body).await.problem(422, "validation_failed");
    }
    let late = state(&anyone, json!({ "validation_rules": {}, "version": 0 })).await;
    assert_eq!(late.problem(409, "conflict")["version"], 1);
    let held = shown(&anyone).await;
    assert_eq!(
        (&held["version"], &held["validation_rules"]["rows_min"]),
        (&json!(1), &json!(1))
    );
    // They outlive a restart.
    let server = server.restarted().await;
    assert_eq!(shown(&server.anonymous()).await, held);
}
