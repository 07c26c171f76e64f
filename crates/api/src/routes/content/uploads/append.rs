//! `PATCH /api/content/uploads/{upload_id}`: the next piece of an upload.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use civitas_model::{Caller, ErrorCode, Permission};
use civitas_storage::{OpenUpload, Upload};

use super::answer;
use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;
use crate::tus::{self, Checksum};
use crate::uploads::{self, Hold};

/// Send the next bytes of an upload. They are durable when this answers; with the last of them its `ingest_file` is accepted.
#[utoipa::path(patch, path = "/api/content/uploads/{upload_id}", tag = "files", security(("bearer" = [])),
    params(
        ("upload_id" = String, Path),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`."),
        ("Upload-Offset" = String, Header, description = "How many bytes are durable, as `HEAD` says."),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256` and the piece's checksum in Base64; the piece then counts whole or not at all."),
        ("Content-Digest" = Option<String>, Header, description = "The same as RFC 9530 has it."),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "All of it is durable.", headers(
            ("Upload-Offset" = String, description = "How many bytes are durable."),
            ("Upload-Expires" = String, description = "When it ends unless more bytes arrive."),
            ("Civitas-Execution-Id" = String, description = "The execution that takes it in, once it is whole."),
            ("Civitas-File-Id" = String, description = "The file it became."),
        )),
        (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "The offset is another one."),
        (status = 410, body = ProblemDocument), (status = 412, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 423, body = ProblemDocument, description = "Another request sends a piece."),
        (status = 460, body = ProblemDocument, description = "The piece, or the whole, is not what its checksum says."),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn append(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(upload_id): PathId<Upload>,
    request: Request,
) -> Result<Response, Problem> {
    require(&caller, Permission::Write)?;
    uploads::find(&state, &caller, upload_id.as_str()).await?;
    let headers = request.headers();
    tus::check_version(headers)?;
    let hold = state.receiving.hold(upload_id.as_str())?;
    // Nobody else moves it from here on.
    let upload = uploads::find(&state, &caller, upload_id.as_str()).await?;
    check(&upload, headers)?;
    let piece = Piece {
        checksum: Checksum::stated(headers)?,
        request,
        upload,
        hold,
    };
    // A task of its own: what has arrived is made to count even when the connection is gone.
    let receiving = tokio::spawn(take(state.clone(), caller.clone(), piece));
    let upload = receiving.await.map_err(|error| {
        tracing::error!(%error, "receiving an upload broke");
        Problem::new(
            ErrorCode::Internal,
            "receiving the piece broke: ask for the offset, and go on from there",
        )
    })??;
    answer::about(&state, &caller, &upload, StatusCode::NO_CONTENT).await
}

/// A piece that may be received.
struct Piece {
    checksum: Option<Checksum>,
    request: Request,
    upload: OpenUpload,
    hold: Hold,
}

async fn take(state: AppState, caller: Caller, piece: Piece) -> Result<OpenUpload, Problem> {
    let _held = piece.hold;
    let mut upload = piece.upload;
    if upload.digest.is_none() {
        let body = piece.request.into_body().into_data_stream();
        upload = uploads::receive(&state, &caller, upload, body, piece.checksum).await?;
    }
    if upload.digest.is_some() {
        upload.execution_id = Some(uploads::finish(&state, &caller, &upload).await?);
    }
    Ok(upload)
}

/// Everything that can be told before the body is read.
fn check(upload: &OpenUpload, headers: &HeaderMap) -> Result<(), Problem> {
    let content_type = headers.get(header::CONTENT_TYPE);
    if content_type.is_none_or(|value| value != tus::PIECE) {
        let detail = format!("a piece must be sent with `Content-Type: {}`", tus::PIECE);
        return Err(Problem::new(ErrorCode::UnsupportedMediaType, detail));
    }
    let offset = tus::count(headers, &tus::UPLOAD_OFFSET)?;
    if offset != upload.received {
        let detail = format!(
            "the upload is at {} bytes, not at {offset}: go on from there",
            upload.received
        );
        let problem = Problem::new(ErrorCode::Conflict, detail);
        return Err(problem.with("upload_offset", upload.received.into()));
    }
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match announced {
        Some(more) if more > upload.length - upload.received => {
            Err(uploads::too_long(upload.length))
        }
        _ => Ok(()),
    }
}
