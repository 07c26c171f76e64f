//! `GET /api/content/files/{file_id}/content`: a file's bytes.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use civitas_model::Permission;
use civitas_model::id::FileKind;

use crate::download;
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
    download::content(&state, &caller.tenant_id, &file_id, &headers).await
}
