//! `ingest_file`.

use civitas_intent::test_run::World;
use civitas_model::artifact::Lifecycle;
use civitas_model::contract;
use serde_json::{Value, json};

use crate::{demo, ingest, payload, rejection, run, text, world};

#[tokio::test]
async fn an_upload_is_kept_described_and_put_under_a_pending_contract() {
    let bytes = demo("supplier-contract.pdf");
    let (world, file) = ingest(world(), "Supplier contract.pdf", &bytes).await;
    assert_eq!(file["file_type"], "pdf");
    assert_eq!(file["mime_type"], "application/pdf");
    assert_eq!(file["status"], "ingested");
    assert_eq!(file["file_size"], bytes.len());
    assert_eq!(file["materialization_pending"], true);
    assert_eq!(file["created_at"], json!(World::START));
    let id = text(&file["file_id"]);
    assert_eq!(
        file["file_reference"],
        format!("file:tenant-1:session-1:{id}")
    );
    let hash = text(&file["file_hash"]);
    assert_eq!(world.blobs[hash], bytes);
    assert_eq!(file["storage_location"], format!("blob:sha256:{hash}"));

    let contract = &world.contracts[text(&file["boundary_contract_id"])];
    assert_eq!(contract.contract_status, contract::Status::Pending);
    assert_eq!(
        contract.external_source_identifier,
        "upload:intent-1:Supplier contract.pdf"
    );
    assert_eq!(contract.contract_terms, json!({}));
    let artifact = &world.artifacts[id];
    assert_eq!(artifact.artifact_type, "file");
    assert_eq!(artifact.lifecycle_state, Lifecycle::Ready);
    assert_eq!(artifact.produced_by.intent, "ingest_file");
    assert_eq!(artifact.semantic_descriptor["schema"], "file");
    assert_eq!(artifact.materializations[0].uri, file["storage_location"]);
    assert_eq!(world.events[0].0, "file_ingested");
    assert_eq!(world.events[0].1["file_id"], id);
}

#[tokio::test]
async fn names_with_paths_and_control_characters_are_kept_as_data() {
    let (world, file) = ingest(world(), "../../etc/passwd\u{0}\r\n\u{1b}", b"root:x:0:0").await;
    assert_eq!(file["ui_name"], "../../etc/passwd");
    assert_eq!(file["metadata"]["filename"], "../../etc/passwd");
    assert_eq!(world.files.len(), 1);
}

#[tokio::test]
async fn a_lying_type_is_kept_and_reported_but_not_believed() {
    let parameters = json!({
        "ui_name": "page.pdf", "file_type": "pdf", "mime_type": "application/pdf",
        "file_content": data_encoding::HEXLOWER.encode(&demo("product-page.html")),
    });
    let finished = run(world(), "lie", "ingest_file", parameters).await;
    let file = payload(&finished, "file");
    assert_eq!(file["file_type"], "html");
    assert_eq!(
        file["type_contradiction"],
        "declared as pdf, but by its content it is html (text/html)"
    );
    assert_eq!(file["metadata"]["declared_mime_type"], "application/pdf");
}

#[tokio::test]
async fn the_contracts_defaults_contradict_nothing() {
    let parameters = json!({
        "ui_name": "notes", "filename": "notes.md", "file_type": "unstructured",
        "mime_type": "application/octet-stream", "file_content": "2320546f20646f0a0a2d206f6e650a",
        "source_metadata": { "from": "mail" }, "ingestion_options": {}, "user_id": "user-1",
    });
    let finished = run(world(), "defaults", "ingest_file", parameters).await;
    let file = payload(&finished, "file");
    assert_eq!(file["file_type"], "md", "the file name's extension decides");
    assert_eq!(file.get("type_contradiction"), None);
    assert_eq!(file["metadata"]["source_metadata"]["from"], "mail");
}

#[tokio::test]
async fn an_interchange_and_an_answer_of_an_interface_are_taken_in() {
    let edi = json!({
        "ui_name": "invoice.edi", "ingestion_type": "edi", "partner_id": "brevik",
        "edi_data": "554e422b554e4f413a31",
    });
    let finished = run(world(), "edi", "ingest_file", edi).await;
    let file = payload(&finished, "file");
    assert_eq!(file["ingestion_type"], "edi");
    assert_eq!(file["metadata"]["partner_id"], "brevik");
    assert_eq!(file["metadata"]["edi_protocol"], "as2");
    let contract = finished.world.contracts.values().next().unwrap();
    assert_eq!(contract.external_source_type, "edi");

    let api = json!({
        "ui_name": "orders", "ingestion_type": "api", "endpoint": "https://shop.example/orders",
        "api_payload": [{ "order": 1 }, { "order": 2 }],
    });
    let finished = run(world(), "api", "ingest_file", api).await;
    let file = payload(&finished, "file");
    assert_eq!(file["file_type"], "json");
    assert_eq!(file["metadata"]["api_type"], "rest");
    let kept = &finished.world.blobs[text(&file["file_hash"])];
    assert_eq!(&kept[..], br#"[{"order":1},{"order":2}]"#);
}

#[tokio::test]
async fn an_upload_that_was_streamed_before_is_taken_in_by_its_id() {
    let mut world = world();
    let stored = world.put_blob(&b"a,b\n1,2\n"[..]);
    let upload = json!({
        "upload_id": "u1", "tenant_id": "tenant-1", "digest": stored.digest, "size": stored.size,
        "file_type": "csv", "mime_type": "text/csv",
    });
    world.uploads.insert("u1".into(), upload);
    let parameters = json!({ "ui_name": "a.csv", "upload_id": "u1" });
    let finished = run(world.clone(), "upload", "ingest_file", parameters).await;
    let file = payload(&finished, "file");
    assert_eq!(file["file_hash"], stored.digest);
    assert_eq!(file["file_type"], "csv");

    let unknown = json!({ "ui_name": "a.csv", "upload_id": "u2" });
    let message = rejection(world, "ingest_file", unknown).await;
    assert!(message.contains("no upload `u2`"), "{message}");
}

#[tokio::test]
async fn every_bad_input_is_refused_with_what_to_do() {
    let long = "x".repeat(256);
    let big = json!({ "x": "y".repeat(70_000) });
    let cases: [(Value, &str); 13] = [
        (json!({ "file_content": "48g5" }), "character 3 is 'g'"),
        (json!({ "file_content": "485" }), "odd number"),
        (json!({}), "send file_content or upload_id"),
        (
            json!({ "file_content": "48", "upload_id": "u" }),
            "file_content and upload_id were sent",
        ),
        (
            json!({ "edi_data": "48" }),
            "edi_data does not go with ingestion_type `upload`",
        ),
        (
            json!({ "ingestion_type": "edi", "edi_data": "48" }),
            "partner_id is missing",
        ),
        (
            json!({ "ingestion_type": "edi", "file_content": "48", "partner_id": "p" }),
            "send edi_data",
        ),
        (
            json!({ "ingestion_type": "api", "api_payload": null }),
            "send api_payload",
        ),
        (
            json!({ "ui_name": "\u{0}\n", "file_content": "48" }),
            "ui_name holds nothing",
        ),
        (
            json!({ "ui_name": long, "file_content": "48" }),
            "256 characters",
        ),
        (
            json!({ "filename": long, "file_content": "48" }),
            "filename has 256",
        ),
        (
            json!({ "file_content": "48", "source_metadata": big }),
            "source_metadata has",
        ),
        (
            json!({ "ingestion_type": "post", "file_content": "48" }),
            "unknown variant `post`",
        ),
    ];
    for (mut parameters, expected) in cases {
        if parameters.get("ui_name").is_none() {
            parameters["ui_name"] = "a.txt".into();
        }
        let message = rejection(world(), "ingest_file", parameters).await;
        assert!(message.contains(expected), "{message}");
    }
}
