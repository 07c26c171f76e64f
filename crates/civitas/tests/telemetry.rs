//! Traces reach an OpenTelemetry collector.

#![expect(clippy::unwrap_used, reason = "what cannot go on fails the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

/// Reads one HTTP request, answers 200, and gives its head and body.
fn accept(mut stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .ok()?;
    Some((head, body))
}

/// A collector that passes on what it is sent.
fn collector() -> (SocketAddr, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, received) = sync_channel(64);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                while let Some(request) = accept(&stream) {
                    if sender.send(request).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, received)
}

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn get(address: &str, path: &str, headers: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{headers}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn spans_of_requests_are_exported_when_a_collector_is_named() {
    let (collector, received) = collector();
    let data = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_civitas"))
        .args(["dev", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data.path())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}"))
        .env("OTEL_BSP_SCHEDULE_DELAY", "100")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let stdout = child.stdout.take().unwrap();
    let _server = Server(child);
    BufReader::new(stdout).read_line(&mut said).unwrap();
    let address = said.trim().strip_prefix("listening on http://").unwrap();
    get(address, "/health", "");
    let (head, body) = received.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(head.starts_with("POST /v1/traces"), "{head}");
    let text = String::from_utf8_lossy(&body);
    for part in ["civitas", "request", "/health"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

/// A trace and a span of a client's, as bytes.
const TRACE: [u8; 16] = [
    0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36,
];
const PARENT: [u8; 8] = [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7];

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[test]
fn a_request_continues_the_trace_of_its_client_and_its_logs_name_it() {
    let (collector, received) = collector();
    let data = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_civitas"))
        .args(["dev", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data.path())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}"))
        .env("OTEL_BSP_SCHEDULE_DELAY", "100")
        .env("CIVITAS_LOG", "civitas_api=debug")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let stdout = child.stdout.take().unwrap();
    let stderr = child.stderr.take().unwrap();
    let _server = Server(child);
    BufReader::new(stdout).read_line(&mut said).unwrap();
    let address = said.trim().strip_prefix("listening on http://").unwrap();
    let traceparent = format!("traceparent: 00-{}-{}-01\r\n", hex(&TRACE), hex(&PARENT));
    get(address, "/api/realms", &traceparent);
    let contains = |body: &[u8], part: &[u8]| body.windows(part.len()).any(|seen| seen == part);
    loop {
        let (_, body) = received.recv_timeout(Duration::from_secs(20)).unwrap();
        if contains(&body, b"/api/realms") {
            assert!(contains(&body, &TRACE), "the span is of the trace");
            assert!(contains(&body, &PARENT), "below the client's span");
            break;
        }
    }
    let mut logs = BufReader::new(stderr).lines();
    let logged = logs.find_map(|line| {
        let line = line.unwrap();
        (line.contains("/api/realms") && line.contains("answered")).then_some(line)
    });
    let logged = logged.unwrap();
    assert!(
        logged.contains(&format!("\"trace_id\":\"{}\"", hex(&TRACE))),
        "{logged}"
    );
}
