//! `DELETE /api/v1/halts/{halt_id}`: let agents go on.

use axum::Json;
use axum::extract::{Path, State};

use super::answer::HaltResponse;
use crate::extract::Authenticated;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Lift a halt. Only a person may, with the permission `approve` or `admin`.
#[utoipa::path(delete, path = "/api/v1/halts/{halt_id}", tag = "halts", security(("bearer" = [])),
    params(("halt_id" = String, Path)), responses(
        (status = 200, body = HaltResponse), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument, description = "There is none, or it was lifted."),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn lift(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Path(halt_id): Path<String>,
) -> Result<Json<HaltResponse>, Problem> {
    let halt = state.halts.lift(&caller, &halt_id).await?;
    Ok(Json(HaltResponse::from(&halt)))
}
