//! Uploads in pieces: how bytes are received and what becomes of a whole upload.
//!
//! The offset that is answered was written and synced before. While a long piece arrives, what is there is made to count
//! every [`CHECKPOINT_BYTES`], so a crash loses no more than that of what was not answered yet; when the connection breaks, all
//! that had arrived counts. A piece with a checksum counts whole or not at all.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::BodyDataStream;
use bytes::{Bytes, BytesMut};
use civitas_documents::sniff;
use civitas_model::{Caller, ErrorCode, ExecutionId};
use civitas_providers::blobs::{BlobError, Part};
use civitas_storage::{Change, Changeset, OpenUpload, OpenUploadChange, Upload};
use futures::StreamExt;
use serde_json::Value;

use crate::problem::Problem;
use crate::state::AppState;
use crate::tus::Checksum;
use crate::{digest, intake};

/// How much is written at a time, in bytes.
const WRITE_BYTES: usize = 1024 * 1024;
/// How much may arrive before it is made to count, in bytes: few enough syncs to cost little, little enough to send again.
const CHECKPOINT_BYTES: u64 = 16 * 1024 * 1024;
/// How long an answer waits for the file that a whole upload becomes.
const FILE_PATIENCE: Duration = Duration::from_secs(1);

/// Uploads that somebody sends a piece of.
#[derive(Debug, Clone, Default)]
pub struct Receiving(Arc<Mutex<HashSet<String>>>);

/// The right to send a piece of an upload.
pub(crate) struct Hold {
    receiving: Receiving,
    upload_id: String,
}

impl Receiving {
    /// Takes the right, unless somebody has it.
    pub(crate) fn hold(&self, upload_id: &str) -> Result<Hold, Problem> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.insert(upload_id.to_owned()) {
            let detail = "another request sends a piece of this upload: wait for its end, ask for the offset, and go on from there";
            return Err(Problem::new(ErrorCode::UploadLocked, detail).retry_after(1));
        }
        Ok(Hold {
            receiving: self.clone(),
            upload_id: upload_id.to_owned(),
        })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self
            .receiving
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        held.remove(&self.upload_id);
    }
}

/// An upload of the caller's.
pub(crate) async fn find(
    state: &AppState,
    caller: &Caller,
    upload_id: &str,
) -> Result<OpenUpload, Problem> {
    let found = state
        .store
        .find_open_upload(&caller.tenant_id, upload_id)
        .await?;
    let owner = OpenUpload::owner_of(caller);
    let upload = found
        .filter(|upload| upload.owner == owner)
        .ok_or_else(|| Problem::not_found("upload"))?;
    if upload.expires_at <= state.clock.now() {
        return Err(gone("the upload ran out: begin a new one"));
    }
    Ok(upload)
}

fn gone(detail: &str) -> Problem {
    Problem::new(ErrorCode::UploadExpired, detail)
}

/// How a piece ended.
enum End {
    Whole,
    Broken,
    TooLong,
}

/// Receives a piece; answers how far the upload is.
pub(crate) async fn receive(
    state: &AppState,
    caller: &Caller,
    mut upload: OpenUpload,
    body: BodyDataStream,
    mut checksum: Option<Checksum>,
) -> Result<OpenUpload, Problem> {
    let part = state
        .blobs
        .open_part(&upload.upload_id, upload.received)
        .await;
    let mut part = match part {
        Ok(part) => part,
        Err(BlobError::NotFound) => {
            forget(state, &upload).await?;
            return Err(gone("what was received is lost: begin a new upload"));
        }
        Err(error) => return Err(unstored(&error)),
    };
    let start = part.mark();
    let is_checked = checksum.is_some();
    let mut body = std::pin::pin!(body.take_until(state.stopping.clone().cancelled_owned()));
    let mut buffer = BytesMut::new();
    let end = loop {
        let chunk = body.next().await;
        let is_over = chunk.as_ref().is_none_or(Result::is_err);
        if let Some(Ok(chunk)) = &chunk {
            if part.size() + (buffer.len() + chunk.len()) as u64 > upload.length {
                break End::TooLong;
            }
            buffer.extend_from_slice(chunk);
        }
        if buffer.len() >= WRITE_BYTES || (is_over && !buffer.is_empty()) {
            let bytes = buffer.split().freeze();
            (part, checksum) = write(part, checksum, bytes).await?;
            if !is_checked && part.size() - upload.received >= CHECKPOINT_BYTES {
                part = advance(state, caller, &mut upload, part).await?;
            }
        }
        match chunk {
            Some(Ok(_)) => {}
            Some(Err(_)) => break End::Broken,
            None if state.stopping.is_cancelled() => break End::Broken,
            None => break End::Whole,
        }
    };
    let matches = checksum.is_none_or(Checksum::matches);
    if matches!(end, End::TooLong) || (is_checked && (!matches || matches!(end, End::Broken))) {
        // What counts already stays; a checked piece has no such.
        if is_checked {
            part = part
                .go_back(start)
                .await
                .map_err(|error| unstored(&error))?;
        }
        state.blobs.rest_part(part);
        return Err(refused(&end, upload.length));
    }
    part = advance(state, caller, &mut upload, part).await?;
    state.blobs.rest_part(part);
    match end {
        End::Whole => Ok(upload),
        _ => Err(refused(&end, upload.length)),
    }
}

fn refused(end: &End, length: u64) -> Problem {
    match end {
        End::Whole => Problem::new(
            ErrorCode::ChecksumMismatch,
            "the piece is not what its checksum says: nothing of it was kept, send it again",
        ),
        End::Broken => Problem::new(
            ErrorCode::BadRequest,
            "the piece ended early: ask for the offset, and go on from there",
        ),
        End::TooLong => too_long(length),
    }
}

/// A piece goes beyond the upload's end.
pub(crate) fn too_long(length: u64) -> Problem {
    let detail = format!("the upload has {length} bytes, and this piece goes beyond them");
    Problem::new(ErrorCode::PayloadTooLarge, detail)
}

async fn write(
    part: Part,
    checksum: Option<Checksum>,
    bytes: Bytes,
) -> Result<(Part, Option<Checksum>), Problem> {
    let hashing = async {
        match checksum {
            Some(checksum) => checksum.update(bytes.clone()).await.map(Some),
            None => Ok(None),
        }
    };
    let (part, checksum) = tokio::join!(part.write(bytes.clone()), hashing);
    let checksum = checksum.map_err(|error| unstored(&error))?;
    Ok((part.map_err(|error| unstored(&error))?, checksum))
}

/// Makes what was written count.
async fn advance(
    state: &AppState,
    caller: &Caller,
    upload: &mut OpenUpload,
    part: Part,
) -> Result<Part, Problem> {
    if part.size() == upload.received && upload.digest.is_some() {
        return Ok(part);
    }
    let part = part.sync().await.map_err(|error| unstored(&error))?;
    let digest = (part.size() == upload.length).then(|| part.digest());
    let change = OpenUploadChange::Advance {
        tenant_id: caller.tenant_id.clone(),
        upload_id: upload.upload_id.clone(),
        from: upload.received,
        received: part.size(),
        digest: digest.clone(),
    };
    intake::commit(state, caller, Changeset::new().with(change)).await?;
    upload.received = part.size();
    upload.digest = digest;
    Ok(part)
}

/// Stores a whole upload under its name and submits its `ingest_file`; does nothing of it twice.
pub(crate) async fn finish(
    state: &AppState,
    caller: &Caller,
    upload: &OpenUpload,
) -> Result<ExecutionId, Problem> {
    if let Some(execution) = &upload.execution_id {
        return Ok(execution.clone());
    }
    let Some(digest) = &upload.digest else {
        return Err(Problem::new(
            ErrorCode::Conflict,
            "the upload is not whole yet",
        ));
    };
    if upload
        .stated_digest
        .as_ref()
        .is_some_and(|stated| stated != digest)
    {
        forget(state, upload).await?;
        return Err(digest::mismatch(digest));
    }
    if !upload.is_complete {
        store(state, caller, upload, digest).await?;
    }
    let mut parameters = upload.parameters.as_object().cloned().unwrap_or_default();
    parameters.insert("upload_id".to_owned(), upload.upload_id.as_str().into());
    // A repetition is the same submission.
    let key = format!("upload:{}", upload.upload_id);
    let session_id = upload.session_id.clone();
    let accepted = intake::ingest(state, caller, session_id, parameters, Some(key)).await?;
    let change = OpenUploadChange::Submitted {
        tenant_id: caller.tenant_id.clone(),
        upload_id: upload.upload_id.clone(),
        execution_id: accepted.execution_id.clone(),
    };
    intake::commit(state, caller, Changeset::new().with(change)).await?;
    Ok(accepted.execution_id)
}

async fn store(
    state: &AppState,
    caller: &Caller,
    upload: &OpenUpload,
    digest: &str,
) -> Result<(), Problem> {
    let claiming = state.blobs.claiming().await;
    let named = state
        .blobs
        .name_part(&claiming, &caller.tenant_id, &upload.upload_id, digest)
        .await;
    let stored = match named {
        Ok(stored) => stored,
        Err(BlobError::NotFound) => {
            forget(state, upload).await?;
            return Err(gone("what was received is lost: begin a new upload"));
        }
        Err(error) => return Err(unstored(&error)),
    };
    let name = upload.parameters["filename"].as_str().unwrap_or_default();
    let detected = sniff(&stored.head, name);
    let complete = OpenUploadChange::Complete {
        tenant_id: caller.tenant_id.clone(),
        upload_id: upload.upload_id.clone(),
        length: upload.length,
    };
    let waiting = Upload {
        upload_id: upload.upload_id.clone(),
        tenant_id: caller.tenant_id.clone(),
        digest: stored.digest,
        size: stored.size,
        file_type: detected.file_type.to_owned(),
        mime_type: detected.mime_type.to_owned(),
    };
    let changes = Changeset::new()
        .with(complete)
        .with(Change::Upload(waiting));
    intake::commit(state, caller, changes).await
}

/// Ends an upload, and removes what it left behind.
pub(crate) async fn forget(state: &AppState, upload: &OpenUpload) -> Result<(), Problem> {
    let removed = state.blobs.remove_part(&upload.upload_id).await;
    removed.map_err(|error| unstored(&error))?;
    let change = OpenUploadChange::Remove {
        tenant_id: upload.tenant_id.clone(),
        upload_id: upload.upload_id.clone(),
    };
    state.store.commit(Changeset::new().with(change)).await?;
    Ok(())
}

/// The file that an execution made of an upload, when it is done or soon will be.
pub(crate) async fn file_of(
    state: &AppState,
    caller: &Caller,
    execution: &ExecutionId,
) -> Result<Option<String>, Problem> {
    let tenant = &caller.tenant_id;
    let ended = state.runtime.wait(tenant, execution, FILE_PATIENCE).await?;
    let result = ended.and_then(|execution| execution.result);
    let file = result
        .as_ref()
        .and_then(|result| result.pointer("/file/semantic_payload/file_id"));
    Ok(file.and_then(Value::as_str).map(str::to_owned))
}

fn unstored(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "an upload cannot be stored");
    Problem::new(
        ErrorCode::ServiceUnavailable,
        "the upload cannot be stored now: ask for the offset, and go on from there",
    )
    .retry_after(5)
}
