//! `/api/content/uploads` and quotas: what resumable uploads and checksums promise.

use axum::http::Method;
use civitas_storage::{Quota, Quotas};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Answer, Client, Request};
use crate::server::TestServer;

pub(crate) const UPLOADS: &str = "/api/content/uploads";

pub(crate) fn tus(request: Request) -> Request {
    request.header("tus-resumable", "1.0.0")
}

pub(crate) fn begin(client: &Client, name: &str, length: usize) -> Request {
    let metadata = format!("filename {},relativePath ", BASE64.encode(name.as_bytes()));
    tus(client.post(UPLOADS))
        .header("upload-length", &length.to_string())
        .header("upload-metadata", &metadata)
}

/// Begins an upload and answers where it is.
pub(crate) async fn begun(client: &Client, name: &str, length: usize) -> String {
    let answer = begin(client, name, length).send().await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    assert!(answer.header("upload-expires").ends_with("GMT"));
    answer.header("location").to_owned()
}

pub(crate) fn piece(client: &Client, place: &str, offset: usize, bytes: &[u8]) -> Request {
    tus(client.request(Method::PATCH, place))
        .header("content-type", "application/offset+octet-stream")
        .header("upload-offset", &offset.to_string())
        .body(bytes.to_vec())
}

pub(crate) async fn offset(client: &Client, place: &str) -> usize {
    let answer = tus(client.request(Method::HEAD, place)).send().await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.header("upload-offset").parse().unwrap()
}

/// The facts of the file that a whole upload became.
pub(crate) async fn taken_in(client: &Client, answer: &Answer) -> Value {
    assert_eq!(answer.status.as_u16(), 204, "{}", answer.text());
    let ended = client.ended(answer.header("civitas-execution-id")).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    let facts = ended["artifacts"]["file"]["semantic_payload"].clone();
    assert_eq!(answer.header("civitas-file-id"), facts["file_id"]);
    facts
}

pub(crate) async fn used(client: &Client) -> (u64, u64) {
    let usage = client.get("/api/content/usage").send().await.ok();
    let count = |name: &str| usage[name].as_u64().unwrap();
    (count("bytes_used"), count("files_used"))
}

pub(crate) fn limited(bytes: u64, files: u64) -> Quotas {
    Quotas {
        default: Quota { bytes, files },
        ..Quotas::unlimited()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_from_what_is_durable_to_a_file() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let text = b"The committee approved the zeppelin budget.";
    let place = begun(&anyone, "minutes.txt", text.len()).await;
    assert_eq!(offset(&anyone, &place).await, 0);
    let first = piece(&anyone, &place, 0, &text[..10]).send().await;
    assert_eq!(first.status.as_u16(), 204, "{}", first.text());
    assert_eq!(first.header("upload-offset"), "10");
    assert_eq!(offset(&anyone, &place).await, 10);
    for wrong in [0, 9, 11] {
        let refused = piece(&anyone, &place, wrong, b"x").send().await;
        assert_eq!(refused.problem(409, "conflict")["upload_offset"], 10);
    }
    let long = piece(&anyone, &place, 10, &[b'x'; 50]).send().await;
    long.problem(413, "payload_too_large");
    let last = piece(&anyone, &place, 10, &text[10..]).send().await;
    let file = taken_in(&anyone, &last).await;
    assert_eq!(file["ui_name"], "minutes.txt");
    assert_eq!(file["file_hash"], HEXLOWER.encode(&Sha256::digest(text)));
    // Who missed the answer learns the same, whether asking or sending the end again.
    let again = piece(&anyone, &place, text.len(), b"").send().await;
    let asked = tus(anyone.request(Method::HEAD, place.as_str()))
        .send()
        .await;
    for seen in [&again, &asked] {
        assert_eq!(seen.header("civitas-file-id"), file["file_id"]);
        assert_eq!(seen.header("upload-offset"), text.len().to_string());
    }
    let content = format!(
        "/api/content/files/{}/content",
        file["file_id"].as_str().unwrap()
    );
    let whole = anyone.get(content).send().await;
    assert_eq!(whole.body, text.as_slice());
    let digest = format!("sha-256=:{}:", BASE64.encode(&Sha256::digest(text)));
    assert_eq!(whole.header("repr-digest"), digest);
    assert_eq!(used(&anyone).await, (text.len() as u64, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_protocol_is_told_and_its_version_checked() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    let told = anyone.request(Method::OPTIONS, UPLOADS).send().await;
    assert!(told.status.is_success());
    assert_eq!(told.header("tus-version"), "1.0.0");
    assert_eq!(
        told.header("tus-extension"),
        "creation,expiration,termination,checksum"
    );
    assert_eq!(told.header("tus-checksum-algorithm"), "sha1,sha256");
    assert_eq!(told.header("tus-max-size"), (5_u64 << 30).to_string());
    let user = server.user("ada@x.example").await;
    let without = user.post(UPLOADS).header("upload-length", "1").send().await;
    without.problem(412, "precondition_failed");
    assert_eq!(without.header("tus-version"), "1.0.0");
    for (length, status, code) in [
        ("5368709121", 413, "payload_too_large"),
        ("x", 400, "bad_request"),
        ("-1", 400, "bad_request"),
    ] {
        let refused = tus(user.post(UPLOADS))
            .header("upload-length", length)
            .send()
            .await;
        refused.problem(status, code);
        assert_eq!(refused.header("tus-resumable"), "1.0.0");
    }
    let long = "x".repeat(300);
    begin(&user, &long, 1)
        .send()
        .await
        .problem(422, "validation_failed");
    let place = begun(&user, "a.txt", 5).await;
    // Clients that can only POST name what they mean.
    let head = tus(user.post(place.as_str())).header("x-http-method-override", "HEAD");
    assert_eq!(head.send().await.header("upload-offset"), "0");
    // Nothing is whole, too.
    let empty = begin(&user, "empty.txt", 0).send().await;
    assert_eq!(empty.status.as_u16(), 201, "{}", empty.text());
    let ended = user.ended(empty.header("civitas-execution-id")).await;
    assert_eq!(ended["status"], "completed", "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_its_owners_alone_and_can_be_cancelled() {
    let server = TestServer::credentials().await;
    let ada = server
        .member("ada@x.example", civitas_model::Role::User)
        .await;
    let eve = server
        .member("eve@x.example", civitas_model::Role::User)
        .await;
    let bob = server.user("bob@x.example").await;
    let place = begun(&ada, "a.txt", 10).await;
    for stranger in [&eve, &bob] {
        piece(stranger, &place, 0, b"12345")
            .send()
            .await
            .problem(404, "not_found");
        let cancel = tus(stranger.delete(place.as_str())).send().await;
        cancel.problem(404, "not_found");
        let head = tus(stranger.request(Method::HEAD, place.as_str()))
            .send()
            .await;
        assert_eq!(head.status.as_u16(), 404);
    }
    piece(&ada, &place, 0, b"12345").send().await;
    assert_eq!(used(&ada).await, (10, 1));
    let parts = server.data_dir().join("blobs/parts");
    assert_eq!(std::fs::read_dir(&parts).unwrap().count(), 1);
    let cancelled = tus(ada.delete(place.as_str())).send().await;
    assert_eq!(cancelled.status.as_u16(), 204);
    assert_eq!(std::fs::read_dir(&parts).unwrap().count(), 0);
    assert_eq!(used(&ada).await, (0, 0));
    piece(&ada, &place, 5, b"67890")
        .send()
        .await
        .problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_that_is_not_what_its_checksum_says_does_not_count() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let place = begun(&anyone, "a.txt", 10).await;
    piece(&anyone, &place, 0, b"12345").send().await;
    let sha = |bytes: &[u8]| BASE64.encode(&Sha256::digest(bytes));
    let checked =
        |name: &str, value: String| piece(&anyone, &place, 5, b"67890").header(name, &value);
    for wrong in [
        checked("upload-checksum", format!("sha256 {}", sha(b"other"))),
        checked("content-digest", format!("sha-256=:{}:", sha(b"other"))),
        checked(
            "upload-checksum",
            "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(),
        ),
    ] {
        wrong.send().await.problem(460, "checksum_mismatch");
        assert_eq!(offset(&anyone, &place).await, 5);
    }
    let unknown = checked("upload-checksum", "md5 AAAA".to_owned())
        .send()
        .await;
    unknown.problem(400, "bad_request");
    let right = checked("upload-checksum", format!("sha256 {}", sha(b"67890")));
    let file = taken_in(&anyone, &right.send().await).await;
    assert_eq!(
        file["file_hash"],
        HEXLOWER.encode(&Sha256::digest(b"1234567890"))
    );
    // The digest of the whole, stated at the beginning.
    let stated =
        begin(&anyone, "b.txt", 3).header("repr-digest", &format!("sha-256=:{}:", sha(b"abc")));
    let place = stated.send().await.header("location").to_owned();
    piece(&anyone, &place, 0, b"abd")
        .send()
        .await
        .problem(460, "checksum_mismatch");
    let gone = tus(anyone.request(Method::HEAD, place.as_str()))
        .send()
        .await;
    assert_eq!(gone.status.as_u16(), 404);
    assert_eq!(used(&anyone).await, (10, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_whose_file_is_not_what_was_stated_leaves_nothing() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let form = |digest: &str| {
        let part = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Digest: sha-256=:{digest}:\r\n\r\nwords\r\n--edge--\r\n"
        );
        anyone
            .post("/api/content/files")
            .header("content-type", "multipart/form-data; boundary=edge")
            .body(part)
    };
    let other = BASE64.encode(&Sha256::digest(b"other"));
    form(&other).send().await.problem(460, "checksum_mismatch");
    assert_eq!(used(&anyone).await, (0, 0));
    let right = form(&BASE64.encode(&Sha256::digest(b"words")))
        .send()
        .await
        .ok();
    anyone
        .ended(right["files"][0]["execution_id"].as_str().unwrap())
        .await;
    let whole = form(&other).header("content-digest", &format!("sha-256=:{other}:"));
    whole.send().await.problem(400, "bad_request");
    assert_eq!(used(&anyone).await, (5, 1));
}

/// Sends the head of a request and some of its body, and keeps the connection.
async fn half_sent(client: &Client, place: &str, announced: usize, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(client.address).await.unwrap();
    let head = format!(
        "PATCH {place} HTTP/1.1\r\nHost: {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {announced}\r\n\r\n",
        client.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn one_piece_arrives_at_a_time_and_what_arrived_before_a_break_counts() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let bytes: Vec<u8> = (0..5_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let place = begun(&anyone, "big.bin", bytes.len()).await;
    // Over the first checkpoint: what counts can be seen while the piece is on its way.
    let stream = half_sent(&anyone, &place, bytes.len(), &bytes[..18 << 20]).await;
    while offset(&anyone, &place).await == 0 {
        tokio::task::yield_now().await;
    }
    let other = piece(&anyone, &place, 16 << 20, b"x").send().await;
    other.problem(423, "upload_locked");
    tus(anyone.delete(place.as_str()))
        .send()
        .await
        .problem(423, "upload_locked");
    drop(stream);
    let rest = loop {
        let reached = offset(&anyone, &place).await;
        assert!(reached >= 16 << 20, "{reached}");
        let answer = piece(&anyone, &place, reached, &bytes[reached..])
            .send()
            .await;
        if answer.status.as_u16() == 204 {
            break answer;
        }
        assert!(
            [409, 423].contains(&answer.status.as_u16()),
            "{}",
            answer.text()
        );
    };
    let file = taken_in(&anyone, &rest).await;
    assert_eq!(file["file_hash"], HEXLOWER.encode(&Sha256::digest(&bytes)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_holds_against_many_at_once_and_says_what_to_do() {
    let server = TestServer::with(|config| config.quotas = limited(100, 1000)).await;
    let anyone = server.anonymous();
    let uploads = (0..30).map(|number| {
        let anyone = anyone.clone();
        tokio::spawn(async move {
            let name = format!("{number}.txt");
            if number % 2 == 0 {
                begin(&anyone, &name, 9).send().await.status.as_u16()
            } else {
                let form = anyone.post("/api/content/files");
                let bytes = format!("file{number:05}");
                form.file(&name, bytes.as_bytes())
                    .send()
                    .await
                    .status
                    .as_u16()
            }
        })
    });
    let mut answered = Vec::new();
    for upload in uploads.collect::<Vec<_>>() {
        answered.push(upload.await.unwrap());
    }
    let taken = answered
        .iter()
        .filter(|status| [200, 201].contains(*status))
        .count();
    assert_eq!(taken, 11, "{answered:?}");
    assert!(
        answered
            .iter()
            .all(|status| [200, 201, 413].contains(status)),
        "{answered:?}"
    );
    let refused = begin(&anyone, "more.txt", 5).send().await;
    let problem = refused.problem(413, "quota_exceeded");
    assert_eq!(problem["bytes_used"], 99);
    assert_eq!(problem["bytes_quota"], 100);
    assert!(
        problem["detail"].as_str().unwrap().contains("purge"),
        "{problem}"
    );
    // An intent that brings its bytes along is bounded, too, and says so.
    let body = json!({ "ui_name": "in.txt", "file_content": "aaaa".repeat(20) });
    let execution = anyone.submit("ingest_file", body).await;
    let ended = anyone.ended(&execution).await;
    assert_eq!(ended["error_code"], "quota_exceeded", "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_file_makes_room_and_equal_files_count_each() {
    let server = TestServer::with(|config| config.quotas = limited(10, 1000)).await;
    let anyone = server.anonymous();
    let first = anyone.upload("a.txt", b"12345").await;
    anyone.upload("b.txt", b"12345").await;
    assert_eq!(used(&anyone).await, (10, 2));
    let form = anyone.post("/api/content/files").file("c.txt", b"1");
    form.send().await.problem(413, "quota_exceeded");
    let path = format!("/api/content/files/{}", first["file_id"].as_str().unwrap());
    assert_eq!(anyone.delete(path).send().await.status.as_u16(), 204);
    assert_eq!(used(&anyone).await, (5, 1));
    anyone.upload("c.txt", b"1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_answered_before_its_body_is_read() {
    let server = TestServer::with(|config| config.quotas = limited(1000, 1000)).await;
    let anyone = server.anonymous();
    let place = begun(&anyone, "a.txt", 10).await;
    let heads = [
        (
            "POST /api/content/files".to_owned(),
            "multipart/form-data; boundary=edge",
            "413",
        ),
        (
            format!("PATCH {place}"),
            "application/offset+octet-stream",
            "413",
        ),
        (format!("PATCH {place}"), "text/plain", "415"),
    ];
    for (line, content_type, status) in heads {
        let mut stream = TcpStream::connect(anyone.address).await.unwrap();
        let head = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: {content_type}\r\nContent-Length: 1000000000\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
            anyone.address
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert_eq!(
            answer,
            format!("HTTP/1.1 {status}"),
            "no `100 Continue` for {line}"
        );
    }
    // What can be taken is asked for.
    let mut stream = TcpStream::connect(anyone.address).await.unwrap();
    let head = format!(
        "PATCH {place} HTTP/1.1\r\nHost: {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
        anyone.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(String::from_utf8(answer).unwrap(), "HTTP/1.1 100");
}
