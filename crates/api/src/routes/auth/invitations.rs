//! `POST /api/auth/invitations` and `/accept`: how users join a tenant.

use axum::Json;
use axum::extract::State;
use civitas_auth::Secret;
use civitas_model::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{Authenticated, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InviteRequest {
    /// `viewer`, `user`, `operator` or `admin`.
    #[schema(value_type = String)]
    role: Role,
    /// Only this address may accept; anyone with the token when absent.
    email: Option<String>,
}

/// An invitation.
#[derive(Serialize, ToSchema)]
pub(crate) struct Invitation {
    /// Shown once: send it to whom you invite.
    invitation_token: String,
    role: &'static str,
}

/// Invite someone into the tenant. Needs an administrator.
#[utoipa::path(post, path = "/api/auth/invitations", tag = "auth", security(("bearer" = [])),
    request_body = InviteRequest, responses(
        (status = 200, body = Invitation), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn invite(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    body: Result<Body<InviteRequest>, Problem>,
) -> Result<Json<Invitation>, Problem> {
    state.auth.require_administration(&caller).await?;
    let Body(body) = body?;
    let token = state
        .auth
        .invite(&caller, body.role, body.email.as_deref())
        .await?;
    Ok(Json(Invitation {
        invitation_token: token.reveal().to_owned(),
        role: body.role.as_str(),
    }))
}

/// The invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptRequest {
    #[schema(value_type = String)]
    invitation_token: Secret,
}

/// The tenant that was joined.
#[derive(Serialize, ToSchema)]
pub(crate) struct AcceptedInvitation {
    tenant_id: String,
    role: &'static str,
}

/// Accept an invitation. It counts once.
#[utoipa::path(post, path = "/api/auth/invitations/accept", tag = "auth", security(("bearer" = [])),
    request_body = AcceptRequest, responses(
        (status = 200, body = AcceptedInvitation), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn accept(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Body(body): Body<AcceptRequest>,
) -> Result<Json<AcceptedInvitation>, Problem> {
    let accepted = state
        .auth
        .accept_invitation(&caller, &body.invitation_token)
        .await?;
    Ok(Json(AcceptedInvitation {
        tenant_id: accepted.tenant_id.to_string(),
        role: accepted.role.as_str(),
    }))
}
