//! What comes between a crash of a reading and its resumption.

use civitas_intent::TestRun;
use civitas_intent::test_run::{Outcome, World};
use civitas_model::artifact::Lifecycle;
use serde_json::{Value, json};

use crate::{ingest, parse, payload, run, text, world};

/// More pieces than one commit takes.
async fn long_file() -> (World, Value) {
    let sections = (0..700).map(|number| format!("# Section {number}\n\nwords of it\n\n"));
    let bytes: String = sections.collect();
    ingest(world(), "long.md", bytes.as_bytes()).await
}

fn reading(world: &World, file: &Value) -> TestRun {
    let parameters = json!({ "file_id": file["file_id"] });
    let realm = civitas_content::realm();
    TestRun::new(&realm, "parse_content", parameters, world.clone()).execution("reading")
}

/// What another reading leaves that does not come to its end.
fn half_read(mut world: World, file: &Value) -> World {
    let id = text(&file["file_id"]);
    let mut record = world.records.values().next().cloned();
    world.records.clear();
    let artifact = world.artifacts.get_mut(id).unwrap();
    artifact.semantic_descriptor["indexed_by"] = json!("another");
    if let Some(record) = &mut record {
        for number in 0..900 {
            record.record_id = civitas_model::RecordId::trusted(format!("{id}:{number}"));
            "of another reading".clone_into(&mut record.body);
            world
                .records
                .insert(record.record_id.to_string(), record.clone());
        }
    }
    world
}

#[tokio::test]
async fn a_reading_that_another_came_between_is_not_mixed_with_it() {
    let (world, file) = long_file().await;
    let whole = reading(&world, &file).run().await;
    assert!(whole.commits > 3, "{} commits", whole.commits);
    assert!(whole.world.records.len() > 600);
    let mut met = 0;
    for commit in 0..whole.commits {
        let between = async |world: World| {
            met += usize::from(!world.records.is_empty());
            half_read(world, &file)
        };
        let last = commit + 1 == whole.commits;
        let finished = reading(&world, &file).crashed(commit, between).await;
        assert!(matches!(finished.outcome, Outcome::Completed(_)));
        if last {
            // Everything of it was committed: what comes then comes after it.
            continue;
        }
        assert_eq!(
            finished.world.records, whole.world.records,
            "before commit {commit}"
        );
    }
    assert!(met > 2, "some was put before the crash");
}

#[tokio::test]
async fn a_file_that_was_purged_in_between_leaves_nothing_behind() {
    let (world, file) = long_file().await;
    let commits = reading(&world, &file).run().await.commits;
    for (intent, rejects) in [("purge_file", "purged"), ("archive_file", "archived")] {
        for commit in 0..commits {
            let between = async |world: World| {
                let parameters = json!({ "file_id": file["file_id"], "confirm": true });
                let parameters = match intent {
                    "purge_file" => parameters,
                    _ => json!({ "file_id": file["file_id"] }),
                };
                run(world, "between", intent, parameters).await.world
            };
            let finished = reading(&world, &file).crashed(commit, between).await;
            match &finished.outcome {
                Outcome::Rejected { message, .. } => {
                    assert!(message.contains(rejects), "{message}");
                }
                outcome => assert!(
                    commit + 1 == commits && matches!(outcome, Outcome::Completed(_)),
                    "before commit {commit}: {outcome:?}"
                ),
            }
            assert!(
                finished.world.records.is_empty(),
                "{intent} before commit {commit} left {}",
                finished.world.records.len()
            );
            let mut readings = finished.world.artifacts.values();
            let ready = readings.any(|made| {
                made.artifact_type == "parsed_content" && made.lifecycle_state == Lifecycle::Ready
            });
            assert!(!ready, "{intent} before commit {commit}");
        }
    }
}

#[tokio::test]
async fn a_long_file_is_restored_renamed_and_tagged_as_a_whole() {
    let (world, file) = long_file().await;
    let (world, parsed) = parse(world, "parse", &file).await;
    let pieces = world.records.len() as u64;
    assert_eq!(parsed["chunk_count"], pieces);
    let id = &file["file_id"];
    let archived = run(world, "archive", "archive_file", json!({ "file_id": id })).await;
    assert!(archived.world.records.is_empty());
    let restored = run(
        archived.world,
        "restore",
        "restore_file",
        json!({ "file_id": id }),
    )
    .await;
    assert_eq!(payload(&restored, "file")["chunk_count"], pieces);
    assert_eq!(restored.world.records.len() as u64, pieces);
    let state = restored.world.artifacts[text(id)].lifecycle_state;
    assert_ne!(state, Lifecycle::Archived);
    let tags = json!({ "file_id": id, "metadata_updates": { "tags": ["long"] } });
    let tagged = run(restored.world, "tag", "update_file_metadata", tags).await;
    let mut records = tagged.world.records.values();
    assert!(records.all(|record| record.metadata["tags"] == json!(["long"])));
    let renamed = json!({ "file_id": id, "ui_name": "longer.md" });
    let renamed = run(tagged.world, "rename", "register_file", renamed).await;
    assert_eq!(renamed.world.records.len() as u64, pieces);
    let mut records = renamed.world.records.values();
    assert!(records.all(|record| record.title == "longer.md"));
}
