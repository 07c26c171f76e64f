//! `save_materialization`.

use civitas_model::{contract, file, pending};
use serde_json::json;

use crate::{change, demo, give_away, ingest, parse, payload, rejection, run, text, world};

#[tokio::test]
async fn saving_activates_the_contract_and_prepares_the_parse() {
    let (world, file) = ingest(world(), "notes.txt", &demo("meeting-notes.txt")).await;
    let parameters = json!({
        "file_id": file["file_id"], "boundary_contract_id": file["boundary_contract_id"],
    });
    let finished = run(world, "save", "save_materialization", parameters.clone()).await;
    let saved = payload(&finished, "materialization").clone();
    assert_eq!(saved["status"], "saved");
    assert_eq!(saved["available_for_parsing"], true);
    assert_eq!(saved["materialization_type"], "full_artifact");
    assert_eq!(saved["file_reference"], file["file_reference"]);
    let world = finished.world;
    let id = text(&file["file_id"]);
    assert_eq!(world.files[id].status, file::Status::Active);
    let contract = &world.contracts[text(&file["boundary_contract_id"])];
    assert_eq!(contract.contract_status, contract::Status::Active);
    assert_eq!(
        contract.contract_terms["materialization_id"],
        world.artifacts[id].materializations[0].materialization_id
    );
    let prepared = &world.pending_intents[text(&saved["pending_intent_id"])];
    assert_eq!(prepared.intent_type, "parse_content");
    assert_eq!(prepared.target_artifact_id.as_str(), id);
    assert_eq!(prepared.status, pending::Status::Pending);
    assert_eq!(world.events.last().unwrap().0, "materialization_saved");

    let again = run(world.clone(), "again", "save_materialization", parameters).await;
    assert_eq!(payload(&again, "materialization"), &saved);
    assert_eq!(again.world, world, "saving again changes nothing");
}

#[tokio::test]
async fn a_file_that_was_parsed_before_it_is_saved_needs_no_prepared_parse() {
    let (world, file) = ingest(world(), "notes.txt", b"one two").await;
    let (world, _) = parse(world, "parse", &file).await;
    let parameters = json!({
        "file_id": file["file_id"], "boundary_contract_id": file["boundary_contract_id"],
    });
    let finished = run(world, "save", "save_materialization", parameters).await;
    let saved = payload(&finished, "materialization");
    assert!(saved["pending_intent_id"].is_null());
    assert!(finished.world.pending_intents.is_empty());
}

#[tokio::test]
async fn unknown_foreign_and_mismatched_ids_are_refused() {
    let (world, one) = ingest(world(), "one.txt", b"one").await;
    let (mut world, two) = ingest(world, "two.txt", b"two").await;
    let ask =
        |contract: &str, file: &str| json!({ "boundary_contract_id": contract, "file_id": file });
    let (file, contract) = (text(&one["file_id"]), text(&one["boundary_contract_id"]));
    let other = text(&two["boundary_contract_id"]);
    for (parameters, expected) in [
        (ask("nope", file), "no boundary contract `nope`"),
        (ask(contract, "nope"), "no file `nope`"),
        (ask(other, file), "about another file"),
    ] {
        let message = rejection(world.clone(), "save_materialization", parameters).await;
        assert!(message.contains(expected), "{message}");
    }
    give_away(&mut world);
    let message = rejection(world, "save_materialization", ask(contract, file)).await;
    assert!(message.contains("there is no file"), "{message}");
}

#[tokio::test]
async fn a_purged_file_cannot_be_saved() {
    let (mut world, file) = ingest(world(), "one.txt", b"one").await;
    change(&mut world, &file, |file| file.status = file::Status::Purged);
    let parameters = json!({
        "file_id": file["file_id"], "boundary_contract_id": file["boundary_contract_id"],
    });
    let message = rejection(world, "save_materialization", parameters).await;
    assert!(message.contains("was purged"), "{message}");
}
