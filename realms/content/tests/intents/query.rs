//! `query_files`.

use civitas_intent::test_run::World;
use serde_json::{Value, json};

use crate::{change, ingest, payload, rejection, run, text, world};

async fn names(world: &World, filters: Value) -> Vec<String> {
    let parameters = json!({ "filters": filters });
    let finished = run(world.clone(), "query", "query_files", parameters).await;
    let files = payload(&finished, "query_results")["files"]
        .as_array()
        .unwrap()
        .clone();
    files
        .iter()
        .map(|file| text(&file["ui_name"]).to_owned())
        .collect()
}

#[tokio::test]
async fn every_filter_finds_its_file_alone() {
    let (world, _) = ingest(world(), "other.md", b"# Title\n\n- one\n- two\n").await;
    let (mut world, file) = ingest(world, "Wanted.csv", b"a,b\n1,2\n").await;
    change(&mut world, &file, |file| {
        file.session_id = civitas_model::SessionId::trusted("other");
        file.ingestion_type = "edi".to_owned();
        file.size = 7;
        file.metadata = json!({ "tags": ["Contract", "2026"] });
        file.created_at = World::START.plus(std::time::Duration::from_mins(1));
        file.updated_at = World::START.plus(std::time::Duration::from_mins(2));
        file.status = civitas_model::file::Status::Active;
    });
    for filters in [
        json!({ "file_type": ".CSV" }),
        json!({ "status": "active" }),
        json!({ "ui_name": "WANT" }),
        json!({ "mime_type": "text/csv" }),
        json!({ "size_max": 7 }),
        json!({ "date_from": "2026-01-01T00:00:30Z" }),
        json!({ "updated_from": "2026-01-01T00:02:00Z", "updated_to": "2026-01-01T00:02:00Z" }),
        json!({ "tags": ["contract"] }),
        json!({ "tags": ["CONTRACT", "2026"] }),
        json!({ "session_id": "other" }),
        json!({ "source": "edi" }),
        json!({ "file_hash": [text(&file["file_hash"]).to_uppercase()] }),
    ] {
        assert_eq!(
            names(&world, filters.clone()).await,
            ["Wanted.csv"],
            "{filters}"
        );
    }
    assert_eq!(
        names(&world, json!({ "mime_type": "text/*" })).await.len(),
        2
    );
    assert_eq!(names(&world, json!({ "status": "any" })).await.len(), 2);
    assert_eq!(
        names(&world, json!({ "tags": ["contract", "2025"] }))
            .await
            .len(),
        0
    );
    assert_eq!(
        names(&world, json!({ "status": "archived" })).await.len(),
        0
    );
}

#[tokio::test]
async fn a_page_says_whether_there_are_more_and_repeats_its_filters() {
    let mut world = world();
    for name in ["a.csv", "b.csv", "c.csv"] {
        (world, _) = ingest(world, name, b"x,y\n1,2\n").await;
    }
    let parameters = json!({ "filters": { "file_type": "csv" }, "limit": 2, "offset": 1 });
    let finished = run(world.clone(), "query", "query_files", parameters).await;
    let page = payload(&finished, "query_results");
    assert_eq!(
        (&page["count"], &page["has_more"]),
        (&json!(2), &json!(false))
    );
    assert_eq!(page["filters"], json!({ "file_type": "csv" }));
    let parameters = json!({ "filters": {}, "limit": 2 });
    let finished = run(world, "query", "query_files", parameters).await;
    assert_eq!(payload(&finished, "query_results")["has_more"], true);
}

#[tokio::test]
async fn filters_that_mean_nothing_are_refused() {
    for (filters, expected) in [
        (
            json!({ "colour": "red" }),
            "unknown field `colour`, expected one of `file_type`",
        ),
        (json!({ "status": "asleep" }), "unknown variant `asleep`"),
        (
            json!({ "size_min": 9, "size_max": 8 }),
            "filters.size ends before it begins",
        ),
        (
            json!({ "date_from": "2026-01-02T00:00:00Z", "date_to": "2026-01-01T00:00:00Z" }),
            "filters.date ends",
        ),
        (json!({ "file_hash": ["abc"] }), "64 hexadecimal digits"),
    ] {
        let message = rejection(world(), "query_files", json!({ "filters": filters })).await;
        assert!(message.contains(expected), "{message}");
    }
}
