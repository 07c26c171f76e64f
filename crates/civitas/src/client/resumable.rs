//! Uploads of large files, by the tus protocol: they go on after a break of the connection, a restart of the server, and a
//! kill of this program.

use std::io::SeekFrom;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use data_encoding::{BASE64, HEXLOWER};
use futures::TryStreamExt;
use reqwest::{Body, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::AsyncSeekExt;
use tokio_util::io::ReaderStream;

use super::{Client, PIECE_BYTES};
use crate::cli::failure::Failure;

/// Files of at least this many bytes are uploaded so that a break costs little.
pub(super) const BYTES_MIN: u64 = 16 * 1024 * 1024;
/// How often it is tried again without any byte more, and how long to wait before.
const TRIES_MAX: u32 = 60;
const DELAY: Duration = Duration::from_millis(500);
const UPLOADS: [&str; 3] = ["api", "content", "uploads"];

/// A file on its way.
struct Sending<'a> {
    name: &'a str,
    path: &'a Path,
    length: u64,
    memory: Memory,
}

/// Where an upload is.
struct Place {
    offset: u64,
    execution_id: Option<String>,
}

impl Client {
    /// Uploads a file in as many pieces as it takes. `sent` hears how many of its bytes the server has or was sent.
    pub(super) async fn upload_resumable(
        &self,
        name: &str,
        path: &Path,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Value, Failure> {
        let facts = tokio::fs::metadata(path)
            .await
            .map_err(|error| unreadable(path, &error))?;
        let sending = Sending {
            name,
            path,
            length: facts.len(),
            memory: Memory::of(self.server(), path, &facts),
        };
        let sent: Arc<dyn Fn(u64) + Send + Sync> = Arc::new(sent);
        let (mut reached, mut tries) = (0, 0);
        loop {
            let failure = match self.go_on(&sending, &sent, &mut reached, &mut tries).await {
                Ok(execution_id) => {
                    sending.memory.forget().await;
                    return Ok(json!({ "ui_name": name, "execution_id": execution_id }));
                }
                Err(failure) => failure,
            };
            tries += 1;
            if tries > TRIES_MAX || !is_passing(&failure) {
                return Err(failure);
            }
            tokio::time::sleep(DELAY).await;
        }
    }

    /// Sends what the server has not got; answers the execution that takes the file in. `reached` is the furthest offset seen.
    async fn go_on(
        &self,
        sending: &Sending<'_>,
        sent: &Arc<dyn Fn(u64) + Send + Sync>,
        reached: &mut u64,
        tries: &mut u32,
    ) -> Result<String, Failure> {
        let known = match sending.memory.read().await {
            Some(id) => self.place(&id).await?.map(|place| (id, place)),
            None => None,
        };
        let (id, place) = match known {
            Some(known) => known,
            None => self.begin(sending).await?,
        };
        if place.offset > *reached {
            (*reached, *tries) = (place.offset, 0);
        }
        sent(place.offset);
        let answered = match place.execution_id {
            Some(execution_id) => Some(execution_id),
            None => self.piece(sending, &id, place.offset, sent).await?,
        };
        answered.ok_or_else(|| {
            Failure::failed("the server did not take the file in: is it changed while it is sent?")
        })
    }

    fn tus(&self, method: Method, id: Option<&str>) -> RequestBuilder {
        let path: Vec<&str> = UPLOADS.into_iter().chain(id).collect();
        self.request(method, &path).header("tus-resumable", "1.0.0")
    }

    /// Where an upload is that was begun before; nothing when there is none any more.
    async fn place(&self, id: &str) -> Result<Option<Place>, Failure> {
        let request = self.tus(Method::HEAD, Some(id));
        let response = self.dispatch(request).await?;
        match response.status().as_u16() {
            200 => Ok(Some(Place {
                offset: number(&response, "upload-offset"),
                execution_id: text(&response, "civitas-execution-id"),
            })),
            404 | 410 | 460 => Ok(None),
            // The answer to HEAD has no body to tell from.
            status => Err(Failure::Unreachable {
                server: self.server().to_owned(),
                reason: format!("it answered {status}"),
            }),
        }
    }

    async fn begin(&self, sending: &Sending<'_>) -> Result<(String, Place), Failure> {
        let metadata = format!("filename {}", BASE64.encode(sending.name.as_bytes()));
        let request = self
            .tus(Method::POST, None)
            .header("upload-length", sending.length)
            .header("upload-metadata", metadata);
        let response = self.send(request).await?;
        let location = text(&response, "location").unwrap_or_default();
        let id = location.rsplit('/').next().unwrap_or_default().to_owned();
        if id.is_empty() {
            return Err(Failure::failed(
                "the server does not say where the upload goes",
            ));
        }
        sending.memory.write(&id).await;
        let place = Place {
            offset: 0,
            execution_id: None,
        };
        Ok((id, place))
    }

    /// Sends the file from an offset on.
    async fn piece(
        &self,
        sending: &Sending<'_>,
        id: &str,
        offset: u64,
        sent: &Arc<dyn Fn(u64) + Send + Sync>,
    ) -> Result<Option<String>, Failure> {
        let unreadable = |error| unreadable(sending.path, &error);
        let mut file = tokio::fs::File::open(sending.path)
            .await
            .map_err(unreadable)?;
        file.seek(SeekFrom::Start(offset))
            .await
            .map_err(unreadable)?;
        let (sent, done) = (Arc::clone(sent), AtomicU64::new(offset));
        let pieces = ReaderStream::with_capacity(file, PIECE_BYTES).inspect_ok(move |piece| {
            let count = piece.len() as u64;
            sent(done.fetch_add(count, Ordering::Relaxed) + count);
        });
        let request = self
            .tus(Method::PATCH, Some(id))
            .header("content-type", "application/offset+octet-stream")
            .header("upload-offset", offset)
            .header("content-length", sending.length - offset)
            .body(Body::wrap_stream(pieces));
        let response = self.send(request).await?;
        Ok(text(&response, "civitas-execution-id"))
    }
}

/// Whether trying again may help.
fn is_passing(failure: &Failure) -> bool {
    match failure {
        Failure::Unreachable { .. } => true,
        Failure::Told { code, .. } => [
            "conflict",
            "upload_locked",
            "upload_expired",
            "service_unavailable",
        ]
        .contains(&code.as_str()),
        _ => false,
    }
}

fn text(response: &Response, name: &str) -> Option<String> {
    let value = response.headers().get(name)?;
    value.to_str().ok().map(str::to_owned)
}

fn number(response: &Response, name: &str) -> u64 {
    text(response, name)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{} cannot be read: {error}", path.display()))
}

/// Remembers, over runs of this program, which upload a file belongs to. Only a convenience: what cannot be remembered
/// is sent from its beginning.
struct Memory(Option<PathBuf>);

impl Memory {
    /// One for these bytes at this path; a file that was changed is another.
    fn of(server: &str, path: &Path, facts: &std::fs::Metadata) -> Self {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let changed = facts
            .modified()
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let key = json!([
            server,
            absolute.as_os_str().as_encoded_bytes(),
            facts.len(),
            changed.unwrap_or_default().as_nanos().to_string(),
        ]);
        let name = HEXLOWER.encode(&Sha256::digest(key.to_string()));
        Self(folder().map(|folder| folder.join(name)))
    }

    async fn read(&self) -> Option<String> {
        let id = tokio::fs::read_to_string(self.0.as_ref()?).await.ok()?;
        Some(id.trim().to_owned()).filter(|id| !id.is_empty())
    }

    async fn write(&self, id: &str) {
        let Some(path) = &self.0 else { return };
        if let Some(folder) = path.parent() {
            let _ = tokio::fs::create_dir_all(folder).await;
        }
        let _ = tokio::fs::write(path, id).await;
    }

    async fn forget(&self) {
        if let Some(path) = &self.0 {
            let _ = tokio::fs::remove_file(path).await;
        }
    }
}

/// Where programs keep state of a user's (the XDG base directories).
fn folder() -> Option<PathBuf> {
    let named = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let state = named("XDG_STATE_HOME").or_else(|| Some(named("HOME")?.join(".local/state")))?;
    Some(state.join("civitas/uploads"))
}
