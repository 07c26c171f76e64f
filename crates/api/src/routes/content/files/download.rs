//! `GET /api/content/files/{file_id}/content`: a file's bytes.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use civitas_model::file::Status;
use civitas_model::id::FileKind;
use civitas_model::{ErrorCode, File, FileId, Permission, TenantId};

use crate::download::{self, Refusal};
use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Download a file, or the part of it that the `Range` header asks for.
#[utoipa::path(get, path = "/api/content/files/{file_id}/content", tag = "files",
    security(("bearer" = [])),
    params(("file_id" = String, Path), ("Range" = Option<String>, Header, description = "Such as `bytes=0-1023`.")),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The client has these bytes."),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 416, body = ProblemDocument),
        (status = 500, body = ProblemDocument, description = "The content is lost: whoever runs the server must restore it."),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn download(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(file_id): PathId<FileKind>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    require(&caller, Permission::Read)?;
    let file = live(&state, &caller.tenant_id, &file_id).await?;
    match download::respond(&state.blobs, &file, &headers).await {
        Ok(response) => Ok(response),
        Err(Refusal::Problem(problem)) => Err(problem),
        Err(Refusal::Missing) => {
            // Somebody may have purged it just now.
            let file = live(&state, &caller.tenant_id, &file_id).await?;
            Err(lost(&file))
        }
    }
}

/// The file, unless it was purged.
async fn live(state: &AppState, tenant: &TenantId, file: &FileId) -> Result<File, Problem> {
    let found = state.store.files().find(tenant, file).await?;
    found
        .filter(|file| file.status != Status::Purged)
        .ok_or_else(|| Problem::not_found("file"))
}

/// The file is there and its bytes are not: nothing the caller could do about.
fn lost(file: &File) -> Problem {
    tracing::error!(
        tenant_id = %file.tenant_id, file_id = %file.file_id, digest = %file.digest,
        "the content of a file is missing: start the node with the data folder that has it, or restore it from a backup"
    );
    Problem::new(
        ErrorCode::Internal,
        "the file's content is missing from the server, although nobody purged it: whoever runs the server must restore it from a backup",
    )
}
