//! `POST /api/content/files`: files in, streamed; each becomes an `ingest_file` intent.

use axum::Json;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use civitas_documents::sniff;
use civitas_model::{Caller, ErrorCode, Id, Permission, SessionId, Write};
use civitas_providers::blobs::BlobError;
use civitas_storage::{Change, Changeset, Upload};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::super::intent::submit::Submitted;
use crate::extract::{Authenticated, check_session, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;
use crate::{digest, intake};

/// Files of one request.
const FILES_MAX: usize = 100;
/// The longest text field, in bytes.
const TEXT_BYTES_MAX: usize = 4096;
/// What a multipart body adds to its file, at most, when its length is judged before it is read.
const OVERHEAD_BYTES_MAX: u64 = 64 * 1024;

/// The fields of the form; for the OpenAPI document only.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a form that is read as a stream")]
pub(crate) struct UploadForm {
    /// The file; may be given several times. Its name is kept as data. Its part may have a `Content-Digest` or
    /// `Repr-Digest` (RFC 9530, SHA-256): other content is refused.
    #[schema(value_type = String, format = Binary)]
    file: String,
    /// The session it is brought in by; the credential's when absent. Stands before the files it is meant for.
    session_id: Option<String>,
}

/// What became of the files.
#[derive(Serialize, ToSchema)]
pub(crate) struct Uploaded {
    /// One for each file, in order.
    files: Vec<UploadedFile>,
}

/// A file that is stored, and whose `ingest_file` is accepted.
#[derive(Serialize, ToSchema)]
struct UploadedFile {
    /// The name as sent.
    ui_name: String,
    /// SHA-256 of the bytes.
    file_hash: String,
    /// Size in bytes.
    file_size: u64,
    /// The type by content.
    file_type: String,
    #[serde(flatten)]
    submitted: Submitted,
}

/// Upload files (`multipart/form-data`, field `file`). The bytes are durable when this answers; each file's
/// `ingest_file` then runs by itself.
#[utoipa::path(post, path = "/api/content/files", tag = "files", security(("bearer" = [])),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = Uploaded), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
        (status = 460, body = ProblemDocument, description = "A file is not what its stated digest says."),
    ))]
pub(crate) async fn upload(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Json<Uploaded>, Problem> {
    require(&caller, Permission::Write)?;
    check_digest(request.headers())?;
    let length = check_length(&state, &request)?;
    let at_least = length.saturating_sub(OVERHEAD_BYTES_MAX);
    intake::check_room(&state, &caller, at_least).await?;
    let mut form = Multipart::from_request(request, &state)
        .await
        .map_err(|rejection| {
            let detail = format!(
                "{}: send `multipart/form-data` with a field `file`",
                rejection.body_text()
            );
            Problem::new(ErrorCode::UnsupportedMediaType, detail)
        })?;
    let mut session_id = None;
    let mut files = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        match field.name().unwrap_or_default() {
            "file" | "files" | "files[]" if files.len() < FILES_MAX => {
                files.push(take(&state, &caller, session_id.clone(), field).await?);
            }
            "file" | "files" | "files[]" => {
                let detail =
                    format!("a request takes up to {FILES_MAX} files: send the rest in another");
                return Err(Problem::new(ErrorCode::PayloadTooLarge, detail));
            }
            "session_id" => {
                let named = read_session(field).await?;
                check_session(&state, &caller, Some(&named)).await?;
                session_id = Some(named);
            }
            other => {
                let detail =
                    "is not a field of this form: send `file` and, before it, `session_id`";
                return Err(Problem::invalid(format!("/{other}"), detail));
            }
        }
    }
    if files.is_empty() {
        return Err(Problem::invalid(
            "/file",
            "is missing: send at least one file",
        ));
    }
    Ok(Json(Uploaded { files }))
}

/// A digest of the whole form would be of no file.
fn check_digest(headers: &HeaderMap) -> Result<(), Problem> {
    for name in [digest::CONTENT_DIGEST, digest::REPR_DIGEST] {
        if headers.contains_key(&name) {
            let detail = format!(
                "the header `{name}` of the request is about the whole form: send it with the part of each file"
            );
            return Err(Problem::new(ErrorCode::BadRequest, detail));
        }
    }
    Ok(())
}

/// Refuses a body that says it is too long before any of it is read; answers how long it says it is.
fn check_length(state: &AppState, request: &Request) -> Result<u64, Problem> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let limit = state.settings.limits.upload_bytes;
    match length {
        Some(length) if length > limit.saturating_add(OVERHEAD_BYTES_MAX) => Err(too_large(limit)),
        length => Ok(length.unwrap_or(0)),
    }
}

fn too_large(limit: u64) -> Problem {
    let detail =
        format!("a file may have up to {limit} bytes (`upload_bytes`): send a smaller one");
    Problem::new(ErrorCode::PayloadTooLarge, detail)
}

fn broken(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(ErrorCode::PayloadTooLarge, error.body_text());
    }
    let detail = format!("the form cannot be read to its end: {}", error.body_text());
    Problem::new(ErrorCode::BadRequest, detail)
}

async fn read_session(mut field: Field<'_>) -> Result<SessionId, Problem> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
        text.extend_from_slice(&chunk);
        if text.len() > TEXT_BYTES_MAX {
            return Err(Problem::invalid("/session_id", "is too long"));
        }
    }
    SessionId::new(String::from_utf8_lossy(&text).into_owned())
        .map_err(|error| Problem::invalid("/session_id", error.to_string()))
}

/// Stores one file and submits its `ingest_file`.
async fn take(
    state: &AppState,
    caller: &Caller,
    session_id: Option<SessionId>,
    field: Field<'_>,
) -> Result<UploadedFile, Problem> {
    let name = field.file_name().unwrap_or("unnamed").to_owned();
    let limit = state.settings.limits.upload_bytes;
    let stated = match digest::stated(field.headers(), &digest::CONTENT_DIGEST)? {
        None => digest::stated(field.headers(), &digest::REPR_DIGEST)?,
        stated => stated,
    };
    let stored = state
        .blobs
        .put_stated(&caller.tenant_id, field, limit, stated.as_deref())
        .await
        .map_err(|error| refused(error, limit))?;
    let detected = sniff(&stored.head, &name);
    let upload_id: Id<Upload> = Id::generate(&*state.clock, &*state.entropy);
    let upload = Upload {
        upload_id: upload_id.to_string(),
        tenant_id: caller.tenant_id.clone(),
        digest: stored.digest.clone(),
        size: stored.size,
        file_type: detected.file_type.to_owned(),
        mime_type: detected.mime_type.to_owned(),
    };
    claim(state, caller, upload).await?;
    let parameters = Map::from_iter([
        ("ui_name".to_owned(), Value::from(name.as_str())),
        ("upload_id".to_owned(), Value::from(upload_id.as_str())),
    ]);
    let accepted = intake::ingest(state, caller, session_id, parameters, None).await?;
    Ok(UploadedFile {
        ui_name: name,
        file_hash: stored.digest,
        file_size: stored.size,
        file_type: detected.file_type.to_owned(),
        submitted: accepted.into(),
    })
}

/// Notes the upload, so that its content counts as used from here on.
async fn claim(state: &AppState, caller: &Caller, upload: Upload) -> Result<(), Problem> {
    let claiming = state.blobs.claiming().await;
    let digest = upload.digest.clone();
    let noted = Changeset::new().with(Change::Upload(upload));
    if let Err(problem) = intake::commit(state, caller, noted).await {
        drop(claiming);
        discard(state, caller, &digest).await;
        return Err(problem);
    }
    // The same content may have been freed, as nobody used it, since it was stored.
    match state.blobs.exists(&caller.tenant_id, &digest).await {
        Ok(true) => Ok(()),
        _ => Err(Problem::new(
            ErrorCode::ServiceUnavailable,
            "the file could not be kept: send it again",
        )
        .retry_after(1)),
    }
}

/// Frees content that was stored for nothing, unless something else needs it.
async fn discard(state: &AppState, caller: &Caller, digest: &str) {
    let note = Write::ReleaseContent {
        tenant_id: caller.tenant_id.clone(),
        digest: digest.to_owned(),
    };
    let noted = state
        .store
        .commit(Changeset::new().with_writes(vec![note]))
        .await;
    if let Err(error) = noted {
        tracing::warn!(%error, digest, "content that was refused is left behind");
        return;
    }
    let now = state.clock.now();
    state
        .runtime
        .free_content(&caller.tenant_id, digest, now)
        .await;
}

fn refused(error: BlobError, limit: u64) -> Problem {
    match error {
        BlobError::TooLarge { .. } => too_large(limit),
        BlobError::Mismatch { digest } => digest::mismatch(&digest),
        BlobError::Interrupted(_) => Problem::new(
            ErrorCode::BadRequest,
            "the upload ended before the file did: send it again",
        ),
        error => {
            tracing::error!(%error, "an upload cannot be stored");
            Problem::new(
                ErrorCode::ServiceUnavailable,
                "the file cannot be stored now: try again",
            )
            .retry_after(5)
        }
    }
}
