//! `/api/artifacts` and `/api/artifact`.

use serde_json::{Value, json};

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_is_resolved_flat_and_nested_by_its_type() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    let file = user.upload("a.txt", b"some words").await;
    let id = &file["file_id"];
    let both = json!({ "boundary_contract_id": file["boundary_contract_id"], "file_id": id });
    user.run("save_materialization", both).await;
    let resolve = |body: Value| user.post("/api/artifact/resolve").json(&body).send();
    let found = resolve(json!({ "artifact_id": id, "artifact_type": "file" }))
        .await
        .ok();
    assert_eq!(found["artifact_id"], *id);
    assert_eq!(found["artifact"]["artifact_id"], *id);
    assert_eq!(found["lifecycle_state"], "READY");
    let other_type = json!({ "artifact_id": id, "artifact_type": "parsed_content" });
    resolve(other_type).await.problem(404, "not_found");
    let other_tenant =
        json!({ "artifact_id": id, "artifact_type": "file", "tenant_id": "another" });
    resolve(other_tenant).await.problem(404, "not_found");
    resolve(json!({ "artifact_id": id }))
        .await
        .problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn artifacts_are_listed_newest_first_by_what_they_serve_for() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    let mut ids = Vec::new();
    for name in ["a.txt", "b.txt"] {
        let file = user.upload(name, name.as_bytes()).await;
        let both = json!({ "boundary_contract_id": file["boundary_contract_id"], "file_id": file["file_id"] });
        user.run("save_materialization", both).await;
        ids.insert(0, file["file_id"].clone());
    }
    user.run("parse_content", json!({ "file_id": ids[0] }))
        .await;
    let list = |body: Value| user.post("/api/artifact/list/").json(&body).send();
    let files = list(json!({ "eligible_for": "parse_content" })).await.ok();
    let listed: Vec<Value> = files["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|artifact| artifact["artifact_id"].clone())
        .collect();
    assert_eq!(listed, ids);
    assert_eq!(files["total"], 2);
    assert_eq!(files["limit"], 100);
    let page = list(json!({ "artifact_type": "file", "limit": 1, "offset": 1 }))
        .await
        .ok();
    assert_eq!(page["artifacts"][0]["artifact_id"], ids[1]);
    assert_eq!(page["total"], 2);
    let parsed = list(json!({ "eligible_for": "extract_embeddings" }))
        .await
        .ok();
    assert_eq!(parsed["total"], 1);
    let contradiction =
        json!({ "eligible_for": "parse_content", "artifact_type": "parsed_content" });
    assert_eq!(list(contradiction).await.ok()["total"], 0);
    list(json!({ "lifecycle_state": "ASLEEP" }))
        .await
        .problem(422, "validation_failed");
    list(json!({ "tenant_id": "another" }))
        .await
        .problem(403, "forbidden");
}
