//! `import_agents` does what `POST /api/v1/registry/import` does.

use serde_json::{Value, json};

use crate::client::Client;
use crate::server::TestServer;

#[path = "../../../governance/tests/agents/generator.rs"]
mod generator;

/// Files with everything that is wrong with such files in practice; those that are too long are left out.
fn made() -> Vec<generator::Made> {
    let mut made = generator::folder(11);
    made.retain(|file| file.bytes.len() < 100_000);
    made
}

fn sent(made: &[generator::Made]) -> Vec<Value> {
    let files = made.iter().map(|file| {
        let text = civitas_governance::agent_file::decode(&file.bytes);
        json!({ "path": file.path, "text": text })
    });
    files.collect()
}

async fn by_route(client: &Client, files: &[Value], dry_run: bool) -> Value {
    let body = json!({ "files": files, "dry_run": dry_run });
    let request = client.post("/api/v1/registry/import").json(&body);
    request.send().await.ok()
}

async fn by_intent(client: &Client, parameters: Value) -> Value {
    let artifacts = client.run("import_agents", parameters).await;
    artifacts["agent_import"]["semantic_payload"].clone()
}

/// What is said of each file, but for ids of agents that are new.
fn said(report: &Value) -> Vec<Value> {
    let files = report["files"].as_array().unwrap().iter();
    files
        .map(|file| {
            let name = file.get("name").unwrap_or(&file["agent"]["name"]);
            let role = file.get("role").unwrap_or(&file["agent"]["role"]);
            json!([
                file["path"],
                file["outcome"],
                file["action"],
                file["repairs"],
                file["changes"],
                file["reason"],
                name,
                role
            ])
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_intent_and_the_route_do_the_same() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let made = made();
    assert!(made.len() > 200, "{}", made.len());
    let files = sent(&made);
    let planned = by_route(&anyone, &files, true).await;
    let dry = by_intent(&anyone, json!({ "files": files, "dry_run": true })).await;
    assert_eq!(said(&dry), said(&planned));
    for (file, said) in made.iter().zip(dry["files"].as_array().unwrap()) {
        assert_eq!(said["outcome"], file.outcome, "{}: {said}", file.kind);
        assert!(
            said.to_string().contains(file.says),
            "{}: {said}",
            file.kind
        );
    }
    let none = anyone.get("/api/v1/agents").send().await.ok();
    assert_eq!(none, json!([]), "a dry run changes nothing");

    let done = by_intent(&anyone, json!({ "files": files })).await;
    assert_eq!(said(&done), said(&planned));
    let created = done["summary"]["created"].as_u64().unwrap();
    assert!(created > 50, "{}", done["summary"]);
    let again = by_route(&anyone, &files, false).await;
    assert!(again["summary"]["created"].is_null(), "{again}");
    assert_eq!(again["summary"]["unchanged"], created);
    let again = by_intent(&anyone, json!({ "files": files })).await;
    assert_eq!(again["summary"]["unchanged"], created);
    let stats = anyone.get("/api/v1/audit/stats").send().await.ok();
    let text = stats.to_string();
    let registered = anyone
        .get("/api/v1/audit?action=register_agent&limit=500")
        .send()
        .await
        .ok();
    let entries = registered["entries"].as_array().unwrap();
    assert_eq!(entries.len() as u64, created, "{text}");
    assert_eq!(entries[0]["entry"]["actor"]["kind"], "system");
    assert!(entries[0]["body"]["rbac"].is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_ingested_are_imported_by_administrators_alone() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let text = "---\nname: code-reviewer\ndescription: Reviews code\ntools: Read, Grep\n---\nYou review.\n";
    let file = operator.upload("code-reviewer.md", text.as_bytes()).await;
    let parameters = json!({ "file_ids": [file["file_id"]] });
    let user = server
        .member("user@x.example", civitas_model::Role::User)
        .await;
    let body = json!({ "intent_type": "import_agents", "parameters": parameters });
    let refused = user.post("/api/intent/submit").json(&body).send().await;
    refused.problem(403, "forbidden");
    let report = by_intent(&operator, parameters).await;
    assert_eq!(report["files"][0]["action"], "created");
    let agent = operator
        .get("/api/v1/agents/name/code-reviewer")
        .send()
        .await
        .ok();
    assert_eq!(agent["registry"]["lifecycle"], "draft");
    let entries = operator
        .get("/api/v1/audit?action=register_agent")
        .send()
        .await
        .ok();
    assert_eq!(entries["entries"][0]["entry"]["actor"]["kind"], "user");
    for parameters in [
        json!({}),
        json!({ "files": [] }),
        json!({ "files": [{ "path": "", "text": "" }] }),
    ] {
        let body = json!({ "intent_type": "import_agents", "parameters": parameters });
        let refused = operator.post("/api/intent/submit").json(&body).send().await;
        refused.problem(422, "validation_failed");
    }
}
