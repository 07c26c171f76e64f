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

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_goes_through_its_life_and_only_ready_and_archived_ones_resolve() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    let file = user.upload("a.txt", b"some words").await;
    let id = file["file_id"].as_str().unwrap();
    let one = json!({ "file_id": id });
    let list = async |body: Value| {
        let page = user
            .post("/api/artifact/list")
            .json(&body)
            .send()
            .await
            .ok();
        page["total"].clone()
    };
    let resolve = json!({ "artifact_id": id, "artifact_type": "file" });
    let resolve = || user.post("/api/artifact/resolve").json(&resolve).send();
    let archivable = json!({ "eligible_for": "archive_file" });
    let restorable = json!({ "eligible_for": "restore_file" });
    assert_eq!(list(archivable.clone()).await, 1);
    assert_eq!(list(restorable.clone()).await, 0);

    user.run("archive_file", one.clone()).await;
    assert_eq!(resolve().await.ok()["lifecycle_state"], "ARCHIVED");
    assert_eq!(list(archivable).await, 0);
    assert_eq!(list(restorable).await, 1);
    assert_eq!(list(json!({ "lifecycle_state": "ARCHIVED" })).await, 1);
    user.run("restore_file", one).await;

    let confirmed = json!({ "file_id": id, "confirm": true, "reason": "asked to" });
    let purged = user.run("delete_file", confirmed).await;
    assert_eq!(purged["file"]["semantic_payload"]["status"], "purged");
    resolve().await.problem(404, "not_found");
    assert_eq!(list(json!({ "lifecycle_state": "DELETED" })).await, 1);
    let shown = user.get(format!("/api/artifacts/{id}")).send().await.ok();
    assert_eq!(shown["lifecycle_state"], "DELETED");
    assert_eq!(shown["artifact"]["artifact_id"], id);
    assert_eq!(shown["semantic_descriptor"]["purged"]["reason"], "asked to");
    assert_eq!(shown["produced_by"]["intent"], "ingest_file");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_is_submitted_under_any_of_its_names_and_recorded_under_its_own() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    let file = user.upload("a.txt", b"some words").await;
    let id = json!({ "artifact_id": file["file_id"] });
    let known = user.run("retrieve_artifact_metadata", id).await;
    assert_eq!(known["file"]["semantic_payload"]["ui_name"], "a.txt");
    let listed = user.run("list_artifacts", json!({})).await;
    assert_eq!(listed["file_list"]["semantic_payload"]["count"], 1);
    let renamed = json!({ "artifact_id": file["file_id"], "ui_name": "b.txt" });
    let renamed = user.run("register_artifact", renamed).await;
    assert_eq!(renamed["artifact"]["semantic_payload"]["ui_name"], "b.txt");
    let shown = user.get("/api/intents/delete_file").send().await.ok();
    assert_eq!(shown["intent_type"], "purge_file");
    assert_eq!(shown["synonyms"], json!(["delete_file"]));
    let body = json!({ "intent_type": "list_artifacts" });
    let accepted = user
        .post("/api/intent/submit")
        .json(&body)
        .send()
        .await
        .ok();
    let path = format!(
        "/api/execution/{}/status",
        accepted["execution_id"].as_str().unwrap()
    );
    let status = user.get(path).send().await.ok();
    assert_eq!(status["intent_type"], "list_files");
    let unknown =
        json!({ "intent_type": "query_files", "parameters": { "filters": { "filetype": "pdf" } } });
    let refused = user.post("/api/intent/submit").json(&unknown).send().await;
    let problem = refused.problem(422, "validation_failed");
    assert!(
        problem.to_string().contains("perhaps you mean file_type"),
        "{problem}"
    );
}

/// A PNG picture of one black dot.
const DOT: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T',
    0x78, 0x9c, 0x63, 0x60, 0, 0, 0, 2, 0, 1, 0x48, 0xaf, 0xa4, 0x71, 0, 0, 0, 0, b'I', b'E', b'N',
    b'D', 0xae, 0x42, 0x60, 0x82,
];

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_its_own_visual_and_other_artifacts_have_none() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    let picture = user.upload("dot.png", DOT).await;
    let text = user.upload("a.txt", b"some words").await;
    let id = |file: &Value| file["file_id"].as_str().unwrap().to_owned();
    let shown = user
        .get(format!(
            "/api/artifacts/{}?include_visuals=true",
            id(&picture)
        ))
        .send()
        .await
        .ok();
    let path = shown["visuals"][0]["path"].as_str().unwrap();
    let visual = user.get(path).send().await;
    assert_eq!(visual.status.as_u16(), 200);
    assert_eq!(visual.header("content-type"), "image/png");
    assert_eq!(visual.body, DOT);
    let mine = user
        .get(format!("{path}?tenant_id=another"))
        .send()
        .await
        .problem(404, "not_found");
    assert!(mine["detail"].as_str().unwrap().contains("artifact visual"));
    let plain = format!("/api/artifacts/{}?include_visuals=true", id(&text));
    assert_eq!(user.get(plain).send().await.ok()["visuals"], json!([]));
    // The execution that took it in says the same, when asked.
    let mut seen = Vec::new();
    for (file, query) in [
        (&picture, "include_visuals=true&include_artifacts=false"),
        (&text, "include_visuals=true"),
        (&picture, "include_visuals=false"),
    ] {
        let by = format!("/api/artifacts/{}", id(file));
        let by = user.get(by).send().await.ok()["produced_by"]["execution_id"].clone();
        let status = format!("/api/execution/{}/status?{query}", by.as_str().unwrap());
        seen.push(user.get(status).send().await.ok()["visuals"].clone());
    }
    let visual = json!([{ "artifact": "file", "path": path, "mime_type": "image/png" }]);
    assert_eq!(seen, [visual, json!([]), Value::Null]);
    let bob = server.user("bob@x.example").await;
    for (client, path) in [
        (&user, format!("/api/artifacts/visual/{}", id(&text))),
        (&user, "/api/artifacts/visual/unknown".to_owned()),
        (&user, "/api/artifacts/visual/tenant/a/b.png".to_owned()),
        (&bob, path.to_owned()),
    ] {
        client.get(path).send().await.problem(404, "not_found");
    }
    let anyone = server.anonymous();
    anyone.get(path).send().await.problem(401, "unauthorized");
}
