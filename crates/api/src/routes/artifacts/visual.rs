//! `GET /api/artifacts/visual/{path}`: the picture of an artifact.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use civitas_model::file::Status;
use civitas_model::{File, FileId, Permission};
use serde_json::{Value, json};

use super::{PNG, TenantQuery};
use crate::download;
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Where the picture is that a file is: `{path, mime_type}`; nothing when it is none, or its bytes are gone.
pub(crate) fn of_file(file: &File) -> Option<Value> {
    has_picture(file).then(
        || json!({ "path": format!("/api/artifacts/visual/{}", file.file_id), "mime_type": PNG }),
    )
}

fn has_picture(file: &File) -> bool {
    file.status != Status::Purged && file.mime_type == PNG
}

/// Show the picture of an artifact. A file that is a PNG picture is its own; other artifacts have none.
#[utoipa::path(get, path = "/api/artifacts/visual/{*path}", tag = "artifacts",
    security(("bearer" = [])),
    params(("path" = String, Path, description = "The artifact's id."), TenantQuery,
        ("Range" = Option<String>, Header, description = "Such as `bytes=0-1023`.")),
    responses(
        (status = 200, body = Vec<u8>, content_type = "image/png"),
        (status = 206, body = Vec<u8>, content_type = "image/png"),
        (status = 304, description = "The client has these bytes."),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 416, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Path(path): Path<String>,
    Params(query): Params<TenantQuery>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    require(&caller, Permission::Read)?;
    let unknown = || Problem::not_found("artifact visual");
    let tenant = &caller.tenant_id;
    if query.tenant_id.is_some_and(|named| named != *tenant) {
        return Err(unknown());
    }
    // A file and its artifact have one id.
    let file_id = FileId::new(path).map_err(|_| unknown())?;
    let found = state.store.files().find(tenant, &file_id).await?;
    found.filter(has_picture).ok_or_else(unknown)?;
    download::content(&state, tenant, &file_id, &headers).await
}
