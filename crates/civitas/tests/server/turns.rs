//! Steps of a file's life beside a reading of it that is under way.

use civitas_model::journal::Kind;
use civitas_model::{ArtifactId, ExecutionId, RecordId, TenantId};
use serde_json::{Value, json};

use crate::client::Client;
use crate::server::TestServer;

/// A file of so many pieces that putting them takes a while.
fn long() -> Vec<u8> {
    let sections = (0..3000).map(|number| format!("# Section {number}\n\nthe zeppelin lands\n\n"));
    sections.collect::<String>().into_bytes()
}

/// Submits a reading, and answers once some of it was put.
async fn reading(server: &TestServer, client: &Client, file: &Value) -> String {
    let execution = client
        .submit("parse_content", json!({ "file_id": file["file_id"] }))
        .await;
    let tenant = TenantId::trusted("default_tenant");
    let id = ExecutionId::trusted(execution.as_str());
    loop {
        let executions = server.state.store.executions();
        let journal = executions.journal(&tenant, &id, 0, 1000).await.unwrap();
        if journal.iter().any(|entry| entry.kind == Kind::Checkpoint) {
            return execution;
        }
        tokio::task::yield_now().await;
    }
}

/// How many pieces of the file search finds, or soon will.
async fn pieces(server: &TestServer, file: &str) -> usize {
    let tenant = TenantId::trusted("default_tenant");
    let ids = (0..3500).map(|number| RecordId::trusted(format!("{file}:{number}")));
    let ids: Vec<RecordId> = ids.collect();
    let mut count = 0;
    for some in ids.chunks(100) {
        let existing = server.state.store.records().existing(&tenant, some).await;
        count += existing.unwrap().len();
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_waits_for_a_reading_and_leaves_nothing_of_it() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let tenant = TenantId::trusted("default_tenant");
    for round in 0..3 {
        let file = anyone.upload(&format!("{round}.md"), &long()).await;
        let id = file["file_id"].as_str().unwrap();
        let read = reading(&server, &anyone, &file).await;
        let confirmed = json!({ "file_id": id, "confirm": true });
        let purge = anyone.submit("purge_file", confirmed).await;
        // One that comes after the purge is refused.
        let late = anyone
            .submit("parse_content", json!({ "file_id": id }))
            .await;
        let purged = anyone.ended(&purge).await;
        assert_eq!(purged["status"], "completed", "{purged}");
        let read = anyone.ended(&read).await;
        assert_eq!(
            read["status"], "completed",
            "the reading had its turn first: {read}"
        );
        let answer = &purged["artifacts"]["file"]["semantic_payload"];
        assert!(answer["purged_readings"].as_u64().unwrap() >= 1, "{answer}");
        anyone.ended(&late).await;
        assert_eq!(pieces(&server, id).await, 0);
        let artifacts = server.state.store.artifacts();
        let artifact = ArtifactId::trusted(id);
        let made = artifacts.made_from(&tenant, &artifact, 10).await.unwrap();
        assert_eq!(made, [], "no result is left behind");
    }
    let usage = anyone.get("/api/content/usage").send().await.ok();
    assert_eq!(
        (&usage["files_used"], &usage["bytes_used"]),
        (&json!(0), &json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_file_is_not_made_searchable_by_a_reading_that_was_under_way() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let file = anyone.upload("a.md", &long()).await;
    let id = file["file_id"].as_str().unwrap();
    let read = reading(&server, &anyone, &file).await;
    let archive = anyone
        .submit("archive_file", json!({ "file_id": id }))
        .await;
    for execution in [read, archive] {
        let ended = anyone.ended(&execution).await;
        assert_eq!(ended["status"], "completed", "{ended}");
    }
    assert_eq!(pieces(&server, id).await, 0);
    let restored = anyone.run("restore_file", json!({ "file_id": id })).await;
    assert_eq!(restored["file"]["semantic_payload"]["chunk_count"], 3000);
    assert_eq!(pieces(&server, id).await, 3000);
}
