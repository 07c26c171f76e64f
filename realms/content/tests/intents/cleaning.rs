//! `preprocess_file`.

use civitas_intent::test_run::{Finished, World};
use serde_json::{Value, json};

use crate::{ingest, parse, payload, rejection, run, text, world};

async fn preprocess(world: World, file: &Value, options: Value) -> Finished {
    let parameters = json!({ "file_id": file["file_id"], "preprocessing_options": options });
    run(world, "clean", "preprocess_file", parameters).await
}

fn changes(finished: &Finished) -> Vec<(&str, u64)> {
    let changes = payload(finished, "preprocessing_results")["changes"]
        .as_array()
        .unwrap();
    let changes = changes.iter();
    changes
        .map(|one| (text(&one["change"]), one["count"].as_u64().unwrap()))
        .collect()
}

/// The bytes of the file an answer names.
fn bytes(finished: &Finished) -> Vec<u8> {
    let id = text(&payload(finished, "preprocessing_results")["file_id"]);
    finished.world.blobs[&finished.world.files[id].digest].to_vec()
}

#[tokio::test]
async fn a_text_is_cleaned_into_a_file_that_names_its_source() {
    let latin = b"Gr\xf6\xdfe der Stra\xdfe  \r\n\r\n\r\n\r\nk\xe4se \x07und M\xfcsli\r\n";
    let (world, file) = ingest(world(), "notiz.txt", latin).await;
    let finished = preprocess(world, &file, json!({ "ui_name": "Notiz, sauber.txt" })).await;
    let expected = [
        ("encoding", 1),
        ("control_characters", 1),
        ("trailing_white_space", 1),
        ("blank_lines", 1),
        ("line_ends", 4),
    ];
    assert_eq!(changes(&finished), expected);
    assert_eq!(
        String::from_utf8(bytes(&finished)).unwrap(),
        "Größe der Straße\n\n\nkäse und Müsli\n"
    );
    let results = payload(&finished, "preprocessing_results");
    assert_eq!(results["preprocessed"], true);
    assert_eq!(results["source_file_id"], file["file_id"]);
    assert_eq!(results["file"]["ui_name"], "Notiz, sauber.txt");
    assert_eq!(results["file"]["file_type"], "txt");
    let world = &finished.world;
    let copy = &world.files[text(&results["file_id"])];
    assert_eq!(copy.metadata["derived_from"]["file_id"], file["file_id"]);
    assert_eq!(copy.metadata["derived_from"]["changes"], results["changes"]);
    let artifact = &world.artifacts[text(&results["file_id"])];
    assert_eq!(
        artifact.parent_artifacts[0].as_str(),
        text(&file["file_id"])
    );
    assert_eq!(artifact.produced_by.intent, "preprocess_file");
    let contract = &world.contracts[copy.contract_id.as_str()];
    assert_eq!(contract.external_source_type, "derived");
    assert_eq!(
        world.files[text(&file["file_id"])].digest,
        text(&file["file_hash"]),
        "the first is as it was"
    );
    assert_eq!(world.events.last().unwrap().0, "file_preprocessed");

    let metadata = json!({ "file_id": results["file_id"] });
    let known = run(world.clone(), "known", "retrieve_file_metadata", metadata).await;
    assert_eq!(
        payload(&known, "file")["derived_from"],
        json!([file["file_id"]])
    );
    let purge = json!({ "file_id": file["file_id"], "confirm": true });
    let purged = run(world.clone(), "purge", "purge_file", purge).await;
    assert_eq!(
        payload(&purged, "file")["derived_files"],
        json!([results["file_id"]])
    );
}

#[tokio::test]
async fn a_table_comes_out_in_shape() {
    let table = "\u{feff}id ,name,,name,\n1, Ada ,,x,\n,,,,\n2,Bob\n3,\"a, b\",,y,\n";
    let (world, file) = ingest(world(), "t.csv", table.as_bytes()).await;
    let (world, _) = parse(world, "parse", &file).await;
    let finished = preprocess(world, &file, json!({ "has_header": true })).await;
    let expected = [
        ("byte_order_mark", 1),
        ("trimmed_cells", 2),
        ("blank_rows", 1),
        ("short_rows", 1),
        ("blank_columns", 2),
        ("repeated_columns", 1),
    ];
    assert_eq!(changes(&finished), expected);
    let cleaned = String::from_utf8(bytes(&finished)).unwrap();
    assert_eq!(cleaned, "id,name,name_2\n1,Ada,x\n2,Bob,\n3,\"a, b\",y\n");
}

#[tokio::test]
async fn what_is_clean_is_not_copied_and_a_copy_is_clean() {
    let (world, file) = ingest(world(), "t.csv", b"id,name\n1,\"Ada\"\n").await;
    let finished = preprocess(world.clone(), &file, json!({})).await;
    let results = payload(&finished, "preprocessing_results");
    assert_eq!(results["preprocessed"], false);
    assert_eq!(results["file_id"], file["file_id"]);
    assert_eq!(finished.world.files, world.files);
    let crlf = preprocess(world, &file, json!({ "line_ends": "crlf" })).await;
    assert_eq!(bytes(&crlf), b"id,name\r\n1,\"Ada\"\r\n");
    let copy = payload(&crlf, "preprocessing_results")["file"].clone();
    let parameters =
        json!({ "file_id": copy["file_id"], "preprocessing_options": { "line_ends": "crlf" } });
    let again = run(crlf.world.clone(), "again", "preprocess_file", parameters).await;
    assert_eq!(
        payload(&again, "preprocessing_results")["preprocessed"],
        false
    );
}

#[tokio::test]
async fn white_space_that_may_mean_something_is_kept() {
    let markdown = b"a line  \nwith a break\n\n\n\n\n# end\n";
    let (world, file) = ingest(world(), "a.md", markdown).await;
    let finished = preprocess(world, &file, json!({})).await;
    assert_eq!(
        payload(&finished, "preprocessing_results")["preprocessed"],
        false
    );
}

#[tokio::test]
async fn other_formats_and_contradicting_options_are_refused() {
    let (world, page) = ingest(
        world(),
        "a.html",
        b"<!doctype html><html><body>x</body></html>",
    )
    .await;
    let (world, file) = ingest(world, "a.txt", b"words").await;
    for (file, options, expected) in [
        (&page, json!({}), "a file of type html is not cleaned"),
        (
            &file,
            json!({ "encoding": false }),
            "turn the others off too",
        ),
        (&file, json!({ "colour": true }), "unknown field `colour`"),
        (&file, json!({ "line_ends": "cr" }), "unknown variant `cr`"),
    ] {
        let parameters = json!({ "file_id": file["file_id"], "preprocessing_options": options });
        let message = rejection(world.clone(), "preprocess_file", parameters).await;
        assert!(message.contains(expected), "{message}");
    }
}
