//! Uploads in pieces, and a server that is killed between their last byte and the submission of their intent.
//!
//! The moment is hardly left to chance: once the test sees how far the upload is, it takes SQLite's write lock, looks again,
//! and kills the server while it cannot commit anything further. A stage that it was too late for is tried again.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;
use civitas_sql::{Database, Row, Statement};
use http_body_util::BodyExt;
use serde_json::Value;

use crate::client::Client;
use crate::server::Place;

const UPLOADS: &str = "/api/content/uploads";
const UPLOAD: Statement = Statement::new(
    "SELECT digest IS NOT NULL AS whole, completed_at IS NOT NULL AS stored, execution_id IS NOT NULL AS submitted, \
     (SELECT COUNT(*) FROM executions) AS executions FROM open_uploads WHERE upload_id = ?",
);
/// Rounds in which every stage must have been met.
const ROUNDS_MAX: usize = 60;

/// How far an upload was when the server was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Its last byte is durable.
    Whole,
    /// Its content has its name, and its room is that of an upload that waits.
    Stored,
    /// Its intent is accepted, which it does not know yet.
    Accepted,
    /// Everything is recorded.
    Submitted,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Whole, Self::Stored, Self::Accepted, Self::Submitted];
}

async fn tus(
    client: &mut Client,
    method: &str,
    path: &str,
    more: &[(&str, &str)],
    body: Bytes,
) -> (u16, BTreeMap<String, String>) {
    let mut headers = vec![("tus-resumable", "1.0.0")];
    headers.extend(more);
    let answer = client.exchange(method, path, &headers, body).await.unwrap();
    let told = answer.headers().iter().map(|(name, value)| {
        let value = value.to_str().unwrap_or_default();
        (name.to_string(), value.to_owned())
    });
    let (status, told) = (answer.status().as_u16(), told.collect());
    answer.into_body().collect().await.unwrap();
    (status, told)
}

fn piece(offset: &str) -> [(&str, &str); 2] {
    [
        ("content-type", "application/offset+octet-stream"),
        ("upload-offset", offset),
    ]
}

/// How far an upload is.
fn stage(rows: &[Row], executions_before: u64) -> Option<Stage> {
    let row = rows.first().unwrap();
    let is = |name| row.int(name).unwrap() == 1;
    if is("submitted") {
        Some(Stage::Submitted)
    } else if row.count("executions").unwrap() > executions_before {
        Some(Stage::Accepted)
    } else if is("stored") {
        Some(Stage::Stored)
    } else {
        is("whole").then_some(Stage::Whole)
    }
}

/// Begins an upload, sends all of it, and kills the server at the stage or soon after; answers where, and the upload.
async fn cut(place: &Place, name: &str, content: &[u8], wanted: Stage) -> (Stage, String) {
    let server = place.spawn().ready().await;
    let mut client = Client::connect(server.address()).await.unwrap();
    let length = content.len().to_string();
    let metadata = format!("filename {}", data_encoding::BASE64.encode(name.as_bytes()));
    let begin = [
        ("upload-length", length.as_str()),
        ("upload-metadata", &metadata),
    ];
    let (status, told) = tus(&mut client, "POST", UPLOADS, &begin, Bytes::new()).await;
    assert_eq!(status, 201);
    let location = told["location"].clone();
    let upload = location.rsplit('/').next().unwrap();
    let executions = executions(&mut client).await.len() as u64;
    let (seen, mut lock) = Database::open_sqlite(&place.database_file()).unwrap();
    let sending = {
        let (location, body) = (location.clone(), Bytes::copy_from_slice(content));
        let mut client = Client::connect(server.address()).await.unwrap();
        tokio::spawn(async move {
            let mut headers = vec![("tus-resumable", "1.0.0")];
            headers.extend(piece("0"));
            // Nobody knows what became of it: the server is killed.
            let _ = client.exchange("PATCH", &location, &headers, body).await;
        })
    };
    let key = || vec![upload.into()];
    while stage(&seen.query(&UPLOAD, key()).await.unwrap(), executions) < Some(wanted) {
        tokio::task::yield_now().await;
    }
    lock.begin().await.unwrap();
    let reached = stage(&lock.query(&UPLOAD, &key()).await.unwrap(), executions).unwrap();
    server.kill().await;
    lock.rollback().await.unwrap();
    sending.await.unwrap();
    (reached, location)
}

async fn executions(client: &mut Client) -> Vec<Value> {
    let page = client.get("/api/executions?limit=200").await;
    page["executions"].as_array().unwrap().clone()
}

/// Goes on with the upload as a client does, and answers the execution that takes it in.
async fn go_on(address: SocketAddr, location: &str, length: &str) -> String {
    let mut client = Client::connect(address).await.unwrap();
    let (status, told) = tus(&mut client, "HEAD", location, &[], Bytes::new()).await;
    assert_eq!((status, told["upload-offset"].as_str()), (200, length));
    let (status, told) = tus(&mut client, "PATCH", location, &piece(length), Bytes::new()).await;
    assert_eq!(status, 204);
    let execution = told["civitas-execution-id"].clone();
    let (_, again) = tus(&mut client, "HEAD", location, &[], Bytes::new()).await;
    assert_eq!(again["civitas-execution-id"], execution);
    let path = format!("/api/execution/{execution}/status?wait=30");
    let ended = client.get(&path).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    execution
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_outlives_a_kill_between_its_last_byte_and_its_submission() {
    let place = Place::sqlite();
    let mut met: BTreeMap<Stage, usize> = BTreeMap::new();
    let (mut taken_in, mut bytes) = (Vec::new(), 0);
    for round in 0..ROUNDS_MAX {
        let Some(wanted) = Stage::ALL
            .into_iter()
            .find(|stage| !met.contains_key(stage))
        else {
            break;
        };
        let content = format!("what round {round} says");
        let name = format!("round-{round}.txt");
        let (reached, location) = cut(&place, &name, content.as_bytes(), wanted).await;
        *met.entry(reached).or_default() += 1;
        let server = place.spawn().ready().await;
        let length = content.len().to_string();
        taken_in.push(go_on(server.address(), &location, &length).await);
        bytes += content.len() as u64;
        let mut client = Client::connect(server.address()).await.unwrap();
        let mut known: Vec<_> = executions(&mut client).await;
        known.retain(|known| known["intent_type"] == "ingest_file");
        assert_eq!(known.len(), taken_in.len(), "{reached:?}: one intent each");
        let usage = client.get("/api/content/usage").await;
        assert_eq!(
            usage["files_used"],
            taken_in.len(),
            "{reached:?}: one file each"
        );
        assert_eq!(
            usage["bytes_used"], bytes,
            "{reached:?}: its room counts once"
        );
        server.kill().await;
    }
    let all: Vec<_> = met.keys().copied().collect();
    assert_eq!(all, Stage::ALL, "every stage was met: {met:?}");
    let server = place.spawn().ready().await;
    let mut client = Client::connect(server.address()).await.unwrap();
    for (round, execution) in taken_in.iter().enumerate() {
        let ended = client
            .get(&format!("/api/execution/{execution}/status"))
            .await;
        let facts = &ended["artifacts"]["file"]["semantic_payload"];
        assert_eq!(facts["ui_name"], format!("round-{round}.txt"));
        let path = format!(
            "/api/content/files/{}/content",
            facts["file_id"].as_str().unwrap()
        );
        let answer = client
            .exchange("GET", &path, &[], Bytes::new())
            .await
            .unwrap();
        let content = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(content, format!("what round {round} says"));
    }
    server.kill().await;
}
