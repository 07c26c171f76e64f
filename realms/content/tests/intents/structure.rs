//! `extract_deterministic_structure`.

use serde_json::json;

use crate::{demo, give_away, ingest, parse, payload, rejection, run, text, world};

#[tokio::test]
async fn the_same_content_gives_the_same_pieces_in_every_reading() {
    let bytes = demo("incident-post-mortem.md");
    let (first, file) = ingest(world(), "incident-post-mortem.md", &bytes).await;
    let (first, parsed) = parse(first, "parse", &file).await;
    let (second, copy) = ingest(world(), "another name.md", &bytes).await;
    let (second, _) = parse(second, "parse later", &copy).await;
    let parameters = json!({ "parsed_file_id": parsed["parsed_file_id"] });
    let one = run(
        first,
        "extract",
        "extract_deterministic_structure",
        parameters,
    )
    .await;
    let parameters = json!({ "file_id": copy["file_id"] });
    let two = run(
        second,
        "extract",
        "extract_deterministic_structure",
        parameters,
    )
    .await;
    let (one, other) = (one, payload(&two, "deterministic_structure"));
    let structure = payload(&one, "deterministic_structure");
    assert_eq!(structure["chunk_count"], parsed["chunk_count"]);
    assert_eq!(structure["chunk_ids"], other["chunk_ids"]);
    assert_eq!(
        structure["structure_fingerprint"],
        other["structure_fingerprint"]
    );
    let chunks = &one.artifact("deterministic_structure")["renderings"]["chunks"];
    let chunks = chunks.as_array().unwrap();
    assert_eq!(json!(chunks.len()), structure["chunk_count"]);
    assert_eq!(chunks[0]["chunk_id"], structure["chunk_ids"][0]);
    assert!(!text(&chunks[0]["text"]).is_empty());
    assert!(chunks[0]["place"].is_object());
    let event = one.world.events.last().unwrap();
    assert_eq!(event.0, "deterministic_structure_extracted");
}

#[tokio::test]
async fn pieces_come_in_pages_that_join_without_a_seam() {
    let (world, file) = ingest(
        world(),
        "incident-post-mortem.md",
        &demo("incident-post-mortem.md"),
    )
    .await;
    let (world, parsed) = parse(world, "parse", &file).await;
    let total = parsed["chunk_count"].as_u64().unwrap();
    assert!(total > 2, "the document is too short for this test");
    let mut joined = Vec::new();
    for offset in 0..total {
        let parameters = json!({ "file_id": file["file_id"], "limit": 1, "offset": offset });
        let page = run(
            world.clone(),
            "page",
            "extract_deterministic_structure",
            parameters,
        )
        .await;
        let page = payload(&page, "deterministic_structure");
        assert_eq!(page["has_more"], offset + 1 < total);
        joined.extend(page["chunk_ids"].as_array().unwrap().clone());
    }
    let parameters = json!({ "file_id": file["file_id"] });
    let whole = run(
        world,
        "whole",
        "extract_deterministic_structure",
        parameters,
    )
    .await;
    assert_eq!(
        payload(&whole, "deterministic_structure")["chunk_ids"],
        json!(joined)
    );
}

#[tokio::test]
async fn only_what_was_read_can_be_cut() {
    let (mut world, file) = ingest(world(), "a.txt", b"words").await;
    let parameters = json!({ "file_id": file["file_id"] });
    let intent = "extract_deterministic_structure";
    let message = rejection(world.clone(), intent, parameters.clone()).await;
    assert!(message.contains("submit parse_content"), "{message}");
    let message = rejection(world.clone(), intent, json!({})).await;
    assert!(message.contains("no result is named"), "{message}");
    give_away(&mut world);
    let message = rejection(world, intent, parameters).await;
    assert!(message.contains("there is no parsed file"), "{message}");
}
