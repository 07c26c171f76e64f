//! `list_files`.

use civitas_intent::test_run::World;
use civitas_model::{SessionId, file};
use serde_json::{Value, json};

use crate::{change, give_away, ingest, payload, rejection, run, text, world};

async fn list(world: &World, parameters: Value) -> Value {
    let finished = run(world.clone(), "list", "list_files", parameters).await;
    payload(&finished, "file_list").clone()
}

fn names(list: &Value) -> Vec<&str> {
    let files = list["files"].as_array().unwrap();
    files.iter().map(|file| text(&file["ui_name"])).collect()
}

#[tokio::test]
async fn files_are_listed_by_type_session_and_page() {
    let (world, _) = ingest(world(), "a.csv", b"x,y\n1,2\n").await;
    let (world, b) = ingest(world, "b.md", b"# Title\n\n- one\n- two\n").await;
    let (mut world, c) = ingest(world, "c.csv", b"x,y\n1,2\n").await;
    change(&mut world, &b, |file| {
        file.session_id = SessionId::trusted("other");
    });
    change(&mut world, &c, |file| {
        file.created_at = World::START.plus(std::time::Duration::from_secs(1));
    });

    let all = list(&world, json!({})).await;
    assert_eq!(names(&all)[0], "c.csv", "newest first");
    assert_eq!(all["count"], 3);
    assert_eq!(all["has_more"], false);
    assert_eq!((&all["limit"], &all["offset"]), (&json!(100), &json!(0)));
    assert_eq!(all["tenant_id"], "tenant-1");

    let by_type = list(&world, json!({ "file_type": ".Markdown" })).await;
    assert_eq!(names(&by_type), ["b.md"]);
    assert_eq!(by_type["file_type_filter"], "md");
    let by_session = list(
        &world,
        json!({ "session_id": "other", "tenant_id": "tenant-1" }),
    )
    .await;
    assert_eq!(names(&by_session), ["b.md"]);

    let page = list(&world, json!({ "limit": 2 })).await;
    assert_eq!(
        (page["count"].as_u64(), &page["has_more"]),
        (Some(2), &json!(true))
    );
    let page = list(&world, json!({ "limit": 2, "offset": 2 })).await;
    assert_eq!(
        (page["count"].as_u64(), &page["has_more"]),
        (Some(1), &json!(false))
    );

    change(&mut world, &c, |file| file.status = file::Status::Purged);
    assert_eq!(list(&world, json!({})).await["count"], 2);
    give_away(&mut world);
    assert_eq!(list(&world, json!({})).await["count"], 0);
}

#[tokio::test]
async fn a_foreign_tenant_and_a_limit_out_of_bounds_are_refused() {
    for (parameters, expected) in [
        (
            json!({ "tenant_id": "tenant-2" }),
            "not the caller's tenant",
        ),
        (json!({ "limit": 0 }), "between 1 and 500, not 0"),
        (json!({ "limit": 501 }), "between 1 and 500, not 501"),
        (json!({ "offset": -1 }), "the parameters are not valid"),
    ] {
        let message = rejection(world(), "list_files", parameters).await;
        assert!(message.contains(expected), "{message}");
    }
}
