//! `update_file_metadata`, `retrieve_file_metadata`, `register_file`.

use civitas_intent::test_run::World;
use serde_json::{Value, json};

use crate::{change, give_away, ingest, parse, payload, rejection, run, text, world};

#[tokio::test]
async fn metadata_is_merged_key_by_key() {
    let (world, file) = ingest(world(), "a.txt", b"words").await;
    let update =
        |updates: Value| json!({ "file_id": file["file_id"], "metadata_updates": updates });
    let first = json!({ "project": { "code": "P7", "phase": 1 }, "tags": ["Contract", "alt"] });
    let finished = run(world, "first", "update_file_metadata", update(first)).await;
    let updated = payload(&finished, "file");
    assert_eq!(updated["tags"], json!(["alt", "Contract"]));
    assert_eq!(updated["changed_keys"], json!(["project", "tags"]));
    let second =
        json!({ "project": { "phase": null, "owner": "Ada" }, "tags": ["alt", "contract"] });
    let finished = run(
        finished.world,
        "second",
        "update_file_metadata",
        update(second),
    )
    .await;
    let updated = payload(&finished, "file");
    let expected =
        json!({ "project": { "code": "P7", "owner": "Ada" }, "tags": ["alt", "contract"] });
    assert_eq!(updated["updated_metadata"], expected);
    assert_eq!(
        updated["metadata"]["filename"], "a.txt",
        "what the platform keeps stays"
    );
    let event = finished.world.events.last().unwrap();
    assert_eq!(event.0, "file_metadata_updated");
    assert_eq!(event.1["changed_keys"], json!(["project", "tags"]));

    let before = finished.world.clone();
    let same = json!({ "tags": ["contract", "alt"] });
    let finished = run(
        before.clone(),
        "third",
        "update_file_metadata",
        update(same),
    )
    .await;
    assert_eq!(payload(&finished, "file")["changed_keys"], json!([]));
    assert_eq!(
        finished.world, before,
        "nothing changed, but something was written"
    );
}

#[tokio::test]
async fn metadata_that_is_reserved_too_large_or_empty_is_refused() {
    let (mut world, file) = ingest(world(), "a.txt", b"words").await;
    let id = &file["file_id"];
    for (updates, expected) in [
        (json!({}), "holds nothing"),
        (
            json!({ "ui_name": "b.txt" }),
            "rename the file with register_file",
        ),
        (json!({ "purged": null }), "purge_file keeps it"),
        (json!({ "": 1 }), "cannot be kept"),
        (json!({ "a\nb": 1 }), "cannot be kept"),
        (json!({ "tags": "one" }), "must be a list"),
        (
            json!({ "tags": vec!["x"; 1], "big": "x".repeat(70_000) }),
            "more than 200 keys or 65536 bytes",
        ),
    ] {
        let parameters = json!({ "file_id": id, "metadata_updates": updates });
        let message = rejection(world.clone(), "update_file_metadata", parameters).await;
        assert!(message.contains(expected), "{message}");
    }
    change(&mut world, &file, |file| {
        file.status = civitas_model::file::Status::Purged;
    });
    let parameters = json!({ "file_id": id, "metadata_updates": { "a": 1 } });
    let message = rejection(world, "update_file_metadata", parameters).await;
    assert!(message.contains("was purged"), "{message}");
}

#[tokio::test]
async fn a_files_metadata_tells_where_it_came_from() {
    let (world, file) = ingest(world(), "a.md", b"# A\n\nwords\n").await;
    let (mut world, parsed) = parse(world, "parse", &file).await;
    let get = |parameters: Value| run(world.clone(), "get", "retrieve_file_metadata", parameters);
    let finished = get(json!({ "artifact_id": file["file_id"] })).await;
    let known = payload(&finished, "file");
    assert_eq!(known["ui_name"], "a.md");
    assert_eq!(known["lifecycle_state"], "READY");
    assert_eq!(known["produced_by"]["intent"], "ingest_file");
    assert_eq!(known["parsed_file_id"], parsed["parsed_file_id"]);
    assert_eq!(known["derived_from"], json!([]));
    let by_reference = get(json!({ "file_reference": file["file_reference"] })).await;
    assert_eq!(payload(&by_reference, "file"), known);
    let two = json!({ "file_id": file["file_id"], "artifact_id": parsed["parsed_file_id"] });
    let message = rejection(world.clone(), "retrieve_file_metadata", two).await;
    assert!(message.contains("name two things"), "{message}");
    give_away(&mut world);
    let parameters = json!({ "file_id": file["file_id"] });
    let message = rejection(world, "retrieve_file_metadata", parameters).await;
    assert!(message.contains("there is no file"), "{message}");
}

#[tokio::test]
async fn search_knows_a_files_tags_and_how_it_came_from_the_change_on() {
    let (world, file) = ingest(world(), "a.md", b"# A\n\nwords\n").await;
    let (world, _) = parse(world, "parse", &file).await;
    let records = |world: &World| -> Vec<Value> {
        let records = world.records.values();
        records.map(|record| record.metadata.clone()).collect()
    };
    assert!(
        records(&world)
            .iter()
            .all(|facts| facts["ingestion_type"] == "upload")
    );
    assert!(
        records(&world)
            .iter()
            .all(|facts| facts.get("tags").is_none())
    );
    let parameters =
        json!({ "file_id": file["file_id"], "metadata_updates": { "tags": ["Harbour"] } });
    let world = run(world, "tag", "update_file_metadata", parameters)
        .await
        .world;
    assert!(!world.records.is_empty());
    assert!(
        records(&world)
            .iter()
            .all(|facts| facts["tags"] == json!(["Harbour"]))
    );
    let parameters = json!({ "file_id": file["file_id"], "metadata_updates": { "tags": null } });
    let world = run(world, "untag", "update_file_metadata", parameters)
        .await
        .world;
    assert!(
        records(&world)
            .iter()
            .all(|facts| facts.get("tags").is_none())
    );
}

#[tokio::test]
async fn a_known_file_is_registered_under_a_new_name_that_search_shows() {
    let (world, file) = ingest(world(), "a.md", b"# A\n\nwords\n").await;
    let (world, _) = parse(world, "parse", &file).await;
    let parameters = json!({
        "file_id": file["file_id"],
        "ui_name": "Minutes.md",
        "storage_location": file["storage_location"],
        "artifact_type": "file",
    });
    let finished = run(world.clone(), "register", "register_file", parameters).await;
    let known = payload(&finished, "file");
    assert_eq!(known["ui_name"], "Minutes.md");
    assert_eq!(known["artifact_id"], file["file_id"]);
    assert_eq!(known["already_registered"], true);
    let titles: Vec<_> = finished
        .world
        .records
        .values()
        .map(|record| &record.title)
        .collect();
    assert_eq!(titles, ["Minutes.md"]);
    let artifact = &finished.world.artifacts[text(&file["file_id"])];
    assert_eq!(artifact.semantic_descriptor["ui_name"], "Minutes.md");
    for (parameters, expected) in [
        (
            json!({ "file_id": file["file_id"], "ui_name": "x", "storage_location": "blob:sha256:00" }),
            "is not where the bytes",
        ),
        (
            json!({ "file_id": file["file_id"], "ui_name": "x", "artifact_type": "table" }),
            "not registered by hand",
        ),
        (
            json!({ "file_id": "unknown", "ui_name": "x" }),
            "neither a file nor a waiting upload",
        ),
        (json!({ "ui_name": "x" }), "no file is named"),
    ] {
        let message = rejection(world.clone(), "register_file", parameters).await;
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn bytes_that_wait_are_taken_in() {
    let mut world = world();
    let stored = world.put_blob(b"a,b\n1,2\n".as_slice());
    let waiting = json!({ "digest": stored.digest, "size": stored.size, "file_type": "csv", "mime_type": "text/csv" });
    world.uploads.insert("upload-1".to_owned(), waiting);
    let parameters = json!({ "file_id": "upload-1", "ui_name": "Numbers.csv", "file_type": "pdf" });
    let finished = run(world, "register", "register_file", parameters).await;
    let known = payload(&finished, "file").clone();
    assert_eq!(known["already_registered"], false);
    assert_eq!(known["file_type"], "csv");
    assert!(text(&known["type_contradiction"]).contains("declared as pdf"));
    let world = finished.world;
    assert!(world.uploads.is_empty());
    assert_eq!(world.contracts.len(), 1);
    assert!(world.artifacts.contains_key(text(&known["artifact_id"])));
    let events: Vec<_> = world.events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(events, ["file_ingested", "artifact_registered"]);
}
