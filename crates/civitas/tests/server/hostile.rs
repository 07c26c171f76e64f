//! Files that are made to hurt, through the real server and its real children: each ends with a reason, in bounded time
//! and memory, and nobody else notices.

mod samples;
mod watch;

use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::server::TestServer;
use samples::{Outcome, Sample};
use watch::{Watch, p99_while};

const MIB: u64 = 1 << 20;
/// What the server gives a child on top of what it holds at its start, and room for that.
const CHILD_BYTES_MAX: u64 = 1024 * MIB + 64 * MIB;
/// Longer than the child's own limit of CPU time.
const TIME_MAX: Duration = Duration::from_secs(90);

/// Whether the tests that take minutes run.
fn slow() -> bool {
    std::env::var_os("CIVITAS_SLOW_TESTS").is_some()
}

fn say(line: &str) {
    // What is measured is shown with `--no-capture`.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Has a file read; answers how its execution ended.
async fn read(client: &Client, file: &Value) -> Value {
    let parameters = json!({ "file_id": file["file_id"] });
    let execution = client.submit("parse_content", parameters).await;
    let began = Instant::now();
    loop {
        let ended = client.ended(&execution).await;
        if ["completed", "failed"].contains(&ended["status"].as_str().unwrap()) {
            return ended;
        }
        assert!(began.elapsed() < 2 * TIME_MAX, "{ended}");
    }
}

fn check(name: &str, outcome: Outcome, ended: &Value) {
    let error = ended["error"].as_str().unwrap_or_default();
    let warnings = &ended["artifacts"]["parsed_content"]["semantic_payload"]["warnings_count"];
    let (failed, completed) = (ended["status"] == "failed", ended["status"] == "completed");
    let fits = match outcome {
        Outcome::Fails(reason) => failed && error.contains(reason),
        Outcome::Warns => completed && warnings.as_u64().is_some_and(|count| count > 0),
        Outcome::FailsOrReads => completed || (failed && !error.is_empty()),
    };
    assert!(fits, "{name}: expected {outcome:?}, got {ended}");
    assert!(!error.contains("report it together"), "{name}: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_to_hurt_fails_with_a_reason_and_nobody_else_notices() {
    let samples = samples::all();
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let calm = anyone.upload("calm.txt", b"some words").await;
    let calm = anyone
        .submit("parse_content", json!({ "file_id": calm["file_id"] }))
        .await;
    anyone.ended(&calm).await;
    let quiet = tokio::time::sleep(Duration::from_secs(2));
    let ((), quiet, _) = p99_while(&anyone, &calm, quiet).await;
    let watch = Watch::start();
    let hurting = async {
        for sample in &samples {
            let Sample { name, bytes, .. } = sample;
            let file = anyone.upload(name, bytes).await;
            let began = Instant::now();
            let ended = read(&anyone, &file).await;
            let took = began.elapsed();
            say(&format!(
                "{name}: {} bytes, {took:.1?}, {} {}",
                bytes.len(),
                ended["status"],
                ended["error"]
            ));
            check(name, sample.outcome, &ended);
            assert!(took < TIME_MAX, "{name}: {took:?}");
        }
    };
    let ((), p99, probes) = p99_while(&anyone, &calm, hurting).await;
    let peaks = watch.end();
    say(&format!(
        "p99 of {probes} requests {p99:.1?} (quiet {quiet:.1?}); {peaks:?}"
    ));
    assert!(peaks.child < CHILD_BYTES_MAX, "{peaks:?}");
    assert!(peaks.server_growth < 256 * MIB, "{peaks:?}");
    if slow() {
        assert!(p99 < Duration::from_millis(50).max(quiet * 20), "{p99:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_no_bytes_is_refused_with_a_reason() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let request = anyone.post("/api/content/files").file("empty.csv", b"");
    let answer = request.send().await;
    if answer.status.is_client_error() {
        return assert!(answer.text().contains("empty"), "{}", answer.text());
    }
    let execution = answer.ok()["files"][0]["execution_id"].clone();
    let ended = anyone.ended(execution.as_str().unwrap()).await;
    let file = &ended["artifacts"]["file"]["semantic_payload"];
    let ended = read(&anyone, file).await;
    check("empty.csv", Outcome::Fails("empty"), &ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_data_and_never_a_path() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for name in [
        "../../../../tmp/evil.txt",
        "/etc/passwd",
        "..\\\\..\\\\evil.txt",
        "a\u{202e}txt.exe",
        "tab\there.txt",
        "nul\u{1}in.txt",
    ] {
        let request = anyone.post("/api/content/files").file(name, b"some words");
        let answer = request.send().await;
        if answer.status.is_client_error() {
            continue;
        }
        let execution = answer.ok()["files"][0]["execution_id"].clone();
        let ended = anyone.ended(execution.as_str().unwrap()).await;
        let file = &ended["artifacts"]["file"]["semantic_payload"];
        let shown = file["ui_name"].as_str().unwrap_or_default();
        assert!(!shown.chars().any(char::is_control), "{name:?}: {shown:?}");
        if ended["status"] == "completed" {
            assert_eq!(read(&anyone, file).await["status"], "completed", "{name:?}");
        }
    }
    assert!(!std::path::Path::new("/tmp/evil.txt").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_readings_of_one_file_at_once_leave_one_that_is_ready() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let text = "The zeppelin is moored, and the crew is ashore.\n\n".repeat(2000);
    let file = anyone.upload("notes.txt", text.as_bytes()).await;
    let mut executions = Vec::new();
    for _ in 0..6 {
        let parameters = json!({ "file_id": file["file_id"] });
        executions.push(anyone.submit("parse_content", parameters).await);
    }
    for execution in &executions {
        assert_eq!(anyone.ended(execution).await["status"], "completed");
    }
    let tenant = civitas_model::TenantId::trusted("default_tenant");
    let filter = civitas_storage::artifact::ArtifactFilter {
        types: vec!["parsed_content".to_owned()],
        ..Default::default()
    };
    let artifacts = server.state.store.artifacts();
    let readings = artifacts.list(&tenant, &filter, 100, 0).await.unwrap();
    let ready = readings
        .iter()
        .filter(|reading| reading.lifecycle_state == civitas_model::artifact::Lifecycle::Ready);
    assert_eq!((readings.len(), ready.count()), (6, 1));
}

/// Uploads a file that is made while it is sent; answers its facts.
async fn upload_made(client: &Client, name: &str, piece: &[u8], pieces: u64) -> Value {
    let head = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let tail = "\r\n--edge--\r\n";
    let length = head.len() as u64 + piece.len() as u64 * pieces + tail.len() as u64;
    let mut stream = TcpStream::connect(client.address).await.unwrap();
    let request = format!(
        "POST /api/content/files HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
         Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: {length}\r\n\r\n{head}",
        client.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    for _ in 0..pieces {
        stream.write_all(piece).await.unwrap();
    }
    stream.write_all(tail.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let start = body.find('{').expect("an answer");
    let end = body.rfind('}').expect("an answer");
    let answer: Value = serde_json::from_str(&body[start..=end]).unwrap();
    let execution = answer["files"][0]["execution_id"].as_str().unwrap();
    let ended = client.ended(execution).await;
    ended["artifacts"]["file"]["semantic_payload"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gigabytes_of_zeros_are_refused_without_being_read() {
    if !slow() {
        return;
    }
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let watch = Watch::start();
    let file = upload_made(&anyone, "zeros.csv", &vec![0; 1 << 20], 2048).await;
    let began = Instant::now();
    let ended = read(&anyone, &file).await;
    let peaks = watch.end();
    say(&format!(
        "2 GB of zeros: {:.1?}, {peaks:?}",
        began.elapsed()
    ));
    check("zeros.csv", Outcome::Fails("cannot be parsed"), &ended);
    assert!(peaks.server_growth < 64 * MIB, "{peaks:?}");
    assert!(peaks.child < 64 * MIB, "{peaks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gigabyte_of_rows_is_read_in_flat_memory() {
    if !slow() {
        return;
    }
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let note = "a note of some length, as people write them into tables ".repeat(4);
    let row = format!("17,Steel bolt,4.50,2026-03-01,{note}\n");
    let piece = row.repeat((1 << 20) / row.len());
    let pieces = (1 << 30) / piece.len() as u64;
    let rows = pieces * (piece.len() / row.len()) as u64;
    let watch = Watch::start();
    let file = upload_made(&anyone, "rows.csv", piece.as_bytes(), pieces).await;
    let began = Instant::now();
    let ended = read(&anyone, &file).await;
    let peaks = watch.end();
    say(&format!("1 GB of rows: {:.1?}, {peaks:?}", began.elapsed()));
    let parsed = &ended["artifacts"]["parsed_content"]["semantic_payload"];
    assert_eq!(parsed["record_count"], rows, "{ended}");
    assert!(peaks.server_growth < 64 * MIB, "{peaks:?}");
    assert!(peaks.child < 128 * MIB, "{peaks:?}");
}
