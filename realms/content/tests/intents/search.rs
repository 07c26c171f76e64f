//! `search_files`.

use civitas_intent::test_run::World;
use civitas_model::file;
use serde_json::{Value, json};

use crate::{change, ingest, payload, rejection, run, text, world};

/// What the platform answers for one matching piece of a file.
fn hit(file: &Value, score: f64, chunk: u64) -> Value {
    json!({
        "record_id": format!("{}:{chunk}", text(&file["file_id"])),
        "parent_id": file["file_id"],
        "source": "file",
        "kind": file["file_type"],
        "title": file["ui_name"],
        "heading": "Terms › Delivery",
        "date": World::START,
        "metadata": { "page": 2, "chunk": chunk },
        "score": score,
        "snippet": { "text": "a late delivery costs", "highlights": [[2, 6]] },
        "matched": [],
    })
}

async fn search(world: &World, parameters: Value) -> Value {
    let finished = run(world.clone(), "search", "search_files", parameters).await;
    assert_eq!(&finished.world, world, "searching changed something");
    payload(&finished, "search_results").clone()
}

fn names(results: &Value) -> Vec<&str> {
    let files = results["files"].as_array().unwrap();
    files.iter().map(|file| text(&file["ui_name"])).collect()
}

/// Three files; the platform finds pieces of two of them.
async fn filled() -> (World, [Value; 3]) {
    let (world, a) = ingest(world(), "a.txt", b"one").await;
    let (world, b) = ingest(world, "b.txt", b"two").await;
    let (mut world, late) = ingest(world, "Too LATE.csv", b"x,y\n1,2\n").await;
    let hits: Vec<Value> = [(&b, 9.0), (&a, 7.0), (&b, 6.0), (&b, 5.0), (&b, 4.0)]
        .iter()
        .enumerate()
        .map(|(chunk, (file, score))| hit(file, *score, chunk as u64))
        .collect();
    world.search = json!({ "total": 5, "hits": hits, "suggestions": ["lately"], "position": 3 });
    (world, [a, b, late])
}

#[tokio::test]
async fn hits_are_grouped_by_file_with_their_best_places() {
    let (world, _) = filled().await;
    let results = search(&world, json!({ "query": "late", "search_type": "content" })).await;
    assert_eq!(names(&results), ["b.txt", "a.txt"]);
    assert_eq!(results["count"], 2);
    assert_eq!(results["matching_pieces"], 5);
    assert_eq!(results["suggestions"], json!(["lately"]));
    let best = &results["files"][0];
    assert_eq!(best["score"], 9.0);
    assert_eq!(
        best["places"].as_array().unwrap().len(),
        3,
        "the best three"
    );
    assert_eq!(
        best["places"][0],
        json!({
            "heading": "Terms › Delivery", "place": { "page": 2, "chunk": 0 }, "score": 9.0,
            "text": "a late delivery costs", "highlights": [[2, 6]],
        })
    );
}

#[tokio::test]
async fn names_are_searched_alone_or_after_the_content() {
    let (world, _) = filled().await;
    let by_name = search(&world, json!({ "query": "late", "search_type": "name" })).await;
    assert_eq!(names(&by_name), ["Too LATE.csv"]);
    assert_eq!(by_name["files"][0]["places"], json!([]));
    let both = search(&world, json!({ "query": "late" })).await;
    assert_eq!(names(&both), ["b.txt", "a.txt", "Too LATE.csv"]);
    assert_eq!(both["search_type"], "both");
    let page = search(&world, json!({ "query": "late", "limit": 1, "offset": 1 })).await;
    assert_eq!(names(&page), ["a.txt"]);
    assert_eq!(page["has_more"], true);
    let last = search(&world, json!({ "query": "late", "limit": 2, "offset": 2 })).await;
    assert_eq!(
        (names(&last), &last["has_more"]),
        (vec!["Too LATE.csv"], &json!(false))
    );
}

#[tokio::test]
async fn files_beyond_the_first_hundred_hits_are_found() {
    let (mut world, [a, b, _]) = filled().await;
    let mut hits: Vec<Value> = (0..250).map(|chunk| hit(&b, 9.0, chunk)).collect();
    hits.push(hit(&a, 1.0, 0));
    world.search = json!({ "total": 251, "hits": hits, "suggestions": [], "position": 3 });
    let results = search(&world, json!({ "query": "late", "search_type": "content" })).await;
    assert_eq!(names(&results), ["b.txt", "a.txt"]);
}

#[tokio::test]
async fn filters_narrow_names_too_and_gone_files_are_left_out() {
    let (mut world, [a, b, late]) = filled().await;
    for (filters, expected) in [
        (json!({ "file_type": "csv" }), 1),
        (json!({ "file_type": "pdf" }), 0),
        (json!({ "date_from": "2026-01-01T00:00:00Z" }), 1),
        (json!({ "date_from": "2026-01-02T00:00:00Z" }), 0),
        (json!({ "date_to": "2025-12-31T00:00:00Z" }), 0),
        (json!({ "file_ids": [late["file_id"]] }), 1),
        (json!({ "file_ids": [a["file_id"]] }), 0),
    ] {
        let ask = json!({ "query": "late", "search_type": "name", "filters": filters });
        assert_eq!(search(&world, ask).await["count"], expected, "{filters}");
    }
    change(&mut world, &b, |file| file.status = file::Status::Purged);
    let results = search(&world, json!({ "query": "late", "search_type": "content" })).await;
    assert_eq!(names(&results), ["a.txt"]);
}

#[tokio::test]
async fn bad_input_is_refused_and_odd_queries_are_not() {
    let (world, _) = filled().await;
    for (parameters, expected) in [
        (json!({ "query": " \t" }), "query is blank"),
        (json!({ "query": "x".repeat(1_001) }), "1001 characters"),
        (json!({ "query": "x", "limit": 101 }), "between 1 and 100"),
        (
            json!({ "query": "x", "offset": 1_001 }),
            "offset must be at most 1000",
        ),
        (
            json!({ "query": "x", "search_type": "smell" }),
            "unknown variant `smell`",
        ),
    ] {
        let message = rejection(world.clone(), "search_files", parameters).await;
        assert!(message.contains(expected), "{message}");
    }
    for query in ["\"", "-", "AND OR (", "%_!'; DROP TABLE files;--", "\u{0}"] {
        search(&world, json!({ "query": query })).await;
    }
}

#[tokio::test]
async fn facets_reasons_and_places_come_through_when_asked_for() {
    let (mut world, [_, b, _]) = filled().await;
    let mut found = hit(&b, 9.0, 0);
    found["fragment"] = json!("page=2");
    found["why"] = json!([{ "typed": "late", "field": "text", "how": "found", "weight": 9.0 }]);
    let facets = json!({ "type": [{ "value": "txt", "count": 1 }] });
    world.search = json!({ "total": 1, "hits": [found], "suggestions": [], "facets": facets });
    let ask = json!({ "query": "late", "search_type": "content", "facets": true, "why": true });
    let results = search(&world, ask).await;
    assert_eq!(results["facets"], facets);
    let place = &results["files"][0]["places"][0];
    assert_eq!(place["fragment"], "page=2");
    assert_eq!(place["why"][0]["weight"], 9.0);
}

#[tokio::test]
async fn tags_and_sources_narrow_names_too() {
    let (mut world, [_, _, late]) = filled().await;
    change(&mut world, &late, |file| {
        file.metadata = json!({ "tags": ["Harbour"] });
    });
    for (filters, expected) in [
        (json!({ "tags": ["harbour"] }), 1),
        (json!({ "tags": ["harbour", "pier"] }), 0),
        (json!({ "source": "Upload" }), 1),
        (json!({ "source": "edi" }), 0),
    ] {
        let ask = json!({ "query": "late", "search_type": "name", "filters": filters });
        assert_eq!(search(&world, ask).await["count"], expected, "{filters}");
    }
    let many = vec!["x"; 51];
    let ask = json!({ "query": "late", "filters": { "tags": many } });
    let refused = rejection(world, "search_files", ask).await;
    assert!(refused.contains("50"), "{refused}");
}

/// Every page by cursor, with something happening between them.
async fn pages(
    mut world: World,
    mut ask: Value,
    mut between: impl FnMut(&mut World),
) -> Vec<String> {
    let mut seen = Vec::new();
    ask["cursor"] = json!("");
    loop {
        let results = search(&world, ask.clone()).await;
        seen.extend(names(&results).into_iter().map(str::to_owned));
        assert_eq!(
            results["has_more"],
            json!(results.get("next_cursor").is_some())
        );
        match results.get("next_cursor") {
            Some(next) => ask["cursor"] = next.clone(),
            None => return seen,
        }
        between(&mut world);
    }
}

#[tokio::test]
async fn a_cursor_goes_through_content_and_then_names() {
    let (world, _) = filled().await;
    let (world, _) = ingest(world, "later.txt", b"four").await;
    for limit in 1..=5 {
        for search_type in ["both", "content", "name"] {
            let ask = json!({ "query": "late", "search_type": search_type, "limit": limit });
            let at_once = search(
                &world,
                json!({ "query": "late", "search_type": search_type }),
            )
            .await;
            assert_eq!(pages(world.clone(), ask, |_| {}).await, names(&at_once));
        }
    }
}

#[tokio::test]
async fn files_whose_name_is_found_keep_their_place_while_others_come_and_go() {
    let (mut world, [a, ..]) = filled().await;
    for name in ["late 1.txt", "late 2.txt", "late 3.txt"] {
        world = ingest(world, name, name.as_bytes()).await.0;
    }
    let ask = json!({ "query": "late", "limit": 1 });
    let mut round = 0;
    let seen = pages(world, ask, |world| {
        // A newer one, which comes before all others, and one that is there no more.
        round += 1;
        let mut file = world.files[text(&a["file_id"])].clone();
        file.file_id = civitas_model::FileId::trusted(format!("new-{round}"));
        file.ui_name = format!("late and new {round}.txt");
        file.created_at = World::START.plus(std::time::Duration::from_secs(1000 + round));
        world.files.insert(file.file_id.to_string(), file);
        let shown = world
            .files
            .values_mut()
            .find(|file| file.ui_name == "late and new 1.txt");
        if round == 5 {
            shown.unwrap().status = file::Status::Archived;
        }
    })
    .await;
    let old: Vec<&String> = seen.iter().filter(|name| !name.contains("new")).collect();
    let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "{seen:?}");
    assert_eq!(old.len(), 6, "{seen:?}");
}

#[tokio::test]
async fn a_cursor_of_another_question_is_refused() {
    let (world, _) = filled().await;
    let first = search(&world, json!({ "query": "late", "limit": 1, "cursor": "" })).await;
    let cursor = text(&first["next_cursor"]);
    for wrong in [
        json!({ "query": "later", "cursor": cursor }),
        json!({ "query": "late", "cursor": cursor, "search_type": "name" }),
        json!({ "query": "late", "cursor": cursor, "filters": { "file_type": "pdf" } }),
        json!({ "query": "late", "cursor": "x" }),
        json!({ "query": "late", "cursor": cursor, "offset": 1 }),
    ] {
        let message = rejection(world.clone(), "search_files", wrong).await;
        assert!(message.contains("cursor"), "{message}");
    }
    let more = search(
        &world,
        json!({ "query": "late", "limit": 2, "cursor": cursor }),
    )
    .await;
    assert_eq!(names(&more), ["a.txt", "Too LATE.csv"]);
}
