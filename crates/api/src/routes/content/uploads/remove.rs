//! `DELETE /api/content/uploads/{upload_id}`: ends an upload before its time.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use civitas_model::Permission;
use civitas_storage::Upload;

use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;
use crate::{tus, uploads};

/// Cancel an upload: its bytes go, and its room is given back. A file that it became stays.
#[utoipa::path(delete, path = "/api/content/uploads/{upload_id}", tag = "files", security(("bearer" = [])),
    params(("upload_id" = String, Path), ("Tus-Resumable" = String, Header, description = "`1.0.0`.")),
    responses(
        (status = 204, description = "It is gone."), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 410, body = ProblemDocument), (status = 412, body = ProblemDocument),
        (status = 423, body = ProblemDocument, description = "A request sends a piece of it."),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn remove(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(upload_id): PathId<Upload>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    require(&caller, Permission::Write)?;
    uploads::find(&state, &caller, upload_id.as_str()).await?;
    tus::check_version(&headers)?;
    let _hold = state.receiving.hold(upload_id.as_str())?;
    let upload = uploads::find(&state, &caller, upload_id.as_str()).await?;
    uploads::forget(&state, &upload).await?;
    Ok(StatusCode::NO_CONTENT)
}
