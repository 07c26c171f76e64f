//! `parse_content`.

use std::fmt::Write as _;

use civitas_intent::test_run::Outcome;
use civitas_model::artifact::Lifecycle;
use civitas_model::{ErrorCode, file};
use serde_json::{Value, json};

use crate::{change, demo, give_away, ingest, parse, payload, rejection, run, text, world};

#[tokio::test]
async fn every_document_of_the_demo_is_read_and_made_searchable() {
    for (name, file_type, found) in [
        (
            "incident-post-mortem.md",
            "md",
            "refund of the delivery fee",
        ),
        ("meeting-notes.txt", "txt", "late delivery penalty"),
        ("orders-export.csv", "csv", "town: Köln"),
        ("product-page.html", "html", "carries two children & the"),
        ("supplier-contract.pdf", "pdf", "Brevik"),
        ("telemetry.jsonl", "jsonl", "TF-001"),
    ] {
        let (world, file) = ingest(world(), name, &demo(name)).await;
        let (world, parsed) = parse(world, "parse", &file).await;
        assert_eq!(parsed["file_type"], file_type);
        assert_eq!(parsed["parsing_status"], "completed");
        assert_eq!(parsed["has_text"], true);
        assert!(parsed["record_count"].as_u64().unwrap() > 0, "{name}");
        assert_eq!(parsed["chunk_count"], world.records.len());
        assert!(
            world
                .records
                .values()
                .any(|record| record.body.contains(found)),
            "{name} has no record with `{found}`"
        );
        for record in world.records.values() {
            assert_eq!(record.title, name);
            assert_eq!(record.kind, file_type);
            assert_eq!(record.parent_id, text(&file["file_id"]));
            assert!(record.metadata["chunk"].is_number());
        }
    }
}

#[tokio::test]
async fn the_result_is_registered_with_its_parent_and_shown_in_a_preview() {
    let (world, file) = ingest(world(), "orders.csv", &demo("orders-export.csv")).await;
    let parameters =
        json!({ "file_id": file["file_id"], "parse_options": { "rows_max": 50, "speed": 9 } });
    let finished = run(world, "parse", "parse_content", parameters).await;
    let parsed = payload(&finished, "parsed_content");
    let id = text(&parsed["parsed_file_id"]);
    assert_eq!(
        parsed["parsed_file_reference"],
        format!("parsed:tenant-1:session-1:{id}")
    );
    assert_eq!(parsed["parsing_type"], "structured");
    assert_eq!(parsed["table_count"], 1);
    assert_eq!(parsed["parse_options"]["rows_max"], 50);
    assert_eq!(parsed["ignored_options"], json!(["speed"]));
    assert!(text(&parsed["summary"]).contains("1 table"));

    let artifact = &finished.world.artifacts[id];
    assert_eq!(artifact.artifact_type, "parsed_content");
    assert_eq!(
        artifact.parent_artifacts[0].as_str(),
        text(&file["file_id"])
    );
    assert_eq!(
        artifact.semantic_descriptor["fingerprint"],
        parsed["fingerprint"]
    );
    assert_eq!(
        artifact.semantic_descriptor["record_count"],
        parsed["record_count"]
    );
    assert_eq!(artifact.materializations[0].format, "json");

    let renderings = &finished.artifact("parsed_content")["renderings"];
    let table = &renderings["table_previews"][0];
    assert_eq!(table["rows"].as_array().unwrap().len(), 20);
    assert_eq!(table["columns"][0]["name"], "order_id");
    assert_eq!(table["row_count"], parsed["record_count"]);
    assert_eq!(finished.world.events.last().unwrap().0, "content_parsed");
}

#[tokio::test]
async fn the_preview_of_a_long_text_is_bounded_and_says_so() {
    let text = "größere Worte. ".repeat(5_000);
    let (world, file) = ingest(world(), "long.txt", text.as_bytes()).await;
    let finished = run(
        world,
        "parse",
        "parse_content",
        json!({ "file_id": file["file_id"] }),
    )
    .await;
    let preview = &finished.artifact("parsed_content")["renderings"]["text_preview"];
    assert_eq!(preview["is_complete"], false);
    assert_eq!(preview["text"].as_str().unwrap().chars().count(), 4_000);
}

#[tokio::test]
async fn reading_again_archives_the_older_result_and_leaves_no_record_of_it() {
    let (world, file) = ingest(world(), "a.csv", "n,t\n".repeat(400).as_bytes()).await;
    let (world, first) = parse(world, "first", &file).await;
    let before = world.records.len();
    let parameters = json!({ "file_id": file["file_id"], "parse_options": { "rows_max": 1 } });
    let finished = run(world, "second", "parse_content", parameters).await;
    let second = payload(&finished, "parsed_content");
    let world = &finished.world;
    assert_eq!(second["replaced_parsed_file_id"], first["parsed_file_id"]);
    let state = |parsed: &Value| world.artifacts[text(&parsed["parsed_file_id"])].lifecycle_state;
    assert_eq!(state(&first), Lifecycle::Archived);
    assert_eq!(state(second), Lifecycle::Ready);
    assert!(world.records.len() < before);
    assert_eq!(second["chunk_count"], world.records.len());
}

#[tokio::test]
async fn many_records_are_put_in_several_commits_and_survive_a_crash_before_each() {
    let mut csv = String::from("name,remark\n");
    for row in 0..600 {
        writeln!(csv, "row {row},{}", "word ".repeat(200)).unwrap();
    }
    let (world, file) = ingest(world(), "big.csv", csv.as_bytes()).await;
    let parameters = json!({ "file_id": file["file_id"] });
    let finished = run(world, "parse", "parse_content", parameters).await;
    assert!(finished.world.records.len() >= 600);
    assert!(finished.commits >= 5, "{} commits", finished.commits);
}

#[tokio::test]
async fn a_document_without_text_says_so_and_is_still_found_by_its_name() {
    let (world, file) = ingest(
        world(),
        "empty page.html",
        b"<html><body><p></p></body></html>",
    )
    .await;
    let (world, parsed) = parse(world, "parse", &file).await;
    assert_eq!(parsed["has_text"], false);
    assert_eq!(parsed["chunk_count"], 0);
    assert!(text(&parsed["summary"]).starts_with("no text was found"));
    let record = world.records.values().next().unwrap();
    assert_eq!(
        (record.title.as_str(), record.body.as_str()),
        ("empty page.html", "")
    );
}

#[tokio::test]
async fn a_file_cut_short_says_what_is_missing_of_it() {
    let bytes = demo("supplier-contract.pdf");
    let (world, file) = ingest(world(), "cut.pdf", &bytes[..600]).await;
    let finished = run(
        world,
        "parse",
        "parse_content",
        json!({ "file_id": file["file_id"] }),
    )
    .await;
    let parsed = payload(&finished, "parsed_content");
    assert_eq!(parsed["has_text"], false);
    assert!(text(&parsed["summary"]).contains("page 1 has no text"));
    let warnings = &finished.artifact("parsed_content")["renderings"]["warnings"];
    assert!(text(&warnings[1]["message"]).contains("send an intact copy"));
}

#[tokio::test]
async fn an_attachment_is_found_in_its_mail_and_one_that_cannot_be_read_is_listed() {
    let mail = b"From: a@b.example\nSubject: Prices\nMessage-ID: <1@b.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nHello\n--x\nContent-Type: text/csv; name=prices.csv\n\nitem,price\nbolt,2\n--x\nContent-Type: application/octet-stream; name=tool.exe\nContent-Transfer-Encoding: base64\n\nTVoAAAAAAAA=\n--x--\n";
    let (world, file) = ingest(world(), "prices.eml", mail).await;
    let parameters = json!({ "file_id": file["file_id"] });
    let finished = run(world, "parse", "parse_content", parameters).await;
    let found = finished
        .world
        .records
        .values()
        .find(|record| record.body.contains("bolt"));
    let found = found.unwrap();
    assert_eq!(found.metadata["part"], json!(["prices.csv"]));
    assert_eq!(found.metadata["rows"], json!([1, 1]));
    assert_eq!(found.heading, "prices.csv");
    let parts = &finished.artifact("parsed_content")["renderings"]["parts"];
    assert_eq!(parts[0]["status"], "parsed");
    assert_eq!(parts[1]["path"], json!(["tool.exe"]));
    assert_eq!(parts[1]["status"], "skipped");
    assert!(
        parts[1]["reason"]
            .as_str()
            .unwrap()
            .contains("cannot be parsed")
    );
}

#[tokio::test]
async fn what_cannot_be_read_fails_with_the_reason() {
    for (name, bytes, expected) in [
        ("empty.txt", &b""[..], "empty"),
        (
            "backup.7z",
            &b"7z\xbc\xaf\x27\x1c\0\x04"[..],
            "7-Zip files cannot be parsed",
        ),
        (
            "cut.pdf",
            &b"%PDF-1.7
nothing more"[..],
            "damaged",
        ),
    ] {
        let (world, file) = ingest(world(), name, bytes).await;
        let message = rejection(
            world,
            "parse_content",
            json!({ "file_id": file["file_id"] }),
        )
        .await;
        assert!(message.contains(expected), "{name}: {message}");
    }
}

#[tokio::test]
async fn unknown_foreign_purged_and_archived_files_are_refused() {
    let (world, file) = ingest(world(), "one.txt", b"one").await;
    let ask = json!({ "file_id": file["file_id"] });
    let message = rejection(world.clone(), "parse_content", json!({ "file_id": "nope" })).await;
    assert!(message.contains("no file `nope`"), "{message}");

    let wrong = json!({ "file_id": file["file_id"], "file_reference": "file:x:y:z" });
    let message = rejection(world.clone(), "parse_content", wrong).await;
    assert!(
        message.contains("not the reference of this file"),
        "{message}"
    );

    for (status, expected) in [
        (file::Status::Purged, "was purged"),
        (file::Status::Archived, "is archived"),
    ] {
        let mut world = world.clone();
        change(&mut world, &file, |file| file.status = status);
        let message = rejection(world, "parse_content", ask.clone()).await;
        assert!(message.contains(expected), "{message}");
    }
    let mut foreign = world;
    give_away(&mut foreign);
    let message = rejection(foreign, "parse_content", ask).await;
    assert!(message.contains("there is no file"), "{message}");
}

#[tokio::test]
async fn options_of_the_wrong_shape_and_a_dead_sandbox_say_who_must_act() {
    let (mut world, file) = ingest(world(), "one.txt", b"one").await;
    let ask = json!({ "file_id": file["file_id"], "parse_options": { "rows_max": "many" } });
    let message = rejection(world.clone(), "parse_content", ask).await;
    assert!(
        message.contains("parse_options cannot be used"),
        "{message}"
    );

    world = world.with_sandbox(|_, _| Err((ErrorCode::SandboxFailed, "out of memory".into())));
    let ask = json!({ "file_id": file["file_id"] });
    let finished = run(world.clone(), "dead", "parse_content", ask.clone()).await;
    let Outcome::Rejected { code, .. } = finished.outcome else {
        panic!("not rejected: {finished:?}")
    };
    assert_eq!(code, ErrorCode::SandboxFailed);

    world.sandbox = None;
    let finished = run(world, "busy", "parse_content", ask).await;
    assert!(matches!(finished.outcome, Outcome::Retry(_)));
}
