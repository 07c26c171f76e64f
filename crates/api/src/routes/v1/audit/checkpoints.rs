//! `GET /api/v1/audit/checkpoints`: signed statements of how long the log was, newest first.

use axum::Json;
use axum::extract::State;
use civitas_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Admin, Params};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Checkpoints per page, unless asked otherwise.
const PAGE: u32 = 50;

/// Which checkpoints.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CheckpointQuery {
    /// Where the page before ended: its `next_cursor`.
    #[param(minimum = 1)]
    cursor: Option<u64>,
    /// At most this many; 50 when absent.
    #[param(maximum = 500, minimum = 1)]
    limit: Option<u32>,
}

/// A signed checkpoint.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditCheckpoint {
    /// How many entries it covers.
    size: u64,
    /// When it was signed.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The signed note, as C2SP tlog-checkpoint has it.
    note: String,
}

/// A page of checkpoints, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckpointPage {
    checkpoints: Vec<AuditCheckpoint>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<u64>,
}

/// List the checkpoints of the tenant's audit log, newest first. Whoever keeps one elsewhere can show any later change of
/// what it covers. Needs the permission `admin`.
#[utoipa::path(get, path = "/api/v1/audit/checkpoints", tag = "audit", security(("bearer" = [])),
    params(CheckpointQuery), responses(
        (status = 200, body = CheckpointPage), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Admin(caller): Admin,
    Params(query): Params<CheckpointQuery>,
) -> Result<Json<CheckpointPage>, Problem> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, 500);
    let audit = state.store.audit();
    let mut found = audit
        .newest_checkpoints(&caller.tenant_id, query.cursor, limit + 1)
        .await?;
    let limit = limit as usize;
    let more = found.len() > limit;
    found.truncate(limit);
    let checkpoints: Vec<AuditCheckpoint> = found
        .into_iter()
        .map(|kept| AuditCheckpoint {
            size: kept.size,
            created_at: kept.created_at,
            note: kept.note,
        })
        .collect();
    Ok(Json(CheckpointPage {
        next_cursor: checkpoints.last().map(|last| last.size).filter(|_| more),
        checkpoints,
    }))
}
