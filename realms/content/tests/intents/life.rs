//! `archive_file`, `restore_file`, `purge_file`.

use civitas_intent::test_run::World;
use civitas_model::artifact::Lifecycle;
use civitas_model::{file, pending};
use serde_json::{Value, json};

use crate::{give_away, ingest, parse, payload, rejection, run, text, world};

const NOTES: &[u8] = b"# Minutes\n\nThe zeppelin budget was approved.\n";

async fn read_file() -> (World, Value, Value) {
    let (world, file) = ingest(world(), "minutes.md", NOTES).await;
    let (world, parsed) = parse(world, "parse", &file).await;
    (world, file, parsed)
}

async fn archive(world: World, file: &Value) -> World {
    let parameters = json!({ "file_id": file["file_id"], "reason": "the year is over" });
    run(world, "archive", "archive_file", parameters)
        .await
        .world
}

async fn count(world: &World, intent: &str, parameters: Value, key: &str) -> Value {
    let finished = run(world.clone(), "count", intent, parameters).await;
    payload(&finished, key)["count"].clone()
}

#[tokio::test]
async fn an_archived_file_leaves_lists_and_search_and_comes_back_as_it_was() {
    let (before, file, parsed) = read_file().await;
    let id = &file["file_id"];
    let parameters = json!({ "file_reference": file["file_reference"], "reason": "old" });
    let finished = run(before.clone(), "archive", "archive_file", parameters).await;
    let archived = payload(&finished, "file");
    assert_eq!(archived["status"], "archived");
    assert_eq!(archived["reason"], "old");
    assert_eq!(archived["archived_at"], "2026-01-01T00:00:00.000000Z");
    let world = finished.world;
    assert!(world.records.is_empty());
    assert_eq!(
        world.artifacts[text(id)].lifecycle_state,
        Lifecycle::Archived
    );
    assert_eq!(world.files[text(id)].metadata["archived"]["by"], "user-1");
    assert_eq!(world.events.last().unwrap().0, "file_archived");
    assert_eq!(count(&world, "list_files", json!({}), "file_list").await, 0);
    let by_status = json!({ "filters": { "status": "archived" } });
    assert_eq!(
        count(&world, "query_files", by_status, "query_results").await,
        1
    );
    let reading = run(
        world.clone(),
        "read",
        "get_parsed_file",
        json!({ "file_id": id }),
    )
    .await;
    assert_eq!(payload(&reading, "parsed_file")["is_newest"], true);
    let message = rejection(world.clone(), "parse_content", json!({ "file_id": id })).await;
    assert!(message.contains("restore_file"), "{message}");

    let finished = run(world, "restore", "restore_file", json!({ "file_id": id })).await;
    let restored = payload(&finished, "file");
    assert_eq!(restored["status"], "ingested", "it was never saved");
    assert_eq!(restored["chunk_count"], 1);
    let mut world = finished.world;
    assert_eq!(world.records, before.records);
    assert_eq!(world.files, before.files);
    assert_eq!(
        world.artifacts[text(&parsed["parsed_file_id"])].lifecycle_state,
        Lifecycle::Ready
    );
    world.events.clone_from(&before.events);
    // It is known who made it searchable.
    let artifact = world.artifacts.get_mut(text(id)).unwrap();
    assert_eq!(artifact.semantic_descriptor["indexed_by"], "restore");
    artifact.semantic_descriptor["indexed_by"] = json!("parse");
    assert_eq!(world, before, "restoring left something behind");
}

#[tokio::test]
async fn a_saved_file_is_restored_as_active_and_an_unread_one_without_pieces() {
    let (world, file) = ingest(world(), "a.txt", b"words").await;
    let both =
        json!({ "file_id": file["file_id"], "boundary_contract_id": file["boundary_contract_id"] });
    let world = run(world, "save", "save_materialization", both).await.world;
    let world = archive(world, &file).await;
    let parameters = json!({ "file_id": file["file_id"] });
    let finished = run(world, "restore", "restore_file", parameters).await;
    assert_eq!(payload(&finished, "file")["status"], "active");
    assert_eq!(payload(&finished, "file")["chunk_count"], 0);
}

#[tokio::test]
async fn a_purged_file_keeps_its_record_and_loses_everything_else() {
    let (world, file, first) = read_file().await;
    let (world, second) = parse(world, "again", &file).await;
    let both =
        json!({ "file_id": file["file_id"], "boundary_contract_id": file["boundary_contract_id"] });
    let world = run(world, "save", "save_materialization", both).await.world;
    let parameters = json!({ "file_id": file["file_id"], "confirm": true, "reason": "asked to" });
    let finished = run(world, "purge", "purge_file", parameters).await;
    let purged = payload(&finished, "file");
    assert_eq!(purged["status"], "purged");
    assert_eq!(purged["purged_readings"], 2);
    let world = finished.world;
    let record = &world.files[text(&file["file_id"])];
    let note = &record.metadata["purged"];
    assert_eq!(note["by"], "user-1");
    assert_eq!(note["reason"], "asked to");
    assert_eq!(note["at"], "2026-01-01T00:00:00.000000Z");
    assert_eq!(note["execution_id"], "purge");
    for id in [
        &file["file_id"],
        &first["parsed_file_id"],
        &second["parsed_file_id"],
    ] {
        let artifact = &world.artifacts[text(id)];
        assert_eq!(artifact.lifecycle_state, Lifecycle::Deleted);
        assert!(artifact.materializations.is_empty());
    }
    let of_file = &world.artifacts[text(&file["file_id"])];
    assert_eq!(of_file.produced_by.intent, "ingest_file");
    assert_eq!(of_file.semantic_descriptor["purged"]["reason"], "asked to");
    assert!(world.records.is_empty());
    assert!(world.released.contains(text(&file["file_hash"])));
    assert_eq!(
        world.released.len(),
        2,
        "the file's bytes and the equal readings'"
    );
    assert_eq!(count(&world, "list_files", json!({}), "file_list").await, 0);
    let by_status = json!({ "filters": { "status": "purged" } });
    assert_eq!(
        count(&world, "query_files", by_status, "query_results").await,
        1
    );
    for (intent, expected) in [
        ("restore_file", "only an archived file"),
        ("archive_file", "is purged"),
        ("purge_file", "is purged"),
        ("retrieve_file", "was purged"),
    ] {
        let parameters = match intent {
            "purge_file" => json!({ "file_id": file["file_id"], "confirm": true }),
            _ => json!({ "file_id": file["file_id"] }),
        };
        let message = rejection(world.clone(), intent, parameters).await;
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn what_was_prepared_for_a_purged_file_is_closed() {
    let (world, file) = ingest(world(), "a.txt", b"words").await;
    let both =
        json!({ "file_id": file["file_id"], "boundary_contract_id": file["boundary_contract_id"] });
    let world = run(world, "save", "save_materialization", both).await.world;
    let parameters = json!({ "file_id": file["file_id"], "confirm": true });
    let world = run(world, "purge", "purge_file", parameters).await.world;
    let prepared: Vec<_> = world.pending_intents.values().collect();
    assert_eq!(prepared.len(), 1);
    assert_eq!(prepared[0].status, pending::Status::Cancelled);
}

#[tokio::test]
async fn steps_that_a_file_cannot_take_are_refused() {
    let (world, file) = ingest(world(), "a.txt", b"words").await;
    let id = json!({ "file_id": file["file_id"] });
    let message = rejection(world.clone(), "restore_file", id.clone()).await;
    assert!(
        message.contains("is ingested: only an archived file is restored"),
        "{message}"
    );
    let message = rejection(world.clone(), "purge_file", id.clone()).await;
    assert!(message.contains("confirm = true"), "{message}");
    let message = rejection(world.clone(), "archive_file", json!({})).await;
    assert!(message.contains("no file is named"), "{message}");
    let world = archive(world, &file).await;
    assert_eq!(
        world.files.values().next().unwrap().status,
        file::Status::Archived
    );
    let message = rejection(world.clone(), "archive_file", id.clone()).await;
    assert!(
        message.contains("is archived: only a file that is ingested or active"),
        "{message}"
    );
    let mut foreign = world;
    give_away(&mut foreign);
    for intent in ["archive_file", "restore_file", "purge_file"] {
        let message = rejection(foreign.clone(), intent, id.clone()).await;
        assert!(message.contains("there is no file"), "{message}");
    }
}
