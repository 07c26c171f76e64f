//! A client of the API: what the commands ask a server, and how its problem documents become failures.

mod credential;
pub(crate) mod kept;
mod resumable;
mod watching;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;

use crate::cli::failure::{Failure, document};
use credential::Credential;

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// A server may be silent this long: a stream brings a ping each 30 seconds, a status waits for up to 60.
const READ_PATIENCE: Duration = Duration::from_secs(90);
/// How long one request for a status waits on the server.
const WAIT_SECONDS: u64 = 55;
/// The pieces of an upload.
const PIECE_BYTES: usize = 256 * 1024;
/// The longest line of a stream that is read.
const LINE_BYTES_MAX: usize = 64 << 20;
/// How often a broken stream is picked up again without any news, and how long to wait before.
const RECONNECTS_MAX: u32 = 20;
const RECONNECT_DELAY: Duration = Duration::from_millis(500);

/// Statuses after which nothing happens by itself.
const FINAL: [&str; 3] = ["completed", "failed", "cancelled"];

/// A connection to one server, as one caller. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    server: Url,
    credential: Credential,
}

/// The bytes of an upload.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A file.
    Path(PathBuf),
    /// Bytes that are part of this program.
    Bundled(&'static [u8]),
}

impl Client {
    /// A client of the server at this address, such as `http://127.0.0.1:8000`.
    pub(crate) fn new(server: &str, token: Option<String>) -> Result<Self, Failure> {
        let credential = Credential::of(token);
        Self::built(
            server,
            credential,
            READ_PATIENCE,
            redirect::Policy::default(),
        )
    }

    /// The same, as the person who signed in there with `civitas login`, if somebody did.
    pub(crate) fn signed_in(server: &str) -> Result<Self, Failure> {
        let client = Self::new(server, None)?;
        let credential = Credential::kept(client.server())?;
        Ok(Self {
            credential,
            ..client
        })
    }

    /// Whether it asks as a person who signed in.
    pub(crate) const fn is_signed_in(&self) -> bool {
        matches!(self.credential, Credential::Person(_))
    }

    /// The same, for a server that may be silent for so long, and that answers itself: it sends to no other.
    pub(crate) fn patient(
        server: &str,
        token: Option<String>,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let credential = Credential::of(token);
        Self::built(server, credential, patience, redirect::Policy::none())
    }

    fn built(
        server: &str,
        credential: Credential,
        patience: Duration,
        redirects: redirect::Policy,
    ) -> Result<Self, Failure> {
        let parsed = Url::parse(server).ok();
        let Some(url) = parsed.filter(|url| ["http", "https"].contains(&url.scheme())) else {
            let message =
                format!("`{server}` is no server's address: write it like http://127.0.0.1:8000");
            return Err(Failure::Usage(message));
        };
        let mut builder = reqwest::Client::builder()
            .redirect(redirects)
            .connect_timeout(CONNECT_PATIENCE)
            .read_timeout(patience);
        let host = url.host_str().unwrap_or_default();
        if ["127.0.0.1", "localhost", "[::1]"].contains(&host) {
            builder = builder.no_proxy();
        }
        if url.scheme() == "http" {
            // Without TLS no certificates are needed, and a bare machine may have none.
            builder = builder.tls_certs_only([]);
        }
        let http = builder
            .build()
            .map_err(|error| Failure::failed(format!("cannot speak HTTP: {error}")))?;
        Ok(Self {
            http,
            server: url,
            credential,
        })
    }

    /// The server's address, without a slash at its end.
    pub(crate) fn server(&self) -> &str {
        self.server.as_str().trim_end_matches('/')
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.server.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        self.http.request(method, url)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = self.dispatch(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let is_unknown = response.status() == StatusCode::UNAUTHORIZED;
        let failure = refused(response).await;
        Err(if is_unknown {
            failure.with_advice(self.advice())
        } else {
            failure
        })
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let response = self.send(request).await?;
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.broken(&error))?;
        self.parsed(&bytes)
    }

    fn parsed(&self, bytes: &[u8]) -> Result<Value, Failure> {
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(bytes).map_err(|_| {
            let server = self.server();
            Failure::failed(format!(
                "{server} does not answer like a Civitas server: check --server"
            ))
        })
    }

    fn broken(&self, error: &reqwest::Error) -> Failure {
        let mut reason: &dyn std::error::Error = error;
        while let Some(source) = reason.source() {
            reason = source;
        }
        Failure::Unreachable {
            server: self.server().to_owned(),
            reason: reason.to_string(),
        }
    }

    /// Reads something.
    pub(crate) async fn get(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<Value, Failure> {
        self.answer(self.request(Method::GET, path).query(query))
            .await
    }

    /// Asks whether the server works; an unhealthy one answers too.
    pub(crate) async fn health(&self) -> Result<Value, Failure> {
        let request = self.request(Method::GET, &["health"]);
        let response = self.dispatch(request).await?;
        response.json().await.map_err(|error| self.broken(&error))
    }

    /// Does something.
    pub(crate) async fn post(&self, path: &[&str], body: Option<&Value>) -> Result<Value, Failure> {
        let request = self.request(Method::POST, path);
        match body {
            Some(body) => self.answer(request.json(body)).await,
            None => self.answer(request).await,
        }
    }

    /// Does something that is answered with no more than so many bytes.
    pub(crate) async fn post_short(
        &self,
        path: &[&str],
        body: &Value,
        bytes_max: usize,
    ) -> Result<Value, Failure> {
        let request = self.request(Method::POST, path).json(body);
        let mut response = self.send(request).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.broken(&error))?
        {
            if bytes.len() + chunk.len() > bytes_max {
                let server = self.server();
                let message = format!("{server} answers with more than {bytes_max} bytes");
                return Err(Failure::failed(message));
            }
            bytes.extend_from_slice(&chunk);
        }
        self.parsed(&bytes)
    }

    /// Puts something in place of what was there.
    pub(crate) async fn put(&self, path: &[&str], body: &Value) -> Result<Value, Failure> {
        self.answer(self.request(Method::PUT, path).json(body))
            .await
    }

    /// Changes what a body says of something.
    pub(crate) async fn patch(&self, path: &[&str], body: &Value) -> Result<Value, Failure> {
        let request = self.request(Method::PATCH, path).json(body);
        self.answer(request).await
    }

    /// Takes something away.
    pub(crate) async fn delete(&self, path: &[&str]) -> Result<(), Failure> {
        self.send(self.request(Method::DELETE, path))
            .await
            .map(drop)
    }

    /// Submits an intent and answers its acceptance.
    pub(crate) async fn submit(
        &self,
        intent_type: &str,
        parameters: Value,
    ) -> Result<Value, Failure> {
        let body = json!({ "intent_type": intent_type, "parameters": parameters });
        self.post(&["api", "intent", "submit"], Some(&body)).await
    }

    /// Waits until an execution has ended, however it ended.
    pub(crate) async fn wait(&self, execution: &str) -> Result<Value, Failure> {
        let query = [("wait", WAIT_SECONDS.to_string())];
        loop {
            let path = ["api", "execution", execution, "status"];
            let status = self.get(&path, &query).await?;
            if is_final(&status) {
                return Ok(status);
            }
        }
    }

    /// Submits an intent, waits for its end, and answers its main artifact's payload.
    pub(crate) async fn run(&self, intent_type: &str, parameters: Value) -> Result<Value, Failure> {
        let accepted = self.submit(intent_type, parameters).await?;
        let id = accepted["execution_id"].as_str().unwrap_or_default();
        completed(&self.wait(id).await?).map(|artifact| artifact["semantic_payload"].clone())
    }

    /// Uploads one file and answers what became of it. `sent` hears how many of its bytes have left.
    pub(crate) async fn upload(
        &self,
        name: &str,
        source: &Source,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Value, Failure> {
        let (length, pieces) = match source {
            Source::Path(path) => {
                let unreadable =
                    |error| Failure::failed(format!("{} cannot be read: {error}", path.display()));
                let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
                let length = file.metadata().await.map_err(unreadable)?.len();
                if length >= resumable::BYTES_MIN {
                    return self.upload_resumable(name, path, sent).await;
                }
                (
                    length,
                    ReaderStream::with_capacity(file, PIECE_BYTES).boxed(),
                )
            }
            Source::Bundled(bytes) => {
                let pieces = bytes
                    .chunks(PIECE_BYTES)
                    .map(|piece| Ok(Bytes::from_static(piece)));
                (bytes.len() as u64, stream::iter(pieces).boxed())
            }
        };
        let done = AtomicU64::new(0);
        let counted = pieces.inspect_ok(move |piece| {
            let count = piece.len() as u64;
            sent(done.fetch_add(count, Ordering::Relaxed) + count);
        });
        let part = Part::stream_with_length(Body::wrap_stream(counted), length);
        let form = Form::new().part("file", part.file_name(name.to_owned()));
        let request = self.request(Method::POST, &["api", "content", "files"]);
        let answer = self.answer(request.multipart(form)).await?;
        Ok(answer["files"][0].clone())
    }

    /// Starts a download, from a byte on if one is given, and only if the file is still the same.
    pub(crate) async fn download(
        &self,
        file: &str,
        from: Option<(u64, &str)>,
    ) -> Result<Response, Failure> {
        let mut request = self.request(Method::GET, &["api", "content", "files", file, "content"]);
        if let Some((from, etag)) = from {
            request = request
                .header("range", format!("bytes={from}-"))
                .header("if-range", etag);
        }
        self.send(request).await
    }

    /// Follows an execution from an entry of its journal on until it ends, through restarts of the server. Answers the
    /// last status seen.
    pub(crate) async fn follow(
        &self,
        execution: &str,
        after: u64,
        mut seen: impl FnMut(&Value),
    ) -> Result<String, Failure> {
        let mut following = Following {
            after,
            status: String::new(),
        };
        let mut quiet = 0;
        let mut connected = false;
        loop {
            let before = following.after;
            match self.follow_once(execution, &mut following, &mut seen).await {
                Ok(()) if FINAL.contains(&following.status.as_str()) => return Ok(following.status),
                Ok(()) => {
                    // Nothing came after what was seen already: ask where it stands.
                    let path = ["api", "execution", execution, "status"];
                    if let Ok(status) = self.get(&path, &[]).await
                        && is_final(&status)
                        && status["last_seq"].as_u64() <= Some(following.after)
                    {
                        return Ok(status["status"].as_str().unwrap_or_default().to_owned());
                    }
                    connected = true;
                }
                Err(failure @ Failure::Unreachable { .. })
                    if !connected && following.after == after =>
                {
                    return Err(failure);
                }
                Err(failure @ Failure::Unreachable { .. }) if quiet >= RECONNECTS_MAX => {
                    return Err(failure);
                }
                Err(Failure::Unreachable { .. }) => {}
                Err(failure) => return Err(failure),
            }
            quiet = if following.after > before {
                0
            } else {
                quiet + 1
            };
            tokio::time::sleep(RECONNECT_DELAY).await;
        }
    }

    async fn follow_once(
        &self,
        execution: &str,
        following: &mut Following,
        seen: &mut impl FnMut(&Value),
    ) -> Result<(), Failure> {
        let path = ["api", "execution", execution, "stream"];
        let request = self
            .request(Method::GET, &path)
            .query(&[("after", following.after)]);
        let response = self.send(request).await?;
        self.read_lines(response, |message| {
            if let Some(seq) = message["seq"].as_u64() {
                following.after = seq;
                message["status"]
                    .as_str()
                    .unwrap_or_default()
                    .clone_into(&mut following.status);
                seen(&message);
            }
        })
        .await
    }

    /// Reads lines of JSON until the server ends them; what is no JSON is left out.
    async fn read_lines(
        &self,
        mut response: Response,
        mut each: impl FnMut(Value),
    ) -> Result<(), Failure> {
        let mut pending = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.broken(&error))?
        {
            pending.extend_from_slice(&chunk);
            if pending.len() > LINE_BYTES_MAX {
                return Err(Failure::failed(
                    "a line of the stream is too long: is this a Civitas server?",
                ));
            }
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                if let Ok(message) = serde_json::from_slice(&line) {
                    each(message);
                }
            }
        }
        Ok(())
    }
}

/// Where someone who follows an execution stands.
struct Following {
    after: u64,
    status: String,
}

/// Whether nothing happens any more by itself.
pub(crate) fn is_final(status: &Value) -> bool {
    status["status"]
        .as_str()
        .is_some_and(|status| FINAL.contains(&status))
}

/// The main artifact of an execution that ended, or why there is none.
pub(crate) fn completed(status: &Value) -> Result<Value, Failure> {
    if status["status"] == "completed" {
        let artifacts = status["artifacts"].as_object();
        let first = artifacts.and_then(|artifacts| artifacts.values().next());
        return Ok(first.cloned().unwrap_or_default());
    }
    let name = status["intent_type"].as_str().unwrap_or("the execution");
    let how = status["status"].as_str().unwrap_or("unknown");
    let message = match status["error"].as_str() {
        Some(why) => why.to_owned(),
        None => format!("{name} ended as {how}"),
    };
    let code = status["error_code"].as_str().unwrap_or("failed");
    let mut problem = document(code, &message);
    problem["execution_id"] = status["execution_id"].clone();
    Err(Failure::Told {
        message,
        code: code.to_owned(),
        problem: Box::new(problem),
    })
}

/// A problem document (RFC 9457) as a failure.
async fn refused(response: Response) -> Failure {
    let status = response.status();
    let problem: Value = response.json().await.unwrap_or_default();
    let mut message = match problem["detail"].as_str() {
        Some(detail) => detail.to_owned(),
        None => format!("the server answered {status}: check --server"),
    };
    let errors = problem["errors"].as_array().into_iter().flatten();
    for error in errors {
        let pointer = error["pointer"].as_str().unwrap_or_default();
        let detail = error["detail"].as_str().unwrap_or_default();
        if !message.contains(detail) {
            message = format!("{message}\n  {pointer}: {detail}");
        }
    }
    let near: Vec<&str> = match &problem["suggestions"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !near.is_empty() {
        message = format!("{message}; perhaps you mean {}", near.join(" or "));
    }
    if let Some(code) = problem["code"].as_str() {
        return Failure::Told {
            message,
            code: code.to_owned(),
            problem: Box::new(problem),
        };
    }
    // Not a Civitas server's: a proxy's, perhaps.
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::NotAllowed(message),
        StatusCode::NOT_FOUND => Failure::NotFound(message),
        _ => Failure::Failed(message),
    }
}
