//! The two-phase flow from end to end.

use civitas_model::{file, pending};
use serde_json::json;

use crate::{demo, ingest, payload, run, text, world};

#[tokio::test]
async fn a_file_goes_from_ingestion_over_its_contract_to_search_and_back() {
    let (world, file) = ingest(world(), "contract.pdf", &demo("supplier-contract.pdf")).await;
    let id = text(&file["file_id"]);

    let save = json!({ "file_id": id, "boundary_contract_id": file["boundary_contract_id"] });
    let saved = run(world, "save", "save_materialization", save).await;
    let prepared = text(&payload(&saved, "materialization")["pending_intent_id"]).to_owned();

    // The prepared parse says by itself what to submit.
    let prepared_parse = &saved.world.pending_intents[&prepared];
    let parameters = prepared_parse.context["parameters"].clone();
    let intent_type = prepared_parse.intent_type.clone();
    let parsed = run(saved.world, "parse", &intent_type, parameters).await;
    let parsed_id = payload(&parsed, "parsed_content")["parsed_file_id"].clone();
    let world = parsed.world;
    assert_eq!(
        world.pending_intents[&prepared].status,
        pending::Status::Completed
    );
    assert_eq!(
        world.pending_intents[&prepared].context["parsed_file_id"],
        parsed_id
    );
    assert_eq!(world.files[id].status, file::Status::Active);

    let read = run(world, "read", "get_parsed_file", json!({ "file_id": id })).await;
    let content = &payload(&read, "parsed_file")["parsed_content"];
    assert!(text(&content["text_content"]).contains("Brevik"));
    let known = run(
        read.world,
        "facts",
        "get_file_by_id",
        json!({ "file_id": id }),
    )
    .await;
    let facts = payload(&known, "file");
    assert_eq!(facts["status"], "active");
    assert_eq!(facts["materialization_pending"], false);
    assert_eq!(facts["parsed_file_id"], parsed_id);

    let events: Vec<&str> = known
        .world
        .events
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        events,
        ["file_ingested", "materialization_saved", "content_parsed"]
    );
}

#[tokio::test]
async fn the_largest_metadata_passes_every_phase_and_stays_out_of_lists() {
    let most = "x".repeat(65_000);
    let parameters = json!({
        "ui_name": "a.txt", "file_content": "6f6e65",
        "source_metadata": { "note": most }, "ingestion_options": { "note": most },
    });
    let ingested = run(world(), "ingest", "ingest_file", parameters).await;
    let file = payload(&ingested, "file").clone();
    let save = json!({
        "file_id": file["file_id"], "boundary_contract_id": file["boundary_contract_id"],
    });
    let saved = run(ingested.world, "save", "save_materialization", save).await;
    assert_eq!(payload(&saved, "materialization")["status"], "saved");
    let parse = json!({ "file_id": file["file_id"] });
    let parsed = run(saved.world, "parse", "parse_content", parse).await;
    assert_eq!(payload(&parsed, "parsed_content")["has_text"], true);
    let listed = run(parsed.world, "list", "list_files", json!({})).await;
    let listed = payload(&listed, "file_list");
    assert_eq!(listed["count"], 1);
    assert!(listed.to_string().len() < 2_000);
}
