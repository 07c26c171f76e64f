//! A small HTTP client that shows everything there is to see of an answer.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Someone who asks.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) token: Option<String>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self { address, token }
    }

    /// Whoever this answer to a sign-in is for.
    pub(crate) fn signed_in(address: SocketAddr, answer: &Value) -> Self {
        let token = answer["access_token"].as_str().unwrap().to_owned();
        Self::new(address, Some(token))
    }

    pub(crate) fn request(&self, method: Method, path: impl Into<String>) -> Request {
        let authorization = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let headers = authorization.map(|value| ("authorization".to_owned(), value));
        Request {
            address: self.address,
            method,
            path: path.into(),
            headers: headers.into_iter().collect(),
            body: Bytes::new(),
        }
    }

    pub(crate) fn get(&self, path: impl Into<String>) -> Request {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: impl Into<String>) -> Request {
        self.request(Method::POST, path)
    }

    pub(crate) fn delete(&self, path: impl Into<String>) -> Request {
        self.request(Method::DELETE, path)
    }

    /// Submits an intent and answers its execution's id.
    pub(crate) async fn submit(&self, intent_type: &str, parameters: Value) -> String {
        let body = json!({ "intent_type": intent_type, "parameters": parameters });
        let accepted = self
            .post("/api/intent/submit")
            .json(&body)
            .send()
            .await
            .ok();
        accepted["execution_id"].as_str().unwrap().to_owned()
    }

    /// The execution's status once it has ended.
    pub(crate) async fn ended(&self, execution: &str) -> Value {
        let path = format!("/api/execution/{execution}/status?wait=30&include_events=true");
        self.get(path).send().await.ok()
    }

    /// Submits an intent, waits for its end, and answers its artifacts.
    pub(crate) async fn run(&self, intent_type: &str, parameters: Value) -> Value {
        let execution = self.submit(intent_type, parameters).await;
        let ended = self.ended(&execution).await;
        assert_eq!(ended["status"], "completed", "{ended}");
        ended["artifacts"].clone()
    }

    /// Uploads a file and answers the facts of its `ingest_file`.
    pub(crate) async fn upload(&self, name: &str, bytes: &[u8]) -> Value {
        let answer = self
            .post("/api/content/files")
            .file(name, bytes)
            .send()
            .await;
        let execution = answer.ok()["files"][0]["execution_id"].clone();
        let ended = self.ended(execution.as_str().unwrap()).await;
        assert_eq!(ended["status"], "completed", "{ended}");
        ended["artifacts"]["file"]["semantic_payload"].clone()
    }

    /// Opens a WebSocket, or answers the status it was refused with.
    pub(crate) async fn socket(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<WebSocketStream<TcpStream>, StatusCode> {
        let mut request = format!("ws://{}{path}", self.address)
            .into_client_request()
            .unwrap();
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
        }
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(self.address).await.unwrap();
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("the handshake broke: {error}"),
        }
    }

    /// Sends bytes as they are, and answers everything that comes back until the server closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // A server that has answered already may not read the rest.
        let _ = stream.write_all(bytes).await;
        Self::rest(stream).await
    }

    /// The same, and says that no more bytes come.
    pub(crate) async fn raw_half(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        Self::rest(stream).await
    }

    async fn rest(mut stream: TcpStream) -> String {
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(PATIENCE, reading)
            .await
            .expect("an end");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// What is asked.
pub(crate) struct Request {
    address: SocketAddr,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Request {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string().into_bytes())
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// A form with one file.
    pub(crate) fn file(self, name: &str, bytes: &[u8]) -> Self {
        let mut form = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        form.extend_from_slice(bytes);
        form.extend_from_slice(b"\r\n--edge--\r\n");
        self.header("content-type", "multipart/form-data; boundary=edge")
            .body(form)
    }

    /// Sends it, and reads the answer's head; the body comes as it comes.
    pub(crate) async fn open(self) -> axum::http::Response<Body> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let mut request = axum::http::Request::builder()
            .method(self.method)
            .uri(&self.path);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            request = request.header("host", self.address.to_string());
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(self.body)).unwrap();
        let answered = sender.send_request(request);
        let response = tokio::time::timeout(PATIENCE, answered).await;
        response.expect("an answer").unwrap().map(Body::new)
    }

    pub(crate) async fn send(self) -> Answer {
        let path = self.path.split('?').next().unwrap_or_default().to_owned();
        let (head, body) = self.open().await.into_parts();
        let reading = axum::body::to_bytes(body, usize::MAX);
        let body = tokio::time::timeout(PATIENCE, reading).await;
        Answer {
            path,
            status: head.status,
            headers: head.headers,
            body: body.expect("a body").unwrap(),
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    path: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The body of an answer that must be 200.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(
            self.status,
            StatusCode::OK,
            "{}: {}",
            self.path,
            self.text()
        );
        self.json()
    }

    /// The document of an answer that must be this problem, with everything every problem has.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let seen = format!("{} {}: {}", self.path, self.status, self.text());
        assert_eq!(self.status.as_u16(), status, "{seen}");
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{seen}"
        );
        assert!(!self.header("x-request-id").is_empty(), "{seen}");
        let document = self.json();
        assert_eq!(document["code"], code, "{seen}");
        assert_eq!(document["error"], code, "{seen}");
        assert_eq!(
            document["type"],
            format!("urn:civitas:error:{code}"),
            "{seen}"
        );
        assert_eq!(document["status"], status, "{seen}");
        assert_eq!(document["message"], document["detail"], "{seen}");
        assert!(document["title"].is_string(), "{seen}");
        assert_eq!(
            document["instance"],
            self.path.trim_end_matches('/'),
            "{seen}"
        );
        document
    }
}
