//! `get_parsed_file`, `get_file_by_id` and `retrieve_file`.

use std::fmt::Write as _;

use civitas_intent::test_run::{Outcome, World};
use civitas_model::artifact::Lifecycle;
use civitas_model::{ErrorCode, file};
use serde_json::{Value, json};

use crate::{change, demo, give_away, ingest, parse, rejection, run, text, world};

async fn read(world: &World, intent: &str, key: &str, parameters: Value) -> Value {
    let finished = run(world.clone(), "read", intent, parameters).await;
    assert_eq!(&finished.world, world, "reading changed something");
    finished.artifact(key).clone()
}

#[tokio::test]
async fn the_parsed_content_comes_by_its_own_id_and_by_the_files() {
    let (world, file) = ingest(world(), "post-mortem.md", &demo("incident-post-mortem.md")).await;
    let (world, parsed) = parse(world, "parse", &file).await;
    let (file_id, parsed_id) = (&file["file_id"], &parsed["parsed_file_id"]);
    let mut answers = Vec::new();
    for parameters in [
        json!({ "parsed_file_id": parsed_id }),
        json!({ "file_id": file_id }),
        json!({ "parsed_file_id": file_id }),
        json!({ "parsed_file_id": parsed_id, "file_id": file_id }),
    ] {
        let answer = read(&world, "get_parsed_file", "parsed_file", parameters).await;
        answers.push(answer["semantic_payload"].clone());
    }
    let answer = &answers[0];
    assert!(answers.iter().all(|other| other == answer));
    assert_eq!(
        answer["parsed_file_reference"],
        parsed["parsed_file_reference"]
    );
    assert_eq!(answer["is_newest"], true);
    assert_eq!(answer["is_complete"], true);
    assert_eq!(answer["metadata"]["fingerprint"], parsed["fingerprint"]);
    let content = &answer["parsed_content"];
    assert!(text(&content["text_content"]).contains("refund of the delivery fee"));
    assert_eq!(content["next"], Value::Null);
    assert_eq!(
        content["heading_count"],
        content["structure"].as_array().unwrap().len()
    );
}

#[tokio::test]
async fn a_long_file_comes_in_pages() {
    let mut csv = String::from("n,remark\n");
    for row in 0..4_000 {
        writeln!(csv, "{row},{}", "w".repeat(200)).unwrap();
    }
    let (world, file) = ingest(world(), "a.csv", csv.as_bytes()).await;
    let (world, _) = parse(world, "parse", &file).await;
    let (mut next, mut rows) = (json!({ "offset": 0, "within": 0 }), 0);
    while !next.is_null() {
        let ask = json!({ "file_id": file["file_id"], "offset": next["offset"], "within": next["within"] });
        let answer = read(&world, "get_parsed_file", "parsed_file", ask).await;
        let answer = &answer["semantic_payload"];
        assert_eq!(answer["is_complete"], false);
        let table = &answer["parsed_content"]["structured_data"][0];
        assert_eq!(table["first_row"], rows + 1);
        rows += table["rows"].as_array().unwrap().len();
        next = answer["parsed_content"]["next"].clone();
    }
    assert_eq!(rows, 4_000);
}

#[tokio::test]
async fn an_older_result_stays_readable_and_says_that_it_is_older() {
    let (world, file) = ingest(world(), "a.txt", b"one").await;
    let (world, first) = parse(world, "first", &file).await;
    let (world, second) = parse(world, "second", &file).await;
    for (parameters, newest) in [
        (json!({ "parsed_file_id": first["parsed_file_id"] }), false),
        (json!({ "file_id": file["file_id"] }), true),
    ] {
        let answer = read(&world, "get_parsed_file", "parsed_file", parameters).await;
        assert_eq!(answer["semantic_payload"]["is_newest"], newest);
    }
    let known = read(
        &world,
        "get_file_by_id",
        "file",
        json!({ "file_id": file["file_id"] }),
    )
    .await;
    assert_eq!(
        known["semantic_payload"]["parsed_file_id"],
        second["parsed_file_id"]
    );
}

#[tokio::test]
async fn what_cannot_be_read_back_is_refused_with_what_to_do() {
    let (world, file) = ingest(world(), "a.txt", b"one").await;
    let (world, other) = ingest(world, "b.txt", b"two").await;
    let by_file = json!({ "file_id": file["file_id"] });
    for (parameters, expected) in [
        (json!({}), "send parsed_file_id or file_id"),
        (json!({ "parsed_file_id": "nope" }), "no parsed file `nope`"),
        (by_file.clone(), "submit parse_content"),
    ] {
        let message = rejection(world.clone(), "get_parsed_file", parameters).await;
        assert!(message.contains(expected), "{message}");
    }
    let (mut world, parsed) = parse(world, "parse", &file).await;
    let both = json!({ "parsed_file_id": parsed["parsed_file_id"], "file_id": other["file_id"] });
    let message = rejection(world.clone(), "get_parsed_file", both).await;
    assert!(message.contains("is of the file"), "{message}");

    let mut deleted = world.clone();
    let artifact = deleted
        .artifacts
        .get_mut(text(&parsed["parsed_file_id"]))
        .unwrap();
    artifact.lifecycle_state = Lifecycle::Deleted;
    let message = rejection(deleted, "get_parsed_file", by_file.clone()).await;
    assert!(message.contains("was deleted"), "{message}");

    give_away(&mut world);
    let message = rejection(world.clone(), "get_parsed_file", by_file.clone()).await;
    assert!(message.contains("no parsed file"), "{message}");
    let message = rejection(world, "get_file_by_id", by_file).await;
    assert!(message.contains("no file"), "{message}");
}

#[tokio::test]
async fn a_files_facts_come_by_its_id() {
    let (world, file) = ingest(world(), "a.txt", b"one").await;
    let known = read(
        &world,
        "get_file_by_id",
        "file",
        json!({ "file_id": file["file_id"] }),
    )
    .await;
    let known = &known["semantic_payload"];
    assert_eq!(known["registered_in_state_surface"], true);
    assert_eq!(known["parsed_file_id"], Value::Null);
    for (field, value) in file.as_object().unwrap() {
        assert_eq!(&known[field], value, "{field}");
    }
}

#[tokio::test]
async fn text_is_retrieved_inline_and_anything_else_by_its_path() {
    let utf8 = demo("meeting-notes.txt");
    for (name, bytes, expected) in [
        ("notes.txt", utf8.clone(), None),
        ("a.pdf", demo("supplier-contract.pdf"), Some("is not text")),
        ("a.csv", demo("orders-export.csv"), Some("not in UTF-8")),
        ("big.txt", b"word ".repeat(300_000), Some("download it")),
    ] {
        let (world, file) = ingest(world(), name, &bytes).await;
        let ask = json!({ "file_reference": file["file_reference"] });
        let answer = read(&world, "retrieve_file", "file", ask).await;
        let facts = &answer["semantic_payload"];
        assert_eq!(
            facts["download_path"],
            format!("/api/content/files/{}/content", text(&file["file_id"]))
        );
        assert_eq!(facts["contents_included"], expected.is_none());
        match expected {
            None => assert_eq!(
                text(&answer["renderings"]["file_contents"]).as_bytes(),
                utf8
            ),
            Some(note) => {
                assert!(text(&facts["contents_note"]).contains(note), "{facts}");
                assert_eq!(answer["renderings"], json!({}));
            }
        }
    }
}

#[tokio::test]
async fn contents_are_left_out_on_request_and_gone_when_purged() {
    let (mut world, file) = ingest(world(), "a.txt", b"one").await;
    let ask = json!({ "file_id": file["file_id"], "include_contents": false });
    let answer = read(&world, "retrieve_file", "file", ask.clone()).await;
    assert_eq!(answer["renderings"], json!({}));
    assert_eq!(answer["semantic_payload"]["contents_note"], Value::Null);

    change(&mut world, &file, |file| {
        file.status = file::Status::Archived;
    });
    read(&world, "retrieve_file", "file", ask.clone()).await;
    change(&mut world, &file, |file| file.status = file::Status::Purged);
    let message = rejection(world.clone(), "retrieve_file", ask.clone()).await;
    assert!(message.contains("was purged"), "{message}");
    let known = read(&world, "get_file_by_id", "file", ask.clone()).await;
    assert_eq!(known["semantic_payload"]["status"], "purged");

    for (parameters, expected) in [
        (json!({}), "send file_id or file_reference"),
        (
            json!({ "file_reference": "nonsense" }),
            "no file `nonsense`",
        ),
        (
            json!({ "file_reference": "file:a:b:" }),
            "not the reference",
        ),
    ] {
        let message = rejection(world.clone(), "retrieve_file", parameters).await;
        assert!(message.contains(expected), "{message}");
    }
    let another = text(&file["file_reference"]).replace("tenant-1", "tenant-2");
    let message = rejection(world, "retrieve_file", json!({ "file_reference": another })).await;
    assert!(message.contains("not the reference"), "{message}");
}

#[tokio::test]
async fn what_is_named_and_does_not_exist_is_not_found() {
    let (world, file) = ingest(world(), "one.txt", b"one").await;
    let file_id = &file["file_id"];
    for (intent, parameters) in [
        ("parse_content", json!({ "file_id": "nope" })),
        (
            "parse_content",
            json!({ "file_id": "nope", "file_reference": "file:t:s:nope" }),
        ),
        ("get_file_by_id", json!({ "file_id": "nope" })),
        ("retrieve_file", json!({ "file_id": "nope" })),
        ("get_parsed_file", json!({ "parsed_file_id": "nope" })),
        ("get_parsed_file", json!({ "file_id": file_id })),
        (
            "ingest_file",
            json!({ "ui_name": "a", "upload_id": "nope" }),
        ),
        (
            "save_materialization",
            json!({ "file_id": file_id, "boundary_contract_id": "nope" }),
        ),
    ] {
        let finished = run(world.clone(), "nobody's", intent, parameters).await;
        let Outcome::Rejected { code, message } = &finished.outcome else {
            panic!("{intent}: {:?}", finished.outcome)
        };
        assert_eq!(*code, ErrorCode::NotFound, "{intent}: {message}");
    }
}
