//! What nobody should send, and some do: a clear problem, or a failed execution with a reason. Never 500, never a hang.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::server::TestServer;

const SUBMIT: &str = "/api/intent/submit";

fn post(client: &Client, path: &str, body: impl Into<bytes::Bytes>) -> crate::client::Request {
    client
        .post(path)
        .header("content-type", "application/json")
        .body(body)
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_not_json_are_400() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let deep = format!(
        "{{\"parameters\":{{\"a\":{}{}}}}}",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    for body in [
        &b"{"[..],
        b"",
        br#"{"intent_type":"x"} {}"#,
        b"\xff\xfe",
        b"{\"a\":NaN}",
        b"nul",
        deep.as_bytes(),
    ] {
        let refused = post(&anyone, SUBMIT, body.to_vec()).send().await;
        refused.problem(400, "malformed_body");
    }
    let untyped = anyone.post(SUBMIT).body("{}").send().await;
    untyped.problem(415, "unsupported_media_type");
    let typed = anyone
        .post(SUBMIT)
        .header("content-type", "text/plain")
        .body("{}")
        .send()
        .await;
    typed.problem(415, "unsupported_media_type");
    for body in [
        "[]",
        "7",
        "null",
        "{\"intent_type\":null}",
        "{\"intent_type\":{}}",
    ] {
        post(&anyone, SUBMIT, body)
            .send()
            .await
            .problem(422, "validation_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_its_limit_is_refused_before_it_is_read() {
    let server = TestServer::with(|config| {
        config.limits.body_bytes = 1000;
        config.limits.submission_bytes = 2000;
        config.limits.upload_bytes = 3000;
    })
    .await;
    let anyone = server.anonymous();
    for (path, bytes) in [("/api/artifact/list", 1000), (SUBMIT, 2000)] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: 1000000000000\r\n\r\n"
        );
        let answer = anyone.raw(head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        assert!(
            answer.contains(&bytes.to_string()),
            "the limit is named: {answer}"
        );
        // One that does not say how long it is.
        let chunk = format!("{:x}\r\n{}\r\n", 5000, " ".repeat(5000));
        let head = head.replace(
            "Content-Length: 1000000000000",
            "Transfer-Encoding: chunked",
        );
        let answer = anyone
            .raw(format!("{head}{chunk}0\r\n\r\n").as_bytes())
            .await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
    let upload = anyone
        .post("/api/content/files")
        .file("big.bin", &[7; 4000])
        .send()
        .await;
    upload.problem(413, "payload_too_large");
    let head = b"POST /api/content/files HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
        Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000000000\r\n\r\n";
    let answer = anyone.raw(head).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(
        anyone.get("/api/executions").send().await.ok()["executions"],
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_are_none_are_not_found() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let long = "x".repeat(5000);
    for id in [
        "unknown",
        "..%2F..%2Fetc%2Fpasswd",
        "%00",
        "%0a",
        "%20",
        "%ff",
        "'%3B--",
        &long,
    ] {
        for path in [
            "/api/execution/{}/status",
            "/api/session/{}",
            "/api/artifacts/{}",
            "/api/content/files/{}/content",
        ] {
            let answer = anyone.get(path.replace("{}", id)).send().await;
            let status = answer.status.as_u16();
            assert!(
                status == 404 || (status == 400 && id == "%ff"),
                "{path} {id}: {status}"
            );
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    }
    for path in [
        "/api/auth/tokens/%00",
        "/api/auth/members/%00",
        "/api/content/files/%00",
    ] {
        let status = anyone.delete(path).send().await.status.as_u16();
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_out_of_range_break_nothing() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let execution = anyone.submit("count", json!({ "events": 1 })).await;
    anyone.ended(&execution).await;
    for query in ["after=18446744073709551615", "after=9223372036854775808"] {
        anyone
            .get(format!("/api/execution/{execution}?{query}"))
            .send()
            .await
            .ok();
    }
    let body = json!({ "limit": 500, "offset": 4_294_967_295_u32 });
    anyone
        .post("/api/artifact/list")
        .json(&body)
        .send()
        .await
        .ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_data_and_never_paths() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for name in [
        "../../etc/passwd",
        "a\u{0}b\u{7}.txt",
        "\u{202e}fdp.exe",
        &"x".repeat(255),
        "C:\\boot.ini",
    ] {
        let body = json!({ "ui_name": name, "file_content": "61" });
        let execution = anyone.submit("ingest_file", body).await;
        let ended = anyone.ended(&execution).await;
        if ended["status"] == "failed" {
            assert!(ended["error"].is_string(), "{name:?}: {ended}");
            continue;
        }
        let file = &ended["artifacts"]["file"]["semantic_payload"];
        let kept = file["ui_name"].as_str().unwrap();
        assert!(!kept.chars().any(char::is_control), "{kept:?}");
        let path = format!(
            "/api/content/files/{}/content",
            file["file_id"].as_str().unwrap()
        );
        let answer = anyone.get(path).send().await;
        assert_eq!(answer.body, "a");
        assert!(!answer.header("content-disposition").contains('/'));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_document_fails_its_execution_with_the_reason() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/supplier-contract.pdf");
    let pdf = std::fs::read(demo).unwrap();
    for bytes in [
        &pdf[..pdf.len() / 3],
        b"%PDF-1.7\n%%EOF",
        b"PK\x03\x04truncated",
    ] {
        let file = anyone.upload("contract.pdf", bytes).await;
        let parse = json!({ "file_id": file["file_id"] });
        let ended = anyone
            .ended(&anyone.submit("parse_content", parse).await)
            .await;
        if ended["status"] == "failed" {
            assert!(!ended["error"].as_str().unwrap().is_empty());
            assert!(!ended["error_code"].as_str().unwrap().is_empty());
        } else {
            // A reader that recovers some of it says that it did not read all.
            let read = &ended["artifacts"]["parsed_content"]["semantic_payload"];
            assert!(read["warnings_count"].as_u64() > Some(0), "{read}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_content_decides_what_a_file_is() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let file = anyone
        .upload("picture.png", b"plain words, no picture")
        .await;
    assert_ne!(file["file_type"], "png");
    let body = json!({ "ui_name": "a.pdf", "file_content": "776f726473", "file_type": "pdf", "mime_type": "application/pdf" });
    let file = anyone.run("ingest_file", body).await;
    let file = &file["file"]["semantic_payload"];
    assert_ne!(file["file_type"], "pdf");
    assert!(file["type_contradiction"].is_string());
    // A page is saved, never rendered, whatever it says it is.
    let page = anyone
        .upload("page.html", b"<!doctype html><script>alert(1)</script>")
        .await;
    let path = format!(
        "/api/content/files/{}/content",
        page["file_id"].as_str().unwrap()
    );
    let answer = anyone.get(path).send().await;
    assert!(
        answer
            .header("content-disposition")
            .starts_with("attachment")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_are_none_are_refused() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let upload = |content_type: &str, body: &'static str| {
        anyone
            .post("/api/content/files")
            .header("content-type", content_type)
            .body(body)
            .send()
    };
    upload("application/json", "{}")
        .await
        .problem(415, "unsupported_media_type");
    upload("multipart/form-data", "x")
        .await
        .problem(415, "unsupported_media_type");
    let form = "multipart/form-data; boundary=edge";
    upload(form, "no form at all")
        .await
        .problem(400, "bad_request");
    upload(form, "--edge--\r\n")
        .await
        .problem(422, "validation_failed");
    let cut = "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf";
    upload(form, cut).await.problem(400, "bad_request");
    let other = "--edge\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--edge--\r\n";
    upload(form, other).await.problem(422, "validation_failed");
    let session = "--edge\r\nContent-Disposition: form-data; name=\"session_id\"\r\n\r\n\u{1}\r\n--edge--\r\n";
    upload(form, session)
        .await
        .problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let head = "POST /api/content/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=edge\r\n\
        Content-Length: 100000\r\n\r\n--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf";
    let answer = anyone.raw_half(head.as_bytes()).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    assert_eq!(
        anyone.get("/api/executions").send().await.ok()["executions"],
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_of_a_megabyte_are_refused() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let long = "x".repeat(1 << 20);
    for head in [
        format!(
            "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Long: {long}\r\n\r\n"
        ),
        format!(
            "GET /api/content/search?q={long} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        ),
        "garbage\r\n\r\n".to_owned(),
    ] {
        let answer = anyone.raw(head.as_bytes()).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{}",
            &answer[..60]
        );
    }
    anyone.get("/health").send().await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_keep_nobody_waiting() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let mut slow = Vec::new();
    for number in 0..200 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let part: &[u8] = if number % 2 == 0 {
            b"GET /health HTTP/1.1\r\nHost: local"
        } else {
            b"POST /api/intent/submit HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
              Content-Length: 100\r\n\r\n{"
        };
        stream.write_all(part).await.unwrap();
        slow.push(stream);
    }
    let answered = tokio::time::timeout(Duration::from_secs(10), anyone.get("/health").send());
    answered.await.expect("others are answered").ok();
    // One that comes to its end after all is answered, too.
    let mut first = slow.swap_remove(0);
    first
        .write_all(b"host\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    first.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn control_characters_in_fields_are_refused_or_kept_as_data() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let bodies = [
        json!({ "intent_type": "count\u{0}", "parameters": { "events": 1 } }),
        json!({ "intent_type": "count", "session_id": "a\u{0}b", "parameters": { "events": 1 } }),
        json!({ "intent_type": "count", "intent_id": "", "parameters": { "events": 1 } }),
        json!({ "intent_type": "count", "solution_id": "x".repeat(300), "parameters": { "events": 1 } }),
        json!({ "intent_type": "count", "idempotency_key": "x".repeat(10_000), "parameters": { "events": 1 } }),
    ];
    for body in bodies {
        let answer = anyone.post(SUBMIT).json(&body).send().await;
        assert_eq!(answer.status.as_u16(), 422, "{body} {}", answer.text());
    }
    let kept = json!({ "intent_type": "count", "metadata": { "a\u{0}": "\u{0}" }, "parameters": { "events": 1 } });
    let accepted = anyone.post(SUBMIT).json(&kept).send().await.ok();
    anyone
        .ended(accepted["execution_id"].as_str().unwrap())
        .await;
    let put = anyone
        .request(Method::PUT, "/api/auth/members/x")
        .json(&json!({ "role": "\u{0}" }));
    put.send().await.problem(422, "validation_failed");
}
