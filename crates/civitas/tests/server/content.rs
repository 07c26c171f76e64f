//! `/api/content`: a file's way through the platform.

use serde_json::{Value, json};

use crate::client::Client;
use crate::server::TestServer;

const NOTES: &[u8] = b"# Minutes\n\nThe committee approved the zeppelin budget on Thursday.\n";

/// A file that is uploaded, saved and read; answers its facts.
async fn read_file(client: &Client, name: &str, bytes: &[u8]) -> Value {
    let file = client.upload(name, bytes).await;
    let both =
        json!({ "boundary_contract_id": file["boundary_contract_id"], "file_id": file["file_id"] });
    let saved = client.run("save_materialization", both).await;
    assert_eq!(
        saved["materialization"]["semantic_payload"]["status"],
        "saved"
    );
    let parsed = client
        .run("parse_content", json!({ "file_id": file["file_id"] }))
        .await;
    assert_eq!(parsed["parsed_file"], parsed["parsed_content"]);
    file
}

/// What search finds, once it has seen everything that was written.
async fn search(client: &Client, query: &str) -> Value {
    loop {
        let health = client.get("/health").send().await.ok();
        if health["components"]["search"]["behind"] == 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
    client
        .get(format!("/api/content/search?{query}"))
        .send()
        .await
        .ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_uploaded_saved_read_found_downloaded_and_deleted() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    let file = read_file(&user, "minutes.md", NOTES).await;
    let id = file["file_id"].as_str().unwrap();
    assert_eq!(file["ui_name"], "minutes.md");
    assert_eq!(file["file_size"], NOTES.len());
    assert_eq!(file["materialization_pending"], true);

    let read = user.run("get_parsed_file", json!({ "file_id": id })).await;
    assert!(read["parsed_file"].to_string().contains("zeppelin budget"));
    let hits = search(&user, "q=zeppelins&limit=5").await;
    assert_eq!(hits["hits"][0]["parent_id"], id);
    let highlighted = hits["hits"][0]["snippet"]["text"].as_str().unwrap();
    assert!(highlighted.contains("zeppelin"));
    let found = user
        .run("search_files", json!({ "query": "zeppelin" }))
        .await;
    assert!(found.to_string().contains(id), "{found}");
    let bob = server.user("bob@x.example").await;
    assert_eq!(search(&bob, "q=zeppelin").await["total"], 0);

    let shown = user.get(format!("/api/artifacts/{id}")).send().await.ok();
    assert_eq!(shown["artifact_type"], "file");
    assert_eq!(shown["file_name"], "minutes.md");
    let content = format!("/api/content/files/{id}/content");
    assert_eq!(shown["file_path"], content.as_str());
    let whole = user.get(content.as_str()).send().await;
    assert_eq!(whole.body, NOTES);

    let path = format!("/api/content/files/{id}");
    assert_eq!(user.delete(path.as_str()).send().await.status.as_u16(), 204);
    user.get(content.as_str())
        .send()
        .await
        .problem(404, "not_found");
    user.delete(path.as_str())
        .send()
        .await
        .problem(404, "not_found");
    assert_eq!(search(&user, "q=zeppelin").await["total"], 0);
    let found = user
        .run("search_files", json!({ "query": "zeppelin" }))
        .await;
    assert!(!found.to_string().contains(id), "{found}");
    let resolve = json!({ "artifact_id": id, "artifact_type": "file" });
    let resolved = user
        .post("/api/artifact/resolve")
        .json(&resolve)
        .send()
        .await;
    resolved.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_file_is_found_no_more_from_the_answer_on() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for round in 0..10 {
        let text = format!("The zeppelin number {round} is moored.");
        let file = read_file(&anyone, "zeppelin.txt", text.as_bytes()).await;
        assert_eq!(search(&anyone, "q=zeppelin").await["total"], 1);
        let path = format!("/api/content/files/{}", file["file_id"].as_str().unwrap());
        assert_eq!(anyone.delete(path).send().await.status.as_u16(), 204);
        // Without waiting for the index.
        let found = anyone.get("/api/content/search?q=zeppelin").send().await;
        let found = found.ok();
        assert_eq!(found["hits"], json!([]));
        assert_eq!(found["total"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_content_is_a_problem_of_the_server_and_not_a_purged_file() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let file = read_file(&anyone, "minutes.md", NOTES).await;
    let id = file["file_id"].as_str().unwrap();
    let tenant = civitas_model::TenantId::trusted("default_tenant");
    let digest = file["file_hash"].as_str().unwrap();
    server.state.blobs.delete(&tenant, digest).await.unwrap();

    let content = format!("/api/content/files/{id}/content");
    let lost = anyone.get(content.as_str()).send().await;
    let lost = lost.problem(500, "internal");
    assert!(
        lost["detail"].as_str().unwrap().contains("backup"),
        "{lost}"
    );
    let execution = anyone
        .submit("parse_content", json!({ "file_id": id }))
        .await;
    let ended = anyone.ended(&execution).await;
    assert_eq!(ended["status"], "failed");
    assert_eq!(ended["error_code"], "internal", "{ended}");
    assert!(ended["error"].as_str().unwrap().contains("backup"));

    let path = format!("/api/content/files/{id}");
    assert_eq!(anyone.delete(path).send().await.status.as_u16(), 204);
    let purged = anyone.get(content.as_str()).send().await;
    purged.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_go_with_the_last_file_that_has_them() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    // The same content, once in the intent and once as an upload.
    let body = json!({ "ui_name": "one.txt", "file_content": "73616d65" });
    let file = anyone.run("ingest_file", body).await;
    let mut files = vec![file["file"]["semantic_payload"].clone()];
    files.push(anyone.upload("two.txt", b"same").await);
    let digest = files[0]["file_hash"].as_str().unwrap();
    let tenant = civitas_model::TenantId::trusted("default_tenant");
    for (file, left) in files.iter().zip([true, false]) {
        let path = format!("/api/content/files/{}", file["file_id"].as_str().unwrap());
        assert_eq!(anyone.delete(path).send().await.status.as_u16(), 204);
        let exists = server.state.blobs.exists(&tenant, digest).await.unwrap();
        assert_eq!(exists, left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_of_a_file_goes_with_it_and_stays_on_record() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let tenant = civitas_model::TenantId::trusted("default_tenant");
    // Two files with the same content are read alike, so what was read of them is one blob.
    let first = read_file(&anyone, "one.md", NOTES).await;
    let second = read_file(&anyone, "two.md", NOTES).await;
    let mut readings = Vec::new();
    for file in [&first, &second] {
        let body = json!({ "file_id": file["file_id"] });
        let read = anyone.run("get_parsed_file", body).await;
        let id = read["parsed_file"]["semantic_payload"]["parsed_file_id"].clone();
        readings.push(civitas_model::ArtifactId::trusted(id.as_str().unwrap()));
    }
    let find = async |reading| {
        let artifacts = server.state.store.artifacts();
        artifacts.find(&tenant, reading).await.unwrap().unwrap()
    };
    let places = find(&readings[0]).await.materializations;
    let digest = places[0].uri.strip_prefix("blob:sha256:").unwrap();
    for (number, (file, left)) in [&first, &second].into_iter().zip([true, false]).enumerate() {
        let path = format!("/api/content/files/{}", file["file_id"].as_str().unwrap());
        assert_eq!(anyone.delete(path).send().await.status.as_u16(), 204);
        let exists = server.state.blobs.exists(&tenant, digest).await.unwrap();
        assert_eq!(exists, left);
        let reading = find(&readings[number]).await;
        assert_eq!(reading.lifecycle_state.as_str(), "DELETED");
        assert!(reading.materializations.is_empty());
        assert_eq!(reading.parent_artifacts[0].as_str(), file["file_id"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_are_ranged_and_never_rendered_or_compressed() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let csv = "name,amount\n".to_owned() + &"row,1\n".repeat(1000);
    let file = anyone.upload("rows \"ä\".csv", csv.as_bytes()).await;
    let path = format!(
        "/api/content/files/{}/content",
        file["file_id"].as_str().unwrap()
    );
    let get = || anyone.get(path.as_str()).header("accept-encoding", "gzip");
    let whole = get().send().await;
    assert_eq!(whole.status.as_u16(), 200);
    assert_eq!(whole.header("content-encoding"), "");
    assert_eq!(whole.header("content-length"), csv.len().to_string());
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(whole.header("x-content-type-options"), "nosniff");
    assert_eq!(
        whole.header("content-security-policy"),
        "sandbox; default-src 'none'"
    );
    assert!(
        whole
            .header("content-disposition")
            .starts_with("attachment; ")
    );
    assert_eq!(whole.body, csv);
    let etag = whole.header("etag").to_owned();
    let part = get().header("range", "bytes=5-10").send().await;
    assert_eq!(part.status.as_u16(), 206);
    assert_eq!(part.body, csv[5..=10]);
    assert_eq!(
        part.header("content-range"),
        format!("bytes 5-10/{}", csv.len())
    );
    assert_eq!(part.header("content-length"), "6");
    let tail = get()
        .header("range", "bytes=-3")
        .header("if-range", &etag)
        .send()
        .await;
    assert_eq!(tail.body, csv[csv.len() - 3..]);
    let changed = get()
        .header("range", "bytes=0-1")
        .header("if-range", "\"other\"")
        .send()
        .await;
    assert_eq!(changed.status.as_u16(), 200);
    let beyond = get().header("range", "bytes=999999-").send().await;
    assert_eq!(
        beyond.header("content-range"),
        format!("bytes */{}", csv.len())
    );
    beyond.problem(416, "range_not_satisfiable");
    assert_eq!(
        get()
            .header("if-none-match", &etag)
            .send()
            .await
            .status
            .as_u16(),
        304
    );
    let head = anyone
        .request(axum::http::Method::HEAD, path.as_str())
        .send()
        .await;
    assert_eq!(head.header("content-length"), csv.len().to_string());
    assert!(head.body.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_answers_each_file_in_order() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let part = |(name, field): (&str, &str)| {
        format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\r\n{name}\r\n"
        )
    };
    let parts = [("a.txt", "file"), ("b.txt", "files"), ("c.txt", "files[]")];
    let mut form = parts.map(part).concat();
    form += "--edge--\r\n";
    let request = anyone
        .post("/api/content/files/")
        .header("content-type", "multipart/form-data; boundary=edge");
    let answer = request.body(form).send().await.ok();
    let files = answer["files"].as_array().unwrap();
    let names: Vec<_> = files
        .iter()
        .map(|file| file["ui_name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["a.txt", "b.txt", "c.txt"]);
    for file in files {
        assert_eq!(file["status"], "accepted");
        assert_eq!(file["file_hash"].as_str().unwrap().len(), 64);
        let ended = anyone.ended(file["execution_id"].as_str().unwrap()).await;
        assert_eq!(ended["status"], "completed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_narrows_counts_explains_and_pages() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let minutes = read_file(&anyone, "minutes.md", NOTES).await;
    read_file(&anyone, "zeppelin.csv", b"zeppelin,mast\none,1\ntwo,2\n").await;
    let tag = json!({ "file_id": minutes["file_id"], "metadata_updates": { "tags": ["Board"] } });
    anyone.run("update_file_metadata", tag).await;

    let all = search(&anyone, "q=zeppelin&facets=true&why=true&limit=1").await;
    assert_eq!(all["total"], 2, "{all}");
    assert_eq!(
        all["facets"]["tag"],
        json!([{ "value": "board", "count": 1 }])
    );
    assert_eq!(
        all["facets"]["source"],
        json!([{ "value": "upload", "count": 2 }])
    );
    assert_eq!(all["facets"]["type"].as_array().unwrap().len(), 2);
    let hit = &all["hits"][0];
    let weights = hit["why"].as_array().unwrap().iter();
    let sum: f64 = weights
        .map(|reason| reason["weight"].as_f64().unwrap())
        .sum();
    assert!((sum - hit["score"].as_f64().unwrap()).abs() < 1e-3, "{hit}");

    let id = minutes["file_id"].as_str().unwrap();
    for (query, found) in [
        ("q=zeppelin&tag=BOARD", 1),
        ("q=zeppelin%20tag%3Aboard", 1),
        ("q=zeppelin&tag=board,other", 0),
        ("q=zeppelin&after=2020&before=2999-12-31&source=upload", 2),
        ("q=zeppelin&before=2020", 0),
        ("q=zeppelin&source=edi", 0),
    ] {
        let found_now = search(&anyone, query).await;
        assert_eq!(found_now["total"], found, "{query}: {found_now}");
    }
    let board = search(&anyone, "q=tag%3Aboard").await;
    let url = board["hits"][0]["url"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("/api/content/files/{id}/content#")),
        "{url}"
    );

    let first = search(&anyone, "q=zeppelin&limit=1&cursor=").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    read_file(&anyone, "third.txt", b"zeppelin zeppelin zeppelin").await;
    let second = search(&anyone, &format!("q=zeppelin&limit=1&cursor={cursor}")).await;
    assert_ne!(
        first["hits"][0]["record_id"],
        second["hits"][0]["record_id"]
    );
    assert_ne!(second["hits"][0]["title"], "third.txt");
    assert!(second.get("next_cursor").is_none(), "{second}");

    let ask = json!({ "query": "zeppelin", "facets": true, "why": true, "filters": { "tags": ["board"] } });
    let found = anyone.run("search_files", ask).await;
    let results = &found["search_results"]["semantic_payload"];
    assert_eq!(results["count"], 1, "{results}");
    assert_eq!(results["facets"]["tag"][0]["value"], "board");
    assert!(results["files"][0]["places"][0]["why"][0]["weight"].is_number());
}

#[tokio::test(flavor = "multi_thread")]
async fn search_files_pages_by_cursor_while_files_come_and_go() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let mut ids = Vec::new();
    for number in 0..6 {
        let text = "zeppelin ".repeat(number + 1);
        let file = read_file(&anyone, &format!("{number}.txt"), text.as_bytes()).await;
        ids.push(file["file_id"].clone());
    }
    // The index follows what was read.
    while search(&anyone, "q=zeppelin").await["total"] != ids.len() {
        tokio::task::yield_now().await;
    }
    for (number, query) in ["zeppelin", "type:txt"].into_iter().enumerate() {
        let mut ask = json!({ "query": query, "search_type": "content", "limit": 2, "cursor": "" });
        let mut seen = Vec::new();
        for round in 0.. {
            let found = anyone.run("search_files", ask.clone()).await;
            let results = &found["search_results"]["semantic_payload"];
            let files = results["files"].as_array().unwrap().iter();
            seen.extend(files.map(|file| file["ui_name"].as_str().unwrap().to_owned()));
            let Some(next) = results["next_cursor"].as_str() else {
                assert_eq!(results["has_more"], false);
                break;
            };
            ask["cursor"] = next.into();
            // Better ones, newer ones, and one that was on the first page goes.
            let shown = seen.first().filter(|_| round == 0 && number == 0);
            if let Some(shown) = shown {
                let at: usize = shown[..1].parse().unwrap();
                let gone = json!({ "file_id": ids[at] });
                anyone.run("archive_file", gone).await;
            }
            let name = format!("new {number} {round}.txt");
            read_file(&anyone, &name, b"zeppelin zeppelin zeppelin").await;
        }
        let old = seen.iter().filter(|name| !name.starts_with("new")).count();
        let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "{seen:?}");
        assert_eq!(old, ids.len() - number, "{seen:?}");
    }
    let body = json!({ "intent_type": "search_files", "parameters": { "query": "zeppelin", "cursor": "nonsense" } });
    let refused = anyone.post("/api/intent/submit").json(&body).send().await;
    let problem = refused.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/parameters/cursor");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_says_which_parameter_is_wrong() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for query in [
        "",
        "q=x&sort=oldest",
        "q=x&limit=0",
        "q=x&limit=1000",
        "q=x&offset=1000000",
    ] {
        let refused = anyone
            .get(format!("/api/content/search?{query}"))
            .send()
            .await;
        refused.problem(422, "validation_failed");
    }
    for query in [
        "q=",
        "q=%22unclosed",
        "q=((((",
        "q=a:b:c*",
        "q=%ff%fe",
        "q=%00",
        "q=-x",
    ] {
        anyone
            .get(format!("/api/content/search?{query}"))
            .send()
            .await
            .ok();
    }
}
