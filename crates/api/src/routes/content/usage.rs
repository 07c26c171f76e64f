//! `GET /api/content/usage`: how much the tenant keeps, and how much it may.

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::{Authenticated, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// How much a tenant keeps. A file counts with its size, also when another has the same content; purged files do not count. Uploads
/// count from their beginning on, with all they will bring.
#[derive(Serialize, ToSchema)]
pub(crate) struct Usage {
    /// The sizes of its files together, in bytes.
    bytes_used: u64,
    /// How much that may be.
    bytes_quota: u64,
    /// How many files.
    files_used: u64,
    /// How many that may be.
    files_quota: u64,
}

/// See how much your tenant keeps and how much it may.
#[utoipa::path(get, path = "/api/content/usage", tag = "files", security(("bearer" = [])), responses(
    (status = 200, body = Usage), (status = 401, body = ProblemDocument),
    (status = 403, body = ProblemDocument), (status = 503, body = ProblemDocument),
))]
pub(crate) async fn usage(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Usage>, Problem> {
    require(&caller, Permission::Read)?;
    let used = state.store.usage(&caller.tenant_id).await?;
    let quota = state.store.quota(&caller.tenant_id);
    Ok(Json(Usage {
        bytes_used: used.bytes,
        bytes_quota: quota.bytes,
        files_used: used.files,
        files_quota: quota.files,
    }))
}
