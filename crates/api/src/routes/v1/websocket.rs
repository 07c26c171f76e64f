//! `GET /api/v1/websocket/health`: how the live feed is.

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::{Authenticated, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// How the live feed is.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebSocketHealth {
    /// `operational`.
    status: &'static str,
    /// Clients of your tenant that follow the feed on this node.
    active_connections: usize,
    /// Where to connect.
    endpoint: &'static str,
}

/// Say how the live feed is.
#[utoipa::path(get, path = "/api/v1/websocket/health", tag = "agents", security(("bearer" = [])),
    responses((status = 200, body = WebSocketHealth), (status = 401, body = ProblemDocument)))]
pub(crate) async fn health(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<WebSocketHealth>, Problem> {
    require(&caller, Permission::Read)?;
    Ok(Json(WebSocketHealth {
        status: "operational",
        active_connections: state.feed.watchers(&caller.tenant_id),
        endpoint: "/api/v1/agents/activity/stream",
    }))
}
