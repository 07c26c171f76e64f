//! `POST /api/auth/ws-ticket`: a single-use credential for a WebSocket's URL.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Authenticated;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// A ticket.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ticket {
    /// Open the socket with `?access_token=<ticket>`.
    ticket: String,
    /// Seconds until it ends.
    expires_in: u64,
}

/// Issue a ticket that opens one WebSocket within 30 seconds.
#[utoipa::path(post, path = "/api/auth/ws-ticket", tag = "auth", security(("bearer" = [])), responses(
    (status = 200, body = Ticket), (status = 401, body = ProblemDocument),
    (status = 403, body = ProblemDocument), (status = 503, body = ProblemDocument),
))]
pub(crate) async fn issue(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Ticket>, Problem> {
    let ticket = state.auth.issue_ticket(&caller).await?;
    let expires_in = state.auth.lifetimes().ticket.as_secs();
    Ok(Json(Ticket {
        ticket: ticket.reveal().to_owned(),
        expires_in,
    }))
}
