//! `HEAD /api/content/uploads/{upload_id}`: how far an upload is.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use civitas_model::Permission;
use civitas_storage::Upload;

use super::answer;
use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;
use crate::{tus, uploads};

/// Ask how much of an upload is durable, and what became of one that is whole.
#[utoipa::path(head, path = "/api/content/uploads/{upload_id}", tag = "files", security(("bearer" = [])),
    params(("upload_id" = String, Path), ("Tus-Resumable" = String, Header, description = "`1.0.0`.")),
    responses(
        (status = 200, description = "It is open, or was until lately.", headers(
            ("Upload-Offset" = String, description = "How many bytes are durable."),
            ("Upload-Length" = String, description = "How many it will have."),
            ("Upload-Expires" = String, description = "When it ends unless bytes arrive."),
            ("Civitas-Execution-Id" = String, description = "The execution that takes it in, once it is whole."),
            ("Civitas-File-Id" = String, description = "The file it became."),
        )),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 410, body = ProblemDocument),
        (status = 412, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(upload_id): PathId<Upload>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    require(&caller, Permission::Write)?;
    let mut upload = uploads::find(&state, &caller, upload_id.as_str()).await?;
    tus::check_version(&headers)?;
    // The node ended after the last bytes and before they were taken in. Whoever sends them now does it, too.
    if upload.digest.is_some()
        && upload.execution_id.is_none()
        && let Ok(_hold) = state.receiving.hold(upload_id.as_str())
    {
        upload = uploads::find(&state, &caller, upload_id.as_str()).await?;
        upload.execution_id = Some(uploads::finish(&state, &caller, &upload).await?);
    }
    answer::about(&state, &caller, &upload, StatusCode::OK).await
}
